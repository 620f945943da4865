//! The other ways to take part: line by line on a terminal, as JSON, with one
//! message, and quietly.

use std::net::SocketAddr;

use chat_testkit::{JsonPeer, Output, Program, Terminal, keys, run_piped};
use serde_json::Value;

use crate::scripted::{Tutorial, listen, send_message, send_reply, welcome};
use crate::{client, count, nc, open_with, piped, piped_with, server};

/// Sends this with `--send`, as `pipe`.
#[track_caller]
fn send(addr: SocketAddr, input: impl AsRef<[u8]>) -> Output {
    let args = [&addr.to_string(), "--name", "pipe", "--send"];
    run_piped(client(), &args, &[], input.as_ref())
}

/// A client on a terminal that is to be linear: what it writes.
#[track_caller]
fn linear(args: &[&str], env: &[(&str, &str)]) -> Terminal {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let mut ann = open_with(server.addr(), "ann", args, env);
    ann.wait_for_text("-- you are ann; here: bo");
    assert_eq!(ann.termios_line(), ann.termios_before());
    bo.send_str("one, ann\n/me waves\n");
    ann.wait_for_text("<bo> one, ann\n* bo waves");
    ann.type_text("hello\r");
    bo.expect("\r<ann> hello\n");
    ann.wait_for_text("<You> hello");
    ann.type_text("/nonsense\r");
    ann.wait_for_text("there is no /nonsense");
    // The terminal wraps a long line, and a resize changes nothing.
    let long = "x".repeat(200);
    bo.send_str(&format!("{long}\n"));
    ann.wait_for_text(&"x".repeat(40));
    ann.resize(24, 200);
    bo.send_str("two\n");
    ann.wait_for_text("<bo> two");
    ann.type_text(&keys::ctrl('d'));
    assert_eq!(ann.wait_exit(), 0);
    let raw = String::from_utf8(ann.raw()).expect("only UTF-8 is written");
    assert!(!raw.contains('\x1b'), "{raw:?}");
    let printed = raw.replace("\r\n", "\n");
    // But for the bell at the mention, if there is one.
    let strange = |c: char| c.is_control() && c != '\n' && c != '\x07';
    let rest = printed.replace("^D\x08\x08", "");
    assert!(!rest.contains(strange), "{raw:?}");
    let rows = ["<bo> one, ann", "* bo waves", "<You> hello", "<bo> two"];
    for row in rows
        .map(str::to_owned)
        .iter()
        .chain([&format!("<bo> {long}")])
    {
        assert_eq!(count(&printed, row), 1, "{row:?} in {raw:?}");
    }
    assert_eq!(
        printed.matches("there is no /nonsense").count(),
        1,
        "{raw:?}"
    );
    ann
}

#[test]
fn plain_is_linear() {
    linear(&["--plain"], &[]);
    linear(&["--plain", "--bell", "all"], &[("TERM", "xterm-kitty")]);
}

#[test]
fn a_dumb_terminal_is_linear() {
    linear(&[], &[("TERM", "dumb")]);
}

#[test]
fn plain_folds_and_dates_too() {
    let (listener, addr) = listen();
    let args = ["--plain", "--time", "short"];
    let ann = open_with(addr, "ann", &args, &[("TZ", "UTC"), ("NO_COLOR", "1")]);
    let mut server = welcome(&listener, "ann");
    let names: Vec<String> = (1..10).map(|n| format!("p{n}")).collect();
    send_reply(
        &mut server,
        &format!(r#""seq":1,"type":"entered","names":{names:?}"#),
    );
    ann.wait_for_text("10:00 -- p1, p2 and 7 others entered");
    send_message(&mut server, 2, "bo", "hello", None);
    ann.wait_for_text("10:00 <bo> hello");
    assert!(!ann.raw().contains(&0x1b));
}

/// The next line, which is an object.
#[track_caller]
fn object(program: &mut Program) -> Value {
    let line = program.stdout.expect_line();
    parse(&line)
}

#[track_caller]
fn parse(line: &str) -> Value {
    match serde_json::from_str(line) {
        Ok(value @ Value::Object(_)) => value,
        other => panic!("{line:?} is no object but {other:?}"),
    }
}

#[test]
fn json_is_what_happens_and_nothing_else() {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let mut program = piped_with(server.addr(), "ann", &["--json", "--time", "full"]);
    let welcome = object(&mut program);
    assert_eq!(welcome["type"], "welcome", "{welcome}");
    assert_eq!(welcome["name"], "ann");
    bo.send_str("\"quoted\" 中文🙂 back\\slash\n/me waves\n/nick bob\n");
    program.send_str("hello\n/nonsense\n/who\n");
    let mut seen = Vec::new();
    // Each of the two has its own order; the last of either may come first.
    let has = |seen: &[Value], ty: &str| seen.iter().any(|value| value["type"] == ty);
    while !(has(&seen, "who") && has(&seen, "renamed")) {
        seen.push(object(&mut program));
    }
    let find = |ty: &str, member: &str, wanted: &str| {
        let found = |value: &&Value| value["type"] == ty && value[member] == wanted;
        assert_eq!(
            seen.iter().filter(found).count(),
            1,
            "{ty} {wanted} in {seen:?}"
        );
    };
    find("message", "text", "\"quoted\" 中文🙂 back\\slash");
    find("action", "text", "waves");
    find("renamed", "new", "bob");
    find("message", "text", "hello");
    program.stderr.wait_for("there is no /nonsense");
    bo.send_str("/quit\n");
    while seen.last().is_none_or(|value| value["type"] != "left") {
        seen.push(object(&mut program));
    }
    let output = program.finish();
    assert_eq!(output.code(), 1, "{output}");
    for line in output.stdout.lines() {
        parse(line);
    }
    assert!(output.stdout.ends_with("}\n"), "{output}");
    assert_eq!(output.stderr.lines().count(), 1, "{output}");
}

#[test]
fn json_on_a_terminal_is_json_too() {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let mut ann = open_with(server.addr(), "ann", &["--json"], &[]);
    // So that no object is wrapped.
    ann.resize(24, 200);
    ann.wait_for_text(r#""type":"welcome""#);
    bo.send_str("hello\n");
    ann.wait_for_text(r#""text":"hello""#);
    ann.type_text(&keys::ctrl('d'));
    assert_eq!(ann.wait_exit(), 0);
    let raw = String::from_utf8(ann.raw()).expect("only UTF-8 is written");
    assert!(!raw.contains('\x1b'), "{raw:?}");
    for line in raw.replace("^D\x08\x08", "").lines() {
        parse(line);
    }
}

#[test]
fn json_from_a_server_without_events_is_status_1() {
    let tutorial = Tutorial::start();
    let output = run_piped(
        client(),
        &[&tutorial.addr().to_string(), "--json"],
        &[],
        b"",
    );
    no_events(&output, "it has said nothing for 5 s");
    // And one that says something else at once.
    let (listener, addr) = listen();
    let program = piped_with(addr, "ann", &["--json"]);
    let mut server = chat_testkit::Peer::accept(&listener);
    server.send_str("{\"type\":\"welcome\"}\n");
    server.expect_eof();
    no_events(&program.finish(), r#"it begins with "{"type":"welcome"}""#);
}

#[test]
fn json_without_any_input_still_begins_with_the_welcome() {
    let server = server();
    let args = [&server.addr().to_string(), "--name", "ann", "--json"];
    let output = run_piped(client(), &args, &[], b"");
    assert_eq!(output.code(), 0, "{output}");
    let first = output.stdout.lines().next().unwrap_or("");
    assert_eq!(parse(first)["type"], "welcome", "{output}");
}

#[track_caller]
fn no_events(output: &Output, why: &str) {
    assert_eq!(output.code(), 1, "{output}");
    assert_eq!(output.stdout, "", "{output}");
    let told = format!("chat-client: that is no chat server: {why}\n");
    assert_eq!(output.stderr, told);
}

#[test]
fn quiet_drops_arrivals_and_departures_in_a_pipe() {
    for args in [&["--quiet"][..], &["--quiet", "--json"]] {
        let server = server();
        let mut program = piped_with(server.addr(), "ann", args);
        program.stdout.expect("ann");
        let mut bo = nc(server.addr(), "bo");
        bo.send_str("hello\n/nick bob\n/quit\n");
        bo.expect_eof();
        let mut carl = nc(server.addr(), "carl");
        carl.send_str("bye\n");
        program.stdout.expect("bye");
        let output = program.finish();
        assert_eq!(output.code(), 0, "{output}");
        assert!(output.stdout.contains("hello"), "{output}");
        for unwanted in ["entered", "left", "offline"] {
            assert!(!output.stdout.contains(unwanted), "{output}");
        }
        if args.contains(&"--json") {
            for line in output.stdout.lines() {
                parse(line);
            }
        }
    }
}

#[test]
fn quiet_drops_arrivals_and_departures_on_a_terminal() {
    for args in [&["--quiet"][..], &["--quiet", "--plain"]] {
        let server = server();
        let ann = open_with(server.addr(), "ann", args, &[]);
        ann.wait_for_text("-- you are ann;");
        let mut bo = nc(server.addr(), "bo");
        bo.send_str("hello\n/quit\n");
        bo.expect_eof();
        let mut carl = nc(server.addr(), "carl");
        carl.send_str("bye\n");
        ann.wait_for_text("<bo> hello\n<carl> bye");
        let full = ann.full_text();
        assert!(!full.contains("entered room"), "in:\n{full}");
        assert!(!full.contains("is offline"), "in:\n{full}");
    }
}

#[test]
fn quiet_people_can_still_be_completed() {
    let server = server();
    let ann = open_with(server.addr(), "ann", &["--quiet"], &[]);
    ann.wait_for_text("-- you are ann;");
    let _zoe = nc(server.addr(), "zoe");
    let mut bo = nc(server.addr(), "bo");
    bo.send_str("hello\n");
    ann.wait_for_text("<bo> hello");
    ann.type_text("z\thi\r");
    bo.expect("\r<ann> zoe: hi\n");
}

#[test]
fn send_sends_one_message_and_prints_nothing() {
    let server = server();
    let mut witness = JsonPeer::connect(server.addr(), "witness");
    for (input, said) in [
        ("one line", "one line"),
        ("one\n  two\n\nfour\n", "one\n  two\n\nfour"),
        ("one\r\ntwo\r\n", "one\ntwo"),
        ("/me waves\n", "/me waves"),
        ("/quit", "/quit"),
        ("//x\n/y", "//x\n/y"),
        ("中文 🙂\n", "中文 🙂"),
        ("\x1b[31mred\x07\n", "red"),
        (&"x".repeat(4096), &"x".repeat(4096)),
    ] {
        let output = send(server.addr(), input);
        assert_eq!(output.code(), 0, "{input:?}: {output}");
        assert_eq!((&*output.stdout, &*output.stderr), ("", ""), "{input:?}");
        let message =
            witness.wait_for(|value| value["type"] != "entered" && value["type"] != "left");
        assert_eq!(message["type"], "message", "{message}");
        assert_eq!(message["text"], said, "{message}");
        let left = witness.next();
        assert_eq!(left["type"], "left", "once: {left}");
    }
}

#[test]
fn send_refuses_what_is_no_message() {
    let server = server();
    let mut witness = JsonPeer::connect(server.addr(), "witness");
    let long = "x".repeat(4097);
    let slashed = format!("/{}", "x".repeat(4096));
    let longer = "line\n".repeat(100_000);
    for (input, why) in [
        (long.as_bytes(), "4096"),
        (slashed.as_bytes(), "4096"),
        (longer.as_bytes(), "too long"),
        (b"not \xff text", "not UTF-8"),
    ] {
        let output = send(server.addr(), input);
        assert_eq!(output.code(), 1, "{why}: {output}");
        assert_eq!(output.stdout, "", "{why}");
        assert!(output.stderr.starts_with("chat-client: "), "{output}");
        assert!(output.stderr.contains(why), "{why}: {output}");
        assert_eq!(output.stderr.lines().count(), 1, "{output}");
    }
    // Nothing of it was said.
    nc(server.addr(), "bo").send_str("the end\n");
    assert_eq!(witness.expect_type("message")["text"], "the end");
}

#[test]
fn a_message_that_is_not_confirmed_is_status_1() {
    let (listener, addr) = listen();
    let mut program = piped_with(addr, "pipe", &["--send", "--no-reconnect"]);
    program.send_str("one\ntwo\n");
    program.close_stdin();
    let mut server = welcome(&listener, "pipe");
    assert!(server.expect_line().contains(r#""text":"one\ntwo""#));
    drop(server);
    let output = program.finish();
    assert_eq!(output.code(), 1, "{output}");
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains("not delivered: one\n"), "{output}");
}

#[test]
fn refusals_of_a_pipe_are_on_stderr() {
    let server = server();
    let mut program = piped(server.addr(), "pipe");
    program.send_str("/nonsense\n/nick two words\nhello\n");
    let output = program.finish();
    assert_eq!(output.code(), 1, "{output}");
    assert!(output.stdout.contains("<You> hello\n"), "{output}");
    for refused in ["/nonsense", "two words"] {
        assert!(!output.stdout.contains(refused), "{output}");
    }
    let stderr: Vec<&str> = output.stderr.lines().collect();
    assert_eq!(stderr.len(), 2, "{output}");
    assert!(stderr[0].starts_with("chat-client: there is no /nonsense"));
    assert!(stderr[1].starts_with("chat-client: "), "{output}");
}
