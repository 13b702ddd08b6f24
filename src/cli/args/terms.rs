//! Flags on terms: values of curves, merged levels.

use super::MODEL;
use crate::design::Collapse;
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

    /// Merge levels of VAR under a new name, before all else: region=north:a,b;south:c. Levels not named stay as they
    /// are, a new level stands where its first one stood; --ref and --levels use the new names. May be repeated.
    #[arg(long, value_name = "VAR=NEW:a,b;NEW:c", value_parser = parse_collapse, help_heading = MODEL)]
    pub collapse: Vec<CollapseList>,
}

/// The merged levels of one `--collapse`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollapseList(pub Vec<Collapse>);

/// `region=north:a,b;south:c`.
fn parse_collapse(text: &str) -> Result<CollapseList, String> {
    let wrong = || "expected VAR=NEW:a,b;NEW:c, such as region=north:a,b".to_owned();
    let (column, rules) = text.split_once('=').filter(|(column, _)| !column.is_empty()).ok_or_else(wrong)?;
    let rule = |rule: &str| {
        let (level, of) = rule.split_once(':').ok_or_else(wrong)?;
        let of: Vec<String> = of.split(',').map(|l| l.trim().to_owned()).collect();
        let level = level.trim().to_owned();
        if level.is_empty() || of.iter().any(String::is_empty) {
            return Err(wrong());
        }
        Ok(Collapse { column: column.to_owned(), level, of })
    };
    rules.split(';').map(rule).collect::<Result<_, _>>().map(CollapseList)
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
    fn values_references_and_merged_levels() {
        let of = |values: &[f64], reference| {
            Ok(RatiosAtRequest { column: "age".to_owned(), values: values.to_vec(), reference })
        };
        assert_eq!(parse_ratios_at("age=50,60,70@60"), of(&[50.0, 60.0, 70.0], Some(60.0)));
        assert_eq!(parse_ratios_at("age=50, 60"), of(&[50.0, 60.0], None));
        assert_eq!(parse_ratios_at("age@-1.5"), of(&[], Some(-1.5)));
        assert_eq!(parse_ratios_at("age"), of(&[], None));
        let rule = |level: &str, of: &[&str]| Collapse {
            column: "region".to_owned(),
            level: level.to_owned(),
            of: of.iter().map(|l| (*l).to_owned()).collect(),
        };
        let rules = vec![rule("north", &["a", "b c"]), rule("south", &["d"])];
        assert_eq!(parse_collapse("region=north: a, b c; south:d"), Ok(CollapseList(rules)));
        assert!(parse_collapse("region=north").is_err() && parse_collapse("region=north:a,").is_err());
        assert!(parse_ratios_at("age=old").is_err() && parse_ratios_at("=3").is_err());
    }
}
