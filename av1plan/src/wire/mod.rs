//! The versioned JSON document of a plan: `av1cli plan --json` prints it, and other programs may store it.
//!
//! A document has `"format":"av1.plan"` and a version. A reader of version 1 reads every 1.x: it ignores unknown
//! fields, and shows a decision, a skip or a loss with an unknown code by its code and sentence, but can't restore a
//! plan that it doesn't know whole. It refuses another major version.

mod decision;
mod encode;
mod error;
mod path;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

pub use decision::{DecisionDocument, Facts};
pub use encode::{EncodeDocument, LossDocument, StreamDocument};
pub use error::WireError;
pub use path::PathDocument;

use crate::plan::{Skip, SkipReason, Verdict};

/// The format that every document names.
pub const FORMAT: &str = "av1.plan";

/// The version that this crate writes: `major.minor`.
pub const VERSION: &str = "1.0";

/// The verdict on a film, with its plan, as JSON. [`Document::new`] makes it, [`Document::to_json`] writes it, and
/// [`Document::from_json`] reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Document {
    /// Always [`FORMAT`].
    pub format: String,
    /// The document's version: `major.minor`.
    pub version: String,
    /// The film that the verdict is on.
    pub source: SourceDocument,
    /// Whether the film is encoded or skipped.
    pub verdict: VerdictName,
    /// Why the film is skipped; `None`, and absent in JSON, if it is encoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<SkipDocument>,
    /// How the film is encoded; `None`, and absent in JSON, if it is skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encode: Option<EncodeDocument>,
    /// The decisions that led to the verdict.
    pub decisions: Vec<DecisionDocument>,
}

/// The fields that say whether the rest can be read. In another program's document they may be anything.
struct Head {
    format: serde_json::Value,
    version: serde_json::Value,
}

impl Head {
    /// Whether the document is of a newer minor version than this one.
    fn check(&self) -> Result<bool, WireError> {
        let text = |value: &serde_json::Value| {
            value.as_str().map_or_else(|| alloc::format!("{value}"), String::from)
        };
        let missing = |field: &str| WireError::Json { detail: alloc::format!("it has no field `{field}`") };
        if self.format.is_null() {
            return Err(missing("format"));
        }
        if self.format != FORMAT {
            let found = text(&self.format).chars().take(40).collect();
            return Err(WireError::Format { found });
        }
        if self.version.is_null() {
            return Err(missing("version"));
        }
        let parts = |version: &str| -> Option<(u32, u32)> {
            let (major, minor) = version.split_once('.')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        };
        let found = self.version.as_str().and_then(parts);
        match (found, parts(VERSION)) {
            (Some((major, minor)), Some((known, latest))) if major == known => Ok(minor > latest),
            _ => Err(WireError::Version { found: text(&self.version).chars().take(40).collect() }),
        }
    }
}

/// The verdict, without its details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VerdictName {
    /// The film is encoded as [`Document::encode`] says.
    Encode,
    /// The film is skipped for the reason in [`Document::skip`].
    Skip,
}

/// The film that a document is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SourceDocument {
    /// The film's path.
    #[serde(flatten)]
    pub path: PathDocument,
    /// The film's size in bytes.
    pub size: u64,
}

/// Why a film is skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SkipDocument {
    /// The stable code of the reason.
    pub code: String,
    /// The sentence of the reason.
    pub text: String,
    /// The reason as JSON, its code and its facts, from which [`Document::verdict`] restores it.
    pub reason: Facts,
}

impl Document {
    /// The document of a verdict. `source` is the film's path, `size` its bytes, and `output` the path of the result
    /// in the command that people see. Both paths are bytes, as on Unix.
    pub fn new(source: &[u8], size: u64, output: &[u8], verdict: &Verdict) -> Self {
        let path = PathDocument::new(source);
        let decisions = verdict.decisions().iter().map(DecisionDocument::new).collect();
        let (name, skip, encode) = match verdict {
            Verdict::Encode(plan) => {
                (VerdictName::Encode, None, Some(EncodeDocument::new(plan, &path, output)))
            }
            Verdict::Skip(skip) => (VerdictName::Skip, Some(SkipDocument::new(&skip.reason)), None),
        };
        Self {
            format: FORMAT.into(),
            version: VERSION.into(),
            source: SourceDocument { path, size },
            verdict: name,
            skip,
            encode,
            decisions,
        }
    }

    /// The document as one line of JSON, without a line break at its end.
    pub fn to_json(&self) -> String {
        // Strings, numbers and lists can always be written, so `unwrap_or_default` never takes effect.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a document of this major version. Each field is checked by itself: numbers have ranges, and words that
    /// become part of a command come from closed lists. Whether the fields fit together is checked by
    /// [`Document::verdict`].
    ///
    /// # Errors
    ///
    /// If the text isn't JSON, is of another format or another major version, has a field that is missing or not
    /// allowed, or has a path that no file can have.
    pub fn from_json(bytes: &[u8]) -> Result<Self, WireError> {
        let fields: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(bytes).map_err(|error| WireError::json(&error))?;
        let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
        let is_newer = Head { format: field("format"), version: field("version") }.check()?;
        let document: Self = serde_json::from_slice(bytes)
            .map_err(|error| if is_newer { WireError::newer(&error) } else { WireError::json(&error) })?;
        document.check()?;
        Ok(document)
    }

    /// Checks what the types of the fields don't: format, version and paths.
    fn check(&self) -> Result<(), WireError> {
        Head { format: self.format.clone().into(), version: self.version.clone().into() }.check()?;
        let output = self.encode.as_ref().map(EncodeDocument::output);
        for path in [Some(&self.source.path), output.as_ref()].into_iter().flatten() {
            if let Some(why) = path.impossible() {
                return Err(WireError::Path { path: path.path.clone(), why });
            }
        }
        Ok(())
    }

    /// Restores the verdict that the document was made from. [`EncodeDocument::argv`] is ignored: a command is made
    /// from the plan.
    ///
    /// # Errors
    ///
    /// If the fields contradict each other, or a newer version made a decision that this one doesn't know. Also for
    /// the reasons of [`Document::from_json`], since the fields are public and may have been changed.
    pub fn verdict(&self) -> Result<Verdict, WireError> {
        self.check()?;
        let decisions = self.decisions.iter().map(DecisionDocument::decision).collect::<Result<_, _>>()?;
        match (self.verdict, &self.skip, &self.encode) {
            (VerdictName::Skip, Some(skip), None) => {
                let reason = skip.reason.read();
                let reason = reason.ok_or_else(|| WireError::unknown("the skip", &skip.code))?;
                Ok(Verdict::Skip(Skip { reason, decisions }))
            }
            (VerdictName::Encode, None, Some(encode)) => {
                Ok(Verdict::Encode(Box::new(encode.plan(decisions)?)))
            }
            _ => Err(WireError::Contradiction { what: "a verdict has either `skip` or `encode`" }),
        }
    }

    /// The command of an encode for people to see, beginning with `ffmpeg`; `None` if the film is skipped. It is made
    /// from the plan and not from [`EncodeDocument::argv`], which may contain anything.
    ///
    /// # Errors
    ///
    /// The same as for [`Document::verdict`].
    pub fn command(&self) -> Result<Option<Vec<String>>, WireError> {
        Ok(match (self.verdict()?, &self.encode) {
            (Verdict::Encode(plan), Some(encode)) => {
                Some(encode::argv(&plan, &self.source.path, &encode.output()))
            }
            _ => None,
        })
    }
}

impl SkipDocument {
    fn new(reason: &SkipReason) -> Self {
        Self { code: reason.code().into(), text: alloc::format!("{reason}"), reason: Facts::of(reason) }
    }
}
