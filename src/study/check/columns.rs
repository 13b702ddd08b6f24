//! Columns of extracts.

use super::names;
use crate::study::extract::{Clean, CodeSpec, ColumnKind, ColumnSource, ColumnSpec, IfInvalid};
use crate::study::spec::{Entry, Section, Text};
use crate::study::{DateFormat, DatePattern, DateSpec, PlaceInMonth};

/// What a column holds, in words.
pub fn kind_name(kind: &ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Date(_) => "a date",
        ColumnKind::Code(_) => "a code",
        ColumnKind::Codes { .. } => "a list of codes",
        ColumnKind::Whole { .. } => "a whole number",
        ColumnKind::Number { .. } => "a number",
    }
}

/// Reads the declaration of one column.
pub fn read(entry: &Entry, parent: &Section<'_>) -> Option<ColumnSpec> {
    let faults = parent.faults();
    names::check(&entry.key, &entry.key_span, faults);
    if entry.key == "person" || entry.key == "index_date" {
        let rule = format!("`{}` is a name of every extract's own", entry.key);
        faults.add(&entry.key_span, rule, "choose another name for the column");
    }
    let section = Section::new(format!("column `{}`", entry.key), &entry.key_span, &entry.node, faults)?;
    let source = read_source(&section, &entry.key);
    let missing = section.texts("missing").into_iter().map(|t| t.text).collect();
    let types = [("date", 0), ("code", 1), ("codes", 2), ("whole", 3), ("number", 4)];
    if !section.has("type") {
        section.missing("type", "choose \"date\", \"code\", \"codes\", \"whole\" or \"number\"");
    }
    let kind = match section.choice("type", &types) {
        Some(0) => ColumnKind::Date(read_date(&section)),
        Some(1) => ColumnKind::Code(read_code(&section)),
        Some(2) => {
            let split = section.required_text("split", "the text between codes, for example split = \",\"");
            if split.text.is_empty() && section.has("split") {
                faults.add(&split.span, "`split` is empty", "write the text between codes");
            }
            ColumnKind::Codes { split: split.text, code: read_code(&section) }
        }
        Some(3) => ColumnKind::Whole { if_invalid: read_invalid(&section) },
        Some(4) => ColumnKind::Number { if_invalid: read_invalid(&section) },
        _ => return None, // The other keys depend on the type.
    };
    section.finish();
    Some(ColumnSpec { name: entry.key.clone(), span: entry.key_span.clone(), source, kind, missing })
}

fn read_source(section: &Section<'_>, name: &str) -> ColumnSource {
    let written = section.node("column").map_or(Vec::new(), |node| section.texts_of("column", node));
    let mut names: Vec<String> = written.iter().map(|t| t.text.clone()).collect();
    if names.is_empty() {
        names.push(name.to_owned());
    }
    let yearly = |name: &String| name.contains("{year}") || name.contains("{yy}");
    let faults = section.faults();
    let Some(node) = section.node("years") else {
        if let Some(text) = written.iter().find(|t| yearly(&t.text)) {
            faults.add(&text.span, "a column for each year needs `years`", "set years = [first, last]");
        }
        return ColumnSource::One(names);
    };
    let ends: Vec<f64> = match &node.value {
        crate::study::spec::Value::List(items) => items.iter().filter_map(|i| i.as_number()).collect(),
        _ => Vec::new(),
    };
    let (first, last) = match ends[..] {
        [first, last] if (1800.0..=2200.0).contains(&first) && first <= last && last <= 2200.0 => (first, last),
        _ => {
            faults.add(&node.span, "`years` is not a first and a last year", "write for example years = [2006, 2015]");
            (2000.0, 2000.0)
        }
    };
    if !names.iter().all(yearly) {
        faults.add(
            &node.span,
            "`years` needs the place of the year in `column`",
            "write for example column = \"BU_{year}\"",
        );
    }
    ColumnSource::Yearly { patterns: names, first: first as i32, last: last as i32 }
}

fn read_invalid(section: &Section<'_>) -> IfInvalid {
    let choices = [("error", IfInvalid::Error), ("missing", IfInvalid::Missing)];
    section.choice("if_invalid", &choices).unwrap_or_default()
}

fn read_date(section: &Section<'_>) -> DateSpec {
    let written = section.required_text("format", "write for example \"YYYY-MM-DD\", \"YYYYMM\" or \"days_since\"");
    let format = read_format(section, &written);
    let (earliest, latest) = (section.day("earliest"), section.day("latest"));
    if let (Some(earliest), Some(latest)) = (earliest, latest)
        && earliest > latest
    {
        section.faults().add(&section.span, "`earliest` is after `latest`", "swap them");
    }
    DateSpec { format, earliest, latest, if_invalid: read_invalid(section) }
}

fn read_format(section: &Section<'_>, written: &Text) -> DateFormat {
    let faults = section.faults();
    let places = [("first", PlaceInMonth::First), ("middle", PlaceInMonth::Middle), ("last", PlaceInMonth::Last)];
    let (place, reference) = (section.choice("place_in_month", &places), section.day("reference_date"));
    let unused = |key: &'static str, reason: &str| {
        if let Some(entry) = section.entry(key) {
            faults.add(&entry.key_span, format!("`{key}` has no use here: {reason}"), "take it out");
        }
    };
    if written.text == "days_since" {
        if !section.has("reference_date") {
            faults.add(
                &written.span,
                "days need a day to count from",
                "set reference_date = 1960-01-01, or the day the delivery says",
            );
        }
        unused("place_in_month", "the day is known");
        return reference.map_or(DateFormat::Native, DateFormat::DaysSince);
    }
    unused("reference_date", "only \"days_since\" counts from a day");
    if written.text == "native" {
        unused("place_in_month", "the day is known");
        return DateFormat::Native;
    }
    match DatePattern::new(&written.text) {
        None if written.text.is_empty() => DateFormat::Native, // Its absence is a fault already.
        None => {
            let rule = format!("`{}` is no date format", written.text);
            let remedy = "use YYYY, MM, DD (and hh, mm, ss) with the marks between them, \"days_since\" or \"native\"";
            faults.add(&written.span, rule, remedy);
            DateFormat::Native
        }
        Some(pattern) if pattern.has_day() => {
            unused("place_in_month", "the format has the day");
            DateFormat::Day(pattern)
        }
        Some(pattern) => {
            if !section.has("place_in_month") {
                let rule = format!("`{}` has no day of the month", written.text);
                faults.add(&written.span, rule, "set place_in_month = \"first\", \"middle\" or \"last\"");
            }
            DateFormat::Month(pattern, place.unwrap_or(PlaceInMonth::First))
        }
    }
}

fn read_code(section: &Section<'_>) -> CodeSpec {
    let clean = section.texts("clean").iter().filter_map(|step| read_clean(step, section)).collect();
    let width = |key| section.whole(key, 1, 64).map(|n| n as usize);
    let (pad_left, exact) = (width("pad_left"), width("width"));
    if let (Some(pad), Some(exact)) = (pad_left, exact)
        && pad > exact
    {
        section.faults().add(&section.span, "`pad_left` is more than `width`", "codes would be too wide");
    }
    let levels = section.texts("levels");
    let code = CodeSpec { clean, pad_left, width: exact, levels: None, if_invalid: read_invalid(section) };
    for level in &levels {
        check_level(level, &levels, &code, section);
    }
    let levels = section.has("levels").then(|| levels.into_iter().map(|t| t.text).collect());
    CodeSpec { levels, ..code }
}

/// A level that cleaning changes, or of another width, can never occur.
fn check_level(level: &Text, levels: &[Text], code: &CodeSpec, section: &Section<'_>) {
    let faults = section.faults();
    if levels.iter().find(|l| l.text == level.text).is_some_and(|first| first.span != level.span) {
        faults.add(&level.span, format!("level \"{}\" is listed twice", level.text), "take one out");
    }
    let cleaned = code.clean.iter().fold(level.text.clone(), |text, step| step.apply(&text));
    if cleaned != level.text {
        let rule = format!("level \"{}\" cannot occur after `clean`", level.text);
        faults.add(&level.span, rule, format!("write \"{cleaned}\""));
    }
    let width = level.text.chars().count();
    if let Some(wanted) = code.width.filter(|w| *w != width) {
        faults.add(&level.span, format!("level \"{}\" has {width} characters, `width` is {wanted}", level.text), "");
    }
}

fn read_clean(step: &Text, section: &Section<'_>) -> Option<Clean> {
    let cut = step.text.strip_prefix("cut ").and_then(|n| n.trim().parse().ok()).filter(|n| (1..=64).contains(n));
    let known = match (step.text.as_str(), cut) {
        ("trim", _) => Some(Clean::Trim),
        ("upper", _) => Some(Clean::Upper),
        ("lower", _) => Some(Clean::Lower),
        ("drop_dot", _) => Some(Clean::DropDot),
        ("drop_blank", _) => Some(Clean::DropBlank),
        (_, Some(n)) => Some(Clean::Cut(n)),
        _ => None,
    };
    if known.is_none() {
        let rule = format!("`clean` cannot be \"{}\"", step.text);
        let remedy = "choose \"trim\", \"upper\", \"lower\", \"drop_dot\", \"drop_blank\" or \"cut 3\"";
        section.faults().add(&step.span, rule, remedy);
    }
    known
}
