//! Style sheet and script of the pages: part of the program, named by what is in them, so that a
//! browser may keep them for ever.

use std::{fmt::Write as _, sync::LazyLock};

use sha2::{Digest, Sha256};

/// So many bytes of the hash tell one release from another.
const HASH_BYTES: usize = 6;

/// A file that pages refer to.
#[derive(Debug)]
pub struct Asset {
    /// The last part of its path, such as `board-0123456789ab.css`.
    pub name: String,
    /// What it is.
    pub content_type: &'static str,
    /// What is in it.
    pub content: String,
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let content = format!("{}{}", kpid_chart::STYLE, include_str!("board.css"));
    Asset::new("css", "text/css; charset=utf-8", content)
});

static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("js", "text/javascript; charset=utf-8", include_str!("board.js").to_owned())
});

impl Asset {
    fn new(kind: &str, content_type: &'static str, content: String) -> Self {
        let hash = Sha256::digest(content.as_bytes());
        let mut short = String::new();
        for byte in hash.iter().take(HASH_BYTES) {
            let _ = write!(short, "{byte:02x}");
        }
        Self { name: format!("board-{short}.{kind}"), content_type, content }
    }
}

/// The asset of that name.
pub fn asset(name: &str) -> Option<&'static Asset> {
    [style(), script()].into_iter().find(|asset| asset.name == name)
}

pub(crate) fn style() -> &'static Asset {
    &STYLE
}

pub(crate) fn script() -> &'static Asset {
    &SCRIPT
}
