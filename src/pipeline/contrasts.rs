//! Comparisons of covariate patterns for the report.

use super::model::{Fitted, reason};
use super::settings::{ContrastRequest, ModelSettings};
use crate::error::{Error, Result};
use crate::inference::pooling::PooledCoefficients;
use crate::inference::{Contrast, Standing, comparison};
use crate::report::{self, finite};

/// Every comparison that the settings ask for.
pub(super) fn compared(settings: &ModelSettings, fitted: &Fitted) -> Result<Vec<report::Contrast>> {
    let one = |request| Ok(shown(request, &compare(settings, fitted, request)?));
    settings.contrasts.iter().map(one).collect()
}

fn compare(settings: &ModelSettings, fitted: &Fitted, request: &ContrastRequest) -> Result<Contrast> {
    let written = &request.comparison;
    comparison::compare(&fitted.fit, &fitted.built.columns, written, settings.level)
        .map_err(|error| Error::Contrast { contrast: written.source.clone(), error })
}

/// Every comparison pooled over completed data sets.
pub(super) fn pooled(
    settings: &ModelSettings,
    fits: &[Fitted],
    pooled: &PooledCoefficients,
) -> Result<Vec<report::Contrast>> {
    let one = |request: &ContrastRequest| {
        let each = fits.iter().map(|f| compare(settings, f, request)).collect::<Result<Vec<_>>>()?;
        let not_estimated = each.iter().find(|c| c.standing != Standing::Estimated);
        let first = not_estimated.unwrap_or(&each[0]);
        let estimate = pooled.combination(&first.weights).estimate(settings.level);
        Ok(shown(request, &Contrast { estimate, ..first.clone() }))
    };
    settings.contrasts.iter().map(one).collect()
}

fn shown(request: &ContrastRequest, found: &Contrast) -> report::Contrast {
    let number = |value: f64| if found.standing == Standing::Estimated { finite(value) } else { None };
    let (lower, upper) = found.estimate.hazard_ratio_limits();
    report::Contrast {
        label: request.label.clone(),
        comparison: request.comparison.source.clone(),
        weights: found.weights.iter().map(|w| finite(*w)).collect(),
        estimate: number(found.estimate.estimate),
        se: number(found.estimate.se),
        z: number(found.estimate.z),
        p: number(found.estimate.p),
        hr: number(found.estimate.hazard_ratio()),
        lower: number(lower),
        upper: number(upper),
        reason: reason(found.standing),
        ..report::Contrast::default()
    }
}
