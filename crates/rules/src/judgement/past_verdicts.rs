//! Verdicts on KPIs in past periods, remembered from one judgement to the next.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use crate::{judgement::rollup::Child, model::id::KpiRef};

/// KPIs as they were in periods that have settled, by the local day that the periods had ended by:
/// of those, nothing but another figure makes another verdict.
#[derive(Debug, Default)]
pub(crate) struct PastVerdicts(HashMap<KpiRef, BTreeMap<NaiveDate, Child>>);

impl PastVerdicts {
    pub(crate) fn get(&self, kpi: &KpiRef, day: NaiveDate) -> Option<&Child> {
        self.0.get(kpi)?.get(&day)
    }

    pub(crate) fn remember(&mut self, kpi: KpiRef, day: NaiveDate, child: Child) {
        self.0.entry(kpi).or_default().insert(day, child);
    }

    /// From that day on, verdicts on a KPI may be others: a figure of a period that began with it came.
    pub(crate) fn forget(&mut self, kpi: &KpiRef, from: NaiveDate) {
        if let Some(days) = self.0.get_mut(kpi) {
            days.split_off(&from);
        }
    }
}
