//! Estimates of an interaction analysis: those that are made of a hidden cell go, and no others.
//!
//! Every estimate compares two cells or four. Those that are left compare cells that are shown, so that no sum or
//! difference of them, of their variances neither, holds a hidden one.

use super::Profile;
use super::estimates::{LevelKey, coarse, has_enough};
use crate::report::{AdditiveInteraction, Interaction, InteractionCell, TestResult};
use std::collections::BTreeSet;

/// In place of a note that names a combination.
const NOTE: &str = "RERI, AP and S are meant for a reference with the lowest hazard; here that of another combination is \
    lower. Nothing was recoded (Knol et al. 2011, doi 10.1007/s10654-011-9554-9).";

/// The cells that estimates are compared with, and how many there are.
pub(super) struct References {
    pub(super) exposure: Option<String>,
    pub(super) modifier: Option<String>,
    n_exposures: usize,
    n_modifiers: usize,
}

impl References {
    /// Those of the joint reference; without one, those of the tables within levels.
    pub(super) fn of(interaction: &Interaction) -> References {
        let distinct =
            |of: fn(&InteractionCell) -> &String| interaction.within.iter().map(of).collect::<BTreeSet<_>>().len();
        let [within, joint, by_exposure] = [&interaction.within, &interaction.joint, &interaction.by_exposure]
            .map(|cells| cells.iter().find(|c| c.reference));
        let with_ratio: BTreeSet<&String> = interaction.ratios.iter().map(|r| &r.modifier_level).collect();
        let without = interaction.within.iter().find(|c| !with_ratio.contains(&c.modifier_level));
        References {
            exposure: joint.or(within).map(|c| c.exposure_level.clone()),
            modifier: joint.or(by_exposure).or(without).map(|c| c.modifier_level.clone()),
            n_exposures: distinct(|c| &c.exposure_level),
            n_modifiers: distinct(|c| &c.modifier_level),
        }
    }

    /// How many estimates are made of a cell: a hazard ratio in each of the three tables, a ratio of two, an additive
    /// measure, or those of everything that is compared with it. One is five of them.
    pub(super) fn made_of(&self, cell: &InteractionCell) -> f64 {
        let (exposures, modifiers) = (self.n_exposures.saturating_sub(1), self.n_modifiers.saturating_sub(1));
        let is_exposure = self.exposure.as_ref() == Some(&cell.exposure_level);
        let is_modifier = self.modifier.as_ref() == Some(&cell.modifier_level);
        let n = match (is_exposure, is_modifier) {
            (false, false) => 5,
            (true, false) => 2 + 3 * exposures,
            (false, true) => 2 + 3 * modifiers,
            (true, true) => exposures + modifiers + self.n_exposures * self.n_modifiers + 2 * exposures * modifiers,
        };
        n.max(5) as f64 / 5.0
    }
}

/// Hides the estimates that are made of hidden cells or of cells without enough events, all of them when the model has
/// `too_few`; says how many. `whole` has all counts.
pub(super) fn hide(interaction: &mut Interaction, whole: &Interaction, too_few: bool, profile: &Profile) -> usize {
    let few = |c: &&InteractionCell| too_few || c.events.is_some_and(|n| !has_enough(n, profile));
    let is_hidden = |c: &&InteractionCell| c.persons_hidden || c.events_hidden;
    let hidden = interaction.within.iter().chain(&interaction.joint).filter(is_hidden);
    let gone: BTreeSet<LevelKey> = hidden.chain(whole.within.iter().filter(few)).map(cell_key).collect();
    if gone.is_empty() {
        return 0;
    }
    let tested = |t: &TestResult| !too_few && t.df.is_some_and(|df| df > 1.0);
    interaction.wald = interaction.wald.filter(tested).map(coarse);
    interaction.lr = interaction.lr.filter(tested).map(coarse);
    interaction.pooled_test = interaction.pooled_test.take().filter(|t| !too_few && t.df1.is_some_and(|df| df > 1.0));
    // That an estimate runs to infinity says that a cell has no event; which one, the text would say.
    interaction.warnings.retain(|w| w.term.is_none());
    let n = hide_estimates(interaction, &gone);
    let lower = interaction.joint.iter().any(|c| c.hr.is_some_and(|hr| hr < 1.0));
    interaction.additive_note = interaction.additive_note.take().filter(|_| lower).map(|_| NOTE.to_owned());
    n
}

fn hide_estimates(interaction: &mut Interaction, gone: &BTreeSet<LevelKey>) -> usize {
    let References { exposure, modifier, .. } = References::of(interaction);
    let (e0, m0) = (exposure.unwrap_or_default(), modifier.unwrap_or_default());
    let any = |cells: &[(&String, &String)]| cells.iter().any(|(e, m)| gone.contains(&((*e).clone(), (*m).clone())));
    let of_four = |e: &String, m: &String| any(&[(e, m), (&e0, m), (e, &m0), (&e0, &m0)]);
    let mut n = 0;
    let mut hide = |cells: &mut [InteractionCell], is_gone: &dyn Fn(&String, &String) -> bool| {
        let these = cells.iter_mut().filter(|c| is_gone(&c.exposure_level, &c.modifier_level));
        n += these.map(hide_cell).sum::<usize>();
    };
    hide(&mut interaction.within, &|e, m| any(&[(e, m), (&e0, m)]));
    hide(&mut interaction.joint, &|e, m| any(&[(e, m), (&e0, &m0)]));
    hide(&mut interaction.by_exposure, &|e, m| any(&[(e, m), (e, &m0)]));
    for r in interaction.ratios.iter_mut().filter(|r| of_four(&r.exposure_level, &r.modifier_level)) {
        (r.ratio, r.lower, r.upper, r.p, r.hidden) = (None, None, None, None, true);
        (r.p_adjusted, r.bootstrap) = (None, None);
        n += 1;
    }
    for r in interaction.reri.iter_mut().filter(|r| of_four(&r.exposure_level, &r.modifier_level)) {
        let (exposure_level, modifier_level) = (r.exposure_level.clone(), r.modifier_level.clone());
        *r = AdditiveInteraction { exposure_level, modifier_level, hidden: true, ..AdditiveInteraction::default() };
        n += 1;
    }
    n
}

fn cell_key(cell: &InteractionCell) -> LevelKey {
    (cell.exposure_level.clone(), cell.modifier_level.clone())
}

/// Says whether an estimate went.
fn hide_cell(cell: &mut InteractionCell) -> usize {
    (cell.estimate, cell.se, cell.hr) = (None, None, None);
    (cell.lower, cell.upper, cell.p, cell.reason) = (None, None, None, None);
    (cell.p_adjusted, cell.bootstrap) = (None, None);
    let shown = !cell.hidden && !cell.reference;
    cell.hidden = true;
    usize::from(shown)
}
