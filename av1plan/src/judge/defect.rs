//! The ways in which a result can break its contract.

use alloc::string::String;
use alloc::vec::Vec;

use strum::{IntoStaticStr, VariantNames};

use crate::number::Micros;
use crate::plan::StreamType;

/// One way in which a result breaks its contract.
#[derive(Debug, Clone, PartialEq, Eq, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
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
    /// ffprobe can't read the result.
    Unreadable,
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
        property: &'static str,
        /// The plan's value.
        expected: String,
        /// The result's.
        found: String,
    },
    /// The picture isn't what was planned.
    Picture {
        /// Which of its properties.
        property: &'static str,
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
        plane: &'static str,
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
        plane: &'static str,
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
    /// A track of sound or pictures has no packets.
    EmptyStream {
        /// The result's stream.
        index: u32,
    },
}

impl Defect {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// Whether the fault is the source's: it is damaged, and trying again won't help.
    pub fn blames_source(&self) -> bool {
        matches!(self, Self::DamagedSource { .. })
    }
}
