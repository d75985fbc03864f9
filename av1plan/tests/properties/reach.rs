//! The made-up films get everywhere: a property that holds only for want of cases would be no property.

use std::collections::BTreeSet;

use av1plan::decision::Reason;
use av1plan::loss::LossKind;
use av1plan::{SkipReason, Verdict};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use strum::VariantNames;

use crate::encoded;
use crate::films::film;
use crate::policy::{Policy, picture_policy, policy};

/// Codes that no made-up film reaches, each with its reason.
const UNREACHED: [&str; 2] = [
    // Films are planned for an ffmpeg that is described, not asked.
    "toolchain-read",
    // Stands for a skip's own code, which is listed in its place.
    "skipped",
];

#[test]
fn made_up_films_reach_every_code() {
    let mut runner = TestRunner::deterministic();
    let strategy = (film(), policy());
    let mut reached = BTreeSet::new();
    for _ in 0..4000 {
        let (film, policy) = strategy.new_tree(&mut runner).expect("nothing is rejected").current();
        let verdict = film.plan(&policy);
        reached.extend(verdict.decisions().iter().map(|decision| decision.reason.code()));
        if let Verdict::Encode(plan) = verdict {
            reached.extend(plan.losses.iter().map(|loss| loss.kind.code()));
        }
    }
    let all = [Reason::VARIANTS, SkipReason::VARIANTS, LossKind::VARIANTS].concat();
    let missing: Vec<&str> = all
        .into_iter()
        .filter(|code| !reached.contains(code) && !UNREACHED.contains(code) && *code != "refused-loss")
        .collect();
    assert!(missing.is_empty(), "never reached; teach `films` or `policy`, or the code is dead: {missing:?}");
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
    assert!(open > 150, "{open} of 300 under an open policy");
    assert!(any > 60, "{any} of 300 under any policy");
}
