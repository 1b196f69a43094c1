//! The login provider over HTTP: where things are (OpenID Connect Discovery), its keys, and what a code is
//! worth. What it said is kept for a while; a key that nobody knows is asked for once, and not again at once.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{Client, redirect::Policy};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};
use tokio::{sync::Mutex, time::Instant};
use url::{Url, form_urlencoded};

use crate::web::{
    login::{
        answer::{ProviderError, ask},
        attempt::{Attempt, UsedAttempts},
        id_token::{self, Claims, Expected, IdTokenError},
        keys::KeySet,
    },
    viewer::separated,
};
use kpid_config::setup::Oidc;
use kpid_rules::model::one_line;

/// Whoever logs in waits for three answers, and no longer than for a page.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// How long what the provider says of itself holds.
const KEPT: Duration = Duration::from_secs(3600);

/// How soon it is asked again after it did not answer.
const FAILED_AGAIN: Duration = Duration::from_secs(3);

/// How soon its keys are asked for again because of one that is not among them: anybody can name one.
const KEYS_AGAIN: Duration = Duration::from_secs(30);

/// A login provider.
#[derive(Debug)]
pub struct Provider {
    /// As configured.
    pub(crate) oidc: Oidc,
    pub(super) used: UsedAttempts,
    http: Client,
    held: Mutex<ProviderMemory>,
}

/// What is known of it.
#[derive(Debug, Default)]
struct ProviderMemory {
    metadata: Option<(Metadata, Instant)>,
    keys: Option<(KeySet, Instant)>,
    /// When a key was last looked for that was not among them.
    looked_again: Option<Instant>,
    failed: Option<(ProviderError, Instant)>,
}

/// What a provider says of itself.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    #[serde(deserialize_with = "address")]
    pub(super) authorization_endpoint: Url,
    #[serde(deserialize_with = "address")]
    token_endpoint: Url,
    #[serde(deserialize_with = "address")]
    jwks_uri: Url,
    #[serde(default, deserialize_with = "address_if_any")]
    userinfo_endpoint: Option<Url>,
    #[serde(default, deserialize_with = "address_if_any")]
    pub(super) end_session_endpoint: Option<Url>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// What a provider says of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Somebody {
    /// What it calls them.
    pub(super) user: Option<String>,
    /// That it does not vouch for their address.
    pub(super) is_unverified: bool,
    pub(super) groups: Vec<String>,
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    Url::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

fn address_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| Url::parse(&text).map_err(D::Error::custom)).transpose()
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
    access_token: SecretString,
}

impl Provider {
    /// One that has not been asked anything yet.
    pub fn new(oidc: Oidc) -> anyhow::Result<Self> {
        let http = Client::builder()
            .user_agent(concat!("kpid/", env!("CARGO_PKG_VERSION")))
            .timeout(ANSWER_TIME_MAX)
            // A secret and a code are sent nowhere else.
            .redirect(Policy::none())
            .build()?;
        Ok(Self { oidc, used: UsedAttempts::default(), http, held: Mutex::default() })
    }

    /// Its host, as people know it.
    pub(super) fn host(&self) -> String {
        let issuer = Url::parse(&self.oidc.issuer).ok();
        issuer.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Where browsers come back to with a code.
    pub(super) fn redirect_uri(&self) -> String {
        self.own_address("callback", &["login"])
    }

    /// Where they come back to when they have logged out there, too.
    pub(super) fn logged_out_uri(&self) -> String {
        self.own_address("logged-out", &[])
    }

    fn own_address(&self, last: &str, folders: &[&str]) -> String {
        let mut url = self.oidc.public_url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(folders).push(last);
        }
        url.into()
    }

    /// What it says of itself, as it did lately.
    pub(super) async fn metadata(&self) -> Result<Metadata, ProviderError> {
        self.metadata_of(&mut *self.held.lock().await).await
    }

    async fn metadata_of(&self, held: &mut ProviderMemory) -> Result<Metadata, ProviderError> {
        if let Some((metadata, at)) = &held.metadata
            && at.elapsed() < KEPT
        {
            return Ok(metadata.clone());
        }
        if let Some((error, at)) = &held.failed
            && at.elapsed() < FAILED_AGAIN
        {
            return Err(error.clone());
        }
        match self.discover().await {
            Ok(metadata) => {
                held.metadata = Some((metadata.clone(), Instant::now()));
                held.failed = None;
                Ok(metadata)
            }
            Err(error) => {
                held.failed = Some((error.clone(), Instant::now()));
                Err(error)
            }
        }
    }

    async fn discover(&self) -> Result<Metadata, ProviderError> {
        let issuer = &self.oidc.issuer;
        let at = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let metadata: Metadata = ask(self.http.get(&at), &at).await?;
        if metadata.issuer != *issuer {
            return Err(ProviderError::Unusable(format!(
                "{at} is of the issuer `{}`; write that into `web.oidc.issuer`, letter by letter",
                one_line(&metadata.issuer)
            )));
        }
        let endpoints =
            [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
        let optional = [&metadata.userinfo_endpoint, &metadata.end_session_endpoint];
        let all = endpoints.into_iter().chain(optional.into_iter().flatten());
        if let Some(open) = all.into_iter().find(|url| !self.is_private(url)) {
            let message = format!("{at} names {open}, which is not encrypted");
            return Err(ProviderError::Unusable(message));
        }
        Ok(metadata)
    }

    /// Whether nobody listens on the way: only a provider on this machine is asked without encryption.
    fn is_private(&self, url: &Url) -> bool {
        url.scheme() == "https"
            || (Oidc::is_here(url)
                && url.scheme() == "http"
                && self.oidc.issuer.starts_with("http://"))
    }

    /// Whether people could log in now; the sentence says what is in the way.
    pub async fn probe(&self) -> Result<(), String> {
        let keys = async {
            let metadata = self.metadata().await?;
            self.fetch_keys(&metadata).await
        };
        let keys = keys.await.map_err(|error| error.to_string())?;
        match keys.is_empty() {
            false => Ok(()),
            true => Err("it publishes no key for RS256, PS256 or ES256".to_owned()),
        }
    }

    /// Who it is that a code is for.
    pub(super) async fn somebody(
        &self,
        code: &str,
        attempt: &Attempt,
        now: DateTime<Utc>,
    ) -> Result<Somebody, ProviderError> {
        let metadata = self.metadata().await?;
        let answer = self.exchange(&metadata, code, attempt).await?;
        let nonce = attempt.nonce();
        let expected = Expected {
            issuer: &self.oidc.issuer,
            client_id: &self.oidc.client_id,
            nonce: &nonce,
            now,
        };
        let claims = self.claims(&metadata, &answer.id_token, &expected).await?;
        let mut all = claims.all;
        let wanted = [&self.oidc.user_claim, &self.oidc.groups_claim];
        // Some providers say more there than in the token.
        if let Some(at) = &metadata.userinfo_endpoint
            && wanted.iter().any(|name| !all.contains_key(*name))
        {
            let more = self.userinfo(at, &answer.access_token, &claims.subject).await?;
            for (name, value) in more {
                all.entry(name).or_insert(value);
            }
        }
        Ok(somebody(&self.oidc, &all))
    }

    async fn exchange(
        &self,
        metadata: &Metadata,
        code: &str,
        attempt: &Attempt,
    ) -> Result<TokenAnswer, ProviderError> {
        let Oidc { client_id, client_secret, .. } = &self.oidc;
        let (redirect_uri, verifier) = (self.redirect_uri(), attempt.verifier());
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", &verifier),
        ];
        let methods = &metadata.token_endpoint_auth_methods_supported;
        let takes = |method: &str| methods.iter().any(|name| name == method);
        let mut request = self.http.post(metadata.token_endpoint.clone());
        match client_secret.as_ref().map(ExposeSecret::expose_secret) {
            Some(secret) if takes("client_secret_post") && !takes("client_secret_basic") => {
                form.extend([("client_id", client_id.as_str()), ("client_secret", secret)]);
            }
            Some(secret) => {
                // RFC 6749, 2.3.1, has both encoded like the fields of a form first.
                let encoded = |text: &str| -> String {
                    form_urlencoded::byte_serialize(text.as_bytes()).collect()
                };
                request = request.basic_auth(encoded(client_id), Some(encoded(secret)));
            }
            None => form.push(("client_id", client_id)),
        }
        ask(request.form(&form), metadata.token_endpoint.as_str()).await
    }

    /// What a token says, by the keys that are known or, if it is signed with another, by those of now.
    async fn claims(
        &self,
        metadata: &Metadata,
        token: &str,
        expected: &Expected<'_>,
    ) -> Result<Claims, ProviderError> {
        let mut held = self.held.lock().await;
        if let Some((keys, at)) = &held.keys {
            let is_fresh = at.elapsed() < KEPT;
            let looked = held.looked_again.is_some_and(|at| at.elapsed() < KEYS_AGAIN);
            match id_token::read(token, keys, expected) {
                Err(IdTokenError::UnknownKey) if !looked => {
                    held.looked_again = Some(Instant::now());
                }
                read if is_fresh => return Ok(read?),
                _ => {}
            }
        }
        let keys = self.fetch_keys(metadata).await?;
        let (keys, _) = held.keys.insert((keys, Instant::now()));
        Ok(id_token::read(token, keys, expected)?)
    }

    async fn fetch_keys(&self, metadata: &Metadata) -> Result<KeySet, ProviderError> {
        let at = &metadata.jwks_uri;
        let document: Value = ask(self.http.get(at.clone()), at.as_str()).await?;
        KeySet::parse(document).ok_or_else(|| {
            ProviderError::Unusable(format!("{at} has no list of keys; check the provider"))
        })
    }

    async fn userinfo(
        &self,
        at: &Url,
        access_token: &SecretString,
        subject: &str,
    ) -> Result<Map<String, Value>, ProviderError> {
        let request = self.http.get(at.clone()).bearer_auth(access_token.expose_secret());
        let claims: Map<String, Value> = ask(request, at.as_str()).await?;
        if claims.get("sub").and_then(Value::as_str) != Some(subject) {
            let message = format!("{at} tells about somebody else than the ID token");
            return Err(ProviderError::Unusable(message));
        }
        Ok(claims)
    }
}

/// Who that is to us.
fn somebody(oidc: &Oidc, claims: &Map<String, Value>) -> Somebody {
    let user = claims.get(&oidc.user_claim).and_then(Value::as_str).map(str::trim);
    let user = user.filter(|user| !user.is_empty()).map(str::to_owned);
    // Whoever can enter any address at a provider would be anybody here.
    let is_verified = match claims.get("email_verified") {
        Some(Value::Bool(is_verified)) => *is_verified,
        Some(Value::String(text)) => text == "true",
        _ => false,
    };
    let groups = match claims.get(&oidc.groups_claim) {
        Some(Value::Array(groups)) => {
            groups.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        Some(Value::String(groups)) => separated(groups).collect(),
        _ => Vec::new(),
    };
    let is_unverified = oidc.user_claim == "email" && user.is_some() && !is_verified;
    Somebody { user, is_unverified, groups }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use kpid_config::setup::{Admits, SessionSpans};
    use serde_json::json;

    fn oidc(user_claim: &str) -> Oidc {
        Oidc {
            issuer: "https://login.calder.example".to_owned(),
            client_id: "kpid".to_owned(),
            client_secret: None,
            scopes: Vec::new(),
            user_claim: user_claim.to_owned(),
            groups_claim: "groups".to_owned(),
            admits: Admits::People,
            life: SessionSpans { idle: TimeDelta::hours(8), max: TimeDelta::days(7) },
            public_url: Url::parse("https://kpi.calder.example/").unwrap(),
        }
    }

    #[test]
    fn an_address_counts_only_if_the_provider_vouches_for_it() {
        let of = |claim: &str, claims: Value| {
            let Value::Object(claims) = claims else { panic!("no claims") };
            let found = somebody(&oidc(claim), &claims);
            (found.user, found.is_unverified, found.groups)
        };
        let ines = Some("ines@calder.example".to_owned());
        for (verified, is_unverified) in [
            (json!(true), false),
            (json!("true"), false),
            (json!(false), true),
            (json!("false"), true),
            (json!(1), true),
            (Value::Null, true),
        ] {
            let claims = json!({ "email": "ines@calder.example", "email_verified": verified });
            assert_eq!(of("email", claims), (ines.clone(), is_unverified, vec![]), "{verified}");
        }
        let claims = json!({ "preferred_username": " ines ", "groups": ["a", 7, "b"] });
        let groups = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(
            of("preferred_username", claims),
            (Some("ines".to_owned()), false, groups.clone())
        );
        assert_eq!(of("email", json!({ "groups": "a, b" })), (None, false, groups));
        assert_eq!(
            of("email", json!({ "email": " ", "email_verified": true })),
            (None, false, vec![])
        );
    }

    #[tokio::test]
    async fn addresses_of_ours_are_below_the_one_that_people_know() {
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut oidc = oidc("email");
        let uris = |oidc: &Oidc| {
            let provider = Provider::new(oidc.clone()).unwrap();
            (provider.redirect_uri(), provider.logged_out_uri())
        };
        let expected = ["login/callback", "logged-out"]
            .map(|path| format!("https://kpi.calder.example/{path}"));
        assert_eq!(uris(&oidc), expected.clone().into());
        oidc.public_url = Url::parse("https://kpi.calder.example").unwrap();
        assert_eq!(uris(&oidc), expected.into());
    }
}
