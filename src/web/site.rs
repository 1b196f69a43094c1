//! What is shown, as the daemon runs it now, and who may see it.

use std::{collections::HashSet, sync::Arc, time::Duration};

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use indexmap::IndexMap;
use tokio::time::timeout;
use tracing::error;

use crate::{
    telemetry::metrics::Metrics,
    web::{
        access::{Access, LoggedIn},
        board::{Board, Posted},
        change::Changes,
        fragments::Fragments,
        kpi_metrics::KpiMetrics,
        login::provider::Provider,
        minute::{ChangesByActor, RequestsByAddress},
        past::PastStandings,
        peer::Peer,
        push_endpoints::PushEndpoints,
        source_questions::SourceQuestions,
        viewer::{Identity, Viewer},
    },
};
use kpid_clock::Clock;
use kpid_message::{acknowledge_link::Signer, person::Person};
use kpid_rules::{
    judgement::Standing,
    model::{Calendar, Id, KpiRef, Portfolio, Schedule},
    series::History,
};
use kpid_store::Store;

/// A reader who waits longer has gone.
pub(super) const ANSWER_TIME_MAX: Duration = Duration::from_secs(15);

/// How long the first standing may take after a start.
const FIRST_WITHIN: Duration = Duration::from_secs(10);

/// How long a reader waits for the store to say whether something changed.
const ASKED_WITHIN: Duration = Duration::from_millis(100);

/// What is shown, as the daemon runs it now.
#[derive(Clone, Debug)]
pub struct Site {
    /// A store of its own to read from, so that readers keep no writer waiting.
    pub store: Store,
    /// The definitions.
    pub portfolio: Arc<Portfolio>,
    /// The calendar of the company, by which addresses name periods and days.
    pub calendar: Arc<Calendar>,
    /// The configuration's name.
    pub config_hash: String,
    /// Who may look.
    pub access: Access,
    /// How those who look are known.
    pub identity: Identity,
    /// At whom people log in.
    pub login: Option<Arc<Provider>>,
    /// Where it says who is logged in: a connection of its own, so that nobody waits for what a page reads.
    pub sessions: Store,
    /// When people get their digests, if they get any.
    pub digests: Option<Schedule>,
    /// Who may answer for alerts.
    pub people: Arc<IndexMap<Id, Person>>,
    /// What knows the links in mails; none where mails have none.
    pub signer: Option<Arc<Signer>>,
    /// Who may push.
    pub push_endpoints: Arc<PushEndpoints>,
    /// What the sources of KPIs are asked.
    pub sources: SourceQuestions,
    /// Where what is to change goes.
    pub changes: Changes,
    /// How often people and tokens change something.
    pub changes_by_actor: Arc<ChangesByActor>,
    /// How often somebody tries to log in, by address.
    pub logins_by_address: Arc<RequestsByAddress>,
    /// How often links of mails are sent back, by address.
    pub links_by_address: Arc<RequestsByAddress>,
    /// How everything stands.
    pub board: Board,
    /// How scorecards stood at moments that are looked at.
    pub past: PastStandings,
    /// Scorecards as their JSON.
    pub json_fragments: Fragments,
    /// Values of KPIs as metrics, where they are wanted.
    pub kpi_metrics: Option<KpiMetrics>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What asks the time.
    pub clock: Clock,
}

impl Site {
    /// How everything stands; none while the engine has not begun.
    pub(super) async fn posted(&self) -> Option<(Standing, Arc<Posted>)> {
        let first = async {
            loop {
                if let (Some(posted), is_current) = self.board.look().await {
                    return (posted, is_current);
                }
            }
        };
        let (mut posted, mut is_current) = timeout(FIRST_WITHIN, first).await.ok()?;
        if is_current && self.is_other(&posted).await {
            self.board.outdate();
            let (newer, is_now) = self.board.look().await;
            (posted, is_current) = (newer.unwrap_or(posted), is_now);
        }
        let mut standing = posted.standing.clone();
        // What is up and was changed by nothing since is so now: what time changes is put up in time.
        if is_current {
            standing.as_of = self.clock.now().with_timezone(&standing.as_of.timezone());
        }
        Some((standing, posted))
    }

    /// Everything held of some KPIs: of the engine, or from the store where that is busy.
    pub(super) async fn history(&self, kpis: HashSet<KpiRef>) -> anyhow::Result<History> {
        if let Some(held) = self.board.held(kpis.clone()).await {
            return Ok(held);
        }
        Ok(self.store.held_of(&[], &kpis).await?.history)
    }

    /// Whether a command changed something beside the engine since. A store that does not say so at
    /// once keeps nobody from what is up.
    async fn is_other(&self, posted: &Posted) -> bool {
        let version = timeout(ASKED_WITHIN, self.store.version()).await;
        matches!(version, Ok(Ok(version)) if version != posted.version)
    }

    /// The standing now without private scorecards, and what was put up with it.
    pub(super) async fn standing(&self) -> Option<(Standing, Arc<Posted>)> {
        let (standing, posted) = self.posted().await?;
        Some((standing.public(&self.portfolio), posted))
    }
}

impl FromRequestParts<Site> for Viewer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<Peer>().copied();
        let logged_in = parts.extensions.get::<LoggedIn>();
        Ok(site.identity.viewer(&site.access, &parts.headers, peer, logged_in))
    }
}

/// Nothing is up yet.
pub(super) fn not_yet() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "kpid has just begun; come back in a moment\n")
        .into_response()
}

/// What went wrong is for the log; whoever looks learns that it did.
pub(super) fn unreadable(error: &anyhow::Error) -> Response {
    error!("cannot show the standing: {error:#}");
    (StatusCode::INTERNAL_SERVER_ERROR, "the store cannot be read; the log says why\n")
        .into_response()
}
