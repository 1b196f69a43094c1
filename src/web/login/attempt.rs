//! A login that is under way. Everything about it is in a cookie of the browser that began it, and what the
//! provider is given follows from that: so a login is finished only where it began, and a daemon that starts
//! anew meanwhile knows it still.

use std::{collections::HashSet, sync::Mutex};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::Url;

/// With what the cookies of logins that are under way begin. Each has its own: whoever opens all the pages of
/// yesterday has several.
pub(crate) const COOKIES: &str = "kpid-login-";

/// More than these of one browser were left lying.
pub(crate) const UNDER_WAY_MAX: usize = 8;

/// Characters of what the provider sends back that tell them apart.
const NAME_CHARS: usize = 8;

/// Whoever looks for their second factor finds it in this time.
pub(crate) const LIFE: TimeDelta = TimeDelta::minutes(10);

/// As hard to guess as anything.
const SECRET_BYTES: usize = 32;

/// An address with everything that can be chosen is less; a longer one is not gone back to.
const PATH_CHARS_MAX: usize = 2_000;

/// Logins that are remembered as used; their providers remember, too.
const USED_MAX: usize = 4_096;

/// A login that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    /// As its cookie has it.
    pub(super) cookie: String,
    /// The page that was asked for.
    pub(super) to: String,
}

/// Logins that came to their end: each does so once.
#[derive(Debug, Default)]
pub(super) struct UsedAttempts(Mutex<HashSet<String>>);

impl Attempt {
    pub(super) fn new(to: &str, now: DateTime<Utc>) -> Self {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let secret = encode(&rand::random::<[u8; SECRET_BYTES]>());
        let cookie = format!("{}.{secret}.{}", now.timestamp(), encode(to.as_bytes()));
        Self { cookie, to: to.to_owned() }
    }

    /// What a cookie says, if it is not too old.
    pub(super) fn parse(cookie: &str, base: &Url, now: DateTime<Utc>) -> Option<Self> {
        let mut parts = cookie.split('.');
        let begun = DateTime::from_timestamp(parts.next()?.parse().ok()?, 0)?;
        let secret = BASE64_URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
        let to = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(parts.next()?).ok()?).ok()?;
        let is_whole = parts.next().is_none() && secret.len() == SECRET_BYTES;
        // The start is cut to seconds.
        let is_in_time = begun <= now && now - begun < LIFE;
        let to = own_path(base, &to);
        (is_whole && is_in_time).then(|| Self { cookie: cookie.to_owned(), to })
    }

    /// The cookie that it is in.
    pub(super) fn name(&self) -> String {
        name(&self.state()).unwrap_or_default()
    }

    /// What the provider sends back with the code.
    pub(super) fn state(&self) -> String {
        self.derived("state")
    }

    /// Whether that is what it sent back.
    pub(super) fn is_of(&self, state: &str) -> bool {
        self.state().as_bytes().ct_eq(state.as_bytes()).into()
    }

    /// What the provider writes into the ID token.
    pub(super) fn nonce(&self) -> String {
        self.derived("nonce")
    }

    /// By which kpid shows that it began the login, when it hands in the code (RFC 7636).
    pub(super) fn verifier(&self) -> String {
        self.derived("verifier")
    }

    /// What the provider is told of that before.
    pub(super) fn challenge(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier()))
    }

    fn derived(&self, purpose: &str) -> String {
        let hash = Sha256::new().chain_update(purpose).chain_update([0]).chain_update(&self.cookie);
        BASE64_URL_SAFE_NO_PAD.encode(hash.finalize())
    }
}

impl UsedAttempts {
    /// Uses a login up; whether that had not been done.
    pub(super) fn take(&self, attempt: &Attempt) -> bool {
        // Whoever panicked with it left it as it was.
        let mut used = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if used.len() >= USED_MAX {
            used.clear();
        }
        used.insert(attempt.state())
    }
}

/// The cookie of the login that the provider sends this back of.
pub(super) fn name(state: &str) -> Option<String> {
    let name = state.get(..NAME_CHARS)?;
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    name.bytes().all(is_fit).then(|| format!("{COOKIES}{name}"))
}

/// The logins of a browser that leave no room for one more, by what follows in the names of their cookies: all
/// but the newest.
pub(super) fn left_lying<'c>(cookies: impl Iterator<Item = (&'c str, &'c str)>) -> Vec<&'c str> {
    let begun = |cookie: &str| cookie.split('.').next().and_then(|at| at.parse::<i64>().ok());
    let mut cookies: Vec<_> = cookies.map(|(name, cookie)| (begun(cookie), name)).collect();
    cookies.sort_unstable();
    let excess = (cookies.len() + 1).saturating_sub(UNDER_WAY_MAX);
    cookies.into_iter().take(excess).map(|(_, name)| name).collect()
}

/// Where a login leads back to: a page of ours, or the first one where something else is named.
pub(super) fn own_path(base: &Url, to: &str) -> String {
    let is_plain = to.starts_with('/')
        && to.len() <= PATH_CHARS_MAX
        && to.chars().all(|letter| letter != '\\' && !letter.is_control());
    let joined = base.join(to).ok().filter(|joined| is_plain && joined.origin() == base.origin());
    let path =
        joined.map(|url| url[url::Position::BeforePath..url::Position::AfterQuery].to_owned());
    // What begins with two of them names a host.
    let path = path.filter(|path| path.starts_with('/') && !path.starts_with("//"));
    let leads_round = |path: &String| path.starts_with("/log");
    path.filter(|path| !leads_round(path)).unwrap_or_else(|| "/".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn base() -> Url {
        Url::parse("https://kpi.calder.example/").unwrap()
    }

    fn now() -> DateTime<Utc> {
        "2026-06-03T06:00:00.5Z".parse().unwrap()
    }

    #[test]
    fn a_login_is_known_by_the_cookie_of_the_browser_that_began_it() {
        let attempt = Attempt::new("/c/calder?at=2026-05", now());
        let known = Attempt::parse(&attempt.cookie, &base(), now()).unwrap();
        assert_eq!(known, attempt);
        assert!(known.is_of(&attempt.state()));
        let others = [attempt.nonce(), attempt.verifier(), attempt.challenge(), String::new()];
        assert!(others.iter().all(|other| !known.is_of(other)));
        let another = Attempt::new("/c/calder?at=2026-05", now());
        assert!(!known.is_of(&another.state()));
        assert!((43..=128).contains(&attempt.verifier().len()), "as RFC 7636 wants it");
        let elsewhere = attempt.cookie.rsplit_once('.').unwrap().0;
        let elsewhere = format!("{elsewhere}.{}", BASE64_URL_SAFE_NO_PAD.encode("/alerts"));
        let elsewhere = Attempt::parse(&elsewhere, &base(), now()).unwrap();
        assert!(!elsewhere.is_of(&attempt.state()), "the page is part of it");
    }

    #[test]
    fn a_login_has_ten_minutes_and_one_end() {
        let attempt = Attempt::new("/", now());
        let at = |after: TimeDelta| Attempt::parse(&attempt.cookie, &base(), now() + after);
        assert!(at(TimeDelta::minutes(9)).is_some());
        assert!(at(TimeDelta::minutes(10)).is_none());
        assert!(at(TimeDelta::minutes(-1)).is_none());
        let used = UsedAttempts::default();
        assert!(used.take(&attempt));
        assert!(!used.take(&attempt));
        assert!(used.take(&Attempt::new("/", now())));
        for cookie in ["", "1", "..", "1.AAAA.Lw", "x.y.z", &format!("{}.x", attempt.cookie)] {
            assert_eq!(Attempt::parse(cookie, &base(), now()), None, "{cookie}");
        }
    }

    #[test]
    fn several_logins_have_cookies_of_their_own_and_not_more_than_are_needed() {
        let attempts: Vec<Attempt> = (0..3).map(|_| Attempt::new("/", now())).collect();
        let names: HashSet<String> = attempts.iter().map(Attempt::name).collect();
        assert_eq!(names.len(), 3);
        assert_eq!(name(&attempts[0].state()), Some(attempts[0].name()));
        for state in ["", "short", "abcd;efgh", "abcdef\r\n", "äöüäöüäöü"] {
            assert_eq!(name(state), None, "{state}");
        }
        let held: Vec<String> = (10..18).map(|at| format!("{at}.x.y")).collect();
        let held = ["a", "b", "c", "d", "e", "f", "g", "h"]
            .into_iter()
            .zip(held.iter().map(String::as_str));
        assert_eq!(left_lying(held.clone().take(7)), [""; 0]);
        assert_eq!(left_lying(held.clone()), ["a"]);
        assert_eq!(left_lying(held.chain([("made-up", "x")])), ["made-up", "a"]);
    }

    #[test]
    fn a_login_leads_back_to_a_page_of_ours() {
        for (to, path) in [
            ("/", "/"),
            ("/c/calder?at=2026-05&q=a%20b", "/c/calder?at=2026-05&q=a%20b"),
            ("/c/calder#notes", "/c/calder"),
            ("", "/"),
            ("c/calder", "/"),
            ("//evil.example/", "/"),
            ("///evil.example/", "/"),
            ("/\\evil.example/", "/"),
            ("\\\\evil.example/", "/"),
            ("/%5Cevil.example/", "/%5Cevil.example/"),
            ("/x/..//evil.example/", "/"),
            ("/.//evil.example/", "/"),
            ("/\t/evil.example/", "/"),
            ("https://evil.example/", "/"),
            ("https:evil.example", "/"),
            ("javascript:alert(1)", "/"),
            ("/login?to=/login", "/"),
            ("/x/../logout", "/"),
            ("/a\r\nset-cookie: kpid=1", "/"),
        ] {
            assert_eq!(own_path(&base(), to), path, "{to}");
        }
        assert_eq!(own_path(&base(), &format!("/{}", "a".repeat(PATH_CHARS_MAX))), "/");
    }

    proptest! {
        #[test]
        fn no_text_leads_elsewhere(to in "[/\\\\a-z.:@?#%0-9\t ]{0,12}|.{0,40}") {
            let path = own_path(&base(), &to);
            let led = base().join(&path).unwrap();
            prop_assert_eq!(led.origin(), base().origin());
            prop_assert!(path.starts_with('/') && !path.starts_with("//"), "{}", path);
            prop_assert!(axum::http::HeaderValue::from_str(&path).is_ok(), "{}", path);
        }

        #[test]
        fn no_cookie_is_misread(cookie in ".{0,80}", at in 0_usize..120) {
            let _ = Attempt::parse(&cookie, &base(), now());
            let begun = Attempt::new("/c/calder", now());
            let cut: String = begun.cookie.chars().take(at).collect();
            let whole = Attempt::parse(&cut, &base(), now()).filter(|held| held.is_of(&begun.state()));
            prop_assert_eq!(whole.is_some(), cut == begun.cookie);
        }
    }
}
