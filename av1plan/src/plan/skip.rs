//! Why a film is left alone, and what of that a person may overrule.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::{Loss, LossKind};
use crate::name::{coded, named};
use crate::probe::Marker;

named! {
    /// A gate that a person may overrule for once (`--ignore CODE`).
    ///
    /// The others can't be: there is nothing to encode without a video, and an existing file is never overwritten.
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum Gate: "a gate", code, codes {
        /// See [`SkipReason::Extension`].
        Extension = "extension",
        /// See [`SkipReason::SkipMarker`].
        SkipMarker = "skip-marker",
        /// See [`SkipReason::NotStable`].
        NotStable = "not-stable",
        /// See [`SkipReason::TooSmall`].
        TooSmall = "too-small",
        /// See [`SkipReason::Hardlinked`].
        Hardlinked = "hardlinked",
        /// See [`SkipReason::ReadOnly`].
        ReadOnly = "read-only",
        /// See [`SkipReason::AlreadyAv1`].
        AlreadyAv1 = "already-av1",
    }
}

/// Why a file is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "facts", rename_all = "kebab-case", rename_all_fields = "snake_case")]
#[non_exhaustive]
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
    AlreadyAv1,
    /// Interlaced, and the config says to leave such films alone.
    Interlaced {
        /// ffprobe's field order.
        order: String,
    },
    /// It would lose something that `refuse_losses` protects; the code is the loss's.
    RefusedLoss(Loss),
}

coded! {
    SkipReason {
        Extension = "extension",
        SkipMarker = "skip-marker",
        NotStable = "not-stable",
        TooSmall = "too-small",
        Hardlinked = "hardlinked",
        ReadOnly = "read-only",
        FolderReadOnly = "folder-read-only",
        ForeignOwner = "foreign-owner",
        NoSafeRename = "no-safe-rename",
        TargetExists = "target-exists",
        BackupExists = "backup-exists",
        NoVideo = "no-video",
        UnknownVideoCodec = "unknown-video-codec",
        NoPictureSize = "no-picture-size",
        SizeBeyondEncoders = "size-beyond-encoders",
        AlreadyAv1 = "already-av1",
        Interlaced = "interlaced",
    } else RefusedLoss: LossKind
}

impl SkipReason {
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
