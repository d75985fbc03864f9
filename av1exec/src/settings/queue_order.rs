//! In which order films are taken, as a person says it.

use strum::{EnumString, IntoStaticStr, VariantNames};

/// Which film is taken first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum QueueOrder {
    /// The largest: it has the most to save.
    #[default]
    Largest,
    /// The one that was modified the longest ago.
    Oldest,
    /// The first by path, so that series are done in order.
    Path,
}
