//! Refusals of rehearsals, recorded in the state folder, so that a plan knows them without trying anything.

use std::path::Path;

use av1plan::SkipReason;
use av1plan::config::ForeignOwner;
use av1plan::probe::Protection;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::abilities::Case;
use super::rehearsal::Rehearsed;
use crate::library::film::Film;
use crate::sys::disk;
use crate::sys::orphan::boot;

/// The name of the record in a state folder. Its format is that of this program alone: where it can't be read, nothing
/// is known.
const RECORD: &str = "refusals";

/// How long a refusal counts. A mount can get other options at any time, and an encode tries again earlier.
const COUNTS_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How many refusals are recorded, the latest of all. Each stands for a file system, an owner and the rights of a
/// folder.
const MOST: usize = 256;

/// Refusals that count now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusals(Vec<Refusal>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Refusal {
    case: Case,
    protection: Protection,
    at: Timestamp,
    /// The boot in which it was found: after another one, a mount has another number.
    boot: String,
}

impl Refusals {
    /// Reads the refusals that are recorded in a state folder.
    pub fn read(state: &Path) -> Self {
        let recorded: Vec<Refusal> = disk::read(&state.join(RECORD))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let (boot, now) = (boot(), Timestamp::now());
        let counts =
            |refusal: &Refusal| refusal.boot == boot && now.duration_since(refusal.at).abs() < COUNTS_FOR;
        Self(recorded.into_iter().filter(counts).collect())
    }

    /// Gives a film that nothing else protects the protection that a rehearsal found.
    #[must_use]
    pub fn apply(&self, film: Film, foreign_owner: ForeignOwner) -> Film {
        // Most libraries have no refusals, and then no film is looked at again.
        if self.0.is_empty() || film.protection != Protection::None {
            return film;
        }
        let Ok(case) = Case::of(&film.path, foreign_owner) else { return film };
        let known = self.0.iter().find(|refusal| refusal.case == case);
        Film { protection: known.map_or(Protection::None, |refusal| refusal.protection), ..film }
    }

    /// Records in a state folder what a rehearsal has come to. If that fails, a plan doesn't know it.
    pub(super) fn record(state: &Path, case: &Case, rehearsed: &Rehearsed) {
        let mut refusals = Self::read(state);
        let known = refusals.0.len();
        refusals.0.retain(|refusal| refusal.case != *case);
        match protection_by(rehearsed) {
            Some(protection) => {
                let (case, at, boot) = (case.clone(), Timestamp::now(), boot());
                refusals.0.push(Refusal { case, protection, at, boot });
            }
            None if refusals.0.len() == known => return,
            None => {}
        }
        let surplus = refusals.0.len().saturating_sub(MOST);
        refusals.0.drain(..surplus);
        if let Ok(json) = serde_json::to_vec(&refusals.0) {
            drop(disk::write_whole(&state.join(RECORD), &json));
        }
    }
}

/// What protects a film by what a rehearsal has come to.
fn protection_by(rehearsed: &Rehearsed) -> Option<Protection> {
    let Rehearsed::Refused { reason, .. } = rehearsed else { return None };
    Some(match reason {
        SkipReason::FolderReadOnly => Protection::Folder,
        SkipReason::ForeignOwner => Protection::ForeignOwner,
        SkipReason::Immutable => Protection::Immutable,
        _ => Protection::NoSafeRename,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::replace::rehearsal::FsAbilities;

    const SKIP: ForeignOwner = ForeignOwner::Skip;

    fn refused(reason: SkipReason) -> Rehearsed {
        Rehearsed::Refused { reason, detail: "no links".into() }
    }

    fn able() -> Rehearsed {
        let not_set = Vec::new();
        Rehearsed::Able(FsAbilities { hard_links: true, rename_noreplace: true, keeps_inodes: true, not_set })
    }

    #[test]
    fn a_refusal_is_known_for_its_folder_until_it_is_taken_back() {
        let (films, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = films.path().join("film.mkv");
        fs::write(&path, "x").unwrap();
        let film = Film::look(&path, &films.path().into(), &av1plan::Config::default()).unwrap();
        let known = || Refusals::read(state.path()).apply(film.clone(), SKIP).protection;
        let case = Case::of(&path, SKIP).unwrap();
        assert_eq!(known(), Protection::None);
        Refusals::record(state.path(), &case, &able());
        assert!(!state.path().join(RECORD).exists(), "nothing to record");

        Refusals::record(state.path(), &case, &refused(SkipReason::NoSafeRename));
        assert_eq!(known(), Protection::NoSafeRename);
        let taking = Refusals::read(state.path()).apply(film.clone(), ForeignOwner::Take);
        assert_eq!(taking.protection, Protection::None, "another policy is another case");
        let before = fs::metadata(films.path()).unwrap().permissions();
        fs::set_permissions(films.path(), PermissionsExt::from_mode(0o711)).unwrap();
        assert_eq!(known(), Protection::None, "other rights are another case");
        fs::set_permissions(films.path(), before).unwrap();
        assert_eq!(known(), Protection::NoSafeRename);
        Refusals::record(state.path(), &case, &able());
        assert_eq!(known(), Protection::None);
    }

    #[test]
    fn what_is_old_or_of_another_boot_or_broken_doesnt_count() {
        let state = tempfile::tempdir().unwrap();
        let path = state.path().join("film.mkv");
        fs::write(&path, "x").unwrap();
        let case = Case::of(&path, SKIP).unwrap();
        let refusal =
            Refusal { case, protection: Protection::NoSafeRename, at: Timestamp::now(), boot: boot() };
        let count = |refusals: &[Refusal]| {
            fs::write(state.path().join(RECORD), serde_json::to_vec(refusals).unwrap()).unwrap();
            Refusals::read(state.path()).0.len()
        };
        let old = Refusal { at: refusal.at - COUNTS_FOR, ..refusal.clone() };
        let rebooted = Refusal { boot: "another".into(), ..refusal.clone() };
        assert_eq!(count(&[old, rebooted, refusal]), 1);
        fs::write(state.path().join(RECORD), "[{").unwrap();
        assert_eq!(Refusals::read(state.path()), Refusals::default());
    }
}
