//! The headers of the extracts and of the linkage file: whether the declared columns are there.

use super::extract::{ColumnKind, ColumnSource, Extract, FileFormat, InputFile};
use super::fault::StudyFaults;
use super::fit;
use super::header::{self, Names};
use super::spec::Faults;
use super::{Span, Study};

/// Looks at the first rows of every file of a study: encoding, delimiter, column names, types of stored columns.
///
/// Errors: every fault, in the order of the study file; a fault that several files share is reported once.
/// Shows column names, never a row of data.
pub fn check_files(study: &Study) -> Result<(), StudyFaults> {
    let faults = Faults::default();
    for linkage in study.linkage.iter().flat_map(|l| &l.files) {
        let mut checker = Checker::new(&faults);
        for file in &linkage.files {
            checker.file(file, &linkage.format, &linkage.span, |names, found| {
                for key in linkage.keys.values() {
                    if let Some(at) = found.one_of(names, &key.aliases, &key.span) {
                        found.key_type(names, at, &key.span);
                    }
                }
            });
        }
        checker.finish();
    }
    for extract in study.extracts.values() {
        let mut checker = Checker::new(&faults);
        for file in &extract.files {
            checker.file(file, &extract.format, &extract.span, |names, found| check_columns(extract, names, found));
        }
        checker.finish();
    }
    let faults = faults.into_sorted();
    match faults.is_empty() {
        true => Ok(()),
        false => Err(StudyFaults { path: study.path.clone(), text: study.text.clone(), faults }),
    }
}

fn check_columns(extract: &Extract, names: &Names, found: &mut Found) {
    if let Some(at) = found.one_of(names, &extract.key.aliases, &extract.key.span) {
        found.key_type(names, at, &extract.key.span);
    }
    for column in extract.columns.values() {
        match &column.source {
            ColumnSource::One(aliases) => {
                if let Some(at) = found.one_of(names, aliases, &column.span) {
                    found.column_type(names, at, &column.kind, &column.span);
                }
            }
            ColumnSource::Yearly { patterns, first, last } => {
                let of_years = (*first..=*last).map(|year| ColumnSource::names_in(patterns, year)).collect();
                for at in found.one_of_each(names, of_years, &column.span) {
                    found.column_type(names, at, &column.kind, &column.span);
                }
            }
        }
    }
}

/// The faults of one file: place, rule, remedy.
#[derive(Default)]
struct Found(Vec<(Span, String, String)>);

impl Found {
    /// The position of the column with exactly one of these names.
    fn one_of(&mut self, names: &Names, aliases: &[String], span: &Span) -> Option<usize> {
        let quoted: Vec<String> = aliases.iter().map(|a| format!("`{a}`")).collect();
        match names.positions(aliases)[..] {
            [at] => return Some(at),
            [] => {
                let rule = match aliases {
                    [_] => format!("there is no column {}", quoted.join("")),
                    _ => format!("there is no column named one of {}", quoted.join(", ")),
                };
                self.0.push((span.clone(), rule, remedy(names)));
            }
            _ => {
                let rule = format!("several columns are named {}", quoted.join(" or "));
                self.0.push((span.clone(), rule, "exactly one must be".into()));
            }
        }
        None
    }

    /// The positions of the columns of a yearly family, each with exactly one of its names; those that are not there are told
    /// together.
    fn one_of_each(&mut self, names: &Names, years: Vec<Vec<String>>, span: &Span) -> Vec<usize> {
        let (absent, there): (Vec<_>, Vec<_>) = years.into_iter().partition(|of| names.positions(of).is_empty());
        match absent.len() {
            0 | 1 => absent.iter().for_each(|of| _ = self.one_of(names, of, span)),
            n => {
                let [first, last] = [&absent[0], &absent[n - 1]].map(|of| of.join("` or `"));
                let rule = format!("there are no columns `{first}` to `{last}` ({n} of {} years)", n + there.len());
                self.0.push((span.clone(), rule, remedy(names)));
            }
        }
        there.iter().filter_map(|of| self.one_of(names, of, span)).collect()
    }

    /// A stored key is text or a whole number.
    fn key_type(&mut self, names: &Names, at: usize, span: &Span) {
        let Some(holds) = names.types.as_ref().map(|types| &types[at]) else { return };
        if let Err(unfit) = fit::key(holds) {
            let rule = format!("key column `{}` has the type {holds}: {}", names.names[at], unfit.rule);
            self.0.push((span.clone(), rule, unfit.remedy));
        }
    }

    /// Declared and stored type of a column must fit.
    fn column_type(&mut self, names: &Names, at: usize, kind: &ColumnKind, span: &Span) {
        let Some(holds) = names.types.as_ref().map(|types| &types[at]) else { return };
        if let Err(unfit) = fit::column(kind, holds) {
            let rule = format!("column `{}` has the type {holds}: {}", names.names[at], unfit.rule);
            self.0.push((span.clone(), rule, unfit.remedy));
        }
    }
}

/// What to look at when a column is not there.
fn remedy(names: &Names) -> String {
    match names.shown() {
        Some(header) => format!("the header is: {header}"),
        None => "the first row does not look like a header (not shown); list the names with `header`".into(),
    }
}

/// Gathers the faults of the files of one extract, so that a fault of many files is one message.
struct Checker<'f> {
    faults: &'f Faults,
    /// Place, rule, remedy, the first file, and how many further files.
    found: Vec<(Span, String, String, String, usize)>,
}

impl<'f> Checker<'f> {
    fn new(faults: &'f Faults) -> Checker<'f> {
        Checker { faults, found: Vec::new() }
    }

    fn file(&mut self, file: &InputFile, format: &FileFormat, span: &Span, check: impl Fn(&Names, &mut Found)) {
        let mut found = Found::default();
        let mut joint = "";
        match header::read(file, format) {
            Ok(names) => {
                joint = ":";
                check(&names, &mut found);
            }
            Err(complaint) => found.0.push((span.clone(), complaint.rule, complaint.remedy)),
        }
        for (span, rule, remedy) in found.0 {
            let rule = format!("{joint} {rule}");
            match self.found.iter_mut().find(|(s, r, ..)| *s == span && *r == rule) {
                Some((.., more)) => *more += 1,
                None => self.found.push((span, rule, remedy, file.written.clone(), 0)),
            }
        }
    }

    fn finish(self) {
        for (span, rule, remedy, file, more) in self.found {
            let files = match more {
                0 => file,
                1 => format!("{file} and 1 file more"),
                _ => format!("{file} and {more} files more"),
            };
            self.faults.add(&span, format!("{files}{rule}"), remedy);
        }
    }
}
