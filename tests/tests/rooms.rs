//! Checks which "rooms" of a crate may refer to which. A room is a top-level module: a folder or a file of the crate's
//! `src`. Code refers to another room by `crate::ROOM`.
//!
//! A room may only refer to rooms on lower floors, so that a lower room can be read, tested and changed without those
//! above it. Comments may link anywhere.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A crate and its rooms (top-level modules), each with the number of its floor. Code may only refer to lower floors.
struct House {
    name: &'static str,
    rooms: &'static [(&'static str, u8)],
}

const HOUSES: [House; 3] = [
    House {
        name: "av1plan",
        rooms: &[
            ("name", 1),
            ("number", 1),
            ("setters", 1),
            ("probe", 2),
            ("plan", 3),
            ("config", 4),
            ("sample", 4),
            ("toolchain", 4),
            ("judge", 5),
            ("rules", 5),
            ("command", 6),
            ("explain", 6),
            ("wire", 7),
        ],
    },
    House {
        name: "av1exec",
        rooms: &[
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
        ],
    },
    House { name: "av1cli", rooms: &[("output", 1), ("args", 2), ("setup", 3), ("commands", 4)] },
];

impl House {
    fn source(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(self.name).join("src")
    }

    fn floor(&self, room: &str) -> Option<u8> {
        self.rooms.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
    }

    /// The rooms in `src`, each with its Rust files.
    fn found(&self) -> Vec<(String, Vec<PathBuf>)> {
        let entries = fs::read_dir(self.source()).unwrap().map(|entry| entry.unwrap().path());
        let rooms = entries.filter(|path| !path.ends_with("lib.rs") && !path.ends_with("main.rs"));
        rooms.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), files(&path))).collect()
    }
}

/// The file itself if it is a Rust file, or the Rust files below a folder.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap();
        return entries.flat_map(|entry| files(&entry.unwrap().path())).collect();
    }
    if path.extension().is_some_and(|extension| extension == "rs") {
        vec![path.to_owned()]
    } else {
        Vec::new()
    }
}

/// The rooms that a line of code refers to, in a `use` or a path. A group right after `crate::` would hide the rooms in
/// it, so it is reported as a room with an empty name.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let code = Some(line).filter(|line| !line.trim_start().starts_with("//"));
    code.unwrap_or_default().split("crate::").skip(1).map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}

#[test]
fn every_file_is_in_a_room_of_the_table() {
    for house in &HOUSES {
        let found: BTreeSet<String> = house.found().into_iter().map(|(room, _)| room).collect();
        let rooms: BTreeSet<String> = house.rooms.iter().map(|(room, _)| (*room).to_owned()).collect();
        assert_eq!(found, rooms, "{}", house.name);
    }
}

#[test]
fn each_room_names_only_rooms_below_it() {
    for house in &HOUSES {
        let (mut wrong, mut arrows) = (Vec::new(), 0);
        for (room, files) in house.found() {
            let own = house.floor(&room);
            for path in files {
                let text = fs::read_to_string(&path).unwrap();
                for (number, line) in (1..).zip(text.lines()) {
                    for other in named(line).filter(|other| *other != room) {
                        arrows += 1;
                        if house.floor(other).is_none_or(|floor| Some(floor) >= own) {
                            wrong.push(format!("{}:{number}: {}", path.display(), line.trim()));
                        }
                    }
                }
            }
        }
        assert!(arrows > 20, "{}: only {arrows} were found: is the search still right?", house.name);
        let name = house.name;
        assert!(wrong.is_empty(), "{name}: these name no room below their own:\n{}", wrong.join("\n"));
    }
}

#[test]
fn what_a_line_names_is_found() {
    let table: [(&str, &[&str]); 6] = [
        ("use crate::sys::disk;", &["sys"]),
        ("    /// See [`x`](crate::state::jobs).", &[]),
        ("use crate::{sys, state};", &[""]),
        ("use crate::*;", &[""]),
        ("let x = crate::daemon::f(crate::sys::g);", &["daemon", "sys"]),
        ("use super::disk;", &[]),
    ];
    for (line, rooms) in table {
        assert_eq!(named(line).collect::<Vec<_>>(), rooms, "{line}");
    }
}
