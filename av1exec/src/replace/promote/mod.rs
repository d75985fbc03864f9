//! Puts a verified result in a film's place. At every instant the film's name holds the original or the result,
//! even after a power cut. Only where a disk has no hard links, the film has no name but that of its backup between two
//! renames.
//!
//! This depends on the order of the steps. N is the film's path, T the temporary result in the same folder, B is
//! `N.orig`: T gets N's metadata and is synced; N is checked for changes once more; the commitment is journaled; B
//! becomes a second hard link to the original; T is renamed over N in one step; N is read again; only then B is
//! deleted. The folder is synced between any two of these steps, so that a power cut can't reorder them.

mod error;

use std::io;
use std::path::Path;

use av1plan::config::ForeignOwner;

use crate::replace::content::{Under, is_committed};
use crate::state::journal::{Commit, Step};
use crate::sys::disk::{self, Identity, NotSet};
pub use error::PromoteError;

/// A replacement to carry out. All paths are in one folder.
#[derive(Clone, Copy)]
pub struct Promotion<'a> {
    /// The film.
    pub film: &'a Path,
    /// The film's identity before ffmpeg started.
    pub identity: &'a Identity,
    /// The result. It has been judged; before that it was synced and dropped from the page cache.
    pub temporary: &'a Path,
    /// The path that the result gets: the film's own, or a new one, which must be free.
    pub target: &'a Path,
    /// The path of the original during the replacement, which must be free.
    pub backup: &'a Path,
    /// Whether the original is kept under that path.
    pub keep_original: bool,
    /// What becomes of the result if the film's owner can't be given to it.
    pub foreign_owner: ForeignOwner,
    /// Called each time the disk has answered. A program that ends waits for the replacement as long as this is
    /// called.
    pub answered: &'a dyn Fn(),
}

/// Journals a step before the next one is taken. If that fails, the replacement stops.
pub type Journal<'a> = dyn FnMut(Step, Option<&Commit>) -> io::Result<()> + 'a;

impl Promotion<'_> {
    /// Carries out the replacement. After an error the original has its name, unless the error says otherwise.
    /// Returns which of the film's properties the result couldn't be given.
    pub fn carry_out(&self, journal: &mut Journal<'_>) -> Result<Vec<NotSet>, PromoteError> {
        let (commit, not_set) = self.prepare()?;
        journal(Step::Commit, Some(&commit)).map_err(at(self.film, "journal the replacement of"))?;
        self.resume(&commit, journal)?;
        Ok(not_set)
    }

    /// Continues after the commitment, from wherever the replacement was interrupted: each step is taken only if
    /// the disk shows that it wasn't taken yet.
    pub fn resume(&self, commit: &Commit, journal: &mut Journal<'_>) -> Result<(), PromoteError> {
        let placed =
            if self.target == self.film { self.place_over(commit) } else { self.place_beside(commit) };
        if let Err(error) = placed {
            self.undo(commit);
            return Err(error);
        }
        self.verify(commit)?;
        if Under::look(self.backup).is_changed(self.identity) {
            // Somebody wrote to the original between the last check and the rename. Recovery gives it its name
            // back.
            return Err(PromoteError::SourceChanged { path: self.film.to_owned() });
        }
        journal(Step::Replaced, None).map_err(at(self.film, "journal the replacement of"))?;
        if !self.keep_original && self.holds_original(self.backup)? {
            // Somebody may have removed the result meanwhile: then the backup is the only copy.
            if !self.holds_result(self.target, commit)? {
                return Err(self.not_in_place());
            }
            disk::unlink(self.backup).map_err(at(self.backup, "remove"))?;
        }
        self.sync_folder()?;
        journal(Step::Done, None).map_err(at(self.film, "journal the replacement of"))
    }

    /// Copies the film's metadata to the result, hashes the result, and checks that the film hasn't changed.
    fn prepare(&self) -> Result<(Commit, Vec<NotSet>), PromoteError> {
        self.refuse_taken_backup()?;
        let temporary = self.temporary;
        let not_set = disk::copy_metadata(self.film, temporary, self.foreign_owner)
            .map_err(at(temporary, "carry the film's metadata over to"))?;
        disk::sync(temporary).map_err(at(temporary, "sync"))?;
        (self.answered)();
        disk::sync_folder_of(temporary).map_err(at(temporary, "sync the folder of"))?;
        let found = Identity::of(temporary).map_err(at(temporary, "look at"))?;
        let hash = disk::open(temporary)
            .and_then(|file| disk::hash_by_parts(file, self.answered))
            .map_err(at(temporary, "read"))?;
        let film = Identity::of(self.film).map_err(at(self.film, "look at"))?;
        if !self.identity.is_unchanged(&film) {
            return Err(PromoteError::SourceChanged { path: self.film.to_owned() });
        }
        if found.same_file(&film) {
            return Err(PromoteError::SourceChanged { path: temporary.to_owned() });
        }
        // Hashing takes a while, in which somebody may have copied the film.
        self.refuse_taken_backup()?;
        let inode = if self.identity.inode == 0 { 0 } else { found.inode };
        Ok((Commit { inode, size: found.size, hash: hash.to_hex().to_string() }, not_set))
    }

    /// Returns an error if the backup's name is taken. Before the commitment what is there is somebody else's; after it,
    /// it would be taken for the original.
    fn refuse_taken_backup(&self) -> Result<(), PromoteError> {
        match Under::look(self.backup) {
            Under::Nothing => Ok(()),
            Under::Unknown(error) => Err(at(self.backup, "look at")(error)),
            _ => Err(PromoteError::Taken { path: self.backup.to_owned() }),
        }
    }

    /// Renames the result over the film, after the original has got a second hard link.
    fn place_over(&self, commit: &Commit) -> Result<(), PromoteError> {
        if self.holds_result(self.film, commit)? {
            return self.sync_folder();
        }
        self.refuse_changed()?;
        if self.holds_original(self.film)? && !self.holds_original(self.backup)? {
            self.refuse_touched(self.identity)?;
            match disk::link(self.film, self.backup) {
                Ok(()) if self.holds_original(self.backup)? => {
                    let linked = Identity::of(self.film).map_err(at(self.film, "look at"))?;
                    self.sync_folder()?;
                    self.refuse_touched(&linked).inspect_err(|_| self.drop_second_name())?;
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    return Err(PromoteError::Taken { path: self.backup.to_owned() });
                }
                // The file system has no hard links (exFAT, some network file systems), so for a moment the original
                // has no name but B.
                Err(_) => self.set_film_aside()?,
                Ok(()) => self.refuse_other_link()?,
            }
        }
        self.refuse_changed()?;
        if self.holds_original(self.film)? {
            disk::rename_over(self.temporary, self.film).map_err(at(self.film, "rename the result over"))?;
        } else {
            disk::rename_without_overwriting(self.temporary, self.film)
                .map_err(|error| taken_or(error, self.film, "rename the result to"))?;
        }
        if !self.holds_result(self.film, commit)? {
            return Err(at(self.film, "rename the result to")(disk::not_done()));
        }
        self.sync_folder()
    }

    /// Gives the result a new name, then renames the original to the backup path.
    fn place_beside(&self, commit: &Commit) -> Result<(), PromoteError> {
        self.refuse_changed()?;
        if !self.holds_result(self.target, commit)? {
            let mut is_linked = false;
            match disk::link(self.temporary, self.target) {
                Ok(()) => is_linked = true,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    return Err(PromoteError::Taken { path: self.target.to_owned() });
                }
                Err(_) => disk::rename_without_overwriting(self.temporary, self.target)
                    .map_err(|error| taken_or(error, self.target, "rename the result to"))?,
            }
            if !self.holds_result(self.target, commit)? {
                if is_linked {
                    self.take_back(self.target)?;
                }
                return Err(at(self.target, "rename the result to")(disk::not_done()));
            }
            self.sync_folder()?;
        }
        if self.holds_original(self.film)? {
            self.refuse_touched(self.identity)?;
            self.set_film_aside()?;
        }
        disk::unlink(self.temporary).map_err(at(self.temporary, "remove"))?;
        self.sync_folder()
    }

    /// Returns an error if somebody has written to the film since it was encoded.
    fn refuse_changed(&self) -> Result<(), PromoteError> {
        if Under::look(self.film).is_changed(self.identity)
            || Under::look(self.backup).is_changed(self.identity)
        {
            return Err(PromoteError::SourceChanged { path: self.film.to_owned() });
        }
        Ok(())
    }

    /// Returns an error if any property of the film differs from `before`, including the inode's change time.
    /// Somebody who writes to the film and restores its modification time can't restore that one.
    fn refuse_touched(&self, before: &Identity) -> Result<(), PromoteError> {
        let now = Identity::of(self.film).map_err(at(self.film, "look at"))?;
        // A reboot may have changed the device number.
        // Without inode numbers, those of `before` mean nothing.
        let before = if self.identity.inode == 0 { before.without_inode() } else { *before };
        if before.is_unchanged(&now) {
            Ok(())
        } else {
            Err(PromoteError::SourceChanged { path: self.film.to_owned() })
        }
    }

    /// Handles a hard link that isn't there though it was reported, or that looks like another file than the original.
    fn refuse_other_link(&self) -> Result<(), PromoteError> {
        if matches!(Under::look(self.backup), Under::Nothing) {
            return self.set_film_aside();
        }
        // This attempt made it, whatever it looks like.
        self.take_back(self.backup)?;
        if self.holds_original(self.film)? {
            return Err(at(self.backup, "link the original to")(disk::not_done()));
        }
        // An overlay copies a file of its lower layer when it is linked, and may then show another inode.
        Err(PromoteError::SourceChanged { path: self.film.to_owned() })
    }

    /// Removes the original's second name, which this attempt has made, if it is still a name of the same file. After a
    /// change of that file, nothing else shows which file it is where inode numbers aren't kept.
    fn drop_second_name(&self) {
        let same = |film: Identity, backup: Identity| {
            let has_inode = self.identity.inode == 0 || film.same_file(&backup);
            has_inode && film.same_content_stamp(&backup) && film.links > 1 && backup.links > 1
        };
        if let (Ok(film), Ok(backup)) = (Identity::of(self.film), Identity::of(self.backup))
            && same(film, backup)
        {
            drop(self.take_back(self.backup));
        }
    }

    /// Removes a name that this attempt has just made for the film or the result, which has another name.
    fn take_back(&self, name: &Path) -> Result<(), PromoteError> {
        let other = if name == self.target { self.temporary } else { self.film };
        Identity::of(other).map_err(at(other, "look at"))?;
        disk::unlink(name).map_err(at(name, "remove"))
    }

    /// Whether a path holds the result. Where inode numbers aren't kept, its bytes are read.
    fn holds_result(&self, path: &Path, commit: &Commit) -> Result<bool, PromoteError> {
        if !Under::look(path).is_result(commit) {
            return Ok(false);
        }
        if commit.inode != 0 {
            return Ok(true);
        }
        disk::open(path).and_then(|file| is_committed(file, commit, self.answered)).map_err(at(path, "read"))
    }

    /// Renames the original to the backup path.
    fn set_film_aside(&self) -> Result<(), PromoteError> {
        disk::rename_without_overwriting(self.film, self.backup)
            .map_err(|error| taken_or(error, self.backup, "rename the original to"))?;
        if !self.holds_original(self.backup)? {
            // This attempt has just renamed it, whatever it looks like.
            drop(disk::rename_without_overwriting(self.backup, self.film));
            return Err(at(self.backup, "rename the original to")(disk::not_done()));
        }
        self.sync_folder()
    }

    fn sync_folder(&self) -> Result<(), PromoteError> {
        disk::sync_folder_of(self.film).map_err(at(self.film, "sync the folder of"))?;
        (self.answered)();
        Ok(())
    }

    /// Whether `path` holds the film as it was before ffmpeg started. If the disk doesn't answer, returns an error,
    /// which stops the replacement, rather than `false`.
    fn holds_original(&self, path: &Path) -> Result<bool, PromoteError> {
        match Under::look(path) {
            Under::Unknown(error) => Err(at(path, "look at")(error)),
            under => Ok(under.is_original(self.identity)),
        }
    }

    /// Opens the result's path again and checks that it holds the bytes that were judged. If not, the original is
    /// kept.
    fn verify(&self, commit: &Commit) -> Result<(), PromoteError> {
        let size = Identity::of(self.target).map_err(at(self.target, "look at"))?.size;
        let is_committed = disk::open(self.target)
            .and_then(|file| is_committed(file, commit, self.answered))
            .map_err(at(self.target, "read"))?;
        if size == commit.size && is_committed { Ok(()) } else { Err(self.not_in_place()) }
    }

    fn not_in_place(&self) -> PromoteError {
        PromoteError::NotInPlace { path: self.target.to_owned(), backup: self.backup.to_owned() }
    }

    /// Reverts the steps that were taken, as shown by the disk rather than by error codes. Never overwrites a file,
    /// and never deletes the only name of the original.
    fn undo(&self, commit: &Commit) {
        let is_original = |path: &Path| Under::look(path).is_original(self.identity);
        if is_original(self.backup) && Identity::of(self.film).is_err() {
            drop(disk::rename_without_overwriting(self.backup, self.film));
        }
        if is_original(self.film) {
            if is_original(self.backup) {
                drop(disk::unlink(self.backup));
            }
            let has_result = || self.holds_result(self.target, commit).unwrap_or_default();
            if self.target != self.film && has_result() {
                drop(disk::unlink(self.target));
            }
        }
        drop(disk::sync_folder_of(self.film));
    }
}

fn at(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> PromoteError {
    let path = path.to_owned();
    move |source| PromoteError::Disk { doing, path, source }
}

fn taken_or(error: io::Error, path: &Path, doing: &'static str) -> PromoteError {
    if error.kind() == io::ErrorKind::AlreadyExists {
        PromoteError::Taken { path: path.to_owned() }
    } else {
        at(path, doing)(error)
    }
}

#[cfg(test)]
mod tests;
