//! Names and codes: how a value is spelled in JSON, in a config file and in a command. Each spelling is defined in
//! one place only.

use alloc::string::String;
use core::fmt;
use core::marker::PhantomData;
use core::str::FromStr;

use serde::de::{Deserializer, Error, Visitor};

/// Error of `parse` and of deserializing: the text is not one of the names of an enum. `Display` lists the names that
/// are allowed. At most 40 characters of the text are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownName {
    what: &'static str,
    found: String,
    names: &'static [&'static str],
}

impl UnknownName {
    pub(crate) fn new(what: &'static str, found: &str, names: &'static [&'static str]) -> Self {
        Self { what, found: found.chars().take(40).collect(), names }
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, found, names } = self;
        write!(f, "{found:?} is not {what}; the names are {}", names.join(", "))
    }
}

impl core::error::Error for UnknownName {}

/// Deserializes a value from its name. Serde's derive would need every name to be spelled a second time.
pub(crate) fn read<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err = UnknownName>,
    D: Deserializer<'de>,
{
    struct Name<T>(PhantomData<T>);

    impl<T: FromStr<Err = UnknownName>> Visitor<'_> for Name<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a name")
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<T, E> {
            name.parse().map_err(E::custom)
        }
    }

    deserializer.deserialize_str(Name(PhantomData))
}

/// Defines an enum whose variants have no fields, each with a name. `$called` is what an error message calls a value
/// of the enum (`a container`). `$name` and `$names` are the methods that return the name of one value and all names.
///
/// The enum implements `Display`, `FromStr`, `Serialize` and `Deserialize` by name. With `not shown` it gets no
/// `Display`, for an enum that is displayed as a sentence elsewhere.
macro_rules! named {
    (
        $(#[$meta:meta])*
        pub enum $type:ident: $called:literal, $name:ident, $names:ident {
            $($variants:tt)+
        }
    ) => {
        $crate::name::named! {
            $(#[$meta])*
            pub enum $type: $called, $name, $names, not shown {
                $($variants)+
            }
        }

        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.$name())
            }
        }
    };
    (
        $(#[$meta:meta])*
        pub enum $type:ident: $called:literal, $name:ident, $names:ident, not shown {
            $($(#[$of_variant:meta])* $variant:ident = $text:literal $(| $alias:literal)?,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type {
            $($(#[$of_variant])* $variant,)+
        }

        impl $type {
            /// All values, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            #[doc = concat!("The stable ", stringify!($name), ": what is written to JSON, and read back by `parse`.")]
            pub const fn $name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            #[doc = concat!("Every ", stringify!($name), ", in the order of [`Self::ALL`].")]
            pub const fn $names() -> &'static [&'static str] {
                &[$($text),+]
            }
        }

        impl core::str::FromStr for $type {
            type Err = $crate::name::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text $(| $alias)? => Ok(Self::$variant),)+
                    _ => Err($crate::name::UnknownName::new($called, text, Self::$names())),
                }
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.$name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::name::read(deserializer)
            }
        }
    };
}
pub(crate) use named;

/// Adds the methods `code` and `codes` to an enum whose variants have fields. The variant after `else`, if there is
/// one, holds a value of the type `$inner` and has the code of that value.
macro_rules! coded {
    ($type:ident { $($variant:ident = $code:literal,)+ } $(else $outer:ident: $inner:ident)?) => {
        impl $type {
            /// The stable code of this value: it is never renamed within a major version of the document.
            pub fn code(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $code,)+
                    $(Self::$outer(value) => value.code(),)?
                }
            }

            /// Every code that [`code`](Self::code) can return, each once.
            pub const fn codes() -> &'static [&'static str] {
                const OWN: &[&str] = &[$($code),+];
                const INNER: &[&str] = $crate::name::first(&[$($inner::codes(),)? &[]]);
                const ALL: [&str; OWN.len() + INNER.len()] = $crate::name::joined(OWN, INNER);
                &ALL
            }
        }
    };
}
pub(crate) use coded;

pub(crate) const fn first(lists: &[&'static [&'static str]]) -> &'static [&'static str] {
    match lists {
        [first, ..] => first,
        [] => &[],
    }
}

/// Concatenates two lists at compile time; `COUNT` must be the sum of their lengths.
pub(crate) const fn joined<const COUNT: usize>(
    one: &[&'static str],
    other: &[&'static str],
) -> [&'static str; COUNT] {
    let mut all = [""; COUNT];
    let (mut rest, mut next) = (all.as_mut_slice(), one);
    let mut then = other;
    while let Some((slot, slots)) = rest.split_first_mut() {
        if next.is_empty() {
            (next, then) = (then, &[]);
        }
        let Some((code, codes)) = next.split_first() else { break };
        *slot = code;
        (rest, next) = (slots, codes);
    }
    all
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "the macro is for public enums")]
mod tests {
    use super::*;

    named! {
        /// An enum for the tests below.
        pub enum Fruit: "a fruit", name, names {
            /// Red.
            Apple = "apple",
            /// Yellow.
            Pear = "pear" | "williams",
        }
    }

    #[test]
    fn a_name_is_shown_read_and_written_alike() {
        assert_eq!(Fruit::names(), ["apple", "pear"]);
        for fruit in Fruit::ALL {
            assert_eq!(alloc::format!("{fruit}").parse(), Ok(*fruit));
            let written = serde_json::to_string(fruit).unwrap();
            assert_eq!(serde_json::from_str::<Fruit>(&written).unwrap(), *fruit);
        }
        assert_eq!("williams".parse(), Ok(Fruit::Pear));
        let error = "plum".parse::<Fruit>().unwrap_err();
        assert_eq!(alloc::format!("{error}"), "\"plum\" is not a fruit; the names are apple, pear");
        assert!(serde_json::from_str::<Fruit>("3").is_err());
    }

    #[test]
    fn two_lists_are_joined_in_their_order() {
        assert_eq!(joined::<3>(&["a"], &["b", "c"]), ["a", "b", "c"]);
        assert_eq!(joined::<1>(&[], &["b"]), ["b"]);
        assert_eq!(joined::<0>(&[], &[]), [] as [&str; 0]);
    }
}
