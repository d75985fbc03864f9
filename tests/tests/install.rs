//! `make install` and `make uninstall` into an empty root folder: every file is there and works, and all are removed
//! again.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use av1d_tests::{Run, built, program};
use tempfile::TempDir;

/// An empty root folder, and a folder with the programs under their real names.
struct Root {
    home: TempDir,
}

impl Root {
    fn new() -> Option<Self> {
        program("make")?;
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join("bin");
        fs::create_dir(&bin).unwrap();
        for name in ["av1cli", "av1top"] {
            fs::copy(built(name), bin.join(name)).unwrap();
        }
        fs::create_dir(home.path().join("root")).unwrap();
        Some(Self { home })
    }

    fn path(&self) -> PathBuf {
        self.home.path().join("root")
    }

    fn make(&self, target: &str, variables: &[(&str, &Path)]) -> Run {
        let mut command = Command::new("make");
        command.arg("-C").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).args(["-s", target]);
        // The tests may themselves be run by `make`.
        command.env_remove("MAKEFLAGS").env_remove("MAKELEVEL").env_remove("DESTDIR").env_remove("PREFIX");
        let bin = self.home.path().join("bin");
        for (name, value) in [&[("BIN", bin.as_path())], variables].concat() {
            command.arg(format!("{name}={}", value.display()));
        }
        Run::of(&mut command)
    }

    /// Every file below the root folder.
    fn files(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        collect(&self.path(), &self.path(), &mut found);
        found
    }
}

fn collect(folder: &Path, root: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, root, found);
        } else {
            found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
}

/// The files that must be installed. Besides these, the manual has a page for each command.
const INSTALLED: [&str; 15] = [
    "bin/av1cli",
    "bin/av1top",
    "lib/systemd/system/av1d.service",
    "lib/sysusers.d/av1d.conf",
    "share/bash-completion/completions/av1cli",
    "share/bash-completion/completions/av1top",
    "share/doc/av1d/config.toml",
    "share/doc/av1d/installed",
    "share/fish/vendor_completions.d/av1cli.fish",
    "share/fish/vendor_completions.d/av1top.fish",
    "share/man/man1/av1cli.1",
    "share/man/man1/av1cli-watch.1",
    "share/man/man1/av1top.1",
    "share/zsh/site-functions/_av1cli",
    "share/zsh/site-functions/_av1top",
];

#[test]
fn what_is_installed_into_an_empty_root_is_all_taken_away_again() {
    let Some(root) = Root::new() else { return };
    let (usr, destination) = (Path::new("/usr"), root.path());
    let places = [("DESTDIR", destination.as_path()), ("PREFIX", usr)];
    for _ in 0..2 {
        // Twice: the second one updates an existing installation.
        root.make("install", &places).exits_with(0);
    }
    let files = root.files();
    for name in INSTALLED {
        assert!(files.contains(&format!("usr/{name}")), "{name} is missing: {files:#?}");
    }
    let listed = fs::read_to_string(destination.join("usr/share/doc/av1d/installed")).unwrap();
    let listed: BTreeSet<String> =
        listed.lines().map(|path| path.trim_start_matches('/').to_owned()).collect();
    assert_eq!(listed, files, "nothing is installed that isn't listed");
    let unit = fs::read_to_string(destination.join("usr/lib/systemd/system/av1d.service")).unwrap();
    assert!(unit.contains("\nExecStart=/usr/bin/av1cli --config /etc/av1d/config.toml watch\n"), "{unit}");

    let theirs = destination.join("usr/share/man/man1/theirs.1");
    fs::write(&theirs, "").unwrap();
    root.make("uninstall", &places).exits_with(0);
    assert_eq!(root.files(), ["usr/share/man/man1/theirs.1".to_owned()].into(), "what isn't ours stays");
    fs::remove_file(theirs).unwrap();
    assert!(root.files().is_empty());
    root.make("uninstall", &places).says("nothing is installed below ");
    root.make("install", &[("PREFIX", Path::new("here"))]).says("PREFIX must be an absolute path");
    assert!(root.files().is_empty());
}

#[test]
fn an_update_takes_away_what_it_replaces_and_nothing_else() {
    let Some((root, prefix)) = installed() else { return };
    let before = root.files();
    let list = prefix.join("share/doc/av1d/installed");
    let (gone, theirs) =
        (prefix.join("share/man/man1/av1cli-gone.1"), prefix.join("share/man/man1/theirs.1"));
    for path in [&gone, &theirs] {
        fs::write(path, "").unwrap();
    }
    let listed = fs::read_to_string(&list).unwrap();
    fs::write(&list, format!("{listed}{}\n", gone.display())).unwrap();
    root.make("install", &[("PREFIX", &prefix)]).exits_with(0);
    assert!(!gone.exists(), "an older version had it");
    fs::remove_file(&theirs).unwrap();
    assert_eq!(root.files(), before);
    assert_eq!(fs::read_to_string(&list).unwrap(), listed);
}

#[test]
fn what_an_install_that_failed_left_can_be_taken_away() {
    let Some(root) = Root::new() else { return };
    let prefix = root.path().join("opt");
    // `make install` fails, because a folder can't be created where a file is.
    fs::create_dir(&prefix).unwrap();
    fs::write(prefix.join("lib"), "theirs").unwrap();
    assert!(!root.make("install", &[("PREFIX", &prefix)]).status.success());
    assert!(prefix.join("bin/av1cli").exists(), "it got some way");
    root.make("uninstall", &[("PREFIX", &prefix)]).exits_with(0);
    assert_eq!(root.files(), ["opt/lib".to_owned()].into());
}

#[test]
fn programs_that_are_built_are_named_on_the_command_line_and_not_by_chance() {
    let Some(make) = program("make") else { return };
    let mut command = Command::new(make);
    command.arg("-C").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).args(["-n", "install"]);
    command.env_remove("MAKEFLAGS").env_remove("MAKELEVEL").env("BIN", "/nonexistent");
    let run = Run::of(&mut command).exits_with(0);
    assert!(run.text().contains("cargo build --release") && !run.text().contains("/nonexistent"), "{run}");
}

/// Installs into a prefix without `DESTDIR`, so that the files are where their texts say.
fn installed() -> Option<(Root, PathBuf)> {
    let root = Root::new()?;
    let prefix = root.path().join("opt");
    root.make("install", &[("PREFIX", &prefix)]).exits_with(0);
    Some((root, prefix))
}

#[test]
fn the_installed_programs_run_and_the_installed_config_is_right() {
    let Some((_root, prefix)) = installed() else { return };
    for name in ["av1cli", "av1top"] {
        let mut command = Command::new(prefix.join("bin").join(name));
        let run = Run::of(command.arg("--version").env_clear()).exits_with(0);
        assert_eq!(run.text(), format!("{name} {}\n", env!("CARGO_PKG_VERSION")));
    }
    let mut command = Command::new(prefix.join("bin/av1cli"));
    command.arg("--config").arg(prefix.join("share/doc/av1d/config.toml"));
    // The missing document is the first thing that it complains about, so the config was read without an error.
    Run::of(command.args(["plan", "--probe-json", "/nonexistent"]).env_clear()).exits_with(1);
}

#[test]
fn shells_take_the_completions() {
    let Some((_root, prefix)) = installed() else { return };
    for (shell, folder, names) in [
        ("bash", "bash-completion/completions", ["av1cli", "av1top"]),
        ("zsh", "zsh/site-functions", ["_av1cli", "_av1top"]),
        ("fish", "fish/vendor_completions.d", ["av1cli.fish", "av1top.fish"]),
    ] {
        let Some(shell) = program(shell) else { continue };
        for name in names {
            let path = prefix.join("share").join(folder).join(name);
            let run = Run::of(Command::new(&shell).arg("-n").arg(&path)).exits_with(0);
            assert_eq!(run.stderr, "", "{path:?}");
        }
    }
    let Some(bash) = program("bash") else { return };
    let script = format!(
        ". '{}/share/bash-completion/completions/av1cli'; COMP_WORDS=(av1cli enc); COMP_CWORD=1; \
         _av1cli av1cli enc av1cli; echo \"${{COMPREPLY[*]}}\"",
        prefix.display()
    );
    assert_eq!(Run::of(Command::new(bash).args(["-c", &script])).exits_with(0).text(), "encode\n");
    let printed =
        Run::of(Command::new(prefix.join("bin/av1cli")).args(["completions", "bash"])).exits_with(0);
    let file = fs::read_to_string(prefix.join("share/bash-completion/completions/av1cli")).unwrap();
    assert_eq!(printed.text(), file);
    for arguments in [&["completions"][..], &["completions", "csh"]] {
        let mut command = Command::new(prefix.join("bin/av1cli"));
        Run::of(command.args(arguments)).exits_with(2).prints_nothing().says("<SHELL>");
    }
}

#[test]
fn the_manual_is_well_formed_and_has_a_page_for_each_command() {
    let Some((root, prefix)) = installed() else { return };
    let pages: Vec<String> =
        root.files().into_iter().filter(|name| name.starts_with("opt/share/man/")).collect();
    let main = fs::read_to_string(prefix.join("share/man/man1/av1cli.1")).unwrap();
    let commands = main.lines().filter_map(|line| line.strip_prefix("av1cli\\-")?.strip_suffix("(1)"));
    let commands: Vec<String> = commands.map(|name| name.replace('\\', "")).collect();
    assert!(commands.len() > 10, "{main}");
    for name in &commands {
        assert!(pages.contains(&format!("opt/share/man/man1/av1cli-{name}.1")), "{name}: {pages:?}");
    }
    let (man, mandoc) = (program("man"), program("mandoc"));
    for page in &pages {
        let page = root.path().join(page);
        if let Some(man) = &man {
            let mut command = Command::new(man);
            command.args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"]).arg(&page);
            let run = Run::of(command.env("LC_ALL", "C.UTF-8").env("MANWIDTH", "80")).exits_with(0);
            assert_eq!(run.stderr, "", "{page:?}");
            assert!(!run.stdout.is_empty());
        }
        if let Some(mandoc) = &mandoc {
            let mut command = Command::new(mandoc);
            // The generator leaves the date empty, which is only a warning.
            Run::of(command.args(["-Tlint", "-Werror"]).arg(&page)).exits_with(0);
        }
    }
}

#[test]
fn systemd_takes_the_unit_with_the_path_of_its_program() {
    let Some((_root, prefix)) = installed() else { return };
    let unit = prefix.join("lib/systemd/system/av1d.service");
    let text = fs::read_to_string(&unit).unwrap();
    let start = text.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    assert!(Path::new(start.split(' ').next().unwrap()).is_file(), "{start}");
    let Some(analyze) = program("systemd-analyze") else { return };
    let run = Run::of(Command::new(analyze).arg("verify").arg(&unit));
    assert!(!run.stderr.contains("av1d.service"), "{run}");
    run.exits_with(0);
}

#[test]
fn systemd_makes_the_user_that_the_unit_runs_as() {
    let Some((root, prefix)) = installed() else { return };
    let unit = fs::read_to_string(prefix.join("lib/systemd/system/av1d.service")).unwrap();
    let user = unit.lines().find_map(|line| line.strip_prefix("User=")).unwrap();
    let users = prefix.join("lib/sysusers.d/av1d.conf");
    let text = fs::read_to_string(&users).unwrap();
    assert!(text.lines().any(|line| line.starts_with(&format!("u {user} "))), "{text}");
    let Some(sysusers) = program("systemd-sysusers") else { return };
    let mut command = Command::new(sysusers);
    // A root folder without users, so that the user would be created even if this machine has one of that name.
    let run = Run::of(command.arg("--dry-run").arg("--root").arg(root.home.path().join("bin")).arg(&users));
    run.exits_with(0).says(format!("Creating user '{user}'"));
}
