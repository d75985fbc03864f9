//! Tests, before hours are spent on a film, whether replacing it will work: the real replacement is carried out on
//! small files in the film's own folder, with the film's metadata, in the film's place and under a new name.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use av1plan::SkipReason;
use av1plan::config::ForeignOwner;

use super::promote::{PromoteError, Promotion};
use crate::sys::disk::{self, Identity, NotSet};
use crate::sys::names;

/// What a file system can do for the films in a folder, as this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FsAbilities {
    /// Whether a file can have a second name.
    pub hard_links: bool,
    /// Whether the system can rename without overwriting (`RENAME_NOREPLACE`). Otherwise a second name takes its place.
    pub rename_noreplace: bool,
    /// Whether a file keeps its inode number under a second name. Otherwise files are told by size, time and content.
    pub keeps_inodes: bool,
    /// The properties of films that their results can't be given.
    pub not_set: Vec<NotSet>,
}

impl std::fmt::Display for FsAbilities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { hard_links, rename_noreplace, keeps_inodes, not_set } = self;
        f.write_str(if *hard_links { "hard links" } else { "no hard links" })?;
        f.write_str(match rename_noreplace {
            true => ", RENAME_NOREPLACE",
            false => ", no RENAME_NOREPLACE but links instead",
        })?;
        if !keeps_inodes {
            f.write_str(", no lasting inode numbers but sizes, times and contents instead")?;
        }
        not_set.iter().try_for_each(|property| write!(f, ", results don't get {property} of their films"))
    }
}

/// What a rehearsal came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rehearsed {
    /// Films can be replaced there.
    Able(FsAbilities),
    /// The film has to be left alone.
    Refused {
        /// Why, as a code.
        reason: SkipReason,
        /// What failed, on which path, and why.
        detail: String,
    },
}

/// What the stand-ins for a film and for its result hold.
const FILM: &[u8] = b"a film of av1d's rehearsal";
const RESULT: &[u8] = b"its result";

/// Rehearses the replacement of a film, with files whose names have this stamp. Those that can't be removed
/// now stay, for a later [`clear`].
///
/// # Errors
///
/// If something goes wrong that may pass, such as a disk that is full.
pub fn rehearse(film: &Path, stamp: &str, foreign_owner: ForeignOwner) -> io::Result<Rehearsed> {
    let stage = Stage::beside(film, stamp)?;
    match stage.play(film, foreign_owner) {
        Ok(abilities) => Ok(Rehearsed::Able(abilities)),
        Err(Stop::Refused(reason, detail)) => Ok(Rehearsed::Refused { reason, detail }),
        Err(Stop::Trouble(error)) => Err(error),
    }
}

/// Removes what a killed rehearsal with this stamp has left in a folder.
///
/// # Errors
///
/// If a file can't be removed.
pub fn clear(folder: &Path, stamp: &str) -> io::Result<()> {
    PARTS.iter().try_for_each(|part| disk::unlink(&names::rehearsed(folder, part, stamp)))
}

/// Whether nothing is left of a rehearsal in this folder.
pub(super) fn is_cleared(folder: &Path, stamp: &str) -> bool {
    let is_gone = |part: &str| {
        let left = std::fs::symlink_metadata(names::rehearsed(folder, part, stamp));
        left.is_err_and(|error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory))
    };
    PARTS.into_iter().all(is_gone)
}

/// The files of a rehearsal, by their names.
const PARTS: [&str; 4] = ["film", "result", "backup", "renamed"];

/// Why a rehearsal ends early.
enum Stop {
    /// A film can't be replaced there, which won't change by itself.
    Refused(SkipReason, String),
    /// Something went wrong that may pass.
    Trouble(io::Error),
}

/// The files of a rehearsal. Dropping it removes those that it made.
struct Stage {
    film: PathBuf,
    result: PathBuf,
    backup: PathBuf,
    renamed: PathBuf,
}

impl Stage {
    /// Chooses names that nobody has.
    fn beside(film: &Path, stamp: &str) -> io::Result<Self> {
        let name = |what: &str| {
            let path = names::rehearsed(disk::folder_of(film), what, stamp);
            match std::fs::symlink_metadata(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(path),
                Ok(_) => Err(io::Error::from(ErrorKind::AlreadyExists)),
                Err(error) => Err(error),
            }
        };
        let [film, result, backup, renamed] = PARTS.map(name);
        Ok(Self { film: film?, result: result?, backup: backup?, renamed: renamed? })
    }

    fn play(&self, film: &Path, foreign_owner: ForeignOwner) -> Result<FsAbilities, Stop> {
        let not_set = self.set_up(film, foreign_owner)?;
        let (hard_links, rename_noreplace) = (self.has_links()?, self.has_noreplace()?);
        // Without hard links (FAT, exFAT), inode numbers may change at any time.
        let keeps_inodes = hard_links && self.keeps_inodes()?;
        for target in [&self.film, &self.renamed] {
            self.set_up(film, foreign_owner)?;
            self.replace(target, keeps_inodes, foreign_owner)?;
        }
        Ok(FsAbilities { hard_links, rename_noreplace, keeps_inodes, not_set })
    }

    /// Makes the stand-ins anew, with the film's metadata.
    fn set_up(&self, film: &Path, foreign_owner: ForeignOwner) -> Result<Vec<NotSet>, Stop> {
        self.clear().map_err(Stop::Trouble)?;
        for (path, content) in [(&self.film, FILM), (&self.result, RESULT)] {
            let made = disk::create_new(path).and_then(|mut file| {
                file.write_all(content)?;
                file.sync_all()
            });
            made.map_err(|error| stop(&error, SkipReason::FolderReadOnly, "create a file in", path))?;
        }
        let given = disk::copy_metadata(film, &self.film, foreign_owner);
        given.map_err(|error| stop(&error, SkipReason::ForeignOwner, "give the film's owner to", &self.film))
    }

    fn has_links(&self) -> Result<bool, Stop> {
        self.can(disk::link(&self.film, &self.backup))
    }

    fn has_noreplace(&self) -> Result<bool, Stop> {
        self.can(disk::rename_noreplace(&self.result, &self.backup))
    }

    /// Whether a call that makes the backup's name worked. That name is removed.
    fn can(&self, done: io::Result<()>) -> Result<bool, Stop> {
        disk::unlink(&self.backup).map_err(Stop::Trouble)?;
        match done {
            Ok(()) => Ok(true),
            // rclone answers a link with an error of the disk.
            Err(error) if would_come_again(&error) || is_of_the_disk(&error) => Ok(false),
            Err(error) => Err(Stop::Trouble(error)),
        }
    }

    /// Whether a file shows the same inode number under its second name.
    fn keeps_inodes(&self) -> Result<bool, Stop> {
        disk::link(&self.film, &self.backup).map_err(Stop::Trouble)?;
        let inode = |path: &Path| Identity::of(path).map(|found| found.inode);
        let kept = inode(&self.film).map_err(Stop::Trouble)? == inode(&self.backup).unwrap_or_default();
        disk::unlink(&self.backup).map_err(Stop::Trouble)?;
        Ok(kept)
    }

    fn replace(&self, target: &Path, keeps_inodes: bool, foreign_owner: ForeignOwner) -> Result<(), Stop> {
        let identity = Identity::of(&self.film).map_err(Stop::Trouble)?;
        let identity = if keeps_inodes { identity } else { identity.without_inode() };
        let promotion = Promotion {
            film: &self.film,
            identity: &identity,
            temporary: &self.result,
            target,
            backup: &self.backup,
            keep_original: false,
            foreign_owner,
            answered: &|| (),
        };
        let refused = |detail: String| Stop::Refused(SkipReason::NoSafeRename, detail);
        match promotion.carry_out(&mut |_, _| Ok(())) {
            Ok(_) => {}
            Err(error) => {
                let detail = error.to_string();
                return Err(match error {
                    PromoteError::Disk { source, .. } if !would_come_again(&source) => {
                        Stop::Trouble(io::Error::new(source.kind(), detail))
                    }
                    _ => refused(detail),
                });
            }
        }
        let is_left = |path: &&PathBuf| path.as_path() != target && std::fs::symlink_metadata(path).is_ok();
        match self.paths().iter().find(|path| is_left(path)) {
            None => Ok(()),
            Some(left) => {
                Err(refused(format!("{} stays after it was removed", crate::sys::sanitize::display(left))))
            }
        }
    }

    fn paths(&self) -> [&PathBuf; 4] {
        [&self.film, &self.result, &self.backup, &self.renamed]
    }

    fn clear(&self) -> io::Result<()> {
        self.paths().into_iter().try_for_each(|path| disk::unlink(path))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What can't be removed now is left to a later `clear`, or to a walk.
        for path in self.paths() {
            drop(disk::unlink(path));
        }
    }
}

fn stop(error: &io::Error, reason: SkipReason, doing: &str, path: &Path) -> Stop {
    let detail = format!("failed to {doing} {}: {error}", crate::sys::sanitize::display(path));
    if would_come_again(error) {
        Stop::Refused(reason, detail)
    } else {
        Stop::Trouble(io::Error::new(error.kind(), detail))
    }
}

fn is_of_the_disk(error: &io::Error) -> bool {
    rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::IO)
}

/// Whether the error means that this user, or any user, isn't allowed or able to do this: another try won't help until
/// somebody changes that.
fn would_come_again(error: &io::Error) -> bool {
    let is_refusal = matches!(
        error.kind(),
        ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::Unsupported
            | ErrorKind::InvalidInput
            | ErrorKind::AlreadyExists
            | ErrorKind::CrossesDevices
    );
    // An error without a number is this program's own: a call did something else than it said.
    is_refusal || error.raw_os_error().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn able() -> FsAbilities {
        FsAbilities { hard_links: true, rename_noreplace: true, keeps_inodes: true, not_set: Vec::new() }
    }

    fn folder_with_film() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("film.mkv");
        std::fs::write(&film, "x").unwrap();
        (folder, film)
    }

    #[test]
    fn a_folder_in_which_all_can_be_had_is_left_as_it_was() {
        let (folder, film) = folder_with_film();
        let rehearsed = rehearse(&film, "now", ForeignOwner::Skip).unwrap();
        assert_eq!(rehearsed, Rehearsed::Able(able()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(std::fs::read(film).unwrap(), b"x");
    }

    #[test]
    fn what_a_killed_rehearsal_left_is_removed_and_nothing_else() {
        let (folder, film) = folder_with_film();
        let stage = Stage::beside(&film, "then").unwrap();
        stage.set_up(&film, ForeignOwner::Skip).map_err(|_| "it can't be set up").unwrap();
        std::mem::forget(stage);
        clear(folder.path(), "another").unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
        clear(folder.path(), "then").unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(rehearse(&film, "then", ForeignOwner::Skip).is_ok(), "the names are free again");
    }

    #[test]
    fn a_missing_folder_is_trouble_and_no_refusal() {
        let folder = tempfile::tempdir().unwrap();
        assert!(rehearse(&folder.path().join("gone").join("film.mkv"), "now", ForeignOwner::Skip).is_err());
    }

    #[test]
    fn only_what_would_come_again_is_a_refusal() {
        for (error, again) in [
            (io::Error::from_raw_os_error(1), true),    // EPERM
            (io::Error::from_raw_os_error(22), true),   // EINVAL
            (io::Error::from_raw_os_error(18), true),   // EXDEV
            (io::Error::from_raw_os_error(30), true),   // EROFS
            (io::Error::from_raw_os_error(28), false),  // ENOSPC
            (io::Error::from_raw_os_error(122), false), // EDQUOT
            (io::Error::from_raw_os_error(5), false),   // EIO
            (io::Error::from_raw_os_error(2), false),   // ENOENT
            (disk::not_done(), true),
        ] {
            assert_eq!(would_come_again(&error), again, "{error}");
        }
    }
}
