//! Asks an HTTP API: bounded in time, size and redirects, and never tells a secret.

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{
    RequestBuilder, Response, StatusCode,
    header::CONTENT_TYPE,
    redirect::{Attempt, Policy},
};
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

use super::{Auth, Endpoint, Get};
use crate::sources::{Question, cell::shown, table::Table};

/// An API that moved answers within a few; more is a loop.
const REDIRECTS_MAX: usize = 5;

/// What is read of a refusal.
const REFUSAL_BYTES_MAX: usize = 4096;

/// What is shown of an answer that does not fit.
const EXCERPT_CHARS_MAX: usize = 200;

/// What a person who traces a request sees of the answer.
const RAW_CHARS_MAX: usize = 2000;

/// No credential is longer than this.
const EXCERPT_BYTES_BEYOND: usize = 8192;

/// Query parameters whose names contain one of these are not shown.
const SECRET_NAMES: [&str; 7] = ["key", "token", "secret", "pass", "sig", "auth", "credential"];

/// Stands for what is not shown.
const REDACTED: &str = "REDACTED";

/// A live HTTP API.
#[derive(Debug)]
pub(in crate::sources) struct Client {
    endpoint: Endpoint,
    http: reqwest::Client,
}

/// What all HTTP connections share: redirects stay on their host, so that credentials do too.
pub(in crate::sources) fn shared() -> anyhow::Result<reqwest::Client> {
    // Building panics without one; the daemon may have installed it before.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        drop(rustls::crypto::ring::default_provider().install_default());
    }
    let client = reqwest::Client::builder()
        .user_agent(concat!("kpid/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::custom(|attempt| match stray(&attempt) {
            None => attempt.follow(),
            Some(words) => attempt.error(words),
        }))
        .referer(false);
    Ok(client.build()?)
}

impl Client {
    /// Gets ready; nothing is reached yet.
    pub(in crate::sources) fn new(
        endpoint: &Endpoint,
        http: reqwest::Client,
    ) -> anyhow::Result<Self> {
        let base = &endpoint.base_url;
        let fits = matches!(base.scheme(), "http" | "https") && base.has_host();
        anyhow::ensure!(fits, "its base_url is not an http or https address");
        let is_bare = base.query().is_none() && base.fragment().is_none();
        anyhow::ensure!(is_bare, "its base_url has a `?` or `#`; put that into the sources");
        Ok(Self { endpoint: endpoint.clone(), http })
    }

    /// What is asked, without secrets.
    pub(in crate::sources) fn describe(&self, get: &Get, question: &Question<'_>) -> String {
        match self.url(get, question) {
            Ok(url) => format!("GET {}", public(&url)),
            Err(_) => "GET".to_owned(),
        }
    }

    /// Asks, and takes the figures out.
    pub(in crate::sources) async fn table(
        &self,
        get: &Get,
        question: &Question<'_>,
    ) -> Result<Table, String> {
        let url = self.url(get, question)?;
        let request = self.authorized(self.http.get(url));
        let mut response = request.send().await.map_err(|error| broken(&error))?;
        let status = response.status();
        if !status.is_success() {
            return Err(self.refusal(status, response).await);
        }
        let media = content_type(&response);
        let body = self.body(&mut response).await?;
        let document = self.document(&body, &media)?;
        let table = get.extract.rows(&document)?;
        Ok(Table { excerpt: Some(self.excerpt(&body, RAW_CHARS_MAX)), ..table })
    }

    /// Reaches the API at its base URL; whatever it answers but a refusal of our credentials will do.
    pub(in crate::sources) async fn probe(&self) -> Result<(), String> {
        let base = self.endpoint.base_url.clone();
        let request = self.authorized(self.http.get(base));
        let response = request.send().await.map_err(|error| broken(&error))?;
        match response.status() {
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                Err(format!("answered {status}; check the connection's `auth`"))
            }
            status if status.is_server_error() => Err(format!("answered {status}")),
            _ => Ok(()),
        }
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.endpoint.auth {
            Auth::None => request,
            Auth::Bearer(token) => request.bearer_auth(token.expose_secret()),
            Auth::Basic { user, password } => {
                request.basic_auth(user, Some(password.expose_secret()))
            }
        }
    }

    /// The base URL is a folder, whether or not it ends in `/`.
    fn url(&self, get: &Get, question: &Question<'_>) -> Result<Url, String> {
        let base = self.endpoint.base_url.as_str().trim_end_matches('/');
        let path = get.path.fill(question.window);
        let path = path.trim_start_matches('/');
        Url::parse(&format!("{base}/{path}")).map_err(|error| format!("cannot be asked: {error}"))
    }

    async fn body(&self, response: &mut Response) -> Result<Vec<u8>, String> {
        let bytes_max = self.endpoint.body_bytes_max;
        let body = read(response, bytes_max).await.map_err(|error| broken(&error))?;
        if body.len() > bytes_max {
            return Err(format!(
                "came with more than {bytes_max} bytes, the most that is read of an answer; ask \
                 for less"
            ));
        }
        Ok(body)
    }

    fn document(&self, body: &[u8], media: &str) -> Result<Value, String> {
        let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
        serde_json::from_slice(body).map_err(|error| {
            if body.is_empty() {
                return format!("came with an empty body ({media}) where JSON is expected");
            }
            let excerpt = self.excerpt(body, EXCERPT_CHARS_MAX);
            format!("came with {media} that is not JSON ({error}): \"{excerpt}\"")
        })
    }

    async fn refusal(&self, status: StatusCode, mut response: Response) -> String {
        // The status is the news; words that do not arrive are not missed.
        let words = read(&mut response, REFUSAL_BYTES_MAX).await.unwrap_or_default();
        let hint = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "; check the connection's `auth`",
            StatusCode::NOT_FOUND => "; check `base_url` and `get`",
            _ => "",
        };
        match self.excerpt(&words, EXCERPT_CHARS_MAX) {
            excerpt if excerpt.is_empty() => format!("answered {status}{hint}"),
            excerpt => format!("answered {status}{hint}: \"{excerpt}\""),
        }
    }

    /// The beginning of a body, without the credentials that some servers echo.
    fn excerpt(&self, body: &[u8], chars_max: usize) -> String {
        // A little more than is shown, lest half a credential at the cut is not recognised.
        let bytes_max = chars_max * 4 + EXCERPT_BYTES_BEYOND;
        let mut text = String::from_utf8_lossy(&body[..body.len().min(bytes_max)]).into_owned();
        for secret in self.endpoint.auth.secrets() {
            text = text.replace(&secret, REDACTED);
        }
        shown(&text, chars_max)
    }
}

impl Auth {
    /// Everything that must not be shown, as it may stand in an echo.
    fn secrets(&self) -> Vec<String> {
        let secrets = match self {
            Self::None => Vec::new(),
            Self::Bearer(token) => vec![token.expose_secret().to_owned()],
            Self::Basic { user, password } => {
                let password = password.expose_secret();
                vec![BASE64_STANDARD.encode(format!("{user}:{password}")), password.to_owned()]
            }
        };
        secrets.into_iter().filter(|secret| !secret.is_empty()).collect()
    }
}

/// Why a redirect is not followed.
fn stray(attempt: &Attempt<'_>) -> Option<String> {
    let (next, previous) = (attempt.url(), attempt.previous());
    let first = previous.first()?;
    let is_upgrade = (first.scheme(), next.scheme()) == ("http", "https");
    let is_same_host = next.host() == first.host();
    if previous.len() > REDIRECTS_MAX {
        Some(format!("redirects more than {REDIRECTS_MAX} times"))
    } else if next.origin() == first.origin() || (is_same_host && is_upgrade) {
        None
    } else {
        let origin = next.origin().ascii_serialization();
        Some(format!("redirects to {origin}, which is not followed; write that into base_url"))
    }
}

/// The body, decoded; reading stops once it is longer than `bytes_max`.
async fn read(response: &mut Response, bytes_max: usize) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while body.len() <= bytes_max
        && let Some(chunk) = response.chunk().await?
    {
        // One byte over tells that there is more.
        let room = (bytes_max + 1).saturating_sub(body.len());
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
    Ok(body)
}

fn content_type(response: &Response) -> String {
    let named = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    named.map_or_else(|| "content of no stated type".to_owned(), |named| shown(named, 60))
}

/// Why there is no answer, by its root cause.
fn broken(error: &reqwest::Error) -> String {
    let mut root: &dyn std::error::Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    match error {
        _ if error.is_timeout() => "gave no answer in time".to_owned(),
        _ if error.is_connect() => format!("cannot connect: {root}"),
        _ if error.is_redirect() => root.to_string(),
        _ if error.is_body() || error.is_decode() => format!("the answer broke off: {root}"),
        _ => format!("gave no answer: {root}"),
    }
}

/// The URL as it may be shown.
fn public(url: &Url) -> String {
    let mut url = url.clone();
    // Refused only by URLs that have no user to hide.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let is_secret = |name: &str| {
        SECRET_NAMES.iter().any(|part| name.to_ascii_lowercase().contains(part))
            && !name.starts_with("period")
    };
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if pairs.iter().any(|(name, _)| is_secret(name)) {
        url.query_pairs_mut().clear().extend_pairs(pairs.iter().map(|(name, value)| {
            (name.as_str(), if is_secret(name) { REDACTED } else { value.as_str() })
        }));
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_an_address_has_no_secrets() {
        for (url, shown) in [
            ("https://u:p@h.example/a?b=c%20d", "https://h.example/a?b=c%20d"),
            (
                "https://h.example/a?API_KEY=x&period_key=2026-05",
                "https://h.example/a?API_KEY=REDACTED&period_key=2026-05",
            ),
        ] {
            assert_eq!(public(&Url::parse(url).unwrap()), shown);
        }
    }
}
