//! What the board costs: each page with five years of history behind it, and many readers at once while
//! figures are collected.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    Arguments,
    baseline::Took,
    child,
    collecting::Window,
    daemon::Daemon,
    origin::Peer,
    reading,
    report::{Measured, Report},
};

/// Months of history of every KPI.
const MONTHS: usize = 60;

/// Until what is judged at the start has been judged.
const SETTLE: Duration = Duration::from_secs(15);

/// KPIs that are collected each second meanwhile.
const COLLECTED: usize = 1_000;

/// Pages that are asked for in a second.
const PER_SECOND: usize = 1_000;

/// The pages, of the second scorecard where they are of one.
const PAGES: [&str; 10] = [
    "/",
    "/data",
    "/alerts",
    "/c/s1",
    "/c/s1/v0",
    "/c/s1/v0/o0-0",
    "/c/s1/kpi/k20",
    "/review/s1",
    "/wall/s1",
    "/api/v1/nodes/s1/k20/series",
];

/// Pages of the past, which is judged for them.
const PAST: [&str; 2] = ["/?at=2026-05", "/c/s1?at=2026-05"];

/// Each page, and then all of them a thousand times a second beside a thousand KPIs a second.
pub(crate) async fn board(arguments: &Arguments, report: &mut Report) {
    let kpis = arguments.kpis.unwrap_or(10_000);
    let length = arguments.seconds.unwrap_or(20);
    let (origin, sink) = (Peer::start(), Peer::start());
    let written = reading::filled(arguments, kpis, MONTHS, &origin, &sink).await;
    written.add_due(COLLECTED);
    let daemon = Daemon::start(&arguments.kpid, &written).await;
    sleep(SETTLE).await;
    let mut bytes_of_all = 0;
    for path in PAGES.into_iter().chain(PAST) {
        let work = format!("board, {kpis} KPIs with {MONTHS} months: {path}");
        match reading::fetched(&daemon, path).await {
            Ok((within, bytes)) => {
                let bare = Measured::new(reading::bare_fetched(&origin, bytes).await, "ms");
                report.row(&work, Measured::new(within, "ms"), bare, "< 20 ms");
                let size = Measured::new(bytes as f64 / 1024.0, "KiB");
                report.alone(&format!("board: size of {path}"), size, "< 200 KiB");
                bytes_of_all += if PAST.contains(&path) { 0 } else { bytes };
            }
            Err(reason) => report.words(&work, &reason, "< 20 ms"),
        }
    }
    let window = Duration::from_secs(length);
    let before = Window::of(&daemon, &origin, window).await;
    let mean = format!("{}bytes/{}", origin.url(), bytes_of_all / PAGES.len());
    let bare = browsed(length, vec![mean]).await;
    let urls = PAGES.map(|path| daemon.url_of(path)).to_vec();
    let (read, beside) = tokio::join!(browsed(length, urls), Window::of(&daemon, &origin, window));
    let work = |what| format!("board, {PER_SECOND} pages a second: {what}");
    report.row(
        &work("answered a second"),
        Measured::new(read.per_second(), ""),
        Measured::new(bare.per_second(), ""),
        "1000",
    );
    for (what, of) in [("median", &|took: &Took| took.median_ms), ("longest", &|took| took.max_ms)]
        as [(&str, &dyn Fn(&Took) -> f64); 2]
    {
        let [value, bare] = [&read, &bare].map(|took| Measured::new(of(took), "ms"));
        report.row(&work(what), value, bare, "-");
    }
    report.row(
        &work("KPIs collected a second"),
        Measured::new(beside.per_second(), ""),
        Measured::new(before.per_second(), ""),
        "as without",
    );
    report.alone(&work("memory afterwards"), Measured::new(daemon.memory(), "MiB"), "-");
}

/// Asks for some pages in turn, so many a second, whether the ones before were answered or not.
async fn browsed(seconds: u64, urls: Vec<String>) -> Took {
    let [pace, count] = [PER_SECOND, PER_SECOND * usize::try_from(seconds).unwrap()];
    let mut arguments = vec!["browse".to_owned(), pace.to_string(), count.to_string()];
    arguments.extend(urls);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    child::found(&arguments).await
}
