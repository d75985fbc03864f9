//! `av1cli plan`: the command that it prints encodes the film, whatever the film's name is.

#![cfg(test)]

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use av1d_tests::{Library, PICTURE, Run, Running, SOUND, av1cli};
use serde_json::Value;

/// ffprobe's document for a Full HD film, as `--probe-json` takes it.
const PROBE: &str = r#"{"streams": [{"index": 0, "codec_type": "video", "codec_name": "h264", "width": 1920, "height": 1080,
    "pix_fmt": "yuv420p", "r_frame_rate": "24/1", "avg_frame_rate": "24/1", "bit_rate": "20000000",
    "disposition": {"default": 1}}], "format": {"duration": "3600.0", "size": "9000000000"}, "chapters": []}"#;

fn tiny(library: &Library, name: impl AsRef<std::path::Path>) -> PathBuf {
    library.make(name, &PICTURE.replace("duration=1", "duration=0.3"))
}

#[test]
fn the_printed_commands_run_in_a_shell_and_encode_beside_the_films() {
    let Some(library) = Library::open() else { return };
    // Long enough for ffmpeg to look for pressed keys.
    let long = PICTURE.replace("160x120", "320x240").replace("duration=1", "duration=2");
    let paths = [library.make("A.mkv", &long), tiny(&library, "B.mkv")];
    let before = paths.clone().map(|path| std::fs::read(path).unwrap());

    let planned = library.run(["plan", "A.mkv", "B.mkv"]).exits_with(0).says("libsvtav1").says("stream 0");
    assert_eq!(planned.text().lines().count(), 2, "{planned}");
    assert_eq!(library.files(), ["A.mkv", "B.mkv"], "a plan touches nothing");
    // ffmpeg must not read the standard input, because the shell reads its next line from it.
    library.write_scratch("plan.sh", &planned.stdout);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-ec", ". ./plan.sh; cat"]).current_dir(library.scratch());
    let ran = Running::start(&mut shell, b"the next line").wait().exits_with(0);
    assert_eq!(ran.text(), "the next line");

    assert_eq!(library.files(), [".A.mkv.plan.av1tmp", ".B.mkv.plan.av1tmp", "A.mkv", "B.mkv"]);
    for name in ["A.mkv", "B.mkv"] {
        let result = library.media(format!(".{name}.plan.av1tmp"));
        assert_eq!(result.is_av1().times_from_zero(), library.media(name).times_from_zero());
    }
    assert!(before == paths.map(|path| std::fs::read(path).unwrap()), "the originals are untouched");
    assert_eq!(library.jobs(), [] as [Value; 0]);
}

#[test]
fn hostile_names_survive_the_shell_and_the_whole_way() {
    let Some(library) = Library::open() else { return };
    let names: [&[u8]; 8] = [
        b"http:colon.mkv",
        b"-leading dash.mkv",
        b"it's \"quoted\" $HOME `id` \\ & ; #.mkv",
        b"new\nline\tand \x1b[31mred.mkv",
        b"%03d %s.mkv",
        b"not utf-8 \xff\xfe.mkv",
        "русское имя \u{202e}.mkv".as_bytes(),
        b"[star*?].mkv",
    ];
    let names = names.map(|name| OsString::from_vec(name.to_vec()));
    let original = tiny(&library, "original.mkv");
    for name in &names {
        std::fs::copy(&original, library.path(name)).unwrap();
    }
    std::fs::remove_file(&original).unwrap();
    let films = library.files();
    let with_names = |command: &str| [command.into(), "--".into()].into_iter().chain(names.clone());

    let planned = library.run(with_names("plan")).exits_with(0);
    assert!(
        !planned.stderr.contains(['\x1b', '\u{202e}', '\t']),
        "for a terminal, names are harmless: {planned}"
    );
    Run::shell(&planned.stdout, &library.root()).exits_with(0);
    for name in &names {
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(".plan.av1tmp");
        library.media(&hidden).is_av1();
        std::fs::remove_file(library.path(&hidden)).unwrap();
        assert_eq!(library.media(name).codecs("video"), ["h264"]);
    }

    let run = library.run(with_names("encode")).exits_with(0);
    assert!(!run.stderr.contains(['\x1b', '\u{202e}', '\t']), "{run}");
    for name in &names {
        library.media(name).is_av1();
    }
    assert_eq!(library.files(), films);
    let jobs = library.jobs();
    assert_eq!(jobs.len(), names.len());
    let exact = jobs.iter().filter(|job| job.get("path_hex").is_none()).count();
    assert_eq!(exact, names.len() - 1, "only the name that isn't UTF-8 needs its bytes told");
}

#[test]
fn the_json_document_has_every_field_that_scripts_rely_on() {
    let Some(library) = Library::open() else { return };
    let path = library.make("Film.mkv", &format!("{SOUND} {PICTURE} -c:a aac -metadata:s:a:0 language=rus"));

    let documents = library.run(["plan", "--json", "Film.mkv"]).exits_with(0).documents();

    let [document] = &documents[..] else { panic!("{documents:#?}") };
    assert_eq!(document["format"], "av1.plan");
    assert_eq!(document["version"], "1.0");
    assert_eq!(document["source"]["path"], path.to_str().unwrap());
    assert_eq!(document["source"]["size"], std::fs::metadata(&path).unwrap().len());
    assert_eq!(document["verdict"], "encode");
    assert!(document.get("skip").is_none());
    let encode = &document["encode"];
    let output = library.path(".Film.mkv.plan.av1tmp");
    let expected = [
        ("encoder", Value::from("libsvtav1")),
        ("crf", 24.into()),
        ("preset", 5.into()),
        ("container", "matroska".into()),
        ("output", output.to_str().unwrap().into()),
        ("source_class", "unknown".into()),
    ];
    for (field, value) in expected {
        assert_eq!(encode[field], value, "{field}");
    }
    for absent in ["qp", "speed", "cpu_used", "tiles"] {
        assert!(encode.get(absent).is_none(), "{absent}");
    }
    let streams = encode["streams"].as_array().unwrap();
    let fields = ["index", "kind", "action", "reason"];
    let streams: Vec<_> = streams.iter().map(|stream| fields.map(|field| stream[field].clone())).collect();
    let audio: [Value; 4] = [1.into(), "audio".into(), "copy".into(), "only-audio-left".into()];
    assert_eq!(streams, [[0.into(), "video".into(), "encode".into(), "main-picture".into()], audio]);
    assert_eq!(encode["losses"], Value::Array(Vec::new()));
    let argv = encode["argv"].as_array().unwrap();
    assert_eq!(argv[0], "ffmpeg");
    assert_eq!(*argv.last().unwrap(), format!("file:{}", output.display()));
    for decision in document["decisions"].as_array().unwrap() {
        for field in ["topic", "choice", "code", "text"] {
            assert!(decision[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {decision}");
        }
    }
}

#[test]
fn several_films_make_one_document_a_line_in_the_order_of_the_arguments() {
    let Some(library) = Library::open() else { return };
    tiny(&library, "A.mkv");
    library.make("B.mkv", &PICTURE.replace("libx264 -preset ultrafast", "libsvtav1 -preset 12"));
    std::fs::write(library.path("notes.txt"), "x").unwrap();

    let run = library.run(["plan", "--json", "B.mkv", "missing.mkv", "notes.txt", "A.mkv"]);

    let run = run.exits_with(1).says("missing.mkv").says("check the path");
    let seen: Vec<_> = run
        .documents()
        .into_iter()
        .map(|document| (document["verdict"].clone(), document["skip"]["code"].clone()))
        .collect();
    let expected = [("skip", "already-av1".into()), ("skip", "extension".into()), ("encode", Value::Null)];
    assert_eq!(seen, expected.map(|(verdict, code)| (Value::from(verdict), code)));
}

#[test]
fn a_skip_prints_its_reason_for_the_person_and_nothing_for_the_shell() {
    let Some(mut library) = Library::open() else { return };
    tiny(&library, "Film.mkv");
    library.set("min_bytes", 1_000_000_000);

    library.run(["plan", "Film.mkv"]).exits_with(0).prints_nothing().says("[too-small]");
    let ignored = library.run(["plan", "--ignore", "too-small", "Film.mkv"]).exits_with(0).says("too-small");
    assert_eq!(ignored.text().lines().count(), 1);
    library.run(["plan", "--ignore", "size", "Film.mkv"]).exits_with(2).prints_nothing().says("too-small");
}

#[test]
fn explain_prints_every_decision_with_its_reason() {
    let Some(library) = Library::open() else { return };
    tiny(&library, "Film.mkv");

    let document = library.run(["plan", "--json", "Film.mkv"]).documents().remove(0);
    let run = library.run(["plan", "--explain", "Film.mkv"]).exits_with(0);

    for decision in document["decisions"].as_array().unwrap() {
        for field in ["topic", "choice", "text"] {
            let text = decision[field].as_str().unwrap();
            assert!(run.text().contains(text), "{field} {text:?} is not in\n{run}");
        }
    }
    library.run(["plan", "--explain", "--json", "Film.mkv"]).exits_with(2);
}

/// Plans from a document only, without media, ffmpeg or config.
fn plan_of_document(arguments: &[&str], input: &str) -> Run {
    let mut command = av1cli();
    command.env("PATH", "/nonexistent").args(["plan", "--probe-json"]).args(arguments);
    Running::start(&mut command, input.as_bytes()).wait()
}

#[test]
fn a_saved_probe_is_planned_without_film_or_ffmpeg() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("probe.json");
    std::fs::write(&file, PROBE).unwrap();
    let file = file.to_str().unwrap();

    let named = ["--size", "8000000000", "--name", "Some Film.mkv"];
    let run = plan_of_document(&[&[file], &named[..]].concat(), "").exits_with(0).says("assumed");
    assert!(run.text().starts_with("ffmpeg -nostdin "), "{run}");
    assert!(run.text().contains("Some Film.mkv"), "{run}");

    let document =
        plan_of_document(&["-", "--json", "--name", "Film.mkv"], PROBE).exits_with(0).documents().remove(0);
    assert_eq!(document["source"]["size"], 9_000_000_000_u64, "the document's own, without --size");
    assert_eq!(document["encode"]["crf"], 23);
    assert_eq!(document["encode"]["preset"], 4);
    let toolchain = &document["decisions"].as_array().unwrap()[1];
    assert_eq!((&toolchain["topic"], &toolchain["code"]), (&"toolchain".into(), &"toolchain-assumed".into()));

    let small = plan_of_document(&["-", "--size", "5", "--name", "Film.mkv"], PROBE);
    small.exits_with(0).prints_nothing().says("[too-small]");
}

#[test]
fn a_saved_probe_that_says_too_little_or_is_cut_off_is_an_error_with_a_remedy() {
    plan_of_document(&["-"], PROBE).exits_with(2).prints_nothing().says("--name");
    let without_size = PROBE.replace("size", "sighs");
    plan_of_document(&["-", "--name", "a.mkv"], &without_size).exits_with(2).prints_nothing().says("--size");
    let cut = plan_of_document(&["-", "--name", "a.mkv"], &PROBE[..200]);
    cut.exits_with(1).prints_nothing().says("hint: make it with: ffprobe");
    plan_of_document(&["/nonexistent/probe.json"], "").exits_with(1).says("/nonexistent/probe.json");
}

#[test]
fn a_film_from_the_web_gets_the_timestamp_flags_and_one_from_a_disc_does_not() {
    let flags = [
        "+genpts",
        "-copyts",
        "-start_at_zero",
        "-fps_mode",
        "passthrough",
        "-avoid_negative_ts",
        "make_zero",
    ];
    for (name, class, web) in
        [("Film.2020.WEB-DL.AMZN.mkv", "web-like", true), ("Film.2020.BluRay.REMUX.mkv", "disc-like", false)]
    {
        let run = plan_of_document(&["-", "--json", "--name", name], PROBE).exits_with(0);
        let encode = &run.documents()[0]["encode"];
        assert_eq!(encode["source_class"], class);
        let argv: Vec<&str> = encode["argv"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for flag in flags {
            assert_eq!(argv.contains(&flag), web, "{flag} for {name}");
        }
        assert!(argv.windows(2).any(|pair| pair == ["-enc_time_base", "demux"]), "always: {argv:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    for arguments in [&["plan", "--probe-json", "-", "--name", "a.mkv"][..], &["--help"], &["--version"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = av1cli();
        command.args(arguments).stdin(std::process::Stdio::piped()).stdout(writer);
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), PROBE.as_bytes()).ok();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {} {stderr}", output.status);
        assert!(!stderr.contains("panicked") && !stderr.contains("error"), "{stderr}");
    }
}
