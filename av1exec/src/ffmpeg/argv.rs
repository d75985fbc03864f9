//! Replaces the placeholders in ffmpeg's and ffprobe's arguments by real paths, right before a program is started.

use std::ffi::OsString;
use std::path::Path;

use av1plan::command::Arg;

/// ffmpeg's protocol for plain files. An absolute path after it may contain any byte.
const FILE_PROTOCOL: &str = "file:";

/// Replaces the placeholders by the input and output paths, which should be absolute.
pub fn bind(args: Vec<Arg>, input: &Path, output: &Path) -> Vec<OsString> {
    bind_run(args, input, output, Path::new(""))
}

/// Like [`bind`], for arguments that compare a result with its original.
pub fn bind_pair(args: Vec<Arg>, result: &Path, original: &Path) -> Vec<OsString> {
    bind_all(args, &Paths { input: result, original, ..Paths::default() })
}

/// Like [`bind`], for arguments with a third path: the file into which ffmpeg writes the frame times.
pub fn bind_run(args: Vec<Arg>, input: &Path, output: &Path, frame_times: &Path) -> Vec<OsString> {
    bind_all(args, &Paths { input, output, frame_times, ..Paths::default() })
}

/// The paths that replace the placeholders.
struct Paths<'a> {
    input: &'a Path,
    output: &'a Path,
    original: &'a Path,
    frame_times: &'a Path,
}

impl Default for Paths<'_> {
    fn default() -> Self {
        let none = Path::new("");
        Self { input: none, output: none, original: none, frame_times: none }
    }
}

fn bind_all(args: Vec<Arg>, paths: &Paths<'_>) -> Vec<OsString> {
    let file = |path: &Path| {
        let mut argument = OsString::from(FILE_PROTOCOL);
        argument.push(path);
        argument
    };
    let bound = args.into_iter().map(|arg| match arg {
        Arg::Text(text) => OsString::from(text.into_owned()),
        Arg::Input => file(paths.input),
        Arg::Output => file(paths.output),
        Arg::Original => file(paths.original),
        Arg::FrameTimes => file(paths.frame_times),
    });
    bound.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};

    #[test]
    fn paths_keep_their_bytes_behind_the_protocol() {
        let input = OsString::from_vec(b"/films/-a:b %03d\n\xff.mkv".to_vec());
        let bound =
            bind(vec![Arg::from("-i"), Arg::Input, Arg::Output], Path::new(&input), Path::new("/out"));
        assert_eq!(bound[1].as_bytes(), b"file:/films/-a:b %03d\n\xff.mkv");
        assert_eq!(bound[2], "file:/out");
    }
}
