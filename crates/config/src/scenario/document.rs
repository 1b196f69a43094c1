//! A scenario: what comes in when, and what is expected of it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

use crate::{
    calendar::document::CalendarDoc,
    people::document::PersonDoc,
    scorecard::document::ScorecardDoc,
    yaml::{
        located::{Entries, Loc},
        scalar::IdsDoc,
    },
};

/// A story to be played to the rules.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ScenarioDoc {
    /// The configuration to play it with, relative to this file.
    pub(crate) config: Option<Loc<String>>,
    /// Or the scorecards themselves.
    pub(crate) scorecards: Option<Loc<Vec<Loc<ScorecardDoc>>>>,
    /// Their calendar.
    pub(crate) calendar: Option<Loc<CalendarDoc>>,
    /// Or only its zone; UTC by default.
    pub(crate) timezone: Option<Loc<String>>,
    /// People who are notified; without them any name will do.
    pub(crate) people: Option<Loc<Entries<PersonDoc>>>,
    /// What happens, oldest first.
    pub(crate) steps: Loc<Vec<Loc<ScenarioStepDoc>>>,
}

/// One instant of the story.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ScenarioStepDoc {
    /// When, e.g. `2026-06-03T06:00:00+02:00`; without an offset, in the calendar's zone.
    pub(crate) at: Loc<String>,
    /// What the sources give, by `scorecard/kpi`.
    pub(crate) actuals: Option<Loc<Entries<ActualsDoc>>>,
    /// What the sources fail with, by `scorecard/kpi`.
    pub(crate) failed: Option<Loc<Entries<String>>>,
    /// History being loaded: seen, never reported.
    pub(crate) historical: Option<Loc<bool>>,
    /// Scopes that are silenced, or `true` for all.
    pub(crate) silenced: Option<Loc<IdsDoc>>,
    /// Alerts that were open before, and who answers for them now, by scope.
    pub(crate) acknowledged: Option<Loc<Entries<AcknowledgedDoc>>>,
    /// What must be so then: facts of the standing by scope, and the `event` of a perspective.
    pub(crate) expect: Option<Loc<Entries<Entries<Value>>>>,
}

/// Somebody answers for an open alert.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcknowledgedDoc {
    /// Who.
    pub(crate) by: Loc<String>,
    /// What is being done.
    pub(crate) comment: Option<Loc<String>>,
    /// The day by which it should be well again.
    pub(crate) due: Option<Loc<String>>,
}

/// What a source gives for one KPI.
#[derive(Clone, Debug)]
pub(crate) enum ActualsDoc {
    /// A bare figure for the period that is due: the last closed one, of a level the running one.
    Bare(Value),
    /// One actual.
    One(Box<ActualDoc>),
    /// Several.
    Several(Vec<Loc<ActualDoc>>),
}

/// One actual.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActualDoc {
    /// Its period; by default the one that a bare figure would be for.
    pub(crate) period: Option<Loc<String>>,
    /// The value; `true` and `false` of an event; `null` where the source said null.
    #[serde(default, deserialize_with = "even_null")]
    pub(crate) value: Option<Loc<Value>>,
    /// What is counted.
    pub(crate) numerator: Option<Loc<f64>>,
    /// Out of how many.
    pub(crate) denominator: Option<Loc<f64>>,
    /// The target that came with it.
    pub(crate) target: Option<Loc<f64>>,
    /// When it was true; by default then, or at the end of its period if that is over.
    pub(crate) observed_at: Option<Loc<String>>,
}

/// A null that is written is not the same as nothing written.
fn even_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Loc<Value>>, D::Error> {
    Loc::deserialize(deserializer).map(Some)
}

impl<'de> Deserialize<'de> for ActualsDoc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = ActualsDoc;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, a map with `period` and `value`, or a list of such maps")
            }

            fn visit_unit<E>(self) -> Result<ActualsDoc, E> {
                Ok(ActualsDoc::Bare(Value::Null))
            }

            fn visit_bool<E>(self, value: bool) -> Result<ActualsDoc, E> {
                Ok(ActualsDoc::Bare(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<ActualsDoc, E> {
                Ok(ActualsDoc::Bare(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<ActualsDoc, E> {
                Ok(ActualsDoc::Bare(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<ActualsDoc, E> {
                Ok(ActualsDoc::Bare(value.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<ActualsDoc, A::Error> {
                let mut several = Vec::new();
                while let Some(item) = items.next_element()? {
                    several.push(item);
                }
                Ok(ActualsDoc::Several(several))
            }

            fn visit_map<A: MapAccess<'de>>(self, pairs: A) -> Result<ActualsDoc, A::Error> {
                let one = ActualDoc::deserialize(MapAccessDeserializer::new(pairs))?;
                Ok(ActualsDoc::One(Box::new(one)))
            }
        }
        deserializer.deserialize_any(Any)
    }
}
