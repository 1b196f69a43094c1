//! What people read, in their language: words, plural forms, numbers and dates.
//!
//! A language is one file in `locales/`, written in [Fluent](https://projectfluent.org); the file's name
//! is its code. Whoever adds a language adds a file, and no code. English is complete, and stands in
//! for what another file does not say.

mod catalogue;
mod dates;
mod negotiation;
mod numbers;
mod statuses;
#[cfg(test)]
mod tests;

pub use catalogue::{Argument, Language, english, language, languages};
pub use negotiation::negotiated;

/// The text of that key in a language, with its values: `text!(language, "home-scorecards", count = 3)`.
#[macro_export]
macro_rules! text {
    ($language:expr, $key:literal) => { $language.text($key) };
    ($language:expr, $key:literal, $($name:ident = $value:expr),+ $(,)?) => {
        $language.text_with($key, [$((stringify!($name), $crate::Argument::from($value))),+])
    };
}
