//! Where a simulated delivery goes: beside what is there, never over it, complete or not at all.
//!
//! Files are written into a folder beside their place and moved when all are there. A file that is there already is
//! replaced only when `simulated.json`, which lies beside the extracts, says with its checksum that this program wrote it.

use super::{RehearsalError, Watch};
use crate::private::{Unfinished, create_private, hash_file, make_private, missing_folders, remove_empty};
use crate::study::{InputFile, files};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Component, Path, PathBuf};
use tempfile::TempDir;

/// The record of what was written, beside the extracts.
pub(super) const RECORD: &str = "simulated.json";

/// The folder of the clean extracts that a study is tried on before dirt is planted.
const TRIAL: &str = ".clean";

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenFile {
    /// Path relative to the data folder.
    pub path: String,
    pub rows: u64,
    pub sha256: String,
}

/// The part of a record that says which files are this program's own.
#[derive(Debug, Default, Deserialize)]
struct Known {
    #[serde(default)]
    files: Vec<WrittenFile>,
}

/// Folders that were made for a delivery; those in which nothing is go with this value.
struct Made(Vec<PathBuf>);

impl Drop for Made {
    fn drop(&mut self) {
        remove_empty(&self.0);
    }
}

/// A data folder that files are being written for.
pub(super) struct Place {
    folder: PathBuf,
    staging: TempDir,
    /// Goes after `staging`, which is in them.
    _made: Made,
    /// Files of an earlier simulation that the study's paths stand for.
    earlier: Vec<InputFile>,
}

impl Place {
    /// Looks whether `wanted` can be written into `folder`; `declared` are the paths and patterns of the study.
    ///
    /// Errors: `Outside` for a path that leaves the folder, `Exists` for a file that is not this program's own.
    pub(super) fn prepare(
        folder: &Path,
        declared: &[&InputFile],
        wanted: &[String],
        watch: &mut dyn Watch,
    ) -> Result<Place, RehearsalError> {
        for file in declared {
            let inside = |c: Component| matches!(c, Component::Normal(_) | Component::CurDir);
            if !Path::new(&file.written).components().all(inside) {
                return Err(RehearsalError::Outside(file.written.clone()));
            }
        }
        let own = own_files(folder)?;
        let mut earlier = Vec::new();
        let found = declared.iter().filter_map(|file| files::resolve(folder, &file.written).ok()).flatten();
        for file in found {
            if !own.contains(&file.written) {
                return Err(RehearsalError::Exists(file.path));
            }
            earlier.push(file);
        }
        for name in wanted.iter().filter(|name| !own.contains(name)) {
            let path = folder.join(name);
            if path.exists() {
                return Err(RehearsalError::Exists(path));
            }
        }
        let mut made = None;
        watch.making(&mut || {
            let around = missing_folders(folder);
            let staging = made.insert((Made(around.clone()), stage(folder)?)).1.path();
            Ok(Unfinished { folder: staging.to_owned(), around })
        })?;
        let (made, staging) = made.expect("what is watched was made");
        Ok(Place { folder: folder.to_owned(), staging, _made: made, earlier })
    }

    /// A place for files that nobody is to keep, inside this one.
    pub(super) fn trial(&self) -> Result<Place, RehearsalError> {
        let folder = self.staging.path().join(TRIAL);
        Ok(Place { staging: stage(&folder)?, folder, _made: Made(Vec::new()), earlier: Vec::new() })
    }

    /// The data folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A new file, by its path relative to the data folder.
    pub(super) fn create(&self, name: &str) -> Result<File, RehearsalError> {
        let path = self.staging.path().join(name);
        path.parent().map_or(Ok(()), create_private).map_err(|e| at(&self.folder.join(name), e))?;
        File::create(path).map_err(|e| at(&self.folder.join(name), e))
    }

    /// Checksum of a file that was written.
    pub(super) fn written(&self, name: &str, rows: u64) -> Result<WrittenFile, RehearsalError> {
        let path = self.staging.path().join(name);
        let fault = |e| at(&self.folder.join(name), e);
        make_private(&path).map_err(fault)?;
        let (_, sha256) = hash_file(&path, &mut |_| {}).map_err(fault)?;
        Ok(WrittenFile { path: name.to_owned(), rows, sha256 })
    }

    /// Writes a file of text.
    pub(super) fn add(&self, name: &str, text: &str) -> Result<(), RehearsalError> {
        let written = self.create(name)?.write_all(text.as_bytes());
        written.and_then(|()| make_private(&self.staging.path().join(name))).map_err(|e| at(&self.folder.join(name), e))
    }

    /// Moves everything to its place, the record last; files of an earlier simulation that are no longer written go.
    pub(super) fn finish(&self, names: &[String]) -> Result<(), RehearsalError> {
        for name in names {
            let (from, to) = (self.staging.path().join(name), self.folder.join(name));
            to.parent().map_or(Ok(()), create_private).map_err(|e| at(&to, e))?;
            fs::rename(from, &to).map_err(|e| at(&to, e))?;
        }
        for file in self.earlier.iter().filter(|file| !names.contains(&file.written)) {
            fs::remove_file(&file.path).map_err(|e| at(&file.path, e))?;
        }
        Ok(())
    }
}

/// A folder beside the places of the files, made with those that lead to it.
fn stage(folder: &Path) -> Result<TempDir, RehearsalError> {
    create_private(folder).map_err(|e| at(folder, e))?;
    tempfile::Builder::new().prefix(".simulate-").tempdir_in(folder).map_err(|e| at(folder, e))
}

/// The files of an earlier simulation that have not been touched since.
fn own_files(folder: &Path) -> Result<Vec<String>, RehearsalError> {
    let Ok(text) = fs::read_to_string(folder.join(RECORD)) else { return Ok(Vec::new()) };
    let known: Known = serde_json::from_str(&text).unwrap_or_default();
    let unchanged = |file: &WrittenFile| {
        hash_file(&folder.join(&file.path), &mut |_| {}).is_ok_and(|(_, sha256)| sha256 == file.sha256)
    };
    Ok(known.files.into_iter().filter(unchanged).map(|file| file.path).collect())
}

pub(super) fn at(path: &Path, source: std::io::Error) -> RehearsalError {
    RehearsalError::Write { path: path.to_owned(), source }
}
