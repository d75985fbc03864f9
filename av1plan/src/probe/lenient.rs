//! Reads JSON of any shape without an error: a value of the wrong type counts as absent.
//!
//! ffprobe's output is well-formed, but its values come from files that anybody may have written. Other tools write
//! documents of the same form with numbers as strings, `null`s, or a key twice. Strings are borrowed from the input
//! and unused fields are skipped, so reading a probe is cheaper than parsing it into a tree.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::number::{Micros, Rational};

/// A JSON value that is neither an object nor a list. Every other value is [`Scalar::Nothing`].
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar<'de> {
    Text(Cow<'de, str>),
    Integer(i64),
    Float(f64),
    Bool(bool),
    Nothing,
}

impl<'de> Scalar<'de> {
    pub(super) fn read<A: MapAccess<'de>>(map: &mut A) -> Result<Self, A::Error> {
        map.next_value()
    }

    /// The value as a whole number, also from text like `"1205959"`.
    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Text(text) => text.trim().parse().ok(),
            Self::Integer(number) => Some(*number),
            // ffprobe prints no floats. Another writer's `1920.0` means the whole number.
            #[allow(clippy::cast_possible_truncation, reason = "as-casts of floats saturate")]
            Self::Float(number) => number.is_finite().then_some(*number as i64),
            Self::Bool(_) | Self::Nothing => None,
        }
    }

    /// The value as a whole number that isn't negative.
    pub(super) fn unsigned(&self) -> Option<u64> {
        self.integer().and_then(|number| u64::try_from(number).ok())
    }

    /// The value as a whole number of 32 bits that isn't negative.
    pub(super) fn small(&self) -> Option<u32> {
        self.integer().and_then(|number| u32::try_from(number).ok())
    }

    /// Whether the value is a number other than 0, `true`, `"1"` or `"true"`.
    pub(super) fn flag(&self) -> bool {
        match self {
            Self::Text(text) => matches!(&**text, "1" | "true"),
            Self::Bool(flag) => *flag,
            other => other.integer().is_some_and(|number| number != 0),
        }
    }

    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.into_owned()),
            Self::Integer(number) => Some(alloc::format!("{number}")),
            Self::Float(number) => Some(alloc::format!("{number}")),
            Self::Bool(_) | Self::Nothing => None,
        }
    }

    /// The value as text, unless it is empty or one of ffprobe's words for "not known".
    pub(super) fn known_text(self) -> Option<String> {
        self.text()
            .filter(|text| !matches!(text.as_str(), "" | "unknown" | "N/A" | "unspecified" | "reserved"))
    }

    pub(super) fn micros(&self) -> Option<Micros> {
        match self {
            Self::Text(text) => Micros::parse(text),
            Self::Integer(seconds) => seconds.checked_mul(1_000_000).map(Micros),
            #[allow(clippy::cast_possible_truncation, reason = "as-casts of floats saturate")]
            Self::Float(seconds) => seconds.is_finite().then_some(Micros((seconds * 1e6) as i64)),
            Self::Bool(_) | Self::Nothing => None,
        }
    }

    pub(super) fn rational(&self) -> Option<Rational> {
        match self {
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(String::from(text))))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar<'de>, E> {
        Ok(i64::try_from(number).map_or(Scalar::Nothing, Scalar::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Float(number))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Bool(flag))
    }

    fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar<'de>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nothing)
    }
}

/// A value that is read from a JSON object field by field. The fields may come in any order; of fields with the same
/// key the last one counts, as in most JSON parsers.
pub(super) trait Fields<'de>: Default {
    /// Reads the value of the field `key` from `map`. It must read or skip exactly one value.
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
}

/// Skips the value of a field that isn't used.
pub(super) fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(drop)
}

/// Deserializes a `T` from an object, and its default from any other value.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Fields<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Lenient::<Self>(PhantomData))
    }
}

/// Deserializes the objects of a list, and an empty list from any other value.
pub(super) struct List<T>(pub(super) Vec<T>);

impl<'de, T: Fields<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Lenient::<Self>(PhantomData))
    }
}

/// Deserializes a `T` from an object; any other value is an error.
pub(super) struct Strict<T>(pub(super) T);

impl<'de, T: Fields<'de>> Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(StrictVisitor(PhantomData))
    }
}

struct StrictVisitor<T>(PhantomData<T>);

impl<'de, T: Fields<'de>> Visitor<'de> for StrictVisitor<T> {
    type Value = Strict<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Strict<T>, A::Error> {
        fields(map).map(Strict)
    }
}

/// Reads the fields of an object.
fn fields<'de, T: Fields<'de>, A: MapAccess<'de>>(mut map: A) -> Result<T, A::Error> {
    let mut object = T::default();
    while let Some(key) = map.next_key::<Scalar<'de>>()? {
        match key {
            Scalar::Text(key) => object.field(&key, &mut map)?,
            _ => skip(&mut map)?,
        }
    }
    Ok(object)
}

/// Visitor that reads objects or lists, whichever `T` needs, and ignores every other value.
struct Lenient<T>(PhantomData<T>);

/// Visitor methods that read every value which is neither an object nor a list as `$empty`.
macro_rules! scalars_are {
    ($empty:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($empty)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($empty)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($empty)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($empty)
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($empty)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($empty)
        }
    };
}

impl<'de, T: Fields<'de>> Visitor<'de> for Lenient<Object<T>> {
    type Value = Object<T>;

    scalars_are!(Object(T::default()));

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Object<T>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Object(T::default()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        fields(map).map(Object)
    }
}

impl<'de, T: Fields<'de>> Visitor<'de> for Lenient<List<T>> {
    type Value = List<T>;

    scalars_are!(List(Vec::new()));

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<T>, A::Error> {
        let mut objects = Vec::new();
        while let Some(Object(object)) = list.next_element()? {
            objects.push(object);
        }
        Ok(List(objects))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<List<T>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(List(Vec::new()))
    }
}
