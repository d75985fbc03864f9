//! `av1cli skip`, `unskip` and `retry` without a daemon: which markers they write and remove, and which they leave
//! alone.

#![cfg(test)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use av1d_tests::Library;

#[test]
fn a_film_that_is_skipped_is_left_alone_until_it_is_unskipped() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    let name = OsStr::from_bytes(b"Film \xff\n.mkv");
    library.film(name);

    let run = library.run([OsStr::new("skip"), name]).exits_with(0);
    assert!(run.text().ends_with("Film \u{fffd}\\n.mkv is left alone from now on\n"), "{run}");
    let again = library.run([OsStr::new("skip"), name]).exits_with(0);
    assert!(again.text().ends_with("is left alone already\n"), "{again}");
    library.watch_once().exits_with(0).says("[skip-marker]").says("0 replaced");

    let run = library.run([OsStr::new("unskip"), OsStr::new("--json"), name]).exits_with(0);
    let document = run.documents().remove(0);
    assert_eq!(document["ok"], true);
    let path = library.path(name);
    let hex =
        path.as_os_str().as_bytes().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    assert_eq!(document["path_hex"], hex);
    library.watch_once().exits_with(0).says("1 replaced");
}

#[test]
fn a_folder_is_skipped_with_all_that_is_below() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    library.film("Series/Season 1/a.mkv");
    library.run(["skip", "Series"]).exits_with(0);
    assert_eq!(library.files(), ["Series/.av1skip", "Series/Season 1/a.mkv"]);
    library.watch_once().exits_with(0).says("0 replaced, 1 skipped");

    let run = library.run(["unskip", "Series/Season 1/a.mkv"]).exits_with(0);
    assert!(run.text().contains("has no marker of its own, but "), "{run}");
    assert!(run.text().ends_with("films/Series/.av1skip still excludes it\n"), "{run}");
    library.run(["unskip", "Series"]).exits_with(0);
    assert_eq!(library.files(), ["Series/Season 1/a.mkv"]);
}

#[test]
fn somebodys_own_marker_goes_only_by_force() {
    let Some(library) = Library::open() else { return };
    fs::write(library.path("a.mkv"), "film").unwrap();
    fs::write(library.path("a.mkv.av1skip"), "keep the grain").unwrap();
    let run = library.run(["unskip", "--json", "a.mkv"]).exits_with(1);
    assert_eq!(run.documents()[0]["code"], "foreign-marker");
    let run = run.says("a.mkv.av1skip holds somebody's own text: keep the grain");
    run.says("hint: read it first; `av1cli unskip --force` removes it");
    assert_eq!(fs::read(library.path("a.mkv.av1skip")).unwrap(), b"keep the grain");
    library.run(["unskip", "--force", "a.mkv"]).exits_with(0);
    assert_eq!(library.files(), ["a.mkv"]);

    fs::write(library.path("a.mkv.av1skip"), "").unwrap();
    library.run(["unskip", "a.mkv"]).exits_with(0);
    assert_eq!(library.files(), ["a.mkv"]);
}

#[test]
fn another_tools_marker_excludes_every_film_of_its_name_and_goes_only_by_force() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    for film in ["Film.mkv", "Film.mp4", "Other.mkv"] {
        library.film(film);
    }
    let marker = library.path("Film.av1skip");
    fs::write(&marker, "").unwrap();

    let run = library.watch_once().exits_with(0).says("1 replaced, 2 skipped, 0 failed");
    let run = run.says("scan: 3 film(s) in the library, 2 of them left alone (2 skip-marker)");
    let why = "[skip-marker]: another tool's .av1skip marker, of its name without the extension, excludes it";
    for film in ["Film.mkv", "Film.mp4"] {
        assert!(run.stderr.contains(&format!("{} {why}", library.path(film).display())), "{run}");
    }
    library.encode("Film.mp4").exits_with(0).says(why);
    library.run(["plan", "Film.mp4"]).exits_with(0).prints_nothing().says("[skip-marker]");
    assert_eq!(library.files(), ["Film.av1skip", "Film.mkv", "Film.mp4", "Other.mkv"]);

    let run = library.run(["unskip", "--json", "Film.mkv"]).exits_with(1);
    assert_eq!(run.documents()[0]["code"], "foreign-marker");
    run.says("Film.av1skip isn't av1d's and excludes every film of that name").says("hint: ");
    // av1d's own marker is created and removed beside the foreign one.
    library.run(["skip", "Film.mkv"]).exits_with(0);
    let run = library.run(["unskip", "Film.mkv"]).exits_with(0);
    assert!(run.text().ends_with("films/Film.av1skip still excludes it\n"), "{run}");
    assert!(marker.exists());

    library.run(["unskip", "--force", "Film.mkv"]).exits_with(0);
    library.watch_once().exits_with(0).says("2 replaced");
    assert_eq!(library.files(), ["Film.mkv", "Film.mp4", "Other.mkv"]);
}

#[test]
fn only_films_and_folders_of_the_library_get_a_marker() {
    let Some(library) = Library::open() else { return };
    fs::create_dir_all(library.scratch().join("deep")).unwrap();
    let outside = library.scratch().join("passwd");
    fs::write(&outside, "").unwrap();
    fs::write(library.scratch().join("passwd.av1skip"), "").unwrap();
    fs::write(library.path("notes.txt"), "").unwrap();
    fs::write(library.path("Film.mkv"), "").unwrap();
    std::os::unix::fs::symlink(library.scratch(), library.path("link")).unwrap();
    std::os::unix::fs::symlink(library.path("Film.mkv"), library.path("link.mkv")).unwrap();
    let files = || (library.files(), fs::read_dir(library.scratch()).unwrap().count());
    let before = files();
    for (path, code) in [
        (outside.clone(), "outside-library"),
        (library.scratch(), "outside-library"),
        ("/".into(), "outside-library"),
        (library.path("link/passwd"), "outside-library"),
        (library.path("link/deep"), "outside-library"),
        (library.path("link"), "no-such-film"),
        (library.path("link.mkv"), "no-such-film"),
        (library.path("notes.txt"), "no-such-film"),
        (library.path("gone/Film.mkv"), "no-such-film"),
    ] {
        for command in ["skip", "unskip"] {
            let run = library.run([command.as_ref(), "--json".as_ref(), path.as_os_str()]).exits_with(1);
            let document = run.documents().remove(0);
            assert_eq!((&document["ok"], &document["code"]), (&false.into(), &code.into()), "{run}");
            run.says("\nhint: ");
        }
    }
    let run = library.run([OsStr::new("skip"), outside.as_os_str()]).exits_with(1);
    run.says(format!("lies outside the library ({})", library.root().display())).says("`library_roots`");
    assert_eq!(files(), before);
    library.run(["skip", "."]).exits_with(0);
    library.run(["unskip", "."]).exits_with(0);
}

#[test]
fn one_that_cant_be_skipped_doesnt_keep_the_others_from_it() {
    let Some(library) = Library::open() else { return };
    fs::write(library.path("a.mkv"), "film").unwrap();
    let run = library.run(["skip", "--json", "gone.mkv", "a.mkv"]).exits_with(1);
    let documents = run.documents();
    assert_eq!((&documents[0]["ok"], &documents[0]["code"]), (&false.into(), &"no-such-film".into()));
    assert_eq!(
        (&documents[1]["ok"], &documents[1]["path"]),
        (&true.into(), &library.path("a.mkv").to_str().into())
    );
    run.says("gone.mkv: ").says("hint: check the path");
    assert_eq!(library.files(), ["a.mkv", "a.mkv.av1skip"]);
}

#[test]
fn a_film_whose_result_was_too_big_is_tried_again_by_retry() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    library.film("Film.mkv");
    library.set("max_size_ratio", 0.01);
    library.watch_once().exits_with(0).says("[too-big]");
    assert!(library.files().contains(&"Film.mkv.av1skip".to_owned()));

    let run = library.run(["retry", "Film.mkv"]).exits_with(0);

    assert!(run.text().ends_with("Film.mkv is tried again by the next daemon\n"), "{run}");
    assert!(!library.files().contains(&"Film.mkv.av1skip".to_owned()));
    library.watch_once().exits_with(0).says("[too-big]");
    // A person's marker stays, and av1d's own stays with it.
    fs::write(library.path(".av1skip"), "").unwrap();
    let run = library.run(["retry", "--json", "Film.mkv"]).exits_with(1);
    assert_eq!(run.documents()[0]["code"], "excluded");
    run.says("films/.av1skip excludes ").says("hint: take that marker away first, with `av1cli unskip`");
    assert!(library.files().contains(&"Film.mkv.av1skip".to_owned()));
    library.run(["unskip", "."]).exits_with(0);
    library.run(["retry", "Film.mkv"]).exits_with(0);
    library.run(["skip", "Film.mkv"]).exits_with(0);
    library.run(["retry", "Film.mkv"]).exits_with(1).says("Film.mkv.av1skip excludes ");
}
