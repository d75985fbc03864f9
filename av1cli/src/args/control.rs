//! The arguments of the commands that control a daemon. Some of them also work without one.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ControlCommand {
    /// Show what the daemon does, what was saved, and what failed lately
    ///
    /// Where no daemon runs, this tells what the job files tell, and exits with 0 all the same.
    #[command(
        after_help = "Examples:\n  av1cli status\n  av1cli status --watch\n  av1cli status --json | jq .totals"
    )]
    Status(StatusArgs),
    /// Stop running encodes where they are, and begin no new ones, until `resume`
    #[command(after_help = "Example:\n  av1cli pause")]
    Pause(AskArgs),
    /// Go on after `pause`
    #[command(after_help = "Example:\n  av1cli resume")]
    Resume(AskArgs),
    /// End a running encode; its original is untouched
    #[command(after_help = "Example:\n  av1cli cancel 20260131-200000-123456")]
    Cancel(CancelArgs),
    /// Forget that films failed or were skipped, so that they are looked at again
    ///
    /// The marker that av1d itself wrote beside a film whose result was too big is taken away. A film that a person or
    /// another tool excluded stays excluded: `unskip` it first.
    #[command(after_help = "Examples:\n  av1cli retry Film.mkv\n  av1cli retry /media/films/*.mkv")]
    Retry(PathsArgs),
    /// Leave films, or all below folders, alone from now on; a running encode is ended
    ///
    /// This writes an `.av1skip` marker beside the film, or into the folder. Only films (by their extension) and
    /// folders of the library get one: what lies below `library_roots` once the links in its path are followed.
    #[command(after_help = "Examples:\n  av1cli skip Film.mkv\n  av1cli skip '/media/series/Old one'")]
    Skip(PathsArgs),
    /// Take the marker of films or folders away again
    ///
    /// As with `skip`, only films and folders below `library_roots`. A marker that av1d wrote goes, and an empty one.
    /// One with somebody's own text stays, and so does one that another tool wrote for all films of that name
    /// (`Film.av1skip` beside Film.mkv and Film.mp4), unless --force is given.
    #[command(after_help = "Examples:\n  av1cli unskip Film.mkv\n  av1cli unskip --force Film.mkv")]
    Unskip(UnskipArgs),
    /// Have the daemon look through the library now
    #[command(after_help = "Example:\n  av1cli scan")]
    Scan(AskArgs),
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Print a JSON document
    #[arg(long)]
    pub(crate) json: bool,
    /// Show it anew each second, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AskArgs {
    /// Print the reply as a JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CancelArgs {
    /// The job, as `av1cli status` shows it
    pub(crate) job: String,
    /// Print the reply as a JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PathsArgs {
    /// The films (and folders, to skip and unskip)
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Print a JSON document for each
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct UnskipArgs {
    #[command(flatten)]
    pub(crate) paths: PathsArgs,
    /// Remove a marker with somebody's own text in it, or of another tool, too
    #[arg(long)]
    pub(crate) force: bool,
}
