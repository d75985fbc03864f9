//! Plan documents that are read back: what a hostile one can do (nothing), what happens to a job that contains one, and
//! the example program that judges a result by one.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use av1d_tests::{Library, SOUND, Tools, built, program};
use av1plan::MediaProbe;
use av1plan::probe::{Matrix, Primaries, Transfer};
use serde_json::{Value, json};

/// Two seconds in RGB, whose plan needs a filter with named colours, and sound.
const RGB: &str = "-f lavfi -i testsrc2=size=160x120:rate=25:duration=2 -f lavfi -i sine=duration=2 -map 0 -map 1 -c:v ffv1 \
                   -pix_fmt gbrp -c:a ac3";

/// Twenty seconds, so that there are several windows to compare.
const FILM: &str = "-f lavfi -i testsrc2=size=160x120:rate=25:duration=20,noise=alls=10:allf=t -f lavfi -i sine=duration=20 -map 0 \
                    -map 1 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a ac3";

/// A film of the library with its plan, and a working folder for the example program.
struct Scene {
    library: Library,
    plan: Value,
    work: PathBuf,
}

impl Scene {
    fn new(arguments: &str) -> Option<Self> {
        let mut library = Library::open()?;
        library.hurry();
        library.set("max_size_ratio", 1.0);
        library.make("Film.mkv", arguments);
        let plan = library.run(["plan", "--json", "Film.mkv"]).exits_with(0).documents().remove(0);
        let work = library.scratch().join("work");
        fs::create_dir(&work).unwrap();
        Some(Self { library, plan, work })
    }

    /// Runs the example program, which finds ffmpeg on its `PATH`. `before` is a command that runs it, such as strace.
    fn example(&self, before: &[&str], action: &str) -> Output {
        fs::write(self.work.join("plan.json"), self.plan.to_string()).unwrap();
        let example = built("encode-and-judge");
        let words = before.iter().map(|word| (*word).into()).chain([example.into_os_string()]);
        let words: Vec<std::ffi::OsString> = words.collect();
        let tools = self.library.tools.ffmpeg.parent().unwrap();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).arg(action).arg(self.library.path("Film.mkv")).arg(&self.work);
        command
            .env("PATH", format!("{}:/usr/bin:/bin", tools.display()))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    #[track_caller]
    fn judged(&self, code: i32, says: &str) {
        let output = self.example(&[], "judge");
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(text.contains(says), "{text} lacks {says}");
    }
}

/// The primaries in the plan's filter for RGB.
fn primaries(plan: &mut Value) -> &mut Value {
    let filters = plan["encode"]["filters"].as_array_mut().unwrap();
    let rgb = filters.iter_mut().find(|filter| filter.get("from-rgb").is_some());
    &mut rgb.expect("RGB is converted")["from-rgb"]["primaries"]
}

#[test]
fn a_document_makes_ffmpeg_open_no_other_file() {
    let Some(mut scene) = Scene::new(RGB) else { return };
    let Some(strace) = program("strace") else { return };
    let secret = scene.library.make("secret.mkv", RGB);
    let trace = scene.library.scratch().join("trace");
    let strace = [
        strace.to_str().unwrap(),
        "-f",
        "-qq",
        "-s",
        "300",
        "-e",
        "trace=open,openat,connect,execve",
        "-o",
        trace.to_str().unwrap(),
    ];
    let opened = |name: &str| {
        let trace = fs::read_to_string(&trace).unwrap();
        trace.lines().filter(|line| line.contains("open")).any(|line| line.contains(name))
    };

    // With the honest document, the trace shows that the film is opened.
    let encoded = scene.example(&strace, "encode");
    assert_eq!(encoded.status.code(), Some(0), "{encoded:?}");
    assert!(opened("Film.mkv") && !opened("secret.mkv"));
    scene.judged(0, "accept");

    // What a hostile document could do: ffmpeg itself opens the other file, in spite of the protocol whitelist.
    let filter = format!("setparams=color_primaries=bt709,movie={}", secret.display());
    let mut ffmpeg = Command::new(strace[0]);
    ffmpeg.args(&strace[1..]).arg(&scene.library.tools.ffmpeg).args([
        "-v",
        "error",
        "-protocol_whitelist",
        "file",
    ]);
    ffmpeg.arg("-i").arg(scene.library.path("Film.mkv")).args(["-vf", &filter, "-f", "null", "-"]);
    let ran = ffmpeg.stdin(Stdio::null()).output().unwrap();
    assert!(opened("secret.mkv"), "{ran:?}");

    *primaries(&mut scene.plan) = json!(format!("bt709,movie={}", secret.display()));
    let refused = scene.example(&strace, "encode");
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(words.contains("not a plan document") && words.contains("movie="), "{words}");
    let trace = fs::read_to_string(&trace).unwrap();
    assert!(!trace.contains("/ffmpeg\"") && !opened("secret.mkv"), "ffmpeg isn't even started");
}

#[test]
fn the_example_accepts_a_good_result_and_refuses_a_damaged_one() {
    let Some(scene) = Scene::new(FILM) else { return };
    let encoded = scene.example(&[], "encode");
    assert_eq!(encoded.status.code(), Some(0), "{encoded:?}");
    scene.judged(0, "accept");

    let result = scene.work.join("result");
    let whole = fs::read(&result).unwrap();
    // The header gives the full length; only the packets show that the file is truncated.
    fs::write(&result, &whole[..whole.len() / 2]).unwrap();
    scene.judged(1, "defect [truncated]");
    fs::write(&result, b"").unwrap();
    scene.judged(1, "defect [unreadable]");

    // Another film's pictures, encoded in the same way: only comparing the pictures shows the difference.
    fs::write(&result, &whole).unwrap();
    let black = scene.library.scratch().join("black.mkv");
    let other = "-f lavfi -i color=size=160x120:rate=25:duration=20 -f lavfi -i sine=duration=20 -map 0 -map 1 -c:v libx264 \
                 -preset ultrafast -pix_fmt yuv420p -c:a ac3";
    scene.library.tools.make(&scene.library.scratch(), other, &black);
    fs::copy(&black, scene.library.path("Film.mkv")).unwrap();
    scene.judged(1, "defect [other-picture]");
}

#[test]
fn the_example_says_what_is_missing_and_does_not_accept() {
    let Some(scene) = Scene::new(&format!("{SOUND} {}", av1d_tests::PICTURE)) else { return };
    let encoded = scene.example(&[], "encode");
    assert_eq!(encoded.status.code(), Some(0), "{encoded:?}");
    scene.judged(0, "accept");
    let path = scene.work.join("run.json");
    let whole: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for (field, piece) in
        [("closing", "closing-report"), ("frames", "progress"), ("frame_times", "frame-times")]
    {
        let mut report = whole.clone();
        assert!(!report[field].take().is_null(), "{field} was known");
        fs::write(&path, report.to_string()).unwrap();
        scene.judged(1, &format!("missing [{piece}]"));
    }
}

/// A job file with a plan that somebody wrote or that is damaged: the job is still read, everything works on, and
/// commands about the plan say why it isn't used.
#[test]
fn a_job_whose_plan_cannot_be_read_stops_nothing() {
    let Some(mut library) = Library::open() else { return };
    library.hurry();
    library.set("keep_original", true);
    library.set("max_size_ratio", 1.0);
    library.make("Film.mkv", RGB);
    library.encode("Film.mkv").exits_with(0).says("[replaced]");
    let mut job = library.job();
    // If both exist, the plain file is used instead of the compressed one.
    let path = library.state().join(format!("{}.json", job["id"].as_str().unwrap()));
    *primaries(&mut job["plan"]) = json!("bt709,movie=http://example.org/\u{1b}[2J");
    fs::write(&path, job.to_string()).unwrap();

    let verified = library.run(["verify", "--json", "Film.mkv"]).exits_with(0);
    let document = verified.documents().remove(0);
    assert_eq!((&document["good"], &document["contract"]), (&json!(true), &json!("nothing")));
    assert_eq!(document["notes"][0]["code"], "plan-unread", "{document}");
    let against = library.run(["verify", "--json", "--against", "Film.mkv.orig", "Film.mkv"]).exits_with(0);
    let document = against.documents().remove(0);
    assert_eq!(
        (&document["contract"], &document["notes"][0]["code"]),
        (&json!("original"), &json!("plan-unread"))
    );
    let told = library.run(["verify", "Film.mkv"]).exits_with(0);
    assert!(!told.text().contains('\u{1b}') && !told.stderr.contains('\u{1b}'), "{told}");

    let why = library.run(["why", "Film.mkv"]).exits_with(0);
    assert!(why.text().contains("replaced: "), "{why}");
    library.run(["recover"]).exits_with(0);
    library.watch_once().exits_with(0);
    library.run(["undo", "Film.mkv"]).exits_with(0);
    assert_eq!(library.media("Film.mkv").streams("video")[0]["codec_name"], "ffv1");
    assert!(!path.exists(), "it was put away");
    let after = library.job();
    assert_eq!(after["plan"], job["plan"], "what can't be read is kept as it stands");
    assert!(after.get("undone").is_some());
}

/// The closed lists of colours match ffmpeg's: they contain every value that `setparams` takes, no other value, and the
/// names that ffprobe uses.
#[test]
fn colour_tags_are_those_that_ffmpeg_has_names_for() {
    for version in ["8.0", "9.0"] {
        let Some(tools) = Tools::of_version(version) else { return };
        let newer = |name: &str| version == "8.0" && ["vgamut", "vlog"].contains(&name);
        let mut lists = [
            ("color_primaries", Primaries::ALL.iter().map(|each| each.name()).collect::<Vec<_>>()),
            ("color_trc", Transfer::ALL.iter().map(|each| each.name()).collect()),
            ("colorspace", Matrix::ALL.iter().map(|each| each.name()).collect()),
        ];
        for (option, names) in &mut lists {
            names.retain(|name| !newer(name));
            let mut listed = listed(&tools, option);
            listed.retain(|name| !["auto", "unknown", "jedec-p22"].contains(&name.as_str()));
            listed.sort();
            names.sort_unstable();
            assert_eq!(listed, *names, "{option} of ffmpeg {version}");
        }
        let folder = tempfile::tempdir().unwrap();
        let longest = lists.iter().map(|(_, names)| names.len()).max().unwrap();
        for row in 0..longest {
            let [primaries, transfer, matrix] = lists.each_ref().map(|(_, names)| names[row % names.len()]);
            probed_as_named(&tools, folder.path(), (primaries, transfer, matrix));
        }
    }
}

/// The values of a filter's option, from ffmpeg's help.
fn listed(tools: &Tools, option: &str) -> Vec<String> {
    let help = Command::new(&tools.ffmpeg).args(["-hide_banner", "-h", "filter=setparams"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let lines = help.lines().skip_while(|line| !line.trim_start().starts_with(option)).skip(1);
    let values = lines.take_while(|line| line.starts_with("     "));
    values.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

/// Tags a picture and reads the tags back, from a container that keeps their numbers.
fn probed_as_named(tools: &Tools, folder: &Path, (primaries, transfer, matrix): (&str, &str, &str)) {
    // An RGB matrix doesn't apply to a YUV picture. The values `vgamut` and `vlog` don't fit into the file's one byte.
    let matrix = if matrix == "gbr" { "bt709" } else { matrix };
    if primaries == "vgamut" || transfer == "vlog" {
        return;
    }
    let film = folder.join("tagged.mkv");
    let filter = format!("setparams=color_primaries={primaries}:color_trc={transfer}:colorspace={matrix}");
    // x264 has no number for `ebu3213`, and the MPEG-2 encoder has none for some of the other values.
    let encoder = if primaries == "ebu3213" { "mpeg2video" } else { "libx264" };
    let arguments = format!(
        "-f lavfi -i testsrc2=size=64x64:rate=25:duration=0.04 -vf {filter} -c:v {encoder} -pix_fmt yuv420p"
    );
    tools.make(folder, &arguments, &film);
    let probe = MediaProbe::from_json(&tools.ask("-show_streams", &film)).unwrap();
    let (_, video) = probe.main_video().unwrap();
    assert_eq!(video.unnamed_color, [] as [&str; 0]);
    let color = video.color;
    assert_eq!(
        (color.primaries, color.transfer),
        (primaries.parse().ok(), transfer.parse().ok()),
        "{filter}"
    );
    // Not every encoder has a number for every matrix.
    assert!(color.matrix.is_none() || color.matrix == matrix.parse().ok(), "{filter}");
}
