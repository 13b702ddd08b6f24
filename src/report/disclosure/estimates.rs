//! Estimates that would give hidden counts back: a standard error of a log hazard ratio is near √(1/d₁ + 1/d₀).

use super::Hidden;
use crate::report::{
    AdditiveInteraction, Coefficient, Concordance, Interaction, InteractionCell, ModelResult, Part, Report, TestResult,
};
use std::collections::BTreeSet;

/// A variable and one of its levels.
type LevelKey = (String, String);

/// The levels that any coefficient is compared with.
pub(super) fn references(report: &Report) -> BTreeSet<LevelKey> {
    let parts = report.models.iter().flat_map(|m| &m.coefficients).flat_map(|c| &c.parts);
    parts.filter_map(|p| Some((p.variable.clone(), p.versus.clone()?))).collect()
}

/// Hides the estimates of hidden levels and cells, in models and in interaction analyses.
pub(super) fn hide(report: &mut Report, hidden: &mut Vec<Hidden>) {
    let shown: BTreeSet<LevelKey> = report
        .levels
        .iter()
        .filter(|l| !l.counts.persons_hidden && !l.counts.events_hidden)
        .map(|l| (l.variable.clone(), l.level.clone()))
        .collect();
    for model in &mut report.models {
        let estimates = hide_coefficients(model, &shown);
        hidden.push(Hidden { table: format!("estimates of {}", model.name), estimates, ..Hidden::default() });
        for interaction in &mut model.interactions {
            let estimates = hide_cells(interaction);
            let table = format!("estimates of {} by {}", interaction.exposure, interaction.modifier);
            hidden.push(Hidden { table, estimates, ..Hidden::default() });
        }
    }
}

/// A coefficient is shown when the counts of all its levels, and of the levels they are compared with, are shown.
/// A level without counts in the report counts as hidden.
fn hide_coefficients(model: &mut ModelResult, shown: &BTreeSet<LevelKey>) -> usize {
    let level_shown = |variable: &str, level: &Option<String>| {
        level.as_ref().is_none_or(|l| shown.contains(&(variable.to_string(), l.clone())))
    };
    let part_shown = |p: &Part| level_shown(&p.variable, &p.level) && level_shown(&p.variable, &p.versus);
    let cells_shown = |c: &Coefficient| {
        let factors = c.parts.iter().filter(|p| p.level.is_some()).count();
        factors < 2 || model.interactions.iter().any(|i| pair_shown(i, &c.parts))
    };
    let hide: Vec<bool> =
        model.coefficients.iter().map(|c| !(c.parts.iter().all(part_shown) && cells_shown(c))).collect();
    for (c, _) in model.coefficients.iter_mut().zip(&hide).filter(|(_, hide)| **hide) {
        let (name, term, label) = (c.name.clone(), c.term.clone(), c.label.clone());
        *c = Coefficient { name, term, label, parts: c.parts.clone(), hidden: true, ..Coefficient::default() };
    }
    for (mean, _) in model.means.iter_mut().zip(&hide).filter(|(_, hide)| **hide) {
        *mean = None;
    }
    // Numbers of pairs grow with the numbers of persons and events; the concordance itself stays.
    model.concordance = model.concordance.map(|c| Concordance { value: c.value, se: c.se, ..Concordance::default() });
    for matrix in [Some(&mut model.covariance), model.naive_covariance.as_mut()].into_iter().flatten() {
        for (i, row) in matrix.iter_mut().enumerate() {
            for (j, cell) in row.iter_mut().enumerate() {
                let gone = |k: usize| hide.get(k).copied().unwrap_or(true);
                *cell = cell.filter(|_| !gone(i) && !gone(j));
            }
        }
    }
    hide_terms(model);
    hide.iter().filter(|h| **h).count()
}

/// Warnings of terms with a hidden coefficient say no more than that; a test of one degree of freedom is the hidden z.
fn hide_terms(model: &mut ModelResult) {
    let terms: BTreeSet<String> = model.coefficients.iter().filter(|c| c.hidden).map(|c| c.term.clone()).collect();
    for warning in model.warnings.iter_mut().filter(|w| w.term.as_ref().is_some_and(|t| terms.contains(t))) {
        let term = warning.term.clone().unwrap_or_default();
        warning.message = format!("{term}: an estimate is not shown (disclosure control)");
        warning.level = None;
    }
    for term in model.terms.iter_mut().filter(|t| terms.contains(&t.term)) {
        let one = |t: &TestResult| t.df.is_none_or(|df| df <= 1.0);
        term.wald = term.wald.filter(|t| !one(t));
        term.lr = term.lr.filter(|t| !one(t));
    }
}

/// Whether the interaction analysis of exactly these two variables shows the counts of the coefficient's cell.
fn pair_shown(interaction: &Interaction, parts: &[Part]) -> bool {
    let level = |variable: &str| parts.iter().find(|p| p.variable == variable).and_then(|p| p.level.as_deref());
    parts.len() == 2
        && level(&interaction.exposure).zip(level(&interaction.modifier)).is_some_and(|(exposure, modifier)| {
            interaction.within.iter().any(|c| {
                c.exposure_level == exposure && c.modifier_level == modifier && !c.persons_hidden && !c.events_hidden
            })
        })
}

/// A hazard ratio of a table goes with its cell or with the cell it is compared with; ratios go with any of their four.
fn hide_cells(interaction: &mut Interaction) -> usize {
    let gone = |cells: &[InteractionCell]| -> BTreeSet<LevelKey> {
        let gone = cells.iter().filter(|c| c.persons_hidden || c.events_hidden);
        gone.map(|c| (c.exposure_level.clone(), c.modifier_level.clone())).collect()
    };
    let hidden_cells: BTreeSet<LevelKey> = &gone(&interaction.within) | &gone(&interaction.joint);
    let references: Vec<LevelKey> = interaction
        .within
        .iter()
        .filter(|c| c.reference)
        .map(|c| (c.exposure_level.clone(), c.modifier_level.clone()))
        .collect();
    let base_hidden = |modifier: &str| references.iter().any(|k| k.1 == modifier && hidden_cells.contains(k));
    let mut n = 0;
    for cell in &mut interaction.within {
        let key = (cell.exposure_level.clone(), cell.modifier_level.clone());
        if hidden_cells.contains(&key) || base_hidden(&key.1) {
            n += hide_cell(cell);
        }
    }
    let joint_base = interaction.joint.iter().any(|c| c.reference && hidden_cells.contains(&cell_key(c)));
    for cell in &mut interaction.joint {
        if joint_base || hidden_cells.contains(&cell_key(cell)) {
            n += hide_cell(cell);
        }
    }
    // The level of the modifier that ratios are taken against is the one without ratios.
    let all_modifiers: BTreeSet<&String> = interaction.within.iter().map(|c| &c.modifier_level).collect();
    let with_ratios: BTreeSet<&String> = interaction.ratios.iter().map(|r| &r.modifier_level).collect();
    let bases: Vec<String> = all_modifiers.difference(&with_ratios).map(|m| m.to_string()).collect();
    for ratio in &mut interaction.ratios {
        let own = std::iter::once(&ratio.modifier_level).chain(&bases);
        let gone = own
            .into_iter()
            .any(|m| hidden_cells.contains(&(ratio.exposure_level.clone(), m.clone())) || base_hidden(m));
        if gone {
            (ratio.ratio, ratio.lower, ratio.upper, ratio.p, ratio.hidden) = (None, None, None, None, true);
            n += 1;
        }
    }
    // An additive measure is made of four cells; with any cell of the table hidden none is shown.
    if !hidden_cells.is_empty() {
        for r in &mut interaction.reri {
            let (exposure_level, modifier_level) = (r.exposure_level.clone(), r.modifier_level.clone());
            *r = AdditiveInteraction { exposure_level, modifier_level, hidden: true, ..AdditiveInteraction::default() };
            n += 1;
        }
        let message = "interaction: an estimate is not shown (disclosure control)";
        for warning in &mut interaction.warnings {
            (warning.message, warning.level) = (message.to_string(), None);
        }
    }
    n
}

fn cell_key(cell: &InteractionCell) -> LevelKey {
    (cell.exposure_level.clone(), cell.modifier_level.clone())
}

fn hide_cell(cell: &mut InteractionCell) -> usize {
    (cell.estimate, cell.se, cell.hr) = (None, None, None);
    (cell.lower, cell.upper, cell.p, cell.reason) = (None, None, None, None);
    let shown = !cell.hidden && !cell.reference;
    cell.hidden = true;
    usize::from(shown)
}
