//! One timeline: what comes in, what becomes of it in the daemon's own steps, and what goes wrong.

use std::{
    collections::{HashMap, HashSet},
    future::poll_fn,
    path::{Path, PathBuf},
    pin::pin,
};

use chrono::{DateTime, TimeDelta, Utc};
use kpid::{
    engine::judgement::{self, LIVE},
    instance::Instance,
    outbox::deliver::Worker,
};
use kpid_clock::Clock;
use kpid_config::{load, secret::Secrets, setup::Setup};
use kpid_delivery::{channels::Channels, delivery::Delivery};
use kpid_message::message::Message;
use kpid_rules::{
    alerting::Acknowledgement,
    analysis::timeline::TimelineStep,
    evaluation::Circumstances,
    model::{Frequency, Id, KpiRef, Scope},
    series::{Actual, Figure},
};
use kpid_store::{
    Attempt, AttemptOutcome, Collected, Filed, Filing, InstanceLock, Known, Precedence, Stage,
    Store,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::oracle;
use crate::world::{
    dice::Dice,
    kpid::Kpid,
    smtp::{Conduct, Smtp},
    webhook::{Answer, Webhook},
};

const MAILS: [&str; 3] = ["ines@acme.example", "tom@acme.example", "carla@acme.example"];

const KPIS: [&str; 3] = ["acme/calls", "acme/mails", "acme/cash"];

const CHANNELS: [&str; 3] = ["mail", "ops", "watch"];

/// Attempts at deliveries while time passes; a longer outage is one of the whole machine.
const PASSES_MAX: usize = 6;

/// Days after which no channel has anything left to do.
const HEALED_WITHIN: TimeDelta = TimeDelta::days(60);

fn configuration(smtp: &Smtp, ops: &Webhook, watch: &Webhook) -> String {
    format!(
        "store: kpid.db
calendar: {{ timezone: Europe/Amsterdam }}
channels:
  mail: {{ email: {{ smtp: {}, from: kpid@acme.example }} }}
  ops: {{ webhook: {{ url: \"{}\", secret: a secret of nobody }} }}
  watch: {{ webhook: {{ url: \"{}\" }} }}
people:
  ines: {{ name: Ines, email: ines@acme.example }}
  tom: {{ name: Tom, email: tom@acme.example }}
  carla: {{ name: Carla, email: carla@acme.example }}
operators: [watch]
alerts: {{ mails_per_day: 0 }}
",
        smtp.yaml(),
        ops.url(),
        watch.url()
    )
}

const SCORECARD: &str = "scorecard: acme
perspectives:
  care:
    alert: { to: [ines, ops], escalate_to: [carla], escalate_after: 2 }
    objectives:
      answer:
        kpis:
          calls: { nature: flow, period: month, target: 100, tolerance: 50 }
          mails: { nature: flow, period: month, target: 100, tolerance: 50 }
  money:
    alert: { to: [tom, ops], remind_after: 5d }
    objectives:
      earn:
        kpis:
          cash: { nature: flow, period: month, target: 100, tolerance: 50 }
";

/// What befell a timeline.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) told: usize,
    pub(crate) delivered: usize,
    pub(crate) given_up: usize,
    pub(crate) repeated: usize,
    pub(crate) deaths: usize,
    pub(crate) deaths_of_claimed: usize,
}

impl Seen {
    pub(crate) fn add(&mut self, other: &Self) {
        self.told += other.told;
        self.delivered += other.delivered;
        self.given_up += other.given_up;
        self.repeated += other.repeated;
        self.deaths += other.deaths;
        self.deaths_of_claimed += other.deaths_of_claimed;
    }

    pub(crate) fn is_everything(&self) -> bool {
        let Self { told, delivered, given_up, repeated, deaths, deaths_of_claimed } = self;
        [told, delivered, given_up, repeated, deaths, deaths_of_claimed].iter().all(|n| **n > 0)
    }
}

/// A process, as far as it holds anything.
struct Life {
    instance: Instance,
    deliveries_ready: Notify,
    stop: CancellationToken,
}

/// A timeline as it is played.
pub(crate) struct Run {
    dice: Dice,
    pub(crate) smtp: Smtp,
    pub(crate) ops: Webhook,
    pub(crate) watch: Webhook,
    pub(crate) setup: Setup,
    /// They hold nothing but connections, and those come anew when one is cut.
    channels: Channels,
    now: DateTime<Utc>,
    life: Option<Life>,
    /// What the simulation is told: a step for every judgement that was kept.
    pub(crate) steps: Vec<TimelineStep>,
    /// What was known of the messages of open alerts at each of them.
    pub(crate) known: Vec<HashMap<Scope, Known>>,
    /// What came in since the last of them.
    coming: TimelineStep,
    pub(crate) seen: Seen,
    _kpid: Kpid,
}

/// Plays a whole timeline on a copy of an empty store, and compares.
pub(crate) async fn play(mut dice: Dice, empty: &Path) -> Seen {
    let happenings = 3 + dice.below(8);
    let mut run = Run::begin(dice).await;
    std::fs::copy(empty, &run.setup.store).unwrap();
    run.rise().await;
    run.look_first().await;
    for _ in 0..happenings {
        run.pass_time().await;
        run.happen().await;
    }
    run.heal().await;
    let store = run.life().instance.store.clone();
    oracle::compare(&mut run, &store).await;
    run.seen
}

/// The mail server says 451 and the webhook 503 for a minute, in which the process dies.
pub(crate) async fn refuse_for_a_minute() {
    let mut run = Run::fallen().await;
    let healthy = run.now + TimeDelta::seconds(60);
    MAILS.iter().for_each(|mail| run.smtp.conduct(mail, Conduct::Defer));
    run.ops.answer(&[Answer::Status(503); 3]);
    let stop = run.life().stop.clone();
    let mut refused = 0;
    while run.now < healthy {
        for channel in ["mail", "ops"] {
            refused += run.worker(channel).deliver_due(&stop).await.unwrap();
        }
        run.die_and_rise().await;
        run.now += TimeDelta::seconds(15);
    }
    assert!(refused >= 4, "each is tried twice in a minute: {refused}");
    assert!(run.smtp.mails().is_empty());
    run.heal().await;
    let store = run.life().instance.store.clone();
    oracle::compare(&mut run, &store).await;
    assert_eq!((run.seen.told, run.seen.given_up, run.smtp.mails().len()), (2, 0, 1));
}

/// A row that another release wrote, or nobody.
pub(crate) async fn give_up_what_cannot_be_read() {
    let mut run = Run::fallen().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(run.path());
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    let garble = "UPDATE deliveries SET facts = '{\"event\":\"opened\"}' WHERE channel = 'mail'";
    sqlx::raw_sql(garble).execute(&mut connection).await.unwrap();
    run.heal().await;
    let notices = run.watch.calls().into_iter().map(|call| call.json());
    let said: String =
        notices.filter(|notice| notice["event"] == "gave_up").map(|it| it.to_string()).collect();
    assert!(said.contains("A message for tom@acme.example could not be delivered"), "{said}");
    assert!(run.smtp.mails().is_empty());
}

fn nothing(at: DateTime<Utc>) -> TimelineStep {
    TimelineStep {
        at,
        actuals: Vec::new(),
        failures: Vec::new(),
        historical: false,
        silenced: Vec::new(),
        receipts: Vec::new(),
        acknowledged: Vec::new(),
    }
}

fn perspective(id: &str) -> Scope {
    Scope::Perspective(Id::parse("acme").unwrap(), Id::parse(id).unwrap())
}

impl Run {
    /// Peers and a configuration; no process yet, and no store.
    async fn begin(dice: Dice) -> Self {
        let (smtp, ops, watch) = tokio::join!(Smtp::start(), Webhook::start(), Webhook::start());
        let kpid = Kpid::new(&configuration(&smtp, &ops, &watch), SCORECARD);
        let (setup, _) = load::load(&kpid.folder().join("kpid.yaml"), Secrets::Needed).unwrap();
        let now = "2026-02-03T06:00:00Z".parse().unwrap();
        let channels = Channels::open(&setup.channels).unwrap();
        Self {
            dice,
            smtp,
            ops,
            watch,
            setup,
            channels,
            now,
            life: None,
            steps: Vec::new(),
            known: Vec::new(),
            coming: nothing(now),
            seen: Seen::default(),
            _kpid: kpid,
        }
    }

    /// One perspective has just fallen off track, and nobody knows yet.
    async fn fallen() -> Self {
        let mut run = Self::begin(Dice::of(0)).await;
        run.rise().await;
        run.look_first().await;
        run.figure("acme/cash", 0, 10.0);
        run.record().await;
        run.judge(&[]).await;
        run
    }

    fn life(&self) -> &Life {
        self.life.as_ref().unwrap()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.setup.store.clone()
    }

    /// A process begins, as `kpid run` does.
    async fn rise(&mut self) {
        let lock = InstanceLock::take(&self.setup.store).await.unwrap();
        let store = Store::open(&self.setup.store).await.unwrap();
        let freed = store.free_claims(&lock).await.unwrap();
        self.seen.deaths_of_claimed += usize::try_from(freed).unwrap();
        let instance = Instance::start(self.setup.clone(), store).await.unwrap();
        self.life = Some(Life {
            instance,
            deliveries_ready: Notify::new(),
            stop: CancellationToken::new(),
        });
    }

    /// The process ends where it stands. What it had under way is gone already; the file is let go
    /// of, as the system does for the dead.
    async fn die(&mut self) {
        self.seen.deaths += 1;
        let life = self.life.take().unwrap();
        life.instance.store.close().await;
    }

    async fn die_and_rise(&mut self) {
        self.die().await;
        self.rise().await;
    }

    /// The first look at a scope is not told of.
    async fn look_first(&mut self) {
        for kpi in KPIS {
            self.figure(kpi, 0, 120.0);
        }
        self.coming.historical = true;
        self.record().await;
        self.judge(&[]).await;
    }

    fn figure(&mut self, kpi: &str, back: usize, value: f64) {
        let card = &self.setup.portfolio.scorecards()[0];
        let newest = card.calendar.last_closed(Frequency::Month, self.now);
        let mut periods = std::iter::successors(Some(newest), |period| Some(period.previous()));
        let (period, figure) = (periods.nth(back).unwrap(), Figure::Value(value));
        let actual = Actual { figure, target: None, observed_at: self.now, collected_at: self.now };
        self.coming.actuals.push((KpiRef::parse(kpi).unwrap(), period, actual));
    }

    /// Something comes in, and is kept and judged, if need be after a death or two.
    async fn happen(&mut self) {
        let before = (self.coming.actuals.len(), self.coming.failures.len());
        for _ in 0..=self.dice.below(2) {
            let (kpi, back) = (self.dice.pick(&KPIS), self.dice.pick(&[0, 0, 0, 1, 2]));
            let value = self.dice.pick(&[10.0, 30.0, 40.0, 60.0, 120.0, 140.0]);
            match self.dice.once_in(8) {
                true => {
                    let words = "the desk hung up".to_owned();
                    self.coming.failures.push((KpiRef::parse(kpi).unwrap(), words));
                }
                false => self.figure(kpi, back, value),
            }
        }
        if self.dice.once_in(10) {
            let polls = self.dice.below(30);
            let _ = within_polls(polls, self.keep(before)).await;
            self.die_and_rise().await;
        }
        self.keep(before).await;
        if self.dice.once_in(8) {
            self.die().await;
            let later = self.minutes(3000);
            self.now += later;
            self.rise().await;
            return self.judge(&[]).await;
        }
        if self.dice.once_in(8) {
            self.acknowledge().await;
        }
        let silenced = match self.dice.below(8) {
            0 => vec![Scope::Scorecard(Id::parse("acme").unwrap())],
            1 => vec![perspective("care")],
            _ => Vec::new(),
        };
        if self.dice.once_in(10) {
            self.die_judging(&silenced).await;
        }
        self.judge(&silenced).await;
    }

    fn minutes(&mut self, most: u64) -> TimeDelta {
        TimeDelta::minutes(i64::try_from(1 + self.dice.below(most)).unwrap())
    }

    async fn record(&self) {
        self.keep((0, 0)).await;
    }

    /// Keeps what came in after so many that are kept already.
    async fn keep(&self, (actuals, failures): (usize, usize)) {
        let attempt = |outcome, message: Option<&String>| Attempt {
            slot: None,
            missed: 0,
            finished_at: self.now,
            outcome,
            message: message.cloned(),
        };
        let mut collected = Vec::new();
        for (kpi, period, actual) in &self.coming.actuals[actuals..] {
            let filed = Filed {
                period: *period,
                figure: actual.figure,
                target: None,
                observed_at: actual.observed_at,
                collected_at: actual.collected_at,
                stage: Stage::Closed,
                precedence: Precedence::CollectedLast,
            };
            collected.push(Collected {
                kpi: kpi.clone(),
                attempt: Some(attempt(AttemptOutcome::Samples, None)),
                filing: Filing::Actuals,
                filed: vec![filed],
            });
        }
        for (kpi, message) in &self.coming.failures[failures..] {
            collected.push(Collected {
                kpi: kpi.clone(),
                attempt: Some(attempt(AttemptOutcome::Error, Some(message))),
                filing: Filing::Actuals,
                filed: Vec::new(),
            });
        }
        self.life().instance.store.record(&collected).await.unwrap();
    }

    async fn acknowledge(&mut self) {
        let scope = perspective(self.dice.pick(&["care", "money"]));
        let due = self.dice.once_in(2).then(|| (self.now + TimeDelta::days(9)).date_naive());
        let (by, at) = ("ines".to_owned(), self.now);
        let acknowledgement = Acknowledgement { by, at, comment: None, due };
        self.life().instance.store.acknowledge(&scope, None, &acknowledgement).await.unwrap();
        self.coming.acknowledged.push((scope, acknowledgement));
    }

    async fn judge(&mut self, silenced: &[Scope]) {
        let known = self.known().await;
        judge(&self.life().instance, silenced, self.now).await;
        self.judged(silenced, known);
    }

    /// What is known of the messages of open alerts.
    async fn known(&self) -> HashMap<Scope, Known> {
        self.life().instance.store.held(&HashSet::new()).await.unwrap().known
    }

    /// The simulation hears of a judgement, and what was known when it was made.
    fn judged(&mut self, silenced: &[Scope], known: HashMap<Scope, Known>) {
        let next = nothing(self.now);
        let coming = std::mem::replace(&mut self.coming, next);
        let receipts = known.iter().map(|(scope, known)| (scope.clone(), known.receipts));
        let (receipts, silenced) = (receipts.collect(), silenced.to_vec());
        self.steps.push(TimelineStep { at: self.now, silenced, receipts, ..coming });
        self.known.push(known);
    }

    /// Dies while it judges: all of the judgement was kept, or nothing.
    async fn die_judging(&mut self, silenced: &[Scope]) {
        let before = self.life().instance.store.episodes().await.unwrap();
        let known = self.known().await;
        let polls = self.dice.below(60);
        let _ = within_polls(polls, judge(&self.life().instance, silenced, self.now)).await;
        self.die_and_rise().await;
        let after = self.life().instance.store.episodes().await.unwrap();
        if after != before {
            self.judged(silenced, known);
        }
    }

    /// Days or minutes go by; now and then the clock is set back.
    async fn pass_time(&mut self) {
        if self.dice.once_in(12) {
            let earlier = self.minutes(2000);
            self.now -= earlier;
        }
        let most = self.dice.pick(&[10, 600, 4000, 30_000]);
        let until = self.now + self.minutes(most);
        self.deliver_all().await;
        for _ in 0..PASSES_MAX {
            match self.next_due().await {
                Some(due) if due < until => self.now = self.now.max(due),
                _ => break,
            }
            self.deliver_all().await;
        }
        self.now = until;
    }

    async fn next_due(&self) -> Option<DateTime<Utc>> {
        let held = self.life().instance.store.deliveries(false).await.unwrap();
        let due = held.iter().filter_map(|held| held.next_attempt_at);
        due.filter(|due| *due > self.now).min()
    }

    async fn deliver_all(&mut self) {
        for channel in CHANNELS {
            self.set_moods();
            self.deliver(channel).await;
        }
    }

    fn set_moods(&mut self) {
        use Conduct::{Cut, Defer, Drop, Reject, Take};
        for address in MAILS {
            let faces = [Take, Take, Take, Take, Defer, Defer, Drop, Cut, Reject];
            self.smtp.conduct(address, self.dice.pick(&faces));
        }
        self.ops.calm();
        self.watch.calm();
        for _ in 0..4 {
            let patience = u32::try_from(self.dice.below(100_000)).unwrap();
            let passing = [
                Answer::Status(204),
                Answer::Status(200),
                Answer::Status(202),
                Answer::Status(503),
                Answer::Status(408),
                Answer::Patience(patience),
                Answer::Cut,
            ];
            self.watch.answer(&[self.dice.pick(&passing)]);
            let faces = [&passing[..], &[Answer::Status(204), Answer::Status(400)]].concat();
            self.ops.answer(&[self.dice.pick(&faces)]);
        }
    }

    fn worker(&self, channel: &str) -> Worker<'_> {
        let Life { instance, deliveries_ready, .. } = self.life();
        let (channel, _) = self.setup.channels.get_key_value(&Id::parse(channel).unwrap()).unwrap();
        let clock = Clock::set(self.now);
        Worker::new(instance, &self.channels, channel, clock, deliveries_ready, None)
    }

    /// One pass of a channel's worker, which may end in its death.
    async fn deliver(&mut self, channel: &str) {
        let stop = self.life().stop.clone();
        match self.dice.below(40) {
            0 => {
                self.claim(channel).await;
            }
            1 => {
                let of_channel = Id::parse(channel).unwrap();
                for claimed in self.claim(channel).await {
                    let message = Message::from_json(&claimed.facts).unwrap();
                    let (id, recipient) = (claimed.id, claimed.recipient.as_str());
                    let delivery = Delivery {
                        id,
                        channel: &of_channel,
                        recipient,
                        language: kpid_language::english(),
                        message: &message,
                        link: None,
                    };
                    // Whatever was answered is forgotten with the life.
                    let _ = self.channels.send(delivery, self.now).await;
                }
            }
            2 => {
                let polls = self.dice.below(60);
                let _ = within_polls(polls, self.worker(channel).deliver_due(&stop)).await;
            }
            3 => {
                self.hang(channel);
                let other = if channel == "mail" { "ops" } else { "mail" };
                let (worker, other) = (self.worker(channel), self.worker(other));
                let died = async {
                    match channel {
                        "mail" => self.smtp.hung().await,
                        "ops" => self.ops.hung().await,
                        _ => self.watch.hung().await,
                    }
                    // A channel that hangs keeps no other waiting.
                    other.deliver_due(&stop).await.unwrap();
                };
                tokio::select! {
                    came = worker.deliver_due(&stop) => drop(came.unwrap()),
                    () = died => {}
                }
            }
            _ => {
                self.worker(channel).deliver_due(&stop).await.unwrap();
                return;
            }
        }
        self.die_and_rise().await;
    }

    fn hang(&self, channel: &str) {
        match channel {
            "mail" => MAILS.iter().for_each(|mail| self.smtp.conduct(mail, Conduct::Hang)),
            "ops" => {
                self.ops.calm();
                self.ops.answer(&[Answer::Hang; 4]);
            }
            _ => {
                self.watch.calm();
                self.watch.answer(&[Answer::Hang; 4]);
            }
        }
    }

    /// Everybody takes what comes, until nothing is left.
    async fn heal(&mut self) {
        let end = self.now + HEALED_WITHIN;
        let stop = self.life().stop.clone();
        MAILS.iter().for_each(|mail| self.smtp.conduct(mail, Conduct::Take));
        self.ops.calm();
        self.watch.calm();
        while self.life().instance.store.pending().await.unwrap() > 0 {
            let mut made = 0;
            for channel in CHANNELS {
                made += self.worker(channel).deliver_due(&stop).await.unwrap();
            }
            if made == 0 {
                self.now = self.next_due().await.unwrap_or(end);
            }
            let held = self.life().instance.store.deliveries(false).await.unwrap();
            assert!(self.now < end, "never delivered: {held:#?}");
        }
    }

    async fn claim(&self, channel: &str) -> Vec<kpid_store::Claimed> {
        let until = self.now + TimeDelta::minutes(10);
        self.life().instance.store.claim(channel, self.now, until, 4).await.unwrap()
    }
}

async fn judge(instance: &Instance, silenced: &[Scope], now: DateTime<Utc>) {
    let all: Vec<Id> =
        instance.setup.portfolio.scorecards().iter().map(|it| it.id.clone()).collect();
    judgement::judge(instance, &all, Circumstances { silenced, ..LIVE }, now).await.unwrap();
}

/// What comes of something that may be looked at so often, if it comes.
async fn within_polls<T>(polls: u64, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut left) = (pin!(work), polls);
    poll_fn(|context| {
        if left == 0 {
            return std::task::Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}
