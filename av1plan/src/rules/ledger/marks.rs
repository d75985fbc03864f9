//! The marks of a stream: its disposition flags, and whether Matroska says that it is disabled. What each muxer keeps
//! was measured with ffmpeg 8.0, flag by flag.

use alloc::vec::Vec;

use super::{Film, MayDiffer, listed};
use crate::plan::{Container, Kept, LossKind, StreamType};
use crate::probe::{Disposition, Stream, StreamKind};
use crate::rules::record::Record;

/// Flags that the result may lack, or have where the source doesn't.
const MAY_DIFFER: [MayDiffer; 3] = [
    ("default", "the contract has a field for it, and the muxers of MP4 and WebM decide by themselves"),
    ("attached_pic", "it marks a picture, which is a loss of its own"),
    ("multilayer", "it marks a second view, which is a loss of its own"),
];

/// Flags that say the same: where a container has the second one only, the first one isn't missed.
const SAME: [(&str, &str); 2] = [("captions", "hearing_impaired"), ("descriptions", "visual_impaired")];

/// The flags that the muxer of a container keeps.
fn held(container: Container, kind: StreamType) -> &'static [&'static str] {
    match (container, kind) {
        (Container::Matroska, StreamType::Subtitle) => &MATROSKA_FLAGS,
        // Only subtitles are text that describes the picture.
        (Container::Matroska, _) => MATROSKA_FLAGS.split_last().map_or(&[], |(_, others)| others),
        (Container::Mp4, _) => {
            &["dub", "comment", "forced", "hearing_impaired", "visual_impaired", "captions", "descriptions"]
        }
        (Container::Webm, StreamType::Subtitle) => &["forced", "captions", "descriptions", "metadata"],
        (Container::Webm, _) => &["forced"],
    }
}

/// Whether Matroska says that players leave the stream out.
pub(super) fn is_disabled(film: &Film<'_>, stream: &Stream) -> bool {
    film.track(stream).is_some_and(|track| !track.is_enabled())
}

const MATROSKA_FLAGS: [&str; 7] =
    ["forced", "dub", "original", "comment", "hearing_impaired", "visual_impaired", "descriptions"];

/// The promised flags of a stream that is kept, without those that have a field of their own in the contract. Records
/// those that are lost.
pub(super) fn enter(film: &Film<'_>, stream: &Stream, kept: &Kept, record: &mut Record) -> Disposition {
    let mut promised = Disposition::default();
    if stream.kind == StreamKind::Attachment {
        return promised;
    }
    let flags = kept.disposition;
    let held = held(film.container, StreamType::of(stream));
    // Matroska has one flag for both, and the one that ffmpeg writes last counts.
    let is_contradiction = |flag: &str| {
        film.container == Container::Matroska
            && matches!(flag, "dub" | "original")
            && flags.has("dub")
            && flags.has("original")
    };
    let says_the_same = |flag: &str| SAME.iter().any(|(one, other)| *one == flag && flags.has(other));
    let mut lost: Vec<&str> = Vec::new();
    for flag in flags.flags() {
        if held.contains(&flag) && !is_contradiction(flag) {
            promised = promised.with(flag, true);
        } else if !super::may_differ(&MAY_DIFFER, flag) && !says_the_same(flag) {
            lost.push(flag);
        }
    }
    if is_disabled(film, stream) && !film.edits_headers {
        lost.push("disabled");
    }
    if !lost.is_empty() {
        record.lose(LossKind::TrackFlag, film.place(stream), alloc::format!("its mark {}", listed(lost)));
    }
    // In Matroska, `forced` has a field of its own in the contract, and isn't promised twice.
    if film.container == Container::Matroska { promised.with("forced", false) } else { promised }
}
