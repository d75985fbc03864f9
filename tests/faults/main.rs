//! Injects real faults into the real program, and checks the result of each with none of the product's code.
//!
//! `make faults` runs all of them and prints a table: fault, runs, violations. `make test` runs a representative part.
//! A word after `cargo test --test faults --` runs only the rows whose name contains it.

#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unnecessary_debug_formatting,
    reason = "a program of tests: it fails by a panic, prints a table, and shows hostile names escaped"
)]

mod check;
mod daemons;
mod disguised;
mod full;
mod liars;
mod names;
mod recovery;
mod source_changes;
mod stage;
mod strace;
mod syscalls;
mod table;

use std::process::ExitCode;

use table::Row;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let rows: Vec<Row> = [
        syscalls::rows(),
        recovery::rows(),
        full::rows(),
        liars::rows(),
        source_changes::rows(),
        daemons::rows(),
        names::rows(),
        disguised::rows(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let wanted: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with('-')).collect();
    table::run(rows, &wanted)
}
