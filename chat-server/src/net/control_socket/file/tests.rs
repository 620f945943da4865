use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};

use super::*;

fn why(path: &Path) -> String {
    let error = SocketFile::bind(path.to_owned()).unwrap_err();
    format!("{error:#}")
}

#[test]
fn only_its_user_can_connect() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ctl");
    let (_socket, file) = SocketFile::bind(path.clone()).unwrap();
    let found = fs::symlink_metadata(&path).unwrap();
    assert!(found.file_type().is_socket());
    let mode = found.permissions().mode() & 0o7777;
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    #[cfg(target_os = "linux")]
    assert_eq!(mode, 0o600, "{mode:o}");
    UnixStream::connect(&path).unwrap();
    drop(file);
    assert!(!path.exists());
}

#[test]
fn the_socket_of_a_dead_process_is_replaced_and_no_other_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ctl");
    drop(UnixListener::bind(&path).unwrap());
    assert!(UnixStream::connect(&path).is_err());
    let (_socket, _file) = SocketFile::bind(path.clone()).unwrap();
    UnixStream::connect(&path).unwrap();
    assert!(why(&path).starts_with("another server listens there: take another path"));
    UnixStream::connect(&path).unwrap();
}

/// A server that is stopped, or busy, does not take what probes it.
#[test]
fn a_server_that_does_not_answer_now_is_none_that_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ctl");
    let (_socket, _file) = SocketFile::bind(path.clone()).unwrap();
    let address = SockAddr::unix(&path).unwrap();
    let mut waiting = Vec::new();
    loop {
        let peer = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        peer.set_nonblocking(true).unwrap();
        let connected = peer.connect(&address);
        waiting.push(peer);
        if connected.is_err() {
            break;
        }
    }
    assert_eq!(look(&path, &address).unwrap(), Found::InUse);
}

#[test]
fn what_is_no_socket_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ctl");
    fs::write(&path, "a text").unwrap();
    assert!(why(&path).starts_with("what is there is no socket, and is left as it is"));
    assert_eq!(fs::read(&path).unwrap(), b"a text");
    // Not even what a link leads to.
    let (stale, link) = (folder.path().join("stale"), folder.path().join("link"));
    drop(UnixListener::bind(&stale).unwrap());
    symlink(&stale, &link).unwrap();
    assert!(why(&link).starts_with("what is there is no socket, and is left as it is"));
    assert!(stale.exists() && link.is_symlink());
}

#[test]
fn a_path_that_no_socket_can_have_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let fits = MAX_PATH - folder.path().as_os_str().len() - 1;
    for (length, is_right) in [(fits, true), (fits + 1, false)] {
        let path = folder.path().join("x".repeat(length));
        let bound = SocketFile::bind(path);
        assert_eq!(bound.is_ok(), is_right, "{bound:?}");
        if let Err(error) = bound {
            let told = format!(
                "the path has {} bytes, and that of a socket has at most {MAX_PATH}: ",
                MAX_PATH + 1
            );
            assert!(error.to_string().starts_with(&told), "{error}");
        }
    }
    let missing = folder.path().join("missing");
    let told = format!("there is no folder {}", missing.display());
    assert_eq!(why(&missing.join("ctl")), told);
}

/// At the end the path may be another server's, which found the socket removed.
#[test]
fn only_the_own_file_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ctl");
    let (_socket, file) = SocketFile::bind(path.clone()).unwrap();
    fs::rename(&path, folder.path().join("away")).unwrap();
    let (_other, _others) = SocketFile::bind(path.clone()).unwrap();
    drop(file);
    UnixStream::connect(&path).unwrap();
}

/// All find the same stale socket. One of them has the path in the end.
#[test]
fn of_several_that_begin_at_once_one_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ctl");
    for _ in 0..20 {
        drop(UnixListener::bind(&path).unwrap());
        let bound = thread::scope(|scope| {
            let threads = [(); 4].map(|()| scope.spawn(|| SocketFile::bind(path.clone())));
            threads.map(|thread| thread.join().unwrap())
        });
        let bound: Vec<_> = bound.into_iter().flatten().collect();
        assert_eq!(bound.len(), 1);
        UnixStream::connect(&path).unwrap();
    }
}
