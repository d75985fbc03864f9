//! What the survey of a film shows before anything else is decided.

use alloc::string::String;

use crate::number::{Micros, Rational};
use crate::plan::{HeldPicture, PictureProperty, Reason, SkipReason, Topic};
use crate::probe::{Jumps, MediaProbe, PictureSummary, Shape, StreamKind, Survey, Transfer};
use crate::rules::record::Record;

/// Records whether the film was surveyed.
///
/// # Errors
///
/// The skip of a film whose picture changes in the middle.
pub(crate) fn decide(probe: &MediaProbe, record: &mut Record) -> Result<(), SkipReason> {
    let Some(survey) = probe.survey.as_deref() else {
        record.decide(Topic::Survey, "none", Reason::NotSurveyed);
        return Ok(());
    };
    let Survey { packets, pictures, .. } = survey;
    let packets = packets.values().map(|stream| stream.count).fold(0, u64::saturating_add);
    record.decide(Topic::Survey, "made", Reason::Surveyed { packets, pictures: pictures.count });
    match change(pictures) {
        Some(reason) => Err(reason),
        None => Ok(()),
    }
}

/// The first change that no result could have.
fn change(pictures: &PictureSummary) -> Option<SkipReason> {
    if let Some((first, other)) = pictures.change_of_shape() {
        let size = |shape: Shape| alloc::format!("{}x{}", shape.width, shape.height);
        let is_size = (first.width, first.height) != (other.value.width, other.value.height);
        let (property, from, to) = if is_size {
            (PictureProperty::Size, size(first), size(other.value))
        } else {
            (PictureProperty::PixelShape, ratio(first), ratio(other.value))
        };
        return Some(SkipReason::PictureChanges { property, from, to, at: other.at });
    }
    // All other tags differ too little to see, or are wrong in one of the two places.
    let is_hdr = |transfer: Option<Transfer>| {
        transfer.filter(|transfer| matches!(transfer, Transfer::Smpte2084 | Transfer::AribStdB67))
    };
    let first = pictures.colors.first()?;
    let other =
        pictures.colors.iter().find(|seen| is_hdr(seen.value.transfer) != is_hdr(first.value.transfer))?;
    let name = |transfer: Option<Transfer>| String::from(transfer.map_or("none", Transfer::name));
    let (from, to) = (name(first.value.transfer), name(other.value.transfer));
    Some(SkipReason::PictureChanges { property: PictureProperty::Transfer, from, to, at: other.at })
}

fn ratio(shape: Shape) -> String {
    shape
        .sample_aspect_ratio
        .or(Rational::new(1, 1))
        .map_or_else(String::new, |ratio| alloc::format!("{ratio}"))
}

/// The skip of a film that has to be deinterlaced and whose pixel format changes: ffmpeg builds its filters anew there,
/// and the deinterlacer loses the frame that it holds (measured with 8.0).
pub(crate) fn change_of_format(probe: &MediaProbe) -> Option<SkipReason> {
    let [first, other, ..] = &probe.survey.as_ref()?.pictures.pixel_formats[..] else { return None };
    let (from, to) = (first.value.clone(), other.value.clone());
    Some(SkipReason::PictureChanges { property: PictureProperty::PixelFormat, from, to, at: other.at })
}

/// Whether ffmpeg must not build its filters anew where the colour tags change. It can't be kept from it where the
/// pixel format changes, too.
pub(crate) fn keeps_filters(probe: &MediaProbe) -> bool {
    let pictures = probe.survey.as_deref().map(|survey| &survey.pictures);
    pictures.is_some_and(|pictures| pictures.colors.len() > 1 && pictures.pixel_formats.len() <= 1)
}

/// How many times longer than the average the last picture must stand to be held.
const HELD_RATIO: i64 = 4;

/// The last picture, if it stands for long. A film of which pictures are hidden or can't be decoded at its start is
/// left out, since it isn't certain which timestamps the result has.
pub(crate) fn held(probe: &MediaProbe, main: u32, record: &mut Record) -> Option<HeldPicture> {
    let packets = probe.survey.as_deref()?.packets.get(&main)?;
    let whole = packets.before_key == 0 && packets.jumps.count == 0 && packets.shown == packets.first;
    let span = probe.span(main).filter(|_| whole)?;
    let average = span.length.0.checked_div(i64::try_from(packets.count).ok()?)?;
    let length = packets.last;
    if length.0 < average.saturating_mul(HELD_RATIO) || length.0 >= span.length.0 {
        return None;
    }
    record.decide(Topic::LastPicture, "hold", Reason::LastPictureHeld { length });
    Some(HeldPicture { at: Micros(span.length.0.saturating_sub(length.0)), length })
}

/// The jumps of the clock in the audio or video stream that has the most; `None` if there are none. Subtitles are left
/// out, because a long time without any is no jump.
pub(crate) fn jumps(probe: &MediaProbe) -> Option<Jumps> {
    let packets = &probe.survey.as_ref()?.packets;
    let timed = probe.streams.iter();
    let timed = timed.filter(|stream| matches!(stream.kind, StreamKind::Video(_) | StreamKind::Audio(_)));
    let jumps = timed.filter_map(|stream| packets.get(&stream.index)).map(|stream| stream.jumps);
    jumps.filter(|jumps| jumps.count > 0).max_by_key(|jumps| jumps.count)
}
