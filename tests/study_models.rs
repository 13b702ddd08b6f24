//! Models of a study that its data call for: Firth's correction, Fine and Gray's model with curves, incidence from
//! cause-specific models. Each is the same model on the person-time as a data file.

use cohort::loader::Quiet;
use cohort::pipeline::{
    self, BiasCorrection, CompetingModel, CompetingSettings, CurveRequest, ModelSettings, NoOutputs, Stopwatch,
};
use cohort::report::{CurveQuantity, ModelResult, Report};
use cohort::study;
use cohort::table::Table;
use std::fmt::Write;

const STUDY: &str = r#"
[study]
name = "models"

[extract.persons]
file = "persons.csv"
delimiter = ","
encoding = "utf-8"
key = "id"
one_per_person = true
[extract.persons.columns]
start = { column = "start", type = "date", format = "YYYY-MM-DD" }
contact = { column = "contact", type = "date", format = "YYYY-MM-DD" }
death = { column = "death", type = "date", format = "YYYY-MM-DD" }
group = { column = "group", type = "code", levels = ["majority", "other", "nordic"] }
age = { column = "age", type = "number" }

[cohort]
population = "persons"
[cohort.index]
date = "persons.start"

[follow_up]
scale = "since_index"
event_at_entry = "exclude"
maximum = "730 days"
[follow_up.event]
label = "contact"
date = "persons.contact"
[[follow_up.exit]]
label = "death"
date = "persons.death"

[covariate.group]
label = "Group"
from = "persons.group"
levels = ["majority", "other", "nordic"]
if_missing = "error"

[covariate.age]
label = "Age"
from = "persons.age"
if_missing = "error"

[[model]]
name = "plain"
formula = "group + age"

[[model]]
name = "firth"
formula = "group + age"
firth = true

[[model]]
name = "subdistribution"
formula = "age"
competing = ["death"]
model = "fine_gray"
censoring_ties = "together"
bootstrap = { replicates = 20, seed = 2 }

[[model]]
name = "causes"
formula = "age"
competing = ["death"]

[[curve]]
at = "age=50"
model = "subdistribution"
times = [180, 365, 700]

[[curve]]
at = "age=50"
model = "causes"
times = [180, 365, 700]
quantity = "incidence"
"#;

/// 300 persons by a rule; nobody of the twelve in the group `nordic` has a contact.
fn persons() -> String {
    let mut random = crate::support::Random(3);
    let start = cohort::day::Day::from_ymd(2010, 1, 1).unwrap().0;
    let mut text = "id,start,contact,death,group,age\n".to_owned();
    for person in 0..300 {
        let group = if person % 25 == 0 { "nordic" } else { ["majority", "other"][random.below(2) as usize] };
        let age = 20 + random.below(50);
        let mut day = |rate: f64| start + 1 + (-(1.0 - random.unit()).ln() / (rate * f64::from(age) / 45.0)) as i32;
        let (contact, death) = (day(0.0012), day(0.0006));
        let shown = |day: i32| cohort::day::Day(day).to_string();
        let contact = if group == "nordic" { String::new() } else { shown(contact) };
        writeln!(text, "p{person},{},{contact},{},{group},{age}", shown(start), shown(death)).unwrap();
    }
    text
}

fn run() -> (Report, Table) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("persons.csv"), persons()).unwrap();
    let checked = study::check(STUDY, &folder.path().join("study.toml"), None).unwrap_or_else(|f| panic!("{f}"));
    let run = pipeline::run_study(&checked, &mut Quiet, &mut NoOutputs, &mut Stopwatch::new(&|| 0.0)).unwrap();
    (run.report, run.person_time)
}

/// The model on the person-time as a data file.
fn alone(table: &Table, right: &str, change: impl Fn(&mut ModelSettings)) -> ModelResult {
    let mut settings = ModelSettings::new(&format!("Surv(entry, exit, event) ~ {right}"));
    settings.id = Some("person".into());
    change(&mut settings);
    pipeline::fit_table(table, &settings).unwrap().models.remove(0)
}

fn numbers(model: &ModelResult) -> Vec<(Option<f64>, Option<f64>, Option<f64>)> {
    model.coefficients.iter().map(|c| (c.estimate, c.hr_lower, c.hr_upper)).collect()
}

#[test]
fn a_study_corrects_what_runs_to_infinity() {
    let (report, table) = run();
    let [plain, firth, ..] = report.models.as_slice() else { panic!("four models") };
    let nordic = plain.coefficients.iter().find(|c| c.name == "groupnordic").unwrap();
    assert!(nordic.infinite && nordic.hr_lower.is_none() && nordic.hr_upper.is_none());
    let warning = plain.warnings.iter().find(|w| w.level.as_deref() == Some("nordic")).expect("a warning");
    assert_eq!(warning.cell.as_ref().map(|c| (c.records, c.events)), Some((12, 0)));
    let nordic = firth.coefficients.iter().find(|c| c.name == "groupnordic").unwrap();
    assert!(nordic.hr.unwrap() > 0.0 && nordic.hr_upper.unwrap() < 1.0);
    assert_eq!((firth.penalty.as_deref(), firth.interval.as_str()), (Some("firth"), "profile"));
    let same = alone(&table, "group + age", |s| s.bias_correction = BiasCorrection::Firth);
    assert_eq!(numbers(firth), numbers(&same));
}

#[test]
fn a_study_gives_the_incidence_of_a_person() {
    let (report, table) = run();
    let [.., fine_gray, causes] = report.models.as_slice() else { panic!("four models") };
    let competing = |kind| {
        let condition = "exit_reason == \"death\"";
        CompetingSettings { label: "death".into(), ..CompetingSettings::new(condition, kind) }
    };
    let curve = |quantity| CurveRequest {
        at: vec![("age".into(), "50".into())],
        times: vec![180.0, 365.0, 700.0],
        quantity,
        ..CurveRequest::default()
    };
    let same = alone(&table, "age", |s| {
        let asked = competing(CompetingModel::FineGray);
        s.competing = Some(CompetingSettings { ties: cohort::engine::CensoringTies::Together, ..asked });
        s.predictions.curves = vec![curve(CurveQuantity::Survival)];
        s.bootstrap = Some(cohort::inference::bootstrap::Plan { replicates: 20, seed: 2 });
    });
    assert_eq!(numbers(fine_gray), numbers(&same));
    assert_eq!(fine_gray.curves[0].times, same.curves[0].times);
    assert_eq!(fine_gray.competing.as_ref().unwrap().censoring_ties.as_deref(), Some("together"));
    assert_eq!(fine_gray.coefficients[0].bootstrap, same.coefficients[0].bootstrap);
    assert!(fine_gray.coefficients[0].bootstrap.as_ref().is_some_and(|b| b.n_used == 20));
    let same = alone(&table, "age", |s| {
        s.competing = Some(competing(CompetingModel::CauseSpecific));
        s.predictions.curves = vec![curve(CurveQuantity::CumulativeIncidence)];
    });
    assert_eq!(causes.curves[0].times, same.curves[0].times);
    // Two models of the same probability: they differ by little where hazards are nearly proportional in both senses.
    for (a, b) in fine_gray.curves[0].times.iter().zip(&causes.curves[0].times) {
        let (a, b) = (a.cumulative_incidence.unwrap(), b.cumulative_incidence.unwrap());
        assert!(a > 0.05 && a < 0.8 && (a - b).abs() < 0.03, "{a} {b}");
    }
}
