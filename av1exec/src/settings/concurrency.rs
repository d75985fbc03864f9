//! The number of films that are encoded at once, as configured.

use std::num::NonZeroUsize;

/// The number of films that are encoded at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// A fixed number, whatever the machine's load is.
    Fixed(NonZeroUsize),
    /// One, and more while the machine has idle cores and memory for another.
    Auto,
}

impl Concurrency {
    /// One film at a time.
    pub const ONE: Self = Self::Fixed(NonZeroUsize::MIN);
}
