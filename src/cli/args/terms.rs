//! Flags on terms: values of curves.

use super::MODEL;
use crate::pipeline::RatiosAtRequest;
use clap::Args;

/// Flags on the terms of a formula.
#[derive(Debug, Args)]
pub struct TermArgs {
    /// Hazard ratios of a number at values against a reference value: age=50,60,70@60; may be repeated.
    /// Without values they are percentiles (5, 25, 50, 75, 95) of the records used, without a reference it is the median.
    /// Splines, polynomials and other curves get such a table without this flag.
    #[arg(long = "hr-at", value_name = "VAR=V1,V2@REF", value_parser = parse_ratios_at, help_heading = MODEL)]
    pub hr_at: Vec<RatiosAtRequest>,
}

/// `age=50,60,70@60`, `age=50,60`, `age@60`, `age`.
fn parse_ratios_at(text: &str) -> Result<RatiosAtRequest, String> {
    let wrong = || "expected VAR=V1,V2@REF, such as age=50,60,70@60".to_owned();
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(wrong);
    let (rest, reference) = match text.rsplit_once('@') {
        Some((rest, reference)) => (rest, Some(number(reference)?)),
        None => (text, None),
    };
    let (column, values) = match rest.split_once('=') {
        Some((column, values)) => (column, values.split(',').map(number).collect::<Result<_, _>>()?),
        None => (rest, Vec::new()),
    };
    if column.is_empty() { Err(wrong()) } else { Ok(RatiosAtRequest { column: column.to_owned(), values, reference }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_reference_may_be_left_out() {
        let of = |values: &[f64], reference| {
            Ok(RatiosAtRequest { column: "age".to_owned(), values: values.to_vec(), reference })
        };
        assert_eq!(parse_ratios_at("age=50,60,70@60"), of(&[50.0, 60.0, 70.0], Some(60.0)));
        assert_eq!(parse_ratios_at("age=50, 60"), of(&[50.0, 60.0], None));
        assert_eq!(parse_ratios_at("age@-1.5"), of(&[], Some(-1.5)));
        assert_eq!(parse_ratios_at("age"), of(&[], None));
        assert!(parse_ratios_at("age=old").is_err() && parse_ratios_at("=3").is_err());
    }
}
