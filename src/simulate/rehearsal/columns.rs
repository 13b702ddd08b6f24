//! What may stand in a column: values that the declaration allows and the rules of the study look for.

use super::literals::Literals;
use super::other_codes::other_codes;
use super::readers::{class_bounds, covers, edges, level_of, needs_value, readers};
use crate::simulate::random::Draws;
use crate::study::{
    Clean, CodeItem, CodeList, CodeSpec, CodeSystem, ColumnKind, ColumnSource, ColumnSpec, DateFormat, Extract,
    FileFormat, Kind, Limits, Matching, Recode, Source, Study,
};
use std::sync::Arc;

/// A column of a file: one year of it for a yearly family.
#[derive(Debug, Clone)]
pub(super) struct Slot<'s> {
    pub(super) spec: &'s ColumnSpec,
    pub(super) year: Option<i32>,
    /// What its values are.
    pub(super) draw: Draw,
    /// Of 1000 rows, how many have no value.
    pub(super) missing: u32,
    /// Place of the column that says the code system of this one.
    pub(super) system: Option<usize>,
    /// Whether rows that do not say their code system may have codes.
    pub(super) blank_system: bool,
    /// Whether a file of Stata or SPSS holds the codes as numbers with labels.
    pub(super) labelled: bool,
}

/// How a value is drawn.
#[derive(Debug, Clone)]
pub(super) enum Draw {
    /// One of these, by default with these weights.
    Code(Vec<Arc<str>>, Vec<u32>),
    /// Whole numbers, both ends included.
    Whole(i32, i32),
    /// Numbers with one decimal.
    Number(f64, f64),
    /// Days, placed by the course of the person.
    Date,
}

/// The value of a cell; what stands in a file is the matter of `cells`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Missing,
    Day(i32),
    Text(Arc<str>),
    Codes(Vec<Arc<str>>),
    Whole(i32),
    Number(f64),
    /// Exactly this text, whatever the declaration says.
    Written(Arc<str>),
}

/// Of 1000 values, how many are missing where the study can do without.
const MISSING_PER_1000: u32 = 30;

/// The columns of an extract, with what the conditions of the study name.
pub(super) fn slots<'s>(study: &'s Study, extract: &'s Extract, named: &Literals, needed: &[String]) -> Vec<Slot<'s>> {
    let mut slots = Vec::new();
    for spec in extract.columns.values() {
        let years: Vec<Option<i32>> = match spec.source {
            ColumnSource::One(_) => vec![None],
            ColumnSource::Yearly { first, last, .. } => (first..=last).map(Some).collect(),
        };
        let draw = draw(study, extract, spec, named);
        let readers = readers(study, &extract.name, &spec.name);
        let cannot = needed.contains(&spec.name) || readers.iter().any(|c| needs_value(study, c));
        let missing = if cannot { 0 } else { MISSING_PER_1000 };
        let labelled = is_labelled(extract, spec, &draw, &readers);
        slots.extend(years.into_iter().map(|year| Slot {
            labelled,
            spec,
            year,
            draw: draw.clone(),
            missing,
            system: None,
            blank_system: true,
        }));
    }
    for at in 0..slots.len() {
        let (ColumnKind::Code(rules) | ColumnKind::Codes { code: rules, .. }) = &slots[at].spec.kind else { continue };
        if let Some(CodeSystem::Column { column, blank }) = &rules.system {
            let system = slots.iter().position(|s| s.spec.name == *column);
            slots[at].blank_system = blank.is_some();
            slots[at].system = system;
            if let (Some(system), None) = (system, blank) {
                slots[system].missing = 0;
            }
        }
    }
    slots
}

/// Whether the study takes labels of codes from a file that can have them, and the codes are numbers as they stand.
fn is_labelled(extract: &Extract, spec: &ColumnSpec, draw: &Draw, readers: &[&crate::study::Covariate]) -> bool {
    let asks = |c: &&crate::study::Covariate| matches!(&c.kind, Kind::Factor(rules) if rules.file_labels);
    let whole = |code: &Arc<str>| code.parse::<i32>().is_ok_and(|x| x.to_string() == **code);
    matches!(extract.format, FileFormat::Stored { .. })
        && matches!(&spec.kind, ColumnKind::Code(rules) if rules.levels.is_some())
        && readers.iter().any(asks)
        && matches!(draw, Draw::Code(codes, _) if codes.iter().all(whole))
}

fn draw(study: &Study, extract: &Extract, spec: &ColumnSpec, named: &Literals) -> Draw {
    match &spec.kind {
        ColumnKind::Date(_) => Draw::Date,
        ColumnKind::Code(rules) | ColumnKind::Codes { code: rules, .. } => {
            let codes = candidates(study, extract, spec, rules, named);
            let weights = weights(study, extract, spec, &codes, named);
            Draw::Code(codes, weights)
        }
        ColumnKind::Whole { limits, .. } => {
            let (low, high) = numbers(study, extract, spec, limits, named, (0.0, 20.0));
            Draw::Whole(low.ceil() as i32, (high.ceil() as i32 - 1).max(low.ceil() as i32))
        }
        ColumnKind::Number { limits, .. } => {
            let (low, high) = numbers(study, extract, spec, limits, named, (0.0, 100.0));
            Draw::Number(low, high)
        }
    }
}

/// The numbers of a column: within its limits and the classes of who reads it, around what conditions compare it with.
fn numbers(
    study: &Study,
    extract: &Extract,
    spec: &ColumnSpec,
    limits: &Limits,
    named: &Literals,
    otherwise: (f64, f64),
) -> (f64, f64) {
    let readers = readers(study, &extract.name, &spec.name);
    let mut marks: Vec<f64> = readers.iter().flat_map(|c| edges(study, c)).collect();
    marks.extend(named.numbers.get(&spec.name).into_iter().flatten());
    for covariate in readers.iter().filter(|c| matches!(c.kind, Kind::Factor(_))) {
        if let Kind::Factor(rules) = &covariate.kind
            && matches!(rules.recode, Recode::AsIs)
        {
            marks.extend(rules.levels.iter().filter_map(|l| l.value.parse::<f64>().ok()));
        }
    }
    let least = marks.iter().copied().fold(f64::INFINITY, f64::min);
    let most = marks.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (mut low, mut high) = otherwise;
    if least.is_finite() {
        let beyond = ((most - least) / 3.0).max(most.abs() / 3.0).max(if most > least { 1.0 } else { 10.0 });
        low = if least >= 0.0 { (least - beyond).max(0.0) } else { least - beyond };
        high = most + beyond;
    }
    let classes = readers.iter().fold(super::literals::Bounds::default(), |b, c| b.and(class_bounds(study, c)));
    low = low.max(classes.low).max(limits.at_least.unwrap_or(f64::NEG_INFINITY));
    high = high.min(classes.high).min(limits.at_most.unwrap_or(f64::INFINITY));
    if limits.years_from.is_some() || limits.at_least == Some(1000.0) {
        (low, high) = (low.max(2000.0), high.clamp(2000.0, 2020.0));
    }
    (low, high.max(low))
}

/// The codes of a column: what its declaration lists, its readers recode, conditions name and code lists hold; cleaned,
/// and without what the declaration or a reader would refuse.
fn candidates(
    study: &Study,
    extract: &Extract,
    spec: &ColumnSpec,
    rules: &CodeSpec,
    named: &Literals,
) -> Vec<Arc<str>> {
    let readers = readers(study, &extract.name, &spec.name);
    let mut texts: Vec<String> = rules.levels.clone().unwrap_or_default();
    for covariate in &readers {
        texts.extend(codes_of_reader(&covariate.kind, rules));
    }
    texts.extend(named.texts.get(&spec.name).into_iter().flatten().cloned());
    for list in lists_of(study, extract, spec) {
        texts.extend(expand(list).into_iter().map(|code| filled(code, rules)));
    }
    texts.extend(systems(study, extract, spec));
    if texts.is_empty() {
        texts = plain_codes(rules);
    }
    let mut kept: Vec<String> = Vec::new();
    for text in texts {
        let code = cleaned(&text, rules);
        if !code.is_empty()
            && fits(&code, rules)
            && readers.iter().all(|c| covers(study, c, &code))
            && !kept.contains(&code)
        {
            kept.push(code);
        }
    }
    let lists = lists_of(study, extract, spec);
    let others = other_codes(&lists, &kept, rules);
    kept.extend(others.into_iter().filter(|code| readers.iter().all(|c| covers(study, c, code))));
    if kept.is_empty() {
        kept = plain_codes(rules).into_iter().filter(|code| fits(code, rules)).collect();
    }
    kept.into_iter().map(Arc::from).collect()
}

/// Weights of codes: the levels of who reads the column are all as likely, and so are its codes within a level; half of the
/// rows have a code that a condition names, where one does.
fn weights(study: &Study, extract: &Extract, spec: &ColumnSpec, codes: &[Arc<str>], named: &Literals) -> Vec<u32> {
    const WHOLE: u32 = 1 << 20;
    let reader = readers(study, &extract.name, &spec.name).into_iter().find_map(|c| match &c.kind {
        Kind::Factor(rules) => Some(rules),
        Kind::Number { .. } => None,
    });
    let level = |code: &Arc<str>| reader.and_then(|rules| level_of(rules, code));
    let levels: Vec<Option<usize>> = codes.iter().map(level).collect();
    let distinct = levels.iter().collect::<std::collections::BTreeSet<_>>().len() as u32;
    let within = |l: &Option<usize>| levels.iter().filter(|other| *other == l).count() as u32;
    let mut weights: Vec<u32> = levels.iter().map(|l| (WHOLE / distinct / within(l)).max(1)).collect();
    let literals = named.texts.get(&spec.name).map_or(&[] as &[String], Vec::as_slice);
    // So do those that a rule looks for and those of no list.
    let lists = lists_of(study, extract, spec);
    let is_other = |code: &str| !lists.is_empty() && !lists.iter().any(|list| list.matches(code));
    let is_named: Vec<bool> =
        codes.iter().map(|code| literals.iter().any(|l| **l == **code) || is_other(code)).collect();
    let sum = |of: bool| weights.iter().zip(&is_named).filter(|(_, n)| **n == of).map(|(w, _)| w).sum::<u32>();
    let (of_named, of_others) = (sum(true), sum(false));
    if of_named > 0 && of_named < of_others {
        let factor = of_others / of_named;
        weights.iter_mut().zip(&is_named).filter(|(_, n)| **n).for_each(|(w, _)| *w *= factor);
    }
    weights
}

/// Texts that a covariate gives a level.
fn codes_of_reader(kind: &Kind, rules: &CodeSpec) -> Vec<String> {
    match kind {
        Kind::Factor(factor) => match &factor.recode {
            Recode::AsIs => factor.levels.iter().map(|l| l.value.clone()).collect(),
            Recode::List { list, .. } => expand(list).into_iter().map(|code| filled(code, rules)).collect(),
            Recode::Cut(cut) => cut.edges.iter().map(|e| e.to_string()).collect(),
        },
        Kind::Number { .. } => Vec::new(),
    }
}

/// The code lists that some rule looks up in a column.
fn lists_of<'s>(study: &'s Study, extract: &Extract, spec: &ColumnSpec) -> Vec<&'s CodeList> {
    let rows = study.event_rows().into_iter().filter(|rows| rows.extract == extract.name);
    let codes = rows.filter_map(|rows| rows.codes.as_ref()).filter(|codes| codes.columns.contains(&spec.name));
    codes.map(|codes| study.codelist(&codes.codelist)).collect()
}

/// Code systems that a column says of others.
fn systems(study: &Study, extract: &Extract, spec: &ColumnSpec) -> Vec<String> {
    let says = |other: &&ColumnSpec| match &other.kind {
        ColumnKind::Code(rules) | ColumnKind::Codes { code: rules, .. } => {
            matches!(&rules.system, Some(CodeSystem::Column { column, .. }) if *column == spec.name)
        }
        _ => false,
    };
    let of = extract.columns.values().filter(says);
    let lists = of.flat_map(|other| lists_of(study, extract, other)).filter_map(|list| list.system.clone());
    let covariates = study.covariates.values().filter(|c| matches!(c.source, Source::IndexCodes { .. }));
    let of_covariates = covariates.filter_map(|c| match &c.kind {
        Kind::Factor(rules) => match &rules.recode {
            Recode::List { list, .. } => list.system.clone(),
            _ => None,
        },
        Kind::Number { .. } => None,
    });
    lists.chain(of_covariates).collect()
}

/// Codes that a list has, at most a few hundred.
pub(super) fn expand(list: &CodeList) -> Vec<String> {
    let mut codes = Vec::new();
    for (item, _) in &list.items {
        match item {
            CodeItem::Code(code) => codes.push(code.clone()),
            CodeItem::Stem(stem) => codes.extend([stem.clone(), format!("{stem}1")]),
            CodeItem::Range(first, last) => codes.extend(range(first, last)),
        }
    }
    codes.retain(|code| list.matches(code));
    codes
}

/// The codes from `first` to `last`, which differ in their last digits.
fn range(first: &str, last: &str) -> Vec<String> {
    let digits = first.chars().rev().take_while(char::is_ascii_digit).count();
    let (head, from) = first.split_at(first.len() - digits);
    let to = &last[last.len() - digits..];
    match (from.parse::<u64>(), to.parse::<u64>()) {
        (Ok(from), Ok(to)) => {
            let step = ((to.saturating_sub(from)) / 60).max(1) as usize;
            (from..=to).step_by(step).map(|n| format!("{head}{n:0digits$}")).collect()
        }
        _ => vec![first.to_owned()],
    }
}

/// A code with digits at its end up to the declared width.
fn filled(code: String, rules: &CodeSpec) -> String {
    let wanted = rules.width.unwrap_or(0);
    let length = code.chars().count();
    if length < wanted { format!("{code}{}", "0".repeat(wanted - length)) } else { code }
}

fn plain_codes(rules: &CodeSpec) -> Vec<String> {
    let width = rules.width.or(rules.pad_left).unwrap_or(1);
    (1..=5).map(|n| format!("{n:0<width$}")).collect()
}

/// A code after its declared clean-up.
pub(super) fn cleaned(text: &str, rules: &CodeSpec) -> String {
    let clean = rules.clean.iter().fold(text.to_owned(), |code, step| Clean::apply(*step, &code));
    let length = clean.chars().count();
    let width = rules.pad_left.unwrap_or_default();
    if length > 0 && length < width { format!("{}{clean}", "0".repeat(width - length)) } else { clean }
}

/// Whether a clean code has the declared width and is among the declared levels.
pub(super) fn fits(code: &str, rules: &CodeSpec) -> bool {
    rules.width.is_none_or(|width| code.chars().count() == width)
        && rules.levels.as_ref().is_none_or(|levels| levels.iter().any(|l| l == code))
}

/// Codes of a list that a column can hold and that `accepts` too.
pub(super) fn listed(list: &CodeList, rules: &CodeSpec, accepts: impl Fn(&str) -> bool) -> Vec<Arc<str>> {
    let longer = |code: &String| match list.matching {
        Matching::Prefix => filled(code.clone(), rules),
        Matching::Exact => code.clone(),
    };
    let codes = expand(list).iter().map(|code| cleaned(&longer(code), rules)).collect::<Vec<_>>();
    let mut kept: Vec<Arc<str>> = Vec::new();
    for code in codes {
        if fits(&code, rules) && list.matches(&code) && accepts(&code) && !kept.iter().any(|k| **k == *code) {
            kept.push(code.into());
        }
    }
    kept
}

impl Slot<'_> {
    /// Whether the column is a date that is known by month only.
    pub(super) fn is_month(&self) -> bool {
        matches!(&self.spec.kind, ColumnKind::Date(date) if date.format.is_month_only())
    }

    /// The nearest day that the declaration allows.
    pub(super) fn within_limits(&self, day: i32) -> i32 {
        let ColumnKind::Date(date) = &self.spec.kind else { return day };
        let day = date.latest.map_or(day, |latest| day.min(latest.0));
        date.earliest.map_or(day, |earliest| day.max(earliest.0))
    }

    /// A value, by weights where some are given; days are placed elsewhere.
    pub(super) fn value(&self, weights: Option<&[u32]>, draws: &mut Draws) -> Value {
        if draws.below(1000) < self.missing {
            return Value::Missing;
        }
        match &self.draw {
            Draw::Date => Value::Missing,
            Draw::Whole(low, high) => Value::Whole(draws.between(*low, *high)),
            Draw::Number(low, high) => {
                let x = low + (high - low) * draws.unit();
                let rounded = (x * 10.0).floor() / 10.0;
                Value::Number(if rounded >= *low { rounded } else { *low })
            }
            Draw::Code(codes, own) => {
                let at = draws.pick(weights.unwrap_or(own));
                let code = codes[at].clone();
                match self.spec.kind {
                    ColumnKind::Codes { .. } => Value::Codes(vec![code]),
                    _ => Value::Text(code),
                }
            }
        }
    }

    /// The day that a reader of the column gets for `day`: by months only their declared day.
    pub(super) fn as_read(&self, day: i32) -> i32 {
        let ColumnKind::Date(date) = &self.spec.kind else { return day };
        let month = |format: &DateFormat| format.is_month_only();
        if !date.format.each().first().is_some_and(month) {
            return day;
        }
        let whole = crate::day::Day(day);
        let read = match date.format.each().first() {
            Some(DateFormat::NativeMonth(place)) => place.day(whole.year(), whole.ymd().1),
            Some(format) => format.write(whole).and_then(|field| format.read(&field)),
            None => None,
        };
        read.map_or(day, |d| d.0)
    }
}
