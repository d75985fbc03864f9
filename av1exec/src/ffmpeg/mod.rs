//! Runs ffmpeg and ffprobe: takes arguments and returns data. Nothing here knows about jobs or events.

pub mod argv;
pub mod decode;
pub mod encode;
pub(crate) mod evidence;
pub(crate) mod frame_times;
pub(crate) mod headers;
pub mod preflight;
pub mod probe;
pub mod quality;
pub mod same_picture;
pub mod sample;
pub(crate) mod scores;
pub mod survey;
pub mod tools;
