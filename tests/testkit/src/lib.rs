//! Tools for the tests of both programs.
//!
//! | to run … | take |
//! |---|---|
//! | the server as a process | [`ServerProcess`] |
//! | a program with pipes | [`run_piped`], [`Program`] |
//! | a program in a terminal | [`Terminal`] |
//! | a raw TCP client, or a scripted server | [`Peer`], [`JsonPeer`] |
//! | a raw client at the control socket | [`Operator`] |
//! | what a service manager hears | [`NotifySocket`] |
//! | load that comes back after each failure | [`Talker`], [`settle`] |
//! | clients that speak TLS, or do not | [`Carrier`] |
//! | a server that encrypts | [`TlsFront`] |
//! | faults between clients and server | [`Proxy`] |
//! | proof that nothing was lost or doubled | [`assert_kept`] |
//! | processor time and memory of a process | [`proc`] |
//! | random choices that can be made again | [`Random`] |
//! | what READMEs say of a command line | [`readme`] |
//!
//! Everything waits for a condition with a deadline ([`DEADLINE`]) and panics at the
//! caller's line, with the last state. Nothing waits by sleeping for a fixed time, and
//! every process is killed when its handle is dropped.

pub mod carrier;
pub mod keys;
pub mod ledger;
#[cfg(unix)]
pub mod notify;
#[cfg(unix)]
pub mod operator;
pub mod peer;
#[cfg(target_os = "linux")]
pub mod proc;
pub mod process;
pub mod proxy;
pub mod random;
pub mod readme;
pub mod server;
pub mod talker;
pub mod terminal;
pub mod tls;
pub mod transcript;
pub mod version;

pub use carrier::{Carrier, Target, Wire};
pub use ledger::{Ledger, assert_kept};
#[cfg(unix)]
pub use notify::NotifySocket;
#[cfg(unix)]
pub use operator::Operator;
pub use peer::{JsonPeer, Peer};
pub use process::{Output, Program, Signal, run_piped};
pub use proxy::Proxy;
pub use random::Random;
pub use server::ServerProcess;
pub use talker::{Talker, room_of, settle};
pub use terminal::{Cell, Emulator, Model, Screen, Terminal};
pub use tls::{AnyKey, AnyServer, Authority, Identity, Proof, TlsFront, VALID};
pub use transcript::{End, Transcript};
pub use version::assert_version;

use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long every wait lasts at most. Long, because a test that passes never
/// waits for it, and a loaded machine is no reason to fail.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Waits until `condition` holds.
#[track_caller]
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    until_some(what, || condition().then_some(()));
}

/// Waits until `attempt` gives a value.
#[track_caller]
pub fn until_some<T>(what: &str, attempt: impl FnMut() -> Option<T>) -> T {
    let Some(value) = poll(DEADLINE, attempt) else {
        panic!("waited {DEADLINE:?} in vain until {what}");
    };
    value
}

/// The program `name` that was built beside `program`.
#[track_caller]
pub fn sibling(program: impl AsRef<Path>, name: &str) -> PathBuf {
    let path = program
        .as_ref()
        .with_file_name(format!("{name}{EXE_SUFFIX}"));
    assert!(
        path.is_file(),
        "{} does not exist: run the tests with --workspace",
        path.display()
    );
    path
}

/// Asks `attempt` again and again; `None` when `within` has passed.
///
/// For what cannot wake us: other processes and `/proc`.
pub fn poll<T>(within: Duration, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(value) = attempt() {
            return Some(value);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(POLL_INTERVAL);
    }
}

const POLL_INTERVAL: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests;
