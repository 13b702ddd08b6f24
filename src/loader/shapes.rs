//! What keys look like, without showing one.

/// What keys look like, without showing one: the leading part that is no digit, and the number of digits.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    n: usize,
    /// Keys whose characters before the last run of digits are not none.
    with_prefix: usize,
    digits: Option<(usize, usize)>,
    /// Keys that do not end in a digit.
    other: usize,
}

/// Keys whose shape is looked at.
pub(crate) const SHAPES_SEEN: usize = 10_000;

impl Shapes {
    /// How many further keys are looked at.
    pub(crate) fn wanted(&self) -> usize {
        SHAPES_SEEN - self.n
    }

    /// Looks at one more key; an empty one is none.
    pub(crate) fn add(&mut self, key: &[u8]) {
        if self.n >= SHAPES_SEEN || key.is_empty() {
            return;
        }
        self.n += 1;
        let digits = key.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            self.other += 1;
            return;
        }
        self.with_prefix += usize::from(digits < key.len());
        let (least, most) = self.digits.unwrap_or((digits, digits));
        self.digits = Some((least.min(digits), most.max(digits)));
    }
}

impl std::fmt::Display for Shapes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some((least, most)) = self.digits.filter(|_| self.other * 2 < self.n) else {
            return f.write_str("letters and digits");
        };
        if self.with_prefix * 2 > self.n {
            f.write_str("prefix and ")?;
        }
        if least == most { write!(f, "{least} digits") } else { write!(f, "{least} to {most} digits") }
    }
}
