//! Names of months, as systems in several languages write them.

/// Of each month the English short name, by which it is read, and others. No name is of two months.
const NAMES: [&[&str]; 12] = [
    &[
        "jan", "january", "januar", "jänner", "januari", "janvier", "janv", "enero", "ene",
        "gennaio", "gen",
    ],
    &["feb", "february", "februar", "februari", "février", "févr", "fév", "febrero", "febbraio"],
    &["mar", "march", "märz", "mär", "mrz", "maart", "mrt", "mars", "marzo"],
    &["apr", "april", "avril", "avr", "abril", "abr", "aprile"],
    &["may", "mai", "mei", "mayo", "maggio", "mag"],
    &["jun", "june", "juni", "juin", "junio", "giugno", "giu"],
    &["jul", "july", "juli", "juillet", "juil", "julio", "luglio", "lug"],
    &["aug", "august", "augustus", "août", "agosto", "ago"],
    &["sep", "september", "sept", "septembre", "septiembre", "settembre", "set"],
    &["oct", "october", "oktober", "okt", "octobre", "octubre", "ottobre", "ott"],
    &["nov", "november", "novembre", "noviembre"],
    &["dec", "december", "dezember", "dez", "décembre", "déc", "diciembre", "dic", "dicembre"],
];

/// The month, from 1, that a word names.
pub(super) fn number(word: &str) -> Option<u32> {
    let word = word.to_lowercase();
    let word = word.strip_suffix('.').unwrap_or(&word);
    (1..).zip(NAMES).find(|(_, names)| names.contains(&word)).map(|(number, _)| number)
}

/// The text with each name of a month in English and short, its point left out.
pub(super) fn in_english(text: &str) -> String {
    let (mut written, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(char::is_alphabetic) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| !c.is_alphabetic()).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        written.push_str(before);
        match number(word) {
            Some(month) => {
                written.push_str(NAMES[month as usize - 1][0]);
                rest = after.strip_prefix('.').unwrap_or(after);
            }
            None => {
                written.push_str(word);
                rest = after;
            }
        }
    }
    written + rest
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_name_is_of_two_months() {
        let mut seen = HashSet::new();
        assert!(NAMES.iter().flat_map(|names| names.iter()).all(|name| seen.insert(*name)));
    }

    #[test]
    fn months_are_read_in_several_languages() {
        for (text, english) in [
            ("Oct 2026", "oct 2026"),
            ("Okt. 2026", "oct 2026"),
            ("31. MÄRZ 2026", "31. mar 2026"),
            ("1 août 2026", "1 aug 2026"),
            ("Quarter 3", "Quarter 3"),
        ] {
            assert_eq!(in_english(text), english, "{text}");
        }
        assert_eq!(number("Sept."), Some(9));
        assert_eq!(number("Octember"), None);
    }
}
