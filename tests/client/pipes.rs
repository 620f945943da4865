//! A client without a terminal: lines in, lines out.

#[cfg(unix)]
use std::io::Write;
#[cfg(unix)]
use std::os::{fd::OwnedFd, unix::net::UnixStream};
#[cfg(unix)]
use std::process::{Command, Stdio};
use std::time::Duration;

use chat_testkit::{JsonPeer, Output, Program, run_piped, until};

use crate::scripted::{id_of, listen, object, send_message, welcome};
use crate::{client, nc, piped, piped_with, server};

/// Pipes this through a client that is called `pipe`.
#[track_caller]
fn pipe(addr: std::net::SocketAddr, input: impl AsRef<[u8]>) -> Output {
    let args = [&addr.to_string(), "--name", "pipe"];
    run_piped(client(), &args, &[], input.as_ref())
}

/// The output is meant for files.
#[track_caller]
fn plain(output: &Output) {
    assert!(!output.stdout.contains('\x1b'), "{output}");
    assert!(!output.stdout.contains('\r'), "{output}");
    assert!(!output.stdout.ends_with("<You> "), "{output}");
    assert!(output.stdout.ends_with('\n'), "{output}");
    assert_eq!(output.stderr, "");
}

/// The end of the input is the end.
#[test]
fn lines_are_sent_in_order_and_then_it_leaves() {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let output = pipe(server.addr(), "one\n\ntwo\r\n中文 🙂\nlast");
    assert_eq!(output.code(), 0, "{output}");
    plain(&output);
    bo.expect("\r[pipe] entered room\n");
    bo.expect("\r<pipe> one\n\r<pipe> two\n\r<pipe> 中文 🙂\n\r<pipe> last\n");
    bo.expect("\r[pipe] is offline\n");
    assert!(
        output
            .stdout
            .contains("<You> one\n<You> two\n<You> 中文 🙂\n<You> last\n"),
        "{output}"
    );
}

/// The end of the input ends the client, and with a goodbye: the server has no words
/// about a lost connection.
#[test]
fn no_input_at_all_is_no_failure() {
    let server = server();
    for _ in 0..20 {
        let output = pipe(server.addr(), "");
        assert_eq!(output.code(), 0, "{output}");
        plain(&output);
        // How a client before it came and went may be told to this one.
        let is_own = |line: &&str| !line.starts_with('[');
        let last = output.stdout.lines().rfind(is_own);
        let welcome = "-- you are pipe; nobody else is here yet";
        assert_eq!(last, Some(welcome), "{output}");
        let send = [&server.addr().to_string(), "--send"];
        let output = run_piped(client(), &send, &[], b"");
        assert_eq!(output.code(), 0, "{output}");
        assert_eq!((&*output.stdout, &*output.stderr), ("", ""));
    }
}

#[test]
fn many_lines_all_arrive_in_order() {
    let server = server();
    let mut witness = JsonPeer::connect(server.addr(), "witness");
    let input: String = (0..2000).map(|n| format!("line {n}\n")).collect();
    let output = pipe(server.addr(), input);
    assert_eq!(output.code(), 0, "{output}");
    plain(&output);
    for number in 0..2000 {
        let message = witness.expect_type("message");
        assert_eq!(message["text"], format!("line {number}"));
    }
    let shown: Vec<&str> = output
        .stdout
        .lines()
        .filter(|line| line.starts_with("<You> "))
        .collect();
    assert_eq!(shown.len(), 2000);
}

#[test]
fn many_long_lines_all_arrive_in_order() {
    let server = server();
    let mut witness = JsonPeer::connect(server.addr(), "witness");
    let line = |number: usize| format!("{number:04}{}", "x".repeat(4092));
    let input: String = (0..300).map(|number| line(number) + "\n").collect();
    let output = pipe(server.addr(), input);
    assert_eq!(output.code(), 0);
    for number in 0..300 {
        assert_eq!(witness.expect_type("message")["text"], line(number));
    }
}

#[test]
fn lines_that_cannot_be_sent_are_refused_and_the_rest_goes_on() {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let long = vec![b'x'; 4097];
    let longer = vec![b'y'; 200_000];
    let input = [
        b"first\n",
        &long[..],
        b"\nsecond\n",
        &longer[..],
        b"\nthird\nbad \xff line\nfourth\n\xc3\n",
        &long[..4096],
        b"\nfifth\n/nonsense\nlast",
    ]
    .concat();
    let output = pipe(server.addr(), input);
    // The room has not got every line.
    assert_eq!(output.code(), 1, "{output}");
    let longest = "x".repeat(4096);
    bo.expect(&format!(
        "\r<pipe> first\n\r<pipe> second\n\r<pipe> third\n\r<pipe> fourth\n\
         \r<pipe> {longest}\n\r<pipe> fifth\n\r<pipe> last\n"
    ));
    let words = |word: &str| {
        let refusals = output.stderr.lines();
        refusals.filter(|line| line.contains(word)).count()
    };
    assert_eq!(words("long"), 2, "{output}");
    assert_eq!(words("not UTF-8"), 2, "{output}");
    assert_eq!(words("/nonsense"), 1, "{output}");
}

/// Nor would our own server.
#[test]
fn escape_sequences_in_a_pipe_are_not_passed_on() {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let output = pipe(
        server.addr(),
        "\x1b[31mred\x1b[0m\x07 \u{9b}1m\u{202e}txt\n\
         \x1b[0m\x1b[K\n\
         see \x1b]8;;http://x\x1b\\here\x1b]8;;\x1b\\, N\x08NA\x08AM\x08ME\x08E _\x08f\n",
    );
    assert_eq!(output.code(), 0, "{output}");
    plain(&output);
    // The line that only sets colours back says nothing.
    bo.expect("\r<pipe> red txt\n\r<pipe> see here, NAME f\n");
}

#[test]
fn a_pipe_that_stays_open_shows_what_the_others_say() {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let mut log = piped(server.addr(), "log");
    log.stdout.expect("-- you are log; here: bo\n");
    bo.send_str("hello\n/me waves\n/quit\n");
    log.stdout
        .expect("<bo> hello\n* bo waves\n[bo] is offline\n");
    log.send_str("still here\n");
    log.stdout.expect("<You> still here\n");
    let output = log.finish();
    assert_eq!(output.code(), 0, "{output}");
    plain(&output);
}

#[test]
fn it_leaves_only_when_the_server_has_confirmed() {
    let (listener, addr) = listen();
    let mut program = piped(addr, "pipe");
    program.send_str("hello\n");
    program.close_stdin();
    let mut server = welcome(&listener, "pipe");
    let message = server.expect_line();
    assert!(message.contains(r#""text":"hello""#), "{message}");
    // Not by other messages, nor by the same words of another person.
    send_message(&mut server, 1, "bo", "hello", None);
    program.stdout.expect("<bo> hello\n");
    assert!(program.is_running());
    server.expect_nothing_for(Duration::from_millis(100));
    send_message(&mut server, 2, "pipe", "hello", Some(id_of(&message)));
    assert_eq!(server.expect_line(), r#"{"type":"quit"}"#);
    drop(server);
    let output = program.finish();
    assert_eq!(output.code(), 0, "{output}");
    assert!(output.stdout.contains("<You> hello\n"), "{output}");
}

/// Whether it has been read by then or not.
#[test]
fn lines_behind_a_quit_are_not_said() {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    for _ in 0..20 {
        let output = pipe(server.addr(), "one\n/quit\ntwo\n");
        assert_eq!(output.code(), 0, "{output}");
        assert_eq!(output.stderr, "");
        let said = bo.expect("\r[pipe] is offline\n");
        assert_eq!(said.matches("<pipe>").count(), 1, "{said}");
        assert!(said.contains("\r<pipe> one\n"), "{said}");
    }
}

#[test]
fn a_server_that_dies_before_confirming_is_status_1() {
    let (listener, addr) = listen();
    let mut program = piped_with(addr, "pipe", &["--no-reconnect"]);
    program.send_str("one\ntwo\n");
    program.close_stdin();
    let mut server = welcome(&listener, "pipe");
    let one = server.expect_line();
    server.expect_line();
    send_message(&mut server, 1, "pipe", "one", Some(id_of(&one)));
    drop(server);
    let output = program.finish();
    assert_eq!(output.code(), 1, "{output}");
    assert!(output.stdout.contains("<You> one\n"), "{output}");
    assert!(
        output.stderr.contains("chat-client: not delivered: two\n"),
        "{output}"
    );
    assert!(!output.stderr.contains("not delivered: one"), "{output}");
    assert!(
        output
            .stderr
            .ends_with("chat-client: the server went away\n"),
        "{output}"
    );
}

#[test]
fn a_server_that_dies_at_the_hello_is_status_1() {
    let (listener, addr) = listen();
    let mut program = piped(addr, "pipe");
    program.send_str("one\n");
    program.close_stdin();
    let mut server = chat_testkit::Peer::accept(&listener);
    server.send_str("\r-- chat/1\n");
    server.expect("/hello ");
    drop(server);
    let output = program.finish();
    assert_eq!(output.code(), 1, "{output}");
    // Whether it had read its input by then is left to chance.
    let sentence = "chat-client: the server closed the connection before it let us in\n";
    assert!(output.stderr.ends_with(sentence), "{output}");
}

/// Undelivered lines, which are shown again, may come from any program.
#[test]
fn escape_sequences_in_a_pipe_are_not_shown_when_undelivered() {
    let (listener, addr) = listen();
    let mut program = piped(addr, "pipe");
    let mut server = chat_testkit::Peer::accept(&listener);
    server.send_str("\r-- chat/1\n");
    server.expect("/hello ");
    // More than fits into a pipe: some of it has been read.
    let line = format!("\x1b[31mred\u{9b}1m\u{202e}{}\n", "x".repeat(1000));
    program.send_str(&line.repeat(200));
    program.close_stdin();
    drop(server);
    let output = program.finish();
    assert_eq!(output.code(), 1, "{output}");
    assert!(output.stderr.contains("not delivered: redxxx"), "{output}");
    let is_bad = |c: char| c != '\n' && c.is_control() || crate::is_bidi(c);
    assert!(!output.stderr.contains(is_bad), "{output}");
}

/// An error of the input is not its end.
#[cfg(unix)]
#[test]
fn an_input_that_cannot_be_read_is_status_1() {
    let server = server();
    let addr = server.addr().to_string();
    let program = client().to_str().expect("a plain path");
    for way in [&[][..], &["--send"], &["--json"]] {
        // A directory can be opened, but not read.
        let args = ["-c", r#""$0" "$@" < /"#, program, &addr, "--name", "pipe"];
        let output = run_piped("sh", &[&args, way].concat(), &[], b"");
        assert_eq!(output.code(), 1, "{way:?}: {output}");
        let told = "chat-client: cannot read standard input: ";
        assert!(output.stderr.starts_with(told), "{way:?}: {output}");
        assert_eq!(output.stderr.lines().count(), 1, "{way:?}: {output}");
    }
}

/// A program that shares an input may have made it non-blocking.
#[cfg(unix)]
#[test]
fn an_input_that_does_not_block_is_waited_for() {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    for way in [&[][..], &["--send"]] {
        let (mut ours, theirs) = UnixStream::pair().expect("descriptors are left");
        theirs.set_nonblocking(true).expect("a socket");
        let mut program = Command::new(client())
            .args([&server.addr().to_string(), "--name", "pipe"])
            .args(way)
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .spawn()
            .expect("a program");
        bo.expect("\r[pipe] entered room\n");
        ours.write_all(b"one line\n").expect("it is read");
        drop(ours);
        bo.expect("\r<pipe> one line\n");
        assert!(program.wait().expect("it ends").success(), "{way:?}");
        bo.expect("\r[pipe] is offline\n");
    }
}

/// An output without a reader is no failure.
#[test]
fn a_closed_stdout_is_a_quiet_end() {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let addr = server.addr().to_string();
    // `head` takes the first line and closes.
    let script = r#"{ "$0" "$@"; echo "status $?" >&2; } | head -n 1"#;
    let program = client().to_str().expect("a plain path");
    let args = ["-c", script, program, &addr, "--name", "pipe"];
    let mut shell = Program::spawn("sh", &args, &[]);
    shell.stdout.expect("-- connected to ");
    bo.expect("\r[pipe] entered room\n");
    until("it has noticed", || {
        bo.send_str("anyone?\n");
        !shell.is_running()
    });
    let output = shell.finish();
    assert_eq!(output.stderr, "status 0\n");
    bo.expect("\r[pipe] is offline\n");
}

/// But lines that are not in the room were not delivered.
#[test]
fn a_closed_stdout_does_not_hide_what_is_not_delivered() {
    let (listener, addr) = listen();
    let addr = addr.to_string();
    // `head` takes the lines before the welcome, and closes.
    let script = r#"{ "$0" "$@"; echo "status $?" >&2; } | head -n 2"#;
    let program = client().to_str().expect("a plain path");
    let args = ["-c", script, program, &addr, "--name", "pipe"];
    let mut shell = Program::spawn("sh", &args, &[]);
    let mut server = welcome(&listener, "pipe");
    shell.stdout.expect("-- you are pipe");
    shell.send_str("hello\n");
    // The room never has it.
    assert!(server.expect_line().contains("hello"));
    let mut seq = 10;
    until("it has noticed", || {
        seq += 1;
        let members = format!(r#""seq":{seq},"type":"message","name":"bo","text":"hi""#);
        let line = object("2026-11-23T10:00:00.123Z", &members);
        let _ = server.try_send(line.as_bytes());
        !shell.is_running()
    });
    let output = shell.finish();
    assert!(output.stderr.contains("not delivered: hello\n"), "{output}");
    assert!(output.stderr.ends_with("status 1\n"), "{output}");
}

/// Without a prompt, since a terminal on one side can have none.
#[test]
fn a_terminal_on_one_side_only_is_no_terminal() {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let addr = server.addr().to_string();
    let program = client().to_str().expect("a plain path");
    let script = r#""$0" "$@" | cat"#;
    let args = ["-c", script, program, &addr, "--name", "ann"];
    let mut terminal = chat_testkit::Terminal::spawn("sh", &args, &[], 24, 80);
    terminal.wait_for_text("-- you are ann");
    assert_eq!(terminal.termios_line(), terminal.termios_before());
    // The terminal itself gathers the line and echoes it.
    terminal.type_text("hello\r");
    bo.expect("\r<ann> hello\n");
    terminal.wait_for_text("hello\n<You> hello");
    terminal.type_text("\x04");
    assert_eq!(terminal.wait_exit(), 0);
    assert!(!terminal.raw().contains(&0x1b));
}
