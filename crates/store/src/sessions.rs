//! The table `sessions`: who is logged in to the board. A session is found by the SHA-256 of what its browser
//! holds, so that nobody logs in with what they read here.

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, SqliteConnection};

use crate::{
    audit::{self, AuditAction, AuditEntry},
    database::{columns::instant, failure::Explain, store::Store},
    judgement::batch::Batch,
};

/// What sessions are of, in the audit.
const BOARD: &str = "the board";

/// SHA-256 of what a browser holds.
pub type SessionId = [u8; 32];

/// A login that lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// By which it is found.
    pub id: SessionId,
    /// Who said who it is.
    pub issuer: String,
    /// What that called them: an e-mail address or a name.
    pub person: String,
    /// The groups that it named.
    pub groups: Vec<String>,
    /// When they logged in.
    pub started_at: DateTime<Utc>,
    /// When they last asked for something, to a few minutes.
    pub seen_at: DateTime<Utc>,
}

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLife {
    /// Without a request.
    pub idle_max: TimeDelta,
    /// In all.
    pub max: TimeDelta,
}

/// What happens to sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionChange {
    /// Somebody logs in. Sessions that are over by then go.
    Begin {
        /// The new one.
        session: Session,
        /// The one that their browser had until now.
        instead_of: Option<SessionId>,
        /// What is over by then.
        life: SessionLife,
        /// Who, for the audit, and on which way.
        by: (String, String),
    },
    /// Somebody asked for something.
    Seen(SessionId, DateTime<Utc>),
    /// Somebody logs out.
    End {
        /// Which.
        id: SessionId,
        /// Who, for the audit, and on which way.
        by: (String, String),
    },
}

impl SessionLife {
    /// When a session is over, if nobody asks for anything any more.
    pub fn ends(&self, session: &Session) -> DateTime<Utc> {
        (session.seen_at + self.idle_max).min(session.started_at + self.max)
    }
}

#[derive(FromRow)]
struct SessionRow {
    issuer: String,
    person: String,
    member_of: String,
    started_at: i64,
    seen_at: i64,
}

impl Store {
    /// The session by an id, whether it is over or not.
    pub async fn session(&self, id: SessionId) -> anyhow::Result<Option<Session>> {
        let sql =
            "SELECT issuer, person, member_of, started_at, seen_at FROM sessions WHERE id = $1";
        let row = sqlx::query_as(sql).bind(&id[..]);
        let row = row.fetch_optional(&mut *self.read().await?).await;
        let row: Option<SessionRow> = row.explain("cannot read who is logged in")?;
        let Some(SessionRow { issuer, person, member_of, started_at, seen_at }) = row else {
            return Ok(None);
        };
        let groups = serde_json::from_str(&member_of)
            .context("the groups of a session are damaged in the store; they can log in again")?;
        let (started_at, seen_at) = (instant(started_at)?, instant(seen_at)?);
        Ok(Some(Session { id, issuer, person, groups, started_at, seen_at }))
    }

    /// Removes sessions that are over; says how many.
    pub async fn remove_sessions(
        &self,
        life: SessionLife,
        now: DateTime<Utc>,
    ) -> anyhow::Result<u64> {
        let mut tx = self.begin().await?;
        let removed = remove_over(&mut tx, life, now).await?;
        tx.commit().await.explain("cannot remove old sessions")?;
        Ok(removed)
    }
}

impl Batch<'_> {
    /// Keeps what happens to a session.
    pub async fn session(&mut self, change: &SessionChange) -> anyhow::Result<()> {
        let (tx, now) = self.parts();
        keep(tx, change, now).await
    }
}

async fn keep(
    tx: &mut SqliteConnection,
    change: &SessionChange,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    match change {
        SessionChange::Begin { session, instead_of, life, by } => {
            remove_over(tx, *life, now).await?;
            if let Some(earlier) = instead_of {
                remove(tx, earlier).await?;
            }
            insert(tx, session).await?;
            audit::record(tx, &entry(by, AuditAction::LoggedIn, now)).await
        }
        SessionChange::Seen(id, at) => {
            sqlx::query("UPDATE sessions SET seen_at = max(seen_at, $2) WHERE id = $1")
                .bind(&id[..])
                .bind(at.timestamp_micros())
                .execute(tx)
                .await
                .explain("cannot keep that somebody is logged in")?;
            Ok(())
        }
        SessionChange::End { id, by } => {
            if remove(tx, id).await? > 0 {
                audit::record(tx, &entry(by, AuditAction::LoggedOut, now)).await?;
            }
            Ok(())
        }
    }
}

fn entry((by, way): &(String, String), action: AuditAction, at: DateTime<Utc>) -> AuditEntry {
    AuditEntry { at, by: by.clone(), action, of: BOARD.to_owned(), detail: Some(way.clone()) }
}

async fn insert(tx: &mut SqliteConnection, session: &Session) -> anyhow::Result<()> {
    let sql = "INSERT INTO sessions (id, issuer, person, member_of, started_at, seen_at) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let groups = serde_json::to_string(&session.groups).context("groups cannot be written")?;
    sqlx::query(sql)
        .bind(&session.id[..])
        .bind(&session.issuer)
        .bind(&session.person)
        .bind(groups)
        .bind(session.started_at.timestamp_micros())
        .bind(session.seen_at.timestamp_micros())
        .execute(tx)
        .await
        .explain("cannot keep that somebody is logged in")?;
    Ok(())
}

async fn remove(tx: &mut SqliteConnection, id: &SessionId) -> anyhow::Result<u64> {
    let removed = sqlx::query("DELETE FROM sessions WHERE id = $1").bind(&id[..]).execute(tx).await;
    Ok(removed.explain("cannot remove a session")?.rows_affected())
}

async fn remove_over(
    tx: &mut SqliteConnection,
    life: SessionLife,
    now: DateTime<Utc>,
) -> anyhow::Result<u64> {
    let removed = sqlx::query("DELETE FROM sessions WHERE seen_at <= $1 OR started_at <= $2")
        .bind((now - life.idle_max).timestamp_micros())
        .bind((now - life.max).timestamp_micros())
        .execute(tx)
        .await;
    Ok(removed.explain("cannot remove old sessions")?.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judgement::memory::Memory;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn session(id: u8, started_at: DateTime<Utc>, seen_at: DateTime<Utc>) -> Session {
        let (issuer, person) = ("https://login.example".to_owned(), "ines".to_owned());
        Session {
            id: [id; 32],
            issuer,
            person,
            groups: vec!["ops".to_owned()],
            started_at,
            seen_at,
        }
    }

    const LIFE: SessionLife =
        SessionLife { idle_max: TimeDelta::hours(8), max: TimeDelta::days(7) };

    #[tokio::test]
    async fn a_session_is_kept_until_it_is_ended_replaced_or_over() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
        let now = at("2026-06-03T06:00:00Z");
        let mut memory = Memory::load(&store, &[], &Default::default(), now).await.unwrap();
        let by = || ("ines".to_owned(), "from 10.1.2.3".to_owned());
        let mut keep = async |change: SessionChange| {
            let (mut batch, _) = store.batch(&mut memory, now).await.unwrap();
            batch.session(&change).await.unwrap();
            batch.commit().await.unwrap();
        };
        let begin = |session: Session, instead_of: Option<u8>| SessionChange::Begin {
            session,
            instead_of: instead_of.map(|id| [id; 32]),
            life: LIFE,
            by: by(),
        };
        let held = async |id: u8| store.session([id; 32]).await.unwrap();
        keep(begin(session(1, now, now), None)).await;
        assert_eq!(held(1).await, Some(session(1, now, now)));
        assert_eq!(held(2).await, None);
        keep(begin(session(2, now, now), Some(1))).await;
        assert_eq!((held(1).await, held(2).await.is_some()), (None, true));
        let later = now + TimeDelta::hours(1);
        keep(SessionChange::Seen([2; 32], later)).await;
        keep(SessionChange::Seen([2; 32], now)).await;
        assert_eq!(held(2).await.unwrap().seen_at, later, "what comes late takes nothing back");
        keep(SessionChange::End { id: [2; 32], by: by() }).await;
        keep(SessionChange::End { id: [2; 32], by: by() }).await;
        assert_eq!(held(2).await, None);
        let deeds = store.audit_entries(9).await.unwrap();
        let deeds: Vec<_> = deeds.iter().rev().map(|entry| entry.action).collect();
        let (begun, ended) = (AuditAction::LoggedIn, AuditAction::LoggedOut);
        assert_eq!(deeds, [begun, begun, ended], "what has ended ends once");

        let before = |span: TimeDelta| now - span;
        let idle = session(3, before(TimeDelta::hours(9)), before(TimeDelta::hours(8)));
        let old = session(4, before(TimeDelta::days(7)), now);
        let good = session(5, before(TimeDelta::days(6)), before(TimeDelta::hours(7)));
        for session in [&idle, &old, &good] {
            let mut tx = store.begin().await.unwrap();
            insert(&mut tx, session).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert!(LIFE.ends(&idle) <= now && LIFE.ends(&old) <= now && now < LIFE.ends(&good));
        assert_eq!(store.remove_sessions(LIFE, now).await.unwrap(), 2);
        assert_eq!((held(3).await, held(4).await, held(5).await), (None, None, Some(good)));
    }
}
