//! Samples with the real ffmpeg: what they predict, and what a search finds, is compared with whole encodes.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs;
use std::path::Path;
use std::process::Command;

use av1d_tests::{Library, Script, Tools, clips};
use serde_json::Value;

/// A film of 64 seconds: a moving test card whose noise comes and goes.
const FILM: &str = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=64,noise=alls=18:allf=t:enable='lt(mod(t,20),7)' \
                    -f lavfi -i sine=duration=64 -map 0 -map 1 -c:a aac -c:v libx264 -preset ultrafast -crf 8 -pix_fmt yuv420p";

fn open() -> Option<Library> {
    let mut library = Library::with(&Tools::find()?);
    library.set("min_bytes", 0);
    library.set("testing_svt_preset", 10);
    Some(library)
}

/// The document of `plan` for a film, with these options.
#[track_caller]
fn planned(library: &Library, options: &[&str], name: &str) -> Value {
    let arguments = [&["plan", "--json"], options, &["--", name]].concat();
    let documents = library.run(arguments).exits_with(0).documents();
    let [document] = &documents[..] else { panic!("{documents:#?}") };
    document.clone()
}

/// The facts of a decision, and its choice.
fn decision<'a>(document: &'a Value, topic: &str) -> Option<&'a Value> {
    document["decisions"].as_array().unwrap().iter().find(|decision| decision["topic"] == topic)
}

fn predicted(document: &Value) -> &Value {
    &decision(document, "samples").unwrap_or_else(|| panic!("{document:#}"))["facts"]
}

/// The mean VMAF-NEG of a whole result, by a command of its own.
fn vmaf_neg(tools: &Tools, result: &Path, original: &Path) -> f64 {
    let graph = "[0:v]setpts=PTS-STARTPTS,format=yuv420p10le[a];[1:v]setpts=PTS-STARTPTS,format=yuv420p10le[b];\
                 [a][b]libvmaf=model=version=vmaf_v0.6.1neg:n_threads=2:log_fmt=csv:log_path=/dev/stdout";
    let scored = Command::new(&tools.ffmpeg)
        .args(["-v", "error", "-i"])
        .arg(result)
        .arg("-i")
        .arg(original)
        .args(["-lavfi", graph, "-f", "null", "-"])
        .output()
        .unwrap();
    let text = String::from_utf8(scored.stdout).unwrap();
    let mut lines = text.lines();
    let column = lines.next().unwrap().split(',').position(|name| name == "vmaf").unwrap();
    let scores: Vec<f64> = lines.filter_map(|line| line.split(',').nth(column)?.parse().ok()).collect();
    assert!(scores.len() > 100, "{text}");
    #[allow(clippy::cast_precision_loss, reason = "a few thousand")]
    let count = scores.len() as f64;
    scores.iter().sum::<f64>() / count
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The scores of a prediction by their metrics, in points.
fn score(prediction: &Value, metric: &str) -> (f64, f64) {
    let scores = prediction["scores"].as_array().unwrap();
    let found = scores.iter().find(|score| score["metric"] == metric);
    let found = found.unwrap_or_else(|| panic!("no {metric} in {prediction:#}"));
    (number(&found["score"]) / 1000.0, number(&found["error"]) / 1000.0)
}

/// The size and the score are within three times their stated error of those of the whole encode, and the same samples
/// aren't made twice.
#[test]
fn what_samples_predict_is_what_the_encode_gives() {
    let Some(library) = open() else { return };
    let film = library.make("Film.mkv", FILM);
    let original = library.scratch().join("original.mkv");
    fs::copy(&film, &original).unwrap();
    let plan = planned(&library, &["--sample"], "Film.mkv");
    let prediction = predicted(&plan);
    assert!(decision(&planned(&library, &[], "Film.mkv"), "samples").is_none(), "plan stores nothing");
    assert_eq!(fs::read_dir(library.root()).unwrap().count(), 1, "nothing is left beside the film");
    let encode = library.encode("Film.mkv").exits_with(0).says("[replaced]");
    encode.says("sample:");
    let size = fs::metadata(&film).unwrap().len();
    #[allow(clippy::cast_precision_loss, reason = "a few megabytes")]
    let off = (number(&prediction["bytes"]) - size as f64).abs();
    assert!(off <= 3.0 * number(&prediction["bytes_error"]), "{size} bytes were {prediction:#}");
    let (neg, error) = score(prediction, "vmaf-neg");
    let real = vmaf_neg(&library.tools, &film, &original);
    assert!((neg - real).abs() <= (3.0 * error).max(1.5), "VMAF-NEG {real} was {prediction:#}");
    let job = &library.jobs()[0];
    let stored = predicted(&job["plan"]);
    assert_eq!(stored["bytes"], prediction["bytes"], "the same windows and settings give the same samples");
    let left: Vec<_> =
        fs::read_dir(library.state().join("logs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.iter().all(|path| path.extension().is_some_and(|extension| extension == "log")), "{left:?}");
}

/// The limit is drawn so low that the film can't meet it; its whole encode, made by hand, doesn't.
#[test]
fn a_film_that_will_be_too_big_is_left_alone_before_its_encode() {
    let Some(mut library) = open() else { return };
    let film = library.make("Film.mkv", &FILM.replace(":enable='lt(mod(t,20),7)'", ""));
    let original = fs::read(&film).unwrap();
    library.set("max_size_ratio", 0.03);
    library.encode("Film.mkv").exits_with(0).says("[will-be-too-big]").says("samples of it show");
    assert!(fs::read(&film).unwrap() == original);
    assert!(library.jobs().is_empty(), "no encode was begun");
    assert!(library.why("Film.mkv").contains("will-be-too-big"));
    let marker = fs::read_to_string(library.path("Film.mkv.av1skip")).unwrap();
    assert!(marker.contains("will-be-too-big") && marker.contains("max_size_ratio = 300/10000"), "{marker}");
    library.encode("Film.mkv").exits_with(0).says("[skip-marker]");
    let other = library.scratch().join("whole.mkv");
    let made = Command::new(&library.tools.ffmpeg)
        .env("SVT_LOG", "1")
        .args(["-v", "error", "-i"])
        .arg(&film)
        .args("-map 0 -c copy -c:v libsvtav1 -crf 24 -preset 10 -pix_fmt yuv420p10le".split(' '))
        .arg(&other)
        .status()
        .unwrap();
    assert!(made.success());
    let limit = u64::try_from(original.len()).unwrap() / 100 * 3;
    assert!(fs::metadata(&other).unwrap().len() >= limit);
    // Other settings let the marker fall: the film is looked at again, by new samples.
    library.set("bit_depth", "source");
    library.encode("Film.mkv").exits_with(0).says("sample:").says("[will-be-too-big]");
    // Without samples the size gate ends the encode.
    library.set("predict", false);
    library.set("bit_depth", "10");
    library.encode("Film.mkv").exits_with(0).says("[too-big]");
}

/// Each sample of a picture that stands still begins with a key frame that costs as much as seconds of the film, of which
/// the film has few: that isn't taken for a film that is too big.
#[test]
fn a_picture_that_stands_still_is_not_taken_for_too_big() {
    let Some(library) = open() else { return };
    let still = "-f lavfi -i color=gray:size=320x180:rate=25:duration=64,noise=alls=60 -c:v libx264 \
                 -preset ultrafast -crf 6 -pix_fmt yuv420p";
    let film = library.make("Still.mkv", still);
    let before = fs::metadata(&film).unwrap().len();
    let plan = planned(&library, &["--sample"], "Still.mkv");
    let bytes = predicted(&plan)["bytes"].as_u64().unwrap();
    assert!(bytes > before * 9 / 10, "the samples alone say that it is too big: {bytes} of {before}");
    library.encode("Still.mkv").exits_with(0).says("[replaced]");
}

/// A grainy, a flat and a drawn film need different CRFs for the same quality, and each gets it.
#[test]
fn each_film_gets_the_crf_that_it_needs_for_the_target() {
    let Some(mut library) = open() else { return };
    library.set("quality", "target");
    library.set("target", "vmaf-neg=94");
    library.set("target_limits", 30);
    library.set("max_size_ratio", 1.0);
    let Some(clips) = clips() else { return };
    let mut found = Vec::new();
    for (name, source) in [
        ("Drawn.mkv", format!("-stream_loop 3 -i {} -an", clips.join("bigbuckbunny.mp4").display())),
        ("Camera.mkv", format!("-stream_loop 3 -i {} -an", clips.join("bikes.mp4").display())),
        ("Grain.mkv", "-f lavfi -i testsrc2=size=320x180:rate=25:duration=20,noise=alls=30:allf=t".into()),
    ] {
        let scale = "-vf scale=480:270,setsar=1 -t 20 -c:v libx264 -preset ultrafast -crf 6 -pix_fmt yuv420p";
        let film = library.make(name, &format!("{source} {scale}"));
        let original = library.scratch().join(name);
        fs::copy(&film, &original).unwrap();
        library.encode(name).exits_with(0).says("[replaced]");
        let jobs = library.jobs();
        let job = jobs.iter().find(|job| job["path"] == film.to_str().unwrap()).unwrap();
        let plan = &job["plan"];
        let reason = decision(plan, "crf").unwrap()["code"].clone();
        assert_eq!(reason, "target-reached", "{name}: {plan:#}");
        let trials = predicted(plan)["trials"].as_array().unwrap().len();
        assert!(trials <= 4, "{name}: {trials} trials");
        let real = vmaf_neg(&library.tools, &film, &original);
        assert!((92.5..=96.5).contains(&real), "{name}: VMAF-NEG {real}: {plan:#}");
        found.push(plan["encode"]["crf"].as_u64().unwrap());
    }
    let (least, most) = (found.iter().min().unwrap(), found.iter().max().unwrap());
    assert!(most - least >= 4, "{found:?}");
}

/// Films that can't be sampled are planned by the ladder, and the plan says so; nothing is left behind.
#[test]
fn a_film_without_samples_is_encoded_by_the_ladder() {
    let Some(mut library) = open() else { return };
    library.set("quality", "target");
    library.set("max_size_ratio", 1.0);
    let noise = "noise=alls=25:allf=t -c:v libx264 -preset ultrafast -crf 5 -pix_fmt yuv420p";
    library.make("Short.mkv", &format!("-f lavfi -i testsrc2=size=160x120:rate=25:duration=4,{noise}"));
    library.encode("Short.mkv").exits_with(0).says("[replaced]");
    let jobs = library.jobs();
    let samples = decision(&jobs[0]["plan"], "samples").unwrap().clone();
    assert_eq!(samples["code"], "cannot-be-sampled");
    assert_eq!(jobs[0]["plan"]["encode"]["crf"], 24);
    // An encoder that fails whenever a sample is asked for.
    library.make("Film.mkv", &format!("-f lavfi -i testsrc2=size=160x120:rate=25:duration=20,{noise}"));
    library.replace_ffmpeg(Script { when: "-stats_enc_post", does: "echo '[error] no memory' >&2; exit 1" });
    library.encode("Film.mkv").exits_with(0).says("[replaced]").says("it is planned without more samples");
    let jobs = library.jobs();
    let job = jobs.iter().find(|job| job["path"].as_str().unwrap().ends_with("Film.mkv")).unwrap();
    assert_eq!(decision(&job["plan"], "samples").unwrap()["code"], "not-sampled");
}
