//! An attack on what leaves: whoever holds the files of `export/` writes down everything that adds up, narrows down what each
//! hidden count may be, and reads percentages, rates, person-time, curves and estimates backwards.
//!
//! | file | idea |
//! |---|---|
//! | `studies.rs` | random studies with tiny groups |
//! | `reading.rs` | what a reader of `results.json` knows to add up, in the words of the site and not of the program |
//! | `knowledge.rs` | bounds and equations; the attack, and the proof that none can do better |
//! | `numbers.rs` | numbers that are not counts |
//! | `files.rs` | the other files of `export/`, and what of `results.json` is read |
//!
//! Of the program it uses the files it writes, nothing else; only that the other files say no more than `results.json` is
//! shown by making them of it once more. What is asked of every small count: nobody can show that it is
//! below the threshold, nor tell its value. Its least possible value is 1, unless it is a sum of hidden counts.

mod files;
mod knowledge;
mod numbers;
mod reading;
mod studies;

use cohort::loader::Quiet;
use cohort::pipeline::{NoOutputs, Stopwatch, run_study};
use cohort::report::render::Format;
use cohort::report::{Existing, Manifest, OutputFolder, Profile, Report};
use cohort::study::{self, FigureOptions};
use reading::Site;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Profiles that differ in their rules.
const PROFILES: [&str; 8] =
    ["dk-dst", "no-ssb", "uk-opensafely", "uk-opensafely-midpoint6", "uk-ehrql-measures", "uk-llc", "acro", "us-drb"];

/// What an attack found out about the small counts of a run.
#[derive(Debug, Default)]
struct Findings {
    small: usize,
    least_is_one: usize,
    faults: Vec<String>,
}

/// Writes the results folder of a report under a profile.
fn write(report: &Report, profile: &Profile, place: &Path) -> PathBuf {
    let folder = OutputFolder::prepare(&place.join("out"), Existing::Replace).expect("a folder");
    folder.write_report(report, Some(profile), &[Format::Csv]).expect("written");
    folder.commit(&Manifest::default()).expect("a results folder")
}

fn read_json(path: PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("results.json")).expect("JSON")
}

/// Attacks `export/` of a results folder; `internal/` is what the attacker does not have.
fn attack(out: &Path, profile: &Profile) -> Findings {
    let (exported, original) =
        (read_json(out.join("export/results.json")), read_json(out.join("internal/results.json")));
    let site = Site { profile, exact: false };
    let truth = reading::read(&original, Site { profile, exact: true });
    let mut known = reading::read(&exported, site);
    let values = known.values(&truth);
    // A zero is hidden as well where it protects others: then a marker alone does not say that there is somebody.
    known.bounds.iter_mut().zip(&values).filter(|(b, value)| b.0 == 1 && **value == 0).for_each(|(b, _)| b.0 = 0);
    let mut found = Findings { faults: numbers::faults(&exported, &site), ..Findings::default() };
    found.faults.extend(known.contradictions(&values));
    if !found.faults.is_empty() {
        return found;
    }
    found.faults.extend(numbers::few_by_steps(&exported, &original, profile));
    found.faults.extend(numbers::codes_of_few(&exported, &original, &known, &values, profile));
    found.faults.extend(numbers::unknown_in_tables(&out.join("export"), &exported));
    known.propagate();
    for (name, &id) in known.names.iter().filter(|(name, _)| !name.starts_with("rest ")) {
        let Some(range) = protected(profile, values[id]).filter(|_| truth.names.contains_key(name)) else { continue };
        found.small += 1;
        found.least_is_one += usize::from(known.bounds[id].0 <= range.0);
        if !known.other_world(&values, id, range.1) {
            found.faults.push(format!("{name}: {} is known to be in {:?}", values[id], known.bounds[id]));
        }
    }
    found
}

/// Of a small count the least and the largest value that nobody may exclude; zero counts as small only where it is marked,
/// which [`Site::shown`] says.
fn protected(profile: &Profile, value: i64) -> Option<(i64, i64)> {
    let threshold = profile.threshold as i64;
    let site = Site { profile, exact: false };
    match site.shown(value) {
        _ if value == 0 || value >= threshold => None,
        None => Some((1, threshold)),
        Some(shown) if shown == value => None,
        Some(shown) => Some(site.read(shown)),
    }
}

/// Attacks the studies of some seeds under a profile.
fn attack_studies(seeds: std::ops::Range<u64>, profile: &str) {
    let profile = Profile::named(profile).expect("a profile");
    let folder = tempfile::tempdir().expect("a folder");
    let (mut small, mut least_is_one, mut ran) = (0, 0, 0);
    for seed in seeds.clone() {
        let Some(report) = studies::tiny_study(seed, folder.path()) else { continue };
        ran += 1;
        let found = attack(&write(&report, &profile, folder.path()), &profile);
        assert!(found.faults.is_empty(), "seed {seed}: {:#?}", found.faults);
        small += found.small;
        least_is_one += found.least_is_one;
    }
    assert!(ran * 10 >= (seeds.end - seeds.start) * 9, "{ran} studies ran");
    assert!(small as u64 > 10 * ran, "the studies have small groups: {small}");
    println!("{}: {ran} studies, {small} small counts, {least_is_one} of which may be at their least", profile.name);
}

/// A test for each profile, with seeds of its own.
macro_rules! attacks {
    ($($name:ident: $profile:literal, $seeds:expr;)*) => {
        $(#[test]
        fn $name() {
            attack_studies($seeds, $profile);
        })*
    };
}

attacks! {
    nobody_bounds_a_small_count_under_dk_dst: "dk-dst", 0..5;
    nobody_bounds_a_small_count_under_no_ssb: "no-ssb", 40..44;
    nobody_bounds_a_small_count_under_uk_opensafely: "uk-opensafely", 80..82;
    nobody_bounds_a_small_count_under_uk_opensafely_midpoint6: "uk-opensafely-midpoint6", 110..112;
    nobody_bounds_a_small_count_under_uk_ehrql_measures: "uk-ehrql-measures", 130..132;
    nobody_bounds_a_small_count_under_uk_llc: "uk-llc", 150..152;
    nobody_bounds_a_small_count_under_acro: "acro", 166..167;
    nobody_bounds_a_small_count_under_us_drb: "us-drb", 181..182;
}

/// 200 studies under the profiles in turn, or more: `COHORT_ATTACK_SEEDS=2000 cargo test attack -- --ignored`;
/// under one of them with `COHORT_ATTACK_PROFILE=uk-llc`.
#[test]
#[ignore = "some minutes; COHORT_ATTACK_SEEDS says how many studies"]
fn nobody_bounds_a_small_count_of_many_studies() {
    let seeds = std::env::var("COHORT_ATTACK_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(200_u64);
    let each = seeds.div_ceil(PROFILES.len() as u64);
    let only = std::env::var("COHORT_ATTACK_PROFILE").ok();
    for (profile, start) in PROFILES.iter().zip((1_000..).step_by(1_000_000)) {
        if only.as_ref().is_none_or(|only| only == profile) {
            attack_studies(start..start + each, profile);
        }
    }
}

/// Attacks the model study under some profiles; it runs once.
fn attack_model_study(profiles: &[&str]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/phc-opmh/study.toml");
    let text = std::fs::read_to_string(&path).expect("the model study");
    let study = study::check(&text, &path, None).unwrap_or_else(|faults| panic!("{faults}"));
    let run = run_study(&study, &mut Quiet, &mut NoOutputs, &mut Stopwatch::new(&|| 0.0)).expect("a run");
    let folder = tempfile::tempdir().expect("a folder");
    for name in profiles {
        let profile = Profile::named(name).expect("a profile");
        let found = attack(&write(&run.report, &profile, folder.path()), &profile);
        assert!(found.faults.is_empty(), "{name}: {:#?}", found.faults);
        println!("{name}: {} small counts, {} of which may be at their least", found.small, found.least_is_one);
    }
}

#[test]
fn nobody_bounds_a_small_count_of_the_model_study() {
    attack_model_study(&["dk-dst", "uk-opensafely"]);
}

#[test]
#[ignore = "a minute: every profile"]
fn nobody_bounds_a_small_count_of_the_model_study_under_any_profile() {
    attack_model_study(&PROFILES);
}

/// The attack finds what is to be found: without secondary suppression it gives small counts back.
#[test]
fn without_secondary_suppression_the_attack_succeeds() {
    let profile = Profile { secondary: false, ..Profile::named("dk-dst").expect("a profile") };
    let folder = tempfile::tempdir().expect("a folder");
    let mut faults = 0;
    for seed in 0..3 {
        let report = studies::tiny_study(seed, folder.path()).expect("a report");
        faults += attack(&write(&report, &profile, folder.path()), &profile).faults.len();
    }
    assert!(faults > 10, "{faults}");
}

/// Whatever file of `export/` is read, documents and figures too: it says nothing that `results.json` does not say.
#[test]
fn every_exported_file_is_made_of_the_results_file_alone() {
    let place = tempfile::tempdir().expect("a folder");
    let report = studies::tiny_study(1, place.path()).expect("a report");
    for name in ["dk-dst", "uk-opensafely"] {
        let figures = FigureOptions::default();
        let width = figures.width_mm;
        let folder = OutputFolder::prepare(&place.path().join("out"), Existing::Replace).expect("a folder");
        let folder = folder.with_figures(figures);
        folder
            .write_report(&report, Some(&Profile::named(name).expect("a profile")), &files::FORMATS)
            .expect("written");
        let out = folder.commit(&Manifest::default()).expect("a results folder");
        let n_files = std::fs::read_dir(out.join("export/figures")).expect("figures").count();
        assert!(n_files > 1, "{n_files} figures");
        assert_eq!(files::beyond_results(&out.join("export"), width), Vec::<String>::new(), "{name}");
    }
}

/// The attack reads what is made of counts: a mean with more places than the rule has, a standardised difference of other
/// numbers, a share of other persons, a mark that few were at risk.
#[test]
fn numbers_made_of_others_than_are_shown_are_found() {
    let place = tempfile::tempdir().expect("a folder");
    let report = studies::tiny_study(1, place.path()).expect("a report");
    let profile = Profile::named("acro").expect("a profile");
    let exported = serde_json::to_value(cohort::report::disclosure::apply(&report, &profile).0).expect("JSON");
    let faults = |report: &Value| numbers::faults(report, &Site { profile: &profile, exact: false }).len();
    assert_eq!(faults(&exported), 0);
    for pointer in numbers::made_of_counts(&exported) {
        let mut other = exported.clone();
        let leaf = other.pointer_mut(&pointer).expect("a place of the report");
        *leaf = leaf.as_f64().map_or(true.into(), |x| (x + 0.013).into());
        assert!(faults(&other) > 0, "{pointer}");
    }
}

/// The attack looks at every count that the results file of its studies may hold.
#[test]
fn the_attack_reads_every_count_of_the_results_file() {
    let place = tempfile::tempdir().expect("a folder");
    let report = studies::tiny_study(1, place.path()).expect("a report");
    let profile = Profile::none();
    let value = serde_json::to_value(&report).expect("JSON");
    let unread = files::unread_counts(&value, Site { profile: &profile, exact: true });
    assert_eq!(unread.into_iter().collect::<Vec<_>>(), Vec::<String>::new());
}

/// Texts of the results file are those of the study file: on other people they have the same digits.
#[test]
fn no_text_with_a_digit_depends_on_the_people() {
    let place = tempfile::tempdir().expect("a folder");
    let reports = [1, 4].map(|seed| studies::tiny_study(seed, place.path()).expect("a report"));
    for name in ["dk-dst", "uk-llc", "us-drb"] {
        let profile = Profile::named(name).expect("a profile");
        let [first, second] = [&reports[0], &reports[1]].map(|report| {
            let exported = cohort::report::disclosure::apply(report, &profile).0;
            files::texts_with_digits(&serde_json::to_value(&exported).expect("JSON"))
        });
        let paths: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
        let mut differ: BTreeSet<&str> =
            paths.iter().filter(|path| first.get(**path) != second.get(**path)).map(|path| path.as_str()).collect();
        // What the file is, and nothing of who is in it; codes that enough people have.
        assert!(differ.remove("inputs[].hash"), "{name}");
        differ.remove("codes[].lists[].found[].code");
        assert_eq!(differ, BTreeSet::new(), "{name}");
    }
}

/// Exact standard errors give the events of levels back; of exported ones no more than are the fewest of those that are rounded
/// alike, for which nobody needs an error.
#[test]
fn standard_errors_do_not_give_rounded_events_back() {
    let place = tempfile::tempdir().expect("a folder");
    let profile = Profile::custom(3, ".", 5).expect("a profile");
    let (mut inside, mut outside) = ([0; 3], [0; 3]);
    for seed in 300..316 {
        let Some(report) = studies::tiny_study(seed, place.path()) else { continue };
        let exported = cohort::report::disclosure::apply(&report, &profile).0;
        let [truth, shown] = [&report, &exported].map(|r| serde_json::to_value(r).expect("JSON"));
        let add = |sum: &mut [usize; 3], more: [usize; 3]| sum.iter_mut().zip(more).for_each(|(a, b)| *a += b);
        add(&mut inside, numbers::events_by_errors(&truth, &truth));
        add(&mut outside, numbers::events_by_errors(&shown, &truth));
    }
    println!("exact events, all, the fewest of their class: {inside:?} within, {outside:?} outside");
    assert!(inside[1] > 20 && inside[0] * 10 > inside[1] * 8, "{inside:?}");
    assert!(outside[1] > 10 && outside[0] <= outside[2], "{outside:?}");
}
