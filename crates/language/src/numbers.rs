//! Numbers as their reader writes them.

use crate::catalogue::Language;

/// Digits of a number before a mark between groups of them helps to read it.
const GROUPED_FROM: usize = 5;

impl Language {
    /// A number written with a point, as this language writes it: `12345.6` is `12.345,6`. What is no
    /// number stays as it is.
    pub fn number(&self, plain: &str) -> String {
        let (sign, rest) = match plain.strip_prefix(['-', '+']) {
            Some(rest) if plain.starts_with('-') => ("\u{2212}", rest),
            Some(rest) => ("+", rest),
            None => ("", plain),
        };
        let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(w, f)| (w, Some(f)));
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !is_digits(whole) || fraction.is_some_and(|fraction| !is_digits(fraction)) {
            return plain.to_owned();
        }
        let mut written = sign.to_owned();
        written.push_str(&self.grouped(whole, &self.text("number-group-mark")));
        if let Some(fraction) = fraction {
            written.push_str(&self.text("number-decimal-mark"));
            written.push_str(fraction);
        }
        written
    }

    /// The same where text is read as text: the sign is what a keyboard has, and groups have the mark of
    /// `plain-group-mark`, which may be none.
    pub fn plain_number(&self, plain: &str) -> String {
        let (sign, rest) = match plain.strip_prefix(['-', '+']) {
            Some(rest) => (&plain[..1], rest),
            None => ("", plain),
        };
        let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(w, f)| (w, Some(f)));
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !is_digits(whole) || fraction.is_some_and(|fraction| !is_digits(fraction)) {
            return plain.to_owned();
        }
        let mark = self.text("number-decimal-mark");
        let fraction = fraction.map(|fraction| format!("{mark}{fraction}")).unwrap_or_default();
        format!("{sign}{}{fraction}", self.grouped(whole, &self.text("plain-group-mark")))
    }

    /// A number with its unit beside it, never on another line.
    pub fn amount(&self, plain: &str, unit: Option<&str>) -> String {
        let number = self.number(plain);
        match unit {
            Some(unit) => format!("{number}\u{a0}{unit}"),
            None => number,
        }
    }

    fn grouped(&self, digits: &str, mark: &str) -> String {
        if digits.len() < GROUPED_FROM {
            return digits.to_owned();
        }
        let first = digits.len() % 3;
        let mut groups: Vec<&str> = Vec::new();
        if first > 0 {
            groups.push(&digits[..first]);
        }
        groups.extend((first..digits.len()).step_by(3).map(|at| &digits[at..at + 3]));
        groups.join(mark)
    }
}
