//! One operation of the API, once for who serves it and once for the document that describes it: the same
//! table makes both.

use axum::body::Bytes;
use futures_util::future::BoxFuture;
use percent_encoding::percent_decode_str;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use crate::web::pages::page_request::{Answer, PageRequest};

/// Something that programs ask for.
pub(in crate::web) struct Operation {
    /// Its address, with one parameter at most: `/api/v1/nodes/{path}/series`. A parameter of it may have
    /// slashes, written as they are or as `%2F`.
    pub(super) path: &'static str,
    /// What it is, in a line.
    pub(super) summary: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) answer: Content,
    pub(super) run: Run,
}

/// What serves it.
pub(super) enum Run {
    /// By the parameter of its address, decoded.
    Get(fn(PageRequest, String) -> BoxFuture<'static, Answer>),
    /// By that and by its body, which is JSON.
    Post { body: SchemaOf, run: fn(PageRequest, String, Bytes) -> BoxFuture<'static, Answer> },
    /// A POST with a route of its own, since who may ask and how much differ.
    Apart { body: SchemaOf },
}

/// Makes the schema of a type.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Value;

/// What it answers with.
pub(super) enum Content {
    Json(SchemaOf),
    /// A text of a media type.
    Text(&'static str),
    /// A list as JSON; as CSV for who accepts that.
    JsonOrCsv(SchemaOf),
}

/// What an address says.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) place: &'static str,
    pub(super) description: &'static str,
    pub(super) schema: fn() -> Value,
    /// One that the manual uses too.
    pub(super) example: Option<&'static str>,
}

impl Operation {
    /// The parameter of its address, as it is written there; empty where it has none. None if the path is
    /// not its own.
    pub(super) fn written<'p>(&self, path: &'p str) -> Option<&'p str> {
        let Some((before, after)) = self.around() else {
            return (self.path == path).then_some("");
        };
        let written = path.strip_prefix(before)?.strip_suffix(after)?;
        (!written.is_empty()).then_some(written)
    }

    /// How much of its address stands behind the parameter: of two that fit, the one with more is meant.
    pub(super) fn tail(&self) -> usize {
        self.around().map_or(usize::MAX, |(_, after)| after.len())
    }

    fn around(&self) -> Option<(&'static str, &'static str)> {
        let (before, rest) = self.path.split_once('{')?;
        Some((before, rest.split_once('}')?.1))
    }

    pub(super) fn is_post(&self) -> bool {
        !matches!(self.run, Run::Get(_))
    }
}

/// A parameter as it is meant; none if it is not UTF-8.
pub(super) fn decoded(written: &str) -> Option<String> {
    Some(percent_decode_str(written).decode_utf8().ok()?.into_owned())
}

/// The schema of a type, by reference.
pub(super) fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// The schema of a list.
pub(super) fn list<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    json!({ "type": "array", "items": schema::<T>(generator) })
}

pub(super) const PATH: Parameter = Parameter {
    name: "path",
    place: "path",
    description: "The ids of a node: `calder`, `calder/customer`, `calder/customer/promise`, or a KPI as `calder/on-time-delivery`. A slash may be written as `%2F`",
    schema: || {
        let id = "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}";
        json!({ "type": "string", "pattern": format!("^{id}(/{id}){{0,2}}$") })
    },
    example: Some("calder/customer"),
};

pub(super) const AT: Parameter = Parameter {
    name: "at",
    place: "query",
    description: "As of the end of a period such as `2026-05`, of a day, or of an instant of RFC 3339",
    schema: moment_schema,
    example: Some("2026-05"),
};

pub(super) const FROM: Parameter = Parameter {
    name: "from",
    place: "query",
    description: "The first period, such as `2025-04`",
    schema: period_schema,
    example: None,
};

pub(super) const TO: Parameter = Parameter {
    name: "to",
    place: "query",
    description: "The last period",
    schema: period_schema,
    example: None,
};

/// As everywhere in a query, nothing written is nothing asked.
pub(super) fn id_schema() -> Value {
    json!({ "type": "string", "pattern": "^([A-Za-z0-9][A-Za-z0-9_.-]{0,63})?$" })
}

/// A month or a day; quarters, weeks and instants are taken as well.
pub(super) fn moment_schema() -> Value {
    let day = "(-(0[1-9]|1[0-9]|2[0-8]))?";
    json!({ "type": "string", "pattern": format!("^(20[0-9]{{2}}-(0[1-9]|1[0-2]){day})?$") })
}

/// A month; quarters, weeks and days are taken as well.
pub(super) fn period_schema() -> Value {
    json!({ "type": "string", "pattern": "^(20[0-9]{2}-(0[1-9]|1[0-2]))?$" })
}

/// Some of these words, with commas between them.
pub(super) fn words_schema(words: &[&str]) -> Value {
    let one = words.join("|");
    json!({ "type": "string", "pattern": format!("^(({one})(,({one}))*)?$") })
}
