//! The message around a rendered mail: addresses, ids and headers of RFC 5322.

use std::time::SystemTime;

use anyhow::Context;
use chrono::{DateTime, Utc};
use lettre::{
    Address,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};
use uuid::Uuid;

use crate::mail::renderer::Rendered;

/// Between whom a mail goes, and what it belongs to.
#[derive(Clone, Debug)]
pub struct Envelope<'a> {
    /// Who writes.
    pub from: &'a Mailbox,
    /// Who reads.
    pub to: Address,
    /// The delivery.
    pub id: Uuid,
    /// The same for all mails of one thread.
    pub dedup_key: &'a str,
}

/// One mail to one reader. Sent again, it has the same `Message-ID`; the mails of one episode
/// refer to the same thread.
pub fn mime_message(
    envelope: Envelope<'_>,
    rendered: Rendered,
    now: DateTime<Utc>,
) -> anyhow::Result<lettre::Message> {
    let Envelope { from, to, id, dedup_key } = envelope;
    let domain = from.email.domain();
    let thread = thread_id(dedup_key, domain);
    let mut mail = lettre::Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(rendered.subject)
        .date(SystemTime::from(now))
        .message_id(Some(format!("<{id}@{domain}>")))
        .in_reply_to(thread.clone())
        .references(thread)
        .multipart(
            // Named after the delivery, so that a repetition is the same to the byte.
            MultiPart::alternative()
                .boundary(format!("kpid-{id}"))
                .singlepart(SinglePart::plain(rendered.text))
                .singlepart(SinglePart::html(rendered.html)),
        )
        .context("cannot put the mail together")?;
    // RFC 3834: keeps out-of-office replies away.
    mail.headers_mut().insert_raw(HeaderValue::new(
        HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".to_owned(),
    ));
    Ok(mail)
}

/// A message that does not exist, to which all mails of an episode are replies. A dot may not
/// stand at an id's end there, so it becomes a character that no id of ours has.
fn thread_id(dedup_key: &str, domain: &str) -> String {
    format!("<kpid/{}@{domain}>", dedup_key.replace('.', "="))
}

#[cfg(test)]
mod tests {
    use mail_parser::MessageParser;

    use super::*;
    use crate::{facts::alert::Facts, mail::render::plain, samples, template_check};

    fn written(facts: &Facts, from: &str) -> Vec<u8> {
        let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0001);
        let now = samples::parts::at("2026-06-03T06:00:05+02:00").to_utc();
        let to = "ines.marlow@calder.example".parse().unwrap();
        let (from, dedup_key) = (&from.parse().unwrap(), &facts.dedup_key);
        let rendered = plain(&facts.clone().into()).unwrap();
        mime_message(Envelope { from, to, id, dedup_key }, rendered, now).unwrap().formatted()
    }

    #[test]
    fn an_independent_parser_reads_what_was_meant() {
        let raw = written(&samples::alerts::opened(), "Scorecard <kpid@calder.example>");
        let mail = MessageParser::default().parse(&raw).unwrap();
        let one = |address: Option<&mail_parser::Address<'_>>| {
            address.and_then(|list| list.first()?.address()).map(str::to_owned)
        };
        assert_eq!(one(mail.from()).as_deref(), Some("kpid@calder.example"));
        assert_eq!(one(mail.to()).as_deref(), Some("ines.marlow@calder.example"));
        assert_eq!(mail.reply_to().map(|_| ()), None);
        assert_eq!(
            mail.subject(),
            Some("[Off track] Customer - Calder Cycles - May 2026: 55.9 (was 72.0)")
        );
        assert_eq!(mail.message_id(), Some("01970000-0000-7000-8000-000000000001@calder.example"));
        assert_eq!(
            mail.date().map(|date| date.to_rfc3339()).as_deref(),
            Some("2026-06-03T04:00:05Z")
        );
        assert_eq!(mail.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
        let rendered = plain(&samples::alerts::opened().into()).unwrap();
        assert_eq!(mail.text_body_count(), 1);
        assert_eq!(unix(&mail.body_text(0).unwrap()), rendered.text);
        assert_eq!(unix(&mail.body_html(0).unwrap()), rendered.html);
        assert_eq!(mail.attachment_count(), 0);
    }

    #[test]
    fn the_mails_of_an_episode_share_a_thread_that_a_parser_can_read() {
        let thread = |facts: &Facts| {
            let raw = written(facts, "kpid@calder.example");
            let mail = MessageParser::default().parse(&raw).unwrap();
            let of = |header: &mail_parser::HeaderValue<'_>| header.as_text().map(str::to_owned);
            (of(mail.references()), of(mail.in_reply_to()))
        };
        let opened = thread(&samples::alerts::opened());
        assert_eq!(opened.0.as_deref(), Some("kpid/calder/customer/1@calder.example"));
        assert_eq!(opened.0, opened.1);
        assert_eq!(thread(&samples::alerts::recovered()), opened);
        let mut dotted = samples::alerts::opened();
        dotted.dedup_key = "v1./cust..omer/2".to_owned();
        assert_eq!(thread(&dotted).0.as_deref(), Some("kpid/v1=/cust==omer/2@calder.example"));
    }

    #[test]
    fn every_kind_of_mail_is_read_by_an_independent_parser() {
        let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0002);
        let now = samples::parts::at("2026-06-03T06:00:05+02:00").to_utc();
        for (name, message) in template_check::samples() {
            let (from, dedup_key) = (&"kpid@calder.example".parse().unwrap(), message.dedup_key());
            let to = "ines.marlow@calder.example".parse().unwrap();
            let rendered = plain(&message).unwrap();
            let envelope = Envelope { from, to, id, dedup_key };
            let raw = mime_message(envelope, rendered.clone(), now).unwrap().formatted();
            let mail = MessageParser::default().parse(&raw).unwrap();
            assert_eq!(mail.subject(), Some(rendered.subject.as_str()), "{name}");
            assert!(rendered.subject.chars().count() <= 70, "{name}: {}", rendered.subject);
            let ours = format!("{id}@calder.example");
            assert_eq!(mail.message_id(), Some(ours.as_str()), "{name}");
            let thread = format!("kpid/{dedup_key}@calder.example");
            assert_eq!(mail.references().as_text(), Some(thread.as_str()), "{name}");
            let automatic = mail.header_raw("Auto-Submitted").map(str::trim);
            assert_eq!(automatic, Some("auto-generated"), "{name}");
            let bodies = (mail.text_body_count(), mail.html_body_count(), mail.attachment_count());
            assert_eq!(bodies, (1, 1, 0), "{name}");
            assert_eq!(unix(&mail.body_text(0).unwrap()), rendered.text, "{name}");
            assert_eq!(unix(&mail.body_html(0).unwrap()), rendered.html, "{name}");
        }
    }

    #[test]
    fn names_in_any_script_survive_and_none_can_add_a_header() {
        let mut facts = samples::alerts::opened();
        facts.node.name = "Kü\r\nBcc: x@y".to_owned();
        facts.scorecard.name = "自転車 <b>&co</b>".to_owned();
        let raw = written(&facts, "Équipe KPI <kpid@calder.example>");
        let mail = MessageParser::default().parse(&raw).unwrap();
        assert!(mail.bcc().is_none());
        let subject = mail.subject().unwrap();
        assert!(subject.starts_with("[Off track] Kü Bcc: x@y - 自転車 <b>&co</b>"), "{subject}");
        assert!(mail.body_html(0).unwrap().contains("自転車 &lt;b&gt;&amp;co&lt;&#x2f;b&gt;"));
        assert!(raw.is_ascii(), "headers are encoded as RFC 2047 wants");
    }

    fn unix(text: &str) -> String {
        text.replace("\r\n", "\n")
    }
}
