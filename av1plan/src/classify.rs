//! Where a film came from: a streaming service, a disc, or who knows. Scored signals, each with its reason.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::decision::Reason;
use crate::probe::{MediaProbe, Stream, Video};

/// What kind of source a film looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum SourceClass {
    /// From a streaming service or a web page: its timestamps may be odd.
    WebLike,
    /// From a Blu-ray or a DVD.
    DiscLike,
    /// The signals say too little.
    Unknown,
}

impl SourceClass {
    /// The stable name.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The class with everything that spoke for and against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classification {
    /// The outcome.
    pub class: SourceClass,
    /// Sum of the signals' weights: positive for the web, negative for a disc.
    pub score: i32,
    /// What was seen, in the order it was looked for.
    pub signals: Vec<Signal>,
}

/// One observation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Positive speaks for the web, negative for a disc.
    pub weight: i32,
    /// What was seen, as a fragment: `the name says WEB-DL`.
    pub what: String,
}

/// A score this far from zero is a class. One strong signal is enough, a weak one never is.
const DECISIVE: i32 = 3;

/// Words that release names carry, after the title. They outweigh what codecs hint at: many a disc is ripped to AAC and SRT. Two words stand for `WEB-DL` and `WEB.DL`.
#[rustfmt::skip]
const NAME_WORDS: [(&str, i32); 46] = [
    ("WEB DL", 8), ("WEBDL", 8), ("WEB RIP", 8), ("WEBRIP", 8), ("WEBCAP", 8), ("WEB", 5),
    ("AMZN", 4), ("NF", 4), ("NETFLIX", 4), ("DSNP", 4), ("DSNY", 4), ("HMAX", 4), ("HULU", 4), ("ATVP", 4), ("PCOK", 4),
    ("PMTP", 4), ("STAN", 2), ("CRAV", 4), ("ITUNES", 4), ("CRUNCHYROLL", 4), ("YOUTUBE", 4), ("IPLAYER", 4), ("SKST", 4),
    ("BLURAY", -8), ("BLU RAY", -8), ("BDRIP", -8), ("BRRIP", -8), ("BDREMUX", -8), ("BDMV", -8), ("REMUX", -8),
    ("BD25", -8), ("BD50", -8), ("BD66", -8), ("BD100", -8), ("UHDBD", -8), ("UHD", -1), ("HDDVD", -8), ("HD DVD", -8),
    ("DVD", -8), ("DVDRIP", -8), ("DVD5", -8), ("DVD9", -8), ("DVDREMUX", -8), ("NTSC", -2), ("PAL", -2), ("LASERDISC", -8),
];

/// Programs and brands that write one kind of file only, as they sign the container's tags.
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

/// Tags that such signatures stand in.
const SIGNED_TAGS: [&str; 6] =
    ["encoder", "encoded_by", "major_brand", "compatible_brands", "writing_application", "handler_name"];

/// Codecs that one kind of source has. A profile, where given, must be contained in the stream's.
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

/// Scores a file.
pub(crate) fn classify(name: &str, probe: &MediaProbe, stream: &Stream, video: &Video) -> Classification {
    let mut signals = Vec::new();
    name_signals(name, &mut signals);
    signature_signals(probe, &mut signals);
    codec_signals(probe, &mut signals);
    picture_signals(stream, video, &mut signals);
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

/// Words of the name after its first one: a title may be `Web Therapy` or `NF`.
fn name_signals(name: &str, signals: &mut Vec<Signal>) {
    let upper = name.to_uppercase();
    let words: Vec<&str> =
        upper.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut position = 1;
    while let Some(rest) = words.get(position..).filter(|rest| !rest.is_empty()) {
        let found = NAME_WORDS.iter().find(|(pattern, _)| starts_with_words(rest, pattern));
        if let Some((pattern, weight)) = found {
            signal(signals, *weight, alloc::format!("the name says {}", pattern.replace(' ', "-")));
        }
        position += found.map_or(1, |(pattern, _)| pattern.split(' ').count());
    }
}

fn starts_with_words(words: &[&str], pattern: &str) -> bool {
    let mut words = words.iter();
    pattern.split(' ').all(|wanted| words.next().is_some_and(|word| *word == wanted))
}

fn signature_signals(probe: &MediaProbe, signals: &mut Vec<Signal>) {
    let of_streams = probe.streams.iter().map(|stream| &stream.tags);
    for (signature, weight) in SIGNATURES {
        let signed = core::iter::once(&probe.format.tags).chain(of_streams.clone()).find_map(|tags| {
            SIGNED_TAGS
                .iter()
                .find(|tag| tags.get(tag).is_some_and(|text| text.to_lowercase().contains(signature)))
        });
        if let Some(tag) = signed {
            signal(signals, weight, alloc::format!("the tag {tag} names {signature}"));
        }
    }
}

/// Each codec speaks once, with its strongest row, whatever the order of the streams.
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

fn picture_signals(stream: &Stream, video: &Video, signals: &mut Vec<Signal>) {
    if let (Some(average), Some(base)) = (video.average_rate, video.base_rate)
        && average.thousandths().abs_diff(base.thousandths()) > base.thousandths() / 500
        && !is_interlaced(video)
    {
        signal(signals, 2, alloc::format!("its frame rate varies ({average} on average, {base} at base)"));
    }
    if video.width % 2 == 1 || video.height % 2 == 1 {
        signal(signals, 1, alloc::format!("its size is odd ({}x{})", video.width, video.height));
    }
    if let Some(start) = stream.start.filter(|start| start.0 != 0) {
        signal(signals, 1, alloc::format!("its video starts at {start} s"));
    }
}

/// Interlaced streams have a base rate of fields, which is no sign of a varying rate.
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
    fn names_decide_where_they_say_something() {
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
            // A title is no source: its first word doesn't count, parts of words never do.
            ("Web.Therapy.mkv", Unknown),
            ("Cobweb 2023.mkv", Unknown),
            // A web title from a disc. What the release is named after its source weighs most.
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
            // Ten of a kind are one signal.
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
