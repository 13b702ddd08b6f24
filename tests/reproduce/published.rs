//! The printed tables of `data-fixtures/published`: what they say against themselves.

use super::{reproduce, root, stderr, stdout};
use cohort::reproduce::{self as library, Kind, Outcome, Targets};
use std::collections::BTreeMap;
use std::fs;

fn targets() -> Targets {
    let path = root().join("data-fixtures/published/targets.toml");
    library::read(&fs::read_to_string(&path).expect("the targets file"), &path).unwrap_or_else(|e| panic!("{e}"))
}

/// What the tables say of their own rows: `true`, `false` or `unknown`, by row.
fn stated() -> BTreeMap<String, String> {
    let folder = root().join("data-fixtures/published/tables");
    let files = fs::read_dir(folder).expect("the tables").map(|e| e.expect("an entry").path());
    let mut stated = BTreeMap::new();
    for path in files.filter(|p| p.extension().is_some_and(|e| e == "csv")) {
        let mut reader = csv::Reader::from_path(&path).expect("a table");
        for row in reader.deserialize::<BTreeMap<String, String>>() {
            let row = row.expect("a row");
            stated.insert(row["row_id"].clone(), row["consistent"].clone());
        }
    }
    stated
}

/// The verdicts do not know what the tables state: reading the same rows without it gives the same.
fn without_expectations(mut targets: Targets) -> Targets {
    for table in &mut targets.tables {
        table.rows.iter_mut().for_each(|r| r.expect = None);
        table.totals.iter_mut().for_each(|t| t.expect = None);
        table.tests.iter_mut().for_each(|t| t.expect = None);
    }
    targets
}

#[test]
fn every_known_misprint_is_found_and_no_consistent_number_is_called_so() {
    let outcome: Outcome = library::source::examine(&without_expectations(targets()));
    let stated = stated();
    let found = |id: &str| outcome.verdicts.iter().find(|v| v.id == id).unwrap_or_else(|| panic!("no verdict on {id}"));
    let (mut hits, mut misses, mut false_alarms, mut unknown) = (vec![], vec![], vec![], vec![]);
    for (id, consistent) in &stated {
        let called = found(id).kind == Kind::Inconsistent;
        match (consistent.as_str(), called) {
            ("false", true) => hits.push(id),
            ("false", false) => misses.push(id),
            ("true", true) => false_alarms.push(id),
            ("true", false) => {}
            _ if called => unknown.push(id),
            _ => {}
        }
    }
    let precision = hits.len() as f64 / (hits.len() + false_alarms.len()) as f64;
    let recall = hits.len() as f64 / (hits.len() + misses.len()) as f64;
    println!(
        "{} rows, {} with a known fault in print: {} found, {} false alarms; precision {precision}, recall {recall}",
        stated.len(),
        hits.len() + misses.len(),
        hits.len(),
        false_alarms.len()
    );
    assert_eq!((misses, false_alarms, unknown), (vec![], vec![], vec![]));
    assert_eq!((stated.len(), hits.len()), (438, 26));
}

#[test]
fn misprints_of_whole_tables_are_found_too() {
    let outcome = library::source::examine(&without_expectations(targets()));
    let stated = stated();
    let of_tables = outcome.verdicts.iter().filter(|v| !stated.contains_key(&v.id));
    let (wrong, right): (Vec<_>, Vec<_>) = of_tables.partition(|v| v.kind == Kind::Inconsistent);
    let ids: Vec<&str> = wrong.iter().map(|v| v.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "T1 person-time by workforce participation and by migrant group",
            "T7 abstract, mixed medication, born in Sweden",
            "T7 abstract, mixed medication, born in a non-Western country",
            "T9 cases, Sweden",
        ]
    );
    assert!(right.iter().all(|v| v.kind == Kind::Reproduced), "{right:#?}");
    let said = |id: &str| outcome.verdicts.iter().find(|v| v.id == id).expect("a verdict").because.join("; ");
    assert!(said(ids[0]).ends_with("with the first in days they agree"), "{}", said(ids[0]));
    assert_eq!(said(ids[3]), "the rows add to 10286, abstract to 9641");
}

/// Each fault is said as somebody would who looked for it: what contradicts what, and what would fit.
#[test]
fn a_fault_in_print_is_explained() {
    let outcome = library::source::examine(&targets());
    let said = |id: &str| outcome.verdicts.iter().find(|v| v.id == id).expect("a verdict").because.join("; ");
    assert_eq!(
        said("T1-by-workforce-participation-employed-crude-rate"),
        "26396 events in 692731949 years are 0.038 per 1000 years, printed 1.39; with the time in days it fits per 100 years"
    );
    assert_eq!(
        said("T1-by-migrant-group-eea-crude-rate"),
        "1.71 does not lie between its limits 1.62 and 1.62; 1266 events in 74063 years are 17.094 per 1000 years, \
         printed 1.71; per 100 years it fits; limits 1.62 to 1.62 do not follow from 1266 events, which give 1.62 to 1.81"
    );
    assert_eq!(
        said("T2-post-traumatic-stress-disorder-sub-saharan-africa-quota-refugees-adjusted-hr"),
        "1.44 is not the geometric middle of 0.88 and 1.67, which is 1.21; an upper limit of 2.36 or a lower one of 1.24 would fit"
    );
    assert_eq!(
        said("T9-both-countries-men-refugees-country-contrast-as-printed-irr"),
        "0.5 (0.4 to 0.5) is below 1, but 285 over 140, the rates it compares, is 2.04, above 1; its inverse 2.0 agrees, \
         so the reference looks exchanged"
    );
    assert_eq!(
        said("T9-denmark-men-covariate-disability-pension-full-model-irr"),
        "identical to the last digit to covariate: low income family in 2 parts of the table: one looks copied"
    );
}

/// The file in the repository states the known faults, so its check passes; without that it does not.
#[test]
fn known_faults_pass_and_unknown_ones_do_not() {
    let run = reproduce(root(), &["data-fixtures/published/targets.toml", "--source-only"]);
    assert_eq!(run.status.code(), Some(0), "{}{}", stdout(&run), stderr(&run));
    let summary = stdout(&run).lines().last().expect("a summary").to_owned();
    assert_eq!(summary, "451 numbers: 421 consistent, 30 source inconsistent; 30 as the targets file expects");
    let targets = fs::read_to_string(root().join("data-fixtures/published/targets.toml")).expect("the targets file");
    let place = super::Place::new(&targets.replace("expect = \"source inconsistent\"\n", ""));
    fs::create_dir(place.0.path().join("tables")).expect("a folder");
    for entry in fs::read_dir(root().join("data-fixtures/published/tables")).expect("the tables") {
        let path = entry.expect("an entry").path();
        fs::copy(&path, place.0.path().join("tables").join(path.file_name().expect("a name"))).expect("copied");
    }
    let run = place.run(&["--source-only", "--format", "none"]);
    assert_eq!((run.status.code(), stdout(&run).as_str()), (Some(15), ""));
    assert!(stderr(&run).contains("4 not as expected"), "{}", stderr(&run));
}

/// Draws between 0 and 1, the same in every run: Knuth's linear congruential generator.
struct Draws(u64);

impl Draws {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }
}

/// A printed row made up from a true log hazard ratio and its standard error, or from events and person-time.
fn made_up(draws: &mut Draws, id: usize) -> [String; 4] {
    let decimals = if draws.unit() < 0.7 { 2 } else { 1 };
    let printed = |x: f64| format!("{x:.decimals$}");
    if draws.unit() < 0.5 {
        let (beta, se) = (draws.between(-1.5, 1.5), draws.between(0.03, 0.6));
        let [value, lower, upper] = [0.0, -1.96, 1.96].map(|z| printed((beta + z * se).exp()));
        return [format!("row = \"{id}\"\ngroup = \"{id}\"\nmeasure = \"hr\"\n"), value, lower, upper];
    }
    let events = draws.between(3.0, 3000.0).round();
    let years = (events * 1000.0 / draws.between(1.0, 90.0)).round();
    let (rate, factor) = (1000.0 * events / years, (1.96 / events.sqrt()).exp());
    let head =
        format!("row = \"{id}\"\ngroup = \"{id}\"\nmeasure = \"rate\"\nevents = {events}\nperson_years = {years}\n");
    [head, printed(rate), printed(rate / factor), printed(rate * factor)]
}

/// The published tables were in view when the checks were written; these were not. Rows are made up with true numbers, and
/// none may be called inconsistent; then two digits of one number of each are exchanged, as a typesetter does.
#[test]
fn no_row_with_true_numbers_is_called_inconsistent_and_most_slips_are_found() {
    let mut draws = Draws(20_261_125);
    let (mut right, mut wrong, mut n_wrong) = (String::new(), String::new(), 0);
    for id in 0..1000 {
        let [head, value, lower, upper] = made_up(&mut draws, id);
        let row = |numbers: [&str; 3]| {
            let [value, lower, upper] = numbers;
            format!("[[table.number]]\n{head}value = \"{value}\"\nlower = \"{lower}\"\nupper = \"{upper}\"\n")
        };
        let mut numbers = [value.clone(), lower.clone(), upper.clone()];
        right.push_str(&row([&value, &lower, &upper]));
        let which = (draws.unit() * 3.0) as usize;
        let mut digits: Vec<char> = numbers[which].chars().collect();
        let places: Vec<usize> = (0..digits.len()).filter(|at| digits[*at].is_ascii_digit()).collect();
        let at = (draws.unit() * (places.len() - 1) as f64) as usize;
        digits.swap(places[at], places[at + 1]);
        let slip: String = digits.into_iter().collect();
        if slip != numbers[which] {
            numbers[which] = slip;
            n_wrong += 1;
            wrong.push_str(&row([&numbers[0], &numbers[1], &numbers[2]]));
        }
    }
    let called = |rows: &str| {
        let text = format!("[targets]\nname = \"m\"\n[[table]]\nname = \"T\"\nsource = \"made up\"\n{rows}");
        let targets = library::read(&text, std::path::Path::new("made-up.toml")).unwrap_or_else(|e| panic!("{e}"));
        library::source::examine(&targets).count(Kind::Inconsistent)
    };
    let (false_alarms, found) = (called(&right), called(&wrong));
    let recall = found as f64 / f64::from(n_wrong);
    println!(
        "1000 true rows: {false_alarms} false alarms; {n_wrong} with two digits exchanged: {found} found, recall {recall:.3}"
    );
    assert_eq!(false_alarms, 0);
    assert!(recall > 0.8, "{recall}");
}
