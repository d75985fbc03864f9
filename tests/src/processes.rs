//! Finds processes of this machine in /proc, signals them, and waits for conditions.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long a test waits before it fails. Everything that tests wait for takes less than this.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Calls `holds` again and again until it returns true, and fails the test after a minute.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    while !holds() {
        assert!(Instant::now() < deadline, "waited {} s in vain until {what}", TIMEOUT.as_secs());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The ids of the running processes of this program whose arguments contain `path`. Zombies have no arguments any more,
/// so they aren't found.
pub fn with_argument(program: &str, path: &Path) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let arguments = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let name = arguments.split(|byte| *byte == 0).next().unwrap_or_default();
        let wanted = path.as_os_str().as_bytes();
        let about = arguments.windows(wanted.len()).any(|window| window == wanted);
        if about && Path::new(std::ffi::OsStr::from_bytes(name)).file_name() == Some(program.as_ref()) {
            found.push(id);
        }
    }
    found
}

/// The ids of the running processes in a process group, without zombies.
pub fn in_group(group: u64) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The program's name in brackets may contain any character. After it come state, parent and process group.
        let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect::<Vec<_>>());
        let alive = fields.is_some_and(|fields| fields[0] != "Z" && fields[2] == group.to_string());
        found.extend(alive.then_some(id));
    }
    found
}

/// Sends a signal to one process.
pub fn signal(id: u32, signal: Signal) {
    let id = i32::try_from(id).ok().and_then(Pid::from_raw).unwrap();
    kill_process(id, signal).unwrap();
}
