//! The bootstrap: a resample is the data with rows repeated; the same bytes for any threads and order of rows; replicates
//! that lack a coefficient are counted.

use cohort::design::{self, DesignOptions};
use cohort::engine::{Convergence, FitOptions, NearTies, Prepared, Ties, Units};
use cohort::formula::Formula;
use cohort::inference::bootstrap::Plan;
use cohort::inference::multiplicity::Adjustment;
use cohort::pipeline::{ContrastRequest, InteractionRequest, ModelSettings, fit_table};
use cohort::report::Report;
use cohort::table::{Codes, Column, ColumnData, Factor, Table};

/// 400 records of 200 persons in two regions, with delayed entry, weights, and a level `rare` of one person.
fn records() -> Table {
    let mut state = 5u64;
    let mut random = move |n: u32| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as u32 % n
    };
    let (mut person, mut entry, mut exit, mut event) = (vec![], vec![], vec![], vec![]);
    let (mut sex, mut group, mut region, mut age, mut weight) = (vec![], vec![], vec![], vec![], vec![]);
    for id in 0..200 {
        let (s, g, r) = (random(2), if id == 7 { 2 } else { random(2) }, random(2));
        let first = random(20) as i32;
        let middle = first + 1 + random(15) as i32;
        for (from, to) in [(first, middle), (middle, middle + 1 + random(40) as i32)] {
            person.push(id);
            entry.push(from);
            exit.push(to);
            event.push(Some(from != first && random(10) < 5 + 2 * s));
            sex.push(Some(s));
            group.push(Some(g));
            region.push(Some(r));
            age.push(f64::from(random(4)) * 10.0 + 30.0);
            weight.push(1.0 + f64::from(random(3)));
        }
    }
    let factor = |codes: Vec<Option<u32>>, levels: &[&str]| {
        let levels: Vec<String> = levels.iter().map(|l| l.to_string()).collect();
        let codes = Codes::pack(codes, levels.len());
        ColumnData::Factor(Factor { codes, labels: levels.clone(), levels, declared: true })
    };
    let column = |name: &str, data| Column { name: name.into(), label: name.into(), data };
    Table::new(vec![
        column("person", ColumnData::Whole(person)),
        column("entry", ColumnData::Whole(entry)),
        column("exit", ColumnData::Whole(exit)),
        column("event", ColumnData::Logical(event)),
        column("sex", factor(sex, &["f", "m"])),
        column("group", factor(group, &["a", "b", "rare"])),
        column("region", factor(region, &["n", "s"])),
        column("age", ColumnData::Number(age)),
        column("weight", ColumnData::Number(weight)),
    ])
}

fn built(table: &Table) -> design::Built {
    let formula = Formula::parse("Surv(entry, exit, event) ~ sex * age + group + strata(region)").expect("a formula");
    let options = DesignOptions { weights: Some("weight".into()), ..DesignOptions::default() };
    design::build(table, &formula, &options).expect("a design")
}

/// The fit of a resample is that of a table with every row as often as its person was drawn.
#[test]
fn a_resample_is_the_data_with_rows_repeated() {
    let table = records();
    let whole = built(&table);
    let prepared = Prepared::with_rows(&whole.data, &whole.design, &whole.time, NearTies::Repair).expect("records");
    let times = |person: u32| (person * 7 + 3) % 4;
    let rows: Vec<u32> = (0..400u32).flat_map(|row| vec![row; times(row / 2) as usize]).collect();
    let mut count = vec![0; prepared.n_distinct_records()];
    (0..400).for_each(|row: usize| count[prepared.record_of_row()[row] as usize] += times(row as u32 / 2));
    let repeated = built(&table.take(&rows));
    let expected = Prepared::new(&repeated.data, &repeated.design, NearTies::Repair).expect("records");
    let resampled = prepared.resampled(&count);
    assert_eq!(resampled.n_records(), rows.len());
    for ties in [Ties::Efron, Ties::Breslow] {
        let options = FitOptions { ties, ..FitOptions::default() };
        let (a, b) = (resampled.fit(&options).expect("a fit"), expected.fit(&options).expect("a fit"));
        assert_eq!(a.n_events, b.n_events);
        assert!((a.log_partial_likelihood - b.log_partial_likelihood).abs() < 1e-9 * b.log_partial_likelihood.abs());
        // Nobody of the level `rare` is drawn here.
        assert_eq!((&a.aliased, a.aliased.iter().filter(|x| **x).count()), (&b.aliased, 1));
        let estimated: Vec<usize> = (0..a.coefficients.len()).filter(|&j| !a.aliased[j]).collect();
        for &j in &estimated {
            let se = b.covariance[(j, j)].sqrt();
            assert!((a.coefficients[j] - b.coefficients[j]).abs() < 1e-8 * se);
            assert!((a.covariance[(j, j)].sqrt() - se).abs() < 1e-8 * se);
        }
        // Where the iterations of a replicate stop, from the estimates of the whole: next to the maximum.
        let start = prepared.fit(&options).expect("a fit").coefficients;
        let near = FitOptions { convergence: Convergence::Close, initial: Some(start), ..options };
        let near = resampled.fit(&near).expect("a fit");
        let se = |j: usize| b.covariance[(j, j)].sqrt();
        assert!(estimated.iter().all(|&j| (near.coefficients[j] - b.coefficients[j]).abs() < 1e-3 * se(j)));
    }
}

fn settings(replicates: u32) -> ModelSettings {
    let mut settings = ModelSettings::new("Surv(entry, exit, event) ~ sex * group + age + strata(region)");
    settings.id = Some("person".into());
    settings.bootstrap = Some(Plan { replicates, seed: 20_261 });
    settings.interactions.push(InteractionRequest { exposure: "group".into(), modifier: "sex".into(), at: vec![] });
    let comparison = cohort::formula::Comparison::parse("group=b, sex=m, age=60 vs group=a, sex=m, age=40");
    settings.contrasts.push(ContrastRequest { label: String::new(), comparison: comparison.expect("a comparison") });
    settings.levels.push(("group".into(), vec!["a".into(), "b".into()]));
    settings
}

fn json(report: &Report) -> String {
    serde_json::to_string(report).expect("a report is JSON")
}

#[test]
fn the_same_bytes_for_any_threads_and_order_of_rows() {
    let table = records();
    let backwards = table.take(&(0..400).rev().collect::<Vec<u32>>());
    let with = |threads: usize, table: &Table| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        json(&pool.install(|| fit_table(table, &settings(30)).expect("a report")))
    };
    let one = with(1, &table);
    assert!(one.contains("\"reri_bootstrap\":{"), "the report has bootstrap intervals");
    assert_eq!(one, with(3, &table));
    assert_eq!(one, with(2, &backwards));
}

/// Standard errors of the bootstrap and of the sandwich estimate the same thing; with 300 replicates the former is known
/// to 4 %, and 200 persons leave the two apart by some more.
#[test]
fn standard_errors_are_near_those_of_the_sandwich() {
    let mut settings = settings(300);
    settings.robust = Some(true);
    let report = fit_table(&records(), &settings).expect("a report");
    let model = &report.models[0];
    let bootstrap = model.bootstrap.as_ref().expect("a bootstrap");
    assert_eq!(
        (bootstrap.unit.as_deref(), bootstrap.n_units, bootstrap.n_groups),
        (Some("person"), Some(199), Some(2))
    );
    for c in &model.coefficients {
        let (b, se) = (c.bootstrap.as_ref().expect("an interval"), c.robust_se.expect("a robust error"));
        let ratio = b.se.expect("a standard error") / se;
        assert!((0.8..1.3).contains(&ratio), "{}: {ratio}", c.name);
        let (lower, upper, hr) = (b.lower.expect("a limit"), b.upper.expect("a limit"), c.hr.expect("a ratio"));
        assert!(lower < hr && hr < upper);
    }
    let cell = &model.interactions[0].within[3];
    let interval = cell.bootstrap.as_ref().expect("an interval");
    assert!((interval.se.expect("an error") / cell.se.expect("an error") - 1.0).abs() < 0.3);
}

/// A level of one person is not drawn in a third of the resamples: these are counted, not dropped in silence.
#[test]
fn replicates_without_a_coefficient_are_counted() {
    let mut settings = settings(60);
    settings.formula = "Surv(entry, exit, event) ~ sex + group".into();
    settings.levels = vec![("group".into(), vec!["a".into(), "b".into(), "rare".into()])];
    (settings.interactions, settings.contrasts) = (Vec::new(), Vec::new());
    let report = fit_table(&records(), &settings).expect("a report");
    let model = &report.models[0];
    let bootstrap = model.bootstrap.as_ref().expect("a bootstrap");
    let of = |name: &str| model.coefficients.iter().find(|c| c.name == name).expect("a coefficient");
    let (rare, sex) = (of("grouprare"), of("sexm"));
    let (rare, sex) = (rare.bootstrap.as_ref(), sex.bootstrap.as_ref().expect("an interval"));
    // (1 − 1/200)^200 of 60 is 22.
    assert!((8..40).contains(&bootstrap.n_not_estimable), "{}", bootstrap.n_not_estimable);
    assert_eq!((sex.n_used, bootstrap.n_not_converged), (60, 0));
    if let Some(rare) = rare {
        assert_eq!(rare.n_used + bootstrap.n_not_estimable, 60);
    }
    let text = cohort::report::render::render(
        &report,
        cohort::report::render::Format::Text,
        &cohort::report::number::NumberStyle::ENGLISH,
        120,
    );
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(&format!("{} lack a coefficient", bootstrap.n_not_estimable)), "{text}");
    assert!(words.contains("resamples of units of person drawn with replacement (seed 20261)"), "{text}");
}

/// Adjusted P values stand beside the plain ones, each within its family.
#[test]
fn p_values_are_adjusted_within_families() {
    let mut settings = settings(2);
    settings.bootstrap = None;
    settings.levels = vec![("group".into(), vec!["a".into(), "b".into(), "rare".into()])];
    settings.formula = "Surv(entry, exit, event) ~ sex + group + sex:age".into();
    settings.interactions =
        vec![InteractionRequest { exposure: "sex".into(), modifier: "age".into(), at: vec![30.0, 60.0] }];
    settings.contrasts.clear();
    settings.adjust = Some(Adjustment::Bonferroni);
    let report = fit_table(&records(), &settings).expect("a report");
    let model = &report.models[0];
    assert_eq!(model.adjustment.as_deref(), Some("bonferroni"));
    for c in &model.coefficients {
        let family = model.coefficients.iter().filter(|o| o.term == c.term && o.p.is_some()).count() as f64;
        assert_eq!(c.p_adjusted, c.p.map(|p| (family * p).min(1.0)), "{}", c.name);
    }
    let within = &model.interactions[0].within;
    let tested: Vec<_> = within.iter().filter(|c| c.p.is_some()).collect();
    assert_eq!(tested.len(), 2);
    assert!(tested.iter().all(|c| c.p_adjusted == c.p.map(|p| (2.0 * p).min(1.0))));
    assert!(within.iter().filter(|c| c.reference).all(|c| c.p_adjusted.is_none()));
}

/// Who is drawn does not depend on how persons are numbered.
#[test]
fn persons_are_drawn_by_what_they_are() {
    let whole = built(&records());
    let prepared = Prepared::with_rows(&whole.data, &whole.design, &whole.time, NearTies::Repair).expect("records");
    let units = |number: &dyn Fn(u32) -> u32| {
        let unit: Vec<u32> = (0..400).map(|row| number(row / 2)).collect();
        Units::new(&whole.data, Some(&unit), prepared.record_of_row(), prepared.n_distinct_records())
    };
    let (a, b) = (units(&|p| p), units(&|p| 1000 - 3 * p));
    assert_eq!(a, b);
    assert_eq!((a.n_units(), a.n_groups()), (200, 2));
    let drawn: u32 = a.draw(1, 2).iter().sum();
    assert_eq!(drawn, 400);
}

fn myeloma() -> Table {
    let path = std::path::Path::new("data-fixtures/reference/data/mgus2.csv");
    let options = cohort::loader::FlatOptions::default();
    cohort::loader::read_flat(path, "mgus2.csv", &options, &mut cohort::loader::Quiet).expect("a file").table
}

fn fine_gray_settings() -> ModelSettings {
    let mut settings = ModelSettings::new("Surv(etime, event == \"pcm\") ~ age + sex + mspike");
    let competing = cohort::pipeline::CompetingModel::FineGray;
    settings.competing = Some(cohort::pipeline::CompetingSettings::new("event == \"death\"", competing));
    settings
}

/// A resample of Fine and Gray's model has the weights of its own distribution of censoring. R 4.2.2, survival 3.5-3:
///
/// ```r
/// d <- read.csv("mgus2.csv"); d$ev <- factor(d$event, c("censor", "pcm", "death")); d <- d[!is.na(d$mspike), ]
/// b <- d[rep(1:nrow(d), (7 * (0:(nrow(d) - 1))) %% 3), ]; b$id <- 1:nrow(b)
/// fg <- finegray(Surv(etime, ev) ~ ., data = b, etype = "pcm", id = id)
/// f <- coxph(Surv(fgstart, fgstop, fgstatus) ~ age + sex + mspike, data = fg, weights = fgwt,
///            control = coxph.control(eps = 1e-14, iter.max = 50))
/// coef(f); f$loglik
/// ```
#[test]
fn a_resample_of_fine_and_gray_estimates_its_weights_anew() {
    let settings = fine_gray_settings();
    let fitted = cohort::pipeline::fit_model(&myeloma(), &settings).expect("a fit");
    let built = &fitted.built;
    let found = built.competing.as_ref().expect("competing events");
    let competing = cohort::engine::Competing { event: found.event.clone(), ..Default::default() };
    let records = cohort::engine::CompetingRecords {
        data: &built.data,
        design: &built.design,
        time: &built.time,
        competing: &competing,
        near_ties: NearTies::Repair,
    };
    let count: Vec<u32> = (0..built.rows.len() as u32).map(|row| (7 * row) % 3).collect();
    let resampled = records.resampled(&count).expect("a resample");
    let fit = resampled.fit(&FitOptions::default()).expect("a fit");
    assert_eq!((fit.n_records, fit.n_events), (1372, 107));
    crate::support::assert_all_close(
        &fit.coefficients,
        &[-0.01780380667292961, -0.23677234790630583, 0.921559231482618],
        1e-8,
    );
    crate::support::assert_close(fit.log_partial_likelihood, -729.4080132403815, 1e-9);
    // Everybody once: the model itself.
    let whole =
        records.resampled(&vec![1; count.len()]).expect("a resample").fit(&FitOptions::default()).expect("a fit");
    crate::support::assert_all_close(&whole.coefficients, &fitted.fit.coefficients, 1e-12);
}

/// The bootstrap of Fine and Gray's model: the same bytes for any order of rows, and standard errors beside those of the
/// robust variance (200 replicates know theirs to 5 %).
#[test]
fn fine_and_gray_is_resampled_with_its_censoring() {
    let table = myeloma();
    let mut settings = fine_gray_settings();
    settings.bootstrap = Some(Plan { replicates: 20, seed: 4 });
    let backwards = table.take(&(0..table.n_rows() as u32).rev().collect::<Vec<u32>>());
    let report = |table: &Table| json(&fit_table(table, &settings).expect("a report"));
    assert_eq!(report(&table), report(&backwards));
    settings.bootstrap = Some(Plan { replicates: 200, seed: 4 });
    let model = fit_table(&table, &settings).expect("a report").models.remove(0);
    for c in &model.coefficients {
        let ratio = c.bootstrap.as_ref().and_then(|b| b.se).expect("an error") / c.robust_se.expect("a robust error");
        assert!((0.85..1.2).contains(&ratio), "{}: {ratio}", c.name);
    }
    assert_eq!(model.bootstrap.map(|b| (b.n_units, b.n_not_converged)), Some((Some(1373), 0)));
}
