//! Lists that come in pages: so many at once, and a cursor that says where the next page begins.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use crate::web::{
    api::operation::{self, Parameter},
    denial,
    pages::page_request::{Answer, PageRequest},
};
use kpid_rules::model::{Id, Period};

/// As many as a table shows.
const LIMIT: usize = 100;

/// More are no page.
const LIMIT_MAX: usize = 1_000;

/// No cursor of ours is as long.
const CURSOR_CHARS_MAX: usize = 1_000;

pub(super) const LIMIT_PARAMETER: Parameter = Parameter {
    name: "limit",
    place: "query",
    description: "How many at once, 100 unless it is said",
    schema: || json!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MAX }),
    example: None,
};

pub(super) const CURSOR: Parameter = Parameter {
    name: "cursor",
    place: "query",
    description: "Where the page begins: `next` of the page before",
    schema: || json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]*$", "maxLength": CURSOR_CHARS_MAX }),
    example: None,
};

pub(super) const SCORECARD: Parameter = Parameter {
    name: "scorecard",
    place: "query",
    description: "Only of this scorecard",
    schema: operation::id_schema,
    example: Some("calder"),
};

pub(super) const SINCE: Parameter = Parameter {
    name: "from",
    place: "query",
    description: "From a period such as `2026-05` or a day on, or from an instant of RFC 3339",
    schema: operation::moment_schema,
    example: None,
};

pub(super) const UNTIL: Parameter = Parameter {
    name: "to",
    place: "query",
    description: "Until the end of a period or a day, or until an instant",
    schema: operation::moment_schema,
    example: None,
};

/// The place of an item in its list: the highest rank comes first, and of equal ones the first id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) rank: i64,
    pub(super) id: String,
}

/// Which page is asked for.
#[derive(Debug)]
pub(super) struct Paging {
    pub(super) limit: usize,
    /// Behind which item it begins.
    pub(super) after: Option<Position>,
}

/// The instants between which something lies, if they are said.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Interval {
    pub(super) from: Option<DateTime<Utc>>,
    pub(super) to: Option<DateTime<Utc>>,
}

impl Position {
    fn written(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(format!("{}/{}", self.rank, self.id))
    }

    fn parse(text: &str) -> Option<Self> {
        let text = Some(text).filter(|text| text.len() <= CURSOR_CHARS_MAX)?;
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (rank, id) = text.split_once('/')?;
        Some(Self { rank: rank.parse().ok()?, id: id.to_owned() })
    }

    fn is_before(&self, other: &Self) -> bool {
        (-i128::from(self.rank), &self.id) < (-i128::from(other.rank), &other.id)
    }
}

impl Paging {
    pub(super) fn of(request: &PageRequest) -> Result<Self, Unfit> {
        let limit = match request.address.get("limit") {
            None => LIMIT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=LIMIT_MAX).contains(limit))
                .ok_or_else(|| unfit(format!("`limit` is 1 to {LIMIT_MAX}")))?,
        };
        let after = match request.address.get("cursor") {
            None => None,
            Some(text) => {
                let sentence = "`cursor` is `next` of an earlier page, or not there";
                Some(Position::parse(text).ok_or_else(|| unfit(sentence))?)
            }
        };
        Ok(Self { limit, after })
    }
}

impl Interval {
    /// What `from` and `to` say.
    pub(super) fn of(request: &PageRequest) -> Result<Self, Unfit> {
        let calendar = &request.site.calendar;
        let read = |name: &str| {
            let Some(text) = request.address.get(name) else { return Ok(None) };
            if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
                return Ok(Some((instant.to_utc(), instant.to_utc())));
            }
            let period = Period::parse(text);
            let period = period.map_err(|error| unfit(format!("`{name}`: {error}")))?;
            Ok(Some(calendar.bounds(period)))
        };
        let (from, to) = (read("from")?.map(|(first, _)| first), read("to")?.map(|(_, end)| end));
        if let Some((from, to)) = from.zip(to)
            && from >= to
        {
            return Err(unfit("`from` is not before `to`; exchange them"));
        }
        Ok(Self { from, to })
    }

    pub(super) fn has(self, at: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

/// Why something that is asked for is refused.
#[derive(Debug)]
pub(super) struct Unfit {
    status: StatusCode,
    sentence: String,
}

/// What is asked for cannot be so.
pub(super) fn unfit(sentence: impl Into<String>) -> Unfit {
    Unfit { status: StatusCode::UNPROCESSABLE_ENTITY, sentence: sentence.into() }
}

/// What is asked about is not there.
pub(super) fn absent(sentence: impl Into<String>) -> Unfit {
    Unfit { status: StatusCode::NOT_FOUND, sentence: sentence.into() }
}

impl From<Unfit> for Response {
    fn from(Unfit { status, sentence }: Unfit) -> Self {
        denial::problem(status, &sentence)
    }
}

/// Which scorecard a list is about, if it is about one; there is none that the reader may not see.
pub(super) fn scorecard(request: &PageRequest) -> Result<Option<Id>, Unfit> {
    let Some(text) = request.address.get("scorecard") else { return Ok(None) };
    let id = Id::parse(text).ok().filter(|id| request.sees(id));
    let nothing = || {
        let sentence = "there is no such scorecard; `/api/v1/scorecards` lists them";
        absent(sentence)
    };
    id.map(Some).ok_or_else(nothing)
}

/// What is said by a parameter that takes some words, with commas between several; all without it.
pub(super) fn words<'r>(
    request: &'r PageRequest,
    name: &str,
    known: &[&'static str],
) -> Result<Option<Vec<&'r str>>, Unfit> {
    let Some(text) = request.address.get(name) else { return Ok(None) };
    let words: Vec<&str> = text.split(',').map(str::trim).collect();
    match words.iter().all(|word| known.contains(word)) {
        true => Ok(Some(words)),
        false => Err(unfit(format!("`{name}` is one of {}", known.join(", ")))),
    }
}

/// An instant with the offset of the company's zone.
pub(super) fn local(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).to_rfc3339()
}

/// The page that is asked for of a whole list, of which only the items of that page are made.
#[expect(clippy::result_large_err, reason = "an answer, made once")]
pub(super) fn page_of<S, T: Serialize>(
    request: &PageRequest,
    mut rows: Vec<(Position, S)>,
    make: impl Fn(S) -> T,
) -> Answer {
    let Paging { limit, after } = Paging::of(request)?;
    rows.sort_by(|(left, _), (right, _)| {
        right.rank.cmp(&left.rank).then_with(|| left.id.cmp(&right.id))
    });
    let begin =
        after.map_or(0, |after| rows.partition_point(|(position, _)| !after.is_before(position)));
    let mut rows = rows.split_off(begin);
    let is_all = rows.len() <= limit;
    rows.truncate(limit);
    let last = rows.last().map(|(position, _)| position.clone()).filter(|_| !is_all);
    page(request, rows.into_iter().map(|(_, row)| make(row)).collect(), last.as_ref())
}

/// A page, and the item behind which the next one begins.
#[expect(clippy::result_large_err, reason = "an answer, made once")]
pub(super) fn page<T: Serialize>(
    request: &PageRequest,
    items: Vec<T>,
    last: Option<&Position>,
) -> Answer {
    let next = last.map(Position::written);
    let body = serde_json::to_value(items).map(|items| json!({ "items": items, "next": next }));
    let body = body.map_err(|error| request.unreadable(&error.into()))?;
    let mut answer = request.answer_json(&body);
    if let Some(next) = next {
        let link = format!("<{}>; rel=\"next\"", request.address.with("cursor", &next));
        if let Ok(link) = HeaderValue::from_str(&link) {
            answer.headers_mut().insert(header::LINK, link);
        }
    }
    Ok(answer)
}

/// The schema of a page.
pub(super) fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    json!({ "type": "object", "required": ["items", "next"], "properties": {
        "items": operation::list::<T>(generator), "next": { "type": ["string", "null"] } } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_says_where_a_page_begins_and_anything_else_is_none() {
        let position = Position { rank: -7, id: "acme/customer/1".to_owned() };
        assert_eq!(Position::parse(&position.written()), Some(position.clone()));
        for forged in
            ["", "x", "####", "bm9uZQ", &"A".repeat(1_001), "OTk5OTk5OTk5OTk5OTk5OTk5OTkvYQ"]
        {
            assert_eq!(Position::parse(forged), None, "{forged}");
        }
        let least = Position { rank: i64::MIN, id: String::new() };
        assert!(position.is_before(&least) && !least.is_before(&least));
    }
}
