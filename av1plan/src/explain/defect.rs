//! The sentences for defects and for missing evidence.

use alloc::string::String;
use core::fmt;

use super::text::{Plain, Thousandths};
use crate::judge::{Defect, Missing};
use crate::number::Micros;
use crate::probe::Gap;
use crate::probe::message_of;

impl fmt::Display for Defect {
    #[allow(clippy::too_many_lines, reason = "a sentence a defect")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunFailed { exit_code: Some(code) } => write!(f, "ffmpeg failed with exit code {code}"),
            Self::RunFailed { exit_code: None } => f.write_str("ffmpeg was ended by a signal"),
            Self::DamagedSource { line } => {
                write!(f, "the source is damaged: {}", Plain(message_of(line)))
            }
            Self::PictureChanges { width, height } => write!(
                f,
                "the size of the source's picture changes to {width}x{height}, and the result can have only one"
            ),
            Self::DecodeErrors { count } => {
                write!(f, "ffmpeg couldn't decode {count} packets of the source's picture")
            }
            Self::Unreadable => f.write_str("ffprobe can't read the result"),
            Self::Unfinished => f.write_str("ffmpeg ended without its closing report"),
            Self::ContradictoryReport => f.write_str("ffmpeg's closing report says two things of one stream"),
            Self::FramesDropped { dropped, duplicated } => {
                write!(f, "ffmpeg left out {dropped} frames and showed {duplicated} twice")
            }
            Self::FramesLost { decoded, encoded } => {
                write!(f, "{decoded} frames were decoded, but {encoded} were encoded")
            }
            Self::NotAllWritten { source, read, written } => write!(
                f,
                "{} packets ({} bytes) of the source's stream {source} were read, but {} ({} bytes) were written",
                read.0, read.1, written.0, written.1
            ),
            Self::StreamCount { expected, found } => {
                write!(f, "the result has {found} streams instead of {expected}")
            }
            Self::NotOneAv1 { found } if found.is_empty() => f.write_str("the result has no video"),
            Self::NotOneAv1 { found } => {
                write!(f, "the result's video is {} instead of one av1", Plain(&found.join(" and ")))
            }
            Self::Stream { index, property, expected, found } => {
                write!(
                    f,
                    "the {property} of the result's stream {index} is {found:?} instead of {expected:?}"
                )
            }
            Self::Tag { index, tag, expected, found } => {
                write!(f, "the tag {} of the result", Plain(tag))?;
                if let Some(index) = index {
                    write!(f, "'s stream {index}")?;
                }
                write!(f, " is \"{}\" instead of \"{}\"", Plain(found), Plain(expected))
            }
            Self::Picture { property, expected, found } => {
                write!(
                    f,
                    "the {property} of the result's picture is {} instead of {}",
                    Plain(found),
                    Plain(expected)
                )
            }
            Self::Chapters { expected, found } => {
                write!(f, "the result has {found} chapters instead of {expected}")
            }
            Self::Duration { expected, found } => {
                write!(f, "the result lasts {} instead of {expected} s", seconds(*found))
            }
            Self::Frames { encoded, found } => {
                write!(f, "{encoded} frames were encoded, but the result has {found} video packets")
            }
            Self::EndsEarly { expected, found } => {
                write!(f, "the result's last picture ends at {} of {expected} s", seconds(*found))
            }
            Self::OtherPicture { at, plane, error, allowed } => write!(
                f,
                "from {at} s on the result shows other pictures than the source: its {plane} is off by {} where {} is the most",
                Thousandths(*error),
                Thousandths(*allowed)
            ),
            Self::OtherLevels { at, plane, error, allowed } => write!(
                f,
                "from {at} s on the result has other levels than the source: its {plane} is off by {} where {} is the most",
                Thousandths(*error),
                Thousandths(*allowed)
            ),
            Self::NoPicture { at } => {
                write!(f, "from {at} s on only one of source and result has pictures")
            }
            Self::DecodeError { kind, line } => {
                write!(
                    f,
                    "the result's {} can't be decoded without errors: {}",
                    kind.name(),
                    Plain(message_of(line))
                )
            }
            Self::Headers { what } => write!(f, "the result's headers lack {}", Plain(what)),
            Self::Truncated { expected, found } => {
                write!(f, "the result ends at {} of {expected} s", seconds(*found))
            }
            Self::SoundEndsEarly { index, expected, found } => {
                write!(f, "the sound of the result's stream {index} ends at {found} s of {expected} s")
            }
            Self::MiddleMissing { gap: Gap { at, length } } => {
                write!(f, "the result has neither picture nor sound for {length} s from {at} s on")
            }
            Self::GapInPicture { gap: Gap { at, length } } => {
                write!(f, "the result lacks pictures for {length} s from {at} s on")
            }
            Self::GapInSound { index, gap: Gap { at, length } } => {
                write!(f, "the result's stream {index} is silent for {length} s from {at} s on")
            }
            Self::FrameRate { expected, found } => write!(
                f,
                "the result shows {} frames a second instead of {}",
                Thousandths(*found),
                Thousandths(*expected)
            ),
            Self::Timestamps { at } => {
                write!(f, "from {at} s on the result's pictures aren't shown at their times")
            }
            Self::PictureLate { by } => write!(f, "the result's picture comes {by} s late for its sound"),
            Self::SoundLate { index, by } => {
                write!(f, "the sound of the result's stream {index} comes {by} s late for its picture")
            }
            Self::Packets { index, expected, found } => {
                write!(f, "the result's stream {index} has {found} packets instead of {expected}")
            }
            Self::Bytes { index, expected, found } => {
                write!(f, "the result's stream {index} has {found} bytes instead of {expected}")
            }
            Self::OtherContent { index } => {
                write!(f, "the result's stream {index} has other contents than the source's")
            }
            Self::EmptyStream { index } => write!(f, "the result's stream {index} is empty"),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Run => "nobody watched ffmpeg's run",
            Self::Progress => "ffmpeg's last progress report is missing (-progress)",
            Self::ClosingReport => {
                "ffmpeg's closing report doesn't speak of every stream (-loglevel level+verbose)"
            }
            Self::FrameTimes => "the times of the encoded frames weren't written down (-stats_enc_pre)",
            Self::Probe => "ffprobe wasn't asked about the result",
            Self::FirstFrame => "nobody looked for HDR10+ in the result's first frame",
            Self::Packets => "the result's packets weren't counted",
            Self::PacketTimes => "the times of the result's pictures weren't kept",
            Self::Opening => "the packets of the source's first seconds weren't looked at",
            Self::Headers => "the result's own headers weren't read",
            Self::Decode => "the result wasn't decoded",
            Self::Picture => "the result's pictures weren't compared with the source's",
        })
    }
}

fn seconds(duration: Option<Micros>) -> String {
    duration.map_or("an unknown time".into(), |duration| alloc::format!("{duration} s"))
}
