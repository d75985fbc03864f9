//! Tracks, from the element `Tracks`.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::ebml::{Reader, Span};
use super::{MatroskaFacts, id, is_default};
use crate::name::named;

/// How many tracks are kept.
const MAX_TRACKS: usize = 1024;

named! {
    /// A track's type (`TrackType`), if it is one of which ffmpeg makes a stream.
    #[non_exhaustive]
    pub enum TrackType: "a type of track", name, names {
        /// Pictures.
        Video = "video",
        /// Sound.
        Audio = "audio",
        /// Subtitles, of text or of pictures.
        Subtitle = "subtitle",
        /// Metadata with times, such as WebM's `D_WEBVTT/METADATA`. ffprobe shows it as a subtitle or as unknown.
        Metadata = "metadata",
    }
}

impl TrackType {
    /// The type that Matroska stores as `number`; `None` if it is another.
    fn from_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::Video),
            2 => Some(Self::Audio),
            17 => Some(Self::Subtitle),
            33 => Some(Self::Metadata),
            _ => None,
        }
    }
}

/// A track of which ffmpeg makes a stream.
///
/// A flag that is `None` isn't stated, and then it means no. The two exceptions are `enabled` and `default`, which mean
/// yes then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TrackFacts {
    /// The type.
    #[serde(rename = "type")]
    pub track_type: TrackType,
    /// The number that the clusters name the track by (`TrackNumber`); 0 if it isn't stated. It isn't the index of a
    /// stream.
    #[serde(default, skip_serializing_if = "is_default")]
    pub number: u64,
    /// The UID (`TrackUID`), by which tags name the track; `None` if it has none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub uid: Option<u64>,
    /// The language as written (`Language`), of three letters like `ger`; `None`, which means `eng`, if it isn't
    /// stated.
    #[serde(default, skip_serializing_if = "is_default")]
    pub language: Option<String>,
    /// The IETF language (`LanguageBCP47`) like `pt-BR`, which overrides `language`; `None` if it isn't stated.
    #[serde(default, skip_serializing_if = "is_default")]
    pub language_ietf: Option<String>,
    /// Whether a player may play the track (`FlagEnabled`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub enabled: Option<bool>,
    /// Whether a player may choose the track by itself (`FlagDefault`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub default: Option<bool>,
    /// Whether a player is to show the track even if nobody asked for subtitles (`FlagForced`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub forced: Option<bool>,
    /// Whether the track is in the language in which the film was made (`FlagOriginal`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub original: Option<bool>,
    /// Whether the track is a commentary (`FlagCommentary`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub commentary: Option<bool>,
    /// Whether the track is made for people who don't hear well (`FlagHearingImpaired`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub hearing_impaired: Option<bool>,
    /// Whether the track is made for people who don't see well (`FlagVisualImpaired`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub visual_impaired: Option<bool>,
    /// Whether the track describes the picture in text (`FlagTextDescriptions`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub text_descriptions: Option<bool>,
    /// The name that a player shows (`Name`); `None` if there is none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub name: Option<String>,
    /// Matroska's name of the codec (`CodecID`), like `V_MPEGH/ISO/HEVC`; `None` if it isn't stated. See
    /// [`is_stream`](Self::is_stream).
    #[serde(default, skip_serializing_if = "is_default")]
    pub codec_id: Option<String>,
    /// How long a frame lasts, in nanoseconds (`DefaultDuration`); `None` if it isn't stated.
    #[serde(default, skip_serializing_if = "is_default")]
    pub default_duration: Option<u64>,
    /// Whether the track's data is encrypted (a `ContentEncoding` of type 1).
    #[serde(default, skip_serializing_if = "is_default")]
    pub encrypted: bool,
    /// What is stated about the picture; nothing if the track isn't video.
    #[serde(default, skip_serializing_if = "is_default")]
    pub video: VideoFacts,
}

/// What a video track says about its picture. The numbers are those that Matroska stores.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct VideoFacts {
    /// What a player cuts off the picture.
    #[serde(skip_serializing_if = "is_default")]
    pub crop: PixelCrop,
    /// The width in which the picture is shown, in units of `display_unit`; `None` if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub display_width: Option<u64>,
    /// The height in which the picture is shown, in units of `display_unit`; `None` if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub display_height: Option<u64>,
    /// The unit of the display size: 0 pixels, 1 centimetres, 2 inches, 3 an aspect ratio, 4 unknown. `None`, which
    /// means 0, if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub display_unit: Option<u64>,
    /// How the picture holds two views (`StereoMode`): 0 one view, 1 and 11 side by side, 2 and 3 one above the other,
    /// up to 14. `None`, which means 0, if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub stereo_mode: Option<u64>,
    /// Whether blocks have an alpha channel beside the picture (`AlphaMode`): 0 no, 1 yes. `None`, which means 0, if it
    /// isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub alpha_mode: Option<u64>,
    /// The projection of a picture that surrounds its viewer (`ProjectionType`): 0 none, 1 equirectangular, 2 a cube
    /// map, 3 a mesh. `None` if there is no element `Projection`. 0 with such an element may be a rotated picture.
    #[serde(skip_serializing_if = "is_default")]
    pub projection: Option<u64>,
    /// Whether the picture is interlaced (`FlagInterlaced`): 0 unknown, 1 interlaced, 2 progressive. `None`, which
    /// means 0, if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub interlaced: Option<u64>,
    /// Which field comes first (`FieldOrder`): 0 progressive, 1 top, 2 unknown, 6 bottom, 9 bottom and 14 top with
    /// fields that are stored in the other order. `None`, which means 2, if it isn't stated.
    #[serde(skip_serializing_if = "is_default")]
    pub field_order: Option<u64>,
}

/// How many rows and columns of pixels a player cuts off the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PixelCrop {
    /// Rows at the top (`PixelCropTop`).
    #[serde(skip_serializing_if = "is_default")]
    pub top: u64,
    /// Rows at the bottom (`PixelCropBottom`).
    #[serde(skip_serializing_if = "is_default")]
    pub bottom: u64,
    /// Columns at the left (`PixelCropLeft`).
    #[serde(skip_serializing_if = "is_default")]
    pub left: u64,
    /// Columns at the right (`PixelCropRight`).
    #[serde(skip_serializing_if = "is_default")]
    pub right: u64,
}

impl PixelCrop {
    /// Whether nothing is cut off.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl TrackFacts {
    /// A track of this type of which nothing else is stated.
    pub fn new(track_type: TrackType) -> Self {
        Self {
            track_type,
            number: 0,
            uid: None,
            language: None,
            language_ietf: None,
            enabled: None,
            default: None,
            forced: None,
            original: None,
            commentary: None,
            hearing_impaired: None,
            visual_impaired: None,
            text_descriptions: None,
            name: None,
            codec_id: None,
            default_duration: None,
            encrypted: false,
            video: VideoFacts::default(),
        }
    }

    /// Whether ffmpeg makes a stream of the track: its codec's name begins with the letter of its type.
    pub fn is_stream(&self) -> bool {
        let letters: &[char] = match self.track_type {
            TrackType::Video => &['V'],
            TrackType::Audio => &['A'],
            TrackType::Subtitle | TrackType::Metadata => &['S', 'D'],
        };
        self.codec_id.as_deref().is_some_and(|id| id.starts_with(letters))
    }

    /// Whether a player may play the track.
    pub fn is_enabled(&self) -> bool {
        self.enabled.unwrap_or(true)
    }

    /// The language that counts: the IETF language, otherwise the one of three letters, otherwise `eng`, which is
    /// Matroska's rule.
    pub fn effective_language(&self) -> &str {
        self.language_ietf.as_deref().or(self.language.as_deref()).unwrap_or("eng")
    }
}

/// Adds the tracks to `facts`.
pub(super) fn read<E>(reader: &mut Reader<'_, E>, mut body: Span, facts: &mut MatroskaFacts) {
    while let Some(child) = reader.child(&mut body) {
        if child.id != id::TRACK_ENTRY {
            continue;
        }
        match track(reader, child.body) {
            Some(_) if facts.tracks.len() >= MAX_TRACKS => reader.mark_incomplete(),
            Some(track) => facts.tracks.push(track),
            None => facts.other_tracks = facts.other_tracks.saturating_add(1),
        }
    }
}

/// Reads a track; `None` if it is of another type.
fn track<E>(reader: &mut Reader<'_, E>, mut body: Span) -> Option<TrackFacts> {
    let mut track_type = None;
    let mut track = TrackFacts::new(TrackType::Video);
    while let Some(child) = reader.child(&mut body) {
        match child.id {
            id::TRACK_TYPE => track_type = reader.unsigned(child).and_then(TrackType::from_number),
            id::TRACK_NUMBER => track.number = reader.unsigned(child).unwrap_or_default(),
            id::TRACK_UID => track.uid = reader.unsigned(child),
            id::LANGUAGE => track.language = reader.text(child),
            id::LANGUAGE_BCP47 => track.language_ietf = reader.text(child),
            id::FLAG_ENABLED => track.enabled = reader.flag(child),
            id::FLAG_DEFAULT => track.default = reader.flag(child),
            id::FLAG_FORCED => track.forced = reader.flag(child),
            id::FLAG_ORIGINAL => track.original = reader.flag(child),
            id::FLAG_COMMENTARY => track.commentary = reader.flag(child),
            id::FLAG_HEARING_IMPAIRED => track.hearing_impaired = reader.flag(child),
            id::FLAG_VISUAL_IMPAIRED => track.visual_impaired = reader.flag(child),
            id::FLAG_TEXT_DESCRIPTIONS => track.text_descriptions = reader.flag(child),
            id::NAME => track.name = reader.text(child),
            id::CODEC_ID => track.codec_id = reader.text(child),
            id::DEFAULT_DURATION => track.default_duration = reader.unsigned(child),
            id::CONTENT_ENCODINGS => track.encrypted = is_encrypted(reader, child.body),
            id::VIDEO => track.video = video(reader, child.body),
            _ => {}
        }
    }
    track_type.map(|track_type| TrackFacts { track_type, ..track })
}

/// Whether one of the encodings of a track's data is an encryption. The others are compressions.
fn is_encrypted<E>(reader: &mut Reader<'_, E>, mut body: Span) -> bool {
    let mut encrypted = false;
    while let Some(encoding) = reader.child(&mut body) {
        let mut rest = if encoding.id == id::CONTENT_ENCODING { encoding.body } else { continue };
        while let Some(child) = reader.child(&mut rest) {
            encrypted |= child.id == id::CONTENT_ENCODING_TYPE && reader.unsigned(child) == Some(1);
        }
    }
    encrypted
}

fn video<E>(reader: &mut Reader<'_, E>, mut body: Span) -> VideoFacts {
    let mut video = VideoFacts::default();
    while let Some(child) = reader.child(&mut body) {
        match child.id {
            id::PIXEL_CROP_TOP => video.crop.top = reader.unsigned(child).unwrap_or_default(),
            id::PIXEL_CROP_BOTTOM => video.crop.bottom = reader.unsigned(child).unwrap_or_default(),
            id::PIXEL_CROP_LEFT => video.crop.left = reader.unsigned(child).unwrap_or_default(),
            id::PIXEL_CROP_RIGHT => video.crop.right = reader.unsigned(child).unwrap_or_default(),
            id::DISPLAY_WIDTH => video.display_width = reader.unsigned(child),
            id::DISPLAY_HEIGHT => video.display_height = reader.unsigned(child),
            id::DISPLAY_UNIT => video.display_unit = reader.unsigned(child),
            id::STEREO_MODE => video.stereo_mode = reader.unsigned(child),
            id::ALPHA_MODE => video.alpha_mode = reader.unsigned(child),
            id::PROJECTION => video.projection = Some(projection(reader, child.body)),
            id::FLAG_INTERLACED => video.interlaced = reader.unsigned(child),
            id::FIELD_ORDER => video.field_order = reader.unsigned(child),
            _ => {}
        }
    }
    video
}

fn projection<E>(reader: &mut Reader<'_, E>, mut body: Span) -> u64 {
    let mut projection = 0;
    while let Some(child) = reader.child(&mut body) {
        if child.id == id::PROJECTION_TYPE {
            projection = reader.unsigned(child).unwrap_or_default();
        }
    }
    projection
}
