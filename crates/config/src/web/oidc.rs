//! `web.oidc`, parsed: the login provider, and how long a login lasts.

use chrono::TimeDelta;
use url::Url;

use crate::{
    parse_context::{ParseContext, given, texts},
    problem::{Place, Problem},
    setup::{Admits, Oidc, SessionSpans},
    web::document::{AdmitsDoc, OidcDoc, WebDoc},
    yaml::located::Loc,
};

/// Without it no ID token comes.
const OPENID: &str = "openid";

/// What tells the address and the name.
const SCOPES: [&str; 3] = [OPENID, "profile", "email"];

/// The claim that is believed only with `email_verified`.
const EMAIL: &str = "email";

/// Where most providers name groups, if they are set up to.
const GROUPS: &str = "groups";

/// A working day, so that nobody logs in twice on it.
const SESSION_IDLE: TimeDelta = TimeDelta::hours(8);

/// Whoever is at work every day logs in once a week.
const SESSION_MAX: TimeDelta = TimeDelta::days(7);

/// In less nobody finishes reading a page.
const SESSION_SPAN_MIN: TimeDelta = TimeDelta::minutes(1);

/// Nobody is known for longer without being asked; a provider learns of those who left.
const SESSION_SPAN_MAX: TimeDelta = TimeDelta::days(90);

pub(crate) fn oidc(context: &mut ParseContext, web: &WebDoc) -> Option<Oidc> {
    let located = web.oidc.as_ref()?;
    let doc = located.value.as_ref()?;
    let issuer = issuer(context, &doc.issuer);
    let client_id = doc.client_id.value.clone();
    if client_id.as_ref().is_some_and(|id| id.trim().is_empty()) {
        context.error(doc.client_id.place, "`client_id` is empty; the provider names it");
    }
    let client_secret = doc.client_secret.as_ref().and_then(|doc| context.secret(doc));
    let scopes = scopes(context, doc);
    let public_url = reached(context, web, located.place);
    let life = SessionSpans {
        idle: span(context, doc.session_idle.as_ref(), SESSION_IDLE),
        max: span(context, doc.session_max.as_ref(), SESSION_MAX),
    };
    if let (Some(idle), true) = (&doc.session_idle, life.idle > life.max) {
        let message = "`session_idle` has no effect: `session_max` ends every session before";
        let hint = "make `session_idle` shorter, or `session_max` longer";
        context.problems.push(Problem::error(idle.place, message).hint(hint));
    }
    let claim = |doc: Option<&Loc<String>>, usual: &str| {
        given(doc).map_or(usual, |text| text.trim()).to_owned()
    };
    Some(Oidc {
        issuer: issuer?,
        client_id: client_id?,
        client_secret,
        scopes,
        user_claim: claim(doc.user_claim.as_ref(), EMAIL),
        groups_claim: claim(doc.groups_claim.as_ref(), GROUPS),
        admits: match given(doc.admits.as_ref()) {
            Some(AdmitsDoc::Everybody) => Admits::Everybody,
            Some(AdmitsDoc::People) | None => Admits::People,
        },
        life,
        public_url: public_url?,
    })
}

/// As the provider writes it: what it signs is compared with it, letter by letter.
fn issuer(context: &mut ParseContext, doc: &Loc<String>) -> Option<String> {
    let url = context.web_address(doc)?;
    let text = doc.value.clone()?;
    if url.query().is_some() || url.fragment().is_some() {
        let message = format!("`{text}` is not a valid issuer: it has a `?` or a `#`");
        let hint =
            "write what the provider calls `issuer`, such as https://login.example/realms/staff";
        context.problems.push(Problem::error(doc.place, message).hint(hint));
        return None;
    }
    if !is_private(&url) {
        let message = format!("`{text}` is not encrypted: whoever listens could log in as anybody");
        let hint = "write https://; http:// is for a provider on this machine";
        context.problems.push(Problem::error(doc.place, message).hint(hint));
        return None;
    }
    Some(text)
}

/// Where a browser comes back to; nobody listens on the way there.
fn reached(context: &mut ParseContext, web: &WebDoc, place: Place) -> Option<Url> {
    if web.listen.is_none() {
        let problem = Problem::error(place, "nobody can log in: kpid does not listen");
        context.problems.push(problem.hint("add `listen: 127.0.0.1:8420`"));
    }
    let Some(doc) = &web.public_url else {
        let message = "the login provider cannot send anybody back: `public_url` is missing";
        let hint = "add `public_url` with the address by which browsers reach kpid";
        context.problems.push(Problem::error(place, message).hint(hint));
        return None;
    };
    // What is wrong with it has been told.
    let text = doc.value.as_deref()?;
    let url = Url::parse(text).ok().filter(Url::has_host)?;
    if !is_private(&url) {
        let message =
            format!("whoever listens between a browser and `{text}` could take over a login");
        let hint = "put a proxy with TLS before kpid, and write its https:// address";
        context.problems.push(Problem::error(doc.place, message).hint(hint));
        return None;
    }
    Some(url)
}

/// Whether nobody listens: it is encrypted, or stays on this machine.
fn is_private(url: &Url) -> bool {
    url.scheme() == "https" || Oidc::is_here(url)
}

fn scopes(context: &mut ParseContext, doc: &OidcDoc) -> Vec<String> {
    let written = texts(doc.scopes.as_ref());
    let Some((_, place)) = written.first() else {
        return SCOPES.map(str::to_owned).to_vec();
    };
    let place = *place;
    let scopes: Vec<String> = written.into_iter().map(|(scope, _)| scope).collect();
    if !scopes.iter().any(|scope| scope == OPENID) {
        let problem = Problem::error(place, "without the scope `openid` nobody says who logs in");
        context.problems.push(problem.hint("add `openid` to `scopes`"));
    }
    scopes
}

fn span(context: &mut ParseContext, doc: Option<&Loc<String>>, usual: TimeDelta) -> TimeDelta {
    let Some((doc, span)) = doc.and_then(|doc| Some((doc, context.time_delta(doc)?))) else {
        return usual;
    };
    if (SESSION_SPAN_MIN..=SESSION_SPAN_MAX).contains(&span) {
        return span;
    }
    context.error(doc.place, "a session lasts from 1m to 90d");
    usual
}
