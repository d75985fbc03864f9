//! Runs ffmpeg and ffprobe: arguments in, data out. It knows no jobs and no events.

pub mod argv;
pub mod decode;
pub mod encode;
pub(crate) mod evidence;
pub(crate) mod frame_times;
pub mod probe;
pub mod quality;
pub mod same_picture;
pub mod scores;
pub mod tools;
