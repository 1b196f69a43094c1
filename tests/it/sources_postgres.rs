//! PostgreSQL as a source, on a real server.

use kpid::{scorecard::ReadingKind, sources::sql::Address};

use crate::{
    asking::{check, database, id, open, server},
    servers::DatabaseServer,
};

/// What a URL or a connection string would trip over.
const PASSWORD: &str = "p@ss:w/rd? '\"\\%41 ü$";

#[tokio::test]
async fn a_postgres_server_is_asked_within_its_limits() {
    let postgres = DatabaseServer::postgres(PASSWORD).await;
    let connections =
        open(database(Address::Postgres(server(postgres.port, "postgres", PASSWORD))));
    connections.probe(&id()).await.unwrap();
    let mut session = postgres.postgres_session("postgres", PASSWORD, "erp").await;
    sqlx::raw_sql(
        "create table t (d date, l timestamp, i timestamptz);
         insert into t select l::date, l, l at time zone 'Europe/Amsterdam' from (values
            (timestamp '2026-04-30 23:59'), ('2026-05-01 00:00'), ('2026-05-31 23:59'),
            ('2026-06-01 00:00')) as v (l)",
    )
    .execute(&mut session)
    .await
    .unwrap();
    check(
        &connections,
        ReadingKind::Value,
        &[
            ("select true", "1"),
            ("select 7::smallint", "7"),
            ("select count(*) from t", "4"),
            ("select 9223372036854775807", "9223372036854776000"),
            ("select 1.1::real", "1.1"),
            ("select 1.1::float8", "1.1"),
            ("select 12345.6789", "12345.6789"),
            ("select -0.00012::numeric", "-0.00012"),
            ("select avg(x) from (values (1), (2)) as v (x)", "1.5"),
            ("select 1e25::numeric", "10000000000000000000000000"),
            ("select '41.5'::text", "41.5"),
            ("select '41.5'::varchar(9)", "41.5"),
            ("select '41.5'::char(9)", "41.5"),
            ("select null::numeric", "null"),
            ("select sum(1) where false", "null"),
            ("select 1 where false", "no rows"),
            ("select count(*) from t where d >= :period_start and d < :period_end", "2"),
            ("select count(*) from t where l >= :period_start and l < :period_end", "2"),
            ("select count(*) from t where i >= :period_start and i < :period_end", "2"),
            ("select count(*) from t where d between :period_first_day and :period_last_day", "2"),
            ("select count(*) from t where to_char(d, 'YYYY-MM') = :period_key", "2"),
            ("select 1 as value, 'infinity'::timestamptz as observed_at", "!TIMESTAMPTZ"),
            ("select 'NaN'::numeric", "!is NaN"),
            ("select 'NaN'::float8", "!is NaN"),
            ("select 'Infinity'::float8", "!not a finite number"),
            ("select interval '1 day'", "!INTERVAL"),
            ("select array[1]", "!INT4[]"),
            ("select absent", "!column \"absent\" does not exist (42703)"),
            ("delete from t", "!read-only transaction (25006)"),
            ("select set_config('transaction_read_only', 'off', true)", "!25001"),
            ("select pg_sleep(60)", "!statement timeout (57014)"),
            ("select 1", "1"),
        ],
    )
    .await;
    check(
        &connections,
        ReadingKind::Series,
        &[
            (
                "select date_trunc('month', i) as period, count(*) as value from t group by 1 \
                 order by 1",
                "2026-04=1 2026-05=2 2026-06=1",
            ),
            ("select d as period, 1 as value from t", "!rows 2 and 3 are both of 2026-05"),
            (
                "select '2026-05' as period, i as value from generate_series(1, 200) i",
                "!more than 100 rows",
            ),
        ],
    )
    .await;
    let running = "select count(*) from pg_stat_activity where query like '%pg_sleep(60)%' \
                   and state = 'active' and pid <> pg_backend_pid()";
    check(&connections, ReadingKind::Value, &[(running, "0")]).await;

    drop(session);
    let postgres = postgres.restart().await;
    check(&connections, ReadingKind::Value, &[("select count(*) from t", "4")]).await;
    let wrong = open(database(Address::Postgres(server(postgres.port, "postgres", "wrong"))));
    check(&wrong, ReadingKind::Value, &[("select 1", "!cannot connect: password authentication")])
        .await;
    drop(postgres);
    check(&connections, ReadingKind::Value, &[("select 1", "!cannot connect: Connection refused")])
        .await;
}
