//! From text to the syntax tree: a precedence-climbing parser with R's operators (`?Syntax`).

use super::expr::{Argument, Binary, Expr, ExprKind, Unary};
use super::fault::Fault;
use std::ops::Range;

/// Longest formula that is read, in bytes. Far beyond any written by hand; it bounds the work on broken input.
const LONGEST: usize = 65_536;
/// Deepest nesting of operators and parentheses that is read, so that recursion stays small.
const DEEPEST: usize = 200;
/// Most operators in one formula, for the same reason: `a + b + c` is a tree as deep as it is long.
const MOST_OPERATORS: usize = 2_000;
/// Binding strength of a sign before a piece: looser than `^`, tighter than `:`.
const SIGN: u8 = 10;
/// Binding strength of `!`.
const NOT: u8 = 4;

/// Reads `source` as one expression. Every fault carries its place; reading stops at the first.
pub fn parse(source: &str) -> Result<Expr, Fault> {
    if source.len() > LONGEST {
        return Err(Fault::new(LONGEST..source.len(), format!("a formula has at most {LONGEST} bytes")));
    }
    let tokens = tokens(source)?;
    let mut parser = Parser { source, tokens, next: 0, depth: 0, operators: 0 };
    if parser.peek().is_none() {
        return Err(Fault::new(0..source.len(), "the formula is empty").help("name at least one column, or write 1"));
    }
    let expr = parser.expression(0)?;
    match parser.peek() {
        None => Ok(expr),
        Some(token) => Err(parser.unexpected(&token.clone())),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum TokenKind {
    Number(f64),
    Text(String),
    Name(String),
    Operator(Binary),
    Not,
    Open,
    Close,
    Comma,
    Assign,
}

#[derive(Debug, Clone, PartialEq)]
struct Token {
    kind: TokenKind,
    span: Range<usize>,
}

/// Cuts the text into tokens.
fn tokens(source: &str) -> Result<Vec<Token>, Fault> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = source[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (kind, length) = token(source, at, c)?;
        out.push(Token { kind, span: at..at + length });
        at += length;
    }
    Ok(out)
}

/// The token at byte `at`, which starts with `c`, and its length in bytes.
fn token(source: &str, at: usize, c: char) -> Result<(TokenKind, usize), Fault> {
    let rest = &source[at..];
    let starts_number = c.is_ascii_digit() || (c == '.' && rest[1..].starts_with(|d: char| d.is_ascii_digit()));
    if starts_number {
        return number(rest, at);
    }
    if c.is_alphabetic() || c == '.' || c == '_' {
        let length = rest.find(|d: char| !(d.is_alphanumeric() || d == '.' || d == '_')).unwrap_or(rest.len());
        return Ok((TokenKind::Name(rest[..length].to_string()), length));
    }
    match c {
        '"' | '\'' => quoted(rest, at, c).map(|(text, length)| (TokenKind::Text(text), length)),
        '`' => {
            let (name, length) = quoted(rest, at, c)?;
            if name.is_empty() {
                return Err(Fault::new(at..at + length, "a name in back-ticks is empty"));
            }
            Ok((TokenKind::Name(name), length))
        }
        _ => symbol(rest, at, c),
    }
}

/// A number such as `12`, `0.5`, `1e-3` or `2L`.
fn number(rest: &str, at: usize) -> Result<(TokenKind, usize), Fault> {
    let bytes = rest.as_bytes();
    let mut length = bytes.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let signed = length + 1 + usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let digits = bytes[signed.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits > 0 {
            length = signed + digits;
        }
    }
    let whole = length;
    if matches!(bytes.get(length), Some(b'L')) {
        length += 1;
    }
    let followed_by_letters = rest[length..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    match rest[..whole].parse::<f64>() {
        Ok(x) if x.is_finite() && !followed_by_letters => Ok((TokenKind::Number(x), length)),
        _ => {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '.' || c == '_')).unwrap_or(rest.len());
            Err(Fault::new(at..at + end.max(length), "this is neither a number nor a name")
                .help("put a column name that starts with a digit in back-ticks"))
        }
    }
}

/// Text up to the closing `quote`; a backslash takes the next character as it is.
fn quoted(rest: &str, at: usize, quote: char) -> Result<(String, usize), Fault> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((i, c)) = chars.next() {
        match c {
            '\\' => text.extend(chars.next().map(|(_, next)| next)),
            _ if c == quote => return Ok((text, i + 1)),
            _ => text.push(c),
        }
    }
    Err(Fault::new(at..at + 1, "this quotation mark is never closed").help(format!("add a closing {quote}")))
}

/// Punctuation and operators.
fn symbol(rest: &str, at: usize, c: char) -> Result<(TokenKind, usize), Fault> {
    const LONG: [(&str, Binary); 7] = [
        ("%in%", Binary::In),
        ("==", Binary::Equal),
        ("!=", Binary::NotEqual),
        ("<=", Binary::LessEqual),
        (">=", Binary::GreaterEqual),
        ("&&", Binary::And),
        ("||", Binary::Or),
    ];
    if let Some((text, operator)) = LONG.iter().find(|(text, _)| rest.starts_with(text)) {
        return Ok((TokenKind::Operator(*operator), text.len()));
    }
    let operator = |o| Ok((TokenKind::Operator(o), 1));
    match c {
        '(' => Ok((TokenKind::Open, 1)),
        ')' => Ok((TokenKind::Close, 1)),
        ',' => Ok((TokenKind::Comma, 1)),
        '=' => Ok((TokenKind::Assign, 1)),
        '!' => Ok((TokenKind::Not, 1)),
        '~' => operator(Binary::Tilde),
        '|' => operator(Binary::Or),
        '&' => operator(Binary::And),
        '<' => operator(Binary::Less),
        '>' => operator(Binary::Greater),
        '+' => operator(Binary::Add),
        '-' => operator(Binary::Subtract),
        '*' => operator(Binary::Multiply),
        '/' => operator(Binary::Divide),
        ':' => operator(Binary::Colon),
        '^' => operator(Binary::Power),
        _ => {
            let fault = Fault::new(at..at + c.len_utf8(), "this character has no meaning in a formula");
            Err(fault.help("put a column name with odd characters in back-ticks"))
        }
    }
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
    operators: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).cloned();
        self.next += usize::from(token.is_some());
        token
    }

    /// The place after the last token taken.
    fn here(&self) -> Range<usize> {
        let end = self.next.checked_sub(1).map_or(0, |i| self.tokens[i].span.end);
        end..end
    }

    /// An expression whose operators bind at least as strongly as `least`.
    fn expression(&mut self, least: u8) -> Result<Expr, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.too_deep());
        }
        let mut left = self.piece()?;
        while let Some(Token { kind: TokenKind::Operator(operator), span }) = self.peek().cloned() {
            if operator.strength() < least {
                break;
            }
            self.operators += 1;
            if self.operators > MOST_OPERATORS {
                return Err(Fault::new(span, format!("a formula has at most {MOST_OPERATORS} operators")));
            }
            self.next += 1;
            if self.peek().is_none() {
                let what = format!("something is missing after `{}`", operator.symbol());
                return Err(Fault::new(span.start..self.source.len(), what)
                    .help("write what belongs there, or leave the sign out"));
            }
            // `^` groups from the right, all others from the left.
            let right = self.expression(operator.strength() + u8::from(operator != Binary::Power))?;
            let span = left.span.start..right.span.end;
            left = Expr { kind: ExprKind::Binary(operator, Box::new(left), Box::new(right)), span };
        }
        self.depth -= 1;
        Ok(left)
    }

    /// A number, text, name, call, signed piece or something in parentheses.
    fn piece(&mut self) -> Result<Expr, Fault> {
        let Some(token) = self.take() else {
            return Err(Fault::new(self.here(), "something is missing here").help("write a column name or a number"));
        };
        let start = token.span.start;
        let kind = match token.kind {
            TokenKind::Number(x) => ExprKind::Number(x),
            TokenKind::Text(text) => ExprKind::Text(text),
            TokenKind::Name(name) => return self.name(name, token.span),
            TokenKind::Operator(Binary::Subtract) => ExprKind::Unary(Unary::Minus, Box::new(self.expression(SIGN)?)),
            TokenKind::Operator(Binary::Add) => ExprKind::Unary(Unary::Plus, Box::new(self.expression(SIGN)?)),
            TokenKind::Not => ExprKind::Unary(Unary::Not, Box::new(self.expression(NOT)?)),
            TokenKind::Operator(Binary::Tilde) if start == self.tokens[0].span.start => {
                // `~ age + sex`: a formula without a left side, as R writes it.
                return self.expression(Binary::Tilde.strength() + 1);
            }
            TokenKind::Open => {
                let inner = self.expression(0)?;
                self.close(start)?;
                ExprKind::Group(Box::new(inner))
            }
            _ => return Err(self.unexpected(&token)),
        };
        Ok(Expr { kind, span: start..self.here().end })
    }

    /// A name: a constant, a call when a parenthesis follows, else a column.
    fn name(&mut self, name: String, span: Range<usize>) -> Result<Expr, Fault> {
        let back_ticked = self.source[span.clone()].starts_with('`');
        if self.peek().is_some_and(|t| t.kind == TokenKind::Open) && !back_ticked {
            let open = self.peek().map_or(span.end, |t| t.span.start);
            self.next += 1;
            let arguments = self.arguments(open)?;
            let span = span.start..self.here().end;
            return Ok(Expr { kind: ExprKind::Call { function: name, arguments }, span });
        }
        let kind = match name.as_str() {
            "TRUE" | "T" if !back_ticked => ExprKind::Logical(true),
            "FALSE" | "F" if !back_ticked => ExprKind::Logical(false),
            _ => ExprKind::Name(name),
        };
        Ok(Expr { kind, span })
    }

    /// Arguments up to the closing parenthesis.
    fn arguments(&mut self, open: usize) -> Result<Vec<Argument>, Fault> {
        let mut out = Vec::new();
        if self.peek().is_some_and(|t| t.kind == TokenKind::Close) {
            self.next += 1;
            return Ok(out);
        }
        loop {
            let named = matches!(self.tokens.get(self.next), Some(Token { kind: TokenKind::Name(_), .. }))
                && matches!(self.tokens.get(self.next + 1), Some(Token { kind: TokenKind::Assign, .. }));
            let mut name = None;
            if named && let Some(Token { kind: TokenKind::Name(text), .. }) = self.take() {
                name = Some(text);
                self.next += 1;
            }
            out.push(Argument { name, value: self.expression(0)? });
            match self.peek() {
                Some(t) if t.kind == TokenKind::Comma => self.next += 1,
                _ => {
                    self.close(open)?;
                    return Ok(out);
                }
            }
        }
    }

    /// Takes the parenthesis that closes the one at byte `open`.
    fn close(&mut self, open: usize) -> Result<(), Fault> {
        match self.take() {
            Some(t) if t.kind == TokenKind::Close => Ok(()),
            Some(t) => Err(self.unexpected(&t)),
            None => Err(Fault::new(open..open + 1, "this parenthesis is never closed").help("add a closing `)`")),
        }
    }

    fn too_deep(&self) -> Fault {
        Fault::new(self.here(), format!("more than {DEEPEST} operators or parentheses inside one another"))
            .help("split the formula, or combine columns beforehand")
    }

    /// The fault of a token that cannot stand where it stands.
    fn unexpected(&self, token: &Token) -> Fault {
        let text = &self.source[token.span.clone()];
        let fault = Fault::new(token.span.clone(), format!("`{text}` cannot stand here"));
        match token.kind {
            TokenKind::Assign => fault.help("compare with `==`"),
            TokenKind::Close => fault.help("a `(` is missing before it, or something is missing inside"),
            TokenKind::Number(_) | TokenKind::Name(_) | TokenKind::Text(_) | TokenKind::Open => {
                fault.help("an operator such as `+` is missing before it")
            }
            _ => fault,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(source: &str) -> String {
        parse(source).map(|e| e.text()).unwrap_or_else(|f| format!("{}..{} {}", f.span.start, f.span.end, f.message))
    }

    // Expected texts: deparse(quote(...)) in R 4.2.
    #[test]
    fn spelling_is_that_of_r() {
        for (source, expected) in [
            ("I( age / 10 )", "I(age/10)"),
            ("I((ph.karno-80)/10)", "I((ph.karno - 80)/10)"),
            ("I(age ^ 2)", "I(age^2)"),
            (
                "ns(bili,knots=c(0.8,1.4),Boundary.knots=c(.3,28))",
                "ns(bili, knots = c(0.8, 1.4), Boundary.knots = c(0.3, 28))",
            ),
            ("I(age>65)", "I(age > 65)"),
            ("factor( x , ref='a' )", "factor(x, ref = \"a\")"),
            ("I(-age*2)", "I(-age * 2)"),
            ("`age at entry`+ x", "`age at entry` + x"),
            ("poly(age,3L)", "poly(age, 3)"),
        ] {
            assert_eq!(text(source), expected);
        }
    }

    #[test]
    fn operators_bind_as_in_r() {
        let grouped = |source: &str| tree(&parse(source).expect("a formula"));
        assert_eq!(grouped("a + b * c"), "(a + (b * c))");
        assert_eq!(grouped("a * b:c"), "(a * (b : c))");
        assert_eq!(grouped("-a^2"), "(-(a ^ 2))");
        assert_eq!(grouped("a^b^c"), "(a ^ (b ^ c))");
        assert_eq!(grouped("a - b - c"), "((a - b) - c)");
        assert_eq!(grouped("-a:b"), "((-a) : b)");
        assert_eq!(grouped("a %in% b + c"), "((a %in% b) + c)");
        assert_eq!(grouped("y ~ a + !b == 2"), "(y ~ (a + (!(b == 2))))");
    }

    fn tree(e: &Expr) -> String {
        match &e.kind {
            ExprKind::Binary(o, l, r) => format!("({} {} {})", tree(l), o.symbol(), tree(r)),
            ExprKind::Unary(Unary::Minus, x) => format!("(-{})", tree(x)),
            ExprKind::Unary(Unary::Not, x) => format!("(!{})", tree(x)),
            _ => e.text(),
        }
    }

    #[test]
    fn faults_carry_their_place() {
        assert_eq!(text("age + "), "4..6 something is missing after `+`");
        assert_eq!(text("age sex"), "4..7 `sex` cannot stand here");
        assert_eq!(text("log(age"), "3..4 this parenthesis is never closed");
        assert_eq!(text("age)"), "3..4 `)` cannot stand here");
        assert_eq!(text("x = 2"), "2..3 `=` cannot stand here");
        assert_eq!(text("a + * b"), "4..5 `*` cannot stand here");
        assert_eq!(text("2age"), "0..4 this is neither a number nor a name");
        assert_eq!(text("age # x"), "4..5 this character has no meaning in a formula");
        assert_eq!(text("'abc"), "0..1 this quotation mark is never closed");
        assert_eq!(text("  "), "0..2 the formula is empty");
    }

    #[test]
    fn deep_nesting_is_refused_not_followed() {
        assert!(text(&"(".repeat(60_000)).contains("inside one another"));
        assert!(text(&"-".repeat(60_000)).contains("inside one another"));
        assert!(text(&format!("a{}", "+a".repeat(30_000))).contains("at most 2000 operators"));
        assert!(text(&format!("a{}", "^a".repeat(30_000))).contains("inside one another"));
    }
}
