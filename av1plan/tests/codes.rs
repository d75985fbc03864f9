//! Tests of the public codes: scripts, job files and other programs rely on them, so a changed code needs a new
//! version.
#![allow(clippy::panic, reason = "helpers of tests; clippy's exemption covers test functions only")]

mod facts;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use av1plan::SkipReason;
use av1plan::config::{BitDepth, Interlaced, QualityTier};
use av1plan::judge::{Defect, Judgement, Missing};
use av1plan::plan::{Encoder, Gate, LossKind, Reason, Topic};
use facts::with_some_facts;
use serde_json::json;

/// Every list of codes with its name. A list that includes another list appears here with its own codes only.
fn lists() -> [(&'static str, Vec<&'static str>); 8] {
    let own = |codes: &[&'static str], others: &[&str]| {
        codes.iter().copied().filter(|code| !others.contains(code)).collect::<Vec<_>>()
    };
    [
        ("topic", Topic::codes().to_vec()),
        ("reason", own(Reason::codes(), SkipReason::codes())),
        ("skip", own(SkipReason::codes(), LossKind::codes())),
        ("gate", Gate::codes().to_vec()),
        ("loss", LossKind::codes().to_vec()),
        ("defect", Defect::codes().to_vec()),
        ("missing", Missing::codes().to_vec()),
        ("judgement", Judgement::codes().to_vec()),
    ]
}

#[test]
fn all_public_codes() {
    let mut text = String::new();
    for (name, codes) in lists() {
        writeln!(text, "{name}").unwrap();
        for code in codes {
            writeln!(text, "  {code}").unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn words_of_the_config() {
    let lists = [
        ("prefer_encoder", Encoder::names()),
        ("quality_tier", QualityTier::names()),
        ("bit_depth", BitDepth::names()),
        ("interlaced", Interlaced::names()),
    ];
    let lines: Vec<String> =
        lists.iter().map(|(key, words)| format!("{key} = {}", words.join(" | "))).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn codes_are_kebab_case_and_unique_in_their_list() {
    for (name, codes) in lists() {
        let unique: BTreeSet<_> = codes.iter().collect();
        assert_eq!(unique.len(), codes.len(), "{name}");
        for code in codes {
            let words = code.split('-');
            let is_word = |word: &str| {
                !word.is_empty()
                    && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            };
            assert!(words.into_iter().all(is_word), "{name}: {code}");
        }
    }
}

/// The `code` of a decision may be the code of a reason, a skip or a loss. A reader needn't know which, so no two of
/// them may be equal.
#[test]
fn no_code_of_a_decision_means_two_things() {
    for codes in [Reason::codes(), SkipReason::codes(), LossKind::codes()] {
        let unique: BTreeSet<_> = codes.iter().collect();
        assert_eq!(unique.len(), codes.len());
    }
    let holds = |outer: &[&str], inner: &[&str]| inner.iter().all(|code| outer.contains(code));
    assert!(holds(Reason::codes(), SkipReason::codes()) && holds(SkipReason::codes(), LossKind::codes()));
}

#[test]
fn a_gate_is_named_like_its_skip() {
    for gate in Gate::codes() {
        assert!(SkipReason::codes().contains(gate), "{gate}");
        assert_eq!(gate.parse::<Gate>().unwrap().code(), *gate);
    }
}

/// JSON gets a code from serde's derive, and the method `code` from a list of its own. Both must agree.
#[test]
fn json_tags_a_value_with_its_code() {
    for code in Reason::codes() {
        let reason: Reason = with_some_facts(code);
        assert_eq!(reason.code(), *code);
        assert_eq!(serde_json::to_value(&reason).unwrap()["code"], *code);
    }
    for code in SkipReason::codes() {
        let skip: SkipReason = with_some_facts(code);
        assert_eq!(skip.code(), *code);
        assert_eq!(serde_json::to_value(&skip).unwrap()["code"], *code);
        // The reason of the last decision of a film that is skipped is the skip's.
        let reason = Reason::Skipped(skip.clone());
        assert_eq!(serde_json::to_value(&reason).unwrap(), serde_json::to_value(&skip).unwrap());
    }
    for code in Defect::codes() {
        let defect: Defect = with_some_facts(code);
        assert_eq!(defect.code(), *code);
        assert_eq!(serde_json::to_value(&defect).unwrap()["code"], *code);
    }
    for code in Judgement::codes() {
        let judgement: Judgement = with_some_facts(code);
        assert_eq!(judgement.code(), *code);
        assert_eq!(serde_json::to_value(&judgement).unwrap()["code"], *code);
    }
}

/// The name that this code had before the first release.
#[test]
fn a_plan_from_before_the_first_release_is_read() {
    let reason: Reason = serde_json::from_value(json!({"code": "seed-constant"})).unwrap();
    assert_eq!(reason, Reason::SameForAll);
    let loss = json!({"code": "data", "what": "a timecode track"});
    let refused = json!({"code": "refused-loss", "facts": loss});
    for written in [refused.clone(), json!({"code": "skipped", "facts": refused})] {
        let reason: Reason = serde_json::from_value(written).unwrap();
        assert_eq!(
            (reason.code(), reason.to_string()),
            ("data", with_some_facts::<Reason>("data").to_string())
        );
    }
    let small = json!({"code": "too-small", "facts": {"size": 1, "min_bytes": 2}});
    let reason: Reason = serde_json::from_value(json!({"code": "skipped", "facts": small})).unwrap();
    assert_eq!(reason, Reason::Skipped(SkipReason::TooSmall { size: 1, min_bytes: 2 }));
}

/// Every sentence is a fragment to put after a colon: it isn't empty, has a single line, and ends without a full
/// stop.
#[test]
fn every_code_has_a_sentence() {
    let reasons = Reason::codes().iter().map(|code| with_some_facts::<Reason>(code).to_string());
    let skips = SkipReason::codes().iter().map(|code| with_some_facts::<SkipReason>(code).to_string());
    let defects = Defect::codes().iter().map(|code| with_some_facts::<Defect>(code).to_string());
    for sentence in reasons.chain(skips).chain(defects) {
        assert!(sentence.len() > 3 && !sentence.contains('\n'), "{sentence:?}");
        assert!(!sentence.ends_with('.'), "{sentence:?}");
    }
}
