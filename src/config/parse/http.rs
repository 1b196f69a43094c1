//! HTTP APIs and questions to them, parsed.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use serde_json::{Value, json};
use serde_json_path::JsonPath;

use super::{
    Desk,
    daemon::{BODY_BYTES, bytes_max, concurrent_max, timeout, web_address},
    given,
    kpi::within,
};
use crate::{
    config::{
        document::{
            daemon::{ApiKeyDoc, AuthDoc, BasicDoc, HttpDoc, Oauth2Doc},
            located::{Entries, Loc},
            source::{CursorDoc, HttpSourceDoc, PagesDoc, ReadingDoc},
        },
        problem::{Place as At, Problem},
        secret::Secrets,
    },
    sources::{
        Connection, Request,
        http::{Ask, Auth, Endpoint, Extract, Pages, Place, Sent, Template},
        wording::Wording,
    },
};

/// How to reach an API.
pub(super) fn connection(desk: &mut Desk, doc: &HttpDoc) -> Option<Connection> {
    let auth = match given(doc.auth.as_ref()) {
        None if doc.auth.is_some() => return None,
        None => Auth::None,
        Some(auth) => self::auth(desk, auth)?,
    };
    let concurrent = concurrent_max(desk, &doc.max_concurrent);
    if let Some(most) = doc.max_per_minute.as_ref().filter(|most| most.value == Some(0)) {
        desk.error(most.place, "max_per_minute is 0, which is never; leave it out for no limit");
    }
    Some(Connection::Http(Box::new(Endpoint {
        base_url: web_address(desk, &doc.base_url)?,
        auth,
        timeout: timeout(desk, &doc.timeout),
        body_bytes_max: bytes_max(desk, &doc.max_bytes, BODY_BYTES),
        concurrent_max: usize::try_from(concurrent).unwrap_or(usize::MAX),
        per_minute_max: given(doc.max_per_minute.as_ref()).copied(),
        headers: fixed_headers(desk, given(doc.headers.as_ref())),
        authority: doc.ca.as_ref().and_then(|doc| pem(desk, doc)),
        identity: identity(desk, doc.client_certificate.as_ref()),
        proxy: doc.proxy.as_ref().and_then(|doc| web_address(desk, doc)),
    })))
}

fn auth(desk: &mut Desk, doc: &AuthDoc) -> Option<Auth> {
    Some(match doc {
        AuthDoc::Bearer(token) => Auth::Bearer(desk.secret(token)?),
        AuthDoc::Basic(BasicDoc { user, password }) => {
            Auth::Basic { user: user.value.clone()?, password: desk.secret(password)? }
        }
        AuthDoc::ApiKey(ApiKeyDoc { header, key }) => {
            let name = header_name(desk, header.value.as_deref()?, header.place);
            Auth::Key { header: name?, key: desk.secret(key)? }
        }
        AuthDoc::Oauth2(Oauth2Doc { token_url, client_id, client_secret, scope }) => Auth::OAuth2 {
            token_url: web_address(desk, token_url)?,
            client_id: client_id.value.clone()?,
            client_secret: desk.secret(client_secret)?,
            scope: given(scope.as_ref()).cloned(),
        },
    })
}

/// The bytes of a PEM file; told where it cannot be read.
fn pem(desk: &mut Desk, doc: &Loc<String>) -> Option<Vec<u8>> {
    let path = desk.folder.join(doc.value.as_deref()?);
    let read = std::fs::read(&path);
    desk.told(doc.place, read.map_err(|error| format!("cannot read {}: {error}", path.display())))
}

/// A certificate and its key, which is a secret and read only where secrets are.
fn identity(desk: &mut Desk, doc: Option<&Loc<String>>) -> Option<SecretString> {
    let doc = doc.filter(|_| desk.secrets == Secrets::Needed)?;
    let bytes = pem(desk, doc)?;
    let text = String::from_utf8(bytes).map_err(|_| "a PEM file is text; this one is not");
    desk.told(doc.place, text).map(SecretString::from)
}

fn header_name(desk: &mut Desk, name: &str, place: At) -> Option<HeaderName> {
    let read = name.parse::<HeaderName>();
    desk.told(place, read.map_err(|_| format!("`{name}` is no name of a header")))
}

fn fixed_headers(desk: &mut Desk, docs: Option<&Entries<String>>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, place, value) in docs.into_iter().flat_map(|docs| docs.iter()) {
        let read = value.parse::<HeaderValue>();
        let read = read.map_err(|_| format!("`{value}` is no value of a header"));
        if let Some((name, value)) = header_name(desk, name, place).zip(desk.told(place, read)) {
            headers.insert(name, value);
        }
    }
    headers
}

/// A question to an API.
pub(super) fn request(desk: &mut Desk, doc: &HttpSourceDoc) -> Option<Request> {
    let (path_doc, sent) = match (&doc.get, &doc.post) {
        (Some(get), None) => (get, sent_by_get(desk, doc)),
        (None, Some(post)) => (post, sent_by_post(desk, doc)),
        _ => {
            desk.error(doc.from.place, "an HTTP source has either `get` or `post`, with a path");
            return None;
        }
    };
    let path = path_doc.value.as_deref().map(Template::parse);
    let path = path.and_then(|path| desk.told(path_doc.place, path));
    let figure = figure(desk, doc);
    let is_series =
        given(doc.reading.as_ref()).is_some_and(|kind| matches!(kind, ReadingDoc::Series));
    let extract = match (&doc.rows, &doc.period) {
        (Some(rows), Some(period)) => {
            let (rows, period) = (json_path(desk, rows), json_path(desk, period));
            Extract::Series { rows: rows?, period: period?, figure: figure? }
        }
        (None, None) if !is_series => Extract::One(figure?),
        _ => {
            let message =
                "a series over HTTP names `rows`, and `period` within a row; one figure neither";
            desk.error(path_doc.place, message);
            return None;
        }
    };
    let pages = pages(desk, doc, is_series);
    let headers = headers(desk, given(doc.headers.as_ref()));
    Some(Request::Http(Box::new(Ask { path: path?, sent: sent?, headers, pages, extract })))
}

fn sent_by_get(desk: &mut Desk, doc: &HttpSourceDoc) -> Option<Sent> {
    let bodies = [
        doc.json.as_ref().map(|doc| doc.place),
        doc.form.as_ref().map(|doc| doc.place),
        doc.graphql.as_ref().map(|doc| doc.place),
    ];
    if let Some(place) = bodies.into_iter().flatten().next() {
        desk.error(place, "a `get` sends nothing along; write `post` instead");
        return None;
    }
    Some(Sent::Get)
}

fn sent_by_post(desk: &mut Desk, doc: &HttpSourceDoc) -> Option<Sent> {
    match (&doc.graphql, &doc.json, &doc.form) {
        (Some(query), json, None) => {
            let variables = match json {
                None => json!({}),
                Some(json) => worded(desk, json)?,
            };
            Some(Sent::GraphQl { query: query.value.clone()?, variables })
        }
        (None, Some(json), None) => worded(desk, json).map(Sent::Json),
        (None, None, Some(form)) => {
            let fields = form.value.iter().flat_map(|form| form.iter());
            let fields = fields.filter_map(|(name, place, text)| {
                Some((name.to_owned(), desk.told(place, Wording::parse(text))?))
            });
            Some(Sent::Form(fields.collect()))
        }
        (None, None, None) => Some(Sent::Post),
        _ => {
            desk.error(doc.from.place, "a `post` sends either `json`, a `form` or `graphql`");
            None
        }
    }
}

/// Numbers without a fraction as the author wrote them: 1, not 1.0.
fn whole(value: Value) -> Value {
    /// Beyond this, not every whole number is a float.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < EXACT_MAX => json!(float as i64),
            _ => Value::Number(number),
        },
        Value::Array(list) => list.into_iter().map(whole).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, whole(value))).collect(),
        other => other,
    }
}

/// JSON whose texts are all wordings.
fn worded(desk: &mut Desk, doc: &Loc<Value>) -> Option<Value> {
    let value = whole(doc.value.clone()?);
    let mut open = vec![&value];
    while let Some(node) = open.pop() {
        match node {
            Value::String(text) => {
                desk.told(doc.place, Wording::parse(text))?;
            }
            Value::Array(list) => open.extend(list),
            Value::Object(map) => open.extend(map.values()),
            _ => {}
        }
    }
    Some(value)
}

fn headers(desk: &mut Desk, docs: Option<&Entries<String>>) -> Vec<(HeaderName, Wording)> {
    let docs = docs.into_iter().flat_map(|docs| docs.iter());
    let header = |(name, place, text): (&str, At, &String)| {
        let words = desk.told(place, Wording::parse(text));
        Some((header_name(desk, name, place)?, words?))
    };
    docs.filter_map(header).collect()
}

fn pages(desk: &mut Desk, doc: &HttpSourceDoc, is_series: bool) -> Option<Pages> {
    let written = doc.pages.as_ref()?;
    if !is_series {
        desk.error(written.place, "only a `reading: series` has pages");
        return None;
    }
    Some(match written.value.as_ref()? {
        PagesDoc::LinkHeader => Pages::LinkHeader,
        PagesDoc::Next(path) => Pages::Next(json_path(desk, path)?),
        PagesDoc::Number(parameter) => Pages::Number(parameter.value.clone()?),
        PagesDoc::Cursor(CursorDoc { path, parameter }) => {
            Pages::Cursor { path: json_path(desk, path)?, parameter: parameter.value.clone()? }
        }
    })
}

fn figure(desk: &mut Desk, doc: &HttpSourceDoc) -> Option<Place> {
    match (&doc.value, &doc.numerator, &doc.denominator) {
        (Some(value), None, None) => json_path(desk, value).map(Place::Value),
        (None, Some(numerator), Some(denominator)) => {
            let parts = (json_path(desk, numerator), json_path(desk, denominator));
            Some(Place::Ratio { numerator: parts.0?, denominator: parts.1? })
        }
        _ => {
            let message = "an HTTP source names `value`, or `numerator` and `denominator`";
            desk.error(doc.from.place, message);
            None
        }
    }
}

fn json_path(desk: &mut Desk, doc: &Loc<String>) -> Option<JsonPath> {
    let text = doc.value.as_deref()?;
    match JsonPath::parse(text) {
        Ok(path) => Some(path),
        Err(error) => {
            let place = within(doc.place, error.position(), text);
            let message = format!("`{text}` is no JSONPath: {}", error.message());
            desk.problems
                .push(Problem::error(place, message).hint("write one such as $.result.score"));
            None
        }
    }
}
