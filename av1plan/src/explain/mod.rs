//! The sentences for decisions, skips, losses, defects and judgements. All text about them that people see is made
//! here, by `Display`.
//!
//! Each sentence is a fragment in lower case that fits after a colon. Sentences may change in any version; codes
//! don't.

mod bytes;
mod defect;
mod result;
mod seconds;

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt::{self, Write as _};

use crate::number::Micros;
use crate::plan::{Decision, LOW_MILLIBITS, Loss, LossKind, PictureProperty, Reason, SkipReason};
use crate::probe::Marker;

pub use bytes::Bytes;
pub use seconds::Seconds;

impl fmt::Display for Reason {
    #[allow(clippy::too_many_lines, reason = "one line a reason")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped(reason) => reason.fmt(f),
            Self::GatesIgnored { gates } => write!(f, "overruled for this run: {}", Plain(&gates.join(", "))),
            Self::EveryGatePassed => f.write_str("no gate was met"),
            Self::ToolchainRead => f.write_str("as it introduces itself"),
            Self::ToolchainAssumed => {
                f.write_str("no ffmpeg was asked; 8.0 with all three encoders is assumed")
            }

            Self::OnlyVideo => f.write_str("the only video stream that is no cover"),
            Self::DefaultVideo => f.write_str("the first video stream marked default"),
            Self::FirstVideo => f.write_str("the first video stream; none is marked default"),

            Self::Surveyed { packets, pictures } => {
                write!(f, "{packets} packets and {pictures} pictures were looked at")
            }
            Self::NotSurveyed => {
                f.write_str("only its headers were looked at; before an encode all of it is")
            }

            Self::DamageOfRecording { packets, at, undecodable } => {
                f.write_str("a recording, with what recordings have:")?;
                if *undecodable > 0 {
                    write!(f, " {undecodable} pictures at its start lean on one that is missing")?;
                }
                if *packets > 0 {
                    let and = if *undecodable > 0 { "," } else { "" };
                    write!(f, "{and} {packets} damaged packets")?;
                    at.map_or(Ok(()), |at| write!(f, " from {} on", Clock(at)))?;
                }
                Ok(())
            }
            Self::DamageAccepted { found } => {
                write!(f, "damaged, and encoded all the same (damaged = \"encode\"): {}", Plain(found))
            }

            Self::WebSignals { score } => write!(f, "signals of a web source outweigh (score {score:+})"),
            Self::DiscSignals { score } => write!(f, "signals of a disc outweigh (score {score:+})"),
            Self::FewSignals { score } => write!(f, "the signals say too little (score {score:+})"),
            Self::PictureSize { width, height } => write!(f, "the picture is {width}x{height}"),

            Self::PreferredEncoder => f.write_str("preferred by the config, and there"),
            Self::EncoderFallback { wanted } => write!(f, "the best there is; {} is missing", Plain(wanted)),

            Self::SizeBeyondEncoder { wanted, width, height } => {
                write!(f, "the best there is that takes {width}x{height}; {} doesn't", Plain(wanted))
            }

            Self::RangeLowEnd { millibits } => {
                write!(
                    f,
                    "the better end of the range; the source spends {} bits a pixel",
                    Thousandths(*millibits)
                )
            }
            Self::LowBitrate { millibits } => write!(
                f,
                "the source is very low in bitrate: {} bits a pixel, less than {}",
                Thousandths(*millibits),
                Thousandths(LOW_MILLIBITS)
            ),
            Self::DiscLike2160p => f.write_str("a disc's 2160p stays at the better end of the range"),
            Self::BitrateUnknown => {
                f.write_str("the better end of the range; the source's bitrate isn't known")
            }
            Self::Ladder => f.write_str("the ladder's step for this resolution"),
            Self::PresetForced => f.write_str("forced by the config, for tests"),
            Self::LadderVeryHigh => {
                f.write_str("one step slower than the ladder (quality_tier = \"very_high\")")
            }
            Self::SameForAll => f.write_str("the same for every film"),
            Self::AllCores => f.write_str("the encoder counts the cores itself"),
            Self::TinyPicture => f.write_str("on a picture this small several would wait for each other"),
            Self::FewestTiles => f.write_str("the fewest tiles that keep many threads busy at this size"),

            Self::TenBitsAreBetter => {
                f.write_str("ten bits look better at the same size, for 8-bit sources too")
            }
            Self::DepthOfSource => f.write_str("the source's depth (bit_depth = \"source\")"),
            Self::ColorOfFrames => f.write_str("the frames' tags, which differ from the container's"),
            Self::ColorKept => f.write_str("colour passes as it is tagged"),
            Self::ColorUntagged => f.write_str("the source has no colour tags, and none are made up"),
            Self::ColorBeyondAv1 { tags } => {
                write!(f, "AV1 has no number, or ffmpeg no name, for {}", Plain(tags))
            }
            Self::ConvertedFromRgb => {
                f.write_str("RGB has no place in 4:2:0; converted with the matrix of HD")
            }
            Self::DynamicHdrCarried => f.write_str("the encoder carries the dynamic metadata over"),
            Self::DynamicHdrLost => f.write_str("the encoder can't carry the dynamic metadata"),

            Self::FieldsDeinterlaced { order } => {
                write!(f, "interlaced ({}): one frame out of each frame that is flagged so", Plain(order))
            }
            Self::FieldsKept { order } => {
                write!(f, "interlaced ({}) and kept woven (interlaced = \"keep\")", Plain(order))
            }
            Self::RateBeyondEncoder { nominal } => {
                write!(f, "the nominal rate {nominal} is more than the encoder takes")
            }

            Self::PadWebLike => f.write_str("web sources are padded to even sizes, whatever they claim"),
            Self::PadOddSize => f.write_str("its size is odd, which not every player takes"),
            Self::SquarePixels => f.write_str("pixels are square"),
            Self::ShapeKept => f.write_str("the source's pixels aren't square; their shape is kept"),
            Self::RotationKept { degrees } => write!(f, "players turn it by {degrees} degrees, as before"),
            Self::RotationOfFrames => f.write_str("the frames say how players turn them, as before"),

            Self::WebSafeTimestamps => f.write_str("guards for the odd timestamps of web sources"),
            Self::WebSafeWithoutGenerated => {
                f.write_str("guards for the odd timestamps of web sources, but AVI gets none made up")
            }
            Self::ExactTimestamps => f.write_str("the source's timestamps, exactly"),

            Self::ClockJumps { count, at } => {
                write!(f, "its clock jumps {count} times, first at {}; ffmpeg closes the gaps", Clock(*at))
            }

            Self::LastPictureHeld { length } => {
                write!(f, "it stands for {length} s, and an encoder would show it as briefly as any other")
            }

            Self::ContainerKept => f.write_str("AV1 has a place in the source's container"),
            Self::ContainerToMatroska => f.write_str("AV1 has no place in the source's container"),
            Self::ContainerByContent => f.write_str(
                "it is Matroska whatever its name says, and holds what the name's container can't",
            ),
            Self::TagsByName => f.write_str("MP4 has no place of its own for some of them"),
            Self::IndexFirst => f.write_str("a server can start to play it before it has read it whole"),
            Self::ChaptersKept => f.write_str("copied"),
            Self::CaptionsInPicture => f.write_str("captions inside the picture don't survive a new encode"),
            Self::StatisticsAreStale => f.write_str("they describe the track that is replaced"),

            Self::MainPicture => f.write_str("the film"),
            Self::AttachedPicture => f.write_str("covers aren't kept"),
            Self::SecondVideo => f.write_str("a second film; the result holds exactly one"),
            Self::DroppedLanguage { tag } => write!(f, "its language, {}, is one to drop", Plain(tag)),
            Self::OnlyAudioLeft { tag } => {
                write!(f, "{} is one to drop, but at most commentary would be left", Plain(tag))
            }
            Self::Kept => f.write_str("kept as it is"),
            Self::ConvertedForContainer { to } => write!(f, "the container holds it as {}", Plain(to)),
            Self::ContainerCannotHold => f.write_str("the container can't hold it"),
            Self::WrittenByMuxer => f.write_str("written anew from the file's chapters and tags"),
            Self::NoPackets => f.write_str("it is announced but has no packets"),
            Self::UnknownType => f.write_str("a stream of a type that nobody knows"),
            Self::DefaultMoved { from } => write!(f, "stream {from}, which was the default, is dropped"),
        }
    }
}

/// Text from a file, such as a tag, which may contain anything. It is displayed with hostile characters escaped, so
/// that it stays on one line and changes nothing in a terminal.
pub(crate) struct Plain<'a>(pub(crate) &'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| {
            if is_hostile(c) { write!(f, "{}", c.escape_default()) } else { f.write_char(c) }
        })
    }
}

/// Whether a character is hostile in a terminal, which means that it does more than appear there: a control character
/// (escape sequence, line break) or one that changes the direction of writing.
pub fn is_hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A time in a film, displayed like a clock: `0:07`, `1:32:05`.
struct Clock(Micros);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Seconds(u64::try_from(self.0.0 / 1_000_000).unwrap_or_default()).short())
    }
}

/// A number of thousandths that is displayed as a decimal number: 1234 as `1.234`.
struct Thousandths(u64);

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

impl fmt::Display for SkipReason {
    #[allow(clippy::too_many_lines, reason = "one sentence a skip")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Extension { extension } if extension.is_empty() => f.write_str("its name has no extension"),
            Self::Extension { extension } => {
                write!(f, "\".{}\" is none of the extensions to look at", Plain(extension))
            }
            Self::SkipMarker { marker: Marker::File } => {
                f.write_str("an .av1skip marker beside it excludes it")
            }
            Self::SkipMarker { marker: Marker::Stem } => {
                f.write_str("another tool's .av1skip marker, of its name without the extension, excludes it")
            }
            Self::SkipMarker { marker: Marker::Folder } => {
                f.write_str("an .av1skip marker in its folder excludes it")
            }
            Self::NotStable => f.write_str("it hasn't held still long enough and may still be being copied"),
            Self::TooSmall { size, min_bytes } => {
                write!(f, "its size, {}, is no more than min_bytes, {}", Bytes(*size), Bytes(*min_bytes))
            }
            Self::Hardlinked { links } => {
                write!(f, "{links} names share its data, so that replacing this one would save nothing")
            }
            Self::ReadOnly => {
                f.write_str("it lacks its owner's write bit, so that somebody wants it to stay as it is")
            }
            Self::FolderReadOnly => f.write_str("no file can be made in its folder"),
            Self::ForeignOwner => {
                f.write_str("its owner or group couldn't be given to the result by this user")
            }
            Self::NoSafeRename => {
                f.write_str("its file system has neither hard links nor a rename that overwrites nothing")
            }
            Self::TargetExists { extension } => {
                write!(f, "the result would be named .{}, and a file of that name is there", Plain(extension))
            }
            Self::BackupExists => f.write_str("a file of its name with .orig is there, and is not touched"),
            Self::UnsupportedFormat { format } => write!(
                f,
                "av1d doesn't take its format ({}), whatever its name says; remux it (`ffmpeg -i X -c copy Y.mkv`), or \
                 leave it",
                Plain(format)
            ),
            Self::NoVideo => f.write_str("it has no video stream that is more than a cover"),
            Self::UnknownVideoCodec => f.write_str("ffmpeg doesn't know the codec of its video"),
            Self::NoPictureSize => f.write_str("its video stream doesn't say how large the picture is"),
            Self::SizeBeyondEncoders { width, height } => {
                write!(f, "no encoder that is there takes a picture of {width}x{height}")
            }
            Self::AlreadyAv1 => f.write_str("its video is AV1 already"),
            Self::Interlaced { order } => {
                write!(
                    f,
                    "it is interlaced ({}), and such films are left alone (interlaced = \"skip\")",
                    Plain(order)
                )
            }
            Self::PictureChanges { property, from, to, at } => {
                let what = match property {
                    PictureProperty::Size => "size",
                    PictureProperty::PixelShape => "shape of pixels",
                    PictureProperty::Transfer => "transfer curve",
                    PictureProperty::PixelFormat => "pixel format",
                };
                write!(f, "the {what} of its picture changes from {} to {}", Plain(from), Plain(to))?;
                match at {
                    Some(at) => write!(f, " at {}, and the result can have only one", Clock(*at)),
                    None => f.write_str(", and the result can have only one"),
                }
            }
            Self::SoundChanges { index, from, to } => write!(
                f,
                "the sound of stream {index} changes from {from} to {to} channels, and could be copied only as if it didn't"
            ),
            Self::Damaged { found, at, until, length } => {
                f.write_str("it is damaged")?;
                match (at, until) {
                    (Some(at), Some(until)) if at != until => {
                        write!(f, " at {} to {}", Clock(*at), Clock(*until))?;
                    }
                    (Some(at), _) => write!(f, " at {}", Clock(*at))?,
                    (None, _) => {}
                }
                length.map_or(Ok(()), |length| write!(f, " of {}", Clock(length)))?;
                write!(f, ": {}; replace it by a whole copy, or set damaged = \"encode\"", Plain(found))
            }
            Self::DolbyVisionOnly { profile } => {
                f.write_str("its picture is made for Dolby Vision only")?;
                if *profile != 0 {
                    write!(f, " (profile {profile})")?;
                }
                f.write_str(
                    ", and its colours would be wrong without the metadata, which can't be carried over",
                )
            }
            Self::RefusedLoss(loss) if loss.kind == LossKind::Audio => {
                write!(
                    f,
                    "it would lose {loss}, which is protected (by refuse_losses; the last sound always is)"
                )
            }
            Self::RefusedLoss(loss) => write!(f, "it would lose {loss}, which refuse_losses protects"),
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind: _, stream, what } = self;
        write_loss(f, what, *stream)
    }
}

/// What a plan and a plan document say of a loss.
pub(crate) fn write_loss(f: &mut fmt::Formatter<'_>, what: &str, stream: Option<u32>) -> fmt::Result {
    match stream {
        Some(index) => write!(f, "{} (stream {index})", Plain(what)),
        None => write!(f, "{}", Plain(what)),
    }
}

impl Decision {
    /// What the decision is about, in words: `crf`, `stream 3`.
    pub fn subject(&self) -> Cow<'static, str> {
        match self.stream {
            Some(index) => alloc::format!("{} {index}", self.topic.code()).into(),
            None => self.topic.code().into(),
        }
    }
}

/// The largest width of a table's column, in characters. A document's text may have any length, and formatting panics
/// from a width of 65,536 on.
const WIDEST: usize = 100;

/// Decisions as a table with a line for each and three columns: what it is about, what was chosen, why. A cell with
/// more than 100 characters is wider than its column.
pub fn table(decisions: &[Decision]) -> String {
    let width =
        |cell: fn(&Decision) -> usize| decisions.iter().map(cell).max().unwrap_or_default().min(WIDEST);
    let subjects = width(|decision| decision.subject().len());
    let choices = width(|decision| decision.choice.len());
    let rows = decisions.iter().map(|decision| {
        let Decision { topic: _, stream: _, choice, reason } = decision;
        let choice = alloc::format!("{}", Plain(choice));
        alloc::format!("{:subjects$}  {choice:choices$}  {reason}\n", decision.subject())
    });
    rows.collect()
}
