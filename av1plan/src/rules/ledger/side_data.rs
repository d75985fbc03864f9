//! Side data of the main video: what the container says of the stream, and what the frames have. What arrives was
//! measured with ffmpeg 8.0. The side data of copied streams is in their packets and in the container's fields for
//! their codec.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Film, MayDiffer, listed, may_differ};
use crate::plan::{Container, LossKind, mapped};
use crate::probe::SideData;
use crate::rules::record::Record;

/// Side data of the stream or of frames that the result may lack or have with another value.
const MAY_DIFFER: [MayDiffer; 25] = [
    // Each of these has rules of its own.
    ("Display Matrix", "the contract has a field for it"),
    ("Mastering display metadata", "the contract has a field for it"),
    ("Content light level metadata", "the contract has a field for it"),
    ("Frame Cropping", "the picture is cropped"),
    ("DOVI configuration record", "Dolby Vision is a loss of its own"),
    ("Dolby Vision RPU Data", "Dolby Vision is a loss of its own"),
    ("Dolby Vision Metadata", "Dolby Vision is a loss of its own"),
    ("HDR Dynamic Metadata SMPTE2094-40 (HDR10+)", "HDR10+ is a loss of its own"),
    ("HDR10+ Dynamic Metadata (SMPTE 2094-40)", "HDR10+ is a loss of its own"),
    ("ATSC A53 Part 4 Closed Captions", "captions are a loss of their own"),
    ("A53 Closed Captions", "captions are a loss of their own"),
    // These say how the source is encoded or stored.
    ("CPB properties", "the buffer of the source's encoder"),
    ("H.26[45] User Data Unregistered SEI message", "the settings of the source's encoder"),
    ("Video encoding parameters", "the settings of the source's encoder"),
    ("QP table data", "the settings of the source's encoder"),
    ("QP table properties", "the settings of the source's encoder"),
    ("Quality stats", "the settings of the source's encoder"),
    ("Motion vectors", "how the source is encoded"),
    ("Regions Of Interest", "a wish for an encoder"),
    ("Video hint", "a wish for an encoder"),
    ("Palette", "the colours are in the picture"),
    ("MPEGTS Stream ID", "a number of the transport stream"),
    ("Skip samples", "where the stream begins, which its timestamps say"),
    // Players don't need these.
    ("AVPanScan", "the part of the picture that a set of another shape shows; players show all of it"),
    ("GOP timecode", "the encoder's count of its frames, which the container's timecode is made from"),
];

/// Words in the names of frames' side data that has rules of its own, whatever else ffmpeg calls it.
const OWN_RULES: [&str; 4] = ["A53", "2094-40", "HDR10+", "Dolby Vision"];

/// Side data of copied streams that needn't be shown of the result.
const COPIED_MAY_DIFFER: [MayDiffer; 7] = [
    ("Replay Gain", "it is made from tags, which are kept"),
    ("Audio Service Type", "it is in the packets"),
    ("Skip Samples", "where the stream begins, which its timestamps say"),
    ("CPB properties", "the buffer of the source's encoder"),
    ("MPEGTS Stream ID", "a number of the transport stream"),
    ("Palette", "it is in the container's field for the codec"),
    ("Fallback track", "QuickTime's list of tracks that a player may take instead; it takes any"),
];

/// What a frame of a film with two views has: the number of its view.
const VIEW: &str = "View ID";
const AMBIENT: &str = "Ambient viewing environment";

/// The only projection that the muxers write.
const CARRIED_PROJECTION: &str = "equirectangular";

/// What becomes of a block of side data.
enum Fate {
    /// The result has a block of this type.
    Promised(&'static str),
    MayDiffer,
    Lost,
}

/// The promised side data of the result's video stream. Records the rest as lost, also that of other streams.
pub(super) fn enter(film: &Film<'_>, record: &mut Record) -> BTreeSet<String> {
    let (stream, video) = film.main;
    let pictures = film.probe.survey.as_ref().map(|survey| &survey.pictures);
    let of_frames = || pictures.into_iter().flat_map(|pictures| &pictures.side_data);
    let has_views =
        video.views > 1 || stream.disposition.has("multilayer") || of_frames().any(|(name, _)| name == VIEW);
    if has_views {
        record.lose(LossKind::ExtraView, None, "the view of the second eye");
    }
    let blocks =
        video.side_data.iter().map(|block| (shown(block), of_stream(film.container, has_views, block)));
    let is_of_stream = |name: &str| video.side_data.iter().any(|block| block.name() == name);
    let first = pictures.and_then(|pictures| pictures.shapes.first()).and_then(|first| first.at);
    let frames = of_frames().filter(|(name, _)| !is_of_stream(name)).map(|(name, seen)| {
        let is_known = name == SideData::FRAME_MATRIX && is_of_stream(SideData::DISPLAY_MATRIX);
        let fate = if is_known { Fate::MayDiffer } else { of_frame(film.container, name, seen.at == first) };
        (name.clone(), fate)
    });
    let mut promised = BTreeSet::new();
    for (name, fate) in blocks.chain(frames) {
        match fate {
            Fate::Promised(name) => {
                promised.insert(String::from(name));
            }
            Fate::MayDiffer => {}
            Fate::Lost => {
                record.lose(LossKind::SideData, None, alloc::format!("side data {}", listed([&*name])));
            }
        }
    }
    of_copies(film, record);
    promised
}

/// The name of a block as people read it in a loss.
fn shown(block: &SideData) -> String {
    match block {
        SideData::Stereo(detail) | SideData::Spherical(detail) => {
            alloc::format!("{} ({detail})", block.name())
        }
        _ => String::from(block.name()),
    }
}

fn of_stream(container: Container, has_views: bool, block: &SideData) -> Fate {
    match block {
        // They say how the two views, of which one is lost, belong together.
        SideData::Stereo(_) | SideData::Spherical(_) if has_views => Fate::MayDiffer,
        SideData::Stereo(layout) if layout == "2D" => Fate::MayDiffer,
        SideData::Stereo(layout) if has_layout(container, layout) => Fate::Promised(SideData::STEREO),
        SideData::Spherical(projection) if projection == CARRIED_PROJECTION => {
            Fate::Promised(SideData::SPHERICAL)
        }
        SideData::Other(name) if name == AMBIENT && container == Container::Mp4 => Fate::Promised(AMBIENT),
        block if may_differ(&MAY_DIFFER, block.name()) => Fate::MayDiffer,
        _ => Fate::Lost,
    }
}

/// Whether the muxer writes the layout of two views. Matroska's takes an unspecified one for another.
fn has_layout(container: Container, layout: &str) -> bool {
    let names: &[&str] = match container {
        Container::Matroska => &[
            "side by side",
            "top and bottom",
            "checkerboard",
            "interleaved lines",
            "interleaved columns",
            "frame alternate",
        ],
        Container::Mp4 => return matches!(layout, "side by side" | "top and bottom" | "unspecified"),
        Container::Webm => &["side by side", "top and bottom"],
    };
    names.contains(&layout.trim_end_matches(", inverted"))
}

/// What becomes of side data that only frames have. The encoder is given the first frame's, and the container gets from
/// the encoder what it has a place for.
fn of_frame(container: Container, name: &str, in_first: bool) -> Fate {
    match name {
        SideData::FRAME_MATRIX if in_first => Fate::Promised(SideData::DISPLAY_MATRIX),
        AMBIENT if in_first && container == Container::Mp4 => Fate::Promised(AMBIENT),
        // Its layout, which the survey doesn't show, may be that of a flat picture.
        SideData::STEREO if in_first => Fate::MayDiffer,
        VIEW => Fate::MayDiffer,
        name if may_differ(&MAY_DIFFER, name) || OWN_RULES.iter().any(|word| name.contains(word)) => {
            Fate::MayDiffer
        }
        _ => Fate::Lost,
    }
}

/// Records the loss of side data of copied streams.
fn of_copies(film: &Film<'_>, record: &mut Record) {
    for stream in mapped(film.streams).filter_map(|(plan, _)| film.probe.stream(plan.index)) {
        let lost: Vec<&str> = stream.side_data.iter().map(String::as_str).collect();
        let lost: Vec<&str> = lost.into_iter().filter(|name| !may_differ(&COPIED_MAY_DIFFER, name)).collect();
        if !lost.is_empty() {
            record.lose(LossKind::SideData, film.place(stream), alloc::format!("side data {}", listed(lost)));
        }
    }
}
