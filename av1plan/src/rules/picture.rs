//! Rules for the picture between decoder and encoder: bit depth, colour, HDR, interlacing, shape of pixels, size,
//! timestamps.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use crate::config::{BitDepth, Config, Interlaced};
use crate::number::Rational;
use crate::plan::{
    Container, Encoder, ExpectedPicture, Filter, LossKind, PixelFormat, Reason, Rotation, SkipReason,
    SourceClass, Timestamps, Topic,
};
use crate::probe::{Color, Matrix, MediaProbe, Primaries, Range, SideData, Stream, Transfer, Video};
use crate::rules::dynamic_hdr::{Carried, plan_dynamic_hdr};
use crate::rules::record::Record;
use crate::rules::survey::{change_of_format, jumps};
use crate::toolchain::Toolchain;

/// What the rules decided.
pub(crate) struct Picture {
    pub(crate) pixel_format: PixelFormat,
    pub(crate) filters: Vec<Filter>,
    pub(crate) rotation: Rotation,
    pub(crate) dolby_vision: bool,
    pub(crate) expected: ExpectedPicture,
}

/// What the rules depend on.
pub(crate) struct PictureSource<'a> {
    pub(crate) container: Container,
    pub(crate) probe: &'a MediaProbe,
    pub(crate) video: &'a Video,
    pub(crate) class: SourceClass,
    pub(crate) encoder: Encoder,
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) config: &'a Config,
}

impl PictureSource<'_> {
    /// Applies all rules. It is an error if the film is interlaced and the policy skips such films, or if its picture
    /// needs Dolby Vision metadata that can't be carried over.
    pub(crate) fn plan(&self, record: &mut Record) -> Result<Picture, SkipReason> {
        let mut filters = Vec::new();
        filters.extend(self.interlacing(record)?);
        let pixel_format = self.pixel_format(record);
        let (color, matrix) = self.color(pixel_format, record);
        filters.extend(matrix);
        let Carried { dolby_vision, hdr10_plus } = plan_dynamic_hdr(self, record)?;
        // A filter would separate Dolby Vision's metadata from its picture. Video of odd size carries no Dolby
        // Vision, so its padding doesn't matter.
        let padded = dolby_vision.is_none() && self.padding(record);
        filters.extend(padded.then_some(Filter::PadToEven));
        let shape = self.sample_aspect(padded, record);
        filters.extend(shape);
        let rotation = self.rotation(record);
        self.captions(record);

        let even = |side: u32| side.checked_next_multiple_of(2).unwrap_or(side);
        let (width, height) = (self.video.width, self.video.height);
        let mut expected = ExpectedPicture {
            width: if padded { even(width) } else { width },
            height: if padded { even(height) } else { height },
            sample_aspect_ratio: self.video.sample_aspect_ratio.filter(|_| self.container != Container::Webm),
            pixel_format,
            color,
            mastering_display: None,
            content_light: None,
            rotation: self.matrix().map(|(degrees, _)| degrees),
            mirrored: self.matrix().is_some_and(|(_, mirrored)| mirrored),
            side_data: BTreeSet::new(), // the ledger's
            dolby_vision,
            hdr10_plus,
        };
        expected.expect_static_hdr(self.video.all_side_data());
        Ok(Picture { pixel_format, filters, rotation, dolby_vision: dolby_vision.is_some(), expected })
    }

    fn interlacing(&self, record: &mut Record) -> Result<Option<Filter>, SkipReason> {
        let Some(order) = self.video.field_order.as_deref().filter(|order| *order != "progressive") else {
            return Ok(None);
        };
        let order = String::from(order);
        match self.config.interlaced {
            Interlaced::Deinterlace => {
                if let Some(reason) = change_of_format(self.probe) {
                    return Err(reason);
                }
                record.decide(Topic::Interlacing, "deinterlace", Reason::FieldsDeinterlaced { order });
                Ok(Some(Filter::Deinterlace))
            }
            Interlaced::Keep => {
                record.decide(Topic::Interlacing, "keep", Reason::FieldsKept { order });
                Ok(None)
            }
            Interlaced::Skip => Err(SkipReason::Interlaced { order }),
        }
    }

    fn pixel_format(&self, record: &mut Record) -> PixelFormat {
        let name = self.video.pixel_format.as_deref().unwrap_or_default();
        let source = SourceFormat::of(name);
        let (format, reason) = match self.config.bit_depth {
            BitDepth::Source if source.bits == 8 => (PixelFormat::Yuv420p, Reason::DepthOfSource),
            BitDepth::Source => (PixelFormat::Yuv420p10, Reason::DepthOfSource),
            BitDepth::Ten => (PixelFormat::Yuv420p10, Reason::TenBitsAreBetter),
        };
        record.decide(Topic::PixelFormat, format.name(), reason);
        // WebM stores transparency as a second picture, which only this tag reveals.
        let has_alpha_tag = |(stream, _): (&Stream, &Video)| stream.tags.get("alpha_mode") == Some("1");
        if self.probe.main_video().is_some_and(has_alpha_tag) {
            record.lose(LossKind::Chroma, None, "transparency");
        }
        if source.full_chroma || source.bits > 10 || source.transparent {
            record.lose(LossKind::Chroma, None, alloc::format!("{name} becomes {}", format.name()));
        }
        format
    }

    /// The colour tags of the result, and the filter that is needed for them.
    fn color(&self, pixel_format: PixelFormat, record: &mut Record) -> (Color, Option<Filter>) {
        let source = self.nameable_color(record);
        let format = self.video.pixel_format.as_deref().unwrap_or_default();
        let rgb_format = ["gbr", "rgb", "bgr", "argb", "abgr", "0rgb", "0bgr"];
        let is_rgb = rgb_format.iter().any(|prefix| format.starts_with(prefix));
        if is_rgb || source.matrix == Some(Matrix::Gbr) {
            // By default ffmpeg converts RGB with the matrix of SD and sets no tags (measured), which every player
            // shows in wrong colours.
            record.decide(Topic::Color, Filter::RGB_MATRIX.name(), Reason::ConvertedFromRgb);
            let primaries = source.primaries.unwrap_or(Primaries::Bt709);
            let transfer = source.transfer.unwrap_or(Transfer::Bt709);
            let color = Color {
                range: Some(Range::Tv),
                matrix: Some(Filter::RGB_MATRIX),
                transfer: Some(transfer),
                primaries: Some(primaries),
            };
            return (color, Some(Filter::FromRgb { primaries, transfer, pixel_format }));
        }
        let mut color = source;
        if format.starts_with("gray") {
            // ffmpeg scales gray to limited range when it converts it to 4:2:0 (measured).
            color.range = None;
        }
        if color == Color::default() {
            record.decide(Topic::Color, "untagged", Reason::ColorUntagged);
        } else {
            let same = self.video.encoded_color() == self.video.color;
            let reason = if same { Reason::ColorKept } else { Reason::ColorOfFrames };
            record.decide(Topic::Color, describe(color), reason);
        }
        (color, None)
    }

    /// The source's colour tags that the result can have. A tag that ffmpeg has no name for or AV1 no number is left
    /// out and recorded as a loss.
    fn nameable_color(&self, record: &mut Record) -> Color {
        let Color { range, matrix, transfer, primaries } = self.video.encoded_color();
        let held = Color {
            range,
            matrix,
            transfer: transfer.filter(|transfer| transfer.is_in_av1()),
            primaries: primaries.filter(|primaries| primaries.is_in_av1()),
        };
        let beyond = |tag: &str, found: Option<&'static str>, held: bool| {
            found.filter(|_| !held).map(|found| alloc::format!("{tag} {found}"))
        };
        // A tag of the container that the frames replace isn't missed.
        let frame = self.video.frame_color;
        let replaced = [
            ("range", frame.range.is_some()),
            ("matrix", frame.matrix.is_some()),
            ("transfer", frame.transfer.is_some()),
            ("primaries", frame.primaries.is_some()),
        ];
        let is_replaced = |found: &String| replaced.iter().any(|(tag, yes)| *yes && found.starts_with(tag));
        let unnamed = self.video.unnamed_color.iter().filter(|found| !is_replaced(found));
        let mut left_out: Vec<String> = unnamed.cloned().collect();
        left_out.extend(beyond("transfer", transfer.map(Transfer::name), held.transfer.is_some()));
        left_out.extend(beyond("primaries", primaries.map(Primaries::name), held.primaries.is_some()));
        if !left_out.is_empty() {
            let tags = left_out.join(", ");
            record.lose(LossKind::Chroma, None, alloc::format!("the colour tags {tags}"));
            record.decide(Topic::ColorTags, "leave-out", Reason::ColorBeyondAv1 { tags });
        }
        held
    }

    fn padding(&self, record: &mut Record) -> bool {
        let odd = self.video.width % 2 == 1 || self.video.height % 2 == 1;
        let reason = match (odd, self.class) {
            (true, _) => Reason::PadOddSize,
            (false, SourceClass::WebLike) => Reason::PadWebLike,
            (false, _) => return false,
        };
        record.decide(Topic::Padding, "pad-to-even", reason);
        true
    }

    /// The filter that marks pixels as square. It is used together with the pad filter, and only if the source's
    /// pixels are square.
    fn sample_aspect(&self, padded: bool, record: &mut Record) -> Option<Filter> {
        let square = |ratio: Rational| ratio.numerator == ratio.denominator.get();
        match self.video.sample_aspect_ratio {
            Some(ratio) if !square(ratio) => {
                record.decide(Topic::SampleAspect, alloc::format!("{ratio}"), Reason::ShapeKept);
                None
            }
            _ => {
                record.decide(Topic::SampleAspect, "1/1", Reason::SquarePixels);
                padded.then_some(Filter::SquarePixels)
            }
        }
    }

    /// How far the container's display matrix turns the picture, and whether it mirrors it. `None` if it leaves the
    /// picture as it is.
    fn matrix(&self) -> Option<(i64, bool)> {
        self.video.side_data.iter().find_map(|block| match block {
            SideData::Rotation(degrees) if *degrees != 0 => Some((*degrees, false)),
            SideData::Mirrored(degrees) => Some((*degrees, true)),
            _ => None,
        })
    }

    fn rotation(&self, record: &mut Record) -> Rotation {
        if let Some((degrees, _)) = self.matrix() {
            record.decide(Topic::Rotation, "keep", Reason::RotationKept { degrees });
            return Rotation::Kept;
        }
        let survey = self.probe.survey.as_ref();
        if survey.is_some_and(|survey| survey.pictures.side_data.contains_key(SideData::FRAME_MATRIX)) {
            record.decide(Topic::Rotation, "keep", Reason::RotationOfFrames);
            return Rotation::Kept;
        }
        Rotation::None
    }

    fn captions(&self, record: &mut Record) {
        if self.video.closed_captions {
            record.decide(Topic::ClosedCaptions, "lose", Reason::CaptionsInPicture);
            record.lose(LossKind::ClosedCaptions, None, "captions inside the picture (EIA-608/708)");
        }
    }
}

/// Decides how timestamps pass. Sources from the web get the guards; for all others `-enc_time_base demux` alone
/// keeps them exact.
pub(crate) fn plan_timestamps(class: SourceClass, probe: &MediaProbe, record: &mut Record) -> Timestamps {
    let avi = probe.format.is_read_by("avi");
    let jumps = jumps(probe).and_then(|jumps| Some(Reason::ClockJumps { count: jumps.count, at: jumps.at? }));
    let (timestamps, reason) = match (class, jumps) {
        (_, Some(jumps)) => (Timestamps::Exact, jumps),
        // With `+genpts` an AVI with B-frames fails (ffmpeg 8.0 and 9.0.2) or loses a frame (measured).
        (SourceClass::WebLike, None) if avi => {
            (Timestamps::WebSafeUntouched, Reason::WebSafeWithoutGenerated)
        }
        (SourceClass::WebLike, None) => (Timestamps::WebSafe, Reason::WebSafeTimestamps),
        (SourceClass::DiscLike | SourceClass::Unknown, None) => (Timestamps::Exact, Reason::ExactTimestamps),
    };
    record.decide(Topic::Timestamps, timestamps.name(), reason);
    timestamps
}

/// The tags in words: `primaries bt2020, transfer smpte2084, matrix bt2020nc, range tv`.
fn describe(color: Color) -> String {
    let Color { range, matrix, transfer, primaries } = color;
    let tags = [
        ("primaries", primaries.map(Primaries::name)),
        ("transfer", transfer.map(Transfer::name)),
        ("matrix", matrix.map(Matrix::name)),
        ("range", range.map(Range::name)),
    ];
    let known = tags.into_iter().filter_map(|(name, tag)| Some(alloc::format!("{name} {}", tag?)));
    known.collect::<Vec<_>>().join(", ")
}

/// What the name of a pixel format says about bits, chroma and transparency.
struct SourceFormat {
    bits: u32,
    /// Whether it has more chroma than 4:2:0.
    full_chroma: bool,
    /// Whether it has transparency.
    transparent: bool,
}

impl SourceFormat {
    /// Reads a name like `yuv422p10le`, `p010le`, `gbrp12le` or `nv12`.
    fn of(name: &str) -> Self {
        let base = name.trim_end_matches("le").trim_end_matches("be");
        let digits = base.len() - base.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let number = base.get(base.len() - digits..).and_then(|digits| digits.parse().ok());
        // Digits at the end are bits only if that is possible: `nv12` and `yuv420p` end otherwise.
        let bits = number.filter(|bits| (9..=16).contains(bits) && !base.starts_with("nv")).unwrap_or(8);
        let subsampled =
            ["yuv420", "yuvj420", "yuva420", "yuv410", "yuv411", "nv12", "nv21", "p010", "p012", "p016"];
        let gray = base.starts_with("gray") || base.starts_with("mono");
        let known = !base.is_empty();
        let full_chroma = known && !gray && !subsampled.iter().any(|prefix| base.starts_with(prefix));
        let transparent = ["yuva", "gbrap", "rgba", "bgra", "argb", "abgr", "ya"]
            .iter()
            .any(|prefix| base.starts_with(prefix));
        Self { bits, full_chroma, transparent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixel_formats_are_read_by_their_names() {
        let table = [
            ("yuv420p", 8, false),
            ("yuvj420p", 8, false),
            ("nv12", 8, false),
            ("yuv420p10le", 10, false),
            ("p010le", 10, false),
            ("yuv420p12le", 12, false),
            ("yuv422p", 8, true),
            ("yuv422p10le", 10, true),
            ("yuv444p12be", 12, true),
            ("gbrp", 8, true),
            ("gbrp10le", 10, true),
            ("rgb24", 8, true),
            ("gray", 8, false),
            ("yuv411p", 8, false),
            ("", 8, false),
        ];
        for (name, bits, full_chroma) in table {
            let format = SourceFormat::of(name);
            assert_eq!((format.bits, format.full_chroma), (bits, full_chroma), "{name}");
        }
    }
}
