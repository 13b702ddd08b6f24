//! `results.json` written and read back. The same report gives the same bytes; times are beside it, never in it.

use crate::report::{Report, ReportError, SCHEMA, Timings};
use serde::Serialize;

/// The bytes of `results.json`, with a line end.
pub fn results(report: &Report) -> String {
    pretty(report)
}

/// The report with a further field `timings` at the end: what `--json` prints. The field is not part of the bytes that
/// are the same for every run.
pub fn with_timings(report: &Report, timings: &Timings) -> String {
    #[derive(Serialize)]
    struct Timed<'a> {
        #[serde(flatten)]
        report: &'a Report,
        timings: &'a Timings,
    }
    pretty(&Timed { report, timings })
}

/// Reads a `results.json`. Errors: `Results`, with the place of the fault.
pub fn read(text: &str) -> Result<Report, ReportError> {
    let report: Report = serde_json::from_str(text).map_err(|e| ReportError::Results { message: e.to_string() })?;
    if report.schema != SCHEMA {
        return Err(ReportError::Results { message: format!("schema is not {SCHEMA}") });
    }
    Ok(report)
}

pub(crate) fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("a report has text keys only");
    text.push('\n');
    text
}
