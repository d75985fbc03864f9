use super::*;
use crate::sys::orphan::ProcessId;
use std::fs::create_dir_all;
use std::io::BufRead;
use std::process::{Command, Stdio};

fn take(state: &Path, roots: &[PathBuf]) -> Result<Locks, LockError> {
    Locks::take(state, roots, || panic!("the holder is alive"))
}

#[test]
fn the_second_is_told_who_the_first_is() {
    let folder = tempfile::tempdir().unwrap();
    let first = take(folder.path(), &[]).unwrap();
    let Err(LockError::Held { holder, .. }) = take(folder.path(), &[]) else { panic!("two held one lock") };
    assert_eq!(holder.unwrap().process.pid, std::process::id());
    drop(first);
    take(folder.path(), &[]).unwrap();
}

#[test]
fn a_library_is_locked_whatever_the_state_folder() {
    let [one, two, root] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let gone = root.path().join("gone");
    let link = two.path().join("link");
    std::os::unix::fs::symlink(root.path(), &link).unwrap();
    // A root that has two paths is locked once, and a root that doesn't exist isn't locked.
    let roots = [root.path().to_owned(), link.clone(), gone];
    let first = take(one.path(), &roots).unwrap();
    // The lock of the state folder, the lock file of the root, and the folders from the root up.
    assert_eq!(first.files().len(), 2 + root.path().canonicalize().unwrap().ancestors().count());
    let Err(LockError::Held { path, .. }) = take(two.path(), std::slice::from_ref(&link)) else {
        panic!("two held one library")
    };
    assert_eq!(path, link.join(ROOT_LOCK));
    drop(first);
    take(two.path(), &[link]).unwrap();
}

#[test]
fn a_root_that_comes_back_is_locked_then() {
    let [one, two, home] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let root = home.path().join("root");
    let locks = take(one.path(), std::slice::from_ref(&root)).unwrap();
    locks.extend(&root).unwrap();
    std::fs::create_dir(&root).unwrap();
    locks.extend(&root).unwrap();
    assert!(take(two.path(), std::slice::from_ref(&root)).is_err());
}

#[test]
fn what_a_dead_holder_left_running_is_ended_and_its_lock_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    drop(take(folder.path(), &[]).unwrap());
    // The lock file names a process of an earlier boot. `flock` ends at once, and `sleep` inherits its lock.
    let path = folder.path().join(STATE_LOCK);
    let process = ProcessId { boot: "another".into(), ..ProcessId::current() };
    let mut file = File::options().write(true).open(&path).unwrap();
    Holder { host: holder::host(), process }.write(&mut file).unwrap();
    let mut left = Command::new("sh");
    left.args(["-c", "exec 9<>\"$0\"; flock 9; exec 8>&1 >&-; echo >&8; exec 8>&-; exec sleep 60"])
        .arg(&path);
    let mut left = left.stdout(Stdio::piped()).spawn().unwrap();
    io::BufReader::new(left.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
    assert!(take_without_patience(folder.path()).is_err(), "it is held");
    Locks::take(folder.path(), &[], || left.kill().unwrap()).unwrap();
    left.wait().unwrap();
}

fn take_without_patience(state: &Path) -> Result<Reach, LockError> {
    Locks::default().lock_file(&state.join(STATE_LOCK))
}

fn is_refused(taken: Result<Locks, LockError>) -> String {
    match taken {
        Err(error @ LockError::Held { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn roots_that_contain_each_other_exclude_each_other() {
    let [one, two, home] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let lib = home.path().canonicalize().unwrap().join("lib");
    let [tv, films, deep] = ["tv", "films", "tv/a/b"].map(|name| lib.join(name));
    create_dir_all(&deep).unwrap();
    create_dir_all(&films).unwrap();
    let me = format!("(process {} on ", std::process::id());
    for (first, second, named) in
        [(&lib, &tv, &lib), (&tv, &lib, &tv), (&lib, &deep, &lib), (&deep, &lib, &deep), (&deep, &tv, &deep)]
    {
        let held = take(one.path(), std::slice::from_ref(first)).unwrap();
        let refused = is_refused(take(two.path(), std::slice::from_ref(second)));
        let path = named.join(ROOT_LOCK).display().to_string();
        assert!(refused.starts_with(&path) && refused.contains(&me), "{refused}");
        assert!(refused.contains(&second.display().to_string()), "{refused}");
        drop(held);
        take(two.path(), std::slice::from_ref(second)).unwrap();
    }
    // Folders beside each other don't exclude each other.
    let held = take(one.path(), &[tv]).unwrap();
    take(two.path(), &[films]).unwrap();
    drop(held);
}

#[test]
fn one_process_may_have_roots_that_contain_each_other() {
    let [one, two, home] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let tv = home.path().join("lib/tv");
    create_dir_all(&tv).unwrap();
    let lib = home.path().join("lib");
    for roots in [[tv.clone(), lib.clone()], [lib.clone(), tv.clone()]] {
        drop(take(one.path(), &roots).unwrap());
    }
    // A reload of the config adds a root above one that is locked.
    let locks = take(one.path(), std::slice::from_ref(&tv)).unwrap();
    locks.extend(&lib).unwrap();
    is_refused(take(two.path(), std::slice::from_ref(&lib)));
    let files = locks.files().len();
    locks.extend(&lib).unwrap();
    assert_eq!(locks.files().len(), files);
    drop(locks);
    take(two.path(), &[lib]).unwrap();
}

#[test]
fn a_failed_change_of_a_shared_lock_leaves_it_as_it_was() {
    let [one, two, home] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let lib = home.path().join("lib");
    let [tv, films] = ["tv", "films"].map(|name| lib.join(name));
    create_dir_all(&tv).unwrap();
    create_dir_all(&films).unwrap();
    let locks = take(one.path(), &[tv]).unwrap();
    let other = take(two.path(), &[films]).unwrap();
    assert!(matches!(locks.extend(&lib), Err(LockError::Held { .. })));
    drop(other);
    is_refused(take(two.path(), &[lib]));
}

#[test]
fn a_folder_that_another_program_locks_for_a_moment_is_waited_for() {
    let [one, root] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let passing = File::open(root.path()).unwrap();
    passing.lock().unwrap();
    let moment = std::thread::spawn(move || {
        std::thread::sleep(POLL_INTERVAL * 3);
        drop(passing);
    });
    take(one.path(), &[root.path().to_owned()]).unwrap();
    moment.join().unwrap();
}

#[test]
fn lock_files_above_a_root_are_looked_at_too() {
    let home = tempfile::tempdir().unwrap();
    let [lib, tv] = ["lib", "lib/tv"].map(|name| home.path().join(name));
    create_dir_all(&tv).unwrap();
    let state = home.path().join("state");
    let expected = [state.join(STATE_LOCK), tv.join(ROOT_LOCK)];
    assert_eq!(paths(&state, std::slice::from_ref(&tv)), expected);
    std::fs::write(lib.join(ROOT_LOCK), "").unwrap();
    assert_eq!(paths(&state, &[tv])[2..], [lib.join(ROOT_LOCK)]);
}

#[test]
fn a_planted_link_is_not_written_through() {
    let folder = tempfile::tempdir().unwrap();
    let victim = folder.path().join("victim");
    std::fs::write(&victim, "precious").unwrap();
    std::os::unix::fs::symlink(&victim, folder.path().join(STATE_LOCK)).unwrap();
    assert!(take(folder.path(), &[]).is_err());
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
}

#[test]
fn a_state_folder_that_vanishes_or_is_replaced_is_lost() {
    let place = tempfile::tempdir().unwrap();
    let state = place.path().join("state");
    std::fs::create_dir(&state).unwrap();
    let locks = Locks::take(&state, &[], || ()).unwrap();
    assert!(!locks.has_lost(&state));
    std::fs::remove_dir_all(&state).unwrap();
    assert!(locks.has_lost(&state));
    std::fs::create_dir(&state).unwrap();
    std::fs::write(state.join(STATE_LOCK), "").unwrap();
    assert!(locks.has_lost(&state), "another file of that name");
    assert!(!Locks::default().has_lost(&state), "where nothing is locked, nothing is lost");
}
