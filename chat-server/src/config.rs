//! What a running server is told to do, in one place.
//!
//! The workers share one [`Config`] and read it once a round, so that all of a round goes
//! by the same one, and another one can take its place while the server runs.

use chat_proto::event::Limits;

/// The configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Limits that peers are told of.
    pub limits: Limits,
    /// The addresses of this machine are limited like all others.
    pub limit_loopback: bool,
    /// Connections come from a proxy, which says whose each one is.
    pub proxied: bool,
    /// How many connections there can be, refused ones included; others wait outside.
    pub connections: usize,
    /// How many are let in beyond the limits, since they have proved that they have a
    /// place here; and how many at a time are told at leisure why they cannot come
    /// in, and may prove that. Of a flood the others get the word and are closed.
    pub returning: usize,
    /// How many connections one thread has before the next one gets any: to send
    /// them a message takes less time than to wake up another thread for a few of them.
    pub together: usize,
}

impl Config {
    /// Few connections on one thread, under these limits.
    pub fn of(limits: Limits) -> Self {
        Self {
            limits,
            limit_loopback: false,
            proxied: false,
            connections: 100,
            returning: 16,
            together: 1,
        }
    }
}
