//! The public codes: scripts, job files and other programs rely on them, so that a change of one is a change of version.
#![allow(clippy::panic, reason = "helpers of tests; clippy's exemption covers test functions only")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use av1plan::SkipReason;
use av1plan::config::{BitDepth, Interlaced, QualityTier};
use av1plan::judge::{Defect, Missing};
use av1plan::plan::{Encoder, Gate, LossKind, Reason, Topic};
use serde_json::{Value, json};
use strum::VariantNames;

/// Stand for the code of what they hold, and never appear as codes themselves.
const ENVELOPES: [&str; 2] = ["skipped", "refused-loss"];

/// Every list of codes under its name.
fn lists() -> [(&'static str, &'static [&'static str]); 7] {
    [
        ("topic", Topic::VARIANTS),
        ("reason", Reason::VARIANTS),
        ("skip", SkipReason::VARIANTS),
        ("gate", Gate::VARIANTS),
        ("loss", LossKind::VARIANTS),
        ("defect", Defect::VARIANTS),
        ("missing", Missing::VARIANTS),
    ]
}

#[test]
fn all_public_codes() {
    let mut text = String::new();
    for (name, codes) in lists() {
        writeln!(text, "{name}").unwrap();
        for code in codes.iter().filter(|code| !ENVELOPES.contains(code)) {
            writeln!(text, "  {code}").unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn words_of_the_config() {
    let lists = [
        ("prefer_encoder", Encoder::VARIANTS),
        ("quality_tier", QualityTier::VARIANTS),
        ("bit_depth", BitDepth::VARIANTS),
        ("interlaced", Interlaced::VARIANTS),
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

/// A decision's `code` is a reason's, a skip's or a loss's; whoever reads it must not need to know which.
#[test]
fn no_code_of_a_decision_means_two_things() {
    let codes = [Reason::VARIANTS, SkipReason::VARIANTS, LossKind::VARIANTS].concat();
    let mut seen = BTreeSet::new();
    let twice: Vec<_> = codes.iter().filter(|code| !seen.insert(**code)).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn a_gate_is_named_like_its_skip() {
    for gate in Gate::VARIANTS {
        assert!(SkipReason::VARIANTS.contains(gate), "{gate}");
        assert_eq!(gate.parse::<Gate>().unwrap().code(), *gate);
    }
}

#[test]
fn topics_and_losses_are_read_back_from_their_codes() {
    for code in Topic::VARIANTS {
        assert_eq!(code.parse::<Topic>().unwrap().code(), *code);
    }
    for code in LossKind::VARIANTS {
        let kind: LossKind = code.parse().unwrap();
        assert_eq!(kind.code(), *code);
        assert_eq!(serde_json::to_value(kind).unwrap(), json!(code));
    }
}

/// serde and strum derive their names apart; JSON and `code()` must agree.
#[test]
fn json_tags_a_reason_with_its_code() {
    for code in Reason::VARIANTS {
        let reason: Reason = with_some_facts(code);
        assert_eq!(serde_json::to_value(&reason).unwrap()["code"], *code);
        if !ENVELOPES.contains(code) {
            assert_eq!(reason.code(), *code);
        }
    }
}

#[test]
fn json_tags_a_skip_with_its_code() {
    for code in SkipReason::VARIANTS {
        let skip: SkipReason = with_some_facts(code);
        assert_eq!(serde_json::to_value(&skip).unwrap()["code"], *code);
        if !ENVELOPES.contains(code) {
            assert_eq!(skip.code(), *code);
        }
    }
}

/// Every sentence says something, on one line, and ends without a full stop: it is a fragment after a colon.
#[test]
fn every_code_has_a_sentence() {
    let reasons = Reason::VARIANTS.iter().map(|code| with_some_facts::<Reason>(code).to_string());
    let skips = SkipReason::VARIANTS.iter().map(|code| with_some_facts::<SkipReason>(code).to_string());
    for sentence in reasons.chain(skips) {
        assert!(sentence.len() > 3 && !sentence.contains('\n'), "{sentence:?}");
        assert!(!sentence.ends_with('.'), "{sentence:?}");
    }
}

/// The variant of this code, with whatever facts it asks for.
fn with_some_facts<T: serde::de::DeserializeOwned>(code: &str) -> T {
    let numbers = json!({
        "score": 1, "width": 1, "height": 1, "millibits": 1, "degrees": 90, "size": 1, "min_bytes": 1, "links": 2,
        "nominal": {"numerator": 300, "denominator": 1}, "from": 3, "frames": 1, "index": 1,
    });
    let mut words = numbers.clone();
    for field in ["wanted", "order", "tag", "to", "from", "extension", "text", "format", "tags"] {
        words[field] = json!("word");
    }
    words["gates"] = json!(["too-small"]);
    words["marker"] = json!("file");
    let candidates = [
        Value::Null,
        words,
        numbers,
        json!({"code": "not-stable"}),
        json!({"code": "data", "what": "a timecode track"}),
    ];
    candidates
        .into_iter()
        .find_map(|facts| {
            let mut written = json!({"code": code});
            if !facts.is_null() {
                written["facts"] = facts;
            }
            serde_json::from_value(written).ok()
        })
        .unwrap_or_else(|| panic!("no facts here fit {code}; add them to the candidates"))
}
