//! The result's packets held against the run, and their course against the source's: what ends early, what is missing in
//! between, what comes late.

use alloc::vec::Vec;

use super::probe::promised;
use super::times::{Course, course};
use super::{Defect, Evidence};
use crate::number::Micros;
use crate::plan::{Container, EncodePlan, ExpectedStream, StreamType, Treatment};
use crate::probe::{Gap, MediaProbe, PacketSummary, Stream, StreamKind, StreamPackets};

/// How far sound and picture may be apart from where they are in the source: half of what people notice. Honest results
/// were a millisecond or two off.
const SYNC: i64 = 40_000;

/// One promised stream of the result, with its packets.
struct Track<'a> {
    position: u32,
    expected: &'a ExpectedStream,
    treatment: Treatment,
    found: &'a Stream,
    packets: StreamPackets,
}

pub(super) fn packet_defects(
    plan: &EncodePlan,
    evidence: &Evidence<'_>,
    probe: &MediaProbe,
    packets: &PacketSummary,
) -> Vec<Defect> {
    let mut defects = Vec::new();
    for stream in &probe.streams {
        let needed = matches!(stream.kind, StreamKind::Video(_) | StreamKind::Audio(_));
        if needed && packets.stream(stream.index).is_none() {
            defects.push(Defect::EmptyStream { index: stream.index });
        }
    }
    let tracks = tracks(plan, probe, packets);
    let judged = Judged { plan, evidence, packets, start: start(&tracks) };
    let main = probe.main_video().map(|(stream, _)| stream.index);
    let picture = main.and_then(|main| judged.picture(main));
    let sounds: Vec<Defect> = tracks.iter().filter_map(|track| judged.sound(track)).collect();
    let audible = tracks.iter().filter(|track| track.is_sound()).count();
    defects.extend(joined(picture, sounds, audible));
    let named: Vec<u32> = defects.iter().filter_map(index_of).collect();
    let others = tracks.iter().filter(|track| !named.contains(&track.found.index));
    defects.extend(others.filter_map(|track| judged.count(track)));
    // What is out of step because something is missing was said already.
    if defects.is_empty() {
        defects.extend(judged.sync(&tracks));
    }
    defects
}

/// The promised streams that can be told apart: none where their number is wrong.
fn tracks<'a>(plan: &'a EncodePlan, probe: &'a MediaProbe, packets: &PacketSummary) -> Vec<Track<'a>> {
    let expected = &plan.contract.streams;
    if promised(probe).count() != expected.len() || plan.mapped().count() != expected.len() {
        return Vec::new();
    }
    let treatments = plan.mapped().map(|(_, kept)| kept.treatment);
    let all = treatments.zip(expected).zip(promised(probe)).zip(0_u32..);
    let track = |(((treatment, expected), found), position): (((_, _), &'a Stream), _)| Track {
        position,
        expected,
        treatment,
        found,
        packets: packets.stream(found.index).unwrap_or_default(),
    };
    all.map(track).collect()
}

/// Where the earliest stream of sound or pictures starts.
fn start(tracks: &[Track<'_>]) -> Micros {
    let timed = tracks.iter().filter(|track| track.is_sound() || track.is_picture());
    timed.filter_map(|track| track.packets.first).min().unwrap_or_default()
}

impl Track<'_> {
    fn is_sound(&self) -> bool {
        self.expected.kind == StreamType::Audio
    }

    fn is_picture(&self) -> bool {
        self.expected.kind == StreamType::Video
    }

    /// Whether as many packets come out of the container as go in. MP4 cuts plain samples anew, gives text an end of its
    /// own, and Matroska's muxer joins the parts of a picture subtitle.
    fn keeps_count(&self, container: Container) -> bool {
        let codec = self.found.codec_name();
        match self.expected.kind {
            StreamType::Audio => container != Container::Mp4 || !codec.starts_with("pcm_"),
            StreamType::Subtitle => {
                container != Container::Mp4 && !matches!(codec, "hdmv_pgs_subtitle" | "dvb_subtitle")
            }
            _ => false,
        }
    }

    /// The bytes that come out where `given` go in: the most and the least. Headers that the container has a place for of
    /// its own are taken off each packet (measured): ADTS's 7 to 9 bytes, and `WavPack`'s.
    fn bytes(&self, given: u64) -> core::ops::RangeInclusive<u64> {
        let header = match self.found.codec_name() {
            "aac" => 9,
            "wavpack" => 32,
            _ => 0,
        };
        given.saturating_sub(self.packets.count.saturating_mul(header))..=given
    }
}

/// What all checks look at.
struct Judged<'a> {
    plan: &'a EncodePlan,
    evidence: &'a Evidence<'a>,
    packets: &'a PacketSummary,
    start: Micros,
}

impl Judged<'_> {
    /// The course of the pictures: against the encoder's where its times are known, by their number where they aren't, and
    /// in the end against the source's length.
    fn picture(&self, index: u32) -> Option<Defect> {
        let seen = self.packets.stream(index)?;
        let run = self.evidence.run;
        let sent = run.and_then(|run| run.sent.as_deref());
        let course = sent.zip(self.packets.times(index)).map(|(sent, found)| course(sent, found));
        match course {
            Some(Course::EndsEarly { expected, found }) => {
                return Some(Defect::EndsEarly { expected, found: Some(found) });
            }
            Some(Course::Gap(gap)) => return Some(Defect::GapInPicture { gap }),
            Some(Course::OtherRate { expected, found }) => {
                return Some(Defect::FrameRate { expected, found });
            }
            Some(Course::Otherwise { at }) => return Some(Defect::Timestamps { at }),
            Some(Course::Same) | None => {}
        }
        if let Some(defect) = self.ends_early(seen) {
            return Some(defect);
        }
        let position = self.plan.mapped().position(|(_, kept)| kept.treatment == Treatment::Encode);
        let position = position.and_then(|position| u32::try_from(position).ok());
        let given = position.and_then(|position| run?.closing.as_ref()?.output(position));
        let known = [
            run.and_then(|run| run.frames),
            given.and_then(|given| given.encoded),
            given.map(|given| given.packets),
        ];
        let encoded = known.into_iter().flatten().find(|encoded| *encoded != seen.count)?;
        Some(Defect::Frames { encoded, found: seen.count })
    }

    fn ends_early(&self, seen: StreamPackets) -> Option<Defect> {
        let contract = &self.plan.contract;
        let expected = contract.duration?;
        let span = seen.end.zip(seen.first).map(|(end, first)| Micros(end.0.saturating_sub(first.0)));
        let reached = |span: Micros| span.0.saturating_add(contract.duration_epsilon.0) >= expected.0;
        (!span.is_some_and(reached)).then_some(Defect::EndsEarly { expected, found: span })
    }

    /// The course of a track of sound: what the muxer was given and the file lacks is named by its place, and what the
    /// source declares must be there.
    fn sound(&self, track: &Track<'_>) -> Option<Defect> {
        let (first, end) = track.packets.first.zip(track.packets.end).filter(|_| track.is_sound())?;
        let index = track.found.index;
        let missing = self.given(track).and_then(|(given, _)| given.checked_sub(track.packets.count));
        let missing =
            missing.filter(|missing| *missing > self.spared() && track.keeps_count(self.plan.container));
        if let Some(missing) = missing.and_then(|missing| i64::try_from(missing).ok()) {
            let count = i64::try_from(track.packets.count).unwrap_or(i64::MAX).max(1);
            let silence = track.packets.gap.map_or(0, |gap| gap.length.0);
            let length = end.0.saturating_sub(first.0).saturating_sub(silence) / count;
            let lost = length.saturating_mul(missing);
            let gap = track.packets.gap.filter(|gap| gap.length.0 >= lost / 2);
            return Some(match gap {
                Some(gap) => Defect::GapInSound { index, gap },
                None => {
                    Defect::SoundEndsEarly { index, expected: Micros(end.0.saturating_add(lost)), found: end }
                }
            });
        }
        let expected = track.expected.duration?;
        let found = Micros(end.0.saturating_sub(self.start.0));
        let reached = found.0.saturating_add(self.plan.contract.duration_epsilon.0) >= expected.0;
        (!reached).then_some(Defect::SoundEndsEarly { index, expected, found })
    }

    /// The packets and bytes that the muxer was given for a track. FLAC's encoder ends with one that holds no sound and
    /// isn't written.
    fn given(&self, track: &Track<'_>) -> Option<(u64, u64)> {
        let given = self.evidence.run?.closing.as_ref()?.output(track.position)?;
        Some((given.encoded.map_or(given.packets, |encoded| encoded.min(given.packets)), given.bytes))
    }

    /// The packets of a track that may be missing at its end: MP4's edit list leaves out a last one that doesn't say how long
    /// it is (measured with ALAC that comes from Matroska).
    fn spared(&self) -> u64 {
        u64::from(self.plan.container == Container::Mp4)
    }

    fn count(&self, track: &Track<'_>) -> Option<Defect> {
        let (packets, bytes) = self.given(track).filter(|_| track.keeps_count(self.plan.container))?;
        let index = track.found.index;
        let missing = packets.checked_sub(track.packets.count).filter(|missing| *missing <= self.spared());
        if missing.is_some_and(|missing| missing > 0) {
            return None;
        }
        if missing.is_none() {
            return Some(Defect::Packets { index, expected: packets, found: track.packets.count });
        }
        let found = track.packets.bytes.filter(|_| track.is_sound() && track.treatment == Treatment::Copy)?;
        (!track.bytes(bytes).contains(&found)).then_some(Defect::Bytes { index, expected: bytes, found })
    }

    /// Holds the distance of each sound's start from the picture's against that in the source. Where a source doesn't say of
    /// every packet when it is shown (AVI), its start is a guess of ffprobe's, a frame or two off.
    fn sync(&self, tracks: &[Track<'_>]) -> Vec<Defect> {
        let opening = |track: &Track<'_>| {
            let packets = self.evidence.opening?.stream(track.expected.source)?;
            Some(packets).filter(|packets| packets.untimed == 0)
        };
        let picture = tracks.iter().find(|track| track.is_picture());
        let starts = picture.and_then(|picture| Some((picture.packets.first?, opening(picture)?.shown?)));
        let Some((picture, source)) = starts else { return Vec::new() };
        let late = |track: &Track<'_>| {
            let before = opening(track)?.first?.0.saturating_sub(source.0);
            let after = track.packets.first?.0.saturating_sub(picture.0);
            Some((track.found.index, after.saturating_sub(before)))
        };
        // A decoder leaves out the lead-in of a track that is converted: 86 ms of WMA's (measured).
        let copied = tracks.iter().filter(|track| track.is_sound() && track.treatment == Treatment::Copy);
        let late: Vec<(u32, i64)> = copied.filter_map(late).collect();
        let early = SYNC.saturating_add(self.undecoded()).saturating_neg();
        if let Some((_, by)) = late.first().filter(|_| late.iter().all(|(_, late)| *late < early)) {
            return Vec::from([Defect::PictureLate { by: Micros(by.saturating_neg()) }]);
        }
        let apart = late.into_iter().filter(|(_, late)| *late > SYNC || *late < early);
        apart.map(|(index, by)| Defect::SoundLate { index, by: Micros(by) }).collect()
    }

    /// How long the frames are that were read and couldn't be decoded: those before the first whole group of pictures. The
    /// picture starts that much later, at most.
    fn undecoded(&self) -> i64 {
        let main = self.plan.mapped().find(|(_, kept)| kept.treatment == Treatment::Encode);
        let run = self.evidence.run;
        let taken = main.and_then(|(main, _)| run?.closing.as_ref()?.input(main.index));
        let Some(taken) = taken else { return 0 };
        let lost = taken.decoded.map_or(0, |decoded| taken.packets.saturating_sub(decoded));
        let (Some(sent), Ok(lost)) = (run.and_then(|run| run.sent.as_deref()), i64::try_from(lost)) else {
            return 0;
        };
        let ends = sent.iter().min().zip(sent.iter().max());
        let span = ends.map_or(0, |(first, last)| last.0.saturating_sub(first.0));
        let frame = span / i64::try_from(sent.len()).unwrap_or(i64::MAX).saturating_sub(1).max(1);
        if lost == 0 { 0 } else { frame.saturating_mul(lost.saturating_add(1)) }
    }
}

fn index_of(defect: &Defect) -> Option<u32> {
    match defect {
        Defect::SoundEndsEarly { index, .. } | Defect::GapInSound { index, .. } => Some(*index),
        _ => None,
    }
}

/// What is missing from the picture and from all `audible` tracks of sound alike is one defect.
fn joined(picture: Option<Defect>, sounds: Vec<Defect>, audible: usize) -> Vec<Defect> {
    let all = sounds.len() == audible && audible > 0;
    match &picture {
        Some(Defect::EndsEarly { expected, found })
            if all && sounds.iter().all(|sound| matches!(sound, Defect::SoundEndsEarly { .. })) =>
        {
            Vec::from([Defect::Truncated { expected: *expected, found: *found }])
        }
        Some(Defect::GapInPicture { gap }) if all && sounds.iter().all(|sound| silent_in(sound, *gap)) => {
            Vec::from([Defect::MiddleMissing { gap: *gap }])
        }
        _ => picture.into_iter().chain(sounds).collect(),
    }
}

fn silent_in(sound: &Defect, part: Gap) -> bool {
    matches!(sound, Defect::GapInSound { gap, .. } if gap.meets(part))
}
