//! What systems push, as the document describes it; `web/push` serves it, with tokens and limits of its own.

use serde_json::json;

use crate::web::api::operation::{Content, Operation, Run};

pub(super) const OPERATIONS: &[Operation] = &[Operation {
    path: "/api/v1/readings",
    summary: "Keeps readings that a system pushes, with a token of a `push` connection",
    parameters: &[],
    answer: Content::Json(|_| {
        let count = json!({ "type": "integer", "minimum": 0 });
        let frozen = json!({ "type": "object", "required": ["kpi", "period"],
            "properties": { "kpi": { "type": "string" }, "period": { "type": "string" } } });
        json!({ "type": "object", "required": ["stored", "revised", "unchanged", "null", "frozen"],
            "properties": { "stored": count, "revised": count, "unchanged": count, "null": count,
                "frozen": { "type": "array", "items": frozen } } })
    }),
    run: Run::Apart {
        body: |_| {
            let (text, number) = (json!({ "type": "string" }), json!({ "type": "number" }));
            let reading = json!({ "type": "object", "required": ["kpi"],
                "additionalProperties": false, "properties": {
                    "kpi": text, "period": text, "value": { "type": ["number", "null"] },
                    "numerator": number, "denominator": number, "observed_at": text,
                    "target": number } });
            json!({ "type": "object", "required": ["readings"], "additionalProperties": false,
                "properties": { "readings": { "type": "array", "minItems": 1, "items": reading } } })
        },
    },
}];
