//! What a bootstrap says of every estimate of a report, one row each.

use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value, interactions};
use crate::house_style::Language;
use crate::report::{BootstrapInterval, ModelResult, Report};

/// Percentile, basic and normal intervals of hazard ratios, comparisons, ratios and additive measures.
pub fn bootstrap_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let level = super::percent(report);
    let columns = vec![
        Column::new("label", "", ColumnKind::Text),
        Column::new("percentile", &w.percentile_interval(&level), ColumnKind::Interval),
        Column::new("basic", &w.basic_interval(&level), ColumnKind::Interval),
        Column::new("normal", &w.normal_interval(&level), ColumnKind::Interval),
        Column::new("se", w.se(), ColumnKind::Number),
        Column::new("bias", w.bias(), ColumnKind::Number),
        Column::new("n_used", w.replicates(), ColumnKind::Number),
    ];
    let mut table = DisplayTable::new("bootstrap", w.bootstrap_title(), &["what", "statistic"], columns);
    for model in report.models.iter().filter(|m| m.bootstrap.is_some()) {
        push_model(&mut table, w, model);
    }
    for (_, i) in interactions(report) {
        let pair = w.by_two(i.exposure_title(), i.modifier_title());
        let of = |exposure: &str, modifier: &str| w.within(exposure, modifier);
        let within = i.within.iter().map(|c| (of(c.exposure_title(), c.modifier_title()), c.hr, c.bootstrap.as_ref()));
        push(&mut table, &w.family_within(&pair), within.collect(), Scale::Ratio);
        let both = |exposure: &str, modifier: &str| format!("{exposure} × {modifier}");
        let joint = i.joint.iter().map(|c| (both(c.exposure_title(), c.modifier_title()), c.hr, c.bootstrap.as_ref()));
        push(&mut table, &w.family_joint(&pair), joint.collect(), Scale::Ratio);
        let ratios = i.ratios.iter().map(|r| (of(&r.exposure_level, &r.modifier_level), r.ratio, r.bootstrap.as_ref()));
        push(&mut table, &w.family_ratios(&pair), ratios.collect(), Scale::Ratio);
        let mut additive = Vec::new();
        for a in &i.reri {
            let label = both(&a.exposure_level, &a.modifier_level);
            additive.push((format!("RERI, {label}"), a.reri, a.reri_bootstrap.as_ref()));
            additive.push((format!("AP, {label}"), a.ap, a.ap_bootstrap.as_ref()));
            additive.push((format!("S, {label}"), a.s, a.s_bootstrap.as_ref()));
        }
        push(&mut table, &w.family_additive(&pair), additive, Scale::Measure);
    }
    (!table.rows.is_empty()).then_some(table)
}

#[derive(Clone, Copy, PartialEq)]
enum Scale {
    Ratio,
    Measure,
}

fn push_model(table: &mut DisplayTable, w: Language, model: &ModelResult) {
    let coefficients = model.coefficients.iter().map(|c| (c.title().to_string(), c.hr, c.bootstrap.as_ref()));
    push(table, &w.family_hazard_ratios(model.title()), coefficients.collect(), Scale::Ratio);
    let contrasts = model.contrasts.iter().map(|c| (c.title().to_string(), c.hr, c.bootstrap.as_ref()));
    push(table, &w.family_comparisons(model.title()), contrasts.collect(), Scale::Ratio);
    let Some(b) = &model.bootstrap else { return };
    let mut left_out = String::new();
    if b.n_not_converged > 0 {
        left_out += &w.replicates_not_converged(b.n_not_converged);
    }
    if b.n_not_estimable > 0 {
        left_out += &w.replicates_not_estimable(b.n_not_estimable);
    }
    let text = w.replicates_remark(model.title(), b.replicates, b.seed, left_out);
    table.remarks.push(Remark::Text(text));
}

/// Label, estimate, and what the replicates say of it.
type Line<'a> = (String, Option<f64>, Option<&'a BootstrapInterval>);

fn push(table: &mut DisplayTable, what: &str, lines: Vec<Line<'_>>, scale: Scale) {
    if lines.iter().all(|(_, _, interval)| interval.is_none()) {
        return;
    }
    table.push_group(what);
    for (label, estimate, interval) in lines {
        let Some(b) = interval else { continue };
        let value = |lower, upper| match estimate {
            Some(estimate) if scale == Scale::Ratio => Value::Ratio(estimate, lower, upper),
            Some(estimate) => Value::Measure(estimate, lower, upper),
            None => Value::NotEstimable,
        };
        let cells = vec![
            Cell::text(label.clone()),
            Cell::from(value(b.lower, b.upper)),
            Cell::from(value(b.basic_lower, b.basic_upper)),
            Cell::from(value(b.normal_lower, b.normal_upper)),
            Cell::number(b.se, 4),
            Cell::number(b.bias, 4),
            Cell::count(Some(b.n_used), false, ""),
        ];
        table.push(RowKind::Item, &[what, label.as_str()], cells);
    }
}
