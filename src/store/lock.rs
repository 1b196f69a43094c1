//! One daemon a store: a lock on a file beside it, which the system frees when the process ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

/// Held by the daemon as long as it runs.
#[derive(Debug)]
pub struct InstanceLock {
    _file: File,
}

impl InstanceLock {
    /// Takes the lock of a store, or says who has it.
    pub fn take(store: &Path) -> anyhow::Result<Self> {
        let path = lock_path(store);
        let told = || format!("cannot lock the store by {}", path.display());
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).with_context(told)?;
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .with_context(told)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).with_context(told)?;
                bail!(
                    "the store {} is in use by another kpid (process {}); stop that one first",
                    store.display(),
                    holder.trim()
                );
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(told),
        }
        file.set_len(0).with_context(told)?;
        file.seek(SeekFrom::Start(0)).with_context(told)?;
        writeln!(file, "{}", std::process::id()).with_context(told)?;
        Ok(Self { _file: file })
    }
}

fn lock_path(store: &Path) -> PathBuf {
    let mut name = store.file_name().unwrap_or_default().to_os_string();
    name.push(".lock");
    store.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_daemon_is_refused_and_told_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("kpid.db");
        let first = InstanceLock::take(&store).unwrap();
        let refused = InstanceLock::take(&store).unwrap_err().to_string();
        assert!(refused.contains(&std::process::id().to_string()), "{refused}");
        drop(first);
        InstanceLock::take(&store).unwrap();
    }
}
