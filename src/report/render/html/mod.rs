//! One HTML page that holds everything: a contents list, tables, figures, methods, checks and where the numbers come from.
//!
//! It asks the network for nothing (a content security policy forbids it), has no script, and reads well on a phone, on
//! paper and with a screen reader: every table has a caption, heads and row heads with their scope, and footnotes that are
//! links there and back. Wide tables scroll in their own box. What a cell shows is all the page holds of it: no number
//! is hidden in an attribute, so that an output checker sees what leaves.

mod page;
mod table;

use crate::report::Report;
use crate::report::number::NumberStyle;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, context};

const TEMPLATE: &str = include_str!("page.html");
const CSS: &str = include_str!("page.css");

/// The report as one self-contained page.
pub fn page(report: &Report, style: &NumberStyle) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("page", TEMPLATE).expect("the template of this program is a template");
    let template = environment.get_template("page").expect("it was just added");
    let page = page::Page::new(report, style);
    // The rules of style hold no character that HTML would read as markup: tests say so.
    let css = minijinja::Value::from_safe_string(format!("{CSS}{}", page.letters.style()));
    let page = minijinja::Value::from(Serde(page));
    template.render(context! { page, css }).expect("every name in the template is a field of the page")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_needs_no_escape() {
        assert!(!CSS.contains(['<', '&']));
    }
}
