//! The command-line arguments, as clap parses them.

mod config;
mod control;
mod output;
mod undo;
mod verify;
mod why;

use std::path::PathBuf;

use av1exec::sys::failure::Exit;
use av1plan::plan::Gate;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ColorChoice, Parser, Subcommand};
use clap_complete::Shell;

use crate::output::logging::{Format, Logging};

pub(crate) use config::{CheckArgs, ConfigCommand, DoctorArgs, InitArgs, ShowArgs};
pub(crate) use control::{AskArgs, CancelArgs, ControlCommand, PathsArgs, StatusArgs, UnskipArgs};
pub(crate) use output::OutputArgs;
pub(crate) use undo::UndoArgs;
pub(crate) use verify::VerifyArgs;
pub(crate) use why::WhyArgs;

/// Turns films into AV1 at high visual quality, and never loses one on the way.
#[derive(Debug, Parser)]
#[command(name = "av1cli", version, after_help = after_help(), max_term_width = 100)]
pub(crate) struct Cli {
    #[arg(long, global = true, value_name = "FILE", help = CONFIG_HELP)]
    pub(crate) config: Option<PathBuf>,
    #[arg(long, global = true, value_enum, value_name = "WHEN", help = COLOR_HELP, display_order = 100)]
    #[arg(default_value_t = ColorChoice::Auto, hide_default_value = true, hide_possible_values = true)]
    pub(crate) color: ColorChoice,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const CONFIG_HELP: &str =
    "The config file [default: $AV1D_CONFIG, $XDG_CONFIG_HOME/av1d/config.toml, /etc/av1d/config.toml]";

const COLOR_HELP: &str =
    "When to use colours: auto (on terminals, and as $NO_COLOR and $CLICOLOR_FORCE say), always, never";

/// The end of the help: examples, and the table of exit codes, which are the same for every command.
fn after_help() -> String {
    let codes: Vec<String> =
        Exit::ALL.iter().map(|exit| format!("  {:<3}  {}", exit.code(), exit.meaning())).collect();
    format!(
        "Examples:\n  av1cli plan Film.mkv          what would be done, and why; nothing is touched\n  \
         av1cli plan /media/films      the same for a library\n  \
         av1cli encode Film.mkv        do it\n  \
         av1cli watch                  do it for the whole library, from now on\n\n\
         Exit codes, everywhere the same:\n{}",
        codes.join("\n")
    )
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the ffmpeg command for each film, and touch nothing
    ///
    /// Standard output gets the command alone, quoted for a POSIX shell, so that it can be piped to one; it writes to a
    /// hidden file beside the film. What is decided and why goes to standard error. A film that is skipped prints
    /// nothing on standard output. Of a folder, each film below it gets a row: that is the dry run.
    #[command(
        after_help = "Examples:\n  av1cli plan Film.mkv\n  av1cli plan Film.mkv | sh\n  av1cli plan --explain \
                            Film.mkv\n  av1cli plan --json *.mkv | jq .encode.crf\n  av1cli plan /media/films\n  av1cli plan /media/films --diff slower.toml\n  av1cli plan --probe-json probe.json \
                            --name Film.mkv --size 8000000000"
    )]
    Plan(PlanArgs),
    /// Encode named films now, and replace them once the result is verified
    ///
    /// A film is begun once it has held still for `stable_secs`; one that is still being copied is waited for, with a
    /// word a minute, and given up as a failure once it has kept changing for ten minutes. `--ignore not-stable` waits
    /// for none.
    #[command(
        after_help = "Examples:\n  av1cli encode Film.mkv\n  av1cli encode --ignore too-small Clip.mp4\n  \
                            av1cli encode --progress json Film.mkv | jq -r 'select(.event == \"finished\").code'"
    )]
    Encode(EncodeArgs),
    /// Tidy up after an av1d that was killed: finish or take back what its jobs left behind
    ///
    /// This happens by itself whenever films are worked on; here it can be seen, and done by hand.
    #[command(
        after_help = "Examples:\n  av1cli recover --dry-run\n  av1cli recover\n  av1cli recover --dry-run --json | jq .actions"
    )]
    Recover(RecoverArgs),
    /// Tell what happened to films, and why
    ///
    /// Each time that a film was worked on, under every name that it had; what lies beside it; what the daemon
    /// remembers of it; and what would be done now. This reads only, and works beside a daemon, without one, and
    /// without ffmpeg.
    #[command(after_help = "Examples:\n  av1cli why Film.mkv\n  av1cli why --json *.mkv | jq .outlook")]
    Why(WhyArgs),
    /// Put originals back that were kept, and leave those films alone
    ///
    /// With `keep_original = true` an original stays as NAME.orig. It gets its name back, the replacement is deleted,
    /// and an `.av1skip` marker keeps the film from being encoded again. Where the one or the other isn't what av1d
    /// left there, nothing is done. A daemon must be stopped first: while it runs, this exits with 4.
    #[command(
        after_help = "Examples:\n  av1cli undo --dry-run Film.mkv\n  av1cli undo Film.mkv\n  av1cli undo --json *.mkv | jq -r .code"
    )]
    Undo(UndoArgs),
    /// Check a result again: decode all of it, hold it against its contract, score its picture
    ///
    /// The contract is that of the job that made it, or with --against one that the original gives. With the original,
    /// the picture is compared and scored: by VMAF where ffmpeg has libvmaf, else, and for HDR, by XPSNR. Exits with 1
    /// where something is wrong.
    #[command(
        after_help = "Examples:\n  av1cli verify Film.mkv\n  av1cli verify Film.mkv --against Film.mkv.orig\n  av1cli verify \
                      --json --sample --metric xpsnr Film.mkv --against /backup/Film.mkv | jq .picture"
    )]
    Verify(VerifyArgs),
    /// Watch the library and encode what is worth it
    #[command(after_help = "Examples:\n  av1cli watch --once\n  av1cli --config ~/av1d.toml watch")]
    Watch(WatchArgs),
    #[command(flatten)]
    Control(ControlCommand),
    /// Look at everything that av1d needs, and say what is wrong and what to do about it
    ///
    /// ffmpeg and what it can do (`--trial` tries each encoder out), the config, the time zone, the address of the
    /// metrics, the folders of films, the state folder, the lock and the daemon. A line a check: `ok`, `warn` for what
    /// works but may not be meant, `FAIL` for what keeps av1d from working, on all films or on some. Exits with 1 where
    /// anything fails. Run it as the user that the daemon runs as. It changes nothing: files that it makes to try
    /// things out with are its own, and gone afterwards. Only where it is killed may a `.doctor-*` stay: `watch`
    /// removes it from the folders of films; in $TMPDIR and in the state folder it is yours to remove.
    #[command(
        after_help = "Examples:\n  av1cli doctor\n  av1cli doctor --trial\n  av1cli doctor --json | jq '.checks[] | select(.level != \"ok\")'"
    )]
    Doctor(DoctorArgs),
    /// Write, show, check or find the config file
    #[command(subcommand, after_help = "Example:\n  av1cli config init")]
    Config(ConfigCommand),
    /// Print what a shell needs to complete the arguments of av1cli
    ///
    /// `make install` puts it where bash, zsh and fish look for it.
    #[command(
        after_help = "Examples:\n  av1cli completions bash > ~/.local/share/bash-completion/completions/av1cli\n  \
                            av1cli completions fish > ~/.config/fish/completions/av1cli.fish\n  \
                            av1cli completions zsh > ~/.zfunc/_av1cli"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write what is installed below `share`: manual, completions, a config with the defaults
    #[command(hide = true)]
    Share {
        /// A folder that isn't there yet
        folder: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Films, and folders: of a folder every film below it gets a row
    #[arg(value_name = "FILE|DIR", required_unless_present = "probe_json")]
    pub(crate) files: Vec<PathBuf>,
    /// Print a JSON document a line instead of the command
    #[arg(long, conflicts_with = "explain")]
    pub(crate) json: bool,
    /// Print every decision with its reason as a table instead of the command
    #[arg(long)]
    pub(crate) explain: bool,
    /// Ignore this reason to leave a film alone; may be given several times
    #[arg(long, value_name = "CODE", value_parser = gate_parser())]
    pub(crate) ignore: Vec<Gate>,
    /// Read all of each film first, as is done before an encode: headers may claim anything
    #[arg(long, conflicts_with = "probe_json")]
    pub(crate) survey: bool,
    /// Encode short windows of each film that would be encoded, and say how large and how good its result will be; in a
    /// folder, of the first N films
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "18446744073709551615", conflicts_with_all = ["probe_json", "diff"])]
    pub(crate) sample: Option<u64>,
    /// Show what another config would change: which films, which choices, and why
    #[arg(long, value_name = "OTHER.toml", conflicts_with_all = ["explain", "probe_json"])]
    pub(crate) diff: Option<PathBuf>,
    /// Plan from a saved ffprobe document, with no film and no ffmpeg there (`-` reads standard input)
    #[arg(long, value_name = "FILE", conflicts_with = "files")]
    pub(crate) probe_json: Option<PathBuf>,
    /// The film's size in bytes, for --probe-json [default: what the document says]
    #[arg(long, value_name = "BYTES", requires = "probe_json")]
    pub(crate) size: Option<u64>,
    /// The film's name, for --probe-json [default: what the document says]
    #[arg(long, value_name = "NAME", requires = "probe_json")]
    pub(crate) name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct EncodeArgs {
    /// The films
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Ignore this reason to leave a film alone; may be given several times
    #[arg(long, value_name = "CODE", value_parser = gate_parser())]
    pub(crate) ignore: Vec<Gate>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    /// Only say what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print a JSON document a line for each film
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Make one pass over the library and exit
    #[arg(long)]
    pub(crate) once: bool,
    /// How a line of the log looks, which is written where no progress bars are drawn
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub(crate) log_format: Format,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

impl WatchArgs {
    /// Returns the log to write, or `None` if progress bars are drawn instead.
    pub(crate) fn logging(&self, terminal: bool, journal: bool) -> Option<Logging> {
        let (format, level) = (self.log_format, self.output.level());
        let bars = self.output.bars(terminal && format == Format::Text);
        (!bars).then_some(Logging { format, level, journal: journal && !terminal })
    }
}

fn gate_parser() -> impl TypedValueParser<Value = Gate> {
    let codes = Gate::codes();
    PossibleValuesParser::new(codes).try_map(|code| code.parse::<Gate>().map_err(|error| error.to_string()))
}
