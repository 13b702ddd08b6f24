//! Every number of `results.json` is known to disclosure control: a count that nobody registered fails here.
//!
//! The numbers that may stand in the file are read from its JSON Schema, which the types of the report make, so that a new
//! field is found whether or not any test fills it.
//!
//! `registered_counts.txt` lists every path of the results file that may hold a number, with what becomes of it: `count` (a
//! place of `src/report/disclosure/cells.rs`), `gone` (never exported), `estimate`, or `setting` (says nothing of people).

use cohort::report::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const LIST: &str = include_str!("registered_counts.txt");

/// A report with one of everything.
fn one_of_everything() -> Report {
    let point = || SurvivalPoint::default();
    let curve = Curve {
        time: vec![0.5],
        at_risk: vec![0.5],
        events: vec![0.5],
        censored: vec![0.5],
        survival: vec![0.5],
        se: vec![None],
        lower: vec![None],
        upper: vec![None],
        cumulative_hazard: vec![0.5],
        cumulative_hazard_se: vec![None],
    };
    let incidence = IncidenceCurve {
        time: vec![0.5],
        at_risk: vec![0.5],
        events: vec![0.5],
        probability: vec![0.5],
        se: vec![None],
        lower: vec![None],
        upper: vec![None],
    };
    let group = GroupDescription {
        survival: vec![point()],
        quantiles: vec![QuantilePoint::default()],
        restricted_mean: Some(MeanTime::default()),
        incidence: vec![CauseIncidence { points: vec![point()], curve: Some(incidence), ..CauseIncidence::default() }],
        rate: Some(GroupRate::default()),
        standardised: Some(StandardisedRate::default()),
        observed_expected: Some(ObservedExpected::default()),
        curve: Some(curve),
        ..GroupDescription::default()
    };
    let description = Description {
        missing: vec![MissingCount::default()],
        groups: vec![group],
        tests: vec![GroupTest { observed: vec![None], expected: vec![None], ..GroupTest::default() }],
        pairs: vec![PairTest::default()],
        ..Description::default()
    };
    let code = || CodeRows { persons: Some(3), ..CodeRows::default() };
    Report {
        study: Some(StudyInfo::default()),
        inputs: vec![Input::default()],
        entry_rules: Some(EntryRules {
            index: IndexRule { nth: Some(2), age_from: Some(18), age_to: Some(65), ..IndexRule::default() },
            matching: Some(MatchingRule::default()),
        }),
        links: vec![Link::default()],
        key_clean_up: vec![KeyCleanUp::default()],
        attrition: vec![AttritionStep {
            added: Some(3),
            events: Some(3),
            excluded_events: Some(3),
            ..AttritionStep::default()
        }],
        codes: vec![CodeUse {
            lists: vec![ListUse { found: vec![code()], ..ListUse::default() }],
            uncovered: vec![code()],
            ..CodeUse::default()
        }],
        rows_in_time: vec![RowsInTime { month: Some(1), ..RowsInTime::default() }],
        covariates: vec![Covariate::default()],
        checks: vec![RecordCheck::default()],
        table_one: Some(table_one()),
        comparisons: vec![ModelComparison { test: Some(TestResult::default()), ..ModelComparison::default() }],
        follow_up: Some(FollowUp::default()),
        exits: vec![ExitCount::default()],
        total: Some(Counts::default()),
        levels: vec![LevelRow::default()],
        descriptions: vec![description],
        models: vec![model()],
        notes: vec![Note::default()],
        ..Report::default()
    }
}

fn table_one() -> TableOne {
    let summary = || Some(NumberSummary { sharing: [Some(3); 3], ..NumberSummary::default() });
    TableOne {
        groups: vec![TableOneGroup { follow_up: summary(), ..TableOneGroup::default() }],
        variables: vec![TableOneVariable {
            levels: vec![TableOneLevel { cells: vec![TableOneCell::default()], ..TableOneLevel::default() }],
            numbers: vec![summary()],
            missing: vec![TableOneCell::default()],
            differences: vec![None],
            ..TableOneVariable::default()
        }],
        ..TableOne::default()
    }
}

fn model() -> ModelResult {
    let test = || Some(TestResult::default());
    let tests = GlobalTests { lr: test(), wald: test(), score: test(), robust_score: test() };
    let term_test = || TermTest::default();
    let steps = CurveSteps {
        time: vec![0.5],
        survival: vec![None],
        cumulative_incidence: vec![None],
        lower: vec![None],
        upper: vec![None],
        cumulative_hazard: vec![None],
        cumulative_hazard_se: vec![None],
        ..CurveSteps::default()
    };
    ModelResult {
        missing: vec![MissingCount::default()],
        levels: vec![ModelLevel::default()],
        coefficients: vec![Coefficient {
            parts: vec![Part { index: Some(1), ..Part::default() }],
            lr: test(),
            wald: Some(WaldStatement::default()),
            p_adjusted: Some(0.5),
            bootstrap: Some(BootstrapInterval::default()),
            ..Coefficient::default()
        }],
        bases: vec![BasisUsed {
            knots: vec![Knot::default()],
            boundary: vec![Knot::default()],
            alpha: vec![None],
            norm2: vec![None],
            ..BasisUsed::default()
        }],
        collapsed: vec![Collapsed { of: vec![CollapsedLevel::default()], ..Collapsed::default() }],
        ratios_at: vec![RatiosAt {
            points: vec![RatioAt::default()],
            curve: vec![CurveRatio::default()],
            ..RatiosAt::default()
        }],
        covariance: vec![vec![None]],
        naive_covariance: Some(vec![vec![None]]),
        penalised: Some(LogPartialLikelihood::default()),
        ridge: Some(Ridge {
            terms: vec![RidgeTerm { variances: vec![None], ..RidgeTerm::default() }],
            df_per_term: vec![None],
            covariance2: vec![vec![None]],
            se2: vec![None],
            ..Ridge::default()
        }),
        tests,
        terms: vec![TermTests { wald: test(), lr: test(), ..TermTests::default() }],
        concordance: Some(Concordance::default()),
        means: vec![Some(0.5)],
        warnings: vec![warning()],
        proportional_hazards: Some(ProportionalHazards {
            terms: vec![term_test()],
            coefficients: vec![term_test()],
            global: test(),
            smooths: vec![TimeSmooth {
                at: vec![TimePoint { share: Some(0.5), ..TimePoint::default() }],
                curve: vec![TimePoint { share: Some(0.5), ..TimePoint::default() }],
                ..TimeSmooth::default()
            }],
            ..ProportionalHazards::default()
        }),
        functional_form: vec![FunctionalForm::default()],
        interactions: vec![interaction()],
        competing: Some(CompetingRisks::default()),
        time_varying: vec![TimeVarying {
            hazard_ratios: vec![HazardRatioAt::default()],
            curve: vec![CurveRatio::default()],
            ..TimeVarying::default()
        }],
        contrasts: vec![Contrast {
            weights: vec![Some(0.5)],
            p_adjusted: Some(0.5),
            bootstrap: Some(BootstrapInterval::default()),
            ..Contrast::default()
        }],
        baseline_hazard: vec![BaselineHazard {
            time: vec![0.5],
            n_events: vec![3],
            cumulative_hazard: vec![None],
            se: vec![None],
            cumulative_hazard_at_means: vec![None],
            se_at_means: vec![None],
            ..BaselineHazard::default()
        }],
        curves: vec![SurvivalCurve {
            times: vec![CurvePoint { cumulative_incidence: Some(0.5), ..CurvePoint::default() }],
            steps,
            ..SurvivalCurve::default()
        }],
        standardised: vec![StandardisedRisks {
            rows: vec![StandardisedRow::default()],
            ..StandardisedRisks::default()
        }],
        bootstrap: Some(Bootstrap { covariance: vec![vec![None]], ..Bootstrap::default() }),
        pooling: Some(Pooling {
            imputations: vec![Imputation::default()],
            coefficients: vec![PooledCoefficient::default()],
            within: vec![vec![None]],
            between: vec![vec![None]],
            terms: vec![PooledTest::default()],
            overall: Some(PooledTest::default()),
            likelihood_ratios: vec![PooledTest::default()],
            ..Pooling::default()
        }),
        ..ModelResult::default()
    }
}

fn warning() -> Warning {
    let cell = WarningCell { records: 3, events: 3, ..WarningCell::default() };
    Warning { cell: Some(cell), ..Warning::default() }
}

fn interaction() -> Interaction {
    let bootstrap = || Some(BootstrapInterval::default());
    let cell = || InteractionCell { p_adjusted: Some(0.5), bootstrap: bootstrap(), ..InteractionCell::default() };
    Interaction {
        wald: Some(TestResult::default()),
        lr: Some(TestResult::default()),
        pooled_test: Some(PooledTest::default()),
        within: vec![cell()],
        joint: vec![cell()],
        by_exposure: vec![cell()],
        ratios: vec![InteractionRatio { p_adjusted: Some(0.5), bootstrap: bootstrap(), ..InteractionRatio::default() }],
        reri: vec![AdditiveInteraction {
            reri_bootstrap: bootstrap(),
            ap_bootstrap: bootstrap(),
            s_bootstrap: bootstrap(),
            ..AdditiveInteraction::default()
        }],
        warnings: vec![warning()],
        ..Interaction::default()
    }
}

/// Calls `see` with the path and value of every leaf that is a number, is absent, or is an empty list.
fn leaves(path: &str, value: &mut Value, see: &mut dyn FnMut(&str, &mut Value)) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(&below, field, see);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter_mut().for_each(|item| leaves(&format!("{path}[]"), item, see));
        }
        Value::Number(_) | Value::Null | Value::Array(_) => see(path, value),
        Value::Bool(_) | Value::String(_) => {}
    }
}

fn listed() -> BTreeMap<&'static str, &'static str> {
    LIST.lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split_once(' '))
        .map(|(kind, path)| (path, kind))
        .collect()
}

/// Adds the path of every number that the schema of a value allows; a type within itself is entered once.
fn numbers(path: &str, schema: &Value, definitions: &Value, within: &[&str], found: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/")).filter(|n| !within.contains(n))
    {
        numbers(path, &definitions[name], definitions, &[within, &[name]].concat(), found);
    }
    for choice in ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|word| schema[word].as_array()).flatten() {
        numbers(path, choice, definitions, within, found);
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        numbers(&below, field, definitions, within, found);
    }
    if schema["items"].is_object() {
        numbers(&format!("{path}[]"), &schema["items"], definitions, within, found);
    }
    let types = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    if types.iter().any(|t| t == "integer" || t == "number") {
        found.insert(path.to_owned());
    }
}

#[test]
fn every_number_of_the_results_file_is_known_to_disclosure_control() {
    let known = listed();
    let schema: Value = serde_json::from_str(&schema::results()).expect("JSON");
    let mut found = BTreeSet::new();
    numbers("", &schema, &schema["$defs"], &[], &mut found);
    let new: Vec<&String> = found.iter().filter(|path| !known.contains_key(path.as_str())).collect();
    assert!(
        new.is_empty(),
        "numbers that disclosure control does not know; register a count in src/report/disclosure/cells.rs and what it \
         adds up to in relations.rs, then list each path in tests/registered_counts.txt as count, gone, estimate or \
         setting: {new:#?}"
    );
    let old: Vec<&&str> = known.keys().filter(|path| !found.contains(**path)).collect();
    assert!(old.is_empty(), "no longer in results.json: {old:#?}");
}

/// A small number at every place that is listed as a count, or as never exported, is in no export.
#[test]
fn a_small_number_at_any_place_does_not_leave() {
    let known = listed();
    let mut value = serde_json::to_value(one_of_everything()).expect("JSON");
    let mut planted = BTreeSet::new();
    leaves("", &mut value, &mut |path, leaf| {
        if matches!(known.get(path), Some(&"count") | Some(&"gone")) && !leaf.is_array() {
            // Lists of steps hold numbers of one width; a count elsewhere is whole.
            *leaf = if leaf.is_f64() { 3.0.into() } else { 3.into() };
            planted.insert(path.to_owned());
        }
    });
    let kinds = known.iter().filter(|(_, kind)| matches!(**kind, "count" | "gone"));
    let forgotten: Vec<&&str> = kinds.map(|(path, _)| path).filter(|path| !planted.contains(**path)).collect();
    assert!(forgotten.is_empty(), "`one_of_everything` lacks {forgotten:#?}");
    let report: Report = serde_json::from_value(value).expect("a report");
    let (exported, _) = disclosure::apply(&report, &Profile::named("dk-dst").expect("a profile"));
    let mut left = Vec::new();
    leaves("", &mut serde_json::to_value(exported).expect("JSON"), &mut |path, leaf| {
        if matches!(known.get(path), Some(&"count") | Some(&"gone")) && leaf.is_number() {
            left.push(path.to_owned());
        }
    });
    assert!(left.is_empty(), "{left:#?}");
}
