//! The owner at work: what it judges, what it commits together, and what becomes of what fails.

use kpid_config::{load, secret::Secrets};
use kpid_rules::{
    alerting::{Acknowledgement, Note, Silence},
    analysis::Picture,
    evaluation::judge,
    judgement::ScorecardStanding,
    model::{Id, Period, Scope, Status},
    series::Figure,
};
use kpid_store::{
    Acknowledged, Attempt, AttemptOutcome, AuditAction, AuditEntry, Filed, Filing, Held,
    Precedence, Stage, Store,
};

use super::*;
use crate::{
    engine::import,
    web::change::{Media, Push, PushAnswer},
};

const DAEMON: &str = "
store: kpid.db
calendar: { timezone: Europe/Amsterdam }
channels: { mail: { email: { from: kpid@example.com, folder: outbox } } }
people: { you: { name: You, email: you@example.com } }
";

fn scorecard(id: &str) -> String {
    format!(
        "
scorecard: {id}
owner: you
perspectives:
  customer:
    alert: {{ to: [you] }}
    objectives:
      answer:
        kpis:
          calls: {{ nature: flow, period: month, target: 95, tolerance: 3, owner: you }}
          mails: {{ nature: flow, period: month, target: 95, tolerance: 3, owner: you }}
          both: {{ nature: flow, period: month, target: 190, tolerance: 6, owner: you, weight: 0, formula: calls + mails }}
"
    )
}

/// An owner of the families of `care` and `sales`, with all that it is told and tells.
struct Town {
    _folder: tempfile::TempDir,
    instance: Arc<Instance>,
    owner: Owner,
    served: mpsc::UnboundedReceiver<Vec<Served>>,
    arrivals: mpsc::Sender<Arrival>,
    arriving: mpsc::Receiver<Arrival>,
    changes: mpsc::Receiver<Change>,
}

fn now() -> DateTime<Utc> {
    "2026-06-20T04:00:00Z".parse().unwrap()
}

impl Town {
    async fn new() -> Self {
        Self::of(&["care", "sales"]).await
    }

    /// Of scorecards that are a family each.
    async fn of(scorecards: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("scorecards")).unwrap();
        std::fs::write(folder.path().join("kpid.yaml"), DAEMON).unwrap();
        for id in scorecards {
            let file = folder.path().join(format!("scorecards/{id}.yaml"));
            std::fs::write(file, scorecard(id)).unwrap();
        }
        let loaded = load::load(&folder.path().join("kpid.yaml"), Secrets::Needed);
        let setup = loaded.unwrap_or_else(|error| panic!("{error:?}")).0;
        let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
        let instance = Arc::new(Instance::new(setup, store).unwrap());
        let families = Arc::new(Families::of(&instance.setup.portfolio));
        let kpis = instance.setup.portfolio.kpis().map(|(kpi, ..)| kpi).collect();
        let memory = Memory::load(&instance.store, families.members(), &kpis, now()).await.unwrap();
        let (told, served) = mpsc::unbounded_channel();
        let (arrivals, arriving) = mpsc::channel(ARRIVALS_MAX);
        let clock = Clock::set(now());
        let told = Told {
            periods: Arc::default(),
            deliveries_ready: Arc::default(),
            served: told,
            board: Board::default(),
        };
        let owner = Owner::new(instance.clone(), families, memory, clock, told);
        let (_, changes) = mpsc::channel(1);
        Self { _folder: folder, instance, owner, served, arrivals, arriving, changes }
    }

    fn take_all(&mut self) {
        while let Ok(arrival) = self.arriving.try_recv() {
            self.owner.take(arrival);
        }
    }

    /// The owner takes what has come, and commits it.
    async fn work(&mut self) {
        self.take_all();
        self.owner.commit_all(Vec::new(), Pending::is_ready).await;
    }

    async fn bring(&self, family: usize, id: &str, kpi: &str, value: f64, second: i64) {
        let at = now() + chrono::TimeDelta::seconds(second);
        let filed = Filed {
            period: Period::parse("2026-05").unwrap(),
            figure: Figure::Value(value),
            target: None,
            observed_at: at,
            collected_at: at,
            stage: Stage::Closed,
            precedence: Precedence::CollectedLast,
        };
        let outcome = AttemptOutcome::Samples;
        let attempt =
            Attempt { slot: Some(at), missed: 0, finished_at: at, outcome, message: None };
        let collected = Collected {
            kpi: KpiRef::parse(&format!("{id}/{kpi}")).unwrap(),
            attempt: Some(attempt),
            filing: Filing::Actuals,
            filed: vec![filed],
        };
        self.arrivals.send(Arrival::Collected(family, vec![collected])).await.unwrap();
    }

    /// The round of a family is over; comes back once it is committed, or could not be.
    async fn due(&self, family: usize) -> oneshot::Receiver<()> {
        let (committed, is_committed) = oneshot::channel();
        let due = Arrival::Due { family, committed: Some(committed) };
        self.arrivals.send(due).await.unwrap();
        is_committed
    }

    /// The owner works off what has come, and ends.
    async fn run(self) -> (Arc<Instance>, Vec<Served>, tempfile::TempDir) {
        let Self { owner, arrivals, arriving, changes, mut served, instance, _folder } = self;
        drop(arrivals);
        owner.run(arriving, changes).await;
        let mut all = Vec::new();
        while let Ok(some) = served.try_recv() {
            all.extend(some);
        }
        (instance, all, _folder)
    }
}

/// Whether a scorecard was ever judged.
async fn is_judged(instance: &Instance, id: &str) -> bool {
    let scope = Scope::Perspective(Id::parse(id).unwrap(), Id::parse("customer").unwrap());
    instance.store.episodes().await.unwrap().get(&scope).is_some_and(|episode| episode.seen)
}

async fn revisions(instance: &Instance, kpi: &str) -> usize {
    let kpi = KpiRef::parse(kpi).unwrap();
    let held = instance.store.held(&[kpi.clone()].into()).await.unwrap();
    held.history.kpi(&kpi).map_or(0, |held| held.actuals.values().flatten().count())
}

#[tokio::test]
async fn more_than_can_be_judged_one_by_one_is_judged_once_and_committed_once() {
    let town = Town::new().await;
    for second in 0_i32..200 {
        town.bring(0, "care", "calls", f64::from(second), second.into()).await;
        town.due(0).await;
        town.bring(1, "sales", "calls", f64::from(second), second.into()).await;
        town.due(1).await;
    }
    let (instance, served, _folder) = town.run().await;
    assert_eq!(served.len(), 400, "each slot is served");
    let metrics = &instance.metrics;
    assert_eq!((metrics.judgements.get(), metrics.commits.get()), (2, 1));
    assert_eq!(revisions(&instance, "care/calls").await, 200, "and no figure is lost");
}

/// How many times verdicts on a scorecard were kept.
async fn verdicts(store: &Store) -> u64 {
    store.configurations_used().await.unwrap().iter().map(|used| used.verdicts).sum()
}

/// The scorecards whose verdicts two instants tell apart.
async fn told_apart(store: &Store, instants: [DateTime<Utc>; 2]) -> Vec<String> {
    let [before, after] = instants;
    let before = store.verdicts_at(before).await.unwrap();
    let mut after = store.verdicts_at(after).await.unwrap();
    after.retain(|verdict| !before.contains(verdict));
    after.iter().map(|verdict| verdict.scorecard.to_string()).collect()
}

#[tokio::test]
async fn one_figure_that_changes_among_300_scorecards_is_one_kpi_judged_and_one_commit() {
    let ids: Vec<String> = (0..300).map(|at| format!("s-{at:03}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut town = Town::of(&ids).await;
    let instance = town.instance.clone();
    let (store, metrics) = (&instance.store, &instance.metrics);
    store.uses(&instance.setup.config_hash, &[], now()).await.unwrap();
    let work = || {
        let (kpis, nodes) = (metrics.kpis_judged.get(), metrics.nodes_rolled_up.get());
        (metrics.commits.get(), metrics.judgements.get(), kpis, nodes)
    };
    // All of it twice, the figure that changes, the same again, and nothing at all.
    let mut done = Vec::new();
    for (hour, value) in [(0, 90.0), (1, 90.0), (2, 99.0), (3, 99.0), (4, 0.0)] {
        let now = now() + chrono::TimeDelta::hours(hour);
        town.owner.clock = Clock::set(now);
        let (before, rows_before) = (work(), verdicts(store).await);
        let come = if hour < 2 { 0..300 } else { 117..118 };
        for family in come {
            if hour < 4 {
                town.bring(family, ids[family], "calls", value, 3_600 * hour).await;
            }
            town.due(family).await;
            town.take_all();
        }
        town.work().await;
        let after = work();
        let (commits, families) = (after.0 - before.0, after.1 - before.1);
        let (kpis, nodes) = (after.2 - before.2, after.3 - before.3);
        let rows = verdicts(store).await - rows_before;
        done.push((commits, families, kpis, nodes, rows));
        if hour == 2 {
            let later = now + chrono::TimeDelta::minutes(59);
            assert_eq!(told_apart(store, [now, later]).await, ["s-117"]);
        }
    }
    // Of each scorecard three KPIs, one objective, one perspective and itself.
    assert_eq!(done[0], (3, 300, 900, 900, 300));
    // A KPI and what is made of it, and the branch above them; rows of one scorecard.
    assert_eq!(done[1], (3, 300, 600, 900, 0));
    assert_eq!(done[2], (1, 1, 2, 3, 1));
    assert_eq!(done[3], (1, 1, 2, 3, 0));
    assert_eq!(done[4], (1, 1, 0, 0, 0), "nothing changed");
}

#[tokio::test]
async fn figures_of_a_round_that_goes_on_are_filed_and_free_their_kpis_and_are_judged_at_its_end() {
    let town = Town::new().await;
    town.bring(0, "care", "calls", 90.0, 0).await;
    let (instance, served, _folder) = town.run().await;
    assert_eq!(served.len(), 1);
    assert_eq!(revisions(&instance, "care/calls").await, 1);
    assert!(!is_judged(&instance, "care").await);
    assert_eq!(instance.metrics.judgements.get(), 0);
}

#[tokio::test]
async fn what_was_filed_before_is_judged_when_the_round_is_over() {
    let mut town = Town::new().await;
    town.bring(0, "care", "calls", 90.0, 0).await;
    town.work().await;
    assert!(!is_judged(&town.instance, "care").await);
    town.due(0).await;
    let (instance, ..) = town.run().await;
    assert!(is_judged(&instance, "care").await);
}

#[tokio::test]
async fn what_was_filed_before_a_crash_is_judged_after_it_without_a_further_figure() {
    let mut town = Town::new().await;
    town.bring(0, "care", "calls", 90.0, 0).await;
    town.work().await;
    // As after a crash between filing and judging.
    town.owner.pending.clear();
    town.arrivals.send(Arrival::Look(0)).await.unwrap();
    let (instance, ..) = town.run().await;
    assert!(is_judged(&instance, "care").await);
}

#[tokio::test]
async fn what_cannot_be_kept_keeps_no_other_family_from_being_judged() {
    let town = Town::new().await;
    // What is no number is refused by the store.
    town.bring(0, "care", "calls", f64::NAN, 0).await;
    let care = town.due(0).await;
    town.bring(1, "sales", "calls", 90.0, 0).await;
    town.due(1).await;
    let (instance, served, _folder) = town.run().await;
    care.await.unwrap_err();
    assert_eq!(served.len(), 1);
    assert!(is_judged(&instance, "sales").await && !is_judged(&instance, "care").await);
}

/// What a command does beside the daemon; whether it did anything.
async fn command(name: &str, beside: &Instance) -> bool {
    let scope = Scope::Perspective(Id::parse("care").unwrap(), Id::parse("customer").unwrap());
    let (by, at) = ("ines".to_owned(), now());
    match name {
        "import" => {
            let rows = "kpi,period,value\ncare/mails,2026-05,20\n";
            let rows = import::read(&beside.setup, rows.as_bytes(), at).unwrap();
            let entry = AuditEntry {
                at,
                by,
                action: AuditAction::Imported,
                of: "mails.csv".to_owned(),
                detail: None,
            };
            import::keep(beside, &rows, &entry, at).await.unwrap();
            true
        }
        "acknowledge" => {
            let acknowledgement = Acknowledgement { by, at, comment: None, due: None };
            let came = beside.store.acknowledge(&scope, None, &acknowledgement).await.unwrap();
            matches!(came, Acknowledged::Done(_))
        }
        "silence" => {
            let until = at + chrono::TimeDelta::days(3);
            let silence = Silence { scope, from: at, until, reason: "moving".to_owned(), by };
            beside.store.silence(&silence, chrono_tz::UTC, at).await.unwrap();
            true
        }
        _ => {
            let period = "2026-05".to_owned();
            let note = Note { scope, period, text: "a strike".to_owned(), by, at };
            beside.store.note(&note).await.unwrap();
            true
        }
    }
}

#[tokio::test]
async fn commands_and_the_owner_never_overwrite_each_other_whenever_they_meet() {
    for name in ["import", "acknowledge", "silence", "note"] {
        let mut had_an_effect = false;
        for moment in 0..=5 {
            let mut town = Town::new().await;
            let store = Store::open(&town.instance.setup.store).await.unwrap();
            let beside = Instance::new(town.instance.setup.clone(), store).unwrap();
            let mut has_done = false;
            for step in 0..=5 {
                if step == moment {
                    has_done = command(name, &beside).await;
                }
                match step {
                    // A first look, an alert, and what is worse than it.
                    0 => town.bring(0, "care", "calls", 120.0, 0).await,
                    1 | 3 => drop(town.due(0).await),
                    2 => town.bring(0, "care", "calls", 50.0, 60).await,
                    4 => town.bring(0, "care", "calls", 20.0, 120).await,
                    _ => drop(town.due(0).await),
                }
                town.work().await;
            }
            had_an_effect |= has_done;
            town.owner.settle().await.unwrap();
            let all = town.instance.setup.portfolio.kpis().map(|(kpi, ..)| kpi).collect();
            let held = town.instance.store.held(&all).await.unwrap();
            let care: Vec<_> = held
                .episodes
                .iter()
                .filter(|(scope, _)| scope.scorecard().as_str() == "care")
                .collect();
            let is_there = match name {
                "import" => revisions(&town.instance, "care/mails").await == 1,
                "acknowledge" => care.iter().any(|(_, episode)| episode.acknowledgement.is_some()),
                "silence" => held.silences.len() == 1,
                _ => held.notes.len() == 1,
            };
            assert_eq!(is_there, has_done, "{name} before step {moment}");
            assert!(care.iter().all(|(_, episode)| episode.seen), "{name} before step {moment}");
            let seen = |held: &Held| {
                let mut seen = held.clone();
                (seen.known, seen.waiting) = (Default::default(), Vec::new());
                seen
            };
            assert_eq!(seen(town.owner.memory.held()), seen(&held), "{name} before step {moment}");
            let setup = &town.instance.setup;
            let standing = judge(&setup.portfolio, &held.history, &held.episodes, "", now());
            // The owner's clock goes on.
            let later = now() + chrono::TimeDelta::days(1);
            for kept in town.instance.store.verdicts_at(later).await.unwrap() {
                let is_it = |scorecard: &&Arc<ScorecardStanding>| scorecard.id == kept.scorecard;
                let mut present = Picture::default();
                present.add_present(standing.scorecards.iter().find(is_it).unwrap());
                assert!(present.stands_as(&kept.picture), "{name} before step {moment}");
            }
        }
        assert!(had_an_effect, "{name}");
    }
}

#[tokio::test]
async fn what_is_held_already_waits_for_others_and_what_is_news_goes_before_it() {
    let mut town = Town::new().await;
    for (family, id) in [(0, "care"), (1, "sales")] {
        town.bring(family, id, "calls", 120.0, 0).await;
        town.due(family).await;
    }
    town.work().await;
    let counted = |town: &Town| {
        let metrics = &town.instance.metrics;
        (metrics.judgements.get(), metrics.commits.get())
    };
    assert_eq!(counted(&town), (2, 1));
    town.owner.commit_at = None;
    for second in 1..4 {
        town.bring(0, "care", "calls", 120.0, second).await;
        town.due(0).await;
        town.take_all();
    }
    assert!(town.owner.pending.values().all(|pending| !pending.is_urgent()), "nothing to tell");
    assert!(town.owner.commit_at.is_some(), "and it is not forgotten");
    town.bring(1, "sales", "calls", 50.0, 4).await;
    town.take_all();
    assert!(town.owner.pending.values().all(|pending| !pending.is_urgent()), "its round goes on");
    town.due(1).await;
    town.take_all();
    town.owner.work(Vec::new()).await;
    assert_eq!(counted(&town), (3, 2), "what may have to be told is a transaction of its own");
    let waits_until = town.owner.commit_at.expect("the others are not forgotten");
    town.owner.commit_at = Some(waits_until - COMMITTED_WITHIN);
    town.owner.work(Vec::new()).await;
    assert_eq!(counted(&town), (4, 3));
    assert_eq!(town.owner.commit_at, None);
}

#[tokio::test]
async fn what_is_made_of_others_is_made_of_what_is_in_memory() {
    let mut town = Town::new().await;
    town.bring(0, "care", "calls", 100.0, 0).await;
    town.bring(0, "care", "mails", 80.0, 0).await;
    town.due(0).await;
    town.work().await;
    let later = now() + chrono::TimeDelta::days(1);
    let kept = town.instance.store.verdicts_at(later).await.unwrap();
    let both = Scope::Kpi(KpiRef::parse("care/both").unwrap());
    let node = kept.first().and_then(|kept| kept.picture.node(&both)).unwrap();
    assert_eq!(node.colour.status, Status::OffTrack);
    let history = &town.owner.memory.held().history;
    assert!(history.kpi(&KpiRef::parse("care/calls").unwrap()).is_some(), "all is in memory again");
}

#[tokio::test]
async fn a_storm_of_pushes_is_answered_and_kept_in_few_commits() {
    const PUSHES: usize = 10_000;
    // Each of a hundred months is corrected fifty times, then one of them again and again.
    let month = |at: usize| {
        let at = if at < PUSHES / 2 { at % 100 } else { 0 };
        format!("{}-{:02}", 2018 + at / 12, 1 + at % 12)
    };
    let folder = tempfile::tempdir().unwrap();
    let daemon = DAEMON.replace(
        "channels:",
        &format!(
            "web: {{ listen: \"127.0.0.1:0\" }}\nconnections: {{ shop: {{ push: {{ tokens: {{ till: {{ sha256: \"{}\" }} }} }} }} }}\nchannels:",
            "a".repeat(64)
        ),
    );
    let pushed = scorecard("care").replace(
        "mails: { nature: flow, period: month, target: 95, tolerance: 3, owner: you }",
        "mails: { nature: flow, period: month, target: 95, tolerance: 3, owner: you, source: { push: { from: shop } } }",
    );
    let setup = crate::instance::set_up(folder.path(), &daemon, &pushed);
    let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
    let instance = Arc::new(Instance::new(setup, store).unwrap());
    let families = Arc::new(Families::of(&instance.setup.portfolio));
    let kpis = instance.setup.portfolio.kpis().map(|(kpi, ..)| kpi).collect();
    let memory = Memory::load(&instance.store, families.members(), &kpis, now()).await.unwrap();
    let told = Told {
        periods: Arc::default(),
        deliveries_ready: Arc::default(),
        served: mpsc::unbounded_channel().0,
        board: Board::default(),
    };
    let owner = Owner::new(instance.clone(), families, memory, Clock::set(now()), told);
    let (arrivals, arriving) = mpsc::channel(ARRIVALS_MAX);
    let (changes, asked) = mpsc::channel(WAITING_MAX);
    drop(arrivals);
    let storm = async {
        let mut answers = Vec::new();
        for at in 0..PUSHES {
            let body = format!("kpi,period,value\ncare/mails,{},{at}\n", month(at));
            let (connection, by) = (Id::parse("shop").unwrap(), "till".to_owned());
            let push = Push { connection, by, key: None, media: Media::Csv, body: body.into() };
            let (answer, came) = oneshot::channel();
            changes.send(Change::Push(push, answer)).await.unwrap();
            answers.push(came);
        }
        drop(changes);
        let mut kept = 0;
        for came in answers {
            kept += usize::from(matches!(came.await.unwrap(), PushAnswer::Kept(_)));
        }
        kept
    };
    let (kept, ()) = tokio::join!(storm, owner.run(arriving, asked));
    assert_eq!(kept, PUSHES);
    let commits = instance.metrics.commits.get();
    assert!(commits <= PUSHES as u64 / 5, "{commits} commits");
    assert_eq!(revisions(&instance, "care/mails").await, PUSHES, "none is lost");
    let mails = KpiRef::parse("care/mails").unwrap();
    let held = instance.store.held(&[mails.clone()].into()).await.unwrap();
    let newest =
        held.history.kpi(&mails).unwrap().actual(Period::parse(&month(PUSHES - 1)).unwrap());
    assert_eq!(newest.unwrap().figure, Figure::Value((PUSHES - 1) as f64), "the last one counts");
}

#[tokio::test]
async fn a_hundred_thousand_rows_of_one_kpi_are_kept_and_judged_once() {
    const ROWS: u32 = 100_000;
    let mut town = Town::new().await;
    let last = chrono::NaiveDate::from_ymd_opt(2026, 6, 19).unwrap();
    let filed = (0..ROWS).map(|at| Filed {
        period: Period::Day(last - chrono::Days::new(u64::from(at))),
        figure: Figure::Value(f64::from(at % 100)),
        target: None,
        observed_at: now(),
        collected_at: now(),
        stage: Stage::Closed,
        precedence: Precedence::CollectedLast,
    });
    let collected = Collected {
        kpi: KpiRef::parse("care/calls").unwrap(),
        attempt: None,
        filing: Filing::Actuals,
        filed: filed.collect(),
    };
    town.arrivals.send(Arrival::Collected(0, vec![collected])).await.unwrap();
    let committed = town.due(0).await;
    town.bring(1, "sales", "calls", 97.0, 0).await;
    town.due(1).await;
    town.work().await;
    committed.await.unwrap();
    let metrics = &town.instance.metrics;
    assert_eq!((metrics.commits.get(), metrics.judgements.get()), (1, 2), "others wait for none");
    let count = |held: &Held| {
        let calls = held.history.kpi(&KpiRef::parse("care/calls").unwrap());
        calls.unwrap().actuals.values().flatten().count()
    };
    assert_eq!(count(town.owner.memory.held()), ROWS as usize);
    assert!(is_judged(&town.instance, "sales").await);
}

#[tokio::test]
async fn what_is_news_is_committed_before_what_is_not() {
    let ids: Vec<String> = (0..FAMILIES_MAX + 2).map(|at| format!("s-{at:03}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut town = Town::of(&ids).await;
    for (second, last) in [(0, 90.0), (1, 50.0)] {
        for (family, id) in ids.iter().enumerate() {
            let value = if family == ids.len() - 1 { last } else { 90.0 };
            town.bring(family, id, "calls", value, second).await;
            town.due(family).await;
            town.take_all();
        }
        if second == 0 {
            town.work().await;
        }
    }
    while town.served.try_recv().is_ok() {}
    town.work().await;
    let first: Vec<Served> = town.served.try_recv().unwrap();
    assert_eq!(first[0].0.to_string(), format!("{}/calls", ids[ids.len() - 1]));
    assert_eq!(first.len(), FAMILIES_MAX, "and it takes others along");
}
