//! `cohort simulate --study`: a study of any form runs on the extracts that are written for it.

use cohort::loader::{Loaded, Quiet, load};
use cohort::simulate::{DirtLevel, Rehearsal, RehearsalError, RehearsalOptions, rehearse};
use cohort::study::{self, Study};
use cohort::table::ColumnData;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Deliveries in every format, keys in four spellings, names that change within families, spells, yearly tables, windows,
/// competing exits.
pub const FORMATS: &str = r#"
[study]
name = "formats"
data_folder = "somewhere/else"

[[linkage]]
file = "link/ssb.csv"
delimiter = "\t"
encoding = "utf-16"
quote = "none"
header = ["lnr", "prosjekt"]
keys = { ssb = "lnr", project = { column = "prosjekt", strip_prefix = "P-", width = 8 } }
min_matched = 1

[[linkage]]
file = "link/npr.sav"
keys = { project = { column = "PROSJEKT", clean = ["trim"] }, npr = "NPR_LNR", kuhr = { column = "k2", strip_prefix = "k2_", width = 7 } }
min_matched = 0.99

[extract.people]
file = "people.parquet"
key = { column = "lnr", spelling = "ssb" }
one_per_person = true
where = "status = '1'"
[extract.people.columns]
born = { column = ["foedt", "fodt"], type = "date", format = "native" }
died = { column = "dod", type = "date", format = "native" }
sex = { type = "code", levels = ["1", "2"] }
fylke = { column = "fylke", type = "code", width = 2, clean = ["trim"] }
status = { type = "code", levels = ["1", "3", "5"] }

[extract.residence]
file = ["bosatt_a.csv.gz", "bosatt_b.csv.gz"]
delimiter = ";"
encoding = "utf-16"
key = { column = "lnr", spelling = "ssb" }
[extract.residence.columns]
from = { column = "fra", type = "date", format = "DD.MM.YY", years_from = 1930 }
to = { column = "til", type = "date", format = "DD.MM.YY", years_from = 1930, missing = ["00.00.00"] }
kommune = { type = "code", width = 4, levels = ["0301", "1103", "4601"] }

[extract.gp]
file = "kuhr/????_KUHR.dsv"
delimiter = "|"
encoding = "latin-1"
header = ["k2", "when", "codes", "system", "unused"]
key = { column = "k2", spelling = "kuhr", strip_prefix = "k2_", width = 7 }
coverage_from = 2006-01-01
[extract.gp.columns]
date = { column = "when", type = "date", format = "YYYY-MM-DD hh:mm:ss" }
codes = { type = "codes", split = ",", clean = ["trim", "upper", "drop_dot"], system_column = "system" }
system = { type = "code", levels = ["ICPC-2", "ICD-10"] }

[extract.hospital]
file = "npr_*.dta"
key = { column = ["lopenr", "LNR_npr"], spelling = "npr" }
duplicates = "collapse_identical"
[extract.hospital.columns]
in = { column = "innDato", type = "date", format = "native" }
out = { column = "utDato", type = "date", format = "native" }
level = { column = ["omsorgsniva", "omsorgsniva3"], type = "code", levels = ["1", "2", "3"] }
main = { column = "tilst1", type = "code", clean = ["trim", "upper", "drop_dot", "cut 3"] }
days = { type = "whole", at_least = 0 }

[extract.tests]
file = "lab.sav"
key = { column = "LNR", spelling = "npr" }
[extract.tests.columns]
month = { column = "maaned", type = "date", format = "native_month", place_in_month = "first" }
value = { column = "hba1c", type = "number", at_least = 20, at_most = 150 }
kind = { column = "provetype", type = "code", levels = ["A1C", "LDL"] }

[extract.school]
file = "utd.dta"
key = { column = "w19_lnr", spelling = "ssb" }
one_per_person = true
[extract.school.columns]
level = { column = ["BU{yy}", "NUS{yy}"], type = "code", width = 6, years = [2006, 2014] }

[extract.income]
file = "inntekt_*.csv"
delimiter = ","
encoding = "utf-8"
decimal = ","
key = { column = "lnr", spelling = "ssb" }
[extract.income.columns]
year = { column = "aar", type = "year" }
income = { type = "number" }

[codelist.depression]
include = ["P03", "P76"]
system = "ICPC-2"

[codelist.mental]
include = ["F10-F69"]
except = ["F17"]

[codelist.regions]
groups = { east = ["01-06"], west = ["11*", "12"], north = ["18", "19"] }
match = "exact"

[cohort]
population = "people"

[cohort.index]
extract = "gp"
date = "date"
codes = { column = "codes", codelist = "depression" }
pick = { nth = 2 }
from = 2009-01-01
to = 2011-12-31
age = { birth = "people.born", from = 20, to = 59 }
washout = "12 months"

[[cohort.step]]
label = "resident for two years"
include = { spells = "residence", from = "from", to = "to", within = ["-24 months", "0 days"], at_least = "700 days" }
[[cohort.step]]
label = "no inpatient stay before"
include = { none = "hospital", date = "in", where = "level IN ('1', '2') AND days > 0", within = ["-24 months", "-1 day"] }
[[cohort.step]]
label = "contacts in the year before"
include = { count = "gp", at_least = 2, at_most = 40, date = "date", within = ["-12 months", "0 days"] }
[[cohort.step]]
label = "not from everywhere"
include = "fylke <> '18' AND born > DATE '1940-01-01'"

[follow_up]
scale = "age"
origin = "people.born"
maximum = "3 years"
event_at_entry = "error"
[follow_up.event]
label = "specialist care"
extract = "hospital"
date = "in"
where = "level = '3' AND out >= \"in\""
codes = { column = "main", codelist = "mental" }
[[follow_up.exit]]
label = "death"
date = "people.died"
[[follow_up.exit]]
label = "emigration"
spells = "residence"
from = "from"
to = "to"
gap = "30 days"
[[follow_up.exit]]
label = "inpatient stay"
extract = "hospital"
date = "in"
where = "level = '1'"
[[follow_up.exit]]
label = "end"
date = 2013-12-31

[covariate.sex]
from = "people.sex"
levels = ["1", "2"]
if_missing = "error"
[covariate.region]
from = "people.fylke"
codelist = "regions"
levels = ["east", "west", "north"]
if_missing = "error"
[covariate.age]
years_since = "people.born"
at = "current"
cut = [20, 30, 40, 50, 60, 63]
if_missing = "error"
[covariate.kommune]
spells = "residence"
from = "from"
to = "to"
value = "kommune"
at = "current"
levels = ["0301", "1103", "4601"]
if_missing = "exclude"
[covariate.hba1c]
latest = "tests"
date = "month"
value = "value"
where = "kind = 'A1C'"
look_back = "1 year"
at = "index"
cut = [20, 42, 53, 151]
if_missing = "error"
[covariate.school]
wide = "school.level"
at = "year before index"
prefix = 1
group = { low = ["0", "1", "2"], middle = ["3", "4", "5"], high = ["6", "7", "8"] }
if_missing = "error"
[covariate.income]
yearly = "income"
year = "year"
value = "income"
at = "year before current year"
cut = [0, 100, 300]
open_end = true
if_missing = { level = "0-99" }
[covariate.visits]
count = "hospital"
date = "in"
within = ["-6 months", "-1 day"]
at = "current"
cut = [0, 1, 3]
open_end = true
truncate_lookback = true
if_missing = "error"

[[model]]
name = "all"
formula = "sex + region + age + kommune + hba1c + school + income + visits"
competing = ["death", "inpatient stay"]
"#;

/// Comparison persons, an index that is a date, dates by month, no end but the persons' own.
const MATCHED: &str = r#"
[study]
name = "matched"

[extract.persons]
file = "persons.csv"
delimiter = ";"
encoding = "utf-8"
key = "id"
one_per_person = true
[extract.persons.columns]
birth = { type = "date", format = "YYYYMM", place_in_month = "middle" }
sex = { type = "code", levels = ["K", "M"] }
death = { type = "date", format = "YYYY-MM-DD" }

[extract.cancer]
file = "cancer.csv"
delimiter = ";"
encoding = "utf-8"
key = "id"
[extract.cancer.columns]
date = { type = "date", format = "YYYY-MM", place_in_month = "first" }
site = { type = "code", clean = ["drop_dot"], width = 4 }

[extract.residence]
file = "residence.csv"
delimiter = ";"
encoding = "utf-8"
key = "id"
[extract.residence.columns]
from = { type = "date", format = "YYYY-MM-DD" }
to = { type = "date", format = "YYYY-MM-DD" }

[extract.drugs]
file = "drugs.csv"
delimiter = ";"
encoding = "utf-8"
key = "id"
[extract.drugs.columns]
date = { type = "date", format = "D.M.YYYY" }
atc = { type = "code", width = 7 }
ddd = { type = "number" }

[codelist.colorectal]
include = ["C18-C20"]

[codelist.antidepressants]
include = ["N06A"]

[cohort]
population = "persons"
[cohort.index]
extract = "cancer"
date = "date"
codes = { column = "site", codelist = "colorectal" }
pick = "first"
from = 2008-01-01
to = 2012-12-31
washout = "3 years"

[cohort.matching]
by = ["sex"]
ratio = 2
replacement = "without"
when_exposed = "exit"
seed = 4

[[cohort.step]]
label = "resident"
include = { spells = "residence", from = "from", to = "to", at = "index" }

[follow_up]
scale = "since_index"
event_at_entry = "next_day"
same_month = "event_after_entry"
[follow_up.event]
label = "antidepressant"
extract = "drugs"
date = "date"
codes = { column = "atc", codelist = "antidepressants" }
[[follow_up.exit]]
label = "death"
date = "persons.death"
[[follow_up.exit]]
label = "emigration"
spells = "residence"
from = "from"
to = "to"
[[follow_up.exit]]
label = "end"
date = 2014-12-31

[covariate.group]
matching = "group"
levels = ["comparison", "exposed"]
if_missing = "error"
[covariate.set]
matching = "set"
if_missing = "error"
[covariate.birth_year]
year_of = "persons.birth"
if_missing = "error"
[covariate.ddd]
sum = "drugs"
date = "date"
value = "ddd"
within = ["-1 year", "-1 day"]
at = "index"
if_missing = { value = 0 }

[[model]]
name = "group"
formula = "group + strata(set)"
"#;

/// Days since a reference of each person, an index that is a column, nothing that says how long.
const RELATIVE: &str = r#"
[study]
name = "relative"
relative_time = true

[extract.persons]
file = "persons.csv"
delimiter = ","
encoding = "utf-8"
key = "id"
one_per_person = true
[extract.persons.columns]
start = { type = "date", format = "relative_days" }
death = { type = "date", format = "relative_days" }
last = { type = "date", format = "relative_days" }
arm = { type = "code", levels = ["a", "b", "c"] }

[extract.scores]
file = "scores.csv"
delimiter = ","
encoding = "utf-8"
key = "id"
[extract.scores.columns]
day = { type = "date", format = "relative_days" }
score = { type = "whole", at_least = 0, at_most = 27 }

[cohort]
population = "persons"
[cohort.index]
date = "persons.start"

[follow_up]
scale = "since_index"
event_at_entry = "error"
[follow_up.event]
label = "death"
date = "persons.death"
[[follow_up.exit]]
label = "last contact"
date = "persons.last"

[covariate.arm]
from = "persons.arm"
levels = ["a", "b", "c"]
if_missing = "error"
[covariate.score]
latest = "scores"
date = "day"
value = "score"
at = "current"
cut = [0, 5, 10, 28]
if_missing = "error"

[[model]]
name = "arm"
formula = "arm + score"
"#;

/// Three formats, chains of linkage files with several keys of one deliverer, spells, yearly wide tables, late entry.
pub const NORWEGIAN: &str = include_str!("rehearsal_studies/norwegian.toml");
/// Comparison persons, registers in four formats, labels of a file, history before the index date.
pub const DANISH: &str = include_str!("rehearsal_studies/danish.toml");

fn planned(text: &str, folder: &Path) -> Study {
    study::check_planned(text, &folder.join("study.toml"), Some(folder)).unwrap_or_else(|e| panic!("{e}"))
}

fn write(text: &str, folder: &Path, persons: u64, seed: u64) -> Rehearsal {
    write_dirty(text, folder, persons, seed, DirtLevel::None)
}

fn write_dirty(text: &str, folder: &Path, persons: u64, seed: u64, dirt: DirtLevel) -> Rehearsal {
    let options = RehearsalOptions { persons, seed, folder: folder.to_owned(), dirt, kinds: Vec::new() };
    rehearse(&planned(text, folder), &options, &mut Quiet).unwrap_or_else(|e| panic!("{e}"))
}

/// The study on the extracts in `folder`, headers checked.
fn loaded(text: &str, folder: &Path) -> Loaded {
    let study = study::check(text, &folder.join("study.toml"), Some(folder)).unwrap_or_else(|e| panic!("{e}"));
    study::check_files(&study).unwrap_or_else(|e| panic!("{e}"));
    load(&study, &mut Quiet).unwrap_or_else(|e| panic!("{e}"))
}

fn events(loaded: &Loaded) -> usize {
    match &loaded.table.column("event").unwrap().data {
        ColumnData::Logical(v) => v.iter().filter(|e| **e == Some(true)).count(),
        other => panic!("{other:?}"),
    }
}

/// A study runs on what is written for it: most persons are in the cohort, there are events and every exit, and of every
/// covariate all levels occur.
fn runs(text: &str, persons: u64, share: f64) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    write(text, folder.path(), persons, 11);
    let loaded = loaded(text, folder.path());
    let left = loaded.attrition.last().unwrap().persons;
    assert!(left as f64 > share * persons as f64, "{left} of {persons}: {:#?}", loaded.attrition);
    assert!(events(&loaded) > persons as usize / 40, "{} events", events(&loaded));
    for exit in loaded.exits.iter().filter(|e| e.reason != "own index event of a comparison person") {
        assert!(exit.persons > 0, "{:?}", loaded.exits);
    }
    for column in loaded.table.columns() {
        if let ColumnData::Factor(f) = &column.data {
            let n = |level: usize| (0..f.codes.len()).filter(|&row| f.codes.get(row) == Some(level as u32)).count();
            for (at, level) in f.levels.iter().enumerate() {
                assert!(n(at) > 0, "{}: nobody is {level}", column.name);
            }
        }
    }
    loaded
}

#[test]
fn every_format_key_and_rule_of_a_study_can_be_rehearsed() {
    let loaded = runs(FORMATS, 1500, 0.4);
    let excluding = loaded.attrition.iter().filter(|step| step.excluded > 0).count();
    assert!(excluding >= 5, "{:#?}", loaded.attrition);
    assert!(loaded.links.iter().all(|l| l.keys == l.keys_matched && l.rows_without_key == 0), "{:#?}", loaded.links);
    assert!(loaded.inputs.len() > 20, "{}", loaded.inputs.len());
}

/// The study written for files of SAS gives the same person-time as the one for Stata, SPSS and Parquet.
#[test]
fn files_of_sas_hold_what_those_of_other_programs_hold() {
    let sas = [".dta\"", ".sav\"", ".parquet\""].iter().fold(FORMATS.to_string(), |t, e| t.replace(e, ".sas7bdat\""));
    assert_eq!(sas.matches(".sas7bdat\"").count(), 5);
    let [of_sas, of_others] = [sas.as_str(), FORMATS].map(|text| {
        let folder = tempfile::tempdir().unwrap();
        write(text, folder.path(), 600, 11);
        loaded(text, folder.path())
    });
    assert!(events(&of_sas) > 10);
    assert_eq!(of_sas.table, of_others.table);
    assert_eq!(of_sas.attrition, of_others.attrition);
}

#[test]
fn a_matched_cohort_can_be_rehearsed() {
    let loaded = runs(MATCHED, 2000, 0.3);
    assert!(loaded.attrition.iter().any(|s| s.added.is_some_and(|n| n > 500)), "{:#?}", loaded.attrition);
}

/// Persons with two keys of one deliverer are one person; rows for other reasons than those of the code lists are counted.
#[test]
fn a_norwegian_study_can_be_rehearsed() {
    let loaded = runs(NORWEGIAN, 1500, 0.6);
    assert!(loaded.links.iter().all(|l| l.keys == l.keys_matched), "{:#?}", loaded.links);
    let folder = tempfile::tempdir().unwrap();
    let written = write(NORWEGIAN, folder.path(), 1500, 11);
    let rows = |name: &str| written.files.iter().find(|f| f.path == name).unwrap().rows;
    assert_eq!((rows("kobling/prosjekt.csv"), rows("kobling/npr.sav")), (1500, 1575));
}

/// Labels of codes stand in the file that has them.
#[test]
fn a_danish_study_can_be_rehearsed() {
    let loaded = runs(DANISH, 1500, 0.3);
    let ColumnData::Factor(registered) = &loaded.table.column("registered").unwrap().data else { panic!("levels") };
    assert_eq!(registered.labels, ["kode 1", "kode 2", "kode 5"]);
}

#[test]
fn relative_time_can_be_rehearsed() {
    runs(RELATIVE, 600, 0.9);
}

#[test]
fn covariates_of_every_kind_can_be_rehearsed() {
    runs(&crate::person_time_oracle::study_text(false), 1200, 0.5);
    runs(&crate::person_time_oracle::study_text(true), 1200, 0.4);
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => _ = files.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap()),
            }
        }
    }
    files
}

#[test]
fn same_seed_same_bytes_for_any_number_of_threads() {
    let place = tempfile::tempdir().unwrap();
    let with = |threads: usize, seed: u64| {
        let out = place.path().join(format!("{threads}-{seed}"));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| write(FORMATS, &out, 2500, seed));
        contents(&out)
    };
    let one = with(1, 5);
    assert!(with(3, 5) == one);
    assert!(with(2, 6)[Path::new("people.parquet")] != one[Path::new("people.parquet")]);
}

/// A dirty delivery too: with any number of threads, twice, and wherever it is written to.
#[test]
fn same_seed_same_dirt_for_any_number_of_threads() {
    let place = tempfile::tempdir().unwrap();
    let with = |out: &str, threads: usize, seed: u64| {
        let out = place.path().join(out);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let rehearsal = pool.install(|| write_dirty(FORMATS, &out, 1200, seed, DirtLevel::Worst));
        assert!(rehearsal.planted.len() > 60, "{}", rehearsal.planted.len());
        contents(&out)
    };
    let one = with("a/deep/folder", 1, 5);
    assert!(with("b", 3, 5) == one);
    assert!(with("b", 3, 5) == one);
    assert!(with("c", 2, 6)[Path::new("planted.json")] != one[Path::new("planted.json")]);
}

pub fn cohort(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cohort"));
    command.args(arguments).current_dir(folder).output().expect("cohort starts")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The studies of `examples/` run unchanged, from extracts to tables.
#[test]
fn the_examples_run_on_what_is_written_for_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["phc-opmh", "diabetes-register", "current-status", "asthma-primary-care"] {
        let folder = tempfile::tempdir().unwrap();
        let study = format!("{}/examples/{name}/study.toml", root.display());
        let simulated = cohort(
            &["simulate", "--study", &study, "--persons", "1500", "--seed", "3", "--out", "data"],
            folder.path(),
        );
        assert!(simulated.status.success(), "{}", stderr(&simulated));
        assert!(stderr(&simulated).contains(" persons in the cohort, "), "{}", stderr(&simulated));
        assert!(cohort(&["check", &study, "--data", "data"], folder.path()).status.success());
        let fit = cohort(&["fit", &study, "--data", "data", "--out", "results", "--quiet"], folder.path());
        assert!(fit.status.success(), "{name}: {}", stderr(&fit));
        let results = fs::read_to_string(folder.path().join("results/internal/results.json")).unwrap();
        let results: serde_json::Value = serde_json::from_str(&results).unwrap();
        assert!(results["models"].as_array().unwrap().iter().all(|m| m["n_events"].as_u64() > Some(100)));
    }
}

/// The model study declared as files of a form: typed columns have dates of the file's own, and no delimiter or encoding.
fn model_study_in(ending: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let text = fs::read_to_string(format!("{root}/examples/phc-opmh/study.toml")).unwrap();
    let declared = |line: &str| {
        let line = line.replace("../../data-fixtures", &format!("{root}/data-fixtures"));
        if line.contains("data-fixtures") || ending == "csv" {
            return line;
        }
        if line.starts_with("delimiter = ") || line.starts_with("encoding = ") {
            return String::new();
        }
        let native = ["YYYY-MM-DD", "YYYYMMDD", "DD.MM.YYYY"]
            .iter()
            .fold(line, |line, form| line.replace(&format!("format = \"{form}\""), "format = \"native\""));
        if !native.starts_with("file = ") {
            return native;
        }
        [".csv\"", ".dsv\""].iter().fold(native, |line, old| line.replace(old, &format!(".{ending}\"")))
    };
    text.lines().map(declared).collect::<Vec<_>>().join("\n")
}

/// The same simulated persons of the model study as text in Latin-1 with semicolons and decimal commas, and in the forms of
/// Parquet, Stata, SPSS and SAS: the same bytes of person-time.
#[test]
fn the_model_study_is_the_same_from_five_forms_of_its_extracts() {
    let person_time = |ending: &str| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("study.toml"), model_study_in(ending)).unwrap();
        let arguments = ["simulate", "--study", "study.toml", "--persons", "1000", "--seed", "3", "--out", "data"];
        let simulated = cohort(&arguments, folder.path());
        assert!(simulated.status.success(), "{ending}: {}", stderr(&simulated));
        let of_form = |name: &std::ffi::OsStr| name.to_string_lossy().ends_with(ending);
        let claims = fs::read_dir(folder.path().join("data/population")).unwrap();
        assert!(claims.into_iter().all(|entry| of_form(&entry.unwrap().file_name())), "{ending}");
        let built = cohort(&["build", "study.toml", "--data", "data", "--out", "person_time.csv"], folder.path());
        assert!(built.status.success(), "{ending}: {}", stderr(&built));
        fs::read(folder.path().join("person_time.csv")).unwrap()
    };
    let expected = person_time("csv");
    assert!(expected.iter().filter(|&&byte| byte == b'\n').count() > 600);
    for ending in ["parquet", "dta", "sav", "sas7bdat"] {
        assert!(person_time(ending) == expected, "{ending}");
    }
}

/// Without `--out` the extracts go where the study's paths point, and nothing else is ever touched.
#[test]
fn only_files_that_were_simulated_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("study.toml"), RELATIVE).unwrap();
    let simulate =
        |seed: &str| cohort(&["simulate", "--study", "study.toml", "--persons", "300", "--seed", seed], folder.path());
    assert!(simulate("1").status.success());
    let first = contents(folder.path());
    assert_eq!(first.len(), 6);
    assert!(simulate("2").status.success());
    assert!(simulate("1").status.success());
    assert!(contents(folder.path()) == first);

    // Somebody's own rows in the place of simulated ones.
    fs::write(folder.path().join("scores.csv"), "id,day,score\n1,5,3\n").unwrap();
    let refused = simulate("2");
    assert_eq!(refused.status.code(), Some(14), "{}", stderr(&refused));
    assert!(
        stderr(&refused).contains("scores.csv: exists and was not written by `cohort simulate`"),
        "{}",
        stderr(&refused)
    );
    let mut now = contents(folder.path());
    now.remove(Path::new("scores.csv"));
    assert!(now.iter().all(|(name, bytes)| first[name] == *bytes));
}

#[test]
fn what_cannot_be_rehearsed_says_why_and_leaves_nothing() {
    let fault = |text: &str, persons: u64| {
        let folder = tempfile::tempdir().unwrap();
        let options = RehearsalOptions {
            persons,
            seed: 1,
            folder: folder.path().join("out"),
            dirt: DirtLevel::None,
            kinds: Vec::new(),
        };
        let error = rehearse(&planned(text, folder.path()), &options, &mut Quiet).unwrap_err();
        assert!(!folder.path().join("out").exists());
        error
    };
    let outside = RELATIVE.replace("\"scores.csv\"", "\"../scores.csv\"");
    assert!(matches!(fault(&outside, 10), RehearsalError::Outside(_)));
    let narrow = RELATIVE.replace("key = \"id\"", "key = { column = \"id\", width = 3 }");
    assert!(matches!(fault(&narrow, 500), RehearsalError::Persons(498)));
    let never = MATCHED.replace(
        "date = \"date\"\ncodes = { column = \"atc\"",
        "date = \"date\"\nwhere = \"ddd > 5 AND ddd < 4\"\ncodes = { column = \"atc\"",
    );
    assert!(fault(&never, 10).to_string().starts_with("extract drugs: no row that was tried meets"));
}
