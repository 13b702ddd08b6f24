//! The styles of the Word document, in the order of elements that its schema asks for.

use super::{SIZES, Side};
use crate::house_style::Language;

const NAMESPACE: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";

/// How the words of a style look.
struct Look {
    /// Size in points.
    points: usize,
    bold: bool,
    /// Space above and below, in twentieths of a point.
    space: (usize, usize),
    /// What else its paragraphs have.
    more: String,
}

/// The part `word/styles.xml`.
pub(super) fn xml(language: Language) -> String {
    let look = |points, bold, space| Look { points, bold, space, more: String::new() };
    let outline = "<w:outlineLvl w:val=\"0\" />".to_owned();
    let mut styles = vec![
        style("Title", "Title", &look(16, true, (0, 160))),
        style("Heading1", "heading 1", &Look { more: outline, ..look(13, true, (320, 120)) }),
        style("Figure", "Figure", &look(10, false, (240, 0))),
        style("Caption", "caption", &look(10, false, (240, 80))),
        style("TableNote", "Table note", &look(8, false, (40, 0))),
    ];
    for points in SIZES {
        for side in Side::ALL {
            let more = format!("<w:jc w:val=\"{}\" />", side.justification());
            let name = format!("Table {} {points}", side.name());
            styles.push(style(&side.style(points), &name, &Look { more, ..look(points, false, (20, 20)) }));
        }
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><w:styles xmlns:w=\"{NAMESPACE}\"><w:docDefaults>\
         <w:rPrDefault><w:rPr><w:rFonts w:ascii=\"Arial\" w:hAnsi=\"Arial\" w:cs=\"Arial\" /><w:sz w:val=\"20\" />\
         <w:szCs w:val=\"20\" /><w:lang w:val=\"{}\" /></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:before=\"0\" w:after=\"120\" />\
         </w:pPr></w:pPrDefault></w:docDefaults><w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\">\
         <w:name w:val=\"Normal\" /><w:qFormat /></w:style>{}</w:styles>",
        spelling(language),
        styles.concat()
    )
}

/// By which language Word checks the spelling; the English of the program is British.
fn spelling(language: Language) -> &'static str {
    match language {
        Language::English => "en-GB",
        Language::Bokmal => "nb-NO",
    }
}

fn style(id: &str, name: &str, look: &Look) -> String {
    let Look { points, bold, space: (before, after), more } = look;
    let bold = if *bold { "<w:b /><w:bCs />" } else { "" };
    let size = 2 * points;
    format!(
        "<w:style w:type=\"paragraph\" w:styleId=\"{id}\"><w:name w:val=\"{name}\" /><w:basedOn w:val=\"Normal\" />\
         <w:qFormat /><w:pPr><w:spacing w:before=\"{before}\" w:after=\"{after}\" />{more}</w:pPr><w:rPr>{bold}\
         <w:sz w:val=\"{size}\" /><w:szCs w:val=\"{size}\" /></w:rPr></w:style>"
    )
}
