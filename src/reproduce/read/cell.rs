//! A cell of a printed table, as it is typed off the page: `1.44 (0.88–1.67)`, `1 (ref.)`, `<0.001`, `P = 0.03`.

use crate::reproduce::printed::{Marks, Printed};
use crate::reproduce::targets::Measure;

/// What a cell says.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The number; what a reference is by definition where only a word says that it is one.
    pub value: Printed,
    /// Its limits, where they stand in the same cell.
    pub limits: Option<(Printed, Printed)>,
    /// Whether a word says that this is the reference.
    pub is_reference: bool,
}

/// Words of a reference row; a point behind them is passed over.
const REFERENCE: [&str; 7] = ["ref", "reference", "referent", "referanse", "referens", "baseline", "reference group"];

/// What stands between two limits, in the order in which it is looked for.
const BETWEEN: [&str; 8] = [" to ", " til ", ";", "–", "—", "‐", ", ", "-"];

/// Reads the cell of a value. Errors: the broken rule and its remedy.
pub fn cell(text: &str, measure: Measure, marks: Marks) -> Result<Cell, (String, String)> {
    let text = text.trim();
    if is_reference(text) {
        return Ok(Cell { value: by_definition(text, measure)?, limits: None, is_reference: true });
    }
    if measure == Measure::P {
        return Ok(Cell { value: p_value(text, marks)?, limits: None, is_reference: false });
    }
    let Some((number, rest)) = text.split_once(['(', '[']) else {
        return Ok(Cell { value: Printed::parse(text, 1.0, marks)?, limits: None, is_reference: false });
    };
    let value = Printed::parse(number, 1.0, marks)?;
    let within = rest.trim_end_matches([')', ']']).trim();
    if is_reference(within) {
        return Ok(Cell { value, limits: None, is_reference: true });
    }
    let no_limits = || {
        let rule = format!("`{text}` is no number with its limits");
        (rule, "write \"1.44 (0.88 to 1.67)\", or the limits by themselves in lower and upper".to_owned())
    };
    let (lower, upper) = limits(within, marks).ok_or_else(no_limits)?;
    Ok(Cell { value, limits: Some((lower, upper)), is_reference: false })
}

fn is_reference(text: &str) -> bool {
    REFERENCE.contains(&text.trim_matches(['(', ')', '[', ']', '.', ' ']).to_lowercase().as_str())
}

/// What a reference is by definition: 1 for a ratio, 0 for a coefficient.
fn by_definition(text: &str, measure: Measure) -> Result<Printed, (String, String)> {
    let value = match measure {
        measure if measure.is_ratio() => 1.0,
        Measure::Coefficient => 0.0,
        other => {
            let rule = format!("`{text}` says nothing of a {}", other.name());
            return Err((rule, "leave the row out".to_owned()));
        }
    };
    Ok(Printed { text: format!("{value}"), value, half: 0.0 })
}

/// `0.03`, `P = 0.03`, `<0.001`, `>0.99`.
fn p_value(text: &str, marks: Marks) -> Result<Printed, (String, String)> {
    let text = text.trim_start_matches(['P', 'p']).trim_start().trim_start_matches('=').trim_start();
    let Some(limit) = text.strip_prefix('>') else { return Printed::parse(text, 1.0, marks) };
    // From the limit up to 1.
    let limit = Printed::parse(limit, 1.0, marks)?;
    let half = ((1.0 - limit.value) / 2.0).max(0.0);
    Ok(Printed { text: format!(">{}", limit.text), value: limit.value + half, half })
}

/// The limits between brackets, with `95% CI` before them or not.
fn limits(within: &str, marks: Marks) -> Option<(Printed, Printed)> {
    let label = within.find("CI").or(within.find("KI")).map_or(0, |at| at + 2);
    let within = within[label..].trim_start_matches([':', ',', ' ']).trim();
    // A dash in front of the first limit is its sign.
    let sign = within.chars().next().filter(|c| matches!(c, '−' | '–' | '-')).map_or(0, char::len_utf8);
    let (at, mark) = BETWEEN.iter().find_map(|mark| Some((within[sign..].find(mark)? + sign, mark)))?;
    let number = |text: &str| Printed::parse(text, 1.0, marks).ok();
    number(&within[..at]).zip(number(&within[at + mark.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hr(text: &str) -> Result<Cell, (String, String)> {
        cell(text, Measure::HazardRatio, Marks::POINT)
    }

    #[test]
    fn a_number_and_its_limits_may_stand_in_one_cell() {
        let number = |text: &str| Printed::parse(text, 1.0, Marks::POINT).unwrap();
        let expected =
            Cell { value: number("1.44"), limits: Some((number("0.88"), number("1.67"))), is_reference: false };
        for text in [
            "1.44 (0.88–1.67)",
            "1·44 (0·88–1·67)",
            "1.44 (0.88 to 1.67)",
            "1.44 [0.88; 1.67]",
            "1.44 (95% CI 0.88-1.67)",
            "1.44 (95 % CI: 0.88, 1.67)",
            "1.44(0.88 – 1.67)",
        ] {
            assert_eq!(hr(text).unwrap(), expected, "{text}");
        }
        let comma = Marks { decimal_comma: true, thousands: false };
        assert_eq!(cell("1,44 (0,88–1,67)", Measure::HazardRatio, comma).unwrap(), expected);
        let negative = cell("−0.35 (−0.68 to −0.02)", Measure::Coefficient, Marks::POINT).unwrap();
        assert_eq!(negative.limits, Some((number("-0.68"), number("-0.02"))));
        let dashes = cell("–0.35 (–0.68––0.02)", Measure::Coefficient, Marks::POINT).unwrap();
        assert_eq!(dashes, negative);
    }

    #[test]
    fn a_word_says_that_a_row_is_the_reference() {
        for text in ["ref", "Ref.", "(reference)", "1 (ref)", "1.00 [Reference]", "1.00 (ref.)"] {
            let read = hr(text).unwrap();
            assert!(read.is_reference && read.value.value == 1.0, "{text}");
        }
        assert_eq!(cell("ref", Measure::Coefficient, Marks::POINT).unwrap().value.value, 0.0);
        assert!(cell("ref", Measure::Rate, Marks::POINT).is_err());
    }

    #[test]
    fn p_values_are_read_as_they_are_printed() {
        let p = |text: &str| cell(text, Measure::P, Marks::POINT).unwrap().value;
        assert!(p("<0.001").agrees(0.0002) && p("P < 0.001").agrees(0.0002) && !p("p<.001").agrees(0.002));
        assert!(p(">0.99").agrees(0.995) && !p(">0.99").agrees(0.98));
        assert!(p("P = .03").agrees(0.0304) && !p("P=0.03").agrees(0.04));
    }

    #[test]
    fn what_is_neither_is_a_fault() {
        for text in ["1.44 (0.88)", "1.44 (0.88–)", "1.44*", "1.44 (n.s.)", "(0.88–1.67)", ""] {
            assert!(hr(text).is_err(), "{text}");
        }
    }
}
