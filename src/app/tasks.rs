//! The tasks of a configuration, and those that an earlier one has not finished: a shutdown waits for all,
//! a reload for those that the next configuration cannot work beside.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// So many earlier configurations may have deliveries under way beside the present one: each has its own
/// connections to the same receivers, and who reloads in a loop shall not flood one that hangs.
const EARLIER_MAX: usize = 3;

/// Tasks that are waited for.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    /// What collects, judges and shows.
    own: TaskTracker,
    /// What delivers. A mail may be under way for minutes, and nobody else takes it up meanwhile.
    deliveries: TaskTracker,
    /// What earlier configurations have not finished, the oldest first.
    earlier: Vec<TaskTracker>,
    /// Cancelled when a task panics, whichever configuration it is of.
    broken: CancellationToken,
}

impl Tasks {
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.spawn_on(&self.own, task);
    }

    /// Spawns what may go on beside the next configuration until it has finished what is under way.
    pub(crate) fn spawn_delivery(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.spawn_on(&self.deliveries, task);
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "every task of the daemon is spawned and awaited here"
    )]
    fn spawn_on(&self, tracker: &TaskTracker, task: impl Future<Output = ()> + Send + 'static) {
        let broken = self.broken.clone();
        let guarded = async move {
            // A daemon that lives on with a part of it dead would be trusted and wrong.
            if AssertUnwindSafe(task).catch_unwind().await.is_err() {
                broken.cancel();
            }
        };
        tokio::spawn(tracker.track_future(guarded));
    }

    /// Waits until a task panics.
    pub(crate) async fn broken(&self) {
        self.broken.cancelled().await;
    }

    /// How many have not ended.
    pub(crate) fn left(&self) -> usize {
        self.all().map(TaskTracker::len).sum()
    }

    /// Waits until all have ended, also those of earlier configurations.
    pub(crate) async fn ended(&self) {
        for tasks in self.all() {
            ended(tasks).await;
        }
    }

    /// Waits until another configuration can take over.
    pub(crate) async fn handed_over(&self) {
        ended(&self.own).await;
        let unfinished: Vec<&TaskTracker> = self.unfinished().collect();
        let excess = unfinished.len().saturating_sub(EARLIER_MAX);
        for oldest in unfinished.into_iter().take(excess) {
            ended(oldest).await;
        }
    }

    /// The tasks of the next configuration, which knows of what this one has not finished.
    pub(crate) fn next(&self) -> Self {
        let earlier = self.unfinished().cloned().collect();
        Self { earlier, broken: self.broken.clone(), ..Self::default() }
    }

    fn all(&self) -> impl Iterator<Item = &TaskTracker> {
        self.earlier.iter().chain([&self.own, &self.deliveries])
    }

    fn unfinished(&self) -> impl Iterator<Item = &TaskTracker> {
        self.all().filter(|tasks| !tasks.is_empty())
    }
}

/// Waits until nothing is left of what was spawned.
async fn ended(tracker: &TaskTracker) {
    tracker.close();
    tracker.wait().await;
}

#[cfg(test)]
mod tests {
    use std::{future::pending, sync::Arc};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn a_reload_waits_for_what_collects_and_not_for_deliveries_and_an_end_waits_for_both() {
        let (collects, delivers) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let tasks = Tasks::default();
        let (collected, delivered) = (Arc::clone(&collects), Arc::clone(&delivers));
        tasks.spawn(async move { collected.notified().await });
        tasks.spawn_delivery(async move { delivered.notified().await });
        assert!(tasks.handed_over().now_or_never().is_none());
        collects.notify_one();
        tasks.handed_over().await;
        let next = tasks.next();
        assert_eq!(next.left(), 1);
        assert!(next.ended().now_or_never().is_none());
        delivers.notify_one();
        next.ended().await;
    }

    #[tokio::test]
    async fn who_reloads_again_and_again_waits_for_the_oldest_deliveries() {
        let mut tasks = Tasks::default();
        let oldest = Arc::new(Notify::new());
        let delivered = Arc::clone(&oldest);
        tasks.spawn_delivery(async move { delivered.notified().await });
        for _ in 1..EARLIER_MAX {
            tasks = tasks.next();
            tasks.spawn_delivery(pending());
        }
        tasks.handed_over().await;
        tasks = tasks.next();
        tasks.spawn_delivery(pending());
        assert!(tasks.handed_over().now_or_never().is_none());
        oldest.notify_one();
        tasks.handed_over().await;
        assert_eq!(tasks.next().left(), EARLIER_MAX);
    }

    #[tokio::test]
    async fn a_panic_in_an_earlier_configuration_breaks_the_present_one() {
        let earlier = Tasks::default();
        let present = earlier.next();
        earlier.spawn_delivery(async { panic!("a part of it") });
        present.broken().await;
    }
}
