//! Tags, from the element `Tags`. ffprobe shows them flat, without what they belong to.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::ebml::{Reader, Span};
use super::{MAX_DEPTH, id, is_default};

/// How many tags are kept.
const MAX_TAGS: usize = 4096;

/// How many names and values of all tags together are kept.
const MAX_SIMPLE_TAGS: usize = 8192;

/// How many UIDs of each kind are kept of a tag's targets.
const MAX_TARGETS: usize = 256;

/// A tag: what it describes, and names with values.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TagFacts {
    /// What the tag describes.
    #[serde(skip_serializing_if = "is_default")]
    pub targets: Targets,
    /// Names and values in the file's order, each followed by those below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub simple: Vec<SimpleTag>,
}

/// What a tag describes: the whole film if there are no UIDs. A UID of 0 stands for everything of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Targets {
    /// The level (`TargetTypeValue`): 70 a collection, 60 a season, 50 a film or an episode, 40 a part, 30 a chapter,
    /// 20 a scene, 10 a shot. `None`, which means 50, if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub type_value: Option<u64>,
    /// The level's name (`TargetType`), like `SEASON`; `None` if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub type_name: Option<String>,
    /// The UIDs of the tracks that the tag describes (`TagTrackUID`); at most 256.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tracks: Vec<u64>,
    /// The UIDs of the editions that the tag describes (`TagEditionUID`); at most 256.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub editions: Vec<u64>,
    /// The UIDs of the chapters that the tag describes (`TagChapterUID`); at most 256.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chapters: Vec<u64>,
    /// The UIDs of the attachments that the tag describes (`TagAttachmentUID`); at most 256.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<u64>,
}

impl Targets {
    /// Whether the tag describes the whole film (or the season or collection that it belongs to), and not some of its
    /// tracks, editions, chapters or attachments.
    pub fn is_whole_film(&self) -> bool {
        let Self { type_value: _, type_name: _, tracks, editions, chapters, attachments } = self;
        [tracks, editions, chapters, attachments].into_iter().all(Vec::is_empty)
    }
}

/// A name with a value (`SimpleTag`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SimpleTag {
    /// The name, like `TITLE`; empty if there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The value, if it is a text; `None` if it is binary, or if there is none.
    #[serde(skip_serializing_if = "is_default")]
    pub value: Option<String>,
    /// Whether the value is binary. It isn't read.
    #[serde(skip_serializing_if = "is_default")]
    pub binary: bool,
    /// How many names this one is below: 0 up to 7.
    #[serde(skip_serializing_if = "is_default")]
    pub depth: u32,
    /// The language as written (`TagLanguage`); `None`, which means `und`, if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub language: Option<String>,
    /// The IETF language (`TagLanguageBCP47`), which overrides `language`; `None` if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub language_ietf: Option<String>,
    /// Whether this is the value in the original language (`TagDefault`); `None`, which means yes, if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub default: Option<bool>,
}

/// Adds the tags of one element `Tags` to those of others.
pub(super) fn read<E>(reader: &mut Reader<'_, E>, mut body: Span, tags: &mut Vec<TagFacts>) {
    let kept = tags.iter().map(|tag| tag.simple.len()).sum();
    let mut room = MAX_SIMPLE_TAGS.saturating_sub(kept);
    while let Some(child) = reader.child(&mut body) {
        match child.id {
            id::TAG if tags.len() < MAX_TAGS => {
                let tag = tag(reader, child.body, room);
                room = room.saturating_sub(tag.simple.len());
                tags.push(tag);
            }
            id::TAG => reader.mark_incomplete(),
            _ => {}
        }
    }
}

/// Reads a tag and at most `room` of its names.
fn tag<E>(reader: &mut Reader<'_, E>, mut body: Span, room: usize) -> TagFacts {
    let mut tag = TagFacts::default();
    while let Some(child) = reader.child(&mut body) {
        match child.id {
            id::TARGETS => tag.targets = targets(reader, child.body),
            id::SIMPLE_TAG => add_simple(reader, child.body, 0, room, &mut tag.simple),
            _ => {}
        }
    }
    tag
}

fn targets<E>(reader: &mut Reader<'_, E>, mut body: Span) -> Targets {
    let mut targets = Targets::default();
    while let Some(child) = reader.child(&mut body) {
        let uids = match child.id {
            id::TARGET_TYPE_VALUE => {
                targets.type_value = reader.unsigned(child);
                continue;
            }
            id::TARGET_TYPE => {
                targets.type_name = reader.text(child);
                continue;
            }
            id::TAG_TRACK_UID => &mut targets.tracks,
            id::TAG_EDITION_UID => &mut targets.editions,
            id::TAG_CHAPTER_UID => &mut targets.chapters,
            id::TAG_ATTACHMENT_UID => &mut targets.attachments,
            _ => continue,
        };
        if uids.len() < MAX_TARGETS {
            uids.push(reader.unsigned(child).unwrap_or_default());
        } else {
            reader.mark_incomplete();
        }
    }
    targets
}

/// Adds a name with its value, and the names below it.
fn add_simple<E>(
    reader: &mut Reader<'_, E>,
    mut body: Span,
    depth: u32,
    room: usize,
    simple: &mut Vec<SimpleTag>,
) {
    let place = simple.len();
    if depth >= MAX_DEPTH || place >= room {
        reader.mark_incomplete();
        return;
    }
    // The names below this one come behind it, so it is put in its place before they are read.
    simple.push(SimpleTag::default());
    let mut tag = SimpleTag { depth, ..SimpleTag::default() };
    while let Some(child) = reader.child(&mut body) {
        match child.id {
            id::TAG_NAME => tag.name = reader.text(child).unwrap_or_default(),
            id::TAG_STRING => tag.value = reader.text(child),
            id::TAG_BINARY => tag.binary = true,
            id::TAG_LANGUAGE => tag.language = reader.text(child),
            id::TAG_LANGUAGE_BCP47 => tag.language_ietf = reader.text(child),
            id::TAG_DEFAULT => tag.default = reader.flag(child),
            id::SIMPLE_TAG => add_simple(reader, child.body, depth + 1, room, simple),
            _ => {}
        }
    }
    if let Some(kept) = simple.get_mut(place) {
        *kept = tag;
    }
}
