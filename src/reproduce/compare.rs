//! Printed numbers against a run: one verdict per number.

use super::hints::{Change, Runs, hints};
use super::lookup::{self, Found};
use super::printed::Printed;
use super::source::{self, Findings};
use super::targets::{Direction, Measure, Row, Table, Targets, TimeUnit};
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
    /// Whether limits are printed.
    pub fn has_limits(&self) -> bool {
        self.limits.is_some()
    }

    /// What is printed and what is found, by name.
    fn pairs(&self, found: &Found) -> Vec<(&'static str, &Printed, Option<f64>)> {
        let mut pairs = vec![("value", &self.value, Some(found.value))];
        if let Some((lower, upper)) = &self.limits {
            pairs.push(("lower limit", lower, found.limits.ok().map(|l| l.0)));
            pairs.push(("upper limit", upper, found.limits.ok().map(|l| l.1)));
        }
        pairs
    }

    /// A found number in the printed form.
    fn in_print(&self, found: &Found) -> String {
        let one = |printed: &Printed, value: f64| format!("{value:.*}", printed.decimals_shown());
        match (&self.limits, found.limits) {
            (Some((lower, upper)), Ok((l, u))) => {
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
    let told = |v: &Verdict| v.kind == Kind::Inconsistent || v.expected.is_some();
    verdicts.extend(in_print.into_iter().filter(|v| told(v) && !is_row(v)));
    let order: BTreeMap<&String, usize> = targets.tables.iter().enumerate().map(|(at, t)| (&t.name, at)).collect();
    verdicts.sort_by_key(|v| order.get(&v.table).copied());
    Outcome {
        name: targets.name.clone(),
        title: targets.title.clone(),
        note: targets.note.clone(),
        source_only: false,
        internal: (0..targets.against.len()).any(|run| runs.report(run).disclosure.is_none()),
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
    match row.place.against {
        None => verdict.because.push("nothing to hold it against is named".to_owned()),
        Some(run) => held_against(run, &mut verdict, row, table, runs),
    }
    if findings.kind() == Kind::Inconsistent {
        let agrees = verdict.kind == Kind::Reproduced;
        verdict.kind = Kind::Inconsistent;
        let run = if agrees { vec!["the run agrees with the print all the same".to_owned()] } else { verdict.because };
        verdict.because = findings.faults.iter().cloned().chain(run).collect();
    }
    verdict
}

/// Judges a number by its run, or by the run fitted again where the row needs that.
fn held_against(run: usize, verdict: &mut Verdict, row: &Row, table: &Table, runs: &mut dyn Runs) {
    let needs = lookup::needs(row, table, runs.report(run));
    let made = !needs.is_empty() && runs.changed(run, &needs).is_some();
    let base: &[Change] = if made { &needs } else { &[] };
    let report = match made {
        true => runs.changed(run, base).expect("a run that was made again is kept"),
        false => runs.report(run),
    };
    let again = base.iter().map(|change| format!("fitted again {}", change.words()));
    verdict.because.extend(again);
    let found = match lookup::value(row, table, report, &[]) {
        Ok(found) => found,
        Err(why) => return verdict.because.push(why),
    };
    if let Some(direction) = row.place.direction {
        return judge_direction(verdict, row, table, (direction, &found), report);
    }
    let Some(value) = &row.value else { return };
    let parts = Parts { value: value.clone(), limits: row.lower.clone().zip(row.upper.clone()) };
    judge(verdict, row.close.unwrap_or(table.close), &parts, &found);
    if matches!(verdict.kind, Kind::Differs | Kind::Close) {
        verdict.hints = hints(row, table, &parts, (run, base), runs);
        let is_tried = verdict.kind == Kind::Differs && !row.measure.is_count();
        if is_tried && verdict.hints.is_empty() {
            verdict.because.push("nothing that was tried reproduces it".to_owned());
        }
    }
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
            None => {}
        }
    }
    if let (Some(_), Err(why)) = (&parts.limits, found.limits) {
        verdict.because.push(why.to_owned());
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
    let (lower, upper) = match found.limits {
        Ok(limits) => limits,
        Err(why) => return verdict.because.push(why.to_owned()),
    };
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
                "its interval excludes 1, as 1 in {:.0} does by chance; with {m} such statements taken together ({:.2} % Wald limits {l:.3} to {u:.3}) it does not",
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
            judge(&mut verdict, table.close, &parts, &Found::alone(value));
            if measure == Measure::PersonTime && verdict.kind == Kind::Differs {
                verdict.hints.extend(other_unit(printed, value, table.time_unit));
            }
        }
        Err(why) => verdict.because.push(why),
    }
    verdict
}

/// The unit in which person-time would be what is printed.
fn other_unit(printed: &Printed, found: f64, unit: TimeUnit) -> Option<String> {
    let others = TimeUnit::NAMED.iter().map(|(_, other)| *other).filter(|other| *other != unit);
    let mut fitting = others.filter(|other| printed.agrees(found * unit.days() / other.days()));
    fitting.next().map(|other| format!("it is reproduced in {}", other.name()))
}
