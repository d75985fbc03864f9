//! The contents of a film, as ffprobe reports them.

use std::path::Path;

use serde_json::Value;

use crate::tools::Tools;

/// A film as ffprobe saw it, with all its packets. All of it is read at once, since the film may be replaced
/// afterwards.
#[derive(Debug, Clone)]
pub struct Media {
    /// The JSON document that ffprobe printed.
    pub document: Value,
    packets: Vec<Value>,
    attachments: Vec<(u64, Vec<u8>)>,
}

/// A packet of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The presentation time in microseconds, or `None` if the packet has none.
    pub shown: Option<i64>,
    /// The hash of its data.
    pub hash: String,
}

impl Media {
    /// Reads the film at `path`.
    pub fn of(tools: &Tools, path: &Path) -> Self {
        let ask = |arguments| -> Value { serde_json::from_slice(&tools.ask(arguments, path)).unwrap() };
        let document = ask("-show_format -show_streams -show_chapters");
        let packets = ask("-show_packets -show_data_hash MD5")["packets"].as_array().unwrap().clone();
        let mut media = Self { document, packets, attachments: Vec::new() };
        let attached: Vec<u64> = media.streams("attachment").into_iter().map(index).collect();
        media.attachments =
            attached.into_iter().map(|index| (index, tools.attachment(path, index))).collect();
        media
    }

    /// The streams of a type (`codec_type`), in order.
    pub fn streams(&self, kind: &str) -> Vec<&Value> {
        let all = self.document["streams"].as_array().unwrap().iter();
        all.filter(|stream| stream["codec_type"] == kind).collect()
    }

    /// The codec names of the streams of a type, in order.
    pub fn codecs(&self, kind: &str) -> Vec<&str> {
        self.streams(kind).iter().map(|stream| stream["codec_name"].as_str().unwrap_or_default()).collect()
    }

    /// The languages of the streams of a type, in order; empty for a stream without a language.
    pub fn languages(&self, kind: &str) -> Vec<&str> {
        let languages = self.streams(kind).into_iter().map(|stream| stream["tags"]["language"].as_str());
        languages.map(Option::unwrap_or_default).collect()
    }

    /// For each stream of a type, in order: whether it is marked as default.
    pub fn defaults(&self, kind: &str) -> Vec<bool> {
        self.streams(kind).iter().map(|stream| stream["disposition"]["default"] == 1).collect()
    }

    /// The only video stream.
    #[track_caller]
    pub fn video(&self) -> &Value {
        let streams = self.streams("video");
        assert_eq!(streams.len(), 1, "{:#}", self.document);
        streams[0]
    }

    /// Asserts that the film has exactly one video stream, and that it is AV1.
    #[track_caller]
    pub fn is_av1(&self) -> &Self {
        assert_eq!(self.codecs("video"), ["av1"], "{:#}", self.document);
        self
    }

    /// The titles of the chapters.
    pub fn chapters(&self) -> Vec<&str> {
        let chapters = self.document["chapters"].as_array().unwrap();
        chapters.iter().map(|chapter| chapter["tags"]["title"].as_str().unwrap_or_default()).collect()
    }

    /// The bytes of the attached file in `stream`.
    #[track_caller]
    pub fn attachment(&self, stream: &Value) -> &[u8] {
        let found = self.attachments.iter().find(|(number, _)| *number == index(stream));
        found.map_or_else(|| panic!("{stream} is no attachment"), |(_, bytes)| bytes.as_slice())
    }

    /// All packets of a stream.
    #[track_caller]
    pub fn packets(&self, stream: &Value) -> Vec<Packet> {
        let of_stream = self.packets.iter().filter(|packet| packet["stream_index"] == stream["index"]);
        let packet = |packet: &Value| Packet {
            shown: packet["pts_time"].as_str().map(micros),
            hash: packet["data_hash"].as_str().unwrap().to_owned(),
        };
        let packets: Vec<Packet> = of_stream.map(packet).collect();
        assert!(!packets.is_empty(), "no packets of {stream}");
        packets
    }

    /// The data hashes of all packets of a stream.
    #[track_caller]
    pub fn hashes(&self, stream: &Value) -> Vec<String> {
        self.packets(stream).into_iter().map(|packet| packet.hash).collect()
    }

    /// The presentation times of the video's frames in microseconds, sorted.
    #[track_caller]
    pub fn times(&self) -> Vec<i64> {
        let video =
            self.streams("video").into_iter().find(|stream| stream["disposition"]["attached_pic"] != 1);
        let shown = |packet: Packet| packet.shown.expect("the packet says when it is shown");
        let mut times: Vec<i64> = self.packets(video.unwrap()).into_iter().map(shown).collect();
        times.sort_unstable();
        times
    }

    /// The video's times relative to its first frame. A container may shift the times of a whole film.
    #[track_caller]
    pub fn times_from_zero(&self) -> Vec<i64> {
        let times = self.times();
        times.iter().map(|time| time - times[0]).collect()
    }
}

fn index(stream: &Value) -> u64 {
    stream["index"].as_u64().unwrap()
}

/// Converts seconds such as `1.234567` to microseconds.
fn micros(seconds: &str) -> i64 {
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, ""));
    let part: i64 = format!("{part:0<6}")[..6].parse().unwrap();
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    whole.parse::<i64>().unwrap() * 1_000_000 + sign * part
}
