//! The user that runs this program, and to whom it may give files.

use std::sync::OnceLock;

use rustix::thread::CapabilitySet;

/// The rights of a process that matter for replacing a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user's id.
    pub id: u32,
    /// The ids of the user's groups.
    pub groups: Vec<u32>,
    /// Whether the process may give files to anybody (`CAP_CHOWN`).
    pub may_give: bool,
    /// Whether the process may do what only a file's owner may (`CAP_FOWNER`).
    pub acts_as_owner: bool,
}

impl User {
    /// The user of this process. It doesn't change while the process runs.
    pub fn current() -> &'static Self {
        static CURRENT: OnceLock<User> = OnceLock::new();
        CURRENT.get_or_init(|| {
            let id = rustix::process::geteuid();
            let capabilities = rustix::thread::capabilities(None).map(|sets| sets.effective);
            let has = |capability| {
                capabilities.as_ref().map_or_else(|_| id.is_root(), |sets| sets.contains(capability))
            };
            let groups = rustix::process::getgroups().unwrap_or_default();
            let groups = groups.into_iter().chain([rustix::process::getegid()]);
            Self {
                id: id.as_raw(),
                groups: groups.map(rustix::fs::Gid::as_raw).collect(),
                may_give: has(CapabilitySet::CHOWN),
                acts_as_owner: has(CapabilitySet::FOWNER),
            }
        })
    }

    /// Whether a new file of this user can be given to this owner and group.
    pub fn can_give_to(&self, owner: u32, group: u32) -> bool {
        self.may_give || (owner == self.id && self.groups.contains(&group))
    }

    /// Whether this user may rename or remove a file of `owner` in a sticky folder of `folder_owner`.
    pub fn may_remove_sticky(&self, owner: u32, folder_owner: u32) -> bool {
        self.acts_as_owner || [owner, folder_owner].contains(&self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_to_oneself_and_ones_own_groups_or_to_anybody() {
        let user = User { id: 5, groups: vec![50, 60], may_give: false, acts_as_owner: false };
        let root = User { may_give: true, acts_as_owner: true, ..user.clone() };
        for (owner, group, can) in [(5, 50, true), (5, 60, true), (5, 70, false), (6, 50, false)] {
            assert_eq!(user.can_give_to(owner, group), can, "{owner} {group}");
            assert!(root.can_give_to(owner, group));
        }
        for (owner, folder, may) in [(5, 0, true), (6, 5, true), (6, 0, false)] {
            assert_eq!(user.may_remove_sticky(owner, folder), may, "{owner} {folder}");
            assert!(root.may_remove_sticky(owner, folder));
        }
    }

    #[test]
    fn this_process_can_give_a_file_to_itself() {
        let user = User::current();
        assert!(user.can_give_to(user.id, user.groups[0]));
    }
}
