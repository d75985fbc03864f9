//! The benchmarks' input: what ffprobe 8 printed for real files.

/// ffprobe's document of a film with video, sound and subtitles. It is about 5 KB long, as for most films.
pub const THREE_STREAMS: &[u8] = include_bytes!("data/three-streams.json");

/// ffprobe's document of a film with nine dubs and thirty subtitles.
pub const FORTY_STREAMS: &[u8] = include_bytes!("data/forty-streams.json");
