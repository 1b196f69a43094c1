//! How mail leaves: over SMTP, or into a folder.

mod folder;
pub(crate) mod mailer;
mod refusal;
mod reply;
mod server;
