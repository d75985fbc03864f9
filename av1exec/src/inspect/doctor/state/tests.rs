//! Findings about the state folder, its daemon and the locks, by example.

use super::super::Level;
use super::*;
use crate::sys::orphan::ProcessId;

#[track_caller]
fn says(check: &Check, level: Level, words: &str) {
    assert!(check.level == level && check.text.contains(words), "{check:?}");
    assert_eq!(check.hint.is_some(), level != Level::Ok, "{check:?}");
}

fn looked(writable: Result<(), &str>, free: u64) -> Looked {
    let writable = writable.map_err(str::to_owned);
    let space = Some(Space { free, total: 100 << 30 });
    Looked::Folder(Folder { listing: Ok(folder::Listing::Empty), writable, space, kind: Some("xfs".into()) })
}

#[test]
fn a_state_folder_is_there_or_can_be_made() {
    let no = || io::Error::from(ErrorKind::PermissionDenied);
    for (looked, level, words) in [
        (Some(looked(Ok(()), 5 << 30)), Level::Ok, "/s is readable and writable on xfs, 5.0 GiB free"),
        (Some(looked(Ok(()), 1 << 20)), Level::Fail, "only 1.0 MiB free"),
        (Some(looked(Err("read-only"), 5 << 30)), Level::Fail, "can't be written to: read-only"),
        (Some(Looked::CanBeMade(None)), Level::Ok, "isn't there yet, and can be made"),
        (Some(Looked::CantBeMade("/var".into(), no())), Level::Fail, "can't be made in /var"),
        (Some(Looked::Unreadable(ErrorKind::NotADirectory.into())), Level::Fail, "no folder"),
        (Some(Looked::Unreadable(no())), Level::Fail, "can't be looked at"),
        (None, Level::Fail, "doesn't answer"),
    ] {
        says(&folder_check(Path::new("/s"), looked), level, words);
    }
}

#[test]
fn a_folder_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("a/b");
    assert!(matches!(look(&state), Looked::CanBeMade(Some(_))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    std::fs::write(folder.path().join("a"), "a file").unwrap();
    assert!(matches!(look(&state), Looked::Unreadable(_)));
}

fn greeting(version: &str) -> Greeting {
    Greeting { version: version.into(), pid: 7, ..Greeting::current() }
}

#[test]
fn a_daemon_may_be_missing_but_must_answer_where_it_is() {
    let lost = |kind: ErrorKind| Daemon::Odd(ClientError::Lost { path: "/s/c".into(), source: kind.into() });
    let this = Greeting::current().version;
    for (daemon, level, words) in [
        (Daemon::None, Level::Ok, "none runs"),
        (Daemon::Answers(greeting(&this), None), Level::Ok, "answers (process 7)"),
        (Daemon::Answers(greeting("0.0.9"), None), Level::Warn, "av1d 0.0.9"),
        (Daemon::Odd(ClientError::Incompatible { daemon: greeting("9") }), Level::Warn, "protocol"),
        (lost(ErrorKind::PermissionDenied), Level::Warn, "failed to talk"),
        (lost(ErrorKind::WouldBlock), Level::Fail, "doesn't answer"),
        (Daemon::Silent, Level::Fail, "doesn't answer"),
    ] {
        says(&daemon_check(Path::new("/s"), &daemon), level, words);
    }
}

/// The state of two locks and of the daemon, and the expected finding.
type Row = ([io::Result<Standing>; 2], Daemon, Level, &'static str);

#[test]
fn a_lock_is_the_daemons_or_nobodys() {
    let by = |pid| {
        let process = ProcessId { pid, ..ProcessId::current() };
        Ok(Standing::Held(Some(Holder { host: "box".into(), process })))
    };
    let daemon = || Daemon::Answers(greeting("0.1.0"), None);
    let free = || Ok(Standing::Free);
    let no = || Err(io::Error::from(ErrorKind::PermissionDenied));
    let unknown = || {
        let Ok(Standing::Held(holder)) = by(8) else { panic!() };
        Ok(Standing::Unknown(holder))
    };
    let table: [Row; 9] = [
        ([free(), free()], Daemon::None, Level::Ok, "free"),
        ([by(7), by(7)], daemon(), Level::Ok, "held by the daemon (process 7 on box)"),
        ([by(8), free()], Daemon::None, Level::Warn, "/s/lock is held by process 8 on box"),
        ([by(7), by(8)], daemon(), Level::Warn, "/films/.av1d.lock is held by process 8"),
        ([free(), Ok(Standing::Held(None))], Daemon::None, Level::Warn, "held by somebody"),
        ([free(), no()], Daemon::None, Level::Warn, "can't be looked at"),
        ([free(), in_time(None)], Daemon::None, Level::Warn, "doesn't answer within 10 s"),
        (
            [free(), unknown()],
            Daemon::None,
            Level::Warn,
            "can't be seen from here; process 8 on box had it last",
        ),
        ([free(), Ok(Standing::Unknown(None))], Daemon::None, Level::Warn, "can't be seen from here"),
    ];
    for (standings, daemon, level, words) in table {
        let paths = lock::paths(Path::new("/s"), &["/films".into()]);
        let locks: Vec<_> = paths.into_iter().zip(standings).collect();
        says(&lock_check(&locks, &daemon), level, words);
    }
}

#[tokio::test]
async fn each_lock_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("films");
    std::fs::create_dir_all(root.join(lock::ROOT_LOCK)).unwrap();
    let looked = standings(lock::paths(folder.path(), &[root.clone(), folder.path().join("gone")])).await;
    let [state, films, gone] = &looked[..] else { panic!("{looked:?}") };
    assert!(state.0 == folder.path().join(lock::STATE_LOCK) && matches!(state.1, Ok(Standing::Free)));
    assert!(films.0 == root.join(lock::ROOT_LOCK) && films.1.is_err());
    assert!(matches!(gone.1, Ok(Standing::Free)));
}
