//! Disclosure control: what a profile hides in a whole report, and what an attacker can work out from the rest.

use crate::report::sample;
use cohort::house_style::Language;
use cohort::inference::hypothesis::normal_two_sided;
use cohort::report::disclosure::apply;
use cohort::report::number::NumberStyle;
use cohort::report::render::{self, Format, json, render, text};
use cohort::report::{
    CauseIncidence, Coefficient, Contrast, Counts, Covariate, Curve, Description, Existing, ExitCount,
    GroupDescription, GroupRate, Imputation, Interaction, InteractionCell, KeyCleanUp, KeyLine, LevelRow, Link,
    Manifest, Measure, ModelComparison, ModelLevel, ModelResult, Note, NumberSummary, QuantilePoint, RecordCheck,
    RowsInTime, StandardisedRisks, StandardisedRow, SurvivalPoint, TableOne, TableOneCell, TableOneGroup,
    TableOneLevel, TableOneVariable, TestResult, WarningCell,
};
use cohort::report::{OutputFolder, PooledCoefficient, Pooling, Profile, Report, folder, tables};
use cohort::study::disclosure::Rates;
use insta::assert_snapshot;

fn export(report: &Report, profile: &str) -> Report {
    apply(report, &Profile::named(profile).unwrap()).0
}

fn text_of(table: &tables::DisplayTable) -> String {
    text::table(table, "", &NumberStyle::ENGLISH, 120)
}

#[test]
fn none_changes_no_number() {
    let exported = export(&sample(), "none");
    assert_eq!(Report { disclosure: None, ..exported.clone() }, sample());
    let said = exported.disclosure.unwrap().sentence(Language::English);
    assert_eq!(said, "Disclosure control: profile none, nothing hidden or rounded.");
}

#[test]
fn main_table_under_five() {
    assert_snapshot!(text_of(&tables::level_table(&export(&sample(), "dk-dst")).unwrap()), @r##"
Persons, events, rates and hazard ratios
───────────────────────────────────────────────────────────────────────────────────────────
                                                                             Rate per 1,000
                                                                               person-years
                                          Persons  Events  Person-years            (95% CI)
───────────────────────────────────────────────────────────────────────────────────────────
All                                         1,400     212         2,500    84.8 (76.3–93.3)
Migrant group
  Majority                                  1,000     150         1,800    83.3 (75.0–91.7)
  Nordic                                      290      54           500  108.0 (97.2–118.8)
  Middle East, Ærø & Ålesund                  110       8           200    40.0 (36.0–44.0)
Sex
  Women                                       685     103         1,220    84.4 (76.0–92.9)
  Men                                         703       .             .                   .
  Ukjent | unknown, as the register             .       .             .                   .
  writes it
  Missing                                       .       .             .                   .
───────────────────────────────────────────────────────────────────────────────────────────
Persons, events, rates and hazard ratios (continued)
────────────────────────────────────────────────────────────────────────────
                                                            + sex and a very
                                                             long label of a
                                                              model that has
                                                     Crude           to wrap
                                          ────────────────  ────────────────
                                               HR (95% CI)       HR (95% CI)
────────────────────────────────────────────────────────────────────────────
Migrant group                                    P < 0.001
  Majority                                   1 (reference)     1 (reference)
  Nordic                                  1.28 (1.10–1.50)  1.23 (1.04–1.46)
  Middle East, Ærø & Ålesund              0.89 (0.73–1.08)           → 0 [1]
Sex
  Women                                                        1 (reference)
  Men                                                                      .
  Ukjent | unknown, as the register                                        .
  writes it
Per unit
  Age, years                                                1.01 (1.01–1.02)
Numbers in the models
  Persons                                            1,400             1,388
  Events                                               212               206
────────────────────────────────────────────────────────────────────────────
[1] no finite estimate: the coefficient runs to infinity; Firth's correction, or merging small levels, gives one
P in the row of a variable: likelihood-ratio test of its term.
+ sex and a very long label of a model that has to wrap: 12 records left out because a value is missing.
Warning: + sex and a very long label of a model that has to wrap: group, level middle: the coefficient runs to minus
infinity (no events); merge the level or use Firth's correction
"##);
}

#[test]
fn main_table_under_eight_rounded_to_five() {
    assert_snapshot!(text_of(&tables::level_table(&export(&sample(), "uk-opensafely")).unwrap()), @r##"
Persons, events, rates and hazard ratios
────────────────────────────────────────────────────────────────────────────────────────────
                                                                                    Rate per
                                                                                       1,000
                                                                                person-years
                                             Persons      Events  Person-years      (95% CI)
────────────────────────────────────────────────────────────────────────────────────────────
All                                            1,400         150         1,800          83.3
Migrant group
  Majority                                     1,000         150         1,800          83.3
  Nordic                                         290  [REDACTED]    [REDACTED]    [REDACTED]
  Middle East, Ærø & Ålesund                     110  [REDACTED]    [REDACTED]    [REDACTED]
Sex
  Women                                          685         105         1,220          86.1
  Men                                            705  [REDACTED]    [REDACTED]    [REDACTED]
  Ukjent | unknown, as the register       [REDACTED]  [REDACTED]    [REDACTED]    [REDACTED]
  writes it
  Missing                                 [REDACTED]  [REDACTED]    [REDACTED]    [REDACTED]
────────────────────────────────────────────────────────────────────────────────────────────
Persons, events, rates and hazard ratios (continued)
─────────────────────────────────────────────────────────────────────────
                                                         + sex and a very
                                                          long label of a
                                                           model that has
                                                  Crude           to wrap
                                          ─────────────  ────────────────
                                            HR (95% CI)       HR (95% CI)
─────────────────────────────────────────────────────────────────────────
Migrant group
  Majority                                1 (reference)     1 (reference)
  Nordic                                     [REDACTED]        [REDACTED]
  Middle East, Ærø & Ålesund                 [REDACTED]        [REDACTED]
Sex
  Women                                                     1 (reference)
  Men                                                          [REDACTED]
  Ukjent | unknown, as the register                            [REDACTED]
  writes it
Per unit
  Age, years                                             1.01 (1.01–1.02)
Numbers in the models
  Persons                                         1,400             1,390
  Events                                            210               205
─────────────────────────────────────────────────────────────────────────
All: the sum of the rounded numbers of Migrant group that are shown (disclosure control); rows of other variables may
add up to another number.
+ sex and a very long label of a model that has to wrap: 10 records left out because a value is missing.
"##);
}

/// Beside the hazard ratios of a model that leaves people out stand its own events; a level with fewer than the site asks for
/// loses its estimate, however many events the cohort has in it.
#[test]
fn a_model_that_leaves_people_out_goes_by_its_own_events() {
    let mut report = sample();
    let own = |(level, n): (&str, u64)| ModelLevel {
        variable: "group".into(),
        level: level.into(),
        events: Some(n),
        hidden: false,
    };
    report.models[1].levels = [("majority", 146), ("nordic", 52), ("middle", 8)].map(own).into();
    let files = render::files(&report, Format::Csv);
    let file = files.iter().find(|f| f.name == "tables/levels.csv").unwrap();
    let mut rows = ::csv::ReaderBuilder::new().has_headers(false).from_reader(file.bytes.as_slice());
    let rows: Vec<::csv::StringRecord> = rows.records().collect::<Result<_, _>>().unwrap();
    let at = |name: &str| rows[0].iter().position(|head| head == name).unwrap();
    let nordic = rows.iter().find(|row| &row[at("level")] == "nordic").unwrap();
    assert_eq!([&nordic[at("events")], &nordic[at("adjusted_events")]], ["54", "52"]);
    let text = text_of(&tables::level_table(&report).unwrap());
    let of_nordic = text.lines().filter(|line| line.trim_start().starts_with("Nordic"));
    assert!(of_nordic.flat_map(str::split_whitespace).any(|word| word == "52"), "{text}");
    let shown = |least: u64, level: &str| {
        let profile = Profile { min_events_level: least, ..Profile::custom(1, ".", 1).unwrap() };
        let exported = apply(&report, &profile).0;
        let of = |m: usize| {
            let this = |c: &&Coefficient| c.parts.len() == 1 && c.parts[0].level.as_deref() == Some(level);
            exported.models[m].coefficients.iter().find(this).unwrap().estimate.is_some()
        };
        (of(0), of(1))
    };
    assert_eq!([10, 53, 55].map(|least| shown(least, "nordic")), [(true, true), (true, false), (false, false)]);
    // Of 54 and 52, which say that two are left out, the one of fewer estimates goes.
    let exported = apply(&report, &Profile::custom(3, ".", 1).unwrap()).0;
    let of_all = exported.levels.iter().find(|l| l.level == "nordic").unwrap();
    let of_model = exported.models[1].levels.iter().find(|l| l.level == "nordic").unwrap();
    assert_eq!((of_all.counts.events, of_model.events, of_model.hidden), (Some(54), None, true));
}

/// Keys of which nothing was left are those delivered less those compared, also where no two keys became one.
#[test]
fn few_emptied_keys_do_not_follow_from_those_that_are_left() {
    let line = |line, rows: u64, keys: u64| KeyCleanUp {
        extract: "claims".into(),
        line,
        rows: Some(rows),
        keys: Some(keys),
        ..KeyCleanUp::default()
    };
    let merged = KeyCleanUp { rows: None, ..line(KeyLine::Merged, 0, 0) };
    let lines =
        vec![line(KeyLine::Delivered, 95, 34), line(KeyLine::Emptied, 1, 1), line(KeyLine::Compared, 94, 33), merged];
    let link = Link { extract: "claims".into(), keys: Some(33), matched: Some(33), ..Link::default() };
    let exported = export(&Report { key_clean_up: lines, links: vec![link], ..Report::default() }, "dk-dst");
    let keys: Vec<Option<u64>> = exported.key_clean_up.iter().map(|line| line.keys).collect();
    assert_eq!(keys[1], None);
    let linked = exported.links[0].keys;
    assert!(keys[0].is_none() || keys[2].is_none() && linked.is_none(), "{keys:?} {linked:?}");
}

#[test]
fn interaction_under_five() {
    let report = export(&sample(), "dk-dst");
    let model = &report.models[1];
    assert_snapshot!(text_of(&tables::interaction_table(&report, model, &model.interactions[0])), @r##"
Migrant group within levels of Sex
───────────────────────────────────────────────────────────────────────────────────
                                                       Women                    Men
                                       ─────────────────────  ─────────────────────
                                       Events    HR (95% CI)  Events    HR (95% CI)
───────────────────────────────────────────────────────────────────────────────────
Hazard ratios of Migrant group
  Majority                                 70  1 (reference)      80  1 (reference)
  Nordic                                    .              .       .              .
  Middle East, Ærø & Ålesund                0              .       .              .
Ratio of hazard ratios, against Women
  Nordic                                       1 (reference)                      .
───────────────────────────────────────────────────────────────────────────────────
On top of the model "+ sex and a very long label of a model that has to wrap", adjusted for Age, years.
"##);
}

#[test]
fn flow_of_persons_and_ends_of_follow_up_under_five() {
    let report = export(&sample(), "dk-dst");
    let flow = text_of(&tables::attrition_table(&report).unwrap());
    assert_snapshot!(flow + "\n" + &text_of(&tables::exit_table(&report).unwrap()), @r##"
Flow of persons
───────────────────────────────────────────────────────────
                                           Persons  Persons
Step                                      excluded     left
───────────────────────────────────────────────────────────
population                                            2,000
first contact with a listed code in the        500    1,500
inclusion window
aged 18 to 65 on the index date                  .        .
not dead before the index date                   .    1,400
───────────────────────────────────────────────────────────
End of follow-up
─────────────────────────────────
Reason                    Persons
─────────────────────────────────
first outpatient contact      212
death                           .
emigration                      .
end of data                   150
730 days                    1,000
─────────────────────────────────
"##);
}

#[test]
fn what_is_hidden_stands_in_no_exported_file() {
    let exported = export(&sample(), "dk-dst");
    // 1,402 persons after step 2 and 98 exclusions protect the two people of step 3.
    for format in [Format::Text, Format::Markdown, Format::Html, Format::Latex, Format::Csv, Format::Json] {
        let text = render(&exported, format, &NumberStyle::ENGLISH, 120);
        for secret in ["1402", "1,402", " 98 ", ",98,", ": 98", "level unknown"] {
            assert!(!text.contains(secret), "{secret} in {}", format.name());
        }
    }
}

#[test]
fn estimates_of_hidden_levels_go_with_their_covariance() {
    let report = export(&sample(), "dk-dst");
    let model = &report.models[1];
    let hidden: Vec<&str> = model.coefficients.iter().filter(|c| c.hidden).map(|c| c.name.as_str()).collect();
    assert!(hidden.contains(&"sexunknown"));
    for c in model.coefficients.iter().filter(|c| c.hidden) {
        assert_eq!((c.estimate, c.se, c.hr, c.p, c.infinite, c.aliased), (None, None, None, None, false, false));
    }
    assert!(report.models[0].coefficients.iter().all(|c| !c.hidden && c.estimate.is_some()));
    assert_eq!(report.inputs[0].rows, None);
}

/// A comparison and the pooled variances go with the coefficients that they are made of; events − coefficients goes always.
#[test]
fn comparisons_and_pooled_numbers_of_hidden_levels_go() {
    let mut report = sample();
    let model = &mut report.models[1];
    let n = model.coefficients.len();
    let contrast = |j: usize| {
        let mut weights = vec![Some(0.0); n];
        weights[j] = Some(1.0);
        Contrast { comparison: format!("{j}"), weights, hr: Some(2.0), se: Some(0.1), ..Contrast::default() }
    };
    model.contrasts = (0..n).map(contrast).collect();
    let coefficient = |_| PooledCoefficient { within: Some(0.5), ..PooledCoefficient::default() };
    model.pooling = Some(Pooling {
        complete_df: Some(200.0),
        imputations: vec![Imputation { n_events: Some(206), ..Imputation::default() }],
        coefficients: (0..n).map(coefficient).collect(),
        within: vec![vec![Some(0.5); n]; n],
        ..Pooling::default()
    });
    let exported = export(&report, "dk-dst");
    let model = &exported.models[1];
    let hidden: Vec<bool> = model.coefficients.iter().map(|c| c.hidden).collect();
    assert!(hidden.contains(&true) && hidden.contains(&false));
    let pooling = model.pooling.as_ref().expect("pooling");
    for j in 0..n {
        assert_eq!((model.contrasts[j].hidden, model.contrasts[j].hr.is_none()), (hidden[j], hidden[j]));
        assert_eq!(pooling.coefficients[j].within.is_none(), hidden[j]);
        assert_eq!(pooling.within[j][j].is_none(), hidden[j]);
    }
    assert_eq!((pooling.complete_df, pooling.imputations[0].n_events), (None, None));
}

#[test]
fn numbers_of_models_that_differ_by_a_few_are_hidden() {
    let mut report = sample();
    report.models[1].n_records = Some(1398);
    report.models[1].n_missing_dropped = Some(2);
    let model = &export(&report, "no-ssb").models[1];
    assert!(model.counts_hidden);
    assert_eq!((model.n_records, model.n_events, model.n_missing_dropped, model.bic), (None, None, None, None));
}

#[test]
fn a_study_without_a_profile_has_no_export() {
    let place = tempfile::tempdir().unwrap();
    let folder = OutputFolder::prepare(&place.path().join("out"), Existing::Refuse).unwrap();
    let formats = [Format::Text, Format::Markdown, Format::Csv, Format::Json];
    assert_eq!(folder.write_report(&sample(), None, &formats).unwrap(), [folder::NO_PROFILE]);
    let out = folder.commit(&Manifest::default()).unwrap();
    assert!(out.join("internal/results.json").exists() && out.join("internal/tables/levels.csv").exists());
    assert!(!out.join("export").exists() && !out.join("checker.md").exists());
}

#[test]
fn the_folder_holds_both_reports_and_the_checkers_file() {
    let place = tempfile::tempdir().unwrap();
    let folder = OutputFolder::prepare(&place.path().join("out"), Existing::Refuse).unwrap();
    let profile = Profile::named("dk-dst").unwrap();
    folder.write_report(&sample(), Some(&profile), &[Format::Text]).unwrap();
    let out = folder.commit(&Manifest::default()).unwrap();
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    assert_eq!(json::read(&read("internal/results.json")).unwrap(), sample());
    assert_eq!(json::read(&read("export/results.json")).unwrap(), export(&sample(), "dk-dst"));
    assert!(read("export/report.txt").contains("Disclosure control: profile dk-dst"));
    assert_snapshot!(read("checker.md"), @r##"
# For the output checker

This file stays inside: which cells are hidden helps to work them out.

**In short.** Profile `dk-dst`. Shown: 46 counts of persons, events, rows, the least above zero 8 (`levels`). Hidden: 7 small counts, 9 that would give them back, 7 estimates made of hidden counts. No small count can be worked out from the files together.

## Files in export/

All are made of `results.json`: a document has the numbers of the tables, a figure those of its table. To read one is to read all; `report.html` or `report.txt` is the easiest.

| file | holds | counts | least | hidden |
|---|---|--:|--:|--:|
| `results.json` | every number of the run, for programs |  |  |  |
| `report.txt` | the tables as aligned text |  |  |  |

Nothing else is in `export/`. Person-time, residuals, predictions of records, whole curves and the exact report are in `internal/` only.

## Rules

- Profile `dk-dst`, after https://steno-aarhus.github.io/registers-guide/en/14_eksport-hjemsendelse.html.
- Persons and events from 1 to 4 are hidden and shown as `.`; so is what would give as few persons without an event, left out, or between two times. Zero is shown. Missing values are a cell like others.
- Further counts are hidden until, whatever is worked out from all tables, models and figures together, every number from 1 to 5 stays possible for a small count: the program holds for each two sets of numbers that fit everything shown (Hundepool et al. 2012, Statistical Disclosure Control, chapter 4). Rows of a code go where the persons behind them are few; a hidden code that the study does not name is not named.
- Person-years are whole; rates and percentages are made of what is shown.
- Estimates, person-time and rates of hidden levels and cells are hidden; of an interaction those made of a hidden cell (two for a hazard ratio, four for a ratio or an additive measure). A model with a hidden coefficient shows no likelihood and no covariance of it, other tests with three digits.
- Table 1: percentages and standardised differences are made of the numbers shown, hidden levels taken together. Means and standard deviations have four digits; they go with small groups, and that of all persons where one group's alone is hidden.
- Curves keep the steps by which as many events as the threshold have come together; probabilities stand on a grid whose steps are at least the threshold of people. Numbers at risk and events stand at the chosen times only. Whole curves stay inside where a group is hidden or has few events of the kind.
- Medians, quartiles, percentiles and knots are hidden where fewer persons, records or events than the threshold share the value. A quartile between two values is hidden too; a knot between two values, or written in the formula, is shown.
- Never exported: rows and sizes of the files read, person-time in days, BIC, numbers of pairs, medians of predicted curves, the end of the longest follow-up, counts in warnings.

## Hidden, and why

*Small*: the count itself. *Protecting*: it would give a small one back, or what follows from shown ones would be small (persons without an event, those between two times, those that a model leaves out). A count that stands in several tables is listed once and hidden in all.

| where | small | protecting | estimates |
|---|--:|--:|--:|
| levels of sex | 4 | 3 | 0 |
| end of follow-up | 1 | 1 | 0 |
| attrition | 1 | 2 | 0 |
| interaction group by sex | 1 | 3 | 0 |
| estimates of adjusted | 0 | 0 | 2 |
| estimates of group by sex | 0 | 0 | 5 |

**levels of sex**

- small, events: Ukjent \| unknown, as the register writes it
- small, persons, records, events: Missing
- protecting, events: Men
- protecting, persons, records: Ukjent \| unknown, as the register writes it

**end of follow-up**

- small, persons: death
- protecting, persons: emigration

**attrition**

- small, excluded: not dead before the index date
- protecting, persons, excluded: aged 18 to 65 on the index date

**interaction group by sex**

- small, events: Middle East, Ærø & Ålesund × Men
- protecting, events: Nordic × Women; Nordic × Men
- protecting, persons: Middle East, Ærø & Ålesund × Women

## Please look: the program does not judge this

- Differences to results of other runs on the same data, and knowledge from outside.
- Labels, notes and formulas that the user wrote: a label can name a group of one.
- Hazard ratios, which sites let pass: without adjustment one is near the ratio of two rates, so that with person-years it narrows the rounded events of a small level.
- Coefficients of numeric covariates, concordance, and likelihoods and tests of models without a hidden coefficient are shown at full precision; so is the number of iterations.
- Variables whose levels nest (municipality in county) are tied together only by the totals.
- Events on the very day of a chosen time are left out of account in who was lost until then.
- Hashes of the files read are in results.json; they tell only that a file is the same.
"##);
}

#[test]
fn a_fit_of_a_data_file_says_that_it_exports_nothing() {
    let place = tempfile::tempdir().unwrap();
    let folder = OutputFolder::prepare(&place.path().join("out"), Existing::Refuse).unwrap();
    let report = Report { study: None, ..sample() };
    assert_eq!(folder.write_report(&report, None, &[]).unwrap(), [folder::NO_STUDY]);
}

/// A study of one exposure and one modifier with small groups; persons and events of every cell.
fn random_study(seed: u64, n_rows: usize, n_columns: usize) -> Report {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % below
    };
    let mut cells = Vec::new();
    for i in 0..n_rows {
        for j in 0..n_columns {
            let persons = if next(2) == 0 { next(9) } else { next(60) };
            let (exposure_level, modifier_level) = (format!("e{i}"), format!("m{j}"));
            let (persons, events) = (Some(persons), Some(next(persons + 1)));
            cells.push(InteractionCell { exposure_level, modifier_level, persons, events, ..Default::default() });
        }
    }
    let sum = |cells: &mut dyn Iterator<Item = &InteractionCell>| {
        let (mut persons, mut events) = (0, 0);
        for c in cells {
            persons += c.persons.unwrap();
            events += c.events.unwrap();
        }
        Counts { persons: Some(persons), events: Some(events), ..Counts::default() }
    };
    let level = |variable: &str, level: String, counts| LevelRow {
        variable: variable.into(),
        level,
        counts,
        ..LevelRow::default()
    };
    let mut levels = Vec::new();
    for i in 0..n_rows {
        let name = format!("e{i}");
        let counts = sum(&mut cells.iter().filter(|c| c.exposure_level == name));
        levels.push(level("e", name, counts));
    }
    for j in 0..n_columns {
        let name = format!("m{j}");
        let counts = sum(&mut cells.iter().filter(|c| c.modifier_level == name));
        levels.push(level("m", name, counts));
    }
    let total = Some(sum(&mut cells.iter()));
    let interaction =
        Interaction { exposure: "e".into(), modifier: "m".into(), within: cells, ..Interaction::default() };
    let models = vec![ModelResult { interactions: vec![interaction], ..ModelResult::default() }];
    Report { total, levels, models, ..Report::default() }
}

/// The example of OpenSAFELY's guide: https://docs.opensafely.org/outputs/sdc/.
#[test]
fn totals_from_cells_are_the_sums_of_rounded_cells_that_are_shown() {
    let table = |persons: &[u64]| {
        let level = |(i, n): (usize, &u64)| LevelRow {
            variable: "v".into(),
            level: i.to_string(),
            counts: Counts { persons: Some(*n), ..Counts::default() },
            ..LevelRow::default()
        };
        let total = Counts { persons: Some(persons.iter().sum()), ..Counts::default() };
        let levels = persons.iter().enumerate().map(level).collect();
        let shown = export(&Report { total: Some(total), levels, ..Report::default() }, "uk-opensafely");
        (shown.levels.iter().map(|l| l.counts.persons).collect::<Vec<_>>(), shown.total.unwrap().persons)
    };
    assert_eq!(table(&[3, 8, 16, 23]), (vec![None, Some(10), Some(15), Some(25)], Some(50)));
    assert_eq!(table(&[18, 23, 31, 44]), (vec![Some(20), Some(25), Some(30), Some(45)], Some(120)));
}

/// Errors of standardised risks are those of the fewest events that are rounded alike: 12 events are shown as 10, which may be 8.
#[test]
fn errors_of_standardised_risks_do_not_undo_the_rounding() {
    let measure = |estimate, se| Measure {
        estimate: Some(estimate),
        se: Some(se),
        lower: Some(estimate - 2.0 * se),
        upper: Some(estimate + 2.0 * se),
    };
    let row = |level: &str, events: u64| StandardisedRow {
        time: 365.0,
        level: level.into(),
        reference: level == "majority",
        records: Some(10 * events),
        events: Some(events),
        risk: measure(0.1, 0.01),
        risk_difference: measure(0.05, 0.012345),
        ..StandardisedRow::default()
    };
    let rows = vec![row("majority", 142), row("nordic", 12)];
    let risks = StandardisedRisks { exposure: "group".into(), rows, ..StandardisedRisks::default() };
    let mut report = sample();
    report.models[0].standardised = vec![risks];
    let rounding = Profile::custom(3, ".", 5).unwrap();
    let exported = apply(&report, &rounding).0;
    let [_, nordic] = exported.models[0].standardised[0].rows.as_slice() else { panic!("two levels") };
    let longer = (12.0f64 / 8.0).sqrt();
    let difference = nordic.risk_difference;
    assert_eq!(nordic.events, Some(10));
    assert!((difference.se.unwrap() / (0.012345 * longer) - 1.0).abs() < 0.05, "{difference:?}");
    assert!((difference.upper.unwrap() / (0.05 + 2.0 * 0.012345 * longer) - 1.0).abs() < 0.005, "{difference:?}");
}

/// A reader of the exported report is told what a 0 may stand for, and that rates are withheld.
#[test]
fn the_report_says_what_zero_stands_for_and_marks_rates_that_are_withheld() {
    let sentence = |profile: &str, w| export(&sample(), profile).disclosure.unwrap().sentence(w);
    assert!(sentence("uk-ehrql-measures", Language::English).contains("counts under 8 shown as 0, counts rounded"));
    assert!(sentence("uk-ehrql-measures", Language::Bokmal).contains("antall under 8 vist som 0"));
    assert!(sentence("dk-dst", Language::English).contains("under 5, and what would give them back, shown as \".\"."));
    let profile = Profile { rates: Rates::Hide, ..Profile::custom(5, "<5", 5).unwrap() };
    let exported = apply(&sample(), &profile).0;
    let row = text_of(&tables::level_table(&exported).unwrap());
    let row = row.lines().find(|line| line.contains("Nordic")).unwrap();
    assert!(row.split_whitespace().any(|word| word == "<5"), "{row}");
}

/// Warnings say no counts, in any format, and notes that say nobody go where zero is small.
#[test]
fn words_say_no_counts() {
    let mut report = sample();
    let cell = WarningCell { what: "level middle of group".into(), records: 4321, events: 1234 };
    report.models[1].warnings[0].cell = Some(cell);
    let nobody = Note { source: "describe".into(), message: "nobody had it".into(), empty: true, ..Note::default() };
    report.notes.push(nobody);
    let inside = render(&report, Format::Text, &NumberStyle::ENGLISH, 120);
    assert!(inside.contains("1234") && inside.contains("4321") && inside.contains("nobody had it"));
    for (profile, told) in [("dk-dst", true), ("uk-llc", false), ("uk-opensafely", true)] {
        let exported = export(&report, profile);
        for format in [Format::Text, Format::Markdown, Format::Csv, Format::Json] {
            let text = render(&exported, format, &NumberStyle::ENGLISH, 120);
            assert!(!text.contains("1234") && !text.contains("4321"), "{profile}, {}", format.name());
        }
        assert_eq!(exported.notes.iter().any(|n| n.empty), told, "{profile}");
    }
    let few = Counts { persons: Some(4), ..Counts::default() };
    let tiny = Report { total: Some(few), notes: report.notes.clone(), ..Report::default() };
    assert!(export(&tiny, "dk-dst").notes.iter().all(|n| !n.empty), "nobody of four");
}

/// The cells that follow exactly from what a report shows, by elimination on all its sums at once.
fn determined(report: &Report, of: fn(&Counts) -> Option<u64>, of_cell: fn(&InteractionCell) -> Option<u64>) -> usize {
    let cells = &report.models[0].interactions[0].within;
    let hidden_levels: Vec<_> = report.levels.iter().filter(|l| of(&l.counts).is_none()).collect();
    let hidden_cells: Vec<_> = cells.iter().filter(|c| of_cell(c).is_none()).collect();
    let total_hidden = report.total.as_ref().is_none_or(|t| of(t).is_none());
    let n = hidden_levels.len() + hidden_cells.len() + usize::from(total_hidden);
    let level_at = |l: &LevelRow| hidden_levels.iter().position(|h| std::ptr::eq(*h, l));
    let cell_at = |c: &InteractionCell| hidden_cells.iter().position(|h| std::ptr::eq(*h, c));
    let mut equations: Vec<Vec<f64>> = Vec::new();
    for variable in ["e", "m"] {
        let mut sum = vec![0.0; n];
        for level in report.levels.iter().filter(|l| l.variable == variable) {
            let mut line = vec![0.0; n];
            if let Some(at) = level_at(level) {
                line[at] = -1.0;
                sum[at] = 1.0;
            }
            let in_line = |c: &&InteractionCell| {
                level.level == if variable == "e" { &*c.exposure_level } else { &*c.modifier_level }
            };
            for at in cells.iter().filter(in_line).filter_map(cell_at) {
                line[hidden_levels.len() + at] = 1.0;
            }
            equations.push(line);
        }
        if total_hidden {
            sum[n - 1] = -1.0;
        }
        equations.push(sum);
    }
    reduce(&mut equations);
    // An unknown is fixed when its pivot's equation holds nothing else.
    equations.iter().filter(|e| e.iter().filter(|v| v.abs() > 1e-9).count() == 1).count()
}

/// Reduced row echelon form.
fn reduce(rows: &mut [Vec<f64>]) {
    let n = rows.first().map_or(0, Vec::len);
    let mut at = 0;
    for column in 0..n {
        let Some(pivot) = (at..rows.len()).find(|&i| rows[i][column].abs() > 1e-9) else { continue };
        rows.swap(at, pivot);
        let scale = rows[at][column];
        rows[at].iter_mut().for_each(|v| *v /= scale);
        let lead = rows[at].clone();
        for (i, row) in rows.iter_mut().enumerate() {
            let factor = row[column];
            if i != at && factor != 0.0 {
                row.iter_mut().zip(&lead).for_each(|(v, l)| *v -= factor * l);
            }
        }
        at += 1;
    }
}

#[test]
fn no_hidden_count_follows_from_the_sums_that_are_shown() {
    let mut n_hidden = 0;
    for seed in 1..=300 {
        let report = random_study(seed, 2 + (seed % 5) as usize, 2 + (seed % 3) as usize);
        for profile in ["no-ssb", "dk-dst"] {
            let shown = export(&report, profile);
            n_hidden += shown.models[0].interactions[0].within.iter().filter(|c| c.persons_hidden).count();
            assert_eq!(determined(&shown, |c| c.persons, |c| c.persons), 0, "persons, seed {seed}, {profile}");
            assert_eq!(determined(&shown, |c| c.events, |c| c.events), 0, "events, seed {seed}, {profile}");
        }
    }
    assert!(n_hidden > 1000, "the studies have small groups");
}

#[test]
fn no_small_count_is_shown() {
    for seed in 1..=100 {
        let report = random_study(seed, 4, 3);
        let shown = export(&report, "dk-dst");
        let small = |n: Option<u64>| n.is_some_and(|n| (1..5).contains(&n));
        assert!(shown.levels.iter().all(|l| !small(l.counts.persons) && !small(l.counts.events)));
        let cells = &shown.models[0].interactions[0].within;
        assert!(cells.iter().all(|c| !small(c.persons) && !small(c.events)));
        let without = |c: &InteractionCell| c.persons.zip(c.events).map(|(n, d)| n - d);
        assert!(cells.iter().all(|c| !small(without(c))));
    }
}

/// A description of two groups with the numbers that tests of disclosure look at.
fn described() -> Report {
    let point = |time: f64, at_risk: f64, events: f64| SurvivalPoint {
        time,
        at_risk: Some(at_risk),
        events: Some(events),
        probability: Some(1.0 - events / 200.0),
        se: Some(0.01),
        ..SurvivalPoint::default()
    };
    let group = |name: &str, persons: u64, events: u64, points: Vec<SurvivalPoint>| GroupDescription {
        name: format!("g={name}"),
        label: name.to_string(),
        levels: vec![name.to_string()],
        records: Some(persons),
        persons: Some(persons),
        events: Some(events),
        survival: points,
        quantiles: vec![QuantilePoint { probability: 0.5, time: Some(300.0), ..QuantilePoint::default() }],
        rate: Some(GroupRate { person_time: Some(100.0), rate: Some(events as f64 * 10.0), ..GroupRate::default() }),
        curve: Some(Curve { time: vec![1.0], survival: vec![0.99], ..Curve::default() }),
        ..GroupDescription::default()
    };
    let groups = vec![
        group("a", 200, 90, vec![point(100.0, 180.0, 20.0), point(200.0, 150.0, 22.0), point(300.0, 60.0, 60.0)]),
        group("b", 150, 70, vec![point(100.0, 120.0, 30.0), point(200.0, 90.0, 50.0), point(300.0, 40.0, 68.0)]),
        group("c", 160, 80, vec![point(100.0, 130.0, 31.0), point(200.0, 99.0, 51.0), point(300.0, 43.0, 66.0)]),
        group("d", 9, 3, vec![point(100.0, 8.0, 1.0), point(200.0, 7.0, 2.0), point(300.0, 6.0, 3.0)]),
    ];
    let total = Counts { persons: Some(519), records: Some(519), events: Some(243), ..Counts::default() };
    Report {
        total: Some(total),
        descriptions: vec![Description { groups, rate_per: Some(1000.0), ..Description::default() }],
        ..Report::default()
    }
}

/// Small groups, points that rest on few, and what would give them back; whole curves never leave under a threshold.
#[test]
fn descriptions_under_five() {
    let exported = export(&described(), "dk-dst");
    let groups = &exported.descriptions[0].groups;
    assert!(groups.iter().all(|g| g.curve.is_none()));
    let hidden: Vec<bool> = groups.iter().map(|g| g.hidden).collect();
    // d has three events; b, the next smallest, goes with it, since the events of all groups are shown.
    assert_eq!(hidden, [false, true, false, true]);
    assert_eq!(
        (groups[3].events, groups[3].rate.as_ref().unwrap().rate, groups[3].quantiles[0].time),
        (None, None, None)
    );
    let points: Vec<bool> = groups[0].survival.iter().map(|p| p.hidden).collect();
    // Two events between the first and the second time; of the 20 who left before the first all had one, which is known of
    // persons at risk, so that the events of both go.
    assert_eq!(points, [true, true, false]);
    assert_eq!((groups[0].survival[0].probability, groups[0].survival[0].at_risk), (None, None));
    assert!(groups[1].survival.iter().all(|p| p.hidden && p.events.is_none()));
    let text = json::results(&exported);
    assert!(!text.contains("\"curve\"") && !text.contains("\"persons\": 9,"));
    assert!(export(&described(), "none").descriptions[0].groups[0].curve.is_some());
}

/// Kinds of events stand in the table of exits: those still to come must not be few either. Other kinds stay.
#[test]
fn few_competing_events_still_to_come_hide_their_kind_at_that_time() {
    let mut report = described();
    report.descriptions[0].groups.truncate(1);
    let group = &mut report.descriptions[0].groups[0];
    let of_kind = |at: [f64; 3]| {
        let point = |(time, events)| SurvivalPoint { time, events: Some(events), ..SurvivalPoint::default() };
        [100.0, 200.0, 300.0].into_iter().zip(at).map(point).collect()
    };
    group.survival[1].events = Some(40.0);
    let kind = |label: &str, events: u64, at| CauseIncidence {
        cause: label.to_owned(),
        label: label.to_owned(),
        events: Some(events),
        points: of_kind(at),
        ..CauseIncidence::default()
    };
    group.incidence = vec![kind("event", 90, [20.0, 40.0, 60.0]), kind("death", 22, [10.0, 15.0, 20.0])];
    let exit = |reason: &str, persons| ExitCount { reason: reason.into(), persons: Some(persons), hidden: false };
    report.exits = vec![exit("event", 90), exit("death", 22), exit("end of data", 88)];
    report.total = Some(Counts { persons: Some(200), events: Some(90), ..Counts::default() });
    let exported = export(&report, "dk-dst");
    let group = &exported.descriptions[0].groups[0];
    // Two of the 22 deaths come after the last time.
    let hidden = |points: &[SurvivalPoint]| points.iter().map(|p| p.hidden).collect::<Vec<_>>();
    assert_eq!(hidden(&group.survival), [false; 3]);
    assert_eq!(hidden(&group.incidence[0].points), [false; 3]);
    assert_eq!(hidden(&group.incidence[1].points), [false, false, true]);
    assert!(group.incidence.iter().all(|c| c.events.is_none()) && group.incidence[1].points[2].events.is_none());
}

/// Few events of a kind hide that kind in their group; what else happened to the group stays.
#[test]
fn groups_with_few_events_of_a_kind_hide_that_kind() {
    let mut report = described();
    for (group, deaths) in report.descriptions[0].groups.iter_mut().zip([30.0, 2.0, 20.0, 1.0]) {
        let point = SurvivalPoint { time: 100.0, events: Some(deaths), ..SurvivalPoint::default() };
        let events = Some(deaths as u64 + 40);
        group.incidence = vec![CauseIncidence { events, points: vec![point], ..CauseIncidence::default() }];
    }
    let exported = export(&report, "dk-dst");
    let hidden = exported.descriptions[0].groups.iter().map(|g| g.incidence[0].points[0].hidden);
    // b and d have 2 and 1 deaths.
    assert_eq!(hidden.collect::<Vec<_>>(), [false, true, false, true]);
}

#[test]
fn descriptions_rounded_to_five() {
    let exported = export(&described(), "uk-opensafely");
    let group = &exported.descriptions[0].groups[0];
    let point = &group.survival[2];
    assert_eq!((point.events, point.at_risk, point.probability, point.se), (Some(60.0), Some(60.0), Some(0.7), None));
    assert_eq!((group.events, group.rate.as_ref().unwrap().rate), (Some(90), Some(900.0)));
}

/// Two groups and all, a characteristic of three levels, ages; the report's total is that of all.
fn with_table_one(levels: [[u64; 2]; 3], sizes: [u64; 2]) -> Report {
    let three = |[a, b]: [u64; 2]| [a, b, a + b];
    let cell = |persons: u64| TableOneCell { persons: Some(persons), share: Some(0.123), ..TableOneCell::default() };
    let level = |(name, persons): (&str, [u64; 2])| TableOneLevel {
        level: name.into(),
        cells: three(persons).map(cell).to_vec(),
        ..TableOneLevel::default()
    };
    let summary = |n: u64| NumberSummary {
        n: Some(n),
        mean: Some(40.123456),
        sd: Some(10.123456),
        q1: Some(30.0),
        median: Some(39.5),
        q3: Some(50.0),
        sharing: [Some(2), None, Some(20)],
        ..NumberSummary::default()
    };
    let group = |(name, n): (&str, u64)| TableOneGroup {
        level: if name == "all" { String::new() } else { name.into() },
        all: name == "all",
        counts: Counts {
            persons: Some(n),
            records: Some(n),
            events: Some(n / 2),
            person_years: Some(n as f64 * 1.5),
            ..Counts::default()
        },
        follow_up: Some(summary(n)),
        ..TableOneGroup::default()
    };
    let sizes = three(sizes);
    let region = TableOneVariable {
        variable: "region".into(),
        levels: ["north", "south", "west"].into_iter().zip(levels).map(level).collect(),
        differences: vec![Some(0.5)],
        ..TableOneVariable::default()
    };
    let age = TableOneVariable {
        variable: "age".into(),
        numbers: sizes.map(|n| Some(summary(n))).to_vec(),
        missing: vec![cell(0); 3],
        differences: vec![Some(0.5)],
        ..TableOneVariable::default()
    };
    let groups: Vec<TableOneGroup> = ["a", "b", "all"].into_iter().zip(sizes).map(group).collect();
    Report {
        total: Some(groups[2].counts.clone()),
        table_one: Some(TableOne {
            by: Some("group".into()),
            numbers: "both".into(),
            differences: "pairs".into(),
            groups,
            variables: vec![region, age],
            ..TableOne::default()
        }),
        ..Report::default()
    }
}

/// One small cell of a table with all its margins hides a cycle of four, and shares, differences and quartiles follow.
#[test]
fn table_one_under_five() {
    let exported = export(&with_table_one([[60, 3], [30, 20], [10, 77]], [100, 100]), "dk-dst");
    assert_snapshot!(text_of(&tables::table_one_table(&exported).unwrap()), @r##"
Characteristics of the persons at entry by group
──────────────────────────────────────────────────────────────────────────────────
                                                                      Standardised
                                         a            b          All    difference
──────────────────────────────────────────────────────────────────────────────────
Persons, n                             100          100          200
region                                                                        1.83
  north                                  .            .    63 (31.5)
  south                                  .            .    50 (25.0)
  west                           10 (10.0)    77 (77.0)    87 (43.5)
age, mean (SD)                 40.1 (10.1)  40.1 (10.1)  40.1 (10.1)          0.00
age, median (quartiles)                  .            .            .
Events, n                               50           50          100
Follow-up, median (quartiles)            .            .            .
──────────────────────────────────────────────────────────────────────────────────
Numbers are n (%) unless the row says otherwise; percentages are of all persons of the column, those without a value
included. A person is described as at their first record.
The standardised difference is the largest of all pairs of groups (numbers: difference of means over the root of the
mean variance; levels: Yang and Dalton 2012; missing values left out).
"##);
}

#[test]
fn table_one_rounded_to_five() {
    let exported = export(&with_table_one([[61, 12], [29, 23], [12, 77]], [102, 112]), "uk-opensafely");
    assert_snapshot!(text_of(&tables::table_one_table(&exported).unwrap()), @r##"
Characteristics of the persons at entry by group
──────────────────────────────────────────────────────────────────────────────────
                                                                      Standardised
                                         a            b          All    difference
──────────────────────────────────────────────────────────────────────────────────
Persons, n                             100          110          215
region                                                                        1.66
  north                          60 (60.0)     10 (9.1)    75 (34.9)
  south                          30 (30.0)    25 (22.7)    50 (23.3)
  west                           10 (10.0)    75 (68.2)    90 (41.9)
age, mean (SD)                 40.1 (10.1)  40.1 (10.1)  40.1 (10.1)          0.00
age, median (quartiles)         [REDACTED]   [REDACTED]   [REDACTED]
Events, n                               50           55          105
Follow-up, median (quartiles)   [REDACTED]   [REDACTED]   [REDACTED]
──────────────────────────────────────────────────────────────────────────────────
Numbers are n (%) unless the row says otherwise; percentages are of all persons of the column, those without a value
included. A person is described as at their first record.
The standardised difference is the largest of all pairs of groups (numbers: difference of means over the root of the
mean variance; levels: Yang and Dalton 2012; missing values left out).
"##);
}

/// The mean of all persons, their number and the mean of the others would give the mean of two people.
#[test]
fn the_mean_of_all_goes_where_one_group_alone_is_small() {
    let report = with_table_one([[67, 1], [30, 1], [10, 0]], [107, 2]);
    let shown = |profile: &str| {
        let one = export(&report, profile).table_one.unwrap();
        one.variables[1].numbers.iter().map(|s| s.unwrap().mean.is_some()).collect::<Vec<_>>()
    };
    // Rounded, no number of persons is hidden; else the larger group is, for the sake of the smaller.
    assert_eq!(shown("uk-opensafely-midpoint6"), [true, false, false]);
    assert_eq!(shown("dk-dst"), [false, false, true]);
}

/// A test of models stays with three digits beside a hidden coefficient, goes where nothing else is tested, and goes with
/// the numbers of a model.
#[test]
fn comparisons_of_models_go_with_what_they_test() {
    let mut report = sample();
    let test = TestResult { chisq: Some(12.3456789), df: Some(3.0), p: Some(0.00631234) };
    let (model, nested) = (report.models[1].name.clone(), report.models[0].name.clone());
    report.comparisons = vec![ModelComparison { model, nested, test: Some(test), ..ModelComparison::default() }];
    let of = |report: &Report| export(report, "dk-dst").comparisons.first().cloned();
    let shown = of(&report).expect("a comparison");
    assert_eq!((shown.test.unwrap().chisq, shown.hidden), (Some(12.3), false));
    report.models[1].coefficients.retain(|c| c.name != "age");
    let gone = of(&report).expect("a comparison");
    assert_eq!((gone.test, gone.hidden), (None, true));
    report.models[1].n_records = Some(1398);
    report.models[1].n_missing_dropped = Some(2);
    assert_eq!(of(&report), None);
}

/// Who has no value of a covariate is said by a note too: both are one number.
#[test]
fn covariates_checks_and_rows_over_time_are_counts_like_others() {
    let mut report = sample();
    let covariate = |name: &str, missing| Covariate {
        name: name.into(),
        persons: Some(1400),
        missing_before: Some(missing),
        missing_after: Some(0),
        unlisted: Some(0),
        overridden: Some(0),
        ..Covariate::default()
    };
    report.covariates = vec![covariate("income", 3), covariate("age", 40)];
    let rows = |year, n| RowsInTime { extract: "claims".into(), year, rows: Some(n), ..RowsInTime::default() };
    report.rows_in_time = vec![rows(2010, 500), rows(2011, 2), rows(2012, 300)];
    let check = |looked_for: &str, of: &str, found, persons| RecordCheck {
        looked_for: looked_for.into(),
        of: of.into(),
        found: Some(found),
        persons: Some(persons),
        hidden: false,
    };
    report.checks = vec![
        check("no length", "records", 0, 0),
        check("the same record twice", "records", 4, 2),
        check("event before the index date (history, no fault)", "events", 9000, 12),
    ];
    let exported = export(&report, "dk-dst");
    assert_eq!(exported.covariates.iter().map(|c| c.missing_before).collect::<Vec<_>>(), [None, Some(40)]);
    assert_eq!(exported.checks.iter().map(|c| c.found).collect::<Vec<_>>(), [Some(0), None, Some(9000)]);
    assert_eq!(exported.rows_in_time.iter().map(|r| r.rows).collect::<Vec<_>>(), [Some(500), None, Some(300)]);
    let acro = export(&report, "acro");
    // Nobody left out is no news of anybody, also where zero is small.
    assert_eq!((acro.checks[0].found, acro.covariates[1].missing_after), (Some(0), Some(0)));
}

/// Of an interaction those estimates go that are made of the hidden cell, five where it is no reference, and no others.
#[test]
fn estimates_of_an_interaction_go_with_the_cells_they_are_made_of() {
    let levels = |what: &str| (0..3).map(|i| format!("{what}{i}")).collect::<Vec<_>>();
    let (rows, columns) = (levels("e"), levels("m"));
    let cell = |e: &String, m: &String, reference: bool| InteractionCell {
        exposure_level: e.clone(),
        modifier_level: m.clone(),
        reference,
        persons: Some(100),
        events: Some(40),
        estimate: Some(0.3),
        se: Some(0.2),
        hr: Some(1.35),
        ..InteractionCell::default()
    };
    let every = |reference: &dyn Fn(&str, &str) -> bool| -> Vec<InteractionCell> {
        rows.iter().flat_map(|e| columns.iter().map(|m| cell(e, m, reference(e, m))).collect::<Vec<_>>()).collect()
    };
    let four: Vec<(String, String)> =
        rows[1..].iter().flat_map(|e| columns[1..].iter().map(move |m| (e.clone(), m.clone()))).collect();
    let mut interaction = Interaction {
        exposure: "e".into(),
        modifier: "m".into(),
        within: every(&|e, _| e == "e0"),
        joint: every(&|e, m| e == "e0" && m == "m0"),
        by_exposure: every(&|_, m| m == "m0"),
        ratios: four
            .iter()
            .map(|(e, m)| cohort::report::InteractionRatio {
                exposure_level: e.clone(),
                modifier_level: m.clone(),
                ratio: Some(1.1),
                ..Default::default()
            })
            .collect(),
        reri: four
            .iter()
            .map(|(e, m)| cohort::report::AdditiveInteraction {
                exposure_level: e.clone(),
                modifier_level: m.clone(),
                reri: Some(0.1),
                ..Default::default()
            })
            .collect(),
        ..Interaction::default()
    };
    let hidden = |interaction: &Interaction| {
        let model = ModelResult { interactions: vec![interaction.clone()], ..ModelResult::default() };
        let i =
            export(&Report { models: vec![model], ..Report::default() }, "dk-dst").models[0].interactions[0].clone();
        let cells = [&i.within, &i.joint, &i.by_exposure].map(|t| t.iter().filter(|c| c.hr.is_none()).count());
        let others =
            [i.ratios.iter().filter(|r| r.ratio.is_none()).count(), i.reri.iter().filter(|r| r.reri.is_none()).count()];
        (cells, others)
    };
    assert_eq!(hidden(&interaction), ([0; 3], [0; 2]));
    let few = |interaction: &mut Interaction, e: &str, m: &str, n: u64| {
        let tables = [&mut interaction.within, &mut interaction.joint, &mut interaction.by_exposure];
        let these = tables.into_iter().flatten().filter(|c| c.exposure_level == e && c.modifier_level == m);
        these.for_each(|c| c.events = Some(n));
    };
    few(&mut interaction, "e1", "m1", 2);
    assert_eq!(hidden(&interaction), ([1, 1, 1], [1, 1]));
    few(&mut interaction, "e1", "m1", 40);
    // The reference of its modifier: all hazard ratios within it go, with ratios and additive measures.
    few(&mut interaction, "e0", "m1", 2);
    assert_eq!(hidden(&interaction), ([3, 1, 1], [2, 2]));
}

/// In a model with a product a coefficient compares cells, those of its level at the other factor's reference.
#[test]
fn a_coefficient_of_a_model_with_a_product_goes_with_its_cells() {
    let part = |variable: &str, level: &str, versus: &str| cohort::report::Part {
        variable: variable.into(),
        level: Some(level.into()),
        versus: Some(versus.into()),
        ..Default::default()
    };
    let coefficient = |parts: Vec<cohort::report::Part>| cohort::report::Coefficient {
        name: parts.iter().map(|p| p.variable.clone()).collect::<Vec<_>>().join(":"),
        parts,
        estimate: Some(0.3),
        se: Some(0.2),
        ..Default::default()
    };
    let cells = |events: [u64; 4]| -> Vec<InteractionCell> {
        let names = [("0", "0"), ("0", "1"), ("1", "0"), ("1", "1")];
        let cell = |((e, m), n): (&(&str, &str), u64)| InteractionCell {
            exposure_level: (*e).into(),
            modifier_level: (*m).into(),
            persons: Some(n + 50),
            events: Some(n),
            ..InteractionCell::default()
        };
        names.iter().zip(events).map(cell).collect()
    };
    let levels = ["e", "m"].into_iter().flat_map(|v| ["0", "1"].map(|l| (v, l)));
    let levels: Vec<LevelRow> = levels
        .map(|(v, l)| LevelRow {
            variable: v.into(),
            level: l.into(),
            counts: Counts { persons: Some(2000), events: Some(900), ..Counts::default() },
            ..LevelRow::default()
        })
        .collect();
    let of = |events: [u64; 4]| {
        let (e, m) = (part("e", "1", "0"), part("m", "1", "0"));
        let interaction =
            Interaction { exposure: "e".into(), modifier: "m".into(), within: cells(events), ..Interaction::default() };
        let model = ModelResult {
            coefficients: vec![coefficient(vec![e.clone()]), coefficient(vec![m.clone()]), coefficient(vec![e, m])],
            interactions: vec![interaction],
            ..ModelResult::default()
        };
        let report = Report { levels: levels.clone(), models: vec![model], ..Report::default() };
        let profile = Profile { secondary: false, ..Profile::named("dk-dst").unwrap() };
        apply(&report, &profile).0.models[0].coefficients.iter().map(|c| c.hidden).collect::<Vec<_>>()
    };
    assert_eq!(of([300, 300, 300, 300]), [false, false, false]);
    // Persons at m = 1 without the exposure: the coefficient of m compares them with the reference.
    assert_eq!(of([300, 2, 300, 300]), [false, true, true]);
    assert_eq!(of([2, 300, 300, 300]), [true, true, true]);
}

/// A code of many rows is hidden where they are of few persons; a code that no list names goes with its name.
#[test]
fn rows_of_a_code_leave_where_enough_persons_are_behind_them() {
    let code = |item: &str, code: &str, rows, persons| cohort::report::CodeRows {
        item: item.into(),
        code: code.into(),
        rows: Some(rows),
        persons: Some(persons),
        ..Default::default()
    };
    let found = vec![code("P76", "P76", 900, 100), code("P70-P79", "P74", 40, 2), code("P70-P79", "P75", 60, 30)];
    let list = cohort::report::ListUse { codelist: "diagnosis".into(), items: 2, found, ..Default::default() };
    let column = cohort::report::CodeUse {
        extract: "claims".into(),
        column: "diagnoses".into(),
        lists: vec![list],
        uncovered: vec![code("", "A97", 400, 100), code("", "B78", 3, 3)],
        ..Default::default()
    };
    let exported = export(&Report { codes: vec![column], ..Report::default() }, "dk-dst");
    let column = &exported.codes[0];
    let shown = |c: &cohort::report::CodeRows| (c.item.clone(), c.code.clone(), c.rows, c.persons, c.hidden);
    let text = |item: &str, code: &str, rows: Option<u64>, hidden| (item.into(), code.into(), rows, None, hidden);
    assert_eq!(
        column.lists[0].found.iter().map(shown).collect::<Vec<_>>(),
        [
            text("P76", "P76", Some(900), false),
            text("P70-P79", "", None, true),
            text("P70-P79", "P75", Some(60), false)
        ]
    );
    assert_eq!(column.uncovered.iter().map(shown).collect::<Vec<_>>(), [text("", "A97", Some(400), false)]);
    assert!(column.uncovered_hidden);
}

/// A report of one exposure with and without a modifier whose errors are what counts alone would make them, and nothing else:
/// the variance of each comparison is the sum of 1/events.
fn report_of_counts(events: [u64; 4]) -> Report {
    let [a, b, c, d] = events;
    let se = |of: &[u64]| Some(of.iter().map(|n| 1.0 / *n as f64).sum::<f64>().sqrt());
    let hr = 1.4_f64;
    let limits = |se: Option<f64>| se.map(|se| ((hr.ln() - 1.96 * se).exp(), (hr.ln() + 1.96 * se).exp())).unzip();
    let p = |se: Option<f64>| se.map(|se| normal_two_sided(hr.ln() / se));
    let test =
        |se: Option<f64>, df| Some(TestResult { chisq: se.map(|se| (hr.ln() / se).powi(2)), df: Some(df), p: p(se) });
    let rows = [("e", "0", a + b), ("e", "1", c + d), ("m", "0", a + c), ("m", "1", b + d)];
    let level = |(variable, level, n): &(&str, &str, u64)| LevelRow {
        variable: (*variable).into(),
        level: (*level).into(),
        counts: Counts { persons: Some(1000), events: Some(*n), ..Counts::default() },
        ..LevelRow::default()
    };
    let cell = |e: &str, m: &str, n: u64, of: &[u64]| {
        let se = (!of.is_empty()).then(|| se(of)).flatten();
        let (lower, upper) = limits(se);
        InteractionCell {
            exposure_level: e.into(),
            modifier_level: m.into(),
            reference: of.is_empty(),
            persons: Some(500),
            events: Some(n),
            estimate: Some(if of.is_empty() { 0.0 } else { hr.ln() }),
            hr: Some(if of.is_empty() { 1.0 } else { hr }),
            se,
            lower,
            upper,
            p: p(se),
            ..InteractionCell::default()
        }
    };
    let of_four = se(&events);
    let (lower, upper) = limits(of_four);
    let interaction = Interaction {
        exposure: "e".into(),
        modifier: "m".into(),
        within: vec![
            cell("0", "0", a, &[]),
            cell("0", "1", b, &[]),
            cell("1", "0", c, &[c, a]),
            cell("1", "1", d, &[d, b]),
        ],
        joint: vec![
            cell("0", "0", a, &[]),
            cell("0", "1", b, &[b, a]),
            cell("1", "0", c, &[c, a]),
            cell("1", "1", d, &[d, a]),
        ],
        ratios: vec![cohort::report::InteractionRatio {
            exposure_level: "1".into(),
            modifier_level: "1".into(),
            ratio: Some(hr),
            lower,
            upper,
            p: p(of_four),
            ..Default::default()
        }],
        wald: test(of_four, 1.0),
        lr: test(of_four, 1.0),
        ..Interaction::default()
    };
    let own = se(&[a + b, c + d]);
    let (hr_lower, hr_upper) = limits(own);
    let coefficient = cohort::report::Coefficient {
        name: "e1".into(),
        term: "e".into(),
        parts: vec![cohort::report::Part {
            variable: "e".into(),
            level: Some("1".into()),
            versus: Some("0".into()),
            ..Default::default()
        }],
        estimate: Some(hr.ln()),
        se: own,
        z: own.map(|se| hr.ln() / se),
        p: p(own),
        hr: Some(hr),
        hr_lower,
        hr_upper,
        lower: hr_lower.map(f64::ln),
        upper: hr_upper.map(f64::ln),
        ..Default::default()
    };
    let contrast = Contrast {
        comparison: "e=0 vs e=1".into(),
        weights: vec![Some(-1.0)],
        estimate: Some(hr.ln()),
        se: own,
        z: own.map(|se| hr.ln() / se),
        p: p(own),
        hr: Some(hr),
        lower: hr_lower,
        upper: hr_upper,
        ..Contrast::default()
    };
    let terms = vec![cohort::report::TermTests {
        term: "e".into(),
        wald: test(own, 1.0),
        lr: test(own, 1.0),
        ..Default::default()
    }];
    let tests = cohort::report::GlobalTests { lr: test(own, 1.0), wald: test(own, 1.0), ..Default::default() };
    let model = ModelResult {
        name: "one".into(),
        n_records: Some(2000),
        n_events: Some(a + b + c + d),
        coefficients: vec![coefficient],
        covariance: vec![vec![own.map(|se| se * se)]],
        aic: own,
        terms,
        tests,
        contrasts: vec![contrast],
        interactions: vec![interaction],
        ..ModelResult::default()
    };
    Report { levels: rows.iter().map(level).collect(), models: vec![model], ..Report::default() }
}

/// Who holds the export cannot tell two studies apart whose rounded counts are the same, though their errors are made of nothing
/// but exact counts: no error, limit, test or P value narrows a count further than its rounding does.
#[test]
fn errors_do_not_undo_the_rounding_of_counts() {
    // Sums of levels are rounded to the same numbers too.
    for profile in ["acro", "uk-opensafely", "uk-opensafely-midpoint6", "us-drb"] {
        let [one, other] = [[98, 48, 62, 34], [99, 48, 61, 34]].map(report_of_counts);
        let errors = |report: &Report| report.models[0].coefficients[0].se.unwrap();
        assert!((errors(&one) - errors(&other)).abs() > 1e-4);
        let exported = [&one, &other].map(|report| export(report, profile));
        assert_eq!(json::results(&exported[0]), json::results(&exported[1]), "{profile}");
        let (inside, outside) = (&one.models[0].coefficients[0], &exported[0].models[0].coefficients[0]);
        assert!(outside.se > inside.se && outside.hr_upper > inside.hr_upper && outside.hr_lower < inside.hr_lower);
        assert_eq!((outside.hr, exported[0].models[0].covariance[0][0]), (inside.hr, None));
        let se = outside.estimate.unwrap() / outside.z.unwrap();
        assert!((se / outside.se.unwrap() - 1.0).abs() < 0.01, "z is made of the error that is shown");
    }
    // Without rounding the errors of shown levels stay what they are.
    let report = report_of_counts([98, 48, 61, 33]);
    assert_eq!(export(&report, "dk-dst").models[0].coefficients[0], report.models[0].coefficients[0]);
}

/// Shown as zero like a few others: then no estimate says how many there are.
#[test]
fn estimates_of_a_level_that_is_shown_as_zero_go() {
    let report = report_of_counts([98, 48, 3, 2]);
    let profile = Profile { secondary: false, ..Profile::named("uk-ehrql-measures").unwrap() };
    let model = &apply(&report, &profile).0.models[0];
    assert!(model.coefficients[0].hidden && model.coefficients[0].se.is_none());
    assert!(model.interactions[0].joint[2].se.is_none() && model.interactions[0].joint[1].se.is_some());
}
