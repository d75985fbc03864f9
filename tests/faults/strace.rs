//! Faults by strace, into the program alone: what it starts is let go at its `execve`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use av1d_tests::{Run, Running, Signal, wait_until};
use rustix::process::{Pid, kill_process};

/// What is injected, and what is written down.
#[derive(Debug, Clone, Default)]
pub(crate) struct Strace {
    calls: Vec<String>,
    injections: Vec<String>,
    paths: Vec<PathBuf>,
}

impl Strace {
    /// Only writes down these calls, separated by commas.
    pub(crate) fn watching(calls: &str) -> Self {
        Self { calls: vec![calls.to_owned()], ..Self::default() }
    }

    /// Does `what` (strace's own words) to each thread's `when`-th call.
    pub(crate) fn injecting(call: &str, what: &str, when: usize) -> Self {
        let mut strace = Self::watching(call);
        strace.injections.push(format!("inject={call}:{what}:when={when}"));
        strace
    }

    /// Does `what` to every call of these besides.
    pub(crate) fn inject_always(&mut self, calls: &str, what: &str) {
        self.calls.push(calls.to_owned());
        // The first rule that is given for a call counts no more once a later one names it too.
        self.injections.insert(0, format!("inject={calls}:{what}"));
    }

    /// Why strace can't be used here, where it can't.
    pub(crate) fn missing() -> Option<String> {
        let can = Command::new("strace").args(["-f", "-b", "execve", "-o", "/dev/null", "true"]).output();
        match can {
            Ok(output) if output.status.success() => None,
            Ok(output) => {
                Some(format!("strace can't trace here: {}", String::from_utf8_lossy(&output.stderr).trim()))
            }
            Err(error) => Some(format!("strace can't be started: {error}")),
        }
    }

    /// `program` under it, writing down to `file`.
    pub(crate) fn command(&self, program: &Command, file: &Path) -> Command {
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-b", "execve", "-o"]).arg(file);
        self.filter(&mut command);
        command.arg(program.get_program()).args(program.get_args());
        command.current_dir(program.get_current_dir().unwrap()).env("HOME", "/nonexistent");
        for variable in ["AV1D_CONFIG", "XDG_CONFIG_HOME", "COLUMNS"] {
            command.env_remove(variable);
        }
        command
    }

    /// Runs `program` to its end; where it is stopped, does `meanwhile` and lets it go on.
    pub(crate) fn run_held(&self, program: &Command, file: &Path, meanwhile: impl FnOnce()) -> Trace {
        let mut running = Running::start(&mut self.command(program, file), b"");
        let (mut meanwhile, mut stops) = (Some(meanwhile), 0);
        while !running.has_ended() {
            std::thread::sleep(Duration::from_millis(5));
            let lines = read(file);
            let stopped: Vec<u32> = lines
                .iter()
                .filter(|line| line.contains("--- stopped by SIGSTOP ---"))
                .filter_map(|line| line.split(' ').next()?.parse().ok())
                .collect();
            if stopped.len() > stops {
                stops = stopped.len();
                if let Some(meanwhile) = meanwhile.take() {
                    meanwhile();
                }
                // Each thread is told of, and some may have ended since; one that is there wakes all of them.
                for thread in stopped.iter().filter_map(|id| Pid::from_raw(i32::try_from(*id).ok()?)) {
                    let _ = kill_process(thread, Signal::CONT);
                }
            }
        }
        let run = running.wait();
        assert!(meanwhile.is_none(), "it was never stopped\n{run}");
        Trace { run, lines: read(file) }
    }

    /// Looks only at calls on this path.
    pub(crate) fn on(mut self, path: &Path) -> Self {
        self.paths.push(path.to_owned());
        self
    }

    /// Joins a program that runs, until it ends.
    pub(crate) fn attach(&self, process: u32, file: &Path) -> Running {
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-b", "execve", "-p", &process.to_string(), "-o"]).arg(file);
        self.filter(&mut command);
        let strace = Running::start(&mut command, b"");
        wait_until("strace has joined", || strace.has_said("attached"));
        strace
    }

    fn filter(&self, command: &mut Command) {
        command.arg("-e").arg(format!("trace={}", self.calls.join(",")));
        for injection in &self.injections {
            command.arg("-e").arg(injection);
        }
        for path in &self.paths {
            command.arg("-P").arg(path);
        }
    }

    /// Runs `program` under it to its end.
    pub(crate) fn run(&self, program: &Command, file: &Path) -> Trace {
        let run = Run::of(&mut self.command(program, file));
        Trace { run, lines: read(file) }
    }
}

/// What strace wrote down, a call a line. Names in it may be of any bytes.
pub(crate) fn read(file: &Path) -> Vec<String> {
    let bytes = std::fs::read(file).unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
}

/// A run under strace.
pub(crate) struct Trace {
    pub(crate) run: Run,
    pub(crate) lines: Vec<String>,
}

impl Trace {
    /// Where a fault was injected: the lines that say so.
    pub(crate) fn fired(&self) -> Vec<&str> {
        let said = |line: &&String| {
            ["(INJECTED)", "(DELAYED)", "killed by SIGKILL"].iter().any(|word| line.contains(word))
        };
        self.lines.iter().filter(said).map(String::as_str).collect()
    }

    /// Each thread's calls of one name, in order.
    pub(crate) fn calls(&self, name: &str) -> Vec<Vec<&str>> {
        let mut threads: Vec<(&str, Vec<&str>)> = Vec::new();
        for line in &self.lines {
            let Some((thread, call)) = line.split_once(' ') else { continue };
            let call = call.trim_start();
            if call.strip_prefix(name).is_none_or(|rest| !rest.starts_with('(')) {
                continue;
            }
            match threads.iter_mut().find(|(known, _)| *known == thread) {
                Some((_, calls)) => calls.push(call),
                None => threads.push((thread, vec![call])),
            }
        }
        threads.into_iter().map(|(_, calls)| calls).collect()
    }
}
