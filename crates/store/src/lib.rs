//! Where everything is kept: SQLite behind sqlx. All of kpid's own SQL is in this crate.
//!
//! | module group | what is kept there |
//! |---|---|
//! | `actuals` | what was collected: readings, actuals and their revisions, attempts, pushes |
//! | `episodes` | where alerts and trouble with data stand, and what people do about them |
//! | `outbox` | deliveries: to be made, held, kept for a summary, settled |
//! | `judgement` | what a judgement sees, and what it leaves behind, in one transaction |
//! | `families` | which scorecards are judged together, and what changed in them |
//! | `digests` | the last digest of each person, and how everything stood then |
//! | `maintenance` | backups, check-ups, retention, renames, configurations, keys |
//! | `audit` | who changed what |
//! | `sessions` | who is logged in to the board |
//! | `database` | the file itself: opened, migrated, locked; how values are written in columns |

mod actuals;
mod audit;
mod database;
mod digests;
mod episodes;
mod families;
mod judgement;
mod maintenance;
mod outbox;
mod sessions;

pub use crate::{
    actuals::{
        attempts::{Attempts, Newest},
        collected::{Attempt, Collected, Filed, Filing, Precedence, Stage},
        collections::LastSlot,
        outcome::AttemptOutcome,
        pushes::{Frozen, Push, Pushed, Receipt},
    },
    audit::{AuditAction, AuditEntry},
    database::{
        file_identity::Identity,
        lock::{Holder, InstanceLock, Reloaded, holder, was_written},
        store::Store,
        store_file::Displaced,
    },
    digests::{
        digest::{DigestInput, DigestOutcome, LastDigest},
        standings::PastStandings,
    },
    episodes::{
        ended_alerts::{EndedAlert, Reader},
        episode::{EpisodeEvent, EpisodeEventCause, EpisodeEventKind},
        incidents::Incidents,
        operator_actions::{Acknowledged, AcknowledgedByLink, Acted, OperatorAct},
        silences::KeptSilence,
    },
    families::changes::Changed,
    judgement::{
        batch::Batch,
        held::{Held, HeldOf},
        judge::Judgement,
        memory::Memory,
        past::PastVerdict,
    },
    maintenance::{
        backup::{Backup, backup, look_through, restore},
        checkup::{Checkup, check_pages, check_up},
        configurations::{ConfigurationChange, Use},
        retention::{Old, OldReadings, Removed, removed_words},
    },
    outbox::{
        admin::{GaveUp, Handled, Handling, Listed, OutboxSpan},
        deliveries::{Claimed, Hastened, NewDelivery, WAITS_AS_ASKED},
        delivery_event::DeliveryEvent,
        pacing::{BatchedDelivery, HoldDecision, Pace, WaitingDelivery},
        receipts::Known,
        routes::WaitingRoute,
        settlement::{DeliveryResult, Settlement},
        standing_alerts::StandingAlert,
        state::DeliveryState,
    },
    sessions::{Session, SessionChange, SessionId, SessionLife},
};
