//! Names of extracts, columns, code lists and covariates.

use crate::study::Span;
use crate::study::spec::Faults;

/// Names that every person-time table has.
const RESERVED: [&str; 6] = ["person", "entry", "exit", "event", "exit_reason", "index_date"];

/// Checks that a name can stand in conditions and formulas without quoting.
pub fn check(name: &str, span: &Span, faults: &Faults) {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !plain || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let remedy = "use letters a-z, digits and _, a letter first";
        faults.add(span, format!("`{name}` cannot be a name"), remedy);
    }
}

/// Checks that a covariate's name is not one of the person-time table's own.
pub fn check_reserved(name: &str, span: &Span, faults: &Faults) {
    if RESERVED.contains(&name) {
        let rule = format!("`{name}` is a column of every person-time table");
        faults.add(span, rule, "choose another name for the covariate");
    }
}
