//! Whole deliveries: the example studies, dirty files, and what every message says. Also the small delivery that
//! the tests of linkage and follow-up write.

use cohort::loader::{Loaded, Quiet, load, write_parquet};
use cohort::study;
use cohort::table::{ColumnData, Table};
use std::path::Path;

/// A small delivery in a temporary folder: a population, contacts that give the index date, visits that are the
/// event, and residence spells. Tests add rows, or replace a line of the study.
pub struct Delivery {
    folder: tempfile::TempDir,
    pub study: String,
}

const STUDY: &str = r#"
[study]
name = "small"
title = "A small study"

[extract.persons]
file = "persons.csv"
delimiter = ";"
encoding = "utf-8"
key = "id"
one_per_person = true
[extract.persons.columns]
birth = { column = "birth", type = "date", format = "YYYY-MM-DD" }
death = { column = "death", type = "date", format = "YYYY-MM-DD" }
sex = { column = "sex", type = "code", levels = ["1", "2"] }
school = { column = "school", type = "code", width = 6 }

[extract.contacts]
file = "contacts.csv"
delimiter = ";"
encoding = "utf-8"
key = "id"
coverage_from = 2000-01-01
[extract.contacts.columns]
date = { column = "date", type = "date", format = "DD.MM.YYYY" }
codes = { column = "codes", type = "codes", split = ",", clean = ["trim", "upper"] }
system = { column = "system", type = "code", levels = ["ICPC-2", "ICD-10"] }

[extract.visits]
file = "visits.csv"
delimiter = ";"
encoding = "utf-8"
key = "id"
[extract.visits.columns]
date = { column = "date", type = "date", format = "YYYYMMDD" }
ward = { column = "ward", type = "code" }

[extract.residence]
file = "residence.csv"
delimiter = ";"
encoding = "utf-8"
key = "id"
[extract.residence.columns]
from = { column = "from", type = "date", format = "YYYY-MM-DD" }
to = { column = "to", type = "date", format = "YYYY-MM-DD" }

[codelist.depression]
include = ["P76", "P03"]

[cohort]
population = "persons"
[cohort.index]
extract = "contacts"
date = "date"
where = "system = 'ICPC-2'"
codes = { column = "codes", codelist = "depression" }
pick = "first"
from = 2010-01-01
to = 2012-12-31
[[cohort.step]]
label = "resident on the index date"
include = { spells = "residence", from = "from", to = "to", at = "index" }

[follow_up]
scale = "since_index"
maximum = "365 days"
event_at_entry = "exclude"
[follow_up.event]
label = "visit"
extract = "visits"
date = "date"
[[follow_up.exit]]
label = "death"
date = "persons.death"
[[follow_up.exit]]
label = "emigration"
spells = "residence"
from = "from"
to = "to"
[[follow_up.exit]]
label = "end of data"
date = 2013-06-30

[covariate.sex]
label = "Sex"
from = "persons.sex"
levels = [{ value = "1", label = "Men" }, { value = "2", label = "Women" }]
if_missing = "error"

[[model]]
name = "sex"
formula = "sex"

[disclosure]
profile = "none"
"#;

const PERSONS: &str = "\
id;birth;death;sex;school
a1;1970-01-15;;1;310000
a2;1980-02-20;2011-01-31;2;099010
a3;1990-03-25;;2;610000
";
const CONTACTS: &str = "\
id;date;codes;system
a1;05.03.2010;P76;ICPC-2
a1;01.02.2010;A01, p03;ICPC-2
a2;10.10.2010;P76;ICPC-2
a2;01.01.2010;P76;ICD-10
a3;01.06.2012;P03,P76;ICPC-2
";
const VISITS: &str = "\
id;date;ward
a1;20090101;x
a1;20100601;x
a1;20100701;y
";
const RESIDENCE: &str = "\
id;from;to
a1;1970-01-15;
a2;1980-02-20;
a3;1990-03-25;2012-12-31
";

impl Default for Delivery {
    fn default() -> Delivery {
        let delivery = Delivery { folder: tempfile::tempdir().unwrap(), study: STUDY.to_string() };
        let files = [
            ("persons.csv", PERSONS),
            ("contacts.csv", CONTACTS),
            ("visits.csv", VISITS),
            ("residence.csv", RESIDENCE),
        ];
        files.iter().for_each(|(name, text)| delivery.write(name, text));
        delivery
    }
}

impl Delivery {
    /// The folder of the delivery.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of the delivery.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.folder.path().join(name), content).unwrap();
    }

    /// Where the delivery lies.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Adds lines to a file.
    pub fn add(&self, name: &str, lines: &str) {
        let old = std::fs::read_to_string(self.folder.path().join(name)).unwrap();
        self.write(name, old + lines);
    }

    /// Turns the order of a file's rows round.
    pub fn reverse(&self, name: &str) {
        let text = std::fs::read_to_string(self.folder.path().join(name)).unwrap();
        let (header, rows) = text.split_once('\n').unwrap();
        let turned: Vec<&str> = rows.lines().rev().collect();
        self.write(name, format!("{header}\n{}\n", turned.join("\n")));
    }

    /// Replaces a part of the study that stands there once or more.
    pub fn replace(&mut self, old: &str, new: &str) -> &mut Delivery {
        assert!(self.study.contains(old), "the study holds {old}");
        self.study = self.study.replace(old, new);
        self
    }

    /// The checked study.
    pub fn check(&self) -> Result<study::Study, String> {
        study::check(&self.study, &self.folder.path().join("study.toml"), None).map_err(|faults| faults.to_string())
    }

    pub fn load(&self) -> Result<Loaded, String> {
        let study = self.check().unwrap_or_else(|faults| panic!("{faults}"));
        load(&study, &mut Quiet).map_err(|error| error.to_string())
    }

    /// The records as (person, entry, exit, event).
    pub fn records(&self) -> Vec<(i32, i32, i32, bool)> {
        records(&self.load().unwrap_or_else(|error| panic!("{error}")).table)
    }

    /// What loading says is wrong. No key and no cell of the delivery may stand in it.
    pub fn error(&self) -> String {
        let error = self.load().expect_err("the delivery has a fault");
        for cell in ["a1", "a2", "a3", "P76", "099010", "99010", "SECRET"] {
            assert!(!error.contains(cell), "{error} holds a cell");
        }
        error
    }
}

pub fn whole(table: &Table, name: &str) -> Vec<i32> {
    match &table.column(name).unwrap().data {
        ColumnData::Whole(v) => v.clone(),
        _ => panic!("{name} is whole"),
    }
}

/// The records as (person, entry, exit, event).
pub fn records(table: &Table) -> Vec<(i32, i32, i32, bool)> {
    let ColumnData::Logical(event) = &table.column("event").unwrap().data else { panic!("event is true or false") };
    let (person, entry, exit) = (whole(table, "person"), whole(table, "entry"), whole(table, "exit"));
    (0..table.n_rows()).map(|i| (person[i], entry[i], exit[i], event[i].unwrap())).collect()
}

/// The level of a factor for every record.
pub fn levels(table: &Table, name: &str) -> Vec<String> {
    let ColumnData::Factor(f) = &table.column(name).unwrap().data else { panic!("{name} is a factor") };
    (0..f.codes.len()).map(|row| f.levels[f.codes.get(row).unwrap() as usize].clone()).collect()
}

/// Persons that each line of the flow takes out.
pub fn excluded(loaded: &Loaded) -> Vec<(&str, u64)> {
    loaded.attrition.iter().map(|s| (s.label.as_str(), s.excluded)).collect()
}

/// The count of a note.
pub fn noted(loaded: &Loaded, source: &str, message: &str) -> Option<u64> {
    loaded.notes.iter().find(|n| n.source.contains(source) && n.message.contains(message)).and_then(|n| n.count)
}

fn load_example(path: &str) -> Loaded {
    let text = std::fs::read_to_string(path).unwrap();
    let study = study::check(&text, Path::new(path), None).unwrap_or_else(|faults| panic!("{faults}"));
    load(&study, &mut Quiet).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_small_study_by_hand() {
    let delivery = Delivery::default();
    let loaded = delivery.load().unwrap();
    // a1: index 2010-02-01 (the earlier contact, second code), visit 2010-06-01, 120 days. a2: index 2010-10-10
    // (the contact of January is ICD-10), death 2011-01-31, 113 days. a3: index 2012-06-01, emigrates 2012-12-31, 213 days.
    assert_eq!(records(&loaded.table), [(0, 0, 120, true), (1, 0, 113, false), (2, 0, 213, false)]);
    assert_eq!(levels(&loaded.table, "sex"), ["1", "2", "2"]);
    let exits: Vec<(&str, u64)> = loaded.exits.iter().map(|e| (e.reason.as_str(), e.persons)).collect();
    let wanted =
        [("visit", 1), ("death", 1), ("emigration", 1), ("end of data", 0), ("end of follow-up (365 days)", 0)];
    assert_eq!(exits, wanted);
    assert_eq!(noted(&loaded, "contacts.codes", "codes changed by upper"), Some(1));
}

/// The simulator says how many persons it planted for every step (`truth.toml`), and the person-time and events of each group.
#[test]
fn the_model_study_finds_what_the_simulator_planted() {
    let loaded = load_example("examples/phc-opmh/study.toml");
    let truth: toml::Value =
        toml::from_str(&std::fs::read_to_string("data-fixtures/linked/truth.toml").unwrap()).unwrap();
    let run = &truth["run"];
    let planted = |role: &str| run["persons_by_role"][role].as_integer().unwrap() as u64;
    let taken_out: Vec<u64> = loaded.attrition.iter().map(|s| s.excluded).collect();
    let roles = [
        "no_index_contact",
        "outside_age",
        "not_resident",
        "prior_contact",
        "unassigned_country",
        "dead_before_index",
        "contact_on_index_day",
    ];
    let wanted: Vec<u64> = std::iter::once(0).chain(roles.map(planted)).collect();
    assert_eq!(taken_out, wanted, "{:?}", excluded(&loaded));
    assert_eq!(loaded.table.n_rows() as u64, planted("cohort"));

    let records = records(&loaded.table);
    let days: i64 = records.iter().map(|r| i64::from(r.2 - r.1)).sum();
    assert_eq!(days, run["person_days"].as_integer().unwrap());
    let groups = levels(&loaded.table, "migrant_group");
    for (group, counts) in run["groups"].as_table().unwrap() {
        let of_group = || records.iter().zip(&groups).filter(|(_, g)| *g == group);
        assert_eq!(of_group().count() as i64, counts["persons"].as_integer().unwrap(), "{group}");
        assert_eq!(of_group().filter(|(r, _)| r.3).count() as i64, counts["events"].as_integer().unwrap(), "{group}");
    }
    for input in &loaded.inputs {
        let rows = run["rows"][input.file.path.as_str()].as_integer().unwrap();
        assert_eq!(input.file.rows as i64, rows, "{}", input.file.path);
    }
    let ColumnData::Factor(age) = &loaded.table.column("age_group").unwrap().data else { panic!() };
    assert_eq!(age.levels[0], "35-44", "the reference comes first");
}

/// Counts of R's `dmlate`: `rates-dm-sex` has 363 events in 8104.3149 years, of which 190 in men.
#[test]
fn the_diabetes_register_is_followed_by_attained_age() {
    let loaded = load_example("examples/diabetes-register/study.toml");
    let records = records(&loaded.table);
    assert_eq!((records.len(), records.iter().filter(|r| r.3).count()), (1499, 363));
    let men = levels(&loaded.table, "sex").iter().zip(&records).filter(|(sex, r)| *sex == "M" && r.3).count();
    assert_eq!(men, 190);
    let years = records.iter().map(|r| f64::from(r.2 - r.1)).sum::<f64>() / 365.25;
    assert!((years - 8_104.314_852_837_048).abs() < 0.01, "{years}"); // R counts decimal years, we whole days
}

#[test]
fn order_of_rows_and_number_of_threads_do_not_matter() {
    let bytes = |delivery: &Delivery, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let loaded = pool.install(|| delivery.load()).unwrap();
        let path = delivery.folder.path().join("out.parquet");
        write_parquet(&loaded.table, &path).unwrap();
        std::fs::read(path).unwrap()
    };
    let delivery = Delivery::default();
    let first = bytes(&delivery, 1);
    assert_eq!(bytes(&delivery, 7), first);
    for name in ["persons.csv", "contacts.csv", "visits.csv", "residence.csv"] {
        delivery.reverse(name);
    }
    assert_eq!(bytes(&delivery, 2), first);
}

#[test]
fn encodings_marks_and_line_ends_give_the_same_records() {
    let plain = Delivery::default().records();
    let text = PERSONS.replace("school", "skole\u{e5}r").replace('\n', "\r\n");
    let utf16: Vec<u8> = std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let latin1: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let with_mark = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
    for (encoding, bytes) in [("utf-16", utf16), ("latin-1", latin1), ("utf-8", with_mark)] {
        let mut delivery = Delivery::default();
        delivery.replace("column = \"school\"", "column = \"Skole\u{e5}r\"");
        let head = "[extract.persons]\nfile = \"persons.csv\"\ndelimiter = \";\"\nencoding = ";
        delivery.replace(&format!("{head}\"utf-8\""), &format!("{head}\"{encoding}\""));
        delivery.write("persons.csv", bytes);
        assert_eq!(delivery.records(), plain, "{encoding}");
    }
}

/// One register over three years: the key and a column change names and case, dates their form, numbers their quotes, one
/// year is compressed and one has a column more; quoted fields hold delimiters, quotes and line ends.
#[test]
fn a_family_of_files_may_change_from_year_to_year() {
    use std::io::Write;
    let plain = Delivery::default();
    let mut delivery = Delivery::default();
    let old = "file = \"contacts.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nkey = \"id\"";
    let family = "file = [\"contacts_*\", \"late/contacts.txt\"]\nformat = \"delimited\"\ndelimiter = \";\"\nencoding = \"latin-1\"\n\
                  key = [\"lopenr\", \"w19_lopenr\"]";
    delivery.replace(old, family);
    delivery.replace(
        "column = \"date\", type = \"date\", format = \"DD.MM.YYYY\"",
        "column = [\"date\", \"dato\"], type = \"date\", format = [\"DD.MM.YYYY\", \"YYYYMMDD\"]",
    );
    let mut first = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    first
        .write_all(b"lopenr;date;codes;system\na1;05.03.2010;\"P76\";ICPC-2\r\na1;01.02.2010;A01, p03;ICPC-2\n")
        .unwrap();
    delivery.write("contacts_2010.csv.gz", first.finish().unwrap());
    delivery.write(
        "contacts_2011.dsv",
        b"note;W19_LOPENR;Dato;CODES;system\n\"B\xE5t;\nand \"\"more\"\"\";a2;20101010;P76;ICPC-2\n;a2;20100101;P76;ICD-10\n",
    );
    std::fs::create_dir(delivery.folder.path().join("late")).unwrap();
    delivery.write("late/contacts.txt", "lopenr;date;codes;system\na3;01.06.2012;\"P03,P76\";ICPC-2\n");
    // The visits have no header and another quote; residence is separated by tabs, in which a quote is a letter.
    delivery.replace(
        "file = \"visits.csv\"\ndelimiter = \";\"",
        "file = \"visits.sdv\"\ndelimiter = \"|\"\nquote = \"'\"\nheader = [\"id\", \"date\", \"ward\"]",
    );
    delivery.write("visits.sdv", "a1|20090101|x\n'a1'|20100601|'a | b'\na1|20100701|\"\n");
    delivery.replace(
        "file = \"residence.csv\"\ndelimiter = \";\"",
        "file = \"residence.tsv\"\ndelimiter = \"\\t\"\nquote = \"none\"",
    );
    delivery.write(
        "residence.tsv",
        "id\tfrom\tto\tnote\na1\t1970-01-15\t\t\"open\na2\t1980-02-20\t\t\na3\t1990-03-25\t2012-12-31\t5\" wide\n",
    );
    let loaded = delivery.load().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(records(&loaded.table), plain.records());
    let rows: Vec<(&str, u64)> =
        loaded.inputs.iter().filter(|i| i.extract == "contacts").map(|i| (i.file.path.as_str(), i.file.rows)).collect();
    assert_eq!(rows, [("contacts_2010.csv.gz", 2), ("contacts_2011.dsv", 2), ("late/contacts.txt", 1)]);
    // Rows are told as lines of their file, those inside quotes counted.
    delivery.write("contacts_2011.dsv", "note;w19_lopenr;dato;codes;system\n\"a\nb\nc\";a2;2010-10-10;P76;ICPC-2\n");
    let wanted =
        "contacts_2011.dsv, row 2, column dato: expected a date as DD.MM.YYYY or YYYYMMDD (1 value is not); set format";
    assert!(delivery.error().starts_with(wanted), "{}", delivery.error());
    // Both names of a column in one file: which is meant is not guessed.
    delivery.write("contacts_2011.dsv", "w19_lopenr;lopenr;dato;codes;system\na2;a2;20101010;P76;ICPC-2\n");
    assert!(delivery.error().starts_with("contacts_2011.dsv, row 1: 2 columns are called lopenr or w19_lopenr; "));
}

#[test]
fn wrong_encodings_are_errors_with_their_row() {
    let delivery = Delivery::default();
    delivery.write("visits.csv", b"id;date;ward\na1;20100601;x\na1;20100602;\xE5\n");
    assert!(delivery.error().starts_with("visits.csv, row 3: a byte does not fit utf-8; set encoding"));
    delivery.write("visits.csv", b"\xFF\xFEi\0d\0");
    assert!(delivery.error().contains("the file begins with the mark of utf-16; set encoding = \"utf-16\""));
}

#[test]
fn wrong_delimiter_missing_column_and_ragged_rows() {
    let delivery = Delivery::default();
    delivery.write("visits.csv", "id,date,ward\na1,20100601,x\n");
    let error = delivery.error();
    assert!(
        error.starts_with(
            "visits.csv, row 1: read with delimiter \";\", the first row is a single field that holds \",\""
        )
    );
    delivery.write("visits.csv", "id;day;ward\na1;20100601;x\n");
    assert_eq!(
        delivery.error(),
        "visits.csv, row 1: there is no column date; the header has id, day, ward; name the column as it stands there"
    );
    // A first row that is data is not shown.
    delivery.write("visits.csv", "SECRET;20100601;\n");
    assert!(delivery.error().contains("does not look like a header"));
    delivery.write("visits.csv", "id;date;ward\n\na1;20100601;\"x\ny\"\na1;20100601\n");
    assert!(delivery.error().starts_with("visits.csv, row 5: 2 fields where the header has 3"));
    delivery.write("visits.csv", "id;date;ward\na1;20100601;x;\n");
    assert!(delivery.error().starts_with("visits.csv, row 2: 4 fields where the header has 3"));
    // All of them are counted, and what is wrong with cells of the others is told too.
    delivery.write("visits.csv", "id;date;ward\na1;20100601\na1;2010;x\na1;20100601;x;\na1;20100601;x\na1\n");
    let error = delivery.error();
    let lines: Vec<&str> = error.lines().collect();
    assert!(lines[0].starts_with("visits.csv, row 3, column date: expected a date as YYYYMMDD (1 value is not)"));
    let wanted = "visits.csv, row 2: 2 fields where the header has 3, and 2 further rows do not fit it either; the row";
    assert!(lines[1].starts_with(wanted) && lines.len() == 2, "{error}");
    delivery.write("visits.csv", "");
    assert!(delivery.error().starts_with("visits.csv: the file is empty"));
}

#[test]
fn a_file_that_vanishes_after_the_check_is_an_error() {
    let delivery = Delivery::default();
    let study = delivery.check().unwrap();
    std::fs::remove_file(delivery.folder.path().join("visits.csv")).unwrap();
    let error = load(&study, &mut Quiet).unwrap_err();
    assert_eq!(error.to_string(), "visits.csv: there is no such file; check the path and the data folder");
}

#[test]
fn compressed_files_are_read_and_damaged_ones_refused() {
    use std::io::Write;
    let mut delivery = Delivery::default();
    delivery.replace("visits.csv", "visits.csv.gz");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(VISITS.as_bytes()).unwrap();
    let bytes = encoder.finish().unwrap();
    delivery.write("visits.csv.gz", &bytes);
    assert_eq!(delivery.records(), Delivery::default().records());
    delivery.write("visits.csv.gz", &bytes[..bytes.len() - 12]);
    assert!(delivery.error().contains("the compressed file is damaged or cut off"));
}

#[test]
fn dates_that_do_not_parse_are_counted_with_the_first_row() {
    let delivery = Delivery::default();
    delivery.add("contacts.csv", "a1;2010-04-01;P76;ICPC-2\na1;31.02.2010;P76;ICPC-2\na1;01/02/2010;P76;ICPC-2\n");
    let error = delivery.error();
    let lines: Vec<&str> = error.lines().collect();
    assert!(lines[0].starts_with("contacts.csv, row 7, column date: expected a date as DD.MM.YYYY (2 values are not)"));
    assert!(
        lines[1].starts_with("contacts.csv, row 8, column date: 1 value of the right form is no day of the calendar")
    );
}

/// trap-01: a leading zero that was lost is not guessed back.
#[test]
fn a_code_read_as_a_number_is_an_error() {
    let mut delivery = Delivery::default();
    delivery.write("persons.csv", PERSONS.replace("099010", "99010"));
    assert_eq!(
        delivery.error(),
        "persons.csv, row 3, column school: 1 value has 5 digits where the code has 6; \
         read the column as text at the source, or set pad_left = 6"
    );
    delivery.replace("width = 6", "width = 6, pad_left = 6");
    let loaded = delivery.load().unwrap();
    assert_eq!(noted(&loaded, "persons.school", "codes padded with zeros"), Some(1));
}

/// trap-06: only an empty field is missing unless the column says otherwise.
#[test]
fn unknown_levels_are_errors_and_marks_of_missing_are_declared() {
    let mut delivery = Delivery::default();
    delivery.write("persons.csv", PERSONS.replace(";;1;", ";;.;"));
    let error = delivery.error();
    assert!(error.starts_with("persons.csv, row 2, column sex: 1 value is not among the declared levels"), "{error}");
    delivery.replace("levels = [\"1\", \"2\"] }", "levels = [\"1\", \"2\"], missing = [\".\"] }");
    assert!(delivery.error().starts_with("covariate.sex: 1 person in the cohort without a value"));
    let levels = "levels = [{ value = \"1\", label = \"Men\" }, { value = \"2\", label = \"Women\" }]\nif_missing = ";
    delivery.replace(&format!("{levels}\"error\""), &format!("{levels}\"exclude\""));
    let loaded = delivery.load().unwrap();
    assert!(excluded(&loaded).contains(&("Sex is known", 1)));
}

/// trap-03: a row without code system matches no condition on it, and is counted rather than lost.
#[test]
fn rows_for_which_a_condition_is_unknown_are_counted() {
    let delivery = Delivery::default();
    delivery.add("contacts.csv", "a3;01.01.2012;P76;\n");
    let loaded = delivery.load().unwrap();
    assert_eq!(noted(&loaded, "contacts", "rows for which `system = 'ICPC-2'` is unknown (a missing value)"), Some(1));
    assert_eq!(records(&loaded.table), Delivery::default().records());
}

/// Whatever reading leaves out of a cell is counted: empty places among codes, blanks around dates and numbers.
#[test]
fn what_is_left_out_of_a_cell_is_counted() {
    let mut delivery = Delivery::default();
    delivery.add("contacts.csv", "a1;05.04.2010;A01,,P01;ICPC-2\na1;06.04.2010;P01,;ICPC-2\na1; 07.04.2010;,;ICPC-2\n");
    delivery.replace("type = \"code\", width = 6", "type = \"whole\"");
    delivery.write("persons.csv", PERSONS.replace("310000", " 310000 ").replace(";1980", ";  1980"));
    let loaded = delivery.load().unwrap();
    assert_eq!(noted(&loaded, "contacts.codes", "an empty place among several codes, left out"), Some(2));
    assert_eq!(noted(&loaded, "contacts.codes", "codes of which clean-up left nothing"), Some(1));
    let blanks = "values with blanks around them";
    let found = ["contacts.date", "persons.school", "persons.birth"].map(|column| noted(&loaded, column, blanks));
    assert_eq!(found, [Some(1), Some(1), Some(1)]);
    assert_eq!(records(&loaded.table), Delivery::default().records());
}

/// A quote that nobody closes takes rows into a cell: a code that holds a line end is a fault, elsewhere the rows are counted.
#[test]
fn a_quote_that_is_not_closed_loses_no_row_in_silence() {
    let mut delivery = Delivery::default();
    delivery.add("contacts.csv", "a1;01.05.2010;\"A01;ICPC-2\na1;02.05.2010;A01\";ICPC-2\n");
    let error = delivery.error();
    assert!(
        error.starts_with("contacts.csv, row 7, column codes: 1 value goes over several lines; a quote"),
        "{error}"
    );
    delivery.replace("clean = [\"trim\", \"upper\"] }", "clean = [\"trim\", \"upper\"], if_invalid = \"missing\" }");
    let loaded = delivery.load().unwrap();
    assert_eq!(noted(&loaded, "contacts.csv", "rows that go over several lines of the file"), Some(1));
    delivery.add("contacts.csv", "\n\na1;03.05.2010;A01;ICPC-2\n");
    let empty = noted(&delivery.load().unwrap(), "contacts.csv", "empty lines between the rows of the file");
    assert_eq!(empty, Some(2));
    assert_eq!(noted(&loaded, "contacts.codes", "codes over several lines, taken as missing"), Some(1));
}

/// Rows dated before a date that ages count from: a month is before a day only when it ends before it. They count as any other.
#[test]
fn rows_dated_before_birth_are_counted() {
    let mut delivery = Delivery::default();
    let age = "[covariate.age]\nyears_since = \"persons.birth\"\nat = \"index\"\nif_missing = \"error\"\n\n[[model]]";
    delivery.replace("[[model]]", age);
    let before = "rows dated before persons.birth of their person";
    let loaded = delivery.load().unwrap();
    assert!(loaded.notes.iter().all(|note| !note.message.contains("before persons.birth")), "{:?}", loaded.notes);
    delivery.add("visits.csv", "a1;19700114;x\na2;19700101;x\n;19000101;x\n");
    delivery.add("residence.csv", "a1;1970-01-02;1970-01-05\n");
    delivery.write("persons.csv", PERSONS.replace("2011-01-31", "1979-01-31").replace(";;2;61", ";1990-03-25;2;61"));
    delivery.replace("[follow_up]\n", "[follow_up]\non_invalid = { exit_before_entry = \"exclude\" }\n");
    let loaded = delivery.load().unwrap();
    let found = ["visits.date", "residence.from", "residence.to", "persons.death"];
    assert_eq!(found.map(|column| noted(&loaded, column, before)), [Some(2), Some(1), Some(1), Some(1)]);
    let months = "birth = { column = \"birth\", type = \"date\", format = \"YYYYMM\", place_in_month = \"last\" }";
    delivery.replace("birth = { column = \"birth\", type = \"date\", format = \"YYYY-MM-DD\" }", months);
    let persons =
        PERSONS.replace("1970-01-15", "197001").replace("1980-02-20", "198002").replace("1990-03-25", "199003");
    delivery.write("persons.csv", persons);
    assert_eq!(noted(&delivery.load().unwrap(), "visits.date", before), Some(1));
}

/// trap-07: identical rows and contradicting rows.
#[test]
fn duplicates_are_declared_away_or_errors() {
    let mut delivery = Delivery::default();
    delivery.add("persons.csv", "a1;1970-01-15;;1;310000\n");
    let error = delivery.error();
    assert!(error.starts_with("persons.csv, row 5: 1 row equals another in key and every declared column"), "{error}");
    delivery.replace("one_per_person = true", "one_per_person = true\nduplicates = \"collapse_identical\"");
    let loaded = delivery.load().unwrap();
    assert_eq!(noted(&loaded, "persons", "identical rows collapsed"), Some(1));
    assert_eq!(records(&loaded.table), Delivery::default().records());

    delivery.add("persons.csv", "a1;1970-01-15;;2;310001\n");
    let error = delivery.error();
    assert!(
        error.starts_with("persons.csv, row 6: 1 person has 2 rows that differ in sex, school; set on_conflict"),
        "{error}"
    );
    delivery.replace("one_per_person = true", "one_per_person = true\non_conflict = \"exclude_person\"");
    let loaded = delivery.load().unwrap();
    assert!(excluded(&loaded).contains(&("rows of persons do not contradict each other", 1)));
    assert_eq!(records(&loaded.table).len(), 2);
    delivery.replace("\"exclude_person\"", "{ last_by = \"school\" }");
    let loaded = delivery.load().unwrap();
    assert_eq!(levels(&loaded.table, "sex"), ["2", "2", "2"]);
}

/// What is wrong in several extracts is told together, so that a delivery is mended once: cells that no declaration covers, and
/// rows twice; the cells of extracts that were not read because of others too.
#[test]
fn faults_of_all_extracts_are_told_at_once() {
    let delivery = Delivery::default();
    delivery.add("contacts.csv", "a1;31.02.2011;P76;\n");
    delivery.add("persons.csv", "a1;1970-01-15;;1;310000\n");
    let error = delivery.error();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 2, "{error}");
    assert!(lines[0].starts_with("persons.csv, row 5: 1 row equals another in key"), "{error}");
    assert!(lines[1].contains("contacts.csv, row ") && lines[1].contains("no day of the calendar; "), "{error}");
    delivery.add("persons.csv", "a9;1970-01-15;;7;310000\n");
    let error = delivery.error();
    let lines: Vec<&str> = error.lines().collect();
    assert!(lines[0].starts_with("persons.csv, row 6, column sex: 1 value is not among"), "{error}");
    assert!(lines.len() == 2 && lines[1].starts_with("contacts.csv, row "), "{error}");
}

#[test]
fn nobody_eligible_says_where_they_went() {
    let mut delivery = Delivery::default();
    delivery.replace("include = [\"P76\", \"P03\"]", "include = [\"P77\"]");
    assert_eq!(
        delivery.error(),
        "cohort: nobody is left after `index event in contacts from 2010-01-01 to 2012-12-31`; persons left after \
         each step: in the population (persons) (3), index event in contacts from 2010-01-01 to 2012-12-31 (0)"
    );
}

/// A raw value that no rule covers is an error as soon as a step asks for it, and does not leave with the others.
#[test]
fn a_value_that_no_rule_covers_waits_until_it_matters() {
    let mut delivery = Delivery::default();
    let covariate = "[covariate.level]\nlabel = \"School\"\nfrom = \"persons.school\"\nprefix = 1\ngroup = { low = [\"0\"], \
                     high = [\"6\"] }\nif_missing = \"error\"\n\n[[model]]";
    delivery.replace("[[model]]", covariate);
    let error = delivery.error();
    assert!(
        error.starts_with("covariate.level: 1 person in the cohort has a value that no rule covers (1 distinct value)")
    );
    let step = "[[cohort.step]]\nlabel = \"low\"\ninclude = \"level = 'low'\"\n\n[follow_up]";
    delivery.replace("[follow_up]\n", &format!("{step}\n"));
    assert!(delivery.error().starts_with("covariate.level: 1 person at step 2 of the cohort has a value"));
    // The person is taken out before anybody asks.
    delivery.replace(
        "[[cohort.step]]\nlabel = \"low\"",
        "[[cohort.step]]\nlabel = \"women\"\ninclude = \"sex = '2'\"\n\n[[cohort.step]]\nlabel = \"low\"",
    );
    let loaded = delivery.load().unwrap();
    assert_eq!(levels(&loaded.table, "level"), ["low"]);
}

#[test]
fn parquet_extracts_give_the_same_records_as_text() {
    use polars::prelude::*;
    let mut delivery = Delivery::default();
    let text = Series::new("date".into(), ["2009-01-01", "2010-06-01", "2010-07-01"]);
    let dates = text.str().unwrap().as_date(Some("%Y-%m-%d"), false).unwrap().into_series();
    let mut frame = df!("id" => ["a1", "a1", "a1"], "ward" => [Some("x"), Some("x"), None]).unwrap();
    frame.with_column(dates.with_name("date".into()).into_column()).unwrap();
    let file = std::fs::File::create(delivery.folder.path().join("visits.parquet")).unwrap();
    ParquetWriter::new(file).finish(&mut frame).unwrap();
    delivery.replace("file = \"visits.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"", "file = \"visits.parquet\"");
    delivery.replace(
        "column = \"date\", type = \"date\", format = \"YYYYMMDD\"",
        "column = \"date\", type = \"date\", format = \"native\"",
    );
    assert_eq!(delivery.records(), Delivery::default().records());

    // Moments: the day counts, and whose time of day is dropped is counted.
    let noon = frame.column("date").unwrap().cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap();
    let hours = Series::new("hours".into(), [0i64, 12, 23]) * 3_600_000_000i64;
    let moments = (noon.cast(&DataType::Int64).unwrap().as_materialized_series() + &hours).unwrap();
    let moments = moments.cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap();
    frame.with_column(moments.with_name("date".into()).into_column()).unwrap();
    let file = std::fs::File::create(delivery.folder.path().join("visits.parquet")).unwrap();
    ParquetWriter::new(file).finish(&mut frame).unwrap();
    let loaded = delivery.load().unwrap();
    assert_eq!(records(&loaded.table), Delivery::default().records());
    assert_eq!(noted(&loaded, "visits.date", "dates with a time of day, which is dropped"), Some(2));

    // Moments of a time zone are stored as moments of UTC: there midnight of a summer day in Oslo is the day before.
    let zone = TimeZone::opt_try_new(Some("Europe/Oslo")).unwrap();
    let midnight = frame.column("date").unwrap().cast(&DataType::Date).unwrap();
    let utc = midnight.cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap().cast(&DataType::Int64).unwrap();
    let offsets = Series::new("hours".into(), [1i64, 2, 2]) * 3_600_000_000i64;
    let moments = (utc.as_materialized_series() - &offsets).unwrap();
    let moments = moments.i64().unwrap().clone().into_datetime(TimeUnit::Microseconds, zone).into_series();
    frame.with_column(moments.with_name("date".into()).into_column()).unwrap();
    let file = std::fs::File::create(delivery.folder.path().join("visits.parquet")).unwrap();
    ParquetWriter::new(file).finish(&mut frame).unwrap();
    let loaded = delivery.load().unwrap();
    assert_eq!(records(&loaded.table), Delivery::default().records());
    assert_eq!(noted(&loaded, "visits.date", "dates with a time of day"), None);
    delivery.write("visits.parquet", "no parquet");
    assert!(delivery.error().starts_with("visits.parquet: the file is no Parquet file"));
}

/// Dates that cannot be are counted by what is wrong with them, also where the study takes them as missing.
#[test]
fn impossible_dates_are_counted_by_cause() {
    let mut delivery = Delivery::default();
    let birth = "birth = { column = \"birth\", type = \"date\", format = \"YYYY-MM-DD\"";
    delivery.replace(birth, &format!("{birth}, earliest = 1900-01-01, latest = 2012-12-31, if_invalid = \"missing\""));
    delivery.write(
        "persons.csv",
        "id;birth;death;sex;school\na1;1880-01-15;;1;310000\na2;1981-02-29;;2;610000\na3;2075-03-25;;2;610000\n\
         a4;unknown;;2;610000\na5;;;2;610000\na6;1990-01-01;;2;610000\n",
    );
    let loaded = delivery.load().unwrap();
    for (message, n) in [
        ("dates outside the declared earliest and latest, taken as missing", 2),
        ("dates that are no day of the calendar, taken as missing", 1),
        ("dates of another form than declared, taken as missing", 1),
    ] {
        assert_eq!(noted(&loaded, "persons.birth", message), Some(n), "{:?}", loaded.notes);
    }
}
