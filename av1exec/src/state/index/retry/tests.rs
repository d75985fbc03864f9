//! What is remembered of each outcome, and how many encodes of one film that allows, whatever happens.

use std::time::Duration;

use av1plan::judge::{Defect, Missing};
use proptest::prelude::*;

use super::*;
use crate::state::index::entry::{FilmEntry, Next};
use crate::state::index::read_retry_after;
use crate::state::index::write::write_retry_after;
use crate::sys::disk::Identity;

const FILE: Identity = Identity { device: 1, inode: 2, size: 100, modified_ns: 5, changed_ns: 5, links: 1 };
const ONE: Fingerprint = Fingerprint([1; 16]);
const TWO: Fingerprint = Fingerprint([2; 16]);
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn defective(defect: Defect) -> Outcome {
    Outcome::Defective { defects: vec![defect], words: String::new() }
}

fn failed(retry: Retry) -> Outcome {
    Outcome::Failed { reason: String::new(), retry }
}

#[test]
fn each_end_is_remembered_for_as_long_as_its_cause_lasts() {
    let damaged = || defective(Defect::DamagedSource { line: String::new() });
    let broken = || defective(Defect::RunFailed { exit_code: Some(1) });
    let violated = || defective(Defect::Chapters { expected: 1, found: 0 });
    let unverified = || Outcome::Unverified { missing: vec![Missing::ClosingReport] };
    let ran_out = || Outcome::RanOut { reason: String::new(), retry: Retry::Costly };
    let too_big = || Outcome::TooBig { before: 1, after: 1, limit: 1 };
    let no_room = Outcome::NoRoom { needed: 2, free: 1 };
    let this_run = |minutes: i64| RetryAfter::ThisRun(at(minutes * 60));
    let until = |minutes: i64| RetryAfter::Until(at(minutes * 60));
    let (replanned, asked) = (RetryAfter::UntilReplanned, RetryAfter::UntilAsked);
    #[rustfmt::skip]
    let table = [
        // outcome, (failures, put off) before, when, (failures, put off) after
        (Outcome::Skipped(SkipReason::AlreadyAv1), (0, 0), replanned, (0, 0)),
        (Outcome::Skipped(SkipReason::FolderReadOnly), (0, 1), this_run(10), (0, 1)),
        (Outcome::Skipped(SkipReason::Hardlinked { links: 2 }), (1, 0), RetryAfter::Now, (1, 0)),
        (failed(Retry::Cheap), (1, 0), this_run(60), (1, 0)),
        (failed(Retry::Costly), (0, 0), until(60), (1, 0)),
        (failed(Retry::Costly), (1, 5), until(120), (2, 5)),
        (failed(Retry::Costly), (2, 0), asked, (3, 0)),
        (failed(Retry::Futile), (0, 0), asked, (1, 0)),
        (too_big(), (0, 0), this_run(24 * 60), (1, 0)),
        (too_big(), (2, 0), replanned, (3, 0)),
        (Outcome::Cancelled, (1, 1), asked, (0, 0)),
        (Outcome::Interrupted, (2, 0), RetryAfter::Now, (2, 0)),
        (Outcome::Unreadable { reason: String::new() }, (0, 0), asked, (1, 0)),
        (damaged(), (0, 0), asked, (1, 0)),
        (violated(), (0, 0), replanned, (1, 0)),
        (unverified(), (0, 0), replanned, (1, 0)),
        (broken(), (0, 0), until(60), (1, 0)),
        (broken(), (1, 0), until(120), (2, 0)),
        (broken(), (2, 0), asked, (3, 0)),
        (broken(), (u16::MAX, 0), asked, (u16::MAX, 0)),
        (Outcome::Stalled { seconds: 1 }, (2, 9), asked, (3, 9)),
        (no_room, (2, 1), this_run(10), (2, 1)),
        (ran_out(), (2, 0), until(10), (2, 1)),
        (ran_out(), (0, 1), until(10), (0, 2)),
        (ran_out(), (0, 2), until(60), (0, 3)),
        (ran_out(), (0, 3), until(120), (0, 4)),
        (ran_out(), (0, 6), until(16 * 60), (0, 7)),
        (ran_out(), (0, 7), until(24 * 60), (0, 8)),
        (ran_out(), (0, u16::MAX), until(24 * 60), (0, u16::MAX)),
        (Outcome::SourceChanged, (0, 2), until(60), (0, 3)),
    ];
    for (outcome, (failures, put_off), retry_after, after) in table {
        let last = remember(&outcome, ONE, Spent { failures, put_off }, at(0));
        let spent = (last.spent.failures, last.spent.put_off);
        assert_eq!(
            (last.retry_after, spent),
            (retry_after, after),
            "{outcome:?} after {failures}, {put_off}"
        );
    }
}

/// A daemon with one film, whose encodes end as the test says. It does nothing else than the rules of the index.
struct Daemon {
    entry: FilmEntry,
    fingerprint: Fingerprint,
    /// The time by the machine's clock.
    clock: Timestamp,
    /// The encodes that ended.
    encodes: u32,
}

impl Daemon {
    fn new() -> Self {
        Self { entry: FilmEntry::new(FILE, at(0)), fingerprint: ONE, clock: at(0), encodes: 0 }
    }

    /// Takes the film's steps until it has to wait. An encode ends with this outcome, at once. `probes` says whether
    /// ffprobe's output can be stored.
    fn work(&mut self, outcome: &Outcome, probes: bool) {
        self.entry.see(FILE, self.clock);
        for _ in 0..10 {
            match self.entry.next(&self.fingerprint, Duration::ZERO, self.clock) {
                Next::Settle | Next::Wait(_) | Next::Nothing => return,
                Next::Probe | Next::Plan => {
                    self.entry.is_probed = probes;
                    self.entry.last_outcome = Some(self.entry.wanted(self.fingerprint));
                    if !probes {
                        // The film is in the queue of encodes already.
                        self.encode(outcome);
                    }
                }
                Next::Encode => self.encode(outcome),
            }
        }
    }

    fn encode(&mut self, outcome: &Outcome) {
        // What ends before ffmpeg is started is no encode.
        let is_cheap =
            matches!(outcome, Outcome::Failed { retry: Retry::Cheap, .. } | Outcome::NoRoom { .. });
        self.encodes += u32::from(!is_cheap);
        let spent = self.entry.spent();
        self.entry.last_outcome = Some(remember(outcome, self.fingerprint, spent, self.clock));
    }

    /// Ends the daemon and starts it again: only what the index stores is still known.
    fn restart(&mut self) {
        if let Some(last) = &mut self.entry.last_outcome {
            let (rest, until) = write_retry_after(last.retry_after);
            last.retry_after = read_retry_after(rest, until);
            last.spent = Spent::unpacked(last.spent.packed());
        }
    }
}

/// The outcomes of encodes that aren't stopped, and how often each may come in a year if no other comes.
fn outcomes() -> Vec<(Outcome, u32)> {
    // Two after ten minutes each, five up to sixteen hours, one a day for the rest of the year.
    let put_off = 8 + 365;
    vec![
        (Outcome::Stalled { seconds: 1 }, 3),
        (defective(Defect::RunFailed { exit_code: None }), 3),
        (failed(Retry::Costly), 3),
        (failed(Retry::Futile), 1),
        (failed(Retry::Cheap), 0),
        (Outcome::NoRoom { needed: 2, free: 1 }, 0),
        (defective(Defect::Chapters { expected: 1, found: 0 }), 1),
        (defective(Defect::DamagedSource { line: String::new() }), 1),
        (Outcome::Unverified { missing: vec![Missing::ClosingReport] }, 1),
        (Outcome::TooBig { before: 1, after: 1, limit: 1 }, 3),
        (Outcome::Replaced { path: "/a".into(), before: 2, after: 1 }, 1),
        (Outcome::Cancelled, 1),
        (Outcome::RanOut { reason: String::new(), retry: Retry::Costly }, put_off),
        (Outcome::SourceChanged, put_off),
    ]
}

#[test]
fn a_year_passes_and_each_outcome_has_cost_few_encodes() {
    for restarts in [false, true] {
        for (outcome, most) in outcomes() {
            let mut daemon = Daemon::new();
            while daemon.clock < at(0) + YEAR {
                daemon.work(&outcome, true);
                if restarts {
                    daemon.restart();
                }
                daemon.clock += SignedDuration::from_mins(10);
            }
            let encodes = daemon.encodes;
            assert!(
                encodes <= most,
                "{encodes} encodes instead of {most}: {outcome:?}, restarts: {restarts}"
            );
            assert!(most == 0 || encodes > 0, "{outcome:?}");
        }
    }
}

/// A change, and its name.
type Change<'a> = (&'a str, &'a dyn Fn(&mut Daemon));

#[test]
fn a_changed_film_another_config_and_a_user_each_bring_a_new_try() {
    let asks = |daemon: &mut Daemon| daemon.entry.last_outcome = None;
    let changes_film = |daemon: &mut Daemon| {
        daemon.entry.see(Identity { size: 101, ..FILE }, daemon.clock);
    };
    let changes_config = |daemon: &mut Daemon| daemon.fingerprint = TWO;
    let changes: [Change<'_>; 3] = [("asks", &asks), ("film", &changes_film), ("config", &changes_config)];
    for (outcome, most) in outcomes().into_iter().filter(|(_, most)| (1..=3).contains(most)) {
        for (what, change) in changes {
            let mut daemon = Daemon::new();
            for _ in 0..1000 {
                daemon.work(&outcome, true);
                daemon.clock += SignedDuration::from_hours(1);
            }
            let before = daemon.encodes;
            change(&mut daemon);
            daemon.work(&outcome, true);
            // What is due to the film or the machine doesn't depend on the config.
            let spent = Spent { failures: u16::try_from(most).unwrap(), put_off: 0 };
            let last = remember(&outcome, ONE, spent, at(0)).retry_after;
            let helps = what != "config" || last == RetryAfter::UntilReplanned;
            assert_eq!(daemon.encodes > before, helps, "{outcome:?}, {what}");
        }
    }
}

/// A random step of the test.
#[derive(Debug, Clone)]
struct Step {
    /// How the next encode ends, if one begins.
    outcome: Outcome,
    /// Whether ffprobe's output can be stored.
    probes: bool,
    restarts: bool,
    /// By how many seconds somebody sets the clock: a wait may end early.
    clock: Option<i64>,
    /// How many seconds pass.
    seconds: i64,
}

fn step() -> impl Strategy<Value = Step> {
    let outcomes: Vec<Outcome> = outcomes().into_iter().map(|(outcome, _)| outcome).collect();
    let clock = prop::option::weighted(0.05, -10_000_000_i64..10_000_000);
    (prop::sample::select(outcomes), any::<bool>(), any::<bool>(), clock, 0_i64..200_000).prop_map(
        |(outcome, probes, restarts, clock, seconds)| Step { outcome, probes, restarts, clock, seconds },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_outcomes_restarts_and_clocks_costs_many_encodes(
        steps in prop::collection::vec(step(), 1..1000),
    ) {
        let (mut daemon, mut passed, mut clock_steps) = (Daemon::new(), SignedDuration::ZERO, 0);
        for Step { outcome, probes, restarts, clock, seconds } in steps {
            daemon.work(&outcome, probes);
            if restarts {
                daemon.restart();
            }
            clock_steps += u32::from(clock.is_some());
            let time = SignedDuration::from_secs(seconds);
            daemon.clock += time + SignedDuration::from_secs(clock.unwrap_or_default());
            passed += time;
            if passed > YEAR {
                break;
            }
        }
        let days = u32::try_from(passed.as_hours() / 24).unwrap();
        // Three failures, what is lost before the wait has grown to a day, and one encode a day if the room runs out
        // again and again.
        let most = 3 + 8 + days + clock_steps;
        let encodes = daemon.encodes;
        prop_assert!(encodes <= most, "{encodes} encodes in {days} days with {clock_steps} clock steps");
        let failures = daemon.entry.spent().failures;
        prop_assert!(failures <= 3, "{failures} failures");
    }
}
