//! Tokens by client credentials (OAuth 2, RFC 6749 §4.4): fetched by one, used by all, and fetched
//! anew before they expire.

use std::time::Duration;

use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::{sync::Mutex, time::Instant};
use url::Url;

use crate::http::failure::broken;

/// A token without a word about its end is used for so long.
const LIFE: Duration = Duration::from_secs(300);

/// A token is not used in its last moments: it would expire on the way.
const EARLY: Duration = Duration::from_secs(30);

/// A token's answer is short.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Fetches and keeps the token of one connection.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    /// Held while one fetches, so that the others wait for that one.
    held: Mutex<Option<Held>>,
}

#[derive(Debug)]
struct Held {
    token: SecretString,
    until: Instant,
}

/// By whom tokens are asked for.
pub(crate) struct Credentials<'a> {
    pub(crate) token_url: &'a Url,
    pub(crate) client_id: &'a str,
    pub(crate) client_secret: &'a SecretString,
    pub(crate) scope: Option<&'a str>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    expires_in: Option<u64>,
}

impl Tokens {
    /// A token that is good now. What was `refused` is not given out again.
    pub(crate) async fn token(
        &self,
        http: &Client,
        credentials: &Credentials<'_>,
        refused: Option<&SecretString>,
    ) -> Result<SecretString, String> {
        let mut held = self.held.lock().await;
        let is_refused = |token: &SecretString| {
            refused.is_some_and(|refused| refused.expose_secret() == token.expose_secret())
        };
        if let Some(held) = &*held
            && Instant::now() < held.until
            && !is_refused(&held.token)
        {
            return Ok(held.token.clone());
        }
        let TokenAnswer { access_token, expires_in } = fetch(http, credentials).await?;
        let life = expires_in.map_or(LIFE, Duration::from_secs);
        let until = Instant::now() + life.saturating_sub(EARLY);
        *held = Some(Held { token: access_token.clone(), until });
        Ok(access_token)
    }
}

async fn fetch(http: &Client, credentials: &Credentials<'_>) -> Result<TokenAnswer, String> {
    let Credentials { token_url, client_id, client_secret, scope } = credentials;
    let host = token_url.host_str().unwrap_or_default();
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend(scope.map(|scope| ("scope", scope)));
    let request = http
        .post((*token_url).clone())
        .basic_auth(client_id, Some(client_secret.expose_secret()))
        .form(&form);
    let response = request.send().await;
    let mut response =
        response.map_err(|error| format!("no token from {host}: {}", broken(&error)))?;
    let status = response.status();
    if status.is_redirection() {
        // The credentials are sent nowhere else.
        return Err(format!(
            "no token: {host} answered {status}; write the address it redirects to into `token_url`"
        ));
    }
    if !status.is_success() {
        return Err(format!("no token: {host} answered {status}; check the connection's `oauth2`"));
    }
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(format!(
                "no token: {host} answered with more than {ANSWER_BYTES_MAX} bytes"
            ));
        }
    }
    // What it says instead may hold a token: it is not shown.
    serde_json::from_slice(&body)
        .map_err(|_| format!("no token: {host} answered without an `access_token` in JSON"))
}
