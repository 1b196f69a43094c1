//! Text in a box: SVG breaks no lines.

use unicode_width::UnicodeWidthChar;

/// The width of an average letter, as a share of the size of its font: fonts differ, so a little more
/// than most need.
const LETTER_WIDTH: f64 = 0.62;

/// The lines of a text in a box so wide, at most so many; what has no room is left out behind a `…`.
pub(crate) fn fitted(text: &str, width: f64, font_size: f64, lines_max: usize) -> Vec<String> {
    let room = ((width / (font_size * LETTER_WIDTH)) as usize).max(2);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut word = word;
        if !line.is_empty() && columns(&line) + 1 + columns(word) > room {
            lines.push(std::mem::take(&mut line));
        }
        // A word that is longer than a line, such as a German compound, is broken where the line ends.
        while columns(word) > room {
            let end = end_of(word, room - 1);
            lines.push(format!("{}-", &word[..end]));
            word = &word[end..];
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    if lines.len() > lines_max {
        lines.truncate(lines_max);
        if let Some(last) = lines.last_mut() {
            let end = end_of(last, room - 1);
            last.truncate(end);
            last.truncate(last.trim_end_matches(['-', ' ']).len());
            last.push('…');
        }
    }
    lines
}

fn columns(text: &str) -> usize {
    text.chars().map(|sign| sign.width().unwrap_or(0)).sum()
}

/// The byte at which so many columns end; at least one sign is before it.
fn end_of(text: &str, columns: usize) -> usize {
    let mut used = 0;
    for (at, sign) in text.char_indices() {
        used += sign.width().unwrap_or(0);
        if used > columns && at > 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_columns(text: &str, columns: usize, lines: usize) -> Vec<String> {
        fitted(text, columns as f64 * 10.0 * LETTER_WIDTH + 0.1, 10.0, lines)
    }

    #[test]
    fn words_are_kept_whole_where_they_fit() {
        assert_eq!(in_columns("Deliver on promise", 10, 3), ["Deliver on", "promise"]);
        assert_eq!(in_columns("", 10, 3), Vec::<String>::new());
    }

    #[test]
    fn a_compound_is_broken_and_what_has_no_room_is_left_out() {
        let lines = in_columns("Kundenzufriedenheitsverbesserungsmaßnahmen", 12, 3);
        assert_eq!(lines, ["Kundenzufri-", "edenheitsve-", "rbesserungs…"]);
        assert!(lines.iter().all(|line| columns(line) <= 12));
        assert_eq!(in_columns("日本語の名前です", 6, 2), ["日本-", "語の…"]);
    }
}
