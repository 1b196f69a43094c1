//! Who can be notified, and named in a message.

use indexmap::IndexMap;

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

/// Nobody is called so. What looks like the id of a person and is none is a slip of the pen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is nobody of `people`; write one of their ids or names, or the whole name of somebody else"
)]
pub struct UnknownPerson(pub String);

/// Who is meant by what somebody wrote: the id of one of the people, by id or by name, or somebody else's
/// name as it is written.
pub fn who(written: &str, people: &IndexMap<Id, Person>) -> Result<String, UnknownPerson> {
    let written = written.trim();
    let same = |name: &str| name.to_lowercase() == written.to_lowercase();
    if let Some(person) = people.values().find(|person| same(person.id.as_str())) {
        return Ok(person.id.to_string());
    }
    let mut named = people.values().filter(|person| same(&person.name));
    match (named.next(), named.next()) {
        (Some(person), None) => Ok(person.id.to_string()),
        _ if written.chars().any(|c| c.is_whitespace() || c.is_uppercase()) => {
            Ok(written.to_owned())
        }
        _ => Err(UnknownPerson(written.chars().take(100).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_found_by_id_or_by_a_name_that_is_theirs_alone() {
        let person = |id: &str, name: &str| Person {
            id: Id::parse(id).unwrap(),
            name: name.to_owned(),
            email: None,
            role: None,
            language: None,
        };
        let people = [("ines", "Ines Marlow"), ("jo", "Jo Lee"), ("joanne", "Jo Lee")];
        let people: IndexMap<Id, Person> =
            people.iter().map(|(id, name)| (Id::parse(id).unwrap(), person(id, name))).collect();
        for (written, expected) in [
            (" Ines ", Ok("ines")),
            ("ines marlow", Ok("ines")),
            ("Jo Lee", Ok("Jo Lee")),
            ("Anna of Nordwind", Ok("Anna of Nordwind")),
            ("inez", Err("inez")),
            ("", Err("")),
        ] {
            let found = who(written, &people);
            assert_eq!(found.as_deref().map_err(|error| &*error.0), expected, "{written}");
        }
    }
}
