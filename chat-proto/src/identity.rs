//! What things are known by on the wire: a message, a room, and the program
//! behind a connection. To a reader all of them are opaque, and are compared as
//! they are.

use std::fmt;

/// A mark that a program gives its message, to know it again when it comes
/// back: 1 to [`MessageId::MAX_BYTES`] visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId(Box<str>);

impl MessageId {
    /// The longest mark, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// From this length on a mark can hold 128 random bits, and is taken to be
    /// the only one of its kind in the room.
    pub const UNIQUE_BYTES: usize = 22;

    /// Takes a mark; `None` if it is none.
    pub fn new(id: &str) -> Option<Self> {
        is_mark(id).then(|| Self(id.into()))
    }

    /// The mark.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The identity of a room: what its numbers count. 1 to 64 visible ASCII
/// characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoomId(Box<str>);

impl RoomId {
    /// Takes an identity; `None` if it is none.
    pub fn new(id: &str) -> Option<Self> {
        is_mark(id).then(|| Self(id.into()))
    }

    /// The identity.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_mark(text: &str) -> bool {
    (1..=MessageId::MAX_BYTES).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What only the server and one program know: whoever says it at the hello is that
/// program, come back over another connection. 128 bits, on the wire as 32 hexadecimal
/// digits, that nobody can guess.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Secret([u8; 16]);

impl Secret {
    /// A secret of these bits, which nobody is to be able to guess.
    pub fn new(bits: u128) -> Self {
        Self(bits.to_be_bytes())
    }

    /// Those bits.
    pub fn bits(&self) -> u128 {
        u128::from_be_bytes(self.0)
    }

    /// Reads what [`Secret::to_digits`] wrote.
    pub fn parse(digits: &str) -> Option<Self> {
        let is_one = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bits = u128::from_str_radix(digits, 16).ok();
        bits.filter(|_| is_one).map(Self::new)
    }

    /// What it looks like on the wire. It is not to be shown to anybody.
    pub fn to_digits(self) -> String {
        format!("{:032x}", self.bits())
    }
}

/// Secrets do not get into logs.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
