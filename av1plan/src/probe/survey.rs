//! The survey of a film: what all of its packets, all of its key frames and its container's own headers show.
//!
//! A probe reads headers, and headers are claims: a film may be shorter than it says, its size may change in the
//! middle, and its captions may begin late. ffprobe shows only a part of what a Matroska file's headers say. The survey
//! is made once before a film is encoded, and stored.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    Complaint, MatroskaFacts, MediaProbe, PacketSummary, PictureSummary, SideData, StreamKind, StreamPackets,
    Video,
};
use crate::number::Micros;

/// What all packets and all key frames of a film show.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Survey {
    /// The version of the document, which is [`Survey::VERSION`].
    version: u32,
    /// The packets of each stream that has any, by the stream's index.
    pub packets: BTreeMap<u32, StreamPackets>,
    /// The pictures of the main video.
    pub pictures: PictureSummary,
    /// The different numbers of channels of those audio streams whose packets say it themselves, by the stream's index;
    /// see [`MediaProbe::self_describing_sounds`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<u32, Vec<u32>>,
    /// What ffprobe complained of; `None` if it found no damage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaint: Option<Complaint>,
    /// What ffprobe doesn't show of a Matroska or WebM file; `None` if the file is of another type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matroska: Option<MatroskaFacts>,
    /// How many bytes the file should have by its own header; `None` if the header doesn't say. Only ASF's is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_size: Option<u64>,
}

/// Why a text can't be read as a survey.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SurveyError {
    /// The text isn't a document of a survey.
    #[error("this is no survey: {detail}")]
    NotASurvey {
        /// What is wrong, with line and column.
        detail: String,
    },
    /// The document was written by another version of this crate, whose surveys show less or something else.
    #[error("this survey was made by another version")]
    OtherVersion,
}

impl Survey {
    /// The version of the documents that this crate writes. Surveys of other versions are made again.
    pub const VERSION: u32 = 4;

    /// A survey of a film with these packets and these pictures.
    pub fn new(packets: PacketSummary, pictures: PictureSummary) -> Self {
        let complaint = packets.complaint().cloned();
        let (version, packets, channels) = (Self::VERSION, packets.into_streams(), BTreeMap::new());
        Self { version, packets, pictures, channels, complaint, matroska: None, declared_size: None }
    }

    /// Adds a line that ffprobe printed with the arguments of
    /// [`command::sound_probe_arguments`](crate::command::sound_probe_arguments) for the stream `index`: the channels
    /// of a frame. Other lines are ignored.
    pub fn add_channels(&mut self, index: u32, line: &str) {
        let Ok(channels) = line.trim().trim_end_matches(',').parse() else { return };
        let seen = self.channels.entry(index).or_default();
        if !seen.contains(&channels) && seen.len() < PictureSummary::MOST_KINDS {
            seen.push(channels);
        }
    }

    /// The earliest start and the latest end of all streams, in microseconds; `None` if no packet has a timestamp.
    pub(crate) fn ends(&self) -> Option<(Micros, Micros)> {
        let start = self.packets.values().filter_map(|packets| packets.first).min()?;
        Some((start, self.packets.values().filter_map(|packets| packets.end).max()?))
    }

    /// Adds what [`matroska::read`](super::matroska::read) found in a Matroska or WebM file.
    #[must_use]
    pub fn with_matroska(mut self, matroska: Option<MatroskaFacts>) -> Self {
        self.matroska = matroska;
        self
    }

    /// Adds what [`asf::declared_size`](super::asf::declared_size) found in an ASF file.
    #[must_use]
    pub fn with_declared_size(mut self, size: Option<u64>) -> Self {
        self.declared_size = size;
        self
    }

    /// Reads the document that [`to_json`](Self::to_json) writes.
    ///
    /// # Errors
    ///
    /// If the text isn't such a document, or one of another version.
    pub fn from_json(document: &[u8]) -> Result<Self, SurveyError> {
        let survey: Self = serde_json::from_slice(document)
            .map_err(|error| SurveyError::NotASurvey { detail: alloc::format!("{error}") })?;
        if survey.version == Self::VERSION { Ok(survey) } else { Err(SurveyError::OtherVersion) }
    }

    /// The survey as a JSON document, to be stored.
    pub fn to_json(&self) -> Vec<u8> {
        // Only maps whose keys aren't texts or numbers can't be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The time that the stream `index` takes, as far as its packets show; `None` if it has no packet that can be
    /// decoded, or one without a timestamp (AVI). With `decoded`, packets that an edit list hides are left out: a
    /// copied stream keeps them, and a decoded one doesn't.
    pub fn span(&self, index: u32, decoded: bool) -> Option<Span> {
        let packets = self.packets.get(&index).filter(|packets| packets.untimed == 0)?;
        let shown = packets.shown.zip(packets.shown_end).filter(|_| decoded);
        let shown = shown.or(packets.first.zip(packets.end))?;
        // Nothing can be decoded before the first key packet. Packets behind it that are shown earlier lean on others
        // before it.
        let start = packets.key.filter(|_| packets.before_key > 0).map_or(shown.0, |key| key.max(shown.0));
        let length = Micros(shown.1.0.saturating_sub(start.0));
        (length.0 > 0).then_some(Span { start, length })
    }
}

/// The time that a stream takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Span {
    /// The timestamp of the first packet, in microseconds.
    pub start: Micros,
    /// How long the stream is from there to the end of its last packet, in microseconds; more than 0.
    #[serde(deserialize_with = "length")]
    pub length: Micros,
}

fn length<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Micros, D::Error> {
    match Micros::deserialize(deserializer)? {
        Micros(..=0) => Err(D::Error::custom("a span is more than 0 microseconds")),
        length => Ok(length),
    }
}

impl MediaProbe {
    /// Adds a survey of the same file. Where it shows something else than the headers say, the survey counts: the size
    /// and shape of pictures, their colour tags, whether they are interlaced, whether they have captions, HDR10+ or
    /// Dolby Vision metadata.
    pub fn add_survey(&mut self, survey: Survey) {
        let pictures = &survey.pictures;
        if pictures.side_data_like(&["2094-40", "HDR10+"]).is_some() {
            self.hdr10_plus = Some(true);
        }
        let main = self.main_video().map(|(stream, _)| stream.index);
        let main = self.streams.iter_mut().find(|stream| Some(stream.index) == main);
        if let Some(StreamKind::Video(video)) = main.map(|stream| &mut stream.kind) {
            video.add_pictures(pictures);
        }
        self.survey = Some(Box::new(survey));
    }
}

impl MediaProbe {
    /// The audio streams whose packets say themselves how many channels they have, while a result says it once for the
    /// whole stream: AAC in the framing of broadcasts.
    pub fn self_describing_sounds(&self) -> impl Iterator<Item = u32> {
        let is_framed = self.format.is_stream_of_packets();
        let sounds = self.streams.iter().filter(move |stream| is_framed && stream.codec_name() == "aac");
        sounds.map(|stream| stream.index)
    }
}

impl Video {
    fn add_pictures(&mut self, pictures: &PictureSummary) {
        if let Some(first) = pictures.shapes.first() {
            // ffprobe prints the size before the container's crop.
            (self.width, self.height) = self.cropped(first.value.width, first.value.height);
            self.sample_aspect_ratio = first.value.sample_aspect_ratio.or(self.sample_aspect_ratio);
        }
        if let Some(first) = pictures.colors.first() {
            self.frame_color = first.value;
        }
        let is_interlaced = self.field_order.as_deref().is_some_and(|order| order != "progressive");
        if let Some(interlaced) = pictures.interlaced.filter(|_| !is_interlaced) {
            self.field_order = Some(String::from(if interlaced.value { "tt" } else { "bb" }));
        }
        self.closed_captions |= pictures.side_data_like(&["A53"]).is_some();
        let is_known = self.all_side_data().any(|block| matches!(block, SideData::DolbyVision(_)));
        if !is_known && pictures.side_data_like(&["Dolby Vision"]).is_some() {
            self.frame_side_data.push(SideData::dolby_vision_of_frame());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILM: &[u8] =
        br#"{"streams": [{"index": 0, "codec_type": "video", "codec_name": "h264", "width": 64,
        "height": 64, "field_order": "progressive"}], "format": {"duration": "10"}}"#;

    fn survey(packets: &[&str], pictures: &[&str]) -> Survey {
        let (mut all, mut seen) = (PacketSummary::default(), PictureSummary::default());
        for line in packets {
            all.add_line(line);
        }
        for line in pictures {
            seen.add_line(line);
        }
        Survey::new(all, seen)
    }

    #[test]
    fn a_document_is_read_as_it_was_written() {
        let made = survey(&["0,1,1,9,K_C,murmur3:aa", "1,0,2"], &["width=4|height=2|interlaced_frame=1"]);
        assert_eq!(Survey::from_json(&made.to_json()), Ok(made.clone()));
        let other = Survey { version: Survey::VERSION - 1, ..made };
        assert_eq!(Survey::from_json(&other.to_json()), Err(SurveyError::OtherVersion));
        assert!(matches!(Survey::from_json(b"{}"), Err(SurveyError::NotASurvey { .. })));
    }

    #[test]
    fn a_span_begins_where_decoding_can_begin() {
        let made = survey(
            &["0,2,1,9,___", "0,5,1,9,K__", "0,4,1,9,___", "0,6,1,9,___", "1,3,4,9,KD_", "1,7,4,9,K__"],
            &[],
        );
        let span =
            |start, length| Some(Span { start: Micros::from_secs(start), length: Micros::from_secs(length) });
        assert_eq!(made.span(0, true), span(5, 2));
        assert_eq!(made.span(1, true), span(7, 4), "what an edit list hides isn't decoded");
        assert_eq!(made.span(1, false), span(3, 8));
        assert_eq!(made.span(2, true), None);
    }

    #[test]
    fn pictures_count_where_the_header_says_something_else() {
        let mut probe = MediaProbe::from_json(FILM).unwrap();
        let captions = "side_datum/x:side_data_type=ATSC A53 Part 4 Closed Captions";
        let plus = "side_datum/x:side_data_type=HDR Dynamic Metadata SMPTE2094-40 (HDR10+)";
        let dolby = "side_datum/x:side_data_type=Dolby Vision RPU Data";
        probe.add_survey(survey(
            &["0,5,4,9,K__"],
            &[
                "width=62|height=60|sample_aspect_ratio=16:15|interlaced_frame=0",
                &alloc::format!(
                    "width=62|height=60|sample_aspect_ratio=16:15|interlaced_frame=1|{captions}|{plus}|{dolby}"
                ),
            ],
        ));
        let (_, video) = probe.main_video().unwrap();
        assert_eq!((video.width, video.height), (62, 60));
        assert_eq!(video.sample_aspect_ratio, crate::number::Rational::new(16, 15));
        assert_eq!(video.field_order.as_deref(), Some("bb"));
        assert!(video.closed_captions && probe.hdr10_plus == Some(true));
        assert!(matches!(video.frame_side_data[..], [SideData::DolbyVision(found)] if found.metadata));
        assert_eq!(probe.duration(), Some(Micros::from_secs(4)));
    }
}
