//! A decision as JSON, with its sentence and its facts.

use alloc::string::String;
use core::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::WireError;
use crate::plan::{Decision, Reason, Topic};

/// One decision of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DecisionDocument {
    /// The code of its topic (see [`Topic`]).
    pub topic: String,
    /// The index of the source stream that it is about; `None`, and absent in JSON, for a topic that concerns the
    /// whole film.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// What was chosen, in a word.
    pub choice: String,
    /// The stable code of its reason.
    pub code: String,
    /// The sentence of its reason.
    pub text: String,
    /// The facts of its reason, such as numbers and names.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
}

/// The values that belong to a code, such as sizes and names, as a JSON object. [`Facts::is_empty`] if the code has
/// none. `Display` prints the JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Facts(serde_json::Value);

impl Facts {
    /// Any value as JSON.
    pub(super) fn of(value: &impl Serialize) -> Self {
        Self(serde_json::to_value(value).unwrap_or_default())
    }

    /// The value of type `T` that this is the JSON of; `None` if it is none.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(self.0.clone()).ok()
    }

    /// Whether there are no facts.
    pub fn is_empty(&self) -> bool {
        self.0.is_null()
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl DecisionDocument {
    pub(super) fn new(decision: &Decision) -> Self {
        let Decision { topic, stream, choice, reason } = decision;
        let written = serde_json::to_value(reason).unwrap_or_default();
        Self {
            topic: topic.code().into(),
            stream: *stream,
            choice: choice.clone().into_owned(),
            code: reason.code().into(),
            text: alloc::format!("{reason}"),
            facts: Facts(written.get("facts").cloned().unwrap_or_default()),
        }
    }

    pub(super) fn decision(&self) -> Result<Decision, WireError> {
        let unknown = || WireError::unknown(&alloc::format!("a decision on {}", self.topic), &self.code);
        let topic: Topic = self.topic.parse().map_err(|_| unknown())?;
        let reason = if self.facts.0.get("code").is_some() {
            // Before the first release, the facts of a skip held the whole reason.
            self.facts.read().map(Reason::Skipped)
        } else {
            let mut written = serde_json::Map::new();
            written.insert("code".into(), self.code.clone().into());
            if !self.facts.is_empty() {
                written.insert("facts".into(), self.facts.0.clone());
            }
            serde_json::from_value(written.into()).ok()
        };
        let reason = reason.ok_or_else(unknown)?;
        Ok(Decision { topic, stream: self.stream, choice: self.choice.clone().into(), reason })
    }
}
