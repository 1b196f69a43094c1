//! SQLite files as sources.

use chrono_tz::Europe::Amsterdam;
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    time::Duration,
};

use kpid_rules::series::ReadingKind;
use kpid_sources::{
    Connection as Source,
    sql::{Address, Database},
};
use sqlx::{Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    asking::{check, database, hurried, id, open},
    world::kpid::Kpid,
};

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
        ("with x as (select 1) delete from shipments", "!readonly database"),
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
async fn a_hundred_thousand_rows_are_refused_in_words_and_the_next_question_is_answered() {
    let rows = "with recursive n(i) as (select 0 union all select i + 1 from n where i < 99999)
        select i as value, date('2026-05-31', '-' || i || ' days') as period from n";
    let folder = tempfile::tempdir().unwrap();
    let address = books(&folder).await;
    let timeout = Duration::from_secs(600);
    // As it is unless its author says otherwise.
    let usual = Database { address, timeout, concurrent_max: 1, rows_max: 10_000 };
    let connections = open(Source::Sql(usual));
    let refusal = "!came with more than 10000 rows; group the query by period, or narrow it";
    let questions = [(rows, refusal), ("select 1 where 0", "no rows")];
    check(&connections, ReadingKind::Series, &questions).await;
}

#[tokio::test]
async fn an_endless_query_ends_and_harms_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let connections = open(hurried(books(&folder).await));
    let endless =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n";
    for _ in 0..3 {
        check(
            &connections,
            ReadingKind::Value,
            &[(endless, "!no answer within 3s"), ("select 1", "1")],
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

#[tokio::test]
async fn a_pipe_is_told_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe.db");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let connections = open(database(Address::Sqlite(path)));
    check(&connections, ReadingKind::Value, &[("select 1", "!is a pipe or a device")]).await;
    let probed = connections.probe(&id(), Amsterdam).await.unwrap_err();
    assert!(probed.contains("is a pipe or a device"), "{probed}");
}

/// An hour on either side of both ends of May in Amsterdam, in every way in which SQLite keeps
/// times; two of four lie in it.
const TIMES: &str = "
    create table t (day text, month text, local text, iso text, utc text, offset text, python text,
        seconds integer, millis integer, julian real, german text, blank text);
    with recursive at(utc, local) as (values
        ('2026-04-30 21:30:00', '2026-04-30 23:30:00'), ('2026-04-30 22:30:00', '2026-05-01 00:30:00'),
        ('2026-05-31 21:30:00', '2026-05-31 23:30:00'), ('2026-05-31 22:30:00', '2026-06-01 00:30:00'))
    insert into t select substr(local, 1, 10), substr(local, 1, 7), local,
        replace(local, ' ', 'T'), replace(utc, ' ', 'T') || 'Z', local || '+02:00',
        utc || '.123456+00:00', unixepoch(utc), unixepoch(utc) * 1000, julianday(utc),
        strftime('%d.%m.%Y', local), case when local like '%-05-%' then local else '' end from at;
    create table none (at text, seconds integer);
";

#[tokio::test]
async fn a_bound_is_an_instant_however_a_column_keeps_time() {
    let folder = tempfile::tempdir().unwrap();
    let Address::Sqlite(path) = books(&folder).await else { panic!("no file") };
    let mut connection =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&path)).await.unwrap();
    connection.execute(TIMES).await.unwrap();
    let connections = open(database(Address::Sqlite(path)));
    let count = |condition: &str| format!("select count(*) as value from t where {condition}");
    let plain = |at: &str| count(&format!("{at} >= :period_start and {at} < :period_end"));
    let days = |at: &str| count(&format!("{at} between :period_first_day and :period_last_day"));
    let numbers = "!compares the period with numbers";
    for (query, expected) in [
        (plain("day"), "2"),
        (plain("month"), "2"),
        (plain("local"), "2"),
        (plain("iso"), "2"),
        (plain("utc"), "2"),
        (plain("offset"), "2"),
        (plain("python"), "2"),
        (plain("blank"), "2"),
        (plain("seconds"), numbers),
        (plain("millis"), numbers),
        (plain("julian"), numbers),
        (plain("german"), "!with the text \"30.04.2026\", which is not a day or time"),
        (days("day"), "2"),
        (days("local"), "2"),
        (days("utc"), "2"),
        (days("python"), "2"),
        (days("seconds"), numbers),
        (count("day >= :period_first_day and seconds < :period_end"), numbers),
        (count("seconds >= :period_start and day <= :period_last_day"), numbers),
        (count("day >= :period_first_day and :period_end > millis"), numbers),
        (
            "select sum(case when seconds < :period_end then 1 end) as value from t where \
             day >= :period_first_day"
                .to_owned(),
            numbers,
        ),
        (days("german"), "!which is not a day or time"),
        (count(":period_start <= utc and :period_end > utc"), "2"),
        (
            count(
                "datetime(utc) >= datetime(:period_start) and datetime(utc) < datetime(:period_end)",
            ),
            "2",
        ),
        (count("seconds >= unixepoch(:period_start) and seconds < unixepoch(:period_end)"), "2"),
        (
            count(
                "millis >= unixepoch(:period_start) * 1000 and millis < unixepoch(:period_end) * 1000",
            ),
            "2",
        ),
        (count("julian >= julianday(:period_start) and julian < julianday(:period_end)"), "2"),
        (
            count(
                "month between substr(:period_first_day, 1, 7) and substr(:period_last_day, 1, 7)",
            ),
            "2",
        ),
        (count("month = :period_key"), "2"),
        (count("month = :period_key and day < '2026-05-01'"), "0"),
        ("select sum(seconds * 0) as value from t where month = :period_key".to_owned(), "0"),
        (count("seconds = :period_key"), "!compares `:period_key`, a text such as 2026-05, with"),
        (
            count(":period_key == seconds"),
            "!write `cast(replace(:period_key, '-', '') as integer)`",
        ),
        (count("seconds in (:period_key)"), "!with numbers, which never are the same"),
        (count("seconds is :period_key"), "!with numbers, which never are the same"),
        (
            count("seconds + 0 = :period_key and day >= :period_first_day"),
            "!with numbers, which never are the same",
        ),
        (count("seconds = :period_first_day"), numbers),
        (count("day = '2026-07-01' and month not in (:period_key)"), "0"),
        (
            "select count(*) from none where at >= :period_start and seconds < :period_end"
                .to_owned(),
            "0",
        ),
        ("select sum(1) from none where at >= :period_start".to_owned(), "null"),
        (count("month >= substr(:period_first_day, 1, 7) and month <= :period_key"), "2"),
        (
            count(
                "seconds >= unixepoch(:period_start) and seconds < unixepoch(:period_end) and blank = :period_start",
            ),
            "0",
        ),
    ] {
        check(&connections, ReadingKind::Value, &[(&query, expected)]).await;
    }
}

#[tokio::test]
async fn what_comes_back_as_a_period_is_the_local_one() {
    let folder = tempfile::tempdir().unwrap();
    let connections = open(database(books(&folder).await));
    check(&connections, ReadingKind::Series, &[
        ("select '2026-05-31T21:59:59Z' as period, 1 as value", "2026-05=1"),
        ("select '2026-05-31T22:00:00Z' as period, 1 as value", "2026-06=1"),
        ("select '2026-05-31 20:00:00-03:00' as period, 1 as value", "2026-06=1"),
        ("select '2026-05-31 23:59:59' as period, 1 as value", "2026-05=1"),
        ("select :period_start as period, 1 as value", "2026-05=1"),
        ("select '26-05-31 10:00:00' as period, 1 as value", "!a year of four digits"),
        ("select 1777586400 as period, 1 as value", "2026-05=1"),
        (
            "select date(1777586400, 'unixepoch') as period, 1 as value",
            "!`date(1777586400, 'unixepoch')` is a day or month in UTC",
        ),
        (
            "select strftime('%Y-%m', 1777586400, 'unixepoch', 'localtime') as period, 1 as value",
            "!the zone of this machine",
        ),
    ]).await;
}

#[tokio::test]
async fn a_file_in_wal_mode_is_read_where_nothing_may_be_written() {
    let config = "store: kpid.db
calendar: { timezone: Europe/Amsterdam }
connections:
  app: { sqlite: { path: locked/app.db } }
";
    let scorecard = "scorecard: acme
perspectives:
  p:
    objectives:
      o:
        kpis:
          open: { nature: level, target: 1, schedule: { every: 1d }, source: { sql: { from: app, query: select n from t } } }
";
    let kpid = Kpid::new(config, scorecard);
    let folder = kpid.folder().join("locked");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("app.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    connection
        .execute("pragma journal_mode = wal; create table t (n); insert into t values (5)")
        .await
        .unwrap();
    let lock = |mode: u32| fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
    let wal = fs::read(folder.join("app.db-wal")).unwrap();
    connection.close().await.unwrap();
    lock(0o555);
    let pulled = kpid.run_without_privileges(&["pull", "--dry-run"]).await;
    assert!(pulled.stdout.contains("acme/open: 5 "), "{pulled:?}");
    let probed = kpid.run_without_privileges(&["check", "--probe"]).await;
    assert!(probed.stdout.contains("connection app: reached"), "{probed:?}");
    lock(0o755);
    fs::write(folder.join("app.db-wal"), wal).unwrap();
    lock(0o555);
    let pulled = kpid.run_without_privileges(&["pull", "--dry-run"]).await;
    assert!(pulled.stdout.contains("the file is in WAL mode and being written"), "{pulled:?}");
    lock(0o755);
}

#[tokio::test]
async fn check_finds_what_a_query_gets_wrong_about_times() {
    let config = "store: kpid.db
calendar: { timezone: Europe/Amsterdam }
connections:
  books:
    sqlite:
      path: books.db
      queries: { month: \"select 1 where datetime(at, 'unixepoch') >= :period_start\" }
  erp: { postgres: { host: h, database: d, user: u } }
";
    let scorecard = "scorecard: acme
perspectives:
  p:
    objectives:
      o:
        kpis:
          a: { nature: flow, target: 1, schedule: { every: 1d }, source: { sql: { from: erp, query: select 1 where at between :period_first_day and :period_last_day } } }
          b: { nature: flow, target: 1, schedule: { every: 1d }, source: { sql: { from: books, query: select 1 where day = date(:period_start) } } }
          c: { nature: flow, target: 1, schedule: { every: 1d }, source: { sql: { from: books, query: select 1 where at between :period_first_day and :period_last_day } } }
";
    let kpid = Kpid::new(config, scorecard);
    let checked = kpid.run(&["check"]).await;
    assert_eq!(checked.code, Some(1), "{checked:?}");
    for part in [
        "kpid.yaml:7:25: error: `datetime(…)` does not say whether it is local or UTC",
        "acme.yaml:7:149: warning: `:period_last_day` is the last day's midnight to a column of times",
        "acme.yaml:8:129: error: in SQLite `date` makes a day in UTC of `:period_start`",
    ] {
        assert!(checked.stdout.contains(part), "{part}: {}", checked.stdout);
    }
    assert!(!checked.stdout.contains("acme.yaml:9:1"), "{}", checked.stdout);
}
