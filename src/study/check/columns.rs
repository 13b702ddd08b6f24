//! Columns of extracts.

use super::names;
use crate::day::Day;
use crate::study::dates::RELATIVE_DAYS;
use crate::study::extract::{
    CharacterSet, Clean, CodeSpec, CodeSystem, ColumnKind, ColumnSource, ColumnSpec, IfInvalid, Limits,
};
use crate::study::spec::{Entry, Section, Text};
use crate::study::{DateFormat, DatePattern, DateSpec, PatternFault, PlaceInMonth};
use std::collections::BTreeSet;

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
    let keeps = [("missing", false), ("value", true)];
    let keep_user_missing = section.choice("user_missing", &keeps).unwrap_or(false);
    let types = [("date", 0), ("code", 1), ("codes", 2), ("whole", 3), ("number", 4), ("year", 5)];
    if !section.has("type") {
        section.missing("type", "choose \"date\", \"code\", \"codes\", \"whole\", \"number\" or \"year\"");
    }
    let kind = match section.choice("type", &types) {
        Some(0) => ColumnKind::Date(read_date(&section)),
        Some(1) => ColumnKind::Code(read_code(&section)),
        Some(2) => {
            let split = section.present_text("split", "the text between codes, for example split = \",\"");
            if split.text.is_empty() && section.has("split") {
                faults.add(&split.span, "`split` is empty", "write the text between codes");
            }
            ColumnKind::Codes { split: split.text, code: read_code(&section) }
        }
        Some(3) => ColumnKind::Whole { if_invalid: read_invalid(&section), limits: read_limits(&section) },
        Some(4) => ColumnKind::Number { if_invalid: read_invalid(&section), limits: read_limits(&section) },
        Some(5) => ColumnKind::Whole { if_invalid: read_invalid(&section), limits: read_year(&section) },
        _ => return None, // The other keys depend on the type.
    };
    section.finish();
    Some(ColumnSpec { name: entry.key.clone(), span: entry.key_span.clone(), source, kind, missing, keep_user_missing })
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

/// The keys of a date, beside its format.
const DATE_KEYS: [&str; 3] = ["place_in_month", "reference_date", "years_from"];

fn read_date(section: &Section<'_>) -> DateSpec {
    let format = read_formats(section);
    let (earliest, latest) = (section.day("earliest"), section.day("latest"));
    if let (Some(earliest), Some(latest)) = (earliest, latest)
        && earliest > latest
    {
        section.faults().add(&section.span, "`earliest` is after `latest`", "swap them");
    }
    DateSpec { format, earliest, latest, if_invalid: read_invalid(section) }
}

/// What the keys of a date say, and which of them a format used.
struct DateKeys {
    place: Option<PlaceInMonth>,
    reference: Option<Day>,
    years_from: Option<i32>,
    used: BTreeSet<&'static str>,
}

/// `format`: one form, or a list of those that the files of a family have.
fn read_formats(section: &Section<'_>) -> DateFormat {
    let places = [("first", PlaceInMonth::First), ("middle", PlaceInMonth::Middle), ("last", PlaceInMonth::Last)];
    let mut keys = DateKeys {
        place: section.choice("place_in_month", &places),
        reference: section.day("reference_date"),
        years_from: read_years_from(section),
        used: BTreeSet::new(),
    };
    let written = section.node("format").map_or(Vec::new(), |node| section.texts_of("format", node));
    if !section.has("format") {
        section.missing("format", "write for example \"YYYY-MM-DD\", \"YYYYMM\" or \"days_since\"");
        keys.used.extend(DATE_KEYS);
    }
    let mut formats: Vec<DateFormat> = Vec::new();
    for text in &written {
        let Some(format) = read_format(section, text, &mut keys) else {
            keys.used.extend(DATE_KEYS); // What is wrong with the format comes first.
            continue;
        };
        check_conflict(section, text, &format, &formats);
        formats.push(format);
    }
    for entry in DATE_KEYS.iter().filter(|key| !keys.used.contains(*key)).filter_map(|key| section.entry(key)) {
        let reason = match entry.key.as_str() {
            "place_in_month" => "the day is known",
            "years_from" => "the years have four digits",
            _ => "only \"days_since\" and the like count from a day",
        };
        section.faults().add(&entry.key_span, format!("`{}` has no use here: {reason}", entry.key), "take it out");
    }
    match formats.len() {
        0 => DateFormat::Native, // Its absence is a fault already.
        1 => formats.swap_remove(0),
        _ => DateFormat::OneOf(formats),
    }
}

/// `years_from`: the first of the hundred years that two digits stand for.
fn read_years_from(section: &Section<'_>) -> Option<i32> {
    section.whole("years_from", 1000, 9900).map(|year| year as i32)
}

/// A field must not be two dates.
fn check_conflict(section: &Section<'_>, written: &Text, format: &DateFormat, earlier: &[DateFormat]) {
    let pattern = |format: &DateFormat| match format {
        DateFormat::Day(pattern) | DateFormat::Month(pattern, _) => Some(pattern.clone()),
        _ => None,
    };
    let counts = |format: &DateFormat| {
        matches!(format, DateFormat::DaysSince(_) | DateFormat::ClockSince { .. } | DateFormat::MonthsSince(..))
    };
    for other in earlier {
        let same = match (pattern(format), pattern(other)) {
            (Some(a), Some(b)) => a == b || a.conflicts(&b),
            (Some(pattern), None) => counts(other) && pattern.is_digits(),
            (None, Some(pattern)) => counts(format) && pattern.is_digits(),
            (None, None) => format == other || (counts(format) && counts(other)),
        };
        if same {
            let rule = format!("a field could be read both as {} and as {}", other.shown(), format.shown());
            section.faults().add(&written.span, rule, "keep one of them, or declare two extracts");
        }
    }
}

fn read_format(section: &Section<'_>, written: &Text, keys: &mut DateKeys) -> Option<DateFormat> {
    let faults = section.faults();
    let mut reference = || {
        keys.used.insert("reference_date");
        if !section.has("reference_date") {
            let remedy = "set reference_date = 1960-01-01, or the day the delivery says";
            let units = written.text.trim_end_matches("_since");
            faults.add(&written.span, format!("{units} need a day to count from"), remedy);
        }
        keys.reference.unwrap_or(Day(0))
    };
    match written.text.as_str() {
        "days_since" => return Some(DateFormat::DaysSince(reference())),
        // Whose reference it is does not matter: only days of one person are compared.
        RELATIVE_DAYS => return Some(DateFormat::DaysSince(Day(0))),
        "seconds_since" => return Some(DateFormat::ClockSince { reference: reference(), per_day: 86_400 }),
        "milliseconds_since" => return Some(DateFormat::ClockSince { reference: reference(), per_day: 86_400_000 }),
        "months_since" => {
            let reference = reference();
            return Some(DateFormat::MonthsSince(reference, place(section, written, keys)));
        }
        "native" => return Some(DateFormat::Native),
        "native_month" => return Some(DateFormat::NativeMonth(place(section, written, keys))),
        _ => {}
    }
    let pattern = match DatePattern::with_years(&written.text, keys.years_from) {
        Ok(pattern) => pattern,
        Err(fault) => {
            let (rule, remedy) = pattern_fault(&written.text, fault);
            faults.add(&written.span, rule, remedy);
            return None;
        }
    };
    if pattern.has_short_year() {
        keys.used.insert("years_from");
    }
    Some(match pattern.has_day() {
        true => DateFormat::Day(pattern),
        false => DateFormat::Month(pattern, place(section, written, keys)),
    })
}

/// The day that stands for a month, which a format without days needs.
fn place(section: &Section<'_>, written: &Text, keys: &mut DateKeys) -> PlaceInMonth {
    keys.used.insert("place_in_month");
    if !section.has("place_in_month") {
        let rule = format!("`{}` has no day of the month", written.text);
        section.faults().add(&written.span, rule, "set place_in_month = \"first\", \"middle\" or \"last\"");
    }
    keys.place.unwrap_or(PlaceInMonth::First)
}

fn pattern_fault(text: &str, fault: PatternFault) -> (String, &'static str) {
    match fault {
        PatternFault::NoPattern => (
            format!("`{text}` is no date format"),
            "use YYYY, MM or MON, DD (and hh, mm, ss) with the marks between them, \"days_since\" or \"native\"",
        ),
        PatternFault::TwoDigitYears => (
            format!("`{text}` has years of two digits"),
            "say which hundred years they stand for, for example years_from = 1930 for 1930 to 2029",
        ),
        PatternFault::OpenEnded => (
            format!("`{text}` does not say where a part of one or two digits ends"),
            "write MM and DD, or a mark after M and D",
        ),
    }
}

/// `at_least`, `at_most` of a whole number.
fn read_limits(section: &Section<'_>) -> Limits {
    let limit = |key| section.number(key, -1e15, 1e15);
    let limits = Limits { at_least: limit("at_least"), at_most: limit("at_most"), years_from: None };
    if let (Some(least), Some(most)) = (limits.at_least, limits.at_most)
        && least > most
    {
        section.faults().add(&section.span, "`at_least` is more than `at_most`", "swap them");
    }
    limits
}

/// A calendar year: four digits, or two with `years_from`.
fn read_year(section: &Section<'_>) -> Limits {
    let limits = read_limits(section);
    let years_from = read_years_from(section);
    Limits {
        at_least: Some(limits.at_least.unwrap_or(1000.0)),
        at_most: Some(limits.at_most.unwrap_or(9999.0)),
        years_from,
    }
}

fn read_code(section: &Section<'_>) -> CodeSpec {
    let clean = read_steps(section);
    let width = |key| section.whole(key, 1, 64).map(|n| n as usize);
    let (pad_left, exact) = (width("pad_left"), width("width"));
    if let (Some(pad), Some(exact)) = (pad_left, exact)
        && pad > exact
    {
        section.faults().add(
            &section.span,
            "`pad_left` is more than `width`",
            "set one of them: padded codes would be too wide",
        );
    }
    let levels = section.texts("levels");
    let (if_invalid, system) = (read_invalid(section), read_system(section));
    let code = CodeSpec { clean, pad_left, width: exact, levels: None, system, if_invalid };
    for level in &levels {
        check_level(level, &levels, &code, section);
    }
    let levels = section.has("levels").then(|| levels.into_iter().map(|t| t.text).collect());
    CodeSpec { levels, ..code }
}

/// `system = "ICPC-2"`, or `system_column` with `blank_system`.
fn read_system(section: &Section<'_>) -> Option<CodeSystem> {
    let (is, column) = (section.text("system"), section.text("system_column"));
    let blank = section.text("blank_system");
    if let (Some(_), Some(column)) = (&is, &column) {
        let rule = "`system` and `system_column` say the code system twice";
        section.faults().add(&column.span, rule, "take one out");
    }
    if let (Some(blank), None) = (&blank, &column) {
        let rule = "`blank_system` has no use here: no column says the code system";
        section.faults().add(&blank.span, rule, "name the column with `system_column`");
    }
    match (is, column) {
        (Some(system), _) => Some(CodeSystem::Is(system.text)),
        (None, Some(column)) => Some(CodeSystem::Column { column: column.text, blank: blank.map(|t| t.text) }),
        (None, None) => None,
    }
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
        faults.add(
            &level.span,
            format!("level \"{}\" has {width} characters, `width` is {wanted}", level.text),
            "correct one of them",
        );
    }
}

/// Which steps changed a text is kept in the bits of a number, with room for prefix and width.
const MOST_STEPS: usize = 60;

/// The clean-up steps under `clean`, in order.
pub fn read_steps(section: &Section<'_>) -> Vec<Clean> {
    let steps = section.texts("clean");
    if let Some(step) = steps.get(MOST_STEPS) {
        let remedy = "leave out steps that repeat others";
        section.faults().add(&step.span, format!("`clean` has more than {MOST_STEPS} steps"), remedy);
    }
    steps.iter().filter_map(|step| read_clean(step, section)).collect()
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
        (text, None) => match (text.strip_prefix("drop "), text.strip_prefix("cut_from ")) {
            (Some(characters), _) => CharacterSet::new(characters.trim()).map(Clean::Drop),
            (_, Some(characters)) => CharacterSet::new(characters.trim()).map(Clean::From),
            _ => None,
        },
    };
    if known.is_none() {
        let rule = format!("`clean` cannot be \"{}\"", step.text);
        let remedy = "choose \"trim\", \"upper\", \"lower\", \"drop_dot\", \"drop_blank\", \"cut 3\", \"drop *+\" or \"cut_from -\"";
        section.faults().add(&step.span, rule, remedy);
    }
    known
}
