//! Replaces the placeholders in ffmpeg's and ffprobe's arguments by real paths, right before a program is started.

use std::ffi::OsString;
use std::path::Path;

use av1plan::command::{self, Arg, Placeholder};

/// Replaces the placeholders by the input and output paths, which should be absolute.
pub fn bind(args: &[Arg], input: &Path, output: &Path) -> Vec<OsString> {
    bind_run(args, input, output, Path::new(""))
}

/// Like [`bind`], for arguments that compare a result with its original.
pub fn bind_pair(args: &[Arg], result: &Path, original: &Path) -> Vec<OsString> {
    command::bind(args, |file| match file {
        Placeholder::Input => result.as_os_str(),
        Placeholder::Original => original.as_os_str(),
        Placeholder::Output | Placeholder::FrameTimes | Placeholder::Chapters | Placeholder::Tags => {
            Path::new("").as_os_str()
        }
    })
}

/// Like [`bind`], for arguments with a third path: the file into which ffmpeg writes the frame times.
pub fn bind_run(args: &[Arg], input: &Path, output: &Path, frame_times: &Path) -> Vec<OsString> {
    command::bind(args, |file| match file {
        Placeholder::Input | Placeholder::Original => input.as_os_str(),
        Placeholder::Output => output.as_os_str(),
        Placeholder::FrameTimes => frame_times.as_os_str(),
        Placeholder::Chapters | Placeholder::Tags => Path::new("").as_os_str(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};

    #[test]
    fn paths_keep_their_bytes_behind_the_protocol() {
        let input = OsString::from_vec(b"/films/-a:b %03d\n\xff.mkv".to_vec());
        let args = [Arg::from("-i"), Arg::File(Placeholder::Input), Arg::File(Placeholder::Output)];
        let bound = bind(&args, Path::new(&input), Path::new("/out"));
        assert_eq!(bound[1].as_bytes(), b"file:/films/-a:b %03d\n\xff.mkv");
        assert_eq!(bound[2], "file:/out");
    }
}
