//! Table 1, the tables beside it, and the languages: numbers of R, what is read, what a study file may say.

use crate::support::run::{cohort, root};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

fn lung(args: &[&str]) -> Output {
    let file = root("data-fixtures/reference/data/lung.csv");
    let formula = ["describe", file.to_str().expect("text"), "-f", "Surv(time, status == 2) ~ 1"];
    cohort(&[&formula[..], &["--levels", "ph.ecog=0,1,2,3", "--table-one-by", "sex"], args].concat())
}

#[track_caller]
fn close(value: &Value, expected: f64) {
    let found = value.as_f64().unwrap_or(f64::NAN);
    assert!((found - expected).abs() <= 1e-11 * expected.abs(), "{value}, expected {expected}");
}

/// R 4.2.2: mean(), sd(), quantile(), table(); Yang and Dalton's formula with solve() for ph.ecog, Austin's for the
/// numbers.
#[test]
fn table_one_of_a_data_file_has_the_numbers_of_r() {
    let output = lung(&["--table-one", "age,ph.ecog,wt.loss", "--format", "none", "--json", "-"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let one = &report["table_one"];
    assert_eq!(one["groups"].as_array().map(Vec::len), Some(3), "men, women, all");
    assert_eq!(one["groups"][0]["counts"]["persons"], 138);
    assert_eq!(one["groups"][1]["counts"]["person_time_days"], 30507);
    close(&one["groups"][0]["follow_up"]["median"], 224.0);
    close(&one["groups"][1]["follow_up"]["q3"], 448.5);
    let [age, ecog, loss] = [0, 1, 2].map(|k| &one["variables"][k]);
    close(&age["numbers"][0]["mean"], 63.34057971014493);
    close(&age["numbers"][1]["q1"], 55.0);
    assert!((age["numbers"][1]["sd"].as_f64().expect("a number") - 8.84730363).abs() < 1e-8);
    assert!((age["differences"][0].as_f64().expect("a number") - 0.251577565186).abs() < 1e-11);
    let persons: Vec<&Value> =
        ecog["levels"].as_array().expect("levels").iter().map(|l| &l["cells"][0]["persons"]).collect();
    assert_eq!(persons, [36, 71, 29, 1, 1], "four levels and one person without a value");
    assert!((ecog["differences"][0].as_f64().expect("a number") - 0.164977598016).abs() < 1e-11);
    assert_eq!([0, 1, 2].map(|g| loss["missing"][g]["persons"].as_u64()), [Some(10), Some(4), Some(14)]);
    assert!((loss["differences"][0].as_f64().expect("a number") - 0.263840075774).abs() < 1e-11);
}

/// What the table prints stands in the data file too: events, persons without a value, standardised differences.
#[test]
fn table_one_as_data_has_what_the_table_prints() {
    let rows = |differences: &str| {
        let args = ["--table-one", "age,ph.ecog,wt.loss", "--table-one-differences", differences, "--format", "csv"];
        let text = String::from_utf8_lossy(&lung(&args).stdout).into_owned();
        let table = text.split("variable,level,group,").nth(1).expect("Table 1").to_owned();
        table.lines().take_while(|line| line.contains(',')).map(str::to_owned).collect::<Vec<_>>()
    };
    let found = |rows: &[String], start: &str| {
        let row = rows.iter().find(|row| row.starts_with(start)).unwrap_or_else(|| panic!("{start} in {rows:#?}"));
        row.rsplit(',').next().map(str::to_owned).filter(|last| !last.is_empty())
    };
    let pairs = rows("pairs");
    assert!(pairs.iter().any(|row| row == ",,1,138,,,,,,,112,"), "{pairs:#?}");
    assert_eq!(found(&pairs, "wt.loss,(missing),1,10,0.07"), None);
    assert_eq!(found(&pairs, "ph.ecog,(missing),1,1,0.007"), None);
    for (start, smd) in [("age,,(pairs)", "0.25157756518"), ("ph.ecog,,(pairs)", "0.16497759801")] {
        assert!(found(&pairs, start).is_some_and(|found| found.starts_with(smd)), "{start}");
    }
    let reference = rows("reference");
    for (start, smd) in [("age,,2,90,", "0.25157756518"), ("ph.ecog,,2,", "0.16497759801")] {
        assert!(
            found(&reference, start).is_some_and(|found| found.trim_start_matches('-').starts_with(smd)),
            "{start}"
        );
    }
    assert_eq!(found(&reference, "age,,1,138,"), None);
    assert_eq!(found(&rows("none"), "age,,2,90,"), None);
}

#[test]
fn table_one_reads_as_a_paper_prints_it() {
    let output = lung(&["--table-one", "age,ph.ecog", "--table-one-numbers", "mean"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in [
        "Persons, n                               138             90            228",
        "age, mean (SD)                    63.3 (9.1)     61.1 (8.8)     62.4 (9.1)          0.25",
        "  Missing                            1 (0.7)        0 (0.0)        1 (0.4)",
        "Events, n                                112             53            165",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let text = String::from_utf8_lossy(&lung(&["--table-one", "age", "--language", "nb"]).stdout).into_owned();
    for words in ["Kjennetegn ved personene ved inngang etter sex", "age, gjennomsnitt (SD)", "63,3 (9,1)", "Alle"] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[test]
fn a_column_that_is_not_there_is_named() {
    let output = lung(&["--table-one", "agee"]);
    assert_eq!(output.status.code(), Some(13), "{}", String::from_utf8_lossy(&output.stderr));
    let output = lung(&["--table-one", "age", "--table-one-differences", "max"]);
    assert_eq!(output.status.code(), Some(2));
}

/// All that a study prints is in the language asked for: no note, reason or remark stays in English, and the tidy files
/// are the same.
#[test]
fn a_study_in_norwegian_has_no_english_notes_and_the_same_data_files() {
    let place = tempfile::tempdir().expect("a folder");
    let run = |name: &str, args: &[&str]| {
        let out = place.path().join(name);
        let study = root("examples/phc-opmh/study.toml");
        let given = ["fit", study.to_str().expect("text"), "--out", out.to_str().expect("text"), "--format", "none"];
        let output = cohort(&[&given[..], args].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        out.join("internal")
    };
    let (english, norwegian) = (run("en", &[]), run("nb", &["--language", "nb"]));
    let read = |path: PathBuf| fs::read_to_string(path).expect("a file of the results");
    for file in fs::read_dir(english.join("tables")).expect("tables") {
        let name = file.expect("a file").file_name();
        let of = |folder: &Path| read(folder.join("tables").join(&name));
        assert_eq!(of(&english), of(&norwegian), "{name:?}");
    }
    let (text, report) = (read(norwegian.join("report.md")), read(norwegian.join("results.json")));
    let report: Value = serde_json::from_str(&report).expect("JSON");
    for note in report["notes"].as_array().expect("notes") {
        let message = note["message"].as_str().expect("text");
        assert!(!text.contains(message), "not translated: {message}");
    }
    let flow = read(norwegian.join("figures/flow.svg"));
    for said in [&text, &read(norwegian.join("checklist.md")), &shown_in(&flow)] {
        assert_eq!(english_words(said, &study_words()), Vec::<&str>::new());
    }
    for words in ["Personflyt", "Sammenlikning av modeller", "felles referanse", "Referansenivåer", "tosidige"] {
        assert!(text.contains(words), "{words}");
    }
    // Levels stand in the order of the study file with the reference where it is, and are called by their labels.
    let levels = |of: &Value| {
        let rows = of
            .as_array()
            .expect("levels")
            .iter()
            .filter(|row| row["variable"] == "age_group" || row["variable"].is_null());
        rows.map(|row| row["level"].as_str().expect("text").to_owned()).collect::<Vec<_>>()
    };
    let ages = ["18-24", "25-34", "35-44", "45-54", "55-65"];
    assert_eq!(levels(&report["levels"]), ages);
    let described = report["table_one"]["variables"].as_array().expect("variables");
    let age_group = described.iter().find(|v| v["variable"] == "age_group").expect("the ages");
    assert_eq!(levels(&age_group["levels"]), ages);
    let english_text = read(english.join("report.md"));
    for words in [
        "Civil status: level Unknown",
        "standardised directly over Sex, Age group;",
        "up to 365 and 730 days for everybody",
        "With event: those with first outpatient contact during the follow-up that their dates give",
    ] {
        assert!(english_text.contains(words), "{words}");
    }
    let checklist = read(norwegian.join("checklist.md"));
    assert!(checklist.contains("STROBE 13a") && checklist.contains("Personer igjen"), "{checklist}");
}

/// Words that English cannot do without and Norwegian does not have.
const ENGLISH: [&str; 21] = [
    "the", "of", "and", "with", "without", "not", "is", "was", "were", "are", "has", "have", "before", "after", "from",
    "each", "nobody", "rows", "error", "year", "years",
];

/// What the study file says in its own words: every text in quotes, the longest first.
fn study_words() -> Vec<String> {
    let file = fs::read_to_string(root("examples/phc-opmh/study.toml")).expect("the study");
    let quoted = |line: &str| line.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let mut words: Vec<String> = file.lines().flat_map(quoted).filter(|text| text.contains(' ')).collect();
    words.sort_by_key(|text| std::cmp::Reverse(text.len()));
    words
}

/// The texts of a picture.
fn shown_in(svg: &str) -> String {
    svg.split("<text").skip(1).filter_map(|t| t.split('>').nth(1)?.split('<').next()).collect::<Vec<_>>().join(" ")
}

/// The words of a text that are English and not the study's own.
fn english_words<'a>(text: &str, own: &[String]) -> Vec<&'a str> {
    let rest = own.iter().fold(text.to_owned(), |rest, own| rest.replace(own.as_str(), " "));
    let words: Vec<String> =
        rest.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()).collect();
    ENGLISH.into_iter().filter(|english| words.iter().any(|word| word == english)).collect()
}

/// Likelihood-ratio tests of the blocks: twice the difference of the log partial likelihoods that the run itself reports.
#[test]
fn blocks_of_a_study_are_tested_against_each_other() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("out");
    let study = root("examples/phc-opmh/study.toml");
    let output =
        cohort(&["fit", study.to_str().expect("text"), "--out", out.to_str().expect("text"), "--format", "none"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json = fs::read_to_string(out.join("internal/results.json")).expect("results");
    let report: Value = serde_json::from_str(&json).expect("JSON");
    let fitted = |k: usize| report["models"][k]["log_partial_likelihood"]["fitted"].as_f64().expect("a number");
    for k in 1..4 {
        let found = &report["comparisons"][k - 1];
        assert_eq!(found["nested"], report["models"][k - 1]["name"]);
        assert_eq!(found["test"]["chisq"].as_f64(), Some(2.0 * (fitted(k) - fitted(k - 1))));
    }
    let interaction = &report["models"][3]["interactions"][0];
    let cell = |of: &str, exposure: &str, modifier: &str| {
        let is = |c: &&Value| c["exposure_level"] == exposure && c["modifier_level"] == modifier;
        interaction[of].as_array().expect("cells").iter().find(is).expect("a cell")["hr"].as_f64().expect("a number")
    };
    // The three presentations hold together: joint(e, m) = within(e | m) · joint(e₀, m) = by_exposure(m | e) · joint(e, m₀).
    let (e, m) = ("nordic", "1");
    let joint = cell("joint", e, m);
    assert!((joint / (cell("within", e, m) * cell("joint", "majority", m)) - 1.0).abs() < 1e-12);
    assert!((joint / (cell("by_exposure", e, m) * cell("joint", e, "2")) - 1.0).abs() < 1e-12);
}

/// `fit` and `describe` both take a condition and both take a column of kinds of events: the same model, the same curves.
#[test]
fn competing_events_are_a_condition_or_a_column() {
    let file = root("data-fixtures/reference/data/mgus2.csv");
    let file = file.to_str().expect("text");
    let report = |args: &[&str]| -> Value {
        let output = cohort(&[args, &["--format", "none", "--json", "-"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let formula = "Surv(etime, event == 'pcm') ~ sex";
    let fit = |competing: &[&str]| report(&[&["fit", file, "-f", formula, "--fine-gray"], competing].concat());
    let (condition, column) =
        (fit(&["--competing", "event == 'death'"]), fit(&["--competing", "event", "--censored", "censor"]));
    assert_eq!(condition["models"][0]["coefficients"], column["models"][0]["coefficients"]);
    let describe = |competing: &[&str], formula: &str| {
        let found = report(&[&["describe", file, "-f", formula, "--times", "60,120"], competing].concat());
        found["descriptions"][0]["groups"][0]["incidence"].clone()
    };
    let by_column = describe(&["--competing", "event", "--censored", "censor"], "Surv(etime, event == 'pcm') ~ sex");
    let by_condition = describe(&["--competing", "event == 'death'"], "Surv(etime, event == 'pcm') ~ sex");
    let points = |of: &Value, cause: &str| {
        let is = |c: &&Value| c["cause"] == cause;
        of.as_array().expect("causes").iter().find(is).expect("a cause")["points"].clone()
    };
    assert_eq!(points(&by_condition, "event"), points(&by_column, "pcm"));
    assert_eq!(points(&by_condition, "event == 'death'"), points(&by_column, "death"));
    let refused = cohort(&["fit", file, "-f", formula, "--competing", "event"]);
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && text.contains("--censored"), "{text}");
}

mod layout {
    //! The new tables as they are read: both languages, and every style whose numbers differ.

    use cohort::house_style::{Language, Style};
    use cohort::report::{
        AdditiveInteraction, Interaction, InteractionCell, InteractionRatio, ModelComparison, ModelResult,
        NumberSummary, Report, TableOne, TableOneCell, TableOneGroup, TableOneLevel, TableOneVariable, TestResult,
        render::text, tables,
    };
    use insta::assert_snapshot;

    fn cells(persons: [u64; 3]) -> Vec<TableOneCell> {
        let cell =
            |(n, size): (u64, f64)| TableOneCell { persons: Some(n), share: Some(n as f64 / size), hidden: false };
        persons.into_iter().zip([12_000.0, 800.0, 12_800.0]).map(cell).collect()
    }

    fn numbers(mean: f64) -> Option<NumberSummary> {
        let [q1, median, q3] = [mean - 10.0, mean - 1.0, mean + 9.0].map(|x| Some(x.round()));
        Some(NumberSummary {
            n: Some(800),
            mean: Some(mean),
            sd: Some(12.345),
            q1,
            median,
            q3,
            ..NumberSummary::default()
        })
    }

    fn table_one() -> TableOne {
        let group = |label: &str, persons: u64, all: bool| TableOneGroup {
            level: label.to_lowercase(),
            label: label.into(),
            all,
            counts: cohort::report::Counts { persons: Some(persons), events: Some(persons / 8), ..Default::default() },
            follow_up: numbers(500.4),
            ..TableOneGroup::default()
        };
        let level =
            |label: &str, persons| TableOneLevel { label: label.into(), cells: cells(persons), ..Default::default() };
        let missing = TableOneLevel { missing: true, ..level("", [12, 0, 12]) };
        let sex = TableOneVariable {
            label: "Sex".into(),
            levels: vec![level("Women", [7_000, 500, 7_500]), level("Men", [4_988, 300, 5_288]), missing],
            differences: vec![Some(0.0876)],
            ..TableOneVariable::default()
        };
        let age = TableOneVariable {
            label: "Age".into(),
            numbers: vec![numbers(41.26), numbers(35.0), numbers(40.9)],
            missing: cells([0, 0, 0]),
            differences: vec![Some(0.507)],
            ..TableOneVariable::default()
        };
        TableOne {
            by: Some("group".into()),
            by_label: "Group".into(),
            numbers: "both".into(),
            differences: "pairs".into(),
            groups: vec![group("Majority", 12_000, false), group("Nordic", 800, false), group("", 12_800, true)],
            variables: vec![sex, age],
            n_left_out: Some(0),
        }
    }

    fn interaction() -> Interaction {
        let cell = |exposure: &str, modifier: &str, hr: f64| InteractionCell {
            exposure_level: exposure.into(),
            modifier_level: modifier.into(),
            reference: hr == 1.0,
            persons: Some(1_500),
            events: Some(120),
            hr: Some(hr),
            lower: Some(hr / 1.25).filter(|_| hr != 1.0),
            upper: Some(hr * 1.25).filter(|_| hr != 1.0),
            ..InteractionCell::default()
        };
        Interaction {
            exposure: "Group".into(),
            modifier: "Sex".into(),
            adjusted_for: vec!["Age".into()],
            lr: Some(TestResult { chisq: Some(3.61), df: Some(1.0), p: Some(0.0574) }),
            within: vec![
                cell("Majority", "Women", 1.0),
                cell("Nordic", "Women", 1.204),
                cell("Majority", "Men", 1.0),
                cell("Nordic", "Men", 0.871),
            ],
            joint: vec![
                cell("Majority", "Women", 1.0),
                cell("Majority", "Men", 1.35),
                cell("Nordic", "Women", 1.204),
                cell("Nordic", "Men", 1.176),
            ],
            by_exposure: vec![
                cell("Majority", "Women", 1.0),
                cell("Majority", "Men", 1.35),
                cell("Nordic", "Women", 1.0),
                cell("Nordic", "Men", 0.977),
            ],
            ratios: vec![InteractionRatio {
                exposure_level: "Nordic".into(),
                modifier_level: "Men".into(),
                ratio: Some(0.7234),
                lower: Some(0.5),
                upper: Some(1.0456),
                ..InteractionRatio::default()
            }],
            reri: vec![AdditiveInteraction {
                exposure_level: "Nordic".into(),
                modifier_level: "Men".into(),
                reri: Some(-0.378),
                lower: Some(-0.81),
                upper: Some(0.05),
                ap: Some(-0.32),
                ap_lower: Some(-0.7),
                ap_upper: Some(0.06),
                s: Some(0.322),
                s_lower: Some(0.1),
                s_upper: Some(1.01),
                ..AdditiveInteraction::default()
            }],
            converged: true,
            ..Interaction::default()
        }
    }

    fn report(language: Language, style: Style) -> Report {
        let model = |name: &str, interactions| ModelResult {
            name: name.into(),
            converged: true,
            aic: Some(12_345.67),
            bic: Some(12_400.1),
            interactions,
            ..ModelResult::default()
        };
        let mut report = Report {
            study: Some(Default::default()),
            table_one: Some(table_one()),
            models: vec![model("crude", Vec::new()), model("adjusted", vec![interaction()])],
            comparisons: vec![ModelComparison {
                model: "adjusted".into(),
                nested: "crude".into(),
                test: Some(TestResult { chisq: Some(12.3), df: Some(2.0), p: Some(0.00213) }),
                ..ModelComparison::default()
            }],
            ..Report::default()
        };
        (report.settings.language, report.settings.style) = (language, style);
        report
    }

    fn shown(language: Language, style: Style) -> String {
        let report = report(language, style);
        let number_style = report.number_style();
        let (model, interaction) = (&report.models[1], &report.models[1].interactions[0]);
        let tables = [
            tables::table_one_table(&report),
            Some(tables::interaction_table(&report, model, interaction)),
            tables::additive_table(&report, interaction),
            tables::comparison_table(&report),
        ];
        let texts = tables.iter().flatten().map(|table| text::table(table, "", &number_style, 140));
        texts.collect::<Vec<_>>().join("\n\n").replace('\u{202f}', "_")
    }

    #[test]
    fn in_english() {
        assert_snapshot!(shown(Language::English, Style::Plain), @r##"
Characteristics of the persons at entry by Group
──────────────────────────────────────────────────────────────────────────────────────────────
                                                                                  Standardised
                                          Majority         Nordic            All    difference
──────────────────────────────────────────────────────────────────────────────────────────────
Persons, n                                  12,000            800         12,800
Sex                                                                                       0.09
  Women                               7,000 (58.3)     500 (62.5)   7,500 (58.6)
  Men                                 4,988 (41.6)     300 (37.5)   5,288 (41.3)
  Missing                                 12 (0.1)        0 (0.0)       12 (0.1)
Age, mean (SD)                         41.3 (12.3)    35.0 (12.3)    40.9 (12.3)          0.51
Age, median (quartiles)                 40 (31–50)     34 (25–44)     40 (31–50)
Events, n                                    1,500            100          1,600
Follow-up, days, median (quartiles)  499 (490–509)  499 (490–509)  499 (490–509)
──────────────────────────────────────────────────────────────────────────────────────────────
Numbers are n (%) unless the row says otherwise; percentages are of all persons of the column, those without a value included. A person is
described as at their first record.
The standardised difference is the largest of all pairs of groups (numbers: difference of means over the root of the mean variance; levels:
Yang and Dalton 2012; missing values left out).

Group by Sex
──────────────────────────────────────────────────────────────────────────────────────────────────
                                   HR, joint       HR of Group
             With  Without         reference        within Sex  HR of Sex within      Ratio of HRs
            event    event          (95% CI)          (95% CI)    Group (95% CI)          (95% CI)
──────────────────────────────────────────────────────────────────────────────────────────────────
Sex: Women
  Majority    120    1,380     1 (reference)     1 (reference)     1 (reference)     1 (reference)
  Nordic      120    1,380  1.20 (0.96–1.50)  1.20 (0.96–1.50)     1 (reference)     1 (reference)
Sex: Men
  Majority    120    1,380  1.35 (1.08–1.69)     1 (reference)  1.35 (1.08–1.69)     1 (reference)
  Nordic      120    1,380  1.18 (0.94–1.47)  0.87 (0.70–1.09)  0.98 (0.78–1.22)  0.72 (0.50–1.05)
──────────────────────────────────────────────────────────────────────────────────────────────────
Interaction, likelihood-ratio test: chi-squared 3.61 on 1 df, P = 0.057.
On top of the model "adjusted", adjusted for Age.

Group by Sex on the additive scale
─────────────────────────────────────────────────────────────────────────────────────────────────
                     HR, joint
                     reference
Group × Sex           (95% CI)          RERI (95% CI)            AP (95% CI)           S (95% CI)
─────────────────────────────────────────────────────────────────────────────────────────────────
Nordic × Men  1.18 (0.94–1.47)  −0.38 (−0.81 to 0.05)  −0.32 (−0.70 to 0.06)  0.32 (0.10 to 1.01)
─────────────────────────────────────────────────────────────────────────────────────────────────
RERI, relative excess risk due to interaction; AP, attributable proportion; S, synergy index; all from the joint hazard ratios.

Comparison of models
───────────────────────────────────────────────────────────────────────────────────────
                                                                  Likelihood-ratio test
                                                                 ──────────────────────
                               Log
                           partial
Model     Coefficients  likelihood       AIC       BIC  Against  Chi-squared  df      P
───────────────────────────────────────────────────────────────────────────────────────
crude                0              12,345.7  12,400.1
adjusted             0              12,345.7  12,400.1  crude          12.30   2  0.002
───────────────────────────────────────────────────────────────────────────────────────
AIC and BIC compare models of the same records; the likelihood-ratio test is against the largest earlier model whose columns are all in the
model.
"##);
    }

    #[test]
    fn in_norwegian() {
        assert_snapshot!(shown(Language::Bokmal, Style::Norwegian), @r##"
Kjennetegn ved personene ved inngang etter Group
─────────────────────────────────────────────────────────────────────────────────────────────────
                                                                                    Standardisert
                                            Majority         Nordic           Alle     differanse
─────────────────────────────────────────────────────────────────────────────────────────────────
Personer, n                                   12_000            800         12_800
Sex                                                                                          0,09
  Women                                 7_000 (58,3)     500 (62,5)   7_500 (58,6)
  Men                                   4_988 (41,6)     300 (37,5)   5_288 (41,3)
  Mangler                                   12 (0,1)        0 (0,0)       12 (0,1)
Age, gjennomsnitt (SD)                   41,3 (12,3)    35,0 (12,3)    40,9 (12,3)           0,51
Age, median (kvartiler)                   40 (31–50)     34 (25–44)     40 (31–50)
Hendelser, n                                   1_500            100          1_600
Oppfølging, dager, median (kvartiler)  499 (490–509)  499 (490–509)  499 (490–509)
─────────────────────────────────────────────────────────────────────────────────────────────────
Tallene er n (%) der raden ikke sier noe annet; prosentene er av alle personer i kolonnen, også de uten verdi. En person er beskrevet som
ved sin første observasjon.
Den standardiserte differansen er den største av alle par av grupper (tall: differansen mellom gjennomsnittene over roten av gjennomsnittlig
varians; nivåer: Yang og Dalton 2012; manglende verdier utelatt).

Group etter Sex
──────────────────────────────────────────────────────────────────────────────────────────────────────
                                      HR, felles      HR for Group
                 Med      Uten         referanse         innen Sex  HR for Sex innen    Forhold mellom
            hendelse  hendelse         (95_% KI)         (95_% KI)   Group (95_% KI)   HR-er (95_% KI)
──────────────────────────────────────────────────────────────────────────────────────────────────────
Sex: Women
  Majority       120     1_380     1 (referanse)     1 (referanse)     1 (referanse)     1 (referanse)
  Nordic         120     1_380  1,20 (0,96–1,50)  1,20 (0,96–1,50)     1 (referanse)     1 (referanse)
Sex: Men
  Majority       120     1_380  1,35 (1,08–1,69)     1 (referanse)  1,35 (1,08–1,69)     1 (referanse)
  Nordic         120     1_380  1,18 (0,94–1,47)  0,87 (0,70–1,09)  0,98 (0,78–1,22)  0,72 (0,50–1,05)
──────────────────────────────────────────────────────────────────────────────────────────────────────
Interaksjon, likelihood-ratio-test: kjikvadrat 3,61 med 1 frihetsgrad, p = 0,057.
I tillegg til modellen «adjusted», justert for Age.

Group etter Sex på additiv skala
────────────────────────────────────────────────────────────────────────────────────────────────────
                    HR, felles
                     referanse
Group × Sex          (95_% KI)          RERI (95_% KI)            AP (95_% KI)           S (95_% KI)
────────────────────────────────────────────────────────────────────────────────────────────────────
Nordic × Men  1,18 (0,94–1,47)  −0,38 (−0,81 til 0,05)  −0,32 (−0,70 til 0,06)  0,32 (0,10 til 1,01)
────────────────────────────────────────────────────────────────────────────────────────────────────
RERI, relativ overrisiko som skyldes interaksjon; AP, tilskrivbar andel; S, synergiindeks; alle fra hasardratioene med felles referanse.

Sammenlikning av modeller
─────────────────────────────────────────────────────────────────────────────────────
                                                                Likelihood-ratio-test
                                                                ─────────────────────
                                Log
                           partiell
Modell    Koeffisienter  likelihood       AIC       BIC  Mot    Kjikvadrat  df      p
─────────────────────────────────────────────────────────────────────────────────────
crude                 0              12_345,7  12_400,1
adjusted              0              12_345,7  12_400,1  crude       12,30   2  0,002
─────────────────────────────────────────────────────────────────────────────────────
AIC og BIC sammenlikner modeller av de samme observasjonene; likelihood-ratio-testen er mot den største tidligere modellen der alle kolonner
inngår i modellen.
"##);
    }

    #[test]
    fn as_the_bmj_has_it() {
        assert_snapshot!(shown(Language::English, Style::Bmj), @r##"
Characteristics of the persons at entry by Group
───────────────────────────────────────────────────────────────────────────────────────────────────────
                                                                                           Standardised
                                             Majority            Nordic               All    difference
───────────────────────────────────────────────────────────────────────────────────────────────────────
Persons, n                                     12_000               800            12_800
Sex                                                                                                0.09
  Women                                   7000 (58.3)        500 (62.5)       7500 (58.6)
  Men                                     4988 (41.6)        300 (37.5)       5288 (41.3)
  Missing                                    12 (0.1)           0 (0.0)          12 (0.1)
Age, mean (SD)                            41.3 (12.3)       35.0 (12.3)       40.9 (12.3)          0.51
Age, median (quartiles)                 40 (31 to 50)     34 (25 to 44)     40 (31 to 50)
Events, n                                        1500               100              1600
Follow-up, days, median (quartiles)  499 (490 to 509)  499 (490 to 509)  499 (490 to 509)
───────────────────────────────────────────────────────────────────────────────────────────────────────
Numbers are n (%) unless the row says otherwise; percentages are of all persons of the column, those without a value included. A person is
described as at their first record.
The standardised difference is the largest of all pairs of groups (numbers: difference of means over the root of the mean variance; levels:
Yang and Dalton 2012; missing values left out).

Group by Sex
──────────────────────────────────────────────────────────────────────────────────────────────────────────────
             With  Without  HR, joint reference   HR of Group within     HR of Sex within         Ratio of HRs
            event    event             (95% CI)         Sex (95% CI)       Group (95% CI)             (95% CI)
──────────────────────────────────────────────────────────────────────────────────────────────────────────────
Sex: Women
  Majority    120     1380        1 (reference)        1 (reference)        1 (reference)        1 (reference)
  Nordic      120     1380  1.20 (0.96 to 1.50)  1.20 (0.96 to 1.50)        1 (reference)        1 (reference)
Sex: Men
  Majority    120     1380  1.35 (1.08 to 1.69)        1 (reference)  1.35 (1.08 to 1.69)        1 (reference)
  Nordic      120     1380  1.18 (0.94 to 1.47)  0.87 (0.70 to 1.09)  0.98 (0.78 to 1.22)  0.72 (0.50 to 1.05)
──────────────────────────────────────────────────────────────────────────────────────────────────────────────
Interaction, likelihood-ratio test: chi-squared 3.61 on 1 df, P=0.057.
On top of the model "adjusted", adjusted for Age.

Group by Sex on the additive scale
────────────────────────────────────────────────────────────────────────────────────────────────────
              HR, joint reference
Group × Sex              (95% CI)          RERI (95% CI)            AP (95% CI)           S (95% CI)
────────────────────────────────────────────────────────────────────────────────────────────────────
Nordic × Men  1.18 (0.94 to 1.47)  −0.38 (−0.81 to 0.05)  −0.32 (−0.70 to 0.06)  0.32 (0.10 to 1.01)
────────────────────────────────────────────────────────────────────────────────────────────────────
RERI, relative excess risk due to interaction; AP, attributable proportion; S, synergy index; all from the joint hazard ratios.

Comparison of models
───────────────────────────────────────────────────────────────────────────────────────
                                                                  Likelihood-ratio test
                                                                 ──────────────────────
                               Log
                           partial
Model     Coefficients  likelihood       AIC       BIC  Against  Chi-squared  df      P
───────────────────────────────────────────────────────────────────────────────────────
crude                0              12_345.7  12_400.1
adjusted             0              12_345.7  12_400.1  crude          12.30   2  0.002
───────────────────────────────────────────────────────────────────────────────────────
AIC and BIC compare models of the same records; the likelihood-ratio test is against the largest earlier model whose columns are all in the
model.
"##);
    }

    #[test]
    fn as_the_lancet_has_it() {
        assert_snapshot!(shown(Language::English, Style::Lancet), @r##"
Characteristics of the persons at entry by Group
──────────────────────────────────────────────────────────────────────────────────────────────
                                                                                  Standardised
                                          Majority         Nordic            All    difference
──────────────────────────────────────────────────────────────────────────────────────────────
Persons, n                                  12_000            800         12_800
Sex                                                                                       0·09
  Women                                7000 (58·3)     500 (62·5)    7500 (58·6)
  Men                                  4988 (41·6)     300 (37·5)    5288 (41·3)
  Missing                                 12 (0·1)        0 (0·0)       12 (0·1)
Age, mean (SD)                         41·3 (12·3)    35·0 (12·3)    40·9 (12·3)          0·51
Age, median (quartiles)                 40 (31–50)     34 (25–44)     40 (31–50)
Events, n                                     1500            100           1600
Follow-up, days, median (quartiles)  499 (490–509)  499 (490–509)  499 (490–509)
──────────────────────────────────────────────────────────────────────────────────────────────
Numbers are n (%) unless the row says otherwise; percentages are of all persons of the column, those without a value included. A person is
described as at their first record.
The standardised difference is the largest of all pairs of groups (numbers: difference of means over the root of the mean variance; levels:
Yang and Dalton 2012; missing values left out).

Group by Sex
──────────────────────────────────────────────────────────────────────────────────────────────────
                                   HR, joint       HR of Group
             With  Without         reference        within Sex  HR of Sex within      Ratio of HRs
            event    event          (95% CI)          (95% CI)    Group (95% CI)          (95% CI)
──────────────────────────────────────────────────────────────────────────────────────────────────
Sex: Women
  Majority    120     1380     1 (reference)     1 (reference)     1 (reference)     1 (reference)
  Nordic      120     1380  1·20 (0·96–1·50)  1·20 (0·96–1·50)     1 (reference)     1 (reference)
Sex: Men
  Majority    120     1380  1·35 (1·08–1·69)     1 (reference)  1·35 (1·08–1·69)     1 (reference)
  Nordic      120     1380  1·18 (0·94–1·47)  0·87 (0·70–1·09)  0·98 (0·78–1·22)  0·72 (0·50–1·05)
──────────────────────────────────────────────────────────────────────────────────────────────────
Interaction, likelihood-ratio test: chi-squared 3·61 on 1 df, p=0·057.
On top of the model "adjusted", adjusted for Age.

Group by Sex on the additive scale
─────────────────────────────────────────────────────────────────────────────────────────────────
                     HR, joint
                     reference
Group × Sex           (95% CI)          RERI (95% CI)            AP (95% CI)           S (95% CI)
─────────────────────────────────────────────────────────────────────────────────────────────────
Nordic × Men  1·18 (0·94–1·47)  −0·38 (−0·81 to 0·05)  −0·32 (−0·70 to 0·06)  0·32 (0·10 to 1·01)
─────────────────────────────────────────────────────────────────────────────────────────────────
RERI, relative excess risk due to interaction; AP, attributable proportion; S, synergy index; all from the joint hazard ratios.

Comparison of models
────────────────────────────────────────────────────────────────────────────────────────
                                                                   Likelihood-ratio test
                                                                 ───────────────────────
                               Log
                           partial
Model     Coefficients  likelihood       AIC       BIC  Against  Chi-squared  df       p
────────────────────────────────────────────────────────────────────────────────────────
crude                0              12_345·7  12_400·1
adjusted             0              12_345·7  12_400·1  crude          12·30   2  0·0021
────────────────────────────────────────────────────────────────────────────────────────
AIC and BIC compare models of the same records; the likelihood-ratio test is against the largest earlier model whose columns are all in the
model.
"##);
    }

    #[test]
    fn as_jama_has_it() {
        assert_snapshot!(shown(Language::English, Style::Ama), @r##"
Characteristics of the persons at entry by Group
──────────────────────────────────────────────────────────────────────────────────────────────
                                                                                  Standardised
                                          Majority         Nordic            All    difference
──────────────────────────────────────────────────────────────────────────────────────────────
Persons, n                                  12_000            800         12_800
Sex                                                                                       0.09
  Women                                7000 (58.3)     500 (62.5)    7500 (58.6)
  Men                                  4988 (41.6)     300 (37.5)    5288 (41.3)
  Missing                                 12 (0.1)        0 (0.0)       12 (0.1)
Age, mean (SD)                         41.3 (12.3)    35.0 (12.3)    40.9 (12.3)          0.51
Age, median (quartiles)                 40 (31-50)     34 (25-44)     40 (31-50)
Events, n                                     1500            100           1600
Follow-up, days, median (quartiles)  499 (490-509)  499 (490-509)  499 (490-509)
──────────────────────────────────────────────────────────────────────────────────────────────
Numbers are n (%) unless the row says otherwise; percentages are of all persons of the column, those without a value included. A person is
described as at their first record.
The standardised difference is the largest of all pairs of groups (numbers: difference of means over the root of the mean variance; levels:
Yang and Dalton 2012; missing values left out).

Group by Sex
──────────────────────────────────────────────────────────────────────────────────────────────────
                                   HR, joint       HR of Group
             With  Without         reference        within Sex  HR of Sex within      Ratio of HRs
            event    event          (95% CI)          (95% CI)    Group (95% CI)          (95% CI)
──────────────────────────────────────────────────────────────────────────────────────────────────
Sex: Women
  Majority    120     1380     1 (reference)     1 (reference)     1 (reference)     1 (reference)
  Nordic      120     1380  1.20 (0.96-1.50)  1.20 (0.96-1.50)     1 (reference)     1 (reference)
Sex: Men
  Majority    120     1380  1.35 (1.08-1.69)     1 (reference)  1.35 (1.08-1.69)     1 (reference)
  Nordic      120     1380  1.18 (0.94-1.47)  0.87 (0.70-1.09)  0.98 (0.78-1.22)  0.72 (0.50-1.05)
──────────────────────────────────────────────────────────────────────────────────────────────────
Interaction, likelihood-ratio test: chi-squared 3.61 on 1 df, P = .06.
On top of the model "adjusted", adjusted for Age.

Group by Sex on the additive scale
─────────────────────────────────────────────────────────────────────────────────────────────────
                     HR, joint
                     reference
Group × Sex           (95% CI)          RERI (95% CI)            AP (95% CI)           S (95% CI)
─────────────────────────────────────────────────────────────────────────────────────────────────
Nordic × Men  1.18 (0.94-1.47)  −0.38 (−0.81 to 0.05)  −0.32 (−0.70 to 0.06)  0.32 (0.10 to 1.01)
─────────────────────────────────────────────────────────────────────────────────────────────────
RERI, relative excess risk due to interaction; AP, attributable proportion; S, synergy index; all from the joint hazard ratios.

Comparison of models
──────────────────────────────────────────────────────────────────────────────────────
                                                                 Likelihood-ratio test
                                                                 ─────────────────────
                               Log
                           partial
Model     Coefficients  likelihood       AIC       BIC  Against  Chi-squared  df     P
──────────────────────────────────────────────────────────────────────────────────────
crude                0              12_345.7  12_400.1
adjusted             0              12_345.7  12_400.1  crude          12.30   2  .002
──────────────────────────────────────────────────────────────────────────────────────
AIC and BIC compare models of the same records; the likelihood-ratio test is against the largest earlier model whose columns are all in the
model.
"##);
    }

    #[test]
    fn as_nejm_has_it() {
        assert_snapshot!(shown(Language::English, Style::Nejm), @r##"
Characteristics of the persons at entry by Group
───────────────────────────────────────────────────────────────────────────────────────────────────────
                                                                                           Standardised
                                             Majority            Nordic               All    difference
───────────────────────────────────────────────────────────────────────────────────────────────────────
Persons, n                                     12,000               800            12,800
Sex                                                                                                0.09
  Women                                   7000 (58.3)        500 (62.5)       7500 (58.6)
  Men                                     4988 (41.6)        300 (37.5)       5288 (41.3)
  Missing                                    12 (0.1)           0 (0.0)          12 (0.1)
Age, mean (SD)                            41.3 (12.3)       35.0 (12.3)       40.9 (12.3)          0.51
Age, median (quartiles)                 40 (31 to 50)     34 (25 to 44)     40 (31 to 50)
Events, n                                        1500               100              1600
Follow-up, days, median (quartiles)  499 (490 to 509)  499 (490 to 509)  499 (490 to 509)
───────────────────────────────────────────────────────────────────────────────────────────────────────
Numbers are n (%) unless the row says otherwise; percentages are of all persons of the column, those without a value included. A person is
described as at their first record.
The standardised difference is the largest of all pairs of groups (numbers: difference of means over the root of the mean variance; levels:
Yang and Dalton 2012; missing values left out).

Group by Sex
──────────────────────────────────────────────────────────────────────────────────────────────────────────────
             With  Without  HR, joint reference   HR of Group within     HR of Sex within         Ratio of HRs
            event    event             (95% CI)         Sex (95% CI)       Group (95% CI)             (95% CI)
──────────────────────────────────────────────────────────────────────────────────────────────────────────────
Sex: Women
  Majority    120     1380        1 (reference)        1 (reference)        1 (reference)        1 (reference)
  Nordic      120     1380  1.20 (0.96 to 1.50)  1.20 (0.96 to 1.50)        1 (reference)        1 (reference)
Sex: Men
  Majority    120     1380  1.35 (1.08 to 1.69)        1 (reference)  1.35 (1.08 to 1.69)        1 (reference)
  Nordic      120     1380  1.18 (0.94 to 1.47)  0.87 (0.70 to 1.09)  0.98 (0.78 to 1.22)  0.72 (0.50 to 1.05)
──────────────────────────────────────────────────────────────────────────────────────────────────────────────
Interaction, likelihood-ratio test: chi-squared 3.61 on 1 df, P=0.06.
On top of the model "adjusted", adjusted for Age.

Group by Sex on the additive scale
────────────────────────────────────────────────────────────────────────────────────────────────────
              HR, joint reference
Group × Sex              (95% CI)          RERI (95% CI)            AP (95% CI)           S (95% CI)
────────────────────────────────────────────────────────────────────────────────────────────────────
Nordic × Men  1.18 (0.94 to 1.47)  −0.38 (−0.81 to 0.05)  −0.32 (−0.70 to 0.06)  0.32 (0.10 to 1.01)
────────────────────────────────────────────────────────────────────────────────────────────────────
RERI, relative excess risk due to interaction; AP, attributable proportion; S, synergy index; all from the joint hazard ratios.

Comparison of models
───────────────────────────────────────────────────────────────────────────────────────
                                                                  Likelihood-ratio test
                                                                 ──────────────────────
                               Log
                           partial
Model     Coefficients  likelihood       AIC       BIC  Against  Chi-squared  df      P
───────────────────────────────────────────────────────────────────────────────────────
crude                0              12,345.7  12,400.1
adjusted             0              12,345.7  12,400.1  crude          12.30   2  0.002
───────────────────────────────────────────────────────────────────────────────────────
AIC and BIC compare models of the same records; the likelihood-ratio test is against the largest earlier model whose columns are all in the
model.
"##);
    }
}
