//! Properties of verdicts: the same input leads to the same verdict, gates are respected, decisions are complete, and
//! a document restores its verdict.

use std::collections::BTreeSet;

use av1plan::config::{Config, Extension, Interlaced};
use av1plan::plan::{LossKind, Reason, Topic};
use av1plan::probe::{Marker, Stability};
use av1plan::wire::Document;
use av1plan::{FileFacts, SkipReason, Source, Verdict, explain};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::Value;

use crate::films::{Film, film};
use crate::policy::{Policy, gates, losses, picture_policy, policy};
use crate::{cases, encoded, finished, grammar, skip_code};

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn the_same_input_gives_the_same_verdict(film in film(), policy in policy()) {
        let (once, again) = (film.plan(&policy), film.plan(&policy.clone()));
        prop_assert_eq!(json(&film, &once), json(&film, &again));
        prop_assert_eq!(once, again);
    }

    #[test]
    fn the_order_of_keys_in_json_changes_nothing(film in film(), policy in policy(), seed in any::<u64>()) {
        let mut shuffled = String::new();
        print_shuffled(&film.document, &mut Shuffle(seed), &mut shuffled);
        let probe = film.probe_of(shuffled.as_bytes());
        prop_assert_eq!(&probe, &film.probe());
        let samples = policy.samples(&film.file, &probe);
        let source = Source::new(&film.file, &probe).with_samples(samples.as_ref());
        prop_assert_eq!(av1plan::plan(&source, &policy.toolchain, &policy.config), film.plan(&policy));
    }

    #[test]
    fn a_finished_output_is_a_skip_whatever_the_gates(
        (film, made, later) in (film(), picture_policy(), policy()),
        (size, marker) in (any::<u64>(), select(vec![None, Some(Marker::Folder)])),
    ) {
        if let Some(plan) = encoded(film.plan(&made)) {
            let mut file = film.file.clone().with_marker(marker);
            file.size = size;
            let output = Film { file, document: finished::document(&plan), hdr10_plus: None, survey: None };
            let mut later = later;
            later.config.ignore.remove(&av1plan::plan::Gate::AlreadyAv1);
            let code = skip_code(&output.plan(&later));
            prop_assert!(code.is_some(), "the output would be encoded again");
            // If no cheaper gate comes first, the film is skipped because it is AV1.
            if av1plan::before_probe(&output.file, &later.config).is_none() {
                prop_assert_eq!(code, Some("already-av1"));
            }
        }
    }

    #[test]
    fn a_stricter_gate_never_turns_a_skip_into_an_encode(
        film in film(), policy in policy(), stricter in tightening(),
    ) {
        if let Some(code) = skip_code(&film.plan(&policy)) {
            let (mut film, mut policy) = (film, policy);
            stricter.apply(&mut film.file, &mut policy.config);
            prop_assert!(skip_code(&film.plan(&policy)).is_some(), "{code} was lifted by {stricter:?}");
        }
    }

    #[test]
    fn an_ignored_gate_lifts_only_itself(film in film(), policy in policy(), gate in select(gates())) {
        let before = film.plan(&policy);
        let mut policy = policy;
        policy.config.ignore.insert(gate);
        let after = film.plan(&policy);
        match &before {
            Verdict::Skip(skip) if skip.reason.gate() == Some(gate) => {
                // The gate that now skips the film did so before as well, but later in the order.
                prop_assert_ne!(skip_code(&after), Some(gate.code()));
            }
            Verdict::Skip(skip) => prop_assert_eq!(Some(skip.reason.code()), skip_code(&after)),
            Verdict::Encode(_) => prop_assert_eq!(skip_code(&after), None),
        }
    }

    #[test]
    fn a_gate_that_needs_no_probe_is_the_verdict(film in film(), policy in policy()) {
        if let Some(early) = av1plan::before_probe(&film.file, &policy.config) {
            let Verdict::Skip(skip) = film.plan(&policy) else {
                return Err(TestCaseError::fail("the planner passed a gate that its caller stops at"));
            };
            prop_assert_eq!(skip.reason, early);
        }
    }

    #[test]
    fn a_refused_loss_is_a_skip_with_its_code(
        film in film(), policy in picture_policy(), kinds in subsequence(losses(), 1..4),
    ) {
        if let Some(allowed) = encoded(film.plan(&policy)) {
            let mut policy = policy;
            policy.config.refuse_losses = kinds.iter().copied().collect();
            let verdict = film.plan(&policy);
            if let Some(loss) = allowed.losses.iter().find(|loss| kinds.contains(&loss.kind)) {
                prop_assert_eq!(skip_code(&verdict), Some(loss.kind.code()));
                let Verdict::Skip(skip) = verdict else { unreachable!() };
                prop_assert_eq!(skip.reason, SkipReason::RefusedLoss(loss.clone()));
            } else {
                prop_assert_eq!(encoded(verdict), Some(allowed));
            }
        }
    }

    #[test]
    fn each_question_is_answered_once(film in film(), policy in policy()) {
        let verdict = film.plan(&policy);
        let mut answered = BTreeSet::new();
        for decision in verdict.decisions() {
            prop_assert!(answered.insert((decision.topic, decision.stream)), "twice: {decision:?}");
            let of_a_stream = matches!(decision.topic, Topic::Stream | Topic::DefaultFlag);
            prop_assert_eq!(decision.stream.is_some(), of_a_stream, "{:?}", decision);
        }
        prop_assert!(answered.contains(&(Topic::Gate, None)));
    }

    #[test]
    fn every_code_is_in_the_public_list(film in film(), policy in policy()) {
        let verdict = film.plan(&policy);
        for decision in verdict.decisions() {
            prop_assert!(Topic::codes().contains(&decision.topic.code()));
            let code = decision.reason.code();
            let public = if matches!(decision.reason, Reason::Skipped(_)) {
                SkipReason::codes().contains(&code) || LossKind::codes().contains(&code)
            } else {
                Reason::codes().contains(&code)
            };
            prop_assert!(public, "{code}");
        }
        if let Some(code) = skip_code(&verdict) {
            let gate = verdict.decisions().iter().find(|decision| decision.topic == Topic::Gate);
            prop_assert_eq!(gate.map(|decision| decision.reason.code()), Some(code));
        }
    }

    /// A tag may contain any text. A line break or an escape sequence in it must not reach a terminal.
    #[test]
    fn each_decision_and_each_loss_is_one_plain_line(film in film(), policy in policy()) {
        let verdict = film.plan(&policy);
        let table = explain::table(verdict.decisions());
        prop_assert_eq!(table.lines().count(), verdict.decisions().len());
        prop_assert!(!table.contains(|c: char| c.is_control() && c != '\n'), "{:?}", table);
        for loss in encoded(verdict).iter().flat_map(|plan| &plan.losses) {
            prop_assert!(!loss.to_string().contains(char::is_control), "{loss:?}");
        }
    }

    #[test]
    fn a_plan_survives_its_json(film in film(), policy in policy()) {
        let verdict = film.plan(&policy);
        let document = Document::new(b"/films/a.mkv", film.file.size, b"/films/.a.av1tmp", &verdict);
        let text = document.to_json();
        prop_assert!(!text.is_empty() && !text.contains('\n'));
        let read = Document::from_json(text.as_bytes());
        let read = read.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&read, &document);
        let restored = read.verdict().map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&restored, &verdict);
        if let Verdict::Encode(plan) = &restored {
            prop_assert_eq!(grammar::wrong_of(plan), None);
        }
    }

    /// Under an open policy a film is skipped only for what the film itself lacks.
    #[test]
    fn an_open_policy_skips_only_films_that_cannot_be_encoded(film in film()) {
        let mut policy = Policy::open();
        policy.config.ignore.extend(gates());
        if let Some(code) = skip_code(&film.plan(&policy)) {
            let lacking = ["no-video", "no-picture-size", "unknown-video-codec", "unsupported-format", "size-beyond-encoders", "picture-changes", "sound-changes", "dolby-vision-only", "audio"];
            let taken = ["target-exists", "backup-exists", "immutable", "folder-read-only", "foreign-owner", "no-safe-rename"];
            let probe = film.probe();
            let picture = probe.main_video().and_then(|(stream, _)| film.survey.as_ref()?.packets.get(&stream.index));
            let is_empty = picture.is_none() || film.survey.as_ref().is_some_and(|survey| survey.pictures.count == 0);
            let is_damaged = code == "damaged" && is_empty;
            prop_assert!(lacking.contains(&code) || taken.contains(&code) || is_damaged, "{code}");
        }
    }
}

fn json(film: &Film, verdict: &Verdict) -> String {
    Document::new(b"in", film.file.size, b"out", verdict).to_json()
}

/// A change that makes a policy or the state of a file stricter.
#[derive(Debug, Clone)]
enum Tightening {
    MinBytes(u64),
    FewerExtensions,
    Refuse(Vec<LossKind>),
    Mark(Marker),
    Settle,
    Link,
    TargetExists,
    IgnoreNothing,
    SkipInterlaced,
}

fn tightening() -> impl Strategy<Value = Tightening> {
    prop_oneof![
        any::<u64>().prop_map(Tightening::MinBytes),
        Just(Tightening::FewerExtensions),
        subsequence(losses(), 1..4).prop_map(Tightening::Refuse),
        select(vec![Marker::File, Marker::Stem, Marker::Folder]).prop_map(Tightening::Mark),
        Just(Tightening::Settle),
        Just(Tightening::Link),
        Just(Tightening::TargetExists),
        Just(Tightening::IgnoreNothing),
        Just(Tightening::SkipInterlaced),
    ]
}

impl Tightening {
    fn apply(&self, file: &mut FileFacts, config: &mut Config) {
        match self {
            Self::MinBytes(bytes) => config.min_bytes = config.min_bytes.max(*bytes),
            Self::FewerExtensions => config.extensions = [Extension::new("mkv").expect("it is one")].into(),
            Self::Refuse(kinds) => config.refuse_losses.extend(kinds),
            Self::Mark(marker) => file.marker = Some(*marker),
            Self::Settle => file.stability = Stability::Settling,
            Self::Link => file.links += 1,
            Self::TargetExists => file.target_exists = true,
            Self::IgnoreNothing => config.ignore.clear(),
            Self::SkipInterlaced => config.interlaced = Interlaced::Skip,
        }
    }
}

/// A simple random number generator, good enough to shuffle keys.
struct Shuffle(u64);

impl Shuffle {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound.max(1)
    }
}

/// Prints JSON with the keys of each object in random order.
fn print_shuffled(value: &Value, shuffle: &mut Shuffle, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            text.push('{');
            let mut separator = "";
            while !fields.is_empty() {
                let (key, value) = fields.swap_remove(shuffle.below(fields.len()));
                *text += separator;
                *text += &Value::from(key.as_str()).to_string();
                text.push(':');
                print_shuffled(value, shuffle, text);
                separator = ",";
            }
            text.push('}');
        }
        Value::Array(values) => {
            text.push('[');
            for (position, value) in values.iter().enumerate() {
                *text += if position == 0 { "" } else { "," };
                print_shuffled(value, shuffle, text);
            }
            text.push(']');
        }
        scalar => *text += &scalar.to_string(),
    }
}
