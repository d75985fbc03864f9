//! The commands by which a program is asked what it is and what it can do.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use super::{Arg, Args};
use crate::plan::VideoPlan;

/// The arguments of ffmpeg and ffprobe that print their version, for [`Version::parse`](crate::toolchain::Version::parse).
pub fn version_arguments() -> Vec<Arg> {
    vec![Arg::from("-version")]
}

/// The arguments of ffmpeg that list its encoders, for [`Toolchain::parse`](crate::Toolchain::parse).
pub fn encoders_arguments() -> Vec<Arg> {
    list("-encoders")
}

/// The arguments of ffmpeg that list its decoders, for [`Toolchain::parse`](crate::Toolchain::parse).
pub fn decoders_arguments() -> Vec<Arg> {
    list("-decoders")
}

/// The arguments of ffmpeg that list its filters, for [`has_filter`](crate::toolchain::has_filter).
pub fn filters_arguments() -> Vec<Arg> {
    list("-filters")
}

fn list(what: &'static str) -> Vec<Arg> {
    vec![Arg::from("-hide_banner"), Arg::from(what)]
}

/// What an encoder is tried out with: a moving picture that ffmpeg draws itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TrialPicture {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Frames a second.
    pub rate: u32,
    /// Seconds.
    pub seconds: u32,
}

impl TrialPicture {
    /// How many frames it has.
    pub const fn frames(self) -> u32 {
        self.rate * self.seconds
    }
}

/// The arguments of ffmpeg that encode `picture` as `video` would be, into Matroska.
pub fn trial_arguments(video: &VideoPlan, picture: TrialPicture) -> Vec<Arg> {
    let TrialPicture { width, height, rate, seconds } = picture;
    let mut args = Args(Vec::with_capacity(32));
    args.fixed(&["-nostdin", "-hide_banner", "-y", "-xerror", "-loglevel", "error", "-f", "lavfi", "-i"]);
    args.0.push(format!("testsrc2=size={width}x{height}:rate={rate}:duration={seconds}").into());
    args.fixed(&["-map", "0:0"]);
    args.video(video);
    args.fixed(&["-enc_time_base", "demux", "-f", "matroska"]);
    args.0.push(Arg::Output);
    args.0
}
