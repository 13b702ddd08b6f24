//! The files of an extract: their names where the study writes a pattern, which rows go into which, and the names that
//! columns have in each.

use super::calendar::{Calendar, begins, until};
use crate::day::Day;
use crate::study::{ColumnSource, Extract, InputFile};

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// Its path, relative to the data folder.
    pub(super) written: String,
    /// The year whose rows it holds, where its name says one.
    pub(super) year: Option<i32>,
    /// Whether its name is one of those that a pattern stands for: such a file is there only if it has rows.
    pub(super) optional: bool,
}

/// The files that the paths of an extract stand for.
pub(super) fn family(files: &[InputFile], years: std::ops::RangeInclusive<i32>) -> Vec<Named> {
    let mut named: Vec<Named> = files.iter().flat_map(|file| expand(&file.written, years.clone())).collect();
    named.sort_by(|a, b| a.written.cmp(&b.written));
    named.dedup_by(|a, b| a.written == b.written);
    named
}

/// The years for which an extract can have rows.
pub(super) fn years(extract: &Extract, calendar: &Calendar) -> std::ops::RangeInclusive<i32> {
    let last = until(&extract.coverage).unwrap_or(calendar.ends).min(calendar.ends);
    let first = begins(&extract.coverage).unwrap_or(calendar.index.0 - 2 * 365).min(last);
    let (first, last) = (Day(first).year(), Day(last).year());
    first.max(last - 29)..=last
}

/// A pattern with a year in the place of its last `*` (or run of `?`); other places hold an `x`.
fn expand(written: &str, years: std::ops::RangeInclusive<i32>) -> Vec<Named> {
    if !written.contains(['*', '?']) {
        return vec![Named { written: written.to_owned(), year: year_in(written), optional: false }];
    }
    let (head, marks, tail) = last_mark(written);
    let (head, tail) = (plain(head), plain(tail));
    years
        .enumerate()
        .filter_map(|(i, year)| {
            let piece = match marks {
                0 => year.to_string(),
                4 => year.to_string(),
                2 => format!("{:02}", year.rem_euclid(100)),
                n => Some(format!("{:0n$}", i + 1)).filter(|s| s.len() == n)?,
            };
            Some(Named { written: format!("{head}{piece}{tail}"), year: Some(year), optional: true })
        })
        .collect()
}

/// What stands before the last `*` or run of `?`, how many `?` it has (0 for a `*`), and what stands behind.
fn last_mark(written: &str) -> (&str, usize, &str) {
    let at = written.rfind(['*', '?']).expect("a pattern has a mark");
    if written[at..].starts_with('*') {
        return (&written[..at], 0, &written[at + 1..]);
    }
    let run = written[..=at].chars().rev().take_while(|c| *c == '?').count();
    (&written[..at + 1 - run], run, &written[at + 1..])
}

fn plain(text: &str) -> String {
    text.replace(['*', '?'], "x")
}

/// The only year of four digits in a name.
fn year_in(written: &str) -> Option<i32> {
    let name = written.rsplit('/').next().unwrap_or(written);
    let numbers = name.split(|c: char| !c.is_ascii_digit()).filter(|n| n.len() == 4).filter_map(|n| n.parse().ok());
    let years: Vec<i32> = numbers.filter(|n| (1900..2100).contains(n)).collect();
    if let [year] = years[..] { Some(year) } else { None }
}

/// The place of the file that a row goes into: of its year, or the nearest; of its person where names say no year.
pub(super) fn file_of(files: &[Named], year: Option<i32>, person: u64) -> usize {
    match year.filter(|_| files.iter().all(|f| f.year.is_some())) {
        Some(year) => {
            let away = |f: &Named| f.year.map_or(i32::MAX, |y| (y - year).abs());
            (0..files.len()).min_by_key(|&i| away(&files[i])).unwrap_or(0)
        }
        None => (person % files.len() as u64) as usize,
    }
}

/// Of the names that a column has, the one in file number `file` of `files`.
pub(super) fn alias(names: &[String], file: usize, files: usize) -> &str {
    &names[file * names.len() / files.max(1)]
}

/// The name of a column in a file.
pub(super) fn column_name(source: &ColumnSource, year: Option<i32>, file: usize, files: usize) -> String {
    match (source, year) {
        (ColumnSource::Yearly { patterns, .. }, Some(year)) => {
            alias(&ColumnSource::names_in(patterns, year), file, files).to_owned()
        }
        (ColumnSource::One(names), _) => alias(names, file, files).to_owned(),
        (ColumnSource::Yearly { patterns, .. }, None) => patterns[0].clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_files_of_years() {
        let names = |written: &str| expand(written, 2009..=2011).into_iter().map(|f| f.written).collect::<Vec<_>>();
        assert_eq!(names("kuhr/KUHR_*.dsv"), ["kuhr/KUHR_2009.dsv", "kuhr/KUHR_2010.dsv", "kuhr/KUHR_2011.dsv"]);
        assert_eq!(names("d*/m?.csv"), ["dx/m1.csv", "dx/m2.csv", "dx/m3.csv"]);
        assert_eq!(names("b??.dta"), ["b09.dta", "b10.dta", "b11.dta"]);
        assert_eq!(names("npr_2010.csv"), ["npr_2010.csv"]);
        assert_eq!(year_in("a/24_01903_npr_2010.csv"), Some(2010));
        assert_eq!(year_in("utd_1970_2018.csv"), None);
    }

    #[test]
    fn rows_go_to_the_file_of_their_year() {
        let files = expand("x_*.csv", 2009..=2011);
        assert_eq!(file_of(&files, Some(2010), 7), 1);
        assert_eq!(file_of(&files, Some(1990), 7), 0);
        assert_eq!(file_of(&files, None, 7), 1);
    }

    #[test]
    fn names_change_in_the_middle_of_a_family() {
        let names = ["old".to_owned(), "new".to_owned()];
        assert_eq!((0..4).map(|i| alias(&names, i, 4)).collect::<Vec<_>>(), ["old", "old", "new", "new"]);
        assert_eq!(alias(&names, 0, 1), "old");
    }
}
