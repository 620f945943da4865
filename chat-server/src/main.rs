//! The program: arguments, sockets, and what people are told at the start.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use chat_server::cli::Args;
use chat_server::history::{History, new_room_id};
use chat_server::journal::Journal;
use chat_server::listen;
use chat_server::listener::{Listener, own_addresses};
use chat_server::room::Room;
use chat_server::server::{LOG_BYTES, Limits, SPARE, Server, now};
use chat_server::signals::{raise_descriptor_limit, survive_full_files};
use clap::Parser;

fn main() -> ExitCode {
    let args = Args::parse();
    let descriptors = raise_descriptor_limit();
    // Before a history is opened, which is written to as well.
    let _ = survive_full_files();
    let journal = Journal::on_stderr();
    let listeners = match listen::open(&args.listen) {
        Ok((listeners, notes)) => {
            notes.iter().for_each(|note| journal.say(note));
            listeners
        }
        Err(text) => {
            journal.say(&format!("chat-server: {text}"));
            journal.finish();
            return ExitCode::from(CANNOT_LISTEN);
        }
    };
    let (history, room) = match open(&args, &journal) {
        Ok((history, room)) => (history, room),
        Err(error) => {
            journal.say(&format!("chat-server: {error:#}"));
            journal.finish();
            return ExitCode::FAILURE;
        }
    };
    let addresses: Vec<SocketAddr> = listeners.iter().map(Listener::address).collect();
    // What the history may need is not for people to take.
    let threads = args.threads();
    let own = OWN_DESCRIPTORS
        + threads.get() * DESCRIPTORS_OF_A_THREAD
        + history.as_ref().map_or(0, History::descriptors);
    let descriptors = descriptors.unwrap_or(MANY_DESCRIPTORS);
    let left = |own| descriptors.saturating_sub(own).max(1);
    let limits = Limits {
        people: args.limits(left(own + SPARE)),
        limit_loopback: args.limit_loopback,
        proxied: args.proxy_protocol,
        together: args.together,
        connections: left(own),
    };
    let server = Server::new(listeners, room, history, limits, threads, journal);
    let run = |server: Server| {
        // Not before signals are watched for: whoever reads this may send one.
        introduce(&addresses, server.journal());
        server.run()
    };
    match server.and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use io::Write;
            let _ = writeln!(io::stderr(), "chat-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The room, as it was left if it is kept.
fn open(args: &Args, journal: &Journal) -> anyhow::Result<(Option<History>, Room)> {
    let Some(options) = args.history() else {
        return Ok((None, Room::new(new_room_id(), LOG_BYTES)));
    };
    let show = options.path.display().to_string();
    let mut notes = Vec::new();
    let (history, room) = History::open(options, LOG_BYTES, now().time, &mut notes)?;
    for note in notes {
        journal.warn(now().time, &note);
    }
    // One of these is that it was opened.
    let events = room.head().seq - room.first();
    journal.say(&format!(
        "what is said is kept in {show} ({events} events so far)"
    ));
    Ok((Some(history), room))
}

/// Tells whoever started the server how others get in.
fn introduce(addresses: &[SocketAddr], journal: &Journal) {
    for address in addresses {
        journal.say(&format!("listening on {address}"));
    }
    let Some(first) = addresses.first() else {
        return;
    };
    let port = first.port();
    let everywhere = addresses
        .iter()
        .any(|address| address.ip().is_unspecified());
    let host = if everywhere {
        whoami::hostname().unwrap_or_else(|_| "localhost".to_owned())
    } else {
        first.ip().to_string()
    };
    journal.say(&format!(
        "join with: chat-client {host} {port}   or: nc {host} {port}"
    ));
    if everywhere {
        let addresses: Vec<String> = own_addresses().iter().map(ToString::to_string).collect();
        if !addresses.is_empty() {
            journal.say(&format!(
                "addresses of this machine: {}",
                addresses.join(", ")
            ));
        }
    }
    journal.say("the room is open to whoever can reach it, and nothing is encrypted");
}

/// Its poll, and what wakes it up.
const DESCRIPTORS_OF_A_THREAD: usize = 2;

/// As many as Linux gives one process unless it is told otherwise.
const MANY_DESCRIPTORS: usize = 1 << 20;

/// Standard streams, listeners and the like.
const OWN_DESCRIPTORS: usize = 20;

/// The exit status for an address that cannot be had.
const CANNOT_LISTEN: u8 = 3;
