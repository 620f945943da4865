//! What is said to an ssh-agent: draft-ietf-sshm-ssh-agent, as far as it lists keys and
//! signs.
//!
//! A message is its length in four bytes, one byte that says what it is, and the rest. A
//! string has its length in four bytes before it.

use std::io::{self, Read, Write};

use ssh_key::EcdsaCurve;
use ssh_key::public::KeyData;

use crate::identity::der::{SEQUENCE, unsigned, value};
use crate::identity::wire::{number, prefixed, string};

/// A key that the agent has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// The key as ssh writes it; perhaps of a kind that is not known here.
    pub(super) blob: Vec<u8>,
    /// What it is called.
    pub(super) comment: String,
}

/// Asks for the keys.
///
/// # Errors
///
/// Those of the stream; `InvalidData` for an answer that is none.
pub(super) fn list(agent: &mut (impl Read + Write)) -> io::Result<Vec<Listed>> {
    let answer = ask(agent, REQUEST_IDENTITIES, &[])?;
    let Some((&IDENTITIES_ANSWER, mut rest)) = answer.split_first() else {
        return Err(refused());
    };
    let count = number(&mut rest).ok_or_else(no_answer)?;
    if count > MAX_KEYS {
        return Err(no_answer());
    }
    let mut keys = Vec::new();
    for _ in 0..count {
        let blob = string(&mut rest).ok_or_else(no_answer)?.to_vec();
        let comment = string(&mut rest).ok_or_else(no_answer)?;
        let comment = String::from_utf8_lossy(comment).into_owned();
        keys.push(Listed { blob, comment });
    }
    Ok(keys)
}

/// Has a message signed, and gives the signature in the form of TLS.
///
/// # Errors
///
/// As for [`list`]; `PermissionDenied` when the agent does not sign.
pub(super) fn sign(
    agent: &mut (impl Read + Write),
    key: &KeyData,
    blob: &[u8],
    message: &[u8],
) -> io::Result<Vec<u8>> {
    let flags = 0_u32.to_be_bytes();
    let blob = prefixed(blob).ok_or_else(no_answer)?;
    let message = prefixed(message).ok_or_else(no_answer)?;
    let request = [&blob[..], &message, &flags].concat();
    let answer = ask(agent, SIGN_REQUEST, &request)?;
    let Some((&SIGN_RESPONSE, mut rest)) = answer.split_first() else {
        return Err(refused());
    };
    let signature = string(&mut rest).ok_or_else(no_answer)?;
    signature_for_tls(key, signature).ok_or_else(no_answer)
}

/// `string kind, string signature` as TLS has it, if it is of the key's kind.
fn signature_for_tls(key: &KeyData, mut signature: &[u8]) -> Option<Vec<u8>> {
    let kind = string(&mut signature)?;
    let mut signature = string(&mut signature)?;
    if kind != key.algorithm().as_str().as_bytes() {
        return None;
    }
    let digits = match key {
        KeyData::Ed25519(_) => return (signature.len() == 64).then(|| signature.to_vec()),
        KeyData::Ecdsa(key) => match key.curve() {
            EcdsaCurve::NistP256 => 32,
            EcdsaCurve::NistP384 => 48,
            EcdsaCurve::NistP521 => return None,
        },
        _ => return None,
    };
    let mut number = || {
        let number = string(&mut signature)?;
        // With a zero before it where the first bit would be a sign.
        (number.len() <= digits + 1).then(|| unsigned(number))
    };
    Some(value(SEQUENCE, &[&number()?, &number()?]))
}

/// Sends a request and reads the answer, without its length.
fn ask(agent: &mut (impl Read + Write), kind: u8, rest: &[u8]) -> io::Result<Vec<u8>> {
    let request = prefixed(&[&[kind], rest].concat()).ok_or_else(no_answer)?;
    agent.write_all(&request)?;
    agent.flush()?;
    let mut length = [0; 4];
    agent.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length == 0 || length > MAX_ANSWER {
        return Err(no_answer());
    }
    let mut answer = Vec::new();
    agent.take(length.into()).read_to_end(&mut answer)?;
    if answer.len() < length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(answer)
}

fn no_answer() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "its answer makes no sense")
}

fn refused() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "it refuses")
}

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

/// The longest answer that is read, as in OpenSSH.
const MAX_ANSWER: u32 = 256 << 10;

/// The most keys that an agent may list, as in OpenSSH.
const MAX_KEYS: u32 = 2048;

#[cfg(test)]
mod tests;
