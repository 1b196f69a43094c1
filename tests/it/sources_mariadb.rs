//! MariaDB as a source, on a real server.

use kpid::{scorecard::ReadingKind, sources::sql::Address};

use crate::{
    asking::{check, database, id, open, server},
    servers::DatabaseServer,
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
         insert into t values ('2026-04-30', '2026-04-30 23:59:00', '2026-04-30 23:59:00'),
            ('2026-05-01', '2026-05-01 00:00:00', '2026-05-01 00:00:00'),
            ('2026-05-31', '2026-05-31 23:59:00', '2026-05-31 23:59:00'),
            ('2026-06-01', '2026-06-01 00:00:00', '2026-06-01 00:00:00');
         create table n (b bool, t tinyint, u bigint unsigned, f float, c decimal(30,5), y year,
            s bit(4), e enum('1', '2'), j json);
         insert into n values (true, -5, 18446744073709551615, 1.1, 12345.67891, 2026, b'101', '2',
            '1');"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(setup)).execute(&mut session).await.unwrap();
    let connections = open(database(Address::MySql(server(mariadb.port, "kpid", PASSWORD))));
    connections.probe(&id()).await.unwrap();
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
            ("select 1e3", "1000"),
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
            ("delete from t", "!READ ONLY transaction"),
            ("select sleep(60) from t", "!max_statement_time"),
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

    drop(session);
    let mariadb = mariadb.restart().await;
    check(&connections, ReadingKind::Value, &[("select count(*) from t", "4")]).await;
    let wrong = open(database(Address::MySql(server(mariadb.port, "kpid", "wrong"))));
    check(&wrong, ReadingKind::Value, &[("select 1", "!cannot connect: Access denied")]).await;
    drop(mariadb);
    check(&connections, ReadingKind::Value, &[("select 1", "!cannot connect: Connection refused")])
        .await;
}
