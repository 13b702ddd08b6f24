//! Flags of data files that every command on one shares: which rows, what columns mean, how the file is read.

use super::{MissingArg, NearTiesArg, YesNo, parse_assignment, parse_level, parse_levels};
use crate::design::Missing;
use crate::engine::NearTies;
use crate::error::{Error, Result};
use crate::loader::{FlatOptions, encoding_named};
use crate::study::Decimal;
use clap::Args;

/// Head of the flags on records.
const RECORDS: &str = "Records (data file; a study file holds the same as keys)";
/// Head of the flags on the file.
const READING: &str = "Reading a data file";

/// Which records, and how they are read.
#[derive(Debug, Default, Args)]
pub struct DataArgs {
    /// Keep only the rows for which this SQL condition holds, e.g. "etype = 2 AND age >= 18"
    #[arg(long = "where", value_name = "SQL", help_heading = RECORDS)]
    pub filter: Option<String>,

    /// Column of case weights
    #[arg(long, value_name = "COL", help_heading = RECORDS)]
    pub weights: Option<String>,

    /// Column of clusters; the robust variance then sums over them
    #[arg(long, value_name = "COL", help_heading = RECORDS)]
    pub cluster: Option<String>,

    /// Column that says which person a record belongs to (persons are then counted, and a person with several events makes the variance robust, as in R)
    #[arg(long, value_name = "COL", help_heading = RECORDS)]
    pub id: Option<String>,

    /// Robust (sandwich) variance; the default with --cluster and with weights that are not whole numbers
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, default_missing_value = "yes", value_enum, help_heading = RECORDS)]
    pub robust: Option<YesNo>,

    /// Reference level of a factor; may be repeated. It comes first, as with R's relevel(), in tables of groups too
    #[arg(long = "ref", value_name = "VAR=LEVEL", value_parser = parse_assignment, help_heading = RECORDS)]
    pub reference: Vec<(String, String)>,

    /// Treat VAR as a factor with these levels in this order, the first the reference; may be repeated.
    /// Values that are not listed count as missing, and are counted.
    #[arg(long, value_name = "VAR=a,b,c", value_parser = parse_levels, help_heading = RECORDS)]
    pub levels: Vec<(String, Vec<String>)>,

    /// What happens to a record with a missing value [default: drop]
    #[arg(long, value_enum, value_name = "RULE", help_heading = RECORDS)]
    pub missing: Option<MissingArg>,

    /// Confidence level [default: 0.95]
    #[arg(long, value_name = "L", value_parser = parse_level, help_heading = RECORDS)]
    pub level: Option<f64>,

    /// Fractional times that differ by rounding only: repaired (as R's timefix) or kept apart [default: repair]
    #[arg(long, value_enum, value_name = "RULE", help_heading = "Numerics")]
    pub near_ties: Option<NearTiesArg>,

    /// Field separator of a text file [default: tab for .tsv, otherwise comma or semicolon, whichever the header has]
    #[arg(long, value_name = "C", help_heading = READING)]
    pub delimiter: Option<String>,

    /// Encoding of a text file: utf-8, latin-1, windows-1252, utf-16le, utf-16be
    #[arg(long, value_name = "NAME", help_heading = READING)]
    pub encoding: Option<String>,

    /// Decimal mark of a text file
    #[arg(long, value_name = "C", help_heading = READING)]
    pub decimal: Option<char>,

    /// What else than an empty field means missing; may be repeated
    #[arg(long, value_name = "TEXT", help_heading = READING)]
    pub na: Vec<String>,
}

impl DataArgs {
    /// The flags on reading a file, for whoever says them elsewhere.
    pub fn for_reading(
        filter: Option<String>,
        delimiter: Option<String>,
        encoding: Option<String>,
        decimal: Option<char>,
        na: Vec<String>,
    ) -> DataArgs {
        DataArgs { filter, delimiter, encoding, decimal, na, ..DataArgs::default() }
    }

    /// The flags that were given, for a study file, which says all of it itself.
    pub fn given(&self) -> Vec<(&'static str, bool)> {
        vec![
            ("--where", self.filter.is_some()),
            ("--weights", self.weights.is_some()),
            ("--cluster", self.cluster.is_some()),
            ("--id", self.id.is_some()),
            ("--robust", self.robust.is_some()),
            ("--ref", !self.reference.is_empty()),
            ("--levels", !self.levels.is_empty()),
            ("--missing", self.missing.is_some()),
            ("--level", self.level.is_some()),
            ("--near-ties", self.near_ties.is_some()),
            ("--delimiter", self.delimiter.is_some()),
            ("--encoding", self.encoding.is_some()),
            ("--decimal", self.decimal.is_some()),
            ("--na", !self.na.is_empty()),
        ]
    }

    /// How the file is read, all of its columns.
    pub fn flat_options(&self) -> Result<FlatOptions> {
        let mut options = FlatOptions { condition: self.filter.clone(), ..FlatOptions::default() };
        if let Some(text) = &self.delimiter {
            options.delimiter = Some(delimiter(text)?);
        }
        if let Some(name) = &self.encoding {
            let unknown = || format!("--encoding {name}: not known; use utf-8, latin-1, windows-1252 or utf-16");
            options.encoding = Some(encoding_named(name).ok_or_else(|| Error::Usage(unknown()))?);
        }
        if let Some(mark) = self.decimal {
            options.decimal = Some(match mark {
                '.' => Decimal::Point,
                ',' => Decimal::Comma,
                _ => return Err(Error::Usage("--decimal: a point or a comma".to_owned())),
            });
        }
        options.missing.extend(self.na.iter().cloned());
        Ok(options)
    }

    /// Whether robust variances are asked for, or asked not to be.
    pub fn robust(&self) -> Option<bool> {
        self.robust.map(|answer| answer == YesNo::Yes)
    }

    /// What happens to records with missing values.
    pub fn missing(&self) -> Missing {
        match self.missing {
            Some(MissingArg::Indicator) => Missing::Indicator,
            Some(MissingArg::Error) => Missing::Error,
            Some(MissingArg::Drop) | None => Missing::Drop,
        }
    }

    /// What happens to times that differ by rounding only.
    pub fn near_ties(&self) -> NearTies {
        match self.near_ties {
            Some(NearTiesArg::Keep) => NearTies::Keep,
            Some(NearTiesArg::Repair) | None => NearTies::Repair,
        }
    }
}

fn delimiter(text: &str) -> Result<u8> {
    match text.as_bytes() {
        [one] => Ok(*one),
        b"\\t" => Ok(b'\t'),
        _ => Err(Error::Usage("--delimiter: one character, or \\t for a tab".to_owned())),
    }
}
