//! Tidy CSV: one row per observation, numbers as the shortest text that reads back the same, no group heads.
//!
//! A hidden number is the marker of the disclosure profile in the value and empty limits; a reference is 1 without
//! limits; what cannot be estimated is empty, and a last column `note` says why.

use crate::report::tables::{Cell, Column, ColumnKind, DisplayTable, RowKind, Value};

/// One table as a CSV file: comma, UTF-8, LF.
pub fn table(table: &DisplayTable) -> String {
    let noted = !table.footnotes.is_empty();
    let mut lines = vec![header(table, noted)];
    for row in table.rows.iter().filter(|r| r.kind != RowKind::Group) {
        let mut fields = row.keys.clone();
        for (column, cell) in table.columns.iter().zip(&row.cells) {
            fields.extend(values(column.kind, &cell.value));
        }
        if noted {
            fields.push(notes(table, &row.cells));
        }
        lines.push(fields);
    }
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    for line in lines {
        writer.write_record(&line).expect("writing to memory does not fail and rows have one length");
    }
    String::from_utf8(writer.into_inner().expect("writing to memory does not fail")).expect("fields are UTF-8")
}

/// Every table after a line with its name.
pub fn stream(tables: &[DisplayTable]) -> String {
    tables.iter().map(|t| format!("# {}\n{}", t.id, table(t))).collect::<Vec<_>>().join("\n")
}

fn header(table: &DisplayTable, noted: bool) -> Vec<String> {
    let mut fields: Vec<String> = table.keys.iter().map(|k| k.to_string()).collect();
    table.columns.iter().for_each(|c| fields.extend(names(c)));
    fields.extend(noted.then(|| "note".to_string()));
    fields
}

/// The columns of a data file that one column becomes. Names of tests and errors are broom's.
fn names(column: &Column) -> Vec<String> {
    let key = &column.key;
    match column.kind {
        ColumnKind::Text | ColumnKind::Number => vec![key.clone()],
        ColumnKind::Interval => vec![key.clone(), format!("{key}_lower"), format!("{key}_upper")],
        ColumnKind::WithError => vec![key.clone(), format!("std.error.{key}")],
        ColumnKind::Test => vec![format!("statistic.{key}"), format!("df.{key}"), format!("p.value.{key}")],
    }
}

/// As many fields as [`names`] gives.
fn values(kind: ColumnKind, value: &Value) -> Vec<String> {
    let number = |v: Option<f64>| v.map_or(String::new(), shortest);
    let mut fields = match value {
        Value::Diverged(true, lower) => vec![String::new(), number(*lower)],
        Value::Diverged(false, upper) => vec![String::new(), String::new(), number(*upper)],
        Value::Empty | Value::NotEstimable => Vec::new(),
        Value::Text(text) => vec![text.clone()],
        Value::Count(n) => vec![n.to_string()],
        Value::Share(n, share) => vec![n.to_string(), shortest(*share)],
        Value::PersonYears(v) | Value::Number(v, _) | Value::P(v) | Value::TermP(v) => vec![shortest(*v)],
        Value::Rate(v, l, u)
        | Value::Interval(v, l, u, _)
        | Value::Ratio(v, l, u)
        | Value::Measure(v, l, u)
        | Value::Probability(v, l, u)
        | Value::Time(v, l, u) => {
            vec![shortest(*v), number(*l), number(*u)]
        }
        Value::Reference => vec!["1".to_string()],
        Value::Test(t) => vec![number(t.chisq), number(t.df), number(t.p)],
        Value::Concordance(v, se) | Value::WithError(v, se, _) => vec![shortest(*v), number(*se)],
        Value::Hidden(marker) => vec![marker.clone()],
    };
    let width = match kind {
        ColumnKind::Text | ColumnKind::Number => 1,
        ColumnKind::WithError => 2,
        ColumnKind::Interval | ColumnKind::Test => 3,
    };
    fields.resize(width, String::new());
    fields
}

/// The shortest text that reads back as the same number; powers of ten where zeros would only fill the line.
fn shortest(value: f64) -> String {
    match value.abs() {
        v if v != 0.0 && !(1e-5..1e16).contains(&v) => format!("{value:e}"),
        _ => value.to_string(),
    }
}

/// The footnotes of a row, once each.
fn notes(table: &DisplayTable, cells: &[Cell]) -> String {
    let mut marks: Vec<usize> = cells.iter().flat_map(|c| c.marks.iter().copied()).collect();
    marks.sort_unstable();
    marks.dedup();
    marks.iter().map(|m| table.footnotes[m - 1].as_str()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_the_same() {
        assert_eq!([0.0, 1e-300, 0.1, 2500.4, 1e17].map(shortest), ["0", "1e-300", "0.1", "2500.4", "1e17"]);
        assert_eq!(shortest(0.1 + 0.2).parse::<f64>(), Ok(0.1 + 0.2));
    }
}
