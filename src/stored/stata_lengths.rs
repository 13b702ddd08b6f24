//! Whether the notes, long texts and value labels of a `.dta` file are as long as they say.
//!
//! Each of these parts carries its length as a number of up to four gigabytes, and a reader that believes it sets
//! that much memory aside. So the parts are walked first, from length to length, and no length may reach beyond
//! the end of the file.

use super::{StoredError, StoredFormat};
use dta::stata::dta::byte_order::ByteOrder;
use dta::stata::dta::header::Header;
use dta::stata::dta::release::Release;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Walks the file from its notes, which begin at `start`, to its end; `data` is the number of bytes of its rows,
/// `map` the place of the index of parts that releases from 13 on have.
pub(super) fn check(path: &Path, header: &Header, map: u64, start: u64, data: u64) -> Result<(), StoredError> {
    let file = File::open(path).map_err(|e| StoredError::io(&e))?;
    let size = file.metadata().map_err(|e| StoredError::io(&e))?.len();
    let release = header.release();
    let mut walk = Walk { file: BufReader::new(file), size, at: 0, order: header.byte_order() };
    if !release.is_xml_like() {
        walk.skip(start)?;
        return walk.plain(release, data);
    }
    let announced = walk.map(map)?;
    walk.skip(start - walk.at)?;
    match walk.tagged(release, data)? == announced {
        true => Ok(()),
        false => Err(StoredError::damaged(StoredFormat::Stata, "its parts are not where its index says")),
    }
}

struct Walk {
    file: BufReader<File>,
    size: u64,
    at: u64,
    order: ByteOrder,
}

impl Walk {
    fn skip(&mut self, bytes: u64) -> Result<(), StoredError> {
        let to = self.at.checked_add(bytes).filter(|&to| to <= self.size).ok_or_else(cut_off)?;
        // Short hops stay in the buffer.
        self.file.seek_relative((to - self.at) as i64).map_err(|e| StoredError::io(&e))?;
        self.at = to;
        Ok(())
    }

    /// The next bytes; `None` at the end of the file.
    fn take<const N: usize>(&mut self) -> Result<Option<[u8; N]>, StoredError> {
        let mut bytes = [0; N];
        if self.at + N as u64 > self.size {
            return Ok(None);
        }
        self.file.read_exact(&mut bytes).map_err(|e| StoredError::io(&e))?;
        self.at += N as u64;
        Ok(Some(bytes))
    }

    fn need<const N: usize>(&mut self) -> Result<[u8; N], StoredError> {
        self.take()?.ok_or_else(cut_off)
    }

    fn length(&mut self) -> Result<u64, StoredError> {
        let bytes = self.need::<4>()?;
        Ok(u64::from(match self.order {
            ByteOrder::BigEndian => u32::from_be_bytes(bytes),
            ByteOrder::LittleEndian => u32::from_le_bytes(bytes),
        }))
    }

    /// Where the index says that long texts and value labels begin: its numbers 10 and 11 of 14.
    fn map(&mut self, at: u64) -> Result<(u64, u64), StoredError> {
        self.skip(at + "<map>".len() as u64 + 10 * 8)?;
        let order = self.order;
        let place = |bytes: [u8; 8]| match order {
            ByteOrder::BigEndian => u64::from_be_bytes(bytes),
            ByteOrder::LittleEndian => u64::from_le_bytes(bytes),
        };
        Ok((place(self.need()?), place(self.need()?)))
    }

    /// Release 13 and later: every part has its name before and after it. Returns where long texts and labels begin.
    fn tagged(&mut self, release: Release, data: u64) -> Result<(u64, u64), StoredError> {
        self.skip("<characteristics>".len() as u64)?;
        while &self.need::<4>()? == b"<ch>" {
            let length = self.length()?;
            self.skip(length + "</ch>".len() as u64)?;
        }
        self.skip("aracteristics>".len() as u64)?;
        self.skip("<data>".len() as u64 + data + "</data>".len() as u64)?;
        let long_texts = self.at;
        self.skip("<strls>".len() as u64)?;
        // The column and the row of a long text take 12 bytes, 8 in the first release that has them; a byte says its kind.
        let place = if release >= Release::V118 { 12 } else { 8 };
        while &self.need::<3>()? == b"GSO" {
            self.skip(place + 1)?;
            let length = self.length()?;
            self.skip(length)?;
        }
        self.skip("trls>".len() as u64)?;
        let labels = self.at;
        self.skip("<value_labels>".len() as u64)?;
        while &self.need::<5>()? == b"<lbl>" {
            let length = self.length()?;
            self.skip(label_name(release) + length + "</lbl>".len() as u64)?;
        }
        Ok((long_texts, labels))
    }

    /// Earlier releases: the parts follow each other.
    fn plain(&mut self, release: Release, data: u64) -> Result<(), StoredError> {
        if release >= Release::V105 {
            self.notes(release)?;
        }
        self.skip(data)?;
        // Releases before 108 count their labels in two bytes.
        while release >= Release::V108 && self.at + 4 <= self.size {
            let length = self.length()?;
            self.skip(label_name(release) + length)?;
        }
        Ok(())
    }

    fn notes(&mut self, release: Release) -> Result<(), StoredError> {
        loop {
            let [kind] = self.need::<1>()?;
            let length = if release >= Release::V110 {
                self.length()?
            } else {
                let bytes = self.need::<2>()?;
                u64::from(match self.order {
                    ByteOrder::BigEndian => u16::from_be_bytes(bytes),
                    ByteOrder::LittleEndian => u16::from_le_bytes(bytes),
                })
            };
            if kind == 0 {
                return Ok(());
            }
            self.skip(length)?;
        }
    }
}

/// Bytes of the name of a set of labels and what fills it up.
fn label_name(release: Release) -> u64 {
    match release {
        r if r >= Release::V118 => 129 + 3,
        r if r >= Release::V110 => 33 + 3,
        _ => 9 + 3,
    }
}

fn cut_off() -> StoredError {
    StoredError::damaged(StoredFormat::Stata, "it is cut off, or a part of it is longer than the file")
}
