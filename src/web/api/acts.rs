//! What programs do about an alert, for the person or under the token that they have: acknowledge it, silence
//! its node, write a note about it. The same as on the board.

use axum::{
    Json,
    body::Bytes,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::web::{
    acknowledge::AcknowledgeForm,
    api::{
        alerts::{ALERT, FoundAlert},
        operation::{self, Content, Operation, Run},
        paging::unfit,
    },
    denial,
    pages::{
        acts::{actor, kept, silence, written},
        page_request::{Answer, PageRequest},
    },
};
use kpid_language::english;
use kpid_store::{Acted, OperatorAct};

/// Who answers for an alert.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AcknowledgeBody {
    /// What is being done.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    comment: String,
    /// The day by which it should be well again, `2026-06-30`; today or later.
    #[serde(default)]
    #[schemars(regex(pattern = r"^(20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8]))?$"))]
    due: String,
}

/// That nobody wants to hear of a node for a while.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SilenceBody {
    /// Until the end of that day, or until an instant of RFC 3339; 30 days at most.
    #[schemars(regex(pattern = r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$"))]
    until: String,
    /// Why.
    #[schemars(length(min = 1, max = 2000))]
    reason: String,
}

/// What is written about a node.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NoteBody {
    #[schemars(length(min = 1, max = 2000))]
    text: String,
}

/// What was kept.
#[derive(Debug, Serialize, JsonSchema)]
struct ActReceipt {
    /// The alert.
    id: String,
    /// The path of its node.
    path: String,
    /// Who did it: a person's id, or a token by its name.
    by: String,
    /// The number of a silence, by which `kpid alerts unsilence` ends it.
    silence: Option<i64>,
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/api/v1/alerts/{alert}/acknowledge",
        summary: "Answers for an open alert; takes the place of whoever did",
        parameters: &[ALERT],
        answer: Content::Json(operation::schema::<ActReceipt>),
        run: Run::Post {
            body: operation::schema::<AcknowledgeBody>,
            run: |request, id, body| Box::pin(acknowledge(request, id, body)),
        },
    },
    Operation {
        path: "/api/v1/alerts/{alert}/silence",
        summary: "Keeps back all messages about the alert's node and what is below it, for a while",
        parameters: &[ALERT],
        answer: Content::Json(operation::schema::<ActReceipt>),
        run: Run::Post {
            body: operation::schema::<SilenceBody>,
            run: |request, id, body| Box::pin(silenced(request, id, body)),
        },
    },
    Operation {
        path: "/api/v1/alerts/{alert}/note",
        summary: "Writes a note about the alert's node",
        parameters: &[ALERT],
        answer: Content::Json(operation::schema::<ActReceipt>),
        run: Run::Post {
            body: operation::schema::<NoteBody>,
            run: |request, id, body| Box::pin(noted(request, id, body)),
        },
    },
];

async fn acknowledge(request: PageRequest, id: String, body: Bytes) -> Answer {
    let AcknowledgeBody { comment, due } = read(&body)?;
    let found = FoundAlert::of(&request, &id).await?;
    let by = actor(&request, &found.scope)?;
    let now = request.site.clock.now();
    let today = request.site.calendar.local_day(now);
    let filled = AcknowledgeForm { comment, due };
    let acknowledgement = filled.read(&by, english(), today, now);
    let acknowledgement = acknowledgement.map_err(unfit)?;
    let act = OperatorAct::Acknowledge { dedup_key: id.clone(), acknowledgement };
    done(&request, &found, (id, by), act).await
}

async fn silenced(request: PageRequest, id: String, body: Bytes) -> Answer {
    let SilenceBody { until, reason } = read(&body)?;
    let found = FoundAlert::of(&request, &id).await?;
    let by = actor(&request, &found.scope)?;
    let silence = silence(&request, english(), found.scope.clone(), (&until, &reason), &by);
    let act = OperatorAct::Silence(silence.map_err(unfit)?);
    done(&request, &found, (id, by), act).await
}

async fn noted(request: PageRequest, id: String, body: Bytes) -> Answer {
    let NoteBody { text } = read(&body)?;
    let found = FoundAlert::of(&request, &id).await?;
    let by = actor(&request, &found.scope)?;
    let note = written(&request, english(), &found.scope, (&text, &by));
    let act = OperatorAct::Note(note.map_err(unfit)?);
    done(&request, &found, (id, by), act).await
}

/// What a body says.
#[expect(clippy::result_large_err, reason = "an answer, made once")]
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Response> {
    serde_json::from_slice(body).map_err(|error| {
        let status = if error.is_data() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::BAD_REQUEST
        };
        denial::problem(status, &format!("the body cannot be taken: {error}"))
    })
}

/// Has it kept, and says what was.
async fn done(
    request: &PageRequest,
    found: &FoundAlert,
    (id, by): (String, String),
    act: OperatorAct,
) -> Answer {
    match kept(request, act).await {
        Some(Acted::Done(_, silence)) => {
            let receipt = ActReceipt { id, path: found.scope.to_string(), by, silence };
            Ok(Json(receipt).into_response())
        }
        Some(Acted::NotOpen) => {
            let words = "this alert is over; there is nothing to acknowledge";
            Err(denial::problem(StatusCode::CONFLICT, words))
        }
        None => {
            let words = english().text("not-kept");
            Err(denial::problem(StatusCode::SERVICE_UNAVAILABLE, &words))
        }
    }
}
