//! A library on a disk that can hang, and a daemon that must survive it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

use av1d_tests::{Library, Running, Signal, SlowDisk, Tools, say, signal, wait_until};
use tempfile::TempDir;

/// A library whose films and state are on a slow disk. The daemon scans it when it gets a signal.
pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) disk: SlowDisk,
    pub(crate) library: Library,
}

impl Scene {
    pub(crate) fn set() -> Option<Self> {
        let tools = Tools::find()?;
        let folder = tempfile::Builder::new().prefix("av1d-slow-").tempdir().unwrap();
        let at = folder.path().join("disk");
        let disk = SlowDisk::mount(&folder.path().join("behind"), &at)?;
        let mut library = Library::within(&at, &tools);
        library.hurry();
        library.set("scan_interval_secs", 3600);
        Some(Self { folder, disk, library })
    }

    pub(crate) fn start(&self) -> Running {
        start(&mut self.library.command(["watch"]))
    }

    /// Adds a film, and tells the daemon to scan.
    pub(crate) fn bring_film(&self, run: &Running) {
        let film = self.library.film(".draft.mkv");
        fs::rename(film, self.library.path("Film.mkv")).unwrap();
        signal(run.id(), Signal::USR1);
    }

    /// While something hangs, checks that the status can be asked for and that the daemon ends when asked to. Then lets
    /// the disk go on, and checks that the next run finishes the work.
    pub(crate) fn outlive(&self, what: &str, run: Running) {
        self.wait_until_it_hangs(what);
        self.library.run(["status"]).exits_with(0);
        self.end(what, run);
        self.disk.go_on();
        self.converges();
    }

    pub(crate) fn wait_until_it_hangs(&self, what: &str) {
        wait_until(&format!("{what} hangs"), || self.disk.held() > 0);
        // A call that is only slow has ended by then.
        std::thread::sleep(Duration::from_secs(1));
    }

    /// Checks that the daemon answers a status request quickly, and ends it.
    pub(crate) fn end(&self, what: &str, run: Running) {
        let best = (0..5).map(|_| self.ask()).min().unwrap();
        assert!(best < Duration::from_secs(1), "{what}: the status took {best:?}");

        let asked = Instant::now();
        signal(run.id(), Signal::TERM);
        let run = run.wait().exits_with(0);
        let took = asked.elapsed();
        assert!(took < Duration::from_secs(15), "{what}: it took {took:?} to end\n{run}");
        assert_eq!(self.library.encoders(), [] as [u32; 0]);
        say(&format!("{what} hangs: the status takes {best:.1?}, the end {took:.1?}"));
    }

    /// How long the control socket takes to answer a status request.
    pub(crate) fn ask(&self) -> Duration {
        let asked = Instant::now();
        let stream = UnixStream::connect(self.library.state().join("control.sock")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut control = BufReader::new(stream);
        control.get_mut().write_all(b"{\"request\":\"status\"}\n").unwrap();
        let (mut greeting, mut reply) = (String::new(), String::new());
        control.read_line(&mut greeting).unwrap();
        let read = control.read_line(&mut reply);
        assert!(reply.contains("\"ok\":true"), "{read:?} {reply}");
        asked.elapsed()
    }

    /// Checks that the next run finishes the work and leaves nothing behind.
    pub(crate) fn converges(&self) {
        self.library.watch_once().exits_with(0);
        assert_eq!(self.library.files(), ["Film.mkv"]);
        self.library.media("Film.mkv").is_av1();
        let open = self.library.jobs().iter().filter(|job| job["outcome"].is_null()).count();
        assert_eq!(open, 0, "{:#?}", self.library.jobs());
    }
}

/// Starts the daemon, and waits until it has scanned the empty library.
pub(crate) fn start(command: &mut Command) -> Running {
    let mut run = Running::start(command, b"");
    wait_until("the daemon has looked", || {
        assert!(!run.has_ended(), "it ended too early");
        run.has_said("scan: ")
    });
    run
}
