//! What may be shown of an address: no user, and no value of a parameter that may be a credential.

use url::Url;

/// Query parameters whose names contain one of these are not shown.
const SECRET_NAMES: [&str; 7] = ["key", "token", "secret", "pass", "sig", "auth", "credential"];

/// Stands for what is not shown.
pub(crate) const REDACTED: &str = "REDACTED";

/// The URL as it may be shown.
pub(crate) fn shown_url(url: &Url) -> String {
    let mut url = url.clone();
    // Refused only by URLs that have no user to hide.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let is_secret = |name: &str| {
        SECRET_NAMES.iter().any(|part| name.to_ascii_lowercase().contains(part))
            && !name.starts_with("period")
    };
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if pairs.iter().any(|(name, _)| is_secret(name)) {
        url.query_pairs_mut().clear().extend_pairs(pairs.iter().map(|(name, value)| {
            (name.as_str(), if is_secret(name) { REDACTED } else { value.as_str() })
        }));
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_an_address_has_no_secrets() {
        for (url, shown) in [
            ("https://u:p@h.example/a?b=c%20d", "https://h.example/a?b=c%20d"),
            (
                "https://h.example/a?API_KEY=x&period_key=2026-05",
                "https://h.example/a?API_KEY=REDACTED&period_key=2026-05",
            ),
        ] {
            assert_eq!(shown_url(&Url::parse(url).unwrap()), shown);
        }
    }
}
