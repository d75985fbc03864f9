//! Measures the machine's load and the free space of its disks.

use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::thread;

use av1exec::sys::disk;

use av1exec::sys::sanitize;
use jiff::Timestamp;
use sysinfo::System;

use super::{BEAT, SPACE};
use crate::message::{Machine, Msg, Root};

/// Sends the time and the machine's load at each beat; only the time if the load can't be read.
pub(super) fn watch(sender: &SyncSender<Msg>) {
    let mut system = System::new().ok();
    // A core's load is computed from two readings; this is the first one.
    system.iter_mut().for_each(System::refresh_cpu_usage);
    loop {
        thread::sleep(BEAT);
        let reading = system.as_mut().map(read);
        let told = reading.is_none_or(|reading| sender.send(Msg::Machine(reading)).is_ok());
        if !told || sender.send(Msg::Clock(Timestamp::now())).is_err() {
            return;
        }
    }
}

fn read(system: &mut System) -> Machine {
    system.refresh_cpu_usage();
    system.refresh_memory();
    let load = System::load_average().unwrap_or_default();
    Machine {
        cpu: percent(system.global_cpu_usage()),
        cores: system.cpus().iter().map(|cpu| percent(cpu.usage())).collect(),
        // Rounded to a hundredth of the total, because smaller changes aren't visible; otherwise every reading would be
        // different.
        memory_used: coarse(system.used_memory(), system.total_memory() / 100),
        memory_total: system.total_memory(),
        load: [load.one, load.five, load.fifteen].map(hundredths),
    }
}

fn coarse(bytes: u64, step: u64) -> u64 {
    bytes - bytes % step.max(1)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 100 before")]
fn percent(share: f32) -> u8 {
    share.clamp(0.0, 100.0).round() as u8
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits before")]
fn hundredths(load: f64) -> u32 {
    (load * 100.0).clamp(0.0, 1e9).round() as u32
}

/// Sends the free space of each root at intervals.
pub(super) fn watch_roots(sender: &SyncSender<Msg>, roots: &[PathBuf]) {
    loop {
        let read = |path: &PathBuf| {
            let space = disk::space(path).map(|space| (space.free, space.total));
            Root { path: sanitize::display(path), space: space.map_err(|error| plain(&error)) }
        };
        if sender.send(Msg::Roots(roots.iter().map(read).collect())).is_err() {
            return;
        }
        thread::sleep(SPACE);
    }
}

/// Returns the reason of an error without its number.
fn plain(error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::NotFound { "isn't there".into() } else { error.kind().to_string() }
}
