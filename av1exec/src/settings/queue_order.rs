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
    /// The first film by path, so that the episodes of a series are encoded in order.
    Path,
}
