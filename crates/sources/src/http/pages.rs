//! Where the next page of an answer is.

use reqwest::header::{HeaderMap, LINK};
use serde_json::Value;
use url::Url;

use crate::http::Pages;

/// More pages than this are the wrong question, or a page that leads to itself.
pub(crate) const PAGES_MAX: usize = 100;

/// One page that came.
pub(crate) struct Page<'a> {
    pub(crate) url: &'a Url,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) document: &'a Value,
    /// Rows on it.
    pub(crate) rows: usize,
    /// Which it was, from 1.
    pub(crate) number: usize,
}

impl Pages {
    /// The first page's address, where it is more than the question's.
    pub(crate) fn first(&self, url: Url) -> Url {
        match self {
            Self::Number(parameter) => with(url, parameter, "1"),
            Self::LinkHeader | Self::Next(_) | Self::Cursor { .. } => url,
        }
    }

    /// The next page's address; none after the last. It stays at the API's own origin.
    pub(crate) fn next(&self, page: &Page<'_>) -> Result<Option<Url>, String> {
        let next = match self {
            Self::LinkHeader => link(page.headers).map(|to| join(page.url, &to)).transpose()?,
            Self::Next(path) => text(path.query(page.document).all().first().copied())
                .map(|to| join(page.url, &to))
                .transpose()?,
            Self::Number(_) if page.rows == 0 => None,
            Self::Number(parameter) => {
                Some(with(page.url.clone(), parameter, &(page.number + 1).to_string()))
            }
            Self::Cursor { path, parameter } => {
                let cursor = text(path.query(page.document).all().first().copied());
                cursor.map(|cursor| with(page.url.clone(), parameter, &cursor))
            }
        };
        match next {
            Some(next) if next.origin() != page.url.origin() => Err(format!(
                "names a next page at {}, which is not followed",
                next.origin().ascii_serialization()
            )),
            Some(next) if next == *page.url => Err("names itself as its next page".to_owned()),
            next => Ok(next),
        }
    }
}

fn join(base: &Url, to: &str) -> Result<Url, String> {
    base.join(to).map_err(|_| "names a next page that is no address".to_owned())
}

/// A text or number that says something.
fn text(node: Option<&Value>) -> Option<String> {
    match node? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The same address with a query parameter set.
fn with(mut url: Url, parameter: &str, value: &str) -> Url {
    let others: Vec<(String, String)> =
        url.query_pairs().into_owned().filter(|(name, _)| name != parameter).collect();
    url.query_pairs_mut().clear().extend_pairs(others).append_pair(parameter, value);
    url
}

/// The target of `rel="next"` (RFC 8288).
fn link(headers: &HeaderMap) -> Option<String> {
    let texts = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let links = texts.flat_map(|text| text.split(",").map(str::trim).collect::<Vec<_>>());
    links
        .filter_map(|link| link.split_once('>'))
        .find(|(_, rest)| {
            let relations = rest.split(';').filter_map(|part| part.trim().strip_prefix("rel="));
            relations.map(|rel| rel.trim_matches('"')).any(|rel| rel == "next")
        })
        .map(|(target, _)| target.trim_start_matches('<').to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serde_json_path::JsonPath;

    use super::*;

    fn next(pages: &Pages, link: &str, document: &Value, rows: usize) -> Result<String, String> {
        let url = Url::parse("https://api.example/v1/rows?size=2&page=3").unwrap();
        let headers = [(LINK, link.parse().unwrap())].into_iter().collect();
        let page = Page { url: &url, headers: &headers, document, rows, number: 3 };
        pages.next(&page).map(|next| next.map(|next| next.to_string()).unwrap_or_default())
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
        let number = Pages::Number("page".to_owned());
        assert_eq!(
            next(&number, "", &nothing, 2).unwrap(),
            "https://api.example/v1/rows?size=2&page=4"
        );
        assert_eq!(next(&number, "", &nothing, 0).unwrap(), "");
        let cursor = Pages::Cursor { path: path("$.meta.cursor"), parameter: "after".to_owned() };
        let held = json!({ "meta": { "cursor": "a b" } });
        assert!(next(&cursor, "", &held, 2).unwrap().ends_with("page=3&after=a+b"));
        let itself = json!({ "next": "https://api.example/v1/rows?size=2&page=3" });
        assert!(next(&in_body, "", &itself, 2).unwrap_err().contains("itself"));
    }
}
