//! Paths in JSON: paths are bytes, but JSON is text.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

/// A path in readable form and, if it isn't UTF-8, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PathDocument {
    /// The path as text. Bytes that aren't UTF-8 are replaced by U+FFFD.
    pub path: String,
    /// The path's bytes in hexadecimal; `None`, and absent in JSON, if `path` is exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_hex: Option<String>,
}

impl PathDocument {
    /// The path with these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        let exact = core::str::from_utf8(bytes).is_ok();
        let digit = |value: u8| char::from_digit(value.into(), 16);
        let hex = || bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(digit).collect();
        Self { path: String::from_utf8_lossy(bytes).into_owned(), path_hex: (!exact).then(hex) }
    }

    /// Why no file can have this path, or `None` if one can: the two forms don't agree, or it has a zero byte, which
    /// no program accepts.
    pub(super) fn impossible(&self) -> Option<&'static str> {
        let Some(bytes) = self.bytes() else { return Some("its hexadecimal form is none") };
        if bytes.contains(&0) {
            return Some("it holds a zero byte");
        }
        (String::from_utf8_lossy(&bytes) != self.path).then_some("its hexadecimal form is another path's")
    }

    /// The path's bytes; `None` if `path_hex` isn't hexadecimal.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let Some(hex) = &self.path_hex else {
            return Some(self.path.as_bytes().to_vec());
        };
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        let byte = |pair: &[u8]| match pair {
            [high, low] => Some(digit(*high)? * 16 + digit(*low)?),
            _ => None,
        };
        hex.as_bytes().chunks(2).map(byte).collect()
    }
}
