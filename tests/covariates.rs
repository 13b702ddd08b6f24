//! Covariates as of the index date, from every kind of source, worked out by hand for three persons.
//!
//! Index dates: a1 2010-02-01, a2 2010-10-10, a3 2012-06-01 (see `Delivery`).

use crate::loader::{Delivery, levels, noted};
use crate::support::extracts::{extract, one_per_person};
use cohort::table::{ColumnData, Table};

/// The extracts that covariates come from.
fn sources() -> String {
    let day = "type = \"date\", format = \"YYYYMMDD\"";
    let level = "column = \"BU_{year}\", type = \"code\", width = 6, years = [2009, 2011]";
    let income = extract("income", &[("year", "type = \"whole\""), ("income", "type = \"number\"")]);
    [
        extract("civil", &[("since", day), ("status", "type = \"code\", levels = [\"1\", \"2\", \"3\"]")]),
        one_per_person("education", &[("level", level)]),
        income.replace("key =", "decimal = \",\"\nkey ="),
    ]
    .concat()
}

const COVARIATES: &str = r#"
[codelist.diagnosis]
groups = { depression = ["P76"], sadness = ["P03"] }

[covariate.civil]
label = "Civil status"
spells = "civil"
since = "since"
value = "status"
at = "index"
group = { unmarried = ["1"], married = ["2"], unknown = ["3"] }
levels = [{ value = "married", label = "Married" }, { value = "unmarried", label = "Unmarried" }, { value = "unknown", label = "Unknown" }]
if_missing = { level = "unknown" }

[covariate.education]
label = "Education"
wide = "education.level"
at = "year before index"
prefix = 1
group = { low = ["0", "1", "2"], high = ["3", "6"], unknown = ["9"] }
levels = [{ value = "low", label = "Low" }, { value = "high", label = "High" }, { value = "unknown", label = "Unknown" }]
if_missing = { level = "unknown" }

[covariate.income]
label = "Income"
yearly = "income"
year = "year"
value = "income"
at = "year before index"
if_missing = { value = 0 }

[covariate.age]
label = "Age"
years_since = "persons.birth"
at = "index"
if_missing = "error"

[covariate.age_group]
label = "Age group"
of = "age"
cut = [18, 25, 35, 66]
reference = "25-34"
if_missing = "error"

[covariate.diagnosis]
label = "Diagnosis"
index = "codes"
codelist = "diagnosis"
levels = [{ value = "depression", label = "Depression" }, { value = "sadness", label = "Sadness" }]
if_missing = "error"

[covariate.group]
label = "Group"
from = "persons.sex"
override = { when = "age >= 40 AND civil = 'married'", value = "older" }
levels = [{ value = "1", label = "Men" }, { value = "2", label = "Women" }, { value = "older", label = "Older" }]
if_missing = "error"

[covariate.poor]
label = "Poor"
sql = "CASE WHEN income < 20 THEN 'yes' ELSE 'no' END"
levels = [{ value = "no", label = "No" }, { value = "yes", label = "Yes" }]
if_missing = "error"

[[model]]"#;

fn delivery() -> Delivery {
    let mut delivery = Delivery::default();
    delivery.replace("[[model]]", &(sources() + COVARIATES));
    // a1 marries on the index date itself; a2 on the day after.
    delivery.write(
        "civil.csv",
        "id;since;status\na1;20100201;2\na1;20050101;1\na2;20101011;2\na3;20000101;1\na3;20110101;3\n",
    );
    delivery.write(
        "education.csv",
        "id;BU_2009;BU_2010;BU_2011\na1;310000;099010;\na2;099010;610000;\na3;610000;610000;\n",
    );
    delivery.write("income.csv", "id;year;income\na1;2009;12,5\na1;2010;99\na3;2011;300\na3;2012;1\n");
    delivery
}

fn numbers(table: &Table, name: &str) -> Vec<f64> {
    let ColumnData::Number(v) = &table.column(name).unwrap().data else { panic!("{name} is a number") };
    v.clone()
}

#[test]
fn every_source_by_hand() {
    let loaded = delivery().load().unwrap();
    let table = &loaded.table;
    assert_eq!(levels(table, "civil"), ["married", "unknown", "unknown"]);
    assert_eq!(levels(table, "education"), ["high", "low", "unknown"]); // 2009, 2009 and the empty 2011
    assert_eq!(numbers(table, "income"), [12.5, 0.0, 300.0]);
    let age = numbers(table, "age");
    assert!((age[0] - (40.0 + 17.0 / 365.0)).abs() < 1e-12, "{}", age[0]); // 1970-01-15 to 2010-02-01
    assert_eq!(levels(table, "age_group"), ["35-65", "25-34", "18-24"]);
    // a1: the contact of the index date has P03; a3: P03 and P76, of which depression stands first in the list.
    assert_eq!(levels(table, "diagnosis"), ["sadness", "depression", "depression"]);
    assert_eq!(levels(table, "group"), ["older", "2", "2"]);
    assert_eq!(levels(table, "poor"), ["yes", "yes", "no"]);
    assert_eq!(noted(&loaded, "covariate.civil", "missing values taken as level unknown"), Some(1));
    assert_eq!(noted(&loaded, "covariate.group", "given by override"), Some(1));
    assert_eq!(noted(&loaded, "covariate.income", "missing values taken as 0"), Some(1));
    assert_eq!(noted(&loaded, "covariate.diagnosis", "codes of several levels"), Some(1)); // a3
    let ColumnData::Factor(age) = &table.column("age_group").unwrap().data else { panic!() };
    assert_eq!(age.levels, ["25-34", "18-24", "35-65"], "the reference comes first");
}

/// For whom a declared rule chose between values is counted.
#[test]
fn what_declared_rules_choose_is_counted() {
    let mut delivery = delivery();
    let year = "at = \"year before index\"";
    delivery.replace(
        &format!("value = \"income\"\n{year}"),
        &format!("value = \"income\"\n{year}\nlook_back = \"2 years\""),
    );
    delivery.replace(
        &format!("wide = \"education.level\"\n{year}"),
        &format!("wide = \"education.level\"\n{year}\nlook_back = \"1 year\""),
    );
    delivery
        .replace("value = \"status\"\nat = \"index\"", "value = \"status\"\nat = \"index\"\nlook_back = \"1 year\"");
    // Income of 2008 counts for a1, whose 2009 is empty; a3 has no education in 2011; her status is of the year before.
    delivery.write("income.csv", "id;year;income\na1;2009;\na1;2008;9\na3;2011;300\na3;2012;1\n");
    let loaded = delivery.load().unwrap();
    assert_eq!(numbers(&loaded.table, "income"), [9.0, 0.0, 300.0]);
    assert_eq!(levels(&loaded.table, "education"), ["high", "low", "high"]);
    let earlier = "a value of an earlier year counts";
    assert_eq!(noted(&loaded, "covariate.income", earlier), Some(1));
    assert_eq!(noted(&loaded, "covariate.education", earlier), Some(1));
    assert_eq!(noted(&loaded, "covariate.civil", "too old for look_back"), Some(1));
}

#[test]
fn rows_that_contradict_each_other_are_errors() {
    let delivery = delivery();
    delivery.add("civil.csv", "a1;20100201;3\n");
    assert!(delivery.error().starts_with("covariate.civil: 1 person has rows of one day with different values"));
    let delivery = self::delivery();
    delivery.add("income.csv", "a1;2009;13\n");
    assert!(delivery.error().starts_with("covariate.income: 1 person has more than one row of the year that counts"));
    // Of persons and years that do not count, nothing is asked.
    let mut delivery = self::delivery();
    delivery.replace("[extract.civil]", "[extract.civil]\nmin_matched = 0.5");
    delivery.add("civil.csv", "a2;20111011;1\na2;20111011;2\nb9;20000101;1\nb9;20000101;2\n");
    delivery.add("income.csv", "a1;2010;98\n");
    assert!(delivery.load().is_ok());
}

/// Rows of one day with different values, as declared: nothing is known from that day on, or of numbers one counts; persons are
/// counted where it matters to them.
#[test]
fn rows_of_one_day_with_different_values_count_as_declared() {
    let mut delivery = delivery();
    delivery.add("civil.csv", "a1;20100201;3\na3;20010101;1\na3;20010101;2\n");
    delivery
        .replace("value = \"status\"\nat = \"index\"", "value = \"status\"\nat = \"index\"\non_same_day = \"missing\"");
    let loaded = delivery.load().unwrap();
    assert_eq!(levels(&loaded.table, "civil"), ["unknown", "unknown", "unknown"]); // a3 by her later row of code 3
    let taken = "rows of one day with different values, taken as missing";
    assert_eq!(noted(&loaded, "covariate.civil", taken), Some(1));
    assert_eq!(noted(&loaded, "covariate.civil", "missing values taken as level unknown"), Some(2));

    let lab = |rule: &str| {
        let mut delivery = self::delivery();
        let columns = [("day", "type = \"date\", format = \"YYYYMMDD\""), ("hb", "type = \"number\"")];
        let labs = extract("labs", &columns)
            + "[covariate.hb]\nlatest = \"labs\"\ndate = \"day\"\nvalue = \"hb\"\nat = \"index\"\nif_missing = { value = 0 }\n";
        delivery.replace("[[model]]", &format!("{labs}{rule}\n[[model]]"));
        delivery.write(
            "labs.csv",
            "id;day;hb\na1;20100101;12\na1;20100110;9\na1;20100110;\na1;20100110;11\na2;20100101;7\n",
        );
        delivery
    };
    let error = lab("").error();
    assert!(
        error.contains("rows of one day with different values") && error.contains("on_same_day = \"missing\""),
        "{error}"
    );
    for (rule, value, message) in [("smallest", 9.0, "the smallest counts"), ("largest", 11.0, "the largest counts")] {
        let loaded = lab(&format!("on_same_day = \"{rule}\"")).load().unwrap();
        assert_eq!(numbers(&loaded.table, "hb"), [value, 7.0, 0.0]);
        assert_eq!(noted(&loaded, "covariate.hb", message), Some(1));
    }
    let loaded = lab("on_same_day = \"missing\"").load().unwrap();
    assert_eq!(numbers(&loaded.table, "hb"), [0.0, 7.0, 0.0]);
}

#[test]
fn on_same_day_is_refused_where_it_says_nothing() {
    let fault = |old: &str, new: &str| {
        let mut delivery = self::delivery();
        delivery.replace(old, new);
        delivery.check().expect_err("a fault")
    };
    let at = "value = \"status\"\nat = \"index\"";
    let code = fault(at, &format!("{at}\non_same_day = \"largest\""));
    assert!(code.contains("a code is neither small nor large; set on_same_day = \"missing\" or \"error\""), "{code}");
    let spell = fault(
        &format!("since = \"since\"\n{at}"),
        &format!("from = \"since\"\nto = \"since\"\n{at}\non_same_day = \"missing\""),
    );
    assert!(spell.contains("`on_same_day` has no use here"), "{spell}");
}

/// Twenty columns of a yearly family make one line.
#[test]
fn what_is_wrong_in_several_years_is_told_once() {
    let delivery = delivery();
    delivery.add("education.csv", "b1;31000;99010;310000\nb2;310000;99010;1\n");
    assert_eq!(
        delivery.error(),
        "education.csv, row 5, column BU_2009: 1 value has 5 digits where the code has 6 (so in BU_2010: 2); read the column \
         as text at the source, or set pad_left = 6\neducation.csv, row 6, column BU_2011: 1 value has 1 digit where the code \
         has 6; read the column as text at the source, or set pad_left = 6"
    );
    delivery.write("education.csv", "id;BU_2009;NUS_2010;NUS_2011\n");
    let fault = cohort::study::check_files(&delivery.check().unwrap()).unwrap_err().to_string();
    assert!(fault.contains("education.csv: there are no columns `BU_2010` to `BU_2011` (2 of 3 years)"), "{fault}");
}

#[test]
fn a_number_with_another_decimal_mark_is_an_error() {
    let delivery = delivery();
    delivery.add("income.csv", "a1;2011;1.5\n");
    let wanted = "income.csv, row 6, column income: expected a number with decimal mark \",\" (1 value is not); set decimal = \".\"";
    assert!(delivery.error().starts_with(wanted));
}

#[test]
fn an_age_outside_the_classes_is_an_error_for_those_in_the_cohort() {
    let mut delivery = delivery();
    delivery.replace("cut = [18, 25, 35, 66]", "cut = [25, 35, 66]");
    assert!(
        delivery.error().starts_with("covariate.age_group: 1 person in the cohort has a value that no rule covers")
    );
    let step = "[[cohort.step]]\nlabel = \"25 or older\"\ninclude = \"age >= 25\"\n\n[follow_up]\n";
    delivery.replace("[follow_up]\n", step);
    assert_eq!(levels(&delivery.load().unwrap().table, "age_group"), ["35-65", "25-34"]);
}

/// The civil status as it is on every day, and time since the visits.
const CURRENT: &str = r#"
[extract.civil]
file = "civil.csv"
delimiter = ";"
encoding = "utf-8"
key = "id"
[extract.civil.columns]
since = { column = "since", type = "date", format = "YYYYMMDD" }
status = { column = "status", type = "code", levels = ["1", "2", "3"] }

[covariate.civil]
label = "Civil status"
spells = "civil"
since = "since"
value = "status"
at = "current"
levels = ["1", "2", "3", "unknown"]
if_missing = { level = "unknown" }

[covariate.visited]
label = "Visited"
any = "visits"
date = "date"
where = "ward = 'z'"
within = ["index", "0 days"]
at = "current"

[[model]]"#;

fn current() -> Delivery {
    let mut delivery = Delivery::default();
    delivery.replace("[[model]]", CURRENT);
    delivery.write("civil.csv", "id;since;status\na1;20100201;2\na1;20100411;2\na1;20100601;1\na2;20101111;3\n");
    delivery
}

#[test]
fn person_time_is_cut_where_a_covariate_changes() {
    let mut delivery = current();
    let loaded = delivery.load().unwrap();
    // a1 (120 days, event): married since the index date, again married, and the change on the day of the event counts
    // no more. a2 (index 2010-10-10): 32 days unknown, then divorced. a3 (index 2012-06-01): unknown.
    assert_eq!(
        crate::loader::records(&loaded.table),
        [(0, 0, 120, true), (1, 0, 32, false), (1, 32, 113, false), (2, 0, 213, false)]
    );
    assert_eq!(levels(&loaded.table, "civil"), ["2", "unknown", "3", "unknown"]);
    assert_eq!(levels(&loaded.table, "visited"), ["no"; 4]);
    assert_eq!(levels(&loaded.table, "exit_reason"), ["visit", "follow-up continues", "death", "emigration"]);
    assert_eq!(noted(&loaded, "covariate.civil", "missing values taken as level unknown"), Some(2));
    let civil = loaded.covariates.iter().find(|c| c.name == "civil").unwrap();
    assert_eq!((civil.persons, civil.missing_before, civil.missing_after), (3, 2, 0));

    // Left out where it is not known, and never the person for that.
    delivery.replace("\"3\", \"unknown\"]\nif_missing = { level = \"unknown\" }", "\"3\"]\nif_missing = \"exclude\"");
    let loaded = delivery.load().unwrap();
    assert_eq!(crate::loader::records(&loaded.table), [(0, 0, 120, true), (1, 32, 113, false)]);
    assert_eq!(noted(&loaded, "covariate.civil", "person-time without a value, left out"), Some(32 + 213));
    assert_eq!(
        loaded.attrition.last().map(|s| (s.label.as_str(), s.excluded)),
        Some(("Civil status is known at some time", 1))
    );

    delivery.replace("if_missing = \"exclude\"", "if_missing = \"error\"");
    assert!(
        delivery.error().starts_with("covariate.civil: 2 persons during follow-up without a value; set if_missing")
    );
    delivery.add("civil.csv", "a2;20101111;1\n");
    assert!(delivery.error().starts_with("covariate.civil: 1 person has rows of one day with different values"));
}

#[test]
fn what_changes_cannot_be_asked_at_index() {
    let fault = |old: &str, new: &str| {
        let mut delivery = current();
        delivery.replace(old, new);
        let faults = delivery.check().expect_err("a fault");
        faults.split_once("column ").map_or(String::new(), |(_, rest)| rest[rest.find(": ").unwrap() + 2..].to_owned())
    };
    let step = "[[cohort.step]]\nlabel = \"married\"\ninclude = \"civil = '2'\"\n\n[follow_up]\n";
    assert!(
        fault("[follow_up]\n", step).contains("it changes during follow-up; make a covariate of its value at index")
    );
    let age = "[covariate.age]\nyears_since = \"persons.birth\"\nat = \"current\"\nif_missing = \"error\"\n\n[[model]]";
    assert!(fault("[[model]]", age).starts_with("[covariate.age] is another number every day; give it `cut`"));
    let late = fault("[\"index\", \"0 days\"]", "[\"index\", \"30 days\"]");
    assert!(late.starts_with("`within` looks past the day for which the covariate stands"), "{late}");
    let lag = fault("at = \"current\"\nlevels", "at = \"index\"\nlag = \"3 days\"\nlevels");
    assert!(lag.starts_with("`lag` is for values that change during follow-up"), "{lag}");
}
