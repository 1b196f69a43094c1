//! The story: two years of history, then the month in which a perspective falls off track.

use std::{convert::Infallible, time::Duration};

use anyhow::{Context, bail};
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use tokio::{
    sync::mpsc,
    time::{interval, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    app::{
        lifecycle::{self, Orders},
        reload::{hang_up_signal, reload_on_signal},
        stop::obey_stop_signals,
    },
    cli::{
        configuration,
        demo::{
            apis::Closed,
            calder::Month,
            databases::Ledgers,
            folder::Folder,
            hook::Received,
            mails,
            narration::{self, Progress},
        },
        failure::Failure,
        output, tree,
    },
    engine::{
        collect::Occasion,
        pull::{self, Manner},
    },
    instance::Instance,
};
use kpid_clock::Clock;
use kpid_config::setup::Setup;
use kpid_rules::{
    evaluation::{Circumstances, judge},
    model::{Calendar, Frequency, Lag},
};
use kpid_store::Store;

/// When the scorecards' schedules collect, in the calendar's zone.
const COLLECTED_AT: NaiveTime = match NaiveTime::from_hms_opt(6, 0, 0) {
    Some(six) => six,
    None => NaiveTime::MIN,
};

/// By when the month's figures are due, as the scorecards have it.
const LAG: Lag = Lag::WorkingDays(2);

/// The daemon is started this long before its schedules are due, so that its own clock fires them.
const BEFORE_SIX: TimeDelta = TimeDelta::seconds(3);

/// A message takes a second or two; this long only where something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often the mail folder is looked into.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What is loaded is seen by the rules and told to nobody.
const HISTORY: Circumstances = Circumstances {
    historical: true,
    first_look_is_historical: true,
    silenced: &[],
    receipts: &[],
};

/// Everything the story needs.
pub(crate) struct Story {
    folder: Folder,
    setup: Setup,
    ledgers: Ledgers,
    closed: Closed,
    hooks: mpsc::Receiver<Received>,
}

impl Story {
    /// Sets the scene in a new folder.
    pub(crate) async fn open(
        folder: Folder,
        closed: Closed,
        hooks: mpsc::Receiver<Received>,
    ) -> Result<Self, Failure> {
        let setup = configuration::load_to_use(&folder.config())?;
        let ledgers = Ledgers::create(&folder.systems()).await?;
        Ok(Self { folder, setup, ledgers, closed, hooks })
    }

    /// Tells it, up to Ctrl-C or, `once`, until everybody has been told.
    pub(crate) async fn tell(mut self, once: bool, open: bool) -> anyhow::Result<()> {
        let stop = CancellationToken::new();
        obey_stop_signals(stop.clone())?;
        let hang_up = hang_up_signal()?;
        narration::scene(&self.folder, &self.setup);
        self.load_history().await?;
        self.close(Month::MAY).await?;
        let morning = due_morning(&self.setup.calendar, Month::MAY);
        narration::step(&format!(
            "It is {}, a few seconds before six. The books of May are closed; kpid's timer is set.",
            self.setup.calendar.local_day(morning).format("%-d %B %Y")
        ));
        let clock = Clock::set(morning - BEFORE_SIX);
        self.folder.set_clock(clock.now(), true)?;
        let config = self.folder.config();
        let (reload, reloads) = mpsc::channel(1);
        let orders = Orders { stop: stop.clone(), reload: reloads };
        let folder = self.folder.clone();
        let daemon = lifecycle::run(self.setup.clone(), clock, orders);
        let ended = tokio::select! {
            ended = daemon => ended,
            never = reload_on_signal(hang_up, &config, &reload) => never,
            failed = self.watch(clock, (once, open), &stop) => match failed? {},
        };
        folder.set_clock(clock.now(), false)?;
        narration::the_end(&folder);
        ended
    }

    /// 25 months through the function that the timer uses, each on the morning its figures were due.
    async fn load_history(&mut self) -> anyhow::Result<()> {
        let instance = Instance::new(self.setup.clone(), Store::open(&self.setup.store).await?)?;
        let progress = Progress::start();
        for month in Month::all().filter(|month| *month < Month::MAY) {
            self.close(month).await?;
            let due = due_morning(&self.setup.calendar, month);
            pull_all(&instance, due)
                .await
                .with_context(|| format!("cannot load {}", month.label()))?;
            progress.at(month);
        }
        progress.end();
        // The day before: May's books are not closed yet, and nobody expects them to be.
        let morning = due_morning(&self.setup.calendar, Month::MAY);
        pull_all(&instance, morning - TimeDelta::days(1)).await?;
        instance.store.close().await;
        Ok(())
    }

    /// The systems know a month.
    async fn close(&mut self, month: Month) -> anyhow::Result<()> {
        self.ledgers.close(month).await?;
        self.closed.upto(month);
        Ok(())
    }

    /// Waits for what the daemon tells, shows it, and lets the daemon run on or not.
    async fn watch(
        &mut self,
        clock: Clock,
        (once, open): (bool, bool),
        stop: &CancellationToken,
    ) -> anyhow::Result<Infallible> {
        narration::mail(&self.mail().await?);
        let received = timeout(PATIENCE, self.hooks.recv()).await;
        let Ok(Some(received)) = received else { bail!("no webhook has come within a minute") };
        narration::hook(&received, &self.folder.keep(&received)?);
        let standing = self.standing(clock).await?;
        narration::step("This is how Calder Cycles stands (`kpid show`):");
        anstream::print!("\n{standing}");
        let day = self.setup.calendar.local_day(clock.now());
        narration::what_next(&self.folder, self.setup.web.listen, day);
        if let (true, Some(page)) = (open, self.setup.web.listen) {
            narration::open(page);
        }
        if once {
            stop.cancel();
        } else {
            narration::step("The daemon runs on. Ctrl-C ends the demo; the folder stays.");
        }
        std::future::pending().await
    }

    async fn mail(&self) -> anyhow::Result<mails::Mail> {
        let arrived = async {
            let mut looks = interval(LOOK_EVERY);
            loop {
                looks.tick().await;
                if let Some(mail) = mails::in_folder(&self.folder.mails())?.into_iter().next() {
                    return Ok(mail);
                }
            }
        };
        timeout(PATIENCE, arrived).await.context("no mail has come within a minute")?
    }

    async fn standing(&self, clock: Clock) -> anyhow::Result<String> {
        let store = Store::open_read_only(&self.setup.store).await?;
        let portfolio = &self.setup.portfolio;
        let held = store.held(&portfolio.kpis().map(|(kpi, ..)| kpi).collect()).await?;
        store.close().await;
        let standing =
            judge(portfolio, &held.history, &held.episodes, &self.setup.config_hash, clock.now());
        let calder = portfolio.resolve("calder").context("the demo has lost its scorecard")?;
        Ok(tree::render(&standing.narrow(&calder), output::width()))
    }
}

/// Collects everything as the timer would at `now`, as history.
async fn pull_all(instance: &Instance, now: DateTime<Utc>) -> anyhow::Result<()> {
    let on_time = Occasion { slot: Some(now), missed: 0 };
    let due: Vec<_> =
        instance.setup.collections.iter().map(|collection| (collection, on_time)).collect();
    let pulled = pull::ask(instance, &due, Manner::default(), Clock::set(now)).await?;
    pull::keep(instance, &pulled, HISTORY, now).await?;
    Ok(())
}

/// Six in the morning after the day by which a month's figures are due.
fn due_morning(calendar: &Calendar, month: Month) -> DateTime<Utc> {
    let period = calendar.period_of(Frequency::Month, month.first_day());
    let morning = calendar.local_day(calendar.overdue_from(period, LAG));
    calendar.instant(morning.and_time(COLLECTED_AT))
}
