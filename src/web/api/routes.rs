//! All operations of the API in one table, from which requests are served and the document is made.

use axum::{
    Router,
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::any,
};
use serde_json::json;

use crate::web::{
    api::{
        acts, alerts, badge, calendar, configurations, data_problems, deliveries, explain, nodes,
        openapi::openapi,
        operation::{Content, Operation, Run, decoded},
        readings, runs, standing,
    },
    denial,
    pages::page_request::{Answer, PageRequest},
    site::Site,
};
use kpid_board::notice::Notice;

/// A file each kind.
const TABLE: [&[Operation]; 13] = [
    nodes::OPERATIONS,
    standing::OPERATIONS,
    alerts::OPERATIONS,
    acts::OPERATIONS,
    deliveries::OPERATIONS,
    data_problems::OPERATIONS,
    runs::OPERATIONS,
    configurations::OPERATIONS,
    explain::OPERATIONS,
    readings::OPERATIONS,
    badge::OPERATIONS,
    calendar::OPERATIONS,
    DOCUMENT,
];

const DOCUMENT: &[Operation] = &[Operation {
    path: "/api/v1/openapi.json",
    summary: "This document",
    parameters: &[],
    answer: Content::Json(|_| json!({ "type": "object" })),
    run: Run::Get(|request, _| {
        Box::pin(async move { Ok(request.answer_json(&openapi(operations()))) })
    }),
}];

fn operations() -> impl Iterator<Item = &'static Operation> {
    TABLE.into_iter().flatten()
}

/// What serves them. Which operation is meant is decided by the address as it is written, so that the
/// parameter of an address may have slashes and be followed by more.
pub(in crate::web) fn router() -> Router<Site> {
    let served = || any(serve);
    Router::new()
        .route("/api/{*rest}", served())
        .route("/badge/{*rest}", served())
        .route("/calendar/{*rest}", served())
}

async fn serve(request: PageRequest, incoming: Request) -> Response {
    match answer(request, incoming).await {
        Ok(answer) | Err(answer) => answer,
    }
}

/// Which operation is asked for, and the parameter of its address.
enum Asked {
    One(&'static Operation, String),
    /// This one, in another way.
    OtherMethod(&'static Operation),
    Nothing,
}

fn asked(method: &Method, path: &str) -> Asked {
    let fitting: Vec<(&'static Operation, &str)> =
        operations().filter_map(|operation| Some((operation, operation.written(path)?))).collect();
    let tail = fitting.iter().map(|(operation, _)| operation.tail()).max();
    let mut meant = fitting.into_iter().filter(|(operation, _)| Some(operation.tail()) == tail);
    let is_asked = |operation: &Operation| match operation.is_post() {
        true => method == Method::POST,
        false => matches!(*method, Method::GET | Method::HEAD),
    };
    let Some((first, written)) = meant.next() else { return Asked::Nothing };
    match decoded(written) {
        None => Asked::Nothing,
        Some(parameter) if is_asked(first) => Asked::One(first, parameter),
        Some(_) => Asked::OtherMethod(first),
    }
}

async fn answer(request: PageRequest, incoming: Request) -> Answer {
    let (operation, parameter) = match asked(incoming.method(), incoming.uri().path()) {
        Asked::One(operation, parameter) => (operation, parameter),
        Asked::OtherMethod(operation) => return Err(other_method(operation)),
        Asked::Nothing => return Err(request.refused(Notice::NotFound)),
    };
    match operation.run {
        Run::Get(run) => run(request, parameter).await,
        Run::Post { run, .. } => {
            let body = body(incoming).await?;
            run(request, parameter, body).await
        }
        Run::Apart { .. } => Err(request.refused(Notice::NotFound)),
    }
}

fn other_method(operation: &Operation) -> Response {
    let allowed = if operation.is_post() { "POST" } else { "GET, HEAD" };
    let words = format!("this is asked by {allowed}");
    let answer = denial::problem(StatusCode::METHOD_NOT_ALLOWED, &words);
    ([(header::ALLOW, allowed)], answer).into_response()
}

/// JSON and nothing else: what a form elsewhere makes a browser send is none.
async fn body(incoming: Request) -> Result<Bytes, Response> {
    if !is_json(incoming.headers()) {
        let words = "send `Content-Type: application/json`";
        return Err(denial::problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, words));
    }
    Bytes::from_request(incoming, &()).await.map_err(IntoResponse::into_response)
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).and_then(|held| held.to_str().ok());
    let media = media.and_then(|media| media.split(';').next()).map(str::trim);
    media.is_some_and(|media| media.eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(method: Method, path: &str) -> String {
        match asked(&method, path) {
            Asked::One(operation, parameter) => format!("{} {parameter}", operation.path),
            Asked::OtherMethod(operation) => format!("not so: {}", operation.path),
            Asked::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn what_is_asked_is_decided_by_the_address_as_it_is_written() {
        let node = "/api/v1/nodes/{path}";
        let series = "/api/v1/nodes/{path}/series";
        let acknowledge = "/api/v1/alerts/{alert}/acknowledge";
        for (method, path, operation) in [
            (Method::GET, "/api/v1/nodes", "/api/v1/nodes ".to_owned()),
            (Method::GET, "/api/v1/nodes/acme/customer", format!("{node} acme/customer")),
            (Method::HEAD, "/api/v1/nodes/acme%2Fcustomer", format!("{node} acme/customer")),
            (Method::GET, "/api/v1/nodes/acme/series", format!("{series} acme")),
            // A KPI that is called so.
            (Method::GET, "/api/v1/nodes/acme%2Fseries", format!("{node} acme/series")),
            (Method::GET, "/api/v1/nodes/acme%2Fseries/series", format!("{series} acme/series")),
            (Method::GET, "/api/v1/nodes/acme/series.csv", format!("{series}.csv acme")),
            (Method::GET, "/api/v1/nodes/", "nothing".to_owned()),
            (Method::GET, "/api/v1/nodes/%FF", "nothing".to_owned()),
            (Method::GET, "/api/v1/nodes/%252F", format!("{node} %2F")),
            (Method::POST, "/api/v1/alerts/a/b/1/acknowledge", format!("{acknowledge} a/b/1")),
            (Method::GET, "/api/v1/alerts/a/b/1/acknowledge", format!("not so: {acknowledge}")),
            (Method::OPTIONS, "/api/v1/nodes/acme", format!("not so: {node}")),
            (Method::GET, "/api/v2/nodes", "nothing".to_owned()),
        ] {
            assert_eq!(meant(method, path), operation, "{path}");
        }
    }
}
