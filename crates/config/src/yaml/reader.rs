//! From the tree of places to documents: a serde reader that collects problems and goes on.

use std::{cell::RefCell, fmt};

use serde::{
    Deserialize,
    de::{
        DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
        VariantAccess, Visitor, value::StrDeserializer,
    },
    forward_to_deserialize_any,
};

use crate::{
    problem::{Place, Problem, likest, on_one_line, suggestion},
    yaml::{
        located::{LOCATED, Loc},
        node::{Node, Value},
    },
};

// Names that no key of a document has: a choice may well have a key `number`.

/// The variant of a choice that a bare number stands for.
const NUMBER: &str = "<number>";

/// The variant of a choice that bare text stands for.
const TEXT: &str = "<text>";

/// The variant of a choice that a list stands for.
const LIST: &str = "<list>";

/// The variant of a choice that a map of anything stands for.
const MAP: &str = "<map>";

const BARE: [&str; 4] = [NUMBER, TEXT, LIST, MAP];

/// Reads a document and everything that is wrong with it.
pub(crate) fn read<T: serde::de::DeserializeOwned>(node: &Node) -> (Option<Loc<T>>, Vec<Problem>) {
    let problems = RefCell::new(Vec::new());
    let read = Loc::deserialize(NodeReader { node, problems: &problems });
    let document = match read {
        Ok(document) => Some(document),
        Err(fault) => {
            problems.borrow_mut().push(fault.told_at(node.place));
            None
        }
    };
    (document, problems.into_inner())
}

/// What stops one value from being read; whoever can go on without it tells it.
#[derive(Debug)]
struct ReadFault {
    message: String,
    hint: Option<String>,
    place: Option<Place>,
}

impl ReadFault {
    fn at(place: Place, message: String) -> Self {
        Self { message, hint: None, place: Some(place) }
    }

    fn told_at(self, place: Place) -> Problem {
        let problem = Problem::error(self.place.unwrap_or(place), self.message);
        Problem { hint: self.hint, ..problem }
    }

    fn placed(mut self, place: Place) -> Self {
        self.place.get_or_insert(place);
        self
    }
}

impl fmt::Display for ReadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadFault {}

impl serde::de::Error for ReadFault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), hint: None, place: None }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format!("`{field}` is missing"))
    }
}

#[derive(Clone, Copy)]
struct NodeReader<'n> {
    node: &'n Node,
    problems: &'n RefCell<Vec<Problem>>,
}

impl<'n> NodeReader<'n> {
    fn of(self, node: &'n Node) -> Self {
        Self { node, ..self }
    }

    fn tell(self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    fn scalar<T: std::str::FromStr>(self, wanted: &str) -> Result<T, ReadFault> {
        let found = match &self.node.value {
            Value::Scalar { text, plain: true } => text.parse().ok(),
            _ => None,
        };
        found.ok_or_else(|| self.unexpected(wanted))
    }

    fn unexpected(self, wanted: &str) -> ReadFault {
        let found = match &self.node.value {
            Value::Null => "nothing".to_owned(),
            Value::Scalar { text, plain: true } => format!("`{text}`"),
            Value::Scalar { text, plain: false } => format!("the text `{}`", on_one_line(text)),
            Value::Sequence(_) => "a list".to_owned(),
            Value::Mapping(_) => "a map".to_owned(),
        };
        ReadFault::at(self.node.place, format!("expected {wanted}, found {found}"))
    }

    /// The variant that a value without a key stands for, where the choice has one.
    fn bare(self, variants: &[&'static str]) -> Option<&'static str> {
        let name = match &self.node.value {
            Value::Scalar { text, plain: true } if text.parse::<f64>().is_ok() => NUMBER,
            // In quotes it is a text, whatever it says.
            Value::Scalar { plain: false, .. } if variants.contains(&TEXT) => TEXT,
            Value::Scalar { text, .. } if !variants.contains(&text.as_str()) => TEXT,
            Value::Sequence(_) => LIST,
            Value::Mapping(_) => MAP,
            _ => return None,
        };
        let offers = |wanted: &'static str| variants.contains(&wanted).then_some(wanted);
        offers(name).or_else(|| if name == NUMBER { offers(TEXT) } else { None })
    }

    /// The pairs whose keys the document knows. Every other key is told; one that is like a key
    /// that is not there is read as that, so that nobody hears of its absence as well.
    fn known_pairs(
        self,
        pairs: &'n [(Node, Node)],
        fields: &'static [&'static str],
    ) -> Vec<Pair<'n>> {
        let text = |key: &'n Node| match &key.value {
            Value::Scalar { text, .. } => text.as_str(),
            _ => "",
        };
        let mut absent = fields.to_vec();
        absent.retain(|field| pairs.iter().all(|(key, _)| text(key) != *field));
        let mut known = Vec::new();
        for (key, value) in pairs {
            let written = text(key);
            if fields.contains(&written) {
                known.push(Pair { key, meant: None, value });
                continue;
            }
            let hint = suggestion(written, fields.iter().copied())
                .unwrap_or_else(|| format!("valid here: {}", fields.join(", ")));
            self.tell(Problem::error(key.place, format!("unknown key `{written}`")).hint(hint));
            if let Some(meant) = likest(written, fields.iter().copied())
                && let Some(at) = absent.iter().position(|field| *field == meant)
            {
                absent.swap_remove(at);
                known.push(Pair { key, meant: Some(meant), value });
            }
        }
        known
    }
}

impl<'de> Deserializer<'de> for NodeReader<'_> {
    type Error = ReadFault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        let result = match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Scalar { text, plain: true } => plain(text, visitor),
            Value::Scalar { text, plain: false } => visitor.visit_str(text),
            Value::Sequence(items) => {
                visitor.visit_seq(Items { reader: self, items: items.iter() })
            }
            Value::Mapping(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| Pair { key, meant: None, value });
                visitor.visit_map(Pairs { reader: self, pairs, value: None })
            }
        };
        result.map_err(|fault| fault.placed(self.node.place))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        visitor.visit_bool(self.scalar("true or false")?)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        visitor.visit_u8(self.scalar("a whole number from 0 to 255")?)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        visitor.visit_u16(self.scalar("a whole number from 0 to 65535")?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        visitor.visit_u32(self.scalar("a whole number, 0 or more")?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        visitor.visit_u64(self.scalar("a whole number, 0 or more")?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        let number: f64 = self.scalar("a number")?;
        if number.is_finite() {
            visitor.visit_f64(number)
        } else {
            Err(self.unexpected("a number"))
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        match &self.node.value {
            Value::Scalar { text, .. } => {
                visitor.visit_str(text).map_err(|fault: ReadFault| fault.placed(self.node.place))
            }
            _ => Err(self.unexpected("text")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        match self.node.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadFault> {
        if name == LOCATED {
            visitor.visit_seq(Located { reader: self, part: 0 })
        } else {
            visitor.visit_newtype_struct(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        match &self.node.value {
            Value::Sequence(items) => {
                visitor.visit_seq(Items { reader: self, items: items.iter() })
            }
            _ => Err(self.unexpected("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        match &self.node.value {
            Value::Mapping(_) => self.deserialize_any(visitor),
            _ => Err(self.unexpected("a map")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadFault> {
        let Value::Mapping(pairs) = &self.node.value else {
            return Err(self.unexpected(&format!("a map with {}", fields.join(", "))));
        };
        let pairs = self.known_pairs(pairs, fields).into_iter();
        let read = visitor.visit_map(Pairs { reader: self, pairs, value: None });
        read.map_err(|fault| fault.placed(self.node.place))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadFault> {
        let named: Vec<_> = variants.iter().copied().filter(|name| !BARE.contains(name)).collect();
        if let Some(name) = self.bare(variants) {
            let choice = Choice { reader: self, name, value: Some(self.node) };
            return visitor.visit_enum(choice).map_err(|fault| fault.placed(self.node.place));
        }
        let takes_number = variants.contains(&NUMBER);
        let variants = named.as_slice();
        let (key, value) = match &self.node.value {
            Value::Scalar { .. } => (self.node, None),
            Value::Mapping(pairs) => match pairs.as_slice() {
                [(key, value)] => (key, Some(value)),
                _ => {
                    let wanted =
                        format!("a map with exactly one of these keys: {}", variants.join(", "));
                    let found = pairs.len();
                    let message = format!("expected {wanted}; found {found} keys");
                    return Err(ReadFault::at(self.node.place, message));
                }
            },
            _ => return Err(self.unexpected(&format!("one of {}", variants.join(", ")))),
        };
        let Value::Scalar { text: name, .. } = &key.value else {
            return Err(self.of(key).unexpected("a word"));
        };
        if !variants.contains(&name.as_str()) {
            let hint = suggestion(name, variants.iter().copied());
            let hint = hint.or_else(|| takes_number.then(|| instead_of_number(name)));
            let message =
                format!("`{name}` is not valid here; write one of {}", variants.join(", "));
            return Err(ReadFault { message, hint, place: Some(key.place) });
        }
        visitor
            .visit_enum(Choice { reader: self, name, value })
            .map_err(|fault| fault.placed(value.unwrap_or(key).place))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct
        ignored_any
    }
}

/// What to write where a number was meant.
fn instead_of_number(written: &str) -> String {
    let bare = written.trim().trim_end_matches('%').trim_end();
    if bare.parse::<f64>().is_ok_and(f64::is_finite) {
        format!("write the number alone: {bare}")
    } else {
        "or write a plain number".to_owned()
    }
}

/// A plain scalar where anything goes.
fn plain<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, ReadFault> {
    match text {
        "true" => visitor.visit_bool(true),
        "false" => visitor.visit_bool(false),
        _ => {
            let digits = text.trim_start_matches(['+', '-']);
            let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            if is_whole && digits.len() > 1 && digits.starts_with('0') {
                let message = format!("`{text}` would lose its leading zeros; write it in quotes");
                return Err(serde::de::Error::custom(message));
            }
            match (text.parse::<i64>(), text.parse::<u64>(), text.parse::<f64>()) {
                (Ok(number), ..) => visitor.visit_i64(number),
                (_, Ok(number), _) => visitor.visit_u64(number),
                _ if is_whole => {
                    let message = format!("`{text}` has too many digits; write it in quotes");
                    Err(serde::de::Error::custom(message))
                }
                (.., Ok(number))
                    if number.is_finite() && !text.starts_with(char::is_alphabetic) =>
                {
                    visitor.visit_f64(number)
                }
                _ => visitor.visit_str(text),
            }
        }
    }
}

/// The place of a value, then the value, unless it is wrong, which is told here.
struct Located<'n> {
    reader: NodeReader<'n>,
    part: usize,
}

impl<'de> SeqAccess<'de> for Located<'_> {
    type Error = ReadFault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadFault> {
        let Place { file, line, column, offset, length } = self.reader.node.place;
        let numbers = [file, line, column, offset, length];
        let part = numbers.get(self.part);
        self.part += 1;
        if let Some(number) = part {
            return seed.deserialize(number.into_deserializer()).map(Some);
        }
        match seed.deserialize(self.reader) {
            Ok(value) => Ok(Some(value)),
            Err(fault) => {
                self.reader.tell(fault.told_at(self.reader.node.place));
                Ok(None)
            }
        }
    }
}

struct Items<'n> {
    reader: NodeReader<'n>,
    items: std::slice::Iter<'n, Node>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = ReadFault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadFault> {
        self.items.next().map(|item| seed.deserialize(self.reader.of(item))).transpose()
    }
}

/// A key and its value.
struct Pair<'n> {
    key: &'n Node,
    /// The key that its author meant, where that is another than the one written.
    meant: Option<&'static str>,
    value: &'n Node,
}

struct Pairs<'n, I> {
    reader: NodeReader<'n>,
    pairs: I,
    value: Option<&'n Node>,
}

impl<'n, 'de, I: Iterator<Item = Pair<'n>>> MapAccess<'de> for Pairs<'n, I> {
    type Error = ReadFault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadFault> {
        let Some(Pair { key, meant, value }) = self.pairs.next() else { return Ok(None) };
        self.value = Some(value);
        match meant {
            Some(meant) => {
                let name: StrDeserializer<'_, ReadFault> = meant.into_deserializer();
                seed.deserialize(name).map(Some)
            }
            None => seed.deserialize(self.reader.of(key)).map(Some),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadFault> {
        let value = self.value.take().unwrap_or(self.reader.node);
        seed.deserialize(self.reader.of(value))
    }
}

struct Choice<'n> {
    reader: NodeReader<'n>,
    name: &'n str,
    value: Option<&'n Node>,
}

impl<'de> EnumAccess<'de> for Choice<'_> {
    type Error = ReadFault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ReadFault> {
        let name: StrDeserializer<'_, ReadFault> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl Choice<'_> {
    fn value(&self) -> Result<NodeReader<'_>, ReadFault> {
        let missing = || {
            let name = self.name;
            ReadFault::at(
                self.reader.node.place,
                format!("`{name}` needs a value: {{ {name}: … }}"),
            )
        };
        self.value.map(|value| self.reader.of(value)).ok_or_else(missing)
    }
}

impl<'de> VariantAccess<'de> for Choice<'_> {
    type Error = ReadFault;

    fn unit_variant(self) -> Result<(), ReadFault> {
        match self.value {
            None => Ok(()),
            Some(value) => Err(self.reader.of(value).unexpected("no value here")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadFault> {
        seed.deserialize(self.value()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ReadFault> {
        self.value()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadFault> {
        self.value()?.deserialize_struct("", fields, visitor)
    }
}
