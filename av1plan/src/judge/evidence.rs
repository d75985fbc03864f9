//! The evidence for a judgement, and which pieces of it are missing.
//!
//! A piece can be missing for three reasons. The film may have nothing that the piece is about (no copied audio, no
//! HDR10+): the caller doesn't say so, because the plan or the piece itself shows it. A person may have switched a
//! check off: that is possible only for the full decode, and [`Decode::SwitchedOff`] says it. In every other case
//! nobody gathered the piece, and then no result is accepted.

use alloc::vec::Vec;

use super::{Defect, RunReport};
use crate::name::named;
use crate::plan::{EncodePlan, StreamType, Treatment};
use crate::probe::{MatroskaFacts, MediaProbe, PacketSummary};
use crate::setters::setters;

/// What is known of an encode that has ended, gathered by the program that ran it. `None` means that a piece wasn't
/// gathered.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Evidence<'a> {
    /// How ffmpeg ended and what it printed; `None` if nobody watched the run.
    pub run: Option<&'a RunReport>,
    /// What ffprobe printed about the result; `None` if it wasn't asked.
    pub probe: Option<ResultProbe<'a>>,
    /// All packets of the result, with every timestamp of its video stream (see [`PacketSummary::with_times_of`]);
    /// `None` if they weren't listed.
    pub packets: Option<&'a PacketSummary>,
    /// The packets of the source's first seconds; `None` if they weren't listed. They show how far apart audio and
    /// video start in the source.
    pub source_opening: Option<&'a PacketSummary>,
    /// What the result's own Matroska headers say; `None` if they weren't read. They are needed only if the contract
    /// promises something of them.
    pub headers: Option<&'a MatroskaFacts>,
    /// Whether the result can be decoded from beginning to end.
    pub decode: Decode<'a>,
    /// Whether the result shows the same pictures as the source (see [`picture`](super::picture)); `None` if they
    /// weren't compared.
    pub picture: Option<Check<'a>>,
    /// The size of the result in bytes.
    pub size: u64,
}

impl Evidence<'_> {
    /// Evidence of a result of which only the size in bytes is known.
    pub fn new(size: u64) -> Self {
        Self {
            run: None,
            probe: None,
            packets: None,
            source_opening: None,
            headers: None,
            decode: Decode::NotMade,
            picture: None,
            size,
        }
    }
}

setters! {
    Evidence<'a> {
        with_run: run, Option<&'a RunReport>;
        with_probe: probe, Option<ResultProbe<'a>>;
        with_packets: packets, Option<&'a PacketSummary>;
        with_source_opening: source_opening, Option<&'a PacketSummary>;
        with_headers: headers, Option<&'a MatroskaFacts>;
        with_decode: decode, Decode<'a>;
        with_picture: picture, Option<Check<'a>>;
    }
}

/// What ffprobe printed about a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultProbe<'a> {
    /// ffprobe could read the result, and printed this.
    Read(&'a MediaProbe),
    /// ffprobe ran but couldn't read the result.
    Unreadable,
}

/// The outcome of a check that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check<'a> {
    /// The check found nothing wrong.
    Passed,
    /// The check found this defect.
    Failed(&'a Defect),
}

impl<'a> From<Option<&'a Defect>> for Check<'a> {
    fn from(found: Option<&'a Defect>) -> Self {
        found.map_or(Self::Passed, Self::Failed)
    }
}

/// The full decode of a result, which takes a tenth of an encode's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decode<'a> {
    /// The result hasn't been decoded yet.
    #[default]
    NotMade,
    /// The result won't be decoded, because a person switched this check off. It doesn't count as missing.
    SwitchedOff,
    /// The result was decoded, with this outcome.
    Made(Check<'a>),
}

named! {
    /// A piece of evidence that wasn't gathered. Its sentence (`Display`) says what wasn't done; the README says how
    /// each piece is gathered.
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum Missing: "a piece of evidence", code, codes, not shown {
        /// How ffmpeg's run ended and what it printed ([`Evidence::run`]).
        Run = "run",
        /// The last progress report of the run: how many frames were encoded, dropped and shown twice.
        Progress = "progress",
        /// ffmpeg's closing report, with a line for each stream that was read and written.
        ClosingReport = "closing-report",
        /// The time of each frame that went into the encoder ([`RunReport::frame_times`]).
        FrameTimes = "frame-times",
        /// What ffprobe prints about the result ([`Evidence::probe`]).
        Probe = "probe",
        /// The first frame of the result, as ffprobe prints it. It is needed only if the plan promises HDR10+ or
        /// static HDR metadata.
        FirstFrame = "first-frame",
        /// The packets of the result ([`Evidence::packets`]).
        Packets = "packets",
        /// The timestamp of each video packet of the result ([`PacketSummary::with_times_of`]).
        PacketTimes = "packet-times",
        /// The packets of the source's first seconds ([`Evidence::source_opening`]), which show how far apart audio and
        /// video start. They are needed only if audio is copied.
        Opening = "opening",
        /// The result's own Matroska headers ([`Evidence::headers`]). They are needed only if the plan promises
        /// something of them.
        Headers = "headers",
        /// The full decode of the result ([`Evidence::decode`]).
        Decode = "decode",
        /// The comparison of the result's pictures with the source's ([`Evidence::picture`]).
        Picture = "picture",
    }
}

impl<'a> Evidence<'a> {
    /// The probe of the result; `None` if it wasn't gathered or ffprobe couldn't read the result.
    pub(super) fn readable(&self) -> Option<&'a MediaProbe> {
        match self.probe {
            Some(ResultProbe::Read(probe)) => Some(probe),
            Some(ResultProbe::Unreadable) | None => None,
        }
    }

    /// The defects that the decode and the comparison of pictures found.
    pub(super) fn found(&self) -> impl Iterator<Item = &'a Defect> {
        let decode = match self.decode {
            Decode::Made(check) => Some(check),
            Decode::NotMade | Decode::SwitchedOff => None,
        };
        let failed = |check| match check {
            Check::Failed(defect) => Some(defect),
            Check::Passed => None,
        };
        [decode, self.picture].into_iter().flatten().filter_map(failed)
    }

    /// The pieces of evidence that are missing before a result of `plan` can be accepted.
    pub(super) fn missing(&self, plan: &EncodePlan) -> Vec<Missing> {
        let run = self.run.map_or_else(|| Vec::from([Missing::Run]), |run| run.missing(plan));
        let probe = self.readable();
        let untimed = |packets: &PacketSummary| {
            let picture = probe.and_then(MediaProbe::main_video).map(|(stream, _)| stream.index);
            picture.is_some_and(|index| packets.times(index).is_none())
        };
        let needs_frame = plan.contract.picture.needs_first_frame();
        let of_file = [
            (self.probe.is_none(), Missing::Probe),
            (needs_frame && probe.is_some_and(|probe| probe.hdr10_plus.is_none()), Missing::FirstFrame),
            (self.packets.is_none(), Missing::Packets),
            (self.packets.is_some_and(untimed), Missing::PacketTimes),
            (
                needs_opening(plan) && self.source_opening.is_none_or(PacketSummary::is_empty),
                Missing::Opening,
            ),
            (plan.contract.headers.is_some() && self.headers.is_none(), Missing::Headers),
            (self.decode == Decode::NotMade, Missing::Decode),
            (self.picture.is_none(), Missing::Picture),
        ];
        run.into_iter().chain(lacking(&of_file)).collect()
    }
}

pub(super) fn lacking(pieces: &[(bool, Missing)]) -> impl Iterator<Item = Missing> {
    pieces.iter().filter(|(is_missing, _)| *is_missing).map(|(_, piece)| *piece)
}

/// Whether the plan copies audio, whose distance from the video must stay, and the source wasn't measured. Converted
/// audio isn't compared, because a decoder drops its lead-in.
fn needs_opening(plan: &EncodePlan) -> bool {
    !plan.contract.is_measured()
        && plan
            .mapped()
            .any(|(stream, kept)| stream.kind == StreamType::Audio && kept.treatment == Treatment::Copy)
}
