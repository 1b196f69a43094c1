//! The receiver of the demo's webhook: checks the signature as any receiver would, and hands on
//! what came.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::mpsc;

/// What both sides know, as written to `secrets/webhook.key`.
pub(crate) const SECRET: &str = "demo-webhook-7d21e0";

/// A request that the receiver took.
#[derive(Debug)]
pub(crate) struct Received {
    /// The body, as it came.
    pub(crate) body: String,
    /// The header that says which delivery it is.
    pub(crate) id: String,
    /// Whether the signature is that of the id, the time and the body.
    pub(crate) is_genuine: bool,
}

/// The receiver's route; what comes goes to `inbox`.
pub(crate) fn routes(inbox: mpsc::Sender<Received>) -> Router {
    Router::new().route("/hooks/kpid", post(receive)).with_state(inbox)
}

async fn receive(
    State(inbox): State<mpsc::Sender<Received>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    let is_genuine = is_signed(header("webhook-signature"), id, timestamp, &body);
    let body = String::from_utf8_lossy(&body).into_owned();
    let received = Received { body, id: id.to_owned(), is_genuine };
    match inbox.send(received).await {
        Ok(()) if is_genuine => StatusCode::NO_CONTENT,
        Ok(()) => StatusCode::UNAUTHORIZED,
        Err(_nobody_reads) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Standard Webhooks: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
fn is_signed(signature: &str, id: &str, timestamp: &str, body: &[u8]) -> bool {
    let Some(given) = signature.strip_prefix("v1,") else { return false };
    let Ok(given) = BASE64_STANDARD.decode(given) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) else { return false };
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac.verify_slice(&given).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_signature_is_genuine() {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(b"msg-1.1780459200.{}");
        let signature = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
        assert!(is_signed(&signature, "msg-1", "1780459200", b"{}"));
        assert!(!is_signed(&signature, "msg-2", "1780459200", b"{}"));
        assert!(!is_signed(&signature, "msg-1", "1780459200", b"{ }"));
        for not_one in ["", "v1,", "v1,###", "v2,AAAA"] {
            assert!(!is_signed(not_one, "msg-1", "1780459200", b"{}"));
        }
    }
}
