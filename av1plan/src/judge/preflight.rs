//! The preflight: a few seconds of a film are encoded before hours are spent on all of it. What fails there would fail
//! at the end, too.

use alloc::vec::Vec;

use super::probe::probe_defects;
use super::{Defect, Evidence, ResultProbe};
use crate::number::Micros;
use crate::plan::{EncodePlan, StreamType};

/// A part of a film that is encoded in a preflight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Where ffmpeg seeks to, in microseconds from the start of the file. 0 means that it doesn't seek.
    pub start: Micros,
    /// The duration of the sample in microseconds.
    pub length: Micros,
}

/// The duration of a sample: a few dozen frames show all that a preflight looks for.
const LENGTH: Micros = Micros::from_secs(2);

/// Films that aren't longer than this aren't worth a preflight, which would take more than a hundredth of the encode's CPU
/// time: for 1080p it took 10 s, and the encode 7 s for each second of film (measured, SVT-AV1 at preset 4).
const SHORTEST: Micros = Micros::from_secs(180);

/// The samples of a film: its start, its middle, and a place near its end. Empty if the film is short, or wasn't surveyed:
/// then nobody knows where its streams have packets.
///
/// If a stream begins late, the start is left out: a muxer may refuse a stream without packets.
pub fn samples(plan: &EncodePlan) -> Vec<Sample> {
    let sounds = || plan.contract.streams.iter().filter(|stream| stream.kind != StreamType::Subtitle);
    let spans = || sounds().filter_map(|stream| stream.span);
    let (Some(first), Some(last)) = (
        spans().map(|span| span.start).min(),
        spans().map(|span| Micros(span.start.0.saturating_add(span.length.0))).min(),
    ) else {
        return Vec::new();
    };
    let all_there = spans().map(|span| span.start).max().unwrap_or(first);
    let film = last.0.saturating_sub(all_there.0);
    if film < SHORTEST.0 {
        return Vec::new();
    }
    let late = all_there.0.saturating_sub(first.0);
    let place = |percent: i64| Micros(late.saturating_add(film / 100 * percent));
    let is_late = late > LENGTH.0 / 2;
    let places = if is_late { [place(5), place(50), place(90)] } else { [Micros(0), place(50), place(90)] };
    places.map(|start| Sample { start, length: LENGTH }).into()
}

/// Judges a sample by the contract of the film, without what only the whole film can hold: lengths, counts, chapters.
///
/// A sample behind a seek whose run failed shows nothing, since some files can't be seeked in.
pub fn judge_preflight(plan: &EncodePlan, sample: Sample, evidence: &Evidence<'_>) -> Vec<Defect> {
    let failed = evidence.run.is_some_and(|run| run.exit_code != Some(0));
    if failed && sample.start.0 > 0 {
        return Vec::new();
    }
    let mut defects: Vec<Defect> =
        evidence.run.into_iter().flat_map(|run| super::run_defects(plan, run)).collect();
    match evidence.probe {
        Some(ResultProbe::Read(probe)) => defects.extend(probe_defects(&plan.contract, probe)),
        // An end in the middle of a file may leave a sample without packets.
        Some(ResultProbe::Unreadable) if sample.start.0 == 0 => defects.push(Defect::Unreadable),
        Some(ResultProbe::Unreadable) | None => {}
    }
    defects.extend(evidence.found().cloned());
    defects.retain(|defect| !matches!(defect, Defect::Chapters { .. }));
    defects
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{Check, RunReport};
    use crate::probe::{MediaProbe, PacketSummary, PictureSummary, Survey};
    use crate::{Config, FileFacts, Source, Toolchain, Verdict};

    const FILM: &[u8] =
        br#"{"streams": [{"index": 0, "codec_type": "video", "codec_name": "h264", "width": 64, "height": 64,
        "pix_fmt": "yuv420p"}, {"index": 1, "codec_type": "audio", "codec_name": "ac3"}], "format": {},
        "chapters": [{"id": 0}]}"#;

    /// The plan of a film with these packets.
    fn plan(packets: &[&str]) -> EncodePlan {
        let mut probe = MediaProbe::from_json(FILM).unwrap();
        let mut all = PacketSummary::default();
        for line in packets {
            all.add_line(line);
        }
        probe.add_survey(Survey::new(all, PictureSummary::default()));
        let config = Config::default().with_min_bytes(0);
        match crate::plan(
            &Source::new(&FileFacts::new("Film.mkv", 1 << 30), &probe),
            &Toolchain::assumed(),
            &config,
        ) {
            Verdict::Encode(plan) => *plan,
            Verdict::Skip(skip) => unreachable!("{skip:?}"),
        }
    }

    fn starts(packets: &[&str]) -> Vec<i64> {
        samples(&plan(packets)).iter().map(|sample| sample.start.0 / 1_000_000).collect()
    }

    #[test]
    fn samples_are_where_all_streams_have_packets() {
        assert_eq!(starts(&["0,0,1,9,K__", "0,200,1,9,K__", "1,0,1,9,K__", "1,200,1,9,K__"]), [0, 100, 180]);
        assert_eq!(
            starts(&["0,0,1,9,K__", "0,220,1,9,K__", "1,20,1,9,K__", "1,219,1,9,K__"]),
            [30, 120, 200]
        );
        assert_eq!(starts(&["0,7,1,9,K__", "0,207,1,9,K__", "1,7,1,9,K__", "1,207,1,9,K__"]), [0, 100, 180]);
        assert_eq!(starts(&["0,0,1,9,K__", "0,150,1,9,K__", "1,0,1,9,K__", "1,150,1,9,K__"]), [] as [i64; 0]);
        assert_eq!(starts(&["0,0,1,9,K__", "0,200,1,9,K__", "1,0,1,9,K__", "1,5,1,9,K__"]), [] as [i64; 0]);
    }

    #[test]
    fn what_would_fail_at_the_end_fails_in_a_sample() {
        let plan = plan(&["0,0,1,9,K__", "0,100,1,9,K__", "1,0,1,9,K__", "1,100,1,9,K__"]);
        let result = |pixels: &str| {
            let streams = alloc::format!(
                r#"{{"streams": [{{"codec_type": "video", "codec_name": "av1", "width": 64, "height": 64,
                "pix_fmt": "{pixels}"}}, {{"codec_type": "audio", "codec_name": "ac3"}}], "format": {{}}}}"#
            );
            MediaProbe::from_json(streams.as_bytes()).unwrap()
        };
        let (good, other) = (result("yuv420p10le"), result("yuv420p"));
        let codes = |start: i64, exit: i32, probe: &MediaProbe, picture: Option<&Defect>| {
            let run = RunReport::new(Some(exit));
            let evidence = Evidence::new(1).with_run(Some(&run)).with_probe(Some(ResultProbe::Read(probe)));
            let evidence = evidence.with_picture(Some(Check::from(picture)));
            let sample = Sample { start: Micros(start), length: LENGTH };
            let defects = judge_preflight(&plan, sample, &evidence);
            defects.iter().map(Defect::code).collect::<Vec<_>>()
        };
        assert_eq!(codes(0, 0, &good, None), [] as [&str; 0], "chapters aren't looked for");
        assert_eq!(codes(5, 0, &other, None), ["picture"]);
        assert_eq!(codes(0, 1, &good, None), ["run-failed"]);
        assert_eq!(codes(5, 1, &good, None), [] as [&str; 0], "it may be the seek");
        assert_eq!(codes(0, 0, &good, Some(&Defect::NoPicture { at: Micros(0) })), ["no-picture"]);
    }
}
