//! Random studies with tiny groups: a delivery of some dozen people and the study that reads it.

use crate::support::Random;
use cohort::day::Day;
use cohort::loader::Quiet;
use cohort::pipeline::{NoOutputs, Stopwatch, run_study};
use cohort::report::Report;
use cohort::study;
use std::path::Path;

const STUDY: &str = r#"
[study]
name = "tiny"
title = "A tiny study"

[extract.people]
file = "people.csv"
delimiter = ";"
encoding = "utf-8"
key = { column = "id" }
one_per_person = true

[extract.people.columns]
sex = { column = "sex", type = "code", levels = ["1", "2"] }
group = { column = "group", type = "code", levels = ["a", "b", "c", "d"] }
region = { column = "region", type = "code", levels = ["n", "s", "w"] }
age = { column = "age", type = "whole" }
start = { column = "start", type = "date", format = "YYYY-MM-DD" }
visit = { column = "visit", type = "date", format = "YYYY-MM-DD" }
death = { column = "death", type = "date", format = "YYYY-MM-DD" }
end = { column = "end", type = "date", format = "YYYY-MM-DD" }

[extract.claims]
file = "claims.csv"
delimiter = ";"
encoding = "utf-8"
key = { column = "id", clean = ["trim", "upper"], strip_prefix = "K_", width = 4 }
min_matched = 0.5

[extract.claims.columns]
date = { column = "date", type = "date", format = "YYYY-MM-DD" }
code = { column = "code", type = "code" }

[codelist.excluding]
include = ["P70", "P71"]

[codelist.other]
include = ["P70-P99"]

[cohort]
population = "people"

[cohort.index]
date = "people.start"

[[cohort.step]]
label = "aged 18 or more"
include = "years >= 18"

[[cohort.step]]
label = "no such claim before"
exclude = { any = "claims", date = "date", within = ["-100 days", "-1 day"], codes = { column = "code", codelist = "excluding" } }

[[cohort.step]]
label = "not many other claims before"
exclude = { count = "claims", date = "date", within = ["-100 days", "-1 day"], codes = { column = "code", codelist = "other" }, at_least = 12 }

[follow_up]
scale = "since_index"
maximum = "365 days"
event_at_entry = "exclude"
on_invalid = { exit_at_entry = "exclude" }

[follow_up.event]
label = "visit"
date = "people.visit"

[[follow_up.exit]]
label = "death"
date = "people.death"

[[follow_up.exit]]
label = "end of data"
date = "people.end"

[covariate.years]
label = "Age"
from = "people.age"
if_missing = "error"

[covariate.sex]
label = "Sex"
from = "people.sex"
levels = [{ value = "1", label = "Men" }, { value = "2", label = "Women" }]
if_missing = "error"

[covariate.group]
label = "Group"
from = "people.group"
levels = [{ value = "a" }, { value = "b" }, { value = "c" }, { value = "d" }]
if_missing = "error"

[covariate.region]
label = "Region"
from = "people.region"
levels = [{ value = "n" }, { value = "s" }, { value = "w" }]
if_missing = { level = "w" }

[[model]]
name = "crude"
formula = "group"

[[model]]
name = "adjusted"
formula = "group + sex + region"

[[model]] # leaves the youngest out, and their groups' events with them
name = "from 20"
formula = "group + sex + sqrt(years - 20)"

[[model]]
name = "from 22"
formula = "group + region + sqrt(years - 22)"

[[model]] # hazard ratios that change, events by interval
name = "stepped"
formula = "group + tt(sex, step(120, 240))"

[[interaction]]
exposure = "group"
modifiers = ["sex", "region"]
model = "adjusted"

[[interaction]]
exposure = "group"
modifiers = ["sex"]
model = "from 20"

[[curve]]
at = "group=a, sex=1, region=n"
model = "adjusted"
times = [100.5, 250.5]

[[standardised]]
exposure = "group"
model = "adjusted"
times = [100.5, 250.5]

[[standardised]]
exposure = "group"
model = "from 22"
times = [250.5]

[table_one]
by = "group"
variables = ["sex", "region", "years"]

[describe]
by = ["group"]
times = [100.5, 250.5]
competing = ["death"]
log_rank = true
quantiles = [0.25, 0.5]
restricted_mean = 300

[disclosure]
profile = "dk-dst"
"#;

/// A delivery of some dozen people with small groups, a rule of the seed.
fn people(seed: u64) -> String {
    let mut random = Random(seed.wrapping_mul(7919));
    let n = 30 + random.below(120);
    let mut text = String::from("id;sex;group;region;age;start;visit;death;end\n");
    let skew = 0.2 + 0.5 * random.unit();
    for i in 0..n {
        let pick = |random: &mut Random, of: &[&'static str]| {
            let at = of.iter().position(|_| random.unit() > skew).unwrap_or(of.len() - 1);
            of[at]
        };
        let (sex, group) = (pick(&mut random, &["1", "2"]), pick(&mut random, &["a", "b", "c", "d"]));
        let region = pick(&mut random, &["n", "s", "w"]);
        let age = 17 + random.below(40);
        let day = |days: u32| {
            let Day(start) = Day::from_ymd(2010, 1, 1).expect("a day");
            Day(start + days as i32).to_string()
        };
        let later = |random: &mut Random, share: f64| match random.unit() < share {
            true => day(1 + random.below(500)),
            false => String::new(),
        };
        let (visit, death) = (later(&mut random, 0.5), later(&mut random, 0.05));
        let end = day(250 + random.below(300));
        text.push_str(&format!("{i:04};{sex};{group};{region};{age};2010-01-01;{visit};{death};{end}\n"));
    }
    text
}

/// Claims of some of them, most of them of one person again and again; a few keys are spelled otherwise, or are none.
fn claims(seed: u64, n_people: usize) -> String {
    const CODES: [&str; 8] = ["A01", "P70", "P71", "P74", "P76", "P80", "P99", "Z29"];
    let mut random = Random(seed.wrapping_mul(104_729));
    let dirt = 1 + random.below(12);
    let mut text = String::from("id;date;code\n");
    for id in 0..n_people {
        let (code, n) = (CODES[(random.unit() * random.unit() * 8.0) as usize], random.below(9));
        for k in 0..n.saturating_sub(3) {
            let code = if random.below(5) == 0 { CODES[random.below(8) as usize] } else { code };
            let key = spelled(id, dirt, &mut random);
            text.push_str(&format!("{key};2009-12-{:02};{code}\n", 1 + 3 * k));
        }
    }
    text
}

/// The key of a person as it is delivered; `dirt` of a hundred in each odd way.
fn spelled(id: usize, dirt: u32, random: &mut Random) -> String {
    match random.below(100) / dirt {
        0 => format!(" K_{id:04}"),
        1 => format!("k_{id:04}"),
        2 => format!("K_{id}"),
        3 => "K_".to_owned(),
        4 => String::new(),
        _ => format!("K_{id:04}"),
    }
}

/// The report of a random study, by the whole pipeline.
pub fn tiny_study(seed: u64, folder: &Path) -> Option<Report> {
    let people = people(seed);
    std::fs::write(folder.join("claims.csv"), claims(seed, people.lines().count() - 1)).expect("written");
    std::fs::write(folder.join("people.csv"), people).expect("written");
    let study = study::check(STUDY, &folder.join("study.toml"), None).unwrap_or_else(|faults| panic!("{faults}"));
    // A model of a study this small may have no events at all in a level; that is an error of its own.
    let run = run_study(&study, &mut Quiet, &mut NoOutputs, &mut Stopwatch::new(&|| 0.0));
    run.ok().map(|run| run.report)
}
