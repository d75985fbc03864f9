//! File name extensions.

use alloc::borrow::Borrow;
use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

/// A file name extension, in lower case and without the dot: `mkv`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Extension(String);

impl Extension {
    /// The extension `text`, which may be in any case and begin with a dot: `.MKV`.
    ///
    /// # Errors
    ///
    /// If it isn't made of letters and digits.
    pub fn new(text: &str) -> Result<Self, InvalidExtension> {
        let bare = text.strip_prefix('.').unwrap_or(text);
        // The lower case of a letter may be one with a mark behind it.
        let lower = bare.to_lowercase();
        if lower.is_empty() || !lower.chars().all(char::is_alphanumeric) {
            return Err(InvalidExtension);
        }
        Ok(Self(lower))
    }

    /// Why files with this extension can't be taken, and what can be done about it, if that is known.
    pub fn obstacle(&self) -> Option<Obstacle> {
        OBSTACLES
            .iter()
            .find(|(extensions, _)| extensions.contains(&self.as_str()))
            .map(|(_, obstacle)| *obstacle)
    }

    /// Whether films are known to have this extension: those of the default config, and others of formats that are
    /// read.
    pub fn is_known(&self) -> bool {
        super::EXTENSIONS.contains(&self.as_str()) || OTHERS.contains(&self.as_str())
    }

    /// The extension as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why files with an extension can't be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Obstacle {
    /// What such a file is.
    pub what: &'static str,
    /// What a person can do.
    pub remedy: &'static str,
}

/// Extensions that aren't in the default config, of files whose formats are read.
const OTHERS: [&str; 24] = [
    "divx", "dv", "evo", "f4p", "ismv", "ivf", "m1v", "m2p", "m2t", "m2v", "mk3d", "mod", "mp2v", "mpe",
    "mpv", "mqv", "mxf", "ogg", "ogx", "qt", "rec", "tod", "tp", "trp",
];

/// Extensions of files that are no films in themselves, and of formats that can't be taken.
const OBSTACLES: [(&[&str], Obstacle); 7] = [
    (
        &["iso", "img", "bin", "nrg", "mdf"],
        Obstacle { what: "an image of a disc", remedy: "rip the films from it, with MakeMKV for example" },
    ),
    (
        &["bdmv", "bup", "clpi", "ifo", "mpls"],
        Obstacle {
            what: "the index of a disc",
            remedy: "list `m2ts` or `vob`, or rip the disc into one file a film",
        },
    ),
    (
        &["asx", "ffconcat", "m3u", "m3u8", "mpd", "pls", "ram", "strm", "xspf"],
        Obstacle {
            what: "a playlist, which names other files",
            remedy: "list the extensions of those files",
        },
    ),
    (
        &["264", "265", "avc", "h264", "h265", "hevc", "obu", "vc1", "yuv"],
        Obstacle {
            what: "a raw stream without timestamps",
            remedy: "remux such files into Matroska, with mkvmerge for example",
        },
    ),
    (
        &["amv", "bik", "gxf", "mve", "nsv", "nut", "pva", "roq", "smk", "swf", "y4m"],
        Obstacle {
            what: "in a format that isn't read",
            remedy: "remux such files into Matroska, with ffmpeg for example",
        },
    ),
    (
        &["apng", "bmp", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp"],
        Obstacle { what: "a picture", remedy: "take it from the list" },
    ),
    (
        &[
            "aac", "ac3", "ass", "dts", "eac3", "flac", "idx", "m4a", "mka", "mks", "mp3", "nfo", "opus",
            "srt", "ssa", "sub", "sup", "txt", "vtt", "wav", "wma",
        ],
        Obstacle { what: "no video", remedy: "take it from the list" },
    ),
];

impl Borrow<str> for Extension {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Extension {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Extension> for String {
    fn from(extension: Extension) -> Self {
        extension.0
    }
}

impl TryFrom<String> for Extension {
    type Error = InvalidExtension;

    fn try_from(text: String) -> Result<Self, InvalidExtension> {
        Self::new(&text)
    }
}

/// The text isn't a file name extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a file name extension is made of letters and digits, like \"mkv\"")]
pub struct InvalidExtension;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_taken_has_a_reason_and_no_default_has_one() {
        let what = |text: &str| Extension::new(text).ok()?.obstacle().map(|obstacle| obstacle.what);
        assert_eq!(what("ISO"), Some("an image of a disc"));
        assert_eq!(what("m3u8"), Some("a playlist, which names other files"));
        assert_eq!(what("mpls"), Some("the index of a disc"));
        assert_eq!(what("gif"), Some("a picture"));
        for taken in ["mxf", "dv", "ivf", "m2v", "mpv", "divx", "unheardof"] {
            assert_eq!(what(taken), None, "{taken}");
        }
        assert!(
            super::super::Config::default().extensions.iter().all(|extension| extension.obstacle().is_none())
        );
    }

    #[test]
    fn what_is_known_is_taken_and_the_rest_is_either_hopeless_or_unheard_of() {
        let is_known = |text: &str| Extension::new(text).unwrap().is_known();
        for text in super::super::EXTENSIONS.iter().chain(&OTHERS) {
            let extension = Extension::new(text).unwrap();
            assert!(extension.is_known() && extension.obstacle().is_none(), "{text}");
        }
        for (text, known) in [("MKV", true), (".mxf", true), ("iso", false), ("foo", false), ("mvk", false)] {
            assert_eq!(is_known(text), known, "{text}");
        }
    }

    #[test]
    fn an_extension_is_letters_and_digits_in_any_case() {
        for text in ["mkv", "MKV", ".mkv"] {
            assert_eq!(Extension::new(text).map(String::from), Ok("mkv".into()), "{text}");
        }
        for text in ["", ".", "..mkv", "*.mkv", "mp4 ", "a/b", "\u{130}"] {
            assert_eq!(Extension::new(text), Err(InvalidExtension), "{text:?}");
        }
    }
}
