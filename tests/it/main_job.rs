//! The main job with the built binary: real databases, a real mail server, real receivers.

use std::{collections::BTreeSet, sync::Arc};

use mail_parser::{Message, MessageParser};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::world::{
    kpid::{Daemon, Kpid},
    mariadb,
    origin::{Answer, Origin},
    postgres,
    smtp::{Conduct, Mail},
    town::Town,
    webhook,
};

const SECRET: &str = "a secret of nobody";

const INES: &str = "ines@acme.example";

/// Nobody is told of anything here unless a test says so.
const TOM: &str = "tom@acme.example";

/// On track: the target is 95 and the tolerance 3.
const GOOD: f64 = 98.0;

/// Off track.
const BAD: f64 = 88.0;

impl Town {
    /// A kpid with one perspective for each source, which tells Ines and a webhook: of every one,
    /// also when that is more than three mails a day.
    fn kpid(&self, connections: &str, sources: &[(&str, String)]) -> Kpid {
        self.kpid_of(connections, "ines, ops", sources)
    }

    /// The same, which tells others.
    fn kpid_telling(&self, to: &str, sources: &[(&str, String)]) -> Kpid {
        self.kpid_of("", to, sources)
    }

    fn kpid_of(&self, connections: &str, to: &str, sources: &[(&str, String)]) -> Kpid {
        let config = format!(
            "store: kpid.db
calendar: {{ timezone: Europe/Amsterdam }}
connections:
  api: {api}
{connections}
channels:
  mail: {{ email: {{ smtp: {smtp}, from: \"Scorecard <kpid@acme.example>\" }} }}
  ops: {{ webhook: {{ url: \"{hook}\", secret: \"{SECRET}\" }} }}
people:
  ines: {{ name: Ines Marlow, email: {INES} }}
  tom: {{ name: Tom Gone, email: {TOM} }}
",
            api = self.origin.yaml(),
            smtp = self.smtp.yaml(),
            hook = self.webhook.url(),
        );
        let perspectives: String =
            sources.iter().map(|(id, source)| perspective(id, to, source)).collect();
        Kpid::new(&config, &format!("scorecard: acme\nname: Acme\nperspectives:\n{perspectives}"))
    }

    fn told(&self) -> (usize, usize) {
        (self.smtp.mails().len(), self.webhook.calls().len())
    }
}

fn perspective(id: &str, to: &str, source: &str) -> String {
    format!(
        "  {id}:
    name: The {id} side
    owner: ines
    alert: {{ to: [{to}] }}
    objectives:
      {id}-goal:
        kpis:
          {id}-kpi:
            name: Promises kept by {id}
            nature: level
            unit: points
            direction: higher
            period: month
            schedule: {{ every: 1s }}
            target: 95
            tolerance: 3
            owner: ines
            source: {source}
"
    )
}

fn api(path: &str) -> String {
    format!("{{ http: {{ from: api, get: {path}, value: $.value }} }}")
}

fn sql(connection: &str) -> String {
    format!("{{ sql: {{ from: {connection}, query: select value from figures }} }}")
}

fn perspectives(standing: &Value) -> &[Value] {
    standing["scorecards"][0]["perspectives"].as_array().map_or(&[], Vec::as_slice)
}

fn are_all(standing: &Value, status: &str) -> bool {
    let perspectives = perspectives(standing);
    !perspectives.is_empty() && perspectives.iter().all(|seen| seen["status"] == status)
}

fn kpi<'v>(standing: &'v Value, id: &str) -> &'v Value {
    let found = perspectives(standing).iter().find(|perspective| perspective["id"] == id);
    &found.unwrap()["objectives"][0]["kpis"][0]
}

/// Waits until a path has been asked for so many times more: rounds have gone by.
async fn rounds(daemon: &mut Daemon, origin: &Origin, path: &str, count: usize) {
    let wanted = origin.asked(path) + count;
    daemon.until("more rounds", async || origin.asked(path), |asked| *asked >= wanted).await;
}

async fn until_all(daemon: &mut Daemon, kpid: &Kpid, status: &str) {
    let what = format!("every perspective {status}");
    daemon.until(&what, async || kpid.show().await, |seen| are_all(seen, status)).await;
}

fn parsed(mail: &Mail) -> Message<'_> {
    MessageParser::default().parse(&mail.bytes).unwrap()
}

/// Every perspective has told once by mail and once by webhook that it is so.
fn assert_told_once(town: &Town, from: usize, event: &str, sides: &[&str]) {
    let (mails, calls) = (town.smtp.mails(), town.webhook.calls());
    let (mails, calls) = (&mails[from..], &calls[from..]);
    for side in sides {
        let name = format!("The {side} side");
        let guilty = format!("Promises kept by {side}");
        let of_side: Vec<_> =
            calls.iter().filter(|call| call.json()["node"]["id"].as_str() == Some(*side)).collect();
        assert_eq!(of_side.len(), 1, "webhooks of {side}");
        let (call, body) = (of_side[0], of_side[0].json());
        assert!(call.is_signed_with(SECRET), "{call:?}");
        assert_eq!(body["event"], event);
        assert_eq!(body["node"]["name"], name.as_str());
        assert_eq!(body["kpis"][0]["name"], guilty.as_str());
        assert!(body["score"]["to"].is_number(), "{body}");
        let mails: Vec<_> = mails
            .iter()
            .map(|mail| (mail, parsed(mail)))
            .filter(|(_, message)| message.subject().unwrap().contains(&name))
            .collect();
        assert_eq!(mails.len(), 1, "mails of {side}");
        let (mail, message) = &mails[0];
        assert_eq!(mail.to, [INES]);
        let text = message.body_text(0).unwrap();
        assert!(text.contains(&guilty), "{text}");
        assert!(message.body_html(0).unwrap().contains(&guilty));
    }
}

#[tokio::test]
async fn four_kinds_of_source_cross_and_recover_and_are_told_of_once() {
    let town = Town::open().await;
    let (postgres, mariadb) =
        tokio::join!(postgres::Database::create(), mariadb::Database::create());
    let books = tempfile::tempdir().unwrap();
    let books = books.path().join("books.db");
    let set = async |value: f64| {
        let sql = format!(
            "drop table if exists figures; create table figures (value double precision); \
             insert into figures values ({value});"
        );
        postgres.execute(&sql).await;
        mariadb.execute(&sql).await;
        sqlite(&books, &sql).await;
        town.origin.figure("figure", value);
    };
    set(GOOD).await;
    let connections = format!(
        "  erp: {}\n  shop: {}\n  books: {{ sqlite: {{ path: {} }} }}",
        postgres.yaml(),
        mariadb.yaml(),
        books.display()
    );
    let sides = ["postgres", "mariadb", "sqlite", "http"];
    let sources = [sql("erp"), sql("shop"), sql("books"), api("figure")];
    let kpid = town.kpid(&connections, &sides.into_iter().zip(sources).collect::<Vec<_>>());
    let mut daemon = kpid.start();
    until_all(&mut daemon, &kpid, "on_track").await;
    assert_eq!(town.told(), (0, 0));

    set(BAD).await;
    daemon.until("the alerts", async || town.told(), |told| *told >= (4, 4)).await;
    rounds(&mut daemon, &town.origin, "figure", 3).await;
    assert_eq!(town.told(), (4, 4));
    assert_told_once(&town, 0, "opened", &sides);

    set(GOOD).await;
    daemon.until("the recoveries", async || town.told(), |told| *told >= (8, 8)).await;
    rounds(&mut daemon, &town.origin, "figure", 3).await;
    assert_eq!(town.told(), (8, 8));
    assert_told_once(&town, 4, "recovered", &sides);
    assert_eq!(daemon.stop().await.code(), Some(0));
}

async fn sqlite(path: &std::path::Path, sql: &str) {
    use sqlx::{AssertSqlSafe, ConnectOptions, sqlite::SqliteConnectOptions};
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn mail_refused_for_a_while_and_a_kill_lose_and_double_nothing() {
    let town = Town::open().await;
    town.origin.figure("figure", GOOD);
    town.smtp.conduct(INES, Conduct::Defer);
    let kpid = town.kpid("", &[("http", api("figure"))]);
    let mut daemon = kpid.start();
    until_all(&mut daemon, &kpid, "on_track").await;
    town.webhook.answer(&[webhook::Answer::Status(500)]);
    town.origin.figure("figure", BAD);
    daemon.until("a refused mail", async || town.smtp.attempts(), |count| *count >= 1).await;
    daemon.until("a refused webhook", async || town.told().1, |count| *count >= 1).await;
    daemon.kill().await;

    let mut daemon = kpid.start();
    daemon.until("another refused mail", async || town.smtp.attempts(), |count| *count >= 2).await;
    daemon.kill().await;
    town.smtp.conduct(INES, Conduct::Take);

    let mut daemon = kpid.start();
    daemon.until("both messages", async || town.told(), |told| *told >= (1, 2)).await;
    rounds(&mut daemon, &town.origin, "figure", 3).await;
    // A call may come again if the kill fell between its answer and the note of it: its id says so.
    let ids = || {
        let calls = town.webhook.calls();
        let ids: BTreeSet<String> =
            calls.iter().map(|call| call.header("webhook-id").to_owned()).collect();
        ids.len()
    };
    assert_eq!((town.told().0, ids()), (1, 1));
    assert!(town.webhook.calls()[1].is_signed_with(SECRET));
    town.origin.figure("figure", GOOD);
    daemon.until("the recovery", async || (town.told().0, ids()), |told| *told >= (2, 2)).await;
    rounds(&mut daemon, &town.origin, "figure", 3).await;
    assert_eq!((town.told().0, ids()), (2, 2));
    assert_eq!(daemon.stop().await.code(), Some(0));
}

#[tokio::test]
async fn a_recipient_that_is_gone_or_slow_keeps_nobody_waiting() {
    let town = Town::open().await;
    town.origin.figure("figure", GOOD);
    town.smtp.conduct(TOM, Conduct::Reject);
    let kpid = town.kpid_telling("ines, tom, ops", &[("http", api("figure"))]);
    let mut daemon = kpid.start();
    until_all(&mut daemon, &kpid, "on_track").await;
    town.webhook.answer(&[webhook::Answer::Patience(1)]);
    town.origin.figure("figure", BAD);
    daemon.until("a mail and both calls", async || town.told(), |told| *told >= (1, 2)).await;
    rounds(&mut daemon, &town.origin, "figure", 3).await;
    // Tom was asked for once, and is not again.
    assert_eq!((town.told(), town.smtp.attempts()), ((1, 2), 2));

    town.smtp.conduct(INES, Conduct::Drop);
    town.webhook.answer(&[webhook::Answer::Redirect]);
    town.origin.figure("figure", GOOD);
    daemon.until("a dropped mail", async || town.smtp.attempts(), |count| *count >= 4).await;
    town.smtp.conduct(INES, Conduct::Take);
    daemon.until("the recovery", async || town.told(), |told| *told >= (2, 3)).await;
    assert_eq!(town.told(), (2, 3));
}

#[tokio::test]
async fn a_database_that_goes_away_and_comes_back_is_no_news() {
    let town = Town::open().await;
    let erp = postgres::Database::alone().await;
    erp.execute("create table figures (value float8); insert into figures values (98)").await;
    let kpid = town.kpid(&format!("  erp: {}", erp.yaml()), &[("postgres", sql("erp"))]);
    let mut daemon = kpid.start();
    until_all(&mut daemon, &kpid, "on_track").await;
    erp.stop_server();
    let error = |seen: &Value| kpi(seen, "postgres")["error"].is_string();
    let seen = daemon.until("an error", async || kpid.show().await, error).await;
    assert_eq!(kpi(&seen, "postgres")["value"], GOOD);
    erp.start_server();
    daemon.until("no error", async || kpid.show().await, |seen| !error(seen)).await;
    assert_eq!(town.told(), (0, 0));
    assert_eq!(daemon.stop().await.code(), Some(0));
}

#[tokio::test]
async fn what_a_database_says_beside_its_answers_does_not_fill_the_log() {
    let town = Town::open().await;
    let erp = postgres::Database::create().await;
    erp.execute(
        "create function figure() returns float8 language plpgsql as $$ begin
             for line in 1..100 loop raise warning 'said beside'; end loop;
             return 98;
         end $$;
         create view figures as select figure() as value",
    )
    .await;
    let kpid = town.kpid(&format!("  erp: {}", erp.yaml()), &[("postgres", sql("erp"))]);
    let mut daemon = kpid.start();
    until_all(&mut daemon, &kpid, "on_track").await;
    let log = daemon.log();
    assert!(log.contains("round of") && !log.contains("said beside"), "{log}");
    assert_eq!(daemon.stop().await.code(), Some(0));
}

#[tokio::test]
async fn a_source_that_misbehaves_makes_no_alert_no_zero_and_no_heap() {
    let town = Town::open().await;
    let null = Answer::Json(r#"{"value":null}"#.into());
    let charset = Answer::Charset(r#"{"value":1}"#.into());
    let away = "redirects to http://elsewhere.example, which is not followed";
    let misbehaviours = [
        ("status", Answer::Status(500), "answered 500 Internal Server Error"),
        ("busy", Answer::Busy, "answered 429 Too Many Requests"),
        ("page", Answer::Page, "came with text/html that is not JSON"),
        ("nothing", null, "the source gave null"),
        ("empty", Answer::Json(String::new()), "came with an empty body (application/json)"),
        ("without", Answer::Json(r#"{"other":1}"#.into()), "has nothing at `$.value`"),
        ("charset", charset, "came in the charset `klingon`, which nobody knows"),
        ("cut", Answer::Cut, "broke off"),
        ("hang", Answer::Hang, "gave no answer within 2s"),
        ("trickle", Answer::Trickle, "gave no answer within 2s"),
        ("flood", Answer::Flood, "came with more than 1048576 bytes"),
        ("bomb", Answer::Bomb, "came with more than 1048576 bytes"),
        ("loop", Answer::Loop, "redirects more than 5 times"),
        ("away", Answer::Away, away),
    ];
    let books = tempfile::tempdir().unwrap();
    let books = books.path().join("books.db");
    sqlite(&books, "create table figures (value real); insert into figures values (98)").await;
    let mut sources = vec![("rows", sql("books"))];
    for (path, ..) in &misbehaviours {
        town.origin.figure(path, GOOD);
        sources.push((path, api(path)));
    }
    let connections = format!("  books: {{ sqlite: {{ path: {} }} }}", books.display());
    let kpid = town.kpid(&connections, &sources);
    let mut daemon = kpid.start();
    until_all(&mut daemon, &kpid, "on_track").await;

    let mut parts = vec![("rows", "the source gave no rows")];
    for (path, answer, part) in misbehaviours {
        town.origin.set(path, answer);
        parts.push((path, part));
    }
    sqlite(&books, "delete from figures").await;
    let ids: Vec<_> = sources.iter().map(|(id, _)| *id).collect();
    let seen = daemon
        .until(
            "an error of every source",
            async || kpid.show().await,
            |seen| {
                parts.iter().all(|(id, part)| {
                    kpi(seen, id)["error"].as_str().is_some_and(|error| error.contains(part))
                })
            },
        )
        .await;
    for id in ids {
        let kpi = kpi(&seen, id);
        assert_eq!(kpi["value"], GOOD, "{kpi}");
        let error = kpi["error"].as_str().unwrap();
        assert!(!error.contains("Error {") && !error.contains('\n'), "{error}");
        let is_bare = error.starts_with("the source gave");
        let asked = format!("`api`: GET {}{id}: ", town.origin.url());
        assert!(is_bare || error.starts_with(&asked), "{error}");
    }
    let memory_max = daemon.memory_max();
    assert!(memory_max < 150 << 20, "{memory_max} bytes");
    assert_eq!(town.told(), (0, 0));
}

#[tokio::test]
async fn what_is_in_flight_is_finished_at_sigterm() {
    let town = Town::open().await;
    let gate = Arc::new(Semaphore::new(0));
    town.origin.set("figure", Answer::Gate(Arc::clone(&gate)));
    let kpid = town.kpid("", &[("http", api("figure"))]);
    let mut daemon = kpid.start();
    daemon.until("a question", async || town.origin.asked("figure"), |asked| *asked >= 1).await;
    daemon.terminate();
    daemon.until_log("stopping").await;
    gate.add_permits(Semaphore::MAX_PERMITS);
    assert_eq!(daemon.stop().await.code(), Some(0));
    let seen = kpid.show().await;
    assert_eq!(kpi(&seen, "http")["value"], 98.0, "{seen:#}\n{}", daemon_log(&kpid));
}

fn daemon_log(kpid: &Kpid) -> String {
    std::fs::read_to_string(kpid.folder().join("log")).unwrap()
}

#[tokio::test]
async fn a_second_instance_is_refused_in_words() {
    let town = Town::open().await;
    town.origin.figure("figure", GOOD);
    let kpid = town.kpid("", &[("http", api("figure"))]);
    let mut daemon = kpid.start();
    until_all(&mut daemon, &kpid, "on_track").await;
    let ran = kpid.run(&["run"]).await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("kpid.db"), "{ran:?}");
    assert!(!ran.stderr.contains("panicked"), "{ran:?}");
    rounds(&mut daemon, &town.origin, "figure", 2).await;
}

#[tokio::test]
async fn a_command_that_fails_leaves_the_store_as_it_was() {
    let town = Town::open().await;
    town.origin.figure("figure", GOOD);
    let kpid = town.kpid("", &[("http", api("figure"))]);
    assert_eq!(kpid.run(&["pull"]).await.code, Some(0));
    let before = dump(&kpid).await;
    let bad = kpid.folder().join("bad.csv");
    let rows = "kpi,period,value\nacme/http-kpi,2026-01,50\nacme/nobody,2026-01,1\n";
    std::fs::write(&bad, rows).unwrap();
    for arguments in [
        ["import", bad.to_str().unwrap()],
        ["import", "/nowhere.csv"],
        ["pull", "acme/nobody"],
        ["show", "acme/nobody"],
        ["pull", "--period=13"],
    ] {
        let ran = kpid.run(&arguments).await;
        assert!(matches!(ran.code, Some(1 | 2)), "{arguments:?}: {ran:?}");
        assert!(!ran.stderr.is_empty() && !ran.stderr.contains("panicked"), "{ran:?}");
        assert_eq!(dump(&kpid).await, before, "{arguments:?}");
    }
}

/// Everything the store holds, by the tables' own words.
async fn dump(kpid: &Kpid) -> Vec<(String, String)> {
    use sqlx::{AssertSqlSafe, ConnectOptions, Row, sqlite::SqliteConnectOptions};
    let options = SqliteConnectOptions::new().filename(kpid.folder().join("kpid.db"));
    let mut connection = options.read_only(true).connect().await.unwrap();
    let tables = "select name from sqlite_schema where type = 'table' order by name";
    let mut dump = Vec::new();
    for table in sqlx::query(tables).fetch_all(&mut connection).await.unwrap() {
        let table: String = table.get(0);
        let columns = format!("select group_concat(quote(name)) from pragma_table_info('{table}')");
        let columns: String =
            sqlx::query_scalar(AssertSqlSafe(columns)).fetch_one(&mut connection).await.unwrap();
        let columns = columns.replace('\'', "\"");
        let rows = format!("select json_array({columns}) from (select * from \"{table}\")");
        let quoted: Vec<String> = columns.split(',').map(|name| format!("quote({name})")).collect();
        let rows = rows.replace(&columns, &quoted.join(","));
        for row in sqlx::query(AssertSqlSafe(rows)).fetch_all(&mut connection).await.unwrap() {
            dump.push((table.clone(), row.get(0)));
        }
    }
    dump
}
