//! Statements about fits: interaction analyses and tests per term by the rules they follow, beyond R's reference cases.

use cohort::design::{self, DesignOptions};
use cohort::engine::{CoxFit, FitOptions, NearTies, Prepared};
use cohort::formula::{Comparison, Formula};
use cohort::inference::{self, Standing, contrast, interaction};
use cohort::table::{Codes, Column, ColumnData, Factor, Table};

/// 240 records: sex × group with one empty combination, and an age.
fn records() -> Table {
    let mut state = 20_261u64;
    let mut random = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as u32
    };
    let n = 240;
    let (mut time, mut event, mut sex, mut group, mut age) = (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..n {
        let s = random() % 2;
        let g = random() % 3;
        // Nobody is in the second sex and the third group.
        let g = if s == 1 && g == 2 { 1 } else { g };
        time.push(1 + (random() % 60) as i32);
        event.push(Some(random() % 3 > 0));
        sex.push(Some(s));
        group.push(Some(g));
        age.push(20.0 + f64::from(random() % 50));
    }
    let factor = |codes: Vec<Option<u32>>, levels: &[&str]| {
        let levels: Vec<String> = levels.iter().map(|l| l.to_string()).collect();
        ColumnData::Factor(Factor {
            codes: Codes::pack(codes, levels.len()),
            labels: levels.clone(),
            levels,
            declared: true,
        })
    };
    let column = |name: &str, data| Column { name: name.into(), label: name.into(), data };
    Table::new(vec![
        column("time", ColumnData::Whole(time)),
        column("event", ColumnData::Logical(event)),
        column("sex", factor(sex, &["f", "m"])),
        column("group", factor(group, &["a", "b", "c"])),
        column("age", ColumnData::Number(age)),
    ])
}

struct Fitted {
    columns: design::ModelColumns,
    prepared: Prepared,
    fit: CoxFit,
}

fn fit(formula: &str) -> Fitted {
    let formula = Formula::parse(&format!("Surv(time, event) ~ {formula}")).expect("a formula");
    let built = design::build(&records(), &formula, &DesignOptions::default()).expect("a design");
    let prepared = Prepared::new(&built.data, &built.design, NearTies::Repair).expect("records");
    let fit = prepared.fit(&FitOptions::default()).expect("a fit");
    Fitted { columns: built.columns, prepared, fit }
}

fn analyse(f: &Fitted, exposure: &str, modifier: &str, at: &[f64]) -> interaction::Interaction {
    let options = FitOptions::default();
    interaction::interaction(&f.prepared, &f.fit, &f.columns, exposure, modifier, at, &options, 0.95)
        .expect("an analysis")
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-7 * (1.0 + b.abs()), "{a} instead of {b}");
}

/// Hazard ratios within levels do not depend on which level is the reference, nor on how the model is written.
#[test]
fn two_ways_of_writing_a_model_give_the_same_hazard_ratios() {
    let product = analyse(&fit("sex * group + age"), "sex", "group", &[]);
    let cells = analyse(&fit("sex:group + age"), "sex", "group", &[]);
    for (a, b) in product.within.iter().zip(&cells.within).filter(|(a, _)| a.standing == Standing::Estimated) {
        close(a.estimate.estimate, b.estimate.estimate);
        close(a.estimate.se, b.estimate.se);
    }
}

#[test]
fn a_combination_without_records_cannot_be_estimated() {
    let f = fit("sex * group + age");
    let found = analyse(&f, "sex", "group", &[]);
    let of = |cells: &[inference::Cell], e, m| {
        cells.iter().find(|c| (c.exposure, c.modifier) == (e, m)).expect("a cell").standing
    };
    assert_eq!(of(&found.within, 1, 2), Standing::NotEstimable);
    assert_eq!(of(&found.joint, 1, 2), Standing::NotEstimable);
    assert_eq!(of(&found.joint, 0, 2), Standing::Estimated);
    assert_eq!(of(&found.within, 0, 1), Standing::Reference);
    assert_eq!(found.additive.last().expect("a pair").standing, Standing::NotEstimable);
    assert_eq!(found.wald.df, 1);
    assert_eq!(found.lr.test.df, 1);
    let warnings = inference::warnings(&f.prepared, &f.fit, &f.columns);
    assert_eq!((warnings[0].code, warnings[0].level.as_deref()), ("aliased", Some("m × c")));
    assert!(warnings[0].message.starts_with("`sex:group`, level m × c, has no coefficient"), "{}", warnings[0].message);
}

#[test]
fn a_joint_hazard_ratio_is_a_product_of_those_within() {
    let found = analyse(&fit("sex * group + age"), "sex", "group", &[]);
    let joint =
        |e, m| found.joint.iter().find(|c| (c.exposure, c.modifier) == (e, m)).expect("a cell").estimate.estimate;
    let within =
        |e, m| found.within.iter().find(|c| (c.exposure, c.modifier) == (e, m)).expect("a cell").estimate.estimate;
    close(joint(1, 1), joint(0, 1) + within(1, 1));
    let ratio = found.ratios.iter().find(|c| (c.exposure, c.modifier) == (1, 1)).expect("a ratio");
    close(ratio.estimate.estimate, within(1, 1) - within(1, 0));
    let pair = &found.additive[0];
    close(pair.reri.estimate, joint(1, 1).exp() - joint(1, 0).exp() - joint(0, 1).exp() + 1.0);
}

#[test]
fn a_number_modifies_at_the_values_asked_for() {
    let f = fit("sex * age + group");
    let found = analyse(&f, "sex", "age", &[30.0, 50.0]);
    let names: Vec<&str> = found.modifier.points.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["30", "50"]);
    let main = f.columns.names.iter().position(|n| n == "sexm").expect("sexm");
    let product = f.columns.names.iter().position(|n| n == "sexm:age").expect("sexm:age");
    let b = &f.fit.coefficients;
    close(found.within[3].estimate.estimate, b[main] + 50.0 * b[product]);
    assert!(found.joint.is_empty() && found.additive.is_empty());
    // Per year of age within each sex.
    let turned = analyse(&f, "age", "sex", &[]);
    close(
        turned.within[3].estimate.estimate,
        b[f.columns.names.iter().position(|n| n == "age").expect("age")] + b[product],
    );
    let error = interaction::Axis::modifier(&f.columns, "age", &[]).expect_err("no values");
    assert_eq!(error.to_string(), "interaction: `age` is a number; say at which values the hazard ratios are wanted");
    let options = FitOptions::default();
    let error = interaction::interaction(&f.prepared, &f.fit, &f.columns, "sex", "group", &[], &options, 0.95);
    assert_eq!(
        error.expect_err("no product").to_string(),
        "interaction: the model has no term with both `sex` and `group`; write sex * group"
    );
}

/// A test per term is that of the model without it; where marginality forbids that model there is none.
#[test]
fn terms_are_tested_where_they_can_be_dropped() {
    let f = fit("sex * group + age");
    let tests = inference::summary::term_tests(&f.prepared, &f.fit, &f.columns, &FitOptions::default()).expect("tests");
    let lr: Vec<(&str, bool)> = tests.iter().map(|t| (t.term.as_str(), t.lr.is_some())).collect();
    assert_eq!(lr, [("sex", false), ("group", false), ("age", true), ("sex:group", true)]);
    let without = fit("sex * group");
    close(tests[2].lr.expect("age").log_partial_likelihood_without, without.fit.log_partial_likelihood);
    // Without sex:age, sex:group would need a column for every group: that model is not one with fewer columns.
    let f = fit("sex:age + sex:group");
    let tests = inference::summary::term_tests(&f.prepared, &f.fit, &f.columns, &FitOptions::default()).expect("tests");
    assert_eq!(tests.iter().map(|t| t.lr.is_some()).collect::<Vec<_>>(), [false, true]);
}

/// The Wald test of a factor does not depend on its reference level.
#[test]
fn wald_tests_of_terms_do_not_depend_on_coding() {
    let (a, b) = (fit("group + age"), fit("factor(group, ref = \"b\") + age"));
    let of = |f: &Fitted| contrast::wald(&f.fit, f.columns.terms[0].columns.clone());
    close(of(&a).chisq, of(&b).chisq);
    assert_eq!(of(&a).df, 2);
}

/// The cells of an interaction analysis carry the events of the records that the model used.
#[test]
fn cells_of_a_data_file_are_counted() {
    use cohort::pipeline::{InteractionRequest, ModelSettings, fit_table};
    let mut settings = ModelSettings::new("Surv(time, event) ~ sex * group + age");
    let request = InteractionRequest { exposure: "sex".into(), modifier: "group".into(), at: Vec::new() };
    settings.interactions.push(request);
    let report = fit_table(&records(), &settings).expect("a report");
    let model = &report.models[0];
    let joint = &model.interactions[0].joint;
    assert_eq!(joint.iter().map(|c| c.events.expect("events")).sum::<u64>(), model.n_events.expect("events"));
    let empty = joint.iter().find(|c| c.exposure_level == "m" && c.modifier_level == "c").expect("a cell");
    assert_eq!((empty.events, empty.hr), (Some(0), None));
}

fn compare(f: &Fitted, text: &str) -> Result<inference::Contrast, String> {
    let comparison = Comparison::parse(text).map_err(|e| e.to_string())?;
    inference::comparison::compare(&f.fit, &f.columns, &comparison, 0.95).map_err(|e| e.to_string())
}

/// Of two patterns everything that they share cancels, written in any order.
#[test]
fn a_comparison_is_the_difference_of_two_rows() {
    let f = fit("sex * age + group");
    let at = |name: &str| f.columns.names.iter().position(|n| n == name).expect("a column");
    let (b, v) = (&f.fit.coefficients, &f.fit.covariance);
    let (group, age, product) = (at("groupb"), at("age"), at("sexm:age"));
    let found = compare(&f, "group=b, age=60, sex=f vs group=a, age=50, sex=f").expect("a contrast");
    close(found.estimate.estimate, b[group] + 10.0 * b[age]);
    let variance = v[(group, group)] + 20.0 * v[(group, age)] + 100.0 * v[(age, age)];
    close(found.estimate.se, variance.sqrt());
    let men = compare(&f, "age=60, sex=m vs sex=m, age=50").expect("a contrast");
    close(men.estimate.estimate, 10.0 * (b[age] + b[product]));
    // Levels that are no reference, and the same turned round.
    let (there, back) = (compare(&f, "group=c vs group=b"), compare(&f, "group=b vs group=c"));
    let (there, back) = (there.expect("a contrast").estimate, back.expect("a contrast").estimate);
    close(there.estimate, b[at("groupc")] - b[group]);
    close(there.lower, -back.upper);
    // The same comparison when the factor has a column for every level.
    let cells = fit("sex:group + age");
    let plain = fit("sex * group + age");
    let text = "sex=m, group=b vs sex=f, group=a";
    close(compare(&cells, text).expect("a").estimate.se, compare(&plain, text).expect("a").estimate.se);
}

#[test]
fn a_comparison_that_the_model_cannot_give_says_what_is_missing() {
    let f = fit("sex * age + group + log(age):group");
    let message = |text: &str| compare(&f, text).expect_err("a fault");
    assert_eq!(
        message("sex=m vs sex=f"),
        "the term `sex:age` makes the hazard ratio depend on `age`, which is not named; give it the same value on both \
         sides, such as `age`=…"
    );
    assert_eq!(
        message("age=50, sex=f vs age=40, sex=f").split(',').next(),
        Some("the term `group:log(age)` makes the hazard ratio depend on `group`")
    );
    assert_eq!(message("group=z, age=1 vs group=a, age=1"), "`group` has no level `z`; its levels are a, b, c");
    assert_eq!(message("age=old, sex=f vs age=40, sex=f"), "`age` is a number; `old` is none");
    assert_eq!(message("groop=b vs groop=a"), "`groop` is no covariate of the model; is `group` meant?");
    assert_eq!(
        message("group=b, age=3 vs group=b, age=3"),
        "the two patterns do not differ in the model; nothing is compared"
    );
    // An empty combination has no hazard ratio; the others do.
    let f = fit("sex * group");
    let found = compare(&f, "sex=m, group=c vs sex=f, group=c").expect("a contrast");
    assert_eq!(found.standing, Standing::NotEstimable);
}

/// A reference that does not have the lowest hazard is pointed out, and nothing is recoded.
#[test]
fn additive_measures_ask_for_the_lowest_reference() {
    let found = analyse(&fit("sex * group + age"), "sex", "group", &[]);
    let lowest = found.lower_than_reference().expect("a lower combination");
    let estimated = found.joint.iter().filter(|c| c.standing == Standing::Estimated);
    assert!(
        lowest.estimate.estimate < 0.0 && estimated.clone().all(|c| c.estimate.estimate >= lowest.estimate.estimate)
    );
    let turned = analyse(&fit("factor(sex, ref = \"m\") * factor(group, ref = \"b\") + age"), "sex", "group", &[]);
    let positive = turned.joint.iter().all(|c| c.standing != Standing::Estimated || c.estimate.estimate >= 0.0);
    assert_eq!(turned.lower_than_reference().is_none(), positive);
}
