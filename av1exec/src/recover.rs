//! Tidying up after a death: what an unfinished job left behind is finished or taken back, before anything else is done.
//!
//! [`decide`] is a pure function of what is found under the names that a job may have touched. It never deletes the
//! result unless the film is whole, never deletes the original unless the film is the journaled result, never overwrites,
//! and leaves alone what it doesn't understand. A second run finds nothing to do.

use std::path::{Path, PathBuf};

use strum::IntoStaticStr;

use crate::disk::{self, Identity};
use crate::event::{Event, Events};
use crate::jobs::{Entry, Job, JobStore, path_of};
use crate::names;
use crate::outcome::Outcome;
use crate::promote::{Commit, Promotion, Step, is_original, is_result};

/// What is found under one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// The film as it was when the job started.
    Original,
    /// The result that the job committed to, whole.
    Result,
    /// What was to be the result but isn't whole, or an empty file.
    Broken,
    /// Anything else: before the commitment also a result that ffmpeg was still writing.
    Other,
}

/// What is found under all names of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scene {
    /// Whether the result was found good and the job committed to it.
    pub committed: bool,
    /// Under the film's name.
    pub film: Found,
    /// Under the original's name meanwhile.
    pub backup: Found,
    /// Under the temporary name.
    pub temporary: Found,
    /// Under the new name; nothing where the film keeps its own.
    pub target: Option<Found>,
}

/// One thing to do, in the order given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Action {
    /// Go on with the replacement from where it was cut off.
    Resume,
    /// Give the film's name back to the original.
    RestoreOriginal,
    /// Rename a broken result to `NAME.broken`.
    SetBrokenAside,
    /// Delete the temporary result.
    DeleteTemporary,
    /// Take the original's second name away.
    DeleteBackup,
    /// Note that the job is done.
    CloseAsDone,
    /// Note that the job was interrupted, so that the film is looked at again.
    CloseAsInterrupted,
    /// Touch nothing; a person has to look.
    LeaveAlone,
}

/// What is to be done about an unfinished job.
pub fn decide(scene: Scene) -> Vec<Action> {
    match scene.target {
        _ if !scene.committed => before_the_commitment(scene),
        None => in_place(scene),
        Some(target) => under_a_new_name(scene, target),
    }
}

/// ffmpeg was at work, or the result was being judged.
fn before_the_commitment(scene: Scene) -> Vec<Action> {
    match (scene.film, scene.temporary) {
        (Found::Nothing | Found::Broken, Found::Nothing) => vec![Action::CloseAsInterrupted],
        // The temporary file may be the only copy of the film.
        (Found::Nothing | Found::Broken, _) => vec![Action::LeaveAlone],
        (_, Found::Nothing) => vec![Action::CloseAsInterrupted],
        (_, _) => vec![Action::DeleteTemporary, Action::CloseAsInterrupted],
    }
}

fn in_place(scene: Scene) -> Vec<Action> {
    let whole = scene.temporary == Found::Result;
    match (scene.film, scene.backup) {
        (Found::Original, Found::Original | Found::Nothing) | (Found::Nothing, Found::Original) if whole => {
            vec![Action::Resume]
        }
        (Found::Original, Found::Original) => {
            vec![Action::DeleteBackup, Action::DeleteTemporary, Action::CloseAsInterrupted]
        }
        (Found::Nothing, Found::Original) => {
            vec![Action::RestoreOriginal, Action::DeleteTemporary, Action::CloseAsInterrupted]
        }
        (Found::Result, Found::Original) => vec![Action::Resume],
        (Found::Result, _) => vec![Action::DeleteTemporary, Action::CloseAsDone],
        (Found::Broken, Found::Original) => vec![
            Action::SetBrokenAside,
            Action::RestoreOriginal,
            Action::DeleteTemporary,
            Action::CloseAsInterrupted,
        ],
        // Neither the original nor ours: somebody's new film, beside which our result is nothing any more.
        (Found::Original | Found::Other, _) => vec![Action::DeleteTemporary, Action::CloseAsInterrupted],
        (Found::Nothing | Found::Broken, _) => vec![Action::LeaveAlone],
    }
}

fn under_a_new_name(scene: Scene, target: Found) -> Vec<Action> {
    let whole = scene.temporary == Found::Result;
    match (scene.film, target) {
        (Found::Original | Found::Nothing, Found::Result) => vec![Action::Resume],
        (Found::Original, Found::Nothing) if whole => vec![Action::Resume],
        (Found::Nothing, Found::Nothing) if scene.backup == Found::Original => {
            vec![Action::RestoreOriginal, Action::DeleteTemporary, Action::CloseAsInterrupted]
        }
        (Found::Original | Found::Other, _) => vec![Action::DeleteTemporary, Action::CloseAsInterrupted],
        (Found::Result | Found::Broken | Found::Nothing, _) => vec![Action::LeaveAlone],
    }
}

/// What was found of an unfinished job, and what was done or would be done about it.
#[derive(Debug, Clone)]
pub struct Recovered {
    /// The job.
    pub job: String,
    /// The film.
    pub film: PathBuf,
    /// What was found.
    pub scene: Scene,
    /// What it takes.
    pub actions: Vec<Action>,
}

/// Looks at every unfinished job and does what [`decide`] says, or with `dry_run` only tells.
pub fn recover(
    jobs: &JobStore,
    keep_original: bool,
    dry_run: bool,
    events: &Events,
) -> std::io::Result<Vec<Recovered>> {
    let loaded = jobs.load()?;
    let mut recovered = Vec::new();
    for mut job in loaded.jobs.into_iter().filter(|job| job.outcome.is_none()) {
        let places = Places::of(&job);
        let scene = places.look(&job);
        let actions = decide(scene);
        if !dry_run {
            for action in &actions {
                if let Err(message) = places.act(*action, &mut job, jobs, keep_original) {
                    events.send(Event::Warning { path: places.film.clone(), message });
                    break;
                }
            }
        }
        recovered.push(Recovered { job: job.id, film: places.film, scene, actions });
    }
    Ok(recovered)
}

/// The names that a job may have touched.
struct Places {
    film: PathBuf,
    backup: PathBuf,
    temporary: PathBuf,
    target: Option<PathBuf>,
}

impl Places {
    fn of(job: &Job) -> Self {
        let film = job.film();
        Self {
            backup: names::backup(&film),
            temporary: path_of(&job.temporary),
            target: names::renamed(&film),
            film,
        }
    }

    fn look(&self, job: &Job) -> Scene {
        let found = |path: &Path| found(path, &job.source, job.commit.as_ref());
        Scene {
            committed: job.commit.is_some(),
            film: found(&self.film),
            backup: found(&self.backup),
            temporary: found(&self.temporary),
            target: self.target.as_deref().map(found),
        }
    }

    fn act(&self, action: Action, job: &mut Job, jobs: &JobStore, keep_original: bool) -> Result<(), String> {
        let (id, doing) = (job.id.clone(), <&str>::from(action));
        let told = |error: std::io::Error| format!("tidying up after job {id} stopped at {doing}: {error}");
        match action {
            Action::DeleteTemporary => disk::unlink(&self.temporary).map_err(told),
            Action::DeleteBackup => disk::unlink(&self.backup).map_err(told),
            Action::RestoreOriginal => disk::rename_without_overwriting(&self.backup, &self.film)
                .and_then(|()| disk::sync_folder_of(&self.film))
                .map_err(told),
            Action::SetBrokenAside => {
                let mut broken = self.film.clone().into_os_string();
                broken.push(".broken");
                disk::rename_without_overwriting(&self.film, Path::new(&broken)).map_err(told)
            }
            Action::LeaveAlone => Err(format!(
                "job {} was cut off, and what it left can't be told apart; nothing is touched: look at {} and {}",
                job.id,
                crate::sanitize::display(&self.backup),
                crate::sanitize::display(&self.temporary)
            )),
            Action::CloseAsInterrupted => self.close(job, jobs, &Outcome::Interrupted).map_err(told),
            Action::CloseAsDone => {
                let outcome = self.replaced(job);
                self.close(job, jobs, &outcome).map_err(told)
            }
            Action::Resume => self.resume(job, jobs, keep_original),
        }
    }

    fn resume(&self, job: &mut Job, jobs: &JobStore, keep_original: bool) -> Result<(), String> {
        let Some(commit) = job.commit.clone() else { return Ok(()) };
        let identity = job.source;
        let promotion = Promotion {
            film: &self.film,
            identity: &identity,
            temporary: &self.temporary,
            target: self.target.as_ref().unwrap_or(&self.film),
            backup: &self.backup,
            keep_original,
        };
        let resumed = promotion.resume(&commit, &mut |step: Step, _| {
            job.journal.push(Entry { step, at: jiff::Timestamp::now() });
            jobs.save(job)
        });
        resumed.map_err(|error| error.to_string())?;
        let outcome = self.replaced(job);
        self.close(job, jobs, &outcome).map_err(|error| error.to_string())
    }

    fn replaced(&self, job: &Job) -> Outcome {
        Outcome::Replaced {
            path: self.target.clone().unwrap_or_else(|| self.film.clone()),
            before: job.source.size,
            after: job.commit.as_ref().map_or(0, |commit| commit.size),
        }
    }

    fn close(&self, job: &mut Job, jobs: &JobStore, outcome: &Outcome) -> std::io::Result<()> {
        disk::sync_folder_of(&self.film)?;
        job.end(outcome);
        jobs.save(job)
    }
}

fn found(path: &Path, original: &Identity, commit: Option<&Commit>) -> Found {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return Found::Nothing };
    if is_original(path, original) {
        return Found::Original;
    }
    let whole = |commit: &Commit| disk::hash(path).is_ok_and(|hash| hash.to_hex().as_str() == commit.hash);
    match commit {
        Some(commit) if is_result(path, commit) && whole(commit) => Found::Result,
        Some(commit) if Identity::of(path).is_ok_and(|found| found.inode == commit.inode) => Found::Broken,
        _ if metadata.is_file() && metadata.len() == 0 => Found::Broken,
        _ => Found::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Action::{
        CloseAsDone, CloseAsInterrupted, DeleteBackup, DeleteTemporary, LeaveAlone, RestoreOriginal, Resume,
        SetBrokenAside,
    };
    use Found::{Broken, Nothing, Original, Other, Result};

    fn decided(
        committed: bool,
        film: Found,
        backup: Found,
        temporary: Found,
        target: Option<Found>,
    ) -> Vec<Action> {
        decide(Scene { committed, film, backup, temporary, target })
    }

    /// The table of SAFETY, row by row.
    #[test]
    fn the_table_of_recovery() {
        let cut_short = vec![DeleteTemporary, CloseAsInterrupted];
        #[rustfmt::skip]
        let table = [
            ("running, a part of a result", false, Original, Nothing, Other, cut_short.clone()),
            ("running, nothing written", false, Original, Nothing, Nothing, vec![CloseAsInterrupted]),
            ("running, the film is gone", false, Nothing, Nothing, Other, vec![LeaveAlone]),
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
            ("set aside, the result gone", Nothing, Original, Nothing, Nothing, vec![RestoreOriginal, DeleteTemporary, CloseAsInterrupted]),
        ];
        for (what, film, backup, temporary, target, actions) in table {
            assert_eq!(decided(true, film, backup, temporary, Some(target)), actions, "{what}");
        }
    }

    const ALL: [Found; 5] = [Nothing, Original, Result, Broken, Other];

    /// Over every scene there can be: no copy is deleted while it may be the only one.
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
                assert_eq!(film, Original, "{scene:?}");
            }
            let film_is_whole =
                matches!(film, Original | Result | Other) || actions.contains(&RestoreOriginal);
            if actions.contains(&DeleteTemporary) {
                assert!(film_is_whole, "{scene:?}");
            }
            if actions.contains(&RestoreOriginal) {
                assert_eq!(backup, Original, "{scene:?}");
                assert!(film == Nothing || actions.contains(&SetBrokenAside), "{scene:?}");
            }
        }
    }
}
