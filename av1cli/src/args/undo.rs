//! The arguments of `av1cli undo`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct UndoArgs {
    /// The films, by the name that they have or had
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Only say what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print a JSON document a line for each film, put back or not
    #[arg(long)]
    pub(crate) json: bool,
}
