//! The mark of a demo's folder: what the demo wrote into it, and what its clock shows.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use kpid_clock::Clock;

/// The file that says that a folder is a demo's.
const FILE: &str = ".kpid-demo";

/// What appears while a demo runs, beside the files that it writes first.
const MADE_ON_THE_WAY: [&str; 4] = ["mail", "webhooks", "systems", "secrets"];

/// How the store's files begin.
const STORE_FILES: &str = "kpid.db";

/// Deeper folders are nobody's but a reader's.
const DEPTH_MAX: usize = 8;

/// What is known of a demo's folder.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// For whoever opens it.
    about: String,
    /// The files of the configuration as they were written, each with its SHA-256.
    #[serde(default)]
    files: BTreeMap<PathBuf, String>,
    /// Since the daemon began.
    #[serde(default)]
    clock: Option<Set>,
}

/// A clock that was set.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Set {
    /// What it showed.
    shows: DateTime<Utc>,
    /// When it was set; none for one that stands.
    at: Option<DateTime<Utc>>,
}

impl Mark {
    /// The mark of a folder in which these files were written, relative to it.
    pub(crate) fn new(files: impl IntoIterator<Item = (PathBuf, String)>) -> Self {
        let files = files.into_iter().map(|(path, text)| (path, hash(text.as_bytes())));
        Self {
            about: "This folder belongs to `kpid demo`.".to_owned(),
            files: files.collect(),
            clock: None,
        }
    }

    /// The mark of a folder; none if it is no demo's.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join(FILE)).ok()?;
        // That of a version before it said anything is a mark all the same.
        Some(serde_json::from_str(&text).unwrap_or_default())
    }

    /// Keeps it in the folder.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        fs::write(folder.join(FILE), text)
    }

    /// Whether a file is the mark.
    pub(crate) fn is(name: &std::ffi::OsStr) -> bool {
        name == FILE
    }

    /// The demo's clock was set to this instant now, or stands at it since now.
    pub(crate) fn set_clock(&mut self, shows: DateTime<Utc>, runs: bool) {
        self.clock = Some(Set { shows, at: runs.then(|| Clock::System.now()) });
    }

    /// What the demo's clock shows now.
    pub(crate) fn now(&self) -> Option<DateTime<Utc>> {
        let Set { shows, at } = self.clock?;
        Some(at.map_or(shows, |at| shows + (Clock::System.now() - at)))
    }

    /// The files in the folder that a reader wrote or changed, relative to it.
    pub(crate) fn changed(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        look(folder, Path::new(""), DEPTH_MAX, &mut found)?;
        let is_changed = |path: &PathBuf| match self.files.get(path) {
            Some(written) => fs::read(folder.join(path)).is_ok_and(|held| hash(&held) != *written),
            None => true,
        };
        found.retain(is_changed);
        found.sort();
        Ok(found)
    }
}

/// Finds the files below a folder that do not appear by themselves.
fn look(root: &Path, below: &Path, depth: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let name = entry.file_name();
        let is_top = below.as_os_str().is_empty();
        let is_ours = is_top
            && (Mark::is(&name)
                || MADE_ON_THE_WAY.iter().any(|made| name == **made)
                || name.to_string_lossy().starts_with(STORE_FILES));
        if is_ours {
            continue;
        }
        let path = below.join(name);
        match depth.checked_sub(1) {
            Some(depth) if entry.file_type()?.is_dir() => look(root, &path, depth, found)?,
            _ => found.push(path),
        }
    }
    Ok(())
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
