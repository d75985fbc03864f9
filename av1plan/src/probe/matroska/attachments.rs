//! Attached files, from the element `Attachments`. Their contents are never read.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::ebml::{Reader, Span};
use super::{id, is_default};

/// How many attachments are kept.
const MAX_ATTACHMENTS: usize = 1024;

/// An attached file, such as a font or a cover.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AttachmentFacts {
    /// The file's name (`FileName`); `None` if it has none.
    #[serde(skip_serializing_if = "is_default")]
    pub name: Option<String>,
    /// The media type (`FileMediaType`), like `font/ttf`; `None` if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub media_type: Option<String>,
    /// A description for people (`FileDescription`); `None` if there is none.
    #[serde(skip_serializing_if = "is_default")]
    pub description: Option<String>,
    /// How many bytes the attached file has, as declared; 0 if it is empty or has no contents.
    #[serde(skip_serializing_if = "is_default")]
    pub size: u64,
    /// The UID (`FileUID`), by which tags name the attachment; `None` if it has none.
    #[serde(skip_serializing_if = "is_default")]
    pub uid: Option<u64>,
}

pub(super) fn read<E>(reader: &mut Reader<'_, E>, mut body: Span) -> Vec<AttachmentFacts> {
    let mut attachments = Vec::new();
    while let Some(child) = reader.child(&mut body) {
        match child.id {
            id::ATTACHED_FILE if attachments.len() < MAX_ATTACHMENTS => {
                attachments.push(attachment(reader, child.body));
            }
            id::ATTACHED_FILE => reader.mark_incomplete(),
            _ => {}
        }
    }
    attachments
}

fn attachment<E>(reader: &mut Reader<'_, E>, mut body: Span) -> AttachmentFacts {
    let mut attachment = AttachmentFacts::default();
    while let Some(child) = reader.child(&mut body) {
        match child.id {
            id::FILE_NAME => attachment.name = reader.text(child),
            id::FILE_MEDIA_TYPE => attachment.media_type = reader.text(child),
            id::FILE_DESCRIPTION => attachment.description = reader.text(child),
            id::FILE_DATA => attachment.size = child.size.unwrap_or_default(),
            id::FILE_UID => attachment.uid = reader.unsigned(child),
            _ => {}
        }
    }
    attachment
}
