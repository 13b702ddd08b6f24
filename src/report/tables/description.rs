//! Tables of descriptions: groups, survival and cumulative incidence at times, rates, tests.

use super::coefficients::{interval_head, p_head};
use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value, marker};
use crate::report::{Description, GroupDescription, Report, SurvivalPoint};

/// To read: every table of every description that has something to show.
pub fn description_tables(report: &Report) -> Vec<DisplayTable> {
    description_data(report).into_iter().map(|table| table.without_empty("stratified_by")).collect()
}

/// For programs: the same tables with all of their columns.
pub fn description_data(report: &Report) -> Vec<DisplayTable> {
    let builders = [group_table, survival_table, incidence_table, rate_table, test_table, pair_table];
    let of_one = |d| builders.into_iter().filter_map(move |build| build(report, d));
    report.descriptions.iter().flat_map(of_one).collect()
}

/// What is for programs only: the whole curves.
pub fn curve_tables(report: &Report) -> Vec<DisplayTable> {
    report.descriptions.iter().filter_map(|d| curve_table(report, d)).collect()
}

/// The group's name, or what stands for all records.
fn title<'a>(report: &Report, group: &'a GroupDescription) -> &'a str {
    if group.label.is_empty() { report.words().all() } else { &group.label }
}

/// A title with the grouping variables after it.
fn headed(report: &Report, text: &str, description: &Description) -> String {
    let w = report.words();
    match description.variables.as_slice() {
        [] => text.to_owned(),
        names => w.by_two(text, names.join(&format!(" {} ", w.and()))),
    }
}

/// Records, events, quantiles, restricted mean.
fn group_table(report: &Report, description: &Description) -> Option<DisplayTable> {
    let w = report.words();
    let mut columns = vec![
        Column::new("label", &description.variables.join(", "), ColumnKind::Text),
        Column::new("records", w.records(), ColumnKind::Number),
    ];
    let has_persons = description.groups.iter().any(|g| g.persons.is_some());
    if has_persons {
        columns.push(Column::new("persons", w.persons(), ColumnKind::Number));
    }
    columns.push(Column::new("events", w.events(), ColumnKind::Number));
    let first = description.groups.first()?;
    for quantile in &first.quantiles {
        let percent = format!("{:.0}", 100.0 * quantile.probability);
        let head = match quantile.probability {
            0.5 => w.median().to_owned(),
            _ => w.percent_by(&percent),
        };
        columns.push(Column::new(&format!("quantile_{percent}"), &interval_head(&head, report), ColumnKind::Interval));
    }
    if let Some(mean) = &first.restricted_mean {
        let head = w.mean_time_to(report.number_style().number(mean.horizon));
        columns.push(Column::new("restricted_mean", &interval_head(&head, report), ColumnKind::Interval));
    }
    let mut table =
        DisplayTable::new("groups", &headed(report, w.records_and_events(), description), &["group"], columns);
    for group in &description.groups {
        let mark = marker(report);
        let mut cells = vec![Cell::text(title(report, group)), Cell::count(group.records, group.hidden, &mark)];
        if has_persons {
            cells.push(Cell::count(group.persons, group.hidden, &mark));
        }
        cells.push(Cell::count(group.events, group.hidden, &mark));
        for quantile in &group.quantiles {
            let value = match quantile.time {
                None if quantile.hidden => Value::Hidden(marker(report)),
                _ if group.hidden => Value::Hidden(mark.clone()),
                Some(time) => Value::Time(time, quantile.lower, quantile.upper),
                None => Value::Text(w.not_reached().to_owned()),
            };
            cells.push(Cell::from(value));
        }
        if let Some(mean) = &group.restricted_mean {
            let is_hidden = group.hidden || mean.mean.is_none() && report.disclosure.is_some();
            let value =
                if is_hidden { Value::Hidden(mark.clone()) } else { measure(mean.mean, mean.lower, mean.upper) };
            let notes = [(mean.beyond, w.beyond_last_record()), (mean.few_at_risk, w.few_at_risk())];
            let notes = notes.into_iter().filter(|(applies, _)| *applies && !group.hidden);
            cells.push(notes.fold(Cell::from(value), |cell, (_, note)| cell.marked(table.footnote(note))));
        }
        table.push(RowKind::Plain, &[&group.name], cells);
    }
    table.remarks.extend(remarks(report, description));
    Some(table)
}

fn measure(value: Option<f64>, lower: Option<f64>, upper: Option<f64>) -> Value {
    value.map_or(Value::Empty, |v| Value::Measure(v, lower, upper))
}

/// How the numbers were made, and what was left out.
fn remarks(report: &Report, description: &Description) -> Vec<Remark> {
    let w = report.words();
    let curves = match description.estimator.as_str() {
        "kaplan-meier" => w.curves_kaplan_meier(),
        "nelson-aalen" => w.curves_nelson_aalen(),
        _ => w.curves_fleming_harrington(),
    };
    let errors = match (description.robust, &description.cluster) {
        (false, _) => "",
        (true, None) => w.robust_errors(),
        (true, Some(_)) => w.clustered_errors(),
    };
    let mut lines = vec![w.curves_remark(curves, &description.interval, errors)];
    lines.extend(description.weights.as_ref().map(|weights| w.weighted_remark(weights)));
    if let Some(n) = description.n_missing_dropped.filter(|n| *n > 0) {
        let count = |n: u64| report.number_style().count(n);
        let why = description.missing.iter().filter_map(|m| Some(format!("{} {}", m.variable, count(m.records?))));
        let records = if n == 1 { w.one_record().to_owned() } else { w.n_records(count(n)) };
        lines.push(w.left_out_remark(records, why.collect::<Vec<_>>().join(", ")));
    }
    lines.extend(description.remarks.iter().map(|remark| w.said(remark)));
    lines.into_iter().map(Remark::Text).collect()
}

fn point_columns(head: &str, report: &Report) -> Vec<Column> {
    let w = report.words();
    vec![
        Column::new("time", super::time_head(report), ColumnKind::Number),
        Column::new("at_risk", w.at_risk(), ColumnKind::Number),
        Column::new("events", w.events_so_far(), ColumnKind::Number),
        Column::new("estimate", &interval_head(head, report), ColumnKind::Interval),
        Column::new("std.error", w.se(), ColumnKind::Number),
    ]
}

fn point_cells(table: &mut DisplayTable, report: &Report, point: &SurvivalPoint) -> Vec<Cell> {
    let hidden = || Cell::from(Value::Hidden(marker(report)));
    let none = || if point.hidden { Value::Hidden(marker(report)) } else { Value::Empty };
    let number = |value: Option<f64>| value.map_or(none(), |v| Value::Number(v, usize::from(v.fract() != 0.0)));
    let estimate = point.probability.map_or(none(), |p| Value::Probability(p, point.lower, point.upper));
    let note = (point.beyond && !point.hidden).then(|| table.footnote(report.words().beyond_last_record()));
    let time = report.number_style().number(point.time);
    if point.hidden && point.events.is_none() {
        return vec![Cell::text(time), hidden(), hidden(), hidden(), hidden()];
    }
    vec![
        Cell::from(Value::Number(point.time, decimals(point.time))),
        Cell::from(number(point.at_risk)),
        Cell::from(number(point.events)),
        note.into_iter().fold(Cell::from(estimate), Cell::marked),
        Cell::number(point.se, 4),
    ]
}

/// Decimals that a time asked for was written with, at most three.
fn decimals(time: f64) -> usize {
    (0..3).find(|d| (time * 10f64.powi(*d)).fract() == 0.0).unwrap_or(3) as usize
}

fn survival_table(report: &Report, description: &Description) -> Option<DisplayTable> {
    description.groups.first().filter(|g| !g.survival.is_empty())?;
    let text = report.words().survival();
    let columns = point_columns(text, report);
    let mut table = DisplayTable::new("survival", &headed(report, text, description), &["group"], columns);
    for group in &description.groups {
        table.push_group(title(report, group));
        for point in &group.survival {
            let cells = point_cells(&mut table, report, point);
            table.push(RowKind::Item, &[&group.name], cells);
        }
    }
    Some(table)
}

fn incidence_table(report: &Report, description: &Description) -> Option<DisplayTable> {
    let has_points = |g: &&GroupDescription| g.incidence.iter().any(|c| !c.points.is_empty());
    description.groups.first().filter(has_points)?;
    let columns = point_columns(report.words().cumulative_incidence(), report);
    let text = headed(report, report.words().competing_incidence(), description);
    let mut table = DisplayTable::new("cumulative_incidence", &text, &["group", "cause"], columns);
    for (group, cause) in description.groups.iter().flat_map(|g| g.incidence.iter().map(move |c| (g, c))) {
        table.push_group(&format!("{}: {}", title(report, group), cause.label));
        for point in &cause.points {
            let cells = point_cells(&mut table, report, point);
            table.push(RowKind::Item, &[&group.name, &cause.cause], cells);
        }
    }
    Some(table)
}

/// Crude, standardised and relative rates, as far as they were asked for.
fn rate_table(report: &Report, description: &Description) -> Option<DisplayTable> {
    let first = description.groups.first()?;
    first.rate.as_ref()?;
    let several = description.groups.len() > 1;
    let w = report.words();
    let per = report.number_style().number(description.rate_per.unwrap_or(1.0));
    let interval = |key: &str, head: &str| Column::new(key, &interval_head(head, report), ColumnKind::Interval);
    let mut columns = vec![
        Column::new("label", &description.variables.join(", "), ColumnKind::Text),
        Column::new("events", w.events(), ColumnKind::Number),
        Column::new("person_time", w.person_time(), ColumnKind::Number),
        interval("rate", &w.rate_per(&per)),
    ];
    if several {
        columns.push(interval("rate_ratio", w.rate_ratio()));
        columns.push(Column::new("p", p_head(report), ColumnKind::Number));
    }
    if first.standardised.is_some() {
        columns.push(interval("standardised_rate", &w.standardised_rate_per(&per)));
        if several {
            columns.push(interval("standardised_ratio", w.standardised_ratio()));
        }
    }
    if first.observed_expected.is_some() {
        columns.push(Column::new("expected", w.expected(), ColumnKind::Number));
        columns.push(interval("observed_expected", w.observed_over_expected()));
        columns.push(Column::new("observed_expected_p", p_head(report), ColumnKind::Number));
    }
    let mut table = DisplayTable::new("rates", &headed(report, w.rates(), description), &["group"], columns);
    for (g, group) in description.groups.iter().enumerate() {
        let cells = rate_cells(&mut table, report, group, g == 0, several);
        table.push(RowKind::Plain, &[&group.name], cells);
    }
    table.remarks.push(Remark::Text(w.exact_limits().to_owned()));
    if let Some(standard) = &description.standard {
        table.remarks.push(Remark::Text(w.standardised_over(w.said(standard))));
    }
    if let Some(file) = &description.reference_rates {
        table.remarks.push(Remark::Text(w.expected_at(file)));
    }
    Some(table)
}

fn rate_cells(
    table: &mut DisplayTable,
    report: &Report,
    group: &GroupDescription,
    is_first: bool,
    several: bool,
) -> Vec<Cell> {
    let mark = marker(report);
    let shown = |value: Value| Cell::from(if group.hidden { Value::Hidden(mark.clone()) } else { value });
    let ratio = |value: Option<f64>, lower, upper| match value {
        _ if is_first => Value::Reference,
        Some(value) => Value::Ratio(value, lower, upper),
        None => Value::NotEstimable,
    };
    let rate = group.rate.clone().unwrap_or_default();
    let mut cells = vec![
        Cell::text(title(report, group)),
        Cell::count(group.events, group.hidden, &mark),
        shown(rate.person_time.map_or(Value::Empty, Value::PersonYears)),
        shown(rate.rate.map_or(Value::NotEstimable, |r| Value::Rate(r, rate.lower, rate.upper))),
    ];
    if several {
        cells.push(shown(ratio(rate.ratio, rate.ratio_lower, rate.ratio_upper)));
        cells.push(shown(rate.p.map_or(Value::Empty, Value::P)));
    }
    if let Some(own) = &group.standardised {
        let value = own.rate.map_or(Value::NotEstimable, |r| Value::Rate(r, own.lower, own.upper));
        let why = report.words().empty_strata(own.n_empty_strata);
        let note = (own.n_empty_strata > 0).then(|| table.footnote(&why));
        cells.push(note.into_iter().fold(shown(value), Cell::marked));
        if several {
            cells.push(shown(ratio(own.ratio, own.ratio_lower, own.ratio_upper)));
        }
    }
    if let Some(own) = &group.observed_expected {
        cells.push(shown(own.expected.map_or(Value::Empty, |e| Value::Number(e, 1))));
        cells.push(shown(own.ratio.map_or(Value::NotEstimable, |r| Value::Ratio(r, own.lower, own.upper))));
        cells.push(shown(own.p.map_or(Value::Empty, Value::P)));
    }
    cells
}

/// Tests of all groups.
fn test_table(report: &Report, description: &Description) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("label", w.test(), ColumnKind::Text),
        Column::new("stratified_by", w.stratified_by(), ColumnKind::Text),
        Column::new("test", w.chi_squared(), ColumnKind::Test),
    ];
    let title = headed(report, w.tests_of_equality(), description);
    let mut table = DisplayTable::new("group_tests", &title, &["test"], columns);
    for test in &description.tests {
        let label = test.cause.as_ref().map_or(test.name.clone(), |cause| format!("{}, {cause}", test.name));
        let cells = vec![
            Cell::text(label.clone()),
            match test.stratified_by.as_slice() {
                [] => Cell::from(Value::Empty),
                strata => Cell::text(strata.join(", ")),
            },
            match test.test.chisq {
                Some(_) => Cell::test(Some(test.test)),
                None => Cell::from(Value::NotEstimable),
            },
        ];
        table.push(RowKind::Plain, &[&label], cells);
    }
    (!table.rows.is_empty()).then_some(table)
}

fn pair_table(report: &Report, description: &Description) -> Option<DisplayTable> {
    let first = description.pairs.first()?;
    let w = report.words();
    let columns = vec![
        Column::new("label", w.groups(), ColumnKind::Text),
        Column::new("test", w.chi_squared(), ColumnKind::Test),
        Column::new("adjusted_p", &w.p_adjusted_by(&first.adjustment), ColumnKind::Number),
    ];
    let title_text = headed(report, &w.pairs_of_groups(&first.name), description);
    let mut table = DisplayTable::new("group_pairs", &title_text, &["a", "b"], columns);
    for pair in &description.pairs {
        let cells =
            vec![Cell::text(format!("{} – {}", pair.a, pair.b)), Cell::test(Some(pair.test)), Cell::p(pair.adjusted_p)];
        table.push(RowKind::Plain, &[&pair.a, &pair.b], cells);
    }
    Some(table)
}

fn curve_table(report: &Report, description: &Description) -> Option<DisplayTable> {
    let names =
        ["time", "at_risk", "events", "censored", "survival", "std.error", "lower", "upper", "cumulative_hazard"];
    let mut columns: Vec<Column> = names.iter().map(|n| Column::new(n, n, ColumnKind::Number)).collect();
    columns.push(Column::new("std.error.cumulative_hazard", "", ColumnKind::Number));
    let mut table = DisplayTable::new(
        "curves",
        &headed(report, report.words().survival_curves(), description),
        &["group"],
        columns,
    );
    for (group, curve) in description.groups.iter().filter_map(|g| g.curve.as_ref().map(|c| (g, c))) {
        for k in 0..curve.time.len() {
            let numbers = [&curve.time, &curve.at_risk, &curve.events, &curve.censored, &curve.survival];
            // Of a curve that left there are no counts.
            let mut cells: Vec<Cell> = numbers.iter().map(|v| Cell::number(v.get(k).copied(), 4)).collect();
            cells.extend([&curve.se, &curve.lower, &curve.upper].map(|v| Cell::number(v[k], 4)));
            cells.push(Cell::number(Some(curve.cumulative_hazard[k]), 4));
            cells.push(Cell::number(curve.cumulative_hazard_se[k], 4));
            table.push(RowKind::Plain, &[&group.name], cells);
        }
    }
    (!table.rows.is_empty()).then_some(table)
}
