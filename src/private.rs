//! Files and folders for the user alone, and checksums of files.

use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Makes a folder, and those that lead to it, for the user alone; one that is there keeps its mode.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A folder that is being written, and the folders that were made to hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    pub(crate) folder: PathBuf,
    /// Made for it, the innermost first; each goes only when nothing else is in it.
    pub(crate) around: Vec<PathBuf>,
}

impl Unfinished {
    /// Removes all of it. Nothing more can be done about a folder that does not go.
    pub(crate) fn remove(&self) {
        let _ = fs::remove_dir_all(&self.folder);
        remove_empty(&self.around);
    }
}

/// Removes folders in which nothing is, the innermost first.
pub(crate) fn remove_empty(folders: &[PathBuf]) {
    for folder in folders {
        let _ = fs::remove_dir(folder);
    }
}

/// The folders that lead to `path`, itself included, and are not there yet; the innermost first.
pub(crate) fn missing_folders(path: &Path) -> Vec<PathBuf> {
    let leads = path.ancestors().take_while(|p| !p.as_os_str().is_empty() && !p.exists());
    leads.map(Path::to_owned).collect()
}

/// Gives a file of another writer the mode of ours, and asks for it to be on the disk.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    File::open(path)?.sync_all()
}

/// Bytes and SHA-256 of a file; `seen` is told the bytes of every piece as it is read.
pub(crate) fn hash_file(path: &Path, seen: &mut dyn FnMut(usize)) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut hasher, mut bytes) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((bytes, hex(&hasher.finalize()))),
            n => {
                hasher.update(&buffer[..n]);
                bytes += n as u64;
                seen(n);
            }
        }
    }
}

/// A file whose checksum is worked out while it is written, so that nobody has to read it again.
#[derive(Debug)]
pub(crate) struct HashedFile {
    file: File,
    checksum: Checksum,
}

/// Bytes and SHA-256 of what a [`HashedFile`] has taken so far; stays when the file goes to a writer that keeps it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checksum(Arc<Mutex<(u64, Sha256)>>);

impl HashedFile {
    /// A file that is at its beginning.
    pub(crate) fn new(file: File) -> (HashedFile, Checksum) {
        let checksum = Checksum::default();
        (HashedFile { file, checksum: checksum.clone() }, checksum)
    }
}

impl Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        let mut taken = self.checksum.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.0 += n as u64;
        taken.1.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Checksum {
    /// Bytes and SHA-256, as [`hash_file`] finds them.
    pub(crate) fn of_all(&self) -> (u64, String) {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (taken.0, hex(&taken.1.clone().finalize()))
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_hashed_while_written_has_the_checksum_of_the_file_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers");
        let (mut file, checksum) = HashedFile::new(File::create(&path).unwrap());
        file.write_all(b"a line\n").unwrap();
        file.write_all(&[7; 100_000]).unwrap();
        assert_eq!(checksum.of_all(), hash_file(&path, &mut |_| ()).unwrap());
    }
}
