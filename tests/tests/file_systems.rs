//! Libraries on file systems that can do less than ext4, or something else than they say, and films that somebody else
//! takes away: what can be replaced is replaced, what can't is known before the encode, and nothing stays behind.

#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use av1d_tests::{FileSystem, Image, Library, Run, as_a_user, program, skipped, wait_until};

/// A mount that ends with the test.
struct Mount(PathBuf);

impl Mount {
    /// Runs a program that mounts something at `at`; `None` if this machine can't, and then the test is skipped.
    fn make(program_name: &str, arguments: &[&str], at: &Path) -> Option<Self> {
        let program = program(program_name)?;
        let mounted = Command::new(program).args(arguments).arg(at).output().unwrap();
        let is_mounted = || {
            let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
            mounts.lines().any(|line| line.split(' ').nth(1) == at.to_str())
        };
        if mounted.status.success() && is_mounted() {
            return Some(Self(at.to_owned()));
        }
        skipped(&format!("{program_name} can't mount here: {}", String::from_utf8_lossy(&mounted.stderr)));
        None
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

/// A library with two films below a mount: one keeps its name, the other gets a new one.
fn with_films() -> Option<Library> {
    let mut library = Library::open()?;
    library.hurry();
    library.film("Show/One.mkv");
    library.film("Show/Two.avi");
    Some(library)
}

/// Asserts that both films are replaced and nothing else is there.
#[track_caller]
fn both_are_replaced(library: &Library, run: Run) {
    run.exits_with(0).says("2 replaced, 0 skipped, 0 failed");
    assert_eq!(library.files(), ["Show/One.mkv", "Show/Two.mkv"]);
    for name in ["Show/One.mkv", "Show/Two.mkv"] {
        library.media(name).is_av1();
    }
    library.watch_once().exits_with(0).says("0 replaced, 2 skipped, 0 failed");
}

/// Asserts that doctor says something about a file system.
#[track_caller]
fn tells(library: &Library, words: &str) {
    let run = library.run(["doctor"]).exits_with(0);
    let lines = run.text().lines().filter(|line| line.contains(" file-system "));
    assert!(lines.clone().any(|line| line.contains(words)), "{words}: {run}");
}

/// Moves the films out of the library's folder, so that something can be mounted there that shows them.
fn moved_out(library: &Library) -> PathBuf {
    let real = library.scratch().join("real");
    fs::rename(library.root(), &real).unwrap();
    fs::create_dir(library.root()).unwrap();
    real
}

#[test]
fn mergerfs_with_and_without_lasting_inode_numbers() {
    for (options, inodes) in
        [("minfreespace=1M", "no lasting inode numbers"), ("minfreespace=1M,use_ino", "links instead)")]
    {
        let Some(library) = with_films() else { return };
        let (one, other) = (moved_out(&library), library.scratch().join("other"));
        fs::create_dir(&other).unwrap();
        let branches = format!("{}:{}", other.display(), one.display());
        let Some(_mount) = Mount::make("mergerfs", &["-o", options, &branches], &library.root()) else {
            return;
        };
        tells(&library, "no RENAME_NOREPLACE but links instead");
        tells(&library, inodes);
        let run = library.watch_once();
        both_are_replaced(&library, run);
        let branches =
            [one, other].map(|branch| fs::read_dir(branch.join("Show")).map_or(0, Iterator::count));
        assert_eq!(branches.iter().sum::<usize>(), 2, "{options}: nothing is left on any branch");
    }
}

#[test]
fn ntfs_has_links_but_no_rename_that_overwrites_nothing() {
    let Some(library) = with_films() else { return };
    let (real, image) = (moved_out(&library), library.scratch().join("disk.img"));
    fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
    let Some(maker) = program("mkfs.ntfs") else { return };
    assert!(Command::new(maker).args(["-Q", "-F"]).arg(&image).output().unwrap().status.success());
    let Some(_mount) = Mount::make("ntfs-3g", &[image.to_str().unwrap()], &library.root()) else { return };
    fs::create_dir(library.path("Show")).unwrap();
    for name in ["One.mkv", "Two.avi"] {
        fs::copy(real.join("Show").join(name), library.path("Show").join(name)).unwrap();
    }
    let run = library.watch_once();
    both_are_replaced(&library, run);
}

/// A share shows every file as its mount's options say, and refuses to change that.
#[test]
fn a_share_where_owners_and_permissions_are_fixed() {
    let Some(library) = with_films() else { return };
    let real = moved_out(&library);
    let options = [
        "--force-user=nobody",
        "--force-group=nogroup",
        "--perms=ug=rwX,o=rX",
        "--chown-deny",
        "--chmod-deny",
    ];
    let arguments: Vec<&str> = options.into_iter().chain([real.to_str().unwrap()]).collect();
    let Some(_mount) = Mount::make("bindfs", &arguments, &library.root()) else { return };
    let run = library.watch_once();
    both_are_replaced(&library, run);
}

/// What can't be set is told once, before the encode, and is no reason to fail after it.
#[test]
fn a_file_system_without_attributes_loses_those_of_films_and_says_so() {
    let Some(library) = with_films() else { return };
    let real = moved_out(&library);
    let film = real.join("Show/One.mkv");
    let set =
        |path: &Path| Command::new("setfattr").args(["-n", "user.rating", "-v", "5"]).arg(path).output();
    if program("setfattr").is_none() || !set(&film).is_ok_and(|done| done.status.success()) {
        return;
    }
    let arguments = ["--xattr-ro", real.to_str().unwrap()];
    let Some(_mount) = Mount::make("bindfs", &arguments, &library.root()) else { return };
    tells(&library, "don't get the attribute user.rating");
    let run = library.watch_once().says("don't get the attribute user.rating of their films");
    both_are_replaced(&library, run);
}

/// An overlay copies a film of its lower layer as soon as it gets a second name.
#[test]
fn an_overlay_whose_films_are_on_another_disk() {
    let Some(library) = with_films() else { return };
    let real = moved_out(&library);
    let (lower, upper, work) =
        (library.scratch().join("lower"), library.scratch().join("up"), library.scratch().join("work"));
    for folder in [&lower, &upper, &work] {
        fs::create_dir(folder).unwrap();
    }
    let Some(_disk) = Mount::make("mount", &["-t", "tmpfs", "none"], &lower) else { return };
    assert!(Command::new("cp").arg("-a").arg(real.join("Show")).arg(&lower).status().unwrap().success());
    let layers = format!(
        "lowerdir={},upperdir={},workdir={},xino=off",
        lower.display(),
        upper.display(),
        work.display()
    );
    let Some(_mount) = Mount::make("mount", &["-t", "overlay", "-o", &layers, "none"], &library.root())
    else {
        return;
    };
    let run = library.watch_once();
    both_are_replaced(&library, run);
}

#[test]
fn immutable_films_and_folders_cost_no_encode_and_are_told_by_plan() {
    let Some(library) = with_films() else { return };
    let change = |flags: &str, name: &str| {
        let changed = Command::new("chattr").arg(flags).arg(library.path(name)).output();
        changed.is_ok_and(|done| done.status.success())
    };
    if !change("+i", "Show/One.mkv") {
        return skipped("no file can be made immutable here");
    }
    let plan = library.run(["plan", "."]).exits_with(0);
    assert!(plan.text().contains("1 to skip (1 immutable)"), "{plan}");
    library.watch_once().exits_with(0).says("[immutable]").says("1 replaced, 1 skipped, 0 failed");
    assert!(change("-i", "Show/One.mkv") && change("+a", "Show"));
    let before = library.files();
    library.watch_once().exits_with(0).says("chattr -i -a").says("0 replaced, 2 skipped, 0 failed");
    let after = library.files();
    assert!(change("-a", "Show"));
    assert_eq!(before, after, "nothing is made in a folder from which nothing can be removed");
    library.watch_once().exits_with(0).says("1 replaced, 1 skipped, 0 failed");
}

#[test]
fn films_of_others_are_left_alone_unless_they_may_be_taken() {
    let Some(mut library) = with_films() else { return };
    // The films stay root's, in a folder into which everybody may write.
    for path in [library.root(), library.path("Show"), library.scratch()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    }
    fs::create_dir_all(library.state()).unwrap();
    fs::set_permissions(library.state(), fs::Permissions::from_mode(0o777)).unwrap();
    let home = library.root().parent().unwrap().to_owned();
    fs::set_permissions(home, fs::Permissions::from_mode(0o755)).unwrap();
    if !rustix::process::geteuid().is_root() {
        return skipped("only root can give films to others");
    }
    // The tools may be in a folder of root's.
    for (key, program) in
        [("ffmpeg", library.tools.ffmpeg.clone()), ("ffprobe", library.tools.ffprobe.clone())]
    {
        let copy = library.scratch().join(key);
        fs::copy(program, &copy).unwrap();
        library.set(key, copy.to_str().unwrap());
    }
    let Some(run) = as_a_user(&mut library.command(["plan", "."])) else { return };
    let plan = run.exits_with(0);
    assert!(plan.text().contains("2 to skip (2 foreign-owner)"), "{plan}");
    let once = |library: &Library| as_a_user(&mut library.command(["watch", "--once"])).unwrap();
    once(&library).exits_with(0).says("foreign_owner = \"take\"").says("0 replaced, 2 skipped, 0 failed");
    library.set("foreign_owner", "take");
    once(&library).exits_with(0).says("2 replaced, 0 skipped, 0 failed");
    let owner = |name: &str| std::os::unix::fs::MetadataExt::uid(&fs::metadata(library.path(name)).unwrap());
    assert_eq!((owner("Show/One.mkv"), owner("Show/Two.mkv")), (65534, 65534));
}

/// As Radarr does, or a person: the film, or its folder, gets another name while it is encoded.
#[test]
fn a_film_that_is_moved_during_its_encode_leaves_nothing_behind() {
    for (from, to, found) in [
        ("Show/Film.mkv", "Show/Film (2020).mkv", vec!["Show/Film (2020).mkv"]),
        ("Show", "Series", vec!["Series/Film.mkv"]),
    ] {
        let Some(mut library) = Library::open() else { return };
        library.long_film("Show/Film.mkv");
        library.make("Other.mkv", "-f lavfi -i color=size=16x16:duration=0.1");
        let running = library.start(["encode", "--", "Show/Film.mkv"]);
        wait_until("the encode runs", || !library.encoders().is_empty());
        fs::rename(library.path(from), library.path(to)).unwrap();
        running.wait().exits_with(1).says("gone: ").says("[film-gone]");
        let mut files = library.files();
        files.retain(|name| name != "Other.mkv");
        assert_eq!(files, found);
        assert_eq!(library.jobs().last().unwrap()["outcome"]["code"], "film-gone");
        library.run(["recover"]).exits_with(0).says("nothing was cut off");
    }
}

/// As Sonarr does for a better release: another file takes the film's name while the film is encoded.
#[test]
fn a_film_that_is_replaced_during_its_encode_ends_it_and_the_new_one_isnt_blamed() {
    for moves_the_folder in [false, true] {
        let Some(mut library) = Library::open() else { return };
        library.long_film("Show/Film.mkv");
        library.make("New.mkv", "-f lavfi -i color=size=64x64:duration=2");
        let new = fs::read(library.path("New.mkv")).unwrap();
        let running = library.start(["encode", "--", "Show/Film.mkv"]);
        wait_until("the encode runs", || !library.encoders().is_empty());
        if moves_the_folder {
            fs::rename(library.path("Show"), library.path("Series")).unwrap();
            fs::create_dir(library.path("Show")).unwrap();
        }
        fs::rename(library.path("New.mkv"), library.path("Show/Film.mkv")).unwrap();
        running.wait().exits_with(1).says("[source-changed]");
        let kept: &[&str] =
            if moves_the_folder { &["Series/Film.mkv", "Show/Film.mkv"] } else { &["Show/Film.mkv"] };
        assert_eq!(library.files(), kept);
        assert_eq!(fs::read(library.path("Show/Film.mkv")).unwrap(), new);
        library.run(["recover"]).exits_with(0).says("nothing was cut off");
    }
}

#[test]
fn a_quota_is_no_failure_of_the_film() {
    let Some(library) = with_films() else { return };
    let (real, image) = (moved_out(&library), library.scratch().join("disk.img"));
    let Some(image) = Image::make(FileSystem::Btrfs, &image) else { return };
    let Some(_mount) = image.mount(&library.root()) else { return };
    let Some(btrfs) = program("btrfs") else { return };
    let run = |arguments: &[&str], at: &Path| {
        let done = Command::new(&btrfs).args(arguments).arg(at).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    run(&["subvolume", "create"], &library.path("Show"));
    for name in ["One.mkv", "Two.avi"] {
        fs::copy(real.join("Show").join(name), library.path("Show").join(name)).unwrap();
    }
    run(&["quota", "enable"], &library.root());
    run(&["filesystem", "sync"], &library.root());
    let used: u64 = ["One.mkv", "Two.avi"]
        .iter()
        .map(|name| fs::metadata(library.path("Show").join(name)).unwrap().len())
        .sum();
    run(&["qgroup", "limit", &format!("{}", used + 100_000)], &library.path("Show"));
    library.watch_once().exits_with(1).says("[no-room]").says("raise the quota");
    let mut files = library.files();
    files.retain(|name| !name.ends_with(".why.txt"));
    assert_eq!(files, ["Show/One.mkv", "Show/Two.avi"]);
    run(&["qgroup", "limit", "none"], &library.path("Show"));
    library.watch_once().exits_with(0).says("2 replaced");
}

/// Whoever started the daemon is told, and starts it again; no film is to blame.
#[test]
fn a_state_folder_that_vanishes_ends_the_daemon_and_is_booked_on_no_film() {
    let Some(mut library) = Library::open() else { return };
    library.long_film("Film.mkv");
    let daemon = library.start(["watch"]);
    wait_until("the encode runs", || !library.encoders().is_empty());
    fs::remove_dir_all(library.state()).unwrap();
    daemon
        .wait()
        .exits_with(1)
        .says("was deleted, or its disk unmounted, while av1d worked in it")
        .says("makes it anew");
    assert_eq!(library.files(), ["Film.mkv"]);
    assert!(library.encoders().is_empty());
    library.hurry();
    library.set("prefer_encoder", "svt");
    library.watch_once().exits_with(0).says("1 replaced");
}
