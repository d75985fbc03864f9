//! Puts the paths of real files into arguments.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Arg, Audience, arguments};
use crate::plan::EncodePlan;

/// The file whose path an argument stands for. The enum is exhaustive: every caller must have a path for each, so a
/// new variant comes with a new major version of this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Placeholder {
    /// The file that is read: the source of an encode, or the file that is checked.
    Input,
    /// The file that is written.
    Output,
    /// The original, if a result is compared with it and is the input.
    Original,
    /// The file to which ffmpeg writes the timestamp of each frame that goes into the encoder, one on each line, for
    /// [`frame_time`](crate::judge::frame_time).
    FrameTimes,
    /// The XML file with chapters, for mkvextract and mkvpropedit.
    Chapters,
    /// The XML file with tags, for mkvpropedit.
    Tags,
}

/// The prefix that makes ffmpeg take the rest of an argument as the path of a plain file. After it an absolute path
/// may contain any byte.
const FILE_PROTOCOL: &str = "file:";

/// Replaces the placeholders in `args` by paths, so that the arguments can be passed to a program. `path` returns the
/// path for each placeholder. `P` is the caller's type for paths: `OsStr` gives a list of `OsString`, `str` a list of
/// `String`.
///
/// ```
/// use std::ffi::OsStr;
/// use av1plan::command::{bind, probe_arguments};
/// use av1plan::probe::ProbeDepth;
///
/// let film = OsStr::new("/films/Film.mkv");
/// let arguments = bind(&probe_arguments(ProbeDepth::Usual), |_| film);
/// assert_eq!(arguments.last().unwrap(), "file:/films/Film.mkv");
/// ```
pub fn bind<'a, P>(args: &[Arg], path: impl Fn(Placeholder) -> &'a P) -> Vec<P::Owned>
where
    P: ?Sized + ToOwned + 'a,
    P::Owned: From<String> + Extend<&'a P>,
{
    let bound = args.iter().map(|arg| match arg {
        Arg::Text(text) => P::Owned::from(text.clone().into_owned()),
        Arg::File(file) => prefixed(FILE_PROTOCOL, path(*file)),
        Arg::Path(prefix, file) => prefixed(prefix, path(*file)),
    });
    bound.collect()
}

fn prefixed<'a, P>(prefix: &str, path: &'a P) -> P::Owned
where
    P: ?Sized + ToOwned + 'a,
    P::Owned: From<String> + Extend<&'a P>,
{
    let mut argument = P::Owned::from(String::from(prefix));
    argument.extend([path]);
    argument
}

/// The arguments with which ffmpeg (without its own name) carries out `plan`, for a person, or for a program that
/// only waits for the end of the encode. A program that judges the result needs [`arguments`] with
/// [`Audience::Program`].
///
/// ```
/// # let probe = av1plan::MediaProbe::from_json(br#"{"streams":
/// #     [{"codec_type": "video", "codec_name": "h264", "width": 1920, "height": 1080}]}"#)?;
/// # let file = av1plan::FileFacts::new("Film.mkv", 8 << 30);
/// # let source = av1plan::Source::new(&file, &probe);
/// # let toolchain = av1plan::Toolchain::assumed();
/// # let av1plan::Verdict::Encode(plan) = av1plan::plan(&source, &toolchain, &av1plan::Config::default())
/// #     else { panic!("it is skipped") };
/// use std::ffi::OsStr;
/// use av1plan::command::render;
///
/// let (film, result) = (OsStr::new("/films/Film.mkv"), OsStr::new("/films/Film.av1.mkv"));
/// let mut ffmpeg = std::process::Command::new("ffmpeg");
/// ffmpeg.args(render(&plan, film, result));
/// # Ok::<(), av1plan::probe::ProbeError>(())
/// ```
pub fn render<'a, P>(plan: &EncodePlan, input: &'a P, output: &'a P) -> Vec<P::Owned>
where
    P: ?Sized + ToOwned + 'a,
    P::Owned: From<String> + Extend<&'a P>,
{
    bind(&arguments(plan, Audience::Person), |file| match file {
        Placeholder::Input | Placeholder::Original => input,
        // A command for a person writes no frame times, and ffmpeg reads no XML.
        Placeholder::Output | Placeholder::FrameTimes | Placeholder::Chapters | Placeholder::Tags => output,
    })
}
