//! The words of reports, each in every language, in one place.
//!
//! Every entry is a method of [`Language`](crate::house_style::Language): `language.persons()`. The [`words!`] macro asks for the English text and
//! the Norwegian (bokmål) one side by side, so that a missing translation does not compile. An entry with values is a
//! sentence that names them: `words! { rate_per(per) { "Rate per {per}", "Rate per {per}" } }`.
//!
//! What comes from elsewhere in English (notes of the loader, warnings of a fit) is translated by `said`.
//! Labels of variables, levels, models and steps are the study file's and are never translated. Data files are always
//! in English.

mod common;
mod curves;
mod description;
mod documents;
mod interactions;
mod models;
mod population;
mod said;

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
