//! Who enters and when: windows of calendar and age, wash-out, residence before the index date, events along the flow,
//! matched comparison persons.

use crate::loader::{Delivery, excluded, levels, noted, records, whole};
use cohort::loader::Loaded;
use cohort::table::ColumnData;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The index date is the first event at an age, not the first event of those who happen to have the age.
#[test]
fn the_age_window_is_part_of_the_index() {
    let mut delivery = Delivery::default();
    // a1 is 40 from 2010-01-15 on; the contact of 1 February counts, one of the day before the birthday does not.
    delivery.add("contacts.csv", "a1;14.01.2010;P76;ICPC-2\n");
    assert_eq!(delivery.records()[0], (0, 0, 138, true));
    let age = "pick = \"first\"\nage = { birth = \"persons.birth\", from = 30, to = 40 }";
    delivery.replace("pick = \"first\"", age);
    let loaded = delivery.load().unwrap();
    // a1 was 39 on 14 January and stays so; a2 is 30; a3 is 22.
    assert_eq!(records(&loaded.table), [(0, 0, 138, true), (1, 0, 113, false)]);
    let label = "index event in contacts from 2010-01-01 to 2012-12-31, aged 30 to 40";
    assert!(excluded(&loaded).contains(&(label, 1)), "{:?}", excluded(&loaded));
    delivery.replace("from = 30, to = 40 }", "from = 40 }");
    assert_eq!(delivery.records(), [(0, 0, 120, true)]);
}

#[test]
fn a_wash_out_decides_which_event_is_the_index() {
    let mut delivery = Delivery::default();
    // A contact of the year before stands in the way of all contacts within 6 months, and those in the way of the next.
    delivery.add("contacts.csv", "a1;01.12.2009;P76;ICPC-2\na1;01.12.2010;P76;ICPC-2\n");
    let unsaid = |loaded: &Loaded| loaded.notes.iter().any(|n| n.message.starts_with("no wash-out is declared"));
    assert!(unsaid(&delivery.load().unwrap()));
    delivery.replace("pick = \"first\"", "pick = \"first\"\nwashout = \"6 months\"");
    let loaded = delivery.load().unwrap();
    assert_eq!(records(&loaded.table)[0], (0, 0, 365, false)); // index 2010-12-01, no visit in a year
    assert_eq!(
        loaded.attrition[1].label,
        "index event in contacts from 2010-01-01 to 2012-12-31, after 6 months without one"
    );
    delivery.replace("washout = \"6 months\"", "washout = \"none\"");
    assert_eq!(delivery.records()[0], (0, 0, 120, true));
}

#[test]
fn residence_before_the_index_date_is_counted_in_days() {
    let persons = |condition: &str| {
        let mut delivery = Delivery::default();
        // a1 was away for twenty days, a2 came nine days before the index date.
        let spells = "id;from;to\na1;1970-01-15;2008-12-31\na1;2009-01-21;\na2;2010-10-01;\na3;1990-03-25;\n";
        delivery.write("residence.csv", spells);
        let step = format!(
            "[[cohort.step]]\nlabel = \"two years resident\"\ninclude = {{ spells = \"residence\", from = \"from\", \
             to = \"to\", within = [\"-730 days\", \"0 days\"]{condition} }}\n\n[follow_up]\n"
        );
        delivery.replace("[follow_up]\n", &step);
        let loaded = delivery.load().unwrap();
        let line = loaded.attrition.iter().find(|s| s.label == "two years resident").unwrap();
        (whole(&loaded.table, "person"), line.excluded)
    };
    assert_eq!(persons(""), (vec![2], 2));
    assert_eq!(persons(", gap = \"20 days\""), (vec![0, 2], 1));
    assert_eq!(persons(", gap = \"19 days\""), (vec![2], 2));
    assert_eq!(persons(", at_least = \"711 days\""), (vec![0, 2], 1));
    assert_eq!(persons(", at_least = \"712 days\""), (vec![2], 2));
    assert_eq!(persons(", at_least = \"10 days\""), (vec![0, 1, 2], 0));
}

/// A stay abroad that the study allows for does not end follow-up.
#[test]
fn a_gap_in_residence_may_be_no_emigration() {
    let mut delivery = Delivery::default();
    delivery.write(
        "residence.csv",
        "id;from;to\na1;1970-01-15;\na2;1980-02-20;\na3;1990-03-25;2012-12-31\na3;2013-01-15;\n",
    );
    assert_eq!(delivery.records()[2], (2, 0, 213, false));
    let exit = "label = \"emigration\"\nspells = \"residence\"\nfrom = \"from\"\nto = \"to\"";
    delivery.replace(exit, &format!("{exit}\ngap = \"14 days\""));
    let loaded = delivery.load().unwrap();
    assert_eq!(records(&loaded.table)[2], (2, 0, 365, false));
    assert_eq!(noted(&loaded, "residence", "with up to 14 days between spells, which do not part them"), Some(1));
    assert_eq!(noted(&loaded, "residence", "with more than 14 days between spells"), Some(0));
}

/// A step that looks past the index date makes entry depend on the future, and it is said.
#[test]
fn a_window_past_the_index_date_is_remarked_on() {
    let mut delivery = Delivery::default();
    let step = "[[cohort.step]]\nlabel = \"stays\"\nexclude = { any = \"visits\", date = \"date\", \
                within = [\"0 days\", \"30 days\"] }\n\n[follow_up]\n";
    delivery.replace("[follow_up]\n", step);
    let is_said = |delivery: &Delivery| {
        delivery.load().unwrap().notes.iter().any(|n| n.message.starts_with("the window reaches past the index date"))
    };
    assert!(is_said(&delivery));
    delivery.replace("\"30 days\"", "\"0 days\"");
    assert!(!is_said(&delivery));
}

/// Every step is counted in persons and in events, also when it takes out nobody.
#[test]
fn the_flow_counts_persons_and_their_events() {
    let mut delivery = Delivery::default();
    let steps = "[[cohort.step]]\nlabel = \"women\"\ninclude = \"sex = '2'\"\n\n[[cohort.step]]\nlabel = \"all\"\ninclude = \"1 = 1\"\n\n[follow_up]\n";
    delivery.replace("[follow_up]\n", steps);
    delivery.add("visits.csv", "a2;20101101;x\n");
    let loaded = delivery.load().unwrap();
    let flow: Vec<_> = loaded.attrition.iter().map(|s| (s.persons, s.excluded, s.events, s.excluded_events)).collect();
    assert_eq!(
        flow,
        [
            (3, 0, None, None),
            (3, 0, Some(2), None),
            (3, 0, Some(2), Some(0)),
            (2, 1, Some(1), Some(1)),
            (2, 0, Some(1), Some(0)),
            (2, 0, Some(1), Some(0)),
        ]
    );
}

/// Codes in several columns of a row: any of them makes it the index.
#[test]
fn codes_may_stand_in_several_columns() {
    let mut delivery = Delivery::default();
    delivery.replace(
        "ward = { column = \"ward\", type = \"code\" }",
        "ward = { type = \"code\" }\nsecond = { type = \"code\" }",
    );
    delivery.write("visits.csv", "id;date;ward;second\na1;20100601;x;y\na1;20100701;y;x\na2;20101101;y;y\n");
    delivery.replace("label = \"visit\"\nextract = \"visits\"\ndate = \"date\"", "label = \"visit\"\nextract = \"visits\"\ndate = \"date\"\ncodes = { column = [\"ward\", \"second\"], codelist = \"x\" }");
    delivery.replace("[codelist.depression]", "[codelist.x]\ninclude = [\"x\"]\n\n[codelist.depression]");
    let loaded = delivery.load().unwrap();
    assert_eq!(records(&loaded.table)[..2], [(0, 0, 120, true), (1, 0, 113, false)]);
    let uses: Vec<_> =
        loaded.codes.iter().map(|c| (c.column.as_str(), c.lists[0].found[0].rows, c.uncovered[0].rows)).collect();
    assert_eq!(uses, [("codes", 4, 1), ("ward", 1, 2), ("second", 1, 2)]);
}

/// A population of `n` people of two sexes and ten birth years, of whom every tenth has an index event.
fn population(n: usize) -> Delivery {
    let delivery = Delivery::default();
    let mut files =
        ["id;birth;death;sex;school\n", "id;date;codes;system\n", "id;date;ward\n", "id;from;to\n"].map(String::from);
    let [persons, contacts, visits, residence] = &mut files;
    for i in 0..n {
        let (sex, year) = (i % 2 + 1, 1950 + (i * 7) % 10);
        let death = if i % 17 == 3 { "2010-06-30" } else { "" };
        writeln!(persons, "p{i:05};{year}-05-01;{death};{sex};310000").unwrap();
        if i % 10 == 4 {
            writeln!(contacts, "p{i:05};{:02}.{:02}.{};P76;ICPC-2", i % 28 + 1, i % 12 + 1, 2010 + i % 3).unwrap();
        }
        if i % 13 == 2 {
            writeln!(visits, "p{i:05};{}{:02}{:02};x", 2010 + i % 4, i % 12 + 1, i % 28 + 1).unwrap();
        }
        // Some move away, and come back too late.
        let to = if i % 11 == 5 { "2010-12-31" } else { "" };
        writeln!(residence, "p{i:05};1970-01-15;{to}").unwrap();
    }
    for (name, text) in ["persons.csv", "contacts.csv", "visits.csv", "residence.csv"].into_iter().zip(&files) {
        delivery.write(name, text);
    }
    delivery
}

/// The study of [`population`] with matched comparison persons.
fn matched(n: usize, replacement: &str) -> Delivery {
    let mut delivery = population(n);
    let invalid = "on_invalid = { exit_before_entry = \"exclude\", exit_at_entry = \"exclude\" }\n[follow_up.event]";
    delivery.replace("[follow_up.event]", invalid);
    let rule = format!(
        "[cohort.matching]\nby = [\"sex\", \"EXTRACT(YEAR FROM birth)\"]\nratio = 3\nreplacement = \"{replacement}\"\n\
         when_exposed = \"exit\"\nseed = 1\n\n[[cohort.step]]\nlabel = \"resident"
    );
    delivery.replace("[[cohort.step]]\nlabel = \"resident", &rule);
    let covariates = "[covariate.group]\nmatching = \"group\"\nif_missing = \"error\"\n\
        levels = [\"comparison\", \"exposed\"]\n\n[covariate.set]\nmatching = \"set\"\nif_missing = \"error\"\n\n\
        [covariate.birth_year]\nyear_of = \"persons.birth\"\nif_missing = \"error\"\n\n\
        [[model]]\nname = \"matched\"\nformula = \"group + strata(set)\"\n\n[[model]]";
    delivery.replace("[[model]]", covariates);
    delivery
}

fn numbers(loaded: &Loaded, name: &str) -> Vec<f64> {
    match &loaded.table.column(name).unwrap().data {
        ColumnData::Number(v) => v.clone(),
        _ => panic!("{name} is a number"),
    }
}

/// Person, whether exposed, sex, birth year, exit.
type Member = (i32, bool, String, i32, i32);

/// The members of every set.
fn sets(loaded: &Loaded) -> BTreeMap<u32, Vec<Member>> {
    let (set, group) = (numbers(loaded, "set"), levels(&loaded.table, "group"));
    let (sex, year) = (levels(&loaded.table, "sex"), numbers(loaded, "birth_year"));
    let mut sets: BTreeMap<u32, Vec<Member>> = BTreeMap::new();
    for (i, (person, _, exit, _)) in records(&loaded.table).into_iter().enumerate() {
        let row = (person, group[i] == "exposed", sex[i].clone(), year[i] as i32, exit);
        sets.entry(set[i] as u32).or_default().push(row);
    }
    sets
}

#[test]
fn comparison_persons_equal_the_exposed_and_pass_the_same_rules() {
    let loaded = matched(2000, "without").load().unwrap();
    let sets = sets(&loaded);
    let mut used = BTreeSet::new();
    for set in sets.values() {
        assert_eq!(set.iter().filter(|row| row.1).count(), 1, "one exposed person a set");
        assert!((2..=4).contains(&set.len()));
        assert!(set.iter().all(|row| (&row.2, row.3) == (&set[0].2, set[0].3)), "{set:?}");
        // Dead by mid 2010 or gone by the end of 2010: not at risk on a later index date, for at most a year on an earlier.
        for row in set.iter().filter(|row| !row.1) {
            assert!(used.insert(row.0), "nobody is a comparison person twice");
            assert!(row.4 > 0 && row.4 <= 365);
        }
    }
    let exposed = loaded.attrition.iter().rev().nth(1).unwrap();
    let added = loaded.attrition.last().unwrap();
    assert_eq!(exposed.persons, sets.len() as u64);
    assert_eq!(added.added, Some(used.len() as u64));
    assert_eq!(added.persons, loaded.table.n_rows() as u64);
    let events = records(&loaded.table).iter().filter(|r| r.3).count() as u64;
    assert_eq!(added.events, Some(events));
    let said = "equal in sex, EXTRACT(YEAR FROM birth); 3 for each exposed person, without replacement, seed 1";
    assert!(loaded.notes.iter().any(|n| n.message.contains(said)));
    // Exposed persons by number of comparison persons add up.
    let by_number: u64 =
        (0..=3).filter_map(|n| noted(&loaded, "cohort.matching", &format!("exposed persons with {n} of 3"))).sum();
    let before = loaded.attrition[loaded.attrition.len() - 3].persons;
    assert_eq!(by_number, before);
    // A comparison person with an index event later leaves on that day.
    let later = loaded.exits.iter().find(|e| e.reason == "own index event of a comparison person").unwrap();
    assert!(later.persons > 0);
}

/// Who cannot be at risk on the index date is never drawn: checked against the delivery, person by person.
#[test]
fn nobody_is_compared_who_is_dead_gone_or_exposed() {
    let loaded = matched(2000, "with").load().unwrap();
    let index_of = |i: usize| {
        let (day, month, year) = (i % 28 + 1, i % 12 + 1, 2010 + i % 3);
        (i % 10 == 4).then(|| cohort::day::Day::from_ymd(year as i32, month as u32, day as u32).unwrap().0)
    };
    let day = |y, m, d| cohort::day::Day::from_ymd(y, m, d).unwrap().0;
    for set in sets(&loaded).values() {
        let exposed = set.iter().find(|row| row.1).unwrap().0 as usize;
        let index = index_of(exposed).expect("the exposed person has an index event");
        let mut persons = BTreeSet::new();
        for row in set.iter().filter(|row| !row.1) {
            let i = row.0 as usize;
            assert!(persons.insert(i), "once in a set");
            assert!(index_of(i).is_none_or(|own| own > index), "not exposed yet");
            assert!(i % 17 != 3 || day(2010, 6, 30) > index, "alive");
            assert!(i % 11 != 5 || day(2010, 12, 31) > index, "resident");
            if let Some(own) = index_of(i) {
                assert!(row.4 <= own - index, "leaves when exposed");
            }
        }
    }
}

#[test]
fn matching_gives_the_same_bytes_for_any_order_and_number_of_threads() {
    let delivery = matched(600, "without");
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let loaded = pool.install(|| delivery.load()).unwrap();
        format!("{:?}{:?}{:?}", loaded.table, loaded.attrition, loaded.notes)
    };
    let first = run(1);
    assert_eq!(run(5), first);
    for name in ["persons.csv", "contacts.csv", "residence.csv"] {
        delivery.reverse(name);
    }
    assert_eq!(run(2), first);
}

/// A bigger `at_least` takes out the exposed persons with fewer comparison persons, on a line of the flow.
#[test]
fn exposed_persons_without_enough_comparison_persons_leave() {
    let mut delivery = matched(100, "without");
    delivery.replace("ratio = 3", "ratio = 9\nat_least = 4");
    let loaded = delivery.load().unwrap();
    let line = loaded.attrition.iter().find(|s| s.label == "at least 4 comparison persons").unwrap();
    assert!(line.excluded > 0 && line.persons > 0, "{:?}", loaded.attrition);
    assert!(sets(&loaded).values().all(|set| set.len() >= 5));
}

#[test]
fn a_matching_says_all_its_choices() {
    let mut delivery = matched(50, "without");
    delivery.replace("seed = 1\n", "").replace("when_exposed = \"exit\"\n", "").replace("ratio = 3\n", "");
    delivery.replace("replacement = \"without\"\n", "");
    let message = delivery.check().unwrap_err();
    for wanted in [
        "[cohort.matching] needs `ratio`; comparison persons for each exposed person, for example ratio = 5",
        "[cohort.matching] needs `seed`; sampling is random: for example seed = 20260101",
        "[cohort.matching] needs `when_exposed`",
        "[cohort.matching] needs `replacement`",
    ] {
        assert!(message.contains(wanted), "{wanted}\n{message}");
    }
}

/// What is matched by may be a covariate: its value as of the index date that the comparison person gets.
#[test]
fn comparison_persons_equal_the_exposed_in_covariates_at_index() {
    let mut delivery = matched(2000, "with");
    delivery.replace("\"EXTRACT(YEAR FROM birth)\"]", "\"age_group\", \"CASE WHEN seen = 'yes' THEN 1 ELSE 0 END\"]");
    let covariates = "[covariate.seen]\nany = \"visits\"\ndate = \"date\"\nwithin = [\"-12 months\", \"0 days\"]\nat = \"index\"\n\n\
        [covariate.age_group]\nyears_since = \"persons.birth\"\nat = \"index\"\ncut = [18, 55, 58, 60]\nopen_end = true\n\
        if_missing = \"error\"\n\n[covariate.birth_year]";
    delivery.replace("[covariate.birth_year]", covariates);
    let loaded = delivery.load().unwrap();
    let (set, seen, age) = (numbers(&loaded, "set"), levels(&loaded.table, "seen"), levels(&loaded.table, "age_group"));
    let mut of_set: BTreeMap<u32, BTreeSet<(&String, &String)>> = BTreeMap::new();
    for (i, set) in set.iter().enumerate() {
        of_set.entry(*set as u32).or_default().insert((&seen[i], &age[i]));
    }
    assert!(of_set.values().all(|values| values.len() == 1), "{of_set:?}");
    let of_seen = of_set.values().filter(|values| values.iter().any(|(seen, _)| *seen == "yes")).count();
    assert!(of_seen > 2 && of_set.len() > 100, "{of_seen} of {}", of_set.len());
    assert!(sets(&loaded).values().all(|set| set.iter().all(|row| row.2 == set[0].2)), "equal in sex");
    // Birth years differ within an age group, so that matching by it would not be the same.
    assert!(sets(&loaded).values().any(|set| set.iter().any(|row| row.3 != set[0].3)));
    let said = "equal in sex, age_group, CASE WHEN seen = 'yes' THEN 1 ELSE 0 END; 3 for each";
    assert!(loaded.notes.iter().any(|n| n.message.contains(said)));
    for (by, wanted) in [
        ("'\"group\"'", "it says what matching made of a person; match by something else"),
        ("'sx'", "persons have no `sx`; declared: index_date, "),
    ] {
        let mut delivery = matched(50, "with");
        delivery.replace("\"EXTRACT(YEAR FROM birth)\"]", &format!("{by}]"));
        let message = delivery.check().unwrap_err();
        assert!(message.contains(wanted), "{message}");
    }
}

/// A person drawn for two exposed persons is followed twice at once, which is no fault of the records.
#[test]
fn checks_tell_sets_from_faults() {
    let loaded = matched(600, "with").load().unwrap();
    let persons: BTreeSet<i32> = records(&loaded.table).iter().map(|r| r.0).collect();
    let found = cohort::loader::checks(&loaded.table, true);
    let (sets, faults) = found.split_last().unwrap();
    assert!(faults.iter().all(|c| c.found == 0), "{faults:?}");
    assert_eq!(sets.found as usize, loaded.table.n_rows() - persons.len());
    assert!(sets.persons > 0 && sets.looked_for.contains("no fault"), "{sets:?}");
}
