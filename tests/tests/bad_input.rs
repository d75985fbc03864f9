//! Bad input and bad environments: each gives a clear error with a remedy and an exit code, the other films of the same
//! run are still encoded, and nothing is lost.

#![cfg(test)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use av1d_tests::{Library, PICTURE, Run, SOUND, Script, Tools, skipped, under_rights, wrapped};

/// An intact film beside the bad ones, which every run must still encode.
const GOOD: &str = "Good.mkv";

fn with_good_film() -> Option<Library> {
    let library = Library::open()?;
    library.film(GOOD);
    Some(library)
}

/// Asserts the end of a run over one bad film called `name`: the good film is encoded, the bad one is unchanged, and
/// the text beside it says why.
#[track_caller]
fn assert_only_the_good_one_is_replaced(library: &Library, run: Run, name: &str, original: &[u8]) {
    run.exits_with(1).says("1 replaced, 0 skipped, 1 failed").says("hint: ");
    library.media(GOOD).is_av1();
    assert!(fs::read(library.path(name)).unwrap() == original, "{name} is byte-identical");
    let text = format!("{name}.why.txt");
    let mut expected = [GOOD, name, &text];
    expected.sort_unstable();
    assert_eq!(library.files(), expected, "a text and no temporary file");
}

#[test]
fn a_missing_file_is_named_and_the_others_go_on() {
    let Some(library) = with_good_film() else { return };
    let run = library.run(["encode", "No such film.mkv", GOOD]).exits_with(1);
    run.says("No such film.mkv").says("hint: check the path").says("[replaced]");
    library.media(GOOD).is_av1();
    library.run(["plan", "No such film.mkv"]).exits_with(1).prints_nothing().says("hint: check the path");
}

#[test]
fn a_missing_root_is_named_and_the_others_go_on() {
    let Some(mut library) = with_good_film() else { return };
    let unmounted = library.root().with_file_name("unmounted");
    library.set("library_roots", vec![unmounted.to_str().unwrap(), library.root().to_str().unwrap()]);
    let run = library.watch_once().exits_with(1).says(format!("{} can't be read", unmounted.display()));
    run.says("1 replaced");
}

#[test]
fn an_empty_file_is_too_small_and_no_film_when_that_is_ignored() {
    let Some(mut library) = with_good_film() else { return };
    library.set("min_bytes", 0);
    fs::write(library.path("Empty.mkv"), "").unwrap();
    library.watch_once().exits_with(0).says("(1 too-small)").says("1 replaced, 1 skipped");
    assert_eq!(library.files(), ["Empty.mkv", GOOD]);
    let run =
        library.run(["encode", "--ignore", "too-small", "Empty.mkv"]).exits_with(1).says("[unreadable]");
    run.says("hint: replace it by a whole copy");
}

#[test]
fn a_text_file_named_mkv_is_unreadable_until_it_changes() {
    let Some(library) = with_good_film() else { return };
    let text = "file '/etc/hostname'\n".repeat(100);
    fs::write(library.path("Text.mkv"), &text).unwrap();

    let run = library.watch_once().says("Text.mkv [unreadable]");
    assert_only_the_good_one_is_replaced(&library, run, "Text.mkv", text.as_bytes());

    let why = library.why("Text.mkv");
    assert!(why.contains("ffprobe can't read it") && why.contains("To do:"), "{why}");
    library.run(["plan", "Text.mkv"]).exits_with(1).prints_nothing().says("hint: ");
}

#[test]
fn a_playlist_that_names_local_files_is_not_followed() {
    let Some(library) = with_good_film() else { return };
    // ffmpeg would open this file without any option: the list has a plain name in the same folder.
    fs::rename(library.path(GOOD), library.path("secret")).unwrap();
    let script = format!("ffconcat version 1.0\nfile secret\n{}", "# padding\n".repeat(100));
    fs::write(library.path("Concat.mkv"), script).unwrap();

    let run = library.watch_once().exits_with(0).says("0 replaced, 1 skipped, 0 failed");
    run.says("Concat.mkv [unsupported-format]").says("its format (concat)").says("remux it");
    let run = library.run(["plan", "Concat.mkv"]).exits_with(0).prints_nothing();
    run.says("unsupported-format");
    library.watch_once().exits_with(0).says_no("Concat.mkv").says("0 replaced, 1 skipped, 0 failed");
}

#[test]
fn a_truncated_film_is_never_replaced_though_ffmpeg_is_content() {
    let Some(library) = with_good_film() else { return };
    let whole = fs::read(library.make("Cut.mkv", &format!("{SOUND} {PICTURE} -c:a aac"))).unwrap();
    let cut = &whole[..whole.len() * 6 / 10];
    fs::write(library.path("Cut.mkv"), cut).unwrap();

    let run = library.watch_once().exits_with(0).says("1 replaced, 1 skipped, 0 failed");
    run.says("Cut.mkv [damaged]").says("File ended prematurely");
    assert!(fs::read(library.path("Cut.mkv")).unwrap() == cut, "it was changed");

    let why = library.why("Cut.mkv");
    assert!(why.contains("File ended prematurely") && why.contains("whole copy"), "{why}");
    library.watch_once().exits_with(0).says_no("survey: ").says_no("encode: ");
    assert_eq!(library.jobs().len(), 1, "it never became a job");

    fs::write(library.path("Cut.mkv"), &whole).unwrap();
    library.watch_once().exits_with(0).says("1 replaced");
    assert_eq!(library.files(), ["Cut.mkv", GOOD], "the text is gone too");
}

#[test]
fn a_probe_that_is_cut_off_is_no_film() {
    let Some(mut library) = with_good_film() else { return };
    let original = fs::read(library.film("Odd.mkv")).unwrap();
    library.replace_ffprobe(Script { when: "Odd.mkv", does: "\"$real\" \"$@\" | head -c 300; exit 0" });

    let run = library.watch_once().says("Odd.mkv [unreadable]");
    assert_only_the_good_one_is_replaced(&library, run, "Odd.mkv", &original);
    library.run(["plan", "Odd.mkv"]).exits_with(1).prints_nothing().says("Odd.mkv").says("hint: ");
}

#[test]
fn no_ffmpeg_an_old_one_and_one_without_encoder_or_decoder_exit_with_3_and_a_remedy() {
    let Some(mut library) = with_good_film() else { return };
    let complains = |library: &Library, message: &str| {
        for command in [&["plan", GOOD][..], &["encode", GOOD], &["watch", "--once"]] {
            let run = library.run(command).exits_with(3).prints_nothing();
            run.says("error: ").says(message).says("hint: install");
        }
        assert_eq!(library.files(), [GOOD]);
    };
    if let Some(old) = Tools::of_version("6.0") {
        library.set("ffmpeg", old.ffmpeg.to_str().unwrap());
        complains(&library, "is too old: 8.0 or newer is needed");
    }
    library.replace_ffmpeg(Script { when: "-encoders", does: "exit 0" });
    complains(&library, "none of the AV1 encoders");
    // The decoders that are left need special hardware.
    let without = "\"$real\" \"$@\" | grep -v -e libdav1d -e libaom -e libgav1; exit 0";
    library.replace_ffmpeg(Script { when: "-decoders", does: without });
    complains(&library, "can't decode AV1 in software");

    library.set("ffmpeg", "/nonexistent/ffmpeg");
    let run = library.run(["plan", GOOD]).exits_with(3).says("/nonexistent/ffmpeg");
    run.says("hint: check that the path in the config");
    let mut bare = av1d_tests::av1cli();
    let run = Run::of(bare.env("PATH", "/nonexistent").args(["plan", GOOD])).exits_with(3);
    run.says("ffmpeg is not in PATH").says("hint: install ffmpeg 8.0 or newer");
}

#[test]
fn a_typo_in_the_config_is_shown_with_its_line_and_the_key_that_was_meant() {
    let Some(library) = with_good_film() else { return };
    let mut text = fs::read_to_string(library.config()).unwrap();
    let line = text.lines().count() + 1;
    text += "min_byte = 5\nmax_size_ratio = 2\nquality_tier = \"best\"\n";
    fs::write(library.config(), text).unwrap();

    for command in [&["plan", GOOD][..], &["encode", GOOD], &["watch", "--once"]] {
        let run = library.run(command).exits_with(2).prints_nothing();
        run.says(format!(
            "config.toml:{line}:1: `min_byte` is no key of the config; did you mean `min_bytes`?"
        ))
        .says(format!("config.toml:{}:18: `max_size_ratio` must be", line + 1))
        .says("must be \"high\" or \"very_high\"; found the string \"best\"")
        .says("hint: ");
    }
    assert_eq!(library.files(), [GOOD]);
}

#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let Some(library) = with_good_film() else { return };
    let made = Command::new("mkfifo").arg(library.path("Pipe.mkv")).status().unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink(GOOD, library.path("Link.mkv")).unwrap();
    fs::create_dir(library.path("Folder.mkv")).unwrap();

    // `plan` accepts a folder, `encode` doesn't.
    let only = "hint: only regular files";
    for (command, name, hint) in [
        ("plan", "Pipe.mkv", only),
        ("plan", "Link.mkv", only),
        ("encode", "Pipe.mkv", only),
        ("encode", "Link.mkv", only),
        ("encode", "Folder.mkv", "run `watch --once`"),
    ] {
        let run = library.run([command, name]).exits_with(1).prints_nothing();
        run.says(name).says("no regular file").says(hint);
    }
    library.watch_once().exits_with(0).says("scan: 1 film(s)").says("1 replaced");
    assert!(fs::symlink_metadata(library.path("Link.mkv")).unwrap().is_symlink());
}

#[test]
fn a_folder_without_rights_is_named_and_the_others_go_on() {
    let Some(library) = with_good_film() else { return };
    let secret = library.path("Secret");
    library.film("Secret/Film.mkv");
    library.film("Unreadable.mkv");
    fs::set_permissions(library.path("Unreadable.mkv"), fs::Permissions::from_mode(0o200)).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();

    let watched = under_rights(&library, &["watch", "--once"]);
    let named = under_rights(&library, &["encode", "Secret/Film.mkv"]);

    fs::set_permissions(&secret, fs::Permissions::from_mode(0o755)).unwrap();
    let (Some(watched), Some(named)) = (watched, named) else { return };
    let watched =
        watched.exits_with(1).says("Permission denied").says(format!("{} can't be read", secret.display()));
    watched.says("Unreadable.mkv [").says("1 replaced, 0 skipped, 1 failed");
    named
        .exits_with(1)
        .says("Secret/Film.mkv: Permission denied")
        .says("hint: run this as a user who may read");
    library.media(GOOD).is_av1();
    assert_eq!(library.media("Secret/Film.mkv").codecs("video"), ["h264"]);
}

#[test]
fn a_read_only_library_costs_nothing_and_the_others_go_on() {
    let Some(mut library) = with_good_film() else { return };
    let locked = library.root().with_file_name("locked");
    fs::create_dir(&locked).unwrap();
    let film = locked.join("Film.mkv");
    fs::copy(library.path(GOOD), &film).unwrap();
    let original = fs::read(&film).unwrap();
    library.set("library_roots", vec![locked.to_str().unwrap(), library.root().to_str().unwrap()]);
    // The mount is in a mount namespace that only this run has, so it ends with the run.
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
    let shell = |unshare: &mut Command| {
        unshare.args(["--mount", "sh", "-c", script]).arg(&locked);
        wrapped(unshare, &library.command(["watch", "--once"]))
    };
    let possible =
        Command::new("unshare").args(["--mount", "sh", "-c", script]).arg(&locked).arg("true").output();
    if !possible.is_ok_and(|output| output.status.success()) {
        return skipped("nothing can be mounted here");
    }

    let run = Run::of(&mut shell(&mut Command::new("unshare"))).exits_with(0);

    run.says(format!("skip: {} [folder-read-only]", film.display())).says("1 replaced, 1 skipped, 0 failed");
    library.media(GOOD).is_av1();
    assert!(fs::read(&film).unwrap() == original);
    assert_eq!(fs::read_dir(&locked).unwrap().count(), 1);
}

#[test]
fn a_full_disk_is_seen_before_the_encode() {
    let Some(library) = with_good_film() else { return };
    let disk = library.root().with_file_name("disk");
    fs::create_dir(&disk).unwrap();
    let size = fs::metadata(library.path(GOOD)).unwrap().len();
    // A small disk in a mount namespace that only this run has, with less space than the result may need. `ls` prints
    // its files before it is gone.
    let script = "mount -t tmpfs -o size=$2 none \"$0\" && cp \"$1\" \"$0/Film.mkv\" && shift 2 && \"$@\"; code=$?; \
                  ls -A \"$0\"; exit $code";
    let room = (size + size / 2).to_string();
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "sh", "-c", script]).arg(&disk).arg(library.path(GOOD)).arg(&room);
    let possible = Command::new("unshare").args(unshare.get_args()).arg("true").output();
    if !possible.is_ok_and(|output| output.status.success()) {
        return skipped("nothing can be mounted here");
    }

    let run = Run::of(&mut wrapped(
        &unshare,
        &library.command(["encode", disk.join("Film.mkv").to_str().unwrap(), GOOD]),
    ));

    let run =
        run.exits_with(1).says("Film.mkv [no-room]").says("hint: make room").says("Good.mkv [replaced]");
    assert_eq!(run.text(), "Film.mkv\n", "nothing is left on the full disk");
    assert_eq!(library.jobs().len(), 1);
}

#[test]
fn a_state_folder_that_cant_be_made_is_an_error_with_a_remedy() {
    let Some(mut library) = with_good_film() else { return };
    fs::write(library.scratch().join("file"), "").unwrap();
    library.set("job_state_dir", library.scratch().join("file/state").to_str().unwrap());
    let run = library.watch_once().exits_with(1).says("failed to make the state folder");
    run.says("hint: set `job_state_dir`");
    assert_eq!(library.media(GOOD).codecs("video"), ["h264"]);
}
