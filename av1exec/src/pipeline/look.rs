//! The basis of a plan: the facts of a film's file, and its ffprobe output. Gates that don't need ffprobe are
//! checked first.

use std::time::Duration;

use av1plan::probe::{FileFacts, ProbeText, Stability};
use av1plan::sample::{Samples, Trial};
use av1plan::{Config, MediaProbe, SampleOrder, SkipReason, Source, Toolchain, Verdict};

use crate::ffmpeg::probe::{self, ProbeError};
use crate::ffmpeg::survey::survey;
use crate::ffmpeg::tools::Tools;
use crate::library::film::Film;

/// A film whose facts are known.
#[derive(Debug, Clone)]
pub struct Looked {
    facts: FileFacts,
    probe: MediaProbe,
    /// ffprobe's output, to be stored; `None` if a gate stopped the film before the probe.
    text: Option<ProbeText>,
    /// What samples of the film have shown.
    samples: Option<Samples>,
}

impl Looked {
    /// Combines a film with its ffprobe output.
    pub fn of(film: &Film, stability: Stability, probe: MediaProbe) -> Self {
        Self { facts: film.facts(stability), probe, text: None, samples: None }
    }

    /// Returns the film if each of these policies stops it by a gate that doesn't need ffprobe; otherwise `None`.
    pub fn stopped(film: &Film, stability: Stability, policies: &[&Config]) -> Option<Self> {
        let facts = film.facts(stability);
        let is_stopped = |policy: &&Config| av1plan::before_probe(&facts, policy).is_some();
        policies.iter().all(is_stopped).then(|| Self {
            facts,
            probe: MediaProbe::default(),
            text: None,
            samples: None,
        })
    }

    /// Runs ffprobe on a film, unless a gate stops it before. If `known`, the stored ffprobe output, can be parsed,
    /// it is used instead.
    ///
    /// # Errors
    ///
    /// If ffprobe can't read the film, or fails itself.
    pub async fn at(
        film: &Film,
        stability: Stability,
        known: Option<&ProbeText>,
        tools: &Tools,
        policies: &[&Config],
    ) -> Result<Self, ProbeError> {
        if let Some(stopped) = Self::stopped(film, stability, policies) {
            return Ok(stopped);
        }
        let parsed = known.and_then(|text| Some((text.clone(), text.parse().ok()?)));
        let (text, probe) = match parsed {
            Some((text, probe)) => (Some(text), probe),
            None => match probe::ask(tools, &film.path).await {
                // The planner says what becomes of it.
                Err(ProbeError::UnsupportedFormat { format }) => (None, MediaProbe::of_format(format)),
                probed => {
                    let (text, probe) = probed?;
                    (Some(text), probe)
                }
            },
        };
        let samples = text.as_ref().and_then(|text| Samples::from_json(text.samples.as_deref()?));
        Ok(Self { text, samples, ..Self::of(film, stability, probe) })
    }

    /// Whether the film can be surveyed and wasn't yet.
    pub fn lacks_survey(&self) -> bool {
        self.probe.survey.is_none() && self.text.is_some()
    }

    /// Surveys the film, and returns its ffprobe output and survey, to be stored.
    ///
    /// # Errors
    ///
    /// If ffprobe couldn't be run to its end.
    pub async fn survey(
        &mut self,
        film: &Film,
        tools: &Tools,
        stall: Duration,
    ) -> Result<Option<ProbeText>, ProbeError> {
        let Some(text) = &self.text else { return Ok(None) };
        let survey = survey(tools, &film.path, &self.probe, stall).await?;
        self.text = Some(text.clone().with_survey(Some(survey.to_json())));
        self.probe.add_survey(survey);
        Ok(self.text.clone())
    }

    /// What should be sampled next before the film is encoded; `None` if nothing.
    pub fn sample_order(&self, toolchain: &Toolchain, policy: &Config) -> Option<SampleOrder> {
        av1plan::sample_order(&self.source(), toolchain, policy)
    }

    /// Adds a trial that `order` asked for, and returns the film's ffprobe output with all samples, to be stored.
    pub fn add_trial(&mut self, order: &SampleOrder, trial: Trial) -> Option<ProbeText> {
        let samples = order.add(self.samples.take(), trial);
        self.text = self.text.take().map(|text| text.with_samples(Some(samples.to_json())));
        self.samples = Some(samples);
        self.text.clone()
    }

    /// Plans the film.
    pub fn plan(&self, toolchain: &Toolchain, policy: &Config) -> Verdict {
        av1plan::plan(&self.source(), toolchain, policy)
    }

    fn source(&self) -> Source<'_> {
        Source::new(&self.facts, &self.probe).with_samples(self.samples.as_ref())
    }
}

/// Returns the reason for which a film is refused; `None` for any other verdict.
pub(crate) fn refusal(verdict: &Verdict) -> Option<&SkipReason> {
    match verdict {
        Verdict::Skip(skip) => Some(&skip.reason).filter(|reason| reason.is_refusal()),
        Verdict::Encode(_) => None,
    }
}
