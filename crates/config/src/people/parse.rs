//! `people:`, parsed.

use crate::{
    channels::parse::warn_unless_ascii,
    parse_context::{ParseContext, line, name},
    people::document::PersonDoc,
    yaml::located::Loc,
};
use kpid_delivery::mail_address;
use kpid_language::{Language, language, languages};
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
    let language = spoken(context, doc.language.as_ref());
    Person { id, name, email, role: line(doc.role.as_ref()), language }
}

/// A language that kpid speaks, by its code.
pub(crate) fn spoken(
    context: &mut ParseContext,
    doc: Option<&Loc<String>>,
) -> Option<&'static Language> {
    let (doc, code) = doc.and_then(|doc| Some((doc, doc.value.as_deref()?)))?;
    let known = || {
        let known: Vec<String> =
            languages().iter().map(|known| format!("`{}`", known.code())).collect();
        known.join(", ")
    };
    let found = language(code)
        .ok_or_else(|| format!("`{code}` is not a language that kpid speaks: {}", known()));
    context.checked(doc.place, found)
}
