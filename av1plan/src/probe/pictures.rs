//! A summary of a film's pictures, made line by line from ffprobe's output.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::Color;
use crate::number::{Micros, Rational};

/// What the decoded pictures of a film show. Give it each line of ffprobe's output with [`add_line`](Self::add_line).
///
/// A header is a claim about all pictures; these were looked at. Size, shape and colours of a video change at a key
/// frame, so looking at all key frames shows each change. Captions may begin at any frame, so that a few stretches of
/// all frames are looked at, too, and their key frames are counted twice. Of codecs that have key frames only, a few
/// frames in many places are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PictureSummary {
    /// How many pictures were looked at.
    pub count: u64,
    /// The different sizes and shapes of pixels, each with its first picture, in the order of their appearance. At most
    /// [`MOST_KINDS`](Self::MOST_KINDS) are kept.
    pub shapes: Vec<Seen<Shape>>,
    /// The different colour tags, in the same way.
    pub colors: Vec<Seen<Color>>,
    /// The different pixel formats by ffmpeg's names, in the same way.
    pub pixel_formats: Vec<Seen<String>>,
    /// The pictures that are flagged as interlaced; the value is whether the top field comes first. `None` if no
    /// picture is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interlaced: Option<Seen<bool>>,
    /// The types of side data, by ffprobe's names, and the first picture that has each. At most
    /// [`MOST_KINDS`](Self::MOST_KINDS) are kept.
    pub side_data: BTreeMap<String, Seen<()>>,
}

/// Something that some pictures have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Seen<T> {
    /// What they have in common.
    pub value: T,
    /// The timestamp of the first of them in microseconds; `None` if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Micros>,
    /// How many pictures have it.
    pub count: u64,
}

/// The size of a picture and the shape of its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Shape {
    /// Columns of pixels.
    pub width: u32,
    /// Rows of pixels.
    pub height: u32,
    /// The shape of a pixel, width to height, in lowest terms; `None` if nothing says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_aspect_ratio: Option<Rational>,
}

impl Shape {
    /// Whether pictures of both look the same size and shape to a viewer. Pixels of unknown shape are shown as squares.
    pub fn looks_like(self, other: Self) -> bool {
        let square = Rational::new(1, 1);
        let ratio = |shape: Self| shape.sample_aspect_ratio.or(square);
        let alike = ratio(self).zip(ratio(other)).is_some_and(|(one, other)| one.same_value(other));
        (self.width, self.height) == (other.width, other.height) && alike
    }
}

impl<T> Seen<T> {
    fn first(value: T, at: Option<Micros>) -> Self {
        Self { value, at, count: 1 }
    }
}

impl PictureSummary {
    /// How many different sizes, colours and types of side data are kept. A film that has more is broken.
    pub const MOST_KINDS: usize = 32;

    /// Adds a line that ffprobe printed with the arguments of
    /// [`command::picture_probes`](crate::command::picture_probes): `width=320|height=180|...`. Other lines are
    /// ignored.
    pub fn add_line(&mut self, line: &str) {
        let picture = Picture::read(line);
        let Some((width, height)) = picture.width.zip(picture.height) else { return };
        self.count += 1;
        let shape = Shape { width, height, sample_aspect_ratio: picture.sample_aspect_ratio };
        add(&mut self.shapes, shape, picture.at);
        add(&mut self.colors, picture.color, picture.at);
        if !picture.pixel_format.is_empty() {
            add(&mut self.pixel_formats, String::from(picture.pixel_format), picture.at);
        }
        if picture.interlaced {
            let first = Seen { count: 0, ..Seen::first(picture.top_first, picture.at) };
            self.interlaced.get_or_insert(first).count += 1;
        }
        for kind in picture.side_data {
            if let Some(seen) = self.side_data.get_mut(kind) {
                seen.count += 1;
            } else if self.side_data.len() < Self::MOST_KINDS {
                self.side_data.insert(String::from(kind), Seen::first((), picture.at));
            }
        }
    }

    /// The first picture with a size or shape that doesn't look like that of the film's first picture, and that of the
    /// first picture. `None` if all look alike.
    pub fn change_of_shape(&self) -> Option<(Shape, Seen<Shape>)> {
        let first = self.shapes.first()?.value;
        let other = self.shapes.iter().find(|seen| !seen.value.looks_like(first))?;
        Some((first, *other))
    }

    /// The first picture with side data whose type has one of these words in its name.
    pub fn side_data_like(&self, words: &[&str]) -> Option<(&str, Seen<()>)> {
        let is_like = |name: &str| words.iter().any(|word| name.contains(word));
        let all = self.side_data.iter().filter(|(name, _)| is_like(name));
        all.map(|(name, seen)| (name.as_str(), *seen)).min_by_key(|(_, seen)| seen.at)
    }
}

/// Counts a value, or adds it if it is new and there is room.
fn add<T: PartialEq>(kinds: &mut Vec<Seen<T>>, value: T, at: Option<Micros>) {
    if let Some(seen) = kinds.iter_mut().find(|seen| seen.value == value) {
        seen.count += 1;
    } else if kinds.len() < PictureSummary::MOST_KINDS {
        kinds.push(Seen::first(value, at));
    }
}

/// A picture, read from a line of ffprobe's output.
#[derive(Default)]
struct Picture<'a> {
    at: Option<Micros>,
    width: Option<u32>,
    height: Option<u32>,
    sample_aspect_ratio: Option<Rational>,
    pixel_format: &'a str,
    interlaced: bool,
    top_first: bool,
    color: Color,
    side_data: Vec<&'a str>,
}

impl<'a> Picture<'a> {
    /// Reads the fields that are there. Those of a block of side data follow those of the picture, in sections whose
    /// names begin with `side_datum/`.
    fn read(line: &'a str) -> Self {
        let mut picture = Self::default();
        for field in line.trim_end().split('|') {
            let Some((key, value)) = field.split_once('=') else { continue };
            match key {
                "pts_time" => picture.at = Micros::parse(value),
                "width" => picture.width = value.parse().ok().filter(|side| *side > 0),
                "height" => picture.height = value.parse().ok().filter(|side| *side > 0),
                "sample_aspect_ratio" => {
                    let ratio = value.parse().ok().filter(|ratio: &Rational| ratio.numerator > 0);
                    picture.sample_aspect_ratio = ratio.map(Rational::reduced);
                }
                "pix_fmt" => picture.pixel_format = value,
                "interlaced_frame" => picture.interlaced = value == "1",
                "top_field_first" => picture.top_first = value == "1",
                "color_range" => picture.color.range = value.parse().ok(),
                "color_space" => picture.color.matrix = value.parse().ok(),
                "color_transfer" => picture.color.transfer = value.parse().ok(),
                "color_primaries" => picture.color.primaries = value.parse().ok(),
                key if key.starts_with("side_datum/") && key.ends_with(":side_data_type") => {
                    picture.side_data.push(value);
                }
                _ => {}
            }
        }
        picture
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Transfer;

    /// Lines that ffprobe 8.0 printed, with other numbers.
    const FIRST: &str = "pts_time=0.000000|width=352|height=288|pix_fmt=yuv420p|sample_aspect_ratio=12:11|\
                         interlaced_frame=0|top_field_first=0|color_range=tv|color_space=unknown|\
                         color_primaries=unknown|color_transfer=bt709|side_datum/atsc_a53_part_4_closed_captions:\
                         side_data_type=ATSC A53 Part 4 Closed Captions";
    const LATER: &str = "pts_time=3.000000|width=352|height=288|sample_aspect_ratio=16:11|interlaced_frame=1|\
                         top_field_first=1|color_transfer=bt709";

    fn summary(lines: &[&str]) -> PictureSummary {
        let mut pictures = PictureSummary::default();
        for line in lines {
            pictures.add_line(line);
        }
        pictures
    }

    #[test]
    fn what_pictures_have_in_common_is_counted() {
        let pictures = summary(&[FIRST, "", "no picture", "width=0|height=4", FIRST, LATER]);
        assert_eq!(pictures.count, 3);
        let (first, other) = pictures.change_of_shape().unwrap();
        assert_eq!(first.sample_aspect_ratio, Rational::new(12, 11));
        assert_eq!((other.value.sample_aspect_ratio, other.count), (Rational::new(16, 11), 1));
        assert_eq!(other.at, Some(Micros::from_secs(3)));
        assert_eq!(pictures.interlaced, Some(Seen { value: true, at: other.at, count: 1 }));
        assert_eq!(pictures.pixel_formats, [Seen { value: "yuv420p".into(), at: Some(Micros(0)), count: 2 }]);
        assert_eq!(pictures.colors[0].value.transfer, Some(Transfer::Bt709));
        let captions = pictures.side_data_like(&["A53"]).unwrap();
        assert_eq!((captions.1.count, captions.1.at), (2, Some(Micros(0))));
        assert_eq!(pictures.side_data_like(&["Dolby"]), None);
    }

    #[test]
    fn square_pixels_and_pixels_of_unknown_shape_look_alike() {
        let of = |ratio: &str| summary(&[&FIRST.replace("12:11", ratio)]).shapes[0].value;
        assert!(of("1:1").looks_like(of("N/A")) && of("0:1").looks_like(of("2:2")));
        assert!(!of("1:1").looks_like(of("16:15")));
        assert!(!of("1:1").looks_like(Shape { width: 1, ..of("1:1") }));
    }

    #[test]
    fn a_hostile_film_takes_little_memory() {
        let mut pictures = PictureSummary::default();
        for number in 1..500 {
            pictures.add_line(&alloc::format!(
                "width={number}|height=1|side_datum/x:side_data_type=type {number}"
            ));
        }
        let most = PictureSummary::MOST_KINDS;
        assert_eq!((pictures.count, pictures.shapes.len(), pictures.side_data.len()), (499, most, most));
    }
}
