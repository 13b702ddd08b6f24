//! The folder a delivery is written to: under a temporary name beside its place, renamed when complete.

use super::SimulateError;
use super::sheets::{Sheets, files};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// An unfinished delivery; dropped before `finish`, it leaves nothing behind.
pub(super) struct Delivery {
    out: PathBuf,
    folder: TempDir,
    files: Vec<(String, File)>,
}

impl Delivery {
    /// Opens every file of the model study's delivery with its header. Errors: as [`Delivery::create_with`].
    pub(super) fn create(out: &Path) -> Result<Delivery, SimulateError> {
        Delivery::create_with(out, files())
    }

    /// Opens files with their headers. Errors: `OutputExists` when `out` is there and is not an empty folder.
    pub(super) fn create_with(out: &Path, files: Vec<(String, String)>) -> Result<Delivery, SimulateError> {
        refuse_existing(out)?;
        // An empty folder that is there is replaced; named `.`, its own name must be known for that.
        let out = &out.canonicalize().unwrap_or_else(|_| out.to_owned());
        let parent = match out.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).map_err(|e| at(parent, e))?;
        let folder = temporary_folder(parent).map_err(|e| at(parent, e))?;
        let mut opened = Vec::new();
        for (name, header) in files {
            let path = folder.path().join(&name);
            if let Some(parent) = path.parent() {
                private_folder(parent).map_err(|e| at(&out.join(&name), e))?;
            }
            let mut file = private_file(&path).map_err(|e| at(&out.join(&name), e))?;
            writeln!(file, "{header}").map_err(|e| at(&out.join(&name), e))?;
            opened.push((name, file));
        }
        Ok(Delivery { out: out.to_owned(), folder, files: opened })
    }

    /// Appends the rows of the next chunk of persons.
    pub(super) fn append(&mut self, sheets: &Sheets) -> Result<(), SimulateError> {
        for ((name, file), bytes) in self.files.iter_mut().zip(&sheets.bytes) {
            file.write_all(bytes).map_err(|e| at(&self.out.join(name), e))?;
        }
        Ok(())
    }

    /// Writes one more file.
    pub(super) fn add(&self, name: &str, text: &str) -> Result<(), SimulateError> {
        let path = self.folder.path().join(name);
        private_file(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|e| at(&self.out.join(name), e))
    }

    /// Moves the complete folder to its place.
    pub(super) fn finish(self) -> Result<(), SimulateError> {
        for (name, file) in &self.files {
            file.sync_all().map_err(|e| at(&self.out.join(name), e))?;
        }
        drop(self.files);
        refuse_existing(&self.out)?;
        if self.out.is_dir() {
            fs::remove_dir(&self.out).map_err(|e| at(&self.out, e))?;
        }
        fs::rename(self.folder.path(), &self.out).map_err(|e| at(&self.out, e))?;
        // The folder has its lasting name now: there is nothing to clean up.
        let _ = self.folder.keep();
        Ok(())
    }
}

fn refuse_existing(out: &Path) -> Result<(), SimulateError> {
    match fs::read_dir(out).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(SimulateError::OutputExists(out.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(SimulateError::OutputExists(out.to_owned())),
        Err(error) => Err(at(out, error)),
    }
}

/// A folder in `parent` that only its owner can enter, removed when dropped.
fn temporary_folder(parent: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".simulate-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir_in(parent)
}

/// A folder that only its owner can enter.
fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// A new file that only its owner can read.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.write(true).create_new(true).open(path)
}

fn at(path: &Path, source: io::Error) -> SimulateError {
    SimulateError::Write { path: path.to_owned(), source }
}
