//! Brings keys to their declared shape: cleaned, without their prefix, padded to their width. What each step changed
//! is told with the key; `key_tally` counts it.

use super::error::{Fault, Place, counted};
use super::quality::step_name;
use crate::study::{Clean, Key};

/// The steps that changed a key: bit i is the i-th name of [`step_names`].
pub(crate) type Changed = u64;

/// What the study calls the declared steps of a key, in the order in which they are taken.
pub(crate) fn step_names(key: &Key) -> Vec<String> {
    let mut names: Vec<String> = key.clean.iter().map(|step| step_name(*step)).collect();
    names.extend(key.strip_prefix.as_ref().map(|_| "strip_prefix".to_string()));
    names.extend(key.width.map(|width| format!("width {width}")));
    names
}

/// Whether the declaration says to change keys at all.
pub(crate) fn has_steps(key: &Key) -> bool {
    !key.clean.is_empty() || key.strip_prefix.is_some() || key.width.is_some()
}

/// Brings the keys of one column to their declared shape.
pub(crate) struct Normaliser<'a> {
    key: &'a Key,
    buffer: Vec<u8>,
    /// The steps that changed the key that was looked at last.
    changed: Changed,
    /// First row and number of keys without the declared prefix, and of keys longer than the declared width.
    no_prefix: Option<(u64, u64)>,
    too_long: Option<(u64, u64)>,
}

impl<'a> Normaliser<'a> {
    /// By the declaration of `key`.
    pub(crate) fn new(key: &'a Key) -> Normaliser<'a> {
        Normaliser { key, buffer: Vec::new(), changed: 0, no_prefix: None, too_long: None }
    }

    /// The declaration.
    pub(crate) fn declared(&self) -> &'a Key {
        self.key
    }

    /// The key that a field holds, empty where there is none or nothing is left of it, and the steps that changed it;
    /// `None`, and counted, when it does not fit the declaration.
    pub(crate) fn key<'f>(&'f mut self, field: &'f [u8], row: u64) -> Option<(&'f [u8], Changed)> {
        if field.is_empty() || !has_steps(self.key) {
            return Some((field, 0));
        }
        self.changed = 0;
        self.clean(field);
        let fits = self.buffer.is_empty() || (self.without_prefix(row) && self.padded(row));
        fits.then_some((&self.buffer[..], self.changed))
    }

    /// Takes the steps of `clean`.
    fn clean(&mut self, field: &[u8]) {
        self.buffer.clear();
        if self.key.clean.is_empty() {
            return self.buffer.extend_from_slice(field);
        }
        let mut text = String::from_utf8_lossy(field).into_owned();
        for (number, step) in self.key.clean.iter().enumerate() {
            let next = Clean::apply(*step, &text);
            self.changed |= u64::from(next != text) << number;
            text = next;
        }
        self.buffer.extend_from_slice(text.as_bytes());
    }

    /// Takes the declared prefix off; `false` when it is not there.
    fn without_prefix(&mut self, row: u64) -> bool {
        let Some(prefix) = &self.key.strip_prefix else { return true };
        if !self.buffer.starts_with(prefix.as_bytes()) {
            self.no_prefix.get_or_insert((row, 0)).1 += 1;
            return false;
        }
        self.buffer.drain(..prefix.len());
        self.changed |= 1 << self.key.clean.len();
        true
    }

    /// Pads to the declared width; `false` when the key is longer. A key of which nothing is left stays empty.
    fn padded(&mut self, row: u64) -> bool {
        let Some(width) = self.key.width.filter(|_| !self.buffer.is_empty()) else { return true };
        let length = self.buffer.len();
        if length > width {
            self.too_long.get_or_insert((row, 0)).1 += 1;
            return false;
        }
        if length < width {
            self.buffer.splice(..0, std::iter::repeat_n(b'0', width - length));
            self.changed |= 1 << (self.key.clean.len() + usize::from(self.key.strip_prefix.is_some()));
        }
        true
    }

    /// Adds the faults that another found in later rows of the same file.
    pub(crate) fn add(&mut self, other: &Normaliser) {
        for (mine, theirs) in [(&mut self.no_prefix, other.no_prefix), (&mut self.too_long, other.too_long)] {
            if let Some((row, n)) = theirs {
                mine.get_or_insert((row, 0)).1 += n;
            }
        }
    }

    /// The faults of the keys of the file that ends here.
    pub(crate) fn end_file(&mut self, file: &str, column: &str) -> Vec<Fault> {
        let place = |row| Place::row(file, row).in_column(column);
        let mut faults = Vec::new();
        if let Some((row, n)) = self.no_prefix.take() {
            let rule = format!("{} without the prefix that key.strip_prefix declares", counted(n, "key"));
            faults.push(Fault::new(place(row), rule, "correct strip_prefix, or read these files as another extract"));
        }
        if let Some((row, n)) = self.too_long.take() {
            let width = self.key.width.unwrap_or_default();
            let rule = format!("{} longer than key.width = {width}", counted(n, "key"));
            faults.push(Fault::new(place(row), rule, "correct width and strip_prefix"));
        }
        faults
    }
}
