//! How mail leaves: over SMTP, or into a folder.

mod bounded_stream;
mod conversation;
mod folder;
pub(crate) mod mailer;
mod patience;
mod refusal;
mod reply;
mod server;
