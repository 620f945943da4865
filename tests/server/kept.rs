//! A room that is kept in a file: nothing is lost, whatever happens to the
//! server, the connections, the disk and the readers.

mod astray;
mod faults;
mod files;
mod full;
mod identity;
mod readers;
mod restart;

use std::cell::Cell;
use std::net::SocketAddr;
use std::path::PathBuf;

use chat_testkit::ledger::History;
use chat_testkit::{Carrier, JsonPeer, ServerProcess, Target};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::SERVER;

/// A room whose servers come and go; the file and the port stay.
pub(crate) struct Kept {
    directory: TempDir,
    carrier: Carrier,
    args: Vec<String>,
    addr: Cell<Option<SocketAddr>>,
}

impl Kept {
    /// A room without a history yet, with more arguments for its servers.
    #[track_caller]
    pub(crate) fn new(args: &[&str]) -> Self {
        Self::over(Carrier::Plain, args)
    }

    /// The same, for clients that talk in this way.
    #[track_caller]
    pub(crate) fn over(carrier: Carrier, args: &[&str]) -> Self {
        Self {
            directory: tempfile::tempdir().expect("a directory"),
            carrier,
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            addr: Cell::new(None),
        }
    }

    /// Starts a server, on the port of the one before it.
    #[track_caller]
    pub(crate) fn start(&self) -> ServerProcess {
        let file = self.file();
        let file = file.to_str().expect("a name in UTF-8");
        let state = self.state();
        let state = state.to_str().expect("a name in UTF-8");
        let mode = self.carrier.mode();
        let mut args = vec!["--history", file, "--tls", mode, "--state", state];
        args.extend(self.args.iter().map(String::as_str));
        let server = match self.addr.get() {
            None => ServerProcess::start(SERVER, &args),
            Some(addr) => ServerProcess::start_at(SERVER, addr, &args),
        };
        self.addr.set(Some(server.addr()));
        server
    }

    /// Where its clients find this server.
    fn target(&self, server: &ServerProcess) -> Target {
        self.carrier.to(server.addr())
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("room.jsonl")
    }

    /// The folder of `--state`.
    pub(crate) fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    /// A file beside that of the room.
    fn beside(&self, suffix: &str) -> PathBuf {
        self.directory.path().join(format!("room.jsonl.{suffix}"))
    }

    /// What is in the files now.
    #[track_caller]
    pub(crate) fn history(&self) -> History {
        History::read(&self.file()).expect("whole lines")
    }
}

/// A program comes back to a room of which it has seen everything up to `seq`.
#[track_caller]
fn resume(addr: SocketAddr, name: &str, room: &Value, seq: u64) -> JsonPeer {
    let resume = json!({ "room": room, "seq": seq });
    let hello = json!({ "protocol": 1, "name": name, "resume": resume });
    JsonPeer::hello(addr, &hello)
}

/// The number of an event, or of the newest one in a welcome.
#[track_caller]
fn seq(object: &Value) -> u64 {
    object["seq"]
        .as_u64()
        .unwrap_or_else(|| panic!("no number: {object}"))
}

/// An id that cannot be guessed, and that is easy to find in a failure.
fn id(number: usize) -> String {
    format!("{number:032x}")
}
