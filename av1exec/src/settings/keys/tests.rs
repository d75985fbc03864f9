use std::path::Path;

use av1plan::plan::Encoder;

use super::*;
use crate::settings::parse;

#[test]
fn names_are_unique_and_sentences_end() {
    for (place, key) in KEYS.iter().enumerate() {
        assert!(KEYS[..place].iter().all(|other| other.name != key.name), "{}", key.name);
        assert!(key.purpose.ends_with('.') && !key.allowed.to_string().ends_with('.'), "{}", key.name);
    }
}

#[test]
fn every_name_that_a_message_allows_is_taken() {
    for key in KEYS {
        let (names, list) = match key.allowed {
            Allowed::Words(_) => continue,
            Allowed::OneOf(names) => (names, false),
            Allowed::ListOf(names) => (names, true),
        };
        for name in names {
            let value = if list { format!("[{name:?}]") } else { format!("{name:?}") };
            let settings = parse(&format!("{} = {value}", key.name), Path::new("c.toml")).unwrap();
            assert_eq!((key.get)(&settings), Set(value), "{}", key.name);
        }
    }
    // This is the only list of allowed names that isn't generated from its enum.
    assert_eq!(Encoder::names(), ["svt", "aom", "rav1e"]);
}
