//! The words of reports, each in every language, in one place.
//!
//! Every entry is a method of [`Language`]: `language.persons()`. The [`words!`] macro asks for the English text and
//! the Norwegian (bokmål) one side by side, so that a missing translation does not compile. An entry with values is a
//! sentence that names them: `words! { rate_per(per) { "Rate per {per}", "Rate per {per}" } }`.
//!
//! What comes from elsewhere in English (notes of the loader, warnings of a fit) is translated by `said`.
//! Labels of variables, levels, models and steps are the study file's and are never translated. Data files are always
//! in English.

mod checklist;
mod common;
mod curves;
mod description;
mod documents;
mod interactions;
mod methods;
mod models;
mod persons;
mod population;
mod said;
mod sampl;

use crate::house_style::Language;

/// Texts of [`Language`], one method each: `name { "English", "bokmål" }` or `name(a, b) { "English {a} {b}", … }`.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident $(($($value:ident),+))? { $en:literal, $nb:literal })*) => {
        impl $crate::house_style::Language {
            $($crate::report::words::words! { @one $(#[$doc])* $name $(($($value),+))? { $en, $nb } })*
        }
    };
    (@one $(#[$doc:meta])* $name:ident { $en:literal, $nb:literal }) => {
        $(#[$doc])*
        pub(crate) fn $name(self) -> &'static str {
            match self {
                $crate::house_style::Language::English => $en,
                $crate::house_style::Language::Bokmal => $nb,
            }
        }
    };
    (@one $(#[$doc:meta])* $name:ident ($($value:ident),+) { $en:literal, $nb:literal }) => {
        $(#[$doc])*
        pub(crate) fn $name(self, $($value: impl std::fmt::Display),+) -> String {
            match self {
                $crate::house_style::Language::English => format!($en),
                $crate::house_style::Language::Bokmal => format!($nb),
            }
        }
    };
}
use words;

impl Language {
    /// `a, b and c`.
    pub(crate) fn list_and(self, items: &[String]) -> String {
        list(items, self.and())
    }

    /// `a, b or c`.
    pub(crate) fn list_or(self, items: &[String]) -> String {
        list(items, self.or())
    }
}

/// `a, b or c`.
fn list(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., tail] => format!("{} {last} {tail}", head.join(", ")),
    }
}
