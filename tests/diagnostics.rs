//! Tests of proportional hazards and residuals: by hand, by property, and from the study file to the table.

use crate::support::{Features, Random, assert_all_close, assert_close, generate};
use cohort::engine::{
    ClusterCorrection, FitOptions, NearTies, Prepared, SurvivalData, Ties, Time, TimeAxis, TimeTransform,
};
use cohort::loader::{FlatOptions, Quiet, read_flat};
use cohort::pipeline::{self, ModelSettings, ResidualKind};
use cohort::report::number::NumberStyle;
use cohort::report::render::{Format, render};
use cohort::report::{ModelResult, Profile, StudyInfo, disclosure};
use cohort::table::{ColumnData, Table};
use std::fs;
use std::path::Path;
use std::process::Command;

fn table(csv: &str) -> Table {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("data.csv");
    fs::write(&path, csv).expect("a file is written");
    read_flat(&path, "data.csv", &FlatOptions::default(), &mut Quiet).expect("a data file").table
}

/// Therneau and Grambsch (2000), appendix E, test data 1 without the missing value. With Breslow's rule exp(β) is
/// r = (3 + √33)/2, and event times 1, 6, 6, 9 have the shares of score and information written below.
#[test]
fn the_test_of_six_records_by_hand() {
    let table = table("time,status,x\n9,1,0\n1,1,1\n1,0,1\n6,1,1\n6,1,0\n8,0,0\n");
    let mut settings = ModelSettings::new("Surv(time, status) ~ x");
    settings.ties = Ties::Breslow;
    settings.diagnostics.proportional_hazards = vec![TimeTransform::Identity];
    let model = pipeline::fit_table(&table, &settings).expect("a fit").models.remove(0);
    let r = (3.0 + 33f64.sqrt()) / 2.0;
    assert_close(model.coefficients[0].hr.expect("an estimate"), r, 1e-9);

    let score = [1.0 / (r + 1.0), 3.0 / (r + 3.0), -r / (r + 3.0), 0.0];
    let information = [r / (r + 1.0).powi(2), 3.0 * r / (r + 3.0).powi(2), 3.0 * r / (r + 3.0).powi(2), 0.0];
    let g = [1.0, 6.0, 6.0, 9.0];
    let sum = |power: i32, of: &[f64]| -> f64 { g.iter().zip(of).map(|(g, x): (&f64, &f64)| g.powi(power) * x).sum() };
    let variance = sum(2, &information) - sum(1, &information).powi(2) / sum(0, &information);
    let test = model.proportional_hazards.expect("a test was asked for");
    assert_close(test.global.expect("a test").chisq.expect("a statistic"), sum(1, &score).powi(2) / variance, 1e-8);
    assert_eq!((test.transform.as_str(), test.variance.as_str(), test.terms[0].df), ("identity", "model", Some(1.0)));
}

/// The sums of slots and patterns against splitting every record at every event time, with a column x g(t) beside x:
/// the score test of that second half.
#[test]
fn the_test_is_the_score_test_of_a_split_data_set() {
    let csv = "entry,exit,event,x,s,w\n0,5,1,1.5,a,1\n0,6,0,0.2,a,2\n2,6,1,2.0,a,1\n1,7,1,0.1,a,3\n3,9,1,1.1,a,1\n\
               0,7,1,0.9,a,1\n0,4,1,2.5,b,2\n1,8,1,0.3,b,1\n0,9,0,1.7,b,1\n2,9,1,1.2,b,2\n";
    let rows = table(csv);
    let mut settings = ModelSettings::new("Surv(entry, exit, event) ~ x + strata(s)");
    settings.weights = Some("w".to_owned());
    settings.diagnostics.proportional_hazards = vec![TimeTransform::Identity];
    let model = pipeline::fit_table(&rows, &settings).expect("a fit").models.remove(0);
    let beta = model.coefficients[0].estimate.expect("an estimate");

    let mut split = String::from("entry,exit,event,x,xt,s,w\n");
    let times = [4, 5, 6, 7, 8, 9];
    for line in csv.lines().skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        let (entry, exit): (i32, i32) = (f[0].parse().expect("a time"), f[1].parse().expect("a time"));
        let x: f64 = f[3].parse().expect("a number");
        let mut from = entry;
        for t in times.iter().copied().filter(|t| *t > entry && *t < exit).chain([exit]) {
            let event = if t == exit { f[2] } else { "0" };
            split.push_str(&format!("{from},{t},{event},{x},{},{},{}\n", x * f64::from(t), f[4], f[5]));
            from = t;
        }
    }
    let mut other = ModelSettings::new("Surv(entry, exit, event) ~ x + xt + strata(s)");
    other.weights = Some("w".to_owned());
    other.initial = Some(vec![beta, 0.0]);
    let score =
        pipeline::fit_table(&table(&split), &other).expect("a fit").models.remove(0).tests.score.expect("a test");
    let ours = model.proportional_hazards.expect("a test was asked for").global.expect("a test");
    assert_close(ours.chisq.expect("a statistic"), score.chisq.expect("a statistic"), 1e-8);
}

fn multiplied(time: &Time, by: i32) -> Time {
    Time::Real((0..time.len()).map(|i| f64::from(by) * time.value(i)).collect())
}

/// Days or weeks: no function of time that a test is against depends on the unit, up to a factor and a shift.
#[test]
fn the_unit_of_time_does_not_change_the_test() {
    let data = generate(300, 7, Features { strata: 2, weights: true, delayed_entry: true, ..Features::default() });
    let statistic = |scale: i32| {
        let mut survival: SurvivalData = data.data.clone();
        survival.exit = multiplied(&survival.exit, scale);
        survival.entry = survival.entry.as_ref().map(|entry| multiplied(entry, scale));
        let prepared = Prepared::new(&survival, &data.design, NearTies::Repair).expect("good data");
        let fit = prepared.fit(&FitOptions::default()).expect("a fit");
        let axis = TimeAxis::new(&survival, NearTies::Repair).expect("good data");
        let g: Vec<Vec<f64>> =
            TimeTransform::ALL.iter().map(|t| axis.transformed(*t).expect("times above 0")).collect();
        let all = vec![true; fit.coefficients.len()];
        let scores = prepared.time_scores(&fit, Ties::Efron, &axis, &g, &all);
        scores.iter().map(|s| s.score[0].powi(2) / s.variance[(0, 0)]).collect::<Vec<f64>>()
    };
    assert_all_close(&statistic(7), &statistic(1), 1e-9);
}

#[test]
fn a_model_that_cannot_be_tested_says_so_and_the_rest_stays() {
    // An event at time 0 has no logarithm.
    let rows = table("time,event,x\n0,1,1\n2,1,0\n3,0,1\n4,1,0\n5,1,1\n6,0,0\n");
    let mut settings = ModelSettings::new("Surv(time, event) ~ x");
    settings.diagnostics.proportional_hazards = TimeTransform::ALL.to_vec();
    let model = pipeline::fit_table(&rows, &settings).expect("a fit").models.remove(0);
    let tests = model.proportional_hazards.expect("the others are there");
    let names: Vec<&str> = tests.all().map(|t| t.transform.as_str()).collect();
    assert_eq!(names, ["km", "rank", "identity"]);
    assert!(model.warnings.iter().any(|w| w.code == "no_log_transform"));
}

#[test]
fn with_one_event_time_nothing_can_change_with_time() {
    let rows = table("time,event,x\n2,1,1\n2,1,0\n3,0,1\n4,0,0\n5,0,1\n");
    let mut settings = ModelSettings::new("Surv(time, event) ~ x");
    settings.diagnostics.proportional_hazards = vec![TimeTransform::KaplanMeier];
    let model = pipeline::fit_table(&rows, &settings).expect("a fit").models.remove(0);
    let global = model.proportional_hazards.expect("the attempt is reported").global.expect("a row");
    assert_eq!((global.chisq, global.df), (None, Some(0.0)));
}

/// Sums that hold for any fit: martingale and score residuals add up to 0, Schoenfeld residuals too, and dfbeta is what
/// the coefficients lose, to first order, when a record gets no weight.
#[test]
fn residuals_add_up_to_what_they_are_shares_of() {
    let rows = table(&fs::read_to_string("data-fixtures/reference/data/lung.csv").expect("the fixture"));
    let mut settings = ModelSettings::new("Surv(time, status == 2) ~ age + factor(sex) + ph.karno");
    settings.diagnostics.residuals.kinds = ResidualKind::NAMED.iter().map(|(_, kind)| *kind).collect();
    let fitted = pipeline::fit_model(&rows, &settings).expect("a fit");
    let residuals = fitted.residuals(&rows, &settings).expect("residuals");
    let piece = residuals.piece(false, 0..residuals.n_rows(false));
    let sum = |name: &str, per_event: bool| -> f64 {
        let piece = residuals.piece(per_event, 0..residuals.n_rows(per_event));
        let place = residuals.columns(per_event).iter().position(|c| c == name).expect("a column");
        piece.columns[place].iter().sum()
    };
    for name in ["martingale", "score_age", "score_factor(sex)2", "dfbeta_ph.karno"] {
        assert_close(sum(name, false), 0.0, 1e-9);
    }
    assert!(sum("schoenfeld_age", true).abs() < 1e-8);
    // A piece is a part of the whole, and the rows are those of the table: row 14 has no Karnofsky score.
    assert_eq!(residuals.piece(false, 10..14).columns[0], piece.columns[0][10..14]);
    assert_eq!((piece.row[0], piece.row.len(), residuals.n_rows(true)), (1, 227, 164));
}

/// Rows that are equal are worked out once and rows of a group one by one: a group for every row leaves no difference.
#[test]
fn residuals_of_equal_rows_are_those_of_each_row() {
    let lung = fs::read_to_string("data-fixtures/reference/data/lung.csv").expect("the fixture");
    let (header, rows) = lung.split_once('\n').expect("a header");
    let rows: Vec<&str> = rows.lines().collect();
    let thrice = (0..3).flat_map(|_| &rows).enumerate().map(|(i, row)| format!("{row},{i}\n"));
    let rows = table(&format!("{header},own\n{}", thrice.collect::<String>()));
    let mut settings = ModelSettings::new("Surv(time, status == 2) ~ age + factor(sex) + ph.karno");
    settings.diagnostics.residuals.kinds = ResidualKind::NAMED.iter().map(|(_, kind)| *kind).collect();
    let piece = |by: Option<&str>| {
        let mut settings = settings.clone();
        settings.diagnostics.residuals.by = by.map(str::to_owned);
        let fitted = pipeline::fit_model(&rows, &settings).expect("a fit");
        let residuals = fitted.residuals(&rows, &settings).expect("residuals");
        residuals.piece(false, 0..residuals.n_rows(false))
    };
    let at_once = piece(None);
    assert_eq!((at_once.row.len(), at_once.columns.len()), (3 * 227, 2 + 3 * 3));
    assert_eq!(at_once, piece(Some("own")));
}

#[test]
fn the_flag_and_the_key_lead_to_the_same_table() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let lung = fs::canonicalize("data-fixtures/reference/data/lung.csv").expect("the fixture");
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_cohort")).args(args).current_dir(folder.path()).output();
        let output = output.expect("cohort starts");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let path = lung.display().to_string();
    let formula = ["--formula", "Surv(time, status == 2) ~ age + factor(sex)"];
    let (code, text) = run(&["fit", &path, formula[0], formula[1], "--ph", "km,log"]);
    assert_eq!(code, Some(0), "{text}");
    for words in
        ["Tests of proportional hazards", "against the Kaplan-Meier transform of time", "All terms", "Grambsch"]
    {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    let (code, text) = run(&["fit", "study.toml", "--ph", "km"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("--ph belongs to a data file"));
}

/// G = 3 clusters, n = 6 records, p = 1: the factors by their formulas, on variances; tests follow, estimates do not.
#[test]
fn corrections_for_few_clusters_multiply_the_robust_variance() {
    let rows = table("time,event,x,g\n1,1,1,a\n2,1,0,a\n3,0,1,b\n4,1,0,b\n5,1,1,c\n6,1,0,c\n");
    let fit = |correction| {
        let mut settings = ModelSettings::new("Surv(time, event) ~ x");
        settings.cluster = Some("g".to_owned());
        settings.correction = correction;
        pipeline::fit_table(&rows, &settings).expect("a fit").models.remove(0)
    };
    let plain = fit(ClusterCorrection::None);
    for (correction, factor) in [(ClusterCorrection::Groups, 1.5), (ClusterCorrection::GroupsAndColumns, 1.5)] {
        let corrected = fit(correction);
        let variance = |model: &ModelResult| model.coefficients[0].robust_se.expect("a robust fit").powi(2);
        assert_close(variance(&corrected), factor * variance(&plain), 1e-12);
        let wald = |model: &ModelResult| model.tests.wald.expect("a test").chisq.expect("a statistic");
        assert_close(wald(&corrected), wald(&plain) / factor, 1e-12);
        assert_eq!(corrected.coefficients[0].estimate, plain.coefficients[0].estimate);
        assert!(corrected.cluster_correction.is_some() && plain.cluster_correction.is_none());
    }
    assert_close(ClusterCorrection::GroupsAndColumns.factor(3, 7, 3), 1.5 * 6.0 / 4.0, 1e-15);
}

/// Reads a Parquet file of residuals.
fn parquet(path: &Path) -> Table {
    read_flat(path, "residuals", &FlatOptions::default(), &mut Quiet).expect("a Parquet file").table
}

fn numbers(table: &Table, column: &str) -> Vec<f64> {
    match &table.column(column).unwrap_or_else(|| panic!("no column {column}")).data {
        ColumnData::Number(values) => values.clone(),
        ColumnData::Whole(values) => values.iter().map(|v| f64::from(*v)).collect(),
        other => panic!("{column} holds {other:?}"),
    }
}

#[test]
fn residual_files_have_the_rows_of_the_data_file_and_nobodys_key() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let heart = fs::canonicalize("data-fixtures/reference/data/heart.csv").expect("the fixture");
    let run = |out: &str, more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_cohort"))
            .args(["fit", &heart.display().to_string(), "--formula", "Surv(start, stop, event) ~ age + transplant"])
            .args(["--where", "id > 2", "--quiet", "--format", "none", "--out", out])
            .args(["--residuals", "martingale,dfbeta,scaledsch"])
            .args(more)
            .current_dir(folder.path())
            .output()
            .expect("cohort starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        folder.path().join(out).join("internal")
    };
    let records = parquet(&run("all", &[]).join("residuals_model.parquet"));
    let names: Vec<&str> = records.columns().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["row", "martingale", "dfbeta_age", "dfbeta_transplant"]);
    // The first two persons have one row each, so the third person's first row is the file's third.
    assert_eq!(numbers(&records, "row")[..2], [3.0, 4.0]);
    assert!(numbers(&records, "martingale").iter().sum::<f64>().abs() < 1e-9);
    let events = parquet(&folder.path().join("all/internal/residuals_model_events.parquet"));
    assert!(numbers(&events, "time").is_sorted());
    assert!(events.column("scaledsch_age").is_some() && events.column("stratum").is_none());

    let persons = parquet(&run("summed", &["--residuals-by", "id", "--threads", "1"]).join("residuals_model.parquet"));
    assert!(persons.n_rows() < records.n_rows() && persons.column("id").is_none());
    assert_close(
        numbers(&persons, "dfbeta_age").iter().sum::<f64>(),
        numbers(&records, "dfbeta_age").iter().sum::<f64>(),
        1e-9,
    );
    // The same bytes for any number of threads.
    run("again", &["--threads", "3"]);
    let bytes = |out: &str| fs::read(folder.path().join(out).join("internal/residuals_model.parquet")).expect("a file");
    assert_eq!(bytes("all"), bytes("again"));
}

#[test]
fn residuals_that_a_model_does_not_have_are_refused() {
    let rows = table("time,event,x\n1,1,1\n2,1,0\n2,1,1\n4,0,0\n5,1,1\n6,1,0\n");
    let refused = |formula: &str, ties: Ties| {
        let mut settings = ModelSettings::new(formula);
        settings.ties = ties;
        settings.diagnostics.residuals.kinds = vec![ResidualKind::Score];
        settings.diagnostics.proportional_hazards = vec![TimeTransform::KaplanMeier];
        pipeline::fit_table(&rows, &settings).expect_err("there are no score residuals").to_string()
    };
    assert!(refused("Surv(time, event) ~ x", Ties::Exact).contains("use efron"));
    assert!(refused("Surv(time, event) ~ x + tt(x, log)", Ties::Efron).contains("change with time"));
}

/// Persons whose log hazard is `effect(x)`, x uniform on 0 to 10; a third is censored.
fn persons(n: usize, seed: u64, effect: impl Fn(f64) -> f64) -> Table {
    let mut random = Random(seed);
    let mut csv = String::from("time,event,x,g\n");
    for _ in 0..n {
        let x = (random.unit() * 100.0).round() / 10.0;
        let time = -(1.0 - random.unit()).ln() / effect(x).exp();
        let event = u8::from(random.unit() > 0.33);
        csv.push_str(&format!("{time:.6},{event},{x},{}\n", random.below(2)));
    }
    table(&csv)
}

#[test]
fn a_number_with_the_wrong_form_is_found_and_one_with_the_right_form_is_not() {
    let check = |rows: &Table| {
        let mut settings = ModelSettings::new("Surv(time, event) ~ x + g");
        settings.diagnostics.functional_form.columns = vec!["x".to_owned()];
        settings.diagnostics.functional_form.n_paths = 199;
        let model = pipeline::fit_table(rows, &settings).expect("a fit").models.remove(0);
        model.functional_form[0].p.expect("a P value")
    };
    assert!(check(&persons(400, 3, |x| 0.08 * (x - 5.0).powi(2))) <= 0.005);
    assert!(check(&persons(400, 4, |x| 0.2 * x)) > 0.05);
}

#[test]
fn a_form_is_checked_of_numbers_that_the_model_has() {
    let rows = persons(60, 5, |x| 0.1 * x);
    let refused = |formula: &str, column: &str| {
        let mut settings = ModelSettings::new(formula);
        settings.diagnostics.functional_form.columns = vec![column.to_owned()];
        pipeline::fit_table(&rows, &settings).expect_err("the form cannot be checked").to_string()
    };
    assert!(refused("Surv(time, event) ~ g", "x").contains("does not have it as a number"));
    assert!(refused("Surv(time, event) ~ x", "y").contains("no such column"));
}

/// What the Karnofsky score says wears off with time: the smooth shows it, as R's, and nothing of it is exported.
#[test]
fn a_hazard_ratio_that_wears_off_is_seen_to() {
    let rows = table(&fs::read_to_string("data-fixtures/reference/data/veteran.csv").expect("the fixture"));
    let mut settings = ModelSettings::new("Surv(time, status) ~ karno + age");
    settings.diagnostics.smooth = true;
    settings.diagnostics.proportional_hazards = vec![TimeTransform::KaplanMeier];
    let mut report = pipeline::fit_table(&rows, &settings).expect("a fit");
    let test = report.models[0].proportional_hazards.clone().expect("a test");
    let karno = &test.smooths[0];
    assert_eq!((karno.coefficient.as_str(), karno.at.len(), karno.curve.len()), ("karno", 5, 40));
    // R 4.2.2, survival 3.5-3: fit <- coxph(Surv(time, status) ~ karno + age, veteran); z <- cox.zph(fit, terms = FALSE);
    // then what plot.cox.zph(z) computes at its first and last point, and half of its band there.
    let ends = [&karno.curve[0], &karno.curve[39]];
    let in_r = [(-0.0601905667351448, 0.0341687963796168), (-0.0349365448642477, 0.0370542484820676)];
    for (point, (value, half)) in ends.into_iter().zip(in_r) {
        assert_close(point.estimate.expect("a value"), value, 1e-6);
        assert_close(point.upper.expect("a limit") - point.estimate.expect("a value"), half, 1e-6);
    }
    assert!(karno.at[0].estimate < karno.at[4].estimate && karno.at.is_sorted_by(|a, b| a.time <= b.time));
    let text = render(&report, Format::Text, &NumberStyle::ENGLISH, 100);
    assert!(text.contains("Hazard ratios over time") && text.contains("by 50% of the events"));
    report.study = Some(StudyInfo::default());
    let exported = disclosure::apply(&report, &Profile::named("dk-dst").expect("a profile")).0;
    let exported = exported.models[0].proportional_hazards.as_ref().expect("the test may leave");
    assert!(exported.smooths.is_empty() && exported.global.is_some());
}
