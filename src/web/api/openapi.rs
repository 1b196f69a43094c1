//! The document that describes the API, made from the types that it answers with.

use axum::response::Response;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Serialize;
use serde_json::{Value, json};

use crate::web::{api::series::SeriesRow, pages::page_request::PageRequest};

/// What is told where something is refused, as in RFC 9457.
#[derive(Debug, Serialize, JsonSchema)]
struct Problem {
    /// The status in words.
    title: String,
    /// The status.
    status: u16,
    /// What is wrong, and the way out.
    detail: String,
}

/// `GET /api/v1/openapi.json`
pub(super) async fn document(request: PageRequest) -> Response {
    request.answer_json(&openapi())
}

fn openapi() -> Value {
    let settings = SchemaSettings::draft2020_12();
    let settings = settings.with(|held| held.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let (row, problem) =
        (generator.subschema_for::<SeriesRow>(), generator.subschema_for::<Problem>());
    let schemas = generator.take_definitions(true);
    let path = parameter(
        "path",
        "path",
        "The ids of a node: `calder`, `calder/customer`, `calder/customer/promise`, or a KPI as `calder/on-time-delivery`",
    );
    let at = parameter("at", "query", "As of a period `2026-05`, a day, or an instant of RFC 3339");
    let from = parameter("from", "query", "The first period, such as `2025-04`");
    let to = parameter("to", "query", "The last period");
    let node = json!({ "type": "object", "required": ["path", "kind", "as_of", "status"] });
    let rows = json!({ "type": "array", "items": row });
    let nodes = json!({ "type": "array", "items": node });
    let json_of = |schema: &Value| json!({ "application/json": { "schema": schema } });
    let get = |summary: &str, parameters: Value, content: Value| {
        let wrong = json!({ "description": "What is wrong, and the way out",
            "content": { "application/problem+json": { "schema": problem } } });
        json!({ "get": { "summary": summary, "parameters": parameters, "responses": {
            "200": { "description": summary, "content": content },
            "default": wrong } } })
    };
    let mut series = json_of(&rows);
    series["text/csv"] = json!({ "schema": { "type": "string" } });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "kpid", "version": env!("CARGO_PKG_VERSION"),
            "description": "How scorecards stand, and stood. Numbers are not rounded; instants have their offset." },
        "paths": {
            "/api/v1/openapi.json": get("This document", json!([]), json_of(&json!({ "type": "object" }))),
            "/api/v1/standing": get("What `kpid show --format json` prints", json!([]), json_of(&json!({ "type": "object" }))),
            "/api/v1/scorecards": get("All scorecards, without what is below them", json!([at]), json_of(&nodes)),
            "/api/v1/nodes/{path}": get("One node", json!([path, at]), json_of(&node)),
            "/api/v1/nodes/{path}/series": get("The past of a node, a row a period, the oldest first", json!([path, at, from, to]), series),
            "/badge/{path}": get("A picture of how a node stands", json!([path]), json!({ "image/svg+xml": { "schema": { "type": "string" } } })),
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
        "security": [{ "token": [] }, {}],
    })
}

fn parameter(name: &str, place: &str, description: &str) -> Value {
    json!({ "name": name, "in": place, "required": place == "path", "description": description,
        "schema": { "type": "string" } })
}
