//! What is skipped, and why: the cheap questions that are asked before anything is planned.

use alloc::string::String;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::config::{Config, Hardlinked};
use crate::container::Container;
use crate::probe::MediaProbe;

/// What a planner must know of a file besides its probe. The caller looks; this crate doesn't.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// The file's name without its folder; where it isn't UTF-8, a readable form.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// A marker that excludes the file.
    pub marker: Option<Marker>,
    /// Whether the file has held still.
    pub stability: Stability,
    /// How many names the file has (hard links); 1 is a file of its own.
    pub links: u64,
    /// Whether another file has the name that the result would get, where that differs from the file's own (see
    /// [`Container::renamed_extension`]).
    pub target_exists: bool,
    /// Whether its owner protects it from being changed.
    pub protection: Protection,
    /// Whether a file is there under the name that the original takes while it is replaced (`NAME.orig`).
    pub backup_exists: bool,
}

impl FileFacts {
    /// A file that meets no gate by itself: stable, unmarked, with one name.
    pub fn new(name: impl Into<String>, size: u64) -> Self {
        Self {
            name: name.into(),
            size,
            marker: None,
            stability: Stability::Stable,
            links: 1,
            protection: Protection::None,
            target_exists: false,
            backup_exists: false,
        }
    }

    /// The name's extension in lower case, without the dot; empty where there is none.
    pub fn extension(&self) -> String {
        match self.name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => extension.to_lowercase(),
            _ => String::new(),
        }
    }
}

/// Where an `.av1skip` marker was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Marker {
    /// Beside the file: `NAME.av1skip`.
    File,
    /// Beside the file, with its extension replaced, as other tools name it: `STEM.av1skip`. It stands for every file of that stem.
    Stem,
    /// A file named just `.av1skip` in the folder, or one above it.
    Folder,
}

/// Whether a file has held still long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stability {
    /// Size and modification time were unchanged for the whole wait.
    Stable,
    /// Still being watched, or still changing.
    Settling,
}

/// Whether a file's owner protects it. Replacing it is a matter of the folder's rights, and would work all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Its owner may write to it.
    None,
    /// It lacks the owner's write bit.
    ReadOnly,
}

/// A gate that a person may overrule for once (`--ignore CODE`).
///
/// The others can't be: there is nothing to encode without a video, and an existing file is never overwritten.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr, EnumString, VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Gate {
    /// See [`SkipReason::Extension`].
    Extension,
    /// See [`SkipReason::SkipMarker`].
    SkipMarker,
    /// See [`SkipReason::NotStable`].
    NotStable,
    /// See [`SkipReason::TooSmall`].
    TooSmall,
    /// See [`SkipReason::Hardlinked`].
    Hardlinked,
    /// See [`SkipReason::ReadOnly`].
    ReadOnly,
    /// See [`SkipReason::AlreadyAv1`].
    AlreadyAv1,
}

impl Gate {
    /// The stable code, the same as the skip's.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Why a file is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "code", content = "facts", rename_all = "kebab-case", rename_all_fields = "snake_case")]
#[strum(serialize_all = "kebab-case")]
pub enum SkipReason {
    /// The extension isn't one of `extensions`.
    Extension {
        /// The extension, in lower case.
        extension: String,
    },
    /// An `.av1skip` marker excludes it.
    SkipMarker {
        /// Where the marker is.
        marker: Marker,
    },
    /// It may still be being copied.
    NotStable,
    /// Not larger than `min_bytes`.
    TooSmall {
        /// The file's bytes.
        size: u64,
        /// The config's limit.
        min_bytes: u64,
    },
    /// Other names share its data, so that replacing one of them saves nothing.
    Hardlinked {
        /// How many names.
        links: u64,
    },
    /// It lacks its owner's write bit: somebody wants it to stay as it is.
    ReadOnly,
    /// No file can be made in its folder. Found by trying, right before the encode.
    FolderReadOnly,
    /// Its owner or group couldn't be given to the result. Found by trying, right before the encode.
    ForeignOwner,
    /// Its file system can neither give a file a second name nor rename without overwriting, so that there is no safe way
    /// to replace it. Found by trying, right before the encode.
    NoSafeRename,
    /// A file of the result's name is there already.
    TargetExists {
        /// The extension that the result would get.
        extension: String,
    },
    /// A file is there under the name that the original takes while it is replaced; it is somebody's own.
    BackupExists,
    /// No video stream that is more than a cover.
    NoVideo,
    /// ffmpeg has no name for the codec of the video, and so no decoder.
    UnknownVideoCodec,
    /// There is a video stream, but not how large its picture is.
    NoPictureSize,
    /// No encoder that is there takes a picture of this size.
    SizeBeyondEncoders {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// The main video is AV1.
    #[serde(rename = "already-av1")]
    #[strum(serialize = "already-av1")]
    AlreadyAv1,
    /// Interlaced, and the config says to leave such films alone.
    Interlaced {
        /// ffprobe's field order.
        order: String,
    },
    /// It would lose something that `refuse_losses` protects; the code is the loss's.
    RefusedLoss(crate::loss::Loss),
}

impl SkipReason {
    /// The stable code, that of the loss for a refused one.
    pub fn code(&self) -> &'static str {
        match self {
            Self::RefusedLoss(loss) => loss.kind.code(),
            other => other.into(),
        }
    }

    /// The gate that a person may overrule to get past this.
    pub fn gate(&self) -> Option<Gate> {
        match self {
            Self::Extension { .. } => Some(Gate::Extension),
            Self::SkipMarker { .. } => Some(Gate::SkipMarker),
            Self::NotStable => Some(Gate::NotStable),
            Self::TooSmall { .. } => Some(Gate::TooSmall),
            Self::Hardlinked { .. } => Some(Gate::Hardlinked),
            Self::ReadOnly => Some(Gate::ReadOnly),
            Self::AlreadyAv1 => Some(Gate::AlreadyAv1),
            Self::FolderReadOnly
            | Self::ForeignOwner
            | Self::NoSafeRename
            | Self::TargetExists { .. }
            | Self::BackupExists
            | Self::NoVideo
            | Self::UnknownVideoCodec
            | Self::NoPictureSize
            | Self::SizeBeyondEncoders { .. }
            | Self::Interlaced { .. }
            | Self::RefusedLoss(_) => None,
        }
    }
}

/// The gates that need no probe, in the seed's order; the first one met is the answer.
///
/// [`plan`](crate::plan()) asks them again, so that a caller may call this first to spare the probe, or not.
pub fn before_probe(file: &FileFacts, config: &Config) -> Option<SkipReason> {
    held(config, before_probe_met(file, config))
}

/// All gates in order: before the probe, then those that need it.
pub(crate) fn all(file: &FileFacts, probe: &MediaProbe, config: &Config) -> Option<SkipReason> {
    let met = before_probe_met(file, config).chain(after_probe_met(probe));
    held(config, met)
}

/// The gates that were met but that the config overrules.
pub(crate) fn ignored(file: &FileFacts, probe: &MediaProbe, config: &Config) -> impl Iterator<Item = Gate> {
    before_probe_met(file, config)
        .chain(after_probe_met(probe))
        .filter_map(|reason| reason.gate())
        .filter(|gate| config.ignore.contains(gate))
}

fn held(config: &Config, mut met: impl Iterator<Item = SkipReason>) -> Option<SkipReason> {
    met.find(|reason| reason.gate().is_none_or(|gate| !config.ignore.contains(&gate)))
}

fn before_probe_met(file: &FileFacts, config: &Config) -> impl Iterator<Item = SkipReason> {
    let extension = file.extension();
    let known = config.extensions.contains(&extension);
    let target = Container::renamed_extension(&extension);
    let met = [
        (!known).then_some(SkipReason::Extension { extension }),
        file.marker.map(|marker| SkipReason::SkipMarker { marker }),
        (file.stability == Stability::Settling).then_some(SkipReason::NotStable),
        (file.size <= config.min_bytes)
            .then_some(SkipReason::TooSmall { size: file.size, min_bytes: config.min_bytes }),
        (file.links > 1 && config.hardlinked == Hardlinked::Skip)
            .then_some(SkipReason::Hardlinked { links: file.links }),
        (file.protection == Protection::ReadOnly).then_some(SkipReason::ReadOnly),
        target
            .filter(|_| file.target_exists)
            .map(|extension| SkipReason::TargetExists { extension: String::from(extension) }),
        file.backup_exists.then_some(SkipReason::BackupExists),
    ];
    met.into_iter().flatten()
}

fn after_probe_met(probe: &MediaProbe) -> impl Iterator<Item = SkipReason> {
    let met = match probe.main_video() {
        None => [Some(SkipReason::NoVideo), None, None],
        Some((stream, video)) => [
            (stream.codec_name() == "av1").then_some(SkipReason::AlreadyAv1),
            stream.codec.is_none().then_some(SkipReason::UnknownVideoCodec),
            (video.width == 0 || video.height == 0).then_some(SkipReason::NoPictureSize),
        ],
    };
    met.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn film() -> FileFacts {
        FileFacts::new("Film.mkv", 3 << 30)
    }

    #[test]
    fn each_gate_before_the_probe_has_its_code() {
        type Change = fn(&mut FileFacts);
        let table: [(Change, Option<&str>); 11] = [
            (|_| (), None),
            (|file| file.name = "Film.txt".into(), Some("extension")),
            (|file| file.name = "mkv".into(), Some("extension")),
            (|file| file.marker = Some(Marker::File), Some("skip-marker")),
            (|file| file.stability = Stability::Settling, Some("not-stable")),
            (|file| file.size = 2 << 30, Some("too-small")),
            (|file| file.size = (2 << 30) + 1, None),
            (|file| file.links = 2, Some("hardlinked")),
            (|file| file.protection = Protection::ReadOnly, Some("read-only")),
            (|file| file.backup_exists = true, Some("backup-exists")),
            (|file| (file.name, file.target_exists) = ("Film.AVI".into(), true), Some("target-exists")),
        ];
        for (row, (change, code)) in table.into_iter().enumerate() {
            let mut file = film();
            change(&mut file);
            let met = before_probe(&file, &Config::default());
            assert_eq!(met.as_ref().map(SkipReason::code), code, "row {row}");
        }
    }

    #[test]
    fn an_ignored_gate_does_not_hold_and_the_next_one_does() {
        let file = FileFacts { size: 1, marker: Some(Marker::Folder), ..film() };
        let mut config = Config::default();
        config.ignore.insert(Gate::SkipMarker);
        assert_eq!(before_probe(&file, &config).map(|reason| reason.code()), Some("too-small"));
        config.ignore.insert(Gate::TooSmall);
        assert_eq!(before_probe(&file, &config), None);
    }

    #[test]
    fn every_gate_is_named_by_the_code_of_its_skip() {
        let named = [
            SkipReason::Extension { extension: "x".into() },
            SkipReason::SkipMarker { marker: Marker::File },
            SkipReason::NotStable,
            SkipReason::TooSmall { size: 0, min_bytes: 0 },
            SkipReason::Hardlinked { links: 2 },
            SkipReason::ReadOnly,
            SkipReason::AlreadyAv1,
        ];
        for reason in named {
            assert_eq!(reason.gate().map(Gate::code), Some(reason.code()));
        }
    }
}
