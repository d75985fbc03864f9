//! The daemon's index of films, so that no film is probed twice: after damage to the index, and for every kind of name
//! and path.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use av1d_tests::{Library, PICTURE, Script};

use crate::{encodes, quick};

/// ffmpeg's arguments for an AV1 film.
fn av1() -> String {
    PICTURE.replace("libx264 -preset ultrafast", "libsvtav1 -preset 12")
}

/// An ffprobe that counts how often it reads a file.
struct Counter(PathBuf);

impl Counter {
    fn install(library: &mut Library) -> Self {
        let count = library.scratch().join("probes");
        let does = format!("echo x >> '{}'", count.display());
        library.replace_ffprobe(Script { when: "file:", does: &does });
        Self(count)
    }

    /// Returns the count since the last call, and resets it.
    fn take(&self) -> usize {
        let count = fs::read(&self.0).unwrap_or_default().len() / 2;
        drop(fs::remove_file(&self.0));
        count
    }
}

#[test]
fn an_unchanged_film_is_never_probed_again() {
    let Some(mut library) = quick() else { return };
    library.make("Already.mkv", &av1());
    library.make("Sound.mkv", "-f lavfi -i sine=duration=3 -c:a flac");
    let probes = Counter::install(&mut library);
    library.watch_once().exits_with(0).says("[already-av1]").says("[no-video]");
    assert!(probes.take() >= 2, "the counter counts");
    library.watch_once().exits_with(0).says("0 replaced, 2 skipped, 0 failed").says_no("skip: ");
    assert_eq!(probes.take(), 0);

    library.set("quality_tier", "very_high");
    library.watch_once().exits_with(0).says("Already.mkv [already-av1]").says("Sound.mkv [no-video]");
    assert_eq!(probes.take(), 0, "another config plans from what is known");

    let film = fs::File::options().append(true).open(library.path("Already.mkv")).unwrap();
    film.set_modified(SystemTime::now() + Duration::from_secs(5)).unwrap();
    library.watch_once().exits_with(0).says("Already.mkv [already-av1]").says_no("Sound.mkv");
    assert!(probes.take() > 0, "a film that was touched is a new one");

    library.film("Film.mkv");
    library.watch_once().exits_with(0).says("1 replaced");
    assert!(probes.take() > 0);
    library.watch_once().exits_with(0).says("0 replaced, 3 skipped, 0 failed").says_no("skip: ");
    assert_eq!(probes.take(), 0, "of a result of ours all is known");
}

#[test]
fn a_damaged_or_lost_index_costs_time_and_nothing_else() {
    let Some(library) = quick() else { return };
    library.film("Film.mkv");
    library.make("Already.mkv", &av1());
    library.watch_once().exits_with(0).says("1 replaced");
    let index = library.state().join("index.sqlite");
    let good = fs::read(&index).unwrap();
    // The first page says what the other pages contain.
    let cut_short = good[..4096].to_vec();
    let overwritten = [&good[..4096], &b"garbage ".repeat((good.len() - 4096) / 8)[..]].concat();
    let damages = [b"garbage".repeat(1000), overwritten, cut_short];
    for (count, damage) in damages.into_iter().enumerate() {
        fs::write(&index, damage).unwrap();
        let run =
            library.watch_once().exits_with(0).says("the index was damaged").says("2 skipped, 0 failed");
        assert_eq!(encodes(&run), [] as [&str; 0]);
        let names = fs::read_dir(library.state()).unwrap().map(|entry| entry.unwrap().file_name());
        let aside = names.filter(|name| {
            let name = name.to_string_lossy();
            name.starts_with("index.sqlite.") && name.ends_with(".damaged")
        });
        assert_eq!(aside.count(), count + 1, "{run}");
        library.watch_once().exits_with(0).says_no("damaged").says_no("skip: ");
    }

    fs::remove_file(&index).unwrap();
    let run = library.watch_once().exits_with(0).says_no("damaged").says("2 skipped, 0 failed");
    assert_eq!(encodes(&run), [] as [&str; 0]);
    assert_eq!(library.jobs().len(), 1);
}

#[test]
fn one_file_by_many_ways_is_one_film() {
    let Some(mut library) = quick() else { return };
    library.set("hardlinked", "replace");
    library.film("sub/Film.mkv");
    let other = library.path("sub/Other name.mkv");
    fs::hard_link(library.path("sub/Film.mkv"), &other).unwrap();
    let original = fs::read(&other).unwrap();
    // A file and a folder outside the library, to which symlinks lead.
    let outside = library.scratch().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::copy(&other, outside.join("Outside.mkv")).unwrap();
    symlink(&outside, library.path("link out")).unwrap();
    symlink(outside.join("Outside.mkv"), library.path("Link.mkv")).unwrap();
    let link = library.scratch().join("link to the root");
    symlink(library.root(), &link).unwrap();
    let roots = [link.clone(), library.root(), library.path("sub"), link.join("sub")];
    library.set("library_roots", roots.iter().map(|root| root.to_str().unwrap()).collect::<Vec<_>>());

    let run = library.watch_once().exits_with(0).says("1 replaced, 0 skipped, 0 failed");

    assert_eq!(encodes(&run), ["Film.mkv"]);
    library.media("sub/Film.mkv").is_av1();
    assert!(fs::read(&other).unwrap() == original, "the other name keeps the original");
    assert_eq!(fs::metadata(&other).unwrap().nlink(), 1);
    assert!(fs::read(outside.join("Outside.mkv")).unwrap() == original, "links lead nowhere");
}

#[test]
fn names_of_any_bytes_are_remembered_as_they_are() {
    let Some(mut library) = quick() else { return };
    // The names differ only in a byte that isn't valid UTF-8.
    let names = [b"Film \xff.mkv", b"Film \xfe.mkv"].map(|name| OsStr::from_bytes(name).to_owned());
    for name in &names {
        library.film(name);
    }
    let probes = Counter::install(&mut library);
    library.watch_once().exits_with(0).says("2 replaced");
    assert!(probes.take() > 0);
    for name in &names {
        library.media(name).is_av1();
    }
    let mut told: Vec<String> =
        library.jobs().iter().map(|job| job["path_hex"].as_str().unwrap().to_owned()).collect();
    told.sort();
    let hex = |name| {
        let bytes = library.path(name).into_os_string();
        bytes.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    };
    let mut expected: Vec<String> = names.iter().map(hex).collect();
    expected.sort();
    assert_eq!(told, expected);

    library.watch_once().exits_with(0).says("0 replaced, 2 skipped, 0 failed").says_no("encode: ");
    assert_eq!(probes.take(), 0, "the index knows them apart");
}
