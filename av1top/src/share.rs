//! What is installed beside the program, made from its arguments: the manual and the completions of shells.

use std::path::Path;

use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::new_folder::NewFolder;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;

/// Where each shell looks for the completions of `av1top`.
const COMPLETIONS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions/av1top"),
    (Shell::Zsh, "zsh/site-functions/_av1top"),
    (Shell::Fish, "fish/vendor_completions.d/av1top.fish"),
];

/// Writes it all into `folder`, as it lies below `share`.
pub(crate) fn write(folder: &Path) -> Result<Exit, Failure> {
    NewFolder::fill(folder, |share| {
        for (shell, place) in COMPLETIONS {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "av1top", &mut text);
            share.write(place, text)?;
        }
        share.within("man/man1", |manual| clap_mangen::generate_to(Cli::command(), manual))
    })?;
    Ok(Exit::Done)
}
