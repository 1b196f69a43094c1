//! The document that describes the API, made from the table that serves it and from the types that it
//! answers with.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::web::api::operation::{self, Content, Operation, Run};

/// What is told where something is refused, as in RFC 9457.
#[derive(Debug, Serialize, JsonSchema)]
struct Problem {
    /// `about:blank`: the status says it.
    r#type: String,
    /// The status in words.
    title: String,
    /// The status.
    status: u16,
    /// What is wrong, and the way out.
    detail: String,
}

/// The document of these operations.
pub(super) fn openapi(operations: impl Iterator<Item = &'static Operation>) -> Value {
    let settings = SchemaSettings::draft2020_12();
    let settings = settings.with(|held| held.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let problem = operation::schema::<Problem>(&mut generator);
    let mut paths = Map::new();
    for operation in operations {
        let method = if operation.is_post() { "post" } else { "get" };
        let described = described(operation, &problem, &mut generator);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[method] = described;
    }
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": { "title": "kpid", "version": env!("CARGO_PKG_VERSION"),
            "description": "How scorecards stand, and stood, and what is done about it. Numbers are not rounded; instants have their offset." },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
        "security": [{ "token": [] }, {}],
    })
}

fn described(operation: &Operation, problem: &Value, generator: &mut SchemaGenerator) -> Value {
    let parameters: Vec<Value> = operation
        .parameters
        .iter()
        .map(|parameter| {
            let mut described = json!({ "name": parameter.name, "in": parameter.place,
                "required": parameter.place == "path", "description": parameter.description,
                "schema": (parameter.schema)() });
            if let Some(example) = parameter.example {
                described["example"] = example.into();
            }
            described
        })
        .collect();
    let json_of = |schema: Value| json!({ "application/json": { "schema": schema } });
    let content = match operation.answer {
        Content::Json(schema) => json_of(schema(generator)),
        Content::Text(media) => json!({ media: { "schema": { "type": "string" } } }),
        Content::JsonOrCsv(schema) => {
            let mut content = json_of(schema(generator));
            content["text/csv"] = json!({ "schema": { "type": "string" } });
            content
        }
    };
    let mut described = json!({
        "summary": operation.summary,
        "parameters": parameters,
        "responses": {
            "200": { "description": operation.summary, "content": content },
            "default": { "description": "What is wrong, and the way out",
                "content": { "application/problem+json": { "schema": problem } } },
        },
    });
    if let Run::Post { body, .. } | Run::Apart { body } = operation.run {
        let content = json_of(body(generator));
        described["requestBody"] = json!({ "required": true, "content": content });
    }
    described
}
