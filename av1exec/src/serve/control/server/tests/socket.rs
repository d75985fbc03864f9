//! The socket file by which clients find the daemon.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::serve::control::client::ClientError;

#[test]
fn only_its_owner_may_connect_and_its_name_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(SOCKET);
    let server = Server::bind(folder.path()).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    drop(server);
    assert!(!path.exists());
}

#[test]
fn a_dead_daemons_socket_is_replaced_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(SOCKET);
    // The socket file stays when the socket is closed.
    drop(StdListener::bind(&path).unwrap());
    assert!(Face::connect(folder.path()).unwrap().is_none(), "nobody listens");
    let first = Server::bind(folder.path()).unwrap();
    // The second server binds as the next daemon does after one that was killed. The first must not remove its
    // socket file.
    let second = Server::bind(folder.path()).unwrap();
    drop(first);
    assert!(path.exists());
    drop(second);

    std::fs::write(&path, "precious").unwrap();
    let error = Server::bind(folder.path()).unwrap_err();
    assert!(matches!(error, ControlError::InTheWay { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    assert!(Face::connect(folder.path()).unwrap().is_none());
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/null", &path).unwrap();
    assert!(Server::bind(folder.path()).is_err());
}

#[test]
fn a_path_that_no_address_holds_works_all_the_same() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("x".repeat(200)).join("y".repeat(200));
    std::fs::create_dir_all(&folder).unwrap();
    let server = Server::bind(&folder).unwrap();
    let path = folder.join(SOCKET);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let asked =
        std::thread::spawn(move || Face::connect(&folder).unwrap().unwrap().ask(&Request::Resume).unwrap());
    runtime.block_on(async {
        let (sender, receiver) = mpsc::channel(1);
        let (served, counted) = (server.run(sender, Feed::new()), AtomicUsize::new(0));
        let answered = async {
            while !asked.is_finished() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! { _ = served => {}, () = daemon(receiver, &counted) => {}, () = answered => {} }
    });
    assert_eq!(asked.join().unwrap(), Reply::done("resume"));
    drop(server);
    assert!(!path.exists());
}

#[test]
fn at_the_length_where_an_address_is_full_the_name_is_whole_too() {
    let home = tempfile::tempdir().unwrap();
    let given = home.path().as_os_str().len() + 1 + 1 + SOCKET.len();
    for length in 104..=112 {
        let folder = home.path().join("x".repeat(length - given));
        std::fs::create_dir(&folder).unwrap();
        let server = Server::bind(&folder).unwrap();
        let path = folder.join(SOCKET);
        assert_eq!(path.as_os_str().len(), length);
        assert!(std::fs::metadata(&path).unwrap().file_type().is_socket(), "{length}");
        drop(server);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "{length}");
    }
}

#[test]
fn a_client_without_permission_gets_a_hint() {
    // Root may connect to any socket.
    if rustix::process::geteuid().is_root() {
        return;
    }
    let served = Served::start();
    let path = served.folder.path().join(SOCKET);
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
    let error = Face::connect(served.folder.path()).unwrap_err();
    assert!(
        matches!(&error, ClientError::Lost { source, .. } if source.kind() == io::ErrorKind::PermissionDenied)
    );
    assert!(error.hint().contains("as the user"));
}
