//! Tests that the generated films reach every code and every kind of plan. Otherwise a property could pass for lack
//! of cases.

use std::collections::BTreeSet;

use av1plan::SkipReason;
use av1plan::plan::{EncoderSettings, LossKind, Reason, Topic, Treatment};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::encoded;
use crate::films::film;
use crate::policy::{Policy, picture_policy, policy};

/// Codes that no generated film reaches, with the reason for each.
const UNREACHED: [&str; 2] = [
    // Films are planned for a described ffmpeg; none is asked.
    "toolchain-read",
    // An executor finds this by trying, before the survey.
    "no-safe-rename",
];

/// How many films are generated at most: enough to reach what one film in some thousand has. The search ends as soon as
/// nothing is missing.
const FILMS: u32 = 40_000;

#[test]
fn made_up_films_reach_every_code() {
    let mut runner = TestRunner::deterministic();
    let strategy = (film(), policy());
    let all = [Topic::codes(), Reason::codes(), SkipReason::codes(), LossKind::codes()].concat();
    let mut missing: BTreeSet<&str> = all.iter().copied().filter(|code| !UNREACHED.contains(code)).collect();
    for _ in 0..FILMS {
        let (film, policy) = strategy.new_tree(&mut runner).expect("nothing is rejected").current();
        let verdict = film.plan(&policy);
        for decision in verdict.decisions() {
            for code in [decision.topic.code(), decision.reason.code()] {
                assert!(all.contains(&code), "{code} is in no list");
                missing.remove(code);
            }
        }
        for loss in encoded(verdict).iter().flat_map(|plan| &plan.losses) {
            missing.remove(loss.kind.code());
        }
        if missing.is_empty() {
            return;
        }
    }
    panic!("never reached; teach `films` or `policy`, or the code is dead: {missing:?}");
}

/// Everything that a plan can contain besides reasons. A property or a promise of the contract depends on each.
#[test]
fn made_up_films_reach_every_kind_of_plan() {
    let mut runner = TestRunner::deterministic();
    let strategy = (film(), picture_policy());
    let mut missing: BTreeSet<&str> = [
        "matroska",
        "mp4",
        "webm",
        "libsvtav1",
        "libaom-av1",
        "librav1e",
        "dolby vision",
        "rotation",
        "mastering display",
        "content light",
        "hdr10+",
        "another shape of pixels",
        "another rate",
        "chapters",
        "stale tags",
        "forced",
        "subrip",
        "mov_text",
        "webvtt",
        "pcm_s16le",
        "pcm_s24le",
    ]
    .into();
    for _ in 0..FILMS {
        let (film, policy) = strategy.new_tree(&mut runner).expect("nothing is rejected").current();
        let Some(plan) = encoded(film.plan(&policy)) else { continue };
        let picture = &plan.contract.picture;
        missing.remove(plan.container.muxer());
        missing.remove(plan.video.settings.encoder().ffmpeg_name());
        let rate = matches!(plan.video.settings, EncoderSettings::Svt(svt) if svt.nominal_rate.is_some());
        for (reached, what) in [
            (plan.video.dolby_vision, "dolby vision"),
            (picture.rotation.is_some(), "rotation"),
            (picture.mastering_display.is_some(), "mastering display"),
            (picture.content_light.is_some(), "content light"),
            (picture.hdr10_plus, "hdr10+"),
            (picture.sample_aspect_ratio.is_some(), "another shape of pixels"),
            (rate, "another rate"),
            (plan.contract.chapters > 0, "chapters"),
            (plan.mapped().any(|(_, kept)| !kept.stale_tags.is_empty()), "stale tags"),
            (plan.contract.streams.iter().any(|stream| stream.forced == Some(true)), "forced"),
        ] {
            missing.retain(|missing| !reached || *missing != what);
        }
        for (_, kept) in plan.mapped() {
            if let Treatment::Convert(to) = kept.treatment {
                missing.remove(to.name());
            }
        }
        if missing.is_empty() {
            return;
        }
    }
    panic!("never reached: {missing:?}");
}

#[test]
fn most_made_up_films_are_encoded() {
    let mut runner = TestRunner::deterministic();
    let mut encodes = |strategy: &dyn Fn(&mut TestRunner) -> Policy| {
        let films = film();
        let verdicts = (0..300).filter_map(|_| {
            let film = films.new_tree(&mut runner).expect("nothing is rejected").current();
            let policy = strategy(&mut runner);
            encoded(film.plan(&policy))
        });
        verdicts.count()
    };
    let open = encodes(&|runner| picture_policy().new_tree(runner).expect("nothing is rejected").current());
    let any = encodes(&|runner| policy().new_tree(runner).expect("nothing is rejected").current());
    assert!(open > 90, "{open} of 300 under an open policy");
    assert!(any > 45, "{any} of 300 under any policy");
}
