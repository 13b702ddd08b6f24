//! What display formats say of a number: days, months, moments, or nothing.
//!
//! ```text
//! Stata   %td days since 1960-01-01    %tc milliseconds since then    %tm months since 1960-01
//! SPSS    DATE, EDATE, … and DATETIME seconds since 1582-10-14
//! SAS     DATE9., YYMMDD10., … days since 1960-01-01    DATETIME20. seconds since then
//! ```
//!
//! A format that shows months only makes a month of whatever day is stored, since more was not delivered. Weeks,
//! quarters, half-years and times of day are no dates of a study.

use super::StoredType;
use crate::day::Day;
use dta::stata::temporal::TemporalKind;

/// Days from 1960-01-01, where Stata and SAS begin to count, to 1970-01-01.
pub(super) const FROM_1960: f64 = 3653.0;
/// Days from 1582-10-14, where SPSS begins to count, to 1970-01-01.
pub(super) const FROM_1582: f64 = 141_428.0;
pub(super) const SECONDS_PER_DAY: f64 = 86_400.0;
pub(super) const MILLISECONDS_PER_DAY: f64 = 86_400_000.0;

/// What a Stata display format says.
pub(super) fn stata(format: &str) -> Option<StoredType> {
    let unfit = |what: &str| Some(StoredType::Unfit(what.to_string()));
    match TemporalKind::from_format(&format.replace('-', ""))? {
        TemporalKind::Date => Some(StoredType::Day),
        TemporalKind::DateTime => Some(StoredType::Moment),
        TemporalKind::Month => Some(StoredType::Month),
        TemporalKind::DateTimeLeap => unfit("date with leap seconds (%tC)"),
        TemporalKind::Week => unfit("week (%tw)"),
        TemporalKind::Quarter => unfit("quarter (%tq)"),
        TemporalKind::HalfYear => unfit("half-year (%th)"),
        // The number is the year.
        _ => None,
    }
}

/// The first day of a Stata month (months since 1960-01), in days since 1970-01-01; beyond the calendar when there
/// is no such month.
pub(super) fn stata_month(months: f64) -> f64 {
    if !months.is_finite() || months.abs() > 120_000.0 {
        return months.signum() * f64::from(i32::MAX);
    }
    let months = months.floor() as i32;
    let (year, month) = (1960 + months.div_euclid(12), months.rem_euclid(12) as u32 + 1);
    Day::from_ymd(year, month, 1).map_or(f64::from(i32::MAX), |day| f64::from(day.0))
}

/// The first day of the month in which a day lies; the day itself beyond the calendar.
pub(super) fn month_of(days: f64) -> f64 {
    let day = Day(days.floor() as i32);
    if !CALENDAR.contains(&day.0) {
        return days;
    }
    let (year, month, _) = day.ymd();
    Day::from_ymd(year, month, 1).map_or(days, |first| f64::from(first.0))
}

/// The days of the years 1 to 9999.
const CALENDAR: std::ops::RangeInclusive<i32> = -719_162..=2_932_896;

/// What an SPSS print format (`DATE11`, `F8.2`) says of a number.
pub(super) fn spss(format: &str) -> Option<StoredType> {
    let name: String = format.chars().take_while(char::is_ascii_alphabetic).collect();
    match name.to_ascii_uppercase().as_str() {
        "DATE" | "ADATE" | "EDATE" | "JDATE" | "SDATE" => Some(StoredType::Day),
        "DATETIME" | "YMDHMS" => Some(StoredType::Moment),
        "MOYR" => Some(StoredType::Month),
        "QYR" => Some(StoredType::Unfit("quarter (QYR)".into())),
        "WKYR" => Some(StoredType::Unfit("week (WKYR)".into())),
        "TIME" | "DTIME" | "MTIME" => Some(StoredType::Unfit("time of day or duration (TIME)".into())),
        _ => None,
    }
}

/// What a SAS format's name (`DATE`, `YYMMDD`) says of a number. SAS stores the width apart; ReadStat, and so R and Python,
/// leave it in the name when somebody gave it (`DATE9.`). No name of SAS ends in a digit.
pub(super) fn sas(name: &str) -> Option<StoredType> {
    let upper = name.trim().trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').to_ascii_uppercase();
    // The last letter of these families is the mark between the parts: YYMMDDD, DDMMYYP, YYMMN.
    let family = |stem: &str| {
        upper.strip_prefix(stem).is_some_and(|rest| matches!(rest, "" | "B" | "C" | "D" | "N" | "P" | "S"))
    };
    let one_of = |names: &[&str]| names.contains(&upper.as_str());
    if one_of(&["DATE", "E8601DA", "B8601DA", "IS8601DA", "WEEKDATE", "WEEKDATX", "WORDDATE", "WORDDATX", "NLDATE"])
        || one_of(&["JULIAN", "EURDFDD", "EURDFDE", "EURDFWDX", "EURDFWKX", "MINGUO", "NENGO", "PDJULG", "PDJULI"])
        || ["DDMMYY", "MMDDYY", "YYMMDD"].iter().any(|stem| family(stem))
    {
        return Some(StoredType::Day);
    }
    if one_of(&["DATETIME", "E8601DT", "B8601DT", "IS8601DT", "E8601DZ", "B8601DZ", "DATEAMPM", "NLDATM", "MDYAMPM"])
        || one_of(&["DTDATE", "EURDFDT", "E8601DN", "B8601DN", "IS8601DN"])
    {
        return Some(StoredType::Moment);
    }
    if one_of(&["MONYY", "YYMON", "EURDFMY"]) || ["MMYY", "YYMM"].iter().any(|stem| family(stem)) {
        return Some(StoredType::Month);
    }
    let unfit = |what: &str| Some(StoredType::Unfit(format!("{what} ({upper})")));
    match upper.as_str() {
        "TIME" | "HHMM" | "HOUR" | "MMSS" | "TOD" | "TIMEAMPM" | "E8601TM" | "B8601TM" | "E8601LZ" | "IS8601TM" => {
            unfit("time of day")
        }
        "YEAR" | "DTYEAR" | "MONTH" | "MONNAME" | "DAY" | "WEEKDAY" | "DOWNAME" | "QTR" | "QTRR" => {
            unfit("part of a date")
        }
        "WEEKU" | "WEEKV" | "WEEKW" | "YYQ" | "YYQR" | "DTMONYY" | "DTYYQC" => unfit("part of a date"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_say_what_a_number_is() {
        assert_eq!(stata("%tdDD.NN.CCYY"), Some(StoredType::Day));
        assert_eq!(stata("%d"), Some(StoredType::Day));
        assert_eq!(stata("%-tc"), Some(StoredType::Moment));
        assert_eq!((stata("%9.0g"), stata("%ty")), (None, None));
        assert_eq!(spss("EDATE10"), Some(StoredType::Day));
        assert_eq!((spss("F8.2"), spss("MOYR8")), (None, Some(StoredType::Month)));
        assert_eq!((sas("YYMMDDN"), sas("DATETIME")), (Some(StoredType::Day), Some(StoredType::Moment)));
        assert_eq!((sas("BEST"), sas("YYMMN")), (None, Some(StoredType::Month)));
        assert_eq!(
            (sas("BEST12."), sas("DATE9."), sas("E8601DT26.6")),
            (None, Some(StoredType::Day), Some(StoredType::Moment))
        );
    }

    #[test]
    fn months_count_from_january_1960() {
        let first = |year, month| f64::from(Day::from_ymd(year, month, 1).unwrap().0);
        assert_eq!(stata_month(0.0), first(1960, 1));
        assert_eq!(stata_month(665.0), first(2015, 6));
        assert_eq!(stata_month(-1.0), first(1959, 12));
        assert_eq!(month_of(first(2015, 6) + 29.0), first(2015, 6));
        assert!(stata_month(1e9) > 2_932_896.0);
    }
}
