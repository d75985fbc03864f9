//! Decides whether a new result may take its film's place.

use std::io;
use std::path::Path;

use av1plan::judge::Decode as Decoded;
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
    /// Checks the result on the disk against its contract. Returns `None` if it may take the film's place,
    /// otherwise the outcome.
    pub(super) async fn judge(
        &self,
        film: &Film,
        plan: &EncodePlan,
        temporary: &Path,
        encoded: &Encoded,
        job: &str,
    ) -> io::Result<Option<Outcome>> {
        let path = temporary.to_owned();
        // The sync can take long: everything that the kernel has cached may still have to be written.
        let size = self.waits.run(temporary, Care::Long, move |_| {
            disk::sync(&path)?;
            // Without the page cache, the check reads what is really on the disk. Some file systems can't drop it.
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
            // The expensive checks are made only if the cheap ones found nothing.
            (Judgement::Incomplete { missing }, Some(Readable { probe, .. }))
                if missing.iter().all(|piece| is_expensive(*piece)) =>
            {
                let (decode, picture) = self.look_closely(&gather, film, plan, probe, job).await?;
                let decode = decode.as_ref().map_or(Decoded::SwitchedOff, |made| Decoded::Made(made.check()));
                let picture = picture.as_ref().map(Made::check);
                judge(plan, &evidence.with_decode(decode).with_picture(picture))
            }
            (judged, _) => judged,
        };
        Ok(match judged {
            Judgement::Accept => None,
            Judgement::TooBig { size, limit } => {
                Some(Outcome::TooBig { before: film.identity.size, after: size, limit })
            }
            Judgement::Defective(defects) => Some(Outcome::defective(defects, words.clone())),
            Judgement::Incomplete { missing } => Some(Outcome::Unverified { missing }),
        })
    }

    /// Makes the checks that need decoding: the whole result is decoded, unless that is switched off. If no defect
    /// was found, parts are compared with the source.
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

/// Returns the percentage of the film at this second; `None` if its duration is zero.
fn percent(second: u64, duration: Micros) -> Option<u8> {
    let duration = u64::try_from(duration.0).ok().filter(|duration| *duration > 0)?;
    let percent = u128::from(second) * 100_000_000 / u128::from(duration);
    u8::try_from(percent.min(100)).ok()
}
