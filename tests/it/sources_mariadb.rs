//! MariaDB as a source, on a real server.

use chrono_tz::Europe::Amsterdam;
use kpid_rules::series::ReadingKind;
use kpid_sources::{
    Request,
    sql::{Address, Query, Server, SqlDialect, Tls},
};

use crate::{
    asking::{ask, check, database, give_up, hurried, id, open, query, server, words},
    servers::DatabaseServer,
    world::{kpid::Kpid, mariadb, until},
};

/// What a URL or a connection string would trip over.
const PASSWORD: &str = "p@ss:w/rd? \"%41 ü$";

#[tokio::test]
async fn a_mariadb_server_is_asked_within_its_limits() {
    let mariadb = DatabaseServer::mariadb().await;
    let mut session = mariadb.mariadb_session("erp").await;
    let setup = format!(
        "create user kpid@localhost identified by '{PASSWORD}'; grant all on erp.* to kpid@localhost;
         set time_zone = '+02:00';
         create table t (d date, l datetime, i timestamp);
         create function wipe() returns int modifies sql data begin delete from t; return 1; end;
         insert into t values ('2026-04-30', '2026-04-30 23:59:00', '2026-04-30 23:59:00'),
            ('2026-05-01', '2026-05-01 00:00:00', '2026-05-01 00:00:00'),
            ('2026-05-31', '2026-05-31 23:59:00', '2026-05-31 23:59:00'),
            ('2026-06-01', '2026-06-01 00:00:00', '2026-06-01 00:00:00');
         create table n (b bool, t tinyint, u bigint unsigned, f float, c decimal(30,5), y year,
            s bit(4), e enum('1', '2'), j json);
         create table o (a smallint, b smallint unsigned, c mediumint, d mediumint unsigned, e int,
            f int unsigned, g bigint, h tinyint unsigned, i double, k decimal(65,30), l bit(64),
            m set('1', '2'), n longtext, o tinytext, p varbinary(9), q blob, r year, s time,
            t float unsigned, u decimal(5,2) unsigned, v char(3), w timestamp null, x geometry);
         insert into o values (-32768, 65535, -8388608, 16777215, -2147483648, 4294967295,
            -9223372036854775808, 255, 1e300, 12345678901234567890.123456789, b'1', '1,2', '41.5',
            '7', '8', x'ff', 1999, '10:00', 1.5, 123.45, '9', null, point(1, 2));
         insert into n values (true, -5, 18446744073709551615, 1.1, 12345.67891, 2026, b'101', '2',
            '1');"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(setup)).execute(&mut session).await.unwrap();
    let connections = open(database(Address::MySql(server(mariadb.port, "kpid", PASSWORD))));
    connections.probe(&id(), Amsterdam).await.unwrap();
    check(
        &connections,
        ReadingKind::Value,
        &[
            ("select b from n", "1"),
            ("select t from n", "-5"),
            ("select u from n", "18446744073709552000"),
            ("select f from n", "1.1"),
            ("select c from n", "12345.67891"),
            ("select sum(t) from n", "-5"),
            ("select y from n", "2026"),
            ("select s from n", "5"),
            ("select e from n", "2"),
            ("select a from o", "-32768"),
            ("select b from o", "65535"),
            ("select c from o", "-8388608"),
            ("select d from o", "16777215"),
            ("select e from o", "-2147483648"),
            ("select f from o", "4294967295"),
            ("select g from o", "-9223372036854776000"),
            ("select h from o", "255"),
            ("select i / 1e300 from o", "1"),
            ("select k from o", "12345678901234567000"),
            ("select l from o", "1"),
            ("select m from o", "!the text \"1,2\""),
            ("select n from o", "41.5"),
            ("select o from o", "7"),
            ("select p from o", "8"),
            ("select q from o", "!BLOB"),
            ("select r from o", "1999"),
            ("select s from o", "!TIME"),
            ("select t from o", "1.5"),
            ("select u from o", "123.45"),
            ("select v from o", "9"),
            ("select w from o", "null"),
            ("select x from o", "!GEOMETRY"),
            ("select json_array(1) as value", "!the text"),
            ("select true", "1"),
            ("select now()", "!is the time"),
            ("select 1e3", "1000"),
            ("select cast(1 as signed), 2 as value", "2"),
            ("select 0.1 + 0.2", "0.3"),
            (
                "select cast(12345678901234567890.123456789 as decimal(40, 9))",
                "12345678901234567000",
            ),
            ("select json_extract(j, '$') from n", "1"),
            ("select cast('2026-05-31' as date)", "!is the day 2026-05-31"),
            ("select cast('2026-05-31 18:00' as datetime)", "!is the time 2026-05-31 18:00:00"),
            ("select x'ff'", "!BINARY"),
            ("select repeat('1', 2000) as value", "!came with 2000 bytes in the column `value`"),
            ("select '41.5'", "41.5"),
            ("select null", "null"),
            ("select sum(t) from n where false", "null"),
            ("select 1 from n where false", "no rows"),
            ("select count(*) from t where d >= :period_start and d < :period_end", "2"),
            ("select count(*) from t where l >= :period_start and l < :period_end", "2"),
            ("select count(*) from t where i >= :period_start and i < :period_end", "2"),
            ("select count(*) from t where d between :period_first_day and :period_last_day", "2"),
            ("select count(*) from t where date_format(d, '%Y-%m') = :period_key", "2"),
            ("select absent", "!Unknown column 'absent'"),
            ("select time('10:00')", "!TIME"),
            ("select wipe()", "!READ ONLY transaction"),
            ("select 1", "1"),
        ],
    )
    .await;
    check(
        &connections,
        ReadingKind::Series,
        &[(
            "select date_format(d, '%Y-%m') as period, count(*) as value from t group by 1",
            "2026-04=1 2026-05=2 2026-06=1",
        )],
    )
    .await;
    let limited = open(hurried(Address::MySql(server(mariadb.port, "kpid", PASSWORD))));
    check(
        &limited,
        ReadingKind::Value,
        &[("select sleep(60) from t", "!max_statement_time"), ("select 1", "1")],
    )
    .await;

    drop(session);
    let mariadb = mariadb.restart().await;
    check(&connections, ReadingKind::Value, &[("select count(*) from t", "4")]).await;
    let wrong = open(database(Address::MySql(server(mariadb.port, "kpid", "wrong"))));
    check(&wrong, ReadingKind::Value, &[("select 1", "!cannot connect: Access denied")]).await;
    drop(mariadb);
    check(&connections, ReadingKind::Value, &[("select 1", "!cannot connect: Connection refused")])
        .await;
}

#[tokio::test]
async fn a_server_that_does_not_know_the_zone_is_not_asked_by_an_offset() {
    let mariadb = DatabaseServer::mariadb_without_zones().await;
    let connections = open(database(Address::MySql(server(mariadb.port, "root", ""))));
    let unknown = "the server does not know the time zone Europe/Amsterdam";
    check(&connections, ReadingKind::Value, &[("select 1", &format!("!{unknown}"))]).await;
    let probed = connections.probe(&id(), Amsterdam).await.unwrap_err();
    assert!(probed.contains(unknown) && probed.contains("mariadb-tzinfo-to-sql"), "{probed}");
    connections.probe(&id(), chrono_tz::UTC).await.unwrap();
    connections.probe(&id(), chrono_tz::Asia::Tokyo).await.unwrap();
}

#[tokio::test]
async fn what_the_server_misreads_is_an_error() {
    let mariadb = DatabaseServer::mariadb().await;
    let mut session = mariadb.mariadb_session("erp").await;
    let setup =
        "create table t (z varchar(30), s varchar(30), d varchar(30), u int, m bigint, y int,
            amount varchar(9), g varchar(10), utc datetime, f double, n decimal(20));
        insert into t values
            ('2026-04-30T22:30:00Z', '2026-05-01 00:30:00', '2026-05-01', 1777588200, 1777588200000,
             20260501, '1,5', '01.05.2026', '2026-04-30 22:30:00', 1777588200, 1777588200000),
            ('2026-06-01T00:30:00Z', '2026-06-01 02:30:00', '2026-06-01', 1780273800, 1780273800000,
             20260601, '2', '01.06.2026', '2026-06-01 00:30:00', 1780273800, 1780273800000);";
    sqlx::raw_sql(setup).execute(&mut session).await.unwrap();
    let connections = open(database(Address::MySql(server(mariadb.port, "root", ""))));
    let within = |at: &str| {
        format!(
            "select count(*) as value from t where {at} >= :period_start and {at} < :period_end"
        )
    };
    let misread = "!the server could not read a value as the query needs it";
    for (query, expected) in [
        (within("s"), "1"),
        (within("d"), "1"),
        (within("y"), "1"),
        (within("z"), misread),
        (within("u"), misread),
        (within("f"), misread),
        (within("n"), misread),
        (within("amount"), misread),
        (within("str_to_date(g, '%d.%m.%Y')"), "1"),
        (within("convert_tz(utc, '+00:00', @@session.time_zone)"), "1"),
        (within("from_unixtime(u)"), "1"),
        (within("from_unixtime(m / 1000)"), "1"),
        ("select sum(amount) from t".to_owned(), misread),
        (
            "select count(*) from t where d between :period_first_day and :period_last_day"
                .to_owned(),
            "1",
        ),
        ("select 1 / 0".to_owned(), "null"),
        ("select 1".to_owned(), "1"),
    ] {
        check(&connections, ReadingKind::Value, &[(&query, expected)]).await;
    }
}

#[tokio::test]
async fn a_period_that_is_compared_with_a_column_of_numbers_is_refused() {
    let mariadb = DatabaseServer::mariadb().await;
    let mut session = mariadb.mariadb_session("erp").await;
    let setup = "create table t (id int primary key, seconds bigint, millis bigint unsigned,
            indexed bigint, day bigint, y year, at datetime, key (indexed), key (at));
        insert into t values
            (1, 1777588200, 1777588200000, 1777588200, 20260501, 2026, '2026-05-01 00:30:00'),
            (2, 1780273800, 1780273800000, 1780273800, 20260601, 2026, '2026-06-01 02:30:00');
        create view v as select millis as at, at as time, y from t;
        create user viewer@localhost; grant select on erp.v to viewer@localhost;";
    sqlx::raw_sql(setup).execute(&mut session).await.unwrap();
    let connections = open(database(Address::MySql(server(mariadb.port, "root", ""))));
    let within = |at: &str, table: &str| {
        format!(
            "select count(*) as value from {table} where {at} >= :period_start and {at} < :period_end"
        )
    };
    let numbers = "!compares the period with a column of numbers";
    for (query, expected) in [
        (within("seconds", "t"), numbers),
        (within("millis", "t"), numbers),
        (within("indexed", "t"), numbers),
        (within("day", "t"), numbers),
        (within("y", "t"), numbers),
        (within("at", "v"), numbers),
        (within("a.millis", "t a join t b on a.id = b.id"), numbers),
        (within("at", "(select millis as at from t limit 9) as t"), numbers),
        ("select count(*) from t where id = 1 and millis >= :period_start".into(), numbers),
        ("select count(*) from t where y = :period_start".into(), numbers),
        (
            "select count(*) from t where day between :period_first_day and :period_last_day".into(),
            numbers,
        ),
        (
            "select sum(case when seconds >= :period_start and :period_end > seconds then 1 end) from t"
                .into(),
            numbers,
        ),
        (
            "select count(*) from t where seconds >= cast(:period_start as datetime) and \
             seconds < cast(:period_end as datetime)"
                .into(),
            numbers,
        ),
        (
            "select count(*) from t where millis >= :period_start - interval 1 year and \
             millis < :period_end - interval 1 year"
                .into(),
            numbers,
        ),
        ("select count(*) from t where seconds < date_add(:period_end, interval 1 day)".into(), numbers),
        ("select count(*) from v where at >= convert(:period_first_day, date)".into(), numbers),
        (
            "select count(*) from t where at >= cast(:period_start as datetime) and \
             at < :period_start + interval 1 month"
                .into(),
            "1",
        ),
        (
            "select count(*) from t where seconds >= unix_timestamp(:period_start - interval 1 hour)"
                .into(),
            "2",
        ),
        (within("at", "t"), "1"),
        (within("time", "v"), "1"),
        (within("cast(day as date)", "t"), "1"),
        (
            "select count(*) from t where seconds >= unix_timestamp(:period_start) and \
             millis < unix_timestamp(:period_end) * 1000"
                .into(),
            "1",
        ),
        ("select count(*) from t where y = year(:period_start)".into(), "2"),
        (
            "select count(*) from t where day between date_format(:period_first_day, '%Y%m%d') and \
             date_format(:period_last_day, '%Y%m%d')"
                .into(),
            "1",
        ),
        ("select absent from t where at >= :period_start".into(), "!Unknown column 'absent'"),
    ] {
        check(&connections, ReadingKind::Value, &[(&query, expected)]).await;
    }
    let viewer = open(database(Address::MySql(server(mariadb.port, "viewer", ""))));
    let cases = [(within("at", "v"), numbers), (within("time", "v"), "1")];
    for (query, expected) in cases {
        check(&viewer, ReadingKind::Value, &[(&query, expected)]).await;
    }
}

#[tokio::test]
async fn a_probe_names_the_kpis_that_compare_their_period_with_numbers() {
    let mariadb = mariadb::Database::create().await;
    mariadb.execute("create table t (millis bigint, at datetime)").await;
    let config = format!(
        "store: kpid.db\ncalendar: {{ timezone: Europe/Amsterdam }}\nconnections:\n  shop: {}\n",
        mariadb.yaml()
    );
    let kpi = |id: &str, column: &str| {
        format!(
            "          {id}: {{ nature: flow, period: month, target: 1, schedule: {{ every: 1d }}, \
             source: {{ sql: {{ from: shop, query: 'select count(*) from t where {column} >= :period_start' }} }} }}\n"
        )
    };
    let scorecard = format!(
        "scorecard: acme\nperspectives:\n  p:\n    objectives:\n      o:\n        kpis:\n{}{}",
        kpi("late", "at"),
        kpi("lost", "millis")
    );
    let kpid = Kpid::new(&config, &scorecard);
    let probed = kpid.run(&["check", "--probe"]).await;
    assert_eq!(probed.code, Some(1), "{probed:?}");
    assert!(probed.stdout.contains("connection shop: reached\n"), "{probed:?}");
    let wrong = "KPI acme/lost: `shop`: `select count(*) from t where millis >= :period_start`: \
                 compares the period with a column of numbers";
    assert!(probed.stdout.contains(wrong), "{probed:?}");
    assert!(!probed.stdout.contains("acme/late"), "{probed:?}");
    assert!(probed.stdout.contains("not good: 1 KPI cannot be asked"), "{probed:?}");
    let pulled = kpid.run(&["pull", "--dry-run"]).await;
    assert!(pulled.stdout.contains("acme/late: 0"), "{pulled:?}");
    assert!(pulled.stdout.contains("a column of numbers"), "{pulled:?}");
}

#[tokio::test]
async fn a_query_is_read_as_the_server_reads_it() {
    let mariadb = DatabaseServer::mariadb().await;
    let connections = open(database(Address::MySql(server(mariadb.port, "root", ""))));
    for (text, expected) in [
        ("select 1 # it's :no parameter", "1"),
        (
            r"select if('it\'s :no' = concat('it', char(39), 's :no'), :period_key = '2026-05', 0)",
            "1",
        ),
        ("select 5--3", "8"),
    ] {
        let request = Request::Sql(Box::new(Query::parse_as(text, SqlDialect::MySql).unwrap()));
        assert_eq!(words(&ask(&connections, ReadingKind::Value, request).await), expected);
    }
}

#[tokio::test]
async fn a_query_that_was_given_up_ends_with_the_next_one() {
    let mariadb = DatabaseServer::mariadb().await;
    let connections = open(database(Address::MySql(server(mariadb.port, "root", ""))));
    let mut session = mariadb.mariadb_session("mysql").await;
    let mut running = async || {
        let asked = "select count(*) from information_schema.processlist \
                     where info like '%sleep(500)%' and id <> connection_id()";
        sqlx::query_scalar::<_, i64>(asked).fetch_one(&mut session).await.unwrap()
    };
    give_up(&connections, "select sleep(500)", async || running().await == 1).await;
    check(&connections, ReadingKind::Value, &[("select 1", "1")]).await;
    until("the query to end", running, |count| *count == 0).await;
}

#[tokio::test]
async fn a_session_that_is_killed_costs_one_answer_at_most() {
    let mariadb = DatabaseServer::mariadb().await;
    let connections = open(database(Address::MySql(server(mariadb.port, "root", ""))));
    let mut session = mariadb.mariadb_session("mysql").await;
    check(&connections, ReadingKind::Value, &[("select 1", "1")]).await;
    let mut kill = async |which: &'static str| {
        let asked =
            format!("select id from information_schema.processlist where db = 'erp' and {which}");
        let asked = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(asked));
        let ids = asked.fetch_all(&mut session).await.unwrap();
        for id in &ids {
            let kill = sqlx::AssertSqlSafe(format!("kill {id}"));
            sqlx::raw_sql(kill).execute(&mut session).await.unwrap();
        }
        ids.len()
    };
    assert_eq!(kill("command = 'Sleep'").await, 1);
    check(&connections, ReadingKind::Value, &[("select 2", "2")]).await;
    let asked = query(&connections, ReadingKind::Value, "select sleep(500)");
    let killed = until(
        "the query to be killed",
        async || kill("info like '%sleep(500)%'").await,
        |count| *count == 1,
    );
    let (outcome, _) = tokio::join!(asked, killed);
    assert!(words(&outcome).starts_with("`erp`: `select sleep(500)`: "), "{outcome:?}");
    check(&connections, ReadingKind::Value, &[("select 3", "3")]).await;
}

#[tokio::test]
async fn a_connection_is_encrypted_as_far_as_is_asked() {
    let (mariadb, authority) = DatabaseServer::mariadb().await.with_tls().await;
    let encrypted = "select variable_value <> '' from information_schema.session_status \
                     where variable_name = 'Ssl_version'";
    for (tls, authority, host, expected) in [
        (Tls::Disable, None, "127.0.0.1", "0"),
        (Tls::Prefer, None, "127.0.0.1", "1"),
        (Tls::Require, None, "127.0.0.1", "1"),
        (Tls::Verify, None, "127.0.0.1", "!cannot connect: "),
        (Tls::Verify, Some(authority.clone()), "127.0.0.1", "1"),
        (Tls::Verify, Some(authority), "localhost", "!cannot connect: "),
    ] {
        let server = server(mariadb.port, "root", "");
        let authority = authority.map(|path: std::path::PathBuf| std::fs::read(path).unwrap());
        let server = Server { tls, authority, host: host.into(), ..server };
        let connections = open(database(Address::MySql(server)));
        check(&connections, ReadingKind::Value, &[(encrypted, expected)]).await;
    }
}

#[tokio::test]
async fn a_probe_tells_of_a_user_who_could_write() {
    let mariadb = mariadb::Database::create().await;
    let scorecard = "scorecard: acme\nperspectives: { p: { objectives: { o: { kpis: { k: { nature: level, target: 1, tolerance: 1, schedule: { every: 1d }, source: { sql: { from: shop, query: 'select 1' } } } } } } } }\n";
    let config = format!(
        "store: kpid.db\ncalendar: {{ timezone: Europe/Amsterdam }}\nconnections: {{ shop: {} }}\n",
        mariadb.yaml()
    );
    let kpid = Kpid::new(&config, scorecard);
    let reads = kpid.says(&["check", "--probe"]).await;
    assert!(reads.contains("connection shop: reached\n"), "{reads}");
    mariadb.let_its_user("insert, delete").await;
    let writes = kpid.says(&["check", "--probe"]).await;
    assert!(
        writes.contains("shop: reached; its user has the privileges DELETE, INSERT; give kpid"),
        "{writes}"
    );
    let doctor = kpid.run(&["doctor", "--probe"]).await.stdout;
    assert!(doctor.contains("note   connection shop: reached; its user has"), "{doctor}");
}
