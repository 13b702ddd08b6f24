//! Two covariate patterns to be compared, as a user writes them: `group=b, age=60 vs group=a, age=50`.

use super::fault::{Fault, FormulaError};
use std::ops::Range;

/// Two covariate patterns; both name the same columns, each once.
///
/// Names may stand in back-ticks and values in quotes, where they hold commas, equals signs or the word `vs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The text as written, without blanks around it.
    pub source: String,
    /// The pattern whose hazard is above the line of the hazard ratio.
    pub first: Vec<Assignment>,
    /// The pattern it is compared with, its columns in the order of the first.
    pub second: Vec<Assignment>,
}

/// A column at a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The column of the data.
    pub column: String,
    /// A level or a number, as written.
    pub value: String,
    /// Where it stands in the text.
    pub span: Range<usize>,
}

impl Assignment {
    /// Reads one covariate pattern, `group=b, age=60`. Errors: every fault of the text, each with its place.
    pub fn pattern(text: &str) -> Result<Vec<Assignment>, FormulaError> {
        let mut faults = Vec::new();
        let pattern = assignments(text, 0..text.len(), &mut faults);
        if faults.is_empty() {
            named_once(&pattern, &mut faults);
        }
        if faults.is_empty() { Ok(pattern) } else { Err(FormulaError { source: text.to_string(), faults }) }
    }
}

impl Comparison {
    /// Reads a comparison. Errors: every fault of the text, each with its place.
    pub fn parse(text: &str) -> Result<Comparison, FormulaError> {
        let failed = |faults| FormulaError { source: text.to_string(), faults };
        let [first, second] = sides(text).map_err(|fault| failed(vec![fault]))?;
        let mut faults = Vec::new();
        let first = assignments(text, first, &mut faults);
        let second = assignments(text, second, &mut faults);
        if faults.is_empty() {
            named_once(&first, &mut faults);
            named_once(&second, &mut faults);
            named_on_both(&first, &second, &mut faults);
        }
        if !faults.is_empty() {
            faults.sort_by_key(|f| f.span.start);
            return Err(failed(faults));
        }
        let of = |column: &str| second.iter().find(|a| a.column == column).cloned();
        let second = first.iter().filter_map(|a| of(&a.column)).collect();
        Ok(Comparison { source: text.trim().to_string(), first, second })
    }

    /// The columns that it names.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.first.iter().map(|a| a.column.as_str())
    }
}

/// Bytes of `text` within `range` that stand outside quotes, with their places.
fn unquoted(text: &str, range: Range<usize>) -> Vec<(usize, u8)> {
    let mut quote = None;
    let mut out = Vec::new();
    for i in range {
        let byte = text.as_bytes()[i];
        match quote {
            Some(mark) if mark == byte => quote = None,
            Some(_) => {}
            None if matches!(byte, b'"' | b'\'' | b'`') => quote = Some(byte),
            None => out.push((i, byte)),
        }
    }
    out
}

/// The two sides of `vs`.
fn sides(text: &str) -> Result<[Range<usize>; 2], Fault> {
    let open = unquoted(text, 0..text.len());
    let is_blank = |i: usize| open.iter().any(|(at, byte)| *at == i && byte.is_ascii_whitespace());
    let is_vs = |i: &usize| {
        let word = text.get(*i..*i + 2).is_some_and(|w| w.eq_ignore_ascii_case("vs"));
        word && *i > 0 && is_blank(*i - 1) && is_blank(*i + 2)
    };
    let found: Vec<usize> = open.iter().map(|(i, _)| *i).filter(is_vs).collect();
    match found.as_slice() {
        [at] => Ok([0..*at, *at + 2..text.len()]),
        [] => Err(Fault::new(0..text.len(), "a comparison has two sides")
            .help("write the word vs between them: group=b, age=60 vs group=a, age=50")),
        [_, second, ..] => Err(Fault::new(*second..*second + 2, "a comparison has two sides, here is a third")
            .help("give every pair a comparison of its own; a value that holds the word vs stands in quotes")),
    }
}

/// The assignments of one side.
fn assignments(text: &str, side: Range<usize>, faults: &mut Vec<Fault>) -> Vec<Assignment> {
    let mut pieces = Vec::new();
    let mut start = side.start;
    for (i, _) in unquoted(text, side.clone()).into_iter().filter(|(_, byte)| *byte == b',') {
        pieces.push(start..i);
        start = i + 1;
    }
    pieces.push(start..side.end);
    pieces.into_iter().filter_map(|piece| assignment(text, piece).map_err(|fault| faults.push(fault)).ok()).collect()
}

/// `column = value`.
fn assignment(text: &str, piece: Range<usize>) -> Result<Assignment, Fault> {
    let span = trimmed(text, piece);
    let wanted = || Fault::new(span.clone(), "expected a column at a value").help("such as group=b or age=60");
    let mut equals = unquoted(text, span.clone()).into_iter().filter(|(_, byte)| *byte == b'=').map(|(i, _)| i);
    let at = equals.next().ok_or_else(wanted)?;
    // R's habit of writing == is understood.
    let after = if equals.next() == Some(at + 1) { at + 2 } else { at + 1 };
    let part = |range: Range<usize>| without_quotes(&text[trimmed(text, range)]);
    let (column, value) = (part(span.start..at), part(after..span.end));
    if column.is_empty() || value.is_empty() {
        return Err(wanted());
    }
    Ok(Assignment { column, value, span })
}

/// A range without the blanks at its ends.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let piece = &text[range.clone()];
    let start = range.start + (piece.len() - piece.trim_start().len());
    start..start + piece.trim().len()
}

fn without_quotes(text: &str) -> String {
    let inner = |mark: char| text.strip_prefix(mark).and_then(|t| t.strip_suffix(mark));
    inner('"').or_else(|| inner('\'')).or_else(|| inner('`')).unwrap_or(text).to_string()
}

fn named_once(side: &[Assignment], faults: &mut Vec<Fault>) {
    for (i, a) in side.iter().enumerate() {
        if side[..i].iter().any(|b| b.column == a.column) {
            faults.push(Fault::new(a.span.clone(), format!("`{}` is named twice on one side", a.column)));
        }
    }
}

fn named_on_both(first: &[Assignment], second: &[Assignment], faults: &mut Vec<Fault>) {
    for (side, other) in [(first, second), (second, first)] {
        for a in side.iter().filter(|a| other.iter().all(|b| b.column != a.column)) {
            let fault = Fault::new(a.span.clone(), format!("`{}` is named on one side only", a.column));
            faults.push(fault.help("name it on both; columns that neither side names are equal on both"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<(String, String, String)> {
        let found = Comparison::parse(text).expect("a comparison");
        let pairs = found.first.iter().zip(&found.second);
        pairs.map(|(a, b)| (a.column.clone(), a.value.clone(), b.value.clone())).collect()
    }

    fn message(text: &str) -> String {
        Comparison::parse(text).expect_err("a fault").to_string()
    }

    #[test]
    fn reads_both_sides_in_the_order_of_the_first() {
        let of = |a: &str, b: &str, c: &str| (a.to_string(), b.to_string(), c.to_string());
        let found = parsed("group=b, age = 60 vs age=50,group=a");
        assert_eq!(found, [of("group", "b", "a"), of("age", "60", "50")]);
        let found = parsed("`civil status` == 'not, vs married' VS `civil status` == \"a=b\"");
        assert_eq!(found, [of("civil status", "not, vs married", "a=b")]);
    }

    #[test]
    fn says_what_is_missing() {
        assert!(message("group=b").contains("a comparison has two sides (write the word vs"));
        assert!(message("g=a vs g=b vs g=c").contains("here is a third"));
        assert!(message("g=a, sex=1 vs g=b").contains("`sex` is named on one side only"));
        assert!(message("g=a, g=c vs g=b").contains("`g` is named twice on one side"));
        assert!(message("g= vs g=b").contains("expected a column at a value"));
        assert!(message("g vs g=b").contains("expected a column at a value"));
    }
}
