//! The power goes after each step of a replacement, on real file systems, and no film is lost: `make power-cut`.
//!
//! A library, with its state folder, lies in a file system image. av1cli replaces a film in it under strace, which stops it
//! after every call that changes a name or syncs. The image is copied then: that is what the disk would hold. Each copy is
//! mounted, which replays its journal, and looked at before and after `av1cli recover`. The control is the same with
//! syncs that do nothing: it must lose films, or this test could not see a loss.

#![cfg(test)]

mod rig;

use av1d_tests::{FileSystem, Moment, leftovers, say, violations};
use rig::{Cut, Rig, Syncs, Variant};
use strum::IntoEnumIterator;

/// What came of the cuts of one replacement.
#[derive(Default)]
struct Tally {
    cuts: usize,
    /// What was wrong, by cut; none where all is well.
    wrong: Vec<String>,
    /// How many cuts lost the film or anything else.
    bad: usize,
}

impl Tally {
    fn of(rig: &Rig, cuts: Vec<Cut>) -> Self {
        let mut tally = Self::default();
        for cut in cuts {
            let found = look(rig, &cut);
            tally.cuts += 1;
            tally.bad += usize::from(!found.is_empty());
            tally.wrong.extend(found.into_iter().map(|wrong| format!("{} after {}: {wrong}", cut.moment, cut.after)));
        }
        tally
    }
}

/// What is wrong with the disk of a cut: as it is found, and once recovery has been there, twice.
fn look(rig: &Rig, cut: &Cut) -> Vec<String> {
    let mounted = cut.disk.mount(&rig.at).expect("its original could be mounted");
    let library = &rig.library;
    let mut wrong = violations(&rig.before, library);
    let recovered = library.run(["recover"]);
    if recovered.status.code() != Some(0) {
        wrong.push(format!("recovery failed: {recovered}"));
    }
    wrong.extend(violations(&rig.before, library).into_iter().map(|wrong| format!("after recovery: {wrong}")));
    wrong.extend(leftovers(&rig.before, library).into_iter().map(|wrong| format!("after recovery: {wrong}")));
    let again = library.run(["recover"]);
    if !again.stdout.is_empty() {
        wrong.push(format!("a second recovery still found work: {again}"));
    }
    drop(mounted);
    wrong
}

/// Cuts one replacement; nothing where this machine can't.
fn cut(kind: FileSystem, variant: Variant, syncs: Syncs, wanted: impl Fn(usize) -> Vec<Moment>) -> Option<Tally> {
    let mut rig = Rig::set_up(kind, variant)?;
    let cuts = rig.replace(syncs, wanted);
    Some(Tally::of(&rig, cuts))
}

/// The harshest of the moments, after every third call, so that it takes seconds.
fn some(call: usize) -> Vec<Moment> {
    if call.is_multiple_of(3) { vec![Moment::Committed] } else { Vec::new() }
}

#[test]
fn a_power_cut_in_the_middle_of_a_replacement_loses_nothing() {
    let Some(tally) = cut(FileSystem::Ext4, Variant::InPlace, Syncs::Work, some) else { return };
    assert!(tally.cuts > 5, "{}", tally.cuts);
    assert_eq!(tally.wrong, [] as [String; 0]);
}

#[test]
fn without_fsync_the_same_power_cut_loses_the_film() {
    let Some(tally) = cut(FileSystem::Ext4, Variant::InPlace, Syncs::Lie, some) else { return };
    let lost = tally.wrong.iter().filter(|wrong| wrong.contains("neither the original nor a whole result")).count();
    assert!(lost > 0, "the harness sees no loss: {:#?}", tally.wrong);
}

#[test]
#[ignore = "minutes: `make power-cut`"]
fn after_each_step_on_each_file_system() {
    let every = |_| Moment::iter().collect();
    say("file system  variant   cuts  violations  control: without fsync");
    let mut wrong = Vec::new();
    for (kind, variant) in FileSystem::iter().flat_map(|kind| Variant::iter().map(move |variant| (kind, variant))) {
        let Some(proof) = cut(kind, variant, Syncs::Work, every) else { continue };
        let Some(control) = cut(kind, variant, Syncs::Lie, every) else { continue };
        say(&format!(
            "{:<12} {:<9} {:>4}  {:>10}  lost {} of {}",
            kind.to_string(),
            variant.to_string(),
            proof.cuts,
            proof.bad,
            control.bad,
            control.cuts
        ));
        assert!(control.bad > 0, "the control must lose a film on {kind}, {variant}");
        wrong.extend(proof.wrong.iter().map(|what| format!("{kind}, {variant}, {what}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
