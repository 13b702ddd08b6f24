//! What leaves a run beside its report, because it is as long as the data.

use super::predictions::ModelPredictions;
use super::residuals::ModelResiduals;
use crate::error::Result;

/// Takes what is too large for a report, while the model it belongs to is at hand.
pub trait Outputs {
    /// The residuals of the model of that name. Errors: whatever stops the taker.
    fn residuals(&mut self, model: &str, residuals: &ModelResiduals<'_>) -> Result<()>;

    /// The predictions of the model of that name. Errors: whatever stops the taker.
    fn predictions(&mut self, model: &str, predictions: &ModelPredictions<'_>) -> Result<()>;
}

/// Takes nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoOutputs;

impl Outputs for NoOutputs {
    fn residuals(&mut self, _model: &str, _residuals: &ModelResiduals<'_>) -> Result<()> {
        Ok(())
    }

    fn predictions(&mut self, _model: &str, _predictions: &ModelPredictions<'_>) -> Result<()> {
        Ok(())
    }
}
