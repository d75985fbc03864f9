//! Compares the result's packets with the run and with the source: what ends early, what is missing in the middle,
//! what comes late.

use alloc::vec::Vec;

use super::probe::promised;
use super::times::{Course, course};
use super::{Defect, Evidence};
use crate::number::Micros;
use crate::plan::{Container, EncodePlan, ExpectedStream, StreamType, Treatment};
use crate::probe::{Gap, MediaProbe, PacketSummary, ProbeDepth, Stream, StreamKind, StreamPackets};

/// How far the audio's start may move against the video's start, in microseconds: half of what people notice. In
/// right results it moved by a millisecond or two.
const SYNC: i64 = 40_000;

/// A promised stream of the result with its packets.
struct Track<'a> {
    position: u32,
    expected: &'a ExpectedStream,
    treatment: Treatment,
    found: &'a Stream,
    packets: StreamPackets,
}

/// Returns everything that the result's packets show to be wrong.
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
    // If something is missing, sound and picture are out of step because of it, and that was reported above.
    if defects.is_empty() {
        defects.extend(judged.sync(&tracks));
    }
    defects
}

/// The promised streams of the result with their packets. Empty if the result has another number of streams, because
/// then they can't be told apart.
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

/// When the earliest audio or video stream starts.
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

    /// Whether a container returns as many packets as were put into it. MP4 splits PCM anew and adds an end to text,
    /// and Matroska's muxer joins the parts of a picture subtitle.
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

    /// How many bytes the file may have for `given` bytes that the muxer was given. Some headers are taken off each
    /// packet because the container stores them elsewhere (measured): 7 to 9 bytes of ADTS, and those of `WavPack`.
    fn bytes(&self, given: u64) -> core::ops::RangeInclusive<u64> {
        let header = match self.found.codec_name() {
            "aac" => 9,
            "wavpack" => 32,
            _ => 0,
        };
        given.saturating_sub(self.packets.count.saturating_mul(header))..=given
    }
}

/// What all checks below need.
struct Judged<'a> {
    plan: &'a EncodePlan,
    evidence: &'a Evidence<'a>,
    packets: &'a PacketSummary,
    start: Micros,
}

impl Judged<'_> {
    /// Checks the video packets: by the encoder's timestamps if they are known, by the length of the source, and by
    /// the number of frames.
    fn picture(&self, index: u32) -> Option<Defect> {
        let seen = self.packets.stream(index)?;
        let run = self.evidence.run;
        let sent = run.and_then(|run| run.frame_times.as_deref());
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
        if let Some(defect) = self.ends_early(&seen).or_else(|| self.lasts_longer(&seen)) {
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

    fn ends_early(&self, seen: &StreamPackets) -> Option<Defect> {
        let contract = &self.plan.contract;
        let measured = contract.streams.iter().find(|stream| stream.kind == StreamType::Video);
        let measured = measured.and_then(|picture| picture.span).map(|span| span.length);
        let expected = measured.or(contract.duration)?;
        let span = seen.end.zip(seen.first).map(|(end, first)| Micros(end.0.saturating_sub(first.0)));
        let reached = |span: Micros| span.0.saturating_add(contract.duration_epsilon.0) >= expected.0;
        (!span.is_some_and(reached)).then_some(Defect::EndsEarly { expected, found: span })
    }

    /// A picture that lasts longer than all of the source's: ffmpeg has moved a part of a film whose clock is damaged.
    fn lasts_longer(&self, seen: &StreamPackets) -> Option<Defect> {
        let contract = &self.plan.contract;
        // Only transport and program streams have clocks that ffmpeg mends.
        let picture = contract.streams.iter().find(|stream| stream.kind == StreamType::Video);
        let picture = picture.filter(|_| self.plan.probe_depth == ProbeDepth::Deep)?;
        let expected = picture.span?.length;
        let found = Micros(seen.end?.0.saturating_sub(seen.first?.0));
        let is_longer = found.0 > expected.0.saturating_add(contract.duration_epsilon.0);
        is_longer.then_some(Defect::Duration { expected, found: Some(found) })
    }

    /// Checks the packets of an audio stream. If the file lacks packets that the muxer was given, the defect says at
    /// what time. The stream must also be as long as the source declares.
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
        let (expected, found) = match track.expected.span {
            Some(span) => (span.length, Micros(end.0.saturating_sub(first.0))),
            None => (track.expected.duration?, Micros(end.0.saturating_sub(self.start.0))),
        };
        let reached = found.0.saturating_add(self.plan.contract.duration_epsilon.0) >= expected.0;
        (!reached).then_some(Defect::SoundEndsEarly { index, expected, found })
    }

    /// How many packets and bytes the muxer was given for a stream. FLAC's encoder ends with a packet without sound,
    /// which isn't written.
    fn given(&self, track: &Track<'_>) -> Option<(u64, u64)> {
        let given = self.evidence.run?.closing.as_ref()?.output(track.position)?;
        Some((given.encoded.map_or(given.packets, |encoded| encoded.min(given.packets)), given.bytes))
    }

    /// How many packets may be missing at the end of a stream. MP4's edit list leaves out a last packet that has no
    /// duration (measured with ALAC from Matroska).
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
        let found = track.packets.bytes.filter(|_| track.treatment == Treatment::Copy)?;
        if track.is_sound() && !track.bytes(bytes).contains(&found) {
            return Some(Defect::Bytes { index, expected: bytes, found });
        }
        // A container that stores packets in another form gives them other bytes, and nearly always more or fewer.
        let same_form = found == bytes && track.packets.count == packets;
        let hashes = track.expected.hash.zip(track.packets.hash).filter(|_| same_form)?;
        (hashes.0 != hashes.1).then_some(Defect::OtherContent { index })
    }

    /// Compares the distance between the start of each copied audio stream and the start of the video with the same
    /// distance in the source. A source in which some packets have no timestamp (AVI) isn't compared: ffprobe only
    /// guesses its start, and is wrong by a frame or two.
    fn sync(&self, tracks: &[Track<'_>]) -> Vec<Defect> {
        let opening = |track: &Track<'_>| {
            let packets = self.evidence.source_opening?.stream(track.expected.source)?;
            Some(packets).filter(|packets| packets.untimed == 0)
        };
        let is_measured = self.plan.contract.is_measured();
        let begins = |track: &Track<'_>| match track.expected.span {
            Some(span) => Some(span.start),
            None if is_measured => None,
            None if track.is_picture() => opening(track)?.shown,
            None => opening(track)?.first,
        };
        let picture = tracks.iter().find(|track| track.is_picture());
        let starts = picture.and_then(|picture| Some((picture.packets.first?, begins(picture)?)));
        let Some((picture, source)) = starts else { return Vec::new() };
        let late = |track: &Track<'_>| {
            let before = begins(track)?.0.saturating_sub(source.0);
            let after = track.packets.first?.0.saturating_sub(picture.0);
            Some((track.found.index, after.saturating_sub(before)))
        };
        // Converted streams are left out, because a decoder drops their lead-in: 86 ms of WMA's (measured).
        let copied = tracks.iter().filter(|track| track.is_sound() && track.treatment == Treatment::Copy);
        let late: Vec<(u32, i64)> = copied.filter_map(late).collect();
        let early = SYNC.saturating_add(self.undecoded()).saturating_neg();
        if let Some((_, by)) = late.first().filter(|_| late.iter().all(|(_, late)| *late < early)) {
            return Vec::from([Defect::PictureLate { by: Micros(by.saturating_neg()) }]);
        }
        let apart = late.into_iter().filter(|(_, late)| *late > SYNC || *late < early);
        apart.map(|(index, by)| Defect::SoundLate { index, by: Micros(by) }).collect()
    }

    /// How long the frames last that were read but couldn't be decoded, in microseconds: those before the first
    /// complete group of pictures. The video of the result may start later by that much.
    fn undecoded(&self) -> i64 {
        let main = self.plan.mapped().find(|(_, kept)| kept.treatment == Treatment::Encode);
        let run = self.evidence.run;
        let taken = main.and_then(|(main, _)| run?.closing.as_ref()?.input(main.index));
        let Some(taken) = taken else { return 0 };
        let lost = taken.decoded.map_or(0, |decoded| taken.packets.saturating_sub(decoded));
        let (Some(sent), Ok(lost)) = (run.and_then(|run| run.frame_times.as_deref()), i64::try_from(lost))
        else {
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

/// Turns the defects of the video and of all `audible` audio streams into a single one if the same part is missing
/// from all of them.
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
