//! Hours of trouble, of which the exact ledger is held: sources that fail in every way beside healthy
//! ones, peers that defer, hang and break off, a network that is down, a disk that is full, a daemon
//! that is killed, stopped, ended and reloaded, and commands beside it. What crossed was told once to
//! everybody, nothing else was, and no healthy KPI was missed.
//!
//! `cargo bench --bench night -- --minutes 120 --seed 1`; `--kpid PATH` tries another binary than
//! the one built. It ends with an error if anything was lost, doubled, invented or missed.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a night that cannot go on stops")]
#![expect(
    clippy::disallowed_methods,
    reason = "the peers run beside the daemon, in tasks of theirs"
)]

mod company;
mod crossings;
mod gate;
mod healthy;
mod life;
mod troubles;
#[expect(dead_code, reason = "the peers of the tests, of which a night needs a few")]
#[path = "../../tests/it/world/mod.rs"]
mod world;

use std::{
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use tokio::time::{MissedTickBehavior, interval};

use crossings::Crossings;
use gate::Gate;
use healthy::Healthy;
use life::Life;
use troubles::Troubles;
use world::{dice::Dice, ledger, town::Town, webhook::Webhook};

/// How often it is looked at what came, and something may begin or end.
const STEP: Duration = Duration::from_millis(500);

/// A line of the log of the night so often.
const LINE_EVERY: Duration = Duration::from_secs(300);

/// When all trouble is over, what was to be told is out by then.
const CALM_WITHIN: Duration = Duration::from_secs(180);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    let Some(minutes) = after("--minutes").and_then(|minutes| minutes.parse::<f64>().ok()) else {
        println!("night: say how long, e.g. cargo bench --bench night -- --minutes 120 --seed 1");
        return ExitCode::SUCCESS;
    };
    let seed = after("--seed").map_or(1, |seed| seed.parse().unwrap());
    let kpid = after("--kpid").map_or(env!("CARGO_BIN_EXE_kpid"), String::as_str);
    let folder = tempfile::tempdir().unwrap();
    let length = Duration::from_secs_f64(minutes * 60.0);
    let mut night = Night::begin(Path::new(kpid), folder.path(), length, seed).await;
    night.pass(length).await;
    let is_good = night.end().await;
    if !is_good {
        println!("the daemon's folder is kept at {}", folder.keep().display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// What takes part.
struct Night {
    town: Town,
    watch: Webhook,
    gate: Gate,
    life: Life,
    troubles: Troubles,
    crossings: Crossings,
    healthy: Healthy,
}

impl Night {
    async fn begin(kpid: &Path, folder: &Path, length: Duration, seed: u64) -> Self {
        let (town, watch) = tokio::join!(Town::open(), Webhook::start());
        let gate = Gate::before(&town.origin.url()).await;
        company::found(folder, &town, &watch, &gate);
        let steps = length.as_secs() * 1000 / STEP.as_millis() as u64;
        let crossings = Crossings::new(&town.origin, steps, Dice::of(seed));
        let healthy = Healthy::new(&town.origin);
        let troubles = Troubles::new(Dice::of(seed.wrapping_add(1)));
        let mut life = Life::begin(kpid, folder);
        life.settle().await;
        Self { town, watch, gate, life, troubles, crossings, healthy }
    }

    async fn pass(&mut self, length: Duration) {
        let (began, mut line_at) = (Instant::now(), Instant::now());
        let mut step = interval(STEP);
        step.set_missed_tick_behavior(MissedTickBehavior::Delay);
        println!("{HEADING}");
        while began.elapsed() < length {
            step.tick().await;
            self.life.check();
            self.troubles.step(&self.town, &self.gate, &mut self.life).await;
            self.crossings.step(&self.town);
            self.healthy.look(&self.town.origin, self.life.able_since(&self.gate));
            if line_at.elapsed() >= LINE_EVERY {
                line_at = Instant::now();
                self.line(began);
            }
        }
        self.line(began);
    }

    fn line(&self, began: Instant) {
        let minutes = began.elapsed().as_secs_f64() / 60.0;
        let (told, open) = self.crossings.counts();
        let (troubles, kills) = (self.troubles.count(), self.life.starts());
        let (missed, longest) = self.healthy.counts();
        println!(
            "| {minutes:.0} | {troubles} | {kills} | {told} | {open} | {} | {} | {missed} | {:.1} s |",
            self.town.webhook.calls().len() + self.town.smtp.mails().len(),
            self.watch.calls().len(),
            longest.as_secs_f64(),
        );
    }

    /// Ends all trouble, waits until all is told, and holds the ledger.
    async fn end(mut self) -> bool {
        self.troubles.end_all(&self.town, &self.gate, &mut self.life).await;
        self.watch.calm();
        let calm = Instant::now();
        let mut step = interval(STEP);
        while calm.elapsed() < CALM_WITHIN && self.crossings.is_waiting(&self.town) {
            step.tick().await;
            self.life.check();
            self.crossings.step(&self.town);
        }
        println!("all trouble over; all told {:.1} s later", calm.elapsed().as_secs_f64());
        self.life.settle_deliveries().await;
        let status = self.life.stop().await;
        println!("the daemon ended with {status}");
        let entries = ledger::read(&self.life.store()).await;
        let hooks = [("ops", &self.town.webhook), ("watch", &self.watch)];
        let arrivals = ledger::arrivals(&self.town.smtp.mails(), &hooks);
        let faults = self.crossings.held_against(&entries, &arrivals);
        faults.print();
        let (missed, _) = self.healthy.counts();
        println!("healthy KPIs missed: {missed}");
        // What a store that takes nothing is told of cannot be in it.
        let kept =
            |arrival: &ledger::Arrival| !arrival.words.contains("\"event\":\"store_trouble\"");
        let arrivals: Vec<ledger::Arrival> = arrivals.into_iter().filter(kept).collect();
        ledger::assert_told(&entries, &arrivals);
        faults.are_none() && missed == 0 && status.success() && !self.life.died_by_itself()
    }
}

const HEADING: &str = "\
| minute | troubles | starts | crossings told | open | messages came | notices came | healthy missed | longest gap |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|";
