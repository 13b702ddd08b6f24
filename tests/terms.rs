//! Terms that are curves: default knots and coefficients against R, hazard ratios along a curve, what is printed.
//!
//! Numbers: R 4.2.2 with survival 3.5-3, splines 4.2.2 and Hmisc 5 (the rule of `rms::rcs`), the calls beside them,
//! `coxph.control(eps = 1e-12)`.

use super::design::{read_csv, reference};
use super::support::{assert_all_close, assert_close};
use cohort::design::Collapse;
use cohort::pipeline::{self, ModelSettings, RatiosAtRequest};
use cohort::report::disclosure::{Profile, apply};
use cohort::report::number::NumberStyle;
use cohort::report::render::{Format, render};
use cohort::report::{Knot, ModelResult, Report};
use cohort::table::Table;

fn data(name: &str) -> Table {
    read_csv(&reference().join("data").join(format!("{name}.csv")))
}

fn fit(name: &str, right: &str) -> Report {
    let settings = ModelSettings::new(&format!("Surv(time, status == 2) ~ {right}"));
    pipeline::fit_table(&data(name), &settings).unwrap_or_else(|e| panic!("{right}: {e}"))
}

fn estimates(model: &ModelResult) -> Vec<f64> {
    model.coefficients.iter().map(|c| c.estimate.expect("an estimate")).collect()
}

fn values(knots: &[Knot]) -> Vec<f64> {
    knots.iter().map(|k| k.value.expect("a knot")).collect()
}

// ns(wt.loss, df = 3) on all rows of the file that have it, although the other covariates drop 57 of 228 rows.
#[test]
fn default_knots_come_from_the_rows_before_missing_values_are_dropped() {
    let report = fit("lung", "ns(wt.loss, df = 3) + ph.karno + meal.cal");
    let model = &report.models[0];
    assert_eq!(model.n_records, Some(171));
    assert_eq!(values(&model.bases[0].knots), [2.0, 13.0]);
    assert_eq!(values(&model.bases[0].boundary), [-24.0, 68.0]);
    let r = [-9.58835475502855e-02, -2.96103947483319, -1.41079491276235, -1.12831142017011e-02, 3.27609277933529e-05];
    assert_all_close(&estimates(model), &r, 1e-8);
}

// bs(age, df = 5) + bs(wt.loss, knots = c(5, 15), degree = 2).
#[test]
fn b_splines_agree_with_r() {
    let report = fit("lung", "bs(age, df = 5) + bs(wt.loss, knots = c(5, 15), degree = 2)");
    let model = &report.models[0];
    let r = [
        2.330125786901725,
        0.994144422116073,
        1.9753761069211,
        1.46994175427698,
        3.261400447670979,
        -2.711676509117032,
        -1.784420616080741,
        -2.177625048321124,
        -1.917639188519771,
    ];
    assert_all_close(&estimates(model), &r, 1e-8);
    assert_close(model.log_partial_likelihood.fitted.expect("a likelihood"), -673.103592847945, 1e-10);
    assert_eq!(model.coefficients[4].name, "bs(age, df = 5)5");
}

// Z <- rcspline.eval(wt.loss, nk = 4, inclx = TRUE); coxph(… ~ Z + sex).
#[test]
fn restricted_splines_place_their_knots_as_harrell_does() {
    let report = fit("lung", "rcs(wt.loss, 4) + sex");
    let model = &report.models[0];
    assert_all_close(&values(&model.bases[0].knots), &[-5.0, 2.0, 11.45, 33.35], 1e-12);
    let r = [-0.0434676993111299, 0.4077553696444124, -0.8294574336826253, -0.4974431425008964];
    assert_all_close(&estimates(model), &r, 1e-8);
    let names: Vec<&str> = model.coefficients.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names[..3], ["rcs(wt.loss, 4)wt.loss", "rcs(wt.loss, 4)wt.loss'", "rcs(wt.loss, 4)wt.loss''"]);
}

// rcspline.eval(x, nk = k, knots.only = TRUE): skewed counts, a crowded smallest value, few distinct values.
#[test]
fn crowded_values_get_the_knots_that_r_gives_them() {
    let cases: [(&str, &str, usize, &[f64]); 7] = [
        ("rotterdam", "nodes", 4, &[0.0, 2.0, 12.0]),
        ("rotterdam", "nodes", 5, &[0.0, 1.0, 3.0, 12.0]),
        ("rotterdam", "pgr", 5, &[1.0, 4.0, 38.0, 174.0, 769.0]),
        ("rotterdam", "er", 3, &[1.0, 88.0, 531.9]),
        ("veteran", "karno", 4, &[20.0, 50.0, 70.0, 90.0]),
        ("veteran", "karno", 5, &[20.0, 44.0, 60.0, 70.0, 90.0]),
        ("veteran", "diagtime", 5, &[2.0, 3.0, 5.0, 11.0, 25.6]),
    ];
    for (file, column, k, r) in cases {
        let response = if file == "rotterdam" { "Surv(dtime, death)" } else { "Surv(time, status)" };
        let settings = ModelSettings::new(&format!("{response} ~ rcs({column}, {k})"));
        let report = pipeline::fit_table(&data(file), &settings).expect("a fit");
        assert_all_close(&values(&report.models[0].bases[0].knots), r, 1e-12);
    }
}

// X <- predict(ns(age, df = 3), c(…)); d = X − X[reference]; dβ and √(dVd') in R.
#[test]
fn a_curve_gets_hazard_ratios_at_percentiles_against_the_median() {
    let report = fit("lung", "ns(age, df = 3) + sex");
    let [table] = report.models[0].ratios_at.as_slice() else { panic!("one table") };
    let column = |of: fn(&cohort::report::RatioAt) -> Option<f64>| -> Vec<f64> {
        table.points.iter().map(|p| of(p).unwrap_or(0.0)).collect()
    };
    assert_all_close(&column(|p| p.value), &[45.35, 56.0, 63.0, 69.0, 75.0], 1e-12);
    let r = [-0.2640300133508363, 0.0239576377531668, 0.0, 0.0389896277023272, 0.3713935583905567];
    assert_all_close(&column(|p| p.ratio.estimate), &r, 1e-7);
    let r = [0.297379319109584, 0.121710784152174, 0.0, 0.103547271386071, 0.197060014981112];
    assert_all_close(&column(|p| p.ratio.se), &r, 1e-7);
}

#[test]
fn values_and_reference_are_the_users() {
    let mut settings = ModelSettings::new("Surv(time, status == 2) ~ ns(age, df = 3) + sex");
    let request =
        |values: &[f64], reference| RatiosAtRequest { column: "age".into(), values: values.to_vec(), reference };
    settings.ratios_at = vec![request(&[70.0, 50.0], Some(60.0))];
    let report = pipeline::fit_table(&data("lung"), &settings).expect("a fit");
    let [table] = report.models[0].ratios_at.as_slice() else { panic!("one table") };
    let [at50, at60, at70] = table.points.as_slice() else { panic!("three points, the reference among them") };
    assert!(at60.reference && at60.ratio.hr == Some(1.0) && at60.ratio.lower.is_none());
    assert_close(at50.ratio.estimate.expect("an estimate"), -0.1286454132783283, 1e-7);
    assert_close(at70.ratio.se.expect("a standard error"), 0.168199786222449, 1e-7);
    settings.ratios_at[0].column = "ph.ecog".into();
    let message = pipeline::fit_table(&data("lung"), &settings).expect_err("no such column").to_string();
    assert_eq!(message, "model: hazard ratios at values: `ph.ecog` is not in the model; add it to the formula");
}

// A straight line has one hazard ratio per unit: exp(10β) at ten units from the reference.
#[test]
fn a_straight_line_is_read_at_values_when_asked() {
    let mut settings = ModelSettings::new("Surv(time, status == 2) ~ age");
    settings.ratios_at = vec![RatiosAtRequest { column: "age".into(), values: vec![70.0], reference: Some(60.0) }];
    let report = pipeline::fit_table(&data("lung"), &settings).expect("a fit");
    let model = &report.models[0];
    let found = model.ratios_at[0].points[1].ratio.estimate.expect("an estimate");
    assert_close(found, 10.0 * estimates(model)[0], 1e-12);
    assert!(fit("lung", "age").models[0].ratios_at.is_empty(), "no table without asking");
}

#[test]
fn the_report_names_knots_and_shows_the_curve() {
    let report = fit("lung", "ns(age, df = 3) * sex");
    let text = render(&report, Format::Text, &NumberStyle::ENGLISH, 200);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in [
        "ns(age, df = 3): inner knots 59, 68; boundary 39, 82",
        "age, against 63",
        "45.35 (5th percentile)",
        "age: with sex at its median 1, because the model holds their interaction.",
        "Numbers entered by splines or polynomials: ns(age, df = 3)",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn values_of_few_persons_stay_inside() {
    let report = fit("lung", "ns(age, df = 3) + sex");
    let (out, _) = apply(&report, &Profile::named("dk-dst").expect("a profile"));
    let model = &out.models[0];
    // One person is 39, one 82; knots at 59 and 68 have 8 and 10 records.
    assert!(model.bases[0].boundary.iter().all(|k| k.hidden && k.value.is_none()));
    assert!(model.bases[0].knots.iter().all(|k| !k.hidden && k.value.is_some() && k.records.is_none()));
    let text = render(&out, Format::Text, &NumberStyle::ENGLISH, 100);
    assert!(text.contains("boundary ., ."), "{text}");
    assert!(model.ratios_at[0].points.iter().all(|p| p.records.is_none()));
}

#[test]
fn a_curve_has_no_hazard_ratio_per_unit() {
    let mut settings = ModelSettings::new("Surv(time, status == 2) ~ rcs(age, 3) * factor(sex)");
    let request = |exposure: &str, modifier: &str| pipeline::InteractionRequest {
        exposure: exposure.into(),
        modifier: modifier.into(),
        at: vec![50.0, 70.0],
    };
    settings.interactions = vec![request("age", "sex")];
    let message = pipeline::fit_table(&data("lung"), &settings).expect_err("no unit").to_string();
    assert!(message.contains("`age` enters the model by a curve"), "{message}");
    settings.interactions = vec![request("sex", "age")];
    let report = pipeline::fit_table(&data("lung"), &settings).expect("sex within ages");
    assert_eq!(report.models[0].interactions[0].within.len(), 4);
}

fn collapse(level: &str, of: &[&str]) -> Collapse {
    let of = of.iter().map(|l| (*l).to_owned()).collect();
    Collapse { column: "celltype".into(), level: level.into(), of }
}

/// The veteran data with `small` and `adeno` merged must give what a column with the merged level written out gives.
#[test]
fn merged_levels_are_one_level_in_every_place() {
    let mut settings = ModelSettings::new("");
    settings.formula = "Surv(time, status) ~ celltype * factor(trt) + I(celltype == \"fast\")".into();
    settings.collapse = vec![collapse("fast", &["smallcell", "adeno"])];
    settings.references = vec![("celltype".into(), "squamous".into())];
    let request = pipeline::InteractionRequest { exposure: "celltype".into(), modifier: "trt".into(), at: Vec::new() };
    settings.interactions = vec![request];
    let report = pipeline::fit_table(&data("veteran"), &settings).expect("a fit");
    let model = &report.models[0];
    let names: Vec<&str> = model.coefficients.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names[..3], ["celltypefast", "celltypelarge", "factor(trt)2"]);
    assert!(model.coefficients[3].aliased, "the comparison is the merged level");
    let counts: Vec<(&str, Option<u64>)> =
        model.collapsed[0].of.iter().map(|l| (l.level.as_str(), l.records)).collect();
    assert_eq!(counts, [("smallcell", Some(48)), ("adeno", Some(27))]);
    let events: u64 = model.interactions[0].within.iter().filter_map(|c| c.events).sum();
    assert_eq!(Some(events), model.n_events);
    let text = render(&report, Format::Text, &NumberStyle::ENGLISH, 200);
    assert!(text.contains("celltype: fast is made of smallcell (48 records), adeno (27 records)"), "{text}");
}

// coxph(Surv(time, status) ~ I(celltype %in% c("smallcell", "adeno")), veteran): β = 0.76…, one degree of freedom.
#[test]
fn two_merged_levels_equal_an_indicator() {
    let mut settings = ModelSettings::new("Surv(time, status) ~ celltype");
    settings.collapse = vec![collapse("slow", &["squamous", "large"]), collapse("fast", &["smallcell", "adeno"])];
    let merged = pipeline::fit_table(&data("veteran"), &settings).expect("a fit");
    let by_hand = ModelSettings::new("Surv(time, status) ~ I(celltype %in% c('smallcell', 'adeno'))");
    let by_hand = pipeline::fit_table(&data("veteran"), &by_hand).expect("a fit");
    let (ours, other) = (estimates(&merged.models[0]), estimates(&by_hand.models[0]));
    // Levels in the order of the data's: adeno stands first, so the merged level that holds it is the reference.
    assert_close(ours[0], -other[0], 1e-10);
    assert_eq!(merged.models[0].coefficients[0].name, "celltypeslow");
}

#[test]
fn what_cannot_be_merged_is_said() {
    let message = |rules: Vec<Collapse>| {
        let mut settings = ModelSettings::new("Surv(time, status) ~ celltype");
        settings.collapse = rules;
        pipeline::fit_table(&data("veteran"), &settings).expect_err("a fault").to_string()
    };
    assert!(
        message(vec![collapse("fast", &["smalcell"])])
            .contains("there is no level \"smalcell\"; is \"smallcell\" meant?")
    );
    let twice = vec![collapse("a", &["adeno"]), collapse("b", &["adeno"])];
    assert!(message(twice).contains("level \"adeno\" is merged twice"));
    let taken = vec![collapse("large", &["adeno", "smallcell"])];
    assert!(message(taken).contains("there is a level \"large\" already; list it among those that are merged"));
}
