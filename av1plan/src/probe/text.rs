//! What is stored about a film: ffprobe's output, unchanged so that a later version of this crate can read more of it,
//! and the survey.

use alloc::vec::Vec;

use super::{MediaProbe, ProbeError, Survey};

/// What ffprobe printed about a file, unchanged, and the survey of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProbeText {
    /// The output about the file: a JSON document.
    pub probe: Vec<u8>,
    /// The output about the first video frame: a JSON document. `None` if the frame wasn't probed.
    pub frame: Option<Vec<u8>>,
    /// The survey, as [`Survey::to_json`] writes it; `None` if the film wasn't surveyed.
    pub survey: Option<Vec<u8>>,
    /// What samples of the film have shown, as [`Samples::to_json`](crate::sample::Samples::to_json) writes it; `None`
    /// if there are none.
    pub samples: Option<Vec<u8>>,
}

impl ProbeText {
    /// The output of ffprobe with the arguments of [`command::probe_arguments`](crate::command::probe_arguments).
    pub fn new(probe: Vec<u8>) -> Self {
        Self { probe, frame: None, survey: None, samples: None }
    }

    /// Sets the output of ffprobe about the first video frame, with the arguments of
    /// [`command::frame_probe_arguments`](crate::command::frame_probe_arguments).
    #[must_use]
    pub fn with_frame(mut self, frame: Option<Vec<u8>>) -> Self {
        self.frame = frame;
        self
    }

    /// Sets the survey, as [`Survey::to_json`] writes it.
    #[must_use]
    pub fn with_survey(mut self, survey: Option<Vec<u8>>) -> Self {
        self.survey = survey;
        self
    }

    /// Sets what samples of the film have shown, as [`Samples::to_json`](crate::sample::Samples::to_json) writes it.
    #[must_use]
    pub fn with_samples(mut self, samples: Option<Vec<u8>>) -> Self {
        self.samples = samples;
        self
    }

    /// Reads both outputs and the survey. A survey that another version wrote is left out, as if the film hadn't been
    /// surveyed.
    ///
    /// # Errors
    ///
    /// If one of the two outputs isn't what ffprobe prints; see [`MediaProbe::from_json`] and
    /// [`MediaProbe::add_frame`].
    pub fn parse(&self) -> Result<MediaProbe, ProbeError> {
        let mut probe = MediaProbe::from_json(&self.probe)?;
        if let Some(frame) = &self.frame {
            probe.add_frame(frame)?;
        }
        if let Some(Ok(survey)) = self.survey.as_deref().map(Survey::from_json) {
            probe.add_survey(survey);
        }
        Ok(probe)
    }
}
