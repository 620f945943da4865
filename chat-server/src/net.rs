//! What has a socket: listening, accepting, who may come in, and the bytes of each
//! connection. No rule of the room is here.

pub(crate) mod acceptor;
pub mod admission;
pub(crate) mod admit;
pub mod connection;
pub mod control_socket;
pub(crate) mod entry;
pub mod identity;
pub mod listen;
pub mod listener;
pub(crate) mod proxied;
pub mod proxy_header;
pub mod remote;
pub mod tls;
pub mod transport;
pub mod wire;
