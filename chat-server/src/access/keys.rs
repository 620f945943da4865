//! The key of a person, as ssh knows it.
//!
//! A peer shows its key as a TLS client certificate, of which only the key counts. The
//! people who hold names know that key from ssh: by a line of `authorized_keys`, and by the
//! fingerprint that `ssh-keygen -l` prints.

use std::fmt;
use std::sync::Arc;

use chat_proto::event::KeyId;
use rustls::pki_types::alg_id;
use ssh_key::public::{EcdsaPublicKey, Ed25519PublicKey, KeyData, RsaPublicKey};
use ssh_key::{Algorithm, EcdsaCurve, Fingerprint, HashAlg, Mpint, PublicKey};

use crate::saved::{self, NoState};

/// Why a key cannot belong to a person: no client could prove over TLS that it has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// The key is damaged, or is of a kind that ssh has no name for.
    Malformed,
    /// A FIDO key (`sk-…`), which signs only messages of a form that TLS does not have.
    Fido,
    /// TLS 1.3, or this server, has no signatures of this kind.
    Kind(String),
    /// An RSA key with this many bits.
    RsaBits(usize),
}

/// The key that a peer has proved to have, or that a line of the file of people names. It
/// is small, and a copy of it takes no memory: the room has one for each peer with a key.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonKey(Arc<Encoded>);

#[derive(PartialEq, Eq)]
struct Encoded {
    /// SHA-256 of `blob`.
    digest: [u8; 32],
    /// As ssh writes it before it is put into base64.
    blob: Box<[u8]>,
}

impl PersonKey {
    /// Takes a key that [`check`] lets pass; `None` if it cannot be written as ssh does.
    pub fn of(key: &PublicKey) -> Option<Self> {
        let Fingerprint::Sha256(digest) = fingerprint(key) else {
            return None;
        };
        let blob = key.to_bytes().ok()?.into();
        Some(Self(Arc::new(Encoded { digest, blob })))
    }

    /// What `ssh-keygen -l` prints.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::Sha256(self.0.digest)
    }

    /// The same, as it stands on the wire and in the history.
    pub fn print(&self) -> chat_proto::event::Fingerprint {
        chat_proto::event::Fingerprint::of_digest(self.0.digest)
    }

    /// What peers are shown of it.
    pub fn id(&self) -> KeyId {
        KeyId::of_digest(&self.0.digest)
    }

    /// What [`PersonKey::restore`] reads.
    pub(crate) fn save(&self) -> String {
        saved::pack(&self.0.blob)
    }

    /// The key that was saved so.
    pub(crate) fn restore(text: &str) -> Result<Self, NoState> {
        let key = PublicKey::from_bytes(&saved::unpack(text)?).ok();
        let key = key.filter(|key| check(key).is_ok());
        let key = key.and_then(|key| Self::of(&key));
        key.ok_or_else(|| NoState::wrong("key"))
    }

    /// The key itself.
    pub fn public(&self) -> PublicKey {
        PublicKey::from_bytes(&self.0.blob).expect("it was written by the same library")
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonKey({})", self.id())
    }
}

/// Takes the key of a certificate, its `SubjectPublicKeyInfo` in DER.
///
/// # Errors
///
/// When it is not a key that [`check`] lets pass. Only one encoding of each key does, so
/// one key has one fingerprint.
pub fn of_spki(spki: &[u8]) -> Result<PublicKey, Unusable> {
    let (algorithm, key) = split_spki(spki).ok_or(Unusable::Malformed)?;
    let data = if algorithm == alg_id::ED25519.as_ref() {
        Ed25519PublicKey::try_from(key).map(KeyData::from).ok()
    } else if algorithm == alg_id::ECDSA_P256.as_ref() {
        point(key, EcdsaCurve::NistP256)
    } else if algorithm == alg_id::ECDSA_P384.as_ref() {
        point(key, EcdsaCurve::NistP384)
    } else if algorithm == alg_id::RSA_ENCRYPTION.as_ref() {
        rsa(key)
    } else {
        return Err(Unusable::Kind("this kind".to_owned()));
    };
    let key = PublicKey::from(data.ok_or(Unusable::Malformed)?);
    check(&key)?;
    Ok(key)
}

/// Checks that a client can prove over TLS that it has this key.
///
/// # Errors
///
/// Unless the key is Ed25519, ECDSA on P-256 or P-384, or RSA of 2048 to 8192 bits.
pub fn check(key: &PublicKey) -> Result<(), Unusable> {
    match key.key_data() {
        KeyData::Ed25519(_) => Ok(()),
        KeyData::Ecdsa(key) if key.curve() != EcdsaCurve::NistP521 => Ok(()),
        KeyData::Rsa(key) => {
            let modulus = key.n.as_positive_bytes().ok_or(Unusable::Malformed)?;
            let unused = modulus.first().map_or(0, |byte| byte.leading_zeros());
            match 8 * modulus.len() - unused as usize {
                2048..=8192 => Ok(()),
                bits => Err(Unusable::RsaBits(bits)),
            }
        }
        _ => Err(of_kind(&key.algorithm())),
    }
}

/// Why no key of this kind can be used, of which [`check`] lets none pass.
pub(super) fn of_kind(algorithm: &Algorithm) -> Unusable {
    match algorithm.as_str() {
        kind if kind.starts_with("sk-") => Unusable::Fido,
        kind => Unusable::Kind(kind.to_owned()),
    }
}

/// The fingerprint of `ssh-keygen -l`, by which keys are compared and shown.
pub fn fingerprint(key: &PublicKey) -> Fingerprint {
    key.fingerprint(HashAlg::Sha256)
}

/// The algorithm and the key itself: `SEQUENCE { SEQUENCE { … }, BIT STRING }`.
fn split_spki(spki: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut rest = spki;
    let mut parts = read(&mut rest, SEQUENCE)?;
    let algorithm = read(&mut parts, SEQUENCE)?;
    let bits = read(&mut parts, BIT_STRING)?;
    // The first byte of a bit string counts the bits that do not belong to it.
    let key = bits.strip_prefix(&[0])?;
    (rest.is_empty() && parts.is_empty()).then_some((algorithm, key))
}

/// A point of this curve. The compressed form would be a second encoding of one key.
fn point(bytes: &[u8], curve: EcdsaCurve) -> Option<KeyData> {
    let key = EcdsaPublicKey::from_sec1_bytes(bytes).ok()?;
    let is_uncompressed = bytes.first() == Some(&4);
    (is_uncompressed && key.curve() == curve).then_some(KeyData::Ecdsa(key))
}

/// `SEQUENCE { INTEGER n, INTEGER e }`.
fn rsa(key: &[u8]) -> Option<KeyData> {
    let mut rest = key;
    let mut numbers = read(&mut rest, SEQUENCE)?;
    let n = positive(read(&mut numbers, INTEGER)?)?;
    let e = positive(read(&mut numbers, INTEGER)?)?;
    let key = RsaPublicKey { n, e };
    (rest.is_empty() && numbers.is_empty()).then_some(KeyData::Rsa(key))
}

/// An integer above zero in its shortest form, as DER wants it.
fn positive(bytes: &[u8]) -> Option<Mpint> {
    match bytes {
        [] | [0] | [0, 0..=0x7f, ..] | [0x80..=0xff, ..] => None,
        _ => Mpint::from_positive_bytes(bytes).ok(),
    }
}

/// Takes a value with this tag from the beginning. Its length must be in its shortest
/// form, as DER wants it, and have two bytes at most.
fn read<'a>(rest: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let bytes = rest.strip_prefix(&[tag])?;
    let (length, bytes) = match bytes {
        [short @ 0..=0x7f, bytes @ ..] => (usize::from(*short), bytes),
        [0x81, long @ 0x80..=0xff, bytes @ ..] => (usize::from(*long), bytes),
        [0x82, high @ 1..=0xff, low, bytes @ ..] => {
            (usize::from(*high) << 8 | usize::from(*low), bytes)
        }
        _ => return None,
    };
    let (value, after) = bytes.split_at_checked(length)?;
    *rest = after;
    Some(value)
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("the key is damaged"),
            Self::Fido => f.write_str("FIDO keys (sk-…) cannot be used over TLS"),
            Self::Kind(kind) => write!(
                f,
                "keys of {kind} cannot be used: only ssh-ed25519, ecdsa-sha2-nistp256, \
                 ecdsa-sha2-nistp384 and ssh-rsa can"
            ),
            Self::RsaBits(bits) => write!(
                f,
                "an RSA key of {bits} bits cannot be used: it must have 2048 to 8192"
            ),
        }
    }
}

#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
mod tests;
