//! The decoded content of a film, and whether another film has the same content.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::tools::Tools;

/// How much the duration of a stream may change, in seconds: containers use different time bases, and sound is stored
/// in packets.
const SLACK: f64 = 0.15;
/// How much a pixel of the 8x8 picture may differ on average, of 255. Re-encoding noise changes it by less than 3,
/// another picture by 30 and more (measured).
const DRIFT: u64 = 12;

/// A film, decoded from start to end.
#[derive(Debug)]
pub(super) struct Shown {
    /// What ffmpeg complained about while it decoded the pictures; empty for an intact film.
    pub(super) complaints: String,
    /// What ffmpeg complained about while it decoded the sound. If the original's sound is broken, so is its copy; that
    /// loses nothing.
    of_sound: String,
    video: Option<Stream>,
    sounds: Vec<Stream>,
    subtitles: usize,
    /// Every frame of the video as 8x8 grey pixels.
    picture: Vec<u8>,
}

#[derive(Debug)]
struct Stream {
    codec: String,
    frames: usize,
    /// The time from the first frame to the last, in seconds, by a clock that never goes back.
    span: f64,
}

impl Shown {
    /// Decodes the film at `path`.
    pub(super) fn by(tools: &Tools, path: &Path) -> Self {
        let entries = "stream=index,codec_type,codec_name,nb_read_packets:stream_disposition=attached_pic:\
                       frame=stream_index,best_effort_timestamp_time";
        let looked = tools.try_ask(&format!("-show_frames -count_packets -show_entries {entries}"), path);
        let document: Value = serde_json::from_slice(&looked.stdout).unwrap_or_default();
        let pictures = tools.pictures(path);
        let empty = Vec::new();
        let streams = document["streams"].as_array().unwrap_or(&empty);
        let times = times(document["frames"].as_array().unwrap_or(&empty));
        let of_kind = |kind: &'static str| {
            let moving = |stream: &&Value| stream["disposition"]["attached_pic"] != 1;
            streams.iter().filter(moving).filter(move |stream| stream["codec_type"] == kind)
        };
        let stream = |stream: &Value| Stream::new(stream, &times);
        let video = of_kind("video").map(stream).next();
        // A track that is announced and never comes is no sound.
        let sounds: Vec<Stream> = of_kind("audio").map(stream).filter(|sound| sound.frames > 0).collect();
        let of_sound = if sounds.is_empty() { String::new() } else { complaints(&tools.sounds(path)) };
        let subtitles = of_kind("subtitle").count();
        Self {
            complaints: complaints(&pictures),
            of_sound,
            video,
            sounds,
            subtitles,
            picture: pictures.stdout,
        }
    }

    /// Returns what is wrong with this film as an AV1 result of `original`.
    pub(super) fn faults_as_result_of(&self, original: &Self) -> Vec<String> {
        let mut wrong = Vec::new();
        let of_sound = if original.of_sound.is_empty() { &self.of_sound } else { "" };
        for complaint in self.complaints.lines().take(1).chain(of_sound.lines().take(1)) {
            wrong.push(format!("it doesn't decode: {complaint}"));
        }
        match (&self.video, &original.video) {
            (Some(video), Some(before)) => {
                if video.codec != "av1" {
                    wrong.push(format!("its video is {}", video.codec));
                }
                if video.frames != before.frames {
                    wrong.push(format!("{} frames instead of {}", video.frames, before.frames));
                }
                wrong.extend(video.differs(before).map(|what| format!("the video {what}")));
                wrong.extend(self.drift(original));
            }
            _ => wrong.push("no video, before or after".to_owned()),
        }
        if self.sounds.len() != original.sounds.len() {
            wrong.push(format!("{} sound tracks instead of {}", self.sounds.len(), original.sounds.len()));
        }
        for (sound, before) in self.sounds.iter().zip(&original.sounds) {
            wrong.extend(sound.differs(before).map(|what| format!("a sound track {what}")));
        }
        if self.subtitles != original.subtitles {
            wrong.push(format!("{} subtitles instead of {}", self.subtitles, original.subtitles));
        }
        wrong
    }

    /// Returns a complaint if the picture is another one: black, green, a different film.
    fn drift(&self, original: &Self) -> Option<String> {
        let pairs = self.picture.iter().zip(&original.picture);
        let dots = u64::try_from(pairs.len()).unwrap_or(u64::MAX).max(1);
        let drift = pairs.map(|(one, other)| u64::from(one.abs_diff(*other))).sum::<u64>() / dots;
        (drift > DRIFT).then(|| format!("another picture: its dots differ by {drift} of 255"))
    }
}

impl Stream {
    fn new(stream: &Value, times: &BTreeMap<u64, Vec<f64>>) -> Self {
        let none = Vec::new();
        let times = stream["index"].as_u64().and_then(|index| times.get(&index)).unwrap_or(&none);
        // Joined recordings begin their clock anew.
        let steps = times.windows(2).map(|pair| (pair[1] - pair[0]).max(0.0));
        let codec = stream["codec_name"].as_str().unwrap_or_default().to_owned();
        Self { codec, frames: times.len(), span: steps.sum() }
    }

    fn differs(&self, before: &Self) -> Option<String> {
        let differs = (self.span - before.span).abs() > SLACK;
        differs.then(|| format!("spans {:.3} s instead of {:.3} s", self.span, before.span))
    }
}

/// What ffmpeg complained about. The line about a broken Opus packet is left out: ffmpeg prints it at the end of every
/// Opus stream (measured with 8.0 on a stream that it had just made itself).
fn complaints(decoded: &Output) -> String {
    let text = String::from_utf8_lossy(&decoded.stderr);
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.contains("Error parsing Opus packet header")).collect();
    match lines.join("\n") {
        none if none.is_empty() && !decoded.status.success() => decoded.status.to_string(),
        complaints => complaints,
    }
}

/// The times of the frames of each stream. A frame without a time gets the time of the frame before it.
fn times(frames: &[Value]) -> BTreeMap<u64, Vec<f64>> {
    let mut times: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for frame in frames {
        let Some(index) = frame["stream_index"].as_u64() else { continue };
        let of_stream = times.entry(index).or_default();
        let time = frame["best_effort_timestamp_time"].as_str().and_then(|time| time.parse().ok());
        of_stream.push(time.or_else(|| of_stream.last().copied()).unwrap_or_default());
    }
    times
}
