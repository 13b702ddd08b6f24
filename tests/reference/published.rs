//! Kind `published`: numbers printed in books and papers, to the rounding in which they were printed.
//!
//! Every printed number is compared twice: with the print, and with R's full value beside it. Where R itself does not
//! give the printed digits (another copy of the data, a slip of the print; the file says so), R's value alone counts.

use super::model::{Model, Rule, library_result};
use super::{Case, Faults, Outcome, list, text};
use crate::design::read_csv;
use cohort::day::Day;
use cohort::describe::{
    self, CurveOptions, LogRank, LogRankRequest, LogRankWeight, Request, log_rank, rate, survival_curves,
};
use cohort::design::{self, DesignOptions, Sample};
use cohort::engine::{Convergence, NearTies, Ties};
use cohort::formula::Formula;
use cohort::inference::IntervalScale;
use cohort::loader::{FlatOptions, Quiet, read_flat};
use cohort::pipeline::{self, ModelSettings};
use cohort::report::ModelResult;
use cohort::table::{Column, ColumnData, MISSING_WHOLE, Table};
use serde_json::json;
use std::collections::BTreeMap;

/// R's value is taken at its own stopping point, and so is ours.
const TOLERANCE: f64 = 1e-7;

/// What one model, or one test, gives under the names of the items.
type Named = BTreeMap<String, f64>;

/// Compares every item of a case.
pub fn compare(case: &Case) -> Outcome {
    let found = match case.id.as_str() {
        "pub-bmt-logrank" => bmt(case),
        "pub-kidney-tests" => kidney(case),
        "pub-sixmp" => sixmp(case),
        "pub-diet-rates" => diet(case),
        _ => models(case),
    };
    let mut faults = Faults::of(case);
    match found {
        Ok(found) => compare_items(case, found, &mut faults),
        Err(why) => faults.found.push(why),
    }
    faults.outcome(case)
}

/// Items come in the order of the models: a name that was used already, or is not there, belongs to the next one.
fn compare_items(case: &Case, mut found: Vec<Named>, faults: &mut Faults) {
    let mut at = 0;
    for item in list(&case.expected()["items"]) {
        let what = text(&item["what"]);
        while at < found.len() && !found[at].contains_key(&what) {
            at += 1;
        }
        let Some(ours) = found.get_mut(at).and_then(|named| named.remove(&what)) else {
            faults.found.push(format!("{what}: not found"));
            return;
        };
        faults.number(&format!("{what} (R)"), &json!(ours), &item["r_value"], TOLERANCE);
        if item["agrees_to_published_rounding"] == true {
            let printed: f64 = text(&item["published"]).parse().expect("a printed number");
            let half = 0.5 * 10f64.powi(-(item["decimals"].as_i64().expect("decimals") as i32));
            if (ours - printed).abs() > half * (1.0 + 1e-9) {
                faults.found.push(format!("{what}: ours {ours}, printed {printed}"));
            }
        }
    }
}

/// A model in words: formula, condition on the rows, levels in order.
struct Asked {
    formula: &'static str,
    filter: Option<String>,
    levels: &'static [(&'static str, &'static [&'static str])],
    breslow: bool,
}

fn asked(formula: &'static str, breslow: bool) -> Asked {
    Asked { formula, filter: None, levels: &[], breslow }
}

fn models(case: &Case) -> Result<Vec<Named>, String> {
    const COLON: &[(&str, &[&str])] = &[("rx", &["Obs", "Lev", "Lev+5FU"])];
    let heart = |right| asked(right, true);
    let several: Vec<Asked> = match case.id.as_str() {
        "pub-bladder-wlw" => (1..=4)
            .map(|k| Asked {
                filter: Some(format!("enum = {k}")),
                ..asked("Surv(stop, event) ~ rx + size + number", true)
            })
            .collect(),
        "pub-colon-lin" => (1..=2)
            .map(|k| Asked {
                filter: Some(format!("etype = {k}")),
                levels: COLON,
                ..asked("Surv(time, status) ~ rx", false)
            })
            .collect(),
        "pub-btrial" => vec![asked("Surv(time, death) ~ factor(im)", true)],
        "pub-heart-kp" => vec![heart("Surv(start, stop, event) ~ (age + surgery) * transplant")],
        "pub-heart-jasa1" => vec![
            heart("Surv(start, stop, event) ~ (age + surgery) * transplant"),
            heart("Surv(start, stop, event) ~ year * transplant"),
            heart("Surv(start, stop, event) ~ (age + year) * transplant"),
        ],
        "pub-kleinbaum-leukemia" => vec![
            asked("Surv(time, status) ~ rx", true),
            asked("Surv(time, status) ~ rx + logwbc", true),
            asked("Surv(time, status) ~ rx * logwbc", true),
        ],
        "pub-lung-survival-docs" => vec![asked("Surv(time, status == 2) ~ age + sex + ph.ecog", false)],
        _ => return described(case),
    };
    let mut found: Vec<Named> = Vec::new();
    for (i, asked) in several.iter().enumerate() {
        found.push(named(&fit(case, asked)?, i + 1));
    }
    Ok(rename(case, found))
}

/// A model that `spec` describes in full.
fn described(case: &Case) -> Result<Vec<Named>, String> {
    let report = library_result(&Model::read(case)?, Rule::LikeR)?;
    let model: ModelResult = serde_json::from_value(report["models"][0].clone()).map_err(|e| e.to_string())?;
    Ok(rename(case, vec![named(&model, 1)]))
}

fn fit(case: &Case, asked: &Asked) -> Result<ModelResult, String> {
    let read = FlatOptions { condition: asked.filter.clone(), ..FlatOptions::default() };
    let flat = read_flat(&case.data(), "data", &read, &mut Quiet).map_err(|e| e.to_string())?;
    let mut settings = ModelSettings::new(asked.formula);
    settings.ties = if asked.breslow { Ties::Breslow } else { Ties::Efron };
    settings.convergence = Convergence::LikeR;
    let owned = |list: &[&str]| list.iter().map(|l| (*l).to_owned()).collect();
    settings.levels = asked.levels.iter().map(|(column, levels)| ((*column).to_owned(), owned(levels))).collect();
    let mut report = pipeline::fit_table(&flat.table, &settings).map_err(|e| e.to_string())?;
    Ok(report.models.remove(0))
}

/// All numbers of a model under the names that items use.
fn named(model: &ModelResult, number: usize) -> Named {
    let mut out = Named::new();
    let mut put = |name: String, value: Option<f64>| {
        if let Some(value) = value {
            out.insert(name, value);
        }
    };
    for c in &model.coefficients {
        let numbers = [
            ("coef", c.estimate),
            ("hr", c.hr),
            ("se", c.se),
            ("z", c.z),
            ("p", c.p),
            ("lower", c.hr_lower),
            ("upper", c.hr_upper),
        ];
        numbers.into_iter().for_each(|(what, value)| put(format!("{} {what}", c.name), value));
    }
    let chisq = |test: Option<cohort::report::TestResult>| test.and_then(|t| t.chisq);
    let tests = [
        ("LR test", chisq(model.tests.lr)),
        ("Wald test", chisq(model.tests.wald)),
        ("score test", chisq(model.tests.score)),
        ("score (log-rank) test", chisq(model.tests.score)),
    ];
    for (what, value) in tests {
        put(what.to_owned(), value);
        put(format!("model {number} {what}"), value);
    }
    let fitted = model.log_partial_likelihood.fitted;
    put("log L".to_owned(), fitted);
    put("-2 log L".to_owned(), fitted.map(|l| -2.0 * l));
    put("n".to_owned(), model.n_records.map(|n| n as f64));
    put("events".to_owned(), model.n_events.map(|n| n as f64));
    put("concordance".to_owned(), model.concordance.and_then(|c| c.value));
    out
}

/// Items that are named otherwise in the print.
fn rename(case: &Case, mut found: Vec<Named>) -> Vec<Named> {
    let mut also = |model: usize, from: &str, to: &str| {
        if let Some(value) = found[model].get(from).copied() {
            found[model].insert(to.to_owned(), value);
        }
    };
    match case.id.as_str() {
        "pub-bladder-wlw" => (0..4).for_each(|k| also(k, "rx coef", &format!("rx, recurrence {}", k + 1))),
        "pub-colon-lin" => {
            for (k, event) in [(0, "recurrence"), (1, "death")] {
                also(k, "rxLev+5FU coef", &format!("{event}, Lev+5FU"));
                also(k, "rxLev coef", &format!("{event}, Lev"));
                also(k, "rxLev+5FU se", &format!("se {event}"));
            }
            return one(found);
        }
        "pub-btrial" => {
            let of = "factor(im)2";
            also(0, &format!("{of} coef"), "beta");
            also(0, &format!("{of} se"), "se");
            also(0, "Wald test", "Wald");
            also(0, "score test", "score");
        }
        "pub-kleinbaum-leukemia" => {
            // The three likelihoods stand at the end of the list, after the last model.
            (0..3).for_each(|k| also(k, "-2 log L", &format!("-2 log L model {}", k + 1)));
            let likelihoods: Named = found
                .iter()
                .flat_map(|named| named.iter().filter(|(name, _)| name.starts_with("-2 log L model")))
                .map(|(name, value)| (name.clone(), *value))
                .collect();
            found.push(likelihoods);
        }
        "pub-pbc-mayo" => {
            for (term, name) in [
                ("age", "age"),
                ("edema", "edema"),
                ("log(bili)", "log bilirubin"),
                ("log(albumin)", "log albumin"),
                ("log(protime)", "log protime"),
            ] {
                also(0, &format!("{term} coef"), name);
            }
        }
        _ => {}
    }
    found
}

/// Items of several models in one, where their names tell them apart.
fn one(found: Vec<Named>) -> Vec<Named> {
    vec![found.into_iter().flatten().collect()]
}

fn sample(case: &Case, formula: &str) -> Result<Sample, String> {
    let formula = Formula::parse(formula).map_err(|e| e.to_string())?;
    design::sample(&read_csv(&case.data()), &formula, &DesignOptions::default(), None).map_err(|e| e.to_string())
}

fn tests(sample: &Sample, weights: &[LogRankWeight]) -> Result<Vec<LogRank>, String> {
    let request = LogRankRequest { strata: None, only: None, near_ties: NearTies::Repair };
    log_rank(&sample.data, sample.groups.len(), weights, &request).map_err(|e| e.to_string())
}

fn bmt(case: &Case) -> Result<Vec<Named>, String> {
    let found = tests(&sample(case, "Surv(t2, d3) ~ group")?, &[LogRankWeight::Rho(0.0)])?;
    Ok(vec![Named::from([("log-rank chi-square".to_owned(), found[0].test.chisq)])])
}

fn kidney(case: &Case) -> Result<Vec<Named>, String> {
    use LogRankWeight::{FlemingHarrington, Gehan, ModifiedPeto, PetoPeto, Rho, TaroneWare};
    let weights = [
        ("logrank", Rho(0.0)),
        ("gehan_breslow", Gehan),
        ("tarone_ware", TaroneWare),
        ("peto_peto", PetoPeto),
        ("modified_peto_peto", ModifiedPeto),
        ("fleming_harrington_p0_q1", FlemingHarrington(0.0, 1.0)),
        ("fleming_harrington_p1_q0", FlemingHarrington(1.0, 0.0)),
        ("fleming_harrington_p1_q1", FlemingHarrington(1.0, 1.0)),
        ("fleming_harrington_p0.5_q0.5", FlemingHarrington(0.5, 0.5)),
        ("fleming_harrington_p0.5_q2", FlemingHarrington(0.5, 2.0)),
    ];
    let sample = sample(case, "Surv(time, delta) ~ type")?;
    let found = tests(&sample, &weights.map(|(_, weight)| weight))?;
    let mut out = Named::new();
    for ((name, _), test) in weights.iter().zip(&found) {
        // Group 1 is the first.
        out.insert(format!("{name} Z1"), test.total_observed()[0] - test.total_expected()[0]);
        out.insert(format!("{name} variance"), test.covariance[(0, 0)]);
        out.insert(format!("{name} chi-square"), test.test.chisq);
        out.insert(format!("{name} p"), test.test.p);
    }
    Ok(vec![out])
}

fn sixmp(case: &Case) -> Result<Vec<Named>, String> {
    let mut out = Named::new();
    let table = read_csv(&case.data());
    for (name, ties) in [("Breslow", Ties::Breslow), ("Efron", Ties::Efron), ("exact", Ties::Exact)] {
        let mut settings = ModelSettings::new("Surv(time, status) ~ group");
        (settings.ties, settings.convergence) = (ties, Convergence::LikeR);
        settings.levels = vec![("group".to_owned(), vec!["6-MP".to_owned(), "placebo".to_owned()])];
        let report = pipeline::fit_table(&table, &settings).map_err(|e| e.to_string())?;
        let model = &report.models[0];
        let c = &model.coefficients[0];
        let shown = |x: Option<f64>| x.ok_or("no estimate");
        let head = match name {
            "Breslow" => "beta placebo vs 6-MP, Breslow",
            "exact" => "beta exact (discrete)",
            _ => "beta Efron",
        };
        out.insert(head.to_owned(), shown(c.estimate)?);
        out.insert(format!("se {name}"), shown(c.se)?);
        out.insert(format!("HR {name}"), shown(c.hr)?);
        out.insert(format!("-2 log L, {name}"), -2.0 * shown(model.log_partial_likelihood.fitted)?);
    }
    let sample = sample(case, "Surv(time, status) ~ group")?;
    let test = tests(&sample, &[LogRankWeight::Rho(0.0)])?.remove(0);
    out.insert("log-rank chi-square".to_owned(), test.test.chisq);
    out.insert("log-rank variance".to_owned(), test.covariance[(0, 0)]);
    let curves = survival_curves(&sample.data, sample.groups.len(), &CurveOptions::default());
    for (g, curve) in curves.map_err(|e| e.to_string())?.iter().enumerate() {
        let group = &sample.groups[g].levels[0].name;
        out.insert(format!("expected {group}"), test.total_expected()[g]);
        out.insert(format!("median {group}"), curve.quantiles(&[0.5], IntervalScale::Log, 0.95)[0].time);
        for time in [6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0] {
            let at = curve.at(time, IntervalScale::Log, 0.95);
            out.insert(format!("S({time}) {group}"), at.survival);
            if group == "6-MP" {
                out.insert(format!("se S({time})"), at.se);
            }
        }
    }
    Ok(vec![out])
}

fn diet(case: &Case) -> Result<Vec<Named>, String> {
    let mut table = read_csv(&case.data());
    ["doe", "dox"].iter().for_each(|name| as_days(&mut table, name));
    let formula = Formula::parse("Surv(doe, dox, chd) ~ 1").map_err(|e| e.to_string())?;
    let request = Request { response: formula.response.as_ref(), by: vec!["hienergy"], ..Request::default() };
    let found = describe::tabulate(&table, &request).map_err(|e| e.to_string())?;
    let mut out = Named::new();
    for (group, name) in found.groups.iter().zip(["low", "high"]) {
        let (events, thousand_years) = (group.counts.events, group.counts.person_time / 365.25 / 1000.0);
        let rate = rate(events, thousand_years, 1.0, 0.95);
        out.insert(format!("D, {name} energy"), events as f64);
        out.insert(format!("Y, {name}"), thousand_years);
        out.insert(format!("rate, {name}"), rate.rate);
        out.insert(format!("lower, {name}"), rate.log_normal.0);
        out.insert(format!("upper, {name}"), rate.log_normal.1);
    }
    Ok(vec![out])
}

/// Makes a column of dates written as 1976-01-17 one of days.
fn as_days(table: &mut Table, name: &str) {
    let column = table.column(name).expect("a column").clone();
    let ColumnData::Factor(f) = &column.data else { panic!("{name} is text") };
    let day = |text: &String| {
        let parts: Vec<i32> = text.split('-').map(|p| p.parse().expect("a number")).collect();
        Day::from_ymd(parts[0], parts[1] as u32, parts[2] as u32).expect("a date").0
    };
    let days: Vec<i32> = f.levels.iter().map(day).collect();
    let of_row = |row: usize| f.codes.get(row).map_or(MISSING_WHOLE, |c| days[c as usize]);
    let data = ColumnData::Day((0..table.n_rows()).map(of_row).collect());
    table.set(Column { data, ..column });
}
