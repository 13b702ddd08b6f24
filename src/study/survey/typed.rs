//! Files that say what their columns hold: Parquet, Stata, SPSS, SAS. Of columns of text and of plain numbers the first rows are
//! looked at, since a text may be a date or several codes, and a number a year.

use super::{Column, Guess, ROWS, shape};
use crate::stored::{Reader, StoredColumn, StoredFormat, StoredType, StoredValues, Wanted};
use crate::study::header::parquet_type;
use polars::prelude::{Column as PolarsColumn, DataType, LazyFrame, PlRefPath, col};
use std::path::Path;

/// The columns of a Parquet file.
pub(super) fn parquet(path: &Path) -> Result<Vec<Column>, String> {
    let unreadable = || "it is no Parquet file that can be read".to_string();
    let path = path.to_str().ok_or_else(unreadable)?;
    let mut frame = LazyFrame::scan_parquet(PlRefPath::new(path), Default::default()).map_err(|_| unreadable())?;
    let schema = frame.collect_schema().map_err(|_| unreadable())?;
    let open = |stored: &DataType| matches!(stored, DataType::String) || stored.is_primitive_numeric();
    let select: Vec<_> = schema.iter().filter(|(_, t)| open(t)).map(|(name, _)| col(name.clone())).collect();
    let rows = match select.is_empty() {
        true => Vec::new(),
        false => frame.select(select).limit(ROWS as u32).collect().map_err(|_| unreadable())?.into_columns(),
    };
    let column = |(name, stored): (&polars::prelude::PlSmallStr, &DataType)| {
        let column = typed(name.to_string(), &parquet_type(stored), String::new());
        match rows.iter().find(|cells| cells.name() == name) {
            Some(cells) if *stored == DataType::String => of_texts(column, &texts(cells)),
            Some(cells) => of_numbers(column, &numbers(cells)),
            None => column,
        }
    };
    Ok(schema.iter().map(column).collect())
}

fn texts(cells: &PolarsColumn) -> Vec<String> {
    cells.str().map(|texts| texts.iter().flatten().map(str::to_owned).collect()).unwrap_or_default()
}

fn numbers(cells: &PolarsColumn) -> Vec<f64> {
    let cast = cells.cast(&DataType::Float64).ok();
    let numbers = cast.as_ref().and_then(|cells| cells.f64().ok());
    numbers.map(|numbers| numbers.iter().flatten().collect()).unwrap_or_default()
}

/// The columns of a file of Stata, SPSS or SAS.
pub(super) fn stored(path: &Path, format: StoredFormat) -> Result<Vec<Column>, String> {
    let reader = Reader::open(path, format, None).map_err(|error| error.rule)?;
    let open: Vec<usize> = (0..reader.columns().len()).filter(|&at| is_open(&reader.columns()[at])).collect();
    let wanted = open.iter().map(|&column| Wanted { column, keep_user_missing: false }).collect();
    let batch = reader.batches(wanted).next_batch().map_err(|error| error.rule)?;
    let mut columns: Vec<Column> = reader.columns().iter().map(described).collect();
    for (at, cells) in open.into_iter().zip(batch.iter().flat_map(|batch| &batch.columns)) {
        columns[at] = by_cells(columns[at].clone(), &cells.values);
    }
    Ok(columns)
}

/// Whether a file leaves open what the values of a column mean: text and numbers without labels.
fn is_open(column: &StoredColumn) -> bool {
    use StoredType::{Number, Single, Text, Whole};
    matches!(column.holds, Text | Whole | Number | Single) && column.value_labels.is_empty()
}

/// A column by its first values.
fn by_cells(column: Column, values: &StoredValues) -> Column {
    match values {
        StoredValues::Text(texts) => {
            let first = (0..texts.len().min(ROWS)).map(|row| String::from_utf8_lossy(texts.get(row)).into_owned());
            of_texts(column, &first.collect::<Vec<_>>())
        }
        StoredValues::Number(numbers) => {
            let first: Vec<f64> = numbers.iter().take(ROWS).copied().filter(|x| !x.is_nan()).collect();
            of_numbers(column, &first)
        }
        StoredValues::Whole(numbers) => {
            let first: Vec<f64> = numbers.iter().take(ROWS).filter(|x| **x != i64::MIN).map(|x| *x as f64).collect();
            of_numbers(column, &first)
        }
        StoredValues::Day(_) | StoredValues::Logical(_) => column,
    }
}

/// What the file says of a column.
fn described(c: &StoredColumn) -> Column {
    let mut remarks = Vec::new();
    if !c.label.is_empty() {
        remarks.push(c.label.replace(['\n', '\r'], " "));
    }
    if !c.value_labels.is_empty() {
        remarks.push(format!("{} value labels in the file", c.value_labels.len()));
    }
    if !c.user_missing.is_empty() {
        remarks.push("the file declares values that mean missing (user_missing)".into());
    }
    let mut column = typed(c.name.clone(), &c.holds, remarks.join("; "));
    // A number with labels is a code; its levels show a leading zero that was lost.
    if !c.value_labels.is_empty() && matches!(column.guess, Guess::Type("whole" | "number", _)) {
        column.guess = Guess::Type("code", String::new());
        column.remark += "; declare its levels";
    }
    column
}

/// A column whose file says what it holds.
fn typed(name: String, holds: &StoredType, remark: String) -> Column {
    let known = |kind, keys: &str| Guess::Type(kind, keys.to_string());
    let guess = match holds {
        StoredType::Text | StoredType::Logical => known("code", ""),
        StoredType::Whole => known("whole", ""),
        StoredType::Number | StoredType::Single => known("number", ""),
        StoredType::Day | StoredType::Moment => known("date", "format = \"native\""),
        StoredType::Month => known("date", "format = \"native_month\""),
        StoredType::Unfit(what) => Guess::Unfit(what.clone()),
    };
    Column { name, guess, is_guess: false, in_files: 1, remark }
}

/// A column of text by the shape of its first cells.
fn of_texts(column: Column, texts: &[String]) -> Column {
    let cells = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
    let decimal_comma = shape::has_decimal_comma(cells.clone());
    let (guess, mut remark) = shape::guess(cells, decimal_comma);
    if decimal_comma {
        remark = "text with decimal commas: set decimal = \",\" for the extract".into();
    }
    let remarks = [column.remark, remark].into_iter().filter(|r| !r.is_empty()).collect::<Vec<_>>().join("; ");
    Column { guess, is_guess: true, remark: remarks, ..column }
}

/// A column of numbers, or of years where its first ones are.
fn of_numbers(column: Column, numbers: &[f64]) -> Column {
    match shape::are_years(numbers) {
        true => Column { guess: Guess::Type("year", String::new()), is_guess: true, ..column },
        false => column,
    }
}
