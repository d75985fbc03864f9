//! What a result shows, gathered for the judge: what its headers and packets tell, and what has to be decoded.
//!
//! Whoever replaces a film and whoever verifies a result gather it here, so that both judge by the same.

use std::io;
use std::path::Path;
use std::time::Duration;

use av1plan::judge::{Check, Defect, Evidence, Missing, Probed, RunReport};
use av1plan::probe::{PacketSummary, StreamKind};
use av1plan::{EncodePlan, MediaProbe};

use crate::ffmpeg::decode::{Decode, decode_alone};
use crate::ffmpeg::probe::{self, ProbeError};
use crate::ffmpeg::same_picture::PictureCheck;
use crate::ffmpeg::tools::Tools;

/// A result, and what is known of how it was made. All errors say that a check couldn't be made, which is no verdict on it.
#[derive(Clone, Copy)]
pub(crate) struct Gather<'a> {
    pub(crate) tools: &'a Tools,
    /// The result; its path is absolute.
    pub(crate) result: &'a Path,
    /// Its bytes.
    pub(crate) size: u64,
    /// What it was made from, where that is there; absolute, too.
    pub(crate) original: Option<&'a Path>,
    /// How it was made, where that is known.
    pub(crate) plan: Option<&'a EncodePlan>,
    /// How long no frame may come out of a decode.
    pub(crate) stall: Duration,
}

/// What is had for one pass over a result that ffprobe can read.
pub(crate) struct Readable {
    pub(crate) probe: MediaProbe,
    pub(crate) packets: PacketSummary,
    /// The packets of the original's first seconds, where there are an original and a plan to hold them against.
    opening: Option<PacketSummary>,
}

/// A check that was made, with what it found.
pub(crate) struct Made(pub(crate) Option<Defect>);

impl Made {
    /// What the judge is told of it.
    pub(crate) fn check(&self) -> Check<'_> {
        Check::from(self.0.as_ref())
    }
}

impl Gather<'_> {
    /// Reads the headers and all packets; nothing where ffprobe says that it can't read the result.
    pub(crate) async fn read(&self) -> io::Result<Option<Readable>> {
        let asked = match self.plan {
            Some(plan) => probe::result(self.tools, self.result, plan).await,
            None => probe::probe(self.tools, self.result).await,
        };
        let probe = match asked {
            Ok(probe) => probe,
            Err(error @ ProbeError::Failed(_)) => return Err(io::Error::other(error)),
            Err(ProbeError::Refused { .. } | ProbeError::Document(_)) => return Ok(None),
        };
        let picture = probe.main_video().map_or(0, |(stream, _)| stream.index);
        let packets = probe::packets(self.tools, self.result, picture).await.map_err(io::Error::other)?;
        let opening = match self.original.filter(|_| self.plan.is_some()) {
            Some(original) => Some(probe::opening(self.tools, original).await.map_err(io::Error::other)?),
            None => None,
        };
        Ok(Some(Readable { probe, packets, opening }))
    }

    /// What the judge is told before anything was decoded; `run` is how ffmpeg ended, where somebody still knows.
    pub(crate) fn evidence<'e>(
        &self,
        readable: Option<&'e Readable>,
        run: Option<&'e RunReport>,
    ) -> Evidence<'e> {
        let probed = readable.map_or(Probed::Unreadable, |readable| Probed::Read(&readable.probe));
        Evidence::new(self.size)
            .with_run(run)
            .with_probe(Some(probed))
            .with_packets(readable.map(|readable| &readable.packets))
            .with_opening(readable.and_then(|readable| readable.opening.as_ref()))
    }

    /// Decodes all of it and tells `reached` at which second it is. Where its streams aren't those of the plan, as one of
    /// `defects` may say, or where there is no original, it is decoded for itself.
    pub(crate) async fn decode(
        &self,
        probe: &MediaProbe,
        defects: &[Defect],
        reached: impl FnMut(u64),
    ) -> io::Result<Made> {
        let Self { tools, result, stall, .. } = *self;
        let in_order = !defects.iter().any(|defect| matches!(defect, Defect::StreamCount { .. }));
        let found = match (self.original, self.plan) {
            (Some(source), Some(plan)) if in_order => {
                Decode { tools, plan, source, result, stall }.run(reached).await?
            }
            _ => {
                let sounds = probe.streams.iter();
                let sounds = sounds.filter(|stream| matches!(stream.kind, StreamKind::Audio(_)));
                let sounds: Vec<u32> = sounds.map(|stream| stream.index).collect();
                decode_alone(tools, result, &sounds, stall, reached).await?
            }
        };
        Ok(Made(found))
    }

    /// Compares parts of its pictures with the original's, which ffprobe says this of; nothing where there is no original, or no
    /// plan that tells what became of its pictures.
    pub(crate) async fn picture(
        &self,
        probe: &MediaProbe,
        original: &MediaProbe,
    ) -> io::Result<Option<Made>> {
        let (Some(path), Some(plan)) = (self.original, self.plan) else { return Ok(None) };
        let (source, result) = ((path, original), (self.result, probe));
        let found = PictureCheck { tools: self.tools, plan, source, result }.take().await?;
        Ok(Some(Made(found)))
    }
}

/// Whether gathering a piece takes a part of an encode's time: it is for a result that is good as far as all others tell.
pub(crate) fn is_dear(piece: Missing) -> bool {
    matches!(piece, Missing::Decode | Missing::Picture)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn tools(ffprobe: &str) -> Tools {
        let toolchain = av1plan::Toolchain::assumed();
        Tools { ffmpeg: PathBuf::new(), ffprobe: PathBuf::from(ffprobe), toolchain }
    }

    fn gather(tools: &Tools) -> Gather<'_> {
        let stall = Duration::from_mins(1);
        Gather { tools, result: Path::new("/film.mkv"), size: 7, original: None, plan: None, stall }
    }

    #[tokio::test]
    async fn an_ffprobe_that_refuses_a_result_speaks_against_it_and_one_that_is_gone_does_not() {
        for (ffprobe, unreadable) in [("/bin/false", true), ("/bin/true", true), ("/nowhere/ffprobe", false)]
        {
            let tools = tools(ffprobe);
            let read = gather(&tools).read().await;
            assert_eq!(read.is_ok_and(|read| read.is_none()), unreadable, "{ffprobe}");
        }
    }

    #[tokio::test]
    async fn what_was_not_gathered_is_left_out() {
        let tools = tools("");
        let gather = gather(&tools);
        let evidence = gather.evidence(None, None);
        assert_eq!((evidence.probe, evidence.size), (Some(Probed::Unreadable), 7));
        assert!(evidence.packets.is_none() && evidence.opening.is_none() && evidence.run.is_none());
        let probe = MediaProbe::from_json(br#"{"streams": [], "format": {}}"#).unwrap();
        let compared = gather.picture(&probe, &probe).await.unwrap();
        assert!(compared.is_none(), "a comparison with nothing isn't one that found nothing");
        let readable = Readable { probe, packets: PacketSummary::default(), opening: None };
        let run = RunReport::default();
        let evidence = gather.evidence(Some(&readable), Some(&run));
        assert_eq!(evidence.probe, Some(Probed::Read(&readable.probe)));
        assert!(evidence.packets.is_some() && evidence.opening.is_none() && evidence.run.is_some());
        assert_eq!((evidence.decode, evidence.picture), (av1plan::judge::Decode::NotMade, None));
        assert!(is_dear(Missing::Decode) && is_dear(Missing::Picture) && !is_dear(Missing::Packets));
    }
}
