//! The checksum of a file that a library reads: worked out from its bytes on a thread of its own, while others read its rows.

use super::FileRead;
use super::decode::unreadable;
use crate::loader::error::LoadError;
use crate::private::hash_file;
use std::io;
use std::path::PathBuf;
use std::thread::JoinHandle;

/// A checksum on its way.
pub(crate) struct BackgroundHash {
    path: PathBuf,
    written: String,
    /// Bytes and SHA-256; `None` where no thread could be started.
    thread: Option<JoinHandle<io::Result<(u64, String)>>>,
}

impl BackgroundHash {
    /// Begins to read the file, called `written` in messages.
    pub(crate) fn begin(path: PathBuf, written: &str) -> BackgroundHash {
        let of = path.clone();
        let thread = std::thread::Builder::new().name("checksum".to_string());
        let thread = thread.spawn(move || hash_file(&of, &mut |_| {})).ok();
        BackgroundHash { path, written: written.to_string(), thread }
    }

    /// Waits for the end of the file, of which so many rows were read. Errors: `File`.
    pub(crate) fn finish(self, rows: u64) -> Result<FileRead, LoadError> {
        let hashed = self.thread.and_then(|thread| thread.join().ok());
        let hashed = hashed.unwrap_or_else(|| hash_file(&self.path, &mut |_| {}));
        let (bytes, sha256) = hashed.map_err(|e| unreadable(&self.written, &e))?;
        Ok(FileRead { path: self.written, bytes, sha256, rows })
    }
}
