//! The `av1top` under test: it calls the same entry function as the real program.

use std::process::ExitCode;

fn main() -> ExitCode {
    av1top::run(std::env::args_os(), |name| std::env::var_os(name))
}
