//! HTTP APIs in `connections:`, parsed.

use std::{collections::HashMap, fs};

use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

use crate::source::http::request;
use crate::{
    parse_context::{ParseContext, given},
    problem::{Place as At, Problem},
    secret::Secrets,
    source::{
        http::{
            connection::document::{
                ApiKeyDoc, AuthDoc, BasicDoc, HttpDoc, Oauth2Doc, ProxyDoc, ProxyLoginDoc,
            },
            request::document::RequestDoc,
        },
        limits::{BODY_BYTES, bytes_max, concurrent_max, timeout},
    },
    yaml::{
        located::{Entries, Loc},
        scalar::FieldDoc,
    },
};
use kpid_os_error::in_words;
use kpid_rules::model::Id;
use kpid_sources::{
    Connection,
    http::{Auth, Endpoint, HttpRequest, Proxy},
};

/// How to reach an API.
pub(crate) fn connection(context: &mut ParseContext, doc: &HttpDoc) -> Option<Connection> {
    let (base_url, auth) = match given(doc.auth.as_ref()) {
        None if doc.auth.is_some() => return None,
        None => base_with_login(context, &doc.base_url)?,
        Some(auth) => {
            let auth = self::auth(context, auth);
            (bare_address(context, &doc.base_url, "`auth`")?, auth?)
        }
    };
    let concurrent = concurrent_max(context, &doc.max_concurrent);
    if let Some(most) = doc.max_per_minute.as_ref().filter(|most| most.value == Some(0)) {
        context.error(
            most.place,
            "`max_per_minute` is 0, so nothing could be requested; remove it for no limit",
        );
    }
    Some(Connection::Http(Box::new(Endpoint {
        base_url,
        auth,
        timeout: timeout(context, &doc.timeout),
        body_bytes_max: bytes_max(context, &doc.max_bytes, BODY_BYTES),
        concurrent_max: usize::try_from(concurrent).unwrap_or(usize::MAX),
        per_minute_max: given(doc.max_per_minute.as_ref()).copied(),
        headers: fixed_headers(context, given(doc.headers.as_ref())),
        authority: doc.ca.as_ref().and_then(|doc| context.file(doc)),
        identity: identity(context, doc.client_certificate.as_ref()),
        proxy: doc.proxy.as_ref().and_then(|doc| proxy(context, doc)),
    })))
}

fn auth(context: &mut ParseContext, doc: &AuthDoc) -> Option<Auth> {
    Some(match doc {
        AuthDoc::Bearer(token) => Auth::Bearer(context.secret_of_header(token)?),
        AuthDoc::Basic(BasicDoc { user, password }) => {
            Auth::Basic { user: user.value.clone()?, password: context.secret(password)? }
        }
        AuthDoc::ApiKey(ApiKeyDoc { header, key }) => {
            let name = context.header_name(header.value.as_deref()?, header.place);
            Auth::Key { header: name?, key: context.secret_of_header(key)? }
        }
        AuthDoc::Oauth2(Oauth2Doc { token_url, client_id, client_secret, scope }) => Auth::OAuth2 {
            token_url: bare_address(context, token_url, "`client_id` and `client_secret`")?,
            client_id: client_id.value.clone()?,
            client_secret: context.secret(client_secret)?,
            scope: given(scope.as_ref()).cloned(),
        },
    })
}

/// A base URL, and who we are if that stands in it.
fn base_with_login(context: &mut ParseContext, doc: &Loc<String>) -> Option<(Url, Auth)> {
    let mut url = context.web_address(doc)?;
    let hint = "write `auth: { basic: { user: NAME, password: { env: NAME } } }` beside it";
    let auth = match login(context, &mut url, doc.place, hint) {
        Some((user, password)) => Auth::Basic { user, password },
        None => Auth::None,
    };
    Some((url, auth))
}

/// An address without a user, because who we are is said elsewhere.
fn bare_address(context: &mut ParseContext, doc: &Loc<String>, elsewhere: &str) -> Option<Url> {
    let url = context.web_address(doc)?;
    if !url.username().is_empty() || url.password().is_some() {
        let message = format!("the login is in {elsewhere}; remove it from the address");
        context.error(doc.place, message);
        return None;
    }
    Some(url)
}

/// Takes user and password out of an address, where they would be shown.
fn login(
    context: &mut ParseContext,
    url: &mut Url,
    place: At,
    hint: &str,
) -> Option<(String, SecretString)> {
    let (user, password) = (decoded(url.username()), url.password().map(decoded));
    if user.is_empty() && password.is_none() {
        return None;
    }
    // Refused only by addresses that have no user.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let warning = "the secret is written here, where everyone who can read the file can read it";
    context.problems.push(Problem::warning(place, warning).hint(hint));
    Some((user, SecretString::from(password.unwrap_or_default())))
}

/// A proxy, and who we are there.
fn proxy(context: &mut ParseContext, doc: &Loc<ProxyDoc>) -> Option<Proxy> {
    match doc.value.as_ref()? {
        ProxyDoc::Map(ProxyLoginDoc { url, user, password }) => {
            let login = Some((user.value.clone()?, context.secret(password)?));
            Some(Proxy { url: bare_address(context, url, "`user` and `password`")?, login })
        }
        ProxyDoc::Text(text) => {
            let mut url =
                context.web_address(&Loc { place: doc.place, value: Some(text.clone()) })?;
            let hint = "write `proxy: { url: …, user: NAME, password: { env: NAME } }`";
            let login = login(context, &mut url, doc.place, hint);
            Some(Proxy { url, login })
        }
    }
}

/// A user or password as it stands in an address, where signs may be written as `%40`.
fn decoded(text: &str) -> String {
    // The reader of forms reads a few signs more than addresses have.
    let text = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let read = form_urlencoded::parse(text.as_bytes()).next();
    read.map_or_else(String::new, |(word, _)| word.into_owned())
}

/// A certificate and its key, which is a secret: where secrets are not needed it may be absent.
fn identity(context: &mut ParseContext, doc: Option<&Loc<String>>) -> Option<SecretString> {
    let doc = doc?;
    let path = context.folder.join(doc.value.as_deref()?);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("cannot read {}: {}", path.display(), in_words(&error));
            context.problems.push(match context.secrets {
                Secrets::Needed => Problem::error(doc.place, message),
                Secrets::Unused => Problem::warning(doc.place, message),
            });
            return None;
        }
    };
    let text = String::from_utf8(bytes).map_err(|_| "a PEM file is text; this one is not");
    context.checked(doc.place, text).map(SecretString::from)
}

fn fixed_headers(context: &mut ParseContext, docs: Option<&Entries<FieldDoc>>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, place, doc) in docs.into_iter().flat_map(|docs| docs.iter()) {
        if let Some((name, value)) =
            context.header_name(name, place).zip(fixed_header(context, name, place, doc))
        {
            headers.insert(name, value);
        }
    }
    headers
}

fn fixed_header(
    context: &mut ParseContext,
    name: &str,
    place: At,
    doc: &FieldDoc,
) -> Option<HeaderValue> {
    if let FieldDoc::Text(text) = doc {
        let what = "the headers of a connection; use it in those of a source";
        context.without_period(place, text, what)?;
        let read = text.parse::<HeaderValue>();
        return context
            .checked(place, read.map_err(|_| format!("`{text}` is not a valid header value")));
    }
    let secret = context.secret(&Loc { place, value: doc.secret() })?;
    let read = HeaderValue::from_str(secret.expose_secret());
    let message =
        format!("the secret of the header `{name}` has a character that no header may have");
    let mut value = context.checked(place, read.map_err(|_| message))?;
    value.set_sensitive(true);
    Some(value)
}

/// The requests of a connection that have names.
pub(crate) fn requests(context: &mut ParseContext, doc: &HttpDoc) -> HashMap<String, HttpRequest> {
    let written =
        given(doc.requests.as_ref()).map(|docs| context.entries(docs)).unwrap_or_default();
    let request = |(name, place, doc): (Id, At, &Loc<RequestDoc>)| {
        Some((name.to_string(), request::parse::request(context, doc.value.as_ref()?, place)?))
    };
    written.into_iter().filter_map(request).collect()
}
