//! P values adjusted for multiplicity beside the plain ones, family by family.

use super::coefficients::p_head;
use super::{Cell, Column, ColumnKind, DisplayTable, RowKind, interactions};
use crate::house_style::Language;
use crate::report::{ModelResult, Report};

/// A test: label, P, adjusted P.
type Test = (String, Option<f64>, Option<f64>);

/// Every family of two or more tests of the models that ask for it.
pub fn adjusted_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("label", "", ColumnKind::Text),
        Column::new("p", p_head(report), ColumnKind::Number),
        Column::new("p_adjusted", w.adjusted_p(), ColumnKind::Number),
    ];
    let asked = |m: &&ModelResult| m.adjustment.is_some() && m.converged;
    let method = report.models.iter().find(asked)?.adjustment.as_deref()?;
    let name = if method == "holm" { "Holm" } else { "Bonferroni" };
    let mut table = DisplayTable::new("adjusted_p", &w.adjusted_title(name), &["family", "test"], columns);
    for model in report.models.iter().filter(asked) {
        for family in model.coefficients.chunk_by(|a, b| a.term == b.term) {
            let tests = family.iter().map(|c| (c.title().to_string(), c.p, c.p_adjusted));
            push(&mut table, w, &w.family_coefficients(model.title(), &family[0].term), tests.collect());
        }
        let tests = model.contrasts.iter().map(|c| (c.title().to_string(), c.p, c.p_adjusted)).collect();
        push(&mut table, w, &w.family_comparisons(model.title()), tests);
    }
    for (_, i) in interactions(report).filter(|(m, i)| m.adjustment.is_some() && i.converged) {
        let pair = w.by_two(i.exposure_title(), i.modifier_title());
        let label = |exposure: &str, modifier: &str| w.within(exposure, modifier);
        let within = i.within.iter().filter(|c| !c.reference);
        let tests = within.map(|c| (label(c.exposure_title(), c.modifier_title()), c.p, c.p_adjusted)).collect();
        push(&mut table, w, &w.family_within(&pair), tests);
        let joint = i.joint.iter().filter(|c| !c.reference);
        let both = |exposure: &str, modifier: &str| format!("{exposure} × {modifier}");
        let tests = joint.map(|c| (both(c.exposure_title(), c.modifier_title()), c.p, c.p_adjusted)).collect();
        push(&mut table, w, &w.family_joint(&pair), tests);
        let ratios = i.ratios.iter().map(|r| (label(&r.exposure_level, &r.modifier_level), r.p, r.p_adjusted));
        push(&mut table, w, &w.family_ratios(&pair), ratios.collect());
    }
    (!table.rows.is_empty()).then_some(table)
}

fn push(table: &mut DisplayTable, w: Language, family: &str, tests: Vec<Test>) {
    let size = tests.iter().filter(|(_, p, _)| p.is_some()).count();
    if size < 2 {
        return;
    }
    table.push_group(&w.family_size(family, size));
    for (label, p, adjusted) in tests.into_iter().filter(|(_, p, _)| p.is_some()) {
        let keys = [family, label.as_str()];
        table.push(RowKind::Item, &keys, vec![Cell::text(label.clone()), Cell::p(p), Cell::p(adjusted)]);
    }
}
