//! The dashboard under test: the same entry as `av1top`'s own.

use std::process::ExitCode;

fn main() -> ExitCode {
    av1top::run(std::env::args_os(), |name| std::env::var_os(name))
}
