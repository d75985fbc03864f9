//! The rooms of this crate: which may name which. A room is a folder of `src`; it names another by `crate::ROOM`.
//!
//! Arrows go down only, so that a lower room can be read, tested and changed without the rooms above it.

#![expect(clippy::unwrap_used, reason = "a tree that cannot be read is no tree to test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room with its floor.
const ROOMS: [(&str, u8); 10] = [
    ("sys", 1),
    ("ffmpeg", 2),
    ("library", 2),
    ("settings", 2),
    ("state", 2),
    ("replace", 3),
    ("pipeline", 4),
    ("serve", 5),
    ("daemon", 6),
    ("inspect", 6),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn floor(room: &str) -> Option<u8> {
    ROOMS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// The Rust files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The rooms that a line names, in `use` lines, paths and links of docs alike.
fn named(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::").skip(1).map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}

#[test]
fn rooms_are_all_there_is() {
    let found: BTreeSet<String> = fs::read_dir(source())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "lib.rs")
        .collect();
    let rooms: BTreeSet<String> = ROOMS.iter().map(|(room, _)| (*room).to_owned()).collect();
    assert_eq!(found, rooms, "each file but lib.rs is in a room");
}

#[test]
fn each_room_names_only_rooms_below_it() {
    let (mut wrong, mut arrows) = (Vec::new(), 0);
    for (room, own) in ROOMS {
        for path in files(&source().join(room)) {
            let text = fs::read_to_string(&path).unwrap();
            for (number, line) in (1..).zip(text.lines()) {
                for other in named(line).filter(|other| *other != room) {
                    arrows += 1;
                    // A grouped import would hide what it names, and so would what a macro makes.
                    if floor(other).is_none_or(|floor| floor >= own) {
                        wrong.push(format!("{}:{number}: {}", path.display(), line.trim()));
                    }
                }
            }
        }
    }
    assert!(arrows > 200, "only {arrows} were found: is the search still right?");
    assert!(wrong.is_empty(), "these name a room that isn't below theirs:\n{}", wrong.join("\n"));
}

#[test]
fn what_a_line_names_is_found() {
    let table: [(&str, &[&str]); 5] = [
        ("use crate::sys::disk;", &["sys"]),
        ("/// See [`x`](crate::state::jobs).", &["state"]),
        ("use crate::{sys, state};", &[""]),
        ("let x = crate::daemon::f(crate::sys::g);", &["daemon", "sys"]),
        ("use super::disk;", &[]),
    ];
    for (line, rooms) in table {
        assert_eq!(named(line).collect::<Vec<_>>(), rooms, "{line}");
    }
}
