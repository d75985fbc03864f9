//! The first ten minutes of a new user, on a machine that never had av1d: from `make install` to an original that is
//! put back. The snapshot holds what the user sees.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use av1d_tests::{Run, Tools, built, clips, program, skipped, wait_until};
use insta::assert_snapshot;
use tempfile::TempDir;

const FILM: &str = "films/Bunny/Big.Buck.Bunny.2008.720p.BluRay.x264.mkv";
const TRAILER: &str = "films/Bunny/Trailer.mkv";
const CONFIG: &str = ".config/av1d/config.toml";

/// Runs a command as user `ann` in a root folder with only a system, an ffmpeg and her home. All mounts end with the
/// command.
const ENTER: &str = r#"#!/bin/sh
set -e
root=$1 ffmpeg=$2 line=$3
mount --bind "$root" "$root"
cd "$root"
for folder in usr dev proc; do mount --rbind "/$folder" "$folder"; done
for folder in bin sbin lib lib64; do
  if [ -d "/$folder" ] && [ ! -L "/$folder" ]; then mount --bind "/$folder" "$folder"; fi
done
mount --bind "$ffmpeg" opt/ffmpeg
exec chroot --userspec=1000:1000 . /usr/bin/env -i HOME=/home/ann LC_ALL=C.UTF-8 \
  PATH=/home/ann/.local/bin:/opt/ffmpeg:/usr/bin:/bin sh -c 'cd && exec 2>&1 && eval "$1"' sh "$line"
"#;

/// A machine for `ann`, and everything that she has seen on it so far.
struct Machine {
    place: TempDir,
    ffmpeg: PathBuf,
    seen: String,
}

impl Machine {
    /// Makes a machine with two films, or returns `None` if that isn't possible here; the test is then to be skipped.
    fn new() -> Option<Self> {
        // The snapshot was made with one version of ffmpeg; other versions have other encoders.
        let (tools, clips) = (Tools::of_version("8.0")?, clips()?);
        let (_, _) = (program("make")?, program("tmux")?);
        let possible = Command::new("unshare").args(["--mount", "chroot", "/", "true"]).output();
        if !possible.is_ok_and(|output| output.status.success()) {
            skipped("nothing can be mounted here");
            return None;
        }
        let place = tempfile::Builder::new().prefix("av1d-test-").tempdir().unwrap();
        let ffmpeg = tools.ffmpeg.parent().unwrap().to_owned();
        let machine = Self { place, ffmpeg, seen: String::new() };
        fs::write(machine.place.path().join("enter"), ENTER).unwrap();
        for folder in ["usr", "dev", "proc", "tmp", "var/lib", "opt/ffmpeg", "home/ann/films/Bunny"] {
            fs::create_dir_all(machine.root().join(folder)).unwrap();
        }
        fs::set_permissions(machine.root().join("tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
        for folder in ["bin", "sbin", "lib", "lib64"] {
            match fs::read_link(Path::new("/").join(folder)) {
                Ok(target) => symlink(target, machine.root().join(folder)).unwrap(),
                Err(_) => fs::create_dir(machine.root().join(folder)).unwrap(),
            }
        }
        let disc = format!(
            "-i {}/bigbuckbunny.mp4 -c:v libx264 -preset veryfast -crf 12 -c:a copy",
            clips.display()
        );
        tools.make(machine.place.path(), &disc, &machine.at(FILM));
        let trailer =
            format!("-i {}/carphone_pristine.mp4 -t 1 -map 0:v -c:v libx264 -crf 30", clips.display());
        tools.make(machine.place.path(), &trailer, &machine.at(TRAILER));
        Some(machine)
    }

    fn root(&self) -> PathBuf {
        self.place.path().join("root")
    }

    /// A path in ann's home folder.
    fn at(&self, path: &str) -> PathBuf {
        self.root().join("home/ann").join(path)
    }

    /// Runs `make install` with ann's home below the root folder.
    fn install(&mut self) {
        let bin = self.place.path().join("bin");
        fs::create_dir(&bin).unwrap();
        for name in ["av1cli", "av1top"] {
            symlink(built(name), bin.join(name)).unwrap();
        }
        let mut make = Command::new("make");
        make.arg("-C").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
        make.args(["-s", "install", "PREFIX=/home/ann/.local"]);
        make.arg(format!("BIN={}", bin.display())).arg(format!("DESTDIR={}", self.root().display()));
        // The tests may themselves be run by `make`.
        let run = Run::of(make.env_remove("MAKEFLAGS").env_remove("MAKELEVEL")).exits_with(0);
        let said = format!("{}{}", run.text(), run.stderr).replace(self.root().to_str().unwrap(), "");
        self.saw("make install PREFIX=\"$HOME/.local\"", &said, 0);
        let owned = Command::new("chown").args(["-R", "1000:1000"]).arg(self.at("")).status().unwrap();
        assert!(owned.success());
    }

    fn saw(&mut self, line: &str, said: &str, code: i32) {
        let end = if code == 0 { String::new() } else { format!("[exit code {code}]\n") };
        writeln!(self.seen, "$ {line}\n{said}{end}").unwrap();
    }

    fn enter(&self, line: &str) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh"]).arg(self.place.path().join("enter"));
        command.arg(self.root()).arg(&self.ffmpeg).arg(line);
        command
    }

    /// Ann types a command line. It must exit with this code, and its output must contain these texts.
    #[track_caller]
    fn types(&mut self, line: &str, code: i32, relied_on: &[&str]) -> String {
        let run = Run::of(&mut self.enter(line)).exits_with(code);
        for text in relied_on {
            assert!(run.text().contains(text), "not said: {text:?}\n{run}");
        }
        self.saw(line, run.text(), code);
        run.text().to_owned()
    }

    /// Ann sets these keys of the config.
    fn edits(&mut self, settings: &[(&str, &str)]) {
        let mut text = fs::read_to_string(self.at(CONFIG)).unwrap();
        writeln!(self.seen, "$ edit ~/{CONFIG}").unwrap();
        for (key, value) in settings {
            let set = text.find(&format!("\n{key} = "));
            let start = set.or_else(|| text.find(&format!("\n# {key} = "))).unwrap() + 1;
            let end = start + text[start..].find('\n').unwrap();
            let line = format!("{key} = {value}");
            writeln!(self.seen, "-{}\n+{line}", &text[start..end]).unwrap();
            text.replace_range(start..end, &line);
        }
        self.seen += "\n";
        fs::write(self.at(CONFIG), text).unwrap();
    }

    /// Ann opens the dashboard, sees these texts, and closes it with `q`.
    fn opens_the_dashboard(&mut self, relied_on: &[&str]) {
        let socket = self.place.path().join("tmux");
        let terminal = Terminal { tmux: program("tmux").unwrap(), socket };
        let shell = self.enter("exec env PS1=ready: TERM=screen-256color sh");
        let arguments: Vec<&str> = shell.get_args().map(|argument| argument.to_str().unwrap()).collect();
        let size = ["-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "24", "unshare"];
        terminal.tmux(&[&size[..], &arguments].concat());
        terminal.wait_for(&["ready:"]);
        terminal.tmux(&["send-keys", "av1top", "Enter"]);
        let screen = terminal.wait_for(relied_on);
        terminal.tmux(&["send-keys", "q"]);
        terminal.wait_for(&["ready:"]);
        let lines: Vec<&str> = screen.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        self.saw("av1top", &(lines.join("\n") + "\n"), 0);
    }

    /// The content of every file among ann's films, in her config and in her state folder.
    fn holds(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        for folder in ["films", ".config", ".local/state"] {
            collect(&self.at(folder), &mut found);
        }
        found
    }
}

fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}

/// A tmux terminal. Dropping it ends the server.
struct Terminal {
    tmux: PathBuf,
    socket: PathBuf,
}

impl Terminal {
    fn tmux(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(&self.tmux);
        let output = command.env_remove("TMUX").arg("-S").arg(&self.socket).args(arguments).output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Waits until the screen shows all these texts, and returns it.
    fn wait_for(&self, texts: &[&str]) -> String {
        let mut seen = String::new();
        wait_until(&format!("the screen shows {texts:?}"), || {
            seen = self.tmux(&["capture-pane", "-p"]);
            texts.iter().all(|text| seen.contains(text))
        });
        seen
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It doesn't matter if the server has ended already.
        drop(Command::new(&self.tmux).arg("-S").arg(&self.socket).arg("kill-server").output());
    }
}

/// Text that differs between runs or machines, and the word that replaces it in the snapshot.
const VARIABLE: [(&str, &str); 17] = [
    (r"\d{8}-\d{6}-\d{6}", "JOB"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?", "TIME"),
    (r"\d:\d\d:\d\d", "DURATION"),
    (r" n?8\.\d[\w.-]*", " 8.0"),
    (r" CPU .*", " CPU … memory … load …"),
    (r"\d\d:\d\d +\d+:\d\d\b", "TIME  DURATION"),
    (r"since \d\d:\d\d", "since TIME"),
    (r" +[\d.]+M +[\d.]+M ", "  SIZE  SIZE "),
    (r"\b\d+\.\d [KMGT]iB", "SIZE"),
    // What the machine has decides these lines.
    (r"(?m)^ok    time-zone  .*$", "ok    time-zone     ZONE"),
    (r"(?m)^(?:ok|warn)  +mkvtoolnix  .*\n(?:  +hint: .*\n)?", "ok    mkvtoolnix    WHETHER\n"),
    (r"\b\d+ %", "N %"),
    (r"\b(size|before|after)=\d+", "$1=N"),
    (r"in \d+\.\d s and read", "in N s and read"),
    (r"\d\.\d+ bits a pixel", "N bits a pixel"),
    (r"( is on) .*: (hard links).*", "$1 FILE SYSTEM: $2 …"),
    (r"\d+ files, listed", "N files, listed"),
];

#[test]
fn from_install_to_undo() {
    let Some(mut ann) = Machine::new() else { return };
    let original = fs::read(ann.at(FILM)).unwrap();
    ann.install();

    ann.types(
        "av1cli doctor",
        1,
        &[
            "there is no config file",
            "`av1cli config init` writes one",
            "FAIL  root          /media isn't there\n",
            "FAIL  state-folder  /var/lib/av1d/jobs isn't there and can't be made",
        ],
    );
    ann.types("av1cli config init", 0, &["wrote /home/ann/.config/av1d/config.toml\n", "next: "]);
    ann.edits(&[
        ("library_roots", r#"["/home/ann/films"]"#),
        ("min_bytes", "100000"),
        ("keep_original", "true"),
    ]);
    ann.types("av1cli config check", 0, &["ok: /home/ann/.config/av1d/config.toml sets "]);
    ann.types("av1cli config show", 0, &["min_bytes = 100000  ", "config.toml:12\n"]);
    let well = ann.types("av1cli doctor", 0, &["all is well", "a replacement works"]);
    assert!(!well.contains("FAIL"), "{well}");

    let before = ann.holds();
    ann.types("av1cli plan films", 0, &["encode   libsvtav1 crf ", "1 to encode", "1 to skip (1 too-small)"]);
    let planned = ann.types(&format!("av1cli plan {FILM}"), 0, &["no gate was met"]);
    assert!(planned.lines().last().unwrap().starts_with("ffmpeg -nostdin "), "{planned}");
    assert!(ann.holds() == before, "a plan changes nothing and makes nothing");

    ann.types("av1cli watch --once", 0, &["[replaced]", "1 replaced, 1 skipped, 0 failed"]);
    assert!(fs::read(ann.at(FILM)).unwrap() != original);
    assert!(fs::read(ann.at(&format!("{FILM}.orig"))).unwrap() == original, "it is kept");
    ann.types("av1cli status", 0, &["no daemon runs here", "jobs: 1 replaced"]);
    ann.opens_the_dashboard(&[
        "CPU ",
        " load ",
        "daemon not running",
        "done    Big.Buck.Bunny",
        "done 1",
        "saved ",
    ]);
    ann.types(&format!("av1cli why {FILM}"), 0, &["replaced: ", ".orig: the original, kept"]);
    ann.types(&format!("av1cli why {TRAILER}"), 0, &["[too-small]", "it was never worked on"]);
    ann.types(&format!("av1cli verify {FILM}"), 0, &["good: /home/ann/films/"]);
    ann.types(&format!("av1cli undo {FILM}"), 0, &["is the original again", "av1cli unskip"]);

    assert!(fs::read(ann.at(FILM)).unwrap() == original, "bit for bit");
    let mut left = before;
    left.insert(ann.at(&format!("{FILM}.av1skip")), Vec::new());
    let names = |films: BTreeMap<PathBuf, Vec<u8>>| -> Vec<PathBuf> {
        let films = films.into_keys().filter(|path| path.starts_with(ann.at("films")));
        films.filter(|path| !path.ends_with(".av1d.lock")).collect()
    };
    assert_eq!(names(ann.holds()), names(left), "nothing else is there");
    ann.types("av1cli status", 0, &["jobs: 1 undone"]);

    insta::with_settings!({ filters => VARIABLE.to_vec(), omit_expression => true }, {
        assert_snapshot!(ann.seen);
    });
}
