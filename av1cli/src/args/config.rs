//! The arguments of `config` and `doctor`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Write a config file that says the defaults, with what each key is for
    ///
    /// It goes where --path or --config says, else where `$AV1D_CONFIG` does, else to the place of whoever asks: root's
    /// is /etc/av1d/config.toml, anybody else's `$XDG_CONFIG_HOME/av1d/config.toml` or ~/.config/av1d/config.toml. A
    /// file that is there is never overwritten.
    #[command(
        after_help = "Examples:\n  av1cli config init\n  av1cli config init --path ~/av1d.toml\n  av1cli config init --stdout | less"
    )]
    Init(InitArgs),
    /// Show the value of each key that counts, and the line that it comes from
    ///
    /// What is printed is a config itself. Of a config with mistakes it shows what could be read, names the mistakes,
    /// and exits with 2.
    #[command(
        after_help = "Examples:\n  av1cli config show\n  av1cli config show --json | jq .settings.min_bytes.value"
    )]
    Show(ShowArgs),
    /// Name everything that is wrong with a config file, each with its line and column
    #[command(
        after_help = "Examples:\n  av1cli config check\n  av1cli config check new.toml && mv new.toml ~/.config/av1d/config.toml"
    )]
    Check(CheckArgs),
    /// Print which config file is used, and on standard error the places that are looked at, in order
    #[command(after_help = "Examples:\n  av1cli config path\n  $EDITOR \"$(av1cli config path)\"")]
    Path(ShowArgs),
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Where to write it (`-` prints it)
    #[arg(long, value_name = "FILE")]
    pub(crate) path: Option<PathBuf>,
    /// Print it, and write nothing
    #[arg(long, conflicts_with = "path")]
    pub(crate) stdout: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Print a JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The file to look at [default: the one that is used]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Print a JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Print a JSON document
    #[arg(long)]
    pub(crate) json: bool,
    /// Try each encoder out, which takes some seconds
    #[arg(long)]
    pub(crate) trial: bool,
    /// The default now; scripts may still have it.
    #[arg(long, hide = true, conflicts_with = "trial")]
    pub(crate) no_encode: bool,
}
