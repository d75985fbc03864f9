//! Copies a file's metadata: owner, mode, extended attributes and times.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::XattrFlags;

use super::open;

/// Copies the metadata of `from` to `to`: owner, mode, extended attributes (which include ACLs) and times.
///
/// The order matters: a new owner clears mode bits, and setting an attribute changes times.
pub fn copy_metadata(from: &Path, to: &Path) -> io::Result<()> {
    let (source, target) = (open(from)?, open(to)?);
    let metadata = source.metadata()?;
    let (owner, group) = (metadata.uid(), metadata.gid());
    let now = target.metadata()?;
    if (now.uid(), now.gid()) != (owner, group) {
        std::os::unix::fs::fchown(&target, Some(owner), Some(group))?;
    }
    target.set_permissions(metadata.permissions())?;
    copy_attributes(&source, &target)?;
    let times =
        std::fs::FileTimes::new().set_accessed(metadata.accessed()?).set_modified(metadata.modified()?);
    // Setting times works on a file opened for reading only.
    target.set_times(times)
}

fn copy_attributes(source: &File, target: &File) -> io::Result<()> {
    let mut names = vec![0_u8; 64 * 1024];
    let length = match rustix::fs::flistxattr(source, &mut names) {
        Ok(length) => length,
        Err(rustix::io::Errno::NOTSUP | rustix::io::Errno::NOSYS) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut value = vec![0_u8; 64 * 1024];
    for name in
        names.get(..length).unwrap_or_default().split(|byte| *byte == 0).filter(|name| !name.is_empty())
    {
        let size = rustix::fs::fgetxattr(source, name, &mut value)?;
        let value = value.get(..size).unwrap_or_default();
        match rustix::fs::fsetxattr(target, name, value, XattrFlags::empty()) {
            // The system sets the labels of security modules itself; another file in the same folder gets the same
            // labels.
            Err(_) if name.starts_with(b"security.") => {}
            result => result?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_carried_over_to_the_nanosecond() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::write(&from, "x").unwrap();
        std::fs::write(&to, "yy").unwrap();
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::new(1_000_000_000, 123_456_789);
        File::open(&from).unwrap().set_modified(time).unwrap();
        std::fs::set_permissions(&from, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
        let attribute = rustix::fs::setxattr(&from, "user.rating", b"5", XattrFlags::empty());
        copy_metadata(&from, &to).unwrap();
        let metadata = std::fs::metadata(&to).unwrap();
        assert_eq!(metadata.modified().unwrap(), time);
        assert_eq!(metadata.mode() & 0o777, 0o640);
        assert_eq!(std::fs::read(&to).unwrap(), b"yy");
        if attribute.is_ok() {
            let mut value = [0_u8; 8];
            let length = rustix::fs::getxattr(&to, "user.rating", &mut value).unwrap();
            assert_eq!(&value[..length], b"5");
        }
    }
}
