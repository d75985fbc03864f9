//! Tries out each encoder on two seconds of a test picture that ffmpeg generates, with the arguments that the
//! planner would choose.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use av1plan::command::{TrialPicture, decode_video_arguments, trial_arguments};
use av1plan::plan::Encoder;
use av1plan::probe::FileFacts;
use av1plan::{Config, MediaProbe, Source, Toolchain, Verdict};

use super::check::{Check, Code};
use super::folder::Own;
use super::programs::{Ffmpeg, is_chosen};
use crate::ffmpeg::argv::bind;
use crate::sys::process::capture;
use crate::sys::{disk, names};

const PICTURE: TrialPicture = TrialPicture { width: 320, height: 180, rate: 25, seconds: 2 };
/// How long ffmpeg may take. rav1e needs six seconds on two cores; a small machine may need ten times as long.
const TRIAL_TIMEOUT: Duration = Duration::from_mins(2);
/// How much output is kept: ffmpeg prints one line with a time for each frame.
const OUTPUT_LIMIT: usize = 64 * 1024;

/// Tries out each encoder that ffmpeg has.
pub(super) async fn examine(ffmpeg: &Ffmpeg, policy: &Config, folder: &Path, report: &mut impl FnMut(Check)) {
    for encoder in &ffmpeg.encoders {
        let tried = try_out(ffmpeg, *encoder, policy, folder).await;
        let chosen = is_chosen(*encoder, &ffmpeg.encoders, policy.prefer_encoder);
        report(check(*encoder, chosen, ffmpeg.decoder.is_some(), &tried));
    }
}

/// The result of a trial.
#[derive(Debug)]
enum Tried {
    /// The encoder works, and took this long. If there is a decoder, the result was decoded as well.
    Works(Duration),
    /// The encoder doesn't work, with its error message.
    Fails(String),
    /// The trial's file couldn't be created.
    NoPlace(String),
}

async fn try_out(ffmpeg: &Ffmpeg, encoder: Encoder, policy: &Config, folder: &Path) -> Tried {
    let path = names::trial(folder, "doctor");
    let _own = match disk::create_new(&path) {
        Ok(_) => Own(path.clone()),
        Err(error) => {
            return Tried::NoPlace(format!(
                "failed to make {}: {error}",
                crate::sys::sanitize::display(&path)
            ));
        }
    };
    let start = Instant::now();
    let done = match encode(ffmpeg, encoder, policy, &path).await {
        Ok(()) => start.elapsed(),
        Err(why) => return Tried::Fails(why),
    };
    if ffmpeg.decoder.is_none() {
        return Tried::Works(done);
    }
    match read_back(ffmpeg, &path).await {
        Ok(()) => Tried::Works(done),
        Err(why) => Tried::Fails(format!("what it made can't be read back: {why}")),
    }
}

async fn encode(ffmpeg: &Ffmpeg, encoder: Encoder, policy: &Config, to: &Path) -> Result<(), String> {
    let args = arguments(encoder, policy)?;
    run(ffmpeg, bind(&args, Path::new(""), to)).await.map(drop)
}

async fn read_back(ffmpeg: &Ffmpeg, path: &Path) -> Result<(), String> {
    let times = run(ffmpeg, bind(&decode_video_arguments(), path, Path::new(""))).await?;
    let (shown, wanted) = (times.lines().count(), PICTURE.frames());
    if u32::try_from(shown) == Ok(wanted) {
        Ok(())
    } else {
        Err(format!("{shown} of {wanted} pictures are there"))
    }
}

async fn run(ffmpeg: &Ffmpeg, args: Vec<OsString>) -> Result<String, String> {
    let captured =
        capture(&ffmpeg.path, &args, OUTPUT_LIMIT, TRIAL_TIMEOUT).await.map_err(|error| error.to_string())?;
    if captured.status.success() {
        return Ok(String::from_utf8_lossy(&captured.stdout).into_owned());
    }
    Err(format!("{}: {}", captured.status, crate::sys::sanitize::sanitize(&captured.last_words())))
}

/// Returns the arguments that the planner would choose for this encoder and the test picture.
fn arguments(encoder: Encoder, policy: &Config) -> Result<Vec<av1plan::command::Arg>, String> {
    let TrialPicture { width, height, rate, seconds } = PICTURE;
    let document = format!(
        r#"{{"streams": [{{"index": 0, "codec_type": "video", "codec_name": "h264", "width": {width}, "height": {height},
            "pix_fmt": "yuv420p", "r_frame_rate": "{rate}/1", "avg_frame_rate": "{rate}/1"}}],
            "format": {{"format_name": "matroska,webm", "duration": "{seconds}"}}}}"#
    );
    let probe = MediaProbe::from_json(document.as_bytes()).map_err(|error| error.to_string())?;
    let toolchain = Toolchain::described(av1plan::toolchain::OLDEST_MAJOR, [encoder])
        .map_err(|error| error.to_string())?;
    let file = FileFacts::new("trial.mkv", u64::MAX);
    match av1plan::plan(&Source::new(&file, &probe), &toolchain, policy) {
        Verdict::Encode(plan) => Ok(trial_arguments(&plan.video, PICTURE)),
        Verdict::Skip(skip) => Err(skip.reason.to_string()),
    }
}

fn check(encoder: Encoder, chosen: bool, decoder: bool, tried: &Tried) -> Check {
    let name = encoder.ffmpeg_name();
    let TrialPicture { width, height, rate: _, seconds } = PICTURE;
    match tried {
        Tried::Works(took) => {
            let back = if decoder { " and read back" } else { ", but not read back: there is no decoder" };
            let time = took.as_secs_f64();
            let text = format!("{name}: {seconds} s of {width}x{height} encoded in {time:.1} s{back}");
            Check::ok(Code::Encode, text).took(*took)
        }
        Tried::NoPlace(why) => Check::warn(
            Code::Encode,
            format!("{name} wasn't tried out: {why}"),
            "set $TMPDIR to a folder that this user may write to",
        ),
        Tried::Fails(why) if chosen => Check::fail(
            Code::Encode,
            format!("{name} doesn't work: {why}"),
            "set `prefer_encoder` in the config to one that works, or install another build of ffmpeg",
        ),
        Tried::Fails(why) => Check::warn(
            Code::Encode,
            format!("{name} doesn't work: {why}"),
            "no film gets it with this config, unless its size is beyond the other encoders",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn each_encoder_is_tried_with_the_planners_own_settings() {
        let policy = Config::default();
        for encoder in Encoder::ALL {
            let args = bind(&arguments(*encoder, &policy).unwrap(), Path::new(""), Path::new("/out"));
            let text: Vec<&str> = args.iter().map(|arg| arg.to_str().unwrap()).collect();
            let text = text.join(" ");
            assert!(text.contains(&format!("-c:v {} ", encoder.ffmpeg_name())), "{text}");
            assert!(
                text.contains("-i testsrc2=size=320x180:rate=25:duration=2 ") && text.ends_with("file:/out")
            );
            assert!(text.contains("-pix_fmt yuv420p10le"), "{text}");
        }
        assert_eq!(PICTURE.frames(), 50);
    }

    #[test]
    fn only_the_encoder_that_films_get_must_work() {
        let fails = || Tried::Fails("exit status: 1: no".into());
        for (chosen, tried, level) in [
            (true, Tried::Works(Duration::from_millis(400)), Level::Ok),
            (true, fails(), Level::Fail),
            (false, fails(), Level::Warn),
            (true, Tried::NoPlace("read-only".into()), Level::Warn),
        ] {
            let check = check(Encoder::Svt, chosen, true, &tried);
            assert_eq!(check.level, level, "{tried:?}");
            assert!(check.text.starts_with("libsvtav1"));
        }
    }
}
