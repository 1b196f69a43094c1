//! Whether the file at the store's path is the one that a daemon writes: a file that was removed,
//! replaced or overwritten under it would be written on without anybody noticing, and be gone in the end.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use sqlx::{AssertSqlSafe, SqliteConnection};
use thiserror::Error;

use crate::database::{failure::Explain, file_identity::Identity, log_file::LogFile};
use kpid_os_error::{InWords, in_words};

/// Where SQLite keeps the number that a program may set, in the first page.
const MARK_AT: u64 = 60;

/// The file that a daemon writes.
#[derive(Debug)]
pub(crate) struct StoreFile {
    path: PathBuf,
    identity: Identity,
    /// Closed with the store and never before: SQLite's locks of a file end for the whole process when
    /// anything in it closes that file.
    file: File,
    /// What the file may say at [`MARK_AT`] as long as nobody else wrote it: the number, or what was
    /// there before as long as the log has not been taken in.
    marks: [u32; 2],
    log: LogFile,
}

/// Why the file at the store's path is not the one that is written.
#[derive(Debug, Error)]
pub enum Displaced {
    /// There is none.
    #[error(
        "the store {} was removed while kpid wrote it; what was kept since the newest backup is gone with \
         it, so restore that with `kpid restore FILE`",
        .0.display()
    )]
    Removed(PathBuf),
    /// There is another one.
    #[error(
        "the store {} was replaced by another file while kpid wrote it; stop kpid before a file takes its \
         place, best with `kpid restore FILE`",
        .0.display()
    )]
    Replaced(PathBuf),
    /// It is the same file with something else in it.
    #[error(
        "the store {} was overwritten while kpid wrote it, and is of no use any more; restore a backup with \
         `kpid restore FILE`",
        .0.display()
    )]
    Overwritten(PathBuf),
    /// It is the same file, without what was committed lately.
    #[error(
        "{}, in which the store keeps what was committed lately, was removed or replaced while kpid wrote it; \
         what it held may be gone with it, so look with `kpid doctor`, and restore a backup with `kpid \
         restore FILE` if it finds damage",
        .0.display()
    )]
    LogDisplaced(PathBuf),
    /// Nobody can tell.
    #[error("cannot see whether the store {} is still the same file: {}", .0.display(), in_words(.1))]
    Unseen(PathBuf, io::Error),
}

impl StoreFile {
    /// Marks the file that is open in this connection as its own, by a number that no copy made before
    /// has.
    pub(crate) async fn mark(
        path: &Path,
        mark: u32,
        connection: &mut SqliteConnection,
    ) -> anyhow::Result<Self> {
        let what = || format!("cannot mark the store {}", path.display());
        // SQLite keeps it with a sign. It is a number of ours, and no text of anybody's.
        let sql = format!("PRAGMA user_version = {}", mark.cast_signed());
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *connection).await.explain(what())?;
        // From the log into the file itself, where one that is overwritten shows.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&mut *connection)
            .await
            .explain(what())?;
        let file = File::open(path).in_words().with_context(what)?;
        let identity = file.metadata().in_words().with_context(what)?.into();
        let log = LogFile::beside(path).in_words().with_context(what)?;
        let file = Self { path: path.to_owned(), identity, file, marks: [mark; 2], log };
        // Somebody who reads just now keeps the log from being taken in.
        let found = file.found_mark().in_words().with_context(what)?;
        Ok(Self { marks: [mark, found], ..file })
    }

    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }

    /// Whether what is at the path is the file that is written.
    pub(crate) fn check(&self) -> Result<(), Displaced> {
        let path = || self.path.clone();
        match Identity::of(&self.path) {
            Ok(Some(found)) if found == self.identity => {}
            Ok(Some(_)) => return Err(Displaced::Replaced(path())),
            Ok(None) => return Err(Displaced::Removed(path())),
            Err(error) => return Err(Displaced::Unseen(path(), error)),
        }
        match self.found_mark() {
            Ok(found) if self.marks.contains(&found) => {}
            Ok(_) => return Err(Displaced::Overwritten(path())),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(Displaced::Overwritten(path()));
            }
            Err(error) => return Err(Displaced::Unseen(path(), error)),
        }
        match self.log.is_displaced() {
            Ok(false) => Ok(()),
            Ok(true) => Err(Displaced::LogDisplaced(self.log.path().to_owned())),
            Err(error) => Err(Displaced::Unseen(self.log.path().to_owned(), error)),
        }
    }

    fn found_mark(&self) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.file.read_exact_at(&mut bytes, MARK_AT)?;
        Ok(u32::from_be_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use sqlx::Executor;
    use tempfile::TempDir;

    use super::*;
    use crate::{Store, backup};

    async fn guarded() -> (TempDir, PathBuf, Store) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kpid.db");
        let store = Store::open(&path).await.unwrap().guarded(&path, 7_000_000).await.unwrap();
        (folder, path, store)
    }

    async fn refusal(store: &Store) -> String {
        let refused = store.begin().await.map(drop).unwrap_err();
        format!("{refused:#}")
    }

    #[tokio::test]
    async fn a_file_that_was_removed_is_not_written_on() {
        let (_folder, path, store) = guarded().await;
        fs::remove_file(&path).unwrap();
        assert!(refusal(&store).await.contains("was removed while kpid wrote it"));
    }

    #[tokio::test]
    async fn a_file_that_another_took_the_place_of_is_not_written_on() {
        let (folder, path, store) = guarded().await;
        let copy = folder.path().join("copy.db");
        backup(&path, &copy, false).await.unwrap();
        fs::rename(&copy, &path).unwrap();
        assert!(refusal(&store).await.contains("was replaced by another file"));
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(folder.path().join("none"), &path).unwrap();
        assert!(refusal(&store).await.contains("was removed"), "a link that leads nowhere");
    }

    #[tokio::test]
    async fn a_file_that_was_overwritten_or_emptied_is_not_written_on() {
        let (folder, path, store) = guarded().await;
        let copy = folder.path().join("copy.db");
        backup(&path, &copy, false).await.unwrap();
        fs::copy(&copy, &path).unwrap();
        assert!(refusal(&store).await.contains("was overwritten while kpid wrote it"));
        fs::write(&path, "").unwrap();
        assert!(refusal(&store).await.contains("was overwritten"));
    }

    #[tokio::test]
    async fn a_store_whose_link_leads_elsewhere_is_not_written_on() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("kpid.db"), folder.path().join("other.db"));
        let link = |to: &Path| {
            let next = folder.path().join("next");
            std::os::unix::fs::symlink(to, &next).unwrap();
            fs::rename(next, &path).unwrap();
        };
        Store::open(&other).await.unwrap().close().await;
        link(&folder.path().join("held.db"));
        let store = Store::open(&path).await.unwrap().guarded(&path, 7_000_000).await.unwrap();
        link(&other);
        assert!(refusal(&store).await.contains("was replaced by another file"));
    }

    #[tokio::test]
    async fn a_store_whose_log_was_removed_or_replaced_is_not_written_on() {
        for with in [None, Some("no log at all")] {
            let (folder, _, store) = guarded().await;
            let log = folder.path().join("kpid.db-wal");
            fs::rename(&log, folder.path().join("taken")).unwrap();
            if let Some(text) = with {
                fs::write(&log, text).unwrap();
            }
            assert!(refusal(&store).await.contains("kpid.db-wal, in which the store keeps"));
        }
    }

    #[tokio::test]
    async fn a_log_that_sqlite_begins_anew_is_no_reason() {
        let (_folder, path, store) = guarded().await;
        for mark in 1..4 {
            let mut connection = store.read().await.unwrap();
            let sql = AssertSqlSafe(format!("CREATE TABLE t{mark} (x TEXT)"));
            connection.execute(sql).await.unwrap();
            // The last one: with it goes the log.
            connection.close().await.unwrap();
            store.check_file().unwrap();
            assert!(!path.with_extension("db-wal").exists());
            store.read().await.unwrap().execute("SELECT 1 FROM audit").await.unwrap();
            store.check_file().unwrap();
        }
        store.begin().await.unwrap();
    }

    #[tokio::test]
    async fn what_it_writes_itself_is_no_reason() {
        let (_folder, _path, store) = guarded().await;
        for table in ["a", "b", "c"] {
            let mut tx = store.begin().await.unwrap();
            let sql = format!("CREATE TABLE {table} (x TEXT); DROP TABLE {table}");
            tx.execute(AssertSqlSafe(sql)).await.unwrap();
            tx.commit().await.unwrap();
            let mut connection = store.read().await.unwrap();
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
            connection.execute("VACUUM").await.unwrap();
        }
        store.check_file().unwrap();
    }

    #[tokio::test]
    async fn a_reader_who_keeps_the_log_from_being_taken_in_is_no_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kpid.db");
        let store = Store::open(&path).await.unwrap();
        let reader = Store::open_read_only(&path).await.unwrap();
        let mut reading = reader.pool.begin().await.unwrap();
        reading.execute("SELECT count(*) FROM audit").await.unwrap();
        let store = store.guarded(&path, 9).await.unwrap();
        store.check_file().unwrap();
        reading.rollback().await.unwrap();
        store.read().await.unwrap().execute("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
        store.check_file().unwrap();
    }
}
