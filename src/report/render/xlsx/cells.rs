//! A value as the cells of a sheet: its numbers one by one, each with the format that shows it as people read it.

use super::super::display;
use super::super::layout::length;
use crate::report::TestResult;
use crate::report::number::NumberStyle;
use crate::report::tables::{ColumnKind, Value};

/// What one cell of a sheet holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Nothing,
    Text(String),
    /// The number, the format of the sheet that shows it, and the number of characters that this takes.
    Number(f64, String, usize),
}

impl Part {
    /// The number of characters that it takes.
    pub(super) fn width(&self) -> usize {
        match self {
            Part::Nothing => 0,
            Part::Text(text) => length(text),
            Part::Number(.., width) => *width,
        }
    }
}

/// How many columns of a sheet a column of this kind becomes.
pub(super) fn n_columns(kind: ColumnKind) -> usize {
    match kind {
        ColumnKind::Text | ColumnKind::Number => 1,
        ColumnKind::WithError => 2,
        ColumnKind::Interval | ColumnKind::Test => 3,
    }
}

/// The heads of these columns; a single one has none of its own.
pub(super) fn heads(kind: ColumnKind, style: &NumberStyle) -> Vec<String> {
    let w = style.language;
    let heads: &[&str] = match kind {
        ColumnKind::Text | ColumnKind::Number => &[""],
        ColumnKind::Interval => &[w.estimate(), w.lower(), w.upper()],
        ColumnKind::WithError => &[w.estimate(), w.standard_error()],
        ColumnKind::Test => &[w.chi_squared(), w.df(), style.p.letter],
    };
    heads.iter().map(|head| head.to_string()).collect()
}

/// The names of a value's numbers beyond the first, where its column holds one cell.
pub(super) fn further(value: &Value, style: &NumberStyle) -> Vec<String> {
    let kind = match value {
        Value::Share(..) => return vec!["%".to_owned()],
        Value::Test(_) => ColumnKind::Test,
        Value::Concordance(..) | Value::WithError(..) => ColumnKind::WithError,
        Value::Rate(..)
        | Value::Interval(..)
        | Value::Ratio(..)
        | Value::Measure(..)
        | Value::Probability(..)
        | Value::Time(..) => ColumnKind::Interval,
        _ => ColumnKind::Number,
    };
    heads(kind, style).split_off(1)
}

/// The cells of a value: one, or as many as it has numbers.
pub(super) fn parts(value: &Value, style: &NumberStyle) -> Vec<Part> {
    // A limit is shown as a value of the same kind without limits.
    let with_limits = |v: f64, l: Option<f64>, u: Option<f64>, alone: &dyn Fn(f64) -> Value| {
        let part = |v: f64| number(v, &display(&alone(v), style), style);
        let limit = |v: Option<f64>| v.map_or(Part::Nothing, part);
        vec![part(v), limit(l), limit(u)]
    };
    match value {
        Value::Empty => vec![Part::Nothing],
        Value::Text(text) => vec![Part::Text(text.clone())],
        Value::Hidden(_) | Value::NotEstimable => vec![Part::Text(display(value, style))],
        Value::Count(n) => vec![number(*n as f64, &display(value, style), style)],
        Value::Share(n, share) => {
            let percent = 100.0 * share;
            vec![number(*n as f64, &style.count(*n), style), number(percent, &style.decimal(percent, 1), style)]
        }
        Value::PersonYears(v) | Value::Number(v, _) | Value::P(v) => vec![number(*v, &display(value, style), style)],
        Value::TermP(p) => vec![lettered(*p, style)],
        Value::Rate(v, l, u) => with_limits(*v, *l, *u, &|x| Value::Rate(x, None, None)),
        Value::Ratio(v, l, u) => with_limits(*v, *l, *u, &|x| Value::Ratio(x, None, None)),
        Value::Measure(v, l, u) => with_limits(*v, *l, *u, &|x| Value::Measure(x, None, None)),
        Value::Interval(v, l, u, decimals) => with_limits(*v, *l, *u, &|x| Value::Interval(x, None, None, *decimals)),
        Value::Probability(v, l, u) => with_limits(*v, *l, *u, &|x| Value::Probability(x, None, None)),
        Value::Time(v, l, u) => not_reached(with_limits(*v, *l, *u, &|x| Value::Time(x, None, None)), style),
        Value::Reference => vec![labelled_one(&display(value, style))],
        Value::Diverged(up, limit) => diverged(*up, *limit, style),
        Value::Concordance(v, se) => with_error(*v, *se, 3, style),
        Value::WithError(v, se, decimals) => with_error(*v, *se, *decimals, style),
        Value::Test(test) => test_parts(test, style),
    }
}

fn with_error(value: f64, se: Option<f64>, decimals: usize, style: &NumberStyle) -> Vec<Part> {
    let part = |v: f64| number(v, &style.decimal(v, decimals), style);
    vec![part(value), se.map_or(Part::Nothing, part)]
}

fn test_parts(test: &TestResult, style: &NumberStyle) -> Vec<Part> {
    let part = |v: Option<f64>, text: &dyn Fn(f64) -> String| v.map_or(Part::Nothing, |v| number(v, &text(v), style));
    vec![part(test.chisq, &|v| style.decimal(v, 2)), part(test.df, &|v| style.df(v)), part(test.p, &|v| style.p(v))]
}

/// One limit without the other: the time was not reached.
fn not_reached(mut parts: Vec<Part>, style: &NumberStyle) -> Vec<Part> {
    if parts[1..].iter().filter(|p| **p == Part::Nothing).count() == 1 {
        let open = parts[1..].iter_mut().filter(|p| **p == Part::Nothing);
        open.for_each(|p| *p = Part::Text(style.language.not_reached().to_owned()));
    }
    parts
}

fn diverged(up: bool, limit: Option<f64>, style: &NumberStyle) -> Vec<Part> {
    let estimate = Part::Text(display(&Value::Diverged(up, None), style));
    let limit = limit.map_or(Part::Nothing, |l| number(l, &style.ratio(l), style));
    if up { vec![estimate, limit, Part::Nothing] } else { vec![estimate, Part::Nothing, limit] }
}

/// The number 1 that shows as `1 (reference)`.
fn labelled_one(text: &str) -> Part {
    match text.split_once('1') {
        Some((before, after)) => {
            let quoted = |words: &str| if words.is_empty() { String::new() } else { literal(words) };
            Part::Number(1.0, format!("{}0{}", quoted(before), quoted(after)), length(text))
        }
        None => Part::Text(text.to_owned()),
    }
}

/// A P value that shows with its letter: among hazard ratios nothing else says what it is.
fn lettered(p: f64, style: &NumberStyle) -> Part {
    let (text, alone) = (style.p_equals(p), style.p(p));
    let format = match text.strip_suffix(&alone).filter(|_| !alone.starts_with(['<', '>'])) {
        Some(before) => format!("{}{}", literal(before), number_format(&alone, style)),
        None => literal(&text),
    };
    Part::Number(p, format, length(&text))
}

/// A number with the format that shows it as `text` does: the same decimals, groups of digits, powers of ten. The sheet
/// sets its own decimal mark.
fn number(value: f64, text: &str, style: &NumberStyle) -> Part {
    Part::Number(value, number_format(text, style), length(text))
}

fn number_format(text: &str, style: &NumberStyle) -> String {
    let is_digit_or_mark = |rest: &str| {
        let rest = rest.trim_start_matches(['−', '-']);
        let rest = if style.thousands.is_empty() { rest.to_owned() } else { rest.replace(style.thousands, "") };
        rest.replacen(style.decimal_mark, "", 1).bytes().all(|b| b.is_ascii_digit())
    };
    let decimals = |text: &str| text.split_once(style.decimal_mark).map_or(0, |(_, after)| after.len());
    let fraction = |n: usize| if n == 0 { String::new() } else { format!(".{}", "0".repeat(n)) };
    if let Some((mantissa, _)) = text.split_once('e').filter(|(m, _)| is_digit_or_mark(m)) {
        return format!("0{}E+00", fraction(decimals(mantissa)));
    }
    if !is_digit_or_mark(text) {
        // `<0.001`: the words of the style over the number itself.
        return literal(text);
    }
    let grouped = !style.thousands.is_empty() && text.contains(style.thousands);
    let whole = text.split(style.decimal_mark).next().unwrap_or("").trim_start_matches(['−', '-']);
    let before = match whole.len() {
        // A style that leaves out the zero before the decimals.
        0 => "#",
        4.. if !grouped => "0",
        _ => "#,##0",
    };
    format!("{before}{}", fraction(decimals(text)))
}

/// Words in a number format.
fn literal(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "'"))
}

/// A number format with the letters of footnotes after the number.
pub(super) fn with_marks(format: &str, marks: &str) -> String {
    format!("{format}{}", literal(&format!(" [{marks}]")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: NumberStyle = NumberStyle::ENGLISH;

    #[test]
    fn a_format_shows_what_people_read() {
        let formats = ["12,345", "0.58", "−1,234.50", "<0.001", "2.0e-9", "365"].map(|text| number_format(text, &S));
        assert_eq!(formats, ["#,##0", "#,##0.00", "#,##0.00", "\"<0.001\"", "0.0E+00", "#,##0"]);
        let norwegian = NumberStyle { decimal_mark: ",", thousands: "\u{202f}", ..S };
        assert_eq!(number_format("1\u{202f}234,50", &norwegian), "#,##0.00");
        assert_eq!(["1234", "−1234,5", ",034"].map(|text| number_format(text, &norwegian)), ["0", "0.0", "#.000"]);
    }

    #[test]
    fn an_interval_is_three_numbers() {
        let parts = parts(&Value::Ratio(1.2345, Some(0.05), Some(25.0)), &S);
        let numbers: Vec<_> =
            parts.into_iter().map(|p| if let Part::Number(v, f, _) = p { (v, f) } else { panic!() }).collect();
        assert_eq!(numbers, [(1.2345, "#,##0.00".into()), (0.05, "#,##0.000".into()), (25.0, "#,##0.0".into())]);
    }

    #[test]
    fn what_is_no_number_is_words() {
        assert_eq!(parts(&Value::Reference, &S), [Part::Number(1.0, "0\" (reference)\"".into(), 13)]);
        assert_eq!(parts(&Value::Time(10.0, Some(5.0), None), &S)[2], Part::Text("not reached".into()));
        assert_eq!(parts(&Value::Hidden("<5".into()), &S), [Part::Text("<5".into())]);
    }
}
