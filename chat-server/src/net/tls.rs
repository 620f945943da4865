//! Encrypted connections: TLS 1.3 over a socket, by rustls.
//!
//! A [`Handshake`] runs on a thread of its own before a worker sees the connection, and
//! becomes a [`TlsStream`], a kind of [`Transport`](crate::net::transport::Transport).
//! Both use the unbuffered part of rustls: a connection that waits keeps no buffers.

mod aead;
mod buffers;
mod client_auth;
mod config;
mod handshake;
mod pieces;
mod provider;
mod record;
mod socket;
mod stream;
mod window;

pub use config::TlsConfig;
pub use handshake::{Handshake, Progress, Why};
pub use provider::provider;
pub use stream::TlsStream;

/// The protocol that a client names in its first message (ALPN), if it names any.
pub const ALPN: &[u8] = b"chat/1";

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
