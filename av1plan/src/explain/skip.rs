//! The sentences for films that are left alone.

use core::fmt;

use super::Bytes;
use super::text::{Clock, Plain};
use crate::plan::{LossKind, PictureProperty, SkipReason};
use crate::probe::Marker;

impl fmt::Display for SkipReason {
    #[allow(clippy::too_many_lines, reason = "one sentence a skip")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Extension { extension } if extension.is_empty() => f.write_str("its name has no extension"),
            Self::Extension { extension } => {
                write!(f, "\".{}\" is none of the extensions to look at", Plain(extension))
            }
            Self::SkipMarker { marker: Marker::File } => {
                f.write_str("an .av1skip marker beside it excludes it")
            }
            Self::SkipMarker { marker: Marker::Stem } => {
                f.write_str("another tool's .av1skip marker, of its name without the extension, excludes it")
            }
            Self::SkipMarker { marker: Marker::Folder } => {
                f.write_str("an .av1skip marker in its folder excludes it")
            }
            Self::NotStable => f.write_str("it hasn't held still long enough and may still be being copied"),
            Self::TooSmall { size, min_bytes } => {
                write!(f, "its size, {}, is no more than min_bytes, {}", Bytes(*size), Bytes(*min_bytes))
            }
            Self::Hardlinked { links } => {
                write!(f, "{links} names share its data, so that replacing this one would save nothing")
            }
            Self::ReadOnly => {
                f.write_str("it lacks its owner's write bit, so that somebody wants it to stay as it is; `chmod u+w` it, or overrule \
                 that with `--ignore read-only`")
            }
            Self::Immutable => f.write_str(
                "an attribute of it or of its folder keeps it from being replaced: i or a (`lsattr -d` shows them, `chattr \
                 -i -a` takes them away), or the folder's sticky bit, which lets only owners remove files",
            ),
            Self::FolderReadOnly => {
                f.write_str("no file can be made in its folder by this user; check its rights and how it is mounted")
            }
            Self::ForeignOwner => f.write_str(
                "it belongs to another user or group, whom this user can't give the result to; run av1d as its owner and a \
                 member of its group, or set foreign_owner = \"take\"",
            ),
            Self::NoSafeRename => f.write_str(
                "no film can be replaced safely on its file system: it has neither hard links nor a rename that overwrites \
                 nothing, or doesn't do what it says",
            ),
            Self::TargetExists { extension } => {
                write!(f, "the result would be named .{}, and a file of that name is there", Plain(extension))
            }
            Self::BackupExists => f.write_str("a file of its name with .orig is there, and is not touched"),
            Self::UnsupportedFormat { format } => write!(
                f,
                "av1d doesn't take its format ({}), whatever its name says; remux it (`ffmpeg -i X -c copy Y.mkv`), or \
                 leave it",
                Plain(format)
            ),
            Self::NoVideo => f.write_str("it has no video stream that is more than a cover"),
            Self::UnknownVideoCodec => f.write_str("ffmpeg doesn't know the codec of its video"),
            Self::NoPictureSize => f.write_str("its video stream doesn't say how large the picture is"),
            Self::SizeBeyondEncoders { width, height } => {
                write!(f, "no encoder that is there takes a picture of {width}x{height}")
            }
            Self::AlreadyAv1 => f.write_str("its video is AV1 already"),
            Self::Interlaced { order } => {
                write!(
                    f,
                    "it is interlaced ({}), and such films are left alone (interlaced = \"skip\")",
                    Plain(order)
                )
            }
            Self::PictureChanges { property, from, to, at } => {
                let what = match property {
                    PictureProperty::Size => "size",
                    PictureProperty::PixelShape => "shape of pixels",
                    PictureProperty::Transfer => "transfer curve",
                    PictureProperty::PixelFormat => "pixel format",
                };
                write!(f, "the {what} of its picture changes from {} to {}", Plain(from), Plain(to))?;
                match at {
                    Some(at) => write!(f, " at {}, and the result can have only one", Clock(*at)),
                    None => f.write_str(", and the result can have only one"),
                }
            }
            Self::SoundChanges { index, from, to } => write!(
                f,
                "the sound of stream {index} changes from {from} to {to} channels, and could be copied only as if it didn't"
            ),
            Self::Damaged { found, at, until, length } => {
                f.write_str("it is damaged")?;
                match (at, until) {
                    (Some(at), Some(until)) if at != until => {
                        write!(f, " at {} to {}", Clock(*at), Clock(*until))?;
                    }
                    (Some(at), _) => write!(f, " at {}", Clock(*at))?,
                    (None, _) => {}
                }
                length
                    .filter(|_| at.is_some())
                    .map_or(Ok(()), |length| write!(f, " of {}", Clock(length)))?;
                write!(f, ": {}; replace it by a whole copy, or set damaged = \"encode\"", Plain(found))
            }
            Self::WillBeTooBig { predicted, error, limit } => write!(
                f,
                "samples of it show that its result would have {} (with an error of {}), and {} or more is too big for \
                 max_size_ratio; predict = false and `av1cli retry` have it encoded all the same",
                Bytes(*predicted),
                Bytes(*error),
                Bytes(*limit)
            ),
            Self::DolbyVisionOnly { profile } => {
                f.write_str("its picture is made for Dolby Vision only")?;
                if *profile != 0 {
                    write!(f, " (profile {profile})")?;
                }
                f.write_str(
                    ", and its colours would be wrong without the metadata, which can't be carried over",
                )
            }
            Self::RefusedLoss(loss) if loss.kind == LossKind::Audio => {
                write!(
                    f,
                    "it would lose {loss}, which is protected (by refuse_losses; the last sound always is)"
                )
            }
            Self::RefusedLoss(loss) => write!(f, "it would lose {loss}, which refuse_losses protects"),
        }
    }
}
