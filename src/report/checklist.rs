//! The reporting checklist: STROBE for cohort studies and RECORD, item by item, with what the run can answer.
//!
//! Answers select what the report holds; a number that disclosure control hid is left out of them. What a run cannot
//! know is named as the authors' task. Sources: von Elm et al. (2007), PLoS Med 4:e296, doi 10.1371/journal.pmed.0040296;
//! Benchimol et al. (2015), PLoS Med 12:e1001885, doi 10.1371/journal.pmed.1001885.

use super::tables::table_one_title;
use super::{Covariate, Report, label_or, methods};
use crate::house_style::Language;

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChecklistItem {
    /// `STROBE 6a`, `RECORD 12.3`.
    pub item: &'static str,
    /// What it asks, shortly.
    pub asked: &'static str,
    /// What the run answers; `None` where it is for the authors.
    pub answer: Option<String>,
}

/// Number of the item, what it asks, and how the run answers.
pub(super) type Item = (&'static str, fn(Language) -> &'static str, fn(&Report) -> Option<String>);

const ITEMS: &[Item] = &[
    ("STROBE 1a", Language::ask_1a, |_| None),
    ("STROBE 1b", Language::ask_1b, |_| None),
    ("RECORD 1.1-1.3", Language::ask_r1, linked),
    ("STROBE 2", Language::ask_2, |_| None),
    ("STROBE 3", Language::ask_3, |_| None),
    ("STROBE 4", Language::ask_4, |r| Some(r.words().answer_design(extracts(r)?))),
    ("STROBE 5", Language::ask_5, dates),
    ("STROBE 6a", Language::ask_6a, eligibility),
    ("RECORD 6.1", Language::ask_r6_1, steps),
    ("RECORD 6.2", Language::ask_r6_2, |_| None),
    ("RECORD 6.3", Language::ask_r6_3, links),
    ("STROBE 6b", Language::ask_6b, matching),
    ("STROBE 7", Language::ask_7, variables),
    ("RECORD 7.1", Language::ask_r7_1, |r| has(!r.codes.is_empty(), r, Language::codes_and_lists)),
    ("STROBE 8", Language::ask_8, files),
    ("STROBE 9", Language::ask_9, |_| None),
    ("STROBE 10", Language::ask_10, |r| Some(r.words().answer_size(methods::cohort_sentence(r)?))),
    ("STROBE 11", Language::ask_11, quantitative),
    ("STROBE 12a", Language::ask_12a, |r| (!r.models.is_empty()).then(|| r.words().answer_see_methods().to_string())),
    ("STROBE 12b", Language::ask_12b, pairs),
    ("STROBE 12c", Language::ask_12c, missing),
    ("STROBE 12d", Language::ask_12d, exits),
    ("STROBE 12e", Language::ask_12e, |_| None),
    ("RECORD 12.1", Language::ask_r12_1, |_| None),
    ("RECORD 12.2", Language::ask_r12_2, |r| (!r.notes.is_empty()).then(|| r.words().answer_notes(r.notes.len()))),
    ("RECORD 12.3", Language::ask_r12_3, links),
    ("STROBE 13a", Language::ask_13a, flow),
    ("STROBE 13b", Language::ask_13b, excluded),
    ("STROBE 13c", Language::ask_13c, |r| has(!r.attrition.is_empty(), r, Language::flow_of_persons)),
    ("RECORD 13.1", Language::ask_r13_1, steps),
    ("STROBE 14a", Language::ask_14a, |r| Some(r.words().answer_table(table_one_title(r)?))),
    ("STROBE 14b", Language::ask_14b, missing),
    ("STROBE 14c", Language::ask_14c, follow_up),
    ("STROBE 15", Language::ask_15, methods::cohort_sentence),
    ("STROBE 16a", Language::ask_16a, models),
    ("STROBE 16b", Language::ask_16b, boundaries),
    ("STROBE 16c", Language::ask_16c, standardised),
    ("STROBE 17", Language::ask_17, others),
    ("STROBE 18", Language::ask_18, |_| None),
    ("STROBE 19", Language::ask_19, |_| None),
    ("RECORD 19.1", Language::ask_r19_1, |_| None),
    ("STROBE 20", Language::ask_20, |_| None),
    ("STROBE 21", Language::ask_21, |_| None),
    ("STROBE 22", Language::ask_22, |_| None),
    ("RECORD 22.1", Language::ask_r22_1, |r| Some(r.words().answer_code(&r.software.name, &r.software.version))),
];

/// The checklist of a study; empty for a data file, whose origin the run does not know.
pub fn checklist(report: &Report) -> Vec<ChecklistItem> {
    if report.study.is_none() {
        return Vec::new();
    }
    answer(ITEMS, report)
}

/// What a run answers to some items.
pub(super) fn answer(items: &[Item], report: &Report) -> Vec<ChecklistItem> {
    let one =
        |(item, asked, answer): &Item| ChecklistItem { item, asked: asked(report.words()), answer: answer(report) };
    items.iter().map(one).collect()
}

/// The window of index dates and the longest follow-up; the place is for the authors.
fn dates(report: &Report) -> Option<String> {
    let w = report.words();
    let index = &report.entry_rules.as_ref()?.index;
    let window = match (&index.from, &index.to) {
        (Some(from), Some(to)) => w.answer_index_between(from, to),
        (Some(from), None) => w.answer_index_from(from),
        (None, Some(to)) => w.answer_index_to(to),
        (None, None) => return None,
    };
    let follow_up = report.follow_up.as_ref().and_then(|f| f.maximum.as_ref());
    let follow_up = follow_up.map(|m| format!(" {}", w.answer_longest(w.said(m))));
    Some(format!("{window}{} {}", follow_up.unwrap_or_default(), w.answer_place()))
}

/// The classes of numbers, and the table with a row for each.
fn boundaries(report: &Report) -> Option<String> {
    let table = has(!report.levels.is_empty(), report, Language::levels_title)?;
    Some(methods::class_sentence(report).into_iter().chain([table]).collect::<Vec<_>>().join(" "))
}

/// The extracts that were read, in the study's order.
fn extracts(report: &Report) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    for input in report.inputs.iter().filter(|i| !i.extract.is_empty() && i.rows.is_some()) {
        if !names.contains(&input.extract) {
            names.push(input.extract.clone());
        }
    }
    (!names.is_empty()).then(|| report.words().list_and(&names))
}

fn linked(report: &Report) -> Option<String> {
    Some(report.words().answer_linked(extracts(report).filter(|_| !report.links.is_empty())?))
}

fn has(is_there: bool, report: &Report, title: fn(Language) -> &'static str) -> Option<String> {
    is_there.then(|| report.words().answer_table(title(report.words())))
}

fn steps(report: &Report) -> Option<String> {
    let w = report.words();
    let labels: Vec<String> = report.attrition.iter().map(|s| w.step_label(&s.label)).collect();
    (!labels.is_empty()).then(|| w.answer_steps(labels.join("; ")))
}

fn eligibility(report: &Report) -> Option<String> {
    let follow_up = report.follow_up.as_ref().map(|f| methods::follow_up_sentences(report.words(), f).join(" "));
    Some(format!("{} {}", steps(report)?, follow_up.unwrap_or_default()).trim_end().to_string())
}

/// `label 123`, for those whose number is shown.
fn counted(report: &Report, lines: impl Iterator<Item = (String, Option<u64>)>) -> Option<String> {
    let style = report.number_style();
    let shown: Vec<String> = lines.filter_map(|(label, n)| Some(format!("{label} {}", style.count(n?)))).collect();
    (!shown.is_empty()).then(|| shown.join("; "))
}

fn links(report: &Report) -> Option<String> {
    let style = report.number_style();
    let shown = report
        .links
        .iter()
        .filter(|l| !l.hidden)
        .filter_map(|l| Some(format!("{} {}/{}", l.extract, style.count(l.matched?), style.count(l.keys?))));
    let shown: Vec<String> = shown.collect();
    (!shown.is_empty()).then(|| report.words().answer_links(shown.join("; ")))
}

/// Titles of the table variables, each once.
fn titles(report: &Report) -> Vec<String> {
    let mut titles: Vec<String> = report.levels.iter().map(|l| label_or(&l.label, &l.variable).to_string()).collect();
    titles.dedup();
    titles.extend(numbers(report));
    titles
}

/// Titles of the numbers in Table 1.
fn numbers(report: &Report) -> Vec<String> {
    let of_table = report.table_one.iter().flat_map(|t| &t.variables);
    of_table.filter(|v| v.levels.is_empty()).map(|v| v.title().to_string()).collect()
}

fn variables(report: &Report) -> Option<String> {
    let (w, event) = (report.words(), &report.follow_up.as_ref()?.event);
    let exposure = report.table_one.as_ref().filter(|t| t.by.is_some()).map(|t| w.answer_exposure(t.by_title()));
    Some(w.answer_variables(event, titles(report).join("; ")) + &exposure.unwrap_or_default())
}

fn files(report: &Report) -> Option<String> {
    let files: Vec<&str> = report.inputs.iter().map(|i| i.path.as_str()).collect();
    let variables = has(!report.covariates.is_empty(), report, Language::covariates);
    let files = (!files.is_empty()).then(|| report.words().answer_files(files.join(", ")));
    let answers: Vec<String> = variables.into_iter().chain(files).collect();
    (!answers.is_empty()).then(|| answers.join(" "))
}

fn quantitative(report: &Report) -> Option<String> {
    let w = report.words();
    let (all, numbers) = (titles(report), numbers(report));
    let levels: Vec<String> = all.into_iter().filter(|t| !numbers.contains(t)).collect();
    let or_none = |names: Vec<String>| if names.is_empty() { w.answer_none().to_string() } else { names.join("; ") };
    (!levels.is_empty() || !numbers.is_empty()).then(|| w.answer_quantitative(or_none(levels), or_none(numbers)))
}

pub(super) fn pairs(report: &Report) -> Option<String> {
    let w = report.words();
    let all = report.models.iter().flat_map(|m| &m.interactions);
    let pairs: Vec<String> = all.map(|i| w.by_two(i.exposure_title(), i.modifier_title())).collect();
    (!pairs.is_empty()).then(|| w.answer_pairs(pairs.join("; ")))
}

/// What was missing and what became of it: by the rules of the covariates, and as levels of the tables.
pub(super) fn missing(report: &Report) -> Option<String> {
    let w = report.words();
    let with_missing = report.levels.iter().filter(|l| l.missing);
    let label = |l: &super::LevelRow| label_or(&l.label, &l.variable).to_string();
    let shown =
        counted(report, with_missing.map(|l| (label(l), l.counts.persons.filter(|_| !l.counts.persons_hidden))));
    let levels = shown.map(|names| w.answer_missing_levels(names));
    let answers: Vec<String> = treated(report).into_iter().chain(levels).collect();
    match answers.is_empty() {
        false => Some(answers.join(" ")),
        true if report.levels.is_empty() || report.levels.iter().any(|l| l.missing) => None,
        true => Some(w.answer_no_missing().to_string()),
    }
}

/// The covariates that somebody had no value of, with how many and what their rule made of it.
fn treated(report: &Report) -> Option<String> {
    let (w, style) = (report.words(), report.number_style());
    let found = report.covariates.iter().filter(|c| c.missing_before.is_some_and(|n| n > 0) && !c.hidden);
    let one = |c: &Covariate| {
        let n = c.missing_before.map_or(String::new(), |n| style.count(n));
        format!("{} {n} ({})", c.title(), c.if_missing_in_words(w))
    };
    let names: Vec<String> = found.map(one).collect();
    (!names.is_empty()).then(|| w.answer_missing_treated(names.join("; ")))
}

/// How comparison persons were matched, or that nobody was.
fn matching(report: &Report) -> Option<String> {
    let rules = report.entry_rules.as_ref()?;
    let w = report.words();
    Some(methods::matching_sentence(w, rules).unwrap_or_else(|| w.answer_no_matching().to_string()))
}

pub(super) fn exits(report: &Report) -> Option<String> {
    let lines = report.exits.iter().map(|e| (report.words().exit_label(&e.reason), e.persons.filter(|_| !e.hidden)));
    Some(report.words().answer_exits(counted(report, lines)?))
}

fn flow(report: &Report) -> Option<String> {
    let w = report.words();
    let lines = report.attrition.iter().map(|s| (w.step_label(&s.label), s.persons.filter(|_| !s.persons_hidden)));
    Some(w.answer_flow(counted(report, lines)?))
}

fn excluded(report: &Report) -> Option<String> {
    let w = report.words();
    let steps = report.attrition.iter().filter(|s| s.excluded != Some(0));
    let lines = steps.map(|s| (w.step_label(&s.label), s.excluded.filter(|_| !s.excluded_hidden)));
    Some(w.answer_excluded(counted(report, lines)?))
}

fn follow_up(report: &Report) -> Option<String> {
    let style = report.number_style();
    let all = report.table_one.as_ref()?.groups.iter().find(|g| g.all)?;
    let time = all.follow_up.filter(|f| !f.hidden)?;
    let years = all.counts.person_years.filter(|_| !all.counts.persons_hidden && !all.counts.events_hidden)?;
    let median = style.with_interval(time.median?, time.q1, time.q3, 0);
    Some(report.words().answer_follow_up(median, style.person_years(years)))
}

pub(super) fn models(report: &Report) -> Option<String> {
    let titles: Vec<String> =
        report.models.iter().map(|m| report.words().model_with(m.title(), methods::in_words(report, m))).collect();
    (!titles.is_empty()).then(|| report.words().answer_models(titles.join("; ")))
}

fn standardised(report: &Report) -> Option<String> {
    let of = report.models.iter().flat_map(|m| &m.standardised);
    let exposures: Vec<String> = of.map(|s| s.exposure_title().to_string()).collect();
    (!exposures.is_empty()).then(|| report.words().answer_standardised(report.words().list_and(&exposures)))
}

fn others(report: &Report) -> Option<String> {
    let tested = report.models.iter().any(|m| m.proportional_hazards.is_some());
    let parts = [pairs(report), tested.then(|| report.words().answer_ph().to_string())];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Counts, EntryRules, LevelRow};

    /// A value that a rule made of a missing one is not a value that was there.
    #[test]
    fn missing_values_that_a_rule_took_are_said() {
        let status = Covariate {
            name: "status".into(),
            label: "Civil status".into(),
            if_missing: "level unknown".into(),
            missing_before: Some(1256),
            ..Covariate::default()
        };
        let row = LevelRow { variable: "status".into(), counts: Counts::default(), ..LevelRow::default() };
        let report = |covariates| Report { covariates, levels: vec![row.clone()], ..Report::default() };
        let said = missing(&report(vec![status.clone()])).expect("an answer");
        assert_eq!(said, "Persons without a value, and what was made of it: Civil status 1,256 (level unknown).");
        let complete = Covariate { missing_before: Some(0), ..status };
        assert!(missing(&report(vec![complete])).expect("an answer").starts_with("No variable"));
    }

    #[test]
    fn a_study_without_matching_says_so() {
        let report = Report { entry_rules: Some(EntryRules::default()), ..Report::default() };
        assert_eq!(matching(&report).as_deref(), Some("Nobody was matched."));
        assert_eq!(matching(&Report::default()), None);
    }
}
