//! Whether the blocks of a compressed `.zsav` file are as long as they say.
//!
//! The index at the end of the file announces the length of every block before and after compression; a reader that
//! believes it sets that much memory aside. The index is found by its header, which holds its own place in the file.

use super::{StoredError, StoredFormat};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Blocks are a little less than 4 MB in every file that SPSS and others write; this is the most that is believed.
const LARGEST_BLOCK: i32 = 1 << 26;
/// How much of the file is searched for the header that begins the case data, step by step.
const SEARCHED: [u64; 3] = [1 << 20, 1 << 24, 1 << 28];

/// Checks the index of a compressed file; files of other kinds pass.
pub(super) fn check(path: &Path) -> Result<(), StoredError> {
    let mut file = File::open(path).map_err(|e| StoredError::io(&e))?;
    let size = file.metadata().map_err(|e| StoredError::io(&e))?.len();
    let mut head = [0; 76];
    if size < 76 || file.read_exact(&mut head).is_err() {
        return Err(wrong("it is too short"));
    }
    let little = head[64] != 0;
    let compression = i32_of(&head[72..76], little);
    if compression != 2 {
        return Ok(());
    }
    let trailer = find_trailer(&mut file, size, little)?;
    check_blocks(&mut file, size, little, trailer)
}

/// The place of the index: three numbers of 8 bytes of which the first is its own place, and the other two add up
/// to the length of the file.
fn find_trailer(file: &mut File, size: u64, little: bool) -> Result<u64, StoredError> {
    let mut bytes = Vec::new();
    for end in SEARCHED {
        let searched = bytes.len().saturating_sub(23);
        file.seek(SeekFrom::Start(bytes.len() as u64)).map_err(|e| StoredError::io(&e))?;
        let more = size.min(end).saturating_sub(bytes.len() as u64);
        file.take(more).read_to_end(&mut bytes).map_err(|e| StoredError::io(&e))?;
        let number = |at: usize| i64_of(&bytes[at..at + 8], little);
        let found = (searched..bytes.len().saturating_sub(23))
            .find(|&at| number(at) == at as i64 && number(at + 8).checked_add(number(at + 16)) == Some(size as i64));
        if let Some(trailer) = found.and_then(|at| u64::try_from(number(at + 8)).ok()) {
            return Ok(trailer);
        }
    }
    Err(wrong("its index of blocks is missing or the file is cut off"))
}

fn check_blocks(file: &mut File, size: u64, little: bool, trailer: u64) -> Result<(), StoredError> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(trailer)).map_err(|e| StoredError::io(&e))?;
    file.take(size - trailer.min(size)).read_to_end(&mut bytes).map_err(|e| StoredError::io(&e))?;
    if bytes.len() < 24 {
        return Err(wrong("its index of blocks is cut off"));
    }
    let n_blocks = i32_of(&bytes[20..24], little);
    if usize::try_from(n_blocks).ok().and_then(|n| n.checked_mul(24)) != Some(bytes.len() - 24) {
        return Err(wrong("its index of blocks has another length than it says"));
    }
    let fits = |block: &[u8]| {
        let place = i64_of(&block[8..16], little);
        let (long, short) = (i32_of(&block[16..20], little), i32_of(&block[20..24], little));
        (0..=LARGEST_BLOCK).contains(&long) && short >= 0 && place >= 0 && place + i64::from(short) <= size as i64
    };
    match bytes[24..].chunks_exact(24).all(fits) {
        true => Ok(()),
        false => Err(wrong("a block of it is longer than the file")),
    }
}

fn i32_of(bytes: &[u8], little: bool) -> i32 {
    let bytes = bytes.try_into().expect("four bytes");
    if little { i32::from_le_bytes(bytes) } else { i32::from_be_bytes(bytes) }
}

fn i64_of(bytes: &[u8], little: bool) -> i64 {
    let bytes = bytes.try_into().expect("eight bytes");
    if little { i64::from_le_bytes(bytes) } else { i64::from_be_bytes(bytes) }
}

fn wrong(what: &str) -> StoredError {
    StoredError::damaged(StoredFormat::Spss, what)
}
