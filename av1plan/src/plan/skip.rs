//! Why a film is skipped, and which of the reasons a person may overrule.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::{Loss, LossKind};
use crate::name::{coded, named};
use crate::number::Micros;
use crate::probe::Marker;

named! {
    /// A reason for skipping a film that a person may overrule, with [`Config::ignore`](crate::Config::ignore).
    ///
    /// The other reasons can't be overruled: without video there is nothing to encode, and an existing file is never
    /// overwritten.
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum Gate: "a gate", code, codes {
        /// Overrules [`SkipReason::Extension`].
        Extension = "extension",
        /// Overrules [`SkipReason::SkipMarker`].
        SkipMarker = "skip-marker",
        /// Overrules [`SkipReason::NotStable`].
        NotStable = "not-stable",
        /// Overrules [`SkipReason::TooSmall`].
        TooSmall = "too-small",
        /// Overrules [`SkipReason::Hardlinked`].
        Hardlinked = "hardlinked",
        /// Overrules [`SkipReason::ReadOnly`].
        ReadOnly = "read-only",
        /// Overrules [`SkipReason::AlreadyAv1`].
        AlreadyAv1 = "already-av1",
    }
}

/// Why a film is skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "facts", rename_all = "kebab-case", rename_all_fields = "snake_case")]
#[non_exhaustive]
pub enum SkipReason {
    /// The file name extension isn't one of the config's `extensions`.
    Extension {
        /// The extension in lower case, without the dot; empty if the name has none.
        extension: String,
    },
    /// A marker file (`.av1skip`) beside the film or in one of its folders excludes it.
    SkipMarker {
        /// Where the marker was found.
        marker: Marker,
    },
    /// The file changed recently, so it may still be in the course of being copied.
    NotStable,
    /// The file isn't larger than the config's `min_bytes`.
    TooSmall {
        /// The size of the file in bytes.
        size: u64,
        /// The config's limit in bytes.
        min_bytes: u64,
    },
    /// The file has other hard links, so replacing this one would free no space.
    Hardlinked {
        /// How many hard links the file has.
        links: u64,
    },
    /// The file lacks its owner's write permission, which means that somebody wants it to stay as it is.
    ReadOnly,
    /// The file or its folder has an attribute with which nobody can replace it (`chattr +i`, `chattr +a`).
    Immutable,
    /// No file can be created in the film's folder.
    FolderReadOnly,
    /// The result can't be given the film's owner or group, and the config's `foreign_owner` doesn't let it go to the
    /// user that runs the program.
    ForeignOwner,
    /// A film can't be replaced safely on its file system, which has neither hard links nor a rename that never
    /// overwrites, or doesn't do what it says. The executor finds this by trying, before the survey.
    NoSafeRename,
    /// A file with the name of the result already exists.
    TargetExists {
        /// The file name extension that the result would get.
        extension: String,
    },
    /// A file already has the name that the original gets while it is replaced (`NAME.orig`). That file is never
    /// touched.
    BackupExists,
    /// The file has a format that ffmpeg isn't allowed to read, whatever its name says: one that names other files, has
    /// no timestamps, or isn't known to be read safely.
    UnsupportedFormat {
        /// ffmpeg's name of the format, like `hls`.
        format: String,
    },
    /// The file has no video stream except covers.
    NoVideo,
    /// ffmpeg has no name for the codec of the main video, and so no decoder.
    UnknownVideoCodec,
    /// The main video doesn't say how many rows and columns its picture has.
    NoPictureSize,
    /// No encoder of this ffmpeg takes a picture of this size.
    SizeBeyondEncoders {
        /// The picture's width in pixels.
        width: u32,
        /// The picture's height in pixels.
        height: u32,
    },
    /// The main video is AV1.
    #[serde(rename = "already-av1")]
    AlreadyAv1,
    /// The main video is interlaced, and the config says to skip such films.
    Interlaced {
        /// The field order in ffprobe's words, like `tt`.
        order: String,
    },
    /// The picture changes its size, the shape of its pixels or its transfer curve in the middle, and the result can
    /// have only one; or it changes its pixel format, and the deinterlacer would lose a frame there. The survey finds
    /// this.
    PictureChanges {
        /// What changes.
        property: PictureProperty,
        /// Its value at the start: `720x576`, `16/11`, `bt709`.
        from: String,
        /// Its first other value.
        to: String,
        /// The timestamp of the first picture with the other value, in microseconds; absent if it isn't known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Micros>,
    },
    /// An audio stream changes its channels in the middle, and can be copied only as one that doesn't. The survey finds
    /// this.
    SoundChanges {
        /// The index of the stream.
        index: u32,
        /// Its channels at the start.
        from: u32,
        /// Its first other number of channels.
        to: u32,
    },
    /// The film is damaged, and the config's `damaged` doesn't accept that. The survey finds this.
    Damaged {
        /// The first thing that was found, as a fragment of a sentence or a line of ffprobe's.
        found: String,
        /// The timestamp of the first damage, in microseconds; absent if it isn't known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Micros>,
        /// The timestamp of the last damage, in microseconds; absent if it isn't known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Micros>,
        /// How long the film is, in microseconds, as its container declares; absent if it doesn't.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        length: Option<Micros>,
    },
    /// Samples of the film show that its result would be too big for the config's `max_size_ratio`, by more than twice
    /// the error of what they predict.
    WillBeTooBig {
        /// The predicted size of the result in bytes.
        predicted: u64,
        /// The error of the prediction in bytes (one standard deviation).
        error: u64,
        /// The smallest size in bytes that is rejected.
        limit: u64,
    },
    /// The picture is made for Dolby Vision only: without its metadata, which can't be carried over, its colours are
    /// wrong. No policy allows that loss.
    DolbyVisionOnly {
        /// The Dolby Vision profile: 5; 0 if only the frames have metadata and nothing says which profile it is.
        profile: u32,
    },
    /// The film would lose something that the config's `refuse_losses` protects, or its last audio stream. The code
    /// of this skip is the code of the loss.
    #[serde(untagged, with = "refused")]
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
        Immutable = "immutable",
        FolderReadOnly = "folder-read-only",
        ForeignOwner = "foreign-owner",
        NoSafeRename = "no-safe-rename",
        TargetExists = "target-exists",
        BackupExists = "backup-exists",
        UnsupportedFormat = "unsupported-format",
        NoVideo = "no-video",
        UnknownVideoCodec = "unknown-video-codec",
        NoPictureSize = "no-picture-size",
        SizeBeyondEncoders = "size-beyond-encoders",
        AlreadyAv1 = "already-av1",
        Interlaced = "interlaced",
        PictureChanges = "picture-changes",
        SoundChanges = "sound-changes",
        Damaged = "damaged",
        WillBeTooBig = "will-be-too-big",
        DolbyVisionOnly = "dolby-vision-only",
    } else RefusedLoss: LossKind
}

named! {
    /// A property that every picture of a film must have alike.
    #[non_exhaustive]
    pub enum PictureProperty: "a property of pictures", name, names {
        /// Columns and rows of pixels.
        Size = "size",
        /// The shape of a pixel, width to height.
        PixelShape = "pixel-shape",
        /// The transfer curve.
        Transfer = "transfer",
        /// Bits per sample and chroma subsampling.
        PixelFormat = "pixel-format",
    }
}

impl SkipReason {
    /// Whether the film is refused for what it is, which its owner should know: its result would lose something, or it
    /// is damaged. Other films are passed over by a gate.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::RefusedLoss(_)
                | Self::DolbyVisionOnly { .. }
                | Self::PictureChanges { .. }
                | Self::SoundChanges { .. }
                | Self::Damaged { .. }
                | Self::WillBeTooBig { .. }
        )
    }

    /// The gate that a person may overrule to get past this reason; `None` if it can't be overruled.
    pub fn gate(&self) -> Option<Gate> {
        match self {
            Self::Extension { .. } => Some(Gate::Extension),
            Self::SkipMarker { .. } => Some(Gate::SkipMarker),
            Self::NotStable => Some(Gate::NotStable),
            Self::TooSmall { .. } => Some(Gate::TooSmall),
            Self::Hardlinked { .. } => Some(Gate::Hardlinked),
            Self::ReadOnly => Some(Gate::ReadOnly),
            Self::AlreadyAv1 => Some(Gate::AlreadyAv1),
            Self::Immutable
            | Self::FolderReadOnly
            | Self::ForeignOwner
            | Self::NoSafeRename
            | Self::TargetExists { .. }
            | Self::BackupExists
            | Self::UnsupportedFormat { .. }
            | Self::NoVideo
            | Self::UnknownVideoCodec
            | Self::NoPictureSize
            | Self::SizeBeyondEncoders { .. }
            | Self::Interlaced { .. }
            | Self::PictureChanges { .. }
            | Self::SoundChanges { .. }
            | Self::Damaged { .. }
            | Self::WillBeTooBig { .. }
            | Self::DolbyVisionOnly { .. }
            | Self::RefusedLoss(_) => None,
        }
    }
}

/// A refused loss in JSON: as every other reason it has a code, that of the loss, and facts.
mod refused {
    use alloc::string::String;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Loss, LossKind};

    #[derive(Serialize, Deserialize)]
    struct Facts {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stream: Option<u32>,
        what: String,
    }

    #[derive(Serialize, Deserialize)]
    struct Refused {
        code: LossKind,
        facts: Facts,
    }

    /// What was written before the first release: `{"code": "refused-loss", "facts": LOSS}`.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Now(Refused),
        Before { facts: Loss },
    }

    pub(super) fn serialize<S: Serializer>(loss: &Loss, serializer: S) -> Result<S::Ok, S::Error> {
        let Loss { kind, stream, what } = loss;
        let facts = Facts { stream: *stream, what: what.clone() };
        Refused { code: *kind, facts }.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Loss, D::Error> {
        Ok(match Written::deserialize(deserializer)? {
            Written::Now(Refused { code, facts: Facts { stream, what } }) => {
                Loss { kind: code, stream, what }
            }
            Written::Before { facts } => facts,
        })
    }
}
