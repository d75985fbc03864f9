//! Two av1d on one library: of other users, with roots that contain each other, in containers.

#![cfg(test)]

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use av1d_tests::{Library, Run, Running, Script, Signal, signal, skipped, wait_until, wrapped};

const NOBODY: u32 = 65534;

/// A library with a film in `tv` and one in `films`, and an ffmpeg that encodes for a minute.
fn library() -> Option<Library> {
    let mut library = Library::open()?;
    library.hurry();
    library.film("tv/Show.mkv");
    library.film("films/Film.mkv");
    library.replace_ffmpeg(Script { when: "-progress", does: "exec sleep 60" });
    Some(library)
}

/// Lets the config name this root and a state folder of its own.
fn configure(library: &mut Library, root: &Path, state: &str) {
    library.set("library_roots", vec![root.to_str().unwrap()]);
    library.set("job_state_dir", library.state().with_file_name(state).to_str().unwrap());
}

fn stop(run: Running) {
    signal(run.id(), Signal::TERM);
    run.wait();
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

#[test]
fn roots_that_contain_each_other_exclude_each_other() {
    let Some(mut library) = library() else { return };
    let (lib, tv, films) = (library.root(), library.path("tv"), library.path("films"));
    for (first, second) in [(&lib, &tv), (&tv, &lib)] {
        configure(&mut library, first, "first");
        let run = library.start(["watch", "--once"]);
        wait_until("the first encodes", || run.has_said("encode: "));

        configure(&mut library, second, "second");
        let refused = library.watch_once().exits_with(4);
        let held =
            format!("{}/.av1d.lock is held by another av1d (process {} on ", first.display(), run.id());
        refused.says(held).says(second.display().to_string()).says("hint: let it work");
        stop(run);
    }
    // A folder beside it is nobody's business.
    configure(&mut library, &tv, "first");
    let run = library.start(["watch", "--once"]);
    wait_until("the first encodes", || run.has_said("encode: "));
    configure(&mut library, &films, "second");
    let other = library.start(["watch", "--once"]);
    wait_until("the second encodes, too", || other.has_said("encode: "));
    stop(other);
    stop(run);
}

/// Copies the programs to where every user can reach them, and makes the library's config name them.
fn bring_programs(library: &mut Library) -> PathBuf {
    let home = library.root().parent().unwrap().to_owned();
    // Another process makes the copy: a program that is open for writing can't be run.
    let bring = |program: &Path, name: &str| {
        let copy = home.join(name);
        assert!(Command::new("cp").arg(program).arg(&copy).status().unwrap().success());
        copy
    };
    let program = bring(Path::new(library.command(["watch"]).get_program()), "av1cli");
    let (ffmpeg, ffprobe) =
        (bring(&library.tools.ffmpeg, "ffmpeg"), bring(&library.tools.ffprobe, "ffprobe"));
    library.set("ffmpeg", ffmpeg.to_str().unwrap());
    library.set("ffprobe", ffprobe.to_str().unwrap());
    program
}

/// Gives the films, but not the root with them, to another user. Returns the folder above the root, and one of that user.
fn give_to_nobody(library: &Library) -> (PathBuf, PathBuf) {
    let home = library.root().parent().unwrap().to_owned();
    let theirs = home.join("theirs");
    fs::create_dir(&theirs).unwrap();
    for path in ["", "films/tv", "films/films", "films/tv/Show.mkv", "films/films/Film.mkv", "theirs"] {
        chown(home.join(path), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    (home, theirs)
}

#[test]
fn a_strict_umask_hides_no_lock_from_another_user() {
    let Some(mut library) = library() else { return };
    if !is_root() {
        return skipped("only root can be somebody else");
    }
    let program = bring_programs(&mut library);
    // The library belongs to the second user, who could work in it.
    let (home, theirs) = give_to_nobody(&library);
    chown(library.root(), Some(NOBODY), Some(NOBODY)).unwrap();
    let mut strict = Command::new("sh");
    strict.args(["-c", "umask 077; exec \"$0\" \"$@\""]);
    let first = Running::start(&mut wrapped(&strict, &library.command(["watch"])), b"");
    wait_until("the first locks the library", || {
        library.path(".av1d.lock").exists() && first.has_said("scan: ")
    });
    assert_eq!(fs::metadata(library.path(".av1d.lock")).unwrap().mode() & 0o777, 0o644);

    library.set("job_state_dir", theirs.join("jobs").to_str().unwrap());
    let mut user = Command::new("setpriv");
    user.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
    user.args(library.command(["watch", "--once"]).get_args()).current_dir(&home).env("HOME", "/nonexistent");
    let second = Run::of(&mut user).exits_with(4);
    second.says(format!("(process {} on ", first.id()));
    stop(first);

    // Nobody is in the way any more. The second may only read the lock file, and holds the lock all the same.
    let second = Running::start(&mut user_watches(&user), b"");
    wait_until("the second works", || second.has_said("scan: "));
    library.set("job_state_dir", home.join("third").to_str().unwrap());
    let third = library.watch_once().exits_with(4);
    third.says(format!("(process {} on ", second.id()));
    stop(second);
}

/// The same command, but it doesn't end after one pass.
fn user_watches(once: &Command) -> Command {
    let mut command = Command::new(once.get_program());
    command.args(once.get_args().filter(|argument| *argument != "--once"));
    command.current_dir(once.get_current_dir().unwrap()).env("HOME", "/nonexistent");
    command
}

#[test]
fn a_root_that_cant_be_written_to_is_locked_and_it_is_said_what_that_means() {
    let Some(mut library) = library() else { return };
    if !is_root() {
        return skipped("only root can be somebody else");
    }
    let program = bring_programs(&mut library);
    // The root belongs to root, and only the folders in it to the user.
    let (home, theirs) = give_to_nobody(&library);
    fs::set_permissions(library.root(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    library.set("job_state_dir", theirs.join("jobs").to_str().unwrap());
    let mut user = Command::new("setpriv");
    user.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
    user.args(library.command(["watch"]).get_args()).current_dir(&home).env("HOME", "/nonexistent");
    let first = Running::start(&mut user, b"");
    wait_until("it is said", || first.has_said("no lock file can be made in it (Permission denied"));
    assert!(!library.path(".av1d.lock").exists());

    library.set("job_state_dir", home.join("second").to_str().unwrap());
    library.watch_once().exits_with(4).says(format!("{} is held by another av1d", library.root().display()));
    stop(first);
}

#[test]
fn a_film_outside_all_roots_keeps_others_out_of_its_folder_and_is_kept_out() {
    let Some(mut library) = library() else { return };
    let (tv, films) = (library.path("tv"), library.path("films"));
    configure(&mut library, &films, "first");
    let run = library.start(["encode", "tv/Show.mkv"]);
    wait_until("the film is encoded", || run.has_said("encode: "));
    configure(&mut library, &tv, "second");
    library.watch_once().exits_with(4).says(format!("{} is held by another av1d", tv.display()));
    stop(run);

    let run = library.start(["watch", "--once"]);
    wait_until("the other encodes", || run.has_said("encode: "));
    configure(&mut library, &films, "first");
    let refused = library.run(["encode", "tv/Show.mkv"]).exits_with(1);
    refused.says(format!("{}/.av1d.lock is held by another av1d (process {} on ", tv.display(), run.id()));
    stop(run);
}

/// A container sees a folder of the library, but not the folders above it.
#[test]
fn a_folder_of_the_library_that_a_container_has_as_its_root() {
    let Some(mut library) = library() else { return };
    let inner = library.scratch().join("inner");
    fs::create_dir(&inner).unwrap();
    let script = "mount --bind \"$0\" \"$1\" && shift && exec \"$@\"";
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "sh", "-c", script]).arg(library.path("tv")).arg(&inner);
    let possible = wrapped(&unshare, &Command::new("true")).output();
    if !possible.is_ok_and(|output| output.status.success()) {
        return skipped("nothing can be mounted here");
    }
    configure(&mut library, &inner, "inner");
    let container = Running::start(&mut wrapped(&unshare, &library.command(["watch", "--once"])), b"");
    wait_until("the container encodes", || container.has_said("encode: "));

    let root = library.root();
    configure(&mut library, &root, "outer");
    let outer = library.start(["watch"]);
    wait_until("the outer one encodes the other film", || outer.has_said("Film.mkv"));
    let lock = library.path("tv/.av1d.lock");
    let said =
        format!("passed over: {} is held by another av1d (process {} on ", lock.display(), container.id());
    wait_until("it is said who has the rest", || outer.has_said(&said));
    assert!(!outer.has_said("Show.mkv"));
    stop(container);

    // The next walk takes the folder, and then the container is refused, even while no film of it is worked on.
    signal(outer.id(), Signal::USR1);
    wait_until("the film of the container is seen", || {
        fs::read_to_string(&lock).unwrap().contains(&format!("\"pid\":{},", outer.id()))
    });
    configure(&mut library, &inner, "inner");
    let refused = Run::of(&mut wrapped(&unshare, &library.command(["watch", "--once"]))).exits_with(4);
    refused.says(format!("(process {} on ", outer.id()));
    stop(outer);
}
