//! What a reader must know of the data behind a verdict, as data: each language words it.

use serde::{Deserialize, Serialize};

use crate::facts::named::PeriodName;
use kpid_rules::{
    judgement::Basis,
    model::{Gap, Status},
};

/// Something that a reader must know of the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DataRemark {
    /// Not every KPI of the period has reported yet.
    Provisional,
    /// Where the node is heading, other than the verdict says.
    Heading {
        /// What that is taken from.
        basis: Basis,
        /// The word.
        status: Status,
        /// 0 to 100, unrounded.
        score: Option<f64>,
    },
    /// Not all of the weight has data.
    Coverage {
        /// How much has, in whole percent.
        percent: f64,
    },
    /// A KPI has no verdict, or a lesser one.
    Gap {
        /// The KPI, for people.
        kpi: String,
        /// Why.
        gap: Gap,
        /// Periods of a running total that have no figure.
        #[serde(default)]
        missing: Vec<PeriodName>,
        /// The newest value held.
        last_known: Option<KnownFigure>,
    },
    /// The newest attempt to collect a KPI failed.
    Failed {
        /// The KPI, for people.
        kpi: String,
    },
    /// A KPI was first reported with another value.
    FirstReported {
        /// The KPI, for people.
        kpi: String,
        /// The value then, as shown.
        value: ShownNumber,
        /// The word then.
        status: Status,
    },
    /// A KPI reports another period than the node.
    AsOf {
        /// The KPI, for people.
        kpi: String,
        /// Its period.
        period: PeriodName,
    },
}

/// A number as it is shown, its digits decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownNumber {
    /// With a decimal point: `1234.5`
    pub digits: String,
    /// What it counts.
    pub unit: Option<String>,
}

/// A value and the period that it is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownFigure {
    /// The value.
    pub value: ShownNumber,
    /// Its period.
    pub period: PeriodName,
}
