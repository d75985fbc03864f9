//! A library on a disk that hangs, and a daemon that has to live with it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

use av1d_tests::{Library, Running, Signal, SlowDisk, Tools, say, signal, wait_until};
use tempfile::TempDir;

/// A library whose films and state are on a slow disk, with one film and a daemon that looks at it when it is told to.
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

    /// A film comes, and the daemon is told to look.
    pub(crate) fn bring_film(&self, run: &Running) {
        let film = self.library.film(".draft.mkv");
        fs::rename(film, self.library.path("Film.mkv")).unwrap();
        signal(run.id(), Signal::USR1);
    }

    /// Something hangs. How things stand is told, and the daemon ends when it is asked to; when the disk is back, the next one
    /// does what there is to do.
    pub(crate) fn outlive(&self, what: &str, run: Running) {
        self.wait_until_it_hangs(what);
        self.library.run(["status"]).exits_with(0);
        self.end(what, run);
        self.disk.go_on();
        self.converges();
    }

    pub(crate) fn wait_until_it_hangs(&self, what: &str) {
        wait_until(&format!("{what} hangs"), || self.disk.held() > 0);
        // Longer than anything takes that only is a little slow.
        std::thread::sleep(Duration::from_secs(1));
    }

    /// The daemon is asked how things stand, and to end.
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

    /// How long it takes until the socket has told how things stand.
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

    /// The next start does what there is to do, and nothing is left.
    pub(crate) fn converges(&self) {
        self.library.watch_once().exits_with(0);
        assert_eq!(self.library.files(), ["Film.mkv"]);
        self.library.media("Film.mkv").is_av1();
        let open = self.library.jobs().iter().filter(|job| job["outcome"].is_null()).count();
        assert_eq!(open, 0, "{:#?}", self.library.jobs());
    }
}

/// Starts the daemon, which finds an empty library.
pub(crate) fn start(command: &mut Command) -> Running {
    let mut run = Running::start(command, b"");
    wait_until("the daemon has looked", || {
        assert!(!run.has_ended(), "it ended too early");
        run.has_said("scan: ")
    });
    run
}
