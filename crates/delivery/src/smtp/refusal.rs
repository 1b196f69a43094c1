//! Whose fault a refusal is: what a mail server says of the recipient is its last word, what it says of
//! us (who we are, how we come, what we may) is mended by operators, and the mail waits for that.

use chrono::{DateTime, Utc};
use lettre::transport::smtp::Error;

use crate::{config_trouble::ConfigTrouble, send_error::SendError};
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
}

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
pub(crate) fn verdict(stage: Stage, error: &Error) -> Verdict {
    if error.is_tls() || error.is_client() {
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
    let is_of_recipient = match (stage, enhanced(&text)) {
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
        (Stage::Mail, None) => code == 552 && says(&["mailbox", "quota"]),
    };
    if is_of_recipient { Verdict::Recipient } else { Verdict::Ours }
}

/// The subject and detail of `5.7.1`, also where it stands in brackets at the end (RFC 3463).
fn enhanced(text: &str) -> Option<(u16, u16)> {
    text.split(|sign: char| sign.is_whitespace() || "()[]#;:,<>".contains(sign)).find_map(|word| {
        let mut parts = word.trim_end_matches('.').split('.');
        let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
        if class != "5" || parts.next().is_some() {
            return None;
        }
        Some((subject.parse().ok()?, detail.parse().ok()?))
    })
}

impl Refusal {
    /// What becomes of the mail of a channel.
    pub(crate) fn becomes(self, channel: &Id, now: DateTime<Utc>) -> SendError {
        let Self { stage, verdict, words } = self;
        match verdict {
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
            Self::Mail => "look at why the server does not take such mails from us",
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
        ] {
            assert_eq!(of_code(stage, code, text), verdict, "{code} {text}");
        }
    }
}
