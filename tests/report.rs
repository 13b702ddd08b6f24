//! Every table in every format, from one small hand-made report: an aliased column, an infinite coefficient, an
//! interaction with a cell that cannot be estimated, long labels, Norwegian letters.

use cohort::report::number::NumberStyle;
use cohort::report::render::{Format, csv, json, markdown, render, text};
use cohort::report::*;
use insta::assert_snapshot;

fn counts(persons: u64, events: u64, person_years: f64) -> Counts {
    let rate = 1000.0 * events as f64 / person_years;
    Counts {
        persons: Some(persons),
        records: Some(persons),
        events: Some(events),
        person_time_days: Some((person_years * 365.25) as u64),
        person_years: Some(person_years),
        rate: Some(rate),
        rate_lower: Some(rate * 0.9),
        rate_upper: Some(rate * 1.1),
        ..Counts::default()
    }
}

fn level(variable: &str, label: &str, level: &str, level_label: &str, counts: Counts) -> LevelRow {
    let [variable, label, level, level_label] = [variable, label, level, level_label].map(String::from);
    LevelRow { missing: level.is_empty(), variable, label, level, level_label, counts }
}

fn part(variable: &str, level: Option<&str>, versus: Option<&str>) -> Part {
    Part { variable: variable.into(), level: level.map(String::from), versus: versus.map(String::from) }
}

fn coefficient(name: &str, part: Part, estimate: f64, se: f64) -> Coefficient {
    let (lower, upper) = (estimate - 1.96 * se, estimate + 1.96 * se);
    Coefficient {
        name: name.into(),
        term: part.variable.clone(),
        parts: vec![part],
        estimate: Some(estimate),
        se: Some(se),
        z: Some(estimate / se),
        p: Some(if (estimate / se).abs() > 3.0 { 1e-5 } else { 0.2 }),
        lower: Some(lower),
        upper: Some(upper),
        hr: Some(estimate.exp()),
        hr_lower: Some(lower.exp()),
        hr_upper: Some(upper.exp()),
        ..Coefficient::default()
    }
}

fn test(chisq: f64, df: f64, p: f64) -> Option<TestResult> {
    Some(TestResult { chisq: Some(chisq), df: Some(df), p: Some(p) })
}

fn group(level: &str, estimate: f64, se: f64) -> Coefficient {
    coefficient(&format!("group{level}"), part("group", Some(level), Some("majority")), estimate, se)
}

fn crude() -> ModelResult {
    ModelResult {
        name: "crude".into(),
        label: "Crude".into(),
        formula: "group".into(),
        ties: "efron".into(),
        variance: "model".into(),
        n_records: Some(1400),
        n_persons: Some(1400),
        n_events: Some(212),
        n_missing_dropped: Some(0),
        coefficients: vec![group("nordic", 0.25, 0.08), group("middle", -0.12, 0.1)],
        covariance: vec![vec![Some(0.0064), Some(0.001)], vec![Some(0.001), Some(0.01)]],
        log_partial_likelihood: LogPartialLikelihood { null: Some(-1500.25), fitted: Some(-1490.5) },
        aic: Some(2985.0),
        bic: Some(2991.7),
        tests: GlobalTests {
            lr: test(19.5, 2.0, 5.8e-5),
            wald: test(18.9, 2.0, 7.9e-5),
            score: test(19.1, 2.0, 7.1e-5),
            robust_score: None,
        },
        terms: vec![TermTests {
            term: "group".into(),
            label: "Migrant group".into(),
            wald: test(18.9, 2.0, 7.9e-5),
            lr: test(19.5, 2.0, 5.8e-5),
        }],
        concordance: Some(Concordance { value: Some(0.5612), se: Some(0.0123) }),
        iterations: 4,
        termination: "converged".into(),
        converged: true,
        ..ModelResult::default()
    }
}

fn adjusted() -> ModelResult {
    let aliased = Coefficient {
        name: "sexunknown".into(),
        term: "sex".into(),
        parts: vec![part("sex", Some("unknown"), Some("2"))],
        aliased: true,
        ..Coefficient::default()
    };
    let infinite = Coefficient { infinite: true, ..group("middle", -17.3, 2100.0) };
    let age = Coefficient { label: "Age, years".into(), ..coefficient("age", part("age", None, None), 0.0121, 0.0031) };
    ModelResult {
        name: "adjusted".into(),
        label: "+ sex and a very long label of a model that has to wrap".into(),
        formula: "group + sex + age".into(),
        n_missing_dropped: Some(12),
        n_records: Some(1388),
        n_persons: Some(1388),
        n_events: Some(206),
        coefficients: vec![
            group("nordic", 0.21, 0.085),
            infinite,
            coefficient("sex1", part("sex", Some("1"), Some("2")), 0.4, 0.07),
            aliased,
            age,
        ],
        warnings: vec![
            Warning {
                code: "infinite_coefficient".into(),
                message: "group, level middle: the coefficient runs to minus infinity (no events); merge the level or use \
                          Firth's correction"
                    .into(),
                term: Some("group".into()),
                level: Some("middle".into()),
            },
            Warning {
                code: "aliased".into(),
                message: "sex, level unknown: a linear combination of earlier columns; it has no coefficient".into(),
                term: Some("sex".into()),
                level: Some("unknown".into()),
            },
        ],
        interactions: vec![interaction()],
        terms: Vec::new(),
        ..crude()
    }
}

fn interaction() -> Interaction {
    let cell = |e: (&str, &str), m: (&str, &str), n: u64, d: u64, hr: Option<f64>| InteractionCell {
        exposure_level: e.0.into(),
        exposure_label: e.1.into(),
        modifier_level: m.0.into(),
        modifier_label: m.1.into(),
        reference: e.0 == "majority",
        persons: Some(n),
        events: Some(d),
        hr,
        lower: hr.map(|h| h * 0.8),
        upper: hr.map(|h| h * 1.25),
        p: hr.map(|_| 0.04),
        reason: hr.is_none().then(|| "no events in this cell".to_string()),
        ..InteractionCell::default()
    };
    let (majority, nordic, middle) = (("majority", "Majority"), ("nordic", "Nordic"), ("middle", "Middle East, Ærø & Ålesund"));
    let (women, men) = (("2", "Women"), ("1", "Men"));
    let ratio = |e: &str, ratio: f64| InteractionRatio {
        exposure_level: e.into(),
        modifier_level: "1".into(),
        ratio: Some(ratio),
        lower: Some(ratio * 0.7),
        upper: Some(ratio / 0.7),
        p: Some(0.6),
        ..InteractionRatio::default()
    };
    Interaction {
        exposure: "group".into(),
        exposure_label: "Migrant group".into(),
        modifier: "sex".into(),
        modifier_label: "Sex".into(),
        formula: "group * sex + age".into(),
        adjusted_for: vec!["Age, years".into()],
        n_records: Some(1388),
        n_events: Some(206),
        wald: test(0.41, 1.0, 0.52),
        lr: test(0.42, 1.0, 0.517),
        within: vec![
            cell(majority, women, 500, 70, Some(1.0)),
            cell(nordic, women, 140, 30, Some(1.31)),
            cell(middle, women, 40, 0, None),
            cell(majority, men, 490, 80, Some(1.0)),
            cell(nordic, men, 150, 24, Some(1.18)),
            cell(middle, men, 68, 2, Some(0.35)),
        ],
        ratios: vec![ratio("nordic", 0.9)],
        iterations: 5,
        termination: "converged".into(),
        converged: true,
        ..Interaction::default()
    }
}

/// The report that all snapshots show.
pub fn sample() -> Report {
    let step = |step, label: &str, persons, excluded| AttritionStep {
        step,
        label: label.into(),
        persons: Some(persons),
        excluded,
        ..AttritionStep::default()
    };
    let exit = |reason: &str, persons| ExitCount { reason: reason.into(), persons: Some(persons), hidden: false };
    Report {
        software: Software { name: "cohort".into(), version: "0.0.0".into() },
        study: Some(StudyInfo {
            name: "sample".into(),
            title: "Outpatient contact after a diagnosis in primary care".into(),
            note: "Hand-made numbers.".into(),
            known: vec!["followed two years".into()],
            chosen: vec!["codes".into(), "ages".into()],
        }),
        inputs: vec![Input {
            extract: "persons".into(),
            path: "population/faste_oppl.csv".into(),
            bytes: Some(123_456),
            hash: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
            rows: Some(2000),
        }],
        links: vec![Link {
            extract: "claims".into(),
            spelling: "kuhr".into(),
            keys: Some(1900),
            matched: Some(1880),
            rows: Some(9000),
            rows_matched: Some(8950),
            hidden: false,
        }],
        attrition: vec![
            step(0, "population", 2000, None),
            step(1, "first contact with a listed code in the inclusion window", 1500, Some(500)),
            step(2, "aged 18 to 65 on the index date", 1402, Some(98)),
            step(3, "not dead before the index date", 1400, Some(2)),
        ],
        follow_up: Some(FollowUp {
            scale: "since_index".into(),
            event: "first outpatient contact".into(),
            exits: vec!["death".into(), "emigration".into(), "end of data".into()],
            maximum: Some("730 days".into()),
            event_at_entry: Some("exclude".into()),
            ..FollowUp::default()
        }),
        exits: vec![
            exit("first outpatient contact", 212),
            exit("death", 4),
            exit("emigration", 34),
            exit("end of data", 150),
            exit("730 days", 1000),
        ],
        total: Some(counts(1400, 212, 2500.4)),
        levels: vec![
            level("group", "Migrant group", "majority", "Majority", counts(1000, 150, 1800.2)),
            level("group", "Migrant group", "nordic", "Nordic", counts(290, 54, 500.1)),
            level("group", "Migrant group", "middle", "Middle East, Ærø & Ålesund", counts(110, 8, 200.1)),
            level("sex", "Sex", "2", "Women", counts(685, 103, 1220.0)),
            level("sex", "Sex", "1", "Men", counts(703, 103, 1250.0)),
            level("sex", "Sex", "unknown", "Ukjent | unknown, as the register writes it", counts(10, 4, 25.4)),
            level("sex", "Sex", "", "Missing", counts(2, 2, 5.0)),
        ],
        models: vec![crude(), adjusted()],
        notes: vec![Note {
            source: "npr".into(),
            message: "identical rows collapsed".into(),
            count: Some(213),
            unit: "rows".into(),
            hidden: false,
        }],
        ..Report::default()
    }
}

/// A fit of a data file: no study, no levels.
fn data_file() -> Report {
    let robust = |c: Coefficient| Coefficient { robust_se: c.se.map(|se| se * 1.1), ..c };
    let mut model = ModelResult {
        label: String::new(),
        name: "model".into(),
        formula: "Surv(time, status) ~ group + sex + age".into(),
        variance: "clustered".into(),
        cluster: Some("id".into()),
        interactions: Vec::new(),
        n_persons: None,
        ..adjusted()
    };
    model.coefficients = model.coefficients.into_iter().map(robust).collect();
    Report { software: sample().software, models: vec![model], ..Report::default() }
}

fn text_of(report: &Report, width: usize) -> String {
    render(report, Format::Text, &NumberStyle::ENGLISH, width)
}

#[test]
fn study_as_text() {
    assert_snapshot!(text_of(&sample(), 100), @"");
}

#[test]
fn study_as_markdown() {
    assert_snapshot!(render(&sample(), Format::Markdown, &NumberStyle::ENGLISH, 0), @"");
}

#[test]
fn study_as_csv() {
    assert_snapshot!(render(&sample(), Format::Csv, &NumberStyle::ENGLISH, 0), @"");
}

#[test]
fn data_file_as_text() {
    assert_snapshot!(text_of(&data_file(), 100), @"");
}

#[test]
fn a_narrow_terminal_gets_the_table_in_parts() {
    let table = tables::level_table(&sample()).unwrap();
    assert_snapshot!(text::table(&table, "", &NumberStyle::ENGLISH, 72), @"");
}

#[test]
fn a_fit_that_did_not_converge_shows_no_estimates() {
    let mut report = data_file();
    report.models[0].converged = false;
    report.models[0].termination = "20 iterations were not enough".into();
    assert_snapshot!(text_of(&report, 100), @"");
}

#[test]
fn no_line_is_wider_than_asked_and_no_word_is_lost() {
    for width in [60, 72, 80, 100, 120, 200] {
        let text = text_of(&sample(), width);
        let widest = text.lines().map(|l| l.chars().count()).max().unwrap();
        assert!(widest <= width, "{widest} characters at width {width}");
        let words = |text: &str| text.replace(['─', '\n'], " ").replace(' ', "");
        assert!(words(&text).contains("ÆrøålesundØ") || text.contains("Ærø &") , "labels stay whole");
    }
}

#[test]
fn json_comes_back_as_the_same_report() {
    let report = sample();
    let bytes = json::results(&report);
    assert_eq!(json::read(&bytes).unwrap(), report);
    assert_eq!(json::results(&json::read(&bytes).unwrap()), bytes);
    assert!(!bytes.contains("NaN") && !bytes.contains("timings"));
    let timed = json::with_timings(&report, &Timings { fit_seconds: Some(0.5), ..Timings::default() });
    assert!(timed.contains("\"fit_seconds\": 0.5"));
    assert_eq!(json::read(&timed).unwrap(), report);
}

#[test]
fn json_of_another_schema_is_refused() {
    let text = json::results(&sample()).replace(SCHEMA, "cohort-results/0");
    let message = json::read(&text).unwrap_err().to_string();
    assert!(message.starts_with("results file: schema is not cohort-results/1"), "{message}");
    assert!(json::read("{\"schema\": 3}").is_err());
}

#[test]
fn numbers_that_are_not_available_are_null() {
    assert_eq!(matrix(1, 2, |_, j| [1.5, f64::NAN][j]), [[Some(1.5), None]]);
    assert_eq!(finite(f64::INFINITY), None);
    let value: serde_json::Value = serde_json::from_str(&json::results(&sample())).unwrap();
    assert!(value["models"][1]["coefficients"][3]["estimate"].is_null());
    assert!(value["models"][1]["naive_covariance"].is_null());
}

#[test]
fn every_csv_file_is_rectangular_and_reads_back() {
    for table in tables::data_tables(&sample()) {
        let text = csv::table(&table);
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let rows = reader.records().map(|r| r.unwrap()).count();
        let expected = table.rows.iter().filter(|r| r.kind != tables::RowKind::Group).count();
        assert_eq!(rows, expected, "{}", table.id);
    }
}

#[test]
fn every_markdown_row_has_as_many_cells_as_the_head() {
    for table in tables::data_tables(&sample()) {
        let text = markdown::table(&table, "", &NumberStyle::ENGLISH);
        let cells = |line: &str| line.replace("\\|", "").matches('|').count();
        let rows: Vec<usize> = text.lines().filter(|l| l.starts_with('|')).map(cells).collect();
        assert!(rows.windows(2).all(|w| w[0] == w[1]), "{text}");
    }
}
