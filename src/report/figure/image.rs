//! PNG and PDF from a figure's SVG.
//!
//! Both come from one tree of shapes with the embedded font, never a font of the machine. The PNG has 300 dots per inch,
//! or as many as asked for, and says so (`pHYs`); the PDF has text that can be selected, a subset of the font, and no date: the same figure gives
//! the same bytes.

use super::Figure;
use super::font::{BOLD, REGULAR};
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use krilla_svg::{SurfaceExt, SvgSettings};
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{self, Tree, fontdb};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, OnceLock};

/// Dots per inch of a PNG.
pub(super) const DOTS_PER_INCH: f64 = 300.0;
/// Pixels of the largest PNG; a picture of more is an error rather than a machine without memory.
const MOST_PIXELS: f64 = 2e8;

/// Why a picture could not be made of an SVG. The figures of [`super::figures`] do not meet it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The SVG is not well-formed.
    #[error("figure {id}: not a picture: {reason}")]
    Svg {
        /// The figure.
        id: String,
        /// What the reader of SVG says.
        reason: String,
    },
    /// The picture is too large.
    #[error(
        "figure {id}: {width_mm} by {height_mm} mm is too large for a picture of 300 dots per inch; draw fewer rows"
    )]
    Size {
        /// The figure.
        id: String,
        /// Its width.
        width_mm: f64,
        /// Its height.
        height_mm: f64,
    },
    /// The PDF could not be written.
    #[error("figure {id}: no PDF: {reason}")]
    Pdf {
        /// The figure.
        id: String,
        /// What the writer says.
        reason: String,
    },
}

/// The figure as PNG, 300 dots per inch, without transparency. Errors: [`ImageError`].
pub fn png(figure: &Figure) -> Result<Vec<u8>, ImageError> {
    png_at(figure, DOTS_PER_INCH)
}

/// The same with so many dots per inch. Errors: [`ImageError`].
pub fn png_at(figure: &Figure, dots_per_inch: f64) -> Result<Vec<u8>, ImageError> {
    Picture::read(figure)?.png(dots_per_inch)
}

/// The figure as a PDF of its own size. Errors: [`ImageError`].
pub fn pdf(figure: &Figure) -> Result<Vec<u8>, ImageError> {
    Picture::read(figure)?.pdf()
}

/// A figure whose SVG was read once, for both formats.
pub(in crate::report) struct Picture<'a> {
    figure: &'a Figure,
    tree: Tree,
}

impl<'a> Picture<'a> {
    /// Reads the SVG. Errors: `Svg`.
    pub fn read(figure: &'a Figure) -> Result<Picture<'a>, ImageError> {
        let options = usvg::Options {
            // One user unit is one point; millimetres of the root say the same.
            dpi: 72.0,
            font_family: "Liberation Sans".to_string(),
            fontdb: fonts(),
            ..usvg::Options::default()
        };
        let tree = Tree::from_str(&figure.svg, &options)
            .map_err(|fault| ImageError::Svg { id: figure.id.clone(), reason: fault.to_string() })?;
        Ok(Picture { figure, tree })
    }

    /// See [`png_at`].
    pub fn png(&self, dots_per_inch: f64) -> Result<Vec<u8>, ImageError> {
        let scale = dots_per_inch / 72.0;
        let size = self.tree.size();
        let pixels = |v: f32| (f64::from(v) * scale).ceil();
        let (width, height) = (pixels(size.width()), pixels(size.height()));
        let too_large = || ImageError::Size {
            id: self.figure.id.clone(),
            width_mm: self.figure.width_mm.round(),
            height_mm: self.figure.height_mm.round(),
        };
        if width * height > MOST_PIXELS {
            return Err(too_large());
        }
        let mut pixmap = Pixmap::new(width as u32, height as u32).ok_or_else(too_large)?;
        pixmap.fill(Color::WHITE);
        resvg::render(&self.tree, Transform::from_scale(scale as f32, scale as f32), &mut pixmap.as_mut());
        Ok(encode(&pixmap, dots_per_inch))
    }

    /// See [`pdf`].
    pub fn pdf(&self) -> Result<Vec<u8>, ImageError> {
        let fault = |reason: String| ImageError::Pdf { id: self.figure.id.clone(), reason };
        let size = self.tree.size();
        let size = krilla::geom::Size::from_wh(size.width(), size.height()).ok_or_else(|| fault("no size".into()))?;
        let settings = krilla::page::PageSettings::from_wh(size.width(), size.height());
        let settings = settings.ok_or_else(|| fault("no size".into()))?;
        let mut document = krilla::Document::new();
        let metadata = krilla::metadata::Metadata::new()
            .title(self.figure.title.clone())
            .description(self.figure.caption.clone())
            .language(self.figure.language.to_string());
        document.set_metadata(metadata);
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        let drawn = surface.draw_svg(&self.tree, size, SvgSettings::default());
        surface.finish();
        page.finish();
        drawn.ok_or_else(|| fault("the picture could not be drawn".into()))?;
        document.finish().map_err(|reason| fault(format!("{reason:?}")))
    }
}

/// The embedded font and no other.
fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let load = || {
        let mut fonts = fontdb::Database::new();
        for face in [REGULAR, BOLD] {
            fonts.load_font_source(fontdb::Source::Binary(Arc::new(face)));
        }
        fonts.set_sans_serif_family("Liberation Sans");
        Arc::new(fonts)
    };
    FONTS.get_or_init(load).clone()
}

/// A PNG that says its resolution. A figure has few colours, so a pixel is as a rule one byte that names one of them; with
/// more than 256 it is red, green and blue. Rows are written as they are: edges of letters and lines repeat better
/// than their differences do.
///
/// Source: PNG specification, third edition, https://www.w3.org/TR/png-3/.
fn encode(pixmap: &Pixmap, dots_per_inch: f64) -> Vec<u8> {
    let pixels: Vec<[u8; 3]> = pixmap.data().chunks_exact(4).map(|rgba| [rgba[0], rgba[1], rgba[2]]).collect();
    let width = pixmap.width() as usize;
    let per_metre = (dots_per_inch / 0.0254).round() as u32;
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut head = |colour_type: u8| {
        let size = [pixmap.width().to_be_bytes(), pixmap.height().to_be_bytes()].concat();
        // Bit depth 8, the colour type, the only compression and filter methods, no interlacing.
        chunk(&mut out, b"IHDR", &[&size[..], &[8, colour_type, 0, 0, 0]].concat());
        chunk(&mut out, b"pHYs", &[&per_metre.to_be_bytes()[..], &per_metre.to_be_bytes()[..], &[1]].concat());
    };
    let data = match indexed(&pixels) {
        Some((palette, indices)) => {
            head(3);
            chunk(&mut out, b"PLTE", palette.as_flattened());
            compressed(&indices, width)
        }
        None => {
            head(2);
            compressed(pixels.as_flattened(), 3 * width)
        }
    };
    chunk(&mut out, b"IDAT", &data);
    chunk(&mut out, b"IEND", &[]);
    out
}

/// The colours in the order of their first pixel, and for every pixel the place of its colour; `None` for more than 256.
fn indexed(pixels: &[[u8; 3]]) -> Option<(Vec<[u8; 3]>, Vec<u8>)> {
    let mut palette: Vec<[u8; 3]> = Vec::new();
    let mut places: BTreeMap<[u8; 3], u8> = BTreeMap::new();
    let mut indices = Vec::with_capacity(pixels.len());
    let mut last: Option<([u8; 3], u8)> = None;
    for &colour in pixels {
        let place = match last {
            Some((same, place)) if same == colour => place,
            _ => match places.get(&colour) {
                Some(place) => *place,
                None => {
                    let place = u8::try_from(palette.len()).ok()?;
                    palette.push(colour);
                    places.insert(colour, place);
                    place
                }
            },
        };
        last = Some((colour, place));
        indices.push(place);
    }
    Some((palette, indices))
}

/// The rows of a picture, each without a filter.
fn compressed(bytes: &[u8], row_bytes: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    for row in bytes.chunks_exact(row_bytes) {
        let written = encoder.write_all(&[0]).and_then(|()| encoder.write_all(row));
        written.expect("writing to memory does not fail");
    }
    encoder.finish().expect("writing to memory does not fail")
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    let start = out.len();
    out.extend(kind);
    out.extend(data);
    let mut crc = Crc::new();
    crc.update(&out[start..]);
    out.extend(crc.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_name_their_colours_in_the_order_of_the_first() {
        let [white, black] = [[255; 3], [0; 3]];
        let found = indexed(&[white, white, black, white, black]);
        assert_eq!(found, Some((vec![white, black], vec![0, 0, 1, 0, 1])));
        let shades = |n: usize| (0..n).map(|i| [i as u8, (i / 256) as u8, 0]).collect::<Vec<_>>();
        assert_eq!(indexed(&shades(256)).map(|(palette, _)| palette.len()), Some(256));
        assert_eq!(indexed(&shades(257)), None);
    }
}
