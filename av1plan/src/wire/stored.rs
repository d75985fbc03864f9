//! A plan inside another document, which has to be read whatever became of the plan.

use alloc::boxed::Box;
use alloc::sync::Arc;

use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::{Document, EncodeDocument, WireError};

/// A plan's document as a job file holds it: read where it can be, else kept as it stands, so that whoever writes the file again loses
/// nothing of it.
#[derive(Debug, Clone)]
pub struct Stored(Content);

#[derive(Debug, Clone)]
enum Content {
    Read(Box<Document>),
    Unread(Arc<(serde_json::Value, WireError)>),
}

impl Stored {
    /// The document, or why it can't be read here.
    pub fn document(&self) -> Result<&Document, &WireError> {
        match &self.0 {
            Content::Read(document) => Ok(document),
            Content::Unread(unread) => Err(&unread.1),
        }
    }

    /// How the film is encoded; nothing where it is left alone, or where the document can't be read.
    pub fn encode(&self) -> Option<&EncodeDocument> {
        self.document().ok()?.encode.as_ref()
    }
}

impl From<Document> for Stored {
    fn from(document: Document) -> Self {
        Self(Content::Read(Box::new(document)))
    }
}

impl Serialize for Stored {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Content::Read(document) => document.serialize(serializer),
            Content::Unread(unread) => unread.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Stored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(Self(match Document::from_value(&value) {
            Ok(document) => Content::Read(Box::new(document)),
            Err(error) => Content::Unread(Arc::new((value, error))),
        }))
    }
}
