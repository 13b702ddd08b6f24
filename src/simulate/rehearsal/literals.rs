//! What a condition in SQL compares its columns with: the values that are worth trying.
//!
//! Nothing is evaluated here. A text or number belongs to the name before it (`sector IN ('PHV', 'TSB')`), or to the one
//! after it where none is before (`18 <= age`).

use std::collections::BTreeMap;

/// The values that a condition names, by column.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Literals {
    /// Texts in single quotes.
    pub(super) texts: BTreeMap<String, Vec<String>>,
    /// Numbers.
    pub(super) numbers: BTreeMap<String, Vec<f64>>,
    /// `name >= number` and the like, in a condition that only joins by AND: what must hold of the name.
    pub(super) bounds: BTreeMap<String, Bounds>,
}

/// The numbers between which something lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bounds {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { low: f64::NEG_INFINITY, high: f64::INFINITY }
    }
}

impl Bounds {
    /// What lies in both.
    pub(super) fn and(self, other: Bounds) -> Bounds {
        Bounds { low: self.low.max(other.low), high: self.high.min(other.high) }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number(f64),
    Mark(String),
}

impl Literals {
    /// Reads the SQL of a condition over these names.
    pub(super) fn of(sql: &str, names: &[String]) -> Literals {
        let tokens = tokens(sql, names);
        let mut found = Literals::default();
        for (at, token) in tokens.iter().enumerate() {
            let Some(name) = name_of(&tokens, at) else { continue };
            match token {
                Token::Text(text) => found.texts.entry(name.to_owned()).or_default().push(text.clone()),
                Token::Number(x) => found.numbers.entry(name.to_owned()).or_default().push(*x),
                Token::Name(_) | Token::Mark(_) => {}
            }
        }
        let joins_otherwise = |t: &Token| matches!(t, Token::Mark(m) if matches!(m.as_str(), "OR" | "NOT" | "CASE"));
        if !tokens.iter().any(joins_otherwise) {
            found.bounds = bounds(&tokens);
        }
        found
    }

    /// Adds what another condition names.
    pub(super) fn extend(&mut self, other: Literals) {
        for (name, texts) in other.texts {
            self.texts.entry(name).or_default().extend(texts);
        }
        for (name, numbers) in other.numbers {
            self.numbers.entry(name).or_default().extend(numbers);
        }
        for (name, bounds) in other.bounds {
            let known = self.bounds.entry(name).or_default();
            *known = known.and(bounds);
        }
    }
}

/// The name that a value stands beside.
fn name_of(tokens: &[Token], at: usize) -> Option<&str> {
    let name = |t: &'_ Token| matches!(t, Token::Name(_));
    let before = tokens[..at].iter().rev().find(|t| name(t));
    match before.or_else(|| tokens[at..].iter().find(|t| name(t)))? {
        Token::Name(name) => Some(name),
        _ => None,
    }
}

/// Comparisons of a name with a number.
fn bounds(tokens: &[Token]) -> BTreeMap<String, Bounds> {
    let mut found: BTreeMap<String, Bounds> = BTreeMap::new();
    let mut add = |name: &str, mark: &str, x: f64| {
        let known = found.entry(name.to_owned()).or_default();
        match mark {
            ">" | ">=" => known.low = known.low.max(x),
            "<" | "<=" => known.high = known.high.min(x),
            "=" => *known = known.and(Bounds { low: x, high: x }),
            _ => {}
        }
    };
    for window in tokens.windows(3) {
        match window {
            [Token::Name(name), Token::Mark(mark), Token::Number(x)] => add(name, mark, *x),
            [Token::Number(x), Token::Mark(mark), Token::Name(name)] => {
                let turned: String = mark.chars().map(|c| ['<', '>'][usize::from(c == '<')]).take(1).collect();
                if mark.starts_with(['<', '>']) {
                    add(name, &turned, *x);
                }
            }
            _ => {}
        }
    }
    for window in tokens.windows(5) {
        if let [Token::Name(name), Token::Mark(between), Token::Number(low), Token::Mark(and), Token::Number(high)] =
            window
            && between == "BETWEEN"
            && and == "AND"
        {
            add(name, ">=", *low);
            add(name, "<=", *high);
        }
    }
    found
}

fn tokens(sql: &str, names: &[String]) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\'' | '"' => quoted(rest, c),
            _ if c.is_alphabetic() || c == '_' => run(rest, |c| c.is_alphanumeric() || c == '_'),
            _ if c.is_ascii_digit() => run(rest, |c| c.is_ascii_digit() || c == '.'),
            '<' | '>' | '=' | '!' => run(rest, |c| matches!(c, '<' | '>' | '=' | '!')),
            _ => c.len_utf8(),
        };
        let (token, tail) = rest.split_at(length);
        rest = tail;
        let inner = || token[1..token.len().saturating_sub(1).max(1)].replace("''", "'");
        match c {
            '\'' => found.push(Token::Text(inner())),
            '"' => found.push(Token::Name(inner())),
            _ if c.is_ascii_digit() => found.extend(token.parse().ok().map(Token::Number)),
            _ if names.iter().any(|n| n == token) => found.push(Token::Name(token.to_owned())),
            _ if !c.is_whitespace() => found.push(Token::Mark(token.to_uppercase())),
            _ => {}
        }
    }
    found
}

/// Bytes of the characters at the beginning that are of a kind.
fn run(text: &str, kind: impl Fn(char) -> bool) -> usize {
    text.find(|c| !kind(c)).unwrap_or(text.len())
}

/// Bytes of a text in quotes, doubled quotes inside it included.
fn quoted(text: &str, quote: char) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] == quote as u8 {
            if bytes.get(at + 1) != Some(&(quote as u8)) {
                return at + 1;
            }
            at += 1;
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sql: &str) -> Literals {
        Literals::of(sql, &["level", "sector", "age", "from"].map(str::to_owned))
    }

    #[test]
    fn values_belong_to_the_name_beside_them() {
        let found = read("level = '3' AND sector IN ('PHV', 'O''B') AND 18 <= age AND \"from\" IS NOT NULL");
        assert_eq!(found.texts["level"], ["3"]);
        assert_eq!(found.texts["sector"], ["PHV", "O'B"]);
        assert_eq!(found.numbers.get("age"), None); // The name before it is `sector`; the bound is what counts.
        assert!(found.bounds.is_empty()); // NOT may turn anything round.
    }

    #[test]
    fn bounds_are_read_where_conditions_are_joined_by_and() {
        let bounds = |sql: &str| read(sql).bounds.get("age").copied();
        assert_eq!(bounds("age >= 18 AND age < 66"), Some(Bounds { low: 18.0, high: 66.0 }));
        assert_eq!(bounds("18 <= age AND 65.5 > age"), Some(Bounds { low: 18.0, high: 65.5 }));
        assert_eq!(bounds("age BETWEEN 20 AND 30"), Some(Bounds { low: 20.0, high: 30.0 }));
        assert_eq!(bounds("age >= 18 OR age < 66"), None);
    }
}
