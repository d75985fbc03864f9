//! Tells what keeps a film from being replaced, as far as can be seen without trying.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use av1plan::probe::Protection;

use crate::sys::disk;
use crate::sys::user::User;

/// The owner's write permission, `S_IWUSR` in `inode(7)`.
const OWNER_MAY_WRITE: u32 = 0o200;

/// The sticky bit of a folder, `S_ISVTX` in `inode(7)`.
const STICKY: u32 = 0o1000;

/// The bit of a folder that gives its group to new files, `S_ISGID` in `inode(7)`.
const SET_GROUP: u32 = 0o2000;

/// What is known of a folder that its films have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FolderRights {
    is_frozen: bool,
    may_create: bool,
    /// The owner of a folder in which only owners may remove files; `None` if it is an ordinary folder.
    sticky_owner: Option<u32>,
    /// Whether its files have the owners that they show.
    keeps_owners: bool,
    /// The group that new files in it get by themselves; `None` if they get the user's own.
    inherited_group: Option<u32>,
}

impl FolderRights {
    pub(super) fn of(folder: &Path) -> Self {
        let metadata = fs::metadata(folder).ok();
        let with = |bit: u32| metadata.as_ref().filter(|found| found.mode() & bit != 0);
        Self {
            is_frozen: disk::is_frozen(folder),
            may_create: disk::may_create_in(folder),
            sticky_owner: with(STICKY).map(MetadataExt::uid),
            inherited_group: with(SET_GROUP).map(MetadataExt::gid),
            keeps_owners: disk::keeps_owners(folder),
        }
    }
}

/// What keeps the film at `path` from being replaced.
pub(super) fn protection(path: &Path, metadata: &Metadata, folder: FolderRights) -> Protection {
    let found = decide(metadata, folder, User::current());
    // Only films that would be worked on, perhaps, are looked at once more.
    let may_be_replaced = matches!(found, Protection::None | Protection::ForeignOwner);
    if may_be_replaced && disk::is_frozen(path) { Protection::Immutable } else { found }
}

fn decide(film: &Metadata, folder: FolderRights, user: &User) -> Protection {
    let FolderRights { is_frozen, may_create, sticky_owner, keeps_owners, inherited_group } = folder;
    let is_stuck = sticky_owner.is_some_and(|owner| !user.may_remove_sticky(film.uid(), owner));
    let gets_it_anyway = film.uid() == user.id && inherited_group == Some(film.gid());
    let is_foreign = keeps_owners && !gets_it_anyway && !user.can_give_to(film.uid(), film.gid());
    match () {
        () if film.mode() & OWNER_MAY_WRITE == 0 => Protection::ReadOnly,
        () if is_frozen || is_stuck => Protection::Immutable,
        () if !may_create => Protection::Folder,
        () if is_foreign => Protection::ForeignOwner,
        () => Protection::None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn each_protection_is_told_and_the_owners_own_wish_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Film.mkv");
        fs::write(&path, "x").unwrap();
        let film = fs::metadata(&path).unwrap();
        let user = User { id: film.uid(), groups: vec![film.gid()], may_give: false, acts_as_owner: false };
        let other = User { id: film.uid() + 1, ..user.clone() };
        let elsewhere = User { groups: vec![film.gid() + 1], ..user.clone() };
        let free = FolderRights {
            is_frozen: false,
            may_create: true,
            sticky_owner: None,
            keeps_owners: true,
            inherited_group: None,
        };
        let set_group = FolderRights { inherited_group: Some(film.gid()), ..free };
        let sticky = FolderRights { sticky_owner: Some(film.uid() + 2), ..free };
        for (what, rights, user, expected) in [
            ("nothing", free, &user, Protection::None),
            ("a frozen folder", FolderRights { is_frozen: true, ..free }, &user, Protection::Immutable),
            ("a folder of others", FolderRights { may_create: false, ..free }, &user, Protection::Folder),
            ("a sticky folder and an own film", sticky, &user, Protection::None),
            ("a sticky folder and another's film", sticky, &other, Protection::Immutable),
            ("another's film", free, &other, Protection::ForeignOwner),
            ("another group's film", free, &elsewhere, Protection::ForeignOwner),
            ("another group's film, and the folder gives it", set_group, &elsewhere, Protection::None),
            ("another's film, and the folder gives the group", set_group, &other, Protection::ForeignOwner),
            ("any owner", FolderRights { keeps_owners: false, ..free }, &other, Protection::None),
        ] {
            assert_eq!(decide(&film, rights, user), expected, "{what}");
        }
        fs::set_permissions(&path, PermissionsExt::from_mode(0o444)).unwrap();
        let read_only = fs::metadata(&path).unwrap();
        assert_eq!(
            decide(&read_only, FolderRights { may_create: false, ..free }, &user),
            Protection::ReadOnly
        );
    }

    #[test]
    fn an_ordinary_film_is_not_protected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Film.mkv");
        fs::write(&path, "x").unwrap();
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(protection(&path, &metadata, FolderRights::of(folder.path())), Protection::None);
    }
}
