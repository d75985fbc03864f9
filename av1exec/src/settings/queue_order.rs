//! The order in which films are encoded, as configured.

use strum::{EnumString, IntoStaticStr, VariantNames};

/// Which film is encoded first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum QueueOrder {
    /// The largest film, because it has the most to save.
    #[default]
    Largest,
    /// The film with the oldest modification time.
    Oldest,
    /// The first by path, so that series are done in order.
    Path,
}
