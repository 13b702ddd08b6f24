//! Which codes of a list were found, which never occurred, which no list covers; rows over calendar time.

use super::{Cell, Column, ColumnKind, DisplayTable, RowKind, marker};
use crate::report::{CodeRows, CodeUse, Report};

/// Codes or items that a cell of the report's own table names; all of them are in the data table.
const NAMED: usize = 8;

/// A line for every code list and column, and one for the codes that no list covers.
pub fn codelist_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("column", w.code_column(), ColumnKind::Text),
        Column::new("codelist", w.codelist(), ColumnKind::Text),
        Column::new("items", w.items(), ColumnKind::Number),
        Column::new("codes", w.codes_found(), ColumnKind::Number),
        Column::new("rows", w.rows(), ColumnKind::Number),
        Column::new("never", w.never_found(), ColumnKind::Text),
    ];
    let mut table = DisplayTable::new("codelists", w.codes_and_lists(), &[], columns);
    let marker = marker(report);
    for column in &report.codes {
        let place = format!("{}.{}", column.extract, column.column);
        let count = |n: Option<u64>| Cell::count(n, true, &marker);
        let rows_of = |codes: &[CodeRows]| codes.iter().map(|c| c.rows).sum::<Option<u64>>();
        for list in &column.lists {
            let cells = vec![
                Cell::text(&place),
                Cell::text(&list.codelist),
                count(Some(list.items as u64)),
                count(Some(list.found.len() as u64).filter(|_| list.found.iter().all(|c| !c.hidden))),
                count(rows_of(&list.found)),
                Cell::text(named(report, list.never.iter().map(String::as_str))),
            ];
            table.push(RowKind::Plain, &[], cells);
        }
        if !column.uncovered.is_empty() || column.uncovered_hidden {
            let all = !column.uncovered_hidden;
            let cells = vec![
                Cell::text(&place),
                Cell::text(w.no_list()),
                Cell::count(None, false, &marker),
                count(Some(column.uncovered.len() as u64).filter(|_| all)),
                count(rows_of(&column.uncovered).filter(|_| all)),
                Cell::text(named(report, column.uncovered.iter().map(|c| c.code.as_str()))),
            ];
            table.push(RowKind::Plain, &[], cells);
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

fn named<'c>(report: &Report, names: impl ExactSizeIterator<Item = &'c str>) -> String {
    let more = names.len().saturating_sub(NAMED);
    let shown: Vec<&str> = names.take(NAMED).collect();
    if more > 0 { format!("{} {}", shown.join(", "), report.words().and_more(more)) } else { shown.join(", ") }
}

/// Every code that a list covers, every item that never occurred, every code without a list: for programs.
pub fn code_data(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("extract", w.extract(), ColumnKind::Text),
        Column::new("column", w.code_column(), ColumnKind::Text),
        Column::new("codelist", w.codelist(), ColumnKind::Text),
        Column::new("item", w.item(), ColumnKind::Text),
        Column::new("code", w.code(), ColumnKind::Text),
        Column::new("system", w.code_system(), ColumnKind::Text),
        Column::new("rows", w.rows(), ColumnKind::Number),
    ];
    let mut table = DisplayTable::new("codes", w.codes(), &[], columns);
    let marker = marker(report);
    for column in &report.codes {
        for list in &column.lists {
            for found in &list.found {
                let rows = Cell::count(found.rows, found.hidden, &marker);
                push(&mut table, column, [&list.codelist, &found.item, &found.code, &found.system], rows);
            }
            for item in &list.never {
                push(&mut table, column, [&list.codelist, item, "", ""], Cell::count(Some(0), false, &marker));
            }
        }
        for code in &column.uncovered {
            let rows = Cell::count(code.rows, code.hidden, &marker);
            push(&mut table, column, ["", "", &code.code, &code.system], rows);
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

fn push(table: &mut DisplayTable, column: &CodeUse, texts: [&str; 4], rows: Cell) {
    let mut cells = vec![Cell::text(&column.extract), Cell::text(&column.column)];
    cells.extend(texts.map(Cell::text));
    cells.push(rows);
    table.push(RowKind::Plain, &[], cells);
}

/// Rows without a key by year, and rows by month of an extract that is not complete.
pub fn rows_in_time_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("extract", w.extract(), ColumnKind::Text),
        Column::new("period", w.period(), ColumnKind::Text),
        Column::new("rows", w.rows(), ColumnKind::Number),
        Column::new("without_key", w.without_key(), ColumnKind::Number),
    ];
    let mut table = DisplayTable::new("rows_in_time", w.rows_over_time(), &[], columns);
    let marker = marker(report);
    for line in &report.rows_in_time {
        let period = line.month.map_or(line.year.to_string(), |month| format!("{}-{month:02}", line.year));
        let cells = vec![
            Cell::text(&line.extract),
            Cell::text(&period),
            Cell::count(line.rows, line.hidden, &marker),
            Cell::count(line.without_key, line.hidden, &marker),
        ];
        table.push(RowKind::Plain, &[], cells);
    }
    (!table.rows.is_empty()).then_some(table)
}
