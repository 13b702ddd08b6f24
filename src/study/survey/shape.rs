//! What the shape of cells says of a column. Cells are looked at and forgotten: what comes out has a type, a width
//! or a date format, never content.

use super::Guess;
use crate::study::{DateFormat, DatePattern, PlaceInMonth};

/// Forms of dates that deliveries use, the likelier before the others.
const DATES: [&str; 14] = [
    "YYYY-MM-DD",
    "DD.MM.YYYY",
    "YYYYMMDD",
    "YYYY-MM",
    "YYYYMM",
    "DD/MM/YYYY",
    "MM/DD/YYYY",
    "DD-MM-YYYY",
    "YYYY/MM/DD",
    "DDMONYYYY",
    "DDMMYYYY",
    "YYYY-MM-DD hh:mm:ss",
    "YYYY-MM-DDThh:mm:ss",
    "DDMONYYYY:hh:mm:ss",
];

/// Years in which a date of a register lies.
const YEARS: std::ops::RangeInclusive<i32> = 1850..=2100;

/// What a column may be by its cells, which are not empty, and what somebody should know about it.
pub(super) fn guess<'c>(cells: impl Iterator<Item = &'c str> + Clone, decimal_comma: bool) -> (Guess, String) {
    if cells.clone().next().is_none() {
        return (Guess::Unknown, "empty in the rows looked at".into());
    }
    let dates: Vec<&str> = DATES.into_iter().filter(|text| all_dates(text, cells.clone())).collect();
    if let [first, rest @ ..] = dates.as_slice() {
        let remark = match rest {
            [] => String::new(),
            others => format!("also reads as {}", others.join(" and ")),
        };
        return (Guess::Type("date", format!("format = \"{first}\"")), remark);
    }
    let digits = |cell: &str| cell.bytes().all(|b| b.is_ascii_digit());
    if cells.clone().all(digits) {
        return (of_digits(cells), String::new());
    }
    let decimal = |cell: &str| if decimal_comma { cell.replace(',', ".") } else { cell.to_string() };
    if cells.clone().all(|cell| decimal(cell).parse::<f64>().is_ok_and(f64::is_finite)) {
        return (Guess::Type("number", String::new()), String::new());
    }
    for split in [",", " ", ";", "|"] {
        if is_list(cells.clone(), split) {
            return (Guess::Type("codes", format!("split = \"{split}\"")), "several codes in some cells".into());
        }
    }
    (Guess::Type("code", String::new()), String::new())
}

fn all_dates<'c>(text: &str, mut cells: impl Iterator<Item = &'c str>) -> bool {
    let pattern = DatePattern::new(text).expect("the forms are valid");
    let format = match pattern.has_day() {
        true => DateFormat::Day(pattern),
        false => DateFormat::Month(pattern, PlaceInMonth::First),
    };
    cells.all(|cell| format.read(cell).is_some_and(|day| YEARS.contains(&day.year())))
}

/// Digits are a code when a zero leads or all have one width of more than one; else whole numbers.
fn of_digits<'c>(cells: impl Iterator<Item = &'c str> + Clone) -> Guess {
    let width = cells.clone().next().map_or(0, str::len);
    let one_width = cells.clone().all(|cell| cell.len() == width);
    let zero_leads = cells.clone().any(|cell| cell.len() > 1 && cell.starts_with('0'));
    let years = width == 4 && cells.clone().all(|c| c.parse().is_ok_and(|year| YEARS.contains(&year)));
    match (one_width, zero_leads) {
        (true, false) if years => Guess::Type("year", String::new()),
        (true, _) if width <= 20 => Guess::Type("code", format!("width = {width}")),
        (false, false) if cells.clone().all(|cell| cell.parse::<i32>().is_ok()) => Guess::Type("whole", String::new()),
        _ => Guess::Type("code", String::new()),
    }
}

/// Whether numbers, none of which is missing, are years.
pub(super) fn are_years(numbers: &[f64]) -> bool {
    let year = |x: &f64| x.fract() == 0.0 && YEARS.contains(&(*x as i32));
    !numbers.is_empty() && numbers.iter().all(year)
}

/// Several short codes in a cell, in some cells, and never anything but codes; places among them may be empty.
fn is_list<'c>(cells: impl Iterator<Item = &'c str> + Clone, split: &str) -> bool {
    let is_code = |part: &str| {
        let part = part.trim();
        (2..=9).contains(&part.len())
            && part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
            && part.bytes().any(|b| b.is_ascii_digit())
    };
    let parts = |cell: &'c str| cell.split(split).filter(|part| !part.trim().is_empty());
    cells.clone().any(|cell| parts(cell).count() > 1) && cells.clone().all(|cell| parts(cell).all(is_code))
}

/// Whether all cells are numbers with a decimal comma, or without.
pub(super) fn has_decimal_comma<'c>(cells: impl Iterator<Item = &'c str> + Clone) -> bool {
    let number = |cell: &str| {
        !cell.contains('.') && cell.matches(',').count() <= 1 && cell.replace(',', ".").parse::<f64>().is_ok()
    };
    cells.clone().any(|cell| cell.contains(',')) && cells.clone().all(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cells: &[&str]) -> Guess {
        guess(cells.iter().copied(), false).0
    }

    #[test]
    fn shapes_tell_types() {
        let typed = |kind, keys: &str| Guess::Type(kind, keys.to_string());
        assert_eq!(of(&["2015-06-01", "1899-12-31"]), typed("date", "format = \"YYYY-MM-DD\""));
        assert_eq!(of(&["201506", "198512"]), typed("date", "format = \"YYYYMM\""));
        assert_eq!(of(&["619903", "099010"]), typed("code", "width = 6"));
        assert_eq!(of(&["1", "2"]), typed("code", "width = 1"));
        assert_eq!(of(&["1", "23", "456"]), typed("whole", ""));
        assert_eq!(of(&["2015", "2016"]), typed("year", ""));
        assert_eq!(of(&["1.5", "-2"]), typed("number", ""));
        assert_eq!(of(&["P76,P03", "F32.1"]), typed("codes", "split = \",\""));
        assert_eq!(of(&["P76,,P03", "F32.1,"]), typed("codes", "split = \",\""));
        assert_eq!(of(&["P76  P03", "F32.1 "]), typed("codes", "split = \" \""));
        assert_eq!(of(&["P76 ", "F32.1,"]), typed("code", ""));
        assert_eq!(of(&["Oslo, by", "Bergen"]), typed("code", ""));
        assert!(has_decimal_comma(["1,5", "2"].into_iter()));
        assert!(are_years(&[2015.0, 2016.0]));
        assert!(!are_years(&[2015.0, 1.0]) && !are_years(&[2015.5]) && !are_years(&[]));
        let (_, remark) = guess(["01/02/2015"].into_iter(), false);
        assert_eq!(remark, "also reads as MM/DD/YYYY");
    }
}
