//! How much of a file ffmpeg and ffprobe read before they say which streams it has.

use super::MediaProbe;
use crate::name::named;

named! {
    /// How much of a file ffmpeg and ffprobe read before they say which streams it has.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum ProbeDepth: "a depth of probing", name, names {
        /// ffmpeg's default of five megabytes. Most containers have a header that lists all streams.
        #[default]
        Usual = "usual",
        /// 200 megabytes, at most 200 seconds (`-probesize 200M -analyzeduration 200M`). Transport and program streams
        /// have no such header: a stream is known once its first packet comes, which may be a subtitle in the middle of
        /// the film.
        Deep = "deep",
    }
}

impl MediaProbe {
    /// How deep a file of this container must be probed.
    pub fn needed_depth(&self) -> ProbeDepth {
        if self.format.is_stream_of_packets() { ProbeDepth::Deep } else { ProbeDepth::Usual }
    }
}

impl super::Format {
    /// Whether it is a transport stream or a program stream, which have no header for the whole file, and whose clock
    /// may jump.
    pub fn is_stream_of_packets(&self) -> bool {
        self.is_read_by("mpegts") || self.is_read_by("mpeg")
    }
}
