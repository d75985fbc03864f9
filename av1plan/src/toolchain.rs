//! The ffmpeg that a plan is made for: its version and what it can do, read from its own output.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::plan::Encoder;

/// The oldest major version of ffmpeg that the commands of this crate are made for.
pub const OLDEST_MAJOR: u32 = 8;

/// ffmpeg's software decoders of AV1. All others need hardware, as does ffmpeg's own decoder `av1`.
const SOFTWARE_DECODERS: [&str; 4] = ["libdav1d", "libgav1", "libaom-av1", "libaom"];

/// An ffmpeg that can be used: it is new enough, has at least one AV1 encoder, and can decode AV1.
///
/// This is an input of planning; the crate itself never looks for programs. Only [`Toolchain::parse`],
/// [`Toolchain::assumed`] and [`Toolchain::described`] make one, so a plan can rely on what the type promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    version: Version,
    encoders: BTreeSet<Encoder>,
    assumed: bool,
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
        Ok(Self { version, encoders, assumed })
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

/// The version of ffmpeg or ffprobe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The major version: 8 of `8.0.1`. For a git build it is derived from the version of its `libavutil`.
    pub major: u32,
    /// The version as the program prints it: `n8.0-23-gd1f31a829d`.
    pub text: String,
}

/// The difference between `libavutil`'s major version and ffmpeg's: 60 belongs to 8.0, 59 to 7.0, 58 to 6.0.
const LIBAVUTIL_AHEAD: u32 = 52;

impl Version {
    /// Reads the output of `-version`. `program` is `"ffmpeg"` or `"ffprobe"`, whichever printed it.
    ///
    /// # Errors
    ///
    /// [`ToolchainError::NotFfmpeg`] if the output doesn't begin like that program's, or has no version that can be
    /// read.
    pub fn parse(program: &str, output: &str) -> Result<Self, ToolchainError> {
        let first = output.lines().next().unwrap_or_default();
        let text = first.strip_prefix(program).and_then(|rest| rest.strip_prefix(" version "));
        let Some(text) = text.and_then(|rest| rest.split_whitespace().next()) else {
            return Err(ToolchainError::NotFfmpeg { found: excerpt(first) });
        };
        let major = release_major(text).or_else(|| libavutil_major(output)?.checked_sub(LIBAVUTIL_AHEAD));
        match major {
            Some(major) => Ok(Self { major, text: String::from(text) }),
            None => Err(ToolchainError::NotFfmpeg { found: excerpt(first) }),
        }
    }

    /// Checks that the version isn't older than [`OLDEST_MAJOR`].
    ///
    /// # Errors
    ///
    /// [`ToolchainError::TooOld`] if it is older.
    pub fn check_age(&self) -> Result<(), ToolchainError> {
        if self.major < OLDEST_MAJOR {
            return Err(ToolchainError::TooOld { found: self.clone() });
        }
        Ok(())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The major version of a release: 8 of `8.0`, `8.0.1-3ubuntu1` and `n8.0-23-gd1f31a829d`. `None` for a git build
/// (`N-118385-g...`, `git-2026-01-01-...`).
fn release_major(version: &str) -> Option<u32> {
    let digits = version.strip_prefix('n').unwrap_or(version);
    let end = digits.find(|c: char| !c.is_ascii_digit())?;
    let (major, rest) = digits.split_at(end);
    rest.starts_with('.').then(|| major.parse().ok())?
}

/// The major version of `libavutil`: 60 of the line `libavutil      60.  8.100 / 60.  8.100`.
fn libavutil_major(output: &str) -> Option<u32> {
    let line = output.lines().find_map(|line| line.trim_start().strip_prefix("libavutil"))?;
    line.split('.').next()?.trim().parse().ok()
}

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

fn excerpt(line: &str) -> String {
    line.chars().filter(|c| !c.is_control()).take(80).collect()
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
    fn filters_are_found_by_their_whole_name() {
        let listing =
            "Filters:\n  T. = Timeline support\n .. libvmaf VV->V VMAF.\n .. vmafmotion V->V Motion.\n";
        assert!(has_filter(listing, "libvmaf"));
        assert!(!has_filter(listing, "vmaf") && !has_filter(listing, "xpsnr"));
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
