//! HTTP APIs and questions to them, parsed.

use std::collections::HashMap;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

use crate::{
    daemon::{
        document::{ApiKeyDoc, AuthDoc, BasicDoc, HttpDoc, Oauth2Doc, ProxyDoc, ProxyLoginDoc},
        parse::{BODY_BYTES, bytes_max, concurrent_max, timeout, web_address},
    },
    parse_context::{Desk, given},
    problem::{Place as At, Problem, suggestion},
    secret::Secrets,
    source::{
        csv,
        document::ReadingDoc,
        http::{
            document::{HttpSourceDoc, RequestDoc, RowsDoc},
            request,
        },
        parse::columns,
    },
    yaml::{
        located::{Entries, Loc},
        scalar::FieldDoc,
    },
};
use kpid_rules::model::Id;
use kpid_sources::{
    Connection, FigureColumns, Request,
    csv::Rows,
    http::{Ask, Auth, Call, Endpoint, Extract, Format, Place, Proxy, Sent, exposition::Selector},
};

/// How to reach an API.
pub(crate) fn connection(desk: &mut Desk, doc: &HttpDoc) -> Option<Connection> {
    let (base_url, auth) = match given(doc.auth.as_ref()) {
        None if doc.auth.is_some() => return None,
        None => base_with_login(desk, &doc.base_url)?,
        Some(auth) => {
            let auth = self::auth(desk, auth);
            (bare_address(desk, &doc.base_url, "`auth`")?, auth?)
        }
    };
    let concurrent = concurrent_max(desk, &doc.max_concurrent);
    if let Some(most) = doc.max_per_minute.as_ref().filter(|most| most.value == Some(0)) {
        desk.error(most.place, "max_per_minute is 0, which is never; leave it out for no limit");
    }
    Some(Connection::Http(Box::new(Endpoint {
        base_url,
        auth,
        timeout: timeout(desk, &doc.timeout),
        body_bytes_max: bytes_max(desk, &doc.max_bytes, BODY_BYTES),
        concurrent_max: usize::try_from(concurrent).unwrap_or(usize::MAX),
        per_minute_max: given(doc.max_per_minute.as_ref()).copied(),
        headers: fixed_headers(desk, given(doc.headers.as_ref())),
        authority: doc.ca.as_ref().and_then(|doc| pem(desk, doc)),
        identity: identity(desk, doc.client_certificate.as_ref()),
        proxy: doc.proxy.as_ref().and_then(|doc| proxy(desk, doc)),
    })))
}

fn auth(desk: &mut Desk, doc: &AuthDoc) -> Option<Auth> {
    Some(match doc {
        AuthDoc::Bearer(token) => Auth::Bearer(desk.secret_of_header(token)?),
        AuthDoc::Basic(BasicDoc { user, password }) => {
            Auth::Basic { user: user.value.clone()?, password: desk.secret(password)? }
        }
        AuthDoc::ApiKey(ApiKeyDoc { header, key }) => {
            let name = header_name(desk, header.value.as_deref()?, header.place);
            Auth::Key { header: name?, key: desk.secret_of_header(key)? }
        }
        AuthDoc::Oauth2(Oauth2Doc { token_url, client_id, client_secret, scope }) => Auth::OAuth2 {
            token_url: bare_address(desk, token_url, "`client_id` and `client_secret`")?,
            client_id: client_id.value.clone()?,
            client_secret: desk.secret(client_secret)?,
            scope: given(scope.as_ref()).cloned(),
        },
    })
}

/// A base URL, and who we are if that stands in it.
fn base_with_login(desk: &mut Desk, doc: &Loc<String>) -> Option<(Url, Auth)> {
    let mut url = web_address(desk, doc)?;
    let hint = "write `auth: { basic: { user: NAME, password: { env: NAME } } }` beside it";
    let auth = match login(desk, &mut url, doc.place, hint) {
        Some((user, password)) => Auth::Basic { user, password },
        None => Auth::None,
    };
    Some((url, auth))
}

/// An address without a user, because who we are is said elsewhere.
fn bare_address(desk: &mut Desk, doc: &Loc<String>, elsewhere: &str) -> Option<Url> {
    let url = web_address(desk, doc)?;
    if !url.username().is_empty() || url.password().is_some() {
        let message = format!("who we are is said by {elsewhere}; leave it out of the address");
        desk.error(doc.place, message);
        return None;
    }
    Some(url)
}

/// Takes user and password out of an address, where they would be shown.
fn login(desk: &mut Desk, url: &mut Url, place: At, hint: &str) -> Option<(String, SecretString)> {
    let (user, password) = (decoded(url.username()), url.password().map(decoded));
    if user.is_empty() && password.is_none() {
        return None;
    }
    // Refused only by addresses that have no user.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let warning = "a secret is written here for everyone who reads the file";
    desk.problems.push(Problem::warning(place, warning).hint(hint));
    Some((user, SecretString::from(password.unwrap_or_default())))
}

/// A proxy, and who we are there.
fn proxy(desk: &mut Desk, doc: &Loc<ProxyDoc>) -> Option<Proxy> {
    match doc.value.as_ref()? {
        ProxyDoc::Map(ProxyLoginDoc { url, user, password }) => {
            let login = Some((user.value.clone()?, desk.secret(password)?));
            Some(Proxy { url: bare_address(desk, url, "`user` and `password`")?, login })
        }
        ProxyDoc::Text(text) => {
            let mut url = web_address(desk, &Loc { place: doc.place, value: Some(text.clone()) })?;
            let hint = "write `proxy: { url: …, user: NAME, password: { env: NAME } }`";
            let login = login(desk, &mut url, doc.place, hint);
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

/// A name of a header, or why it is none.
pub(crate) fn header_name(desk: &mut Desk, name: &str, place: At) -> Option<HeaderName> {
    let read = name.parse::<HeaderName>();
    desk.told(place, read.map_err(|_| format!("`{name}` is no name of a header")))
}

fn fixed_headers(desk: &mut Desk, docs: Option<&Entries<FieldDoc>>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, place, doc) in docs.into_iter().flat_map(|docs| docs.iter()) {
        if let Some((name, value)) =
            header_name(desk, name, place).zip(fixed_header(desk, name, place, doc))
        {
            headers.insert(name, value);
        }
    }
    headers
}

fn fixed_header(desk: &mut Desk, name: &str, place: At, doc: &FieldDoc) -> Option<HeaderValue> {
    if let FieldDoc::Text(text) = doc {
        let what = "the headers of a connection; write those of the source";
        desk.without_period(place, text, what)?;
        let read = text.parse::<HeaderValue>();
        return desk
            .told(place, read.map_err(|_| format!("`{text}` is not a valid value of a header")));
    }
    let secret = desk.secret(&Loc { place, value: doc.secret() })?;
    let read = HeaderValue::from_str(secret.expose_secret());
    let message = format!("the secret of the header `{name}` has a sign that no header may have");
    let mut value = desk.told(place, read.map_err(|_| message))?;
    value.set_sensitive(true);
    Some(value)
}

/// The requests of a connection that have names.
pub(crate) fn requests(desk: &mut Desk, doc: &HttpDoc) -> HashMap<String, Call> {
    let written = given(doc.requests.as_ref()).map(|docs| desk.entries(docs)).unwrap_or_default();
    let call = |(name, place, doc): (Id, At, &Loc<RequestDoc>)| {
        Some((name.to_string(), request::call(desk, doc.value.as_ref()?, place)?))
    };
    written.into_iter().filter_map(call).collect()
}

/// A question to an API.
pub(crate) fn request(desk: &mut Desk, doc: &HttpSourceDoc) -> Option<Request> {
    let call = match &doc.named {
        Some(name) => named(desk, doc, name)?,
        None => request::call(desk, &doc.request(), doc.from.place)?,
    };
    let is_series =
        given(doc.reading.as_ref()).is_some_and(|kind| matches!(kind, ReadingDoc::Series));
    if call.pages.is_some() && !is_series {
        let place = doc.pages.as_ref().map_or(doc.from.place, |pages| pages.place);
        desk.error(place, "only a `reading: series` has pages");
        return None;
    }
    let extract = match (&call.sent, call.format) {
        (Sent::PromQl(_), _) => of_promql(desk, doc, is_series)?,
        (_, Format::Json) => of_json(desk, doc, is_series)?,
        (_, Format::Csv(_)) => of_csv(desk, doc)?,
        (_, Format::Prometheus) => of_prometheus(desk, doc, is_series)?,
    };
    let columns = [&doc.observed_at, &doc.target].into_iter().flatten().next();
    if let Some(column) = columns.filter(|_| !matches!(call.format, Format::Csv(_))) {
        desk.error(column.place, "this names a column of CSV; add `format: csv`");
    }
    Some(Request::Http(Box::new(Ask { call, extract })))
}

/// A request of the connection.
fn named(desk: &mut Desk, doc: &HttpSourceDoc, name: &Loc<String>) -> Option<Call> {
    let written = doc.request();
    let own = [&written.get, &written.post, &written.path, &written.promql];
    if let Some(own) = own.into_iter().flatten().next() {
        desk.error(
            own.place,
            "an HTTP source has either a request of its own or one that is `named`",
        );
        return None;
    }
    if !written.is_empty() {
        let message = "what is asked and comes is said in `requests:` of the connection";
        desk.error(name.place, message);
        return None;
    }
    let (from, wanted) = (doc.from.value.as_deref()?, name.value.as_deref()?);
    // A connection that is not there is told by itself.
    let calls = desk.calls.get(&Id::parse(from).ok()?)?;
    let found = calls.get(wanted).cloned();
    if found.is_none() {
        let hint = suggestion(wanted, calls.keys().map(String::as_str));
        let hint = hint.unwrap_or_else(|| format!("add it to `requests:` of `{from}`"));
        let message = format!("the connection `{from}` has no request `{wanted}`");
        desk.problems.push(Problem::error(name.place, message).hint(hint));
    }
    found
}

/// One figure or a series, by JSONPath.
fn of_json(desk: &mut Desk, doc: &HttpSourceDoc, is_series: bool) -> Option<Extract> {
    let rows = match given(doc.rows.as_ref()) {
        Some(RowsDoc::Map(_)) => {
            desk.error(doc.from.place, "of JSON, `rows` is a JSONPath; or add `format: csv`");
            return None;
        }
        Some(RowsDoc::Text(path)) => {
            let place = doc.rows.as_ref().map_or(doc.from.place, |rows| rows.place);
            Some(Loc { place, value: Some(path.clone()) })
        }
        None => None,
    };
    let figure = figure(desk, doc);
    match (rows, &doc.period) {
        (Some(rows), Some(period)) => {
            let (rows, period) =
                (request::json_path(desk, &rows), request::json_path(desk, period));
            Some(Extract::Series { rows: rows?, period: period?, figure: figure? })
        }
        (None, None) if !is_series => figure.map(Extract::One),
        _ => {
            let message =
                "a series over HTTP names `rows`, and `period` within a row; one figure neither";
            desk.error(doc.from.place, message);
            None
        }
    }
}

fn figure(desk: &mut Desk, doc: &HttpSourceDoc) -> Option<Place> {
    let figure = columns(desk, doc.from.place, &doc.value, &doc.numerator, &doc.denominator)?;
    if figure.is_none() {
        let message = "an HTTP source names `value`, or `numerator` and `denominator`";
        desk.error(doc.from.place, message);
    }
    let mut path = |doc: &Option<Loc<String>>| request::json_path(desk, doc.as_ref()?);
    match figure? {
        FigureColumns::Value(_) => path(&doc.value).map(Place::Value),
        FigureColumns::Ratio { .. } => {
            let parts = (path(&doc.numerator), path(&doc.denominator));
            Some(Place::Ratio { numerator: parts.0?, denominator: parts.1? })
        }
    }
}

fn of_csv(desk: &mut Desk, doc: &HttpSourceDoc) -> Option<Extract> {
    let figure = columns(desk, doc.from.place, &doc.value, &doc.numerator, &doc.denominator)?;
    let holding = match given(doc.rows.as_ref()) {
        Some(RowsDoc::Text(_)) => {
            desk.error(doc.from.place, "of CSV, `rows` is a map such as { Region: North }");
            return None;
        }
        Some(RowsDoc::Map(rows)) => csv::parse::holding(desk, Some(rows)),
        None => Vec::new(),
    };
    Some(Extract::Rows(Rows {
        figure: figure.unwrap_or_else(csv::parse::usual_figure),
        period: csv::parse::period(doc.period.as_ref(), doc.reading.as_ref()),
        observed_at: given(doc.observed_at.as_ref()).cloned(),
        target: given(doc.target.as_ref()).cloned(),
        holding,
    }))
}

fn of_prometheus(desk: &mut Desk, doc: &HttpSourceDoc, is_series: bool) -> Option<Extract> {
    only_now(desk, doc, is_series)?;
    let mut selector = |doc: &Option<Loc<String>>| {
        let doc = doc.as_ref()?;
        let what = "the name of a metric, which is read as it is now";
        desk.without_period(doc.place, doc.value.as_deref()?, what)?;
        let read = Selector::parse(doc.value.as_deref()?);
        desk.told(doc.place, read)
    };
    match (&doc.value, &doc.numerator, &doc.denominator) {
        (Some(_), None, None) => selector(&doc.value).map(Extract::Sample),
        (None, Some(_), Some(_)) => {
            let parts = (selector(&doc.numerator), selector(&doc.denominator));
            Some(Extract::Samples { numerator: parts.0?, denominator: parts.1? })
        }
        _ => {
            let message = "an HTTP source names `value`, or `numerator` and `denominator`";
            desk.error(doc.from.place, message);
            None
        }
    }
}

fn of_promql(desk: &mut Desk, doc: &HttpSourceDoc, is_series: bool) -> Option<Extract> {
    only_now(desk, doc, is_series)?;
    let figure = [&doc.value, &doc.numerator, &doc.denominator].into_iter().flatten().next();
    if let Some(figure) = figure {
        desk.error(figure.place, "the figure is what `promql` gives; leave this out");
        return None;
    }
    Some(Extract::PromQl)
}

/// Prometheus is asked how it is at one instant.
fn only_now(desk: &mut Desk, doc: &HttpSourceDoc, is_series: bool) -> Option<()> {
    let rows = doc.rows.as_ref().map(|rows| rows.place);
    let place = doc.period.as_ref().map(|period| period.place).or(rows);
    if let Some(place) = place.or(is_series.then_some(doc.from.place)) {
        desk.error(
            place,
            "Prometheus gives one figure and no series: leave out `rows` and `period`",
        );
        return None;
    }
    Some(())
}
