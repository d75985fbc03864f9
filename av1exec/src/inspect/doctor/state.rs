//! Checks the state folder, its daemon if one runs, and the locks.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use av1plan::explain::Seconds;

use super::check::{Check, Code};
use super::folder::{self, Folder};
use super::{CHECK_TIMEOUT, within};
use crate::serve::control::client::{Client, ClientError};
use crate::serve::control::protocol::{Greeting, Reply, Request};
use crate::serve::status::{State, Status};
use crate::settings::Settings;
use crate::state::outcome::Bytes;
use crate::sys::disk::Space;
use crate::sys::lock::{self, Holder, Standing};
use crate::sys::sanitize::{display, sanitize};

/// How long talking to a daemon may take: longer than a client waits for its greeting and its reply.
const CONTROL_TIMEOUT: Duration = Duration::from_secs(35);

/// Checks all three.
pub(super) async fn examine(settings: &Settings) -> Vec<Check> {
    let state = &settings.job_state_dir;
    let folder = state.clone();
    let looked = within(CHECK_TIMEOUT, move || look(&folder)).await;
    let folder = state.clone();
    let daemon = within(CONTROL_TIMEOUT, move || greet(&folder)).await.unwrap_or(Daemon::Silent);
    let locks = standings(lock::paths(state, &settings.library_roots)).await;
    vec![folder_check(state, looked).about(state), daemon_check(state, &daemon), lock_check(&locks, &daemon)]
}

/// What was found of the state folder.
#[derive(Debug)]
enum Looked {
    /// It exists.
    Folder(Folder),
    /// It doesn't exist, but can be created.
    CanBeMade(Option<Space>),
    /// It doesn't exist and can't be created, because this existing folder above it doesn't allow that.
    CantBeMade(PathBuf, io::Error),
    /// It can't be examined, or isn't a folder.
    Unreadable(io::Error),
}

fn look(state: &Path) -> Looked {
    match folder::look(state) {
        Ok(folder) => return Looked::Folder(folder),
        Err(error) if error.kind() != ErrorKind::NotFound => return Looked::Unreadable(error),
        Err(_) => {}
    }
    let above = state.ancestors().skip(1).find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    match rustix::fs::access(above, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK) {
        Ok(()) => Looked::CanBeMade(crate::sys::disk::space(above).ok()),
        Err(error) => Looked::CantBeMade(above.to_owned(), error.into()),
    }
}

fn folder_check(state: &Path, looked: Option<Looked>) -> Check {
    /// The hint for a state folder that can't be used.
    const OTHER: &str = "set `job_state_dir` in the config to a folder that the user that runs av1d may write to, like /home/NAME/.local/state/av1d";
    let name = display(state);
    let fail = |text: String| Check::fail(Code::StateFolder, text, OTHER);
    let with_room = |text: String, space: Option<Space>| match space {
        Some(space) if !space.holds_a_job() => Check::fail(
            Code::StateFolder,
            format!("{text}, only {} free", Bytes(space.free)),
            "free some room: nothing is begun that couldn't be written down",
        ),
        Some(space) => Check::ok(Code::StateFolder, format!("{text}, {} free", Bytes(space.free))),
        None => Check::ok(Code::StateFolder, text),
    };
    match looked {
        None => fail(format!("{name} doesn't answer within {}", Seconds::from(CHECK_TIMEOUT))),
        Some(Looked::Unreadable(error)) if error.kind() == ErrorKind::NotADirectory => {
            fail(format!("{name} is no folder, or something above it is none"))
        }
        Some(Looked::Unreadable(error)) => fail(format!("{name} can't be looked at: {error}")),
        Some(Looked::CantBeMade(above, error)) => {
            fail(format!("{name} isn't there and can't be made in {}: {error}", display(&above)))
        }
        Some(Looked::CanBeMade(space)) => {
            with_room(format!("{name} isn't there yet, and can be made"), space)
        }
        Some(Looked::Folder(Folder { listing: Err(why), .. })) => {
            fail(format!("{name} can't be read: {why}"))
        }
        Some(Looked::Folder(Folder { writable: Err(why), .. })) => {
            fail(format!("{name} can't be written to: {why}"))
        }
        Some(Looked::Folder(Folder { space, kind, .. })) => {
            let kind = kind.map_or(String::new(), |kind| format!(" on {kind}"));
            with_room(format!("{name} is readable and writable{kind}"), space)
        }
    }
}

/// Who answers on the control socket.
#[derive(Debug)]
enum Daemon {
    /// Nobody: no daemon runs.
    None,
    /// A daemon, with its status if it replied with one.
    Answers(Greeting, Option<Box<Status>>),
    /// A process that a client can't talk to.
    Odd(ClientError),
    /// A process that doesn't answer in time.
    Silent,
}

fn greet(state: &Path) -> Daemon {
    let mut client = match Client::connect(state) {
        Ok(Some(client)) => client,
        Ok(None) => return Daemon::None,
        Err(error) => return Daemon::Odd(error),
    };
    match client.ask(&Request::Status) {
        Ok(Reply::Status(status)) => Daemon::Answers(client.daemon, Some(status)),
        Ok(Reply::Done { .. } | Reply::Refused(_)) => Daemon::Answers(client.daemon, None),
        Err(error) => Daemon::Odd(error),
    }
}

fn daemon_check(state: &Path, daemon: &Daemon) -> Check {
    match daemon {
        Daemon::None => Check::ok(Code::Daemon, format!("none runs (nobody listens in {})", display(state))),
        Daemon::Silent => Check::fail(
            Code::Daemon,
            format!("something listens in {} and doesn't answer", display(state)),
            "see its log, and start it anew",
        ),
        Daemon::Odd(error @ ClientError::Incompatible { .. }) => {
            Check::warn(Code::Daemon, error.to_string(), error.hint())
        }
        Daemon::Odd(error @ ClientError::Lost { source, .. })
            if source.kind() == ErrorKind::PermissionDenied =>
        {
            Check::warn(Code::Daemon, error.to_string(), error.hint())
        }
        Daemon::Odd(error) => Check::fail(Code::Daemon, error.to_string(), "see its log, and start it anew"),
        Daemon::Answers(greeting, status) => {
            let word = status.as_deref().map_or("unknown", |status| status.state.into());
            let Greeting { protocol: _, version, pid } = greeting;
            let text = format!("av1d {} answers (process {pid}): {word}", sanitize(version));
            if *version != Greeting::current().version {
                let hint =
                    format!("this is {}: start the daemon anew after an update", Greeting::current().version);
                return Check::warn(Code::Daemon, text, hint);
            }
            match status.as_deref().map(|status| status.state) {
                Some(State::StateDiskFull) => {
                    Check::fail(Code::Daemon, text, "free some room on the disk of the state folder")
                }
                Some(State::Paused) => Check::warn(Code::Daemon, text, "`av1cli resume` lets it go on"),
                _ => Check::ok(Code::Daemon, text),
            }
        }
    }
}

/// Examines all locks concurrently, so that a share that hangs delays no other lock.
async fn standings(paths: Vec<PathBuf>) -> Vec<(PathBuf, io::Result<Standing>)> {
    let looks: Vec<_> = paths
        .into_iter()
        .map(|path| {
            let looked_at = path.clone();
            (path, tokio::spawn(within(CHECK_TIMEOUT, move || lock::look(&looked_at))))
        })
        .collect();
    let mut standings = Vec::new();
    for (path, look) in looks {
        standings.push((path, in_time(look.await.ok().flatten())));
    }
    standings
}

/// Turns a missing result, which means a timeout, into an error.
fn in_time(looked: Option<io::Result<Standing>>) -> io::Result<Standing> {
    looked.unwrap_or_else(|| {
        let text = format!("it doesn't answer within {}", Seconds::from(CHECK_TIMEOUT));
        Err(io::Error::new(ErrorKind::TimedOut, text))
    })
}

fn lock_check(locks: &[(PathBuf, io::Result<Standing>)], daemon: &Daemon) -> Check {
    let by_daemon = |holder: Option<&Holder>| match daemon {
        Daemon::Answers(greeting, _) => holder.is_none_or(|holder| holder.process.pid == greeting.pid),
        _ => false,
    };
    let held = |(path, standing): &(PathBuf, io::Result<Standing>)| match standing {
        Ok(Standing::Held(holder)) => Some((path.clone(), holder.clone())),
        _ => None,
    };
    let held: Vec<(PathBuf, Option<Holder>)> = locks.iter().filter_map(held).collect();
    let holder =
        |holder: &Option<Holder>| holder.as_ref().map_or_else(|| "somebody".to_owned(), ToString::to_string);
    if let Some((path, other)) = held.iter().find(|(_, holder)| !by_daemon(holder.as_ref())) {
        return Check::warn(
            Code::Lock,
            format!(
                "{} is held by {}, which is no daemon of this state folder",
                display(path),
                holder(other)
            ),
            "a daemon that is started now ends with exit code 4: let that one finish, or stop it first",
        )
        .about(path);
    }
    if let Some((_, daemon)) = held.first() {
        return Check::ok(Code::Lock, format!("held by the daemon ({})", holder(daemon)));
    }
    let unknown = |(path, standing): &(PathBuf, io::Result<Standing>)| match standing {
        Ok(Standing::Unknown(last)) => Some((path.clone(), last.clone())),
        _ => None,
    };
    if let Some((path, last)) = locks.iter().find_map(unknown) {
        let last = last.map_or_else(String::new, |last| format!("; {last} had it last"));
        return Check::warn(
            Code::Lock,
            format!("whether {} is held can't be seen from here{last}", display(&path)),
            "see on the other machines and in the containers that have this folder whether an av1d works there",
        )
        .about(&path);
    }
    if let Some((path, Err(error))) = locks.iter().find(|(_, standing)| standing.is_err()) {
        let hint = match error.kind() {
            ErrorKind::TimedOut => "see whether what is mounted there can be reached",
            _ => "run this as the user that runs av1d",
        };
        return Check::warn(Code::Lock, format!("{} can't be looked at: {error}", display(path)), hint)
            .about(path);
    }
    Check::ok(Code::Lock, "free: no other av1d works on this state folder or in these roots")
}

#[cfg(test)]
mod tests;
