//! The eleven traps of real extracts, each with what is wanted of the program and what it must never do, and a few more
//! that are worth a test. Every fixture is a change to the small delivery.

use crate::loader::{Delivery, excluded, levels, noted, records, whole};
use cohort::loader::Quiet;
use cohort::pipeline::{Stopwatch, build_study};
use cohort::report::render::csv;
use cohort::report::tables::attrition_table;

/// A covariate in the small study.
fn with_covariate(delivery: &mut Delivery, covariate: &str) {
    delivery.replace("[[model]]", &format!("{covariate}\n\n[[model]]"));
}

/// The faults of the study file, without a single row having been read.
#[track_caller]
fn fault(delivery: &Delivery) -> String {
    delivery.check().expect_err("the study has a fault")
}

const EDUCATION: &str = "[covariate.education]\nfrom = \"persons.school\"\nprefix = 1\n\
    group = { none = [\"0\"], school = [\"3\"], university = [\"6\"], unknown = [\"9\"] }\nif_missing = \"error\"";

/// A leading zero of a code is lost: `099010` is no education, `99010` must not become "unspecified".
#[test]
fn trap_01_a_leading_zero_is_not_guessed_back() {
    let mut delivery = Delivery::default();
    with_covariate(&mut delivery, EDUCATION);
    assert_eq!(levels(&delivery.load().unwrap().table, "education"), ["school", "none", "university"]);

    delivery.write(
        "persons.csv",
        "id;birth;death;sex;school\na1;1970-01-15;;1;310000\na2;1980-02-20;;2;99010\na3;1990-03-25;;2;610000\n",
    );
    assert_eq!(
        delivery.error(),
        "persons.csv, row 3, column school: 1 value has 5 digits where the code has 6; \
         read the column as text at the source, or set pad_left = 6"
    );
    delivery.replace("width = 6", "width = 6, pad_left = 6");
    let loaded = delivery.load().unwrap();
    assert_eq!(levels(&loaded.table, "education"), ["school", "none", "university"]);
    assert_eq!(noted(&loaded, "persons.school", "codes padded with zeros to 6 characters"), Some(1));
}

/// The same as a stored number: it has no zeros to lose, so a width must show that none is missing.
#[test]
fn trap_01_a_code_stored_as_a_number_is_an_error() {
    use polars::prelude::*;
    let mut delivery = Delivery::default();
    with_covariate(&mut delivery, EDUCATION);
    let text = "file = \"persons.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"";
    delivery.replace(text, "file = \"persons.parquet\"");
    let mut frame = df!(
        "id" => ["a1", "a2", "a3"],
        "birth" => ["1970-01-15", "1980-02-20", "1990-03-25"],
        "death" => [None::<&str>, Some("2011-01-31"), None],
        "sex" => ["1", "2", "2"],
        "school" => [310_000, 99_010, 610_000]
    )
    .unwrap();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame).unwrap();
    delivery.write("persons.parquet", bytes);
    let error = delivery.error();
    let wanted =
        "persons.parquet, row 2, column school: 1 value has 5 digits where the code has 6; read the column as text";
    assert!(error.starts_with(wanted), "{error}");
}

/// The key changes its name within a family of files: exactly one of its names must be in each file.
#[test]
fn trap_02_the_key_changes_its_name() {
    let mut delivery = Delivery::default();
    let visits = "file = \"visits.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nkey = \"id\"";
    let names = "key = [\"lopenr_person\", \"w19_0345_lopenr_person\"]";
    let family = visits.replace("visits.csv", "visits_*.csv").replace("key = \"id\"", names);
    delivery.replace(visits, &family);
    delivery.write("visits_2023.csv", "lopenr_person;date;ward\na1;20100601;x\n");
    delivery.write("visits_2024.csv", "w19_0345_lopenr_person;date;ward\na2;20101101;x\n");
    assert_eq!(delivery.records()[..2], [(0, 0, 120, true), (1, 0, 22, true)]);
    delivery.write("visits_2024.csv", "lnr;date;ward\na2;20101101;x\n");
    assert_eq!(
        delivery.error(),
        "visits_2024.csv, row 1: there is no column lopenr_person or w19_0345_lopenr_person; \
         the header has lnr, date, ward; name the column as it stands there"
    );
}

/// The key changes its shape: the error says how both look, shows none, and says what to declare.
#[test]
fn trap_02_the_key_changes_its_shape() {
    let mut delivery = Delivery::default();
    delivery.write("persons.csv", "id;birth;death;sex;school\n123;1970-01-15;;1;310000\n7;1980-02-20;;2;610000\n");
    delivery.write("residence.csv", "id;from;to\n123;1970-01-15;\n7;1980-02-20;\n");
    delivery.write(
        "contacts.csv",
        "id;date;codes;system\nk2_0000123;05.03.2010;P76;ICPC-2\nk2_0000007;06.03.2010;P76;ICPC-2\n",
    );
    delivery.write("visits.csv", "id;date;ward\n123;20100601;x\n");
    let error = delivery.error();
    assert_eq!(
        error,
        "link: 0 of 2 distinct keys of extract contacts are in extract persons; \
         shapes differ (prefix and 7 digits; 1 to 3 digits); set key.strip_prefix and key.width in [extract.contacts], or another key.spelling"
    );
    assert!(!error.contains("123") && !error.contains("k2_"));
    let with_key = |file: &str, key: &str| {
        let head = format!("file = \"{file}\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nkey = ");
        (format!("{head}\"id\""), format!("{head}{key}"))
    };
    for (file, key) in [
        ("contacts.csv", "{ column = \"id\", strip_prefix = \"k2_\", width = 7 }"),
        ("persons.csv", "{ column = \"id\", width = 7 }"),
        ("residence.csv", "{ column = \"id\", width = 7 }"),
        ("visits.csv", "{ column = \"id\", width = 7 }"),
    ] {
        let (old, new) = with_key(file, key);
        delivery.replace(&old, &new);
    }
    let loaded = delivery.load().unwrap();
    assert_eq!(records(&loaded.table), [(0, 0, 365, false), (1, 0, 88, true)]);
    let links: Vec<_> =
        loaded.links.iter().map(|l| (l.extract.as_str(), l.keys, l.keys_matched, l.keys_repeated)).collect();
    assert_eq!(links, [("persons", 2, 2, 0), ("contacts", 2, 2, 0), ("visits", 1, 1, 0), ("residence", 2, 2, 0)]);
}

/// A match is low: an error, unless the study says that it is right.
#[test]
fn trap_02_a_low_match_is_an_error_unless_declared() {
    let mut delivery = Delivery::default();
    delivery.write("visits.csv", "id;date;ward\na1;20100601;x\nb1;20100601;x\nb2;20100601;x\nb2;20100602;x\n");
    assert_eq!(
        delivery.error(),
        "link: 1 of 3 distinct keys of extract visits are in extract persons; \
         at least 0.9 must be; check the delivery, or set min_matched in [extract.visits] to the share that is right"
    );
    delivery.replace("[extract.visits]", "[extract.visits]\nmin_matched = 0.3");
    let loaded = delivery.load().unwrap();
    let visits = loaded.links.iter().find(|l| l.extract == "visits").unwrap();
    assert_eq!((visits.keys, visits.keys_matched, visits.rows, visits.rows_matched), (3, 1, 4, 1));
}

/// Several and dirty codes in a cell: every code counts, clean-up is declared and counted, a prefix does not cross systems.
#[test]
fn trap_03_codes_in_one_cell_are_all_looked_at() {
    let mut delivery = Delivery::default();
    delivery.replace(
        "codes = { column = \"codes\", type = \"codes\", split = \",\", clean = [\"trim\", \"upper\"] }",
        "codes = { column = \"codes\", type = \"codes\", split = \",\", \
         clean = [\"trim\", \"upper\", \"drop_dot\", \"drop_blank\", \"cut 3\"], \
         system_column = \"system\", blank_system = \"ICPC-2\" }",
    );
    delivery.replace("include = [\"P76\", \"P03\"]", "include = [\"P76\", \"P03\"]\nsystem = \"ICPC-2\"");
    delivery.replace("where = \"system = 'ICPC-2'\"\n", "");
    delivery.write(
        "contacts.csv",
        "id;date;codes;system\na1;01.02.2010;A01,P76,P03;ICPC-2\na2;02.02.2010; p7 6.0;ICPC-2\n\
         a3;03.02.2012;P760001;\na1;02.01.2010; f32.1,F321;ICD-10\na1;03.01.2010;P76;ICD-10\n",
    );
    let loaded = delivery.load().unwrap();
    // The contact of 3 January is perinatal, not depression; a3's blank system is ICPC-2 by declaration.
    assert_eq!(records(&loaded.table).len(), 3);
    assert_eq!(records(&loaded.table)[0], (0, 0, 120, true));
    let cleaned = |step: &str| noted(&loaded, "contacts.codes", &format!("codes changed by {step}"));
    let steps = ["trim", "upper", "drop_dot", "drop_blank", "cut 3"].map(cleaned);
    assert_eq!(steps, [Some(2), Some(2), Some(2), Some(1), Some(3)]);
    assert_eq!(noted(&loaded, "contacts.codes", "codes without a system, taken as ICPC-2"), Some(1));
    let found = &loaded.codes[0];
    let rows = |codes: &[cohort::loader::CodeRows]| -> Vec<(String, String, u64)> {
        codes.iter().map(|c| (c.system.clone(), c.code.clone(), c.rows)).collect()
    };
    let row = |system: &str, code: &str, n| (system.to_string(), code.to_string(), n);
    assert_eq!(rows(&found.lists[0].found), [row("ICPC-2", "P76", 3), row("ICPC-2", "P03", 1)]);
    // Codes that fit no list of their system are named and counted.
    assert_eq!(rows(&found.uncovered), [row("ICD-10", "F32", 1), row("ICD-10", "P76", 1), row("ICPC-2", "A01", 1)]);
}

#[test]
fn trap_03_a_blank_code_system_is_an_error() {
    let mut delivery = Delivery::default();
    delivery.replace("clean = [\"trim\", \"upper\"] }", "clean = [\"trim\", \"upper\"], system_column = \"system\" }");
    delivery.add("contacts.csv", "a3;01.01.2012;P76;\na3;01.02.2012;;\n");
    let message = fault(&delivery);
    assert!(message.contains(
        "are of the system that `system` says, and the code list names no system; set `system` in the code list"
    ));
    delivery.replace("include = [\"P76\", \"P03\"]", "include = [\"P76\", \"P03\"]\nsystem = \"ICPC-2\"");
    assert_eq!(
        delivery.error(),
        "contacts.csv, row 7, column system: 1 row has codes and does not say their system; \
         set blank_system to what an empty field means here"
    );
    // What is no system is told once, for what it is.
    delivery.add("contacts.csv", "a3;01.03.2012;P76;ICPC\n");
    let error = delivery.error();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 2, "{error}");
    assert!(lines[0].starts_with("contacts.csv, row 9, column system: 1 value is not among the declared"), "{error}");
    assert!(lines[1].starts_with("contacts.csv, row 7, column system: 1 row has codes and does not say"), "{error}");
    // Nor may it become a blank one, and its codes those of another system.
    delivery.replace("system_column = \"system\"", "system_column = \"system\", blank_system = \"ICPC-2\"");
    delivery
        .replace("levels = [\"ICPC-2\", \"ICD-10\"]", "levels = [\"ICPC-2\", \"ICD-10\"], if_invalid = \"missing\"");
    let message = fault(&delivery);
    assert!(message.contains("codes of a system that column `system` does not know would be taken as"), "{message}");
}

/// Months instead of days: the place in the month is declared, and so is what a shared month means.
#[test]
fn trap_04_months_need_a_day_and_a_rule_for_ties() {
    let mut delivery = Delivery::default();
    delivery.replace("format = \"DD.MM.YYYY\"", "format = \"YYYY-MM\"");
    delivery.replace("format = \"YYYYMMDD\"", "format = \"YYYY-MM\", place_in_month = \"first\"");
    let message = fault(&delivery);
    assert!(
        message.contains("`YYYY-MM` has no day of the month; set place_in_month = \"first\", \"middle\" or \"last\"")
    );
    delivery.replace("format = \"YYYY-MM\" }", "format = \"YYYY-MM\", place_in_month = \"first\" }");
    let message = fault(&delivery);
    assert!(
        message.contains("is known by month only: the event may share the month of entry; set same_month"),
        "{message}"
    );

    delivery.write(
        "contacts.csv",
        "id;date;codes;system\na1;2010-06;P76;ICPC-2\na2;2010-10;P76;ICPC-2\na3;2012-06;P76;ICPC-2\n",
    );
    delivery.write("visits.csv", "id;date;ward\na1;2010-06;x\na2;2010-12;x\n");
    delivery.replace("event_at_entry = \"exclude\"", "event_at_entry = \"exclude\"\nsame_month = \"error\"");
    let error = delivery.error();
    let wanted =
        "follow_up.event: 1 person with visit in the month of entry, and one of the dates is known by month only";
    assert!(error.starts_with(wanted), "{error}");
    delivery.replace("same_month = \"error\"", "same_month = \"exclude\"");
    let loaded = delivery.load().unwrap();
    assert!(excluded(&loaded).contains(&("visit not in the month of entry", 1)));
    delivery.replace("same_month = \"exclude\"", "same_month = \"event_after_entry\"");
    let loaded = delivery.load().unwrap();
    // No record of length zero: the event comes a day after entry.
    assert_eq!(records(&loaded.table)[..2], [(0, 0, 1, true), (1, 0, 61, true)]);
    assert_eq!(noted(&loaded, "follow_up", "counted one day after it"), Some(1));
    // What was moved to the day after entry is the event, and no history as well.
    assert!(loaded.events_outside.iter().all(|check| check.found == 0), "{:?}", loaded.events_outside);
}

#[test]
fn trap_04_a_month_that_does_not_exist_is_an_error() {
    let mut delivery = Delivery::default();
    delivery.replace(
        "birth = { column = \"birth\", type = \"date\", format = \"YYYY-MM-DD\" }",
        "birth = { column = \"birth\", type = \"date\", format = \"YYYYMM\", place_in_month = \"middle\" }",
    );
    delivery.write(
        "persons.csv",
        "id;birth;death;sex;school\na1;198513;;1;310000\na2;201500;;2;610000\na3;199003;;2;610000\n",
    );
    let error = delivery.error();
    let wanted = "persons.csv, row 2, column birth: 2 values of the right form are no day of the calendar; correct it";
    assert!(error.starts_with(wanted), "{error}");
    // `20231` is neither January nor October of 2023.
    delivery.write(
        "persons.csv",
        "id;birth;death;sex;school\na1;20231;;1;310000\na2;197003;;2;610000\na3;199003;;2;610000\n",
    );
    let error = delivery.error();
    assert!(
        error.starts_with("persons.csv, row 2, column birth: expected a date as YYYYMM (1 value is not)"),
        "{error}"
    );
}

/// Days from a reference date: the study says from which; a negative number is a day before it.
#[test]
fn trap_05_days_need_their_reference_date() {
    let mut delivery = Delivery::default();
    delivery.replace("format = \"YYYYMMDD\"", "format = \"days_since\"");
    let message = fault(&delivery);
    assert!(message.contains("days need a day to count from; set reference_date"), "{message}");
    delivery.replace("format = \"days_since\"", "format = \"days_since\", reference_date = 2010-02-01");
    // a1's index date is the reference date: a day before it is history, 120 days after it the event.
    delivery.write("visits.csv", "id;date;ward\na1;-1;x\na1;120;x\n");
    assert_eq!(delivery.records()[0], (0, 0, 120, true));
    delivery.write("visits.csv", "id;date;ward\na1;42003.5;x\n");
    let error = delivery.error();
    assert!(error.starts_with("visits.csv, row 2, column date: expected a date as a whole number of days"), "{error}");
}

/// Days since a reference that nobody knows: durations are right, and whatever would need the calendar is refused.
#[test]
fn trap_05_relative_time_refuses_the_calendar() {
    let mut delivery = Delivery::default();
    for format in ["YYYY-MM-DD", "DD.MM.YYYY", "YYYYMMDD"] {
        delivery.replace(&format!("format = \"{format}\""), "format = \"relative_days\"");
    }
    let message = fault(&delivery);
    assert!(
        message.contains("column `birth` of `persons` has days since a reference of each person; set relative_time")
    );
    delivery.replace("name = \"small\"", "name = \"small\"\nrelative_time = true");
    let message = fault(&delivery);
    for wanted in [
        "`from` and `to` are calendar days, and the study has relative time: no calendar; count in days",
        "an exit is a calendar day, and the study has relative time",
        "its coverage is in calendar days, and the study has relative time",
    ] {
        assert!(message.contains(wanted), "{wanted}\n{message}");
    }
    delivery.replace("from = 2010-01-01\nto = 2012-12-31\n", "").replace("coverage_from = 2000-01-01\n", "");
    delivery.replace("[[follow_up.exit]]\nlabel = \"end of data\"\ndate = 2013-06-30\n", "");
    delivery.replace("maximum = \"365 days\"", "maximum = \"12 months\"");
    assert!(fault(&delivery).contains("`maximum` counts months or years, and the study has relative time"));
    delivery.replace("maximum = \"12 months\"", "maximum = \"365 days\"");
    // Each person's days count from another day, and before it too.
    delivery.write("persons.csv", "id;birth;death;sex;school\na1;-20000;;1;310000\na2;100;10113;2;099010\n");
    delivery.write("contacts.csv", "id;date;codes;system\na1;-30;P76;ICPC-2\na2;10000;P76;ICPC-2\n");
    delivery.write("visits.csv", "id;date;ward\na1;90;x\na2;20;x\n");
    delivery.write("residence.csv", "id;from;to\na1;-20000;\na2;100;\n");
    assert_eq!(delivery.records(), [(0, 0, 120, true), (1, 0, 113, false)]);
    delivery.replace(
        "[covariate.sex]",
        "[covariate.age]\nyears_since = \"persons.birth\"\nat = \"index\"\nif_missing = \"error\"\n\n[covariate.sex]",
    );
    assert!(fault(&delivery).contains("`years_since` counts anniversaries, and the study has relative time"));
}

/// Missing, zero, or a real code: only an empty field is missing unless the column says otherwise.
#[test]
fn trap_06_zero_and_marks_are_codes_unless_declared() {
    let persons = |country: &str| {
        format!("id;birth;death;sex;school\na1;1970-01-15;;1;{country}\na2;1980-02-20;;2;000\na3;1990-03-25;;2;101\n")
    };
    let mut delivery = Delivery::default();
    delivery.replace(
        "school = { column = \"school\", type = \"code\", width = 6 }",
        "school = { type = \"code\", width = 3 }",
    );
    let covariate = "[covariate.country]\nfrom = \"persons.school\"\ngroup = { norway = [\"000\"], other = [\"101\"] }\n\
                     if_missing = { level = \"other\" }";
    with_covariate(&mut delivery, covariate);
    // Norway is `000`; a lost `0` is no Norway.
    delivery.write("persons.csv", persons("0"));
    assert!(delivery.error().contains("column school: 1 value has 1 digit where the code has 3"));
    // Outside the list: an error with its count, when somebody of the cohort has it.
    delivery.write("persons.csv", persons("990"));
    let error = delivery.error();
    assert!(error.starts_with("covariate.country: 1 person in the cohort has a value that no rule covers"), "{error}");
    // `NA` of a list by letters, `.` and `BLANKED` are values like any other.
    for mark in ["BLANKED", ".", "NA"] {
        delivery.write("persons.csv", persons(mark));
        assert!(delivery.error().contains("persons.csv, row 2, column school: 1 value is not 3 characters wide"));
    }
    delivery.replace("type = \"code\", width = 3 }", "type = \"code\", width = 3, missing = [\"990\", \"BLANKED\"] }");
    for missing in ["990", "BLANKED", ""] {
        delivery.write("persons.csv", persons(missing));
        let loaded = delivery.load().unwrap();
        assert_eq!(levels(&loaded.table, "country"), ["other", "norway", "other"]);
        assert_eq!(noted(&loaded, "covariate.country", "missing values taken as level other"), Some(1));
    }
    delivery.replace("if_missing = { level = \"other\" }", "");
    assert!(fault(&delivery).contains("[covariate.country] needs `if_missing`"));
}

/// Duplicates: equal rows go when the study says so; rows that contradict each other are never settled by their order.
#[test]
fn trap_07_duplicates_are_never_settled_by_chance() {
    let mut delivery = Delivery::default();
    delivery.add("persons.csv", "a1;1970-01-15;;1;310000\n");
    let error = delivery.error();
    assert!(
        error.starts_with("persons.csv, row 5: 1 row equals another in key and every declared column; set duplicates")
    );
    delivery.replace("one_per_person = true", "one_per_person = true\nduplicates = \"collapse_identical\"");
    let loaded = delivery.load().unwrap();
    assert_eq!(noted(&loaded, "persons", "identical rows collapsed"), Some(1));
    assert_eq!(whole(&loaded.table, "person"), [0, 1, 2]);

    delivery.add("persons.csv", "a2;1980-02-20;2011-01-31;2;099020\n");
    assert_eq!(
        delivery.error(),
        "persons.csv, row 6: 1 person has 2 rows that differ in school; \
         set on_conflict = \"exclude_person\" in [extract.persons], or { last_by = \"column\" } with a column that says \
         which row stands"
    );
    delivery.replace("one_per_person = true", "one_per_person = true\non_conflict = \"exclude_person\"");
    let loaded = delivery.load().unwrap();
    assert!(excluded(&loaded).contains(&("rows of persons do not contradict each other", 1)));
    assert_eq!(whole(&loaded.table, "person"), [0, 2]);

    // Equal contact rows: kept where a person may have many, collapsed with their count when the study says so.
    let mut delivery = Delivery::default();
    delivery.add("visits.csv", "a1;20100601;x\n");
    delivery.replace("[extract.visits]", "[extract.visits]\nduplicates = \"collapse_identical\"");
    assert_eq!(noted(&delivery.load().unwrap(), "visits", "identical rows collapsed"), Some(1));
}

/// Late claims: follow-up past the day up to which an extract is complete is an error, or accepted and shown by month.
#[test]
fn trap_08_follow_up_past_completeness_is_said() {
    let mut delivery = Delivery::default();
    delivery.replace("[extract.visits]", "[extract.visits]\ncomplete_until = 2012-12-31");
    let message = fault(&delivery);
    assert!(
        message.contains(
            "follow-up needs visits until 2013-06-30, which is complete until 2012-12-31; \
             end at 2012-12-31, or set accept_incomplete = true in [extract.visits]"
        ),
        "{message}"
    );
    delivery.replace("complete_until = 2012-12-31", "complete_until = 2012-12-31\naccept_incomplete = true");
    let loaded = delivery.load().unwrap();
    // The study's end is not moved, and rows are counted by month.
    assert_eq!(records(&loaded.table), Delivery::default().records());
    let visits = loaded.rows_by_month.iter().find(|r| r.extract == "visits").unwrap();
    let months: Vec<_> = visits.months.iter().map(|m| (m.year, m.month, m.rows)).collect();
    assert_eq!((visits.accept_incomplete, months), (true, vec![(2009, 1, 1), (2010, 6, 1), (2010, 7, 1)]));
}

/// Rows without an id, uneven over years: counted by source and year, and no wash-out before keys are complete.
#[test]
fn trap_09_rows_without_a_key_are_counted_by_year() {
    let mut delivery = Delivery::default();
    let mut rows = String::new();
    for i in 0..100 {
        let (key, year) = (if i < 16 { "" } else { "a1" }, if i < 98 { 2010 } else { 2011 });
        rows += &format!("{key};{:02}.{:02}.{year};A01;ICPC-2\n", i % 28 + 1, i % 12 + 1);
    }
    delivery.add("contacts.csv", &rows);
    let loaded = delivery.load().unwrap();
    let link = loaded.links.iter().find(|l| l.extract == "contacts").unwrap();
    assert_eq!((link.rows, link.rows_without_key, link.rows_matched, link.keys), (105, 16, 89, 3));
    let contacts = loaded.rows_by_month.iter().find(|r| r.extract == "contacts").unwrap();
    let year = |year| {
        let months = contacts.months.iter().filter(|m| m.year == year);
        months.fold((0, 0), |(rows, without), m| (rows + m.rows, without + m.without_key))
    };
    assert_eq!((year(2010), year(2011), year(2012)), ((102, 16), (2, 0), (1, 0)));
    // They are nobody: the persons are the same. In the flow they stand by source and year, before the persons.
    assert_eq!(records(&loaded.table), Delivery::default().records());

    let run = build_study(&delivery.check().unwrap(), &mut Quiet, &mut Stopwatch::new(&|| 0.0)).unwrap();
    let flow = csv::table(&attrition_table(&run.report).unwrap());
    let of_keys: Vec<&str> = flow.lines().filter(|line| line.contains("without a person key")).collect();
    assert_eq!(of_keys, [",\"rows of contacts without a person key, 2010\",16,,,,"]);
    // Rows are not persons: they have a column of their own.
    assert!(flow.starts_with("step,label,rows,excluded,excluded_events,persons,events\n"), "{flow}");
    delivery.replace("coverage_from = 2000-01-01", "coverage_from = 2000-01-01\nkey_complete_from = 2009-01-01");
    delivery.replace("pick = \"first\"", "pick = \"first\"\nwashout = \"3 years\"");
    let message = fault(&delivery);
    let wanted =
        "washout: 3 years before 2010-01-01 needs contacts from 2007-01-01, which has complete keys from 2009-01-01";
    assert!(message.contains(wanted), "{message}");
    delivery.replace("washout = \"3 years\"", "washout = { length = \"3 years\", truncate_lookback = true }");
    // Accepted, the weakness is printed.
    let message = "look-back from 365 days on instead of 3 years, because contacts has complete keys from 2009-01-01";
    assert_eq!(noted(&delivery.load().unwrap(), "cohort.index washout", message), Some(2));
}

/// Look-back before the register begins: "no record" is not "no history".
#[test]
fn trap_10_a_look_back_before_the_register_begins_is_an_error() {
    let mut delivery = Delivery::default();
    delivery.replace("coverage_from = 2000-01-01", "coverage_from = 2008-01-01");
    delivery.replace("from = 2010-01-01\nto = 2012-12-31", "from = 2010-02-01\nto = 2012-12-31");
    delivery.replace("pick = \"first\"", "pick = \"first\"\nwashout = \"3 years\"");
    let message = fault(&delivery);
    let wanted = "washout: 3 years before 2010-02-01 needs contacts from 2007-02-01, which begins 2008-01-01; \
                  shorten it, start later, or set truncate_lookback = true";
    assert!(message.contains(wanted), "{message}");
    delivery.replace("washout = \"3 years\"", "washout = { length = \"3 years\", truncate_lookback = true }");
    let loaded = delivery.load().unwrap();
    // Index dates before 2011 look back less than three years; the shortest look-back that can be is told.
    let message = "look-back from 762 days on instead of 3 years, because contacts begins 2008-01-01";
    assert_eq!(noted(&loaded, "cohort.index washout", message), Some(2));
    // The same of a step's window.
    let mut delivery = Delivery::default();
    delivery.replace("coverage_from = 2000-01-01", "coverage_from = 2008-01-01");
    let step = "[[cohort.step]]\nlabel = \"no earlier\"\nexclude = { any = \"contacts\", date = \"date\", within = [\"-3 years\", \"-1 day\"] }\n\n[follow_up]\n";
    delivery.replace("[follow_up]\n", step);
    let wanted =
        "step \"no earlier\": 3 years before 2010-01-01 needs contacts from 2007-01-01, which begins 2008-01-01";
    assert!(fault(&delivery).contains(wanted));
}

/// The same of what covariates look back to, as of the index date and during follow-up.
#[test]
fn trap_10_a_shortened_look_back_of_a_covariate_is_told() {
    let mut delivery = Delivery::default();
    delivery.replace("coverage_from = 2000-01-01", "coverage_from = 2008-01-01");
    let covariate =
        |name: &str, rest: &str| format!("[covariate.{name}]\nany = \"contacts\"\ndate = \"date\"\n{rest}\n\n");
    let three = "within = [\"-3 years\", \"0 days\"]\nat = \"current\"\nlag = \"10 days\"";
    let ever = "within = [\"ever\", \"-1 day\"]\nat = \"index\"";
    with_covariate(&mut delivery, &(covariate("recent", three) + &covariate("before", ever)));
    let message = fault(&delivery);
    assert!(
        message.contains("covariate `recent`: 3 years before 2009-12-22 needs contacts from 2006-12-22"),
        "{message}"
    );
    assert!(
        message.contains("covariate `before` looks back to the first row, and contacts begins 2008-01-01"),
        "{message}"
    );
    let accepted = |rest: &str| format!("{rest}\ntruncate_lookback = true");
    delivery.replace(three, &accepted(three)).replace(ever, &accepted(ever));
    let loaded = delivery.load().unwrap();
    // a1 and a2 are followed from 2010 on; a3, from June 2012, has all of three years.
    let message = "look-back from 721 days on instead of 3 years, because contacts begins 2008-01-01";
    assert_eq!(noted(&loaded, "covariate.recent", message), Some(2));
    let message = "ever is since 2008-01-01, because contacts begins then: more is known of those who enter late";
    assert!(loaded.notes.iter().any(|n| n.source == "covariate.before" && n.message == message), "{:?}", loaded.notes);
}

/// Impossible person-time: counted by cause, an error, or an attrition line of its cause; never half a day.
#[test]
fn trap_11_impossible_person_time_is_counted_by_cause() {
    let mut delivery = Delivery::default();
    // a1 dead before entry, a2 in two places at once, a3 with the event on the day of entry, a4 back before leaving,
    // a5 dead on the day of entry.
    delivery.write(
        "persons.csv",
        "id;birth;death;sex;school\na1;1970-01-15;2009-12-31;1;310000\na2;1980-02-20;;2;099010\na3;1990-03-25;;2;610000\n\
         a4;1990-03-25;;2;610000\na5;1990-03-25;2011-05-01;2;610000\na6;1990-03-25;;2;610000\n",
    );
    delivery.write("residence.csv", "id;from;to\na1;1970-01-15;\na2;1980-02-20;\na2;2005-01-01;\na3;1990-03-25;\na4;2012-01-01;2011-12-31\na4;1990-03-25;\na5;1990-03-25;\na6;1990-03-25;\n");
    delivery.add("contacts.csv", "a4;01.05.2011;P76;ICPC-2\na5;01.05.2011;P76;ICPC-2\na6;01.05.2011;P76;ICPC-2\n");
    delivery.add("visits.csv", "a3;20120601;x\n");
    let error = delivery.error();
    let lines: Vec<&str> = error.lines().collect();
    assert!(lines[0].starts_with("extract residence: 1 person with a spell that ends before it begins"), "{error}");
    assert!(lines[1].starts_with("extract residence: 1 person with overlapping spells"), "{error}");
    let spells = "on_invalid = { reversed_spell = \"exclude\", overlapping_spells = \"exclude\" }\n[follow_up.event]";
    delivery.replace("[follow_up.event]", spells);
    delivery.replace("event_at_entry = \"exclude\"", "event_at_entry = \"error\"");
    let error = delivery.error();
    let lines: Vec<&str> = error.lines().collect();
    assert!(lines[0].starts_with("follow_up.event: 1 person with visit on the day of entry"), "{error}");
    assert!(lines[1].starts_with("follow_up.exit: 1 person with an exit before entry"), "{error}");
    assert!(
        lines[2].starts_with("follow_up.exit: 1 person with an exit on the day of entry: no person-time"),
        "{error}"
    );
    delivery.replace("event_at_entry = \"error\"", "event_at_entry = \"exclude\"");
    delivery.replace(
        "overlapping_spells = \"exclude\" }",
        "overlapping_spells = \"exclude\", exit_before_entry = \"exclude\", exit_at_entry = \"exclude\" }",
    );
    let loaded = delivery.load().unwrap();
    let of_causes = &excluded(&loaded)[3..];
    assert_eq!(
        of_causes,
        [
            ("no spell that ends before it begins (residence)", 1),
            ("no overlapping spells (residence)", 1),
            ("visit not on the day of entry", 1),
            ("exit not before entry", 1),
            ("exit not on the day of entry", 1),
        ]
    );
    let (entry, exit) = (whole(&loaded.table, "entry"), whole(&loaded.table, "exit"));
    assert_eq!((whole(&loaded.table, "person"), entry, exit), (vec![5], vec![0], vec![365]));
}

/// Two-digit years are refused, in dates and in columns of years.
#[test]
fn two_digit_years_are_not_completed() {
    let mut delivery = Delivery::default();
    delivery.replace("format = \"DD.MM.YYYY\"", "format = \"DD.MM.YY\"");
    assert!(fault(&delivery).contains("`DD.MM.YY` has years of two digits; say which hundred years they stand for"));
    let delivery = Delivery::default();
    delivery.add("contacts.csv", "a1;05.03.10;P76;ICPC-2\n");
    assert!(
        delivery
            .error()
            .starts_with("contacts.csv, row 7, column date: expected a date as DD.MM.YYYY (1 value is not)")
    );
}

/// Files named by month sort `m10` before `m2`; the order of files decides nothing.
#[test]
fn the_order_of_files_decides_nothing() {
    let mut delivery = Delivery::default();
    let visits = "file = \"visits.csv\"";
    delivery.replace(visits, "file = \"visits_m*.csv\"");
    delivery.write("visits_m2.csv", "id;date;ward\na1;20100601;x\n");
    delivery.write("visits_m10.csv", "id;date;ward\na1;20100701;x\na1;20090101;x\n");
    assert_eq!(delivery.records(), Delivery::default().records());
}

/// A birth place that is a country with a 9 in front is no country.
#[test]
fn nine_and_a_country_is_an_error() {
    let mut delivery = Delivery::default();
    delivery.replace(
        "school = { column = \"school\", type = \"code\", width = 6 }",
        "school = { type = \"code\", width = 3 }",
    );
    delivery.write(
        "persons.csv",
        "id;birth;death;sex;school\na1;1970-01-15;;1;9101\na2;1980-02-20;;2;000\na3;1990-03-25;;2;101\n",
    );
    assert!(delivery.error().contains("column school: 1 value is not 3 characters wide"));
}
