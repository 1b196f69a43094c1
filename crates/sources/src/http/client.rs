//! Asks an HTTP API: bounded in time, size and redirects, and never tells a secret.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use reqwest::{
    Method, RequestBuilder, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderMap},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::http::{
    Auth, Endpoint, Extract, Format, HttpRequest, Sent,
    document::Document,
    failure::{blame, broken, is_answer, is_busy, is_limited, is_put_off, lost, patience},
    oauth::{Credentials, Tokens},
    pages::{PAGES_MAX, Page, PageTurn, TALLIED_PAGES_MAX},
    parts, promql,
    rate::RequestRate,
    redaction::{REDACTED, shown_url},
    redirect::{self, AnsweredRequest},
    required, transport,
};
use crate::{
    cell::shown,
    fault::{Blame, Fault},
    question::Question,
    reading_worker::read_aside,
    retry::Attempts,
    table::{Doubt, Table},
    unpack,
};

/// What is read of a refusal.
const REFUSAL_BYTES_MAX: usize = 4096;

/// What is shown of an answer that does not fit.
const EXCERPT_CHARS_MAX: usize = 200;

/// What a person who traces a request sees of the answer.
const RAW_CHARS_MAX: usize = 2000;

/// No credential is longer than this.
const EXCERPT_BYTES_BEYOND: usize = 8192;

/// What a person who traces a request sees of what is sent along.
const SENT_CHARS_MAX: usize = 1000;

/// A live HTTP API.
#[derive(Debug)]
pub(crate) struct Client {
    endpoint: Endpoint,
    http: reqwest::Client,
    rate: Option<RequestRate>,
    tokens: Tokens,
}

/// A page as it came.
struct PageAnswer {
    url: Url,
    headers: HeaderMap,
    body: Arc<[u8]>,
    document: Arc<Document>,
}

impl Client {
    /// Gets ready; nothing is reached yet.
    pub(crate) fn new(endpoint: &Endpoint, http: reqwest::Client) -> anyhow::Result<Self> {
        let base = &endpoint.base_url;
        let fits = matches!(base.scheme(), "http" | "https") && base.has_host();
        anyhow::ensure!(fits, "its base_url is not an http or https address");
        let is_bare = base.query().is_none() && base.fragment().is_none();
        anyhow::ensure!(is_bare, "its base_url has a `?` or `#`; put that into the sources");
        let is_own =
            endpoint.authority.is_some() || endpoint.identity.is_some() || endpoint.proxy.is_some();
        let http = if is_own { transport::own(endpoint)? } else { http };
        let rate = endpoint.per_minute_max.map(RequestRate::per_minute);
        Ok(Self { endpoint: endpoint.clone(), http, rate, tokens: Tokens::default() })
    }

    /// What is asked, without secrets.
    pub(crate) fn describe(&self, request: &HttpRequest, question: &Question<'_>) -> String {
        let method = &request.method;
        match self.url(request, question) {
            Ok(url) => format!("{method} {}", shown_url(&url)),
            Err(_) => method.to_string(),
        }
    }

    /// What is sent along, as a person may see it.
    pub(crate) fn sent_along(
        &self,
        request: &HttpRequest,
        question: &Question<'_>,
    ) -> Option<String> {
        let body = request.body_shown(question.window)?;
        Some(shown(&self.redacted(request, body), SENT_CHARS_MAX))
    }

    /// Waits until the connection's rate lets one more request go.
    pub(crate) async fn turn(&self) {
        if let Some(rate) = &self.rate {
            rate.turn().await;
        }
    }

    /// Asks, page after page, and takes out what each of those who read the answer wants.
    pub(crate) async fn tables(
        &self,
        request: &HttpRequest,
        extracts: &[Extract],
        question: &Question<'_>,
    ) -> Result<Vec<Result<Table, String>>, Fault> {
        let url = self.url(request, question)?;
        let mut next = Some(match &request.pages {
            None => PageTurn { url, put: None },
            Some(pages) => pages.first(url),
        });
        let mut tables: Vec<Result<Table, String>> = Vec::new();
        let pages_max = match extracts.iter().all(Extract::is_tallied) {
            true => TALLIED_PAGES_MAX,
            false => PAGES_MAX,
        };
        let is_counted = !extracts.iter().any(Extract::is_filtered);
        let (mut number, mut rows_so_far) = (0, 0);
        while let Some(turn) = next.take() {
            number += 1;
            if number > pages_max {
                return Err(format!("has more than {pages_max} pages; ask for less").into());
            }
            if number > 1 {
                self.turn().await;
            }
            let answer = self.page(request, question, &turn).await?;
            if let Document::Json(document) = &*answer.document {
                let unmet = required::unmet(&request.require, document);
                unmet.map_err(|words| self.redacted(request, words))?;
            }
            // What does not fit may quote an answer that echoes a credential.
            let redacted = |words: String| self.redacted(request, words);
            let page = extracted(&answer, extracts, request.format, question).await?;
            let page: Vec<_> = page.into_iter().map(|table| table.map_err(redacted)).collect();
            let rows = page.iter().flatten().map(entries).max().unwrap_or(0);
            rows_so_far += rows;
            if number == 1 {
                let excerpt = Some(self.excerpt(request, &answer.body, RAW_CHARS_MAX));
                let asked = Some(went(&request.method, &turn.url, &answer.url));
                let traced =
                    |table| Table { excerpt: excerpt.clone(), asked: asked.clone(), ..table };
                tables = page.into_iter().map(|table| table.map(traced)).collect();
            } else {
                tables =
                    tables.into_iter().zip(page).map(|(held, page)| joined(held, page)).collect();
            }
            let mut is_last = false;
            // What fits nobody on one page fits nobody on the next.
            if tables.iter().any(Result::is_ok)
                && let (Some(pages), Document::Json(document)) = (&request.pages, &*answer.document)
            {
                is_last = required::is_last(&request.last_page, document)?;
                let (url, headers, turn) = (&answer.url, &answer.headers, &turn);
                let page =
                    Page { url, headers, document, rows, number, rows_so_far, is_counted, turn };
                next = if is_last { None } else { pages.next(&page)? };
            }
            if next.is_none() {
                let is_paged = request.pages.is_some();
                let whole = parts::Whole::of(&answer.headers, &answer.document, is_paged);
                let whole = if is_last { whole.of_last_page() } else { whole };
                tables = tables
                    .into_iter()
                    .zip(extracts)
                    .map(|(table, extract)| Ok(whole.checked(table?, extract)?.settled()))
                    .collect();
            }
        }
        Ok(tables)
    }

    /// One page. An API that is busy is asked again while there is time, as soon as it says; one that
    /// may have carried out the question only where that does no harm.
    async fn page(
        &self,
        request: &HttpRequest,
        question: &Question<'_>,
        turn: &PageTurn,
    ) -> Result<PageAnswer, Fault> {
        let mut attempts = Attempts::within(self.endpoint.timeout);
        let is_repeatable = request.is_repeatable();
        loop {
            let sent = self.send(request, question, turn).await;
            let (fault, may_pass) = match sent {
                Ok(response) if request.takes(response.status()) => {
                    match self.read(request, response).await {
                        Err(fault @ Fault::BrokeOff(_)) => (fault, is_repeatable),
                        read => return read,
                    }
                }
                Ok(response) => {
                    let status = response.status();
                    let is_later = is_busy(status) || status == StatusCode::ACCEPTED;
                    let (fault, is_limited) = self.refusal(request, response, question.now).await;
                    let is_put_off = is_put_off(status) || is_limited;
                    (fault, is_put_off || (is_repeatable && is_later))
                }
                Err(fault @ Fault::Unreached(_)) => (fault, true),
                Err(fault @ Fault::BrokeOff(_)) => (fault, is_repeatable),
                Err(fault) => return Err(fault),
            };
            if !may_pass || !attempts.pause(fault.asked()).await {
                return Err(fault);
            }
        }
    }

    async fn read(
        &self,
        request: &HttpRequest,
        mut response: Response,
    ) -> Result<PageAnswer, Fault> {
        let (url, headers) = (response.url().clone(), response.headers().clone());
        let media = content_type(&response);
        let body: Arc<[u8]> = self.body(&mut response).await?.into();
        let document = self.document(request, Arc::clone(&body), media).await?;
        if matches!(request.sent, Sent::GraphQl { .. })
            && let Document::Json(document) = &*document
            && let Some(errors) = document.get("errors").and_then(Value::as_array)
            && !errors.is_empty()
        {
            let errors = serde_json::to_vec(errors).unwrap_or_default();
            let excerpt = self.excerpt(request, &errors, EXCERPT_CHARS_MAX);
            return Err(format!("came with errors of GraphQL: {excerpt}").into());
        }
        Ok(PageAnswer { url, headers, body, document })
    }

    async fn document(
        &self,
        request: &HttpRequest,
        body: Arc<[u8]>,
        media: String,
    ) -> Result<Arc<Document>, String> {
        let (asked, hidden) = (request.clone(), self.hidden(request));
        let read = read_aside(body.len(), move || {
            let excerpt = |text: &[u8]| excerpt(&hidden, text, EXCERPT_CHARS_MAX);
            asked.document(&body, &media, excerpt)
        });
        read.await?.map(Arc::new)
    }

    /// Sends a request, and sends it in the same way to where it is redirected.
    async fn send(
        &self,
        request: &HttpRequest,
        question: &Question<'_>,
        turn: &PageTurn,
    ) -> Result<Response, Fault> {
        let url = &turn.url;
        let is_bare = request.method == Method::GET
            && matches!(request.sent, Sent::Nothing | Sent::PromQl(_));
        let (mut at, mut followed) = (url.clone(), 0);
        loop {
            let to = PageTurn { url: at.clone(), put: turn.put.clone() };
            let response = match self.send_to(request, question, &to).await {
                // Where it is sent on to is not the API that all questions go to.
                Err(Fault::Unreached(words)) if followed > 0 => return Err(Fault::BrokeOff(words)),
                sent => sent?,
            };
            let asked = AnsweredRequest { first: url, at: &at, followed, is_bare };
            match redirect::next(&asked, response.status(), response.headers())? {
                None => return Ok(response),
                Some(next) => (at, followed) = (next, followed + 1),
            }
        }
    }

    /// Sends one request; a token that is refused is fetched anew, once.
    async fn send_to(
        &self,
        request: &HttpRequest,
        question: &Question<'_>,
        turn: &PageTurn,
    ) -> Result<Response, Fault> {
        let token = self.token(None).await.map_err(Fault::Unreached)?;
        let response = self.request(request, question, turn, token.as_ref())?.send().await;
        let response = response.map_err(|error| lost(&error))?;
        match token {
            Some(refused) if response.status() == StatusCode::UNAUTHORIZED => {
                let token = self.token(Some(&refused)).await.map_err(Fault::Unreached)?;
                let again = self.request(request, question, turn, token.as_ref())?.send().await;
                again.map_err(|error| lost(&error))
            }
            _ => Ok(response),
        }
    }

    async fn token(&self, refused: Option<&SecretString>) -> Result<Option<SecretString>, String> {
        let Auth::OAuth2 { token_url, client_id, client_secret, scope } = &self.endpoint.auth
        else {
            return Ok(None);
        };
        let credentials =
            Credentials { token_url, client_id, client_secret, scope: scope.as_deref() };
        self.tokens.token(&self.http, &credentials, refused).await.map(Some)
    }

    fn request(
        &self,
        request: &HttpRequest,
        question: &Question<'_>,
        turn: &PageTurn,
        token: Option<&SecretString>,
    ) -> Result<RequestBuilder, Fault> {
        let builder = self.http.request(request.method.clone(), turn.url.clone());
        let builder = self.authorized(builder, token);
        Ok(request.put(builder, &self.endpoint.headers, question.window, turn)?)
    }

    /// Reaches the API at its base URL; whatever it answers but a refusal of our credentials will do.
    pub(crate) async fn probe(&self) -> Result<(), String> {
        let token = self.token(None).await?;
        let base = &self.endpoint.base_url;
        let (mut at, mut followed) = (base.clone(), 0);
        let status = loop {
            let request = self.authorized(self.http.get(at.clone()), token.as_ref());
            let request = request.headers(self.endpoint.headers.clone());
            let response = request.send().await.map_err(|error| broken(&error))?;
            let asked = AnsweredRequest { first: base, at: &at, followed, is_bare: true };
            match redirect::next(&asked, response.status(), response.headers())? {
                None => break response.status(),
                Some(next) => (at, followed) = (next, followed + 1),
            }
        };
        match status {
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                Err(format!("answered {status}; check the connection's `auth`"))
            }
            status if status.is_server_error() => Err(format!("answered {status}")),
            _ => Ok(()),
        }
    }

    fn authorized(&self, request: RequestBuilder, token: Option<&SecretString>) -> RequestBuilder {
        match &self.endpoint.auth {
            Auth::None => request,
            Auth::Bearer(token) => request.bearer_auth(token.expose_secret()),
            Auth::Basic { user, password } => {
                request.basic_auth(user, Some(password.expose_secret()))
            }
            Auth::Key { header, key } => request.header(header, key.expose_secret()),
            Auth::OAuth2 { .. } => match token {
                Some(token) => request.bearer_auth(token.expose_secret()),
                None => request,
            },
        }
    }

    /// The base URL is a folder, whether or not it ends in `/`.
    fn url(&self, request: &HttpRequest, question: &Question<'_>) -> Result<Url, String> {
        let base = self.endpoint.base_url.as_str().trim_end_matches('/');
        let path = request.path.fill(question.window);
        let path = path.trim_start_matches('/');
        let url = Url::parse(&format!("{base}/{path}"));
        let mut url = url.map_err(|error| format!("cannot be asked: {error}"))?;
        if let Sent::PromQl(words) = &request.sent {
            url.set_query(Some(&promql::parameters(words, question)));
        }
        Ok(url)
    }

    async fn body(&self, response: &mut Response) -> Result<Vec<u8>, Fault> {
        let bytes_max = self.endpoint.body_bytes_max;
        let body = read(response, bytes_max).await.map_err(|error| lost(&error))?;
        if body.len() > bytes_max {
            let limit = "the most that is read of an answer; ask for less";
            return Err(format!("came with more than {bytes_max} bytes, {limit}").into());
        }
        Ok(unpack::unpacked_aside(body, bytes_max).await?)
    }

    /// Why there is no answer, and whether it is because we ask too often.
    async fn refusal(
        &self,
        request: &HttpRequest,
        mut response: Response,
        now: DateTime<Utc>,
    ) -> (Fault, bool) {
        let status = response.status();
        // The status is the news; words that do not arrive are not missed.
        let words = read(&mut response, REFUSAL_BYTES_MAX).await.unwrap_or_default();
        let is_limited = is_limited(status, response.headers(), &String::from_utf8_lossy(&words));
        let asked = patience(response.headers(), now).filter(|_| is_limited || is_busy(status));
        let hint = match status {
            _ if is_limited => ", so it is asked too often; set `max_per_minute`",
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "; check the connection's `auth`",
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => "; check `proxy`",
            StatusCode::NOT_FOUND => "; check `base_url` and the path",
            StatusCode::METHOD_NOT_ALLOWED => "; check by which method it is asked",
            StatusCode::ACCEPTED => ", so the figures are not ready yet",
            StatusCode::PARTIAL_CONTENT => ", so this is a part and not the whole",
            _ => "",
        };
        let words = match self.excerpt(request, &words, EXCERPT_CHARS_MAX) {
            excerpt if excerpt.is_empty() => format!("answered {status}{hint}"),
            excerpt => format!("answered {status}{hint}: \"{excerpt}\""),
        };
        let fault = match asked {
            Some(asked) => Fault::Busy { words, asked, blame: blame(status, is_limited) },
            None => match blame(status, is_limited) {
                Blame::System => Fault::System(words),
                Blame::Request => Fault::Endpoint(words),
                Blame::Nobody => Fault::Question(words),
            },
        };
        (fault, is_limited)
    }

    fn excerpt(&self, request: &HttpRequest, body: &[u8], chars_max: usize) -> String {
        excerpt(&self.hidden(request), body, chars_max)
    }

    fn redacted(&self, request: &HttpRequest, text: String) -> String {
        redacted(&self.hidden(request), text)
    }

    /// Our credentials, which some servers echo.
    fn hidden(&self, request: &HttpRequest) -> Vec<SecretString> {
        let headers = self.endpoint.headers.values().filter(|value| value.is_sensitive());
        let headers = headers.filter_map(|value| Some(value.to_str().ok()?.to_owned()));
        let kept = request.kept().map(|kept| kept.secret.expose_secret().to_owned());
        let secrets = self.endpoint.auth.secrets().into_iter().chain(headers).chain(kept);
        secrets.filter(|secret| !secret.is_empty()).map(SecretString::from).collect()
    }
}

/// The beginning of a body, without credentials.
fn excerpt(hidden: &[SecretString], body: &[u8], chars_max: usize) -> String {
    // A little more than is shown, lest half a credential at the cut is not recognised.
    let bytes_max = chars_max * 4 + EXCERPT_BYTES_BEYOND;
    let text = String::from_utf8_lossy(&body[..body.len().min(bytes_max)]).into_owned();
    shown(&redacted(hidden, text), chars_max)
}

fn redacted(hidden: &[SecretString], text: String) -> String {
    hidden.iter().fold(text, |text, secret| text.replace(secret.expose_secret(), REDACTED))
}

/// What each of those who read a page takes out of it.
async fn extracted(
    answer: &PageAnswer,
    extracts: &[Extract],
    format: Format,
    question: &Question<'_>,
) -> Result<Vec<Result<Table, String>>, String> {
    let (document, extracts) = (Arc::clone(&answer.document), extracts.to_vec());
    let (window, calendar) = (question.window.clone(), question.calendar.clone());
    let (frequency, now) = (question.frequency, question.now);
    let read = read_aside(answer.body.len(), move || {
        let question = Question { window: &window, frequency, calendar: &calendar, now };
        extracts.iter().map(|extract| extract.table(&document, format, &question)).collect()
    });
    read.await
}

impl HttpRequest {
    /// Whether what comes with this status is read.
    fn takes(&self, status: StatusCode) -> bool {
        is_answer(status) || self.statuses.contains(&status.as_u16())
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
                // Some take a key for the user's name, without a password.
                let word = if password.is_empty() { user } else { password };
                vec![BASE64_STANDARD.encode(format!("{user}:{password}")), word.to_owned()]
            }
            Self::Key { key, .. } => vec![key.expose_secret().to_owned()],
            Self::OAuth2 { client_secret, .. } => vec![client_secret.expose_secret().to_owned()],
        };
        secrets.into_iter().filter(|secret| !secret.is_empty()).collect()
    }
}

/// How many entries of a page were looked at, as far as is known: one that a filter does not mean is
/// an entry, too.
fn entries(table: &Table) -> usize {
    let is_filtered = matches!(table.doubt, Some(Doubt::Unmatched(_)));
    table.rows.len().max(table.looked).max(usize::from(is_filtered))
}

/// Where a request went in the end.
fn went(method: &Method, asked: &Url, came_from: &Url) -> String {
    let mut words = format!("{method} {}", shown_url(asked));
    if came_from != asked {
        words += &format!(", redirected to {}", shown_url(came_from));
    }
    words
}

/// The rows of further pages after those that are there; one misfit is of the whole.
fn joined(held: Result<Table, String>, page: Result<Table, String>) -> Result<Table, String> {
    let (mut held, page) = (held?, page?);
    // What was found on one page is not doubted because of another.
    let (is_held, is_more) = (!held.is_bare(), !page.is_bare());
    held.doubt = match (held.doubt.take(), page.doubt) {
        (Some(doubt), Some(_)) => Some(doubt),
        (Some(doubt), None) if !is_more => Some(doubt),
        (None, Some(doubt)) if !is_held => Some(doubt),
        _ => None,
    };
    held.rows.extend(page.rows);
    if let (Some(tally), Some(more)) = (&mut held.tally, page.tally) {
        tally.join(more)?;
    }
    Ok(held)
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
