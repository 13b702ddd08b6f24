//! The rules of a profile in words, for the output checker, and what no rule covers.

use super::Profile;
use crate::study::disclosure::{Extremes, Rates, Rounding, Small, Totals};

/// What was done to the numbers, a sentence or two for each kind.
pub(super) fn rules(profile: &Profile) -> Vec<String> {
    let mut rules = vec![match profile.source.as_str() {
        "" => format!("Profile `{}`.", profile.name),
        source => format!("Profile `{}`, after {source}.", profile.name),
    }];
    if !profile.changes_anything() {
        rules.push("No number was hidden or rounded: the study file asks for no disclosure control.".to_string());
        return rules;
    }
    rules.extend(small_counts(profile));
    if profile.secondary && profile.threshold > 1 {
        rules.push(secondary(profile));
    } else if profile.threshold > 1 {
        rules.push(
            "Nothing is hidden to protect others: small counts may follow from sums and differences.".to_string(),
        );
    }
    rules.extend(rounding(profile));
    rules.push(estimates(profile));
    rules.push(table_one(profile));
    rules.push(
        "Curves keep the steps by which as many events as the threshold have come together; probabilities stand on a grid \
         whose steps are at least the threshold of people. Numbers at risk and events stand at the chosen times only. Whole \
         curves stay inside where a group is hidden or has few events of the kind."
            .to_string(),
    );
    rules.push(percentiles(profile).to_string());
    rules.push(
        "Never exported: rows and sizes of the files read, person-time in days, BIC, numbers of pairs, medians of predicted \
         curves, the end of the longest follow-up, counts in warnings."
            .to_string(),
    );
    rules
}

fn small_counts(profile: &Profile) -> Vec<String> {
    if profile.threshold <= 1 {
        return Vec::new();
    }
    let first = u64::from(!profile.hide_zero);
    let last = profile.threshold - 1;
    let zero = if profile.hide_zero { "Zero is as small." } else { "Zero is shown." };
    let missing = match profile.hide_missing {
        true => " Missing values are a cell like others.",
        false => " Numbers of missing values are not protected.",
    };
    vec![match profile.small {
        Small::Marked => format!(
            "Persons and events from {first} to {last} are hidden and shown as `{}`; so is what would give as few persons \
             without an event, left out, or between two times. {zero}{missing}",
            profile.marker
        ),
        Small::Zero => format!("Persons and events from 1 to {last} are shown as 0.{missing}"),
        Small::Rounded => {
            format!("Persons and events from 1 to {last} are rounded like others, which hides them.{missing}")
        }
    }]
}

fn secondary(profile: &Profile) -> String {
    let range = match profile.small {
        Small::Marked => {
            format!("every number from {} to {}", u64::from(!profile.hide_zero), profile.threshold)
        }
        Small::Zero | Small::Rounded => "every number that is shown in the same way".to_string(),
    };
    format!(
        "Further counts are hidden until, whatever is worked out from all tables, models and figures together, {range} stays \
         possible for a small count: the program holds for each two sets of numbers that fit everything shown (Hundepool et \
         al. 2012, Statistical Disclosure Control, chapter 4). Rows of a code go where the persons behind them are few; a \
         hidden code that the study does not name is not named."
    )
}

fn rounding(profile: &Profile) -> Vec<String> {
    let how = match profile.rounding {
        Rounding::None => {
            return vec!["Person-years are whole; rates and percentages are made of what is shown.".to_string()];
        }
        Rounding::Nearest(n) => format!("rounded to the nearest {n}"),
        Rounding::Midpoint(n) => format!("rounded to the middle of classes of {n}; zero stays"),
        Rounding::Base(n) => format!("rounded to 0 or {n} where they are under {n}"),
        Rounding::BySize => "rounded to the nearest 10, 50, 100, 500 or 1,000 by size".to_string(),
    };
    let totals = match profile.round_totals {
        Totals::Own => "totals are rounded by themselves",
        Totals::FromCells => {
            "totals are the sums of the rounded cells that are shown, of the first variable (footnote under the tables)"
        }
    };
    let rates = match profile.rates {
        Rates::FromRounded => "rates are made of rounded events and person-years and have no limits",
        Rates::Hide => "rates are hidden",
    };
    vec![
        format!(
            "Every count that is left, and person-years, are {how}; {totals}; {rates}; exclusions are differences of \
            rounded numbers."
        ),
        "Exact standard errors would undo the rounding (one is near √(1/events + 1/events of the reference)): in their place \
         stand those of the fewest events that the rounded numbers may stand for, with intervals and P values made of them. \
         Covariances, likelihoods, AIC, bootstrap limits and pooling within imputations stay inside; so do estimates of \
         levels that are shown as 0."
            .to_string(),
    ]
}

fn estimates(profile: &Profile) -> String {
    let mut rule = "Estimates, person-time and rates of hidden levels and cells are hidden; of an interaction those made of a \
        hidden cell (two for a hazard ratio, four for a ratio or an additive measure). A model with a hidden coefficient \
        shows no likelihood and no covariance of it, other tests with three digits."
        .to_owned();
    let mut least = |n: u64, of: &str| {
        if n > 0 {
            rule.push_str(&format!(" Estimates of a {of} are hidden under {n} events."));
        }
    };
    least(profile.min_events_level, "level");
    least(profile.min_events_model, "model");
    if profile.min_residual_df > 0 {
        let n = profile.min_residual_df;
        rule.push_str(&format!(" Estimates of a model with fewer than {n} records more than coefficients are hidden."));
    }
    if profile.significant_digits > 0 {
        rule.push_str(&format!(" Numbers have {} significant digits.", profile.significant_digits));
    }
    rule
}

fn table_one(profile: &Profile) -> String {
    let digits = match profile.rounds() {
        true => "at most four digits, and no more places than the rounded number of persons bears",
        false => "four digits",
    };
    format!(
        "Table 1: percentages and standardised differences are made of the numbers shown, hidden levels taken together. Means \
         and standard deviations have {digits}; they go with small groups, and that of all persons where one group's alone \
         is hidden."
    )
}

fn percentiles(profile: &Profile) -> &'static str {
    match profile.extremes {
        Extremes::Show => "Knots, percentiles and medians are shown.",
        Extremes::Threshold => {
            "Medians, quartiles, percentiles and knots are hidden where fewer persons, records or events than the threshold \
             share the value. A quartile between two values is hidden too; a knot between two values, or written in the \
             formula, is shown."
        }
        Extremes::Hide => "Medians, quartiles, percentiles and knots that are values of the data are hidden.",
    }
}

/// What the program leaves to the checker.
pub(super) const LEFT: [&str; 7] = [
    "Differences to results of other runs on the same data, and knowledge from outside.",
    "Labels, notes and formulas that the user wrote: a label can name a group of one.",
    "Hazard ratios, which sites let pass: without adjustment one is near the ratio of two rates, so that with person-years it \
     narrows the rounded events of a small level.",
    "Coefficients of numeric covariates, concordance, and likelihoods and tests of models without a hidden coefficient are \
     shown at full precision; so is the number of iterations.",
    "Variables whose levels nest (municipality in county) are tied together only by the totals.",
    "Events on the very day of a chosen time are left out of account in who was lost until then.",
    "Hashes of the files read are in results.json; they tell only that a file is the same.",
];
