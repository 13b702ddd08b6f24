//! The results folder of a run, complete or not there at all.
//!
//! [`OutputFolder::prepare`] tries the place before the long work begins: it makes a private folder beside the one
//! asked for. Everything is written there; [`OutputFolder::commit`] gives it its name. Whatever goes wrong before,
//! dropping the value removes what was written and touches nothing else. The library never reads the clock: times
//! come in with the [`Manifest`].

use super::disclosure::{self, Profile, checker};
use super::figure::{self, FigureStyle};
use super::render::{self, Format, json};
use super::{Input, Report, ReportError, Software, Timings, curve_files};
use crate::private::{create_private, hash_file, make_private};
use crate::study::FigureOptions;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// What to do with a results folder that is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// An error.
    Refuse,
    /// Replace it when the new one is complete, and only if an earlier run wrote it.
    Replace,
}

/// `manifest.json`: what ran on what, and what it wrote. Differs between runs of the same input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// Version of this file's fields.
    pub schema: String,
    /// The program.
    pub software: Software,
    /// The command line, word by word.
    pub command: Vec<String>,
    /// Options in force, defaults included.
    pub options: BTreeMap<String, String>,
    /// Seeds of anything random.
    pub seeds: BTreeMap<String, u64>,
    /// The study file.
    pub study_file: Option<Input>,
    /// Every file read.
    pub inputs: Vec<Input>,
    /// Start of the run, as the caller writes it.
    pub started: Option<String>,
    /// End of the run, as the caller writes it.
    pub finished: Option<String>,
    /// Times and memory.
    pub timings: Timings,
    /// Name of the disclosure profile; `None`: nothing was exported.
    pub disclosure_profile: Option<String>,
    /// Every file written beside this one; filled by [`OutputFolder::commit`].
    pub outputs: Vec<Output>,
}

/// A file of the results folder.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Output {
    /// Path inside the folder, with `/`.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256, hexadecimal.
    pub hash: String,
}

impl Default for Manifest {
    fn default() -> Manifest {
        Manifest {
            schema: "cohort-manifest/1".to_string(),
            software: Software::default(),
            command: Vec::new(),
            options: BTreeMap::new(),
            seeds: BTreeMap::new(),
            study_file: None,
            inputs: Vec::new(),
            started: None,
            finished: None,
            timings: Timings::default(),
            disclosure_profile: None,
            outputs: Vec::new(),
        }
    }
}

/// What to say when a study names no disclosure profile.
pub const NO_PROFILE: &str = "no export/ folder: the study file names no disclosure profile; choose one with \
    [disclosure] profile = \"none\", a site's (\"no-helsedata\", \"no-ssb\", \"dk-dst\", \"uk-opensafely\", and others: \
    examples/study-file.md) or \"custom\" with a threshold of your own";

/// What to say when a data file was fitted without a study.
pub const NO_STUDY: &str = "no export/ folder: a fit of a data file has no disclosure profile; a study file with \
    [disclosure] profile = \"...\" writes one";

/// A results folder that is being written.
#[derive(Debug)]
pub struct OutputFolder {
    target: PathBuf,
    existing: Existing,
    partial: TempDir,
    figures: FigureOptions,
    /// Files whose checksum their writer knows.
    known: Mutex<Vec<Output>>,
}

impl OutputFolder {
    /// Makes a private folder beside `target`. Errors: `Exists`, `NotOurs`, `Place`.
    pub fn prepare(target: &Path, existing: Existing) -> Result<OutputFolder, ReportError> {
        let place = |source: io::Error| ReportError::Place { path: target.to_path_buf(), source };
        let name = target.file_name().ok_or_else(|| place(io::ErrorKind::InvalidInput.into()))?;
        check_existing(target, existing)?;
        let prefix = format!("{}.partial-", name.to_string_lossy());
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let partial = builder.tempdir_in(parent(target)).map_err(place)?;
        let figures = FigureOptions { formats: Vec::new(), ..FigureOptions::default() };
        let folder = OutputFolder { target: target.to_path_buf(), existing, partial, figures, known: Mutex::default() };
        create_private(&folder.path("internal")).map_err(place)?;
        Ok(folder)
    }

    /// The same folder, with figures among the files of [`OutputFolder::write_report`].
    pub fn with_figures(self, figures: FigureOptions) -> OutputFolder {
        OutputFolder { figures, ..self }
    }

    /// The folder while the run lasts; whoever ends the process without unwinding removes it.
    pub fn partial(&self) -> &Path {
        self.partial.path()
    }

    /// Where a file of the folder is while the run lasts; for writers of their own, such as that of `person_time.parquet`.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.partial.path().join(relative)
    }

    /// Takes the checksum of a finished file from its writer, so that a large one is not read again for the manifest.
    pub fn keep_checksum(&self, output: Output) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).push(output);
    }

    /// Writes a file, private to the user, with the folders that lead to it. Errors: `Write`.
    pub fn write(&self, relative: &str, bytes: &[u8]) -> Result<(), ReportError> {
        let path = self.path(relative);
        let write = || {
            create_private(path.parent().unwrap_or(self.partial.path()))?;
            let mut file = open_private(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        // The name that the user knows, not the temporary one.
        write().map_err(|source| ReportError::write(&self.target.join(relative), source))
    }

    /// Writes `internal/` and, when there is a profile, `export/` and `checker.md`; `results.json` always, the other
    /// formats as asked. Returns what the user should be told. Errors: `Write`.
    pub fn write_report(
        &self,
        report: &Report,
        profile: Option<&Profile>,
        formats: &[Format],
    ) -> Result<Vec<String>, ReportError> {
        self.write_formats("internal", report, formats)?;
        self.write_figures("internal", report)?;
        for (name, content) in curve_files::files(report) {
            self.write(&format!("internal/curves/{}", file_name(&name)), content.as_bytes())?;
        }
        let Some(profile) = profile else {
            let why = if report.study.is_some() { NO_PROFILE } else { NO_STUDY };
            return Ok(vec![why.to_string()]);
        };
        let persons = report.total.as_ref().and_then(|t| t.persons);
        if persons.is_some_and(|n| n < profile.min_population) {
            let least = profile.min_population;
            let why = format!("disclosure profile {} lets nothing out of fewer than {least} persons", profile.name);
            return Ok(vec![format!("no export/ folder: {why}; study a larger population")]);
        }
        let (exported, hidden) = disclosure::apply(report, profile);
        let mut files = self.write_formats("export", &exported, formats)?;
        files.extend(self.write_figures("export", &exported)?);
        self.write("checker.md", checker::checker(profile, &exported, &hidden, &files).as_bytes())?;
        Ok(vec![profile_line(profile)])
    }

    /// Gives the folder its name, with `manifest.json` listing every other file. An earlier results folder that may be
    /// replaced stays until the new one is complete. Errors: `Write`, `Exists`, `NotOurs`.
    pub fn commit(self, manifest: &Manifest) -> Result<PathBuf, ReportError> {
        let fault = |source| ReportError::write(&self.target, source);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let outputs = list_outputs(self.partial.path(), &known).map_err(fault)?;
        let manifest = Manifest { outputs, ..manifest.clone() };
        self.write("manifest.json", json::pretty(&manifest).as_bytes())?;
        check_existing(&self.target, self.existing)?;
        let old = match exists(&self.target) {
            true => Some(set_aside(&self.target).map_err(fault)?),
            false => None,
        };
        if let Err(source) = fs::rename(self.partial.path(), &self.target) {
            if let Some(old) = old {
                // The old results go back to their place; if even that fails they stay under the other name.
                let kept = old.keep();
                let _ = fs::rename(kept.join("results"), &self.target).and_then(|()| fs::remove_dir(&kept));
            }
            return Err(fault(source));
        }
        // The folder has another name now, so the guard must not look for it.
        let _ = self.partial.keep();
        sync_folder(parent(&self.target));
        Ok(self.target)
    }

    /// Every format of a report under one folder; returns the files with a line on each.
    fn write_formats(
        &self,
        folder: &str,
        report: &Report,
        formats: &[Format],
    ) -> Result<Vec<checker::File>, ReportError> {
        // Programs read results.json, whatever else is asked for.
        let others = formats.iter().filter(|f| **f != Format::Json);
        let files = std::iter::once(&Format::Json).chain(others).flat_map(|f| render::files(report, *f));
        let mut written = Vec::new();
        for file in files {
            self.write(&format!("{folder}/{}", file.name), &file.bytes)?;
            written.push((file.name, file.holds));
        }
        Ok(written)
    }

    /// The figures of a report under one folder; returns the files with a line on each.
    fn write_figures(&self, folder: &str, report: &Report) -> Result<Vec<checker::File>, ReportError> {
        let style = FigureStyle::of(report, self.figures.width_mm);
        let mut written = Vec::new();
        for file in figure::files(report, &style, &self.figures.formats)? {
            let name = format!("figures/{}", file.name);
            self.write(&format!("{folder}/{name}"), &file.bytes)?;
            written.push((name, "a figure of the numbers in results.json".to_owned()));
        }
        Ok(written)
    }
}

fn profile_line(profile: &Profile) -> String {
    match profile.changes_anything() {
        true => format!("disclosure profile {}: export/ is for the output checker, with checker.md", profile.name),
        false => format!("disclosure profile {}: nothing hidden or rounded in export/", profile.name),
    }
}

fn check_existing(target: &Path, existing: Existing) -> Result<(), ReportError> {
    let path = target.to_path_buf();
    match existing {
        _ if !exists(target) => Ok(()),
        Existing::Refuse => Err(ReportError::Exists { path }),
        // Nobody should lose a folder of something else to a mistyped path.
        Existing::Replace if !target.join("manifest.json").is_file() || is_link(target) => {
            Err(ReportError::NotOurs { path })
        }
        Existing::Replace => Ok(()),
    }
}

/// Whether anything has this name, a dangling link included.
fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_symlink())
}

/// Moves the old results into a temporary folder beside them, which removes them when it is dropped.
fn set_aside(target: &Path) -> io::Result<TempDir> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let aside = tempfile::Builder::new().prefix(&format!("{name}.replaced-")).tempdir_in(parent(target))?;
    fs::rename(target, aside.path().join("results"))?;
    Ok(aside)
}

fn parent(target: &Path) -> &Path {
    target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A table's name as a file name: letters, digits, `-`, `_` and `.` stay, the rest becomes `_`.
pub fn file_name(id: &str) -> String {
    let keep = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    id.chars().map(|c| if keep(c) { c } else { '_' }).collect()
}

/// Opens a new file for the user alone.
fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Every file under `root` in sorted order, made private, with size and hash; `known` ones are not read again.
fn list_outputs(root: &Path, known: &[Output]) -> io::Result<Vec<Output>> {
    let mut outputs = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            make_private(&path)?;
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let name = relative.iter().map(|p| p.to_string_lossy()).collect::<Vec<_>>().join("/");
            let output = match known.iter().find(|output| output.path == name) {
                Some(output) => output.clone(),
                None => {
                    let (bytes, hash) = hash_file(&path, &mut |_| ())?;
                    Output { path: name, bytes, hash }
                }
            };
            outputs.push(output);
        }
    }
    outputs.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(outputs)
}

/// Asks for the new name to be on the disk; a file system that cannot say so is no fault of the results.
fn sync_folder(path: &Path) {
    if let Ok(folder) = File::open(path) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(path).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_appears_complete_or_not_at_all() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("out");
        let folder = OutputFolder::prepare(&target, Existing::Refuse).unwrap();
        folder.write("internal/a.txt", b"abc").unwrap();
        assert!(!target.exists());
        drop(folder);
        assert_eq!(names(place.path()), [""; 0]);

        let folder = OutputFolder::prepare(&target, Existing::Refuse).unwrap();
        folder.write("internal/a.txt", b"abc").unwrap();
        folder.commit(&Manifest::default()).unwrap();
        assert_eq!(names(place.path()), ["out"]);
        let manifest: Manifest = serde_json::from_slice(&fs::read(target.join("manifest.json")).unwrap()).unwrap();
        assert_eq!(manifest.outputs[0].path, "internal/a.txt");
        assert_eq!(manifest.outputs[0].hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn an_existing_folder_is_kept_unless_it_is_an_earlier_run_and_may_go() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("out");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("thesis.doc"), "x").unwrap();
        assert!(matches!(OutputFolder::prepare(&target, Existing::Refuse), Err(ReportError::Exists { .. })));
        assert!(matches!(OutputFolder::prepare(&target, Existing::Replace), Err(ReportError::NotOurs { .. })));
        fs::write(target.join("manifest.json"), "{}").unwrap();
        let folder = OutputFolder::prepare(&target, Existing::Replace).unwrap();
        assert!(target.join("thesis.doc").exists());
        folder.commit(&Manifest::default()).unwrap();
        assert_eq!(names(place.path()), ["out"]);
        assert_eq!(names(&target), ["internal", "manifest.json"]);
    }

    #[test]
    fn a_write_fault_names_the_file_and_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("out");
        let folder = OutputFolder::prepare(&target, Existing::Refuse).unwrap();
        folder.write("internal/a", b"abc").unwrap();
        let fault = folder.write("internal/a/b", b"abc").unwrap_err();
        assert!(fault.to_string().starts_with(&format!("{}: cannot write:", target.join("internal/a/b").display())));
        drop(folder);
        assert_eq!(names(place.path()), [""; 0]);
    }

    #[test]
    fn a_place_that_is_not_there_is_found_before_the_work() {
        let place = tempfile::tempdir().unwrap();
        let fault = OutputFolder::prepare(&place.path().join("no/such"), Existing::Refuse).unwrap_err();
        assert!(matches!(fault, ReportError::Place { .. }));
    }

    #[cfg(unix)]
    #[test]
    fn files_are_for_the_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("out");
        let folder = OutputFolder::prepare(&target, Existing::Refuse).unwrap();
        fs::write(folder.path("internal/person_time.parquet"), b"PAR1").unwrap();
        folder.commit(&Manifest::default()).unwrap();
        let mode = |p: &str| fs::metadata(target.join(p)).unwrap().permissions().mode() & 0o777;
        assert_eq!([mode(""), mode("internal")], [0o700; 2]);
        assert_eq!([mode("manifest.json"), mode("internal/person_time.parquet")], [0o600; 2]);
    }
}
