//! What people and systems write, as one line: whoever writes a comment, a name or an answer shall not
//! be able to begin a line of its own in a list, a log or a header, nor turn round what others wrote.

/// The text on one line: line breaks and other white space are blanks, and what is hidden is left out.
pub fn one_line(text: &str) -> String {
    let shown: String = text.chars().filter(|sign| !turns_or_hides(*sign)).collect();
    let words = shown.split(|sign: char| sign.is_whitespace() || sign.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Signs that nobody sees, and that change how the signs around them are read: controls, line
/// separators, and those that turn the direction of writing.
pub fn is_hidden(sign: char) -> bool {
    sign.is_control() || matches!(sign, '\u{2028}' | '\u{2029}') || turns_or_hides(sign)
}

/// Marks, embeddings, overrides and isolates of direction; annotations; the mark of byte order.
fn turns_or_hides(sign: char) -> bool {
    matches!(
        sign,
        '\u{061c}'
            | '\u{200e}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_was_written_is_one_line_and_nothing_is_turned_round() {
        for (text, line) in [
            (
                "seen\n2026-11-30 14:00  root dropped acme/p/1",
                "seen 2026-11-30 14:00 root dropped acme/p/1",
            ),
            ("a\rb\u{2028}c\u{2029}d\u{85}e\u{b}f", "a b c d e f"),
            ("\u{202e}gnp.exe\u{202c} \u{2067}x\u{2069}", "gnp.exe x"),
            ("\u{1b}[31mred\u{0}", "[31mred"),
            (" Ærø \u{200d}👩\u{200d}💻 ", "Ærø \u{200d}👩\u{200d}💻"),
            ("\n\n", ""),
            (&"\n".repeat(2_000), ""),
        ] {
            assert_eq!(one_line(text), line);
            assert!(!line.chars().any(is_hidden), "{line:?}");
        }
    }
}
