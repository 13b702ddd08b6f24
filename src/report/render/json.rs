//! `results.json` written and read back. The same report gives the same bytes; times are beside it, never in it.

use crate::report::{Report, ReportError, SCHEMA, Timings};
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use std::io::{self, Write};

/// The bytes of `results.json`, with a line end.
pub fn results(report: &Report) -> String {
    pretty(report)
}

/// The report with a further field `timings` at the end: what `--json` prints. The field is not part of the bytes that
/// are the same for every run.
pub fn with_timings(report: &Report, timings: &Timings) -> String {
    #[derive(Serialize)]
    struct Timed<'a> {
        #[serde(flatten)]
        report: &'a Report,
        timings: &'a Timings,
    }
    pretty(&Timed { report, timings })
}

/// Reads a `results.json`. Errors: `Results`, with the place of the fault.
pub fn read(text: &str) -> Result<Report, ReportError> {
    let report: Report = serde_json::from_str(text).map_err(|e| ReportError::Results { message: e.to_string() })?;
    if report.schema != SCHEMA {
        return Err(ReportError::Results { message: format!("schema is not {SCHEMA}") });
    }
    Ok(report)
}

/// JSON of two spaces, with the numbers of an array on one line (a covariance has a line per row), and a line end.
pub(crate) fn pretty(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    value
        .serialize(&mut Serializer::with_formatter(&mut bytes, Lines::default()))
        .expect("a report has text keys only");
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// Breaks lines before keys, texts, objects and arrays, not before numbers in an array.
#[derive(Default)]
struct Lines {
    depth: usize,
    /// An array value begins whose kind is not known yet; true for the first one of its array.
    pending: Option<bool>,
    /// For every open array or object: whether it holds a line break.
    broken: Vec<bool>,
}

impl Lines {
    fn open<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.on_own_line(writer)?;
        self.depth += 1;
        self.broken.push(false);
        writer.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.broken.pop() == Some(true) {
            self.line(writer)?;
        }
        writer.write_all(bracket)
    }

    fn line<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| writer.write_all(b"  "))
    }

    fn on_own_line<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.pending.take().is_none() {
            return Ok(());
        }
        self.broken.last_mut().into_iter().for_each(|b| *b = true);
        self.line(writer)
    }

    fn in_line<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        match self.pending.take() {
            Some(false) => writer.write_all(b" "),
            _ => Ok(()),
        }
    }
}

/// Numbers of every width stay in line.
macro_rules! numbers_in_line {
    ($($name:ident: $kind:ty),*) => {
        $(fn $name<W: ?Sized + Write>(&mut self, writer: &mut W, value: $kind) -> io::Result<()> {
            self.in_line(writer)?;
            CompactFormatter.$name(writer, value)
        })*
    };
}

impl Formatter for Lines {
    numbers_in_line!(
        write_bool: bool, write_i8: i8, write_i16: i16, write_i32: i32, write_i64: i64, write_i128: i128,
        write_u8: u8, write_u16: u16, write_u32: u32, write_u64: u64, write_u128: u128, write_f32: f32, write_f64: f64
    );

    fn write_null<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.in_line(writer)?;
        writer.write_all(b"null")
    }

    fn begin_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.on_own_line(writer)?;
        writer.write_all(b"\"")
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.pending = Some(first);
        if first { Ok(()) } else { writer.write_all(b",") }
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.pending = Some(first);
        // The key is a string and breaks the line itself.
        Ok(())
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_an_array_share_a_line() {
        #[derive(Serialize)]
        struct Sample {
            name: &'static str,
            empty: Vec<f64>,
            covariance: Vec<Vec<Option<f64>>>,
            words: Vec<&'static str>,
            inner: Vec<std::collections::BTreeMap<&'static str, u64>>,
        }
        let sample = Sample {
            name: "a",
            empty: Vec::new(),
            covariance: vec![vec![Some(1.5), None], vec![None, Some(1e-300)]],
            words: vec!["x", "y"],
            inner: vec![[("k", 1)].into()],
        };
        let text = pretty(&sample);
        assert_eq!(
            text,
            "{\n  \"name\": \"a\",\n  \"empty\": [],\n  \"covariance\": [\n    [1.5, null],\n    [null, 1e-300]\n  ],\n  \
             \"words\": [\n    \"x\",\n    \"y\"\n  ],\n  \"inner\": [\n    {\n      \"k\": 1\n    }\n  ]\n}\n"
        );
        let plain: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(plain, serde_json::to_value(&sample).unwrap());
    }
}
