//! From entry to the first of event, exits and maximum.
//!
//! A record covers (entry, exit] in whole days; `ends` says which days these are. Of two exits on one day the first listed
//! is the reason, and the maximum is the last. Rows that come repeatedly (contacts) have a history before entry, which is no fault; a date that comes
//! once (a death) before entry is impossible person-time. Impossible person-time is counted by cause and is an
//! error, or an attrition line where the study says so.

use super::attrition::Attrition;
use super::ends::{Ends, Outcome};
use super::error::{Fault, LoadError, Place, counted};
use super::people::{Kept, People};
use super::request::Request;
use super::spells::{self, SpellFaults, SpellRows};
use super::{Check, ExitCount, Note};
use crate::day::Day;
use crate::study::{
    AtEntry, EventBetween, EventRows, ExitSource, FollowUpEvent, Invalid, SameMonth, Spells, Study, TimeScale,
};
use rayon::prelude::*;

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

/// What following up gave.
pub(crate) struct Followed {
    /// The time at risk of every person who is left.
    pub(crate) spans: Vec<Span>,
    /// Why follow-up ended.
    pub(crate) exits: Vec<ExitCount>,
    /// Events that lie outside follow-up.
    pub(crate) events_outside: Vec<Check>,
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
pub(super) fn event_request(study: &Study, rows: &EventRows) -> Request {
    let index = &study.cohort.index;
    let from = index.from.map(first_of_month);
    let to = index.to.zip(study.follow_up.maximum).map(|(to, maximum)| maximum.from(to));
    Request::events(rows, from, to, &[])
}

pub(super) fn first_of_month(day: Day) -> Day {
    let (year, month, _) = day.ymd();
    Day::from_ymd(year, month, 1).expect("a day has a month")
}

/// Follows up the persons at the positions of `alive`; those without person-time leave it.
pub(crate) fn follow(
    people: &People,
    kept: &Kept,
    alive: &mut Vec<u32>,
    attrition: &mut Attrition,
    notes: &mut Vec<Note>,
) -> Result<Followed, LoadError> {
    let study = people.study;
    check_spells(people, kept, alive, attrition, notes)?;
    let ends = Ends::new(people, kept);
    let mut outcomes: Vec<Outcome> = alive.par_iter().map(|&p| ends.outcome(p)).collect();
    settle(study, alive, &mut outcomes, attrition)?;
    if study.follow_up.event_at_entry == AtEntry::NextDay
        || study.follow_up.same_month == Some(SameMonth::EventAfterEntry)
    {
        let moved = alive.par_iter().filter(|&&p| ends.was_moved(p)).count() as u64;
        let message = "events on or before the day of entry counted one day after it";
        notes.push(Note::new("follow_up", message, moved, "persons"));
    }

    ends.note_ties(alive, &outcomes, notes);
    let events_outside = ends.events_outside(alive, &outcomes);
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
        let (entry, exit) = (ends.entry(position) - origin, exit - origin);
        spans.push(Span { origin, entry, exit, event: reason == 0, reason: reason as u32 });
    }
    Ok(Followed { spans, exits, events_outside })
}

/// Whether each person with an index date has the event during follow-up, by the rules of follow-up alone: somebody whose
/// person-time cannot be has none.
pub(crate) fn have_event(people: &People, kept: &Kept) -> Vec<bool> {
    let ends = Ends::new(people, kept);
    people.positions().into_par_iter().map(|p| matches!(ends.outcome(p), Outcome::Exit(_, 0))).collect()
}

/// Whether each person is still under observation on the day of entry.
pub(crate) fn enter(people: &People, kept: &Kept) -> Vec<bool> {
    let ends = Ends::new(people, kept);
    let never = |outcome| matches!(outcome, Outcome::EventBetween | Outcome::LeftBetween);
    people.positions().into_par_iter().map(|p| !never(ends.outcome(p))).collect()
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
    people.positions().into_par_iter().map(|p| followed(p) && sound(p)).collect()
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
    let between = rules.late_entry.as_ref().map(|late| match late.event_between {
        EventBetween::Exclude => Invalid::Exclude,
        EventBetween::Error | EventBetween::LaterEvent => Invalid::Error,
    });
    let left = between.map(|_| Invalid::Exclude);
    let mut causes = vec![
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
    let late = [
        (Outcome::EventBetween, between, format!("{label} not between index date and entry"), "event_between"),
        (Outcome::LeftBetween, left, "still under observation at entry".to_string(), "entry"),
    ];
    causes.extend(late.into_iter().filter_map(|(cause, rule, line, name)| Some((cause, rule?, line, name))));
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
        let remedy = "set `maximum` in [follow_up], or an exit that everybody has (the end of data)";
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
            "set event_at_entry = \"exclude\", \"next_day\" or \"later_event\" in [follow_up]".to_string(),
        ),
        Outcome::SameMonth => (
            "follow_up.event",
            format!("{persons} with {label} in the month of entry, and one of the dates is known by month only"),
            "set same_month = \"exclude\" or \"event_after_entry\" in [follow_up]".to_string(),
        ),
        Outcome::EventBetween => (
            "follow_up.event",
            format!("{persons} with {label} on or after the index date and before entry"),
            "set event_between = \"exclude\" or, for rows, \"later_event\" in [follow_up]".to_string(),
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
    let set = format!("set on_invalid = {{ {name} = \"exclude\" }} in [follow_up]");
    format!("repair the dates, exclude such persons with a step, or {set}")
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
    notes: &mut Vec<Note>,
) -> Result<(), LoadError> {
    let study = people.study;
    for spells in joined_spells(study) {
        let rows = SpellRows::new(kept, spells);
        let faults: Vec<SpellFaults> = alive.par_iter().map(|&p| rows.faults(people.numbers[p as usize])).collect();
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
        let with_gap = alive.par_iter().filter(|&&p| rows.has_gap(people.numbers[p as usize])).count() as u64;
        let message = match spells.gap {
            0 => "with days between spells".to_string(),
            gap => format!("with more than {gap} days between spells"),
        };
        notes.push(Note::new(name, &message, with_gap, "persons"));
        if spells.gap > 0 {
            let bridged =
                alive.par_iter().filter(|&&p| rows.has_bridged_gap(people.numbers[p as usize])).count() as u64;
            let message = format!("with up to {} days between spells, which do not part them", spells.gap);
            notes.push(Note::new(name, &message, bridged, "persons"));
        }
    }
    Ok(())
}
