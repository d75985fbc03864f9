//! Generates the files that are installed beside the program: the manual and the shell completions.

use std::path::Path;

use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::new_folder::NewFolder;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;

/// Where each shell searches the completions of `av1top`.
const COMPLETIONS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions/av1top"),
    (Shell::Zsh, "zsh/site-functions/_av1top"),
    (Shell::Fish, "fish/vendor_completions.d/av1top.fish"),
];

/// Writes all files into `folder`, in the layout of `share`.
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
