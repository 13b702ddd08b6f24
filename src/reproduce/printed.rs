//! A number as printed: its text, its value, and how far rounding can have moved it.
//!
//! `0.80` says more than `0.8`: the printed decimals carry the tolerance, so numbers are kept as text until here.

use std::fmt;

/// How exactly a fit determines a number, relative: what two programs may differ by before anything is rounded.
const FIT_ACCURACY: f64 = 1e-9;

/// A number as printed.
#[derive(Debug, Clone, PartialEq)]
pub struct Printed {
    /// As printed.
    pub text: String,
    /// What it says.
    pub value: f64,
    /// Half a unit of the last printed digit.
    pub half: f64,
}

impl Printed {
    /// Reads a printed number. A decimal point may be a middle dot (The Lancet) or, where `marks` says so, a comma; a minus
    /// sign may be typographic or a dash; thousands may be apart; `<0.001` is anything below. `unit` is what the last digit
    /// of a number without decimals counts: 1, 1000 for person-years printed in thousands, 0 for counts that nobody rounded.
    ///
    /// Errors: the broken rule and its remedy.
    pub fn parse(text: &str, unit: f64, marks: Marks) -> Result<Printed, (String, String)> {
        let typed = text.trim();
        if let Some(limit) = typed.strip_prefix('<') {
            // `<0.001`: anything from 0 up to it.
            let limit = Printed::parse(limit, unit, marks)?;
            let half = limit.value / 2.0;
            return Ok(Printed { text: format!("<{}", limit.text), value: half, half });
        }
        let plain = marks.plain(typed).map_err(|remedy| (format!("`{typed}` is no number"), remedy))?;
        let (digits, exponent) = match plain.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i32>().unwrap_or(i32::MAX)),
            None => (plain.as_str(), 0),
        };
        let decimals = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len() as i32);
        match plain.parse::<f64>() {
            Ok(value) if value.is_finite() && exponent.abs() < 300 && decimals < 100 => {
                let last = 10f64.powi(exponent - decimals);
                let half = 0.5 * if decimals == 0 && exponent == 0 { last * unit } else { last };
                Ok(Printed { text: plain, value, half })
            }
            _ => Err((format!("`{typed}` is no number"), remedy_for(typed).to_owned())),
        }
    }

    /// The values that print as this.
    pub fn bounds(&self) -> Bounds {
        Bounds { low: self.value - self.half, high: self.value + self.half }
    }

    /// The same, for a number that cannot be negative.
    pub fn positive_bounds(&self) -> Bounds {
        Bounds { low: (self.value - self.half).max(0.0), high: (self.value + self.half).max(0.0) }
    }

    /// Whether `found` rounds to this. A value half-way between two printed ones may have been rounded either way, and
    /// either counts.
    pub fn agrees(&self, found: f64) -> bool {
        (found - self.value).abs() <= self.half + FIT_ACCURACY * found.abs().max(self.half)
    }

    /// Decimals in which a number beside this is shown: as printed, and two more beside a limit such as `<0.01`.
    pub fn decimals_shown(&self) -> usize {
        self.decimals() + if self.text.starts_with(['<', '>']) { 2 } else { 0 }
    }

    /// Decimals as printed.
    pub fn decimals(&self) -> usize {
        self.text.split_once('.').map_or(0, |(_, fraction)| fraction.chars().take_while(char::is_ascii_digit).count())
    }
}

/// What to write instead of a text that is no number.
fn remedy_for(text: &str) -> &'static str {
    match text {
        "-" | "–" | "—" | "." | ".." | "NA" | "n/a" | "NR" => "leave a number that is not printed empty",
        _ => "write the number as printed, for example \"0.80\"",
    }
}

/// How a table writes its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// Whether decimals follow a comma.
    pub decimal_comma: bool,
    /// Whether the number may have marks between thousands: counts, person-time, rates.
    pub thousands: bool,
}

impl Marks {
    /// A decimal point, and no thousands.
    pub const POINT: Marks = Marks { decimal_comma: false, thousands: false };

    /// The number with a decimal point, a hyphen for its minus sign and nothing between thousands. Errors: the remedy, where a
    /// mark could mean something else.
    fn plain(self, text: &str) -> Result<String, String> {
        let (sign, digits) = match text.strip_prefix(['−', '–', '-']) {
            Some(digits) => ("-", digits.trim_start()),
            None => ("", text),
        };
        let (whole, fraction) = self.parts(&digits.replace('·', if self.decimal_comma { "," } else { "." }))?;
        let mut marks = whole.chars().filter(|c| !c.is_ascii_digit());
        let Some(mark) = marks.next() else { return Ok(format!("{sign}{whole}{fraction}")) };
        let known = |c: char| matches!(c, ',' | '.' | '\'' | '’') || c.is_whitespace();
        if !known(mark) {
            return Ok(format!("{sign}{whole}{fraction}")); // Not a number in any spelling.
        }
        let groups: Vec<&str> = whole.split(mark).collect();
        let are_thousands =
            groups[1..].iter().all(|g| g.len() == 3) && (1..=3).contains(&groups[0].len()) && marks.all(|c| c == mark);
        match (are_thousands, self.thousands) {
            (true, true) => Ok(format!("{sign}{}{fraction}", groups.concat())),
            (true, false) => Err(format!(
                "{}; only counts, person-time and rates may have marks between thousands",
                self.remedy(mark)
            )),
            (false, _) => Err(self.remedy(mark)),
        }
    }

    /// What stands before the decimals, and the decimals with a point before them.
    fn parts(self, digits: &str) -> Result<(String, String), String> {
        let mark = if self.decimal_comma { ',' } else { '.' };
        match digits.split_once(mark) {
            Some((_, fraction)) if fraction.contains([',', '.']) => Err(self.remedy(mark)),
            Some((whole, fraction)) => Ok((whole.to_owned(), format!(".{fraction}"))),
            None => Ok((digits.to_owned(), String::new())),
        }
    }

    fn remedy(self, mark: char) -> String {
        let remedy = match (mark, self.decimal_comma) {
            (',' | '.', false) => "where the print has decimal commas, say decimal = \",\" of the table",
            ('.', true) => "the table says decimal = \",\": write a decimal comma",
            _ => "write groups of three digits, or none",
        };
        remedy.to_owned()
    }
}

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The values that a number can have had before it was rounded, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Least.
    pub low: f64,
    /// Greatest.
    pub high: f64,
}

impl Bounds {
    /// Whether the two have a value in common. Printed digits are decimal and these numbers binary: a difference of
    /// 1e-12 is none.
    pub fn meets(self, other: Bounds) -> bool {
        let slack = 1e-12 * self.high.abs().max(other.high.abs());
        self.low <= other.high + slack && other.low <= self.high + slack
    }

    /// The values of an increasing function of two numbers within these bounds.
    pub fn combine(self, other: Bounds, f: impl Fn(f64, f64) -> f64) -> Bounds {
        Bounds { low: f(self.low, other.low), high: f(self.high, other.high) }
    }

    /// Values multiplied by a positive factor.
    pub fn times(self, factor: f64) -> Bounds {
        Bounds { low: self.low * factor, high: self.high * factor }
    }

    /// Quotients of two positive numbers.
    pub fn over(self, other: Bounds) -> Bounds {
        Bounds { low: self.low / other.high, high: self.high / other.low }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> Printed {
        Printed::parse(text, 1.0, Marks::POINT).unwrap()
    }

    #[test]
    fn printed_decimals_carry_the_tolerance() {
        assert_eq!((printed("0.80").value, printed("0.80").half), (0.8, 0.005));
        assert_eq!(printed("0.8").half, 0.05);
        assert_eq!(printed("166000").half, 0.5);
        assert_eq!(Printed::parse("166000", 1000.0, Marks::POINT).unwrap().half, 500.0);
        assert_eq!(printed("1·23").value, 1.23);
        assert_eq!(printed("−0.346").value, -0.346);
        assert!(printed("<0.001").agrees(0.0002) && !printed("<0.001").agrees(0.002));
        assert!((printed("2.4e-3").half - 0.5e-4).abs() < 1e-18);
    }

    #[test]
    fn a_half_may_have_been_rounded_either_way() {
        assert!(printed("0.12").agrees(0.125) && printed("0.13").agrees(0.125));
        // 1.005 is 1.00499999999999989… in binary.
        assert!(printed("1.01").agrees(1.005) && printed("1.00").agrees(1.005));
        assert!(!printed("0.12").agrees(0.12501) && !printed("0.13").agrees(0.12499));
        assert!(printed("26396").agrees(26396.0) && !printed("26396").agrees(26397.0));
    }

    #[test]
    fn what_is_no_number_is_not_taken_for_one() {
        for text in ["", "1,234", "0,80", "ref", "1.2 (1.1)", "inf", "NaN", "1e999", "–", "1.2.3", "1 2", "<", "--1"]
        {
            assert!(Printed::parse(text, 1.0, Marks::POINT).is_err(), "{text}");
        }
    }

    #[test]
    fn marks_are_read_as_the_table_says_and_never_guessed() {
        let count = |text: &str, decimal_comma| Printed::parse(text, 0.0, Marks { decimal_comma, thousands: true });
        for text in ["1002456", "1,002,456", "1 002 456", "1\u{202f}002\u{a0}456", "1’002’456"] {
            let read = count(&text.replace('\u{a0}', "\u{202f}"), false).unwrap();
            assert_eq!((read.value, read.text.as_str()), (1_002_456.0, "1002456"), "{text}");
        }
        assert_eq!(count("1.002.456,5", true).unwrap().value, 1_002_456.5);
        assert_eq!(count("19,7", true).unwrap().value, 19.7);
        for (text, comma) in
            [("19,7", false), ("1,23,456", false), ("1.23", true), ("12 34", false), ("1,002 456", false)]
        {
            assert!(count(text, comma).is_err(), "{text}");
        }
        let ratio = |text: &str, decimal_comma| Printed::parse(text, 1.0, Marks { decimal_comma, thousands: false });
        assert_eq!(ratio("0,80", true).unwrap(), printed("0.80"));
        assert_eq!(ratio("–0.35", false).unwrap(), printed("-0.35"));
        assert_eq!(ratio("<0,001", true).unwrap().text, "<0.001");
        // A hazard ratio of 1,234 is 1.234 in Oslo and a slip in London.
        assert_eq!(ratio("1,234", true).unwrap().value, 1.234);
        assert!(ratio("1,234", false).unwrap_err().1.contains("decimal = \",\""));
    }
}
