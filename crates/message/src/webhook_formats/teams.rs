//! An adaptive card of Microsoft Teams.

use serde_json::{Value, json};

use crate::{fit, markup::for_teams, message::Message, webhook_formats::content::Content};
use kpid_language::Language;

/// Teams refuses a message of 28 kB, or takes it and loses it; it was seen to count a sixth more than
/// its bytes, and the frame of the card is 1 kB.
const BYTES_MAX: usize = 18_500;

/// A longer line leaves no room for the others.
const LINE_BYTES_MAX: usize = 2_000;

/// What a message says, as short as Teams wants it.
pub(crate) fn fitting(language: &'static Language, message: &Message) -> anyhow::Result<Content> {
    Content::fitting(language, message, |content| lines(content).1)
}

/// An adaptive card, as the workflows of Teams take it: a block for each line, since a line feed
/// within one is a blank there.
pub(crate) fn body(content: &Content) -> Value {
    let (lines, rest) = lines(content);
    let mut body = vec![json!({
        "type": "TextBlock", "text": for_teams(&content.subject), "weight": "Bolder", "size": "Medium", "wrap": true,
    })];
    let mut spacing = "Default";
    for line in &lines {
        if line.is_empty() {
            spacing = "Medium";
        } else {
            body.push(text_block(line, spacing));
            spacing = "None";
        }
    }
    if rest > 0 {
        body.push(text_block(&content.left_out(rest), "Medium"));
    }
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": { "width": "Full" },
        "body": body,
    });
    if let Some(link) = &content.link {
        card["actions"] =
            json!([{ "type": "Action.OpenUrl", "title": content.details(), "url": link }]);
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": card,
        }],
    })
}

fn lines(content: &Content) -> (Vec<String>, usize) {
    let cost = |line: &str| text_block(line, "Default").to_string().len() + 1;
    fit::lines(&content.text, BYTES_MAX, LINE_BYTES_MAX, for_teams, cost)
}

fn text_block(line: &str, spacing: &str) -> Value {
    json!({ "type": "TextBlock", "text": line, "wrap": true, "spacing": spacing })
}
