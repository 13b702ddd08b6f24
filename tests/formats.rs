//! Files of Stata, SPSS and SAS: what other programs wrote, one study from five forms of a delivery, damaged files,
//! and a study file from a look at a folder.

use super::loader::{Delivery, noted};
use cohort::day::Day;
use cohort::loader::{Flat, FlatOptions, Loaded, Quiet, load, read_flat, write_parquet};
use cohort::stored::{
    Reader, Sheet, SheetColumn, SheetValues, StoredBatch, StoredColumn, StoredFormat, StoredType, StoredValues, Wanted,
};
use cohort::study;
use cohort::table::{Codes, Column, ColumnData, Factor, MISSING_WHOLE, Table};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data-fixtures/formats").join(name)
}

fn day(year: i32, month: u32, day: u32) -> i32 {
    Day::from_ymd(year, month, day).unwrap().0
}

/// All columns and all rows of a small file.
fn read(path: &Path, keep_user_missing: bool) -> Result<(Vec<StoredColumn>, StoredBatch), String> {
    let format = StoredFormat::of_name(path.to_str().unwrap()).unwrap();
    let reader = Reader::open(path, format, None).map_err(|e| e.to_string())?;
    let readable = |c: &&StoredColumn| !matches!(c.holds, StoredType::Unfit(_));
    let columns: Vec<StoredColumn> = reader.columns().iter().filter(readable).cloned().collect();
    let places = reader.columns().iter().enumerate().filter(|(_, c)| readable(c)).map(|(i, _)| i);
    let mut batches = reader.batches(places.map(|column| Wanted { column, keep_user_missing }).collect());
    let batch = batches.next_batch().map_err(|e| e.to_string())?;
    while batches.next_batch().map_err(|e| e.to_string())?.is_some() {}
    batch.map(|batch| (columns, batch)).ok_or("no rows".to_string())
}

/// A column of a small file, as text, with `-` for a missing value.
fn shown(name: &str, column: &str) -> Vec<String> {
    let (columns, batch) = read(&fixture(name), false).unwrap_or_else(|e| panic!("{name}: {e}"));
    let place = columns.iter().position(|c| c.name == column).unwrap_or_else(|| panic!("{name} has {column}"));
    let cells = &batch.columns[place];
    (0..batch.n_rows).map(|row| cell(&cells.values, row)).collect()
}

fn cell(values: &StoredValues, row: usize) -> String {
    let shown = match values {
        StoredValues::Text(texts) => String::from_utf8(texts.get(row).to_vec()).unwrap(),
        StoredValues::Whole(v) if v[row] != i64::MIN => v[row].to_string(),
        StoredValues::Number(v) if !v[row].is_nan() => v[row].to_string(),
        StoredValues::Day(v) if v[row] != MISSING_WHOLE => Day(v[row]).to_string(),
        StoredValues::Logical(v) => v[row].map_or(String::new(), |b| b.to_string()),
        _ => String::new(),
    };
    if shown.is_empty() { "-".into() } else { shown }
}

#[test]
fn what_other_programs_wrote_is_read_as_they_meant_it() {
    // Expected: the values in `data-fixtures/formats/make.py` and `make.R`.
    let spss = ["pyreadstat_rows.sav", "pyreadstat_rows_compressed.sav", "pyreadstat.zsav"];
    let stata = ["pandas_117.dta", "pandas_118.dta"];
    for name in spss.iter().chain(&stata).chain(&["haven.sas7bdat"]) {
        assert_eq!(shown(name, "id")[3], "k2_0000004", "{name}");
        assert_eq!(shown(name, "kommune")[..3], ["0301", "1103", "-"], "{name}");
        assert_eq!(shown(name, "born"), ["1970-01-15", "1899-12-31", "-", "2000-02-29"], "{name}");
        assert_eq!(shown(name, "seen"), ["2015-06-30", "2015-07-01", "-", "1999-12-31"], "{name}");
        assert_eq!(shown(name, "income"), ["1.5", "-2250000000", "-", "0.1"], "{name}");
    }
    // Moments of which the day is kept, wherever they have a time of day.
    let clocks = |name: &str, column: &str| {
        let (columns, batch) = read(&fixture(name), false).unwrap();
        let place = columns.iter().position(|c| c.name == column).unwrap();
        batch.columns[place].clocks_dropped
    };
    for name in ["pyreadstat.zsav", "pandas_118.dta", "haven.sas7bdat"] {
        assert_eq!((clocks(name, "born"), clocks(name, "seen")), (0, 2), "{name}");
    }
    assert_eq!(shown("pyreadstat.zsav", "kommune")[3], "B\u{e6}rum \u{d8}st \u{c5}");
    assert_eq!(shown("pandas_118.dta", "kommune")[3], "B\u{e6}rum \u{d8}st \u{c5}");
    assert_eq!(shown("pandas_114.dta", "kommune")[3], "B\u{e6}rum \u{d8}st \u{c5}");
    assert_eq!(shown("haven.sas7bdat", "kommune")[3], "B\u{e6}rum");
    assert_eq!(shown("foreign_latin1.dta", "kommune"), ["B\u{e6}rum", "\u{c5}s", "Oslo"]);
    assert_eq!(shown("foreign_latin1.dta", "x"), ["1.5", "-", "3"]);
    assert_eq!(shown("pandas_months_long_text.dta", "month"), ["2015-06-01", "1959-12-01"]);
    assert_eq!(shown("pandas_months_long_text.dta", "note")[0].len(), 3000);
}

#[test]
fn a_file_that_sas_wrote_is_read() {
    // Sums of R's `iris`: colSums(iris[1:4]).
    let (columns, batch) = read(&fixture("iris.sas7bdat"), false).unwrap();
    assert_eq!((columns.len(), batch.n_rows), (5, 150));
    let sum = |i: usize| match &batch.columns[i].values {
        StoredValues::Number(v) => v.iter().sum::<f64>(),
        other => panic!("{other:?}"),
    };
    for (i, expected) in [876.5, 458.6, 563.7, 179.9].into_iter().enumerate() {
        assert!((sum(i) - expected).abs() < 1e-9, "{} {}", columns[i].name, sum(i));
    }
    assert!(matches!(&batch.columns[4].values, StoredValues::Text(t) if t.get(0) == b"setosa"));
}

/// SAS 9.4 itself wrote this file: days under MMDDYY10., texts of 722 bytes in Windows-1252. Expected: the table that the
/// package it comes from has beside it.
#[test]
fn dates_that_sas_wrote_are_days() {
    let name = "sas94_dates.sas7bdat";
    assert_eq!(shown(name, "integer_row"), ["1", "2", "3", "4", "5"]);
    assert_eq!(shown(name, "date_row"), ["2018-01-02", "2018-02-05", "2017-11-21", "2016-05-19", "1999-10-25"]);
    assert_eq!(shown(name, "float_row"), ["2.5", "17.23", "3.21", "100.9", "98.6"]);
    let texts = shown(name, "text_row");
    assert_eq!((texts[0].as_str(), texts[3].as_str()), ("Some text", "Text"));
    assert!(texts[2].starts_with("Lorem ipsum dolor sit amet") && texts[2].len() > 600, "{}", texts[2].len());
}

/// Rows compressed by run lengths (`compress = yes`), as ReadStat writes them: every cell of 300 rows by the rule that
/// `make_rle.c` has.
#[test]
fn rows_compressed_by_run_lengths_are_read() {
    compressed_rows_are_those_of_the_rule("readstat_rle.sas7bdat", 1);
}

/// Rows under `compress = binary` (Ross data compression) with every command it has; the longest notes stand twice, see
/// `make_rdc.py`.
#[test]
fn rows_compressed_by_ross_are_read() {
    compressed_rows_are_those_of_the_rule("rdc.sas7bdat", 2);
}

fn compressed_rows_are_those_of_the_rule(name: &str, longest_stand: usize) {
    let columns = ["id", "day", "moment", "x", "note"].map(|column| shown(name, column));
    assert_eq!(columns[0].len(), 300);
    for i in 0..300usize {
        let since_1960 = |days: usize| Day(day(1960, 1, 1) + days as i32).to_string();
        let missing = |is: bool, text: String| if is { "-".to_string() } else { text };
        let note: String = (0..i % 7).map(|k| if k % 2 == 0 { "b c" } else { "aaaaaaaaaaaa" }).collect();
        let note = note.repeat(if i % 7 == 6 { longest_stand } else { 1 });
        let wanted = [
            format!("k{i:04}"),
            missing(i % 11 == 3, since_1960(18_000 + i % 900)),
            missing(i % 13 == 5, since_1960(18_000 + i)),
            if i % 5 == 0 { "0".to_string() } else { (i as f64 / 8.0).to_string() },
            missing(note.is_empty(), note),
        ];
        for (column, wanted) in columns.iter().zip(wanted) {
            assert_eq!(column[i], wanted, "row {i}");
        }
    }
}

#[test]
fn kinds_of_missing_values_are_kept_apart() {
    let (columns, batch) = read(&fixture("haven_missing_kinds.dta"), false).unwrap();
    let kinds = |name: &str| {
        let place = columns.iter().position(|c| c.name == name).unwrap();
        batch.columns[place].missing.iter().map(|(k, n)| (k.clone(), *n)).collect::<Vec<_>>()
    };
    assert_eq!(kinds("income"), [(".".into(), 1), (".a".into(), 1), (".b".into(), 1)]);
    assert_eq!(kinds("sex"), [(".z".into(), 1)]);
    let sex = columns.iter().find(|c| c.name == "sex").unwrap();
    assert_eq!(sex.value_labels, [("1".into(), "Mann".into()), ("2".into(), "Kvinne".into())]);
    assert_eq!(sex.label, "Kj\u{f8}nn");

    let path = fixture("haven_user_missing.sav");
    let answer = |keep| {
        let (columns, batch) = read(&path, keep).unwrap();
        let place = |name: &str| columns.iter().position(|c| c.name == name).unwrap();
        let column = |name: &str| (0..4).map(|row| cell(&batch.columns[place(name)].values, row)).collect::<Vec<_>>();
        (column("answer"), column("code"), batch.columns[place("answer")].missing.get("user-missing").copied())
    };
    assert_eq!(
        answer(false),
        (vec!["1", "-", "-", "2"].map_strings(), vec!["A", "-", "B", "-"].map_strings(), Some(2))
    );
    assert_eq!(answer(true), (vec!["1", "98", "99", "2"].map_strings(), vec!["A", "XX", "B", "-"].map_strings(), None));
}

trait Strings {
    fn map_strings(self) -> Vec<String>;
}

impl Strings for Vec<&str> {
    fn map_strings(self) -> Vec<String> {
        self.into_iter().map(str::to_owned).collect()
    }
}

/// Every fixture, cut off at many places and with bytes changed, is read or refused: no panic comes through, no
/// memory is set aside for what a damaged length says, and the message has a remedy and no content.
#[test]
fn damaged_files_are_refused_with_a_message() {
    let names = [
        "pandas_118.dta",
        "pandas_114.dta",
        "haven_missing_kinds.dta",
        "pandas_months_long_text.dta",
        "pyreadstat_rows_compressed.sav",
        "pyreadstat.zsav",
        "haven_user_missing.sav",
        "haven.sas7bdat",
        "readstat_rle.sas7bdat",
        "rdc.sas7bdat",
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut random = super::support::Random(20251125);
    for name in names {
        let bytes = fs::read(fixture(name)).unwrap();
        let path = folder.path().join(name);
        let try_one = |damaged: &[u8]| {
            fs::write(&path, damaged).unwrap();
            if let Err(message) = read(&path, false) {
                assert!(message.contains("; ") && !message.contains("k2_000"), "{name}: {message}");
                return 1;
            }
            0
        };
        let cut: usize = (0..24).map(|i| try_one(&bytes[..bytes.len() * i / 24])).sum();
        assert!(cut >= 20, "{name}: {cut} of 24 cut files refused");
        for _ in 0..60 {
            let mut damaged = bytes.clone();
            for _ in 0..1 + random.below(3) {
                let at = random.below(bytes.len() as u32) as usize;
                damaged[at] = [0, 0xFF, 0x7F, 0x80, random.below(256) as u8][random.below(5) as usize];
            }
            try_one(&damaged);
        }
    }
}

#[test]
fn a_file_of_another_format_is_named_as_one() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["x.dta", "x.sav", "x.sas7bdat"] {
        let path = folder.path().join(name);
        fs::write(&path, "id;date\n1;2010-01-01\n").unwrap();
        let message = read(&path, false).unwrap_err();
        assert!(message.starts_with("the file cannot be read as "), "{message}");
    }
}

/// One delivery in five forms gives the same bytes of person-time.
#[test]
fn one_study_from_five_forms_of_a_delivery() {
    let folder = tempfile::tempdir().unwrap();
    let persons = fs::read_to_string(fixture("delivery/persons.csv")).unwrap();
    let contacts = fs::read_to_string(fixture("delivery/contacts.csv")).unwrap();
    let sheets = [("persons", &persons), ("contacts", &contacts)];
    for (name, text) in sheets {
        let latin1: Vec<u8> = semicolons(text).chars().map(|c| u8::try_from(c as u32).expect("Latin-1")).collect();
        fs::write(folder.path().join(format!("{name}.csv")), latin1).unwrap();
        let table = table(text);
        write_parquet(&table, &folder.path().join(format!("{name}.parquet"))).unwrap();
        let sheet = sheet(&table);
        sheet.write_stata(File::create(folder.path().join(format!("{name}.dta"))).unwrap()).unwrap();
        sheet.write_spss(File::create(folder.path().join(format!("{name}.sav"))).unwrap()).unwrap();
        fs::copy(fixture(&format!("delivery/{name}.sas7bdat")), folder.path().join(format!("{name}.sas7bdat")))
            .unwrap();
    }
    let text_keys = "delimiter = \";\"\nencoding = \"latin-1\"\ndecimal = \",\"\n";
    let expected = person_time(folder.path(), "csv", text_keys, "DD.MM.YYYY");
    assert!(expected.1.table.n_rows() > 30, "{} records", expected.1.table.n_rows());
    for ending in ["parquet", "dta", "sav", "sas7bdat"] {
        let found = person_time(folder.path(), ending, "", "native");
        assert_eq!(found.1.table, expected.1.table, "{ending}");
        assert!(found.0 == expected.0, "{ending}: other bytes");
        assert_eq!(found.1.attrition, expected.1.attrition, "{ending}");
    }
}

/// What was text in a CSV file and stays text in a Parquet file is read by the same declaration, decimal comma included.
#[test]
fn a_parquet_file_that_holds_text_is_read_as_the_text() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["persons", "contacts"] {
        let text = semicolons(&fs::read_to_string(fixture(&format!("delivery/{name}.csv"))).unwrap());
        fs::write(folder.path().join(format!("{name}.csv")), &text).unwrap();
        write_parquet(&table_of_text(&text), &folder.path().join(format!("{name}.parquet"))).unwrap();
    }
    let text_keys = "delimiter = \";\"\nencoding = \"utf-8\"\ndecimal = \",\"\n";
    let expected = person_time(folder.path(), "csv", text_keys, "DD.MM.YYYY");
    let found = person_time(folder.path(), "parquet", "decimal = \",\"\n", "DD.MM.YYYY");
    assert!(found.0 == expected.0 && found.1.attrition == expected.1.attrition);
}

/// Every column of a text with semicolons as a factor of its texts.
fn table_of_text(text: &str) -> Table {
    let mut rows = text.lines().map(|line| line.split(';').collect::<Vec<_>>());
    let header = rows.next().unwrap();
    let rows: Vec<Vec<&str>> = rows.collect();
    let column = |(i, name): (usize, &&str)| {
        let cells: Vec<&str> = rows.iter().map(|row| row[i]).collect();
        Column { name: name.to_string(), label: String::new(), data: ColumnData::Factor(factor(&cells)) }
    };
    Table::new(header.iter().enumerate().map(column).collect())
}

/// Bytes of the person-time and how it came about.
fn person_time(folder: &Path, ending: &str, text_keys: &str, format: &str) -> (Vec<u8>, Loaded) {
    let text = FIVE_FORMS.replace("ENDING", ending).replace("TEXT_KEYS\n", text_keys).replace("FORMAT", format);
    let study = study::check(&text, &folder.join("study.toml"), None).unwrap_or_else(|faults| panic!("{faults}"));
    study::check_files(&study).unwrap_or_else(|faults| panic!("{faults}"));
    let loaded = load(&study, &mut Quiet).unwrap_or_else(|error| panic!("{ending}: {error}"));
    let path = folder.join(format!("{ending}_person_time.parquet"));
    write_parquet(&loaded.table, &path).unwrap();
    (fs::read(path).unwrap(), loaded)
}

const FIVE_FORMS: &str = r#"
[study]
name = "five-forms"

[extract.persons]
file = "persons.ENDING"
TEXT_KEYS
key = { column = "id", strip_prefix = "k2_" }
one_per_person = true
[extract.persons.columns]
born = { type = "date", format = "FORMAT" }
dead = { type = "date", format = "FORMAT" }
sex = { type = "code", levels = ["1", "2"] }
income = { type = "number" }
kommune = { type = "code" }

[extract.contacts]
file = "contacts.ENDING"
TEXT_KEYS
key = { column = "id", strip_prefix = "k2_" }
[extract.contacts.columns]
date = { type = "date", format = "FORMAT" }
level = { type = "code", levels = ["primary", "specialist"] }
code = { type = "code" }

[codelist.mental]
include = ["P"]

[cohort]
population = "persons"
[cohort.index]
extract = "contacts"
date = "date"
where = "level = 'primary'"
codes = { column = "code", codelist = "mental" }
pick = "first"
[follow_up]
scale = "since_index"
maximum = "730 days"
event_at_entry = "later_event"
on_invalid = { exit_before_entry = "exclude", exit_at_entry = "exclude" }
[follow_up.event]
label = "specialist"
extract = "contacts"
date = "date"
where = "level = 'specialist'"
[[follow_up.exit]]
label = "death"
date = "persons.dead"

[covariate.age]
years_since = "persons.born"
at = "index"
if_missing = "error"
[covariate.sex]
from = "persons.sex"
levels = ["1", "2"]
if_missing = "error"
[covariate.income]
from = "persons.income"
if_missing = { value = 0 }
[covariate.kommune]
from = "persons.kommune"
levels = ["0301", "1103", "Bærum", "Ås"]
if_missing = "error"

[[model]]
name = "sex"
formula = "age + sex + income + kommune"

[disclosure]
profile = "none"
"#;

/// Semicolons, dates as DD.MM.YYYY, decimal commas.
fn semicolons(text: &str) -> String {
    let field = |field: &str| match field.split('-').collect::<Vec<_>>()[..] {
        [year, month, day] if year.len() == 4 => format!("{day}.{month}.{year}"),
        _ if field.parse::<f64>().is_ok() => field.replace('.', ","),
        _ => field.to_string(),
    };
    let row = |line: &str| line.split(',').map(field).collect::<Vec<_>>().join(";");
    text.lines().map(row).collect::<Vec<_>>().join("\r\n") + "\r\n"
}

/// The delivery as typed columns: dates, a whole number for sex, a number for income, texts.
fn table(text: &str) -> Table {
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let rows: Vec<Vec<&str>> = lines.collect();
    let column = |(i, name): (usize, &&str)| {
        let cells: Vec<&str> = rows.iter().map(|row| row[i]).collect();
        let to_day = |cell: &&str| {
            let parts: Vec<i32> = cell.split('-').filter_map(|p| p.parse().ok()).collect();
            if let [y, m, d] = parts[..] { day(y, m as u32, d as u32) } else { MISSING_WHOLE }
        };
        let data = match *name {
            "born" | "dead" | "date" => ColumnData::Day(cells.iter().map(to_day).collect()),
            "sex" => ColumnData::Whole(cells.iter().map(|c| c.parse().unwrap()).collect()),
            "income" => ColumnData::Number(cells.iter().map(|c| c.parse().unwrap_or(f64::NAN)).collect()),
            _ => ColumnData::Factor(factor(&cells)),
        };
        Column { name: name.to_string(), label: String::new(), data }
    };
    Table::new(header.iter().enumerate().map(column).collect())
}

fn factor(cells: &[&str]) -> Factor {
    let mut levels: Vec<String> = cells.iter().filter(|c| !c.is_empty()).map(|c| c.to_string()).collect();
    levels.sort();
    levels.dedup();
    let codes = Codes::pack(cells.iter().map(|c| levels.iter().position(|l| l == c).map(|i| i as u32)), levels.len());
    Factor { codes, labels: levels.clone(), levels, declared: false }
}

/// The table with its factors as text.
fn sheet(table: &Table) -> Sheet<'_> {
    let mut sheet = Sheet::of_table(table);
    for (column, source) in sheet.columns.iter_mut().zip(table.columns()) {
        if let ColumnData::Factor(factor) = &source.data {
            let text = |row| factor.codes.get(row).map_or("", |code| factor.levels[code as usize].as_str());
            column.values = SheetValues::Text((0..table.n_rows()).map(text).collect());
            column.value_labels.clear();
        }
    }
    sheet
}

/// The small delivery with its persons as a Stata file: school as the numbers given, sex with labels.
fn with_stata_persons(school: &[f64], labels: &[(i32, &str)]) -> Delivery {
    let mut delivery = Delivery::default();
    let birth = [day(1970, 1, 15), day(1980, 2, 20), day(1990, 3, 25)];
    let death = [MISSING_WHOLE, day(2011, 1, 31), MISSING_WHOLE];
    let column =
        |name: &str, values| SheetColumn { name: name.into(), label: String::new(), values, value_labels: vec![] };
    let mut sex = column("sex", SheetValues::Whole(&[1, 2, 1]));
    sex.value_labels = labels.iter().map(|(value, label)| (*value, label.to_string())).collect();
    // A labelled number, as registers deliver codes to Stata users: a label gives no lost zero back.
    let mut school_column = column("school", SheetValues::Number(school));
    school_column.value_labels = vec![(99_010, "Ingen utdanning".to_string()), (310_000, "Skole".to_string())];
    let columns = vec![
        column("id", SheetValues::Text(vec!["a1", "a2", "a3"])),
        column("birth", SheetValues::Day(&birth)),
        column("death", SheetValues::Day(&death)),
        sex,
        school_column,
    ];
    let mut bytes = std::io::Cursor::new(Vec::new());
    Sheet { label: String::new(), columns }.write_stata(&mut bytes).unwrap();
    delivery.write("persons.dta", bytes.into_inner());
    delivery.replace("file = \"persons.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"", "file = \"persons.dta\"");
    for name in ["birth", "death"] {
        let old = format!("{name} = {{ column = \"{name}\", type = \"date\", format = \"YYYY-MM-DD\" }}");
        delivery.replace(&old, &old.replace("YYYY-MM-DD", "native"));
    }
    delivery
}

/// trap-01 (c): a code that is stored as a number and has lost its leading zero.
#[test]
fn a_leading_zero_that_a_number_lost_is_an_error() {
    let mut delivery = with_stata_persons(&[310_000.0, 99_010.0, 610_000.0], &[]);
    assert_eq!(
        delivery.error(),
        "persons.dta, row 2, column school: 1 value has 5 digits where the code has 6; \
         read the column as text at the source, or set pad_left = 6"
    );
    delivery.replace("width = 6", "width = 6, pad_left = 6");
    let loaded = delivery.load().unwrap();
    assert_eq!(noted(&loaded, "persons.school", "padded with zeros"), Some(1));
    // Without a width nothing would show it.
    delivery.replace(", width = 6, pad_left = 6", "");
    assert!(delivery.error().contains("may have lost leading zeros"));
    let study = delivery.check().unwrap();
    let faults = study::check_files(&study).unwrap_err().to_string();
    assert!(faults.contains("column `school` has the type number"), "{faults}");
}

#[test]
fn a_number_with_a_fraction_is_no_code() {
    let delivery = with_stata_persons(&[310_000.0, 99_010.5, 610_000.0], &[]);
    assert!(delivery.error().contains("row 2, column school: 1 value is no whole number that can be a code"));
}

#[test]
fn labels_of_a_file_reach_the_tables_when_asked_for() {
    let mut delivery = with_stata_persons(&[310_000.0, 99_010.0, 610_000.0], &[(1, "Menn"), (2, "Kvinner")]);
    delivery.replace(", width = 6", ", width = 6, pad_left = 6");
    delivery.replace(
        "levels = [{ value = \"1\", label = \"Men\" }, { value = \"2\", label = \"Women\" }]",
        "levels = [\"1\", { value = \"2\", label = \"Women\" }]",
    );
    let labels = |delivery: &Delivery| {
        let loaded = delivery.load().unwrap();
        let ColumnData::Factor(sex) = loaded.table.column("sex").unwrap().data.clone() else { panic!() };
        sex.labels
    };
    assert_eq!(labels(&delivery), ["1", "Women"]);
    delivery.replace("from = \"persons.sex\"", "from = \"persons.sex\"\nlabels = \"file\"");
    // A label of the study stands before one of the file.
    assert_eq!(labels(&delivery), ["Menn", "Women"]);
}

#[test]
fn a_stored_number_is_no_date_unless_the_study_says_how() {
    let mut delivery = with_stata_persons(&[310_000.0, 99_010.0, 610_000.0], &[]);
    delivery.replace("type = \"code\", width = 6", "type = \"date\", format = \"native\"");
    let error = delivery.error();
    assert!(error.contains("a number without a date format of the file's own is no date"), "{error}");
    assert!(error.contains("set format = \"days_since\" and reference_date"), "{error}");
}

#[test]
fn a_family_may_write_its_dates_in_several_ways() {
    let mut delivery = Delivery::default();
    delivery.write("visits_2010.csv", "id;date;ward\na1;20100601;x\n");
    delivery.write("visits_2011.csv", "id;date;ward\na2;1.7.2011;y\n");
    delivery.replace("file = \"visits.csv\"", "file = \"visits_*.csv\"");
    delivery.replace("format = \"YYYYMMDD\"", "format = [\"YYYYMMDD\", \"D.M.YYYY\"]");
    assert!(delivery.load().is_ok());
    delivery.replace("\"D.M.YYYY\"", "\"DDMMYYYY\"");
    let faults = delivery.check().unwrap_err();
    assert!(faults.contains("could be read both as YYYYMMDD and as DDMMYYYY"), "{faults}");
}

/// Register evidence: a yearly family of `.dta` files whose year is a double in one file and a text in another, and
/// whose dates are dates, texts or numbers.
#[test]
fn a_family_of_stata_files_may_change_its_types() {
    let mut delivery = Delivery::default();
    let column =
        |name: &str, values| SheetColumn { name: name.into(), label: String::new(), values, value_labels: vec![] };
    let days = [day(2010, 6, 1), day(2010, 7, 1)];
    let families = [
        ("visits_2010.dta", SheetValues::Day(&days), SheetValues::Number(&[2010.0, 2010.0])),
        ("visits_2011.dta", SheetValues::Text(vec!["20110601", "20110701"]), SheetValues::Text(vec!["2011", "11"])),
        (
            "visits_2012.dta",
            SheetValues::Number(&[20_120_601.0, 20_120_701.0]),
            SheetValues::Whole(&[12, MISSING_WHOLE]),
        ),
    ];
    for (name, date, year) in families {
        let id = if name.contains("2011") { "lnr" } else { "ID" };
        let columns = vec![column(id, SheetValues::Text(vec!["a1", "a2"])), column("date", date), column("ward", year)];
        let mut bytes = std::io::Cursor::new(Vec::new());
        Sheet { label: String::new(), columns }.write_stata(&mut bytes).unwrap();
        delivery.write(name, bytes.into_inner());
    }
    let text = "file = \"visits.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nkey = \"id\"";
    delivery.replace(text, "file = \"visits_*.dta\"\nkey = [\"id\", \"lnr\"]");
    delivery.replace("type = \"date\", format = \"YYYYMMDD\"", "type = \"date\", format = [\"native\", \"YYYYMMDD\"]");
    delivery
        .replace("{ column = \"ward\", type = \"code\" }", "{ column = \"ward\", type = \"year\", years_from = 1950 }");
    delivery.replace(
        "date = \"date\"\n[[follow_up.exit]]",
        "date = \"date\"\nwhere = \"ward >= 2010\"\n[[follow_up.exit]]",
    );
    study::check_files(&delivery.check().unwrap()).unwrap_or_else(|faults| panic!("{faults}"));
    let loaded = delivery.load().unwrap();
    assert_eq!(
        loaded.inputs.iter().filter(|i| i.extract == "visits").map(|i| i.file.rows).collect::<Vec<_>>(),
        [2, 2, 2]
    );
    // A form that no file of the family may have is still a fault of the file that has it.
    delivery.replace("[\"native\", \"YYYYMMDD\"]", "\"YYYYMMDD\"");
    let error = delivery.error();
    assert!(error.starts_with("visits_2010.dta, column date: the column has the type date"), "{error}");
}

#[test]
fn months_of_a_file_need_the_day_that_stands_for_them() {
    let mut delivery = Delivery::default();
    delivery.replace("format = \"YYYYMMDD\"", "format = \"native_month\"");
    let faults = delivery.check().unwrap_err();
    assert!(faults.contains("`native_month` has no day of the month; set place_in_month"), "{faults}");
    delivery.replace("format = \"native_month\"", "format = \"native_month\", place_in_month = \"middle\"");
    // The event is then known by month only, and the tie with entry in one month needs a rule.
    let faults = delivery.check().unwrap_err();
    assert!(faults.contains("`visits.date` is known by month only"), "{faults}");
}

#[test]
fn kinds_of_missing_values_are_noted_in_a_study() {
    let mut delivery = Delivery::default();
    delivery.write("visits.dta", fs::read(fixture("haven_missing_kinds.dta")).unwrap());
    for i in 1..=4 {
        delivery.add("persons.csv", &format!("k2_000000{i};1970-01-15;;1;310000\n"));
    }
    let text = "file = \"visits.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nkey = \"id\"";
    delivery.replace(text, "file = \"visits.dta\"\nkey = \"id\"");
    delivery.replace(
        "{ column = \"date\", type = \"date\", format = \"YYYYMMDD\" }",
        "{ column = \"born\", type = \"date\", format = \"native\" }",
    );
    delivery.replace("{ column = \"ward\", type = \"code\" }", "{ column = \"income\", type = \"number\" }");
    delivery
        .replace("date = \"date\"\n[[follow_up.exit]]", "date = \"date\"\nwhere = \"ward > 1\"\n[[follow_up.exit]]");
    let loaded = delivery.load().unwrap();
    assert_eq!(noted(&loaded, "visits.ward", "missing as .a in the file"), Some(1));
    assert_eq!(noted(&loaded, "visits.ward", "missing as .b in the file"), Some(1));
}

#[test]
fn years_of_two_digits_are_an_error_unless_declared() {
    let mut delivery = Delivery::default();
    delivery.write("visits.csv", "id;date;ward\na1;20100601;10\na1;20100601;2010\n");
    delivery.replace("ward = { column = \"ward\", type = \"code\" }", "ward = { column = \"ward\", type = \"year\" }");
    delivery
        .replace("date = \"date\"\n[[follow_up.exit]]", "date = \"date\"\nwhere = \"ward = 2010\"\n[[follow_up.exit]]");
    let error = delivery.error();
    assert!(
        error.contains("visits.csv, row 2, column ward: 1 value is no year of four digits; set years_from"),
        "{error}"
    );
    delivery.replace("type = \"year\"", "type = \"year\", years_from = 1950");
    assert!(delivery.load().is_ok());
}

fn flat(name: &str, options: &FlatOptions) -> Flat {
    read_flat(&fixture(name), name, options, &mut Quiet).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn data_files_of_other_programs_are_read_as_they_are() {
    let found = flat("haven_missing_kinds.dta", &FlatOptions::default());
    assert_eq!(found.table.column("sex").unwrap().data, ColumnData::Whole(vec![1, 2, MISSING_WHOLE, 1]));
    assert!(matches!(found.table.column("born").unwrap().data, ColumnData::Day(_)));
    assert_eq!(found.table.column("sex").unwrap().label, "Kj\u{f8}nn");
    let said = |message: &str| found.notes.iter().any(|n| n.message.contains(message));
    assert!(said("missing as .a in the file") && said("factor(sex) makes levels of it"));
    let options = FlatOptions { condition: Some("sex = 1".into()), ..FlatOptions::default() };
    assert_eq!(flat("pandas_118.dta", &options).table.n_rows(), 2);
    let found = flat("pandas_months_long_text.dta", &FlatOptions::default());
    assert!(found.table.column("weeks").is_none());
    assert!(found.notes.iter().any(|n| n.message.contains("no analysis can use a week (%tw)")));
    assert_eq!(flat("iris.sas7bdat", &FlatOptions::default()).input.rows, 150);
}

#[test]
fn declared_marks_of_missing_values_count_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let column = |name: &str, data| Column { name: name.into(), label: name.into(), data };
    let codes = Codes::pack([Some(0), Some(1), None], 2);
    let levels = vec!["a".to_string(), "unknown".to_string()];
    let text = Factor { codes, labels: levels.clone(), levels, declared: false };
    let columns = vec![
        column("x", ColumnData::Whole(vec![1, 9, MISSING_WHOLE])),
        column("y", ColumnData::Number(vec![0.5, 9.0, 2.5])),
        column("z", ColumnData::Factor(text)),
    ];
    let table = Table::new(columns);
    write_parquet(&table, &folder.path().join("d.parquet")).unwrap();
    sheet(&table).write_stata(File::create(folder.path().join("d.dta")).unwrap()).unwrap();
    sheet(&table).write_spss(File::create(folder.path().join("d.sav")).unwrap()).unwrap();
    fs::write(folder.path().join("d.csv"), "x,y,z\n1,0.5,a\n9,9,unknown\n,2.5,\n").unwrap();
    let options = FlatOptions { missing: vec!["9".into(), "unknown".into()], ..FlatOptions::default() };
    for name in ["d.csv", "d.parquet", "d.dta", "d.sav"] {
        let flat = read_flat(&folder.path().join(name), name, &options, &mut Quiet).unwrap();
        let data = |name: &str| &flat.table.column(name).unwrap().data;
        assert_eq!(*data("x"), ColumnData::Whole(vec![1, MISSING_WHOLE, MISSING_WHOLE]), "{name}");
        let missing = |name: &str| (0..3).map(|row| data(name).is_missing(row)).collect::<Vec<_>>();
        assert_eq!((missing("y"), missing("z")), (vec![false, true, false], vec![false, true, true]), "{name}");
        let marked = flat.notes.iter().filter(|n| n.message.contains("by their mark")).filter_map(|n| n.count);
        assert_eq!(marked.sum::<u64>(), 3, "{name}");
    }
}

/// A column that is not there is missing from the file, whatever its format; the file is not damaged.
#[test]
fn a_missing_column_is_no_damage() {
    let options = FlatOptions { columns: Some(vec!["no_such".into()]), ..FlatOptions::default() };
    for name in ["haven_user_missing.sav", "pyreadstat.zsav", "pandas_118.dta", "haven.sas7bdat"] {
        let found = flat(name, &options);
        assert!(found.table.columns().is_empty() && !found.header.is_empty(), "{name}");
    }
}

/// Markers that stand in the cells and keys of a delivery.
const MARKERS: [&str; 6] = ["k2_7777", "SECRETCELL", "7654321", "1913-03-07", "19130307", "8888"];

fn planted_delivery() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let persons = "lopenr;foedt;k\u{f8}nn;navn;BU_2010;BU_2011\nk2_7777001;1913-03-07;1;SECRETCELL a;7654321;7654321\n";
    let latin1: Vec<u8> = persons.chars().map(|c| c as u8).collect();
    fs::write(folder.path().join("persons.csv"), latin1).unwrap();
    for year in 2010..2013 {
        write(
            &format!("kuhr/KUHR_{year}.dsv"),
            "lopenr;dato;diagnoser;bel\u{f8}p\nk2_7777001;19130307;P76,P03;88,88\n",
        );
    }
    write("no_header.txt", "k2_7777001|SECRETCELL|1913-03-07\nk2_7777002|SECRETCELL|1913-03-07\n");
    let born = [day(1913, 3, 7)];
    let column =
        |name: &str, values| SheetColumn { name: name.into(), label: String::new(), values, value_labels: vec![] };
    let columns = vec![
        column("lnr", SheetValues::Text(vec!["k2_7777001"])),
        column("born", SheetValues::Day(&born)),
        column("note", SheetValues::Text(vec!["SECRETCELL"])),
    ];
    let sheet = Sheet { label: String::new(), columns };
    sheet.write_stata(File::create(folder.path().join("register.dta")).unwrap()).unwrap();
    sheet.write_spss(File::create(folder.path().join("register_spss.sav")).unwrap()).unwrap();
    write("readme.md", "SECRETCELL");
    folder
}

#[test]
fn a_look_at_a_delivery_writes_a_study_without_any_cell() {
    let folder = planted_delivery();
    let text = study::survey(folder.path(), folder.path().to_str().unwrap()).unwrap();
    for marker in MARKERS {
        assert!(!text.contains(marker), "{marker} stands in\n{text}");
    }
    for line in [
        "encoding = \"latin-1\"   # guess",
        "file = \"kuhr/KUHR_*.dsv\"   # 3 files",
        "decimal = \",\"   # guess",
        "foedt = { column = \"foedt\", type = \"date\", format = \"YYYY-MM-DD\" }   # guess",
        "konn = { column = \"k\u{f8}nn\", type = \"code\", width = 1 }   # guess",
        "bu = { column = \"BU_{year}\", years = [2010, 2011], type = \"code\", width = 7 }   # guess",
        "diagnoser = { column = \"diagnoser\", type = \"codes\", split = \",\" }   # guess; several codes in some cells",
        "belop = { column = \"bel\u{f8}p\", type = \"number\" }   # guess",
        "header = [\"column_1\", \"column_2\", \"column_3\"]   # guess: there is no header",
        "delimiter = \"|\"   # guess",
        "born = { column = \"born\", type = \"date\", format = \"native\" }",
        "key = \"lnr\"   # guess",
        "# Not looked at, since their endings are no known format: readme.md",
    ] {
        assert!(text.contains(line), "no line {line} in\n{text}");
    }
}

/// Text and numbers in files that say no more than that are looked at as those of a text file; a file of keys alone links.
#[test]
fn typed_files_are_looked_at_too_and_keys_alone_are_a_linkage_file() {
    let folder = tempfile::tempdir().unwrap();
    let column =
        |name: &str, values| SheetColumn { name: name.into(), label: String::new(), values, value_labels: vec![] };
    let texts = |texts: &[&'static str]| SheetValues::Text(texts.to_vec());
    let columns = vec![
        column("lnr", texts(&["k2_7777001", "k2_7777002"])),
        column("born", texts(&["19130307", "19130307"])),
        column("codes", texts(&["P76,,P03", "P76"])),
        column("note", texts(&["SECRETCELL", "SECRETCELL b"])),
        column("amount", texts(&["88,88", "1,5"])),
        column("year", SheetValues::Number(&[2015.0, 2016.0])),
        column("income", SheetValues::Number(&[8888.5, 1.0])),
    ];
    let sheet = Sheet { label: String::new(), columns };
    sheet.write_stata(File::create(folder.path().join("a.dta")).unwrap()).unwrap();
    sheet.write_spss(File::create(folder.path().join("b.sav")).unwrap()).unwrap();
    sheet.write_sas(File::create(folder.path().join("c.sas7bdat")).unwrap()).unwrap();
    let text = |name: &str, cells: &[&str]| Column {
        name: name.into(),
        label: String::new(),
        data: ColumnData::Factor(factor(cells)),
    };
    let number = |name: &str, data| Column { name: name.into(), label: String::new(), data };
    let table = Table::new(vec![
        text("lnr", &["k2_7777001", "k2_7777002"]),
        text("born", &["19130307", "19130307"]),
        text("codes", &["P76,,P03", "P76"]),
        text("note", &["SECRETCELL", "SECRETCELL b"]),
        text("amount", &["88,88", "1,5"]),
        number("year", ColumnData::Whole(vec![2015, 2016])),
        number("income", ColumnData::Number(vec![8888.5, 1.0])),
    ]);
    write_parquet(&table, &folder.path().join("d.parquet")).unwrap();
    fs::write(folder.path().join("keys.csv"), "lnr;npr_lnr\nk2_7777001;7654321\n").unwrap();
    let text = study::survey(folder.path(), ".").unwrap();
    for marker in MARKERS {
        assert!(!text.contains(marker), "{marker} stands in\n{text}");
    }
    let lines = [
        "born = { column = \"born\", type = \"date\", format = \"YYYYMMDD\" }   # guess",
        "codes = { column = \"codes\", type = \"codes\", split = \",\" }   # guess; several codes in some cells",
        "note = { column = \"note\", type = \"code\" }   # guess",
        "amount = { column = \"amount\", type = \"number\" }   # guess; text with decimal commas: set decimal = \",\" for the extract",
        "year = { column = \"year\", type = \"year\" }   # guess",
        "income = { column = \"income\", type = \"number\" }\n",
        "key = { column = \"lnr\", spelling = \"lnr\" }   # guess",
    ];
    for line in lines {
        assert_eq!(text.matches(line).count(), 4, "{line} in\n{text}");
    }
    assert!(text.contains("[linkage]\nfile = \"keys.csv\"\n"), "{text}");
    let keys = "keys = { lnr = \"lnr\", npr_lnr = \"npr_lnr\" }   # guess; call each after its deliverer";
    assert!(text.contains(keys) && !text.contains("[extract.keys]"), "{text}");
}

#[test]
fn check_asks_for_what_a_look_cannot_tell() {
    let folder = planted_delivery();
    fs::remove_file(folder.path().join("no_header.txt")).unwrap();
    let text = study::survey(folder.path(), ".").unwrap();
    let faults = study::check(&text, &folder.path().join("study.toml"), None).unwrap_err().to_string();
    for asked in ["`population`", "[cohort.index]", "`scale`", "`event_at_entry`", "`label`", "`profile`"] {
        assert!(faults.contains(asked), "no fault names {asked}:\n{faults}");
    }
    // What was found by looking is no fault.
    assert!(!faults.contains("extract."), "{faults}");
    for marker in MARKERS {
        assert!(!faults.contains(marker), "{faults}");
    }
}

#[test]
fn a_folder_without_files_of_a_delivery_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.md"), "x").unwrap();
    assert!(study::survey(folder.path(), ".").unwrap_err().contains("no file of a delivery in it"));
}

/// Labels that no file can give, and the catalogue in which SAS has them, are refused with what to do instead.
#[test]
fn labels_that_a_file_cannot_give_are_refused() {
    let mut delivery = Delivery::default();
    let levels = "levels = [{ value = \"1\", label = \"Men\" }, { value = \"2\", label = \"Women\" }]";
    delivery.replace(levels, "levels = [\"1\", \"2\"]\nlabels = \"file\"");
    let fault = delivery.check().unwrap_err();
    assert!(fault.contains("`labels = \"file\"` of [covariate.sex] finds no labels: a text file has none"), "{fault}");
    assert!(fault.contains("write levels = [{ value, label }, …]"), "{fault}");
    let mut delivery = Delivery::default();
    fs::copy(fixture("delivery/persons.sas7bdat"), delivery.folder().join("persons.sas7bdat")).unwrap();
    delivery.replace("file = \"persons.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"", "file = \"persons.sas7bdat\"");
    delivery.replace(levels, "levels = [\"1\", \"2\"]\nlabels = \"file\"");
    let fault = delivery.check().unwrap_err();
    assert!(fault.contains("SAS keeps them in a catalogue (.sas7bcat), which is not read"), "{fault}");
    delivery.write("formats.sas7bcat", "");
    delivery.replace("file = \"persons.sas7bdat\"", "file = [\"persons.sas7bdat\", \"formats.sas7bcat\"]");
    let fault = delivery.check().unwrap_err();
    assert!(fault.contains("a SAS catalogue (.sas7bcat) holds labels of values, no rows, and is not read"), "{fault}");
    assert!(fault.contains("cntlout=labels"), "{fault}");
}

/// A file that is named twice, however its path is written, would count twice; two files of the same bytes are told.
#[test]
fn a_file_is_read_once_and_its_copies_are_told() {
    let mut delivery = Delivery::default();
    for again in ["visits.csv", "./visits.csv", "visit*.csv"] {
        let twice = format!("file = [\"visits.csv\", \"{again}\"]");
        delivery.replace("file = \"visits.csv\"", &twice);
        let message = delivery.check().unwrap_err();
        assert!(message.contains("visits.csv is named twice; its rows would count twice"), "{again}: {message}");
        delivery.replace(&twice, "file = \"visits.csv\"");
    }
    for name in ["visits.csv", "visits_copy.csv"] {
        delivery.write(name, "id;date;ward\na1;20100601;x\na1;20100701;x\n");
    }
    delivery.replace("file = \"visits.csv\"", "file = \"visits*.csv\"");
    let loaded = delivery.load().unwrap();
    assert_eq!(noted(&loaded, "visits_copy.csv", "with the same bytes as visits.csv, counted once more"), Some(2));
    delivery.write("visits_copy.csv", "id;date;ward\n");
    delivery.write("visits.csv", "id;date;ward\n");
    let loaded = delivery.load().unwrap();
    assert!(loaded.notes.iter().any(|n| n.source == "visits" && n.message.starts_with("has no rows")));
}

/// Archives, spreadsheets and files of other programs are no text, and the message says what they are.
#[test]
fn what_is_no_text_is_named() {
    let mut delivery = Delivery::default();
    delivery.write("visits.csv", b"PK\x03\x04visits");
    let message = delivery.check().unwrap_err();
    assert!(message.contains("visits.csv is no text: it is an archive (.zip) or a spreadsheet"), "{message}");
    delivery.write("visits.rds", b"\x1F\x8B\x08\x00");
    delivery.replace("file = \"visits.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"", "file = \"visits.rds\"");
    let message = delivery.check().unwrap_err();
    assert!(message.contains("visits.rds is no text: it is a file of R; save it in R as .parquet"), "{message}");
    assert!(!message.contains("needs `delimiter`"), "{message}");
}
