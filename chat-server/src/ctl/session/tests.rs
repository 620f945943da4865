use std::os::unix::net::UnixListener;

use super::*;

const SHORT: Duration = Duration::from_millis(20);

#[test]
fn what_is_wrong_with_a_socket_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ctl");
    let told = |path: &Path| Session::open(path, SHORT).expect_err("no server");
    let cannot = format!("cannot connect to the control socket {}: ", path.display());
    assert!(told(&path).starts_with(&format!("{cannot}there is none: start chat-server")));
    fs::write(&path, "").expect("a file");
    assert!(told(&path).starts_with(&format!("{cannot}that is no socket: ")));
    fs::remove_file(&path).expect("ours");
    let listener = UnixListener::bind(&path).expect("a path");
    assert!(Session::open(&path, SHORT).is_ok());
    drop(listener);
    assert!(told(&path).starts_with(&format!("{cannot}no server listens there any more")));
}

/// A server that is stopped, and one that is gone.
#[test]
fn a_server_that_says_nothing_is_not_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ctl");
    let listener = UnixListener::bind(&path).expect("a path");
    let mut session = Session::open(&path, SHORT).expect("a listener");
    let (mut server, _) = listener.accept().expect("a connection");
    let told = session.next_line().expect_err("silence");
    assert!(
        told.ends_with("has not answered within 0.02 s: is it stopped?"),
        "{told}"
    );
    server.write_all(b"one\ntw").expect("a connection");
    assert_eq!(session.next_line().as_deref(), Ok("one"));
    drop(server);
    let told = session.next_line().expect_err("the end");
    assert!(
        told.starts_with("the server has closed the control socket "),
        "{told}"
    );
    // What it said last is still to be read.
    assert_eq!(session.send(b"x\n"), Ok(()));
}
