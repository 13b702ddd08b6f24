//! No person's key and no cell's content in anything the program says or lets leave: every key and many cells of a
//! delivery are markers, and all output of many kinds of runs is searched for them.

use crate::loader::Delivery;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What every planted key and cell contains. Keys end in digits, as keys do; codes and texts do not.
const KEY: &str = "K77";
const CELL: &str = "ZQX";

/// A delivery of 60 persons whose keys are markers, with cells that are markers where the study lets them pass.
fn planted() -> Delivery {
    let mut delivery = Delivery::default();
    let key = |i: usize| format!("{KEY}{i:05}");
    let mut files =
        ["id;birth;death;sex;school\n", "id;date;codes;system\n", "id;date;ward\n", "id;from;to\n"].map(String::from);
    for i in 0..60 {
        let school = ["310000", "099010", "610000"][i % 3];
        files[0] += &format!("{};1970-0{}-15;;{};{school}\n", key(i), i % 9 + 1, i % 2 + 1);
        // One code nobody else has, which no list covers; and the index code.
        let rare = if i == 7 { format!(",{CELL}9") } else { String::new() };
        files[1] += &format!("{};{:02}.02.2010;P76{rare};ICPC-2\n", key(i), i % 28 + 1);
        if i % 3 == 0 {
            files[2] += &format!("{};2010{:02}01;{CELL}ward\n", key(i), i % 10 + 3);
        }
        files[3] += &format!("{};1970-01-15;\n", key(i));
    }
    for (name, text) in ["persons.csv", "contacts.csv", "visits.csv", "residence.csv"].into_iter().zip(&files) {
        delivery.write(name, text);
    }
    delivery.replace("profile = \"none\"", "profile = \"dk-dst\"");
    delivery
}

/// What a run said, and the folder of its results.
struct Run {
    success: bool,
    said: String,
    results: PathBuf,
}

fn run(delivery: &Delivery, command: &[&str], log: &str) -> Run {
    let results = delivery.path().join("results");
    delivery.write("study.toml", &delivery.study);
    let mut cohort = Command::new(env!("CARGO_BIN_EXE_cohort"));
    cohort.args(["--log-format", log]).args(command).arg(delivery.path().join("study.toml")).env("NO_COLOR", "1");
    if command[0] == "fit" {
        cohort.args(["--out", &results.display().to_string()]);
    }
    let output = cohort.output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Run { success: output.status.success(), said, results }
}

/// Every file below a folder, with its bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    found
}

fn holds(bytes: &[u8], marker: &str) -> bool {
    bytes.windows(marker.len()).any(|w| w == marker.as_bytes())
}

/// A file without the fonts it may bring, whose letters are coded and say anything.
fn without_fonts(bytes: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
    let mut pieces = text.split("data:font/ttf;base64,");
    let first = pieces.next().unwrap_or_default().to_owned();
    let rest = pieces.map(|piece| piece.split_once(')').map_or("", |(_, rest)| rest));
    (first + &rest.collect::<String>()).into_bytes()
}

#[test]
fn a_run_lets_no_key_out_and_no_rare_cell_leave() {
    let delivery = planted();
    let run = run(&delivery, &["fit"], "json");
    assert!(run.success, "{}", run.said);
    assert!(!run.said.contains(KEY) && !run.said.contains(CELL), "{}", run.said);
    let all = files(&run.results);
    assert!(all.iter().any(|(path, _)| path.ends_with("export/results.json")), "{:?}", run.results);
    for (path, bytes) in &all {
        let bytes = &without_fonts(bytes);
        // No key anywhere, not even within; a rare code is counted within, and never leaves.
        assert!(!holds(bytes, KEY), "{} holds a key", path.display());
        let leaves = !path.starts_with(run.results.join("internal"));
        assert!(!leaves || !holds(bytes, CELL), "{} holds a cell", path.display());
    }
    let internal = std::fs::read_to_string(run.results.join("internal/results.json")).unwrap();
    assert!(internal.contains(&format!("{CELL}9")), "the code without a list is named within");
}

/// A fault: what is changed in the delivery, and a part of the message, to know that it is the fault meant.
type Fault = (&'static str, fn(&mut Delivery), &'static str);

/// Replaces a text of a file.
fn edit(delivery: &Delivery, file: &str, old: &str, new: &str) {
    let path = delivery.path().join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{file} holds {old}");
    std::fs::write(path, text.replacen(old, new, 1)).unwrap();
}

const FAULTS: [Fault; 33] = [
    ("a date of another form", |d| edit(d, "visits.csv", "20100301", "ZQX"), "expected a date as YYYYMMDD"),
    ("no such day", |d| edit(d, "visits.csv", "20100301", "20100231"), "no day of the calendar"),
    ("a level", |d| edit(d, "persons.csv", ";1;310000", ";ZQX;310000"), "not among the declared levels"),
    ("a width", |d| edit(d, "persons.csv", "310000", "ZQX"), "not 6 characters wide"),
    ("a lost zero", |d| edit(d, "persons.csv", "099010", "99010"), "5 digits where the code has 6"),
    ("too few fields", |d| d.add("persons.csv", "K7799999;ZQX\n"), "2 fields where the header has 5"),
    ("too many fields", |d| d.add("persons.csv", "K7799999;ZQX;ZQX;ZQX;ZQX;ZQX\n"), "6 fields where the header has 5"),
    ("an open quote", |d| d.add("persons.csv", "K7799999;\"ZQX;1;2;3\n"), "persons.csv"),
    (
        "a byte",
        |d| {
            let mut bytes = std::fs::read(d.path().join("persons.csv")).unwrap();
            bytes.extend_from_slice(b"K7799999;1970-01-01;;1;ZQX\xE5\n");
            d.write("persons.csv", bytes);
        },
        "is not utf-8",
    ),
    ("another delimiter", |d| d.write("visits.csv", "id,date,ward\nK7700001,20100601,ZQX\n"), "set delimiter"),
    ("no header", |d| d.write("visits.csv", "K7700001;20100601;ZQX\n"), "does not look like a header"),
    (
        "a column that is not there",
        |d| d.write("visits.csv", "id;day;ward\nK7700001;20100601;ZQX\n"),
        "there is no column",
    ),
    ("two columns of a name", |d| d.write("visits.csv", "id;id;date;ward\nK7700001;K7700001;20100601;ZQX\n"), "id"),
    ("an empty file", |d| d.write("visits.csv", ""), "empty"),
    ("a row twice", |d| d.add("persons.csv", "K7700000;1970-01-15;;1;310000\n"), "equals another"),
    ("rows that differ", |d| d.add("persons.csv", "K7700000;1970-01-15;;2;310000\n"), "differ in sex"),
    (
        "rows that differ, and no order",
        |d| {
            d.replace("one_per_person = true", "one_per_person = true\non_conflict = { first_by = \"birth\" }");
            d.add("persons.csv", "K7700000;1970-01-15;;2;310000\n");
        },
        "does not tell them apart",
    ),
    ("keys that do not link", |d| d.write("visits.csv", "id;date;ward\nK7799998;20100601;ZQX\n"), "link: 0 of 1"),
    ("keys of another shape", |d| d.write("visits.csv", "id;date;ward\nx_12345;20100601;ZQX\n"), "shapes differ"),
    (
        "keys without their prefix",
        |d| {
            d.replace("key = \"id\"", "key = { column = \"id\", strip_prefix = \"K77\" }");
            d.add("visits.csv", "Q9900001;20100601;ZQX\n");
        },
        "without the prefix",
    ),
    (
        "keys that are too long",
        |d| {
            d.replace("key = \"id\"", "key = { column = \"id\", width = 8 }");
            d.add("visits.csv", "K7799999999;20100601;ZQX\n");
        },
        "longer than key.width",
    ),
    (
        "a linkage file that contradicts itself",
        |d| {
            d.write("link.csv", "ssb;npr\nK7700001;K77a\nK7700002;K77a\n");
            let linkage = "[linkage]\nfile = \"link.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nkeys = { ssb = \"ssb\", npr = \"npr\" }\n\
                       min_matched = 0\nseveral_rows = true\n\n[extract.persons]";
            d.replace("key = \"id\"", "key = { column = \"id\", spelling = \"ssb\" }")
                .replace("[extract.persons]", linkage);
        },
        "1 key of spelling npr belongs to more than one person",
    ),
    (
        "a condition that does not fit",
        |d| {
            d.replace("[extract.visits]", "[extract.visits]\nwhere = \"CAST(ward AS INT) = 1\"");
        },
        "ward",
    ),
    (
        "a value that no rule covers",
        |d| {
            d.replace("[[model]]", "[covariate.school]\nfrom = \"persons.school\"\nlevels = [\"310000\", \"099010\"]\nif_missing = \"error\"\n\n[[model]]");
        },
        "a value that no rule covers",
    ),
    ("a value that is missing", |d| edit(d, "persons.csv", ";1;310000", ";;310000"), "without a value"),
    (
        "a code system that is blank",
        |d| {
            d.replace("clean = [\"trim\", \"upper\"] }", "clean = [\"trim\", \"upper\"], system_column = \"system\" }");
            d.replace("include = [\"P76\", \"P03\"]", "include = [\"P76\", \"P03\"]\nsystem = \"ICPC-2\"");
            d.add("contacts.csv", "K7700001;01.01.2010;ZQX;\n");
        },
        "does not say their system",
    ),
    (
        "dead before entry",
        |d| edit(d, "persons.csv", "1970-01-15;;1", "1970-01-15;2009-12-31;1"),
        "an exit before entry",
    ),
    ("spells that overlap", |d| d.add("residence.csv", "K7700001;1980-01-01;\n"), "overlapping spells"),
    (
        "spells that run backwards",
        |d| d.add("residence.csv", "K7700001;1980-01-01;1979-01-01\n"),
        "ends before it begins",
    ),
    (
        "nobody left",
        |d| {
            d.replace("include = [\"P76\", \"P03\"]", "include = [\"P77\"]");
        },
        "nobody is left",
    ),
    (
        "a damaged archive",
        |d| {
            d.replace("file = \"visits.csv\"", "file = \"visits.csv.gz\"");
            d.write("visits.csv.gz", "ZQX K7700001");
        },
        "gzip",
    ),
    (
        "no Parquet",
        |d| {
            d.replace("file = \"visits.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"", "file = \"visits.parquet\"");
            d.write("visits.parquet", "ZQX K7700001");
        },
        "Parquet",
    ),
    (
        "a step that is never known",
        |d| {
            d.replace("[[cohort.step]]\nlabel = \"res", "[[cohort.step]]\nlabel = \"x\"\ninclude = \"school = 'ZZZ' AND death > birth\"\n\n[[cohort.step]]\nlabel = \"res");
        },
        "nobody is left",
    ),
];

/// Whether every error of a run says where, what and what to do.
fn has_place_rule_and_remedy(said: &str) -> bool {
    let lines: Vec<serde_json::Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let mut errors = lines.iter().filter(|line| line["level"] == "error").peekable();
    let is_said = |value: &serde_json::Value| value.as_str().is_some_and(|text| !text.is_empty());
    errors.peek().is_some()
        && errors.all(|e| is_said(&e["rule"]) && is_said(&e["remedy"]) && is_said(&e["place"]["file"]))
}

#[test]
fn no_fault_shows_a_key_or_a_cell() {
    let mut wrong = String::new();
    for (number, (name, plant, wanted)) in FAULTS.into_iter().enumerate() {
        let mut delivery = planted();
        plant(&mut delivery);
        for command in ["fit", "check"] {
            // In words and as JSON by turns.
            let log = ["text", "json"][(number + usize::from(command == "check")) % 2];
            let run = run(&delivery, &[command], log);
            if run.said.contains(KEY) || run.said.contains(CELL) {
                wrong += &format!("{name}: {command} shows a marker: {}\n", run.said);
            }
            if log == "json" && !run.success && !has_place_rule_and_remedy(&run.said) {
                wrong += &format!("{name}: {command} lacks place, rule or remedy: {}\n", run.said);
            }
            // `check` sees headers, not rows.
            let found = !run.success && run.said.contains(wanted);
            if command == "fit" && !found {
                wrong += &format!("{name}: wanted \"{wanted}\", found: {}\n", run.said);
            }
            if files(&run.results).iter().any(|(_, bytes)| holds(bytes, KEY) || holds(bytes, CELL)) {
                wrong += &format!("{name}: {command} leaves files with markers\n");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
