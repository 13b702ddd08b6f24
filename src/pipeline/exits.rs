//! Exits of a study's follow-up as competing events: which of those named anybody had, and what is said of the others.

use crate::design::CauseColumn;
use crate::report::Note;
use crate::study::{Describe, Model, Regression, Study};
use crate::table::{ColumnData, Table};

/// The column of the person-time that says why follow-up ended.
pub(super) const EXIT_REASON: &str = "exit_reason";

/// Those of the reasons that somebody's follow-up ended for, in the order given.
pub(super) fn present<'a>(labels: impl IntoIterator<Item = &'a String>, table: &Table) -> Vec<&'a String> {
    let Some(ColumnData::Factor(reasons)) = table.column(EXIT_REASON).map(|c| &c.data) else { return Vec::new() };
    labels.into_iter().filter(|label| reasons.levels.contains(label)).collect()
}

/// The event and the competing exits of `[describe]` as kinds of events; `None` when it names none, or nobody had any.
pub(super) fn causes(study: &Study, wanted: &Describe, table: &Table) -> Option<CauseColumn> {
    let event = study.follow_up.event.label().to_owned();
    let labels = std::iter::once(&event).chain(&wanted.competing);
    let events: Vec<String> = present(labels, table).into_iter().cloned().collect();
    let asked = !wanted.competing.is_empty() && !events.is_empty();
    asked.then(|| CauseColumn { column: EXIT_REASON.to_owned(), events, ..CauseColumn::default() })
}

/// What is to be said when a description's kinds of events were nobody's.
pub(super) fn notes_of_description(study: &Study, wanted: &Describe, table: &Table) -> Vec<Note> {
    let event = study.follow_up.event.label().to_owned();
    let mut notes = absent(&wanted.competing, table, "describe", "it has no cumulative incidence");
    if !wanted.competing.is_empty() && present([&event], table).is_empty() {
        let message = format!("nobody had the event \"{event}\"; it has no cumulative incidence");
        notes.insert(0, nobody("describe", message));
    }
    notes
}

/// What is to be said when a model's competing events were nobody's.
pub(super) fn notes_of_model(model: &Model, table: &Table) -> Vec<Note> {
    let source = format!("model {}", model.name);
    let mut notes = absent(&model.competing, table, &source, "the model goes without it");
    let none_left = !model.competing.is_empty() && present(&model.competing, table).is_empty();
    if none_left && model.regression == Regression::FineGray {
        let message = "without a competing event the Fine-Gray model is a Cox model, and was fitted as one";
        notes.push(note(&source, message.to_owned()));
    }
    notes
}

fn absent(labels: &[String], table: &Table, source: &str, consequence: &str) -> Vec<Note> {
    let found = present(labels, table);
    let absent = labels.iter().filter(|label| !found.contains(label));
    let one = |label: &String| format!("nobody had the competing event \"{label}\"; {consequence}");
    absent.map(|label| nobody(source, one(label))).collect()
}

/// A note that nobody had something.
fn nobody(source: &str, message: String) -> Note {
    Note { empty: true, ..note(source, message) }
}

fn note(source: &str, message: String) -> Note {
    Note { source: source.to_owned(), message, ..Note::default() }
}
