//! The methods paragraph: what was run, in words, from the report alone.

use super::tables::percent;
use super::{FollowUp, ModelResult, Report, SurvivalCurve};
use crate::conventions::Conventions;

/// A short methods paragraph in plain English: follow-up, models, ties, variance, tests, software.
pub fn paragraph(report: &Report) -> String {
    let mut sentences = Vec::new();
    if let Some(follow_up) = &report.follow_up {
        sentences.extend(follow_up_sentences(follow_up));
    }
    sentences.extend(model_sentences(report));
    sentences.extend(competing_sentences(report));
    sentences.extend(time_varying_sentence(report));
    sentences.extend(interaction_sentence(report));
    sentences.extend(contrast_sentence(report));
    sentences.extend(prediction_sentences(report));
    sentences.extend(bootstrap_sentence(report));
    sentences.extend(adjustment_sentence(report));
    sentences.extend(test_sentences(report));
    if let Some(d) = &report.disclosure {
        sentences.push(d.sentence(report.words()));
    }
    sentences.push(format!("Analyses were done with {} {}.", report.software.name, report.software.version));
    sentences.join(" ")
}

fn follow_up_sentences(f: &FollowUp) -> Vec<String> {
    let mut sentences = Vec::new();
    let entry = if f.entry.is_empty() { "the index date" } else { &f.entry };
    let mut ends = vec![f.event.clone()];
    ends.extend(f.exits.iter().cloned());
    ends.extend(f.maximum.iter().map(|m| format!("{m} of follow-up")));
    let first = if ends.len() > 1 { ", whichever came first" } else { "" };
    sentences.push(format!("People were followed from {entry} to {}{first}.", list(&ends, "or")));
    sentences.push(match f.scale.as_str() {
        "age" => "The time scale was attained age in days, with entry into the risk set at the start of follow-up."
            .to_string(),
        "calendar" => "The time scale was calendar time in days.".to_string(),
        _ => "The time scale was days since the start of follow-up.".to_string(),
    });
    if f.event_at_entry.as_deref() == Some("exclude") {
        sentences.push("People with the event on the day of entry were excluded.".to_string());
    }
    sentences
}

fn model_sentences(report: &Report) -> Vec<String> {
    let Some(first) = report.models.first() else { return Vec::new() };
    let models: Vec<String> = report.models.iter().map(|m| format!("\"{}\" ({})", m.title(), m.formula)).collect();
    let what = match models.as_slice() {
        [_] if is_fine_gray(first) => format!("the Fine-Gray model {}", first.formula),
        [_] => format!("the Cox proportional-hazards model {}", first.formula),
        _ => format!("Cox proportional-hazards models: {}", models.join("; ")),
    };
    let level = percent(report);
    let mut sentences = vec![format!("Hazard ratios with {level} confidence intervals came from {what}.")];
    sentences.push(match same(report, |m| &m.ties) {
        true => format!("Tied event times were handled by {}.", ties(&first.ties)),
        false => {
            let each: Vec<_> =
                report.models.iter().map(|m| format!("{} in \"{}\"", ties(&m.ties), m.title())).collect();
            format!("Tied event times were handled by {}.", list(&each, "and"))
        }
    });
    sentences.extend(convention_sentence(report));
    sentences.extend(likelihood_sentences(report));
    let robust: Vec<&ModelResult> = report.models.iter().filter(|m| m.variance != "model").collect();
    if let Some(model) = robust.first() {
        let whose =
            if robust.len() == report.models.len() { String::new() } else { format!(" in {}", titles(&robust)) };
        let how = model.cluster.as_ref().map_or(String::new(), |c| format!(", clustered by {c}"));
        let factor = model.cluster_correction.as_ref();
        let factor =
            factor.map_or(String::new(), |f| format!(", their squares multiplied by {f} for the number of clusters"));
        sentences
            .push(format!("Standard errors{whose} are robust (sandwich, the infinitesimal jackknife){how}{factor}."));
    }
    let stratified: Vec<&ModelResult> = report.models.iter().filter(|m| !m.strata.is_empty()).collect();
    if let Some(model) = stratified.first() {
        let strata = list(&model.strata, "and");
        sentences.push(format!("The baseline hazard was stratified by {strata} in {}.", titles(&stratified)));
    }
    if let Some((pooling, model)) = report.models.iter().find_map(|m| m.pooling.as_ref().zip(Some(m))) {
        let n = pooling.imputations.len();
        let files = pooling.column.as_ref().map_or(String::new(), |c| format!(" (column {c})"));
        let events = if model.variance == "model" { "" } else { " robust" };
        sentences.push(format!(
            "Estimates and their{events} covariances from {n} completed data sets{files} were pooled by Rubin's rules, with \
             t tests and intervals on Barnard and Rubin's degrees of freedom and pooled Wald tests (D1) of terms."
        ));
    }
    sentences.extend(curve_sentence(report));
    if report.models.iter().any(|m| m.n_missing_dropped.is_some_and(|n| n > 0)) {
        sentences.push("Each model used the records without missing values in its variables.".to_string());
    }
    sentences
}

/// Which covariates entered by splines or polynomials, with their knots.
fn curve_sentence(report: &Report) -> Option<String> {
    let marker = report.disclosure.as_ref().map_or("hidden", |d| d.marker.as_str());
    let mut curves: Vec<String> = Vec::new();
    for curve in report.models.iter().flat_map(|m| &m.bases).map(|b| b.sentence(report.words(), marker)) {
        if !curves.contains(&curve) {
            curves.push(curve);
        }
    }
    (!curves.is_empty()).then(|| format!("Numbers entered by splines or polynomials: {}.", curves.join("; ")))
}

/// Whether hazard ratios are those of the subdistribution.
fn is_fine_gray(model: &ModelResult) -> bool {
    model.competing.as_ref().is_some_and(|c| c.is_fine_gray())
}

/// `the model` where there is no other.
fn which(report: &Report, models: &[&ModelResult]) -> String {
    if report.models.len() == 1 { "the model".to_string() } else { titles(models) }
}

/// What became of competing events.
fn competing_sentences(report: &Report) -> Vec<String> {
    let told = || report.models.iter().filter_map(|m| m.competing.as_ref().map(|c| (m, c)));
    let mut sentences = Vec::new();
    let censored: Vec<&ModelResult> = told().filter(|(_, c)| !c.is_fine_gray()).map(|(m, _)| m).collect();
    if let Some(events) = censored.first().and_then(|m| m.competing.as_ref()).map(|c| &c.events) {
        sentences.push(format!(
            "Competing events ({events}) were censored in {}, whose hazard ratios are those of the cause-specific hazard.",
            which(report, &censored)
        ));
    }
    let weighted: Vec<&ModelResult> = told().filter(|(_, c)| c.is_fine_gray()).map(|(m, _)| m).collect();
    if let Some(first) = weighted.first().and_then(|m| m.competing.as_ref()) {
        let groups = first.censoring_group.as_ref().map_or(String::new(), |g| format!(" within the groups of {g}"));
        let weights = match first.weights.as_deref() {
            Some("estimated") => "; the robust variance takes into account that the weights are estimated",
            _ => "",
        };
        sentences.push(format!(
            "In {} people with a competing event ({}) stay in the risk set, weighted by the probability of not being \
             censored{groups} (Fine and Gray 1999, doi 10.1080/01621459.1999.10474144){weights}. Hazard ratios of the \
             subdistribution hazard say which way a covariate moves the cumulative incidence, not how strongly it acts on \
             those still at risk, and they mix its effects on the event and on the competing events; proportional \
             subdistribution hazards and proportional cause-specific hazards do not as a rule hold together.",
            which(report, &weighted),
            first.events
        ));
    }
    sentences
}

/// Whose conventions were followed, when it is one program for all models.
fn convention_sentence(report: &Report) -> Option<String> {
    let like = report.models.first().and_then(|m| m.like.as_deref()).and_then(Conventions::named)?;
    same(report, |m| &m.like)
        .then(|| format!("What the analysis did not state followed the conventions of {}.", like.program()))
}

/// Penalties and profile likelihoods, and for which models.
fn likelihood_sentences(report: &Report) -> Vec<String> {
    let of = |is: &dyn Fn(&ModelResult) -> bool| {
        let models: Vec<&ModelResult> = report.models.iter().filter(|m| is(m)).collect();
        let whose = match models.len() == report.models.len() {
            true => String::new(),
            false => format!(" in {}", titles(&models)),
        };
        (!models.is_empty()).then_some(whose)
    };
    let mut sentences = Vec::new();
    if let Some(whose) = of(&|m| m.penalty.as_deref() == Some("firth")) {
        sentences.push(format!(
            "Coefficients{whose} maximise Firth's penalised partial likelihood, which keeps them finite when a group has \
             no event or only events; likelihood-ratio tests compare penalised likelihoods."
        ));
    }
    if let Some(whose) = of(&|m| m.penalty.as_deref() == Some("ridge")) {
        sentences.push(format!(
            "Ridge terms{whose} draw their coefficients towards zero; degrees of freedom are effective ones, intervals of \
             penalised coefficients lie around shrunken values and need not cover at their level, and penalised terms are \
             not tested."
        ));
    }
    if let Some(whose) = of(&|m| m.interval == "profile") {
        sentences.push(format!(
            "Confidence intervals and P values of single coefficients{whose} come from the profile likelihood."
        ));
        let with_cells = |m: &ModelResult| m.interval == "profile" && !m.interactions.is_empty();
        if report.models.iter().any(with_cells) {
            sentences.push("Intervals within levels of a modifier are Wald intervals.".to_string());
        }
    }
    sentences
}

/// The coefficients that change with time.
fn time_varying_sentence(report: &Report) -> Option<String> {
    let mut terms: Vec<String> =
        report.models.iter().flat_map(|m| &m.time_varying).flat_map(|v| v.terms.iter().cloned()).collect();
    terms.sort();
    terms.dedup();
    (!terms.is_empty()).then(|| {
        format!(
            "Coefficients change with time as {} say; the hazard ratios along time combine them with the main effects.",
            list(&terms, "and")
        )
    })
}

fn interaction_sentence(report: &Report) -> Option<String> {
    let pairs: Vec<String> = report
        .models
        .iter()
        .flat_map(|m| m.interactions.iter().map(move |i| (m, i)))
        .map(|(m, i)| format!("{} by {} on top of \"{}\"", i.exposure_title(), i.modifier_title(), m.title()))
        .collect();
    (!pairs.is_empty()).then(|| {
        let is_pooled = report.models.iter().any(|m| m.pooling.is_some());
        let tests = if is_pooled { "a pooled Wald test" } else { "a joint Wald test and a likelihood-ratio test" };
        format!(
            "Interactions ({}) were analysed one at a time with product terms; hazard ratios are given within the levels \
             of the modifier, and each interaction was tested by {tests}.",
            pairs.join("; ")
        )
    })
}

fn contrast_sentence(report: &Report) -> Option<String> {
    report.models.iter().any(|m| !m.contrasts.is_empty()).then(|| {
        "Hazard ratios of chosen covariate patterns are linear combinations of the coefficients, with Wald tests and \
         intervals."
            .to_string()
    })
}

/// The scales of the limits of some curves, for the end of a sentence.
fn limits_of<'a>(curves: impl Iterator<Item = &'a SurvivalCurve>) -> String {
    let mut scales: Vec<String> = curves.map(|c| c.limits.clone()).collect();
    scales.dedup();
    if scales.is_empty() { String::new() } else { format!(", limits on the {} scale", list(&scales, "or")) }
}

fn prediction_sentences(report: &Report) -> Vec<String> {
    let models = || report.models.iter();
    let mut sentences = Vec::new();
    let curves = |incidence: bool| models().flat_map(|m| &m.curves).filter(move |c| c.is_incidence() == incidence);
    if models().any(|m| !m.baseline_hazard.is_empty()) || curves(false).next().is_some() {
        let limits = limits_of(curves(false));
        sentences.push(format!(
            "The baseline hazard is that of the model's tie rule; predicted survival is exp(−cumulative hazard), with standard \
             errors from the coefficients and the hazard increments{limits}."
        ));
    }
    if curves(true).next().is_some() {
        let limits = limits_of(curves(true));
        sentences.push(format!(
            "The predicted cumulative incidence is 1 − exp(−cumulative subdistribution hazard), with standard errors from \
             the coefficients and the hazard increments, the censoring weights taken for known there{limits} of one minus it."
        ));
    }
    let standardised: Vec<_> = models().flat_map(|m| &m.standardised).collect();
    if let Some(first) = standardised.first() {
        let mut exposures: Vec<String> = standardised.iter().map(|s| s.exposure_title().to_string()).collect();
        exposures.dedup();
        let covariates = match first.covariates.as_str() {
            "fixed" => "taking the covariates as fixed",
            _ => "including the sampling of the covariates",
        };
        sentences.push(format!(
            "Risks were standardised directly by {} (g-formula): predicted for everybody at each level and averaged over the \
             observed covariates; intervals of risks, restricted mean times, differences and ratios are by the delta method from \
             coefficients and baseline hazard, {covariates}.",
            list(&exposures, "and")
        ));
    }
    sentences
}

fn bootstrap_sentence(report: &Report) -> Option<String> {
    let b = report.models.iter().find_map(|m| m.bootstrap.as_ref())?;
    let unit = b.unit.as_ref().map_or("records".to_string(), |column| format!("units of {column}"));
    let strata = match report.models.iter().any(|m| !m.strata.is_empty()) {
        true => " within strata",
        false => "",
    };
    Some(format!(
        "Bootstrap intervals (percentile, basic, normal) come from {} resamples of {unit} drawn with replacement{strata} \
         (seed {}).",
        b.replicates, b.seed
    ))
}

fn adjustment_sentence(report: &Report) -> Option<String> {
    let method = report.models.iter().find_map(|m| m.adjustment.as_deref())?;
    let name = if method == "holm" { "Holm's method" } else { "Bonferroni's method" };
    Some(format!(
        "P values were also adjusted by {name} within each family: the coefficients of a term, the comparisons of a model, \
         and the hazard ratios of each interaction table."
    ))
}

fn test_sentences(report: &Report) -> Vec<String> {
    let mut sentences = Vec::new();
    if report.models.iter().any(|m| !m.terms.is_empty()) {
        sentences.push("Terms were tested by Wald and likelihood-ratio tests.".to_string());
    }
    sentences.extend(proportionality_sentence(report));
    sentences.extend(functional_form_sentence(report));
    let has_rates = report.levels.iter().any(|l| l.counts.rate.is_some()) || report.total.is_some();
    if has_rates {
        let per = super::number::NumberStyle::ENGLISH.decimal(report.settings.rate_per, 0);
        sentences.push(format!("Rates are per {per} person-years (365.25 days each) with exact Poisson intervals."));
    }
    sentences
}

fn functional_form_sentence(report: &Report) -> Option<String> {
    let forms: Vec<_> = report.models.iter().flat_map(|m| &m.functional_form).collect();
    let first = forms.first()?;
    let mut names: Vec<String> = forms.iter().map(|f| f.title().to_owned()).collect();
    names.dedup();
    Some(format!(
        "The functional form of {} was checked by cumulative martingale residuals (Lin, Wei and Ying 1993) against {} \
         simulated paths (seed {}).",
        list(&names, "and"),
        first.paths,
        first.seed
    ))
}

fn proportionality_sentence(report: &Report) -> Option<String> {
    let tests = report.models.iter().filter_map(|m| m.proportional_hazards.as_ref()).flat_map(|t| t.all());
    let mut against: Vec<String> = Vec::new();
    for words in tests.map(|t| t.transform_in_words().to_owned()) {
        if !against.contains(&words) {
            against.push(words);
        }
    }
    (!against.is_empty()).then(|| {
        format!(
            "Proportional hazards were tested by score tests of an interaction of each term with {} (Grambsch and \
             Therneau 1994), with the model-based variance.",
            list(&against, "and with")
        )
    })
}

fn same<'a, T: PartialEq + 'a>(report: &'a Report, of: impl Fn(&'a ModelResult) -> &'a T) -> bool {
    report.models.windows(2).all(|w| of(&w[0]) == of(&w[1]))
}

fn ties(name: &str) -> String {
    match name {
        "efron" => "Efron's method".to_string(),
        "breslow" => "Breslow's method".to_string(),
        "exact" => "the exact partial likelihood".to_string(),
        other => other.to_string(),
    }
}

fn titles(models: &[&ModelResult]) -> String {
    list(&models.iter().map(|m| format!("\"{}\"", m.title())).collect::<Vec<_>>(), "and")
}

/// `a, b or c`.
fn list(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., tail] => format!("{} {last} {tail}", head.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
                 follow-up, whichever came first. The time scale was days since the start of follow-up. Hazard ratios \
                 with 95% confidence intervals came from the Cox proportional-hazards model group. Tied event \
                 times were handled by Efron's method. Standard errors are robust (sandwich, the infinitesimal jackknife), clustered by person. \
                 Analyses were done with cohort {}.",
                env!("CARGO_PKG_VERSION")
            )
        );
    }
}
