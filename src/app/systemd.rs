//! What systemd is told: ready, reloading, stopping, alive. Without systemd nothing happens.

use std::time::Duration;

use kpid_os_error::in_words;
use sd_notify::{NotifyState, notify, watchdog_enabled};
use tracing::warn;

/// Tells that the daemon works, and what on.
pub(crate) fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Tells how it stands.
pub(crate) fn status(status: &str) {
    tell(&[NotifyState::Status(status)]);
}

/// Tells that the configuration is being read again; `ready` ends it.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => warn!("cannot tell systemd of the reload: {}", in_words(&error)),
    }
}

/// Tells that the daemon is ending.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Tells that the main loop still goes round.
pub(crate) fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often to say so: twice as often as systemd asks for; `None` when it does not ask.
pub(crate) fn alive_every() -> Option<Duration> {
    watchdog_enabled().map(|limit| limit / 2)
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = notify(states) {
        warn!("cannot tell systemd how it stands: {}", in_words(&error));
    }
}

/// Tells that a reload was refused, beside what runs; `systemctl reload` waits for a word.
pub(crate) fn refused(status: &str) {
    reloading();
    ready(&format!("{status}; the newest configuration was refused"));
}
