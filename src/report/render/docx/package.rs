//! The package of the Word document: the writing crate stores its parts as they are, with some that say nothing; here they
//! are compressed, and what nothing refers to is left out.

use std::io::{Cursor, Read, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Parts that the writing crate adds to every document; ours has no comments, notes or lists.
const UNUSED: [&str; 4] = ["comments.xml", "commentsExtended.xml", "footnotes.xml", "numbering.xml"];
/// The list of parts, and the list of what the document refers to.
const LISTS: [&str; 2] = ["[Content_Types].xml", "word/_rels/document.xml.rels"];

/// The same package with its texts compressed; pictures are already.
pub(super) fn compressed(stored: &[u8]) -> Vec<u8> {
    let mut package = ZipArchive::new(Cursor::new(stored)).expect("the package was just written");
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for i in 0..package.len() {
        let mut part = package.by_index(i).expect("the package has as many parts as it says");
        // A name with slashes says where it stands.
        if part.is_dir() || UNUSED.iter().any(|name| part.name() == format!("word/{name}")) {
            continue;
        }
        let method = match part.name().ends_with(".png") {
            true => CompressionMethod::Stored,
            false => CompressionMethod::Deflated,
        };
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).expect("reading memory does not fail");
        if LISTS.contains(&part.name()) {
            bytes = without_unused(&String::from_utf8(bytes).expect("the parts of the package are UTF-8")).into_bytes();
        }
        let options = SimpleFileOptions::default().compression_method(method);
        out.start_file(part.name(), options).expect("a name stands once in a package");
        out.write_all(&bytes).expect("writing to memory does not fail");
    }
    out.finish().expect("writing to memory does not fail").into_inner()
}

/// A list of the package without the entries of parts that are left out.
fn without_unused(list: &str) -> String {
    let names = UNUSED.iter().flat_map(|name| [format!("/{name}\""), format!("\"{name}\"")]);
    let names: Vec<String> = names.collect();
    let kept = |entry: &'_ str| match names.iter().any(|name| entry.contains(name.as_str())) {
        true => entry.rfind('<').unwrap_or(0),
        false => entry.len(),
    };
    list.split_inclusive("/>").map(|entry| &entry[..kept(entry)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_are_left_out_are_not_listed() {
        let list = r#"<Types><Override PartName="/word/comments.xml" ContentType="a" /><Override PartName="/word/document.xml" /><Relationship Target="commentsExtended.xml" /></Types>"#;
        assert_eq!(without_unused(list), r#"<Types><Override PartName="/word/document.xml" /></Types>"#);
    }
}
