//! Collections at a pace: what they cost and how many are done.

use std::{path::Path, time::Duration};

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::time::{Instant, sleep};

use crate::{
    Arguments,
    baseline::Took,
    child,
    daemon::Daemon,
    origin::Peer,
    peer_state::Orders,
    portfolio::{Figures, Portfolio, Shape, Told},
    report::{Measured, Report},
};

/// Until rounds are as they go on.
const WARM_UP: Duration = Duration::from_secs(5);

/// The bare loop says in this time what it says in an hour.
const BARE_SECONDS_MAX: u64 = 60;

/// Rows of the bare inserts.
const ROWS: &str = "200000";

/// What a daemon did in a window of time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) collections: f64,
    pub(crate) seconds: f64,
    pub(crate) cpu: f64,
    pub(crate) bytes: f64,
}

impl Window {
    pub(crate) fn cpu_per_1000(&self) -> f64 {
        self.cpu / self.collections * 1e3
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.collections / self.seconds
    }

    /// What happens from now on until `length` is over, as the origin counts it.
    pub(crate) async fn of(daemon: &Daemon, origin: &Peer, length: Duration) -> Self {
        let (bytes, asked) = (daemon.stored_bytes().await, origin.seen().await.asked);
        let (cpu, began) = (daemon.cpu(), Instant::now());
        sleep(length).await;
        let (cpu, seconds) = (daemon.cpu() - cpu, began.elapsed().as_secs_f64());
        let collections = (origin.seen().await.asked - asked) as f64;
        Self { collections, seconds, cpu, bytes: daemon.stored_bytes().await - bytes }
    }
}

/// 1,000 KPIs a second: CPU, bytes and rate, for both shapes, constant and changing.
pub(crate) async fn rate(arguments: &Arguments, report: &mut Report) {
    let kpis = arguments.kpis.unwrap_or(1_000);
    let length = arguments.seconds.unwrap_or(15);
    let (origin, sink) = (Peer::start(), Peer::start());
    let bare = asked(&origin, kpis, 1_000, length).await;
    let folder = tempfile::tempdir().unwrap();
    let rows = folder.path().join("rows.db").display().to_string();
    let inserts: Took = child::found(&["insert", &rows, ROWS]).await;
    report.alone(
        "bare inserts: rows a second, durable",
        Measured::new(inserts.per_second(), ""),
        "-",
    );
    for shape in [Shape::One, Shape::Many] {
        for changing in [false, true] {
            origin.order(&Orders { changing, ..Orders::default() }).await;
            let written = Portfolio::polled(kpis, shape, "1s").write(&origin, &sink);
            let daemon = Daemon::start(&arguments.kpid, &written).await;
            sleep(WARM_UP).await;
            let window = Window::of(&daemon, &origin, Duration::from_secs(length)).await;
            let values = if changing { "changing" } else { "constant" };
            let work = |what| format!("rate, {}, {values}: {what}", shape.name());
            report.row(
                &work("CPU s per 1,000"),
                Measured::new(window.cpu_per_1000(), ""),
                Measured::new(bare.cpu_per_1000(), ""),
                "<= 0.05",
            );
            report.row(
                &work("bytes per reading"),
                Measured::new(window.bytes / window.collections, ""),
                Measured::new(inserts.bytes as f64 / inserts.done as f64, ""),
                "<= 30, readings kept",
            );
            report.row(
                &work("done a second"),
                Measured::new(window.per_second(), ""),
                Measured::new(bare.per_second(), ""),
                &format!("{kpis}"),
            );
            daemon.stop().await;
        }
    }
}

/// More KPIs a second than ought to be needed.
pub(crate) async fn many(arguments: &Arguments, report: &mut Report) {
    let length = arguments.seconds.unwrap_or(15);
    let (origin, sink) = (Peer::start(), Peer::start());
    origin.order(&Orders { changing: true, ..Orders::default() }).await;
    for kpis in arguments.kpis.map_or(vec![5_000, 10_000], |kpis| vec![kpis]) {
        let bare = asked(&origin, kpis, 1_000, length.min(BARE_SECONDS_MAX)).await;
        let written = Portfolio::polled(kpis, Shape::Many, "1s").write(&origin, &sink);
        let daemon = Daemon::start(&arguments.kpid, &written).await;
        sleep(WARM_UP).await;
        let window = Window::of(&daemon, &origin, Duration::from_secs(length)).await;
        report.row(
            &format!("many, {kpis} KPIs a second: done a second"),
            Measured::new(window.per_second(), ""),
            Measured::new(bare.per_second(), ""),
            &format!("{kpis}"),
        );
    }
}

/// A thousand KPIs a minute, for both shapes at once, and a bare loop beside them.
pub(crate) async fn idle(arguments: &Arguments, report: &mut Report) {
    let kpis = arguments.kpis.unwrap_or(1_000);
    // Each minute has one round of all, wherever it begins.
    let minutes = arguments.seconds.unwrap_or(60).div_ceil(60).max(1);
    let (origin, sink) = (Peer::start(), Peer::start());
    let mut daemons = Vec::new();
    for shape in [Shape::One, Shape::Many] {
        let written = Portfolio::polled(kpis, shape, "1m").write(&origin, &sink);
        daemons.push((shape, Daemon::start(&arguments.kpid, &written).await, written));
    }
    sleep(WARM_UP * 2).await;
    let began: Vec<f64> = daemons.iter().map(|(_, daemon, _)| daemon.cpu()).collect();
    let bare = asked(&origin, kpis, 60_000, minutes).await;
    let seconds = bare.seconds;
    for ((shape, daemon, _), began) in daemons.iter().zip(began) {
        let percent = |cpu: f64| Measured::new(cpu / seconds * 100.0, "%");
        let work = |what| format!("idle, {kpis} KPIs a minute, {}: {what}", shape.name());
        report.row(&work("CPU"), percent(daemon.cpu() - began), percent(bare.cpu), "< 0.5 %");
        report.alone(&work("memory"), Measured::new(daemon.memory(), "MiB"), "< 40 MiB");
    }
}

/// Distinct queries a second on a SQLite file.
pub(crate) async fn sql(arguments: &Arguments, report: &mut Report) {
    let kpis = arguments.kpis.unwrap_or(200);
    let length = arguments.seconds.unwrap_or(15);
    let (origin, sink) = (Peer::start(), Peer::start());
    for shape in [Shape::One, Shape::Many] {
        let figures = Figures::Sql { every: "1s" };
        let written = Portfolio { kpis, shape, figures, told: Told::Nobody }.write(&origin, &sink);
        fill(&written.figures(), kpis).await;
        let file = written.figures().display().to_string();
        let arguments_of_bare = ["query", &file, &kpis.to_string(), &length.to_string()];
        let bare: Took = child::found(&arguments_of_bare).await;
        let daemon = Daemon::start(&arguments.kpid, &written).await;
        sleep(WARM_UP).await;
        let (collected, cpu) = (daemon.collected().await, daemon.cpu());
        sleep(Duration::from_secs(length)).await;
        let cpu = daemon.cpu() - cpu;
        let collections = daemon.collected().await - collected;
        report.row(
            &format!("sql, {kpis} queries a second, {}: CPU s per 1,000", shape.name()),
            Measured::new(cpu / collections * 1e3, ""),
            Measured::new(bare.cpu_per_1000(), ""),
            "<= 0.10",
        );
        report.row(
            &format!("sql, {kpis} queries a second, {}: done a second", shape.name()),
            Measured::new(collections / length as f64, ""),
            Measured::new(bare.per_second(), ""),
            &format!("{kpis}"),
        );
    }
}

/// A bare loop that asks for all figures every so often.
pub(crate) async fn asked(origin: &Peer, kpis: usize, every_ms: u64, times: u64) -> Took {
    let [kpis, every, times] = [kpis.to_string(), every_ms.to_string(), times.to_string()];
    child::found(&["ask", &origin.url(), &kpis, &every, &times]).await
}

/// A table of figures that are on track.
async fn fill(file: &Path, kpis: usize) {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut books = SqliteConnection::connect_with(&options).await.unwrap();
    let table = "create table figures (id integer primary key, value real not null) strict";
    sqlx::raw_sql(table).execute(&mut books).await.unwrap();
    let rows = "with recursive ids(id) as (select 0 union all select id + 1 from ids where id + 1 < ?) \
                insert into figures select id, 97.0 from ids";
    sqlx::query(rows).bind(i64::try_from(kpis).unwrap()).execute(&mut books).await.unwrap();
    books.close().await.unwrap();
}
