//! A URL that is a key: whoever knows a chat's hook may post to it.

use std::{fmt, ops::Deref, str::FromStr};

use url::Url;

/// A URL of which only scheme and host are ever printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateUrl(Url);

impl From<Url> for PrivateUrl {
    fn from(url: Url) -> Self {
        Self(url)
    }
}

impl FromStr for PrivateUrl {
    type Err = url::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Deref for PrivateUrl {
    type Target = Url;

    fn deref(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for PrivateUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/…", self.0.scheme(), self.0.host_str().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_password_path_and_query_are_not_printed() {
        let url: PrivateUrl = "https://kpid:pw@chat.example:8443/T0/B0/key?k=1".parse().unwrap();
        assert_eq!(format!("{url:?}"), "https://chat.example/…");
        assert_eq!(url.path(), "/T0/B0/key", "and it is whole");
    }
}
