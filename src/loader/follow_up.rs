//! From the index date to the first of event, exits and maximum.
//!
//! A record covers (entry, exit] in whole days. The event counts when it falls on or before every exit, so an
//! event on the day of an exit counts; of two exits on one day the first listed is the reason, and the maximum is
//! the last. Rows that come repeatedly (contacts) have a history before entry, which is no fault; a date that comes
//! once (a death) before entry is impossible person-time. Impossible person-time is counted by cause and is an
//! error, or an attrition line where the study says so.

use super::attrition::Attrition;
use super::error::{Fault, LoadError, Place, counted};
use super::extract::Request;
use super::people::{Kept, People};
use super::spells::{self, SpellFaults, SpellRows};
use super::{ExitCount, Note};
use crate::day::Day;
use crate::study::{
    AtEntry, EventRows, Exit, ExitSource, FollowUpEvent, Invalid, SameMonth, Spells, Study, TimeScale, WhenExposed,
};
use crate::table::MISSING_WHOLE;

/// A person's time at risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Time 0 of the time scale, as a calendar day.
    pub(crate) origin: i32,
    /// Entry and exit in days on the time scale of the study; entry < exit.
    pub(crate) entry: i32,
    pub(crate) exit: i32,
    /// Whether the exit is the event.
    pub(crate) event: bool,
    /// Why follow-up ended: 0 is the event, then the exits in order, then the maximum.
    pub(crate) reason: u32,
}

/// The rows that the event and the exits need.
pub(crate) fn requests(study: &Study) -> Vec<(String, Request)> {
    let mut out = Vec::new();
    if let FollowUpEvent::Rows { rows, .. } = &study.follow_up.event {
        out.push((rows.extract.clone(), event_request(study, rows)));
    }
    for exit in &study.follow_up.exits {
        match &exit.source {
            ExitSource::Rows(rows) => out.push((rows.extract.clone(), event_request(study, rows))),
            ExitSource::SpellEnd(spells) => out.push((spells.extract.clone(), spells::request(spells))),
            ExitSource::Date(_) | ExitSource::Day(_) => {}
        }
    }
    out
}

/// Rows from the month of the earliest index date to the end of the longest follow-up.
fn event_request(study: &Study, rows: &EventRows) -> Request {
    let index = &study.cohort.index;
    let from = index.from.map(first_of_month);
    let to = index.to.zip(study.follow_up.maximum).map(|(to, maximum)| maximum.from(to));
    Request::events(rows, from, to, &[])
}

fn first_of_month(day: Day) -> Day {
    let (year, month, _) = day.ymd();
    Day::from_ymd(year, month, 1).expect("a day has a month")
}

/// What follow-up of one person comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Exit day, and the reason: 0 is the event, then the exits in order, then the maximum.
    Exit(i32, usize),
    /// No end at all: neither an exit nor a maximum.
    Endless,
    EventAtEntry,
    SameMonth,
    EventBeforeEntry,
    ExitBeforeEntry,
    ExitAtEntry,
}

/// Follows up the persons at the positions of `alive`; those without person-time leave it.
pub(crate) fn follow(
    people: &People,
    kept: &Kept,
    alive: &mut Vec<u32>,
    attrition: &mut Attrition,
    notes: &mut Vec<Note>,
) -> Result<(Vec<Span>, Vec<ExitCount>), LoadError> {
    let study = people.study;
    check_spells(people, kept, alive, attrition)?;
    let ends = Ends::new(people, kept);
    let mut outcomes: Vec<Outcome> = alive.iter().map(|&p| ends.outcome(p)).collect();
    settle(study, alive, &mut outcomes, attrition)?;
    if study.follow_up.event_at_entry == AtEntry::NextDay
        || study.follow_up.same_month == Some(SameMonth::EventAfterEntry)
    {
        let moved = alive.iter().filter(|&&p| ends.was_moved(p)).count() as u64;
        let message = "events on or before the day of entry counted one day after it";
        notes.push(Note::new("follow_up", message, moved, "persons"));
    }

    ends.note_ties(alive, &outcomes, notes);
    let labels = ends.labels();
    let mut exits: Vec<ExitCount> =
        labels.into_iter().enumerate().map(|(i, reason)| ExitCount { reason, persons: 0, is_event: i == 0 }).collect();
    let birth = match &study.follow_up.scale {
        TimeScale::Age { birth } => Some(births(people, birth, alive)?),
        _ => None,
    };
    let mut spans = Vec::with_capacity(alive.len());
    for (i, (&position, outcome)) in alive.iter().zip(outcomes).enumerate() {
        let Outcome::Exit(exit, reason) = outcome else { unreachable!("only persons with an exit are left") };
        exits[reason].persons += 1;
        let index = people.index[position as usize].0;
        let origin = match (&study.follow_up.scale, &birth) {
            (TimeScale::Age { .. }, Some(birth)) => birth[i],
            (TimeScale::Calendar, _) => 0,
            _ => index,
        };
        let (entry, exit) = (index - origin, exit - origin);
        spans.push(Span { origin, entry, exit, event: reason == 0, reason: reason as u32 });
    }
    Ok((spans, exits))
}

/// Whether each person with an index date has the event during follow-up, by the rules of follow-up alone: somebody whose
/// person-time cannot be has none.
pub(crate) fn have_event(people: &People, kept: &Kept) -> Vec<bool> {
    let ends = Ends::new(people, kept);
    people.positions().into_iter().map(|p| matches!(ends.outcome(p), Outcome::Exit(_, 0))).collect()
}

/// Whether each person can be followed up from the index date: at risk on that day, and for a day at least.
pub(crate) fn at_risk(people: &People, kept: &Kept) -> Vec<bool> {
    let ends = Ends::new(people, kept);
    let spells = joined_spells(people.study);
    let spells: Vec<SpellRows> = spells.into_iter().map(|s| SpellRows::new(kept, s)).collect();
    let sound = |p: u32| {
        let faults = |s: &SpellRows| s.faults(people.numbers[p as usize]);
        spells.iter().map(faults).all(|f| f == SpellFaults::default())
    };
    let followed = |p: u32| matches!(ends.outcome(p), Outcome::Exit(..));
    people.positions().into_iter().map(|p| followed(p) && sound(p)).collect()
}

/// The births of the persons at these positions. Errors when one is missing or after entry.
fn births(people: &People, column: &crate::study::ColumnRef, alive: &[u32]) -> Result<Vec<i32>, LoadError> {
    let dates = people.dates(column);
    let mut faults = Vec::new();
    let mut fault = |n: u64, what: &str| {
        if n > 0 {
            let rule = format!("{} {what}", counted(n, "person"));
            let remedy = "attained age needs a birth before entry; exclude them with a step of the cohort";
            faults.push(Fault::new(Place::file("follow_up.origin"), rule, remedy));
        }
    };
    let of = |p: &u32| dates[*p as usize];
    fault(alive.iter().filter(|p| of(p).is_none()).count() as u64, "without a date of birth");
    let late = |p: &&u32| of(p).is_some_and(|birth| birth > people.index[**p as usize]);
    fault(alive.iter().filter(late).count() as u64, "born after entry");
    if !faults.is_empty() {
        return Err(LoadError::PersonTime(faults));
    }
    Ok(alive.iter().map(|p| of(p).map_or(0, |d| d.0)).collect())
}

/// Why a comparison person leaves who becomes exposed.
const OWN_EVENT: &str = "own index event of a comparison person";

/// Whether comparison persons leave when they become exposed.
fn leaves_when_exposed(study: &Study) -> bool {
    study.cohort.matching.as_ref().is_some_and(|m| m.when_exposed == WhenExposed::Exit)
}

/// The dates that end follow-up.
struct Ends<'a> {
    people: &'a People<'a>,
    event_rows: Option<&'a super::rows::Rows>,
    event_dates: Vec<Option<Day>>,
    exits: Vec<ExitDays<'a>>,
}

enum ExitDays<'a> {
    Dates(Vec<Option<Day>>),
    Day(Day),
    Spells(SpellRows<'a>),
    Rows(&'a super::rows::Rows),
}

/// The event of a person, as the rules about entry see it.
enum EventDay {
    None,
    On(i32),
    Fault(Outcome),
}

impl<'a> Ends<'a> {
    fn new(people: &'a People<'a>, kept: &'a Kept) -> Ends<'a> {
        let study = people.study;
        let rows = |rows: &EventRows| kept.rows(&rows.extract, &event_request(study, rows));
        let (event_rows, event_dates) = match &study.follow_up.event {
            FollowUpEvent::Rows { rows: r, .. } => (Some(rows(r)), Vec::new()),
            FollowUpEvent::Date { column, .. } => (None, people.dates(column)),
        };
        let exit_days = |exit: &Exit| match &exit.source {
            ExitSource::Date(column) => ExitDays::Dates(people.dates(column)),
            ExitSource::Day(day) => ExitDays::Day(*day),
            ExitSource::SpellEnd(spells) => ExitDays::Spells(SpellRows::new(kept, spells)),
            ExitSource::Rows(r) => ExitDays::Rows(rows(r)),
        };
        let mut exits: Vec<ExitDays> = study.follow_up.exits.iter().map(exit_days).collect();
        if let Some(matched) = people.matched.as_ref().filter(|_| leaves_when_exposed(study)) {
            exits.push(ExitDays::Dates(matched.own_event.clone()));
        }
        Ends { people, event_rows, event_dates, exits }
    }

    /// The reasons for follow-up to end: the event, the exits, and the maximum where there is one.
    fn labels(&self) -> Vec<String> {
        let rules = &self.people.study.follow_up;
        let mut labels = vec![rules.event.label().to_string()];
        labels.extend(rules.exits.iter().map(|e| e.label.clone()));
        labels.extend(leaves_when_exposed(self.people.study).then(|| OWN_EVENT.to_string()));
        labels.extend(rules.maximum.map(|m| format!("end of follow-up ({m})")));
        labels
    }

    fn index(&self, position: u32) -> i32 {
        self.people.index[position as usize].0
    }

    /// The sorted days of a person's event rows, or the one date; no missing days.
    fn event_days(&self, position: u32) -> Vec<i32> {
        match self.event_rows {
            Some(rows) => rows.columns[0].days()[rows.of(self.people.numbers[position as usize])].to_vec(),
            None => self.event_dates[position as usize].iter().map(|d| d.0).collect(),
        }
    }

    /// The day of the event, by the rules about the month and the day of entry.
    fn event_day(&self, position: u32) -> EventDay {
        let rules = &self.people.study.follow_up;
        let index = self.index(position);
        let days = self.event_days(position);
        let month = |day: i32| {
            let (year, month, _) = Day(day).ymd();
            (year, month)
        };
        if let Some(rule) = rules.same_month
            && days.iter().any(|&day| month(day) == month(index))
        {
            let first = days.iter().copied().find(|&day| month(day) == month(index)).expect("found above");
            return match rule {
                SameMonth::EventAfterEntry => EventDay::On(first.max(index + 1)),
                SameMonth::Exclude | SameMonth::Error => EventDay::Fault(Outcome::SameMonth),
            };
        }
        let comes_once = self.event_rows.is_none();
        if comes_once && days.first().is_some_and(|&day| day < index) {
            return EventDay::Fault(Outcome::EventBeforeEntry);
        }
        if days.binary_search(&index).is_ok() {
            match rules.event_at_entry {
                AtEntry::Exclude | AtEntry::Error => return EventDay::Fault(Outcome::EventAtEntry),
                AtEntry::NextDay => return EventDay::On(index + 1),
                AtEntry::LaterEvent => {}
            }
        }
        days.iter().copied().find(|&day| day > index).map_or(EventDay::None, EventDay::On)
    }

    /// The day of an exit; `None` when it never comes.
    fn exit_day(&self, exit: &ExitDays, position: u32) -> Option<i32> {
        let person = self.people.numbers[position as usize];
        let index = self.index(position);
        match exit {
            ExitDays::Dates(dates) => dates[position as usize].map(|d| d.0),
            ExitDays::Day(day) => Some(day.0),
            // In no spell on the index date: out before entry.
            ExitDays::Spells(spells) => {
                spells.end_of_spell(person, index).map_or(Some(i32::MIN), |end| (end != i32::MAX).then_some(end))
            }
            ExitDays::Rows(rows) => {
                rows.columns[0].days()[rows.of(person)].iter().copied().find(|&d| d != MISSING_WHOLE && d > index)
            }
        }
    }

    fn outcome(&self, position: u32) -> Outcome {
        let index = self.index(position);
        let event = match self.event_day(position) {
            EventDay::Fault(outcome) => return outcome,
            EventDay::On(day) => Some((day, 0)),
            EventDay::None => None,
        };
        let mut first = event;
        for (i, exit) in self.exits.iter().enumerate() {
            let Some(day) = self.exit_day(exit, position) else { continue };
            if first.is_none_or(|(earliest, _)| day < earliest) {
                first = Some((day, i + 1));
            }
        }
        if let Some(maximum) = self.people.study.follow_up.maximum {
            let day = maximum.from(Day(index)).0;
            if first.is_none_or(|(earliest, _)| day < earliest) {
                first = Some((day, self.exits.len() + 1));
            }
        }
        match first {
            None => Outcome::Endless,
            Some((day, _)) if day < index => Outcome::ExitBeforeEntry,
            Some((day, _)) if day == index => Outcome::ExitAtEntry,
            Some((day, reason)) => Outcome::Exit(day, reason),
        }
    }

    /// What is known of dates beside the one that ended follow-up: events on the day of an exit, events that came after
    /// the end or before entry, exits on one day.
    fn note_ties(&self, alive: &[u32], outcomes: &[Outcome], notes: &mut Vec<Note>) {
        let mut found = [0u64; 4];
        let mut days: Vec<i32> = Vec::new();
        for (&position, outcome) in alive.iter().zip(outcomes) {
            let Outcome::Exit(end, reason) = *outcome else { continue };
            days.clear();
            days.extend(self.exits.iter().filter_map(|exit| self.exit_day(exit, position)));
            let exits_then = days.iter().filter(|&&day| day == end).count();
            let events = self.event_days(position);
            found[0] += u64::from(reason == 0 && exits_then > 0);
            found[1] += u64::from(reason > 0 && exits_then > 1);
            found[2] += u64::from(reason > 0 && events.last().is_some_and(|&day| day > end));
            found[3] += u64::from(events.first().is_some_and(|&day| day < self.index(position)));
        }
        let messages = [
            "events on the day of an exit: the event counts",
            "exits for two reasons on one day: the first listed counts",
            "events after the end of follow-up, which do not count",
            "events before the index date, which are history",
        ];
        for (message, n) in messages.into_iter().zip(found).filter(|(_, n)| *n > 0) {
            notes.push(Note::new("follow_up", message, n, "persons"));
        }
    }

    /// Whether a person's event was moved to the day after entry.
    fn was_moved(&self, position: u32) -> bool {
        let next = self.index(position) + 1;
        matches!(self.event_day(position), EventDay::On(day) if day == next)
            && self.event_days(position).binary_search(&next).is_err()
    }
}

/// Takes out the persons whose follow-up cannot be, cause by cause; errors for causes that the study does not exclude.
fn settle(
    study: &Study,
    alive: &mut Vec<u32>,
    outcomes: &mut Vec<Outcome>,
    attrition: &mut Attrition,
) -> Result<(), LoadError> {
    let rules = &study.follow_up;
    let label = rules.event.label();
    let same_month = if rules.same_month == Some(SameMonth::Exclude) { Invalid::Exclude } else { Invalid::Error };
    let at_entry = if rules.event_at_entry == AtEntry::Exclude { Invalid::Exclude } else { Invalid::Error };
    let invalid = &rules.on_invalid;
    let causes = [
        (
            Outcome::EventBeforeEntry,
            invalid.event_before_entry,
            format!("{label} not before entry"),
            "event_before_entry",
        ),
        (Outcome::SameMonth, same_month, format!("{label} not in the month of entry"), "same_month"),
        (Outcome::EventAtEntry, at_entry, format!("{label} not on the day of entry"), "event_at_entry"),
        (Outcome::ExitBeforeEntry, invalid.exit_before_entry, "exit not before entry".to_string(), "exit_before_entry"),
        (Outcome::ExitAtEntry, invalid.exit_at_entry, "exit not on the day of entry".to_string(), "exit_at_entry"),
    ];
    let mut faults = Vec::new();
    for (cause, rule, _, name) in &causes {
        let n = outcomes.iter().filter(|o| *o == cause).count() as u64;
        if n > 0 && *rule == Invalid::Error {
            faults.push(impossible(*cause, name, label, n));
        }
    }
    let endless = outcomes.iter().filter(|o| **o == Outcome::Endless).count() as u64;
    if endless > 0 {
        let rule = format!("{} with neither the event nor an exit", counted(endless, "person"));
        let remedy = "set `maximum`, or an exit that everybody has (the end of data)";
        faults.push(Fault::new(Place::file("follow_up"), rule, remedy));
    }
    if !faults.is_empty() {
        return Err(LoadError::PersonTime(faults));
    }
    for (cause, rule, line, _) in &causes {
        if *rule == Invalid::Exclude {
            let mut of = outcomes.iter();
            alive.retain(|_| of.next() != Some(cause));
            outcomes.retain(|o| o != cause);
            attrition.left(line, alive);
        }
    }
    Ok(())
}

fn impossible(cause: Outcome, name: &str, label: &str, n: u64) -> Fault {
    let persons = counted(n, "person");
    let (place, rule, remedy) = match cause {
        Outcome::EventAtEntry => (
            "follow_up.event",
            format!("{persons} with {label} on the day of entry"),
            "set event_at_entry = \"exclude\", \"next_day\" or \"later_event\"".to_string(),
        ),
        Outcome::SameMonth => (
            "follow_up.event",
            format!("{persons} with {label} in the month of entry, and one of the dates is known by month only"),
            "set same_month = \"exclude\" or \"event_after_entry\"".to_string(),
        ),
        Outcome::EventBeforeEntry => {
            ("follow_up.event", format!("{persons} with {label} before entry"), exclude_remedy(name))
        }
        Outcome::ExitBeforeEntry => {
            ("follow_up.exit", format!("{persons} with an exit before entry"), exclude_remedy(name))
        }
        _ => (
            "follow_up.exit",
            format!("{persons} with an exit on the day of entry: no person-time"),
            exclude_remedy(name),
        ),
    };
    Fault::new(Place::file(place), rule, remedy)
}

fn exclude_remedy(name: &str) -> String {
    format!("repair the dates, exclude such persons with a step, or set on_invalid = {{ {name} = \"exclude\" }}")
}

/// A cause of impossible spells: who has it, what the study says, its name in messages, its key in `on_invalid`.
type SpellCause = (fn(&SpellFaults) -> bool, Invalid, &'static str, &'static str);

/// The spells that decide on membership or exit, each once.
fn joined_spells(study: &Study) -> Vec<&Spells> {
    let steps = study.cohort.steps.iter().filter_map(|step| step.condition.spells());
    let exits = study.follow_up.exits.iter().filter_map(|exit| match &exit.source {
        ExitSource::SpellEnd(spells) => Some(spells),
        _ => None,
    });
    let mut all: Vec<&Spells> = Vec::new();
    for spells in steps.chain(exits) {
        if !all.contains(&spells) {
            all.push(spells);
        }
    }
    all
}

/// Persons whose spells cannot be, in any extract whose spells decide on membership or exit.
fn check_spells(
    people: &People,
    kept: &Kept,
    alive: &mut Vec<u32>,
    attrition: &mut Attrition,
) -> Result<(), LoadError> {
    let study = people.study;
    for spells in joined_spells(study) {
        let rows = SpellRows::new(kept, spells);
        let faults: Vec<SpellFaults> = alive.iter().map(|&p| rows.faults(people.numbers[p as usize])).collect();
        let invalid = &study.follow_up.on_invalid;
        let name = &spells.extract;
        let causes: [SpellCause; 3] = [
            (|f| f.without_start, Invalid::Error, "a spell without a first day", ""),
            (|f| f.reversed, invalid.reversed_spell, "a spell that ends before it begins", "reversed_spell"),
            (|f| f.overlapping, invalid.overlapping_spells, "overlapping spells", "overlapping_spells"),
        ];
        let mut errors = Vec::new();
        for (has, rule, what, key) in &causes {
            let n = faults.iter().filter(|f| has(f)).count() as u64;
            if n > 0 && *rule == Invalid::Error {
                let remedy = if key.is_empty() { "repair them at the source".to_string() } else { exclude_remedy(key) };
                let rule = format!("{} with {what}", counted(n, "person"));
                errors.push(Fault::new(Place::file(format!("extract {name}")), rule, remedy));
            }
        }
        if !errors.is_empty() {
            return Err(LoadError::PersonTime(errors));
        }
        let mut excluded = vec![false; alive.len()];
        for (has, rule, what, _) in &causes {
            if *rule == Invalid::Exclude {
                excluded.iter_mut().zip(&faults).for_each(|(out, f)| *out |= has(f));
                let left: Vec<u32> = alive.iter().zip(&excluded).filter(|(_, out)| !**out).map(|(&p, _)| p).collect();
                attrition.left(&format!("no {} ({name})", what.trim_start_matches("a ")), &left);
            }
        }
        let mut excluded = excluded.into_iter();
        alive.retain(|_| !excluded.next().expect("one answer a person"));
    }
    Ok(())
}
