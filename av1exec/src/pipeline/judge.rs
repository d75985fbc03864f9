//! Gathering what a result shows, for the judge.

use std::io;
use std::path::Path;

use av1plan::judge::{Check as Checked, Decode as Decoded, Defect, Evidence, Missing, Probed};
use av1plan::{EncodePlan, Judgement, MediaProbe, Micros, judge};

use super::{Encoded, Pipeline};
use crate::ffmpeg::decode::Decode;
use crate::ffmpeg::probe::{self, ProbeError};
use crate::ffmpeg::same_picture::PictureCheck;
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
        let probe = match probe::result(&self.tools, temporary, plan).await {
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
            run: Some(report),
            probe: Some(probe.as_ref().map_or(Probed::Unreadable, Probed::Read)),
            packets: Some(&packets),
            opening: Some(&opening),
            size,
            ..Evidence::default()
        };
        let judged = match (judge(plan, &evidence), &probe) {
            // The dear checks are for a result that is good as far as the cheap ones see.
            (Judgement::Incomplete { missing }, Some(probe))
                if missing.iter().all(|piece| is_dear(*piece)) =>
            {
                let (decode, picture) = self.look_closely(film, plan, (temporary, probe), job).await?;
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
        film: &Film,
        plan: &EncodePlan,
        result: (&Path, &MediaProbe),
        job: &str,
    ) -> io::Result<(Option<Made>, Option<Made>)> {
        let tools = &*self.tools;
        let decode = self.decode(film, plan, result, job).await?;
        if decode.as_ref().is_some_and(|made| made.0.is_some()) {
            return Ok((decode, None));
        }
        self.tell_check(job, Check::Picture);
        let source = probe::probe(tools, &film.path).await.map_err(io::Error::other)?;
        let picture = PictureCheck { tools, plan, source: (&film.path, &source), result }.take().await?;
        Ok((decode, Some(Made(picture))))
    }

    async fn decode(
        &self,
        film: &Film,
        plan: &EncodePlan,
        result: (&Path, &MediaProbe),
        job: &str,
    ) -> io::Result<Option<Made>> {
        if !self.settings.full_decode {
            return Ok(None);
        }
        let duration = plan.contract.duration.or_else(|| result.1.duration());
        let stall = self.settings.stall;
        let decode = Decode { tools: &self.tools, plan, source: &film.path, result: result.0, stall };
        let mut last = None;
        let reached = |second| {
            let percent = duration.and_then(|duration| percent(second, duration));
            if last.replace(percent) != Some(percent) {
                self.tell_check(job, Check::Decode { percent });
            }
        };
        Ok(Some(Made(decode.run(reached).await?)))
    }

    pub(super) fn tell_check(&self, job: &str, check: Check) {
        self.events.send(Event::Judging { job: job.to_owned(), check });
    }
}

/// A check that was made, with what it found.
struct Made(Option<Defect>);

impl Made {
    fn check(&self) -> Checked<'_> {
        Checked::from(self.0.as_ref())
    }
}

/// Whether gathering a piece takes a part of an encode's time.
fn is_dear(piece: Missing) -> bool {
    matches!(piece, Missing::Decode | Missing::Picture)
}

/// How much of a film has passed at this second; nothing where it has no length.
fn percent(second: u64, duration: Micros) -> Option<u8> {
    let duration = u64::try_from(duration.0).ok().filter(|duration| *duration > 0)?;
    let percent = u128::from(second) * 100_000_000 / u128::from(duration);
    u8::try_from(percent.min(100)).ok()
}
