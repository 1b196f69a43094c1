//! What is shown, as the daemon runs it now, and who may see it.

use std::{sync::Arc, time::Duration};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use indexmap::IndexMap;
use tracing::error;

use crate::{
    telemetry::metrics::Metrics,
    web::{access::Access, change::Changes, push_endpoints::PushEndpoints},
};
use kpid_clock::Clock;
use kpid_message::{acknowledge_link::Signer, person::Person};
use kpid_rules::{
    evaluation::judge,
    judgement::Standing,
    model::{Id, Portfolio},
};
use kpid_store::{Held, Store};

/// A reader who waits longer has gone.
pub(super) const ANSWER_TIME_MAX: Duration = Duration::from_secs(15);

/// What is shown, as the daemon runs it now.
#[derive(Clone, Debug)]
pub struct Site {
    /// A store of its own to read from, so that readers keep no writer waiting.
    pub store: Store,
    /// The definitions.
    pub portfolio: Arc<Portfolio>,
    /// The configuration's name.
    pub config_hash: String,
    /// Who may look.
    pub access: Access,
    /// Who may answer for alerts.
    pub people: Arc<IndexMap<Id, Person>>,
    /// What knows the links in mails; none where mails have none.
    pub signer: Option<Arc<Signer>>,
    /// Who may push.
    pub push_endpoints: Arc<PushEndpoints>,
    /// Where what is to change goes.
    pub changes: Changes,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What asks the time.
    pub clock: Clock,
}

impl Site {
    /// The standing now without private scorecards, and what it was judged from.
    pub(super) async fn standing(&self) -> anyhow::Result<(Standing, Held)> {
        let kpis = self.portfolio.kpis().map(|(kpi, ..)| kpi).collect();
        let held = self.store.held(&kpis).await?;
        let now = self.clock.now();
        let standing =
            judge(&self.portfolio, &held.history, &held.episodes, &self.config_hash, now);
        Ok((standing.public(&self.portfolio), held))
    }
}

/// What went wrong is for the log; whoever looks learns that it did.
pub(super) fn unreadable(error: &anyhow::Error) -> Response {
    error!("cannot show the standing: {error:#}");
    (StatusCode::INTERNAL_SERVER_ERROR, "the store cannot be read; the log says why\n")
        .into_response()
}
