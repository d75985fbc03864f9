//! Decodes a whole result, video and audio, and collects what the decoders complain about.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use av1plan::EncodePlan;
use av1plan::command::{Arg, Side, decode_audio_arguments, decode_streams_arguments, decode_video_arguments};
use av1plan::judge::{Complaints, Defect};
use av1plan::probe::ProbeDepth;

use crate::ffmpeg::argv::bind;
use crate::ffmpeg::tools::Tools;
use crate::sys::process::{Output, Pulse, start, watch};

/// A result to decode.
pub struct Decode<'a> {
    /// ffmpeg.
    pub tools: &'a Tools,
    /// How the result was made.
    pub plan: &'a EncodePlan,
    /// The original; decoding it shows whether a copied track was already damaged.
    pub source: &'a Path,
    /// The result.
    pub result: &'a Path,
    /// How long the decode may go without delivering a frame.
    pub stall: Duration,
}

impl Decode<'_> {
    /// Decodes the whole result and passes the position in seconds to `reached`. Returns the defect, if there is one.
    /// An error means that the decode couldn't be made; it says nothing about the result.
    pub async fn run(&self, reached: impl FnMut(u64)) -> io::Result<Option<Defect>> {
        let decoder = Decoder { tools: self.tools, stall: self.stall };
        let sound = decode_audio_arguments(self.plan, Side::Result);
        let (defect, sound) = decoder.result(self.result, sound, reached).await?;
        if defect.is_some() || sound.is_empty() {
            return Ok(defect);
        }
        let before = decoder.sound(self.source, decode_audio_arguments(self.plan, Side::Source)).await?;
        Ok(sound.in_sound(&before))
    }
}

/// Decodes a whole file without an original to compare with: its first video stream and the audio streams with these
/// indexes.
pub async fn decode_alone(
    tools: &Tools,
    result: &Path,
    sounds: &[u32],
    stall: Duration,
    reached: impl FnMut(u64),
) -> io::Result<Option<Defect>> {
    let decoder = Decoder { tools, stall };
    let (defect, sound) =
        decoder.result(result, decode_streams_arguments(sounds, ProbeDepth::Usual), reached).await?;
    Ok(defect.or(sound.in_sound(&Complaints::default())))
}

/// What all decodes need.
struct Decoder<'a> {
    tools: &'a Tools,
    stall: Duration,
}

impl Decoder<'_> {
    /// Returns the defect of the video stream, if there is one, and the complaints about the audio streams.
    async fn result(
        &self,
        path: &Path,
        sound: Option<Vec<Arg>>,
        reached: impl FnMut(u64),
    ) -> io::Result<(Option<Defect>, Complaints)> {
        // Both decodes run at the same time, so that the second finds what the first has read in the page cache.
        let (video, audio) = tokio::try_join!(
            self.complaints(path, decode_video_arguments(), reached),
            self.sound(path, sound),
        )?;
        if video.lacks_decoder() {
            return Err(io::Error::other("this ffmpeg has no decoder for AV1 that works here"));
        }
        Ok((video.in_picture(), audio))
    }

    async fn sound(&self, path: &Path, args: Option<Vec<Arg>>) -> io::Result<Complaints> {
        match args {
            Some(args) => self.complaints(path, args, |_| {}).await,
            None => Ok(Complaints::default()),
        }
    }

    async fn complaints(
        &self,
        path: &Path,
        args: Vec<Arg>,
        mut reached: impl FnMut(u64),
    ) -> io::Result<Complaints> {
        let args: Vec<OsString> = bind(&args, path, Path::new(""));
        // A decode without errors prints nothing to standard error, so that only the times on standard output count as
        // signs of life.
        let pulse = Pulse { output: Output::Stdout, limit: self.stall };
        let (mut heard, mut last) = (Complaints::default(), None);
        let hear = |output, line: &str| match output {
            Output::Stdout => {
                let second = line.split('.').next().and_then(|seconds| seconds.parse::<u64>().ok());
                if second.is_some() && second != last {
                    last = second;
                    reached(second.unwrap_or_default());
                }
            }
            Output::Stderr => heard.add_line(line),
        };
        let child = start(&self.tools.ffmpeg, &args).await?;
        let status = watch(child, Some(pulse), hear).await?.status("a decode")?;
        match status.code() {
            Some(code) => heard.add_exit(code),
            None => return Err(io::Error::other("a signal ended a decode")),
        }
        Ok(heard)
    }
}
