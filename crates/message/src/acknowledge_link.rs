//! The link by which a reader of a mail acknowledges its alert: signed, for one alert and one
//! person, until a day. Whoever has it may do that and nothing else, so it is a secret.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use url::Url;

use crate::facts::alert::Facts;
use kpid_rules::model::Id;

/// Twice as long as until the reminder of an alert that nobody acknowledged, which has a new link; that
/// of an older mail no longer works.
const DAYS: i64 = 14;

/// A longer one is none of ours: three ids, a person and a number are less.
const CHARS_MAX: usize = 1_024;

/// A block of SHA-256.
const BLOCK_BYTES: usize = 64;

/// Keeps these signatures apart from any others that the key may make one day.
const PURPOSE: &[u8] = b"kpid acknowledge\0";

/// What signs links, and knows its own.
#[derive(Clone)]
pub struct Signer {
    key: [u8; 32],
    public_url: Url,
}

/// What a link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What the messages of the alert are recognised by.
    pub dedup_key: String,
    /// Who would acknowledge it.
    pub person: Id,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// A link in a mail; its address is in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// The address, which is the authority.
    pub url: String,
    /// Until when it acts.
    pub until: DateTime<Utc>,
}

/// Why a link does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It was not made here, or was changed on its way.
    #[error("this link is incomplete, or kpid did not make it; open it from the mail again")]
    Forged,
    /// Its day is over.
    #[error("this link is older than {DAYS} days; the newest mail about the alert has another")]
    Expired,
}

impl Signer {
    /// A signer of links below an address.
    pub fn new(key: [u8; 32], public_url: Url) -> Self {
        Self { key, public_url }
    }

    /// The link by which `person` acknowledges the alert of a message; none where there is nothing
    /// to acknowledge. The same message has the same link, however often it is sent.
    pub fn link(&self, facts: &Facts, person: &Id) -> Option<Link> {
        if facts.event.ends() || facts.episode.acknowledged_by.is_some() {
            return None;
        }
        let until = facts.at.to_utc() + TimeDelta::days(DAYS);
        let dedup_key = facts.dedup_key.clone();
        let token = self.token(&Claim { dedup_key, person: person.clone(), until });
        let mut url = self.public_url.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend(["a", &token]);
        Some(Link { url: url.to_string(), until })
    }

    /// What a token is for, if it is ours and its time is not over.
    pub fn read(&self, token: &str, now: DateTime<Utc>) -> Result<Claim, LinkError> {
        let claim = self.claim(token).ok_or(LinkError::Forged)?;
        if now < claim.until { Ok(claim) } else { Err(LinkError::Expired) }
    }

    fn token(&self, Claim { dedup_key, person, until }: &Claim) -> String {
        let words = format!("{}/{person}/{dedup_key}", until.timestamp());
        let signature = self.mac(words.as_bytes()).finalize().into_bytes();
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        format!("{}.{}", encode(words.as_bytes()), encode(&signature))
    }

    fn claim(&self, token: &str) -> Option<Claim> {
        let (words, signature) = token.split_once('.').filter(|_| token.len() <= CHARS_MAX)?;
        let words = BASE64_URL_SAFE_NO_PAD.decode(words).ok()?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        // Takes as long for a signature that is nearly right as for any other.
        self.mac(&words).verify_slice(&signature).ok()?;
        let words = String::from_utf8(words).ok()?;
        let mut parts = words.splitn(3, '/');
        let until = DateTime::from_timestamp(parts.next()?.parse().ok()?, 0)?;
        let person = Id::parse(parts.next()?).ok()?;
        Some(Claim { dedup_key: parts.next()?.to_owned(), person, until })
    }

    fn mac(&self, words: &[u8]) -> Hmac<Sha256> {
        // HMAC fills a key up to a block with zeros.
        let mut block = [0; BLOCK_BYTES];
        block[..self.key.len()].copy_from_slice(&self.key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(PURPOSE);
        mac.update(words);
        mac
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link until {}", self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn signer(key: u8) -> Signer {
        Signer::new([key; 32], "https://kpi.calder.example/board/".parse().unwrap())
    }

    fn link() -> Link {
        signer(1).link(&samples::alerts::opened(), &Id::parse("ines").unwrap()).unwrap()
    }

    fn token(link: &Link) -> String {
        link.url.rsplit_once('/').unwrap().1.to_owned()
    }

    #[test]
    fn a_link_is_for_one_alert_one_person_and_two_weeks() {
        let (link, facts) = (link(), samples::alerts::opened());
        assert!(link.url.starts_with("https://kpi.calder.example/board/a/"), "{}", link.url);
        let until = facts.at.to_utc() + TimeDelta::days(14);
        let claim =
            Claim { dedup_key: facts.dedup_key.clone(), person: Id::parse("ines").unwrap(), until };
        let read = |now| signer(1).read(&token(&link), now);
        assert_eq!(read(until - TimeDelta::seconds(1)), Ok(claim));
        assert_eq!(read(until), Err(LinkError::Expired));
    }

    #[test]
    fn a_link_that_was_changed_in_any_sign_is_none_of_ours() {
        let token = token(&link());
        let now = samples::alerts::opened().at.to_utc();
        assert_eq!(signer(2).read(&token, now), Err(LinkError::Forged));
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(signer(1).read(&changed, now), Err(LinkError::Forged), "{changed}");
        }
        for forged in ["", ".", "a", "a.b", &token[1..], &format!("{token}A"), &"A".repeat(5_000)] {
            assert_eq!(signer(1).read(forged, now), Err(LinkError::Forged), "{forged}");
        }
    }

    #[test]
    fn what_is_over_or_answered_for_has_no_link() {
        let person = Id::parse("ines").unwrap();
        assert_eq!(signer(1).link(&samples::alerts::recovered(), &person), None);
        assert_eq!(signer(1).link(&samples::alerts::acknowledged(), &person), None);
    }

    #[test]
    fn nothing_of_a_link_is_in_debug_output() {
        let shown = format!("{:?} {:?}", signer(1), link());
        assert!(!shown.contains("/a/") && !shown.contains('1'.to_string().repeat(3).as_str()));
    }
}
