//! Finds and ends processes of encodes that outlived their av1d.
//!
//! The kernel kills a child when its parent ends (see [`process`](crate::sys::process)), but not the processes that the
//! child itself started: an `ffmpeg` that is a shell script has children of its own.

use procfs::process::{ProcState, Process, all_processes};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

/// The environment variable that names the job. Processes that the child starts inherit it, so that they can be found,
/// too.
pub const JOB_VARIABLE: &str = "AV1D_JOB";

/// Identifies a process unambiguously: a process number is reused, but not within one clock tick of the same boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessId {
    /// The process number.
    pub pid: u32,
    /// The start time, in clock ticks since the boot; zero if it is unknown.
    pub started: u64,
    /// The kernel's random identifier of the boot.
    pub boot: String,
}

impl ProcessId {
    /// Returns the identity of this process.
    pub fn current() -> Self {
        Self::of(std::process::id())
    }

    /// Returns the identity of the process that has this number now.
    pub fn of(pid: u32) -> Self {
        Self { pid, started: started(pid).unwrap_or_default(), boot: boot() }
    }
}

/// Whether the process is still running.
pub fn is_alive(process: &ProcessId) -> bool {
    process.boot == boot() && started(process.pid) == Some(process.started)
}

/// Kills the remaining processes of a job that ran `child`. They get no time to finish, because their output is useless
/// now. Returns how many were killed.
pub fn end(job: &str, child: &ProcessId) -> usize {
    let Ok(processes) = all_processes() else { return 0 };
    let running = processes.flatten().filter_map(|process| Seen::look(&process));
    let orphans = running.filter(|seen| seen.is_left_of(job, child, &boot()));
    orphans.filter(|orphan| kill(orphan.pid).is_ok()).count()
}

fn kill(pid: u32) -> rustix::io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(rustix::io::Errno::SRCH)?;
    kill_process(pid, Signal::KILL)
}

/// A running process, with the fields that are needed here.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    pid: u32,
    group: u32,
    started: u64,
    /// The job it was started for, from its environment.
    job: Option<String>,
}

impl Seen {
    fn look(process: &Process) -> Option<Self> {
        let stat = process.stat().ok()?;
        let job = process.environ().ok()?.remove(std::ffi::OsStr::new(JOB_VARIABLE));
        Some(Self {
            pid: u32::try_from(stat.pid).ok()?,
            group: u32::try_from(stat.pgrp).ok()?,
            started: stat.starttime,
            job: job.map(|job| job.to_string_lossy().into_owned()),
        })
    }

    /// Whether this is the job's child or a descendant of it: same process group, same job name, same boot, and not
    /// started before the child.
    fn is_left_of(&self, job: &str, child: &ProcessId, boot: &str) -> bool {
        let Self { pid: _, group, started, job: of } = self;
        child.boot == boot && *group == child.pid && *started >= child.started && of.as_deref() == Some(job)
    }
}

fn started(pid: u32) -> Option<u64> {
    let stat = Process::new(i32::try_from(pid).ok()?).ok()?.stat().ok()?;
    // A zombie counts as ended: it holds no files or locks any more.
    (!matches!(stat.state(), Ok(ProcState::Zombie))).then_some(stat.starttime)
}

/// Identifies the time since the machine was started.
pub(crate) fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn only_what_was_started_for_the_job_is_its_orphan() {
        let child = ProcessId { pid: 10, started: 500, boot: "b".into() };
        let seen =
            |pid, group, started, job: Option<&str>| Seen { pid, group, started, job: job.map(Into::into) };
        let table = [
            ("ffmpeg itself", seen(10, 10, 500, Some("j")), "b", true),
            ("what it started", seen(11, 10, 501, Some("j")), "b", true),
            ("another group", seen(11, 11, 501, Some("j")), "b", false),
            ("another job", seen(10, 10, 500, Some("k")), "b", false),
            ("somebody else under that number", seen(10, 10, 900, None), "b", false),
            ("older than the child", seen(11, 10, 499, Some("j")), "b", false),
            ("after a reboot", seen(10, 10, 500, Some("j")), "c", false),
        ];
        for (what, seen, boot, orphan) in table {
            assert_eq!(seen.is_left_of("j", &child, boot), orphan, "{what}");
        }
    }

    #[test]
    fn a_process_is_known_again_until_it_is_gone() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let id = ProcessId::of(child.id());
        assert!(is_alive(&id) && is_alive(&ProcessId::current()));
        assert!(
            !is_alive(&ProcessId { started: id.started + 1, ..id.clone() }),
            "the number was given out anew"
        );
        assert!(!is_alive(&ProcessId { boot: "another".into(), ..id.clone() }));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!is_alive(&id));
    }

    #[test]
    fn a_whole_group_is_ended() {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & sleep 60"]).env(JOB_VARIABLE, "a-job").process_group(0);
        let mut child = command.spawn().unwrap();
        let id = ProcessId::of(child.id());
        let of_group = || {
            let seen = all_processes().unwrap().flatten().filter_map(|process| process.stat().ok());
            seen.filter(|stat| u32::try_from(stat.pgrp) == Ok(id.pid) && stat.comm == "sleep").count()
        };
        while of_group() < 2 {
            std::thread::yield_now();
        }
        assert_eq!(end("another-job", &id), 0);
        assert_eq!(end("a-job", &id), 3);
        child.wait().unwrap();
        while of_group() > 0 {
            std::thread::yield_now();
        }
    }
}
