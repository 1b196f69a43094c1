//! Names of things: the ids authors choose, and the paths made of them.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An id is typed, mailed and put in paths; longer ones are sentences.
const ID_CHARS_MAX: usize = 64;

/// The name an author gave to a scorecard, perspective, objective, KPI, person or channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(Arc<str>);

/// Why a text is not an [`Id`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing was given.
    #[error("an id is empty; write letters, digits, `-`, `_` or `.`")]
    Empty,
    /// More than 64 characters.
    #[error(
        "`{0}` is longer than {ID_CHARS_MAX} characters; shorten the id and put the words into `name`"
    )]
    TooLong(String),
    /// A character that cannot stand in a path of ids.
    #[error(
        "`{text}` has the character `{}`; an id is made of letters, digits, `-`, `_` and `.`",
        .character.escape_debug()
    )]
    Character {
        /// The whole text.
        text: String,
        /// The first character that does not fit.
        character: char,
    },
}

impl Id {
    /// Reads an id: 1 to 64 ASCII letters, digits, `-`, `_` or `.`, the first a letter or digit.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if text.is_empty() {
            return Err(IdError::Empty);
        }
        if text.chars().count() > ID_CHARS_MAX {
            return Err(IdError::TooLong(text.to_owned()));
        }
        let misfit = text.char_indices().find(|&(at, c)| {
            !(c.is_ascii_alphanumeric() || (at > 0 && matches!(c, '-' | '_' | '.')))
        });
        match misfit {
            Some((_, character)) => Err(IdError::Character { text: text.to_owned(), character }),
            None => Ok(Self(text.into())),
        }
    }

    /// The id as its author wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// A KPI anywhere in the portfolio: a KPI's id is unique in its scorecard, so that its history
/// survives a move to another objective.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KpiRef {
    /// The scorecard that defines the KPI.
    pub scorecard: Id,
    /// The KPI's own id.
    pub kpi: Id,
}

impl KpiRef {
    /// Reads `scorecard/kpi`.
    pub fn parse(text: &str) -> Option<Self> {
        let (scorecard, kpi) = text.split_once('/')?;
        Some(Self { scorecard: Id::parse(scorecard).ok()?, kpi: Id::parse(kpi).ok()? })
    }

    /// A KPI named from this one's scorecard: `kpi`, or `scorecard/kpi`.
    pub fn relative(&self, name: &str) -> Option<Self> {
        match name.contains('/') {
            true => Self::parse(name),
            false => Some(Self { scorecard: self.scorecard.clone(), kpi: Id::parse(name).ok()? }),
        }
    }
}

impl fmt::Display for KpiRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.scorecard, self.kpi)
    }
}

/// One node of the portfolio, written as a path of ids.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `calder`
    Scorecard(Id),
    /// `calder/customer`
    Perspective(Id, Id),
    /// `calder/customer/deliver-on-promise`
    Objective(Id, Id, Id),
    /// `calder/on-time-delivery`
    Kpi(KpiRef),
}

impl Scope {
    /// The scorecard the node belongs to.
    pub fn scorecard(&self) -> &Id {
        match self {
            Self::Scorecard(id) | Self::Perspective(id, _) | Self::Objective(id, _, _) => id,
            Self::Kpi(kpi) => &kpi.scorecard,
        }
    }

    /// Whether it is `outer`, or below it by its path.
    pub fn is_within(&self, outer: &Self) -> bool {
        match (outer, self) {
            (Self::Scorecard(outer), inner) => inner.scorecard() == outer,
            (Self::Perspective(scorecard, outer), Self::Objective(own, perspective, _)) => {
                scorecard == own && outer == perspective
            }
            (outer, inner) => outer == inner,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scorecard(scorecard) => write!(f, "{scorecard}"),
            Self::Perspective(scorecard, perspective) => write!(f, "{scorecard}/{perspective}"),
            Self::Objective(scorecard, perspective, objective) => {
                write!(f, "{scorecard}/{perspective}/{objective}")
            }
            Self::Kpi(kpi) => write!(f, "{kpi}"),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_words_of_a_path() {
        for good in ["calder", "K05", "on-time-delivery", "p95_hours", "v1.2"] {
            assert_eq!(Id::parse(good).map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "a/b", "-x", "größe", "a b", &"x".repeat(65)] {
            assert!(Id::parse(bad).is_err(), "{bad:?} is no id");
        }
    }

    #[test]
    fn a_node_is_within_every_prefix_of_its_path() {
        let id = |text: &str| Id::parse(text).unwrap();
        let scorecard = Scope::Scorecard(id("calder"));
        let perspective = Scope::Perspective(id("calder"), id("customer"));
        let objective = Scope::Objective(id("calder"), id("customer"), id("promise"));
        let kpi = Scope::Kpi(KpiRef::parse("calder/customer").unwrap());
        let elsewhere = Scope::Objective(id("calder"), id("people"), id("promise"));
        for (inner, outer, within) in [
            (&objective, &scorecard, true),
            (&kpi, &scorecard, true),
            (&objective, &perspective, true),
            (&objective, &objective, true),
            (&elsewhere, &perspective, false),
            (&kpi, &perspective, false),
            (&scorecard, &perspective, false),
        ] {
            assert_eq!(inner.is_within(outer), within, "{inner} within {outer}");
        }
    }

    #[test]
    fn a_kpi_is_named_by_scorecard_and_id() {
        let kpi = KpiRef::parse("calder/nps").unwrap();
        assert_eq!(kpi.to_string(), "calder/nps");
        assert_eq!(KpiRef::parse("nps"), None);
    }
}
