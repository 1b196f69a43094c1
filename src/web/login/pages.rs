//! `/login`, where the provider sends people back to, and `/logout`.

use axum::{
    Router,
    extract::{Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use tokio::{sync::oneshot, time::timeout};
use tracing::{error, info, warn};
use url::Url;

use crate::web::{
    change::Change,
    cookies::CookieJar,
    denial,
    login::{
        answer::ProviderError,
        attempt::{self, Attempt, left_lying, own_path},
        id_token::IdTokenError,
        provider::{Metadata, Provider, Somebody},
    },
    peer::{self, Peer},
    session,
    site::{ANSWER_TIME_MAX, Site},
};
use kpid_board::notice::Notice;
use kpid_rules::model::one_line;
use kpid_store::{Session, SessionChange};

/// By which a browser is told to forget what it has kept of pages.
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// What `/login` is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LoginQuery {
    /// The page to go back to.
    to: String,
    /// To log in as somebody else, whoever the provider knows already.
    other: Option<String>,
}

/// What a provider sends people back with (RFC 6749, 4.1.2; RFC 9207).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CallbackQuery {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    iss: Option<String>,
}

/// Why nobody is logged in now: what people are told.
enum Denied {
    Stale,
    Refused,
    Clock,
    Unavailable,
    NotAdmitted(String),
    Unverified,
    Unnamed,
    NotKept,
}

/// A browser that logs in or out.
struct Caller<'a> {
    site: &'a Site,
    provider: &'a Provider,
    headers: &'a HeaderMap,
    jar: CookieJar,
    /// On which way it came, for the audit.
    way: String,
}

/// The pages, where people log in at all.
pub(in crate::web) fn router(site: &Site) -> Router<Site> {
    if site.login.is_none() {
        return Router::new();
    }
    Router::new()
        .route("/login", get(begin))
        .route("/login/callback", get(finish))
        .route("/logout", post(end))
        .layer(middleware::from_fn_with_state(site.clone(), not_too_often))
        .route("/logged-out", get(ended))
}

/// Counts by whoever asks.
async fn not_too_often(State(site): State<Site>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    let counted = peer.map_or(Ok(()), |peer| {
        let client = peer::client(peer, request.headers(), &site.access.trusted_proxies);
        site.logins_by_address.count(client, site.clock.now())
    });
    match counted {
        Ok(()) => next.run(request).await,
        Err(after) => {
            let page = denial::answer(Notice::LoginTooMany, request.uri(), request.headers());
            ([(header::RETRY_AFTER, after.to_string())], page).into_response()
        }
    }
}

/// Sends a browser to the provider.
async fn begin(
    State(site): State<Site>,
    Query(query): Query<LoginQuery>,
    request: Request,
) -> Response {
    let Some(provider) = &site.login else { return denial::nothing(request.headers()) };
    let caller = Caller::of(&site, provider, &request);
    let to = own_path(&provider.oidc.public_url, &query.to);
    if query.other.is_none() && session::find(&site, caller.headers).await.is_some() {
        return see_other(&to);
    }
    let metadata = match provider.metadata().await {
        Ok(metadata) => metadata,
        Err(error) => return caller.denied(&caller.why(error)),
    };
    let attempt = Attempt::new(&to, site.clock.now());
    let at = authorization(provider, &metadata, &attempt, query.other.is_some());
    let lying = left_lying(caller.jar.all(caller.headers, attempt::COOKIES));
    let lying = lying.into_iter().map(|name| format!("{}{name}", attempt::COOKIES));
    let cookies = lying.map(|name| caller.jar.unset(&name));
    let cookie = caller.jar.set(&attempt.name(), &attempt.cookie, attempt::LIFE);
    with_cookies(see_other(at.as_str()), cookies.chain([cookie]))
}

/// Where the provider asks somebody who they are.
fn authorization(
    provider: &Provider,
    metadata: &Metadata,
    attempt: &Attempt,
    asks_anew: bool,
) -> Url {
    let mut at = metadata.authorization_endpoint.clone();
    let mut query = at.query_pairs_mut();
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", &provider.oidc.client_id)
        .append_pair("redirect_uri", &provider.redirect_uri())
        .append_pair("scope", &provider.oidc.scopes.join(" "))
        .append_pair("state", &attempt.state())
        .append_pair("nonce", &attempt.nonce())
        .append_pair("code_challenge", &attempt.challenge())
        .append_pair("code_challenge_method", "S256");
    if asks_anew {
        query.append_pair("prompt", "login");
    }
    drop(query);
    at
}

/// Takes somebody back whom the provider knows.
async fn finish(
    State(site): State<Site>,
    Query(query): Query<CallbackQuery>,
    request: Request,
) -> Response {
    let Some(provider) = &site.login else { return denial::nothing(request.headers()) };
    let caller = Caller::of(&site, provider, &request);
    let answer = match caller.logged_in(&query).await {
        Ok((key, to)) => {
            let cookie = caller.jar.set(session::COOKIE, &key, provider.oidc.life.max);
            with_cookies(see_other(&to), [cookie])
        }
        Err(denied) => caller.denied(&denied),
    };
    // It has come to its end, whichever.
    let name = attempt::name(query.state.as_deref().unwrap_or_default());
    with_cookies(answer, name.map(|name| caller.jar.unset(&name)))
}

impl<'a> Caller<'a> {
    fn of(site: &'a Site, provider: &'a Provider, request: &'a Request) -> Self {
        let peer = request.extensions().get::<Peer>().copied();
        let headers = request.headers();
        let client = peer.map(|peer| peer::client(peer, headers, &site.access.trusted_proxies));
        let way = client.map_or_else(String::new, |client| format!("from {client}"));
        let jar = CookieJar::at(&provider.oidc.public_url);
        Self { site, provider, headers, jar, way }
    }

    /// A new session: what the browser holds of it, and the page that was asked for.
    async fn logged_in(&self, query: &CallbackQuery) -> Result<(String, String), Denied> {
        let (provider, now) = (self.provider, self.site.clock.now());
        let state = query.state.as_deref().unwrap_or_default();
        let held = attempt::name(state).and_then(|name| self.jar.get(self.headers, &name));
        let attempt = held.and_then(|held| Attempt::parse(held, &provider.oidc.public_url, now));
        // Without the cookie it is a login of somebody else, that this browser shall take for its own.
        let attempt = attempt.filter(|attempt| attempt.is_of(state)).ok_or(Denied::Stale)?;
        if query.iss.as_ref().is_some_and(|issuer| *issuer != provider.oidc.issuer) {
            warn!("a login came back from another issuer than `web.oidc.issuer`");
            return Err(Denied::Refused);
        }
        if !provider.used.take(&attempt) {
            return Err(Denied::Stale);
        }
        if let Some(error) = &query.error {
            let words = query.error_description.as_deref().unwrap_or_default();
            let words: String = one_line(&format!("{error} {words}")).chars().take(200).collect();
            warn!("the login provider refuses {}: {words}", self.way);
            return Err(Denied::Refused);
        }
        let code = query.code.as_deref().ok_or(Denied::Refused)?;
        let somebody = provider.somebody(code, &attempt, now).await;
        let somebody = somebody.map_err(|error| self.why(error))?;
        let key = self.begun(somebody).await?;
        Ok((key, attempt.to))
    }

    /// Begins a session for somebody, instead of any that their browser had: whoever planted that one is not
    /// logged in with it.
    async fn begun(&self, somebody: Somebody) -> Result<String, Denied> {
        let (site, oidc, now) = (self.site, &self.provider.oidc, self.site.clock.now());
        let Somebody { user, is_unverified, groups } = somebody;
        let Some(user) = user else {
            warn!(
                "somebody logged in {}, and the provider named no `{}`",
                self.way, oidc.user_claim
            );
            return Err(Denied::Unnamed);
        };
        if is_unverified {
            warn!(
                "`{}` logged in {}, and the provider does not vouch for that address",
                one_line(&user),
                self.way
            );
            return Err(Denied::Unverified);
        }
        if !site.identity.admits(&user, &groups, oidc.admits) {
            info!("`{}` logged in {} and is not one of `people`", one_line(&user), self.way);
            return Err(Denied::NotAdmitted(user));
        }
        let fresh = session::FreshKey::random();
        let by = (site.identity.actor(&user), self.way.clone());
        let session = Session {
            id: fresh.id,
            issuer: oidc.issuer.clone(),
            person: user,
            groups,
            started_at: now,
            seen_at: now,
        };
        let instead_of = session::id(oidc, self.headers);
        let life = session::life(oidc);
        let change = SessionChange::Begin { session, instead_of, life, by };
        if self.keeps(change).await { Ok(fresh.key) } else { Err(Denied::NotKept) }
    }

    /// Has the engine keep it; says whether it could.
    async fn keeps(&self, change: SessionChange) -> bool {
        let (answer, came) = oneshot::channel();
        let is_taken = self.site.changes.try_send(Change::Session(change, answer)).is_ok();
        is_taken && matches!(timeout(ANSWER_TIME_MAX, came).await, Ok(Ok(true)))
    }

    /// What people are told of it; the log says all.
    fn why(&self, error: ProviderError) -> Denied {
        match &error {
            ProviderError::Unusable(_) => error!("nobody can log in: {error}"),
            _ => warn!("a login {} failed: {error}", self.way),
        }
        match error {
            ProviderError::Unusable(_) => Denied::Unavailable,
            ProviderError::Refused(_) => Denied::Stale,
            ProviderError::IdToken(IdTokenError::Expired(_) | IdTokenError::NotYet(_)) => {
                Denied::Clock
            }
            ProviderError::IdToken(_) => Denied::Unavailable,
        }
    }

    fn denied(&self, denied: &Denied) -> Response {
        let host = self.provider.host();
        let why = match denied {
            Denied::Stale => Notice::LoginStale,
            Denied::Refused => Notice::LoginRefused(&host),
            Denied::Clock => Notice::LoginClock(&host),
            Denied::Unavailable => Notice::LoginUnavailable(&host),
            Denied::NotAdmitted(user) => Notice::LoginNotAdmitted(user),
            Denied::Unverified => Notice::LoginUnverified(&host),
            Denied::Unnamed => Notice::LoginUnnamed(&host),
            Denied::NotKept => Notice::LoginNotKept,
        };
        denial::page(why, denial::language(self.headers))
    }
}

/// Ends a session, and goes on to where the provider ends its own.
async fn end(State(site): State<Site>, request: Request) -> Response {
    let Some(provider) = &site.login else { return denial::nothing(request.headers()) };
    if !site.access.is_own(request.method(), request.headers()) {
        return denial::page(Notice::Elsewhere, denial::language(request.headers()));
    }
    let caller = Caller::of(&site, provider, &request);
    if let Some(id) = session::id(&provider.oidc, caller.headers) {
        let user = session::find(&site, caller.headers).await.map(|found| found.user);
        // What is over already needs no line in the audit, and goes by itself.
        if let Some(user) = user {
            let by = (site.identity.actor(&user), caller.way.clone());
            if !caller.keeps(SessionChange::End { id, by }).await {
                return caller.denied(&Denied::NotKept);
            }
        }
    }
    // A provider that is away keeps nobody from logging out here.
    let there = provider.metadata().await.ok().and_then(|held| end_session(provider, &held));
    let why = Notice::LoggedOut(there.as_ref().map(Url::as_str));
    let mut answer = denial::page(why, denial::language(caller.headers));
    if let Some(there) = &there
        && let Ok(refresh) = HeaderValue::from_str(&format!("0; url={there}"))
    {
        // Pages may send forms nowhere else, so it is no redirect.
        answer.headers_mut().insert(header::REFRESH, refresh);
    }
    // Nor are the pages seen by whoever goes back in this browser.
    answer.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\""));
    with_cookies(answer, [caller.jar.unset(session::COOKIE)])
}

/// Where the provider ends its own session (OpenID Connect RP-Initiated Logout).
fn end_session(provider: &Provider, metadata: &Metadata) -> Option<Url> {
    let mut at = metadata.end_session_endpoint.clone()?;
    at.query_pairs_mut()
        .append_pair("client_id", &provider.oidc.client_id)
        .append_pair("post_logout_redirect_uri", &provider.logged_out_uri());
    Some(at)
}

/// Where the provider sends people back to then.
async fn ended(headers: HeaderMap) -> Response {
    denial::page(Notice::LoggedOut(None), denial::language(&headers))
}

fn see_other(to: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

fn with_cookies(
    mut answer: Response,
    cookies: impl IntoIterator<Item = Option<HeaderValue>>,
) -> Response {
    for cookie in cookies.into_iter().flatten() {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}
