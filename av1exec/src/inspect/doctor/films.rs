//! Looks at the films of a root: whether this user can replace them, and whether their file systems can.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use av1plan::SkipReason;
use av1plan::config::ForeignOwner;
use av1plan::explain::Seconds;
use av1plan::probe::Protection;

use super::check::{Check, Code};
use super::folder::{self, Own};
use super::{CHECK_TIMEOUT, within};
use crate::library::film::Film;
use crate::library::scan::{Rules, each_film};
use crate::replace::abilities::Case;
use crate::replace::rehearsal::{Rehearsed, rehearse};
use crate::settings::Settings;
use crate::sys::disk::NotSet;
use crate::sys::sanitize::display;
use crate::sys::{disk, names};

/// How long the films of a root are looked at. What a slow disk hasn't shown by then is left out.
const LOOK_TIME: Duration = Duration::from_millis(1200);

/// On how many films a replacement is rehearsed: one for each file system, owner, and rights of a folder.
const MOST_SAMPLES: usize = 8;

/// Looks at the films below a folder, and rehearses the replacement of some.
pub(super) async fn examine(root: &Path, settings: &Settings) -> Vec<Check> {
    let policy = &settings.policy;
    let films = Arc::new(Mutex::new(Films::default()));
    let (shared, folder, own) = (Arc::clone(&films), root.to_owned(), policy.clone());
    let add = move |film: &Film| {
        let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
        if lock().add(film, own.foreign_owner) {
            // The disk is asked without the lock, since it may hang.
            let case = Case::of(&film.path, own.foreign_owner);
            lock().add_sample(film, case.ok());
        }
    };
    let (policy_of_walk, ignored) = (policy.clone(), settings.ignored_folders.clone());
    let look = move || each_film(&folder, &Rules::to_look(&policy_of_walk, &ignored), add);
    let is_whole = within(LOOK_TIME, look).await.is_some();
    let films = films.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut checks = vec![films.check(root, is_whole, policy.foreign_owner)];
    let samples =
        if films.samples.is_empty() { vec![Sample::Folder(root.to_owned())] } else { films.samples };
    let mut told = HashSet::new();
    for sample in samples {
        let check = rehearsed(sample, policy.foreign_owner).await;
        // Folders with other rights on the same file system usually come to the same.
        if told.insert(check.text.clone()) {
            checks.push(check);
        }
    }
    checks
}

/// What is known of the films so far.
#[derive(Debug, Clone, Default)]
struct Films {
    count: usize,
    /// How many of them are protected, by the protection.
    protected: BTreeMap<&'static str, usize>,
    samples: Vec<Sample>,
    cases: HashSet<Case>,
    /// The folder of the last film, whose case is known.
    folder: PathBuf,
}

/// On what a replacement is rehearsed.
#[derive(Debug, Clone)]
enum Sample {
    /// This film.
    Film(PathBuf),
    /// A file that is created in this folder, which has no films.
    Folder(PathBuf),
}

impl Films {
    /// Counts a film. Returns whether a replacement may have to be rehearsed on it.
    fn add(&mut self, film: &Film, foreign_owner: ForeignOwner) -> bool {
        self.count += 1;
        match film.protection {
            Protection::None => {}
            Protection::ForeignOwner if foreign_owner == ForeignOwner::Take => {}
            other => {
                let code = if other == Protection::Folder { "folder-read-only" } else { other.name() };
                *self.protected.entry(code).or_default() += 1;
                return false;
            }
        }
        self.samples.len() < MOST_SAMPLES && self.folder != disk::folder_of(&film.path)
    }

    /// Chooses a film for a rehearsal if none with the same case is chosen.
    fn add_sample(&mut self, film: &Film, case: Option<Case>) {
        disk::folder_of(&film.path).clone_into(&mut self.folder);
        if case.is_some_and(|case| self.cases.insert(case)) {
            self.samples.push(Sample::Film(film.path.clone()));
        }
    }

    fn check(&self, root: &Path, is_whole: bool, foreign_owner: ForeignOwner) -> Check {
        let Self { count, protected, .. } = self;
        let so_far = if is_whole { "" } else { " (as far as could be seen in a second)" };
        let text = format!("{} has {count} film(s){so_far}", display(root));
        if protected.is_empty() {
            return Check::ok(Code::Films, text).about(root);
        }
        let names: Vec<String> = protected.iter().map(|(name, count)| format!("{count} {name}")).collect();
        let text = format!("{text}; this user can't or shouldn't replace some: {}", names.join(", "));
        let foreign = protected.contains_key(Protection::ForeignOwner.name());
        let hint = match foreign_owner {
            ForeignOwner::Skip if foreign => {
                "run av1d as the films' owner (`User=` of the unit) or as root, or set foreign_owner = \"take\"; `av1cli plan \
                 FOLDER` names the films"
            }
            _ => "they are left alone; `av1cli plan FOLDER` names them with what to do",
        };
        Check::warn(Code::Films, text, hint).about(root)
    }
}

async fn rehearsed(sample: Sample, foreign_owner: ForeignOwner) -> Check {
    let folder = match &sample {
        Sample::Film(film) => disk::folder_of(film).to_owned(),
        Sample::Folder(folder) => folder.clone(),
    };
    let tried = within(CHECK_TIMEOUT, move || match sample {
        Sample::Film(film) => rehearse(&film, &names::stamp(), foreign_owner),
        Sample::Folder(folder) => {
            let own = Own(names::trial(&folder, "doctor"));
            disk::create_new(&own.0)?;
            rehearse(&own.0, &names::stamp(), foreign_owner)
        }
    });
    let tried = tried.await;
    let asked = folder.clone();
    let kind = within(CHECK_TIMEOUT, move || folder::kind(&asked)).await.flatten();
    let kind = kind.unwrap_or_else(|| "an unknown file system".to_owned());
    check(&folder, &kind, tried).about(&folder)
}

fn check(folder: &Path, kind: &str, tried: Option<io::Result<Rehearsed>>) -> Check {
    let place = format!("{} is on {kind}", display(folder));
    match tried {
        Some(Ok(Rehearsed::Able(abilities))) => {
            let text = format!("{place}: a replacement works ({abilities})");
            // The owner is missing only where the config wants it so.
            if abilities.not_set.iter().all(|property| *property == NotSet::Owner) {
                Check::ok(Code::FileSystem, text)
            } else {
                Check::warn(Code::FileSystem, text, "see the options of its mount, if that matters to you")
            }
        }
        Some(Ok(Rehearsed::Refused { reason, detail })) => Check::fail(
            Code::FileSystem,
            format!("{place}: no film can be replaced there: {detail}"),
            match reason {
                SkipReason::NoSafeRename => {
                    "films there are left alone (no-safe-rename); name the folder that is \
                                             mounted there in `library_roots`, or mount it with other options"
                        .to_owned()
                }
                other => format!("films there are left alone ({}): {other}", other.code()),
            },
        ),
        Some(Err(error)) => Check::fail(
            Code::FileSystem,
            format!("{place}: a replacement couldn't be rehearsed: {error}"),
            "see whether the disk is full, or a quota met, and whether it is well",
        ),
        None => Check::fail(
            Code::FileSystem,
            format!("{place}: a rehearsal didn't end within {}", Seconds::from(CHECK_TIMEOUT)),
            "see whether what is mounted there can be reached",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;
    use crate::replace::rehearsal::FsAbilities;

    #[test]
    fn what_a_rehearsal_found_is_told_with_a_remedy() {
        let able =
            FsAbilities { hard_links: true, rename_noreplace: true, keeps_inodes: true, not_set: Vec::new() };
        let poor = FsAbilities { rename_noreplace: false, keeps_inodes: false, ..able.clone() };
        let untimed = FsAbilities { not_set: vec![NotSet::Times], ..able.clone() };
        let taken = FsAbilities { not_set: vec![NotSet::Owner], ..able.clone() };
        let refused = Rehearsed::Refused { reason: SkipReason::NoSafeRename, detail: "no links".into() };
        for (tried, level, words) in [
            (
                Some(Ok(Rehearsed::Able(able))),
                Level::Ok,
                "a replacement works (hard links, RENAME_NOREPLACE)",
            ),
            (Some(Ok(Rehearsed::Able(poor))), Level::Ok, "but links instead, no lasting inode numbers"),
            (Some(Ok(Rehearsed::Able(taken))), Level::Ok, "don't get the owner or the group"),
            (Some(Ok(Rehearsed::Able(untimed))), Level::Warn, "don't get the time of modification"),
            (Some(Ok(refused)), Level::Fail, "no film can be replaced there: no links"),
            (Some(Err(io::ErrorKind::StorageFull.into())), Level::Fail, "couldn't be rehearsed"),
            (None, Level::Fail, "didn't end within"),
        ] {
            let check = check(Path::new("/films"), "ext4", tried);
            assert!(check.level == level && check.text.contains(words), "{check:?}");
            assert_eq!(check.hint.is_some(), level != Level::Ok, "{check:?}");
        }
    }

    #[test]
    fn films_of_others_are_counted_with_a_remedy() {
        let films = Films { count: 5, protected: [("foreign-owner", 3)].into(), ..Films::default() };
        let check = films.check(Path::new("/films"), true, ForeignOwner::Skip);
        assert!(check.level == Level::Warn && check.text.contains("3 foreign-owner"), "{check:?}");
        assert!(check.hint.is_some_and(|hint| hint.contains("foreign_owner")));
        let all_well =
            Films { count: 5, ..Films::default() }.check(Path::new("/films"), false, ForeignOwner::Skip);
        assert!(all_well.level == Level::Ok && all_well.text.contains("as far as"), "{all_well:?}");
    }
}
