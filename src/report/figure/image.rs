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

/// A PNG of 8-bit red, green and blue that says its resolution. Rows differ little from those above them, so every row is
/// written as the difference (filter "up") and the fastest compression does.
///
/// Source: PNG specification, third edition, https://www.w3.org/TR/png-3/.
fn encode(pixmap: &Pixmap, dots_per_inch: f64) -> Vec<u8> {
    let (width, height) = (pixmap.width(), pixmap.height());
    let row_bytes = 3 * width as usize;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(3));
    let mut above = vec![0; row_bytes];
    let mut row = vec![0; row_bytes];
    let mut line = vec![2; row_bytes + 1];
    for pixels in pixmap.data().chunks_exact(4 * width as usize) {
        for (rgb, rgba) in row.chunks_exact_mut(3).zip(pixels.chunks_exact(4)) {
            rgb.copy_from_slice(&rgba[..3]);
        }
        for ((out, now), before) in line[1..].iter_mut().zip(&row).zip(&above) {
            *out = now.wrapping_sub(*before);
        }
        encoder.write_all(&line).expect("writing to memory does not fail");
        std::mem::swap(&mut above, &mut row);
    }
    let data = encoder.finish().expect("writing to memory does not fail");
    let per_metre = (dots_per_inch / 0.0254).round() as u32;
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    // Bit depth 8, colour type 2 (RGB), the only compression and filter methods, no interlacing.
    chunk(&mut out, b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes()[..], &[8, 2, 0, 0, 0]].concat());
    chunk(&mut out, b"pHYs", &[&per_metre.to_be_bytes()[..], &per_metre.to_be_bytes()[..], &[1]].concat());
    chunk(&mut out, b"IDAT", &data);
    chunk(&mut out, b"IEND", &[]);
    out
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
