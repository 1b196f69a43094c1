//! What kpid says, and in which words: the facts of a message, fixed when it is decided, and what
//! becomes of them as a mail, a chat message, a webhook's body, a digest or a report. Pure: no I/O.

pub mod acknowledge_link;
pub mod facts;
pub mod facts_builder;
mod fit;
pub mod mail;
mod markup;
pub mod message;
pub mod notice;
pub mod overview;
pub mod periodic;
pub mod person;
#[cfg(test)]
mod receiver_limits;
pub mod samples;
pub mod template;
pub mod template_check;
pub mod webhook_formats;
pub mod wording;
