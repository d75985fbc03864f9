//! Folders of NAS systems and file managers, and links: they are passed over, counted and told.

#![cfg(test)]

use std::fs;
use std::os::unix::fs::symlink;

use av1d_tests::{Library, Signal, signal, wait_until};

/// A film in the library, and copies of it where no film of a user is.
fn library() -> Option<Library> {
    let mut library = Library::open()?;
    library.hurry();
    let film = library.film("Film.mkv");
    for folder in ["@eaDir/Film.mkv", "Series/@eaDir", "#Recycle", ".Trash-1000/files", ".hidden", "Series"] {
        fs::create_dir_all(library.path(folder)).unwrap();
        fs::copy(&film, library.path(folder).join("F.mkv")).unwrap();
    }
    symlink(&film, library.path("Link.mkv")).unwrap();
    symlink(library.path("Series"), library.path("Shows")).unwrap();
    Some(library)
}

const WORDS: &str = "4 folders are ignored (#recycle, .Trash*, @eaDir), 2 links are not followed";

#[test]
fn a_plan_counts_them() {
    let Some(library) = library() else { return };
    let run = library.run(["plan", "."]).exits_with(0);
    let last = run.text().lines().last().unwrap();
    assert!(last.starts_with("2 to encode (") && last.ends_with(&format!("0 to skip; {WORDS}")), "{run}");
    let run = library.run(["plan", "--json", "."]).exits_with(0).says(WORDS);
    assert_eq!(run.documents().len(), 2);
}

#[test]
fn the_daemon_counts_them_and_a_config_may_ignore_others() {
    let Some(mut library) = library() else { return };
    library.set("stable_secs", 3600);
    let run = library.start(["watch"]);
    wait_until("it is told", || run.has_said(&format!("scan: 2 film(s) in the library; {WORDS}")));
    let status = library.run(["status"]).exits_with(0);
    assert!(status.text().contains("4 folder(s) ignored, 2 link(s) not followed"), "{status}");

    library.set("ignored_folders", vec!["ser*"]);
    signal(run.id(), Signal::HUP);
    wait_until("the change is applied", || {
        run.has_said("scan: 3 film(s) in the library; 1 folder is ignored (ser*), 2 links are not followed")
    });
    library.set("ignored_folders", Vec::<String>::new());
    let plan = library.run(["plan", "."]).exits_with(0);
    assert!(plan.text().contains("5 to encode (") && !plan.text().contains("ignored"), "{plan}");
}

#[test]
fn a_name_that_no_folder_has_is_refused() {
    let Some(mut library) = library() else { return };
    library.set("ignored_folders", vec!["@eaDir", "a/b", "*"]);
    library
        .run(["plan", "."])
        .exits_with(2)
        .says("ignored_folders")
        .says("a/b")
        .says("a list, which may be empty");
}
