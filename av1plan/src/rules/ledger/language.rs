//! The language of a stream. ffmpeg reads and writes Matroska's language of three letters, and not the IETF language,
//! which may say more (measured with 8.0).

use alloc::string::String;

use super::Film;
use super::language_codes::is_known;
use crate::config::Language;
use crate::plan::{Container, LossKind};
use crate::probe::{Stream, TrackFacts};
use crate::rules::record::Record;

/// The promised language of a stream that is kept. Records a loss if the result can't say it.
pub(super) fn enter(film: &Film<'_>, stream: &Stream, record: &mut Record) -> Option<String> {
    if let Some(ietf) = film.track(stream).and_then(exact).filter(|_| carried(film, stream).is_none()) {
        let what = alloc::format!("its exact language \"{ietf}\"");
        record.lose(LossKind::LanguageTag, film.place(stream), what);
    }
    let language = stream.language().filter(|language| !matches!(*language, "" | "und"))?;
    // MP4 stores three letters, each in five bits.
    let is_code = language.len() == 3 && language.bytes().all(|letter| letter.is_ascii_lowercase());
    if film.container == Container::Mp4 && !is_code {
        let what = alloc::format!("its language \"{language}\"");
        record.lose(LossKind::LanguageTag, film.place(stream), what);
        return None;
    }
    Some(String::from(language))
}

/// The IETF language that is carried over to the result's headers; `None` if ffmpeg writes all that there is to say, or
/// nothing can be carried over.
pub(super) fn carried(film: &Film<'_>, stream: &Stream) -> Option<String> {
    let ietf = film.track(stream).filter(|_| film.edits_headers).and_then(exact)?;
    is_well_formed(ietf).then(|| String::from(ietf))
}

/// Whether mkvpropedit surely takes an IETF language: a language that is known here, a script and a region, in the
/// spelling of the standard. It refuses what it doesn't know, and then writes nothing at all.
pub(super) fn is_well_formed(ietf: &str) -> bool {
    let mut parts = ietf.split('-').peekable();
    let is = |part: &str, length: usize, test: fn(&u8) -> bool| {
        part.len() == length && part.as_bytes().iter().all(test)
    };
    let language = parts.next().is_some_and(is_known);
    let is_script = |part: &&str| is(part, 4, u8::is_ascii_alphabetic);
    let is_region = |part: &&str| is(part, 2, u8::is_ascii_uppercase) || is(part, 3, u8::is_ascii_digit);
    parts.next_if(is_script);
    parts.next_if(is_region);
    language && parts.next().is_none()
}

/// The IETF language of a track, if it says more than, or something else than, the language of three letters.
fn exact(track: &TrackFacts) -> Option<&str> {
    let ietf = track.language_ietf.as_deref().filter(|ietf| !matches!(*ietf, "" | "und"))?;
    // An absent language means English.
    let code = track.language.as_deref().unwrap_or("eng");
    (!says_the_same(ietf, code)).then_some(ietf)
}

/// Whether an IETF language is only another spelling of a code of three letters: `ja` of `jpn`.
fn says_the_same(ietf: &str, code: &str) -> bool {
    if ietf.eq_ignore_ascii_case(code) {
        return true;
    }
    if ietf.contains(['-', '_']) {
        return false;
    }
    match Language::new(ietf) {
        Ok(language) if language.is_listed() => language.matches(code),
        // Rare languages of two letters: mkvmerge writes both, and they agree. A language that has a code of three
        // letters only (`yue`) has that code in both places, or the code says less (`chi`).
        _ => ietf.len() == 2 && code.len() == 3 && code != "und",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_languages_of_the_usual_form_are_carried_over() {
        for ietf in ["pt-BR", "zh-Hant", "es-419", "yue", "sr-Latn-RS"] {
            assert!(is_well_formed(ietf), "{ietf}");
        }
        for ietf in ["", "pt-br", "PT", "pt_BR", "pt-BR-x-mine", "de-1996", "english", "pt-", "zz", "xxx"] {
            assert!(!is_well_formed(ietf), "{ietf}");
        }
    }

    #[test]
    fn a_language_is_lost_only_if_the_code_says_less() {
        let table = [
            ("ja", "jpn", true),
            ("de", "ger", true),
            ("de", "deu", true),
            ("zh", "chi", true),
            ("hr", "hrv", true),
            ("fil", "fil", true),
            ("pt-BR", "por", false),
            ("zh-Hant", "chi", false),
            ("es-419", "spa", false),
            ("yue", "chi", false),
            ("fr", "eng", false),
            ("hr", "und", false),
        ];
        for (ietf, code, same) in table {
            assert_eq!(says_the_same(ietf, code), same, "{ietf} {code}");
        }
    }
}
