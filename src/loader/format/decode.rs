//! Bytes of a text file to UTF-8, chunk by chunk, on a thread of its own: gzip, byte-order marks, the declared
//! encoding, and the checksum of the file as it lies on disk.
//!
//! A byte that the declared encoding does not define stops the reading with its row; nothing is replaced. Two
//! mistakes that an encoding cannot see by itself are caught as well: a file declared Latin-1 whose bytes above
//! 127 are all valid UTF-8, and NUL bytes, which mean UTF-16.

use crate::loader::error::{Fault, LoadError, Place, counted};
use crate::private::hex;
use crate::study::Encoding;
use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE, WINDOWS_1252};
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

/// What is known of a file when its end was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileHash {
    /// Bytes of the file as it lies on disk.
    pub bytes: u64,
    /// SHA-256 of those bytes, 64 hexadecimal digits.
    pub sha256: String,
}

/// Decoded text as a stream of UTF-8 bytes. A fault arrives as an `io::Error` that says where.
pub struct DecodedText {
    chunks: Receiver<Chunk>,
    current: Vec<u8>,
    at: usize,
    /// Bytes of the file read so far, for progress.
    bytes_read: u64,
    hash: Option<FileHash>,
    ended: bool,
}

/// A fault of decoding, without the file's name.
#[derive(Debug, Clone)]
pub(crate) struct DecodeFault {
    row: Option<u64>,
    rule: String,
    remedy: String,
    encoding: bool,
}

impl fmt::Display for DecodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rule)
    }
}

impl std::error::Error for DecodeFault {}

impl DecodeFault {
    /// The same with its file.
    pub(crate) fn of(&self, file: &str) -> LoadError {
        let place = Place { file: file.to_string(), row: self.row, column: None };
        let fault = Fault::new(place, &*self.rule, &*self.remedy);
        if self.encoding { LoadError::Encoding(fault) } else { LoadError::File(fault) }
    }
}

enum Chunk {
    Text { bytes: Vec<u8>, bytes_read: u64 },
    Fault(DecodeFault),
    End(FileHash),
}

const CHUNK_BYTES: usize = 1 << 18;
/// Chunks in flight: enough to keep both sides busy, little enough to cost nothing.
const CHUNKS_AHEAD: usize = 8;

impl DecodedText {
    /// Opens `path`; `shown` is its name in messages. Errors: `LoadError::File`.
    pub fn open(path: &Path, shown: &str, encoding: Encoding) -> Result<DecodedText, LoadError> {
        let file = File::open(path).map_err(|e| unreadable(shown, &e))?;
        if file.metadata().is_ok_and(|m| m.is_dir()) {
            let fault = Fault::new(Place::file(shown), "is a folder, not a file", "name the file, or a glob in it");
            return Err(LoadError::File(fault));
        }
        let gzip = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
        let (sender, chunks) = sync_channel(CHUNKS_AHEAD);
        std::thread::Builder::new()
            .name("read".to_string())
            .spawn(move || decode(file, gzip, encoding, &sender))
            .map_err(|e| unreadable(shown, &e))?;
        Ok(DecodedText { chunks, current: Vec::new(), at: 0, bytes_read: 0, hash: None, ended: false })
    }

    /// Bytes of the file read so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// Size and checksum, once the stream has ended.
    pub fn hash(&self) -> Option<&FileHash> {
        self.hash.as_ref()
    }
}

impl Read for DecodedText {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.current.len() {
            if self.ended {
                return Ok(0);
            }
            match self.chunks.recv() {
                Ok(Chunk::Text { bytes, bytes_read }) => {
                    (self.current, self.at, self.bytes_read) = (bytes, 0, bytes_read);
                }
                Ok(Chunk::Fault(fault)) => return Err(io::Error::other(fault)),
                Ok(Chunk::End(hash)) => {
                    self.bytes_read = hash.bytes;
                    (self.hash, self.ended) = (Some(hash), true);
                }
                Err(_) => return Err(io::Error::other("the reading thread ended early")),
            }
        }
        let n = out.len().min(self.current.len() - self.at);
        out[..n].copy_from_slice(&self.current[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// The message for a file that cannot be opened or read.
pub(crate) fn unreadable(shown: &str, error: &io::Error) -> LoadError {
    let (rule, remedy) = match error.kind() {
        io::ErrorKind::NotFound => ("there is no such file".to_string(), "check the path and the data folder"),
        io::ErrorKind::PermissionDenied => ("the file may not be read".to_string(), "ask for access to it"),
        _ => (format!("the file cannot be read ({})", error.kind()), "check the disk, or have it delivered again"),
    };
    LoadError::File(Fault::new(Place::file(shown), rule, remedy))
}

/// Counts and hashes the bytes that pass through.
struct Hashing<R> {
    inner: R,
    state: Arc<Mutex<(u64, Sha256)>>,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        let mut state = self.state.lock().expect("only this thread uses the hash");
        state.0 += n as u64;
        state.1.update(&out[..n]);
        Ok(n)
    }
}

/// Reads, hashes, decompresses and decodes the file, and sends what comes of it.
fn decode(file: File, gzip: bool, encoding: Encoding, sender: &SyncSender<Chunk>) {
    let state = Arc::new(Mutex::new((0, Sha256::new())));
    let raw = Hashing { inner: file, state: Arc::clone(&state) };
    let bytes_read = || state.lock().expect("only this thread uses the hash").0;
    let mut source: Box<dyn Read> = if gzip {
        Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(CHUNK_BYTES, raw)))
    } else {
        Box::new(raw)
    };
    let mut transcoder = Transcoder::new(encoding);
    loop {
        let mut bytes = vec![0; CHUNK_BYTES];
        let outcome = fill(&mut source, &mut bytes);
        let ended = matches!(outcome, Ok(n) if n < CHUNK_BYTES);
        let message = match outcome {
            Ok(n) => {
                bytes.truncate(n);
                transcoder.transcode(bytes, ended).map(|bytes| Chunk::Text { bytes, bytes_read: bytes_read() })
            }
            Err(error) => Err(broken_off(&error, gzip, transcoder.rows + 1)),
        };
        // A receiver that is gone has found a fault of its own: nothing is left to do.
        let stop = message.is_err() || ended;
        if sender.send(message.unwrap_or_else(Chunk::Fault)).is_err() || stop {
            break;
        }
    }
    drop(source);
    let (bytes, hasher) = std::mem::take(&mut *state.lock().expect("only this thread uses the hash"));
    let sha256 = hex(&hasher.finalize());
    let _ = sender.send(Chunk::End(FileHash { bytes, sha256 }));
}

/// Reads until `bytes` is full or the source ends.
fn fill(source: &mut dyn Read, bytes: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while n < bytes.len() {
        match source.read(&mut bytes[n..]) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(n)
}

fn broken_off(error: &io::Error, gzip: bool, row: u64) -> DecodeFault {
    let rule = match gzip {
        true => "the compressed file is damaged or cut off".to_string(),
        false => format!("reading stopped ({})", error.kind()),
    };
    let remedy = "compare its size and checksum with the delivery note".to_string();
    DecodeFault { row: Some(row), rule, remedy, encoding: false }
}

/// Turns chunks of one encoding into chunks of UTF-8, with what one chunk must remember for the next.
struct Transcoder {
    encoding: Encoding,
    decoder: Option<Decoder>,
    /// Rows that ended in earlier chunks.
    rows: u64,
    first: bool,
    /// The cut-off beginning of a UTF-8 sequence.
    carry: Vec<u8>,
    /// Single-byte encodings: whether everything so far would also be valid UTF-8, and the bytes above 127.
    also_utf8: bool,
    above_127: u64,
    /// Whether the last chunk ended in a carriage return, or in any line end.
    ended_in_return: bool,
    ended_in_line: bool,
}

impl Transcoder {
    fn new(encoding: Encoding) -> Transcoder {
        Transcoder {
            encoding,
            decoder: None,
            rows: 0,
            first: true,
            carry: Vec::new(),
            also_utf8: true,
            above_127: 0,
            ended_in_return: false,
            ended_in_line: true,
        }
    }

    /// UTF-8 of the next chunk; `last` when no chunk follows.
    fn transcode(&mut self, bytes: Vec<u8>, last: bool) -> Result<Vec<u8>, DecodeFault> {
        let first = std::mem::take(&mut self.first);
        if first {
            self.check_mark(&bytes)?;
        }
        let out = match self.encoding {
            Encoding::Utf8 => self.utf8(bytes, first, last)?,
            Encoding::Latin1 => self.single_byte(bytes, last)?,
            Encoding::Utf16 => self.utf16(&bytes, first, last)?,
        };
        let out = self.line_ends(out, last);
        self.rows += newlines(&out);
        Ok(out)
    }

    /// Ends every line with a line feed, the last one too, so that rows can be counted whatever wrote the file.
    fn line_ends(&mut self, mut text: Vec<u8>, last: bool) -> Vec<u8> {
        if text.first() == Some(&b'\n') && self.ended_in_return {
            text.remove(0);
        }
        if let Some(&end) = text.last() {
            self.ended_in_return = end == b'\r';
            self.ended_in_line = matches!(end, b'\r' | b'\n');
        }
        if text.contains(&b'\r') {
            let mut to = 0;
            for from in 0..text.len() {
                let byte = text[from];
                if byte == b'\r' && text.get(from + 1) == Some(&b'\n') {
                    continue;
                }
                text[to] = if byte == b'\r' { b'\n' } else { byte };
                to += 1;
            }
            text.truncate(to);
        }
        if last && !self.ended_in_line {
            text.push(b'\n');
        }
        text
    }

    /// A byte-order mark that contradicts the declared encoding.
    fn check_mark(&self, bytes: &[u8]) -> Result<(), DecodeFault> {
        let found = match bytes {
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Encoding::Utf16,
            [0xEF, 0xBB, 0xBF, ..] => Encoding::Utf8,
            _ => return Ok(()),
        };
        if found == self.encoding {
            return Ok(());
        }
        let rule = format!("declared {}, but the file begins with the mark of {}", self.encoding.name(), found.name());
        Err(self.fault(1, rule, format!("set encoding = \"{}\"", found.name())))
    }

    fn utf8(&mut self, bytes: Vec<u8>, first: bool, last: bool) -> Result<Vec<u8>, DecodeFault> {
        let mut text = std::mem::take(&mut self.carry);
        if text.is_empty() {
            text = bytes;
        } else {
            text.extend_from_slice(&bytes);
        }
        if first && text.starts_with(&[0xEF, 0xBB, 0xBF]) {
            text.drain(..3);
        }
        if let Err(error) = std::str::from_utf8(&text) {
            if error.error_len().is_some() || last {
                let row = self.rows + newlines(&text[..error.valid_up_to()]) + 1;
                let rule = "a byte does not fit utf-8".to_string();
                return Err(self.fault(row, rule, "set encoding to the file's own (often \"latin-1\")".to_string()));
            }
            self.carry = text.split_off(error.valid_up_to());
        }
        self.check_nul(&text)?;
        Ok(text)
    }

    fn single_byte(&mut self, bytes: Vec<u8>, last: bool) -> Result<Vec<u8>, DecodeFault> {
        self.check_nul(&bytes)?;
        let out = if bytes.is_ascii() {
            self.also_utf8 &= self.carry.is_empty();
            bytes
        } else {
            self.check_defined(&bytes)?;
            self.watch_utf8(&bytes);
            let (text, _) = WINDOWS_1252.decode_without_bom_handling(&bytes);
            text.into_owned().into_bytes()
        };
        if last && self.also_utf8 && self.carry.is_empty() && self.above_127 > 0 {
            let rule = format!(
                "declared {}, but the {} above 127 are all valid utf-8, which does not happen by chance",
                self.encoding.name(),
                counted(self.above_127, "byte")
            );
            let mut fault = self.fault(0, rule, "set encoding = \"utf-8\"".to_string());
            fault.row = None;
            return Err(fault);
        }
        Ok(out)
    }

    /// The five bytes that Windows-1252, and so the superset of Latin-1 that is read, leaves undefined.
    fn check_defined(&self, bytes: &[u8]) -> Result<(), DecodeFault> {
        let undefined = |b: &u8| matches!(b, 0x81 | 0x8D | 0x8F | 0x90 | 0x9D);
        let Some(at) = bytes.iter().position(undefined) else { return Ok(()) };
        let row = self.rows + newlines(&bytes[..at]) + 1;
        let rule = format!("a byte does not fit {}", self.encoding.name());
        Err(self.fault(row, rule, "set encoding to the file's own (often \"utf-8\")".to_string()))
    }

    /// Goes on checking whether the file would also be valid UTF-8.
    fn watch_utf8(&mut self, bytes: &[u8]) {
        self.above_127 += bytes.iter().filter(|b| !b.is_ascii()).count() as u64;
        if !self.also_utf8 {
            return;
        }
        let mut text = std::mem::take(&mut self.carry);
        text.extend_from_slice(bytes);
        match std::str::from_utf8(&text) {
            Ok(_) => {}
            Err(error) if error.error_len().is_some() => self.also_utf8 = false,
            Err(error) => self.carry = text.split_off(error.valid_up_to()),
        }
    }

    fn utf16(&mut self, bytes: &[u8], first: bool, last: bool) -> Result<Vec<u8>, DecodeFault> {
        let (skip, encoding) = match bytes {
            [0xFE, 0xFF, ..] if first => (2, UTF_16BE),
            [0xFF, 0xFE, ..] if first => (2, UTF_16LE),
            // Without a mark: text begins with a letter of the first 256, so the zero byte says which end comes first.
            [0, letter, ..] if first && *letter != 0 => (0, UTF_16BE),
            _ => (0, UTF_16LE),
        };
        let decoder = self.decoder.get_or_insert_with(|| encoding.new_decoder_without_bom_handling());
        let bytes = &bytes[skip..];
        let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len() * 3 + 8);
        let mut out = vec![0; room];
        let (result, _, written) = decoder.decode_to_utf8_without_replacement(bytes, &mut out, last);
        out.truncate(written);
        match result {
            DecoderResult::InputEmpty => Ok(out),
            _ => {
                let row = self.rows + newlines(&out) + 1;
                let rule = "two bytes do not fit utf-16".to_string();
                Err(self.fault(row, rule, "set encoding to the file's own".to_string()))
            }
        }
    }

    fn check_nul(&self, bytes: &[u8]) -> Result<(), DecodeFault> {
        let Some(at) = bytes.iter().position(|&b| b == 0) else { return Ok(()) };
        let row = self.rows + newlines(&bytes[..at]) + 1;
        let rule = format!("a zero byte, which {} text does not hold", self.encoding.name());
        Err(self.fault(row, rule, "set encoding = \"utf-16\", or have the file delivered again".to_string()))
    }

    fn fault(&self, row: u64, rule: String, remedy: String) -> DecodeFault {
        DecodeFault { row: Some(row), rule, remedy, encoding: true }
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&b| b == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(encoding: Encoding, chunks: &[&[u8]]) -> Result<String, (Option<u64>, String)> {
        let mut transcoder = Transcoder::new(encoding);
        let mut out = Vec::new();
        for (i, chunk) in chunks.iter().enumerate() {
            let last = i + 1 == chunks.len();
            out.extend(transcoder.transcode(chunk.to_vec(), last).map_err(|f| (f.row, f.rule))?);
        }
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn letters_cut_by_a_chunk_border_are_whole_again() {
        assert_eq!(decoded(Encoding::Utf8, &[b"k\xC3", b"\xB8n\n"]).unwrap(), "k\u{f8}n\n");
        assert_eq!(decoded(Encoding::Latin1, &[b"k\xF8", b"n\n"]).unwrap(), "k\u{f8}n\n");
        assert_eq!(decoded(Encoding::Utf16, &[b"\xFF\xFEk\x00\xF8", b"\x00n\x00"]).unwrap(), "k\u{f8}n\n");
        assert_eq!(decoded(Encoding::Utf16, &[b"\x00k\x00\xF8"]).unwrap(), "k\u{f8}\n");
        assert_eq!(decoded(Encoding::Utf8, &[b"\xEF\xBB\xBFa"]).unwrap(), "a\n");
    }

    #[test]
    fn every_line_ends_in_a_line_feed() {
        assert_eq!(decoded(Encoding::Utf8, &[b"a\r", b"\nb\rc"]).unwrap(), "a\nb\nc\n");
        assert_eq!(decoded(Encoding::Utf8, &[b"a\r\nb\r\n"]).unwrap(), "a\nb\n");
    }

    #[test]
    fn bytes_that_do_not_fit_are_faults_with_their_row() {
        let (row, rule) = decoded(Encoding::Utf8, &[b"a\nb\n", b"\xF8\n"]).unwrap_err();
        assert_eq!((row, rule.as_str()), (Some(3), "a byte does not fit utf-8"));
        assert_eq!(decoded(Encoding::Latin1, &[b"a\n\x81\n"]).unwrap_err().0, Some(2));
        assert_eq!(decoded(Encoding::Latin1, &[b"\x96"]).unwrap(), "\u{2013}\n");
        assert!(decoded(Encoding::Utf8, &[b"\xFF\xFEa\x00"]).unwrap_err().1.contains("mark of utf-16"));
        assert!(decoded(Encoding::Utf8, &[b"a\x00"]).unwrap_err().1.contains("zero byte"));
    }

    #[test]
    fn utf8_declared_as_latin1_is_noticed() {
        let (_, rule) = decoded(Encoding::Latin1, &[b"k\xC3", b"\xB8n\n"]).unwrap_err();
        assert!(rule.contains("the 2 bytes above 127 are all valid utf-8"), "{rule}");
        assert!(decoded(Encoding::Latin1, &[b"k\xC3\xB8n\n\xF8\n"]).is_ok());
    }
}
