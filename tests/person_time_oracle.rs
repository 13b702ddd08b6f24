//! Person-time counted the slow way, one person and one day after the other, on generated deliveries: index, wash-out,
//! entry later than the index date, exits, ties on one day, time scales, and covariates that change. Nothing of the
//! loader is used to count.

use crate::loader::{Delivery, noted};
use crate::support::Random;
use crate::support::extracts::{DAY, extract, one_per_person};
use cohort::loader::Loaded;
use cohort::table::{ColumnData, Table};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The extracts of a generated delivery.
pub fn extracts() -> String {
    let code = |levels: &str| format!("type = \"code\", levels = [{levels}]");
    let school = code("\"low\", \"high\"") + ", column = \"L_{year}\", years = [2004, 2014]";
    let days: Vec<(&str, &str)> = ["birth", "death", "operation", "consent"].map(|name| (name, DAY)).to_vec();
    let sex = code("\"1\", \"2\"");
    let persons = [days, vec![("sex", sex.as_str())]].concat();
    [
        "[study]\nname = \"oracle\"\n\n".to_owned(),
        one_per_person("persons", &persons),
        extract("contacts", &[("date", DAY)]),
        extract("visits", &[("date", DAY)]),
        extract("residence", &[("from", DAY), ("to", DAY)]),
        extract("civil", &[("since", DAY), ("status", &code("\"1\", \"2\", \"3\""))]),
        extract("wards", &[("from", DAY), ("to", DAY), ("ward", &code("\"a\", \"b\""))]),
        extract("drugs", &[("date", DAY), ("dose", "type = \"number\""), ("kind", &code("\"x\", \"y\""))]),
        extract("income", &[("year", "type = \"whole\""), ("income", "type = \"number\"")]),
        one_per_person("school", &[("level", &school)]),
    ]
    .concat()
}

const COHORT: &str = r#"
[cohort]
population = "persons"
[cohort.index]
extract = "contacts"
date = "date"
pick = "first"
from = 2010-01-01
to = 2012-06-30
[[cohort.step]]
label = "wash-out"
exclude = { any = "visits", date = "date", within = ["-6 months", "-1 day"] }
[[cohort.step]]
label = "resident"
include = { spells = "residence", from = "from", to = "to", at = "index" }

[follow_up]
SCALE
ENTRY
maximum = "18 months"
event_at_entry = "exclude"
on_invalid = { exit_at_entry = "exclude", exit_before_entry = "exclude" }
[follow_up.event]
label = "visit"
extract = "visits"
date = "date"
[[follow_up.exit]]
label = "death"
date = "persons.death"
event_at_exit = "DEATH"
[[follow_up.exit]]
label = "emigration"
spells = "residence"
from = "from"
to = "to"
[[follow_up.exit]]
label = "end of data"
date = 2013-09-30
"#;

const COVARIATES: &str = r#"
[covariate.sex]
from = "persons.sex"
levels = ["1", "2"]
if_missing = "error"

[covariate.age]
years_since = "persons.birth"
at = "current"
cut = [0, 20, 20.5, 30, 31, 32, 50]
open_end = true
if_missing = "error"

[covariate.period]
year_of = "current"
cut = [2009, 2011, 2012, 2013, 2015]
labels = ["2009 and 2010", "2011", "2012", "2013 and 2014"]
if_missing = "error"

[covariate.year]
year_of = "current"
if_missing = "error"

[covariate.since_index]
days_since = "index"
at = "current"
cut = [0, 30, 90, 365]
open_end = true
if_missing = "error"

[covariate.since_operation]
days_since = "persons.operation"
at = "current"
cut = [0, 1, 60]
open_end = true
if_missing = { level = "60 or more" }

[covariate.stay]
years_since = "residence.from"
pick = "first"
at = "current"
cut = [0, 5, 6, 7]
open_end = true
override = { when = "sex = '2'", value = "7 or more" }
if_missing = "error"

[covariate.civil]
spells = "civil"
since = "since"
value = "status"
at = "current"
levels = ["1", "2", "3", "unknown"]
if_missing = { level = "unknown" }

[covariate.civil_at_index]
spells = "civil"
since = "since"
value = "status"
at = "index"
look_back = "2 years"
levels = ["1", "2", "3", "unknown"]
if_missing = { level = "unknown" }

[covariate.ward]
spells = "wards"
from = "from"
to = "to"
value = "ward"
at = "current"
lag = "3 days"
on_overlap = "latest_start"
levels = ["a", "b", "none"]
if_missing = WARD

[covariate.exposed]
any = "drugs"
date = "date"
where = "kind = 'x'"
within = ["-2 months", "-1 day"]
at = "current"
truncate_lookback = true

[covariate.exposed_late]
any = "drugs"
date = "date"
within = ["ever", "0 days"]
lag = "20 days"
at = "current"

[covariate.packs]
count = "drugs"
date = "date"
within = ["-45 days", "0 days"]
at = "current"

[covariate.packs_before]
count = "drugs"
date = "date"
within = ["-12 months", "0 days"]
at = "index"

[covariate.dose]
sum = "drugs"
date = "date"
value = "dose"
within = ["index", "0 days"]
at = "current"

[covariate.since_drug]
days_since = "drugs.date"
pick = "last"
at = "current"
cut = [0, 10, 40]
open_end = true
override = { when = "sex = '2'", value = "0-9" }
if_missing = { level = "40 or more" }

[covariate.kind]
latest = "drugs"
date = "date"
value = "kind"
where = "dose IS NOT NULL"
look_back = "1 month"
at = "current"
levels = ["x", "y", "none"]
if_missing = { level = "none" }

[covariate.income]
yearly = "income"
year = "year"
value = "income"
at = "year before current year"
look_back = "2 years"
if_missing = { value = -1 }

[covariate.school]
wide = "school.level"
at = "current year"
lag = "100 days"
levels = ["low", "high", "unknown"]
if_missing = { level = "unknown" }

[covariate.age_at_entry]
years_since = "persons.birth"
at = "entry"
cut = [0, 20, 20.5, 30, 31, 32, 50]
open_end = true
if_missing = "error"

[covariate.civil_at_entry]
spells = "civil"
since = "since"
value = "status"
at = "entry"
look_back = "2 years"
levels = ["1", "2", "3", "unknown"]
if_missing = { level = "unknown" }

[covariate.ward_at_entry]
spells = "wards"
from = "from"
to = "to"
value = "ward"
at = "entry"
on_overlap = "latest_start"
levels = ["a", "b", "nowhere"]
if_missing = { level = "nowhere" }

[covariate.income_at_entry]
yearly = "income"
year = "year"
value = "income"
at = "year before entry"
look_back = "2 years"
if_missing = { value = -1 }

[covariate.school_at_entry]
wide = "school.level"
at = "year of entry"
levels = ["low", "high", "unknown"]
if_missing = { level = "unknown" }

[covariate.delay]
days_since = "index"
at = "entry"
if_missing = "error"

[covariate.year_of_entry]
year_of = "entry"
if_missing = "error"

[covariate.state]
sql = "CASE WHEN packs > 1 AND civil = '1' THEN 'p' WHEN exposed = 'yes' THEN 'q' ELSE 'r' END"
levels = ["r", "p", "q"]
if_missing = "error"

[covariate.two_periods]
of = "period"
group = { early = ["2009 and 2010", "2011"], late = ["2012", "2013 and 2014"] }
override = { when = "packs = 2", value = "two" }
levels = ["early", "late", "two"]
if_missing = "error"

[[model]]
name = "sex"
formula = "sex"
"#;

/// Further ones as of entry from dated rows.
const ROWS_AT_ENTRY: &str = r#"
[covariate.packs_between]
count = "drugs"
date = "date"
within = ["index", "0 days"]
at = "entry"

[covariate.exposed_at_entry]
any = "drugs"
date = "date"
where = "kind = 'x'"
within = ["-2 months", "-1 day"]
at = "entry"
truncate_lookback = true

[covariate.kind_at_entry]
latest = "drugs"
date = "date"
value = "kind"
where = "dose IS NOT NULL"
look_back = "1 month"
at = "entry"
levels = ["x", "y", "none"]
if_missing = { level = "none" }

[covariate.since_drug_at_entry]
days_since = "drugs.date"
pick = "last_before_entry"
at = "entry"
if_missing = { value = -1 }

[covariate.state_at_entry]
sql = "CASE WHEN civil_at_entry = '1' THEN 'p' WHEN exposed_at_entry = 'yes' THEN 'q' ELSE 'r' END"
levels = ["r", "p", "q"]
if_missing = "error"

[[model]]
"#;

/// The study of these tests, since the index date, with entry on that day or later.
pub fn study_text(late: bool) -> String {
    let entry = if late { Entry::Latest } else { Entry::AtIndex };
    let rules = Rules { entry, later_event: true, death_first: false };
    let covariates = COVARIATES.replace("WARD", "{ level = \"none\" }");
    extracts() + &rules.write(&COHORT.replace("SCALE", "scale = \"since_index\"")) + &covariates
}

/// A calendar of its own: day after day from 1940-01-01, which is 10,958 days before 1970.
fn calendar() -> &'static [(i32, i32, i32)] {
    static DAYS: std::sync::OnceLock<Vec<(i32, i32, i32)>> = std::sync::OnceLock::new();
    DAYS.get_or_init(|| {
        let (mut day, mut all) = ((1940, 1, 1), Vec::new());
        while day.0 < 2080 {
            all.push(day);
            day = match day {
                (year, month, of_month) if of_month < month_length(year, month) => (year, month, of_month + 1),
                (year, 12, _) => (year + 1, 1, 1),
                (year, month, _) => (year, month + 1, 1),
            };
        }
        all
    })
}

const BEFORE_1970: i32 = 10_958;

pub fn ymd(day: i32) -> (i32, i32, i32) {
    calendar()[(day + BEFORE_1970) as usize]
}

pub fn month_length(year: i32, month: i32) -> i32 {
    match month {
        2 if (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

pub fn number(year: i32, month: i32, day: i32) -> i32 {
    let found = calendar().binary_search(&(year, month, day)).expect("a day of the calendar");
    found as i32 - BEFORE_1970
}

pub fn months_later(day: i32, months: i32) -> i32 {
    let (year, month, of_month) = ymd(day);
    let months = year * 12 + month - 1 + months;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    number(year, month, of_month.min(month_length(year, month)))
}

/// Whether `years` (whole or half) have passed since `birth`.
pub fn has_passed(birth: i32, day: i32, years: f64) -> bool {
    let anniversary = |n: i32| {
        let (year, month, of_month) = ymd(birth);
        match (month, of_month, month_length(year + n, 2)) {
            (2, 29, 28) => number(year + n, 3, 1),
            _ => number(year + n, month, of_month),
        }
    };
    let whole = years.floor() as i32;
    let (last, next) = (anniversary(whole), anniversary(whole + 1));
    f64::from(day - last) >= (years - years.floor()) * f64::from(next - last)
}

pub fn text(day: i32) -> String {
    let (year, month, day) = ymd(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// What the study says of entry, and of an event on the day of death.
#[derive(Debug, Clone, Copy)]
struct Rules {
    entry: Entry,
    later_event: bool,
    death_first: bool,
}

/// When people enter.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Entry {
    AtIndex,
    /// Two months later.
    Late,
    /// On the latest of ten days later, the day of consent, and the day a register begins.
    Latest,
}

impl Rules {
    /// As the study file writes them.
    fn write(&self, study: &str) -> String {
        let entry = match self.entry {
            Entry::AtIndex => "",
            Entry::Late => "entry = \"2 months\"",
            Entry::Latest => "entry = [\"10 days\", \"persons.consent\", 2010-09-01]",
        };
        let between = match (self.entry, self.later_event) {
            (Entry::AtIndex, _) => "",
            (_, true) => "event_between = \"later_event\"",
            (_, false) => "event_between = \"exclude\"",
        };
        let death = if self.death_first { "exit_first" } else { "event_first" };
        study.replace("ENTRY", &format!("{entry}\n{between}")).replace("DEATH", death)
    }
}

/// What is known of a person.
#[derive(Debug, Default)]
pub struct Person {
    pub birth: i32,
    pub death: Option<i32>,
    pub operation: Option<i32>,
    pub consent: Option<i32>,
    pub sex: i32,
    pub contacts: Vec<i32>,
    pub visits: Vec<i32>,
    pub residence: Vec<(i32, Option<i32>)>,
    pub civil: Vec<(i32, i32)>,
    pub wards: Vec<(i32, i32, &'static str)>,
    pub drugs: Vec<(i32, Option<f64>, &'static str)>,
    pub income: BTreeMap<i32, Option<f64>>,
    pub school: BTreeMap<i32, &'static str>,
}

pub fn generate(random: &mut Random) -> Person {
    let first = number(2009, 10, 1);
    let index = first + random.below(1000) as i32;
    let mut person = Person {
        birth: index - 7000 - random.below(12_000) as i32,
        sex: 1 + random.below(2) as i32,
        contacts: (0..1 + random.below(3)).map(|_| index + random.below(300) as i32).collect(),
        ..Person::default()
    };
    if random.below(12) == 0 {
        person.birth = number(ymd(person.birth).0 / 4 * 4, 2, 29);
    }
    let near = |random: &mut Random| index - 250 + random.below(900) as i32;
    person.death = (random.below(4) == 0).then(|| index + random.below(700) as i32);
    person.operation = (random.below(2) == 0).then(|| near(random));
    person.consent = (random.below(3) > 0).then(|| index - 100 + random.below(300) as i32);
    person.visits = (0..random.below(3)).map(|_| index - 60 + random.below(600) as i32).collect();
    // Some events on the day of a death.
    person.visits.extend(person.death.filter(|_| random.below(3) == 0));
    let mut from = index - 1500 - random.below(2000) as i32;
    for spell in 0..1 + random.below(3) {
        let to = if spell == 0 { index - 100 } else { from + 30 } + random.below(1200) as i32;
        person.residence.push((from, (random.below(3) > 0).then_some(to)));
        if person.residence[person.residence.len() - 1].1.is_none() {
            break;
        }
        from = to + 1 + random.below(4) as i32;
    }
    for _ in 0..random.below(5) {
        let day = index - 1000 + random.below(1500) as i32;
        if person.civil.iter().all(|c| c.0 != day) {
            person.civil.push((day, 1 + random.below(3) as i32));
        }
    }
    for _ in 0..random.below(6) {
        let from = near(random);
        if person.wards.iter().all(|w| w.0 != from) {
            person.wards.push((from, from + random.below(90) as i32, ["a", "b"][random.below(2) as usize]));
        }
    }
    for _ in 0..random.below(14) {
        let day = near(random);
        let kind = person.drugs.iter().find(|d| d.0 == day).map_or(["x", "y"][random.below(2) as usize], |d| d.2);
        // Halves add up exactly, in any order.
        person.drugs.push((day, (random.below(6) > 0).then(|| f64::from(random.below(20)) / 2.0), kind));
    }
    for year in 2005..2014 {
        if random.below(3) > 0 {
            person.income.insert(year, (random.below(4) > 0).then(|| f64::from(random.below(3)) * 10.0));
        }
        if random.below(3) > 0 {
            person.school.insert(year, ["low", "high"][random.below(2) as usize]);
        }
    }
    person
}

pub fn write(delivery: &Delivery, persons: &[Person]) {
    let mut texts: BTreeMap<&str, String> = [
        ("persons", "id;birth;death;operation;consent;sex"),
        ("contacts", "id;date"),
        ("visits", "id;date"),
        ("residence", "id;from;to"),
        ("civil", "id;since;status"),
        ("wards", "id;from;to;ward"),
        ("drugs", "id;date;dose;kind"),
        ("income", "id;year;income"),
    ]
    .map(|(name, head)| (name, format!("{head}\n")))
    .into();
    let years: Vec<String> = (2004..=2014).map(|y| format!("L_{y}")).collect();
    texts.insert("school", format!("id;{}\n", years.join(";")));
    let day = |d: Option<i32>| d.map_or(String::new(), text);
    for (i, p) in persons.iter().enumerate() {
        let id = format!("k{i:04}");
        let mut line = |name: &str, rest: String| writeln!(texts.get_mut(name).unwrap(), "{id};{rest}").unwrap();
        let dates = [Some(p.birth), p.death, p.operation, p.consent].map(day);
        line("persons", format!("{};{}", dates.join(";"), p.sex));
        p.contacts.iter().for_each(|d| line("contacts", text(*d)));
        p.visits.iter().for_each(|d| line("visits", text(*d)));
        p.residence.iter().for_each(|(from, to)| line("residence", format!("{};{}", text(*from), day(*to))));
        p.civil.iter().for_each(|(since, status)| line("civil", format!("{};{status}", text(*since))));
        p.wards.iter().for_each(|(from, to, w)| line("wards", format!("{};{};{w}", text(*from), text(*to))));
        let number = |x: &Option<f64>| x.map_or(String::new(), |x| x.to_string());
        p.drugs.iter().for_each(|(d, dose, k)| line("drugs", format!("{};{};{k}", text(*d), number(dose))));
        p.income.iter().for_each(|(year, income)| line("income", format!("{year};{}", number(income))));
        let levels: Vec<&str> = (2004..=2014).map(|y| p.school.get(&y).copied().unwrap_or("")).collect();
        line("school", levels.join(";"));
    }
    texts.iter().for_each(|(name, content)| delivery.write(&format!("{name}.csv"), content));
}

impl Person {
    pub fn is_resident(&self, day: i32) -> bool {
        self.residence.iter().any(|(from, to)| *from <= day && to.is_none_or(|to| day <= to))
    }

    /// The day of entry: the latest of the index date and what the study names.
    fn entry(&self, index: i32, rules: &Rules) -> i32 {
        match rules.entry {
            Entry::AtIndex => index,
            Entry::Late => index.max(months_later(index, 2)),
            Entry::Latest => index.max(index + 10).max(self.consent.unwrap_or(index)).max(number(2010, 9, 1)),
        }
    }

    /// Whether the person is out of the study after this day: dead, gone, or at the end of the data or of follow-up.
    fn ends(&self, index: i32, day: i32) -> bool {
        let end = day == number(2013, 9, 30) || day == months_later(index, 18);
        self.death == Some(day) || !self.is_resident(day + 1) || end
    }

    /// Index date, day of entry, last day of follow-up, and whether it ends with the event.
    fn follow(&self, rules: &Rules) -> Option<(i32, i32, i32, bool)> {
        let window = number(2010, 1, 1)..=number(2012, 6, 30);
        let index = *self.contacts.iter().filter(|d| window.contains(d)).min()?;
        let washed = self.visits.iter().any(|d| (months_later(index, -6)..index).contains(d));
        let entry = self.entry(index, rules);
        if washed || !self.is_resident(index) || self.visits.contains(&entry) {
            return None;
        }
        // Death and the last days are final; somebody who has left the country may be back by the day of entry.
        let over =
            self.death.is_some_and(|d| d <= entry) || entry >= number(2013, 9, 30) || entry >= months_later(index, 18);
        let had_event = (index..entry).any(|d| self.visits.contains(&d));
        let away = !self.is_resident(entry) || !self.is_resident(entry + 1);
        if over || away || (had_event && !rules.later_event) {
            return None;
        }
        let mut today = entry;
        loop {
            today += 1;
            let first = rules.death_first && self.death == Some(today);
            if self.visits.contains(&today) && !first {
                return Some((index, entry, today, true));
            }
            if self.ends(index, today) {
                return Some((index, entry, today, false));
            }
        }
    }

    /// What every covariate is as of a day, as text; a covariate without a value is `None`.
    fn values(&self, index: i32, entry: i32, day: i32) -> Vec<(&'static str, Option<String>)> {
        let some = |text: &str| Some(text.to_owned());
        let class = |x: i32, edges: &[i32]| match edges.iter().filter(|e| **e <= x).count() {
            0 => None,
            n if n == edges.len() => Some(format!("{} or more", edges[n - 1])),
            n if edges[n] - edges[n - 1] == 1 => Some(edges[n - 1].to_string()),
            n => Some(format!("{}-{}", edges[n - 1], edges[n] - 1)),
        };
        let passed_by =
            |since: i32, day: i32, years: &[f64]| years.iter().filter(|y| has_passed(since, day, **y)).count();
        let passed = |since: i32, years: &[f64]| passed_by(since, day, years);
        let age = |day: i32| {
            let age = ["", "0 to under 20", "20 to under 20.5", "20.5 to under 30", "30 to under 31", "31 to under 32"];
            let passed = passed_by(self.birth, day, &[0.0, 20.0, 20.5, 30.0, 31.0, 32.0, 50.0]);
            let old = has_passed(self.birth, day, 50.0);
            *age.get(passed).unwrap_or(if old { &"50 or more" } else { &"32 to under 50" })
        };
        let year = ymd(day).0;
        let period = match year {
            2009 | 2010 => "2009 and 2010",
            2011 => "2011",
            2012 => "2012",
            _ => "2013 and 2014",
        };
        let stay = self.residence.iter().map(|r| r.0).min().map(|from| passed(from, &[0.0, 5.0, 6.0, 7.0]));
        let stay = if self.sex == 2 { "7 or more" } else { ["", "0-4", "5", "6", "7 or more"][stay.unwrap()] };
        let operation = self.operation.filter(|d| *d <= day).and_then(|d| class(day - d, &[0, 1, 60]));
        let civil = |day: i32, after: i32| {
            let known = self.civil.iter().filter(|c| c.0 <= day && c.0 >= after).max_by_key(|c| c.0);
            known.map_or("unknown".to_owned(), |c| c.1.to_string())
        };
        let lagged = day - 3;
        let ward = |day: i32| self.wards.iter().filter(|w| w.0 <= day && day <= w.1).max_by_key(|w| w.0).map(|w| w.2);
        let drugs = |from: i32, to: i32| self.drugs.iter().filter(move |d| from <= d.0 && d.0 <= to);
        let yes = |b: bool| some(if b { "yes" } else { "no" });
        let exposed = |day: i32| drugs(months_later(day, -2), day - 1).any(|d| d.2 == "x");
        let packs = drugs(day - 45, day).count();
        let since_drug = drugs(i32::MIN, day).map(|d| d.0).max().and_then(|d| class(day - d, &[0, 10, 40]));
        let since_drug = if self.sex == 2 { some("0-9") } else { since_drug.or(some("40 or more")) };
        let kind = |day: i32| {
            let known = drugs(months_later(day, -1), day).filter(|d| d.1.is_some()).max_by_key(|d| d.0).map(|d| d.2);
            known.unwrap_or("none")
        };
        let income = |year: i32| {
            (year - 3..year).rev().find_map(|y| self.income.get(&y).copied().flatten()).unwrap_or(-1.0).to_string()
        };
        let school = |year: i32| some(self.school.get(&year).copied().unwrap_or("unknown"));
        let now = civil(day, i32::MIN);
        let state = if packs > 1 && now == "1" {
            "p"
        } else if exposed(day) {
            "q"
        } else {
            "r"
        };
        let civil_at_entry = civil(entry, months_later(entry, -24));
        let state_at_entry = match (civil_at_entry.as_str(), exposed(entry)) {
            ("1", _) => "p",
            (_, true) => "q",
            _ => "r",
        };
        let last_drug = drugs(i32::MIN, entry).map(|d| entry - d.0).min().unwrap_or(-1);
        let halves = if year <= 2011 { "early" } else { "late" };
        vec![
            ("sex", some(&self.sex.to_string())),
            ("age", some(age(day))),
            ("period", some(period)),
            ("year", some(&year.to_string())),
            ("since_index", class(day - index, &[0, 30, 90, 365])),
            ("since_operation", operation.or(some("60 or more"))),
            ("stay", some(stay)),
            ("civil", some(&now)),
            ("civil_at_index", some(&civil(index, months_later(index, -24)))),
            ("ward", ward(lagged).map(str::to_owned)),
            ("exposed", yes(exposed(day))),
            ("exposed_late", yes(drugs(i32::MIN, day - 20).next().is_some())),
            ("packs", some(&packs.to_string())),
            ("packs_before", some(&drugs(months_later(index, -12), index).count().to_string())),
            ("dose", some(&drugs(index + 1, day).filter_map(|d| d.1).fold(0.0, |sum, x| sum + x).to_string())),
            ("since_drug", since_drug),
            ("kind", some(kind(day))),
            ("income", some(&income(year))),
            ("school", school(ymd(day - 100).0)),
            ("age_at_entry", some(age(entry))),
            ("civil_at_entry", some(&civil_at_entry)),
            ("ward_at_entry", some(ward(entry).unwrap_or("nowhere"))),
            ("packs_between", some(&drugs(index + 1, entry).count().to_string())),
            ("exposed_at_entry", yes(exposed(entry))),
            ("kind_at_entry", some(kind(entry))),
            ("income_at_entry", some(&income(ymd(entry).0))),
            ("school_at_entry", school(ymd(entry).0)),
            ("delay", some(&(entry - index).to_string())),
            ("year_of_entry", some(&ymd(entry).0.to_string())),
            ("since_drug_at_entry", some(&last_drug.to_string())),
            ("state_at_entry", some(state_at_entry)),
            ("state", some(state)),
            ("two_periods", some(if packs == 2 { "two" } else { halves })),
        ]
    }
}

pub fn cell(table: &Table, name: &str, row: usize) -> String {
    match &table.column(name).unwrap().data {
        ColumnData::Factor(f) => f.levels[f.codes.get(row).unwrap() as usize].clone(),
        ColumnData::Number(v) => v[row].to_string(),
        ColumnData::Whole(v) => v[row].to_string(),
        ColumnData::Logical(v) => v[row].unwrap().to_string(),
        ColumnData::Day(v) => v[row].to_string(),
    }
}

/// Every day of every record has what was counted for it, no day is missing or there twice, and no two neighbours are equal.
fn compare(
    loaded: &Loaded,
    persons: &[Person],
    rules: &Rules,
    origin: impl Fn(&Person, i32) -> i32,
    leave_out: bool,
) -> (usize, usize) {
    let table = &loaded.table;
    let whole = |name: &str, row: usize| cell(table, name, row).parse::<i32>().unwrap();
    let mut row = 0;
    let mut events = 0;
    for (i, person) in persons.iter().enumerate() {
        let Some((index, entry, last, event)) = person.follow(rules) else { continue };
        let zero = origin(person, index);
        let mut neighbour: Option<(i32, Vec<String>)> = None;
        let mut day = entry;
        while day < last {
            let values = person.values(index, entry, day);
            let ward = values.iter().any(|(_, value)| value.is_none());
            if ward && leave_out {
                day += 1;
                continue;
            }
            assert_eq!(whole("person", row), i as i32, "{rules:?}, day {}, {person:?}", text(day));
            assert_eq!(whole("entry", row), day - zero, "person {i}, day {}", text(day));
            let exit = whole("exit", row) + zero;
            let now: Vec<String> = values.iter().map(|(name, _)| cell(table, name, row)).collect();
            assert!(
                neighbour.as_ref().is_none_or(|(end, before)| *end < day || *before != now),
                "a needless cut at {}",
                text(day)
            );
            while day < exit {
                for (name, value) in person.values(index, entry, day) {
                    let value = value.unwrap_or("none".to_owned());
                    assert_eq!(cell(table, name, row), value, "{name} of person {i} as of {}", text(day));
                }
                day += 1;
            }
            assert_eq!(cell(table, "event", row), (event && day == last).to_string());
            assert_eq!(cell(table, "exit_reason", row) == "visit", event && day == last);
            events += usize::from(event && day == last);
            neighbour = Some((exit, now));
            row += 1;
        }
    }
    assert_eq!(row, table.n_rows(), "no record but these");
    let of_event = loaded.exits.iter().find(|e| e.is_event).unwrap();
    assert_eq!(of_event.persons as usize, events);
    (events, row)
}

#[test]
fn every_day_has_the_values_that_counting_day_by_day_gives() {
    let scales = [
        ("scale = \"since_index\"", (|_, index| index) as fn(&Person, i32) -> i32),
        ("scale = \"age\"\norigin = \"persons.birth\"", |person, _| person.birth),
        ("scale = \"calendar\"", |_, _| 0),
    ];
    let mut total = (0, 0);
    let mut ties = [0, 0];
    for seed in 0..12 {
        let mut random = Random(1000 + seed);
        let persons: Vec<Person> = (0..100).map(|_| generate(&mut random)).collect();
        let (scale, origin) = scales[seed as usize % 3];
        let rules = Rules {
            entry: [Entry::AtIndex, Entry::AtIndex, Entry::Late, Entry::Latest][seed as usize / 3],
            later_event: seed % 4 > 1,
            death_first: seed % 2 == 0,
        };
        let leave_out = seed % 2 == 1;
        let ward = if leave_out { "\"exclude\"" } else { "{ level = \"none\" }" };
        let levels = if leave_out {
            "levels = [\"a\", \"b\"]\nif_missing"
        } else {
            "levels = [\"a\", \"b\", \"none\"]\nif_missing"
        };
        let covariates = COVARIATES.replace("levels = [\"a\", \"b\", \"none\"]\nif_missing", levels);
        let covariates = covariates.replace("\n[[model]]\n", ROWS_AT_ENTRY);
        let mut delivery = Delivery::default();
        delivery.study = extracts() + &rules.write(&COHORT.replace("SCALE", scale)) + &covariates.replace("WARD", ward);
        write(&delivery, &persons);
        let loaded = delivery.load().unwrap_or_else(|error| panic!("{error}"));
        let (events, records) = compare(&loaded, &persons, &rules, origin, leave_out);
        total = (total.0 + events, total.1 + records);
        // An event on the day of death, counted whichever way it went.
        let followed = persons.iter().filter_map(|p| p.follow(&rules).map(|f| (p, f)));
        let tied = followed.filter(|(p, (_, _, last, _))| p.death == Some(*last) && p.visits.contains(last)).count();
        let message = if rules.death_first { "the exit came first" } else { "the event counts" };
        let told = noted(&loaded, "follow_up", message).unwrap_or(0) as usize;
        assert!(told >= tied, "{told} events on the day of an exit, of them {tied} on that of death");
        ties[usize::from(rules.death_first)] += tied;
    }
    assert!(total.0 > 60 && total.1 > 1200, "{total:?} events and records say nothing");
    assert!(ties.iter().all(|n| *n > 3), "{ties:?} events on the day of death say nothing");
}
