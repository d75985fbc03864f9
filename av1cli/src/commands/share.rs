//! What is installed beside the program, made from its arguments: the manual, the completions of shells, and a config that says the
//! defaults.
//!
//! `av1top` has the same for itself; the two faces share no code.

use std::path::Path;
use std::{fs, io};

use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::sanitize::display;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::output::console::out;

/// Where each shell looks for the completions of `av1cli`.
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

/// Writes it all into `folder`, as it lies below `share`.
pub(crate) fn write(folder: &Path) -> Result<Exit, Failure> {
    try_write(folder).map(|()| Exit::Done).map_err(|error| {
        Failure::new(Exit::Failed, format!("failed to write into {}", display(folder)))
            .cause(&error)
            .hint("name a folder that isn't there yet")
    })
}

fn try_write(folder: &Path) -> io::Result<()> {
    // It fails where the folder is there: nothing is overwritten.
    fs::create_dir(folder)?;
    for (shell, place) in COMPLETIONS {
        let path = folder.join(place);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, completions_for(shell))?;
    }
    let document = folder.join("doc/av1d");
    fs::create_dir_all(&document)?;
    fs::write(document.join("config.toml"), av1exec::settings::default_file())?;
    let manual = folder.join("man/man1");
    fs::create_dir_all(&manual)?;
    clap_mangen::generate_to(Cli::command(), manual)
}
