//! One number for every stratum, from a file: reference rates, weights of a standard population.

use super::error::DescribeError;
use crate::design::{DesignError, DesignOptions, factor_column};
use crate::error::{Error, Result};
use crate::table::Table;
use std::collections::BTreeMap;

/// A number for every combination of levels of some columns.
#[derive(Debug, Clone, PartialEq)]
pub struct StrataValues {
    /// The file, for messages.
    pub file: String,
    /// What the numbers are: `rate` or `weight`, the name of their column.
    pub value: &'static str,
    /// The columns that make the strata, in the order of the file.
    pub columns: Vec<String>,
    /// The number of each stratum, by its levels in the order of `columns`.
    pub numbers: BTreeMap<Vec<String>, f64>,
}

impl StrataValues {
    /// Reads the numbers in column `value` of a table; all other columns make the strata.
    ///
    /// Errors: [`DescribeError::NoValues`], `BadValue`, `NoLevel`, `Twice`.
    pub fn read(table: &Table, file: &str, value: &'static str) -> Result<StrataValues> {
        let file = file.to_owned();
        let names = || table.columns().iter().map(|c| c.name.clone());
        let columns: Vec<String> = names().filter(|name| name != value).collect();
        let Some(numbers) = table.column(value).filter(|_| !columns.is_empty()) else {
            return Err(DescribeError::NoValues { file, value }.into());
        };
        let options = DesignOptions::default();
        let factors: Vec<_> = columns
            .iter()
            .map(|name| factor_column(table, name, &options))
            .collect::<std::result::Result<_, DesignError>>()
            .map_err(|error| Error::Design { origin: file.clone(), error })?;
        let mut found = BTreeMap::new();
        for i in 0..table.n_rows() {
            let row = i + 2;
            let number = numbers.data.number(i).filter(|x| x.is_finite() && *x >= 0.0);
            let number = number.ok_or_else(|| DescribeError::BadValue { file: file.clone(), row, value })?;
            let level = |f: &crate::design::FactorColumn| {
                let level = f.levels.get(f.codes[i] as usize).map(|l| l.name.clone());
                level.ok_or_else(|| DescribeError::NoLevel { file: file.clone(), row, column: f.column.clone() })
            };
            let key = factors.iter().map(level).collect::<std::result::Result<Vec<_>, _>>()?;
            if found.insert(key, number).is_some() {
                return Err(DescribeError::Twice { file, row }.into());
            }
        }
        Ok(StrataValues { file, value, columns, numbers: found })
    }

    /// The same numbers with the levels in the order of `columns`. Errors: [`DescribeError::OtherColumns`].
    pub fn in_order(&self, columns: &[String]) -> Result<BTreeMap<Vec<String>, f64>> {
        let place = |name: &String| self.columns.iter().position(|c| c == name);
        let places: Option<Vec<usize>> = columns.iter().map(place).collect();
        match places.filter(|p| p.len() == self.columns.len()) {
            Some(places) => {
                let key = |levels: &Vec<String>| places.iter().map(|p| levels[*p].clone()).collect();
                Ok(self.numbers.iter().map(|(levels, number)| (key(levels), *number)).collect())
            }
            None => Err(DescribeError::OtherColumns {
                file: self.file.clone(),
                found: self.columns.clone(),
                expected: columns.to_vec(),
            }
            .into()),
        }
    }
}
