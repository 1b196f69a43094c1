//! The keys by which a login provider signs (RFC 7517), and what is signed with them. Only signatures that
//! anybody can check and nobody else can make: a secret or no signature at all is not among them.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;

/// A provider has the keys of this month and of the last.
const KEYS_MAX: usize = 64;

/// How something is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Ps256,
    Es256,
}

/// The keys of a provider.
#[derive(Clone, Debug, Default)]
pub(super) struct KeySet(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    id: Option<String>,
    /// For which alone it may be used, if it says so.
    algorithm: Option<String>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// A point, uncompressed.
    P256(Vec<u8>),
}

/// What came of a look at a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signed {
    /// By the provider.
    Good,
    /// With a key of the provider, and it does not fit what is signed.
    Bad,
    /// The provider has no such key.
    UnknownKey,
}

#[derive(Deserialize)]
struct KeySetDoc {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct KeyDoc {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    used_for: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Algorithm {
    /// One that is believed, by its name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "PS256" => Self::Ps256,
            "ES256" => Self::Es256,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
        }
    }
}

impl KeySet {
    /// The keys of a document that can be used here; others may be in it.
    pub(super) fn parse(document: Value) -> Option<Self> {
        let doc: KeySetDoc = serde_json::from_value(document).ok()?;
        let docs = doc.keys.into_iter().filter_map(|doc| serde_json::from_value(doc).ok());
        Some(Self(docs.filter_map(Key::of).take(KEYS_MAX).collect()))
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a message is signed by one of them.
    pub(super) fn verify(
        &self,
        algorithm: Algorithm,
        key_id: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> Signed {
        let is_meant = |key: &&Key| {
            let is_named = key_id.is_none_or(|id| key.id.as_deref() == Some(id));
            let is_for = key.algorithm.as_deref().is_none_or(|name| name == algorithm.name());
            is_named && is_for && key.material.fits(algorithm)
        };
        let mut found = self.0.iter().filter(is_meant).peekable();
        if found.peek().is_none() {
            return Signed::UnknownKey;
        }
        match found.any(|key| key.material.has_signed(algorithm, message, signature)) {
            true => Signed::Good,
            false => Signed::Bad,
        }
    }
}

impl Key {
    fn of(doc: KeyDoc) -> Option<Self> {
        if doc.used_for.is_some_and(|used_for| used_for != "sig") {
            return None;
        }
        let bytes = |text: Option<String>| BASE64_URL_SAFE_NO_PAD.decode(text?).ok();
        let material = match (doc.kty.as_str(), doc.crv.as_deref()) {
            ("RSA", _) => Material::Rsa { n: bytes(doc.n)?, e: bytes(doc.e)? },
            ("EC", Some("P-256")) => {
                Material::P256([vec![4], bytes(doc.x)?, bytes(doc.y)?].concat())
            }
            _ => return None,
        };
        Some(Self { id: doc.kid, algorithm: doc.alg, material })
    }
}

impl Material {
    fn fits(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rsa { .. } => matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256),
            Self::P256(_) => algorithm == Algorithm::Es256,
        }
    }

    fn has_signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let verified = match (self, algorithm) {
            (Self::Rsa { n, e }, Algorithm::Rs256) => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
            (Self::Rsa { n, e }, Algorithm::Ps256) => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PSS_2048_8192_SHA256,
                message,
                signature,
            ),
            (Self::P256(point), Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            _ => return false,
        };
        verified.is_ok()
    }
}
