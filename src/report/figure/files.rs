//! The figures of a report as files.

use super::image::{DOTS_PER_INCH, ImageError, Picture};
use super::{Figure, FigureStyle, figures};
use crate::report::Report;
use crate::study::ImageFormat;
use rayon::prelude::*;

/// A file of a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureFile {
    /// Name with ending: `forest.svg`.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Every figure of the report in every format, figure after figure. Errors: [`ImageError`].
pub fn files(report: &Report, style: &FigureStyle, formats: &[ImageFormat]) -> Result<Vec<FigureFile>, ImageError> {
    if formats.is_empty() {
        return Ok(Vec::new());
    }
    let drawn = figures(report, style);
    let each: Result<Vec<Vec<FigureFile>>, ImageError> = drawn.par_iter().map(|f| of_one(f, formats)).collect();
    Ok(each?.into_iter().flatten().collect())
}

fn of_one(figure: &Figure, formats: &[ImageFormat]) -> Result<Vec<FigureFile>, ImageError> {
    let needs_picture = formats.iter().any(|f| *f != ImageFormat::Svg);
    let picture = if needs_picture { Some(Picture::read(figure)?) } else { None };
    let bytes = |format: &ImageFormat| match (format, &picture) {
        (ImageFormat::Png, Some(picture)) => picture.png(DOTS_PER_INCH),
        (ImageFormat::Pdf, Some(picture)) => picture.pdf(),
        _ => Ok(figure.standalone().into_bytes()),
    };
    let file = |format: &ImageFormat| {
        Ok(FigureFile { name: format!("{}.{}", figure.id, format.name()), bytes: bytes(format)? })
    };
    formats.iter().map(file).collect()
}
