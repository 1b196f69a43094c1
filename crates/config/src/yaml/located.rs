//! Values that know their place, and survive their own mistakes.

use std::{borrow::Cow, fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

use crate::problem::Place;

/// The name by which a [`Loc`] asks the reader for its place.
pub(crate) const LOCATED: &str = "kpid::Loc";

/// A value with its place; `None` where what stood there was wrong, which has been told.
#[derive(Clone, Debug)]
pub(crate) struct Loc<T> {
    /// Where it stands.
    pub(crate) place: Place,
    /// What was read.
    pub(crate) value: Option<T>,
}

/// A map keyed by id, in the author's order.
#[derive(Clone, Debug)]
pub(crate) struct Entries<T>(pub(crate) Vec<(Loc<String>, Loc<T>)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Entries<T> {
    /// Those whose key and value could be read: key, place of the key, value, place of the value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Place, &T)> {
        self.0.iter().filter_map(|(key, value)| {
            Some((key.value.as_deref()?, key.place, value.value.as_ref()?))
        })
    }

    /// The keys that could be read.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&str, Place)> {
        self.0.iter().filter_map(|(key, _)| Some((key.value.as_deref()?, key.place)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Loc<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(LOCATED, LocVisitor(PhantomData))
    }
}

struct LocVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for LocVisitor<T> {
    type Value = Loc<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Loc<T>, A::Error> {
        let mut number = || Ok(parts.next_element::<usize>()?.unwrap_or_default());
        let (file, line, column) = (number()?, number()?, number()?);
        let (offset, length) = (number()?, number()?);
        let place = Place { file, line, column, offset, length };
        Ok(Loc { place, value: parts.next_element()? })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map keyed by id")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut pairs: A,
            ) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = pairs.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Loc<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: JsonSchema> JsonSchema for Entries<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("MapOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        schemars::json_schema!({ "type": "object", "additionalProperties": value })
    }
}
