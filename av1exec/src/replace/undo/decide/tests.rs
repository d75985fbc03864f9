//! Every scene leads to a complete undo or to a refusal, step by step.

use super::*;
use Held::{Edited, Nothing, Original, Other, Replacement, Rotten, Unknown};
use Move::{DeleteAside, DeleteTarget, DropBackup, Mark, PutBack, PutBackOver, Record, SetAside};

const ALL: [Held; 7] = [Nothing, Original, Replacement, Rotten, Edited, Other, Unknown];

fn scene(film: Held, backup: Held, aside: Held, target: Option<Held>) -> Scene {
    Scene {
        film,
        backup,
        one_file: false,
        aside,
        target,
        marked: false,
        noted: Noted::Open,
        naming: Naming::Links,
    }
}

#[test]
fn the_table_of_undoing() {
    let in_place = |film, backup, aside| all(scene(film, backup, aside, None));
    let renamed = |film, backup, target| all(scene(film, backup, Nothing, Some(target)));
    #[rustfmt::skip]
    let table = [
        ("kept", in_place(Replacement, Original, Nothing), Ok(vec![Mark, SetAside, PutBackOver, DeleteAside, Record])),
        ("set aside already", in_place(Replacement, Original, Replacement), Ok(vec![Mark, PutBackOver, DeleteAside, Record])),
        ("back already", in_place(Original, Nothing, Replacement), Ok(vec![Mark, DeleteAside, Record])),
        ("by hand", in_place(Original, Nothing, Nothing), Ok(vec![Mark, Record])),
        ("a copy by hand", in_place(Original, Original, Nothing), Ok(vec![Mark, Record])),
        ("the replacement is gone", in_place(Nothing, Original, Nothing), Ok(vec![Mark, PutBack, DropBackup, Record])),
        ("not kept", in_place(Replacement, Nothing, Nothing), Err(Refusal::NoOriginal)),
        ("another original", in_place(Replacement, Other, Nothing), Err(Refusal::OriginalChanged)),
        ("edited", in_place(Edited, Original, Nothing), Err(Refusal::ReplacementChanged)),
        ("rotten", in_place(Rotten, Original, Nothing), Err(Refusal::ReplacementRotten)),
        ("rotten, not kept", in_place(Rotten, Nothing, Nothing), Err(Refusal::NoOriginal)),
        ("another film", in_place(Other, Original, Nothing), Err(Refusal::ReplacementChanged)),
        ("no answer", in_place(Replacement, Unknown, Nothing), Err(Refusal::Unreadable)),
        ("renamed", renamed(Nothing, Original, Replacement), Ok(vec![Mark, PutBack, DropBackup, DeleteTarget, Record])),
        ("renamed, back already", renamed(Original, Nothing, Replacement), Ok(vec![Mark, DeleteTarget, Record])),
        ("renamed, replaced since", renamed(Original, Nothing, Other), Ok(vec![Mark, Record])),
        ("renamed, edited", renamed(Nothing, Original, Edited), Err(Refusal::ReplacementChanged)),
        ("renamed, rotten", renamed(Nothing, Original, Rotten), Err(Refusal::ReplacementRotten)),
        ("renamed, not kept", renamed(Nothing, Nothing, Replacement), Err(Refusal::NoOriginal)),
        ("renamed, the old name taken", renamed(Other, Original, Replacement), Err(Refusal::NameTaken)),
    ];
    for (what, found, expected) in table {
        assert_eq!(found, expected, "{what}");
    }
    let without_links = |scene: Scene| all(Scene { naming: Naming::Renames, ..scene });
    let expected = Ok(vec![Mark, PutBackOver, Record]);
    assert_eq!(without_links(scene(Replacement, Original, Nothing, None)), expected);
    let expected = Ok(vec![Mark, PutBack, DeleteTarget, Record]);
    assert_eq!(without_links(scene(Nothing, Original, Nothing, Some(Replacement))), expected);
    let done = Scene { noted: Noted::Undone, ..scene(Other, Nothing, Nothing, None) };
    assert_eq!(all(done), Ok(vec![]), "done is done, whatever came since");
    let newer = Scene { noted: Noted::Newer, ..scene(Replacement, Original, Nothing, None) };
    assert_eq!(all(newer), Err(Refusal::NewerJob), "before the first step");
}

#[test]
fn what_stays_is_known_before_and_after() {
    let stays = |scene| {
        let Left { backup, aside, target } = left(scene);
        [backup, aside, target]
    };
    let table = [
        ("kept", scene(Replacement, Original, Nothing, None), [false; 3]),
        ("renamed", scene(Nothing, Original, Nothing, Some(Replacement)), [false; 3]),
        ("a copy", scene(Original, Original, Nothing, None), [true, false, false]),
        ("another backup", scene(Original, Other, Nothing, None), [true, false, false]),
        ("another hidden file", scene(Original, Nothing, Other, None), [false, true, false]),
        ("an edited result", scene(Original, Nothing, Nothing, Some(Edited)), [false, false, true]),
    ];
    for (what, scene, expected) in table {
        assert_eq!(stays(scene), expected, "{what}");
    }
}

/// Checks every possible scene: the undo ends, only a replacement whose original exists is deleted, and after every
/// step the film's name or the replacement's own name holds one of the two films.
#[test]
fn no_scene_loses_a_film() {
    let mut scenes = Vec::new();
    for film in ALL {
        for backup in ALL {
            for aside in ALL {
                for target in ALL.map(Some).into_iter().chain([None]) {
                    for naming in [Naming::Links, Naming::Renames] {
                        for one_file in [false, true] {
                            let one_file = one_file && film == Original && backup == Original;
                            scenes.push(Scene { one_file, naming, ..scene(film, backup, aside, target) });
                        }
                    }
                }
            }
        }
    }
    for start in scenes {
        let mut now = start;
        for _ in 0..8 {
            let Next::Do(step) = next(now) else { break };
            let then = after(now, step);
            assert!(then.marked, "{start:?}: the marker comes first");
            let whole = |scene: Scene| {
                [scene.film, scene.target.unwrap_or(Nothing)]
                    .iter()
                    .any(|held| matches!(held, Original | Replacement))
            };
            assert!(!whole(now) || whole(then), "{start:?}: {step:?} leaves no film");
            if matches!(step, DeleteAside | DeleteTarget | DropBackup) {
                assert_eq!(now.film, Original, "{start:?}: {step:?}");
            }
            let overwritten = match step {
                PutBackOver => Some(now.film),
                DeleteAside => Some(now.aside),
                DeleteTarget => now.target,
                _ => None,
            };
            assert!(overwritten.is_none_or(|held| held == Replacement), "{start:?}: {step:?}");
            now = then;
        }
        assert!(!matches!(next(now), Next::Do(_)), "{start:?} doesn't end");
    }
}
