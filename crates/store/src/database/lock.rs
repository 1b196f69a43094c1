//! One daemon a store: a lock on a file beside it, which the system frees when the process ends. The
//! file says who holds it, and what came of the newest reload.

use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{ErrorKind, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use kpid_os_error::InWords;
use serde::{Deserialize, Serialize};
use tokio::time::{sleep, timeout};

use crate::database::file_identity::Identity;

/// Who holds a lock for longer runs.
const FREE_WITHIN: Duration = Duration::from_secs(1);

/// How often is looked whether a lock is free.
const FREE_EVERY: Duration = Duration::from_millis(20);

/// Held by the daemon as long as it runs.
#[derive(Debug)]
pub struct InstanceLock {
    file: File,
    /// What the file says of the process, of its newest reload and of the store, a line each.
    said: Mutex<Said>,
    /// Whether a daemon that is gone wrote a store beside.
    pub had_store: bool,
}

/// What a lock's file says beside the process.
#[derive(Debug, Default)]
struct Said {
    reloaded: String,
    store: String,
}

/// A daemon that runs on a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub process: i32,
    /// What came of its newest reload, if there was one.
    pub reloaded: Option<Reloaded>,
    /// The file that it writes, once it does.
    pub store: Option<Identity>,
}

/// What came of a reload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// When that was settled.
    pub at: DateTime<Utc>,
    /// The hash of the configuration that runs now, or why the old one goes on.
    pub came: Result<String, String>,
}

impl InstanceLock {
    /// Takes the lock of a store, or says who has it. Whoever only looks whether a daemon runs has
    /// it for a moment, and so has a child that a daemon was about to start when it ended.
    pub async fn take(store: &Path) -> anyhow::Result<Self> {
        let path = lock_path(store);
        let what = || format!("cannot lock the store with {}", path.display());
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            private_folder(folder).in_words().with_context(what)?;
        }
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        let mut file = options.mode(0o600).open(&path).in_words().with_context(what)?;
        // Whoever may read it may hold it. One that another made is used as it is.
        let _ = file.set_permissions(Permissions::from_mode(0o600));
        let until_free = async {
            loop {
                match file.try_lock() {
                    Err(TryLockError::WouldBlock) => sleep(FREE_EVERY).await,
                    Err(TryLockError::Error(error)) => return Err(error),
                    Ok(()) => return Ok(()),
                }
            }
        };
        match timeout(FREE_WITHIN, until_free).await {
            Ok(taken) => taken.in_words().with_context(what)?,
            Err(_) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).in_words().with_context(what)?;
                let process = holder.lines().next().and_then(|line| line.parse().ok());
                match process.filter(|process| is_running(*process)) {
                    Some(process) => bail!(
                        "the store {} is in use by another kpid (process {process}); stop that \
                         one first",
                        store.display()
                    ),
                    None => bail!(
                        "the store {} is locked by a process that is no kpid: `fuser {}` names \
                         it; end that one first",
                        store.display(),
                        path.display()
                    ),
                }
            }
        }
        let mut before = String::new();
        file.read_to_string(&mut before).in_words().with_context(what)?;
        let had_store = noted_store(&before).is_some();
        let lock = Self { file, said: Mutex::default(), had_store };
        lock.say(|_| {}).in_words().with_context(what)?;
        Ok(lock)
    }

    /// Notes what came of a reload, for whoever asked for it.
    pub fn note(&self, reloaded: &Reloaded) -> anyhow::Result<()> {
        let what = "cannot note what came of the reload";
        let line = serde_json::to_string(reloaded).context(what)?;
        self.say(|said| said.reloaded = line).context(what)
    }

    /// Notes which file is written, for whoever looks whether it is still there.
    pub fn note_store(&self, identity: Identity) -> anyhow::Result<()> {
        self.say(|said| said.store = identity.to_line())
            .in_words()
            .context("cannot note in the lock file which store is written")
    }

    fn say(&self, change: impl FnOnce(&mut Said)) -> std::io::Result<()> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut said);
        let Said { reloaded, store } = &*said;
        self.write(&format!("{}\n{reloaded}\n{store}\n", std::process::id()))
    }

    /// Overwritten in place and cut then: whoever reads meanwhile still finds the process.
    fn write(&self, text: &str) -> std::io::Result<()> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)
    }
}

impl Drop for InstanceLock {
    fn drop(&mut self) {
        // Closing the file alone would not free it as long as a child that is about to be started
        // has a copy of the descriptor. What cannot be unlocked, closing frees.
        let _ = self.file.unlock();
    }
}

/// The daemon that runs on a store, if one does.
pub fn holder(store: &Path) -> anyhow::Result<Option<Holder>> {
    let path = lock_path(store);
    let what = || format!("cannot read who uses the store from {}", path.display());
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).in_words().with_context(what),
    };
    match file.try_lock_shared() {
        Ok(()) => return Ok(None),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(error).in_words().with_context(what),
    }
    let mut text = String::new();
    file.read_to_string(&mut text).in_words().with_context(what)?;
    let mut lines = text.lines();
    let process = lines.next().and_then(|line| line.parse().ok()).with_context(what)?;
    let reloaded = lines.next().and_then(|line| serde_json::from_str(line).ok());
    let store = noted_store(&text);
    Ok(Some(Holder { process, reloaded, store }))
}

/// Whether a daemon, which may be gone, has written a store at this path.
pub fn was_written(store: &Path) -> bool {
    let said = std::fs::read_to_string(lock_path(store)).unwrap_or_default();
    noted_store(&said).is_some()
}

fn noted_store(said: &str) -> Option<Identity> {
    said.lines().nth(2).and_then(Identity::of_line)
}

/// Makes a folder, its owner's alone, if it is not there.
pub(crate) fn private_folder(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Whether there is a process of that number.
fn is_running(process: i32) -> bool {
    Path::new("/proc").join(process.to_string()).exists()
}

fn lock_path(store: &Path) -> PathBuf {
    let mut name = store.file_name().unwrap_or_default().to_os_string();
    name.push(".lock");
    store.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_daemon_is_refused_and_told_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("kpid.db");
        let first = InstanceLock::take(&store).await.unwrap();
        first
            .note(&Reloaded { at: DateTime::UNIX_EPOCH, came: Ok("sha256:1".to_owned()) })
            .unwrap();
        let refused = InstanceLock::take(&store).await.unwrap_err().to_string();
        let process = std::process::id();
        assert!(
            refused.ends_with(&format!("(process {process}); stop that one first")),
            "{refused}"
        );
        assert_eq!(refused.lines().count(), 1, "{refused}");
        drop(first);
        InstanceLock::take(&store).await.unwrap();
    }

    #[tokio::test]
    async fn a_lock_is_its_owners_alone_and_whoever_else_holds_it_is_not_called_kpid() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("deep/er/kpid.db");
        drop(InstanceLock::take(&store).await.unwrap());
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&lock_path(&store)), 0o600);
        assert_eq!(mode(&folder.path().join("deep")), 0o700);
        // As an older kpid left it, with the process of then.
        std::fs::set_permissions(lock_path(&store), Permissions::from_mode(0o666)).unwrap();
        std::fs::write(lock_path(&store), "999999999\n").unwrap();
        let other = File::open(lock_path(&store)).unwrap();
        other.lock().unwrap();
        let refused = InstanceLock::take(&store).await.unwrap_err().to_string();
        assert!(refused.contains("is locked by a process that is no kpid: `fuser "), "{refused}");
        assert_eq!(mode(&lock_path(&store)), 0o600);
    }

    #[tokio::test]
    async fn a_lock_is_free_at_once_also_when_a_child_has_a_copy_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("kpid.db");
        let lock = InstanceLock::take(&store).await.unwrap();
        let of_child = lock.file.try_clone().unwrap();
        drop(lock);
        assert_eq!(holder(&store).unwrap(), None);
        drop(of_child);
    }

    #[tokio::test]
    async fn who_only_looks_keeps_no_daemon_from_starting() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("kpid.db");
        drop(InstanceLock::take(&store).await.unwrap());
        let looks = File::open(lock_path(&store)).unwrap();
        looks.lock_shared().unwrap();
        let (taken, ()) = tokio::join!(biased; InstanceLock::take(&store), async {
            assert!(looks.try_lock().is_ok(), "it was not taken while somebody looked");
            drop(looks);
        });
        taken.unwrap();
    }

    #[tokio::test]
    async fn who_holds_it_and_its_newest_reload_are_told_as_long_as_it_lives() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("kpid.db");
        assert_eq!(holder(&store).unwrap(), None);
        let lock = InstanceLock::take(&store).await.unwrap();
        let process = i32::try_from(std::process::id()).unwrap();
        assert_eq!(holder(&store).unwrap(), Some(Holder { process, reloaded: None, store: None }));
        for came in [Err("two\nlines, and long".repeat(9)), Ok("sha256:1".to_owned())] {
            let reloaded = Reloaded { at: DateTime::UNIX_EPOCH, came };
            lock.note(&reloaded).unwrap();
            assert_eq!(holder(&store).unwrap().unwrap().reloaded, Some(reloaded));
        }
        drop(lock);
        assert_eq!(holder(&store).unwrap(), None);
    }
}
