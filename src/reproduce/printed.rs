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
    /// Reads a printed number. A decimal point may be a middle dot (The Lancet), a minus sign may be typographic, `<0.001`
    /// is anything below. `unit` is what the last digit of a number without decimals counts: 1, 1000 for person-years
    /// printed in thousands, 0 for counts that nobody rounded.
    ///
    /// Errors: the broken rule and its remedy.
    pub fn parse(text: &str, unit: f64) -> Result<Printed, (String, String)> {
        let plain = text.trim().replace('·', ".").replace('−', "-");
        let comma = plain.contains(',');
        if let Some(limit) = plain.strip_prefix('<') {
            // `<0.001`: anything from 0 up to it.
            let limit = Printed::parse(limit, unit)?.value;
            return Ok(Printed { text: plain, value: limit / 2.0, half: limit / 2.0 });
        }
        let fault = |remedy: &str| Err((format!("`{text}` is no number"), remedy.to_owned()));
        if comma {
            return fault("write a decimal point, and no marks between thousands");
        }
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
            _ => fault("write the number as printed, for example \"0.80\""),
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

    /// Decimals as printed.
    pub fn decimals(&self) -> usize {
        self.text.split_once('.').map_or(0, |(_, fraction)| fraction.chars().take_while(char::is_ascii_digit).count())
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
        Printed::parse(text, 1.0).unwrap()
    }

    #[test]
    fn printed_decimals_carry_the_tolerance() {
        assert_eq!((printed("0.80").value, printed("0.80").half), (0.8, 0.005));
        assert_eq!(printed("0.8").half, 0.05);
        assert_eq!(printed("166000").half, 0.5);
        assert_eq!(Printed::parse("166000", 1000.0).unwrap().half, 500.0);
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
        for text in ["", "1,234", "0,80", "ref", "1.2 (1.1)", "inf", "NaN", "1e999"] {
            assert!(Printed::parse(text, 1.0).is_err(), "{text}");
        }
    }
}
