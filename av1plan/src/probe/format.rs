//! The file formats that ffmpeg may read, and how to learn the format of a file that it may not.

use alloc::string::String;

/// The demuxers that may read a film: each reads one file and opens no other. Playlists, concat scripts and image
/// sequences name further files, and must never be here.
///
/// Most raw streams (H.264, HEVC, VC-1) aren't here either: they have no timestamps, and often no frame rate, so that
/// nobody could say whether a result shows each frame at the right time. A raw MPEG-2 stream always has a frame rate.
pub(crate) const FORMAT_WHITELIST: &str =
    "matroska,webm,mov,mp4,avi,mpegts,mpeg,mpegvideo,asf,flv,ogg,rm,mxf,dv,wtv,ivf";

/// Whether films of this format are read. `names` are those of ffmpeg's demuxer, as ffprobe prints them:
/// `mov,mp4,m4a,3gp,3g2,mj2`.
pub(crate) fn takes_format(names: &str) -> bool {
    names.split(',').any(|name| FORMAT_WHITELIST.split(',').any(|taken| taken == name))
}

/// Whether ffprobe's complaints say that it may not read a file because of the file's format.
pub fn is_refused_format(complaints: &str) -> bool {
    complaints.contains(REFUSAL)
}

/// What ffprobe prints when it refuses a format.
const REFUSAL: &str = "Format not on whitelist";

/// The format of a file that ffprobe refused, as its name of the demuxer: `hls`. `complaints` is what ffprobe printed
/// to standard error with the arguments of [`command::format_probe_arguments`](crate::command::format_probe_arguments).
///
/// `None` if ffprobe refused the file for another reason, or hardly recognized the format: then the file may as well be
/// damaged.
pub fn refused_format(complaints: &str) -> Option<String> {
    let before = complaints.split_once(REFUSAL)?.0;
    let (name, score) = before.lines().rev().find_map(recognized)?;
    (score > MISDETECTION_POSSIBLE && !takes_format(name)).then(|| String::from(name))
}

/// ffmpeg's score for formats that it may have taken for others (`AVPROBE_SCORE_RETRY`); sure ones have 100.
const MISDETECTION_POSSIBLE: u32 = 25;

/// Reads `[hls @ 0x55b0d02d6040] Format hls probed with size=2048 and score=100`.
fn recognized(line: &str) -> Option<(&str, u32)> {
    let (_, format) = line.split_once("] Format ")?;
    let (name, rest) = format.split_once(" probed with size=")?;
    let (_, score) = rest.split_once(" and score=")?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ',' | '-' | '.');
    let name = Some(name).filter(|name| !name.is_empty() && name.chars().all(is_name))?;
    Some((name, score.trim_end().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn a_refused_format_is_named_if_ffprobe_is_sure_of_it() {
        let said = |name: &str, score: u32| {
            format!(
                "Adding 'format_name' to the entries to show in section 'format'\n\
                 [{name} @ 0x55b0d02d6040] Opening 'file:Film.mkv' for reading\n\
                 [{name} @ 0x55b0d02d6040] Format {name} probed with size=2048 and score={score}\n\
                 [{name} @ 0x55b0d02d6040] Format not on whitelist '{FORMAT_WHITELIST}'\n\
                 file:Film.mkv: Invalid argument\n"
            )
        };
        for (name, score, named) in [
            ("hls", 100, Some("hls")),
            ("yuv4mpegpipe", 100, Some("yuv4mpegpipe")),
            ("h264", 51, Some("h264")),
            ("mp3", 25, None),
            ("mp3", 1, None),
            ("", 100, None),
            ("hls\u{1b}[2J", 100, None),
        ] {
            assert_eq!(refused_format(&said(name, score)).as_deref(), named, "{name} {score}");
            assert!(is_refused_format(&said(name, score)));
        }
        let damaged =
            "[mpegts @ 0x1] Format mpegts probed with size=2048 and score=50\nfile:a.ts: Invalid data found";
        for complaints in [
            "",
            damaged,
            "Format not on whitelist 'x'",
            "[x] Format x probed with size=1\nFormat not on whitelist",
        ] {
            assert_eq!(refused_format(complaints), None, "{complaints:?}");
        }
    }

    #[test]
    fn no_format_that_opens_other_files_is_read() {
        for names in [
            "hls",
            "dash",
            "concat",
            "image2",
            "imf",
            "lavfi",
            "tedcaptions",
            "webm_dash_manifest",
            "sdp",
            "rtsp",
            "",
        ] {
            assert!(!takes_format(names), "{names}");
        }
        for names in ["matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "rm", "mpegvideo"] {
            assert!(takes_format(names), "{names}");
        }
    }
}
