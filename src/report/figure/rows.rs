//! What a forest plot shows, row by row, and how much room it needs.

use super::FigureStyle;
use super::axis::{self, Kind};
use super::font::{self, Weight};
use crate::report::render;
use crate::report::tables::Value;

/// A forest plot before it has a place on paper.
pub(super) struct Forest {
    /// Name of the figure.
    pub id: String,
    /// Title, for the page and for screen readers.
    pub title: String,
    /// Sentences of the caption.
    pub caption: Vec<String>,
    /// Heads of the columns between the label and the estimates.
    pub heads: Vec<String>,
    /// What is drawn beside or under each other; one without a name when there is nothing to tell apart.
    pub series: Vec<String>,
    /// Head of the estimates in numbers: `HR (95% CI)`.
    pub value_head: String,
    /// Title of the axis.
    pub axis_title: String,
    /// Ratios or differences.
    pub kind: Kind,
    /// Where a line stands for no effect.
    pub null: Option<f64>,
    /// The rows, in order.
    pub rows: Vec<Row>,
}

/// A row of a forest plot.
pub(super) enum Row {
    /// Head of the rows that follow.
    Group(String),
    /// Estimates.
    Item(Item),
}

/// A row of estimates.
pub(super) struct Item {
    /// What it is about.
    pub label: String,
    /// Whether it stands under a head.
    pub indented: bool,
    /// As many as there are heads.
    pub texts: Vec<String>,
    /// As many as there are series.
    pub values: Vec<Value>,
}

/// Estimate, if it is finite, and limits, as far as they exist; `None` where nothing is drawn but perhaps a reference.
pub(super) fn drawn(value: &Value) -> Option<(Option<f64>, Option<f64>, Option<f64>)> {
    match value {
        Value::Ratio(v, lower, upper) | Value::Measure(v, lower, upper) | Value::Probability(v, lower, upper) => {
            Some((Some(*v), *lower, *upper))
        }
        Value::Interval(v, lower, upper, _) => Some((Some(*v), *lower, *upper)),
        Value::Diverged(true, limit) => limit.map(|l| (None, Some(l), None)),
        Value::Diverged(false, limit) => limit.map(|l| (None, None, Some(l))),
        _ => None,
    }
}

impl Forest {
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.rows.iter().filter_map(|row| if let Row::Item(item) = row { Some(item) } else { None })
    }

    pub fn intervals(&self) -> Vec<axis::Interval> {
        let all = self.items().flat_map(|i| &i.values).filter_map(drawn);
        all.filter_map(|(estimate, lower, upper)| estimate.map(|v| (v, lower, upper))).collect()
    }

    /// Width of the estimates in numbers.
    pub fn value_width(&self, style: &FigureStyle, size: f64) -> f64 {
        let texts = self.items().flat_map(|i| &i.values).map(|v| render::display(v, &style.numbers));
        let own = texts.map(|t| font::width(&t, Weight::Regular, size)).fold(0.0, f64::max);
        own.max(font::width(&self.value_head, Weight::Bold, size))
    }

    pub fn text_width(&self, column: usize, size: f64) -> f64 {
        let own = self.items().map(|i| font::width(&i.texts[column], Weight::Regular, size)).fold(0.0, f64::max);
        let head = self.heads[column].split('\n').map(|h| font::width(h, Weight::Bold, size));
        head.fold(own, f64::max)
    }

    /// Width of the widest head of a group; it may reach over the columns of numbers.
    pub fn head_width(&self, size: f64) -> f64 {
        let heads = self.rows.iter().filter_map(|r| if let Row::Group(name) = r { Some(name) } else { None });
        font::widest(heads, Weight::Bold, size) + 0.01
    }

    /// Labels get what they need, up to a share of the room that text columns leave; longer ones wrap.
    pub fn label_width(&self, size: f64, most: f64) -> f64 {
        let items = self.items().map(|i| {
            let indent = if i.indented { size } else { 0.0 };
            indent + font::width(&i.label, Weight::Regular, size)
        });
        items.fold(0.0, f64::max).min(most) + 0.01
    }
}
