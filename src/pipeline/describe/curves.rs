//! Survival, cumulative incidence and tests of groups.

use super::cannot;
use super::error::DescribeError;
use super::settings::DescribeSettings;
use crate::describe::{
    self, Causes, IncidenceAt, IncidenceCurves, LogRankRequest, LogRankWeight, SurvivalAt, SurvivalCurve, gray_tests,
    incidence_curves, log_rank, pairwise_log_rank, survival_curves,
};
use crate::design::{Cause, Sample};
use crate::error::Result;
use crate::inference::hypothesis::normal_quantile;
use crate::inference::{Adjustment, ChiSquared};
use crate::report::{
    CauseIncidence, Curve, Description, GroupDescription, GroupTest, IncidenceCurve, MeanTime, PairTest, QuantilePoint,
    SurvivalPoint, TestResult, finite,
};

/// Fills survival, cumulative incidence and tests.
pub(super) fn fill(description: &mut Description, settings: &DescribeSettings, sample: &Sample) -> Result<()> {
    let options = settings.curve_options(sample.robust);
    let curves = survival_curves(&sample.data, sample.groups.len(), &options).map_err(cannot)?;
    for (group, curve) in description.groups.iter_mut().zip(&curves) {
        survival(group, curve, settings);
    }
    if let Some(cause) = &sample.cause {
        incidence(description, settings, sample, cause)?;
    }
    tests(description, settings, sample)
}

fn survival(group: &mut GroupDescription, curve: &SurvivalCurve, settings: &DescribeSettings) {
    let (scale, level) = (settings.interval, settings.level);
    group.survival = settings.times.iter().map(|t| survival_point(&curve.at(*t, scale, level))).collect();
    let quantile = |q: &describe::Quantile| QuantilePoint {
        probability: q.probability,
        time: finite(q.time),
        lower: finite(q.lower),
        upper: finite(q.upper),
        hidden: false,
    };
    group.quantiles = curve.quantiles(&settings.quantiles, scale, level).iter().map(quantile).collect();
    group.restricted_mean = settings.horizon.map(|horizon| {
        let found = curve.restricted_mean(horizon);
        let width = normal_quantile(0.5 + level / 2.0) * found.se;
        MeanTime {
            horizon,
            mean: finite(found.mean),
            se: finite(found.se),
            lower: finite(found.mean - width),
            upper: finite(found.mean + width),
            beyond: found.beyond,
            few_at_risk: found.few_at_risk,
        }
    });
    group.curve = keeps_whole(settings, curve.time.len()).then(|| whole(curve, settings));
}

/// Steps of a curve that is kept only to be drawn: thirty years of days, and no more than a page can show.
const MOST_STEPS_DRAWN: usize = 11_000;

fn keeps_whole(settings: &DescribeSettings, n_steps: usize) -> bool {
    settings.curve || (settings.curve_to_draw && n_steps <= MOST_STEPS_DRAWN)
}

fn survival_point(at: &SurvivalAt) -> SurvivalPoint {
    SurvivalPoint {
        time: at.time,
        at_risk: finite(at.at_risk),
        events: finite(at.events),
        probability: finite(at.survival),
        se: finite(at.se),
        lower: finite(at.limits.0),
        upper: finite(at.limits.1),
        beyond: at.beyond,
        hidden: false,
    }
}

fn whole(curve: &SurvivalCurve, settings: &DescribeSettings) -> Curve {
    let limits: Vec<(f64, f64)> =
        (0..curve.time.len()).map(|k| curve.limits(k, settings.interval, settings.level)).collect();
    let se = curve.survival.iter().zip(&curve.log_se).map(|(s, se)| finite(s * se));
    Curve {
        time: curve.time.clone(),
        at_risk: curve.at_risk.clone(),
        events: curve.events.clone(),
        censored: curve.censored.clone(),
        survival: curve.survival.clone(),
        se: se.collect(),
        lower: limits.iter().map(|l| finite(l.0)).collect(),
        upper: limits.iter().map(|l| finite(l.1)).collect(),
        cumulative_hazard: curve.cumulative_hazard.clone(),
        cumulative_hazard_se: curve.cumulative_hazard_se.iter().map(|se| finite(*se)).collect(),
    }
}

fn incidence(description: &mut Description, settings: &DescribeSettings, sample: &Sample, cause: &Cause) -> Result<()> {
    let causes = Causes { codes: &cause.codes, n_causes: cause.causes.len() };
    let n_groups = sample.groups.len();
    let found = incidence_curves(&sample.data, &causes, n_groups, settings.near_ties).map_err(cannot)?;
    let mut events = vec![vec![0u64; causes.n_causes + 1]; n_groups];
    cause.codes.iter().enumerate().for_each(|(i, code)| events[super::group(sample, i)][*code as usize] += 1);
    for ((group, curves), events) in description.groups.iter_mut().zip(&found).zip(&events) {
        let of_cause = |(c, info): (usize, &crate::design::LevelInfo)| CauseIncidence {
            cause: info.name.clone(),
            label: info.label.clone(),
            events: Some(events[c + 1]),
            points: settings
                .times
                .iter()
                .map(|t| incidence_point(&curves.at(c, *t, settings.interval, settings.level)))
                .collect(),
            curve: keeps_whole(settings, curves.time.len()).then(|| whole_incidence(curves, c, settings)),
        };
        group.incidence = cause.causes.iter().enumerate().map(of_cause).collect();
    }
    if n_groups < 2 {
        return Ok(());
    }
    if sample.data.entry.is_some() || sample.data.weight.is_some() {
        let why = if sample.data.entry.is_some() { "records enter late" } else { "records have case weights" };
        description.remarks.push(format!("No Gray test of the cumulative incidences: {why}."));
        return Ok(());
    }
    let (names, request) = (strata_names(settings), request(settings, sample));
    for (info, test) in cause.causes.iter().zip(gray_tests(&sample.data, &causes, n_groups, &request).map_err(cannot)?)
    {
        description.tests.push(GroupTest {
            name: "Gray".to_owned(),
            cause: Some(info.label.clone()),
            stratified_by: names.clone(),
            test: result(&test),
            ..GroupTest::default()
        });
    }
    Ok(())
}

fn whole_incidence(curves: &IncidenceCurves, cause: usize, settings: &DescribeSettings) -> IncidenceCurve {
    let own = &curves.causes[cause];
    let of_step = |k: usize| settings.interval.limits(own.incidence[k], own.se[k] / own.incidence[k], settings.level);
    let limits: Vec<(f64, f64)> = (0..curves.time.len()).map(of_step).collect();
    IncidenceCurve {
        time: curves.time.clone(),
        at_risk: curves.at_risk.clone(),
        events: own.events.clone(),
        probability: own.incidence.clone(),
        se: own.se.iter().map(|se| finite(*se)).collect(),
        lower: limits.iter().map(|l| finite(l.0)).collect(),
        upper: limits.iter().map(|l| finite(l.1)).collect(),
    }
}

fn incidence_point(at: &IncidenceAt) -> SurvivalPoint {
    SurvivalPoint {
        time: at.time,
        at_risk: finite(at.at_risk),
        events: finite(at.events),
        probability: finite(at.probability),
        se: finite(at.se),
        lower: finite(at.limits.0),
        upper: finite(at.limits.1),
        beyond: at.beyond,
        hidden: false,
    }
}

fn tests(description: &mut Description, settings: &DescribeSettings, sample: &Sample) -> Result<()> {
    let weights = match (settings.tests.weights.as_slice(), settings.tests.pairwise) {
        ([], None) => return Ok(()),
        ([], Some(_)) => vec![LogRankWeight::Rho(0.0)],
        (weights, _) => weights.to_vec(),
    };
    let n_groups = sample.groups.len();
    if n_groups < 2 && description.variables.is_empty() {
        return Err(DescribeError::OneGroup.into());
    }
    if n_groups < 2 {
        // A column was named, and the records have one of its levels: that is a finding, not a fault of the request.
        description.remarks.push("No test of equality: all records are in one group.".to_owned());
        return Ok(());
    }
    if sample.data.weight.is_some() {
        return Err(DescribeError::WeightedTest.into());
    }
    let request = request(settings, sample);
    for found in log_rank(&sample.data, n_groups, &weights, &request).map_err(cannot)? {
        description.tests.push(GroupTest {
            name: found.weight.name(),
            cause: None,
            stratified_by: strata_names(settings),
            observed: found.total_observed().into_iter().map(finite).collect(),
            expected: found.total_expected().into_iter().map(finite).collect(),
            test: result(&found.test),
        });
    }
    if let Some(adjustment) = settings.tests.pairwise {
        pairs(description, sample, weights[0], adjustment, &request)?;
    }
    Ok(())
}

fn pairs(
    description: &mut Description,
    sample: &Sample,
    weight: LogRankWeight,
    adjustment: Adjustment,
    request: &LogRankRequest<'_>,
) -> Result<()> {
    let n_groups = sample.groups.len();
    let label = |g: u32| description.groups[g as usize].label.clone();
    let found = pairwise_log_rank(&sample.data, n_groups, weight, adjustment, request).map_err(cannot)?;
    let one = |pair: &describe::Pair| PairTest {
        name: weight.name(),
        a: label(pair.groups[0]),
        b: label(pair.groups[1]),
        test: result(&pair.test),
        adjusted_p: finite(pair.adjusted_p),
        adjustment: adjustment.name().to_owned(),
    };
    description.pairs = found.iter().map(one).collect();
    Ok(())
}

fn request<'a>(settings: &DescribeSettings, sample: &'a Sample) -> LogRankRequest<'a> {
    let strata = sample.strata.as_ref().map(|(codes, labels)| (codes.as_slice(), labels.len()));
    LogRankRequest { strata, only: None, near_ties: settings.near_ties }
}

/// The variables of `strata()`, as the formula has them.
fn strata_names(settings: &DescribeSettings) -> Vec<String> {
    let Ok(formula) = crate::formula::Formula::parse(&settings.formula) else { return Vec::new() };
    formula.strata.iter().map(|v| formula.variables[*v].label.clone()).collect()
}

fn result(test: &ChiSquared) -> TestResult {
    TestResult { chisq: finite(test.chisq).filter(|_| test.df > 0), df: Some(test.df as f64), p: finite(test.p) }
}
