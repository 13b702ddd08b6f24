//! `cohort describe`: the numbers of R at the terminal, rates against files, a study's section, what leaves the server.

use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data-fixtures/reference/data").join(name)
}

fn cohort(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cohort")).arg("describe").args(args).output().expect("cohort starts")
}

/// `results.json` of a description that works.
fn described(file: &Path, args: &[&str]) -> Value {
    let input = file.to_str().expect("a path of text");
    let output = cohort(&[&[input, "--format", "none", "--json", "-"], args].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    report["descriptions"][0].clone()
}

/// Exit code and message of one that does not.
fn refused(args: &[&str]) -> (i32, String) {
    let output = cohort(args);
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

/// R's numbers of a case of the reference folder.
fn expected(case: &str) -> Value {
    let path = data("..").join("expected").join(format!("{case}.json"));
    let file: Value = serde_json::from_str(&fs::read_to_string(path).expect("a case")).expect("JSON");
    file["expected"].clone()
}

#[track_caller]
fn close(ours: &Value, r: &Value) {
    let (a, b) = (ours.as_f64().unwrap_or(f64::NAN), r.as_f64().unwrap_or(f64::NAN));
    assert!((a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-10 * b.abs(), "ours {ours}, R {r}");
}

const LUNG: &str = "Surv(time, status == 2) ~ sex";

#[test]
fn survival_of_a_data_file_is_that_of_r() {
    let args = ["-f", LUNG, "--times", "100,365,730", "--quantiles", "0.25,0.5,0.75", "--restricted-mean", "365"];
    let found = described(&data("lung.csv"), &[&args[..], &["--log-rank", "--test", "rho=1"]].concat());
    let r = expected("km-lung-sex");
    for (g, group) in found["groups"].as_array().expect("groups").iter().enumerate() {
        for j in 0..3 {
            let point = &group["survival"][j];
            close(&point["probability"], &r["at_times"]["surv"][3 * g + j]);
            close(&point["se"], &r["at_times"]["std_err_surv"][3 * g + j]);
            close(&point["at_risk"], &r["at_times"]["n_risk"][3 * g + j]);
            let quantile = &group["quantiles"][j];
            close(&quantile["time"], &r["quantiles"]["log"]["quantile"][g][j]);
            close(&quantile["lower"], &r["quantiles"]["log"]["lower"][g][j]);
            close(&quantile["upper"], &r["quantiles"]["log"]["upper"][g][j]);
        }
        close(&group["restricted_mean"]["mean"], &r["rmean"][0]["rmean"][g]);
        close(&group["restricted_mean"]["se"], &r["rmean"][0]["se"][g]);
    }
    let r = expected("logrank-lung-sex");
    for (ours, r) in found["tests"].as_array().expect("tests").iter().zip(r["tests"].as_array().expect("tests")) {
        close(&ours["test"]["chisq"], &r["chisq"]);
        close(&ours["expected"][0], &r["expected"][0]);
    }
}

#[test]
fn competing_events_and_weights_are_those_of_r() {
    let args = ["-f", "Surv(etime) ~ sex", "--competing", "event", "--censored", "censor", "--times", "12,60"];
    let found = described(&data("mgus2.csv"), &args);
    let r = expected("cif-mgus2-sex");
    for (g, group) in found["groups"].as_array().expect("groups").iter().enumerate() {
        for cause in group["incidence"].as_array().expect("kinds of events") {
            let r = &r["aalen_johansen"][g]["states"][cause["cause"].as_str().expect("a name")];
            for j in 0..2 {
                close(&cause["points"][j]["probability"], &r["prob"][j]);
                close(&cause["points"][j]["se"], &r["se"][j]);
                close(&cause["points"][j]["lower"], &r["lower_log"][j]);
            }
        }
    }
    close(&found["tests"][0]["test"]["p"], &r["cuminc"]["gray_test"][0]["p"]);
    let weighted = described(&data("lung.csv"), &["-f", LUNG, "--weights", "w", "--interval", "log-log"]);
    assert_eq!(weighted["robust"], json!(true));
    let r = &expected("km-lung-nonint-weights")["quantiles"]["log-log"];
    close(&weighted["groups"][0]["quantiles"][0]["lower"], &r["lower"][0][1]);
    let why = refused(&[data("lung.csv").to_str().expect("text"), "-f", LUNG, "--weights", "w", "--log-rank"]);
    assert_eq!(why.0, 10);
    assert!(why.1.contains("take no case weights"), "{}", why.1);
}

/// Six people of two sexes; ages 38 to 61. Person-time by hand in the test below.
const PEOPLE: &str = "sex,age,time,death\nm,38,4,1\nm,45,5,0\nf,39,1,0\nf,50,10,1\nf,41,2,0\nm,58,3,1\n";

#[test]
fn rates_against_files_are_worked_out_by_hand() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).expect("a file");
        folder.path().join(name).to_str().expect("text").to_owned()
    };
    let people = folder.path().join("people.csv");
    file("people.csv", PEOPLE);
    let rates = file("rates.csv", "sex,age,rate\nm,0,10\nm,40,20\nm,55,40\nf,0,5\nf,40,10\nf,55,20\n");
    let common = ["-f", "Surv(time, death) ~ sex", "--bands", "age=0,40,55,120"];
    let args = ["--reference-rates", &rates, "--reference-per", "1000"];
    let found = described(&people, &[&common[..], &args[..]].concat());
    // Men: 2 years under 40, 2 + 5 to 55, 3 over; women: 1, 5 + 2, 5.
    let expected_events = |g: usize| found["groups"][g]["observed_expected"]["expected"].as_f64().expect("a number");
    assert!((expected_events(1) - (2.0 * 10.0 + 7.0 * 20.0 + 3.0 * 40.0) / 1000.0).abs() < 1e-15);
    assert!((expected_events(0) - (5.0 + 7.0 * 10.0 + 5.0 * 20.0) / 1000.0).abs() < 1e-15);
    assert_eq!(found["groups"][1]["observed_expected"]["observed"], json!(2));
    let weights = file("standard.csv", "age,weight\n0,1\n40,2\n55,1\n");
    let args = ["--standardise", "age", "--standard", &weights, "--per", "100"];
    let found = described(&people, &[&common[..], &args[..]].concat());
    let rate = |g: usize| found["groups"][g]["standardised"]["rate"].as_f64().expect("a rate");
    // Men: events 0, 1, 1 in 2, 7, 3 years; women: 0, 0, 1 in 1, 7, 5.
    assert!((rate(1) - 100.0 * (2.0 / 7.0 + 1.0 / 3.0) / 4.0).abs() < 1e-12);
    assert!((rate(0) - 100.0 * (1.0 / 5.0) / 4.0).abs() < 1e-12);
}

#[test]
fn faults_of_files_of_rates_name_place_and_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write("people.csv", PEOPLE);
    write("rates.csv", "sex,age,rate\nm,0,10\nm,40,20\nf,0,5\nf,40,10\n");
    write("twice.csv", "sex,rate\nm,1\nf,2\nm,3\n");
    write("text.csv", "sex,rate\nm,1\nf,-2\n");
    write("norate.csv", "sex,value\nm,1\n");
    write("other.csv", "region,rate\nnorth,1\n");
    let run = |args: &[&str]| {
        let all = [&["people.csv", "-f", "Surv(time, death) ~ 1"], args].concat();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cohort"));
        let output = command.arg("describe").args(all).current_dir(folder.path()).output().expect("cohort starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).trim().to_owned())
    };
    let reference = |file: &str| run(&["--reference-rates", file]);
    let message = |file: &str| reference(file).1;
    assert_eq!(message("twice.csv"), "twice.csv, row 4: the stratum stands in an earlier row; keep one of them");
    assert_eq!(message("text.csv"), "text.csv, row 3, column rate: expected a number that is not negative");
    assert_eq!(
        message("norate.csv"),
        "norate.csv: expected a column `rate` and one column for each variable that makes the strata"
    );
    assert!(message("other.csv").contains("there is no column `region`"), "{}", message("other.csv"));
    let (code, text) = run(&["--bands", "age=0,40,55,120", "--reference-rates", "rates.csv"]);
    assert_eq!(code, Some(10));
    assert_eq!(
        text,
        "rates.csv: no rate for 2 of the 6 strata of the data, which hold 2 records, with 1 level of age that the file \
         never has; add the rows, or leave these records out with --where"
    );
    let (_, text) = run(&["--bands", "age=40,55", "--reference-rates", "rates.csv"]);
    assert!(
        text.starts_with("--bands age: 4 records have person-time before the first or after the last break"),
        "{text}"
    );
    let (code, text) = run(&["--bands", "age=55,40", "--rates"]);
    assert!(code == Some(10) && text.contains("ascending"), "{text}");
    let (code, text) = run(&["--log-rank"]);
    assert!(code == Some(10) && text.contains("name them on the right side"), "{text}");
}

/// The same bytes for any order of the rows and any number of threads.
#[test]
fn order_of_rows_and_threads_do_not_show() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = fs::read_to_string(data("lung.csv")).expect("data");
    let (header, rows) = text.split_once('\n').expect("a header");
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.reverse();
    rows.rotate_left(77);
    let other = folder.path().join("lung.csv");
    fs::write(&other, format!("{header}\n{}\n", rows.join("\n"))).expect("a file");
    let args = ["-f", LUNG, "--times", "100,365", "--weights", "w", "--cluster", "inst", "--curves", "--rates"];
    let one = described(&data("lung.csv"), &[&args[..], &["--threads", "1"]].concat());
    let two = described(&other, &[&args[..], &["--threads", "3"]].concat());
    assert_eq!(one["groups"], two["groups"]);
}

#[test]
fn a_study_says_itself_what_is_described() {
    let study = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/phc-opmh/study.toml");
    let (code, text) = refused(&[study.to_str().expect("text"), "--times", "180"]);
    assert_eq!(code, 2);
    assert!(text.starts_with("--times belongs to a data file"), "{text}");
}

const EXAMPLE: &str = "examples/phc-opmh/study.toml";

/// The example study with its crude model alone; `keys` go into the model, `sections` behind the exits.
fn crude_study(folder: &Path, keys: &str, sections: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(EXAMPLE)).expect("the example");
    let text = text.replace("../../data-fixtures", root.join("data-fixtures").to_str().expect("text"));
    let crude = "formula = \"migrant_group\"\n";
    assert_eq!(text.matches(crude).count(), 1);
    let text = text.replace(crude, &format!("{crude}{keys}\n"));
    let end = text.find("[[model]]\nname = \"predisposing\"").expect("the second model");
    let rest = &text[text.find("[disclosure]").expect("its section")..];
    let path = folder.join("study.toml");
    fs::write(&path, format!("{}{sections}\n{rest}", &text[..end])).expect("a file");
    path
}

/// Runs a command on a study and gives its standard output.
fn run_study(command: &str, study: &Path, args: &[&str]) -> String {
    let mut run = Command::new(env!("CARGO_BIN_EXE_cohort"));
    let output = run.arg(command).arg(study).args(args).output().expect("cohort starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn messages(report: &Value) -> Vec<&str> {
    let notes = report["notes"].as_array().expect("notes").iter();
    notes.filter_map(|n| n["message"].as_str()).filter(|m| m.contains("competing")).collect()
}

/// The person-time that a study leaves gives, as a data file, the numbers of its `[describe]`.
#[test]
fn a_study_is_described_as_its_person_time_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let section = "[describe]\nby = [\"sex\"]\ntimes = [180, 365]\nlog_rank = true\nrestricted_mean = 365\n\
                   competing = [\"emigration\", \"death\"]\n";
    let study = crude_study(folder.path(), "", section);
    let out = folder.path().join("out");
    let out_text = out.to_str().expect("text");
    let json = run_study("describe", &study, &["--out", out_text, "--format", "none", "--json", "-"]);
    let report: Value = serde_json::from_str(&json).expect("JSON");
    let ours = &report["descriptions"][0];
    assert_eq!(messages(&report), [""; 0]);
    // The order of the groups is the study's, that of the kinds of events the order of the key.
    let kinds = |description: &Value, key: &str| -> Vec<String> {
        let of = description["groups"][0]["incidence"].as_array().expect("kinds of events").iter();
        of.map(|c| c[key].as_str().expect("text").to_owned()).collect()
    };
    assert_eq!(kinds(ours, "cause"), ["first outpatient contact", "emigration", "death"]);
    let file = described(
        &out.join("internal/person_time.parquet"),
        &[
            &["-f", "Surv(exit, event) ~ sex", "--levels", "sex=2,1", "--id", "person", "--times", "180,365"][..],
            &["--log-rank", "--restricted-mean", "365", "--rates", "--time-scale", "365.25", "--competing"][..],
            &["exit_reason", "--censored", "end of data", "--censored", "end of follow-up (730 days)"][..],
        ]
        .concat(),
    );
    assert_eq!(kinds(&file, "cause"), ["death", "emigration", "first outpatient contact"]);
    let parts = ["records", "persons", "events", "survival", "quantiles", "restricted_mean", "rate"];
    for (own, other) in
        ours["groups"].as_array().expect("groups").iter().zip(file["groups"].as_array().expect("groups"))
    {
        parts.iter().for_each(|part| assert_eq!(own[part], other[part], "{part}"));
        for kind in own["incidence"].as_array().expect("kinds of events") {
            let mut others = other["incidence"].as_array().expect("kinds of events").iter();
            let same = others.find(|c| c["cause"] == kind["cause"]).expect("the same kind");
            assert!(kind["events"].as_u64() > Some(0) && kind["points"].as_array().is_some_and(|p| p.len() == 2));
            assert_eq!((&kind["events"], &kind["points"]), (&same["events"], &same["points"]));
        }
    }
    let test = |description: &Value, name: &str, cause: Option<&str>| -> Value {
        let tests = description["tests"].as_array().expect("tests");
        let found = tests.iter().find(|t| t["name"] == name && t["cause"].as_str() == cause);
        found.expect("the test")["test"].clone()
    };
    for cause in kinds(ours, "cause") {
        let gray = test(ours, "Gray", Some(&cause));
        assert!(gray["chisq"].as_f64() > Some(0.0), "{gray}");
        assert_eq!(gray, test(&file, "Gray", Some(&cause)));
    }
    let log_rank = ours["tests"].as_array().expect("tests").iter().find(|t| t["name"] != "Gray").expect("log-rank");
    let name = log_rank["name"].as_str().expect("text");
    assert_eq!(log_rank["test"], test(&file, name, None));
    // Deaths of both groups are those of the table of exits.
    let deaths: u64 = (0..2).map(|g| ours["groups"][g]["incidence"][2]["events"].as_u64().expect("a count")).sum();
    let exits = report["exits"].as_array().expect("exits");
    assert_eq!(json!(deaths), exits.iter().find(|e| e["reason"] == "death").expect("death")["persons"]);
    assert!(json.contains("Survival and its log-rank test censor at emigration, death"), "{json}");
}

/// Competing events that nobody had are said, for models and for the description.
#[test]
fn competing_exits_of_nobody_are_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let exit = "[[follow_up.exit]]\nlabel = \"moved north\"\ndate = 2030-01-01\n";
    let section = "[describe]\ntimes = [365]\ncompeting = [\"death\", \"moved north\"]\n";
    let keys = "competing = [\"moved north\"]\nmodel = \"fine_gray\"";
    let study = crude_study(folder.path(), keys, &format!("{exit}\n{section}"));
    let json = run_study("fit", &study, &["--format", "none", "--json", "-"]);
    let report: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        messages(&report),
        [
            "nobody had the competing event \"moved north\"; it has no cumulative incidence",
            "nobody had the competing event \"moved north\"; the model goes without it",
            "without a competing event the Fine-Gray model is a Cox model, and was fitted as one",
        ]
    );
    let group = &report["descriptions"][0]["groups"][0];
    assert_eq!(group["incidence"].as_array().map(Vec::len), Some(2));
    assert_eq!(report["models"][0]["competing"], Value::Null);
}
