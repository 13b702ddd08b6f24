//! The package of the Word document: the writing crate stores its parts as they are; here they are compressed.

use std::io::{Cursor, Read, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// The same package with its texts compressed; pictures are already.
pub(super) fn compressed(stored: &[u8]) -> Vec<u8> {
    let mut package = ZipArchive::new(Cursor::new(stored)).expect("the package was just written");
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for i in 0..package.len() {
        let mut part = package.by_index(i).expect("the package has as many parts as it says");
        if part.is_dir() {
            continue; // A name with slashes says where it stands.
        }
        let method = match part.name().ends_with(".png") {
            true => CompressionMethod::Stored,
            false => CompressionMethod::Deflated,
        };
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).expect("reading memory does not fail");
        let options = SimpleFileOptions::default().compression_method(method);
        out.start_file(part.name(), options).expect("a name stands once in a package");
        out.write_all(&bytes).expect("writing to memory does not fail");
    }
    out.finish().expect("writing to memory does not fail").into_inner()
}
