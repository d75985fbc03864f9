//! `av1cli plan --sample`: encodes and scores short windows of a film, to say how large and how good its result will
//! be.

use std::path::Path;
use std::time::Duration;

use av1exec::ffmpeg::sample::Sampler;
use av1exec::ffmpeg::tools::Tools;
use av1exec::pipeline::look::Looked;
use av1exec::sys::failure::{Exit, Failure};
use av1exec::sys::pause::Pause;
use av1exec::sys::sanitize::display;
use av1plan::plan::Topic;
use av1plan::{Config, Verdict};
use tokio::sync::Mutex;

use crate::output::bar::Bar;
use crate::output::console::note;

/// Samples films, one at a time, since each sample takes all cores.
pub(super) struct Sampling {
    /// How many more films are sampled.
    left: Mutex<u64>,
    /// Whether progress is shown: no rows of other films are printed meanwhile.
    shows_progress: bool,
}

impl Sampling {
    /// Samples this many films.
    pub(super) fn of(films: u64, shows_progress: bool) -> Self {
        Self { left: Mutex::new(films), shows_progress }
    }

    /// Makes all trials that the film's plan asks for, if films are sampled. The samples are removed.
    pub(super) async fn complete(
        &self,
        looked: &mut Looked,
        film: &Path,
        tools: &Tools,
        policy: &Config,
        stall: Duration,
    ) -> Result<(), Failure> {
        let failed = |error: std::io::Error| {
            let message = format!("failed to make a folder for the samples of {}: {error}", display(film));
            Failure::new(Exit::Failed, message).hint("set TMPDIR to a folder that this user may write to")
        };
        let mut left = self.left.lock().await;
        if *left == 0 {
            return Ok(());
        }
        let mut order = looked.sample_order(&tools.toolchain, policy);
        if order.is_none() {
            let verdict = looked.plan(&tools.toolchain, policy);
            let is_sampled = verdict.decisions().iter().any(|decision| decision.topic == Topic::Samples);
            if !is_sampled && matches!(verdict, Verdict::Encode(_)) {
                let why = "it is too short, has no reliable times, or is of a format in which no place can be sought";
                note(&format!("{}: not sampled, since {why}", display(film)));
            }
            return Ok(());
        }
        *left -= 1;
        let folder = tempfile::tempdir().map_err(failed)?;
        let (scratch, pause) = (folder.path().join("sample.mkv"), Pause::never());
        let sampler = Sampler { tools, film, scratch: &scratch, stall, background: None, pause: &pause };
        while let Some(next) = order {
            let (windows, settings) = (next.windows.len(), next.plan.video.settings);
            note(&format!("{}: sampling {windows} windows with {settings}", display(film)));
            let bar = if self.shows_progress { Bar::new() } else { Bar::hidden() };
            let of = u64::try_from(windows).ok();
            let trial =
                sampler.run(&next, |done| bar.show("sampling", u64::try_from(done).unwrap_or_default(), of));
            let trial = trial.await;
            bar.clear();
            match trial {
                Ok(trial) => drop(looked.add_trial(&next, trial)),
                Err(error) => {
                    note(&format!(
                        "warning: {} is planned without more samples, since one failed: {error}",
                        display(film)
                    ));
                    break;
                }
            }
            order = looked.sample_order(&tools.toolchain, policy);
        }
        Ok(())
    }
}
