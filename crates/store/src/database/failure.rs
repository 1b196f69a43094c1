//! What SQLite and sqlx say when something fails, in words for the person who runs kpid.

use std::fmt::Display;

use anyhow::anyhow;
use sqlx::{error::DatabaseError, migrate::MigrateError, sqlite::SqliteError};

/// Result codes of SQLite (https://www.sqlite.org/rescode.html); extended codes keep them in their
/// last byte.
const PERMISSION: i32 = 3;
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const NO_MEMORY: i32 = 7;
const READ_ONLY: i32 = 8;
const INPUT_OUTPUT: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
const CONSTRAINT: i32 = 19;
const NOT_A_DATABASE: i32 = 26;

/// A failure of the database, explained: what could not be done, and why in words.
pub(crate) trait Explain<T> {
    /// With what could not be done.
    fn explain(self, what: impl Display) -> anyhow::Result<T>;
}

impl<T> Explain<T> for Result<T, sqlx::Error> {
    fn explain(self, what: impl Display) -> anyhow::Result<T> {
        self.map_err(|error| anyhow!(in_words(&error)).context(what.to_string()))
    }
}

impl<T> Explain<T> for Result<T, MigrateError> {
    fn explain(self, what: impl Display) -> anyhow::Result<T> {
        self.map_err(|error| anyhow!(of_migration(&error)).context(what.to_string()))
    }
}

/// Whether the pages are damaged, or are not those of a database.
pub(crate) fn is_damage(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(CORRUPT | NOT_A_DATABASE))
}

/// Why a statement failed.
pub(crate) fn in_words(error: &sqlx::Error) -> String {
    match (error, code(error)) {
        (_, Some(code)) => of_sqlite(code, error),
        (sqlx::Error::Io(error), _) => kpid_os_error::in_words(error),
        (sqlx::Error::PoolTimedOut, _) => {
            "other work has held the database for too long; see the log for what it was".to_owned()
        }
        (sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed, _) => {
            "the database has been closed; start kpid again".to_owned()
        }
        (sqlx::Error::ColumnDecode { index, .. }, _) => {
            format!("the column {index} holds a value that this kpid cannot read")
        }
        (sqlx::Error::RowNotFound | sqlx::Error::ColumnNotFound(_), _) => {
            "the database does not have what this kpid expects there".to_owned()
        }
        (sqlx::Error::Migrate(error), _) => of_migration(error),
        (other, _) => format!("the database did not answer as expected ({other})"),
    }
}

fn of_sqlite(code: i32, error: &sqlx::Error) -> String {
    match code {
        BUSY | LOCKED => {
            "another program has kept it locked; end that program, or wait until it is done"
        }
        READ_ONLY => "it is read-only; make the file and its folder writable for kpid's user",
        PERMISSION => "permission was denied; let kpid's user read and write the file",
        CANNOT_OPEN => {
            "the file cannot be opened; check that it exists, and that kpid's user may read and \
             write it and its folder"
        }
        FULL => "the disk is full; free some space",
        INPUT_OUTPUT => {
            "the disk failed to read or write; check its health, and whether it is full"
        }
        CORRUPT => "its pages are damaged",
        NOT_A_DATABASE => "the file is not a SQLite database",
        NO_MEMORY => "there is not enough memory",
        CONSTRAINT => return format!("a rule of the table forbids it: {}", message(error)),
        _ => return format!("SQLite refused it: {}", message(error)),
    }
    .to_owned()
}

fn of_migration(error: &MigrateError) -> String {
    match error {
        MigrateError::Execute(error) => in_words(error),
        MigrateError::ExecuteMigration(error, version) => {
            format!("the step to schema {version} failed: {}", in_words(error))
        }
        MigrateError::VersionMismatch(version) => format!(
            "its schema {version} was made by a build of kpid that differs from this one; run that \
             build, or restore a backup"
        ),
        MigrateError::VersionMissing(version) => {
            format!(
                "its schema {version} is of a newer kpid; run that version, or restore a backup from before the upgrade"
            )
        }
        MigrateError::Dirty(version) => format!(
            "the step to schema {version} was left half done; restore a backup from before it"
        ),
        other => format!("its schema cannot be brought up to date ({other})"),
    }
}

/// SQLite's own result code, if it is SQLite that failed.
fn code(error: &sqlx::Error) -> Option<i32> {
    let error = error.as_database_error()?.try_downcast_ref::<SqliteError>()?;
    let code: i32 = DatabaseError::code(error)?.parse().ok()?;
    Some(code & 0xff)
}

fn message(error: &sqlx::Error) -> &str {
    error.as_database_error().map_or("", DatabaseError::message)
}

#[cfg(test)]
mod tests {
    use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};

    use super::*;

    /// What is said when a statement fails on a file.
    async fn said(options: SqliteConnectOptions, sql: &'static str) -> String {
        let failed = async {
            let mut connection = options.connect().await?;
            sqlx::query(sql).execute(&mut connection).await
        };
        format!("{:#}", failed.await.explain("cannot write a note").unwrap_err())
    }

    #[tokio::test]
    async fn a_failure_of_the_database_is_said_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kpid.db");
        let options = SqliteConnectOptions::new().filename(&path);
        let table = "CREATE TABLE notes (text TEXT NOT NULL) STRICT";
        let mut made = options.clone().create_if_missing(true).connect().await.unwrap();
        sqlx::query(table).execute(&mut made).await.unwrap();
        let text = folder.path().join("text.db");
        std::fs::write(&text, "this is a text, and long enough to be looked at").unwrap();
        let insert = "INSERT INTO notes VALUES ('x')";
        for (options, sql, wanted) in [
            (options.clone().read_only(true), insert, "it is read-only"),
            (options.clone().filename(folder.path().join("none.db")), insert, "cannot be opened"),
            (options.clone().filename(&text), insert, "the file is not a SQLite database"),
            (options.clone(), "INSERT INTO notes VALUES (NULL)", "a rule of the table forbids it"),
            (options.clone(), "INSERT INTO remarks VALUES (1)", "no such table: remarks"),
            (
                options.clone().pragma("max_page_count", "2"),
                "INSERT INTO notes VALUES (hex(zeroblob(100000)))",
                "the disk is full; free some space",
            ),
        ] {
            let said = said(options, sql).await;
            assert!(said.starts_with("cannot write a note: ") && said.contains(wanted), "{said}");
            assert!(!said.contains("(code:") && !said.contains("error returned"), "{said}");
        }
        sqlx::query("BEGIN EXCLUSIVE").execute(&mut made).await.unwrap();
        let waits = options.busy_timeout(std::time::Duration::from_millis(1));
        assert!(said(waits, insert).await.contains("another program has kept it locked"));
    }
}
