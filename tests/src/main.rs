//! The command line under test: the same entry as `av1cli`'s own.

use std::process::ExitCode;

fn main() -> ExitCode {
    av1cli::run(std::env::args_os(), |name| std::env::var_os(name))
}
