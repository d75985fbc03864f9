//! A crate outside the workspace, as somebody else would write it on av1plan: its README's recipe, `av1plan` and
//! `serde_json`, and nothing else.
#![allow(clippy::unwrap_used, reason = "helpers of tests; clippy's exemption covers test functions only")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use av1d_tests::{Library, PICTURE, SOUND};

const PROBE: &str = r#"{"streams": [
    {"index": 0, "codec_type": "video", "codec_name": "h264", "width": 1920, "height": 1080},
    {"index": 1, "codec_type": "data", "codec_name": "klv"}],
    "format": {"filename": "/films/Film.2001.1080p.BluRay.mkv", "size": "8589934592", "duration": "5400.0"}}"#;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn readme() -> String {
    fs::read_to_string(repository().join("av1plan/README.md")).unwrap()
}

/// Writes and builds the crate in a folder.
fn built(folder: &Path) -> PathBuf {
    let (repository, readme) = (repository(), readme());
    let recipe = readme.split("<!-- recipe -->\n```rust,no_run\n").nth(1).unwrap();
    let recipe = recipe.split("```\n").next().unwrap();
    let manifest = format!(
        "[package]\nname = \"stranger\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nav1plan = {{ path = '{}' }}\n\
         serde_json = \"1\"\n\n[profile.dev]\nopt-level = 1\n\n[workspace]\n",
        repository.join("av1plan").display()
    );
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/recipe.rs"), recipe).unwrap();
    fs::copy(repository.join("tests/data/stranger/main.rs"), folder.join("src/main.rs")).unwrap();
    // The same versions, which are here already.
    fs::copy(repository.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let built = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--target-dir", "target"])
        .current_dir(folder)
        .env("RUSTFLAGS", "-D warnings")
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    folder.join("target/debug/stranger")
}

fn ask(program: &Path, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments doesn't read.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    child.wait_with_output().unwrap()
}

#[track_caller]
fn says(output: &Output, code: i32, text: &str) {
    let words = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(words.contains(text), "{words} lacks {text}");
}

/// A line of code, tab and meaning for each row of the README's tables.
fn translations() -> String {
    let readme = readme();
    let tables = readme.split("<!-- codes -->").nth(1).unwrap();
    let rows = tables.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    let translated = rows.map(|row| {
        let (code, rest) = row.split_once('`').unwrap();
        format!("{code}\t{}\n", rest.rsplit(" | ").next().unwrap())
    });
    translated.collect()
}

#[test]
fn a_program_of_somebody_else_plans_encodes_and_judges() {
    let Some(library) = Library::open() else { return };
    let folder = library.scratch().join("stranger");
    let program = built(&folder);

    let argv = ask(&program, &["argv"], PROBE);
    says(&argv, 0, "-c:v\nlibsvtav1\n");
    says(&argv, 0, "-i\nfile:Film.2001.1080p.BluRay.mkv\n");
    says(&ask(&program, &["policy"], PROBE), 0, "not for us: data");
    let gentle = PROBE.replace("data", "subtitle").replace("klv", "subrip");
    says(&ask(&program, &["policy"], &gentle), 0, "libsvtav1 crf");
    for (document, words) in [
        ("null", "is not what ffprobe prints"),
        ("{}", "no list `streams`"),
        ("[1]", "is not what ffprobe prints"),
        (r#"{"name": "x"}"#, "no list `streams`"),
        ("", "printed nothing"),
        ("{", "is not the JSON"),
    ] {
        let refused = ask(&program, &["argv"], document);
        assert_eq!(refused.status.code(), Some(2), "{document}");
        let error = String::from_utf8_lossy(&refused.stderr);
        assert!(error.contains(words) && error.lines().count() == 1, "{document}: {error}");
    }

    let table = folder.join("translations");
    fs::write(&table, translations()).unwrap();
    let codes = ask(&program, &["codes", table.to_str().unwrap()], "");
    says(&codes, 0, "reason\ttoo-small\t");
    assert!(String::from_utf8_lossy(&codes.stdout).lines().count() > 200);
    says(&ask(&program, &["many", "100000"], PROBE), 0, "");

    // Each step is a process of its own.
    let film = library.make("Film.mkv", &format!("{SOUND} {PICTURE}"));
    let tools = library.tools.ffmpeg.parent().unwrap();
    let step = |name: &str| {
        Command::new(&program)
            .args([name, film.to_str().unwrap(), folder.to_str().unwrap()])
            .env("PATH", format!("{}:/usr/bin:/bin", tools.display()))
            .output()
            .unwrap()
    };
    says(&step("plan"), 0, "");
    says(&step("encode"), 0, "exit code 0, ");
    says(&step("judge"), 0, "accept: ");
    let result = folder.join("result.mkv");
    let whole = fs::read(&result).unwrap();
    fs::write(&result, &whole[..whole.len() / 2]).unwrap();
    says(&step("judge"), 1, "\ntruncated\n");
    fs::write(&result, whole).unwrap();
    fs::write(folder.join("run.json"), r#"{"exit_code": 0, "damage": []}"#).unwrap();
    says(&step("judge"), 1, "incomplete: not everything was looked at: ");
}
