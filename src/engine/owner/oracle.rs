//! The owner against judgements from scratch: whatever happens, how everything stands, the alerts and
//! who is told are what `evaluate` makes of what the store holds. A failure names its seed.

use std::{
    collections::{BTreeSet, HashMap},
    future::poll_fn,
    pin::pin,
};

use chrono::TimeDelta;
use serde_json::Value;
use uuid::Uuid;

use kpid_config::{load, secret::Secrets};
use kpid_rules::{
    alerting::{Acknowledgement, Cause, Episode, Event, Silence},
    analysis::Picture,
    evaluation::{Circumstances, EpisodeChange, evaluate, judge_some, rejudge},
    judgement::Standing,
    model::{Id, Scope},
    series::Figure,
};
use kpid_store::{
    Attempt, AttemptOutcome, AuditAction, AuditEntry, Filed, Filing, Held, Listed, Precedence,
    Stage, Store,
};

use super::*;
use crate::{
    engine::import,
    web::change::{Acknowledge, Media, Push, PushAnswer},
};

/// Stories that are played.
const SEEDS: u64 = 12;

/// What happens in a story.
const STEPS: usize = 30;

/// Chance that can be had again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        // SplitMix64, which takes any seed.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as usize % end
    }

    fn pick<T: Clone>(&mut self, faces: &[T]) -> T {
        faces[self.below(faces.len())].clone()
    }
}

const DAEMON: &str = "
store: kpid.db
calendar: { timezone: Europe/Amsterdam }
channels: { mail: { email: { from: kpid@example.com, folder: outbox } } }
people: { you: { name: You, email: you@example.com }, boss: { email: boss@example.com } }
connections: { shop: { push: { tokens: { till: { sha256: \"TOKEN\" } } } } }
";

const KPIS: [&str; 6] =
    ["care/calls", "care/mails", "care/queue", "sales/calls", "sales/mails", "sales/queue"];

/// A unit, with the target that its author wants now.
fn unit(id: &str, target: usize) -> String {
    format!(
        "
scorecard: {id}
owner: you
perspectives:
  customer:
    alert: {{ to: [you], escalate_to: [boss], escalate_after: 2, remind_after: 2d, quiet: [{{ days: [sat, sun] }}] }}
    objectives:
      answer:
        kpis:
          calls: {{ nature: flow, period: month, critical: true, target: {target}, tolerance: 3, alert: {{ to: [boss] }} }}
          mails: {{ nature: flow, period: month, target: 95, tolerance: 3 }}
          both: {{ nature: flow, period: month, target: 190, tolerance: 6, weight: 0, formula: calls + mails }}
  staff:
    alert: {{ to: [you] }}
    objectives:
      attend:
        kpis:
          queue: {{ nature: level, target: 95, tolerance: 3, max_age: 9h }}
          till: {{ nature: flow, period: month, target: 95, tolerance: 3, source: {{ push: {{ from: shop }} }} }}
"
    )
}

const GROUP: &str = "
scorecard: group
owner: boss
perspectives:
  customer:
    alert: { to: [boss] }
    objectives:
      answer:
        kpis:
          calls: { nature: flow, period: month, target: 95, tolerance: 3, shared: [care/calls] }
";

/// A daemon's owner, and what happens to it.
struct Timeline {
    dice: Dice,
    folder: tempfile::TempDir,
    owner: Owner,
    beside: Instance,
    now: DateTime<Utc>,
    target: usize,
    /// Whether its clock is set back now and then.
    turns_back: bool,
    /// What befell it.
    seen: BTreeSet<&'static str>,
}

impl Timeline {
    async fn begin(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("scorecards")).unwrap();
        let daemon = DAEMON.replace("TOKEN", &"a".repeat(64));
        std::fs::write(folder.path().join("kpid.yaml"), daemon).unwrap();
        std::fs::write(folder.path().join("scorecards/group.yaml"), GROUP).unwrap();
        let now = "2026-06-17T04:00:07Z".parse().unwrap();
        let (owner, beside) = owner(folder.path(), 95, now).await;
        let (dice, seen) = (Dice(seed), BTreeSet::new());
        let turns_back = seed.is_multiple_of(3);
        Self { dice, folder, owner, beside, now, target: 95, turns_back, seen }
    }

    /// Time passes: minutes, hours, days; now and then it is set back.
    fn pass(&mut self) {
        let span = match self.dice.below(10) {
            0..4 => TimeDelta::minutes(11),
            4..6 => TimeDelta::hours(4),
            6 | 7 => TimeDelta::days(1),
            8 => TimeDelta::days(8),
            _ if self.turns_back => TimeDelta::hours(-3),
            _ => TimeDelta::minutes(11),
        };
        if span < TimeDelta::zero() {
            self.seen.insert("the clock was set back");
        }
        self.now += span;
        self.owner.clock = Clock::set(self.now);
    }

    fn collected(&mut self) -> Collected {
        let kpi = KpiRef::parse(self.dice.pick(&KPIS)).unwrap();
        let portfolio = &self.owner.instance.setup.portfolio;
        let calendar = portfolio.scorecard(&kpi.scorecard).unwrap().calendar.clone();
        let running = calendar.period_at(portfolio.kpi(&kpi).unwrap().frequency, self.now);
        let is_level = kpi.kpi.as_str() == "queue";
        let back = if is_level { 0 } else { self.dice.pick(&[1, 1, 1, 2]) };
        let period = (0..back).fold(running, |period, _| period.previous());
        let value = self.dice.pick(&[10.0, 60.0, 93.0, 95.0, 95.0, 120.0]);
        let (now, fails) = (self.now, self.dice.below(6) == 0);
        let filed = Filed {
            period,
            figure: Figure::Value(value),
            target: None,
            observed_at: now,
            collected_at: now,
            stage: if is_level { Stage::Running } else { Stage::Closed },
            precedence: Precedence::CollectedLast,
        };
        let (outcome, message) = match fails {
            true => (AttemptOutcome::Error, Some("it hung up".to_owned())),
            false => (AttemptOutcome::Samples, None),
        };
        let attempt = Attempt { slot: Some(now), missed: 0, finished_at: now, outcome, message };
        let filing = if is_level { Filing::Newest } else { Filing::Actuals };
        let filed = if fails { Vec::new() } else { vec![filed] };
        Collected { kpi, attempt: Some(attempt), filing, filed }
    }

    /// Something happens; comes back with what is asked over HTTP.
    async fn happen(&mut self) -> Vec<Change> {
        let scope = Scope::Perspective(
            Id::parse(self.dice.pick(&["care", "sales"])).unwrap(),
            Id::parse("customer").unwrap(),
        );
        let (by, at) = ("you".to_owned(), self.now);
        match self.dice.below(12) {
            0..6 => {
                for _ in 0..=self.dice.below(3) {
                    let collected = self.collected();
                    let family = self.owner.families.of_scorecard(&collected.kpi.scorecard);
                    let family = family.unwrap();
                    self.owner.take(Arrival::Asked(family));
                    self.owner.take(Arrival::Collected(family, vec![collected]));
                    let (committed, _) = oneshot::channel();
                    self.owner.take(Arrival::Due { family, committed: Some(committed) });
                }
            }
            6 => {
                let rows = "kpi,period,value\ncare/mails,2026-05,20\nsales/calls,2026-05,99\n";
                let rows = import::read(&self.beside.setup, rows.as_bytes(), at).unwrap();
                let of = "mails.csv".to_owned();
                let action = AuditAction::Imported;
                let entry = AuditEntry { at, by, action, of, detail: None };
                self.beside.store.take_in(&rows, &entry).await.unwrap();
                self.seen.insert("a command imported");
            }
            7 => {
                let acknowledgement = Acknowledgement { by, at, comment: None, due: None };
                self.beside.store.acknowledge(&scope, None, &acknowledgement).await.unwrap();
                self.seen.insert("a command acknowledged");
            }
            8 => {
                let until = at + TimeDelta::hours(30);
                let silence = Silence { scope, from: at, until, reason: "moving".to_owned(), by };
                self.beside.store.silence(&silence, chrono_tz::UTC, at).await.unwrap();
                self.seen.insert("a command silenced");
            }
            9 => {
                let episodes = self.held().await.episodes;
                let open = episodes.get(&scope).filter(|episode| episode.is_open());
                let key = open.map_or_else(|| "nothing".to_owned(), |it| it.dedup_key(&scope));
                let acknowledgement = Acknowledgement { by, at, comment: None, due: None };
                let change = Acknowledge { dedup_key: key, acknowledgement };
                let (answer, _) = oneshot::channel();
                return vec![Change::Acknowledge(change, answer)];
            }
            10 => self.reload().await,
            11 => {
                let value = self.dice.pick(&[20, 95]);
                let body = format!("kpi,period,value\nsales/till,2026-05,{value}\n");
                let connection = Id::parse("shop").unwrap();
                let (by, key, media) = ("till".to_owned(), None, Media::Csv);
                let push = Push { connection, by, key, media, body: body.into() };
                let (answer, _) = oneshot::channel::<PushAnswer>();
                self.seen.insert("a push");
                return vec![Change::Push(push, answer)];
            }
            _ => {}
        }
        Vec::new()
    }

    /// Another configuration takes over: the target is another one.
    async fn reload(&mut self) {
        self.target = if self.target == 95 { 50 } else { 95 };
        let (owner, beside) = owner(self.folder.path(), self.target, self.now).await;
        (self.owner, self.beside) = (owner, beside);
        for family in 0..self.owner.families.members().len() {
            self.owner.take(Arrival::Look(family));
        }
        self.seen.insert("another configuration");
    }

    async fn held(&self) -> Held {
        let kpis = self.beside.setup.portfolio.kpis().map(|(kpi, ..)| kpi).collect();
        self.beside.store.held(&kpis).await.unwrap()
    }

    /// The owner works; now and then it is broken off in its middle, as by a disk that is full.
    async fn work(&mut self, asked: Vec<Change>) {
        self.owner.look_at = Instant::now();
        if self.dice.below(5) == 0 && asked.is_empty() {
            let polls = self.dice.below(80);
            let families: Vec<usize> =
                self.owner.pending.iter().filter(|(_, it)| it.is_ready()).map(|it| *it.0).collect();
            let is_done = within_polls(polls, self.owner.try_commit(&families, &[])).await;
            if !is_done && !self.owner.guessed.is_empty() {
                self.seen.insert("a step was not kept");
            }
        }
        self.owner.work(asked).await;
        self.owner.commit_all(Vec::new(), Pending::is_ready).await;
        self.owner.settle().await.unwrap();
    }
}

/// An owner of all families on the store of a folder, and what a command has beside it.
async fn owner(folder: &std::path::Path, target: usize, now: DateTime<Utc>) -> (Owner, Instance) {
    for id in ["care", "sales"] {
        std::fs::write(folder.join(format!("scorecards/{id}.yaml")), unit(id, target)).unwrap();
    }
    let loaded = load::load(&folder.join("kpid.yaml"), Secrets::Needed);
    let setup = loaded.unwrap_or_else(|error| panic!("{error:?}")).0;
    let open = async || Store::open(&folder.join("kpid.db")).await.unwrap();
    let beside = Instance::new(setup.clone(), open().await).unwrap();
    let instance = Arc::new(Instance::new(setup, open().await).unwrap());
    let families = Arc::new(Families::of(&instance.setup.portfolio));
    let kpis = instance.setup.portfolio.kpis().map(|(kpi, ..)| kpi).collect();
    let memory = Memory::load(&instance.store, families.members(), &kpis, now).await.unwrap();
    let told = Told {
        periods: Arc::default(),
        deliveries_ready: Arc::default(),
        served: mpsc::unbounded_channel().0,
        board: Board::default(),
    };
    (Owner::new(instance, families, memory, Clock::set(now), told), beside)
}

/// Whether something that may be looked at so often is done then.
async fn within_polls<T>(polls: usize, work: impl Future<Output = anyhow::Result<T>>) -> bool {
    let (mut work, mut left) = (pin!(work), polls);
    poll_fn(|context| {
        if left == 0 {
            return std::task::Poll::Ready(false);
        }
        left -= 1;
        work.as_mut().poll(context).map(|done| done.is_ok())
    })
    .await
}

/// What is told: the episode, the event, and to whom.
type Message = (String, String, String);

impl Timeline {
    /// What has been told of alerts so far, whatever became of it.
    async fn messages(&self) -> HashMap<Uuid, Message> {
        let all = self.beside.store.deliveries(true).await.unwrap().into_iter();
        let message = |held: Listed| (held.dedup_key, held.event.to_string(), held.recipient);
        let all = all.map(|held| (held.id, message(held)));
        all.filter(|(_, (_, event, _))| Event::parse(event).is_some()).collect()
    }

    /// Compares how everything stands after the owner has worked with what `evaluate` makes of it.
    async fn compare(
        &self,
        (before, told_before): (Held, HashMap<Uuid, Message>),
        acknowledged: Option<(String, Acknowledgement)>,
        what: &str,
    ) {
        let setup = &self.owner.instance.setup;
        let (portfolio, hash, now) = (&setup.portfolio, &setup.config_hash, self.now);
        let (after, mut told) = (self.held().await, self.messages().await);
        told.retain(|id, _| !told_before.contains_key(id));
        let mut episodes = before.episodes.clone();
        for change in rejudge(portfolio, &before.history, &before.episodes, hash, now) {
            episodes.insert(change.scope, change.episode);
        }
        for (scope, episode) in &mut episodes {
            let is_it = |(key, _): &&(String, _)| *key == episode.dedup_key(scope);
            if let Some((_, by)) = acknowledged.as_ref().filter(is_it)
                && episode.is_open()
                && episode.acknowledgement.is_none()
            {
                *episode = episode.acknowledge(by.clone());
            }
        }
        let silenced = before.silenced(now);
        let receipts: Vec<_> =
            before.known.iter().map(|(scope, known)| (scope.clone(), known.receipts)).collect();
        let circumstances = Circumstances {
            historical: false,
            first_look_is_historical: true,
            silenced: &silenced,
            receipts: &receipts,
        };
        for (family, members) in self.owner.families.members().iter().enumerate() {
            let is_of = |scope: &Scope| members.contains(scope.scorecard());
            let of_family = |episodes: &HashMap<Scope, Episode>| -> BTreeMap<Scope, Value> {
                let own = episodes.iter().filter(|(scope, _)| is_of(scope));
                let text = |episode: &Episode| rough(serde_json::to_value(episode).unwrap());
                own.map(|(scope, episode)| (scope.clone(), text(episode))).collect()
            };
            let found = of_family(&after.episodes);
            // A look for each commit that concerned it; what moves at none moved at no time.
            let mut expected: Vec<Message> = Vec::new();
            let mut looks = 0;
            while of_family(&episodes) != found {
                assert!(looks < 4, "{what}: {found:#?}\nand not\n{:#?}", of_family(&episodes));
                looks += 1;
                let (history, held) = (&after.history, &episodes);
                let (_, changes) =
                    evaluate(portfolio, members, history, held, circumstances, hash, now);
                for change in changes {
                    expected.extend(told_of(&change, &before));
                    episodes.insert(change.scope, change.episode);
                }
            }
            let is_own =
                |(key, ..): &&Message| members.iter().any(|id| key.starts_with(&format!("{id}/")));
            let mut told: Vec<Message> = told.values().filter(is_own).cloned().collect();
            told.sort();
            expected.sort();
            assert_eq!(told, expected, "{what}");
            let (history, held) = (&after.history, &after.episodes);
            let anew = judge_some(portfolio, members, history, held, hash, now);
            let standing = self.owner.judged[family].standing().unwrap();
            if shown(standing) != shown(&anew) {
                let (found, expected) = (shown(standing).to_string(), shown(&anew).to_string());
                let mut pairs = found.bytes().zip(expected.bytes());
                let from = pairs.position(|(found, expected)| found != expected).unwrap_or(0);
                let around = |text: &str| {
                    text.chars().skip(from.saturating_sub(300)).take(500).collect::<String>()
                };
                panic!("{what}: found\n{}\nexpected\n{}", around(&found), around(&expected));
            }
            if !self.turns_back {
                self.assert_kept(&anew, what).await;
            }
        }
    }

    /// The verdicts that are kept are those of now.
    async fn assert_kept(&self, standing: &Standing, what: &str) {
        let later = self.now + TimeDelta::minutes(1);
        let kept = self.beside.store.verdicts_at(later).await.unwrap();
        for scorecard in &standing.scorecards {
            let kept = kept.iter().find(|kept| kept.scorecard == scorecard.id).unwrap();
            let mut present = Picture::default();
            present.add_present(scorecard);
            assert!(present.stands_as(&kept.picture), "{what}: {present:#?} {:#?}", kept.picture);
        }
    }
}

/// What a change makes known, to whom.
fn told_of(change: &EpisodeChange, before: &Held) -> Vec<Message> {
    // Persons are not mailed about one another's clicks.
    let Some(event) = change.event.filter(|event| *event != Event::Acknowledged) else {
        return Vec::new();
    };
    let reminds = event == Event::Reminded
        && matches!(change.cause, Some(Cause::Unacknowledged | Cause::NewPeriod));
    let known = before.known.get(&change.scope).filter(|_| reminds);
    let addresses = change.to.iter().map(|id| format!("{id}@example.com"));
    // Whoever has not got the last message yet needs no reminder of it.
    let waits = |to: &String| {
        known.is_some_and(|known| known.waiting.contains(&("mail".to_owned(), to.clone())))
    };
    let key = change.episode.dedup_key(&change.scope);
    let message = |to| (key.clone(), event.word().to_owned(), to);
    addresses.filter(|to| !waits(to)).map(message).collect()
}

/// A standing as people see it, but for its instant.
fn shown(standing: &Standing) -> Value {
    let mut shown = rough(serde_json::to_value(standing).unwrap());
    shown["as_of"] = Value::Null;
    shown
}

/// With instants to the minute: the owner's clock goes on while it works.
fn rough(value: Value) -> Value {
    match value {
        Value::String(text) => match text.parse::<DateTime<Utc>>() {
            Ok(at) => Value::String(at.format("%Y-%m-%d %H:%M").to_string()),
            Err(_) => Value::String(text),
        },
        Value::Array(values) => values.into_iter().map(rough).collect(),
        Value::Object(values) => {
            values.into_iter().map(|(key, value)| (key, rough(value))).collect()
        }
        other => other,
    }
}

#[tokio::test]
async fn whatever_happens_the_owner_is_where_judging_from_scratch_would_be() {
    let mut seen = BTreeSet::new();
    for seed in 0..SEEDS {
        let mut story = Timeline::begin(seed).await;
        for family in 0..story.owner.families.members().len() {
            story.owner.take(Arrival::Look(family));
        }
        story.work(Vec::new()).await;
        for step in 0..STEPS {
            let what = format!("seed {seed}, step {step}, {}", story.now);
            story.pass();
            let asked = story.happen().await;
            let acknowledged = asked.iter().find_map(|change| match change {
                Change::Acknowledge(change, _) => {
                    Some((change.dedup_key.clone(), change.acknowledgement.clone()))
                }
                Change::Push(..) | Change::Act(..) | Change::Session(..) => None,
            });
            let before = (story.held().await, story.messages().await);
            story.work(asked).await;
            story.compare(before, acknowledged, &what).await;
        }
        story.seen.extend(story.messages().await.iter().map(|_| "a message"));
        seen.extend(story.seen);
    }
    // Chance must have brought everything there is to survive, or the test shows nothing.
    assert_eq!(seen.len(), 8, "{seen:?}");
}
