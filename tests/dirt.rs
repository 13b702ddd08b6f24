//! Dirt at its worst: every fault that `cohort simulate --study --dirt` plants is told by the program with exactly its count,
//! and where the study declares what to do with it, the fit is that of the clean extracts.

use crate::rehearsal::{DANISH, FORMATS, NORWEGIAN, cohort, stderr};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const SEED: &str = "3";

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))).unwrap()
}

/// The text of a study of `examples/`, to be run from anywhere.
fn example(name: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let text = fs::read_to_string(format!("{root}/examples/{name}/study.toml")).unwrap();
    text.replace("\"../../data-fixtures/", &format!("\"{root}/data-fixtures/"))
}

/// The model study, which declares little of what to do with faults.
fn model_study() -> String {
    example("phc-opmh")
}

/// A study with a rule for everything: invalid cells are missing, equal rows collapse, impossible persons leave.
fn with_rules(text: &str, conflict: &str) -> String {
    let types = ["date", "code", "codes", "whole", "number", "year"];
    let rules = types.iter().fold(text.to_owned(), |text, of| {
        let written = format!("type = \"{of}\"");
        text.replace(&written, &format!("{written}, if_invalid = \"missing\""))
    });
    let once = format!("one_per_person = true\nduplicates = \"collapse_identical\"\non_conflict = {conflict}");
    let rules = rules.replace("one_per_person = true", &once);
    let impossible = "event_at_entry = \"exclude\"\non_invalid = { exit_before_entry = \"exclude\", \
                      reversed_spell = \"exclude\", overlapping_spells = \"exclude\" }";
    rules.replace("event_at_entry = \"exclude\"", impossible).replace("event_at_entry = \"error\"", impossible)
}

/// The model study with a rule for everything.
fn model_with_rules() -> String {
    with_rules(&model_study(), "\"exclude_person\"").replace("width = 6, years", "width = 6, pad_left = 6, years")
}

/// Other formats and yearly tables, with a rule for everything but keys without their prefix, for which there is none.
fn formats_with_rules() -> String {
    let text = with_rules(FORMATS, "{ last_by = \"born\" }").replace(
        "file = \"utd.dta\"\nkey = { column = \"w19_lnr\", spelling = \"ssb\" }\none_per_person = true\nduplicates = \"collapse_identical\"\non_conflict = { last_by = \"born\" }",
        "file = \"utd.dta\"\nkey = { column = \"w19_lnr\", spelling = \"ssb\" }\none_per_person = true\nduplicates = \"collapse_identical\"\non_conflict = \"exclude_person\"",
    );
    let text = text.replace("system_column = \"system\"", "system_column = \"system\", blank_system = \"ICPC-2\"");
    // What is no system must not be taken for a blank one.
    let text = text.replace(
        "system = { type = \"code\", if_invalid = \"missing\", levels = [\"ICPC-2\", \"ICD-10\"] }",
        "system = { type = \"code\" }",
    );
    let text = text.replace("format = \"native\" }\nout", "format = \"native\", earliest = 1990-01-01 }\nout");
    text.replace("spelling = \"ssb\" }\n", "spelling = \"ssb\" }\nmin_matched = 0.9\n")
        .replace("spelling = \"npr\" }\n", "spelling = \"npr\" }\nmin_matched = 0.9\n")
}

/// What results say of a fault: a count to which planting adds.
fn told(results: &Value, told: &Value) -> u64 {
    let all = |name: &str| results[name].as_array().unwrap().clone();
    let sum = |of: Vec<Value>, key: &str| of.iter().map(|x| x[key].as_u64().unwrap_or(0)).sum::<u64>();
    let same = |a: &Value, b: &Value, keys: &[&str]| keys.iter().all(|k| a[*k] == b[*k]);
    if let Some(note) = told.get("note") {
        return sum(all("notes").into_iter().filter(|n| same(n, note, &["source", "message"])).collect(), "count");
    }
    if let Some(check) = told.get("check") {
        return sum(all("checks").into_iter().filter(|c| same(c, check, &["looked_for"])).collect(), "persons");
    }
    if let Some(flow) = told.get("flow") {
        return sum(all("attrition").into_iter().filter(|s| same(s, flow, &["label"])).collect(), "excluded");
    }
    if let Some(link) = told.get("link") {
        let of = all("links").into_iter().find(|l| same(l, link, &["extract"])).unwrap();
        let n = |key: &str| of[key].as_u64().unwrap();
        return match link["what"].as_str() {
            Some("rows_without_key") => n("rows_without_key"),
            _ => n("rows") - n("rows_matched") - n("rows_without_key"),
        };
    }
    let uncovered = &told["uncovered"];
    let of = all("codes").into_iter().filter(|c| same(c, uncovered, &["extract", "column"]));
    sum(of.flat_map(|c| c["uncovered"].as_array().unwrap().clone()).collect(), "rows")
}

/// Runs a study on clean and on dirty extracts of one seed and holds what it tells against what was planted.
fn every_fault_is_told(text: &str, kinds: &str, least: usize) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("study.toml"), text).unwrap();
    let run = |name: &str, more: &[&str]| -> Value {
        let mut simulate = vec!["simulate", "--study", "study.toml", "--persons", "900", "--seed", SEED, "--out", name];
        simulate.extend(more);
        let simulated = cohort(&simulate, folder.path());
        assert!(simulated.status.success(), "{}", stderr(&simulated));
        let out = format!("results-{name}");
        let fit = cohort(&["fit", "study.toml", "--data", name, "--out", &out, "--quiet"], folder.path());
        assert!(fit.status.success(), "{name}: {}", stderr(&fit));
        json(&folder.path().join(out).join("internal/results.json"))
    };
    let clean = run("clean", &[]);
    let dirty = run("dirty", &["--dirt", "worst", "--dirt-kinds", kinds]);
    let planted = json(&folder.path().join("dirty/planted.json"))["planted"].as_array().unwrap().clone();
    let mut wanted: BTreeMap<String, u64> = BTreeMap::new();
    let mut found: Vec<&str> = planted.iter().map(|p| p["kind"].as_str().unwrap()).collect();
    for fault in &planted {
        *wanted.entry(fault["told"].to_string()).or_default() += fault["count"].as_u64().unwrap();
    }
    found.sort_unstable();
    found.dedup();
    assert!(found.len() >= least, "{found:?}");
    for (place, count) in wanted {
        let place: Value = serde_json::from_str(&place).unwrap();
        assert_eq!(told(&dirty, &place) - told(&clean, &place), count, "{place}");
    }
    let models = |results: &Value| results["models"].as_array().unwrap().clone();
    for (a, b) in models(&clean).iter().zip(models(&dirty)) {
        assert_eq!((&a["n_persons"], &a["n_events"]), (&b["n_persons"], &b["n_events"]));
        for (a, b) in a["coefficients"].as_array().unwrap().iter().zip(b["coefficients"].as_array().unwrap()) {
            for key in ["estimate", "se"] {
                match (a[key].as_f64(), b[key].as_f64()) {
                    (Some(x), Some(y)) => assert!((x - y).abs() <= 1e-12 * x.abs().max(1.0), "{}: {x} {y}", a["name"]),
                    (x, y) => assert_eq!(x, y),
                }
            }
        }
    }
}

const ALL_BUT_PREFIX: &str = "exit_before_entry,event_before_entry,event_at_entry,reversed_spell,overlapping_spells,gap_between_spells,\
    event_after_end,contradicting_rows,duplicate_row,no_key,unknown_key,uncovered_code,blank_system,code_upper,code_lower,\
    code_trim,code_drop_dot,code_drop_blank,code_cut,code_drop,lost_zero,no_such_day,date_form,date_range,level,number";

#[test]
fn the_model_study_tells_every_planted_fault_and_fits_as_on_clean_extracts() {
    every_fault_is_told(&model_with_rules(), ALL_BUT_PREFIX, 19);
}

#[test]
fn a_study_of_other_formats_tells_every_planted_fault_and_fits_as_on_clean_extracts() {
    every_fault_is_told(&formats_with_rules(), ALL_BUT_PREFIX, 20);
    every_fault_is_told(&formats_with_rules(), "gap_between_spells", 1);
}

/// Where a study declares nothing, each kind of fault stops it, with the count of what was planted in the file it names.
fn what_has_no_rule_stops(text: &str, kinds: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("study.toml"), text).unwrap();
    for kind in kinds {
        let arguments = [
            "simulate",
            "--study",
            "study.toml",
            "--persons",
            "500",
            "--seed",
            SEED,
            "--out",
            kind,
            "--dirt",
            "worst",
            "--dirt-kinds",
            kind,
        ];
        let simulated = cohort(&arguments, folder.path());
        assert!(simulated.status.success(), "{kind}: {}", stderr(&simulated));
        let planted = json(&folder.path().join(kind).join("planted.json"))["planted"].as_array().unwrap().clone();
        let stops: Vec<&Value> = planted.iter().filter(|p| p["told"]["stops"].is_object()).collect();
        assert!(!stops.is_empty(), "{kind} was not planted");
        let fit = cohort(&["build", "study.toml", "--data", kind, "--out", "pt.parquet"], folder.path());
        let message = stderr(&fit);
        assert!(matches!(fit.status.code(), Some(11 | 12)), "{kind}: {message}");
        let says = |p: &Value| {
            message.contains(p["told"]["stops"]["text"].as_str().unwrap()) || is_told_of_family(&message, p)
        };
        assert!(stops.iter().any(|p| says(p)), "{kind}: {message}");
        for fault in stops {
            let file = fault["file"].as_str().unwrap();
            assert!(file.is_empty() || !message.contains(&format!("{file}, ")) || says(fault), "{fault}: {message}");
        }
    }
}

#[test]
fn faults_without_a_rule_stop_a_study_of_other_formats_with_their_count() {
    what_has_no_rule_stops(FORMATS, &["exit_before_entry", "key_without_prefix", "blank_system"]);
}

/// Whether a message has a line that begins with a place and a rule and goes on with a remedy.
fn has_line(message: &str, place: &str, rule: &str) -> bool {
    message.lines().any(|line| {
        line.strip_prefix(place).is_some_and(|rest| {
            rest.split_once(rule).is_some_and(|(_, rest)| rest.split_once("; ").is_some_and(|(_, r)| r.len() > 10))
        })
    })
}

/// Whether a message about another column of a yearly family in the same file has the count of this one.
fn is_told_of_family(message: &str, fault: &Value) -> bool {
    let file = fault["file"].as_str().unwrap();
    let count = format!("{}: {}", fault["header"].as_str().unwrap(), fault["count"]);
    message.lines().filter(|line| line.starts_with(file)).any(|line| {
        let others = line.split_once(" (so in ").and_then(|(_, rest)| rest.split_once("); "));
        others.is_some_and(|(others, _)| others.split(", ").any(|other| other == count))
    })
}

/// Where a message about a planted fault must say that it is: file, row and column of cells and keys, file and row of the
/// first of all copies; the loader's own words for persons, who have rows in several files.
fn place_of(fault: &Value) -> String {
    let text = |key: &str| fault[key].as_str().unwrap();
    match (text("file"), text("header")) {
        ("", _) => String::new(),
        (file, "") => format!("{file}, row {}: ", fault["row"]),
        (file, header) => format!("{file}, row {}, column {header}: ", fault["row"]),
    }
}

/// With everything planted at once, a study without rules tells all faulty cells and keys of all files in one go, with file,
/// row, column, count and remedy. What was told is left out of the next delivery, until the study runs: nothing that stops
/// it was passed over. Returns the kinds that are left, with which it runs.
fn stops_until_all_is_told(text: &str, rounds: usize, least: usize) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("study.toml"), text).unwrap();
    let mut left: Vec<String> = cohort::simulate::DIRT_KINDS.iter().map(|(kind, _)| (*kind).to_owned()).collect();
    let mut told = 0;
    for round in 0..=rounds {
        let (name, kinds) = (round.to_string(), left.join(","));
        let dirt = ["--out", &name, "--dirt", "worst", "--dirt-kinds", &kinds];
        let simulate =
            ["simulate", "--study", "study.toml", "--persons", "400", "--seed", SEED].into_iter().chain(dirt);
        let simulated = cohort(&simulate.collect::<Vec<_>>(), folder.path());
        assert!(simulated.status.success(), "{}", stderr(&simulated));
        let planted = json(&folder.path().join(&name).join("planted.json"))["planted"].as_array().unwrap().clone();
        let stops: Vec<&Value> = planted.iter().filter(|p| p["told"]["stops"].is_object()).collect();
        let build = cohort(&["build", "study.toml", "--data", &name, "--out", "pt.parquet"], folder.path());
        let message = stderr(&build);
        if stops.is_empty() {
            assert!(build.status.success(), "{message}");
            assert!(round > 2 && told >= least, "{round} rounds, {told} faults");
            return kinds;
        }
        assert!(matches!(build.status.code(), Some(11 | 12)), "{message}");
        let is_told = |fault: &Value| {
            has_line(&message, &place_of(fault), fault["told"]["stops"]["text"].as_str().unwrap())
                || is_told_of_family(&message, fault)
        };
        let first_of_copies = |fault: &Value| {
            let same = |other: &&&Value| other["kind"] == fault["kind"] && other["extract"] == fault["extract"];
            fault["kind"] == "duplicate_row" && stops.iter().filter(same).any(|f| is_told(f))
        };
        let cells = |fault: &&&Value| fault["header"] != "";
        for fault in stops.iter().filter(cells) {
            assert!(is_told(fault), "{fault:#}\n{message}");
        }
        let is_new = |kind: &str| {
            let of: Vec<&&Value> = stops.iter().filter(|f| f["kind"] == kind).collect();
            !of.is_empty() && of.iter().all(|f| is_told(f) || first_of_copies(f))
        };
        let mended: Vec<String> = left.iter().filter(|kind| is_new(kind)).cloned().collect();
        assert!(!mended.is_empty(), "{stops:#?}\n{message}");
        told += stops.iter().filter(|f| mended.iter().any(|kind| f["kind"] == **kind)).count();
        left.retain(|kind| !mended.contains(kind));
    }
    panic!("still stopping with {left:?}")
}

/// The studies of `examples/`, and how many faults that stop them their files can hold.
const EXAMPLES: [(&str, usize); 4] =
    [("asthma-primary-care", 18), ("current-status", 40), ("diabetes-register", 14), ("phc-opmh", 55)];

#[test]
fn every_example_is_rehearsed_with_dirt() {
    let folder = fs::read_dir(format!("{}/examples", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let with_study = folder.map(|entry| entry.unwrap().path()).filter(|path| path.join("study.toml").exists());
    let mut found: Vec<String> =
        with_study.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    found.sort();
    assert_eq!(found, EXAMPLES.map(|(name, _)| name));
}

/// An example as it stands stops until every fault without a rule is told; with what is left it fits as on clean extracts,
/// and every fault that is left is told.
fn an_example_tells_every_fault(name: &str) {
    let (_, least) = EXAMPLES.iter().find(|(known, _)| *known == name).unwrap();
    let kinds = stops_until_all_is_told(&example(name), 5, *least);
    every_fault_is_told(&example(name), &kinds, 1);
}

#[test]
fn asthma_in_primary_care_tells_every_fault() {
    an_example_tells_every_fault("asthma-primary-care");
}

#[test]
fn current_status_tells_every_fault() {
    an_example_tells_every_fault("current-status");
}

#[test]
fn the_diabetes_register_tells_every_fault() {
    an_example_tells_every_fault("diabetes-register");
}

#[test]
fn the_model_study_tells_every_fault() {
    an_example_tells_every_fault("phc-opmh");
}

#[test]
fn a_study_of_other_formats_without_rules_stops_until_every_fault_is_told() {
    stops_until_all_is_told(FORMATS, 5, 20);
}

/// Where persons are compared with each other, persons are planted only with what stops the study: further ones change who is drawn.
#[test]
fn a_matched_study_without_rules_stops_until_every_fault_is_told() {
    let strict =
        DANISH.replace("on_invalid = { reversed_spell = \"exclude\", overlapping_spells = \"exclude\" }\n", "");
    assert!(strict.len() < DANISH.len());
    stops_until_all_is_told(&strict, 6, 20);
}

#[test]
fn a_study_with_late_entry_and_two_keys_a_person_stops_until_every_fault_is_told() {
    stops_until_all_is_told(NORWEGIAN, 5, 20);
}

/// The middle level plants only what a study has rules for: it runs as it is.
#[test]
fn some_dirt_changes_no_result() {
    for (name, text) in [("danish", DANISH), ("norwegian", NORWEGIAN)] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("study.toml"), text).unwrap();
        let person_time = |dirt: &str| {
            let simulate = ["simulate", "--study", "study.toml", "--persons", "700", "--seed", SEED, "--dirt", dirt];
            let simulated = cohort(&[&simulate[..], &["--out", dirt]].concat(), folder.path());
            assert!(simulated.status.success(), "{}", stderr(&simulated));
            let out = format!("{dirt}.csv");
            let build = cohort(&["build", "study.toml", "--data", dirt, "--out", &out], folder.path());
            assert!(build.status.success(), "{name}, {dirt}: {}", stderr(&build));
            fs::read_to_string(folder.path().join(out)).unwrap()
        };
        assert_eq!(person_time("none"), person_time("some"), "{name}");
    }
}

/// Nothing is planted where the program would only say that nothing is read.
#[test]
fn an_extract_that_no_rule_reads_is_told_and_holds_no_dirt() {
    let folder = tempfile::tempdir().unwrap();
    let unread = "[extract.smoking]\nfile = \"smoking.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\n\
                  key = { column = \"lnr\", spelling = \"ssb\" }\n\
                  [extract.smoking.columns]\nstatus = { type = \"code\", levels = [\"1\", \"2\"] }\n\n[cohort]\n";
    fs::write(folder.path().join("study.toml"), model_study().replacen("[cohort]\n", unread, 1)).unwrap();
    let run = |arguments: &[&str]| {
        let done = cohort(arguments, folder.path());
        assert!(done.status.success(), "{}", stderr(&done));
        String::from_utf8(done.stdout).unwrap()
    };
    let simulate = ["simulate", "--study", "study.toml", "--persons", "300", "--seed", SEED, "--out", "d"];
    run(&[&simulate[..], &["--dirt", "worst", "--dirt-kinds", "no_key,code_upper"]].concat());
    let planted = json(&folder.path().join("d/planted.json"))["planted"].as_array().unwrap().clone();
    assert!(!planted.is_empty() && planted.iter().all(|p| p["extract"] != "smoking"), "{planted:#?}");
    let readable = fs::read_to_string(folder.path().join("d/simulated.md")).unwrap();
    assert!(readable.contains("- smoking: no rule of the study reads it"), "{readable}");
    let checked = run(&["check", "study.toml", "--data", "d"]);
    assert!(checked.contains("extract smoking: no rule of the study reads it"), "{checked}");
    run(&["fit", "study.toml", "--data", "d", "--out", "r", "--quiet"]);
    let results = json(&folder.path().join("r/internal/results.json"));
    let notes = results["notes"].as_array().unwrap();
    assert!(notes.iter().any(|n| n["source"] == "smoking" && n["message"].as_str().unwrap().contains("no rule")));
}

#[test]
fn some_dirt_lets_a_study_run() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("study.toml"), model_study()).unwrap();
    let arguments =
        ["simulate", "--study", "study.toml", "--persons", "500", "--seed", SEED, "--out", "d", "--dirt", "some"];
    let simulated = cohort(&arguments, folder.path());
    assert!(stderr(&simulated).contains(" persons in the cohort, "), "{}", stderr(&simulated));
    let planted = json(&folder.path().join("d/planted.json"))["planted"].as_array().unwrap().clone();
    assert!(planted.len() > 20 && planted.iter().all(|p| p["told"]["stops"].is_null()), "{planted:#?}");
    let readable = fs::read_to_string(folder.path().join("d/simulated.md")).unwrap();
    assert!(
        readable.contains("## Faults that were planted") && readable.contains("codes changed by upper"),
        "{readable}"
    );
    let unknown = cohort(
        &["simulate", "--study", "study.toml", "--persons", "9", "--out", "e", "--dirt-kinds", "mud"],
        folder.path(),
    );
    assert_eq!(unknown.status.code(), Some(2), "{}", stderr(&unknown));
}
