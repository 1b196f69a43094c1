//! What a login provider answers: JSON, within limits, or why not.

use std::error::Error;

use reqwest::RequestBuilder;
use serde::{Deserialize, de::DeserializeOwned};

use crate::web::login::id_token::IdTokenError;
use kpid_rules::model::one_line;

/// A provider's largest answer, the claims of somebody with many groups, is less.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Characters of an answer that the log shows.
const SHOWN_CHARS: usize = 200;

/// Why somebody could not be logged in; the sentence is for the log.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum ProviderError {
    /// It cannot be asked, or says what cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// It does not take the code.
    #[error("{0}")]
    Refused(String),
    /// What it signed is not believed.
    #[error(transparent)]
    IdToken(#[from] IdTokenError),
}

#[derive(Deserialize)]
struct RefusalAnswer {
    error: String,
    error_description: Option<String>,
}

/// What is answered, as JSON. Its address and what it says otherwise are for the log: no secret of ours is in
/// them.
pub(super) async fn ask<T: DeserializeOwned>(
    request: RequestBuilder,
    at: &str,
) -> Result<T, ProviderError> {
    let unusable = |why: String| ProviderError::Unusable(format!("{at} {why}"));
    let sent = request.header("accept", "application/json").send().await;
    let mut response =
        sent.map_err(|error| unusable(format!("does not answer: {}", cause(&error))))?;
    let status = response.status();
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await;
        match chunk.map_err(|error| unusable(format!("breaks off: {}", cause(&error))))? {
            Some(chunk) => body.extend_from_slice(&chunk),
            None => break,
        }
        if body.len() > ANSWER_BYTES_MAX {
            return Err(unusable(format!("answers with more than {ANSWER_BYTES_MAX} bytes")));
        }
    }
    if status.is_success() {
        // What cannot be read may hold a token, and is not shown.
        return serde_json::from_slice(&body)
            .map_err(|_| unusable("answers without what is needed, in JSON".to_owned()));
    }
    let refusal = serde_json::from_slice::<RefusalAnswer>(&body);
    let Ok(RefusalAnswer { error, error_description }) = refusal else {
        return Err(unusable(format!("answers {status}")));
    };
    let words = one_line(&format!("{error}: {}", error_description.unwrap_or_default()));
    let words: String = words.chars().take(SHOWN_CHARS).collect();
    let words = format!("answers {status}: {words}");
    match error.as_str() {
        "invalid_grant" => Err(ProviderError::Refused(format!("{at} {words}"))),
        "invalid_client" | "unauthorized_client" => {
            Err(unusable(format!("{words}; check `client_id` and `client_secret` of `web.oidc`")))
        }
        _ => Err(unusable(words)),
    }
}

/// Why nothing came, without the address, which is named before.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
