//! Dolby Vision and HDR10+: carried over where the encoder can, else a loss.

use alloc::string::String;

use crate::plan::{Container, Encoder, LossKind, Reason, Topic};
use crate::probe::{DolbyVision, SideData};
use crate::rules::picture::PictureSource;
use crate::rules::record::Record;

/// ffmpeg carries HDR10+ into AV1 from this version on, with libaom only (measured: 9.0.2 does, 8.0 doesn't).
const HDR10_PLUS_SINCE: u32 = 9;

/// Dolby Vision's profile inside AV1.
const AV1_PROFILE: u32 = 10;

/// What the result will have.
pub(crate) struct Carried {
    /// The Dolby Vision record of the result.
    pub(crate) dolby_vision: Option<DolbyVision>,
    /// Whether frames have HDR10+.
    pub(crate) hdr10_plus: bool,
}

/// Decides both.
pub(crate) fn plan_dynamic_hdr(source: &PictureSource<'_>, record: &mut Record) -> Carried {
    let found = source.video.side_data.iter().find_map(|block| match block {
        SideData::DolbyVision(found) => Some(*found),
        _ => None,
    });
    // Odd sizes take a pad filter, which would part the metadata from its picture.
    let even = source.video.width.is_multiple_of(2) && source.video.height.is_multiple_of(2);
    let carried = found.filter(|_| even).and_then(|found| carried_record(found, source));
    if let (Some(found), None) = (found, carried) {
        let DolbyVision { profile, compatibility, .. } = found;
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
    Carried { dolby_vision: carried, hdr10_plus: hdr10_plus && carries_plus }
}

/// Profiles 8.1 (HDR10 beneath) and 8.4 (HLG beneath) become profile 10 of AV1 with SVT-AV1 and libaom. Profile 5 comes
/// out marked as something it isn't, profile 7 would lose its second layer, rav1e has no place for it.
///
/// WebM has no place for the record (8.0), and a source without metadata in its frames would end the encode.
fn carried_record(found: DolbyVision, source: &PictureSource<'_>) -> Option<DolbyVision> {
    let carries = found.profile == 8
        && matches!(found.compatibility, 1 | 4)
        && !found.enhancement_layer
        && found.metadata
        && source.container != Container::Webm
        && matches!(source.encoder, Encoder::Svt | Encoder::Aom);
    carries.then_some(DolbyVision { profile: AV1_PROFILE, ..found })
}
