//! Checks the roots.

use std::io::{self, ErrorKind};
use std::path::Path;

use av1plan::explain::Seconds;

use super::check::{Check, Code};
use super::folder::{self, Folder, Listing};
use super::{CHECK_TIMEOUT, Level, films, within};
use crate::settings::Settings;
use crate::state::outcome::Bytes;
use crate::sys::sanitize::display;

/// How many mounts below a root are looked at.
const MOST_MOUNTS: usize = 16;

/// Checks one root, what is mounted below it, and its films.
pub(super) async fn examine(root: &Path, settings: &Settings) -> Vec<Check> {
    let mut checks = examine_folder(root).await;
    if checks.iter().any(|check| check.level == Level::Fail) {
        return checks;
    }
    let folder = root.to_owned();
    let mounts = within(CHECK_TIMEOUT, move || {
        let real = folder.canonicalize().unwrap_or(folder);
        folder::mounts_below(&real, MOST_MOUNTS)
    });
    for mount in mounts.await.unwrap_or_default() {
        checks.extend(examine_folder(&mount).await);
    }
    checks.extend(films::examine(root, settings).await);
    checks
}

/// Checks a root, or a folder at which something is mounted below it.
async fn examine_folder(root: &Path) -> Vec<Check> {
    let folder = root.to_owned();
    let looked = within(CHECK_TIMEOUT, move || folder::look(&folder)).await;
    let checks = match looked {
        None => vec![Check::fail(
            Code::Root,
            format!("{} doesn't answer within {}", display(root), Seconds::from(CHECK_TIMEOUT)),
            "see whether what is mounted there can be reached",
        )],
        Some(looked) => checks(root, looked),
    };
    checks.into_iter().map(|check| check.about(root)).collect()
}

fn checks(root: &Path, looked: io::Result<Folder>) -> Vec<Check> {
    let name = display(root);
    let folder = match looked {
        Ok(folder) => folder,
        Err(error) => {
            let (text, hint) = match error.kind() {
                ErrorKind::NotFound => (
                    format!("{name} isn't there"),
                    "mount it, make it, or name the folders of your films in the config (`library_roots`)",
                ),
                ErrorKind::NotADirectory => {
                    (format!("{name} is no folder"), "correct `library_roots` in the config")
                }
                _ => (format!("{name} can't be looked at: {error}"), RIGHTS),
            };
            return vec![Check::fail(Code::Root, text, hint)];
        }
    };
    vec![root_check(&name, &folder)]
}

const RIGHTS: &str = "run av1d, and this, as the user who owns the films there, or as root";

fn root_check(name: &str, folder: &Folder) -> Check {
    let Folder { listing, writable, space, kind: _ } = folder;
    match (listing, writable) {
        (Err(why), _) => Check::fail(Code::Root, format!("{name} can't be read: {why}"), RIGHTS),
        (_, Err(why)) => Check::fail(
            Code::Root,
            format!("{name} can't be written to: {why}"),
            format!("mount it so that it can be written to, or {RIGHTS}"),
        ),
        (Ok(listing), Ok(())) => {
            let room = space.map_or(String::new(), |space| {
                format!(", {} of {} free", Bytes(space.free), Bytes(space.total))
            });
            let text = format!("{name} is readable and writable{room}");
            match (listing, space.filter(|space| !space.holds(0))) {
                (_, Some(space)) => {
                    let hint = format!(
                        "no film is encoded there before more than {} are free",
                        Bytes(space.reserve())
                    );
                    Check::warn(Code::Root, text, hint)
                }
                (Listing::Empty, None) => Check::warn(
                    Code::Root,
                    format!("{text}, but empty"),
                    "see whether something is to be mounted there",
                ),
                (Listing::Filled, None) => Check::ok(Code::Root, text),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::disk::Space;

    fn folder() -> Folder {
        Folder {
            listing: Ok(Listing::Filled),
            writable: Ok(()),
            space: Some(Space { free: 50 << 30, total: 100 << 30 }),
            kind: Some("ext4".into()),
        }
    }

    #[test]
    fn a_root_must_be_there_readable_and_writable() {
        let full = Some(Space { free: 1 << 30, total: 100 << 30 });
        let no = || "no".to_owned();
        let table: [(io::Result<Folder>, Level, &str); 8] = [
            (Ok(folder()), Level::Ok, "/films is readable and writable, 50.0 GiB of 100.0 GiB free"),
            (Err(ErrorKind::NotFound.into()), Level::Fail, "/films isn't there"),
            (Err(ErrorKind::NotADirectory.into()), Level::Fail, "no folder"),
            (Err(ErrorKind::PermissionDenied.into()), Level::Fail, "can't be looked at"),
            (Ok(Folder { listing: Err(no()), ..folder() }), Level::Fail, "can't be read: no"),
            (Ok(Folder { writable: Err(no()), ..folder() }), Level::Fail, "can't be written to: no"),
            (Ok(Folder { listing: Ok(Listing::Empty), ..folder() }), Level::Warn, "but empty"),
            (Ok(Folder { space: full, ..folder() }), Level::Warn, "1.0 GiB of"),
        ];
        for (looked, level, words) in table {
            let found = checks(Path::new("/films"), looked);
            assert!(found[0].level == level && found[0].text.contains(words), "{found:?}");
            assert_eq!(found[0].hint.is_some(), level != Level::Ok, "{found:?}");
        }
    }
}
