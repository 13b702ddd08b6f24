//! P values adjusted within their families: the coefficients of a term, the comparisons of a model, the hazard ratios and
//! the ratios of an interaction analysis.

use crate::inference::multiplicity::Adjustment;
use crate::report::{Interaction, ModelResult, finite};

/// Adds adjusted P values to the coefficients and comparisons of a model.
pub(super) fn add(result: &mut ModelResult, method: Adjustment) {
    result.adjustment = Some(method.name().to_owned());
    for family in result.coefficients.chunk_by_mut(|a, b| a.term == b.term) {
        let found = adjusted(method, family.iter().map(|c| c.p));
        family.iter_mut().zip(found).for_each(|(c, p)| c.p_adjusted = p);
    }
    let found = adjusted(method, result.contrasts.iter().map(|c| c.p));
    result.contrasts.iter_mut().zip(found).for_each(|(c, p)| c.p_adjusted = p);
}

/// Adds adjusted P values to an interaction analysis. The hazard ratios with one joint reference are a family of their
/// own, as they are a table of their own.
pub(super) fn add_to_interaction(interaction: &mut Interaction, method: Adjustment) {
    for cells in [&mut interaction.within, &mut interaction.joint] {
        let found = adjusted(method, cells.iter().map(|c| c.p));
        cells.iter_mut().zip(found).for_each(|(c, p)| c.p_adjusted = p);
    }
    let found = adjusted(method, interaction.ratios.iter().map(|r| r.p));
    interaction.ratios.iter_mut().zip(found).for_each(|(r, p)| r.p_adjusted = p);
}

/// The adjusted P values of one family; a test without P value is no member of it.
fn adjusted(method: Adjustment, family: impl Iterator<Item = Option<f64>>) -> Vec<Option<f64>> {
    let p: Vec<f64> = family.map(|p| p.unwrap_or(f64::NAN)).collect();
    method.adjust(&p).into_iter().map(finite).collect()
}
