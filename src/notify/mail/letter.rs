//! The message around a rendered mail: addresses, ids and headers of RFC 5322.

use std::time::SystemTime;

use anyhow::Context;
use chrono::{DateTime, Utc};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use uuid::Uuid;

use crate::notify::{facts::Facts, mail::render};

/// One mail to one reader. Sent again, it has the same `Message-ID`; the mails of one episode
/// refer to the same thread.
pub(crate) fn letter(
    from: &Mailbox,
    to: Address,
    id: Uuid,
    facts: &Facts,
    now: DateTime<Utc>,
) -> anyhow::Result<Message> {
    let rendered = render::render(facts).context("cannot render the mail")?;
    let domain = from.email.domain();
    let thread = thread_id(&facts.dedup_key, domain);
    let mut message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(rendered.subject)
        .date(SystemTime::from(now))
        .message_id(Some(format!("<{id}@{domain}>")))
        .in_reply_to(thread.clone())
        .references(thread)
        .multipart(MultiPart::alternative_plain_html(rendered.text, rendered.html))
        .context("cannot put the mail together")?;
    // RFC 3834: keeps out-of-office replies away.
    message.headers_mut().insert_raw(HeaderValue::new(
        HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".to_owned(),
    ));
    Ok(message)
}

/// A message that does not exist, to which all mails of an episode are replies. A dot may not
/// stand at an id's end there, so it becomes a character that no id of ours has.
fn thread_id(dedup_key: &str, domain: &str) -> String {
    format!("<kpid/{}@{domain}>", dedup_key.replace('.', "="))
}
