//! What a running server is told to do, in one place.
//!
//! The workers share one [`Config`] and read it once a round, so that all of a round goes
//! by the same one, and another one can take its place while the server runs.
//!
//! The defaults of the limits are [`Limits::DEFAULT`], and [`cli`](crate::cli) has the
//! options that change them.

use chat_proto::event::Limits;
use chat_proto::text::Text;
use clap::ValueEnum;

/// Which connections are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TlsMode {
    /// A peer whose first byte begins TLS gets TLS, and any other peer is served plain.
    Offer,
    /// As `offer`, but a plain peer is served over loopback only.
    Require,
    /// None. What a peer sends is never taken for TLS.
    Off,
}

/// The configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Limits that peers are told of.
    pub limits: Limits,
    /// The addresses of this machine are limited like all others.
    pub limit_loopback: bool,
    /// Which connections are encrypted.
    pub tls: TlsMode,
    /// Connections come from a proxy, which names the address of each peer.
    pub proxied: bool,
    /// How many connections there can be, refused ones included; others wait outside.
    pub connections: usize,
    /// How many connections are let in beyond the limits because they prove that they
    /// have a place in the room; and how many refused ones at a time may stay to prove
    /// that. In a flood the others are told why they are refused and closed at once.
    pub returning: usize,
    /// How many connections one thread has before the next one gets any: to send a
    /// message to a few more takes less time than to wake another thread for them.
    pub together: usize,
    /// What each person who comes in is told.
    pub greeting: Option<Text>,
}

impl Config {
    /// Few connections on one thread, under these limits, and none of them encrypted.
    pub fn of(limits: Limits) -> Self {
        Self {
            limits,
            limit_loopback: false,
            tls: TlsMode::Off,
            proxied: false,
            connections: 100,
            returning: 16,
            together: 1,
            greeting: None,
        }
    }
}
