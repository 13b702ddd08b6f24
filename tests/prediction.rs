//! Curves and standardised risks as a user meets them: flags, results file, tables, data files, disclosure, messages.

use cohort::design::{Setting, SettingValue};
use cohort::engine::{CausePerson, SurvivalForm, Ties, incidence_of_first};
use cohort::inference::step::value_at;
use cohort::loader::{FlatOptions, Quiet, read_flat};
use cohort::pipeline::{ModelSettings, fit_model};
use cohort::report::disclosure::apply;
use cohort::report::number::NumberStyle;
use cohort::report::render::text;
use cohort::report::{
    BaselineHazard, Coefficient, Counts, CurvePoint, CurveSteps, LevelRow, Measure, ModelResult, Part, Profile, Report,
    StandardisedRisks, StandardisedRow, SurvivalCurve, tables,
};
use insta::assert_snapshot;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const LUNG: &str = "data-fixtures/reference/data/lung.csv";
const HEART: &str = "data-fixtures/reference/data/heart.csv";
const FORMULA: &str = "Surv(time, status == 2) ~ age + factor(sex) + ph.ecog";

fn cohort(args: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Command::new(env!("CARGO_BIN_EXE_cohort")).args(args).current_dir(root).output().expect("cohort starts")
}

fn model(args: &[&str]) -> Value {
    let output = cohort(&[&["fit"], args, &["--format", "none", "--json", "-"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    report["models"][0].clone()
}

fn message(args: &[&str]) -> String {
    let output = cohort(&[&["fit"], args].concat());
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

fn close(value: &Value, expected: f64) {
    let value = value.as_f64().expect("a number");
    assert!((value - expected).abs() < 1e-8 * expected.abs(), "{value} instead of {expected}");
}

/// Numbers of data-fixtures/reference/expected/curve-lung-efron-log.json, row 1, and basehaz-lung-efron.json.
#[test]
fn a_curve_has_the_numbers_of_r() {
    let model =
        model(&[LUNG, "--formula", FORMULA, "--curve", "age=50, sex=1, ph.ecog=0", "--times", "365,180", "--baseline"]);
    let curve = &model["curves"][0];
    assert_eq!(curve["label"], "age 50, sex 1, ph.ecog 0");
    assert_eq!(curve["times"][0]["time"], 180.0);
    close(&curve["times"][0]["survival"], 0.808765878738969);
    close(&curve["times"][0]["lower"], 0.740621168007648);
    close(&curve["times"][1]["survival"], 0.541013808276802);
    close(&curve["times"][1]["se"], 0.06419286773203485);
    close(&curve["times"][1]["cumulative_hazard_se"], 0.11865291929700876);
    assert_eq!(
        curve["steps"]["time"].as_array().map(Vec::len),
        model["baseline_hazard"][0]["time"].as_array().map(Vec::len)
    );
    assert_eq!(curve["observed_until"], 1022.0);
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("results");
    let out_text = out.display().to_string();
    let output = cohort(&[
        "fit",
        LUNG,
        "--formula",
        FORMULA,
        "--curve",
        "age=50, sex=1, ph.ecog=0",
        "--baseline",
        "--out",
        &out_text,
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let curve = std::fs::read_to_string(out.join("internal/curves/model_1.csv")).expect("the curve");
    assert!(curve.starts_with("model,curve,time,survival,lower,upper,cumulative_hazard,cumulative_hazard_se\nmodel,"));
    let baseline = std::fs::read_to_string(out.join("internal/curves/model_baseline.csv")).expect("the baseline");
    assert_eq!(baseline.lines().count(), curve.lines().count());
    assert!(out.join("internal/tables/median_survival.csv").is_file());
}

/// The sum of expected events is the number of events, and R's first linear predictor (predict-lung-efron.json).
#[test]
fn predictions_of_records_are_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("results");
    let out_text = out.display().to_string();
    let predict = ["--predict", "expected,lp", "--predict-reference", "zero"];
    let output = cohort(&[&["fit", LUNG, "--formula", FORMULA, "--out", &out_text][..], &predict].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let file = out.join("internal/predictions_model.parquet").display().to_string();
    // Read back by the program itself: one row per record that was used.
    let again = model(&[&file, "--formula", "Surv(row, expected >= 0) ~ lp + lp_se + expected_se"]);
    assert_eq!((again["n_records"].as_u64(), again["n_events"].as_u64()), (Some(227), Some(227)));
    assert!(message(&[LUNG, "--formula", FORMULA, "--predict", "lp"]).contains("--out"));
}

#[test]
fn a_person_is_averaged_over_once_with_her_first_record() {
    let flags = ["--standardise", "transplant", "--times", "100", "--curve", "age=0,surgery=1,transplant=1"];
    let formula = "Surv(start, stop, event) ~ age + surgery + transplant";
    let by_record = model(&[&[HEART, "--formula", formula][..], &flags].concat());
    let by_person = model(&[&[HEART, "--formula", formula, "--id", "id"][..], &flags].concat());
    assert_eq!(by_record["standardised"][0]["n_averaged"], 172);
    assert_eq!(by_person["standardised"][0]["n_averaged"], 103);
    assert_eq!(by_person["standardised"][0]["population"], "first record of each person");
    let rows = by_person["standardised"][0]["rows"].as_array().expect("rows");
    assert_eq!(rows.iter().map(|r| r["level"].as_str().unwrap()).collect::<Vec<_>>(), ["0", "1"]);
    assert_eq!((rows[0]["reference"].as_bool(), rows[0]["risk_ratio"]["estimate"].as_f64()), (Some(true), None));
    let of = |k: usize| rows[k]["risk"]["estimate"].as_f64().unwrap();
    close(&rows[1]["risk_difference"]["estimate"], of(1) - of(0));
    close(&rows[1]["risk_ratio"]["estimate"], of(1) / of(0));
}

#[test]
fn the_methods_text_names_whose_curves_were_predicted_and_when() {
    let args = ["fit", LUNG, "--formula", FORMULA, "--curve", "age=50, sex=1, ph.ecog=0", "--times", "365,180"];
    let text = String::from_utf8(cohort(&args).stdout).expect("UTF-8");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = "Curves were predicted for: age 50, sex 1, ph.ecog 0; their tables show them at 180 and 365.";
    assert!(text.contains(said), "{text}");
}

/// R's `survfit(Surv(time, status) ~ 1, lung)`: at 791 the first event with fewer than ten, nine, at risk.
#[test]
fn mean_times_that_count_on_few_at_risk_are_marked() {
    let args = [
        LUNG,
        "--formula",
        "Surv(time, status == 2) ~ age + factor(sex)",
        "--standardise",
        "sex",
        "--times",
        "790,791",
    ];
    let rows = model(&args)["standardised"][0]["rows"].clone();
    let few: Vec<(f64, bool)> = rows
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| (row["time"].as_f64().expect("a time"), row["few_at_risk"].as_bool().unwrap_or(false)))
        .collect();
    assert_eq!(few, [(790.0, false), (790.0, false), (791.0, true), (791.0, true)]);
    let text = String::from_utf8(cohort(&[&["fit"], &args[..]].concat()).stdout).expect("UTF-8");
    assert_eq!(text.matches("fewer than 10 were at risk at some event within this time").count(), 1, "{text}");
}

#[test]
fn faults_say_what_to_do() {
    let curve = |text: &str| message(&[LUNG, "--formula", FORMULA, "--curve", text]);
    assert!(curve("age=50, sex=1").contains("curve of model: no value for ph.ecog"), "{}", curve("age=50, sex=1"));
    assert!(curve("age=50, sex=3, ph.ecog=0").contains("sex has no such level; its levels are 1, 2"));
    assert!(curve("age=old, sex=1, ph.ecog=0").contains("the value gives no number for age"));
    assert!(curve("age=5, sex=1, ph.ecog=0, inst=1").contains("the model has no inst"));
    assert!(curve("age 50").contains("expected a column at a value"));
    let strata = "Surv(time, status == 2) ~ age + strata(sex)";
    let strata = message(&[LUNG, "--formula", strata, "--curve", "age=50, sex=3"]);
    assert!(strata.contains("no record has this stratum; the strata are sex=1; sex=2"), "{strata}");
    let standardise = |exposure: &str, formula: &str| {
        message(&[LUNG, "--formula", formula, "--standardise", exposure, "--times", "100"])
    };
    assert!(standardise("inst", FORMULA).contains("inst is no factor of the model"));
    assert!(standardise("sex", "Surv(time, status == 2) ~ age + strata(sex)").contains("sex is in strata()"));
    assert!(standardise("sex", "Surv(time, status == 2) ~ age + I(sex * age)").contains("sex is part of"));
    let early = message(&[LUNG, "--formula", FORMULA, "--standardise", "sex", "--times", "5", "--from", "5"]);
    assert!(early.contains("the time 5 is not after 5, where follow-up begins"));
    assert!(message(&[LUNG, "--formula", FORMULA, "--times", "5"]).contains("--times belongs to"));
    let study = message(&["examples/phc-opmh/study.toml", "--curve", "sex=1"]);
    assert!(study.contains("--curve belongs to a data file"), "{study}");
}

#[test]
fn an_infinite_coefficient_or_tt_gives_no_prediction() {
    let formula = "Surv(time, status == 2) ~ age + tt(ph.ecog, log)";
    let found = model(&[LUNG, "--formula", formula, "--baseline"]);
    assert_eq!(found["warnings"][0]["code"], "no_predictions");
    assert!(found["baseline_hazard"].is_null());
}

const MGUS: &str = "data-fixtures/reference/data/mgus2.csv";

/// A Fine-Gray model of progression with death competing.
fn fine_gray(right: &str, flags: &[&str]) -> Value {
    let formula = format!("Surv(etime, event == \"pcm\") ~ {right}");
    let competing = ["--competing", "event == \"death\"", "--fine-gray"];
    model(&[&[MGUS, "--formula", &formula], &competing[..], flags].concat())
}

/// The incidence at 60, 120 and 240, from rows of R: incidence, standard error, limits, cumulative hazard and its error.
fn has_incidence(curve: &Value, r: [[f64; 6]; 3]) {
    let names = ["cumulative_incidence", "se", "lower", "upper", "cumulative_hazard", "cumulative_hazard_se"];
    for (point, row) in curve["times"].as_array().expect("times").iter().zip(r) {
        names.iter().zip(row).for_each(|(name, expected)| close(&point[*name], expected));
        assert!(point["survival"].is_null());
    }
    assert_eq!((curve["quantity"].as_str(), curve["median"].as_f64()), (Some("cumulative_incidence"), None));
}

/// R 4.2.2, survival 3.5-3; the columns of `f` are those of `has_incidence`:
///
/// ```r
/// m <- read.csv("mgus2.csv"); m$event <- factor(m$event, c("censor", "pcm", "death"))
/// fg <- finegray(Surv(etime, event) ~ ., data = m, etype = "pcm")
/// cox <- function(f) coxph(f, weights = fgwt, data = fg, ties = "efron", cluster = id,
///                          control = coxph.control(eps = 1e-14, iter.max = 50, toler.chol = 1e-15))
/// f <- function(fit, person, scale) {
///   s <- summary(survfit(fit, newdata = person, conf.type = scale), times = c(60, 120, 240))
///   cbind(1 - s$surv, s$std.err, 1 - s$upper, 1 - s$lower, s$cumhaz, s$std.err / s$surv)
/// }
/// person <- data.frame(age = 70, sex = "M")
/// fit <- cox(Surv(fgstart, fgstop, fgstatus) ~ age + sex); f(fit, person, "log"); f(fit, person, "log-log")
/// f(cox(Surv(fgstart, fgstop, fgstatus) ~ age + strata(sex)), person, "log")
/// ```
#[test]
fn a_fine_gray_curve_is_the_cumulative_incidence_of_r() {
    let flags = ["--curve", "age=70, sex=M", "--times", "60,120,240"];
    let found = fine_gray("age + sex", &flags);
    assert!(found["warnings"].as_array().is_none_or(Vec::is_empty), "{}", found["warnings"]);
    let (incidence, se) = (
        [0.0296503632624141, 0.05547195760191703, 0.08705702527840997],
        [0.005113854134243845, 0.007920484526730118, 0.011830260115686372],
    );
    let hazard = [0.03009882218635793, 0.0570699022768895, 0.09108185956938282];
    let hazard_se = [0.00527011495715827, 0.008385653121129814, 0.012958377952680029];
    let rows = |lower: [f64; 3], upper: [f64; 3]| {
        [0, 1, 2].map(|k| [incidence[k], se[k], lower[k], upper[k], hazard[k], hazard_se[k]])
    };
    let log = rows(
        [0.01957544983717141, 0.03981981955954494, 0.06357318310395432],
        [0.03962174615028979, 0.0708689462147466, 0.10995193638711209],
    );
    has_incidence(&found["curves"][0], log);
    let log_log = rows(
        [0.02112907177661028, 0.04188669540368561, 0.06659637925342476],
        [0.04153462846895628, 0.07329190992133305, 0.11341149261600325],
    );
    let found = fine_gray("age + sex", &[&flags[..], &["--limits", "log-log"]].concat());
    has_incidence(&found["curves"][0], log_log);
    let steps = &found["curves"][0]["steps"];
    let n = steps["time"].as_array().map(Vec::len);
    assert_eq!(steps["cumulative_incidence"].as_array().map(Vec::len), n);
    let found = fine_gray("age + strata(sex)", &flags);
    let r = [
        [
            0.02846477934910396,
            0.006003783736303588,
            0.01662602892185805,
            0.04016100412913859,
            0.0288777569351325,
            0.006179687167986822,
        ],
        [
            0.05340520547248406,
            0.00841132686290681,
            0.03677491148695045,
            0.06974837375775977,
            0.0548841606509116,
            0.008885879059904662,
        ],
        [
            0.09198642092916098,
            0.013100362498061492,
            0.0659437078027868,
            0.11730302909521506,
            0.09649594556883599,
            0.014427496240163014,
        ],
    ];
    has_incidence(&found["curves"][0], r);
}

#[test]
fn a_fine_gray_model_says_what_it_does_not_predict() {
    let curve = ["--curve", "age=70, sex=M", "--times", "60"];
    let found = fine_gray("age + sex", &[&curve[..], &["--standardise", "sex", "--baseline"]].concat());
    assert_eq!(found["curves"].as_array().map(Vec::len), Some(1));
    assert!(found["baseline_hazard"].is_null() && found["standardised"].is_null());
    let warning = &found["warnings"][0];
    assert_eq!(warning["code"], "no_predictions");
    let message = warning["message"].as_str().expect("a message");
    assert!(message.starts_with("not given: standardised risks, the baseline hazard; a Fine-Gray model"), "{message}");
    let found = fine_gray("age + sex + tt(age, log)", &["--curve", "age=70, sex=M", "--times", "60"]);
    assert_eq!(found["warnings"][0]["code"], "no_predictions");
    assert!(found["curves"].is_null());
}

#[test]
fn the_tables_and_files_of_an_incidence_call_it_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("results");
    let formula = "Surv(etime, event == \"pcm\") ~ age + sex";
    let shown = |flags: &[&str]| {
        let given = [MGUS, "--formula", formula, "--competing", "event == \"death\"", "--curve", "age=70, sex=M"];
        let output = cohort(&[&["fit"], &given[..], &["--times", "60,120"], flags].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let text = shown(&["--fine-gray"]);
    assert!(text.contains("Predicted cumulative incidence at chosen times"), "{text}");
    assert!(text.contains("0.0297 (0.0196–0.0396) 0.0301 (0.0053)"), "{text}");
    assert!(text.contains("limits on the log scale of one minus it"), "{text}");
    assert!(!text.contains("survival") && !text.contains("Median"), "{text}");
    // Death censored instead: a survival that is not one minus a risk, and the risk from the models of both causes.
    let text = shown(&["--incidence", "age=70, sex=M"]);
    assert!(text.contains("Predicted cumulative incidence at chosen times"), "{text}");
    assert!(
        text.contains("the hazard is that of the event") && text.contains("delta-method standard errors"),
        "{text}"
    );
    assert!(text.contains("one minus survival is not the probability of the event"), "{text}");
    shown(&["--fine-gray", "--out", &out.display().to_string(), "--predict", "survival"]);
    let curve = std::fs::read_to_string(out.join("internal/curves/model_1.csv")).expect("the curve");
    assert!(curve.starts_with("model,curve,time,cumulative_incidence,lower,upper,cumulative_hazard"), "{curve}");
    let row: Vec<&str> = curve.lines().last().expect("rows").split(',').collect();
    assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
    let table = std::fs::read_to_string(out.join("internal/tables/predicted_incidence.csv")).expect("the table");
    assert!(table.contains("cumulative_incidence"), "{table}");
    assert!(!out.join("internal/tables/median_survival.csv").exists());
    assert!(!out.join("internal/predictions_model.parquet").exists());
    let results = std::fs::read_to_string(out.join("internal/results.json")).expect("the results");
    assert!(results.contains("not given: predictions of every record; a Fine-Gray model"), "{results}");
}

/// R 4.2.2, survival 3.5-3. Its multi-state fit has Breslow's coefficients whatever is asked for, but with its default
/// (`ties = "efron"`) `survfit` takes the events of both causes at a time for tied with each other:
///
/// ```r
/// m <- read.csv("mgus2.csv"); m$event <- factor(m$event, c("censor", "pcm", "death"))
/// fit <- coxph(Surv(etime, event) ~ age + sex, data = m, id = id, ties = "breslow",
///              control = coxph.control(eps = 1e-14, iter.max = 50, toler.chol = 1e-15))
/// summary(survfit(fit, newdata = data.frame(age = 70, sex = "M")), times = c(60, 120, 240))$pstate
/// summary(survfit(fit, newdata = data.frame(age = 50, sex = "F")), times = c(60, 120, 240))$pstate
/// ```
#[test]
fn cause_specific_models_of_all_causes_give_the_incidence_of_r() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(MGUS);
    let table = read_flat(&file, MGUS, &FlatOptions::default(), &mut Quiet).expect("a table").table;
    let fitted = ["pcm", "death"].map(|cause| {
        let mut settings = ModelSettings::new(&format!("Surv(etime, event == \"{cause}\") ~ age + sex"));
        settings.ties = Ties::Breslow;
        fit_model(&table, &settings).expect("a fit")
    });
    let incidence = |age: f64, sex: &str, order: [usize; 2]| {
        let setting =
            Setting::default().with("age", SettingValue::Number(age)).with("sex", SettingValue::Level(sex.into()));
        let models = order.map(|cause| {
            let f = &fitted[cause];
            let person = f.built.person(&f.formula, &setting).expect("a person");
            (f.baseline(Ties::Breslow, SurvivalForm::Exponential), person)
        });
        incidence_of_first(&models.each_ref().map(|(baseline, person)| CausePerson {
            baseline,
            stratum: person.stratum,
            row: &person.row,
            offset: person.offset,
        }))
    };
    // Free of both, progression, death; at 60, 120, 240.
    let r = [
        (
            70.0,
            "M",
            [
                [0.6576521053074179, 0.03403183467119542, 0.3083160600213865],
                [0.3786151934926343, 0.06396910129890819, 0.5574157052084574],
                [0.09145113720810258, 0.09411368668373261, 0.8144351761081642],
            ],
        ),
        (
            50.0,
            "F",
            [
                [0.9016288437744026, 0.03174561811207591, 0.06662553811352118],
                [0.785478535451708, 0.0706906299760493, 0.14383083457224272],
                [0.5508162575371177, 0.14900120324798932, 0.3001825392148929],
            ],
        ),
    ];
    for (age, sex, rows) in r {
        let found = [[0, 1], [1, 0]].map(|order| incidence(age, sex, order));
        for (time, row) in [60.0, 120.0, 240.0].into_iter().zip(rows) {
            let at = |cause: usize| value_at(&found[cause].time, &found[cause].incidence, time, 0.0);
            close(&Value::from(1.0 - at(0) - at(1)), row[0]);
            close(&Value::from(at(0)), row[1]);
            close(&Value::from(at(1)), row[2]);
        }
    }
}

fn measure(estimate: f64, se: f64) -> Measure {
    Measure {
        estimate: Some(estimate),
        se: Some(se),
        lower: Some(estimate - 2.0 * se),
        upper: Some(estimate + 2.0 * se),
    }
}

fn row(time: f64, level: &str, reference: bool, events: u64) -> StandardisedRow {
    let against = |m: Measure| if reference { Measure::default() } else { m };
    StandardisedRow {
        time,
        level: level.into(),
        reference,
        records: Some(1000),
        events: Some(events),
        risk: measure(0.123456, 0.01),
        risk_difference: against(measure(-0.02, 0.02)),
        risk_ratio: against(measure(0.9, 0.1)),
        restricted_mean: measure(345.67, 4.0),
        restricted_mean_difference: against(measure(3.5, 2.0)),
        restricted_mean_ratio: against(measure(1.01, 0.01)),
        ..StandardisedRow::default()
    }
}

fn point(time: f64, events: u64) -> CurvePoint {
    CurvePoint {
        time,
        at_risk: Some(900 - events),
        events: Some(events),
        survival: Some(0.9),
        lower: Some(0.85),
        upper: Some(0.93),
        cumulative_hazard: Some(0.105),
        cumulative_hazard_se: Some(0.01),
        ..CurvePoint::default()
    }
}

/// Three levels of an exposure at two times; the coefficient of level c was hidden; few events between two times.
fn report() -> Report {
    let curve = SurvivalCurve {
        label: "group b".into(),
        times: vec![point(100.0, 40), point(110.0, 42), point(120.0, 50)],
        median: Some(321.0),
        steps: CurveSteps { time: vec![1.0, 2.0], survival: vec![Some(0.99), Some(0.98)], ..CurveSteps::default() },
        row: vec![1.0, 0.0],
        ..SurvivalCurve::default()
    };
    let risks = StandardisedRisks {
        exposure: "group".into(),
        population: "records".into(),
        n_averaged: Some(3000),
        rows: vec![
            row(365.0, "a", true, 80),
            row(365.0, "b", false, 60),
            row(365.0, "c", false, 2),
            row(730.0, "a", true, 150),
            row(730.0, "b", false, 62),
            row(730.0, "c", false, 20),
        ],
        ..StandardisedRisks::default()
    };
    let part = |level: &str| Part { variable: "group".into(), level: Some(level.into()), ..Part::default() };
    let coefficient = |level: &str| Coefficient { parts: vec![part(level)], ..Coefficient::default() };
    let hidden_curve = SurvivalCurve { label: "group c".into(), row: vec![0.0, 1.0], ..curve.clone() };
    let model = ModelResult {
        name: "m".into(),
        converged: true,
        n_records: Some(3000),
        coefficients: vec![coefficient("b"), coefficient("c")],
        baseline_hazard: vec![BaselineHazard { time: vec![1.0, 2.0], ..BaselineHazard::default() }],
        curves: vec![curve, hidden_curve],
        standardised: vec![risks],
        ..ModelResult::default()
    };
    // Level c is in no table, so nothing says that it is large enough.
    let level = |name: &str| LevelRow {
        variable: "group".into(),
        level: name.into(),
        counts: Counts { persons: Some(1000), events: Some(150), ..Counts::default() },
        ..LevelRow::default()
    };
    Report { levels: vec![level("a"), level("b")], models: vec![model], ..Report::default() }
}

fn text_of(table: &tables::DisplayTable) -> String {
    text::table(table, "", &NumberStyle::ENGLISH, 150)
}

#[test]
fn standardised_risks_as_a_table() {
    let report = report();
    let [risks, times] = tables::standardised_tables(&report).try_into().expect("two tables");
    assert_snapshot!(text_of(&risks), @r##"
Standardised risks by group
───────────────────────────────────────────────────────────────────────────────────────────────────
             Records  Events           Risk (95% CI)          Difference (95% CI)    Ratio (95% CI)
───────────────────────────────────────────────────────────────────────────────────────────────────
By time 365
  a            1,000      80  0.1235 (0.1035–0.1435)                    reference     1 (reference)
  b            1,000      60  0.1235 (0.1035–0.1435)  −0.0200 (−0.0600 to 0.0200)  0.90 (0.70–1.10)
  c            1,000       2  0.1235 (0.1035–0.1435)  −0.0200 (−0.0600 to 0.0200)  0.90 (0.70–1.10)
By time 730
  a            1,000     150  0.1235 (0.1035–0.1435)                    reference     1 (reference)
  b            1,000      62  0.1235 (0.1035–0.1435)  −0.0200 (−0.0600 to 0.0200)  0.90 (0.70–1.10)
  c            1,000      20  0.1235 (0.1035–0.1435)  −0.0200 (−0.0600 to 0.0200)  0.90 (0.70–1.10)
───────────────────────────────────────────────────────────────────────────────────────────────────
Mean risk predicted by the model "m" over the records (3,000), everyone at the level of the row, from time 0 on. 95% intervals by the delta method;
intervals count the covariates as a sample. Ends of follow-up other than the event, competing ones too, count as censoring. Records and events are
those observed at the level.
"##);
    assert_snapshot!(text_of(&times), @r##"
Standardised mean time without event by group
──────────────────────────────────────────────────────────────────────────────────────
                                                          Difference
             Records  Events   Mean time (95% CI)           (95% CI)    Ratio (95% CI)
──────────────────────────────────────────────────────────────────────────────────────
By time 365
  a            1,000      80  345.7 (337.7–353.7)          reference     1 (reference)
  b            1,000      60  345.7 (337.7–353.7)  3.5 (−0.5 to 7.5)  1.01 (0.99–1.03)
  c            1,000       2  345.7 (337.7–353.7)  3.5 (−0.5 to 7.5)  1.01 (0.99–1.03)
By time 730
  a            1,000     150  345.7 (337.7–353.7)          reference     1 (reference)
  b            1,000      62  345.7 (337.7–353.7)  3.5 (−0.5 to 7.5)  1.01 (0.99–1.03)
  c            1,000      20  345.7 (337.7–353.7)  3.5 (−0.5 to 7.5)  1.01 (0.99–1.03)
──────────────────────────────────────────────────────────────────────────────────────
Mean time without event predicted by the model "m" over the records (3,000), everyone at the level of the row, from time 0 on. 95% intervals by the
delta method; intervals count the covariates as a sample. Ends of follow-up other than the event, competing ones too, count as censoring. Records and
events are those observed at the level.
"##);
    assert_snapshot!(text_of(&tables::survival_table(&report).unwrap()), @r##"
Predicted survival at chosen times
──────────────────────────────────────────────────────────────
           At                                       Cumulative
   Time  risk  Events       Survival (95% CI)      hazard (SE)
──────────────────────────────────────────────────────────────
group b
    100   860      40  0.9000 (0.8500–0.9300)  0.1050 (0.0100)
    110   858      42  0.9000 (0.8500–0.9300)  0.1050 (0.0100)
    120   850      50  0.9000 (0.8500–0.9300)  0.1050 (0.0100)
group c
    100   860      40  0.9000 (0.8500–0.9300)  0.1050 (0.0100)
    110   858      42  0.9000 (0.8500–0.9300)  0.1050 (0.0100)
    120   850      50  0.9000 (0.8500–0.9300)  0.1050 (0.0100)
──────────────────────────────────────────────────────────────
At risk and events count the records of the curve's stratum, whatever their covariates.
"##);
    assert_snapshot!(text_of(&tables::median_table(&report).unwrap()), @r##"
Median of predicted survival curves
───────────────────────────
           Median  Observed
Curve    (95% CI)     until
───────────────────────────
group b       321
group c       321
───────────────────────────
"##);
}

#[test]
fn steps_and_few_events_do_not_leave() {
    let (exported, hidden) = apply(&report(), &Profile::named("dk-dst").unwrap());
    let model = &exported.models[0];
    assert!(model.baseline_hazard.is_empty());
    assert!(model.curves.iter().all(|c| c.steps == CurveSteps::default() && c.median.is_none() && c.steps_hidden));
    // 2 events between 100 and 110, and 2 fewer at risk: one of the two times goes.
    let shown: Vec<bool> = model.curves[0].times.iter().map(|p| !p.hidden).collect();
    assert_eq!(shown, [false, true, true]);
    assert!(model.curves[0].times.iter().all(|p| p.at_risk.is_none() == p.hidden && p.events.is_none() == p.hidden));
    assert!(model.curves[1].times.iter().all(|p| p.hidden && p.survival.is_none()), "made of a hidden coefficient");
    let rows = &model.standardised[0].rows;
    // Level b has 2 events between the two times, one of which goes; level c has a hidden coefficient.
    assert_eq!(rows.iter().map(|r| r.hidden).collect::<Vec<_>>(), [false, true, true, false, false, true]);
    assert!(rows.iter().filter(|r| r.hidden).all(|r| r.risk.estimate.is_none() && r.events.is_none()));
    assert!(hidden.iter().any(|h| h.table == "curves and standardised risks" && h.estimates > 0));
    let (open, _) = apply(&report(), &Profile::named("none").unwrap());
    assert_eq!(open.models, report().models);
}

#[test]
fn a_hidden_reference_takes_the_comparisons_with_it() {
    let mut report = report();
    report.models[0].standardised[0].rows[0].events = Some(3);
    report.models[0].standardised[0].rows[4].events = Some(100);
    let (exported, _) = apply(&report, &Profile::named("dk-dst").unwrap());
    let rows = &exported.models[0].standardised[0].rows;
    assert!(rows[0].hidden && !rows[1].hidden);
    assert!(rows[1].risk.estimate.is_some());
    assert_eq!((rows[1].risk_difference.estimate, rows[1].restricted_mean_ratio.estimate), (None, None));
}
