//! What has to be told: how much at once, and how soon.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{
    Arguments,
    baseline::{Took, median},
    child,
    collecting::Window,
    daemon::Daemon,
    origin::Peer,
    peer_state::{Fall, Orders, Seen},
    portfolio::{Figures, Portfolio, Shape, Told},
    report::{Measured, Report},
};

/// Perspectives of a scorecard, with a KPI each, so that a KPI that falls is an alert.
const PERSPECTIVES: usize = 4;

/// Seconds between the collections of a KPI of the storm.
const STORM_EVERY: u64 = 5;

/// People who hear of everything in a storm.
const STORM_READERS: usize = 20;

/// What has not come by then is counted as missing.
const STORM_WITHIN: Duration = Duration::from_secs(90);

/// KPIs that cross their line, one after the other.
const CROSSINGS: usize = 50;

/// A webhook that has not come by then is missing.
const CROSSING_WITHIN: Duration = Duration::from_secs(10);

/// Whatever has not crossed by then does not.
const CROSSINGS_WITHIN: Duration = Duration::from_secs(75);

/// What has not been asked for by then is not waited for.
const KNOWN_WITHIN: Duration = Duration::from_secs(120);

/// Webhooks at once of the bare loop.
const POSTS_AT_ONCE: &str = "8";

/// Until everything has been judged more than once: the first time nobody is told.
const WARM_UP: Duration = Duration::from_secs(15);

/// All perspectives of all scorecards fall with one figure each, and each owner hears of it.
pub(crate) async fn alerts(arguments: &Arguments, report: &mut Report) {
    let kpis = arguments.kpis.unwrap_or(2_000);
    let work = format!("alerts, {kpis} at once");
    Burst { work, short: "alerts", kpis, told: Told::Owners, mails: kpis }
        .measure(arguments, report)
        .await;
}

/// The same of fewer scorecards, of which everybody hears.
pub(crate) async fn storm(arguments: &Arguments, report: &mut Report) {
    let kpis = arguments.kpis.unwrap_or(200);
    let work = format!("storm, {kpis} alerts to {STORM_READERS} readers each");
    let (told, mails) = (Told::Everybody(STORM_READERS), kpis * STORM_READERS);
    Burst { work, short: "storm", kpis, told, mails }.measure(arguments, report).await;
}

/// Alerts that come in one round.
struct Burst {
    work: String,
    short: &'static str,
    kpis: usize,
    told: Told,
    mails: usize,
}

impl Burst {
    async fn measure(&self, arguments: &Arguments, report: &mut Report) {
        let Self { work, short, kpis, told, mails } = self;
        let (origin, sink) = (Peer::start(), Peer::start());
        let posts = bare_posts(*kpis, POSTS_AT_ONCE).await;
        let bare = bare_mails(*mails).await;
        let figures = Figures::Http { every: "5s" };
        let portfolio =
            Portfolio { kpis: *kpis, shape: Shape::Of(PERSPECTIVES), figures, told: *told };
        let written = portfolio.write(&origin, &sink);
        let daemon = Daemon::start(&arguments.kpid, &written).await;
        if let Err(words) = all_known(&origin, *kpis).await {
            return report.words(work, &words, "< 10 s");
        }
        sleep(WARM_UP).await;
        let calm = Window::of(&daemon, &origin, Duration::from_secs(2 * STORM_EVERY)).await;

        origin.order(&Orders { fall: Some(Fall::All), ..Orders::default() }).await;
        let (began, asked, cpu) = (Instant::now(), origin.seen().await.asked, daemon.cpu());
        let mut seen = sink.seen().await;
        let all = |seen: &Seen| seen.webhooks >= *kpis && seen.mails >= *mails;
        while !all(&seen) && began.elapsed() < STORM_WITHIN {
            sleep(Duration::from_millis(50)).await;
            seen = sink.seen().await;
        }
        let cpu = daemon.cpu() - cpu;
        // Polling is watched through whole rounds, however soon everything has been told.
        while began.elapsed() < Duration::from_secs(4 * STORM_EVERY) {
            sleep(Duration::from_millis(50)).await;
        }
        let seconds = began.elapsed().as_secs_f64();
        let polled = origin.seen().await;
        let fell_at = polled.fell_at.unwrap_or_default();
        let row = |report: &mut Report,
                   what: &str,
                   (came, wanted): (usize, usize),
                   at: u64,
                   took: Took| {
            let work = format!("{work}: all {what}");
            if came < wanted {
                let words = format!("{came} of {wanted} in {} s", STORM_WITHIN.as_secs());
                report.words(&work, &words, "< 10 s");
            } else {
                let value = Measured::new(at.saturating_sub(fell_at) as f64 / 1e6, "s");
                report.row(&work, value, Measured::new(took.seconds, "s"), "< 10 s");
            }
        };
        let cpu_of_bare = posts.cpu + bare.cpu;
        row(report, "webhooks", (seen.webhooks, *kpis), seen.webhook_at, posts);
        row(report, "mails", (seen.mails, *mails), seen.mail_at, bare);
        report.row(
            &format!("{short}: polls a second meanwhile, before"),
            Measured::new((polled.asked - asked) as f64 / seconds, ""),
            Measured::new(calm.per_second(), ""),
            "1 x",
        );
        report.row(
            &format!("{short}: CPU s"),
            Measured::new(cpu, "s"),
            Measured::new(cpu_of_bare, "s"),
            "-",
        );
    }
}

/// One KPI of many crosses its line; then the next one.
pub(crate) async fn crossing(arguments: &Arguments, report: &mut Report) {
    let kpis = arguments.kpis.unwrap_or(1_000);
    let (origin, sink) = (Peer::start(), Peer::start());
    let posts = bare_posts(CROSSINGS, "1").await;
    let portfolio = Portfolio {
        kpis,
        shape: Shape::Of(PERSPECTIVES),
        figures: Figures::Http { every: "1s" },
        told: Told::Owners,
    };
    let written = portfolio.write(&origin, &sink);
    let daemon = Daemon::start(&arguments.kpid, &written).await;
    let work = |what: &str| format!("crossing, {kpis} KPIs a second: poll to webhook, {what}");
    if let Err(words) = all_known(&origin, kpis).await {
        return report.words(&work("p50"), &words, "< 20 ms");
    }
    sleep(WARM_UP).await;
    let mut spans = Vec::new();
    let mut missing = 0;
    let began = Instant::now();
    for crossed in 0..CROSSINGS.min(kpis) {
        if began.elapsed() > CROSSINGS_WITHIN {
            break;
        }
        // From all over the portfolio, and never twice.
        let at = crossed * kpis / CROSSINGS.min(kpis);
        match cross(&origin, &sink, at).await {
            Some(span) => spans.push(span),
            None => missing += 1,
        }
    }
    drop(daemon);
    if missing > 0 {
        let words = format!("{missing} of {}", missing + spans.len());
        let later = format!("later than {} s", CROSSING_WITHIN.as_secs());
        report.words(&work(&later), &words, "none");
    }
    let middle = median(&mut spans);
    let bare = |ms| Measured::new(ms, "ms");
    report.row(&work("p50"), Measured::new(middle, "ms"), bare(posts.median_ms), "< 20 ms");
    let longest = spans.last().copied().unwrap_or(0.0);
    report.row(&work("max"), Measured::new(longest, "ms"), bare(posts.max_ms), "< 100 ms");
}

/// Milliseconds from the answer that is off track to the webhook that says so.
async fn cross(origin: &Peer, sink: &Peer, at: usize) -> Option<f64> {
    let before = sink.seen().await.webhooks;
    origin.order(&Orders { fall: Some(Fall::One(at)), ..Orders::default() }).await;
    let began = Instant::now();
    while began.elapsed() < CROSSING_WITHIN {
        let told = sink.seen().await;
        if told.webhooks > before {
            let fell_at = origin.seen().await.fell_at?;
            return Some(told.webhook_at.saturating_sub(fell_at) as f64 / 1e3);
        }
        sleep(Duration::from_millis(20)).await;
    }
    None
}

/// Waits until every KPI has been asked for; otherwise says how many have been.
async fn all_known(origin: &Peer, kpis: usize) -> Result<(), String> {
    let began = Instant::now();
    while began.elapsed() < KNOWN_WITHIN {
        if origin.seen().await.distinct >= kpis {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    let distinct = origin.seen().await.distinct;
    Err(format!("{distinct} of {kpis} collected in {} s", KNOWN_WITHIN.as_secs()))
}

async fn bare_posts(count: usize, at_once: &str) -> Took {
    let sink = Peer::start();
    let url = format!("{}hook", sink.url());
    child::found(&["post", &url, &count.to_string(), at_once]).await
}

async fn bare_mails(count: usize) -> Took {
    let sink = Peer::start();
    let server = format!("127.0.0.1:{}", sink.smtp_port());
    child::found(&["mail", &server, &count.to_string()]).await
}
