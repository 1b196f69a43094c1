//! What the bodies for all receivers say.

use chrono::{DateTime, FixedOffset};

use crate::{
    facts::alert::Facts,
    fit,
    mail::{render, renderer::Rendered},
    message::Message,
};

use kpid_language::{Language, text};
use kpid_rules::alerting::NoticeKind;
use kpid_rules::{alerting::Event, model::Status};

/// A digest or report is made shorter so many times before its end is left out.
const OVERVIEW_STEPS: usize = 5;

/// Where an alert stands, as pagers know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Triggered,
    Acknowledged,
    Resolved,
    /// It has no end: it is over as soon as it is sent.
    Over,
}

/// What a message says, for a body in any format.
pub(crate) struct Content {
    language: &'static Language,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) dedup_key: String,
    pub(crate) stage: Stage,
    pub(crate) severity: &'static str,
    pub(crate) at: DateTime<FixedOffset>,
    pub(crate) opened_at: DateTime<FixedOffset>,
    pub(crate) link: Option<String>,
    pub(crate) labels: Vec<(&'static str, String)>,
}

impl Content {
    /// What a message says.
    pub(crate) fn of(language: &'static Language, message: &Message) -> anyhow::Result<Self> {
        let rendered = render::whole(language, message)?;
        Ok(match message {
            Message::Alert(facts) => Self::of_alert(language, facts, rendered),
            Message::Overview(overview) => {
                let Rendered { subject, text, .. } = rendered;
                Self {
                    language,
                    subject,
                    text,
                    dedup_key: overview.dedup_key.clone(),
                    // Nothing that a pager should wait for the end of.
                    stage: Stage::Resolved,
                    severity: "info",
                    at: overview.at,
                    opened_at: overview.at,
                    link: overview.links.as_ref().map(|links| links.details.clone()),
                    labels: vec![("alertname", format!("kpid_{}", overview.event.word()))],
                }
            }
            Message::Notice(notice) => {
                let Rendered { subject, text, .. } = rendered;
                let stage = match notice.event {
                    kind if kind.ends() => Stage::Resolved,
                    _ if notice.lasts => Stage::Triggered,
                    _ => Stage::Over,
                };
                // What ends goes by the name of what began.
                let began = match notice.event {
                    NoticeKind::DataRecovered => NoticeKind::DataTrouble,
                    NoticeKind::StoreRecovered => NoticeKind::StoreTrouble,
                    NoticeKind::Settled => NoticeKind::GaveUp,
                    event => event,
                };
                let labels = match began {
                    NoticeKind::AlertEnded => labels_of_episode(&notice.dedup_key),
                    event => vec![("alertname", format!("kpid_{}", event.word()))],
                };
                Self {
                    language,
                    subject,
                    text,
                    dedup_key: notice.dedup_key.clone(),
                    stage,
                    severity: match notice.event {
                        NoticeKind::StoreTrouble => "critical",
                        NoticeKind::DataTrouble
                        | NoticeKind::GaveUp
                        | NoticeKind::ConfigTrouble => "warning",
                        _ => "info",
                    },
                    at: notice.at,
                    opened_at: notice.at,
                    link: None,
                    labels,
                }
            }
        })
    }

    fn of_alert(
        language: &'static Language,
        facts: &Facts,
        Rendered { subject, text, .. }: Rendered,
    ) -> Self {
        let stage = match facts.event {
            Event::Opened | Event::Worsened | Event::Reminded | Event::Escalated => {
                Stage::Triggered
            }
            Event::Acknowledged => Stage::Acknowledged,
            Event::Recovered | Event::Corrected => Stage::Resolved,
        };
        let severity = match (facts.event, facts.judged().0) {
            (Event::Escalated, _) => "critical",
            (_, Some(Status::OffTrack)) => "error",
            (_, Some(Status::AtRisk)) => "warning",
            _ => "info",
        };
        Self {
            language,
            subject,
            text,
            dedup_key: facts.dedup_key.clone(),
            stage,
            severity,
            at: facts.at,
            opened_at: facts.episode.opened_at.unwrap_or(facts.at),
            link: facts.links.as_ref().map(|links| links.details.clone()),
            labels: labels_of_episode(&facts.dedup_key),
        }
    }

    /// What a message says, with fewer entries under each heading of a digest or report where that is
    /// what makes it too long; `left_out` counts the lines that still have no room.
    pub(crate) fn fitting(
        language: &'static Language,
        message: &Message,
        left_out: impl Fn(&Self) -> usize,
    ) -> anyhow::Result<Self> {
        let mut content = Self::of(language, message)?;
        let Message::Overview(_) = message else { return Ok(content) };
        for shorter in fit::shorter(message).take(OVERVIEW_STEPS) {
            if left_out(&content) == 0 {
                break;
            }
            content = Self::of(language, &shorter)?;
        }
        Ok(content)
    }

    /// How much is left out, and where it is found.
    pub(crate) fn left_out(&self, lines: usize) -> String {
        let lines = text!(self.language, "chat-more-lines", count = lines);
        format!("{lines}; {}", self.elsewhere())
    }

    /// Why the facts are not there, and where they are found.
    pub(crate) fn too_large(&self, bytes: usize) -> String {
        let why = text!(self.language, "chat-too-large", bytes = bytes);
        format!("{why}; {}", self.elsewhere())
    }

    fn elsewhere(&self) -> String {
        let place = if self.link.is_some() { "chat-all-by-link" } else { "chat-all-by-command" };
        self.language.text(place).into_owned()
    }

    /// What the button says that leads to the page.
    pub(crate) fn details(&self) -> String {
        self.language.text("mail-details").into_owned()
    }
}

/// What Alertmanager knows an episode by: the scorecard and the node by the ids that they had when it
/// opened. A rename must not make another alert of it, of which the first would never end.
pub(crate) fn labels_of_episode(dedup_key: &str) -> Vec<(&'static str, String)> {
    let path = dedup_key.rsplit_once('/').map_or(dedup_key, |(path, _)| path);
    let scorecard = path.split('/').next().unwrap_or(path);
    vec![
        ("alertname", "kpid_off_track".to_owned()),
        ("scorecard", scorecard.to_owned()),
        ("node", path.to_owned()),
    ]
}
