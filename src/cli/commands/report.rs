//! `cohort report`: a results file rendered again, without the data.

use super::Context;
use super::output::{refuse_terminal, write_results};
use crate::cli::args::{FormatArg, ReportArgs};
use crate::error::{Error, Result};
use crate::report::figure::{self, FigureStyle, PAGE_MM};
use crate::report::render::{self, Format, RenderedFile, json};
use crate::report::{Report, ReportError};
use crate::study::ImageFormat;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Renders a results file.
pub fn run(args: &ReportArgs, context: &mut Context) -> Result<()> {
    let target = Target::new(args)?;
    let mut report = read(&args.results)?;
    args.look.restyle(&mut report.settings);
    if report.disclosure.is_none() {
        context.say("these results had no disclosure control: keep what is written where the data are");
    }
    match target {
        Target::Stream(format) => stream(&report, format, context),
        Target::File(format, path) => {
            let bytes = whole(&report, format, render::text::WIDTH);
            write_files(&parent(&path), &[(path.clone(), bytes)], args.overwrite, context)
        }
        Target::Folder(formats, folder) => {
            let rendered = formats.iter().flat_map(|f| render::files(&report, *f));
            let mut files: Vec<_> =
                rendered.map(|RenderedFile { name, bytes, .. }| (folder.join(name), bytes)).collect();
            files.extend(figures(args, &report, &folder)?);
            write_files(&folder, &files, args.overwrite, context)
        }
    }
}

/// The figures that were asked for, as a results folder names them.
fn figures(args: &ReportArgs, report: &Report, folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let formats: Vec<_> = ImageFormat::ALL.into_iter().filter(|f| args.figures.contains(&Some(*f))).collect();
    let style = FigureStyle::of(report, args.figure_width.unwrap_or(PAGE_MM));
    let files = figure::files(report, &style, &formats).map_err(ReportError::from)?;
    Ok(files.into_iter().map(|file| (folder.join("figures").join(file.name), file.bytes)).collect())
}

/// Where the report goes.
enum Target {
    Stream(Format),
    File(Format, PathBuf),
    Folder(Vec<Format>, PathBuf),
}

impl Target {
    fn new(args: &ReportArgs) -> Result<Target> {
        let formats = formats(&args.format)?;
        let figures = args.figures.iter().any(Option::is_some);
        let Some(out) = &args.out else {
            return match formats.as_slice() {
                [] => Ok(Target::Stream(Format::Text)),
                [format] => Ok(Target::Stream(*format)),
                _ => Err(Error::Usage("--format with several formats needs --out DIR".to_owned())),
            };
        };
        let extension = out.extension().map(|e| e.to_string_lossy().into_owned());
        let named = extension.as_deref().and_then(Format::of_extension);
        match (formats.as_slice(), named) {
            _ if figures && (out.is_dir() || extension.is_none()) => Ok(Target::Folder(formats, out.clone())),
            _ if figures => Err(Error::Usage("--figures: several files need --out DIR".to_owned())),
            _ if out.is_dir() && formats.is_empty() => Err(Error::Usage(format!(
                "{} is a folder: say what to write there with --format, such as --format html",
                out.display()
            ))),
            _ if out.is_dir() => Ok(Target::Folder(formats, out.clone())),
            ([], Some(named)) => Ok(Target::File(named, out.clone())),
            ([format], Some(named)) if *format == named => Ok(Target::File(named, out.clone())),
            (_, None) if !formats.is_empty() && extension.is_none() => Ok(Target::Folder(formats, out.clone())),
            _ => Err(Error::Usage(format!(
                "--out {}: a file takes one format and the ending that belongs to it ({}); a folder has no ending",
                out.display(),
                "txt, md, html, docx, xlsx, tex, json"
            ))),
        }
    }
}

/// The formats asked for, each once.
fn formats(args: &[FormatArg]) -> Result<Vec<Format>> {
    let mut formats = Vec::new();
    for arg in args {
        match arg.format() {
            Some(format) if formats.contains(&format) => {}
            Some(format) => formats.push(format),
            None => return Err(Error::Usage("--format none: a report has some format".to_owned())),
        }
    }
    Ok(formats)
}

fn read(path: &Path) -> Result<Report> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
        remedy: "name a results.json that `cohort fit` or `cohort describe` wrote",
        writing: false,
    })?;
    Ok(json::read(&text)?)
}

fn stream(report: &Report, format: Format, context: &mut Context) -> Result<()> {
    refuse_terminal(format)?;
    let bytes = whole(report, format, context.width());
    write_results(context, &bytes)
}

fn whole(report: &Report, format: Format, width: usize) -> Vec<u8> {
    render::bytes(report, format, &report.number_style(), width)
}

/// Writes every file beside its place first, then gives each its name; what is there stays unless it may be replaced.
fn write_files(folder: &Path, files: &[(PathBuf, Vec<u8>)], overwrite: bool, context: &mut Context) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|source| fault(folder, source))?;
    if let Some((path, _)) = files.iter().find(|(path, _)| !overwrite && path.exists()) {
        return Err(fault(path, io::ErrorKind::AlreadyExists.into()));
    }
    let mut written = Vec::new();
    for (path, bytes) in files {
        let beside = parent(path);
        std::fs::create_dir_all(&beside).map_err(|source| fault(&beside, source))?;
        let mut file = tempfile::NamedTempFile::new_in(&beside).map_err(|source| fault(path, source))?;
        file.write_all(bytes).map_err(|source| fault(path, source))?;
        written.push((file, path));
    }
    for (file, path) in written {
        let named = if overwrite { file.persist(path) } else { file.persist_noclobber(path) };
        named.map_err(|e| fault(path, e.error))?;
        context.say(&format!("{}: written", path.display()));
    }
    Ok(())
}

fn parent(path: &Path) -> PathBuf {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

fn fault(path: &Path, source: io::Error) -> Error {
    let (source, remedy) = match source.kind() {
        io::ErrorKind::AlreadyExists => {
            let rule = io::Error::new(source.kind(), "exists, and is not replaced without being asked");
            (rule, "choose another --out, or pass --overwrite to replace it")
        }
        _ => (source, "choose an --out in a folder that you may write to"),
    };
    Error::File { path: path.to_owned(), source, remedy, writing: true }
}
