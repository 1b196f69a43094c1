//! An ID token (OpenID Connect Core, 3.1.3.7): who signed it, for whom, until when, and what it says. Nothing
//! of it is read before its signature is, but by which key that is.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use crate::web::login::keys::{Algorithm, KeySet, Signed};

/// Two clocks may differ by so much.
const LEEWAY_SECONDS: f64 = 60.0;

/// One with every group of a large company is less.
const TOKEN_BYTES_MAX: usize = 128 << 10;

/// What a token has to be about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    /// What this login gave the provider, to be written into the token.
    pub(super) nonce: &'a str,
    pub(super) now: DateTime<Utc>,
}

/// What a token says that is believed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Claims {
    /// Who, as the provider numbers them.
    pub(super) subject: String,
    /// Everything.
    pub(super) all: Map<String, Value>,
}

/// Why a token is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum IdTokenError {
    #[error("the ID token is not three parts of base64 and JSON")]
    Malformed,
    #[error("the ID token is signed by `{0}`; have the provider sign with RS256, PS256 or ES256")]
    Algorithm(String),
    #[error("the ID token demands `{0}`, which kpid does not know")]
    Critical(String),
    #[error("the ID token is signed with a key that the provider does not publish")]
    UnknownKey,
    #[error("the signature of the ID token is wrong")]
    Signature,
    #[error("the ID token is of another issuer, `{0}`; compare it with `web.oidc.issuer`")]
    Issuer(String),
    #[error("the ID token is for somebody else; compare `web.oidc.client_id` with the provider's")]
    Audience,
    #[error("the ID token is of another login")]
    Nonce,
    #[error("the ID token has no valid `{0}`")]
    Missing(&'static str),
    #[error(
        "the ID token expired {0} s ago: the clock of this machine or of the provider is wrong"
    )]
    Expired(i64),
    #[error(
        "the ID token holds only in {0} s: the clock of this machine or of the provider is wrong"
    )]
    NotYet(i64),
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

/// Reads a token that is signed with one of the keys.
pub(super) fn read(
    token: &str,
    keys: &KeySet,
    expected: &Expected<'_>,
) -> Result<Claims, IdTokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(IdTokenError::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(IdTokenError::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(IdTokenError::Malformed)?;
    let bytes = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part);
    let bytes = |part: &str| bytes(part).map_err(|_| IdTokenError::Malformed);
    let header: Header =
        serde_json::from_slice(&bytes(header)?).map_err(|_| IdTokenError::Malformed)?;
    if let Some(critical) = &header.crit {
        return Err(IdTokenError::Critical(critical.to_string()));
    }
    // Another kind of token of the same provider says something else.
    if header.typ.as_ref().is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
        return Err(IdTokenError::Malformed);
    }
    let algorithm = Algorithm::parse(&header.alg).ok_or(IdTokenError::Algorithm(header.alg))?;
    let signature = bytes(signature)?;
    match keys.verify(algorithm, header.kid.as_deref(), signed.as_bytes(), &signature) {
        Signed::Good => {}
        Signed::Bad => return Err(IdTokenError::Signature),
        Signed::UnknownKey => return Err(IdTokenError::UnknownKey),
    }
    let claims: Map<String, Value> =
        serde_json::from_slice(&bytes(payload)?).map_err(|_| IdTokenError::Malformed)?;
    check(claims, expected)
}

fn check(all: Map<String, Value>, expected: &Expected<'_>) -> Result<Claims, IdTokenError> {
    let text = |name: &'static str| all.get(name).and_then(Value::as_str);
    let issuer = text("iss").ok_or(IdTokenError::Missing("iss"))?;
    if issuer != expected.issuer {
        return Err(IdTokenError::Issuer(issuer.to_owned()));
    }
    check_audience(&all, expected.client_id)?;
    check_times(&all, expected.now)?;
    let nonce = text("nonce").ok_or(IdTokenError::Missing("nonce"))?;
    if !bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
        return Err(IdTokenError::Nonce);
    }
    let subject = text("sub").filter(|subject| !subject.is_empty());
    let subject = subject.ok_or(IdTokenError::Missing("sub"))?.to_owned();
    Ok(Claims { subject, all })
}

/// That the token is for us: alone, or named as the one that it was made for.
fn check_audience(all: &Map<String, Value>, client_id: &str) -> Result<(), IdTokenError> {
    let audience: Vec<&str> = match all.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => return Err(IdTokenError::Missing("aud")),
    };
    let is_for_us = match all.get("azp") {
        Some(party) => party.as_str() == Some(client_id),
        None => audience.len() == 1,
    };
    let is_among = audience.contains(&client_id);
    if is_for_us && is_among { Ok(()) } else { Err(IdTokenError::Audience) }
}

fn check_times(all: &Map<String, Value>, now: DateTime<Utc>) -> Result<(), IdTokenError> {
    #[expect(clippy::cast_precision_loss, reason = "seconds of an epoch are exact")]
    let now = now.timestamp() as f64;
    #[expect(clippy::cast_possible_truncation, reason = "a number of seconds to be read")]
    let whole = |seconds: f64| seconds as i64;
    let until = all.get("exp").and_then(Value::as_f64).ok_or(IdTokenError::Missing("exp"))?;
    let made = all.get("iat").and_then(Value::as_f64).ok_or(IdTokenError::Missing("iat"))?;
    let from = match all.get("nbf") {
        Some(from) => from.as_f64().ok_or(IdTokenError::Missing("nbf"))?.max(made),
        None => made,
    };
    if now >= until + LEEWAY_SECONDS {
        return Err(IdTokenError::Expired(whole(now - until)));
    }
    if now + LEEWAY_SECONDS < from {
        return Err(IdTokenError::NotYet(whole(from - now)));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
