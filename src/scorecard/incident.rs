//! Trouble with data as an incident: told once, and once more when it is over. What a KPI's figure
//! says of its perspective is another matter, and so are its readers.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Gap, KpiRef, KpiStanding, Restated};

/// What comes back sooner than this after it was over is not told anew: it comes and goes.
const QUIET: TimeDelta = TimeDelta::hours(1);

/// Trouble with the data of one KPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// The due date of its period has passed.
    Overdue,
    /// Its newest reading is too old.
    Stale,
    /// Its value lies outside what is believable, and waits for a person.
    Quarantined,
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incident {
    /// When it began.
    pub opened_at: DateTime<Utc>,
    /// When somebody was told of it.
    pub told_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub closed_at: Option<DateTime<Utc>>,
}

/// What is told of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentNews {
    /// It began.
    Began,
    /// It is over.
    Over,
}

impl Trouble {
    /// What is amiss with a KPI's data; its source is asked for many KPIs, and restated are periods.
    pub fn of(kpi: &KpiStanding) -> Option<Self> {
        match kpi.gap {
            Some(Gap::Overdue | Gap::CarriedForward) => Some(Self::Overdue),
            Some(Gap::Stale) => Some(Self::Stale),
            Some(Gap::Quarantined) => Some(Self::Quarantined),
            _ => None,
        }
    }

    /// What names the incident for ever.
    pub fn key(self, named: &KpiRef, kpi: &KpiStanding) -> String {
        let period = kpi.period.map(|period| format!("/{period}")).unwrap_or_default();
        match self {
            Self::Overdue => format!("kpi/{named}/overdue"),
            Self::Stale => format!("kpi/{named}/stale"),
            Self::Quarantined => format!("kpi/{named}/quarantined{period}"),
        }
    }

    /// Whether its end is news; a restatement has none.
    pub fn ends(key: &str) -> bool {
        !key.contains("/restated")
    }
}

impl Restated {
    /// What names the incident for ever: a restatement is one of its period.
    pub fn key(&self, named: &KpiRef) -> String {
        format!("kpi/{named}/restated/{}", self.period)
    }
}

impl Incident {
    /// The incident after a look that found the trouble there or not, and what is told of it.
    pub fn advance(
        before: Option<Self>,
        is_there: bool,
        now: DateTime<Utc>,
    ) -> Option<(Self, Option<IncidentNews>)> {
        let fresh = |told_at| Self { opened_at: now, told_at, closed_at: None };
        match (before, is_there) {
            (None, false) => None,
            (None, true) => Some((fresh(Some(now)), Some(IncidentNews::Began))),
            (Some(held), true) => match held.closed_at {
                None => None,
                Some(closed) if now - closed < QUIET => Some((fresh(None), None)),
                Some(_) => Some((fresh(Some(now)), Some(IncidentNews::Began))),
            },
            (Some(held), false) => held.closed_at.is_none().then(|| {
                let news = held.told_at.map(|_| IncidentNews::Over);
                (Self { closed_at: Some(now), ..held }, news)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    /// What is told over time, for each look by minute and whether the trouble is there.
    fn told(looks: &[(i64, bool)]) -> Vec<(i64, IncidentNews)> {
        let mut held = None;
        let mut told = Vec::new();
        for (minute, is_there) in looks {
            let Some((next, news)) = Incident::advance(held, *is_there, at(*minute)) else {
                continue;
            };
            held = Some(next);
            told.extend(news.map(|news| (*minute, news)));
        }
        told
    }

    #[test]
    fn trouble_is_told_once_and_so_is_its_end() {
        use IncidentNews::{Began, Over};
        assert_eq!(told(&[(0, false), (1, false)]), []);
        assert_eq!(told(&[(0, true), (1, true), (2, true)]), [(0, Began)]);
        assert_eq!(told(&[(0, true), (5, false), (6, false)]), [(0, Began), (5, Over)]);
        let long_after = [(0, true), (5, false), (70, true), (75, false)];
        assert_eq!(told(&long_after), [(0, Began), (5, Over), (70, Began), (75, Over)]);
    }

    #[test]
    fn what_comes_and_goes_is_told_once_an_hour() {
        use IncidentNews::{Began, Over};
        let blinking = [(0, true), (1, false), (2, true), (3, false), (4, true), (5, false)];
        assert_eq!(told(&blinking), [(0, Began), (1, Over)]);
    }
}
