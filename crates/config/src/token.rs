//! A token as its hash: of `web:`, and of connections that push.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{parse_context::ParseContext, yaml::located::Loc};

/// A token, as its hash.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct TokenDoc {
    /// 64 hexadecimal digits.
    pub(crate) sha256: Loc<String>,
}

/// 64 hexadecimal digits.
pub(crate) fn token(context: &mut ParseContext, doc: &Loc<String>) -> Option<[u8; 32]> {
    let text = doc.value.as_deref()?;
    let byte = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
    let hash = bytes.filter(|_| text.len() == 64).and_then(|bytes| bytes.try_into().ok());
    let message =
        "is not a SHA-256 hash, 64 hexadecimal digits; `kpid token` makes a token and its hash";
    context.checked(doc.place, hash.ok_or_else(|| format!("`{text}` {message}")))
}
