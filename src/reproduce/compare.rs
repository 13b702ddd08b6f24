//! Printed numbers against a run: one verdict per number.

use super::hints::{Runs, hints};
use super::lookup::{self, Found};
use super::printed::Printed;
use super::source::{self, Findings};
use super::targets::{Direction, Measure, Row, Table, Targets};
use super::verdict::{Kind, Outcome, Verdict};
use std::collections::BTreeMap;

/// The printed parts of a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    value: Printed,
    limits: Option<(Printed, Printed)>,
}

/// Whether a found number rounds to all printed parts.
pub fn agrees(parts: &Parts, found: &Found) -> bool {
    parts.pairs(found).iter().all(|(_, printed, found)| found.is_some_and(|found| printed.agrees(found)))
}

impl Parts {
    /// What is printed and what is found, by name.
    fn pairs(&self, found: &Found) -> Vec<(&'static str, &Printed, Option<f64>)> {
        let mut pairs = vec![("value", &self.value, Some(found.value))];
        if let Some((lower, upper)) = &self.limits {
            pairs.push(("lower limit", lower, found.limits.map(|l| l.0)));
            pairs.push(("upper limit", upper, found.limits.map(|l| l.1)));
        }
        pairs
    }

    /// A found number in the printed form.
    fn in_print(&self, found: &Found) -> String {
        let one = |printed: &Printed, value: f64| format!("{value:.*}", printed.decimals());
        match (&self.limits, found.limits) {
            (Some((lower, upper)), Some((l, u))) => {
                format!("{} ({} to {})", one(&self.value, found.value), one(lower, l), one(upper, u))
            }
            _ => one(&self.value, found.value),
        }
    }
}

/// Holds every number of a targets file against its run.
pub fn compare(targets: &Targets, runs: &mut dyn Runs) -> Outcome {
    let against = (0..targets.against.len()).map(|run| runs.described(run)).collect();
    let found = source::findings(targets);
    let mut verdicts = Vec::new();
    for table in &targets.tables {
        for row in &table.rows {
            verdicts.extend(verdicts_on(row, table, &found, runs));
        }
    }
    let in_print = source::examine(targets).verdicts;
    let is_row = |v: &Verdict| targets.tables.iter().any(|t| t.rows.iter().any(|row| row.id == v.id));
    verdicts.extend(in_print.into_iter().filter(|v| v.kind == Kind::Inconsistent && !is_row(v)));
    let order: BTreeMap<&String, usize> = targets.tables.iter().enumerate().map(|(at, t)| (&t.name, at)).collect();
    verdicts.sort_by_key(|v| order.get(&v.table).copied());
    Outcome {
        name: targets.name.clone(),
        title: targets.title.clone(),
        note: targets.note.clone(),
        source_only: false,
        against,
        verdicts,
    }
}

/// The verdicts on a row: its number, and the counts beside it.
fn verdicts_on(row: &Row, table: &Table, found: &BTreeMap<String, Findings>, runs: &mut dyn Runs) -> Vec<Verdict> {
    let findings = found.get(&row.id).cloned().unwrap_or_default();
    let mut verdicts = Vec::new();
    if row.value.is_some() || row.place.direction.is_some() {
        verdicts.push(number(row, table, &findings, runs));
    }
    let counts =
        [(Measure::Events, &row.events), (Measure::PersonTime, &row.person_time), (Measure::Persons, &row.persons)];
    for (measure, printed) in counts {
        // Counts repeated beside every model of a table are looked at where a run can have them.
        if let (Some(printed), Some(run)) = (printed, row.place.against) {
            verdicts.push(count(row, table, (measure, printed), runs.report(run)));
        }
    }
    if verdicts.is_empty() {
        verdicts.push(blank(row, table, row.measure, row.in_print()));
    }
    verdicts
}

/// A verdict that says nothing yet.
fn blank(row: &Row, table: &Table, measure: Measure, printed: String) -> Verdict {
    Verdict {
        table: table.name.clone(),
        id: row.id.clone(),
        what: format!("{} of {}", measure.name(), row.words()),
        printed,
        found: None,
        kind: Kind::NotCovered,
        because: Vec::new(),
        hints: Vec::new(),
        expected: row.expect,
    }
}

/// The verdict on the number of a row.
fn number(row: &Row, table: &Table, findings: &Findings, runs: &mut dyn Runs) -> Verdict {
    let mut verdict = blank(row, table, row.measure, row.in_print());
    let found = match row.place.against {
        None => Err("nothing to hold it against is named".to_owned()),
        Some(run) => lookup::value(row, table, runs.report(run), None),
    };
    match (&found, row.place.against) {
        (Err(why), _) => verdict.because.push(why.clone()),
        (Ok(found), Some(run)) => match (row.place.direction, &row.value) {
            (Some(direction), _) => judge_direction(&mut verdict, row, table, (direction, found), runs.report(run)),
            (None, Some(value)) => {
                let limits = row.lower.clone().zip(row.upper.clone());
                let parts = Parts { value: value.clone(), limits };
                judge(&mut verdict, row.close.unwrap_or(table.close), &parts, found);
                if matches!(verdict.kind, Kind::Differs | Kind::Close) {
                    verdict.hints = hints(row, table, &parts, run, runs);
                }
            }
            (None, None) => {}
        },
        (Ok(_), None) => {}
    }
    if findings.kind() == Kind::Inconsistent {
        let agrees = verdict.kind == Kind::Reproduced;
        verdict.kind = Kind::Inconsistent;
        let run = if agrees { vec!["the run agrees with the print all the same".to_owned()] } else { verdict.because };
        verdict.because = findings.faults.iter().cloned().chain(run).collect();
    }
    verdict
}

/// Reproduced, close or different, and by how much.
fn judge(verdict: &mut Verdict, close: f64, parts: &Parts, found: &Found) {
    verdict.found = Some(parts.in_print(found));
    if agrees(parts, found) {
        verdict.kind = Kind::Reproduced;
        return;
    }
    let pairs = parts.pairs(found);
    let within = |(_, printed, found): &(&str, &Printed, Option<f64>)| {
        found.is_some_and(|found| (found - printed.value).abs() <= printed.half + close * printed.value.abs())
    };
    verdict.kind = if close > 0.0 && pairs.iter().all(within) { Kind::Close } else { Kind::Differs };
    for (name, printed, found) in pairs {
        match found {
            Some(found) if printed.agrees(found) => {}
            Some(found) => verdict.because.push(by_how_much(name, printed, found)),
            None => verdict.because.push(format!("the run has no {name}")),
        }
    }
}

/// `value 0.5754 for 0.59 (-2.5 %)`.
fn by_how_much(name: &str, printed: &Printed, found: f64) -> String {
    let decimals = printed.decimals() + 2;
    let share = 100.0 * (found - printed.value) / printed.value.abs();
    match share.is_finite() {
        true => format!("{name} {found:.decimals$} for {printed} ({share:+.2} %)"),
        false => format!("{name} {found:.decimals$} for {printed}"),
    }
}

/// A direction is as stated, is not, or is so by the estimate alone.
fn judge_direction(
    verdict: &mut Verdict,
    row: &Row,
    table: &Table,
    (direction, found): (Direction, &Found),
    report: &crate::report::Report,
) {
    let (lower, upper) = found.limits.unwrap_or((f64::NAN, f64::NAN));
    verdict.found = Some(format!("{:.3} ({lower:.3} to {upper:.3})", found.value));
    let includes = lower <= 1.0 && 1.0 <= upper;
    let (so, by_estimate, word) = match direction {
        Direction::Above => (lower > 1.0, found.value > 1.0, "above"),
        Direction::Below => (upper < 1.0, found.value < 1.0, "below"),
        Direction::None => (includes, includes, ""),
    };
    verdict.kind = match (so, by_estimate) {
        (true, _) => Kind::Reproduced,
        (false, true) => {
            verdict.because.push(format!("the estimate lies {word} 1, but its interval includes 1"));
            Kind::Close
        }
        (false, false) if direction == Direction::None => no_difference(verdict, row, table, report),
        (false, false) => {
            verdict.because.push(format!("the estimate does not lie {word} 1"));
            Kind::Differs
        }
    };
}

/// Of many statements of no difference some have intervals that exclude 1 by chance: with m of them in a table, limits at
/// level 1 − α/m (Bonferroni) decide between `close` and `differs`.
fn no_difference(verdict: &mut Verdict, row: &Row, table: &Table, report: &crate::report::Report) -> Kind {
    let m = table.rows.iter().filter(|r| r.place.direction == Some(Direction::None)).count();
    let level = 1.0 - (1.0 - table.level) / m as f64;
    let wide = lookup::limits_at(row, report, level).filter(|(l, u)| *l <= 1.0 && 1.0 <= *u);
    match wide {
        Some((l, u)) => {
            let said = format!(
                "its interval excludes 1, as 1 in {:.0} does by chance; with {m} such statements taken together ({:.2} % limits {l:.3} to {u:.3}) it does not",
                1.0 / (1.0 - table.level),
                100.0 * level
            );
            verdict.because.push(said);
            Kind::Close
        }
        None => {
            verdict.because.push("its interval excludes 1".to_owned());
            Kind::Differs
        }
    }
}

/// The verdict on a count beside a number.
fn count(row: &Row, table: &Table, (measure, printed): (Measure, &Printed), report: &crate::report::Report) -> Verdict {
    let mut verdict = blank(row, table, measure, printed.text.clone());
    if row.value.is_some() || row.place.direction.is_some() {
        verdict.expected = None; // What a row expects is about its number.
    }
    match lookup::count(measure, row, table, report) {
        Ok(value) => {
            let parts = Parts { value: printed.clone(), limits: None };
            judge(&mut verdict, table.close, &parts, &Found { value, limits: None });
        }
        Err(why) => verdict.because.push(why),
    }
    verdict
}
