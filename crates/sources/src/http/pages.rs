//! Where the next page of an answer is.

use reqwest::header::{HeaderMap, LINK};
use serde_json::{Value, json};
use serde_json_path::JsonPath;
use url::{Url, form_urlencoded};

use crate::cell::Cell;
use crate::http::{PagePlace, Pages, matches::matches};

/// More pages than this are the wrong question, or a page that leads to itself.
pub(crate) const PAGES_MAX: usize = 100;

/// The same where nothing is held of their rows but what they come to.
pub(crate) const TALLIED_PAGES_MAX: usize = 1000;

/// One page that came.
pub(crate) struct Page<'a> {
    pub(crate) url: &'a Url,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) document: &'a Value,
    /// Rows on it.
    pub(crate) rows: usize,
    /// Which it was, from 1.
    pub(crate) number: usize,
    /// Rows on all pages so far.
    pub(crate) rows_so_far: usize,
    /// Whether each entry of it is a row, so that a page with fewer is the last.
    pub(crate) is_counted: bool,
    /// What it was asked for by.
    pub(crate) turn: &'a PageTurn,
}

/// How a page is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PageTurn {
    pub(crate) url: Url,
    /// What is put into the JSON that is sent, and where.
    pub(crate) put: Option<(String, Value)>,
}

impl Pages {
    /// How the first page is asked for, where that is more than the question.
    pub(crate) fn first(&self, url: Url) -> PageTurn {
        match self {
            Self::Number { at, from } | Self::Offset { at, from, .. } => {
                at.turn(url, Value::from(*from))
            }
            Self::LinkHeader | Self::Next(_) | Self::Cursor { .. } => PageTurn { url, put: None },
        }
    }

    /// How the next page is asked for; none after the last. It stays at the API's own origin.
    pub(crate) fn next(&self, page: &Page<'_>) -> Result<Option<PageTurn>, String> {
        let turn = |url: Url| PageTurn { url, put: None };
        let next = match self {
            Self::LinkHeader => {
                link(page.headers).map(|to| join(page.url, &to)).transpose()?.map(turn)
            }
            Self::Next(path) => match only(path, page.document)? {
                None => None,
                Some(node) => {
                    address(path, node)?.map(|to| join(page.url, &to)).transpose()?.map(turn)
                }
            },
            Self::Number { .. } | Self::Offset { .. } if page.rows == 0 => None,
            Self::Number { at, from } => {
                Some(at.turn(page.url.clone(), Value::from(from + page.number as u64)))
            }
            Self::Offset { limit: Some(limit), .. }
                if page.is_counted && (page.rows as u64) < *limit =>
            {
                None
            }
            Self::Offset { at, from, limit } => {
                let passed = match limit {
                    Some(limit) => limit.saturating_mul(page.number as u64),
                    None => page.rows_so_far as u64,
                };
                Some(at.turn(page.url.clone(), Value::from(from + passed)))
            }
            Self::Cursor { path, at } => {
                let cursor = only(path, page.document)?.map(|node| cursor(path, node));
                let cursor = cursor.transpose()?.flatten();
                let next = cursor.map(|cursor| at.turn(page.url.clone(), cursor));
                // Some say at the end where to go on once there is more, which leads to itself.
                next.filter(|next| next != page.turn)
            }
        };
        match next {
            Some(next) if next.url.origin() != page.url.origin() => Err(format!(
                "names a next page at {}, which is not followed",
                next.url.origin().ascii_serialization()
            )),
            Some(next) if next.put.is_none() && next.url == *page.url => {
                Err("names itself as its next page".to_owned())
            }
            next => Ok(next),
        }
    }
}

impl PagePlace {
    /// The same question with this in its place.
    fn turn(&self, url: Url, value: Value) -> PageTurn {
        match self {
            Self::Parameter(parameter) => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                PageTurn { url: with(url, parameter, &text), put: None }
            }
            Self::Variable(variable) => PageTurn { url, put: Some((variable.clone(), value)) },
        }
    }
}

impl PageTurn {
    /// Puts what asks for this page into the JSON that is sent: under a key, or under keys with points
    /// between them.
    pub(crate) fn put_into(&self, body: &mut Value) {
        let Some((variable, value)) = &self.put else { return };
        let mut at = body;
        for key in variable.split('.') {
            if !at.is_object() {
                *at = json!({});
            }
            at = &mut at[key];
        }
        *at = value.clone();
    }
}

fn join(base: &Url, to: &str) -> Result<Url, String> {
    base.join(to)
        .map_err(|_| "names a next page that is not a valid address; check `pages`".to_owned())
}

/// What says where the next page is, which stands at one place or none.
fn only<'d>(path: &JsonPath, document: &'d Value) -> Result<Option<&'d Value>, String> {
    match matches(path, document)?.as_slice() {
        [] => Ok(None),
        [node] => Ok(Some(*node)),
        [..] => Err(format!("names several next pages at `{path}`; narrow the path of `pages`")),
    }
}

/// Keys under which an object of links keeps an address.
const ADDRESSES: [&str; 4] = ["href", "url", "link", "uri"];

/// The address of the next page; none of a last page, which has null, false or an empty text there.
fn address(path: &JsonPath, node: &Value) -> Result<Option<String>, String> {
    match node {
        Value::Null | Value::Bool(false) => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => Ok(Some(text.trim().to_owned())),
        Value::Object(map) if map.is_empty() => Ok(None),
        Value::Object(map) => match ADDRESSES.iter().find_map(|key| map.get(*key)) {
            Some(inner) if !inner.is_object() => address(path, inner),
            _ => Err(unread(path, node)),
        },
        Value::Number(_) => Err(format!(
            "has the number {node} at `{path}` where an address is expected; write \
             `pages: {{ cursor: {{ path: {path}, parameter: NAME }} }}`"
        )),
        Value::Bool(true) | Value::Array(_) => Err(unread(path, node)),
    }
}

/// What the page after is asked for by; none of a last page.
fn cursor(path: &JsonPath, node: &Value) -> Result<Option<Value>, String> {
    match node {
        Value::Null | Value::Bool(false) => Ok(None),
        Value::String(text) => Ok((!text.is_empty()).then(|| node.clone())),
        Value::Number(_) => Ok(Some(node.clone())),
        Value::Bool(true) | Value::Array(_) | Value::Object(_) => Err(unread(path, node)),
    }
}

fn unread(path: &JsonPath, node: &Value) -> String {
    format!("has {} at `{path}`, which names no next page; check `pages`", Cell::from(node))
}

/// The same address with a query parameter set; the others stay as they are written.
fn with(mut url: Url, parameter: &str, value: &str) -> Url {
    let is_other = |pair: &&str| {
        let name = form_urlencoded::parse(pair.as_bytes()).next();
        name.is_some_and(|(name, _)| name != parameter)
    };
    let query = url.query().unwrap_or_default().split('&');
    let mut pairs: Vec<String> = query.filter(is_other).map(str::to_owned).collect();
    let own =
        form_urlencoded::Serializer::new(String::new()).append_pair(parameter, value).finish();
    pairs.push(own);
    url.set_query(Some(&pairs.join("&")));
    url
}

/// The target of `rel="next"` (RFC 8288): several headers may hold several links, and addresses and
/// quoted texts any sign.
pub(crate) fn link(headers: &HeaderMap) -> Option<String> {
    let texts = headers.get_all(LINK).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    texts.into_iter().find_map(|text| next_link(&text))
}

fn next_link(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some((_, inside)) = rest.split_once('<') {
        let (target, after) = inside.split_once('>')?;
        let end = unquoted(after, ',').unwrap_or(after.len());
        let (mut parameters, next) = after.split_at(end);
        while !parameters.is_empty() {
            let end = unquoted(parameters, ';').unwrap_or(parameters.len());
            if is_next(&parameters[..end]) {
                return Some(target.trim().to_owned());
            }
            parameters = parameters.get(end + 1..).unwrap_or_default();
        }
        rest = next;
    }
    None
}

/// Whether a parameter of a link is a `rel` with `next` among its words.
fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    let words = value.trim().trim_matches(['"', '\'']);
    name.trim().eq_ignore_ascii_case("rel")
        && words.split_whitespace().any(|word| word.eq_ignore_ascii_case("next"))
}

/// Where a sign stands outside quotes.
fn unquoted(text: &str, sign: char) -> Option<usize> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.char_indices().find_map(|(at, c)| {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if c == sign && !is_quoted => return Some(at),
            _ => {}
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serde_json_path::JsonPath;

    use super::*;

    fn next(pages: &Pages, link: &str, document: &Value, rows: usize) -> Result<String, String> {
        let url = Url::parse("https://api.example/v1/rows?size=2&page=3").unwrap();
        let headers = [(LINK, link.parse().unwrap())].into_iter().collect();
        let turn = PageTurn { url: url.clone(), put: None };
        let (rows_so_far, is_counted) = (4 + rows, true);
        let (url, headers, turn) = (&url, &headers, &turn);
        let page = Page { url, headers, document, rows, number: 3, rows_so_far, is_counted, turn };
        let words = |next: PageTurn| match next.put {
            Some((variable, value)) => format!("{variable}={value}"),
            None => next.url.to_string(),
        };
        pages.next(&page).map(|next| next.map(words).unwrap_or_default())
    }

    #[test]
    fn the_next_page_is_found_and_stays_at_home() {
        let path = |text| JsonPath::parse(text).unwrap();
        let links = "<https://api.example/v1/rows?page=2>; rel=\"prev\", <?page=4>; rel=\"next\"";
        let nothing = json!({});
        assert_eq!(
            next(&Pages::LinkHeader, links, &nothing, 2).unwrap(),
            "https://api.example/v1/rows?page=4"
        );
        assert_eq!(next(&Pages::LinkHeader, "", &nothing, 2).unwrap(), "");
        let elsewhere = "<https://evil.example/>; rel=next";
        assert!(
            next(&Pages::LinkHeader, elsewhere, &nothing, 2).unwrap_err().contains("evil.example")
        );
        let in_body = Pages::Next(path("$.next"));
        assert_eq!(
            next(&in_body, "", &json!({ "next": "/v1/rows?after=9" }), 2).unwrap(),
            "https://api.example/v1/rows?after=9"
        );
        assert_eq!(next(&in_body, "", &json!({ "next": null }), 2).unwrap(), "");
        let parameter = |name: &str| PagePlace::Parameter(name.to_owned());
        let number = Pages::Number { at: parameter("page"), from: 1 };
        assert_eq!(
            next(&number, "", &nothing, 2).unwrap(),
            "https://api.example/v1/rows?size=2&page=4"
        );
        assert_eq!(next(&number, "", &nothing, 0).unwrap(), "");
        let cursor = Pages::Cursor { path: path("$.meta.cursor"), at: parameter("after") };
        let held = json!({ "meta": { "cursor": "a b" } });
        assert!(next(&cursor, "", &held, 2).unwrap().ends_with("page=3&after=a+b"));
        let hal = json!({ "next": { "href": "?page=4" } });
        assert_eq!(next(&in_body, "", &hal, 2).unwrap(), "https://api.example/v1/rows?page=4");
        for (document, part) in [
            (json!({ "next": true }), "has true at `$.next`"),
            (json!({ "next": ["/x"] }), "has an array at `$.next`"),
            (json!({ "next": { "rel": "x" } }), "has an object at `$.next`"),
            (json!({ "next": 4 }), "pages: { cursor: { path: $.next, parameter: NAME } }"),
        ] {
            let words = next(&in_body, "", &document, 2).unwrap_err();
            assert!(words.contains(part), "{words}");
        }
        let itself = json!({ "next": "https://api.example/v1/rows?size=2&page=3" });
        assert!(next(&in_body, "", &itself, 2).unwrap_err().contains("itself"));
    }

    #[test]
    fn pages_are_counted_from_where_their_api_begins() {
        let nothing = json!({});
        let variable = || PagePlace::Variable("page.from".to_owned());
        let parameter = || PagePlace::Parameter("at".to_owned());
        for (pages, rows, expected) in [
            (Pages::Number { at: parameter(), from: 0 }, 2, "&at=3"),
            (Pages::Number { at: variable(), from: 0 }, 2, "page.from=3"),
            (Pages::Offset { at: parameter(), from: 0, limit: Some(2) }, 2, "&at=6"),
            (Pages::Offset { at: parameter(), from: 1, limit: Some(2) }, 2, "&at=7"),
            (Pages::Offset { at: parameter(), from: 0, limit: None }, 2, "&at=6"),
            (Pages::Offset { at: variable(), from: 0, limit: None }, 1, "page.from=5"),
            (Pages::Offset { at: parameter(), from: 0, limit: Some(2) }, 1, ""),
            (Pages::Offset { at: parameter(), from: 0, limit: None }, 0, ""),
        ] {
            let found = next(&pages, "", &nothing, rows).unwrap();
            assert!(found.ends_with(expected), "{pages:?}: {found}");
            assert_eq!(found.is_empty(), expected.is_empty(), "{pages:?}");
        }
        let first = Pages::Offset { at: variable(), from: 0, limit: None };
        let mut body = json!({ "size": 2, "page": null });
        first.first(Url::parse("https://api.example/").unwrap()).put_into(&mut body);
        assert_eq!(body, json!({ "size": 2, "page": { "from": 0 } }));
    }

    #[test]
    fn a_cursor_that_leads_to_its_own_page_is_the_last() {
        let path = JsonPath::parse("$.after").unwrap();
        let by = |at: PagePlace| Pages::Cursor { path: path.clone(), at };
        let itself = by(PagePlace::Parameter("page".to_owned()));
        assert_eq!(next(&itself, "", &json!({ "after": "3" }), 2).unwrap(), "");
        assert!(next(&itself, "", &json!({ "after": "4" }), 2).unwrap().ends_with("&page=4"));
        let variable = by(PagePlace::Variable("after".to_owned()));
        assert_eq!(next(&variable, "", &json!({ "after": 7 }), 2).unwrap(), "after=7");
    }

    #[test]
    fn a_next_link_is_found_in_every_form_that_it_may_have() {
        for (text, target) in [
            ("</a?page=2>; rel=next", Some("/a?page=2")),
            ("</a>; rel=\"prev\", </b>; rel=\"next\"", Some("/b")),
            ("</b?ids=1,2;3>; rel=\"next\"", Some("/b?ids=1,2;3")),
            ("</b>; title=\"one, two; rel=next\"; REL = \"last Next\"", Some("/b")),
            ("</a>;rel=\"first\",</b>;rel='next'", Some("/b")),
            ("</a>; rel=nextish, </b>; title=next", None),
            ("</a>", None),
            ("", None),
        ] {
            assert_eq!(next_link(text).as_deref(), target, "{text}");
        }
    }

    #[test]
    fn the_other_parameters_stay_as_they_are_written() {
        let url = Url::parse("https://api.example/?text=c%23%20d&fields=a,b&flag&page=9").unwrap();
        let next = with(url, "page", "2");
        assert_eq!(next.query(), Some("text=c%23%20d&fields=a,b&flag&page=2"));
    }
}
