//! The bodies that receivers of webhooks want: the same facts for programs, chats, pagers and
//! Alertmanager. What a person reads is the text of the mail.

mod alertmanager;
pub mod body;
mod content;
pub mod format;
pub(crate) mod own;
mod pagerduty;
mod slack;
mod teams;
#[cfg(test)]
mod tests;
