//! Groups compared two at a time.

use super::log_rank::{LogRankRequest, LogRankWeight, log_rank};
use crate::engine::FitError;
use crate::engine::data::SurvivalData;
use crate::inference::{Adjustment, ChiSquared};

/// Two groups compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The two groups.
    pub groups: [u32; 2],
    /// The test of the two, all other groups left out.
    pub test: ChiSquared,
    /// Its P value adjusted for the number of pairs.
    pub adjusted_p: f64,
}

/// The log-rank test (or a relative of it) of every pair of groups, with P values adjusted for their number.
///
/// Errors: those of [`log_rank`].
pub fn pairwise_log_rank(
    data: &SurvivalData,
    n_groups: usize,
    weight: LogRankWeight,
    adjustment: Adjustment,
    request: &LogRankRequest<'_>,
) -> Result<Vec<Pair>, FitError> {
    let pairs = (0..n_groups as u32).flat_map(|a| (a + 1..n_groups as u32).map(move |b| [a, b]));
    let mut found = Vec::new();
    for groups in pairs {
        let of_two = LogRankRequest { only: Some(groups), ..*request };
        let tests = log_rank(data, n_groups, &[weight], &of_two)?;
        found.extend(tests.into_iter().map(|t| Pair { groups, test: t.test, adjusted_p: f64::NAN }));
    }
    let p: Vec<f64> = found.iter().map(|pair| pair.test.p).collect();
    found.iter_mut().zip(adjustment.adjust(&p)).for_each(|(pair, p)| pair.adjusted_p = p);
    Ok(found)
}
