//! Why a choice of a plan was made, with the facts that explain it.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::name::coded;
use crate::number::{Micros, Rational};
use crate::plan::{Prediction, Sought};
use crate::plan::{SkipReason, skipped};

/// The limit of a very low bitrate, in thousandths of a bit for each pixel of each frame, counted in bits of H.264. A
/// source that spends less gets the higher CRF of its range ([`Reason::LowBitrate`]).
///
/// The limit of 0.050 bits is 1080p at 24 frames a second in H.264 with 2.5 Mb/s. Streaming services spend two to
/// three times as much, discs ten times.
pub const LOW_MILLIBITS: u64 = 50;

/// Why something was chosen, with the facts that its sentence needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "facts", rename_all = "kebab-case", rename_all_fields = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The film met gates that would skip it, but the config overrules them with `ignore`.
    GatesIgnored {
        /// The codes of the overruled gates.
        gates: Vec<String>,
    },
    /// The film met no gate that would skip it.
    EveryGatePassed,
    /// The version and the encoders were read from what ffmpeg itself printed.
    ToolchainRead,
    /// No ffmpeg was asked: its version and its encoders are assumed, by default ffmpeg 8.0 with all three encoders.
    ToolchainAssumed,

    /// It is the only video stream of the file that isn't a cover.
    OnlyVideo,
    /// It is the first video stream that is marked default.
    DefaultVideo,
    /// It is the first of several video streams, none of which is marked default.
    FirstVideo,

    /// All packets, all key frames and some stretches of other frames were looked at.
    Surveyed {
        /// How many packets the film has, of all streams.
        packets: u64,
        /// How many pictures were looked at.
        pictures: u64,
    },
    /// Only headers were looked at, which may claim anything. The film is surveyed before it is encoded, and may be
    /// planned otherwise then.
    NotSurveyed,

    /// The film is a recording with damage that such films often have: an incomplete start or end, single lost packets.
    DamageOfRecording {
        /// How many packets are damaged, in the stream with the most.
        packets: u64,
        /// The timestamp of the first one in microseconds; absent if it isn't known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Micros>,
        /// How many pictures at the start can't be decoded, because the picture that they lean on is missing.
        undecodable: u64,
    },
    /// The film is damaged, and the config says to encode it all the same.
    DamageAccepted {
        /// The first thing that was found.
        found: String,
    },

    /// The signals of a web source outweigh those of a disc.
    WebSignals {
        /// The sum of the signals' weights: positive for the web, negative for a disc.
        score: i32,
    },
    /// The signals of a disc outweigh those of a web source.
    DiscSignals {
        /// The sum of the signals' weights: positive for the web, negative for a disc.
        score: i32,
    },
    /// The signals for a web source and for a disc are too few or cancel each other out.
    FewSignals {
        /// The sum of the signals' weights: positive for the web, negative for a disc.
        score: i32,
    },

    /// The size of the picture decides the resolution class.
    PictureSize {
        /// The picture's width in pixels.
        width: u32,
        /// The picture's height in pixels.
        height: u32,
    },

    /// It is the encoder that the config prefers, and this ffmpeg has it.
    PreferredEncoder,
    /// This ffmpeg doesn't have the encoder that the config prefers; this is the best of those that it has.
    EncoderFallback {
        /// The encoder that the config prefers, by ffmpeg's name.
        wanted: String,
    },

    /// This ffmpeg has the encoder that the config prefers, but that encoder doesn't take a picture of this size;
    /// this is the best of those that do.
    SizeBeyondEncoder {
        /// The encoder that the config prefers, by ffmpeg's name.
        wanted: String,
        /// The picture's width in pixels.
        width: u32,
        /// The picture's height in pixels.
        height: u32,
    },

    /// The source's bitrate isn't very low, so the film gets the lower (better) CRF of its resolution class.
    RangeLowEnd {
        /// What the source spends on a pixel of a frame, in thousandths of a bit of H.264.
        millibits: u64,
    },
    /// The source's bitrate is very low for its picture size, so the film gets the higher CRF of its resolution
    /// class: more bits would only preserve the source's flaws.
    LowBitrate {
        /// What the source spends on a pixel of a frame, in thousandths of a bit of H.264.
        millibits: u64,
    },
    /// The source's bitrate is low, but a 2160p source from a disc gets the lower (better) CRF all the same.
    DiscLike2160p,
    /// The source's bitrate isn't known, so the film gets the lower (better) CRF of its resolution class.
    BitrateUnknown,
    /// The highest CRF at which samples of the film reach the target.
    TargetReached(Sought),
    /// Samples of the film reach the target beyond the limits that the config sets (`target_limits`), so the limit is
    /// taken.
    TargetBeyondLimits(Sought),
    /// The search for the CRF that reaches the target isn't at its end: this is the highest of those that were tried and
    /// reach it, or the ladder's.
    TargetNotFoundYet(Sought),
    /// No metric of the target could be computed, so the ladder's value is taken.
    NoScoreOfTarget,
    /// The film wasn't sampled yet, which is done before it is encoded.
    NotSampled,
    /// The film is too short for samples, its pictures have no reliable times, or ffmpeg can't seek to any place in it
    /// (transport and program streams), so the ladder's value is taken.
    CannotBeSampled,
    /// Short windows of the film were encoded.
    Predicted(Prediction),

    /// It is the ladder's value for this resolution class and this encoder.
    Ladder,
    /// It is one step slower than the ladder's value, because the config asks for very high quality.
    LadderVeryHigh,
    /// The config forces this preset, which is meant for tests.
    PresetForced,
    /// The value is the same for every film.
    #[serde(alias = "seed-constant")]
    SameForAll,
    /// The encoder itself starts as many threads as there are cores.
    AllCores,
    /// The picture is so small that several threads of SVT-AV1 would wait for each other.
    TinyPicture,
    /// These are the fewest tiles that keep libaom's threads busy at this picture size.
    FewestTiles,

    /// Ten bits look better than eight at the same file size, even if the source has eight.
    TenBitsAreBetter,
    /// The config asks for the bit depth of the source.
    DepthOfSource,
    /// The source's colour tags are passed on unchanged.
    ColorKept,
    /// The frames have other colour tags than the container. The frames' tags are kept, because the encoder is given
    /// those.
    ColorOfFrames,
    /// The source has no colour tags, and the result gets none.
    ColorUntagged,
    /// AV1 has no number, or ffmpeg no name, for these colour tags of the source.
    ColorBeyondAv1 {
        /// The tags and their values: `primaries vgamut`.
        tags: String,
    },
    /// The source is RGB, which 4:2:0 can't store, so it is converted with the matrix of HD (BT.709).
    ConvertedFromRgb,
    /// The encoder carries all dynamic HDR metadata over.
    DynamicHdrCarried,
    /// Some of the dynamic HDR metadata is lost. The film is encoded all the same only if the config allows that
    /// loss.
    DynamicHdrLost,

    /// The source is interlaced: each frame that is flagged as interlaced becomes one progressive frame.
    FieldsDeinterlaced {
        /// The field order in ffprobe's words, like `tt`.
        order: String,
    },
    /// The source is interlaced, and the config says to keep both fields of a frame woven together.
    FieldsKept {
        /// The field order in ffprobe's words, like `tt`.
        order: String,
    },
    /// The source's nominal frame rate is more than the encoder accepts, so it is given another one. Timestamps
    /// aren't affected.
    RateBeyondEncoder {
        /// The source's nominal rate in frames per second.
        nominal: Rational,
    },

    /// Video from the web is padded to an even width and height, whatever size the file claims.
    PadWebLike,
    /// The width or height is odd, and it is padded to an even one because not every player takes odd sizes.
    PadOddSize,
    /// The source's pixels are square, or their shape isn't known.
    SquarePixels,
    /// The source's pixels aren't square, and their shape is kept.
    ShapeKept,
    /// The display matrix is copied, so players turn the picture as they did before.
    RotationKept {
        /// Degrees counter-clockwise.
        degrees: i64,
    },

    /// Only the frames have a display matrix. The encoder is given it, and the result's container gets it.
    RotationOfFrames,

    /// The source is from the web, so its timestamps pass with guards: missing ones are generated, every frame is
    /// passed on, and negative ones are shifted to zero.
    WebSafeTimestamps,
    /// The source is an AVI from the web: its timestamps pass with the guards for web sources, but missing ones
    /// aren't generated, because generated ones break AVI.
    WebSafeWithoutGenerated,
    /// The source's timestamps are used exactly as they are.
    ExactTimestamps,
    /// The source's clock jumps, as in recordings that were joined. ffmpeg closes the gaps, which it wouldn't do with
    /// the guards for web sources.
    ClockJumps {
        /// How often it jumps, in the stream with the most jumps.
        count: u64,
        /// When it jumps first, in microseconds.
        at: Micros,
    },

    /// The last picture stands for long, and an encoder would show it as briefly as any other.
    LastPictureHeld {
        /// For how long it stands, in microseconds.
        length: Micros,
    },

    /// The source's container can hold AV1 and is kept.
    ContainerKept,
    /// The source's container can't hold AV1, so the result is Matroska, which holds everything.
    ContainerToMatroska,
    /// The source is Matroska, whatever its name says, and the container of its name would lose some of its streams, or
    /// the style of its subtitles. So the result is Matroska, too, with the same name.
    ContainerByContent,
    /// Some of the source's tags have no place of their own in MP4, so all are stored by their names, as phones do.
    TagsByName,
    /// With its index in front, an MP4 can be played from a server before all of it is read.
    IndexFirst,
    /// The source's chapters are copied.
    ChaptersKept,
    /// `mkvpropedit` writes into the result's headers what ffmpeg can't.
    CarriedOver {
        /// What it writes, in words.
        what: String,
    },
    /// Captions inside the video bitstream are lost when the video is encoded again.
    CaptionsInPicture,
    /// The tags describe the stream before it was encoded or converted.
    StatisticsAreStale,

    /// The stream is the film's picture.
    MainPicture,
    /// The stream is a cover or another still picture; these aren't kept.
    AttachedPicture,
    /// The stream is a second film in the file; the result has exactly one.
    SecondVideo,
    /// The stream's language is one of the config's `drop_languages`.
    DroppedLanguage {
        /// The language tag as the file has it.
        tag: String,
    },
    /// The stream's language is one of the config's `drop_languages`, but without it no audio except commentary would
    /// be left.
    OnlyAudioLeft {
        /// The language tag as the file has it.
        tag: String,
    },
    /// No rule drops or converts the stream, so it is copied.
    Kept,
    /// The container can't hold the stream in its codec, so it is converted.
    ConvertedForContainer {
        /// The codec that the stream is converted to.
        to: String,
    },
    /// The container can't hold the stream in any form.
    ContainerCannotHold,
    /// The muxer writes the stream again from the file's tags and chapters.
    WrittenByMuxer,
    /// The stream is announced but has no packets, so there is nothing to keep.
    NoPackets,
    /// The stream is of a type that this crate doesn't know.
    UnknownType,
    /// The stream that was marked default is dropped, so this one is marked default instead.
    DefaultMoved {
        /// The index of the dropped stream.
        from: u32,
    },
    /// The film is skipped. The code of this reason is the code of the skip.
    #[serde(untagged, with = "skipped")]
    Skipped(SkipReason),
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
        Surveyed = "surveyed",
        NotSurveyed = "not-surveyed",
        DamageOfRecording = "damage-of-recording",
        DamageAccepted = "damage-accepted",
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
        TargetReached = "target-reached",
        TargetBeyondLimits = "target-beyond-limits",
        TargetNotFoundYet = "target-not-found-yet",
        NoScoreOfTarget = "no-score-of-target",
        NotSampled = "not-sampled",
        CannotBeSampled = "cannot-be-sampled",
        Predicted = "predicted",
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
        ColorOfFrames = "color-of-frames",
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
        RotationOfFrames = "rotation-of-frames",
        WebSafeTimestamps = "web-safe-timestamps",
        WebSafeWithoutGenerated = "web-safe-without-generated",
        ExactTimestamps = "exact-timestamps",
        ClockJumps = "clock-jumps",
        LastPictureHeld = "last-picture-held",
        ContainerKept = "container-kept",
        ContainerToMatroska = "container-to-matroska",
        ContainerByContent = "container-by-content",
        TagsByName = "tags-by-name",
        IndexFirst = "index-first",
        ChaptersKept = "chapters-kept",
        CarriedOver = "carried-over",
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
        NoPackets = "no-packets",
        UnknownType = "unknown-type",
        DefaultMoved = "default-moved",
    } else Skipped: SkipReason
}
