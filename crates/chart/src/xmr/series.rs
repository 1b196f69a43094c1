//! What is drawn of a process.

use crate::bullet::Band;

/// One period.
#[derive(Clone, Debug)]
pub struct Point {
    /// What the period is called.
    pub label: String,
    /// What was measured; none where there is nothing.
    pub value: Option<f64>,
    /// The same period a year before.
    pub earlier: Option<f64>,
    /// What was wanted.
    pub target: Option<f64>,
    /// What was good and what was not.
    pub bands: Vec<Band>,
    /// What is to be said of the figure.
    pub mark: PointMark,
    /// A rule says that this is no noise.
    pub is_signal: bool,
    /// Period, value and what is marked, in words.
    pub title: String,
}

/// What is to be said of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointMark {
    /// Nothing: it is final.
    Final,
    /// It may still change.
    Provisional,
    /// It is not what was reported first.
    Restated,
}

/// The natural range of a process over some periods.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Baseline {
    /// The first point that it holds for.
    pub from: usize,
    /// The point behind the last that it holds for.
    pub to: usize,
    /// The mean.
    pub mean: f64,
    /// The lower natural limit.
    pub lower: f64,
    /// The upper natural limit.
    pub upper: f64,
}

/// What is expected of a period to come.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// What the period is called.
    pub label: String,
    /// The least that is expected.
    pub low: f64,
    /// What is expected.
    pub value: f64,
    /// The most that is expected.
    pub high: f64,
}
