//! Reading the key files of ssh.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, bail};
use ssh_key::{PrivateKey, PublicKey};

use super::ecdsa_file;
use crate::sys::{self, AgentStream};

/// What is in a file.
#[derive(Debug)]
pub(super) enum Contents {
    /// A whole key, perhaps encrypted.
    Private(Box<PrivateKey>),
    /// The part of one that the agent has.
    Public(PublicKey),
}

/// Reads a key; `None` if there is no file.
///
/// # Errors
///
/// In words for the person, with the file: when it cannot be read, is no key, or others can
/// read it. It is never changed.
pub(super) fn read(path: &Path) -> anyhow::Result<Option<Contents>> {
    let show = path.display();
    let file = match sys::open_private(path, OpenOptions::new().read(true)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.with_context(|| format!("cannot read the key {show}"))?,
    };
    let metadata = file.metadata();
    let metadata = metadata.with_context(|| format!("cannot look at the key {show}"))?;
    if !metadata.is_file() {
        bail!("the key {show} is not a regular file");
    }
    let mut text = String::new();
    match file.take(MAX_FILE + 1).read_to_string(&mut text) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
        result => {
            result.with_context(|| format!("cannot read the key {show}"))?;
        }
    }
    if text.len() as u64 > MAX_FILE {
        bail!("{show} is no key: it has more than {} KiB", MAX_FILE >> 10);
    }
    if let Ok(key) = PublicKey::from_openssh(text.trim()) {
        return Ok(Some(Contents::Public(key)));
    }
    if let Some(mode) = sys::open_to_others(&metadata) {
        bail!(
            "others can read or change the key {show} (its mode is {mode:03o}). If nobody has: \
             chmod 600 {show}"
        );
    }
    if let Some(begin) = text.trim_start().strip_prefix("-----BEGIN ")
        && !begin.starts_with("OPENSSH PRIVATE KEY-----")
    {
        bail!(
            "the key {show} is not in the format of OpenSSH. ssh-keygen -p -f {show} writes it \
             in that format"
        );
    }
    // ssh also reads what an editor of Windows has left.
    let text = text.trim().replace('\r', "");
    let key = PrivateKey::from_openssh(&text);
    let key = key.or_else(|error| ecdsa_file::read(&text).ok_or(error));
    let key = key.with_context(|| {
        let unusable = format!("the key {show} is damaged, or of a kind that is not known here");
        match AgentStream::AVAILABLE {
            true => format!(
                "{unusable}. If ssh can use it, the ssh-agent may: ssh-add {show}, and --identity \
                 agent"
            ),
            false => unusable,
        }
    })?;
    Ok(Some(Contents::Private(Box::new(key))))
}

/// Far more than a key has.
const MAX_FILE: u64 = 64 << 10;
