//! Strategies for films: ffprobe documents in which known trouble is frequent, and facts about their files.

use av1plan::probe::{Marker, Protection, Stability, Survey};
use av1plan::{FileFacts, MediaProbe, Source, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::policy::Policy;
use crate::surveys::survey;
use crate::tracks::{any_stream, cover, object, pick, sometimes, sound_and_text, video, words};

/// A film: the facts about its file, its ffprobe document, and whether its first frame has HDR10+ (`None` if the
/// frame wasn't probed).
#[derive(Debug, Clone)]
pub(crate) struct Film {
    pub(crate) file: FileFacts,
    pub(crate) document: Value,
    pub(crate) hdr10_plus: Option<bool>,
    /// What a survey found; `None` if there was none.
    pub(crate) survey: Option<Survey>,
}

impl Film {
    pub(crate) fn probe(&self) -> MediaProbe {
        self.probe_of(self.document.to_string().as_bytes())
    }

    /// The probe of this film, as if ffprobe had printed `bytes`.
    pub(crate) fn probe_of(&self, bytes: &[u8]) -> MediaProbe {
        let mut probe = MediaProbe::from_json(bytes).expect("the document is JSON");
        if let Some(found) = self.hdr10_plus {
            let kind = if found {
                "HDR Dynamic Metadata SMPTE2094-40 (HDR10+)"
            } else {
                "H.26[45] User Data Unregistered SEI message"
            };
            let mut frame = json!({"media_type": "video", "side_data_list": [{"side_data_type": kind}]});
            if !found {
                // As a broadcast may say it in its frames only.
                frame["color_transfer"] = json!("arib-std-b67");
            }
            let frames = json!({"frames": [frame]});
            probe.add_frame(frames.to_string().as_bytes()).expect("the frame is JSON");
        }
        if let Some(survey) = &self.survey {
            probe.add_survey(survey.clone());
        }
        probe
    }

    pub(crate) fn plan(&self, policy: &Policy) -> Verdict {
        let (file, probe) = (&self.file, &self.probe());
        let samples = policy.samples(file, probe);
        let source = Source::new(file, probe).with_samples(samples.as_ref());
        av1plan::plan(&source, &policy.toolchain, &policy.config)
    }

    pub(crate) fn streams_mut(&mut self) -> &mut Vec<Value> {
        self.document["streams"].as_array_mut().expect("films are made with a list of streams")
    }
}

/// Any film. Under [`Policy::open`] nine in ten pass every gate.
pub(crate) fn film() -> impl Strategy<Value = Film> {
    let hdr10_plus = prop_oneof![6 => Just(None), 1 => Just(Some(false)), 1 => Just(Some(true))];
    let survey = prop_oneof![2 => Just(None), 1 => survey().prop_map(Some)];
    (file(), document(any_streams()), hdr10_plus, survey)
        .prop_map(|(file, document, hdr10_plus, survey)| Film { file, document, hdr10_plus, survey })
}

/// A film with exactly one video stream, so that the order of streams doesn't decide which is the main video.
pub(crate) fn film_with_one_video() -> impl Strategy<Value = Film> {
    let others = vec(prop_oneof![8 => sound_and_text(), 1 => cover()], 0..9);
    let streams = (video(), others, any::<prop::sample::Index>()).prop_map(|(video, mut streams, place)| {
        streams.insert(place.index(streams.len() + 1), video);
        streams
    });
    let document = document(streams.boxed());
    (file(), document).prop_map(|(file, document)| Film { file, document, hdr10_plus: None, survey: None })
}

/// The facts about a file. Few of them make a gate skip the film.
pub(crate) fn file() -> impl Strategy<Value = FileFacts> {
    let name = select(vec![
        "Film.2001.1080p.BluRay.x264-GRP.mkv",
        "Film (1999).mkv",
        "Show.S01E01.2160p.NF.WEB-DL.DDP5.1.h265.mkv",
        "film.2020.webrip.mp4",
        "holiday.MP4",
        "phone.mov",
        "old.film.DVDRip.avi",
        "web.rip.WEBRip.avi",
        "recording.ts",
        "00001.m2ts",
        "VTS_01_1.VOB",
        "clip.webm",
        "clip.m4v",
        "\u{424}\u{438}\u{43b}\u{44c}\u{43c}.mkv",
        "no-extension",
        "a:b %03d\n.mkv",
        "film.\u{1b}[2Jmkv",
    ]);
    let size =
        prop_oneof![1 => Just(0), 1 => 1..1_000_u64, 8 => 1_000..20_000_000_000_u64, 1 => Just(u64::MAX)];
    let marker =
        prop_oneof![30 => Just(None), 1 => Just(Some(Marker::File)), 1 => Just(Some(Marker::Folder))];
    let settling = prop::bool::weighted(0.03);
    let links = prop_oneof![30 => Just(1), 1 => Just(2)];
    let protection = prop_oneof![30 => Just(Protection::None), 1 => select(Protection::ALL.to_vec())];
    let taken = (prop::bool::weighted(0.03), prop::bool::weighted(0.02));
    (name, size, marker, settling, links, protection, taken).prop_map(
        |(name, size, marker, settling, links, protection, (target_exists, backup_exists))| {
            FileFacts::new(name, size)
                .with_protection(protection)
                .with_marker(marker)
                .with_links(links)
                .with_target_exists(target_exists)
                .with_backup_exists(backup_exists)
                .with_stability(if settling { Stability::Settling } else { Stability::Stable })
        },
    )
}

/// Streams in any number and order: a few, sometimes none, rarely two hundred.
fn any_streams() -> BoxedStrategy<Vec<Value>> {
    let with_video = (video(), vec(any_stream(), 0..9), any::<prop::sample::Index>());
    let with_video = with_video.prop_map(|(video, mut streams, place)| {
        streams.insert(place.index(streams.len() + 1), video);
        streams
    });
    let crowd = (video(), any_stream(), any_stream()).prop_map(|(video, one, other)| {
        let mut streams: Vec<Value> = std::iter::repeat_n([one, other], 100).flatten().collect();
        streams.insert(77, video);
        streams
    });
    prop_oneof![40 => with_video, 5 => vec(any_stream(), 0..4), 1 => crowd].boxed()
}

/// An ffprobe document with these streams. In most, a stream's index is its position, as ffprobe prints it.
fn document(streams: BoxedStrategy<Vec<Value>>) -> impl Strategy<Value = Value> {
    let index = prop_oneof![20 => Just("position"), 1 => Just("none"), 1 => Just("twice"), 1 => Just("far"), 1 => Just("beyond")];
    let tags = pick(vec![
        json!({"encoder": "libmakemkv v1.17.7 (1.3.10/1.5.2)"}),
        json!({"major_brand": "dash", "ENCODER": "Lavf62.3.100"}),
        json!({"title": "Film", "show": "Show", "track": "3/12", "own": "x", "creation_time": "2001-02-03T04:05:06.500000Z"}),
        json!({"com.apple.quicktime.make": "Apple", "location": "+48.1+011.5/", "location-eng": "+48.1+011.5/",
               "creation_time": "2001-02-03T04:05:06.000000Z"}),
        json!({"SEASON/PART_NUMBER": "2", "Title": "Film", "title": "Another", "COMMENT-ger": "x"}),
        json!("no object"),
    ]);
    let taken = words("matroska,webm mov,mp4,m4a,3gp,3g2,mj2 avi mpegts asf rm");
    let format_name = prop_oneof![30 => taken, 1 => words("hls concat")].boxed();
    let format = object(vec![
        ("format_name", format_name),
        ("duration", sometimes(7, words("100.0 5400.120000 0.000000 -3 N/A 99999999999999999999"))),
        ("start_time", sometimes(3, words("0.000000 -0.083000 95231.4"))),
        ("bit_rate", sometimes(3, words("9000000"))),
        ("tags", sometimes(3, tags)),
    ]);
    let chapters = prop_oneof![3 => Just(0), 1 => 1..30_usize];
    (streams, index, sometimes(9, format), chapters).prop_map(|(mut streams, index, format, chapters)| {
        for (position, stream) in streams.iter_mut().enumerate() {
            match index {
                "none" => {}
                "twice" => stream["index"] = json!(position / 2),
                "far" => stream["index"] = json!(position * 1000 + 7),
                "beyond" => {
                    stream["index"] =
                        json!(u64::from(u32::MAX) - u64::try_from(position).unwrap_or_default());
                }
                _ => stream["index"] = json!(position),
            }
        }
        let mut document = json!({"streams": streams, "chapters": vec![json!({"id": 1}); chapters]});
        if !format.is_null() {
            document["format"] = format;
        }
        document
    })
}
