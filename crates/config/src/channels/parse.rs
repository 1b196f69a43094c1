//! `channels:`, parsed.

use std::sync::Arc;

use crate::{
    channels::{
        document::{ChannelDoc, EmailDoc, SmtpDoc, SmtpTlsDoc, WebhookDoc, WebhookFormatDoc},
        templates,
    },
    parse_context::{ParseContext, given},
    problem::{Place, Problem, masked},
    yaml::{located::Loc, scalar::SecretDoc},
};
use kpid_delivery::{
    channel::{Channel, Email, MailTransport, Smtp, SmtpTls, Webhook},
    mail_address, ssrf_guard,
    webhook::signature::signing_key,
};
use kpid_message::webhook_formats::format::{BodyTemplate, Format};

pub(crate) fn channel(
    context: &mut ParseContext,
    doc: &ChannelDoc,
    place: Place,
) -> Option<Channel> {
    match doc {
        ChannelDoc::Email(doc) => email(context, doc, place).map(Channel::Email),
        ChannelDoc::Webhook(doc) => webhook(context, doc).map(Channel::Webhook),
    }
}

fn email(context: &mut ParseContext, doc: &EmailDoc, place: Place) -> Option<Email> {
    let text = doc.from.value.as_deref()?;
    let from = mail_address::mailbox(text).ok_or_else(|| {
        format!("`{text}` is not a valid sender; write one such as Scorecard <kpid@example.com>")
    });
    let from = context.checked(doc.from.place, from)?;
    warn_unless_ascii(context, from.email.as_ref(), doc.from.place);
    let transport = match (&doc.smtp, &doc.folder) {
        (Some(server), None) => smtp(context, server.value.as_ref()?)?,
        (None, Some(folder)) => MailTransport::Folder(context.writable_folder(folder)?),
        _ => {
            context.error(place, "an email channel needs either `smtp` or `folder`");
            return None;
        }
    };
    let templates = doc.templates.as_ref().map(|doc| templates::folder(context, doc));
    Some(Email { from, transport, templates: templates.unwrap_or_default() })
}

/// Only some mail servers take an address with other characters before its `@` (SMTPUTF8).
pub(crate) fn warn_unless_ascii(context: &mut ParseContext, address: &str, place: Place) {
    if !address.is_ascii() {
        let warning = format!(
            "`{address}` has characters outside ASCII, which only mail servers that offer SMTPUTF8 take"
        );
        let hint = "give an address in ASCII if there is one; `kpid notify` tries it";
        context.problems.push(Problem::warning(place, warning).hint(hint));
    }
}

fn smtp(context: &mut ParseContext, doc: &SmtpDoc) -> Option<MailTransport> {
    let (tls, port) = match given(doc.tls.as_ref()) {
        None | Some(SmtpTlsDoc::Starttls) => (SmtpTls::StartTls, 587),
        Some(SmtpTlsDoc::Implicit) => (SmtpTls::Implicit, 465),
        Some(SmtpTlsDoc::None) => (SmtpTls::None, 25),
    };
    let login = match (&doc.user, &doc.password) {
        (Some(user), Some(password)) => Some((user.value.clone()?, context.secret(password)?)),
        (None, None) => None,
        (Some(user), None) => {
            context.error(user.place, "`user` needs a `password`");
            return None;
        }
        (None, Some(password)) => {
            context.error(password.place, "`password` needs a `user`");
            return None;
        }
    };
    let port = given(doc.port.as_ref()).copied().unwrap_or(port);
    let (written, place) = (doc.host.value.as_deref()?, doc.host.place);
    let host = mail_address::host(written);
    let host = host.ok_or_else(|| format!("`{written}` is not a valid server name"));
    let host = context.checked(place, host)?;
    let hello = doc.hello.as_ref().and_then(|doc| hello(context, doc));
    Some(MailTransport::Smtp(Smtp { host, port, tls, login, hello }))
}

/// What kpid calls itself: a full name, or an address in brackets.
fn hello(context: &mut ParseContext, doc: &Loc<String>) -> Option<String> {
    let text = doc.value.as_deref()?;
    let is_literal = text.starts_with('[') && text.ends_with(']');
    let name = if is_literal { Some(text.to_owned()) } else { mail_address::host(text) };
    let fits = |name: &String| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        name.contains(['.', ':']) && name.bytes().all(is_plain)
    };
    let message = format!("`{text}` is not a full name; write one such as kpid.example.com");
    context.checked(doc.place, name.filter(fits).ok_or(message))
}

fn webhook(context: &mut ParseContext, doc: &WebhookDoc) -> Option<Webhook> {
    // A pager's routing key signs nothing.
    let signs = !matches!(given(doc.format.as_ref()), Some(WebhookFormatDoc::Pagerduty));
    let mut secret = |doc: &Option<Loc<SecretDoc>>| match doc {
        None => Some(None),
        Some(secret) if signs => Some(Some(context.secret_that(secret, signing_key)?)),
        Some(secret) => Some(Some(context.secret(secret)?)),
    };
    let (secret, previous) = (secret(&doc.secret), secret(&doc.previous_secret));
    let (secret, previous) = (secret?, previous?);
    let format = match given(doc.format.as_ref()) {
        None | Some(WebhookFormatDoc::Generic) => Format::Generic,
        Some(WebhookFormatDoc::Slack) => Format::Slack,
        Some(WebhookFormatDoc::Teams) => Format::Teams,
        Some(WebhookFormatDoc::Pagerduty) => Format::PagerDuty,
        Some(WebhookFormatDoc::Alertmanager) => Format::Alertmanager,
        Some(WebhookFormatDoc::Template(file)) => {
            let content_type = templates::content_type(context, doc.content_type.as_ref())?;
            let template = templates::file(context, file)?;
            Format::Own(Arc::new(BodyTemplate { template, content_type }))
        }
    };
    if let Some(doc) = doc.content_type.as_ref().filter(|_| !matches!(format, Format::Own(_))) {
        let hint = "write `format: { template: … }`, or remove `content_type`";
        let message = "`content_type` requires a template of your own";
        context.problems.push(Problem::error(doc.place, message).hint(hint));
    }
    if format == Format::PagerDuty && secret.is_none() {
        let message = "`format: pagerduty` needs the routing key of its service";
        let hint = "write it as `secret: { credential: kpid.pagerduty }`";
        context.problems.push(Problem::error(doc.url.place, message).hint(hint));
    }
    let allow_private = given(doc.allow_private.as_ref()).copied().unwrap_or(false);
    let url = context.web_address(&doc.url)?;
    let written = doc.url.value.as_deref().unwrap_or_default();
    if let Some((address, kind)) = ssrf_guard::hidden(written, &url).filter(|_| !allow_private) {
        let written = masked(written);
        let message = format!("`{written}` is another way to write {address}, {kind}");
        let hint = format!("write {address}, or add `allow_private: true` to the channel");
        context.problems.push(Problem::error(doc.url.place, message).hint(hint));
    }
    Some(Webhook { url: url.into(), secret, previous, format, allow_private })
}
