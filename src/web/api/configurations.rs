//! Which configuration judged when, and which KPIs came and went with it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::web::{
    api::{
        operation::{Content, Operation, Run},
        paging::{self, CURSOR, LIMIT_PARAMETER, Position, local},
    },
    pages::page_request::{Answer, PageRequest},
};
use kpid_rules::model::KpiRef;

pub(super) const OPERATIONS: &[Operation] = &[Operation {
    path: "/api/v1/configurations",
    summary: "Which configuration judged when, the newest first",
    parameters: &[LIMIT_PARAMETER, CURSOR],
    answer: Content::Json(paging::schema::<ConfigurationRow>),
    run: Run::Get(|request, _| Box::pin(list(request))),
}];

/// A time in which one configuration judged. Its keys are a contract.
#[derive(Debug, Serialize, JsonSchema)]
struct ConfigurationRow {
    /// The hash that names the configuration.
    config: String,
    from: String,
    /// Until when; none if it is still so.
    to: Option<String>,
    /// How often a scorecard was judged otherwise in that time.
    verdicts: u64,
    /// The KPIs that came with it, where that was noted. Those of scorecards that are no longer there are left
    /// out, as nobody can say any more who may see them.
    added: Option<Vec<String>>,
    /// The KPIs that went.
    removed: Option<Vec<String>>,
}

async fn list(request: PageRequest) -> Answer {
    let used = request.site.store.configurations_used().await;
    let used = used.map_err(|error| request.unreadable(&error))?;
    let zone = request.site.calendar.zone;
    let seen = |kpis: Vec<String>| {
        let is_seen =
            |kpi: &String| KpiRef::parse(kpi).is_some_and(|kpi| request.sees(&kpi.scorecard));
        kpis.into_iter().filter(is_seen).collect()
    };
    let before = std::iter::once(None).chain(used.iter().map(Some));
    let rows = before.zip(&used).map(|(before, held)| {
        let change = held.change(before);
        let (added, removed) =
            change.map(|change| (seen(change.added), seen(change.removed))).unzip();
        let row = ConfigurationRow {
            config: held.config_hash.clone(),
            from: local(held.from, zone),
            to: held.to.map(|to| local(to, zone)),
            verdicts: held.verdicts,
            added,
            removed,
        };
        (Position { rank: held.from.timestamp_micros(), id: held.config_hash.clone() }, row)
    });
    paging::page_of(&request, rows.collect(), |row| row)
}
