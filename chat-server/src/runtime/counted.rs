//! As what a connection counts, from when it is let in until it is gone.

use std::net::IpAddr;

use crate::net::admission::Visit;

/// As what a connection counts that ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Counted {
    /// It was let in from this address, and came so far.
    Admitted(IpAddr, Visit),
    /// It was refused.
    Refused,
    /// It was at the control socket, which no limit on the room is about.
    Operator,
}
