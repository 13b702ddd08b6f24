//! Table 1, the tables beside it, and the languages: numbers of R, what is read, what a study file may say.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn cohort(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cohort")).args(args).output().expect("cohort starts")
}

fn lung(args: &[&str]) -> Output {
    let file = root("data-fixtures/reference/data/lung.csv");
    let formula = ["describe", file.to_str().expect("text"), "-f", "Surv(time, status == 2) ~ 1"];
    cohort(&[&formula[..], &["--levels", "ph.ecog=0,1,2,3", "--table-one-by", "sex"], args].concat())
}

#[track_caller]
fn close(value: &Value, expected: f64) {
    let found = value.as_f64().unwrap_or(f64::NAN);
    assert!((found - expected).abs() <= 1e-11 * expected.abs(), "{value}, expected {expected}");
}

/// R 4.2.2: mean(), sd(), quantile(), table(); Yang and Dalton's formula with solve() for ph.ecog, Austin's for the
/// numbers.
#[test]
fn table_one_of_a_data_file_has_the_numbers_of_r() {
    let output = lung(&["--table-one", "age,ph.ecog,wt.loss", "--format", "none", "--json", "-"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let one = &report["table_one"];
    assert_eq!(one["groups"].as_array().map(Vec::len), Some(3), "men, women, all");
    assert_eq!(one["groups"][0]["counts"]["persons"], 138);
    assert_eq!(one["groups"][1]["counts"]["person_time_days"], 30507);
    close(&one["groups"][0]["follow_up"]["median"], 224.0);
    close(&one["groups"][1]["follow_up"]["q3"], 448.5);
    let [age, ecog, loss] = [0, 1, 2].map(|k| &one["variables"][k]);
    close(&age["numbers"][0]["mean"], 63.34057971014493);
    close(&age["numbers"][1]["q1"], 55.0);
    assert!((age["numbers"][1]["sd"].as_f64().expect("a number") - 8.84730363).abs() < 1e-8);
    assert!((age["differences"][0].as_f64().expect("a number") - 0.251577565186).abs() < 1e-11);
    let persons: Vec<&Value> =
        ecog["levels"].as_array().expect("levels").iter().map(|l| &l["cells"][0]["persons"]).collect();
    assert_eq!(persons, [36, 71, 29, 1, 1], "four levels and one person without a value");
    assert!((ecog["differences"][0].as_f64().expect("a number") - 0.164977598016).abs() < 1e-11);
    assert_eq!([0, 1, 2].map(|g| loss["missing"][g]["persons"].as_u64()), [Some(10), Some(4), Some(14)]);
    assert!((loss["differences"][0].as_f64().expect("a number") - 0.263840075774).abs() < 1e-11);
}

#[test]
fn table_one_reads_as_a_paper_prints_it() {
    let output = lung(&["--table-one", "age,ph.ecog", "--table-one-numbers", "mean"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in [
        "Persons, n                               138             90            228",
        "age, mean (SD)                    63.3 (9.1)     61.1 (8.8)     62.4 (9.1)          0.25",
        "  Missing                            1 (0.7)        0 (0.0)        1 (0.4)",
        "Events, n                                112             53            165",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let text = String::from_utf8_lossy(&lung(&["--table-one", "age", "--language", "nb"]).stdout).into_owned();
    for words in ["Kjennetegn ved personene ved inngang etter sex", "age, gjennomsnitt (SD)", "63,3 (9,1)", "Alle"] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[test]
fn a_column_that_is_not_there_is_named() {
    let output = lung(&["--table-one", "agee"]);
    assert_eq!(output.status.code(), Some(13), "{}", String::from_utf8_lossy(&output.stderr));
    let output = lung(&["--table-one", "age", "--table-one-differences", "max"]);
    assert_eq!(output.status.code(), Some(2));
}

/// All that a study prints is in the language asked for: no note, reason or remark stays in English, and the tidy files
/// are the same.
#[test]
fn a_study_in_norwegian_has_no_english_notes_and_the_same_data_files() {
    let place = tempfile::tempdir().expect("a folder");
    let run = |name: &str, args: &[&str]| {
        let out = place.path().join(name);
        let study = root("examples/phc-opmh/study.toml");
        let given = ["fit", study.to_str().expect("text"), "--out", out.to_str().expect("text"), "--format", "none"];
        let output = cohort(&[&given[..], args].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        out.join("internal")
    };
    let (english, norwegian) = (run("en", &[]), run("nb", &["--language", "nb"]));
    let read = |path: PathBuf| fs::read_to_string(path).expect("a file of the results");
    for file in fs::read_dir(english.join("tables")).expect("tables") {
        let name = file.expect("a file").file_name();
        let of = |folder: &Path| read(folder.join("tables").join(&name));
        assert_eq!(of(&english), of(&norwegian), "{name:?}");
    }
    let (text, report) = (read(norwegian.join("report.md")), read(norwegian.join("results.json")));
    let report: Value = serde_json::from_str(&report).expect("JSON");
    for note in report["notes"].as_array().expect("notes") {
        let message = note["message"].as_str().expect("text");
        assert!(!text.contains(message), "not translated: {message}");
    }
    for words in ["Personflyt", "Sammenlikning av modeller", "felles referanse", "Referansenivåer", "tosidige"] {
        assert!(text.contains(words), "{words}");
    }
    let checklist = read(norwegian.join("checklist.md"));
    assert!(checklist.contains("STROBE 13a") && checklist.contains("Personer igjen"), "{checklist}");
}

/// Likelihood-ratio tests of the blocks: twice the difference of the log partial likelihoods that the run itself reports.
#[test]
fn blocks_of_a_study_are_tested_against_each_other() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("out");
    let study = root("examples/phc-opmh/study.toml");
    let output =
        cohort(&["fit", study.to_str().expect("text"), "--out", out.to_str().expect("text"), "--format", "none"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json = fs::read_to_string(out.join("internal/results.json")).expect("results");
    let report: Value = serde_json::from_str(&json).expect("JSON");
    let fitted = |k: usize| report["models"][k]["log_partial_likelihood"]["fitted"].as_f64().expect("a number");
    for k in 1..4 {
        let found = &report["comparisons"][k - 1];
        assert_eq!(found["nested"], report["models"][k - 1]["name"]);
        assert_eq!(found["test"]["chisq"].as_f64(), Some(2.0 * (fitted(k) - fitted(k - 1))));
    }
    let interaction = &report["models"][3]["interactions"][0];
    let cell = |of: &str, exposure: &str, modifier: &str| {
        let is = |c: &&Value| c["exposure_level"] == exposure && c["modifier_level"] == modifier;
        interaction[of].as_array().expect("cells").iter().find(is).expect("a cell")["hr"].as_f64().expect("a number")
    };
    // The three presentations hold together: joint(e, m) = within(e | m) · joint(e₀, m) = by_exposure(m | e) · joint(e, m₀).
    let (e, m) = ("nordic", "1");
    let joint = cell("joint", e, m);
    assert!((joint / (cell("within", e, m) * cell("joint", "majority", m)) - 1.0).abs() < 1e-12);
    assert!((joint / (cell("by_exposure", e, m) * cell("joint", e, "2")) - 1.0).abs() < 1e-12);
}

/// `fit` and `describe` both take a condition and both take a column of kinds of events: the same model, the same curves.
#[test]
fn competing_events_are_a_condition_or_a_column() {
    let file = root("data-fixtures/reference/data/mgus2.csv");
    let file = file.to_str().expect("text");
    let report = |args: &[&str]| -> Value {
        let output = cohort(&[args, &["--format", "none", "--json", "-"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let formula = "Surv(etime, event == 'pcm') ~ sex";
    let fit = |competing: &[&str]| report(&[&["fit", file, "-f", formula, "--fine-gray"], competing].concat());
    let (condition, column) =
        (fit(&["--competing", "event == 'death'"]), fit(&["--competing", "event", "--censored", "censor"]));
    assert_eq!(condition["models"][0]["coefficients"], column["models"][0]["coefficients"]);
    let describe = |competing: &[&str], formula: &str| {
        let found = report(&[&["describe", file, "-f", formula, "--times", "60,120"], competing].concat());
        found["descriptions"][0]["groups"][0]["incidence"].clone()
    };
    let by_column = describe(&["--competing", "event", "--censored", "censor"], "Surv(etime, event == 'pcm') ~ sex");
    let by_condition = describe(&["--competing", "event == 'death'"], "Surv(etime, event == 'pcm') ~ sex");
    let points = |of: &Value, cause: &str| {
        let is = |c: &&Value| c["cause"] == cause;
        of.as_array().expect("causes").iter().find(is).expect("a cause")["points"].clone()
    };
    assert_eq!(points(&by_condition, "event"), points(&by_column, "pcm"));
    assert_eq!(points(&by_condition, "event == 'death'"), points(&by_column, "death"));
    let refused = cohort(&["fit", file, "-f", formula, "--competing", "event"]);
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && text.contains("--censored"), "{text}");
}
