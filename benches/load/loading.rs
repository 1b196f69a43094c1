//! Starts: the first collection of everything, and a configuration of many files.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{
    Arguments,
    baseline::Took,
    child,
    collecting::asked,
    daemon::{self, Daemon},
    origin::Peer,
    peer_state::now,
    portfolio::{Figures, Portfolio, Shape, Told},
    report::{Measured, Report},
};

/// Whoever has not collected everything by then is not waited for.
const FIRST_WITHIN: Duration = Duration::from_secs(120);

/// Files of the configuration that is large.
const FILES: usize = 2_000;

/// From the start to the answer to the last KPI's first question.
pub(crate) async fn first(arguments: &Arguments, report: &mut Report) {
    let kpis = arguments.kpis.unwrap_or(10_000);
    let (bare_origin, origin, sink) = (Peer::start(), Peer::start(), Peer::start());
    let began = now();
    asked(&bare_origin, kpis, 15_000, 1).await;
    let bare = Measured::new(seconds(began, bare_origin.seen().await.newest_at), "s");

    let written = Portfolio::polled(kpis, Shape::Many, "1h").write(&origin, &sink);
    let (started, began) = (Instant::now(), now());
    let daemon = Daemon::start(&arguments.kpid, &written).await;
    let mut seen = origin.seen().await;
    while seen.distinct < kpis && started.elapsed() < FIRST_WITHIN {
        sleep(Duration::from_millis(20)).await;
        seen = origin.seen().await;
    }
    let work = |what| format!("first, {kpis} KPIs: {what}");
    if seen.distinct < kpis {
        let words = format!("{} of {kpis} in {} s", seen.distinct, FIRST_WITHIN.as_secs());
        report.words(&work("start to last first collection"), &words, "< 1.5 s");
    } else {
        let value = Measured::new(seconds(began, seen.newest_at), "s");
        report.row(&work("start to last first collection"), value, bare, "< 1.5 s");
    }
    // What is collected is judged and kept a little later.
    sleep(Duration::from_secs(5)).await;
    report.alone(&work("memory"), Measured::new(daemon.memory(), "MiB"), "< 100 MiB");
    report.alone(&work("memory, at most"), Measured::new(daemon.memory_max(), "MiB"), "< 100 MiB");
}

/// 100,000 KPIs in 2,000 files; in fewer files where so many are refused.
pub(crate) async fn files(arguments: &Arguments, report: &mut Report) {
    let kpis = arguments.kpis.unwrap_or(100_000);
    for files in [FILES, FILES / 2] {
        if try_files(arguments, report, kpis, files).await {
            return;
        }
    }
}

/// Whether the configuration was taken.
async fn try_files(arguments: &Arguments, report: &mut Report, kpis: usize, files: usize) -> bool {
    let (origin, sink) = (Peer::start(), Peer::start());
    let portfolio = Portfolio {
        kpis,
        shape: Shape::Of(kpis.div_ceil(files)),
        figures: Figures::Http { every: "6h" },
        told: Told::Nobody,
    };
    let written = portfolio.write(&origin, &sink);
    let folder = written.path().join("scorecards").display().to_string();
    let bare: Took = child::found(&["parse", &folder]).await;
    let check = daemon::run(&arguments.kpid, &written, &["check"]).await;
    let work = |what| format!("files, {kpis} KPIs in {files} files: {what}");
    if !check.status.success() {
        let reason = check.words.lines().find(|line| line.contains("files match"));
        let reason = reason.unwrap_or("refused").trim();
        report.words(&work("`kpid check`"), &format!("refused: {reason}"), "< 5 s, < 300 MiB");
        return false;
    }
    let within = Measured::new(check.within.as_secs_f64(), "s");
    report.row(&work("`kpid check`"), within, Measured::new(bare.seconds, "s"), "< 5 s");
    let memory = Measured::new(check.memory_max, "MiB");
    report.alone(&work("memory of `kpid check`, at most"), memory, "< 300 MiB");
    let daemon = Daemon::start(&arguments.kpid, &written).await;
    let within = Measured::new(daemon.began_within.as_secs_f64(), "s");
    report.row(&work("start until it listens"), within, Measured::new(bare.seconds, "s"), "< 5 s");
    report.alone(&work("memory at the start"), Measured::new(daemon.memory(), "MiB"), "< 300 MiB");
    true
}

fn seconds(from: u64, to: u64) -> f64 {
    to.saturating_sub(from) as f64 / 1e6
}
