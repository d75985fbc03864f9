//! Tests of what a film never loses, whatever the policy accepts, and of how losses are reported.
#![allow(clippy::unwrap_used, reason = "helpers of tests; clippy's exemption covers test functions only")]

use std::collections::BTreeSet;

use av1plan::plan::LossKind;
use av1plan::{Config, FileFacts, MediaProbe, Source, Toolchain, Verdict};

const H264: &str =
    r#"{"codec_type":"video","codec_name":"h264","width":1920,"height":1080,"frame_rate":"24/1"}"#;

/// The verdict on a film with these streams, under a policy that accepts every loss.
fn planned(name: &str, streams: &[&str]) -> Verdict {
    let json = format!(r#"{{"streams":[{}]}}"#, streams.join(","));
    let probe = MediaProbe::from_json(json.as_bytes()).unwrap();
    let config = Config::default().with_refuse_losses(BTreeSet::new());
    let file = FileFacts::new(name, 8 << 30);
    av1plan::plan(&Source::new(&file, &probe), &Toolchain::assumed(), &config)
}

/// The code of the skip, or the losses of the encode.
fn outcome(name: &str, streams: &[&str]) -> Result<Vec<LossKind>, &'static str> {
    match planned(name, streams) {
        Verdict::Encode(plan) => Ok(plan.losses.iter().map(|loss| loss.kind).collect()),
        Verdict::Skip(skip) => Err(skip.reason.code()),
    }
}

#[test]
fn the_last_sound_is_never_given_up() {
    let nameless = r#"{"codec_type":"audio"}"#;
    let aac = r#"{"codec_type":"audio","codec_name":"aac"}"#;
    assert_eq!(outcome("film.mkv", &[H264, nameless]), Err("audio"));
    assert_eq!(outcome("film.mkv", &[H264, nameless, aac]), Ok(vec![LossKind::Audio]));
    assert_eq!(outcome("film.mkv", &[H264]), Ok(vec![]), "a silent film may stay silent");
    // WebM can hold Opus and Vorbis only.
    assert_eq!(outcome("film.webm", &[H264, aac]), Err("audio"));
    let Verdict::Skip(skip) = planned("film.webm", &[H264, aac]) else { panic!("it was just a skip") };
    assert!(skip.reason.to_string().contains("the last sound always is"), "{}", skip.reason);
}

#[test]
fn a_picture_that_nobody_can_decode_is_left_alone() {
    let nameless = r#"{"codec_type":"video","width":1920,"height":1080}"#;
    assert_eq!(outcome("film.avi", &[nameless]), Err("unknown-video-codec"));
}

#[test]
fn transparency_is_a_loss_that_is_named() {
    let tagged =
        r#"{"codec_type":"video","codec_name":"vp9","width":64,"height":64,"tags":{"ALPHA_MODE":"1"}}"#;
    let shown = r#"{"codec_type":"video","codec_name":"prores","width":64,"height":64,"pix_fmt":"yuva420p"}"#;
    assert_eq!(outcome("film.webm", &[tagged]), Ok(vec![LossKind::Chroma]));
    assert_eq!(outcome("film.mov", &[shown]), Ok(vec![LossKind::Chroma]));
    let Verdict::Encode(plan) = planned("film.webm", &[tagged]) else { panic!("it was just an encode") };
    let kept = plan.streams[0].kept().unwrap();
    let stale: Vec<&str> = kept.stale_tags.iter().map(av1plan::plan::StatisticsTag::as_str).collect();
    assert_eq!(stale, ["ALPHA_MODE"], "the tag would be false in the result");
}

#[test]
fn an_unmarked_picture_beside_a_film_is_a_cover_and_never_the_film() {
    let picture =
        r#"{"codec_type":"video","codec_name":"mjpeg","width":600,"height":900,"disposition":{"default":1}}"#;
    let Verdict::Encode(plan) = planned("film.mkv", &[picture, H264]) else { panic!("it is to be encoded") };
    assert_eq!(plan.mapped().map(|(stream, _)| stream.index).collect::<Vec<_>>(), [1]);
    assert_eq!(outcome("film.mkv", &[picture, H264]), Ok(vec![LossKind::Cover]));
}
