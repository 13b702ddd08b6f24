//! Cohorts made from printed tables, and the model study's abstract as targets.

use super::{Place, reproduce, root, stderr, stdout};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn cohort(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cohort")).args(args).current_dir(folder).output().expect("cohort starts")
}

/// Simulates a table of the published ones, and holds it against its cohorts.
fn round_trip(args: &[&str]) -> (String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let published = root().join("data-fixtures/published/targets.toml");
    let published = published.display().to_string();
    let made = cohort(folder.path(), &[&["simulate", "--from", published.as_str(), "--out", "made"], args].concat());
    assert!(made.status.success(), "{}", stderr(&made));
    let checked = reproduce(folder.path(), &["made/targets.toml", "--strict"]);
    assert_eq!(checked.status.code(), Some(0), "{}{}", stdout(&checked), stderr(&checked));
    (stderr(&made), stdout(&checked))
}

/// Events, person-years, persons and rates of refugee fathers by country: all printed, so nothing is assumed of them.
#[test]
fn a_table_of_counts_and_rates_comes_back_exactly() {
    let (said, verdicts) = round_trip(&["--table", "T12"]);
    assert!(verdicts.contains("SIMULATED: no person behind these numbers exists."), "{verdicts}");
    assert!(verdicts.ends_with("\n16 numbers: 16 reproduced\n"), "{verdicts}");
    let assumed: Vec<&str> = said.lines().filter(|line| line.contains("assumed:")).collect();
    assert_eq!(
        assumed,
        ["  assumed: events of a group come at a constant rate; nobody is lost before the end of follow-up"]
    );
}

/// Events and hazard ratios without person-time: a cohort for each outcome. Counts are exact, hazard ratios within twice
/// their Monte Carlo error; all that the table does not say is listed.
#[test]
fn hazard_ratios_come_back_within_monte_carlo_error() {
    let (said, verdicts) = round_trip(&["--table", "T2", "--stratum", "Middle East and North Africa"]);
    let line = |word: &str| verdicts.lines().filter(|line| line.starts_with(word)).count();
    assert_eq!(line("reproduced") + line("close"), 6, "{verdicts}");
    let counts = verdicts.lines().filter(|line| line.contains("counts: events")).collect::<Vec<_>>();
    assert_eq!(counts.len(), 4);
    assert!(counts.iter().all(|line| line.starts_with("reproduced")), "{verdicts}");
    for assumed in [
        "hazard ratios of model `crude` are taken for crude ones",
        "not used: adjusted",
        "the reference, non-quota refugees, has 10 events per 1000 person-years",
        "quota refugees: ",
    ] {
        assert!(said.contains(assumed), "missing: {assumed}\n{said}");
    }
}

/// A rate with limits, without events or person-time: the events are those that make the limits. By hand: the standard
/// error of ln 50 is ln(62.5/40.0) / (2 x 1.96) = 0.1138, so 77 events; that of ln 25 is ln(31.3/20.0) / (2 x 1.96) = 0.1143, so
/// 77 again.
#[test]
fn events_are_worked_out_of_limits_where_they_are_not_printed() {
    let place = Place::new(
        "[targets]\nname = \"r\"\n[[table]]\nname = \"T\"\nsource = \"by hand\"\n[[table.number]]\nrow = \"a\"\n\
         group = \"a\"\nmeasure = \"rate\"\nvalue = \"50.0\"\nlower = \"40.0\"\nupper = \"62.5\"\n[[table.number]]\nrow = \"b\"\n\
         group = \"b\"\nmeasure = \"rate\"\nvalue = \"25.0\"\nlower = \"20.0\"\nupper = \"31.3\"\n",
    );
    let made = cohort(place.0.path(), &["simulate", "--from", "targets.toml", "--out", "made"]);
    assert!(stderr(&made).contains("events that are not printed are 1/se², se of the log rate from its limits"));
    let checked = reproduce(place.0.path(), &["made/targets.toml", "--strict"]);
    assert_eq!(checked.status.code(), Some(0), "{}{}", stdout(&checked), stderr(&checked));
    let rows = fs::read_to_string(place.0.path().join("made/cohort-1.csv")).expect("a cohort");
    let events = rows.lines().skip(1).filter(|line| !line.split(';').nth(2).expect("a field").is_empty());
    assert_eq!(events.count(), 2 * 77);
}

/// Hazard ratios with limits and nothing else: events are those that make the limits, and value and limits come back.
#[test]
fn limits_of_hazard_ratios_come_back_with_them() {
    let (said, verdicts) = round_trip(&["--table", "T4", "--stratum", "women"]);
    assert!(said.contains("1/d + 1/d₀, that of its limits"), "{said}");
    // Ten groups in two outcomes; three of one outcome have a fault in print, so only their value is held against the cohort.
    assert_eq!(verdicts.matches(" to ").count() / 2, 7, "{verdicts}");
    assert!(!verdicts.contains("\ndiffers"), "{verdicts}");
}

/// Where no reference is printed, the first group is not made one: a further group is, so that every hazard ratio comes back.
#[test]
fn hazard_ratios_without_a_printed_reference_all_come_back() {
    let (said, verdicts) = round_trip(&["--table", "T7", "--stratum", "born in a Western country"]);
    assert!(said.contains("no reference is printed: hazard ratios are taken against a further group"), "{said}");
    assert!(verdicts.contains("mental specialised care, any, hazard ratio: hr of"), "{verdicts}");
    assert!(verdicts.contains("7 numbers: ") && !verdicts.contains("\ndiffers"), "{verdicts}");
}

/// By hand: 2.4 per 1000 in 158,950 years are 381 events, whatever the limits (2.2 to 2.7) make of them; each group is compared
/// with the reference printed before it; and what determines no cohort is said, while the rest is made.
#[test]
fn parts_of_a_table_become_cohorts_of_their_own() {
    let row = |id: &str, keys: &str| format!("\n[[table.number]]\nrow = \"{id}\"\ngroup = \"{id}\"\n{keys}");
    let rate = |id: &str, value: &str, years: &str| {
        row(id, &format!("stratum = \"rates\"\nmeasure = \"rate\"\nvalue = \"{value}\"\nperson_years = \"{years}\"\n"))
    };
    let ratio =
        |id: &str, keys: &str| row(id, &format!("stratum = \"ratios\"\nmeasure = \"hr\"\nmodel = \"m\"\n{keys}"));
    let alone = "stratum = \"alone\"\nmeasure = \"hr\"\nvalue = \"2.0\"\n";
    let rows = rate("refugees", "2.4 (2.2 to 2.7)", "158,950")
        + &rate("others", "2.04 (1.8 to 2.3)", "147,827")
        + &ratio("Asia", "value = \"ref\"\n")
        + &ratio("Asia, refugees", "value = \"1.78 (1.01 to 3.14)\"\n")
        + &ratio("Africa", "value = \"ref\"\n")
        + &ratio("Africa, refugees", "value = \"0.81 (0.51 to 1.29)\"\n")
        + &row("nothing else", alone);
    let head = "[targets]\nname = \"p\"\n[[table]]\nname = \"T\"\nsource = \"by hand\"\n";
    let place = Place::new(&format!("{head}{rows}"));
    let made = cohort(place.0.path(), &["simulate", "--from", "targets.toml", "--out", "made"]);
    let said = stderr(&made);
    assert!(said.contains("cohort-2: T: ratios, reference Asia\n"), "{said}");
    assert!(said.contains("cohort-3: T: ratios, reference Africa\n"), "{said}");
    assert!(said.contains("no cohort: T: alone: nothing printed says how many events there are"), "{said}");
    let assumed = fs::read_to_string(place.0.path().join("made/assumed.md")).expect("a file");
    assert!(assumed.contains("Parts of the table that determine no cohort:\n\n- T: alone"), "{assumed}");
    assert!(
        assumed.contains(", 381 events, ") && assumed.contains("events that are not printed are rate x person-time")
    );
    let checked = reproduce(place.0.path(), &["made/targets.toml", "--strict"]);
    assert_eq!(checked.status.code(), Some(0), "{}{}", stdout(&checked), stderr(&checked));
    assert!(stdout(&checked).contains("6 numbers: "), "{}", stdout(&checked));
}

#[test]
fn a_table_that_cannot_be_a_cohort_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let published = root().join("data-fixtures/published/targets.toml").display().to_string();
    let simulate = |more: &[&str]| {
        let run = cohort(folder.path(), &[&["simulate", "--from", published.as_str(), "--out", "made"], more].concat());
        assert_eq!(run.status.code(), Some(10));
        assert!(!folder.path().join("made").exists());
        stderr(&run)
    };
    assert!(simulate(&[]).contains("several tables; choose one with --table: T1, T2"));
    // Person-days printed as years: 693 million years of follow-up.
    let said = simulate(&["--table", "T1", "--stratum", "by workforce participation"]);
    assert!(said.contains("is the person-time in the unit that the table says? (--source-only)"), "{said}");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let published = root().join("data-fixtures/published/targets.toml").display().to_string();
    let make = |out: &str, seed: &str| {
        let from = ["simulate", "--from", published.as_str(), "--table", "T12", "--seed", seed, "--out", out];
        assert!(cohort(folder.path(), &from).status.success());
        fs::read(folder.path().join(out).join("cohort-1.csv")).expect("a cohort")
    };
    let first = make("a", "1");
    assert_eq!(first, make("b", "1"));
    assert_ne!(first, make("c", "2"));
}

/// The directions of the abstract, made larger so that a delivery of 9,000 persons shows them: every direction comes out as
/// stated, the number of persons is exact, and what is printed says that it is a simulation.
#[test]
fn the_directions_of_the_abstract_come_out_of_a_simulation() {
    let truth = "note = \"test\"\n[hazard_ratio.migrant_group]\nnordic = 3.0\nwestern_europe = 3.0\nmiddle_east_north_africa = 3.0\n\
        eu_eastern_europe = 0.3\nsub_saharan_africa = 0.2\nsouth_asia = 0.2\nnon_eu_eastern_europe = 1.0\neast_south_east_asia = 1.0\n\
        [hazard_ratio.sex]\n1 = 1.5\n[hazard_ratio.education]\nlow = 1.0\nhigher = 1.0\nunknown = 1.0\n";
    let place = Place::new("");
    place.write("truth.toml", truth);
    let made = cohort(
        place.0.path(),
        &["simulate", "--persons", "9000", "--seed", "1", "--truth", "truth.toml", "--out", "delivery", "--quiet"],
    );
    assert!(made.status.success(), "{}", stderr(&made));
    let phc = root().join("examples/phc-opmh");
    let targets = fs::read_to_string(phc.join("targets-abstract.toml")).expect("the targets");
    let study = phc.join("study.toml").display().to_string();
    // floor(0.85 x 9,000) persons meet every rule of the study.
    let targets =
        targets.replace("study = \"study.toml\"", &format!("study = {study:?}")).replace("n = 1002456", "n = 7650");
    place.write("targets.toml", &targets);
    let run = place.run(&["--data", "delivery", "--out", "verdicts"]);
    let out = stdout(&run);
    assert_eq!(run.status.code(), Some(0), "{out}{}", stderr(&run));
    assert!(out.contains("SIMULATION: the extracts are synthetic"), "{out}");
    assert!(out.contains("; fitted for the targets: education within migrant_group"), "{out}");
    let line =
        |row: &str| out.lines().find(|l| l.contains(&format!("  {row}: "))).unwrap_or_else(|| panic!("{row}\n{out}"));
    let rows =
        ["persons", "Nordic", "Western Europe", "Middle East/North Africa", "EU Eastern Europe", "Sub-Saharan Africa"];
    for row in rows.into_iter().chain(["South Asia", "men"]) {
        assert!(line(row).starts_with("reproduced"), "{}", line(row));
    }
    for row in ["non-EU Eastern Europe", "East/South-East Asia", "low education, South Asia"] {
        assert!(line(row).starts_with("reproduced") || line(row).starts_with("close"), "{}", line(row));
    }
    let manifest = fs::read_to_string(place.0.path().join("verdicts/manifest.json")).expect("the manifest");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    assert!(manifest["timings"]["load_seconds"].as_f64().is_some_and(|s| s > 0.0), "{manifest}");
}
