//! What a receiver has no room for: it is left out from the end, and counted.

use serde_json::Value;

use crate::{message::Message, notice::Notice, overview::Overview};
use kpid_language::text;

/// How much shorter a message gets at each step: entries under a heading, and characters of a text.
/// The last step fits whatever an author has written.
const STEPS: [(usize, usize); 7] =
    [(30, 500), (20, 500), (12, 300), (8, 200), (5, 120), (3, 80), (1, 60)];

/// What identifies a message or a node, or leads somewhere, is of no use in part.
const WHOLE: [&str; 7] = ["config_version", "dedup_key", "details", "id", "key", "path", "scope"];

/// The same message, shorter and shorter, for receivers that have no room for all of it.
pub(crate) fn shorter(message: &Message) -> impl Iterator<Item = Message> {
    STEPS.into_iter().map(|(entries, chars)| match message.clone().with_texts_of(chars) {
        Message::Overview(overview) => Message::from(overview.with_at_most(entries)),
        // A mail of an alert lists only so much of everything already.
        Message::Alert(facts) => Message::Alert(facts),
        Message::Notice(notice) => Message::Notice(notice.with_at_most(entries)),
    })
}

/// The lines that fit into `room`, each as it is sent and with what it costs there, and how many do
/// not. A line that is long by itself is cut.
pub(crate) fn lines(
    text: &str,
    room: usize,
    line_max: usize,
    sent: impl Fn(&str) -> String,
    cost: impl Fn(&str) -> usize,
) -> (Vec<String>, usize) {
    let all: Vec<&str> = text.lines().collect();
    let (mut kept, mut used) = (Vec::new(), 0);
    for line in &all {
        let line = cut_to(line, |text| cost(&sent(text)) <= line_max);
        let line = sent(&line);
        used += cost(&line);
        if used > room {
            break;
        }
        kept.push(line);
    }
    // Blank lines at the end are no lines that are left out.
    let rest = all[kept.len()..].iter().filter(|line| !line.trim().is_empty()).count();
    (kept, rest)
}

/// The beginning of a text, short enough to fit.
fn cut_to(text: &str, fits: impl Fn(&str) -> bool) -> String {
    let (mut shown, mut chars) = (text.to_owned(), text.chars().count());
    while !fits(&shown) && chars > 1 {
        chars = chars * 3 / 4;
        shown = cut(text, chars);
    }
    shown
}

/// The beginning of a text.
pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(chars_max.saturating_sub(1)).chain(['…']).collect(),
    }
}

impl Notice {
    /// The same with so many headings, and so many lines below each; the rest is counted.
    fn with_at_most(mut self, entries: usize) -> Self {
        for section in &mut self.sections {
            let rest = section.lines.split_off(section.lines.len().min(entries)).len();
            section.lines.extend((rest > 0).then(|| format!("and {rest} more")));
        }
        let rest = self.sections.split_off(self.sections.len().min(entries)).len();
        if let Some(last) = self.sections.last_mut().filter(|_| rest > 0) {
            last.lines.push(format!("and {rest} more headings"));
        }
        self
    }
}

impl Overview {
    /// The same with so many entries under each heading; the rest is counted.
    fn with_at_most(&self, entries: usize) -> Self {
        let (mut shorter, language) = (self.clone(), self.language());
        let chapters = shorter.sections.into_iter().map(|chapter| chapter.with_at_most(entries));
        shorter.sections = chapters.collect();
        for entry in shorter.sections.iter_mut().flat_map(|chapter| &mut chapter.entries) {
            entry.notes.truncate(entries);
        }
        let mut left_out = 0;
        for row in &mut shorter.map {
            // The map has room for four objectives in a row.
            let kept = row.objectives.len().min(2 * entries);
            left_out += row.objectives.split_off(kept).len();
        }
        let rows = shorter.map.split_off(shorter.map.len().min(4 * entries));
        left_out += rows.iter().map(|row| 1 + row.objectives.len()).sum::<usize>();
        if left_out > 0 {
            let left_out = text!(language, "overview-not-in-map", count = left_out);
            shorter.summary.push_str(&format!(" {left_out}"));
        }
        let place = match (&self.links, &self.scorecard, &self.person) {
            (Some(_), ..) => language.text("overview-rest-by-link").into_owned(),
            (None, Some(named), _) => {
                let command = format!("`kpid report {}`", named.id);
                text!(language, "overview-rest-by-command", command = command)
            }
            (None, None, _) => {
                text!(language, "overview-rest-by-command", command = "`kpid digest`")
            }
        };
        let shortened = text!(language, "overview-shortened", place = place);
        shorter.summary.push_str(&format!(" {shortened}"));
        shorter
    }
}

impl Message {
    /// The same with its long texts cut; what identifies it stays whole.
    fn with_texts_of(self, chars: usize) -> Self {
        let cut = self.to_json().and_then(|text| {
            let mut value: Value = serde_json::from_str(&text)?;
            cut_texts(&mut value, chars);
            Self::from_json(&value.to_string())
        });
        cut.unwrap_or(self)
    }
}

fn cut_texts(value: &mut Value, chars: usize) {
    match value {
        Value::String(text) => *text = cut(text, chars),
        Value::Array(items) => items.iter_mut().for_each(|item| cut_texts(item, chars)),
        Value::Object(pairs) => {
            let texts = pairs.iter_mut().filter(|(key, _)| !WHOLE.contains(&key.as_str()));
            texts.for_each(|(_, value)| cut_texts(value, chars));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_left_out_from_the_end_and_counted() {
        let fit = |text: &str, room| lines(text, room, 10, str::to_owned, str::len);
        assert_eq!(
            fit("a\nbb\n\nccc\n", 99),
            (vec!["a".into(), "bb".into(), String::new(), "ccc".into()], 0)
        );
        assert_eq!(fit("a\nbb\n\nccc\ndd", 3), (vec!["a".into(), "bb".into(), String::new()], 2));
        assert_eq!(fit("", 3), (Vec::new(), 0));
        // A long line is cut by what it costs where it is sent.
        let (kept, rest) = lines("aaaaaaaaaaaaaaaaaaaa\nb", 99, 10, str::to_owned, |text| {
            2 * text.chars().count()
        });
        assert_eq!((kept, rest), (vec!["aaa…".to_owned(), "b".to_owned()], 0));
    }
}
