//! The figures of the Word document: pictures in its pages, each with its caption and a text in its place for those who
//! do not see it.

use super::{LONG, MARGIN, SHORT, Writer, escaped};
use crate::report::figure::{Figure, ImageError, png_at};
use docx_rs::{Pic, Run};
use rayon::prelude::*;

/// Dots per inch: what Word itself keeps of a picture that is to be printed.
const DOTS_PER_INCH: f64 = 220.0;
/// English Metric Units, in which Word measures pictures, of a millimetre and of a twentieth of a point.
const EMU_PER_MM: f64 = 36_000.0;
const EMU_PER_TWIP: f64 = 635.0;
/// Room that a figure leaves on its page for a caption, in millimetres.
const CAPTION_MM: f64 = 25.0;
/// How the writing crate names every picture.
const PLACE: &str = r#"<wp:docPr id="1" name="Figure" />"#;

/// The figures as pictures, in their order. A figure that cannot be made into a picture says why.
pub(super) fn pictures(figures: &[Figure]) -> Vec<Result<Vec<u8>, ImageError>> {
    figures.par_iter().map(|figure| png_at(figure, DOTS_PER_INCH)).collect()
}

impl<'a> Writer<'a> {
    /// A figure with its number, title and caption under it, on one page.
    pub(super) fn figure(&mut self, figure: &'a Figure, picture: Result<Vec<u8>, ImageError>, number: usize) {
        let picture = match picture {
            Ok(png) => png,
            Err(fault) => return self.words("Normal", &fault.to_string()),
        };
        let (width, height) = size(figure);
        let picture = Pic::new_with_dimensions(picture, 0, 0).id(format!("rIdFigure{number}")).size(width, height);
        let stands = self.paragraph("Figure").keep_next(true).add_run(Run::new().add_image(picture));
        self.add(stands);
        self.drawn.push(figure);
        let caption = self
            .paragraph("Caption")
            .add_run(Run::new().bold().add_text(format!("{}. ", self.style.language.figure_number(number))))
            .add_run(Run::new().add_text(format!("{}. {}", figure.title, figure.caption)));
        self.add(caption);
    }
}

/// Width and height on an upright page: as drawn, or smaller where the page has no room for that.
fn size(figure: &Figure) -> (u32, u32) {
    let room = |twips: u32| f64::from(twips - 2 * MARGIN) * EMU_PER_TWIP / EMU_PER_MM;
    let shrink = (room(SHORT) / figure.width_mm).min((room(LONG) - CAPTION_MM) / figure.height_mm).min(1.0);
    let emu = |mm: f64| (mm * shrink * EMU_PER_MM) as u32;
    (emu(figure.width_mm), emu(figure.height_mm))
}

/// The finished XML with a number, a name and an alternative text for every picture, in their order.
pub(super) fn described(document: &str, figures: &[&Figure]) -> String {
    let mut pieces = document.split(PLACE);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for (i, (piece, figure)) in pieces.zip(figures).enumerate() {
        let text = escaped(&format!("{}. {}", figure.title, figure.caption)).replace('"', "&quot;");
        let (number, name) = (i + 1, escaped(&figure.id));
        out.push_str(&format!(r#"<wp:docPr id="{number}" name="{name}" descr="{text}" />{piece}"#));
    }
    out
}
