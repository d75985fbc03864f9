//! The second fault: after a kill, the recovery itself is killed at each system call, or one of its calls fails.

use crate::check::After;
use crate::stage::{Stage, Variant};
use crate::strace::Strace;
use crate::syscalls::{From, Harm, baseline, hit, worthy};
use crate::table::{Case, Cases, Effort, Row, Violation};

/// The calls that change a library, at which the first kill comes.
const CHANGES: [&str; 4] = ["linkat", "rename", "renameat2", "unlink"];
/// The calls at which the second fault comes.
const CALLS: [&str; 6] = ["linkat", "rename", "renameat2", "unlink", "fsync", "openat"];

pub(crate) fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = [Harm::Kill, Harm::Error("EIO")]
        .into_iter()
        .map(|harm| Row::new(format!("recovery, {}", harm.spelled()), move |effort| cases(harm, effort)))
        .collect();
    rows.push(Row::new("neither hard links nor a rename that doesn't overwrite", |_| {
        if let Some(why) = Strace::missing() {
            return Err(why);
        }
        Ok(vec![
            Case::new("in place", || no_safe_rename(Variant::InPlace)),
            Case::new("new name", || no_safe_rename(Variant::NewName)),
        ])
    }));
    rows
}

fn cases(harm: Harm, effort: Effort) -> Cases {
    if let Some(why) = Strace::missing() {
        return Err(why);
    }
    let mut all = Vec::new();
    for variant in Variant::ALL {
        for (first, at) in deaths(variant)? {
            let stage = killed(variant, first, at)?;
            let trace = stage.watch_under(&Strace::watching(&CALLS.join(",")));
            for call in CALLS {
                if variant.is_without_links() && call == "linkat" {
                    continue;
                }
                let again = worthy(&trace, call).into_iter().map(|when| {
                    let what = format!("killed at {first} #{at}, then {call} #{when}, {}", variant.name());
                    Case::new(what, move || twice(variant, (first, at), harm, call, when))
                });
                all.extend(again);
            }
            if effort == Effort::Representative {
                // Takes only one first kill per variant: each needs a run to find its calls.
                break;
            }
        }
    }
    Ok(effort.of(all, 8))
}

/// The calls at which a kill leaves something to clean up: all that change the library, from the step `commit` on.
fn deaths(variant: Variant) -> Result<Vec<(&'static str, usize)>, String> {
    let trace = baseline(variant, From::Encode)?;
    let mut found = Vec::new();
    for call in CHANGES {
        for thread in trace.calls(call) {
            let of_library = thread.iter().enumerate().filter(|(_, call)| {
                call.contains("/films/") && !call.contains(".av1try") && !call.contains("why.txt")
            });
            found.extend(of_library.map(|(number, _)| (call, number + 1)));
        }
    }
    found.retain(|(call, _)| !(variant.is_without_links() && *call == "linkat"));
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

fn killed(variant: Variant, call: &str, when: usize) -> Result<Stage, String> {
    let mut stage = Stage::set(variant)?;
    stage.watch_from(From::Encode, &Strace::injecting(call, &Harm::Kill.spelled(), when));
    Ok(stage)
}

fn twice(
    variant: Variant,
    (first, at): (&str, usize),
    harm: Harm,
    call: &str,
    when: usize,
) -> Vec<Violation> {
    let stage = match killed(variant, first, at) {
        Ok(stage) => stage,
        Err(why) => return vec![why],
    };
    let trace = stage.watch_under(&Strace::injecting(call, &harm.spelled(), when));
    // The second fault stopped the recovery, so what the first kill left may still be there.
    let mut found = stage.violations(After::Kill);
    if !found.is_empty() {
        found.push(format!("hit: {:#?}\n{}", hit(&trace, call, when), trace.run));
    }
    found
}

/// The film is skipped with the reason `no-safe-rename`, and is encoded once the file system can rename safely.
fn no_safe_rename(variant: Variant) -> Vec<Violation> {
    let stage = match Stage::set(variant) {
        Ok(stage) => stage,
        Err(why) => return vec![why],
    };
    let mut strace = Strace::default();
    strace.inject_always("link,linkat", "error=EPERM");
    strace.inject_always("renameat2", "error=EINVAL");
    let trace = stage.watch_under(&strace);
    let mut found = Vec::new();
    if std::fs::read(stage.film()).map_or(true, |bytes| bytes != stage.original) {
        found.push("the film is changed or gone".to_owned());
    }
    if !trace.run.stderr.contains("no-safe-rename") || trace.run.stderr.contains("encode: ") {
        found.push("it isn't skipped for that reason before any work".to_owned());
    }
    found.extend(stage.violations(After::End));
    if !found.is_empty() {
        found.push(trace.run.to_string());
    }
    found
}
