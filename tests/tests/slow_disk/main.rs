//! Disks that hang, like a share whose server is away: the daemon answers, stops when asked to, and goes on when the
//! disk is back.

#![cfg(test)]

mod scene;

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use av1d_tests::{Call, PICTURE, Script, Signal, SlowDisk, av1cli, say, signal, wait_until, with_argument};

use scene::{Scene, start};

/// Checks the tests' own disk: it behaves like a normal disk, and hangs where it is told to.
#[test]
fn the_slow_disk_is_a_disk() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("at");
    let Some(disk) = SlowDisk::mount(&folder.path().join("behind"), &at) else { return };
    let script = "set -e; mkdir a; echo one > a/x; ln a/x y; test $(stat -c %h y) = 2; mv a b; cat b/x; rm y; \
                  test $(stat -c %h b/x) = 1; echo two >> b/x; touch -d @5 b/x; test $(stat -c %Y b/x) = 5; \
                  ln -s b/x l; test $(readlink l) = b/x; chmod 600 b/x; test $(stat -c %a b/x) = 600; \
                  head -c 3000000 /dev/urandom > big; cmp big big; sync big; sync .; truncate -s 10 big; \
                  test $(stat -c %s big) = 10; mkdir e; rmdir e; test \"$(ls)\" = \"$(printf 'b\\nbig\\nl')\"; df . > /dev/null";
    let done = Command::new("sh").args(["-c", script]).current_dir(&at).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    assert_eq!(fs::read(folder.path().join("behind/b/x")).unwrap(), b"one\ntwo\n");

    disk.hang([Call::Getattr, Call::Lookup], "b/x");
    let mut stat =
        Command::new("stat").arg(at.join("b/x")).stdout(std::process::Stdio::null()).spawn().unwrap();
    wait_until("it hangs", || disk.held() == 1);
    assert!(fs::metadata(at.join("big")).is_ok(), "the rest doesn't");
    stat.kill().unwrap();
    stat.wait().unwrap();
    assert_eq!(disk.held(), 0, "who is killed waits no more");
    let mut stat =
        Command::new("stat").arg(at.join("b/x")).stdout(std::process::Stdio::null()).spawn().unwrap();
    wait_until("it hangs", || disk.held() == 1);
    disk.go_on();
    assert!(stat.wait().unwrap().success());
    drop(disk);
    assert!(fs::read_dir(&at).unwrap().next().is_none(), "{}", Path::new(&at).display());
}

/// Calls that look up a name or read its attributes.
const LOOKS: [Call; 2] = [Call::Lookup, Call::Getattr];
/// Calls that write something.
const WRITES: [Call; 9] = [
    Call::Create,
    Call::Write,
    Call::Setattr,
    Call::Fsync,
    Call::Fsyncdir,
    Call::Rename,
    Call::Rename2,
    Call::Link,
    Call::Unlink,
];

#[test]
fn a_walk_hangs() {
    let Some(scene) = Scene::set() else { return };
    let run = scene.start();
    scene.disk.hang([Call::Opendir, Call::Readdir], "films");
    scene.bring_film(&run);
    scene.outlive("a walk", run);
}

#[test]
fn a_lock_hangs() {
    let Some(scene) = Scene::set() else { return };
    let run = scene.start();
    scene.disk.hang([Call::Lookup, Call::Open, Call::Create], ".av1d.lock");
    scene.bring_film(&run);
    scene.outlive("a root's lock", run);
}

#[test]
fn a_look_before_the_encode_hangs() {
    let Some(scene) = Scene::set() else { return };
    let run = scene.start();
    scene.library.run(["pause"]).exits_with(0);
    scene.bring_film(&run);
    wait_until("it is queued", || scene.library.run(["status", "--json"]).text().contains("\"queued\":1"));
    scene.disk.hang(LOOKS, "films/Film.mkv");
    scene.library.run(["resume"]).exits_with(0);
    scene.outlive("the look before an encode", run);
}

#[test]
fn the_writing_of_a_job_hangs() {
    for (what, calls, part) in [
        ("a job's sync", &[Call::Fsync][..], ".json"),
        ("a job's log", &[Call::Create], "/logs"),
        ("a job's word about its ffmpeg", &[Call::Rename, Call::Rename2], ".json"),
        ("what is written of a log", &[Call::Write], ".log"),
    ] {
        let Some(scene) = Scene::set() else { return };
        let run = scene.start();
        scene.disk.hang(calls.iter().copied(), part);
        scene.bring_film(&run);
        scene.outlive(what, run);
    }
}

#[test]
fn all_that_is_written_to_the_state_folder_hangs() {
    let Some(scene) = Scene::set() else { return };
    let run = scene.start();
    scene.disk.hang(WRITES, "/state/");
    scene.bring_film(&run);
    scene.outlive("all that is written to the state folder", run);
}

#[test]
fn the_index_hangs() {
    let Some(scene) = Scene::set() else { return };
    let run = scene.start();
    scene.disk.hang(WRITES, "index.sqlite");
    scene.bring_film(&run);
    scene.outlive("what is written to the index", run);

    // Only the daemon is asked for the status here. A second process that opens the index would wait in the kernel for
    // the page that is being read.
    let Some(scene) = Scene::set() else { return };
    let run = scene.start();
    scene.disk.hang(WRITES.into_iter().chain([Call::Read]), "index.sqlite");
    scene.bring_film(&run);
    scene.wait_until_it_hangs("the index");
    scene.end("the index", run);
    scene.disk.go_on();
    scene.converges();
}

/// The journal is written, but the writes into the index itself hang. The daemon then ends in the middle of a commit,
/// and readers do without the index until the next daemon rolls the commit back.
#[test]
fn a_commit_hangs() {
    let Some(scene) = Scene::set() else { return };
    let run = scene.start();
    scene.disk.hang_file([Call::Write, Call::Fsync], "/state/index.sqlite");
    scene.bring_film(&run);
    scene.wait_until_it_hangs("a commit");
    scene.library.run(["status"]).exits_with(0);
    scene.end("a commit", run);
    scene.library.run(["status"]).exits_with(0);
    let told = scene.library.run(["why", "Film.mkv"]).exits_with(0);
    assert!(told.text().contains("an av1d was cut off while it wrote it"), "{told}");
    scene.disk.go_on();
    scene.converges();
    let told = scene.library.run(["why", "Film.mkv"]).exits_with(0);
    assert!(!told.text().contains("cut off"), "{told}");
}

#[test]
fn a_replacement_hangs() {
    for (what, calls, part) in [
        ("the original's second name", &[Call::Link][..], "Film.mkv"),
        ("the last rename", &[Call::Rename, Call::Rename2], "av1tmp"),
        ("the removal of the original", &[Call::Unlink], "Film.mkv.orig"),
        ("the metadata of a result", &[Call::Setattr], "av1tmp"),
    ] {
        let Some(scene) = Scene::set() else { return };
        let run = scene.start();
        scene.disk.hang(calls.iter().copied(), part);
        scene.bring_film(&run);
        scene.outlive(what, run);
    }
}

#[test]
fn the_config_hangs() {
    let Some(scene) = Scene::set() else { return };
    let config = scene.folder.path().join("disk/config.toml");
    fs::copy(scene.library.config(), &config).unwrap();
    let run = start(av1cli().arg("--config").arg(&config).arg("watch"));
    scene.disk.hang([Call::Open, Call::Read], "config.toml");
    scene.bring_film(&run);
    signal(run.id(), Signal::HUP);
    scene.outlive("the config", run);
}

#[test]
fn a_marker_hangs() {
    let Some(scene) = Scene::set() else { return };
    let run = scene.start();
    scene.library.run(["pause"]).exits_with(0);
    scene.bring_film(&run);
    scene.disk.hang([Call::Create], "av1skip");
    let asking = scene.library.start(["skip", "Film.mkv"]);
    scene.library.run(["resume"]).exits_with(0);
    scene.outlive("a marker", run);
    drop(asking);
}

#[test]
fn a_program_hangs() {
    for name in ["ffprobe", "ffmpeg"] {
        let Some(mut scene) = Scene::set() else { return };
        let tools = scene.folder.path().join("disk/tools");
        fs::create_dir(&tools).unwrap();
        let real = scene.library.tools.ffmpeg.with_file_name(name);
        // A script that only runs the real program, so its file must be readable.
        let program = Script { when: "nothing that is ever asked for", does: "" }.install(&tools, &real);
        scene.library.set(name, program.to_str().unwrap());
        let run = scene.start();
        // The daemon runs ffmpeg at its start; waits until those runs have ended.
        wait_until("nothing is asked of a program", || {
            with_argument("ffmpeg", Path::new("lavfi")).is_empty()
        });
        scene.disk.hang([Call::Lookup, Call::Getattr, Call::Open], &format!("tools/{name}"));
        scene.bring_film(&run);
        scene.outlive(name, run);
    }
}

/// A disk that hangs for a while costs that time, but no film.
#[test]
fn what_hung_goes_on_when_the_disk_is_back() {
    for (what, calls, part) in [
        ("a job's sync", &[Call::Fsync][..], ".json"),
        ("the index", &[Call::Write, Call::Fsync], "index.sqlite"),
        ("the last rename", &[Call::Rename, Call::Rename2], "av1tmp"),
        ("a look at the film", &LOOKS, "films/Film.mkv"),
    ] {
        let Some(scene) = Scene::set() else { return };
        let run = scene.start();
        scene.bring_film(&run);
        scene.disk.hang(calls.iter().copied(), part);
        wait_until(&format!("{what} hangs"), || scene.disk.held() > 0);
        std::thread::sleep(Duration::from_secs(20));
        assert!(scene.ask() < Duration::from_secs(1), "{what}");
        scene.disk.go_on();
        wait_until("the film is replaced", || replaced(&scene) == 1);
        signal(run.id(), Signal::TERM);
        run.wait().exits_with(0).says("1 replaced, 0 skipped, 0 failed");
        scene.converges();
    }
}

/// A file that is opened at the start hangs: there is no control socket yet that could tell the status.
#[test]
fn a_start_that_hangs_ends_when_it_is_asked_to() {
    for (what, calls, part) in [
        ("the state folder's lock", &[Call::Lookup, Call::Create, Call::Open][..], "state/lock"),
        ("a root's lock", &[Call::Lookup, Call::Create, Call::Open], ".av1d.lock"),
        ("the jobs", &[Call::Opendir], "/state"),
        ("the socket", &[Call::Mknod, Call::Lookup], "control.sock"),
        ("the index", &[Call::Lookup, Call::Create, Call::Open, Call::Read], "index.sqlite"),
        ("the index's writes", &WRITES, "index.sqlite"),
    ] {
        let Some(scene) = Scene::set() else { return };
        scene.library.film("Film.mkv");
        scene.disk.hang(calls.iter().copied(), part);
        let run = scene.library.start(["watch"]);
        wait_until(&format!("{what} hangs"), || scene.disk.held() > 0);
        std::thread::sleep(Duration::from_secs(1));
        let asked = Instant::now();
        signal(run.id(), Signal::TERM);
        let run = run.wait();
        assert!(asked.elapsed() < Duration::from_secs(15), "{what}: {:?}\n{run}", asked.elapsed());
        say(&format!("{what} hangs at the start: the end takes {:.1?}", asked.elapsed()));
        scene.disk.go_on();
        scene.converges();
    }
}

/// One of several shares hangs: films on the others are encoded, the log says which share doesn't answer, and its films
/// are encoded when it is back.
#[test]
fn a_root_that_hangs_keeps_nobody_from_the_others() {
    for (calls, part) in [(&[Call::Lookup, Call::Open][..], "films/.av1d.lock"), (&[Call::Opendir], "films")]
    {
        let Some(mut scene) = Scene::set() else { return };
        let other = scene.folder.path().join("other");
        fs::create_dir(&other).unwrap();
        scene
            .library
            .set("library_roots", vec![scene.library.root().to_str().unwrap(), other.to_str().unwrap()]);
        // So that the daemon's loop checks the time every few seconds.
        scene.library.set("max_concurrent_jobs", "auto");
        let (notified, watchdog) = service_manager(scene.folder.path());
        let run = start(scene.library.command(["watch"]).env("NOTIFY_SOCKET", &watchdog));
        scene.disk.hang(calls.iter().copied(), part);
        scene.bring_film(&run);
        wait_until("it hangs", || scene.disk.held() > 0);
        let hung = Instant::now();
        scene.library.tools.make(&scene.library.scratch(), PICTURE, &other.join(".draft.mkv"));
        fs::rename(other.join(".draft.mkv"), other.join("Other.mkv")).unwrap();
        signal(run.id(), Signal::USR1);
        wait_until("the other root's film is replaced", || {
            run.has_said("1 replaced") || replaced(&scene) == 1
        });
        wait_until("it is said which root hangs", || run.has_said("hasn't answered for"));
        assert!(hung.elapsed() > Duration::from_secs(20));
        let shown = scene.library.run(["status"]).exits_with(0);
        assert!(shown.text().contains("hasn't answered for"), "{shown}");
        assert!(beats(&notified) > 2, "the watchdog is fed");
        assert_eq!(scene.library.media("Film.mkv").codecs("video"), ["h264"]);

        scene.disk.go_on();
        wait_until("the root's film is replaced, too", || replaced(&scene) == 2);
        signal(run.id(), Signal::TERM);
        run.wait().exits_with(0).says("2 replaced");
        scene.converges();
    }
}

fn replaced(scene: &Scene) -> usize {
    scene.library.jobs().iter().filter(|job| job["outcome"]["code"] == "replaced").count()
}

/// A socket on which a service manager listens.
fn service_manager(folder: &Path) -> (UnixDatagram, PathBuf) {
    let path = folder.join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    (socket, path)
}

/// How often the daemon reported that it is alive since the last call.
fn beats(socket: &UnixDatagram) -> usize {
    let mut buffer = [0; 4096];
    let messages =
        std::iter::from_fn(|| socket.recv(&mut buffer).ok().map(|length| buffer[..length].to_vec()));
    messages.filter(|message| message.starts_with(b"WATCHDOG=1")).count()
}
