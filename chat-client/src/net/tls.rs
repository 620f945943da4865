//! TLS 1.3 over TCP, from the first byte.
//!
//! | file | holds |
//! | --- | --- |
//! | `provider` | the cryptography, and the fingerprint of a key |
//! | `roots` | the public roots |
//! | `verifier` | asks [`Trust`](crate::trust::Trust) about the key that the server shows |
//! | `handshake` | the handshake, in the thread that connects |
//! | `stream` | the connection behind it, which never blocks |
//! | `words` | what went wrong, for people |

mod handshake;
mod provider;
mod roots;
mod stream;
mod verifier;
mod words;

pub(super) use handshake::{Fault, Meeting, shake_hands};
pub use roots::Roots;
pub use stream::Tls;

#[cfg(test)]
mod tests;
