//! The ways in which a result can break its contract.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::name::{coded, named};
use crate::number::Micros;
use crate::plan::StreamType;
use crate::probe::Gap;

/// One way in which a result breaks its contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "facts", rename_all = "kebab-case", rename_all_fields = "snake_case")]
#[non_exhaustive]
pub enum Defect {
    /// ffmpeg failed.
    RunFailed {
        /// Its exit code; nothing where a signal ended it.
        exit_code: Option<i32>,
    },
    /// ffmpeg says that the source is damaged.
    DamagedSource {
        /// The first line that says so.
        line: String,
    },
    /// ffmpeg's decoder refused parts of the source, and went on.
    DecodeErrors {
        /// How many packets.
        count: u64,
    },
    /// ffprobe can't read the result.
    Unreadable,
    /// ffmpeg ended without its closing report, whatever its exit code says.
    Unfinished,
    /// ffmpeg's closing report says two things of one stream.
    ContradictoryReport,
    /// ffmpeg left frames out or showed some twice.
    FramesDropped {
        /// Left out.
        dropped: u64,
        /// Shown twice.
        duplicated: u64,
    },
    /// Not every frame that was decoded was encoded.
    FramesLost {
        /// Frames that were decoded.
        decoded: u64,
        /// Frames that were encoded.
        encoded: u64,
    },
    /// Not all that was read of a stream was written.
    NotAllWritten {
        /// The source's stream.
        source: u32,
        /// Packets and bytes that were read.
        read: (u64, u64),
        /// Packets and bytes that were given to the muxer.
        written: (u64, u64),
    },
    /// Streams are missing, or there are more than planned.
    StreamCount {
        /// How many were planned.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Not exactly one video stream that is AV1.
    NotOneAv1 {
        /// The codecs of the video streams.
        found: Vec<String>,
    },
    /// A stream isn't what was planned.
    Stream {
        /// The result's stream.
        index: u32,
        /// Which of its properties.
        property: Cow<'static, str>,
        /// The plan's value.
        expected: String,
        /// The result's.
        found: String,
    },
    /// A tag is gone or says something else.
    Tag {
        /// The result's stream; nothing for a tag of the whole file.
        index: Option<u32>,
        /// The tag's name.
        tag: String,
        /// What the source says.
        expected: String,
        /// What the result says.
        found: String,
    },
    /// The picture isn't what was planned.
    Picture {
        /// Which of its properties.
        property: Cow<'static, str>,
        /// The plan's value.
        expected: String,
        /// The result's.
        found: String,
    },
    /// Chapters are missing.
    Chapters {
        /// How many the source has.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The result is shorter or longer than the source.
    Duration {
        /// The source's declared duration.
        expected: Micros,
        /// The result's; nothing where it declares none.
        found: Option<Micros>,
    },
    /// The video's packets aren't the frames that were encoded.
    Frames {
        /// Frames that ffmpeg says it encoded.
        encoded: u64,
        /// Packets in the file.
        found: u64,
    },
    /// The last video packet ends long before the source does.
    EndsEarly {
        /// The source's declared duration.
        expected: Micros,
        /// Where the last packet ends.
        found: Option<Micros>,
    },
    /// A part of the result shows other pictures than the source does.
    OtherPicture {
        /// Where the part begins.
        at: Micros,
        /// What of the picture differs.
        plane: Plane,
        /// The mean squared error, in thousandths of squared steps of 8 bits.
        error: u64,
        /// The largest that a right result can have there.
        allowed: u64,
    },
    /// A part of the result is brighter, darker, or of other contrast or colours than the source.
    OtherLevels {
        /// Where the part begins.
        at: Micros,
        /// What of the picture differs.
        plane: Plane,
        /// The mean squared error that is due to it, in thousandths of squared steps of 8 bits.
        error: u64,
        /// The largest that a right result can have.
        allowed: u64,
    },
    /// The source has pictures where the result has none, or the other way round.
    NoPicture {
        /// Where.
        at: Micros,
    },
    /// The result can't be decoded without errors.
    DecodeError {
        /// Pictures or sound.
        kind: StreamType,
        /// The first line that ffmpeg complained in.
        line: String,
    },
    /// All streams end long before the source does.
    Truncated {
        /// How long the source is.
        expected: Micros,
        /// How long the result is.
        found: Option<Micros>,
    },
    /// The sound ends before the source's does.
    SoundEndsEarly {
        /// The result's stream.
        index: u32,
        /// Where it should end.
        expected: Micros,
        /// Where it ends.
        found: Micros,
    },
    /// Picture and sound lack the same part.
    MiddleMissing {
        /// The part.
        gap: Gap,
    },
    /// Frames that were encoded are missing between others.
    GapInPicture {
        /// Where nothing is shown.
        gap: Gap,
    },
    /// Packets of sound are missing between others.
    GapInSound {
        /// The result's stream.
        index: u32,
        /// Where nothing is heard.
        gap: Gap,
    },
    /// The result shows more or fewer frames a second than were encoded.
    FrameRate {
        /// Frames in a thousand seconds that were encoded.
        expected: u64,
        /// Frames in a thousand seconds of the result.
        found: u64,
    },
    /// The frames aren't shown at the times that they were encoded for.
    Timestamps {
        /// The first that isn't.
        at: Micros,
    },
    /// The picture comes later, measured by the sound, than it does in the source.
    PictureLate {
        /// By how much.
        by: Micros,
    },
    /// The sound comes later, measured by the picture, than it does in the source.
    SoundLate {
        /// The result's stream.
        index: u32,
        /// By how much; below zero where it comes earlier.
        by: Micros,
    },
    /// A stream has not the packets that the muxer was given.
    Packets {
        /// The result's stream.
        index: u32,
        /// How many the muxer was given.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// A stream has not the bytes that the muxer was given.
    Bytes {
        /// The result's stream.
        index: u32,
        /// How many the muxer was given.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// A track of sound or pictures has no packets.
    EmptyStream {
        /// The result's stream.
        index: u32,
    },
}

coded! {
    Defect {
        RunFailed = "run-failed",
        DamagedSource = "damaged-source",
        DecodeErrors = "decode-errors",
        Unreadable = "unreadable",
        Unfinished = "unfinished",
        ContradictoryReport = "contradictory-report",
        FramesDropped = "frames-dropped",
        FramesLost = "frames-lost",
        NotAllWritten = "not-all-written",
        StreamCount = "stream-count",
        NotOneAv1 = "not-one-av1",
        Stream = "stream",
        Tag = "tag",
        Picture = "picture",
        Chapters = "chapters",
        Duration = "duration",
        Frames = "frames",
        EndsEarly = "ends-early",
        OtherPicture = "other-picture",
        OtherLevels = "other-levels",
        NoPicture = "no-picture",
        DecodeError = "decode-error",
        Truncated = "truncated",
        SoundEndsEarly = "sound-ends-early",
        MiddleMissing = "middle-missing",
        GapInPicture = "gap-in-picture",
        GapInSound = "gap-in-sound",
        FrameRate = "frame-rate",
        Timestamps = "timestamps",
        PictureLate = "picture-late",
        SoundLate = "sound-late",
        Packets = "packets",
        Bytes = "bytes",
        EmptyStream = "empty-stream",
    }
}

named! {
    /// A plane of a picture.
    pub enum Plane: "a plane", name, names {
        /// Luma.
        Brightness = "brightness",
        /// Cb.
        Blueness = "blueness",
        /// Cr.
        Redness = "redness",
    }
}

impl Defect {
    /// Whether the fault is the source's: it is damaged, and trying again won't help.
    pub fn blames_source(&self) -> bool {
        matches!(self, Self::DamagedSource { .. } | Self::DecodeErrors { .. })
    }
}
