//! Who enters, when, and why they leave, counted the slow way on generated deliveries: the first, last or nth day that can be
//! the index date, wash-out and age, dates known by month, what an event on the day of entry or in its month means, gaps in
//! residence that part nothing, steps that count and cover, and which of several exits of a day is the reason.

use crate::loader::Delivery;
use crate::person_time_oracle::{Person, cell, extracts, generate, has_passed, months_later, number, text, write, ymd};
use crate::support::Random;
use std::fmt::Write;

/// What a study says, from which its text and the slow count are made.
#[derive(Debug, Clone, Copy)]
struct Rules {
    pick: Pick,
    /// Months free of contacts before the index date.
    washout: Option<i32>,
    /// Completed years, both included.
    age: Option<(i32, i32)>,
    /// Days between spells of residence that part nothing.
    gap: i32,
    at_entry: AtEntry,
    /// Where contacts are known by month.
    by_month: Option<(Place, SameMonth)>,
    /// Visits in the year before.
    at_most: usize,
    /// Days of the two years up to the index date that residence covers.
    covered: i32,
    /// Whether who leaves the country on the day of the event has none.
    emigration_first: bool,
    scale: Scale,
}

#[derive(Debug, Clone, Copy)]
enum Pick {
    First,
    Last,
    Nth(usize),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum AtEntry {
    Exclude,
    NextDay,
    LaterEvent,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    First,
    Middle,
    Last,
}

#[derive(Debug, Clone, Copy)]
enum SameMonth {
    Exclude,
    EventAfterEntry,
}

#[derive(Debug, Clone, Copy)]
enum Scale {
    SinceIndex,
    Age,
    Calendar,
}

const STEPS_AND_FOLLOW_UP: &str = r#"
[[cohort.step]]
label = "few visits"
include = { count = "visits", date = "date", within = ["-12 months", "-1 day"], at_most = AT_MOST }
[[cohort.step]]
label = "no drug of kind x"
include = { none = "drugs", date = "date", where = "kind = 'x'", within = ["-60 days", "0 days"] }
[[cohort.step]]
label = "resident"
include = { spells = "residence", from = "from", to = "to", gap = "GAP days", at = "index" }
[[cohort.step]]
label = "resident for long"
include = { spells = "residence", from = "from", to = "to", gap = "GAP days", within = ["-2 years", "0 days"], at_least = "COVERED days" }

[follow_up]
SCALE
maximum = "18 months"
AT_ENTRY
on_invalid = { exit_at_entry = "exclude", exit_before_entry = "exclude" }
[follow_up.event]
label = "visit"
extract = "visits"
date = "date"
[[follow_up.exit]]
label = "death"
date = "persons.death"
[[follow_up.exit]]
label = "emigration"
spells = "residence"
from = "from"
to = "to"
gap = "GAP days"
event_at_exit = "EMIGRATION"
[[follow_up.exit]]
label = "end of data"
date = 2013-09-30

[covariate.sex]
from = "persons.sex"
levels = ["1", "2"]
if_missing = "error"

[[model]]
name = "sex"
formula = "sex"
"#;

impl Rules {
    fn write(&self) -> String {
        let mut cohort =
            "[cohort]\npopulation = \"persons\"\n[cohort.index]\nextract = \"contacts\"\ndate = \"date\"\n\
                          from = 2010-01-01\nto = 2012-06-30\n"
                .to_owned();
        let pick = match self.pick {
            Pick::First => "\"first\"".to_owned(),
            Pick::Last => "\"last\"".to_owned(),
            Pick::Nth(n) => format!("{{ nth = {n} }}"),
        };
        writeln!(cohort, "pick = {pick}").unwrap();
        let washout = self.washout.map_or("none".to_owned(), |months| format!("{months} months"));
        writeln!(cohort, "washout = \"{washout}\"").unwrap();
        if let Some((from, to)) = self.age {
            writeln!(cohort, "age = {{ birth = \"persons.birth\", from = {from}, to = {to} }}").unwrap();
        }
        let scale = match self.scale {
            Scale::SinceIndex => "scale = \"since_index\"",
            Scale::Age => "scale = \"age\"\norigin = \"persons.birth\"",
            Scale::Calendar => "scale = \"calendar\"",
        };
        let mut at_entry = match self.at_entry {
            AtEntry::Exclude => "event_at_entry = \"exclude\"",
            AtEntry::NextDay => "event_at_entry = \"next_day\"",
            AtEntry::LaterEvent => "event_at_entry = \"later_event\"",
        }
        .to_owned();
        let mut extracts = extracts();
        if let Some((place, same_month)) = self.by_month {
            at_entry += match same_month {
                SameMonth::Exclude => "\nsame_month = \"exclude\"",
                SameMonth::EventAfterEntry => "\nsame_month = \"event_after_entry\"",
            };
            let place = match place {
                Place::First => "first",
                Place::Middle => "middle",
                Place::Last => "last",
            };
            let by_month = format!("date = {{ type = \"date\", format = \"YYYY-MM\", place_in_month = \"{place}\" }}");
            let contacts = extracts.find("[extract.contacts.columns]").unwrap();
            let day = "date = { type = \"date\", format = \"YYYY-MM-DD\" }";
            let at = contacts + extracts[contacts..].find(day).unwrap();
            extracts.replace_range(at..at + day.len(), &by_month);
        }
        let rest = STEPS_AND_FOLLOW_UP
            .replace("AT_MOST", &self.at_most.to_string())
            .replace("GAP", &self.gap.to_string())
            .replace("COVERED", &self.covered.to_string())
            .replace("SCALE", scale)
            .replace("AT_ENTRY", &at_entry)
            .replace("EMIGRATION", if self.emigration_first { "exit_first" } else { "event_first" });
        extracts + &cohort + &rest
    }

    /// The day that a contact has for the study.
    fn placed(&self, day: i32) -> i32 {
        let (year, month, _) = ymd(day);
        let first = number(year, month, 1);
        match self.by_month {
            None => day,
            Some((Place::First, _)) => first,
            Some((Place::Middle, _)) => first + 14,
            Some((Place::Last, _)) => months_later(first, 1) - 1,
        }
    }
}

/// Whether somebody lives in the country on a day, or is away for no more than `gap` days in a row.
fn lives_here(person: &Person, day: i32, gap: i32) -> bool {
    if person.is_resident(day) {
        return true;
    }
    let back = (1..=gap).find(|n| person.is_resident(day - n));
    let on = (1..=gap).find(|n| person.is_resident(day + n));
    back.zip(on).is_some_and(|(back, on)| back + on - 1 <= gap)
}

/// The index date.
fn index(person: &Person, rules: &Rules) -> Option<i32> {
    let contacts: Vec<i32> = person.contacts.iter().map(|day| rules.placed(*day)).collect();
    let is_clean = |day: i32| {
        let begins = |months: i32| months_later(day, -months);
        rules.washout.is_none_or(|months| (begins(months)..day).all(|before| !contacts.contains(&before)))
    };
    let is_of_age = |day: i32| {
        let past = |years: i32| has_passed(person.birth, day, f64::from(years));
        rules.age.is_none_or(|(from, to)| past(from) && !past(to + 1))
    };
    let window = number(2010, 1, 1)..=number(2012, 6, 30);
    let days: Vec<i32> = window.filter(|day| contacts.contains(day) && is_clean(*day) && is_of_age(*day)).collect();
    match rules.pick {
        Pick::First => days.first().copied(),
        Pick::Last => days.last().copied(),
        Pick::Nth(n) => days.get(n - 1).copied(),
    }
}

/// Index date, last day, and the reason; `None` for who does not enter.
fn follow(person: &Person, rules: &Rules) -> Option<(i32, i32, &'static str)> {
    let index = index(person, rules)?;
    let visits =
        |from: i32, to: i32| (from..=to).map(|d| person.visits.iter().filter(|v| **v == d).count()).sum::<usize>();
    let drug = (index - 60..=index).any(|d| person.drugs.iter().any(|drug| drug.0 == d && drug.2 == "x"));
    let days_here = (months_later(index, -24)..=index).filter(|d| lives_here(person, *d, rules.gap)).count() as i32;
    let enters = visits(months_later(index, -12), index - 1) <= rules.at_most
        && !drug
        && lives_here(person, index, rules.gap)
        && days_here >= rules.covered;
    let gone = person.death.is_some_and(|d| d <= index) || !lives_here(person, index + 1, rules.gap);
    if !enters || gone {
        return None;
    }
    let in_month = |day: &i32| rules.by_month.is_some() && ymd(*day).0 == ymd(index).0 && ymd(*day).1 == ymd(index).1;
    let mut moved = false;
    if let Some((_, same_month)) = rules.by_month {
        if person.visits.iter().any(in_month) {
            match same_month {
                SameMonth::Exclude => return None,
                SameMonth::EventAfterEntry => moved = person.visits.iter().any(|d| in_month(d) && *d <= index),
            }
        }
    } else if person.visits.contains(&index) {
        match rules.at_entry {
            AtEntry::Exclude => return None,
            AtEntry::NextDay => moved = true,
            AtEntry::LaterEvent => {}
        }
    }
    let mut today = index;
    loop {
        today += 1;
        let leaves = !lives_here(person, today + 1, rules.gap);
        let event = person.visits.contains(&today) || (moved && today == index + 1);
        if event && !(leaves && rules.emigration_first) {
            return Some((index, today, "visit"));
        }
        let reasons = [
            (person.death == Some(today), "death"),
            (leaves, "emigration"),
            (today == number(2013, 9, 30), "end of data"),
            (today == months_later(index, 18), "end of follow-up (18 months)"),
        ];
        if let Some((_, reason)) = reasons.iter().find(|(is_so, _)| *is_so) {
            return Some((index, today, reason));
        }
    }
}

/// A person with more contacts, several of them on one day, visits on the days of contacts, and stays abroad of a few days.
fn person(random: &mut Random) -> Person {
    let mut person = generate(random);
    let first = person.contacts[0];
    for _ in 0..random.below(8) {
        person.contacts.push(first - 300 + random.below(900) as i32);
    }
    if random.below(3) == 0 {
        person.contacts.push(first);
    }
    person.visits.extend((random.below(4) == 0).then_some(first));
    person.visits.extend((0..random.below(3)).map(|_| first - 30 + random.below(60) as i32));
    // On the last day of a spell of residence.
    let leaves = person.residence[0].1;
    person.visits.extend(leaves.filter(|_| random.below(3) == 0));
    if random.below(2) == 0 {
        let to = first + random.below(200) as i32;
        let back = to + 1 + random.below(12) as i32;
        person.residence = vec![(first - 900 + random.below(500) as i32, Some(to)), (back, None)];
    }
    person
}

#[test]
fn who_enters_and_why_they_leave_is_as_counted_day_by_day() {
    let mut random = Random(77);
    let (mut followed, mut events, mut reasons) = (0, 0, std::collections::BTreeMap::new());
    for round in 0..24 {
        let one_of = |n: usize| round % n;
        let rules = Rules {
            pick: [Pick::First, Pick::Last, Pick::Nth(2), Pick::Nth(3)][one_of(4)],
            washout: [None, Some(2), Some(6)][one_of(3)],
            age: [None, Some((25, 44))][one_of(2)],
            gap: [0, 3, 10][(round / 3) % 3],
            at_entry: [AtEntry::NextDay, AtEntry::LaterEvent, AtEntry::Exclude][(round / 2) % 3],
            by_month: (round % 5 > 2).then_some((
                [Place::First, Place::Middle, Place::Last][one_of(3)],
                [SameMonth::EventAfterEntry, SameMonth::Exclude][(round / 5) % 2],
            )),
            at_most: 1 + one_of(2),
            covered: [1, 400, 600][(round / 4) % 3],
            emigration_first: (round / 2) % 2 == 0,
            scale: [Scale::SinceIndex, Scale::Age, Scale::Calendar][(round / 8) % 3],
        };
        let persons: Vec<Person> = (0..120).map(|_| person(&mut random)).collect();
        let mut delivery = Delivery::default();
        delivery.study = rules.write();
        write(&delivery, &persons);
        if rules.by_month.is_some() {
            let rows = persons.iter().enumerate().flat_map(|(i, p)| p.contacts.iter().map(move |d| (i, text(*d))));
            let lines: String = rows.map(|(i, day)| format!("k{i:04};{}\n", &day[..7])).collect();
            delivery.write("contacts.csv", format!("id;date\n{lines}"));
        }
        let loaded = match delivery.load() {
            Ok(loaded) => loaded,
            Err(error) => {
                assert!(error.to_string().contains("nobody is left"), "{rules:?}: {error}");
                assert!(persons.iter().all(|person| follow(person, &rules).is_none()), "{rules:?}: {error}");
                continue;
            }
        };
        let mut row = 0;
        for (i, person) in persons.iter().enumerate() {
            let Some((index, last, reason)) = follow(person, &rules) else { continue };
            let origin = match rules.scale {
                Scale::SinceIndex => index,
                Scale::Age => person.birth,
                Scale::Calendar => 0,
            };
            let found = ["person", "entry", "exit", "exit_reason"].map(|name| cell(&loaded.table, name, row));
            let wanted = [i.to_string(), (index - origin).to_string(), (last - origin).to_string(), reason.to_owned()];
            assert_eq!(found, wanted, "index {}, {rules:?}, {person:?}", text(index));
            assert_eq!(cell(&loaded.table, "event", row), (reason == "visit").to_string());
            row += 1;
            events += usize::from(reason == "visit");
            *reasons.entry(reason).or_insert(0) += 1;
        }
        assert_eq!(row, loaded.table.n_rows(), "nobody else enters: {rules:?}");
        followed += row;
    }
    assert!(followed > 500 && events > 150, "{followed} persons and {events} events say nothing");
    assert!(reasons.len() == 5 && reasons.values().all(|n| *n > 10), "{reasons:?}");
}
