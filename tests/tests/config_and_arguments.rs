//! Where the config comes from, and which arguments are wrong.

#![cfg(test)]

use std::fs;
use std::path::Path;
use std::process::Command;

use av1d_tests::{Run, Running, av1cli};

/// A film of a few bytes. The reason for its skip contains the config's `min_bytes`.
const PROBE: &str = r#"{"streams": [{"index": 0, "codec_type": "video", "codec_name": "h264", "width": 640, "height": 360}],
    "format": {"duration": "10"}}"#;

/// The `min_bytes` in effect.
#[track_caller]
fn min_bytes(command: &mut Command) -> u64 {
    command.args(["plan", "--json", "--probe-json", "-", "--size", "5", "--name", "Film.mkv"]);
    let run = Running::start(command, PROBE.as_bytes()).wait().exits_with(0);
    run.documents()[0]["skip"]["reason"]["facts"]["min_bytes"].as_u64().unwrap_or_else(|| panic!("{run}"))
}

fn write_config(path: &Path, min_bytes: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("min_bytes = {min_bytes}\n")).unwrap();
}

#[test]
fn the_first_config_that_is_there_counts_and_the_others_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let [given, variable, xdg, user] =
        ["given.toml", "variable.toml", "xdg/av1d/config.toml", ".config/av1d/config.toml"]
            .map(|name| home.join(name));
    let seen = || {
        let mut command = av1cli();
        command.env("HOME", home).env("XDG_CONFIG_HOME", home.join("xdg"));
        command
    };
    // From the lowest precedence to the highest. A test can't write to /etc, so that config isn't tested.
    if !Path::new("/etc/av1d/config.toml").exists() {
        assert_eq!(min_bytes(&mut seen()), 2 << 30, "the default");
    }
    write_config(&user, 11);
    assert_eq!(min_bytes(seen().env_remove("XDG_CONFIG_HOME")), 11);
    assert_eq!(min_bytes(seen().env("XDG_CONFIG_HOME", "")), 11, "an empty variable is as good as none");
    write_config(&xdg, 12);
    assert_eq!(min_bytes(&mut seen()), 12);
    write_config(&variable, 13);
    assert_eq!(min_bytes(seen().env("AV1D_CONFIG", &variable)), 13);
    write_config(&given, 14);
    assert_eq!(min_bytes(seen().env("AV1D_CONFIG", &variable).arg("--config").arg(&given)), 14);

    fs::write(&xdg, "broken").unwrap();
    assert_eq!(min_bytes(seen().env("AV1D_CONFIG", &variable)), 13, "what isn't read can't be wrong");
    let run = Run::of(seen().args(["plan", "Film.mkv"])).exits_with(2);
    run.says("xdg/av1d/config.toml:1:").says("hint: ");
}

#[test]
fn a_config_that_is_named_must_be_there() {
    let run = Run::of(av1cli().args(["plan", "--config", "/nonexistent/a.toml", "Film.mkv"])).exits_with(2);
    run.says("/nonexistent/a.toml: no such config file, though --config names it")
        .says("hint: correct the path");
    let run =
        Run::of(av1cli().env("AV1D_CONFIG", "/nonexistent/b.toml").args(["watch", "--once"])).exits_with(2);
    run.says("/nonexistent/b.toml: no such config file, though $AV1D_CONFIG names it").says("hint: ");
}

#[test]
fn wrong_arguments_exit_with_2() {
    for arguments in [
        &[][..],
        &["plan"],
        &["encode"],
        &["frobnicate"],
        &["watch", "Film.mkv"],
        &["plan", "--sise", "5"],
        &["cancel"],
        &["skip"],
        &["pause", "Film.mkv"],
    ] {
        Run::of(av1cli().args(arguments)).exits_with(2).prints_nothing().says("Usage: av1cli");
    }
}
