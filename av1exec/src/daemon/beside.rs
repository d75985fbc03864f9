//! Tasks that wait for disks, and therefore run on threads of their own: walks, checks of files, recovery of jobs,
//! changes of markers.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use av1plan::probe::Stability;
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::input::{CarriedOut, LookedAgain, MarkerChange, Tidied, Walked};
use crate::library::exclusion::{exclude_in_library, include_in_library, retract};
use crate::library::film::Film;
use crate::library::leftovers::{Fate, clock_beside, sweep};
use crate::library::scan::{Rules, Scan, scan};
use crate::pipeline::event::Events;
use crate::replace::recover::{Action, tidy};
use crate::serve::control::offline::gate;
use crate::serve::control::protocol::{Refusal, Reply};
use crate::settings::Settings;
use crate::state::jobs::{Job, JobStore};
use crate::sys::lock::{Locks, Reach};
use crate::sys::path::path_of;
use crate::sys::sanitize::display;
use crate::sys::waits::Wait;

/// Recovers an unfinished job: its share may be mounted again by now.
pub(super) fn tidy_open(
    listed: &Job,
    jobs: &JobStore,
    settings: &Settings,
    events: &Events,
    wait: &Wait,
) -> Tidied {
    let answered = || wait.answered();
    let film = listed.film();
    // The job may have ended since it was listed. Then its file must not be overwritten with the older state.
    let job = match jobs.get(&listed.id) {
        Ok(job) if job.outcome.is_some() => return Tidied { film, still_open: false },
        Ok(job) => job,
        // The job's file is gone, or can't be read now. The next listing shows which.
        Err(_) => return Tidied { film, still_open: true },
    };
    let seen = tidy(job.clone(), jobs, settings, true, &answered);
    if seen.actions == [Action::LeaveAlone] {
        return Tidied { film, still_open: true };
    }
    let tidied = tidy(job, jobs, settings, false, &answered);
    // The cause may pass: a full disk, a folder that isn't mounted.
    let still_open = tidied.failure.is_some();
    events.recovered(tidied);
    Tidied { film, still_open }
}

/// Locks a root and walks it, unless another av1d works in it. The lock is taken each time, since the root may have
/// been mounted since the last walk.
pub(super) fn walk_root(
    root: PathBuf,
    generation: u64,
    began: Instant,
    (locks, jobs, settings): (&Locks, &JobStore, &Settings),
    wait: &Wait,
) -> Walked {
    let mut walked = Walked {
        root,
        generation,
        began,
        scan: Scan::default(),
        took: Duration::ZERO,
        unlocked: None,
        swept: Vec::new(),
    };
    let reach = match locks.extend(&walked.root) {
        Ok(reach) => reach,
        Err(error) => {
            walked.unlocked = Some(error.to_string());
            return walked;
        }
    };
    let rules = Rules {
        policy: &settings.policy,
        ignored: &settings.ignored_folders,
        answered: &|| wait.answered(),
        enter: &|folder| locks.lock_inner(folder).map(drop).map_err(|error| error.to_string()),
    };
    walked.scan = scan(std::slice::from_ref(&walked.root), &rules);
    walked.took = began.elapsed();
    walked.swept = sweep_all(&walked.scan.hidden, jobs, wait);
    if let Reach::ThisMachine(why) = reach {
        let message = format!(
            "no lock file can be made in it ({why}): an av1d on another machine that has this folder doesn't see \
             that this one works here"
        );
        walked.swept.push((walked.root.clone(), message));
    }
    walked
}

/// Deletes temporary files that belong to no job. Returns each with a message.
fn sweep_all(hidden: &[PathBuf], jobs: &JobStore, wait: &Wait) -> Vec<(PathBuf, String)> {
    let mut swept = Vec::new();
    if hidden.is_empty() {
        return swept;
    }
    // The jobs are listed after the walk, so that the list includes the job of each file that the walk saw. If one
    // job file can't be read, nobody knows which temporary files it needs, and none is deleted.
    let Some(known) = jobs.unfinished().ok().filter(|known| known.unread.is_empty()) else { return swept };
    let journaled: Vec<PathBuf> = known.jobs.iter().map(|job| path_of(&job.temporary)).collect();
    for path in hidden {
        let fate = sweep(path, &journaled, Timestamp::now(), clock_beside);
        wait.answered();
        let message = match fate {
            Ok(Fate::Keep) => continue,
            // Its job has ended since the walk, and removed the file.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Ok(Fate::Delete) => "an abandoned temporary file; it was deleted".to_owned(),
            Ok(Fate::Report) => {
                "an old result whose film is gone; it is kept, and may be all that is left of it".to_owned()
            }
            Err(error) => format!("an abandoned temporary file that can't be deleted: {error}"),
        };
        swept.push((path.clone(), message));
    }
    swept
}

/// Checks how films look that have to be stable.
pub(super) fn look(films: Vec<Film>, generation: u64, settings: &Settings, wait: &Wait) -> LookedAgain {
    let look = |film: Film| {
        let now = Film::look(&film.path, &film.root, &settings.policy).ok();
        wait.answered();
        let is_stopped =
            |now: &Film| av1plan::before_probe(&now.facts(Stability::Stable), &settings.policy).is_some();
        (film.path, now.filter(|now| !is_stopped(now)))
    };
    LookedAgain { generation, films: films.into_iter().map(look).collect() }
}

/// Writes or removes the marker of a film or folder.
pub(super) fn carry_out(
    change: MarkerChange,
    path: &Path,
    settings: &Settings,
    reply: oneshot::Sender<Reply>,
) -> CarriedOut {
    let (roots, policy) = (&settings.library_roots, &settings.policy);
    let named = |(message, path)| (Some(message), path);
    let done = match change {
        MarkerChange::Skip => exclude_in_library(path, roots, policy).map(named).map_err(Refusal::from),
        MarkerChange::Unskip(foreign) => {
            include_in_library(path, foreign, roots, policy).map(named).map_err(Refusal::from)
        }
        MarkerChange::Retry => {
            let retracted = retract(path, roots).map_err(Refusal::from);
            retracted.and_then(|removed| {
                let said = format!("{} is looked at again; its marker is removed", display(path));
                let done = (removed.then_some(said), path.to_owned());
                gate(path, settings).map_or(Ok(done), Err)
            })
        }
    };
    match done {
        Ok((said, path)) => CarriedOut { change, path, said: Ok(said), reply },
        Err(refusal) => CarriedOut { change, path: path.to_owned(), said: Err(refusal), reply },
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::state::jobs::test_job;
    use crate::state::outcome::Outcome;
    use crate::sys::disk::Identity;
    use crate::sys::names;
    use crate::sys::waits::{Care, Waits};

    /// A state folder with the unfinished job `j1` of an existing film.
    fn open_job(folder: &Path) -> (JobStore, Job) {
        let film = folder.join("Film.mkv");
        fs::write(&film, "the film").unwrap();
        let plan = test_job("", "").document().unwrap();
        let identity = Identity::of(&film).unwrap();
        let job = Job::new("j1".to_owned(), &film, identity, &names::temporary(&film, "j1"), &plan);
        let jobs = JobStore::open(&folder.join("state")).unwrap();
        jobs.save(&job).unwrap();
        (jobs, job)
    }

    fn tidied(jobs: &JobStore, listed: &Job) -> Tidied {
        let wait = Waits::default().begin(&listed.film(), Care::Finish);
        tidy_open(listed, jobs, &Settings::default(), &Events::channel().0, &wait)
    }

    #[test]
    fn a_job_that_is_open_is_closed_and_its_film_free() {
        let folder = tempfile::tempdir().unwrap();
        let (jobs, job) = open_job(folder.path());
        assert!(!tidied(&jobs, &job).still_open);
        assert_eq!(jobs.get("j1").unwrap().outcome.unwrap().code, "interrupted");
    }

    #[test]
    fn a_job_that_ended_after_it_was_listed_keeps_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let (jobs, listed) = open_job(folder.path());
        let mut ended = listed.clone();
        ended.end(&Outcome::Replaced { path: listed.film(), before: 100, after: 40 });
        jobs.save(&ended).unwrap();
        assert!(!tidied(&jobs, &listed).still_open);
        assert_eq!(jobs.get("j1").unwrap().outcome.unwrap().code, "replaced");
    }

    #[test]
    fn a_job_that_couldnt_be_tidied_up_stays_open() {
        let folder = tempfile::tempdir().unwrap();
        let (jobs, job) = open_job(folder.path());
        // A directory, which `unlink` can't remove, has the name of the temporary file.
        fs::create_dir(path_of(&job.temporary)).unwrap();
        assert!(tidied(&jobs, &job).still_open);
        assert!(jobs.get("j1").unwrap().outcome.is_none());
        fs::remove_dir(path_of(&job.temporary)).unwrap();
        assert!(!tidied(&jobs, &job).still_open);
    }

    #[test]
    fn a_job_that_cant_be_read_stays_open() {
        let folder = tempfile::tempdir().unwrap();
        let (jobs, listed) = open_job(folder.path());
        fs::write(folder.path().join("state/j1.json"), "{").unwrap();
        assert!(tidied(&jobs, &listed).still_open);
    }
}
