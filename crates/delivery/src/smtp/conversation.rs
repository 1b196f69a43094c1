//! A connection to a mail server, and what is said on it. It carries one mail after the other as long as
//! each got its answer; one whose answer is still to come is never used again.

use std::{borrow::Cow, fmt};

use lettre::{
    Address,
    address::Envelope,
    transport::smtp::{
        Error as SmtpError,
        client::AsyncSmtpConnection,
        commands::{Data, Mail, Rcpt},
        extension::{Extension, MailBodyParameter, MailParameter},
    },
};
use tokio::time::{Instant, timeout};

use crate::smtp::{
    patience::Patience,
    refusal::{Refusal, Stage},
};

/// Mails over one connection. Servers limit that, and a new connection may come to another of several
/// machines.
const MAILS_MAX: u32 = 100;

/// A connection to a mail server, encrypted and logged in as configured.
pub(crate) struct Conversation {
    connection: AsyncSmtpConnection,
    mails: u32,
    /// Since when nothing has been said on it.
    pub(crate) idle_since: Instant,
}

/// A mail as it goes over the wire, its end included: one write. With two, the second waits until the
/// server has acknowledged the first, which it delays.
pub(crate) struct Content<'m>(Cow<'m, str>);

/// Without what a mail ends with.
const END: &str = ".\r\n";

impl<'m> Content<'m> {
    /// A line that begins with a dot has another one before it.
    pub(crate) fn of(mail: &'m [u8]) -> Option<Self> {
        let text = std::str::from_utf8(mail).ok()?;
        let stuffed = match text.contains("\r\n.") {
            true => Cow::Owned(text.replace("\r\n.", "\r\n..")),
            false => Cow::Borrowed(text),
        };
        Some(Self(stuffed))
    }
}

impl fmt::Display for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = if self.0.starts_with('.') { "." } else { "" };
        let after = if self.0.ends_with("\r\n") { "" } else { "\r\n" };
        write!(f, "{before}{}{after}{END}", self.0)
    }
}

impl Conversation {
    pub(crate) fn on(connection: AsyncSmtpConnection) -> Self {
        Self { connection, mails: 0, idle_since: Instant::now() }
    }

    /// Whether another mail may go over it.
    pub(crate) fn goes_on(&self) -> bool {
        self.mails < MAILS_MAX && !self.connection.has_broken()
    }

    /// Says from whom to whom, up to the point where the mail itself is to follow. Until then nothing
    /// has been sent.
    pub(crate) async fn introduce(
        &mut self,
        host: &str,
        envelope: &Envelope,
        mail: &[u8],
        patience: Patience,
    ) -> Result<(), Refusal> {
        let mut options = Vec::new();
        if let Some(address) = not_ascii(envelope) {
            if !self.connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(Refusal::of_address(host, address));
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        if !mail.is_ascii() {
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let is_kept = self.mails > 0;
        let wait = if is_kept { patience.kept } else { patience.command };
        let from = Mail::new(envelope.from().cloned(), options);
        let said = timeout(wait, self.connection.command(from)).await;
        Refusal::unless(host, Stage::Sender, said)?;
        for to in envelope.to() {
            let to = Rcpt::new(to.clone(), Vec::new());
            let said = timeout(patience.command, self.connection.command(to)).await;
            Refusal::unless(host, Stage::Recipient, said)?;
        }
        let said = timeout(patience.data, self.connection.command(Data)).await;
        Refusal::unless(host, Stage::Data, said)
    }

    /// Hands over the mail itself.
    pub(crate) async fn hand_over(
        &mut self,
        host: &str,
        mail: &[u8],
        patience: Patience,
    ) -> Result<(), Refusal> {
        let answered = async {
            match Content::of(mail) {
                Some(content) => self.connection.command(content).await,
                None => self.connection.message(mail).await,
            }
        };
        let said: Result<Result<_, SmtpError>, _> = timeout(patience.mail, answered).await;
        Refusal::unless(host, Stage::Mail, said)?;
        self.mails += 1;
        self.idle_since = Instant::now();
        Ok(())
    }

    /// Whether the server is still there.
    pub(crate) async fn is_alive(&mut self) -> bool {
        self.connection.test_connected().await
    }

    /// Says goodbye.
    pub(crate) async fn end(mut self) {
        self.connection.abort().await;
    }
}

/// An address that only some servers take.
fn not_ascii(envelope: &Envelope) -> Option<&Address> {
    let mut addresses = envelope.to().iter().chain(envelope.from());
    addresses.find(|address| !address.to_string().is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_one_text_that_no_line_of_it_ends_early() {
        for (mail, sent) in [
            ("a: b\r\n\r\nhello\r\n", "a: b\r\n\r\nhello\r\n.\r\n"),
            ("a: b\r\n\r\nhello", "a: b\r\n\r\nhello\r\n.\r\n"),
            ("\r\n.\r\n..\r\nx.\r\n", "\r\n..\r\n...\r\nx.\r\n.\r\n"),
            (".\r\n", "..\r\n.\r\n"),
        ] {
            assert_eq!(Content::of(mail.as_bytes()).unwrap().to_string(), sent);
        }
        assert!(Content::of(&[0xff]).is_none());
    }
}
