//! The defects: the ways in which a result can break its contract.

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
    /// ffmpeg exited with an exit code other than 0, or a signal ended it.
    RunFailed {
        /// ffmpeg's exit code; `None` if a signal ended it.
        exit_code: Option<i32>,
    },
    /// ffmpeg printed that the source is damaged.
    DamagedSource {
        /// The first line of ffmpeg's log that says so.
        line: String,
    },
    /// The source's pictures changed their size while they were decoded, and ffmpeg scaled them all to that of the
    /// first one.
    PictureChanges {
        /// The columns of the first picture of another size.
        width: u32,
        /// Its rows.
        height: u32,
    },
    /// ffmpeg couldn't decode some packets of the source's video, more than the plan accepts, and went on without them.
    DecodeErrors {
        /// How many packets couldn't be decoded.
        count: u64,
    },
    /// ffprobe can't read the result.
    Unreadable,
    /// ffmpeg exited with 0, but printed neither its closing report nor a last progress report.
    Unfinished,
    /// ffmpeg's closing report has more than one line for a stream, or one that can't be read.
    ContradictoryReport,
    /// ffmpeg dropped frames or showed some of them twice.
    FramesDropped {
        /// How many frames were dropped.
        dropped: u64,
        /// How many frames were shown twice.
        duplicated: u64,
    },
    /// The number of encoded frames isn't the number of decoded frames.
    FramesLost {
        /// How many frames were decoded.
        decoded: u64,
        /// How many frames were encoded.
        encoded: u64,
    },
    /// ffmpeg wrote another number of packets or bytes of a copied stream than it read.
    NotAllWritten {
        /// The index of the source stream.
        source: u32,
        /// How many packets and how many bytes were read.
        read: (u64, u64),
        /// How many packets and how many bytes were given to the muxer.
        written: (u64, u64),
    },
    /// The result has fewer or more streams than planned.
    StreamCount {
        /// How many streams were planned.
        expected: usize,
        /// How many streams the result has.
        found: usize,
    },
    /// The result doesn't have exactly one video stream, or its codec isn't AV1.
    NotOneAv1 {
        /// The codecs of the result's video streams; empty if it has none.
        found: Vec<String>,
    },
    /// A property of a stream (type, codec, channels, sample rate, default or forced flag) isn't what was planned.
    Stream {
        /// The index of the result's stream.
        index: u32,
        /// The property, in words.
        property: Cow<'static, str>,
        /// The value that was planned.
        expected: String,
        /// The value that the result has.
        found: String,
    },
    /// A tag that the result should have is missing or has another value.
    Tag {
        /// The index of the result's stream; `None` for a tag of the whole file.
        index: Option<u32>,
        /// The name of the tag.
        tag: String,
        /// The value in the source.
        expected: String,
        /// The value in the result; empty if the tag is missing.
        found: String,
    },
    /// A property of the picture (size, shape of a pixel, pixel format, colour tags, HDR metadata, rotation) isn't
    /// what was planned.
    Picture {
        /// The property, in words.
        property: Cow<'static, str>,
        /// The value that was planned.
        expected: String,
        /// The value that the result has.
        found: String,
    },
    /// The result has another number of chapters than the source.
    Chapters {
        /// How many chapters the source has.
        expected: usize,
        /// How many chapters the result has.
        found: usize,
    },
    /// The Matroska headers of the result lack something that mkvpropedit should have carried over.
    Headers {
        /// What they lack, as a fragment of a sentence; or why mkvpropedit failed.
        what: String,
    },
    /// The duration that the result declares is longer or shorter than the source's by more than the tolerance, or
    /// missing.
    Duration {
        /// The duration that the source declares, in microseconds.
        expected: Micros,
        /// The duration that the result declares, in microseconds; `None` if it declares none.
        found: Option<Micros>,
    },
    /// The number of video packets in the result isn't the number of frames that ffmpeg encoded.
    Frames {
        /// How many frames or packets of video ffmpeg says it encoded or wrote.
        encoded: u64,
        /// How many video packets the result has.
        found: u64,
    },
    /// The video of the result ends long before the source does, or before the encoder's last frame.
    EndsEarly {
        /// How long the video should be, in microseconds: as the source declares, or as the frames that were encoded
        /// last.
        expected: Micros,
        /// How long the video of the result is, in microseconds; `None` if its packets have no timestamps.
        found: Option<Micros>,
    },
    /// A part of the result shows other pictures than the same part of the source.
    OtherPicture {
        /// When the part begins, in microseconds after the first frame.
        at: Micros,
        /// The plane of the picture that differs.
        plane: Plane,
        /// The mean squared error between the thumbnails of both, in thousandths of a squared step of 8 bits.
        error: u64,
        /// The largest error that a right result can have in this part, in the same unit.
        allowed: u64,
    },
    /// A part of the result is brighter, darker, or of other contrast or colours than the same part of the source.
    OtherLevels {
        /// When the part begins, in microseconds after the first frame.
        at: Micros,
        /// The plane of the picture that differs.
        plane: Plane,
        /// The mean squared error that other brightness and contrast explain, in thousandths of a squared step of 8
        /// bits.
        error: u64,
        /// The largest such error that a right result can have, in the same unit.
        allowed: u64,
    },
    /// In a part of the film only one of source and result has pictures, or one has less than half as many as the
    /// other.
    NoPicture {
        /// When the part begins, in microseconds after the first frame.
        at: Micros,
    },
    /// ffmpeg complained while it decoded the result.
    DecodeError {
        /// Whether it decoded video or audio.
        kind: StreamType,
        /// The first complaint: a line of ffmpeg's log, or its exit code.
        line: String,
    },
    /// The result as a whole, audio and video, ends long before the source does.
    Truncated {
        /// How long the source is, in microseconds.
        expected: Micros,
        /// How long the result is, in microseconds; `None` if its packets have no timestamps.
        found: Option<Micros>,
    },
    /// An audio stream of the result ends before the source's does.
    SoundEndsEarly {
        /// The index of the result's stream.
        index: u32,
        /// When it should end, in microseconds.
        expected: Micros,
        /// When it ends, in microseconds.
        found: Micros,
    },
    /// The video and all audio streams of the result lack the same part in the middle.
    MiddleMissing {
        /// The part that is missing.
        gap: Gap,
    },
    /// Frames that were encoded are missing in the middle of the result.
    GapInPicture {
        /// The time without a frame.
        gap: Gap,
    },
    /// Packets are missing in the middle of an audio stream of the result.
    GapInSound {
        /// The index of the result's stream.
        index: u32,
        /// The time without a packet.
        gap: Gap,
    },
    /// The result has another frame rate than the frames that went into the encoder.
    FrameRate {
        /// Frames in a thousand seconds, as they went into the encoder.
        expected: u64,
        /// Frames in a thousand seconds, as the result has them.
        found: u64,
    },
    /// The result shows frames at other times than those with which they went into the encoder.
    Timestamps {
        /// The timestamp of the first such frame, in microseconds.
        at: Micros,
    },
    /// The video comes later than in the source, compared with every copied audio stream.
    PictureLate {
        /// By how much it is late, in microseconds.
        by: Micros,
    },
    /// A copied audio stream comes later or earlier than in the source, compared with the video.
    SoundLate {
        /// The index of the result's stream.
        index: u32,
        /// By how much it is late, in microseconds; negative if it is early.
        by: Micros,
    },
    /// A stream of the result has another number of packets than the muxer was given for it.
    Packets {
        /// The index of the result's stream.
        index: u32,
        /// How many packets the muxer was given.
        expected: u64,
        /// How many packets the stream has.
        found: u64,
    },
    /// A copied audio stream of the result has another number of bytes than the muxer was given for it.
    Bytes {
        /// The index of the result's stream.
        index: u32,
        /// How many bytes the muxer was given.
        expected: u64,
        /// How many bytes the stream has.
        found: u64,
    },
    /// A copied stream of the result has as many packets and bytes as the source's, but other contents.
    OtherContent {
        /// The index of the result's stream.
        index: u32,
    },
    /// An audio or video stream of the result has no packets.
    EmptyStream {
        /// The index of the result's stream.
        index: u32,
    },
}

coded! {
    Defect {
        RunFailed = "run-failed",
        DamagedSource = "damaged-source",
        PictureChanges = "picture-changes",
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
        Headers = "headers",
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
        OtherContent = "other-content",
        EmptyStream = "empty-stream",
    }
}

named! {
    /// A plane of a YCbCr picture.
    pub enum Plane: "a plane", name, names {
        /// Luma (Y).
        Brightness = "brightness",
        /// The blue difference (Cb).
        Blueness = "blueness",
        /// The red difference (Cr).
        Redness = "redness",
    }
}

impl Defect {
    /// Whether the source is damaged.
    pub fn shows_damage(&self) -> bool {
        matches!(self, Self::DamagedSource { .. } | Self::DecodeErrors { .. })
    }

    /// Whether the source is to blame, so that no other attempt will help: it is damaged, or its picture changes its
    /// size.
    pub fn blames_source(&self) -> bool {
        self.shows_damage() || matches!(self, Self::PictureChanges { .. })
    }
}
