//! Printed rows together: sums, rows that look copied, ratios against rates, numbers printed twice, tests.

use super::Findings;
use crate::inference::hypothesis::normal_quantile;
use crate::reproduce::printed::{Bounds, Printed};
use crate::reproduce::targets::{
    About, Comparison, Equals, Measure, PrintedTest, Row, Table, Targets, TimeUnit, Total, Which,
};
use libm::{exp, log, sqrt};
use std::collections::BTreeMap;

/// Rows of which chance would make two equal to the last digit, in all pairs of a table, less often than this look copied.
const CHANCE: f64 = 1e-3;

/// All checks of a table that need more than one row, by the row, total or test that they concern.
pub fn check(table: &Table) -> Vec<(String, Findings)> {
    let mut found: Vec<(String, Findings)> = Vec::new();
    found.extend(table.totals.iter().map(|total| (total.id.clone(), total_findings(total, table))));
    found.extend(table.tests.iter().map(|test| (test.id.clone(), one(test_fault(test)))));
    found.extend(copied(table));
    found.extend(table.comparisons.iter().flat_map(|comparison| compared(comparison, table)));
    found
}

fn one(fault: Option<String>) -> Findings {
    let mut found = Findings::default();
    found.check(fault);
    found
}

/// A column of a row.
fn count_of(row: &Row, measure: Measure) -> Option<&Printed> {
    match measure {
        Measure::Events => row.events.as_ref(),
        Measure::PersonTime => row.person_time.as_ref(),
        Measure::Persons => row.persons.as_ref(),
        _ => None,
    }
}

/// The sum over chosen rows: what it can be, and what it says. `None` where a row does not print the count.
fn sum(table: &Table, which: &Which, measure: Measure) -> Option<(Bounds, f64)> {
    let rows: Vec<&Row> = table.rows.iter().filter(|row| which.matches(&row.about)).collect();
    let counts = rows.iter().map(|row| count_of(row, measure)).collect::<Option<Vec<_>>>()?;
    if counts.is_empty() {
        return None;
    }
    let bounds = counts.iter().map(|c| c.bounds());
    let total = bounds.fold(Bounds { low: 0.0, high: 0.0 }, |sum, b| sum.combine(b, |a, b| a + b));
    Some((total, counts.iter().map(|c| c.value).sum()))
}

/// A sum against what it must equal.
fn total_findings(total: &Total, table: &Table) -> Findings {
    let Some((left, left_value)) = sum(table, &total.over, total.measure) else { return Findings::default() };
    let (right, right_value, where_) = match &total.equals {
        Equals::Number(number, where_) => (number.bounds(), number.value, where_.clone()),
        Equals::Sum(which) => match sum(table, which, total.measure) {
            Some((bounds, value)) => (bounds, value, "the other rows".to_owned()),
            None => return Findings::default(),
        },
    };
    if left.meets(right) {
        return one(None);
    }
    let mut said = format!("the rows add to {left_value}, {where_} to {right_value}");
    if total.measure == Measure::PersonTime {
        let days = table.time_unit.days();
        let other = TimeUnit::NAMED.iter().map(|(_, u)| *u).find(|u| left.times(u.days() / days).meets(right));
        said.extend(other.map(|u| format!("; with the first in {} they agree", u.name())));
    }
    one(Some(said))
}

/// The other side of a total, for its line.
pub fn total_in_print(total: &Total) -> String {
    match &total.equals {
        Equals::Number(number, where_) => format!("{number} ({where_})"),
        Equals::Sum(_) => "equal in both parts of the table".to_owned(),
    }
}

/// A P value must follow from its statistic.
fn test_fault(test: &PrintedTest) -> Option<String> {
    let p = |chisq: f64| crate::inference::hypothesis::chi_squared_upper(chisq.max(0.0), test.df);
    let bounds = Bounds { low: p(test.chisq.bounds().high), high: p(test.chisq.bounds().low) };
    let meets = bounds.meets(test.p.bounds());
    (!meets).then(|| {
        format!("chi-squared {} on {} df has P = {:.4}, printed {}", test.chisq, test.df, p(test.chisq.value), test.p)
    })
}

/// A row's value and limits as texts, where it has all three and is no reference.
fn triple(row: &Row) -> Option<[&Printed; 3]> {
    match (&row.value, &row.lower, &row.upper) {
        (Some(v), Some(l), Some(u)) if !row.is_reference => Some([v, l, u]),
        _ => None,
    }
}

/// The chance that an unrelated number and its limits print the same: each of the three falls on one printed value
/// among those that the interval spans.
fn chance_of([value, lower, upper]: [&Printed; 3]) -> f64 {
    let width = (upper.value - lower.value).abs();
    [value, lower, upper].iter().map(|p| if width > 0.0 { (2.0 * p.half / width).min(1.0) } else { 1.0 }).product()
}

/// The cells in which two groups of a model are equal to the last digit.
type EqualCells<'t> = Vec<(&'t Row, &'t Row)>;

/// Two rows of a model that are equal to the last digit in two or more parts of a table, more often than chance makes
/// them so: one looks copied.
fn copied(table: &Table) -> Vec<(String, Findings)> {
    let mut pairs: BTreeMap<(&str, &str, &str), EqualCells> = BTreeMap::new();
    let mut n_pairs = 0usize;
    for (i, a) in table.rows.iter().enumerate() {
        for b in &table.rows[i + 1..] {
            let (Some(x), Some(y)) = (triple(a), triple(b)) else { continue };
            let same_cell = a.measure == b.measure
                && (&a.about.outcome, &a.about.stratum, &a.about.model)
                    == (&b.about.outcome, &b.about.stratum, &b.about.model);
            if !same_cell || a.about.group == b.about.group {
                continue;
            }
            n_pairs += 1;
            if x.iter().zip(y).all(|(x, y)| x.text == y.text) {
                let (first, second) =
                    (a.about.group.as_str().min(&b.about.group), a.about.group.as_str().max(&b.about.group));
                pairs.entry((&a.about.model, first, second)).or_default().push((a, b));
            }
        }
    }
    let unlikely = |cells: &EqualCells| {
        let chance: f64 = cells.iter().filter_map(|(a, _)| triple(a)).map(chance_of).product();
        cells.len() >= 2 && chance * (n_pairs as f64) < CHANCE
    };
    let said = |other: &Row, cells: usize| {
        format!("identical to the last digit to {} in {cells} parts of the table: one looks copied", other.about.group)
    };
    let cells = pairs.values().filter(|cells| unlikely(cells)).flat_map(|cells| {
        cells.iter().flat_map(|(a, b)| [(a.id.clone(), said(b, cells.len())), (b.id.clone(), said(a, cells.len()))])
    });
    cells.map(|(id, fault)| (id, one(Some(fault)))).collect()
}

/// Ratios whose two rates are printed: the interval of one and of the other may not lie on opposite sides of 1.
fn compared(comparison: &Comparison, table: &Table) -> Vec<(String, Findings)> {
    let ratios = table.rows.iter().filter(|row| row.measure.is_ratio() && !row.is_reference);
    let ratios = ratios.filter(|row| comparison.ratios.matches(&row.about));
    let of_row = |row: &Row| {
        let above = rate_row(table, &row.about, &comparison.of, &comparison.rates)?;
        let below = rate_row(table, &row.about, &comparison.versus, &comparison.rates)?;
        direction_fault(row, above, below, table.level).map(|fault| (row.id.clone(), one(fault)))
    };
    ratios.filter_map(of_row).collect()
}

/// The rate that belongs to one side of a ratio.
fn rate_row<'t>(table: &'t Table, ratio: &About, side: &About, model: &str) -> Option<&'t Row> {
    let word = |own: &String, other: &String| if own.is_empty() { other.clone() } else { own.clone() };
    let wanted = About {
        outcome: word(&side.outcome, &ratio.outcome),
        stratum: word(&side.stratum, &ratio.stratum),
        group: word(&side.group, &ratio.group),
        model: model.to_owned(),
    };
    table.rows.iter().find(|row| row.measure == Measure::Rate && row.about == wanted)
}

/// `Some(None)`: nothing against it. `None`: numbers are missing.
fn direction_fault(ratio: &Row, above: &Row, below: &Row, level: f64) -> Option<Option<String>> {
    let [value, lower, upper] = triple(ratio)?;
    let ([a, al, au], [b, bl, bu]) = (triple(above)?, triple(below)?);
    let z = normal_quantile(0.5 + level / 2.0);
    // The standard error of a log rate, from the wider side of its interval.
    let se = |v: &Printed, l: &Printed, u: &Printed| {
        let side = |x: f64| (log(x) - log(v.value)).abs();
        side(u.bounds().high).max(side(l.positive_bounds().low.max(f64::MIN_POSITIVE))) / z
    };
    let (se_a, se_b) = (se(a, al, au), se(b, bl, bu));
    let log_ratio = log(a.value / b.value);
    let half_width = z * sqrt(se_a * se_a + se_b * se_b);
    let rates = Bounds { low: exp(log_ratio - half_width), high: exp(log_ratio + half_width) };
    let printed = Bounds { low: lower.bounds().low, high: upper.bounds().high };
    let opposite = (printed.high < 1.0 && rates.low > 1.0) || (printed.low > 1.0 && rates.high < 1.0);
    if !opposite {
        return Some(None);
    }
    let (side, other) = if printed.high < 1.0 { ("below", "above") } else { ("above", "below") };
    let ratio_of_rates = exp(log_ratio);
    let mut said = format!(
        "{value} ({lower} to {upper}) is {side} 1, but {a} over {b}, the rates it compares, is {ratio_of_rates:.2}, {other} 1"
    );
    let inverse = Bounds { low: 1.0 / printed.high, high: 1.0 / printed.low.max(f64::MIN_POSITIVE) };
    if inverse.meets(rates) {
        said.push_str(&format!("; its inverse {:.1} agrees, so the reference looks exchanged", 1.0 / value.value));
    }
    Some(Some(said))
}

/// A number that is printed in two places must round to the same.
pub fn printed_twice(targets: &Targets) -> Vec<(String, Findings)> {
    let all = || targets.tables.iter().flat_map(|t| &t.rows);
    let of_row = |row: &Row| {
        let other = all().find(|other| Some(&other.id) == row.same_as.as_ref())?;
        let pairs = [(&row.value, &other.value), (&row.lower, &other.lower), (&row.upper, &other.upper)];
        let both: Vec<(&Printed, &Printed)> =
            pairs.into_iter().filter_map(|(a, b)| a.as_ref().zip(b.as_ref())).collect();
        let differ = both.iter().any(|(a, b)| !a.bounds().meets(b.bounds()));
        let fault =
            differ.then(|| format!("printed as {} here and as {} in {}", row.in_print(), other.in_print(), other.id));
        (!both.is_empty()).then(|| (row.id.clone(), one(fault)))
    };
    all().filter_map(of_row).collect()
}
