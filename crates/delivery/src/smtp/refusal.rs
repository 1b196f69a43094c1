//! Whose fault a refusal is: what a mail server says of the recipient is its last word, what it says of
//! us (who we are, how we come, what we may) is mended by operators, and the mail waits for that.

use std::io;

use chrono::{DateTime, Utc};
use lettre::{Address, transport::smtp::Error};
use tokio::time::error::Elapsed;

use crate::{
    config_trouble::ConfigTrouble,
    network_error::{self, Peer},
    send_error::SendError,
    smtp::reply,
};
use kpid_os_error::in_words;
use kpid_rules::model::Id;

/// What was said to a mail server when it refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing but who we are.
    Hello,
    /// That what follows is encrypted.
    Encryption,
    /// User and password.
    Login,
    /// Who writes.
    Sender,
    /// Who is written to.
    Recipient,
    /// That the mail follows.
    Data,
    /// The mail.
    Mail,
}

/// What becomes of a mail that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may pass by itself.
    Passing,
    /// It is about us: it waits until that is mended.
    Ours,
    /// It is about the recipient, for good.
    Recipient,
}

/// Why a conversation with a mail server came to nothing.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) stage: Stage,
    pub(crate) verdict: Verdict,
    /// What happened, for operators.
    pub(crate) words: String,
    /// Whether the server itself is why, so that other mails would fare no better.
    is_of_server: bool,
    /// Whether the server answered.
    is_answer: bool,
}

/// The server closes the connection, whatever it was asked.
const CLOSING: u16 = 421;

/// Words of those who refuse a recipient because of whoever sends.
const OF_US: [&str; 18] = [
    "relay",
    "sender",
    "helo",
    "ehlo",
    "client host",
    "authenticat",
    "not permitted",
    "permission",
    "policy",
    "spf",
    "dkim",
    "dmarc",
    "spam",
    "blocked",
    "blacklist",
    "block list",
    "reputation",
    "tls",
];

/// Words of those who know no such recipient.
const OF_RECIPIENT: [&str; 7] =
    ["user", "mailbox", "recipient", "account", "no such", "unknown", "quota"];

/// Whose fault it is that a mail was refused.
fn verdict(stage: Stage, error: &Error) -> Verdict {
    // The client says of a handshake that failed that the connection did. As long as a certificate is
    // not trusted nothing leaves, and nobody but operators can change that.
    if error.is_tls() || error.is_client() || network_error::tls(error).is_some() {
        return Verdict::Ours;
    }
    match error.status().filter(|_| error.is_permanent()) {
        None => Verdict::Passing,
        Some(code) => of_code(stage, u16::from(code), &error.to_string()),
    }
}

fn of_code(stage: Stage, code: u16, text: &str) -> Verdict {
    let text = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    // The finer code knows better that it may pass (RFC 3463), and another attempt costs little.
    if enhanced(&text, "4").is_some() {
        return Verdict::Passing;
    }
    let is_of_recipient = match (stage, enhanced(&text, "5")) {
        (Stage::Hello | Stage::Encryption | Stage::Login | Stage::Sender, _) => false,
        // 5.1.7 and 5.1.8 are the sender's address, all else of 5.1 the recipient's; 5.2 is a mailbox.
        (_, Some((1, detail))) => !matches!(detail, 7 | 8),
        (_, Some((2, _))) => true,
        // No way to the recipient's domain; Exchange says so of mailboxes that it does not have.
        (Stage::Recipient, Some((4, _))) => !says(&OF_US),
        // Disabled, or of somebody else now (RFC 7293).
        (Stage::Recipient, Some((7, 13 | 17 | 18))) => true,
        (_, Some(_)) => false,
        (Stage::Recipient, None) => match code {
            550..=553 => !says(&OF_US),
            554 | 556 => says(&OF_RECIPIENT) && !says(&OF_US),
            _ => false,
        },
        (Stage::Data | Stage::Mail, None) => code == 552 && says(&["mailbox", "quota"]),
    };
    if is_of_recipient { Verdict::Recipient } else { Verdict::Ours }
}

/// The subject and detail of a code of a class, such as `5.7.1`, also where it stands in brackets at the end (RFC 3463).
fn enhanced(text: &str, of_class: &str) -> Option<(u16, u16)> {
    text.split(|sign: char| sign.is_whitespace() || "()[]#;:,<>".contains(sign)).find_map(|word| {
        let mut parts = word.trim_end_matches('.').split('.');
        let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
        if class != of_class || parts.next().is_some() {
            return None;
        }
        Some((subject.parse().ok()?, detail.parse().ok()?))
    })
}

impl Refusal {
    /// What a step brought, if it brought what was wanted in time.
    pub(crate) fn or<T>(
        host: &str,
        stage: Stage,
        said: Result<Result<T, Error>, Elapsed>,
    ) -> Result<T, Self> {
        match said {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Self::of(host, stage, &error)),
            Err(_elapsed) => Err(Self {
                stage,
                verdict: Verdict::Passing,
                words: format!("{host} did not answer in time {}", stage.in_words()),
                is_of_server: stage.is_of_server(),
                is_answer: false,
            }),
        }
    }

    /// The same of a step whose answer says nothing further.
    pub(crate) fn unless<T>(
        host: &str,
        stage: Stage,
        said: Result<Result<T, Error>, Elapsed>,
    ) -> Result<(), Self> {
        Self::or(host, stage, said).map(drop)
    }

    fn of(host: &str, stage: Stage, error: &Error) -> Self {
        let stage = match network_error::tls(error) {
            Some(_) => Stage::Encryption,
            None => stage,
        };
        let code = error.status().map(u16::from);
        // 4.3 is the mail system: full, or not able just now (RFC 3463).
        let said = error.to_string().to_lowercase();
        let is_of_system = matches!(enhanced(&said, "4"), Some((3, _)));
        Self {
            stage,
            verdict: verdict(stage, error),
            words: reply::words(host, error),
            is_of_server: stage.is_of_server() || code == Some(CLOSING) || is_of_system,
            is_answer: code.is_some_and(|code| code != CLOSING),
        }
    }

    /// Nobody was reached who could say something.
    pub(crate) fn unreached(host: &str, error: &io::Error) -> Self {
        let why = network_error::words(error, Peer::MailServer);
        let words = format!("{host}: {}", why.unwrap_or_else(|| in_words(error)));
        let (stage, verdict) = (Stage::Hello, Verdict::Passing);
        Self { stage, verdict, words, is_of_server: true, is_answer: false }
    }

    /// An address that the server cannot take.
    pub(crate) fn of_address(host: &str, address: &Address) -> Self {
        let words = format!(
            "{host} takes no address with characters outside ASCII, such as `{address}` (it does \
             not offer SMTPUTF8); give the person an address in ASCII"
        );
        let (stage, verdict) = (Stage::Recipient, Verdict::Ours);
        Self { stage, verdict, words, is_of_server: false, is_answer: true }
    }

    /// Whether the server said it of the recipient, who is the same on any connection.
    pub(crate) fn is_of_recipient(&self) -> bool {
        self.stage == Stage::Recipient && self.is_answer
    }

    /// What becomes of the mail of a channel.
    pub(crate) fn becomes(self, channel: &Id, now: DateTime<Utc>) -> SendError {
        let Self { stage, verdict, words, is_of_server, .. } = self;
        match verdict {
            Verdict::Passing if is_of_server => SendError::unreachable(words),
            Verdict::Passing => SendError::retry(words),
            Verdict::Recipient => SendError::GiveUp { message: words },
            Verdict::Ours => {
                let trouble = ConfigTrouble::of_refusal(channel, &words, stage.way_out(), now);
                SendError::Blocked(Box::new(trouble))
            }
        }
    }
}

impl Stage {
    /// Whether a failure there is one of the server, before any recipient was named.
    fn is_of_server(self) -> bool {
        matches!(self, Self::Hello | Self::Encryption | Self::Login | Self::Sender)
    }

    /// What was waited for.
    fn in_words(self) -> &'static str {
        match self {
            Self::Hello => "to the connection",
            Self::Encryption => "to the encryption",
            Self::Login => "to the login",
            Self::Sender => "to the sender",
            Self::Recipient => "to the recipient",
            Self::Data | Self::Mail => "to the mail",
        }
    }

    /// What an operator looks at first.
    pub(crate) fn way_out(self) -> &'static str {
        match self {
            Self::Hello => "look at `smtp.hello`, and at whom the server takes mail from",
            Self::Encryption => "look at `smtp.tls`, and at the server's certificate",
            Self::Login => "look at `smtp.user` and `smtp.password`",
            Self::Sender => "look at `from`, and at who may write as that sender",
            Self::Recipient => {
                "look at whether the server relays for us, at `smtp.hello`, `from` and the login"
            }
            Self::Data | Self::Mail => "look at why the server does not take such mails from us",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_the_recipient_is_final() {
        use Stage::{Hello, Login, Mail, Recipient, Sender};
        for (stage, code, text, verdict) in [
            (Recipient, 550, "5.1.1 no such user", Verdict::Recipient),
            (Recipient, 550, "5.1.10 null mx", Verdict::Recipient),
            (Recipient, 550, "no such user here", Verdict::Recipient),
            (Recipient, 552, "5.2.2 mailbox full", Verdict::Recipient),
            (Recipient, 550, "5.4.1 Recipient address rejected: Access denied", Verdict::Recipient),
            (Recipient, 550, "5.7.13 account disabled", Verdict::Recipient),
            (
                Recipient,
                554,
                "delivery error: this user doesn't have an account",
                Verdict::Recipient,
            ),
            (Mail, 550, "5.1.1 unknown after all", Verdict::Recipient),
            (Mail, 552, "5.2.3 too long for the mailbox", Verdict::Recipient),
            (
                Recipient,
                550,
                "5.7.60 SMTP; Client does not have permissions to send as this sender",
                Verdict::Ours,
            ),
            (Recipient, 554, "5.7.1 Relay access denied", Verdict::Ours),
            (Recipient, 554, "relay access denied", Verdict::Ours),
            (Recipient, 550, "relaying to <ada@harbour.example> prohibited", Verdict::Ours),
            (
                Recipient,
                553,
                "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
                Verdict::Ours,
            ),
            (
                Recipient,
                504,
                "5.5.2 <vm>: Helo command rejected: need fully-qualified hostname",
                Verdict::Ours,
            ),
            (
                Recipient,
                553,
                "5.1.8 <kpid@x>: Sender address rejected: Domain not found",
                Verdict::Ours,
            ),
            (Recipient, 550, "5.7.1 Recipient address rejected: SPF fail", Verdict::Ours),
            (Recipient, 530, "5.7.0 Must issue a STARTTLS command first", Verdict::Ours),
            (Recipient, 554, "no", Verdict::Ours),
            (Sender, 550, "5.1.0 address rejected", Verdict::Ours),
            (Sender, 552, "5.3.4 message too big", Verdict::Ours),
            (Hello, 554, "no service", Verdict::Ours),
            (Login, 535, "5.7.8 who are you", Verdict::Ours),
            (Mail, 554, "5.7.1 Spam message rejected", Verdict::Ours),
            (Mail, 552, "5.3.4 message too big", Verdict::Ours),
            // The server itself says that it may pass.
            (Recipient, 550, "4.2.1 mailbox busy", Verdict::Passing),
            (Mail, 554, "4.7.1 come back later", Verdict::Passing),
        ] {
            assert_eq!(of_code(stage, code, text), verdict, "{code} {text}");
        }
    }
}
