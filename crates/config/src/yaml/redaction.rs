//! What of a document is shown to nobody: secrets written into it, also where it cannot be read.

use std::{collections::HashMap, fmt, ops::Range};

use crate::yaml::node::{Node, Value};

/// Keys whose value is a secret, or says where it is kept.
const SECRETS: [&str; 6] =
    ["bearer", "client_secret", "key", "password", "previous_secret", "secret"];

/// A key whose values all are.
const MAP_OF_SECRETS: &str = "secrets";

/// A key with a choice below it; whoever forgets the choice writes the secret itself.
const CHOICE: &str = "auth";

/// Where a secret is kept is none.
const KEPT: [&str; 3] = ["credential", "env", "file"];

/// A key so like one of a secret is one with a slip of the pen.
const LIKE: f64 = 0.85;

/// A shorter secret is a part of many words; it is hidden where it stands, and not wherever it occurs.
const WORD_CHARS_MIN: usize = 4;

/// What is hidden in a document, so no derived `Debug`.
#[derive(Clone, Default)]
pub(crate) struct Redaction {
    /// Where the secrets stand, in bytes.
    spans: Vec<Range<usize>>,
    /// What they are, for sentences that quote them.
    words: Vec<String>,
}

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redaction")
    }
}

/// Which of the keys of a document are those of secrets: most of them are there for each KPI.
type KnownKeys<'d> = HashMap<&'d str, bool>;

impl Redaction {
    /// The secrets of a document; of one that is no YAML, whatever may be one.
    pub(crate) fn of(text: &str) -> Self {
        match Node::parse(0, text) {
            Ok(node) => Self::of_node(&node),
            Err(_) => {
                let mut hidden = Self::default();
                hidden.guess(text);
                hidden
            }
        }
    }

    /// The secrets of a document that has been read.
    pub(crate) fn of_node(node: &Node) -> Self {
        let mut hidden = Self::default();
        hidden.look(node, &mut KnownKeys::new());
        hidden
    }

    /// The document with stars for its secrets, byte by byte, so that every place stays where it is.
    pub(crate) fn redact_text(&self, text: &str) -> String {
        if self.spans.is_empty() {
            return text.to_owned();
        }
        let is_hidden = |at: usize| self.spans.iter().any(|span| span.contains(&at));
        let mut shown = String::with_capacity(text.len());
        for (at, sign) in text.char_indices() {
            if sign != '\n' && is_hidden(at) {
                shown.push_str(&"*".repeat(sign.len_utf8()));
            } else {
                shown.push(sign);
            }
        }
        shown
    }

    /// A sentence about the document without its secrets.
    pub(crate) fn redact(&self, sentence: &str) -> String {
        self.words.iter().fold(sentence.to_owned(), |said, word| said.replace(word, "***"))
    }

    fn look<'d>(&mut self, node: &'d Node, known: &mut KnownKeys<'d>) {
        match &node.value {
            Value::Null | Value::Scalar { .. } => {}
            Value::Sequence(items) => items.iter().for_each(|item| self.look(item, known)),
            Value::Mapping(pairs) => {
                for (key, value) in pairs {
                    let Value::Scalar { text: key, .. } = &key.value else { continue };
                    let is_bare = matches!(value.value, Value::Scalar { .. });
                    let is_secret = *known.entry(key).or_insert_with(|| is_secret(key));
                    match &value.value {
                        // Its keys are names of the author's.
                        Value::Mapping(named) if key == MAP_OF_SECRETS => {
                            named.iter().for_each(|(_, value)| self.hide(value));
                        }
                        _ if is_secret || (key == CHOICE && is_bare) => self.hide(value),
                        _ => self.look(value, known),
                    }
                }
            }
        }
    }

    fn hide(&mut self, node: &Node) {
        match &node.value {
            Value::Null => {}
            Value::Scalar { text, .. } => {
                let place = node.place;
                self.spans.push(place.offset..place.offset + place.length.max(1));
                self.word(text);
            }
            Value::Sequence(items) => items.iter().for_each(|item| self.hide(item)),
            Value::Mapping(pairs) => {
                let is_kept = |key: &Node| matches!(&key.value, Value::Scalar { text, .. } if KEPT.contains(&text.as_str()));
                pairs
                    .iter()
                    .filter(|(key, _)| !is_kept(key))
                    .for_each(|(_, value)| self.hide(value));
            }
        }
    }

    /// Hides the rest of each line after the key of a secret, and lines below that belong to it:
    /// where a secret ends is just what cannot be told of what is no YAML.
    fn guess(&mut self, text: &str) {
        let (mut start, mut deeper_than) = (0, None);
        for line in text.split_inclusive('\n') {
            let depth = line.len() - line.trim_start().len();
            if deeper_than.is_some_and(|key| depth > key) {
                self.rest(line, start, 0);
            } else {
                deeper_than = None;
                if let Some(value) = secret_in(line) {
                    self.rest(line, start, value);
                    deeper_than = Some(depth);
                }
            }
            start += line.len();
        }
    }

    /// Hides a line that starts at `start` from its byte `from` on.
    fn rest(&mut self, line: &str, start: usize, from: usize) {
        let rest = &line[from..];
        let indent = rest.len() - rest.trim_start().len();
        self.spans.push(start + from + indent..start + line.len());
        let signs = |sign: char| sign.is_whitespace() || "\"'{}[],*&!|>".contains(sign);
        rest.split(signs).for_each(|word| self.word(word));
    }

    fn word(&mut self, text: &str) {
        if text.chars().count() >= WORD_CHARS_MIN {
            self.words.push(text.to_owned());
            // The longest first, so that none is left standing around another.
            self.words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        }
    }
}

fn is_secret(key: &str) -> bool {
    SECRETS.iter().any(|known| strsim::jaro_winkler(key, known) >= LIKE)
}

/// Where in a line the value begins that may be a secret; one that says where it is kept is none.
fn secret_in(line: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(colon) = line[from..].find(':').map(|at| from + at) {
        from = colon + 1;
        let before = line[..colon].trim_end().trim_end_matches(['"', '\'']);
        let is_sign = |sign: char| sign.is_alphanumeric() || sign == '_' || sign == '-';
        let key = before.rsplit(|sign| !is_sign(sign)).next().unwrap_or("");
        let value = line[from..].trim_start().trim_start_matches('{').trim_start();
        let choice = value.split(':').next().map(str::trim).unwrap_or("");
        let is_kept = value.len() > choice.len() && KEPT.contains(&choice);
        let opens_choice = line[from..].trim_start().starts_with('{') || value.is_empty();
        let is_named = is_secret(key) || key == MAP_OF_SECRETS || (key == CHOICE && !opens_choice);
        if is_named && !is_kept {
            return Some(from);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;

    use super::*;
    use crate::{daemon::document::DaemonDoc, scorecard::document::ScorecardDoc};

    fn check(cases: &[(&str, &str)]) {
        for (text, shown) in cases {
            let redact_text = Redaction::of(text).redact_text(text);
            assert_eq!(redact_text, *shown);
            assert_eq!(redact_text.len(), text.len());
        }
    }

    #[test]
    fn a_secret_is_stars_and_where_it_is_kept_is_shown() {
        check(&[
            ("auth: { bearer: hunter2, x: 3 }", "auth: { bearer: *******, x: 3 }"),
            ("password: \"pä ss\"\nuser: kpid\n", "password: ********\nuser: kpid\n"),
            ("secret: { env: HOOK }\n", "secret: { env: HOOK }\n"),
            (
                "secrets: { TOKEN: abc, OTHER: { file: f } }",
                "secrets: { TOKEN: ***, OTHER: { file: f } }",
            ),
            ("secrets: { env: abc }", "secrets: { env: *** }"),
            ("secret: [abc, { token: def }]", "secret: [***, { token: *** }]"),
            ("auth: hunter2\nx: 1\n", "auth: *******\nx: 1\n"),
            ("barer: hunter2\npasswrd: 1234\n", "barer: *******\npasswrd: ****\n"),
            ("user: kpid\nkeep: this\n", "user: kpid\nkeep: this\n"),
        ]);
    }

    #[test]
    fn a_block_is_stars_line_by_line() {
        let text = "password: |\n  one\n  two\nuser: kpid\n";
        let shown = Redaction::of(text).redact_text(text);
        assert!(!shown.contains("one") && !shown.contains("two"), "{shown}");
        assert!(shown.ends_with("\nuser: kpid\n"), "{shown}");
    }

    #[test]
    fn of_what_is_no_yaml_the_rest_of_the_line_is_stars() {
        check(&[
            ("a: { bearer: hun}ter2 }\nb: c\n", "a: { bearer: **********\nb: c\n"),
            ("\"password\" : \"x\nuser: kpid\n", "\"password\" : **\nuser: kpid\n"),
            ("a: {\nsecret: { credential: hook }\n", "a: {\nsecret: { credential: hook }\n"),
            ("a: {\n  secret: |\n    one\n  user: b\n", "a: {\n  secret: *\n    ***\n  user: b\n"),
            ("routing_key_x: {\nurl: http://h/\n", "routing_key_x: {\nurl: http://h/\n"),
        ]);
    }

    #[test]
    fn a_sentence_that_quotes_a_secret_does_not_say_it() {
        let hidden = Redaction::of("auth: hunter2\nuser: kpid\n");
        assert_eq!(hidden.redact("`hunter2` is none of bearer"), "`***` is none of bearer");
        assert_eq!(hidden.redact("there is no `kpid`"), "there is no `kpid`");
    }

    /// Every key of the documents that holds a secret is known here.
    #[test]
    fn no_key_of_a_secret_is_forgotten() {
        let mut found = std::collections::BTreeSet::new();
        secrets_of(&schema::<DaemonDoc>(), None, &mut found);
        secrets_of(&schema::<ScorecardDoc>(), None, &mut found);
        let known: Vec<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(known, [SECRETS.as_slice(), &[MAP_OF_SECRETS]].concat());
    }

    fn schema<T: JsonSchema>() -> serde_json::Value {
        schemars::schema_for!(T).to_value()
    }

    fn secrets_of(
        schema: &serde_json::Value,
        key: Option<&str>,
        found: &mut std::collections::BTreeSet<String>,
    ) {
        let words = ["properties", "items", "anyOf", "oneOf", "additionalProperties", "$defs"];
        match schema {
            serde_json::Value::Object(object) => {
                for (name, value) in object {
                    let key = if words.contains(&name.as_str()) || name == "$ref" {
                        key
                    } else {
                        Some(name.as_str())
                    };
                    if name == "$ref" && value == "#/$defs/SecretDoc" {
                        found.extend(key.map(str::to_owned));
                    }
                    secrets_of(value, key, found);
                }
            }
            serde_json::Value::Array(items) => {
                items.iter().for_each(|item| secrets_of(item, key, found));
            }
            _ => {}
        }
    }
}
