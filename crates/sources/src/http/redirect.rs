//! Redirects: followed a few times, on their own host, by the same method and with all that was sent.
//! What would ask something else is an error that names the address.

use reqwest::{
    StatusCode,
    header::{HeaderMap, LOCATION},
};
use url::Url;

use crate::http::redaction::shown_url;

/// An API that moved answers within a few; more is a loop.
pub(crate) const REDIRECTS_MAX: usize = 5;

/// A request that has been answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnsweredRequest<'a> {
    /// The address its author wrote.
    pub(crate) first: &'a Url,
    /// Where it was asked in the end.
    pub(crate) at: &'a Url,
    /// How often it was redirected to get there.
    pub(crate) followed: usize,
    /// Whether it is a GET without anything sent along.
    pub(crate) is_bare: bool,
}

/// Where the same is asked instead; none where this is the answer.
pub(crate) fn next(
    asked: &AnsweredRequest<'_>,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Option<Url>, String> {
    let Some(to) = location(asked.at, status, headers)? else { return Ok(None) };
    if asked.followed == REDIRECTS_MAX {
        return Err(format!("redirects more than {REDIRECTS_MAX} times"));
    }
    let is_upgrade = (asked.first.scheme(), to.scheme()) == ("http", "https");
    let is_same_host = to.host() == asked.first.host();
    if to.origin() != asked.first.origin() && !(is_same_host && is_upgrade) {
        let origin = to.origin().ascii_serialization();
        return Err(format!(
            "redirects to {origin}, which is not followed; write that into base_url"
        ));
    }
    let address = shown_url(&to);
    if status == StatusCode::SEE_OTHER && !asked.is_bare {
        return Err(format!(
            "redirects to {address} by 303, to be asked there by GET and without what is sent; write \
             that address as `get` if it is meant"
        ));
    }
    if drops_query(asked.at, &to, status) {
        return Err(format!(
            "redirects to {address}, without the query that was asked; write that address in its place"
        ));
    }
    Ok(Some(to))
}

fn location(at: &Url, status: StatusCode, headers: &HeaderMap) -> Result<Option<Url>, String> {
    let is_redirect = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let Some(to) = headers.get(LOCATION).filter(|_| is_redirect) else { return Ok(None) };
    let to = to.to_str().ok().and_then(|to| at.join(to).ok());
    let mut to = to.ok_or("redirects to what is not an address")?;
    to.set_fragment(None);
    Ok(Some(to))
}

/// Whether a period or filter in the query would be lost on the way to what is the same address
/// otherwise; a result may well be somewhere else.
fn drops_query(at: &Url, to: &Url, status: StatusCode) -> bool {
    let has_query = |url: &Url| url.query().is_some_and(|query| !query.is_empty());
    let path = |url: &Url| url.path().trim_end_matches('/').to_ascii_lowercase();
    let is_for_good =
        [StatusCode::MOVED_PERMANENTLY, StatusCode::PERMANENT_REDIRECT].contains(&status);
    has_query(at) && !has_query(to) && (is_for_good || path(at) == path(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(status: u16, is_bare: bool, to: &str) -> Result<String, String> {
        let at = Url::parse("http://api.example/v1/deals?m=2026-05").unwrap();
        let asked = AnsweredRequest { first: &at, at: &at, followed: 0, is_bare };
        let headers = [(LOCATION, to.parse().unwrap())].into_iter().collect();
        let next = next(&asked, StatusCode::from_u16(status).unwrap(), &headers);
        next.map(|to| to.map(|to| to.to_string()).unwrap_or_default())
    }

    #[test]
    fn a_redirect_keeps_what_is_asked_or_is_an_error() {
        for (status, is_bare, to) in [
            (301, true, "/v1/deals/?m=2026-05"),
            (301, false, "/v1/deals/?m=2026-05"),
            (302, false, "/v2/deals?m=2026-05"),
            (308, false, "/v2/deals?m=2026-05"),
            (303, true, "/results/7"),
            (302, true, "/results/7"),
        ] {
            assert_eq!(followed(status, is_bare, to), Ok(format!("http://api.example{to}")));
        }
        let upgraded = "https://api.example/v1/deals?m=2026-05";
        assert_eq!(followed(301, true, upgraded), Ok(upgraded.into()));
        for (status, is_bare, to, part) in [
            (303, false, "/results/7", "by GET and without what is sent"),
            (302, true, "/v1/deals/", "http://api.example/v1/deals/, without the query"),
            (301, true, "/v2/deals", "without the query that was asked"),
            (302, true, "http://elsewhere.example/", "http://elsewhere.example, which is not"),
            (
                302,
                true,
                "https://u:p@elsewhere.example/",
                "https://elsewhere.example, which is not",
            ),
            (302, true, "http://[", "is not an address"),
        ] {
            let words = followed(status, is_bare, to).unwrap_err();
            assert!(words.contains(part), "{words}");
        }
        assert_eq!(followed(300, true, "/v2"), Ok(String::new()), "a choice is no redirect");
    }
}
