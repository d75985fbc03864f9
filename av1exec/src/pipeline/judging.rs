//! Gathering what a result shows, for the judge.

use std::io;
use std::path::Path;

use av1plan::judge::{Defect, Evidence};
use av1plan::number::Micros;
use av1plan::{EncodePlan, Judgement, MediaProbe, judge};

use super::{Encoded, Pipeline};
use crate::decode::Decode;
use crate::disk;
use crate::event::{Check, Event};
use crate::outcome::Outcome;
use crate::probe::{self, ProbeError};
use crate::sample::Sample;
use crate::scan::Film;
use crate::waits::Care;

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
        let probe = match probe::probe(&self.tools, temporary).await {
            Ok(probe) => Some(probe),
            // A check that couldn't be made is no verdict on the result.
            Err(error @ ProbeError::Failed(_)) => return Err(io::Error::other(error)),
            Err(ProbeError::Refused { .. } | ProbeError::Document(_)) => None,
        };
        let picture =
            probe.as_ref().and_then(|probe| probe.main_video()).map_or(0, |(stream, _)| stream.index);
        let packets = probe::packets(&self.tools, temporary, picture).await.map_err(io::Error::other)?;
        let opening = probe::opening(&self.tools, &film.path).await.map_err(io::Error::other)?;
        let Encoded { report, words } = encoded;
        let evidence = Evidence {
            run: report,
            probe: probe.as_ref(),
            packets: Some(&packets),
            opening: Some(&opening),
            size,
        };
        Ok(match judge(plan, &evidence) {
            Judgement::Accept => {
                let defect = match &probe {
                    Some(probe) => self.look_closely(film, plan, (temporary, probe), job).await?,
                    None => None,
                };
                defect.map(|defect| Outcome::Defective { defects: vec![defect], words: words.clone() })
            }
            Judgement::TooBig { size, limit } => {
                Some(Outcome::TooBig { before: film.identity.size, after: size, limit })
            }
            Judgement::Defective(defects) => Some(Outcome::Defective { defects, words: words.clone() }),
        })
    }

    /// What can be seen of an otherwise good result only by decoding it: all of it, then parts beside the source.
    async fn look_closely(
        &self,
        film: &Film,
        plan: &EncodePlan,
        result: (&Path, &MediaProbe),
        job: &str,
    ) -> io::Result<Option<Defect>> {
        let tools = &*self.tools;
        if self.settings.full_decode {
            let duration = plan.contract.duration.or_else(|| result.1.duration());
            let decode =
                Decode { tools, plan, source: &film.path, result: result.0, stall: self.settings.stall };
            let mut last = None;
            let reached = |second| {
                let percent = duration.and_then(|duration| percent(second, duration));
                if last.replace(percent) != Some(percent) {
                    self.tell_check(job, Check::Decode { percent });
                }
            };
            if let Some(defect) = decode.run(reached).await? {
                return Ok(Some(defect));
            }
        }
        self.tell_check(job, Check::Picture);
        let source = probe::probe(tools, &film.path).await.map_err(io::Error::other)?;
        Sample { tools, plan, source: (&film.path, &source), result }.take().await
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
