//! What ffmpeg and ffprobe print about a damaged file.

/// Phrases that ffmpeg prints about a source whose data ends early or can't be read; it exits with 0 all the same.
/// The phrases of single containers and decoders were found by damaging films in many ways (`make fuzz-media`, ffmpeg
/// 8.0).
const DAMAGE: [&str; 26] = [
    "unavailable for requested intra",
    "error while decoding MB",
    "File ended prematurely",
    "Read error",
    "Error during demuxing",
    "partial file",
    "concealing",
    "corrupt",
    // The demuxer of Matroska and WebM.
    "exceeds containing master element",
    "invalid as first byte of an EBML number",
    "indicated by an EBML number's first byte",
    "Invalid track number",
    "inside parent with finite size",
    // The demuxer of transport streams, which then tells ffprobe that the file has ended, and ffmpeg that it may go on.
    LOST_SYNC,
    // The demuxer of MXF.
    "edit unit sync lost",
    // The demuxer of MP4 and QuickTime.
    "not at top-level",
    // The demuxer of WMV's container (ASF): a packet without its header, and impossible lengths.
    "ff asf bad header",
    "packet_obj_size",
    "invalid padsize",
    "invalid packet header length",
    // The decoders of WMV's video and of older variants of MPEG-4.
    "dc overflow",
    "ignoring overflow",
    // The decoder of Motion JPEG.
    "error count: ",
    "decode_sos: invalid",
    "error y=",
    "error dc",
];

/// What the demuxer of transport streams prints about a hole in which it finds no packet for 64 KiB.
pub(super) const LOST_SYNC: &str = "max resync size reached";

/// Whether a line of ffmpeg's log, printed with levels (`-loglevel level+...`), says that the source is damaged. Only
/// warnings and errors count.
pub fn damage_in(line: &str) -> bool {
    let (level, message) = parts(line);
    let counts = matches!(level, Some("warning" | "error" | "fatal"));
    counts && DAMAGE.iter().any(|phrase| message.contains(phrase))
}

/// Whether a line of ffmpeg's log, printed with levels, is an error.
pub fn is_error(line: &str) -> bool {
    matches!(parts(line).0, Some("error" | "fatal"))
}

/// What a line of ffmpeg's says, without the part of ffmpeg that says it, its address in memory and the level:
/// `[matroska,webm @ 0x55] [error] File ended prematurely` becomes `File ended prematurely`.
pub fn message_of(line: &str) -> &str {
    parts(line).1
}

/// The level and the message of a line. The message may contain anything, since ffmpeg also prints file names and tags:
/// only what is in brackets at the start of the line is ffmpeg's own.
fn parts(line: &str) -> (Option<&str>, &str) {
    const LEVELS: [&str; 8] = ["panic", "fatal", "error", "warning", "info", "verbose", "debug", "trace"];
    let mut rest = line.trim();
    while let Some((name, behind)) = rest.strip_prefix('[').and_then(|inside| inside.split_once("] ")) {
        rest = behind.trim_start();
        if LEVELS.contains(&name) {
            return (Some(name), rest);
        }
    }
    (None, rest)
}

#[cfg(test)]
mod tests {
    use super::{damage_in, is_error, message_of};

    #[test]
    fn a_message_is_what_is_behind_the_brackets() {
        let table = [
            ("[matroska,webm @ 0x5] [error] File ended prematurely", "File ended prematurely"),
            (
                "[vist#0:0/av1 @ 0x1] [dec:libdav1d @ 0x2] [error] Decoding error: [x] y",
                "Decoding error: [x] y",
            ),
            ("ffmpeg ended with exit code 69", "ffmpeg ended with exit code 69"),
            ("[x", "[x"),
            ("", ""),
        ];
        for (line, message) in table {
            assert_eq!(message_of(line), message, "{line}");
        }
    }

    #[test]
    fn a_title_that_reads_like_an_error_is_none() {
        let title = "[info]     title           : [h264 @ 0x5] [error] File ended prematurely";
        assert!(!is_error(title) && !damage_in(title));
        let line = "[h264 @ 0x5] [error] File ended prematurely";
        assert!(is_error(line) && damage_in(line));
    }

    /// Lines that ffmpeg 8.0 printed, of damaged films and of whole ones.
    #[test]
    fn what_ffmpeg_says_of_a_damaged_film() {
        let table = [
            ("[wmv2 @ 0x55] [error] dc overflow- block: 0 qscale: 2//", true),
            ("[wmv2 @ 0x55] [error] ignoring overflow at 6 0", true),
            ("[h264 @ 0x55] [error] left block unavailable for requested intra mode", true),
            ("[mjpeg @ 0x55] [error] error count: 64", true),
            ("[mjpeg @ 0x55] [error] decode_sos: invalid len (165)", true),
            ("[mov,mp4,m4a,3gp,3g2,mj2 @ 0x5] [warning] Broken file, trak/mdat not at top-level", true),
            (
                "[matroska,webm @ 0x5] [error] Length 5 indicated by an EBML number's first byte 0x0b at pos 242817 \
                 (0x3b481) exceeds max length 4.",
                true,
            ),
            ("[mjpeg @ 0x55] [error] error y=5 x=3", true),
            ("[asf @ 0x55] [error] ff asf bad header 0  at:1156775", true),
            ("[asf @ 0x55] [error] packet_obj_size 1133406229 invalid", true),
            (
                "[matroska,webm @ 0x55] [error] 0x00 at pos 202 (0xca) invalid as first byte of an EBML number",
                true,
            ),
            (
                "[matroska,webm @ 0x55] [error] Element at 0x5f8dc ending at 0x9e7df exceeds containing master \
                 element ending at 0x7a177",
                true,
            ),
            ("[matroska,webm @ 0x55] [error] File ended prematurely at pos. 6969 (0x1b39)", true),
            // ffmpeg prints this at the end of every Opus stream.
            ("[opus @ 0x55] [error] Error parsing Opus packet header.", false),
            // A file name or a tag may contain any text.
            ("[in#0 @ 0x55] [info] Input #0, matroska,webm, from 'file:/films/dc overflow.mkv':", false),
        ];
        for (line, damaged) in table {
            assert_eq!(damage_in(line), damaged, "{line}");
        }
    }
}
