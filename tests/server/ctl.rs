//! `chat-server ctl`: orders for a running server from a shell.

use chat_testkit::{Operator, Output, ServerProcess, Signal, run_piped, until};
use serde_json::Value;

use crate::{SERVER, join, server};

/// Gives orders to the server.
#[track_caller]
fn ctl(server: &ServerProcess, args: &[&str], input: &str) -> Output {
    let path = server.control();
    let path = path.to_str().expect("a name in UTF-8");
    let args = [&["ctl", "--control", path], args].concat();
    run_piped(SERVER, &args, &[], input.as_bytes())
}

/// What one order said, with which status.
#[track_caller]
fn check(server: &ServerProcess, args: &[&str], code: i32, stdout: &str, stderr: &str) {
    let output = ctl(server, args, "");
    assert_eq!(output.code(), code, "{args:?}: {output}");
    assert_eq!(output.stdout, stdout, "{args:?}");
    assert!(output.stderr.contains(stderr), "{args:?}: {output}");
    assert_eq!(
        output.stderr.is_empty(),
        stderr.is_empty(),
        "{args:?}: {output}"
    );
}

#[test]
fn a_command_is_done() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    ann.expect("\r[bo] entered room\n");
    check(&server, &["who"], 0, "here (2 in all): ann, bo\n", "");
    let output = ctl(&server, &["kick", "bo", "too", "loud"], "").success();
    assert!(output.stdout.contains("bo"), "{output}");
    bo.expect("too loud");
    bo.expect_eof();
    let heard = ann.expect("[bo] was removed by the operator: too loud\n");
    assert!(!heard.contains("operator]"), "{heard}");
    ctl(&server, &["/topic", "tests"], "").success();
    ann.expect("topic, by the operator: tests\n");
    check(&server, &["bans"], 0, "no bans\n", "");
}

#[test]
fn a_refusal_is_status_1() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    check(&server, &["kick", "cy"], 1, "", "chat-server: ");
    check(&server, &["kick"], 1, "", "/kick NAME");
    check(&server, &["kik", "ann"], 1, "", "did you mean kick?");
    check(
        &server,
        &["good", "morning"],
        1,
        "",
        "that is no command: good morning",
    );
    check(
        &server,
        &["nick", "root"],
        1,
        "",
        "announce TEXT tells something to all",
    );
    ctl(&server, &["announce", "the end"], "").success();
    ann.expect_not_before("entered room", "announcement: the end\n");
}

/// The room does not hear of it, nor is it counted.
#[test]
fn the_room_is_not_told_of_the_program() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    ann.send_str("one\n");
    let output = ctl(&server, &["history", "1"], "").success();
    assert!(output.stdout.ends_with("Z <ann> one\n"), "{output}");
    assert!(output.stdout.starts_with('#'), "{output}");
    check(&server, &["forget", "cy"], 0, "cy belongs to no key\n", "");
    ctl(&server, &["announce", "two"], "").success();
    ann.expect_not_before("operator]", "announcement: two\n");
    assert!(
        !server.log().contains("came in name=operator"),
        "{}",
        server.log()
    );
    // The server may not have seen yet that they have gone.
    until("only ann is counted", || server.count("connections") == 1);
}

#[test]
fn objects_come_as_the_server_sends_them() {
    let server = server();
    let _ann = join(server.addr(), "ann");
    let object = |args: &[&str], code: i32| -> Value {
        let output = ctl(&server, &[&["--json"], args].concat(), "");
        assert_eq!(output.code(), code, "{output}");
        serde_json::from_str(&output.stdout).expect("an object")
    };
    assert_eq!(object(&["whois", "ann"], 0)["name"], "ann");
    assert_eq!(object(&["bans"], 0)["type"], "bans");
    assert_eq!(object(&["lock"], 0)["type"], "done");
    let error = object(&["kick", "cy"], 1);
    assert_eq!(error["type"], "error");
    assert_eq!(error["code"], "not_found");
}

/// One is refused, and the others are done all the same.
#[test]
fn lines_of_standard_input_are_obeyed() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let output = ctl(&server, &[], "/who\n\nkick cy\nfoo\nannounce one");
    assert_eq!(output.code(), 1, "{output}");
    assert!(
        output.stdout.starts_with("here (1 in all): ann\n"),
        "{output}"
    );
    assert_eq!(output.stderr.lines().count(), 2, "{output}");
    ann.expect("announcement: one\n");
    ctl(&server, &[], "announce two\nquit\nannounce three\n").success();
    let output = ctl(&server, &[], "").success();
    assert_eq!((&*output.stdout, &*output.stderr), ("", ""));
    ctl(&server, &["announce", "four"], "").success();
    ann.expect_not_before("three", "announcement: four\n");
}

#[test]
fn without_a_server_it_is_status_3_and_says_where() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().to_str().expect("a name in UTF-8");
    let run = |args: &[&str], input: &str| {
        let args = [&["ctl"], args].concat();
        run_piped(SERVER, &args, &[("XDG_STATE_HOME", home)], input.as_bytes())
    };
    for (args, input) in [(&["who"][..], ""), (&[], "who\n"), (&[], "")] {
        let output = run(args, input);
        assert_eq!(output.code(), 3, "{output}");
        let said =
            format!("control socket {home}/chat-server/ctl: there is none: start chat-server");
        assert!(output.stderr.contains(&said), "{output}");
    }
    // Neither of these needs one.
    assert!(run(&["help"], "").success().stdout.contains("/kick NAME"));
    assert_eq!(run(&["foo"], "").code(), 1);
    let output = run(&["--control", "none", "who"], "");
    assert_eq!(output.code(), 3, "{output}");
    assert!(output.stderr.contains("no way in"), "{output}");
}

/// The usual socket is where a server of the same user makes it.
#[test]
fn the_usual_socket_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().to_str().expect("a name in UTF-8");
    let env = [("XDG_STATE_HOME", home)];
    let server = ServerProcess::start_with(SERVER, &["--listen", "127.0.0.1:0"], &env);
    server.wait_for_log("as the operator: ");
    let output = run_piped(SERVER, &["ctl", "who"], &env, b"").success();
    assert_eq!(output.stdout, "no person is in the room\n");
}

#[test]
fn a_server_that_goes_or_is_full_is_status_3() {
    let server = server();
    let mut inside: Vec<Operator> = (0..16)
        .map(|_| Operator::connect(&server.control()))
        .collect();
    for operator in &mut inside {
        operator.heard.expect("welcome");
    }
    check(
        &server,
        &["who"],
        3,
        "",
        "there are 16 connections here already",
    );
    drop(inside);
    until("there is a place again", || {
        ctl(&server, &["who"], "").status.success()
    });
    let path = server.control();
    let path = path.to_str().expect("a name in UTF-8");
    let mut ctl = chat_testkit::Program::spawn(SERVER, &["ctl", "--control", path], &[]);
    ctl.send_str("who\n");
    ctl.stdout.expect("no person is in the room\n");
    server.signal(Signal::Terminate);
    server.wait_exit(chat_testkit::DEADLINE);
    ctl.send_str("who\n");
    let output = ctl.finish();
    assert_eq!(output.code(), 3, "{output}");
    assert!(
        output.stderr.contains("chat-server: the server "),
        "{output}"
    );
}

#[test]
fn wrong_arguments_are_told() {
    for (args, said) in [
        (
            &["ctl", "--jsn", "who"][..],
            "there is no option --jsn: did you mean --json?",
        ),
        (&["ctl", "--listen", "5000"], "there is no option --listen"),
        (
            &["--rate", "5", "ctl", "who"],
            "ctl stands first: the options of a server are not for it",
        ),
        (&["kick", "bo"], "did you mean ctl kick?"),
    ] {
        let output = run_piped(SERVER, args, &[], b"");
        assert_eq!(output.code(), 2, "{args:?}: {output}");
        assert!(output.stderr.contains(said), "{args:?}: {output}");
    }
}
