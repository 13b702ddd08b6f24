//! How numbers are written: counts, person-years, rates, hazard ratios, P values.
//!
//! A [`NumberStyle`] is data, so that a journal's style is one more value of it. Machine-readable files do not come
//! here: they hold the shortest text that reads back as the same number.

use crate::house_style::{Language, Style};

/// Marks and decimals of one house style.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberStyle {
    /// The language of the words among numbers: `1 (reference)`, `not reached`.
    pub language: Language,
    /// Between whole part and decimals.
    pub decimal_mark: &'static str,
    /// Between groups of three digits; empty for none.
    pub thousands: &'static str,
    /// Whole parts of fewer digits are not grouped.
    pub grouped_from: usize,
    /// Between the limits of an interval, unless one of them has a minus sign: then there is a word.
    pub interval: &'static str,
    /// Decimals of hazard ratios and their limits.
    pub ratios: RatioRule,
    /// P values.
    pub p: PRule,
    /// Between a number and its percent sign.
    pub percent_space: &'static str,
}

/// Decimals of a positive ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RatioRule {
    /// Two decimals from 0.1 to 10, one to 100, none above; three or four under 0.1.
    AboutThreeDigits,
    /// Two significant digits when the first one is 4 or more, else three; for ratios and limits alike, each by its own
    /// size. Source: Cole 2015, BMJ 350:h1845, doi 10.1136/bmj.h1845.
    Four,
}

/// How P values are written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PRule {
    /// The letter: `P`, `p`.
    pub letter: &'static str,
    /// Around `=` and `<` after the letter.
    pub space: &'static str,
    /// Values under this are written as "less than" it; never as 0.
    pub smallest: f64,
    /// Decimals.
    pub decimals: PDecimals,
    /// Whether a zero stands before the decimal mark.
    pub leading_zero: bool,
}

/// Decimals of a P value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PDecimals {
    /// Always three.
    Three,
    /// Two from 0.01 up, three below.
    TwoOrThree,
    /// The same, and three also where two would round to 0.05.
    TwoOrThreeNearFive,
    /// Two significant digits, at most so many decimals.
    TwoSignificant(usize),
}

/// Limits beyond this, or under one by this for a ratio, only say so: how far an interval of next to no information runs is
/// no finding, and prints as 16 digits.
pub const FARTHEST: f64 = 1000.0;

/// Narrow and not to be broken at.
const THIN_SPACE: &str = "\u{202f}";

impl NumberStyle {
    /// Of no journal: decimal point, commas between thousands, en dash between limits, P with three decimals.
    pub const ENGLISH: NumberStyle = NumberStyle {
        language: Language::English,
        decimal_mark: ".",
        thousands: ",",
        grouped_from: 4,
        interval: "–",
        ratios: RatioRule::AboutThreeDigits,
        p: PRule { letter: "P", space: " ", smallest: 0.001, decimals: PDecimals::Three, leading_zero: true },
        percent_space: "",
    };

    /// The style of that name with words of the language.
    ///
    /// | style | source of its rules |
    /// |---|---|
    /// | `bmj` | rule of four: Cole 2015, doi 10.1136/bmj.h1845; `to` between limits, thin spaces from five digits: as its research papers print (`1.28 to 3.35`, `48 582`: doi 10.1136/bmj.b929; `59 616` beside `6091`: doi 10.1136/bmj.g3617), its house style (bmj.com, "House style") names neither; exact P to two significant digits, at most three decimals: from papers too, not confirmed by a rule |
    /// | `nejm` | journal's statistical reporting guidelines: P above 0.01 with two decimals, to 0.001 with three |
    /// | `ama` | AMA Manual of Style, 11th edition, 17.4.3, 18.7.1 and 19.5 ("Visual presentation of data": P with two decimals, three where they would be zeros, `<.001` below): no zero before the decimals of P; thin spaces from five digits |
    /// | `lancet` | "Formatting guidelines for electronic submission of manuscripts" (thelancet.com): mid-line decimal point, `23·4`; `p=0·0003`, `p=0·07`, and thin spaces from five digits, `20 536` beside `1328`: as its papers print (doi 10.1016/S0140-6736(02)09327-3), `p<0·0001` and a dash between limits (the same trial's follow-up of 2011); that P has two significant digits is not confirmed by a rule |
    /// | `norwegian` | Språkrådet, "Tall" (sprakradet.no): groups of three by spaces, decimal comma, space before %; Tidsskrift for Den norske legeforening, "Talluttrykk" (tidsskriftet.no): numbers from 1000 in groups, `p < 0,01`. The journal itself has no space before % |
    pub fn of(style: Style, language: Language) -> NumberStyle {
        let plain = NumberStyle { language, ..NumberStyle::ENGLISH };
        let two_or_three = PRule { decimals: PDecimals::TwoOrThree, ..plain.p };
        match style {
            Style::Plain => plain,
            Style::Bmj => NumberStyle {
                thousands: THIN_SPACE,
                grouped_from: 5,
                interval: plain.to(),
                ratios: RatioRule::Four,
                p: PRule { space: "", decimals: PDecimals::TwoSignificant(3), ..plain.p },
                ..plain
            },
            Style::Nejm => {
                NumberStyle { grouped_from: 5, interval: plain.to(), p: PRule { space: "", ..two_or_three }, ..plain }
            }
            Style::Ama => NumberStyle {
                thousands: THIN_SPACE,
                grouped_from: 5,
                interval: "-",
                p: PRule { decimals: PDecimals::TwoOrThreeNearFive, leading_zero: false, ..plain.p },
                ..plain
            },
            Style::Lancet => NumberStyle {
                decimal_mark: "·",
                thousands: THIN_SPACE,
                grouped_from: 5,
                p: PRule {
                    letter: "p",
                    space: "",
                    smallest: 0.0001,
                    decimals: PDecimals::TwoSignificant(4),
                    ..plain.p
                },
                ..plain
            },
            Style::Norwegian => {
                let p = PRule { letter: "p", ..plain.p };
                NumberStyle { decimal_mark: ",", thousands: THIN_SPACE, percent_space: THIN_SPACE, p, ..plain }
            }
        }
    }

    /// Between limits where a dash would run into a minus sign.
    fn to(&self) -> &'static str {
        match self.language {
            Language::English => " to ",
            Language::Bokmal => " til ",
        }
    }

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

    /// A positive ratio by the style's rule; powers of ten beyond 10⁻⁴ and 10⁶.
    pub fn ratio(&self, value: f64) -> String {
        match value {
            0.0 => "0".to_string(),
            v if !(1e-4..1e6).contains(&v) => self.scientific(v),
            v => self.decimal(v, self.ratios.decimals(v)),
        }
    }

    /// A ratio with its interval, `1.23 (1.10–1.38)`; the ratio alone without limits. A limit beyond [`FARTHEST`] only says
    /// that: `0.94 (0.003 to >1000)`.
    pub fn ratio_with_interval(&self, value: f64, lower: Option<f64>, upper: Option<f64>) -> String {
        let (Some(l), Some(u)) = (lower, upper) else { return self.ratio(value) };
        let limit = |v: f64| match v {
            v if v > FARTHEST => format!(">{}", self.decimal(FARTHEST, 0)),
            v if v < 1.0 / FARTHEST => format!("<{}", self.decimal(1.0 / FARTHEST, 3)),
            v => self.ratio(v),
        };
        let between = if u > FARTHEST || l < 1.0 / FARTHEST { self.to() } else { self.interval };
        format!("{} ({}{between}{})", self.ratio(value), limit(l), limit(u))
    }

    /// A number that may be negative, with its interval: `−0.31 (−1.20 to 0.58)`. The word keeps minus signs apart; a limit
    /// beyond [`FARTHEST`] only says that.
    pub fn measure_with_interval(&self, value: f64, lower: Option<f64>, upper: Option<f64>) -> String {
        let one = |v: f64| self.decimal(v, if v.abs() >= 99.95 { 0 } else { 2 });
        let limit = |v: f64| match v {
            v if v > FARTHEST => format!(">{}", self.decimal(FARTHEST, 0)),
            v if v < -FARTHEST => format!("<{}", self.decimal(-FARTHEST, 0)),
            v => one(v),
        };
        match (lower, upper) {
            (Some(l), Some(u)) => format!("{} ({}{}{})", one(value), limit(l), self.to(), limit(u)),
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
        let limit = |v: Option<f64>| v.map_or_else(|| self.language.not_reached().to_string(), one);
        let words = lower.is_none() || upper.is_none() || lower.is_some_and(|l| l < 0.0);
        let between = if words { self.to() } else { self.interval };
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
        let one = |v: Option<f64>| v.map_or(self.language.not_reached().to_string(), |v| self.number(v));
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

    /// A value of a covariate, with six significant digits at most: `20.3917`, `1985`. Not in groups of three: it may be a year.
    pub fn value(&self, value: f64) -> String {
        let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
        rounded.to_string().replace('.', self.decimal_mark).replace('-', "−")
    }

    /// Between numbers of a list, where a comma may be their decimal mark.
    pub fn list_mark(&self) -> &'static str {
        if self.decimal_mark == "," { "; " } else { ", " }
    }

    /// A P value: `<0.001`, `0.034`, `>0.999`.
    pub fn p(&self, value: f64) -> String {
        let rule = &self.p;
        let (largest, decimals) = if rule.decimals == PDecimals::Three { (0.999, 3) } else { (0.99, 2) };
        let text = match value {
            v if v < rule.smallest => format!("<{}", self.decimal(rule.smallest, rule.smallest_decimals())),
            v if v > largest => format!(">{}", self.decimal(largest, decimals)),
            v => self.decimal(v, rule.decimals.of(v)),
        };
        if rule.leading_zero { text } else { text.replacen(&format!("0{}", self.decimal_mark), self.decimal_mark, 1) }
    }

    /// A P value with its letter: `P = 0.034`, `p<0·0001`.
    pub fn p_equals(&self, value: f64) -> String {
        let (letter, space, text) = (self.p.letter, self.p.space, self.p(value));
        match text.strip_prefix(['<', '>']) {
            Some(number) => format!("{letter}{space}{}{space}{number}", &text[..1]),
            None => format!("{letter}{space}={space}{text}"),
        }
    }

    /// A share as a percentage with one decimal, without the sign: `12.3`.
    pub fn percent(&self, share: f64) -> String {
        self.decimal(100.0 * share, 1)
    }

    /// A confidence level or quantile as `95%`, `99.9%`, `95 %`.
    pub fn level(&self, level: f64) -> String {
        let text = format!("{:.4}", 100.0 * level);
        let digits = text.trim_end_matches('0').trim_end_matches('.').replace('.', self.decimal_mark);
        format!("{digits}{}%", self.percent_space)
    }

    /// Degrees of freedom: whole where they are whole.
    pub fn df(&self, value: f64) -> String {
        self.decimal(value, if value.fract() == 0.0 { 0 } else { 2 })
    }

    fn scientific(&self, value: f64) -> String {
        format!("{value:.1e}").replace('.', self.decimal_mark)
    }

    fn group(&self, digits: &str) -> String {
        if self.thousands.is_empty() || digits.len() < self.grouped_from.max(4) {
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

impl RatioRule {
    /// Decimals of a positive number of ordinary size.
    fn decimals(self, value: f64) -> usize {
        match self {
            RatioRule::AboutThreeDigits => match value {
                v if v >= 99.95 => 0,
                v if v >= 9.995 => 1,
                v if v >= 0.0995 => 2,
                v if v >= 0.00995 => 3,
                _ => 4,
            },
            RatioRule::Four => {
                // 0.4 to 4 has two decimals, and so on by powers of ten.
                let power = (value / 4.0).log10().floor();
                (1.0 - power).max(0.0) as usize
            }
        }
    }
}

impl PRule {
    /// Decimals of the smallest value that is written out.
    fn smallest_decimals(&self) -> usize {
        (-self.smallest.log10()).round() as usize
    }
}

impl PDecimals {
    /// Decimals of a value between the smallest and the largest that are written out.
    fn of(self, value: f64) -> usize {
        match self {
            PDecimals::Three => 3,
            PDecimals::TwoOrThreeNearFive if (0.045..0.055).contains(&value) => 3,
            PDecimals::TwoOrThree | PDecimals::TwoOrThreeNearFive => {
                if value < 0.01 {
                    3
                } else {
                    2
                }
            }
            PDecimals::TwoSignificant(most) => ((1.0 - value.log10().floor()) as usize).min(most),
        }
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
    fn values_of_covariates_are_not_grouped() {
        let norwegian = NumberStyle::of(Style::Norwegian, Language::Bokmal);
        assert_eq!([2012.0, 40.161_234, 1e6, -0.5].map(|v| S.value(v)), ["2012", "40.1612", "1000000", "−0.5"]);
        assert_eq!([2012.0, 40.161_234].map(|v| norwegian.value(v)), ["2012", "40,1612"]);
        assert_eq!((S.list_mark(), norwegian.list_mark()), (", ", "; "));
    }

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

    /// One line of every kind of number in a style; thin spaces shown as `_`.
    fn sampler(style: Style) -> String {
        let s = NumberStyle::of(style, style_language(style));
        let p = [0.00004, 0.0007, 0.0041, 0.034, 0.0496, 0.2345, 0.9971].map(|p| s.p(p)).join(" ");
        let ratios = [0.0432, 0.2345, 0.412, 1.2345, 3.996, 5.678, 23.45].map(|r| s.ratio(r)).join(" ");
        let lines = [
            format!("{} {} {}", s.count(4321), s.count(1_234_567), s.decimal(-12.5, 1)),
            ratios,
            s.ratio_with_interval(1.234, Some(0.3456), Some(4.321)),
            s.measure_with_interval(-0.31, Some(-1.2), Some(0.58)),
            s.time_with_interval(426.0, Some(348.0), None),
            p,
            format!("{} {} {}", s.p_equals(0.034), s.p_equals(0.0), s.level(0.95)),
        ];
        lines.join("\n").replace(THIN_SPACE, "_")
    }

    fn style_language(style: Style) -> Language {
        if style == Style::Norwegian { Language::Bokmal } else { Language::English }
    }

    #[test]
    fn journals_write_their_own_way() {
        let expected = [
            (
                Style::Plain,
                "4,321 1,234,567 −12.5\n0.043 0.23 0.41 1.23 4.00 5.68 23.4\n1.23 (0.35–4.32)\n−0.31 (−1.20 to 0.58)\n\
                 426 (348–not reached)\n<0.001 <0.001 0.004 0.034 0.050 0.234 0.997\nP = 0.034 P < 0.001 95%",
            ),
            (
                Style::Bmj,
                "4321 1_234_567 −12.5\n0.043 0.234 0.41 1.23 4.00 5.7 23.4\n1.23 (0.346 to 4.3)\n−0.31 (−1.20 to 0.58)\n\
                 426 (348 to not reached)\n<0.001 <0.001 0.004 0.034 0.050 0.23 >0.99\nP=0.034 P<0.001 95%",
            ),
            (
                Style::Nejm,
                "4321 1,234,567 −12.5\n0.043 0.23 0.41 1.23 4.00 5.68 23.4\n1.23 (0.35 to 4.32)\n−0.31 (−1.20 to 0.58)\n\
                 426 (348 to not reached)\n<0.001 <0.001 0.004 0.03 0.05 0.23 >0.99\nP=0.03 P<0.001 95%",
            ),
            (
                Style::Ama,
                "4321 1_234_567 −12.5\n0.043 0.23 0.41 1.23 4.00 5.68 23.4\n1.23 (0.35-4.32)\n−0.31 (−1.20 to 0.58)\n\
                 426 (348-not reached)\n<.001 <.001 .004 .03 .050 .23 >.99\nP = .03 P < .001 95%",
            ),
            (
                Style::Lancet,
                "4321 1_234_567 −12·5\n0·043 0·23 0·41 1·23 4·00 5·68 23·4\n1·23 (0·35–4·32)\n−0·31 (−1·20 to 0·58)\n\
                 426 (348–not reached)\n<0·0001 0·0007 0·0041 0·034 0·050 0·23 >0·99\np=0·034 p<0·0001 95%",
            ),
            (
                Style::Norwegian,
                "4_321 1_234_567 −12,5\n0,043 0,23 0,41 1,23 4,00 5,68 23,4\n1,23 (0,35–4,32)\n−0,31 (−1,20 til 0,58)\n\
                 426 (348–ikke nådd)\n<0,001 <0,001 0,004 0,034 0,050 0,234 0,997\np = 0,034 p < 0,001 95_%",
            ),
        ];
        for (style, text) in expected {
            assert_eq!(sampler(style), text, "{style:?}");
        }
    }

    #[test]
    fn a_limit_that_runs_away_says_only_that() {
        let of = |l, u| NumberStyle::ENGLISH.ratio_with_interval(0.5, Some(l), Some(u));
        assert_eq!(of(0.0002, 0.9), "0.50 (<0.001 to 0.90)");
        assert_eq!(of(0.0011, 1e16), "0.50 (0.0011 to >1,000)");
        assert_eq!(of(0.2, 1000.0), "0.50 (0.20–1,000)");
        let of = |l, u| NumberStyle::ENGLISH.measure_with_interval(-0.5, Some(l), Some(u));
        assert_eq!(of(-2e9, 3e9), "−0.50 (<−1,000 to >1,000)");
    }

    /// The ranges that the paper gives.
    #[test]
    fn the_rule_of_four_keeps_its_ranges() {
        let bmj = NumberStyle::of(Style::Bmj, Language::English);
        let of = [0.0401, 0.3994, 0.401, 3.99, 4.01, 39.9, 40.1, 399.0].map(|r| bmj.ratio(r));
        assert_eq!(of, ["0.040", "0.399", "0.40", "3.99", "4.0", "39.9", "40", "399"]);
    }
}
