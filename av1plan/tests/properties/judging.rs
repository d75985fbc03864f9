//! Properties of the judge: it accepts a result that holds the contract, and none that breaks any part of it.

use av1plan::judge::{
    Check, ClosingReport, Decode, Defect, Evidence, Judgement, Missing, ResultProbe, RunReport, judge,
};
use av1plan::plan::{Encoder, StreamType, Treatment};
use av1plan::probe::PacketSummary;
use av1plan::{EncodePlan, Micros, Toolchain};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::breaks::{BREAKS, video};
use crate::films::{Film, film};
use crate::finished::{self, Finished};
use crate::policy::{Policy, picture_policy, policy};
use crate::{cases, encoded};

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn what_the_contract_promises_is_accepted_below_the_limit_only(film in film(), policy in picture_policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let document = finished::document(&plan);
            let limit = plan.contract.size.limit();
            if let Some(below) = limit.checked_sub(1) {
                prop_assert_eq!(judged(&plan, &document, below), Judgement::Accept);
            }
            prop_assert_eq!(judged(&plan, &document, limit), Judgement::TooBig { size: limit, limit });
            prop_assert_eq!(judged(&plan, &document, u64::MAX), Judgement::TooBig { size: u64::MAX, limit });
        }
    }

    #[test]
    fn any_one_broken_promise_is_a_defect(film in film(), policy in picture_policy(), place in any::<Index>()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            for (name, breaks) in BREAKS {
                let mut document = finished::document(&plan);
                if breaks(&mut document, &plan, place) {
                    let judgement = judged(&plan, &document, 0);
                    prop_assert!(matches!(judgement, Judgement::Defective(_)), "{name} went unseen: {judgement:?}");
                }
            }
            let whole = finished::document(&plan);
            let blocks = whole["streams"][video(&plan)]["side_data_list"].as_array().map_or(0, Vec::len);
            for block in 0..blocks {
                let mut document = whole.clone();
                document["streams"][video(&plan)]["side_data_list"].as_array_mut().expect("a list").remove(block);
                prop_assert!(matches!(judged(&plan, &document, 0), Judgement::Defective(_)), "block {block} went unseen");
            }
        }
    }

    /// A small size doesn't make up for a defect, and a file that looks complete doesn't make up for a failed run.
    #[test]
    fn a_run_that_failed_is_a_defect_whatever_the_file_looks_like(film in film(), policy in picture_policy(), exit_code in any::<Option<i32>>()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let good = Finished::of(&plan);
            let run = good.run.clone().with_exit_code(exit_code);
            let evidence = good.evidence(0).with_run(Some(&run));
            prop_assert_eq!(is_defective(&plan, &evidence), exit_code != Some(0));
            let run = good.run.clone().with_damage(vec!["[error] File ended prematurely".into()]);
            let damaged = good.evidence(0).with_run(Some(&run));
            // Damage that the policy accepts was measured before.
            prop_assert_eq!(is_defective(&plan, &damaged), plan.damage_limit == 0);
            let unreadable = good.evidence(0).with_probe(Some(ResultProbe::Unreadable));
            prop_assert!(is_defective(&plan, &unreadable));
        }
    }

    /// Each missing piece of evidence is named and keeps the result from being accepted. Pieces that were gathered
    /// aren't named, nor those that the plan doesn't need: without copied audio there is no distance from the video
    /// to check.
    #[test]
    fn nothing_is_accepted_without_evidence(film in film(), policy in picture_policy()) {
        if let Some(plan) = encoded(film.plan(&policy)).filter(|plan| plan.contract.size.limit() > 0) {
            let good = Finished::of(&plan);
            prop_assert_eq!(judge(&plan, &good.evidence(0)), Judgement::Accept);
            let off = good.evidence(0).with_decode(Decode::SwitchedOff);
            prop_assert_eq!(judge(&plan, &off), Judgement::Accept);
            for (missing, take) in TAKEN {
                let mut poorer = good.clone();
                take.0(&mut poorer);
                let mut evidence = poorer.evidence(0);
                take.1(&mut evidence);
                let asked_for = match missing {
                    Missing::Opening if plan.contract.is_measured() => false,
                    Missing::Opening => plan.mapped().any(|(stream, kept)| stream.kind == StreamType::Audio && kept.treatment == Treatment::Copy),
                    Missing::Headers => plan.contract.headers.is_some(),
                    Missing::FirstFrame => plan.contract.picture.needs_first_frame(),
                    _ => true,
                };
                let expected = if asked_for { Judgement::Incomplete { missing: vec![missing] } } else { Judgement::Accept };
                prop_assert_eq!(judge(&plan, &evidence), expected);
            }
            let nothing = judge(&plan, &Evidence::new(0));
            let Judgement::Incomplete { missing } = nothing else { return Err(TestCaseError::fail(format!("{nothing:?}"))) };
            let all = [Missing::Run, Missing::Probe, Missing::Packets, Missing::Decode, Missing::Picture];
            prop_assert!(all.iter().all(|piece| missing.contains(piece)), "{missing:?}");
        }
    }

    /// A defect from the decode or the comparison of pictures counts like any other.
    #[test]
    fn what_a_decode_or_a_picture_shows_is_a_defect(film in film(), policy in picture_policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let good = Finished::of(&plan);
            let defect = Defect::NoPicture { at: Micros(0) };
            let failed = Check::Failed(&defect);
            for evidence in [
                good.evidence(0).with_decode(Decode::Made(failed)),
                good.evidence(0).with_picture(Some(failed)),
            ] {
                prop_assert_eq!(judge(&plan, &evidence), Judgement::Defective(vec![defect.clone()]));
            }
        }
    }

    #[test]
    fn packets_that_are_missing_are_seen(film in film(), policy in picture_policy(), frames in 0..10_u64) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let good = Finished::of(&plan);
            let counted = good.run.clone().with_frames(Some(frames));
            prop_assert_eq!(is_defective(&plan, &good.evidence(0).with_run(Some(&counted))), frames != 2);
            let none = PacketSummary::default();
            let empty = good.evidence(0).with_packets(Some(&none));
            prop_assert!(is_defective(&plan, &empty));
        }
    }

    /// The judge accepts a right result with ffmpeg's right numbers, but not if any one number is wrong.
    #[test]
    fn an_honest_report_of_an_honest_result_is_accepted(
        film in film(), policy in picture_policy(), place in any::<Index>(), more in 1..9_u64,
    ) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let good = Finished::of(&plan);
            let broken = |run: &RunReport| is_defective(&plan, &good.evidence(0).with_run(Some(run)));
            prop_assert!(!broken(&good.run));
            let run = good.run.clone().with_dropped(Some(more));
            prop_assert!(broken(&run));
            let run = good.run.clone().with_duplicated(Some(more));
            prop_assert!(broken(&run));
            let silent = good.run.clone().with_closing(Some(ClosingReport::default())).with_frames(None);
            prop_assert!(broken(&silent));
            // The same line a second time contradicts the first.
            let mut twice = good.run.clone();
            let position = place.index(plan.contract.streams.len());
            let line = format!("[out#0/mp4 @ 0x1] [verbose]   Output stream #0:{position} (audio): 9 packets muxed (7 bytes); ");
            twice.closing.as_mut().expect("a report").add_line(&line);
            prop_assert!(broken(&twice));
        }
    }

    /// Whatever ffmpeg prints and writes, there is a judgement.
    #[test]
    fn any_evidence_gets_a_judgement(
        (film, policy) in (film(), picture_policy()),
        lines in proptest::collection::vec(report_line(), 0..8),
        packets in proptest::collection::vec(packet_line(), 0..20),
        sent in proptest::option::of(proptest::collection::vec(any::<i64>().prop_map(Micros), 0..20)),
    ) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let mut closing = ClosingReport::default();
            for line in &lines {
                closing.add_line(line);
            }
            let mut summary = PacketSummary::with_times_of(0);
            for line in &packets {
                summary.add_line(line);
            }
            let good = Finished::of(&plan);
            let run = good.run.clone().with_closing(Some(closing)).with_frame_times(sent);
            let seen = Some(&summary);
            let evidence = good.evidence(0).with_run(Some(&run)).with_packets(seen).with_source_opening(seen);
            match judge(&plan, &evidence) {
                Judgement::Defective(defects) => {
                    prop_assert!(!defects.is_empty());
                    prop_assert!(defects.iter().all(|defect| !defect.to_string().is_empty()));
                }
                Judgement::Incomplete { missing } => prop_assert!(!missing.is_empty()),
                Judgement::Accept | Judgement::TooBig { .. } => {}
            }
        }
    }

    /// ffprobe shows HDR10+ in frames only.
    #[test]
    fn promised_hdr10_plus_that_is_gone_is_seen(film in film()) {
        let film = Film { hdr10_plus: Some(true), ..film };
        // libaom in ffmpeg 9 is the only combination that carries HDR10+.
        let toolchain = Toolchain::described(9, [Encoder::Aom]).expect("it is new and has an encoder");
        let plan = encoded(film.plan(&Policy { toolchain, ..Policy::open() }));
        if let Some(plan) = plan.filter(|plan| plan.contract.picture.hdr10_plus) {
            let good = Finished::of(&plan);
            prop_assert!(!is_defective(&plan, &good.evidence(0)));
            let mut probe = good.probe.clone();
            let frames = json!({"frames": [{"side_data_list": [{"side_data_type": "Content light level metadata"}]}]});
            probe.add_frame(frames.to_string().as_bytes()).expect("the frame is JSON");
            let gone = good.evidence(0).with_probe(Some(ResultProbe::Read(&probe)));
            prop_assert!(is_defective(&plan, &gone));
        }
    }

    /// Any file can be judged as the result, even that of another film's plan.
    #[test]
    fn any_result_gets_a_judgement(
        (film, policy, other) in (film(), policy(), film()), size in any::<u64>(), frames in any::<Option<u64>>(),
    ) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let good = Finished::of(&plan);
            let run = good.run.clone().with_frames(frames);
            let mut packets = PacketSummary::default();
            packets.add_line("0,9223372036854.775807,9223372036854.775807");
            packets.add_line("0,-9223372036854.775807,0");
            let probe = other.probe();
            let evidence = good.evidence(size).with_run(Some(&run)).with_probe(Some(ResultProbe::Read(&probe))).with_packets(Some(&packets));
            match judge(&plan, &evidence) {
                Judgement::Defective(defects) => prop_assert!(!defects.is_empty()),
                Judgement::TooBig { size, limit } => prop_assert!(size >= limit),
                Judgement::Accept | Judgement::Incomplete { .. } => prop_assert!(size < plan.contract.size.limit()),
            }
        }
    }
}

/// Removes a piece of evidence: from what was gathered, or from what is passed to the judge.
type Take = (fn(&mut Finished), fn(&mut Evidence<'_>));

/// Every piece of evidence with the ways in which it can be missing.
const TAKEN: [(Missing, Take); 16] = [
    (Missing::Run, (|_| (), |evidence| evidence.run = None)),
    (Missing::Progress, (|of| of.run.frames = None, |_| ())),
    (Missing::Progress, (|of| of.run.dropped = None, |_| ())),
    (Missing::Progress, (|of| of.run.duplicated = None, |_| ())),
    (Missing::ClosingReport, (|of| of.run.closing = None, |_| ())),
    (Missing::ClosingReport, (|of| of.run.closing = Some(ClosingReport::default()), |_| ())),
    (Missing::FrameTimes, (|of| of.run.frame_times = None, |_| ())),
    (Missing::Probe, (|_| (), |evidence| evidence.probe = None)),
    (Missing::FirstFrame, (|of| of.probe.hdr10_plus = None, |_| ())),
    (Missing::Packets, (|_| (), |evidence| evidence.packets = None)),
    (Missing::PacketTimes, (|of| of.packets = of.timeless.clone(), |_| ())),
    (Missing::Opening, (|_| (), |evidence| evidence.source_opening = None)),
    (Missing::Opening, (|of| of.opening = PacketSummary::default(), |_| ())),
    (Missing::Headers, (|_| (), |evidence| evidence.headers = None)),
    (Missing::Decode, (|_| (), |evidence| evidence.decode = Decode::NotMade)),
    (Missing::Picture, (|_| (), |evidence| evidence.picture = None)),
];

fn is_defective(plan: &EncodePlan, evidence: &Evidence<'_>) -> bool {
    matches!(judge(plan, evidence), Judgement::Defective(_))
}

/// A line of ffmpeg's closing report, or one that is nearly right.
fn report_line() -> impl Strategy<Value = String> {
    let side = prop_oneof![
        Just("[out#0/mp4 @ 0x1f] [verbose]   Output"),
        Just("[in#0/avi @ 0x1f] [verbose]   Input")
    ];
    (side, 0..4_u32, "( ?[0-9]{0,20} (packets (read|muxed) \\([0-9]{1,20} bytes\\)|frames (en|de)coded|decode errors);){0,4}")
        .prop_map(|(side, index, numbers)| format!("{side} stream #0:{index} (audio): {}", numbers.trim_start()))
}

/// A line of ffprobe's packet list, with numbers of any size.
fn packet_line() -> impl Strategy<Value = String> {
    let time = "(N/A|-?[0-9]{1,13}\\.[0-9]{6})";
    (0..4_u32, time, time, any::<u64>())
        .prop_map(|(index, start, length, size)| format!("{index},{start},{length},{size},K_"))
}

fn judged(plan: &EncodePlan, document: &Value, size: u64) -> Judgement {
    let (good, probe) = (Finished::of(plan), finished::read(plan, document));
    judge(plan, &good.evidence(size).with_probe(Some(ResultProbe::Read(&probe))))
}
