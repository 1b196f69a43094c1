//! How the newest attempts to collect KPIs went, in memory.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use crate::actuals::collected::Attempt;
use kpid_rules::model::KpiRef;

/// How the newest attempt to collect a KPI went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest {
    /// When it was over.
    pub finished_at: DateTime<Utc>,
    /// Why the source failed, in its words, if it did.
    pub failure: Option<String>,
}

impl Newest {
    /// As it is read once it was written.
    pub(crate) fn of(attempt: &Attempt) -> Self {
        let failure = attempt.has_failed().then(|| attempt.message.clone().unwrap_or_default());
        Self { finished_at: attempt.finished_at, failure }
    }
}

/// How the newest attempts to collect all KPIs went. Which failed is known without a look at the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    newest: HashMap<KpiRef, Newest>,
    failed: BTreeSet<KpiRef>,
}

impl Attempts {
    /// How the newest attempt to collect a KPI went, if there was one.
    pub fn get(&self, kpi: &KpiRef) -> Option<&Newest> {
        self.newest.get(kpi)
    }

    /// The KPIs whose sources failed.
    pub fn failed(&self) -> &BTreeSet<KpiRef> {
        &self.failed
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&KpiRef, &Newest)> {
        self.newest.iter()
    }

    /// What is known of a KPI takes the place of what was.
    pub(crate) fn set(&mut self, kpi: &KpiRef, newest: Option<Newest>) {
        match newest.as_ref().is_some_and(|newest| newest.failure.is_some()) {
            true => self.failed.insert(kpi.clone()),
            false => self.failed.remove(kpi),
        };
        match newest {
            Some(newest) => self.newest.insert(kpi.clone(), newest),
            None => self.newest.remove(kpi),
        };
    }
}

impl FromIterator<(KpiRef, Newest)> for Attempts {
    fn from_iter<I: IntoIterator<Item = (KpiRef, Newest)>>(attempts: I) -> Self {
        let mut all = Self::default();
        attempts.into_iter().for_each(|(kpi, newest)| all.set(&kpi, Some(newest)));
        all
    }
}
