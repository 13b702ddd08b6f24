//! An error as its faults, each with place, rule and remedy: what a line of a log for programs holds.

use crate::error::Error;
use crate::formula::FormulaError;
use crate::loader;
use crate::study::StudyFaults;
use serde::Serialize;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultLine {
    /// All of it, as people read it.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// What is wrong.
    pub rule: String,
    /// What to do, where the message says it.
    pub remedy: Option<String>,
}

/// Where a fault is. Rows, lines and characters count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Place {
    /// The file, or where a formula stands.
    pub file: String,
    /// Line of a study file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Character of that line, or of a formula.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub character: Option<usize>,
    /// Row of a data file; its header is row 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Column of a data file, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

/// The faults of an error, at least one.
pub fn of(error: &Error) -> Vec<FaultLine> {
    match error {
        Error::Study(faults) => of_study(faults),
        Error::Formula { origin, error } | Error::Comparison { origin, error } => of_formula(origin, error),
        Error::Load(error) => error.faults().into_iter().map(of_loader).collect(),
        Error::File { path, source, remedy, .. } => vec![FaultLine {
            message: error.to_string(),
            place: Some(Place { file: path.display().to_string(), ..Place::default() }),
            rule: source.to_string(),
            remedy: Some((*remedy).to_owned()),
        }],
        Error::NotReproduced(summary) if summary.is_empty() => {
            vec![of_message("not every printed number was reproduced; see the verdict")]
        }
        other => vec![of_message(&other.to_string())],
    }
}

fn of_study(faults: &StudyFaults) -> Vec<FaultLine> {
    let messages = faults.to_string();
    let one = |(fault, message): (&crate::study::Fault, &str)| {
        let place = faults.place(fault);
        FaultLine {
            message: message.to_owned(),
            place: Some(Place {
                file: faults.path.display().to_string(),
                line: Some(place.line),
                character: Some(place.column),
                ..Place::default()
            }),
            rule: fault.rule.clone(),
            remedy: some(&fault.remedy),
        }
    };
    faults.faults.iter().zip(messages.lines()).map(one).collect()
}

fn of_formula(origin: &str, error: &FormulaError) -> Vec<FaultLine> {
    let one = |fault: &crate::formula::Fault| {
        let before = error.source.get(..fault.span.start).unwrap_or("");
        let character = before.chars().count() + 1;
        let remedy = fault.help.as_ref().map_or(String::new(), |help| format!("; {help}"));
        FaultLine {
            message: format!("{origin}, character {character}: {}{remedy}", fault.message),
            place: Some(Place { file: origin.to_owned(), character: Some(character), ..Place::default() }),
            rule: fault.message.clone(),
            remedy: fault.help.clone(),
        }
    };
    error.faults.iter().map(one).collect()
}

fn of_loader(fault: &loader::Fault) -> FaultLine {
    let place = &fault.place;
    FaultLine {
        message: fault.to_string(),
        place: Some(Place {
            file: place.file.clone(),
            row: place.row,
            column: place.column.clone(),
            ..Place::default()
        }),
        rule: fault.rule.clone(),
        remedy: some(&fault.remedy),
    }
}

/// A message reads rule, then remedy after its last semicolon.
fn of_message(message: &str) -> FaultLine {
    let (rule, remedy) = match message.rsplit_once("; ") {
        Some((rule, remedy)) => (rule.to_owned(), Some(remedy.to_owned())),
        None => (message.to_owned(), None),
    };
    FaultLine { message: message.to_owned(), place: None, rule, remedy }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_a_data_file_keeps_its_place() {
        let place = loader::Place::row("hospital.csv", 218).in_column("admitted");
        let fault = loader::Fault::new(place, "expected a date as YYYY-MM-DD", "declare its format");
        let lines = of(&Error::Load(loader::LoadError::Ragged(fault)));
        assert_eq!(lines.len(), 1);
        let place = lines[0].place.as_ref().unwrap();
        assert_eq!(
            (place.file.as_str(), place.row, place.column.as_deref()),
            ("hospital.csv", Some(218), Some("admitted"))
        );
        assert_eq!(lines[0].remedy.as_deref(), Some("declare its format"));
    }

    #[test]
    fn a_message_ends_in_its_remedy() {
        let line = of_message("model crude: no event; widen the follow-up");
        assert_eq!(
            (line.rule.as_str(), line.remedy.as_deref()),
            ("model crude: no event", Some("widen the follow-up"))
        );
        assert_eq!(of_message("no remedy").remedy, None);
    }
}
