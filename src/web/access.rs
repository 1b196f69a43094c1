//! Who may look: anybody on loopback, elsewhere whoever has a token or comes through a proxy that
//! is trusted to have asked.

use std::net::SocketAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Who may look.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// SHA-256 of each token; the tokens themselves are nowhere.
    pub tokens: Vec<[u8; 32]>,
    /// A header that only a trusted proxy sets, to the name of whoever it let through.
    pub trusted_header: Option<HeaderName>,
}

impl Access {
    /// Whether nobody is asked who they are.
    pub fn is_open(&self) -> bool {
        self.tokens.is_empty() && self.trusted_header.is_none()
    }

    /// Whether a listener with this access may stand at an address: one that others reach asks.
    pub fn suffices_at(&self, address: SocketAddr) -> bool {
        address.ip().is_loopback() || !self.is_open()
    }

    fn lets_in(&self, headers: &HeaderMap) -> bool {
        let trusted = self.trusted_header.as_ref().and_then(|name| headers.get(name));
        self.is_open()
            || trusted.is_some_and(|name| !name.is_empty())
            || token(headers).is_some_and(|token| self.knows(&token))
    }

    /// Takes as long for a token that is nearly right as for any other.
    fn knows(&self, token: &str) -> bool {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        self.tokens.iter().fold(false, |known, held| known | bool::from(held.ct_eq(&hash)))
    }
}

/// The SHA-256 of a token in hex, as configurations keep it.
pub fn hash(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `Authorization: Bearer TOKEN`, or the password of `Basic`, which browsers ask people for.
fn token(headers: &HeaderMap) -> Option<String> {
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
    if access.lets_in(request.headers()) {
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
    fn only_a_known_token_or_a_trusted_proxy_opens() {
        let hashed: [u8; 32] = Sha256::digest(b"let me in").into();
        let tokens = Access { tokens: vec![hashed], trusted_header: None };
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
            assert_eq!(tokens.lets_in(&headers(&[("authorization", header)])), is_in, "{header}");
        }
        assert!(!tokens.lets_in(&HeaderMap::new()));
        let name = HeaderName::from_static("x-remote-user");
        let proxied = Access { tokens: Vec::new(), trusted_header: Some(name) };
        assert!(proxied.lets_in(&headers(&[("x-remote-user", "ines")])));
        assert!(!proxied.lets_in(&headers(&[("x-remote-user", "")])));
        assert!(!proxied.lets_in(&HeaderMap::new()));
    }

    #[test]
    fn what_others_reach_is_never_open() {
        let open = Access::default();
        let closed = Access { tokens: vec![[0; 32]], trusted_header: None };
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
