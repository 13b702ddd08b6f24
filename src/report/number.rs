//! How numbers are written: counts, person-years, rates, hazard ratios, P values.
//!
//! A [`NumberStyle`] is data, so that a journal's style is one more value of it. Machine-readable files do not come
//! here: they hold the shortest text that reads back as the same number.

/// Marks and decimals of one house style.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberStyle {
    /// Between whole part and decimals.
    pub decimal_mark: &'static str,
    /// Between groups of three digits; empty for none.
    pub thousands: &'static str,
    /// Between the limits of an interval.
    pub interval: &'static str,
    /// P values under this are written as "less than" it; never as 0.
    pub smallest_p: f64,
    /// Decimals of a P value.
    pub p_decimals: usize,
}

impl NumberStyle {
    /// English: decimal point, commas between thousands, en dash between limits, P with three decimals.
    pub const ENGLISH: NumberStyle =
        NumberStyle { decimal_mark: ".", thousands: ",", interval: "–", smallest_p: 0.001, p_decimals: 3 };

    /// A count: `12,345`.
    pub fn count(&self, value: u64) -> String {
        self.group(&value.to_string())
    }

    /// A number with a fixed number of decimals: `1,234.50`. Minus zero is written as zero.
    pub fn decimal(&self, value: f64, decimals: usize) -> String {
        let text = format!("{value:.decimals$}");
        let zero = !text.bytes().any(|b| (b'1'..=b'9').contains(&b));
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) if zero => ("", digits),
            Some(digits) => ("−", digits),
            None => ("", text.as_str()),
        };
        match digits.split_once('.') {
            Some((whole, fraction)) => format!("{sign}{}{}{fraction}", self.group(whole), self.decimal_mark),
            None => format!("{sign}{}", self.group(digits)),
        }
    }

    /// Person-years: whole from 100 up, else one decimal.
    pub fn person_years(&self, value: f64) -> String {
        self.decimal(value, if value >= 99.95 { 0 } else { 1 })
    }

    /// A positive ratio with about three significant digits: two decimals from 0.1 to 10, one to 100, none above;
    /// three or four under 0.1; powers of ten beyond 10⁻⁴ and 10⁶.
    pub fn ratio(&self, value: f64) -> String {
        match value {
            0.0 => "0".to_string(),
            v if !(1e-4..1e6).contains(&v) => self.scientific(v),
            v if v >= 99.95 => self.decimal(v, 0),
            v if v >= 9.995 => self.decimal(v, 1),
            v if v >= 0.0995 => self.decimal(v, 2),
            v if v >= 0.00995 => self.decimal(v, 3),
            v => self.decimal(v, 4),
        }
    }

    /// A ratio with its interval, `1.23 (1.10–1.38)`; the ratio alone without limits.
    pub fn ratio_with_interval(&self, value: f64, lower: Option<f64>, upper: Option<f64>) -> String {
        match (lower, upper) {
            (Some(l), Some(u)) => {
                format!("{} ({}{}{})", self.ratio(value), self.ratio(l), self.interval, self.ratio(u))
            }
            _ => self.ratio(value),
        }
    }

    /// A number that may be negative, with its interval: `−0.31 (−1.20 to 0.58)`. The word keeps minus signs apart.
    pub fn measure_with_interval(&self, value: f64, lower: Option<f64>, upper: Option<f64>) -> String {
        let one = |v: f64| self.decimal(v, if v.abs() >= 99.95 { 0 } else { 2 });
        match (lower, upper) {
            (Some(l), Some(u)) => format!("{} ({} to {})", one(value), one(l), one(u)),
            _ => one(value),
        }
    }

    /// An estimate with its interval, all with `decimals`: `0.541 (0.429–0.683)`, or `−0.12 (−0.20 to −0.04)` where there are
    /// minus signs. A single limit that is not there is not reached.
    pub fn with_interval(&self, value: f64, lower: Option<f64>, upper: Option<f64>, decimals: usize) -> String {
        let one = |v: f64| self.decimal(v, decimals);
        if lower.is_none() && upper.is_none() {
            return one(value);
        }
        let limit = |v: Option<f64>| v.map_or_else(|| "not reached".to_string(), one);
        let words = lower.is_none() || upper.is_none() || lower.is_some_and(|l| l < 0.0);
        let between = if words { " to " } else { self.interval };
        format!("{} ({}{between}{})", one(value), limit(lower), limit(upper))
    }

    /// A rate with its interval, in the style of [`NumberStyle::ratio_with_interval`], one decimal from 1 up.
    pub fn rate_with_interval(&self, value: f64, lower: Option<f64>, upper: Option<f64>) -> String {
        let one = |v: f64| self.decimal(v, if v >= 0.995 { 1 } else { 2 });
        match (lower, upper) {
            (Some(l), Some(u)) => format!("{} ({}{}{})", one(value), one(l), self.interval, one(u)),
            _ => one(value),
        }
    }

    /// A probability with its interval, three decimals: `0.826 (0.759–0.892)`.
    pub fn probability_with_interval(&self, value: f64, lower: Option<f64>, upper: Option<f64>) -> String {
        let one = |v: f64| self.decimal(v, 3);
        match (lower, upper) {
            (Some(l), Some(u)) => format!("{} ({}{}{})", one(value), one(l), self.interval, one(u)),
            _ => one(value),
        }
    }

    /// A time to event with its interval, as precise as data have it: `270 (212–310)`, `426 (348–not reached)`.
    pub fn time_with_interval(&self, value: f64, lower: Option<f64>, upper: Option<f64>) -> String {
        let one = |v: Option<f64>| v.map_or("not reached".to_string(), |v| self.number(v));
        if lower.is_none() && upper.is_none() {
            return self.number(value);
        }
        format!("{} ({}{}{})", self.number(value), one(lower), self.interval, one(upper))
    }

    /// A number with as many decimals as it has, at most three: `365`, `0.5`, `365.25`.
    pub fn number(&self, value: f64) -> String {
        let text = self.decimal(value, 3);
        match text.contains(self.decimal_mark) {
            true => text.trim_end_matches('0').trim_end_matches(self.decimal_mark).to_string(),
            false => text,
        }
    }

    /// A P value: `<0.001`, `0.034`, `>0.999`.
    pub fn p(&self, value: f64) -> String {
        let largest = 1.0 - self.smallest_p;
        if value < self.smallest_p {
            format!("<{}", self.decimal(self.smallest_p, self.p_decimals))
        } else if value > largest {
            format!(">{}", self.decimal(largest, self.p_decimals))
        } else {
            self.decimal(value, self.p_decimals)
        }
    }

    /// Degrees of freedom: whole where they are whole.
    pub fn df(&self, value: f64) -> String {
        self.decimal(value, if value.fract() == 0.0 { 0 } else { 2 })
    }

    fn scientific(&self, value: f64) -> String {
        format!("{value:.1e}").replace('.', self.decimal_mark)
    }

    fn group(&self, digits: &str) -> String {
        if self.thousands.is_empty() || digits.len() <= 3 {
            return digits.to_string();
        }
        let head = digits.len() % 3;
        let mut out = digits[..head].to_string();
        for (i, chunk) in digits.as_bytes()[head..].chunks(3).enumerate() {
            if i > 0 || head > 0 {
                out.push_str(self.thousands);
            }
            out.extend(chunk.iter().map(|&b| char::from(b)));
        }
        out
    }
}

impl Default for NumberStyle {
    fn default() -> NumberStyle {
        NumberStyle::ENGLISH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: NumberStyle = NumberStyle::ENGLISH;

    #[test]
    fn groups_digits_by_three() {
        assert_eq!(
            [0, 999, 1000, 12_345, 123_456, 1_234_567].map(|v| S.count(v)),
            ["0", "999", "1,000", "12,345", "123,456", "1,234,567"]
        );
        assert_eq!(S.decimal(-1234.5, 2), "−1,234.50");
        assert_eq!(S.decimal(-0.0001, 2), "0.00");
    }

    #[test]
    fn a_p_value_is_never_zero_or_one() {
        assert_eq!(
            [0.0, 1e-300, 0.000_999, 0.001, 0.0346, 0.9994, 1.0].map(|p| S.p(p)),
            ["<0.001", "<0.001", "<0.001", "0.001", "0.035", ">0.999", ">0.999"]
        );
    }

    #[test]
    fn ratios_keep_about_three_digits() {
        assert_eq!(
            [0.0, 2e-9, 0.001_23, 0.012_34, 0.1234, 1.005, 9.999, 99.99, 123.4, 2.5e7].map(|v| S.ratio(v)),
            ["0", "2.0e-9", "0.0012", "0.012", "0.12", "1.00", "10.0", "100", "123", "2.5e7"]
        );
        assert_eq!(S.ratio_with_interval(1.234, Some(1.1), Some(1.38)), "1.23 (1.10–1.38)");
        assert_eq!(S.ratio_with_interval(1.234, None, Some(1.38)), "1.23");
    }

    #[test]
    fn an_interval_says_what_is_not_reached() {
        let s = NumberStyle::ENGLISH;
        assert_eq!(s.with_interval(0.54101, Some(0.42876), Some(0.68266), 3), "0.541 (0.429–0.683)");
        assert_eq!(s.with_interval(-0.1, Some(-0.2), Some(0.0), 1), "−0.1 (−0.2 to 0.0)");
        assert_eq!(s.with_interval(329.0, Some(267.0), None, 0), "329 (267 to not reached)");
    }

    #[test]
    fn another_style_changes_every_mark() {
        let norwegian = NumberStyle { decimal_mark: ",", thousands: "\u{202f}", interval: " til ", ..S };
        assert_eq!(norwegian.ratio_with_interval(1234.5, Some(1.1), Some(2e9)), "1\u{202f}234 (1,10 til 2,0e9)");
        assert_eq!(norwegian.p(0.0), "<0,001");
    }
}
