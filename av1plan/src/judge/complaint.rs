//! What ffmpeg says while it decodes a result.

use super::damage_in;

/// What ffmpeg says where it has no decoder for AV1, or only one that needs a graphics card.
const MISSING_DECODER: [&str; 2] =
    ["doesn't support hardware accelerated AV1 decoding", "no decoder found for: av1"];

/// What ffmpeg says, as errors, of files that are well: the muxer that throws everything away complains of timestamps that a
/// real one would have to mend, and the parser of Opus of a track's header, which it takes for a packet (8.0, Matroska and
/// WebM). The decoder of Opus has other words.
const HARMLESS: [&str; 2] = ["[null @", "Error parsing Opus packet header"];

/// Whether a line of ffmpeg's log, printed with levels, is a decoder's or a demuxer's complaint.
pub fn is_complaint(line: &str) -> bool {
    let is_error = line.contains("[error] ") || line.contains("[fatal] ");
    (is_error && !HARMLESS.iter().any(|words| line.contains(words))) || damage_in(line)
}

/// Whether a line says that this ffmpeg can't decode AV1 at all, which says nothing of the result.
pub fn lacks_decoder(line: &str) -> bool {
    MISSING_DECODER.iter().any(|phrase| line.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_complaints_and_what_concerns_no_decoder_is_none() {
        let table = [
            ("[vist#0:0/av1 @ 0x1] [dec:libdav1d @ 0x2] [error] Decoding error: Invalid data found", true),
            ("[matroska,webm @ 0x1] [error] File ended prematurely at pos. 3 (0x3)", true),
            ("[matroska,webm @ 0x1] [warning] File ended prematurely", true),
            ("[aac @ 0x1] [warning] Could not update timestamps for skipped samples.", false),
            ("[null @ 0x1] [error] Application provided invalid, non monotonically increasing dts", false),
            ("[opus @ 0x1] [error] Error parsing Opus packet header.", false),
            ("[opus @ 0x1] [error] Error parsing the packet header.", true),
            ("", false),
        ];
        for (line, complaint) in table {
            assert_eq!(is_complaint(line), complaint, "{line}");
        }
    }
}
