//! The versioned JSON document of a plan: what `av1cli plan --json` prints, and what other programs may store.
//!
//! A document says `"format":"av1.plan"` and a version. Readers of version 1 read every 1.x: unknown fields are passed
//! over, and a decision whose code is unknown keeps its code and its text. Another major version is refused.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::classify::{Classification, Signal, SourceClass};
use crate::command::{self, Arg, Audience};
use crate::container::Container;
use crate::contract::Contract;
use crate::decision::{Decision, Reason, Topic};
use crate::encode::EncoderSettings;
use crate::gates::SkipReason;
use crate::ladder::ResolutionClass;
use crate::loss::Loss;
use crate::plan::{
    Conversion, EncodePlan, Fate, Filter, Kept, PixelFormat, Rotation, Skip, StreamPlan, StreamType,
    Strictness, Timestamps, Treatment, Verdict, VideoPlan,
};
use crate::probe::Disposition;

/// What every document calls itself.
pub const FORMAT: &str = "av1.plan";

/// The version that this crate writes: `major.minor`.
pub const VERSION: &str = "1.0";

/// A plan as JSON. Built by [`Document::new`], written with [`Document::to_json`], read with [`Document::from_json`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
pub struct SourceDocument {
    /// Its path.
    #[serde(flatten)]
    pub path: PathDocument,
    /// Its bytes.
    pub size: u64,
}

/// A path in readable form, and, where it isn't UTF-8, its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathDocument {
    /// The path; bytes that aren't UTF-8 are shown as U+FFFD.
    pub path: String,
    /// The path's bytes in hexadecimal; absent where `path` is exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_hex: Option<String>,
}

impl PathDocument {
    /// A path by its bytes.
    pub fn new(bytes: &[u8]) -> Self {
        let exact = core::str::from_utf8(bytes).is_ok();
        let digit = |value: u8| char::from_digit(value.into(), 16);
        let hex = || bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(digit).collect();
        Self { path: String::from_utf8_lossy(bytes).into_owned(), path_hex: (!exact).then(hex) }
    }

    /// The path's bytes; nothing where `path_hex` is no hexadecimal.
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

/// Why a film is skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkipDocument {
    /// The stable code.
    pub code: String,
    /// The sentence.
    pub text: String,
    /// The code with its facts, for programs that restore the plan.
    pub reason: SkipReason,
}

/// How a film is encoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncodeDocument {
    /// `encoder` and its settings: `crf`, `preset`, `cpu_used`, `tiles`, `threads`, `qp`, `speed`; what an encoder lacks is
    /// absent.
    #[serde(flatten)]
    pub settings: EncoderSettings,
    /// The muxer.
    pub container: Container,
    /// Where the printed command writes to.
    pub output: String,
    /// The output's bytes in hexadecimal; absent where `output` is exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_hex: Option<String>,
    /// Where the film came from.
    pub source_class: SourceClass,
    /// The signals' sum: positive for the web, negative for a disc.
    pub source_score: i32,
    /// What spoke for and against it.
    pub source_signals: Vec<Signal>,
    /// The row of the ladder.
    pub resolution: ResolutionClass,
    /// Bits and subsampling.
    pub pixel_format: PixelFormat,
    /// Filters in order.
    pub filters: Vec<Filter>,
    /// What becomes of the display matrix.
    pub rotation: Rotation,
    /// Whether Dolby Vision is carried over.
    pub dolby_vision: bool,
    /// About how many frames there are; absent where the source doesn't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<u64>,
    /// What the muxer must be allowed.
    pub strictness: Strictness,
    /// How timestamps pass through.
    pub timestamps: Timestamps,
    /// Each stream of the source.
    pub streams: Vec<StreamDocument>,
    /// What the result won't have.
    pub losses: Vec<Loss>,
    /// What the result must show.
    pub contract: Contract,
    /// ffmpeg's arguments, `ffmpeg` first. Paths that aren't UTF-8 are shown readably here; take their bytes from
    /// `source` and `output_hex`.
    pub argv: Vec<String>,
}

/// What happens to one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamDocument {
    /// The source's absolute stream index.
    pub index: u32,
    /// Its type.
    pub kind: StreamType,
    /// `encode`, `copy`, `convert` or `drop`.
    pub action: String,
    /// The reason's code.
    pub reason: String,
    /// What it is converted to; absent where it isn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Conversion>,
    /// Its flags in the result; absent where it is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<Disposition>,
    /// Tags that are removed since they would be false.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale_tags: Vec<String>,
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionDocument {
    /// What it is about.
    pub topic: String,
    /// The stream it is about, for the topics that are asked of each stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// What was chosen.
    pub choice: String,
    /// The reason's stable code.
    pub code: String,
    /// The reason's sentence.
    pub text: String,
    /// The facts of the sentence, where it has any: numbers, names.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub facts: serde_json::Value,
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

    /// Reads a document of this major version.
    pub fn from_json(bytes: &[u8]) -> Result<Self, WireError> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: String,
        }
        let head: Head = serde_json::from_slice(bytes)?;
        if head.format != FORMAT {
            return Err(WireError::Format { found: head.format });
        }
        let major = |version: &str| version.split('.').next().map(String::from);
        if major(&head.version) != major(VERSION) {
            return Err(WireError::Version { found: head.version });
        }
        Ok(serde_json::from_slice(bytes)?)
    }

    /// The verdict that the document was written for.
    pub fn verdict(&self) -> Result<Verdict, WireError> {
        let decisions = self.decisions.iter().map(DecisionDocument::decision).collect::<Result<_, _>>()?;
        match (&self.skip, &self.encode) {
            (Some(skip), None) => Ok(Verdict::Skip(Skip { reason: skip.reason.clone(), decisions })),
            (None, Some(encode)) => Ok(Verdict::Encode(Box::new(encode.plan(decisions)?))),
            _ => Err(WireError::Contradiction { what: "a verdict has either `skip` or `encode`" }),
        }
    }
}

impl SkipDocument {
    fn new(reason: &SkipReason) -> Self {
        Self { code: reason.code().into(), text: alloc::format!("{reason}"), reason: reason.clone() }
    }
}

impl EncodeDocument {
    fn new(plan: &EncodePlan, source: &PathDocument, output: &[u8]) -> Self {
        let EncodePlan {
            container,
            source_class: Classification { class, score, signals },
            resolution,
            video: VideoPlan { settings, pixel_format, filters, rotation, dolby_vision, frames },
            streams,
            strictness,
            timestamps,
            losses,
            contract,
            decisions: _, // beside `encode`, for a skip has them too
        } = plan;
        let output = PathDocument::new(output);
        let argument = |arg: Arg| match arg {
            Arg::Text(text) => text.into_owned(),
            Arg::Input => alloc::format!("file:{}", source.path),
            Arg::Output => alloc::format!("file:{}", output.path),
        };
        let arguments = command::arguments(plan, Audience::Person).into_iter().map(argument);
        Self {
            settings: *settings,
            container: *container,
            argv: core::iter::once("ffmpeg".into()).chain(arguments).collect(),
            output: output.path.clone(),
            output_hex: output.path_hex.clone(),
            source_class: *class,
            source_score: *score,
            source_signals: signals.clone(),
            resolution: *resolution,
            pixel_format: *pixel_format,
            filters: filters.clone(),
            rotation: *rotation,
            dolby_vision: *dolby_vision,
            frames: *frames,
            strictness: *strictness,
            timestamps: *timestamps,
            streams: streams.iter().map(|stream| StreamDocument::new(stream, plan)).collect(),
            losses: losses.clone(),
            contract: contract.clone(),
        }
    }

    fn plan(&self, decisions: Vec<Decision>) -> Result<EncodePlan, WireError> {
        Ok(EncodePlan {
            container: self.container,
            source_class: Classification {
                class: self.source_class,
                score: self.source_score,
                signals: self.source_signals.clone(),
            },
            resolution: self.resolution,
            video: VideoPlan {
                settings: self.settings,
                pixel_format: self.pixel_format,
                filters: self.filters.clone(),
                rotation: self.rotation,
                dolby_vision: self.dolby_vision,
                frames: self.frames,
            },
            streams: self.streams.iter().map(StreamDocument::plan).collect::<Result<_, _>>()?,
            strictness: self.strictness,
            timestamps: self.timestamps,
            losses: self.losses.clone(),
            contract: self.contract.clone(),
            decisions,
        })
    }
}

impl StreamDocument {
    fn new(stream: &StreamPlan, plan: &EncodePlan) -> Self {
        let StreamPlan { index, kind, fate: _ } = stream;
        let kept = stream.kept();
        let to = kept.and_then(|kept| match kept.treatment {
            Treatment::Convert(to) => Some(to),
            Treatment::Encode | Treatment::Copy => None,
        });
        Self {
            index: *index,
            kind: *kind,
            action: stream.action().into(),
            reason: plan.stream_reason(*index).map(Reason::code).unwrap_or_default().into(),
            to,
            disposition: kept.map(|kept| kept.disposition),
            stale_tags: kept.map(|kept| kept.stale_tags.clone()).unwrap_or_default(),
        }
    }

    fn plan(&self) -> Result<StreamPlan, WireError> {
        let treatment = match (self.action.as_str(), self.to) {
            ("encode", None) => Some(Treatment::Encode),
            ("copy", None) => Some(Treatment::Copy),
            ("convert", Some(to)) => Some(Treatment::Convert(to)),
            ("drop", None) => None,
            _ => {
                return Err(WireError::Contradiction {
                    what: "a stream's `action` and `to` don't go together",
                });
            }
        };
        let fate = match treatment {
            Some(treatment) => Fate::Kept(Kept {
                treatment,
                disposition: self.disposition.unwrap_or_default(),
                stale_tags: self.stale_tags.clone(),
            }),
            None => Fate::Dropped,
        };
        Ok(StreamPlan { index: self.index, kind: self.kind, fate })
    }
}

impl DecisionDocument {
    fn new(decision: &Decision) -> Self {
        let Decision { topic, stream, choice, reason } = decision;
        let written = serde_json::to_value(reason).unwrap_or_default();
        Self {
            topic: topic.code().into(),
            stream: *stream,
            choice: choice.clone().into_owned(),
            code: reason.code().into(),
            text: alloc::format!("{reason}"),
            facts: written.get("facts").cloned().unwrap_or_default(),
        }
    }

    fn decision(&self) -> Result<Decision, WireError> {
        let unknown = || WireError::Unknown { topic: self.topic.clone(), code: self.code.clone() };
        let topic: Topic = self.topic.parse().map_err(|_| unknown())?;
        let tag = if topic == Topic::Gate && self.choice == "skip" { "skipped" } else { self.code.as_str() };
        let mut written = serde_json::Map::new();
        written.insert("code".into(), tag.into());
        if !self.facts.is_null() {
            written.insert("facts".into(), self.facts.clone());
        }
        let reason = serde_json::from_value(written.into()).map_err(|_| unknown())?;
        Ok(Decision { topic, stream: self.stream, choice: self.choice.clone().into(), reason })
    }
}

/// Why a document can't be read.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// No JSON, or fields are missing or of another type.
    #[error("this is no plan document: {0}")]
    Json(#[from] serde_json::Error),
    /// Another kind of document.
    #[error("this is a document of format {found:?}, not {FORMAT:?}")]
    Format {
        /// What it calls itself.
        found: String,
    },
    /// A major version that this crate doesn't know.
    #[error("version {found:?} of the document can't be read here; this is for version {VERSION}")]
    Version {
        /// The document's version.
        found: String,
    },
    /// Fields that exclude each other.
    #[error("the document contradicts itself: {what}")]
    Contradiction {
        /// Which fields.
        what: &'static str,
    },
    /// A decision of a newer version, which can be shown but not restored.
    #[error("the decision {code:?} on {topic:?} is of a newer version and can't be restored as data")]
    Unknown {
        /// Its topic.
        topic: String,
        /// Its code.
        code: String,
    },
}
