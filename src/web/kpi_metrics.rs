//! Values, targets and statuses of KPIs among the metrics. There are thousands, so each scorecard's lines
//! are written once as long as it stands as it stood.

use std::{convert::Infallible, fmt::Write as _, sync::Arc};

use crate::web::fragments::Fragments;
use kpid_rules::judgement::{KpiStanding, ScorecardStanding};

/// KPIs whose values are among the metrics: as many as a server of metrics takes from one target. More
/// are read from the API.
const KPIS_MAX: usize = 10_000;

/// A metric: its name, what it says, and what is said of a KPI: more labels, and a value.
struct Metric {
    name: &'static str,
    help: &'static str,
    sample: fn(&KpiStanding) -> Option<(String, f64)>,
}

const METRICS: [Metric; 3] = [
    Metric {
        name: "kpid_kpi_value",
        help: "Value of a KPI in the period that it reports; absent without one",
        sample: |kpi| Some((String::new(), kpi.value?)),
    },
    Metric {
        name: "kpid_kpi_target",
        help: "Target of a KPI in the period that it reports; absent without one",
        sample: |kpi| Some((String::new(), kpi.target?)),
    },
    Metric {
        name: "kpid_kpi_status",
        help: "1 for the status of a KPI",
        sample: |kpi| Some((format!(",status=\"{}\"", kpi.status.word()), 1.0)),
    },
];

/// What was written of each metric.
#[derive(Clone, Debug, Default)]
pub struct KpiMetrics([Fragments; METRICS.len()]);

impl KpiMetrics {
    /// The metrics of these scorecards as OpenMetrics, without its end.
    pub(super) fn text(&self, scorecards: &[Arc<ScorecardStanding>]) -> String {
        let mut count = 0;
        let few = scorecards.iter().take_while(|held| {
            count += held.kpis().count();
            count <= KPIS_MAX
        });
        let few = &scorecards[..few.count()];
        let mut text = String::new();
        for (metric, fragments) in METRICS.iter().zip(&self.0) {
            let Metric { name, help, .. } = metric;
            // Writing to a string does not fail.
            let _ = write!(text, "# HELP {name} {help}.\n# TYPE {name} gauge\n");
            let written = fragments.of(few, |held| Ok::<_, Infallible>(lines(metric, held)));
            for fragment in written.into_iter().flatten() {
                text.push_str(&fragment);
            }
        }
        text
    }
}

/// Ids are plain, and need no escape.
fn lines(metric: &Metric, scorecard: &ScorecardStanding) -> String {
    let mut lines = String::new();
    for kpi in scorecard.kpis() {
        if let Some((labels, value)) = (metric.sample)(kpi) {
            let (name, scorecard, id) = (metric.name, &scorecard.id, &kpi.id);
            let _ = writeln!(lines, "{name}{{scope=\"{scorecard}/{id}\"{labels}}} {value}");
        }
    }
    lines
}
