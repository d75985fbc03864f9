//! Dynamic HDR metadata (Dolby Vision and HDR10+): carried over if the encoder can do that, otherwise a loss.

use alloc::string::String;

use crate::plan::{Container, Encoder, LossKind, Reason, SkipReason, Topic};
use crate::probe::{DolbyVision, SideData, Transfer};
use crate::rules::picture::PictureSource;
use crate::rules::record::Record;

/// The first major version of ffmpeg that carries HDR10+ into AV1, with libaom only (measured: 9.0.2 does, 8.0
/// doesn't).
const HDR10_PLUS_SINCE: u32 = 9;

/// The Dolby Vision profile for AV1.
const AV1_PROFILE: u32 = 10;

/// The dynamic HDR metadata that the result will have.
pub(crate) struct Carried {
    /// The result's Dolby Vision record; `None` if it has none.
    pub(crate) dolby_vision: Option<DolbyVision>,
    /// Whether the frames have HDR10+ metadata.
    pub(crate) hdr10_plus: bool,
}

/// Decides what is carried over, and records what is lost.
///
/// # Errors
///
/// The skip of a film whose picture nobody can watch without the metadata, if they can't be carried over.
pub(crate) fn plan_dynamic_hdr(
    source: &PictureSource<'_>,
    record: &mut Record,
) -> Result<Carried, SkipReason> {
    let found = source.video.all_side_data().find_map(|block| match block {
        SideData::DolbyVision(found) => Some(*found),
        _ => None,
    });
    // A picture of odd size needs the pad filter, and ffmpeg's filters would separate the metadata from its frame.
    let even = source.video.width.is_multiple_of(2) && source.video.height.is_multiple_of(2);
    let carried = found.filter(|_| even).and_then(|found| carried_record(found, source));
    if let (Some(found), None) = (found, carried) {
        let DolbyVision { profile, compatibility, .. } = found;
        if !is_watchable_without(found, source) {
            return Err(SkipReason::DolbyVisionOnly { profile });
        }
        let what = match profile {
            0 => String::from("Dolby Vision of a profile that the container doesn't say"),
            _ => alloc::format!("Dolby Vision profile {profile}.{compatibility}"),
        };
        record.lose(LossKind::DolbyVision, None, what);
    }
    let hdr10_plus = source.probe.hdr10_plus == Some(true);
    let carries_plus = source.encoder == Encoder::Aom && source.toolchain.version().major >= HDR10_PLUS_SINCE;
    if hdr10_plus && !carries_plus {
        record.lose(LossKind::Hdr10Plus, None, "HDR10+ dynamic metadata");
    }
    if found.is_some() || hdr10_plus {
        let lost = (found.is_some() && carried.is_none()) || (hdr10_plus && !carries_plus);
        let (choice, reason) =
            if lost { ("lose", Reason::DynamicHdrLost) } else { ("carry", Reason::DynamicHdrCarried) };
        record.decide(Topic::DynamicHdr, choice, reason);
    }
    Ok(Carried { dolby_vision: carried, hdr10_plus: hdr10_plus && carries_plus })
}

/// Whether the picture has its colours on a player without Dolby Vision. That of profile 5 is in IPT-PQ-C2, which no
/// other player knows, whatever its tags say. A picture whose profile nobody says is one of HDR10 or HLG if it is
/// tagged so.
fn is_watchable_without(found: DolbyVision, source: &PictureSource<'_>) -> bool {
    let transfer = source.video.encoded_color().transfer;
    match found.profile {
        5 => false,
        0 => matches!(transfer, Some(Transfer::Smpte2084 | Transfer::AribStdB67)),
        _ => true,
    }
}

/// The Dolby Vision record of the result; `None` if Dolby Vision can't be carried over. Profiles 8.1 (with an HDR10
/// base layer) and 8.4 (HLG) become profile 10 of AV1 with SVT-AV1 and libaom. Profile 5 would be marked as what it
/// isn't, profile 7 would lose its second layer, and rav1e can't store any.
///
/// WebM has no place for the record (ffmpeg 8.0), and without metadata in the source's frames the encode would fail.
fn carried_record(found: DolbyVision, source: &PictureSource<'_>) -> Option<DolbyVision> {
    let carries = found.profile == 8
        && matches!(found.compatibility, 1 | 4)
        && !found.enhancement_layer
        && found.metadata
        && source.container != Container::Webm
        && matches!(source.encoder, Encoder::Svt | Encoder::Aom);
    carries.then_some(DolbyVision { profile: AV1_PROFILE, ..found })
}
