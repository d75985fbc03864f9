//! Copies a file's metadata: owner, mode, extended attributes and times. What is already so isn't set: some network
//! file systems refuse even that.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use av1plan::config::ForeignOwner;
use rustix::fs::XattrFlags;
use rustix::io::Errno;

use super::open;

/// The mode without the type of the file.
const MODE: u32 = 0o7777;

/// Of the mode, who may read, write and execute: without the bits for set-user-ID, set-group-ID and sticky.
const ACCESS: u32 = 0o777;

/// The most bytes of all names of attributes, and of one value (`xattr(7)`).
const ATTRIBUTE_LIMIT: usize = 64 * 1024;

/// The attribute that holds an access control list. A new file may inherit one from its folder.
const ACCESS_LIST: &[u8] = b"system.posix_acl_access";

/// A property that a file couldn't be given, because its file system or the rights of this user don't allow it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NotSet {
    /// The owner, or the group. Only where the config gives results to the running user then.
    Owner,
    /// The permissions.
    Mode,
    /// The time of the last modification.
    Times,
    /// An extended attribute, by its name. Access control lists are among them.
    Attribute(String),
    /// All extended attributes, which can't even be listed.
    Attributes,
}

impl std::fmt::Display for NotSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Owner => f.write_str("the owner or the group"),
            Self::Mode => f.write_str("the permissions"),
            Self::Times => f.write_str("the time of modification"),
            Self::Attributes => f.write_str("the extended attributes, which can't be listed"),
            Self::Attribute(name) => write!(f, "the attribute {}", crate::sys::sanitize::sanitize(name)),
        }
    }
}

/// Gives `to` the metadata of `from`: owner, mode, extended attributes (which include ACLs) and times. Returns what
/// couldn't be given.
///
/// The order matters: a new owner clears mode bits, and setting an attribute changes times.
///
/// # Errors
///
/// If the owner can't be given and `foreign` doesn't allow that, or the disk fails.
pub fn copy_metadata(from: &Path, to: &Path, foreign: ForeignOwner) -> io::Result<Vec<NotSet>> {
    let (source, target) = (open(from)?, open(to)?);
    let wanted = source.metadata()?;
    let mut not_set = Vec::new();
    let mode = match give_owner(&target, &wanted) {
        Err(error) if is_refused(&error) && foreign == ForeignOwner::Take => {
            // The group, at least, if this user is a member of it.
            drop(std::os::unix::fs::fchown(&target, None, Some(wanted.gid())));
            not_set.push(NotSet::Owner);
            // The rights of one owner aren't for another one to lend.
            wanted.mode() & ACCESS
        }
        given => given.map(|()| wanted.mode() & MODE)?,
    };
    if target.metadata()?.mode() & MODE != mode {
        note(give_mode(&target, mode), NotSet::Mode, &mut not_set)?;
    }
    copy_attributes(&source, &target, &mut not_set)?;
    if target.metadata()?.modified()? != wanted.modified()? {
        let times =
            std::fs::FileTimes::new().set_accessed(wanted.accessed()?).set_modified(wanted.modified()?);
        // Setting times works on a file opened for reading only.
        note(target.set_times(times), NotSet::Times, &mut not_set)?;
    }
    Ok(not_set)
}

/// Sets the mode. Where the bits for set-user-ID and set-group-ID are refused (`RestrictSUIDSGID` of systemd), the
/// others are set all the same, since they say who may read.
fn give_mode(target: &File, mode: u32) -> io::Result<()> {
    let set = |mode| target.set_permissions(std::fs::Permissions::from_mode(mode));
    set(mode).inspect_err(|_| drop(set(mode & ACCESS)))
}

fn give_owner(target: &File, wanted: &Metadata) -> io::Result<()> {
    let now = target.metadata()?;
    if (now.uid(), now.gid()) == (wanted.uid(), wanted.gid()) {
        return Ok(());
    }
    std::os::unix::fs::fchown(target, Some(wanted.uid()), Some(wanted.gid()))
}

/// Notes a property that couldn't be set; other errors are passed on.
fn note(result: io::Result<()>, property: NotSet, not_set: &mut Vec<NotSet>) -> io::Result<()> {
    match result {
        Err(error) if is_refused(&error) => {
            not_set.push(property);
            Ok(())
        }
        result => result,
    }
}

/// Whether the error means that this user, or any user, can't do this here, so that it would come again.
fn is_refused(error: &io::Error) -> bool {
    let refused = [Errno::PERM, Errno::ACCESS, Errno::OPNOTSUPP, Errno::NOSYS, Errno::INVAL, Errno::NOTTY];
    Errno::from_io_error(error).is_some_and(|errno| refused.contains(&errno))
}

fn copy_attributes(source: &File, target: &File, not_set: &mut Vec<NotSet>) -> io::Result<()> {
    let names = match names_of(source) {
        // rclone answers so. A disk that is broken has shown that when the film was read.
        Err(Errno::IO) => {
            not_set.push(NotSet::Attributes);
            return Ok(());
        }
        names => names?,
    };
    for name in &names {
        let value = match value_of(source, name) {
            // Somebody has just removed it.
            Err(Errno::NODATA) => continue,
            value => value.map_err(io::Error::from),
        };
        let set = value.and_then(|value| {
            if value_of(target, name).is_ok_and(|now| now == value) {
                return Ok(());
            }
            Ok(rustix::fs::fsetxattr(target, name.as_slice(), &value, XattrFlags::empty())?)
        });
        // The system sets the labels of security modules itself; another file in the same folder gets the same labels.
        if name.starts_with(b"security.") {
            continue;
        }
        note(set, NotSet::Attribute(String::from_utf8_lossy(name).into_owned()), not_set)?;
    }
    if !names.iter().any(|name| name == ACCESS_LIST) && value_of(target, ACCESS_LIST).is_ok() {
        let removed = rustix::fs::fremovexattr(target, ACCESS_LIST).map_err(io::Error::from);
        let name = String::from_utf8_lossy(ACCESS_LIST).into_owned();
        note(removed, NotSet::Attribute(name), not_set)?;
    }
    Ok(())
}

/// The names of a file's attributes; none if its file system has no attributes.
fn names_of(file: &File) -> Result<Vec<Vec<u8>>, Errno> {
    let mut names = vec![0_u8; ATTRIBUTE_LIMIT];
    let length = match rustix::fs::flistxattr(file, &mut names) {
        Ok(length) => length,
        Err(Errno::NOTSUP | Errno::NOSYS) => 0,
        Err(error) => return Err(error),
    };
    let names = names.get(..length).unwrap_or_default().split(|byte| *byte == 0);
    Ok(names.filter(|name| !name.is_empty()).map(<[u8]>::to_vec).collect())
}

fn value_of(file: &File, name: &[u8]) -> Result<Vec<u8>, Errno> {
    let mut value = vec![0_u8; ATTRIBUTE_LIMIT];
    let size = rustix::fs::fgetxattr(file, name, &mut value)?;
    value.truncate(size);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(folder: &Path) -> (std::path::PathBuf, std::path::PathBuf) {
        let (from, to) = (folder.join("from"), folder.join("to"));
        std::fs::write(&from, "x").unwrap();
        std::fs::write(&to, "yy").unwrap();
        (from, to)
    }

    #[test]
    fn metadata_is_carried_over_to_the_nanosecond() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = pair(folder.path());
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::new(1_000_000_000, 123_456_789);
        File::open(&from).unwrap().set_modified(time).unwrap();
        std::fs::set_permissions(&from, PermissionsExt::from_mode(0o640)).unwrap();
        let attribute = rustix::fs::setxattr(&from, "user.rating", b"5", XattrFlags::empty());
        assert_eq!(copy_metadata(&from, &to, ForeignOwner::Skip).unwrap(), []);
        let metadata = std::fs::metadata(&to).unwrap();
        assert_eq!(metadata.modified().unwrap(), time);
        assert_eq!(metadata.mode() & 0o777, 0o640);
        assert_eq!(std::fs::read(&to).unwrap(), b"yy");
        if attribute.is_ok() {
            assert_eq!(value_of(&File::open(&to).unwrap(), b"user.rating").unwrap(), b"5");
        }
    }

    #[test]
    fn what_is_so_already_is_not_set_again() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = pair(folder.path());
        copy_metadata(&from, &to, ForeignOwner::Skip).unwrap();
        let changed =
            |path: &Path| std::fs::metadata(path).map(|now| (now.ctime(), now.ctime_nsec())).unwrap();
        let before = changed(&to);
        // The clock of a file system may tick as seldom as this.
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert_eq!(copy_metadata(&from, &to, ForeignOwner::Skip).unwrap(), []);
        assert_eq!(changed(&to), before, "setting anything would have changed this time");
    }

    #[test]
    fn only_a_refusal_is_noted() {
        let mut not_set = Vec::new();
        let refused = io::Error::from(Errno::PERM);
        note(Err(refused), NotSet::Mode, &mut not_set).unwrap();
        note(Ok(()), NotSet::Times, &mut not_set).unwrap();
        assert_eq!(not_set, [NotSet::Mode]);
        assert!(note(Err(io::Error::from(Errno::IO)), NotSet::Times, &mut not_set).is_err());
    }
}
