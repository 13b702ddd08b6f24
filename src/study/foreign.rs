//! Files that are taken for text and are none: archives, spreadsheets, files of other programs, known by their first bytes.

use super::extract::InputFile;
use std::fs::File;
use std::io::Read;

/// First bytes, at a place, what such a file is, and what to do with it.
type Mark = (usize, &'static [u8], &'static str, &'static str);

const OF_R: &str = "save it in R as .parquet (arrow), .dta (haven) or .csv";
const ARCHIVE: &str = "unpack it, and name the file that was in it";

const MARKS: [Mark; 16] = [
    (0, b"PK\x03\x04", "an archive (.zip) or a spreadsheet (.xlsx, .ods)", "unpack it, or save the sheet as .csv"),
    (0, b"\xD0\xCF\x11\xE0", "a spreadsheet (.xls)", "save the sheet as .csv, dates as YYYY-MM-DD"),
    (0, b"7z\xBC\xAF\x27\x1C", "an archive (.7z)", ARCHIVE),
    (0, b"Rar!", "an archive (.rar)", ARCHIVE),
    (0, b"\xFD7zXZ", "compressed by xz", ARCHIVE),
    (0, b"BZh", "compressed by bzip2", ARCHIVE),
    (0, b"\x28\xB5\x2F\xFD", "compressed by zstd", ARCHIVE),
    (0, b"RDX", "a file of R", OF_R),
    (0, b"PAR1", "a Parquet file", "set format = \"parquet\", or let its name end in .parquet"),
    (0, b"ARROW1", "an Arrow file", "save it as .parquet"),
    (0, b"$FL2@(#)", "an SPSS file", "set format = \"spss\", or let its name end in .sav"),
    (0, b"$FL3@(#)", "an SPSS file", "set format = \"spss\", or let its name end in .zsav"),
    (0, b"<stata_dta>", "a Stata file", "set format = \"stata\", or let its name end in .dta"),
    (12, b"\xC2\xEA\x81\x60", "a SAS file", "set format = \"sas\", or let its name end in .sas7bdat"),
    (0, b"HEADER RECORD*******LIB", "a SAS transport file (.xpt)", "save it as .sas7bdat, .sav or .csv"),
    (0, b"SQLite format 3", "a database", "save its tables as .csv or .parquet"),
];

/// What a file is that the study takes for text, and what to do; `None` where its first bytes are none of the known ones.
pub(super) fn what_it_is(file: &InputFile) -> Option<(&'static str, &'static str)> {
    let mut bytes = Vec::new();
    File::open(&file.path).ok()?.take(64).read_to_end(&mut bytes).ok()?;
    let name = file.written.to_lowercase();
    if bytes.starts_with(b"\x1F\x8B") {
        let of_r = [".rds", ".rdata", ".rda"].iter().any(|ending| name.ends_with(ending));
        return match of_r {
            true => Some(("a file of R", OF_R)),
            false => (!name.ends_with(".gz")).then_some(("compressed by gzip", "let its name end in .gz")),
        };
    }
    let has = |(at, mark, ..): &&Mark| bytes.get(*at..at + mark.len()) == Some(*mark);
    MARKS.iter().find(has).map(|(_, _, what, remedy)| (*what, *remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_others_are_known_by_their_first_bytes_and_text_is_let_through() {
        let folder = tempfile::tempdir().unwrap();
        let known = |name: &str, bytes: &[u8]| {
            let file = InputFile { written: name.to_owned(), path: folder.path().join(name) };
            std::fs::write(&file.path, bytes).unwrap();
            what_it_is(&file).map(|(what, _)| what)
        };
        let gzip = b"\x1F\x8B\x08\x00";
        assert_eq!(known("a.csv", gzip), Some("compressed by gzip"));
        assert_eq!(known("a.csv.gz", gzip), None);
        assert_eq!(known("a.rds", gzip), Some("a file of R"));
        assert_eq!(known("a.csv", b"PK\x03\x04\x14"), Some("an archive (.zip) or a spreadsheet (.xlsx, .ods)"));
        assert_eq!(known("a.dat", b"\0\0\0\0\0\0\0\0\0\0\0\0\xC2\xEA\x81\x60"), Some("a SAS file"));
        assert_eq!(known("a.csv", b"id;date\n"), None);
        assert_eq!(known("a.csv", b"PK"), None);
        let absent = InputFile { written: "b.csv".into(), path: folder.path().join("b.csv") };
        assert_eq!(what_it_is(&absent), None);
    }
}
