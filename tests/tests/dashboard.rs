//! The real dashboard in a real terminal (tmux), next to the real daemon, which encodes a real film.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use av1d_tests::{Library, Running, Signal, built, program, signal, wait_until, with_argument};

/// A shell in its own tmux server. Dropping it ends the server.
struct Terminal {
    tmux: PathBuf,
    socket: PathBuf,
}

impl Terminal {
    /// Opens a terminal, or returns `None` if there is no tmux; the test is then to be skipped.
    fn open(folder: &Path, columns: u16, rows: u16) -> Option<Self> {
        let terminal = Self { tmux: program("tmux")?, socket: folder.join("tmux") };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let shell = "exec env -i PS1=ready: LC_ALL=C.UTF-8 TERM=screen-256color sh";
        let folder = folder.to_str().unwrap();
        let size = ["-x", &columns, "-y", &rows, "-c", folder];
        terminal.tmux(&[&["-f", "/dev/null", "new-session", "-d"][..], &size[..], &[shell]].concat());
        wait_until("the shell is there", || terminal.screen().contains("ready:"));
        Some(terminal)
    }

    fn tmux(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.tmux);
        command.env_remove("TMUX").arg("-S").arg(&self.socket).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// The text on the screen, line by line.
    fn screen(&self) -> String {
        String::from_utf8(self.tmux(&["capture-pane", "-p"]).stdout).unwrap()
    }

    fn press(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    fn enter(&self, line: &str) {
        self.tmux(&["send-keys", "-l", line]);
        self.press("Enter");
    }

    #[track_caller]
    fn wait_for(&self, text: &str) {
        let mut seen = String::new();
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_until(&format!("the screen shows {text:?}"), || {
                seen = self.screen();
                seen.contains(text)
            });
        }));
        assert!(found.is_ok(), "no {text:?} on the screen:\n{seen}");
    }

    /// The number before `%` in the first line with a gauge.
    fn percent(&self) -> Option<u32> {
        let screen = self.screen();
        let line = screen.lines().find(|line| line.contains(" fps") || line.contains("paused"))?;
        line.split_once(" %")?.0.split_whitespace().last()?.parse().ok()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It doesn't matter if the server has ended already.
        drop(Command::new(&self.tmux).arg("-S").arg(&self.socket).arg("kill-server").output());
    }
}

/// The shell command that starts the dashboard on a library.
fn start_line(library: &Library) -> String {
    let program = built("av1top");
    format!("'{}' --config '{}'", program.display(), library.config().display())
}

/// A library with one film whose encode takes minutes, and a daemon that encodes it.
fn with_long_film() -> Option<(Library, Running)> {
    let mut library = Library::open()?;
    library.set("scan_interval_secs", 3600);
    library.long_film("A Long Film.mkv");
    let daemon = library.start(["watch"]);
    Some((library, daemon))
}

/// Whether a process is stopped by a signal.
fn is_stopped(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
}

#[test]
fn a_person_watches_pauses_and_cancels_an_encode_and_leaves() {
    let Some((library, daemon)) = with_long_film() else { return };
    let Some(terminal) = Terminal::open(&library.scratch(), 140, 40) else { return };
    terminal.enter("stty -a > before");
    terminal.enter(&start_line(&library));
    terminal.wait_for("daemon running since");
    terminal.wait_for("▶ A Long Film.mkv");
    terminal.wait_for(" fps");
    let first = terminal.percent().unwrap();
    wait_until("the gauge moves", || terminal.percent().is_some_and(|percent| percent > first));

    terminal.press("p");
    terminal.wait_for("daemon paused since");
    let encoder = library.encoders()[0];
    wait_until("ffmpeg is stopped", || is_stopped(encoder));
    terminal.press("p");
    terminal.wait_for("daemon running since");
    wait_until("ffmpeg goes on", || !is_stopped(encoder));

    terminal.press("Enter");
    terminal.wait_for("── decisions");
    terminal.press("x");
    terminal.wait_for("Cancel A Long Film.mkv? What is encoded of it is lost.");
    terminal.press("n");
    terminal.wait_for("nothing was done");
    assert_eq!(library.encoders(), [encoder]);
    terminal.press("x");
    terminal.wait_for("Cancel A Long Film.mkv?");
    terminal.press("y");
    terminal.wait_for("[cancelled]");
    assert!(library.encoders().is_empty());
    terminal.press("Escape");
    terminal.wait_for("running 0");

    terminal.press("q");
    terminal.wait_for("ready:");
    // The previous screen is restored, and the shell reads and echoes a line as before.
    assert!(!terminal.screen().contains("daemon running"), "{}", terminal.screen());
    terminal.enter("stty -a > after; cmp before after && echo as it was");
    terminal.wait_for("\nas it was");
    let cursor =
        terminal.tmux(&["display-message", "-p", "#{cursor_flag} #{mouse_any_flag} #{alternate_on}"]);
    assert_eq!(String::from_utf8_lossy(&cursor.stdout), "1 0 0\n");

    signal(daemon.id(), Signal::TERM);
    daemon.wait().exits_with(0);
}

#[test]
fn it_shows_what_a_daemon_left_and_a_daemon_that_comes() {
    let Some((library, daemon)) = with_long_film() else { return };
    let Some(terminal) = Terminal::open(&library.scratch(), 80, 24) else { return };
    wait_until("it encodes", || !library.encoders().is_empty());
    signal(daemon.id(), Signal::TERM);
    daemon.wait().exits_with(0);
    terminal.enter(&start_line(&library));
    terminal.wait_for("daemon not running since");
    terminal.wait_for("stopped A Long Film.mkv");
    terminal.press("p");
    terminal.wait_for("no daemon runs here: start one with `av1cli");

    let daemon = library.start(["watch"]);
    terminal.wait_for("daemon running since");
    terminal.wait_for(" fps");
    // The terminal may be resized at any time.
    for (columns, rows) in [("60", "15"), ("20", "4"), ("140", "40")] {
        terminal.tmux(&["resize-window", "-x", columns, "-y", rows]);
    }
    terminal.wait_for("ffmpeg ");
    terminal.wait_for("(too big from");

    // Skipping ends the encode and leaves a marker for this film only.
    terminal.press("S");
    terminal.wait_for("Skip for ever A Long Film.mkv?");
    terminal.press("y");
    terminal.wait_for("is left alone from now on");
    assert!(library.root().join("A Long Film.mkv.av1skip").is_file());
    wait_until("the encode ends", || library.encoders().is_empty());

    let dashboard = with_argument("av1top-under-test", library.config().as_path());
    signal(dashboard[0], Signal::TERM);
    terminal.wait_for("ready:");
    assert!(!terminal.screen().contains("daemon running"), "{}", terminal.screen());
    terminal.enter("echo exit $?");
    terminal.wait_for("exit 130");
    signal(daemon.id(), Signal::TERM);
    daemon.wait().exits_with(0);
}
