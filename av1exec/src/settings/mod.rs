//! The settings of a machine: which folders to scan, how often, how many encodes at once, and the policy for planning.
//!
//! One TOML file holds the settings for both front ends. This module finds it ([`load`], or [`inspect`] if it may be
//! invalid), parses it ([`parse`]) and writes it ([`render()`], [`default_file`]). All of these use one table of
//! keys, so that each knows the same keys. The environment is passed in as data ([`Environment`]); this module
//! doesn't read it.

pub mod concurrency;
mod convert;
mod differences;
mod effective;
mod environment;
mod error;
mod file;
pub mod hours;
pub mod init;
mod key;
mod keys;
mod locate;
pub mod queue_order;
mod reload;
mod render;
mod value;
mod warnings;
mod zone;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

pub use differences::{Difference, Takes, differences};
pub use effective::{Effective, Source, effective};
pub use environment::Environment;
pub use error::{NamedBy, Problem, SettingsError};
pub use file::{Reading, parse};
pub use locate::{Inspection, Loaded, Origin, Place, SYSTEM_FILE, inspect, load};
pub use reload::{Marks, ReloadError, Reloader};
pub use warnings::{Warning, warnings};
pub use zone::{ZoneRemark, time_zone};

use crate::settings::concurrency::Concurrency;
use crate::settings::hours::{ActiveHours, OutsideHours};
use crate::settings::queue_order::QueueOrder;
use crate::sys::folder_name::FolderName;
use crate::sys::priority::Priority;
use key::Present;
use keys::KEYS;

/// The settings that a user can change.
///
/// [`Settings::default`] equals section 9 of the original specification (the "seed").
#[allow(clippy::struct_excessive_bools, reason = "each is a key of the config by itself")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The folders that are scanned for films; absolute paths.
    pub library_roots: Vec<PathBuf>,
    /// The time from the end of one scan to the start of the next.
    pub scan_interval: Duration,
    /// The state folder, in which jobs are recorded; an absolute path.
    pub job_state_dir: PathBuf,
    /// How many films are encoded at once.
    pub max_concurrent_jobs: Concurrency,
    /// How many films are probed at once.
    pub probe_jobs: NonZeroUsize,
    /// Which film is encoded first.
    pub queue_order: QueueOrder,
    /// Whether the original stays beside the result.
    pub keep_original: bool,
    /// Whether a film that was not replaced gets a `.why.txt`.
    pub write_why_sidecars: bool,
    /// The folders that a walk passes over.
    pub ignored_folders: Vec<FolderName>,
    /// How long a file must be unchanged before av1d works on it.
    pub stable: Duration,
    /// How long an encode may go without progress before it is ended.
    pub stall: Duration,
    /// How long an encode's log is kept after the last write to it.
    pub log_age: Duration,
    /// How many bytes the logs of all encodes may take together.
    pub log_bytes: u64,
    /// Whether a result is decoded completely before its original is replaced.
    pub full_decode: bool,
    /// Whether a few seconds of a film are encoded and judged before the film itself.
    pub preflight: bool,
    /// The ffmpeg to run; `None` for the one in `PATH`.
    pub ffmpeg: Option<PathBuf>,
    /// The ffprobe to run; `None` for the one in `PATH`.
    pub ffprobe: Option<PathBuf>,
    /// The folder of mkvextract and mkvpropedit; `None` for those in `PATH`.
    pub mkvtoolnix: Option<PathBuf>,
    /// When films are encoded; `None` for always.
    pub active_hours: Option<ActiveHours>,
    /// What happens to running encodes when those hours end.
    pub outside_hours: OutsideHours,
    /// The CPU and disk priority of encodes.
    pub priority: Priority,
    /// The address on which metrics are served; `None` if they aren't.
    pub metrics_listen: Option<SocketAddr>,
    /// The planner's policy.
    pub policy: av1plan::Config,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            library_roots: vec![PathBuf::from("/media")],
            scan_interval: Duration::from_mins(1),
            job_state_dir: PathBuf::from("/var/lib/av1d/jobs"),
            max_concurrent_jobs: Concurrency::ONE,
            probe_jobs: NonZeroUsize::new(2).unwrap_or(NonZeroUsize::MIN),
            queue_order: QueueOrder::Largest,
            keep_original: false,
            write_why_sidecars: true,
            ignored_folders: FolderName::known(),
            stable: Duration::from_secs(10),
            stall: Duration::from_mins(5),
            // A log has some ten kilobytes, and at most 8 MiB plus its last lines.
            log_age: Duration::from_hours(24 * 90),
            log_bytes: 1 << 30,
            full_decode: true,
            preflight: true,
            ffmpeg: None,
            ffprobe: None,
            mkvtoolnix: None,
            active_hours: None,
            outside_hours: OutsideHours::default(),
            priority: Priority::default(),
            metrics_listen: None,
            policy: av1plan::Config::default(),
        }
    }
}

/// Renders `settings` as a config file with one line per key and no comments; keys that aren't set are left out.
///
/// [`parse`] returns the same settings, except for what a config file can't express: gates to ignore, and paths that
/// aren't UTF-8, which are written in a readable form.
pub fn render(settings: &Settings) -> String {
    KEYS.iter()
        .filter_map(|key| match (key.get)(settings) {
            Present::Set(value) => Some(format!("{} = {value}\n", key.name)),
            Present::Unset { .. } => None,
        })
        .collect()
}

/// Returns a config file with the default values, which describes each key's purpose and allowed values.
pub fn default_file() -> String {
    file_of(&Settings::default(), &[])
}

/// Returns a config file with a line for each key. `marks` are keys with a remark of their own; a line that the remark
/// says to be a mere example is a comment.
fn file_of(settings: &Settings, marks: &[Mark]) -> String {
    let head = format!(
        "# The config of av1d. A key that is left out has the value that is written here{}.\n\
         # Looked for in this order: --config FILE, $AV1D_CONFIG, $XDG_CONFIG_HOME/av1d/config.toml,\n\
         # {SYSTEM_FILE}.\n",
        if marks.is_empty() { "" } else { ", unless it says otherwise" }
    );
    let entries = KEYS.iter().map(|key| {
        let mark = marks.iter().find(|mark| mark.key == key.name);
        let comment = if mark.is_some_and(|mark| mark.is_example) { "# " } else { "" };
        let line = match (key.get)(settings) {
            Present::Set(value) => format!("{comment}{} = {value}", key.name),
            Present::Unset { example } => format!("# {} = {example}", key.name),
        };
        let remark = mark.map_or_else(String::new, |mark| format!("# {}\n", mark.remark));
        format!("\n# {}\n# Allowed: {}.\n{remark}{line}\n", key.purpose, key.allowed)
    });
    head + &entries.collect::<String>()
}

/// A key whose line isn't the default.
struct Mark {
    key: &'static str,
    remark: String,
    /// Whether the value is an example, which isn't used.
    is_example: bool,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const SEED: &str = r#"
library_roots = ["/media"]
min_bytes = 2147483648
max_size_ratio = 0.90
scan_interval_secs = 60
job_state_dir = "/var/lib/av1d/jobs"

max_concurrent_jobs = 1
prefer_encoder = "svt"         # svt|aom|rav1e
quality_tier = "high"          # high|very_high

keep_original = false
write_why_sidecars = true
"#;

    fn read(text: &str) -> Settings {
        parse(text, Path::new("config.toml")).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    #[test]
    fn the_defaults_are_the_seeds_section_9() {
        assert_eq!(read(SEED), Settings::default());
        assert!(
            render(&Settings::default())
                .starts_with("library_roots = [\"/media\"]\nmin_bytes = 2147483648\n")
        );
    }

    #[test]
    fn what_is_rendered_reads_back_the_same() {
        let changed = r#"
            library_roots = ["/films", "/a \"b\"\\c\u007f"]
            min_bytes = 0
            max_size_ratio = 0.0001
            scan_interval_secs = 1.5
            job_state_dir = "/x"
            max_concurrent_jobs = "auto"
            prefer_encoder = "rav1e"
            quality_tier = "very_high"
            keep_original = true
            write_why_sidecars = false
            extensions = ["mkv"]
            ignored_folders = ["Trash*", "@x"]
            stable_secs = 0
            probe_jobs = 9
            queue_order = "oldest"
            hardlinked = "replace"
            foreign_owner = "take"
            stall_secs = 7.25
            log_keep_days = 7
            log_keep_bytes = 0
            full_decode = false
            preflight = false
            ffmpeg = "/opt/ffmpeg"
            ffprobe = "/opt/ffprobe"
            mkvtoolnix = "/opt/bin"
            active_hours = "22:00-07:00, 12:00-13:30"
            outside_hours = "finish"
            nice = 0
            ionice = "none"
            metrics_listen = "[::1]:9321"
            quality = "target"
            target = "vmaf-neg=95, ssimulacra2=80"
            target_limits = 0
            predict = false
            bit_depth = "source"
            drop_languages = []
            duration_epsilon_secs = 0.000001
            interlaced = "skip"
            damaged = "encode"
            refuse_losses = ["cover", "language"]
        "#;
        for settings in [Settings::default(), read(changed)] {
            assert_eq!(read(&render(&settings)), settings);
        }
        for key in KEYS {
            assert!(changed.contains(&format!(" {} = ", key.name)), "{} is not tried", key.name);
            let (default, other) = ((key.get)(&Settings::default()), (key.get)(&read(changed)));
            assert_ne!(default, other, "{}", key.name);
        }
    }

    /// A policy that another program stored with av1plan is a config here, and the other way round.
    #[test]
    fn the_planner_reads_and_writes_its_keys_as_the_config_file_has_them() {
        let changed = "min_bytes = 1\nmax_size_ratio = 0.0001\nduration_epsilon_secs = 2.5\nextensions = [\"mkv\"]\n\
                       interlaced = \"skip\"\ndamaged = \"skip\"\nhardlinked = \"replace\"\nforeign_owner = \"take\"\nbit_depth = \"source\"\n\
                       quality = \"target\"\ntarget = \"xpsnr=41.5\"\ntarget_limits = 62\npredict = false\n\
                       refuse_losses = [\"cover\"]\ntesting_svt_preset = 12\n";
        for settings in [Settings::default(), read(changed)] {
            assert_eq!(read(&settings.policy.to_string()).policy, settings.policy);
        }
    }

    #[test]
    fn the_default_file_says_the_defaults_and_names_every_key() {
        let text = default_file();
        assert_eq!(read(&text), Settings::default());
        for key in KEYS {
            assert!(text.contains(&format!("{} = ", key.name)), "{}", key.name);
        }
        // The examples of keys without a default must be valid, too.
        let unset = ["ffmpeg", "ffprobe", "mkvtoolnix", "active_hours", "metrics_listen"];
        let uncommented =
            unset.iter().fold(text, |text, key| text.replace(&format!("\n# {key} ="), &format!("\n{key} =")));
        let examples = read(&uncommented);
        assert!(examples.ffmpeg.is_some() && examples.ffprobe.is_some() && examples.mkvtoolnix.is_some());
        assert!(examples.active_hours.is_some() && examples.metrics_listen.is_some());
    }
}
