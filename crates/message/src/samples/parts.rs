//! What samples are put together from.

use chrono::{DateTime, FixedOffset};

use crate::facts::named::{Named, PeriodName, PersonFacts};

/// An instant of the samples, written as RFC 3339.
pub fn at(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap_or_default()
}

pub(crate) fn named(id: &str, name: &str) -> Named {
    Named { id: id.to_owned(), name: name.to_owned() }
}

pub(crate) fn period(key: &str, label: &str) -> PeriodName {
    PeriodName { key: key.to_owned(), label: label.to_owned() }
}

pub(crate) fn ines() -> PersonFacts {
    PersonFacts {
        id: "ines".to_owned(),
        name: "Ines Marlow".to_owned(),
        role: Some("COO".to_owned()),
    }
}
