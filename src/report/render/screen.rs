//! The summary of a run on a terminal: as much as fits one screen.
//!
//! The summary of a log where it fits, with as many variables as find room; on a smaller screen a tight form of it. There
//! the models are the first and the last and what finds room beside them, because a reader compares the crude hazard
//! ratios with the fully adjusted ones; what is not shown is named.

use super::{display_remark, text};
use crate::report::number::NumberStyle;
use crate::report::tables::{self, Block, Column, DisplayTable, Remark, RowKind, Variables};
use crate::report::{ModelResult, Report};

/// A screen, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Characters of a line.
    pub columns: usize,
    /// Lines that are free for the summary.
    pub rows: usize,
}

/// A report in brief.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What to print.
    pub text: String,
    /// Whether warnings stand there in words; else their number does.
    pub has_warnings: bool,
}

/// The report in brief, in the lines that a screen has: nothing is cut, what finds no room is named. Where even the
/// shortest form is too long, that one.
pub fn summary(report: &Report, style: &NumberStyle, screen: Screen) -> Summary {
    let screen = Screen { columns: screen.columns.max(text::NARROWEST), ..screen };
    let fits = |text: &String| text.lines().count() <= screen.rows;
    if let Some(text) = loose(report, style, screen).find(fits) {
        return Summary { text, has_warnings: true };
    }
    let table = tables::main_table(report).map(bare);
    let tight = Tight { report, style, screen, table };
    Summary { text: tight.longest(fits), has_warnings: false }
}

/// The summary of a log, unless a table would have to go on below: with all variables, and with fewer and fewer.
fn loose(report: &Report, style: &NumberStyle, screen: Screen) -> impl Iterator<Item = String> {
    let n = tables::narrow_level_table(report).map_or(0, |table| tables::variable_heads(&table).len());
    (1..=n.max(1)).rev().filter_map(move |n| {
        let document = tables::summary(report, Variables::First(n));
        let side_by_side = |block: &Block| match block {
            Block::Table(table) => text::fits(table, style, screen.columns),
            _ => true,
        };
        let whole = document.blocks.iter().all(side_by_side);
        whole.then(|| text::document(&document, style, screen.columns))
    })
}

/// The main table with heads without spans, and without what stands elsewhere in a tight summary.
fn bare(mut table: DisplayTable) -> DisplayTable {
    table.remarks.retain(|remark| !matches!(remark, Remark::Warning(_)));
    merge_heads(&mut table);
    // The numbers of all stand in the line above, and only the row of all has empty keys.
    table
        .rows
        .retain(|row| row.kind != RowKind::Plain || row.keys.is_empty() || row.keys.iter().any(|k| !k.is_empty()));
    table
}

/// The models that may go, those first that are missed least; the last one, which is adjusted for most, stays.
fn by_interest(models: &[ModelResult]) -> impl Iterator<Item = &ModelResult> {
    let middle = models.get(1..models.len().saturating_sub(1)).unwrap_or_default();
    middle.iter().chain(models.first().filter(|_| models.len() > 1))
}

/// A head over one column alone goes into the head of the column.
fn merge_heads(table: &mut DisplayTable) {
    let alone = |column: &Column| table.columns.iter().filter(|c| c.span == column.span).count() == 1;
    let alone: Vec<bool> = table.columns.iter().map(|c| c.span.is_some() && alone(c)).collect();
    for column in table.columns.iter_mut().zip(alone).filter_map(|(column, alone)| alone.then_some(column)) {
        let span = column.span.take().unwrap_or_default();
        column.head = format!("{span} {}", column.head.replace(' ', text::HARD_SPACE));
    }
}

/// Of a table that is cut at least so many rows are shown.
const FEWEST_ROWS: usize = 3;

/// A summary without empty lines, and what it is made of.
struct Tight<'a> {
    report: &'a Report,
    style: &'a NumberStyle,
    screen: Screen,
    table: Option<DisplayTable>,
}

/// What a tight summary has beside its table.
#[derive(Clone, Copy)]
struct Beside {
    title: bool,
    facts: bool,
}

impl Tight<'_> {
    /// The longest form that fits.
    fn longest(&self, fits: impl Fn(&String) -> bool) -> String {
        let all = Beside { title: true, facts: true };
        let whole = self.narrow();
        let n = whole.as_ref().map_or(0, |table| tables::variable_heads(table).len());
        let variables = (2..=n).rev().map(|n| self.text(whole.clone().map(|t| first_variables(t, n)), all));
        let one = || whole.clone().map(|t| first_variables(t, 1));
        let fewer = [all, Beside { title: false, ..all }, Beside { title: false, facts: false }];
        let mut forms = variables.chain(fewer.into_iter().map(|beside| self.text(one(), beside)));
        forms.find(&fits).unwrap_or_else(|| self.cut(one(), fewer[2], fits))
    }

    /// The table with the models that find room beside the first variable.
    fn narrow(&self) -> Option<DisplayTable> {
        let mut table = self.table.clone()?;
        let has_room =
            |table: &DisplayTable| text::fits(&first_variables(table.clone(), 1), self.style, self.screen.columns);
        for model in by_interest(&self.report.models) {
            if has_room(&table) {
                break;
            }
            table.leave_out(&[&hr_key(model)]);
        }
        if !has_room(&table) {
            // Of a coefficient the hazard ratio and its P value are what is read.
            table.leave_out(&["estimate", "se", "robust_se", "z", "lr_chisq"]);
        }
        table.keep_used_footnotes();
        Some(table)
    }

    /// With the rows of the table that find room.
    fn cut(&self, table: Option<DisplayTable>, beside: Beside, fits: impl Fn(&String) -> bool) -> String {
        let n = table.as_ref().map_or(0, |table| table.rows.len());
        let first = |n: usize| {
            table.clone().map(|mut table| {
                table.rows.truncate(n);
                table.keep_used_footnotes();
                table
            })
        };
        let shortest = FEWEST_ROWS.min(n);
        let mut forms = (shortest..n).rev().map(|n| self.text(first(n), beside));
        forms.find(fits).unwrap_or_else(|| self.text(first(shortest), beside))
    }

    fn text(&self, table: Option<DisplayTable>, beside: Beside) -> String {
        let width = self.screen.columns;
        let title = beside.title.then(|| tables::document(self.report).title);
        let lead = title.into_iter().chain(tables::lead(self.report));
        let mut parts: Vec<String> = lead.map(|part| text::paragraph(&part, width)).collect();
        let mut sentences = Vec::new();
        if let Some(mut table) = table {
            let remarks = std::mem::take(&mut table.remarks);
            parts.push(text::tight_table(&table, self.style, width));
            sentences.extend(remarks.iter().filter(|_| beside.facts).map(|r| display_remark(r, self.style)));
            sentences.extend(tables::facts(self.report).into_iter().filter(|_| beside.facts));
            sentences.extend(self.elsewhere(&table, beside));
        }
        if !sentences.is_empty() {
            parts.push(text::paragraph(&sentences.join(" "), width));
        }
        parts.join("\n") + "\n"
    }

    /// What is found in the report only.
    fn elsewhere(&self, shown: &DisplayTable, beside: Beside) -> Option<String> {
        let (report, w) = (self.report, self.report.words());
        let warnings = report.models.iter().map(|m| m.all_warnings().count()).sum();
        let tests = !beside.facts && !tables::facts(report).is_empty();
        let list: Vec<String> = [
            counted(warnings, w.one_warning_left_out(), |n| w.warnings_left_out(n)),
            self.models_elsewhere(shown),
            self.rows_elsewhere(shown),
            tests.then(|| w.tests_left_out().to_owned()),
            counted(report.notes.len(), w.one_note_left_out(), |n| w.notes_left_out(n)),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!list.is_empty()).then(|| w.in_the_report(list.join("; ")))
    }

    /// The models that found no room beside the others.
    fn models_elsewhere(&self, shown: &DisplayTable) -> Option<String> {
        let has = |model: &ModelResult| shown.columns.iter().any(|c| c.key == hr_key(model));
        let models = &self.report.models;
        let gone: Vec<String> = models.iter().filter(|m| !has(m)).map(|m| m.title().to_owned()).collect();
        let w = self.report.words();
        let named = |names: &[String]| match names {
            [one] => w.one_model_left_out(one),
            several => w.models_left_out(w.list_and(several)),
        };
        (!gone.is_empty() && models.iter().any(has)).then(|| named(&gone))
    }

    /// The variables or rows that found no room.
    fn rows_elsewhere(&self, shown: &DisplayTable) -> Option<String> {
        let (w, all) = (self.report.words(), self.table.as_ref()?);
        let heads = tables::variable_heads(all);
        let left = |heads: &[usize]| heads.iter().filter(|head| **head >= shown.rows.len()).count();
        match heads.contains(&shown.rows.len()) {
            true => counted(left(&heads), w.one_variable_left_out(), |n| w.variables_left_out(n)),
            false => counted(all.rows.len() - shown.rows.len(), w.one_row_left_out(), |n| w.rows_left_out(n)),
        }
    }
}

/// The key of a model's column of hazard ratios.
fn hr_key(model: &ModelResult) -> String {
    format!("{}_hr", model.name)
}

fn first_variables(mut table: DisplayTable, n: usize) -> DisplayTable {
    tables::keep_variables(&mut table, n);
    table
}

fn counted(n: usize, one: &str, many: impl Fn(usize) -> String) -> Option<String> {
    match n {
        0 => None,
        1 => Some(one.to_owned()),
        n => Some(many(n)),
    }
}
