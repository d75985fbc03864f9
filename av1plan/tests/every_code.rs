//! The lists of codes are exact: some combination of film, file, ffmpeg and policy leads to each listed code, and
//! none leads to another code.
#![allow(clippy::unwrap_used, reason = "helpers of tests; clippy's exemption covers test functions only")]

use std::collections::BTreeSet;
use std::path::Path;

use av1plan::config::{BitDepth, Interlaced, Language, QualityTier};
use av1plan::plan::{Encoder, Gate, LossKind, Preset, Reason, Topic};
use av1plan::probe::{Marker, Protection, Stability};
use av1plan::{Config, FileFacts, MediaProbe, SkipReason, Source, Toolchain, Verdict};

/// Codes that only an executor can find, by trying right before an encode.
const FOUND_BY_TRYING: [&str; 3] = ["folder-read-only", "foreign-owner", "no-safe-rename"];

/// Films with phenomena that the corpus lacks.
const FILMS: [&str; 10] = [
    r#"{"streams": [{"codec_type": "video", "codec_name": "h264", "width": 70000, "height": 1080}]}"#,
    r#"{"streams": [{"codec_type": "video", "codec_name": "h264", "width": 20000, "height": 1080}]}"#,
    r#"{"streams": [{"codec_type": "video", "codec_name": "h264", "width": 24, "height": 24}]}"#,
    r#"{"streams": [{"codec_type": "video", "codec_name": "h264", "width": 1920, "height": 1080},
        {"codec_type": "audio", "codec_name": "ac3", "disposition": {"default": 1}, "tags": {"language": "rus"}},
        {"codec_type": "audio", "codec_name": "ac3", "tags": {"language": "eng"}}]}"#,
    r#"{"streams": [{"codec_type": "video", "codec_name": "h264", "width": 1920, "height": 1080},
        {"codec_type": "audio"}, {"codec_type": "attachment", "codec_name": "ttf"}]}"#,
    r#"{"streams": [{"codec_type": "video", "codec_name": "h264", "width": 1920, "height": 1080,
        "color_primaries": "vgamut"}]}"#,
    r#"{"streams": [{"codec_type": "video", "codec_name": "h264", "width": 1920, "height": 1080},
        {"codec_type": "video", "codec_name": "h264", "width": 1920, "height": 1080}]}"#,
    r#"{"streams": [{"codec_type": "video", "codec_name": "h264", "width": 1919, "height": 1079},
        {"codec_type": "audio", "codec_name": "truehd"}]}"#,
    r#"{"streams": [{"codec_type": "video", "codec_name": "h264", "width": 1920, "height": 1080},
        {"codec_type": "data", "codec_name": "klv"}]}"#,
    r#"{"streams": [{"codec_type": "video", "codec_name": "hevc", "width": 1920, "height": 1080, "field_order": "tt"}]}"#,
];

fn probes() -> Vec<MediaProbe> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/probes");
    let corpus =
        std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    let mut probes: Vec<MediaProbe> = corpus
        .chain(FILMS.iter().map(|film| film.as_bytes().to_vec()))
        .map(|bytes| MediaProbe::from_json(&bytes).unwrap())
        .collect();
    // ffprobe shows HDR10+ in frames only.
    let mut with_frame = probes.iter().find(|probe| probe.main_video().is_some()).unwrap().clone();
    let frame = br#"{"frames": [{"side_data_list": [{"side_data_type": "HDR Dynamic Metadata SMPTE2094-40 (HDR10+)"}]}]}"#;
    with_frame.add_frame(frame).unwrap();
    probes.push(with_frame);
    probes
}

fn files() -> Vec<FileFacts> {
    let film = |name: &str| FileFacts::new(name, 8 << 30);
    let mut files: Vec<FileFacts> = [
        "Film.mkv",
        "Film.mp4",
        "Film.avi",
        "Film.webm",
        "Film.2160p.UHD.BluRay.mkv",
        "Film.WEB-DL.mkv",
        "Film.txt",
    ]
    .map(film)
    .into();
    files.extend([
        film("Film.mkv").with_marker(Some(Marker::Folder)),
        film("Film.mkv").with_stability(Stability::Settling),
        film("Film.mkv").with_links(2),
        film("Film.mkv").with_protection(Protection::ReadOnly),
        film("Film.avi").with_target_exists(true),
        film("Film.mkv").with_backup_exists(true),
        FileFacts::new("Film.mkv", 1000),
    ]);
    files
}

fn policies() -> Vec<Config> {
    let open = Config::default().with_min_bytes(0).with_refuse_losses(BTreeSet::new());
    let drop = |names: &[&str]| names.iter().map(|name| Language::new(name).unwrap()).collect();
    vec![
        Config::default(),
        Config::default().with_refuse_losses(LossKind::ALL.iter().copied().collect()),
        open.clone(),
        open.clone().with_interlaced(Interlaced::Skip),
        open.clone().with_interlaced(Interlaced::Keep).with_bit_depth(BitDepth::Source),
        open.clone().with_quality_tier(QualityTier::VeryHigh).with_drop_languages(drop(&["ru", "en"])),
        open.clone().with_svt_preset(Some(Preset::new(12))),
        open.with_ignore(Gate::ALL.iter().copied().collect()),
    ]
    .into_iter()
    .chain(LossKind::ALL.iter().map(|kind| Config::default().with_refuse_losses([*kind].into())))
    .collect()
}

fn toolchains() -> Vec<Toolchain> {
    const VERSION: &str = "ffmpeg version 8.0 Copyright\nlibavutil      60.  8.100 / 60.  8.100\n";
    let asked =
        Toolchain::parse(VERSION, " V..... libsvtav1  SVT-AV1\n", " V..... libdav1d  dav1d\n").unwrap();
    let only = |major, encoder| Toolchain::described(major, [encoder]).unwrap();
    let all = Toolchain::described(9, Encoder::ALL.iter().copied()).unwrap();
    vec![asked, all, only(8, Encoder::Svt), only(9, Encoder::Aom), only(8, Encoder::Rav1e)]
}

#[derive(Default)]
struct Seen {
    topics: BTreeSet<&'static str>,
    reasons: BTreeSet<&'static str>,
    skips: BTreeSet<&'static str>,
    losses: BTreeSet<&'static str>,
}

impl Seen {
    fn add(&mut self, verdict: &Verdict) {
        for decision in verdict.decisions() {
            self.topics.insert(decision.topic.code());
            self.reasons.insert(decision.reason.code());
        }
        match verdict {
            Verdict::Encode(plan) => self.losses.extend(plan.losses.iter().map(|loss| loss.kind.code())),
            Verdict::Skip(skip) => {
                self.skips.insert(skip.reason.code());
            }
        }
    }
}

#[test]
fn every_listed_code_occurs_and_no_other() {
    let (probes, policies, toolchains) = (probes(), policies(), toolchains());
    let mut seen = Seen::default();
    for file in files() {
        for probe in &probes {
            for config in &policies {
                for toolchain in &toolchains {
                    seen.add(&av1plan::plan(&Source::new(&file, probe), toolchain, config));
                }
            }
        }
    }
    let by_trying = |code: &&&str| FOUND_BY_TRYING.contains(*code);
    for (list, all, seen) in [
        ("topics", Topic::codes(), seen.topics),
        ("reasons", Reason::codes(), seen.reasons),
        ("skips", SkipReason::codes(), seen.skips),
        ("losses", LossKind::codes(), seen.losses),
    ] {
        let never: Vec<_> = all.iter().filter(|code| !seen.contains(*code) && !by_trying(code)).collect();
        let unlisted: Vec<_> = seen.iter().filter(|code| !all.contains(code)).collect();
        assert!(never.is_empty() && unlisted.is_empty(), "{list}: never {never:?}, unlisted {unlisted:?}");
    }
}
