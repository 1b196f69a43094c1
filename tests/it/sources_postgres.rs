//! PostgreSQL as a source, on a real server.

use chrono_tz::Europe::Amsterdam;
use kpid_rules::series::ReadingKind;
use kpid_sources::sql::{Address, Server, Tls};
use sqlx::Connection;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use crate::{
    asking::{check, database, give_up, hurried, id, open, query, server, words},
    servers::DatabaseServer,
    world::{kpid::Kpid, pooler::Pooler, until},
};

const PLAIN_PASSWORD: &str = "of-somebody-else";

/// What a URL or a connection string would trip over.
const PASSWORD: &str = "p@ss:w/rd? '\"\\%41 ü$";

#[tokio::test]
async fn a_postgres_server_is_asked_within_its_limits() {
    let postgres = DatabaseServer::postgres(PASSWORD).await;
    let connections =
        open(database(Address::Postgres(server(postgres.port, "postgres", PASSWORD))));
    connections.probe(&id(), Amsterdam).await.unwrap();
    let mut session = postgres.postgres_session("postgres", PASSWORD, "erp").await;
    sqlx::raw_sql(
        "create domain percentage as numeric(5, 2);
         create type mood as enum ('good', 'bad');
         create table t (d date, l timestamp, i timestamptz);
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
            ("select 0.1::numeric(30, 20)", "0.1"),
            ("select 1234567890123456.789::numeric", "1234567890123456.8"),
            ("select 'infinity'::numeric", "!not a finite number"),
            ("select 7::int2 + 2::int4 + 3::int8", "12"),
            ("select '41.5'::json", "41.5"),
            ("select '{\"a\": 41.5}'::jsonb -> 'a'", "41.5"),
            ("select '{\"a\": \"7\"}'::jsonb -> 'a'", "7"),
            ("select 'null'::jsonb", "null"),
            ("select '[1]'::jsonb", "!an array"),
            ("select 'on'::boolean", "1"),
            ("select '2026-05-31'::date", "!is the day 2026-05-31"),
            ("select timestamp '2026-05-31 18:00'", "!is the time 2026-05-31 18:00:00"),
            ("select timestamptz '2026-05-31 18:00+02'", "!is the instant 2026-05-31T16:00:00"),
            ("select time '18:00'", "!TIME"),
            ("select 1::money", "!MONEY (cast it to numeric)"),
            ("select 12.5::money::numeric", "12.5"),
            ("select 32767::smallint", "32767"),
            ("select (-2147483648)::int", "-2147483648"),
            ("select 4294967295::oid", "4294967295"),
            ("select '7'::\"char\"", "7"),
            ("select '7'::name", "7"),
            ("select 7::percentage", "7"),
            ("select 'good'::mood", "!is the text \"good\""),
            ("select b'101'", "!BIT"),
            ("select timetz '18:00+02'", "!TIMETZ"),
            ("select '10.0.0.1'::inet", "!INET"),
            ("select int4range(1, 2)", "!INT4RANGE"),
            ("select point(1, 2)", "!POINT"),
            ("select array['a']", "!TEXT[]"),
            ("select '-infinity'::numeric", "!not a finite number"),
            ("select 'NaN'::real", "!is NaN"),
            ("select '-infinity'::date", "!DATE"),
            ("select 'infinity'::timestamp", "!TIMESTAMP"),
            (
                "select 99999999999999999999999999999999999999.99999::numeric",
                "100000000000000000000000000000000000000",
            ),
            ("select '{\"a\": 1}'::json", "!an object"),
            ("select 'true'::jsonb", "1"),
            ("select 'ff'::bytea", "!BYTEA"),
            ("select gen_random_uuid()", "!UUID"),
            ("select repeat('1', 2000)", "!came with 2000 bytes in the column `repeat`"),
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
            ("with gone as (delete from t returning 1) select 1", "!read-only transaction (25006)"),
            ("select set_config('transaction_read_only', 'off', true)", "!25001"),
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
    let limited = open(hurried(Address::Postgres(server(postgres.port, "postgres", PASSWORD))));
    check(
        &limited,
        ReadingKind::Value,
        &[
            ("select 1", "1"),
            ("select pg_sleep(60)", "!statement timeout (57014)"),
            ("select 1", "1"),
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

#[tokio::test]
async fn a_bound_is_an_instant_or_is_refused() {
    let postgres = DatabaseServer::postgres(PASSWORD).await;
    let mut session = postgres.postgres_session("postgres", PASSWORD, "erp").await;
    sqlx::raw_sql(
        "create table t (i timestamptz, l timestamp, utc timestamp, d date, z text, u bigint, g text);
         insert into t select i, i at time zone 'Europe/Amsterdam', i at time zone 'UTC',
            (i at time zone 'Europe/Amsterdam')::date, to_char(i at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),
            extract(epoch from i), to_char(i at time zone 'Europe/Amsterdam', 'DD.MM.YYYY')
         from (values (timestamptz '2026-04-30 21:30Z'), ('2026-04-30 22:30Z'), ('2026-05-31 21:30Z'),
            ('2026-05-31 22:30Z')) as v (i)",
    )
    .execute(&mut session)
    .await
    .unwrap();
    let address = Address::Postgres(server(postgres.port, "postgres", PASSWORD));
    let connections = open(database(address));
    for (at, expected) in [
        ("i", "2"),
        ("l", "2"),
        ("d", "2"),
        ("utc at time zone 'UTC'", "2"),
        ("z", "!operator does not exist: text >= timestamp with time zone"),
        ("z::timestamptz", "2"),
        ("u", "!operator does not exist: bigint >= timestamp with time zone"),
        ("u::int", "!operator does not exist: integer >= timestamp with time zone"),
        ("u::numeric", "!operator does not exist: numeric >= timestamp with time zone"),
        ("u::float8", "!operator does not exist: double precision >= timestamp with time zone"),
        ("to_timestamp(u)", "2"),
        ("to_timestamp(u * 1000 / 1000.0)", "2"),
        ("g", "!operator does not exist"),
        ("to_date(g, 'DD.MM.YYYY')", "2"),
    ] {
        let query = format!(
            "select count(*) as value from t where {at} >= :period_start and {at} < :period_end"
        );
        check(&connections, ReadingKind::Value, &[(&query, expected)]).await;
    }
    for (condition, expected) in [
        (
            "u between :period_first_day and :period_last_day",
            "!operator does not exist: bigint >= date",
        ),
        ("u = :period_key", "!operator does not exist: bigint = text"),
        ("g = :period_key", "0"),
        ("u >= extract(epoch from :period_start) and u < extract(epoch from :period_end)", "2"),
    ] {
        let query = format!("select count(*) as value from t where {condition}");
        check(&connections, ReadingKind::Value, &[(&query, expected)]).await;
    }
    check(
        &connections,
        ReadingKind::Series,
        &[
            ("select z as period, 1 as value from t where g = '30.04.2026'", "2026-04=1"),
            ("select z as period, 1 as value from t where g = '01.06.2026'", "2026-06=1"),
        ],
    )
    .await;
}

#[tokio::test]
async fn types_that_the_driver_has_to_look_up_are_read_or_named() {
    let postgres = DatabaseServer::postgres(PASSWORD).await;
    let mut session = postgres.postgres_session("postgres", PASSWORD, "erp").await;
    sqlx::raw_sql(
        "create extension citext; create extension hstore;
         create schema desk; create type desk.state as enum ('open', '2026-05');
         create domain desk.amount as citext; create domain desk.states as desk.state;
         create type desk.pair as (a int, b desk.state);
         create table desk.tickets (id int, state desk.state, amount citext, more desk.amount);
         insert into desk.tickets values (1, 'open', '7', '8');
         create view desk.v as select count(*) as value, max(state) as newest from desk.tickets;",
    )
    .execute(&mut session)
    .await
    .unwrap();
    for (query, expected) in [
        ("select count(*) as value, max(state) as newest from desk.tickets", "1"),
        ("select amount from desk.tickets", "7"),
        ("select more from desk.tickets", "8"),
        ("select * from desk.v", "1"),
        ("select 1 as value, tickets from desk.tickets", "1"),
        ("select 1 as value, array_agg(state), 'a=>1'::hstore, '<a/>'::xml from desk.tickets", "1"),
        ("select 1 as value, row(1, 'open')::desk.pair", "1"),
        ("select '2026-05'::desk.states as period, 3 as value", "2026-05=3"),
        ("select state from desk.tickets", "!is the text \"open\""),
        ("select row(1, 'open')::desk.pair", "!is of the type desk.pair"),
        ("select 'a=>1'::hstore", "!is of the type hstore"),
        ("select '7'::xml", "!is of the type xml"),
    ] {
        // A session of its own, which has looked nothing up yet.
        let address = Address::Postgres(server(postgres.port, "postgres", PASSWORD));
        let connections = open(database(address));
        let twice = [(query, expected), (query, expected), ("select 1", "1")];
        check(&connections, ReadingKind::Value, &twice).await;
    }
}

#[tokio::test]
async fn a_query_that_was_given_up_ends_on_the_server() {
    let postgres = DatabaseServer::postgres(PASSWORD).await;
    let address = Address::Postgres(server(postgres.port, "postgres", PASSWORD));
    let connections = open(database(address));
    let mut session = postgres.postgres_session("postgres", PASSWORD, "erp").await;
    let mut running = async || {
        let asked = "select count(*) from pg_stat_activity where query like '%sleep(500)%' and state = 'active' \
                     and pid <> pg_backend_pid()";
        sqlx::query_scalar::<_, i64>(asked).fetch_one(&mut session).await.unwrap()
    };
    give_up(&connections, "select pg_sleep(500)", async || running().await == 1).await;
    until("the query to end", running, |count| *count == 0).await;
}

#[tokio::test]
async fn a_backend_that_is_killed_costs_one_answer_at_most() {
    let postgres = DatabaseServer::postgres(PASSWORD).await;
    let address = Address::Postgres(server(postgres.port, "postgres", PASSWORD));
    let connections = open(database(address));
    let mut session = postgres.postgres_session("postgres", PASSWORD, "erp").await;
    check(&connections, ReadingKind::Value, &[("select 1", "1")]).await;
    let mut kill = async |which: &'static str| {
        let asked = format!(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity \
             where application_name = 'kpid' and {which}"
        );
        let asked = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(asked));
        asked.fetch_one(&mut session).await.unwrap()
    };
    assert_eq!(kill("state = 'idle'").await, 1);
    check(&connections, ReadingKind::Value, &[("select 2", "2")]).await;
    let asked = query(&connections, ReadingKind::Value, "select pg_sleep(500)");
    let killed = until(
        "the query to be killed",
        async || kill("state = 'active' and query like '%sleep%'").await,
        |count| *count == 1,
    );
    let (outcome, _) = tokio::join!(asked, killed);
    assert!(words(&outcome).contains("administrator command (57P01)"), "{outcome:?}");
    check(&connections, ReadingKind::Value, &[("select 3", "3")]).await;
}

#[tokio::test]
async fn a_connection_is_encrypted_as_far_as_is_asked() {
    let (postgres, authority) = DatabaseServer::postgres(PASSWORD).await.with_tls().await;
    let encrypted = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    for (tls, authority, host, expected) in [
        (Tls::Disable, None, "127.0.0.1", "0"),
        (Tls::Prefer, None, "127.0.0.1", "1"),
        (Tls::Require, None, "127.0.0.1", "1"),
        (Tls::Verify, None, "127.0.0.1", "!cannot connect: "),
        (Tls::Verify, Some(authority.clone()), "127.0.0.1", "1"),
        (Tls::Verify, Some(authority), "localhost", "!cannot connect: "),
    ] {
        let server = server(postgres.port, "postgres", PASSWORD);
        let authority = authority.map(|path: std::path::PathBuf| std::fs::read(path).unwrap());
        let server = Server { tls, authority, host: host.into(), ..server };
        let connections = open(database(Address::Postgres(server)));
        check(&connections, ReadingKind::Value, &[(encrypted, expected)]).await;
    }
}

/// Leads to a server, but breaks off with the first who come, as one does that restarts.
async fn restarting(server: u16, broken_off: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        for _ in 0..broken_off {
            drop(listener.accept().await);
        }
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut server = TcpStream::connect(("127.0.0.1", server)).await?;
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    port
}

#[tokio::test]
async fn a_server_that_restarts_is_asked_again_within_the_round() {
    let postgres = DatabaseServer::postgres(PASSWORD).await;
    for (broken_off, expected) in [(2, "1"), (3, "!cannot connect: ")] {
        let port = restarting(postgres.port, broken_off).await;
        let connections = open(database(Address::Postgres(server(port, "postgres", PASSWORD))));
        check(&connections, ReadingKind::Value, &[("select 1", expected)]).await;
    }
}

#[tokio::test]
async fn behind_a_pooler_the_limits_hold_all_the_same() {
    let postgres = DatabaseServer::postgres(PLAIN_PASSWORD).await;
    let pooler = Pooler::start(postgres.port, PLAIN_PASSWORD).await;
    let connections = open(hurried(Address::Postgres(server(pooler.port, "kpid", "any"))));
    let statements = "select count(*) from pg_prepared_statements";
    for _ in 0..3 {
        check(
            &connections,
            ReadingKind::Value,
            &[
                ("select 0.1::float8 + 0.2::float8", "0.30000000000000004"),
                ("select extract(hour from timestamptz '2026-05-31 22:00Z')::int", "0"),
                ("select extract(epoch from current_setting('statement_timeout')::interval)", "3"),
                ("select pg_sleep(60)", "!statement timeout (57014)"),
                (
                    "with gone as (delete from pg_description returning 1) select 1",
                    "!read-only transaction (25006)",
                ),
                (statements, "0"),
            ],
        )
        .await;
    }
    connections.probe(&id(), Amsterdam).await.unwrap();
    // What is set for us stays with us: the pooler gives the same session to others.
    let mut session = postgres.postgres_session("postgres", PLAIN_PASSWORD, "erp").await;
    let asked = "select count(*) from pg_stat_activity where application_name = 'kpid'";
    let held: i64 = sqlx::query_scalar(asked).fetch_one(&mut session).await.unwrap();
    assert!(held >= 1);
    let other = sqlx::postgres::PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(pooler.port)
        .username("kpid")
        .password("any")
        .database("erp")
        .extra_float_digits(None);
    let mut other = sqlx::PgConnection::connect_with(&other).await.unwrap();
    let limit: String = sqlx::query_scalar("show statement_timeout")
        .persistent(false)
        .fetch_one(&mut other)
        .await
        .unwrap();
    assert_eq!(limit, "0");
}

#[tokio::test]
async fn no_password_is_an_empty_one_and_not_that_of_the_environment() {
    let postgres = DatabaseServer::postgres(PLAIN_PASSWORD).await;
    let config = format!(
        "store: kpid.db
calendar: {{ timezone: UTC }}
connections:
  erp: {{ postgres: {{ host: 127.0.0.1, port: {}, database: erp, user: postgres }} }}
",
        postgres.port
    );
    let scorecard = "scorecard: acme
perspectives:
  p:
    objectives:
      o:
        kpis:
          k: { nature: level, target: 1, schedule: { every: 1d }, source: { sql: { from: erp, query: select 1 } } }
";
    let kpid = Kpid::new(&config, scorecard);
    let mut daemon = kpid.start_with(&[("PGPASSWORD", PLAIN_PASSWORD)]);
    daemon.until_log("cannot connect: password authentication failed").await;
}

#[tokio::test]
async fn what_a_user_could_do_beyond_reading_is_told() {
    let postgres = DatabaseServer::postgres(PASSWORD).await;
    let mut session = postgres.postgres_session("postgres", PASSWORD, "erp").await;
    sqlx::raw_sql(
        "create table figures (n int);
         create role reads login password 'plain'; grant select on figures to reads;
         create role writes login password 'plain'; grant insert on figures to writes;
         create role runs login password 'plain'; grant pg_execute_server_program to runs;",
    )
    .execute(&mut session)
    .await
    .unwrap();
    for (user, password, part) in [
        ("postgres", PASSWORD, Some("is a superuser")),
        ("reads", "plain", None),
        ("writes", "plain", Some("may write to tables")),
        ("runs", "plain", Some("programs of the server")),
    ] {
        let connections = open(database(Address::Postgres(server(postgres.port, user, password))));
        let power = connections.power(&id()).await.unwrap();
        assert_eq!(power.is_some(), part.is_some(), "{user}: {power:?}");
        assert!(power.unwrap_or_default().contains(part.unwrap_or_default()), "{user}");
    }
    session.close().await.unwrap();
}
