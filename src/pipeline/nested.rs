//! The models of a study against those nested in them.

use super::model::{self, Fitted};
use super::settings::ModelSettings;
use crate::inference::nested::{Candidate, NoTest, nested_before};
use crate::report::{ModelComparison, ModelResult};
use std::collections::BTreeSet;

/// The models so far, with what comparing them needs.
#[derive(Default)]
pub(super) struct NestedModels {
    names: Vec<String>,
    candidates: Vec<Candidate>,
}

impl NestedModels {
    /// Takes a fitted model.
    pub(super) fn add(&mut self, settings: &ModelSettings, fitted: &Fitted, result: &ModelResult) {
        let estimated = result.coefficients.iter().filter(|c| !c.aliased).map(|c| c.name.clone());
        self.names.push(result.name.clone());
        self.candidates.push(Candidate {
            columns: estimated.collect::<BTreeSet<String>>(),
            frame: format!("{} {:?} {:?} {:?}", result.ties, result.strata, settings.weights, result.competing),
            rows: fitted.built.rows.clone(),
            log_partial_likelihood: fitted.fit.log_partial_likelihood,
            is_testable: result.converged && result.penalty.is_none() && result.variance == "model",
        });
    }

    /// Every model with a smaller one before it that is nested in it.
    pub(super) fn comparisons(&self) -> Vec<ModelComparison> {
        let one = |larger: usize| {
            let found = nested_before(&self.candidates, larger)?;
            Some(ModelComparison {
                model: self.names[larger].clone(),
                nested: self.names[found.smaller].clone(),
                test: found.test.as_ref().ok().map(model::test),
                reason: found.test.err().map(|why| reason(why).to_owned()),
                hidden: false,
            })
        };
        (0..self.candidates.len()).filter_map(one).collect()
    }
}

fn reason(why: NoTest) -> &'static str {
    match why {
        NoTest::OtherRecords => "the two models used different records",
        NoTest::NoLikelihood => {
            "a robust variance, a penalty or a fit without convergence has no likelihood-ratio test"
        }
    }
}
