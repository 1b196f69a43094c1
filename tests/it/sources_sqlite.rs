//! SQLite files as sources.

use chrono_tz::Europe::Amsterdam;
use kpid_rules::series::ReadingKind;
use kpid_sources::sql::Address;
use sqlx::{Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::asking::{check, database, id, open};

const BOOKS: &str = "
    create table shipments (shipped text, on_time int);
    insert into shipments values ('2026-04-30', 1), ('2026-05-01', 1), ('2026-05-01 09:00:00', 0),
        ('2026-05-31T23:59:59', 1), ('2026-06-01', 1), ('2026-06-01 00:00:00', 1);
";

async fn books(folder: &tempfile::TempDir) -> Address {
    let path = folder.path().join("books.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    connection.execute(BOOKS).await.unwrap();
    connection.close().await.unwrap();
    Address::Sqlite(path)
}

#[tokio::test]
async fn what_a_query_gives_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let connections = open(database(books(&folder).await));
    connections.probe(&id(), Amsterdam).await.unwrap();
    check(&connections, ReadingKind::Value, &[
        ("select 41", "41"),
        ("select 41.5 as value", "41.5"),
        ("select '12.5'", "12.5"),
        ("select 0", "0"),
        ("select null", "null"),
        ("select sum(on_time) from shipments where 0", "null"),
        ("select 1 where 0", "no rows"),
        ("select count(*) from shipments where shipped >= :period_start and shipped < :period_end", "3"),
        ("select :period_key || :period_last_day = '2026-052026-05-31'", "1"),
        ("select 9 as Numerator, 10 as DENOMINATOR", "9/10"),
        ("select 'many'", "!`select 'many'`: in row 1 the column `value` is the text \"many\""),
        ("select x'00'", "!a BLOB"),
        ("select 9e999", "!not a finite number"),
        ("select 1 union select 2", "!2 rows"),
        ("select absent", "!no such column: absent"),
        ("delete from shipments", "!readonly database"),
    ]).await;
    check(&connections, ReadingKind::Series, &[
        (
            "select strftime('%Y-%m', shipped) as period, sum(on_time) as numerator, count(*) as \
             denominator from shipments group by 1",
            "2026-04=1/1 2026-05=2/3 2026-06=2/2",
        ),
        (
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < 101)
             select i as value, '2026-05' as period from n",
            "!more than 100 rows",
        ),
    ]).await;
}

#[tokio::test]
async fn an_endless_query_ends_and_harms_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let connections = open(database(books(&folder).await));
    let endless =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n";
    for _ in 0..3 {
        check(
            &connections,
            ReadingKind::Value,
            &[(endless, "!no answer within 1s"), ("select 1", "1")],
        )
        .await;
    }
}

#[tokio::test]
async fn a_missing_file_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nothing.db");
    let connections = open(database(Address::Sqlite(path.clone())));
    check(&connections, ReadingKind::Value, &[("select 1", "!nothing.db")]).await;
    assert!(connections.probe(&id(), Amsterdam).await.unwrap_err().contains("cannot connect"));
    assert!(!path.exists());
}
