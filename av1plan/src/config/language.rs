//! Languages as people name them in a config, and how they match the language tags of streams.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

/// The names that a language has in files: ISO 639-1, ISO 639-2 (both forms) and English.
///
/// A language that isn't listed here matches only the name that was given.
const NAMES: &[&[&str]] = &[
    &["ar", "ara", "arabic"],
    &["bg", "bul", "bulgarian"],
    &["cs", "ces", "cze", "czech"],
    &["da", "dan", "danish"],
    &["de", "deu", "ger", "german"],
    &["el", "ell", "gre", "greek"],
    &["en", "eng", "english"],
    &["es", "spa", "spanish"],
    &["et", "est", "estonian"],
    &["fa", "fas", "per", "persian"],
    &["fi", "fin", "finnish"],
    &["fr", "fra", "fre", "french"],
    &["he", "heb", "hebrew"],
    &["hi", "hin", "hindi"],
    &["hu", "hun", "hungarian"],
    &["it", "ita", "italian"],
    &["ja", "jpn", "japanese"],
    &["ko", "kor", "korean"],
    &["lt", "lit", "lithuanian"],
    &["lv", "lav", "latvian"],
    &["nl", "nld", "dut", "dutch"],
    &["no", "nor", "norwegian"],
    &["pl", "pol", "polish"],
    &["pt", "por", "portuguese"],
    &["ro", "ron", "rum", "romanian"],
    &["ru", "rus", "russian"],
    &["sk", "slk", "slo", "slovak"],
    &["sv", "swe", "swedish"],
    &["th", "tha", "thai"],
    &["tr", "tur", "turkish"],
    &["uk", "ukr", "ukrainian"],
    &["vi", "vie", "vietnamese"],
    &["zh", "zho", "chi", "chinese"],
];

/// A language that is matched with the language tags of streams: `ru` matches `ru`, `rus`, `Russian` and `ru-RU`, in
/// any case, but no longer word that begins with or contains one of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(String);

impl Language {
    /// The language of this code or English name, of at least two letters.
    ///
    /// # Errors
    ///
    /// If `name` has fewer than two characters or any that isn't a letter. A region (`ru-RU`) is refused because only
    /// the language itself is ever matched.
    pub fn new(name: &str) -> Result<Self, InvalidLanguage> {
        let name = name.trim();
        // The lower case of a letter may be one with a mark behind it.
        let lower = name.to_lowercase();
        if lower.len() < 2 || !lower.chars().all(char::is_alphabetic) {
            return Err(InvalidLanguage);
        }
        let canonical = group(&lower).and_then(|names| names.first().copied());
        Ok(Self(canonical.map_or(lower, String::from)))
    }

    /// Whether all names of the language are known.
    pub(crate) fn is_listed(&self) -> bool {
        group(&self.0).is_some()
    }

    /// Whether a stream with the language tag `tag` is in this language. Only the first part of the tag counts (`ru`
    /// of `ru-RU` and `ru_RU`).
    pub fn matches(&self, tag: &str) -> bool {
        let primary = tag.trim().split(['-', '_', ' ', '(']).next().unwrap_or_default();
        let same = |name: &str| primary.eq_ignore_ascii_case(name);
        match group(&self.0) {
            Some(names) => names.iter().any(|name| same(name)),
            None => primary.to_lowercase() == self.0,
        }
    }
}

fn group(name: &str) -> Option<&'static [&'static str]> {
    NAMES.iter().find(|names| names.contains(&name)).copied()
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0
    }
}

impl TryFrom<String> for Language {
    type Error = InvalidLanguage;

    fn try_from(name: String) -> Result<Self, InvalidLanguage> {
        Self::new(&name)
    }
}

/// Error of making a [`Language`]: the text isn't a language code or name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a language is a code or an English name in letters, like \"ru\", \"rus\" or \"russian\"")]
pub struct InvalidLanguage;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn russian_is_matched_as_a_tag_and_never_as_a_part_of_a_word() {
        let russian = Language::new("Russian").unwrap();
        for tag in ["ru", "rus", "RUS", "Russian", "ru-RU", "ru_RU", "rus-Cyrl", " ru ", "Russian (forced)"] {
            assert!(russian.matches(tag), "{tag}");
        }
        for tag in ["", "und", "eng", "run", "rum", "rusyn", "be-RU", "old russian", "urus", "\u{440}\u{443}"]
        {
            assert!(!russian.matches(tag), "{tag}");
        }
    }

    #[test]
    fn each_name_of_a_language_is_the_same_language() {
        for names in NAMES {
            for name in *names {
                assert_eq!(Language::new(name), Language::new(names[0]));
                assert!(Language::new(names[0]).unwrap().matches(name));
            }
        }
    }

    #[test]
    fn a_language_outside_the_table_is_matched_by_its_own_name() {
        let klingon = Language::new("tlh").unwrap();
        assert!(klingon.matches("TLH") && klingon.matches("tlh-US"));
        assert!(!klingon.matches("tl"));
    }

    #[test]
    fn text_that_is_not_a_language_is_refused() {
        for bad in ["", "r", "ru-RU", "ru,en", "*", "12"] {
            assert_eq!(Language::new(bad), Err(InvalidLanguage), "{bad}");
        }
    }
}
