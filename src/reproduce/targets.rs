//! What was printed, checked: tables with their rows, totals, comparisons and tests.

use super::printed::Printed;
use super::verdict::Kind;
use indexmap::IndexMap;
use std::path::PathBuf;

/// A checked targets file.
#[derive(Debug, Clone)]
pub struct Targets {
    /// Short name.
    pub name: String,
    /// Title; the name where none is given.
    pub title: String,
    /// Printed with every output: what the numbers are, or are not.
    pub note: Option<String>,
    /// The file, as the user wrote its path.
    pub path: PathBuf,
    /// What the numbers are held against.
    pub against: Vec<Against>,
    /// The tables in file order.
    pub tables: Vec<Table>,
}

/// A run to hold numbers against.
#[derive(Debug, Clone, PartialEq)]
pub struct Against {
    /// Its name in the targets file.
    pub name: String,
    /// What to run or read.
    pub kind: AgainstKind,
    /// The unit of the times of a data file.
    pub time_unit: Option<TimeUnit>,
}

/// What to run or read.
#[derive(Debug, Clone, PartialEq)]
pub enum AgainstKind {
    /// A study file, and the folder of its extracts where it is not the one that the study names.
    Study(PathBuf, Option<PathBuf>),
    /// A data file with a formula.
    Data(Box<DataFit>),
    /// An earlier `results.json`.
    Results(PathBuf),
}

/// One model on a data file, as the flags of `cohort fit` say it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DataFit {
    /// The file.
    pub path: PathBuf,
    /// The formula.
    pub formula: String,
    /// Rows to keep.
    pub condition: Option<String>,
    /// `efron`, `breslow` or `exact`.
    pub ties: Option<String>,
    /// `r`, `stata` or `sas`.
    pub like: Option<String>,
    /// Column of case weights.
    pub weights: Option<String>,
    /// Column of clusters.
    pub cluster: Option<String>,
    /// Column of persons.
    pub id: Option<String>,
    /// Robust variance; R's rule where absent.
    pub robust: Option<bool>,
    /// Reference levels.
    pub references: Vec<(String, String)>,
    /// Levels in order.
    pub levels: Vec<(String, Vec<String>)>,
    /// Firth's correction.
    pub firth: bool,
    /// Profile-likelihood intervals.
    pub profile: bool,
    /// The field delimiter.
    pub delimiter: Option<String>,
    /// The encoding.
    pub encoding: Option<String>,
    /// The decimal mark.
    pub decimal: Option<String>,
    /// Texts that mean missing.
    pub missing: Vec<String>,
}

/// A printed table, or the part of one that is to be held against something.
#[derive(Debug, Clone)]
pub struct Table {
    /// Short name.
    pub name: String,
    /// Where it was printed.
    pub source: String,
    /// Its rows in order.
    pub rows: Vec<Row>,
    /// Rates are events per this much person-time, as the table says.
    pub rate_per: f64,
    /// The unit of person-time, as the table says.
    pub time_unit: TimeUnit,
    /// Confidence level of its limits.
    pub level: f64,
    /// How limits lie around the value, by measure; what is not there has its usual form.
    pub spread: IndexMap<Measure, Spread>,
    /// The tolerance of `close`, relative; 0 for none.
    pub close: f64,
    /// Models whose rates are standardised or predicted, so that they need not follow from events and time; or whose rate
    /// ratios are.
    pub adjusted_rates: Vec<String>,
    /// Models whose rate ratios are those of two rates, without covariates.
    pub crude_ratios: Vec<String>,
    /// Sums.
    pub totals: Vec<Total>,
    /// Ratios whose two rates the table prints as well.
    pub comparisons: Vec<Comparison>,
    /// Tests with statistic, degrees of freedom and P value.
    pub tests: Vec<PrintedTest>,
}

/// One printed row: a measure with its limits, and the counts beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its name, distinct within the file.
    pub id: String,
    /// What it is about.
    pub about: About,
    /// What `value` measures.
    pub measure: Measure,
    /// The number.
    pub value: Option<Printed>,
    /// Its lower limit.
    pub lower: Option<Printed>,
    /// Its upper limit.
    pub upper: Option<Printed>,
    /// Events.
    pub events: Option<Printed>,
    /// Person-time, in the unit of the table.
    pub person_time: Option<Printed>,
    /// Persons.
    pub persons: Option<Printed>,
    /// Whether this is the reference: 1 by definition.
    pub is_reference: bool,
    /// The row that prints the same number elsewhere.
    pub same_as: Option<String>,
    /// The tolerance of `close`, where the row has its own.
    pub close: Option<f64>,
    /// The verdict that is expected.
    pub expect: Option<Kind>,
    /// Where a run has it.
    pub place: Place,
}

/// Where a run has a number: by variable and level, not by the spelling of a program.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Place {
    /// Position of the run among [`Targets::against`].
    pub against: Option<usize>,
    /// Name or label of the model; may be empty when the run has one.
    pub model: String,
    /// The variable.
    pub variable: Option<String>,
    /// Its level; `None` for a number.
    pub level: Option<String>,
    /// Whether the row itself gives the level, so that it is meant even where the variable proves to be a number; a level
    /// taken from the words of the print may be anything.
    pub level_is_given: bool,
    /// The level it is compared with; that of the run where absent.
    pub versus: Option<String>,
    /// Whether the row itself gives that level, and not its table for all rows.
    pub versus_is_given: bool,
    /// The modifier within whose level the hazard ratio is meant.
    pub modifier: Option<String>,
    /// That level.
    pub modifier_level: Option<String>,
    /// A coefficient by R's name, instead of all that.
    pub coefficient: Option<String>,
    /// A number's hazard ratio is per this many units.
    pub per: f64,
    /// The direction that is stated instead of a number.
    pub direction: Option<Direction>,
}

/// A direction, where a publication gives no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Above the reference, and its interval excludes 1.
    Above,
    /// Below the reference, and its interval excludes 1.
    Below,
    /// No difference that the data show: the interval includes 1.
    None,
}

impl Direction {
    /// All, by the names that targets files use.
    pub const NAMED: [(&'static str, Direction); 3] =
        [("above", Direction::Above), ("below", Direction::Below), ("none", Direction::None)];

    /// The name in targets files.
    pub fn name(self) -> &'static str {
        Direction::NAMED.iter().find(|(_, d)| *d == self).map_or("", |(name, _)| name)
    }
}

impl Row {
    /// What the row is about: the words of the table; where they name no group, where a run has it.
    pub fn words(&self) -> String {
        let named = !self.about.group.is_empty() || !self.about.stratum.is_empty();
        let Place { variable, level, versus, modifier, modifier_level, coefficient, .. } = &self.place;
        let is_number = level.is_none() && self.measure.is_count();
        let mut parts = Vec::new();
        if !named && !is_number {
            let versus = versus.as_ref().filter(|_| level.is_some()).map(|versus| format!("against {versus}"));
            let within = modifier.as_ref().zip(modifier_level.as_ref()).map(|(m, l)| format!("within {m} {l}"));
            let place = [coefficient.clone(), variable.clone(), level.clone(), versus, within];
            parts.push(place.into_iter().flatten().collect::<Vec<_>>().join(" "));
        }
        parts.push(self.about.words());
        parts.extend(self.units());
        parts.retain(|part| !part.is_empty());
        if parts.is_empty() { "all".to_owned() } else { parts.join(", ") }
    }

    /// `per 10`, where the number is not that of one unit and the words of the table do not say so.
    fn units(&self) -> Option<String> {
        let per = self.place.per;
        let is_said = self.about.words().split_whitespace().any(|word| word == "per");
        (per != 1.0 && !is_said).then(|| format!("per {per}"))
    }

    /// What a reference is by definition: a ratio 1, a coefficient 0.
    pub fn by_definition(&self) -> Option<f64> {
        match self.measure {
            measure if measure.is_ratio() => Some(1.0),
            Measure::Coefficient => Some(0.0),
            _ => None,
        }
        .filter(|_| self.is_reference)
    }

    /// The number as it stands in print: `1.44 (0.88 to 1.67)`, or the counts where there is no other number.
    pub fn in_print(&self) -> String {
        let Some(value) = &self.value else {
            if let Some(direction) = self.place.direction {
                return format!("direction \"{}\"", direction.name());
            }
            let counts = [(&self.events, "events"), (&self.person_time, "person-time"), (&self.persons, "persons")];
            let counts = counts.into_iter().filter_map(|(n, what)| n.as_ref().map(|n| format!("{n} {what}")));
            return counts.collect::<Vec<_>>().join(", ");
        };
        match (&self.lower, &self.upper) {
            (Some(lower), Some(upper)) => format!("{value} ({lower} to {upper})"),
            _ => value.text.clone(),
        }
    }
}

/// What a printed number is about, in the words of the table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    /// The event.
    pub outcome: String,
    /// The part of the people.
    pub stratum: String,
    /// The level, or whatever the row is called.
    pub group: String,
    /// The model.
    pub model: String,
}

impl About {
    /// The words that are there, as `NAPD, men, Iran, model 1`.
    pub fn words(&self) -> String {
        let words = [&self.outcome, &self.stratum, &self.group, &self.model];
        words.into_iter().filter(|w| !w.is_empty()).map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// What a number measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Measure {
    /// Hazard ratio.
    HazardRatio,
    /// Rate ratio, of two rates or of a Poisson model; never held against a hazard ratio.
    RateRatio,
    /// Log hazard ratio.
    Coefficient,
    /// Standard error of the log hazard ratio.
    StandardError,
    /// P value.
    P,
    /// Events per person-time.
    Rate,
    /// Events.
    Events,
    /// Person-time.
    PersonTime,
    /// Persons.
    Persons,
}

impl Measure {
    /// All, by the names that targets files use.
    pub const NAMED: [(&'static str, Measure); 9] = [
        ("hr", Measure::HazardRatio),
        ("irr", Measure::RateRatio),
        ("coef", Measure::Coefficient),
        ("se", Measure::StandardError),
        ("p", Measure::P),
        ("rate", Measure::Rate),
        ("events", Measure::Events),
        ("person_years", Measure::PersonTime),
        ("n", Measure::Persons),
    ];

    /// The name in targets files.
    pub fn name(self) -> &'static str {
        Measure::NAMED.iter().find(|(_, m)| *m == self).map_or("", |(name, _)| name)
    }

    /// Whether it is a ratio, 1 for the reference.
    pub fn is_ratio(self) -> bool {
        matches!(self, Measure::HazardRatio | Measure::RateRatio)
    }

    /// Whether it counts something, so that it is whole and not negative.
    pub fn is_count(self) -> bool {
        matches!(self, Measure::Events | Measure::PersonTime | Measure::Persons)
    }
}

/// How limits lie around their value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// At equal distance on the logarithmic scale: the value is their geometric middle.
    Log,
    /// At equal distance on the plain scale: the value is their arithmetic middle.
    Plain,
    /// Exact Poisson limits of a count.
    Exact,
    /// Of a kind that says nothing about the middle: profile likelihood, bootstrap.
    Other,
}

impl Spread {
    /// All, by the names that targets files use.
    pub const NAMED: [(&'static str, Spread); 4] =
        [("log", Spread::Log), ("plain", Spread::Plain), ("exact", Spread::Exact), ("other", Spread::Other)];

    /// The name in targets files.
    pub fn name(self) -> &'static str {
        Spread::NAMED.iter().find(|(_, s)| *s == self).map_or("", |(name, _)| name)
    }
}

/// A unit of person-time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Days.
    Days,
    /// Weeks.
    Weeks,
    /// Months, 12 in a year.
    Months,
    /// Years of 365.25 days.
    Years,
}

impl TimeUnit {
    /// All, by the names that targets files use.
    pub const NAMED: [(&'static str, TimeUnit); 4] = [
        ("days", TimeUnit::Days),
        ("weeks", TimeUnit::Weeks),
        ("months", TimeUnit::Months),
        ("years", TimeUnit::Years),
    ];

    /// Days in one.
    pub fn days(self) -> f64 {
        match self {
            TimeUnit::Days => 1.0,
            TimeUnit::Weeks => 7.0,
            TimeUnit::Months => crate::day::DAYS_PER_YEAR / 12.0,
            TimeUnit::Years => crate::day::DAYS_PER_YEAR,
        }
    }

    /// The name in targets files.
    pub fn name(self) -> &'static str {
        TimeUnit::NAMED.iter().find(|(_, u)| *u == self).map_or("", |(name, _)| name)
    }
}

/// Rows of a table by what they are about; an empty word matches all, `*` any text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Which {
    /// The words.
    pub about: About,
}

impl Which {
    /// Whether these words choose a row.
    pub fn matches(&self, about: &About) -> bool {
        let pairs = [
            (&self.about.outcome, &about.outcome),
            (&self.about.stratum, &about.stratum),
            (&self.about.group, &about.group),
            (&self.about.model, &about.model),
        ];
        pairs.into_iter().all(|(pattern, text)| pattern.is_empty() || fits(pattern, text))
    }
}

/// Whether a text fits a pattern in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(head) else { return false };
    let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    ends.into_iter().any(|at| fits(tail, &rest[at..]))
}

/// A sum of one column over rows, and what it must equal.
#[derive(Debug, Clone, PartialEq)]
pub struct Total {
    /// Its name, distinct within the file.
    pub id: String,
    /// What is added up: events, person-time or persons.
    pub measure: Measure,
    /// Over which rows.
    pub over: Which,
    /// The other side.
    pub equals: Equals,
    /// The verdict that is expected.
    pub expect: Option<Kind>,
}

/// What a sum must equal.
#[derive(Debug, Clone, PartialEq)]
pub enum Equals {
    /// A number printed elsewhere, and where.
    Number(Printed, String),
    /// The sum over other rows.
    Sum(Which),
}

/// Ratios of rates that the table prints as well: their direction must be the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Rows with the ratios.
    pub ratios: Which,
    /// What of a ratio's words the rate above the line has instead.
    pub of: About,
    /// What of a ratio's words the rate below the line has instead.
    pub versus: About,
    /// The model of the rates.
    pub rates: String,
}

/// A chi-squared test as printed.
#[derive(Debug, Clone, PartialEq)]
pub struct PrintedTest {
    /// Its name, distinct within the file.
    pub id: String,
    /// What it tests.
    pub what: String,
    /// The statistic.
    pub chisq: Printed,
    /// Degrees of freedom.
    pub df: f64,
    /// The P value.
    pub p: Printed,
    /// The verdict that is expected.
    pub expect: Option<Kind>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        assert!(fits("Sweden, *", "Sweden, men") && fits("*", "") && fits("*men", "Sweden, women"));
        assert!(fits("blå*", "blå bær") && !fits("Sweden", "Sweden, men") && !fits("*x", "å"));
    }
}
