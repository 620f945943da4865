//! Addresses that a ban or a mute is for.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses, written `192.0.2.7`, `192.0.2.0/24` or `2001:db8::/64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    /// The first one: the bits behind the prefix are 0.
    first: IpAddr,
    prefix: u8,
}

impl Network {
    /// The addresses that begin with the same `prefix` bits as this one; `None` if an
    /// address has fewer bits.
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        let first = match address.to_canonical() {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(32u32.checked_sub(prefix.into())?);
                Ipv4Addr::from_bits(v4.to_bits() & mask.unwrap_or(0)).into()
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(128u32.checked_sub(prefix.into())?);
                Ipv6Addr::from_bits(v6.to_bits() & mask.unwrap_or(0)).into()
            }
        };
        Some(Self { first, prefix })
    }

    /// What counts as one subscriber with this address: the address itself of IPv4, the
    /// first 64 bits of IPv6.
    pub fn of(address: IpAddr) -> Self {
        let address = address.to_canonical();
        let prefix = Self::usual_prefix(address);
        Self {
            prefix,
            ..Self::new(address, prefix).expect("no longer than an address")
        }
    }

    /// Whether an address is one of these.
    pub fn contains(&self, address: IpAddr) -> bool {
        Self::new(address, self.prefix) == Some(*self)
    }

    /// How many bits all these addresses have in common.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether these are addresses of IPv6.
    pub fn is_v6(&self) -> bool {
        self.first.is_ipv6()
    }

    fn usual_prefix(address: IpAddr) -> u8 {
        match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 64,
        }
    }
}

impl FromStr for Network {
    type Err = ();

    /// Without a prefix it is the usual one, as in [`Network::of`].
    fn from_str(text: &str) -> Result<Self, ()> {
        let Some((address, prefix)) = text.split_once('/') else {
            return Ok(Self::of(text.parse().map_err(|_| ())?));
        };
        let address = address.parse().map_err(|_| ())?;
        // Not `+24`.
        if !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(());
        }
        Self::new(address, prefix.parse().map_err(|_| ())?).ok_or(())
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first {
            IpAddr::V4(address) if self.prefix == 32 => address.fmt(f),
            first => write!(f, "{first}/{}", self.prefix),
        }
    }
}
