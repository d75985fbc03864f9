//! The entry point of the dashboard; everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    av1top::run(std::env::args_os(), |name| std::env::var_os(name))
}
