//! The basis of a plan: the facts of a film's file, and its ffprobe output. Gates that don't need ffprobe are
//! checked first.

use av1plan::probe::{FileFacts, ProbeText, Stability};
use av1plan::{Config, MediaProbe, SkipReason, Source, Toolchain, Verdict};

use crate::ffmpeg::probe::{ProbeError, probe};
use crate::ffmpeg::tools::Tools;
use crate::library::film::Film;

/// A film whose facts are known.
#[derive(Debug, Clone)]
pub struct Looked {
    facts: FileFacts,
    probe: MediaProbe,
}

impl Looked {
    /// Combines a film with its ffprobe output.
    pub fn of(film: &Film, stability: Stability, probe: MediaProbe) -> Self {
        Self { facts: film.facts(stability), probe }
    }

    /// Returns the film if each of these policies stops it by a gate that doesn't need ffprobe; otherwise `None`.
    pub fn stopped(film: &Film, stability: Stability, policies: &[&Config]) -> Option<Self> {
        let facts = film.facts(stability);
        let is_stopped = |policy: &&Config| av1plan::before_probe(&facts, policy).is_some();
        policies.iter().all(is_stopped).then(|| Self { facts, probe: MediaProbe::default() })
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
        let probe = match known.map(ProbeText::parse) {
            Some(Ok(probe)) => probe,
            _ => match probe(tools, &film.path).await {
                // The planner says what becomes of it.
                Err(ProbeError::UnsupportedFormat { format }) => MediaProbe::of_format(format),
                probe => probe?,
            },
        };
        Ok(Self::of(film, stability, probe))
    }

    /// Plans the film.
    pub fn plan(&self, toolchain: &Toolchain, policy: &Config) -> Verdict {
        av1plan::plan(&Source::new(&self.facts, &self.probe), toolchain, policy)
    }
}

/// Returns the loss because of which a film is refused; `None` for any other verdict.
pub(crate) fn refused_loss(verdict: &Verdict) -> Option<&SkipReason> {
    match verdict {
        Verdict::Skip(skip) => Some(&skip.reason).filter(|reason| reason.is_refused_loss()),
        Verdict::Encode(_) => None,
    }
}
