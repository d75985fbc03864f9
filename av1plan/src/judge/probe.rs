//! Compares the probe of the result with the contract: streams, picture, chapters, tags, duration.

use alloc::string::String;
use alloc::vec::Vec;

use super::Defect;
use crate::number::{Micros, Rational};
use crate::plan::{Contract, ExpectedPicture, ExpectedStream, StreamType};
use crate::probe::{
    Color, MasteringDisplay, Matrix, MediaProbe, PacketSummary, Primaries, Range, SideData, Stream,
    StreamKind, Tags, Transfer, Video,
};

pub(super) fn probe_defects(contract: &Contract, probe: &MediaProbe) -> Vec<Defect> {
    let mut defects = Vec::new();
    let films: Vec<(&Stream, &Video)> =
        probe.streams.iter().filter_map(|stream| Some((stream, stream.moving_picture()?))).collect();
    match films[..] {
        [(stream, video)] if stream.codec_name() == "av1" => {
            defects.extend(picture_defects(&contract.picture, video, probe.hdr10_plus));
        }
        _ => {
            let found = films.iter().map(|(stream, _)| String::from(stream.codec_name())).collect();
            defects.push(Defect::NotOneAv1 { found });
        }
    }
    let found: Vec<&Stream> = promised(probe).collect();
    if found.len() == contract.streams.len() {
        defects.extend(
            contract.streams.iter().zip(found).flat_map(|(expected, found)| stream_defects(expected, found)),
        );
    } else {
        defects.push(Defect::StreamCount { expected: contract.streams.len(), found: found.len() });
    }
    if probe.chapters != contract.chapters {
        defects.push(Defect::Chapters { expected: contract.chapters, found: probe.chapters });
    }
    defects.extend(tag_defects(None, &contract.tags, &probe.format.tags));
    defects
}

/// The defect if the result declares another duration than it should. It is reported last because it says least:
/// Matroska's header is written before the packets.
///
/// If the source was measured, the result's packets are compared with the source's elsewhere, and here only the
/// result's header with its own packets: the container's duration is that from its start, or from 0, to the end of its
/// last packet. For MP4, ffprobe leaves out subtitles that end more than a second after picture and sound (measured
/// with 8.0).
pub(super) fn duration_defect(
    contract: &Contract,
    probe: &MediaProbe,
    packets: Option<&PacketSummary>,
) -> Option<Defect> {
    let far = |found: Micros, expected: Micros| found.distance(expected) > contract.duration_epsilon;
    if contract.is_measured() {
        let found = probe.format.duration;
        let seen = || packets.into_iter().flat_map(PacketSummary::streams);
        let is_subtitle =
            |index: u32| probe.stream(index).is_some_and(|stream| stream.kind == StreamKind::Subtitle);
        let start = seen().filter_map(|(_, stream)| stream.shown).min()?;
        let end = seen().filter_map(|(_, stream)| stream.shown_end).max()?;
        let others = seen().filter(|(index, _)| !is_subtitle(**index));
        let other_end = others.filter_map(|(_, stream)| stream.shown_end).max().unwrap_or(end);
        let span = |end: Micros| Micros(end.0.saturating_sub(start.0));
        let may_be = [end, span(end), other_end, span(other_end)];
        let is_wrong = found.is_none_or(|found| may_be.iter().all(|duration| far(found, *duration)));
        return is_wrong.then_some(Defect::Duration { expected: span(end), found });
    }
    let expected = contract.duration?;
    let found = probe.duration();
    found.is_none_or(|found| far(found, expected)).then_some(Defect::Duration { expected, found })
}

fn tag_defects(index: Option<u32>, expected: &Tags, found: &Tags) -> Vec<Defect> {
    let differs = |(tag, expected): (&str, &str)| {
        let found = found.get(tag).unwrap_or_default();
        let defect = || Defect::Tag {
            index,
            tag: String::from(tag),
            expected: String::from(expected),
            found: String::from(found),
        };
        (found != expected).then(defect)
    };
    expected.iter().filter_map(differs).collect()
}

/// The streams of a result that the contract lists, in order: all but data streams, since MP4's muxer adds some for
/// chapters and timecode.
pub(super) fn promised(probe: &MediaProbe) -> impl Iterator<Item = &Stream> {
    probe.streams.iter().filter(|stream| stream.kind != StreamKind::Data)
}

fn stream_defects(expected: &ExpectedStream, found: &Stream) -> Vec<Defect> {
    let ExpectedStream {
        source: _,
        kind,
        codec,
        language,
        title,
        channels,
        sample_rate,
        default,
        forced,
        // compared with the packets, not with the probe
        duration: _,
        span: _,
        hash: _,
        flags,
        tags,
    } = expected;
    let mut differences = Differences(Vec::new());
    differences.check("type", kind.name(), StreamType::of(found).name());
    if !codec.is_empty() {
        differences.check("codec", codec.as_str(), found.codec_name());
    }
    if let StreamKind::Audio(audio) = &found.kind {
        for (property, wanted, is) in
            [("channels", *channels, audio.channels), ("sample rate", *sample_rate, audio.sample_rate)]
        {
            if wanted != 0 {
                differences.check(property, wanted, is);
            }
        }
    }
    for (flag, wanted) in [("default", default), ("forced", forced)] {
        if let Some(wanted) = wanted {
            differences.check(flag, *wanted, found.disposition.has(flag));
        }
    }
    for flag in flags.flags() {
        differences.check(flag, true, found.disposition.has(flag));
    }
    let index = found.index;
    let defect = |(property, expected, found): (&'static str, _, _)| Defect::Stream {
        index,
        property: property.into(),
        expected,
        found,
    };
    let named = [("language", language), ("title", title)].into_iter();
    let named = named.filter_map(|(name, value)| Some((String::from(name), value.clone()?)));
    let mut defects: Vec<Defect> = differences.0.into_iter().map(defect).collect();
    defects.extend(tag_defects(Some(index), &Tags(named.collect()), &found.tags));
    defects.extend(tag_defects(Some(index), tags, &found.tags));
    defects
}

/// Whether a picture of this width is shown less than two columns wider or narrower with one shape of pixels than with
/// the other. Matroska stores whole columns, of half the picture if it has two views side by side.
fn looks_alike(one: Rational, other: Rational, width: u32) -> bool {
    let cross =
        |one: Rational, other: Rational| u128::from(one.numerator) * u128::from(other.denominator.get());
    let denominators = u128::from(one.denominator.get()) * u128::from(other.denominator.get());
    let difference = cross(one, other).abs_diff(cross(other, one));
    difference.saturating_mul(width.into()) < denominators.saturating_mul(2)
}

fn picture_defects(expected: &ExpectedPicture, found: &Video, found_hdr10_plus: Option<bool>) -> Vec<Defect> {
    let ExpectedPicture {
        width,
        height,
        sample_aspect_ratio,
        pixel_format,
        color,
        mastering_display,
        content_light,
        rotation,
        mirrored,
        side_data,
        dolby_vision,
        hdr10_plus,
    } = expected;
    let mut differences = Differences(Vec::new());
    differences.check(
        "size",
        alloc::format!("{width}x{height}"),
        alloc::format!("{}x{}", found.width, found.height),
    );
    if let Some(wanted) = sample_aspect_ratio {
        let is = found.sample_aspect_ratio;
        if is.is_none_or(|is| !looks_alike(is, *wanted, *width)) {
            differences.push(
                "sample aspect ratio",
                wanted,
                is.map_or("none".into(), |is| alloc::format!("{is}")),
            );
        }
    }
    differences.check("pixel format", pixel_format.name(), found.pixel_format.as_deref().unwrap_or_default());
    // The first frame may not have been probed.
    let of_both = |tag: fn(&Color) -> Option<&'static str>| (tag(&found.color), tag(&found.frame_color));
    let tags = [
        ("range", color.range.map(Range::name), of_both(|color| color.range.map(Range::name))),
        ("matrix", color.matrix.map(Matrix::name), of_both(|color| color.matrix.map(Matrix::name))),
        ("transfer", color.transfer.map(Transfer::name), of_both(|color| color.transfer.map(Transfer::name))),
        (
            "primaries",
            color.primaries.map(Primaries::name),
            of_both(|color| color.primaries.map(Primaries::name)),
        ),
    ];
    for (property, wanted, (container, frame)) in tags {
        if let Some(wanted) = wanted {
            differences.check(property, wanted, container.unwrap_or("none"));
            if container == Some(wanted) {
                differences.check(property, wanted, frame.unwrap_or(wanted));
            }
        }
    }
    static_hdr(mastering_display.as_ref(), *content_light, found, &mut differences);
    let block = |wanted: SideData, property: &'static str, differences: &mut Differences| {
        if !found.side_data.contains(&wanted) {
            differences.push(property, alloc::format!("{wanted:?}"), "none");
        }
    };
    if let Some(degrees) = *rotation {
        let matrix = if *mirrored { SideData::Mirrored(degrees) } else { SideData::Rotation(degrees) };
        block(matrix, "rotation", &mut differences);
    }
    for name in side_data {
        if !found.side_data.iter().any(|block| block.name() == name) {
            differences.push("side data", name, "none");
        }
    }
    if let Some(record) = *dolby_vision {
        block(SideData::DolbyVision(record), "dolby vision", &mut differences);
    }
    // A result whose first frame wasn't probed is judged without it.
    if *hdr10_plus && found_hdr10_plus == Some(false) {
        differences.push("HDR10+", "there", "none");
    }
    let defect = |(property, expected, found): (&'static str, _, _)| Defect::Picture {
        property: property.into(),
        expected,
        found,
    };
    differences.0.into_iter().map(defect).collect()
}

/// Checks the static HDR metadata. Container and frames may each say it, and none of them may say anything else.
fn static_hdr(
    mastering_display: Option<&MasteringDisplay>,
    content_light: Option<(u64, u64)>,
    found: &Video,
    differences: &mut Differences,
) {
    if let Some(wanted) = mastering_display {
        let displays = found.all_side_data().filter_map(|block| match block {
            SideData::MasteringDisplay(display) => Some(display),
            _ => None,
        });
        let displays: Vec<&MasteringDisplay> = displays.collect();
        match displays.iter().find(|display| !wanted.is_kept_by(display)) {
            Some(other) => differences.push("mastering display", wanted, other),
            None if displays.is_empty() => differences.push("mastering display", wanted, "none"),
            None => {}
        }
    }
    if let Some(wanted) = content_light {
        let levels = found.all_side_data().filter_map(|block| match block {
            SideData::ContentLight { max_content, max_average } => Some((*max_content, *max_average)),
            _ => None,
        });
        let levels: Vec<(u64, u64)> = levels.collect();
        let shown = |(most, average): (u64, u64)| alloc::format!("{most} and {average} cd/m2");
        match levels.iter().find(|level| **level != wanted) {
            Some(other) => differences.push("content light", shown(wanted), shown(*other)),
            None if levels.is_empty() => differences.push("content light", shown(wanted), "none"),
            None => {}
        }
    }
}

/// Properties that differ from the contract: name, planned value, found value.
struct Differences(Vec<(&'static str, String, String)>);

impl Differences {
    fn check<T: PartialEq + core::fmt::Display>(&mut self, property: &'static str, expected: T, found: T) {
        if expected != found {
            self.push(property, expected, found);
        }
    }

    fn push(
        &mut self,
        property: &'static str,
        expected: impl core::fmt::Display,
        found: impl core::fmt::Display,
    ) {
        self.0.push((property, alloc::format!("{expected}"), alloc::format!("{found}")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_of_pixels_may_be_rounded_to_whole_columns() {
        let ratio = |text: &str| text.parse::<Rational>().unwrap();
        for (one, other, width, alike) in [
            ("641:240", "427:160", 320, true), // half of 855 columns, rounded
            ("12:11", "157:144", 720, true),
            ("12:11", "16:15", 720, false),
            ("1:1", "1001:1000", 3840, false),
            ("1:1", "18446744073709551615:1", 4_294_967_295, false),
        ] {
            assert_eq!(looks_alike(ratio(one), ratio(other), width), alike, "{one} {other}");
        }
    }
}
