//! What ffmpeg prints while it decodes a file.

use alloc::string::String;

use super::Defect;
use crate::plan::StreamType;
use crate::probe::{damage_in, is_error};

/// What ffmpeg prints if it has no decoder for AV1, or only one that needs a graphics card.
const MISSING_DECODER: [&str; 2] =
    ["doesn't support hardware accelerated AV1 decoding", "no decoder found for: av1"];

/// Errors that ffmpeg also prints about undamaged files. The null muxer, which discards everything, complains of
/// timestamps that a real muxer would correct. The Opus parser tries to parse a track's header as if it were a packet
/// (ffmpeg 8.0, Matroska and WebM). Ignoring its message hides no damage, because the Opus decoder words its errors
/// differently.
const HARMLESS: [&str; 2] = ["[null @", "Error parsing Opus packet header"];

/// What kept filters say in a warning when the size, the format or the range of pictures changes (ffmpeg 8.0).
const CHANGING_PICTURE: &str = "Changing video frame properties on the fly";

/// Whether a line of ffmpeg's log, printed with levels, is a complaint of a decoder or a demuxer.
fn is_complaint(line: &str) -> bool {
    (is_error(line) && !HARMLESS.iter().any(|words| line.contains(words)))
        || line.contains(CHANGING_PICTURE)
        || damage_in(line)
}

/// Whether the line says that this ffmpeg can't decode AV1 at all.
fn lacks_decoder(line: &str) -> bool {
    MISSING_DECODER.iter().any(|phrase| line.contains(phrase))
}

/// What ffmpeg complained of while it decoded a file. Add every line of its standard error and its exit code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Complaints {
    count: u64,
    first: Option<String>,
    lacks_decoder: bool,
}

impl Complaints {
    /// Adds a line of ffmpeg's standard error. A line that isn't a complaint is ignored.
    pub fn add_line(&mut self, line: &str) {
        self.lacks_decoder |= lacks_decoder(line);
        if is_complaint(line) {
            self.add(line.trim().into());
        }
    }

    /// Adds ffmpeg's exit code. Any other than 0 is a complaint.
    pub fn add_exit(&mut self, code: i32) {
        if code != 0 {
            self.add(alloc::format!("ffmpeg ended with exit code {code}"));
        }
    }

    fn add(&mut self, line: String) {
        self.count += 1;
        self.first.get_or_insert(line);
    }

    /// Whether ffmpeg complained of nothing.
    pub fn is_empty(&self) -> bool {
        self.count == 0 && !self.lacks_decoder
    }

    /// Whether this ffmpeg can't decode AV1 at all. In that case the complaints say nothing about the file.
    pub fn lacks_decoder(&self) -> bool {
        self.lacks_decoder
    }

    /// The defect of a result if these are the complaints of decoding its video; `None` if there are no complaints.
    pub fn in_picture(self) -> Option<Defect> {
        self.first.map(|line| Defect::DecodeError { kind: StreamType::Video, line })
    }

    /// The defect of a result if these are the complaints of decoding its audio, and `source` those of decoding the
    /// same streams of the source. A copied stream causes the same complaints in both files, so only more complaints
    /// than before are a defect; otherwise `None`.
    pub fn in_sound(self, source: &Self) -> Option<Defect> {
        let line = self.first.filter(|_| self.count > source.count);
        line.map(|line| Defect::DecodeError { kind: StreamType::Audio, line })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(lines: &[&str]) -> Complaints {
        let mut complaints = Complaints::default();
        for line in lines {
            complaints.add_line(line);
        }
        complaints
    }

    #[test]
    fn the_first_complaint_is_reported_unless_the_source_has_as_many() {
        let two = || complaints(&["[a] [error] one", "[a] [info] nothing", "[a] [error] two"]);
        let defect = |kind| Some(Defect::DecodeError { kind, line: "[a] [error] one".into() });
        assert_eq!(two().in_picture(), defect(StreamType::Video));
        assert_eq!(complaints(&["[a] [info] nothing"]).in_picture(), None);
        assert_eq!(two().in_sound(&complaints(&["[a] [error] three"])), defect(StreamType::Audio));
        assert_eq!(two().in_sound(&two()), None);
    }

    #[test]
    fn a_failed_ffmpeg_and_a_missing_decoder_are_noticed() {
        let mut failed = Complaints::default();
        failed.add_exit(0);
        assert_eq!(failed, Complaints::default());
        failed.add_exit(69);
        let line = String::from("ffmpeg ended with exit code 69");
        assert_eq!(failed.in_picture(), Some(Defect::DecodeError { kind: StreamType::Video, line }));
        let hardware = "[av1 @ 0x1] [error] Your platform doesn't support hardware accelerated AV1 decoding.";
        assert!(complaints(&[hardware]).lacks_decoder() && !complaints(&["[a] [error] x"]).lacks_decoder());
    }

    #[test]
    fn errors_are_complaints_except_harmless_ones() {
        let table = [
            ("[vist#0:0/av1 @ 0x1] [dec:libdav1d @ 0x2] [error] Decoding error: Invalid data found", true),
            ("[matroska,webm @ 0x1] [error] File ended prematurely at pos. 3 (0x3)", true),
            ("[matroska,webm @ 0x1] [warning] File ended prematurely", true),
            ("[aac @ 0x1] [warning] Could not update timestamps for skipped samples.", false),
            ("[null @ 0x1] [error] Application provided invalid, non monotonically increasing dts", false),
            ("[opus @ 0x1] [error] Error parsing Opus packet header.", false),
            ("[opus @ 0x1] [error] Error parsing the packet header.", true),
            (
                "[graph -1 input from stream 0:0 @ 0x1] [warning] Changing video frame properties on the fly is not",
                true,
            ),
            ("", false),
        ];
        for (line, complaint) in table {
            assert_eq!(is_complaint(line), complaint, "{line}");
        }
    }
}
