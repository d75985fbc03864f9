//! The blocks of `side_data_list` that a plan depends on.

use alloc::string::String;
use alloc::vec::Vec;

use serde::de::MapAccess;
use serde::{Deserialize, Serialize};

use crate::number::Rational;

use super::lenient::{Fields, Scalar, skip};

/// One block of a stream's side data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SideData {
    /// The display matrix: how far players turn the picture, in degrees counter-clockwise.
    Rotation(i64),
    /// The mastering display's primaries and luminance (SMPTE 2086), each a reduced fraction: Matroska and MP4 keep the same
    /// numbers over different denominators.
    MasteringDisplay(String),
    /// The brightest pixel and the brightest average (`MaxCLL`, `MaxFALL`) in candela per square metre.
    ContentLight {
        /// Brightest pixel of the film.
        max_content: u64,
        /// Highest average brightness of a frame.
        max_average: u64,
    },
    /// The Dolby Vision configuration record.
    DolbyVision(DolbyVision),
    /// A block that no rule asks for, by ffprobe's name.
    Other(String),
}

/// The Dolby Vision configuration record (`DOVI configuration record`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DolbyVision {
    /// 5, 7, 8 in HEVC; 10 in AV1; 0 where only frames carry metadata and no record says which.
    pub profile: u32,
    /// What a player without Dolby Vision sees: 0 nothing sensible, 1 HDR10, 2 SDR, 4 HLG.
    pub compatibility: u32,
    /// Whether each frame carries metadata (`rpu_present_flag`).
    pub metadata: bool,
    /// Whether a second video layer holds part of the picture (profile 7).
    pub enhancement_layer: bool,
}

/// All fields of a block, before its type is known: `side_data_type` may come last.
#[derive(Default)]
pub(super) struct Block {
    kind: Option<String>,
    rotation: Option<i64>,
    max_content: Option<u64>,
    max_average: Option<u64>,
    dolby_vision: DolbyVision,
    mastering: [Option<String>; MASTERING_FIELDS.len()],
}

/// The fields of ffprobe's `Mastering display metadata`, in the order they are compared in.
const MASTERING_FIELDS: [&str; 10] = [
    "red_x",
    "red_y",
    "green_x",
    "green_y",
    "blue_x",
    "blue_y",
    "white_point_x",
    "white_point_y",
    "min_luminance",
    "max_luminance",
];

impl<'de> Fields<'de> for Block {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "side_data_type" => self.kind = Scalar::read(map)?.text(),
            "rotation" => self.rotation = Scalar::read(map)?.integer(),
            "max_content" => self.max_content = Scalar::read(map)?.unsigned(),
            "max_average" => self.max_average = Scalar::read(map)?.unsigned(),
            "dv_profile" => self.dolby_vision.profile = Scalar::read(map)?.small().unwrap_or_default(),
            "dv_bl_signal_compatibility_id" => {
                self.dolby_vision.compatibility = Scalar::read(map)?.small().unwrap_or_default();
            }
            "rpu_present_flag" => self.dolby_vision.metadata = Scalar::read(map)?.flag(),
            "el_present_flag" => self.dolby_vision.enhancement_layer = Scalar::read(map)?.flag(),
            _ => match MASTERING_FIELDS.iter().zip(&mut self.mastering).find(|(name, _)| **name == key) {
                Some((_, value)) => *value = Scalar::read(map)?.text(),
                None => skip(map)?,
            },
        }
        Ok(())
    }
}

impl Block {
    /// What the block means, once all of it is read.
    pub(super) fn into_side_data(self) -> SideData {
        let kind = self.kind.unwrap_or_default();
        match (kind.as_str(), self.rotation) {
            ("Display Matrix", Some(degrees)) => SideData::Rotation(degrees),
            ("Mastering display metadata", _) => {
                let numbers = self.mastering.iter().map(|value| value.as_deref().map_or("?".into(), reduced));
                SideData::MasteringDisplay(numbers.collect::<Vec<_>>().join(" "))
            }
            ("Content light level metadata", _) => SideData::ContentLight {
                max_content: self.max_content.unwrap_or_default(),
                max_average: self.max_average.unwrap_or_default(),
            },
            ("DOVI configuration record", _) => SideData::DolbyVision(self.dolby_vision),
            _ => SideData::Other(kind),
        }
    }

    /// What a frame's block says of HDR, if that is what it is about.
    pub(super) fn into_hdr_of_frame(self) -> Option<SideData> {
        // The metadata itself (`Dolby Vision RPU Data`) without the container's record, which says its profile.
        if self.kind.as_deref().is_some_and(|kind| kind.starts_with("Dolby Vision")) {
            return Some(SideData::DolbyVision(DolbyVision { metadata: true, ..DolbyVision::default() }));
        }
        let block = self.into_side_data();
        matches!(block, SideData::MasteringDisplay(_) | SideData::ContentLight { .. }).then_some(block)
    }

    /// Whether this is a frame's block of captions: `ATSC A53 Part 4 Closed Captions`.
    pub(super) fn is_captions(&self) -> bool {
        self.kind.as_deref().is_some_and(|kind| kind.contains("A53"))
    }

    /// Whether this is a frame's HDR10+ block: `HDR Dynamic Metadata SMPTE2094-40 (HDR10+)`.
    pub(super) fn is_hdr10_plus(&self) -> bool {
        self.kind.as_deref().is_some_and(|kind| kind.contains("2094-40") || kind.contains("HDR10+"))
    }
}

/// `34000/50000` as `17/25`; what is no fraction stays as it is.
fn reduced(text: &str) -> String {
    text.parse::<Rational>()
        .map_or_else(|_| String::from(text), |fraction| alloc::format!("{}", fraction.reduced()))
}

#[cfg(test)]
mod tests {
    use crate::probe::{DolbyVision, MediaProbe, SideData};

    /// A film whose container says `stream` of side data, and whose first frame has `frame`.
    fn seen(stream: &str, frame: &str) -> MediaProbe {
        let film = alloc::format!(
            r#"{{"streams":[{{"codec_type":"video","width":2,"side_data_list":[{stream}]}}]}}"#
        );
        let mut probe = MediaProbe::from_json(film.as_bytes()).unwrap();
        probe
            .add_frame(alloc::format!(r#"{{"frames":[{{"side_data_list":[{frame}]}}]}}"#).as_bytes())
            .unwrap();
        probe
    }

    fn light(max_content: u64) -> SideData {
        SideData::ContentLight { max_content, max_average: 0 }
    }

    #[test]
    fn a_frame_adds_what_the_container_does_not_say() {
        let light_of = |number| {
            alloc::format!(r#"{{"side_data_type":"Content light level metadata","max_content":{number}}}"#)
        };
        let record = r#"{"side_data_type":"DOVI configuration record","dv_profile":8}"#;
        let metadata =
            r#"{"side_data_type":"Dolby Vision Metadata"},{"side_data_type":"Dolby Vision RPU Data"}"#;
        let of = |profile, metadata| {
            SideData::DolbyVision(DolbyVision { profile, metadata, ..DolbyVision::default() })
        };
        let table = [
            ("", light_of(9), light(9)),
            (&light_of(5), light_of(9), light(5)),
            ("", metadata.into(), of(0, true)),
            (record, metadata.into(), of(8, false)),
        ];
        for (stream, frame, expected) in table {
            let probe = seen(stream, &frame);
            assert_eq!(probe.main_video().unwrap().1.side_data, [expected], "{stream} {frame}");
        }
    }

    #[test]
    fn captions_and_hdr10_plus_are_seen_in_a_frame_only() {
        let plus = r#"{"side_data_type":"HDR Dynamic Metadata SMPTE2094-40 (HDR10+)"}"#;
        let captions = r#"{"side_data_type":"ATSC A53 Part 4 Closed Captions"}"#;
        for (frame, found) in [("", (false, false)), (plus, (true, false)), (captions, (false, true))] {
            let probe = seen("", frame);
            let (_, video) = probe.main_video().unwrap();
            assert_eq!((probe.hdr10_plus, video.closed_captions), (Some(found.0), found.1));
            assert!(video.side_data.is_empty());
        }
    }
}
