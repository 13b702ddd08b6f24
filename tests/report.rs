//! Every table in every format, from one small hand-made report: an aliased column, an infinite coefficient, an
//! interaction with a cell that cannot be estimated, long labels, Norwegian letters.

use cohort::house_style::{Language, Style};
use cohort::report::number::NumberStyle;
use cohort::report::render::screen::{self, Screen};
use cohort::report::render::{Format, csv, json, markdown, render, summary, text};
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
    Part {
        variable: variable.into(),
        level: level.map(String::from),
        versus: versus.map(String::from),
        ..Part::default()
    }
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
        hr: finite(estimate.exp()),
        hr_lower: finite(lower.exp()),
        hr_upper: finite(upper.exp()),
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
        concordance: Some(Concordance { value: Some(0.5612), se: Some(0.0123), ..Concordance::default() }),
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
                message:
                    "group, level middle: the coefficient runs to minus infinity (no events); merge the level or use \
                          Firth's correction"
                        .into(),
                term: Some("group".into()),
                level: Some("middle".into()),
                cell: None,
            },
            Warning {
                code: "aliased".into(),
                message: "sex, level unknown: a linear combination of earlier columns; it has no coefficient".into(),
                term: Some("sex".into()),
                level: Some("unknown".into()),
                cell: None,
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
    let (majority, nordic, middle) =
        (("majority", "Majority"), ("nordic", "Nordic"), ("middle", "Middle East, Ærø & Ålesund"));
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
            ..Link::default()
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
            empty: false,
            hidden: false,
        }],
        ..Report::default()
    }
}

/// A fit of a data file: no study, no levels.
pub fn data_file() -> Report {
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
    assert_snapshot!(text_of(&sample(), 100), @r##"
Outpatient contact after a diagnosis in primary care

Hand-made numbers.

Known from the abstract: followed two years.

Chosen by the user: codes; ages.

Study population
================

Table 1. Flow of persons
───────────────────────────────────────────────────────────
                                           Persons  Persons
Step                                      excluded     left
───────────────────────────────────────────────────────────
population                                            2,000
first contact with a listed code in the        500    1,500
inclusion window
aged 18 to 65 on the index date                 98    1,402
not dead before the index date                   2    1,400
───────────────────────────────────────────────────────────

Table 2. End of follow-up
─────────────────────────────────
Reason                    Persons
─────────────────────────────────
first outpatient contact      212
death                           4
emigration                     34
end of data                   150
730 days                    1,000
─────────────────────────────────

Events, rates and hazard ratios
===============================

Table 3. Persons, events, rates and hazard ratios
────────────────────────────────────────────────────────────────────────────────────────────
                                                                              Rate per 1,000
                                                                                person-years
                                          Persons  Events  Person-years             (95% CI)
────────────────────────────────────────────────────────────────────────────────────────────
All                                         1,400     212         2,500     84.8 (76.3–93.3)
Migrant group
  Majority                                  1,000     150         1,800     83.3 (75.0–91.7)
  Nordic                                      290      54           500   108.0 (97.2–118.8)
  Middle East, Ærø & Ålesund                  110       8           200     40.0 (36.0–44.0)
Sex
  Women                                       685     103         1,220     84.4 (76.0–92.9)
  Men                                         703     103         1,250     82.4 (74.2–90.6)
  Ukjent | unknown, as the register            10       4          25.4  157.5 (141.7–173.2)
  writes it
  Missing                                       2       2           5.0  400.0 (360.0–440.0)
────────────────────────────────────────────────────────────────────────────────────────────
Table 3. Persons, events, rates and hazard ratios (continued)
─────────────────────────────────────────────────────────────────────────────
                                                             + sex and a very
                                                              long label of a
                                                            model that has to
                                                     Crude               wrap
                                          ────────────────  ─────────────────
                                               HR (95% CI)        HR (95% CI)
─────────────────────────────────────────────────────────────────────────────
Migrant group                                    P < 0.001
  Majority                                   1 (reference)      1 (reference)
  Nordic                                  1.28 (1.10–1.50)   1.23 (1.04–1.46)
  Middle East, Ærø & Ålesund              0.89 (0.73–1.08)            → 0 [1]
Sex
  Women                                                         1 (reference)
  Men                                                        1.49 (1.30–1.71)
  Ukjent | unknown, as the register                         not estimable [2]
  writes it
Per unit
  Age, years                                                 1.01 (1.01–1.02)
Numbers in the models
  Persons                                            1,400              1,388
  Events                                               212                206
─────────────────────────────────────────────────────────────────────────────
[1] no finite estimate: the coefficient runs to infinity; Firth's correction, or merging small
    levels, gives one
[2] no estimate: the column is a linear combination of earlier ones
P in the row of a variable: likelihood-ratio test of its term.
+ sex and a very long label of a model that has to wrap: 12 records left out because a value is
missing.
Warning: + sex and a very long label of a model that has to wrap: group, level middle: the
coefficient runs to minus infinity (no events); merge the level or use Firth's correction
Warning: + sex and a very long label of a model that has to wrap: sex, level unknown: a linear
combination of earlier columns; it has no coefficient

Table 4. Tests of terms
─────────────────────────────────────────────────────────────────
                               Wald test    Likelihood-ratio test
                 ───────────────────────  ───────────────────────
                 Chi-squared  df       P  Chi-squared  df       P
─────────────────────────────────────────────────────────────────
Crude
  Migrant group        18.90   2  <0.001        19.50   2  <0.001
─────────────────────────────────────────────────────────────────

Interactions
============

Table 5. Tests of interaction
──────────────────────────────────────────────────────────────
Interaction           On top of
──────────────────────────────────────────────────────────────
Migrant group by Sex  + sex and a very long label of a model
                      that has to wrap
──────────────────────────────────────────────────────────────
Table 5. Tests of interaction (continued)
────────────────────────────────────────────────────────────────────
                                   Wald test   Likelihood-ratio test
                      ──────────────────────  ──────────────────────
Interaction           Chi-squared  df      P  Chi-squared  df      P
────────────────────────────────────────────────────────────────────
Migrant group by Sex         0.41   1  0.520         0.42   1  0.517
────────────────────────────────────────────────────────────────────

Table 6. Migrant group within levels of Sex
──────────────────────────────────────────────────────────────────────────────────────────
                                                           Women                       Men
                                       ─────────────────────────  ────────────────────────
                                       Events        HR (95% CI)  Events       HR (95% CI)
──────────────────────────────────────────────────────────────────────────────────────────
Hazard ratios of Migrant group
  Majority                                 70      1 (reference)      80     1 (reference)
  Nordic                                   30   1.31 (1.05–1.64)      24  1.18 (0.94–1.47)
  Middle East, Ærø & Ålesund                0  not estimable [1]       2  0.35 (0.28–0.44)
Ratio of hazard ratios, against Women
  Nordic                                           1 (reference)          0.90 (0.63–1.29)
──────────────────────────────────────────────────────────────────────────────────────────
[1] no events in this cell
Interaction, joint Wald test: chi-squared 0.41 on 1 df, P = 0.520.
Interaction, likelihood-ratio test: chi-squared 0.42 on 1 df, P = 0.517.
On top of the model "+ sex and a very long label of a model that has to wrap", adjusted for Age,
years.

Models
======

Table 7. Model fit
───────────────────────────────────────────────────────────────────────────────────
                                                              + sex and a very long
                                                              label of a model that
                                                    Crude               has to wrap
───────────────────────────────────────────────────────────────────────────────────
Formula                                             group         group + sex + age
Records                                             1,400                     1,388
Persons                                             1,400                     1,388
Events                                                212                       206
Records left out, missing value                         0                        12
Ties                                                Efron                     Efron
Variance                                      model-based               model-based
Log partial likelihood, null                    −1,500.25                 −1,500.25
Log partial likelihood, fitted                  −1,490.50                 −1,490.50
AIC                                               2,985.0                   2,985.0
BIC                                               2,991.7                   2,991.7
Likelihood-ratio test            19.50 on 2 df, P < 0.001  19.50 on 2 df, P < 0.001
Wald test                        18.90 on 2 df, P < 0.001  18.90 on 2 df, P < 0.001
Score (log-rank) test            19.10 on 2 df, P < 0.001  19.10 on 2 df, P < 0.001
Concordance (SE)                            0.561 (0.012)             0.561 (0.012)
Iterations                                              4                         4
───────────────────────────────────────────────────────────────────────────────────

Table 8. Comparison of models
────────────────────────────────────────────────────────────────────────────────────
                                                               Log
                                                           partial
Model                                     Coefficients  likelihood      AIC      BIC
────────────────────────────────────────────────────────────────────────────────────
Crude                                                2   −1,490.50  2,985.0  2,991.7
+ sex and a very long label of a model               4   −1,490.50  2,985.0  2,991.7
that has to wrap
────────────────────────────────────────────────────────────────────────────────────
AIC and BIC compare models of the same records.
Log likelihood, AIC and BIC say nothing between models that differ in kind, ties, strata or records:
"Crude"; "+ sex and a very long label of a model that has to wrap".

Methods
=======

Of 2,000 persons in the population, 1,400 entered the cohort, with 212 events in 2,500 person-years.
Eligibility, in order: aged 18 to 65 on the index date; not dead before the index date. People were
followed from the index date to first outpatient contact, death, emigration, end of data or 730 days
of follow-up, whichever came first. Without first outpatient contact, follow-up was censored at its
end. The time scale was days since the start of follow-up. People with the event on the day of entry
were excluded. Hazard ratios with 95% confidence intervals came from Cox proportional-hazards
models: "Crude" (Migrant group); "+ sex and a very long label of a model that has to wrap" (group +
sex + age). Reference levels: Migrant group: Majority; Sex: Women. Tied event times were handled by
Efron's method. Each model used the records without missing values in its variables. Every variable
named for a model stayed in it, whatever its P value, and no observation was left out for its
influence on the estimates. How well a model orders the events is given by the concordance with its
standard error. Interactions (Migrant group by Sex on top of "+ sex and a very long label of a model
that has to wrap") were analysed one at a time with product terms; hazard ratios are given within
the levels of the modifier, and each interaction was tested by a joint Wald test and a
likelihood-ratio test. Terms were tested by Wald and likelihood-ratio tests. P values are two-sided
and not adjusted for the number of tests. Rates are per 1,000 person-years (365.25 days each) with
exact Poisson intervals. Analyses were done with cohort 0.0.0.

Data
====

Table 9. Files read
────────────────────────────────────────────────────────────────────────────────────────────
File                       Used as   Rows    Bytes  SHA-256
────────────────────────────────────────────────────────────────────────────────────────────
population/faste_oppl.csv  persons  2,000  123,456  ba7816bf8f01cfea414140de5dae2223b00361a3
                                                    96177a9cb410ff61f20015ad
────────────────────────────────────────────────────────────────────────────────────────────

Table 10. Linkage
─────────────────────────────────────────────────────────────────────────
                                                                   Linked
                                     Rows                   Keys  keys in
         Key                Rows  without           Keys     not  several
Extract  spelling   Rows  linked      key   Keys  linked  linked     rows
─────────────────────────────────────────────────────────────────────────
claims   kuhr      9,000   8,950           1,900   1,880      20
─────────────────────────────────────────────────────────────────────────

Table 11. What the rules did
────────────────────────────────────────────
Where  What was found or done    Count  Of
────────────────────────────────────────────
npr    identical rows collapsed    213  rows
────────────────────────────────────────────
"##);
}

#[test]
fn study_in_brief() {
    assert_snapshot!(summary(&sample(), &NumberStyle::ENGLISH, 120), @r##"
Outpatient contact after a diagnosis in primary care

1,400 persons, 212 events, 2,500 person-years of follow-up.

Table 1. Persons, events, rates and hazard ratios
──────────────────────────────────────────────────────────────────────────────────────────────
                                                                              + sex and a very
                                                                               long label of a
                                                                             model that has to
                                                                      Crude               wrap
                                                           ────────────────  ─────────────────
                                          Persons  Events       HR (95% CI)        HR (95% CI)
──────────────────────────────────────────────────────────────────────────────────────────────
All                                         1,400     212
Migrant group                                                     P < 0.001
  Majority                                  1,000     150     1 (reference)      1 (reference)
  Nordic                                      290      54  1.28 (1.10–1.50)   1.23 (1.04–1.46)
  Middle East, Ærø & Ålesund                  110       8  0.89 (0.73–1.08)            → 0 [1]
Sex
  Women                                       685     103                        1 (reference)
  Men                                         703     103                     1.49 (1.30–1.71)
  Ukjent | unknown, as the register            10       4                    not estimable [2]
  writes it
  Missing                                       2       2
Per unit
  Age, years                                                                  1.01 (1.01–1.02)
Numbers in the models
  Persons                                                             1,400              1,388
  Events                                                                212                206
──────────────────────────────────────────────────────────────────────────────────────────────
[1] no finite estimate: the coefficient runs to infinity; Firth's correction, or merging small levels, gives one
[2] no estimate: the column is a linear combination of earlier ones
P in the row of a variable: likelihood-ratio test of its term.
+ sex and a very long label of a model that has to wrap: 12 records left out because a value is missing.
Warning: + sex and a very long label of a model that has to wrap: group, level middle: the coefficient runs to minus
infinity (no events); merge the level or use Firth's correction
Warning: + sex and a very long label of a model that has to wrap: sex, level unknown: a linear combination of earlier
columns; it has no coefficient

Table 2. Tests of interaction
──────────────────────────────────────────────────────────────────────────────────────────────────────────────
                                                                             Wald test   Likelihood-ratio test
                                                                ──────────────────────  ──────────────────────
Interaction           On top of                                 Chi-squared  df      P  Chi-squared  df      P
──────────────────────────────────────────────────────────────────────────────────────────────────────────────
Migrant group by Sex  + sex and a very long label of a model           0.41   1  0.520         0.42   1  0.517
                      that has to wrap
──────────────────────────────────────────────────────────────────────────────────────────────────────────────
"##);
}

/// What a small screen has no room for is named, and warnings are counted.
#[test]
fn study_in_brief_on_a_small_screen() {
    let shown = screen::summary(&sample(), &NumberStyle::ENGLISH, Screen { columns: 60, rows: 14 });
    assert!(!shown.has_warnings);
    assert_snapshot!(shown.text, @r##"
1,400 persons, 212 events, 2,500 person-years of follow-up.
                                + sex and a very
                                 long label of a
                                  model that has
                                         to wrap
               Persons  Events       HR (95% CI)
────────────────────────────────────────────────
Migrant group
  Majority       1,000     150     1 (reference)
  Nordic           290      54  1.23 (1.04–1.46)
In the report: 2 warnings; model Crude; 11 more rows; tests;
1 note on the data.
"##);
}

/// No screen of a usual size overflows, a larger one shows no less, and one that is large enough shows what a log does.
#[test]
fn a_summary_fits_every_screen() {
    let (report, style) = (sample(), &NumberStyle::ENGLISH);
    for columns in [60, 80, 100, 120] {
        let mut before = 0;
        for rows in 14..70 {
            let shown = screen::summary(&report, style, Screen { columns, rows }).text;
            let lines = shown.lines().count();
            assert!(lines <= rows && lines >= before, "{columns} x {rows}\n{shown}");
            assert!(shown.lines().all(|line| line.chars().count() <= columns), "{columns} x {rows}\n{shown}");
            assert!(shown.contains("1.23 (1.04–1.46)"), "{columns} x {rows}\n{shown}");
            before = lines;
        }
    }
    let tall = screen::summary(&report, style, Screen { columns: 120, rows: 60 });
    assert!(tall.has_warnings && tall.text == summary(&report, style, 120));
}

#[test]
fn study_as_markdown() {
    assert_snapshot!(render(&sample(), Format::Markdown, &NumberStyle::ENGLISH, 0), @r##"
# Outpatient contact after a diagnosis in primary care

Hand-made numbers.

Known from the abstract: followed two years.

Chosen by the user: codes; ages.

## Study population

**Table 1. Flow of persons**

| Step | Persons excluded | Persons left |
|---|--:|--:|
| population |  | 2,000 |
| first contact with a listed code in the inclusion window | 500 | 1,500 |
| aged 18 to 65 on the index date | 98 | 1,402 |
| not dead before the index date | 2 | 1,400 |

**Table 2. End of follow-up**

| Reason | Persons |
|---|--:|
| first outpatient contact | 212 |
| death | 4 |
| emigration | 34 |
| end of data | 150 |
| 730 days | 1,000 |

## Events, rates and hazard ratios

**Table 3. Persons, events, rates and hazard ratios**

|  | Persons | Events | Person-years | Rate per 1,000 person-years (95% CI) | Crude: HR (95% CI) | \+ sex and a very long label of a model that has to wrap: HR (95% CI) |
|---|--:|--:|--:|--:|--:|--:|
| All | 1,400 | 212 | 2,500 | 84.8 (76.3–93.3) |  |  |
| Migrant group |  |  |  |  | P \< 0.001 |  |
| &nbsp;&nbsp;Majority | 1,000 | 150 | 1,800 | 83.3 (75.0–91.7) | 1 (reference) | 1 (reference) |
| &nbsp;&nbsp;Nordic | 290 | 54 | 500 | 108.0 (97.2–118.8) | 1.28 (1.10–1.50) | 1.23 (1.04–1.46) |
| &nbsp;&nbsp;Middle East, Ærø & Ålesund | 110 | 8 | 200 | 40.0 (36.0–44.0) | 0.89 (0.73–1.08) | → 0 [1] |
| **Sex** |  |  |  |  |  |  |
| &nbsp;&nbsp;Women | 685 | 103 | 1,220 | 84.4 (76.0–92.9) |  | 1 (reference) |
| &nbsp;&nbsp;Men | 703 | 103 | 1,250 | 82.4 (74.2–90.6) |  | 1.49 (1.30–1.71) |
| &nbsp;&nbsp;Ukjent \| unknown, as the register writes it | 10 | 4 | 25.4 | 157.5 (141.7–173.2) |  | not estimable [2] |
| &nbsp;&nbsp;Missing | 2 | 2 | 5.0 | 400.0 (360.0–440.0) |  |  |
| **Per unit** |  |  |  |  |  |  |
| &nbsp;&nbsp;Age, years |  |  |  |  |  | 1.01 (1.01–1.02) |
| **Numbers in the models** |  |  |  |  |  |  |
| &nbsp;&nbsp;Persons |  |  |  |  | 1,400 | 1,388 |
| &nbsp;&nbsp;Events |  |  |  |  | 212 | 206 |

[1] no finite estimate: the coefficient runs to infinity; Firth's correction, or merging small levels, gives one  
[2] no estimate: the column is a linear combination of earlier ones  
P in the row of a variable: likelihood-ratio test of its term.  
\+ sex and a very long label of a model that has to wrap: 12 records left out because a value is missing.  
Warning: + sex and a very long label of a model that has to wrap: group, level middle: the coefficient runs to minus infinity (no events); merge the level or use Firth's correction  
Warning: + sex and a very long label of a model that has to wrap: sex, level unknown: a linear combination of earlier columns; it has no coefficient

**Table 4. Tests of terms**

|  | Wald test: Chi-squared | Wald test: df | Wald test: P | Likelihood-ratio test: Chi-squared | Likelihood-ratio test: df | Likelihood-ratio test: P |
|---|--:|--:|--:|--:|--:|--:|
| **Crude** |  |  |  |  |  |  |
| &nbsp;&nbsp;Migrant group | 18.90 | 2 | \<0.001 | 19.50 | 2 | \<0.001 |

## Interactions

**Table 5. Tests of interaction**

| Interaction | On top of | Wald test: Chi-squared | Wald test: df | Wald test: P | Likelihood-ratio test: Chi-squared | Likelihood-ratio test: df | Likelihood-ratio test: P |
|---|---|--:|--:|--:|--:|--:|--:|
| Migrant group by Sex | \+ sex and a very long label of a model that has to wrap | 0.41 | 1 | 0.520 | 0.42 | 1 | 0.517 |

**Table 6. Migrant group within levels of Sex**

|  | Women: Events | Women: HR (95% CI) | Men: Events | Men: HR (95% CI) |
|---|--:|--:|--:|--:|
| **Hazard ratios of Migrant group** |  |  |  |  |
| &nbsp;&nbsp;Majority | 70 | 1 (reference) | 80 | 1 (reference) |
| &nbsp;&nbsp;Nordic | 30 | 1.31 (1.05–1.64) | 24 | 1.18 (0.94–1.47) |
| &nbsp;&nbsp;Middle East, Ærø & Ålesund | 0 | not estimable [1] | 2 | 0.35 (0.28–0.44) |
| **Ratio of hazard ratios, against Women** |  |  |  |  |
| &nbsp;&nbsp;Nordic |  | 1 (reference) |  | 0.90 (0.63–1.29) |

[1] no events in this cell  
Interaction, joint Wald test: chi-squared 0.41 on 1 df, P = 0.520.  
Interaction, likelihood-ratio test: chi-squared 0.42 on 1 df, P = 0.517.  
On top of the model "+ sex and a very long label of a model that has to wrap", adjusted for Age, years.

## Models

**Table 7. Model fit**

|  | Crude | \+ sex and a very long label of a model that has to wrap |
|---|--:|--:|
| Formula | group | group + sex + age |
| Records | 1,400 | 1,388 |
| Persons | 1,400 | 1,388 |
| Events | 212 | 206 |
| Records left out, missing value | 0 | 12 |
| Ties | Efron | Efron |
| Variance | model-based | model-based |
| Log partial likelihood, null | −1,500.25 | −1,500.25 |
| Log partial likelihood, fitted | −1,490.50 | −1,490.50 |
| AIC | 2,985.0 | 2,985.0 |
| BIC | 2,991.7 | 2,991.7 |
| Likelihood-ratio test | 19.50 on 2 df, P \< 0.001 | 19.50 on 2 df, P \< 0.001 |
| Wald test | 18.90 on 2 df, P \< 0.001 | 18.90 on 2 df, P \< 0.001 |
| Score (log-rank) test | 19.10 on 2 df, P \< 0.001 | 19.10 on 2 df, P \< 0.001 |
| Concordance (SE) | 0.561 (0.012) | 0.561 (0.012) |
| Iterations | 4 | 4 |

**Table 8. Comparison of models**

| Model | Coefficients | Log partial likelihood | AIC | BIC |
|---|--:|--:|--:|--:|
| Crude | 2 | −1,490.50 | 2,985.0 | 2,991.7 |
| \+ sex and a very long label of a model that has to wrap | 4 | −1,490.50 | 2,985.0 | 2,991.7 |

AIC and BIC compare models of the same records.  
Log likelihood, AIC and BIC say nothing between models that differ in kind, ties, strata or records: "Crude"; "+ sex and a very long label of a model that has to wrap".

## Methods

Of 2,000 persons in the population, 1,400 entered the cohort, with 212 events in 2,500 person-years. Eligibility, in order: aged 18 to 65 on the index date; not dead before the index date. People were followed from the index date to first outpatient contact, death, emigration, end of data or 730 days of follow-up, whichever came first. Without first outpatient contact, follow-up was censored at its end. The time scale was days since the start of follow-up. People with the event on the day of entry were excluded. Hazard ratios with 95% confidence intervals came from Cox proportional-hazards models: "Crude" (Migrant group); "+ sex and a very long label of a model that has to wrap" (group + sex + age). Reference levels: Migrant group: Majority; Sex: Women. Tied event times were handled by Efron's method. Each model used the records without missing values in its variables. Every variable named for a model stayed in it, whatever its P value, and no observation was left out for its influence on the estimates. How well a model orders the events is given by the concordance with its standard error. Interactions (Migrant group by Sex on top of "+ sex and a very long label of a model that has to wrap") were analysed one at a time with product terms; hazard ratios are given within the levels of the modifier, and each interaction was tested by a joint Wald test and a likelihood-ratio test. Terms were tested by Wald and likelihood-ratio tests. P values are two-sided and not adjusted for the number of tests. Rates are per 1,000 person-years (365.25 days each) with exact Poisson intervals. Analyses were done with cohort 0.0.0.

## Data

**Table 9. Files read**

| File | Used as | Rows | Bytes | SHA-256 |
|---|---|--:|--:|---|
| population/faste_oppl.csv | persons | 2,000 | 123,456 | ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad |

**Table 10. Linkage**

| Extract | Key spelling | Rows | Rows linked | Rows without key | Keys | Keys linked | Keys not linked | Linked keys in several rows |
|---|---|--:|--:|--:|--:|--:|--:|--:|
| claims | kuhr | 9,000 | 8,950 |  | 1,900 | 1,880 | 20 |  |

**Table 11. What the rules did**

| Where | What was found or done | Count | Of |
|---|---|--:|---|
| npr | identical rows collapsed | 213 | rows |
"##);
}

#[test]
fn study_as_csv() {
    assert_snapshot!(render(&sample(), Format::Csv, &NumberStyle::ENGLISH, 0), @r##"
# levels
variable,level,label,persons,events,person_years,rate,rate_lower,rate_upper,crude_hr,crude_hr_lower,crude_hr_upper,adjusted_hr,adjusted_hr_lower,adjusted_hr_upper,note
,,All,1400,212,2500.4,84.78643417053271,76.30779075347945,93.26507758758599,,,,,,,
group,majority,Majority,1000,150,1800.2,83.32407510276636,74.99166759248972,91.656482613043,1,,,1,,,
group,nordic,Nordic,290,54,500.1,107.97840431913617,97.18056388722256,118.7762447510498,1.2840254166877414,1.0976812495658337,1.5020036748848973,1.2336780599567432,1.0443555535347209,1.4573212642642728,
group,middle,"Middle East, Ærø & Ålesund",110,8,200.1,39.9800099950025,35.98200899550225,43.97801099450275,0.8869204367171575,0.7290594501676237,1.078962574157284,,,,"no finite estimate: the coefficient runs to infinity; Firth's correction, or merging small levels, gives one"
sex,2,Women,685,103,1220,84.42622950819673,75.98360655737706,92.86885245901641,,,,1,,,
sex,1,Men,703,103,1250,82.4,74.16000000000001,90.64000000000001,,,,1.4918246976412703,1.300566579622734,1.7112087634437358,
sex,unknown,"Ukjent | unknown, as the register writes it",10,4,25.4,157.48031496062993,141.73228346456693,173.22834645669292,,,,,,,no estimate: the column is a linear combination of earlier ones
sex,,Missing,2,2,5,400,360,440.00000000000006,,,,,,,
age,,"Age, years",,,,,,,,,,1.0121735011554944,1.0060421807766657,1.0183421888438717,

# coefficients
model,term,estimate,std.error,statistic,p.value,conf.low,conf.high,note
crude,groupnordic,0.25,0.08,3.125,0.00001,0.0932,0.4068,
crude,groupmiddle,-0.12,0.1,-1.2,0.2,-0.316,0.07600000000000001,
adjusted,groupnordic,0.21,0.085,2.4705882352941173,0.2,0.043399999999999994,0.3766,
adjusted,groupmiddle,,,,,,,"no finite estimate: the coefficient runs to infinity; Firth's correction, or merging small levels, gives one"
adjusted,sex1,0.4,0.07,5.714285714285714,0.00001,0.26280000000000003,0.5372,
adjusted,sexunknown,,,,,,,no estimate: the column is a linear combination of earlier ones
adjusted,age,0.0121,0.0031,3.903225806451613,0.00001,0.006024,0.018175999999999998,

# models
model,label,formula,nobs,n_persons,nevent,n_missing,like,ties,penalty,interval,variance,strata,weights,logLik.null,logLik,logLik.penalised.null,logLik.penalised,AIC,BIC,statistic.log,df.log,p.value.log,statistic.wald,df.wald,p.value.wald,statistic.sc,df.sc,p.value.sc,statistic.robust,df.robust,p.value.robust,concordance,std.error.concordance,iterations
crude,Crude,group,1400,1400,212,0,,efron,,,model,,,-1500.25,-1490.5,,,2985,2991.7,19.5,2,0.000058,18.9,2,0.000079,19.1,2,0.000071,,,,0.5612,0.0123,4
adjusted,+ sex and a very long label of a model that has to wrap,group + sex + age,1388,1388,206,12,,efron,,,model,,,-1500.25,-1490.5,,,2985,2991.7,19.5,2,0.000058,18.9,2,0.000079,19.1,2,0.000071,,,,0.5612,0.0123,4

# model_comparison
model,label,n_coefficients,logLik,AIC,BIC,nested,lr_chisq,lr_df,lr_p
crude,Crude,2,-1490.5,2985,2991.7,,,,
adjusted,+ sex and a very long label of a model that has to wrap,4,-1490.5,2985,2991.7,,,,

# terms
model,term,label,wald_chisq,wald_df,wald_p,lr_chisq,lr_df,lr_p
crude,group,Migrant group,18.9,2,0.000079,19.5,2,0.000058

# interactions
model,exposure,modifier,label,model_label,wald_chisq,wald_df,wald_p,lr_chisq,lr_df,lr_p
adjusted,group,sex,Migrant group by Sex,+ sex and a very long label of a model that has to wrap,0.41,1,0.52,0.42,1,0.517

# attrition
step,label,excluded,persons
0,population,,2000
1,first contact with a listed code in the inclusion window,500,1500
2,aged 18 to 65 on the index date,98,1402
3,not dead before the index date,2,1400

# exits
label,persons
first outpatient contact,212
death,4
emigration,34
end of data,150
730 days,1000

# inputs
path,extract,rows,bytes,sha256
population/faste_oppl.csv,persons,2000,123456,ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad

# links
extract,spelling,rows,rows_matched,rows_without_key,keys,keys_matched,keys_unmatched,keys_repeated
claims,kuhr,9000,8950,,1900,1880,20,

# notes
source,message,count,unit
npr,identical rows collapsed,213,rows

# interaction_group_sex
exposure,exposure_level,modifier,modifier_level,exposure_label,modifier_label,persons,events,hr,hr_lower,hr_upper,p,hr_joint,hr_joint_lower,hr_joint_upper,hr_by_exposure,hr_by_exposure_lower,hr_by_exposure_upper,ratio,ratio_lower,ratio_upper,ratio_p,note
group,majority,sex,2,Majority,Women,500,70,1,,,,,,,,,,,,,,
group,nordic,sex,2,Nordic,Women,140,30,1.31,1.048,1.6375000000000002,0.04,,,,,,,,,,,
group,middle,sex,2,"Middle East, Ærø & Ålesund",Women,40,0,,,,,,,,,,,,,,,no events in this cell
group,majority,sex,1,Majority,Men,490,80,1,,,,,,,,,,,,,,
group,nordic,sex,1,Nordic,Men,150,24,1.18,0.944,1.4749999999999999,0.04,,,,,,,0.9,0.63,1.2857142857142858,0.6,
group,middle,sex,1,"Middle East, Ærø & Ålesund",Men,68,2,0.35,0.27999999999999997,0.4375,0.04,,,,,,,,,,,
"##);
}

#[test]
fn data_file_as_text() {
    assert_snapshot!(text_of(&data_file(), 100), @r##"
Cox proportional-hazards model

Surv(time, status) ~ group + sex + age

1,388 records, 206 events; 12 records left out because a value is missing.

Table 1. Coefficients
──────────────────────────────────────────────────────────────────────
                                                  robust
Coefficient        HR (95% CI)    coef  se(coef)      se     z       P
──────────────────────────────────────────────────────────────────────
groupnordic   1.23 (1.04–1.46)  0.2100    0.0850  0.0935  2.47   0.200
groupmiddle            → 0 [1]
sex1          1.49 (1.30–1.71)  0.4000    0.0700  0.0770  5.71  <0.001
sexunknown   not estimable [2]
Age, years    1.01 (1.01–1.02)  0.0121    0.0031  0.0034  3.90  <0.001
──────────────────────────────────────────────────────────────────────
[1] no finite estimate: the coefficient runs to infinity; Firth's correction, or merging small
    levels, gives one
[2] no estimate: the column is a linear combination of earlier ones
Warning: group, level middle: the coefficient runs to minus infinity (no events); merge the level or
use Firth's correction
Warning: sex, level unknown: a linear combination of earlier columns; it has no coefficient

Table 2. Model fit
───────────────────────────────────────────────────────────────────────
                                                                  model
───────────────────────────────────────────────────────────────────────
Formula                          Surv(time, status) ~ group + sex + age
Records                                                           1,388
Events                                                              206
Records left out, missing value                                      12
Ties                                                              Efron
Variance                                         robust, clustered (id)
Log partial likelihood, null                                  −1,500.25
Log partial likelihood, fitted                                −1,490.50
AIC                                                             2,985.0
BIC                                                             2,991.7
Likelihood-ratio test                          19.50 on 2 df, P < 0.001
Wald test                                      18.90 on 2 df, P < 0.001
Score (log-rank) test                          19.10 on 2 df, P < 0.001
Concordance (SE)                                          0.561 (0.012)
Iterations                                                            4
───────────────────────────────────────────────────────────────────────

Methods
=======

Hazard ratios with 95% confidence intervals came from the Cox proportional-hazards model Surv(time,
status) ~ group + sex + age. Reference levels: group: majority; sex: 2. Tied event times were
handled by Efron's method. Standard errors are robust (sandwich, the infinitesimal jackknife),
clustered by id. Each model used the records without missing values in its variables. Every variable
named for a model stayed in it, whatever its P value, and no observation was left out for its
influence on the estimates. How well a model orders the events is given by the concordance with its
standard error. P values are two-sided and not adjusted for the number of tests. Analyses were done
with cohort 0.0.0.
"##);
}

#[test]
fn a_narrow_terminal_gets_the_table_in_parts() {
    let table = tables::level_table(&sample()).unwrap();
    assert_snapshot!(text::table(&table, "", &NumberStyle::ENGLISH, 72), @r##"
Persons, events, rates and hazard ratios
───────────────────────────────────────────────────────────
                              Persons  Events  Person-years
───────────────────────────────────────────────────────────
All                             1,400     212         2,500
Migrant group
  Majority                      1,000     150         1,800
  Nordic                          290      54           500
  Middle East, Ærø & Ålesund      110       8           200
Sex
  Women                           685     103         1,220
  Men                             703     103         1,250
  Ukjent | unknown, as the         10       4          25.4
  register writes it
  Missing                           2       2           5.0
───────────────────────────────────────────────────────────
Persons, events, rates and hazard ratios (continued)
─────────────────────────────────────────────────
                                   Rate per 1,000
                                     person-years
                                         (95% CI)
─────────────────────────────────────────────────
All                              84.8 (76.3–93.3)
Migrant group
  Majority                       83.3 (75.0–91.7)
  Nordic                       108.0 (97.2–118.8)
  Middle East, Ærø & Ålesund     40.0 (36.0–44.0)
Sex
  Women                          84.4 (76.0–92.9)
  Men                            82.4 (74.2–90.6)
  Ukjent | unknown, as the    157.5 (141.7–173.2)
  register writes it
  Missing                     400.0 (360.0–440.0)
─────────────────────────────────────────────────
Persons, events, rates and hazard ratios (continued)
─────────────────────────────────────────────────────────────────
                                                 + sex and a very
                                                  long label of a
                                                model that has to
                                         Crude               wrap
                              ────────────────  ─────────────────
                                   HR (95% CI)        HR (95% CI)
─────────────────────────────────────────────────────────────────
Migrant group                        P < 0.001
  Majority                       1 (reference)      1 (reference)
  Nordic                      1.28 (1.10–1.50)   1.23 (1.04–1.46)
  Middle East, Ærø & Ålesund  0.89 (0.73–1.08)            → 0 [1]
Sex
  Women                                             1 (reference)
  Men                                            1.49 (1.30–1.71)
  Ukjent | unknown, as the                      not estimable [2]
  register writes it
Per unit
  Age, years                                     1.01 (1.01–1.02)
Numbers in the models
  Persons                                1,400              1,388
  Events                                   212                206
─────────────────────────────────────────────────────────────────
[1] no finite estimate: the coefficient runs to infinity; Firth's
    correction, or merging small levels, gives one
[2] no estimate: the column is a linear combination of earlier ones
P in the row of a variable: likelihood-ratio test of its term.
+ sex and a very long label of a model that has to wrap: 12 records left
out because a value is missing.
Warning: + sex and a very long label of a model that has to wrap: group,
level middle: the coefficient runs to minus infinity (no events); merge
the level or use Firth's correction
Warning: + sex and a very long label of a model that has to wrap: sex,
level unknown: a linear combination of earlier columns; it has no
coefficient
"##);
}

#[test]
fn a_fit_that_did_not_converge_shows_no_estimates() {
    let mut report = data_file();
    report.models[0].converged = false;
    report.models[0].termination = "20 iterations were not enough".into();
    assert_snapshot!(text_of(&report, 100), @r##"
Cox proportional-hazards model

Surv(time, status) ~ group + sex + age

1,388 records, 206 events; 12 records left out because a value is missing.

Table 1. Coefficients
────────────────────────────────────────────────────────────
                                                robust
Coefficient        HR (95% CI)  coef  se(coef)      se  z  P
────────────────────────────────────────────────────────────
groupnordic  not estimable [1]
groupmiddle  not estimable [1]
sex1         not estimable [1]
sexunknown   not estimable [1]
Age, years   not estimable [1]
────────────────────────────────────────────────────────────
[1] no estimate: the fit did not converge
Warning: group, level middle: the coefficient runs to minus infinity (no events); merge the level or
use Firth's correction
Warning: sex, level unknown: a linear combination of earlier columns; it has no coefficient

Table 2. Model fit
─────────────────────────────────────────────────────────────────────────
                                                                    model
─────────────────────────────────────────────────────────────────────────
Formula                            Surv(time, status) ~ group + sex + age
Records                                                             1,388
Events                                                                206
Records left out, missing value                                        12
Ties                                                                Efron
Variance                                           robust, clustered (id)
Iterations                       4, not converged: 20 iterations were not
                                                                   enough
─────────────────────────────────────────────────────────────────────────

Methods
=======

Hazard ratios with 95% confidence intervals came from the Cox proportional-hazards model Surv(time,
status) ~ group + sex + age. Reference levels: group: majority; sex: 2. Tied event times were
handled by Efron's method. Standard errors are robust (sandwich, the infinitesimal jackknife),
clustered by id. Each model used the records without missing values in its variables. Every variable
named for a model stayed in it, whatever its P value, and no observation was left out for its
influence on the estimates. How well a model orders the events is given by the concordance with its
standard error. P values are two-sided and not adjusted for the number of tests. Analyses were done
with cohort 0.0.0.
"##);
}

#[test]
fn no_line_is_wider_than_asked() {
    for width in [60, 72, 80, 100, 120, 200] {
        let text = text_of(&sample(), width);
        let widest = text.lines().map(|l| l.chars().count()).max().unwrap();
        assert!(widest <= width, "{widest} characters at width {width}");
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
        let rows = reader.records().filter(Result::is_ok).count();
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

#[test]
fn language_and_style_change_what_people_read_and_no_data_file() {
    let english = sample();
    let mut norwegian = sample();
    (norwegian.settings.language, norwegian.settings.style) = (Language::Bokmal, Style::Norwegian);
    assert_eq!(csv_of(&norwegian), csv_of(&english));
    let text = render(&norwegian, Format::Text, &norwegian.number_style(), 120);
    for words in ["Tabell 1. Personflyt", "1 (referanse)", "(95\u{202f}% KI)", "Hendelser", "p < 0,001"] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    let mut lancet = sample();
    lancet.settings.style = Style::Lancet;
    assert_eq!(csv_of(&lancet), csv_of(&english));
    assert!(render(&lancet, Format::Text, &lancet.number_style(), 120).contains("1·30"));
}

fn csv_of(report: &Report) -> String {
    render(report, Format::Csv, &report.number_style(), 0)
}
