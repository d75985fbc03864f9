//! What ffmpeg says about its parts: its listings of encoders, decoders and filters, and the versions of its encoders.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::plan::Encoder;

/// ffmpeg's software decoders of AV1. All others need hardware, as does ffmpeg's own decoder `av1`.
const SOFTWARE_DECODERS: [&str; 4] = ["libdav1d", "libgav1", "libaom-av1", "libaom"];

/// The AV1 encoders that the output of `ffmpeg -hide_banner -encoders` lists, best first.
pub fn encoders_in(listing: &str) -> BTreeSet<Encoder> {
    names(listing).filter_map(Encoder::from_ffmpeg_name).collect()
}

/// The version of an encoder, read from what ffmpeg prints while it encodes with the arguments of
/// [`encoder_version_arguments`](crate::command::encoder_version_arguments). `None` if it isn't printed, which is
/// always so for librav1e.
pub fn encoder_version_in(encoder: Encoder, words: &str) -> Option<&str> {
    let said = |line| match encoder {
        // `Svt[info]: SVT [version]:	SVT-AV1 Encoder Lib v3.1.0`
        Encoder::Svt => str::split_once(line, "SVT-AV1 Encoder Lib ").map(|(_, rest)| rest),
        // `[libaom-av1 @ 0x5630a8696e00] v3.13.1`
        Encoder::Aom => line.strip_prefix("[libaom-av1 @ ")?.split_once("] ").map(|(_, rest)| rest),
        Encoder::Rav1e => None,
    };
    let is_version = |word: &&str| {
        word.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    words.lines().filter_map(said).filter_map(|rest| rest.split_whitespace().next()).find(is_version)
}

/// The software decoders of AV1 that the output of `ffmpeg -hide_banner -decoders` lists. ffmpeg uses the first.
pub fn software_decoders_in(listing: &str) -> Vec<&'static str> {
    let known = |name: &str| SOFTWARE_DECODERS.into_iter().find(|decoder| *decoder == name);
    names(listing).filter_map(known).collect()
}

/// Whether the output of `ffmpeg -hide_banner -filters` lists a filter with exactly this name.
pub fn has_filter(listing: &str, name: &str) -> bool {
    names(listing).any(|filter| filter == name)
}

/// The names in a listing. Each of its lines consists of flags, a name and a description.
fn names(listing: &str) -> impl Iterator<Item = &str> {
    listing.lines().filter_map(|line| line.split_whitespace().nth(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoders_say_their_version_in_their_own_ways() {
        let svt = "Svt[info]: -----\nSvt[info]: SVT [version]:\tSVT-AV1 Encoder Lib v3.1.0-76-g724d061f\n";
        let aom = "  Stream #0:0 -> #0:0 (wrapped_avframe (native) -> av1 (libaom-av1))\n[libaom-av1 @ 0x5630a8696e00] v3.13.1\n\
                   [libaom-av1 @ 0x5630a8696e00] Neither bitrate nor constrained quality specified\n";
        let table = [
            (Encoder::Svt, svt, Some("v3.1.0-76-g724d061f")),
            (Encoder::Aom, aom, Some("v3.13.1")),
            (Encoder::Rav1e, "[librav1e @ 0x1] v1\n", None),
            (Encoder::Svt, aom, None),
            (Encoder::Aom, "[libaom-av1 @ 0x1] very slow\n", None),
            (Encoder::Svt, "SVT-AV1 Encoder Lib \n", None),
        ];
        for (encoder, words, version) in table {
            assert_eq!(encoder_version_in(encoder, words), version, "{words}");
        }
    }

    #[test]
    fn filters_are_found_by_their_whole_name() {
        let listing =
            "Filters:\n  T. = Timeline support\n .. libvmaf VV->V VMAF.\n .. vmafmotion V->V Motion.\n";
        assert!(has_filter(listing, "libvmaf"));
        assert!(!has_filter(listing, "vmaf") && !has_filter(listing, "xpsnr"));
    }
}
