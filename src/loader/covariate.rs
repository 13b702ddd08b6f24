//! Covariates: from raw values to levels and numbers.
//!
//! Those as of the index date are derived for everybody who has one, before the first step, since steps may use them;
//! those that change during follow-up when it is known (see `current`). Each in the same order: the source's raw value; overrides (their persons skip the rest); recoding; `unlisted` for raw values that no rule
//! covers; `if_missing`. A level or value that `if_missing` gives stands from derivation on.
//!
//! What is an error waits until it matters: a raw value that no rule covers, until a step uses the covariate or the
//! last step is done; a missing value under `if_missing = "error"`, until the last step is done. Persons whom an
//! earlier step took out no longer count. Until then such a value is unknown to conditions.

use super::attrition::Attrition;
use super::condition;
use super::dated::{self, Asked};
use super::error::{Fault, LoadError, Place, counted};
use super::extract::{ColumnKey, Request};
use super::people::{Kept, People, Slots};
use super::schema::{Dictionary, MISSING_CODE, Values};
use super::{Note, eligibility, follow_up};
use crate::day::Day;
use crate::study::{
    CodeList, Covariate, Cut, DateOf, FactorRules, IfMissing, Kind, Level, LookbackStart, MatchedColumn, Measure,
    Offset, Override, Recode, Source, Spells, Study, Timing, Unlisted,
};
use crate::table::{Codes, ColumnData, Factor, MISSING_WHOLE};
use indexmap::IndexMap;
use polars::prelude::{AnyValue, DataType};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A covariate of everybody with an index date, of pieces of follow-up or of records: one value per slot.
#[derive(Debug, Clone)]
pub(crate) struct Derived {
    values: DerivedValues,
    /// Slots with a raw value that no rule covers, and a number for that value.
    uncovered: BTreeMap<u32, u32>,
    /// How each value came about: from the source, or by the rule of that number in `rules`.
    how: Vec<u8>,
    /// The rules that gave values.
    pub(crate) rules: Vec<Rule>,
    /// The covariates it needs, directly or through others.
    needs: BTreeSet<String>,
    /// Labels that the files give raw values.
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
enum DerivedValues {
    /// Index of the level as declared; `NO_LEVEL` is missing.
    Level(Vec<u16>),
    /// NaN is missing.
    Number(Vec<f64>),
}

/// A rule that gave values which the source did not.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) kind: RuleKind,
    /// What it is called in notes.
    text: String,
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RuleKind {
    /// An `override`.
    Override,
    /// Values that no rule covers, as `unlisted` says.
    Unlisted,
    /// Missing values, as `if_missing` says.
    Missing,
}

const NO_LEVEL: u16 = u16::MAX;
/// From the source.
const SOURCE: u8 = u8::MAX;

impl Derived {
    /// The values at these positions, as a column of a table; factor levels with the reference first.
    pub(crate) fn data(&self, covariate: &Covariate, positions: &[u32]) -> ColumnData {
        match (&self.values, &covariate.kind) {
            (DerivedValues::Number(v), _) => ColumnData::Number(positions.iter().map(|&p| v[p as usize]).collect()),
            (DerivedValues::Level(v), Kind::Factor(rules)) => {
                let order = rules.reference_first();
                let mut rank = vec![0; order.len()];
                (0u32..).zip(&order).for_each(|(r, &level)| rank[level] = r);
                let code = |&p: &u32| Some(v[p as usize]).filter(|&l| l != NO_LEVEL).map(|l| rank[l as usize]);
                ColumnData::Factor(Factor {
                    codes: Codes::pack(positions.iter().map(code), order.len()),
                    levels: order.iter().map(|&i| rules.levels[i].value.clone()).collect(),
                    labels: order.iter().map(|&i| self.label(rules, &rules.levels[i])).collect(),
                    declared: true,
                })
            }
            (DerivedValues::Level(_), Kind::Number { .. }) => unreachable!("a covariate keeps its kind"),
        }
    }

    /// A level's own label, or the one that the files give its value where the study asks for those.
    fn label(&self, rules: &FactorRules, level: &Level) -> String {
        let unnamed = rules.file_labels && level.label == level.value;
        let given = self.labels.get(&level.value).filter(|_| unnamed);
        given.unwrap_or(&level.label).clone()
    }

    /// Whether a slot has no value.
    pub(crate) fn is_missing(&self, slot: u32) -> bool {
        match &self.values {
            DerivedValues::Level(v) => v[slot as usize] == NO_LEVEL,
            DerivedValues::Number(v) => v[slot as usize].is_nan(),
        }
    }

    /// Whether two slots have the same value, come about in the same way.
    pub(crate) fn same(&self, a: u32, b: u32) -> bool {
        let (a, b) = (a as usize, b as usize);
        let equal = match &self.values {
            DerivedValues::Level(v) => v[a] == v[b],
            DerivedValues::Number(v) => v[a] == v[b] || (v[a].is_nan() && v[b].is_nan()),
        };
        equal && self.how[a] == self.how[b]
    }

    /// What kind of rule gave the value of a slot; `None` for the source.
    pub(crate) fn rule_of(&self, slot: u32) -> Option<RuleKind> {
        self.rules.get(usize::from(self.how[slot as usize])).map(|rule| rule.kind)
    }

    /// The values of the given slots, in their order; all of them are covered.
    pub(crate) fn take(&self, slots: &[u32]) -> Derived {
        Derived {
            values: match &self.values {
                DerivedValues::Level(v) => DerivedValues::Level(slots.iter().map(|&s| v[s as usize]).collect()),
                DerivedValues::Number(v) => DerivedValues::Number(slots.iter().map(|&s| v[s as usize]).collect()),
            },
            uncovered: BTreeMap::new(),
            how: slots.iter().map(|&s| self.how[s as usize]).collect(),
            rules: self.rules.clone(),
            needs: self.needs.clone(),
            labels: self.labels.clone(),
        }
    }

    /// Adds a note for every rule: for how many of `who` it gave a value. Slots of one person stand together.
    pub(crate) fn rule_notes(
        &self,
        name: &str,
        slots: impl Iterator<Item = (u32, u32)> + Clone,
        notes: &mut Vec<Note>,
    ) {
        for (number, rule) in self.rules.iter().enumerate() {
            let mut last = None;
            let mut n = 0;
            for (who, _) in slots.clone().filter(|(_, slot)| usize::from(self.how[*slot as usize]) == number) {
                n += u64::from(last.replace(who) != Some(who));
            }
            notes.push(Note::new(&format!("covariate.{name}"), &rule.text, n, "persons"));
        }
    }
}

/// The rows that a covariate needs: its extract and the request.
pub(crate) fn request(study: &Study, covariate: &Covariate) -> Option<(String, Request)> {
    match &covariate.source {
        Source::Status { extract, since, value, .. } => Some((extract.clone(), Request::all(&[since, value]))),
        Source::SpellValue { spells: Spells { extract, from, to, .. }, value, .. } => {
            Some((extract.clone(), Request::all(&[from, to, value])))
        }
        Source::Latest { rows, value, look_back } => {
            let start = look_back.map(|o| Offset { amount: -o.amount, ..o });
            let (from, to) = days_asked(study, covariate);
            let from = from.zip(start).map(|(day, start)| start.from(day));
            Some((rows.extract.clone(), Request::events(rows, from, to, &[value])))
        }
        Source::Events { rows, within, measure, .. } => {
            let (from, to) = days_asked(study, covariate);
            let from = match within.start {
                LookbackStart::Ever => None,
                LookbackStart::AfterIndex => study.cohort.index.from,
                LookbackStart::Before(start) => from.map(|day| start.from(day)),
            };
            let to = to.map(|day| within.end.from(day));
            let summed: Vec<&str> = match measure {
                Measure::Sum(column) => vec![column],
                Measure::Any | Measure::Count => Vec::new(),
            };
            Some((rows.extract.clone(), Request::events(rows, from, to, &summed)))
        }
        Source::Yearly { extract, year, value, .. } => Some((extract.clone(), Request::all(&[year, value]))),
        Source::Wide { column, at, look_back } => {
            let crate::study::ColumnSource::Yearly { first, last, .. } = study.column(column).source else {
                unreachable!("a checked study names a yearly column here")
            };
            // Only the years that somebody can be asked for.
            let (from, to) = days_asked(study, covariate);
            let from = from.map_or(first, |d| d.year() + at.offset - look_back).max(first);
            let to = to.map_or(last, |d| d.year() + at.offset).min(last);
            let columns = (from..=to).map(|year| ColumnKey { name: column.column.clone(), year: Some(year) }).collect();
            Some((column.extract.clone(), Request { columns, filter: None }))
        }
        Source::YearsSince(DateOf::Row { column, .. })
        | Source::DaysSince(DateOf::Row { column, .. })
        | Source::YearOf(DateOf::Row { column, .. }) => Some((column.extract.clone(), Request::all(&[&column.column]))),
        _ => None,
    }
}

/// The first and the last day as of which a covariate is asked for, where the study limits them.
fn days_asked(study: &Study, covariate: &Covariate) -> (Option<Day>, Option<Day>) {
    let index = &study.cohort.index;
    let lag = covariate.timing.lag();
    let longest = index.to.zip(study.follow_up.maximum).map(|(to, maximum)| maximum.from(to));
    let (first, last) = match (covariate.timing, &study.follow_up.late_entry) {
        (Timing::Entry, Some(late)) => {
            (late.earliest(index.from), late.latest(index.to).into_iter().chain(longest).min())
        }
        (Timing::Index | Timing::Entry, _) => (index.from, index.to),
        (Timing::Current { .. } | Timing::Follows, _) => (index.from, longest),
    };
    (first.map(|day| Day(day.0 - lag)), last.map(|day| Day(day.0 - lag)))
}

/// Derives all covariates as of the index date or of entry, in an order in which each comes after those it needs.
pub(crate) fn derive_all(
    people: &People,
    kept: &Kept,
    notes: &mut Vec<Note>,
) -> Result<IndexMap<String, Derived>, LoadError> {
    let mut derived = IndexMap::new();
    let positions = people.positions();
    let (at_index, at_entry) = (Asked::at_index(people), Asked::at_entry(people));
    let covariates = people.study.derivation_order.iter().map(|&i| &people.study.covariates[i]);
    for covariate in covariates.filter(|c| !c.timing.changes()) {
        let slots = Slots::persons(&positions, &derived);
        let asked = if covariate.timing == Timing::Entry { &at_entry } else { &at_index };
        let raw = match dated::answers(asked, kept, covariate, notes)? {
            Some((_, raw)) => raw,
            None => raw_values(people, kept, covariate, &slots)?,
        };
        let one = derive(people, covariate, raw, &slots)?;
        derived.insert(covariate.name.clone(), one);
    }
    Ok(derived)
}

/// Raw values, one per slot.
pub(crate) struct Raw {
    pub(crate) values: Values,
    pub(crate) dictionary: Arc<Dictionary>,
}

impl Raw {
    /// Numbers; NaN is missing.
    pub(crate) fn numbers(values: Vec<f64>) -> Raw {
        Raw { values: Values::Number(values), dictionary: Arc::default() }
    }
}

/// The covariate of every slot, from its raw values.
pub(crate) fn derive(people: &People, covariate: &Covariate, raw: Raw, slots: &Slots) -> Result<Derived, LoadError> {
    let mut needs = BTreeSet::new();
    let mut need = |name: &str| {
        if let Some(other) = slots.get(name) {
            needs.insert(name.to_string());
            needs.extend(other.needs.iter().cloned());
        }
    };
    match &covariate.source {
        Source::Covariate(name) => need(name),
        Source::Sql(sql) => sql.names.iter().for_each(|n| need(n)),
        _ => {}
    }
    let mut out = Derived {
        values: DerivedValues::Number(Vec::new()),
        uncovered: BTreeMap::new(),
        how: vec![SOURCE; slots.positions.len()],
        rules: Vec::new(),
        needs,
        labels: raw.dictionary.labels.clone(),
    };
    match &covariate.kind {
        Kind::Number { overrides, if_missing } => {
            let mut values = number_values(covariate, &raw)?;
            for (slot, given) in overridden(people, covariate, overrides, slots, &mut out)? {
                values[slot as usize] = given;
            }
            if let IfMissing::Use(value) = *if_missing {
                fill(&mut values, value, |x| x.is_nan(), &mut out, format!("missing values taken as {value}"));
            }
            out.values = DerivedValues::Number(values);
        }
        Kind::Factor(rules) => {
            let given = overridden(people, covariate, &rules.overrides, slots, &mut out)?;
            let mut levels = recode(rules, &raw, &mut out);
            given.into_iter().for_each(|(slot, level)| levels[slot as usize] = level as u16);
            if let IfMissing::Use(level) = rules.if_missing {
                let rule = format!("missing values taken as level {}", rules.levels[level].value);
                let uncovered = std::mem::take(&mut out.uncovered);
                // A raw value that no rule covers is not missing: it keeps waiting for its error.
                let how: Vec<usize> = uncovered.keys().map(|&p| p as usize).collect();
                how.iter().for_each(|&p| levels[p] = level as u16);
                fill(&mut levels, level as u16, |&l| l == NO_LEVEL, &mut out, rule);
                how.iter().for_each(|&p| levels[p] = NO_LEVEL);
                out.uncovered = uncovered;
            }
            out.values = DerivedValues::Level(levels);
        }
    }
    Ok(out)
}

/// Replaces missing values, and remembers for whom.
fn fill<T: Clone>(values: &mut [T], with: T, missing: impl Fn(&T) -> bool, out: &mut Derived, rule: String) {
    let number = out.rules.len() as u8;
    out.rules.push(Rule { kind: RuleKind::Missing, text: rule });
    for (value, how) in values.iter_mut().zip(&mut out.how) {
        if missing(value) {
            *value = with.clone();
            // Somebody whose value an earlier rule made missing is counted there.
            if *how == SOURCE {
                *how = number;
            }
        }
    }
}

/// Slots whose value a condition gives, with the value; the first condition that is true stands.
fn overridden<T: Copy>(
    people: &People,
    covariate: &Covariate,
    overrides: &[Override<T>],
    slots: &Slots,
    out: &mut Derived,
) -> Result<Vec<(u32, T)>, LoadError> {
    let mut given = Vec::new();
    for (i, rule) in overrides.iter().enumerate() {
        let place = format!("covariate.{}.override", covariate.name);
        let condition = condition::compile(&rule.when.text, &place)?;
        for name in &condition.names {
            if let Some(other) = slots.get(name) {
                out.needs.insert(name.clone());
                out.needs.extend(other.needs.iter().cloned());
            }
        }
        let number = out.rules.len() as u8;
        out.rules.push(Rule { kind: RuleKind::Override, text: format!("values given by override {}", i + 1) });
        let truth = people.evaluate(&condition, slots)?;
        for (slot, truth) in (0u32..).zip(truth) {
            if truth == Some(true) && out.how[slot as usize] == SOURCE {
                out.how[slot as usize] = number;
                given.push((slot, rule.value));
            }
        }
    }
    Ok(given)
}

fn number_values(covariate: &Covariate, raw: &Raw) -> Result<Vec<f64>, LoadError> {
    match &raw.values {
        Values::Number(v) => Ok(v.clone()),
        Values::Whole(v) => Ok(v.iter().map(|&x| if x == MISSING_WHOLE { f64::NAN } else { f64::from(x) }).collect()),
        _ => {
            let rule = "the source does not give numbers";
            Err(fault(covariate, rule, "declare its levels, or a source that gives numbers"))
        }
    }
}

fn fault(covariate: &Covariate, rule: impl Into<String>, remedy: &str) -> LoadError {
    LoadError::Covariate(Fault::new(Place::file(format!("covariate.{}", covariate.name)), rule, remedy))
}

/// What a raw value becomes.
#[derive(Debug, Clone, Copy)]
enum Recoded {
    Missing,
    Level(u16),
    /// No rule covers it; a number for the value.
    Uncovered(u32),
}

/// The levels of raw values; persons with an override are passed over.
fn recode(rules: &FactorRules, raw: &Raw, out: &mut Derived) -> Vec<u16> {
    let mut levels = vec![NO_LEVEL; out.how.len()];
    let unlisted_rule = out.rules.len() as u8;
    let mut unlisted = false;
    let mut known: Vec<Option<Option<(usize, u16)>>> = vec![None; raw.dictionary.texts().len()];
    for (position, slot) in levels.iter_mut().enumerate() {
        if out.how[position] != SOURCE {
            continue;
        }
        let recoded = match (&rules.recode, &raw.values) {
            (Recode::Cut(cut), values) => recode_number(cut, values, position),
            (recode, Values::Code(_) | Values::Codes { .. }) => {
                let codes = raw.values.codes(position);
                // Of several codes, the one whose value comes first in the order of the list, or of the levels.
                let best = codes
                    .iter()
                    .filter_map(|&c| {
                        *known[c as usize].get_or_insert_with(|| code_level(rules, recode, raw.dictionary.text(c)))
                    })
                    .min();
                match (best, codes) {
                    (_, []) => Recoded::Missing,
                    (Some((_, level)), _) => Recoded::Level(level),
                    (None, [first, ..]) => Recoded::Uncovered(*first),
                }
            }
            (recode, values) => recode_printed(rules, recode, values, position),
        };
        match (recoded, rules.unlisted) {
            (Recoded::Level(level), _) => *slot = level,
            (Recoded::Missing, _) => {}
            (Recoded::Uncovered(value), Unlisted::Error) => _ = out.uncovered.insert(position as u32, value),
            (Recoded::Uncovered(_), action) => {
                unlisted = true;
                out.how[position] = unlisted_rule;
                if let Unlisted::Level(level) = action {
                    *slot = level as u16;
                }
            }
        }
    }
    if unlisted {
        let text = match rules.unlisted {
            Unlisted::Level(level) => format!("unlisted values taken as level {}", rules.levels[level].value),
            _ => "unlisted values taken as missing".to_string(),
        };
        out.rules.push(Rule { kind: RuleKind::Unlisted, text });
    }
    levels
}

/// The level of a code and its place in the order of the list (of the levels, where there is no list).
fn code_level(rules: &FactorRules, recode: &Recode, code: &str) -> Option<(usize, u16)> {
    match recode {
        Recode::AsIs => rules.level_of(code).map(|level| (level, level as u16)),
        Recode::List { prefix, list } => {
            let head: String = code.chars().take(prefix.unwrap_or(usize::MAX)).collect();
            list_level(rules, list, &head)
        }
        Recode::Cut(_) => None,
    }
}

fn list_level(rules: &FactorRules, list: &CodeList, code: &str) -> Option<(usize, u16)> {
    let value = list.value_index(code)?;
    rules.level_of(&list.values[value]).map(|level| (value, level as u16))
}

fn recode_number(cut: &Cut, values: &Values, position: usize) -> Recoded {
    let x = match values {
        Values::Number(v) => v[position],
        Values::Whole(v) | Values::Day(v) if v[position] != MISSING_WHOLE => f64::from(v[position]),
        _ => f64::NAN,
    };
    match cut.class_of(x) {
        _ if x.is_nan() => Recoded::Missing,
        Some(class) => Recoded::Level(class as u16),
        None => Recoded::Uncovered(mix_number(x)),
    }
}

/// Numbers as levels: by their shortest spelling.
fn recode_printed(rules: &FactorRules, recode: &Recode, values: &Values, position: usize) -> Recoded {
    let (text, number) = match values {
        Values::Whole(v) if v[position] != MISSING_WHOLE => (v[position].to_string(), f64::from(v[position])),
        Values::Number(v) if !v[position].is_nan() => (v[position].to_string(), v[position]),
        _ => return Recoded::Missing,
    };
    code_level(rules, recode, &text).map_or(Recoded::Uncovered(mix_number(number)), |(_, level)| Recoded::Level(level))
}

/// A number for a value, to count distinct values with.
fn mix_number(x: f64) -> u32 {
    super::schema::mix(x.to_bits(), 0) as u32
}

/// The raw values of a covariate that is not dated.
pub(crate) fn raw_values(people: &People, kept: &Kept, covariate: &Covariate, slots: &Slots) -> Result<Raw, LoadError> {
    match &covariate.source {
        Source::Person(column) => {
            let (values, dictionary) = people.column(&column.column, slots.positions);
            Ok(Raw { values, dictionary: Arc::new(dictionary.clone()) })
        }
        Source::Covariate(name) => Ok(from_data(slots.data(people.study, name))),
        Source::IndexCodes { column } => Ok(index_codes(people, kept, column, slots.positions)),
        Source::Sql(sql) => from_sql(people, covariate, &sql.text, slots),
        Source::Matching(column) => Ok(from_matching(people, *column, slots.positions)),
        _ => unreachable!("dated sources are asked as of days"),
    }
}

/// Group or set of everybody; both are given as soon as somebody has an index date.
fn from_matching(people: &People, column: MatchedColumn, positions: &[u32]) -> Raw {
    let matched = people.matched.as_ref().expect("a checked study that names a matching has one");
    if column == MatchedColumn::Set {
        return Raw::numbers(positions.iter().map(|&p| f64::from(matched.set[p as usize])).collect());
    }
    let mut dictionary = Dictionary::default();
    let [comparison, exposed] = MatchedColumn::GROUPS.map(|group| dictionary.number(group));
    let code = |&p: &u32| if matched.exposed[p as usize] { exposed } else { comparison };
    Raw { values: Values::Code(positions.iter().map(code).collect()), dictionary: Arc::new(dictionary) }
}

/// The codes of all rows of the index event on the index day.
fn index_codes(people: &People, kept: &Kept, column: &str, positions: &[u32]) -> Raw {
    let (extract, request) = eligibility::index_request(people.study).expect("the index is an event");
    let rows = kept.rows(&extract, &request);
    let place = request.columns.iter().position(|c| c.name == column).expect("index codes are kept");
    let days = rows.columns[0].days();
    let (mut ends, mut codes) = (Vec::with_capacity(positions.len()), Vec::new());
    for &position in positions {
        let (person, index) = (people.numbers[position as usize], people.index[position as usize]);
        for row in rows.of(person).filter(|&row| days[row] == index.0) {
            codes.extend_from_slice(rows.columns[place].codes(row));
        }
        ends.push(codes.len());
    }
    Raw { values: Values::Codes { ends, codes }, dictionary: Arc::clone(&rows.dictionaries[place]) }
}

fn from_sql(people: &People, covariate: &Covariate, sql: &str, slots: &Slots) -> Result<Raw, LoadError> {
    let expression = condition::compile(sql, &format!("covariate.{}.sql", covariate.name))?;
    let frame = people.frame(&expression.names, slots);
    let value = expression.value(&frame)?;
    let series = value.as_materialized_series();
    if series.dtype().is_primitive_numeric() {
        let numbers = series.cast(&DataType::Float64).expect("numbers are numbers");
        let numbers = numbers.f64().expect("cast to f64");
        return Ok(Raw::numbers(numbers.iter().map(|x| x.unwrap_or(f64::NAN)).collect()));
    }
    let mut dictionary = Dictionary::default();
    let mut codes = Vec::with_capacity(slots.positions.len());
    for cell in series.iter() {
        codes.push(match cell {
            AnyValue::Null => MISSING_CODE,
            AnyValue::String(text) => dictionary.number(text),
            AnyValue::StringOwned(text) => dictionary.number(&text),
            AnyValue::Boolean(b) => dictionary.number(if b { "true" } else { "false" }),
            _ => {
                let rule = "the SQL expression gives neither text, numbers nor true/false";
                return Err(fault(covariate, rule, "cast it to one of them"));
            }
        });
    }
    Ok(Raw { values: Values::Code(codes), dictionary: Arc::new(dictionary) })
}

/// A derived covariate as raw values of another.
fn from_data(data: ColumnData) -> Raw {
    match data {
        ColumnData::Factor(f) => {
            let mut dictionary = Dictionary::default();
            f.levels.iter().for_each(|level| _ = dictionary.number(level));
            let codes = (0..f.codes.len()).map(|row| f.codes.get(row).unwrap_or(MISSING_CODE)).collect();
            Raw { values: Values::Code(codes), dictionary: Arc::new(dictionary) }
        }
        ColumnData::Number(v) => Raw::numbers(v),
        _ => unreachable!("covariates are factors or numbers"),
    }
}

/// Errors when a covariate that `names` need, or one of those it is made of, has a value that no rule covers.
pub(crate) fn check_covered(
    derived: &IndexMap<String, Derived>,
    names: &[String],
    people: &[u32],
    when: &str,
) -> Result<(), LoadError> {
    let mut all: BTreeSet<&str> = BTreeSet::new();
    for name in names {
        if let Some((name, covariate)) = derived.get_key_value(name) {
            all.insert(name);
            all.extend(covariate.needs.iter().map(String::as_str));
        }
    }
    // In the order of derivation, so that the cause is named rather than what is made of it.
    for (name, covariate) in derived.iter().filter(|(name, _)| all.contains(name.as_str())) {
        covariate.covered(name, people.iter().map(|&p| (p, p)), when)?;
    }
    Ok(())
}

impl Derived {
    /// Errors when one of the slots, given as (person, slot), has a value that no rule covers.
    pub(crate) fn covered(
        &self,
        name: &str,
        slots: impl Iterator<Item = (u32, u32)>,
        when: &str,
    ) -> Result<(), LoadError> {
        if self.uncovered.is_empty() {
            return Ok(());
        }
        let found: Vec<(u32, u32)> =
            slots.filter_map(|(who, slot)| self.uncovered.get(&slot).map(|value| (who, *value))).collect();
        if found.is_empty() {
            return Ok(());
        }
        let distinct = |of: fn(&(u32, u32)) -> u32| found.iter().map(of).collect::<BTreeSet<_>>().len() as u64;
        let (persons, values) = (distinct(|f| f.0), distinct(|f| f.1));
        let have = if persons == 1 { "has" } else { "have" };
        let rule = format!(
            "{} {when} {have} a value that no rule covers ({})",
            counted(persons, "person"),
            counted(values, "distinct value")
        );
        let place = Place::file(format!("covariate.{name}"));
        let remedy = format!(
            "add the value to the levels, code list or cut points of [covariate.{name}], or set `unlisted` there"
        );
        Err(LoadError::Covariate(Fault::new(place, rule, remedy)))
    }

    /// Errors when one of the slots, given as (person, slot), has no value.
    pub(crate) fn known(
        &self,
        covariate: &Covariate,
        slots: impl Iterator<Item = (u32, u32)>,
        when: &str,
    ) -> Result<(), LoadError> {
        let mut who: Vec<u32> = slots.filter(|(_, slot)| self.is_missing(*slot)).map(|(who, _)| who).collect();
        who.dedup();
        if who.is_empty() {
            return Ok(());
        }
        let rule = format!("{} {when} without a value", counted(who.len() as u64, "person"));
        let remedy = format!("set if_missing of [covariate.{}] to a level, a value or \"exclude\"", covariate.name);
        Err(fault(covariate, rule, &remedy))
    }
}

/// Whether a missing value takes out the person, or the person-time.
pub(crate) fn excludes(covariate: &Covariate) -> bool {
    match &covariate.kind {
        Kind::Number { if_missing, .. } => matches!(if_missing, IfMissing::Exclude),
        Kind::Factor(rules) => matches!(rules.if_missing, IfMissing::Exclude),
    }
}

/// Whether a missing value stays missing, for the completed data sets to give.
pub(crate) fn is_imputed(covariate: &Covariate) -> bool {
    match &covariate.kind {
        Kind::Number { if_missing, .. } => matches!(if_missing, IfMissing::Imputed),
        Kind::Factor(rules) => matches!(rules.if_missing, IfMissing::Imputed),
    }
}

/// Who has a covariate that keeps its value: everybody, or those who enter, for one as of entry.
pub(crate) struct Holders(Option<Vec<bool>>);

impl Holders {
    /// By the rules of follow-up, where a covariate is as of entry.
    pub(crate) fn new(people: &People, kept: &Kept) -> Holders {
        let asked = people.study.covariates.values().any(|c| c.timing == Timing::Entry);
        Holders(asked.then(|| follow_up::enter(people, kept)))
    }

    /// Whether the person at a position has the covariate. Who never enters leaves on the line of the flow that says so.
    fn has(&self, covariate: &Covariate, position: u32) -> bool {
        let enters = self.0.as_ref().filter(|_| covariate.timing == Timing::Entry);
        enters.is_none_or(|enters| enters[position as usize])
    }

    /// Those of `positions` who have it, as slots.
    pub(crate) fn of<'a>(
        &'a self,
        covariate: &'a Covariate,
        positions: &'a [u32],
    ) -> impl Iterator<Item = (u32, u32)> + Clone + 'a {
        positions.iter().filter(move |&&p| self.has(covariate, p)).map(|&p| (p, p))
    }
}

/// After the last step: errors for what is not covered or missing, exclusions for what is missing, notes for the rest.
pub(crate) fn settle(
    study: &Study,
    derived: &IndexMap<String, Derived>,
    (people, holders): (&mut Vec<u32>, &Holders),
    attrition: &mut Attrition,
    notes: &mut Vec<Note>,
) -> Result<(), LoadError> {
    let fixed = || study.covariates.iter().filter(|(_, c)| !c.timing.changes());
    // In the order of derivation, so that the cause is named rather than what is made of it.
    for (name, values) in derived {
        values.covered(name, holders.of(&study.covariates[name], people), "in the cohort")?;
    }
    for (name, covariate) in fixed().filter(|(_, c)| excludes(c)) {
        let known = |p| !holders.has(covariate, p) || !derived[name].is_missing(p);
        attrition.keep(&format!("{} is known", covariate.label), people, known);
    }
    for (name, covariate) in fixed().filter(|(_, c)| !is_imputed(c)) {
        derived[name].known(covariate, holders.of(covariate, people), "in the cohort")?;
    }
    for (name, covariate) in fixed() {
        derived[name].rule_notes(name, holders.of(covariate, people), notes);
    }
    Ok(())
}
