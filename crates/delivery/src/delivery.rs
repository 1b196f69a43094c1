//! One message on its way to one recipient over one channel.

use uuid::Uuid;

use crate::config_trouble::ConfigTrouble;
use kpid_language::Language;
use kpid_message::{acknowledge_link::Link, message::Message};
use kpid_rules::model::Id;

/// One message to one recipient over one channel.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The same at every attempt, so that a receiver can recognise a repetition.
    pub id: Uuid,
    /// The channel it goes over.
    pub channel: &'a Id,
    /// Where it goes: a mail address, or the id of a channel that is a recipient itself.
    pub recipient: &'a str,
    /// In which its words are; keys and data are in none.
    pub language: &'static Language,
    /// What it says.
    pub message: &'a Message,
    /// The link by which its reader acknowledges the alert; only in a mail to a person.
    pub link: Option<&'a Link>,
}

/// A delivery made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// What could not be done as the configuration says.
    pub trouble: Option<ConfigTrouble>,
}

/// A message as it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// A mail.
    Mail {
        /// Its subject.
        subject: String,
        /// For readers of text.
        text: String,
        /// For the others.
        html: String,
        /// All of it, as RFC 5322 has it.
        bytes: Vec<u8>,
    },
    /// The body of a webhook.
    Body(String),
}
