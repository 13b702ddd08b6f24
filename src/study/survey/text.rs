//! How a text file is written, from its first rows.

use super::{Column, ROWS, shape};
use crate::study::extract::{Encoding, InputFile};
use crate::study::header::{looks_like_names, sample};

/// What the first rows tell of a text file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextGuess {
    pub(super) delimiter: char,
    pub(super) encoding: Encoding,
    /// Whether the encoding shows: there are letters beyond plain ASCII, or a mark.
    pub(super) encoding_shows: bool,
    pub(super) has_header: bool,
    pub(super) decimal_comma: bool,
}

/// Looks at the first rows of a file.
pub(super) fn look(file: &InputFile) -> Result<(TextGuess, Vec<Column>), String> {
    let bytes = sample(file).map_err(|complaint| complaint.rule)?;
    let (encoding, encoding_shows) = encoding(&bytes);
    let (text, _) = encoding.decoder().decode_without_bom_handling(&bytes);
    let text = text.trim_start_matches('\u{FEFF}').to_string();
    let text = whole_lines(&text);
    let delimiter = delimiter(text);
    let rows = rows(text, delimiter);
    let Some(first) = rows.first() else { return Err("it has no row".into()) };
    let has_header = looks_like_names(first) && !comes_again(first, &rows[1..]);
    let names: Vec<String> = match has_header {
        true => first.iter().map(|name| name.trim().to_string()).collect(),
        // A row of data must not be shown.
        false => (1..=first.len()).map(|i| format!("column_{i}")).collect(),
    };
    let data = &rows[usize::from(has_header)..];
    let cells =
        |i: usize| data.iter().filter_map(move |row| row.get(i)).map(|cell| cell.trim()).filter(|c| !c.is_empty());
    let decimal_comma = delimiter != ',' && (0..names.len()).any(|i| shape::has_decimal_comma(cells(i)));
    let column = |(i, name): (usize, String)| {
        let guess = shape::guess(cells(i), decimal_comma);
        Column { name, guess: guess.0, is_guess: true, in_files: 1, remark: guess.1 }
    };
    let columns = names.into_iter().enumerate().filter(|(_, name)| !name.is_empty()).map(column).collect();
    Ok((TextGuess { delimiter, encoding, encoding_shows, has_header, decimal_comma }, columns))
}

/// Whether a field of the first row stands again in its column: then it is a value, and no name.
fn comes_again(first: &[String], rows: &[Vec<String>]) -> bool {
    let again =
        |(i, name): (usize, &String)| !name.trim().is_empty() && rows.iter().any(|row| row.get(i) == Some(name));
    first.iter().enumerate().any(again)
}

/// The encoding that the bytes can have, and whether anything shows it.
fn encoding(bytes: &[u8]) -> (Encoding, bool) {
    let zeros = bytes.iter().take(1000).filter(|b| **b == 0).count();
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) || zeros * 4 > bytes.len().min(1000) {
        return (Encoding::Utf16, true);
    }
    if bytes.is_ascii() {
        return (Encoding::Utf8, false);
    }
    // The end of the sample may cut a letter of up to four bytes.
    let cut = std::str::from_utf8(bytes).map_or_else(|e| e.valid_up_to(), |_| bytes.len());
    if cut + 4 > bytes.len() { (Encoding::Utf8, true) } else { (Encoding::Latin1, true) }
}

/// The text without a last line that the sample cut.
fn whole_lines(text: &str) -> &str {
    match text.rfind('\n') {
        Some(end) if text[..end].contains('\n') => &text[..=end],
        _ => text,
    }
}

/// The mark that cuts the first rows into the same number of fields, and into most.
fn delimiter(text: &str) -> char {
    let lines: Vec<&str> = text.lines().take(50).filter(|line| !line.is_empty()).collect();
    let score = |mark: &char| {
        let counts: Vec<usize> = lines.iter().map(|line| line.matches(*mark).count()).collect();
        let first = counts.first().copied().unwrap_or(0);
        let same = counts.iter().filter(|n| **n == first).count();
        (usize::from(first > 0) * same, first)
    };
    // Of equals the last is taken: a semicolon before all.
    [' ', ':', '|', ',', '\t', ';'].into_iter().max_by_key(score).filter(|mark| score(mark).0 > 0).unwrap_or(';')
}

fn rows(text: &str, delimiter: char) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter as u8)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let records = reader.records().filter_map(Result::ok).take(ROWS);
    records.map(|record| record.iter().map(str::to_owned).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Guess;
    use super::*;

    #[test]
    fn delimiter_and_encoding_show_in_the_first_rows() {
        assert_eq!(delimiter("id;name;x\n1;a,b;2\n"), ';');
        assert_eq!(delimiter("id\tname\n1\ta b\n"), '\t');
        assert_eq!(delimiter("id,x\n1,2\n"), ',');
        assert_eq!(delimiter("id\n1\n"), ';');
        assert_eq!(encoding(b"k\xF8nn;id\n1;2\n"), (Encoding::Latin1, true));
        assert_eq!(encoding("k\u{f8}nn".as_bytes()), (Encoding::Utf8, true));
        assert_eq!(encoding(b"id"), (Encoding::Utf8, false));
    }

    #[test]
    fn a_value_that_comes_again_is_no_name() {
        let row = |text: &str| text.split(';').map(str::to_owned).collect::<Vec<_>>();
        assert!(comes_again(&row("M;Oslo"), &[row("K;Bergen"), row("M;Bergen")]));
        assert!(!comes_again(&row("sex;town"), &[row("K;Bergen"), row("M;Oslo")]));
    }

    #[test]
    fn nothing_is_a_guess_of_nothing() {
        assert_eq!(shape::guess(std::iter::empty(), false).0, Guess::Unknown);
    }
}
