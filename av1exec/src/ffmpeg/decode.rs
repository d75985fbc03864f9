//! The full decode: every picture and every sound of the result, and whether the decoders complain.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use av1plan::EncodePlan;
use av1plan::command::{Arg, Side, decode_audio_arguments, decode_streams_arguments, decode_video_arguments};
use av1plan::judge::{Complaints, Defect};

use crate::ffmpeg::argv::bind;
use crate::ffmpeg::tools::Tools;
use crate::sys::process::{Output, Pulse, start, watch};

/// A result to decode.
pub struct Decode<'a> {
    /// ffmpeg.
    pub tools: &'a Tools,
    /// How the result was made.
    pub plan: &'a EncodePlan,
    /// The original, which tells whether a copied track was damaged before.
    pub source: &'a Path,
    /// The result.
    pub result: &'a Path,
    /// How long no frame may come out.
    pub stall: Duration,
}

impl Decode<'_> {
    /// Decodes all of it and tells `reached` at which second it is; returns what is wrong. An error says that it couldn't be
    /// done, which is no verdict on the result.
    pub async fn run(&self, reached: impl FnMut(u64)) -> io::Result<Option<Defect>> {
        let decoder = Decoder { tools: self.tools, stall: self.stall };
        let sound = decode_audio_arguments(self.plan, Side::Result);
        let (defect, sound) = decoder.result(self.result, sound, reached).await?;
        if defect.is_some() || sound == Complaints::default() {
            return Ok(defect);
        }
        let before = decoder.sound(self.source, decode_audio_arguments(self.plan, Side::Source)).await?;
        Ok(sound.in_sound(&before))
    }
}

/// Decodes all of a file whose original nobody has: its first video, and the tracks of sound of these indexes.
pub async fn decode_alone(
    tools: &Tools,
    result: &Path,
    sounds: &[u32],
    stall: Duration,
    reached: impl FnMut(u64),
) -> io::Result<Option<Defect>> {
    let decoder = Decoder { tools, stall };
    let (defect, sound) = decoder.result(result, decode_streams_arguments(sounds), reached).await?;
    Ok(defect.or(sound.in_sound(&Complaints::default())))
}

/// What every decode takes.
struct Decoder<'a> {
    tools: &'a Tools,
    stall: Duration,
}

impl Decoder<'_> {
    /// What is wrong with the picture, and what was said of the sound.
    async fn result(
        &self,
        path: &Path,
        sound: Option<Vec<Arg>>,
        reached: impl FnMut(u64),
    ) -> io::Result<(Option<Defect>, Complaints)> {
        // Side by side: the second reads what the first has brought from the disk.
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
        // A decode that is well says nothing on standard error, so that only its times are held against the clock.
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
