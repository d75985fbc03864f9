//! Reads any bytes as a plan document. It is either refused, or every argument of every command that is made from it
//! follows the grammar in `tests/grammar`, and there is a judgement. `make fuzz TARGET=document` runs it, starting
//! with documents of the corpus.
#![no_main]

use av1plan::judge::{ResultProbe, RunReport};
use av1plan::probe::PacketSummary;
use av1plan::wire::Document;
use av1plan::{Evidence, Judgement, MediaProbe, Verdict, explain, judge};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/grammar/mod.rs"]
mod grammar;

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = Document::from_json(bytes) else { return };
    let again = Document::from_json(document.to_json().as_bytes()).expect("what was read can be written and read");
    assert_eq!(again, document);
    let Ok(verdict) = document.verdict() else { return };
    let table = explain::table(verdict.decisions());
    assert!(!table.chars().any(|letter| letter != '\n' && explain::is_hostile(letter)));
    let Verdict::Encode(plan) = verdict else { return };
    assert_eq!(grammar::wrong_of(&plan), None);
    judged(&plan);
});

/// Whatever a plan promises, no result is accepted without evidence, and no number in the plan makes the judge panic.
fn judged(plan: &av1plan::EncodePlan) {
    assert_ne!(judge(plan, &Evidence::new(0)), Judgement::Accept);
    let mut packets = PacketSummary::with_times_of(0);
    packets.add_line("0,-9223372036854.775807,9223372036854.775807,1,K_");
    packets.add_line("0,9223372036854.775807,9223372036854.775807,18446744073709551615,K_");
    packets.add_line("1,0.1,0.1,7,K_");
    let probe = br#"{"streams": [{"index": 0, "codec_type": "video", "codec_name": "av1", "width": 64, "height": 64,
        "duration": "9223372036854"}, {"index": 1, "codec_type": "audio", "codec_name": "aac"}]}"#;
    let probe = MediaProbe::from_json(probe).expect("it is JSON");
    let run = RunReport::new(Some(0)).with_frames(Some(u64::MAX));
    let evidence = Evidence::new(u64::MAX)
        .with_run(Some(&run))
        .with_probe(Some(ResultProbe::Read(&probe)))
        .with_packets(Some(&packets))
        .with_source_opening(Some(&packets));
    assert_ne!(judge(plan, &evidence), Judgement::Accept);
}
