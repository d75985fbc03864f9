//! What is installed beside the program, made from its arguments: the manual and the completions of shells.
//!
//! `av1cli` has the same for itself; the two faces share no code.

use std::path::Path;
use std::{fs, io};

use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::sanitize::display;
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
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "av1top", &mut text);
        let path = folder.join(place);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, text)?;
    }
    let manual = folder.join("man/man1");
    fs::create_dir_all(&manual)?;
    clap_mangen::generate_to(Cli::command(), manual)
}
