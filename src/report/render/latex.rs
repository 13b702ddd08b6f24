//! A LaTeX document that compiles with pdfLaTeX, LuaLaTeX and XeLaTeX: booktabs rules, long tables that go over pages with
//! their heads repeated, footnotes by letter under each table. Each table stands between its own comment lines, to be
//! taken over into a paper.

use super::layout::{self, letter, widths};
use super::{display, display_remark, measure};
use crate::report::Report;
use crate::report::figure::Figure;
use crate::report::number::NumberStyle;
use crate::report::tables::{self, Block, Cell, ColumnKind, DisplayTable, Row, RowKind};

/// Characters that fit on a line: upright and in landscape, for each size of type.
const SIZES: [(bool, &str, usize); 5] = [
    (false, "\\small", 92),
    (false, "\\footnotesize", 102),
    (true, "\\small", 146),
    (true, "\\footnotesize", 162),
    (true, "\\scriptsize", 186),
];
/// The widest that a column of words becomes, in characters.
const WIDEST: usize = 34;
/// A longer word is broken where its column ends.
const LONGEST_WORD: usize = 20;
/// A word longer than this is a code.
const CODE: usize = 40;
/// The space between columns, in characters.
const GAP: usize = 2;

const PREAMBLE: &str = r"\documentclass[10pt,a4paper]{article}
\usepackage[margin=20mm]{geometry}
\usepackage{iftex}
\ifPDFTeX
  \usepackage[utf8]{inputenc}
  \usepackage[T1]{fontenc}
  \usepackage{textcomp}
\else
  \usepackage{fontspec}
\fi
\usepackage{amsmath,amssymb,array,booktabs,longtable,pdflscape,graphicx}
\usepackage[colorlinks=false,hidelinks]{hyperref}
\setlength{\tabcolsep}{4pt}
\setlength{\LTleft}{0pt}
\setlength{\LTpre}{6pt}
\setlength{\LTpost}{3pt}
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt}
\emergencystretch=3em
";

/// The report as a LaTeX document.
pub fn document(report: &Report, style: &NumberStyle) -> String {
    let document = tables::document(report);
    let mut parts = vec![
        PREAMBLE.to_owned()
            + &format!(
                "\\title{{{}}}\n\\author{{}}\n\\date{{}}\n\\begin{{document}}\n\\maketitle",
                escape(&document.title)
            ),
    ];
    if report.disclosure.is_none() {
        parts.push(escape(report.words().no_disclosure_control()));
    }
    let mut n_tables = 0;
    let mut heading = String::new();
    let (figures, figures_at) = super::figures(report, &document);
    for (i, block) in document.blocks.iter().enumerate() {
        if i == figures_at {
            parts.extend(figures_section(&figures, style));
        }
        // A heading stands on the page of what follows it, which may be in landscape.
        let above = std::mem::take(&mut heading);
        parts.push(match block {
            Block::Heading(text) => {
                heading = format!("\\section*{{{}}}\n\n", escape(text));
                continue;
            }
            Block::Paragraph(text) => above + &escape(text),
            Block::List(items) => above + &list(items),
            Block::Table(content) => {
                n_tables += 1;
                table(content, n_tables, &above, style)
            }
        });
    }
    if figures_at == document.blocks.len() {
        parts.extend(figures_section(&figures, style));
    }
    parts.push("\\end{document}".to_owned());
    parts.join("\n\n") + "\n"
}

/// The figures, each where its PDF lies beside the document in `figures/`, as in a results folder.
fn figures_section(figures: &[Figure], style: &NumberStyle) -> Option<String> {
    let one = |(i, figure): (usize, &Figure)| {
        let number = style.language.figure_number(i + 1);
        format!(
            "\\IfFileExists{{figures/{id}.pdf}}{{%\n\\begin{{center}}\n\\includegraphics[width=\\linewidth,height=0.82\\textheight,\
             keepaspectratio]{{figures/{id}.pdf}}\n\\end{{center}}\n\\textbf{{{number}.}} {}. {}\\par}}{{}}",
            escape(&figure.title),
            escape(&figure.caption),
            id = figure.id,
        )
    };
    let each: Vec<String> = figures.iter().enumerate().map(one).collect();
    (!each.is_empty()).then(|| format!("\\section*{{{}}}\n\n{}", style.language.figures(), each.join("\n\n")))
}

fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| format!("\\item {}", escape(item))).collect();
    format!("\\begin{{itemize}}\n{}\n\\end{{itemize}}", items.join("\n"))
}

/// One table with its number, on a page in landscape where it needs one; `above` stands over it. Where it fits on no page
/// its columns go on below.
fn table(table: &DisplayTable, number: usize, above: &str, style: &NumberStyle) -> String {
    let (sheet, parts) = Sheet::of(table, style);
    let mut lines = vec![
        format!("% ---- begin {} ----", table.id),
        format!("\\begingroup{}", sheet.size),
        format!("\\textbf{{{}.}} {}\\nopagebreak\n", style.language.table_number(number), escape(&table.title)),
    ];
    lines.extend(parts.iter().enumerate().flat_map(|(i, part)| grid(part, number, i > 0, &sheet, style)));
    let footnotes = table.footnotes.iter().enumerate();
    lines.extend(footnotes.map(|(i, text)| format!("\\textsuperscript{{{}}}\\,{}\\par", letter(i + 1), escape(text))));
    lines.extend(table.remarks.iter().map(|remark| format!("{}\\par", escape(&display_remark(remark, style)))));
    lines.push("\\endgroup".to_owned());
    lines.push(format!("% ---- end {} ----", table.id));
    let text = lines.join("\n");
    match sheet.landscape {
        true => format!("\\begin{{landscape}}\n{above}{text}\n\\end{{landscape}}"),
        false => format!("{above}{text}"),
    }
}

/// Head and rows; the head says whose it is on every page but the first, of a part that `goes_on` on the first too.
fn grid(table: &DisplayTable, number: usize, goes_on: bool, sheet: &Sheet, style: &NumberStyle) -> Vec<String> {
    let head = head(table, style);
    let n = table.columns.len();
    let (name, continued) = (style.language.table_number(number), style.language.continued());
    let again = format!("\\multicolumn{{{n}}}{{@{{}}l}}{{\\textbf{{{name}}} {continued}}} \\\\\n");
    let first = if goes_on { again.as_str() } else { "" };
    let mut lines = vec![
        format!("\\begin{{longtable}}{{@{{}}{}@{{}}}}", sheet.columns(table, style)),
        format!("{first}\\toprule"),
        head.clone(),
        "\\midrule\n\\endfirsthead".to_owned(),
        format!("{again}\\toprule"),
        head,
        "\\midrule\n\\endhead\n\\bottomrule\n\\endfoot".to_owned(),
    ];
    lines.extend(table.rows.iter().map(|r| row(r, n, style)));
    lines.push("\\end{longtable}".to_owned());
    lines
}

/// The lines of the head, with rules under the heads over several columns.
fn head(table: &DisplayTable, style: &NumberStyle) -> String {
    let lines = layout::head(&table.columns);
    let room = widths(table, style, WIDEST);
    let n_lines = lines.len();
    let mut out = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let is_last = at + 1 == n_lines;
        let mut fields = Vec::new();
        let mut rules = Vec::new();
        let mut j = 0;
        while j < table.columns.len() {
            // A head of two lines stands in the lower one.
            let own = lines[..=at].iter().flatten().find(|c| c.first == j && (c.lines > 1) == is_last && n_lines > 1);
            let own = own.or_else(|| line.iter().find(|c| c.first == j && c.lines == 1));
            let columns = own.map_or(1, |c| c.columns);
            let text = own.map_or(String::new(), |c| escape(c.text));
            let is_words = j == 0 || table.columns[j].kind == ColumnKind::Text;
            let is_span = !is_last && own.is_some();
            fields.push(match (text.is_empty(), is_span) {
                (true, _) if columns == 1 => String::new(),
                (_, true) => format!("\\multicolumn{{{columns}}}{{c}}{{{text}}}"),
                (_, false) if is_words => text,
                (_, false) => format!("\\multicolumn{{1}}{{r}}{{{}}}", stacked(&text, room[j])),
            });
            if is_span {
                rules.push(format!("\\cmidrule(lr){{{}-{}}}", j + 1, j + columns));
            }
            j += columns;
        }
        out.push(format!("{} \\\\", fields.join(" & ")));
        if !rules.is_empty() {
            out.push(rules.concat());
        }
    }
    out.join("\n")
}

/// A head longer than its column, in several lines.
fn stacked(text: &str, room: usize) -> String {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is a first line");
        if !line.is_empty() && layout::length(line) + 1 + layout::length(word) > room {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    match lines.len() {
        1 => text.to_owned(),
        _ => format!("\\begin{{tabular}}[b]{{@{{}}r@{{}}}}{}\\end{{tabular}}", lines.join("\\\\")),
    }
}

fn row(row: &Row, n_columns: usize, style: &NumberStyle) -> String {
    match row.kind {
        RowKind::Group => {
            format!("\\multicolumn{{{n_columns}}}{{@{{}}l}}{{\\textbf{{{}}}}} \\\\*", cell(&row.cells[0], style))
        }
        kind => {
            let indent = if kind == RowKind::Item { "\\hspace*{1em}" } else { "" };
            let cells: Vec<String> = row.cells.iter().map(|c| cell(c, style)).collect();
            format!("{indent}{} \\\\", cells.join(" & "))
        }
    }
}

fn cell(cell: &Cell, style: &NumberStyle) -> String {
    let text = escape(&display(&cell.value, style));
    // A bracket after the end of the line before would be taken for its option.
    let text = if text.starts_with(['[', '*']) { format!("{{}}{text}") } else { text };
    if cell.marks.is_empty() {
        return text;
    }
    let letters: Vec<String> = cell.marks.iter().map(|m| letter(*m)).collect();
    format!("{text}\\textsuperscript{{{}}}", letters.join(","))
}

/// How a table fits on its page.
#[derive(Clone, Copy)]
struct Sheet {
    landscape: bool,
    size: &'static str,
    /// Characters that fit on a line.
    room: usize,
}

impl Sheet {
    /// The sheet, and what stands on it: the table, or the parts of it where it is too wide for any.
    fn of(table: &DisplayTable, style: &NumberStyle) -> (Sheet, Vec<DisplayTable>) {
        let (wanted, least) = wanted(table, style);
        let fits = SIZES.iter().find(|(_, _, room)| wanted.iter().sum::<usize>() <= *room);
        let (landscape, size, room) = *fits.unwrap_or(&SIZES[SIZES.len() - 1]);
        let parts = match least.iter().sum::<usize>() <= room {
            true => vec![table.clone()],
            false => measure::parts(table, &wanted, room),
        };
        (Sheet { landscape, size, room }, parts)
    }

    /// Columns of words have the width of a share of the line, numbers keep their natural one.
    fn columns(self, table: &DisplayTable, style: &NumberStyle) -> String {
        let (wanted, least) = wanted(table, style);
        let widths = layout::squeeze(&wanted, &least, self.room);
        let column = |(j, width): (usize, &usize)| {
            let is_words = j == 0 || table.columns[j].kind == ColumnKind::Text;
            let side = if is_words { "right" } else { "left" };
            match layout::wraps(table, j) && *width > 10 {
                true => {
                    // The gap to the next column is LaTeX's own.
                    let share = (*width - GAP) as f64 / self.room as f64;
                    format!(">{{\\ragged{side}\\arraybackslash}}p{{{share:.3}\\linewidth}}")
                }
                false if is_words => "l".to_owned(),
                false => "r".to_owned(),
            }
        };
        widths.iter().enumerate().map(column).collect()
    }
}

/// The width that every column wants in characters, and the least that it can do with.
fn wanted(table: &DisplayTable, style: &NumberStyle) -> (Vec<usize>, Vec<usize>) {
    let wanted: Vec<usize> = widths(table, style, WIDEST).iter().map(|w| w + GAP).collect();
    let least = (0..table.columns.len()).map(|j| match layout::wraps(table, j) {
        true => (layout::longest_word(table, style, j).min(LONGEST_WORD) + GAP).min(wanted[j]),
        false => wanted[j],
    });
    let least = least.collect();
    (wanted, least)
}

/// Text that LaTeX sets as it is.
///
/// A code of many characters, such as a hash, may break after every eighth.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let is_code = text.split(' ').any(|word| layout::length(word) > CODE);
    for (i, c) in text.chars().enumerate() {
        if is_code && i > 0 && i % 8 == 0 {
            out.push_str("\\allowbreak{}");
        }
        match symbol(c) {
            Some(command) => out.push_str(command),
            None => out.push(c),
        }
    }
    out
}

/// What stands for a character that means something to LaTeX, or that its ordinary fonts do not have.
fn symbol(c: char) -> Option<&'static str> {
    Some(match c {
        '\\' => "\\textbackslash{}",
        '{' => "\\{",
        '}' => "\\}",
        '$' => "\\$",
        '&' => "\\&",
        '#' => "\\#",
        '%' => "\\%",
        '_' => "\\_\\allowbreak{}",
        '^' => "\\textasciicircum{}",
        '~' => "\\textasciitilde{}",
        '<' => "\\textless{}",
        '>' => "\\textgreater{}",
        '|' => "\\textbar{}",
        '"' => "\\textquotedbl{}",
        '/' => "/\\allowbreak{}",
        '\n' | '\r' | '\t' => " ",
        '\u{a0}' => "~",
        '\u{202f}' | '\u{2009}' => "\\,",
        '−' => "$-$",
        '–' => "--",
        '—' => "---",
        '→' => "$\\rightarrow$",
        '∞' => "$\\infty$",
        '≤' => "$\\leq$",
        '≥' => "$\\geq$",
        '×' => "$\\times$",
        '±' => "$\\pm$",
        '·' => "\\textperiodcentered{}",
        '²' => "\\textsuperscript{2}",
        '³' => "\\textsuperscript{3}",
        '…' => "\\dots{}",
        '‘' => "`",
        '’' => "'",
        '“' => "``",
        '”' => "''",
        'α' => "$\\alpha$",
        'β' => "$\\beta$",
        'γ' => "$\\gamma$",
        'δ' => "$\\delta$",
        'θ' => "$\\theta$",
        'λ' => "$\\lambda$",
        'Λ' => "$\\Lambda$",
        'μ' | 'µ' => "$\\mu$",
        'σ' => "$\\sigma$",
        'χ' => "$\\chi$",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_is_escaped() {
        assert_eq!(escape("100 % of a_b & {c}"), "100 \\% of a\\_\\allowbreak{}b \\& \\{c\\}");
        assert_eq!(escape("−0.5 (→ ∞) å"), "$-$0.5 ($\\rightarrow$ $\\infty$) å");
        assert_eq!(escape("`a` \\b"), "`a` \\textbackslash{}b");
    }

    #[test]
    fn a_long_head_is_stacked() {
        assert_eq!(stacked("HR", 14), "HR");
        assert_eq!(
            stacked("Rate per 1,000 years", 14),
            "\\begin{tabular}[b]{@{}r@{}}Rate per 1,000\\\\years\\end{tabular}"
        );
    }
}
