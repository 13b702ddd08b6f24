//! What a study does not determine and the simulation had to decide: each decision is said once.

/// The decisions, in the order in which they were made.
#[derive(Debug, Clone, Default)]
pub(super) struct Assumed {
    lines: Vec<String>,
}

impl Assumed {
    /// Notes a decision about a part of the study.
    pub(super) fn note(&mut self, part: &str, what: impl AsRef<str>) {
        let line = format!("{part}: {}", what.as_ref());
        if !self.lines.contains(&line) {
            self.lines.push(line);
        }
    }

    /// All of them.
    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines
    }
}
