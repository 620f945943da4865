//! Drives the real `chat-server` from outside, over TCP.

#[cfg(unix)]
mod config;
#[cfg(unix)]
mod control;
mod crowd;
#[cfg(unix)]
mod ctl;
mod fairness;
mod faults;
mod floods;
mod framing;
mod help;
mod hostile_text;
mod kept;
mod limits;
mod log;
mod metrics;
mod names;
#[cfg(unix)]
mod operators;
mod process;
mod proxied;
#[cfg(unix)]
mod reload;
#[cfg(target_os = "linux")]
mod resets;
mod room;
#[cfg(unix)]
mod service;
mod stuck;
mod tls;
mod wire;

use chat_testkit::{Peer, ServerProcess, Target};

const SERVER: &str = env!("CARGO_BIN_EXE_chat-server");

fn server() -> ServerProcess {
    ServerProcess::start(SERVER, &[])
}

/// A peer in text form that is in the room under this name.
fn join(target: impl Into<Target>, name: &str) -> Peer {
    let mut peer = Peer::connect(target);
    peer.send_str(&format!("/nick {name}\n"));
    peer.expect(&format!("-- you are now known as {name}\n"));
    peer
}
