//! A skip's reason in the JSON of a decision: as it is in the skip itself.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::SkipReason;

/// What was written before the first release: `{"code": "skipped", "facts": REASON}`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Now(SkipReason),
    Before { facts: SkipReason },
}

pub(super) fn serialize<S: Serializer>(reason: &SkipReason, serializer: S) -> Result<S::Ok, S::Error> {
    reason.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SkipReason, D::Error> {
    Ok(match Written::deserialize(deserializer)? {
        Written::Now(reason) | Written::Before { facts: reason } => reason,
    })
}
