//! `chat-server --console`: the log and the operator's prompt in one terminal.

use std::net::SocketAddr;

use chat_testkit::{Signal, Terminal, run_piped, sibling};

use crate::{client, nc};

/// A server with its console, in which the operator is in the room as root.
#[track_caller]
fn console() -> (Terminal, SocketAddr) {
    let server = sibling(client(), "chat-server");
    let args = ["--console", "--listen", "127.0.0.1:0", "--tls", "off"];
    let terminal = Terminal::spawn(server, &args, &[("CHAT_NAME", "root")], 24, 100);
    terminal.wait_for_text("-- you are root, an operator;");
    // The log comes on a way of its own, so this may show later.
    let screen = terminal.wait_screen(
        |screen| listening(screen).is_some(),
        "the log tells where the server listens",
    );
    let address = listening(&screen).expect("it was there");
    (terminal, address)
}

/// The address in the line that the server begins its log with.
fn listening(screen: &str) -> Option<SocketAddr> {
    screen.lines().find_map(|line| {
        let address = line.strip_prefix("listening on ")?;
        address.trim().parse().ok()
    })
}

#[test]
fn the_log_comes_above_a_draft_which_stays() {
    let (terminal, address) = console();
    terminal.type_text("half a li");
    terminal.wait_for_text("<You> half a li");
    let mut ann = nc(address, "ann");
    let screen = terminal.wait_screen(
        |screen| {
            screen.contains("Z info came in name=ann") && screen.contains("[ann] entered room")
        },
        "the log tells of ann, and so does the room",
    );
    let last = screen.lines().rfind(|line| !line.trim().is_empty());
    assert_eq!(last.map(str::trim_end), Some("<You> half a li"), "{screen}");
    let row = screen
        .lines()
        .find(|line| line.contains("came in name=ann"));
    assert!(
        row.is_some_and(|row| row.contains(" address=127.0.0.1:")),
        "{screen}"
    );
    terminal.type_text("ne\r");
    ann.expect("\r<root> half a line\n");
    terminal.type_text("/kick ann\r");
    ann.expect("by root");
    ann.expect_eof();
    terminal.wait_for_text("[ann] was removed by");
}

/// The room is told, and the terminal is as it was.
#[test]
fn to_leave_the_console_ends_the_server_in_order() {
    for leave in ["/quit\r", "\x04", "\x03\x03"] {
        let (mut terminal, address) = console();
        let mut ann = nc(address, "ann");
        terminal.wait_for_text("[ann] entered room");
        terminal.type_text(leave);
        ann.expect("-- the server is shutting down");
        assert_eq!(
            terminal.wait_exit(),
            0,
            "{leave:?}: {}",
            terminal.full_text()
        );
        let line = terminal.termios_line();
        assert_eq!(line, terminal.termios_before(), "{leave:?}");
    }
}

#[test]
fn a_signal_ends_both_and_says_goodbye() {
    let (mut terminal, address) = console();
    let mut ann = nc(address, "ann");
    terminal.signal(Signal::Terminate);
    ann.expect("-- the server is shutting down");
    assert_eq!(terminal.wait_exit(), 0, "{}", terminal.full_text());
    assert!(terminal.full_text().contains("the server is shutting down"));
    assert_eq!(terminal.termios_line(), terminal.termios_before());
}

#[test]
fn the_prompt_cannot_be_stopped() {
    let (terminal, address) = console();
    terminal.type_text("\x1a");
    terminal.wait_for_text("this prompt cannot be stopped");
    terminal.type_text("hi\r");
    let mut ann = nc(address, "ann");
    ann.send_str("hello\n");
    terminal.wait_for_text("<ann> hello");
}

#[test]
fn what_a_console_needs_is_told() {
    let server = sibling(client(), "chat-server");
    let args = ["--console", "--listen", "127.0.0.1:0"];
    let output = run_piped(&server, &args, &[], b"");
    assert_eq!(output.code(), 1, "{output}");
    assert!(
        output.stderr.contains("--console needs a terminal"),
        "{output}"
    );
    let none = [&args[..], &["--control", "none"]].concat();
    let mut terminal = Terminal::spawn(&server, &none, &[], 24, 100);
    assert_eq!(terminal.wait_exit(), 1);
    assert!(
        terminal
            .full_text()
            .contains("--console needs the control socket")
    );
    // A copy has no client beside it.
    let folder = tempfile::tempdir().expect("a folder");
    let alone = folder.path().join("chat-server");
    std::fs::copy(&server, &alone).expect("a file");
    let path = folder.path().to_str().expect("a name in UTF-8");
    let mut terminal = Terminal::spawn(&alone, &args, &[("PATH", path)], 24, 200);
    assert_eq!(terminal.wait_exit(), 1);
    let told = terminal.full_text();
    assert!(
        told.contains("--console cannot start chat-client"),
        "{told}"
    );
}

/// No person could see the server any more.
#[test]
fn a_terminal_that_vanishes_ends_the_server_in_order() {
    let (mut terminal, address) = console();
    let mut ann = nc(address, "ann");
    terminal.close_master();
    ann.expect("-- the server is shutting down");
    assert_eq!(terminal.wait_exit(), 0);
}
