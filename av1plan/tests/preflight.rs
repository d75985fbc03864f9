//! Tests of the preflight: where samples are taken, and what is judged of them.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use av1plan::judge::preflight::{Sample, judge_preflight, samples};
use av1plan::judge::{Check, Defect, ResultProbe, RunReport};
use av1plan::probe::{PacketSummary, PictureSummary, Survey};
use av1plan::{Config, EncodePlan, Evidence, FileFacts, MediaProbe, Micros, Source, Toolchain, Verdict};

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
    let mut pictures = PictureSummary::default();
    pictures.add_line("width=64|height=64");
    probe.add_survey(Survey::new(all, pictures));
    let config = Config::default().with_min_bytes(0);
    match av1plan::plan(
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
    assert_eq!(starts(&["0,0,200,9,K__", "0,200,1,9,K__", "1,0,200,9,K__", "1,200,1,9,K__"]), [0, 100, 180]);
    assert_eq!(
        starts(&["0,0,220,9,K__", "0,220,1,9,K__", "1,20,199,9,K__", "1,219,1,9,K__"]),
        [30, 120, 200]
    );
    assert_eq!(starts(&["0,7,200,9,K__", "0,207,1,9,K__", "1,7,200,9,K__", "1,207,1,9,K__"]), [0, 100, 180]);
    assert_eq!(starts(&["0,0,150,9,K__", "0,150,1,9,K__", "1,0,150,9,K__", "1,150,1,9,K__"]), [] as [i64; 0]);
    assert_eq!(starts(&["0,0,200,9,K__", "0,200,1,9,K__", "1,0,5,9,K__", "1,5,1,9,K__"]), [] as [i64; 0]);
}

#[test]
fn what_would_fail_at_the_end_fails_in_a_sample() {
    let plan = plan(&["0,0,100,9,K__", "0,100,1,9,K__", "1,0,100,9,K__", "1,100,1,9,K__"]);
    let result = |pixels: &str| {
        let streams = format!(
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
        let sample = Sample { start: Micros(start), length: Micros::from_secs(2) };
        let defects = judge_preflight(&plan, sample, &evidence);
        defects.iter().map(Defect::code).collect::<Vec<_>>()
    };
    assert_eq!(codes(0, 0, &good, None), [] as [&str; 0], "chapters aren't looked for");
    assert_eq!(codes(5, 0, &other, None), ["picture"]);
    assert_eq!(codes(0, 1, &good, None), ["run-failed"]);
    assert_eq!(codes(5, 1, &good, None), [] as [&str; 0], "it may be the seek");
    assert_eq!(codes(0, 0, &good, Some(&Defect::NoPicture { at: Micros(0) })), ["no-picture"]);
}
