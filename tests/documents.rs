//! The formats with real tables, read back by other means than those that wrote them: the same rows and numbers as the
//! tables of the report, and as `results.json`.

use crate::report::{data_file, sample};
use crate::support::page;
use calamine::{Data, DataType, Reader, Xlsx};
use cohort::house_style::{Language, Style};
use cohort::report::figure::{self, FigureStyle};
use cohort::report::number::NumberStyle;
use cohort::report::render::{self, Format, bytes, display, html, json, latex};
use cohort::report::schema;
use cohort::report::tables::{self, Block, DisplayTable, RowKind, Value};
use cohort::report::{Coefficient, ModelResult, Part, Report, TestResult};
use docx_rs::{DocumentChild, DrawingData, ParagraphChild, RunChild, TableCellContent, TableChild, TableRowChild};
use std::io::{Cursor, Read};
use std::path::Path;
use std::process::Command;

const STYLE: NumberStyle = NumberStyle::ENGLISH;

/// The tables that people read, in order.
fn display_tables(report: &Report) -> Vec<DisplayTable> {
    let blocks = tables::document(report).blocks.into_iter();
    blocks.filter_map(|block| if let Block::Table(table) = block { Some(table) } else { None }).collect()
}

/// The rows of a table as people read them; a group head is one cell.
fn rows_of(table: &DisplayTable) -> Vec<Vec<String>> {
    let texts = |row: &tables::Row| row.cells.iter().map(|c| display(&c.value, &STYLE)).collect::<Vec<_>>();
    let one = |row: &tables::Row| match row.kind {
        RowKind::Group => vec![display(&row.cells[0].value, &STYLE)],
        _ => texts(row),
    };
    table.rows.iter().map(one).collect()
}

/// A model with this many coefficients, such as of a factor with one level more.
fn large(n: usize) -> Report {
    let coefficient = |i: usize| Coefficient {
        name: format!("municipality{i:04}"),
        term: "municipality".into(),
        parts: vec![Part {
            variable: "municipality".into(),
            level: Some(format!("{i:04}")),
            versus: Some("0301".into()),
            ..Part::default()
        }],
        estimate: Some(i as f64 / 1000.0),
        se: Some(0.1),
        z: Some(i as f64 / 100.0),
        p: Some(0.5),
        lower: Some(i as f64 / 1000.0 - 0.196),
        upper: Some(i as f64 / 1000.0 + 0.196),
        hr: Some((i as f64 / 1000.0).exp()),
        hr_lower: Some((i as f64 / 1000.0 - 0.196).exp()),
        hr_upper: Some((i as f64 / 1000.0 + 0.196).exp()),
        ..Coefficient::default()
    };
    let model = ModelResult {
        name: "large".into(),
        formula: "municipality".into(),
        coefficients: (0..n).map(coefficient).collect(),
        covariance: vec![vec![Some(0.01); n]; n],
        converged: true,
        ..ModelResult::default()
    };
    Report { models: vec![model], ..Report::default() }
}

#[test]
fn the_page_has_every_row_of_every_table() {
    for report in [sample(), data_file()] {
        let page = html::page(&report, &STYLE);
        let found = page::tables(&page);
        let expected = display_tables(&report);
        assert_eq!(found.len(), expected.len());
        for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert_eq!(found.name, expected.id);
            assert_eq!(found.caption, format!("Table {}. {}", i + 1, expected.title));
            assert_eq!(found.rows, rows_of(expected), "{}", expected.id);
            let heads: Vec<&String> = expected.columns.iter().map(|c| &c.head).filter(|h| !h.is_empty()).collect();
            let flat: Vec<&String> = found.head.iter().flatten().collect();
            assert!(heads.iter().all(|head| flat.contains(head)), "{}: {flat:?}", expected.id);
        }
    }
}

/// The hazard ratios that the page shows are those of `results.json`, at the precision of the page.
#[test]
fn the_page_shows_the_hazard_ratios_of_the_results_file() {
    let report = data_file();
    let results: serde_json::Value = serde_json::from_str(&json::results(&report)).expect("JSON");
    let page = page::tables(&html::page(&report, &STYLE));
    let table = page.iter().find(|t| t.name == "coefficients_model").expect("the coefficients");
    let number = |c: &serde_json::Value, name: &str| c[name].as_f64();
    let mut compared = 0;
    for (c, row) in results["models"][0]["coefficients"].as_array().expect("coefficients").iter().zip(&table.rows) {
        if c["infinite"] == true || c["aliased"] == true {
            continue;
        }
        let hr = number(c, "hr").expect("a hazard ratio");
        assert_eq!(row[1], STYLE.ratio_with_interval(hr, number(c, "hr_lower"), number(c, "hr_upper")));
        assert_eq!(row[2], STYLE.decimal(number(c, "estimate").expect("an estimate"), 4));
        compared += 1;
    }
    assert_eq!(compared, 3);
}

/// Every figure stands in the page, with its number and caption, and LaTeX takes each from beside it.
#[test]
fn documents_show_every_figure() {
    let report = sample();
    let figures = figure::figures(&report, &FigureStyle::of(&report, figure::PAGE_MM));
    assert!(!figures.is_empty());
    let page = html::page(&report, &STYLE);
    assert_eq!(page.matches("<svg").count(), figures.len());
    let text = latex::document(&report, &STYLE);
    for (i, figure) in figures.iter().enumerate() {
        let escaped = figure.title.replace('&', "&amp;").replace('/', "&#x2f;");
        assert!(page.contains(&format!("<strong>Figure {}.</strong> {escaped}.", i + 1)), "{}", figure.title);
        assert!(text.contains(&format!("\\IfFileExists{{figures/{}.pdf}}", figure.id)));
    }
}

/// Nothing in the page asks for anything: no script, no address, no file.
#[test]
fn the_page_asks_the_network_for_nothing() {
    let mut report = sample();
    report.study.as_mut().expect("a study").title = "<script src=\"http://evil.example/x.js\"></script>".into();
    let page = html::page(&report, &STYLE);
    for forbidden in ["<script", "http:", "https:", "url(", "@import", "src=", "<iframe", "<object", "onload"] {
        // Within the page a picture may refer to a part of itself, and the font of the figures is in the page.
        let text = page.replace("url(#", "").replace("src:url(data:font/ttf;base64,", "");
        let text = text.replace("&lt;script src=&quot;http:&#x2f;&#x2f;evil.example&#x2f;x.js&quot;&gt;", "");
        assert!(!text.contains(forbidden), "{forbidden}");
    }
    for link in page.split("href=\"").skip(1) {
        assert!(link.starts_with('#') || link.starts_with("data:,"), "{}", &link[..40]);
    }
    assert!(page.contains("default-src 'none'"));
}

/// Every link of the page leads to an element of it, and no two elements share a name.
#[test]
fn links_of_the_page_lead_somewhere() {
    let page = html::page(&sample(), &STYLE);
    let mut ids: Vec<&str> = page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().expect("a name")).collect();
    let n = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), n);
    let links: Vec<&str> =
        page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().expect("a target")).collect();
    assert!(links.len() > 10);
    assert!(links.iter().all(|link| ids.contains(link)), "{links:?}\n{ids:?}");
}

/// A heading cell says what it heads, and every table has a caption: what a screen reader needs.
#[test]
fn heads_of_the_page_have_their_scope() {
    let page = html::page(&sample(), &STYLE);
    assert_eq!(page.matches("<th").count() - page.matches("<thead").count(), page.matches("<th scope=").count());
    assert_eq!(page.matches("<table").count(), page.matches("<caption").count());
    assert!(page.contains("<html lang=\"en\">") && page.contains("name=\"viewport\""));
}

/// The texts of a Word document's tables, cell by cell, footnote letters apart.
fn docx_tables(file: &[u8]) -> Vec<Vec<Vec<String>>> {
    let docx = docx_rs::read_docx(file).expect("a Word document");
    let table = |table: &docx_rs::Table| table.rows.iter().map(|TableChild::TableRow(row)| docx_row(row)).collect();
    let children = docx.document.children.iter();
    children.filter_map(|child| if let DocumentChild::Table(t) = child { Some(table(t)) } else { None }).collect()
}

fn docx_row(row: &docx_rs::TableRow) -> Vec<String> {
    let text = |cell: &docx_rs::TableCell| {
        let mut text = String::new();
        for content in &cell.children {
            let TableCellContent::Paragraph(paragraph) = content else { panic!("a cell holds paragraphs") };
            // The first run is the words, the second one the letters of footnotes.
            let runs =
                paragraph.children.iter().filter_map(|c| if let ParagraphChild::Run(r) = c { Some(r) } else { None });
            for child in runs.take(1).flat_map(|run| &run.children) {
                if let RunChild::Text(words) = child {
                    text += &words.text;
                }
            }
        }
        text
    };
    row.cells.iter().map(|TableRowChild::TableCell(cell)| text(cell)).collect()
}

/// The XML of every part of a Word document.
fn docx_xml(file: &[u8]) -> String {
    let mut package = zip::ZipArchive::new(Cursor::new(file)).expect("a package");
    let mut text = String::new();
    for i in 0..package.len() {
        let mut part = package.by_index(i).expect("a part");
        if part.name().ends_with(".xml") {
            part.read_to_string(&mut text).expect("XML is UTF-8");
        }
    }
    text
}

/// The pictures of a Word document in their order: width and height in millimetres, and the bytes of the image.
fn docx_pictures(file: &[u8]) -> Vec<(f64, f64, Vec<u8>)> {
    let docx = docx_rs::read_docx(file).expect("a Word document");
    let paragraphs = docx.document.children.iter();
    let runs = paragraphs.filter_map(|child| if let DocumentChild::Paragraph(p) = child { Some(p) } else { None });
    let children =
        runs.flat_map(|p| &p.children).filter_map(|c| if let ParagraphChild::Run(r) = c { Some(r) } else { None });
    let drawings = children.flat_map(|run| &run.children).filter_map(|c| match c {
        RunChild::Drawing(drawing) => drawing.data.as_ref(),
        _ => None,
    });
    let bytes = |id: &str| {
        let found = docx.images.iter().find(|(image, ..)| image == id);
        found.map(|(_, _, image, _)| image.0.clone()).expect("the image of a picture")
    };
    let picture = |data: &DrawingData| match data {
        DrawingData::Pic(pic) => (f64::from(pic.size.0) / 36_000.0, f64::from(pic.size.1) / 36_000.0, bytes(&pic.id)),
        DrawingData::TextBox(_) => panic!("a picture"),
    };
    drawings.map(picture).collect()
}

/// Width and height of a PNG in pixels.
fn png_size(png: &[u8]) -> (f64, f64) {
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    let number = |at: usize| f64::from(u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes")));
    (number(16), number(20))
}

#[test]
fn the_word_document_has_every_figure_with_its_caption_and_a_text_in_its_place() {
    let report = sample();
    let drawn = figure::figures(&report, &FigureStyle::of(&report, figure::PAGE_MM));
    assert!(drawn.len() > 2);
    let file = bytes(&report, Format::Docx, &STYLE, 0);
    let pictures = docx_pictures(&file);
    assert_eq!(pictures.len(), drawn.len());
    let text = docx_xml(&file).replace("&quot;", "\"");
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    for (i, ((width, height, png), figure)) in pictures.iter().zip(&drawn).enumerate() {
        // As drawn, unless that is too high for a page.
        assert!((width - figure.width_mm).abs() < 0.1 || figure.height_mm > 200.0, "{width} {}", figure.width_mm);
        assert!((width / height - figure.width_mm / figure.height_mm).abs() < 1e-3);
        let (pixels_wide, pixels_high) = png_size(png);
        assert!((pixels_wide - figure.width_mm / 25.4 * 220.0).abs() < 2.0, "{pixels_wide}");
        assert!((pixels_high - figure.height_mm / 25.4 * 220.0).abs() < 2.0, "{pixels_high}");
        let said = escaped(&format!("{}. {}", figure.title, figure.caption));
        let place = format!("id=\"{}\" name=\"{}\" descr=\"{}\"", i + 1, figure.id, said);
        assert!(text.contains(&place), "{place}");
        assert!(text.contains(&format!("Figure {}. ", i + 1)) && text.contains(&said), "{said}");
    }
}

#[test]
fn the_word_document_has_every_row_of_every_table() {
    for report in [sample(), data_file()] {
        let found = docx_tables(&bytes(&report, Format::Docx, &STYLE, 0));
        let expected = display_tables(&report);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            let n_head = if expected.columns.iter().any(|c| c.span.is_some()) { 2 } else { 1 };
            assert_eq!(found[n_head..], rows_of(expected), "{}", expected.id);
            let lowest = &found[n_head - 1];
            assert_eq!(lowest.len(), expected.columns.len());
        }
    }
}

/// Every head row repeats on the next page; nothing is left of the mark that finds it.
#[test]
fn heads_of_the_word_document_repeat() {
    let report = sample();
    let text = docx_xml(&bytes(&report, Format::Docx, &STYLE, 0));
    let heads: usize =
        display_tables(&report).iter().map(|t| if t.columns.iter().any(|c| c.span.is_some()) { 2 } else { 1 }).sum();
    assert_eq!(text.matches("<w:tblHeader />").count(), heads);
    assert!(!text.contains("<w:trHeight"));
    // Every style that a paragraph names exists.
    let mut named = text.split("<w:pStyle w:val=\"").skip(1).map(|rest| rest.split('"').next().expect("a name"));
    let known = |name: &str| name == "Normal" || text.contains(&format!("w:styleId=\"{name}\""));
    assert!(named.all(known));
    assert!(text.contains("<dc:title>") && !text.contains("unknown</dc:creator>"));
}

/// The numbers of a value as they stand in `results.json`.
fn numbers(value: &Value) -> Vec<Option<f64>> {
    match value {
        Value::Count(n) => vec![Some(*n as f64)],
        Value::PersonYears(v) | Value::Number(v, _) | Value::P(v) | Value::TermP(v) => vec![Some(*v)],
        Value::Share(n, share) => vec![Some(*n as f64), Some(100.0 * share)],
        Value::Rate(v, l, u)
        | Value::Ratio(v, l, u)
        | Value::Measure(v, l, u)
        | Value::Interval(v, l, u, _)
        | Value::Probability(v, l, u)
        | Value::Time(v, l, u) => vec![Some(*v), *l, *u],
        Value::Reference => vec![Some(1.0)],
        Value::Concordance(v, se) | Value::WithError(v, se, _) => vec![Some(*v), *se],
        Value::Test(TestResult { chisq, df, p }) => vec![*chisq, *df, *p],
        _ => Vec::new(),
    }
}

#[test]
fn the_workbook_has_every_number_at_full_precision() {
    for report in [sample(), data_file()] {
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes(&report, Format::Xlsx, &STYLE, 0))).expect("a workbook");
        let expected = display_tables(&report);
        assert_eq!(book.sheet_names().len(), expected.len() + 1);
        for (i, table) in expected.iter().enumerate() {
            let sheet = book.worksheet_range(&format!("Table {}", i + 1)).expect("a sheet");
            assert_eq!(sheet.get_value((0, 0)), Some(&Data::String(format!("Table {}. {}", i + 1, table.title))));
            let mut found: Vec<f64> = Vec::new();
            for row in sheet.rows() {
                found.extend(row.iter().filter_map(|cell| if let Data::Float(v) = cell { Some(*v) } else { None }));
            }
            let cells = table.rows.iter().flat_map(|row| &row.cells);
            let mut wanted: Vec<f64> = cells.flat_map(|c| numbers(&c.value)).flatten().collect();
            // A number of a statistic may stand in a row of its own, so only the order differs.
            found.sort_by(f64::total_cmp);
            wanted.sort_by(f64::total_cmp);
            // A limit beside an estimate that diverges is a number too.
            let limits = table.rows.iter().flat_map(|r| &r.cells);
            let diverged = limits.filter(|c| matches!(c.value, Value::Diverged(_, Some(_)))).count();
            assert_eq!(found.len(), wanted.len() + diverged, "{}", table.id);
            if diverged == 0 {
                assert_eq!(found, wanted, "{}", table.id);
            }
            let labels: Vec<String> = sheet.rows().filter_map(|row| row[0].as_string()).collect();
            for row in &table.rows {
                let label = display(&row.cells[0].value, &STYLE);
                assert!(labels.iter().any(|l| l.starts_with(&label)), "{}: {label}", table.id);
            }
        }
    }
}

/// Numbers of an interval stand beside each other in the row of their label.
#[test]
fn an_interval_of_the_workbook_is_three_cells() {
    let report = data_file();
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes(&report, Format::Xlsx, &STYLE, 0))).expect("a workbook");
    let sheet = book.worksheet_range("Table 1").expect("the coefficients");
    let c = &report.models[0].coefficients[0];
    let row = sheet.rows().find(|row| row[0].as_string().as_deref() == Some(c.title())).expect("the first coefficient");
    let expected = [c.hr, c.hr_lower, c.hr_upper, c.estimate].map(|v| Data::Float(v.expect("a number")));
    assert_eq!(row[1..5], expected);
}

/// Every row has a place for every column, and every brace its partner.
#[test]
fn latex_is_balanced_and_rectangular() {
    for report in [sample(), data_file()] {
        let text = latex::document(&report, &STYLE);
        let plain = text.replace("\\{", "").replace("\\}", "");
        assert_eq!(plain.matches('{').count(), plain.matches('}').count());
        for environment in ["document", "longtable", "landscape", "itemize"] {
            let count = |word: &str| text.matches(&format!("\\{word}{{{environment}}}")).count();
            assert_eq!(count("begin"), count("end"), "{environment}");
        }
        let expected = display_tables(&report);
        assert_eq!(text.matches("\\begin{longtable}").count(), expected.len());
        for (body, table) in text.split("\\endfoot\n").skip(1).zip(&expected) {
            let rows = body.split("\\end{longtable}").next().expect("the table ends").lines();
            let cells: Vec<usize> =
                rows.map(|row| {
                    if row.starts_with("\\multicolumn") { 0 } else { row.replace("\\&", "").matches('&').count() }
                })
                .collect();
            assert_eq!(cells.len(), table.rows.len(), "{}", table.id);
            for (n, row) in cells.iter().zip(&table.rows) {
                let expected = if row.kind == RowKind::Group { 0 } else { table.columns.len() - 1 };
                assert_eq!(*n, expected, "{}", table.id);
            }
        }
    }
}

/// The same report gives the same bytes: again, in another thread, after other documents, and from its JSON.
#[test]
fn the_same_report_gives_the_same_bytes_in_every_format() {
    let report = sample();
    let again = json::read(&json::results(&report)).expect("a results file");
    for format in Format::ALL {
        let first = bytes(&report, format, &STYLE, 100);
        bytes(&data_file(), format, &STYLE, 100);
        assert!(bytes(&again, format, &STYLE, 100) == first, "{}", format.name());
        let elsewhere =
            std::thread::scope(|s| s.spawn(|| bytes(&report, format, &STYLE, 100)).join().expect("no fault"));
        assert!(elsewhere == first, "{}", format.name());
    }
}

#[test]
fn a_model_of_five_hundred_coefficients_is_written_whole() {
    let report = large(500);
    let page = page::tables(&html::page(&report, &STYLE));
    assert_eq!(page[0].rows.len(), 500);
    assert_eq!(docx_tables(&bytes(&report, Format::Docx, &STYLE, 0))[0].len(), 501);
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes(&report, Format::Xlsx, &STYLE, 0))).expect("a workbook");
    let sheet = book.worksheet_range("Table 1").expect("the coefficients");
    assert_eq!(sheet.rows().filter(|row| row[1].as_f64().is_some()).count(), 500);
    for format in [Format::Text, Format::Markdown, Format::Latex, Format::Csv, Format::Json] {
        let text = render::render(&report, format, &STYLE, 100);
        let wanted = ["0499", "municipality0499"];
        assert!(wanted.iter().any(|name| text.contains(name)), "{}", format.name());
    }
}

/// The schema that stands in the repository, made strict: a field that it does not name is a fault.
fn strict_schema() -> jsonschema::Validator {
    fn close(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(map) => {
                if map.contains_key("properties") {
                    map.insert("additionalProperties".into(), false.into());
                }
                map.values_mut().for_each(close);
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    let mut schema: serde_json::Value = serde_json::from_str(&schema::results()).expect("JSON");
    close(&mut schema);
    jsonschema::validator_for(&schema).expect("a schema")
}

/// Asserts that a results file fits the published schema.
#[track_caller]
pub fn assert_fits_schema(results: &serde_json::Value) {
    let faults: Vec<String> =
        strict_schema().iter_errors(results).map(|e| format!("{}: {e}", e.instance_path())).take(5).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_published_schema_is_that_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/results.schema.json");
    let published = std::fs::read_to_string(path).expect("the published schema");
    assert!(published == schema::results(), "run: cohort schema results > src/report/results.schema.json");
}

#[test]
fn reports_fit_the_schema_and_others_do_not() {
    for report in [sample(), data_file(), large(3), Report::default()] {
        let results: serde_json::Value = serde_json::from_str(&json::results(&report)).expect("JSON");
        assert_fits_schema(&results);
        let mut wrong = results.clone();
        wrong["settings"]["level"] = "95%".into();
        assert!(!strict_schema().is_valid(&wrong));
        let mut wrong = results.clone();
        wrong["modles"] = wrong["models"].clone();
        assert!(!strict_schema().is_valid(&wrong));
        let mut wrong = results;
        wrong.as_object_mut().expect("an object").remove("models");
        assert!(!strict_schema().is_valid(&wrong));
    }
}

/// Fits of data files that fill different parts of the results file.
#[test]
fn results_of_data_files_fit_the_schema() {
    let surv = "Surv(time, status == 2)";
    let runs: [&[&str]; 8] = [
        &["fit", "lung", "--formula", "~ age + factor(sex) + ph.ecog", "--ph", "km", "--ph-smooth", "--baseline"],
        &["fit", "lung", "--formula", "~ factor(sex) * factor(ph.ecog)", "--interaction", "sex:ph.ecog"],
        &["fit", "lung", "--formula", "~ ns(age, df = 3) + factor(sex)", "--hr-at", "age=50,60@60", "--firth"],
        &["fit", "lung", "--formula", "~ age + factor(sex)", "--cluster", "inst", "--bootstrap", "50", "--seed", "1"],
        &[
            "fit",
            "lung",
            "--formula",
            "~ age + tt(age, step(180))",
            "--adjust",
            "holm",
            "--contrast",
            "age=60 vs age=50",
        ],
        &["fit", "lung", "--formula", "~ age + factor(sex)", "--curve", "age=60,sex=1", "--times", "180,365"],
        &["fit", "lung", "--formula", "~ age + ridge(ph.karno, theta = 1)", "--standardise", "sex", "--times", "180"],
        &["describe", "lung", "--formula", "~ sex", "--log-rank", "--times", "180,365", "--rates"],
    ];
    for run in runs {
        let formula = format!("{surv} {}", run[3]);
        let formula = if run.contains(&"--standardise") { format!("{formula} + factor(sex)") } else { formula };
        let output = Command::new(env!("CARGO_BIN_EXE_cohort"))
            .args([run[0], "data-fixtures/reference/data/lung.csv", "--formula", &formula])
            .args(&run[4..])
            .args(["--json", "-", "--format", "none"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cohort starts");
        assert!(output.status.success(), "{run:?}: {}", String::from_utf8_lossy(&output.stderr));
        let mut results: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        // `--json` carries the times beside the results.
        assert!(results.as_object_mut().expect("an object").remove("timings").is_some());
        assert_fits_schema(&results);
    }
}

/// The words of every document follow the language, and its numbers the style.
#[test]
fn documents_speak_the_language_of_the_report() {
    let mut report = sample();
    report.settings.language = Language::Bokmal;
    report.settings.style = Style::Norwegian;
    let style = report.number_style();
    let page = html::page(&report, &style);
    assert!(page.contains("<html lang=\"nb\">") && page.contains(">Innhold</h2>"));
    assert!(!page.contains("Table 1") && page.contains("Tabell 1."));
    let found = page::tables(&page);
    let shown: Vec<&String> = found.iter().flat_map(|t| t.rows.iter().flatten()).collect();
    assert!(shown.iter().any(|text| *text == "1 (referanse)"));
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes(&report, Format::Xlsx, &style, 0))).expect("a workbook");
    assert_eq!(book.sheet_names()[..2], ["Innhold", "Tabell 1"]);
    let heads = book.worksheet_range("Tabell 3").expect("a sheet");
    assert!(heads.rows().flatten().any(|cell| *cell == Data::String("nedre".into())));
    let text = latex::document(&report, &style);
    assert!(text.contains("\\textbf{Tabell 1.}") && !text.contains("Table 1"));
    let docx = docx_xml(&bytes(&report, Format::Docx, &style, 0));
    assert!(docx.contains("Tabell 1. ") && !docx.contains("Table 1. "));
}

/// Elements stand in the order that Word's schema asks for, where the writing crate has another one.
#[test]
fn the_word_document_keeps_the_order_of_its_schema() {
    let text = docx_xml(&bytes(&sample(), Format::Docx, &STYLE, 0));
    let body = &text[text.find("<w:body>").expect("a body")..text.find("</w:body>").expect("which ends")];
    for (element, order) in [
        ("w:pPr", &["w:pStyle", "w:keepNext", "w:ind", "w:sectPr"][..]),
        ("w:rPr", &["w:b", "w:bCs", "w:vertAlign"]),
        ("w:tcPr", &["w:tcW", "w:gridSpan", "w:vMerge", "w:tcBorders", "w:vAlign"]),
        ("w:trPr", &["w:cantSplit", "w:tblHeader"]),
    ] {
        let (start, end) = (format!("<{element}>"), format!("</{element}>"));
        for rest in body.split(&start).skip(1) {
            let inner = rest.split(&end).next().expect("the element ends");
            let starts = |name: &&str| inner.find(&format!("<{name} ")).or_else(|| inner.find(&format!("<{name}>")));
            let places: Vec<usize> = order.iter().filter_map(starts).collect();
            assert!(places.is_sorted(), "{element}: {inner}");
            let mut rest = inner.to_owned();
            if let Some(start) = rest.find("<w:sectPr") {
                rest.truncate(start);
            }
            if let (Some(a), Some(b)) = (rest.find("<w:tcBorders"), rest.find("</w:tcBorders>")) {
                rest.replace_range(a..b, "<w:tcBorders ");
            }
            let names = rest.split('<').skip(1).filter(|tag| !tag.starts_with('/'));
            for name in names.map(|tag| tag.split([' ', '>', '/']).next().expect("a name")) {
                assert!(order.contains(&name), "{element} holds {name}: its place in the order is not known here");
            }
        }
    }
    assert!(
        !body.contains(r#"<w:gridCol w:w="0""#)
            && !body
                .split("<w:tblGrid>")
                .skip(1)
                .any(|grid| { grid.split("</w:tblGrid>").next().is_some_and(|grid| grid.contains("w:type")) })
    );
}
