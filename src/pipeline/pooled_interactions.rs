//! Interaction analyses pooled over completed data sets: every number of the tables by Rubin's rules.

use super::model::{self, Fitted};
use super::pooling::test;
use super::settings::{InteractionRequest, ModelSettings};
use crate::error::Result;
use crate::inference::hypothesis::Estimate;
use crate::inference::pooling::{PooledCoefficients, pool};
use crate::inference::{AdditiveInteraction, Cell, Interaction, Quantity, Standing};
use crate::report;

/// Every interaction analysis that the settings ask for.
pub(super) fn pooled(
    settings: &ModelSettings,
    fits: &[Fitted],
    pooled: &PooledCoefficients,
) -> Result<Vec<report::Interaction>> {
    settings.interactions.iter().map(|request| one(settings, fits, pooled, request)).collect()
}

fn one(
    settings: &ModelSettings,
    fits: &[Fitted],
    pooled: &PooledCoefficients,
    request: &InteractionRequest,
) -> Result<report::Interaction> {
    let found = fits.iter().map(|f| model::analysis(settings, f, request)).collect::<Result<Vec<_>>>()?;
    let columns = &fits[0].built.columns;
    let products = columns.terms.iter().filter(|t| found[0].terms.contains(&t.label));
    let product_columns: Vec<usize> = products.flat_map(|t| t.columns.clone()).collect();
    let rule = Rule { complete_df: pooled.complete_df, level: settings.level };
    let whole = Interaction {
        within: rule.cells(&found, |i| &i.within),
        joint: rule.cells(&found, |i| &i.joint),
        by_exposure: rule.cells(&found, |i| &i.by_exposure),
        ratios: rule.cells(&found, |i| &i.ratios),
        additive: rule.additive(&found),
        ..found[0].clone()
    };
    let shown = model::shown_analysis(settings, &fits[0], request, &whole);
    Ok(report::Interaction {
        wald: None,
        lr: None,
        pooled_test: Some(test(&pooled.test(product_columns), "", String::new())),
        converged: fits.iter().all(|f| model::converged(&f.fit)),
        warnings: Vec::new(),
        ..shown
    })
}

/// How quantities are pooled.
struct Rule {
    complete_df: f64,
    level: f64,
}

impl Rule {
    fn cells(&self, found: &[Interaction], of: fn(&Interaction) -> &Vec<Cell>) -> Vec<Cell> {
        let one = |(k, first): (usize, &Cell)| {
            let each: Vec<&Cell> = found.iter().map(|i| &of(i)[k]).collect();
            let values = each.iter().map(|c| (c.estimate.estimate, c.estimate.se));
            let estimate = self.estimate(values);
            Cell { estimate, standing: worst(each.iter().map(|c| c.standing)), ..first.clone() }
        };
        of(&found[0]).iter().enumerate().map(one).collect()
    }

    fn estimate(&self, values: impl Iterator<Item = (f64, f64)>) -> Estimate {
        let (estimates, ses): (Vec<f64>, Vec<f64>) = values.unzip();
        let variances: Vec<f64> = ses.iter().map(|se| se * se).collect();
        pool(&estimates, &variances, self.complete_df).estimate(self.level)
    }

    /// RERI and AP on their own scale, the synergy index on that of its logarithm.
    fn additive(&self, found: &[Interaction]) -> Vec<AdditiveInteraction> {
        let one = |(k, first): (usize, &AdditiveInteraction)| {
            let each: Vec<&AdditiveInteraction> = found.iter().map(|i| &i.additive[k]).collect();
            let plain = |of: fn(&AdditiveInteraction) -> &Quantity| {
                quantity(&self.estimate(each.iter().map(|a| (of(a).estimate, of(a).se))))
            };
            let logs = self.estimate(each.iter().map(|a| (libm::log(a.synergy.estimate), a.synergy.se)));
            let synergy = Quantity {
                estimate: logs.hazard_ratio(),
                se: logs.se,
                lower: logs.hazard_ratio_limits().0,
                upper: logs.hazard_ratio_limits().1,
            };
            let standing = worst(each.iter().map(|a| a.standing));
            AdditiveInteraction { reri: plain(|a| &a.reri), ap: plain(|a| &a.ap), synergy, standing, ..first.clone() }
        };
        found[0].additive.iter().enumerate().map(one).collect()
    }
}

fn quantity(e: &Estimate) -> Quantity {
    Quantity { estimate: e.estimate, se: e.se, lower: e.lower, upper: e.upper }
}

/// A number holds only where it does in every data set.
fn worst(mut standings: impl Iterator<Item = Standing> + Clone) -> Standing {
    let any = |wanted: Standing| standings.clone().any(|s| s == wanted);
    match () {
        () if any(Standing::NotEstimable) => Standing::NotEstimable,
        () if any(Standing::Infinite) => Standing::Infinite,
        () => standings.next().unwrap_or(Standing::Estimated),
    }
}
