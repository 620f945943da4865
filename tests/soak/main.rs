//! What takes too long for every change: hours of load, hundreds of kills, a
//! thousand stopped readers, links that go down. Every test here is ignored;
//! `cargo test --release -p chat-server --test soak -- --ignored --nocapture
//! --test-threads 1` runs all of them, and with a name behind that, one.
//!
//! | variable | is | unless given |
//! | --- | --- | --- |
//! | `CHAT_SOAK_SECONDS` | how long the soak lasts | 3600 |
//! | `CHAT_SOAK_CLIENTS` | how many are in the room | 500 |
//! | `CHAT_SOAK_RATE` | messages a second, of all together | 20 |
//! | `CHAT_TEST_SEED` | the seed of all random choices | another one each time |
//!
//! They are for Linux, whose `/proc` tells what a process costs.
#![cfg(target_os = "linux")]

mod audit;
mod crowd;
mod fair;
#[path = "../server/fairness.rs"]
mod fairness;
mod long;
mod network;
mod nightly;
#[path = "../server/resets.rs"]
mod resets;

/// The number in a variable.
#[track_caller]
fn setting(variable: &str, otherwise: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is no number: {text:?}")),
        Err(_) => otherwise,
    }
}

const SERVER: &str = env!("CARGO_BIN_EXE_chat-server");
