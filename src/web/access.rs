//! Who may look: anybody on loopback, elsewhere whoever has a token, is logged in, or comes through a proxy
//! that is trusted to have asked.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::http::{HeaderMap, HeaderName, Method, header, uri::Authority};
use base64::{Engine, prelude::BASE64_STANDARD};
use ipnet::IpNet;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::web::peer::Peer;
use kpid_config::setup::{TokenScope, WebToken};
use kpid_store::SessionId;

/// Who may look.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Tokens by their hashes.
    pub tokens: Arc<[WebToken]>,
    /// A header that a trusted proxy sets to the name of whoever it let through.
    pub trusted_header: Option<HeaderName>,
    /// From where that header is believed, beside this machine itself.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether people log in here.
    pub has_login: bool,
    /// The host that people reach it by, beside this machine's own names.
    pub public_host: Option<String>,
    /// The origin that their browsers know it by.
    pub public_origin: Option<String>,
    /// Whether others than this machine reach it: then nobody looks who is not asked.
    pub is_beyond_loopback: bool,
}

/// As whom a request is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admitted<'a> {
    /// Somebody on this machine, where nobody is asked.
    Local,
    /// Whom a trusted proxy let through.
    User(&'a str),
    /// Whoever logged in here.
    LoggedIn(&'a LoggedIn),
    /// Whoever has this token.
    Holder(&'a WebToken),
}

/// Somebody who logged in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LoggedIn {
    /// By what their session is found.
    pub(super) id: SessionId,
    /// What the provider calls them.
    pub(super) user: String,
    /// The groups that it names.
    pub(super) groups: Vec<String>,
}

impl Admitted<'_> {
    /// Whether what is asked for is theirs to see: a token of a wall opens walls, and what is about all
    /// scorecards at once is not for a token of some.
    pub(super) fn may_ask(self, path: &str) -> bool {
        let Self::Holder(token) = self else { return true };
        match token.scope {
            TokenScope::Wall => path.starts_with("/wall/"),
            TokenScope::Read | TokenScope::Act => token.scorecards.is_empty() || path != "/metrics",
        }
    }
}

impl Access {
    /// Whether nobody is asked who they are.
    pub fn is_open(&self) -> bool {
        !self.is_beyond_loopback && !self.asks()
    }

    fn asks(&self) -> bool {
        !self.tokens.is_empty() || self.trusted_header.is_some() || self.has_login
    }

    /// Whether a listener with this access may stand at an address: one that others reach asks.
    pub fn suffices_at(&self, address: SocketAddr) -> bool {
        address.ip().is_loopback() || self.asks()
    }

    /// Whether a request means us. Where nobody is asked who they are, a page of somebody else's
    /// must not read ours through a name of its own that leads here.
    pub(super) fn is_meant(&self, headers: &HeaderMap) -> bool {
        !self.is_open() || self.is_ours(headers)
    }

    /// Whether a request names us as we are known.
    fn is_ours(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.and_then(|host| host.parse::<Authority>().ok());
        let Some(host) = host else { return false };
        let name = host.host().trim_matches(['[', ']']);
        let is_own = name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let is_public =
            self.public_host.as_ref().is_some_and(|public| public.eq_ignore_ascii_case(name));
        is_own || is_public
    }

    /// Whether something that a cookie would be the authority for comes from a page of ours: every browser says
    /// from where a form is, and one without TLS is anybody's who listens.
    pub(super) fn is_own(&self, method: &Method, headers: &HeaderMap) -> bool {
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return true;
        }
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (Some(origin), None) => {
                self.public_origin.as_ref().is_some_and(|own| origin.as_bytes() == own.as_bytes())
            }
            (Some(_), Some(_)) => false,
            (None, _) => headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin"),
        }
    }

    /// As whom a request is let in, if it is.
    pub(super) fn admits<'a>(
        &'a self,
        headers: &'a HeaderMap,
        peer: Option<Peer>,
        logged_in: Option<&'a LoggedIn>,
    ) -> Option<Admitted<'a>> {
        if self.is_open() {
            return Some(Admitted::Local);
        }
        let user = self.user(headers, peer).map(Admitted::User);
        let user = user.or_else(|| logged_in.map(Admitted::LoggedIn));
        user.or_else(|| self.holder(&token(headers)?).map(Admitted::Holder))
    }

    /// Whom a trusted proxy let through. Anybody can send a header, also a page of somebody else's in a
    /// browser on the proxy's own machine. Where a proxy has added its header to one that was sent, nobody
    /// knows which is its own.
    fn user<'h>(&self, headers: &'h HeaderMap, peer: Option<Peer>) -> Option<&'h str> {
        let mut named = headers.get_all(self.trusted_header.as_ref()?).iter();
        let (Some(user), None) = (named.next(), named.next()) else { return None };
        let is_trusted = peer.is_some_and(|peer| peer.is_trusted(&self.trusted_proxies));
        let is_believed = is_trusted && self.is_ours(headers);
        let user = Some(user).filter(|_| is_believed)?;
        str::from_utf8(user.as_bytes()).ok().map(str::trim).filter(|name| !name.is_empty())
    }

    /// Which token it is. Takes as long for one that is nearly right as for any other.
    pub(super) fn holder(&self, token: &str) -> Option<&WebToken> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let is_it = |held: &WebToken| bool::from(held.sha256.ct_eq(&hash));
        self.tokens.iter().fold(None, |found, held| if is_it(held) { Some(held) } else { found })
    }
}

/// The SHA-256 of a token in hex, as configurations keep it.
pub fn hash(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `Authorization: Bearer TOKEN`, or the password of `Basic`, which browsers ask people for.
pub(super) fn token(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = text.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(rest.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), value.parse().unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    fn held(token: &str) -> WebToken {
        WebToken {
            name: "grafana".to_owned(),
            sha256: Sha256::digest(token.as_bytes()).into(),
            scope: TokenScope::Read,
            scorecards: Vec::new(),
        }
    }

    #[test]
    fn a_token_of_a_wall_opens_walls_and_one_of_some_scorecards_not_what_is_about_all() {
        let acme = || vec![kpid_rules::model::Id::parse("acme").unwrap()];
        let wall = WebToken { scope: TokenScope::Wall, ..held("w") };
        let some = WebToken { scorecards: acme(), ..held("s") };
        let all = held("a");
        for (path, of_wall, of_some) in [
            ("/wall/acme", true, true),
            ("/wall", false, true),
            ("/", false, true),
            ("/wallpaper", false, true),
            ("//wall/acme", false, true),
            ("/c/acme", false, true),
            ("/api/v1/standing", false, true),
            ("/metrics", false, false),
        ] {
            assert_eq!(Admitted::Holder(&wall).may_ask(path), of_wall, "{path}");
            assert_eq!(Admitted::Holder(&some).may_ask(path), of_some, "{path}");
            assert!(Admitted::Holder(&all).may_ask(path) && Admitted::Local.may_ask(path));
        }
    }

    #[test]
    fn only_a_known_token_opens() {
        let tokens = Access { tokens: [held("let me in")].into(), ..Access::default() };
        let basic = format!("Basic {}", BASE64_STANDARD.encode("anybody:let me in"));
        for (header, is_in) in [
            ("Bearer let me in", true),
            ("bearer let me in", true),
            (basic.as_str(), true),
            ("Bearer let me out", false),
            ("Bearer ", false),
            ("Basic nonsense", false),
            ("let me in", false),
        ] {
            assert_eq!(
                tokens.admits(&headers(&[("authorization", header)]), None, None).is_some(),
                is_in,
                "{header}"
            );
        }
        assert!(tokens.admits(&HeaderMap::new(), None, None).is_none());
    }

    #[test]
    fn a_header_is_believed_of_a_trusted_proxy_that_asks_for_us() {
        let proxied = Access {
            trusted_header: Some(HeaderName::from_static("x-remote-user")),
            trusted_proxies: vec!["10.1.0.0/16".parse().unwrap(), "fd00::7/128".parse().unwrap()],
            public_host: Some("kpi.calder.example".to_owned()),
            is_beyond_loopback: true,
            ..Access::default()
        };
        for (peer, host, user, is_in) in [
            ("127.0.0.1", "kpi.calder.example", "ines", true),
            ("::1", "localhost:8420", "ines", true),
            ("10.1.7.7", "kpi.calder.example", "ines", true),
            ("fd00::7", "kpi.calder.example", "ines", true),
            ("10.2.0.1", "kpi.calder.example", "ines", false),
            ("10.1.7.7", "kpi.calder.example", "", false),
            ("10.1.7.7", "evil.example", "ines", false),
            ("127.0.0.1", "evil.example", "ines", false),
        ] {
            let headers = headers(&[("x-remote-user", user), ("host", host)]);
            let peer = Some(Peer(peer.parse().unwrap()));
            let admitted = is_in.then_some(Admitted::User(user));
            assert_eq!(proxied.admits(&headers, peer, None), admitted, "{peer:?} {host} {user}");
            assert_eq!(proxied.admits(&headers, None, None), None);
            let mut twice = headers.clone();
            twice.append("x-remote-user", "chair".parse().unwrap());
            assert_eq!(proxied.admits(&twice, peer, None), None, "whose is which?");
        }
        let peer = Some(Peer("127.0.0.1".parse().unwrap()));
        assert_eq!(proxied.admits(&self::headers(&[("host", "localhost")]), peer, None), None);
    }

    #[test]
    fn beyond_loopback_nobody_looks_where_nobody_is_asked() {
        let shut = Access { is_beyond_loopback: true, ..Access::default() };
        assert_eq!(
            shut.admits(&headers(&[("authorization", "Bearer let me in")]), None, None),
            None
        );
        assert_eq!(shut.admits(&HeaderMap::new(), None, None), None);
        assert_eq!(Access::default().admits(&HeaderMap::new(), None, None), Some(Admitted::Local));
    }

    #[test]
    fn a_name_of_somebody_elses_does_not_lead_here() {
        let public_host = Some("kpi.calder.example".to_owned());
        let open = Access { public_host, ..Access::default() };
        for (host, is_meant) in [
            ("127.0.0.1:8420", true),
            ("localhost:8420", true),
            ("[::1]:8420", true),
            ("KPI.calder.example", true),
            ("evil.example:8420", false),
            ("127.0.0.1.evil.example", false),
        ] {
            assert_eq!(open.is_meant(&headers(&[("host", host)])), is_meant, "{host}");
        }
        assert!(!open.is_meant(&HeaderMap::new()));
        let asking = Access { tokens: [held("x")].into(), ..Access::default() };
        assert!(asking.is_meant(&headers(&[("host", "evil.example")])), "a token is asked for");
    }

    #[test]
    fn what_a_cookie_is_the_authority_for_comes_from_a_page_of_ours() {
        let public_origin = Some("https://kpi.calder.example".to_owned());
        let access = Access { public_origin, ..Access::default() };
        let (own, evil) =
            (("origin", "https://kpi.calder.example"), ("origin", "https://evil.example"));
        let (here, near) = (("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-site"));
        for (sent, is_own) in [
            (&[own][..], true),
            (&[own, here], true),
            (&[here], true),
            (&[], false),
            (&[near], false),
            (&[evil], false),
            (&[evil, here], false),
            (&[own, evil], false),
            (&[own, own], false),
            (&[("origin", "null")], false),
            (&[("origin", "http://kpi.calder.example")], false),
            (&[("origin", "https://kpi.calder.example.evil.example")], false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in sent {
                headers.append(*name, value.parse().unwrap());
            }
            assert_eq!(access.is_own(&Method::POST, &headers), is_own, "{sent:?}");
            assert!(access.is_own(&Method::GET, &headers), "looking changes nothing");
        }
    }

    #[test]
    fn what_others_reach_is_never_open() {
        let open = Access::default();
        let closed = Access { tokens: [held("x")].into(), ..Access::default() };
        for (address, is_loopback) in [
            ("127.0.0.1:8420", true),
            ("[::1]:8420", true),
            ("0.0.0.0:8420", false),
            ("[::]:1", false),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(open.suffices_at(address), is_loopback, "{address}");
            assert!(closed.suffices_at(address));
        }
    }
}
