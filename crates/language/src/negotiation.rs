//! Which language a reader gets: the one chosen, else the first that the reader's browser asks for.

use fluent_langneg::{NegotiationStrategy, negotiate_languages, parse_accepted_languages};

use crate::catalogue::{Language, english, language, languages};

/// The language chosen by its code, else what `Accept-Language` asks for most, else English.
pub fn negotiated(chosen: Option<&str>, accepted: Option<&str>) -> &'static Language {
    if let Some(chosen) = chosen.and_then(language) {
        return chosen;
    }
    let wanted = parse_accepted_languages(accepted.unwrap_or_default());
    let known: Vec<_> = languages().iter().map(|language| language.code.clone()).collect();
    let best = negotiate_languages(&wanted, &known, None, NegotiationStrategy::Lookup);
    best.first().and_then(|code| language(code.language.as_str())).unwrap_or_else(english)
}
