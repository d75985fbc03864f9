//! The dashboard's entry: all it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    av1top::run(std::env::args_os(), |name| std::env::var_os(name))
}
