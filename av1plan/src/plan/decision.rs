//! A decision as data: what was chosen, about what, and why.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::name::{coded, named};
use crate::number::Rational;
use crate::plan::SkipReason;

/// Below this many thousandths of an H.264 bit per pixel and frame a source is very low in bitrate.
///
/// 0.050 is 1080p24 in H.264 at 2.5 Mb/s; streaming services use two to three times as much, discs ten times.
pub const LOW_MILLIBITS: u64 = 50;

/// One choice of a plan. Its code is public and stable; its text is made late, by [`explain`](crate::explain).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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

named! {
    /// What can be asked. One plan answers each at most once, the last three once a stream.
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum Topic: "a topic", code, codes {
        /// Whether the film is encoded at all.
        Gate = "gate",
        /// Which ffmpeg the plan is for.
        Toolchain = "toolchain",
        /// Which video stream is the film.
        MainVideo = "main-video",
        /// Where the film came from.
        SourceClass = "source-class",
        /// Which row of the ladder.
        Resolution = "resolution",
        /// Which encoder.
        Encoder = "encoder",
        /// Constant rate factor.
        Crf = "crf",
        /// rav1e's quantizer.
        Qp = "qp",
        /// SVT-AV1's preset.
        Preset = "preset",
        /// libaom's speed.
        CpuUsed = "cpu-used",
        /// rav1e's speed.
        Speed = "speed",
        /// libaom's tiles.
        Tiles = "tiles",
        /// The encoder's threads.
        Threads = "threads",
        /// Bits and subsampling of the output.
        PixelFormat = "pixel-format",
        /// Colour tags and HDR.
        Color = "color",
        /// Colour tags that the result can't have.
        ColorTags = "color-tags",
        /// Dolby Vision and HDR10+.
        DynamicHdr = "dynamic-hdr",
        /// Fields and frames.
        Interlacing = "interlacing",
        /// Frame rate.
        FrameRate = "frame-rate",
        /// Rows and columns added to reach even numbers.
        Padding = "padding",
        /// The shape of a pixel.
        SampleAspect = "sample-aspect",
        /// The display matrix.
        Rotation = "rotation",
        /// Timestamps.
        Timestamps = "timestamps",
        /// The muxer.
        Container = "container",
        /// Whether the index goes to the front of an MP4.
        Faststart = "faststart",
        /// Chapters.
        Chapters = "chapters",
        /// Captions inside the picture's bitstream.
        ClosedCaptions = "closed-captions",
        /// Tags of the re-encoded track that are no longer true.
        StatisticsTags = "statistics-tags",
        /// What happens to a stream.
        Stream = "stream",
        /// A stream's default flag.
        DefaultFlag = "default-flag",
    }
}

/// Why something was chosen, with the facts that its sentence needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "facts", rename_all = "kebab-case", rename_all_fields = "snake_case")]
#[non_exhaustive]
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

    /// The better end of the ladder's range.
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
    /// The ladder.
    Ladder,
    /// The ladder, one step slower.
    LadderVeryHigh,
    /// The config forces it, which is for tests.
    PresetForced,
    /// It is the same for every film.
    #[serde(alias = "seed-constant")]
    SameForAll,
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

coded! {
    Reason {
        GatesIgnored = "gates-ignored",
        EveryGatePassed = "every-gate-passed",
        ToolchainRead = "toolchain-read",
        ToolchainAssumed = "toolchain-assumed",
        OnlyVideo = "only-video",
        DefaultVideo = "default-video",
        FirstVideo = "first-video",
        WebSignals = "web-signals",
        DiscSignals = "disc-signals",
        FewSignals = "few-signals",
        PictureSize = "picture-size",
        PreferredEncoder = "preferred-encoder",
        EncoderFallback = "encoder-fallback",
        SizeBeyondEncoder = "size-beyond-encoder",
        RangeLowEnd = "range-low-end",
        LowBitrate = "low-bitrate",
        DiscLike2160p = "disc-like2160p",
        BitrateUnknown = "bitrate-unknown",
        Ladder = "ladder",
        LadderVeryHigh = "ladder-very-high",
        PresetForced = "preset-forced",
        SameForAll = "same-for-all",
        AllCores = "all-cores",
        TinyPicture = "tiny-picture",
        FewestTiles = "fewest-tiles",
        TenBitsAreBetter = "ten-bits-are-better",
        DepthOfSource = "depth-of-source",
        ColorKept = "color-kept",
        ColorUntagged = "color-untagged",
        ColorBeyondAv1 = "color-beyond-av1",
        ConvertedFromRgb = "converted-from-rgb",
        DynamicHdrCarried = "dynamic-hdr-carried",
        DynamicHdrLost = "dynamic-hdr-lost",
        FieldsDeinterlaced = "fields-deinterlaced",
        FieldsKept = "fields-kept",
        RateBeyondEncoder = "rate-beyond-encoder",
        PadWebLike = "pad-web-like",
        PadOddSize = "pad-odd-size",
        SquarePixels = "square-pixels",
        ShapeKept = "shape-kept",
        RotationKept = "rotation-kept",
        WebSafeTimestamps = "web-safe-timestamps",
        WebSafeWithoutGenerated = "web-safe-without-generated",
        ExactTimestamps = "exact-timestamps",
        ContainerKept = "container-kept",
        ContainerToMatroska = "container-to-matroska",
        IndexFirst = "index-first",
        ChaptersKept = "chapters-kept",
        CaptionsInPicture = "captions-in-picture",
        StatisticsAreStale = "statistics-are-stale",
        MainPicture = "main-picture",
        AttachedPicture = "attached-picture",
        SecondVideo = "second-video",
        DroppedLanguage = "dropped-language",
        OnlyAudioLeft = "only-audio-left",
        Kept = "kept",
        ConvertedForContainer = "converted-for-container",
        ContainerCannotHold = "container-cannot-hold",
        WrittenByMuxer = "written-by-muxer",
        UnknownType = "unknown-type",
        DefaultMoved = "default-moved",
    } else Skipped: SkipReason
}
