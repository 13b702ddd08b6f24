//! What a report says of terms: knots and constants of curves, hazard ratios along them, merged levels.

use super::is_false;
use super::number::NumberStyle;
use super::ratio::Ratio;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The functions of a number that a model used, with the constants that give them for any value.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BasisUsed {
    /// As the formula spells it: `ns(age, df = 3)`.
    pub variable: String,
    /// The data's column when it is made of one.
    pub column: Option<String>,
    /// `natural_spline`, `b_spline`, `restricted_cubic_spline` or `polynomial`.
    pub kind: String,
    /// Degree of the pieces, or of the polynomial.
    pub degree: usize,
    /// Whether the constant is among the columns (`intercept = TRUE`).
    #[serde(skip_serializing_if = "is_false")]
    pub intercept: bool,
    /// Inner knots of `ns` and `bs`, all knots of `rcs`.
    pub knots: Vec<Knot>,
    /// Boundary knots of `ns` and `bs`: two or none.
    pub boundary: Vec<Knot>,
    /// Orthogonal polynomials: α of their recursion.
    pub alpha: Vec<Option<f64>>,
    /// Orthogonal polynomials: 1, the number of records, and the sums of squares.
    pub norm2: Vec<Option<f64>>,
}

/// A knot.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Knot {
    /// Where it is.
    pub value: Option<f64>,
    /// Records that have exactly this value, for a knot that the data placed; `None` for one that was written out.
    pub records: Option<u64>,
    /// Whether disclosure control hid it.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// Hazard ratios of one column along its curve.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RatiosAt {
    /// The data's column.
    pub column: String,
    /// What tables print; the column when empty.
    pub label: String,
    /// The terms that it enters, all of which move.
    pub terms: Vec<String>,
    /// Where variables in products with it are held.
    pub held: Vec<Held>,
    /// The value that the others are compared with.
    pub reference: Option<f64>,
    /// Records with exactly the reference, where it is the median; `None` where it was chosen.
    pub reference_records: Option<u64>,
    /// One per value, ascending.
    pub points: Vec<RatioAt>,
    /// The curve between the first and the last of these values, for its figure; nothing of it leaves under a profile that
    /// hides, because its ends and its bends are values of few persons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<CurveRatio>,
}

/// Where a variable is held while a number moves: a factor at a level, a number at its median or another value.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Held {
    /// As the formula spells it, or the data's column of a number.
    pub variable: String,
    /// What tables print; the variable when empty.
    pub label: String,
    /// The level of a factor.
    pub level: Option<String>,
    /// What tables print; the level when empty.
    pub level_label: String,
    /// The value of a number; `None` where disclosure control took it away.
    pub value: Option<f64>,
    /// Whether the value is the median of the used records.
    pub median: bool,
}

/// A hazard ratio at a place of a curve: a value of a number, or a time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CurveRatio {
    /// The value or the time.
    pub at: f64,
    /// Hazard ratio.
    pub hr: Option<f64>,
    /// Lower limit.
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
}

/// The hazard ratio at one value.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RatioAt {
    /// The value.
    pub value: Option<f64>,
    /// Which quantile of the used records it is (0.05); `None` where it was chosen.
    pub quantile: Option<f64>,
    /// Records with exactly this value, where it is a quantile.
    pub records: Option<u64>,
    /// Whether this is the reference.
    pub reference: bool,
    /// The comparison with the reference.
    #[serde(flatten)]
    pub ratio: Ratio,
    /// Whether disclosure control hid it.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// A level made of others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Collapsed {
    /// The variable.
    pub variable: String,
    /// The new level.
    pub level: String,
    /// The levels that it took.
    pub of: Vec<CollapsedLevel>,
}

/// A level that was merged into another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CollapsedLevel {
    /// As it stands in the data.
    pub level: String,
    /// Records of the model that have it; `None` where disclosure control took the number away.
    pub records: Option<u64>,
}

impl Collapsed {
    /// `region: north is made of a (12 records), b (3 records)`.
    pub fn sentence(&self, style: &NumberStyle) -> String {
        let w = style.language;
        let one = |of: &CollapsedLevel| match of.records {
            None => of.level.clone(),
            Some(1) => format!("{} ({})", of.level, w.one_record()),
            Some(n) => format!("{} ({})", of.level, w.n_records(style.count(n))),
        };
        let of: Vec<String> = self.of.iter().map(one).collect();
        w.made_of(&self.variable, &self.level, of.join(", "))
    }
}

impl RatiosAt {
    /// What tables call the column.
    pub fn title(&self) -> &str {
        super::label_or(&self.label, &self.column)
    }
}

impl Held {
    /// `Sex at Men`, `bmi at its median 24.15`; `bmi at its median` without its value.
    pub fn sentence(&self, style: &NumberStyle) -> String {
        let w = style.language;
        let title = super::label_or(&self.label, &self.variable);
        let value = self.value.map(|x| style.value(x)).unwrap_or_default();
        match &self.level {
            Some(level) => w.held_at(title, super::label_or(&self.level_label, level)),
            None if self.median && value.is_empty() => w.held_at_median(title, ""),
            None if self.median => w.held_at_median(title, format!(" {value}")),
            None => w.held_at(title, value),
        }
    }
}

impl BasisUsed {
    /// `ns(age, df = 3): inner knots 56, 69; boundary 39, 82`, with six significant digits.
    pub fn sentence(&self, style: &NumberStyle, marker: &str) -> String {
        let w = style.language;
        let list = |knots: &[Knot]| {
            let one = |k: &Knot| k.value.filter(|_| !k.hidden).map_or(marker.to_string(), |x| style.value(x));
            knots.iter().map(one).collect::<Vec<_>>().join(style.list_mark())
        };
        let what = match self.kind.as_str() {
            "restricted_cubic_spline" => w.knots(list(&self.knots)),
            "polynomial" if self.alpha.is_empty() => w.powers_up_to(self.degree),
            "polynomial" => w.orthogonal_polynomials(self.degree),
            _ if self.knots.is_empty() => w.no_inner_knots().to_string(),
            _ => w.inner_knots(list(&self.knots)),
        };
        let boundary = match self.boundary.as_slice() {
            [] => String::new(),
            knots => w.boundary_knots(list(knots)),
        };
        format!("{}: {what}{boundary}", self.variable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house_style::{Language, Style};

    fn knots(values: &[f64]) -> Vec<Knot> {
        values.iter().map(|x| Knot { value: Some(*x), ..Knot::default() }).collect()
    }

    #[test]
    fn a_line_names_the_knots() {
        let mut used = BasisUsed {
            variable: "ns(age, df = 3)".into(),
            kind: "natural_spline".into(),
            knots: knots(&[56.0, 68.0 + 2.0 / 3.0]),
            boundary: knots(&[39.0, 82.0]),
            ..BasisUsed::default()
        };
        assert_eq!(
            used.sentence(&NumberStyle::ENGLISH, "."),
            "ns(age, df = 3): inner knots 56, 68.6667; boundary 39, 82"
        );
        used.boundary[1].hidden = true;
        assert_eq!(
            used.sentence(&NumberStyle::ENGLISH, "."),
            "ns(age, df = 3): inner knots 56, 68.6667; boundary 39, ."
        );
        let powers =
            BasisUsed { variable: "poly(age, 2, raw = TRUE)".into(), kind: "polynomial".into(), degree: 2, ..used };
        assert!(powers.sentence(&NumberStyle::ENGLISH, ".").starts_with("poly(age, 2, raw = TRUE): powers up to 2"));
    }

    #[test]
    fn what_is_held_is_said_in_the_language() {
        let norwegian = NumberStyle::of(Style::Norwegian, Language::Bokmal);
        let sex = Held {
            variable: "sex".into(),
            label: "Sex".into(),
            level: Some("1".into()),
            level_label: "Men".into(),
            ..Held::default()
        };
        let bmi = Held { variable: "bmi".into(), value: Some(24.15), median: true, ..Held::default() };
        let hidden = Held { value: None, ..bmi.clone() };
        let status = Held { variable: "x at y".into(), value: Some(0.0), ..Held::default() };
        let all = [sex, bmi, hidden, status];
        assert_eq!(
            all.clone().map(|held| held.sentence(&NumberStyle::ENGLISH)),
            ["Sex at Men", "bmi at its median 24.15", "bmi at its median", "x at y at 0"]
        );
        assert_eq!(
            all.map(|held| held.sentence(&norwegian)),
            ["Sex lik Men", "bmi lik medianen 24,15", "bmi lik medianen", "x at y lik 0"]
        );
    }
}
