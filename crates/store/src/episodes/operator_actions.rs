//! What people do about alerts, each in one transaction with the line that says who did it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sqlx::SqliteConnection;

use crate::{
    audit::{self, AuditAction, AuditEntry},
    database::{failure::Explain, store::Store},
    episodes::{
        episode::{self, EpisodeEvent},
        notes, review_items, silences,
    },
    families::changes,
};
use kpid_rules::{
    alerting::{
        Acknowledgement, ActionState, Episode, KeptReviewItem, Note, ReviewItem, ReviewItemKind,
        Silence,
    },
    model::Scope,
};

/// How somebody acknowledged who did it by the link of a mail.
const BY_LINK: &str = "by the link in a mail";

/// What came of acknowledging an episode.
#[derive(Clone, Debug, PartialEq)]
pub enum Acknowledged {
    /// It is acknowledged.
    Done(Box<Episode>),
    /// There is no open episode, or another one than was meant.
    NotOpen,
}

/// What came of acknowledging an episode by the link of a mail.
#[derive(Clone, Debug, PartialEq)]
pub enum AcknowledgedByLink {
    /// It is acknowledged.
    Done(Scope),
    /// Somebody did so before, and that stands.
    Already,
    /// It is over.
    NotOpen,
}

/// What somebody does about an alert or a node, on a page or over the API.
#[derive(Clone, Debug, PartialEq)]
pub enum OperatorAct {
    /// Answers for the open episode that messages are recognised by; takes the place of whoever did.
    Acknowledge {
        /// What the messages of the alert are recognised by.
        dedup_key: String,
        /// Who, in which words.
        acknowledgement: Acknowledgement,
    },
    /// Wants to hear nothing of a node for a while.
    Silence(Silence),
    /// Writes a note about a node.
    Note(Note),
    /// Takes something down in a review.
    TakeDown(ReviewItem),
    /// Says how far an action of a review is.
    Settle {
        /// The number of the action.
        id: i64,
        /// How far it is.
        state: ActionState,
        /// Who says so.
        by: String,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acted {
    /// It is kept: the node that it is about, and the number of a silence or of what a review took down.
    Done(Scope, Option<i64>),
    /// The alert is over, or there is no such action, or it is as far already.
    NotOpen,
}

/// What an act changed of what is held.
#[derive(Debug)]
pub(crate) enum Altered {
    /// What is held beside is to be changed by what the act says.
    AsAsked,
    /// Where the episode stands that was acknowledged.
    Episode(Box<Episode>),
    /// Something that a review took down, as it is now.
    ReviewItem(KeptReviewItem),
}

impl Store {
    /// Acknowledges the open episode of a scope: that of a `number`, or whichever is open.
    pub async fn acknowledge(
        &self,
        scope: &Scope,
        number: Option<u32>,
        acknowledgement: &Acknowledgement,
    ) -> anyhow::Result<Acknowledged> {
        let mut tx = self.begin().await?;
        let episode = episode::load(&mut tx).await?.remove(scope);
        let meant = |episode: &Episode| {
            episode.is_open() && number.is_none_or(|number| number == episode.number)
        };
        let Some(episode) = episode.filter(meant) else { return Ok(Acknowledged::NotOpen) };
        let episode = acknowledge(&mut tx, scope, &episode, acknowledgement, None).await?;
        changes::note_alerts(&mut tx, scope).await?;
        tx.commit().await.explain("cannot write an acknowledgement")?;
        Ok(Acknowledged::Done(Box::new(episode)))
    }

    /// Acknowledges the open episode that messages are recognised by, if nobody has yet. Its node may
    /// have got another id since.
    pub async fn acknowledge_by_link(
        &self,
        dedup_key: &str,
        acknowledgement: &Acknowledgement,
    ) -> anyhow::Result<AcknowledgedByLink> {
        let mut tx = self.begin().await?;
        let episodes = episode::load(&mut tx).await?;
        let (came, _) = by_link(&mut tx, &episodes, dedup_key, acknowledgement).await?;
        if let AcknowledgedByLink::Done(scope) = &came {
            changes::note_alerts(&mut tx, scope).await?;
            tx.commit().await.explain("cannot write an acknowledgement")?;
        }
        Ok(came)
    }

    /// Keeps a silence; the number it goes by comes back. People read in the zone when it ends.
    pub async fn silence(
        &self,
        silence: &Silence,
        zone: Tz,
        now: DateTime<Utc>,
    ) -> anyhow::Result<i64> {
        let mut tx = self.begin().await?;
        let id = keep_silence(&mut tx, silence, zone, (None, now)).await?;
        changes::note_alerts(&mut tx, &silence.scope).await?;
        tx.commit().await.explain("cannot write a silence")?;
        Ok(id)
    }

    /// Ends a silence before its time; the node it was of comes back, or none if there is no such
    /// silence, or it is over.
    pub async fn unsilence(
        &self,
        id: i64,
        by: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Option<Scope>> {
        let mut tx = self.begin().await?;
        let Some(scope) = silences::end(&mut tx, id, by, now).await? else { return Ok(None) };
        changes::note_alerts(&mut tx, &scope).await?;
        let entry = AuditEntry {
            at: now,
            by: by.to_owned(),
            action: AuditAction::Unsilenced,
            of: scope.to_string(),
            detail: None,
        };
        audit::record(&mut tx, &entry).await?;
        tx.commit().await.explain("cannot end a silence")?;
        Ok(Some(scope))
    }

    /// Keeps a note.
    pub async fn note(&self, note: &Note) -> anyhow::Result<()> {
        let mut tx = self.begin().await?;
        keep_note(&mut tx, note, None).await?;
        changes::note_alerts(&mut tx, &note.scope).await?;
        tx.commit().await.explain("cannot write a note")
    }

    /// Keeps something that a review took down; the number it goes by comes back.
    pub async fn take_down(&self, item: &ReviewItem) -> anyhow::Result<i64> {
        let mut tx = self.begin().await?;
        let id = take_down(&mut tx, item, None).await?;
        changes::note_alerts(&mut tx, &item.scope).await?;
        tx.commit().await.explain("cannot write what a review took down")?;
        Ok(id)
    }

    /// Says how far an action is. It comes back, if there is one of that number that was not as far already.
    pub async fn settle_action(
        &self,
        id: i64,
        state: ActionState,
        by: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Option<KeptReviewItem>> {
        let mut tx = self.begin().await?;
        let Some(kept) = settle(&mut tx, id, state, by, (None, now)).await? else {
            return Ok(None);
        };
        changes::note_alerts(&mut tx, &kept.item.scope).await?;
        tx.commit().await.explain("cannot write how far an action is")?;
        Ok(Some(kept))
    }
}

/// Does what somebody wants done, and writes down who did it in which way; also says what that
/// changed of what is held.
pub(crate) async fn act(
    tx: &mut SqliteConnection,
    episodes: &HashMap<Scope, Episode>,
    act: &OperatorAct,
    (way, zone, now): (&str, Tz, DateTime<Utc>),
) -> anyhow::Result<(Acted, Altered)> {
    Ok(match act {
        OperatorAct::Acknowledge { dedup_key, acknowledgement } => {
            let Some((scope, episode)) = open_episode(episodes, dedup_key) else {
                return Ok((Acted::NotOpen, Altered::AsAsked));
            };
            let episode = acknowledge(tx, scope, episode, acknowledgement, Some(way)).await?;
            (Acted::Done(scope.clone(), None), Altered::Episode(Box::new(episode)))
        }
        OperatorAct::Silence(silence) => {
            let id = keep_silence(tx, silence, zone, (Some(way), now)).await?;
            (Acted::Done(silence.scope.clone(), Some(id)), Altered::AsAsked)
        }
        OperatorAct::Note(note) => {
            keep_note(tx, note, Some(way)).await?;
            (Acted::Done(note.scope.clone(), None), Altered::AsAsked)
        }
        OperatorAct::TakeDown(item) => {
            let id = take_down(tx, item, Some(way)).await?;
            let kept = KeptReviewItem { id, item: item.clone() };
            (Acted::Done(item.scope.clone(), Some(id)), Altered::ReviewItem(kept))
        }
        OperatorAct::Settle { id, state, by } => {
            match settle(tx, *id, *state, by, (Some(way), now)).await? {
                Some(kept) => {
                    (Acted::Done(kept.item.scope.clone(), Some(*id)), Altered::ReviewItem(kept))
                }
                None => (Acted::NotOpen, Altered::AsAsked),
            }
        }
    })
}

/// The open episode that messages are recognised by.
fn open_episode<'e>(
    episodes: &'e HashMap<Scope, Episode>,
    dedup_key: &str,
) -> Option<(&'e Scope, &'e Episode)> {
    let mut episodes = episodes.iter();
    episodes.find(|(scope, held)| held.is_open() && held.dedup_key(scope) == dedup_key)
}

/// Keeps a silence, and writes down who wanted it; its number comes back.
async fn keep_silence(
    tx: &mut SqliteConnection,
    silence: &Silence,
    zone: Tz,
    (way, now): (Option<&str>, DateTime<Utc>),
) -> anyhow::Result<i64> {
    let id = silences::record(tx, silence).await?;
    let until = silence.until.with_timezone(&zone).format("%Y-%m-%d %H:%M %Z");
    let entry = AuditEntry {
        at: now,
        by: silence.by.clone(),
        action: AuditAction::Silenced,
        of: silence.scope.to_string(),
        detail: Some(in_a_way(way, format!("{}; until {until}", silence.reason))),
    };
    audit::record(tx, &entry).await?;
    Ok(id)
}

/// Keeps a note, and writes down whose it is.
async fn keep_note(
    tx: &mut SqliteConnection,
    note: &Note,
    way: Option<&str>,
) -> anyhow::Result<()> {
    notes::record(tx, note).await?;
    let entry = AuditEntry {
        at: note.at,
        by: note.by.clone(),
        action: AuditAction::Noted,
        of: note.scope.to_string(),
        detail: Some(in_a_way(way, format!("{}: {}", note.period, note.text))),
    };
    audit::record(tx, &entry).await
}

/// Keeps something that a review took down, and writes down whose it is; its number comes back.
async fn take_down(
    tx: &mut SqliteConnection,
    item: &ReviewItem,
    way: Option<&str>,
) -> anyhow::Result<i64> {
    let id = review_items::record(tx, item).await?;
    let ReviewItem { period, text, .. } = item;
    let (action, detail) = match &item.kind {
        ReviewItemKind::Decision => (AuditAction::Decided, format!("{period}: {text}")),
        ReviewItemKind::Success => (AuditAction::TookDownSuccess, format!("{period}: {text}")),
        ReviewItemKind::Action(action) => (
            AuditAction::Assigned,
            format!("{period}: #{id} {text}; {}, due {}", action.who, action.due),
        ),
    };
    let (of, by) = (item.scope.to_string(), item.by.clone());
    let detail = Some(in_a_way(way, detail));
    audit::record(tx, &AuditEntry { at: item.at, by, action, of, detail }).await?;
    Ok(id)
}

/// Says how far an action is, and writes down who said so.
async fn settle(
    tx: &mut SqliteConnection,
    id: i64,
    state: ActionState,
    by: &str,
    (way, now): (Option<&str>, DateTime<Utc>),
) -> anyhow::Result<Option<KeptReviewItem>> {
    let Some(kept) = review_items::settle(tx, id, state, by, now).await? else { return Ok(None) };
    let entry = AuditEntry {
        at: now,
        by: by.to_owned(),
        action: AuditAction::SettledAction,
        of: kept.item.scope.to_string(),
        detail: Some(in_a_way(way, format!("#{id} {}; {}", kept.item.text, state.word()))),
    };
    audit::record(tx, &entry).await?;
    Ok(Some(kept))
}

/// What was done, after the way in which it was.
fn in_a_way(way: Option<&str>, detail: String) -> String {
    match way {
        Some(way) => format!("{way}; {detail}"),
        None => detail,
    }
}

/// Acknowledges the open episode that messages are recognised by, if nobody has yet; also says where
/// it stands now.
pub(crate) async fn by_link(
    tx: &mut SqliteConnection,
    episodes: &HashMap<Scope, Episode>,
    dedup_key: &str,
    acknowledgement: &Acknowledgement,
) -> anyhow::Result<(AcknowledgedByLink, Option<Episode>)> {
    let Some((scope, episode)) = open_episode(episodes, dedup_key) else {
        return Ok((AcknowledgedByLink::NotOpen, None));
    };
    if episode.acknowledgement.is_some() {
        return Ok((AcknowledgedByLink::Already, None));
    }
    let episode = acknowledge(tx, scope, episode, acknowledgement, Some(BY_LINK)).await?;
    Ok((AcknowledgedByLink::Done(scope.clone()), Some(episode)))
}

/// Writes an acknowledgement down: in the episode, in its story, and who did it in which way.
async fn acknowledge(
    tx: &mut SqliteConnection,
    scope: &Scope,
    episode: &Episode,
    acknowledgement: &Acknowledgement,
    way: Option<&str>,
) -> anyhow::Result<Episode> {
    let episode = episode.acknowledge(acknowledgement.clone());
    let (by, at) = (acknowledgement.by.clone(), acknowledgement.at);
    episode::write(tx, scope, &episode, at).await?;
    episode::tell(tx, &EpisodeEvent::acknowledged(scope, &episode, at)).await?;
    let due = acknowledgement.due.map(|day| format!("due {day}"));
    let way = way.map(str::to_owned).into_iter();
    let detail: Vec<String> = way.chain(acknowledgement.comment.clone()).chain(due).collect();
    let entry = AuditEntry {
        at,
        by,
        action: AuditAction::Acknowledged,
        of: format!("{scope}/{}", episode.number),
        detail: (!detail.is_empty()).then(|| detail.join("; ")),
    };
    audit::record(tx, &entry).await?;
    Ok(episode)
}
