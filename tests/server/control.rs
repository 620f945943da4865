//! The control socket: who comes in there, when there is none, and what happens to its file.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat_testkit::{Operator, Output, Peer, ServerProcess, Signal, run_piped, until};
use tempfile::TempDir;

use crate::{SERVER, join, server};

/// A place for a control socket of a test's own.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("ctl")
    }

    fn show(&self) -> String {
        self.path().to_str().expect("a name in UTF-8").to_owned()
    }
}

const GREETING: &str = "-- chat/1 welcome to the control socket: ";

/// A server that has to end at once.
#[track_caller]
fn run(args: &[&str]) -> Output {
    let args = [&["--listen", "127.0.0.1:0"], args].concat();
    run_piped(SERVER, &args, &[], b"")
}

#[track_caller]
fn mode(path: &Path) -> u32 {
    let found = fs::symlink_metadata(path).expect("it is there");
    found.permissions().mode() & 0o7777
}

#[test]
fn the_socket_is_for_its_user_alone_and_goes_with_the_server() {
    let server = server();
    let path = server.control();
    server.wait_for_log(&format!("chat-client --socket {}", path.display()));
    assert_eq!(mode(path.parent().expect("a folder")), 0o700);
    assert_eq!(mode(&path) & 0o077, 0);
    let found = fs::symlink_metadata(&path).expect("it is there");
    assert!(found.file_type().is_socket());
    let mut operator = Operator::connect(&path);
    operator.heard.expect(GREETING);
    server.signal(Signal::Terminate);
    operator.heard.expect("-- the server is shutting down");
    assert!(server.wait_exit(Duration::from_secs(3)).success());
    assert!(!path.exists());
}

/// As long as it only looks, not even the counters have it.
#[test]
fn an_operator_is_not_announced_before_it_says_something() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut operator = Operator::connect(&server.control());
    operator.heard.expect(GREETING);
    operator.send_str("/who\n");
    operator.heard.expect("-- here (1 in all): ann\n");
    let mut looker = Operator::connect(&server.control());
    looker.send_str("/who\n/quit\n");
    looker.heard.expect("-- goodbye\n");
    looker.heard.expect_eof();
    // Others come in by themselves meanwhile.
    let _silent = Peer::connect(server.addr());
    ann.expect_not_before("operator", "entered room\n");
    assert_eq!(server.count("people"), 2);
    assert_eq!(server.count("connections"), 2);
    operator.send_str("good morning\n");
    ann.expect("\r[operator] entered room\n\r<operator> good morning\n");
    server.wait_for_log("info came in name=operator address=control\n");
    drop(operator);
    ann.expect("\r[operator] is offline\n");
    server
        .wait_for_log("info left name=operator address=control reason=\"closed the connection\"\n");
    assert!(
        !server.log().contains("did not come in"),
        "{}",
        server.log()
    );
}

#[test]
fn a_program_speaks_json_there() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let (mut operator, welcome) = Operator::hello(&server.control(), "root");
    assert_eq!(welcome["name"], "root");
    operator.send_str("{\"type\":\"message\",\"text\":\"hi\",\"id\":\"1\"}\n");
    operator.heard.expect("\"text\":\"hi\"");
    ann.expect("\r[root] entered room\n\r<root> hi\n");
}

/// Neither a full room, nor a flood at the door, nor what keeps strangers out.
#[test]
fn no_limit_and_no_setting_keeps_an_operator_out() {
    let folder = Place::new();
    let password = folder.0.path().join("password");
    fs::write(&password, "correct horse\n").expect("a file");
    let password = password.to_str().expect("a name in UTF-8");
    let locked = [
        "--tls",
        "require",
        "--names",
        "known",
        "--password-file",
        password,
        "--proxy-protocol",
        "--limit-loopback",
        "--idle-join",
        "0.1",
    ];
    let full = [
        "--max-clients",
        "1",
        "--max-per-address",
        "1",
        "--limit-loopback",
        "--max-new-per-address",
        "1",
        "--max-unjoined",
        "1",
        "--max-unjoined-per-address",
        "1",
        "--idle-join",
        "0.1",
    ];
    for args in [&locked[..], &full] {
        let server = ServerProcess::start(SERVER, args);
        let _first = args.contains(&"1").then(|| join(server.addr(), "ann"));
        let _others: Vec<Peer> = (0..20).map(|_| Peer::connect(server.addr())).collect();
        let mut operator = Operator::connect(&server.control());
        operator.heard.expect("/help tells the rest\n");
        let (_program, welcome) = Operator::hello(&server.control(), "program");
        assert_eq!(welcome["name"], "program");
        operator
            .heard
            .expect_nothing_for(Duration::from_millis(300));
        operator.send_str("/nick root\n");
        operator.heard.expect("-- you are now known as root\n");
        assert_eq!(server.log().matches("refused at the control").count(), 0);
    }
}

/// Descriptors are set aside for operators. Should there be none all the same, one is kept
/// in reserve.
#[cfg(target_os = "linux")]
#[test]
fn an_operator_comes_in_when_there_is_no_descriptor_left() {
    use rustix::process::{Pid, Resource, getrlimit, prlimit};
    let server = server();
    let _ann = join(server.addr(), "ann");
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = Some(server.open_descriptors() as u64);
    let pid = Pid::from_raw(server.pid() as i32);
    prlimit(pid, Resource::Nofile, limit).expect("it is ours");
    let _crowd: Vec<Peer> = (0..20).map(|_| Peer::connect(server.addr())).collect();
    server.wait_for_log("cannot accept more connections");
    let mut operator = Operator::connect(&server.control());
    operator.heard.expect(GREETING);
    operator.send_str("/who\n");
    operator.heard.expect("-- here (1 in all): ann\n");
}

#[test]
fn few_operators_come_in_at_once() {
    let server = server();
    let path = server.control();
    let mut inside: Vec<Operator> = (0..16)
        .map(|_| {
            let mut operator = Operator::connect(&path);
            operator.heard.expect(GREETING);
            operator
        })
        .collect();
    let mut outside = Operator::connect(&path);
    let line = "\r-- chat/1 there are 16 connections here already\n";
    assert_eq!(outside.heard.expect_eof(), line);
    server.wait_for_log("warn refused at the control socket reason=\"there are 16 connections");
    inside.pop();
    until("there is a place again", || {
        let mut operator = Operator::connect(&path);
        operator.heard.expect_line().contains("welcome")
    });
}

/// A server that was killed leaves its file behind.
#[test]
fn the_file_of_a_dead_server_is_replaced() {
    let place = Place::new();
    let args = ["--control", &place.show()];
    let server = ServerProcess::start(SERVER, &args);
    server.kill();
    assert!(place.path().exists());
    let server = ServerProcess::start(SERVER, &args);
    Operator::connect(&place.path()).heard.expect(GREETING);
    assert!(!server.control().exists(), "it has two of them");
}

/// The other server goes on as it was.
#[test]
fn a_socket_that_another_server_has_stays_its() {
    let first = server();
    let path = first.control();
    let home = path.ancestors().nth(2).expect("two folders above");
    let home = home.to_str().expect("a name in UTF-8");
    let args = ["--listen", "127.0.0.1:0", "--tls", "off"];
    let second = ServerProcess::start_with(SERVER, &args, &[("XDG_STATE_HOME", home)]);
    let show = path.display();
    second.wait_for_log(&format!(
        "warning: there is no control socket: {show}: another server listens there: take another \
         path with --control\n"
    ));
    join(second.addr(), "bo");
    assert!(!second.log().contains("--socket"), "{}", second.log());
    let refused = run(&["--control", path.to_str().expect("a name in UTF-8")]);
    assert_eq!(refused.code(), 1, "{refused}");
    let said = format!("chat-server: cannot make the control socket {show}: another server");
    assert!(refused.stderr.contains(&said), "{refused}");
    second.signal(Signal::Terminate);
    second.wait_exit(Duration::from_secs(3));
    let _ann = join(first.addr(), "ann");
    let mut operator = Operator::connect(&path);
    operator.send_str("/who\n");
    operator.heard.expect("-- here (1 in all): ann\n");
}

#[test]
fn where_there_can_be_no_socket_is_told() {
    let place = Place::new();
    fs::write(place.path(), "a text").expect("a file");
    let long = format!("{}/{}", place.show(), "x".repeat(120));
    let folder = place.0.path().to_str().expect("a name in UTF-8");
    let missing = format!("{folder}/missing/ctl");
    for (path, why) in [
        (
            &place.show(),
            "what is there is no socket, and is left as it is",
        ),
        (
            &folder.to_owned(),
            "what is there is no socket, and is left as it is",
        ),
        (&long, "bytes, and that of a socket has at most 10"),
        (&missing, "there is no folder"),
    ] {
        let refused = run(&["--control", path]);
        assert_eq!(refused.code(), 1, "{refused}");
        let said = format!("chat-server: cannot make the control socket {path}: ");
        assert!(refused.stderr.contains(&said), "{refused}");
        assert!(refused.stderr.contains(why), "{refused}");
        assert!(!refused.stderr.contains("os error"), "{refused}");
    }
    let text = fs::read_to_string(place.path()).expect("it is there");
    assert_eq!(text, "a text");
}

/// In its usual place it is nothing that a server needs.
#[test]
fn a_server_goes_on_without_a_socket() {
    let place = Place::new();
    let home = place.0.path().to_str().expect("a name in UTF-8");
    let args = ["--listen", "127.0.0.1:0", "--tls", "off", "--names", "free"];
    let start = |home: &str| ServerProcess::start_with(SERVER, &args, &[("XDG_STATE_HOME", home)]);
    let ours = place.0.path().join("chat-server");
    fs::create_dir(&ours).expect("a folder");
    fs::write(ours.join("ctl"), "a text").expect("a file");
    let with_file = start(home);
    with_file.wait_for_log("warning: there is no control socket: ");
    join(with_file.addr(), "ann");
    // A folder that cannot be made.
    let file = ours.join("ctl");
    let without_folder = start(file.to_str().expect("a name in UTF-8"));
    without_folder.wait_for_log("warning: there is no control socket: ");
    join(without_folder.addr(), "ann");
    let args = [&args[..], &["--control", "none"]].concat();
    let wants_none = ServerProcess::start_with(SERVER, &args, &[]);
    join(wants_none.addr(), "ann");
    assert!(!wants_none.log().contains("control socket"));
    assert!(!wants_none.control().exists());
}

/// systemd makes that folder for a unit with `RuntimeDirectory=`.
#[test]
fn a_folder_of_systemd_is_taken() {
    let place = Place::new();
    let folder = place.0.path().to_str().expect("a name in UTF-8");
    let args = ["--listen", "127.0.0.1:0"];
    let server = ServerProcess::start_with(SERVER, &args, &[("RUNTIME_DIRECTORY", folder)]);
    Operator::connect(&place.path()).heard.expect(GREETING);
    assert!(!server.control().exists());
}
