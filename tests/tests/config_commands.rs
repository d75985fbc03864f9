//! `av1cli config`: the file that it writes, what it shows of a config, and what it says about a wrong one.

#![cfg(test)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use av1d_tests::{Run, as_a_user, av1cli};
use av1exec::settings::{Environment, init, parse};
use serde_json::{Value, json};

/// A temporary home folder, with a config of this text if one is given.
fn home(config: Option<&str>) -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(".config/av1d/config.toml");
    if let Some(text) = config {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
    }
    (home, file)
}

fn config(home: &Path, arguments: &[&str]) -> Command {
    let mut command = av1cli();
    command.env("HOME", home).current_dir(home).arg("config").args(arguments);
    command
}

fn run(home: &Path, arguments: &[&str]) -> Run {
    Run::of(&mut config(home, arguments))
}

/// The text of a new config file of the user who runs the tests.
fn new_text(home: &Path) -> String {
    init::text(&Environment { home: Some(home.into()), ..Environment::default() })
}

const WRONG: &str = "min_bytes = 5\nstable_sec = 1\nmax_size_ratio = 2\nffmpeg =\n";

#[test]
fn init_writes_the_defaults_and_never_over_anything() {
    let (home, _) = home(None);
    let file = home.path().join("new/folder/av1d.toml");
    let written = run(home.path(), &["init", "--path", "new/folder/av1d.toml"]).exits_with(0);
    assert_eq!(written.text(), "wrote new/folder/av1d.toml\n");
    written.says("name it with --config");
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text, new_text(home.path()));
    run(home.path(), &["check", "new/folder/av1d.toml"]).exits_with(0);

    fs::write(&file, "min_bytes = 1\n").unwrap();
    let again = run(home.path(), &["init", "--path", "new/folder/av1d.toml"]).exits_with(1).prints_nothing();
    again.says("error: new/folder/av1d.toml is there already").says("hint: edit it");
    assert_eq!(fs::read_to_string(&file).unwrap(), "min_bytes = 1\n");
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "and no draft is left");
}

#[test]
fn init_prints_the_same_where_it_is_asked_to() {
    let (home, _) = home(None);
    for arguments in [&["init", "--stdout"][..], &["init", "--path", "-"]] {
        assert_eq!(run(home.path(), arguments).exits_with(0).text(), new_text(home.path()));
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    run(home.path(), &["init", "--stdout", "--path", "x"]).exits_with(2).says("cannot be used with");
}

#[test]
fn init_writes_where_the_config_is_looked_for() {
    let (home, file) = home(None);
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
    fs::create_dir(home.path().join("Videos")).unwrap();
    if let Some(written) = as_a_user(&mut config(home.path(), &["init"])) {
        written.exits_with(0).says_no("--config");
        let settings = parse(&fs::read_to_string(&file).unwrap(), &file).unwrap();
        assert_eq!(settings.library_roots, [home.path().join("Videos")], "a folder that this user has");
        assert_eq!(settings.job_state_dir, home.path().join(".local/state/av1d/jobs"));
        assert_eq!(run(home.path(), &["path"]).exits_with(0).text(), format!("{}\n", file.display()));
    }
    let named = home.path().join("named.toml");
    Run::of(config(home.path(), &["init"]).env("AV1D_CONFIG", &named)).exits_with(0).says_no("--config");
    assert_eq!(fs::read_to_string(&named).unwrap(), new_text(home.path()));
}

#[test]
fn show_tells_each_value_with_the_line_that_it_comes_from() {
    let (home, file) = home(Some("# mine\nmin_bytes = 0x10\nactive_hours = '22:00-07:00'\n"));
    let shown = run(home.path(), &["show"]).exits_with(0);
    assert_eq!(shown.stderr, "");
    let line = |start: &str| shown.text().lines().find(|line| line.starts_with(start)).unwrap().to_owned();
    assert!(line("min_bytes = 16 ").ends_with(&format!(" # {}:2", file.display())));
    assert!(line("active_hours = \"22:00-07:00\" ").ends_with(":3"));
    assert!(line("nice = 10 ").ends_with(" # default"));
    assert!(line("# ffmpeg is not set ").ends_with(" # default"));
    assert_eq!(
        parse(shown.text(), Path::new("shown")).unwrap(),
        parse(&fs::read_to_string(&file).unwrap(), &file).unwrap(),
        "what is shown is a config that says the same"
    );

    let document = run(home.path(), &["show", "--json"]).exits_with(0).documents().remove(0);
    assert_eq!(document["file"]["path"], file.to_str().unwrap());
    assert_eq!(document["settings"]["min_bytes"], json!({"value": 16, "source": "file", "line": 2}));
    assert_eq!(document["settings"]["ffmpeg"], json!({"value": null, "source": "default", "line": null}));
    assert_eq!(document["settings"]["library_roots"]["value"], json!(["/media"]));
    assert_eq!(document["problems"], json!([]));
}

#[test]
fn of_a_wrong_config_show_tells_what_could_be_read() {
    let (home, file) = home(Some(WRONG));
    let shown = run(home.path(), &["show"]).exits_with(2).says("`stable_sec` is no key").says("hint: ");
    assert!(shown.text().contains("min_bytes = 5 "));
    let refused = format!(" # default, since {}:3 is wrong", file.display());
    assert!(
        shown
            .text()
            .lines()
            .any(|line| line.starts_with("max_size_ratio = 0.90 ") && line.ends_with(&refused))
    );

    let document = run(home.path(), &["show", "--json"]).exits_with(2).documents().remove(0);
    assert_eq!(document["settings"]["max_size_ratio"], json!({"value": 0.9, "source": "refused", "line": 3}));
    assert_eq!(document["problems"].as_array().unwrap().len(), 3);
}

#[test]
fn check_names_everything_that_is_wrong_with_line_and_column() {
    let (home, file) = home(Some(WRONG));
    // The config that is in use, and one that is given as an argument.
    for arguments in [&["check"][..], &["check", file.to_str().unwrap()]] {
        let checked = run(home.path(), arguments).exits_with(2).prints_nothing();
        let checked = checked.says(format!("error: {}:2:1: `stable_sec`", file.display()));
        checked.says(":3:18: `max_size_ratio`").says(":4:9: the value is missing").says("hint: ");
    }
    let document = run(home.path(), &["check", "--json"]).exits_with(2).documents().remove(0);
    assert_eq!((&document["ok"], &document["error"]), (&json!(false), &Value::Null));
    let places: Vec<Value> = document["problems"].as_array().unwrap().iter().map(place).collect();
    assert_eq!(places, [json!([2, 1]), json!([3, 18]), json!([4, 9])]);

    fs::write(&file, "min_bytes = 5\n").unwrap();
    let checked = run(home.path(), &["check"]).exits_with(0);
    let well = format!("ok: {} sets 1 of ", file.display());
    assert!(
        checked.text().starts_with(&well) && checked.text().ends_with("nothing in it is wrong\n"),
        "{checked}"
    );
    let document = run(home.path(), &["check", "--json"]).exits_with(0).documents().remove(0);
    assert_eq!((&document["ok"], &document["problems"]), (&json!(true), &json!([])));
}

#[test]
fn check_warns_of_extensions_that_can_not_be_taken() {
    let (home, file) = home(Some("min_bytes = 5\nextensions = ['mkv', 'iso', 'gif']\n"));
    let checked = run(home.path(), &["check"]).exits_with(0);
    checked
        .says(format!("warning: {}:2: `extensions` lists \"iso\"", file.display()))
        .says("hint: rip the films");
    let document = run(home.path(), &["check", "--json"]).exits_with(0).documents().remove(0);
    let lines: Vec<&Value> =
        document["warnings"].as_array().unwrap().iter().map(|warning| &warning["line"]).collect();
    assert_eq!((&document["ok"], lines), (&json!(true), vec![&json!(2), &json!(2)]));
}

fn place(problem: &Value) -> Value {
    json!([problem["line"], problem["column"]])
}

#[test]
fn check_says_which_file_is_missing_and_no_name_reaches_the_terminal_raw() {
    let (home, _) = home(None);
    let missing = run(home.path(), &["check", "no\u{1b}[2Jne.toml"]).exits_with(2).prints_nothing();
    missing.says("no\\u{1b}[2Jne.toml: no such file").says("hint: correct the path").says_no("\u{1b}");
    let document = run(home.path(), &["check", "none.toml", "--json"]).exits_with(2).documents().remove(0);
    assert_eq!((&document["ok"], &document["error"]), (&json!(false), &json!("none.toml: no such file")));
    if !Path::new("/etc/av1d/config.toml").exists() {
        assert!(run(home.path(), &["check"]).exits_with(0).text().starts_with("ok: there is no config file"));
    }
}

#[test]
fn path_prints_the_file_that_counts_and_tells_of_the_others() {
    let (home, user) = home(Some("broken"));
    let at = |name: &str| home.path().join(name);
    fs::write(at("given.toml"), "").unwrap();
    let all = || {
        let mut command = config(home.path(), &["path"]);
        command.env("AV1D_CONFIG", at("variable.toml")).arg("--config").arg(at("given.toml"));
        command
    };
    let found = Run::of(&mut all()).exits_with(0);
    assert_eq!(found.text(), format!("{}\n", at("given.toml").display()), "the file alone, for scripts");
    let told: Vec<Vec<&str>> = found.stderr.lines().map(|line| line.split("  ").collect()).collect();
    let starts: Vec<&str> = told.iter().map(|words| words[0]).collect();
    assert_eq!(starts, ["--config", "$AV1D_CONFIG", "the user's", "the machine's"], "{found}");

    let document = Run::of(all().arg("--json")).exits_with(0).documents().remove(0);
    let place = |place: &Value| json!([place["origin"], place["exists"], place["used"]]);
    let places: Vec<Value> = document["places"].as_array().unwrap().iter().take(3).map(place).collect();
    assert_eq!(
        places,
        [json!(["caller", true, true]), json!(["variable", false, false]), json!(["user", true, false])]
    );
    assert_eq!(document["file"]["path"], at("given.toml").to_str().unwrap());

    // A config that can't be read is still the one in use. A config that is named explicitly but missing is an error.
    assert_eq!(run(home.path(), &["path"]).exits_with(0).text(), format!("{}\n", user.display()));
    let missing = Run::of(config(home.path(), &["path"]).env("AV1D_CONFIG", at("variable.toml")));
    missing.exits_with(2).says("variable.toml: no such config file, though $AV1D_CONFIG names it");
}

#[test]
fn check_names_extensions_that_no_film_has() {
    let (home, file) = home(Some("extensions = ['mkv', 'iso', 'foo', 'mxf']\n"));
    let checked = run(home.path(), &["check"]).exits_with(0);
    let line = |text: &str| format!("warning: {}:1: {text}", file.display());
    let checked = checked.says(line("`extensions` lists \"iso\", but such a file is an image of a disc"));
    let checked = checked.says(line("`extensions` lists \"foo\", which av1d knows of no films"));
    checked.says_no("mxf").says_no("\"mkv\"").says("hint: check its spelling");
    let document = run(home.path(), &["check", "--json"]).exits_with(0).documents().remove(0);
    assert_eq!(document["warnings"].as_array().unwrap().len(), 2);
}
