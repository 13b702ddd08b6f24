//! What can go wrong when results are written or read back.

use std::io;
use std::path::{Path, PathBuf};

/// A fault of the report stage: place, rule, remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The results folder exists and nobody allowed replacing it.
    #[error("{}: the results folder exists; choose another --out, or pass --overwrite to replace it", .path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The folder to replace does not look like one of ours.
    #[error("{}: not replaced, because it holds no manifest.json of an earlier run; choose another --out", .path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
    },
    /// The place of the results folder cannot be used.
    #[error("{}: cannot make a results folder here: {source}; choose an --out in a folder that exists and that you may write to", .path.display())]
    Place {
        /// The folder asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the results could not be written.
    #[error("{}: cannot write: {source}; {}; no results folder was made", .path.display(), remedy(.source))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A figure that could not be made.
    #[error(transparent)]
    Figure(#[from] super::figure::ImageError),
    /// A disclosure profile that does not exist.
    #[error("disclosure profile `{name}`: no such profile; choose one of {known}")]
    UnknownProfile {
        /// As written.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// A disclosure profile whose numbers cannot be used.
    #[error("disclosure profile `{name}`: {rule}")]
    InvalidProfile {
        /// The profile.
        name: String,
        /// What is wrong and what to write.
        rule: String,
    },
    /// A results file that cannot be read back.
    #[error("results file: {message}; give a results.json that this version of cohort wrote")]
    Results {
        /// What is wrong, with line and column.
        message: String,
    },
}

impl ReportError {
    /// A write fault of `path`.
    pub(crate) fn write(path: &Path, source: io::Error) -> ReportError {
        ReportError::Write { path: path.to_path_buf(), source }
    }
}

fn remedy(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space or choose another --out",
        io::ErrorKind::PermissionDenied => "choose an --out that you may write to",
        _ => "check the disk and choose another --out if need be",
    }
}
