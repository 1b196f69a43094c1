//! Who can be told, and be named in a message.

use kpid_rules::model::Id;

/// Somebody who can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// As `owner:` and `to:` name them.
    pub id: Id,
    /// For people.
    pub name: String,
    /// Where mail goes; a person without an address cannot be told by mail.
    pub email: Option<lettre::Address>,
    /// For people, e.g. `COO`.
    pub role: Option<String>,
}
