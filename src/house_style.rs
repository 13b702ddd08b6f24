//! In which language, and by which journal's habits, results are written. Data files do not depend on either.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The language of heads, titles, footnotes, remarks and the methods text. Labels come from the study file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Norwegian, bokmål.
    #[serde(rename = "nb")]
    Bokmal,
}

impl Language {
    /// All of them with their names in study files and flags (BCP 47).
    pub const NAMED: [(&'static str, Language); 2] = [("en", Language::English), ("nb", Language::Bokmal)];

    /// The name.
    pub fn name(self) -> &'static str {
        Language::NAMED.iter().find(|(_, l)| *l == self).map_or("en", |(name, _)| name)
    }

    /// The number style of a text in this language when no journal is named.
    pub fn style(self) -> Style {
        match self {
            Language::English => Style::Plain,
            Language::Bokmal => Style::Norwegian,
        }
    }
}

/// How numbers are written, by the journals that write them so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// Of no journal: decimal point, P with three decimals.
    #[default]
    Plain,
    /// The BMJ: rule of four, `to` between limits.
    Bmj,
    /// The New England Journal of Medicine.
    Nejm,
    /// The AMA Manual of Style (JAMA and its network).
    Ama,
    /// The Lancet: decimal mid-dot.
    Lancet,
    /// Norwegian: decimal comma, thin spaces between thousands.
    Norwegian,
}

impl Style {
    /// All of them with their names in study files and flags.
    pub const NAMED: [(&'static str, Style); 6] = [
        ("plain", Style::Plain),
        ("bmj", Style::Bmj),
        ("nejm", Style::Nejm),
        ("ama", Style::Ama),
        ("lancet", Style::Lancet),
        ("norwegian", Style::Norwegian),
    ];

    /// The name.
    pub fn name(self) -> &'static str {
        Style::NAMED.iter().find(|(_, s)| *s == self).map_or("plain", |(name, _)| name)
    }
}
