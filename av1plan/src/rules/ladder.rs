//! The ladder: the table of encoder settings for each resolution class.

use crate::config::QualityTier;
use crate::plan::{CpuUsed, Crf, Preset, ResolutionClass, Speed, Tiles};

impl ResolutionClass {
    /// The two CRFs of the class, for SVT-AV1 and libaom alike: the lower (better) one and the one for sources of
    /// very low bitrate.
    pub const fn crf_range(self) -> (Crf, Crf) {
        match self {
            Self::P4320 | Self::P2160 => (Crf::new(21), Crf::new(22)),
            Self::P1440 => (Crf::new(22), Crf::new(23)),
            Self::P1080 => (Crf::new(23), Crf::new(24)),
            Self::Below1080p => (Crf::new(24), Crf::new(25)),
        }
    }

    /// SVT-AV1's `-preset` for the class.
    pub const fn svt_preset(self, tier: QualityTier) -> Preset {
        let preset = match self {
            Self::P4320 | Self::P2160 => 3,
            Self::P1440 | Self::P1080 => 4,
            Self::Below1080p => 5,
        };
        Preset::new(slower(preset, tier))
    }

    /// libaom's `-cpu-used` for the class.
    pub const fn aom_cpu_used(self, tier: QualityTier) -> CpuUsed {
        let cpu_used = match self {
            Self::P4320 | Self::P2160 | Self::P1440 => 3,
            Self::P1080 => 4,
            Self::Below1080p => 5,
        };
        CpuUsed::new(slower(cpu_used, tier))
    }

    /// libaom's tiles for the class: the fewest that keep many cores busy.
    pub const fn aom_tiles(self) -> Tiles {
        match self {
            Self::P4320 => Tiles::new(3, 2),
            Self::P2160 | Self::P1440 => Tiles::new(2, 2),
            Self::P1080 | Self::Below1080p => Tiles::new(2, 1),
        }
    }
}

/// rav1e's `-speed`, which is the same for every class.
pub(super) const fn rav1e_speed(tier: QualityTier) -> Speed {
    Speed::new(slower(3, tier))
}

const fn slower(step: u8, tier: QualityTier) -> u8 {
    match tier {
        QualityTier::High => step,
        QualityTier::VeryHigh => step - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use QualityTier::{High, VeryHigh};
    use ResolutionClass::{Below1080p, P1080, P1440, P2160, P4320};

    #[test]
    fn a_class_is_reached_by_either_side() {
        #[rustfmt::skip]
        let table = [
            // width, height, class
            (3840, 2160, P2160), (3840, 1600, P2160), (3600, 1500, P2160), (2880, 2160, P2160),
            (3599, 2159, P1440), (2560, 1440, P1440), (2560, 1080, P1440), (2400, 1000, P1440),
            (2399, 1439, P1080), (1920, 1080, P1080), (1920,  800, P1080), (1800,  720, P1080), (1440, 1080, P1080),
            (1799, 1079, Below1080p), (1280, 720, Below1080p), (720, 576, Below1080p), (1, 1, Below1080p),
            (7680, 4320, P4320), (7680, 3200, P4320), (7679, 4319, P2160),
            // The sides of portrait video are swapped.
            (1080, 1920, P1080), (2160, 3840, P2160), (720, 1280, Below1080p), (800, 1920, P1080),
        ];
        for (width, height, class) in table {
            assert_eq!(ResolutionClass::of(width, height), class, "{width}x{height}");
        }
    }

    /// The expected values are those that the project's owner has set.
    #[test]
    fn the_crf_and_preset_ladder() {
        #[rustfmt::skip]
        let table = [
            // class,    CRF from, to, preset high, very high
            (P2160,      21, 22, 3, 2),
            (P1440,      22, 23, 4, 3),
            (P1080,      23, 24, 4, 3),
            (Below1080p, 24, 25, 5, 4),
        ];
        for (class, from, to, high, very_high) in table {
            assert_eq!(class.crf_range(), (Crf::new(from), Crf::new(to)), "{class:?}");
            assert_eq!(class.svt_preset(High), Preset::new(high), "{class:?}");
            assert_eq!(class.svt_preset(VeryHigh), Preset::new(very_high), "{class:?}");
        }
        assert_eq!(P4320.crf_range(), P2160.crf_range());
        assert_eq!(P4320.svt_preset(High), P2160.svt_preset(High));
    }

    /// The expected values are those that the project's owner has set.
    #[test]
    fn the_libaom_table() {
        #[rustfmt::skip]
        let table = [
            // class,    cpu-used high, very high, tiles
            (P4320,      3, 2, "3x2"),
            (P2160,      3, 2, "2x2"),
            (P1440,      3, 2, "2x2"),
            (P1080,      4, 3, "2x1"),
            (Below1080p, 5, 4, "2x1"),
        ];
        for (class, high, very_high, tiles) in table {
            assert_eq!(class.aom_cpu_used(High), CpuUsed::new(high), "{class:?}");
            assert_eq!(class.aom_cpu_used(VeryHigh), CpuUsed::new(very_high), "{class:?}");
            assert_eq!(alloc::format!("{}", class.aom_tiles()), tiles, "{class:?}");
        }
    }

    #[test]
    fn the_rav1e_speed() {
        assert_eq!((rav1e_speed(High), rav1e_speed(VeryHigh)), (Speed::new(3), Speed::new(2)));
    }
}
