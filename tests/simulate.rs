//! `cohort simulate`: the same bytes for a seed, the shapes and the dirt of a delivery, nothing left after a fault.

use cohort::loader::{Loaded, Quiet, load};
use cohort::simulate::{SimulateError, SimulateOptions, Summary, Truth, simulate};
use cohort::study;
use cohort::table::ColumnData;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Persons and seed of `data-fixtures/linked`; its README says the same.
const FIXTURE: (u64, u64) = (22_000, 29);

fn options(persons: u64, seed: u64, out: &Path) -> SimulateOptions {
    SimulateOptions { persons, seed, truth: Truth::default(), other_claims: 0, out: out.to_owned() }
}

fn run(options: &SimulateOptions) -> Summary {
    simulate(options, &mut |_| ControlFlow::Continue(())).unwrap()
}

/// Every file below `folder`, by path.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// The rows of one file as text, header first; every byte is one letter of Latin-1.
fn rows(folder: &Path, name: &str) -> Vec<Vec<String>> {
    let text: String = fs::read(folder.join(name)).unwrap().iter().map(|&byte| char::from(byte)).collect();
    text.lines().map(|line| line.split(';').map(str::to_owned).collect()).collect()
}

#[test]
fn same_seed_same_bytes_for_any_number_of_threads() {
    let place = tempfile::tempdir().unwrap();
    let write = |threads: usize| {
        let out = place.path().join(threads.to_string());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(&options(9_000, 3, &out)));
        contents(&out)
    };
    let one = write(1);
    assert_eq!(one.len(), 35);
    for threads in [2, 7] {
        assert!(write(threads) == one, "{threads} threads");
    }
}

#[test]
fn a_person_does_not_depend_on_how_many_there_are() {
    let place = tempfile::tempdir().unwrap();
    let (few, many) = (place.path().join("few"), place.path().join("many"));
    run(&options(500, 3, &few));
    run(&options(5_000, 3, &many));
    let (few, many) = (contents(&few), contents(&many));
    for (name, bytes) in few.iter().filter(|(name, _)| !name.ends_with("truth.toml")) {
        assert!(many[name].starts_with(bytes), "{}", name.display());
    }
}

#[test]
fn the_committed_delivery_is_what_the_program_writes() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("linked");
    run(&options(FIXTURE.0, FIXTURE.1, &out));
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("data-fixtures/linked");
    let mut expected = contents(&committed);
    expected.remove(Path::new("README.md"));
    let bytes: usize = expected.values().map(Vec::len).sum();
    assert!(bytes <= 8_000_000, "{bytes} bytes");
    for (name, written) in contents(&out) {
        assert!(expected.remove(&name).as_ref() == Some(&written), "{}", name.display());
    }
    assert!(expected.is_empty(), "{:?}", expected.keys());
}

#[test]
fn the_written_truth_is_a_truth_file_again() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("delivery");
    let summary = run(&options(300, 3, &out));
    let text = fs::read_to_string(out.join("truth.toml")).unwrap();
    let again = Truth::read(&out.join("truth.toml")).unwrap();
    assert_eq!(again.hazard_ratio, Truth::default().hazard_ratio);
    assert_eq!(again.baseline, Truth::default().baseline);
    assert_eq!(again.dirt, Truth::default().dirt);
    let written: toml::Table = toml::from_str(&text).unwrap();
    assert_eq!(written["run"]["seed"].as_str(), Some("3"));
    assert_eq!(written["run"]["persons"].as_integer(), Some(300));
    assert_eq!(written["run"]["events"].as_integer(), Some(summary.events as i64));
    let log = written["log_hazard_ratio"]["sex"]["1"].as_float().unwrap();
    assert!((log - 1.2f64.ln()).abs() < 1e-15);
}

#[test]
fn the_cohort_has_the_size_asked_for() {
    let place = tempfile::tempdir().unwrap();
    let summary = run(&options(1_179, 3, &place.path().join("delivery")));
    assert_eq!(summary.persons, 1_179);
    assert_eq!(summary.persons_by_role["cohort"], 1_002); // floor(1179 * 0.85)
    assert_eq!(summary.persons_by_role.values().sum::<u64>(), 1_179);
    assert_eq!(summary.groups.values().map(|g| g.persons).sum::<u64>(), 1_002);
}

#[test]
fn every_deliverer_spells_the_key_its_own_way() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("delivery");
    run(&options(2_000, 3, &out));
    let linkage = rows(&out, "linkage/koblingsnokkel.csv");
    assert_eq!(linkage[0], ["w24_0511_lopenr_person", "k2_lopenr", "npr_lopenr"]);
    let column = |i: usize| linkage[1..].iter().map(|row| row[i].clone()).collect::<BTreeSet<_>>();
    let (ssb, kuhr, npr) = (column(0), column(1), column(2));
    assert!([&ssb, &kuhr, &npr].iter().all(|keys| keys.len() == 2_000));
    assert!(ssb.iter().all(|key| key.len() == 7 && key.parse::<u32>().is_ok()));
    assert!(kuhr.iter().all(|key| key.len() == 10 && key.starts_with("k2_")));
    assert!(npr.iter().all(|key| !key.starts_with('0') && key.parse::<u32>().is_ok()));
    assert!(rows(&out, "population/faste_oppl.csv")[1..].iter().all(|row| ssb.contains(&row[0])));
    assert!(rows(&out, "npr/npr_2012.csv")[1..].iter().all(|row| npr.contains(&row[0])));
    let claims = rows(&out, "kuhr/KUHR_2011_1.dsv");
    let linked = claims[1..].iter().filter(|row| kuhr.contains(&row[0])).count();
    assert!(linked > 0 && linked < claims.len() - 1, "some claims have no key");
    assert!(claims[1..].iter().any(|row| row[0].is_empty()));
}

#[test]
fn registers_have_the_shapes_and_the_dirt_of_real_ones() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("delivery");
    run(&options(4_000, 3, &out));

    let persons = rows(&out, "population/faste_oppl.csv");
    assert!(persons[1..].iter().all(|row| row[1].len() == 6 && row[4].len() == 3));
    assert!(persons[1..].iter().any(|row| row[2].len() == 6), "deaths by month");

    let education = rows(&out, "education/utd.csv");
    assert_eq!((education[0][1].as_str(), education[0][10].as_str()), ("BU_2006", "BU_2015"));
    let cells = || education[1..].iter().flat_map(|row| &row[1..]);
    assert!(cells().all(|cell| cell.is_empty() || cell.len() == 6));
    assert!(cells().any(String::is_empty));
    assert!(cells().any(|cell| cell.starts_with('0')) && cells().any(|cell| cell.starts_with('9')));

    let income = rows(&out, "income/inntekt.csv");
    assert_eq!(income[0], ["lopenr_person", "aargang", "wyrkinnt"]);
    assert!(income[1..].iter().any(|row| row[2].contains(',')) && income.iter().all(|row| !row[2].contains('.')));

    let claims: Vec<_> = (2010..=2012)
        .flat_map(|year| [1, 2].map(|half| rows(&out, &format!("kuhr/KUHR_{year}_{half}.dsv"))))
        .flat_map(|rows| rows.into_iter().skip(1))
        .collect();
    let has = |what: &dyn Fn(&[String]) -> bool| claims.iter().any(|row| what(row));
    assert!(claims.iter().all(|row| row.len() == 5 && (row[3] == "ICPC-2" || row[3] == "ICD-10")));
    assert!(has(&|row| row[2].contains(',')), "several codes in one cell");
    assert!(has(&|row| row[3] == "ICD-10" && row[2].contains('.')), "dotted ICD-10");
    assert!(has(&|row| row[2].len() == 7), "term codes");
    assert!(has(&|row| row[2].starts_with(' ')) && has(&|row| row[2].starts_with('p')));
    assert!(has(&|row| row[2] == "P50"), "process codes");
    assert!(has(&|row| row[4] == "Tromsø"), "Latin-1");
    let half = |row: &[String]| (row[1][..4].to_owned(), row[1][5..7] > *"06");
    let first = &rows(&out, "kuhr/KUHR_2011_2.dsv")[1];
    assert_eq!(half(first), ("2011".to_owned(), true));

    let contacts = &rows(&out, "npr/npr_2012.csv")[1..];
    let distinct: BTreeSet<_> = contacts.iter().collect();
    assert!(distinct.len() < contacts.len(), "exact duplicates");
    assert!(contacts.iter().any(|row| row[3] == "1") && contacts.iter().any(|row| row[4] == "SOM"));
}

#[test]
fn an_existing_folder_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("delivery");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("notes.txt"), "mine").unwrap();
    let error = simulate(&options(10, 3, &out), &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, SimulateError::OutputExists(_)), "{error}");
    assert_eq!(contents(place.path()).len(), 1);
    let file = simulate(&options(10, 3, &out.join("notes.txt")), &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(file, SimulateError::OutputExists(_)), "{file}");

    // An empty folder is a place like any other.
    fs::remove_file(out.join("notes.txt")).unwrap();
    run(&options(10, 3, &out));
    assert!(out.join("truth.toml").is_file());
}

#[test]
fn an_interrupted_run_leaves_nothing_behind() {
    let place = tempfile::tempdir().unwrap();
    let mut heard = 0;
    let stop = &mut |persons| {
        heard = persons;
        ControlFlow::Break(())
    };
    let error = simulate(&options(20_000, 3, &place.path().join("delivery")), stop).unwrap_err();
    assert!(matches!(error, SimulateError::Interrupted));
    assert!((1..20_000).contains(&heard));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_delivery() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("delivery");
    run(&options(10, 3, &out));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&out), 0o700);
    assert_eq!(mode(&out.join("kuhr")), 0o700);
    assert_eq!(mode(&out.join("truth.toml")), 0o600);
    assert_eq!(mode(&out.join("npr/npr_2010.csv")), 0o600);
}

#[test]
fn requests_that_cannot_be_met_are_refused_first() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("delivery");
    for persons in [0, 10_000_000] {
        let error = simulate(&options(persons, 3, &out), &mut |_| ControlFlow::Continue(())).unwrap_err();
        assert!(matches!(error, SimulateError::Persons(_)), "{error}");
    }
    let error = Truth::parse("[hazard_ratio.migrant_group]\nsouth_asia = 0.0").unwrap_err();
    assert_eq!(error.to_string(), "truth file: [hazard_ratio.migrant_group] south_asia must be a positive number");
    assert!(!out.exists());
}

#[test]
fn education_has_no_effect_in_five_groups_of_the_example_truth() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/phc-opmh/truth-education-by-group.toml");
    let truth = Truth::read(&file).unwrap();
    let mut without = 0;
    for group in truth.hazard_ratio["migrant_group"].keys() {
        let factor = |level: &str| {
            let extra =
                truth.interaction.iter().filter(|i| i.when["migrant_group"] == *group && i.when["education"] == level);
            truth.hazard_ratio["education"][level] * extra.map(|i| i.hazard_ratio).product::<f64>()
        };
        without += usize::from(["low", "higher", "unknown"].iter().all(|level| (factor(level) - 1.0).abs() < 1e-12));
    }
    assert_eq!(without, 5);
}

/// The model study, read from a delivery.
fn load_study(delivery: &Path) -> Loaded {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/phc-opmh/study.toml");
    let text = fs::read_to_string(&file).unwrap();
    let study = study::check(&text, &file, Some(delivery)).unwrap_or_else(|faults| panic!("{faults}"));
    load(&study, &mut Quiet).unwrap_or_else(|error| panic!("{error}"))
}

fn events(loaded: &Loaded) -> Vec<bool> {
    match &loaded.table.column("event").unwrap().data {
        ColumnData::Logical(values) => values.iter().map(|event| event.unwrap()).collect(),
        other => panic!("event: {other:?}"),
    }
}

fn days(loaded: &Loaded, name: &str) -> i64 {
    match &loaded.table.column(name).unwrap().data {
        ColumnData::Whole(values) => values.iter().map(|&day| i64::from(day)).sum(),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn the_loader_finds_the_persons_events_and_days_that_were_simulated() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("delivery");
    let summary = run(&options(6_000, 3, &out));
    let loaded = load_study(&out);
    // Every role but the cohort's misses exactly one rule, so the flow chart has the same numbers.
    let mut excluded: Vec<u64> = loaded.attrition.iter().map(|step| step.excluded).filter(|&n| n > 0).collect();
    let mut roles: Vec<u64> = summary.persons_by_role.iter().skip(1).map(|(_, &n)| n).filter(|&n| n > 0).collect();
    excluded.sort_unstable();
    roles.sort_unstable();
    assert_eq!(excluded, roles, "{:#?}", loaded.attrition);
    assert_eq!(loaded.table.n_rows() as u64, summary.persons_by_role["cohort"]);
    assert_eq!(events(&loaded).iter().filter(|&&event| event).count() as u64, summary.events);
    assert_eq!(days(&loaded, "exit") - days(&loaded, "entry"), summary.person_days as i64);
}

/// The hazard is that of the covariates the loader derives: where a level has no hazard, nobody the loader puts into
/// that level has an event. One level of every covariate; a disagreement for one person in a hundred would show.
#[test]
fn simulated_and_derived_covariates_are_the_same() {
    let levels = [
        ("migrant_group", "majority"),
        ("sex", "2"),
        ("age_group", "25-34"),
        ("civil_status", "unmarried"),
        ("education", "upper_secondary"),
        ("length_of_stay", "long"),
        ("diagnosis", "other"),
        ("income_group", "1-199 000 NOK"),
    ];
    for (variable, level) in levels {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("delivery");
        let truth = Truth::parse(&format!("[hazard_ratio.{variable}]\n\"{level}\" = 1e-9")).unwrap();
        run(&SimulateOptions { truth, ..options(3_000, 3, &out) });
        let loaded = load_study(&out);
        let ColumnData::Factor(factor) = &loaded.table.column(variable).unwrap().data else { panic!("{variable}") };
        let code = factor.levels.iter().position(|l| l == level).unwrap() as u32;
        let (mut inside, mut outside, mut persons) = (0, 0, 0);
        for (row, event) in events(&loaded).into_iter().enumerate() {
            let has_level = factor.codes.get(row) == Some(code);
            persons += u32::from(has_level);
            inside += u32::from(has_level && event);
            outside += u32::from(!has_level && event);
        }
        assert!(persons > 100 && outside > 50, "{variable} {level}: {persons} persons, {outside} events elsewhere");
        assert_eq!(inside, 0, "{variable} {level}");
    }
}

/// Claims for other reasons make a delivery larger and leave the person-time as it is.
#[test]
fn other_claims_change_the_size_and_not_the_study() {
    let place = tempfile::tempdir().unwrap();
    let (plain, larger) = (place.path().join("plain"), place.path().join("larger"));
    let few = run(&options(500, 5, &plain));
    let many = run(&SimulateOptions { other_claims: 10, ..options(500, 5, &larger) });
    let claims =
        |summary: &Summary| summary.rows.iter().filter(|(file, _)| file.contains("kuhr")).map(|(_, n)| n).sum::<u64>();
    assert!(claims(&many) > claims(&few) + 4_000, "{} and {} claims", claims(&few), claims(&many));
    assert_eq!(load_study(&plain).table, load_study(&larger).table);
}
