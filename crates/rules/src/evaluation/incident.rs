//! Trouble with data as an incident: told once, and once more when it is over. What a KPI's figure
//! says of its perspective is another matter, and so are its readers.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    judgement::{kpi_standing::KpiStanding, restatement::Restated},
    model::{
        id::{Id, KpiRef},
        period::Period,
        status::Gap,
    },
};

/// What comes back sooner than this after it was over is not told anew: it comes and goes.
const QUIET: TimeDelta = TimeDelta::hours(1);

/// Trouble with the data of one KPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IncidentKind {
    /// The due date of its period has passed.
    Overdue,
    /// Its newest reading is too old.
    Stale,
    /// Its value lies outside what is believable, and waits for a person.
    Quarantined,
    /// It is judged on a sum, of which periods are missing.
    Incomplete,
}

/// What names an incident for ever. Its text is what the store, and receivers of notices, know it
/// by; it is written and read here and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IncidentKey {
    /// A connection gives no figures for the KPIs that a steward, or otherwise the operators, look
    /// after: `source/erp`, `source/erp/tom`
    Source {
        /// The connection.
        connection: Id,
        /// Who looks after those KPIs.
        steward: Option<Id>,
    },
    /// `kpi/care/calls/overdue`
    Overdue(KpiRef),
    /// `kpi/care/calls/stale`
    Stale(KpiRef),
    /// `kpi/care/calls/quarantined/2026-05`
    Quarantined(KpiRef, Option<Period>),
    /// `kpi/care/calls/incomplete`
    Incomplete(KpiRef),
    /// `kpi/care/calls/restated/2026-05`
    Restated(KpiRef, Period),
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

impl IncidentKind {
    /// What is amiss with a KPI's data; its source is asked for many KPIs, and restated are periods.
    /// What does not weigh is not chased.
    pub fn of(kpi: &KpiStanding) -> Option<Self> {
        match kpi.gap.filter(|_| kpi.weight > 0.0) {
            Some(Gap::MissingInput) if !kpi.missing.is_empty() => Some(Self::Incomplete),
            Some(Gap::Overdue | Gap::CarriedForward) => Some(Self::Overdue),
            Some(Gap::Stale) => Some(Self::Stale),
            Some(Gap::Quarantined) => Some(Self::Quarantined),
            _ => None,
        }
    }

    /// What names the incident for ever.
    pub fn key(self, named: &KpiRef, kpi: &KpiStanding) -> IncidentKey {
        let named = named.clone();
        match self {
            Self::Overdue => IncidentKey::Overdue(named),
            Self::Stale => IncidentKey::Stale(named),
            Self::Quarantined => IncidentKey::Quarantined(named, kpi.period),
            Self::Incomplete => IncidentKey::Incomplete(named),
        }
    }
}

impl IncidentKey {
    /// Reads what `Display` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let id = |text: &str| Id::parse(text).ok();
        let period = |text: &str| Period::parse(text).ok();
        Some(match parts.as_slice() {
            ["source", connection] => Self::Source { connection: id(connection)?, steward: None },
            ["source", connection, steward] => {
                Self::Source { connection: id(connection)?, steward: Some(id(steward)?) }
            }
            ["kpi", scorecard, kpi, rest @ ..] => {
                let kpi = KpiRef { scorecard: id(scorecard)?, kpi: id(kpi)? };
                match rest {
                    ["overdue"] => Self::Overdue(kpi),
                    ["stale"] => Self::Stale(kpi),
                    ["incomplete"] => Self::Incomplete(kpi),
                    ["quarantined"] => Self::Quarantined(kpi, None),
                    ["quarantined", of] => Self::Quarantined(kpi, Some(period(of)?)),
                    ["restated", of] => Self::Restated(kpi, period(of)?),
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    /// The KPI it is about, if it is about one.
    pub fn kpi(&self) -> Option<&KpiRef> {
        match self {
            Self::Source { .. } => None,
            Self::Overdue(kpi)
            | Self::Stale(kpi)
            | Self::Incomplete(kpi)
            | Self::Quarantined(kpi, _)
            | Self::Restated(kpi, _) => Some(kpi),
        }
    }

    /// Whether its end is news; a restatement has none.
    pub fn ends(&self) -> bool {
        !matches!(self, Self::Restated(..))
    }
}

impl fmt::Display for IncidentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source { connection, steward: None } => write!(f, "source/{connection}"),
            Self::Source { connection, steward: Some(steward) } => {
                write!(f, "source/{connection}/{steward}")
            }
            Self::Overdue(kpi) => write!(f, "kpi/{kpi}/overdue"),
            Self::Stale(kpi) => write!(f, "kpi/{kpi}/stale"),
            Self::Incomplete(kpi) => write!(f, "kpi/{kpi}/incomplete"),
            Self::Quarantined(kpi, None) => write!(f, "kpi/{kpi}/quarantined"),
            Self::Quarantined(kpi, Some(period)) => write!(f, "kpi/{kpi}/quarantined/{period}"),
            Self::Restated(kpi, period) => write!(f, "kpi/{kpi}/restated/{period}"),
        }
    }
}

impl Restated {
    /// What names the incident for ever: a restatement is one of its period.
    pub fn key(&self, named: &KpiRef) -> IncidentKey {
        IncidentKey::Restated(named.clone(), self.period)
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

    #[test]
    fn a_key_is_read_as_it_is_written_whatever_the_ids_are() {
        for (text, ends) in [
            ("source/erp", true),
            ("source/restated/tom", true),
            ("source/source/kpi", true),
            ("kpi/care/calls/overdue", true),
            ("kpi/care/calls/stale", true),
            ("kpi/care/calls/quarantined", true),
            ("kpi/care/calls/quarantined/2026-05", true),
            ("kpi/care/calls/restated/2026-05", false),
            // A KPI may be called as anything.
            ("kpi/care/restated-orders/overdue", true),
            ("kpi/restated/restated/stale", true),
            ("kpi/restated/overdue/quarantined/FY2027-Q1", true),
            ("kpi/care/restated/restated/2026-W22", false),
        ] {
            let key = IncidentKey::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((key.to_string().as_str(), key.ends()), (text, ends));
        }
    }

    #[test]
    fn what_is_no_key_is_not_read_as_one() {
        for text in [
            "",
            "source",
            "source/",
            "source/erp/tom/more",
            "kpi/care/calls",
            "kpi/care/calls/restated",
            "kpi/care/calls/restated/May",
            "kpi/care/calls/overdue/2026-05",
            "kpi/care/overdue",
            "node/care/calls/overdue",
        ] {
            assert_eq!(IncidentKey::parse(text), None, "{text}");
        }
    }
}
