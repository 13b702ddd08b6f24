//! Terms that are curves: what their splines and polynomials were made with, and hazard ratios along them.

use super::model::Fitted;
use super::settings::{ModelSettings, RatiosAtRequest};
use crate::design::{self, Basis, BasisKind, ModelColumns, Setting, SettingValue, distribution_of};
use crate::error::{Error, Result};
use crate::inference::values::{ValueRatio, check_number, ratios_at as ratios_at_values};
use crate::inference::{Estimate, Standing};
use crate::report::{BasisUsed, Collapsed, CollapsedLevel, CurveRatio, Held, Knot, Ratio, RatioAt, RatiosAt, finite};
use crate::table::Table;

/// The bases of a model, in the order of its variables.
pub(super) fn bases(columns: &ModelColumns) -> Vec<BasisUsed> {
    let of = columns.variables.iter().filter_map(|v| v.basis.as_ref().map(|b| (v, b)));
    of.map(|(variable, basis)| BasisUsed {
        variable: variable.label.clone(),
        column: variable.column.clone(),
        kind: kind(basis.kind).to_owned(),
        degree: basis.degree,
        intercept: basis.intercept,
        knots: knots(&basis.knots, &basis.knot_rows),
        boundary: knots(basis.boundary.as_slice().as_flattened(), &basis.boundary_rows),
        alpha: recursion(basis, |r| &r.alpha),
        norm2: recursion(basis, |r| &r.norm2),
    })
    .collect()
}

/// The name of a family in results files.
pub(super) fn kind(kind: BasisKind) -> &'static str {
    match kind {
        BasisKind::NaturalSpline => "natural_spline",
        BasisKind::BSpline => "b_spline",
        BasisKind::RestrictedCubicSpline => "restricted_cubic_spline",
        BasisKind::Polynomial => "polynomial",
    }
}

/// Knots with the rows at each; no rows where the formula wrote them out.
fn knots(values: &[f64], rows: &[u64]) -> Vec<Knot> {
    let one = |(i, x): (usize, &f64)| Knot { value: finite(*x), records: rows.get(i).copied(), hidden: false };
    values.iter().enumerate().map(one).collect()
}

fn recursion(basis: &Basis, part: impl Fn(&crate::design::Recursion) -> &Vec<f64>) -> Vec<Option<f64>> {
    basis.recursion.as_ref().map_or(Vec::new(), |r| part(r).iter().map(|x| finite(*x)).collect())
}

/// Quantiles at which a curve is read where nobody chose values; the median among them is the reference.
const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Hazard ratios along every curve of the model, and of the columns that were asked for.
pub(super) fn ratios_at(table: &Table, settings: &ModelSettings, fitted: &Fitted) -> Result<Vec<RatiosAt>> {
    let columns = &fitted.built.columns;
    let asked = |column: &String| settings.ratios_at.iter().any(|r| r.column == *column);
    let unasked = columns.curved_columns().into_iter().filter(|c| !asked(c));
    let automatic = unasked.map(|column| RatiosAtRequest { column, values: Vec::new(), reference: None });
    let all = settings.ratios_at.iter().cloned().chain(automatic);
    let one = |request: RatiosAtRequest| {
        check_number(columns, &request.column)
            .map_err(|error| Error::Values { model: settings.name.clone(), error })?;
        Ok(table_of(table, settings, fitted, &request))
    };
    all.map(one).filter_map(Result::transpose).collect()
}

/// The table of one column; `None` when the data have no number of that name in the used records.
fn table_of(table: &Table, settings: &ModelSettings, fitted: &Fitted, request: &RatiosAtRequest) -> Option<RatiosAt> {
    let columns = &fitted.built.columns;
    let sample = distribution_of(table, &fitted.built.rows, &request.column)?;
    let quantiles = QUANTILES.map(|p| (p, sample.quantile(p)));
    let reference = request.reference.unwrap_or(sample.quantile(0.5));
    let chosen = request.values.iter().map(|x| (None, *x));
    let mut points: Vec<(Option<f64>, f64)> = match request.values.is_empty() {
        true => quantiles.iter().map(|(p, x)| (Some(*p), *x)).collect(),
        false => chosen.collect(),
    };
    if points.iter().all(|(_, x)| *x != reference) {
        points.push((request.reference.is_none().then_some(0.5), reference));
    }
    points.sort_by(|a, b| a.1.total_cmp(&b.1));
    points.dedup_by(|a, b| a.1 == b.1);
    let values: Vec<f64> = points.iter().map(|(_, x)| *x).collect();
    let (terms, others) = columns.terms_of(&request.column);
    let (base, held) = held(table, fitted, &others);
    let found = ratios_at_values(&fitted.fit, columns, &base, &request.column, &values, reference, settings.level);
    Some(RatiosAt {
        column: request.column.clone(),
        label: table.column(&request.column).map(|c| c.label.clone()).unwrap_or_default(),
        terms: terms.iter().map(|t| t.label.clone()).collect(),
        held,
        reference: finite(reference),
        reference_records: request.reference.is_none().then(|| sample.rows_at(reference)),
        points: found
            .iter()
            .zip(&points)
            .map(|(ratio, (p, x))| point(ratio, *p, p.map(|_| sample.rows_at(*x))))
            .collect(),
        curve: {
            let places = places(values[0], values[values.len() - 1]);
            let along =
                ratios_at_values(&fitted.fit, columns, &base, &request.column, &places, reference, settings.level);
            along.iter().map(on_curve).collect()
        },
    })
}

/// Where variables in products with the number are held: factors at their reference, numbers at their median.
fn held(table: &Table, fitted: &Fitted, others: &[usize]) -> (Setting, Vec<Held>) {
    let (mut base, mut said) = (Setting::default(), Vec::new());
    for variable in others.iter().map(|v| &fitted.built.columns.variables[*v]) {
        let number = variable.column.as_ref().filter(|_| variable.levels.is_empty());
        let median = number.and_then(|c| Some((c, distribution_of(table, &fitted.built.rows, c)?.quantile(0.5))));
        let whose = || Held { variable: variable.label.clone(), label: variable.title.clone(), ..Held::default() };
        said.push(match (median, variable.levels.first()) {
            (Some((column, x)), _) => {
                base = base.with(column, SettingValue::Number(x));
                let label = table.column(column).map(|c| c.label.clone()).unwrap_or_default();
                Held { variable: column.clone(), label, value: finite(x), median: true, ..Held::default() }
            }
            (None, Some(level)) => {
                Held { level: Some(level.name.clone()), level_label: level.label.clone(), ..whose() }
            }
            (None, None) => Held { value: Some(0.0), ..whose() },
        });
    }
    (base, said)
}

/// Steps of a curve that is drawn.
const STEPS: usize = 60;

/// Places at equal distances, both ends included; none when there is no way between them.
pub(super) fn places(from: f64, to: f64) -> Vec<f64> {
    if from >= to {
        return Vec::new();
    }
    (0..=STEPS).map(|k| from + (to - from) * k as f64 / STEPS as f64).collect()
}

fn on_curve(ratio: &ValueRatio) -> CurveRatio {
    match ratio.standing {
        Standing::Reference => CurveRatio { at: ratio.value, hr: Some(1.0), lower: Some(1.0), upper: Some(1.0) },
        Standing::Estimated => curve_ratio(ratio.value, &ratio.estimate),
        _ => CurveRatio { at: ratio.value, ..CurveRatio::default() },
    }
}

/// An estimate at a place of a curve.
pub(super) fn curve_ratio(at: f64, estimate: &Estimate) -> CurveRatio {
    let (lower, upper) = estimate.hazard_ratio_limits();
    CurveRatio { at, hr: finite(estimate.hazard_ratio()), lower: finite(lower), upper: finite(upper) }
}

fn point(ratio: &ValueRatio, quantile: Option<f64>, records: Option<u64>) -> RatioAt {
    let is_reference = ratio.standing == Standing::Reference;
    let shown = |value: f64| if ratio.standing == Standing::Estimated { finite(value) } else { None };
    let (lower, upper) = ratio.estimate.hazard_ratio_limits();
    RatioAt {
        value: finite(ratio.value),
        quantile,
        records,
        reference: is_reference,
        ratio: Ratio {
            estimate: if is_reference { Some(0.0) } else { shown(ratio.estimate.estimate) },
            se: shown(ratio.estimate.se),
            hr: if is_reference { Some(1.0) } else { shown(ratio.estimate.hazard_ratio()) },
            lower: shown(lower),
            upper: shown(upper),
            p: shown(ratio.estimate.p),
        },
        hidden: false,
    }
}

/// The merged levels with the used records of each.
pub(super) fn collapsed(table: &Table, settings: &ModelSettings, rows: &[u32]) -> Vec<Collapsed> {
    let level = |(level, n): (String, u64)| CollapsedLevel { level, records: Some(n) };
    let one = |rule: &design::Collapse| Collapsed {
        variable: rule.column.clone(),
        level: rule.level.clone(),
        of: design::level_rows(table, rows, rule).into_iter().map(level).collect(),
    };
    settings.collapse.iter().map(one).collect()
}
