//! Opening a file to read it, also one that somebody was killed over.

use std::path::{Path, PathBuf};

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::database::busy::BUSY_TIMEOUT;

/// Files that SQLite keeps beside a database.
pub(crate) const COMPANIONS: [&str; 3] = ["-journal", "-wal", "-shm"];

/// How a database is opened to be read. What a killed process was writing is rolled back first:
/// SQLite does that for whoever may write, and refuses everybody else until it is done.
pub(crate) async fn read_only(path: &Path) -> Result<SqliteConnectOptions, sqlx::Error> {
    if beside(path, "-journal").exists() {
        roll_back(path).await?;
    }
    Ok(SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_TIMEOUT))
}

/// A connection that only reads.
pub(crate) async fn connect(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnection::connect_with(&read_only(path).await?).await
}

/// The first read of a connection that may write rolls back what was not committed.
pub(crate) async fn roll_back(path: &Path) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY_TIMEOUT);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    sqlx::query("SELECT count(*) FROM sqlite_schema").execute(&mut connection).await?;
    connection.close().await
}

/// A file whose name is another's and an ending.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(ending);
    path.with_file_name(name)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;

    use super::*;
    use crate::{
        database::store::Store,
        maintenance::{backup::look_through, checkup::check_pages},
    };

    /// A store as a process leaves it that is killed while it changes pages in place, as the switch
    /// to a write-ahead log does.
    pub(crate) async fn cut_short(folder: &Path) -> PathBuf {
        let (alive, killed) = (folder.join("alive.db"), folder.join("kpid.db"));
        Store::open(&alive).await.unwrap().close().await;
        let mut connection = SqliteConnection::connect_with(
            &SqliteConnectOptions::new()
                .filename(&alive)
                .pragma("cache_size", "1")
                .pragma("journal_mode", "DELETE"),
        )
        .await
        .unwrap();
        let mut tx = connection.begin().await.unwrap();
        let more = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000) \
                    INSERT INTO audit (at, person, action, subject) \
                    SELECT n, 'somebody', 'acted', hex(randomblob(50)) FROM n";
        sqlx::query(more).execute(&mut *tx).await.unwrap();
        for companion in ["", "-journal"] {
            fs::copy(beside(&alive, companion), beside(&killed, companion)).unwrap();
        }
        tx.rollback().await.unwrap();
        connection.close().await.unwrap();
        killed
    }

    #[tokio::test]
    async fn what_a_killed_process_was_writing_is_rolled_back_before_anybody_reads() {
        let folder = tempfile::tempdir().unwrap();
        let killed = cut_short(folder.path()).await;
        let plain = SqliteConnectOptions::new().filename(&killed).read_only(true);
        let mut plain = SqliteConnection::connect_with(&plain).await.unwrap();
        let refused = sqlx::query("SELECT count(*) FROM audit").execute(&mut plain).await;
        assert!(refused.is_err(), "SQLite reads it as it is; this test shows nothing");
        plain.close().await.unwrap();

        check_pages(&killed).await.unwrap();
        look_through(&killed).await.unwrap();
        let store = Store::open_read_only(&killed).await.unwrap();
        let (acted,): (i64,) =
            sqlx::query_as("SELECT count(*) FROM audit").fetch_one(&store.pool).await.unwrap();
        assert_eq!(acted, 0);
    }
}
