//! What the output checker reads beside the exported files: rules, what was hidden where, what is left to look at.

use super::system::Why;
use super::{Hidden, Profile};
use crate::study::disclosure::{Extremes, Rates, Rounding, Small, Totals};

/// The text of `checker.md`. `files` are the exported files with a line on each.
pub fn checker(profile: &Profile, hidden: &[Hidden], files: &[(String, &'static str)]) -> String {
    let mut out = String::from("# For the output checker\n\n");
    out.push_str("This file is not for export: the numbers of hidden cells below help to work them out.\n\n");
    list(&mut out, "Rules", &rules(profile));
    out.push_str("## Files in export/\n\n| file | holds |\n|---|---|\n");
    files.iter().for_each(|(file, holds)| out.push_str(&format!("| `{file}` | {holds} |\n")));
    out.push_str(
        "\nNothing else is in `export/`. Person-time records, residuals, predictions of records, whole curves and the \
        exact report are in `internal/` only.\n",
    );
    out.push_str("\n## Hidden\n\n");
    tables(&mut out, hidden);
    cells(&mut out, hidden, files);
    let unprotected: Vec<String> = hidden.iter().filter(|h| h.unprotected > 0).map(|h| h.table.clone()).collect();
    if !unprotected.is_empty() {
        let why = "Small counts that other numbers may give back, since nothing more could be hidden. Look at each before \
            anything leaves";
        list(&mut out, why, &unprotected);
    }
    list(&mut out, "Covered", &COVERED.map(String::from));
    list(&mut out, "Not done by the program; please look", &LEFT.map(String::from));
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn list(out: &mut String, title: &str, lines: &[String]) {
    out.push_str(&format!("## {title}\n\n"));
    lines.iter().for_each(|line| out.push_str(&format!("- {line}\n")));
    out.push('\n');
}

fn tables(out: &mut String, hidden: &[Hidden]) {
    let shown: Vec<&Hidden> = hidden.iter().filter(|h| h.primary + h.secondary + h.estimates > 0).collect();
    if shown.is_empty() {
        out.push_str("Nothing.\n\n");
        return;
    }
    out.push_str("| where | small themselves | hidden to protect others | estimates |\n|---|--:|--:|--:|\n");
    for h in shown {
        let table = h.table.replace('|', "\\|");
        out.push_str(&format!("| {table} | {} | {} | {} |\n", h.primary, h.secondary, h.estimates));
    }
    out.push('\n');
}

/// Each hidden cell, one table after the other, without its value.
fn cells(out: &mut String, hidden: &[Hidden], files: &[(String, &'static str)]) {
    let hidden: Vec<&Hidden> = hidden.iter().filter(|h| !h.cells.is_empty()).collect();
    if hidden.is_empty() {
        return;
    }
    out.push_str(
        "## Each hidden cell\n\nEvery file of `export/` has the same tables; the data file of a table is named beside it. *Small*: \
        the count itself. *Protects*: it would give a small one back, or what follows from shown ones would be small \
        (persons without an event, those between two times). A count that stands in several tables is listed once and \
        hidden in all.\n\n",
    );
    for of_table in hidden {
        cells_of_table(out, of_table, files);
    }
}

fn cells_of_table(out: &mut String, hidden: &Hidden, files: &[(String, &'static str)]) {
    let mut named: Vec<&str> = Vec::new();
    for (spot, _) in &hidden.cells {
        let name = format!("tables/{}.csv", spot.file);
        let file = files.iter().map(|(file, _)| file.as_str()).find(|file| *file == name);
        named.extend(file.filter(|file| !named.contains(file)));
    }
    let named: Vec<String> = named.iter().map(|file| format!(" `{file}`")).collect();
    let text = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    out.push_str(&format!("### {}{}\n\n", text(&hidden.table), named.join(",")));
    out.push_str("| row | hidden | why |\n|---|---|---|\n");
    for same in hidden.cells.chunk_by(|(a, x), (b, y)| a.row == b.row && x == y) {
        let columns: Vec<String> = same.iter().map(|(spot, _)| text(&spot.column)).collect();
        let why = if same[0].1 == Why::Small { "small" } else { "protects" };
        out.push_str(&format!("| {} | {} | {why} |\n", text(&same[0].0.row), columns.join(", ")));
    }
    out.push('\n');
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
    rules.extend(small_counts(profile));
    if profile.secondary && profile.threshold > 1 {
        rules.push(secondary(profile));
    }
    rules.extend(rounding(profile));
    rules.extend(estimates(profile));
    rules.push(
        "Table 1: shares and standardised differences are made again of the numbers that are shown, hidden levels taken \
         together and hidden groups left out; means, standard deviations and quartiles have four digits and go with small \
         groups, and where one group's alone are hidden those of all persons go too. Tests of nested models go with hidden \
         coefficients."
            .to_string(),
    );
    rules.push(
        "Curves keep those steps by which as many events as the threshold have come together, none nearer to a shown time; \
         probabilities stand on a grid whose steps are at least the threshold of people, their limits on the values outside, \
         and go where that step is more than a fifth; standard errors have two digits; steps have no counts beside them, \
         numbers at risk and events stand at the chosen times only. Whole curves of groups stay inside where a group is \
         hidden, and those of a kind of event where some group had few of it. Medians of predicted curves and the end of the longest \
         follow-up stay inside."
            .to_string(),
    );
    rules.push(match profile.extremes {
        Extremes::Show => "Knots, percentiles and medians are shown.".to_string(),
        Extremes::Threshold => {
            "Knots and percentiles that fewer records than the threshold share are hidden, with the \
            hazard ratios at them; a knot between two values of the data, or written in the formula, is shown. So are \
            quartiles of Table 1, and medians of the time to event at which fewer events than the threshold fell."
                .to_string()
        }
        Extremes::Hide => {
            "Knots and percentiles that are values of the data are hidden, with the hazard ratios at them, \
            and so are medians and other quantiles."
                .to_string()
        }
    });
    rules.push(
        "Rows and sizes of the files read, person-time in days, BIC and numbers of pairs behind a concordance are never \
         exported; warnings say no counts."
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
        "These counts of the run are one system of equations: Table 1, levels, cells of interactions, the flow of persons, \
         ends of follow-up, numbers of models and their differences, their events by level where \
         they leave records out, groups, numbers at chosen times, linkage, covariates, checks of the records, rows over calendar time, rows of codes. Further cells are \
         hidden until, whatever is worked out from all that is shown, {range} stays possible at the ends for a small count: \
         the program holds for each of them two sets of numbers that fit everything shown (Hundepool et al. 2012, \
         Statistical Disclosure Control, chapter 4). The rows of a code are hidden too where the persons behind them are as \
         few; a hidden code that no list of the study names is not named."
    )
}

fn rounding(profile: &Profile) -> Vec<String> {
    let how = match profile.rounding {
        Rounding::None => return vec!["Person-years are whole, and rates are made of what is shown.".to_string()],
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
        "An exact standard error would give the events back that were rounded (it is near √(1/events + 1/events of the \
         reference)). In its place stands that of the fewest events which the rounded numbers may stand for, with three \
         digits; intervals, z and P values are made of it, so that they are wider and never narrower. Tests of one degree of \
         freedom are made smaller by the same factor, others have three digits. Covariances, likelihoods, AIC, bootstrap \
         limits and pooling within imputations stay inside; so do estimates of numbers that are shown as 0."
            .to_string(),
    ]
}

fn estimates(profile: &Profile) -> Vec<String> {
    let mut rules = vec![
        "Person-time and rates of hidden cells, and estimates of hidden levels and cells with their part of the covariance, \
         are hidden too; of an interaction those that are made of a hidden cell (a hazard ratio of two cells, a ratio or an \
         additive measure of four). A model with a hidden coefficient shows no likelihood, and tests with three digits; tests of hidden \
         coefficients alone are hidden."
            .to_string(),
    ];
    let mut least = |n: u64, of: &str| {
        if n > 0 {
            rules.push(format!("Estimates of a {of} are hidden under {n} events."));
        }
    };
    least(profile.min_events_level, "level");
    least(profile.min_events_model, "model");
    if profile.min_residual_df > 0 {
        let n = profile.min_residual_df;
        rules.push(format!("Estimates of a model with fewer than {n} records more than coefficients are hidden."));
    }
    if profile.significant_digits > 0 {
        rules.push(format!("Numbers have {} significant digits.", profile.significant_digits));
    }
    rules
}

const COVERED: [&str; 4] = [
    "Sums and differences of all counts in one run, across tables, models and figures, by any method of solving them.",
    "Rates, person-time, percentages: made of what is shown, or hidden with it.",
    "Standard errors of hidden levels (one is near √(1/events + 1/events of the reference)), their covariances, contrasts, \
     ratios, tests and bootstrap numbers.",
    "Texts: warnings lose their counts; notes that nobody is in a group go where zero is small or the study population is.",
];

const LEFT: [&str; 8] = [
    "Differences to results of other runs on the same data.",
    "Knowledge from outside: who knows some of the people, or a total from elsewhere.",
    "Hazard ratios themselves, which sites let pass: without adjustment one is near the ratio of two rates, so that with \
     person-years it narrows the rounded events of a small level.",
    "Labels, notes and formulas that the user wrote: a label can name a group of one.",
    "Coefficients of numeric covariates, concordance, and likelihoods and tests of models without a hidden coefficient are \
     shown at full precision.",
    "Variables whose levels nest (municipality in county) are tied together only by the totals.",
    "Ties: events on the very day of a chosen time are left out of account in who was lost until then.",
    "Hashes of the files read are in results.json; they give nothing back but tell that a file is the same.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_rules_files_and_what_is_left() {
        let profile = Profile::named("dk-dst").unwrap();
        let hidden = [
            Hidden { table: "levels of sex".into(), primary: 1, secondary: 1, ..Hidden::default() },
            Hidden { table: "total|persons".into(), unprotected: 1, ..Hidden::default() },
        ];
        let text = checker(&profile, &hidden, &[("results.json".into(), "everything")]);
        assert!(text.contains("from 1 to 4 are hidden and shown as `.`"));
        assert!(text.contains("| levels of sex | 1 | 1 | 0 |") && text.contains("| `results.json` | everything |"));
        assert!(text.contains("Look at each before anything leaves\n\n- total|persons\n"));
        assert!(checker(&Profile::none(), &[], &[]).contains("No number was hidden or rounded"));
    }
}
