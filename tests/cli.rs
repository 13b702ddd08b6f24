//! The real binary: streams, messages, exit codes; after every fault nothing half-written, nothing lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program, run in `folder`.
fn cohort(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cohort")).args(args).current_dir(folder).output().expect("cohort starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What is in a folder, by name.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let mut names: Vec<String> =
        entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A small delivery with its study: ten people, one contact file.
struct Delivery(TempDir);

const STUDY: &str = r#"
[study]
name = "small"
title = "A small study"

[extract.people]
file = "people.csv"
delimiter = ";"
encoding = "utf-8"
key = { column = "id" }
one_per_person = true

[extract.people.columns]
sex = { column = "sex", type = "code", levels = ["1", "2"] }
start = { column = "start", type = "date", format = "YYYY-MM-DD" }
death = { column = "death", type = "date", format = "YYYY-MM-DD" }
end = { column = "end", type = "date", format = "YYYY-MM-DD" }
schooling = { column = "schooling", type = "code", width = 6 }

[cohort]
population = "people"

[cohort.index]
date = "people.start"

[follow_up]
scale = "since_index"
event_at_entry = "error"

[follow_up.event]
label = "death"
date = "people.death"

[[follow_up.exit]]
label = "end of data"
date = "people.end"

[covariate.sex]
label = "Sex"
from = "people.sex"
levels = [{ value = "1", label = "Men" }, { value = "2", label = "Women" }]
if_missing = "error"

[[model]]
name = "sex"
formula = "sex"

[disclosure]
profile = "none"
"#;

const PEOPLE: &str = "id;sex;start;death;end;schooling
KEY01;1;2010-01-01;2010-03-01;2012-12-31;099010
KEY02;2;2010-01-01;;2012-12-31;301010
KEY03;1;2010-01-05;2011-03-01;2012-12-31;301010
KEY04;2;2010-02-01;2012-01-01;2012-12-31;301010
KEY05;1;2010-02-01;;2012-12-31;301010
KEY06;2;2010-03-01;2010-05-07;2012-12-31;601010
KEY07;1;2010-03-01;2010-09-01;2012-12-31;601010
KEY08;2;2010-03-01;;2012-12-31;601010
";

impl Delivery {
    fn new() -> Delivery {
        let delivery = Delivery(tempfile::tempdir().expect("a temporary folder"));
        delivery.write("study.toml", STUDY);
        delivery.write("people.csv", PEOPLE);
        delivery
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), text).expect("a file is written");
    }

    /// Replaces `from` by `to` in a file that must contain it.
    fn change(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path().join(name)).expect("a file is read");
        assert!(text.contains(from), "{name} holds {from}");
        self.write(name, text.replacen(from, to, 1));
    }

    /// Runs the study and asserts the exit code and the words of the message; no results, no leftovers, no key.
    fn fails(&self, code: i32, words: &[&str]) {
        let before = names(self.path());
        let output = cohort(self.path(), &["fit", "study.toml", "--out", "results"]);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{message}");
        for word in words {
            assert!(message.contains(word), "`{word}` is not in: {message}");
        }
        assert!(!message.contains("KEY0"), "a person's key is in: {message}");
        assert!(output.stdout.is_empty(), "nothing is printed as a result");
        assert_eq!(names(self.path()), before, "nothing is left behind");
    }
}

#[test]
fn a_study_gives_a_complete_private_folder() {
    let delivery = Delivery::new();
    let output = cohort(delivery.path(), &["fit", "study.toml", "--out", "results"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let results = delivery.path().join("results");
    assert_eq!(names(&results), ["checker.md", "export", "internal", "manifest.json"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("8 persons, 5 events"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: PathBuf| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode(results.clone()), 0o700);
        for file in ["internal/person_time.parquet", "internal/results.json", "manifest.json"] {
            assert_eq!(mode(results.join(file)), 0o600, "{file}");
        }
    }
}

#[test]
fn a_missing_file_names_it() {
    let delivery = Delivery::new();
    fs::remove_file(delivery.path().join("people.csv")).expect("removed");
    delivery.fails(10, &["study.toml, line 7", "people.csv"]);
}

#[test]
fn a_missing_column_lists_the_header() {
    let delivery = Delivery::new();
    delivery.change("people.csv", "id;sex;start;death", "id;kjonn;start;death");
    delivery.fails(10, &["people.csv", "sex", "kjonn"]);
}

#[test]
fn a_wrong_delimiter_says_which_one_the_header_has() {
    let delivery = Delivery::new();
    delivery.change("study.toml", "delimiter = \";\"", "delimiter = \",\"");
    delivery.fails(10, &["people.csv", "delimiter = \";\""]);
}

#[test]
fn bytes_that_do_not_fit_the_encoding_name_the_row() {
    let delivery = Delivery::new();
    let latin_1 = |text: &str| text.chars().map(|c| c as u8).collect::<Vec<_>>();
    let bad = "KEY99;1;2010-01-01;;2012-12-31;30\u{e6}10\n";
    delivery.write("people.csv", latin_1(&format!("{PEOPLE}{bad}")));
    delivery.fails(10, &["people.csv is not utf-8", "encoding = \"latin-1\""]);
    // Beyond what `check` looks at, the reader finds it, and says where.
    let many: String = (0..20_000).map(|i| format!("P{i};1;2010-01-01;;2012-12-31;301010\n")).collect();
    delivery.write("people.csv", latin_1(&format!("{PEOPLE}{many}{bad}")));
    delivery.fails(11, &["people.csv, row 20010", "utf-8"]);
}

#[test]
fn a_date_that_does_not_parse_names_row_and_column() {
    let delivery = Delivery::new();
    delivery.change("people.csv", "2011-03-01", "01.03.2011");
    delivery.fails(11, &["people.csv, row 4, column death", "YYYY-MM-DD"]);
}

#[test]
fn an_unknown_level_is_counted_and_not_shown() {
    let delivery = Delivery::new();
    delivery.change("people.csv", "KEY03;1", "KEY03;SECRET");
    delivery.fails(11, &["people.csv, row 4, column sex", "levels"]);
    let output = cohort(delivery.path(), &["fit", "study.toml"]);
    assert!(!stderr(&output).contains("SECRET"));
}

#[test]
fn a_key_that_does_not_link_shows_the_shapes_not_the_keys() {
    let delivery = Delivery::new();
    delivery.write("link.csv", "ours;theirs\n1;K-1\n2;K-2\n");
    delivery.change("study.toml", "[extract.people]", "[linkage]\nfile = \"link.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nkeys = { a = \"ours\", b = \"theirs\" }\nmin_matched = 0.9\n\n[extract.people]");
    delivery.change("study.toml", "key = { column = \"id\" }", "key = { column = \"id\", spelling = \"b\" }");
    delivery.fails(11, &["0 of 8", "shape"]);
}

#[test]
fn a_person_twice_names_the_column_that_differs() {
    let delivery = Delivery::new();
    delivery.change(
        "people.csv",
        "KEY05;1;2010-02-01;;2012-12-31;301010\n",
        "KEY05;1;2010-02-01;;2012-12-31;301010\nKEY05;2;2010-02-01;;2012-12-31;301010\n",
    );
    delivery.fails(11, &["people.csv", "1 person", "sex"]);
}

#[test]
fn a_code_that_was_read_as_a_number_is_trap_one() {
    let delivery = Delivery::new();
    delivery.change("people.csv", ";099010", ";99010");
    delivery.change("study.toml", "[[model]]", "[covariate.school]\nlabel = \"Schooling\"\nfrom = \"people.schooling\"\nprefix = 1\ngroup = { low = [\"0\"], high = [\"3\", \"6\"] }\nlevels = [{ value = \"low\", label = \"Low\" }, { value = \"high\", label = \"High\" }]\nif_missing = \"error\"\n\n[[model]]");
    delivery.fails(11, &["people.csv", "column schooling", "5 digits", "pad_left"]);
}

#[test]
fn exit_before_entry_is_impossible_person_time() {
    let delivery = Delivery::new();
    delivery.change("people.csv", "2010-03-01;2010-05-07", "2010-03-01;2010-02-07");
    delivery.fails(12, &["1 person", "before"]);
}

#[test]
fn no_events_is_a_fault_of_the_model() {
    let delivery = Delivery::new();
    let alive: String = PEOPLE
        .lines()
        .map(|line| {
            let mut fields: Vec<&str> = line.split(';').collect();
            if fields[0] != "id" {
                fields[3] = "";
            }
            fields.join(";") + "\n"
        })
        .collect();
    delivery.write("people.csv", alive);
    delivery.fails(13, &["none of the 8 records ends in an event"]);
}

#[test]
fn nobody_eligible_says_which_step_took_the_last() {
    let delivery = Delivery::new();
    delivery.change(
        "study.toml",
        "[follow_up]",
        "[[cohort.step]]\nlabel = \"started in 1999\"\ninclude = \"start < DATE '2000-01-01'\"\n\n[follow_up]",
    );
    delivery.fails(12, &["nobody", "started in 1999"]);
}

#[test]
fn a_formula_with_a_typo_marks_the_place() {
    let delivery = Delivery::new();
    delivery.change("study.toml", "formula = \"sex\"", "formula = \"sxe\"");
    delivery.fails(10, &["study.toml", "sxe", "sex"]);
    let data = root().join("data-fixtures/reference/data/lung.csv").display().to_string();
    let output = cohort(delivery.path(), &["fit", &data, "--formula", "Surv(time, status == 2) ~ agee + sex"]);
    assert_eq!(output.status.code(), Some(10));
    assert!(stderr(&output).contains("^^^^") && stderr(&output).contains("`age`"), "{}", stderr(&output));
}

#[test]
fn a_term_without_variation_is_named() {
    let delivery = Delivery::new();
    delivery.write("people.csv", PEOPLE.replace(";2;20", ";1;20"));
    let before = names(delivery.path());
    let output = cohort(delivery.path(), &["fit", "study.toml", "--out", "results"]);
    let message = stderr(&output) + &String::from_utf8_lossy(&output.stdout);
    assert!(message.contains("sex"), "{message}");
    assert_eq!(output.status.code(), Some(10), "{message}");
    assert_eq!(names(delivery.path()), before);
}

#[test]
fn an_existing_results_folder_is_not_touched() {
    let delivery = Delivery::new();
    fs::create_dir(delivery.path().join("results")).expect("a folder");
    delivery.write("results/thesis.txt", "years of work");
    delivery.fails(14, &["results", "--overwrite"]);
    let output = cohort(delivery.path(), &["fit", "study.toml", "--out", "results", "--overwrite"]);
    assert_eq!(output.status.code(), Some(14), "a folder that no run wrote is never replaced");
    assert_eq!(names(&delivery.path().join("results")), ["thesis.txt"]);
}

/// A limit on the size of a file stands for a full disk: writing fails half-way in the same way.
#[test]
#[cfg(unix)]
fn a_full_disk_leaves_nothing_behind() {
    let delivery = Delivery::new();
    let before = names(delivery.path());
    let limited = |command: &str| {
        let script = format!("trap '' XFSZ; ulimit -f 2; exec \"$0\" {command}");
        Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_cohort")])
            .current_dir(delivery.path())
            .output()
            .expect("sh starts")
    };
    let fit = limited("fit study.toml --out results");
    assert_eq!(fit.status.code(), Some(14), "{}", stderr(&fit));
    assert!(stderr(&fit).contains("results"), "{}", stderr(&fit));
    assert_eq!(names(delivery.path()), before);
    let simulated = limited("simulate --persons 2000 --out delivery");
    assert_eq!(simulated.status.code(), Some(14), "{}", stderr(&simulated));
    assert_eq!(names(delivery.path()), before);
    fs::write(delivery.path().join("old.json"), "kept").expect("written");
    let json = limited("fit study.toml --format none --json old.json");
    assert_eq!(json.status.code(), Some(14), "{}", stderr(&json));
    assert_eq!(fs::read_to_string(delivery.path().join("old.json")).expect("read"), "kept");
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_leaves_nothing_behind() {
    for signal in ["INT", "TERM"] {
        for args in [
            vec!["fit", "study.toml", "--out", "here/results"],
            vec!["simulate", "--persons", "3000000", "--out", "here/results"],
            vec!["simulate", "--study", "S", "--persons", "300000", "--out", "here/results"],
            vec!["simulate", "--study", "S", "--persons", "5000", "--dirt", "worst", "--out", "here/deep/results"],
        ] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            fs::create_dir(folder.path().join("here")).expect("a folder");
            let study = root().join("examples/phc-opmh/study.toml").display().to_string();
            let is_study = |arg: &&str| matches!(*arg, "study.toml" | "S");
            let args: Vec<&str> = args.iter().map(|arg| if is_study(arg) { study.as_str() } else { arg }).collect();
            let mut child = Command::new(env!("CARGO_BIN_EXE_cohort"))
                .args(&args)
                .arg("--quiet")
                .current_dir(folder.path())
                .stderr(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .spawn()
                .expect("cohort starts");
            let begun = Instant::now();
            // The last of them is ended while the study is tried on clean extracts, which stand in the unfinished folder.
            let under_way = || match args.contains(&"worst") {
                true => fs::read_dir(folder.path().join("here/deep/results"))
                    .is_ok_and(|mut inside| inside.any(|e| e.is_ok_and(|e| e.path().join(".clean/kuhr").exists()))),
                false => !names(&folder.path().join("here")).is_empty(),
            };
            while !under_way() {
                assert!(begun.elapsed() < Duration::from_secs(60), "the unfinished folder appears");
                std::thread::sleep(Duration::from_millis(2));
            }
            let killed =
                Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status().expect("kill");
            assert!(killed.success());
            let status = child.wait().expect("the program ends");
            assert_eq!(status.code(), Some(130), "{signal} {args:?}");
            assert_eq!(names(&folder.path().join("here")), Vec::<String>::new(), "{signal} {args:?}");
        }
    }
}

#[test]
fn faults_of_usage_have_their_own_code() {
    let delivery = Delivery::new();
    for args in [
        &["fit"][..],
        &["fit", "people.csv"],
        &["fit", "study.toml", "--formula", "x"],
        &["fit", "study.toml", "--level", "0.9"],
        &["fit", "people.csv", "--level", "95"],
    ] {
        let output = cohort(delivery.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(!stderr(&output).is_empty());
    }
    let help = cohort(delivery.path(), &["--help"]);
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("Exit codes"));
}

/// Stacked completed data by flag, and the same as a file each: the same pooled numbers.
#[test]
fn completed_data_sets_are_pooled() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stacked = fs::read_to_string(root().join("data-fixtures/reference/data/mi_pbc.csv")).expect("the data set");
    let (header, rows) = stacked.split_once('\n').expect("a header");
    for imputation in 1..=3 {
        let own = rows.lines().filter(|row| row.starts_with(&format!("{imputation},"))).collect::<Vec<_>>().join("\n");
        fs::write(folder.path().join(format!("{imputation}.csv")), format!("{header}\n{own}\n")).expect("written");
    }
    let first: Vec<&str> = rows.lines().filter(|row| "123".contains(&row[..1])).collect();
    // The incomplete original, as mice and Stata number it.
    let original = first[0].replacen("1,", "0,", 1);
    fs::write(folder.path().join("all.csv"), format!("{header}\n{original}\n{}\n", first.join("\n"))).expect("written");
    let formula = "Surv(time, status == 2) ~ sex * chol + age";
    let run = |args: &[&str]| {
        let rest = ["--formula", formula, "--interaction", "sex:chol@200,400", "--format", "json"];
        let output = cohort(folder.path(), &[&["fit"], args, &rest].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("JSON")
    };
    let by_column = run(&["all.csv", "--imputation", "imp"]);
    let by_file = run(&["1.csv", "--imputed", "2.csv", "3.csv"]);
    let (a, b) = (&by_column["models"][0], &by_file["models"][0]);
    for part in ["coefficients", "covariance", "interactions"] {
        assert!(a[part].as_array().is_some_and(|v| !v.is_empty()) && a[part] == b[part], "{part}");
    }
    assert_eq!(a["pooling"]["coefficients"], b["pooling"]["coefficients"]);
    assert_eq!(a["pooling"]["imputations"][2]["name"], "3");
    assert_eq!(b["pooling"]["imputations"][2]["name"], "3.csv");
    let note =
        &by_column["notes"].as_array().expect("notes").iter().find(|n| n["source"] == "imp").expect("a note")["count"];
    assert_eq!(note, 1);
    // The hazard ratio at a value of chol is a linear combination: pooled as a whole, its test is that of the contrast.
    let contrast = run(&["all.csv", "--imputation", "imp", "--contrast", "sex=m, chol=400 vs sex=f, chol=400"]);
    let (cell, contrast) = (&a["interactions"][0]["within"][3], &contrast["models"][0]["contrasts"][0]);
    for key in ["hr", "p", "lower", "upper"] {
        let (x, y) = (cell[key].as_f64().expect("a number"), contrast[key].as_f64().expect("a number"));
        assert!((x - y).abs() < 1e-9 * y.abs(), "{key}: {x} and {y}");
    }
    let few = cohort(folder.path(), &["fit", "1.csv", "--imputation", "imp", "--formula", formula]);
    assert_eq!(few.status.code(), Some(13));
    assert!(stderr(&few).contains("pooling needs at least two"), "{}", stderr(&few));
}

/// A comparison is read with its faults marked, and a study says the same as a section.
#[test]
fn two_patterns_are_compared() {
    let delivery = Delivery::new();
    delivery.write("study.toml", format!("{STUDY}\n[[contrast]]\nmodel = \"sex\"\ncompare = \"sex=2 vs sex=1\"\n"));
    let output = cohort(delivery.path(), &["fit", "study.toml", "--format", "json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let (model, contrast) = (&report["models"][0], &report["models"][0]["contrasts"][0]);
    assert_eq!((&contrast["hr"], &contrast["p"]), (&model["coefficients"][0]["hr"], &model["coefficients"][0]["p"]));
    let data = root().join("data-fixtures/reference/data/lung.csv");
    let fit = |contrast: &str| {
        let data = data.to_str().expect("a path");
        let args = ["fit", data, "--formula", "Surv(time, status == 2) ~ age + factor(sex)", "--contrast", contrast];
        cohort(delivery.path(), &args)
    };
    let good = fit("age=70, sex=2 vs age=60, sex=1");
    let text = String::from_utf8_lossy(&good.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("Comparisons of covariate patterns"), "{text}");
    assert!(text.contains("chosen covariate patterns are linear combinations"), "{text}");
    let bad = fit("age=70 vs sex=1");
    assert_eq!(bad.status.code(), Some(10));
    assert!(stderr(&bad).contains("named on one side only"), "{}", stderr(&bad));
    let bad = fit("age=70, sex=3 vs age=60, sex=1");
    assert_eq!(bad.status.code(), Some(10));
    assert!(stderr(&bad).contains("`sex` has no level `3`; its levels are 1, 2"), "{}", stderr(&bad));
}

#[test]
fn check_finds_all_faults_at_once_and_a_sound_study_sound() {
    let delivery = Delivery::new();
    let sound = cohort(delivery.path(), &["check", "study.toml"]);
    assert!(sound.status.success(), "{}", stderr(&sound));
    delivery.change("study.toml", "if_missing = \"error\"", "if_missing = \"perhaps\"");
    delivery.change("study.toml", "event_at_entry = \"error\"", "");
    let output = cohort(delivery.path(), &["check", "study.toml"]);
    assert_eq!(output.status.code(), Some(10));
    assert!(
        stderr(&output).contains("if_missing") && stderr(&output).contains("event_at_entry"),
        "{}",
        stderr(&output)
    );
}

/// The bytes of every file of a results folder but the manifest, which carries times.
fn bytes_of(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|n| n != "manifest.json") {
                let name = path.strip_prefix(folder).expect("inside").to_owned();
                found.push((name, fs::read(&path).expect("a file")));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_model_study_has_the_same_bytes_for_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let study = root().join("examples/phc-opmh/study.toml").display().to_string();
    let mut all = Vec::new();
    for threads in ["1", "7"] {
        let out = folder.path().join(threads);
        let run = Command::new(env!("CARGO_BIN_EXE_cohort"))
            .args(["fit", &study, "--threads", threads, "--quiet", "--format", "none", "--out"])
            .arg(&out)
            .env("POLARS_MAX_THREADS", threads)
            .output()
            .expect("cohort starts");
        assert!(run.status.success(), "{}", stderr(&run));
        all.push(bytes_of(&out));
    }
    assert!(all[0].len() > 20, "tables, results and person-time");
    assert!(all.iter().all(|bytes| *bytes == all[0]));
}

#[test]
fn conventions_of_other_programs_fill_in_what_is_left_open() {
    let fit = |flags: &[&str]| -> serde_json::Value {
        let formula = "Surv(time, status == 2) ~ age + sex";
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cohort"));
        command.args(["fit", "data-fixtures/reference/data/lung.csv", "--formula", formula, "--cluster", "inst"]);
        let output = command.args(["--format", "none", "--json", "-"]).args(flags).output().expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("JSON")["models"][0].clone()
    };
    let (ours, stata, sas) = (fit(&[]), fit(&["--like", "stata"]), fit(&["--like", "sas"]));
    let (r, stated) =
        (fit(&["--like", "r"]), fit(&["--like", "stata", "--ties", "efron", "--cluster-correction", "none"]));
    assert_eq!([&ours["ties"], &r["ties"], &stata["ties"], &sas["ties"]], ["efron", "efron", "breslow", "breslow"]);
    // 18 institutions: Stata's variance is that of SAS times 18/17.
    let variance = |m: &serde_json::Value| m["coefficients"][0]["robust_se"].as_f64().expect("a number").powi(2);
    assert!((variance(&stata) / variance(&sas) - 18.0 / 17.0).abs() < 1e-12);
    assert_eq!(sas["coefficients"][0]["estimate"], stata["coefficients"][0]["estimate"]);
    // What is stated wins.
    assert_eq!(stated["coefficients"], ours["coefficients"]);
    assert_eq!(stated["like"], "stata");
    let text = std::process::Command::new(env!("CARGO_BIN_EXE_cohort"))
        .args([
            "fit",
            "data-fixtures/reference/data/lung.csv",
            "--formula",
            "Surv(time, status == 2) ~ age",
            "--like",
            "stata",
        ])
        .output()
        .expect("the program runs");
    // The methods paragraph is broken into lines.
    let text = String::from_utf8_lossy(&text.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["Stata stcox", "LR chi2", "followed the conventions of Stata stcox"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

#[test]
fn a_penalised_fit_has_no_residuals_that_start_from_a_zero_score() {
    let folder = tempfile::tempdir().expect("a folder");
    let fit = |name: &str, kind: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cohort"));
        command.args([
            "fit",
            "data-fixtures/reference/data/lung.csv",
            "--formula",
            "Surv(time, status == 2) ~ age + sex",
        ]);
        command.args(["--firth", "--residuals", kind, "--format", "none", "--out"]).arg(folder.path().join(name));
        command.output().expect("the program runs")
    };
    let refused = fit("dfbeta", "dfbeta");
    assert!(!refused.status.success());
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("a penalised fit has martingale and deviance residuals only"), "{message}");
    assert!(!folder.path().join("dfbeta").exists());
    assert!(fit("martingale", "martingale").status.success());
    assert!(folder.path().join("martingale/internal/residuals_model.parquet").exists());
}

/// Every file below a folder, by its path in it.
fn files_below(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for name in names(folder) {
        let path = folder.join(&name);
        match path.is_dir() {
            true => {
                files.extend(files_below(&path).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)))
            }
            false => files.push((name, fs::read(&path).expect("a file is read"))),
        }
    }
    files
}

/// Without the data, from the results file alone: the same files, byte for byte, inside and for export.
#[test]
fn a_report_is_written_again_from_its_results_file() {
    let delivery = Delivery::new();
    assert!(cohort(delivery.path(), &["fit", "study.toml", "--out", "results"]).status.success());
    fs::remove_file(delivery.path().join("people.csv")).expect("removed");
    for part in ["internal", "export"] {
        let results = format!("results/{part}/results.json");
        let formats = "text,markdown,html,docx,xlsx,latex,csv,json";
        let args = ["report", &results, "--format", formats, "--figures", "svg,pdf", "--out", part];
        let output = cohort(delivery.path(), &args);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(stderr(&output).contains("no disclosure control"), part == "internal");
        let written = files_below(&delivery.path().join("results").join(part));
        let again = files_below(&delivery.path().join(part));
        assert!(again.len() >= 10, "{}", again.len());
        for (name, bytes) in &again {
            let (_, expected) = written.iter().find(|(n, _)| n == name).expect("the run wrote it too");
            assert!(bytes == expected, "{part}/{name}");
        }
        for (name, _) in written.iter().filter(|(n, _)| !n.starts_with("curves") && !n.ends_with(".parquet")) {
            assert!(again.iter().any(|(n, _)| n == name), "{part}/{name} is not written again");
        }
    }
}

#[test]
fn a_report_goes_where_it_is_asked_to() {
    let delivery = Delivery::new();
    assert!(cohort(delivery.path(), &["fit", "study.toml", "--out", "out", "--format", "none"]).status.success());
    let results = "out/export/results.json";
    let report = |args: &[&str]| cohort(delivery.path(), &[&["report", results], args].concat());
    let text = report(&[]);
    assert!(text.status.success() && String::from_utf8_lossy(&text.stdout).starts_with("A small study\n"));
    assert_eq!(text.stdout, fs::read(delivery.path().join("out/export/report.txt")).expect("the run's text"));
    let page = report(&["--out", "page.html"]);
    assert!(page.status.success(), "{}", stderr(&page));
    assert!(page.stdout.is_empty());
    let written = fs::read(delivery.path().join("page.html")).expect("the page");
    assert!(written == fs::read(delivery.path().join("out/export/report.html")).expect("the run's page"));
    // A workbook goes through a pipe like any other bytes.
    let book = report(&["--format", "xlsx"]);
    assert!(book.status.success() && book.stdout.starts_with(b"PK"));
    // What is there stays, unless it may be replaced.
    fs::write(delivery.path().join("page.html"), "mine").expect("written");
    let again = report(&["--out", "page.html"]);
    assert_eq!(again.status.code(), Some(14));
    let said = "page.html: exists, and is not replaced without being asked; choose another --out, or pass --overwrite to replace it";
    assert!(stderr(&again).contains(said), "{}", stderr(&again));
    assert_eq!(fs::read(delivery.path().join("page.html")).expect("the page"), b"mine");
    assert!(report(&["--out", "page.html", "--overwrite"]).status.success());
    assert!(fs::read(delivery.path().join("page.html")).expect("the page") == written);
}

#[test]
fn a_report_that_cannot_be_written_says_why() {
    let delivery = Delivery::new();
    assert!(cohort(delivery.path(), &["fit", "study.toml", "--out", "out", "--format", "none"]).status.success());
    delivery.write("broken.json", "{\"schema\": \"cohort-results/1\", \"models\": 3}");
    delivery.write("other.json", "{\"schema\": \"cohort-results/99\"}");
    let before = names(delivery.path());
    let cases: [(&[&str], i32, &str); 7] = [
        (&["broken.json"], 11, "line 1"),
        (&["other.json"], 11, "schema is not cohort-results/1"),
        (&["missing.json"], 10, "missing.json"),
        (&["out/export/results.json", "--format", "html,docx"], 2, "needs --out DIR"),
        (&["out/export/results.json", "--format", "html", "--out", "page.docx"], 2, "page.docx"),
        (&["out/export/results.json", "--out", "new"], 2, "--out new"),
        (&["out/export/results.json", "--format", "html", "--out", "people.csv/page.html"], 14, "people.csv"),
    ];
    for (args, code, words) in cases {
        let output = cohort(delivery.path(), &[&["report"], args].concat());
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {message}");
        assert!(message.contains(words), "{message}");
        assert_eq!(names(delivery.path()), before);
    }
}

#[test]
fn the_schemas_are_printed() {
    let files = ["report/results", "study/study", "reproduce/targets"];
    for (name, file) in ["results", "study", "targets"].iter().zip(files) {
        let output = cohort(root(), &["schema", name]);
        assert!(output.status.success());
        let published = fs::read(root().join(format!("src/{file}.schema.json"))).expect("the published schema");
        assert!(output.stdout == published, "{name}");
    }
}

/// The lines of standard error as objects.
fn log_lines(output: &Output) -> Vec<serde_json::Value> {
    let lines = stderr(output);
    lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))).collect()
}

#[test]
fn a_log_for_programs_has_one_object_a_line() {
    let delivery = Delivery::new();
    let args = ["fit", "study.toml", "--out", "out", "--format", "none", "--log-format", "json"];
    let output = cohort(delivery.path(), &args);
    assert!(output.status.success(), "{}", stderr(&output));
    let lines = log_lines(&output);
    assert!(lines.iter().any(|line| line["message"] == "results: out"), "{lines:?}");
    for line in &lines {
        assert_eq!(line["level"], "info");
        let time = line["time"].as_str().expect("a time");
        assert!(time.len() == 20 && time.ends_with('Z'), "{time}");
        assert!(line.get("code").is_none());
    }
    let quiet = ["fit", "study.toml", "--out", "quiet", "--format", "none", "--log-format", "json", "--quiet"];
    assert!(cohort(delivery.path(), &quiet).stderr.is_empty());
    let read = |out: &str| fs::read(delivery.path().join(out).join("internal/results.json")).expect("results");
    assert!(read("out") == read("quiet"), "the log leaves no trace in the results");
}

/// Beside a results folder `--quiet` leaves nothing to be read, and without it the summary fits a screen.
#[test]
fn the_summary_fits_a_screen_and_is_left_out_when_quiet() {
    let delivery = Delivery::new();
    let loud = cohort(delivery.path(), &["fit", "study.toml", "--out", "loud"]);
    assert!(loud.status.success(), "{}", stderr(&loud));
    let shown = String::from_utf8(loud.stdout).expect("UTF-8");
    assert!(shown.contains("Table 1. ") && shown.lines().count() < 50, "{shown}");
    let quiet = cohort(delivery.path(), &["fit", "study.toml", "--out", "quiet", "--quiet"]);
    assert!(quiet.status.success() && quiet.stdout.is_empty() && quiet.stderr.is_empty());
}

/// A data file has no exposure whose levels make the summary: its coefficients do.
#[test]
fn the_summary_of_a_data_file_has_its_hazard_ratios() {
    let (folder, lung) = (tempfile::tempdir().expect("a folder"), root().join("data-fixtures/reference/data/lung.csv"));
    let formula = "Surv(time, status == 2) ~ age + factor(sex)";
    let lung = lung.display().to_string();
    let output = cohort(folder.path(), &["fit", &lung, "--formula", formula, "--out", "out", "--figures", "none"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let shown = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(shown.contains(formula) && shown.contains("0.60 (0.43–0.83)") && shown.lines().count() < 20, "{shown}");
}

/// Every fault is a line of its own, with code, place, rule and remedy; a person's key stands in none.
#[test]
fn faults_for_programs_have_their_place_and_remedy() {
    let run = |delivery: &Delivery| {
        let output = cohort(delivery.path(), &["fit", "study.toml", "--format", "none", "--log-format", "json"]);
        assert!(!stderr(&output).contains("KEY0"));
        (output.status.code(), log_lines(&output))
    };
    let delivery = Delivery::new();
    delivery.change("study.toml", "label = \"Sex\"", "lable = \"Sex\"");
    delivery.change("study.toml", "formula = \"sex\"", "formula = \"sexx\"");
    let (code, lines) = run(&delivery);
    assert_eq!((code, lines.len()), (Some(10), 2), "{lines:?}");
    for line in &lines {
        assert_eq!(
            (&line["level"], &line["code"], &line["kind"]),
            (&"error".into(), &10.into(), &"specification".into())
        );
        assert_eq!(line["place"]["file"], "study.toml");
        assert!(line["place"]["line"].as_u64() > Some(1) && line["place"]["character"].as_u64() >= Some(1));
        assert!(!line["rule"].as_str().expect("a rule").is_empty());
    }
    assert_eq!(lines[0]["remedy"], "did you mean `label`?");

    let delivery = Delivery::new();
    delivery.change("people.csv", "2010-01-05", "2010-13-05");
    let (code, lines) = run(&delivery);
    assert_eq!((code, lines.len()), (Some(11), 1), "{lines:?}");
    let place = &lines[0]["place"];
    assert!(place["file"].as_str().is_some_and(|f| f.ends_with("people.csv")), "{place}");
    assert_eq!((&place["row"], &place["column"]), (&4.into(), &"start".into()));
    assert!(lines[0]["remedy"].is_string() && lines[0]["kind"] == "extract");

    let usage = cohort(delivery.path(), &["fit", "--log-format", "json", "--nonsense"]);
    assert_eq!((usage.status.code(), &log_lines(&usage)[0]["kind"]), (Some(2), &"usage".into()));
    let formula = ["fit", "people.csv", "--formula", "Surv(start, end) ~ sex +", "--log-format=json"];
    let formula = cohort(delivery.path(), &formula);
    let lines = log_lines(&formula);
    assert_eq!(formula.status.code(), Some(10), "{lines:?}");
    assert!(lines[0]["place"]["character"].as_u64() > Some(1), "{lines:?}");
}

/// Warnings are lines too, and say so without a colour.
#[test]
fn warnings_for_programs_are_lines() {
    let args = ["fit", "examples/separation/visits.csv", "--formula", "Surv(days, visit) ~ group", "--format", "json"];
    let output = cohort(root(), &[&args[..], &["--log-format", "json"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let lines = log_lines(&output);
    assert!(
        lines.iter().any(|l| l["level"] == "warning" && l["message"].as_str().is_some_and(|m| m.contains("Nordic")))
    );
    let plain = cohort(root(), &args);
    assert!(stderr(&plain).starts_with("warning: ") && !stderr(&plain).contains('\u{1b}'));
}
