//! What the configuration asks for and cannot be done, for operators.

use chrono::{DateTime, Utc};

use crate::ssrf_guard::{self, Inside};
use kpid_message::template::Fault;
use kpid_rules::model::Id;

/// What the configuration asks for and cannot be done. Operators are notified once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigTrouble {
    /// The same as long as the trouble is the same.
    pub key: String,
    /// What does not work, and what is done about it.
    pub summary: String,
    /// What exactly is wrong, and what to do.
    pub lines: Vec<String>,
}

impl ConfigTrouble {
    /// Templates of a channel that fail, if any do; `done` says what becomes of its messages.
    pub(crate) fn of_templates(
        channel: &Id,
        version: &str,
        faults: &[Fault],
        done: &str,
    ) -> Option<Self> {
        let mut trouble = Self::of_template(channel, version, faults.first()?, done);
        let mut lines: Vec<String> = faults.iter().map(Fault::to_string).collect();
        lines.dedup();
        lines.append(&mut trouble.lines.split_off(1));
        Some(Self { lines, ..trouble })
    }

    /// A template of a channel that fails.
    pub(crate) fn of_template(channel: &Id, version: &str, fault: &Fault, done: &str) -> Self {
        // Another template that fails is a trouble of its own.
        let template = fault.path.file_name().unwrap_or_default().display();
        Self {
            key: format!("template/{channel}/{version}/{template}"),
            summary: format!("A template of the channel `{channel}` fails ({fault}); {done}."),
            lines: vec![
                fault.to_string(),
                "`kpid check` tries templates on samples; `kpid notify … --preview` shows what they make."
                    .to_owned(),
            ],
        }
    }

    /// A receiver whose name leads to an internal address.
    pub(crate) fn of_inside(channel: &Id, inside: &Inside, now: DateTime<Utc>) -> Self {
        let lines = vec![
            format!("What to do: {}.", ssrf_guard::WAY_OUT),
            "A plain IP address and `localhost` need no permission, because they say where they \
             lead. `kpid check --probe` tries it."
                .to_owned(),
        ];
        let summary = format!("The channel `{channel}` waits: {inside}; {}.", ssrf_guard::WAY_OUT);
        // Names come to lead elsewhere: a day later operators hear of it again.
        Self { key: format!("inside/{channel}/{}", now.date_naive()), summary, lines }
    }

    /// A mail server that refuses us; `way_out` is what to look at.
    pub(crate) fn of_refusal(channel: &Id, words: &str, way_out: &str, now: DateTime<Utc>) -> Self {
        let summary = format!("The channel `{channel}` waits: {words}.");
        let lines = vec![
            format!("The server refuses kpid and not the recipient, so no mail is lost: {way_out}."),
            "When that is fixed, what waits is sent by itself; `kpid outbox retry --all` sends it at once, \
             and `kpid notify` sends a test."
                .to_owned(),
        ];
        // As long as it lasts, operators hear of it every day.
        Self { key: format!("refused/{channel}/{}", now.date_naive()), summary, lines }
    }

    pub(crate) fn sentence(&self) -> &str {
        self.summary.trim_end_matches('.')
    }
}
