//! The arguments that make ffmpeg and ffprobe say what they are and what they can do.

use alloc::vec::Vec;
use alloc::{format, vec};

use super::{Arg, Args, Placeholder};
use crate::plan::{Encoder, VideoPlan};

/// The arguments with which ffmpeg and ffprobe print their version, for
/// [`Version::parse`](crate::toolchain::Version::parse).
pub fn version_arguments() -> Vec<Arg> {
    vec![Arg::from("-version")]
}

/// The arguments with which ffmpeg lists its encoders, for [`Toolchain::parse`](crate::Toolchain::parse).
pub fn encoders_arguments() -> Vec<Arg> {
    list("-encoders")
}

/// The arguments with which ffmpeg lists its decoders, for [`Toolchain::parse`](crate::Toolchain::parse).
pub fn decoders_arguments() -> Vec<Arg> {
    list("-decoders")
}

/// The arguments with which ffmpeg lists its filters, for [`has_filter`](crate::toolchain::has_filter).
pub fn filters_arguments() -> Vec<Arg> {
    list("-filters")
}

/// The arguments with which ffmpeg prints the version of an encoder, for
/// [`encoder_version_in`](crate::toolchain::encoder_version_in). It encodes a single frame of 64 by 64 pixels, which
/// every encoder takes, and discards it.
pub fn encoder_version_arguments(encoder: Encoder) -> Vec<Arg> {
    let mut args = Args(Vec::with_capacity(16));
    args.fixed(&["-nostdin", "-hide_banner", "-loglevel", "info", "-f", "lavfi", "-i"]);
    args.fixed(&[
        "testsrc2=size=64x64:rate=25:duration=0.04",
        "-c:v",
        encoder.ffmpeg_name(),
        "-f",
        "null",
        "-",
    ]);
    args.0
}

fn list(what: &'static str) -> Vec<Arg> {
    vec![Arg::from("-hide_banner"), Arg::from(what)]
}

/// A moving picture that ffmpeg itself draws, for trying an encoder out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TrialPicture {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Frames per second.
    pub rate: u32,
    /// Duration in seconds.
    pub seconds: u32,
}

impl TrialPicture {
    /// How many frames the picture has.
    pub const fn frames(self) -> u32 {
        self.rate * self.seconds
    }
}

/// The arguments with which ffmpeg encodes `picture` with the settings of `video` into a Matroska file
/// ([`Placeholder::Output`]).
pub fn trial_arguments(video: &VideoPlan, picture: TrialPicture) -> Vec<Arg> {
    let TrialPicture { width, height, rate, seconds } = picture;
    let mut args = Args(Vec::with_capacity(32));
    args.fixed(&["-nostdin", "-hide_banner", "-y", "-xerror", "-loglevel", "error", "-f", "lavfi", "-i"]);
    args.0.push(format!("testsrc2=size={width}x{height}:rate={rate}:duration={seconds}").into());
    args.fixed(&["-map", "0:0"]);
    args.video(video);
    args.fixed(&["-enc_time_base", "demux", "-f", "matroska"]);
    args.0.push(Arg::File(Placeholder::Output));
    args.0
}
