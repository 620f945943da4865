//! The server's side of TLS against a client.

mod handshakes;
mod streams;
