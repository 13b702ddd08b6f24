//! Which keys of which deliverers belong to one person.

use super::Span;
use super::extract::{FileFormat, InputFile, Key};
use indexmap::IndexMap;

/// The linkage of a study: its files in the order in which they are read. The first has the spelling of the
/// population; each of the others has a spelling that one before it has, and so reaches the persons.
#[derive(Debug, Clone, Default)]
pub struct Linkage {
    /// The files, at least one in a checked study.
    pub files: Vec<LinkageFile>,
}

impl Linkage {
    /// All spellings, each once, in the order of the files.
    pub fn spellings(&self) -> Vec<&str> {
        let mut spellings: Vec<&str> = Vec::new();
        for spelling in self.files.iter().flat_map(|f| f.keys.keys()) {
            if !spellings.contains(&spelling.as_str()) {
                spellings.push(spelling);
            }
        }
        spellings
    }
}

/// A file (or several of the same shape) with a column for each of some spellings of the person key.
#[derive(Debug, Clone)]
pub struct LinkageFile {
    /// Where it is written.
    pub span: Span,
    /// The files, at least one, sorted by name.
    pub files: Vec<InputFile>,
    /// How to read them.
    pub format: FileFormat,
    /// The key column of each spelling, in the order written.
    pub keys: IndexMap<String, Key>,
    /// Whether a person may have several rows (several keys of one deliverer). A key always has one person.
    pub several_rows: bool,
    /// The least share of an extract's distinct keys that must be found, from 0 to 1; of a file that is reached through
    /// another, also the least share of its own.
    pub min_matched: f64,
}

impl LinkageFile {
    /// What messages call it: the file, or the first of several.
    pub fn name(&self) -> String {
        match self.files.as_slice() {
            [] => String::new(),
            [file] => file.written.clone(),
            [first, rest @ ..] => format!("{} and {} more", first.written, rest.len()),
        }
    }
}
