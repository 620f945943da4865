//! Drives the real `chat-client` from outside: in a terminal and with pipes,
//! against the real `chat-server` and against servers that a test plays.

#[cfg(unix)]
mod console;
#[cfg(unix)]
mod control;
mod editing;
mod encryption;
mod file;
#[cfg(target_os = "linux")]
mod flood;
mod held;
mod hostile;
mod modes;
mod names;
mod operators;
mod pastes;
mod pipes;
mod prompt;
mod put_out;
mod reading;
mod refused;
mod remembering;
mod restart;
mod returning;
mod room;
mod screen;
mod scripted;
mod servers;
mod status;
mod stopping;
#[cfg(target_os = "linux")]
mod vanishing;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

use chat_testkit::{Peer, Program, ServerProcess, Terminal, sibling};

fn client() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_chat-client"))
}

fn server() -> ServerProcess {
    ServerProcess::start(sibling(client(), "chat-server"), &[])
}

/// A client in a terminal of the usual size that is in the room.
#[track_caller]
fn join(addr: SocketAddr, name: &str) -> Terminal {
    join_in(addr, name, 24, 80)
}

/// A client in a terminal of this size that is in the room.
#[track_caller]
fn join_in(addr: SocketAddr, name: &str, rows: u16, cols: u16) -> Terminal {
    let terminal = open(addr, name, rows, cols);
    terminal.wait_for_text(&format!("-- you are {name};"));
    terminal
}

/// No test is to depend on an earlier history, nor on the time of day.
const USUAL: &[&str] = &["--no-history", "--time", "none"];

/// A client in a terminal that may not have met the server yet.
#[track_caller]
fn open(addr: SocketAddr, name: &str, rows: u16, cols: u16) -> Terminal {
    let addr = addr.to_string();
    let args = [&[&addr, "--name", name], USUAL].concat();
    Terminal::spawn(client(), &args, &[], rows, cols)
}

/// A client in a terminal of the usual size, with arguments and variables of
/// its own and without a history; it may not have met the server yet.
#[track_caller]
fn open_with(addr: SocketAddr, name: &str, args: &[&str], env: &[(&str, &str)]) -> Terminal {
    let addr = addr.to_string();
    let args = [&[&addr, "--name", name], USUAL, args].concat();
    Terminal::spawn(client(), &args, env, 24, 80)
}

/// A client that a shell has started, in a terminal of the usual size, and that is in
/// the room as ann. The script has its command line as `"$0" "$@"`.
#[cfg(unix)]
#[track_caller]
fn join_by_shell(addr: SocketAddr, script: &str) -> Terminal {
    let program = client().to_str().expect("a plain path");
    let addr = addr.to_string();
    let client = [program, &addr, "--name", "ann"];
    let args = [&["-c", script], &client[..], USUAL].concat();
    let terminal = Terminal::spawn("sh", &args, &[], 24, 80);
    terminal.wait_for_text("-- you are ann;");
    terminal
}

/// A client with pipes.
#[track_caller]
fn piped(addr: SocketAddr, name: &str) -> Program {
    Program::spawn(client(), &[&addr.to_string(), "--name", name], &[])
}

/// A client with pipes and with arguments of its own.
#[track_caller]
fn piped_with(addr: SocketAddr, name: &str, args: &[&str]) -> Program {
    let addr = addr.to_string();
    let args = [&[&addr, "--name", name], args].concat();
    Program::spawn(client(), &args, &[])
}

/// A peer like `nc` that is in the room under this name.
#[track_caller]
fn nc(addr: SocketAddr, name: &str) -> Peer {
    let mut peer = Peer::connect(addr);
    peer.send_str(&format!("/nick {name}\n"));
    peer.expect(&format!("-- you are now known as {name}\n"));
    peer
}

/// How often a row is exactly this.
fn count(text: &str, row: &str) -> usize {
    text.lines().filter(|&line| line == row).count()
}

/// The control sequences that a program has written to its terminal.
fn controls(terminal: &Terminal) -> BTreeSet<String> {
    let raw = String::from_utf8(terminal.raw()).expect("only UTF-8 is written");
    let mut controls = BTreeSet::new();
    let mut rest = raw.chars().peekable();
    while let Some(character) = rest.next() {
        if character != '\x1b' {
            if character.is_control() || is_bidi(character) {
                controls.insert(character.escape_unicode().to_string());
            }
            continue;
        }
        let mut sequence = "ESC ".to_owned();
        if rest.next_if_eq(&'[').is_some() {
            sequence.push('[');
            while let Some(parameter) = rest.next_if(|c| matches!(c, ' '..='?')) {
                sequence.push(parameter);
            }
        }
        sequence.extend(rest.next());
        controls.insert(sequence);
    }
    controls
}

fn is_bidi(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
