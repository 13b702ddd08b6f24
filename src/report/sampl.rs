//! What the SAMPL guidelines ask of descriptions, tests, regression and survival analyses, item by item, with what the run
//! answers.
//!
//! The guidelines have no numbers; the letters here stand for their parts (G general, D descriptive statistics, T tests,
//! R regression, S survival) and the numbers count within them. Where a run cannot know, the item is for the authors.
//! Source: Lang and Altman (2013), Basic statistical reporting for articles published in biomedical journals, Science
//! Editors' Handbook of the European Association of Science Editors; also 2015, Int J Nurs Stud 52:5-9,
//! doi 10.1016/j.ijnurstu.2014.09.006.

use super::checklist::{self, ChecklistItem, Item};
use super::tables::{self, percent, table_one_title};
use super::{GroupTest, ModelResult, Report, methods};
use crate::house_style::Language;

const ITEMS: &[Item] = &[
    ("SAMPL G1", Language::sampl_g1, changes),
    ("SAMPL G2", Language::sampl_g2, |_| None),
    ("SAMPL G3", Language::sampl_g3, described),
    ("SAMPL G4", Language::sampl_g4, |_| None),
    ("SAMPL G5", Language::sampl_g5, |r| modelled(r).then(|| r.words().answer_see_methods().to_owned())),
    ("SAMPL G6", Language::sampl_g6, assumptions),
    ("SAMPL G7", Language::sampl_g7, |r| modelled(r).then(|| several_tests(r))),
    ("SAMPL G8", Language::sampl_g8, |r| Some(r.words().sampl_outliers().to_owned())),
    ("SAMPL G9", Language::sampl_g9, |r| Some(r.words().sampl_two_sided(percent(r)))),
    ("SAMPL G10", Language::sampl_g10, |r| Some(r.words().software_sentence(&r.software.name, &r.software.version))),
    ("SAMPL G11", Language::sampl_g11, |_| None),
    ("SAMPL D1", Language::sampl_d1, |r| Some(r.words().sampl_precision().to_owned())),
    ("SAMPL D2", Language::sampl_d2, |r| {
        Some(format!("{} {}", r.words().answer_table(table_one_title(r)?), r.words().table_one_shares()))
    }),
    ("SAMPL D3", Language::sampl_d3, |r| r.table_one.as_ref().map(|_| r.words().sampl_spread().to_owned())),
    ("SAMPL D4", Language::sampl_d4, rates),
    ("SAMPL T1", Language::sampl_t1, |_| None),
    ("SAMPL T2", Language::sampl_t2, |r| modelled(r).then(|| r.words().sampl_p_values().to_owned())),
    ("SAMPL R1", Language::sampl_r1, |_| None),
    ("SAMPL R2", Language::sampl_r2, missing),
    ("SAMPL R3", Language::sampl_r3, |r| modelled(r).then(|| r.words().sampl_selection().to_owned())),
    ("SAMPL R4", Language::sampl_r4, estimates),
    ("SAMPL R5", Language::sampl_r5, collinear),
    ("SAMPL R6", Language::sampl_r6, goodness),
    ("SAMPL R7", Language::sampl_r7, |_| None),
    ("SAMPL S1", Language::sampl_s1, |r| {
        Some(methods::follow_up_sentences(r.words(), r.follow_up.as_ref()?).join(" "))
    }),
    ("SAMPL S2", Language::sampl_s2, checklist::exits),
    ("SAMPL S3", Language::sampl_s3, |r| some(methods::description_sentences(r).join(" "))),
    ("SAMPL S4", Language::sampl_s4, survival),
    ("SAMPL S5", Language::sampl_s5, |r| {
        let has =
            r.descriptions.iter().flat_map(|d| &d.groups).any(|g| g.quantiles.iter().any(|q| q.probability == 0.5));
        has.then(|| r.words().sampl_medians().to_owned())
    }),
    ("SAMPL S6", Language::sampl_s6, comparisons),
    ("SAMPL S7", Language::sampl_s7, |r| match r.study {
        Some(_) => checklist::models(r),
        None => some(formulas(r)),
    }),
];

/// The items, for a study and for a fit or description of a data file.
pub fn checklist(report: &Report) -> Vec<ChecklistItem> {
    let is_empty = report.models.is_empty() && report.descriptions.is_empty() && report.table_one.is_none();
    if is_empty { Vec::new() } else { checklist::answer(ITEMS, report) }
}

fn modelled(report: &Report) -> bool {
    !report.models.is_empty()
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Classes of numbers, splines and polynomials; that there were none.
fn changes(report: &Report) -> Option<String> {
    let found: Vec<String> =
        methods::class_sentence(report).into_iter().chain(methods::curve_sentence(report)).collect();
    Some(if found.is_empty() { report.words().sampl_unchanged().to_owned() } else { found.join(" ") })
}

fn described(report: &Report) -> Option<String> {
    Some(report.words().answer_table(table_one_title(report)?))
}

/// The test of proportional hazards of every model, and which had none.
fn assumptions(report: &Report) -> Option<String> {
    let (w, style) = (report.words(), report.number_style());
    let tested = |m: &ModelResult| {
        let p = m.proportional_hazards.as_ref()?.global?.p?;
        Some(format!("{} {}", m.title(), style.p_equals(p)))
    };
    let with_p: Vec<String> = report.models.iter().filter_map(tested).collect();
    let without: Vec<String> =
        report.models.iter().filter(|m| m.proportional_hazards.is_none()).map(|m| m.title().to_owned()).collect();
    let forms = report.models.iter().any(|m| !m.functional_form.is_empty());
    let sentences = [
        (!with_p.is_empty()).then(|| w.proportionality_in_brief(with_p.join(style.list_mark()))),
        (!without.is_empty()).then(|| w.sampl_untested(w.list_and(&without))),
        forms.then(|| w.sampl_forms().to_owned()),
    ];
    some(sentences.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn several_tests(report: &Report) -> String {
    methods::adjustment_sentence(report).unwrap_or_else(|| report.words().sampl_unadjusted().to_owned())
}

fn rates(report: &Report) -> Option<String> {
    let has = report.total.is_some() || report.descriptions.iter().any(|d| d.rate_per.is_some());
    has.then(|| report.words().rates_sentence(report.number_style().decimal(report.settings.rate_per, 0)))
}

/// What became of missing values, and how many records every model left out.
fn missing(report: &Report) -> Option<String> {
    let w = report.words();
    let style = report.number_style();
    let left_out = report.models.iter().filter(|m| !m.counts_hidden).filter_map(|m| {
        let n = m.n_missing_dropped.filter(|n| *n > 0)?;
        let what = if n == 1 { w.one_record_left_out().to_owned() } else { w.records_left_out(style.count(n)) };
        Some(format!("{}.", w.of_model(m.title(), what)))
    });
    let rules = report.study.as_ref().and_then(|_| checklist::missing(report));
    let found: Vec<String> = rules.into_iter().chain(left_out).collect();
    let complete = modelled(report) && report.models.iter().all(|m| m.n_missing_dropped == Some(0));
    match found.is_empty() {
        false => Some(found.join(" ")),
        true => complete.then(|| w.sampl_complete().to_owned()),
    }
}

fn estimates(report: &Report) -> Option<String> {
    let table = tables::level_table(report).map(|table| table.title);
    let title = table.or_else(|| modelled(report).then(|| report.words().coefficients().to_owned()))?;
    let references = methods::reference_sentence(report);
    let words = report.words().answer_table(title);
    Some(references.map_or(words.clone(), |references| format!("{words} {references}")))
}

/// Columns that are combinations of others, and the interactions that were looked at.
fn collinear(report: &Report) -> Option<String> {
    let w = report.words();
    let aliased: Vec<String> = report
        .models
        .iter()
        .flat_map(|m| {
            m.coefficients.iter().filter(|c| c.aliased).map(move |c| format!("{} ({})", c.title(), m.title()))
        })
        .collect();
    let collinear = match aliased.is_empty() {
        true => w.sampl_no_alias().to_owned(),
        false => w.sampl_alias(aliased.join("; ")),
    };
    let pairs = checklist::pairs(report).unwrap_or_else(|| w.sampl_no_interactions().to_owned());
    modelled(report).then(|| format!("{collinear} {pairs}"))
}

fn goodness(report: &Report) -> Option<String> {
    let style = report.number_style();
    let of = |m: &ModelResult| {
        let concordance = m.concordance.as_ref().filter(|_| m.converged)?;
        Some(format!("{} {}", m.title(), style.decimal(concordance.value?, 3)))
    };
    let listed: Vec<String> = report.models.iter().filter_map(of).collect();
    (!listed.is_empty()).then(|| report.words().sampl_goodness(listed.join(style.list_mark())))
}

fn survival(report: &Report) -> Option<String> {
    let has_times = report.descriptions.iter().flat_map(|d| &d.groups).any(|g| !g.survival.is_empty());
    let has_curves = report.descriptions.iter().any(|d| !d.groups.is_empty());
    match (has_times, has_curves) {
        (true, _) => Some(report.words().sampl_survival().to_owned()),
        (false, true) => Some(report.words().sampl_curves().to_owned()),
        (false, false) => None,
    }
}

fn comparisons(report: &Report) -> Option<String> {
    let w = report.words();
    let style = report.number_style();
    let said = |t: &GroupTest| {
        let cause = t.cause.as_ref().map_or(String::new(), |cause| format!(" ({cause})"));
        Some(format!("{}{cause} {}", w.test_by_name(&t.name), style.p_equals(t.test.p?)))
    };
    let listed: Vec<String> = report.descriptions.iter().flat_map(|d| &d.tests).filter_map(said).collect();
    (!listed.is_empty()).then(|| format!("{}.", listed.join("; ")))
}

fn formulas(report: &Report) -> String {
    report.models.iter().map(|m| m.formula.clone()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{ProportionalHazards, TestResult};

    fn answer_to(item: &str, report: &Report) -> Option<String> {
        checklist(report).into_iter().find(|i| i.item == item).expect("the item").answer
    }

    /// A model without a test of its assumption is named beside one that has it.
    #[test]
    fn assumptions_say_what_was_not_tested() {
        let tested = ProportionalHazards {
            global: Some(TestResult { chisq: Some(1.0), df: Some(1.0), p: Some(0.317) }),
            ..ProportionalHazards::default()
        };
        let model = |name: &str, test: Option<ProportionalHazards>| ModelResult {
            name: name.into(),
            n_missing_dropped: Some(0),
            proportional_hazards: test,
            ..ModelResult::default()
        };
        let report = Report { models: vec![model("crude", None), model("full", Some(tested))], ..Report::default() };
        assert_eq!(
            answer_to("SAMPL G6", &report).as_deref(),
            Some("Proportional hazards, all terms: full P = 0.317. Proportional hazards not tested: crude.")
        );
        let all_used = "No record was left out of a model because a value was missing.";
        assert_eq!(answer_to("SAMPL R2", &report).as_deref(), Some(all_used));
    }

    /// What nobody asked the run for is the authors' to answer, and nothing at all has no list.
    #[test]
    fn what_was_not_run_is_not_claimed() {
        let report = Report { models: vec![ModelResult::default()], ..Report::default() };
        for item in ["SAMPL S3", "SAMPL S4", "SAMPL S5", "SAMPL S6", "SAMPL D2", "SAMPL D4", "SAMPL G2"] {
            assert_eq!(answer_to(item, &report), None, "{item}");
        }
        assert!(checklist(&Report::default()).is_empty());
    }
}
