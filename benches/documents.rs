//! The documents that the benches read: what ffprobe 8 prints of real files.

/// A film with video, sound and subtitles: about 5 KB, as most films'.
pub const THREE_STREAMS: &[u8] = include_bytes!("data/three-streams.json");

/// A film with nine dubs and thirty subtitles.
pub const FORTY_STREAMS: &[u8] = include_bytes!("data/forty-streams.json");
