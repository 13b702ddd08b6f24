//! What a table is: columns, rows of cells, footnotes and remarks; and a document of tables and words.

use crate::report::{PooledTest, TestResult};

/// A table: columns with heads, rows of as many cells, footnotes and remarks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DisplayTable {
    /// Name for files and links: `levels`, `interaction_group_sex`.
    pub id: String,
    /// What stands over the table, without a number.
    pub title: String,
    /// Names of the row keys, in data files the first columns.
    pub keys: Vec<&'static str>,
    /// The columns; the first one labels the rows.
    pub columns: Vec<Column>,
    /// The rows, in order.
    pub rows: Vec<Row>,
    /// Texts that cells refer to by number, from 1.
    pub footnotes: Vec<String>,
    /// What stands under the table.
    pub remarks: Vec<Remark>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name in data files.
    pub key: String,
    /// A head over several neighbouring columns; columns with the same text belong together.
    pub span: Option<String>,
    /// Head of this column.
    pub head: String,
    /// What its cells hold.
    pub kind: ColumnKind,
}

/// What the cells of a column hold; says how they align and which columns they become in a data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Words, to the left.
    Text,
    /// One number.
    Number,
    /// A number with lower and upper limit: three columns of a data file.
    Interval,
    /// A number with its standard error: two columns of a data file.
    WithError,
    /// Chi-squared, degrees of freedom and P: three columns of a data file.
    Test,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What the row is.
    pub kind: RowKind,
    /// As many as the table has key names; empty for a group head.
    pub keys: Vec<String>,
    /// As many as the table has columns; only the first one counts in a group head.
    pub cells: Vec<Cell>,
}

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// Heads the rows that follow; holds a label only and is left out of data files.
    Group,
    /// A row under a group head, indented.
    Item,
    /// A row of its own.
    Plain,
}

/// A value and its footnotes.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The value.
    pub value: Value,
    /// Numbers of footnotes, from 1.
    pub marks: Vec<usize>,
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing: the question does not arise.
    Empty,
    /// Words.
    Text(String),
    /// A count.
    Count(u64),
    /// A count, and what share of its column it is.
    Share(u64, f64),
    /// Person-years.
    PersonYears(f64),
    /// A rate with limits.
    Rate(f64, Option<f64>, Option<f64>),
    /// A hazard ratio, or a ratio of two, with limits.
    Ratio(f64, Option<f64>, Option<f64>),
    /// A number that may be negative, with limits.
    Measure(f64, Option<f64>, Option<f64>),
    /// An estimate with limits, all with this many decimals.
    Interval(f64, Option<f64>, Option<f64>, usize),
    /// An estimate with its standard error, both with this many decimals.
    WithError(f64, Option<f64>, usize),
    /// A probability with limits.
    Probability(f64, Option<f64>, Option<f64>),
    /// A time to event with limits; a limit that is not there was not reached.
    Time(f64, Option<f64>, Option<f64>),
    /// The level that others are compared with: 1 by definition.
    Reference,
    /// An estimate that runs to infinity (true) or to zero (false), with the limit of its interval on the other side.
    Diverged(bool, Option<f64>),
    /// Cannot be estimated; a footnote says why.
    NotEstimable,
    /// A number with this many decimals.
    Number(f64, usize),
    /// A P value.
    P(f64),
    /// The P value of a variable, in a column of its levels' hazard ratios: with its letter.
    TermP(f64),
    /// A test.
    Test(TestResult),
    /// A concordance with its standard error.
    Concordance(f64, Option<f64>),
    /// Hidden by disclosure control; holds the marker.
    Hidden(String),
}

/// A line under a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Remark {
    /// A sentence.
    Text(String),
    /// What needs care.
    Warning(String),
    /// A named test.
    Test(String, TestResult),
    /// A named test pooled over imputations.
    PooledTest(String, PooledTest),
}

/// What people read, top to bottom.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// Title of the report.
    pub title: String,
    /// What follows.
    pub blocks: Vec<Block>,
}

/// A piece of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Head of a section.
    Heading(String),
    /// Running text.
    Paragraph(String),
    /// Short lines.
    List(Vec<String>),
    /// A table; numbered by the renderer.
    Table(DisplayTable),
}

impl DisplayTable {
    /// An empty table.
    pub(crate) fn new(id: &str, title: &str, keys: &[&'static str], columns: Vec<Column>) -> DisplayTable {
        DisplayTable { id: id.into(), title: title.into(), keys: keys.to_vec(), columns, ..DisplayTable::default() }
    }

    /// The number of a footnote, which is added unless it is there already.
    pub(crate) fn footnote(&mut self, text: &str) -> usize {
        let known = self.footnotes.iter().position(|f| f == text);
        known.unwrap_or_else(|| {
            self.footnotes.push(text.to_string());
            self.footnotes.len() - 1
        }) + 1
    }

    /// Takes columns out, by the names they have in data files.
    pub(crate) fn leave_out(&mut self, keys: &[&str]) {
        let keep: Vec<bool> = self.columns.iter().map(|c| !keys.contains(&c.key.as_str())).collect();
        let mut at = keep.iter();
        self.columns.retain(|_| *at.next().expect("as many as columns"));
        for row in &mut self.rows {
            let mut at = keep.iter();
            row.cells.retain(|_| *at.next().expect("a row has one cell per column"));
        }
    }

    /// Takes out the footnotes that no cell refers to, and numbers the others anew.
    pub(crate) fn keep_used_footnotes(&mut self) {
        let mut used: Vec<usize> = self.rows.iter().flat_map(|r| &r.cells).flat_map(|c| c.marks.clone()).collect();
        used.sort_unstable();
        used.dedup();
        for mark in self.rows.iter_mut().flat_map(|r| &mut r.cells).flat_map(|c| &mut c.marks) {
            *mark = used.iter().position(|u| u == mark).map_or(*mark, |at| at + 1);
        }
        self.footnotes = used.iter().map(|mark| self.footnotes[mark - 1].clone()).collect();
    }

    /// The part of the table that some of its columns are, with the rows that say something in it.
    pub(crate) fn part(&self, columns: &[usize]) -> DisplayTable {
        let rows = (0..self.rows.len()).filter(|&i| self.says(i, columns)).map(|i| {
            let row = &self.rows[i];
            Row { cells: columns.iter().map(|&j| row.cells[j].clone()).collect(), ..row.clone() }
        });
        let columns = columns.iter().map(|&j| self.columns[j].clone()).collect();
        DisplayTable { columns, rows: rows.collect(), ..self.clone() }
    }

    /// Whether a row says anything in some of the columns, the first of which labels it: a cell, or for a head a row under it.
    pub(crate) fn says(&self, row: usize, columns: &[usize]) -> bool {
        if columns.len() == self.columns.len() {
            return true;
        }
        let own = columns[1..].iter().any(|&j| self.rows[row].cells[j].says_something());
        let mut under = (row + 1..self.rows.len()).take_while(|&i| self.rows[i].kind == RowKind::Item);
        match self.rows[row].kind {
            RowKind::Item => own,
            // The head of a variable may have numbers of its own, in another part than its levels.
            RowKind::Group | RowKind::Plain => own || under.any(|i| self.says(i, columns)),
        }
    }

    /// Adds the head of a group of rows.
    pub(crate) fn push_group(&mut self, label: &str) {
        let mut cells = vec![Cell::from(Value::Empty); self.columns.len()];
        cells[0] = Cell::text(label);
        self.rows.push(Row { kind: RowKind::Group, keys: Vec::new(), cells });
    }

    /// Without the columns whose key begins with `prefix`, when no row has anything in them.
    pub(crate) fn without_empty(mut self, prefix: &str) -> DisplayTable {
        let columns: Vec<bool> = self.columns.iter().map(|c| !c.key.starts_with(prefix)).collect();
        let is_empty =
            |row: &Row| row.cells.iter().zip(&columns).all(|(cell, keep)| *keep || cell.value == Value::Empty);
        if self.rows.iter().all(is_empty) {
            let mut keep = columns.iter();
            self.columns.retain(|_| *keep.next().expect("one answer a column"));
            for row in &mut self.rows {
                let mut keep = columns.iter();
                row.cells.retain(|_| *keep.next().expect("one answer a column"));
            }
        }
        self
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, kind: RowKind, keys: &[&str], cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len(), "a row has one cell per column");
        debug_assert_eq!(keys.len(), self.keys.len(), "a row has one key per key name");
        self.rows.push(Row { kind, keys: keys.iter().map(|k| k.to_string()).collect(), cells });
    }
}

impl Column {
    /// A column without a span.
    pub(crate) fn new(key: &str, head: &str, kind: ColumnKind) -> Column {
        Column { key: key.to_string(), span: None, head: head.to_string(), kind }
    }

    /// The same column under a common head.
    pub(crate) fn under(self, span: &str) -> Column {
        Column { span: Some(span.to_string()), ..self }
    }
}

impl Cell {
    /// A cell of words.
    pub(crate) fn text(text: impl Into<String>) -> Cell {
        Cell::from(Value::Text(text.into()))
    }

    /// A count, the marker where it is hidden, nothing where there is none.
    pub(crate) fn count(value: Option<u64>, hidden: bool, marker: &str) -> Cell {
        let none = if hidden { Value::Hidden(marker.to_string()) } else { Value::Empty };
        Cell::from(value.map_or(none, Value::Count))
    }

    /// A number with decimals, or nothing.
    pub(crate) fn number(value: Option<f64>, decimals: usize) -> Cell {
        Cell::from(value.map_or(Value::Empty, |v| Value::Number(v, decimals)))
    }

    /// A P value, or nothing.
    pub(crate) fn p(value: Option<f64>) -> Cell {
        Cell::from(value.map_or(Value::Empty, Value::P))
    }

    /// A test, or nothing.
    pub(crate) fn test(value: Option<TestResult>) -> Cell {
        Cell::from(value.filter(|t| t.chisq.is_some()).map_or(Value::Empty, Value::Test))
    }

    /// Whether anything stands in it.
    fn says_something(&self) -> bool {
        let is_empty = matches!(&self.value, Value::Empty) || self.value == Value::Text(String::new());
        !is_empty || !self.marks.is_empty()
    }

    /// The same cell with one more footnote.
    pub(crate) fn marked(mut self, footnote: usize) -> Cell {
        self.marks.push(footnote);
        self
    }
}

impl From<Value> for Cell {
    fn from(value: Value) -> Cell {
        Cell { value, marks: Vec::new() }
    }
}
