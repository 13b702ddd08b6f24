//! Estimates that would give hidden counts back: a standard error of a log hazard ratio is near √(1/d₁ + 1/d₀).

use super::derived::significant;
use super::{Hidden, Profile, interactions, time_varying};
use crate::report::{
    Coefficient, Concordance, Interaction, InteractionCell, LevelRow, ModelLevel, ModelResult, Part, Report,
    TestResult, Warning,
};
use std::collections::BTreeSet;

/// A variable and one of its levels.
pub(super) type LevelKey = (String, String);

/// The levels that any coefficient is compared with.
pub(super) fn references(report: &Report) -> BTreeSet<LevelKey> {
    let parts = report.models.iter().flat_map(|m| &m.coefficients).flat_map(|c| &c.parts);
    parts.filter_map(|p| Some((p.variable.clone(), p.versus.clone()?))).collect()
}

/// Hides the estimates of hidden levels and cells, in models and in interaction analyses; `original` has all counts.
pub(super) fn hide(report: &mut Report, original: &Report, profile: &Profile, hidden: &mut Vec<Hidden>) {
    let enough = |row: &LevelRow| row.counts.events.is_none_or(|n| has_enough(n, profile));
    let shown: BTreeSet<LevelKey> = report
        .levels
        .iter()
        .zip(&original.levels)
        .filter(|(l, whole)| !l.counts.persons_hidden && !l.counts.events_hidden && enough(whole))
        .map(|(l, _)| (l.variable.clone(), l.level.clone()))
        .collect();
    for (model, whole) in report.models.iter_mut().zip(&original.models) {
        let too_few = has_too_few(whole, profile);
        let few = |(row, whole): (&ModelLevel, &ModelLevel)| {
            let enough = whole.events.is_some_and(|n| has_enough(n, profile));
            (row.hidden || !enough).then(|| (row.variable.clone(), row.level.clone()))
        };
        let gone: BTreeSet<LevelKey> = model.levels.iter().zip(&whole.levels).filter_map(few).collect();
        let shown = shown.difference(&gone).cloned().collect();
        let estimates = hide_coefficients(model, &shown, too_few);
        hidden.push(Hidden { table: format!("estimates of {}", model.name), estimates, ..Hidden::default() });
        for (interaction, whole) in model.interactions.iter_mut().zip(&whole.interactions) {
            let too_few = too_few || whole.n_events.is_some_and(|n| n < profile.min_events_model);
            let estimates = interactions::hide(interaction, whole, too_few, profile);
            let table = format!("estimates of {} by {}", interaction.exposure, interaction.modifier);
            hidden.push(Hidden { table, estimates, ..Hidden::default() });
        }
    }
}

/// Whether estimates of so many events may be shown: of fewer than the rule asks for, or shown as zero like a few, not.
pub(super) fn has_enough(events: u64, profile: &Profile) -> bool {
    let (low, high) = profile.range(events);
    events >= profile.min_events_level && (low > 0 || high == 0)
}

/// Whether a model rests on too few events, or on too few records for its coefficients (ACRO's residual degrees of freedom).
fn has_too_few(model: &ModelResult, profile: &Profile) -> bool {
    let estimated = model.coefficients.iter().filter(|c| !c.aliased).count() as u64;
    let residual = model.n_records.map(|n| n.saturating_sub(estimated));
    model.n_events.is_some_and(|n| n < profile.min_events_model)
        || residual.is_some_and(|n| n < profile.min_residual_df)
}

/// A coefficient is shown when the counts of all its levels, and of the levels they are compared with, are shown.
/// A level without counts in the report counts as hidden.
fn hide_coefficients(model: &mut ModelResult, shown: &BTreeSet<LevelKey>, too_few: bool) -> usize {
    let level_shown = |variable: &str, level: &Option<String>| {
        !too_few && level.as_ref().is_none_or(|l| shown.contains(&(variable.to_string(), l.clone())))
    };
    let part_shown = |p: &Part| level_shown(&p.variable, &p.level) && level_shown(&p.variable, &p.versus);
    let mut products: Vec<Vec<&Part>> = model.coefficients.iter().map(factors).filter(|f| f.len() > 1).collect();
    products.dedup_by_key(|product| product.iter().map(|p| &p.variable).collect::<Vec<_>>());
    let cells_shown = |c: &Coefficient| products.iter().all(|product| cells_shown(c, product, &model.interactions));
    let steps_shown = |c: &Coefficient| {
        let marked =
            |p: &Part| p.level.as_ref().is_some_and(|l| time_varying::is_marked(&model.time_varying, &p.variable, l));
        !c.parts.iter().any(marked)
    };
    let hide: Vec<bool> = model
        .coefficients
        .iter()
        .map(|c| too_few || !(c.parts.iter().all(part_shown) && cells_shown(c) && steps_shown(c)))
        .collect();
    for (c, _) in model.coefficients.iter_mut().zip(&hide).filter(|(_, hide)| **hide) {
        let (name, term, label) = (c.name.clone(), c.term.clone(), c.label.clone());
        *c = Coefficient { name, term, label, parts: c.parts.clone(), hidden: true, ..Coefficient::default() };
    }
    // The mean of a level's column is its share, and that of all persons gives back the only group whose mean is hidden.
    model.means.iter_mut().for_each(|mean| *mean = None);
    // Numbers of pairs grow with the numbers of persons and events; the concordance itself stays.
    model.concordance = model.concordance.map(|c| Concordance { value: c.value, se: c.se, ..Concordance::default() });
    for matrix in [Some(&mut model.covariance), model.naive_covariance.as_mut()].into_iter().flatten() {
        for (i, row) in matrix.iter_mut().enumerate() {
            for (j, cell) in row.iter_mut().enumerate() {
                let gone = |k: usize| hide.get(k).copied().unwrap_or(true);
                *cell = cell.filter(|_| !gone(i) && !gone(j));
            }
        }
    }
    hide_global(model, &hide);
    hide_terms(model);
    let along_time = time_varying::hide(&mut model.time_varying, level_shown);
    hide_contrasts(model, &hide);
    model.pooling.iter_mut().for_each(|p| p.hide(&hide));
    hide_coefficient_tests(model);
    model.bootstrap.iter_mut().for_each(|b| b.hide(&hide));
    hide.iter().filter(|h| **h).count() + along_time
}

/// Variances of hidden coefficients would come back through likelihoods and tests of all coefficients, if there are none
/// but hidden ones; with others in them, three digits leave what a reader needs.
fn hide_global(model: &mut ModelResult, hide: &[bool]) {
    if !hide.contains(&true) {
        return;
    }
    model.ridge = None;
    (model.log_partial_likelihood, model.penalised) = (Default::default(), None);
    (model.aic, model.bic) = (None, None);
    model.baseline_hazard.clear();
    let estimated = model.coefficients.iter().zip(hide).filter(|(c, hidden)| **hidden || !c.aliased);
    let all = estimated.clone().all(|(_, hidden)| *hidden);
    let tests = &mut model.tests;
    for test in [&mut tests.lr, &mut tests.wald, &mut tests.score, &mut tests.robust_score] {
        *test = test.filter(|_| !all).map(coarse);
    }
    model.concordance = model.concordance.filter(|_| !all);
    if let Some(pooling) = &mut model.pooling {
        pooling.overall = pooling.overall.take().filter(|_| !all);
        pooling.likelihood_ratios.retain(|t| !(all && t.term.is_empty()));
        pooling.imputations.iter_mut().for_each(|i| i.log_partial_likelihood = None);
    }
}

/// A test with three significant digits.
pub(super) fn coarse(test: TestResult) -> TestResult {
    let short = |x: Option<f64>| x.map(|x| significant(x, 3));
    TestResult { chisq: short(test.chisq), df: test.df, p: short(test.p) }
}

/// A comparison is made of coefficients and goes with any of them.
fn hide_contrasts(model: &mut ModelResult, hide: &[bool]) {
    let uses_hidden = |weights: &[Option<f64>]| weights.iter().zip(hide).any(|(w, hide)| *hide && *w != Some(0.0));
    model.contrasts.iter_mut().filter(|c| uses_hidden(&c.weights)).for_each(|c| c.hide());
}

/// Warnings of hidden coefficients go: that one runs to infinity says that nobody had the event. A test of one degree of
/// freedom is the hidden z.
fn hide_terms(model: &mut ModelResult) {
    let terms: BTreeSet<String> = model.coefficients.iter().filter(|c| c.hidden).map(|c| c.term.clone()).collect();
    let coefficients = &model.coefficients;
    model.warnings.retain(|w| !w.term.as_ref().is_some_and(|t| terms.contains(t)) || is_of_shown(w, coefficients));
    let all_hidden = |term: &str| model.coefficients.iter().filter(|c| c.term == term && !c.aliased).all(|c| c.hidden);
    for term in model.terms.iter_mut().filter(|t| terms.contains(&t.term)) {
        let gone = |t: &TestResult| all_hidden(&term.term) || t.df.is_none_or(|df| df <= 1.0);
        term.wald = term.wald.filter(|t| !gone(t)).map(coarse);
        term.lr = term.lr.filter(|t| !gone(t)).map(coarse);
    }
    if let Some(pooling) = &mut model.pooling {
        for tests in [&mut pooling.terms, &mut pooling.likelihood_ratios] {
            tests.retain(|t| !(terms.contains(&t.term) && all_hidden(&t.term)));
        }
    }
}

/// Whether a warning of a level, as `infinite_coefficient`, is of a coefficient that is shown.
fn is_of_shown(warning: &Warning, coefficients: &[Coefficient]) -> bool {
    let levels = |c: &Coefficient| c.parts.iter().filter_map(|p| p.level.as_deref()).collect::<Vec<_>>().join(" × ");
    let is_its = |c: &&Coefficient| Some(&c.term) == warning.term.as_ref() && Some(levels(c)) == warning.level;
    coefficients.iter().filter(|c| !c.hidden).any(|c| is_its(&c))
}

/// Tests of proportional hazards hold no count and stay; those of a single hidden coefficient go with it.
/// Smooths over time, and the value of a person where residuals are largest, stay inside.
fn hide_coefficient_tests(model: &mut ModelResult) {
    model.functional_form.iter_mut().for_each(|form| form.at = None);
    let gone: BTreeSet<&String> = model.coefficients.iter().filter(|c| c.hidden).map(|c| &c.name).collect();
    if let Some(tests) = &mut model.proportional_hazards {
        tests.smooths.clear();
        tests.coefficients.retain(|t| !gone.contains(&t.term));
        tests.others.iter_mut().for_each(|other| other.coefficients.retain(|t| !gone.contains(&t.term)));
    }
}

fn factors(coefficient: &Coefficient) -> Vec<&Part> {
    coefficient.parts.iter().filter(|p| p.level.is_some()).collect()
}

/// Whether the counts are shown of the cells that a coefficient is made of in a model with this product of levels: without
/// the product each is a comparison of levels, with it one of cells at the reference of the other factor.
fn cells_shown(c: &Coefficient, product: &[&Part], interactions: &[Interaction]) -> bool {
    let own = |p: &Part| c.parts.iter().find(|own| own.level.is_some() && own.variable == p.variable);
    if product.iter().all(|p| own(p).is_none()) {
        return true;
    }
    let [a, b] = product else { return false };
    let levels = |p: &Part| [own(p).and_then(|own| own.level.clone()), p.versus.clone()];
    let (of_a, of_b) = (levels(a), levels(b));
    let cells = of_a.iter().flatten().flat_map(|x| of_b.iter().flatten().map(move |y| (x, y)));
    interactions.iter().any(|i| {
        let in_order = i.exposure == a.variable && i.modifier == b.variable;
        let turned = i.exposure == b.variable && i.modifier == a.variable;
        let shown = |x: &String, y: &String| {
            let (e, m) = if in_order { (x, y) } else { (y, x) };
            let this = |c: &&InteractionCell| c.exposure_level == *e && c.modifier_level == *m;
            i.within.iter().find(this).is_some_and(|c| !c.persons_hidden && !c.events_hidden)
        };
        (in_order || turned) && cells.clone().all(|(x, y)| shown(x, y))
    })
}
