//! The versioned JSON document of a plan: what `av1cli plan --json` prints, and what other programs may store.
//!
//! A document says `"format":"av1.plan"` and a version. Readers of version 1 read every 1.x: unknown fields are passed
//! over, and a decision whose code is unknown keeps its code and its text. Another major version is refused.

mod decision;
mod encode;
mod error;
mod path;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

pub use decision::{DecisionDocument, Facts};
pub use encode::{EncodeDocument, StreamDocument};
pub use error::WireError;
pub use path::PathDocument;

use crate::plan::{Skip, SkipReason, Verdict};

/// What every document calls itself.
pub const FORMAT: &str = "av1.plan";

/// The version that this crate writes: `major.minor`.
pub const VERSION: &str = "1.0";

/// A plan as JSON. Built by [`Document::new`], written with [`Document::to_json`], read with [`Document::from_json`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Document {
    /// Always [`FORMAT`].
    pub format: String,
    /// `major.minor`.
    pub version: String,
    /// The file that was planned.
    pub source: SourceDocument,
    /// `encode` or `skip`.
    pub verdict: VerdictName,
    /// Why it is skipped; absent where it isn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<SkipDocument>,
    /// How it is encoded; absent where it is skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encode: Option<EncodeDocument>,
    /// Each choice with its reason.
    pub decisions: Vec<DecisionDocument>,
}

/// What says whether the rest can be read.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: String,
}

impl Head {
    fn check(self) -> Result<(), WireError> {
        if self.format != FORMAT {
            return Err(WireError::Format { found: self.format });
        }
        let major = |version: &str| version.split('.').next().map(String::from);
        if major(&self.version) != major(VERSION) {
            return Err(WireError::Version { found: self.version });
        }
        Ok(())
    }
}

/// The verdict's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VerdictName {
    /// See [`Document::encode`].
    Encode,
    /// See [`Document::skip`].
    Skip,
}

/// The file that was planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SourceDocument {
    /// Its path.
    #[serde(flatten)]
    pub path: PathDocument,
    /// Its bytes.
    pub size: u64,
}

/// Why a film is skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SkipDocument {
    /// The stable code.
    pub code: String,
    /// The sentence.
    pub text: String,
    /// The code with its facts, for programs that restore the plan.
    pub reason: SkipReason,
}

impl Document {
    /// The document of `verdict` on the file at `source`, whose printed command writes to `output`.
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

    /// One line of JSON, without a line break.
    pub fn to_json(&self) -> String {
        // Strings, numbers and lists can always be written; the fallback can't come about.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a document of this major version. Each field is checked by itself: numbers have ranges, and words that come to stand
    /// in a command are of closed lists. [`Document::verdict`] holds them against each other.
    pub fn from_json(bytes: &[u8]) -> Result<Self, WireError> {
        let head: Head = serde_json::from_slice(bytes).map_err(|error| WireError::json(&error))?;
        head.check()?;
        let document: Self = serde_json::from_slice(bytes).map_err(|error| WireError::json(&error))?;
        document.check()?;
        Ok(document)
    }

    /// What the fields' own types don't check.
    fn check(&self) -> Result<(), WireError> {
        Head { format: self.format.clone(), version: self.version.clone() }.check()?;
        let output = self.encode.as_ref().map(EncodeDocument::output);
        for path in [Some(&self.source.path), output.as_ref()].into_iter().flatten() {
            if let Some(why) = path.impossible() {
                return Err(WireError::Path { path: path.path.clone(), why });
            }
        }
        Ok(())
    }

    /// The verdict that the document was written for. [`EncodeDocument::argv`] has no part in it: a command is made from the plan.
    pub fn verdict(&self) -> Result<Verdict, WireError> {
        self.check()?;
        let decisions = self.decisions.iter().map(DecisionDocument::decision).collect::<Result<_, _>>()?;
        match (self.verdict, &self.skip, &self.encode) {
            (VerdictName::Skip, Some(skip), None) => {
                Ok(Verdict::Skip(Skip { reason: skip.reason.clone(), decisions }))
            }
            (VerdictName::Encode, None, Some(encode)) => {
                Ok(Verdict::Encode(Box::new(encode.plan(decisions)?)))
            }
            _ => Err(WireError::Contradiction { what: "a verdict has either `skip` or `encode`" }),
        }
    }

    /// The command of an encode, `ffmpeg` first, made from the plan that was read; nothing where it is a skip. What
    /// [`EncodeDocument::argv`] says may be anything.
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
        Self { code: reason.code().into(), text: alloc::format!("{reason}"), reason: reason.clone() }
    }
}
