//! A batch: one transaction in which whoever holds families in memory files what came, judges, and
//! keeps what was decided. Memory is the same as the store after it, whether it is committed or not.

use std::collections::{BTreeSet, HashSet};

use anyhow::ensure;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sqlx::{Sqlite, SqliteConnection, Transaction};

use crate::{
    actuals::{
        collected::{Attempt, Collected},
        collections, filing,
        pushes::{self, Push, Pushed},
        seen_again::{self, SeenAgain},
    },
    database::{failure::Explain, store::Store},
    episodes::operator_actions::{self, AcknowledgedByLink, Acted, Altered, OperatorAct},
    families::changes::{self, Changed},
    judgement::{
        held::Held,
        judge::{self, Judgement},
        memory::Memory,
    },
    outbox::{pacing, receipts},
};
use kpid_rules::{
    alerting::Acknowledgement,
    model::{Id, KpiRef, Period},
    series::Actual,
};

/// A transaction of whoever judges from memory.
#[derive(Debug)]
pub struct Batch<'b> {
    tx: Transaction<'b, Sqlite>,
    memory: &'b mut Memory,
    /// What it changed.
    changed: BTreeSet<Changed>,
    /// The actuals of which it wrote when they were seen.
    seen: Vec<(KpiRef, Period, Actual)>,
    /// The attempts that waited, and that it wrote.
    attempts: Vec<(KpiRef, Attempt)>,
    /// Attempts that wait to be written once it is committed: what they brought is kept then.
    quiet: Vec<(KpiRef, Attempt)>,
    now: DateTime<Utc>,
}

impl Store {
    /// Begins a batch: memory first reads again what others changed, and says what that is.
    pub async fn batch<'b>(
        &'b self,
        memory: &'b mut Memory,
        now: DateTime<Utc>,
    ) -> anyhow::Result<(Batch<'b>, BTreeSet<Changed>)> {
        let mut tx = self.begin().await?;
        let others = memory.refresh(&mut tx, now).await?;
        let (changed, seen) = (BTreeSet::new(), Vec::new());
        let (attempts, quiet) = (Vec::new(), Vec::new());
        Ok((Batch { tx, memory, changed, seen, attempts, quiet, now }, others))
    }
}

impl Batch<'_> {
    /// Files what was collected, all or nothing, but for restatements of frozen periods, which are
    /// returned.
    pub async fn record(
        &mut self,
        collected: &[Collected],
    ) -> anyhow::Result<Vec<(KpiRef, Period)>> {
        let history = &self.memory.held.history;
        let again = SeenAgain::only_again(collected, history);
        let is_again = |of: &Collected| again.contains(&of.kpi);
        let (again, others): (Vec<Collected>, Vec<Collected>) =
            collected.iter().cloned().partition(is_again);
        // What is filed is compared with when the store says that it was seen.
        let due = self.memory.seen_again.of(others.iter().map(|of| &of.kpi));
        self.write_seen(due).await?;
        let filed = filing::record(&mut self.tx, &others).await?;
        filing::record_again(&mut self.tx, &again).await?;
        let attempts = collections::attempts(collected);
        // Of one that failed in between, each says something.
        let other =
            attempts.iter().filter(|(kpi, attempt)| !self.memory.is_as_before(kpi, attempt));
        let others: HashSet<&KpiRef> = other.map(|(kpi, _)| *kpi).collect();
        let (told, quiet): (Vec<_>, Vec<_>) =
            attempts.into_iter().partition(|(kpi, _)| others.contains(kpi));
        collections::record(&mut self.tx, &told).await?;
        let quiet = quiet.into_iter().map(|(kpi, attempt)| (kpi.clone(), attempt.clone()));
        self.quiet.extend(quiet);
        self.changes(filing::changed(collected));
        self.memory.file(collected, &filed);
        self.memory.see_again(&again, self.now);
        Ok(filing::frozen(&filed))
    }

    /// Writes everything that waited to be written.
    pub async fn settle(&mut self) -> anyhow::Result<()> {
        let attempts = self.memory.seen_again.attempts();
        seen_again::write_attempts(&mut self.tx, &attempts).await?;
        self.attempts.extend(attempts);
        let all = self.memory.seen_again.all();
        self.write_seen(all).await
    }

    async fn write_seen(&mut self, seen: Vec<(KpiRef, Period, Actual)>) -> anyhow::Result<()> {
        seen_again::write(&mut self.tx, &seen).await?;
        self.seen.extend(seen);
        Ok(())
    }

    /// Files what was pushed, once for each key.
    pub async fn push(
        &mut self,
        push: Push<'_>,
        collected: &[Collected],
    ) -> anyhow::Result<Pushed> {
        let due = self.memory.seen_again.of(collected.iter().map(|of| &of.kpi));
        self.write_seen(due).await?;
        let (pushed, filed) = pushes::keep(&mut self.tx, push, collected).await?;
        if matches!(pushed, Pushed::Kept(_)) {
            self.changes(filing::changed(collected));
            self.memory.file(collected, &filed);
        }
        Ok(pushed)
    }

    /// Acknowledges the open episode that messages are recognised by, if nobody has yet.
    pub async fn acknowledge_by_link(
        &mut self,
        dedup_key: &str,
        acknowledgement: &Acknowledgement,
    ) -> anyhow::Result<AcknowledgedByLink> {
        let episodes = &self.memory.held.episodes;
        let acknowledged =
            operator_actions::by_link(&mut self.tx, episodes, dedup_key, acknowledgement);
        let (came, episode) = acknowledged.await?;
        if let (AcknowledgedByLink::Done(scope), Some(episode)) = (&came, episode) {
            self.changes([Changed::Alerts(scope.scorecard().clone())].into());
            self.memory.set_episode(scope.clone(), episode);
        }
        Ok(came)
    }

    /// Does what somebody wants done about an alert or a node, and writes down in which way it came.
    pub async fn act(&mut self, act: &OperatorAct, way: &str, zone: Tz) -> anyhow::Result<Acted> {
        let (tx, now) = (&mut *self.tx, self.now);
        let episodes = &self.memory.held.episodes;
        let (acted, altered) = operator_actions::act(tx, episodes, act, (way, zone, now)).await?;
        if let Acted::Done(scope, _) = &acted {
            self.changes([Changed::Alerts(scope.scorecard().clone())].into());
            let held = &mut self.memory.held;
            match (altered, act) {
                (Altered::Episode(episode), _) => self.memory.set_episode(scope.clone(), *episode),
                (Altered::ReviewItem(kept), _) => held.put(kept),
                (Altered::AsAsked, OperatorAct::Silence(silence)) => {
                    held.silences.push(silence.clone());
                }
                (Altered::AsAsked, OperatorAct::Note(note)) => held.notes.insert(0, note.clone()),
                (Altered::AsAsked, _) => {}
            }
        }
        Ok(acted)
    }

    /// What other tables are written with.
    pub(crate) fn parts(&mut self) -> (&mut SqliteConnection, DateTime<Utc>) {
        (&mut self.tx, self.now)
    }

    /// Judges scorecards: `decide` sees everything held, and what it decides is kept.
    pub async fn judge(
        &mut self,
        scorecards: &[&Id],
        decide: impl FnOnce(&Held) -> Judgement,
    ) -> anyhow::Result<Judgement> {
        // What became of messages is known to the outbox alone, and read for those who need it.
        let open = self.memory.open_alerts(scorecards);
        let known = receipts::load(&mut self.tx, open.into_iter()).await?;
        self.memory.held.known = known;
        self.memory.held.waiting = pacing::waiting(&mut self.tx).await?;
        let judgement = decide(&self.memory.held);
        judge::write(&mut self.tx, &judgement, self.now).await?;
        self.changes(judgement.changed());
        self.memory.judged(&judgement);
        Ok(judgement)
    }

    /// Keeps all of it, or fails and keeps nothing.
    pub async fn commit(mut self) -> anyhow::Result<()> {
        if self.memory.seen_again.is_due(self.now) {
            self.settle().await?;
        }
        let Self { mut tx, memory, changed, seen, attempts, quiet, now } = self;
        let known = memory.versions_of(&changed);
        ensure!(
            changes::raise(&mut tx, &known).await?,
            "another process judged the same scorecards meanwhile; they are read again"
        );
        tx.commit().await.explain("cannot write what was collected and judged")?;
        memory.committed(&changed, &known);
        memory.seen_again.written(&seen, &attempts);
        for (kpi, attempt) in quiet {
            memory.seen_again.note_attempt(kpi, attempt, now);
        }
        Ok(())
    }

    /// What is held, with what the batch changed.
    pub fn held(&self) -> &Held {
        &self.memory.held
    }

    /// What is about to be changed in memory is already changed in the store.
    fn changes(&mut self, changed: BTreeSet<Changed>) {
        self.memory.changes(&changed);
        self.changed.extend(changed);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use chrono::TimeDelta;
    use kpid_rules::{
        alerting::{Acknowledgement, Episode, Event, Note, Phase, Silence},
        evaluation::{EpisodeChange, Incident, IncidentKey},
        judgement::Standing,
        model::{Period, Scope},
        series::Figure,
    };
    use sqlx::AssertSqlSafe;
    use uuid::Uuid;

    use super::*;
    use crate::{
        actuals::{
            collected::{Attempt, Filed, Filing, Precedence, Stage},
            outcome::AttemptOutcome,
        },
        audit::{AuditAction, AuditEntry},
        maintenance::retention::Old,
        outbox::{deliveries::NewDelivery, delivery_event::DeliveryEvent},
    };

    const KPIS: [&str; 3] = ["care/calls", "care/mails", "sales/sold"];

    fn start() -> DateTime<Utc> {
        "2026-06-03T06:00:00Z".parse().unwrap()
    }

    fn id(text: &str) -> Id {
        Id::parse(text).unwrap()
    }

    fn families() -> Vec<Vec<Id>> {
        vec![vec![id("care"), id("board")], vec![id("sales")]]
    }

    fn kpis() -> HashSet<KpiRef> {
        KPIS.iter().map(|kpi| KpiRef::parse(kpi).unwrap()).collect()
    }

    fn node(scorecard: &str) -> Scope {
        Scope::Perspective(id(scorecard), id("customer"))
    }

    fn collected(kpi: &str, value: f64, failed: bool, now: DateTime<Utc>) -> Collected {
        let filed = Filed {
            period: Period::parse("2026-05").unwrap(),
            figure: Figure::Value(value),
            target: None,
            observed_at: now,
            collected_at: now,
            stage: Stage::Closed,
            precedence: Precedence::CollectedLast,
        };
        let (outcome, message) = match failed {
            true => (AttemptOutcome::Error, Some("it hung up".to_owned())),
            false => (AttemptOutcome::Samples, None),
        };
        let attempt = Attempt { slot: Some(now), missed: 0, finished_at: now, outcome, message };
        Collected {
            kpi: KpiRef::parse(kpi).unwrap(),
            attempt: Some(attempt),
            filing: Filing::Actuals,
            filed: if failed { Vec::new() } else { vec![filed] },
        }
    }

    /// A judgement that moves the alert of a scorecard and an incident of its KPI and of a connection.
    fn judgement(scorecard: &str, number: u32, now: DateTime<Utc>) -> Judgement {
        let episode =
            Episode { number, phase: Phase::Open, opened_at: Some(now), ..Episode::default() };
        let change = EpisodeChange {
            scope: node(scorecard),
            before: Episode::default(),
            episode,
            event: None,
            cause: None,
            to: Vec::new(),
        };
        let incident = Incident { opened_at: now, told_at: None, closed_at: None };
        let keys = [format!("kpi/{scorecard}/calls/overdue"), "source/erp".to_owned()];
        let incidents = keys.iter().map(|key| (IncidentKey::parse(key).unwrap(), incident));
        Judgement {
            standing: Standing {
                as_of: now.with_timezone(&chrono_tz::UTC),
                config: "sha256:1".to_owned(),
                scorecards: Vec::new(),
            },
            anew: Vec::new(),
            moved: Vec::new(),
            changes: vec![change],
            incidents: incidents.collect(),
            reports: vec![(id(scorecard), Period::parse("2026-05").unwrap())],
            deliveries: Vec::new(),
            hold_decisions: Vec::new(),
        }
    }

    /// What is in memory but for what the outbox knows, which is read for each judgement.
    fn seen(held: &Held) -> Held {
        let mut seen = held.clone();
        (seen.known, seen.waiting) = (HashMap::new(), Vec::new());
        seen
    }

    async fn assert_same(store: &Store, memory: &mut Memory, what: &str, now: DateTime<Utc>) {
        let (mut batch, _) = store.batch(memory, now).await.unwrap();
        batch.settle().await.unwrap();
        batch.commit().await.unwrap();
        let held = store.held(&kpis()).await.unwrap();
        assert_eq!(seen(memory.held()), seen(&held), "after {what}");
    }

    /// Something that a command does beside the daemon, by number.
    async fn command(store: &Store, number: u64, value: f64, now: DateTime<Utc>) -> &'static str {
        let (scope, by) = (node("care"), "ines".to_owned());
        match number {
            0 => {
                let entry = AuditEntry {
                    at: now,
                    by,
                    action: AuditAction::Imported,
                    of: "file.csv".to_owned(),
                    detail: None,
                };
                store.take_in(&[collected(KPIS[1], value, false, now)], &entry).await.unwrap();
                "an import"
            }
            1 => {
                let acknowledgement = Acknowledgement { by, at: now, comment: None, due: None };
                store.acknowledge(&scope, None, &acknowledgement).await.unwrap();
                "an acknowledgement"
            }
            2 => {
                let (from, until) = (now, now + TimeDelta::days(400));
                let silence = Silence { scope, from, until, reason: "moving".to_owned(), by };
                store.silence(&silence, chrono_tz::UTC, now).await.unwrap();
                "a silence"
            }
            3 => {
                store.unsilence(1, &by, now).await.unwrap();
                "the end of a silence"
            }
            4 => {
                let period = "2026-05".to_owned();
                let note = Note { scope, period, text: "a strike".to_owned(), by, at: now };
                store.note(&note).await.unwrap();
                "a note"
            }
            5 => {
                let all = kpis();
                store.judge(&all, now, |_| judgement("sales", 7, now)).await.unwrap();
                "a judgement"
            }
            _ => {
                store.record(&[collected(KPIS[2], value, value > 5.0, now)]).await.unwrap();
                "a pull"
            }
        }
    }

    #[tokio::test]
    async fn memory_and_store_stay_the_same_whatever_commands_do_between_and_whatever_fails() {
        for seed in 1..=40_u64 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("kpid.db");
            let (store, beside) =
                (Store::open(&path).await.unwrap(), Store::open(&path).await.unwrap());
            let mut now = start();
            let mut memory = Memory::load(&store, &families(), &kpis(), now).await.unwrap();
            let mut state = seed;
            let mut dice = move |sides: u64| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 33) % sides
            };
            for _ in 0..12 {
                now += TimeDelta::minutes(7);
                let value = f64::from(u32::try_from(dice(10)).unwrap());
                if dice(2) == 0 {
                    let what = command(&beside, dice(7), value, now).await;
                    assert_same(&store, &mut memory, what, now).await;
                    continue;
                }
                let (kpi, is_kept) = (KPIS[usize::try_from(dice(3)).unwrap()], dice(3) > 0);
                if dice(3) == 0 {
                    command(&beside, dice(7), value, now).await;
                }
                let (mut batch, _) = store.batch(&mut memory, now).await.unwrap();
                batch.record(&[collected(kpi, value, dice(4) == 0, now)]).await.unwrap();
                let number = u32::try_from(dice(9)).unwrap();
                batch.judge(&[&id("care")], |_| judgement("care", number, now)).await.unwrap();
                match is_kept {
                    true => batch.commit().await.unwrap(),
                    false => drop(batch),
                }
                assert_same(&store, &mut memory, "a batch", now).await;
            }
        }
    }

    /// A batch whose messages take many pages, of which so many may be used.
    async fn long_batch(
        store: &Store,
        memory: &mut Memory,
        pages_max: i64,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let delivery = |number: u128| NewDelivery {
            id: Uuid::from_u128(number),
            dedup_key: format!("care/customer/{number}"),
            event: DeliveryEvent::from(Event::Opened),
            sequence: 1,
            channel: "mail".to_owned(),
            recipient: "ines@calder.example".to_owned(),
            person: None,
            facts: "x".repeat(9_000),
            held_until: None,
        };
        let deliveries: Vec<NewDelivery> = (0..8).map(delivery).collect();
        let collected = KPIS.map(|kpi| collected(kpi, 6.0, false, now));
        let (mut batch, _) = store.batch(memory, now).await?;
        let limit = format!("PRAGMA max_page_count = {pages_max}");
        sqlx::raw_sql(AssertSqlSafe(limit)).execute(&mut *batch.tx).await?;
        batch.record(&collected).await?;
        let judgement = Judgement { deliveries, ..judgement("care", 2, now) };
        batch.judge(&[&id("care")], |_| judgement).await?;
        batch.commit().await
    }

    #[tokio::test]
    async fn a_disk_that_fills_inside_a_batch_keeps_nothing_of_it_and_all_of_it_once_there_is_room()
    {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
        let mut memory = Memory::load(&store, &families(), &kpis(), start()).await.unwrap();
        let (mut batch, _) = store.batch(&mut memory, start()).await.unwrap();
        batch.record(&[collected(KPIS[0], 4.0, false, start())]).await.unwrap();
        batch.judge(&[&id("care")], |_| judgement("care", 1, start())).await.unwrap();
        batch.commit().await.unwrap();
        let (now, before) = (start() + TimeDelta::minutes(1), store.held(&kpis()).await.unwrap());
        // Without the pages that migrations left.
        sqlx::raw_sql("VACUUM").execute(&store.pool).await.unwrap();
        let pages: i64 =
            sqlx::query_scalar("PRAGMA page_count").fetch_one(&store.pool).await.unwrap();
        let mut failed = 0;
        // Each time a little further.
        for spare in 0.. {
            let done = long_batch(&store, &mut memory, pages + spare, now).await;
            let Err(error) = done else { break };
            assert!(format!("{error:#}").contains("the disk is full"), "{error:#}");
            assert_eq!(store.held(&kpis()).await.unwrap(), before, "with {spare} pages to spare");
            assert_eq!(store.pending().await.unwrap(), 0, "with {spare} pages to spare");
            failed += 1;
        }
        assert!(failed > 10, "full at {failed} places");
        assert_eq!(store.pending().await.unwrap(), 8, "each message once");
        let unlimited = "PRAGMA max_page_count = 4294967294";
        sqlx::raw_sql(unlimited).execute(&store.pool).await.unwrap();
        assert_same(&store, &mut memory, "all of it", now).await;
        let figure = |kpi: &str| {
            let history = &memory.held().history;
            let held = history.kpi(&KpiRef::parse(kpi).unwrap()).unwrap();
            let revisions = held.actuals.values().flatten();
            revisions.map(|actual| actual.figure).collect::<Vec<_>>()
        };
        assert_eq!(figure(KPIS[0]), [4.0, 6.0].map(Figure::Value));
        assert_eq!(figure(KPIS[2]), [Figure::Value(6.0)]);
    }

    #[tokio::test]
    async fn a_figure_that_stays_updates_the_rows_of_its_actual_and_attempt_only_now_and_then() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
        let mut memory = Memory::load(&store, &families(), &kpis(), start()).await.unwrap();
        let period = Period::parse("2026-05").unwrap();
        let calls = KpiRef::parse(KPIS[0]).unwrap();
        let (mut seen_at, mut slots) = (Vec::new(), Vec::new());
        for (second, value) in [(0, 4.0), (1, 4.0), (2, 4.0), (3, 5.0), (4, 5.0), (15, 5.0)] {
            let now = start() + TimeDelta::seconds(second);
            let (mut batch, _) = store.batch(&mut memory, now).await.unwrap();
            batch.record(&[collected(KPIS[0], value, false, now)]).await.unwrap();
            batch.commit().await.unwrap();
            let stored = store.held(&kpis()).await.unwrap().history;
            let seen = |history: &kpid_rules::series::History| {
                let revisions = &history.kpi(&calls).unwrap().actuals[&period];
                let seen = revisions.iter().map(|held| (held.observed_at - start()).num_seconds());
                seen.collect::<Vec<_>>()
            };
            seen_at.push((seen(&memory.held().history), seen(&stored)));
            let slot = store.last_slots().await.unwrap()[&calls].slot;
            slots.push((slot - start()).num_seconds());
        }
        // An attempt waits for the next commit after its time.
        assert_eq!(slots, [0, 0, 0, 0, 0, 4]);
        let expected = [
            (vec![0], vec![0]),
            (vec![1], vec![0]),
            (vec![2], vec![0]),
            // What changes is compared with when it was last seen.
            (vec![2, 3], vec![2, 3]),
            (vec![2, 4], vec![2, 3]),
            (vec![2, 15], vec![2, 15]),
        ];
        assert_eq!(seen_at, expected);
    }

    #[tokio::test]
    async fn revisions_that_are_removed_are_let_go_of_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
        let mut memory = Memory::load(&store, &families(), &kpis(), start()).await.unwrap();
        let calls = KpiRef::parse(KPIS[0]).unwrap();
        let mut now = start();
        for value in [4.0, 5.0, 6.0, 7.0] {
            now += TimeDelta::days(1);
            let (mut batch, _) = store.batch(&mut memory, now).await.unwrap();
            batch.record(&[collected(KPIS[0], value, false, now)]).await.unwrap();
            batch.commit().await.unwrap();
        }
        let held = |memory: &Memory| {
            let held = memory.held().history.kpi(&calls).unwrap();
            held.actuals.values().flatten().count()
        };
        assert_eq!(held(&memory), 4);
        assert_eq!(store.remove_some(&Old::Revisions(KPIS[0], now)).await.unwrap(), 1);
        assert!(memory.is_behind(&store).await.unwrap());
        assert_same(&store, &mut memory, "the removal", now).await;
        assert_eq!(held(&memory), 3);
    }

    #[tokio::test]
    async fn what_others_changed_is_named_and_only_that_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
        let now = start();
        let mut memory = Memory::load(&store, &families(), &kpis(), now).await.unwrap();
        command(&store, 4, 0.0, now).await;
        store.record(&[collected(KPIS[2], 4.0, false, now)]).await.unwrap();
        let (batch, others) = store.batch(&mut memory, now).await.unwrap();
        batch.commit().await.unwrap();
        let sold = Changed::Figures(KpiRef::parse(KPIS[2]).unwrap());
        assert_eq!(others, [sold, Changed::Alerts(id("care"))].into());
        let (mut batch, others) = store.batch(&mut memory, now).await.unwrap();
        assert_eq!(others, BTreeSet::new(), "it was read");
        batch.record(&[collected(KPIS[0], 4.0, false, now)]).await.unwrap();
        batch.commit().await.unwrap();
        let (_, others) = store.batch(&mut memory, now).await.unwrap();
        assert_eq!(others, BTreeSet::new(), "its own");
    }

    #[tokio::test]
    async fn whoever_holds_families_of_before_commits_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
        let now = start();
        let mut memory = Memory::load(&store, &families(), &kpis(), now).await.unwrap();
        let known = memory.versions_of(&[Changed::Alerts(id("care"))].into());
        let mut tx = store.begin().await.unwrap();
        assert!(changes::raise(&mut tx, &known).await.unwrap());
        assert!(!changes::raise(&mut tx, &known).await.unwrap(), "somebody was there since");
        tx.rollback().await.unwrap();
        // Other scorecards are judged together now.
        store.group(&[vec![id("board"), id("care"), id("sales")]]).await.unwrap();
        store.batch(&mut memory, now).await.unwrap_err();
    }
}
