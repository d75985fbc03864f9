//! Films that are skipped because they can't or shouldn't be replaced where they are; this is found before hours of
//! encoding.

#![cfg(test)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use av1d_tests::{Library, PICTURE, Running, Script, skipped, wait_until, with_argument};

/// The user id of `nobody`.
const NOBODY: u32 = 65534;

fn library() -> Option<Library> {
    let mut library = Library::open()?;
    library.hurry();
    library.film("Film.mkv");
    Some(library)
}

/// Asserts that the film is skipped with this code: it is unchanged, and there is no job and no other file.
#[track_caller]
fn assert_left_alone(library: &Library, code: &str, mut command: Command) {
    let before = fs::read(library.path("Film.mkv")).unwrap();
    let run = Running::start(&mut command, b"").wait().exits_with(0);
    run.says(format!("Film.mkv [{code}]")).says("0 replaced, 1 skipped, 0 failed");
    assert!(fs::read(library.path("Film.mkv")).unwrap() == before);
    assert_eq!(library.files(), ["Film.mkv"]);
    assert!(library.jobs().is_empty(), "a film that is left alone is no job");
}

fn once(library: &Library) -> Command {
    library.command(["watch", "--once"])
}

/// The same command under strace, with system calls that fail as on other file systems. Returns `None` if strace is
/// missing.
fn failing(command: &Command, faults: &[&str]) -> Option<Command> {
    if Command::new("strace").arg("-V").output().is_err() {
        skipped("strace is missing");
        return None;
    }
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-o", "/dev/null", "--seccomp-bpf"]);
    for fault in faults {
        traced.args(["-e", &format!("inject={fault}")]);
    }
    traced
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir().unwrap());
    traced.env("HOME", "/nonexistent");
    Some(traced)
}

#[test]
fn a_film_without_the_owners_write_bit() {
    let Some(library) = library() else { return };
    let film = library.path("Film.mkv");
    fs::set_permissions(&film, Permissions::from_mode(0o444)).unwrap();
    assert_left_alone(&library, "read-only", once(&library));

    library.run(["encode", "--ignore", "read-only", "Film.mkv"]).exits_with(0).says("[replaced]");
    library.media("Film.mkv").is_av1();
    assert_eq!(fs::metadata(&film).unwrap().mode() & 0o777, 0o444, "it stays as protected as it was");
}

#[test]
fn a_film_with_other_names_unless_the_config_says_otherwise() {
    let Some(mut library) = library() else { return };
    let other = library.scratch().join("seeding.mkv");
    fs::hard_link(library.path("Film.mkv"), &other).unwrap();
    assert_left_alone(&library, "hardlinked", once(&library));

    let original = fs::read(&other).unwrap();
    library.set("hardlinked", "replace");
    library.watch_once().exits_with(0).says("1 replaced");
    library.media("Film.mkv").is_av1();
    assert!(fs::read(&other).unwrap() == original, "the other name keeps the original");
    assert_eq!(fs::metadata(&other).unwrap().nlink(), 1);
    assert_eq!(library.files(), ["Film.mkv"]);
}

#[test]
fn a_film_on_a_file_system_without_a_safe_rename() {
    let Some(library) = library() else { return };
    let faults = ["link,linkat:error=EPERM", "renameat2:error=EINVAL"];
    let Some(command) = failing(&once(&library), &faults) else { return };
    assert_left_alone(&library, "no-safe-rename", command);
}

#[test]
fn without_hard_links_a_film_is_replaced_by_renames_that_overwrite_nothing() {
    let Some(library) = library() else { return };
    library.make("Other.avi", &PICTURE.replace("libx264 -preset ultrafast -crf 10", "mpeg4 -q:v 2"));
    let Some(mut command) = failing(&once(&library), &["link,linkat:error=EPERM"]) else { return };
    Running::start(&mut command, b"").wait().exits_with(0).says("2 replaced");
    assert_eq!(library.files(), ["Film.mkv", "Other.mkv"]);
    library.media("Film.mkv").is_av1();
    library.media("Other.mkv").is_av1();
}

#[test]
fn a_film_in_a_folder_that_cant_be_written_to_or_of_a_foreign_owner() {
    let Some(mut library) = library() else { return };
    if !rustix::process::geteuid().is_root() {
        return skipped("only root can be somebody else");
    }
    let home = library.root().parent().unwrap().to_owned();
    fs::create_dir(library.state()).unwrap();
    for folder in [&home, &library.state()] {
        chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    // Copies a program into the test's folder: other users may have no access to its original folder.
    let bring = |program: &Path| {
        let copy = home.join(program.file_name().unwrap());
        // Another process makes the copy: a program that is open for writing can't be run.
        assert!(Command::new("cp").args([program, &copy]).status().unwrap().success());
        copy
    };
    let program = bring(Path::new(once(&library).get_program()));
    let (ffmpeg, ffprobe) = (bring(&library.tools.ffmpeg), bring(&library.tools.ffprobe));
    library.set("ffmpeg", ffmpeg.to_str().unwrap());
    library.set("ffprobe", ffprobe.to_str().unwrap());
    let as_nobody = || {
        let mut command = Command::new(&program);
        command.args(once(&library).get_args()).current_dir(library.root()).env("HOME", "/nonexistent");
        command.uid(NOBODY).gid(NOBODY);
        command
    };
    assert_left_alone(&library, "folder-read-only", as_nobody());

    chown(library.root(), Some(NOBODY), Some(NOBODY)).unwrap();
    assert_left_alone(&library, "foreign-owner", as_nobody());

    chown(library.path("Film.mkv"), Some(NOBODY), Some(NOBODY)).unwrap();
    Running::start(&mut as_nobody(), b"").wait().exits_with(0).says("1 replaced");
}

#[test]
fn a_library_that_another_av1d_works_on_whatever_its_state_folder() {
    let Some(mut library) = library() else { return };
    library.replace_ffmpeg(Script { when: "-progress", does: "exec sleep 60" });
    let first = library.start(["watch", "--once"]);
    wait_until("the first encodes", || first.has_said("encode: "));

    let elsewhere = library.scratch().join("another state");
    library.set("job_state_dir", elsewhere.to_str().unwrap());
    let second = library.watch_once().exits_with(4);
    second.says("is held by another av1d (process ").says("hint: let it work");
    assert_eq!(library.files().len(), 2, "the film, and the result that the first writes");
}

#[test]
fn what_outlived_a_killed_av1d_is_ended_at_the_next_start() {
    let Some(mut library) = library() else { return };
    // The stand-in's child process doesn't die with av1d, nor does a script's in general.
    library.replace_ffmpeg(Script { when: "-progress", does: "sleep 300 & wait" });
    let first = library.start(["watch", "--once"]);
    wait_until("the job says which process works for it", || {
        library.jobs().first().is_some_and(|job| job["child"].is_object())
    });
    let group = library.job()["child"]["pid"].as_u64().unwrap();
    let sleeping = || av1d_tests::in_group(group);
    wait_until("its child sleeps", || sleeping().len() == 2);
    av1d_tests::signal(first.id(), av1d_tests::Signal::KILL);
    first.wait();
    wait_until("ffmpeg itself is gone", || sleeping().len() == 1);

    let real = library.tools.ffmpeg.clone();
    library.set("ffmpeg", real.to_str().unwrap());
    library.watch_once().exits_with(0).says("1 replaced");
    assert!(sleeping().is_empty());
    assert_eq!(library.files(), ["Film.mkv"]);
}

#[test]
fn a_job_file_that_is_damaged_is_set_aside_and_work_goes_on() {
    let Some(library) = library() else { return };
    fs::create_dir_all(library.state()).unwrap();
    fs::write(library.state().join("20260101-000000-000000.json"), "").unwrap();
    fs::write(library.state().join("20260101-000000-000001.json"), r#"{"format":"av1.job","version":"9.0"}"#)
        .unwrap();

    let run = library.watch_once().exits_with(0).says("1 replaced");
    run.says("it can't be read as a job").says("a newer av1d wrote it (version 9.0)");
    let names: Vec<String> = fs::read_dir(library.state())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("20260101"))
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(
        names
            .iter()
            .any(|name| name.starts_with("20260101-000000-000000.json.") && name.ends_with(".damaged"))
    );
    assert!(names.contains(&"20260101-000000-000001.json".to_owned()), "it is the newer program's");
}

#[test]
fn a_film_that_is_excluded_while_it_is_encoded() {
    let Some(mut library) = Library::open() else { return };
    library.set("prefer_encoder", "rav1e");
    library.film("Film.mkv");
    let film = library.path("Film.mkv");
    let before = fs::read(&film).unwrap();
    let run = library.start(["encode", "Film.mkv"]);
    wait_until("it is encoded", || !with_argument("ffmpeg", &library.root()).is_empty());
    // `encode` has no control socket through which it could be asked to end; it finds the marker instead.
    library.run(["skip", "Film.mkv"]).exits_with(0);
    run.wait().exits_with(0).says("Film.mkv [cancelled]");
    assert!(fs::read(&film).unwrap() == before);
    assert_eq!(library.files(), ["Film.mkv", "Film.mkv.av1skip"]);
}
