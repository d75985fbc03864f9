//! The decisions and losses that are recorded while a plan is made.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::plan::{Decision, Loss, LossKind, Reason, Topic};

/// The decisions and losses so far. Each rule adds its own.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) decisions: Vec<Decision>,
    pub(crate) losses: Vec<Loss>,
}

impl Record {
    pub(crate) fn decide(&mut self, topic: Topic, choice: impl Into<Cow<'static, str>>, reason: Reason) {
        self.decisions.push(Decision { topic, stream: None, choice: choice.into(), reason });
    }

    pub(crate) fn decide_stream(&mut self, topic: Topic, stream: u32, choice: &'static str, reason: Reason) {
        self.decisions.push(Decision { topic, stream: Some(stream), choice: Cow::Borrowed(choice), reason });
    }

    pub(crate) fn lose(&mut self, kind: LossKind, stream: Option<u32>, what: impl Into<String>) {
        self.losses.push(Loss { kind, stream, what: what.into() });
    }
}
