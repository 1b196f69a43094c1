//! The signature of a webhook, as Standard Webhooks have it.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Begins a secret that is written in base64.
const SECRET_PREFIX: &str = "whsec_";

/// Whether a secret can sign; why not, for whoever wrote it.
pub fn signing_key(secret: &str) -> Result<(), String> {
    Key::parse(secret).map(drop)
}

/// The key of a signature; never printed.
pub(crate) struct Key(Vec<u8>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// Reads a secret: base64 after `whsec_`, otherwise its own bytes.
    pub(crate) fn parse(secret: &str) -> Result<Self, String> {
        let Some(encoded) = secret.strip_prefix(SECRET_PREFIX) else {
            return Ok(Self(secret.as_bytes().to_vec()));
        };
        let encoded = encoded.trim();
        let why = if encoded.contains(['-', '_']) {
            "it has `-` or `_`; where a dashboard shows those, write `+` for `-` and `/` for `_`"
        } else if encoded.is_empty() {
            "nothing follows"
        } else {
            "copy the whole secret, with the `=` at its end if there is one"
        };
        match BASE64_STANDARD.decode(encoded) {
            Ok(key) if !key.is_empty() => Ok(Self(key)),
            _ => Err(format!("what follows `{SECRET_PREFIX}` in the secret is not base64: {why}")),
        }
    }

    pub(crate) fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_of_the_specification() {
        let key = Key::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature =
            key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_base64_only_where_it_says_so() {
        assert_eq!(Key::parse("whsec_AAEC").unwrap().0, [0, 1, 2]);
        assert_eq!(Key::parse("AAEC").unwrap().0, b"AAEC");
        assert!(Key::parse("whsec_not base64!").is_err());
        assert_eq!(format!("{:?}", Key::parse("AAEC").unwrap()), "Key(…)");
    }
}
