//! Whole curves and baseline hazards as CSV files: a row per event time. They never leave `internal/`.

use super::{BaselineHazard, ModelResult, Report, SurvivalCurve};

/// File names (below the folder of curves) and contents: `MODEL_baseline.csv`, `MODEL_1.csv` and so on.
pub fn files(report: &Report) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for model in &report.models {
        if !model.baseline_hazard.is_empty() {
            files.push((format!("{}_baseline.csv", model.name), baseline(&model.baseline_hazard)));
        }
        let curves = model.curves.iter().enumerate();
        files.extend(curves.map(|(i, curve)| (format!("{}_{}.csv", model.name, i + 1), one_curve(model, curve))));
    }
    files
}

fn baseline(strata: &[BaselineHazard]) -> String {
    let head = ["stratum", "time", "n_events", "cumulative_hazard", "se", "cumulative_hazard_at_means", "se_at_means"];
    let rows = strata.iter().flat_map(|s| {
        (0..s.time.len()).map(|k| {
            let numbers = [s.cumulative_hazard[k], s.se[k], s.cumulative_hazard_at_means[k], s.se_at_means[k]];
            let first = [s.stratum.clone(), s.time[k].to_string(), s.n_events[k].to_string()];
            first.into_iter().chain(numbers.map(number)).collect()
        })
    });
    csv(&head, rows)
}

fn one_curve(model: &ModelResult, curve: &SurvivalCurve) -> String {
    let steps = &curve.steps;
    let (name, values) = match curve.is_incidence() {
        true => ("cumulative_incidence", &steps.cumulative_incidence),
        false => ("survival", &steps.survival),
    };
    let head = ["model", "curve", "time", name, "lower", "upper", "cumulative_hazard", "cumulative_hazard_se"];
    let rows = (0..steps.time.len()).map(|k| {
        let numbers =
            [values[k], steps.lower[k], steps.upper[k], steps.cumulative_hazard[k], steps.cumulative_hazard_se[k]];
        let first = [model.name.clone(), curve.label.clone(), steps.time[k].to_string()];
        first.into_iter().chain(numbers.map(number)).collect()
    });
    csv(&head, rows)
}

fn csv(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let lines = std::iter::once(head.iter().map(|h| h.to_string()).collect()).chain(rows);
    for line in lines {
        writer.write_record(&line).expect("writing to memory does not fail and rows have one length");
    }
    String::from_utf8(writer.into_inner().expect("writing to memory does not fail")).expect("fields are UTF-8")
}

/// Empty where there is none.
fn number(value: Option<f64>) -> String {
    value.map_or(String::new(), |v| v.to_string())
}
