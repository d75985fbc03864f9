//! Tests, before hours of encoding, whether replacing the film will work.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use av1plan::SkipReason;

use crate::sys::disk;

/// Tests whether a result could take the film's place, with an empty file that is named `temporary` in the film's
/// folder: whether a file can be created, be given the film's owner, and be linked or renamed without overwriting.
///
/// Returns why the film has to be left alone if one of these is not possible. An error means another problem, which
/// may pass.
pub fn rehearse(film: &Path, temporary: &Path, second: &Path) -> io::Result<Option<SkipReason>> {
    let file = match disk::create_new(temporary) {
        Ok(file) => file,
        Err(error) if is_refusal(&error) => return Ok(Some(SkipReason::FolderReadOnly)),
        Err(error) => return Err(error),
    };
    let tried = try_out(film, &file, temporary, second);
    disk::unlink(temporary)?;
    tried
}

fn try_out(film: &Path, file: &File, temporary: &Path, second: &Path) -> io::Result<Option<SkipReason>> {
    let (wanted, made) = (std::fs::symlink_metadata(film)?, file.metadata()?);
    if (wanted.uid(), wanted.gid()) != (made.uid(), made.gid()) {
        match std::os::unix::fs::fchown(file, Some(wanted.uid()), Some(wanted.gid())) {
            Err(error) if is_refusal(&error) => return Ok(Some(SkipReason::ForeignOwner)),
            changed => changed?,
        }
    }
    let linked = disk::link(temporary, second);
    match linked.or_else(|_| disk::rename_without_overwriting(temporary, second)) {
        Ok(()) => disk::unlink(second).map(|()| None),
        Err(error) if is_refusal(&error) => Ok(Some(SkipReason::NoSafeRename)),
        Err(error) => Err(error),
    }
}

/// Whether the error means that this user, or any user, isn't allowed to do this: a retry won't help until somebody
/// changes that.
fn is_refusal(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::Unsupported
            | ErrorKind::InvalidInput
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_which_all_can_be_had_is_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("film.mkv"), "x").unwrap();
        std::fs::set_permissions(path("film.mkv"), std::os::unix::fs::PermissionsExt::from_mode(0o444))
            .unwrap();
        assert_eq!(rehearse(&path("film.mkv"), &path(".t"), &path(".u")).unwrap(), None);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn somebody_elses_file_under_the_name_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("film.mkv"), "x").unwrap();
        std::fs::write(path("taken"), "precious").unwrap();
        assert!(rehearse(&path("film.mkv"), &path("taken"), &path(".u")).is_err());
        assert!(rehearse(&path("film.mkv"), &path(".t"), &path("taken")).is_err());
        assert_eq!(std::fs::read(path("taken")).unwrap(), b"precious");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_missing_folder_is_trouble_and_no_refusal() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join("gone").join(name);
        assert!(rehearse(&path("film.mkv"), &path(".t"), &path(".u")).is_err());
    }
}
