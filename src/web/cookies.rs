//! Cookies: what a browser sends, and what it is told to keep.

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::TimeDelta;
use url::Url;

/// Browsers take a cookie so called only over TLS, for this host alone and for all of it: no page of a
/// neighbour plants one.
const HOST_PREFIX: &str = "__Host-";

/// The names and attributes of cookies at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CookieJar {
    is_encrypted: bool,
}

impl CookieJar {
    /// Those of whoever is reached by an address.
    pub(super) fn at(public_url: &Url) -> Self {
        Self { is_encrypted: public_url.scheme() == "https" }
    }

    /// The cookies whose name begins so, without that beginning.
    pub(super) fn all<'h>(
        self,
        headers: &'h HeaderMap,
        prefix: &str,
    ) -> impl Iterator<Item = (&'h str, &'h str)> {
        let prefix = self.name(prefix);
        pairs(headers).filter_map(move |(name, value)| Some((name.strip_prefix(&prefix)?, value)))
    }

    /// The value of a cookie. One that comes twice is somebody else's work.
    pub(super) fn get<'h>(self, headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
        let name = self.name(name);
        let mut found = pairs(headers).filter(|(held, _)| *held == name).map(|(_, value)| value);
        let (Some(value), None) = (found.next(), found.next()) else { return None };
        Some(value)
    }

    /// Has a browser keep a cookie for a while. Scripts do not see it, and pages elsewhere do not send it
    /// with what they post.
    pub(super) fn set(self, name: &str, value: &str, age_max: TimeDelta) -> Option<HeaderValue> {
        let secure = if self.is_encrypted { "; Secure" } else { "" };
        let text = format!(
            "{}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
            self.name(name),
            age_max.num_seconds()
        );
        HeaderValue::from_str(&text).ok()
    }

    /// Has a browser forget a cookie.
    pub(super) fn unset(self, name: &str) -> Option<HeaderValue> {
        self.set(name, "", TimeDelta::zero())
    }

    fn name(self, name: &str) -> String {
        let prefix = if self.is_encrypted { HOST_PREFIX } else { "" };
        format!("{prefix}{name}")
    }
}

/// What a browser sends, by name.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|held| held.to_str().ok());
    cookies.flat_map(|held| held.split(';')).filter_map(|it| it.trim().split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_for_this_host_and_no_script() {
        let jar = |url: &str| CookieJar::at(&Url::parse(url).unwrap());
        let https = jar("https://kpi.calder.example/");
        let set = https.set("kpid", "abc", TimeDelta::hours(1)).unwrap();
        assert_eq!(set, "__Host-kpid=abc; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(
            https.unset("kpid").unwrap(),
            "__Host-kpid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"
        );
        let http = jar("http://127.0.0.1:8420/");
        assert_eq!(http.unset("kpid").unwrap(), "kpid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
        for (sent, found) in [
            (&["__Host-kpid=abc"][..], Some("abc")),
            (&["a=b; __Host-kpid=abc; c=d"], Some("abc")),
            (&["a=b", "__Host-kpid=abc"], Some("abc")),
            (&["kpid=abc"], None),
            (&["__host-kpid=abc"], None),
            (&["__Host-kpid=abc; __Host-kpid=def"], None),
            (&["__Host-kpid=abc", "__Host-kpid=abc"], None),
        ] {
            let mut headers = HeaderMap::new();
            for cookie in sent {
                headers.append(header::COOKIE, cookie.parse().unwrap());
            }
            assert_eq!(https.get(&headers, "kpid"), found, "{sent:?}");
        }
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            "__Host-x-a=1; x-b=2; __Host-x-c=3; __Host-y=4".parse().unwrap(),
        );
        assert_eq!(https.all(&headers, "x-").collect::<Vec<_>>(), [("a", "1"), ("c", "3")]);
    }
}
