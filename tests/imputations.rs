//! Completed data sets of a study: pooled as the same data sets of a data file are, and refused when they are of other
//! person-time.

use cohort::loader::Quiet;
use cohort::pipeline::{self, NoOutputs, Stopwatch};
use cohort::report::{ModelResult, Report};
use cohort::study::{self, Study};
use cohort::table::{ColumnData, Table};
use std::fmt::Write;
use std::path::Path;

const STUDY: &str = r#"
[study]
name = "imputed"

[extract.persons]
file = "persons.csv"
delimiter = ","
encoding = "utf-8"
key = "id"
one_per_person = true
[extract.persons.columns]
start = { column = "start", type = "date", format = "YYYY-MM-DD" }
death = { column = "death", type = "date", format = "YYYY-MM-DD" }
sex = { column = "sex", type = "code", levels = ["1", "2"] }
smoking = { column = "smoking", type = "code", levels = ["0", "1", "2"] }
bmi = { column = "bmi", type = "number" }

[cohort]
population = "persons"
[cohort.index]
date = "persons.start"

[follow_up]
scale = "since_index"
event_at_entry = "exclude"
[follow_up.event]
label = "death"
date = "persons.death"
[[follow_up.exit]]
label = "end"
date = 2015-12-31

[covariate.sex]
label = "Sex"
from = "persons.sex"
levels = ["1", "2"]
if_missing = "error"

[covariate.smoking]
label = "Smoking"
from = "persons.smoking"
levels = [{ value = "0", label = "Never" }, { value = "1", label = "Former" }, { value = "2", label = "Current" }]
if_missing = "imputed"

[covariate.bmi]
label = "Body mass index"
from = "persons.bmi"
if_missing = "imputed"

[imputations]
file = "completed.csv"
number = ".imp"

[[model]]
name = "crude"
formula = "sex"
ph = "km"

[[model]]
name = "full"
formula = "sex + smoking + bmi"

[[model]]
name = "complete cases"
formula = "sex + smoking + bmi"
imputation = "complete_cases"

[[model]]
name = "second"
formula = "sex + smoking + bmi"
imputation = 2
ph = "km"

[[interaction]]
exposure = "smoking"
modifiers = ["sex"]
model = "full"
"#;

/// 400 persons by a rule: a quarter without smoking, a fifth without body mass index.
fn persons() -> String {
    let mut random = crate::support::Random(7);
    let mut text = "id,start,death,sex,smoking,bmi\n".to_owned();
    for person in 0..400 {
        let (sex, smoking, bmi) = (1 + random.below(2), random.below(3), 20.0 + f64::from(random.below(150)) / 10.0);
        let hazard = 0.0003 * (0.4 * f64::from(smoking) + 0.05 * (bmi - 25.0)).exp();
        let days = (-(1.0 - random.unit()).ln() / hazard) as i32 + 1;
        let death = cohort::day::Day::from_ymd(2010, 1, 1).unwrap().0 + days;
        let smoking = if random.below(4) == 0 { String::new() } else { smoking.to_string() };
        let bmi = if random.below(5) == 0 { String::new() } else { format!("{bmi:.1}") };
        writeln!(text, "p{person},2010-01-01,{},{sex},{smoking},{bmi}", cohort::day::Day(death)).unwrap();
    }
    text
}

/// How a program writes what is missing, false and true.
type Habits = [&'static str; 3];

/// The completed data sets, as an imputation program writes them: number 0 is the incomplete original.
fn completed(table: &Table, [missing, no, yes]: Habits) -> String {
    let mut random = crate::support::Random(11);
    let mut text = ".imp,person,entry,exit,event,smoking,bmi\n".to_owned();
    let number = |name: &str, row: usize| table.column(name).unwrap().data.number(row).unwrap();
    for imputation in 0..4 {
        for row in (0..table.n_rows()).rev() {
            let smoking = match &table.column("smoking").unwrap().data {
                ColumnData::Factor(f) => f.codes.get(row).map(|code| f.levels[code as usize].clone()),
                _ => panic!("smoking has levels"),
            };
            let bmi = Some(number("bmi", row)).filter(|x| !x.is_nan());
            let (smoking, bmi) = match imputation {
                0 => (smoking.unwrap_or(missing.to_owned()), bmi.map_or(missing.to_owned(), |x| x.to_string())),
                _ => (
                    smoking.unwrap_or_else(|| random.below(3).to_string()),
                    bmi.unwrap_or_else(|| 20.0 + f64::from(random.below(150)) / 10.0).to_string(),
                ),
            };
            let (person, entry, exit) = (number("person", row), number("entry", row), number("exit", row));
            let event = if number("event", row) == 1.0 { yes } else { no };
            writeln!(text, "{imputation},{person},{entry},{exit},{event},{smoking},{bmi}").unwrap();
        }
    }
    text
}

/// A folder with the extract, the study and its completed data sets.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("persons.csv"), persons()).unwrap();
    let built = pipeline::build_study(&checked(folder.path(), STUDY), &mut Quiet, &mut clock()).unwrap();
    std::fs::write(folder.path().join("completed.csv"), completed(&built.person_time, ["", "0", "1"])).unwrap();
    folder
}

fn clock<'a>() -> Stopwatch<'a> {
    Stopwatch::new(&|| 0.0)
}

fn checked(folder: &Path, text: &str) -> Study {
    study::check(text, &folder.join("study.toml"), None).unwrap_or_else(|faults| panic!("{faults}"))
}

fn run(folder: &Path, text: &str) -> Result<Report, String> {
    let run = pipeline::run_study(&checked(folder, text), &mut Quiet, &mut NoOutputs, &mut clock());
    run.map(|run| run.report).map_err(|error| error.to_string())
}

/// What the study's completed data sets say with one part changed.
fn message_after(from: &str, to: &str) -> String {
    let folder = folder();
    let path = folder.path().join("completed.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "`{from}` stands in the file");
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    run(folder.path(), STUDY).expect_err("a file that does not fit")
}

fn hazard_ratios(model: &ModelResult) -> Vec<(&str, Option<f64>, Option<f64>)> {
    model.coefficients.iter().map(|c| (c.name.as_str(), c.estimate, c.se)).collect()
}

/// A pooled model that leaves records out has events by level of its own, but for imputed factors, whose levels have other
/// events in every data set.
#[test]
fn a_pooled_model_that_leaves_records_out_has_its_own_events() {
    let folder = folder();
    let path = folder.path().join("persons.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let with_age = |(i, line): (usize, &str)| match i {
        0 => format!("{line},age\n"),
        _ => format!("{line},{}\n", 15 + i % 40),
    };
    std::fs::write(&path, text.lines().enumerate().map(with_age).collect::<String>()).unwrap();
    let study = STUDY
        .replace("bmi = {", "age = { column = \"age\", type = \"whole\" }\nbmi = {")
        .replace("[imputations]", "[covariate.age]\nfrom = \"persons.age\"\nif_missing = \"error\"\n\n[imputations]")
        .replacen("formula = \"sex + smoking + bmi\"", "formula = \"sex + smoking + bmi + sqrt(age - 20)\"", 1);
    let report = run(folder.path(), &study).unwrap();
    let [crude, full, ..] = report.models.as_slice() else { panic!("four models") };
    assert!(crude.levels.is_empty() && full.n_missing_dropped.is_some_and(|n| n > 0));
    let levels: Vec<(&str, &str)> = full.levels.iter().map(|l| (l.variable.as_str(), l.level.as_str())).collect();
    assert_eq!(levels, [("sex", "1"), ("sex", "2")]);
    let events: u64 = full.levels.iter().filter_map(|l| l.events).sum();
    assert_eq!(Some(events), full.n_events);
    assert!(events < crude.n_events.unwrap());
}

/// The data sets of a study pool to what the same data sets pool to as a stacked data file, which R's `mice::pool` is
/// compared with in the reference cases; a model without an imputed covariate is fitted once, with all it asks for.
#[test]
fn a_study_pools_as_its_data_sets_do_alone() {
    let folder = folder();
    let report = run(folder.path(), STUDY).unwrap();
    let [crude, full, complete, second] = report.models.as_slice() else { panic!("four models") };

    assert!(crude.pooling.is_none() && crude.proportional_hazards.is_some());
    let pooling = full.pooling.as_ref().expect("a pooled model");
    assert_eq!((pooling.imputations.len(), pooling.column.as_deref()), (3, Some(".imp")));
    assert!(pooling.coefficients[0].fmi.unwrap() < pooling.coefficients[1].fmi.unwrap(), "sex is always known");

    let base = pipeline::build_study(&checked(folder.path(), STUDY), &mut Quiet, &mut clock()).unwrap().person_time;
    let missing = |name: &str| (0..base.n_rows()).filter(|r| base.column(name).unwrap().data.is_missing(*r)).count();
    assert!(missing("smoking") > 50 && missing("bmi") > 50);
    let either = (0..base.n_rows())
        .filter(|r| ["smoking", "bmi"].iter().any(|name| base.column(name).unwrap().data.is_missing(*r)))
        .count();
    assert_eq!(complete.n_missing_dropped, Some(either as u64));
    assert_eq!((second.n_missing_dropped, second.proportional_hazards.is_some()), (Some(0), true));

    let stacked = fit_file(folder.path());
    for ((name, estimate, se), (_, of_file, se_of_file)) in hazard_ratios(full).into_iter().zip(hazard_ratios(&stacked))
    {
        crate::support::assert_close(estimate.unwrap(), of_file.unwrap(), 1e-12);
        assert!(se.unwrap() > 0.0 && (se.unwrap() - se_of_file.unwrap()).abs() < 1e-12, "{name}");
    }
    let interaction = &full.interactions[0];
    assert!(interaction.pooled_test.is_some() && interaction.lr.is_none());
    let noted = |what: &str| report.notes.iter().find(|n| n.message.contains(what)).map(|n| n.count);
    assert_eq!(noted("missing values that the completed"), Some(Some(missing("smoking") as u64)));
    assert!(noted("imputation 0").is_some() && noted("completed data set 2 only").is_some());
    let row = report.levels.iter().find(|l| l.variable == "smoking" && l.missing).expect("a row of the missing");
    assert_eq!(row.counts.records, Some(missing("smoking") as u64));
}

/// The stacked file as a data file, with the covariate put beside it that is always known.
fn fit_file(folder: &Path) -> ModelResult {
    let base = pipeline::build_study(&checked(folder, STUDY), &mut Quiet, &mut clock()).unwrap().person_time;
    let options = cohort::loader::FlatOptions::default();
    let path = folder.join("completed.csv");
    let mut flat = cohort::loader::read_flat(&path, "completed.csv", &options, &mut Quiet).unwrap();
    let rows: Vec<u32> = (0..4).flat_map(|_| (0..base.n_rows() as u32).rev()).collect();
    let sex = base.column("sex").unwrap();
    flat.table.set(cohort::table::Column { data: sex.data.take(&rows), ..sex.clone() });
    let settings = pipeline::ModelSettings {
        levels: vec![("smoking".to_owned(), ["0", "1", "2"].map(str::to_owned).to_vec())],
        ..pipeline::ModelSettings::new("Surv(entry, exit, event) ~ sex + smoking + bmi")
    };
    let (sets, original) = pipeline::stacked(&flat.table, ".imp").unwrap();
    assert_eq!((sets.len(), original), (3, base.n_rows() as u64));
    pipeline::fit_completed(&sets, Some(".imp"), &settings, &mut clock()).unwrap().models.remove(0)
}

#[test]
fn several_files_are_the_stacked_file() {
    let folder = folder();
    let stacked = run(folder.path(), STUDY).unwrap();
    let text = std::fs::read_to_string(folder.path().join("completed.csv")).unwrap();
    for imputation in 1..4 {
        let rows = text.lines().filter_map(|line| line.strip_prefix(&format!("{imputation},")));
        let head = "person,entry,exit,event,smoking,bmi";
        let file: Vec<&str> = std::iter::once(head).chain(rows).collect();
        std::fs::write(folder.path().join(format!("set_{imputation}.csv")), file.join("\n")).unwrap();
    }
    let study = STUDY.replacen("file = \"completed.csv\"\nnumber = \".imp\"", "file = \"set_*.csv\"", 1);
    let files = run(folder.path(), &study).unwrap();
    assert_eq!(hazard_ratios(&files.models[1]), hazard_ratios(&stacked.models[1]));
    assert_eq!(hazard_ratios(&files.models[3]), hazard_ratios(&stacked.models[3]));
}

/// R writes NA, TRUE and FALSE, which make columns text.
#[test]
fn the_habits_of_r_are_read() {
    let folder = folder();
    let ours = run(folder.path(), STUDY).unwrap();
    let of_r = completed(&pipeline_table(), ["NA", "FALSE", "TRUE"]);
    std::fs::write(folder.path().join("completed.csv"), of_r).unwrap();
    assert_eq!(hazard_ratios(&run(folder.path(), STUDY).unwrap().models[1]), hazard_ratios(&ours.models[1]));
}

#[test]
fn data_sets_of_other_person_time_are_refused() {
    let line = |imputation: u32, from: &str| {
        let text = completed(&pipeline_table(), ["", "0", "1"]);
        let start = format!("{imputation},");
        text.lines().find(|l| l.starts_with(&start) && l.contains(from)).expect("a line").to_owned()
    };
    let whole = line(2, ",1,");
    let fields: Vec<&str> = whole.split(',').collect();
    let with = |at: usize, value: &str| {
        let mut fields = fields.clone();
        fields[at] = value;
        fields.join(",")
    };
    for (to, wanted) in [
        (with(1, "100000"), "1 records of the person-time are not there, 0 are there more than once, and 1 rows"),
        (with(3, "1"), "column exit: 1 records differ from the person-time"),
        (with(4, if fields[4] == "1" { "0" } else { "1" }), "column event: 1 records differ from the person-time"),
    ] {
        let message = message_after(&format!("\n{whole}\n"), &format!("\n{to}\n"));
        assert!(message.contains("completed.csv, imputation 2") && message.contains(wanted), "{message}");
    }
}

fn pipeline_table() -> Table {
    let folder = folder();
    pipeline::build_study(&checked(folder.path(), STUDY), &mut Quiet, &mut clock()).unwrap().person_time
}

/// Observed values stay as they are; imputed ones are levels, and all are there.
#[test]
fn values_are_held_against_what_is_known() {
    let table = pipeline_table();
    let smoking = &table.column("smoking").unwrap().data;
    let known = (0..table.n_rows()).find(|row| !smoking.is_missing(*row)).unwrap();
    let unknown = (0..table.n_rows()).find(|row| smoking.is_missing(*row)).unwrap();
    let text = completed(&table, ["", "0", "1"]);
    let line_of = |row: usize| {
        let start = format!("1,{},", table.column("person").unwrap().data.number(row).unwrap());
        text.lines().find(|l| l.starts_with(&start)).expect("a line").to_owned()
    };
    let with = |line: &str, value: &str| {
        let mut fields: Vec<&str> = line.split(',').collect();
        fields[5] = value;
        fields.join(",")
    };
    let other = if line_of(known).split(',').nth(5) == Some("1") { "2" } else { "1" };
    for (row, value, wanted) in [
        (known, other, "1 values that are known differ from the person-time"),
        (unknown, "often", "1 imputed values are no level that anybody has"),
        (unknown, "", "1 values are still missing"),
    ] {
        let line = line_of(row);
        let message = message_after(&format!("\n{line}\n"), &format!("\n{}\n", with(&line, value)));
        assert!(message.contains("imputation 1, column smoking") && message.contains(wanted), "{message}");
        assert!(!message.contains("often"), "no cell in {message}");
    }
}

#[test]
fn a_study_says_what_it_needs() {
    let folder = folder();
    let faults = |text: &str| {
        let found = study::check(text, &folder.path().join("study.toml"), None).expect_err("a fault");
        found.faults.iter().map(|f| format!("{}; {}", f.rule, f.remedy)).collect::<Vec<_>>().join(" | ")
    };
    let changed = |from: &str, to: &str| {
        assert_eq!(STUDY.matches(from).count(), 1, "`{from}` stands in the study once");
        STUDY.replacen(from, to, 1)
    };
    let found = faults(&changed("name = \"full\"", "name = \"full\"\nph = \"km\"\nresiduals = \"martingale\""));
    assert!(found.contains("pools completed data sets, and ph belongs to one data set"), "{found}");
    assert!(found.contains("and residuals belongs to one data set"), "{found}");
    let found = faults(&changed("formula = \"sex\"", "formula = \"sex\"\nimputation = 1"));
    assert!(found.contains("has no covariate with if_missing = \"imputed\""), "{found}");
    let found = faults(&changed("number = \".imp\"", ""));
    assert!(found.contains("needs `number`"), "{found}");
    let found = faults(&STUDY.replace("if_missing = \"imputed\"", "if_missing = \"exclude\""));
    assert!(found.contains("no covariate takes values from the completed data sets"), "{found}");

    // Built before there are any; asked for when a model needs them.
    std::fs::remove_file(folder.path().join("completed.csv")).unwrap();
    let message = run(folder.path(), STUDY).expect_err("no file");
    assert!(message.contains("there is no file `completed.csv`") && message.contains("cohort build"), "{message}");
    let without = changed("[imputations]\nfile = \"completed.csv\"\nnumber = \".imp\"\n", "");
    let message = run(folder.path(), &without).expect_err("no section");
    assert!(message.contains("names no completed data sets"), "{message}");
}

/// R 4.2.2, survival 3.5-3, with the formulas of Li, Meng, Raghunathan and Rubin (1991) and of Meng and Rubin (1992)
/// written out, as `mitml::testModels` has them; `a` and `b` are the fits with and without the columns tested:
///
/// ```r
/// dl <- 2 * (sapply(a, ll) - sapply(b, ll)); dbar <- mean(dl); m <- 5
/// r2 <- (1 + 1/m) * var(sqrt(dl)); D2 <- (dbar/k - (m + 1)/(m - 1) * r2)/(1 + r2); v2 <- k^(-3/m) * (m - 1) * (1 + 1/r2)^2
/// at <- function(f, beta) sapply(sets, function(s)
///   coxph(f, data = s, init = beta, control = coxph.control(iter.max = 0))$loglik[2])
/// dt <- mean(2 * (at(full, rowMeans(sapply(a, coef))) - at(null, rowMeans(sapply(b, coef)))))
/// r3 <- (m + 1)/(k * (m - 1)) * (dbar - dt); D3 <- dt/(k * (1 + r3)); t <- k * (m - 1)
/// v3 <- if (t > 4) 4 + (t - 4) * (1 + (1 - 2/t)/r3)^2 else t * (1 + 1/k) * (1 + 1/r3)^2/2
/// ```
///
/// Fits with `eps = 1e-15`. Of `factor(stage)` r₃ is −8.3e-4 there, taken as 0 here: D₃ = dt/3 = 44.5682830986264/3.
#[test]
fn pooled_likelihood_ratios_are_those_of_r() {
    let path = Path::new("data-fixtures/reference/data/mi_pbc.csv");
    let options = cohort::loader::FlatOptions::default();
    let flat = cohort::loader::read_flat(path, "mi_pbc.csv", &options, &mut Quiet).unwrap();
    let (sets, _) = pipeline::stacked(&flat.table, "imp").unwrap();
    let tests = |right: &str| {
        let settings = pipeline::ModelSettings::new(&format!("Surv(time, status == 2) ~ {right}"));
        let model = pipeline::fit_completed(&sets, Some("imp"), &settings, &mut clock()).unwrap().models.remove(0);
        model.pooling.unwrap().likelihood_ratios
    };
    let two = tests("chol + trig");
    let four = tests("age + factor(stage) + chol + trig");
    let has = |tests: &[cohort::report::PooledTest], method: &str, term: &str, r: [f64; 5]| {
        let found = tests.iter().find(|t| t.method == method && t.term == term).expect("a test");
        let ours = [found.df1, found.f, found.df2, found.p, found.riv];
        ours.iter().zip(r).filter(|(_, r)| r.is_finite()).for_each(|(ours, r)| {
            crate::support::assert_close(ours.expect("a number"), r, 1e-6);
        });
    };
    has(&two, "d2", "chol", [1.0, 7.547447500307354, 143.741959103924, 6.779264125429405e-3, 0.2002153621539259]);
    has(&two, "d3", "chol", [1.0, 8.398460335715956, 435.862544943375, 3.944802662578356e-3, 0.1059472351773598]);
    has(&two, "d2", "trig", [1.0, 6.78865054969916, 74.86138046644136, 1.106200436755848e-2, 0.3006502854955118]);
    has(&two, "d3", "trig", [1.0, 7.682788131556927, 155.0243560503054, 6.258134953099946e-3, 0.1913714860306532]);
    has(&two, "d2", "", [2.0, 10.06822671803716, 277.5811566723843, 6.008249958466036e-5, 0.1080391370854846]);
    has(&two, "d3", "", [2.0, 10.03638783425588, 215.0161717013203, 6.805653098817323e-5, 0.1197471353525099]);
    let stage = "factor(stage)";
    has(&four, "d2", stage, [3.0, 14.66361650742753, 15026.43139393948, 1.563243787669977e-9, 1.187386402836765e-2]);
    has(&four, "d3", stage, [3.0, 44.5682830986264 / 3.0, f64::NAN, f64::NAN, 0.0]);
    has(&four, "d3", "chol", [1.0, 13.50491947664707, 176.4573781899222, 3.154289790060816e-4, 0.1772464156206741]);
    assert_eq!(four.iter().find(|t| t.method == "d3" && t.term == stage).and_then(|t| t.df2), None, "infinite");
}

/// Curves and standardised risks by Rubin's rules, worked out here from those of every data set: ln Λ, ln(−ln(1 − R)),
/// differences as they are, ratios as logarithms.
#[test]
fn curves_and_standardised_risks_are_pooled_on_their_scales() {
    let folder = folder();
    let more = r#"
[[curve]]
at = "sex=1, smoking=2, bmi=30"
model = "MODEL"
times = [200, 900]
[[standardised]]
exposure = "smoking"
model = "MODEL"
times = [200, 900]
"#;
    let study = |model: &str| format!("{STUDY}{}", more.replace("MODEL", model));
    let pooled = run(folder.path(), &study("full")).unwrap().models.remove(1);
    let each: Vec<ModelResult> = (1..4)
        .map(|k| {
            let study = study("second").replace("imputation = 2", &format!("imputation = {k}"));
            run(folder.path(), &study).unwrap().models.remove(3)
        })
        .collect();
    let df = pooled.pooling.as_ref().unwrap().complete_df.unwrap();
    let rule = |values: Vec<(f64, f64)>| {
        let (estimates, variances): (Vec<f64>, Vec<f64>) = values.into_iter().map(|(q, se)| (q, se * se)).unzip();
        cohort::inference::pooling::pool(&estimates, &variances, df).estimate(0.95)
    };
    let close = |found: Option<f64>, expected: f64| crate::support::assert_close(found.unwrap(), expected, 1e-9);
    for (k, point) in pooled.curves[0].times.iter().enumerate() {
        let hazard = |m: &ModelResult| {
            let p = &m.curves[0].times[k];
            let hazard = p.cumulative_hazard.unwrap();
            (hazard.ln(), p.cumulative_hazard_se.unwrap() / hazard)
        };
        let e = rule(each.iter().map(hazard).collect());
        close(point.survival, (-e.estimate.exp()).exp());
        close(point.lower, (-e.upper.exp()).exp());
        close(point.upper, (-e.lower.exp()).exp());
        close(point.se, (-e.estimate.exp()).exp() * e.estimate.exp() * e.se);
    }
    assert_eq!(pooled.curves[0].limits, "log-log");
    let medians: Vec<f64> = each.iter().map(|m| m.curves[0].median.unwrap()).collect();
    let median = pooled.curves[0].median.unwrap();
    assert!(medians.iter().any(|m| *m <= median) && medians.iter().any(|m| *m >= median), "{median} in {medians:?}");
    for (k, row) in pooled.standardised[0].rows.iter().enumerate() {
        let of = |m: &ModelResult| m.standardised[0].rows[k].clone();
        let risk = |m: &ModelResult| {
            let (r, se) = (of(m).risk.estimate.unwrap(), of(m).risk.se.unwrap());
            ((-(1.0 - r).ln()).ln(), se / ((1.0 - r) * -(1.0 - r).ln()))
        };
        let e = rule(each.iter().map(risk).collect());
        close(row.risk.estimate, 1.0 - (-e.estimate.exp()).exp());
        close(row.risk.lower, 1.0 - (-e.lower.exp()).exp());
        close(row.risk.upper, 1.0 - (-e.upper.exp()).exp());
        if row.reference {
            assert_eq!(row.risk_ratio.estimate, None);
            continue;
        }
        let difference = |m: &ModelResult| (of(m).risk_difference.estimate.unwrap(), of(m).risk_difference.se.unwrap());
        let e = rule(each.iter().map(difference).collect());
        close(row.risk_difference.estimate, e.estimate);
        close(row.risk_difference.upper, e.upper);
        let ratio = |m: &ModelResult| (of(m).risk_ratio.estimate.unwrap().ln(), of(m).risk_ratio.se.unwrap());
        let e = rule(each.iter().map(ratio).collect());
        close(row.risk_ratio.estimate, e.estimate.exp());
        close(row.risk_ratio.lower, e.lower.exp());
        let mean = |m: &ModelResult| (of(m).restricted_mean.estimate.unwrap(), of(m).restricted_mean.se.unwrap());
        close(row.restricted_mean.estimate, rule(each.iter().map(mean).collect()).estimate);
    }
}
