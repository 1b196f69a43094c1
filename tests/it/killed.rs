//! kill -9 at hundreds of instants: the daemon with rounds, deliveries and notices under way, and the
//! commands that write. After each the store is sound, and in the end everybody was told what they
//! were to be told, once. `KPID_SEEDS=3..4 cargo test --test it killed` plays one store again.

use std::{fs, panic::AssertUnwindSafe, path::Path, time::Duration};

use futures_util::{FutureExt, StreamExt, stream};
use kpid_store::look_through;
use serde_json::Value;
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::time::{Instant, interval};

use crate::world::{
    WITHIN,
    dice::{Dice, seeds},
    kpid::Kpid,
    ledger::{self, Entry},
    origin::Answer as Given,
    smtp::Conduct,
    town::Town,
    webhook::{Answer, Webhook},
};

const INES: &str = "ines@acme.example";

const SIDES: [&str; 6] = ["calls", "mails", "stock", "cash", "staff", "shop"];

const GOOD: f64 = 98.0;

const BAD: f64 = 80.0;

/// Deaths of one store.
const LIVES: usize = 10;

/// Stores at once: their processes wait for one another's disk and peers most of the time.
const AT_ONCE: usize = 3;

/// When nothing more happens, so long after it began, a life ends anyway.
const LIFE_MAX: Duration = Duration::from_secs(3);

/// What a life is waited for to do before it ends.
#[derive(Clone, Copy, Debug)]
enum Before {
    Anything,
    Question(usize),
    Mail(usize),
    Call(usize),
}

fn kpid(town: &Town, watch: &Webhook) -> Kpid {
    let (api, smtp, hook, watch) =
        (town.origin.yaml(), town.smtp.yaml(), town.webhook.url(), watch.url());
    let config = format!(
        "store: kpid.db
calendar: {{ timezone: Europe/Amsterdam }}
connections: {{ api: {api} }}
channels:
  mail: {{ email: {{ smtp: {smtp}, from: kpid@acme.example }} }}
  ops: {{ webhook: {{ url: \"{hook}\" }} }}
  watch: {{ webhook: {{ url: \"{watch}\" }} }}
people: {{ ines: {{ name: Ines, email: {INES} }} }}
operators: [watch]
alerts: {{ mails_per_day: 0 }}
"
    );
    let side = |id: &str| {
        format!(
            "  {id}:
    alert: {{ to: [ines, ops] }}
    objectives:
      {id}-goal:
        kpis:
          {id}-kpi: {{ nature: level, unit: points, schedule: {{ every: 1s }}, target: 95, tolerance: 3, source: {{ http: {{ from: api, get: {id}, value: $.value }} }} }}
"
        )
    };
    let sides: String = SIDES.iter().map(|id| side(id)).collect();
    Kpid::new(&config, &format!("scorecard: acme\nperspectives:\n{sides}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_killed_at_any_instant_loses_doubles_and_invents_nothing() {
    let stores = seeds(20).map(|seed| async move {
        let deaths = AssertUnwindSafe(die_often(Dice::of(seed))).catch_unwind().await;
        deaths.unwrap_or_else(|_| panic!("the store of seed {seed} failed, as told above"))
    });
    let told: Vec<usize> = stream::iter(stores).buffer_unordered(AT_ONCE).collect().await;
    assert!(told.iter().all(|told| *told > 0), "stores that told nobody show nothing: {told:?}");
}

/// Kills one daemon again and again; how many messages of episodes there were.
async fn die_often(mut dice: Dice) -> usize {
    let (town, watch) = tokio::join!(Town::open(), Webhook::start());
    let kpid = kpid(&town, &watch);
    let mut figures = [GOOD; SIDES.len()];
    let mut last = [GOOD; SIDES.len()];
    set(&town, &figures, &mut dice, false);
    let mut daemon = kpid.start();
    daemon.until("a first look", async || kpid.show().await, |seen| all(seen, &last)).await;
    daemon.kill().await;
    for _ in 0..LIVES {
        for figure in &mut figures {
            *figure = if dice.once_in(3) { GOOD + BAD - *figure } else { *figure };
        }
        last = figures;
        set(&town, &figures, &mut dice, true);
        moods(&town, &watch, &mut dice);
        live_and_die(&kpid, &town, &mut dice).await;
        let entries = assert_sound(&kpid.folder().join("kpid.db")).await;
        ledger::assert_told(&entries, &arrivals(&town, &watch));
    }
    set(&town, &figures, &mut dice, false);
    town.smtp.conduct(INES, Conduct::Take);
    town.webhook.calm();
    watch.calm();
    let mut daemon = kpid.start();
    daemon.until("every figure", async || kpid.show().await, |seen| all(seen, &last)).await;
    let settled = async || {
        // What waits for its next attempt is not waited for.
        kpid.run(&["outbox", "retry", "--all"]).await;
        let listed = kpid.run(&["outbox", "list", "--format", "json"]).await.stdout;
        let listed = serde_json::from_str::<Vec<Value>>(&listed).unwrap();
        listed.into_iter().filter(|held| held["state"] == "pending").collect::<Vec<Value>>()
    };
    daemon.until("nothing left to deliver", settled, Vec::is_empty).await;
    assert_eq!(daemon.stop().await.code(), Some(0));
    let entries = assert_sound(&kpid.folder().join("kpid.db")).await;
    ledger::assert_told(&entries, &arrivals(&town, &watch));
    // What was given up, and overtaken before it could be taken up again, operators know of.
    for lost in entries.iter().filter(|entry| entry.state != "delivered" && !entry.is_notice()) {
        let key = format!("gave_up/{}/", lost.id);
        assert!(entries.iter().any(|notice| notice.dedup_key.starts_with(&key)), "{lost:?}");
    }
    entries.iter().filter(|entry| entry.state == "delivered" && !entry.is_notice()).count()
}

/// The sources, some of which fail at times where they may.
fn set(town: &Town, figures: &[f64], dice: &mut Dice, may_fail: bool) {
    for (side, figure) in SIDES.iter().zip(figures) {
        match may_fail && dice.once_in(8) {
            true => town.origin.set(side, Given::Status(500)),
            false => town.origin.figure(side, *figure),
        }
    }
}

fn moods(town: &Town, watch: &Webhook, dice: &mut Dice) {
    use Conduct::{Cut, Defer, Drop, Hang, Reject, Take};
    town.smtp.conduct(INES, dice.pick(&[Take, Take, Take, Defer, Reject, Drop, Cut, Hang]));
    for hook in [&town.webhook, watch] {
        hook.calm();
        for _ in 0..9 {
            let faces = [
                Answer::Status(204),
                Answer::Status(204),
                Answer::Status(503),
                Answer::Status(400),
                Answer::Patience(9),
                Answer::Cut,
                Answer::Hang,
            ];
            hook.answer(&[dice.pick(&faces)]);
        }
    }
}

/// One life, which ends a moment after it has begun, asked or told.
async fn live_and_die(kpid: &Kpid, town: &Town, dice: &mut Dice) {
    let count = |dice: &mut Dice| 1 + usize::try_from(dice.below(6)).unwrap();
    let before = match dice.below(4) {
        0 => Before::Anything,
        1 => Before::Question(count(dice)),
        2 => Before::Mail(count(dice)),
        _ => Before::Call(count(dice)),
    };
    let asked = |town: &Town| SIDES.iter().map(|side| town.origin.asked(side)).sum::<usize>();
    let done = |town: &Town| match before {
        Before::Anything => (0, 0),
        Before::Question(count) => (asked(town), count),
        Before::Mail(count) => (town.smtp.attempts(), count),
        Before::Call(count) => (town.webhook.calls().len(), count),
    };
    let (at_first, _) = done(town);
    let began = Instant::now();
    let mut daemon = kpid.start();
    let mut look = interval(Duration::from_millis(1));
    loop {
        look.tick().await;
        assert!(daemon.lives(), "it ended by itself:\n{}", daemon.log());
        let (seen, wanted) = done(town);
        if seen >= at_first + wanted || began.elapsed() > LIFE_MAX {
            break;
        }
    }
    let moment = match before {
        Before::Anything => Duration::from_millis(dice.below(600)),
        _ => Duration::from_micros(dice.below(20_000)),
    };
    let end = Instant::now() + moment;
    while Instant::now() < end {
        look.tick().await;
    }
    daemon.kill().await;
}

fn arrivals(town: &Town, watch: &Webhook) -> Vec<ledger::Arrival> {
    ledger::arrivals(&town.smtp.mails(), &[("ops", &town.webhook), ("watch", watch)])
}

/// Whether every figure is in, and judged.
fn all(standing: &Value, figures: &[f64]) -> bool {
    let sides = standing["scorecards"][0]["perspectives"].as_array();
    let value = |side: &Value| side["objectives"][0]["kpis"][0]["value"].as_f64();
    let seen = sides.map_or(Vec::new(), |sides| sides.iter().map(value).collect());
    seen.iter().copied().eq(figures.iter().map(|figure| Some(*figure)))
}

/// Opens a copy, so that the dead daemon's store is next opened by the daemon itself.
async fn copied(store: &Path) -> (tempfile::TempDir, SqliteConnection) {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("kpid.db");
    fs::copy(store, &copy).unwrap();
    let log = store.with_file_name("kpid.db-wal");
    if log.exists() {
        fs::copy(log, folder.path().join("kpid.db-wal")).unwrap();
    }
    let options = SqliteConnectOptions::new().filename(&copy);
    (folder, options.connect().await.unwrap())
}

/// What must hold of a store whenever its daemon dies; its outbox comes back.
async fn assert_sound(store: &Path) -> Vec<Entry> {
    let (folder, mut connection) = copied(store).await;
    let words: String =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(words, "ok");
    // Each message that was decided has a delivery for each of its two readers.
    let untold = "SELECT scope || ' ' || event FROM episode_events WHERE event <> 'acknowledged' \
                  GROUP BY scope, number, event HAVING 2 * count(*) <> (SELECT count(*) \
                  FROM deliveries WHERE dedup_key = scope || '/' || number \
                  AND deliveries.event = episode_events.event)";
    let untold: Vec<String> = sqlx::query_scalar(untold).fetch_all(&mut connection).await.unwrap();
    assert!(untold.is_empty(), "decided and not in the outbox: {untold:?}");
    // An episode is where its story says, unless it comes and goes too often to be told.
    let astray = "SELECT scope || ' ' || state FROM episodes \
                  WHERE state ->> 'flapping_until' IS NULL AND state ->> 'number' > 0 AND \
                  ((state ->> 'phase' = 'open') <> (SELECT event NOT IN ('recovered', 'corrected') \
                  FROM episode_events AS told WHERE told.scope = episodes.scope \
                  AND number = state ->> 'number' ORDER BY sequence DESC LIMIT 1))";
    let astray: Vec<String> = sqlx::query_scalar(astray).fetch_all(&mut connection).await.unwrap();
    assert!(astray.is_empty(), "{astray:?}");
    // What is told of a node is what it was judged to be, in one judgement.
    let otherwise = "SELECT scope || ' ' || event || ' ' || told.status FROM episode_events AS told \
                     WHERE told.status IS NOT NULL AND told.status IS DISTINCT FROM \
                     (SELECT '[\"on_track\", \"at_risk\", \"off_track\", \"no_data\", \"pending\", \
                               \"not_scored\"]' ->> verdicts.status \
                      FROM nodes JOIN verdicts ON node = nodes.id \
                      WHERE name = scope AND verdicts.at <= told.at \
                      ORDER BY verdicts.at DESC LIMIT 1)";
    let otherwise: Vec<String> =
        sqlx::query_scalar(otherwise).fetch_all(&mut connection).await.unwrap();
    assert!(otherwise.is_empty(), "told otherwise than judged: {otherwise:?}");
    drop(connection);
    ledger::read(&folder.path().join("kpid.db")).await
}

/// So many figures that an import of them takes a while.
fn rows(count: i32) -> String {
    let row = |n: i32| format!("acme/calls-kpi,{}-{:02},{}\n", 1800 + n / 12, 1 + n % 12, n % 100);
    format!("kpi,period,value\n{}", (0..count).map(row).collect::<String>())
}

/// Lets a command work for a while, and kills it unless it has come to its end.
async fn interrupt(kpid: &Kpid, arguments: &[&str], after: Duration) {
    let mut command = kpid.begin(arguments, &[]);
    let (end, mut look) = (Instant::now() + after, interval(Duration::from_millis(1)));
    while Instant::now() < end && command.lives() {
        look.tick().await;
    }
    command.kill().await;
}

/// Runs a command to its end, which must be a good one; how long it took.
async fn complete(kpid: &Kpid, arguments: &[&str]) -> Duration {
    let began = Instant::now();
    let ran = kpid.run(arguments).await;
    assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
    assert!(began.elapsed() < WITHIN);
    began.elapsed()
}

/// A moment of what takes so long, and of a little more.
fn moment(dice: &mut Dice, whole: Duration) -> Duration {
    let micros = u64::try_from(whole.as_micros()).unwrap();
    Duration::from_micros(dice.below(micros + micros / 5))
}

#[tokio::test]
async fn an_import_that_is_killed_is_whole_or_not_there() {
    let (town, watch) = tokio::join!(Town::open(), Webhook::start());
    let mut dice = Dice::of(1);
    let path = |kpid: &Kpid, name: &str| kpid.folder().join(name).to_str().unwrap().to_owned();
    let kpid = kpid(&town, &watch);
    let file = path(&kpid, "rows.csv");
    fs::write(&file, rows(12)).unwrap();
    complete(&kpid, &["import", &file]).await;
    let (store, mut whole) = (kpid.folder().join("kpid.db"), Duration::from_secs(1));
    let (mut held, mut deeds) = (12, 1);
    for step in 1..=12 {
        let more = 12 + step * 96;
        fs::write(&file, rows(more)).unwrap();
        interrupt(&kpid, &["import", &file], moment(&mut dice, whole)).await;
        assert_sound(&store).await;
        let (_folder, mut connection) = copied(&store).await;
        let sql = "SELECT (SELECT count(*) FROM actuals), (SELECT count(*) FROM audit)";
        let (actuals, written): (i32, i32) =
            sqlx::query_as(sql).fetch_one(&mut connection).await.unwrap();
        assert!(actuals == held || actuals == more, "{actuals} of {held} and {more}");
        assert_eq!(
            written - deeds,
            i32::from(actuals == more),
            "whoever brought it is written down"
        );
        whole = complete(&kpid, &["import", &file]).await;
        (held, deeds) = (more, written + 1);
    }
}

#[tokio::test]
async fn a_backup_or_restore_that_is_killed_leaves_what_was_there_or_what_shall_be() {
    let (town, watch) = tokio::join!(Town::open(), Webhook::start());
    let mut dice = Dice::of(2);
    let kpid = kpid(&town, &watch);
    let path = |name: &str| kpid.folder().join(name).to_str().unwrap().to_owned();
    let (file, copy, store) = (path("rows.csv"), path("copy.db"), path("kpid.db"));
    fs::write(&file, rows(1200)).unwrap();
    complete(&kpid, &["import", &file]).await;
    let backup = ["backup", copy.as_str(), "--force"];
    let mut whole = complete(&kpid, &backup).await;
    for _ in 0..8 {
        interrupt(&kpid, &backup, moment(&mut dice, whole)).await;
        assert_eq!(look_through(Path::new(&copy)).await.unwrap().actuals, 1200);
        whole = complete(&kpid, &backup).await;
        assert!(!Path::new(&path("copy.db.part")).exists(), "what was left is cleared away");
    }
    fs::write(&file, rows(1300)).unwrap();
    complete(&kpid, &["import", &file]).await;
    let restore = ["restore", copy.as_str()];
    for _ in 0..8 {
        interrupt(&kpid, &restore, moment(&mut dice, whole)).await;
        let held = look_through(Path::new(&store)).await.unwrap().actuals;
        assert!(held == 1200 || held == 1300, "{held}");
    }
    complete(&kpid, &restore).await;
    assert_eq!(look_through(Path::new(&store)).await.unwrap().actuals, 1200);
}

#[tokio::test]
async fn a_backfill_that_is_killed_goes_on_where_it_was() {
    let (town, watch) = tokio::join!(Town::open(), Webhook::start());
    let mut dice = Dice::of(3);
    let kpid = kpid(&town, &watch);
    let scorecard = "scorecard: acme
perspectives:
  care:
    alert: { to: [ines, ops] }
    objectives:
      answer:
        kpis:
          calls: { nature: flow, period: month, schedule: { every: 1d }, target: 95, tolerance: 3, source: { http: { from: api, get: calls, headers: { X-Month: \"{period_key}\" }, value: $.value } } }
";
    fs::write(kpid.folder().join("scorecards/acme.yaml"), scorecard).unwrap();
    town.origin.figure("calls", BAD);
    let store = kpid.folder().join("kpid.db");
    let fill = |to: &str| ["backfill", "--from", "2000-01", "--to", to].map(str::to_owned);
    let one = fill("2000-01");
    let first = complete(&kpid, &one.each_ref().map(String::as_str)).await;
    let all = fill("2019-12");
    let all = all.each_ref().map(String::as_str);
    let mut held = 1;
    for _ in 0..8 {
        interrupt(&kpid, &all, first + moment(&mut dice, first)).await;
        assert_sound(&store).await;
        let filled = look_through(&store).await.unwrap().actuals;
        assert!(filled >= held, "{filled} of {held}");
        held = filled;
    }
    complete(&kpid, &all).await;
    assert_eq!(look_through(&store).await.unwrap().actuals, 240);
    let entries = assert_sound(&store).await;
    assert!(entries.is_empty(), "history is told to nobody: {entries:?}");
}
