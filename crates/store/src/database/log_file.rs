//! The log beside the store, `-wal`: what was committed lately is in it alone. SQLite writes on into one
//! that was removed, and whoever opens the store meanwhile begins another one.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::database::file_identity::Identity;

/// Where Linux shows what this process has open.
const OPEN_FILES: &str = "/proc/self/fd";

/// The log of a store that is written.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    /// The one that was found at the path last: SQLite removes it itself with the last connection, and
    /// makes another one for the next.
    found: Mutex<Option<Identity>>,
}

impl LogFile {
    /// The log of the store at a path.
    pub(crate) fn beside(store: &Path) -> io::Result<Self> {
        let mut path = OsString::from(store);
        path.push("-wal");
        let path = PathBuf::from(path);
        let found = Identity::of(&path)?;
        Ok(Self { path, found: Mutex::new(found) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the log that is open is not the one at its path any more.
    pub(crate) fn is_displaced(&self) -> io::Result<bool> {
        let now = Identity::of(&self.path)?;
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if *found == now {
            return Ok(false);
        }
        // SQLite closes its log before it removes it.
        if let Some(before) = *found
            && is_open(before)
        {
            return Ok(true);
        }
        *found = now;
        Ok(false)
    }
}

/// Whether this process has a file open; no where that cannot be seen.
fn is_open(file: Identity) -> bool {
    let Ok(open) = fs::read_dir(OPEN_FILES) else { return false };
    open.flatten()
        .any(|open| matches!(Identity::of(&open.path()), Ok(Some(found)) if found == file))
}
