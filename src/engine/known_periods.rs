//! The periods that each KPI has an actual of, as the owner holds them: what a source is asked for
//! depends on them, and a round reads nothing from the store.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use kpid_rules::{
    model::{KpiRef, Period},
    series::History,
};

/// The periods of some KPIs.
pub(crate) type PeriodsByKpi = HashMap<KpiRef, Arc<BTreeSet<Period>>>;

/// The periods of all KPIs, kept by the owner and read by rounds.
#[derive(Debug, Default)]
pub(crate) struct KnownPeriods(Mutex<PeriodsByKpi>);

impl KnownPeriods {
    /// Takes in what is held of these KPIs now.
    pub(crate) fn update<'k>(&self, kpis: impl IntoIterator<Item = &'k KpiRef>, history: &History) {
        let mut known = self.known();
        for kpi in kpis {
            let Some(held) = history.kpi(kpi) else { continue };
            // Periods are added, and none is ever removed.
            if known.get(kpi).is_none_or(|periods| periods.len() != held.actuals.len()) {
                known.insert(kpi.clone(), Arc::new(held.actuals.keys().copied().collect()));
            }
        }
    }

    /// The periods of these KPIs.
    pub(crate) fn of<'k>(&self, kpis: impl Iterator<Item = &'k KpiRef>) -> PeriodsByKpi {
        let known = self.known();
        kpis.filter_map(|kpi| Some((kpi.clone(), known.get(kpi)?.clone()))).collect()
    }

    fn known(&self) -> MutexGuard<'_, PeriodsByKpi> {
        // Nothing between lock and unlock leaves the map half written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
