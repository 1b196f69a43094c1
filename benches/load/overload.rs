//! A time in which the daemon cannot keep up, and how long it feels it afterwards.

use std::{collections::VecDeque, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    Arguments, child,
    collecting::Window,
    daemon::Daemon,
    origin::Peer,
    peer_state::Orders,
    portfolio::{Portfolio, Shape},
    report::{Measured, Report},
};

/// How long it cannot keep up.
const OVERLOAD: Duration = Duration::from_secs(20);

/// How long it is watched afterwards.
const WATCH: Duration = Duration::from_secs(60);

/// Over so much time its rate must be the one from before.
const SPAN: Duration = Duration::from_secs(3);

/// How often the origin is asked what it has seen.
const LOOK: Duration = Duration::from_millis(250);

/// The share of the rate from before that counts as all of it: whole rounds fall into a span or not.
const FULL: f64 = 0.95;

/// What an answer takes meanwhile: 64 at once are then at most 160 a second.
const LATE_MS: u64 = 400;

pub(crate) async fn overload(arguments: &Arguments, report: &mut Report) {
    let kpis = arguments.kpis.unwrap_or(1_000);
    let (origin, sink) = (Peer::start(), Peer::start());
    let prompt = Orders { changing: true, ..Orders::default() };
    origin.order(&prompt).await;
    let written = Portfolio::polled(kpis, Shape::Many, "1s").write(&origin, &sink);
    let daemon = Daemon::start(&arguments.kpid, &written).await;
    sleep(Duration::from_secs(5)).await;
    let before = Window::of(&daemon, &origin, Duration::from_secs(10)).await;

    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let burdens: Vec<_> = (0..2 * cores).map(|_| child::role(&["burn"])).collect();
    origin.order(&Orders { late_ms: LATE_MS, ..prompt.clone() }).await;
    let during = Window::of(&daemon, &origin, OVERLOAD).await;
    drop(burdens);
    origin.order(&prompt).await;

    let back = back(&origin, before.per_second() * FULL).await;
    let after = Window::of(&daemon, &origin, Duration::from_secs(10)).await;
    let work = |what| format!("overload, {kpis} KPIs a second: {what}");
    let rate = |window: Window| Measured::new(window.per_second(), "");
    report.alone(&work("done a second before"), rate(before), &format!("{kpis}"));
    report.alone(&work("done a second during it"), rate(during), "-");
    match back {
        Some(seconds) => {
            report.alone(&work("full rate again after"), Measured::new(seconds, "s"), "<= 5 s");
        }
        None => {
            let words = format!("not within {} s", WATCH.as_secs());
            report.words(&work("full rate again after"), &words, "<= 5 s");
        }
    }
    report.row(&work("done a second afterwards, before"), rate(after), rate(before), "1 x");
    report.row(
        &work("CPU s per 1,000 afterwards, before"),
        Measured::new(after.cpu_per_1000(), ""),
        Measured::new(before.cpu_per_1000(), ""),
        "1 x",
    );
}

/// Seconds until the first span with the full rate begins.
async fn back(origin: &Peer, full: f64) -> Option<f64> {
    let began = Instant::now();
    let mut looks = VecDeque::new();
    while began.elapsed() < WATCH + SPAN {
        let at = began.elapsed();
        looks.push_back((at, origin.seen().await.asked));
        while let Some((first, asked)) = looks.front().copied()
            && at - first >= SPAN
        {
            let done = (looks.back()?.1 - asked) as f64;
            if done / (at - first).as_secs_f64() >= full {
                return Some(first.as_secs_f64());
            }
            looks.pop_front();
        }
        sleep(LOOK).await;
    }
    None
}
