//! Turns away whoever may not look, each as their program reads it: a browser is sent to log in, where people
//! log in here.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use url::form_urlencoded;

use crate::web::{
    access::{Admitted, LoggedIn},
    denial,
    peer::Peer,
    session,
    site::Site,
};
use kpid_board::notice::Notice;
use kpid_config::setup::TokenScope;

/// Browsers ask for a password, which is the token.
const ASK: &str = "Basic realm=\"kpid\", charset=\"UTF-8\"";

/// Programs are told that a token is wanted; browsers ask for nothing.
const ASK_PROGRAMS: &str = "Bearer realm=\"kpid\"";

/// Where people log in.
const LOGIN: &str = "/login";

pub(super) async fn guard(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    if !site.access.is_meant(request.headers()) {
        return denial::answer(Notice::OtherName, request.uri(), request.headers());
    }
    let logged_in = session::find(&site, request.headers()).await;
    if let Some(refused) = refusal(&site, &request, logged_in.as_ref()) {
        return refused;
    }
    if let Some(logged_in) = logged_in {
        request.extensions_mut().insert(logged_in);
    }
    next.run(request).await
}

fn refusal(site: &Site, request: &Request, logged_in: Option<&LoggedIn>) -> Option<Response> {
    let peer = request.extensions().get::<Peer>().copied();
    let refused = |why| denial::answer(why, request.uri(), request.headers());
    match site.access.admits(request.headers(), peer, logged_in) {
        Some(Admitted::LoggedIn(_)) if !site.access.is_own(request.method(), request.headers()) => {
            Some(refused(Notice::Elsewhere))
        }
        Some(admitted) if admitted.may_ask(request.uri().path()) => None,
        Some(_) => Some(refused(Notice::NotForToken)),
        None => Some(unknown(site, request)),
    }
}

/// Nobody knows who asks.
fn unknown(site: &Site, request: &Request) -> Response {
    let (uri, headers) = (request.uri(), request.headers());
    let refused = |why| denial::answer(why, uri, headers);
    let asking = |mut answer: Response, ask| {
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(ask));
        answer
    };
    if site.login.is_none() {
        return asking(refused(Notice::Unknown), ASK);
    }
    let back = uri.path_and_query().map_or("/", |path| path.as_str());
    let back: String = form_urlencoded::byte_serialize(back.as_bytes()).collect();
    let login = format!("{LOGIN}?to={back}");
    // A screen on a wall has its token as a password, and nobody to log in.
    let has_wall_token = || site.access.tokens.iter().any(|it| it.scope == TokenScope::Wall);
    if uri.path().starts_with("/wall/") && has_wall_token() {
        return asking(refused(Notice::LogIn(&login)), ASK);
    }
    let is_looked_at = request.method() == Method::GET && denial::is_for_people(uri, headers);
    if is_looked_at {
        return (StatusCode::SEE_OTHER, [(header::LOCATION, login)]).into_response();
    }
    // What somebody wrote into a form is still in their browser.
    let login = if request.method() == Method::GET { login } else { LOGIN.to_owned() };
    asking(refused(Notice::LogIn(&login)), ASK_PROGRAMS)
}
