//! Another configuration while the daemon runs: it takes over whole, or changes nothing.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use chrono::{DateTime, Utc};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    task,
};
use tracing::{error, warn};

use crate::app::compose::{Daemon, Opened};
use kpid_config::{
    load::{LoadError, load},
    problem::Severity,
    secret::Secrets,
    setup::Setup,
};
use kpid_store::{InstanceLock, Reloaded};

/// Why a reload was refused when the files themselves are wrong.
const PROBLEMS: &str = "its files have problems, which the log names";

/// What came of reading the configuration again.
#[derive(Debug)]
pub enum Reload {
    /// It is good.
    Good(Box<Setup>),
    /// It is not, and whoever read it has told why.
    Bad,
}

/// SIGHUP, from now on.
pub(crate) fn hang_up_signal() -> anyhow::Result<Signal> {
    signal(SignalKind::hangup()).context("cannot listen to SIGHUP")
}

/// Reads the configuration again at every SIGHUP: a good one is handed over, a bad one changes
/// nothing and is told. Ends only when nobody takes it any more.
pub(crate) async fn reload_on_signal(
    mut hang_up: Signal,
    config: &Path,
    reload: &mpsc::Sender<Reload>,
) -> anyhow::Result<()> {
    loop {
        hang_up.recv().await;
        // Beside the daemon: files can be many, and the disk they are on can hang.
        let config = config.to_owned();
        let read = task::spawn_blocking(move || load(&config, Secrets::Needed)).await?;
        match read {
            Ok((setup, _)) => reload.send(Reload::Good(Box::new(setup))).await?,
            Err(LoadError::Problems(mut problems)) => {
                problems.found.retain(|problem| problem.severity == Severity::Error);
                error!("the new configuration cannot be used, kpid keeps the old one:\n{problems}");
                reload.send(Reload::Bad).await?;
            }
            Err(unreadable) => {
                error!(
                    "the new configuration cannot be used, kpid keeps the old one: {unreadable}"
                );
                reload.send(Reload::Bad).await?;
            }
        }
    }
}

impl Daemon {
    /// A configuration that can take over from this one while it runs; else why not, unless that
    /// has been told.
    pub(crate) async fn takes(&self, reload: Reload) -> Result<Box<Opened>, Option<anyhow::Error>> {
        let Reload::Good(setup) = reload else { return Err(None) };
        let opened = self.open(*setup)?;
        // A configuration begins with what it writes; while the store takes nothing, the old one goes on.
        self.instance.store.try_write().await?;
        Ok(Box::new(opened))
    }

    /// The daemon on another configuration, or on the same one if the other cannot be used.
    pub(crate) async fn reloaded(self, opened: Opened, lock: &InstanceLock) -> Self {
        let (store, clock) = (self.instance.store.clone(), self.clock);
        let (metrics, tasks) = (Arc::clone(&self.instance.metrics), self.tasks.next());
        match Self::new(opened, store, clock, metrics, tasks).await {
            Ok(other) => {
                note(lock, Ok(other.instance.setup.config_hash.clone()), clock.now());
                other
            }
            Err(error) => {
                self.refuse(Some(error), lock, clock.now());
                let tasks = self.tasks.next();
                Self { tasks, ..self }
            }
        }
    }

    /// What can fail is tried here, so that a bad configuration changes nothing.
    fn open(&self, setup: Setup) -> anyhow::Result<Opened> {
        let held = &self.instance.setup.store;
        anyhow::ensure!(
            setup.store == *held,
            "`store` is {} now and was {}; restart kpid to change it",
            setup.store.display(),
            held.display()
        );
        Opened::of(setup, self.listener.as_ref())
    }

    /// Tells that another configuration is not taken, and why unless that has been told.
    pub(crate) fn refuse(
        &self,
        why: Option<anyhow::Error>,
        lock: &InstanceLock,
        now: DateTime<Utc>,
    ) {
        self.instance.metrics.reloaded(false, now);
        if let Some(error) = &why {
            error!("the new configuration cannot be used, kpid keeps the old one: {error:#}");
        }
        let why = why.map_or(PROBLEMS.to_owned(), |error| format!("{error:#}"));
        note(lock, Err(why), now);
    }
}

/// Tells whoever asked for a reload what came of it.
fn note(lock: &InstanceLock, came: Result<String, String>, now: DateTime<Utc>) {
    if let Err(error) = lock.note(&Reloaded { at: now, came }) {
        warn!("{error:#}");
    }
}
