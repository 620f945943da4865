//! The client at the control socket of a server.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;

use chat_testkit::{Operator, Output, ServerProcess, Terminal, run_piped, sibling};
use tempfile::TempDir;

use crate::{USUAL, client, nc, server};

/// A client in a terminal that is in the room as root.
#[track_caller]
fn join_at(path: &Path, env: &[(&str, &str)]) -> Terminal {
    let path = show(path);
    let args = [&["--socket", &path, "--name", "root"], USUAL].concat();
    let terminal = Terminal::spawn(client(), &args, env, 24, 80);
    terminal.wait_for_text("-- you are root, an operator;");
    terminal
}

/// A client with pipes, and what it leaves behind.
#[track_caller]
fn run(path: &Path, args: &[&str], input: &str) -> Output {
    let path = show(path);
    let args = [&["--socket", &path], args].concat();
    run_piped(client(), &args, &[], input.as_bytes())
}

fn show(path: &Path) -> String {
    path.to_str().expect("a name in UTF-8").to_owned()
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn an_operator_talks_at_a_prompt() {
    let server = server();
    let mut ann = nc(server.addr(), "ann");
    let mut root = join_at(&server.control(), &[]);
    ann.expect("\r[root] entered room\n");
    root.type_text("good morning\r");
    ann.expect("\r<root> good morning\n");
    ann.send_str("hi\n");
    root.wait_for_text("<ann> hi\n<You>");
    let screen = root.full_text();
    let path = show(&server.control());
    let joined = screen.replace('\n', "");
    let connected = format!("-- connected to the control socket {path}");
    assert!(joined.contains(&connected), "{screen}");
    root.type_text("/quit\r");
    assert_eq!(root.wait_exit(), 0);
    ann.expect("\r[root] is offline\n");
}

/// It is not encrypted there, has not to be, and asks for nothing: neither a password nor a
/// key, nor does it remember anything.
#[test]
fn nothing_that_guards_the_room_is_in_the_way() {
    let (folder, state) = (folder(), folder());
    let password = folder.path().join("password");
    fs::write(&password, "correct horse\n").expect("a file");
    let args = [
        "--listen",
        "127.0.0.1:0",
        "--tls",
        "require",
        "--names",
        "known",
    ];
    let password = ["--password-file", &show(&password)];
    let program = sibling(client(), "chat-server");
    let server = ServerProcess::start_with(program, &[&args[..], &password].concat(), &[]);
    let home = show(state.path());
    let mut root = join_at(&server.control(), &[("XDG_STATE_HOME", &home)]);
    root.type_text("hello\r");
    root.wait_for_text("<You> hello\n<You>");
    let screen = root.full_text();
    for word in ["encrypted", "password", "SHA256", "first time"] {
        assert!(!screen.contains(word), "{word}: {screen}");
    }
    root.type_text("/quit\r");
    assert_eq!(root.wait_exit(), 0);
    for file in ["known_hosts", "id_ed25519"] {
        assert!(!state.path().join("chat").join(file).exists(), "{file}");
    }
}

#[test]
fn pipes_say_what_they_are_given() {
    let server = server();
    let path = server.control();
    let mut ann = nc(server.addr(), "ann");
    run(&path, &["--name", "log"], "one\ntwo\n").success();
    ann.expect("\r[log] entered room\n\r<log> one\n\r<log> two\n");
    run(&path, &["--name", "log", "--send"], "three\nfour\n").success();
    ann.expect("\r<log> three\n\r<log> four\n");
    let output = run(&path, &["--name", "bot", "--json"], "five\n").success();
    ann.expect("\r<bot> five\n");
    let mut objects = output.stdout.lines();
    assert!(
        objects
            .next()
            .is_some_and(|first| first.contains("\"type\":\"welcome\""))
    );
    assert!(output.stdout.contains("\"text\":\"five\""), "{output}");
}

/// Lines that were typed meanwhile are in the room once, when the server is back.
#[test]
fn a_client_comes_back_after_a_restart() {
    let folder = folder();
    let path = folder.path().join("ctl");
    let (control, history) = (show(&path), show(&folder.path().join("room.jsonl")));
    let args = ["--control", &control, "--history", &history];
    let program = sibling(client(), "chat-server");
    let server = ServerProcess::start(&program, &args);
    let root = join_at(&path, &[]);
    root.type_text("before\r");
    root.wait_for_text("<You> before\n<You>");
    server.kill();
    root.wait_for_text("trying again");
    root.type_text("meanwhile\r");
    let server = ServerProcess::start(&program, &args);
    root.wait_for_text("-- back after ");
    root.wait_for_text("<You> meanwhile\n<You>");
    let mut ann = nc(server.addr(), "ann");
    ann.send_str("/history 9\n");
    let past = ann.expect("meanwhile\n");
    assert_eq!(past.matches("meanwhile").count(), 1, "{past}");
    assert!(past.contains("<root> before\n"), "{past}");
}

#[test]
fn what_is_wrong_with_a_socket_is_told() {
    let folder = folder();
    let path = folder.path().join("ctl");
    let shown = show(&path);
    let cannot = format!("chat-client: cannot connect to the control socket {shown}: ");
    let told = |status: i32, why: &str| {
        let output = run(&path, &[], "");
        assert_eq!(output.code(), status, "{output}");
        assert!(
            output.stderr.starts_with(&format!("{cannot}{why}")),
            "{output}"
        );
        assert!(!output.stderr.contains("os error"), "{output}");
    };
    told(3, "there is none. Is chat-server running");
    fs::write(&path, "").expect("a file");
    told(3, "that is no socket");
    fs::remove_file(&path).expect("ours");
    drop(UnixListener::bind(&path).expect("a socket"));
    told(3, "no server listens there any more");
    let both = run(&path, &["localhost"], "");
    assert_eq!(both.code(), 2, "{both}");
    assert!(both.stderr.contains("cannot be used with"), "{both}");
}

/// As long as it has to: an operator who is already there may leave.
#[test]
fn a_client_waits_for_a_place_among_the_operators() {
    let server = server();
    let path = server.control();
    let mut inside: Vec<Operator> = (0..16).map(|_| Operator::connect(&path)).collect();
    for operator in &mut inside {
        operator.heard.expect("welcome");
    }
    let path = show(&path);
    let args = [&["--socket", &path, "--name", "root"], USUAL].concat();
    let terminal = Terminal::spawn(client(), &args, &[], 24, 80);
    terminal.wait_for_text("there are 16 connections here already");
    inside.clear();
    terminal.wait_for_text("-- you are root, an operator;");
}
