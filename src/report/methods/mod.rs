//! The methods paragraph: what was run, in words, from the report alone.
//!
//! It holds what the SAMPL guidelines (Lang and Altman 2013, Science Editors' Handbook of the European Association of
//! Science Editors) ask of survival and regression analyses, as far as a run knows it:
//!
//! | SAMPL asks for | where |
//! |---|---|
//! | events or dates that begin and end the time analysed | `persons`: index date, eligibility, follow-up |
//! | circumstances of censoring | `persons`: ends of follow-up |
//! | method for survival curves and for comparing them | `descriptions` |
//! | classes of numbers, transformations | `persons`: classes; splines and polynomials with knots here |
//! | model, variables, coding, how variables were chosen, outliers | here: models, reference levels, selection |
//! | missing values | `persons`: rules by variable; records left out here |
//! | assumptions and how they were checked | here: proportional hazards, functional form |
//! | interactions, goodness of fit | here: interactions, concordance |
//! | measure with interval, tests, adjustment for several tests | here |
//! | software with version | here |
//!
//! Purpose, size of the smallest difference of interest, and validation in other data are for the authors.

mod descriptions;
mod persons;

use super::tables::percent;
use super::{CurveCovariate, ModelResult, Report, SurvivalCurve, label_or};
use crate::conventions::Conventions;
use crate::house_style::Language;
use std::collections::BTreeSet;

pub(super) use descriptions::sentences as description_sentences;
pub(super) use persons::{class_sentence, cohort_sentence, follow_up_sentences, matching_sentence};

/// A short methods paragraph in the report's language: cohort, follow-up, models, ties, variance, tests, software.
pub fn paragraph(report: &Report) -> String {
    let w = report.words();
    let mut sentences = persons::sentences(report);
    sentences.extend(descriptions::sentences(report));
    sentences.extend(model_sentences(report));
    sentences.extend(competing_sentences(report));
    sentences.extend(time_varying_sentence(report));
    sentences.extend(interaction_sentences(report));
    sentences.extend(contrast_sentence(report));
    sentences.extend(prediction_sentences(report));
    sentences.extend(bootstrap_sentence(report));
    sentences.extend(adjustment_sentence(report));
    sentences.extend(test_sentences(report));
    if let Some(d) = &report.disclosure {
        sentences.push(d.sentence(w));
    }
    sentences.push(w.software_sentence(&report.software.name, &report.software.version));
    sentences.join(" ")
}

fn model_sentences(report: &Report) -> Vec<String> {
    let w = report.words();
    let Some(first) = report.models.first() else { return Vec::new() };
    let models: Vec<String> = report.models.iter().map(|m| w.model_with(m.title(), in_words(report, m))).collect();
    let what = match models.as_slice() {
        [_] if is_fine_gray(first) => w.fine_gray_model(&first.formula),
        [_] => w.cox_model(&first.formula),
        _ => w.cox_models(models.join("; ")),
    };
    let mut sentences = vec![w.hazard_ratios_from(percent(report), what)];
    sentences.extend(reference_sentence(report));
    let how = match same(report, |m| &m.ties) {
        true => ties(w, &first.ties),
        false => {
            let each = report.models.iter().map(|m| w.ties_in(ties(w, &m.ties), m.title()));
            w.list_and(&each.collect::<Vec<_>>())
        }
    };
    sentences.push(w.ties_handled(how));
    sentences.extend(convention_sentence(report));
    sentences.extend(likelihood_sentences(report));
    sentences.extend(robust_sentence(report));
    let stratified: Vec<&ModelResult> = report.models.iter().filter(|m| !m.strata.is_empty()).collect();
    if let Some(model) = stratified.first() {
        sentences.push(w.stratified_sentence(w.list_and(&strata_titles(report, model)), titles(w, &stratified)));
    }
    sentences.extend(pooling_sentence(report));
    sentences.extend(curve_sentence(report));
    if report.models.iter().any(|m| m.n_missing_dropped.is_some_and(|n| n > 0)) {
        sentences.push(w.complete_records().to_string());
    }
    sentences.push(w.selection_sentence().to_owned());
    sentences
        .extend(report.models.iter().any(|m| m.concordance.is_some()).then(|| w.concordance_sentence().to_owned()));
    sentences
}

/// What the baseline hazard is stratified by: `strata(year)` by the title of its covariate.
fn strata_titles(report: &Report, model: &ModelResult) -> Vec<String> {
    let title = |name: &str| report.covariate_title(name).to_owned();
    let one = |term: &String| match term.strip_prefix("strata(").and_then(|rest| rest.strip_suffix(')')) {
        Some(names) => names.split(", ").map(title).collect(),
        None => vec![term.clone()],
    };
    model.strata.iter().flat_map(one).collect()
}

/// The model's formula in words: the titles of its terms; the formula where a study gives no titles.
pub(super) fn in_words(report: &Report, model: &ModelResult) -> String {
    let titles: Vec<String> = model.terms.iter().map(|t| t.title().to_string()).collect();
    if report.study.is_none() || titles.is_empty() { model.formula.clone() } else { report.words().list_and(&titles) }
}

/// The levels that others are compared with, over all models.
pub(super) fn reference_sentence(report: &Report) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut references = Vec::new();
    for part in report.models.iter().flat_map(|m| &m.coefficients).flat_map(|c| &c.parts) {
        let Some(versus) = part.versus.as_ref().filter(|_| seen.insert(part.variable.clone())) else { continue };
        let row = report.levels.iter().find(|l| l.variable == part.variable && l.level == *versus);
        references.push(match row {
            Some(row) => format!("{}: {}", label_or(&row.label, &row.variable), label_or(&row.level_label, &row.level)),
            // A study whose level is hidden does not name it; a data file has names only.
            None if report.study.is_some() => return None,
            None => format!("{}: {versus}", part.variable),
        });
    }
    (!references.is_empty()).then(|| report.words().reference_levels(references.join("; ")))
}

fn robust_sentence(report: &Report) -> Option<String> {
    let w = report.words();
    let robust: Vec<&ModelResult> = report.models.iter().filter(|m| m.variance != "model").collect();
    let model = robust.first()?;
    let whose = match robust.len() == report.models.len() {
        true => String::new(),
        false => w.in_models(titles(w, &robust)),
    };
    let how = model.cluster.as_ref().map_or(String::new(), |c| w.clustered_by(c));
    let factor = model.cluster_correction.as_ref().map_or(String::new(), |f| w.cluster_factor(f));
    Some(w.robust_sentence(whose, how, factor))
}

fn pooling_sentence(report: &Report) -> Option<String> {
    let w = report.words();
    let (pooling, model) = report.models.iter().find_map(|m| m.pooling.as_ref().zip(Some(m)))?;
    let column = pooling.column.as_ref().map_or(String::new(), |c| w.column_of(c));
    let pooled: Vec<&ModelResult> = report.models.iter().filter(|m| m.pooling.is_some()).collect();
    let whose = match pooled.len() == report.models.len() {
        true => String::new(),
        false => w.in_models(titles(w, &pooled)),
    };
    let robust = if model.variance == "model" { "" } else { w.robust_word() };
    let ratios = if pooling.likelihood_ratios.is_empty() { "" } else { w.and_pooled_ratios() };
    Some(w.pooled_sentence(robust, pooling.imputations.len(), column, whose, ratios))
}

/// Which covariates entered by splines or polynomials, with their knots.
pub(super) fn curve_sentence(report: &Report) -> Option<String> {
    let (w, style) = (report.words(), report.number_style());
    let marker = report.disclosure.as_ref().map_or(w.hidden(), |d| d.marker.as_str());
    let mut curves: Vec<String> = Vec::new();
    for curve in report.models.iter().flat_map(|m| &m.bases).map(|b| b.sentence(&style, marker)) {
        if !curves.contains(&curve) {
            curves.push(curve);
        }
    }
    (!curves.is_empty()).then(|| w.curves_sentence(curves.join("; ")))
}

/// Whether hazard ratios are those of the subdistribution.
fn is_fine_gray(model: &ModelResult) -> bool {
    model.competing.as_ref().is_some_and(|c| c.is_fine_gray())
}

/// `the model` where there is no other.
fn which(report: &Report, models: &[&ModelResult]) -> String {
    let w = report.words();
    if report.models.len() == 1 { w.the_model().to_string() } else { titles(w, models) }
}

/// What became of competing events.
fn competing_sentences(report: &Report) -> Vec<String> {
    let w = report.words();
    let told = || report.models.iter().filter_map(|m| m.competing.as_ref().map(|c| (m, c)));
    let mut sentences = Vec::new();
    let censored: Vec<&ModelResult> = told().filter(|(_, c)| !c.is_fine_gray()).map(|(m, _)| m).collect();
    if let Some(events) = censored.first().and_then(|m| m.competing.as_ref()).map(|c| &c.events) {
        sentences.push(w.censored_sentence(events, which(report, &censored)));
    }
    let weighted: Vec<&ModelResult> = told().filter(|(_, c)| c.is_fine_gray()).map(|(m, _)| m).collect();
    if let Some(first) = weighted.first().and_then(|m| m.competing.as_ref()) {
        let groups = first.censoring_group.as_ref().map_or(String::new(), |g| w.within_censoring_groups(g));
        let weights = if first.weights.as_deref() == Some("estimated") { w.weights_estimated() } else { "" };
        sentences.push(w.fine_gray_sentence(which(report, &weighted), &first.events, groups, weights));
    }
    sentences
}

/// Whose conventions were followed, when it is one program for all models.
fn convention_sentence(report: &Report) -> Option<String> {
    let like = report.models.first().and_then(|m| m.like.as_deref()).and_then(Conventions::named)?;
    same(report, |m| &m.like).then(|| report.words().conventions_sentence(like.program()))
}

/// Penalties and profile likelihoods, and for which models.
fn likelihood_sentences(report: &Report) -> Vec<String> {
    let w = report.words();
    let of = |is: &dyn Fn(&ModelResult) -> bool| {
        let models: Vec<&ModelResult> = report.models.iter().filter(|m| is(m)).collect();
        let whose = match models.len() == report.models.len() {
            true => String::new(),
            false => w.in_models(titles(w, &models)),
        };
        (!models.is_empty()).then_some(whose)
    };
    let mut sentences = Vec::new();
    sentences.extend(of(&|m| m.penalty.as_deref() == Some("firth")).map(|whose| w.firth_sentence(whose)));
    sentences.extend(of(&|m| m.penalty.as_deref() == Some("ridge")).map(|whose| w.ridge_sentence(whose)));
    if let Some(whose) = of(&|m| m.interval == "profile") {
        sentences.push(w.profile_sentence(whose));
        let with_cells = |m: &ModelResult| m.interval == "profile" && !m.interactions.is_empty();
        if report.models.iter().any(with_cells) {
            sentences.push(w.wald_within().to_string());
        }
    }
    sentences
}

/// The coefficients that change with time.
fn time_varying_sentence(report: &Report) -> Option<String> {
    let w = report.words();
    let mut terms: Vec<String> =
        report.models.iter().flat_map(|m| &m.time_varying).flat_map(|v| v.terms.iter().cloned()).collect();
    terms.sort();
    terms.dedup();
    (!terms.is_empty()).then(|| w.time_varying_sentence(w.list_and(&terms)))
}

fn interaction_sentences(report: &Report) -> Vec<String> {
    let w = report.words();
    let all = || report.models.iter().flat_map(|m| m.interactions.iter().map(move |i| (m, i)));
    let pairs: Vec<String> =
        all().map(|(m, i)| w.pair_on_top(i.exposure_title(), i.modifier_title(), m.title())).collect();
    if pairs.is_empty() {
        return Vec::new();
    }
    let is_pooled = report.models.iter().any(|m| m.pooling.is_some());
    let tests = if is_pooled { w.pooled_wald_test() } else { w.joint_tests() };
    let mut sentences = vec![w.interactions_sentence(pairs.join("; "), tests)];
    sentences.extend(all().any(|(_, i)| !i.reri.is_empty()).then(|| w.additive_sentence().to_string()));
    sentences
}

fn contrast_sentence(report: &Report) -> Option<String> {
    report.models.iter().any(|m| !m.contrasts.is_empty()).then(|| report.words().contrasts_sentence().to_string())
}

/// The scales of the limits of some curves, for the end of a sentence.
fn limits_of<'a>(w: Language, curves: impl Iterator<Item = &'a SurvivalCurve>) -> String {
    let mut scales: Vec<String> = curves.map(|c| c.limits.clone()).collect();
    scales.dedup();
    if scales.is_empty() { String::new() } else { w.limits_on(w.list_or(&scales)) }
}

/// Times of predictions, each once and in order.
fn times_of(report: &Report, times: impl Iterator<Item = f64>) -> String {
    let mut times: Vec<f64> = times.collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    if times.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = times.iter().map(|time| report.number_style().number(*time)).collect();
    let listed = report.words().list_and(&shown);
    if report.counts_days() { report.words().in_days(listed) } else { listed }
}

/// The covariates of a curve in words, after its own label where the study gives it one.
fn pattern(report: &Report, curve: &SurvivalCurve) -> String {
    let value = |c: &CurveCovariate| {
        let level = report.levels.iter().find(|l| l.variable == c.variable && l.level == c.value);
        level.map_or(c.value.clone(), |level| label_or(&level.level_label, &level.level).to_owned())
    };
    if curve.at.iter().all(|c| curve.label.contains(&value(c))) {
        return curve.label.clone();
    }
    let variable = |name: &str| report.covariate_title(name).to_owned();
    let covariates = curve.at.iter().map(|c| format!("{} {}", variable(&c.variable), value(c))).collect::<Vec<_>>();
    format!("{} ({})", curve.label, covariates.join(", "))
}

/// Whose curves were predicted, each once in the order of the report, and the times of their tables.
fn curve_patterns(report: &Report) -> Option<String> {
    let curves = || report.models.iter().flat_map(|m| &m.curves);
    let mut patterns: Vec<String> = Vec::new();
    for pattern in curves().filter(|c| !c.at.is_empty()).map(|c| pattern(report, c)) {
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    let times = times_of(report, curves().flat_map(|c| &c.times).map(|p| p.time));
    let w = report.words();
    match (patterns.is_empty(), times.is_empty()) {
        (true, _) => None,
        (false, true) => Some(w.curve_patterns_sentence(patterns.join("; "))),
        (false, false) => Some(w.curve_patterns_at_sentence(patterns.join("; "), times)),
    }
}

fn prediction_sentences(report: &Report) -> Vec<String> {
    let w = report.words();
    let models = || report.models.iter();
    let mut sentences = Vec::new();
    let curves = |incidence: bool| models().flat_map(|m| &m.curves).filter(move |c| c.is_incidence() == incidence);
    if models().any(|m| !m.baseline_hazard.is_empty()) || curves(false).next().is_some() {
        sentences.push(w.baseline_sentence(limits_of(w, curves(false))));
    }
    let incidence = |fine_gray: bool| {
        let of = move |m: &&ModelResult| m.competing.as_ref().is_some_and(|c| c.is_fine_gray() == fine_gray);
        models().filter(of).flat_map(|m| &m.curves).filter(|c| c.is_incidence())
    };
    if incidence(true).next().is_some() {
        sentences.push(w.incidence_sentence(limits_of(w, incidence(true))));
    }
    if incidence(false).next().is_some() {
        sentences.push(w.incidence_by_causes_sentence(limits_of(w, incidence(false))));
    }
    sentences.extend(curve_patterns(report));
    if models().any(|m| m.pooling.is_some() && !(m.curves.is_empty() && m.standardised.is_empty())) {
        sentences.push(w.pooled_predictions_sentence().to_owned());
    }
    let standardised: Vec<_> = models().flat_map(|m| &m.standardised).collect();
    if let Some(first) = standardised.first() {
        let mut exposures: Vec<String> = standardised.iter().map(|s| s.exposure_title().to_string()).collect();
        exposures.dedup();
        let covariates = if first.covariates == "fixed" { w.fixed_covariates() } else { w.sampled_covariates() };
        let over = if first.population == "records" { w.over_records() } else { w.over_first_records() };
        let times = times_of(report, first.rows.iter().map(|row| row.time));
        let from = report.number_style().number(first.from);
        sentences.push(w.standardised_sentence(w.list_and(&exposures), over, covariates, from, times));
    }
    sentences
}

fn bootstrap_sentence(report: &Report) -> Option<String> {
    let w = report.words();
    let b = report.models.iter().find_map(|m| m.bootstrap.as_ref())?;
    let unit = b.unit.as_ref().map_or(w.records_word().to_string(), |column| w.units_of(column));
    let strata = if report.models.iter().any(|m| !m.strata.is_empty()) { w.within_strata() } else { "" };
    Some(w.bootstrap_sentence(b.replicates, unit, strata, b.seed))
}

pub(super) fn adjustment_sentence(report: &Report) -> Option<String> {
    let w = report.words();
    let method = report.models.iter().find_map(|m| m.adjustment.as_deref())?;
    Some(w.adjustment_sentence(if method == "holm" { w.holm() } else { w.bonferroni() }))
}

fn test_sentences(report: &Report) -> Vec<String> {
    let w = report.words();
    let mut sentences = Vec::new();
    let terms = || report.models.iter().flat_map(|m| &m.terms);
    if terms().any(|t| t.lr.is_some()) {
        sentences.push(w.terms_tested().to_string());
    } else if terms().next().is_some() {
        sentences.push(w.terms_tested_wald().to_string());
    }
    sentences.extend(report.comparisons.iter().any(|c| c.test.is_some()).then(|| w.nested_sentence().to_string()));
    sentences.extend(proportionality_sentence(report));
    sentences.extend(functional_form_sentence(report));
    if !report.models.is_empty() {
        let adjusted = report.models.iter().any(|m| m.adjustment.is_some());
        sentences.push(if adjusted { w.two_sided() } else { w.two_sided_unadjusted() }.to_string());
    }
    let has_rates = report.levels.iter().any(|l| l.counts.rate.is_some()) || report.total.is_some();
    if has_rates {
        sentences.push(w.rates_sentence(report.number_style().decimal(report.settings.rate_per, 0)));
    }
    sentences
}

fn functional_form_sentence(report: &Report) -> Option<String> {
    let w = report.words();
    let forms: Vec<_> = report.models.iter().flat_map(|m| &m.functional_form).collect();
    let first = forms.first()?;
    let mut names: Vec<String> = forms.iter().map(|f| f.title().to_owned()).collect();
    names.dedup();
    Some(w.functional_form_sentence(w.list_and(&names), first.paths, first.seed))
}

fn proportionality_sentence(report: &Report) -> Option<String> {
    let w = report.words();
    let tests = report.models.iter().filter_map(|m| m.proportional_hazards.as_ref()).flat_map(|t| t.all());
    let mut against: Vec<String> = Vec::new();
    for words in tests.map(|t| w.said(t.transform_in_words())) {
        if !against.contains(&words) {
            against.push(words);
        }
    }
    let functions = against.join(&format!(" {} ", w.and_with()));
    (!against.is_empty()).then(|| w.proportionality_sentence(functions))
}

fn same<'a, T: PartialEq + 'a>(report: &'a Report, of: impl Fn(&'a ModelResult) -> &'a T) -> bool {
    report.models.windows(2).all(|w| of(&w[0]) == of(&w[1]))
}

fn ties(w: Language, name: &str) -> String {
    match name {
        "efron" => w.efron().to_string(),
        "breslow" => w.breslow().to_string(),
        "exact" => w.exact_ties().to_string(),
        other => other.to_string(),
    }
}

fn titles(w: Language, models: &[&ModelResult]) -> String {
    w.list_and(&models.iter().map(|m| w.quoted(m.title())).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{EntryDay, FollowUp};

    #[test]
    fn says_what_was_run() {
        let follow_up = FollowUp {
            scale: "since_index".into(),
            event: "first outpatient contact".into(),
            exits: vec!["death".into(), "emigration".into()],
            maximum: Some("730 days".into()),
            ..FollowUp::default()
        };
        let model = ModelResult {
            name: "crude".into(),
            formula: "group".into(),
            ties: "efron".into(),
            variance: "clustered".into(),
            cluster: Some("person".into()),
            ..ModelResult::default()
        };
        let report = Report { follow_up: Some(follow_up), models: vec![model], ..Report::default() };
        assert_eq!(
            paragraph(&report),
            format!(
                "People were followed from the index date to first outpatient contact, death, emigration or 730 days of \
                 follow-up, whichever came first. Without first outpatient contact, follow-up was censored at its end. The time scale was days since the start of follow-up. Hazard ratios \
                 with 95% confidence intervals came from the Cox proportional-hazards model group. Tied event \
                 times were handled by Efron's method. Standard errors are robust (sandwich, the infinitesimal jackknife), clustered by person. \
                 Every variable named for a model stayed in it, whatever its P value, and no observation was left out for its influence on the estimates. \
                 P values are two-sided and not adjusted for the number of tests. Analyses were done with cohort {}.",
                env!("CARGO_PKG_VERSION")
            )
        );
    }

    #[test]
    fn strata_have_the_titles_of_their_covariates() {
        let year =
            crate::report::Covariate { name: "year".into(), label: "Calendar year".into(), ..Default::default() };
        let report = Report { covariates: vec![year], ..Report::default() };
        let model = ModelResult { strata: vec!["strata(year, region)".into()], ..ModelResult::default() };
        assert_eq!(strata_titles(&report, &model), ["Calendar year", "region"]);
    }

    #[test]
    fn says_when_people_entered_and_what_came_first() {
        let day = |kind: &str, value: &str| EntryDay { kind: kind.into(), value: value.into() };
        let follow_up = FollowUp {
            scale: "since_index".into(),
            event: "visit".into(),
            exits: vec!["death".into(), "emigration".into()],
            maximum: Some("2 years".into()),
            late_entry: vec![day("after_index", "30 days"), day("column", "persons.consent"), day("day", "2008-01-01")],
            event_between: Some("later_event".into()),
            event_at_exit: Some("event_first".into()),
            exit_first: vec!["emigration".into()],
            ..FollowUp::default()
        };
        let said = follow_up_sentences(Language::English, &follow_up).join(" ");
        assert_eq!(
            said,
            "People were followed from the latest of the index date, 30 days after the index date, the person's \
             persons.consent and 2008-01-01 to visit, death, emigration or 2 years after the index date, whichever came \
             first. Without visit, follow-up was censored at its end. The time scale was days since the index date, with entry into the risk set at the start of \
             follow-up. People who were no longer under observation at the start of follow-up never entered the risk \
             set (left truncation). An event between the index date and the start of follow-up did not count; a later \
             one did. An event on the day of emigration did not count. An event on the day of death counted."
        );
        let only = FollowUp { late_entry: vec![day("after_index", "30 days")], ..follow_up };
        let said = follow_up_sentences(Language::Bokmal, &only);
        assert!(said[0].starts_with("Personene ble fulgt fra 30 dager etter indeksdatoen til"), "{}", said[0]);
    }
}
