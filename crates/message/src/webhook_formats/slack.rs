//! A message of Slack.

use serde_json::{Value, json};

use crate::{fit, markup::for_slack, message::Message, webhook_formats::content::Content};
use kpid_language::Language;

/// Slack refuses a block whose text is longer than 3000; the rest is for what is said at its end.
const TEXT_CHARS_MAX: usize = 2_800;

/// A longer line leaves no room for the others.
const LINE_CHARS_MAX: usize = 600;

/// Slack refuses a longer header.
const HEADER_CHARS_MAX: usize = 150;

/// What a message says, as short as Slack wants it.
pub(crate) fn fitting(language: &'static Language, message: &Message) -> anyhow::Result<Content> {
    Content::fitting(language, message, |content| lines(content).1)
}

/// A message of Slack: the text as a block of code, in which nothing is markup.
pub(crate) fn body(content: &Content) -> Value {
    let (lines, rest) = lines(content);
    let mut text = format!("```{}```", lines.join("\n"));
    if rest > 0 {
        text.push_str(&format!("\n{}", content.left_out(rest)));
    }
    let subject = fit::cut(&content.subject, HEADER_CHARS_MAX);
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": subject, "emoji": false } }),
        json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } }),
    ];
    blocks.extend(content.link.as_ref().map(|link| {
        json!({ "type": "actions", "elements": [{ "type": "button", "text": { "type": "plain_text", "text": content.details() }, "url": link }] })
    }));
    json!({ "text": for_slack(&content.subject), "mrkdwn": false, "blocks": blocks })
}

fn lines(content: &Content) -> (Vec<String>, usize) {
    let cost = |line: &str| line.encode_utf16().count() + 1;
    fit::lines(&content.text, TEXT_CHARS_MAX, LINE_CHARS_MAX, for_slack, cost)
}
