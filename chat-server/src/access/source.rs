//! What counts as one address where connections are limited by where they come from.

use std::net::IpAddr;

/// An address of IPv4, or the 64 bits that one subscriber of IPv6 usually has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// An address.
    V4([u8; 4]),
    /// The first half of an address.
    V6([u8; 8]),
}

impl Source {
    /// What counts as one with this address.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}
