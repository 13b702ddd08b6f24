//! The Cox partial likelihood: the mathematics, the notation, the references.
//!
//! The engine sees arrays ([`SurvivalData`], [`Design`]), never persons, files or terms. [`Prepared::new`] does what
//! does not depend on β, [`Prepared::fit`] gives a [`CoxFit`].
//!
//! # Notation
//!
//! Record i covers (entry, exit] in its stratum, with event δ, case weight w and design row x (p columns).
//! η = xβ + offset, r = w exp(η). The distinct event times of a stratum are numbered k = 1..T. Of a record's times only
//! two whole numbers matter: b, the number of event times at or before its exit, and a, the number at or before its
//! entry. It is at risk at k when a < k <= b.
//!
//! At event time k there are d tied events of total weight W. S0 = Σr and S1 = Σrx run over the risk set, E0 and E1
//! over the tied events. φ_l = S0 − (l/d) E0 for l = 0..d−1 ([`Ties::Efron`]); with [`Ties::Breslow`] φ is S0, d times.
//!
//! ```text
//! ℓ    = Σ wδη − Σ_k (W/d) Σ ln φ_l                                       log partial likelihood
//! A_k  = (W/d) Σ 1/φ_l      B_k = (W/d) Σ (l/d)/φ_l      C_jk = (W/d) Σ (l/d)^j/φ_l²
//! Λ    = Σ A_k over a < k <= b                                            cumulative hazard of a record
//! D    = r(Λ − δB_b)                                                      its expected events
//! U    = Σ (wδ − D) x                                                     score
//! I    = Σ D xxᵀ − Σ_k [C₀ S1S1ᵀ − C₁(S1E1ᵀ + E1S1ᵀ) + C₂ E1E1ᵀ]          information
//! ```
//!
//! So no p × p matrix travels along the time axis. Records of equal row, times, event and weight are one with a count
//! (`records`), equal rows are one pattern (`pattern`), and a row with q terms costs q numbers, not p:
//! O(Nq) + O(Kq²) + O(Tp²) a pass for N distinct records, K patterns and T event times.
//!
//! # Files
//!
//! | file | what |
//! |---|---|
//! | [`data`], `error` | what comes in; what can be wrong with it |
//! | `bins`, `keys`, `records`, `pattern`, `scaling` | before the first pass: a and b, equal records, equal rows, centre and scale |
//! | `sweep`, `blocks`, `sums`, `ties`, `gram`, `kernel` | one pass: ℓ, U, I |
//! | `exact` | ℓ, U, I of tied events with [`Ties::Exact`] |
//! | `objective`, `firth` | what is maximised: ℓ, or ℓ with a penalty |
//! | `time_dependence`, `classes`, `class_sweep`, `class_residuals` | risk scores that change along the time axis |
//! | `fine_gray`, `observation`, `estimated_weights` | competing risks by Fine and Gray |
//! | `newton`, [`cholesky`] | the maximum, and which columns have none |
//! | `variance`, `slot_squares`, `concordance` | what is computed at the maximum |
//! | [`Baseline`], [`Predictions`] | baseline hazard and curves of any covariates; predictions for the records |
//! | [`IncidenceCurve`] | cumulative incidence from cause-specific models |
//! | `profile` | profile-likelihood intervals |
//! | [`TimeAxis`], `proportionality` | functions of time, the score test of proportional hazards |
//! | [`Residuals`] | residuals per distinct record |
//! | `cumulative_residuals` | cumulative martingale residuals against a covariate |
//! | [`Standardised`] | standardised risks and restricted mean times |
//! | `resampling` | who counts how often in a bootstrap replicate |
//! | `fit` | all of it in order |
//!
//! # Same bytes
//!
//! Work is cut into chunks whose borders depend on the data alone, and partial sums are added in the order of the
//! chunks, so results do not depend on the number of threads. Records are sorted before anything is summed, so they do not
//! depend on the order of the rows either. `exp` and `ln` are those of the `libm` crate and no multiplication
//! is fused with an addition, so they do not depend on the processor.
//!
//! # References
//!
//! Cox (1972), JRSS B 34:187-220, doi 10.1111/j.2517-6161.1972.tb00899.x. Therneau and Grambsch (2000), Modeling Survival
//! Data, doi 10.1007/978-1-4757-3294-8. Conventions (aliasing, near-ties, means) follow R's `survival` package.

mod baseline;
mod bins;
mod blocks;
pub mod cholesky;
mod class_residuals;
mod class_sweep;
mod classes;
mod competing_resample;
mod concordance;
mod cumulative_residuals;
pub mod data;
mod error;
mod estimated_weights;
mod exact;
mod fine_gray;
mod firth;
mod fit;
mod gram;
mod incidence;
mod kernel;
mod keys;
mod newton;
mod objective;
mod observation;
mod pattern;
mod predict;
mod prepare;
mod profile;
mod proportionality;
mod records;
mod resampling;
mod residuals;
mod scaling;
mod slot_squares;
mod slot_sums;
mod standardise;
mod sums;
mod sweep;
mod ties;
mod time_axis;
mod time_dependence;
mod variance;

pub use baseline::{Baseline, Curve, SurvivalForm};
pub use bins::NearTies;
pub(crate) use bins::whole_times;
pub use competing_resample::CompetingRecords;
pub use concordance::Concordance;
pub use cumulative_residuals::CumulativeTest;
pub use data::{Block, Design, NumberPart, SurvivalData, Time, Variable};
pub use error::{FitError, FitWarning};
pub use fine_gray::Competing;
pub use fit::{CellCounts, CoxFit, FitOptions};
pub use incidence::{CausePerson, IncidenceCurve, incidence_of_first};
pub use newton::{Convergence, Termination};
pub use objective::Penalty;
pub use observation::CensoringTies;
pub use predict::Predictions;
pub use prepare::Prepared;
pub use profile::{ProfileInterval, ProfileLimit};
pub use proportionality::TimeScore;
pub use resampling::Units;
pub use residuals::{ResidualSum, Residuals, deviance};
pub use standardise::{Standardisation, Standardised};
pub(crate) use sums::two_sum;
pub use ties::Ties;
pub use time_axis::{TimeAxis, TimeTransform};
pub use time_dependence::{TimeDependence, TimeFunction, TimeVarying};
pub use variance::{ClusterCorrection, RecordPlace};
