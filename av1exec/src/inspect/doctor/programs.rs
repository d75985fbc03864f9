//! Checks ffmpeg and ffprobe: their paths, their versions, and what they support.

use std::collections::BTreeSet;
use std::path::PathBuf;

use av1plan::command;
use av1plan::plan::Encoder;
use av1plan::toolchain::{ToolchainError, Version, encoders_in, has_filter, software_decoders_in};

use super::CHECK_TIMEOUT;
use super::check::{Check, Code};
use crate::ffmpeg::tools::{HeaderEditor, ToolsError, ask, locate};
use crate::settings::{Environment, Settings};
use crate::sys::sanitize::{display, sanitize};

/// An ffmpeg that is new enough and has an encoder.
#[derive(Debug)]
pub(super) struct Ffmpeg {
    pub(super) path: PathBuf,
    pub(super) encoders: BTreeSet<Encoder>,
    /// The software decoder that it uses for AV1; `None` if it has none.
    pub(super) decoder: Option<&'static str>,
}

/// Checks both programs. Returns ffmpeg if its encoders can be tried out.
pub(super) async fn examine(
    settings: &Settings,
    environment: &Environment,
    report: &mut impl FnMut(Check),
) -> Option<Ffmpeg> {
    let path = environment.path.as_deref();
    let place =
        |configured: Option<&PathBuf>| if configured.is_some() { "set in the config" } else { "from PATH" };
    let (ffmpeg, ffprobe) = tokio::join!(
        introduced("ffmpeg", locate("ffmpeg", settings.ffmpeg.as_deref(), path)),
        introduced("ffprobe", locate("ffprobe", settings.ffprobe.as_deref(), path)),
    );
    report(ffmpeg_check(&ffmpeg, place(settings.ffmpeg.as_ref())));
    let version = ffmpeg.as_ref().ok().map(|(_, version)| version);
    report(ffprobe_check(&ffprobe, place(settings.ffprobe.as_ref()), version));

    report(mkvtoolnix_check(HeaderEditor::find(settings.mkvtoolnix.as_deref(), path), settings));

    let (path, version) = ffmpeg.ok()?;
    let answers = tokio::try_join!(
        ask(&path, command::encoders_arguments(), CHECK_TIMEOUT),
        ask(&path, command::decoders_arguments(), CHECK_TIMEOUT),
        ask(&path, command::filters_arguments(), CHECK_TIMEOUT),
    );
    let (encoders, decoders, filters) = match answers {
        Ok(answers) => answers,
        Err(error) => {
            report(Check::fail(Code::Encoders, error.to_string(), error.hint()).about(&path));
            return None;
        }
    };
    let (encoders, decoders) = (encoders_in(&encoders), software_decoders_in(&decoders));
    report(encoders_check(&encoders, settings.policy.prefer_encoder, &version));
    report(decoder_check(&decoders, &version));
    report(quality_check(&filters));
    // An ffmpeg that is too old would only fail on the current options.
    let fit = version.check_age().is_ok() && !encoders.is_empty();
    fit.then(|| Ffmpeg { path, encoders, decoder: decoders.first().copied() })
}

/// A program's path and version.
type Introduced = Result<(PathBuf, Version), ToolsError>;

async fn introduced(name: &str, path: Result<PathBuf, ToolsError>) -> Introduced {
    let path = path?;
    let text = ask(&path, command::version_arguments(), CHECK_TIMEOUT).await?;
    match Version::parse(name, &text) {
        Ok(version) => Ok((path, version)),
        Err(source) => Err(ToolsError::Unfit { path, source }),
    }
}

fn ffmpeg_check(found: &Introduced, place: &str) -> Check {
    let (path, version) = match found {
        Ok(found) => found,
        Err(error) => return Check::fail(Code::Ffmpeg, error.to_string(), error.hint()),
    };
    let text = format!("ffmpeg {} at {} ({place})", sanitize(&version.text), display(path));
    match version.check_age() {
        Ok(()) => Check::ok(Code::Ffmpeg, text),
        Err(error) => Check::fail(Code::Ffmpeg, format!("{text}: {error}"), error.hint()),
    }
    .about(path)
}

fn ffprobe_check(found: &Introduced, place: &str, ffmpeg: Option<&Version>) -> Check {
    let (path, version) = match found {
        Ok(found) => found,
        Err(error) => return Check::fail(Code::Ffprobe, error.to_string(), error.hint()),
    };
    let text = format!("ffprobe {} at {} ({place})", sanitize(&version.text), display(path));
    let check = match ffmpeg {
        Some(ffmpeg) if ffmpeg.text != version.text => {
            let hint = "set `ffmpeg` and `ffprobe` in the config to two of one build; they may see films differently";
            Check::warn(Code::Ffprobe, format!("{text}, another version than ffmpeg's"), hint)
        }
        _ => Check::ok(Code::Ffprobe, text),
    };
    check.about(path)
}

fn mkvtoolnix_check(editor: Option<HeaderEditor>, settings: &Settings) -> Check {
    const CARRIED: &str = "Matroska's exact languages, disabled tracks, nested chapters and tags of seasons";
    match (editor, &settings.mkvtoolnix) {
        (Some(editor), _) => {
            let text = format!("{} carries over {CARRIED}", display(&editor.mkvpropedit));
            Check::ok(Code::Mkvtoolnix, text).about(&editor.mkvpropedit)
        }
        (None, Some(folder)) => {
            let text = format!(
                "{} has no mkvextract and mkvpropedit, so that films lose {CARRIED}",
                display(folder)
            );
            Check::warn(Code::Mkvtoolnix, text, "set `mkvtoolnix` in the config to their folder")
                .about(folder)
        }
        (None, None) => Check::ok(
            Code::Mkvtoolnix,
            format!(
                "mkvextract and mkvpropedit aren't on PATH, so that films lose {CARRIED}; they are optional"
            ),
        ),
    }
}

fn encoders_check(encoders: &BTreeSet<Encoder>, preferred: Encoder, version: &Version) -> Check {
    let names: Vec<&str> = encoders.iter().map(|encoder| encoder.ffmpeg_name()).collect();
    match encoders.first() {
        None => {
            let error = ToolchainError::NoEncoder { found: version.clone() };
            Check::fail(Code::Encoders, error.to_string(), error.hint())
        }
        Some(_) if encoders.contains(&preferred) => {
            Check::ok(Code::Encoders, format!("{}; films get {}", names.join(", "), preferred.ffmpeg_name()))
        }
        Some(best) => Check::warn(
            Code::Encoders,
            format!(
                "{}; films get {}, since {} isn't there",
                names.join(", "),
                best.ffmpeg_name(),
                preferred.ffmpeg_name()
            ),
            "install an ffmpeg that has it, or set `prefer_encoder` in the config to one that is there",
        ),
    }
}

fn decoder_check(decoders: &[&str], version: &Version) -> Check {
    match decoders.first() {
        None => {
            let error = ToolchainError::NoDecoder { found: version.clone() };
            Check::fail(Code::Decoder, error.to_string(), error.hint())
        }
        Some(first) => {
            Check::ok(Code::Decoder, format!("{}; results are read back with {first}", decoders.join(", ")))
        }
    }
}

fn quality_check(filters: &str) -> Check {
    let (there, missing): (Vec<&str>, Vec<&str>) =
        ["libvmaf", "xpsnr"].into_iter().partition(|name| has_filter(filters, name));
    if missing.is_empty() {
        return Check::ok(Code::Quality, format!("{}: quality can be measured", there.join(" and ")));
    }
    let text = format!("ffmpeg is without {}", missing.join(" and "));
    if missing.contains(&"libvmaf") {
        let hint =
            "films are encoded all the same; only to measure VMAF takes an ffmpeg with --enable-libvmaf";
        Check::warn(Code::Quality, text, hint)
    } else {
        Check::ok(Code::Quality, format!("{text}; libvmaf is there"))
    }
}

/// Whether films are encoded with this encoder.
pub(super) fn is_chosen(encoder: Encoder, encoders: &BTreeSet<Encoder>, preferred: Encoder) -> bool {
    if encoders.contains(&preferred) { encoder == preferred } else { encoders.first() == Some(&encoder) }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;
    use Encoder::{Aom, Rav1e, Svt};

    fn version(major: u32, text: &str) -> Version {
        Version { major, text: text.into() }
    }

    fn found(major: u32, text: &str) -> (PathBuf, Version) {
        ("/bin/ff".into(), version(major, text))
    }

    #[test]
    fn ffmpeg_must_be_there_and_new_enough() {
        let missing = || Err(ToolsError::Missing { name: "ffmpeg" });
        for (introduced, level, words) in [
            (Ok(found(8, "8.0")), Level::Ok, "ffmpeg 8.0 at /bin/ff (from PATH)"),
            (Ok(found(6, "6.0")), Level::Fail, "too old"),
            (missing(), Level::Fail, "ffmpeg is not in PATH"),
        ] {
            let check = ffmpeg_check(&introduced, "from PATH");
            assert!(check.level == level && check.text.contains(words), "{check:?}");
            assert_eq!(check.hint.is_some(), level != Level::Ok);
        }
    }

    #[test]
    fn ffprobe_is_best_of_the_same_version() {
        let ffmpeg = version(9, "9.0");
        for (introduced, ffmpeg, level) in [
            (Ok(found(9, "9.0")), Some(&ffmpeg), Level::Ok),
            (Ok(found(8, "8.0")), Some(&ffmpeg), Level::Warn),
            (Ok(found(8, "8.0")), None, Level::Ok),
            (Err(ToolsError::Missing { name: "ffprobe" }), Some(&ffmpeg), Level::Fail),
        ] {
            assert_eq!(ffprobe_check(&introduced, "", ffmpeg).level, level, "{introduced:?}");
        }
    }

    #[test]
    fn the_encoder_that_films_get_is_named() {
        for (there, preferred, level, words) in [
            (&[Svt, Aom][..], Svt, Level::Ok, "libsvtav1, libaom-av1; films get libsvtav1"),
            (&[Svt, Aom], Aom, Level::Ok, "films get libaom-av1"),
            (&[Aom, Rav1e], Svt, Level::Warn, "films get libaom-av1, since libsvtav1 isn't there"),
            (&[], Svt, Level::Fail, "none of the AV1 encoders"),
        ] {
            let there: BTreeSet<Encoder> = there.iter().copied().collect();
            let check = encoders_check(&there, preferred, &version(8, "8.0"));
            assert!(check.level == level && check.text.contains(words), "{check:?}");
            let chosen = there.iter().filter(|encoder| is_chosen(**encoder, &there, preferred)).count();
            assert_eq!(chosen, usize::from(!there.is_empty()));
        }
    }

    #[test]
    fn a_decoder_is_needed_and_filters_are_not() {
        assert_eq!(decoder_check(&["libdav1d"], &version(8, "8.0")).level, Level::Ok);
        assert_eq!(decoder_check(&[], &version(8, "8.0")).level, Level::Fail);
        for (filters, level) in [
            (" .. libvmaf V\n T. xpsnr V\n", Level::Ok),
            (" .. libvmaf V\n", Level::Ok),
            (" T. xpsnr V\n", Level::Warn),
            ("", Level::Warn),
        ] {
            assert_eq!(quality_check(filters).level, level, "{filters}");
        }
    }
}
