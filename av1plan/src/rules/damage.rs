//! Rules for damaged films: which damage is accepted, and how much of it.

use alloc::string::String;

use crate::config::{Config, Damaged};
use crate::number::Micros;
use crate::plan::{Reason, SkipReason, Topic};
use crate::probe::{Complaint, Gap, MediaProbe, StreamKind, StreamPackets, Survey};
use crate::rules::record::Record;

/// How many damaged stretches a recording may have, besides one a minute.
const FEW: u64 = 3;

/// How many packets of a stretch may be damaged on average. Six frames of AC-3 are stored together.
const LONGEST: u64 = 16;

/// How long the picture of a damaged recording may be missing, in microseconds.
const HOLE: i64 = 1_000_000;

/// How far sound may step back, and be missing, in microseconds: more than a packet of a transport stream holds.
const OUT_OF_ORDER: i64 = 100_000;

/// No limit: the largest number that every reader of JSON can hold.
const ANY: u64 = (1 << 53) - 1;

/// How much longer than its packets a film may claim to be, in microseconds, besides the tolerance of the config.
/// Headers are often rounded up to the end of a subtitle.
const CLAIM: i64 = 5_000_000;

/// Decides how many damaged or undecodable packets are accepted.
///
/// # Errors
///
/// The skip of a film whose damage isn't accepted.
pub(crate) fn decide(probe: &MediaProbe, config: &Config, record: &mut Record) -> Result<u64, SkipReason> {
    // Only a transport stream consists of packets that are lost one by one.
    let is_recording = probe.format.is_read_by("mpegts");
    let limit = match config.damaged {
        Damaged::Encode => ANY,
        Damaged::Recordings if is_recording => {
            let minutes = probe.duration().map_or(0, |duration| duration.0 / 60_000_000);
            FEW.saturating_add(u64::try_from(minutes).unwrap_or_default())
        }
        Damaged::Recordings | Damaged::Skip => 0,
    };
    let Some(survey) = probe.survey.as_deref() else { return Ok(limit) };
    if let Some(found) = no_picture(probe, survey) {
        let found = String::from(found);
        return Err(SkipReason::Damaged { found, at: None, until: None, length: probe.format.duration });
    }
    let worst = timed(probe, survey).max_by_key(|packets| packets.damaged.stretches).unwrap_or_default();
    let undecodable = undecodable(probe, survey);
    let found = [
        complaint(survey, is_recording),
        packets(&worst, limit),
        hole(probe, survey, &worst),
        disorder(probe, survey, &worst),
        common_gap(probe, survey),
        missing_end(probe, survey, config),
        missing_bytes(probe, survey),
        missing_time(probe, survey, config),
    ];
    match found.into_iter().flatten().next() {
        Some(found) if config.damaged == Damaged::Encode => {
            record.decide(Topic::Damage, "encode", Reason::DamageAccepted { found: found.what });
        }
        Some(Found { what: found, at, until }) => {
            let start = survey.ends().map_or(Micros(0), |(start, _)| start);
            let since = |time: Micros| Micros(time.0.saturating_sub(start.0));
            let length = probe.format.duration.filter(|_| !is_recording);
            let (at, until) = (at.map(since), until.map(since));
            return Err(SkipReason::Damaged { found, at, until, length });
        }
        None if is_recording && (worst.damaged.count > 0 || undecodable > 0) => {
            let (packets, at) = (worst.damaged.count, worst.damaged.first);
            record.decide(Topic::Damage, "encode", Reason::DamageOfRecording { packets, at, undecodable });
        }
        None => {}
    }
    Ok(limit)
}

/// A kind of damage that was found, and its place.
struct Found {
    what: String,
    at: Option<Micros>,
    until: Option<Micros>,
}

/// The packets of the audio and video streams.
fn timed<'a>(probe: &'a MediaProbe, survey: &'a Survey) -> impl Iterator<Item = StreamPackets> + 'a {
    let timed = |kind: &StreamKind| matches!(kind, StreamKind::Video(_) | StreamKind::Audio(_));
    let timed = probe.streams.iter().filter(move |stream| timed(&stream.kind));
    timed.filter_map(|stream| survey.packets.get(&stream.index)).copied()
}

/// What keeps all pictures of a film from being encoded, whatever the config accepts.
fn no_picture(probe: &MediaProbe, survey: &Survey) -> Option<&'static str> {
    let (main, _) = probe.main_video()?;
    if survey.packets.get(&main.index).is_none_or(|packets| packets.count == 0) {
        return Some("its picture has no packets");
    }
    (survey.pictures.count == 0).then_some("none of its pictures can be decoded")
}

/// How many pictures before the first key frame can't be decoded.
fn undecodable(probe: &MediaProbe, survey: &Survey) -> u64 {
    let main = probe.main_video().and_then(|(stream, _)| survey.packets.get(&stream.index));
    main.map_or(0, |packets| packets.before_key)
}

/// What ffprobe complained of. In a recording each damaged packet is a complaint, and is counted elsewhere; but what is
/// behind a hole was never looked at.
fn complaint(survey: &Survey, is_recording: bool) -> Option<Found> {
    let Complaint { line, at, .. } =
        survey.complaint.clone().filter(|complaint| !is_recording || complaint.ends_reading())?;
    Some(Found { what: line, at, until: at })
}

fn packets(worst: &StreamPackets, limit: u64) -> Option<Found> {
    let damaged = worst.damaged;
    let (count, all) = (damaged.count, worst.count);
    let is_beyond = damaged.stretches > limit || count > limit.saturating_mul(LONGEST);
    let what = alloc::format!("{count} of {all} packets of a stream are damaged");
    is_beyond.then_some(Found { what, at: damaged.first, until: damaged.last })
}

/// Parts of a recording that come later than they should: sound steps back, into a time that was missing before. Two
/// recordings that overlap step back, too, but miss nothing.
fn disorder(probe: &MediaProbe, survey: &Survey, worst: &StreamPackets) -> Option<Found> {
    let sounds = probe.streams.iter().filter(|stream| matches!(stream.kind, StreamKind::Audio(_)));
    let mut sounds = sounds.filter_map(|stream| survey.packets.get(&stream.index));
    let gap = sounds.find_map(|sound| {
        let gap = sound.gap.filter(|gap| gap.length.0 > OUT_OF_ORDER)?;
        (sound.back.0 > OUT_OF_ORDER).then_some(gap)
    })?;
    let what = String::from("its parts are in disorder, or come twice");
    (worst.damaged.count > 0).then_some(Found { what, at: Some(gap.at), until: Some(gap.at) })
}

/// A part of a recording that is missing: not single packets, but all of them for a while.
fn hole(probe: &MediaProbe, survey: &Survey, worst: &StreamPackets) -> Option<Found> {
    let (stream, _) = probe.main_video()?;
    let gap = survey.packets.get(&stream.index)?.gap.filter(|gap| gap.length.0 > HOLE)?;
    let what = alloc::format!("{} s are missing", gap.length);
    let until = Micros(gap.at.0.saturating_add(gap.length.0));
    (worst.damaged.count > 0).then_some(Found { what, at: Some(gap.at), until: Some(until) })
}

/// A part that is missing in picture and sound alike. A picture alone may stand still, and a sound alone be silent.
fn common_gap(probe: &MediaProbe, survey: &Survey) -> Option<Found> {
    let (main, _) = probe.main_video()?;
    let end_of = |gap: Gap| gap.at.0.saturating_add(gap.length.0);
    let gap = survey.packets.get(&main.index)?.gap?;
    let sounds = probe.streams.iter().filter(|stream| matches!(stream.kind, StreamKind::Audio(_)));
    let mut sounds = sounds.filter_map(|stream| survey.packets.get(&stream.index)).peekable();
    sounds.peek()?;
    let (at, until) = sounds.try_fold((gap.at.0, end_of(gap)), |(at, until), sound| {
        let gap = sound.gap?;
        Some((at.max(gap.at.0), until.min(end_of(gap))))
    })?;
    let length = until.saturating_sub(at);
    (length > HOLE).then(|| Found {
        what: alloc::format!("{} s of picture and sound are missing", Micros(length)),
        at: Some(Micros(at)),
        until: Some(Micros(until)),
    })
}

/// Time of the picture that AVI's header counts and that isn't there. AVI has no timestamps, so what is behind a hole
/// comes earlier than it should.
fn missing_time(probe: &MediaProbe, survey: &Survey, config: &Config) -> Option<Found> {
    let (main, _) = probe.main_video().filter(|_| probe.format.is_read_by("avi"))?;
    let packets = survey.packets.get(&main.index)?;
    let (declared, end) = (main.duration?, packets.end?);
    // Without a timestamp for each packet, the last ones may be later than any that is known.
    let unknown = if packets.untimed == 0 { 0 } else { CLAIM };
    let tolerance = config.duration_epsilon.0.max(0).saturating_add(unknown);
    let missing = declared.0.saturating_sub(end.0);
    (missing > tolerance).then(|| Found {
        what: alloc::format!("{} s of the picture are missing", Micros(missing)),
        at: None,
        until: None,
    })
}

/// The end of a film that claims to be longer than it is: a download or a copy that was cut off. Only Matroska and MP4
/// say their length exactly; that of other containers is an estimate.
fn missing_end(probe: &MediaProbe, survey: &Survey, config: &Config) -> Option<Found> {
    let exact = probe.format.is_read_by("matroska") || probe.format.is_read_by("mov");
    let declared = probe.format.duration.filter(|_| exact)?;
    let (start, end) = survey.ends()?;
    // Matroska's duration counts from 0, and may leave out a late start.
    let reached = end.0.max(end.0.saturating_sub(start.0));
    let tolerance = CLAIM.saturating_add(config.duration_epsilon.0.max(0));
    let is_short = reached.saturating_add(tolerance) < declared.0;
    is_short.then(|| Found {
        what: String::from("its end is missing"),
        at: Some(end),
        until: Some(Micros(start.0.saturating_add(declared.0))),
    })
}

/// The end of a file that has fewer bytes than its header says.
fn missing_bytes(probe: &MediaProbe, survey: &Survey) -> Option<Found> {
    let (declared, there) = (survey.declared_size?, probe.format.size?);
    let what = alloc::format!("its end is missing: it has {there} of {declared} bytes");
    (there < declared).then_some(Found { what, at: None, until: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{PacketSummary, PictureSummary};

    fn surveyed(format: &str, lines: &[&str], complaints: &[&str]) -> MediaProbe {
        let film = alloc::format!(
            r#"{{"streams": [{{"index": 0, "codec_type": "video", "codec_name": "h264", "width": 64, "height": 64,
            "duration": "8.000"}}, {{"index": 1, "codec_type": "audio", "codec_name": "ac3"}}],
            "format": {{"format_name": "{format}"}}}}"#
        );
        let mut probe = MediaProbe::from_json(film.as_bytes()).unwrap();
        let mut packets = PacketSummary::default().joining_clocks(format == "mpegts");
        for line in lines {
            packets.add_line(line);
        }
        for line in complaints {
            packets.add_complaint(line);
        }
        let mut pictures = PictureSummary::default();
        pictures.add_line("width=64|height=64");
        probe.add_survey(Survey::new(packets, pictures));
        probe
    }

    fn found(probe: &MediaProbe) -> Option<String> {
        match decide(probe, &Config::default(), &mut Record::default()) {
            Err(SkipReason::Damaged { found, .. }) => Some(found),
            _ => None,
        }
    }

    #[test]
    fn what_is_missing_in_picture_and_sound_alike_is_a_hole() {
        let film = |lines: &[&str]| found(&surveyed("mpeg", lines, &[]));
        let picture = ["0,0,3,9,K__", "0,5,3,9,K__"];
        let with = |sound: [&'static str; 2]| film(&[picture[0], picture[1], sound[0], sound[1]]);
        let missing = |seconds: &str| Some(alloc::format!("{seconds} s of picture and sound are missing"));
        assert_eq!(with(["1,0,3,9,K__", "1,5,3,9,K__"]), missing("2.000"));
        assert_eq!(with(["1,0,3.5,9,K__", "1,5,3,9,K__"]), missing("1.500"));
        assert_eq!(with(["1,0,4,9,K__", "1,5,3,9,K__"]), None, "no more than a second");
        assert_eq!(
            with(["1,0,8,9,K__", "1,8,1,9,K__"]),
            None,
            "the picture stands still, and the sound goes on"
        );
        assert_eq!(film(&picture), None, "a film without sound may stand still");
    }

    #[test]
    fn a_film_without_pictures_is_left_alone_whatever_is_accepted() {
        let encode = Config::default().with_damaged(Damaged::Encode);
        let found = |probe: &MediaProbe| decide(probe, &encode, &mut Record::default()).err();
        let film = surveyed("mpeg", &["0,0,3,9,K__"], &[]);
        assert_eq!(found(&film), None);
        assert!(found(&surveyed("mpeg", &["1,0,3,9,K__"], &[])).is_some(), "no packets");
        let mut undecodable = film;
        undecodable.survey.as_mut().unwrap().pictures = PictureSummary::default();
        assert!(found(&undecodable).is_some());
    }

    #[test]
    fn a_file_with_fewer_bytes_than_it_says_was_cut_off() {
        let mut film = surveyed("asf", &["0,0,8,9,K__", "1,0,8,9,K__"], &[]);
        film.format.size = Some(70);
        film.survey.as_mut().unwrap().declared_size = Some(70);
        assert_eq!(found(&film), None);
        film.format.size = Some(69);
        assert_eq!(found(&film), Some(String::from("its end is missing: it has 69 of 70 bytes")));
    }

    #[test]
    fn only_avi_counts_its_pictures_exactly() {
        let lines = ["0,0,3,9,K__", "0,3,3,9,K__", "1,0,6,9,K__"];
        let missing = Some(String::from("2.000 s of the picture are missing"));
        assert_eq!(found(&surveyed("avi", &lines, &[])), missing);
        assert_eq!(found(&surveyed("flv", &lines, &[])), None);
    }

    #[test]
    fn recordings_may_overlap_but_not_be_in_disorder() {
        let with = |sound: [&'static str; 3]| {
            found(&surveyed("mpegts", &["0,0,4,9,K_C", sound[0], sound[1], sound[2]], &[]))
        };
        let disorder = Some(String::from("its parts are in disorder, or come twice"));
        assert_eq!(with(["1,0,1,9,K__", "1,1.5,1,9,K__", "1,1,0.5,9,K__"]), disorder);
        assert_eq!(with(["1,0,1,9,K__", "1,1,1,9,K__", "1,1.5,1,9,K__"]), None, "an overlap");
        assert_eq!(with(["1,0,1,9,K__", "1,1.5,1,9,K__", "1,2.5,1,9,K__"]), None, "a loss");
    }

    #[test]
    fn a_recording_may_have_lost_packets_but_must_be_read_to_its_end() {
        let lines = ["0,0,8,9,K__", "1,0,8,9,K__"];
        let corrupt = "[mpegts @ 0x5] [warning] Packet corrupt (stream = 0, dts = 1).";
        let lost = "[mpegts @ 0x5] [error] max resync size reached, could not find sync byte";
        assert_eq!(found(&surveyed("mpegts", &lines, &[corrupt])), None);
        let expected = Some(String::from("max resync size reached, could not find sync byte"));
        assert_eq!(found(&surveyed("mpegts", &lines, &[corrupt, lost, corrupt])), expected);
    }
}
