//! `av1cli doctor` on healthy and on faulty machines: it always ends, names what is wrong, and leaves nothing behind.

#![cfg(test)]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use av1d_tests::{
    Library, Run, Running, Script, Signal, Tools, signal, skipped, under_rights, wait_until, wrapped,
};
use av1exec::sys::lock::Locks;
use serde_json::Value;

/// A library with one film, and an empty folder for the temporary files that doctor makes outside the library.
fn with_film() -> Option<Library> {
    let library = Library::open()?;
    library.film("Film.mkv");
    fs::create_dir(temporary(&library)).unwrap();
    Some(library)
}

fn temporary(library: &Library) -> PathBuf {
    library.scratch().join("tmp")
}

fn doctor(library: &Library, arguments: &[&str]) -> Run {
    let run = Run::of(library.command(["doctor"]).args(arguments).env("TMPDIR", temporary(library)));
    assert_eq!(library.files(), ["Film.mkv"], "nothing is left in the library\n{run}");
    assert_eq!(fs::read_dir(temporary(library)).unwrap().count(), 0, "nor elsewhere\n{run}");
    run
}

/// The only line of a check, and the hint below it.
#[track_caller]
fn line<'a>(run: &'a Run, check: &str) -> (&'a str, Option<&'a str>) {
    let lines: Vec<&str> = run.text().lines().collect();
    let about = |line: &&str| line.split_whitespace().nth(1) == Some(check) && !line.starts_with(' ');
    let found: Vec<usize> = (0..lines.len()).filter(|at| about(&lines[*at])).collect();
    assert_eq!(found.len(), 1, "{check}\n{run}");
    let hint = lines.get(found[0] + 1).and_then(|line| line.trim_start().strip_prefix("hint: "));
    (lines[found[0]], hint)
}

/// Asserts a check's level and a part of its text.
#[track_caller]
fn finds(run: &Run, check: &str, level: &str, words: &str) {
    let (line, hint) = line(run, check);
    assert!(line.starts_with(level) && line.contains(words), "{check}: {level} {words:?}\n{run}");
    assert!(level == "ok" || hint.is_some(), "{check} has no remedy\n{run}");
}

#[test]
fn a_machine_that_is_set_up_can_work_and_each_encoder_was_tried() {
    let Some(library) = with_film() else { return };
    let run = doctor(&library, &["--trial", "--json"]).exits_with(0);
    assert_eq!(run.stderr, "");
    let document = run.documents().remove(0);
    assert_eq!((&document["works"], &document["counts"]["fail"]), (&Value::Bool(true), &Value::from(0)));
    let checks = document["checks"].as_array().unwrap();
    let of = |code: &str| checks.iter().filter(|check| check["check"] == code).collect::<Vec<_>>();
    for code in [
        "config",
        "time-zone",
        "ffmpeg",
        "ffprobe",
        "decoder",
        "root",
        "films",
        "file-system",
        "state-folder",
        "daemon",
        "lock",
    ] {
        assert_eq!(of(code).len(), 1, "{code}\n{run}");
        assert_eq!(of(code)[0]["level"], "ok", "{code}\n{run}");
    }
    assert_eq!(of("root")[0]["about"]["path"], library.root().to_str().unwrap());
    let encoders = of("encoders")[0]["text"].as_str().unwrap();
    let tried = of("encode");
    assert_eq!(tried.len(), encoders.split(';').next().unwrap().split(',').count(), "{run}");
    for check in tried {
        assert!(
            check["text"].as_str().unwrap().ends_with("read back") && check["took_ms"].as_u64() > Some(0),
            "{run}"
        );
    }
    let settings = &document["config"]["settings"];
    assert_eq!(
        (&settings["min_bytes"]["value"], &settings["min_bytes"]["source"]),
        (&500.into(), &"file".into())
    );
    assert_eq!(settings["nice"]["source"], "default");
    assert!(!library.state().exists(), "the state folder isn't doctor's to make");

    let run = doctor(&library, &[]).exits_with(0);
    finds(&run, "encoders", "ok", "libsvtav1");
    finds(&run, "state-folder", "ok", "isn't there yet, and can be made");
    let last = run.text().lines().last().unwrap();
    assert!(last.starts_with("all is well") || last.starts_with("av1d can work"), "{run}");
    assert!(!run.text().contains('\u{1b}'), "no colours where there is no terminal");
    assert!(run.text().lines().all(|line| !line.contains(" encode ")), "{run}");
}

#[test]
fn an_encoder_that_does_not_work_is_found_out() {
    let Some(mut library) = with_film() else { return };
    let all_but = |works: &str, does: &str| format!("case \"$*\" in *{works}*) ;; *) {does} ;; esac");
    let fails = all_but("libsvtav1", "echo 'no such luck' >&2; exit 1");
    library.replace_ffmpeg(Script { when: "-f lavfi", does: &fails });
    let run = doctor(&library, &["--trial"]).exits_with(0);
    let warned = |run: &Run, level: &str| {
        run.text().lines().filter(|line| line.starts_with(level) && line.contains(" encode ")).count()
    };
    assert!(run.text().contains("doesn't work: exit status: 1: no such luck"), "{run}");
    assert_eq!((warned(&run, "ok"), warned(&run, "FAIL")), (1, 0), "{run}");
    assert!(warned(&run, "warn") > 0, "{run}");

    library.set("prefer_encoder", "aom");
    let run = doctor(&library, &["--trial"]).exits_with(1);
    assert_eq!((warned(&run, "ok"), warned(&run, "FAIL")), (1, 1), "{run}");

    // This ffmpeg exits with 0 but has written nothing.
    library.replace_ffmpeg(Script { when: "-f lavfi", does: "exit 0" });
    let run = doctor(&library, &["--trial"]).exits_with(1);
    assert!(run.text().contains("libaom-av1 doesn't work: what it made can't be read back"), "{run}");
}

#[test]
fn no_ffmpeg_and_an_old_one_are_named_and_all_else_is_looked_at() {
    let Some(mut library) = with_film() else { return };
    if let Some(old) = Tools::of_version("6.0") {
        library.set("ffmpeg", old.ffmpeg.to_str().unwrap());
        let run = doctor(&library, &[]).exits_with(1);
        finds(&run, "ffmpeg", "FAIL", "6.0-static is too old: 8.0 or newer is needed");
        finds(&run, "ffprobe", "warn", "another version");
        finds(&run, "decoder", "ok", "libdav1d");
        assert!(!run.text().contains(" encode "), "nothing is tried with it\n{run}");
    }
    library.set("ffmpeg", "/nonexistent/ffmpeg");
    let run = doctor(&library, &[]).exits_with(1);
    finds(&run, "ffmpeg", "FAIL", "/nonexistent/ffmpeg can't be used");
    finds(&run, "ffprobe", "ok", "set in the config");
    finds(&run, "root", "ok", "readable and writable");

    let config = library.scratch().join("bare.toml");
    fs::write(
        &config,
        format!("library_roots = [{:?}]\njob_state_dir = \"/dev/null/state\"", library.root()),
    )
    .unwrap();
    let mut command = av1d_tests::av1cli();
    command.args(["doctor", "--json", "--config"]).arg(&config).env("PATH", "/nonexistent");
    let document = Run::of(&mut command).exits_with(1).documents().remove(0);
    let failed: Vec<&str> = document["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["level"] == "fail")
        .inspect(|check| assert!(check["hint"].is_string(), "{check}"))
        .map(|check| check["check"].as_str().unwrap())
        .collect();
    assert_eq!(failed, ["ffmpeg", "ffprobe", "state-folder"]);
    assert_eq!(document["works"], false);
}

#[test]
fn an_ffmpeg_without_a_software_decoder_is_one_that_av1d_cant_work_with() {
    let Some(mut library) = with_film() else { return };
    let without = "\"$real\" \"$@\" | grep -v -e libdav1d -e libaom -e libgav1; exit 0";
    library.replace_ffmpeg(Script { when: "-decoders", does: without });
    let run = doctor(&library, &[]).exits_with(1);
    finds(&run, "decoder", "FAIL", "can't decode AV1 in software");
    finds(&run, "encoders", "ok", "libsvtav1");
}

#[test]
fn an_ffmpeg_that_hangs_does_not_hang_doctor() {
    let Some(mut library) = with_film() else { return };
    library.replace_ffmpeg(Script { when: "-version", does: "exec sleep 600" });
    let run = doctor(&library, &[]).exits_with(1);
    finds(&run, "ffmpeg", "FAIL", "didn't end within 10 s");
    finds(&run, "lock", "ok", "free");
}

#[test]
fn who_ends_doctor_half_way_finds_nothing_left() {
    for ending in [Signal::INT, Signal::TERM, Signal::HUP] {
        let Some(mut library) = with_film() else { return };
        library.replace_ffmpeg(Script { when: "-f lavfi", does: "exec sleep 600" });
        let mut command = library.command(["doctor", "--trial"]);
        let run = Running::start(command.env("TMPDIR", temporary(&library)), b"");
        let left = || fs::read_dir(temporary(&library)).unwrap().count();
        wait_until("an encoder is tried out", || left() == 1);
        signal(run.id(), ending);
        run.wait().exits_with(130);
        assert_eq!(left(), 0, "{ending:?}");
    }
}

#[test]
fn a_wrong_config_is_a_finding_and_what_could_be_read_of_it_counts() {
    let Some(library) = with_film() else { return };
    let mut text = fs::read_to_string(library.config()).unwrap();
    text += "min_byte = 5\nnice = 99\n";
    fs::write(library.config(), text).unwrap();
    let run = doctor(&library, &[]).exits_with(1);
    let wrong: Vec<&str> = run.text().lines().filter(|line| line.contains("config.toml:")).collect();
    assert!(wrong.len() == 2 && wrong.iter().all(|line| line.starts_with("FAIL  config ")), "{run}");
    assert!(
        run.text().contains("did you mean `min_bytes`?") && run.text().contains("hint: correct these lines")
    );
    finds(&run, "root", "ok", library.root().to_str().unwrap());

    fs::remove_file(library.config()).unwrap();
    let run = doctor(&library, &[]);
    finds(&run.exits_with(1), "config", "FAIL", "no such config file, though --config names it");
}

#[test]
fn a_time_zone_that_isnt_there_is_named_by_doctor_and_by_the_daemon() {
    let Some(mut library) = with_film() else { return };
    library.set("active_hours", "22:00-07:00");
    let zone = |name: &str| {
        Run::of(library.command(["doctor", "--no-encode"]).env("TMPDIR", temporary(&library)).env("TZ", name))
    };
    finds(&zone("UTC").exits_with(0), "time-zone", "ok", "; encodes begin only in 22:00-07:00");
    let missing =
        "$TZ names the time zone No/Where, which this machine doesn't have: `active_hours` and all times";
    finds(&zone("No/Where").exits_with(0), "time-zone", "warn", missing);
    // No film is wanted, so that nothing is waited for at any hour of the day.
    library.set("min_bytes", 1_000_000_000);
    let run = Run::of(library.command(["watch", "--once"]).env("TZ", "No/Where"));
    run.says(missing).says("install the package tzdata");
}

#[test]
fn the_address_of_the_metrics_is_free_or_the_daemons_or_in_use() {
    let Some(mut library) = with_film() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    library.set("metrics_listen", address.as_str());
    library.set("min_bytes", 1_000_000_000);
    let run = doctor(&library, &["--no-encode"]).exits_with(1);
    finds(&run, "metrics", "FAIL", &format!("failed to listen for metrics on {address}: "));
    drop(listener);
    finds(&doctor(&library, &["--no-encode"]).exits_with(0), "metrics", "ok", "is free for");
    let daemon = library.start(["watch"]);
    wait_until("the daemon has looked", || daemon.has_said("scan: "));
    finds(&doctor(&library, &["--no-encode"]).exits_with(0), "metrics", "ok", "is held by the daemon");
    signal(daemon.id(), Signal::TERM);
    daemon.wait().exits_with(0);
}

#[test]
fn a_root_that_is_missing_empty_or_without_rights_is_named() {
    let Some(mut library) = with_film() else { return };
    let at = |name: &str| library.root().with_file_name(name);
    let (empty, gone) = (at("empty"), at("gone"));
    fs::create_dir(&empty).unwrap();
    library.set(
        "library_roots",
        vec![library.root().to_str().unwrap(), empty.to_str().unwrap(), gone.to_str().unwrap()],
    );
    let run = doctor(&library, &[]).exits_with(1);
    let starts = |run: &Run, start: String| run.text().lines().any(|line| line.starts_with(&start));
    assert!(
        starts(&run, format!("ok    root          {} is readable and writable", library.root().display())),
        "{run}"
    );
    assert!(
        starts(&run, format!("warn  root          {} is readable and writable", empty.display())),
        "{run}"
    );
    assert!(starts(&run, format!("FAIL  root          {} isn't there", gone.display())), "{run}");
    assert!(!gone.exists() && fs::read_dir(&empty).unwrap().count() == 0);

    fs::set_permissions(&empty, fs::Permissions::from_mode(0o555)).unwrap();
    if let Some(run) = under_rights(&library, &["doctor"]) {
        let run = run.exits_with(1);
        assert!(
            starts(
                &run,
                format!("FAIL  root          {} can't be written to: Permission denied", empty.display())
            ),
            "{run}"
        );
    }
}

#[test]
fn a_root_of_another_file_system_is_told_by_its_type_and_a_read_only_one_fails() {
    let Some(mut library) = with_film() else { return };
    let disk = library.root().with_file_name("disk");
    fs::create_dir(&disk).unwrap();
    library.set("library_roots", vec![disk.to_str().unwrap()]);
    // A disk in a mount namespace that only this run has, so it ends with the run.
    let looked_at = |remount: &str| {
        let script = format!(
            "mount -t tmpfs none \"$0\" && touch \"$0/Film.mkv\" && {remount} && \"$@\"; code=$?; ls -A \"$0\" >&2; exit $code"
        );
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "sh", "-c", &script]).arg(&disk);
        let possible = Command::new("unshare").args(unshare.get_args()).arg("true").output();
        possible
            .is_ok_and(|output| output.status.success())
            .then(|| Run::of(&mut wrapped(&unshare, &library.command(["doctor"]))))
    };
    let Some(run) = looked_at("true") else { return skipped("nothing can be mounted here") };
    let run = run.exits_with(0);
    finds(&run, "file-system", "ok", "is on tmpfs: a replacement works (hard links, RENAME_NOREPLACE)");
    assert_eq!(run.stderr, "Film.mkv\n", "nothing is left on it");

    let run = looked_at("mount -o remount,ro \"$0\"").unwrap().exits_with(1);
    finds(&run, "root", "FAIL", "can't be written to: Read-only file system");
}

#[test]
fn a_lock_that_somebody_holds_is_told_with_its_holder() {
    let Some(library) = with_film() else { return };
    fs::create_dir(library.state()).unwrap();
    let locks = Locks::take(&library.state(), &[], || ()).unwrap();
    let run = doctor(&library, &[]).exits_with(0);
    finds(&run, "lock", "warn", &format!("state/lock is held by process {} on", std::process::id()));
    drop(locks);
    finds(&doctor(&library, &[]), "lock", "ok", "free");
}

#[test]
fn a_daemon_that_runs_answers_and_holds_the_locks() {
    let Some(mut library) = with_film() else { return };
    library.set("min_bytes", 1 << 30);
    let daemon = library.start(["watch"]);
    wait_until("the daemon listens", || library.state().join("control.sock").exists());
    let run = doctor(&library, &[]).exits_with(0);
    let version = env!("CARGO_PKG_VERSION");
    finds(&run, "daemon", "ok", &format!("av1d {version} answers (process {}): running", daemon.id()));
    finds(&run, "lock", "ok", &format!("held by the daemon (process {} on", daemon.id()));
    finds(&run, "state-folder", "ok", "is readable and writable on");
    signal(daemon.id(), Signal::TERM);
    daemon.wait().exits_with(0);
    finds(&doctor(&library, &[]).exits_with(0), "daemon", "ok", "none runs");
}
