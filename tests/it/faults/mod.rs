//! Random timelines with channels that misbehave and a process that dies between any two steps,
//! against the pure simulation: nothing lost, nothing doubled but under its own id, nothing invented.
//! What fails says its seed; `KPID_SEEDS=17..18 cargo test --test it faults` plays it again.

mod oracle;
mod run;

use futures_util::{StreamExt, stream};
use kpid_store::Store;

use crate::world::dice::{Dice, seeds};

/// Timelines played at once: they wait for their peers most of the time.
const AT_ONCE: usize = 4;

#[tokio::test]
async fn a_message_that_cannot_be_read_is_given_up_and_operators_hear_of_it() {
    run::give_up_what_cannot_be_read().await;
}

#[tokio::test]
async fn a_minute_of_refusals_and_a_restart_cost_nothing() {
    run::refuse_for_a_minute().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_and_dies_what_is_told_is_what_the_simulation_tells() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("kpid.db");
    Store::open(&empty).await.unwrap().close().await;
    let played = seeds(150).map(|seed| {
        let empty = empty.clone();
        async move {
            let timeline = async move { run::play(Dice::of(seed), &empty).await };
            let played = tokio::spawn(timeline).await;
            played.unwrap_or_else(|_| panic!("the timeline of seed {seed} failed, as told above"))
        }
    });
    let mut played = stream::iter(played).buffer_unordered(AT_ONCE);
    let mut seen = run::Seen::default();
    while let Some(of_one) = played.next().await {
        seen.add(&of_one);
    }
    // Chance must have brought everything there is to survive, or the test shows nothing.
    assert!(seen.is_everything(), "{seen:?}");
}
