//! Remembers what rehearsals found, so that each file system is tried once and not for each film.

use std::collections::{HashMap, HashSet};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, io};

use av1plan::config::ForeignOwner;
use serde::{Deserialize, Serialize};

use super::refusals::Refusals;
use super::rehearsal::{Rehearsed, is_cleared, rehearse};
use crate::state::jobs::JobStore;
use crate::sys::disk::{self, NotSet};
use crate::sys::names;

/// How long a success is remembered. Options of a mount can be changed at any time.
const ABLE_FOR: Duration = Duration::from_hours(24);

/// How long a refusal is remembered: as long as a film that is left alone for it isn't tried again.
const REFUSED_FOR: Duration = Duration::from_mins(10);

/// All that the outcome of a rehearsal depends on, besides time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Case {
    mount: u64,
    device: u64,
    /// Owner, group and mode of the film's folder, and of the film.
    folder: (u32, u32, u32),
    film: (u32, u32, u32),
    takes: bool,
}

impl Case {
    pub(crate) fn of(film: &Path, foreign_owner: ForeignOwner) -> io::Result<Self> {
        let folder = disk::folder_of(film);
        let rights = |found: &fs::Metadata| (found.uid(), found.gid(), found.mode());
        let (found, film) = (fs::metadata(folder)?, fs::symlink_metadata(film)?);
        Ok(Self {
            mount: disk::mount_of(folder).unwrap_or_default(),
            device: found.dev(),
            folder: rights(&found),
            film: rights(&film),
            takes: foreign_owner == ForeignOwner::Take,
        })
    }
}

/// The rehearsals so far. All clones share them.
#[derive(Debug, Clone)]
pub struct Rehearsals {
    known: Arc<Mutex<Known>>,
    /// Where a rehearsal is recorded while it runs.
    jobs: JobStore,
}

#[derive(Debug, Default)]
struct Known {
    rehearsed: HashMap<Case, (Instant, Rehearsed)>,
    /// What results couldn't be given, and on which device, as far as that was told.
    told: HashSet<(u64, NotSet)>,
}

impl Rehearsals {
    /// No rehearsals yet. While one runs, it is recorded among these jobs.
    pub fn new(jobs: JobStore) -> Self {
        Self { known: Arc::default(), jobs }
    }

    /// Returns what a film's file system can do. The `bool` says whether it was tried now.
    ///
    /// # Errors
    ///
    /// If a rehearsal failed for a reason that may pass.
    pub fn of(&self, film: &Path, foreign_owner: ForeignOwner) -> io::Result<(Rehearsed, bool)> {
        let case = Case::of(film, foreign_owner)?;
        if let Some(known) = self.known(&case) {
            return Ok((known, false));
        }
        let (stamp, folder) = (names::stamp(), disk::folder_of(film));
        self.jobs.begin_rehearsal(&stamp, folder).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("a rehearsal can't be recorded in the state folder: {error}"),
            )
        })?;
        let rehearsed = rehearse(film, &stamp, foreign_owner);
        // What couldn't be removed stays recorded, and the next start removes it. A record that stays is in nobody's
        // way.
        if is_cleared(folder, &stamp) {
            drop(self.jobs.end_rehearsal(&stamp));
        }
        let rehearsed = rehearsed?;
        let mut known = self.lock();
        // With the lock, since all workers write one file.
        Refusals::record(self.jobs.folder(), &case, &rehearsed);
        known.rehearsed.retain(|_, (at, rehearsed)| is_fresh(*at, rehearsed));
        known.rehearsed.insert(case, (Instant::now(), rehearsed.clone()));
        Ok((rehearsed, true))
    }

    /// Returns what wasn't told before of the properties that results on a device can't be given.
    pub fn news(&self, device: u64, not_set: &[NotSet]) -> Vec<NotSet> {
        let mut known = self.lock();
        not_set.iter().filter(|property| known.told.insert((device, (*property).clone()))).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, case: &Case) -> Option<Rehearsed> {
        let known = self.lock();
        let (_, rehearsed) = known.rehearsed.get(case).filter(|(at, rehearsed)| is_fresh(*at, rehearsed))?;
        Some(rehearsed.clone())
    }
}

fn is_fresh(at: Instant, rehearsed: &Rehearsed) -> bool {
    let limit = match rehearsed {
        Rehearsed::Able(_) => ABLE_FOR,
        Rehearsed::Refused { .. } => REFUSED_FOR,
    };
    at.elapsed() < limit
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_results_lack_is_told_once_for_each_disk() {
        let state = tempfile::tempdir().unwrap();
        let rehearsals = Rehearsals::new(JobStore::open(state.path()).unwrap());
        assert_eq!(rehearsals.news(1, &[NotSet::Times]), [NotSet::Times]);
        assert_eq!(rehearsals.clone().news(1, &[NotSet::Times, NotSet::Mode]), [NotSet::Mode]);
        assert_eq!(rehearsals.news(2, &[NotSet::Times]), [NotSet::Times], "another disk");
    }

    #[test]
    fn a_folder_is_tried_again_only_if_its_rights_change() {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("film.mkv");
        fs::write(&film, "x").unwrap();
        let state = tempfile::tempdir().unwrap();
        let jobs = JobStore::open(state.path()).unwrap();
        let rehearsals = Rehearsals::new(jobs.clone());
        let tried = || rehearsals.of(&film, ForeignOwner::Skip).unwrap().1;
        assert!(tried() && !tried());
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o750)).unwrap();
        assert!(tried() && !tried());
        assert!(jobs.rehearsals().unwrap().is_empty(), "none runs");
        assert!(
            rehearsals.clone().of(&film, ForeignOwner::Take).unwrap().1,
            "another policy is another case"
        );
    }
}
