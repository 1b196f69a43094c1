//! What a long history costs: a round beside it, and whoever looks at it.

use std::{fmt::Write, fs, time::Duration};

use chrono::{DateTime, Utc};
use kpid_clock::Clock;
use kpid_rules::model::Period;
use tokio::time::{Instant, sleep};

use crate::{
    Arguments,
    baseline::{Took, median},
    child,
    collecting::{Window, asked},
    daemon::{self, Daemon},
    origin::Peer,
    portfolio::{Figures, Portfolio, Shape, Told, Written},
    report::{Measured, Report},
};

/// Months of history of every KPI.
const MONTHS: usize = 36;

/// How often each page is fetched.
const FETCHES: usize = 5;

/// Until what is judged at the start has been judged.
const SETTLE: Duration = Duration::from_secs(15);

/// CPU of a round with one KPI due, beside many that are not.
pub(crate) async fn round(arguments: &Arguments, report: &mut Report) {
    let kpis = arguments.kpis.unwrap_or(10_000);
    let length = arguments.seconds.unwrap_or(40);
    let (origin, sink) = (Peer::start(), Peer::start());
    let written = filled(arguments, kpis, MONTHS, &origin, &sink).await;
    written.add_due(1);
    let bare = asked(&origin, 1, 100, length * 10).await;
    let daemon = Daemon::start(&arguments.kpid, &written).await;
    sleep(SETTLE).await;
    let window = Window::of(&daemon, &origin, Duration::from_secs(length)).await;
    report.row(
        &format!("round, 1 KPI due beside {kpis} with {MONTHS} months: CPU"),
        Measured::new(window.cpu_per_1000(), "ms"),
        Measured::new(bare.cpu_per_1000(), "ms"),
        "< 1 ms",
    );
    report.alone("round: done a second", Measured::new(window.per_second(), ""), "1");
}

/// How long the page, the standing, the metrics and the commands that read take.
pub(crate) async fn pages(arguments: &Arguments, report: &mut Report) {
    let kpis = arguments.kpis.unwrap_or(10_000);
    let (origin, sink) = (Peer::start(), Peer::start());
    let written = filled(arguments, kpis, MONTHS, &origin, &sink).await;
    let daemon = Daemon::start(&arguments.kpid, &written).await;
    sleep(SETTLE).await;
    for path in ["/", "/api/v1/standing", "/metrics"] {
        let work = format!("pages, {kpis} KPIs with {MONTHS} months: {path}");
        match fetched(&daemon, path).await {
            Ok((within, bytes)) => {
                let bare = bare_fetched(&origin, bytes).await;
                report.row(
                    &work,
                    Measured::new(within, "ms"),
                    Measured::new(bare, "ms"),
                    "< 20 ms",
                );
            }
            Err(reason) => report.words(&work, &reason, "< 20 ms"),
        }
    }
    report.alone("pages: memory afterwards", Measured::new(daemon.memory(), "MiB"), "-");
    let nothing = daemon::run(&arguments.kpid, &written, &["--version"]).await.within;
    let nothing = Measured::new(nothing.as_secs_f64(), "s");
    let a_year_ago = month_before(Clock::System.now(), 12).to_string();
    let commands: [(&str, &[&str], &str); 2] = [
        ("`kpid show s1`", &["show", "s1"], "< 0.1 s"),
        ("`kpid backtest` of a year", &["backtest", "--from", &a_year_ago], "< 5 s"),
    ];
    for (name, command, wanted) in commands {
        let ended = daemon::run(&arguments.kpid, &written, command).await;
        assert!(ended.status.success(), "{name}: {}", ended.words);
        let within = Measured::new(ended.within.as_secs_f64(), "s");
        report.row(&format!("pages: {name} beside the daemon"), within, nothing, wanted);
    }
}

/// A store with a history, imported as an author would.
pub(crate) async fn filled(
    arguments: &Arguments,
    kpis: usize,
    months: usize,
    origin: &Peer,
    sink: &Peer,
) -> Written {
    let portfolio =
        Portfolio { kpis, shape: Shape::Many, figures: Figures::Imported, told: Told::Nobody };
    let written = portfolio.write(origin, sink);
    let now = Clock::System.now();
    let mut text = "kpi,period,value\n".to_owned();
    for kpi in 0..kpis {
        let card = kpi / portfolio.kpis_of_one();
        for back in 1..=months {
            // From below the red line to above the green one.
            let value = 80 + (kpi * 7 + back * 13) % 40;
            writeln!(text, "s{card}/k{kpi},{},{value}", month_before(now, back)).unwrap();
        }
    }
    let file = written.path().join("history.csv");
    fs::write(&file, text).unwrap();
    let import = ["import", &file.display().to_string()];
    let ended = daemon::run(&arguments.kpid, &written, &import).await;
    assert!(ended.status.success(), "{}", ended.words);
    written
}

/// The month so many months before the present one.
fn month_before(now: DateTime<Utc>, back: usize) -> Period {
    let present = Period::parse(&now.format("%Y-%m").to_string()).unwrap();
    std::iter::successors(Some(present), |month| Some(month.previous())).nth(back).unwrap()
}

/// The median of some fetches in milliseconds, and the bytes of the answer.
pub(crate) async fn fetched(daemon: &Daemon, path: &str) -> Result<(f64, usize), String> {
    let mut spans = Vec::new();
    let mut bytes = 0;
    for _ in 0..FETCHES {
        let began = Instant::now();
        bytes = daemon.get(path).await?.len();
        spans.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok((median(&mut spans), bytes))
}

/// The same of as many bytes that nobody had to make.
pub(crate) async fn bare_fetched(origin: &Peer, bytes: usize) -> f64 {
    let url = format!("{}bytes/{bytes}", origin.url());
    let took: Took = child::found(&["get", &url, &FETCHES.to_string()]).await;
    took.median_ms
}
