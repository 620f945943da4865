//! Servers that do not speak as a chat server does.

use std::net::TcpListener;
use std::time::Duration;

use chat_testkit::{Output, Peer, Program, Terminal};

use crate::scripted::{listen, welcome};
use crate::{controls, open, piped_with};

/// Sends the same again and again until it is no longer taken; how much was.
fn pour(server: &mut Peer, bytes: &[u8]) -> usize {
    let mut taken = 0;
    while taken < POURED && server.try_send(bytes).is_ok() {
        taken += bytes.len();
    }
    taken
}

/// Far more than the system itself keeps for a connection.
const POURED: usize = 64 << 20;

/// It is not kept, and so cannot fill the memory.
#[test]
fn a_line_that_does_not_end_ends_the_client() {
    let (listener, addr) = listen();
    for greeted in [false, true] {
        let accept = || match greeted {
            true => welcome(&listener, "ann"),
            false => Peer::accept(&listener),
        };
        let mut ann = open(addr, "ann", 24, 80);
        let mut server = accept();
        let taken = pour(&mut server, &[b'x'; 16 << 10]);
        assert!(taken < POURED, "it has swallowed {taken} bytes");
        assert_eq!(ann.wait_exit(), 1);
        assert_eq!(ann.termios_line(), ann.termios_before());
        let screen = ann.screen();
        assert!(screen.contains("-- that is no chat server"), "{screen}");
        for args in [&[][..], &["--json"]] {
            let mut program = piped_with(addr, "pipe", args);
            let taken = pour(&mut accept(), &[b'x'; 16 << 10]);
            assert!(taken < POURED, "it has swallowed {taken} bytes");
            let status = program.wait_exit(Duration::from_secs(5));
            assert_eq!(status.code(), Some(1));
        }
    }
}

/// What answers in another protocol is named, and is status 1. What could be a
/// server of plain lines is shown to a person.
#[test]
fn a_server_of_another_protocol_does_no_harm() {
    let mut state = 1_u32;
    let noise: Vec<u8> = (0..20_000)
        .map(|_| {
            state = state.wrapping_mul(1_103_515_245).wrapping_add(12345);
            (state >> 16) as u8
        })
        .collect();
    for (answer, shown) in [
        (
            &b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<p>\xff\xfe\x00</p>\r\n"
                [..],
            "-- that is no chat server: it speaks HTTP",
        ),
        (
            b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
            "-- that is no chat server: it speaks SSH",
        ),
        (
            b"\x15\x03\x01\x00\x02\x02\x28",
            "-- that is no chat server: it speaks TLS",
        ),
        (
            b"220 mail.example.org ESMTP\r\n",
            "-- that is no chat server: it speaks SMTP",
        ),
        (
            b"220 (vsFTPd 3.0.3)\r\n",
            "-- that is no chat server: it speaks FTP",
        ),
        (
            b"",
            "-- the server closed the connection without a word. Is it a chat server?",
        ),
        (&noise, "-- the server went away"),
    ] {
        let (listener, addr) = listen();
        for args in [&[][..], &["--plain"], &["--send"], &["--json"]] {
            let mut program = piped_with(addr, "pipe", args);
            let mut server = answer_pipe(&listener, &mut program, answer);
            server.half_close();
            check_pipe(&program.finish(), shown);
            // That a silent one is given up is shown elsewhere.
            if !answer.is_empty() {
                let mut program = piped_with(addr, "pipe", args);
                let _server = answer_pipe(&listener, &mut program, answer);
                check_pipe(&program.finish(), shown);
            }
        }
        let mut ann = open(addr, "ann", 24, 80);
        let mut server = Peer::accept(&listener);
        server.send(answer);
        // It may have gone by now.
        server.half_close();
        check_screen(&mut ann, shown);
    }
}

/// A pipe that says something, and what the server answers it.
#[track_caller]
fn answer_pipe(listener: &TcpListener, program: &mut Program, answer: &[u8]) -> Peer {
    program.send_str("hello\n");
    program.close_stdin();
    let mut server = Peer::accept(listener);
    // It may have gone before it has heard all.
    let _ = server.try_send(answer);
    server
}

#[track_caller]
fn check_pipe(output: &Output, shown: &str) {
    assert_eq!(output.code(), 1, "{output}");
    assert!(!output.stdout.contains("400 Bad"), "{output}");
    let last = output.stderr.lines().last().unwrap_or("");
    let named = shown
        .strip_prefix("-- that")
        .map(|rest| format!("chat-client: that{rest}"));
    match named {
        Some(named) => assert_eq!(last, named, "{output}"),
        None => assert!(
            last.starts_with("chat-client: that is no chat server")
                || last.starts_with("chat-client: the server closed"),
            "{output}"
        ),
    }
}

#[track_caller]
fn check_screen(ann: &mut Terminal, shown: &str) {
    assert_eq!(ann.wait_exit(), 1);
    let full = ann.full_text();
    assert!(full.ends_with(shown), "{full}");
    assert!(!full.contains("400 Bad"), "{full}");
    assert_eq!(ann.bells(), 0);
    assert_eq!(ann.termios_line(), ann.termios_before());
    for control in controls(ann) {
        assert!(
            ALLOWED.iter().any(|known| control.starts_with(known)),
            "{control}"
        );
    }
}

/// The control sequences of the client itself.
const ALLOWED: [&str; 22] = [
    "ESC [?2004",
    "ESC [>5u",
    "ESC [<1u",
    "ESC [>0q",
    "ESC [>c",
    "ESC [c",
    "ESC [?2026",
    "ESC [?25h",
    "ESC [?7",
    "ESC [J",
    "ESC [K",
    "ESC [C",
    "ESC [A",
    "ESC 7",
    "ESC 8",
    "\\u{9}",
    "\\u{d}",
    "\\u{a}",
    "ESC [1m",
    "ESC [2m",
    "ESC [31m",
    "ESC [0m",
];
