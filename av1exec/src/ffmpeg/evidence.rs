//! Gathers the evidence about a result for the judge: what its headers and packets show, and what decoding it shows.
//!
//! Both the replacement of a film and `av1cli verify` gather evidence here, so that both judge alike.

use std::io;
use std::path::Path;
use std::time::Duration;

use av1plan::judge::{Check, Defect, Evidence, Missing, ResultProbe, RunReport};
use av1plan::probe::{MatroskaFacts, PacketSummary, StreamKind};
use av1plan::{EncodePlan, MediaProbe};

use crate::ffmpeg::decode::{Decode, decode_alone};
use crate::ffmpeg::headers;
use crate::ffmpeg::probe::{self, ProbeError};
use crate::ffmpeg::same_picture::PictureCheck;
use crate::ffmpeg::tools::Tools;

/// A result, and what is known about how it was made. Every error of the methods means that a check couldn't be made;
/// it says nothing about the result.
#[derive(Clone, Copy)]
pub(crate) struct Gather<'a> {
    pub(crate) tools: &'a Tools,
    /// The absolute path of the result.
    pub(crate) result: &'a Path,
    /// The size of the result in bytes.
    pub(crate) size: u64,
    /// The absolute path of the original, if it still exists.
    pub(crate) original: Option<&'a Path>,
    /// The plan by which the result was made, if it is known.
    pub(crate) plan: Option<&'a EncodePlan>,
    /// How long a decode may go without delivering a frame.
    pub(crate) stall: Duration,
}

/// What one pass over a result shows that ffprobe can read.
pub(crate) struct Readable {
    pub(crate) probe: MediaProbe,
    pub(crate) packets: PacketSummary,
    /// The packets of the original's first seconds, if there are both an original and a plan that was made without a
    /// survey.
    opening: Option<PacketSummary>,
    /// What the result's own Matroska headers say, if the plan promises something of them.
    headers: Option<MatroskaFacts>,
}

/// A check that was made, and the defect it found.
pub(crate) struct Made(pub(crate) Option<Defect>);

impl Made {
    /// Returns the check in the judge's form.
    pub(crate) fn check(&self) -> Check<'_> {
        Check::from(self.0.as_ref())
    }
}

impl Gather<'_> {
    /// Reads the headers and all packets. Returns `None` if ffprobe says that it can't read the result.
    pub(crate) async fn read(&self) -> io::Result<Option<Readable>> {
        let asked = match self.plan {
            Some(plan) => probe::result(self.tools, self.result, plan).await,
            None => probe::probe(self.tools, self.result).await,
        };
        let probe = match asked {
            Ok(probe) => probe,
            Err(error @ (ProbeError::Failed(_) | ProbeError::Headers(_))) => {
                return Err(io::Error::other(error));
            }
            Err(_) => return Ok(None),
        };
        let picture = probe.main_video().map_or(0, |(stream, _)| stream.index);
        let packets = probe::packets(self.tools, self.result, picture).await.map_err(io::Error::other)?;
        let plan = self.plan.filter(|plan| !plan.contract.is_measured());
        let opening = match self.original.zip(plan) {
            Some((original, plan)) => {
                let opening = probe::opening(self.tools, original, plan.probe_depth).await;
                Some(opening.map_err(io::Error::other)?)
            }
            None => None,
        };
        let headers = match self.plan.filter(|plan| plan.contract.headers.is_some()) {
            Some(_) => Some(headers::read(self.result).await?.unwrap_or_default()),
            None => None,
        };
        Ok(Some(Readable { probe, packets, opening, headers }))
    }

    /// Returns the evidence that needs no decoding. `run` is ffmpeg's report of the encode, if it still exists.
    pub(crate) fn evidence<'e>(
        &self,
        readable: Option<&'e Readable>,
        run: Option<&'e RunReport>,
    ) -> Evidence<'e> {
        let probed = readable.map_or(ResultProbe::Unreadable, |readable| ResultProbe::Read(&readable.probe));
        Evidence::new(self.size)
            .with_run(run)
            .with_probe(Some(probed))
            .with_packets(readable.map(|readable| &readable.packets))
            .with_source_opening(readable.and_then(|readable| readable.opening.as_ref()))
            .with_headers(readable.and_then(|readable| readable.headers.as_ref()))
    }

    /// Decodes the whole result and passes the position in seconds to `reached`. The complaints are compared with the
    /// original's only if there is an original and no defect says that the streams differ from the plan.
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

    /// Compares samples of the result's pictures with the original's. Returns `None` if there is no original, or no
    /// plan that says how the pictures were changed.
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

/// Whether this check takes a considerable part of an encode's time, so that it is made only once all others have found
/// nothing.
pub(crate) fn is_expensive(piece: Missing) -> bool {
    matches!(piece, Missing::Decode | Missing::Picture)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn tools(ffprobe: &str) -> Tools {
        let toolchain = av1plan::Toolchain::assumed();
        Tools { ffmpeg: PathBuf::new(), ffprobe: PathBuf::from(ffprobe), editor: None, toolchain }
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
        assert_eq!((evidence.probe, evidence.size), (Some(ResultProbe::Unreadable), 7));
        assert!(evidence.packets.is_none() && evidence.source_opening.is_none() && evidence.run.is_none());
        let probe = MediaProbe::from_json(br#"{"streams": [], "format": {}}"#).unwrap();
        let compared = gather.picture(&probe, &probe).await.unwrap();
        assert!(compared.is_none(), "a comparison with nothing isn't one that found nothing");
        let readable = Readable { probe, packets: PacketSummary::default(), opening: None, headers: None };
        let run = RunReport::default();
        let evidence = gather.evidence(Some(&readable), Some(&run));
        assert_eq!(evidence.probe, Some(ResultProbe::Read(&readable.probe)));
        assert!(evidence.packets.is_some() && evidence.source_opening.is_none() && evidence.run.is_some());
        assert_eq!((evidence.decode, evidence.picture), (av1plan::judge::Decode::NotMade, None));
        assert!(
            is_expensive(Missing::Decode)
                && is_expensive(Missing::Picture)
                && !is_expensive(Missing::Packets)
        );
    }
}
