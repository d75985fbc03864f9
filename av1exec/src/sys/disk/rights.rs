//! What this user may do with a file or a folder, as far as can be seen without trying.

use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, StatxAttributes, StatxFlags};
use rustix::io::Errno;

/// Whether the file or folder has an attribute with which nobody can replace it, or remove what is in it: immutable, or
/// only to be added to. `false` if the file system doesn't say.
pub fn is_frozen(path: &Path) -> bool {
    let frozen = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
    let found = rustix::fs::statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty());
    found.is_ok_and(|found| (found.stx_attributes & found.stx_attributes_mask).intersects(frozen))
}

/// Whether this user may create files in a folder. `true` if the system gives another answer than yes or no.
pub fn may_create_in(folder: &Path) -> bool {
    let asked = rustix::fs::accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS);
    !matches!(asked, Err(Errno::ACCESS | Errno::PERM | Errno::ROFS))
}

/// The number of the mount that holds `path`; `None` before Linux 5.8.
pub fn mount_of(path: &Path) -> Option<u64> {
    let found = rustix::fs::statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID).ok()?;
    (found.stx_mask & StatxFlags::MNT_ID.bits() != 0).then_some(found.stx_mnt_id)
}

/// Magic numbers of file systems on which the owner of a file may be any that the mount's options say: FUSE, CIFS and
/// SMB2, FAT, exFAT, both NTFS, 9p and vboxsf (`statfs(2)`, `linux/magic.h`).
const ANY_OWNER: [u32; 9] = [
    0x6573_5546,
    0xff53_4d42,
    0xfe53_4d42,
    0x4d44,
    0x2011_bab0,
    0x5346_544e,
    0x7366_746e,
    0x0102_1997,
    0x786f_4256,
];

/// Whether the file system that holds `path` keeps the owner of each file. `false` if it doesn't say.
pub fn keeps_owners(path: &Path) -> bool {
    let magic =
        rustix::fs::statfs(path).ok().and_then(|found| u32::try_from(found.f_type & 0xffff_ffff).ok());
    magic.is_some_and(|magic| !ANY_OWNER.contains(&magic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_folder_may_be_written_to_and_is_not_frozen() {
        let folder = tempfile::tempdir().unwrap();
        assert!(may_create_in(folder.path()) && !is_frozen(folder.path()));
        assert!(!may_create_in(Path::new("/proc/self")) || rustix::process::geteuid().is_root());
        assert!(may_create_in(&folder.path().join("gone")), "whatever else is wrong shows when it is tried");
    }
}
