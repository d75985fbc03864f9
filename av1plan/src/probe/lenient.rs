//! Reading JSON of any shape without refusing it: a value of the wrong type is a value that isn't there.
//!
//! ffprobe's output is well-formed, but what it says comes from files that anybody may have written, and other tools
//! write documents in its form: numbers as strings, `null`s, a key twice. Strings are borrowed from the input and
//! fields nobody asks for are skipped unread, which is what keeps reading a probe cheaper than parsing it into a tree.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::number::{Micros, Rational};

/// One JSON value that is no object and no list, or [`Scalar::Nothing`] for all else.
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

    /// A whole number, also from `"1205959"`.
    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Text(text) => text.trim().parse().ok(),
            Self::Integer(number) => Some(*number),
            // ffprobe prints no floats; another writer's `1920.0` is meant as a whole number.
            #[allow(clippy::cast_possible_truncation, reason = "as-casts of floats saturate")]
            Self::Float(number) => number.is_finite().then_some(*number as i64),
            Self::Bool(_) | Self::Nothing => None,
        }
    }

    /// A whole number that can't be negative.
    pub(super) fn unsigned(&self) -> Option<u64> {
        self.integer().and_then(|number| u64::try_from(number).ok())
    }

    /// A whole number of 32 bits that can't be negative.
    pub(super) fn small(&self) -> Option<u32> {
        self.integer().and_then(|number| u32::try_from(number).ok())
    }

    /// `1`, `"1"`, `true` or `"true"`.
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

    /// Text that says something: not empty, and not one of ffprobe's words for "not known".
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

/// Something read from a JSON object, field by field, in whatever order and however often they come: the last one
/// counts, as in most JSON parsers.
pub(super) trait Fields<'de>: Default {
    /// Takes the field's value from `map`; must read or skip exactly one value.
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
}

/// Skips the value of a field nobody asks for.
pub(super) fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(drop)
}

/// A `T` from an object; the default from anything else.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Fields<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Lenient::<Self>(PhantomData))
    }
}

/// The objects of a list; none from anything else.
pub(super) struct List<T>(pub(super) Vec<T>);

impl<'de, T: Fields<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Lenient::<Self>(PhantomData))
    }
}

/// A `T` from an object; anything else is an error.
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

/// Takes objects and lists where their shape is the wanted one, and passes over every other value.
struct Lenient<T>(PhantomData<T>);

/// The values that are neither object nor list, all read as the empty result.
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
