//! A decision as data: what was chosen, about what, and why.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::number::Rational;
use crate::plan::SkipReason;

/// Below this many thousandths of an H.264 bit per pixel and frame a source is very low in bitrate.
///
/// 0.050 is 1080p24 in H.264 at 2.5 Mb/s; streaming services use two to three times as much, discs ten times.
pub const LOW_MILLIBITS: u64 = 50;

/// One choice of a plan. Its code is public and stable; its text is made late, by [`explain`](crate::explain).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What the choice is about.
    pub topic: Topic,
    /// The source stream it is about, for the topics that are asked of each stream.
    pub stream: Option<u32>,
    /// What was chosen, in a word: `23`, `libsvtav1`, `drop`.
    pub choice: Cow<'static, str>,
    /// Why.
    pub reason: Reason,
}

/// What can be asked. One plan answers each at most once, the last three once a stream.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr, EnumString, VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Topic {
    /// Whether the film is encoded at all.
    Gate,
    /// Which ffmpeg the plan is for.
    Toolchain,
    /// Which video stream is the film.
    MainVideo,
    /// Where the film came from.
    SourceClass,
    /// Which row of the ladder.
    Resolution,
    /// Which encoder.
    Encoder,
    /// Constant rate factor.
    Crf,
    /// rav1e's quantizer.
    Qp,
    /// SVT-AV1's preset.
    Preset,
    /// libaom's speed.
    CpuUsed,
    /// rav1e's speed.
    Speed,
    /// libaom's tiles.
    Tiles,
    /// The encoder's threads.
    Threads,
    /// Bits and subsampling of the output.
    PixelFormat,
    /// Colour tags and HDR.
    Color,
    /// Colour tags that the result can't have.
    ColorTags,
    /// Dolby Vision and HDR10+.
    DynamicHdr,
    /// Fields and frames.
    Interlacing,
    /// Frame rate.
    FrameRate,
    /// Rows and columns added to reach even numbers.
    Padding,
    /// The shape of a pixel.
    SampleAspect,
    /// The display matrix.
    Rotation,
    /// Timestamps.
    Timestamps,
    /// The muxer.
    Container,
    /// Whether the index goes to the front of an MP4.
    Faststart,
    /// Chapters.
    Chapters,
    /// Captions inside the picture's bitstream.
    ClosedCaptions,
    /// Tags of the re-encoded track that are no longer true.
    StatisticsTags,
    /// What happens to a stream.
    Stream,
    /// A stream's default flag.
    DefaultFlag,
}

impl Topic {
    /// The stable code.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Why something was chosen, with the facts that its sentence needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "code", content = "facts", rename_all = "kebab-case", rename_all_fields = "snake_case")]
#[strum(serialize_all = "kebab-case")]
pub enum Reason {
    /// The film is skipped; the code is the skip's own.
    Skipped(SkipReason),
    /// Gates were met, but the config overrules them.
    GatesIgnored {
        /// Their codes.
        gates: Vec<String>,
    },
    /// No gate was met.
    EveryGatePassed,
    /// Read from ffmpeg's own output.
    ToolchainRead,
    /// Nobody asked an ffmpeg; 8.0 with all encoders is assumed.
    ToolchainAssumed,

    /// The only video there is.
    OnlyVideo,
    /// The first video marked default.
    DefaultVideo,
    /// The first of several videos, none of them marked default.
    FirstVideo,

    /// The signals of a web source outweigh.
    WebSignals {
        /// Sum of the signals' weights; positive is web, negative is disc.
        score: i32,
    },
    /// The signals of a disc outweigh.
    DiscSignals {
        /// Sum of the signals' weights; positive is web, negative is disc.
        score: i32,
    },
    /// The signals say too little.
    FewSignals {
        /// Sum of the signals' weights; positive is web, negative is disc.
        score: i32,
    },

    /// The picture's size puts it there.
    PictureSize {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },

    /// The config's choice, and it is there.
    PreferredEncoder,
    /// The config's choice isn't there; this is the best of those that are.
    EncoderFallback {
        /// The encoder that the config asked for.
        wanted: String,
    },

    /// The config's choice is there, but doesn't take a picture of this size.
    SizeBeyondEncoder {
        /// The encoder that the config asked for.
        wanted: String,
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },

    /// The better end of the seed's range.
    RangeLowEnd {
        /// Thousandths of a bit that the source spends on a pixel and frame, in bits of H.264.
        millibits: u64,
    },
    /// The source's bitrate is very low for its raster, so more would only preserve its flaws.
    LowBitrate {
        /// Thousandths of a bit that the source spends on a pixel and frame, in bits of H.264.
        millibits: u64,
    },
    /// A disc-like 2160p source stays at the better end.
    DiscLike2160p,
    /// Without a bitrate the better end is taken.
    BitrateUnknown,
    /// The seed's ladder.
    Ladder,
    /// The seed's ladder, one step slower.
    LadderVeryHigh,
    /// The config forces it, which is for tests.
    PresetForced,
    /// A constant of the seed.
    SeedConstant,
    /// The encoder counts the cores itself.
    AllCores,
    /// A tiny picture, on which several workers would wait for each other.
    TinyPicture,
    /// The fewest tiles that keep libaom's threads busy at this size.
    FewestTiles,

    /// Ten bits are better at the same size, for eight-bit sources too.
    TenBitsAreBetter,
    /// The config asks for the source's depth.
    DepthOfSource,
    /// Colour is passed on as it is tagged.
    ColorKept,
    /// The source has no colour tags and gets none.
    ColorUntagged,
    /// ffmpeg has no name for these colour tags, or AV1 no number.
    ColorBeyondAv1 {
        /// Which: `primaries vgamut`.
        tags: String,
    },
    /// RGB has no place in 4:2:0 and is converted with the matrix of HD.
    ConvertedFromRgb,
    /// The encoder carries the metadata over.
    DynamicHdrCarried,
    /// The metadata is lost, and the config allows it.
    DynamicHdrLost,

    /// Flagged frames are deinterlaced, one frame out of each.
    FieldsDeinterlaced {
        /// ffprobe's field order.
        order: String,
    },
    /// The config keeps fields woven.
    FieldsKept {
        /// ffprobe's field order.
        order: String,
    },
    /// The timestamps are exact, so a nominal rate that the encoder refuses is replaced.
    RateBeyondEncoder {
        /// The nominal rate.
        nominal: Rational,
    },

    /// Web sources are padded to even sizes, whatever they claim.
    PadWebLike,
    /// Odd sizes are padded to even ones, which every player takes.
    PadOddSize,
    /// Pixels are square.
    SquarePixels,
    /// Pixels have a shape of their own, which is kept.
    ShapeKept,
    /// Players turn the picture, as before.
    RotationKept {
        /// Degrees counter-clockwise.
        degrees: i64,
    },

    /// Web sources get the guards for broken timestamps.
    WebSafeTimestamps,
    /// Web sources get the guards, but AVI gets no made-up timestamps.
    WebSafeWithoutGenerated,
    /// The source's timestamps, exactly.
    ExactTimestamps,

    /// The container stays what it is.
    ContainerKept,
    /// AV1 has no place in this container; Matroska holds everything.
    ContainerToMatroska,
    /// A server can start playing before it has the whole file.
    IndexFirst,
    /// Chapters are copied.
    ChaptersKept,
    /// Captions inside the bitstream don't survive a new encode.
    CaptionsInPicture,
    /// They describe the track that was replaced.
    StatisticsAreStale,

    /// This is the film.
    MainPicture,
    /// An attached picture.
    AttachedPicture,
    /// A second film in the file.
    SecondVideo,
    /// Its language is one of `drop_languages`.
    DroppedLanguage {
        /// The tag as written.
        tag: String,
    },
    /// Its language would drop it, but nothing to listen to would be left.
    OnlyAudioLeft {
        /// The tag as written.
        tag: String,
    },
    /// Everything that no rule drops is kept.
    Kept,
    /// The container can't hold it as it is.
    ConvertedForContainer {
        /// The codec that it is converted to.
        to: String,
    },
    /// The container can't hold it at all.
    ContainerCannotHold,
    /// The muxer writes it anew from the file's tags and chapters.
    WrittenByMuxer,
    /// A stream of a type that nobody knows.
    UnknownType,
    /// The track that was marked default was dropped.
    DefaultMoved {
        /// The dropped track.
        from: u32,
    },
}

impl Reason {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Skipped(skip) => skip.code(),
            other => other.into(),
        }
    }
}
