//! From index date to exit: what counts as the event, what ends follow-up, and person-time that cannot be.

use crate::loader::{Delivery, excluded, noted, records};
use cohort::loader::Loaded;
use cohort::table::ColumnData;
use std::fmt::Write;

/// Events outside follow-up in one line of the checks, and the persons who have them.
fn outside(loaded: &Loaded, looked_for: &str) -> (u64, u64) {
    let line = loaded.events_outside.iter().find(|c| c.looked_for.starts_with(looked_for));
    line.map(|c| (c.found, c.persons)).unwrap_or_else(|| panic!("{:?}", loaded.events_outside))
}

#[test]
fn a_visit_on_the_day_of_entry_means_what_the_study_says() {
    let mut delivery = Delivery::default();
    delivery.add("visits.csv", "a1;20100201;x\n"); // the index date of a1
    let loaded = delivery.load().unwrap();
    assert!(excluded(&loaded).contains(&("visit not on the day of entry", 1)));
    delivery.replace("event_at_entry = \"exclude\"", "event_at_entry = \"later_event\"");
    let loaded = delivery.load().unwrap();
    assert_eq!(records(&loaded.table)[0], (0, 0, 120, true));
    assert_eq!(outside(&loaded, "event on the day of entry (does not count"), (1, 1));
    assert_eq!(outside(&loaded, "further event after the one that ended follow-up"), (1, 1));
    delivery.replace("\"later_event\"", "\"next_day\"");
    let loaded = delivery.load().unwrap();
    assert_eq!(records(&loaded.table)[0], (0, 0, 1, true));
    // The moved event ended follow-up; it is not before it as well.
    assert_eq!(outside(&loaded, "event before the index date"), (0, 0));
    assert_eq!(outside(&loaded, "further event after the one that ended follow-up"), (2, 1));
    assert_eq!(noted(&loaded, "follow_up", "counted one day after it"), Some(1));
    delivery.replace("\"next_day\"", "\"error\"");
    let error = delivery.error();
    assert!(
        error.starts_with("follow_up.event: 1 person with visit on the day of entry; set event_at_entry"),
        "{error}"
    );
}

#[test]
fn an_event_on_the_day_of_an_exit_counts() {
    let delivery = Delivery::default();
    delivery.add("visits.csv", "a2;20110131;x\na3;20130101;x\n"); // the day a2 dies; the day after a3 emigrates
    assert_eq!(delivery.records()[1..], [(1, 0, 113, true), (2, 0, 213, false)]);
}

#[test]
fn an_exit_may_come_before_an_event_on_its_day() {
    let mut delivery = Delivery::default();
    delivery.add("visits.csv", "a2;20110131;x\na3;20121231;x\n"); // the day a2 dies; the day a3 emigrates
    let loaded = delivery.load().unwrap();
    assert_eq!(records(&loaded.table)[1..], [(1, 0, 113, true), (2, 0, 213, true)]);
    assert_eq!(noted(&loaded, "follow_up", "day of an exit: the event counts"), Some(2));
    // One exit says so for itself; then all of them, but for one.
    delivery.replace("date = \"persons.death\"", "date = \"persons.death\"\nevent_at_exit = \"exit_first\"");
    let loaded = delivery.load().unwrap();
    assert_eq!(records(&loaded.table)[1..], [(1, 0, 113, false), (2, 0, 213, true)]);
    assert_eq!(noted(&loaded, "follow_up", "the exit came first, the event does not count"), Some(1));
    assert_eq!(noted(&loaded, "follow_up", "day of an exit: the event counts"), Some(1));
    delivery.replace("event_at_exit = \"exit_first\"", "event_at_exit = \"event_first\"");
    delivery.replace("event_at_entry", "event_at_exit = \"exit_first\"\nevent_at_entry");
    assert_eq!(delivery.records()[1..], [(1, 0, 113, true), (2, 0, 213, false)]);
}

/// The last day of the longest follow-up belongs to it, whatever the study says of exits.
#[test]
fn an_event_on_the_last_day_of_the_maximum_counts() {
    let mut delivery = Delivery::default();
    delivery.replace("maximum = \"365 days\"", "maximum = \"120 days\"\nevent_at_exit = \"exit_first\"");
    assert_eq!(delivery.records(), [(0, 0, 120, true), (1, 0, 113, false), (2, 0, 120, false)]);
}

#[test]
fn who_enters_late_is_at_risk_from_that_day_on() {
    let mut delivery = Delivery::default();
    delivery.replace("event_at_entry", "entry = \"30 days\"\nevent_between = \"exclude\"\nevent_at_entry");
    let loaded = delivery.load().unwrap();
    assert_eq!(records(&loaded.table), [(0, 30, 120, true), (1, 30, 113, false), (2, 30, 213, false)]);
    assert_eq!(noted(&loaded, "follow_up.entry", "entered later than the index date"), Some(3));
    assert_eq!(noted(&loaded, "follow_up.entry", "not at risk"), Some(90));
    // a1 has a visit on day 120, and a2 is dead by then: neither is an error of the data.
    delivery.replace("\"30 days\"", "\"120 days\"");
    let loaded = delivery.load().unwrap();
    assert_eq!(records(&loaded.table), [(2, 120, 213, false)]);
    let lines = excluded(&loaded);
    assert!(lines.contains(&("visit not on the day of entry", 1)), "{lines:?}");
    assert!(lines.contains(&("still under observation at entry", 1)), "{lines:?}");
    delivery.replace("\"120 days\"", "\"130 days\"");
    assert!(excluded(&delivery.load().unwrap()).contains(&("visit not between index date and entry", 1)));
    delivery.replace("event_between = \"exclude\"", "event_between = \"later_event\"");
    let loaded = delivery.load().unwrap();
    assert_eq!(records(&loaded.table), [(0, 130, 150, true), (2, 130, 213, false)]);
    assert_eq!(outside(&loaded, "event between the index date and entry"), (1, 1));
    delivery.replace("event_between = \"later_event\"", "event_between = \"error\"");
    let error = delivery.error();
    assert!(
        error.starts_with(
            "follow_up.event: 1 person with visit on or after the index date and before entry; set event_between"
        ),
        "{error}"
    );
}

/// A register that begins, and consent; whichever is later. A date that is missing, or before the index date, delays nobody.
#[test]
fn a_register_that_begins_truncates_on_the_left() {
    let mut delivery = Delivery::default();
    delivery.replace("event_at_entry", "entry = 2010-03-01\nevent_between = \"error\"\nevent_at_entry");
    assert_eq!(delivery.records(), [(0, 28, 120, true), (1, 0, 113, false), (2, 0, 213, false)]);
    delivery.write(
        "persons.csv",
        "id;birth;death;sex;school;consent\na1;1970-01-15;;1;310000;2009-05-05\n\
         a2;1980-02-20;2011-01-31;2;099010;2010-10-12\na3;1990-03-25;;2;610000;\n",
    );
    delivery
        .replace("[extract.contacts]", "consent = { type = \"date\", format = \"YYYY-MM-DD\" }\n\n[extract.contacts]");
    delivery.replace("entry = 2010-03-01", "entry = [\"persons.consent\", 2010-03-01]");
    let loaded = delivery.load().unwrap();
    assert_eq!(records(&loaded.table), [(0, 28, 120, true), (1, 2, 113, false), (2, 0, 213, false)]);
    assert_eq!(noted(&loaded, "follow_up.entry", "without persons.consent"), Some(1));
    // Attained age and calendar time move with it.
    delivery.replace("scale = \"since_index\"", "scale = \"calendar\"");
    assert_eq!(delivery.records()[0], (0, 14_669, 14_761, true));
}

/// Somebody who is abroad on the index date and back by the day of entry is followed with the later spell.
#[test]
fn residence_is_that_of_the_day_of_entry() {
    let mut delivery = Delivery::default();
    delivery.write(
        "residence.csv",
        "id;from;to\na1;1970-01-15;2010-02-10\na1;2010-02-20;2010-05-01\na2;1980-02-20;2010-11-01\na3;1990-03-25;\n",
    );
    delivery.replace("event_at_entry", "entry = \"30 days\"\nevent_between = \"exclude\"\nevent_at_entry");
    let loaded = delivery.load().unwrap();
    assert_eq!(records(&loaded.table), [(0, 30, 89, false), (2, 30, 365, false)]);
    assert!(excluded(&loaded).contains(&("still under observation at entry", 1)));
}

#[test]
fn a_late_entry_is_declared_whole() {
    let mut delivery = Delivery::default();
    let faulty = |delivery: &mut Delivery, with: &str, wanted: &str| {
        let before = delivery.study.clone();
        delivery.replace("event_at_entry", &format!("{with}\nevent_at_entry"));
        let fault = delivery.check().expect_err(with);
        assert!(fault.contains(wanted), "{fault}");
        delivery.study = before;
    };
    faulty(&mut delivery, "entry = \"30 days\"", "needs `event_between`");
    faulty(&mut delivery, "event_between = \"exclude\"", "everybody enters on the index date");
    faulty(&mut delivery, "entry = \"-3 days\"\nevent_between = \"exclude\"", "is not after the index date");
    faulty(&mut delivery, "entry = \"3 dsys\"\nevent_between = \"exclude\"", "is no length of time");
    faulty(&mut delivery, "entry = \"365 days\"\nevent_between = \"exclude\"", "nobody can be followed");
    faulty(&mut delivery, "entry = \"visits.date\"\nevent_between = \"exclude\"", "no column of the population");
    faulty(&mut delivery, "entry = []\nevent_between = \"exclude\"", "empty list");
    faulty(&mut delivery, "event_at_exit = \"later\"", "choose \"event_first\" or \"exit_first\"");
}

/// trap-11: every cause is an error with its count, and an attrition line where the study says so.
#[test]
fn impossible_person_time_is_counted_by_cause() {
    let mut delivery = Delivery::default();
    let persons = "id;birth;death;sex;school\na1;1970-01-15;2009-12-31;1;310000\na2;1980-02-20;2010-10-10;2;099010\na3;1990-03-25;;2;610000\n";
    delivery.write("persons.csv", persons);
    let error = delivery.error();
    let lines: Vec<&str> = error.lines().collect();
    assert!(lines[0].starts_with("follow_up.exit: 1 person with an exit before entry"), "{error}");
    assert!(lines[1].starts_with("follow_up.exit: 1 person with an exit on the day of entry: no person-time"));
    let rule = "on_invalid = { exit_before_entry = \"exclude\", exit_at_entry = \"exclude\" }\n[follow_up.event]";
    delivery.replace("[follow_up.event]", rule);
    let loaded = delivery.load().unwrap();
    assert!(excluded(&loaded).contains(&("exit not before entry", 1)));
    assert!(excluded(&loaded).contains(&("exit not on the day of entry", 1)));
    assert_eq!(records(&loaded.table), [(2, 0, 213, false)]);
}

#[test]
fn spells_that_overlap_or_run_backwards_are_errors() {
    let mut delivery = Delivery::default();
    delivery.add("residence.csv", "a3;2012-12-01;2013-01-31\n");
    let error = delivery.error();
    assert!(error.starts_with("extract residence: 1 person with overlapping spells"), "{error}");
    delivery.replace("[follow_up.event]", "on_invalid = { overlapping_spells = \"exclude\" }\n[follow_up.event]");
    let loaded = delivery.load().unwrap();
    assert!(excluded(&loaded).contains(&("no overlapping spells (residence)", 1)));
    let delivery = Delivery::default();
    delivery.add("residence.csv", "a1;2011-01-01;2010-12-31\n");
    assert!(delivery.error().starts_with("extract residence: 1 person with a spell that ends before it begins"));
}

#[test]
fn touching_spells_are_one_and_a_gap_ends_follow_up() {
    let delivery = Delivery::default();
    delivery.add("residence.csv", "a3;2013-01-01;2013-01-31\na3;2013-03-01;\n");
    assert_eq!(delivery.records()[2], (2, 0, 244, false)); // 2012-06-01 to 2013-01-31
}

/// trap-04: an event known by month only, in the month of entry.
#[test]
fn an_event_in_the_month_of_entry_needs_a_rule() {
    let mut delivery = Delivery::default();
    delivery.write("visits.csv", "id;date;ward\na1;201002;x\na2;201012;x\n");
    delivery.replace("format = \"YYYYMMDD\"", "format = \"YYYYMM\", place_in_month = \"first\"");
    assert!(delivery.check().unwrap_err().contains("same_month"));
    delivery.replace("event_at_entry = \"exclude\"", "event_at_entry = \"exclude\"\nsame_month = \"error\"");
    assert!(delivery.error().starts_with("follow_up.event: 1 person with visit in the month of entry"));
    delivery.replace("same_month = \"error\"", "same_month = \"event_after_entry\"");
    assert_eq!(delivery.records()[..2], [(0, 0, 1, true), (1, 0, 52, true)]);
    delivery.replace("same_month = \"event_after_entry\"", "same_month = \"exclude\"");
    let loaded = delivery.load().unwrap();
    assert!(excluded(&loaded).contains(&("visit not in the month of entry", 1)));
}

#[test]
fn attained_age_and_calendar_time_move_entry_and_exit_together() {
    let mut delivery = Delivery::default();
    delivery.replace("scale = \"since_index\"", "scale = \"calendar\"");
    assert_eq!(delivery.records()[0], (0, 14_641, 14_761, true)); // 2010-02-01 is day 14641 from 1970-01-01
    delivery.replace("scale = \"calendar\"", "scale = \"age\"\norigin = \"persons.birth\"");
    assert_eq!(delivery.records()[0], (0, 14_627, 14_747, true)); // born on day 14
    delivery.write(
        "persons.csv",
        "id;birth;death;sex;school\na1;;;1;310000\na2;2011-01-01;;2;099010\na3;1990-03-25;;2;610000\n",
    );
    let error = delivery.error();
    assert_eq!(error.lines().count(), 2, "{error}");
    assert!(error.starts_with("follow_up.origin: 1 person without a date of birth"));
}

#[test]
fn windows_before_the_index_date_include_both_ends() {
    let mut delivery = Delivery::default();
    let step = |any: &str| {
        format!(
            "[[cohort.step]]\nlabel = \"wash-out\"\nexclude = {{ {any} = \"visits\", date = \"date\", \
             within = [\"-24 months\", \"-1 day\"] }}\n\n[follow_up]\n"
        )
    };
    delivery.replace("[follow_up]\n", &step("any"));
    delivery.write("visits.csv", "id;date;ward\na1;20080131;x\na2;20081010;x\na3;20120601;x\n");
    // a1: a day too early. a2: the first day of the window. a3: the index date itself, which is outside.
    let loaded = delivery.load().unwrap();
    assert!(excluded(&loaded).contains(&("wash-out", 1)));
    delivery.replace("{ any = \"visits\"", "{ none = \"visits\"");
    assert!(excluded(&delivery.load().unwrap()).contains(&("wash-out", 2)));
}

/// The sanity report: one person for everything that can be wrong with dates, and every one is counted under its name.
#[test]
fn every_planted_fault_is_counted() {
    let mut delivery = Delivery::default();
    let persons = [
        ("b1", ""),           // nothing: two equal visits, before and after the end, and a gap in residence
        ("b2", "2010-10-10"), // dies on the day of entry: zero length
        ("b3", ""),           // overlapping spells
        ("b4", "2009-01-01"), // dead before entry: end before start
        ("b5", ""),           // visit on the day of entry
        ("b6", ""),           // a spell that runs backwards
        ("b7", "2010-12-01"), // visit on the day of death, and one after it
    ];
    for (id, death) in persons {
        delivery.add("persons.csv", &format!("{id};1980-01-01;{death};1;310000\n"));
        delivery.add("contacts.csv", &format!("{id};10.10.2010;P76;ICPC-2\n"));
    }
    delivery.add("contacts.csv", "b1;10.10.2010;P76;ICPC-2\n");
    delivery.add(
        "visits.csv",
        "b1;20100901;x\nb1;20101201;x\nb1;20101201;x\nb5;20101010;x\nb7;20101201;x\nb7;20101205;x\n",
    );
    delivery.add(
        "residence.csv",
        "b1;1980-01-01;2010-10-31\nb1;2010-11-15;\nb2;1980-01-01;\nb3;1980-01-01;2011-01-01\nb3;2010-12-01;\n\
         b4;1980-01-01;\nb5;1980-01-01;\nb6;1980-01-01;1979-01-01\nb7;1980-01-01;2010-06-30\nb7;2010-07-01;\n",
    );
    let causes = ["exit_before_entry", "exit_at_entry", "reversed_spell", "overlapping_spells"];
    let excluded_causes: Vec<String> = causes.iter().map(|c| format!("{c} = \"exclude\"")).collect();
    let rule = format!("on_invalid = {{ {} }}\n[follow_up.event]", excluded_causes.join(", "));
    // b6 is nowhere on the index date.
    delivery.replace(
        "include = { spells = \"residence\", from = \"from\", to = \"to\", at = \"index\" }",
        "include = \"sex >= '1'\"",
    );
    let error = delivery.error();
    assert!(error.contains("1 person with a spell that ends before it begins"), "{error}");
    assert!(error.contains("1 person with overlapping spells"), "{error}");
    delivery.replace("[follow_up.event]", &rule);
    let loaded = delivery.load().unwrap();
    let lines = excluded(&loaded);
    for line in [
        "no spell that ends before it begins (residence)",
        "no overlapping spells (residence)",
        "visit not on the day of entry",
        "exit not before entry",
        "exit not on the day of entry",
    ] {
        assert!(lines.contains(&(line, 1)), "{line}: {lines:?}");
    }
    // b1 emigrates on 2010-10-31; b7 has the visit on the day of death.
    assert_eq!(records(&loaded.table)[3..], [(3, 0, 21, false), (9, 0, 52, true)]);
    for (source, message, count) in [
        ("contacts", "all kept", 1),
        ("visits", "all kept", 1),
        ("residence", "with days between spells", 1),
        ("follow_up", "events on the day of an exit: the event counts", 1),
    ] {
        assert_eq!(noted(&loaded, source, message), Some(count), "{message}: {:?}", loaded.notes);
    }
    assert!(cohort::loader::checks(&loaded.table, false).iter().all(|c| c.found == 0));
    assert_eq!(outside(&loaded, "event after follow-up ended for another reason"), (1, 1));
    // b1; the visit of a1 lies before the first month that rows are kept of.
    assert_eq!(outside(&loaded, "event before the index date, from 2010-01-01 on"), (1, 1));
    // The second visits of a1 and b7.
    assert_eq!(outside(&loaded, "further event after the one that ended follow-up"), (2, 2));
}

/// A generator of small whole numbers: enough for test persons, the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(below)) as u32
    }
}

/// Follow-up counted the slow way, one day after the other, on generated persons with repeated visits, deaths,
/// several residence spells and ties on the same day.
#[test]
fn follow_up_equals_counting_day_by_day() {
    let day = |d: i32| cohort::day::Day(d).to_string();
    let (first, last) = (14_610, 15_705); // 2010-01-01 to 2012-12-31
    let mut dice = Dice(20_261_121);
    let mut texts =
        ["id;birth;death;sex;school\n", "id;date;codes;system\n", "id;date;ward\n", "id;from;to\n"].map(String::from);
    let mut wanted = Vec::new();
    for person in 0..400 {
        let id = format!("k{person:03}");
        let index = first + dice.roll((last - first + 1) as u32) as i32;
        let death = (dice.roll(3) == 0).then(|| index + 1 + dice.roll(400) as i32);
        let visits: Vec<i32> = (0..dice.roll(4)).map(|_| index - 100 + dice.roll(500) as i32).collect();
        // Spells that cover the index date; the next begins up to two days after the end, so that some touch.
        let mut spells = vec![(index - dice.roll(50) as i32, index + 1 + dice.roll(300) as i32)];
        for _ in 0..dice.roll(3) {
            let from = spells[spells.len() - 1].1 + 1 + dice.roll(2) as i32;
            spells.push((from, from + dice.roll(200) as i32));
        }
        writeln!(texts[0], "{id};1970-01-01;{};1;310000", death.map_or(String::new(), day)).unwrap();
        let (y, m, d) = cohort::day::Day(index).ymd();
        writeln!(texts[1], "{id};{d:02}.{m:02}.{y};P76;ICPC-2").unwrap();
        for &visit in &visits {
            writeln!(texts[2], "{id};{};x", day(visit).replace('-', "")).unwrap();
        }
        for &(from, to) in &spells {
            writeln!(texts[3], "{id};{};{}", day(from), day(to)).unwrap();
        }
        if visits.contains(&index) {
            continue; // leaves on the attrition line of the day of entry
        }
        let end_of_data = cohort::day::Day::from_ymd(2013, 6, 30).unwrap().0;
        let mut today = index;
        let event = loop {
            today += 1;
            let resident = |d: i32| spells.iter().any(|&(from, to)| from <= d && d <= to);
            if visits.contains(&today) {
                break true;
            }
            if death == Some(today) || !resident(today + 1) || today == end_of_data || today == index + 365 {
                break false;
            }
        };
        wanted.push((person, 0, today - index, event));
    }
    let delivery = Delivery::default();
    for (name, text) in ["persons.csv", "contacts.csv", "visits.csv", "residence.csv"].iter().zip(&texts) {
        delivery.write(name, text);
    }
    assert_eq!(delivery.records(), wanted);
}

/// Sex is known of a2 only until she dies; as of entry she has no value, but she never enters.
#[test]
fn a_covariate_as_of_entry_is_asked_of_those_who_enter() {
    let mut delivery = Delivery::default();
    delivery.write("civil.csv", "id;from;to;status\na1;2009-01-01;2010-02-20;1\na1;2010-02-21;;2\na2;2000-01-01;2010-12-31;1\na3;2000-01-01;;1\n");
    let civil = "[extract.civil]\nfile = \"civil.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nkey = \"id\"\n[extract.civil.columns]\n\
                 from = { type = \"date\", format = \"YYYY-MM-DD\" }\nto = { type = \"date\", format = \"YYYY-MM-DD\" }\n\
                 status = { type = \"code\", levels = [\"1\", \"2\"] }\n\n[extract.contacts]";
    delivery.replace("[extract.contacts]", civil);
    let covariates = "[covariate.civil]\nlabel = \"Civil status\"\nspells = \"civil\"\nfrom = \"from\"\nto = \"to\"\nvalue = \"status\"\n\
                      at = \"entry\"\nlevels = [\"1\", \"2\"]\nif_missing = \"error\"\n\n\
                      [covariate.delay]\ndays_since = \"index\"\nat = \"entry\"\nif_missing = \"error\"\n\n[[model]]";
    delivery.replace("[[model]]", covariates);
    delivery.replace("event_at_entry", "entry = \"115 days\"\nevent_between = \"exclude\"\nevent_at_entry");
    let loaded = delivery.load().unwrap();
    let civil = loaded.covariates.iter().find(|c| c.name == "civil").unwrap();
    assert_eq!((civil.timing.as_str(), civil.persons, civil.missing_before), ("entry", 2, 0));
    let ColumnData::Factor(values) = &loaded.table.column("civil").unwrap().data else { panic!("levels") };
    let levels: Vec<&str> = (0..2).map(|row| &*values.levels[values.codes.get(row).unwrap() as usize]).collect();
    assert_eq!(levels, ["2", "1"]);
    let ColumnData::Number(delays) = &loaded.table.column("delay").unwrap().data else { panic!("numbers") };
    assert_eq!(delays[..], [115.0, 115.0]);
    assert!(excluded(&loaded).contains(&("still under observation at entry", 1)));

    // Who enters without a value is an error, or a line of the flow.
    delivery.write("civil.csv", "id;from;to;status\na1;2009-01-01;2010-02-20;1\na3;2000-01-01;;1\n");
    assert!(delivery.error().starts_with("covariate.civil: 1 person in the cohort without a value"));
    delivery.replace(
        "levels = [\"1\", \"2\"]\nif_missing = \"error\"",
        "levels = [\"1\", \"2\"]\nif_missing = \"exclude\"",
    );
    let loaded = delivery.load().unwrap();
    let lines = excluded(&loaded);
    assert!(lines.contains(&("Civil status is known", 1)) && lines.contains(&("still under observation at entry", 1)));
    delivery.replace(
        "days_since = \"index\"\nat = \"entry\"",
        "days_since = \"visits.date\"\npick = \"last_before_entry\"\nat = \"index\"",
    );
    assert!(delivery.check().unwrap_err().contains("`last_before_entry` is for a covariate as of entry"));
}
