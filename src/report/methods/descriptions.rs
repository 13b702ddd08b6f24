//! How groups were described before any model: survival, cumulative incidence, tests of curves, rates.

use crate::report::{Description, GroupDescription, Report};
use std::collections::BTreeSet;

/// All sentences; none where nothing was described.
pub(in crate::report) fn sentences(report: &Report) -> Vec<String> {
    let w = report.words();
    let all = || report.descriptions.iter();
    let groups = || all().flat_map(|d| &d.groups);
    let mut sentences = Vec::new();
    sentences.extend(all().find(|d| d.groups.iter().any(has_survival)).map(|d| {
        let estimator = match d.estimator.as_str() {
            "nelson-aalen" => w.estimator_nelson_aalen(),
            "fleming-harrington" => w.estimator_fleming_harrington(),
            _ => w.estimator_kaplan_meier(),
        };
        w.survival_sentence(estimator, &d.interval)
    }));
    sentences.extend(groups().any(|g| !g.incidence.is_empty()).then(|| w.aalen_johansen_sentence().to_owned()));
    let tests: BTreeSet<&str> = all().flat_map(|d| &d.tests).map(|test| test.name.as_str()).collect();
    let names: Vec<String> = tests.iter().map(|name| w.test_by_name(name)).collect();
    sentences.extend((!names.is_empty()).then(|| w.curve_tests_sentence(w.list_and(&names))));
    sentences.extend(all().find_map(standardised).map(|standard| w.standardised_rates_sentence(w.said(standard))));
    sentences.extend(groups().any(|g| g.observed_expected.is_some()).then(|| w.expected_sentence().to_owned()));
    sentences
}

fn has_survival(group: &GroupDescription) -> bool {
    !group.survival.is_empty() || !group.quantiles.is_empty() || group.curve.is_some()
}

/// The standard of directly standardised rates.
fn standardised(description: &Description) -> Option<&str> {
    let has_rates = description.groups.iter().any(|g| g.standardised.is_some());
    description.standard.as_deref().filter(|_| has_rates)
}
