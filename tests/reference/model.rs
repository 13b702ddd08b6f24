//! Cox models: kinds `coxph`, `coxph_interaction`, `edge`, and the models that other kinds start from.
//!
//! Coefficients and standard errors are held to 1e-8 against R's values after one more Newton step (`_converged`) for our
//! own, fully converged, fit. R stops earlier, so everything that R reports at its own stopping point (z, limits, Wald
//! tests, concordance) is compared with a second fit that stops by R's rule (`--convergence like-r`).

use super::{Case, Faults, Outcome, compare_matrix, compare_test, filter_sql, list, or, surv_call, terms, text};
use cohort::engine::TimeTransform;
use cohort::loader::{FlatOptions, Quiet, read_flat};
use cohort::pipeline::{self, Fitted, InteractionRequest, ModelSettings};
use cohort::table::Table;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// What terms may be made of.
const KINDS_OF_PARTS: [&str; 10] = [
    "numeric",
    "factor",
    "transform",
    "power",
    "linear",
    "polynomial",
    "natural_spline",
    "restricted_cubic_spline",
    "ridge",
    "time_transform",
];

/// The stopping rule of a fit.
#[derive(Clone, Copy, PartialEq)]
pub enum Rule {
    Full,
    LikeR,
}

/// `results.json` of a model, or the message of the error.
pub type Run<'a> = &'a dyn Fn(&Model, Rule) -> Result<Value, String>;

/// The model of a case in the words of our command line.
pub struct Model {
    id: String,
    data: PathBuf,
    expected: Value,
    notes: String,
    formula: String,
    filter: Option<String>,
    levels: Vec<(String, Vec<String>)>,
    spec: Value,
    interactions: Vec<(String, String, Vec<f64>)>,
    /// Functions of time against which proportional hazards are tested.
    pub transforms: Vec<String>,
    firth: bool,
}

impl Model {
    /// Reads the model of a case; the error says why it is not supported.
    pub fn read(case: &Case) -> Result<Model, String> {
        let spec = case.spec().clone();
        let parts =
            || spec["terms"].as_array().into_iter().flatten().flat_map(|t| t["parts"].as_array().into_iter().flatten());
        for part in parts() {
            let kind = text(&part["kind"]);
            if !KINDS_OF_PARTS.contains(&kind.as_str()) {
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
        let strata = super::time_varying::with_function(&spec);
        let surv = if case.kind == "firth" { response(&spec["response"]) } else { surv_call(&case.file["r_code"]) };
        Ok(Model {
            id: case.id.clone(),
            data: case.data(),
            expected: case.expected().clone(),
            notes: case.file["r_warnings"].to_string(),
            formula: format!("{surv} ~ {strata}"),
            filter: filter_sql(&spec["rows"]),
            levels,
            interactions: interaction_requests(&spec),
            transforms: list(&spec["transforms"]).iter().map(text).collect(),
            firth: case.kind == "firth",
            spec,
        })
    }

    pub fn column(&self, key: &str) -> Option<String> {
        self.spec[key].as_str().map(str::to_owned)
    }

    fn control(&self, key: &str) -> Option<f64> {
        self.spec["control"][key].as_f64()
    }

    fn init(&self) -> Option<Vec<f64>> {
        self.spec["init"].as_array().map(|v| v.iter().filter_map(Value::as_f64).collect())
    }
}

/// The left side of a formula, for kinds whose R code holds no call of `coxph`.
fn response(response: &Value) -> String {
    let event = |v: &Value| format!("{} == {v}", text(&response["event"]));
    let events: Vec<String> = list(&response["event_values"]).iter().map(event).collect();
    let column = |key: &str| text(&response[key]);
    let times = match text(&response["kind"]).as_str() {
        "counting" => format!("{}, {}", column("start"), column("stop")),
        _ => column("time"),
    };
    format!("Surv({times}, {})", events.join(" | "))
}

/// Both directions of the case's interaction: hazard ratios of A within B, and of B within A.
fn interaction_requests(spec: &Value) -> Vec<(String, String, Vec<f64>)> {
    let interaction = &spec["interaction"];
    let (Some(a), Some(b)) = (interaction["a"].as_str(), interaction["b"].as_str()) else { return Vec::new() };
    let values =
        |key: &str| interaction[key].as_array().into_iter().flatten().filter_map(Value::as_f64).collect::<Vec<f64>>();
    vec![(a.to_owned(), b.to_owned(), values("at_b")), (b.to_owned(), a.to_owned(), values("at_a"))]
}

impl Model {
    /// The rows of the data that the case uses.
    pub fn table(&self) -> Result<Table, String> {
        let read = FlatOptions { condition: self.filter.clone(), ..FlatOptions::default() };
        let shown = self.data.display().to_string();
        Ok(read_flat(&self.data, &shown, &read, &mut Quiet).map_err(|e| e.to_string())?.table)
    }

    /// The model as the library takes it.
    pub fn settings(&self, rule: Rule) -> ModelSettings {
        let mut settings = ModelSettings::new(&self.formula);
        settings.levels = self.levels.clone();
        settings.weights = self.column("weights");
        settings.cluster = self.column("cluster");
        settings.id = self.column("id");
        settings.robust = self.spec["robust"].as_bool();
        settings.initial = self.init();
        settings.ties = match self.spec["ties"].as_str() {
            Some("breslow") => cohort::engine::Ties::Breslow,
            Some("exact") => cohort::engine::Ties::Exact,
            _ => cohort::engine::Ties::Efron,
        };
        if let Some(n) = self.control("iter.max") {
            settings.max_iterations = n as u32;
        }
        if let Some(tolerance) = self.control("eps") {
            settings.tolerance = tolerance;
        }
        if self.spec["control"]["timefix"] == Value::Bool(false) {
            settings.near_ties = cohort::engine::NearTies::Keep;
        }
        if self.firth {
            settings.bias_correction = cohort::pipeline::BiasCorrection::Firth;
        }
        if rule == Rule::LikeR {
            settings.convergence = cohort::engine::Convergence::LikeR;
        }
        let transforms = self.transforms.iter().filter_map(|name| TimeTransform::named(name));
        settings.diagnostics.proportional_hazards = transforms.collect();
        settings.interactions = self
            .interactions
            .iter()
            .map(|(a, b, at)| InteractionRequest { exposure: a.clone(), modifier: b.clone(), at: at.clone() })
            .collect();
        settings
    }
}

/// The fully converged fit of a case's model: where residuals, tests and curves start.
pub fn fitted(case: &Case) -> Result<Fitted, String> {
    let model = Model::read(case)?;
    pipeline::fit_model(&model.table()?, &model.settings(Rule::Full)).map_err(|e| e.to_string())
}

/// The report of a model through the library.
pub fn library_result(model: &Model, rule: Rule) -> Result<Value, String> {
    let report = pipeline::fit_table(&model.table()?, &model.settings(rule)).map_err(|e| e.to_string())?;
    serde_json::to_value(&report).map_err(|e| e.to_string())
}

/// The report of a model through the command line.
pub fn command_line_result(model: &Model, rule: Rule) -> Result<Value, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cohort"));
    command.arg("fit").arg(&model.data).args(["--formula", &model.formula, "--format", "none", "--json", "-"]);
    if model.firth {
        command.arg("--firth");
    }
    let mut flag = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            command.arg(format!("{name}={value}"));
        }
    };
    flag("--where", model.filter.clone());
    flag("--weights", model.column("weights"));
    flag("--cluster", model.column("cluster"));
    flag("--id", model.column("id"));
    flag("--ties", model.column("ties"));
    flag("--robust", model.spec["robust"].as_bool().map(|b| if b { "yes" } else { "no" }.to_owned()));
    flag("--iterations", model.control("iter.max").map(|n| n.to_string()));
    flag("--tolerance", model.control("eps").map(|n| n.to_string()));
    flag("--init", model.init().map(|v| v.iter().map(f64::to_string).collect::<Vec<_>>().join(",")));
    flag("--near-ties", (model.spec["control"]["timefix"] == Value::Bool(false)).then(|| "keep".to_owned()));
    flag("--convergence", (rule == Rule::LikeR).then(|| "like-r".to_owned()));
    flag("--ph", (!model.transforms.is_empty()).then(|| model.transforms.join(",")));
    for (column, levels) in &model.levels {
        flag("--levels", Some(format!("{column}={}", levels.join(","))));
    }
    for (a, b, at) in &model.interactions {
        let at = at.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
        flag("--interaction", Some(if at.is_empty() { format!("{a}:{b}") } else { format!("{a}:{b}@{at}") }));
    }
    let output = command.output().map_err(|e| e.to_string())?;
    if !output.status.success() {
        let code = output.status.code().unwrap_or(-1);
        assert!(
            [10, 11, 12, 13].contains(&code),
            "{}: exit code {code}: {}",
            model.id,
            String::from_utf8_lossy(&output.stderr)
        );
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|e| format!("standard output is not JSON: {e}"))
}

/// Compares a case, run through one of the two doors.
pub fn compare(case: &Case, run: Run) -> Outcome {
    let model = match Model::read(case) {
        Ok(model) => model,
        Err(why) => return Outcome::Unsupported(why),
    };
    let mut faults = Faults::of(case);
    match (run(&model, Rule::LikeR), model.expected["r_error"].as_str()) {
        (Err(_), Some(_)) => return Outcome::Agrees,
        (Ok(_), Some(r)) => faults.found.push(format!("R stops with an error ({r}), we do not")),
        // Where R returns a fit without a single estimate, we refuse: what cannot be estimated is an error here.
        (Err(message), None) if nothing_estimated(&model.expected) => {
            if message.is_empty() {
                faults.found.push("an error without a message".to_owned());
            }
        }
        (Err(message), None) => faults.found.push(format!("error: {message}")),
        (Ok(result), None) => {
            compare_like_r(&model, &result, &mut faults);
            match run(&model, Rule::Full) {
                Ok(full) => compare_converged(&model, &full, &mut faults),
                Err(message) => faults.found.push(format!("fully converged fit: error: {message}")),
            }
            terms::compare_rows(case, &mut faults);
        }
    }
    faults.outcome(case)
}

/// Whether R gives no coefficient at all because there was no event or no row to use.
fn nothing_estimated(expected: &Value) -> bool {
    let coefficients = expected["coefficients"].as_array().map_or(&[][..], Vec::as_slice);
    expected["nevent"] == 0 && coefficients.iter().all(|c| c["coef"].is_null())
}

/// What R reports at its own stopping point.
fn compare_like_r(case: &Model, result: &Value, faults: &mut Faults) {
    let (expected, model) = (&case.expected, &result["models"][0]);
    faults.equal("n", &model["n_records"], &expected["n"]);
    faults.equal("events", &model["n_events"], &expected["nevent"]);
    faults.equal("missing", &model["n_missing_dropped"], &expected["n_missing_dropped"]);
    faults.number("loglik null", &model["log_partial_likelihood"]["null"], &expected["loglik_null"], 1e-8);
    faults.number("loglik", &model["log_partial_likelihood"]["fitted"], &expected["loglik"], 1e-8);
    compare_warnings(case, model, faults);
    let (ours, theirs) = (list(&model["coefficients"]), list(&expected["coefficients"]));
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
fn compare_converged(case: &Model, result: &Value, faults: &mut Faults) {
    // The reference takes its interaction analyses from the converged coefficients.
    compare_interactions(case, result, faults);
    let model = &result["models"][0];
    faults.number(
        "loglik converged",
        &model["log_partial_likelihood"]["fitted"],
        &or(&case.expected["loglik_converged"], &model["log_partial_likelihood"]["fitted"]),
        1e-8,
    );
    for (c, r) in list(&model["coefficients"]).iter().zip(list(&case.expected["coefficients"])) {
        if r["coef_converged"].is_null() || case.control("iter.max").is_some_and(|n| n < 20.0) {
            continue;
        }
        let name = text(&r["name"]);
        faults.number(&format!("{name} converged estimate"), &c["estimate"], &r["coef_converged"], 1e-8);
        let se = if c["robust_se"].is_null() { &c["se"] } else { &c["robust_se"] };
        faults.number(&format!("{name} converged se"), se, &r["se_converged"], 1e-8);
    }
}

/// `parts` with the keys that matter, absent ones as null.
fn part_list(parts: &Value) -> Value {
    let part = |p: &Value| serde_json::json!([p["variable"], p["level"], p["versus"], p["basis"], p["index"]]);
    Value::Array(parts.as_array().into_iter().flatten().map(part).collect())
}

fn compare_warnings(case: &Model, model: &Value, faults: &mut Faults) {
    let has = |code: &str| model["warnings"].as_array().into_iter().flatten().any(|w| w["code"] == code);
    if case.notes.contains("may be infinite") && !has("infinite_coefficient") {
        faults.found.push("R warns of an infinite coefficient, we do not".to_owned());
    }
    if case.notes.contains("did not converge") && model["converged"] == true && !has("infinite_coefficient") {
        faults.found.push("R did not converge, we say we did".to_owned());
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

fn compare_interactions(case: &Model, result: &Value, faults: &mut Faults) {
    let blocks = list(&result["models"][0]["interactions"]);
    if case.interactions.is_empty() {
        return;
    }
    if blocks.len() != 2 {
        faults.found.push(format!("{} interaction analyses, expected both directions", blocks.len()));
        return;
    }
    for r in list(&case.expected["conditional_hr"]) {
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
            list(&b["within"]).iter().find(|w| level(w) && given(w))
        });
        compare_hr(faults, "conditional", row, r);
    }
    let [a, b] = [&case.interactions[0].0, &case.interactions[0].1];
    for r in list(&case.expected["joint_hr"]["cells"]) {
        let row = list(&blocks[0]["joint"]).iter().find(|j| j["exposure_level"] == r[a] && j["modifier_level"] == r[b]);
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
    let Some(ours) = list(&block["reri"]).first() else {
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
