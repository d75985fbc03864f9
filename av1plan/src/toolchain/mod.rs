//! The ffmpeg that a plan is made for: its version and what it can do, read from its own output.

mod listing;
mod version;

use alloc::collections::BTreeSet;
use alloc::string::String;

pub use listing::{encoder_version_in, encoders_in, has_filter, software_decoders_in};
pub use version::Version;

use crate::plan::Encoder;

/// The oldest major version of ffmpeg that the commands of this crate are made for.
pub const OLDEST_MAJOR: u32 = 8;

/// An ffmpeg that can be used: it is new enough, has at least one AV1 encoder, and can decode AV1.
///
/// This is an input of planning; the crate itself never looks for programs. Only [`Toolchain::parse`],
/// [`Toolchain::assumed`] and [`Toolchain::described`] make one, so a plan can rely on what the type promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    version: Version,
    encoders: BTreeSet<Encoder>,
    assumed: bool,
    edits_headers: bool,
}

impl Toolchain {
    /// Reads the output of `ffmpeg -version`, `ffmpeg -hide_banner -encoders` and `ffmpeg -hide_banner -decoders`, in
    /// this order. The arguments are in [`command`](crate::command): `version_arguments`, `encoders_arguments` and
    /// `decoders_arguments`.
    ///
    /// # Errors
    ///
    /// If the first text isn't ffmpeg's version, the version is older than [`OLDEST_MAJOR`], or ffmpeg has none of
    /// the three AV1 encoders or no software decoder of AV1.
    pub fn parse(version: &str, encoders: &str, decoders: &str) -> Result<Self, ToolchainError> {
        let version = Version::parse("ffmpeg", version)?;
        version.check_age()?;
        let toolchain = Self::with_encoders(version, encoders_in(encoders), false)?;
        if software_decoders_in(decoders).is_empty() {
            return Err(ToolchainError::NoDecoder { found: toolchain.version });
        }
        Ok(toolchain)
    }

    /// The toolchain to assume if no ffmpeg is asked: version 8.0 with all three encoders. A plan that is made with
    /// it says so.
    pub fn assumed() -> Self {
        Self {
            version: Version { major: OLDEST_MAJOR, text: String::from("8.0") },
            encoders: [Encoder::Svt, Encoder::Aom, Encoder::Rav1e].into(),
            assumed: true,
            edits_headers: false,
        }
    }

    /// An assumed toolchain with this major version and these encoders.
    ///
    /// It is for tests, and for programs that know their ffmpeg from elsewhere. A plan that is made with it says that
    /// the toolchain is assumed.
    ///
    /// # Errors
    ///
    /// If `major` is less than [`OLDEST_MAJOR`], or there are no encoders.
    pub fn described(
        major: u32,
        encoders: impl IntoIterator<Item = Encoder>,
    ) -> Result<Self, ToolchainError> {
        let version = Version { major, text: alloc::format!("{major}.0") };
        version.check_age()?;
        Self::with_encoders(version, encoders.into_iter().collect(), true)
    }

    fn with_encoders(
        version: Version,
        encoders: BTreeSet<Encoder>,
        assumed: bool,
    ) -> Result<Self, ToolchainError> {
        if encoders.is_empty() {
            return Err(ToolchainError::NoEncoder { found: version });
        }
        Ok(Self { version, encoders, assumed, edits_headers: false })
    }

    /// Sets whether `mkvextract` and `mkvpropedit` are there, which carry over what ffmpeg can't write into Matroska's
    /// headers (see [`ExpectedHeaders`](crate::plan::ExpectedHeaders)). Without this call they aren't.
    #[must_use]
    pub fn with_header_editor(mut self, is_there: bool) -> Self {
        self.edits_headers = is_there;
        self
    }

    /// Whether `mkvextract` and `mkvpropedit` are there.
    pub fn edits_headers(&self) -> bool {
        self.edits_headers
    }

    /// The version of this ffmpeg.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Whether ffmpeg has this encoder.
    pub fn has(&self, encoder: Encoder) -> bool {
        self.encoders.contains(&encoder)
    }

    /// The AV1 encoders that ffmpeg has, best first.
    pub fn encoders(&self) -> impl Iterator<Item = Encoder> {
        self.encoders.iter().copied()
    }

    /// The encoder to use: `preferred` if ffmpeg has it, otherwise the best that it has (SVT-AV1, libaom, rav1e).
    pub fn choose(&self, preferred: Encoder) -> Encoder {
        if self.has(preferred) {
            return preferred;
        }
        // No constructor accepts an empty set of encoders, so `unwrap_or` never takes effect.
        self.encoders.first().copied().unwrap_or(preferred)
    }

    /// Whether this was made without asking an ffmpeg.
    pub fn is_assumed(&self) -> bool {
        self.assumed
    }
}

/// Why an ffmpeg can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToolchainError {
    /// The output doesn't say which version of ffmpeg it is from.
    #[error("the program does not say which ffmpeg it is (its first line: \"{found}\")")]
    NotFfmpeg {
        /// The beginning of the output's first line, at most 80 characters.
        found: String,
    },
    /// The version is older than [`OLDEST_MAJOR`].
    #[error("ffmpeg {found} is too old: {OLDEST_MAJOR}.0 or newer is needed")]
    TooOld {
        /// The version that was found.
        found: Version,
    },
    /// ffmpeg has none of the three AV1 encoders.
    #[error("ffmpeg {found} has none of the AV1 encoders libsvtav1, libaom-av1 and librav1e")]
    NoEncoder {
        /// The version that was found.
        found: Version,
    },
    /// ffmpeg has no software decoder of AV1, so no result could be checked.
    #[error(
        "ffmpeg {found} can't decode AV1 in software, and every result is read back before its original goes"
    )]
    NoDecoder {
        /// The version that was found.
        found: Version,
    },
}

impl ToolchainError {
    /// What a person can do about it, as a fragment of a sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotFfmpeg { .. } => "set `ffmpeg` in the config to the path of an ffmpeg 8.0 or newer",
            Self::TooOld { .. } => {
                "install ffmpeg 8.0 or newer, or set `ffmpeg` in the config to the path of one that is"
            }
            Self::NoEncoder { .. } => {
                "install an ffmpeg built with --enable-libsvtav1 (best), --enable-libaom or --enable-librav1e"
            }
            Self::NoDecoder { .. } => {
                "install an ffmpeg built with --enable-libdav1d (best) or --enable-libaom"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENCODERS: &str = "Encoders:\n V..... = Video\n ------\n V....D libx264   H.264\n V....D libaom-av1  libaom AV1 \
                            (codec av1)\n V....D librav1e  librav1e AV1 (codec av1)\n V..... libsvtav1  SVT-AV1\n V....D \
                            av1_nvenc  NVENC\n";

    const DECODERS: &str =
        "Decoders:\n V..... = Video\n ------\n V..... libdav1d  dav1d (codec av1)\n V....D av1 AV1\n";

    fn banner(version: &str, libavutil: &str) -> String {
        alloc::format!(
            "ffmpeg version {version} Copyright (c) 2000-2025 the FFmpeg developers\nbuilt with gcc\nlibavutil      \
             {libavutil}.  8.100 / {libavutil}.  8.100\nlibavcodec     62. 11.100 / 62. 11.100\n"
        )
    }

    #[test]
    fn versions_are_read_as_builds_name_them() {
        let table = [
            ("8.0", "60", 8),
            ("n8.0-23-gd1f31a829d", "60", 8),
            ("n8.0-23-gd1f31a829d-20251022", "60", 8),
            ("8.0.1-3ubuntu1", "60", 8),
            ("9.0.2", "61", 9),
            ("10.1", "62", 10),
            ("N-118385-g0225fe857d", "60", 8),
            ("N-121000-gabcdef0123-20261001", "61", 9),
            ("git-2026-01-01-0123abc", "60", 8),
            ("2026-01-01-git-0123abc-full_build", "60", 8),
        ];
        for (version, libavutil, major) in table {
            let toolchain = Toolchain::parse(&banner(version, libavutil), ENCODERS, DECODERS).unwrap();
            assert_eq!(toolchain.version(), &Version { major, text: version.into() }, "{version}");
        }
    }

    #[test]
    fn an_old_ffmpeg_is_refused_with_what_was_found() {
        for (version, libavutil) in [("6.0-static", "58"), ("7.1.1", "59"), ("N-113000-gdeadbeef", "58")] {
            let error = Toolchain::parse(&banner(version, libavutil), ENCODERS, DECODERS).unwrap_err();
            assert!(matches!(&error, ToolchainError::TooOld { found } if found.text == version));
            assert!(alloc::format!("{error}").contains(version));
        }
    }

    #[test]
    fn another_program_is_refused() {
        for text in ["", "sh: not found", "ffmpeg version", "ffmpeg version N-1-gabc\nno libraries"] {
            let error = Toolchain::parse(text, ENCODERS, DECODERS).unwrap_err();
            assert!(matches!(error, ToolchainError::NotFfmpeg { .. }), "{text}");
        }
    }

    #[test]
    fn an_ffmpeg_without_av1_encoders_is_refused() {
        let encoders = " V....D libx264 H.264\n V..... av1_qsv QSV\n";
        let error = Toolchain::parse(&banner("8.0", "60"), encoders, DECODERS).unwrap_err();
        assert!(matches!(error, ToolchainError::NoEncoder { .. }));
    }

    #[test]
    fn an_ffmpeg_that_decodes_av1_with_hardware_only_is_refused() {
        let hardware = " V....D av1  Alliance for Open Media AV1\n V..... av1_cuvid  CUVID (codec av1)\n A....D wmav1 WMA\n";
        for (more, expected) in [
            ("", &[][..]),
            (" V..... libdav1d  dav1d (codec av1)\n", &["libdav1d"]),
            (" V....D libaom-av1  libaom AV1\n V..... libgav1  libgav1\n", &["libaom-av1", "libgav1"]),
        ] {
            let listing = alloc::format!("Decoders:\n V..... = Video\n ------\n{hardware}{more}");
            assert_eq!(software_decoders_in(&listing), expected);
            let toolchain = Toolchain::parse(&banner("8.0", "60"), ENCODERS, &listing);
            match toolchain {
                Ok(_) => assert!(!expected.is_empty(), "{more}"),
                Err(error) => {
                    assert!(
                        matches!(error, ToolchainError::NoDecoder { .. }) && expected.is_empty(),
                        "{more}"
                    );
                }
            }
        }
    }

    #[test]
    fn ffprobe_introduces_itself_likewise() {
        let text = banner("8.0", "60").replace("ffmpeg version", "ffprobe version");
        assert_eq!(Version::parse("ffprobe", &text).unwrap().major, 8);
        assert!(Version::parse("ffmpeg", &text).is_err());
    }

    #[test]
    fn the_preferred_encoder_is_chosen_if_available_otherwise_the_best() {
        use Encoder::{Aom, Rav1e, Svt};
        let table: [(&[Encoder], Encoder, Encoder); 6] = [
            (&[Svt, Aom, Rav1e], Svt, Svt),
            (&[Svt, Aom, Rav1e], Rav1e, Rav1e),
            (&[Aom, Rav1e], Svt, Aom),
            (&[Rav1e], Svt, Rav1e),
            (&[Svt, Rav1e], Aom, Svt),
            (&[Aom, Rav1e], Aom, Aom),
        ];
        for (there, preferred, chosen) in table {
            let toolchain = Toolchain::described(8, there.iter().copied()).unwrap();
            assert_eq!(toolchain.choose(preferred), chosen, "{there:?} {preferred:?}");
        }
    }
}
