//! The sentences for decisions, skips, losses, defects and judgements. All text about them that people see is made
//! here, by `Display`.
//!
//! Each sentence is a fragment in lower case that fits after a colon. Sentences may change in any version; codes
//! don't.

mod bytes;
mod defect;
mod reason;
mod result;
mod seconds;
mod skip;
mod text;

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use crate::plan::{Decision, Loss};

pub use bytes::Bytes;
pub use seconds::Seconds;
pub(crate) use text::Plain;
pub use text::is_hostile;

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind: _, stream, what } = self;
        write_loss(f, what, *stream)
    }
}

/// What a plan and a plan document say of a loss.
pub(crate) fn write_loss(f: &mut fmt::Formatter<'_>, what: &str, stream: Option<u32>) -> fmt::Result {
    match stream {
        Some(index) => write!(f, "{} (stream {index})", Plain(what)),
        None => write!(f, "{}", Plain(what)),
    }
}

impl Decision {
    /// What the decision is about, in words: `crf`, `stream 3`.
    pub fn subject(&self) -> Cow<'static, str> {
        match self.stream {
            Some(index) => alloc::format!("{} {index}", self.topic.code()).into(),
            None => self.topic.code().into(),
        }
    }
}

/// The largest width of a table's column, in characters. A document's text may have any length, and formatting panics
/// from a width of 65,536 on.
const WIDEST: usize = 100;

/// Decisions as a table with a line for each and three columns: what it is about, what was chosen, why. A cell with
/// more than 100 characters is wider than its column.
pub fn table(decisions: &[Decision]) -> String {
    let width =
        |cell: fn(&Decision) -> usize| decisions.iter().map(cell).max().unwrap_or_default().min(WIDEST);
    let subjects = width(|decision| decision.subject().len());
    let choices = width(|decision| decision.choice.len());
    let rows = decisions.iter().map(|decision| {
        let Decision { topic: _, stream: _, choice, reason } = decision;
        let choice = alloc::format!("{}", Plain(choice));
        alloc::format!("{:subjects$}  {choice:choices$}  {reason}\n", decision.subject())
    });
    rows.collect()
}
