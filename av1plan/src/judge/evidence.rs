//! What a judgement rests on, and what of it is missing.
//!
//! That a piece isn't there can mean three things. The source may lack what it would be about: that is never the caller's to say, since
//! the plan tells it, or the piece itself does. A person may have switched a check off: only the full decode can be, and only there it
//! can be said. All else was merely not gathered, and then nothing is accepted.

use alloc::vec::Vec;

use super::{Defect, RunReport};
use crate::name::named;
use crate::plan::{EncodePlan, StreamType, Treatment};
use crate::probe::{MediaProbe, PacketSummary};
use crate::setters::setters;

/// What is known of an encode that ended, gathered by whoever ran it. `None` stands for what was not gathered.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Evidence<'a> {
    /// How ffmpeg ended, and what it said.
    pub run: Option<&'a RunReport>,
    /// What ffprobe says of the result.
    pub probe: Option<Probed<'a>>,
    /// All of the result's packets, with each time of the picture ([`PacketSummary::with_times_of`]).
    pub packets: Option<&'a PacketSummary>,
    /// The packets of the source's first seconds.
    pub opening: Option<&'a PacketSummary>,
    /// Whether all of the result can be decoded.
    pub decode: Decode<'a>,
    /// Whether the result shows the source's pictures (see [`picture`](super::picture)).
    pub picture: Option<Check<'a>>,
    /// The result's bytes.
    pub size: u64,
}

impl Evidence<'_> {
    /// Nothing but the result's bytes.
    pub fn new(size: u64) -> Self {
        Self {
            run: None,
            probe: None,
            packets: None,
            opening: None,
            decode: Decode::NotMade,
            picture: None,
            size,
        }
    }
}

setters! {
    Evidence<'a> {
        with_run: run, Option<&'a RunReport>;
        with_probe: probe, Option<Probed<'a>>;
        with_packets: packets, Option<&'a PacketSummary>;
        with_opening: opening, Option<&'a PacketSummary>;
        with_decode: decode, Decode<'a>;
        with_picture: picture, Option<Check<'a>>;
    }
}

/// What ffprobe says of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probed<'a> {
    /// It could read it.
    Read(&'a MediaProbe),
    /// It said that it can't.
    Unreadable,
}

/// How a check ended that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check<'a> {
    /// Nothing was found.
    Passed,
    /// This was.
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
    /// Nobody decoded it yet.
    #[default]
    NotMade,
    /// Nobody will: a person doesn't want it.
    SwitchedOff,
    /// It was decoded.
    Made(Check<'a>),
}

named! {
    /// A piece of evidence that is missing. Its sentence says how it is gathered.
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum Missing: "a piece of evidence", code, codes, not shown {
        /// See [`Evidence::run`].
        Run = "run",
        /// The last progress report: frames encoded, left out, shown twice.
        Progress = "progress",
        /// A line of ffmpeg's closing report for each stream.
        ClosingReport = "closing-report",
        /// See [`RunReport::sent`].
        FrameTimes = "frame-times",
        /// See [`Evidence::probe`].
        Probe = "probe",
        /// The first frame of the result, where HDR10+ was promised.
        FirstFrame = "first-frame",
        /// See [`Evidence::packets`].
        Packets = "packets",
        /// The times of the picture's packets.
        PacketTimes = "packet-times",
        /// See [`Evidence::opening`]; asked for where sound is copied, whose distance from the picture it tells.
        Opening = "opening",
        /// See [`Evidence::decode`].
        Decode = "decode",
        /// See [`Evidence::picture`].
        Picture = "picture",
    }
}

impl<'a> Evidence<'a> {
    /// The result as ffprobe sees it, where it does.
    pub(super) fn readable(&self) -> Option<&'a MediaProbe> {
        match self.probe {
            Some(Probed::Read(probe)) => Some(probe),
            Some(Probed::Unreadable) | None => None,
        }
    }

    /// What the checks found that were made elsewhere.
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

    /// Everything that would have to be known before a result of `plan` may be accepted, and isn't.
    pub(super) fn missing(&self, plan: &EncodePlan) -> Vec<Missing> {
        let run = self.run.map_or_else(|| Vec::from([Missing::Run]), |run| run.missing(plan));
        let probe = self.readable();
        let untimed = |packets: &PacketSummary| {
            let picture = probe.and_then(MediaProbe::main_video).map(|(stream, _)| stream.index);
            picture.is_some_and(|index| packets.times(index).is_none())
        };
        let hdr10_plus = plan.contract.picture.hdr10_plus;
        let of_file = [
            (self.probe.is_none(), Missing::Probe),
            (hdr10_plus && probe.is_some_and(|probe| probe.hdr10_plus.is_none()), Missing::FirstFrame),
            (self.packets.is_none(), Missing::Packets),
            (self.packets.is_some_and(untimed), Missing::PacketTimes),
            (needs_opening(plan) && self.opening.is_none_or(PacketSummary::is_empty), Missing::Opening),
            (self.decode == Decode::NotMade, Missing::Decode),
            (self.picture.is_none(), Missing::Picture),
        ];
        run.into_iter().chain(lacking(&of_file)).collect()
    }
}

pub(super) fn lacking(pieces: &[(bool, Missing)]) -> impl Iterator<Item = Missing> {
    pieces.iter().filter(|(is_missing, _)| *is_missing).map(|(_, piece)| *piece)
}

/// Whether there is sound that must keep its distance from the picture. A decoder leaves out the lead-in of sound that is converted.
fn needs_opening(plan: &EncodePlan) -> bool {
    plan.mapped().any(|(stream, kept)| stream.kind == StreamType::Audio && kept.treatment == Treatment::Copy)
}
