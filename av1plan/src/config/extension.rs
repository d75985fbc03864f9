//! File name extensions.

use alloc::borrow::Borrow;
use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

/// A file name extension, in lower case and without the dot: `mkv`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Extension(String);

impl Extension {
    /// The extension `text`, which may be in any case and begin with a dot: `.MKV`.
    ///
    /// # Errors
    ///
    /// If it isn't made of letters and digits.
    pub fn new(text: &str) -> Result<Self, InvalidExtension> {
        let bare = text.strip_prefix('.').unwrap_or(text);
        // The lower case of a letter may be one with a mark behind it.
        let lower = bare.to_lowercase();
        if lower.is_empty() || !lower.chars().all(char::is_alphanumeric) {
            return Err(InvalidExtension);
        }
        Ok(Self(lower))
    }

    /// The extension as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Extension {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Extension {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Extension> for String {
    fn from(extension: Extension) -> Self {
        extension.0
    }
}

impl TryFrom<String> for Extension {
    type Error = InvalidExtension;

    fn try_from(text: String) -> Result<Self, InvalidExtension> {
        Self::new(&text)
    }
}

/// The text isn't a file name extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a file name extension is made of letters and digits, like \"mkv\"")]
pub struct InvalidExtension;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_letters_and_digits_in_any_case() {
        for text in ["mkv", "MKV", ".mkv"] {
            assert_eq!(Extension::new(text).map(String::from), Ok("mkv".into()), "{text}");
        }
        for text in ["", ".", "..mkv", "*.mkv", "mp4 ", "a/b", "\u{130}"] {
            assert_eq!(Extension::new(text), Err(InvalidExtension), "{text:?}");
        }
    }
}
