//! Verdicts: one per printed number, and what they add up to.

use serde::Serialize;

/// What is said of one printed number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Equal after rounding to the printed digits; without data: nothing in print speaks against it.
    Reproduced,
    /// Within the stated tolerance.
    Close,
    /// Neither.
    Differs,
    /// The print contradicts itself.
    #[serde(rename = "source_inconsistent")]
    Inconsistent,
    /// Nothing to hold against it.
    NotCovered,
}

impl Kind {
    /// All, by their names in targets files and output.
    pub const NAMED: [(&'static str, Kind); 5] = [
        ("reproduced", Kind::Reproduced),
        ("close", Kind::Close),
        ("differs", Kind::Differs),
        ("source inconsistent", Kind::Inconsistent),
        ("not covered", Kind::NotCovered),
    ];

    /// The name.
    pub fn name(self) -> &'static str {
        Kind::NAMED.iter().find(|(_, k)| *k == self).map_or("", |(name, _)| name)
    }
}

/// One line of the result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The table.
    pub table: String,
    /// The row, total or test.
    pub id: String,
    /// What the number is about and what it measures.
    pub what: String,
    /// As printed.
    pub printed: String,
    /// What the run gives, in the printed form.
    pub found: Option<String>,
    /// The verdict.
    pub kind: Kind,
    /// Why, in sentences.
    pub because: Vec<String>,
    /// What would reproduce it.
    pub hints: Vec<String>,
    /// The verdict that the targets file expects.
    pub expected: Option<Kind>,
}

impl Verdict {
    /// Whether this is as it should be: the expected verdict where one is stated, otherwise neither `differs` nor `source
    /// inconsistent`.
    pub fn passes(&self) -> bool {
        match self.expected {
            Some(kind) => kind == self.kind,
            None => !matches!(self.kind, Kind::Differs | Kind::Inconsistent),
        }
    }
}

/// All verdicts of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Outcome {
    /// Name of the targets file's matter.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its note.
    pub note: Option<String>,
    /// Whether only the print itself was examined.
    pub source_only: bool,
    /// Whether numbers of a run stand here that no disclosure control has seen.
    pub internal: bool,
    /// What was held against the print, one line each.
    pub against: Vec<String>,
    /// The verdicts in the order of the targets file.
    pub verdicts: Vec<Verdict>,
}

/// What every output says whose numbers no disclosure control has seen.
pub const INTERNAL: &str = "INTERNAL: numbers of the runs stand here as they are, before disclosure control; keep them where the \
    data are (verdicts that may leave: against the results.json of an export folder)";

impl Outcome {
    /// What is to be said of the numbers as a whole: the note of the targets file, and that they are internal.
    pub fn remarks(&self) -> impl Iterator<Item = &str> {
        self.note.as_deref().into_iter().chain(self.internal.then_some(INTERNAL))
    }

    /// How many verdicts are of a kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.verdicts.iter().filter(|v| v.kind == kind).count()
    }

    /// Whether every verdict is as it should be. A file of which nothing could be held against anything does not pass.
    pub fn passes(&self, strict: bool) -> bool {
        let mut verdicts = self.verdicts.iter();
        let enough = if strict { verdicts.all(Outcome::is_covered) } else { verdicts.any(Outcome::is_covered) };
        enough && self.verdicts.iter().all(Verdict::passes)
    }

    /// Whether there is a number that something could be held against.
    fn is_covered(verdict: &Verdict) -> bool {
        verdict.kind != Kind::NotCovered || verdict.expected == Some(Kind::NotCovered)
    }

    /// `12 numbers: 10 reproduced, 1 differs, 1 not covered`.
    pub fn summary(&self) -> String {
        let n = self.verdicts.len();
        let word = |kind: Kind| match kind {
            Kind::Reproduced if self.source_only => "consistent",
            kind => kind.name(),
        };
        let counts = Kind::NAMED.iter().map(|(_, kind)| (self.count(*kind), *kind)).filter(|(n, _)| *n > 0);
        let counts: Vec<String> = counts.map(|(n, kind)| format!("{n} {}", word(kind))).collect();
        let unexpected = self.verdicts.iter().filter(|v| !v.passes()).count();
        let known =
            self.verdicts.iter().filter(|v| v.passes() && v.expected.is_some_and(|k| k != Kind::Reproduced)).count();
        let mut line = format!("{n} number{}: {}", if n == 1 { "" } else { "s" }, counts.join(", "));
        if known > 0 {
            line.push_str(&format!("; {known} as the targets file expects"));
        }
        if unexpected > 0 {
            line.push_str(&format!("; {unexpected} not as expected"));
        }
        if !self.verdicts.iter().any(Outcome::is_covered) {
            line.push_str("; there was nothing to hold any of them against, so nothing is shown");
        }
        line
    }
}
