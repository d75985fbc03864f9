//! Output that fails: a log, a pipe or a disk that can't be written to must neither end nor silence a program, nor keep
//! it from stopping.

#![cfg(test)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, PipeReader, Read, pipe};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use av1d_tests::{
    Library, Run, Running, Signal, SmallDisk, av1top, built, full_pipe, program, signal, wait_until,
    with_argument,
};

/// How long a program may take to end, whatever the readers of its output do. Container runtimes kill after ten
/// seconds; the test allows more, because its machine is busy.
const ENDS_WITHIN: Duration = Duration::from_secs(20);

/// A library with one film of one second.
fn with_film() -> Option<Library> {
    let mut library = Library::open()?;
    library.hurry();
    library.film("Film.mkv");
    Some(library)
}

/// A disk without any free space.
fn full_disk() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

fn is_replaced(library: &Library) -> bool {
    library.jobs().iter().any(|job| job["outcome"]["code"] == "replaced")
}

/// Ends the program with SIGTERM, and asserts that it ends in time.
fn ends(run: Running, code: i32) -> Run {
    let asked = Instant::now();
    signal(run.id(), Signal::TERM);
    let run = run.wait().exits_with(code);
    assert!(asked.elapsed() < ENDS_WITHIN, "it took {:?}: {run}", asked.elapsed());
    run
}

/// The total number of lines that a log reports as lost.
fn lost(log: &str) -> usize {
    let said = ["line was lost", "lines were lost"];
    let counts = log.lines().filter_map(|line| said.iter().find_map(|words| line.split_once(words)));
    counts.map(|(before, _)| before.split_whitespace().last().unwrap().parse::<usize>().unwrap()).sum()
}

#[test]
fn messages_to_a_full_disk_are_no_reason_to_fail() {
    for arguments in [
        &["watch", "--once"][..],
        &["watch", "--once", "--log-format", "json", "-v"],
        &["encode", "Film.mkv"],
        &["encode", "-v", "--progress", "json", "Film.mkv"],
    ] {
        let Some(library) = with_film() else { return };
        let run = Running::start_saying_into(&mut library.command(arguments), full_disk());
        let run = run.wait().exits_with(0);
        assert_eq!(run.stdout.is_empty(), !arguments.contains(&"json") || arguments[0] == "watch", "{run}");
        library.media("Film.mkv").is_av1();
        library.run(["plan", "Film.mkv"]).exits_with(0).says("[already-av1]");
    }
}

#[test]
fn nobody_who_could_read_is_no_reason_to_fail() {
    for closed in [">&- 2>&-", "2>&-", "> /dev/full 2> /dev/full", "| true"] {
        let Some(library) = with_film() else { return };
        let script = format!(
            "'{}' --config '{}' encode --progress json Film.mkv {closed}",
            built("av1cli").display(),
            library.config().display()
        );
        Run::shell(script.as_bytes(), &library.root()).exits_with(0);
        library.media("Film.mkv").is_av1();
    }
}

#[test]
fn events_for_a_full_disk_are_lost_and_that_is_said() {
    let Some(library) = with_film() else { return };
    let mut command = library.command(["encode", "--progress", "json", "Film.mkv"]);
    let run = Running::start_into(&mut command, full_disk()).wait().exits_with(0);
    run.says("[replaced]").says(" for standard output were not read and are lost");
    library.media("Film.mkv").is_av1();
}

#[test]
fn a_daemon_whose_log_nobody_reads_any_more_goes_on_and_stops_when_it_is_asked() {
    for format in ["text", "json"] {
        let Some(mut library) = with_film() else { return };
        library.set("scan_interval_secs", 1);
        let (reader, writer) = pipe().unwrap();
        let mut command = library.command(["watch", "-vv", "--log-format", format]);
        let mut daemon = Running::start_saying_into(&mut command, writer);
        let mut first = String::new();
        BufReader::new(reader).read_line(&mut first).unwrap();
        assert!(first.contains("watching "), "{first}");
        wait_until("the film is replaced", || {
            assert!(!daemon.has_ended(), "it ended with its reader");
            is_replaced(&library)
        });
        let later = library.film(".later.mkv");
        fs::rename(later, library.path("B.mkv")).unwrap();
        wait_until("a film that came later is replaced", || {
            library.jobs().iter().filter(|job| job["outcome"]["code"] == "replaced").count() == 2
        });
        library.run(["status"]).exits_with(0).says_no("no daemon");
        ends(daemon, 0);
    }
}

/// The number of hard links to one file in a library whose first scan logs a lot: each link is skipped with its own
/// line.
const NAMES: usize = 12_000;

fn with_many_names() -> Option<Library> {
    let library = with_film()?;
    let one = library.path("0.mkv");
    fs::write(&one, vec![b'x'; 2000]).unwrap();
    (1..NAMES).for_each(|number| fs::hard_link(&one, library.path(format!("{number}.mkv"))).unwrap());
    Some(library)
}

#[test]
fn a_reader_that_stops_holds_up_nothing_and_not_the_end() {
    let Some(library) = with_many_names() else { return };
    let (reader, writer) = full_pipe();
    let daemon = Running::start_saying_into(&mut library.command(["watch", "-vv"]), writer);
    wait_until("the film is replaced", || is_replaced(&library));
    library.run(["status"]).exits_with(0).says_no("no daemon");
    ends(daemon, 0);
    drop(reader);
}

#[test]
fn a_reader_that_reads_again_learns_how_many_lines_it_missed() {
    let Some(library) = with_many_names() else { return };
    let (reader, writer) = full_pipe();
    let daemon = Running::start_saying_into(&mut library.command(["watch", "-v"]), writer);
    wait_until("the film is replaced", || is_replaced(&library));
    let read = read_on(reader);
    // It keeps logging: the outcome of the film, which is logged now, is read as well.
    ends(daemon, 0);
    let log = read.join().unwrap();
    let skipped = log.lines().filter(|line| line.contains(" INFO skip: ")).count();
    let lost = lost(&log);
    assert!(lost > 0 && skipped > 0, "{lost} lost, {skipped} read");
    // Other lines may be lost too, such as the progress of the encode and its checks.
    assert!(skipped + lost >= NAMES, "{lost} lost, {skipped} read");
    for said in ["encode: ", "done: ", "stopping: ", "1 replaced"] {
        assert!(log.contains(said), "{said} is missing: {}", &log[log.len() - 2000..]);
    }
}

/// Reads to the end in a separate thread.
fn read_on(mut reader: PipeReader) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    })
}

#[test]
fn a_log_whose_disk_was_full_goes_on_once_there_is_room_and_says_what_it_misses() {
    let Some(mut library) = with_film() else { return };
    library.set("scan_interval_secs", 1);
    let Some(disk) = SmallDisk::mount(&library.scratch().join("log"), 64) else { return };
    let path = disk.path().join("av1d.log");
    let log = File::options().create(true).append(true).open(&path).unwrap();
    disk.fill();
    let daemon = Running::start_saying_into(&mut library.command(["watch"]), log);
    wait_until("the film is replaced", || is_replaced(&library));
    let read = || fs::read_to_string(&path).unwrap();
    assert!(!read().contains("done: "), "its disk was full: {}", read());
    disk.empty();
    wait_until("the log goes on", || read().contains("done: "));
    let said = read();
    let lost = said.lines().find(|line| line.contains(" lost while ")).unwrap_or_else(|| panic!("{said}"));
    assert!(lost.contains("No space left on device") && lost.contains(" WARN 0 lines were lost"), "{said}");
    assert!(said.lines().all(|line| line.contains(" INFO ") || line.contains(" WARN ")), "{said}");

    // The disk is full a second time, and stopping must still work.
    disk.fill();
    let later = library.film(".later.mkv");
    fs::rename(later, library.path("B.mkv")).unwrap();
    wait_until("the film that came later is replaced", || {
        library.jobs().len() == 2 && { library.jobs().iter().all(|job| job["outcome"]["code"] == "replaced") }
    });
    disk.empty();
    wait_until("the log goes on again", || read().matches("done: ").count() == 2);
    ends(daemon, 0);
    assert!(read().contains("stopping: "), "{}", read());
}

/// Starts a program on a terminal that accepts no more output, as after Ctrl-S or on a hanging connection: `yes` has
/// filled it before. The terminal exists as long as the returned process.
fn on_a_stopped_terminal(command: &Command) -> Option<(Running, PipeReader)> {
    let script = program("script")?;
    let quoted = |text: &std::ffi::OsStr| format!("'{}'", text.to_str().unwrap());
    let words: Vec<String> =
        std::iter::once(command.get_program()).chain(command.get_args()).map(quoted).collect();
    let session = format!("stty cols 100 rows 30; yes & sleep 2; exec {}", words.join(" "));
    let (reader, writer) = full_pipe();
    let mut terminal = Command::new(script);
    terminal.args(["-qfc", &session, "/dev/null"]).env("TERM", "xterm").env("SHELL", "/bin/sh");
    terminal.env("HOME", "/nonexistent").stdin(Stdio::null());
    Some((Running::start_into(&mut terminal, writer), reader))
}

#[test]
fn a_terminal_that_takes_nothing_more_holds_up_nothing_and_not_the_end() {
    for arguments in [&["watch"][..], &["watch", "--progress", "lines"]] {
        let Some(library) = with_film() else { return };
        let Some((_terminal, _unread)) = on_a_stopped_terminal(&library.command(arguments)) else { return };
        wait_until("the film is replaced", || is_replaced(&library));
        let run = || with_argument("av1cli-under-test", &library.config());
        let [daemon] = run().try_into().unwrap();
        let asked = Instant::now();
        signal(daemon, Signal::TERM);
        wait_until("it ends", || run().is_empty());
        assert!(asked.elapsed() < ENDS_WITHIN, "it took {:?}", asked.elapsed());
    }
}

#[test]
fn the_dashboard_ends_though_its_terminal_takes_nothing_more() {
    let Some(library) = with_film() else { return };
    let mut dashboard = av1top();
    dashboard.arg("--config").arg(library.config());
    let Some((_terminal, _unread)) = on_a_stopped_terminal(&dashboard) else { return };
    let run = || with_argument("av1top-under-test", &library.config());
    wait_until("it runs", || !run().is_empty());
    // By then it has drawn, and waits for the terminal.
    std::thread::sleep(Duration::from_secs(1));
    let [id] = run().try_into().unwrap();
    let asked = Instant::now();
    signal(id, Signal::TERM);
    wait_until("it ends", || run().is_empty());
    assert!(asked.elapsed() < ENDS_WITHIN, "it took {:?}", asked.elapsed());
}

#[test]
fn the_dashboard_ends_quietly_with_its_terminal() {
    let Some(script) = program("script") else { return };
    let Some(library) = with_film() else { return };
    let said = library.scratch().join("code");
    // The shell ignores SIGHUP, which a closed terminal sends, and its children inherit that. They only notice by a
    // write error.
    let session = format!(
        "stty cols 100 rows 30; trap '' HUP; '{}' --config '{}'; echo $? > '{}'",
        built("av1top").display(),
        library.config().display(),
        said.display()
    );
    let mut terminal = Command::new(script);
    terminal.args(["-qfc", &session, "/dev/null"]).env("TERM", "xterm").env("SHELL", "/bin/sh");
    terminal.env("HOME", "/nonexistent").stdin(Stdio::null());
    let terminal = Running::start(&mut terminal, b"");
    wait_until("it draws", || terminal.has_printed("quit"));
    signal(terminal.id(), Signal::KILL);
    wait_until("it ends", || fs::read_to_string(&said).is_ok_and(|code| code.ends_with('\n')));
    assert_eq!(fs::read_to_string(&said).unwrap(), "130\n");
}

#[test]
fn doctor_hears_a_signal_though_nobody_reads_what_it_says() {
    let Some(library) = Library::open() else { return };
    let (_reader, writer) = full_pipe();
    let doctor = Running::start_into(&mut library.command(["doctor"]), writer);
    // By the time it has output to write, it must already handle signals.
    let status = format!("/proc/{}/status", doctor.id());
    let caught = |line: &str| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok();
    wait_until("it listens for SIGTERM", || {
        let caught = fs::read_to_string(&status).unwrap().lines().find_map(caught);
        caught.is_some_and(|signals| signals & (1 << 14) != 0)
    });
    std::thread::sleep(Duration::from_secs(2));
    ends(doctor, 130);
}

#[test]
fn an_answer_that_could_not_be_written_is_a_failure_and_a_reader_who_left_is_none() {
    let Some(library) = with_film() else { return };
    for arguments in [
        &["plan", "Film.mkv"][..],
        &["plan", "--json", "."],
        &["status"],
        &["status", "--json"],
        &["why", "Film.mkv"],
        &["config", "show"],
        &["config", "path"],
        &["doctor"],
        &["completions", "bash"],
        &["--help"],
        &["help", "watch"],
        &["--version"],
    ] {
        let run = Running::start_into(&mut library.command(arguments), full_disk()).wait();
        run.exits_with(1).says("error: failed to write to standard output: ").says("No space left on device");
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        Running::start_into(&mut library.command(arguments), writer).wait().exits_with(0).says_no("error: ");
    }
    let run = Running::start_saying_into(&mut library.command(["plan", "Film.mkv"]), full_disk()).wait();
    assert!(run.exits_with(0).text().contains("libsvtav1"));
}
