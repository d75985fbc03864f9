//! Runs `av1cli` with fewer rights than the tests have: in containers, tests run as root.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::library::Library;
use crate::run::{Run, av1cli};
use crate::tools::skipped;

/// Runs `av1cli` so that file permissions apply to it, even if the tests run as root. Returns `None` if this machine
/// can't do that.
pub fn under_rights(library: &Library, arguments: &[&str]) -> Option<Run> {
    let probe = library.scratch().join("denied");
    fs::write(&probe, "").unwrap();
    fs::set_permissions(&probe, fs::Permissions::from_mode(0o000)).unwrap();
    let command = library.command(arguments);
    if fs::read(&probe).is_err() {
        return Some(library.run(arguments));
    }
    let without =
        ["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"];
    let denied = Command::new("setpriv").args(without).arg("cat").arg(&probe).output();
    if denied.is_ok_and(|output| output.status.code() == Some(1)) {
        Some(Run::of(&mut wrapped(Command::new("setpriv").args(without), &command)))
    } else {
        skipped("no rights can be taken from this user");
        None
    }
}

/// Runs `command` as a user other than root, or returns `None` if this machine can't do that.
pub fn as_a_user(command: &mut Command) -> Option<Run> {
    if !rustix::process::geteuid().is_root() {
        return Some(Run::of(command));
    }
    let mut user = Command::new("setpriv");
    user.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    let tried = wrapped(&user, av1cli().arg("--version")).output();
    if tried.is_ok_and(|output| output.status.success()) {
        return Some(Run::of(&mut wrapped(&user, command)));
    }
    skipped("nobody else can run the program");
    None
}

/// Returns `outer` with the program and arguments of `inner` appended, and with `inner`'s environment and working
/// folder.
pub fn wrapped(outer: &Command, inner: &Command) -> Command {
    let mut command = Command::new(outer.get_program());
    command.args(outer.get_args()).arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(folder) = inner.get_current_dir() {
        command.current_dir(folder);
    }
    command
}
