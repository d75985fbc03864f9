//! The blocks of ffprobe's `side_data_list` that matter for a plan.

use alloc::string::String;

use serde::de::MapAccess;
use serde::{Deserialize, Serialize};

use super::MasteringDisplay;
use super::lenient::{Fields, Scalar, skip};

/// One block of a stream's side data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SideData {
    /// The display matrix: how far players turn the picture, in degrees counter-clockwise.
    Rotation(i64),
    /// A display matrix with which players show the picture as in a mirror, turned by this many degrees.
    Mirrored(i64),
    /// How a picture that surrounds its viewer is projected, by ffmpeg's name: `equirectangular`. Empty if ffprobe
    /// doesn't say.
    Spherical(String),
    /// How a picture holds the views of two eyes, by ffmpeg's name: `side by side`, and `side by side, inverted` if the
    /// right eye's comes first. Empty if ffprobe doesn't say.
    Stereo(String),
    /// The display on which the film was mastered.
    MasteringDisplay(MasteringDisplay),
    /// The content light level in candela per square metre.
    ContentLight {
        /// The brightest pixel of the film (`MaxCLL`).
        max_content: u64,
        /// The highest average brightness of a frame (`MaxFALL`).
        max_average: u64,
    },
    /// Dolby Vision.
    DolbyVision(DolbyVision),
    /// Rows and columns that the container crops off the decoded picture (Matroska's `PixelCrop`, MP4's clean
    /// aperture). ffmpeg crops by itself.
    Cropping {
        /// Rows at the top.
        top: u32,
        /// Rows at the bottom.
        bottom: u32,
        /// Columns at the left.
        left: u32,
        /// Columns at the right.
        right: u32,
    },
    /// A block that no rule uses, by ffprobe's name.
    Other(String),
}

/// The Dolby Vision configuration record (`DOVI configuration record`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DolbyVision {
    /// The Dolby Vision profile: 5, 7 or 8 in HEVC, 10 in AV1. 0 if only the frames have metadata and no record says
    /// which profile it is.
    pub profile: u32,
    /// What a player without Dolby Vision sees (`dv_bl_signal_compatibility_id`): 0 nothing usable, 1 HDR10, 2 SDR, 4
    /// HLG.
    pub compatibility: u32,
    /// Whether each frame has metadata (`rpu_present_flag`).
    pub metadata: bool,
    /// Whether a second video layer holds a part of the picture (`el_present_flag`, in profile 7).
    pub enhancement_layer: bool,
}

/// All fields of a side data block, before its type is known: `side_data_type` may come last.
#[derive(Default)]
pub(super) struct Block {
    kind: Option<String>,
    rotation: Option<i64>,
    is_mirror: bool,
    /// The projection of a spherical picture, or the layout of two views.
    layout: Option<String>,
    is_inverted: bool,
    max_content: Option<u64>,
    max_average: Option<u64>,
    dolby_vision: DolbyVision,
    mastering: [Option<String>; MasteringDisplay::FIELDS.len()],
    /// The fields of [`CROPS`].
    crop: [u32; CROPS.len()],
}

const CROPS: [&str; 4] = ["crop_top", "crop_bottom", "crop_left", "crop_right"];

impl<'de> Fields<'de> for Block {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "side_data_type" => self.kind = Scalar::read(map)?.text(),
            "rotation" => self.rotation = Scalar::read(map)?.integer(),
            "displaymatrix" => {
                self.is_mirror = Scalar::read(map)?.text().is_some_and(|matrix| is_mirror(&matrix));
            }
            "inverted" => self.is_inverted = Scalar::read(map)?.flag(),
            "projection" | "type" => self.layout = Scalar::read(map)?.text(),
            "max_content" => self.max_content = Scalar::read(map)?.unsigned(),
            "max_average" => self.max_average = Scalar::read(map)?.unsigned(),
            "dv_profile" => self.dolby_vision.profile = Scalar::read(map)?.small().unwrap_or_default(),
            "dv_bl_signal_compatibility_id" => {
                self.dolby_vision.compatibility = Scalar::read(map)?.small().unwrap_or_default();
            }
            "rpu_present_flag" => self.dolby_vision.metadata = Scalar::read(map)?.flag(),
            "el_present_flag" => self.dolby_vision.enhancement_layer = Scalar::read(map)?.flag(),
            _ => {
                let mut displays = MasteringDisplay::FIELDS.iter().zip(&mut self.mastering);
                let mut crops = CROPS.iter().zip(&mut self.crop);
                if let Some((_, value)) = displays.find(|(name, _)| **name == key) {
                    *value = Scalar::read(map)?.text();
                } else if let Some((_, value)) = crops.find(|(name, _)| **name == key) {
                    *value = Scalar::read(map)?.small().unwrap_or_default();
                } else {
                    skip(map)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether a display matrix, as ffprobe prints it in three numbered rows of three numbers, turns left into right: its
/// first two rows and columns have a negative determinant.
fn is_mirror(matrix: &str) -> bool {
    let rows = matrix.lines().filter_map(|line| line.split_once(':'));
    let mut numbers = rows.map(|(_, row)| {
        let mut row = row.split_whitespace().filter_map(|number| number.parse::<i64>().ok());
        row.next().zip(row.next())
    });
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some((a, b)), Some((c, d))) => a.saturating_mul(d) < b.saturating_mul(c),
        _ => false,
    }
}

impl SideData {
    /// ffprobe's name of the block's type.
    pub fn name(&self) -> &str {
        match self {
            Self::Rotation(_) | Self::Mirrored(_) => Self::DISPLAY_MATRIX,
            Self::Spherical(_) => Self::SPHERICAL,
            Self::Stereo(_) => Self::STEREO,
            Self::MasteringDisplay(_) => "Mastering display metadata",
            Self::ContentLight { .. } => "Content light level metadata",
            Self::DolbyVision(_) => "DOVI configuration record",
            Self::Cropping { .. } => "Frame Cropping",
            Self::Other(name) => name,
        }
    }

    pub(crate) const DISPLAY_MATRIX: &str = "Display Matrix";
    /// The name of a display matrix in a frame.
    pub(crate) const FRAME_MATRIX: &str = "3x3 displaymatrix";
    pub(crate) const SPHERICAL: &str = "Spherical Mapping";
    pub(crate) const STEREO: &str = "Stereo 3D";

    /// What a frame with Dolby Vision's metadata shows. The profile is in the container's record only.
    pub(super) fn dolby_vision_of_frame() -> Self {
        Self::DolbyVision(DolbyVision { metadata: true, ..DolbyVision::default() })
    }
}

impl Block {
    /// The block as side data, once all of its fields are read.
    pub(super) fn into_side_data(self) -> SideData {
        let kind = self.kind.unwrap_or_default();
        match (kind.as_str(), self.rotation) {
            (SideData::DISPLAY_MATRIX, Some(degrees)) if self.is_mirror => SideData::Mirrored(degrees),
            (SideData::DISPLAY_MATRIX, Some(degrees)) => SideData::Rotation(degrees),
            (SideData::SPHERICAL, _) => SideData::Spherical(self.layout.unwrap_or_default()),
            (SideData::STEREO, _) => {
                let mut layout = self.layout.unwrap_or_default();
                layout += if self.is_inverted { ", inverted" } else { "" };
                SideData::Stereo(layout)
            }
            ("Mastering display metadata", _) => {
                SideData::MasteringDisplay(MasteringDisplay::read(&self.mastering))
            }
            ("Content light level metadata", _) => SideData::ContentLight {
                max_content: self.max_content.unwrap_or_default(),
                max_average: self.max_average.unwrap_or_default(),
            },
            ("DOVI configuration record", _) => SideData::DolbyVision(self.dolby_vision),
            ("Frame Cropping", _) => {
                let [top, bottom, left, right] = self.crop;
                SideData::Cropping { top, bottom, left, right }
            }
            _ => SideData::Other(kind),
        }
    }

    /// The HDR metadata that a frame's block holds; `None` if it holds none.
    pub(super) fn into_hdr_of_frame(self) -> Option<SideData> {
        // This is the metadata itself (`Dolby Vision RPU Data`).
        if self.kind.as_deref().is_some_and(|kind| kind.starts_with("Dolby Vision")) {
            return Some(SideData::dolby_vision_of_frame());
        }
        let block = self.into_side_data();
        matches!(block, SideData::MasteringDisplay(_) | SideData::ContentLight { .. }).then_some(block)
    }

    /// Whether this block of a frame has captions: `ATSC A53 Part 4 Closed Captions`.
    pub(super) fn is_captions(&self) -> bool {
        self.kind.as_deref().is_some_and(|kind| kind.contains("A53"))
    }

    /// Whether this block of a frame has HDR10+ metadata: `HDR Dynamic Metadata SMPTE2094-40 (HDR10+)`.
    pub(super) fn is_hdr10_plus(&self) -> bool {
        self.kind.as_deref().is_some_and(|kind| kind.contains("2094-40") || kind.contains("HDR10+"))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use crate::probe::{DolbyVision, MediaProbe, SideData};

    /// The probe of a film whose container has the side data `stream` and whose first frame has `frame`.
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
    fn a_frame_says_what_it_has_beside_the_container() {
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
            ("", light_of(9), vec![], light(9)),
            (&light_of(5), light_of(9), vec![light(5)], light(9)),
            ("", metadata.into(), vec![], of(0, true)),
            (record, metadata.into(), vec![of(8, false)], of(0, true)),
        ];
        for (stream, frame, of_container, of_frame) in table {
            let probe = seen(stream, &frame);
            let (_, video) = probe.main_video().unwrap();
            assert_eq!(video.side_data, of_container, "{stream} {frame}");
            assert_eq!(video.frame_side_data.first(), Some(&of_frame), "{stream} {frame}");
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
