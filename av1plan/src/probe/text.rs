//! What ffprobe printed, kept as it is, so that a later version of this crate can read more of it.

use alloc::vec::Vec;

use super::{MediaProbe, ProbeError};

/// What ffprobe says of a file, as it says it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProbeText {
    /// Of the file: a JSON document.
    pub probe: Vec<u8>,
    /// Of its first picture, where that matters: a JSON document.
    pub frame: Option<Vec<u8>>,
}

impl ProbeText {
    /// What ffprobe printed of a file, with the arguments of [`command::probe_arguments`](crate::command::probe_arguments).
    pub fn new(probe: Vec<u8>) -> Self {
        Self { probe, frame: None }
    }

    /// The same with what ffprobe printed of the first picture, with the arguments of
    /// [`command::frame_probe_arguments`](crate::command::frame_probe_arguments).
    #[must_use]
    pub fn with_frame(mut self, frame: Option<Vec<u8>>) -> Self {
        self.frame = frame;
        self
    }

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
