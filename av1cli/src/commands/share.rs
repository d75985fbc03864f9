//! Generates the files that are installed beside the program: the manual, the shell completions, and a config with the
//! default values.

use std::path::Path;

use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::new_folder::NewFolder;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::output::console::out;

/// Where each shell searches the completions of `av1cli`.
const COMPLETIONS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions/av1cli"),
    (Shell::Zsh, "zsh/site-functions/_av1cli"),
    (Shell::Fish, "fish/vendor_completions.d/av1cli.fish"),
];

/// Prints the completions for a shell.
pub(crate) fn completions(shell: Shell) -> Result<Exit, Failure> {
    out(completions_for(shell).trim_ascii_end())?;
    Ok(Exit::Done)
}

fn completions_for(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "av1cli", &mut text);
    text
}

/// Writes all files into `folder`, in the layout of `share`.
pub(crate) fn write(folder: &Path) -> Result<Exit, Failure> {
    NewFolder::fill(folder, |share| {
        for (shell, place) in COMPLETIONS {
            share.write(place, completions_for(shell))?;
        }
        share.write("doc/av1d/config.toml", av1exec::settings::default_file())?;
        share.within("man/man1", |manual| clap_mangen::generate_to(Cli::command(), manual))
    })?;
    Ok(Exit::Done)
}
