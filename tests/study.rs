//! Study files: a change to a good one, and what the epidemiologist then reads.
//!
//! The good study is the template of `cohort init`, beside two extracts with headers and a row each.

use cohort::study::{self, TEMPLATE};
use polars::prelude::*;
use std::fs;
use std::path::Path;

const PERSONS: &str = "person_id;birth_month;death_date;sex;birth_country\n41870;198001;;1;000\n";
const CONTACTS: &str = "person_id;contact_date;care_level;diagnoses\n41870;01.02.2010;primary;P76,P03\n";

/// A folder with the two extracts of the template.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("persons.csv"), PERSONS).unwrap();
    fs::write(folder.path().join("contacts.csv"), CONTACTS).unwrap();
    folder
}

/// The faults of a study text as printed, without the folder's name.
fn faults(folder: &Path, text: &str) -> Vec<String> {
    let path = folder.join("study.toml");
    let checked = study::check(text, &path, None).and_then(|study| study::check_files(&study));
    let shown = checked.err().map_or(String::new(), |faults| faults.to_string());
    let here = format!("{}/", folder.display());
    let bare = folder.display().to_string();
    shown.lines().map(|line| line.replace(&here, "").replace(&bare, "DATA")).collect()
}

/// The template with one change; the text to be changed stands in it exactly once.
fn changed(from: &str, to: &str) -> String {
    assert_eq!(TEMPLATE.matches(from).count(), 1, "`{from}` must stand in the template once");
    TEMPLATE.replacen(from, to, 1)
}

/// Rule and remedy of a printed fault.
fn message(line: &str) -> &str {
    line.split_once(": ").map_or(line, |(_, message)| message)
}

/// Each row: what the template says, what is written instead, and the faults it makes (joined by ` | `).
fn check_table(rows: &[(&str, &str, &str)]) {
    let folder = folder();
    let mut wrong = String::new();
    for (from, to, expected) in rows {
        let found = faults(folder.path(), &changed(from, to));
        let messages = found.iter().map(|l| message(l)).collect::<Vec<_>>().join(" | ");
        if messages != *expected {
            wrong.push_str(&format!("{to}\n  expected {expected}\n  found    {messages}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// The faults of the template with a `[disclosure]` section of its own.
fn faults_of_disclosure(keys: &str) -> Vec<String> {
    let folder = folder();
    let text = changed("profile = \"custom\"", "#").replacen("threshold = 5", &format!("{keys} #"), 1);
    faults(folder.path(), &text).iter().map(|l| message(l).to_owned()).collect()
}

/// Rounding to a base or to midpoints hides small counts by itself: all that are shown as the smallest ones are small, whatever
/// threshold stands beside it.
#[test]
fn counts_that_rounding_hides_are_small() {
    let folder = folder();
    let small = |keys: &str| {
        let text = changed("profile = \"custom\"", "#").replacen("threshold = 5", &format!("{keys} #"), 1);
        let study = study::check(&text, &folder.path().join("study.toml"), None).unwrap_or_else(|f| panic!("{f}"));
        let profile = study.disclosure.unwrap().profile;
        (0..20).filter(|n| profile.is_small(*n)).max()
    };
    let custom = "profile = \"custom\"\n";
    assert_eq!(small(&format!("{custom}threshold = 0\nmethod = \"midpoint\"\nround_to = 6")), Some(6));
    assert_eq!(small(&format!("{custom}threshold = 3\nmethod = \"base\"\nround_to = 5")), Some(4));
    assert_eq!(small("profile = \"no-ssb\"\nmethod = \"base\""), Some(2));
    assert_eq!(small("profile = \"uk-opensafely-midpoint6\"\nround_to = 12"), Some(12));
    assert_eq!(small(&format!("{custom}threshold = 10\nmethod = \"midpoint\"\nround_to = 6")), Some(9));
}

#[test]
fn a_profile_may_be_stricter_than_its_site_and_not_laxer() {
    const LAXER: &str = "a study may be stricter than its site, not laxer; or choose \"custom\"";
    let laxer = |rule: &str| format!("{rule}; {LAXER}");
    let faults = faults_of_disclosure;
    for stricter in [
        "profile = \"dk-dst\"\nthreshold = 10\nround_to = 5\nrates = \"hide\"\nhide_zero = true\nmin_events_level = 20",
        "profile = \"uk-opensafely\"\nround_to = 10",
        "profile = \"no-helsedata\"\nmethod = \"base\"",
        "profile = \"fi-fiona\"\nthreshold = 10",
        "profile = \"uk-opensafely-midpoint6\"",
        "profile = \"us-drb\"",
    ] {
        assert_eq!(faults(stricter), [""; 0], "{stricter}");
    }
    let opensafely = "profile = \"uk-opensafely\"\n";
    assert_eq!(
        faults(&format!("{opensafely}round_to = 7")),
        [laxer("`round_to` is no multiple of the 5 of profile \"uk-opensafely\"")]
    );
    assert_eq!(
        faults(&format!("{opensafely}method = \"midpoint\"")),
        [laxer("profile \"uk-opensafely\" rounds by method \"nearest\"")]
    );
    assert_eq!(
        faults(&format!("{opensafely}round_totals = \"own\"")),
        [laxer("`round_totals` is \"from_cells\" in profile \"uk-opensafely\"")]
    );
    assert_eq!(faults("profile = \"uk-llc\"\nhide_zero = false"), [laxer("`hide_zero` is true in profile \"uk-llc\"")]);
    assert_eq!(
        faults("profile = \"none\"\nmarker = \"x\""),
        ["profile \"none\" hides and rounds nothing, so `marker` has no place; choose \"custom\" or a site's profile"]
    );
    assert_eq!(
        faults("profile = \"fi-findata\""),
        [
            "[disclosure] needs `threshold`; Findata reviews results by hand and publishes no threshold; ask the site and \
          write the smallest count that may be shown"
        ]
    );
}

#[test]
fn the_template_has_no_fault() {
    let folder = folder();
    assert_eq!(faults(folder.path(), TEMPLATE), [""; 0]);
}

#[test]
fn the_examples_have_no_fault() {
    for path in ["examples/phc-opmh/study.toml", "examples/diabetes-register/study.toml"] {
        let text = fs::read_to_string(path).unwrap();
        let checked = study::check(&text, Path::new(path), None).and_then(|study| study::check_files(&study));
        assert!(checked.is_ok(), "{}", checked.unwrap_err());
    }
}

#[test]
fn slips_of_the_pen_are_named_with_the_nearest_word() {
    check_table(&[
        (
            "pick = \"first\"",
            "pick = \"first\"\nfrm = 2010-01-01",
            "unknown key `frm` in [cohort.index]; did you mean `from`?",
        ),
        (
            "population = \"persons\"",
            "population = \"person\"",
            "there is no extract `person`; did you mean `persons`?",
        ),
        ("of = \"age\"", "of = \"agee\"", "there is no covariate `agee`; did you mean `age`?"),
        (
            "years_since = \"persons.birth\"",
            "years_since = \"persons.birht\"",
            "extract `persons` declares no column `birht`; did you mean `birth`?",
        ),
        ("codelist = \"origin\"", "codelist = \"orign\"", "there is no code list `orign`; did you mean `origin`?"),
        (
            "formula = \"origin + sex + age_group\"",
            "formula = \"origin + sexx + age_group\"",
            "formula: there is no covariate `sexx`; did you mean `sex`?",
        ),
        (
            "formula = \"origin + sex + age_group\"",
            "formula = \"origin + sex +\"",
            "formula: something is missing after `+`; write what belongs there, or leave the sign out",
        ),
        (
            "ph = \"km\"",
            "residuals = [\"martingale\", \"dfbeat\"]",
            "`residuals` cannot be \"dfbeat\"; choose \"martingale\", \"deviance\", \"score\", \"dfbeta\", \"dfbetas\", \
             \"schoenfeld\" or \"scaledsch\"",
        ),
        (
            "ph = \"km\"",
            "hr_at = { agee = { values = [50] }, sex = {}, age = { values = 50, referense = 60 } }",
            "`hr_at`: there is no covariate `agee`; did you mean `age`? | `hr_at`: `sex` has levels, and a hazard ratio for \
             each; name covariates that are numbers | `values` is a whole number; write a list of numbers | unknown key \
             `referense` in `hr_at.age`; did you mean `reference`?",
        ),
        (
            "ph = \"km\"",
            "functional_form = [\"age_group\"]",
            "`functional_form`: `age_group` has levels; name covariates that are numbers",
        ),
        (
            "ph = \"km\"",
            "ph = \"kaplan\"",
            "`ph` cannot be \"kaplan\"; choose \"km\", \"rank\", \"identity\" or \"log\", or several in a list",
        ),
        ("model = \"adjusted\"", "model = \"ajusted\"", "there is no model `ajusted`; did you mean `adjusted`?"),
        (
            "pick = \"first\"",
            "pick = \"frist\"",
            "`pick` is no choice of a row; choose \"first\", \"last\" or { nth = 2 }",
        ),
        (
            "include = \"age >= 18 AND age < 66\"",
            "include = \"aage >= 18\"",
            "persons have no `aage`; did you mean `age`?",
        ),
        (
            "encoding = \"utf-8\"                      #",
            "encoding = \"utf8\" #",
            "`encoding` cannot be \"utf8\"; choose \"utf-8\", \"latin-1\", \"windows-1252\" or \"utf-16\"",
        ),
    ]);
}

#[test]
fn conditions_are_sql_over_known_names() {
    let include = "include = \"age >= 18 AND age < 66\"";
    let sql = "conditions are SQL expressions: sector IN ('PHV', 'TSB') AND care_level = '3'; \
               names that are words of SQL stand in double quotes";
    check_table(&[
        (include, "include = \"age >= \"", &format!("the SQL cannot be read; {sql}")),
        (
            include,
            "include = \"age + 1\"",
            "the condition is neither true nor false; write a comparison, for example age >= 18",
        ),
        (
            include,
            "include = \"age > MAX(age)\"",
            "a condition looks at one row, not at sums or counts over rows; count rows with a step's `any`, `none` or `count`, or a covariate's",
        ),
        (
            include,
            "include = \"sex = 1\"",
            "the SQL cannot be used: cannot compare string with numeric type (i32); codes are text and stand in \
             single quotes: care_level = '3'; days are written DATE '2015-01-31'; text, numbers and dates cannot be compared with each other",
        ),
        (
            include,
            "include = \"birth > '1980-01-01'\"",
            "the SQL cannot be used: cannot compare 'date/datetime/time' to a string value; codes are text and stand in \
             single quotes: care_level = '3'; days are written DATE '2015-01-31'; text, numbers and dates cannot be compared with each other",
        ),
        (include, "include = \"sex = '3'\"", "`sex` is never '3'; its values: 2, 1"),
        (
            include,
            "include = \"diagnoses = 'P76'\"",
            "persons have no `diagnoses`; declared: index_date, birth, death, sex, country, age, age_group, origin",
        ),
        (
            "where = \"level = 'primary'\"",
            "where = \"diagnoses = 'P76'\"",
            "`diagnoses` cannot stand in a condition; it holds several codes; use codes = { column, codelist }",
        ),
        (
            "where = \"level = 'primary'\"",
            "where = \"level = 'primry'\"",
            "`level` is never 'primry'; did you mean `primary`?",
        ),
    ]);
}

#[test]
fn choices_that_the_program_must_not_make_are_asked_for() {
    check_table(&[
        (
            "delimiter = \";\"\nencoding = \"utf-8\"                      #",
            "encoding = \"utf-8\"                      #",
            "[extract.persons] needs `delimiter`; nothing in a file says it: for example delimiter = \";\"",
        ),
        (
            "format = \"YYYYMM\", place_in_month = \"middle\"",
            "format = \"YYYYMM\"",
            "`YYYYMM` has no day of the month; set place_in_month = \"first\", \"middle\" or \"last\"",
        ),
        (
            "event_at_entry = \"exclude\"",
            "#",
            "[follow_up] needs `event_at_entry`; what an event on the day of entry means: \"exclude\", \"error\", \
             \"next_day\" or \"later_event\"",
        ),
        (
            "\"error\" without this line\nif_missing = \"exclude\"",
            "",
            "[covariate.origin] needs `if_missing`; choose \"exclude\", \"error\", \"imputed\" or { level = \"unknown\" }",
        ),
        (
            "profile = \"custom\"",
            "#",
            "[disclosure] needs `profile`; choose \"none\", \"no-helsedata\", \"no-ssb\", \"dk-dst\", \"dk-au\", \
             \"dk-sds\", \"dk-sdu\", \"uk-opensafely\", \"uk-opensafely-midpoint6\", \"uk-ehrql-measures\", \"uk-llc\", \
             \"acro\", \"us-drb\", \"ohdsi\", \"no-microdata\", \"fi-findata\", \"fi-fiona\" or \"custom\"; \"none\" \
             must be typed",
        ),
        (
            "profile = \"custom\"",
            "profile = \"uk-opensafely\"",
            "`threshold` is below the 8 of profile \"uk-opensafely\"; a study may be stricter than its site, not \
             laxer; or choose \"custom\"",
        ),
        (
            "profile = \"custom\"",
            "profile = \"dk-dst\"\nsecondary = false\nhide_missing = false\nextremes = \"show\" #",
            "`secondary` is true in profile \"dk-dst\"; a study may be stricter than its site, not laxer; or choose \
             \"custom\" | `hide_missing` is true in profile \"dk-dst\"; a study may be stricter than its site, not laxer; or \
             choose \"custom\" | `extremes` is \"threshold\" in profile \"dk-dst\"; a study may be stricter than its site, \
             not laxer; or choose \"custom\"",
        ),
        (
            "threshold = 5",
            "threshold = 8\nmethod = \"midpoint\"",
            "[disclosure] needs `round_to`; the number that `method` rounds to",
        ),
        (
            "threshold = 5",
            "threshold = 8\nmarker = \"0\"",
            "`marker` is empty or reads as a number; write a mark such as \".\" or \"<5\"",
        ),
        ("threshold = 5", "#", "[disclosure] needs `threshold`; the smallest count that is shown"),
        ("pick = \"first\"", "#", "[cohort.index] needs `pick`; choose \"first\", \"last\" or { nth = 2 }"),
        ("    { value = \"other\", label = \"Elsewhere\" },\n", "", "\"other\" is no level; levels: norway, nordic"),
        (
            "levels = [\"1\", \"2\"]",
            "levels = [\"1\", \"2\", \"9\"]",
            "no level covers \"9\"; cover every declared value, or say with `unlisted` what others become",
        ),
        (
            "scale = \"since_index\"",
            "scale = \"age\"",
            "[follow_up] needs `origin`; the date of birth, for example origin = \"persons.birth\"",
        ),
        (
            "date = { column = \"contact_date\", type = \"date\", format = \"DD.MM.YYYY\" }",
            "date = { column = \"contact_date\", type = \"date\", format = \"YYYY-MM\", place_in_month = \"last\" }",
            "`contacts.date` is known by month only: the event may share the month of entry; set same_month = \
             \"event_after_entry\", \"exclude\" or \"error\"",
        ),
        (
            "death = { column = \"death_date\", type = \"date\", format = \"YYYY-MM-DD\" }",
            "death = { column = \"death_date\", type = \"date\", format = \"days_since\" }",
            "days need a day to count from; set reference_date = 1960-01-01, or the day the delivery says",
        ),
    ]);
}

#[test]
fn registers_must_cover_the_time_asked_for() {
    let step = "step \"no specialist contact in the 24 months before\":";
    let remedy = "shorten it, start later, or set truncate_lookback = true";
    check_table(&[
        // Trap 10: look-back before the register begins.
        (
            "within = [\"-24 months\", \"-1 day\"]",
            "within = [\"-3 years\", \"-1 day\"]",
            &format!(
                "{step} 3 years before 2010-01-01 needs contacts from 2007-01-01, which begins 2008-01-01; {remedy}"
            ),
        ),
        // Trap 09: rows without a key in the first years.
        (
            "coverage_from = 2008-01-01 ",
            "key_complete_from = 2009-01-01 ",
            &format!(
                "{step} 24 months before 2010-01-01 needs contacts from 2008-01-01, which has complete keys from \
                 2009-01-01; {remedy}"
            ),
        ),
        (
            "from = 2010-01-01\n",
            "",
            &format!(
                "{step} how far back it looks is not known, contacts begins 2008-01-01; set `from` in \
                 [cohort.index], or truncate_lookback = true"
            ),
        ),
        // Trap 08: follow-up past the completeness of the register.
        (
            "complete_until = 2015-12-31",
            "complete_until = 2014-06-30",
            "follow-up needs contacts until 2014-12-31, which is complete until 2014-06-30; end at 2014-06-30, or \
             set accept_incomplete = true in [extract.contacts]",
        ),
        (
            "to = 2012-12-31",
            "to = 2016-12-31",
            "index needs contacts until 2016-12-31, which is complete until 2015-12-31; end at 2015-12-31, or set \
             accept_incomplete = true in [extract.contacts] | step \"no specialist contact in the 24 months before\" \
             needs contacts until 2016-12-30, which is complete until 2015-12-31; end at 2015-12-31, or set \
             accept_incomplete = true in [extract.contacts]",
        ),
    ]);
}

#[test]
fn declared_ways_out_are_taken() {
    let folder = folder();
    let ways_out = [
        ("within = [\"-24 months\", \"-1 day\"]", "within = [\"-3 years\", \"-1 day\"], truncate_lookback = true"),
        ("complete_until = 2015-12-31", "complete_until = 2014-06-30\naccept_incomplete = true"),
        ("exclude = { any = \"contacts\",", "include = { none = \"contacts\","),
        ("exclude = { any = \"contacts\",", "exclude = { count = \"contacts\", at_least = 2,"),
        ("pick = \"first\"", "pick = { nth = 2 }"),
        ("key = { column = \"person_id\" }          #", "key = [\"person_id\", \"lnr\"] #"),
        ("levels = [{ value = \"2\"", "unlisted = \"missing\"\nlevels = [{ value = \"2\""),
        ("cut = [18, 35, 50, 66]", "cut = [18, 35, 50]\nopen_end = true\nreference = \"50 or more\""),
        ("one_per_person = true", "one_per_person = true\non_conflict = { last_by = \"death\" }"),
        (
            "from = \"persons.country\"\ncodelist = \"origin\"",
            "spells = \"contacts\"\nfrom = \"date\"\nto = \"date\"\nvalue = \"level\"\nat = \"index\"\n\
             group = { norway = [\"primary\"], nordic = [\"specialist\"] }",
        ),
        ("from = \"persons.sex\"", "from = \"persons.sex\"\noverride = { when = \"age < 18\", value = \"1\" }"),
    ];
    for (from, to) in ways_out {
        assert_eq!(faults(folder.path(), &changed(from, to)), [""; 0], "{to}");
    }
}

#[test]
fn parts_that_contradict_each_other_are_faults() {
    check_table(&[
        (
            "cut = [18, 35, 50, 66]",
            "cut = [18, 50, 35, 66]",
            "`cut` does not run upwards; write where each class begins, from the lowest up",
        ),
        (
            "cut = [18, 35, 50, 66]",
            "cut = [18, 35, 50, 66]\nlabels = [\"young\", \"old\"]",
            "`cut` makes 3 classes, and there are 2 labels; give each class a label",
        ),
        (
            "of = \"age\"",
            "of = \"age\"\nfrom = \"persons.sex\"",
            "[covariate.age_group] comes from several places: from, of; write one of from, years_since, \
             days_since, year_of, of, spells, latest, any, count, sum, wide, yearly, index, sql, matching",
        ),
        (
            "from = \"persons.sex\"",
            "from = \"persons.birth\"",
            "a date is no covariate; use `years_since` or `year_of`",
        ),
        (
            "from = \"persons.country\"\ncodelist = \"origin\"",
            "from = \"persons.country\"\ncut = [1, 2]",
            "`cut` needs a number, and this is a code; use `group` or `codelist`",
        ),
        (
            "codelist = \"origin\"",
            "group = { norway = [\"000\"], nordic = [\"000\", \"101-106\"] }",
            "`000` is in the groups `norway` and `nordic`; take it out of one place: a value has one group",
        ),
        (
            "{ value = \"nordic\",",
            "{ value = \"Nordic\",",
            "the rule gives `nordic`, which is no level; did you mean `Nordic`?",
        ),
        (
            "except = [\"P85\"]",
            "except = [\"P30\"]",
            "`P30` is not in the list it is taken out of; correct it, or take it out of `except`",
        ),
        (
            "include = [\"P01-P16\",",
            "include = [\"P1-P16\",",
            "\"P1-P16\" is neither a code nor a range; write a code such as \"P76\", or a range whose ends \
             have one length and run upwards: \"P01-P16\"",
        ),
        (
            "\"drop_dot\"]",
            "\"drop_dot\", \"cut 2\"]",
            "`P01-P16`, `P18-P29`, `P71-P99` can never match: column `diagnoses` has 2 characters; shorten the codes \
             of the list, or cut the column later",
        ),
        (
            "modifiers = [\"sex\"]",
            "modifiers = [\"age\"]",
            "`age` is no term of model `adjusted`; an interaction needs its main effects; add it to the formula | \
             modifier `age` is a number: it has no levels; use its classes (`of` and `cut`)",
        ),
        (
            "event_at_entry = \"exclude\"",
            "same_month = \"exclude\"\nevent_at_entry = \"exclude\"",
            "`same_month` has no use here: the days of index and event are known; take it out",
        ),
        (
            "one_per_person = true",
            "one_per_person = false",
            "the population `persons` may have several rows per person; set one_per_person = true in [extract.persons]",
        ),
        (
            "key = { column = \"person_id\" }          #",
            "key = { column = \"person_id\", spelling = \"ssb\" } #",
            "there is no [linkage] to look the spelling up in; declare [linkage], or take `spelling` out when all \
             extracts spell the key alike",
        ),
        (
            "of = \"age\"\n",
            "sql = \"CASE WHEN origin = 'norway' THEN 'a' ELSE 'b' END\"\n",
            "the SQL of [covariate.age_group] does not give a number; give the covariate `levels`",
        ),
        (
            "years_since = \"persons.birth\"\nat = \"index\"",
            "sql = \"CASE WHEN age_group = '18-34' THEN 1 ELSE 2 END\"",
            "covariates need each other in a circle: `age`, `age_group`; derive one of them from columns alone",
        ),
        (
            "[covariate.age_group]\nlabel = \"Age group\"\nof = \"age\"",
            "[covariate.event]\nlabel = \"Age group\"\nof = \"age\"",
            "`event` is a column of every person-time table; choose another name for the covariate | formula: there \
             is no covariate `age_group`; declared: age, event, sex, origin",
        ),
    ]);
}

#[test]
fn faults_of_the_files_are_found_before_any_work() {
    let path = "correct the path or `data_folder`, or give --data";
    let header = "the header is: person_id, birth_month, death_date, sex, birth_country";
    check_table(&[
        (
            "file = \"persons.csv\"",
            "file = \"Persons.csv\"",
            &format!("there is no file `Persons.csv` in ., but there is `persons.csv`; {path}"),
        ),
        (
            "file = \"persons.csv\"",
            "file = \"persons_*.csv\"",
            &format!("no file matches `persons_*.csv` in .; {path}"),
        ),
        (
            "column = \"sex\", type",
            "column = \"kjoenn\", type",
            &format!("persons.csv: there is no column `kjoenn`; {header}"),
        ),
        (
            "key = { column = \"person_id\" }          #",
            "key = [\"lopenr\", \"lnr\"] #",
            &format!("persons.csv: there is no column named one of `lopenr`, `lnr`; {header}"),
        ),
        (
            "delimiter = \";\"\nencoding = \"utf-8\"                      #",
            "delimiter = \",\"\nencoding = \"utf-8\" #",
            "persons.csv has one field in its first row; it contains \";\"; set delimiter = \";\"",
        ),
        (
            "encoding = \"utf-8\"                      #",
            "encoding = \"utf-16\" #",
            "persons.csv is not utf-16: its characters are one byte wide; set encoding = \"utf-8\"",
        ),
        (
            "include = [\"P01-P16\", \"P18-P29\", \"P71-P99\"]",
            "file = \"codes.csv\"",
            "there is no file `codes.csv` in DATA; correct the path, which is relative to the folder of the study file",
        ),
    ]);
}

#[test]
fn all_faults_come_at_once_in_the_order_of_the_file() {
    let folder = folder();
    let text = TEMPLATE
        .replacen("one_per_person = true", "one_per_person = \"yes\"", 1)
        .replacen("pick = \"first\"", "pick = \"earliest\"", 1)
        .replacen("cut = [18, 35, 50, 66]", "cut = [18, 35, \"50\"]", 1)
        .replacen("formula = \"origin\"", "formula = \"orign\"", 1);
    let expected = [
        "study.toml, line 31, column 18: `one_per_person` is a text; write true or false",
        "study.toml, line 63, column 14: the population `persons` may have several rows per person; set \
         one_per_person = true in [extract.persons]",
        "study.toml, line 70, column 8: `pick` is no choice of a row; choose \"first\", \"last\" or { nth = 2 }",
        "study.toml, line 119, column 7: `cut` is not a list of numbers; for example cut = [18, 25, 35]",
        "study.toml, line 144, column 12: formula: there is no covariate `orign`; did you mean `origin`?",
    ];
    assert_eq!(faults(folder.path(), &text), expected);
}

#[test]
fn a_file_that_is_no_toml_says_where() {
    let folder = folder();
    let found = faults(folder.path(), "[study]\nname = \"a\"\ntitle = first\n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("study.toml, line 3, column 9: "), "{found:?}");
}

#[test]
fn a_fault_is_marked_in_the_text() {
    let folder = folder();
    let text = changed("pick = \"first\"", "pick = \"frist\"");
    let error = study::check(&text, &folder.path().join("study.toml"), None).unwrap_err();
    let shown = error.render(false);
    assert!(shown.contains("pick = \"frist\"") && shown.contains("^^^^^^^"), "{shown}");
    assert!(shown.contains("choose \"first\", \"last\" or { nth = 2 }"), "{shown}");
}

/// Trap 02: a delivery in which the key changes its name inside a family of files.
#[test]
fn one_of_several_names_must_be_in_each_file() {
    let folder = folder();
    fs::write(folder.path().join("contacts_b.csv"), CONTACTS.replace("person_id", "w19_0345_lopenr_person")).unwrap();
    let both = changed("file = \"contacts.csv\"", "file = \"contacts*.csv\"");
    let found = faults(folder.path(), &both);
    let rule = "contacts_b.csv: there is no column `person_id`; the header is: w19_0345_lopenr_person, contact_date, \
                care_level, diagnoses";
    assert_eq!(found.iter().map(|l| message(l)).collect::<Vec<_>>(), [rule]);
    let key = "key = [\"PERSON_ID\", \"w19_0345_lopenr_person\"]\nduplicates";
    let named = both.replacen("key = { column = \"person_id\" }\nduplicates", key, 1);
    assert_eq!(faults(folder.path(), &named), [""; 0]);
}

/// Trap 01: a code that somebody stored as a number has lost its leading zeros.
#[test]
fn a_code_stored_as_a_number_is_refused() {
    let folder = folder();
    let column = |name: &str, values: Series| values.with_name(name.into()).into_column();
    let columns = vec![
        column("person_id", Series::from_iter([41870_i64])),
        column("birth_month", Series::from_iter(["198001"])),
        column("death_date", Series::from_iter([""])),
        column("sex", Series::from_iter(["1"])),
        column("birth_country", Series::from_iter([0_i64])),
    ];
    let file = fs::File::create(folder.path().join("persons.parquet")).unwrap();
    ParquetWriter::new(file).finish(&mut DataFrame::new(1, columns).unwrap()).unwrap();
    let delimited = "file = \"persons.csv\"                    # a path, a list of paths, or a pattern such as \
                     \"kuhr/KUHR_*.dsv\"\ndelimiter = \";\"\nencoding = \"utf-8\" ";
    let stored = changed(delimited, "file = \"persons.parquet\" ");
    let found = faults(folder.path(), &stored.replacen("type = \"code\", width = 3", "type = \"code\"", 1));
    let rule = "persons.parquet: column `birth_country` has the type whole number: a code that is stored as a number \
                may have lost leading zeros; read the column as text at the source, or declare width or levels, \
                against which a lost zero shows";
    assert_eq!(found.iter().map(|l| message(l)).collect::<Vec<_>>(), [rule]);
    // With a width a lost zero shows when the column is read.
    assert_eq!(faults(folder.path(), &stored), [""; 0]);
}

/// A file without header must not have its first row of data shown.
#[test]
fn no_row_of_data_is_shown() {
    let folder = folder();
    fs::write(folder.path().join("persons.csv"), "41870;198001;;1;000\n41871;198101;;2;000\n").unwrap();
    let found = faults(folder.path(), TEMPLATE).join("\n");
    assert!(found.contains("the first row does not look like a header (not shown)"), "{found}");
    assert!(!found.contains("41870") && !found.contains("198001"), "{found}");
}

#[test]
fn a_code_list_from_a_file_has_each_code_once() {
    let folder = folder();
    let list = "land,group\n000,norway\n101-106,nordic\n103,nordic\n000,nordic\n199,\n";
    fs::write(folder.path().join("countries.csv"), list).unwrap();
    let groups = "groups = { norway = [\"000\"], nordic = [\"101-106\"] }";
    let text = changed(groups, "file = \"countries.csv\"\ncode = \"land\"\nvalue = \"group\"");
    let found = faults(folder.path(), &text);
    let expected = [
        "countries.csv, row 5: the code stands in row 2 already; keep one of the rows: a code has one value",
        "countries.csv, row 6: the code has no value; fill in its value, or take the row out",
    ];
    assert_eq!(found.iter().map(|l| message(l)).take(2).collect::<Vec<_>>(), expected, "{found:?}");
    let other = text.replacen("code = \"land\"", "code = \"country\"", 1);
    let found = faults(folder.path(), &other);
    assert_eq!(
        message(&found[0]),
        "countries.csv: there is no column `country`, only land, group; name its columns with `code` and `value`, and say its `delimiter`"
    );
}

#[test]
fn a_spelling_of_the_key_is_looked_up_in_the_linkage_file() {
    let folder = folder();
    fs::write(folder.path().join("keys.csv"), "lopenr;npr\n1;2\n").unwrap();
    let linkage = "[linkage]\nfile = \"keys.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nmin_matched = 0.95\n\
                   keys = { ssb = \"lopenr\", npr = \"npr_lopenr\" }\n\n[extract.persons]\n";
    let text = changed("[extract.persons]\n", linkage).replacen(
        "key = { column = \"person_id\" }\nduplicates",
        "key = { column = \"person_id\", spelling = \"nrp\" }\nduplicates",
        1,
    );
    let found = faults(folder.path(), &text);
    let expected = [
        "the key's spelling is not said, and the study has a linkage file; set spelling to \"ssb\" or \"npr\"",
        "[linkage] has no spelling `nrp`; did you mean `npr`?",
    ];
    assert_eq!(found.iter().map(|l| message(l)).collect::<Vec<_>>(), expected);
    let spelt = text
        .replacen("key = { column = \"person_id\" }", "key = { column = \"person_id\", spelling = \"ssb\" }", 1)
        .replacen("\"nrp\"", "\"npr\"", 1);
    let found = faults(folder.path(), &spelt);
    let expected = ["keys.csv: there is no column `npr_lopenr`; the header is: lopenr, npr"];
    assert_eq!(found.iter().map(|l| message(l)).collect::<Vec<_>>(), expected);
}

#[test]
fn comparisons_are_over_levels_of_the_model() {
    let folder = folder();
    let with = |body: &str| format!("{TEMPLATE}\n[[contrast]]\n{body}\n");
    let found = |body: &str| {
        let found = faults(folder.path(), &with(body));
        found.iter().map(|l| message(l).to_owned()).collect::<Vec<_>>().join(" | ")
    };
    let good =
        "label = \"Nordic men\"\nmodel = \"adjusted\"\ncompare = \"origin=nordic, sex=1 vs origin=norway, sex=2\"";
    assert_eq!(found(good), "");
    let of = |compare: &str| found(&format!("model = \"adjusted\"\ncompare = \"{compare}\""));
    assert_eq!(
        of("origin=nordisk vs origin=norway"),
        "compare: `origin` has no level \"nordisk\"; choose \"norway\", \"nordic\" or \"other\""
    );
    assert_eq!(
        of("age=40 vs age=30"),
        "compare: `age` is not in model `adjusted`; add it to the formula, or take it out of the comparison | \
         compare: `age` is not in model `adjusted`; add it to the formula, or take it out of the comparison"
    );
    assert_eq!(
        of("sex=1, origin=other vs sex=2"),
        "compare: `origin` is named on one side only; \
         name it on both; columns that neither side names are equal on both"
    );
    assert_eq!(
        found("compare = \"sex=1 vs sex=2\"\nmodel = \"adjust\""),
        "there is no model `adjust`; did you mean `adjusted`?"
    );
}

#[test]
fn curves_and_standardised_risks_are_of_the_model() {
    let folder = folder();
    let found = |body: &str| {
        let found = faults(folder.path(), &format!("{TEMPLATE}\n{body}\n"));
        found.iter().map(|l| message(l).to_owned()).collect::<Vec<_>>().join(" | ")
    };
    let curve = |body: &str| found(&format!("[[curve]]\nmodel = \"adjusted\"\n{body}"));
    let risks = |body: &str| found(&format!("[[standardised]]\nmodel = \"adjusted\"\n{body}"));
    assert_eq!(curve("at = \"origin=nordic, sex=1, age_group=18-34\"\ntimes = [365, 730]\nlimits = \"log-log\""), "");
    assert_eq!(
        curve("at = \"sex=1\"\ntimes = [\"a\"]"),
        "at: no value for origin, age_group; a curve needs one for every covariate of its model | \
         an item of `times` is a text; write a number of days"
    );
    assert_eq!(
        curve("at = \"sex=3, origin=nordic, age_group=18-34\""),
        "at: `sex` has no level \"3\"; choose \"2\" or \"1\""
    );
    assert_eq!(risks("exposure = \"origin\"\ntimes = [365]\nfrom = 0\ncovariates = \"fixed\""), "");
    assert_eq!(risks("exposure = \"origin\""), "[[standardised]] needs `times`; a list of days, such as [365, 730]");
    assert_eq!(
        risks("exposure = \"age\"\ntimes = [365]"),
        "`age` is not in model `adjusted`; add it to the formula | \
         exposure `age` is a number: it has no levels; use its classes (`of` and `cut`)"
    );
}

/// Numbers from a fixed seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// Whatever stands in a study file, the answer is a study or faults with a place in the file.
#[test]
fn no_text_causes_a_panic() {
    let folder = folder();
    let path = folder.path().join("study.toml");
    let lines: Vec<&str> = TEMPLATE.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#')).collect();
    let values: Vec<&str> = lines.iter().filter_map(|l| l.split_once(" = ")).map(|(_, value)| value).collect();
    let odd = ["", "\"", "[]", "{}", "-1", "1e400", "\"å\"", "\"'\"", "1979-05-27T07:32:00", "[[1]]", "'''a\nb'''"];
    let mut dice = Dice(20_220_114);
    for _ in 0..400 {
        let mut changed: Vec<String> = lines.iter().map(|l| l.to_string()).collect();
        for _ in 0..1 + dice.below(3) {
            let at = dice.below(changed.len());
            let other = dice.below(lines.len());
            let key = changed[at].split_once(" = ").map(|(key, _)| key.to_owned());
            match (dice.below(5), key) {
                (0, _) => _ = changed.remove(at),
                (1, _) => changed.swap(at, other.min(lines.len() - 4)),
                (2, Some(key)) => changed[at] = format!("{key} = {}", values[dice.below(values.len())]),
                (3, Some(key)) => changed[at] = format!("{key} = {}", odd[dice.below(odd.len())]),
                _ => {
                    let cut = dice.below(changed[at].chars().count().max(1));
                    changed[at] = changed[at].chars().enumerate().filter(|(i, _)| *i != cut).map(|(_, c)| c).collect();
                }
            }
        }
        let text = changed.join("\n");
        if let Err(faults) = study::check(&text, &path, None) {
            assert!(!faults.faults.is_empty());
            let lines = text.lines().count();
            assert!(faults.faults.iter().all(|f| faults.place(f).line <= lines + 1), "{faults}");
            assert!(!faults.render(true).is_empty());
        }
    }
}

#[test]
fn competing_exits_of_a_description_are_exits() {
    check_table(&[
        (
            "competing = [\"death\"]",
            "competing = [\"deth\"]",
            "the follow-up has no exit \"deth\"; did you mean `death`?",
        ),
        (
            "times = [365, 730] ",
            "quantiles = [0.5] ",
            "`competing` shows cumulative incidence at `times`; say at which days: times = [365, 730]",
        ),
        (
            "label = \"first specialist contact\"",
            "label = \"end of data\"",
            "an exit has the label of the event; give it a label of its own: counts by reason could not tell them apart",
        ),
    ]);
}
