//! `people:`, parsed.

use crate::{
    parse_context::{ParseContext, given},
    people::document::PersonDoc,
};
use kpid_message::person::Person;
use kpid_rules::model::Id;

pub(crate) fn person(context: &mut ParseContext, id: Id, doc: &PersonDoc) -> Person {
    let name = given(doc.name.as_ref()).cloned().unwrap_or_else(|| id.to_string());
    let email = doc.email.as_ref().and_then(|doc| {
        let text = doc.value.as_deref()?;
        context.checked(
            doc.place,
            text.parse().map_err(|_| format!("`{text}` is not a valid mail address")),
        )
    });
    Person { id, name, email, role: given(doc.role.as_ref()).cloned() }
}
