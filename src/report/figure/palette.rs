//! Line types, markers and colours that stay apart in grey and for the colour-blind.
//!
//! The colours are those of Okabe and Ito; in grey some of them look alike, so a line differs from the others by its
//! dashes and a mark by its shape too.
//!
//! Source: Okabe and Ito (2008), Color universal design, <https://jfly.uni-koeln.de/color/>.

use super::svg::{Marker, Stroke};

/// How one of several groups or models is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    /// Colour of line, mark and band.
    pub colour: &'static str,
    /// Dashes of the line.
    pub dash: &'static str,
    /// Shape of the mark.
    pub marker: Marker,
    /// Whether the mark has a white middle.
    pub hollow: bool,
}

/// Black, blue, vermillion, sky blue, green, orange, purple, grey: dark and light take turns.
const LOOKS: [Look; 8] = [
    Look { colour: "#000000", dash: "", marker: Marker::Square, hollow: false },
    Look { colour: "#d55e00", dash: "5 2", marker: Marker::Circle, hollow: true },
    Look { colour: "#0072b2", dash: "1.2 1.6", marker: Marker::Triangle, hollow: false },
    Look { colour: "#e69f00", dash: "7 2 1.5 2", marker: Marker::Diamond, hollow: true },
    Look { colour: "#009e73", dash: "3 1.5", marker: Marker::Circle, hollow: false },
    Look { colour: "#cc79a7", dash: "9 2.5", marker: Marker::TriangleDown, hollow: true },
    Look { colour: "#56b4e9", dash: "5 1.5 1.5 1.5 1.5 1.5", marker: Marker::Diamond, hollow: false },
    Look { colour: "#7f7f7f", dash: "2 3", marker: Marker::Square, hollow: true },
];

/// The look of the `i`-th group; the marks of the ninth and further ones are those of the first ones again.
pub(super) fn look(i: usize) -> Look {
    LOOKS[i % LOOKS.len()]
}

impl Look {
    /// A line of this look.
    pub fn stroke(&self, width: f64) -> Stroke {
        Stroke { colour: self.colour, width, dash: self.dash }
    }
}
