//! One file per file format. Each yields batches of fields or typed columns with the rows of the file, so that
//! every message can say where; none knows persons or studies.

pub(crate) mod background_hash;
pub mod decode;
pub mod delimited;
pub(crate) mod file;
pub mod parquet;

use serde::{Deserialize, Serialize};

/// One file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRead {
    /// The path as the study or the command names it.
    pub path: String,
    /// Bytes of the file as it lies on disk.
    pub bytes: u64,
    /// SHA-256 of those bytes, 64 hexadecimal digits.
    pub sha256: String,
    /// Records, the header not counted.
    pub rows: u64,
}
