//! Verdicts as text, Markdown, JUnit XML and JSON.

use super::verdict::{Kind, Outcome, Verdict};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// Width of the longest verdict, so that names stand under each other.
const VERDICT_WIDTH: usize = 19;

/// One line a number, and a summary.
pub fn text(outcome: &Outcome) -> String {
    let mut lines = vec![outcome.title.clone()];
    lines.extend(outcome.remarks().map(str::to_owned));
    lines.extend(outcome.against.iter().map(|line| format!("held against {line}")));
    let mut table = None;
    for verdict in &outcome.verdicts {
        if table != Some(&verdict.table) {
            lines.extend([String::new(), verdict.table.clone()]);
            table = Some(&verdict.table);
        }
        lines.push(line(verdict, outcome.source_only));
    }
    lines.extend([String::new(), outcome.summary()]);
    lines.join("\n") + "\n"
}

/// `differs              lung-sex: hr of sex 2: printed 0.59; run 0.57: …`.
fn line(verdict: &Verdict, source_only: bool) -> String {
    let word = word(verdict.kind, source_only);
    let line = format!("{word:<VERDICT_WIDTH$}  {}: {}: {}", verdict.id, verdict.what, details(verdict).join("; "));
    line.replace(char::is_control, " ")
}

/// Without data nothing was reproduced: the print does not contradict itself.
fn word(kind: Kind, source_only: bool) -> &'static str {
    if source_only && kind == Kind::Reproduced { "consistent" } else { kind.name() }
}

/// What was printed, what the run gives, why, what would reproduce it, what was expected.
fn details(verdict: &Verdict) -> Vec<String> {
    let mut parts = vec![format!("printed {}", verdict.printed)];
    parts.extend(verdict.found.as_ref().map(|found| format!("run {found}")));
    parts.extend(verdict.because.iter().cloned());
    parts.extend(verdict.hints.iter().cloned());
    match verdict.expected {
        Some(kind) if kind == verdict.kind => parts.push("as expected".to_owned()),
        Some(kind) => parts.push(format!("expected: {}", kind.name())),
        None => {}
    }
    parts
}

/// A Markdown document: the summary, a table of what needs a look, and a table of everything.
pub fn markdown(outcome: &Outcome) -> String {
    let mut parts = vec![format!("# {}", escaped(&outcome.title))];
    parts.extend(outcome.remarks().map(escaped));
    parts.push(format!("**{}**", outcome.summary()));
    if !outcome.against.is_empty() {
        let lines: Vec<String> =
            outcome.against.iter().map(|line| format!("- held against {}", escaped(line))).collect();
        parts.push(lines.join("\n"));
    }
    let failing: Vec<&Verdict> = outcome.verdicts.iter().filter(|v| !v.passes()).collect();
    if !failing.is_empty() {
        parts.push("## Not as expected".to_owned());
        parts.push(rows(&failing, outcome.source_only));
    }
    parts.push("## Every number".to_owned());
    parts.push(rows(&outcome.verdicts.iter().collect::<Vec<_>>(), outcome.source_only));
    parts.join("\n\n") + "\n"
}

fn rows(verdicts: &[&Verdict], source_only: bool) -> String {
    let mut lines =
        vec!["| verdict | number | printed | run | remarks |".to_owned(), "|---|---|---|---|---|".to_owned()];
    for v in verdicts {
        let remarks = details(v).into_iter().skip(1 + usize::from(v.found.is_some())).collect::<Vec<_>>().join("; ");
        let cells = [
            word(v.kind, source_only).to_owned(),
            format!("{}: {}", v.id, v.what),
            v.printed.clone(),
            v.found.clone().unwrap_or_default(),
            remarks,
        ];
        lines.push(format!("| {} |", cells.map(|c| escaped(&c)).join(" | ")));
    }
    lines.join("\n")
}

/// Text that Markdown leaves as it is.
fn escaped(text: &str) -> String {
    let special = |c: char| matches!(c, '|' | '*' | '_' | '`' | '<' | '\\' | '[');
    text.replace(char::is_control, " ")
        .chars()
        .flat_map(|c| special(c).then_some('\\').into_iter().chain([c]))
        .collect()
}

/// JUnit XML: a suite per table, a case per number. `differs` and `source inconsistent` fail, unless expected; `not
/// covered` is skipped, or fails where every number must be covered.
pub fn junit(outcome: &Outcome, strict: bool) -> String {
    let mut report = Report::new(outcome.name.as_str());
    let mut suites: Vec<TestSuite> = Vec::new();
    for verdict in &outcome.verdicts {
        if suites.last().is_none_or(|suite| suite.name.as_str() != verdict.table) {
            let mut suite = TestSuite::new(verdict.table.as_str());
            suite.add_properties(outcome.remarks().map(|remark| ("note", remark)));
            suites.push(suite);
        }
        let suite = suites.last_mut().expect("a suite was pushed for this table");
        suite.add_test_case(case(verdict, strict));
    }
    report.add_test_suites(suites);
    report.to_string().expect("JUnit XML of texts can be written")
}

fn case(verdict: &Verdict, strict: bool) -> TestCase {
    let message = details(verdict).join("; ");
    let missing = verdict.kind == Kind::NotCovered && verdict.expected != Some(Kind::NotCovered);
    let mut status = if !verdict.passes() || (strict && missing) {
        TestCaseStatus::non_success(NonSuccessKind::Failure)
    } else if verdict.kind == Kind::NotCovered {
        TestCaseStatus::skipped()
    } else {
        TestCaseStatus::success()
    };
    if !matches!(status, TestCaseStatus::Success { .. }) {
        status.set_message(message.as_str());
    }
    if matches!(status, TestCaseStatus::NonSuccess { .. }) {
        status.set_type(verdict.kind.name());
    }
    let mut case = TestCase::new(format!("{}: {}", verdict.id, verdict.what), status);
    case.set_classname(verdict.table.as_str());
    case.set_system_out(message);
    case
}

/// The verdicts as JSON.
pub fn json(outcome: &Outcome) -> String {
    serde_json::to_string_pretty(outcome).expect("texts and counts are JSON") + "\n"
}
