//! The life of a KPI: in which periods it is followed and weighs, which of them speaks for it now, and
//! when its figures are due.

use chrono::{DateTime, Utc};

use crate::model::{
    calendar::{Calendar, Lag},
    kpi_definition::{Input, Kpi, Nature},
    period::Period,
    target::{Aim, Target},
};

impl Kpi {
    /// Whether it is followed in a period: before it begins and after it has ended nothing is due,
    /// weighed or missing.
    pub fn lives_in(&self, period: Period) -> bool {
        self.from.is_none_or(|from| from <= period)
            && self.until.is_none_or(|until| period <= until)
    }

    /// The weight that holds in a period; none where it is not followed.
    pub fn weight_in(&self, period: Option<Period>) -> f64 {
        if period.is_some_and(|period| !self.lives_in(period)) {
            return 0.0;
        }
        let holds = |(from, _): &&(Period, f64)| period.is_some_and(|period| *from <= period);
        self.weights.iter().rev().find(holds).map_or(self.weight, |(_, weight)| *weight)
    }

    /// The period that speaks for it at an instant: the running one, or the last that has closed.
    pub fn present(&self, calendar: &Calendar, now: DateTime<Utc>) -> Period {
        match self.is_judged_on_newest() {
            true => calendar.period_at(self.frequency, now),
            false => calendar.last_closed(self.frequency, now),
        }
    }

    /// What its author can do about periods without which there is no running total.
    pub fn way_to_a_sum(&self, missing: &[Period]) -> String {
        let keys: Vec<String> = missing.iter().map(Period::to_string).collect();
        let last = missing.iter().max().map(|last| last.next());
        let from = last.filter(|_| self.from.is_none());
        let from = from.map(|from| format!("`from: {from}` if it began then, or "));
        format!(
            "import the figures, or write {}`not_applicable: [{}]`",
            from.unwrap_or_default(),
            keys.join(", ")
        )
    }

    /// The longest that its figures may take: the lag written, else the day after the period. What
    /// is computed takes no time of its own.
    pub fn lag_at_most(&self) -> Lag {
        let usual = match self.input {
            Input::Collected => Lag::Days(1),
            Input::Derived(_) | Input::Shared(_) => Lag::Days(0),
        };
        self.lag.unwrap_or(usual)
    }

    /// Whether the newest reading speaks for it, rather than the last closed period.
    pub fn is_judged_on_newest(&self) -> bool {
        let milestone = |aim: &Aim| matches!(aim.target, Some(Target::Milestone { .. }));
        self.nature == Nature::Level || self.aims.iter().any(milestone)
    }
}
