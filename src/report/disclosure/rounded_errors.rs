//! Standard errors where counts are rounded: those of the fewest events that the rounded counts stand for.
//!
//! The variance of a log hazard ratio is near 1/d₁ + 1/d₀, so that an exact standard error, interval, z, P value or test
//! gives exact events back. In its place stands
//!
//! ```text
//! se'² = se² + Σ g² (1/low(d) − 1/d)      d: events of each level or cell compared, low(d): the fewest that are shown as d is,
//!                                         g: its weight in the comparison (1 and −1 of a hazard ratio)
//! ```
//!
//! What depends on the events in it is low(d), which everybody knows; intervals are wider, never narrower. Numbers
//! with more digits than three, covariances, likelihoods, bootstrap and pooling within imputations stay inside. Tests of one
//! degree of freedom are made smaller by the same factor, others have three digits.

use super::cells::{self, interval_key, level_key, pair_key};
use super::derived::significant;
use super::estimates::coarse;
use super::interactions::References;
use super::{Profile, rounded_risks};
use crate::inference::hypothesis::{chi_squared_upper, normal_quantile, normal_two_sided};
use crate::report::{
    AdditiveInteraction, Coefficient, Contrast, Interaction, InteractionCell, InteractionRatio, ModelComparison,
    ModelResult, Part, Ratio, Report, TestResult,
};
use std::collections::BTreeMap;

/// Significant digits of what is left of errors and limits.
pub(super) const DIGITS: u32 = 3;

/// Weights of the events of levels or cells, by the names of their counts.
type Gradient = BTreeMap<String, f64>;

/// Widens every error of a report whose counts are rounded; `original` has all counts. To be called once everything else
/// is hidden.
pub(super) fn widen(report: &mut Report, original: &Report, profile: &Profile) {
    if !profile.rounds() {
        return;
    }
    let mut events = BTreeMap::new();
    cells::visit(&mut original.clone(), &mut |place| {
        if let Some(n) = *place.count {
            events.entry(place.key).or_insert(n);
        }
    });
    let errors = Errors { events, profile, z: normal_quantile(0.5 + report.settings.level / 2.0) };
    let mut factors = BTreeMap::new();
    for model in &mut report.models {
        factors.insert(model.name.clone(), errors.model(model));
    }
    report.comparisons.iter_mut().for_each(|c| comparison(c, &factors));
    // A log-rank test of two groups is the score test of their hazard ratio.
    for description in &mut report.descriptions {
        let tests = description.tests.iter_mut().map(|t| &mut t.test);
        tests.chain(description.pairs.iter_mut().map(|p| &mut p.test)).for_each(|t| *t = few_digits(*t));
    }
}

/// What one needs to widen errors.
struct Errors<'p> {
    /// Every count of the report by its name.
    events: BTreeMap<String, u64>,
    profile: &'p Profile,
    /// Standard errors from an estimate to its limit.
    z: f64,
}

impl Errors<'_> {
    /// What is added to the variance of a comparison.
    fn added(&self, gradient: &Gradient) -> f64 {
        let of = |(name, weight): (&String, &f64)| {
            let n = self.events.get(name).copied().unwrap_or(0);
            let low = self.profile.range(n).0;
            if n == 0 || low == 0 { 0.0 } else { weight * weight * (1.0 / low as f64 - 1.0 / n as f64) }
        };
        gradient.iter().map(of).sum()
    }

    /// How much longer an error becomes.
    fn factor(&self, se: f64, gradient: &Gradient) -> f64 {
        if se > 0.0 { (1.0 + self.added(gradient) / (se * se)).sqrt() } else { 1.0 }
    }

    /// Of numbers without levels: all events of the model.
    fn of_all_events(&self, model: &str) -> f64 {
        let n = self.events.get(&format!("model|{model}|events")).copied().unwrap_or(0);
        let low = self.profile.range(n).0;
        if low == 0 { 1.0 } else { (n as f64 / low as f64).sqrt() }
    }

    /// Widens what a model says; returns the factors of its coefficients by name.
    fn model(&self, model: &mut ModelResult) -> BTreeMap<String, f64> {
        let gradients: Vec<Gradient> = model.coefficients.iter().map(|c| gradient(c, model)).collect();
        let all = self.of_all_events(&model.name);
        let mut factors = BTreeMap::new();
        for (c, gradient) in model.coefficients.iter_mut().zip(&gradients) {
            let se = c.robust_se.or(c.se).unwrap_or(0.0);
            let factor = if gradient.is_empty() { all } else { self.factor(se, gradient) };
            self.coefficient(c, gradient, factor);
            factors.insert(c.name.clone(), factor);
        }
        for contrast in &mut model.contrasts {
            self.contrast(contrast, &gradients, all);
        }
        let own = cells::own(model);
        model.interactions.iter_mut().for_each(|i| self.interaction(&own, i));
        self.along_time(model);
        rounded_risks::widen(model, &self.events, self.profile);
        for ratios in &mut model.ratios_at {
            ratios.points.iter_mut().for_each(|p| ratio(&mut p.ratio, all));
        }
        tests(model, &factors);
        keep_inside(model);
        factors
    }

    fn coefficient(&self, c: &mut Coefficient, gradient: &Gradient, factor: f64) {
        let own = |se: f64| if gradient.is_empty() { se * factor } else { se * self.factor(se, gradient) };
        c.se = c.se.map(|se| significant(own(se), DIGITS));
        c.robust_se = c.robust_se.map(|se| significant(own(se), DIGITS));
        let before = c.p;
        (c.z, c.p) = statement(c.z, c.p, factor);
        c.p_adjusted = adjusted(c.p_adjusted, before, c.p);
        let estimate = c.estimate;
        for limit in [&mut c.lower, &mut c.upper] {
            *limit = side(estimate, *limit, factor);
        }
        for limit in [&mut c.hr_lower, &mut c.hr_upper] {
            *limit = log_side(estimate, *limit, factor);
        }
        c.lr = c.lr.map(|t| smaller(t, factor));
        if let Some(wald) = &mut c.wald {
            (wald.z, wald.p) = statement(wald.z, wald.p, factor);
            [&mut wald.lower, &mut wald.upper].into_iter().for_each(|l| *l = side(estimate, *l, factor));
            [&mut wald.hr_lower, &mut wald.hr_upper].into_iter().for_each(|l| *l = log_side(estimate, *l, factor));
        }
        c.bootstrap = None;
    }

    fn contrast(&self, contrast: &mut Contrast, gradients: &[Gradient], all: f64) {
        let mut sum = Gradient::new();
        for (weight, gradient) in contrast.weights.iter().zip(gradients) {
            for (name, own) in gradient {
                *sum.entry(name.clone()).or_default() += weight.unwrap_or(0.0) * own;
            }
        }
        let factor = if sum.is_empty() { all } else { self.factor(contrast.se.unwrap_or(0.0), &sum) };
        contrast.se = contrast.se.map(|se| significant(se * factor, DIGITS));
        let before = contrast.p;
        (contrast.z, contrast.p) = statement(contrast.z, contrast.p, factor);
        contrast.p_adjusted = adjusted(contrast.p_adjusted, before, contrast.p);
        let estimate = contrast.estimate;
        for limit in [&mut contrast.lower, &mut contrast.upper] {
            *limit = log_side(estimate, *limit, factor);
        }
        contrast.bootstrap = None;
    }

    fn interaction(&self, own: &str, interaction: &mut Interaction) {
        let References { exposure, modifier, .. } = References::of(interaction);
        let (e0, m0) = (exposure.unwrap_or_default(), modifier.unwrap_or_default());
        let names = (interaction.exposure.clone(), interaction.modifier.clone());
        let name = |e: &str, m: &str| own.to_owned() + &pair_key((&names.0, e), (&names.1, m), "events");
        let of_two = |a: String, b: String| Gradient::from([(a, 1.0), (b, -1.0)]);
        let hrs: BTreeMap<(String, String), f64> = interaction.joint.iter().filter_map(joint_ratio).collect();
        for c in &mut interaction.within {
            let other = name(&e0, &c.modifier_level);
            self.cell(c, &of_two(name(&c.exposure_level, &c.modifier_level), other));
        }
        for c in &mut interaction.joint {
            self.cell(c, &of_two(name(&c.exposure_level, &c.modifier_level), name(&e0, &m0)));
        }
        for c in &mut interaction.by_exposure {
            let other = name(&c.exposure_level, &m0);
            self.cell(c, &of_two(name(&c.exposure_level, &c.modifier_level), other));
        }
        let mut only = 1.0;
        for r in &mut interaction.ratios {
            let (e, m) = (&r.exposure_level, &r.modifier_level);
            let cells = [name(e, m), name(&e0, m), name(e, &m0), name(&e0, &m0)];
            only = self.ratio_of_ratios(r, &cells.into_iter().zip([1.0, -1.0, -1.0, 1.0]).collect());
        }
        for r in &mut interaction.reri {
            let (e, m) = (r.exposure_level.clone(), r.modifier_level.clone());
            let cells = [name(&e, &m), name(&e, &m0), name(&e0, &m), name(&e0, &m0)];
            let hr = |e: &String, m: &String| hrs.get(&(e.clone(), m.clone())).copied();
            let ratios = hr(&e, &m).zip(hr(&e, &m0)).zip(hr(&e0, &m)).map(|((a, b), c)| [a, b, c]);
            self.additive(r, &cells, ratios);
        }
        let test = |t: TestResult| if t.df == Some(1.0) { smaller(t, only) } else { coarse(t) };
        (interaction.wald, interaction.lr) = (interaction.wald.map(test), interaction.lr.map(test));
        interaction.pooled_test = interaction.pooled_test.take().filter(|t| t.df1.is_some_and(|df| df > 1.0));
    }

    fn cell(&self, c: &mut InteractionCell, gradient: &Gradient) {
        let factor = self.factor(c.se.unwrap_or(0.0), gradient);
        c.se = c.se.map(|se| significant(se * factor, DIGITS));
        let z = c.estimate.zip(c.se).map(|(b, se)| factor * b / se);
        let before = c.p;
        c.p = statement(z, c.p, factor).1;
        c.p_adjusted = adjusted(c.p_adjusted, before, c.p);
        let estimate = c.estimate;
        [&mut c.lower, &mut c.upper].into_iter().for_each(|limit| *limit = log_side(estimate, *limit, factor));
        c.bootstrap = None;
    }

    fn ratio_of_ratios(&self, r: &mut InteractionRatio, gradient: &Gradient) -> f64 {
        let length = r.upper.zip(r.lower).map_or(0.0, |(upper, lower)| (upper / lower).ln());
        let factor = self.factor(length / (2.0 * self.z), gradient);
        let estimate = r.ratio.map(f64::ln);
        let before = r.p;
        r.p = statement(None, r.p, factor).1;
        r.p_adjusted = adjusted(r.p_adjusted, before, r.p);
        [&mut r.lower, &mut r.upper].into_iter().for_each(|limit| *limit = log_side(estimate, *limit, factor));
        r.bootstrap = None;
        factor
    }

    /// By the delta method on the log hazards of the four cells, (1,1), (1,0), (0,1), (0,0); see `inference::interaction`.
    /// Without the joint hazard ratios there are no limits.
    fn additive(&self, r: &mut AdditiveInteraction, cells: &[String; 4], ratios: Option<[f64; 3]>) {
        (r.reri_bootstrap, r.ap_bootstrap, r.s_bootstrap) = (None, None, None);
        let Some([r11, r10, r01]) = ratios else {
            for limit in [&mut r.lower, &mut r.upper, &mut r.ap_lower, &mut r.ap_upper, &mut r.s_lower, &mut r.s_upper]
            {
                *limit = None;
            }
            return;
        };
        let (above, below) = (r11 - 1.0, r10 + r01 - 2.0);
        let reri = [r11, -r10, -r01, r10 + r01 - r11];
        let ap = [(r10 + r01 - 1.0) / r11, -r10 / r11, -r01 / r11, 1.0 / r11];
        let synergy = [r11 / above, -r10 / below, -r01 / below, 2.0 / below - 1.0 / above];
        let widened = |estimate: Option<f64>, lower: &mut Option<f64>, upper: &mut Option<f64>, weights: [f64; 4]| {
            let length = upper.zip(*lower).map_or(0.0, |(upper, lower)| upper - lower);
            let gradient = cells.iter().cloned().zip(weights).collect();
            let factor = self.factor(length / (2.0 * self.z), &gradient);
            [lower, upper].into_iter().for_each(|limit| *limit = side(estimate, *limit, factor));
        };
        widened(r.reri, &mut r.lower, &mut r.upper, reri);
        widened(r.ap, &mut r.ap_lower, &mut r.ap_upper, ap);
        let log = |x: Option<f64>| x.filter(|x| *x > 0.0).map(f64::ln);
        let (mut lower, mut upper) = (log(r.s_lower), log(r.s_upper));
        widened(log(r.s), &mut lower, &mut upper, synergy);
        (r.s_lower, r.s_upper) =
            (lower.map(|x| significant(x.exp(), DIGITS)), upper.map(|x| significant(x.exp(), DIGITS)));
    }

    /// Hazard ratios of intervals by their own events; at chosen times by those of the levels.
    fn along_time(&self, model: &mut ModelResult) {
        let (all, own) = (self.of_all_events(&model.name), cells::own(model));
        for varying in &mut model.time_varying {
            let levels = [varying.level.clone(), varying.versus.clone()];
            for (i, at) in varying.hazard_ratios.iter_mut().enumerate() {
                let name = |level: &String| match at.time {
                    None => interval_key(&model.name, &varying.variable, level, i),
                    Some(_) => own.clone() + &level_key(&varying.variable, level, "events"),
                };
                let gradient: Gradient = levels.iter().flatten().map(|level| (name(level), 1.0)).collect();
                let factor = self.factor(at.ratio.se.unwrap_or(0.0), &gradient);
                ratio(&mut at.ratio, if gradient.is_empty() { all } else { factor });
            }
        }
    }
}

fn joint_ratio(cell: &InteractionCell) -> Option<((String, String), f64)> {
    Some(((cell.exposure_level.clone(), cell.modifier_level.clone()), cell.hr?))
}

/// The levels that a coefficient compares; in a model with a product of its factor the cells, at the reference of the other.
fn gradient(c: &Coefficient, model: &ModelResult) -> Gradient {
    let (all, prefix) = (&model.coefficients, cells::own(model));
    let factors = |c: &Coefficient| c.parts.iter().filter(|p| p.level.is_some()).cloned().collect::<Vec<Part>>();
    let own = factors(c);
    let of = |p: &Part| {
        let ends = [(p.level.clone(), 1.0), (p.versus.clone(), -1.0)];
        ends.into_iter().filter_map(|(level, sign)| Some((level?, sign))).collect::<Vec<(String, f64)>>()
    };
    match own.as_slice() {
        [a, b] => {
            let cells = of(a).into_iter().flat_map(|x| of(b).into_iter().map(move |y| (x.clone(), y)));
            let name = |x: &str, y: &str| prefix.clone() + &pair_key((&a.variable, x), (&b.variable, y), "events");
            cells.map(|((x, s), (y, t))| (name(&x, &y), s * t)).collect()
        }
        [a] => {
            let is_product = |f: &Vec<Part>| f.len() == 2 && f.iter().any(|p| p.variable == a.variable);
            let partner = all.iter().map(factors).filter(is_product).flatten().find(|p| p.variable != a.variable);
            let name = |level: &str| match partner.as_ref().and_then(|p| p.versus.as_ref().map(|v| (p, v))) {
                Some((p, versus)) => prefix.clone() + &pair_key((&a.variable, level), (&p.variable, versus), "events"),
                None => prefix.clone() + &level_key(&a.variable, level, "events"),
            };
            of(a).into_iter().map(|(level, sign)| (name(&level), sign)).collect()
        }
        // Cells of three variables are in no table.
        _ => Gradient::new(),
    }
}

/// A limit further from its estimate.
pub(super) fn side(estimate: Option<f64>, limit: Option<f64>, factor: f64) -> Option<f64> {
    let (estimate, limit) = estimate.zip(limit)?;
    Some(significant(estimate + (limit - estimate) * factor, DIGITS))
}

/// The same of a limit of the ratio whose logarithm is the estimate.
pub(super) fn log_side(estimate: Option<f64>, limit: Option<f64>, factor: f64) -> Option<f64> {
    let (estimate, limit) = estimate.zip(limit.filter(|l| *l > 0.0))?;
    Some(significant((estimate + (limit.ln() - estimate) * factor).exp(), DIGITS))
}

/// z and P value with a longer error; of a P value alone by the z that it stands for.
fn statement(z: Option<f64>, p: Option<f64>, factor: f64) -> (Option<f64>, Option<f64>) {
    let by_p = || p.map(|p| normal_quantile(1.0 - p / 2.0)).filter(|z| z.is_finite());
    let shorter = z.or_else(by_p).map(|z| z / factor);
    let made = shorter.map(normal_two_sided).or(p.map(|_| 0.0));
    (z.and(shorter).map(|z| significant(z, DIGITS)), p.and(made).map(|p| significant(p, DIGITS)))
}

/// A P value adjusted within its family keeps its place above the plain one.
fn adjusted(p: Option<f64>, before: Option<f64>, now: Option<f64>) -> Option<f64> {
    let (p, before) = p.zip(before)?;
    let now = now?;
    let by = if before > 0.0 { p / before } else { 1.0 };
    Some(significant((now * by).min(1.0), DIGITS))
}

fn ratio(of: &mut Ratio, factor: f64) {
    let z = of.estimate.zip(of.se).map(|(b, se)| b / se);
    of.se = of.se.map(|se| significant(se * factor, DIGITS));
    of.p = statement(z, of.p, factor).1;
    let estimate = of.estimate;
    [&mut of.lower, &mut of.upper].into_iter().for_each(|limit| *limit = log_side(estimate, *limit, factor));
}

/// A test of one coefficient, whose statistic goes with 1/se².
fn smaller(test: TestResult, factor: f64) -> TestResult {
    let chisq = test.chisq.map(|x| x / (factor * factor));
    let p = chisq.map(|x| significant(chi_squared_upper(x, test.df.unwrap_or(1.0)), DIGITS));
    TestResult { chisq: chisq.map(|x| significant(x, DIGITS)), df: test.df, p: test.p.and(p) }
}

fn few_digits(test: TestResult) -> TestResult {
    let short = |x: Option<f64>| x.map(|x| significant(x, 2));
    if test.df == Some(1.0) {
        TestResult { chisq: short(test.chisq), df: test.df, p: short(test.p) }
    } else {
        coarse(test)
    }
}

/// Tests of a term or a model: of one coefficient by its factor, of several with few digits.
fn tests(model: &mut ModelResult, factors: &BTreeMap<String, f64>) {
    let names = |term: Option<&str>| -> Vec<&String> {
        let these = model.coefficients.iter().filter(|c| !c.aliased && term.is_none_or(|t| c.term == t));
        these.map(|c| &c.name).collect()
    };
    let made = |names: &[&String], test: TestResult| match names {
        [one] => smaller(test, factors.get(*one).copied().unwrap_or(1.0)),
        _ => coarse(test),
    };
    let all = names(None);
    for test in [&mut model.tests.lr, &mut model.tests.wald, &mut model.tests.score, &mut model.tests.robust_score] {
        *test = test.map(|t| made(&all, t));
    }
    for term in &mut model.terms {
        let own: Vec<&String> =
            model.coefficients.iter().filter(|c| !c.aliased && c.term == term.term).map(|c| &c.name).collect();
        (term.wald, term.lr) = (term.wald.map(|t| made(&own, t)), term.lr.map(|t| made(&own, t)));
    }
}

/// Variances once more, in other forms.
fn keep_inside(model: &mut ModelResult) {
    for matrix in [Some(&mut model.covariance), model.naive_covariance.as_mut()].into_iter().flatten() {
        matrix.iter_mut().flatten().for_each(|cell| *cell = None);
    }
    (model.log_partial_likelihood, model.penalised, model.ridge) = (Default::default(), None, None);
    (model.aic, model.bic, model.bootstrap) = (None, None, None);
    model.concordance.iter_mut().for_each(|c| c.se = c.se.map(|se| significant(se, 2)));
    let all = vec![true; model.coefficients.len()];
    if let Some(pooling) = &mut model.pooling {
        pooling.hide(&all);
        pooling.imputations.iter_mut().for_each(|i| i.log_partial_likelihood = None);
        pooling.terms.clear();
        pooling.likelihood_ratios.clear();
        pooling.overall = None;
    }
}

fn comparison(of: &mut ModelComparison, factors: &BTreeMap<String, BTreeMap<String, f64>>) {
    let Some((larger, nested)) = factors.get(&of.model).zip(factors.get(&of.nested)) else { return };
    let mut tested = larger.iter().filter(|(name, _)| !nested.contains_key(*name)).map(|(_, factor)| *factor);
    of.test = of.test.map(|test| match (tested.next(), test.df) {
        (Some(factor), Some(1.0)) => smaller(test, factor),
        _ => coarse(test),
    });
}
