//! How many films are encoded at once, as a person says it.

use std::num::NonZeroUsize;

/// How many films are encoded at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// So many, whatever the machine does.
    Fixed(NonZeroUsize),
    /// Another while the machine has cores and memory for it.
    Auto,
}

impl Concurrency {
    /// One after the other.
    pub const ONE: Self = Self::Fixed(NonZeroUsize::MIN);
}
