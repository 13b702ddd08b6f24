//! Every case of `data-fixtures/reference` (or of the folder in `COHORT_REFERENCE`) against R `survival`.
//!
//! Each case is run through the library, and those of the kinds in [`COMMAND_LINE`] through the command line too; the
//! numbers are compared with R's. A line is printed for every case that fails or is left out, and last
//! `N of M cases agree`.
//!
//! Tolerances are those of the README of the reference folder, relative with 1e-12 absolute near 0. A kind of case
//! has its file here: [`by_library`] says which.

mod aalen_johansen; // cumulative incidence, Gray's test
mod curves; // baseline hazards and survival curves
mod diagnostics; // tests of proportional hazards, residuals
mod fine_gray; // competing risks
mod firth; // Firth's penalised likelihood, profile intervals
mod handworked; // solved by hand: residuals and hazards at given coefficients
mod kaplan_meier; // survival curves of groups
mod log_rank; // tests of groups, weighted, stratified, pairwise
mod model; // Cox models and their interaction analyses, awkward cases
mod person_time; // cutting and merging person-time
mod pooling; // completed data sets by Rubin's rules
mod predictions; // linear predictors, expected events, for the records and for new persons
mod published; // numbers printed in books and papers
mod rates; // rates, rate ratios, person-time by age band
mod ridge; // ridge terms
mod sample; // the records that descriptive cases start from
mod terms; // design rows of splines and polynomials
mod time_varying; // coefficients that change with time

use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Kinds that a user can ask the command line for with one formula on a data file.
const COMMAND_LINE: [&str; 5] = ["coxph", "coxph_interaction", "cox_zph", "edge", "firth"];

/// Kinds that the program does not offer: penalties chosen by cross-validation, and several transitions in one model.
const LEFT_OUT: [&str; 2] = ["cox_elastic_net", "coxph_multistate"];

/// Numbers in which we differ from R, each with the reason: (case, what the message begins with, reason).
const EXPLAINED: &[(&str, &[&str], &str)] = &[
    (
        "edge-missing-everywhere",
        &["robust score"],
        "R forgets the offset in the robust score test: coxph sets the linear predictor of the null model to 0 \
         instead of to the offset before it takes the score residuals",
    ),
    (
        "cox-lung-poly",
        &["concordance"],
        "R takes the columns of poly() from a QR decomposition of the records, which gives records of one age values that \
         differ in the last digit, so their linear predictors are not tied (289 tied pairs). We work out one row per \
         age; R's own predict(poly()) does too, and with it R counts as we do: 11766, 7937, 311, concordance 0.59565803937",
    ),
    (
        "predict-heart",
        &["new expected se", "new survival se"],
        "for new intervals that begin late R takes the hazard's variance at the entry time for the exit time too, and \
         multiplies by the risk of the first records of the data instead of that of the new persons",
    ),
    (
        "edge-p-larger-than-n",
        &["cm aliased", "days aliased", "score df", "score p", "lr df", "lr p"],
        "four records cannot tell more than three coefficients apart. We say which two are aliased; R's tolerance \
         does not see it, and it reports five coefficients after running out of iterations",
    ),
    (
        "fg-bmt-cengroup",
        &["crr vcov"],
        "with groups of their own censoring, crr lets the estimated censoring of a group act on the weights of all \
         groups; we let it act on the weights of the group that it was estimated from, as these are made of it",
    ),
];

/// Cases whose information matrix is so ill-conditioned that the last digits depend on the order of summation
/// (`edge-near-collinear-1e-4`: two columns that differ by 1e-4, condition number above 1e8).
const ILL_CONDITIONED: &[&str] = &["edge-near-collinear-1e-4"];

/// What came of one case.
enum Outcome {
    Agrees,
    Unsupported(String),
    Fails(Vec<String>),
}

/// One case as the folder has it.
struct Case {
    id: String,
    kind: String,
    folder: PathBuf,
    /// The whole file: `data`, `spec`, `expected`, `r_code`, `r_warnings`.
    file: Value,
}

impl Case {
    /// The data set; the first one where there are several.
    fn data(&self) -> PathBuf {
        let data = &self.file["data"];
        self.folder.join(text(if data.is_array() { &data[0] } else { data }))
    }

    fn spec(&self) -> &Value {
        &self.file["spec"]
    }

    fn expected(&self) -> &Value {
        &self.file["expected"]
    }
}

#[test]
fn every_case_agrees_with_r_through_the_library() {
    run_all("library", &by_library, &|_| true);
}

#[test]
fn every_case_agrees_with_r_through_the_command_line() {
    run_all("command line", &by_command_line, &|kind| COMMAND_LINE.contains(&kind));
}

/// Compares a case through the library; every kind has its file.
fn by_library(case: &Case) -> Outcome {
    match case.kind.as_str() {
        "coxph" | "coxph_interaction" | "edge" => model::compare(case, &model::library_result),
        "aalen_johansen" => aalen_johansen::compare(case),
        "kaplan_meier" => kaplan_meier::compare(case),
        "cox_basehaz" => curves::compare_baseline(case),
        "cox_predict" => predictions::compare(case),
        "cox_survfit" => curves::compare_curves(case),
        "mi_pool" => pooling::compare(case),
        "coxph_tt" => time_varying::compare(case),
        "logrank" => log_rank::compare(case),
        "logrank_pairwise" => log_rank::compare_pairs(case),
        "weighted_logrank" => log_rank::compare_weighted(case),
        "rates" => rates::compare(case),
        "pyears" => rates::compare_bands(case),
        "cox_zph" => diagnostics::proportional_hazards(case, &model::library_result),
        "cox_residuals" => diagnostics::residuals(case),
        "handworked" => handworked::compare(case),
        "published" => published::compare(case),
        "time_split" | "tmerge" | "lexis" => person_time::compare(case),
        "fine_gray" => fine_gray::compare(case),
        "firth" => firth::compare(case, &model::library_result),
        "coxph_ridge" => ridge::compare(case),
        other => Outcome::Unsupported(format!("kind {other}")),
    }
}

/// Compares a case through the command line.
fn by_command_line(case: &Case) -> Outcome {
    match case.kind.as_str() {
        "cox_zph" => diagnostics::proportional_hazards(case, &model::command_line_result),
        "firth" => firth::compare(case, &model::command_line_result),
        _ => model::compare(case, &model::command_line_result),
    }
}

fn run_all(door: &str, compare: &dyn Fn(&Case) -> Outcome, wanted: &dyn Fn(&str) -> bool) {
    let folder = reference_folder();
    let index: Value = read_json(&folder.join("index.json"));
    let cases: Vec<&Value> = list(&index["cases"]).iter().filter(|c| wanted(&text(&c["kind"]))).collect();
    // `COHORT_REFERENCE_ONLY=zph` runs the cases whose id or kind holds that text: quick while working on one kind.
    let only = std::env::var("COHORT_REFERENCE_ONLY").unwrap_or_default();
    let (mut agree, mut failed, mut left_out, mut out) = (0, 0, 0, String::new());
    for entry in &cases {
        let (id, kind) = (text(&entry["id"]), text(&entry["kind"]));
        if !id.contains(&only) && !kind.contains(&only) {
            continue;
        }
        let file = read_json(&folder.join(text(&entry["file"])));
        let case = Case { id, kind, folder: folder.clone(), file };
        match compare(&case) {
            Outcome::Agrees => agree += 1,
            Outcome::Unsupported(why) if LEFT_OUT.contains(&case.kind.as_str()) => {
                left_out += 1;
                writeln!(out, "{door}: {}: left out: {why}", case.id).expect("a string takes text");
            }
            // A case that is passed over must not look like one that agrees.
            Outcome::Unsupported(why) => {
                failed += 1;
                writeln!(out, "{door}: {}: FAILS: not supported: {why}", case.id).expect("a string takes text");
            }
            Outcome::Fails(why) => {
                failed += 1;
                writeln!(out, "{door}: {}: FAILS: {}", case.id, why.join("; ")).expect("a string takes text");
            }
        }
    }
    // Past the capture of the test runner: the count is to be read also when all is well.
    let line = format!("{out}{door}: {agree} of {} cases agree, {left_out} left out\n", cases.len());
    std::io::stdout().lock().write_all(line.as_bytes()).expect("standard output takes text");
    assert_eq!(failed, 0, "{door}: {failed} cases fail; see the lines above");
    assert!(agree > 0, "no case was compared");
}

fn reference_folder() -> PathBuf {
    std::env::var_os("COHORT_REFERENCE")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("data-fixtures/reference"))
}

fn read_json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The text of a JSON string, or the JSON of anything else.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The `Surv(…)` of the line that calls `coxph`, as R has it.
fn surv_call(r_code: &Value) -> String {
    let lines: Vec<&str> = r_code.as_array().expect("r_code is a list").iter().filter_map(Value::as_str).collect();
    let line = lines.iter().rev().find(|l| l.contains("coxph(")).expect("a case calls coxph");
    let start = line.find("Surv(").expect("coxph has a Surv response");
    let mut depth = 0;
    for (i, c) in line[start..].char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if c == ')' && depth == 0 {
            return line[start..=start + i].to_owned();
        }
    }
    panic!("unbalanced Surv call: {line}")
}

/// Row filters as an SQL condition.
fn filter_sql(rows: &Value) -> Option<String> {
    let conditions: Vec<String> = rows
        .as_array()?
        .iter()
        .map(|row| {
            let op = match text(&row["op"]).as_str() {
                "==" => "=".to_owned(),
                "!=" => "<>".to_owned(),
                other => other.to_owned(),
            };
            let value = row["value"].as_str().map_or_else(|| row["value"].to_string(), |v| format!("'{v}'"));
            format!("\"{}\" {op} {value}", text(&row["column"]))
        })
        .collect();
    Some(conditions.join(" AND "))
}

/// Differences found, as text.
struct Faults {
    found: Vec<String>,
    /// Factor on every tolerance.
    slack: f64,
}

impl Faults {
    fn of(case: &Case) -> Faults {
        Faults { found: Vec::new(), slack: if ILL_CONDITIONED.contains(&case.id.as_str()) { 100.0 } else { 1.0 } }
    }

    /// What is left once explained differences are taken out.
    fn outcome(mut self, case: &Case) -> Outcome {
        let explained = EXPLAINED.iter().filter(|(id, _, _)| *id == case.id).flat_map(|(_, what, _)| *what);
        let explained: Vec<&&str> = explained.collect();
        self.found.retain(|fault| !explained.iter().any(|what| fault.starts_with(**what)));
        if self.found.is_empty() { Outcome::Agrees } else { Outcome::Fails(self.found) }
    }

    /// Compares two numbers; R's null, NaN and infinities stand for "not available" here.
    fn number(&mut self, what: &str, ours: &Value, r: &Value, tolerance: f64) {
        let (ours_value, r_value) = (ours.as_f64(), r.as_f64());
        match (ours_value, r_value) {
            (None, None) => {}
            (Some(a), Some(b)) if (a - b).abs() <= self.slack * tolerance * b.abs() + 1e-12 => {}
            _ => self.found.push(format!("{what}: ours {ours}, R {r}")),
        }
    }

    fn equal(&mut self, what: &str, ours: &Value, r: &Value) {
        if ours != r {
            self.found.push(format!("{what}: ours {ours}, R {r}"));
        }
    }
}

fn or(value: &Value, default: &Value) -> Value {
    if value.is_null() { default.clone() } else { value.clone() }
}

/// The items of a JSON list; none when it is not a list.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn compare_test(faults: &mut Faults, what: &str, ours: &Value, r: &Value, tolerance: f64) {
    if r.is_null() {
        return;
    }
    faults.number(&format!("{what} chisq"), &ours["chisq"], &r["chisq"], tolerance);
    faults.number(&format!("{what} df"), &ours["df"], &r["df"], 0.0);
    faults.number(&format!("{what} p"), &ours["p"], &r["p"], 1e-6);
}

fn compare_matrix(faults: &mut Faults, what: &str, ours: &Value, r: &Value) {
    let rows = |m: &Value| m.as_array().cloned().unwrap_or_default();
    let (ours, r) = (rows(ours), rows(r));
    if ours.len() != r.len() {
        faults.found.push(format!("{what}: ours {} rows, R {}", ours.len(), r.len()));
        return;
    }
    for (i, (a, b)) in ours.iter().zip(&r).enumerate() {
        for (j, (a, b)) in rows(a).iter().zip(&rows(b)).enumerate() {
            // Off-diagonal covariances may cancel: the scale is that of the two standard errors.
            let scale = (r[i][i].as_f64().unwrap_or(0.0) * r[j][j].as_f64().unwrap_or(0.0)).sqrt();
            let (x, y) = (a.as_f64().unwrap_or(0.0), b.as_f64().unwrap_or(0.0));
            if (x - y).abs() > 1e-6 * y.abs() + 1e-8 * scale {
                faults.found.push(format!("{what} [{i}][{j}]: ours {a}, R {b}"));
            }
        }
    }
}
