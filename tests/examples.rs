//! The studies in `examples/`, run as a user would run them.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a study of `examples/` and returns its internal results.
fn fit(study: &str, more: &[&str]) -> Value {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("results");
    let run = Command::new(env!("CARGO_BIN_EXE_cohort"))
        .args(["fit", study, "--quiet", "--format", "none", "--out"])
        .arg(&out)
        .args(more)
        .current_dir(root().join("examples"))
        .output()
        .expect("cohort starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let results = json(&out.join("internal/results.json"));
    crate::documents::assert_fits_schema(&results);
    results
}

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn reference(case: &str) -> Value {
    json(&root().join(format!("data-fixtures/reference/expected/{case}.json")))["expected"].clone()
}

fn close(what: &str, ours: &Value, r: &Value, tolerance: f64) {
    let (a, b) = (ours.as_f64().expect("a number"), r.as_f64().expect("a number"));
    assert!((a - b).abs() <= tolerance * b.abs(), "{what}: ours {a}, R {b}");
}

/// R fitted the decimal years that the R package Epi makes of the dates (1970 + days / 365.25); the study counts whole
/// days. The differences of two decimal years are the same spans up to rounding, so no printed digit changes: the
/// hazard ratio, its standard error and the rates agree to 1e-8.
#[test]
fn the_diabetes_register_has_the_hazard_ratio_and_rates_of_r() {
    let results = fit("diabetes-register/study.toml", &[]);
    let r = reference("cox-dmlate-agescale");
    let ours = &results["models"][0]["coefficients"][0];
    let theirs = &r["coefficients"][0];
    assert_eq!(results["models"][0]["n_events"], r["nevent"]);
    close("estimate", &ours["estimate"], &theirs["coef_converged"], 1e-8);
    close("se", &ours["se"], &theirs["se_converged"], 1e-8);
    let fitted = &results["models"][0]["log_partial_likelihood"]["fitted"];
    close("log partial likelihood", fitted, &r["loglik_converged"], 1e-10);
    let concordance = &results["models"][0]["concordance"];
    close("concordance", &concordance["value"], &r["concordance"]["c"], 1e-10);
    let tests = &results["models"][1]["proportional_hazards"];
    let terms = tests["terms"].as_array().expect("tests of terms").iter().map(|t| t["term"].as_str().expect("a name"));
    assert_eq!(
        (terms.collect::<Vec<_>>(), &tests["transform"]),
        (vec!["sex", "age_group", "period"], &Value::from("km"))
    );
    let rates = reference("rates-dm-sex");
    for group in rates["groups"].as_array().expect("groups") {
        let levels = results["levels"].as_array().expect("levels");
        let level = levels.iter().find(|l| l["variable"] == "sex" && l["level"] == group["sex"]).expect("a level");
        assert_eq!(level["events"], group["events"]);
        close("person-years", &level["person_years"], &group["person_time"], 1e-8);
        close("rate", &level["rate"], &group["rate"], 1e-8);
        close("lower", &level["rate_lower"], &group["exact_lower95"], 1e-8);
        close("upper", &level["rate_upper"], &group["exact_upper95"], 1e-8);
    }
}

#[test]
fn the_model_study_has_four_models_eight_groups_and_four_interaction_analyses() {
    let results = fit("phc-opmh/study.toml", &[]);
    let models = results["models"].as_array().expect("models");
    assert_eq!(models.len(), 4);
    for model in models {
        assert_eq!(model["converged"], true);
        let names = model["coefficients"].as_array().expect("coefficients").iter();
        assert_eq!(names.filter(|c| c["term"] == "migrant_group" && c["hr_upper"].is_f64()).count(), 8);
    }
    let interactions = models[3]["interactions"].as_array().expect("interactions");
    let modifiers: Vec<_> = interactions.iter().map(|i| i["modifier"].as_str().expect("a name")).collect();
    assert_eq!(modifiers, ["sex", "age_group", "civil_status", "education"]);
    for interaction in interactions {
        assert!(interaction["wald"]["p"].is_f64() && interaction["lr"]["p"].is_f64());
    }
    let steps = results["attrition"].as_array().expect("attrition");
    assert!(steps.windows(2).all(|s| {
        s[0]["persons"].as_u64().expect("a count") - s[1]["excluded"].as_u64().expect("a count")
            == s[1]["persons"].as_u64().expect("a count")
    }));
}

/// Copies a folder with the rows of every text file below its header in reverse.
fn copy_reversed(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path: PathBuf = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_reversed(&path, &target);
            continue;
        }
        let bytes = fs::read(&path).expect("a file");
        let mut lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
        lines[1..].reverse();
        fs::write(target, lines.concat()).expect("written");
    }
}

#[test]
fn the_order_of_rows_in_the_extracts_carries_no_meaning() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let delivery = folder.path().join("delivery");
    copy_reversed(&root().join("data-fixtures/linked"), &delivery);
    let mut straight = fit("phc-opmh/study.toml", &[]);
    let mut reversed = fit("phc-opmh/study.toml", &["--data", &delivery.display().to_string()]);
    // The files have other bytes, so other hashes.
    for results in [&mut straight, &mut reversed] {
        results["inputs"].as_array_mut().expect("inputs").iter_mut().for_each(|i| i["hash"] = Value::Null);
    }
    assert_eq!(straight, reversed);
}

/// The records of this study, written by `cohort build … --out pt.csv`, in R 4.2.2 with survival 3.5-3:
/// `coxph(Surv(entry, exit, event) ~ migrant_group + sex + age + stay + civil_status + income_group + contacts_before,
/// d, cluster = person)`, factors with the study's reference levels.
#[test]
fn covariates_that_change_have_the_estimates_of_r() {
    let results = fit("current-status/study.toml", &[]);
    let model = &results["models"][0];
    assert_eq!(
        (&model["n_records"], &model["n_persons"], &model["n_events"]),
        (&133_125.into(), &18_700.into(), &2993.into())
    );
    let fitted = &model["log_partial_likelihood"];
    close("null", &fitted["null"], &Value::from(-29_165.599_689_8), 1e-11);
    close("fitted", &fitted["fitted"], &Value::from(-29_019.179_842_5), 1e-11);
    let wanted = [
        ("migrant_groupnordic", -0.035796520095, 0.121953240270, 0.120236972223),
        ("age18-24", 0.250320724761, 0.061670686510, 0.061720233512),
        ("civil_statusunmarried", -0.009733620311, 0.047037174487, 0.047118058542),
        ("contacts_before", -0.013329541373, 0.045529065689, 0.045153742299),
    ];
    for (name, estimate, se, robust) in wanted {
        let found = model["coefficients"].as_array().expect("coefficients").iter().find(|c| c["name"] == name);
        let found = found.expect("a coefficient");
        close(name, &found["estimate"], &Value::from(estimate), 1e-8);
        close(name, &found["se"], &Value::from(se), 1e-8);
        close(name, &found["robust_se"], &Value::from(robust), 1e-8);
    }
    // Tables count person-time by current level, and nobody's time twice.
    let levels = results["levels"].as_array().expect("levels").iter();
    let days = |name: &str| -> u64 {
        levels.clone().filter(|l| l["variable"] == name).map(|l| l["person_time_days"].as_u64().expect("days")).sum()
    };
    for name in ["age", "year", "since_index", "civil_status", "recent_contact"] {
        assert_eq!(days(name), results["total"]["person_time_days"].as_u64().expect("days"), "{name}");
    }
}
