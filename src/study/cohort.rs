//! Who enters the cohort and when, and how they are followed up.

use super::offsets::{Offset, Window};
use super::{ColumnRef, ComparisonGroup, LateEntry, Span, Sql};
use crate::day::Day;

/// Who enters the cohort.
#[derive(Debug, Clone)]
pub struct CohortRules {
    /// Name of the population extract; it has one row per person.
    pub population: String,
    /// The index date.
    pub index: Index,
    /// Eligibility in order; each step is a line of the flow chart.
    pub steps: Vec<Step>,
    /// The matched comparison group, if the study has one.
    pub matching: Option<ComparisonGroup>,
}

/// The index date: the day a person enters the cohort.
#[derive(Debug, Clone)]
pub struct Index {
    /// Where it is written.
    pub span: Span,
    /// Where it comes from.
    pub source: IndexSource,
    /// Earliest index date, included.
    pub from: Option<Day>,
    /// Latest index date, included.
    pub to: Option<Day>,
    /// Age on the index date; days outside it are not considered.
    pub age: Option<AgeWindow>,
    /// How long a person must have been without such an event before it; `None` when the study does not say, and
    /// always for an index that is a date of the population.
    pub washout: Option<Washout>,
}

/// Completed years of age, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgeWindow {
    /// The date of birth, a column of the population extract.
    pub birth: ColumnRef,
    /// At least so old.
    pub from: Option<u32>,
    /// At most so old.
    pub to: Option<u32>,
}

impl AgeWindow {
    /// Whether somebody born on `birth` has the age on `day`.
    pub fn holds(&self, birth: Day, day: Day) -> bool {
        let years = i64::from(day.completed_years_since(birth));
        self.from.is_none_or(|from| years >= i64::from(from)) && self.to.is_none_or(|to| years <= i64::from(to))
    }
}

/// The time without an event of the index's kind that makes one an index event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Washout {
    /// Earlier events do not matter (`washout = "none"`).
    None,
    /// None of the same rows, whatever the window of the index, in this time before the day (the day itself apart).
    Of {
        /// Its length; positive.
        length: Offset,
        /// Whether a register that begins within it is accepted; then the report prints the look-back length.
        truncate_lookback: bool,
    },
}

impl Washout {
    /// The length of a wash-out.
    pub fn length(self) -> Option<Offset> {
        match self {
            Washout::None => None,
            Washout::Of { length, .. } => Some(length),
        }
    }
}

/// Where index dates come from.
#[derive(Debug, Clone)]
pub enum IndexSource {
    /// A row of an event extract. Rows outside the window `from`..`to` are not considered; then one is picked.
    Event {
        /// The rows considered.
        rows: EventRows,
        /// Which of a person's rows.
        pick: Pick,
    },
    /// A date column of the population extract; persons with a date outside the window do not enter.
    Date(ColumnRef),
}

/// Which of a person's rows, by date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// The earliest.
    First,
    /// The latest.
    Last,
    /// The so-manieth distinct date, from 1 (`pick = { nth = 2 }`).
    Nth(u32),
}

/// Dated rows of an extract.
#[derive(Debug, Clone)]
pub struct EventRows {
    /// Name of the extract.
    pub extract: String,
    /// Name of its date column; rows without a date are counted and not considered.
    pub date: String,
    /// Rows considered, over the extract's columns; `None` considers all.
    pub condition: Option<Sql>,
    /// Codes considered, if any.
    pub codes: Option<CodeCondition>,
}

/// A row is considered when one of its codes is in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeCondition {
    /// Names of the code columns, at least one.
    pub columns: Vec<String>,
    /// Name of the code list.
    pub codelist: String,
}

/// An eligibility step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where it is written.
    pub span: Span,
    /// The line of the flow chart.
    pub label: String,
    /// Whether those who satisfy the condition stay or leave.
    pub kind: StepKind,
    /// The condition.
    pub condition: Condition,
}

/// What a step does with those who satisfy its condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// They stay; all others leave.
    Include,
    /// They leave.
    Exclude,
}

/// The condition of a step.
#[derive(Debug, Clone)]
pub enum Condition {
    /// SQL over `index_date`, the columns of the population extract and the covariates.
    Sql(Sql),
    /// How many rows a person has in a window around the index date.
    Events {
        /// The rows considered.
        rows: EventRows,
        /// The window.
        within: Window,
        /// How many satisfy the condition.
        count: Count,
        /// Whether a window that begins before the register is accepted; then the report prints the look-back length.
        truncate_lookback: bool,
    },
    /// Whether the index date lies in a spell.
    InSpell(Spells),
    /// Whether spells cover enough days of a window around the index date.
    Covered {
        /// The spells.
        spells: Spells,
        /// The window, both ends included.
        within: Window,
        /// At least so many of its days; `None` is every day.
        at_least: Option<u32>,
    },
}

impl Condition {
    /// The spells that the condition looks at.
    pub fn spells(&self) -> Option<&Spells> {
        match self {
            Condition::InSpell(spells) | Condition::Covered { spells, .. } => Some(spells),
            Condition::Sql(_) | Condition::Events { .. } => None,
        }
    }
}

/// A number of rows: `any` is 1 or more, `none` is 0 or fewer, `count` has its own limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// At least so many.
    pub at_least: u32,
    /// At most so many; `None` is any number.
    pub at_most: Option<u32>,
}

impl Count {
    /// One or more.
    pub const ANY: Count = Count { at_least: 1, at_most: None };
    /// None at all.
    pub const NONE: Count = Count { at_least: 0, at_most: Some(0) };

    /// Whether `n` rows satisfy it.
    pub fn holds(&self, n: u32) -> bool {
        n >= self.at_least && self.at_most.is_none_or(|most| n <= most)
    }
}

/// Spells of an extract: `from` is the first day, `to` the last; an empty `to` is still open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spells {
    /// Name of the extract.
    pub extract: String,
    /// Name of the column with the first day.
    pub from: String,
    /// Name of the column with the last day.
    pub to: String,
    /// Days between two spells that do not part them (`gap = "30 days"`); 0 where the study does not say.
    pub gap: u32,
}

/// From entry (the index date, or later) to exit.
#[derive(Debug, Clone)]
pub struct FollowUp {
    /// Where it is written.
    pub span: Span,
    /// The time scale of entry and exit.
    pub scale: TimeScale,
    /// Entry later than the index date, where the study has it.
    pub late_entry: Option<LateEntry>,
    /// The longest follow-up from the index date; positive.
    pub maximum: Option<Offset>,
    /// The event.
    pub event: FollowUpEvent,
    /// What ends follow-up without the event, in order: of two on the same day the first listed is the reason.
    pub exits: Vec<Exit>,
    /// What an event on the day of entry means.
    pub event_at_entry: AtEntry,
    /// What an event on the day of an exit means, where the exit itself does not say; `None` when the study does not
    /// say, and the event comes first.
    pub event_at_exit: Option<SameDay>,
    /// What an event in the month of entry means; some exactly when the date of the event or of the index is
    /// known by month only.
    pub same_month: Option<SameMonth>,
    /// What impossible person-time means.
    pub on_invalid: OnInvalid,
}

/// The time scale of a study; all in whole days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeScale {
    /// Days since the index date: everybody enters at 0, or later with [`FollowUp::late_entry`].
    SinceIndex,
    /// Days since birth: people enter at their age on the index date.
    Age {
        /// The date of birth, a column of the population extract.
        birth: ColumnRef,
    },
    /// Calendar days since 1970-01-01.
    Calendar,
}

/// The event that follow-up waits for.
#[derive(Debug, Clone)]
pub enum FollowUpEvent {
    /// The first of these rows after entry. Earlier rows are history.
    Rows {
        /// What tables call it.
        label: String,
        /// The rows.
        rows: EventRows,
    },
    /// A date column of the population extract. A date before entry is impossible person-time.
    Date {
        /// What tables call it.
        label: String,
        /// The column.
        column: ColumnRef,
    },
}

impl FollowUpEvent {
    /// What tables call the event.
    pub fn label(&self) -> &str {
        match self {
            FollowUpEvent::Rows { label, .. } | FollowUpEvent::Date { label, .. } => label,
        }
    }
}

/// A reason for follow-up to end without the event.
#[derive(Debug, Clone)]
pub struct Exit {
    /// Where it is written.
    pub span: Span,
    /// What the report calls it.
    pub label: String,
    /// When.
    pub source: ExitSource,
    /// What an event on this day means.
    pub event_at_exit: SameDay,
}

/// Which of an event and an exit on one day comes first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SameDay {
    /// The event, which counts: as in R and everywhere, censored people are at risk on their last day.
    #[default]
    EventFirst,
    /// The exit: the event does not count, and follow-up ends on the same day.
    ExitFirst,
}

/// The date of an exit.
#[derive(Debug, Clone)]
pub enum ExitSource {
    /// A date column of the population extract. A date before entry is impossible person-time.
    Date(ColumnRef),
    /// The same day for everybody.
    Day(Day),
    /// The last day of the spell that covers the day of entry; a person in no spell on that day is impossible
    /// person-time (`exit_before_entry`), or gone before a late entry.
    SpellEnd(Spells),
    /// The first of these rows after the index date.
    Rows(EventRows),
}

/// What an event on the day of entry means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtEntry {
    /// The person leaves the study, on an attrition line.
    Exclude,
    /// An error that counts the persons.
    Error,
    /// The event counts, one day after entry.
    NextDay,
    /// It is no event of this study; the first one after that day is. Not for an event that comes once (a date column).
    LaterEvent,
}

/// What an event in the month of entry means, when one of the two dates is known by month only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameMonth {
    /// The event came after entry: at least one day later.
    EventAfterEntry,
    /// The person leaves the study, on an attrition line.
    Exclude,
    /// An error that counts the persons.
    Error,
}

/// What each cause of impossible person-time means; an error unless the study says otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OnInvalid {
    /// An event date column before the day of entry.
    pub event_before_entry: Invalid,
    /// An exit before the day of entry.
    pub exit_before_entry: Invalid,
    /// An exit, without the event, on the day of entry: no person-time.
    pub exit_at_entry: Invalid,
    /// A spell that ends before it begins.
    pub reversed_spell: Invalid,
    /// Two spells of one person that overlap by more than their joint day.
    pub overlapping_spells: Invalid,
}

/// What to do with a person whose person-time is impossible.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Invalid {
    /// An error that counts the persons.
    #[default]
    Error,
    /// The person leaves the study, on an attrition line of this cause.
    Exclude,
}
