//! Interaction on the additive scale: one row per pair of levels beside the references.

use super::coefficients::interval_head;
use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value, marker};
use crate::report::number::FARTHEST;
use crate::report::{AdditiveInteraction, Interaction, Report};

/// Joint hazard ratio, RERI, AP and S of every pair; `None` for an analysis without them.
pub fn additive_table(report: &Report, interaction: &Interaction) -> Option<DisplayTable> {
    if interaction.reri.is_empty() {
        return None;
    }
    let (exposure, modifier) = (interaction.exposure_title(), interaction.modifier_title());
    let w = report.words();
    let head = |what: &str| interval_head(what, report);
    let columns = vec![
        Column::new("label", &format!("{exposure} × {modifier}"), ColumnKind::Text),
        Column::new("hr_joint", &head(w.hr_joint_reference()), ColumnKind::Interval),
        Column::new("reri", &head("RERI"), ColumnKind::Interval),
        Column::new("ap", &head("AP"), ColumnKind::Interval),
        Column::new("s", &head("S"), ColumnKind::Interval),
    ];
    let id = format!("additive_{}_{}", interaction.exposure, interaction.modifier);
    let title = w.additive_title(exposure, modifier);
    let keys = ["exposure", "exposure_level", "modifier", "modifier_level"];
    let mut table = DisplayTable::new(&id, &title, &keys, columns);
    for pair in &interaction.reri {
        let cells = cells(&mut table, report, interaction, pair);
        let keys = [&*interaction.exposure, &*pair.exposure_level, &*interaction.modifier, &*pair.modifier_level];
        table.push(RowKind::Plain, &keys, cells);
    }
    table.remarks.push(Remark::Text(w.additive_remark().to_string()));
    table.remarks.extend(interaction.additive_note.iter().map(|note| Remark::Text(w.said(note))));
    Some(table)
}

fn cells(
    table: &mut DisplayTable,
    report: &Report,
    interaction: &Interaction,
    pair: &AdditiveInteraction,
) -> Vec<Cell> {
    let is_pair = |c: &&crate::report::InteractionCell| {
        c.exposure_level == pair.exposure_level && c.modifier_level == pair.modifier_level
    };
    let joint = interaction.joint.iter().find(is_pair);
    let label = joint.map_or_else(
        || format!("{} × {}", pair.exposure_level, pair.modifier_level),
        |c| format!("{} × {}", c.exposure_title(), c.modifier_title()),
    );
    let joint = match joint {
        Some(cell) => super::interaction::hazard_ratio(table, report, interaction, cell),
        None => Cell::from(Value::Empty),
    };
    let far = |limit: Option<f64>| limit.is_some_and(|l| l > FARTHEST);
    let negative = pair.s.is_some_and(|s| s < 0.0).then(|| report.words().negative_synergy());
    let runaway = far(pair.s_upper).then(|| report.words().runaway_synergy());
    let measures = [
        (pair.reri, pair.lower, pair.upper, None),
        (pair.ap, pair.ap_lower, pair.ap_upper, None),
        (pair.s, pair.s_lower, pair.s_upper, negative.or(runaway)),
    ];
    let mut cells = vec![Cell::text(label), joint];
    for (value, lower, upper, why) in measures {
        cells.push(match value {
            _ if pair.hidden => Cell::from(Value::Hidden(marker(report))),
            _ if !interaction.converged => {
                let mark = table.footnote(report.words().not_converged());
                Cell::from(Value::NotEstimable).marked(mark)
            }
            Some(value) => {
                let mark = why.map(|why| table.footnote(why));
                let cell = Cell::from(Value::Measure(value, lower, upper));
                mark.map_or(cell.clone(), |mark| cell.marked(mark))
            }
            None => Cell::from(Value::NotEstimable),
        });
    }
    cells
}
