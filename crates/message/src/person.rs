//! Who can be notified, and named in a message.

use kpid_language::Language;
use kpid_rules::model::Id;

/// Somebody who can be notified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// As `owner:` and `to:` name them.
    pub id: Id,
    /// For people.
    pub name: String,
    /// Where mail goes; a person without an address cannot be notified by mail.
    pub email: Option<lettre::Address>,
    /// For people, e.g. `COO`.
    pub role: Option<String>,
    /// In which messages are worded; the default of the configuration without one.
    pub language: Option<&'static Language>,
}
