//! Every case of `data-fixtures/reference` (or of the folder in `COHORT_REFERENCE`) against R `survival`.
//!
//! Each case is run through the library and through the command line, and both results, as `results.json`
//! says them, are compared with R's numbers. A line is printed for every case that fails or is not supported,
//! and last `N of M cases agree`.
//!
//! Tolerances are those of the README of the reference folder, relative with 1e-12 absolute near 0: coefficients
//! and standard errors 1e-8 against R's values after one more Newton step (`_converged`) for our own, fully
//! converged, fit. R stops earlier, so everything that R reports at its own stopping point (z, limits, Wald
//! tests, concordance) is compared with a second fit that stops by R's rule (`--convergence like-r`).

use cohort::loader::{FlatOptions, Quiet, read_flat};
use cohort::pipeline::{self, InteractionRequest, ModelSettings};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Kinds of cases that are compared.
const SUPPORTED: [&str; 3] = ["coxph", "coxph_interaction", "edge"];

/// Numbers in which we differ from R, each with the reason: (case, what the message begins with, reason).
const EXPLAINED: [(&str, &[&str], &str); 2] = [
    (
        "edge-missing-everywhere",
        &["robust score"],
        "R forgets the offset in the robust score test: coxph sets the linear predictor of the null model to 0 \
         instead of to the offset before it takes the score residuals",
    ),
    (
        "edge-p-larger-than-n",
        &["cm aliased", "days aliased", "score df", "score p", "lr df", "lr p"],
        "four records cannot tell more than three coefficients apart. We say which two are aliased; R's tolerance \
         does not see it, and it reports five coefficients after running out of iterations",
    ),
];

/// Cases whose information matrix is so ill-conditioned that the last digits depend on the order of summation
/// (`edge-near-collinear-1e-4`: two columns that differ by 1e-4, condition number above 1e8).
const ILL_CONDITIONED: [&str; 1] = ["edge-near-collinear-1e-4"];

/// What came of one case.
enum Outcome {
    Agrees,
    Unsupported(String),
    Fails(Vec<String>),
}

#[test]
fn every_case_agrees_with_r_through_the_library() {
    run_all("library", &|case, rule| library_result(case, rule));
}

#[test]
fn every_case_agrees_with_r_through_the_command_line() {
    run_all("command line", &|case, rule| command_line_result(case, rule));
}

/// The stopping rule of a fit.
#[derive(Clone, Copy, PartialEq)]
enum Rule {
    Full,
    LikeR,
}

/// `results.json` of a case, or the message of the error.
type Run<'a> = &'a dyn Fn(&Case, Rule) -> Result<Value, String>;

fn run_all(door: &str, run: Run) {
    let folder = reference_folder();
    let index: Value = read_json(&folder.join("index.json"));
    let cases = index["cases"].as_array().expect("index.json lists cases");
    let (mut agree, mut failed, mut out) = (0, 0, String::new());
    for entry in cases {
        let id = text(&entry["id"]);
        let outcome = match Case::read(&folder, &id, &text(&entry["file"])) {
            Ok(case) => compare_case(&case, run),
            Err(why) => Outcome::Unsupported(why),
        };
        match outcome {
            Outcome::Agrees => agree += 1,
            Outcome::Unsupported(why) => {
                writeln!(out, "{door}: {id}: not supported: {why}").expect("a string takes text")
            }
            Outcome::Fails(why) => {
                failed += 1;
                writeln!(out, "{door}: {id}: FAILS: {}", why.join("; ")).expect("a string takes text");
            }
        }
    }
    // Past the capture of the test runner: the count is to be read also when all is well.
    let line = format!("{out}{door}: {agree} of {} cases agree\n", cases.len());
    std::io::stdout().lock().write_all(line.as_bytes()).expect("standard output takes text");
    assert_eq!(failed, 0, "{door}: {failed} supported cases fail; see the lines above");
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

/// One analysis in the words of our command line.
struct Case {
    id: String,
    data: PathBuf,
    expected: Value,
    notes: String,
    formula: String,
    filter: Option<String>,
    levels: Vec<(String, Vec<String>)>,
    spec: Value,
    interactions: Vec<(String, String, Vec<f64>)>,
}

impl Case {
    /// Reads a case; the error says why it is not supported.
    fn read(folder: &Path, id: &str, file: &str) -> Result<Case, String> {
        let case = read_json(&folder.join(file));
        let kind = text(&case["kind"]);
        if !SUPPORTED.contains(&kind.as_str()) {
            return Err(format!("kind {kind}"));
        }
        let spec = case["spec"].clone();
        if spec["ties"] == "exact" {
            return Err("exact ties".to_owned());
        }
        let parts =
            || spec["terms"].as_array().into_iter().flatten().flat_map(|t| t["parts"].as_array().into_iter().flatten());
        for part in parts() {
            let kind = text(&part["kind"]);
            if !["numeric", "factor", "transform", "power", "linear"].contains(&kind.as_str()) {
                return Err(kind);
            }
        }
        let mut levels: Vec<(String, Vec<String>)> = Vec::new();
        for part in parts().filter(|p| p["kind"] == "factor") {
            let column = text(&part["column"]);
            if levels.iter().all(|(c, _)| *c != column) {
                levels
                    .push((column, part["levels"].as_array().expect("a factor has levels").iter().map(text).collect()));
            }
        }
        let surv = surv_call(&case["r_code"]);
        let strata = spec["formula"].as_str().expect("a case has a formula");
        Ok(Case {
            id: id.to_owned(),
            data: folder.join(text(&case["data"])),
            expected: case["expected"].clone(),
            notes: case["r_warnings"].to_string(),
            formula: format!("{surv} ~ {strata}"),
            filter: filter_sql(&spec["rows"]),
            levels,
            interactions: interaction_requests(&spec),
            spec,
        })
    }

    fn column(&self, key: &str) -> Option<String> {
        self.spec[key].as_str().map(str::to_owned)
    }

    fn control(&self, key: &str) -> Option<f64> {
        self.spec["control"][key].as_f64()
    }

    fn init(&self) -> Option<Vec<f64>> {
        self.spec["init"].as_array().map(|v| v.iter().filter_map(Value::as_f64).collect())
    }
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

/// Both directions of the case's interaction: hazard ratios of A within B, and of B within A.
fn interaction_requests(spec: &Value) -> Vec<(String, String, Vec<f64>)> {
    let interaction = &spec["interaction"];
    let (Some(a), Some(b)) = (interaction["a"].as_str(), interaction["b"].as_str()) else { return Vec::new() };
    let values =
        |key: &str| interaction[key].as_array().into_iter().flatten().filter_map(Value::as_f64).collect::<Vec<f64>>();
    vec![(a.to_owned(), b.to_owned(), values("at_b")), (b.to_owned(), a.to_owned(), values("at_a"))]
}

fn library_result(case: &Case, rule: Rule) -> Result<Value, String> {
    let read = FlatOptions { condition: case.filter.clone(), ..FlatOptions::default() };
    let shown = case.data.display().to_string();
    let flat = read_flat(&case.data, &shown, &read, &mut Quiet).map_err(|e| e.to_string())?;
    let mut settings = ModelSettings::new(&case.formula);
    settings.levels = case.levels.clone();
    settings.weights = case.column("weights");
    settings.cluster = case.column("cluster");
    settings.id = case.column("id");
    settings.robust = case.spec["robust"].as_bool();
    settings.initial = case.init();
    if case.spec["ties"] == "breslow" {
        settings.ties = cohort::engine::Ties::Breslow;
    }
    if let Some(n) = case.control("iter.max") {
        settings.max_iterations = n as u32;
    }
    if let Some(tolerance) = case.control("eps") {
        settings.tolerance = tolerance;
    }
    if case.spec["control"]["timefix"] == Value::Bool(false) {
        settings.near_ties = cohort::engine::NearTies::Keep;
    }
    if rule == Rule::LikeR {
        settings.convergence = cohort::engine::Convergence::LikeR;
    }
    settings.interactions = case
        .interactions
        .iter()
        .map(|(a, b, at)| InteractionRequest { exposure: a.clone(), modifier: b.clone(), at: at.clone() })
        .collect();
    let report = pipeline::fit_table(&flat.table, &settings).map_err(|e| e.to_string())?;
    serde_json::to_value(&report).map_err(|e| e.to_string())
}

fn command_line_result(case: &Case, rule: Rule) -> Result<Value, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cohort"));
    command.arg("fit").arg(&case.data).args(["--formula", &case.formula, "--format", "none", "--json", "-"]);
    let mut flag = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            command.arg(format!("{name}={value}"));
        }
    };
    flag("--where", case.filter.clone());
    flag("--weights", case.column("weights"));
    flag("--cluster", case.column("cluster"));
    flag("--id", case.column("id"));
    flag("--ties", case.column("ties"));
    flag("--robust", case.spec["robust"].as_bool().map(|b| if b { "yes" } else { "no" }.to_owned()));
    flag("--iterations", case.control("iter.max").map(|n| n.to_string()));
    flag("--tolerance", case.control("eps").map(|n| n.to_string()));
    flag("--init", case.init().map(|v| v.iter().map(f64::to_string).collect::<Vec<_>>().join(",")));
    flag("--near-ties", (case.spec["control"]["timefix"] == Value::Bool(false)).then(|| "keep".to_owned()));
    flag("--convergence", (rule == Rule::LikeR).then(|| "like-r".to_owned()));
    for (column, levels) in &case.levels {
        flag("--levels", Some(format!("{column}={}", levels.join(","))));
    }
    for (a, b, at) in &case.interactions {
        let at = at.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
        flag("--interaction", Some(if at.is_empty() { format!("{a}:{b}") } else { format!("{a}:{b}@{at}") }));
    }
    let output = command.output().map_err(|e| e.to_string())?;
    if !output.status.success() {
        let code = output.status.code().unwrap_or(-1);
        assert!(
            [10, 11, 12, 13].contains(&code),
            "{}: exit code {code}: {}",
            case.id,
            String::from_utf8_lossy(&output.stderr)
        );
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|e| format!("standard output is not JSON: {e}"))
}

fn compare_case(case: &Case, run: Run) -> Outcome {
    let mut faults =
        Faults { found: Vec::new(), slack: if ILL_CONDITIONED.contains(&case.id.as_str()) { 100.0 } else { 1.0 } };
    match (run(case, Rule::LikeR), case.expected["r_error"].as_str()) {
        (Err(_), Some(_)) => return Outcome::Agrees,
        (Ok(_), Some(r)) => faults.found.push(format!("R stops with an error ({r}), we do not")),
        // Where R returns a fit without a single estimate, we refuse: what cannot be estimated is an error here.
        (Err(message), None) if nothing_estimated(&case.expected) => {
            if message.is_empty() {
                faults.found.push("an error without a message".to_owned());
            }
        }
        (Err(message), None) => faults.found.push(format!("error: {message}")),
        (Ok(result), None) => {
            compare_like_r(case, &result, &mut faults);
            match run(case, Rule::Full) {
                Ok(full) => compare_converged(case, &full, &mut faults),
                Err(message) => faults.found.push(format!("fully converged fit: error: {message}")),
            }
        }
    }
    let explained = EXPLAINED.iter().find(|(id, _, _)| *id == case.id).map_or(&[][..], |(_, what, _)| what);
    faults.found.retain(|fault| !explained.iter().any(|what| fault.starts_with(what)));
    if faults.found.is_empty() { Outcome::Agrees } else { Outcome::Fails(faults.found) }
}

/// Whether R gives no coefficient at all because there was no event or no row to use.
fn nothing_estimated(expected: &Value) -> bool {
    let coefficients = expected["coefficients"].as_array().map_or(&[][..], Vec::as_slice);
    expected["nevent"] == 0 && coefficients.iter().all(|c| c["coef"].is_null())
}

/// Differences found, as text.
struct Faults {
    found: Vec<String>,
    /// Factor on every tolerance.
    slack: f64,
}

impl Faults {
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

/// What R reports at its own stopping point.
fn compare_like_r(case: &Case, result: &Value, faults: &mut Faults) {
    let (expected, model) = (&case.expected, &result["models"][0]);
    faults.equal("n", &model["n_records"], &expected["n"]);
    faults.equal("events", &model["n_events"], &expected["nevent"]);
    faults.equal("missing", &model["n_missing_dropped"], &expected["n_missing_dropped"]);
    faults.number("loglik null", &model["log_partial_likelihood"]["null"], &expected["loglik_null"], 1e-8);
    faults.number("loglik", &model["log_partial_likelihood"]["fitted"], &expected["loglik"], 1e-8);
    compare_warnings(case, model, faults);
    let (ours, theirs) = (coefficients(&model["coefficients"]), coefficients(&expected["coefficients"]));
    let names = |list: &[Value]| list.iter().map(|c| text(&c["name"])).collect::<Vec<_>>();
    if names(ours) != names(theirs) {
        faults.found.push(format!("coefficient names: ours {:?}, R {:?}", names(ours), names(theirs)));
        return;
    }
    // Where a coefficient runs to infinity, its value, its standard error and all that follow depend on the
    // stopping rule: only the log partial likelihood, the score test and the warning are compared.
    let runs_away = case.notes.contains("may be infinite") || case.notes.contains("did not converge");
    for (c, r) in ours.iter().zip(theirs) {
        let name = text(&r["name"]);
        faults.equal(&format!("{name} parts"), &part_list(&c["parts"]), &part_list(&r["parts"]));
        faults.equal(&format!("{name} aliased"), &c["aliased"], &Value::Bool(r["coef"].is_null()));
        if runs_away {
            continue;
        }
        let pairs = [
            ("estimate", "coef", 1e-8),
            ("se", "se", 1e-8),
            ("robust_se", "robust_se", 1e-6),
            ("z", "z", 1e-6),
            ("p", "p", 1e-6),
            ("hr", "hr", 1e-8),
            ("hr_lower", "hr_lower95", 1e-6),
            ("hr_upper", "hr_upper95", 1e-6),
        ];
        for (mine, theirs, tolerance) in pairs {
            faults.number(&format!("{name} {mine}"), &c[mine], &r[theirs], tolerance);
        }
    }
    compare_test(faults, "score", &model["tests"]["score"], &expected["tests"]["score"], 1e-8);
    compare_test(faults, "lr", &model["tests"]["lr"], &expected["tests"]["lr"], 1e-8);
    if runs_away {
        return;
    }
    compare_matrix(faults, "covariance", &model["covariance"], &expected["vcov"]);
    compare_matrix(faults, "naive covariance", &model["naive_covariance"], &expected["naive_vcov"]);
    compare_test(faults, "wald", &model["tests"]["wald"], &expected["tests"]["wald"], 1e-8);
    compare_test(faults, "robust score", &model["tests"]["robust_score"], &expected["tests"]["robust_score"], 1e-8);
    faults.number("aic", &model["aic"], &expected["aic"], 1e-8);
    faults.number("bic", &model["bic"], &expected["bic"], 1e-8);
    let concordance = &expected["concordance"];
    for (mine, theirs) in [("value", "c"), ("se", "se"), ("concordant", "concordant"), ("discordant", "discordant")] {
        faults.number(&format!("concordance {mine}"), &model["concordance"][mine], &concordance[theirs], 1e-10);
    }
    for tied in ["tied_x", "tied_y", "tied_xy"] {
        faults.number(&format!("concordance {tied}"), &model["concordance"][tied], &concordance[tied], 1e-10);
    }
    compare_terms(faults, model, expected);
    if let (Some(ours), Some(r)) = (model["means"].as_array(), expected["means"].as_array()) {
        for (ours, r) in ours.iter().zip(r) {
            faults.number("means", ours, r, 1e-8);
        }
    }
}

/// Coefficients and standard errors of our own fit against R's after one more Newton step.
fn compare_converged(case: &Case, result: &Value, faults: &mut Faults) {
    // The reference takes its interaction analyses from the converged coefficients.
    compare_interactions(case, result, faults);
    let model = &result["models"][0];
    faults.number(
        "loglik converged",
        &model["log_partial_likelihood"]["fitted"],
        &or(&case.expected["loglik_converged"], &model["log_partial_likelihood"]["fitted"]),
        1e-8,
    );
    for (c, r) in coefficients(&model["coefficients"]).iter().zip(coefficients(&case.expected["coefficients"])) {
        if r["coef_converged"].is_null() || case.control("iter.max").is_some_and(|n| n < 20.0) {
            continue;
        }
        let name = text(&r["name"]);
        faults.number(&format!("{name} converged estimate"), &c["estimate"], &r["coef_converged"], 1e-8);
        let se = if c["robust_se"].is_null() { &c["se"] } else { &c["robust_se"] };
        faults.number(&format!("{name} converged se"), se, &r["se_converged"], 1e-8);
    }
}

fn or(value: &Value, default: &Value) -> Value {
    if value.is_null() { default.clone() } else { value.clone() }
}

fn coefficients(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

/// `parts` with the three keys that matter, absent ones as null.
fn part_list(parts: &Value) -> Value {
    let part = |p: &Value| serde_json::json!([p["variable"], p["level"], p["versus"]]);
    Value::Array(parts.as_array().into_iter().flatten().map(part).collect())
}

fn compare_warnings(case: &Case, model: &Value, faults: &mut Faults) {
    let has = |code: &str| model["warnings"].as_array().into_iter().flatten().any(|w| w["code"] == code);
    if case.notes.contains("may be infinite") && !has("infinite_coefficient") {
        faults.found.push("R warns of an infinite coefficient, we do not".to_owned());
    }
    if case.notes.contains("did not converge") && model["converged"] == true && !has("infinite_coefficient") {
        faults.found.push("R did not converge, we say we did".to_owned());
    }
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

fn compare_terms(faults: &mut Faults, model: &Value, expected: &Value) {
    let find = |name: &Value| {
        model["terms"].as_array().into_iter().flatten().find(|t| t["term"] == *name).cloned().unwrap_or_default()
    };
    for r in expected["term_wald"].as_array().into_iter().flatten() {
        let name = text(&r["term"]);
        compare_test(faults, &format!("term {name} wald"), &find(&r["term"])["wald"], r, 1e-8);
    }
    for r in expected["term_lr"].as_array().into_iter().flatten() {
        let name = text(&r["term"]);
        let ours = find(&r["term"]);
        // A difference of two log-likelihoods, each good to 1e-8 of its own size.
        let size = 2e-8 * expected["loglik"].as_f64().unwrap_or(0.0).abs()
            / r["chisq"].as_f64().unwrap_or(1.0).abs().max(1e-3);
        faults.number(&format!("term {name} lr chisq"), &ours["lr"]["chisq"], &r["chisq"], 1e-7 + size.min(1e-4));
        faults.number(&format!("term {name} lr df"), &ours["lr"]["df"], &r["df"], 0.0);
    }
}

fn compare_interactions(case: &Case, result: &Value, faults: &mut Faults) {
    let blocks = coefficients(&result["models"][0]["interactions"]);
    if case.interactions.is_empty() {
        return;
    }
    if blocks.len() != 2 {
        faults.found.push(format!("{} interaction analyses, expected both directions", blocks.len()));
        return;
    }
    for r in coefficients(&case.expected["conditional_hr"]) {
        let block = blocks.iter().find(|b| b["exposure"] == r["variable"] && b["modifier"] == r["given_variable"]);
        let given = |row: &Value| match r["given_value"].as_f64() {
            Some(value) => {
                row["modifier_value"].as_f64() == Some(value) || text(&row["modifier_level"]).parse() == Ok(value)
            }
            None => row["modifier_level"] == r["given_value"],
        };
        let row = block.and_then(|b| {
            let level =
                |w: &Value| w["reference"] == false && (r["level"].is_null() || w["exposure_level"] == r["level"]);
            coefficients(&b["within"]).iter().find(|w| level(w) && given(w))
        });
        compare_hr(faults, "conditional", row, r);
    }
    let [a, b] = [&case.interactions[0].0, &case.interactions[0].1];
    for r in coefficients(&case.expected["joint_hr"]["cells"]) {
        let row = coefficients(&blocks[0]["joint"])
            .iter()
            .find(|j| j["exposure_level"] == r[a] && j["modifier_level"] == r[b]);
        compare_hr(faults, "joint", row, r);
    }
    let r = &case.expected["interaction"];
    compare_test(faults, "interaction wald", &blocks[0]["wald"], &r["wald"], 1e-8);
    // A likelihood-ratio test is not valid with a robust variance, so we do not give one there; R's script gave the plain number.
    if r["lr"]["note"].is_null() {
        faults.number("interaction lr", &blocks[0]["lr"]["chisq"], &r["lr"]["chisq"], 1e-8);
    }
    compare_additive(faults, &blocks[0], &case.expected["additive_interaction"]);
}

fn compare_hr(faults: &mut Faults, what: &str, row: Option<&Value>, r: &Value) {
    let Some(row) = row else {
        faults.found.push(format!("{what} hazard ratio missing: {r}"));
        return;
    };
    for (mine, theirs, tolerance) in [
        ("estimate", "coef", 1e-7),
        ("se", "se", 1e-6),
        ("hr", "hr", 1e-7),
        ("lower", "hr_lower95", 1e-6),
        ("upper", "hr_upper95", 1e-6),
        ("p", "p", 1e-5),
    ] {
        // A sum of coefficients may cancel to nearly nothing: then its standard error is the scale.
        let (ours, theirs) = (&row[mine], &r[theirs]);
        let near = |a: f64, b: f64| mine == "estimate" && (a - b).abs() <= 1e-7 * r["se"].as_f64().unwrap_or(0.0);
        if !matches!((ours.as_f64(), theirs.as_f64()), (Some(a), Some(b)) if near(a, b)) {
            faults.number(&format!("{what} {mine}"), ours, theirs, tolerance);
        }
    }
}

fn compare_additive(faults: &mut Faults, block: &Value, r: &Value) {
    if r.is_null() {
        return;
    }
    let Some(ours) = coefficients(&block["reri"]).first() else {
        faults.found.push("no additive interaction".to_owned());
        return;
    };
    for (measure, names) in [
        ("reri", ["reri", "lower", "upper"]),
        ("ap", ["ap", "ap_lower", "ap_upper"]),
        ("synergy_index", ["s", "s_lower", "s_upper"]),
    ] {
        for (mine, theirs) in names.iter().zip(["estimate", "lower95", "upper95"]) {
            // The limits of the synergy index are exp(ln S ± 1.96 se): far out, a last digit of se is magnified by ln S.
            let size = r[measure][theirs]
                .as_f64()
                .map_or(0.0, |x| if measure == "synergy_index" { x.abs().ln().abs() } else { 0.0 });
            faults.number(&format!("{measure} {theirs}"), &ours[*mine], &r[measure][theirs], 1e-5 * size.max(1.0));
        }
    }
}
