//! What is counted while the daemon runs. Everything that can be read from the store or from a
//! standing is read when somebody asks, and not counted here.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use crate::telemetry::store_health::StoreHealth;

/// Bounds of durations in seconds: from 10 ms to about 3 minutes.
const SECONDS: (f64, f64, u16) = (0.01, 2.0, 15);

/// Counted since the process began; shared by everything that runs.
#[derive(Debug)]
pub struct Metrics {
    /// Rounds that were kept and judged.
    pub rounds: Counter,
    /// Rounds that could not be.
    pub rounds_failed: Counter,
    /// How long rounds took, collecting and judging.
    pub round_seconds: Histogram,
    /// KPIs collected, by what came: `samples`, `null`, `no_rows`, `error`.
    pub collections: Family<Outcome, Counter>,
    /// Families judged.
    pub judgements: Counter,
    /// KPIs judged: those that something changed of, or whose time had come.
    pub kpis_judged: Counter,
    /// Objectives, perspectives and scorecards rolled up because of them.
    pub nodes_rolled_up: Counter,
    /// Transactions in which figures and judgements were kept.
    pub commits: Counter,
    /// How long the oldest of what was kept last had waited for that, in seconds.
    pub intake_lag: Gauge<f64, AtomicU64>,
    /// Attempts to deliver, by what came: `delivered`, `retried`, `given_up`.
    pub attempts: Family<Outcome, Counter>,
    /// Pushes, by connection and what came: `accepted`, `refused`, `not_kept`.
    pub pushes: Family<PushOutcome, Counter>,
    /// Reloads, by what came: `taken`, `refused`.
    pub reloads: Family<Outcome, Counter>,
    /// Whether what is decided can be kept.
    pub store: StoreHealth,
    left_alone: Family<Connection, Gauge>,
    reloaded_at: AtomicI64,
    reload_refused: AtomicBool,
    turned_at: AtomicI64,
    ready: AtomicBool,
}

/// A connection. There are as many as the configuration names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Connection {
    connection: String,
}

/// What came of something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Outcome {
    /// The word.
    pub outcome: String,
}

/// What came of a push. There are as many connections as the configuration names; of whoever has no
/// token the connection is empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PushOutcome {
    /// The connection's id.
    pub connection: String,
    /// The word.
    pub outcome: String,
}

impl Outcome {
    /// By its word.
    pub fn of(word: &str) -> Self {
        Self { outcome: word.to_owned() }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let (start, factor, count) = SECONDS;
        Self {
            rounds: Counter::default(),
            rounds_failed: Counter::default(),
            round_seconds: Histogram::new(exponential_buckets(start, factor, count)),
            collections: Family::default(),
            judgements: Counter::default(),
            kpis_judged: Counter::default(),
            nodes_rolled_up: Counter::default(),
            commits: Counter::default(),
            intake_lag: Gauge::default(),
            attempts: Family::default(),
            pushes: Family::default(),
            reloads: Family::default(),
            store: StoreHealth::default(),
            left_alone: Family::default(),
            reloaded_at: AtomicI64::new(0),
            reload_refused: AtomicBool::new(false),
            turned_at: AtomicI64::new(0),
            ready: AtomicBool::new(false),
        }
    }
}

impl Metrics {
    /// The scheduler has come round once more.
    pub fn turned(&self, now: DateTime<Utc>) {
        self.turned_at.store(now.timestamp_micros(), Ordering::Relaxed);
        self.ready.store(true, Ordering::Relaxed);
    }

    /// When the scheduler last came round; none before it first did.
    pub fn turned_at(&self) -> Option<DateTime<Utc>> {
        instant(self.turned_at.load(Ordering::Relaxed))
    }

    /// Whether the scheduler runs on a configuration.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// A reload was taken, or refused.
    pub fn reloaded(&self, taken: bool, now: DateTime<Utc>) {
        let word = if taken { "taken" } else { "refused" };
        self.reloads.get_or_create(&Outcome::of(word)).inc();
        self.reload_refused.store(!taken, Ordering::Relaxed);
        if taken {
            self.reloaded_at.store(now.timestamp_micros(), Ordering::Relaxed);
        }
    }

    /// When a configuration was last taken; none before the first.
    pub fn reloaded_at(&self) -> Option<DateTime<Utc>> {
        instant(self.reloaded_at.load(Ordering::Relaxed))
    }

    /// Whether the newest reload was refused, so that an older configuration goes on.
    pub fn is_reload_refused(&self) -> bool {
        self.reload_refused.load(Ordering::Relaxed)
    }

    /// From now on there are other connections.
    pub fn forget_connections(&self) {
        self.left_alone.clear();
    }

    /// A connection is left alone because it fails, or not any more.
    pub fn leaves_alone(&self, connection: &str, yes: bool) {
        let of = Connection { connection: connection.to_owned() };
        self.left_alone.get_or_create(&of).set(i64::from(yes));
    }

    /// Puts what is counted into a registry to be written out.
    pub fn register(&self, registry: &mut Registry) {
        let rounds = self.rounds.clone();
        registry.register("kpid_rounds", "Rounds that were kept and judged", rounds);
        let failed = self.rounds_failed.clone();
        registry.register("kpid_rounds_failed", "Rounds that could not be kept or judged", failed);
        let seconds = self.round_seconds.clone();
        registry.register("kpid_round_seconds", "How long rounds took", seconds);
        let collections = self.collections.clone();
        registry.register("kpid_collections", "KPIs collected, by what came", collections);
        let judgements = self.judgements.clone();
        registry.register(
            "kpid_judgements",
            "Judgements of scorecards that are judged together",
            judgements,
        );
        let kpis = self.kpis_judged.clone();
        registry.register("kpid_judged_kpis", "KPIs that were judged in them", kpis);
        let nodes = self.nodes_rolled_up.clone();
        let help = "Objectives, perspectives and scorecards that were rolled up in them";
        registry.register("kpid_nodes_rolled_up", help, nodes);
        let commits = self.commits.clone();
        registry.register("kpid_commits", "Transactions that kept figures and judgements", commits);
        let help = "How long the oldest of what was kept last had waited for that";
        registry.register("kpid_intake_lag_seconds", help, self.intake_lag.clone());
        let attempts = self.attempts.clone();
        registry.register("kpid_delivery_attempts", "Attempts to deliver, by what came", attempts);
        let pushes = self.pushes.clone();
        registry.register("kpid_pushes", "Pushes, by connection and what came", pushes);
        let reloads = self.reloads.clone();
        registry.register("kpid_reloads", "Reloads of the configuration, by what came", reloads);
        let help = "1 while a connection is left alone because it fails";
        registry.register("kpid_connection_left_alone", help, self.left_alone.clone());
    }
}

fn instant(micros: i64) -> Option<DateTime<Utc>> {
    (micros > 0).then(|| DateTime::from_timestamp_micros(micros)).flatten()
}
