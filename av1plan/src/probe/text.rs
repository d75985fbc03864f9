//! What ffprobe printed, kept as it is, so that a later version of this crate can read more of it.

use alloc::vec::Vec;

use super::{MediaProbe, ProbeError};

/// What ffprobe says of a file, as it says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeText {
    /// Of the file: a JSON document.
    pub probe: Vec<u8>,
    /// Of its first picture, where that matters: a JSON document.
    pub frame: Option<Vec<u8>>,
}

impl ProbeText {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Where one of both isn't what ffprobe prints.
    pub fn parse(&self) -> Result<MediaProbe, ProbeError> {
        let mut probe = MediaProbe::from_json(&self.probe)?;
        if let Some(frame) = &self.frame {
            probe.add_frame(frame)?;
        }
        Ok(probe)
    }
}
