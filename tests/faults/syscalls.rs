//! Each system call of a replacement fails, or is where a `kill -9` hits; one run for each of its calls.

use std::sync::{Arc, Mutex};

use av1d_tests::say;

use crate::check::After;
use crate::stage::{Stage, Variant};
use crate::strace::{Strace, Trace};
use crate::table::{Case, Cases, Effort, Row, Violation};

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Harm {
    /// It isn't carried out, and returns this error.
    Error(&'static str),
    /// It isn't carried out, and the program is killed.
    Kill,
    /// It isn't carried out but returns 0, as on some network file systems.
    Pretended,
}

impl Harm {
    /// The action in strace's syntax.
    pub(crate) fn spelled(self) -> String {
        match self {
            Self::Error(error) => format!("error={error}"),
            Self::Kill => "signal=SIGKILL".to_owned(),
            Self::Pretended => "retval=0".to_owned(),
        }
    }

    fn after(self) -> After {
        if self == Self::Kill { After::Kill } else { After::End }
    }
}

/// Where counting starts. strace counts the calls of each thread separately, so counting from the start would often hit
/// a call of another thread before the intended one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// At the program's start.
    Start,
    /// At the encode, so that the threads that check and replace are counted.
    Encode,
}

/// The calls that change a library, the state or the sidecars, and other calls that the program depends on.
const CALLS: [(&str, &[Harm]); 16] = [
    ("link", &[Harm::Error("EIO"), Harm::Error("EPERM"), Harm::Kill, Harm::Pretended]),
    ("linkat", &[Harm::Error("EIO"), Harm::Error("EPERM"), Harm::Kill, Harm::Pretended]),
    ("rename", &[Harm::Error("EIO"), Harm::Kill, Harm::Pretended]),
    ("renameat", &[Harm::Error("EIO"), Harm::Kill, Harm::Pretended]),
    ("renameat2", &[Harm::Error("EIO"), Harm::Error("EINVAL"), Harm::Kill, Harm::Pretended]),
    ("unlink", &[Harm::Error("EIO"), Harm::Kill, Harm::Pretended]),
    ("unlinkat", &[Harm::Error("EIO"), Harm::Kill, Harm::Pretended]),
    ("fsync", &[Harm::Error("EIO"), Harm::Error("ENOSPC"), Harm::Kill]),
    ("fdatasync", &[Harm::Error("EIO"), Harm::Error("ENOSPC"), Harm::Kill]),
    ("openat", &[Harm::Error("EIO"), Harm::Error("EMFILE"), Harm::Kill]),
    ("write", &[Harm::Error("EIO"), Harm::Error("ENOSPC"), Harm::Kill]),
    ("pwrite64", &[Harm::Error("EIO"), Harm::Error("ENOSPC"), Harm::Kill]),
    ("statx", &[Harm::Error("EIO"), Harm::Error("ESTALE")]),
    ("read", &[Harm::Error("EIO")]),
    ("fchmod", &[Harm::Error("EPERM")]),
    ("utimensat", &[Harm::Error("EPERM")]),
];

pub(crate) fn rows() -> Vec<Row> {
    let row = |call: &'static str, harm: Harm| {
        Row::new(format!("{call} {}", harm.spelled()), move |effort| cases(call, harm, effort))
    };
    CALLS.iter().flat_map(|(call, harms)| harms.iter().map(move |harm| row(call, *harm))).collect()
}

fn cases(call: &'static str, harm: Harm, effort: Effort) -> Cases {
    if let Some(why) = Strace::missing() {
        return Err(why);
    }
    let mut all = Vec::new();
    for variant in Variant::ALL {
        if variant.is_without_links() && call.starts_with("link") {
            // There, every one of them fails anyway.
            continue;
        }
        for from in [From::Start, From::Encode] {
            let places = effort.of(places(variant, call, from)?, 2);
            all.extend(places.into_iter().map(|when| case(variant, from, call, harm, when)));
        }
    }
    Ok(effort.of(all, 4))
}

/// The trace of a run without a fault, kept for reuse.
type Known = ((Variant, From), Arc<Trace>);

/// Traces a run without a fault, once for each variant and starting point.
pub(crate) fn baseline(variant: Variant, from: From) -> Result<Arc<Trace>, String> {
    static TRACES: Mutex<Vec<Known>> = Mutex::new(Vec::new());
    let mut traces = TRACES.lock().unwrap();
    if let Some((_, known)) = traces.iter().find(|(known, _)| *known == (variant, from)) {
        return Ok(Arc::clone(known));
    }
    let names: Vec<&str> = CALLS.iter().map(|(name, _)| *name).collect();
    let trace = Arc::new(Stage::set(variant)?.watch_from(from, &Strace::watching(&names.join(","))));
    traces.push(((variant, from), Arc::clone(&trace)));
    Ok(trace)
}

/// The numbers of the calls that a run without a fault makes, over all threads.
pub(crate) fn places(variant: Variant, call: &str, from: From) -> Result<Vec<usize>, String> {
    let trace = baseline(variant, from)?;
    Ok(worthy(&trace, call))
}

/// The numbers of the calls that are worth a fault (see [`is_worth_it`]).
pub(crate) fn worthy(trace: &Trace, call: &str) -> Vec<usize> {
    let mut places: Vec<usize> = Vec::new();
    for thread in trace.calls(call) {
        let counts = thread.iter().enumerate().filter(|(_, call)| is_worth_it(call));
        places.extend(counts.map(|(number, _)| number + 1));
    }
    places.sort_unstable();
    places.dedup();
    places
}

/// Leaves out calls that are repeated a hundred times: each line of ffmpeg's log, each wake-up of the runtime, each
/// shared library.
fn is_worth_it(call: &str) -> bool {
    let dull = [".log>", "eventfd", "pipe:", "/usr/", "/lib", "/etc/", "/proc/", "/sys/", "socket:"];
    !dull.iter().any(|word| call.contains(word))
}

fn case(variant: Variant, from: From, call: &'static str, harm: Harm, when: usize) -> Case {
    Case::new(format!("{call} #{when} from {from:?}, {}", variant.name()), move || {
        run(variant, from, call, harm, when)
    })
}

/// How often a case is tried until its fault comes about. A run may make one call less than the run in which the calls
/// were counted, so the last one may be missing.
const TRIES: usize = 4;

fn run(variant: Variant, from: From, call: &str, harm: Harm, when: usize) -> Vec<Violation> {
    (1..=TRIES)
        .map(|_| attempt(variant, from, call, harm, when))
        .find(|found| !found.iter().any(|violation| violation == NOT_MET))
        .unwrap_or_else(|| {
            say(&format!("{call} #{when} from {from:?}, {}: {NOT_MET}", variant.name()));
            Vec::new()
        })
}

const NOT_MET: &str = "the fault didn't come about";

fn attempt(variant: Variant, from: From, call: &str, harm: Harm, when: usize) -> Vec<Violation> {
    let mut stage = match Stage::set(variant) {
        Ok(stage) => stage,
        Err(why) => return vec![why],
    };
    let trace = stage.watch_from(from, &Strace::injecting(call, &harm.spelled(), when));
    let hit = hit(&trace, call, when);
    let mut found = stage.violations(harm.after());
    if hit.is_empty() {
        found.push(NOT_MET.to_owned());
    }
    if !found.is_empty() {
        found.push(format!("hit: {hit:#?}\n{}", trace.run));
    }
    found
}

/// The lines of the calls that the fault hit.
pub(crate) fn hit(trace: &Trace, call: &str, when: usize) -> Vec<String> {
    let fired = trace.fired();
    if fired.iter().any(|line| line.contains("killed by SIGKILL")) {
        let last = trace.calls(call).into_iter().filter_map(|calls| calls.get(when - 1).copied());
        return last.map(str::to_owned).collect();
    }
    let injected = fired.into_iter().filter(|line| line.contains(&format!(" {call}")));
    injected.map(str::to_owned).collect()
}

impl Stage {
    /// Runs `av1cli watch --once` under strace, attached from the program's start or from its encode on.
    pub(crate) fn watch_from(&mut self, from: From, strace: &Strace) -> Trace {
        match from {
            From::Start => self.watch_under(strace),
            From::Encode => self.watch_joined(|_, _| strace.clone()),
        }
    }
}
