//! How webhooks leave: as HTTP requests, signed as Standard Webhooks do. The body is a contract:
//! `docs/webhook.md`.

mod answer;
pub(crate) mod client;
pub mod signature;
