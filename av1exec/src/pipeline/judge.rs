//! Whether a fresh result may take its film's place.

use std::io;
use std::path::Path;

use av1plan::judge::{Decode as Decoded, Evidence};
use av1plan::{EncodePlan, Judgement, MediaProbe, Micros, judge};

use super::Pipeline;
use super::produce::Encoded;
use crate::ffmpeg::evidence::{Gather, Made, Readable, is_expensive};
use crate::ffmpeg::probe;
use crate::library::film::Film;
use crate::pipeline::event::{Check, Event};
use crate::state::outcome::Outcome;
use crate::sys::disk;
use crate::sys::waits::Care;

impl Pipeline {
    /// Holds the synced result against its contract, read from the disk; nothing means that it may take the film's place.
    pub(super) async fn judge(
        &self,
        film: &Film,
        plan: &EncodePlan,
        temporary: &Path,
        encoded: &Encoded,
        job: &str,
    ) -> io::Result<Option<Outcome>> {
        let path = temporary.to_owned();
        // As many bytes as the system had kept in memory may still have to be written.
        let size = self.waits.run(temporary, Care::Long, move |_| {
            disk::sync(&path)?;
            // Only makes the check stricter; some file systems can't.
            drop(disk::drop_from_cache(&path));
            Ok::<_, io::Error>(std::fs::symlink_metadata(&path)?.len())
        });
        let size = size.await??;
        let gather = Gather {
            tools: &self.tools,
            result: temporary,
            size,
            original: Some(&film.path),
            plan: Some(plan),
            stall: self.settings.stall,
        };
        let readable = gather.read().await?;
        let Encoded { report, words } = encoded;
        let evidence = gather.evidence(readable.as_ref(), Some(report));
        let judged = match (judge(plan, &evidence), &readable) {
            // The dear checks are for a result that is good as far as the cheap ones see.
            (Judgement::Incomplete { missing }, Some(Readable { probe, .. }))
                if missing.iter().all(|piece| is_expensive(*piece)) =>
            {
                let (decode, picture) = self.look_closely(&gather, film, plan, probe, job).await?;
                let decode = decode.as_ref().map_or(Decoded::SwitchedOff, |made| Decoded::Made(made.check()));
                let picture = picture.as_ref().map(Made::check);
                judge(plan, &Evidence { decode, picture, ..evidence })
            }
            (judged, _) => judged,
        };
        Ok(match judged {
            Judgement::Accept => None,
            Judgement::TooBig { size, limit } => {
                Some(Outcome::TooBig { before: film.identity.size, after: size, limit })
            }
            Judgement::Defective(defects) => Some(Outcome::Defective { defects, words: words.clone() }),
            Judgement::Incomplete { missing } => Some(Outcome::Unverified { missing }),
        })
    }

    /// What can be seen of an otherwise good result only by decoding it: all of it, unless that is switched off; then, where nothing was
    /// found, parts beside the source.
    async fn look_closely(
        &self,
        gather: &Gather<'_>,
        film: &Film,
        plan: &EncodePlan,
        probe: &MediaProbe,
        job: &str,
    ) -> io::Result<(Option<Made>, Option<Made>)> {
        let decode = self.decode(gather, plan, probe, job).await?;
        if decode.as_ref().is_some_and(|made| made.0.is_some()) {
            return Ok((decode, None));
        }
        self.tell_check(job, Check::Picture);
        let original = probe::probe(gather.tools, &film.path).await.map_err(io::Error::other)?;
        Ok((decode, gather.picture(probe, &original).await?))
    }

    async fn decode(
        &self,
        gather: &Gather<'_>,
        plan: &EncodePlan,
        probe: &MediaProbe,
        job: &str,
    ) -> io::Result<Option<Made>> {
        if !self.settings.full_decode {
            return Ok(None);
        }
        let duration = plan.contract.duration.or_else(|| probe.duration());
        let mut last = None;
        let reached = |second| {
            let percent = duration.and_then(|duration| percent(second, duration));
            if last.replace(percent) != Some(percent) {
                self.tell_check(job, Check::Decode { percent });
            }
        };
        Ok(Some(gather.decode(probe, &[], reached).await?))
    }

    pub(super) fn tell_check(&self, job: &str, check: Check) {
        self.events.send(Event::Judging { job: job.to_owned(), check });
    }
}

/// How much of a film has passed at this second; nothing where it has no length.
fn percent(second: u64, duration: Micros) -> Option<u8> {
    let duration = u64::try_from(duration.0).ok().filter(|duration| *duration > 0)?;
    let percent = u128::from(second) * 100_000_000 / u128::from(duration);
    u8::try_from(percent.min(100)).ok()
}
