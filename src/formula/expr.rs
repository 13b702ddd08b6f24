//! The syntax tree of a formula: names, numbers, calls and operators, each with its place, and R's spelling of it.

use std::fmt::Write as _;
use std::ops::Range;

/// A piece of a formula.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its bytes in the formula's text.
    pub span: Range<usize>,
}

/// The kinds of pieces.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A number.
    Number(f64),
    /// A quoted text.
    Text(String),
    /// `TRUE` or `FALSE`.
    Logical(bool),
    /// The name of a column.
    Name(String),
    /// A function with its arguments.
    Call {
        /// The name before the parenthesis.
        function: String,
        /// What stands inside.
        arguments: Vec<Argument>,
    },
    /// `-x`, `+x` or `!x`.
    Unary(Unary, Box<Expr>),
    /// Two pieces with an operator between them.
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// Something in parentheses.
    Group(Box<Expr>),
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// The name before `=`, if there is one.
    pub name: Option<String>,
    /// The value.
    pub value: Expr,
}

/// Operators before one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unary {
    /// `-x`
    Minus,
    /// `+x`
    Plus,
    /// `!x`
    Not,
}

/// Operators between two pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the spelling beside each says it
pub enum Binary {
    Tilde,        // ~
    Or,           // |
    And,          // &
    Equal,        // ==
    NotEqual,     // !=
    Less,         // <
    LessEqual,    // <=
    Greater,      // >
    GreaterEqual, // >=
    Add,          // +
    Subtract,     // -
    Multiply,     // *
    Divide,       // /
    In,           // %in%
    Colon,        // :
    Power,        // ^
}

impl Binary {
    /// The operator as written.
    pub fn symbol(self) -> &'static str {
        match self {
            Binary::Tilde => "~",
            Binary::Or => "|",
            Binary::And => "&",
            Binary::Equal => "==",
            Binary::NotEqual => "!=",
            Binary::Less => "<",
            Binary::LessEqual => "<=",
            Binary::Greater => ">",
            Binary::GreaterEqual => ">=",
            Binary::Add => "+",
            Binary::Subtract => "-",
            Binary::Multiply => "*",
            Binary::Divide => "/",
            Binary::In => "%in%",
            Binary::Colon => ":",
            Binary::Power => "^",
        }
    }

    /// How strongly it binds: larger is tighter. R's table, `?Syntax`.
    pub fn strength(self) -> u8 {
        match self {
            Binary::Tilde => 1,
            Binary::Or => 2,
            Binary::And => 3,
            Binary::Equal
            | Binary::NotEqual
            | Binary::Less
            | Binary::LessEqual
            | Binary::Greater
            | Binary::GreaterEqual => 5,
            Binary::Add | Binary::Subtract => 6,
            Binary::Multiply | Binary::Divide => 7,
            Binary::In => 8,
            Binary::Colon => 9,
            Binary::Power => 11,
        }
    }

    /// Whether it compares two values and gives true or false.
    pub fn is_comparison(self) -> bool {
        self.strength() == 5 || self == Binary::In
    }
}

impl Expr {
    /// The piece inside any number of parentheses.
    pub fn ungrouped(&self) -> &Expr {
        match &self.kind {
            ExprKind::Group(inner) => inner.ungrouped(),
            _ => self,
        }
    }

    /// The column names in it, in order of appearance, each once.
    pub fn columns(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.visit(&mut |e| {
            if let ExprKind::Name(name) = &e.kind
                && !names.contains(&name.as_str())
            {
                names.push(name.as_str());
            }
        });
        names
    }

    /// Calls `see` on this piece and all pieces inside it, from left to right.
    pub fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Expr)) {
        see(self);
        match &self.kind {
            ExprKind::Call { arguments, .. } => arguments.iter().for_each(|a| a.value.visit(see)),
            ExprKind::Unary(_, x) | ExprKind::Group(x) => x.visit(see),
            ExprKind::Binary(_, l, r) => {
                l.visit(see);
                r.visit(see);
            }
            _ => {}
        }
    }

    /// The piece in R's spelling (`deparse`): spaces around `+ - *` and comparisons, none around `^ : /`.
    ///
    /// Term labels and coefficient names are made of it.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match &self.kind {
            ExprKind::Number(x) => out.push_str(&number_text(*x)),
            ExprKind::Text(text) => {
                let _ = write!(out, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
            }
            ExprKind::Logical(value) => out.push_str(if *value { "TRUE" } else { "FALSE" }),
            ExprKind::Name(name) => out.push_str(&quoted_name(name)),
            ExprKind::Call { function, arguments } => write_call(out, function, arguments),
            ExprKind::Unary(operator, x) => {
                out.push(match operator {
                    Unary::Minus => '-',
                    Unary::Plus => '+',
                    Unary::Not => '!',
                });
                x.write(out);
            }
            ExprKind::Binary(operator, l, r) => {
                l.write(out);
                match operator {
                    Binary::Divide | Binary::Power | Binary::Colon => out.push_str(operator.symbol()),
                    _ => {
                        let _ = write!(out, " {} ", operator.symbol());
                    }
                }
                r.write(out);
            }
            ExprKind::Group(x) => {
                out.push('(');
                x.write(out);
                out.push(')');
            }
        }
    }
}

fn write_call(out: &mut String, function: &str, arguments: &[Argument]) {
    out.push_str(function);
    out.push('(');
    for (i, argument) in arguments.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        if let Some(name) = &argument.name {
            let _ = write!(out, "{name} = ");
        }
        argument.value.write(out);
    }
    out.push(')');
}

/// `name`, in back-ticks when R could not read it without them.
pub fn quoted_name(name: &str) -> String {
    let mut chars = name.chars();
    let starts_well = match chars.next() {
        Some('.') => !chars.clone().next().is_some_and(|c| c.is_ascii_digit()),
        Some(c) => c.is_alphabetic(),
        None => false,
    };
    let plain = starts_well && name.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '_');
    if plain { name.to_string() } else { format!("`{name}`") }
}

/// A number as R prints it: up to 15 significant digits, in fixed notation unless the scientific one is shorter.
///
/// This is how R names the levels of a numeric factor.
pub fn number_text(x: f64) -> String {
    if !x.is_finite() {
        return if x.is_nan() { "NaN".into() } else { (if x > 0.0 { "Inf" } else { "-Inf" }).into() };
    }
    if x == 0.0 {
        return "0".into();
    }
    let scientific = format!("{x:.14e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("the e format has an exponent");
    let exponent: i32 = exponent.parse().expect("the exponent is a whole number");
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    let digits = mantissa.chars().filter(char::is_ascii_digit).count() as i32;
    let decimals = (digits - 1 - exponent).max(0);
    let fixed = format!("{x:.*}", decimals as usize);
    let sign = if exponent < 0 { '-' } else { '+' };
    let scientific = format!("{mantissa}e{sign}{:02}", exponent.abs());
    if fixed.len() <= scientific.len() { fixed } else { scientific }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Expected texts: print(as.character(x)) in R 4.2.
    #[test]
    fn numbers_read_as_r_prints_them() {
        for (x, text) in [
            (1.0, "1"),
            (0.5, "0.5"),
            (-3.25, "-3.25"),
            (100000.0, "1e+05"),
            (123456.0, "123456"),
            (0.0001, "1e-04"),
            (0.00012345, "0.00012345"),
            (0.1 + 0.2, "0.3"),
            (1e15, "1e+15"),
            (365.25, "365.25"),
            (1.0 / 3.0, "0.333333333333333"),
        ] {
            assert_eq!(number_text(x), text);
        }
    }

    #[test]
    fn odd_names_keep_their_back_ticks() {
        assert_eq!(quoted_name("ph.ecog"), "ph.ecog");
        assert_eq!(quoted_name("age at entry"), "`age at entry`");
        assert_eq!(quoted_name(".2a"), "`.2a`");
        assert_eq!(quoted_name("kjønn"), "kjønn");
    }
}
