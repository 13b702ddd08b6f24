//! The description of a study: its person-time by the levels of covariates.

use super::describe_table;
use super::settings::{DescribeSettings, RateSettings, Standard, Tests};
use crate::day::DAYS_PER_YEAR;
use crate::describe::LogRankWeight;
use crate::error::Result;
use crate::loader::join_records;
use crate::pipeline::exits::causes;
use crate::report::Description;
use crate::study::{Describe, Study};
use crate::table::Table;

/// The descriptions that `[describe]` asks for, over the study's person-time.
pub(in crate::pipeline) fn descriptions(study: &Study, wanted: &Describe, table: &Table) -> Result<Vec<Description>> {
    let sides = match wanted.by.as_slice() {
        [] => vec!["1".to_owned()],
        names => names.iter().map(|name| format!("`{name}`")).collect(),
    };
    let named = || wanted.by.iter().chain(&wanted.strata).chain(&wanted.standardise);
    let changing: Vec<&str> =
        study.covariates.values().filter(|c| c.timing.changes()).map(|c| c.name.as_str()).collect();
    // Cuts that no question is about would only make people look as if they entered late.
    let cut = !changing.is_empty() && !named().any(|name| changing.contains(&name.as_str()));
    let joined = cut.then(|| join_records(table, &changing));
    let table = joined.as_ref().unwrap_or(table);
    let competing = causes(study, wanted, table);
    let one = |side: &String| {
        let settings = DescribeSettings { competing: competing.clone(), ..settings(study, wanted, side) };
        let mut description = describe_table(table, &settings)?;
        if settings.competing.is_some() {
            description.remarks.push(format!(
                "Survival and its log-rank test censor at {}; the probability of the event where they compete is its \
                 cumulative incidence.",
                wanted.competing.join(", ")
            ));
        }
        Ok(description)
    };
    sides.iter().map(one).collect()
}

fn settings(study: &Study, wanted: &Describe, side: &str) -> DescribeSettings {
    let strata = match wanted.strata.as_slice() {
        [] => String::new(),
        names => format!(" + strata({})", names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")),
    };
    DescribeSettings {
        id: Some("person".to_owned()),
        level: study.report.level,
        times: wanted.times.clone(),
        quantiles: wanted.quantiles.clone(),
        horizon: wanted.restricted_mean,
        curve: wanted.curves,
        curve_to_draw: !study.report.figures.formats.is_empty(),
        tests: Tests {
            weights: if wanted.log_rank { vec![LogRankWeight::Rho(0.0)] } else { Vec::new() },
            pairwise: None,
        },
        rates: Some(RateSettings {
            per: study.report.rate_per,
            scale: DAYS_PER_YEAR,
            standardise: wanted.standardise.clone(),
            standard: wanted.standard.clone().map_or(Standard::All, Standard::Group),
            ..RateSettings::default()
        }),
        ..DescribeSettings::new(&format!("~ {side}{strata}"))
    }
}
