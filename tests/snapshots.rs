//! Every table in every format: runs on the data of the repository, and for each of their tables one file in
//! `tests/snapshots/` with the first rows as text, Markdown, HTML, LaTeX, CSV, Word and Excel have them.
//!
//! A change that is meant is taken over by `INSTA_UPDATE=always cargo test --test tests snapshots::`, which writes the
//! files anew; the difference is then read in `git diff` like any other. A file whose table is gone fails a test of its own
//! and is deleted by hand. Snapshots inside test files (`@"…"`) are renewed by `cargo insta`, or by hand.

use crate::support::run::{cohort, root};
use calamine::{Data, Reader, Xlsx};
use cohort::report::number::NumberStyle;
use cohort::report::render::{Format, bytes, csv, html, json, latex, markdown, text};
use cohort::report::tables::{self, Block, DisplayTable, Document};
use cohort::report::{KeyCleanUp, KeyLine, Report, StudyInfo};
use docx_rs::{DocumentChild, ParagraphChild, RunChild, TableCellContent, TableChild, TableRowChild};
use insta::assert_snapshot;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Cursor;

const STYLE: NumberStyle = NumberStyle::ENGLISH;
/// Lines of each format that a file holds.
const LINES: usize = 16;

/// The report of a run that writes `results.json` to standard output.
fn run(args: &[&str]) -> Report {
    let output = cohort(&[args, &["--json", "-", "--format", "none", "--quiet"]].concat());
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    json::read(&String::from_utf8(output.stdout).expect("UTF-8")).expect("a results file")
}

/// The runs by name; together they have every table there is.
fn runs() -> Vec<(&'static str, Report)> {
    let data = |name: &str| root(&format!("data-fixtures/reference/data/{name}")).display().to_string();
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("out").display().to_string();
    let study = root("examples/phc-opmh/study.toml").display().to_string();
    let ran = cohort(&["fit", &study, "--out", &out, "--format", "none", "--figures", "none", "--quiet"]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let results = fs::read_to_string(place.path().join("out/internal/results.json")).expect("results");
    let (lung, stacked, mgus) = (data("lung.csv"), data("mi_pbc.csv"), data("mgus2.csv"));
    let curved = "Surv(time, status == 2) ~ ns(age, df = 3) + factor(sex) + ph.karno";
    let mut fit = vec!["fit", &lung, "--formula", curved, "--contrast", "sex=2 vs sex=1", "--adjust", "holm"];
    fit.extend(["--ph", "km", "--ph-smooth", "--functional-form", "ph.karno", "--form-paths", "50", "--baseline"]);
    fit.extend(["--curve", "age=60, sex=1, ph.karno=80", "--times", "100,300", "--standardise", "sex"]);
    fit.extend(["--bootstrap", "20"]);
    let timed = ["fit", &lung, "--formula", "Surv(time, status == 2) ~ age + factor(sex) + tt(age, log)"];
    let formula = "Surv(time, status == 2) ~ age + sex + bili";
    let pooled = ["fit", &stacked, "--formula", formula, "--imputation", "imp"];
    let mut competing = vec!["fit", &mgus, "--formula", "Surv(etime, event == \"pcm\") ~ age + sex"];
    competing.extend(["--competing", "event == \"death\"", "--incidence", "age=70, sex=M", "--times", "60,120"]);
    let by = "Surv(time, status == 2) ~ sex";
    let mut describe = vec!["describe", &lung, "--formula", by, "--times", "100,300", "--quantiles", "0.25,0.5"];
    describe.extend(["--log-rank", "--pairwise", "holm", "--rates", "--table-one", "age,ph.ecog"]);
    vec![
        ("study", json::read(&results).expect("a results file")),
        ("curves", run(&fit)),
        ("time", run(&timed)),
        ("pooled", run(&pooled)),
        ("groups", run(&describe)),
        ("competing", run(&competing)),
        ("keys", clean_up()),
    ]
}

/// No delivery here has keys to clean: the lines of one extract as `tests/linkage.rs` counts them.
fn clean_up() -> Report {
    let line = |line, step: &str, rows, keys| KeyCleanUp {
        extract: "visits".to_owned(),
        spelling: "npr".to_owned(),
        line,
        step: step.to_owned(),
        rows,
        keys: Some(keys),
        hidden: false,
    };
    let key_clean_up = vec![
        line(KeyLine::Delivered, "", Some(7), 6),
        line(KeyLine::Step, "trim", Some(2), 2),
        line(KeyLine::Step, "strip_prefix", Some(6), 5),
        line(KeyLine::Emptied, "", Some(1), 1),
        line(KeyLine::Compared, "", Some(6), 3),
        line(KeyLine::Merged, "", None, 2),
        line(KeyLine::MergedFrom, "", None, 4),
    ];
    Report { study: Some(StudyInfo::default()), key_clean_up, ..Report::default() }
}

/// Tables that people read; with the checklist of a study.
fn read_tables(report: &Report) -> Vec<DisplayTable> {
    let documents = std::iter::once(tables::document(report)).chain(tables::checklist_document(report));
    let blocks = documents.flat_map(|document| document.blocks);
    blocks.filter_map(|block| if let Block::Table(table) = block { Some(table) } else { None }).collect()
}

/// The first lines, and how many there were.
fn head(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let shown = lines[..lines.len().min(LINES)].join("\n");
    if lines.len() > LINES { format!("{shown}\n({} lines)", lines.len()) } else { shown }
}

/// The tables of a page in their order.
fn of_html(report: &Report) -> Vec<String> {
    let page = html::page(report, &STYLE);
    let pieces = page.split("<table ").skip(1);
    pieces.map(|piece| piece.split("</table>").next().unwrap_or_default().to_owned()).collect()
}

/// The tables of a LaTeX document by name.
fn of_latex(report: &Report) -> Vec<String> {
    let document = latex::document(report, &STYLE);
    let pieces = document.split("% ---- begin ").skip(1);
    pieces.map(|piece| piece.split("% ---- end ").next().unwrap_or_default().to_owned()).collect()
}

/// The tables of a Word document, cells between bars.
fn of_docx(report: &Report) -> Vec<String> {
    let docx = docx_rs::read_docx(&bytes(report, Format::Docx, &STYLE, 0)).expect("a Word document");
    let text = |cell: &docx_rs::TableCell| {
        let paragraphs = cell.children.iter().filter_map(|c| match c {
            TableCellContent::Paragraph(paragraph) => Some(paragraph),
            _ => None,
        });
        let runs = paragraphs.flat_map(|p| &p.children).filter_map(|c| match c {
            ParagraphChild::Run(run) => Some(run),
            _ => None,
        });
        let texts = runs.flat_map(|run| &run.children).filter_map(|c| match c {
            RunChild::Text(text) => Some(text.text.clone()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join(" ")
    };
    let row = |TableChild::TableRow(row): &TableChild| {
        let cells = row.cells.iter().map(|TableRowChild::TableCell(cell)| text(cell));
        cells.collect::<Vec<_>>().join(" | ")
    };
    let tables = docx.document.children.iter().filter_map(|c| match c {
        DocumentChild::Table(table) => Some(table.rows.iter().map(row).collect::<Vec<_>>().join("\n")),
        _ => None,
    });
    tables.collect()
}

/// The sheets of a workbook after its contents, cells between bars.
fn of_xlsx(report: &Report) -> Vec<String> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes(report, Format::Xlsx, &STYLE, 0))).expect("a workbook");
    let sheets = book.worksheets().into_iter().skip(1);
    let cell = |data: &Data| data.to_string();
    let row =
        |cells: &[Data]| cells.iter().map(cell).collect::<Vec<_>>().join(" | ").trim_end_matches([' ', '|']).to_owned();
    sheets.map(|(_, range)| range.rows().map(row).collect::<Vec<_>>().join("\n")).collect()
}

/// A table in all formats, as a file has it.
fn in_every_format(report: &Report) -> BTreeMap<String, String> {
    let data: BTreeMap<String, String> =
        tables::data_tables(report).iter().map(|table| (table.id.clone(), csv::table(table))).collect();
    let (html, latex, docx, xlsx) = (of_html(report), of_latex(report), of_docx(report), of_xlsx(report));
    let mut files = BTreeMap::new();
    for (i, table) in read_tables(report).into_iter().enumerate() {
        let document = Document { title: String::new(), blocks: vec![Block::Table(table.clone())] };
        let mut formats =
            vec![("text", text::document(&document, &STYLE, 120)), ("Markdown", markdown::document(&document, &STYLE))];
        // The checklists are a document of their own.
        if !["checklist", "sampl"].contains(&table.id.as_str()) {
            assert!(html[i].contains(&format!("data-table=\"{}\"", table.id)), "{}", table.id);
            assert!(latex[i].starts_with(&format!("{} ----", table.id)), "{}", table.id);
            formats.extend([("HTML", html[i].clone()), ("LaTeX", latex[i].clone())]);
            formats.extend([("Word", docx[i].clone()), ("Excel", xlsx[i].clone())]);
        }
        formats.extend(data.get(&table.id).map(|rows| ("CSV", rows.clone())));
        let sections = formats.iter().map(|(name, text)| format!("==== {name}\n{}", head(text.trim_matches('\n'))));
        files.insert(table.id.clone(), sections.collect::<Vec<_>>().join("\n\n"));
    }
    for (id, rows) in data.iter().filter(|(id, _)| !files.contains_key(*id)).collect::<Vec<_>>() {
        files.insert(id.clone(), format!("==== CSV\n{}", head(rows)));
    }
    files
}

/// Names of tables that no run here has: those of single models and analyses have names of their own.
const NOT_HERE: [&str; 1] = ["coefficients_all"];

#[test]
fn every_table_in_every_format() {
    let mut names = BTreeSet::new();
    for (run, report) in runs() {
        for (id, content) in in_every_format(&report) {
            let name = format!("{run}_{}", id.replace(['.', ':'], "_"));
            insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
                assert_snapshot!(name.clone(), content.replace(concat!(env!("CARGO_MANIFEST_DIR"), "/"), ""));
            });
            names.insert(name);
        }
    }
    let folder = root("tests/snapshots");
    let files: BTreeSet<String> = fs::read_dir(folder)
        .expect("the snapshots")
        .filter_map(|entry| {
            entry.expect("an entry").file_name().into_string().ok()?.strip_suffix(".snap").map(str::to_owned)
        })
        .collect();
    assert_eq!(files, names, "a file without a table: delete it");
    // What the tables of the program are called, as their source has it.
    let mut called = BTreeSet::new();
    for entry in fs::read_dir(root("src/report/tables")).expect("the tables") {
        let source = fs::read_to_string(entry.expect("an entry").path()).expect("a source file");
        let own = source.split("mod tests {").next().unwrap_or_default().to_owned();
        for piece in own.split("DisplayTable::new(").skip(1).chain(own.split(" id: ").skip(1)) {
            called.extend(
                piece.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()).map(str::to_owned),
            );
        }
    }
    let shown = |id: &str| names.iter().any(|name| name.split_once('_').is_some_and(|(_, of)| of == id));
    let absent: Vec<&String> = called.iter().filter(|id| !shown(id) && !NOT_HERE.contains(&id.as_str())).collect();
    assert!(absent.is_empty(), "no run here has {absent:?}");
}
