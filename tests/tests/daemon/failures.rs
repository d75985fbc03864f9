//! Failures while the daemon runs: of an encode, of a folder that can't be read, of a full disk.

use std::fs;
use std::path::Path;
use std::process::Command;

use av1d_tests::{Library, Running, Script, wait_until};

use crate::{encodes, quick, replaced, start_daemon, status, stop};

#[test]
fn a_failure_rests_until_somebody_asks() {
    let Some(mut library) = quick() else { return };
    library.film("Film.mkv");
    let broken = library.scratch().join("broken");
    fs::write(&broken, "").unwrap();
    let does = format!("test -e '{}' && exit 1", broken.display());
    library.replace_ffmpeg(Script { when: "-progress", does: &does });
    let run = library.watch_once().exits_with(1).says("0 replaced, 0 skipped, 1 failed");
    assert_eq!(encodes(&run), ["Film.mkv"]);

    fs::remove_file(broken).unwrap();
    library.watch_once().exits_with(0).says_no("encode: ").says("0 replaced, 0 skipped, 0 failed");
    library.run(["retry", "Film.mkv"]).exits_with(0);
    library.watch_once().exits_with(0).says("1 replaced");
}

#[test]
fn a_folder_that_cant_be_read_is_named_once() {
    let Some(mut library) = quick() else { return };
    library.set("scan_interval_secs", 1);
    library.film("Film.mkv");
    // The path is longer than the longest that the kernel takes, so not even root can read the folder. It is made of
    // two halves that are short enough.
    let half = |below: &Path| (0..11).fold(below.to_owned(), |path, _| path.join("d".repeat(200)));
    let second = library.scratch().join("second");
    fs::create_dir_all(half(&second)).unwrap();
    let first = half(&library.path("deep"));
    fs::create_dir_all(&first).unwrap();
    fs::rename(second, first.join("second")).unwrap();

    let run = start_daemon(&library);
    wait_until("the film is replaced", || replaced(&library) == 1);
    let scanned = || status(&library)["last_scan"]["ended"].clone();
    for _ in 0..2 {
        let last = scanned();
        wait_until("it looks again", || scanned() != last);
    }

    assert_eq!(status(&library)["last_scan"]["unreadable"], 1);
    let run = stop(run);
    assert_eq!(run.stderr.matches("can't be read and is passed over").count(), 1, "{run}");
}

#[test]
fn a_full_disk_of_the_state_folder_stops_encodes_and_is_said() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    let original = fs::read(library.film("Film.mkv")).unwrap();
    let state = library.scratch().join("small");
    fs::create_dir(&state).unwrap();
    // A small disk in a mount namespace that only this run has, with hardly any free space.
    let script =
        "mount -t tmpfs -o size=4m none \"$0\" && head -c 3900000 /dev/zero > \"$0/ballast\" && exec \"$@\"";
    let possible =
        Command::new("unshare").args(["--mount", "sh", "-c", script]).arg(&state).arg("true").output();
    if !possible.is_ok_and(|output| output.status.success()) {
        return av1d_tests::skipped("nothing can be mounted here");
    }
    library.set("job_state_dir", state.to_str().unwrap());
    let once = library.command(["watch", "--once"]);
    let mut full = Command::new("unshare");
    full.args(["--mount", "sh", "-c", script]).arg(&state).arg(once.get_program()).args(once.get_args());
    full.current_dir(library.root()).env("HOME", "/nonexistent");
    let run = Running::start(&mut full, b"").wait().exits_with(1);
    run.says("its disk is full: no encode is begun").says("0 replaced, 0 skipped, 1 failed");
    assert!(fs::read(library.path("Film.mkv")).unwrap() == original);
    assert_eq!(library.files(), ["Film.mkv"]);
    library.watch_once().exits_with(0).says("1 replaced");
}
