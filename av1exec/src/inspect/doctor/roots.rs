//! Checks the roots.

use std::io::{self, ErrorKind};
use std::path::Path;

use av1plan::explain::Seconds;

use super::check::{Check, Code};
use super::folder::{self, Abilities, Folder, Listing, Tried};
use super::{CHECK_TIMEOUT, within};
use crate::state::outcome::Bytes;
use crate::sys::sanitize::display;

/// Checks one root.
pub(super) async fn examine(root: &Path) -> Vec<Check> {
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
    let mut checks = vec![root_check(&name, &folder)];
    if let Ok(abilities) = &folder.abilities {
        checks.push(file_system_check(&name, folder.kind.as_deref(), abilities));
    }
    checks
}

const RIGHTS: &str = "let the user that runs av1d read and write there (run this as that user)";

fn root_check(name: &str, folder: &Folder) -> Check {
    let Folder { listing, abilities, space, kind: _ } = folder;
    match (listing, abilities) {
        (Err(why), _) => Check::fail(Code::Root, format!("{name} can't be read: {why}"), RIGHTS),
        (_, Err(why)) => Check::fail(
            Code::Root,
            format!("{name} can't be written to: {why}"),
            format!("mount it so that it can be written to, or {RIGHTS}"),
        ),
        (Ok(listing), Ok(_)) => {
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

fn file_system_check(name: &str, kind: Option<&str>, abilities: &Abilities) -> Check {
    let Abilities { same_device, hard_links, rename_without_overwriting, exchange, extended_attributes } =
        abilities;
    let tried = [
        ("hard links", hard_links),
        ("RENAME_NOREPLACE", rename_without_overwriting),
        ("RENAME_EXCHANGE", exchange),
        ("extended attributes", extended_attributes),
    ];
    let words = tried.map(|(what, tried)| match tried {
        Tried::Works => what.to_owned(),
        Tried::Refused(why) => format!("no {what} ({why})"),
    });
    let kind = kind.unwrap_or("an unknown file system");
    let text = format!("{name} is on {kind}: {}", words.join(", "));
    match (hard_links, rename_without_overwriting) {
        (Tried::Refused(_), Tried::Refused(_)) => Check::fail(
            Code::FileSystem,
            format!("{text}; no film can be replaced safely"),
            "hard links or RENAME_NOREPLACE are needed: name the folders below a union file system as roots instead of it",
        ),
        _ if !same_device => Check::warn(
            Code::FileSystem,
            format!("{text}; files that are made land on another device"),
            "name the folders below a union file system as roots instead of it",
        ),
        _ => Check::ok(Code::FileSystem, format!("{text}; temporary files are on the films' device")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;
    use crate::sys::disk::Space;

    fn able() -> Abilities {
        Abilities {
            same_device: true,
            hard_links: Tried::Works,
            rename_without_overwriting: Tried::Works,
            exchange: Tried::Works,
            extended_attributes: Tried::Works,
        }
    }

    fn folder() -> Folder {
        Folder {
            listing: Ok(Listing::Filled),
            abilities: Ok(able()),
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
            (Ok(Folder { abilities: Err(no()), ..folder() }), Level::Fail, "can't be written to: no"),
            (Ok(Folder { listing: Ok(Listing::Empty), ..folder() }), Level::Warn, "but empty"),
            (Ok(Folder { space: full, ..folder() }), Level::Warn, "1.0 GiB of"),
        ];
        for (looked, level, words) in table {
            let found = checks(Path::new("/films"), looked);
            assert!(found[0].level == level && found[0].text.contains(words), "{found:?}");
            assert_eq!(found[0].hint.is_some(), level != Level::Ok, "{found:?}");
        }
    }

    #[test]
    fn either_way_of_a_safe_rename_is_enough() {
        let no = || Tried::Refused("not supported".into());
        let table = [
            (
                able(),
                Level::Ok,
                "/f is on ext4: hard links, RENAME_NOREPLACE, RENAME_EXCHANGE, extended attributes;",
            ),
            (
                Abilities { hard_links: no(), ..able() },
                Level::Ok,
                "no hard links (not supported), RENAME_NOREPLACE",
            ),
            (Abilities { rename_without_overwriting: no(), ..able() }, Level::Ok, "no RENAME_NOREPLACE"),
            (
                Abilities { rename_without_overwriting: no(), hard_links: no(), ..able() },
                Level::Fail,
                "no film can be replaced safely",
            ),
            (Abilities { same_device: false, ..able() }, Level::Warn, "another device"),
        ];
        for (abilities, level, words) in table {
            let check = file_system_check("/f", Some("ext4"), &abilities);
            assert!(check.level == level && check.text.contains(words), "{check:?}");
        }
    }
}
