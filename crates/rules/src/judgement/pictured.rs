//! What is kept of how a node stood, and what of it people see as a change.

use serde::Serialize;

use crate::{
    judgement::{
        kpi_standing::KpiStanding,
        rounding,
        standing::{ObjectiveStanding, PerspectiveStanding, ScorecardStanding, Verdict},
    },
    model::status::Status,
};

/// A node as it stood.
#[derive(Clone, Debug, PartialEq)]
pub struct Pictured {
    /// The word and the score.
    pub colour: Colour,
    /// Share of the weight that had data; a KPI has none.
    pub coverage: Option<f64>,
    /// Its weight among its siblings; a scorecard has none.
    pub weight: Option<f64>,
    /// Of a KPI, the key of the period it reported and what its value was compared with.
    pub measure: Option<(Option<String>, Measure)>,
    /// Of a KPI, whether the upper edges of its band are the lines shown, if it can be told.
    pub shows_upper_edges: Option<bool>,
}

/// What a value is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measure {
    /// What is wanted.
    pub target: Option<f64>,
    /// On track from here on.
    pub green_line: Option<f64>,
    /// Off track beyond.
    pub red_line: Option<f64>,
}

/// A word and a score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Colour {
    /// The word.
    pub status: Status,
    /// 0 to 100, unrounded.
    pub score: Option<f64>,
}

impl ScorecardStanding {
    /// What is kept of it.
    pub(crate) fn pictured(&self) -> Pictured {
        Pictured::of_parent(&self.verdict, None)
    }
}

impl PerspectiveStanding {
    /// What is kept of it.
    pub(crate) fn pictured(&self) -> Pictured {
        Pictured::of_parent(&self.verdict, Some(self.weight))
    }
}

impl ObjectiveStanding {
    /// What is kept of it.
    pub(crate) fn pictured(&self) -> Pictured {
        Pictured::of_parent(&self.verdict, Some(self.weight))
    }
}

impl Pictured {
    fn of_parent(verdict: &Verdict, weight: Option<f64>) -> Self {
        Self {
            colour: Colour { status: verdict.status, score: verdict.score },
            coverage: Some(verdict.coverage),
            weight,
            measure: None,
            shows_upper_edges: None,
        }
    }

    /// A KPI.
    pub(crate) fn of_kpi(kpi: &KpiStanding) -> Self {
        let KpiStanding { target, green_line, red_line, .. } = *kpi;
        let measure = Measure { target, green_line, red_line };
        Self {
            colour: Colour { status: kpi.status, score: kpi.score },
            coverage: None,
            weight: Some(kpi.weight),
            measure: Some((kpi.period.map(|period| period.to_string()), measure)),
            shows_upper_edges: shows_upper_edges(measure, kpi.value, kpi.status),
        }
    }

    /// Whether its verdict is that of another as people see it: word, rounded score and coverage.
    pub fn is_judged_as(&self, other: &Self) -> bool {
        let seen = |node: &Self| {
            (node.colour.status, node.colour.score.map(rounding::score), node.coverage)
        };
        seen(self) == seen(other)
    }

    /// Whether it counts and is compared as another is: weight, period, target and lines.
    pub fn is_measured_as(&self, other: &Self) -> bool {
        let compared = |node: &Self| (node.weight, node.measure.clone(), node.shows_upper_edges);
        compared(self) == compared(other)
    }
}

/// Which edges of a band are shown: the upper ones, where red lies above green. Where both are one,
/// what is on track is below the upper and above the lower; on the edge it cannot be told.
pub(crate) fn shows_upper_edges(
    measure: Measure,
    value: Option<f64>,
    status: Status,
) -> Option<bool> {
    let (green, red) = measure.green_line.zip(measure.red_line)?;
    if green != red {
        return Some(green < red);
    }
    let is_below = value.filter(|value| *value != green)? < green;
    Some(is_below == (status == Status::OnTrack))
}
