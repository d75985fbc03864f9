//! The segment's UID and its neighbours, from the element `Info`.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::ebml::{Reader, Span};
use super::{id, is_default};

/// How many families of a segment are kept.
const MAX_FAMILIES: usize = 16;

/// The segment's UID and hard links: the files that a player plays before and behind this one, as if all were one film.
///
/// UIDs are hexadecimal digits in lower case, usually 32 of them. A UID of zeros counts as absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Links {
    /// The segment's own UID (`SegmentUUID`), by which other files name it. `None` if it has none.
    #[serde(skip_serializing_if = "is_default")]
    pub segment_uid: Option<String>,
    /// The UID of the segment before this one (`PrevUUID`); `None` if there is no such segment.
    #[serde(skip_serializing_if = "is_default")]
    pub previous_uid: Option<String>,
    /// The name of the file before this one (`PrevFilename`); `None` if none is named.
    #[serde(skip_serializing_if = "is_default")]
    pub previous_filename: Option<String>,
    /// The UID of the segment behind this one (`NextUUID`); `None` if there is no such segment.
    #[serde(skip_serializing_if = "is_default")]
    pub next_uid: Option<String>,
    /// The name of the file behind this one (`NextFilename`); `None` if none is named.
    #[serde(skip_serializing_if = "is_default")]
    pub next_filename: Option<String>,
    /// The families that the segment belongs to (`SegmentFamily`): a UID that all files of a set share. At most 16.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub families: Vec<String>,
}

impl Links {
    /// Whether a file before or behind this one is named, by its UID or by its name.
    pub fn has_neighbour(&self) -> bool {
        let Self { segment_uid: _, previous_uid, previous_filename, next_uid, next_filename, families: _ } =
            self;
        [previous_uid, previous_filename, next_uid, next_filename].into_iter().any(Option::is_some)
    }
}

pub(super) fn read<E>(reader: &mut Reader<'_, E>, mut body: Span) -> Links {
    let mut links = Links::default();
    while let Some(child) = reader.child(&mut body) {
        match child.id {
            id::SEGMENT_UUID => links.segment_uid = reader.hex(child),
            id::PREV_UUID => links.previous_uid = reader.hex(child),
            id::PREV_FILENAME => links.previous_filename = reader.text(child),
            id::NEXT_UUID => links.next_uid = reader.hex(child),
            id::NEXT_FILENAME => links.next_filename = reader.text(child),
            id::SEGMENT_FAMILY if links.families.len() < MAX_FAMILIES => {
                links.families.extend(reader.hex(child));
            }
            id::SEGMENT_FAMILY => reader.mark_incomplete(),
            _ => {}
        }
    }
    links
}
