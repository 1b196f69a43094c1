//! What the sources of KPIs are asked, for the pages of those KPIs.

use std::{fmt, sync::Arc};

use kpid_board::kpi::SourceFacts;
use kpid_rules::model::KpiRef;

/// Asks whoever has the configuration, so that nothing of it is held twice.
#[derive(Clone)]
pub struct SourceQuestions(Arc<FactsOf>);

/// What knows the sources.
type FactsOf = dyn Fn(&KpiRef) -> Option<SourceFacts> + Send + Sync;

impl SourceQuestions {
    /// What that says of a KPI; nothing of one that has no source.
    pub fn new(asked: impl Fn(&KpiRef) -> Option<SourceFacts> + Send + Sync + 'static) -> Self {
        Self(Arc::new(asked))
    }

    pub(super) fn of(&self, kpi: &KpiRef) -> Option<SourceFacts> {
        (self.0)(kpi)
    }
}

impl fmt::Debug for SourceQuestions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SourceQuestions")
    }
}
