//! Who was studied: population, index date, eligibility, matching, follow-up, covariates.

use crate::house_style::Language;
use crate::report::{Covariate, EntryDay, EntryRules, FollowUp, IndexRule, MatchingRule, Report};

/// Steps of the flow before the study's own: the population, and the index date.
const STEPS_BEFORE: usize = 2;

/// All sentences, in the order of a paper.
pub(super) fn sentences(report: &Report) -> Vec<String> {
    let w = report.words();
    let mut sentences: Vec<String> = cohort_sentence(report).into_iter().collect();
    if let Some(rules) = &report.entry_rules {
        sentences.push(index_sentence(w, &rules.index));
    }
    sentences.extend(eligibility_sentence(report));
    sentences.extend(report.entry_rules.as_ref().and_then(|rules| matching_sentence(w, rules)));
    if let Some(follow_up) = &report.follow_up {
        sentences.extend(follow_up_sentences(w, follow_up));
    }
    sentences.extend(covariate_sentences(report));
    sentences
}

/// Who was followed, in numbers, where they are shown.
pub(in crate::report) fn cohort_sentence(report: &Report) -> Option<String> {
    let (w, style) = (report.words(), report.number_style());
    let total = report.total.as_ref().filter(|t| !t.persons_hidden && !t.events_hidden)?;
    let (persons, events) = (style.count(total.persons?), style.count(total.events?));
    let years = style.person_years(total.person_years?);
    let population = report.attrition.first().filter(|s| !s.persons_hidden).and_then(|s| s.persons);
    Some(match population {
        Some(n) => w.cohort_from_sentence(style.count(n), persons, events, years),
        None => w.cohort_sentence(persons, events, years),
    })
}

/// Which day the index date is, with its window, ages and wash-out.
fn index_sentence(w: Language, index: &IndexRule) -> String {
    let window = match (&index.from, &index.to) {
        (Some(from), Some(to)) => w.index_between(from, to),
        (Some(from), None) => w.index_since(from),
        (None, Some(to)) => w.index_until(to),
        (None, None) => String::new(),
    };
    let ages = match (index.age_from, index.age_to) {
        (Some(from), Some(to)) => w.index_ages(from, to),
        (Some(from), None) => w.index_age_from(from),
        (None, Some(to)) => w.index_age_to(to),
        (None, None) => String::new(),
    };
    let source = match (index.pick.as_str(), index.nth) {
        ("first", _) => w.index_first_row(&index.extract, &index.column),
        ("last", _) => w.index_last_row(&index.extract, &index.column),
        (_, Some(n)) => w.index_nth_row(&index.extract, &index.column, n),
        _ => w.index_column(&index.extract, &index.column),
    };
    let codes = index.codelist.as_ref().map_or(String::new(), |list| w.index_codes(list));
    let condition = index.condition.as_ref().map_or(String::new(), |sql| w.index_condition(sql));
    let washout = index.washout.as_ref().map_or(String::new(), |length| w.index_washout(w.said(length)));
    w.index_sentence(source, codes, condition, window, ages, washout)
}

/// The study's steps in their order, as it words them.
fn eligibility_sentence(report: &Report) -> Option<String> {
    let w = report.words();
    let steps = report.attrition.iter().skip(STEPS_BEFORE).filter(|step| step.added.is_none());
    let labels: Vec<String> = steps.map(|step| w.step_label(&step.label)).collect();
    (!labels.is_empty()).then(|| w.eligibility_sentence(labels.join("; ")))
}

/// How comparison persons were drawn.
pub(in crate::report) fn matching_sentence(w: Language, rules: &EntryRules) -> Option<String> {
    let MatchingRule { by, ratio, at_least, replacement, until_exposed, seed } = rules.matching.as_ref()?;
    let drawn = if *replacement { w.with_replacement() } else { w.without_replacement() };
    let later = if *until_exposed { w.until_exposed() } else { w.also_when_exposed() };
    Some(w.matching_sentence(ratio, w.list_and(by), drawn, seed, at_least, later))
}

/// How people were followed.
pub(in crate::report) fn follow_up_sentences(w: Language, f: &FollowUp) -> Vec<String> {
    let entry = if f.entry.is_empty() { entry_words(w, f) } else { f.entry.clone() };
    let mut ends = vec![f.event.clone()];
    ends.extend(f.exits.iter().cloned());
    ends.extend(f.maximum.iter().map(|m| match f.late_entry.is_empty() {
        true => w.maximum_follow_up(w.said(m)),
        false => w.after_index_date(w.said(m)),
    }));
    let first = if ends.len() > 1 { w.whichever_first() } else { "" };
    let mut sentences = vec![w.followed(entry, w.list_or(&ends), first)];
    sentences.extend((ends.len() > 1).then(|| w.censored_at_the_end(&f.event)));
    let scale = match f.scale.as_str() {
        "age" => w.scale_age(),
        "calendar" => w.scale_calendar(),
        _ if !f.late_entry.is_empty() => w.scale_since_index_late(),
        _ => w.scale_since_index(),
    };
    sentences.push(scale.to_string());
    if !f.late_entry.is_empty() {
        sentences.push(w.gone_before_entry().to_string());
    }
    sentences.extend(match f.event_between.as_deref() {
        Some("exclude") => Some(w.events_between_excluded().to_string()),
        Some("later_event") => Some(w.events_between_history().to_string()),
        _ => None,
    });
    sentences.extend(match f.event_at_entry.as_deref() {
        Some("exclude") => Some(w.entry_events_excluded().to_string()),
        Some("next_day") => Some(w.entry_events_next_day().to_string()),
        Some("later_event") => Some(w.entry_events_later().to_string()),
        _ => None,
    });
    if !f.exit_first.is_empty() {
        sentences.push(w.exits_came_first(w.list_or(&f.exit_first)));
    }
    if f.event_at_exit.is_some() && f.exit_first.len() < f.exits.len() {
        let others: Vec<String> = f.exits.iter().filter(|e| !f.exit_first.contains(e)).cloned().collect();
        sentences.push(w.events_came_first(w.list_or(&others)));
    }
    sentences
}

/// From when people were followed.
fn entry_words(w: Language, f: &FollowUp) -> String {
    let day = |day: &EntryDay| match day.kind.as_str() {
        "after_index" => w.after_index_date(w.said(&day.value)),
        "column" => w.the_date_of_each(&day.value),
        _ => day.value.clone(),
    };
    match f.late_entry.as_slice() {
        [] => w.index_date().to_string(),
        [one] if one.kind == "after_index" => day(one),
        days => {
            let all: Vec<String> = std::iter::once(w.index_date().to_string()).chain(days.iter().map(day)).collect();
            w.latest_of(w.list_and(&all))
        }
    }
}

/// Which numbers were used in classes, and where those begin and end.
pub(in crate::report) fn class_sentence(report: &Report) -> Option<String> {
    let is_class = |c: &&Covariate| c.source.starts_with("covariate ") && !c.levels.is_empty();
    let in_classes = |c: &Covariate| format!("{} ({})", c.title(), c.level_labels().join(", "));
    let classes: Vec<String> = report.covariates.iter().filter(is_class).map(in_classes).collect();
    (!classes.is_empty()).then(|| report.words().classes_sentence(classes.join("; ")))
}

/// Numbers in classes, covariates that change, what became of missing values.
fn covariate_sentences(report: &Report) -> Vec<String> {
    let w = report.words();
    let label = |c: &Covariate| c.title().to_owned();
    let current = report.covariates.iter().filter(|c| c.timing == "current");
    let changing: Vec<String> = current.map(label).collect();
    let known = |c: &&Covariate| !c.if_missing.is_empty() && c.if_missing != "error";
    let treated = |c: &Covariate| format!("{}: {}", label(c), c.if_missing_in_words(w));
    let missing: Vec<String> = report.covariates.iter().filter(known).map(treated).collect();
    let mut sentences = Vec::new();
    sentences.extend(class_sentence(report));
    sentences.extend((!changing.is_empty()).then(|| w.changing_sentence(w.list_and(&changing))));
    sentences.extend((!missing.is_empty()).then(|| w.missing_rules_sentence(missing.join("; "))));
    sentences
}
