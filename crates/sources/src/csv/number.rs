//! Numbers as spreadsheets write them.

use crate::{
    cell::{Cell, decimal},
    csv::CsvDialect,
};

/// What is said of a number that may be a thousand times another.
const MISTAKABLE: &str = "whose point may begin the fraction or part thousands; say \
     `decimal: \".\"`, or `decimal: \",\"` with `thousands: \".\"`";

/// Digits in a group of a number written with separators.
const GROUP_DIGITS: usize = 3;

/// Signs that stand for one another between groups of digits, and before them.
const APOSTROPHES: [char; 4] = ['\'', '’', '‘', 'ʼ'];
const SPACES: [char; 5] = [' ', '\u{a0}', '\u{202f}', '\u{2009}', '\u{2007}'];
const MINUSES: [char; 2] = ['-', '\u{2212}'];

/// How numbers are read: as a program writes them, without what is beside them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NumberReader<'s> {
    pub(crate) dialect: CsvDialect,
    /// What may stand before or after a number, such as `€` or `%`.
    pub(crate) strip: &'s [String],
}

/// A number without its sign and what stands beside it.
struct Bare<'t> {
    text: &'t str,
    is_negative: bool,
}

impl NumberReader<'_> {
    /// A number as tables read it, or the text as it stands where it is none in this dialect.
    pub(crate) fn cell(&self, text: &str) -> Cell {
        if text.trim().is_empty() {
            return Cell::Null;
        }
        // Shown as in the file, so that it is found there.
        let misspelt = |problem| Cell::Misspelt { text: text.to_owned(), problem };
        let Some(bare) = self.bare(text) else { return misspelt(self.misfit(text)) };
        if self.dialect.is_mistakable(bare.text) {
            return misspelt(MISTAKABLE.to_owned());
        }
        match self.dialect.plain(bare.text).filter(|plain| decimal(plain).is_some()) {
            Some(plain) if bare.is_negative => Cell::Text(format!("-{plain}")),
            Some(plain) => Cell::Text(plain),
            None => misspelt(self.misfit(text)),
        }
    }

    /// Takes off the sign, wherever accountants put it, and one of the texts that may stand beside.
    fn bare<'t>(&self, text: &'t str) -> Option<Bare<'t>> {
        let (mut rest, mut sign, mut is_stripped) = (text.trim(), None, false);
        loop {
            let inner = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
            let before = |signs: &[char]| rest.strip_prefix(signs);
            let after = || rest.strip_suffix(MINUSES);
            let (next, is_negative) = if let Some(inner) = inner {
                (inner, true)
            } else if let Some(after) = before(&MINUSES) {
                (after, true)
            } else if let Some(after) = before(&['+']) {
                (after, false)
            } else if let Some(before) = after() {
                (before, true)
            } else if let Some(stripped) = self.stripped(rest).filter(|_| !is_stripped) {
                (rest, is_stripped) = (stripped.trim(), true);
                continue;
            } else {
                break;
            };
            if sign.replace(is_negative).is_some() {
                return None;
            }
            rest = next.trim();
        }
        Some(Bare { text: rest, is_negative: sign == Some(true) })
    }

    fn stripped<'t>(&self, text: &'t str) -> Option<&'t str> {
        let beside = self.strip.iter().map(|beside| beside.trim()).filter(|text| !text.is_empty());
        beside
            .into_iter()
            .find_map(|beside| text.strip_prefix(beside).or_else(|| text.strip_suffix(beside)))
    }

    /// What a text is not that is not a number of this dialect, and what to say of what stands beside
    /// it.
    fn misfit(&self, text: &str) -> String {
        let decimal = self.dialect.decimal.unwrap_or('.');
        let thousands = match self.dialect.thousands {
            Some(thousands) => format!("`thousands: \"{thousands}\"`"),
            None => "no `thousands`".to_owned(),
        };
        let is_of_number = |c: char| {
            c.is_ascii_digit()
                || matches!(c, '.' | ',' | '+' | '(' | ')')
                || MINUSES.contains(&c)
                || SPACES.contains(&c)
                || APOSTROPHES.contains(&c)
        };
        let beside = text.trim().trim_matches(is_of_number);
        let is_beside = text.contains(|c: char| c.is_ascii_digit())
            && !beside.is_empty()
            && !beside.contains(|c: char| c.is_ascii_digit());
        let hint = match is_beside {
            true => format!("; say `strip: \"{beside}\"` if the figure stands beside that"),
            false => String::new(),
        };
        format!("which is not a finite number with `decimal: \"{decimal}\"` and {thousands}{hint}")
    }
}

impl CsvDialect {
    /// Whether a point may begin the fraction or part thousands. Where commas part the fields,
    /// none begins a fraction.
    fn is_mistakable(self, text: &str) -> bool {
        let is_settled = self.decimal.is_some() || self.thousands.is_some();
        if is_settled || self.delimiter == b',' {
            return false;
        }
        let mut groups = text.split('.');
        let first = groups.next().unwrap_or_default();
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let leads = (1..=GROUP_DIGITS).contains(&first.len()) && !first.starts_with('0');
        let rest: Vec<&str> = groups.collect();
        let is_group = |part: &&str| part.len() == GROUP_DIGITS && is_digits(part);
        leads && is_digits(first) && !rest.is_empty() && rest.iter().all(is_group)
    }

    /// With a point, and without separators of thousands.
    fn plain(self, text: &str) -> Option<String> {
        let point = self.decimal.unwrap_or('.');
        let (whole, fraction) = match text.split_once(point) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        let whole = self.ungrouped(whole)?;
        let is_foreign = |part: &str| point != '.' && part.contains('.');
        if is_foreign(&whole) || fraction.is_some_and(is_foreign) {
            return None;
        }
        // A sign in the middle is none of a number that is written whole; that of an exponent is.
        let is_signed = |part: &str| part.starts_with(['+', '-']);
        if is_signed(&whole) || fraction.is_some_and(is_signed) {
            return None;
        }
        Some(fraction.map_or(whole.clone(), |fraction| format!("{whole}.{fraction}")))
    }

    /// Groups are of three digits; anything else is not what the separator is for.
    fn ungrouped(self, whole: &str) -> Option<String> {
        let Some(separator) = self.thousands else { return Some(whole.to_owned()) };
        let is_separator = |c: char| is_alike(c, separator);
        if !whole.contains(is_separator) {
            return Some(whole.to_owned());
        }
        let mut groups = whole.split(is_separator);
        let first = groups.next().unwrap_or_default();
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let fits = (1..=GROUP_DIGITS).contains(&first.len())
            && is_digits(first)
            && groups.all(|group| group.len() == GROUP_DIGITS && is_digits(group));
        fits.then(|| whole.replace(is_separator, ""))
    }
}

/// Whether a sign is the separator, or one that is typed or printed in its place.
fn is_alike(c: char, separator: char) -> bool {
    let among = |signs: &[char]| signs.contains(&c) && signs.contains(&separator);
    c == separator || among(&APOSTROPHES) || among(&SPACES)
}

#[cfg(test)]
mod tests {
    use encoding_rs::UTF_8;
    use proptest::prelude::*;

    use super::*;

    const DUTCH: CsvDialect =
        CsvDialect { encoding: UTF_8, delimiter: b';', decimal: Some(','), thousands: Some('.') };
    const PLAIN: CsvDialect =
        CsvDialect { encoding: UTF_8, delimiter: b',', decimal: None, thousands: None };
    const SWISS: CsvDialect = CsvDialect { thousands: Some('\''), ..PLAIN };
    const FRENCH: CsvDialect = CsvDialect { thousands: Some(' '), ..DUTCH };

    fn read(dialect: CsvDialect, strip: &[&str], text: &str) -> Result<f64, String> {
        let strip: Vec<String> = strip.iter().map(|text| (*text).to_owned()).collect();
        let cell = NumberReader { dialect, strip: &strip }.cell(text);
        cell.figure().map(|figure| figure.unwrap())
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for (dialect, strip, text, number) in [
            (PLAIN, &[][..], "1.5", Some(1.5)),
            (PLAIN, &[], "-3", Some(-3.0)),
            (PLAIN, &[], "+3", Some(3.0)),
            (PLAIN, &[], "1,5", None),
            (PLAIN, &[], "1e-3", Some(0.001)),
            (PLAIN, &[], "1.5E+3", Some(1500.0)),
            (DUTCH, &[], "1,5", Some(1.5)),
            (DUTCH, &[], "1.234.567,89", Some(1_234_567.89)),
            (DUTCH, &[], "-12.000", Some(-12_000.0)),
            (DUTCH, &[], "1.5", None),
            (DUTCH, &[], "1234.567", None),
            (DUTCH, &[], "12 %", None),
            (CsvDialect { thousands: None, ..DUTCH }, &[], "1.234,5", None),
            (CsvDialect { thousands: Some(','), ..PLAIN }, &[], "12,000.25", Some(12_000.25)),
            (DUTCH, &[], "1.234,50-", Some(-1234.5)),
            (DUTCH, &[], "1.234,50 -", Some(-1234.5)),
            (DUTCH, &[], "(1.234,50)", Some(-1234.5)),
            (DUTCH, &[], "\u{2212}1.234,50", Some(-1234.5)),
            (DUTCH, &[], "(-5)", None),
            (DUTCH, &[], "-5-", None),
            (DUTCH, &[], "--5", None),
            (DUTCH, &[], "1-5", None),
            (DUTCH, &[], "-", None),
            (DUTCH, &[], "()", None),
            (DUTCH, &[], "12 (3)", None),
            (DUTCH, &["€"], "1.234,50 €", Some(1234.5)),
            (DUTCH, &["€"], "€ -1.234,50", Some(-1234.5)),
            (DUTCH, &["€"], "-€1.234,50", Some(-1234.5)),
            (DUTCH, &["€"], "(1.234,50 €)", Some(-1234.5)),
            (DUTCH, &["€"], "1.234,50\u{a0}€-", Some(-1234.5)),
            (DUTCH, &["€"], "1.234,50", Some(1234.5)),
            (DUTCH, &["€"], "1.234,50 $", None),
            (DUTCH, &["€"], "€ 5 €", None),
            (DUTCH, &["€"], "€", None),
            (DUTCH, &["€", "EUR"], "EUR 5", Some(5.0)),
            (DUTCH, &["%"], "12,5 %", Some(12.5)),
            (DUTCH, &["%"], "12,5%", Some(12.5)),
            (SWISS, &["CHF"], "CHF 1’234'567.50", Some(1_234_567.5)),
            (SWISS, &[], "12'34", None),
            (FRENCH, &[], "1\u{202f}234\u{a0}567,5", Some(1_234_567.5)),
            (FRENCH, &[], "1 234 56", None),
        ] {
            assert_eq!(read(dialect, strip, text).ok(), number, "{text}");
        }
    }

    #[test]
    fn a_point_that_may_part_thousands_is_not_read_as_a_fraction() {
        let unsaid = CsvDialect { delimiter: b';', ..PLAIN };
        for (dialect, text, is_read) in [
            (unsaid, "1.234", false),
            (unsaid, "-12.000", false),
            (unsaid, "12.000-", false),
            (unsaid, "(12.000)", false),
            (unsaid, "1.234.567", false),
            (unsaid, "1.23", true),
            (unsaid, "0.125", true),
            (unsaid, "1234.567", true),
            (unsaid, "1234", true),
            (CsvDialect { delimiter: b'\t', ..PLAIN }, "1.234", false),
            (CsvDialect { decimal: Some('.'), ..unsaid }, "1.234", true),
            (CsvDialect { thousands: Some(','), ..unsaid }, "1.234", true),
            (PLAIN, "1.234", true),
        ] {
            assert_eq!(read(dialect, &[], text).is_ok(), is_read, "{text}");
        }
        let told = read(unsaid, &[], "1.234").unwrap_err();
        assert!(told.contains("say `decimal: \".\"`, or `decimal: \",\"`"), "{told}");
        let told = read(DUTCH, &[], "1.5").unwrap_err();
        assert!(told.contains("with `decimal: \",\"` and `thousands: \".\"`"), "{told}");
        let told = read(DUTCH, &[], "1.234,50 €").unwrap_err();
        assert!(told.contains("say `strip: \"€\"`"), "{told}");
    }

    /// A number with so many decimals, written with these signs.
    fn written(cents: i64, decimal: char, thousands: Option<char>) -> String {
        let (whole, rest) = ((cents / 100).to_string(), cents % 100);
        let digits = whole.chars().rev().collect::<Vec<_>>();
        let groups: Vec<String> =
            digits.chunks(3).map(|group| group.iter().rev().collect()).collect();
        let groups: Vec<String> = groups.into_iter().rev().collect();
        let joint = thousands.map(String::from).unwrap_or_default();
        format!("{}{decimal}{rest:02}", groups.join(&joint))
    }

    proptest! {
        #[test]
        fn every_way_to_write_a_number_gives_that_number(cents in 0i64..100_000_000_000) {
            let value = format!("{}.{:02}", cents / 100, cents % 100).parse::<f64>().unwrap();
            for (decimal, thousands) in [
                (',', Some('.')), ('.', Some(',')), ('.', Some('\'')), (',', Some(' ')), ('.', None),
                (',', None), ('.', Some('\u{202f}')),
            ] {
                let dialect = CsvDialect { decimal: Some(decimal), thousands, delimiter: b';', ..PLAIN };
                let text = written(cents, decimal, thousands);
                prop_assert_eq!(read(dialect, &[], &text), Ok(value), "{}", text);
                for negative in [
                    format!("-{text}"), format!("{text}-"), format!("({text})"),
                    format!("\u{2212}{text}"), format!(" - {text} "),
                ] {
                    prop_assert_eq!(read(dialect, &[], &negative), Ok(-value), "{}", negative);
                }
                for beside in [format!("€{text}"), format!("{text} €"), format!("{text}\u{a0}€")] {
                    prop_assert_eq!(read(dialect, &["€"], &beside), Ok(value), "{}", beside);
                    prop_assert!(read(dialect, &[], &beside).is_err(), "{}", beside);
                }
                // Read with the other sign it is another number, and so it is none.
                let other = if decimal == ',' { '.' } else { ',' };
                let swapped = CsvDialect { decimal: Some(other), thousands: None, ..dialect };
                prop_assert!(read(swapped, &[], &text).is_err(), "{}", text);
            }
        }
    }
}
