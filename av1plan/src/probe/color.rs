//! Colour tags: closed lists of what ffmpeg has names for, since a tag can come to stand in a filter, where a comma would begin
//! another one.
//!
//! The names are those of libavutil in ffmpeg 8.0 and 9.0.2, as ffprobe prints them and `setparams` takes them.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// The colour tags of a video stream; nothing where the file doesn't say, or says what ffmpeg has no name for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Color {
    /// Which numbers stand for black and white.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// The matrix from RGB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<Matrix>,
    /// The transfer curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<Transfer>,
    /// The primaries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primaries: Option<Primaries>,
}

/// A closed list of ffmpeg's names, each by its own variant.
macro_rules! names {
    ($(#[$doc:meta])* $type:ident: $($(#[$attribute:meta])* $variant:ident),+ $(,)?) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, EnumString, VariantArray,
        )]
        #[serde(rename_all = "kebab-case")]
        #[strum(serialize_all = "kebab-case")]
        #[allow(missing_docs, reason = "each is the standard that ffmpeg names it after")]
        pub enum $type {
            $($(#[$attribute])* $variant),+
        }

        impl $type {
            /// ffmpeg's name.
            pub fn name(self) -> &'static str {
                self.into()
            }
        }
    };
}

names! {
    /// Which numbers stand for black and white: `tv` (16 to 235) or `pc` (0 to 255).
    Range: Tv, Pc
}

names! {
    /// The matrix from RGB: `bt709`, `bt2020nc`, `gbr`.
    Matrix:
    Gbr, Bt709, Fcc, Bt470bg, Smpte170m, Smpte240m, Ycgco, YcgcoRe, YcgcoRo, Bt2020nc, Bt2020c, Smpte2085,
    ChromaDerivedNc, ChromaDerivedC, Ictcp, IptC2,
}

names! {
    /// The transfer curve: `bt709`, `smpte2084` (PQ), `arib-std-b67` (HLG).
    Transfer:
    Bt709, Bt470m, Bt470bg, Smpte170m, Smpte240m, Linear, Log100, Log316, Iec61966_2_4, Bt1361e, Iec61966_2_1,
    Bt2020_10, Bt2020_12, Smpte2084, Smpte428, AribStdB67,
    // Since ffmpeg 9.
    Vlog,
}

names! {
    /// The primaries: `bt709`, `bt2020`.
    Primaries:
    Bt709, Bt470m, Bt470bg, Smpte170m, Smpte240m, Film, Bt2020, Smpte428, Smpte431, Smpte432,
    #[serde(alias = "jedec-p22")]
    #[strum(to_string = "ebu3213", serialize = "jedec-p22")]
    Ebu3213,
    // Since ffmpeg 9.
    Vgamut,
}

impl Transfer {
    /// Whether AV1 has a number for it. Measured with ffmpeg 9.0.2: SVT-AV1 writes a reserved one for the rest, libaom none.
    pub fn is_in_av1(self) -> bool {
        self != Self::Vlog
    }
}

impl Primaries {
    /// Whether AV1 has a number for them.
    pub fn is_in_av1(self) -> bool {
        self != Self::Vgamut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ffmpegs() {
        let names = |all: &[&'static str]| all.join(" ");
        let primaries: alloc::vec::Vec<_> = Primaries::VARIANTS.iter().map(|each| each.name()).collect();
        assert_eq!(
            names(&primaries),
            "bt709 bt470m bt470bg smpte170m smpte240m film bt2020 smpte428 smpte431 smpte432 ebu3213 vgamut"
        );
        let transfers: alloc::vec::Vec<_> = Transfer::VARIANTS.iter().map(|each| each.name()).collect();
        assert_eq!(
            names(&transfers),
            "bt709 bt470m bt470bg smpte170m smpte240m linear log100 log316 iec61966-2-4 bt1361e iec61966-2-1 \
             bt2020-10 bt2020-12 smpte2084 smpte428 arib-std-b67 vlog"
        );
        let matrices: alloc::vec::Vec<_> = Matrix::VARIANTS.iter().map(|each| each.name()).collect();
        assert_eq!(
            names(&matrices),
            "gbr bt709 fcc bt470bg smpte170m smpte240m ycgco ycgco-re ycgco-ro bt2020nc bt2020c smpte2085 \
             chroma-derived-nc chroma-derived-c ictcp ipt-c2"
        );
        assert_eq!("jedec-p22".parse(), Ok(Primaries::Ebu3213));
    }

    #[test]
    fn a_name_is_written_and_read_alike() {
        for each in Primaries::VARIANTS {
            assert_eq!(serde_json::to_value(each).unwrap(), each.name());
        }
        for each in Transfer::VARIANTS {
            assert_eq!(serde_json::to_value(each).unwrap(), each.name());
        }
        for each in Matrix::VARIANTS {
            assert_eq!(serde_json::to_value(each).unwrap(), each.name());
        }
    }
}
