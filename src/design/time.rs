//! Time-varying columns: `tt(x, f)` as columns of names and parts, and as what the engine works with.

use super::atom::{Atom, AtomKind, codes_of};
use super::carrier::Carrier;
use super::columns::{Ingredient, ModelColumns, Part, Setting, VariableInfo};
use super::value::evaluate;
use super::{DesignError, in_formula};
use crate::engine::data::{Block, NumberPart, SurvivalData};
use crate::engine::{TimeDependence, TimeFunction, TimeVarying};
use crate::formula::{Expr, Fault, Formula, TimeCall, TimeShape, VariableKind};
use crate::table::ColumnData;

/// The time-varying columns of a model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TimeColumns {
    /// One entry per time-varying column.
    pub columns: Vec<TimeColumn>,
    /// Their functions of time, each once.
    pub functions: Vec<FunctionOfTime>,
}

/// A time-varying column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeColumn {
    /// Its number among the model's columns.
    pub column: usize,
    /// The `tt()`, an index into [`ModelColumns::variables`].
    pub variable: usize,
    /// The level of a factor; `None` for a number.
    pub level: Option<usize>,
    /// Index into [`TimeColumns::functions`].
    pub function: usize,
}

/// A function of time.
#[derive(Debug, Clone, PartialEq)]
pub enum FunctionOfTime {
    /// ln t.
    Log,
    /// t.
    Linear,
    /// √t.
    SquareRoot,
    /// 1 for from < t <= to, else 0.
    Interval {
        /// After this time.
        from: f64,
        /// Up to this time.
        to: f64,
    },
    /// A calculation in which `t` is the time.
    Calculation(Expr),
}

impl FunctionOfTime {
    /// Its values at some times; NaN where a calculation has none.
    pub fn values(&self, times: &[f64]) -> Vec<f64> {
        let map = |f: &dyn Fn(f64) -> f64| times.iter().map(|t| f(*t)).collect();
        match self {
            FunctionOfTime::Log => map(&libm::log),
            FunctionOfTime::Linear => times.to_vec(),
            FunctionOfTime::SquareRoot => map(&f64::sqrt),
            FunctionOfTime::Interval { from, to } => map(&|t| f64::from(u8::from(*from < t && t <= *to))),
            FunctionOfTime::Calculation(expr) => {
                let t = ColumnData::Number(times.to_vec());
                let found = evaluate(expr, &|_: &str| Some(&t)).map(|value| value.numbers());
                found.unwrap_or_else(|_| vec![f64::NAN; times.len()])
            }
        }
    }

    /// The functions of a `tt()`, with what each adds to the name of a column.
    fn of_call(call: &TimeCall, has_main_effect: bool) -> Vec<(FunctionOfTime, String)> {
        let one = |function| vec![(function, String::new())];
        match &call.shape {
            TimeShape::Log => one(FunctionOfTime::Log),
            TimeShape::Linear => one(FunctionOfTime::Linear),
            TimeShape::SquareRoot => one(FunctionOfTime::SquareRoot),
            TimeShape::Expression(expr) => one(FunctionOfTime::Calculation(expr.clone())),
            TimeShape::Step(cuts) => {
                let edge = |i: usize| cuts.get(i).copied().unwrap_or(f64::INFINITY);
                let interval = |i: usize| FunctionOfTime::Interval {
                    from: if i == 0 { f64::NEG_INFINITY } else { cuts[i - 1] },
                    to: edge(i),
                };
                let names = TimeShape::intervals(cuts).into_iter().enumerate();
                names.skip(usize::from(has_main_effect)).map(|(i, name)| (interval(i), name)).collect()
            }
        }
    }
}

impl TimeColumns {
    /// The index of a function, which is added when it is new.
    fn function(&mut self, function: FunctionOfTime) -> usize {
        self.functions.iter().position(|f| *f == function).unwrap_or_else(|| {
            self.functions.push(function);
            self.functions.len() - 1
        })
    }

    /// The engine's form of the functions. Faults where one has no finite value at an event time.
    pub(super) fn dependence(
        &self,
        varying: Vec<TimeVarying>,
        data: &SurvivalData,
        columns: &ModelColumns,
        formula: &Formula,
    ) -> Result<TimeDependence, DesignError> {
        if varying.is_empty() {
            return Ok(TimeDependence::default());
        }
        let time = TimeFunction::event_times(data);
        let mut faults = Vec::new();
        let mut functions = Vec::new();
        for (f, function) in self.functions.iter().enumerate() {
            let value = function.values(&time);
            if let Some(place) = value.iter().position(|g| !g.is_finite()) {
                let user = self.columns.iter().find(|c| c.function == f).map(|c| &columns.variables[c.variable].label);
                let variable = formula.variables.iter().find(|v| Some(&v.label) == user);
                let span = variable.map_or(0..formula.source.len(), |v| v.span.clone());
                let message = format!("this function of time has no value at the event time {}", time[place]);
                faults.push(Fault::new(span, message).help("add to the time first: tt(x, log(t + 1))"));
            }
            functions.push(TimeFunction { time: time.clone(), value });
        }
        if faults.is_empty() { Ok(TimeDependence { functions, varying }) } else { Err(in_formula(formula, faults)) }
    }
}

impl ModelColumns {
    /// The design row of `setting` at a time: as [`ModelColumns::row`], with v·g(t) in the time-varying columns.
    pub fn row_at(&self, setting: &Setting, time: f64) -> Vec<f64> {
        let mut row = self.row(setting);
        let g: Vec<f64> = self.time.functions.iter().map(|f| f.values(&[time])[0]).collect();
        for column in &self.time.columns {
            if row[column.column] != 0.0 {
                row[column.column] = self.time_value(column, setting) * g[column.function];
            }
        }
        row
    }
}

/// Lays out the columns of a `tt()` term: level after level, and for each the functions in their order.
///
/// `place` is the variable's index into [`ModelColumns::variables`], `slot` that of its carrier among the engine's variables.
pub(super) fn lay_out(
    columns: &mut ModelColumns,
    call: &TimeCall,
    formula: &Formula,
    atom: &Atom,
    (place, slot, term): (usize, usize, usize),
    carrier: &Carrier<'_>,
) -> Vec<TimeVarying> {
    let label = |t: &crate::formula::Term| formula.variables[t.parts[0].variable].label == call.label;
    let has_main_effect = formula.terms.iter().any(|t| t.parts.len() == 1 && label(t));
    let functions = FunctionOfTime::of_call(call, has_main_effect);
    let info = columns.variables[place].clone();
    let levels: Vec<Option<usize>> = match &atom.kind {
        AtomKind::Factor { levels, .. } => (1..levels.len()).map(Some).collect(),
        AtomKind::Number { .. } => vec![None],
    };
    let first = columns.names.len();
    for &level in &levels {
        for (function, suffix) in &functions {
            add_column(columns, &info, level, suffix, place, term);
            let function = columns.time.function(function.clone());
            let column = columns.names.len() - 1;
            columns.time.columns.push(TimeColumn { column, variable: place, level, function });
        }
    }
    let block = |m: usize| TimeVarying {
        block: block(atom, slot, carrier, &|level| first + level * functions.len() + m),
        function: columns.time.columns[columns.time.columns.len() - levels.len() * functions.len() + m].function,
    };
    (0..functions.len()).map(block).collect()
}

fn add_column(
    columns: &mut ModelColumns,
    info: &VariableInfo,
    level: Option<usize>,
    suffix: &str,
    place: usize,
    term: usize,
) {
    let name_of = |level: usize| info.levels[level].name.clone();
    let interval = |separator: &str| if suffix.is_empty() { String::new() } else { format!("{separator}{suffix}") };
    columns.names.push(format!("{}{}{}", info.label, level.map(name_of).unwrap_or_default(), interval(":")));
    columns.parts.push(vec![Part {
        variable: info.column.clone().unwrap_or_else(|| info.label.clone()),
        level: level.map(name_of),
        versus: level.map(|_| name_of(0)),
        expression: Some(format!("{}{}", info.label, interval(" "))),
        basis: None,
    }]);
    columns.makeup.push(vec![Ingredient::Time { variable: place }]);
    columns.term_of_column.push(term);
}

/// Which records have which value; `column` gives the column of the n-th level that has one (0 for a number).
fn block(atom: &Atom, slot: usize, carrier: &Carrier<'_>, column: &dyn Fn(usize) -> usize) -> Block {
    match &atom.kind {
        AtomKind::Factor { levels, .. } => {
            let mut first_column = vec![None; codes_of(carrier) as usize];
            for (i, level) in levels.iter().enumerate().skip(1) {
                if let Some(code) = level.code {
                    first_column[code as usize] = Some(column(i - 1) as u32);
                }
            }
            Block { factors: vec![slot], numbers: Vec::new(), first_column }
        }
        AtomKind::Number { columns, .. } => {
            let coded = matches!(carrier, Carrier::Coded { .. });
            let part = NumberPart { variable: slot, value_of_code: coded.then(|| columns[0].1.clone()) };
            Block { factors: Vec::new(), numbers: vec![vec![part]], first_column: vec![Some(column(0) as u32)] }
        }
    }
}

/// The call of a term that is a `tt()`.
pub(super) fn call_of<'f>(formula: &'f Formula, term: &crate::formula::Term) -> Option<&'f TimeCall> {
    match &formula.variables[term.parts[0].variable].kind {
        VariableKind::Time(call) => Some(call),
        _ => None,
    }
}
