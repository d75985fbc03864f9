//! What a plan rests on: a film's file, and what ffprobe says of it. The gates that need no ffprobe come first.

use av1plan::probe::{FileFacts, ProbeText, Stability};
use av1plan::{Config, MediaProbe, SkipReason, Source, Toolchain, Verdict};

use crate::ffmpeg::probe::{ProbeError, probe};
use crate::ffmpeg::tools::Tools;
use crate::library::film::Film;

/// A film that was looked at.
#[derive(Debug, Clone)]
pub struct Looked {
    facts: FileFacts,
    probe: MediaProbe,
}

impl Looked {
    /// A film of which ffprobe has said this.
    pub fn of(film: &Film, stability: Stability, probe: MediaProbe) -> Self {
        Self { facts: film.facts(stability), probe }
    }

    /// A film that each of these policies stops before anybody has to ask ffprobe; nothing where one doesn't.
    pub fn stopped(film: &Film, stability: Stability, policies: &[&Config]) -> Option<Self> {
        let facts = film.facts(stability);
        let is_stopped = |policy: &&Config| av1plan::before_probe(&facts, policy).is_some();
        policies.iter().all(is_stopped).then(|| Self { facts, probe: MediaProbe::default() })
    }

    /// Asks ffprobe of a film, unless it is stopped before that. `known` is what ffprobe said of it before.
    ///
    /// # Errors
    ///
    /// Where ffprobe can't read the film, or went wrong itself.
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
        let probe = match known.map(ProbeText::parse) {
            Some(Ok(probe)) => probe,
            _ => probe(tools, &film.path).await?,
        };
        Ok(Self::of(film, stability, probe))
    }

    /// Plans it.
    pub fn plan(&self, toolchain: &Toolchain, policy: &Config) -> Verdict {
        av1plan::plan(&Source::new(&self.facts, &self.probe), toolchain, policy)
    }
}

/// The loss for which a film is refused.
pub(crate) fn refused_loss(verdict: &Verdict) -> Option<&SkipReason> {
    match verdict {
        Verdict::Skip(skip) => {
            Some(&skip.reason).filter(|reason| matches!(reason, SkipReason::RefusedLoss(_)))
        }
        Verdict::Encode(_) => None,
    }
}
