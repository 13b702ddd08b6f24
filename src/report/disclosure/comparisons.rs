//! Models against those nested in them: a likelihood-ratio test goes with the coefficients it tests.

use super::Hidden;
use super::derived::significant;
use crate::report::{ModelComparison, ModelResult, Report, TestResult};

/// Takes away tests of hidden coefficients alone, and comparisons of models whose numbers are hidden; other tests beside a
/// hidden coefficient keep three digits. To be called after coefficients were hidden.
pub(super) fn hide(report: &mut Report, hidden: &mut Vec<Hidden>) {
    let models = &report.models;
    let of = |name: &str| models.iter().find(|m| m.name == name);
    let mut estimates = 0;
    report.comparisons.retain_mut(|comparison| {
        let Some((larger, nested)) = of(&comparison.model).zip(of(&comparison.nested)) else { return false };
        if larger.counts_hidden || nested.counts_hidden {
            estimates += 1;
            return false;
        }
        estimates += usize::from(hide_test(comparison, larger, nested));
        true
    });
    hidden.push(Hidden { table: "comparisons of models".into(), estimates, ..Hidden::default() });
}

/// Whether the test went.
fn hide_test(comparison: &mut ModelComparison, larger: &ModelResult, nested: &ModelResult) -> bool {
    if !larger.coefficients.iter().chain(&nested.coefficients).any(|c| c.hidden) {
        return false;
    }
    let known = |name: &str| nested.coefficients.iter().any(|c| c.name == name && !c.aliased);
    let mut tested = larger.coefficients.iter().filter(|c| !c.aliased && !known(&c.name));
    let short = |x: Option<f64>| x.map(|x| significant(x, 3));
    let was = comparison.test.take();
    // One that is shown among those tested leaves the hidden ones unknown.
    comparison.test = was.filter(|_| tested.any(|c| !c.hidden)).map(|test| TestResult {
        chisq: short(test.chisq),
        df: test.df,
        p: short(test.p),
    });
    comparison.hidden = was.is_some() && comparison.test.is_none();
    comparison.hidden
}
