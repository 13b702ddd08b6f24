//! Faults of a study file, each with its place, and how they are shown.

use super::Span;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::fmt;
use std::path::PathBuf;

/// Line and column in a study file, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl Place {
    /// The place where a byte range of `text` begins.
    pub fn of(text: &str, span: &Span) -> Place {
        let mut start = span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        Place { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

/// One fault: where, what rule is broken, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The part of the study file.
    pub span: Span,
    /// The broken rule.
    pub rule: String,
    /// What to do about it.
    pub remedy: String,
}

/// All faults of a study file, in file order; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudyFaults {
    /// The study file, as the user wrote its path.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// The faults.
    pub faults: Vec<Fault>,
}

impl StudyFaults {
    /// Line and column of a fault.
    pub fn place(&self, fault: &Fault) -> Place {
        Place::of(&self.text, &fault.span)
    }

    /// The faults with their places marked in the text of the file; with colours for a terminal, if asked.
    pub fn render(&self, colours: bool) -> String {
        let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
        let path = self.path.display().to_string();
        let parts: Vec<String> = self.faults.iter().map(|fault| self.mark(fault, &path, &renderer)).collect();
        parts.join("\n\n")
    }

    /// One fault as a snippet.
    fn mark(&self, fault: &Fault, path: &str, renderer: &Renderer) -> String {
        let annotation = AnnotationKind::Primary.span(self.visible(&fault.span));
        let snippet = Snippet::source(self.text.as_str()).path(path).annotation(annotation);
        let group = Level::ERROR.primary_title(fault.rule.as_str()).element(snippet);
        if fault.remedy.is_empty() {
            return renderer.render(&[group]);
        }
        renderer.render(&[group.element(Level::HELP.message(fault.remedy.as_str()))])
    }

    /// A span cut to the text, to its first line and to whole characters.
    fn visible(&self, span: &Span) -> Span {
        let floor = |mut at: usize| {
            at = at.min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = floor(span.start);
        let end = floor(span.end).max(start);
        let line = self.text[start..end].find('\n').map_or(end, |length| start + length);
        start..line
    }
}

impl fmt::Display for StudyFaults {
    /// One line per fault: `study.toml, line 12, column 3: rule; remedy`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            let Place { line, column } = self.place(fault);
            let separator = if i == 0 { "" } else { "\n" };
            let remedy = if fault.remedy.is_empty() { String::new() } else { format!("; {}", fault.remedy) };
            write!(f, "{separator}{}, line {line}, column {column}: {}{remedy}", self.path.display(), fault.rule)?;
        }
        Ok(())
    }
}

impl std::error::Error for StudyFaults {}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str, span: Span) -> StudyFaults {
        let fault = Fault { span, rule: "a rule".into(), remedy: "a remedy".into() };
        StudyFaults { path: "study.toml".into(), text: text.into(), faults: vec![fault] }
    }

    #[test]
    fn places_count_characters_from_one() {
        let faults = faults("a = 1\nblå = 2", 11..12);
        assert_eq!(faults.place(&faults.faults[0]), Place { line: 2, column: 5 });
        assert_eq!(faults.to_string(), "study.toml, line 2, column 5: a rule; a remedy");
        assert!(faults.render(false).contains("blå = 2"));
    }

    #[test]
    fn spans_out_of_the_text_do_no_harm() {
        for start in 0..8 {
            for end in 0..9 {
                let faults = faults("å\nå", start..end);
                assert!(!faults.render(true).is_empty() && !faults.to_string().is_empty());
            }
        }
    }
}
