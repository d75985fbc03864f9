//! What ffprobe doesn't show of a Matroska or WebM file: IETF languages, disabled tracks, cropping, editions, ordered
//! and nested chapters, links to other files, tags of seasons and collections, attachments' descriptions.
//!
//! This is a reader of its own because the known crates for Matroska need `std::io` and hold whole elements in memory,
//! attached files among them. This one looks at headers and short values only, never at a cluster, and reads at most
//! 16 MiB of any file.
//!
//! Elements are read in this order, which is ffmpeg's: those before the first cluster, then those that a seek head
//! lists. Of several `Info`, `Tracks`, `Chapters` or `Attachments` the first one counts, as for ffmpeg, since a file
//! may repeat them for safety. What lies behind the clusters and isn't listed by a seek head isn't found. Checksums
//! aren't verified.

mod attachments;
mod chapters;
mod ebml;
mod id;
mod info;
mod segment;
mod tags;
mod tracks;

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

pub use attachments::AttachmentFacts;
pub use chapters::{Chapter, Edition};
use ebml::Reader;
pub use info::Links;
pub use tags::{SimpleTag, TagFacts, Targets};
pub use tracks::{PixelCrop, TrackFacts, TrackType, VideoFacts};

/// How many elements below a chapter, or within a tag, are looked into. Deeper ones are left out.
const MAX_DEPTH: u32 = 8;

/// What the headers of a Matroska or WebM file say.
///
/// Texts are as written, but without what follows a zero byte; what isn't UTF-8 becomes `U+FFFD`. A text of more than
/// 4000 characters is shortened to 4000 and an ellipsis. An element that is there but empty counts as absent, as the
/// specification wants it. If an element that may be there once is there more than once, the last one counts, as for
/// ffmpeg.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MatroskaFacts {
    /// The segment's own UID, and links to the files before and behind this one.
    #[serde(skip_serializing_if = "is_default")]
    pub linked: Links,
    /// The tracks of the types of which ffmpeg makes streams, in the file's order; at most 1024.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tracks: Vec<TrackFacts>,
    /// How many tracks of other types there are, such as buttons and logos. ffmpeg ignores them.
    #[serde(skip_serializing_if = "is_default")]
    pub other_tracks: u32,
    /// The editions of chapters in the file's order; at most 1024, with at most 4096 chapters in all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub editions: Vec<Edition>,
    /// The tags in the file's order; at most 4096, with at most 8192 names and values in all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<TagFacts>,
    /// The attached files in the file's order; at most 1024.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachmentFacts>,
    /// Whether something that the file has, or claims to have, is missing here: an element was broken or cut off, a
    /// seek head pointed at something else than it said, or a limit was reached.
    #[serde(skip_serializing_if = "is_default")]
    pub incomplete: bool,
}

impl MatroskaFacts {
    /// The track of which ffmpeg makes the stream with this index; `None` if there is none. Attachments are the streams
    /// behind those of the tracks.
    pub fn track_of_stream(&self, index: u32) -> Option<&TrackFacts> {
        let mut streams = self.tracks.iter().filter(|track| track.is_stream());
        streams.nth(usize::try_from(index).ok()?)
    }

    /// Whether the film continues in other files, or takes parts from them: it names a file before or behind it, or a
    /// chapter plays another segment than this one.
    pub fn is_linked(&self) -> bool {
        let own = self.linked.segment_uid.as_deref();
        let mut segments = self.chapters().filter_map(|chapter| chapter.segment_uid.as_deref());
        self.linked.has_neighbour() || segments.any(|segment| Some(segment) != own)
    }

    /// Whether there is an edition whose chapters are to be played in their own order, instead of the film from start
    /// to end.
    pub fn has_ordered_edition(&self) -> bool {
        self.editions.iter().any(Edition::is_ordered)
    }

    /// Whether a chapter has chapters below it.
    pub fn has_nested_chapters(&self) -> bool {
        self.chapters().any(|chapter| chapter.depth > 0)
    }

    /// The chapters of all editions in the file's order.
    pub fn chapters(&self) -> impl Iterator<Item = &Chapter> {
        self.editions.iter().flat_map(|edition| &edition.chapters)
    }
}

/// Reads what the headers of a file of `size` bytes say.
///
/// `read(offset, length)` returns up to `length` bytes of the file from `offset` on; fewer only at the end of the file.
/// It is called at most 1024 times, for 16 KiB each time.
///
/// `None` means that this isn't a Matroska or WebM file: it doesn't begin with an EBML header that says so, or no
/// segment follows it.
///
/// # Errors
///
/// If `read` failed. It isn't called again after that.
pub fn read<E>(
    size: u64,
    mut read: impl FnMut(u64, usize) -> Result<Vec<u8>, E>,
) -> Result<Option<MatroskaFacts>, E> {
    let mut reader = Reader::new(size, &mut read);
    let facts = segment::find(&mut reader).map(|body| segment::read(&mut reader, body));
    let incomplete = reader.finish()?;
    Ok(facts.map(|facts| MatroskaFacts { incomplete, ..facts }))
}

/// Whether a text is only the beginning of what the file has.
pub(crate) fn is_shortened(text: &str) -> bool {
    text.chars().count() > ebml::MAX_TEXT
}

/// Whether a value needn't be written, because it is what a missing field is read as.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
