//! What a key is called: by the SHA-256 digest of its public part, as `ssh-keygen -l`
//! prints it.

use std::fmt;

/// A key, by its whole fingerprint: `SHA256:` and 43 characters of base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    const PREFIX: &str = "SHA256:";

    /// The fingerprint of the key with this SHA-256 digest.
    pub fn of_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The SHA-256 digest of the key.
    pub fn digest(&self) -> [u8; 32] {
        self.0
    }

    /// Reads what [`fmt::Display`] writes; `SHA256:` may be missing.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix(Self::PREFIX).unwrap_or(text);
        let characters: &[u8; 43] = text.as_bytes().try_into().ok()?;
        let mut digest = [0; 32];
        let (mut bits, mut count, mut place) = (0u32, 0, 0);
        for character in characters {
            let value = BASE64.iter().position(|digit| digit == character)?;
            (bits, count) = (bits << 6 | value as u32, count + 6);
            if count >= 8 && place < digest.len() {
                count -= 8;
                digest[place] = (bits >> count) as u8;
                place += 1;
            }
        }
        // The last two bits do not belong to the digest, and are 0.
        let fingerprint = Self(digest);
        (in_base64(&digest) == *characters).then_some(fingerprint)
    }

    /// The beginning of it.
    pub fn id(&self) -> KeyId {
        KeyId::of_digest(&self.0)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::PREFIX)?;
        let characters: [u8; 43] = in_base64(&self.0);
        f.write_str(str::from_utf8(&characters).expect("all of them are ASCII"))
    }
}

/// The key that holds a name: the first [`KeyId::LENGTH`] characters of the fingerprint
/// that `ssh-keygen -l` prints, behind `SHA256:`. These are 96 bits, so no other key
/// can be made that has the same ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; Self::LENGTH]);

impl KeyId {
    /// How many characters it has.
    pub const LENGTH: usize = 16;

    /// The beginning of the SHA-256 digest of a key.
    pub fn of_digest(digest: &[u8; 32]) -> Self {
        Self(in_base64(digest))
    }

    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let characters: [u8; Self::LENGTH] = text.as_bytes().try_into().ok()?;
        let is_one = characters
            .iter()
            .all(|character| BASE64.contains(character));
        is_one.then_some(Self(characters))
    }

    /// Its characters.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("all of them are ASCII")
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The first `N` characters of a digest in base64.
fn in_base64<const N: usize>(digest: &[u8; 32]) -> [u8; N] {
    std::array::from_fn(|place| BASE64[six_bits(digest, place)])
}

/// The six bits of `bytes` that stand at this place, where each place has six.
fn six_bits(bytes: &[u8], place: usize) -> usize {
    let first = place * 6;
    let pair = [
        bytes[first / 8],
        bytes.get(first / 8 + 1).copied().unwrap_or(0),
    ];
    usize::from(u16::from_be_bytes(pair) >> (10 - first % 8) & 0b11_1111)
}

/// RFC 4648, 4.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_by_the_beginning_of_its_fingerprint() {
        // SHA-256 of nothing, and what `base64` makes of it.
        let digest = *b"\xe3\xb0\xc4\x42\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8\x99\x6f\xb9\x24\
            \x27\xae\x41\xe4\x64\x9b\x93\x4c\xa4\x95\x99\x1b\x78\x52\xb8\x55";
        let id = KeyId::of_digest(&digest);
        assert_eq!(id.as_str(), "47DEQpj8HBSa+/TI");
        let whole = Fingerprint::of_digest(digest);
        let text = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
        assert_eq!(whole.to_string(), text);
        assert_eq!(whole.id(), id);
        assert_eq!(Fingerprint::parse(text), Some(whole));
        assert_eq!(Fingerprint::parse(&text[7..]), Some(whole));
        assert_eq!(Fingerprint::parse(&text.replace("uFU", "uFV")), None);
        assert_eq!(Fingerprint::parse(&text[..49]), None);
        assert_eq!(KeyId::parse("47DEQpj8HBSa+/TI"), Some(id));
        for other in [
            "47DEQpj8HBSa+/T",
            "47DEQpj8HBSa+/TIm",
            "47DEQpj8HBSa+/T=",
            "47DEQpj8HBSa+/é",
        ] {
            assert_eq!(KeyId::parse(other), None, "{other}");
        }
    }
}
