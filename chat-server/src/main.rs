//! The program: arguments, sockets, and what people are told at the start.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use chat_server::cli::{Args, mistakes};
use chat_server::config::{Config, TlsMode};
use chat_server::hub::Hub;
use chat_server::net::listen;
use chat_server::net::listener::{Listener, own_addresses};
use chat_server::ops::errors::chain;
use chat_server::ops::logger::Logger;
use chat_server::ops::signals::{raise_descriptor_limit, survive_full_files};
use chat_server::room::identity::Identity;
use chat_server::runtime::server::{LOG_BYTES, Server};
use chat_server::runtime::system_clock::now;
use chat_server::storage::History;

fn main() -> ExitCode {
    let args = match read_arguments() {
        Ok(args) => args,
        Err(status) => return status,
    };
    let logger = Logger::on_stderr();
    let parts = match prepare(&args, &logger) {
        Ok(parts) => parts,
        Err((status, why)) => {
            logger.say(&format!("chat-server: {why}"));
            logger.finish();
            return ExitCode::from(status);
        }
    };
    let (listeners, history, hub, config) = parts;
    let addresses: Vec<SocketAddr> = listeners.iter().map(Listener::address).collect();
    let server = Server::new(listeners, hub, history, config, args.threads(), logger);
    let run = |server: Server| {
        // Not before signals are watched for: who reads this may send one.
        introduce(&addresses, server.logger());
        server.run()
    };
    match server.and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "chat-server: {}", chain(&error));
            ExitCode::from(FAILURE)
        }
    }
}

/// The arguments, or the status to end with when all about them is said.
fn read_arguments() -> Result<Args, ExitCode> {
    let given: Vec<OsString> = std::env::args_os().collect();
    let error = match Args::read(&given) {
        Ok(args) => return Ok(args),
        Err(error) => error,
    };
    if !error.use_stderr() {
        // The text of --help or --version.
        let _ = error.print();
        return Err(ExitCode::SUCCESS);
    }
    let given = given.iter().skip(1).map(|one| one.to_string_lossy());
    let given: Vec<String> = given.map(Cow::into_owned).collect();
    let why = mistakes::explain(&error, &given);
    let _ = writeln!(
        io::stderr(),
        "chat-server: {why}\nall options: chat-server --help"
    );
    Err(ExitCode::from(WRONG_ARGUMENTS))
}

/// What a server is made of: its sockets, the files, the room and what it is told to do.
type Parts = (Vec<Listener>, Option<History>, Hub, Config);

/// Gets all that the server needs of the system, or tells with which status to end,
/// and why.
fn prepare(args: &Args, logger: &Logger) -> Result<Parts, (u8, String)> {
    let descriptors = raise_descriptor_limit().unwrap_or(MANY_DESCRIPTORS);
    // Before a history is opened, which is written to as well.
    let _ = survive_full_files();
    let listeners = listen::open(&args.listen);
    let (listeners, notes) = listeners.map_err(|why| (CANNOT_LISTEN, why))?;
    notes.iter().for_each(|note| logger.say(note));
    let opened = open(args, logger).map_err(|error| (FAILURE, chain(&error)));
    let (history, hub) = opened?;
    // What the history may need is not for people to take.
    let own = OWN_DESCRIPTORS
        + args.threads().get() * DESCRIPTORS_OF_A_THREAD
        + history.as_ref().map_or(0, History::descriptors);
    let returning = (descriptors / RETURNING_SHARE).clamp(LEAST_RETURNING, MOST_RETURNING);
    // Those who have come back, and those who are told that they cannot come in.
    let spare = 2 * returning;
    let possible = descriptors.saturating_sub(own + spare);
    if possible == 0 {
        let least = own + spare + 1;
        let why = format!(
            "this process may have {descriptors} files open, and needs {least} to serve one \
             connection\n{RAISE_LIMIT}"
        );
        return Err((FAILURE, why));
    }
    if possible < args.max_clients().unwrap_or(FEW) {
        logger.say(&format!(
            "only {possible} connections are possible: this process may have {descriptors} files \
             open\n{RAISE_LIMIT}"
        ));
    }
    let config = Config {
        tls: TlsMode::Off,
        limits: args.limits(possible),
        limit_loopback: args.limit_loopback,
        proxied: args.proxy_protocol,
        together: args.together,
        connections: possible + spare,
        returning,
    };
    Ok((listeners, history, hub, config))
}

/// The room, as it was left if it is kept.
fn open(args: &Args, logger: &Logger) -> anyhow::Result<(Option<History>, Hub)> {
    let Some(options) = args.history() else {
        let identity = Identity::new(now().time).context("the system gives no random bits")?;
        return Ok((None, Hub::new(identity, LOG_BYTES)));
    };
    let show = options.path.display().to_string();
    let mut notes = Vec::new();
    let (history, hub) = History::open(options, LOG_BYTES, now(), &mut notes)?;
    for note in notes {
        logger.warn(now().time, &note);
    }
    // One of these is that it was opened.
    let events = hub.timeline.head().seq - hub.timeline.first();
    logger.say(&format!(
        "what is said is kept in {show} ({events} events so far)"
    ));
    Ok((Some(history), hub))
}

/// Tells the person who has started the server how others get in.
fn introduce(addresses: &[SocketAddr], logger: &Logger) {
    for address in addresses {
        logger.say(&format!("listening on {address}"));
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
    logger.say(&format!(
        "join with: chat-client {host} {port}   or: nc {host} {port}"
    ));
    if everywhere {
        let addresses: Vec<String> = own_addresses().iter().map(ToString::to_string).collect();
        if !addresses.is_empty() {
            logger.say(&format!(
                "addresses of this machine: {}",
                addresses.join(", ")
            ));
        }
    }
    logger.say("anybody who can reach this port can join, and nothing is encrypted");
}

/// Its poll, and what wakes it up.
const DESCRIPTORS_OF_A_THREAD: usize = 2;

/// As many as Linux gives one process unless it is told otherwise.
const MANY_DESCRIPTORS: usize = 1 << 20;

/// Standard streams, listeners and the like.
const OWN_DESCRIPTORS: usize = 20;

/// So much of the descriptors is for programs that come back into a full room,
const RETURNING_SHARE: usize = 16;

/// but as many as this: a few at a time, and each is done with at once,
const LEAST_RETURNING: usize = 4;

/// and no more: those of a room that loses its network come back within a second or two.
const MOST_RETURNING: usize = 64;

/// Connections that most rooms need, so that fewer are worth a word.
const FEW: usize = 256;

/// How to have more connections.
const RAISE_LIMIT: &str = "to raise that: ulimit -n 4096, or LimitNOFILE=4096 in a systemd unit";

/// The exit status where the system does not give what the server needs.
const FAILURE: u8 = 1;

/// The exit status for arguments that make no sense.
const WRONG_ARGUMENTS: u8 = 2;

/// The exit status for an address that cannot be had.
const CANNOT_LISTEN: u8 = 3;
