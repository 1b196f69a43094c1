//! Who is logged in: found by the cookie of their browser, and read anew from the store at every request.

use axum::http::HeaderMap;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use tracing::warn;

use crate::web::{
    access::LoggedIn,
    change::{Change, WAITING_MAX},
    cookies::CookieJar,
    site::Site,
};
use kpid_config::setup::Oidc;
use kpid_store::{Session, SessionChange, SessionId, SessionLife};

/// The cookie of a session.
pub(super) const COOKIE: &str = "kpid";

/// As hard to guess as anything.
const KEY_BYTES: usize = 32;

/// That somebody is there is written so often at most, and not at every request.
const SEEN_AGAIN: TimeDelta = TimeDelta::minutes(5);

/// What a browser holds, and by what it is found.
pub(super) struct FreshKey {
    pub(super) key: String,
    pub(super) id: SessionId,
}

impl FreshKey {
    /// One that nobody has had.
    pub(super) fn random() -> Self {
        let key = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; KEY_BYTES]>());
        Self { id: hash(&key), key }
    }
}

/// How long a login lasts.
pub fn life(oidc: &Oidc) -> SessionLife {
    SessionLife { idle_max: oidc.life.idle, max: oidc.life.max }
}

/// By what the session of a browser is found, whether there is one or not.
pub(super) fn id(oidc: &Oidc, headers: &HeaderMap) -> Option<SessionId> {
    CookieJar::at(&oidc.public_url).get(headers, COOKIE).map(hash)
}

fn hash(key: &str) -> SessionId {
    Sha256::digest(key.as_bytes()).into()
}

/// Whoever is logged in, if they may still look. A store that cannot be read logs nobody in.
pub(super) async fn find(site: &Site, headers: &HeaderMap) -> Option<LoggedIn> {
    let oidc = &site.login.as_ref()?.oidc;
    let id = id(oidc, headers)?;
    let session = match site.sessions.session(id).await {
        Ok(session) => session?,
        Err(error) => {
            warn!("{error:#}");
            return None;
        }
    };
    let now = site.clock.now();
    if !is_good(&session, oidc, now) {
        return None;
    }
    let logged_in = LoggedIn { id, user: session.person, groups: session.groups };
    site.identity.admits(&logged_in.user, &logged_in.groups, oidc.admits).then_some(())?;
    // What people do goes first, and whether this is kept is nothing to wait for: the next request says it again.
    let is_room = site.changes.capacity() > WAITING_MAX / 2;
    if now - session.seen_at >= SEEN_AGAIN.min(oidc.life.idle / 4) && is_room {
        let (answer, _) = oneshot::channel();
        let _ = site.changes.try_send(Change::Session(SessionChange::Seen(id, now), answer));
    }
    Some(logged_in)
}

/// Whether a session lasts: of the provider there is now, and as long as the configuration says now.
fn is_good(session: &Session, oidc: &Oidc, now: DateTime<Utc>) -> bool {
    session.issuer == oidc.issuer && now < life(oidc).ends(session)
}
