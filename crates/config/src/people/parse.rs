//! `people:`, parsed.

use crate::{
    channels::parse::warn_unless_ascii,
    parse_context::{ParseContext, line, name},
    people::document::PersonDoc,
};
use kpid_delivery::mail_address;
use kpid_message::person::Person;
use kpid_rules::model::Id;

pub(crate) fn person(context: &mut ParseContext, id: Id, doc: &PersonDoc) -> Person {
    let name = name(doc.name.as_ref(), &id);
    let email = doc.email.as_ref().and_then(|doc| {
        let text = doc.value.as_deref()?;
        let address = mail_address::address(text);
        let address = address.ok_or_else(|| format!("`{text}` is not a valid mail address"));
        let address = context.checked(doc.place, address)?;
        warn_unless_ascii(context, address.as_ref(), doc.place);
        Some(address)
    });
    Person { id, name, email, role: line(doc.role.as_ref()) }
}
