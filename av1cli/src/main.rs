//! The entry point of the command line; everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    av1cli::run(std::env::args_os(), |name| std::env::var_os(name))
}
