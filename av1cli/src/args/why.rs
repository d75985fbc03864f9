//! The arguments of `av1cli why`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// The films, by any name that they have or had
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Print a JSON document for each
    #[arg(long)]
    pub(crate) json: bool,
}
