//! Markdown with pipe tables (GitHub's and pandoc's dialect).

use super::{display_cell, display_remark};
use crate::report::number::NumberStyle;
use crate::report::tables::{Block, Column, ColumnKind, DisplayTable, Document, Row, RowKind};

/// A document; tables are numbered in order.
pub fn document(document: &Document, style: &NumberStyle) -> String {
    let mut parts = vec![format!("# {}", escape(&document.title))];
    let mut n_tables = 0;
    for block in &document.blocks {
        parts.push(match block {
            Block::Heading(text) => format!("## {}", escape(text)),
            Block::Paragraph(text) => escape(text),
            Block::List(lines) => lines.iter().map(|l| format!("- {}", escape(l))).collect::<Vec<_>>().join("\n"),
            Block::Table(content) => {
                n_tables += 1;
                table(content, &format!("{} {n_tables}. ", style.language.table()), style)
            }
        });
    }
    parts.join("\n\n") + "\n"
}

/// One table with its title, footnotes and remarks; no line end after the last line.
pub fn table(table: &DisplayTable, number: &str, style: &NumberStyle) -> String {
    let heads: Vec<String> = table.columns.iter().map(head).collect();
    let rule: Vec<&str> =
        table.columns.iter().map(|c| if c.kind == ColumnKind::Text { "---" } else { "--:" }).collect();
    let mut lines = vec![line(&heads), format!("|{}|", rule.join("|"))];
    lines.extend(table.rows.iter().map(|row| line(&cells(row, style))));
    let mut parts = vec![format!("**{number}{}**", escape(&table.title)), lines.join("\n")];
    let footnotes = table.footnotes.iter().enumerate().map(|(i, text)| format!("[{}] {}", i + 1, escape(text)));
    let under: Vec<String> = footnotes.chain(table.remarks.iter().map(|r| escape(&display_remark(r, style)))).collect();
    if !under.is_empty() {
        parts.push(under.join("  \n"));
    }
    parts.join("\n\n")
}

fn head(column: &Column) -> String {
    match &column.span {
        Some(span) => escape(&format!("{span}: {}", column.head)),
        None => escape(&column.head),
    }
}

fn cells(row: &Row, style: &NumberStyle) -> Vec<String> {
    let mut cells: Vec<String> = row.cells.iter().map(|c| escape(&display_cell(c, style))).collect();
    match row.kind {
        RowKind::Group => cells[0] = format!("**{}**", cells[0]),
        RowKind::Item => cells[0] = format!("&nbsp;&nbsp;{}", cells[0]),
        RowKind::Plain => {}
    }
    cells
}

fn line(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

/// Text that Markdown shows as it is. An underscore inside a word means nothing and stays readable.
fn escape(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    for (i, &c) in chars.iter().enumerate() {
        let inside_word =
            i > 0 && chars[i - 1].is_alphanumeric() && chars.get(i + 1).is_some_and(|n| n.is_alphanumeric());
        match c {
            '\n' | '\r' | '\u{a0}' => out.push(' '),
            '\\' | '`' | '*' | '|' | '<' | '~' => out.extend(['\\', c]),
            '_' if !inside_word => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    // A line must not turn into a list or a heading: only its first character can do that.
    match out.chars().next() {
        Some('#' | '+' | '-' | '>') => format!("\\{out}"),
        _ => out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_mean_something_are_escaped() {
        assert_eq!(escape("a*b | c_d _e_ <5"), "a\\*b \\| c_d \\_e\\_ \\<5");
        assert_eq!(escape("+ need"), "\\+ need");
        assert_eq!(escape("two\nlines"), "two lines");
    }
}
