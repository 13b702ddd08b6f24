//! Time-varying coefficients and competing risks against slow engines that split every row at every event time.

use crate::support::{Features, Generated, N_COLUMNS, Record, assert_close, generate, textbook};
use cohort::engine::{
    Block, Competing, FitOptions, NearTies, NumberPart, Prepared, Ties, TimeDependence, TimeFunction, TimeVarying,
    Variable,
};
use cohort::table::Codes;

/// Features in all combinations that matter to the classes.
fn all_features() -> Vec<Features> {
    (0..32u32)
        .map(|bits| {
            let has = |bit: u32| bits & (1 << bit) != 0;
            Features {
                strata: if has(0) { 3 } else { 1 },
                weights: has(1),
                delayed_entry: has(2),
                offset: has(1),
                fractional_times: has(3),
                clusters: if has(4) { 20 } else { 1 },
            }
        })
        .collect()
}

/// ln(t + 2), and the intervals (5, 10] and (10, ∞).
fn g(t: f64) -> [f64; 3] {
    let within = |yes: bool| f64::from(u8::from(yes));
    [(t + 2.0).ln(), within(t > 5.0 && t <= 10.0), within(t > 10.0)]
}

/// Number of columns with the time-varying ones: the first factor in both intervals, the count and the number with ln.
const P: usize = N_COLUMNS + 8;

/// Appends the time-varying columns to the data of [`generate`].
fn with_time(generated: &mut Generated) -> TimeDependence {
    let time = TimeFunction::event_times(&generated.data);
    let function = |i: usize| TimeFunction { time: time.clone(), value: time.iter().map(|t| g(*t)[i]).collect() };
    let first = N_COLUMNS as u32;
    let factor = |offset: u32| Block {
        factors: vec![0],
        numbers: vec![],
        // Level after level, and for each the two intervals.
        first_column: (0..4u32).map(|level| level.checked_sub(1).map(|l| first + 2 * l + offset)).collect(),
    };
    let number = |variable: usize, column: u32| {
        let coded = matches!(generated.design.variables[variable], Variable::Coded { .. });
        let value_of_code = coded.then(|| (0..6).map(f64::from).collect());
        let part = NumberPart { variable, value_of_code };
        Block { factors: vec![], numbers: vec![vec![part]], first_column: vec![Some(column)] }
    };
    let varying = vec![
        TimeVarying { block: factor(0), function: 1 },
        TimeVarying { block: factor(1), function: 2 },
        TimeVarying { block: number(2, first + 6), function: 0 },
        TimeVarying { block: number(3, first + 7), function: 0 },
    ];
    generated.design.n_columns = P;
    TimeDependence { functions: (0..3).map(function).collect(), varying }
}

/// The time-varying columns of a record at a time.
fn varying_row(record: &Record, t: f64) -> [f64; 8] {
    let [log, middle, late] = g(t);
    let a = &record.x[..3];
    [
        a[0] * middle,
        a[0] * late,
        a[1] * middle,
        a[1] * late,
        a[2] * middle,
        a[2] * late,
        record.x[5] * log,
        record.x[6] * log,
    ]
}

/// Every record cut at every event time of its stratum, its row worked out at each.
fn split(records: &[Record]) -> Vec<Record> {
    let mut times: Vec<(u32, f64)> = records.iter().filter(|r| r.event).map(|r| (r.stratum, r.exit)).collect();
    times.sort_by(|a, b| a.partial_cmp(b).unwrap());
    times.dedup();
    let mut pieces = Vec::new();
    for (i, record) in records.iter().enumerate() {
        let mut from = record.entry;
        let inside = |t: f64| record.entry < t && t <= record.exit;
        for &(_, t) in times.iter().filter(|(stratum, t)| *stratum == record.stratum && inside(*t)) {
            let mut piece = Record { entry: from, exit: t, event: record.event && t == record.exit, ..record.clone() };
            piece.x.extend(varying_row(record, t));
            // Without clusters, the pieces of a record are one.
            piece.cluster = if record.cluster == 0 { 1000 + i as u32 } else { record.cluster };
            pieces.push(piece);
            from = t;
        }
    }
    pieces
}

/// Coefficients away from the optimum.
fn elsewhere() -> Vec<f64> {
    let size = |j: usize| match j {
        6..=9 | 12 | 22 => 0.01,
        _ => 0.2,
    };
    (0..P).map(|j| size(j) * ((j * 7 % 5) as f64 - 2.0)).collect()
}

#[test]
fn likelihood_score_and_information_are_those_of_split_rows() {
    for (seed, features) in all_features().into_iter().enumerate().filter(|(_, f)| f.clusters == 1) {
        let mut generated = generate(60, 300 + seed as u64, features);
        let time = with_time(&mut generated);
        let prepared = Prepared::with_time(&generated.data, &generated.design, &time, NearTies::Repair).unwrap();
        let pieces = split(&generated.records);
        for ties in [Ties::Breslow, Ties::Efron] {
            for beta in [vec![0.0; P], elsewhere()] {
                let slow = textbook::likelihood(&pieces, &beta, ties);
                let (value, score, information) = prepared.derivatives(&beta, ties);
                assert_close(value, slow.value, 1e-11);
                let size = slow.information.diagonal().map(f64::sqrt);
                for j in 0..P {
                    let difference = (score[j] - slow.score[j]).abs();
                    assert!(difference <= 1e-9 * size[j] * size[j].max(1.0), "{features:?} {j} {difference:e}");
                    for k in 0..P {
                        let difference = (information[(j, k)] - slow.information[(j, k)]).abs();
                        assert!(difference <= 1e-8 * size[j] * size[k], "{features:?} {j} {k} {difference:e}");
                    }
                }
            }
        }
    }
}

#[test]
fn both_covariances_are_those_of_split_rows() {
    for (seed, features) in all_features().into_iter().enumerate().filter(|(seed, _)| seed % 3 != 1) {
        let mut generated = generate(110, 400 + seed as u64, features);
        let time = with_time(&mut generated);
        if features.clusters > 1 {
            // Cluster 0 of the split rows stands for the record itself.
            generated.records.iter_mut().for_each(|r| r.cluster += 1);
        }
        let prepared = Prepared::with_time(&generated.data, &generated.design, &time, NearTies::Repair).unwrap();
        let pieces = split(&generated.records);
        let ties = if seed % 2 == 0 { Ties::Efron } else { Ties::Breslow };
        // No step: the covariances at coefficients that are no maximum.
        let options =
            FitOptions { ties, robust: true, max_iterations: 0, initial: Some(elsewhere()), ..FitOptions::default() };
        let fit = prepared.fit(&options).unwrap();
        let slow = textbook::likelihood(&pieces, &elsewhere(), ties);
        let covariance = slow.information.clone().try_inverse().unwrap();
        let robust = &covariance * textbook::outer_products(&pieces, &slow, true) * &covariance;
        let found = fit.robust_covariance.as_ref().unwrap();
        for j in 0..P {
            for k in 0..P {
                let size = (covariance[(j, j)] * covariance[(k, k)]).sqrt();
                assert!((fit.covariance[(j, k)] - covariance[(j, k)]).abs() <= 1e-6 * size, "{features:?} {j} {k}");
                let size = (robust[(j, j)] * robust[(k, k)]).sqrt();
                assert!((found[(j, k)] - robust[(j, k)]).abs() <= 1e-6 * size, "robust {features:?} {j} {k}");
            }
        }
    }
}

#[test]
fn estimates_are_those_of_split_rows() {
    let mut generated = generate(400, 77, Features { strata: 2, weights: true, ..Features::default() });
    let time = with_time(&mut generated);
    let prepared = Prepared::with_time(&generated.data, &generated.design, &time, NearTies::Repair).unwrap();
    let fit = prepared.fit(&FitOptions::default()).unwrap();
    assert!(fit.warnings.is_empty(), "{:?}", fit.warnings);
    let slow = textbook::likelihood(&split(&generated.records), &fit.coefficients, Ties::Efron);
    // Where the textbook's score is zero, its next Newton step is.
    let covariance = slow.information.try_inverse().unwrap();
    let step = &covariance * nalgebra::DVector::from_vec(slow.score);
    assert!((0..P).all(|j| step[j].abs() <= 1e-8 * covariance[(j, j)].sqrt()), "{step}");
}

#[test]
fn results_have_the_same_bits_for_any_number_of_threads() {
    let mut generated = generate(3000, 9, Features { strata: 2, delayed_entry: true, ..Features::default() });
    let time = with_time(&mut generated);
    let fit = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let prepared = Prepared::with_time(&generated.data, &generated.design, &time, NearTies::Repair).unwrap();
            prepared.fit(&FitOptions { robust: true, ..FitOptions::default() }).unwrap()
        })
    };
    assert_eq!(format!("{:?}", fit(1)), format!("{:?}", fit(3)));
}

/// W just before `t`, by the definitions of `finegray`: who has an event at a time is no longer at risk of being censored.
fn observed(records: &[Record], ends: &[End], group: u32, t: f64) -> f64 {
    let of_group: Vec<(usize, &Record)> = records.iter().enumerate().filter(|(i, _)| ends[*i].group == group).collect();
    let mut w = 1.0;
    let mut censorings: Vec<f64> =
        of_group.iter().filter(|(i, r)| !r.event && !ends[*i].competing && r.exit < t).map(|(_, r)| r.exit).collect();
    censorings.sort_by(f64::total_cmp);
    for u in censorings.chunk_by(|a, b| a == b) {
        let at_risk = of_group.iter().filter(|(i, r)| {
            let event_now = (r.event || ends[*i].competing) && r.exit == u[0];
            r.entry < u[0] && r.exit >= u[0] && !event_now
        });
        w *= 1.0 - u.len() as f64 / at_risk.count() as f64;
    }
    let first_exit = records.iter().map(|r| r.exit).fold(f64::MAX, f64::min);
    if records.iter().any(|r| r.entry > first_exit) {
        let mut entries: Vec<f64> = of_group.iter().map(|(_, r)| r.entry).filter(|d| *d >= t).collect();
        entries.sort_by(f64::total_cmp);
        for d in entries.chunk_by(|a, b| a == b) {
            let inside = of_group.iter().filter(|(_, r)| r.entry <= d[0] && r.exit > d[0]).count();
            w *= 1.0 - d.len() as f64 / inside as f64;
        }
    }
    w
}

/// How a record ends beside its event, and with whom it is censored alike.
#[derive(Clone, Copy)]
struct End {
    competing: bool,
    group: u32,
}

/// Records with competing events stay to the end of their group, cut at every event time, weighted by W(t−)/W(T−).
fn weighted(records: &[Record], ends: &[End]) -> Vec<Record> {
    let mut times: Vec<(u32, f64)> = records.iter().filter(|r| r.event).map(|r| (r.stratum, r.exit)).collect();
    times.sort_by(|a, b| a.partial_cmp(b).unwrap());
    times.dedup();
    let mut pieces = Vec::new();
    for (i, record) in records.iter().enumerate() {
        pieces.push(Record { cluster: i as u32, ..record.clone() });
        if !ends[i].competing {
            continue;
        }
        let last = (0..records.len()).filter(|&j| ends[j].group == ends[i].group).map(|j| records[j].exit);
        let last = last.fold(0.0, f64::max);
        let at_exit = observed(records, ends, ends[i].group, record.exit);
        let mut from = record.exit;
        for &(_, t) in times.iter().filter(|(s, t)| *s == record.stratum && *t > record.exit && *t <= last) {
            let weight = record.weight * observed(records, ends, ends[i].group, t) / at_exit;
            pieces.push(Record { entry: from, exit: t, weight, event: false, cluster: i as u32, ..record.clone() });
            from = t;
        }
    }
    pieces
}

#[test]
fn fine_gray_is_the_weighted_model_of_split_rows() {
    for (seed, features) in all_features().into_iter().enumerate().filter(|(_, f)| f.clusters == 1) {
        let generated = generate(80, 500 + seed as u64, features);
        let records = &generated.records;
        let end = |i: usize| End {
            competing: !records[i].event && i.is_multiple_of(2),
            group: u32::from(i.is_multiple_of(3)),
        };
        let ends: Vec<End> = (0..records.len()).map(end).collect();
        let competing = Competing {
            event: ends.iter().map(|e| e.competing).collect(),
            group: Some(Codes::pack(ends.iter().map(|e| Some(e.group)), 2)),
            person: Some((0..records.len() as u32).collect()),
            ..Competing::default()
        };
        let time = TimeDependence::default();
        let prepared =
            Prepared::fine_gray(&generated.data, &generated.design, &time, &competing, NearTies::Repair).unwrap();
        let pieces = weighted(records, &ends);
        let ties = if seed % 2 == 0 { Ties::Efron } else { Ties::Breslow };
        let beta: Vec<f64> = elsewhere()[..N_COLUMNS].to_vec();
        let slow = textbook::likelihood(&pieces, &beta, ties);
        let (value, score, information) = prepared.derivatives(&beta, ties);
        assert_close(value, slow.value, 1e-11);
        let size = slow.information.diagonal().map(f64::sqrt);
        for j in 0..N_COLUMNS {
            assert!((score[j] - slow.score[j]).abs() <= 1e-9 * size[j] * size[j].max(1.0), "{features:?} {j}");
            for k in 0..N_COLUMNS {
                let difference = (information[(j, k)] - slow.information[(j, k)]).abs();
                assert!(difference <= 1e-8 * size[j] * size[k], "{features:?} {j} {k} {difference:e}");
            }
        }
        let options =
            FitOptions { ties, robust: true, max_iterations: 0, initial: Some(beta), ..FitOptions::default() };
        let fit = prepared.fit(&options).unwrap();
        let covariance = slow.information.clone().try_inverse().unwrap();
        let robust = &covariance * textbook::outer_products(&pieces, &slow, true) * &covariance;
        for (found, expected) in fit.robust_covariance.as_ref().unwrap().iter().zip(robust.iter()) {
            assert!((found - expected).abs() <= 1e-6 * robust.diagonal().max(), "{features:?}");
        }
        assert_eq!((fit.n_records, fit.n_events), (80, records.iter().filter(|r| r.event).count()));
    }
}

#[test]
fn the_command_line_fits_and_shows_both() {
    let run = |arguments: &[&str]| {
        let file = format!("{}/data-fixtures/reference/data/{}", env!("CARGO_MANIFEST_DIR"), arguments[0]);
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_cohort"))
            .args(["fit", &file])
            .args(&arguments[1..])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // Lines are broken where they are full.
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let formula = "Surv(etime, event == \"death\") ~ age + sex";
    let text = run(&["mgus2.csv", "--formula", formula, "--competing", "event == \"pcm\"", "--fine-gray"]);
    // The reference case fg-mgus2-death: exp(0.0588233…) = 1.0606.
    assert!(text.contains("Fine-Gray model of the subdistribution hazard") && text.contains("1.06"), "{text}");
    assert!(text.contains("Fine and Gray 1999"), "{text}");
    let text = run(&["mgus2.csv", "--formula", formula, "--competing", "event == \"pcm\""]);
    assert!(text.contains("were censored in the model, whose hazard ratios are those of the cause-specific"), "{text}");
    let formula = "Surv(time, status) ~ factor(trt) + karno + tt(factor(trt), step(60, 180)) + tt(karno, log(t + 20))";
    let text = run(&["veteran.csv", "--formula", formula, "--hr-times", "30,90"]);
    assert!(text.contains("Hazard ratios along time"), "{text}");
    for row in ["up to 60", "over 60, up to 180", "over 180", "at 30", "at 90"] {
        assert!(text.contains(row), "{row}: {text}");
    }
    assert!(!text.contains("the model also has"), "{text}");
    // A spline of the same number is no part of these hazard ratios, and the table says what they are then.
    let formula = "Surv(time, status) ~ ns(karno, df = 3) + tt(karno, log)";
    let text = run(&["veteran.csv", "--formula", formula, "--hr-times", "30"]);
    let said = "karno: the model also has ns(karno, df = 3). These are not the hazard ratios of one unit more, but the factors by \
                which time multiplies the hazard ratio that ns(karno, df = 3) gives.";
    assert!(text.contains(said), "{text}");
    // There is no likelihood-ratio test of a Fine-Gray model with robust errors, and no empty column for it.
    let formula = "Surv(etime, event == \"death\") ~ age + sex";
    let text = run(&["mgus2.csv", "--formula", formula, "--competing", "event == \"pcm\"", "--fine-gray", "--robust"]);
    let (_, terms) = text.split_once("Tests of terms").expect("the table");
    assert!(terms.contains("Wald test") && !terms.contains("Likelihood-ratio test"), "{text}");
}

#[test]
fn a_study_names_its_exits_as_competing_events() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("examples/phc-opmh/study.toml")).unwrap();
    let text = text.replace("../../data-fixtures", root.join("data-fixtures").to_str().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let fit = |change: &dyn Fn(String) -> String| {
        let path = folder.path().join("study.toml");
        std::fs::write(&path, change(text.clone())).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cohort"));
        command.arg("fit").arg(&path).arg("--data").arg(root.join("data-fixtures/linked"));
        command.args(["--format", "none", "--json", "-"]).output().unwrap()
    };
    let crude = "formula = \"migrant_group\"\n";
    // The crude model alone, and without the analyses on top of others.
    let only_crude = |text: String, keys: &str| {
        let end = text.find("[[model]]\nname = \"predisposing\"").unwrap();
        let rest = &text[text.find("[disclosure]").unwrap()..];
        format!("{}{rest}", text[..end].replace(crude, &format!("{crude}{keys}")))
    };
    let read = |output: std::process::Output| -> serde_json::Value {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let plain = read(fit(&|text| only_crude(text, "")));
    let cause = read(fit(&|text| only_crude(text, "competing = [\"death\"]\n")));
    let fine_gray = read(fit(&|text| only_crude(text, "competing = [\"death\"]\nmodel = \"fine_gray\"\n")));
    let deaths = |results: &serde_json::Value| {
        let exits = results["exits"].as_array().unwrap();
        exits.iter().find(|e| e["reason"] == "death").unwrap()["persons"].clone()
    };
    assert!(deaths(&plain).as_u64().unwrap() > 0);
    // Censoring the competing event is what the study does anyway.
    assert_eq!(plain["models"][0]["coefficients"], cause["models"][0]["coefficients"]);
    assert_eq!(cause["models"][0]["competing"]["model"], "cause_specific");
    assert_eq!(fine_gray["models"][0]["competing"]["model"], "fine_gray");
    assert_eq!(fine_gray["models"][0]["competing"]["n_events"], deaths(&fine_gray));
    assert_eq!(fine_gray["models"][0]["n_records"], plain["models"][0]["n_records"]);
    assert_eq!(fine_gray["models"][0]["variance"], "clustered");
    let estimate = |r: &serde_json::Value| r["models"][0]["coefficients"][0]["estimate"].as_f64().unwrap();
    let difference = (estimate(&plain) - estimate(&fine_gray)).abs();
    assert!(difference > 0.0 && difference < 0.1, "{difference}");
    // Keys of a Fine-Gray model, with the same words as the flags; curves of the incidence from both kinds of models.
    let keys = "competing = [\"emigration\"]\nmodel = \"fine_gray\"\ncensoring_ties = \"together\"\nfine_gray_weights = \"estimated\"\n";
    let curve = |quantity: &str| {
        format!("\n[[curve]]\nmodel = \"crude\"\nat = \"migrant_group=nordic\"\ntimes = [365, 730]\n{quantity}\n")
    };
    let crr = read(fit(&|text| only_crude(text, keys) + &curve("")));
    assert_eq!(crr["models"][0]["competing"]["censoring_ties"], "together");
    assert_eq!(crr["models"][0]["competing"]["weights"], "estimated");
    let both = curve("quantity = \"incidence\"");
    let causes = read(fit(&|text| only_crude(text, "competing = [\"emigration\"]\n") + &both));
    let risk =
        |r: &serde_json::Value, k: usize| r["models"][0]["curves"][0]["times"][k]["cumulative_incidence"].as_f64();
    let (by_causes, by_weights) = (risk(&causes, 1).unwrap(), risk(&crr, 1).unwrap());
    assert!(by_causes > 0.05 && (by_causes / by_weights - 1.0).abs() < 0.03, "{by_causes} {by_weights}");
    // Nobody of some group dies: the model of the deaths gives no curve, and says so.
    let none = read(fit(&|text| only_crude(text, "competing = [\"death\"]\n") + &both));
    assert!(none["models"][0]["curves"].is_null());
    let warning = none["models"][0]["warnings"].to_string();
    assert!(warning.contains("the model of the competing events runs to infinity"), "{warning}");
    for (keys, rule) in [
        ("", "has no competing events"),
        ("competing = [\"emigration\"]\ncensoring_ties = \"together\"\n", "no meaning here"),
    ] {
        let wrong = fit(&|text| only_crude(text, keys) + &both);
        let message = String::from_utf8(wrong.stderr).unwrap();
        assert!(wrong.status.code() == Some(10) && message.contains(rule), "{message}");
    }
    let wrong = fit(&|text| only_crude(text, "competing = [\"deth\"]\n"));
    let message = String::from_utf8(wrong.stderr).unwrap();
    assert!(wrong.status.code() == Some(10) && message.contains("the follow-up has no exit"), "{message}");
}
