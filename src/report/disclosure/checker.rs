//! What the output checker reads beside the exported files: rules, what was hidden where, what is left to look at.

use super::{Hidden, Profile};

/// The text of `checker.md`. `files` are the exported files with a line on each.
pub fn checker(profile: &Profile, hidden: &[Hidden], files: &[(String, &'static str)]) -> String {
    let mut out = String::from("# For the output checker\n\n");
    out.push_str("This file is not for export: the numbers of hidden cells below help to work them out.\n\n");
    out.push_str("## Rules\n\n");
    rules(profile).iter().for_each(|rule| out.push_str(&format!("- {rule}\n")));
    if hidden.iter().any(|h| h.table.starts_with("description ")) {
        out.push_str(&format!("- {CURVES}\n"));
    }
    out.push_str("\n## Files in export/\n\n| file | holds |\n|---|---|\n");
    files.iter().for_each(|(file, holds)| out.push_str(&format!("| `{file}` | {holds} |\n")));
    out.push_str("\n## Hidden\n\n");
    if hidden.is_empty() {
        out.push_str("Nothing.\n");
    } else {
        out.push_str("| where | small themselves | hidden to protect others | estimates |\n|---|--:|--:|--:|\n");
        for h in hidden {
            let table = h.table.replace('|', "\\|");
            out.push_str(&format!("| {table} | {} | {} | {} |\n", h.primary, h.secondary, h.estimates));
        }
    }
    out.push_str("\n## Not done by the program; please look\n\n");
    LEFT.iter().for_each(|line| out.push_str(&format!("- {line}\n")));
    out
}

fn rules(profile: &Profile) -> Vec<String> {
    let mut rules = vec![match profile.source.as_str() {
        "" => format!("Profile `{}`.", profile.name),
        source => format!("Profile `{}`, after {source}.", profile.name),
    }];
    if !profile.changes_anything() {
        rules.push("No number was hidden or rounded: the study file asks for no disclosure control.".to_string());
        return rules;
    }
    if profile.threshold > 1 {
        rules.push(format!(
            "Persons and events from 1 to {} are hidden and shown as `{}`; so are events where the persons without an \
             event are that few. Zero is shown.",
            profile.threshold - 1,
            profile.marker
        ));
        rules.push(
            "Person-time and rates of hidden cells, and estimates of hidden levels and cells with their part of the \
             covariance, are hidden too."
                .to_string(),
        );
    }
    if profile.secondary {
        rules.push(
            "Within every variable, the reasons for the end of follow-up, the flow of persons, and every interaction table, \
             further cells are hidden until no total gives a hidden one, and each hidden cell could be as large as the \
             threshold as far as the total of its line tells."
                .to_string(),
        );
    }
    if profile.round_to > 1 {
        rules.push(format!(
            "Every count that is left is rounded to the nearest {}; rates come from the rounded events and are shown \
             without limits; exclusions are differences of rounded numbers; totals are rounded by themselves.",
            profile.round_to
        ));
    }
    if profile.threshold > 1 {
        rules.push(
            "Curves with a step per event, baseline hazards, medians and numbers at risk are never exported. Survival at a chosen \
             time is hidden where fewer events than the threshold lie between it and the time before, a standardised risk where \
             its level has few records or few events up to the time, or its reference has; all of them where they are made of a \
             hidden coefficient."
                .to_string(),
        );
    }
    rules.push(
        "Knots and percentiles that fewer records than the threshold share are hidden, with the hazard ratios at them; \
         a knot between two values of the data, or written in the formula, is shown."
            .to_string(),
    );
    rules.push(
        "Numbers of a model that differ by a small count from the total or from another model are hidden. Person-time \
         in days, rows and sizes of the files read are never exported."
            .to_string(),
    );
    rules.push("Residuals, and smooths of them over time, have a step per event; they stay in internal/.".to_string());
    rules
}

/// The rule on curves of groups.
const CURVES: &str = "Whole survival curves of groups, with a step for every event, stay inside. A point of a curve is hidden \
    where those at risk, the events so far, the events since the point before or the events still to come are few, and \
    where it would give the same time of another group back.";

const LEFT: [&str; 6] = [
    "Differences to results of other runs on the same data.",
    "Bounds that follow from several tables together (two variables whose levels nest, for example), beyond exact values within one table.",
    "Labels, notes and formulas that the user wrote: a label can name a group of one.",
    "Log likelihoods, tests, concordance and coefficients of numeric covariates are shown at full precision.",
    "A level that holds nearly everybody (a rate of 0% or 100% of the persons), beyond the rule on persons without an event.",
    "Hashes of the files read are in results.json; they give nothing back but tell that a file is the same.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_rules_files_and_what_is_left() {
        let profile = Profile::named("dk-dst").unwrap();
        let hidden = [Hidden { table: "levels of sex".into(), primary: 1, secondary: 1, estimates: 0 }];
        let text = checker(&profile, &hidden, &[("results.json".into(), "everything")]);
        assert!(text.contains("from 1 to 4 are hidden and shown as `.`"));
        assert!(text.contains("| levels of sex | 1 | 1 | 0 |") && text.contains("| `results.json` | everything |"));
        assert!(checker(&Profile::named("none").unwrap(), &[], &[]).contains("No number was hidden or rounded"));
    }
}
