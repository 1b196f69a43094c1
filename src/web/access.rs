//! Who may look: anybody on loopback, elsewhere whoever has a token or comes through a proxy that
//! is trusted to have asked.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use ipnet::IpNet;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::web::peer::Peer;

/// Who may look.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// SHA-256 of each token; the tokens themselves are nowhere.
    pub tokens: Vec<[u8; 32]>,
    /// A header that a trusted proxy sets to the name of whoever it let through.
    pub trusted_header: Option<HeaderName>,
    /// From where that header is believed, beside this machine itself.
    pub trusted_proxies: Vec<IpNet>,
    /// The host that people reach it by, beside this machine's own names.
    pub public_host: Option<String>,
    /// The origin that their browsers know it by.
    pub public_origin: Option<String>,
    /// Whether others than this machine reach it: then nobody looks who is not asked.
    pub is_beyond_loopback: bool,
}

impl Access {
    /// Whether nobody is asked who they are.
    pub fn is_open(&self) -> bool {
        !self.is_beyond_loopback && !self.asks()
    }

    fn asks(&self) -> bool {
        !self.tokens.is_empty() || self.trusted_header.is_some()
    }

    /// Whether a listener with this access may stand at an address: one that others reach asks.
    pub fn suffices_at(&self, address: SocketAddr) -> bool {
        address.ip().is_loopback() || self.asks()
    }

    /// Whether a request means us. Where nobody is asked who they are, a page of somebody else's
    /// must not read ours through a name of its own that leads here.
    fn is_meant(&self, headers: &HeaderMap) -> bool {
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

    fn lets_in(&self, headers: &HeaderMap, peer: Option<Peer>) -> bool {
        self.is_open()
            || self.is_let_through(headers, peer)
            || token(headers).is_some_and(|token| self.knows(&token))
    }

    /// Whether a trusted proxy says that it let somebody through. Anybody can send a header, also a page
    /// of somebody else's in a browser on the proxy's own machine.
    fn is_let_through(&self, headers: &HeaderMap, peer: Option<Peer>) -> bool {
        self.named(headers, peer).is_some()
    }

    /// Whom a trusted proxy let through. Whoever has a token of their own is nobody in particular.
    pub(super) fn user<'h>(&self, headers: &'h HeaderMap, peer: Option<Peer>) -> Option<&'h str> {
        self.named(headers, peer)?.to_str().ok().map(str::trim).filter(|name| !name.is_empty())
    }

    fn named<'h>(&self, headers: &'h HeaderMap, peer: Option<Peer>) -> Option<&'h HeaderValue> {
        let named = headers.get(self.trusted_header.as_ref()?).filter(|name| !name.is_empty())?;
        let is_believed = peer.is_some_and(|peer| self.trusts(peer)) && self.is_ours(headers);
        is_believed.then_some(named)
    }

    fn trusts(&self, Peer(peer): Peer) -> bool {
        peer.is_loopback() || self.trusted_proxies.iter().any(|known| known.contains(&peer))
    }

    /// Takes as long for a token that is nearly right as for any other.
    pub(super) fn knows(&self, token: &str) -> bool {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        self.tokens.iter().fold(false, |known, held| known | bool::from(held.ct_eq(&hash)))
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

/// Turns away whoever may not look.
pub(super) async fn guard(State(access): State<Access>, request: Request, next: Next) -> Response {
    if !access.is_meant(request.headers()) {
        let words = "this name is not known here; set `web.public_url` to it\n";
        return (StatusCode::MISDIRECTED_REQUEST, words).into_response();
    }
    let peer = request.extensions().get::<Peer>().copied();
    if access.lets_in(request.headers(), peer) {
        return next.run(request).await;
    }
    let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"kpid\", charset=\"UTF-8\"")];
    (StatusCode::UNAUTHORIZED, ask, "a token is needed\n").into_response()
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

    #[test]
    fn only_a_known_token_opens() {
        let hashed: [u8; 32] = Sha256::digest(b"let me in").into();
        let tokens = Access { tokens: vec![hashed], ..Access::default() };
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
                tokens.lets_in(&headers(&[("authorization", header)]), None),
                is_in,
                "{header}"
            );
        }
        assert!(!tokens.lets_in(&HeaderMap::new(), None));
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
            assert_eq!(proxied.lets_in(&headers, peer), is_in, "{peer:?} {host} {user}");
            assert!(!proxied.lets_in(&headers, None));
        }
        let peer = Some(Peer("127.0.0.1".parse().unwrap()));
        assert!(!proxied.lets_in(&self::headers(&[("host", "localhost")]), peer));
    }

    #[test]
    fn beyond_loopback_nobody_looks_where_nobody_is_asked() {
        let shut = Access { is_beyond_loopback: true, ..Access::default() };
        assert!(!shut.lets_in(&headers(&[("authorization", "Bearer let me in")]), None));
        assert!(!shut.lets_in(&HeaderMap::new(), None));
        assert!(Access::default().lets_in(&HeaderMap::new(), None));
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
        let asking = Access { tokens: vec![[0; 32]], ..Access::default() };
        assert!(asking.is_meant(&headers(&[("host", "evil.example")])), "a token is asked for");
    }

    #[test]
    fn what_others_reach_is_never_open() {
        let open = Access::default();
        let closed = Access { tokens: vec![[0; 32]], ..Access::default() };
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
