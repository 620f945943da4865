//! ECDSA files that the library does not read.
//!
//! ssh writes the private number of an ECDSA key without zeros before it, and one number in
//! 512 has such a byte. ssh-key 0.6 wants as many bytes as the curve has, and calls the
//! other files damaged. They are read here with the zeros put back.

use ssh_encoding::base64::{Base64, Encoding};
use ssh_key::PrivateKey;

use super::wire::{number, prefixed, string};

/// Reads a key without a passphrase whose number is too short for the library: PROTOCOL.key
/// of OpenSSH. `None` for anything else.
pub(super) fn read(text: &str) -> Option<PrivateKey> {
    let base64 = text
        .strip_prefix(BEGIN)?
        .strip_suffix(END)?
        .replace('\n', "");
    let bytes = Base64::decode_vec(&base64).ok()?;
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let (cipher, _, _) = (string(&mut rest)?, string(&mut rest)?, string(&mut rest)?);
    if cipher != b"none" || number(&mut rest)? != 1 {
        return None;
    }
    let _public = string(&mut rest)?;
    let header = &bytes[..bytes.len() - rest.len()];
    let private = with_zeros(string(&mut rest)?)?;
    let whole = [header, &prefixed(&private)?].concat();
    PrivateKey::from_bytes(&whole).ok()
}

/// The private part: two equal numbers, then strings, then bytes that count up to a length
/// that 8 divides.
fn with_zeros(private: &[u8]) -> Option<Vec<u8>> {
    let mut rest = private;
    let (_, _) = (number(&mut rest)?, number(&mut rest)?);
    let (_, curve, _) = (string(&mut rest)?, string(&mut rest)?, string(&mut rest)?);
    let before = &private[..private.len() - rest.len()];
    let digits = string(&mut rest)?;
    let comment = string(&mut rest)?;
    let missing = match curve {
        b"nistp256" => 32_usize.checked_sub(digits.len())?,
        b"nistp384" => 48_usize.checked_sub(digits.len())?,
        _ => return None,
    };
    let digits = [&vec![0; missing], digits].concat();
    let mut private = [before, &prefixed(&digits)?, &prefixed(comment)?].concat();
    private.extend((1..8).take(private.len().next_multiple_of(8) - private.len()));
    Some(private)
}

const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END: &str = "-----END OPENSSH PRIVATE KEY-----";
const MAGIC: &[u8] = b"openssh-key-v1\0";
