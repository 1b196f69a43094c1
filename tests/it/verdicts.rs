//! What is kept of past verdicts, a row for a node that changed, says the same as whole scorecards kept
//! whenever any byte of them changed: as it is written, and after a migration of such a store.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use kpid::{
    engine::judgement::{self, LIVE},
    instance::Instance,
};
use kpid_config::{load::load, secret::Secrets};
use kpid_rules::{
    analysis::{Picture, retuned},
    judgement::{Measure, Standing, rounding},
    model::{Id, KpiRef, Period, Scope, Status},
    series::Figure,
};
use kpid_store::{Collected, Filed, Filing, Precedence, Stage, Store};
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::world::dice::Dice;

const CONFIG: &str = "store: kpid.db
calendar: { timezone: UTC }
channels: { mail: { email: { from: kpid@example.com, folder: outbox } } }
people: { ines: { email: ines@calder.example } }
";

/// The last schema that kept whole scorecards.
const SNAPSHOTS: i64 = 15;

/// One scorecard after the other, as authors change them: other lines and weights, a KPI that goes
/// and comes back, a band of a point.
const SCORECARDS: [(&str, &str, &str); 4] = [
    ("{ nature: flow, target: 100, tolerance: 10 }", "45", "1"),
    ("{ nature: flow, target: 120, tolerance: 10 }", "45", "1"),
    ("", "40", "2"),
    ("{ nature: flow, target: 120, tolerance: 10 }", "55", "1"),
];

/// A scorecard as it was kept once: everything of it, whenever anything of it changed.
#[derive(Clone)]
struct Snapshot {
    as_of: DateTime<Utc>,
    config_hash: String,
    standing: String,
}

/// What is compared of a node: status, score as shown, weight, lines and the side of a band.
type Seen = (Status, Option<String>, Option<f64>, Option<(Option<String>, Measure)>, Option<bool>);

fn seen(picture: &Picture) -> Vec<(Scope, Seen)> {
    let each = picture.nodes().map(|(scope, node)| {
        let score = node.colour.score.map(rounding::score);
        let measure = node.measure.clone();
        let seen = (node.colour.status, score, node.weight, measure, node.shows_upper_edges);
        (scope.clone(), seen)
    });
    each.collect()
}

fn picture(snapshot: &Snapshot) -> Picture {
    let mut picture = Picture::default();
    picture.add_kept(&snapshot.standing).unwrap();
    picture
}

fn acme() -> Id {
    Id::parse("acme").unwrap()
}

/// The program on a store, with one of the scorecards.
async fn instance(folder: &Path, (sold, low, weight): (&str, &str, &str)) -> Instance {
    std::fs::create_dir_all(folder.join("scorecards")).unwrap();
    std::fs::write(folder.join("kpid.yaml"), CONFIG).unwrap();
    let sold = if sold.is_empty() { String::new() } else { format!("          sold: {sold}\n") };
    let scorecard = format!(
        "scorecard: acme\nperspectives:\n  money:\n    alert: {{ to: [ines] }}\n    objectives:\n      \
         earn:\n        kpis:\n{sold}          \
         point: {{ nature: flow, weight: {weight}, target: {{ band: {{ low: {low}, high: 60 }} }} }}\n          \
         wide: {{ nature: flow, target: {{ band: {{ low: {low}, high: 60, red_low: 20, red_high: 90 }} }} }}\n"
    );
    std::fs::write(folder.join("scorecards/acme.yaml"), scorecard).unwrap();
    let loaded = load(&folder.join("kpid.yaml"), Secrets::Needed);
    let (setup, _) = loaded.unwrap_or_else(|error| panic!("{error:?}"));
    let store = Store::open(&folder.join("kpid.db")).await.unwrap();
    Instance::new(setup, store).unwrap()
}

fn figure(id: &str, period: Period, value: f64, collected_at: DateTime<Utc>) -> Collected {
    let filed = Filed {
        period,
        figure: Figure::Value(value),
        target: None,
        observed_at: collected_at,
        collected_at,
        stage: Stage::Closed,
        precedence: Precedence::CollectedLast,
    };
    let kpi = KpiRef::parse(&format!("acme/{id}")).unwrap();
    Collected { kpi, attempt: None, filing: Filing::Actuals, filed: vec![filed] }
}

/// Keeps a scorecard as it was kept once.
fn keep(snapshots: &mut Vec<Snapshot>, standing: &Standing, as_of: DateTime<Utc>) {
    for scorecard in &standing.scorecards {
        let text = serde_json::to_string(scorecard).unwrap();
        if snapshots.last().is_none_or(|last| last.standing != text) {
            let config_hash = standing.config.clone();
            snapshots.push(Snapshot { as_of, config_hash, standing: text });
        }
    }
}

/// Months of figures by chance under one configuration after the other; how each judgement was kept
/// once, and the newest standing.
async fn live(folder: &Path, dice: &mut Dice) -> (Vec<Snapshot>, Standing) {
    let (mut snapshots, mut newest) = (Vec::new(), None);
    let mut period = Period::parse("2025-01").unwrap();
    for step in 0..15 {
        let instance = instance(folder, SCORECARDS[step / 3 % SCORECARDS.len()]).await;
        let end = instance.setup.calendar.bounds(period).1;
        for hour in 1..6 {
            let now = end + TimeDelta::hours(hour);
            let id = dice.pick(&["sold", "point", "wide"]);
            // Often the same again, and often on an edge.
            let value = dice.pick(&[10.0, 30.0, 50.0, 60.0, 60.0, 95.0, 119.99]);
            instance.store.record(&[figure(id, period, value, now)]).await.unwrap();
            let judged = judgement::judge(&instance, &[acme()], LIVE, now).await.unwrap();
            keep(&mut snapshots, &judged.standing, now);
            newest = Some(judged.standing);
        }
        instance.store.close().await;
        period = period.next();
    }
    (snapshots, newest.unwrap())
}

/// What snapshots say of the last verdict in a span that another configuration gave.
fn by_another(
    snapshots: &[Snapshot],
    config_hash: &str,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Option<Vec<(Scope, Seen)>> {
    let mut within = snapshots.iter().filter(|held| held.as_of >= from && held.as_of < to);
    let found = within.rfind(|held| held.config_hash != config_hash)?;
    Some(seen(&picture(found)))
}

/// What snapshots say was measured or counted otherwise from the newest of an instant to a standing.
fn retuned_since(
    snapshots: &[Snapshot],
    since: DateTime<Utc>,
    standing: &Standing,
) -> Vec<kpid_rules::analysis::Retuned> {
    let at = snapshots.iter().rposition(|held| held.as_of <= since);
    let Some(at) = at else { return Vec::new() };
    let turns = snapshots[at..].windows(2).filter(|two| two[0].config_hash != two[1].config_hash);
    let mut now = Picture::default();
    standing.scorecards.iter().for_each(|scorecard| now.add_present(scorecard));
    let turns = turns.map(|two| (picture(&two[0]), picture(&two[1])));
    let steps: Vec<_> = turns.chain([(picture(&snapshots[at]), now)]).collect();
    retuned(&steps.iter().map(|(before, after)| (before, after)).collect::<Vec<_>>())
}

/// Whether a store says of its past what the snapshots say.
async fn check(store: &Store, snapshots: &[Snapshot], standing: &Standing) {
    let first = snapshots[0].as_of;
    assert_eq!(store.verdicts_at(first - TimeDelta::hours(1)).await.unwrap(), []);
    for (at, snapshot) in snapshots.iter().enumerate() {
        let next = snapshots.get(at + 1).map(|next| next.as_of - TimeDelta::microseconds(1));
        for instant in [Some(snapshot.as_of), next].into_iter().flatten() {
            let found = store.verdicts_at(instant).await.unwrap();
            assert_eq!(found.len(), 1);
            assert_eq!(seen(&found[0].picture), seen(&picture(snapshot)), "at {instant}");
            assert_eq!(found[0].config_hash, snapshot.config_hash, "at {instant}");
        }
        let past = store.past_standings(snapshot.as_of).await.unwrap();
        let expected = retuned_since(snapshots, snapshot.as_of, standing);
        assert_eq!(past.retuned(standing), expected, "since {}", snapshot.as_of);
        for days in [20, 100] {
            let within = (snapshot.as_of, snapshot.as_of + TimeDelta::days(days));
            let (acme, now) = (acme(), &standing.config);
            let other = store.verdict_by_another(&acme, now, within.0..within.1).await.unwrap();
            let other = other.map(|verdict| seen(&verdict.picture));
            assert_eq!(other, by_another(snapshots, &standing.config, within), "in {within:?}");
        }
    }
}

async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

#[tokio::test]
async fn the_past_is_shown_as_whole_scorecards_showed_it() {
    for seed in 1..3 {
        let folder = tempfile::tempdir().unwrap();
        let (snapshots, standing) = live(folder.path(), &mut Dice::of(seed)).await;
        assert!(snapshots.len() > 50, "seed {seed}: {}", snapshots.len());
        let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
        check(&store, &snapshots, &standing).await;

        let path = folder.path().join("older.db");
        let mut connection = connect(&path).await;
        let migrator = sqlx::migrate!("migrations/sqlite");
        migrator.run_to(SNAPSHOTS, &mut connection).await.unwrap();
        for snapshot in &snapshots {
            let sql = "INSERT INTO snapshots (scorecard, as_of, config_hash, standing) \
                       VALUES ('acme', $1, $2, $3)";
            let row = sqlx::query(sql).bind(snapshot.as_of.timestamp_micros());
            let row = row.bind(&snapshot.config_hash).bind(&snapshot.standing);
            row.execute(&mut connection).await.unwrap();
        }
        drop(connection);
        let migrated = Store::open(&path).await.unwrap();
        check(&migrated, &snapshots, &standing).await;
    }
}

#[tokio::test]
async fn what_changes_nothing_that_is_seen_makes_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let instance = instance(folder.path(), SCORECARDS[0]).await;
    let may = Period::parse("2026-05").unwrap();
    let end = instance.setup.calendar.bounds(may).1;
    let mut connection = connect(&folder.path().join("kpid.db")).await;
    let mut rows = async || -> (i64, i64) {
        let sql = "SELECT (SELECT count(*) FROM verdicts), (SELECT count(*) FROM measures)";
        sqlx::query_as(sql).fetch_one(&mut connection).await.unwrap()
    };
    let mut hour = 0;
    let mut judged = async |values: &[(&str, f64)]| {
        hour += 1;
        let now = end + TimeDelta::hours(hour);
        for (id, value) in values {
            instance.store.record(&[figure(id, may, *value, now)]).await.unwrap();
        }
        judgement::judge(&instance, &[acme()], LIVE, now).await.unwrap();
    };
    judged(&[("sold", 105.0), ("point", 50.0), ("wide", 50.0)]).await;
    let (verdicts, measures) = rows().await;
    assert_eq!((verdicts, measures), (6, 6), "scorecard, perspective, objective, three KPIs");
    judged(&[("sold", 105.0)]).await;
    judged(&[("sold", 105.000_000_1)]).await;
    assert_eq!(rows().await, (6, 6), "seen again later, and a score that reads the same");
    judged(&[("sold", 95.0)]).await;
    assert_eq!(rows().await, (10, 6), "the KPI and what is above it");
}
