//! A peer that has just come.

use crate::access::keys::PersonKey;
use crate::net::remote::Remote;
use crate::net::transport::Carrier;

/// What is known of a peer before it says anything.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Where it is.
    pub(crate) remote: Remote,
    /// Whether people on the way can read what it is sent.
    pub(crate) carrier: Carrier,
    /// The key that it has proved to have.
    pub(crate) key: Option<PersonKey>,
}
