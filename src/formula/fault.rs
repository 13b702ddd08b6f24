//! What is wrong with a formula: the place, the rule and the remedy.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::fmt;
use std::ops::Range;

/// One fault of a formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Bytes of the formula's text that are at fault.
    pub span: Range<usize>,
    /// The rule that is broken; lower case, no final stop.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

impl Fault {
    /// A fault at `span`.
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Fault {
        Fault { span, message: message.into(), help: None }
    }

    /// The same with a remedy.
    pub fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = Some(help.into());
        self
    }
}

/// A formula that cannot be used: its text and all faults found, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormulaError {
    /// The formula as written.
    pub source: String,
    /// At least one fault.
    pub faults: Vec<Fault>,
}

impl FormulaError {
    /// The faults with their places marked under the text of the formula, without colours.
    ///
    /// `origin` says where the formula stands (`--formula`, `study.toml`); it heads every snippet.
    pub fn render(&self, origin: &str) -> String {
        self.render_as("formula", origin)
    }

    /// As [`FormulaError::render`], for a text that is called `what`.
    pub fn render_as(&self, what: &str, origin: &str) -> String {
        let parts: Vec<String> = self.faults.iter().map(|fault| mark(&self.source, fault, what, origin)).collect();
        parts.join("\n")
    }
}

/// One fault as a snippet.
fn mark(source: &str, fault: &Fault, what: &str, origin: &str) -> String {
    let span = visible(source, &fault.span);
    let snippet =
        Snippet::source(source).path(origin).annotation(AnnotationKind::Primary.span(span).label(&fault.message));
    let group = Level::ERROR.primary_title(what).element(snippet);
    match &fault.help {
        Some(help) => Renderer::plain().render(&[group.element(Level::HELP.message(help))]),
        None => Renderer::plain().render(&[group]),
    }
}

/// `span` cut to the text and, where it is empty, widened by the character before or after it.
fn visible(source: &str, span: &Range<usize>) -> Range<usize> {
    let end = span.end.min(source.len());
    let start = span.start.min(end);
    if start < end || source.is_empty() {
        return start..end;
    }
    match source[end..].chars().next() {
        Some(next) => start..end + next.len_utf8(),
        None => start - source.chars().next_back().map_or(0, char::len_utf8)..end,
    }
}

impl fmt::Display for FormulaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            let column = self.source[..fault.span.start.min(self.source.len())].chars().count() + 1;
            write!(f, "{separator}formula, character {column}: {}", fault.message)?;
            if let Some(help) = &fault.help {
                write!(f, " ({help})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for FormulaError {}

/// The candidate that differs from `word` by the fewest letters, when it is near enough to be a slip of the pen.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|c| (edit_distance(&lower, &c.to_lowercase()), c))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, c)| c)
}

/// Letters to insert, delete, replace or swap with their neighbour to turn `a` into `b`.
fn edit_distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut two_back: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(two_back[j - 2] + 1);
            }
        }
        two_back = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_pen_are_recognised() {
        assert_eq!(nearest("starta", ["strata", "cluster"]), Some("strata"));
        assert_eq!(nearest("Sex", ["age", "sex"]), Some("sex"));
        assert_eq!(nearest("income", ["age", "sex"]), None);
        assert_eq!(nearest("ag", ["age"]), Some("age"));
    }

    #[test]
    fn a_place_at_the_end_of_the_text_is_shown() {
        let error = FormulaError {
            source: "age + ".into(),
            faults: vec![Fault::new(6..6, "a term is missing after `+`").help("write one")],
        };
        let text = error.render("--formula");
        assert!(text.contains("age + ") && text.contains('^') && text.contains("write one"), "{text}");
        assert_eq!(error.to_string(), "formula, character 7: a term is missing after `+` (write one)");
    }

    #[test]
    fn odd_spans_do_no_harm() {
        for source in ["", "å", "ab"] {
            for start in 0..4 {
                for end in start..5 {
                    visible_is_inside(source, start..end);
                }
            }
        }
    }

    fn visible_is_inside(source: &str, span: Range<usize>) {
        if source.is_char_boundary(span.start.min(source.len())) && source.is_char_boundary(span.end.min(source.len()))
        {
            let v = visible(source, &span);
            assert!(v.end <= source.len() && v.start <= v.end);
        }
    }
}
