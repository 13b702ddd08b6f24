//! A look at a delivery: which files belong together, how they are written, what their columns look like; and a
//! study file to finish by hand (`cohort init --from FOLDER`).
//!
//! Files of Parquet, Stata, SPSS and SAS say what their columns hold. Of a text file the first rows are looked at:
//! delimiter, encoding, header and the shape of the cells of each column; of the others columns of text. What comes of that is a guess, is marked
//! as one in the study file, and is never used before somebody has read it: the choices that no look at the data
//! can make are left out, so that `cohort check` asks for each.
//!
//! Column names are shown; the content of a cell or a key never is, and neither is a first row that looks like data.

mod shape;
mod text;
mod typed;
mod write;

use super::extract::InputFile;
use crate::stored::StoredFormat;
use std::collections::BTreeMap;
use std::path::Path;
use text::TextGuess;

/// Writes a study file for the files of a folder; `data_folder` is what it names as their place.
///
/// Errors: the folder cannot be read or holds no file of a format that is known.
pub fn survey(folder: &Path, data_folder: &str) -> Result<String, String> {
    let mut files = Vec::new();
    let mut others = Vec::new();
    list(folder, "", 0, &mut files, &mut others)
        .map_err(|error| format!("{}: the folder cannot be read ({})", folder.display(), error.kind()))?;
    if files.is_empty() {
        return Err(format!(
            "{}: no file of a delivery in it; looked for .csv, .tsv, .dsv, .sdv, .txt (also .gz), .parquet, .dta, .sav, .zsav and .sas7bdat",
            folder.display()
        ));
    }
    let families: Vec<Family> = families(files).into_iter().map(look).collect();
    Ok(write::study(&families, &others, data_folder))
}

/// Rows looked at.
const ROWS: usize = 5_000;

/// Folders within folders are looked at to this depth.
const DEEPEST: usize = 4;

/// Files of known formats and the names of others, both sorted by name.
fn list(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut Vec<InputFile>,
    others: &mut Vec<String>,
) -> std::io::Result<()> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string().ok().filter(|name| !name.starts_with('.')));
    }
    names.sort();
    for name in names {
        let path = folder.join(&name);
        let written = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        if path.is_dir() {
            if depth < DEEPEST {
                list(&path, &written, depth + 1, files, others)?;
            }
        } else if kind(&name).is_some() {
            files.push(InputFile { written, path });
        } else {
            others.push(written);
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Parquet,
    Stored(StoredFormat),
}

/// What a file is, by the ending of its name.
fn kind(name: &str) -> Option<Kind> {
    if let Some(format) = StoredFormat::of_name(name) {
        return Some(Kind::Stored(format));
    }
    let lower = name.to_lowercase();
    if lower.ends_with(".parquet") {
        return Some(Kind::Parquet);
    }
    let plain = lower.strip_suffix(".gz").unwrap_or(&lower);
    [".csv", ".tsv", ".tab", ".dsv", ".sdv", ".txt"].iter().any(|end| plain.ends_with(end)).then_some(Kind::Text)
}

/// Files whose names differ in digits only.
struct Family {
    /// A path, or a pattern that matches these files and no other.
    written: Vec<String>,
    files: Vec<InputFile>,
    columns: Vec<Column>,
    /// How the text is written; `None` for files that say it themselves.
    text: Option<TextGuess>,
    /// What could not be found out, or needs a look.
    remarks: Vec<String>,
}

/// A column of a family.
#[derive(Debug, Clone)]
struct Column {
    name: String,
    guess: Guess,
    /// Whether the shape of cells says so, and not the file itself.
    is_guess: bool,
    /// Number of files that have it.
    in_files: usize,
    /// What somebody should know, for a comment.
    remark: String,
}

/// What a column may be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Guess {
    /// By the file's own word or the shape of its cells: the type, and further keys as they stand in a study file.
    Type(&'static str, String),
    /// Nothing is known: its cells are empty in the rows that were looked at.
    Unknown,
    /// No column of a study can be this.
    Unfit(String),
}

fn families(files: Vec<InputFile>) -> Vec<Vec<InputFile>> {
    let mut by_pattern: BTreeMap<String, Vec<InputFile>> = BTreeMap::new();
    for file in files {
        by_pattern.entry(pattern(&file.written)).or_default().push(file);
    }
    by_pattern.into_values().collect()
}

/// A path with `*` for every run of digits in the file's name.
fn pattern(written: &str) -> String {
    let (folder, name) = written.rsplit_once('/').map_or(("", written), |(folder, name)| (folder, name));
    let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
    let mut out = String::new();
    for c in stem.chars() {
        match c.is_ascii_digit() {
            true if out.ends_with('*') => {}
            true => out.push('*'),
            false => out.push(c),
        }
    }
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}{out}.{ending}")
}

/// Looks at every file of a family.
fn look(files: Vec<InputFile>) -> Family {
    let mut family = Family { written: names(&files), files, columns: Vec::new(), text: None, remarks: Vec::new() };
    let kind = kind(&family.files[0].written).expect("only files of known formats are listed");
    for file in family.files.clone() {
        let found = match kind {
            Kind::Text => text::look(&file).map(|(guess, columns)| {
                match &family.text {
                    Some(first) if *first != guess => {
                        family
                            .remarks
                            .push(format!("{} seems to be written in another way than the first file", file.written));
                    }
                    Some(_) => {}
                    None => family.text = Some(guess),
                }
                columns
            }),
            Kind::Parquet => typed::parquet(&file.path),
            Kind::Stored(format) => typed::stored(&file.path, format),
        };
        match found {
            Ok(columns) => columns.into_iter().for_each(|column| add(&mut family.columns, column)),
            Err(rule) => family.remarks.push(format!("{} could not be looked at: {rule}", file.written)),
        }
    }
    family
}

/// The paths of a family: a pattern where that matches the same files, a list otherwise.
fn names(files: &[InputFile]) -> Vec<String> {
    let written: Vec<String> = files.iter().map(|f| f.written.clone()).collect();
    match files {
        [_] => written,
        // A `*` of digits matches letters too: a pattern must not take in a file of another family.
        [first, ..] => {
            let pattern = pattern(&first.written);
            let folder = first.path.ancestors().nth(first.written.matches('/').count() + 1);
            let found = folder.and_then(|folder| super::files::resolve(folder, &pattern).ok());
            let same = found.is_some_and(|found| found.iter().map(|f| &f.written).eq(written.iter()));
            if same { vec![pattern] } else { written }
        }
        [] => written,
    }
}

/// Adds a column of one more file.
fn add(columns: &mut Vec<Column>, column: Column) {
    let same = |c: &&mut Column| c.name.to_lowercase() == column.name.to_lowercase();
    let Some(known) = columns.iter_mut().find(same) else { return columns.push(column) };
    known.in_files += 1;
    known.is_guess |= column.is_guess;
    if known.guess == Guess::Unknown {
        (known.guess, known.remark) = (column.guess, column.remark);
    } else if known.guess != column.guess && column.guess != Guess::Unknown {
        known.remark = "does not look the same in all files".into();
        match (&known.guess, &column.guess) {
            // Where one file has several codes in its cells, a single code of another is a list of one.
            (Guess::Type("codes", _), Guess::Type("code", _)) => {}
            (Guess::Type("code", _), Guess::Type("codes", _)) => known.guess = column.guess,
            (Guess::Type("code", _), Guess::Type(..)) | (Guess::Type(..), Guess::Type("code", _)) => {
                known.guess = Guess::Type("code", String::new());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_differ_in_digits_are_a_family() {
        assert_eq!(pattern("kuhr/KUHR_2006_1.dsv"), "kuhr/KUHR_*_*.dsv");
        assert_eq!(pattern("w19_utd.csv.gz"), "w*_utd.csv.gz");
        assert_eq!(kind("a.CSV.gz"), Some(Kind::Text));
        assert_eq!(kind("readme.md"), None);
    }
}
