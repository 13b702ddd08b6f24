//! What the loader found of codes and of rows over calendar time, as the report says it.

use crate::loader::{self, RowsByMonth};
use crate::report::{self, RowsInTime};

/// A column of codes and its lists.
pub fn code_use(found: &loader::CodeUse) -> report::CodeUse {
    let rows = |code: &loader::CodeRows| report::CodeRows {
        item: code.item.clone(),
        code: code.code.clone(),
        system: code.system.clone(),
        rows: Some(code.rows),
        persons: Some(code.persons),
        hidden: false,
    };
    let list = |list: &loader::ListUse| report::ListUse {
        codelist: list.codelist.clone(),
        items: list.items,
        found: list.found.iter().map(rows).collect(),
        never: list.never.clone(),
    };
    report::CodeUse {
        extract: found.extract.clone(),
        column: found.column.clone(),
        lists: found.lists.iter().map(list).collect(),
        uncovered: found.uncovered.iter().map(rows).collect(),
        uncovered_hidden: false,
    }
}

/// Years of an extract with rows that have no key; with the months of one whose claims may be late.
pub fn rows_in_time(found: &RowsByMonth) -> Vec<RowsInTime> {
    let line = |year, month, rows, without_key| RowsInTime {
        extract: found.extract.clone(),
        year,
        month,
        rows: Some(rows),
        without_key: Some(without_key),
        hidden: false,
    };
    let without_key = found.months.iter().any(|m| m.without_key > 0);
    let of_year = |months: &[loader::MonthRows]| {
        let (rows, without) = months.iter().fold((0, 0), |(r, w), m| (r + m.rows, w + m.without_key));
        let year = without_key.then(|| line(months[0].year, None, rows, without));
        let months = months.iter().filter(|_| found.accept_incomplete);
        let months = months.map(|m| line(m.year, Some(m.month), m.rows, m.without_key));
        year.into_iter().chain(months).collect::<Vec<_>>()
    };
    found.months.chunk_by(|a, b| a.year == b.year).flat_map(of_year).collect()
}
