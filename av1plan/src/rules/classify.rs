//! Guesses what kind of source a film comes from (a streaming service, a disc, or unknown) from scored signals.

use alloc::string::String;
use alloc::vec::Vec;

use crate::number::Rational;
use crate::plan::{Classification, Reason, Signal, SourceClass};
use crate::probe::{MediaProbe, Stream, Tags, Video};

/// A score of at least this distance from zero decides. One strong signal is enough, a single weak one isn't.
const DECISIVE: i32 = 3;

/// Words of release names that name the source, each alone or with the word that follows, and their weights. They
/// weigh more than codecs, since many films from discs are stored with AAC and SRT.
#[rustfmt::skip]
const NAME_WORDS: [(&str, Option<&str>, i32); 47] = [
    ("WEB", Some("DL"), 8), ("WEBDL", None, 8), ("WEB", Some("RIP"), 8), ("WEBRIP", None, 8), ("WEBCAP", None, 8), ("WEB", None, 5),
    ("AMZN", None, 4), ("NF", None, 4), ("NETFLIX", None, 4), ("DSNP", None, 4), ("DSNY", None, 4), ("HMAX", None, 4), ("HULU", None, 4), ("ATVP", None, 4), ("PCOK", None, 4),
    ("PMTP", None, 4), ("STAN", None, 2), ("CRAV", None, 4), ("ITUNES", None, 4), ("CRUNCHYROLL", None, 4), ("YOUTUBE", None, 4), ("IPLAYER", None, 4), ("SKST", None, 4),
    ("BLURAY", None, -8), ("BLU", Some("RAY"), -8), ("BDRIP", None, -8), ("BRRIP", None, -8), ("BDREMUX", None, -8), ("BDMV", None, -8), ("REMUX", None, -8),
    ("BD", None, -8), ("BD25", None, -8), ("BD50", None, -8), ("BD66", None, -8), ("BD100", None, -8), ("UHDBD", None, -8), ("UHD", None, -1), ("HDDVD", None, -8), ("HD", Some("DVD"), -8),
    ("DVD", None, -8), ("DVDRIP", None, -8), ("DVD5", None, -8), ("DVD9", None, -8), ("DVDREMUX", None, -8), ("NTSC", None, -2), ("PAL", None, -2), ("LASERDISC", None, -8),
];

/// Programs and brands that appear in a container's tags and write files of one kind of source only, and their
/// weights.
const SIGNATURES: [(&str, i32); 10] = [
    ("makemkv", -4),
    ("dvdfab", -3),
    ("anydvd", -3),
    ("google", 3),
    ("youtube", 3),
    ("dash", 3),
    ("shaka", 3),
    ("bento4", 2),
    ("elemental", 3),
    ("appletv", 2),
];

/// The tags in which such a program or brand appears.
const SIGNED_TAGS: [&str; 6] =
    ["encoder", "encoded_by", "major_brand", "compatible_brands", "writing_application", "handler_name"];

/// Codecs that mostly one kind of source has, and their weights. A profile, if given, must be contained in the
/// stream's profile.
const CODECS: [(&str, Option<&str>, i32); 16] = [
    ("truehd", None, -4),
    ("dts", Some("DTS-HD"), -4),
    ("dts", None, -1),
    ("pcm_bluray", None, -4),
    ("pcm_dvd", None, -4),
    ("hdmv_pgs_subtitle", None, -3),
    ("dvd_subtitle", None, -3),
    ("vc1", None, -3),
    ("mpeg2video", None, -3),
    ("eac3", None, 2),
    ("opus", None, 2),
    ("vp9", None, 2),
    ("webvtt", None, 2),
    ("aac", None, 1),
    ("subrip", None, 1),
    ("mov_text", None, 1),
];

/// Classifies a film by all its signals.
pub(crate) fn classify(name: &str, probe: &MediaProbe, stream: &Stream, video: &Video) -> Classification {
    let mut signals = Vec::new();
    name_signals(name, &mut signals);
    signature_signals(probe, &mut signals);
    codec_signals(probe, &mut signals);
    picture_signals(&probe.format.name, stream, video, &mut signals);
    let score = signals.iter().map(|signal| signal.weight).sum();
    let class = match score {
        DECISIVE.. => SourceClass::WebLike,
        score if score <= -DECISIVE => SourceClass::DiscLike,
        _ => SourceClass::Unknown,
    };
    Classification { class, score, signals }
}

impl Classification {
    pub(crate) fn reason(&self) -> Reason {
        let score = self.score;
        match self.class {
            SourceClass::WebLike => Reason::WebSignals { score },
            SourceClass::DiscLike => Reason::DiscSignals { score },
            SourceClass::Unknown => Reason::FewSignals { score },
        }
    }
}

fn signal(signals: &mut Vec<Signal>, weight: i32, what: String) {
    signals.push(Signal { weight, what });
}

/// Looks for words of the file name after its first word, which belongs to the title: a film may be called `Web
/// Therapy` or `NF`.
fn name_signals(name: &str, signals: &mut Vec<Signal>) {
    let mut words =
        name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).skip(1).peekable();
    while let Some(word) = words.next() {
        let next = words.peek().copied();
        let found = NAME_WORDS.iter().find(|(first, second, _)| {
            word.eq_ignore_ascii_case(first)
                && second.is_none_or(|second| next.is_some_and(|next| next.eq_ignore_ascii_case(second)))
        });
        if let Some((first, second, weight)) = found {
            let dash = if second.is_some() { "-" } else { "" };
            let what = alloc::format!("the name says {first}{dash}{}", second.unwrap_or_default());
            signals.push(Signal { weight: *weight, what });
            // The second word belongs to the first.
            if second.is_some() {
                words.next();
            }
        }
    }
}

fn signature_signals(probe: &MediaProbe, signals: &mut Vec<Signal>) {
    let mut seen = [false; SIGNATURES.len()];
    let all_tags =
        core::iter::once(&probe.format.tags).chain(probe.streams.iter().map(|stream| &stream.tags));
    for (tag, text) in all_tags.flat_map(Tags::iter) {
        if !SIGNED_TAGS.iter().any(|signed| signed.eq_ignore_ascii_case(tag)) {
            continue;
        }
        for ((signature, weight), seen) in SIGNATURES.iter().zip(&mut seen) {
            if !*seen && contains_ignoring_case(text, signature) {
                *seen = true;
                let what = alloc::format!("the tag {tag} names {signature}");
                signals.push(Signal { weight: *weight, what });
            }
        }
    }
}

/// Whether `text` contains `part`, in any case. `part` must be ASCII.
fn contains_ignoring_case(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

fn codec_signals(probe: &MediaProbe, signals: &mut Vec<Signal>) {
    let mut seen: Vec<&str> = Vec::new();
    for (name, wanted, weight) in CODECS {
        let speaks = |stream: &Stream| {
            let profile = stream.profile.as_deref().unwrap_or_default();
            stream.codec_name() == name && wanted.is_none_or(|wanted| profile.contains(wanted))
        };
        if !seen.contains(&name) && probe.streams.iter().any(speaks) {
            seen.push(name);
            signal(signals, weight, alloc::format!("it holds {}", wanted.unwrap_or(name)));
        }
    }
}

fn picture_signals(format: &str, stream: &Stream, video: &Video, signals: &mut Vec<Signal>) {
    if let (Some(average), Some(base)) = (video.average_rate, video.base_rate)
        && varies(average, base)
        && !is_interlaced(video)
    {
        signal(signals, 2, alloc::format!("its frame rate varies ({average} on average, {base} at base)"));
    }
    if video.width % 2 == 1 || video.height % 2 == 1 {
        signal(signals, 1, alloc::format!("its size is odd ({}x{})", video.width, video.height));
    }
    // In Matroska and MP4 a late start comes from the source. In transport streams and AVI it comes from the muxer
    // and says nothing.
    let tells = format.split(',').any(|name| matches!(name, "matroska" | "webm" | "mov" | "mp4"));
    if let Some(start) = stream.start.filter(|start| tells && start.0 != 0) {
        signal(signals, 1, alloc::format!("its video starts at {start} s"));
    }
}

/// Whether the average rate is neither the base rate nor half of it. MPEG-1 and some H.264 have a base rate of
/// fields, which is twice the frame rate.
fn varies(average: Rational, base: Rational) -> bool {
    let base = base.thousandths();
    [base, base / 2].iter().all(|rate| average.thousandths().abs_diff(*rate) > base / 500)
}

/// Whether the video is interlaced. Then its base rate counts fields, and a difference from the average doesn't mean
/// that the rate varies.
fn is_interlaced(video: &Video) -> bool {
    video.field_order.as_deref().is_some_and(|order| order != "progressive")
}

#[cfg(test)]
mod tests {
    use super::*;
    use SourceClass::{DiscLike, Unknown, WebLike};

    fn classified(name: &str, streams: &str) -> Classification {
        let json = alloc::format!(
            r#"{{"streams":[{{"index":0,"codec_type":"video","codec_name":"h264","width":1920,"height":1080}}{streams}]}}"#
        );
        let probe = MediaProbe::from_json(json.as_bytes()).unwrap();
        let (stream, video) = probe.main_video().unwrap();
        classify(name, &probe, stream, video)
    }

    #[test]
    fn names_decide_if_they_name_a_source() {
        let table = [
            ("Film.2020.1080p.WEB-DL.DDP5.1.H.264-GRP.mkv", WebLike),
            ("Film (2020) [WEBRip-1080p].mkv", WebLike),
            ("Show.S01E01.2160p.NF.WEB.h265.mkv", WebLike),
            ("show s01e01 amzn.mkv", WebLike),
            ("Film.2020.2160p.UHD.BluRay.REMUX.HEVC.mkv", DiscLike),
            ("Film.1999.Blu-ray.1080p.mkv", DiscLike),
            ("film.dvdrip.avi", DiscLike),
            ("Film (1999).mkv", Unknown),
            ("Film.2160p.UHD.mkv", Unknown),
            // Words of a title don't count: neither the first word of the name nor parts of words.
            ("Web.Therapy.mkv", Unknown),
            ("Cobweb 2023.mkv", Unknown),
            // "Web" is a word of this film's title, but the disc weighs more.
            ("Charlottes.Web.2006.1080p.BluRay.x264.mkv", DiscLike),
        ];
        for (name, class) in table {
            let found = classified(name, "");
            assert_eq!(found.class, class, "{name}: {:?}", found.signals);
        }
    }

    #[test]
    fn codecs_that_go_together_decide_without_a_name() {
        let audio = |codec: &str, profile: &str| {
            alloc::format!(r#",{{"codec_type":"audio","codec_name":"{codec}","profile":"{profile}"}}"#)
        };
        let subtitle = |codec: &str| alloc::format!(r#",{{"codec_type":"subtitle","codec_name":"{codec}"}}"#);
        let table = [
            (audio("dts", "DTS-HD MA"), DiscLike),
            (audio("truehd", ""), DiscLike),
            (audio("ac3", "") + &subtitle("hdmv_pgs_subtitle"), DiscLike),
            (audio("dts", "DTS"), Unknown),
            (audio("eac3", "") + &subtitle("subrip"), WebLike),
            (audio("aac", "LC") + &subtitle("webvtt"), WebLike),
            (audio("aac", "LC"), Unknown),
            // Ten streams of the same codec are one signal.
            (subtitle("subrip").repeat(10), Unknown),
        ];
        for (streams, class) in table {
            assert_eq!(classified("film.mkv", &streams).class, class, "{streams}");
        }
    }

    #[test]
    fn signals_say_what_was_seen() {
        let found = classified("Film.WEB-DL.mkv", "");
        assert_eq!(found.score, 8);
        assert_eq!(found.signals, [Signal { weight: 8, what: "the name says WEB-DL".into() }]);
    }
}
