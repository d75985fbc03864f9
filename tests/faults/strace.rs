//! Injects faults with strace, and only into the program itself: strace detaches from a child process at its `execve`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use av1d_tests::{Run, Running, Signal, wait_until};
use rustix::process::{Pid, kill_process};

/// Which faults are injected, and which calls are recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Strace {
    calls: Vec<String>,
    injections: Vec<String>,
    paths: Vec<PathBuf>,
}

impl Strace {
    /// Only records these calls, which are separated by commas.
    pub(crate) fn watching(calls: &str) -> Self {
        Self { calls: vec![calls.to_owned()], ..Self::default() }
    }

    /// Does `what`, an action in strace's syntax, to the `when`-th call of each thread.
    pub(crate) fn injecting(call: &str, what: &str, when: usize) -> Self {
        let mut strace = Self::watching(call);
        strace.injections.push(format!("inject={call}:{what}:when={when}"));
        strace
    }

    /// Also does `what` to every call of `calls`.
    pub(crate) fn inject_always(&mut self, calls: &str, what: &str) {
        self.calls.push(calls.to_owned());
        // A later rule overrides an earlier one for the same call, so this one is put first.
        self.injections.insert(0, format!("inject={calls}:{what}"));
    }

    /// Why strace can't be used on this machine, or `None` if it can.
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

    /// Returns the command that runs `program` under strace, which records into `file`.
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

    /// Runs `program` to its end. When strace stops it for the first time, runs `meanwhile`, and then lets it go on.
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
                // The trace names each stopped thread, and some may have ended since. `SIGCONT` to one that is left
                // wakes all of them.
                for thread in stopped.iter().filter_map(|id| Pid::from_raw(i32::try_from(*id).ok()?)) {
                    let _ = kill_process(thread, Signal::CONT);
                }
            }
        }
        let run = running.wait();
        assert!(meanwhile.is_none(), "it was never stopped\n{run}");
        Trace { run, lines: read(file) }
    }

    /// Restricts recording and faults to calls on this path; repeated calls add paths.
    pub(crate) fn on(mut self, path: &Path) -> Self {
        self.paths.push(path.to_owned());
        self
    }

    /// Attaches strace to a running process, until that ends.
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

    /// Runs `program` under strace to its end.
    pub(crate) fn run(&self, program: &Command, file: &Path) -> Trace {
        let run = Run::of(&mut self.command(program, file));
        Trace { run, lines: read(file) }
    }
}

/// The lines that strace recorded, one per call. File names in them may contain any bytes.
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
    /// The lines that show that a fault was injected.
    pub(crate) fn fired(&self) -> Vec<&str> {
        let said = |line: &&String| {
            ["(INJECTED)", "(DELAYED)", "killed by SIGKILL"].iter().any(|word| line.contains(word))
        };
        self.lines.iter().filter(said).map(String::as_str).collect()
    }

    /// The calls with this name, in order, for each thread.
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
