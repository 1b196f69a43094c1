//! How instants, nodes, KPIs and deliveries are written in columns, and read back.

use anyhow::Context;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use kpid_rules::model::{Id, KpiRef, Scope};

/// What the key of a KPI begins with; no id has a colon.
pub(crate) const KPI_KEY: &str = "kpi:";

/// The instant of a column.
pub(crate) fn instant(micros: i64) -> anyhow::Result<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros).context("an instant in the store is out of range")
}

/// How the store names a node. A KPI's path could be a perspective's, so it says what it is.
pub(crate) fn node_key(scope: &Scope) -> String {
    match scope {
        Scope::Kpi(kpi) => format!("{KPI_KEY}{kpi}"),
        other => other.to_string(),
    }
}

/// The node of a key.
pub(crate) fn node(key: &str) -> anyhow::Result<Scope> {
    let ids = |path: &str| path.split('/').map(|id| Id::parse(id).ok()).collect::<Option<Vec<_>>>();
    let found = match key.strip_prefix(KPI_KEY) {
        Some(path) => KpiRef::parse(path).map(Scope::Kpi),
        None => ids(key).and_then(|ids| match <[Id; 3]>::try_from(ids) {
            Ok([scorecard, perspective, objective]) => {
                Some(Scope::Objective(scorecard, perspective, objective))
            }
            Err(ids) => match <[Id; 2]>::try_from(ids) {
                Ok([scorecard, perspective]) => Some(Scope::Perspective(scorecard, perspective)),
                Err(mut ids) => ids.pop().filter(|_| ids.is_empty()).map(Scope::Scorecard),
            },
        }),
    };
    found.with_context(|| format!("the store names a node `{key}`, which is not a path of ids"))
}

/// The KPI of a column.
pub(crate) fn kpi_ref(path: &str) -> anyhow::Result<KpiRef> {
    KpiRef::parse(path)
        .with_context(|| format!("the store names a KPI `{path}`, which is not a KPI"))
}

/// The id of a delivery.
pub(crate) fn delivery_id(text: &str) -> anyhow::Result<Uuid> {
    Uuid::parse_str(text)
        .with_context(|| format!("the store names a delivery `{text}`, which is not a UUID"))
}

/// A count of attempts, or a number in a sequence.
pub(crate) fn unsigned(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
