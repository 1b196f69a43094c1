//! YAML as a tree in which every key and value knows its place.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_yaml::{Location, Spanned};

use crate::{
    problem::{Place, Problem},
    yaml::{
        limits::{DEPTH_MAX, NODES_MAX, REPEATED_MAX, SCALAR_BYTES_MAX},
        yaml_error,
    },
};

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    /// As written; plain ones may be numbers, quoted ones are text.
    Scalar {
        text: String,
        plain: bool,
    },
    Sequence(Vec<Node>),
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// Reads a file's text.
    pub(crate) fn parse(file: usize, text: &str) -> Result<Self, Problem> {
        let options = serde_yaml::options! {
            strict_booleans: true,
            leading_zero_numbers_as_strings: true,
            underscored_numbers_as_strings: true,
            reject_unsupported_tags: true,
            reject_tagged_field_names: true,
            budget: serde_yaml::budget! {
                max_nodes: NODES_MAX,
                max_total_scalar_bytes: SCALAR_BYTES_MAX,
                max_documents: 1,
                max_aliases: NODES_MAX,
                max_merge_keys: NODES_MAX,
                max_depth: DEPTH_MAX,
                // A small anchor may be used as often as its author likes.
                enforce_alias_anchor_ratio: false,
            },
            alias_limits: serde_yaml::alias_limits! {
                max_total_replayed_events: REPEATED_MAX,
            },
        };
        if text.trim().is_empty() {
            let place = Place { file, line: 1, column: 1, ..Place::default() };
            return Ok(Self { place, value: Value::Null });
        }
        let read: Result<Spanned<Raw>, _> = serde_yaml::from_str_with_options(text, options);
        match read {
            Ok(raw) => Ok(Source { file, text }.node(raw)),
            Err(error) => Err(Source { file, text }.problem(&error)),
        }
    }
}

impl Node {
    /// The same document with the map of documents under `key` turned into a list, each document
    /// given its key in the map under `id`.
    pub(crate) fn with_listed(mut self, key: &str, id: &str) -> Self {
        let Value::Mapping(pairs) = &mut self.value else { return self };
        let named = |node: &Node| matches!(&node.value, Value::Scalar { text, .. } if text == key);
        for (_, value) in pairs.iter_mut().filter(|(name, _)| named(name)) {
            if let Value::Mapping(documents) = &mut value.value {
                let documents = std::mem::take(documents);
                let listed = documents.into_iter().map(|(name, document)| document.keyed(id, name));
                value.value = Value::Sequence(listed.collect());
            }
        }
        self
    }

    /// The same document without the keys at its top that begin so.
    pub(crate) fn without(mut self, beginning: &str) -> Self {
        if let Value::Mapping(pairs) = &mut self.value {
            pairs.retain(|(key, _)| {
                !matches!(&key.value, Value::Scalar { text, .. } if text.starts_with(beginning))
            });
        }
        self
    }

    fn keyed(mut self, id: &str, name: Node) -> Self {
        if let Value::Mapping(pairs) = &mut self.value {
            let key = Value::Scalar { text: id.to_owned(), plain: true };
            pairs.insert(0, (Self { place: name.place, value: key }, name));
        }
        self
    }
}

/// What the YAML reader hands over, before places are looked up.
enum Raw {
    Null,
    Scalar(String),
    Sequence(Vec<Spanned<Raw>>),
    Mapping(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

struct Source<'t> {
    file: usize,
    text: &'t str,
}

impl Source<'_> {
    fn node(&self, raw: Spanned<Raw>) -> Node {
        let place = self.place(raw.referenced);
        let value = match raw.value {
            Raw::Null => Value::Null,
            Raw::Scalar(text) => self.scalar(raw.defined, text),
            Raw::Sequence(items) => {
                Value::Sequence(items.into_iter().map(|item| self.node(item)).collect())
            }
            Raw::Mapping(pairs) => Value::Mapping(
                pairs.into_iter().map(|(key, value)| (self.node(key), self.node(value))).collect(),
            ),
        };
        Node { place, value }
    }

    /// A plain scalar is taken as written, so that `01234` and `1.10` stay text where text is wanted.
    fn scalar(&self, defined: Location, read: String) -> Value {
        let place = self.place(defined);
        let written = self.text.get(place.offset..place.offset + place.length).unwrap_or("").trim();
        let quoted = written.starts_with(['"', '\'', '|', '>']);
        if quoted || written.is_empty() || written.contains('\n') {
            Value::Scalar { text: read, plain: false }
        } else if written.starts_with(['&', '!', '*']) {
            Value::Scalar { text: read, plain: true }
        } else {
            Value::Scalar { text: written.to_owned(), plain: true }
        }
    }

    fn place(&self, location: Location) -> Place {
        let span = location.span();
        let offset = span.byte_offset().and_then(|at| usize::try_from(at).ok());
        let length = span.byte_len().and_then(|length| usize::try_from(length).ok());
        let line = usize::try_from(location.line()).unwrap_or(1).max(1);
        let column = usize::try_from(location.column()).unwrap_or(1).max(1);
        let offset = offset.unwrap_or_else(|| self.offset(line, column));
        Place { file: self.file, line, column, offset, length: length.unwrap_or(1) }
    }

    fn offset(&self, line: usize, column: usize) -> usize {
        let start: usize = self.text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let rest = self.text.get(start..).unwrap_or("");
        let within = rest.char_indices().nth(column - 1).map_or(rest.len(), |(at, _)| at);
        start + within
    }

    fn problem(&self, error: &serde_yaml::Error) -> Problem {
        let place = error.location().map(|location| self.place(location)).unwrap_or(Place {
            file: self.file,
            line: 1,
            column: 1,
            ..Place::default()
        });
        let place = if yaml_error::is_tab(error) { self.tab(place) } else { place };
        let (message, hint) = yaml_error::words(error);
        let problem = Problem::error(place, message);
        if let Some(hint) = hint {
            return problem.hint(hint);
        }
        match self.quoted(place) {
            Some(quoted) => problem.hint(format!("put it in quotes: {quoted}")),
            None => problem,
        }
    }

    /// The first tab in the indentation of a line from the one before `near` on.
    fn tab(&self, near: Place) -> Place {
        let mut start = 0;
        for (at, line) in self.text.split_inclusive('\n').enumerate() {
            let indentation = line.len() - line.trim_start().len();
            if at + 2 >= near.line
                && let Some(tab) = line[..indentation].find('\t')
            {
                return Place::at(self.file, self.text, start + tab);
            }
            start += line.len();
        }
        near
    }

    /// What stands on a line after its key, in quotes, where it begins with a sign of YAML.
    fn quoted(&self, place: Place) -> Option<String> {
        let line = self.text.lines().nth(place.line - 1)?;
        let (key, value) = line.split_once(": ")?;
        let value = value.trim();
        let is_sign = value.starts_with(['%', '@', '*', '&', '!', '`']);
        is_sign.then(|| {
            format!("{}: {}", key.trim_start_matches(['-', ' ']), serde_json::json!(value))
        })
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element()? {
            read.push(item);
        }
        Ok(Raw::Sequence(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Raw, A::Error> {
        let mut read = Vec::new();
        while let Some(pair) = pairs.next_entry()? {
            read.push(pair);
        }
        Ok(Raw::Mapping(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(yaml: &str) -> (String, bool, usize, usize) {
        let node = Node::parse(0, yaml).unwrap();
        let Value::Mapping(pairs) = node.value else { panic!("{yaml} is no mapping") };
        let Value::Scalar { text, plain } = &pairs[0].1.value else { panic!("{yaml}: no scalar") };
        (text.clone(), *plain, pairs[0].1.place.line, pairs[0].1.place.column)
    }

    #[test]
    fn scalars_stay_as_written() {
        for (written, text, plain) in [
            ("NO", "NO", true),
            ("01234", "01234", true),
            ("1.10", "1.10", true),
            ("2026-04", "2026-04", true),
            ("0x1F", "0x1F", true),
            ("\"95\"", "95", false),
            ("'it''s'", "it's", false),
            ("true", "true", true),
            ("20%", "20%", true),
        ] {
            assert_eq!(text_of(&format!("a: {written}\n")), (text.to_owned(), plain, 1, 4));
        }
    }

    #[test]
    fn a_block_keeps_its_lines() {
        let (text, plain, _, _) = text_of("a: |\n  select 1\n  from t\n");
        assert_eq!((text.as_str(), plain), ("select 1\nfrom t\n", false));
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
        for (this, last) in "bcdefgh".chars().zip("abcdefg".chars()) {
            bomb.push_str(&format!(
                "{this}: &{this} [{}]\n",
                vec![format!("*{last}"); 9].join(", ")
            ));
        }
        assert!(Node::parse(0, &bomb).is_err());
    }

    #[test]
    fn a_sign_of_yaml_that_was_meant_as_text_is_told_with_its_quotes() {
        for (text, hint) in [
            ("a: 1\nunit: %\n", Some("put it in quotes: unit: \"%\"")),
            ("owner: @ines\n", Some("put it in quotes: owner: \"@ines\"")),
            ("value: `x`\n", Some("put it in quotes: value: \"`x`\"")),
            ("value: *all\n", Some("put it in quotes: value: \"*all\"")),
            ("a: 1\na: 2\n", None),
        ] {
            let problem = Node::parse(0, text).unwrap_err();
            assert_eq!(problem.hint.as_deref(), hint, "{}", problem.message);
        }
    }

    #[test]
    fn a_mistake_in_the_yaml_is_said_in_words_of_ours() {
        for (text, line, message, hint) in [
            (
                "a:\n    b: 1\n   c: 2\n",
                3,
                "the indentation does not match the lines above",
                Some("indent this line as its neighbours are, with spaces"),
            ),
            (
                "a:\n  b: 1\n\tc: 2\n",
                3,
                "there is a tab in the indentation",
                Some("replace it with spaces"),
            ),
            (
                "a: 1\nunit\nb: 2\n",
                2,
                "a `:` is missing after this key",
                Some("write `key: value`"),
            ),
            (
                "name: a: b\n",
                1,
                "a `:` is not allowed here",
                Some("put a value that has a `:` in quotes"),
            ),
            (
                "a: \"\\d\"\n",
                1,
                "`\\` in double quotes begins an escape, and YAML does not know this one",
                Some("write `\\\\` for a backslash, or use single quotes"),
            ),
            ("a: [1, 2\n", 1, "the `[` is never closed", None),
            ("a: [1, 2}\n", 1, "a `[` is closed by `}`", None),
            ("a: { b: 1 c: 2 }\n", 1, "a `,` or `}` is missing here", None),
            ("a: \"x\n", 1, "the quote is never closed", None),
            ("a: 1\na: 2\n", 2, "the key `a` is here twice", None),
        ] {
            let problem = Node::parse(0, text).unwrap_err();
            let said = (problem.message.as_str(), problem.hint.as_deref(), problem.place.line);
            assert_eq!(said, (message, hint, line), "{text}");
        }
    }

    #[test]
    fn a_mistake_in_the_yaml_has_a_place() {
        let problem = Node::parse(0, "a: 1\nb: \"x\nc: 2\n").unwrap_err();
        assert_eq!((problem.place.line, problem.place.column), (2, 4), "{}", problem.message);
        let problem = Node::parse(0, "a: 1\na: 2\n").unwrap_err();
        assert_eq!(problem.place.line, 2, "{}", problem.message);
        assert!(problem.message.contains("twice"), "{}", problem.message);
    }
}
