//! Collecting by schedule: over downtime, slow sources, clocks that are set, and kills.

use std::{path::Path, sync::Arc};

use kpid_rules::model::KpiRef;
use kpid_store::Store;
use tokio::sync::Semaphore;

use crate::world::{
    kpid::Kpid,
    origin::{Answer, Origin},
};

fn config(origin: &Origin) -> String {
    // A source that is slow is not one that is too slow.
    let api = origin.yaml().replace("timeout: 2s", "timeout: 5m");
    format!(
        "store: kpid.db\ncalendar: {{ timezone: Europe/Amsterdam }}\nconnections: {{ api: {api} }}\n"
    )
}

/// KPIs by id: nature, period, schedule, and what is asked for.
fn scorecard(kpis: &[(&str, &str, &str, &str, &str)]) -> String {
    let kpis: String = kpis
        .iter()
        .map(|(id, nature, period, schedule, get)| {
            format!(
                "          {id}: {{ nature: {nature}, period: {period}, target: 1, schedule: {schedule}, \
                 source: {{ http: {{ from: api, get: \"{get}\", value: $.value }} }} }}\n"
            )
        })
        .collect();
    format!(
        "scorecard: acme\nperspectives:\n  work:\n    objectives:\n      flow:\n        kpis:\n{kpis}"
    )
}

/// Runs the daemon with a clock set to an instant until something is so.
async fn run_until(kpid: &Kpid, at: &str, what: &str, mut is_so: impl FnMut() -> bool) {
    kpid.run_at(at, what, async || is_so()).await;
}

async fn missed(folder: &Path, since: &str, kpi: &str) -> u64 {
    let store = Store::open(&folder.join("kpid.db")).await.unwrap();
    let missed = store.missed(since.parse().unwrap()).await.unwrap();
    store.close().await;
    missed.get(&KpiRef::parse(&format!("acme/{kpi}")).unwrap()).copied().unwrap_or(0)
}

#[tokio::test]
async fn a_week_of_downtime_is_caught_up_once_for_the_periods_it_belonged_to() {
    let origin = Origin::start().await;
    let days: Vec<String> = (1..=8).map(|day| format!("orders/2026-06-{day:02}")).collect();
    for day in &days {
        origin.figure(day, 5.0);
    }
    origin.figure("staff", 12.0);
    let kpis = [
        ("orders", "flow", "day", "\"0 6 * * *\"", "orders/{period_key}"),
        ("staff", "level", "day", "\"0 6 * * *\"", "staff"),
    ];
    let kpid = Kpid::new(&config(&origin), &scorecard(&kpis));
    let asked = || days.iter().map(|day| origin.asked(day)).collect::<Vec<_>>();
    let first = || asked()[0] == 1 && origin.asked("staff") == 1;
    run_until(&kpid, "2026-06-02T12:00:00Z", "the first run", first).await;
    let second = || asked()[7] == 1 && origin.asked("staff") == 2;
    run_until(&kpid, "2026-06-09T12:00:00Z", "the run after the downtime", second).await;
    assert_eq!(asked(), [1; 8], "each day once");
    let export = kpid.run(&["export"]).await.stdout;
    assert_eq!(export.matches("acme/orders,").count(), 8, "{export}");
    for kpi in ["orders", "staff"] {
        assert_eq!(missed(kpid.folder(), "2026-06-03", kpi).await, 6, "{kpi}");
    }
}

#[tokio::test]
async fn a_slow_run_delays_only_itself_and_what_it_overlaps_is_counted() {
    let origin = Origin::start().await;
    let gate = Arc::new(Semaphore::new(0));
    origin.set("slow", Answer::Gate(Arc::clone(&gate)));
    origin.figure("quick", 98.0);
    let kpis = [
        ("slow", "level", "day", "{ every: 1s }", "slow"),
        ("quick", "level", "day", "{ every: 1s }", "quick"),
    ];
    let kpid = Kpid::new(&config(&origin), &scorecard(&kpis));
    let mut most = 0;
    let done = || {
        if origin.asked("quick") < 4 {
            most = most.max(origin.asked("slow"));
        } else {
            gate.add_permits(1);
        }
        origin.asked("slow") >= 2
    };
    run_until(&kpid, "2026-06-02T12:00:00Z", "the second slow run", done).await;
    assert_eq!(most, 1, "one at a time");
    assert!(missed(kpid.folder(), "2026-06-02", "slow").await >= 1);
}

#[tokio::test]
async fn a_clock_that_is_set_neither_doubles_nor_silences_a_schedule() {
    let origin = Origin::start().await;
    origin.figure("daily", 98.0);
    origin.figure("quick", 98.0);
    let kpis = [
        ("daily", "level", "day", "\"0 6 * * *\"", "daily"),
        ("quick", "level", "day", "{ every: 1s }", "quick"),
    ];
    let kpid = Kpid::new(&config(&origin), &scorecard(&kpis));
    let asked = || (origin.asked("daily"), origin.asked("quick"));
    let first = || asked().0 == 1 && asked().1 >= 1;
    run_until(&kpid, "2026-06-02T12:00:00Z", "the first run", first).await;
    for (at, daily) in [
        // An hour back, and a month; then back where it was, and a day ahead.
        ("2026-06-02T11:00:00Z", 1),
        ("2026-05-02T11:00:00Z", 1),
        ("2026-06-02T13:00:00Z", 1),
        ("2026-06-03T13:00:00Z", 2),
    ] {
        let before = asked().1;
        let again = || asked().1 >= before + 2 && asked().0 >= daily;
        run_until(&kpid, at, "the quick one to go on", again).await;
        assert_eq!(asked().0, daily, "{at}");
    }
}

#[tokio::test]
async fn a_round_that_is_killed_is_run_again() {
    let origin = Origin::start().await;
    origin.set("slow", Answer::Gate(Arc::new(Semaphore::new(0))));
    let kpis = [("slow", "flow", "month", "\"0 6 * * *\"", "slow?m={period_key}")];
    let kpid = Kpid::new(&config(&origin), &scorecard(&kpis));
    let mut daemon = kpid.start();
    daemon.until("the question", async || origin.asked("slow"), |asked| *asked == 1).await;
    daemon.kill().await;
    assert_eq!(kpid.run(&["export"]).await.stdout.lines().count(), 1, "nothing is kept of it");
    origin.figure("slow", 98.0);
    let mut daemon = kpid.start();
    let export = async || kpid.run(&["export"]).await.stdout;
    let held = daemon.until("the figure", export, |text| text.lines().count() == 2).await;
    assert!(held.contains(",98.0,"), "{held}");
    assert_eq!(origin.asked("slow"), 2);
    daemon.stop().await;
}
