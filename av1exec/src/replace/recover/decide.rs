//! Decides how an unfinished job is recovered, by what is found under the paths that it may have touched.

use strum::IntoStaticStr;

/// What is found under one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// No file.
    Nothing,
    /// The film as it was when the job started.
    Original,
    /// The film's inode, but somebody has written to it since.
    Changed,
    /// The result that the job committed to, with all its bytes.
    Result,
    /// The result's inode with other content, or an empty file.
    Broken,
    /// Unknown, because the folder is gone (an unmounted share) or the disk doesn't answer.
    Unknown,
    /// Anything else. Before the commitment this includes a result that ffmpeg was still writing.
    Other,
}

/// What is found under all paths of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scene {
    /// Whether the result was accepted and the job committed to it.
    pub committed: bool,
    /// Under the film's path.
    pub film: Found,
    /// Under the path that the original has during the replacement.
    pub backup: Found,
    /// Under the path of the temporary result.
    pub temporary: Found,
    /// Under the result's new path; `None` if the result takes the film's path.
    pub target: Option<Found>,
}

/// An action of a recovery. Actions are carried out in the order in which they are returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Action {
    /// Continue the replacement from where it was interrupted.
    Resume,
    /// Rename the original back to the film's path, which is free.
    RestoreOriginal,
    /// Rename the original back over the result, because the original was edited after it was encoded.
    RestoreOverResult,
    /// Rename a broken result to `NAME.broken`.
    SetBrokenAside,
    /// Delete the temporary result.
    DeleteTemporary,
    /// Delete the second name of the original.
    DeleteBackup,
    /// Delete the result under its new path; the film keeps its own.
    DeleteTarget,
    /// Record that the job is done.
    CloseAsDone,
    /// Record that the job was interrupted, so that the film is tried again.
    CloseAsInterrupted,
    /// Record that the film was gone before anything was done to it.
    CloseAsGone,
    /// Touch nothing; a user has to look.
    LeaveAlone,
}

/// Returns the actions that recover an unfinished job.
pub fn decide(scene: Scene) -> Vec<Action> {
    let found = [Some(scene.film), Some(scene.backup), Some(scene.temporary), scene.target];
    match scene.target {
        _ if found.contains(&Some(Found::Unknown)) => vec![Action::LeaveAlone],
        _ if !scene.committed => before_the_commitment(scene),
        None => in_place(scene),
        Some(target) => under_a_new_name(scene, target),
    }
}

/// Handles a job that was interrupted during the encode or while the result was judged.
fn before_the_commitment(scene: Scene) -> Vec<Action> {
    match (scene.film, scene.temporary) {
        // Somebody has renamed, moved or deleted the film. Until the commitment nothing was done to it.
        (Found::Nothing, Found::Nothing) => vec![Action::CloseAsGone],
        (Found::Nothing, _) => vec![Action::DeleteTemporary, Action::CloseAsGone],
        (Found::Broken, Found::Nothing) => vec![Action::CloseAsInterrupted],
        // The film was emptied, so the temporary file may be all that is left of it.
        (Found::Broken, _) => vec![Action::LeaveAlone],
        (_, Found::Nothing) => vec![Action::CloseAsInterrupted],
        (_, _) => vec![Action::DeleteTemporary, Action::CloseAsInterrupted],
    }
}

/// Handles a committed job whose result takes the film's path.
fn in_place(scene: Scene) -> Vec<Action> {
    let whole = scene.temporary == Found::Result;
    match (scene.film, scene.backup) {
        (Found::Original, Found::Original | Found::Nothing) | (Found::Nothing, Found::Original) if whole => {
            vec![Action::Resume]
        }
        // Both are hard links to one file.
        (Found::Original, Found::Original) | (Found::Changed, Found::Changed) => {
            vec![Action::DeleteBackup, Action::DeleteTemporary, Action::CloseAsInterrupted]
        }
        (Found::Nothing, Found::Original | Found::Changed) => {
            vec![Action::RestoreOriginal, Action::DeleteTemporary, Action::CloseAsInterrupted]
        }
        (Found::Result, Found::Original) => vec![Action::Resume],
        (Found::Result, Found::Changed) => {
            vec![Action::RestoreOverResult, Action::DeleteTemporary, Action::CloseAsInterrupted]
        }
        (Found::Result, _) => vec![Action::DeleteTemporary, Action::CloseAsDone],
        (Found::Broken, Found::Original | Found::Changed) => vec![
            Action::SetBrokenAside,
            Action::RestoreOriginal,
            Action::DeleteTemporary,
            Action::CloseAsInterrupted,
        ],
        // The film's path holds the original without an intact result beside it, an edited original, or another film.
        // In each case the result isn't needed.
        (Found::Original | Found::Changed | Found::Other, _) => {
            vec![Action::DeleteTemporary, Action::CloseAsInterrupted]
        }
        (Found::Nothing | Found::Broken | Found::Unknown, _) => vec![Action::LeaveAlone],
    }
}

/// Handles a committed job whose result takes a new path.
fn under_a_new_name(scene: Scene, target: Found) -> Vec<Action> {
    let whole = scene.temporary == Found::Result;
    match (scene.film, target) {
        // The original was edited after it was encoded, so the result is outdated and deleted.
        (Found::Nothing, Found::Result) if scene.backup == Found::Changed => vec![
            Action::RestoreOriginal,
            Action::DeleteTarget,
            Action::DeleteTemporary,
            Action::CloseAsInterrupted,
        ],
        (Found::Changed, Found::Result) => {
            vec![Action::DeleteTarget, Action::DeleteTemporary, Action::CloseAsInterrupted]
        }
        (Found::Original | Found::Nothing, Found::Result) => vec![Action::Resume],
        (Found::Original, Found::Nothing) if whole => vec![Action::Resume],
        (Found::Nothing, Found::Nothing) if matches!(scene.backup, Found::Original | Found::Changed) => {
            vec![Action::RestoreOriginal, Action::DeleteTemporary, Action::CloseAsInterrupted]
        }
        (Found::Original | Found::Changed | Found::Other, _) => {
            vec![Action::DeleteTemporary, Action::CloseAsInterrupted]
        }
        (Found::Result | Found::Broken | Found::Nothing | Found::Unknown, _) => vec![Action::LeaveAlone],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Action::{
        CloseAsDone, CloseAsGone, CloseAsInterrupted, DeleteBackup, DeleteTarget, DeleteTemporary,
        LeaveAlone, RestoreOriginal, RestoreOverResult, Resume, SetBrokenAside,
    };
    use Found::{Broken, Changed, Nothing, Original, Other, Result};

    fn decided(
        committed: bool,
        film: Found,
        backup: Found,
        temporary: Found,
        target: Option<Found>,
    ) -> Vec<Action> {
        decide(Scene { committed, film, backup, temporary, target })
    }

    /// The rows of the recovery table in SAFETY.
    #[test]
    fn the_table_of_recovery() {
        let cut_short = vec![DeleteTemporary, CloseAsInterrupted];
        #[rustfmt::skip]
        let table = [
            ("running, a part of a result", false, Original, Nothing, Other, cut_short.clone()),
            ("running, nothing written", false, Original, Nothing, Nothing, vec![CloseAsInterrupted]),
            ("running, the film is gone", false, Nothing, Nothing, Other, vec![DeleteTemporary, CloseAsGone]),
            ("running, the film is gone with its folder", false, Nothing, Nothing, Nothing, vec![CloseAsGone]),
            ("running, the film was emptied", false, Broken, Nothing, Other, vec![LeaveAlone]),
            ("running, somebody's new film", false, Other, Nothing, Other, cut_short.clone()),
            ("committed, nothing renamed yet", true, Original, Nothing, Result, vec![Resume]),
            ("committed, the result is bad", true, Original, Nothing, Broken, cut_short.clone()),
            ("linked", true, Original, Original, Result, vec![Resume]),
            ("linked, the result is bad", true, Original, Original, Broken, vec![DeleteBackup, DeleteTemporary, CloseAsInterrupted]),
            ("set aside", true, Nothing, Original, Result, vec![Resume]),
            ("set aside, the result is bad", true, Nothing, Original, Broken, vec![RestoreOriginal, DeleteTemporary, CloseAsInterrupted]),
            ("in place, the original still there", true, Result, Original, Nothing, vec![Resume]),
            ("in place, the original gone", true, Result, Nothing, Nothing, vec![DeleteTemporary, CloseAsDone]),
            ("in place but broken", true, Broken, Original, Nothing, vec![SetBrokenAside, RestoreOriginal, DeleteTemporary, CloseAsInterrupted]),
            ("somebody's new film", true, Other, Original, Result, cut_short.clone()),
            ("edited before anything was renamed", true, Changed, Nothing, Result, cut_short.clone()),
            ("edited while it had two names", true, Changed, Changed, Result, vec![DeleteBackup, DeleteTemporary, CloseAsInterrupted]),
            ("edited after the result had its place", true, Result, Changed, Nothing, vec![RestoreOverResult, DeleteTemporary, CloseAsInterrupted]),
            ("edited while it was set aside", true, Nothing, Changed, Result, vec![RestoreOriginal, DeleteTemporary, CloseAsInterrupted]),
            ("neither the film nor the original", true, Nothing, Nothing, Result, vec![LeaveAlone]),
        ];
        for (what, committed, film, backup, temporary, actions) in table {
            assert_eq!(decided(committed, film, backup, temporary, None), actions, "{what}");
        }
    }

    #[test]
    fn the_table_of_recovery_under_a_new_name() {
        let cut_short = vec![DeleteTemporary, CloseAsInterrupted];
        #[rustfmt::skip]
        let table = [
            // film, backup, temporary, target
            ("nothing renamed yet", Original, Nothing, Result, Nothing, vec![Resume]),
            ("linked to the new name", Original, Nothing, Result, Result, vec![Resume]),
            ("the original set aside", Nothing, Original, Result, Result, vec![Resume]),
            ("only the original left to remove", Nothing, Original, Nothing, Result, vec![Resume]),
            ("the result is bad", Original, Nothing, Broken, Nothing, cut_short.clone()),
            ("somebody's file has the new name", Original, Nothing, Result, Other, cut_short),
            ("edited beside its result", Changed, Nothing, Result, Result, vec![DeleteTarget, DeleteTemporary, CloseAsInterrupted]),
            ("edited while it was set aside", Nothing, Changed, Nothing, Result, vec![RestoreOriginal, DeleteTarget, DeleteTemporary, CloseAsInterrupted]),
            ("set aside, the result gone", Nothing, Original, Nothing, Nothing, vec![RestoreOriginal, DeleteTemporary, CloseAsInterrupted]),
        ];
        for (what, film, backup, temporary, target, actions) in table {
            assert_eq!(decided(true, film, backup, temporary, Some(target)), actions, "{what}");
        }
    }

    const ALL: [Found; 7] = [Nothing, Original, Changed, Result, Broken, Found::Unknown, Other];

    #[test]
    fn nothing_is_done_while_the_disk_does_not_answer() {
        assert_eq!(decided(false, Found::Unknown, Nothing, Other, None), [LeaveAlone]);
        assert_eq!(decided(true, Original, Found::Unknown, Result, None), [LeaveAlone]);
        assert_eq!(decided(true, Original, Nothing, Result, Some(Found::Unknown)), [LeaveAlone]);
    }

    /// Checks every possible scene: no copy is deleted while it may be the only one.
    #[test]
    fn no_scene_loses_the_last_copy() {
        let mut scenes = Vec::new();
        for committed in [false, true] {
            for film in ALL {
                for backup in ALL {
                    for temporary in ALL {
                        scenes.push((committed, film, backup, temporary, None));
                        scenes.extend(ALL.map(|target| (committed, film, backup, temporary, Some(target))));
                    }
                }
            }
        }
        for (committed, film, backup, temporary, target) in scenes {
            let actions = decided(committed, film, backup, temporary, target);
            let scene = (committed, film, backup, temporary, target);
            assert!(!actions.is_empty(), "{scene:?}");
            if actions.contains(&DeleteBackup) {
                assert!(matches!(film, Original | Changed) && backup == film, "{scene:?}");
            }
            let film_is_whole =
                matches!(film, Original | Changed | Result | Other) || actions.contains(&RestoreOriginal);
            // Before the commitment, nothing was done to the film.
            let is_untouched = !committed && film == Nothing;
            if actions.contains(&DeleteTemporary) || actions.contains(&DeleteTarget) {
                assert!(film_is_whole || is_untouched, "{scene:?}");
            }
            if actions.contains(&DeleteTarget) {
                assert_eq!(target, Some(Result), "{scene:?}");
            }
            if actions.contains(&RestoreOverResult) {
                assert_eq!((film, backup), (Result, Changed), "{scene:?}");
            }
            if actions.contains(&RestoreOriginal) {
                assert!(matches!(backup, Original | Changed), "{scene:?}");
                assert!(film == Nothing || actions.contains(&SetBrokenAside), "{scene:?}");
            }
        }
    }
}
