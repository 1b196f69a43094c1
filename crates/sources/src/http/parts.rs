//! Whether an answer is the whole: what in its headers and its document says that there is more, or
//! that something is missing.

use reqwest::header::{CONTENT_RANGE, HeaderMap};
use serde_json::{Map, Value};

use crate::http::{Extract, document::Document, pages};
use crate::table::Table;

/// More levels than this is no envelope of an answer any more.
const DEPTH_MAX: usize = 5;

/// Keys, in small letters and without signs, that hold an address or a mark of the next part.
const NEXT: [&str; 15] = [
    "next",
    "nextlink",
    "odatanextlink",
    "nextpage",
    "nextpageurl",
    "nextpagelink",
    "nexturl",
    "nexthref",
    "nextpagetoken",
    "nexttoken",
    "nextcursor",
    "nextoffset",
    "nextmarker",
    "nextcontinuationtoken",
    "continuationtoken",
];

/// Keys that are true where there is more.
const MORE: [&str; 8] = [
    "hasmore",
    "hasnext",
    "hasnextpage",
    "hasmorepages",
    "hasmoreresults",
    "morerecords",
    "more",
    "moreresults",
];

/// Keys that are false where there is more.
const LAST: [&str; 4] = ["islast", "islastpage", "last", "lastpage"];

/// Keys that are true where something is missing in what came.
const MISSING: [&str; 6] =
    ["truncated", "istruncated", "incompleteresults", "timedout", "partial", "ispartial"];

/// Keys of how many pages there are.
const PAGES: [&str; 5] = ["totalpages", "pagecount", "pagestotal", "lastpage", "numpages"];

/// Keys below which answers say such things; rows are not looked into.
const ENVELOPES: [&str; 16] = [
    "links",
    "link",
    "paging",
    "pagination",
    "page",
    "pages",
    "pageinfo",
    "meta",
    "metadata",
    "responsemetadata",
    "cursor",
    "cursors",
    "pagecontext",
    "info",
    "result",
    "response",
];

/// What an answer says of its completeness.
pub(crate) struct Whole {
    /// That there are more parts, and how to have them.
    more: Option<String>,
    /// That what came is not all that should have.
    missing: Option<String>,
}

impl Whole {
    /// What the last answer to a question says.
    pub(crate) fn of(headers: &HeaderMap, document: &Document, is_paged: bool) -> Self {
        let mut found = Self { more: in_headers(headers, is_paged), missing: None };
        if let Document::Json(Value::Object(map)) = document {
            found.look(map, "$", is_paged, 0);
        }
        found
    }

    /// The same of a page of which its author says how it tells that it is the last.
    pub(crate) fn of_last_page(self) -> Self {
        Self { more: None, ..self }
    }

    /// The table, if nothing says that it lacks rows. One figure, such as a total, is no less whole
    /// because of further rows, unless it was looked for among them and not found.
    pub(crate) fn checked(&self, table: Table, extract: &Extract) -> Result<Table, String> {
        let is_of_rows =
            matches!(extract, Extract::Rows(_) | Extract::Lists { .. } | Extract::Csv(_));
        let more = self.more.as_ref().filter(|_| is_of_rows || table.is_bare());
        match more.or(self.missing.as_ref()) {
            Some(words) => Err(words.clone()),
            None => Ok(table),
        }
    }

    fn look(&mut self, map: &Map<String, Value>, at: &str, is_paged: bool, depth: usize) {
        for (key, value) in map {
            let name = plain(key);
            let path = step(at, key);
            if MISSING.contains(&name.as_str()) && *value == Value::Bool(true) {
                self.missing.get_or_insert(format!("is not the whole: `{path}` is true"));
            }
            if let Some(missing) = less_than_all(&name, value, &path) {
                self.missing.get_or_insert(missing);
            }
            if let Some(more) = more(&name, value, &path, is_paged) {
                self.more.get_or_insert(more);
            }
            if let Value::Object(inner) = value
                && depth < DEPTH_MAX
                && (ENVELOPES.contains(&name.as_str()) || is_of_data(at, &name))
            {
                self.look(inner, &path, is_paged, depth + 1);
            }
        }
        if let Some(more) = counted(map, at).filter(|_| !is_paged) {
            self.more.get_or_insert(more);
        }
    }
}

/// Why a search that Elasticsearch could not carry out everywhere is not the whole.
fn less_than_all(name: &str, value: &Value, path: &str) -> Option<String> {
    let failed = value.get("failed").filter(|_| name == "shards")?;
    (failed.as_u64() > Some(0)).then(|| format!("is not the whole: `{path}.failed` is {failed}"))
}

/// GraphQL says of each list below `data` whether there is more of it.
fn is_of_data(at: &str, name: &str) -> bool {
    at == "$" && name == "data" || at.starts_with("$.data")
}

fn in_headers(headers: &HeaderMap, is_paged: bool) -> Option<String> {
    if pages::link(headers).is_some() {
        return Some(if is_paged {
            "is not the whole: its header `Link` names a next page, and `pages` found none"
                .to_owned()
        } else {
            "is a part: its header `Link` names a next page; add `pages: link_header`, which takes a \
             `reading: series` of JSON"
                .to_owned()
        });
    }
    let range = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    let (span, total) = range.split_once(' ')?.1.split_once('/')?;
    let (last, total) = (span.split_once('-')?.1.parse::<u64>().ok()?, total.parse::<u64>().ok()?);
    (last + 1 < total).then(|| {
        format!("is a part: its header `Content-Range` says {range}; ask for all, or for less")
    })
}

/// Why a value says that there is more, if it does.
fn more(name: &str, value: &Value, path: &str, is_paged: bool) -> Option<String> {
    let is_next = NEXT.contains(&name) && is_somewhere(value);
    let is_more = MORE.contains(&name) && *value == Value::Bool(true);
    let is_not_last = LAST.contains(&name) && *value == Value::Bool(false);
    let says = match value {
        _ if is_next => "names a next page",
        _ if is_more => "says that there is more",
        _ if is_not_last => "says that this is not the last page",
        _ => return None,
    };
    if is_paged {
        return Some(format!("is not the whole: `{path}` {says}, and `pages` found none"));
    }
    let is_address = |text: &str| text.starts_with("http") || text.starts_with(['/', '?']);
    let hint = match value {
        Value::String(text) if is_address(text) => {
            format!("add `pages: {{ next: \"{path}\" }}` to a `reading: series`")
        }
        _ => "say by `pages` of a `reading: series` how further pages are asked for, or ask for \
              fewer rows"
            .to_owned(),
    };
    Some(format!("is a part: `{path}` {says}; {hint}"))
}

/// Whether it is the address or mark of something.
fn is_somewhere(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.trim().is_empty(),
        Value::Number(number) => number.as_f64() > Some(0.0),
        Value::Object(map) => map.values().any(is_somewhere),
        Value::Null | Value::Bool(_) | Value::Array(_) => false,
    }
}

/// Why counts say that there is more: several pages, or fewer rows than in all.
fn counted(map: &Map<String, Value>, at: &str) -> Option<String> {
    let count = |names: &[&str]| {
        let held = map.iter().find(|(key, _)| names.contains(&plain(key).as_str()));
        held.and_then(|(key, value)| Some((key, value.as_u64()?)))
    };
    let hint = "say by `pages` of a `reading: series` how the others are asked for";
    if let Some((key, pages)) = count(&PAGES).filter(|(_, pages)| *pages > 1) {
        return Some(format!("is a part: `{}` says {pages} pages; {hint}", step(at, key)));
    }
    let (_, start) = count(&["startat", "offset", "skip"])?;
    let (_, most) = count(&["maxresults", "limit", "count", "pagesize", "top"])?;
    let (key, total) = count(&["total", "totalcount", "totalresults"])?;
    (most > 0 && start + most < total).then(|| {
        format!("is a part: `{}` says {total} rows, and {most} come; {hint}", step(at, key))
    })
}

/// A key without its signs, in small letters.
fn plain(key: &str) -> String {
    key.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

/// The JSONPath of a key.
fn step(at: &str, key: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_name = key.chars().all(is_word) && !key.starts_with(|c: char| c.is_ascii_digit());
    if is_name { format!("{at}.{key}") } else { format!("{at}['{key}']") }
}

#[cfg(test)]
mod tests {
    use reqwest::header::LINK;
    use serde_json::json;

    use super::*;

    fn of(document: Value, is_paged: bool) -> Whole {
        Whole::of(&HeaderMap::new(), &Document::Json(document), is_paged)
    }

    #[test]
    fn a_next_part_is_noticed_however_it_is_announced() {
        for (document, part) in [
            (
                json!({ "@odata.nextLink": "https://a.example/x?$skip=2", "value": [] }),
                "pages: { next: \"$['@odata.nextLink']\" }",
            ),
            (json!({ "next": "/v1/rows?page=2" }), "`$.next` names a next page; add `pages"),
            (json!({ "links": { "next": { "href": "/x" } } }), "`$.links.next` names a next page"),
            (json!({ "_links": { "next": { "href": "/x" } } }), "`$._links.next`"),
            (json!({ "paging": { "next": { "after": "9" } } }), "`$.paging.next`"),
            (json!({ "response_metadata": { "next_cursor": "abc" } }), "next_cursor"),
            (json!({ "nextPageToken": "t" }), "`$.nextPageToken`"),
            (json!({ "meta": { "has_more": true } }), "`$.meta.has_more` says that there is more"),
            (
                json!({ "data": { "deals": { "pageInfo": { "hasNextPage": true } } } }),
                "hasNextPage",
            ),
            (json!({ "isLast": false, "values": [] }), "not the last page"),
            (json!({ "startAt": 0, "maxResults": 50, "total": 120 }), "says 120 rows, and 50 come"),
            (json!({ "current_page": 1, "last_page": 3 }), "`$.last_page` says 3 pages"),
            (json!({ "page": 0, "totalPages": 2 }), "says 2 pages"),
        ] {
            let more = of(document.clone(), false).more.unwrap_or_default();
            assert!(more.starts_with("is a part: ") && more.contains(part), "{document}: {more}");
        }
    }

    #[test]
    fn a_last_part_is_the_whole() {
        for document in [
            json!({ "@odata.context": "x", "value": [] }),
            json!({ "next": null, "previous": "/x", "count": 2 }),
            json!({ "links": { "next": null, "self": "/x" } }),
            json!({ "response_metadata": { "next_cursor": "" } }),
            json!({ "hasMore": false, "isLast": true }),
            json!({ "startAt": 0, "maxResults": 50, "total": 50 }),
            json!({ "page": 1, "total_pages": 1 }),
            json!({ "rows": [{ "next": "/x" }], "plan": { "next": "2027" } }),
            json!([{ "next": "/x" }]),
        ] {
            assert_eq!(of(document.clone(), false).more, None, "{document}");
        }
    }

    #[test]
    fn headers_announce_parts_too() {
        let headers = |name, text: &str| [(name, text.parse().unwrap())].into_iter().collect();
        let csv = Document::Csv(Vec::new());
        let more = |headers: HeaderMap| Whole::of(&headers, &csv, false).more;
        let link = more(headers(LINK, "</x?page=2>; rel=next")).unwrap();
        assert!(link.contains("add `pages: link_header`"), "{link}");
        let range = more(headers(CONTENT_RANGE, "items 0-24/120")).unwrap();
        assert!(range.contains("items 0-24/120"), "{range}");
        assert_eq!(more(headers(CONTENT_RANGE, "items 0-119/120")), None);
        assert_eq!(more(headers(CONTENT_RANGE, "0-14/*")), None);
    }

    #[test]
    fn what_says_that_it_is_not_whole_is_an_error_of_every_figure() {
        for document in [
            json!({ "incomplete_results": true, "total_count": 7 }),
            json!({ "timed_out": true, "hits": { "total": 7 } }),
            json!({ "truncated": true }),
            json!({ "_shards": { "total": 5, "failed": 2 }, "hits": { "total": 7 } }),
        ] {
            assert!(of(document.clone(), true).missing.is_some(), "{document}");
        }
        assert_eq!(of(json!({ "truncated": false, "timed_out": false }), true).missing, None);
    }
}
