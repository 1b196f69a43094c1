//! What is held of a node that has another id now: moved, so that history and alerts go on.

use std::collections::BTreeSet;

use sqlx::SqliteConnection;
use tracing::info;

use crate::{
    database::{columns::node_key, failure::Explain, store::Store},
    families::changes::{self, Changed},
};
use kpid_rules::model::Scope;

/// Statements that move a KPI's figures from `$1` to `$2`; what is there already stays.
const OF_FIGURES: [&str; 5] = [
    "UPDATE actuals SET kpi = $2 WHERE kpi = $1 AND NOT EXISTS \
     (SELECT 1 FROM actuals AS other WHERE other.kpi = $2 AND other.period = actuals.period)",
    "UPDATE reading_periods SET kpi = $2 WHERE kpi = $1 AND NOT EXISTS \
     (SELECT 1 FROM reading_periods AS other \
      WHERE other.kpi = $2 AND other.period = reading_periods.period)",
    "UPDATE collections SET kpi = $2 WHERE kpi = $1 AND NOT EXISTS \
     (SELECT 1 FROM collections AS other WHERE other.kpi = $2)",
    "UPDATE attempts SET kpi = $2 WHERE kpi = $1 AND NOT EXISTS \
     (SELECT 1 FROM attempts AS other WHERE other.kpi = $2)",
    "UPDATE misses SET kpi = $2 WHERE kpi = $1 AND NOT EXISTS \
     (SELECT 1 FROM misses AS other WHERE other.kpi = $2 AND other.day = misses.day)",
];

/// Statements that move what is held of alerts from the node `$1`, and from what is below it, to
/// `$2`; the alert of a node that has one already stays.
const OF_ALERTS: [&str; 5] = [
    "UPDATE episode_events SET scope = $2 || substr(scope, length($1) + 1) \
     WHERE (scope = $1 OR substr(scope, 1, length($1) + 1) = $1 || '/') AND NOT EXISTS \
     (SELECT 1 FROM episode_events AS other \
      WHERE other.scope = $2 || substr(episode_events.scope, length($1) + 1))",
    "UPDATE episodes SET scope = $2 || substr(scope, length($1) + 1) \
     WHERE (scope = $1 OR substr(scope, 1, length($1) + 1) = $1 || '/') AND NOT EXISTS \
     (SELECT 1 FROM episodes AS other \
      WHERE other.scope = $2 || substr(episodes.scope, length($1) + 1))",
    "UPDATE silences SET scope = $2 || substr(scope, length($1) + 1) \
     WHERE scope = $1 OR substr(scope, 1, length($1) + 1) = $1 || '/'",
    "UPDATE notes SET scope = $2 || substr(scope, length($1) + 1) \
     WHERE scope = $1 OR substr(scope, 1, length($1) + 1) = $1 || '/'",
    "UPDATE review_items SET scope = $2 || substr(scope, length($1) + 1) \
     WHERE scope = $1 OR substr(scope, 1, length($1) + 1) = $1 || '/'",
];

impl Store {
    /// Moves what is held of nodes under an earlier id to the present one: pairs of both, those of
    /// a parent before those of its children.
    pub async fn rename(&self, renames: &[(Scope, Scope)]) -> anyhow::Result<()> {
        if renames.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for (before, now) in renames {
            let mut moved = 0;
            if let (Scope::Kpi(before), Scope::Kpi(now)) = (before, now) {
                moved += shift(&mut tx, &OF_FIGURES, &before.to_string(), &now.to_string()).await?;
            }
            moved += shift(&mut tx, &OF_ALERTS, &node_key(before), &node_key(now)).await?;
            if moved > 0 {
                changes::note(&mut tx, &changed(before, now)).await?;
                info!(%before, %now, "`{before}` is `{now}` now; its history and alerts go on there");
            }
        }
        tx.commit().await.explain("cannot move what is held under an earlier id")
    }
}

/// What is held elsewhere now.
fn changed(before: &Scope, now: &Scope) -> BTreeSet<Changed> {
    let of = |scope: &Scope| {
        let figures = match scope {
            Scope::Kpi(kpi) => Some(Changed::Figures(kpi.clone())),
            _ => None,
        };
        [Changed::Alerts(scope.scorecard().clone())].into_iter().chain(figures)
    };
    of(before).chain(of(now)).collect()
}

async fn shift(
    tx: &mut SqliteConnection,
    statements: &[&'static str],
    before: &str,
    now: &str,
) -> anyhow::Result<u64> {
    let mut moved = 0;
    for sql in statements {
        let shifted = sqlx::query(*sql).bind(before).bind(now).execute(&mut *tx).await;
        moved += shifted.explain("cannot move what is held under an earlier id")?.rows_affected();
    }
    Ok(moved)
}
