//! The key by which servers know a person.
//!
//! ```text
//!  own:  id_ed25519, made at first use ─┐
//!  file: a key of ssh's ────────────────┼─► Key ─► certificate ─► Identity::resolver ─► rustls
//!  agent: the ssh-agent signs ──────────┘
//! ```
//!
//! The key goes to the server as a TLS client certificate. Only the key in it counts: the
//! certificate is signed by that key alone and says nothing else. In the handshake the key
//! signs what both sides have said so far, so no relay in between can use the proof for
//! another connection, and there is nothing of it to steal. A server knows the key by the
//! fingerprint that `ssh-keygen -l` prints.
//!
//! | key | from a file | by the agent |
//! | --- | --- | --- |
//! | Ed25519, ECDSA on P-256 and P-384 | yes | yes |
//! | RSA of 2048 to 4096 bits | yes | no: TLS 1.3 wants PSS signatures, and agents make others |
//! | with a passphrase | no | yes |
//! | FIDO (`sk-…`) | no | no: such a key signs only messages of its own form |
//!
//! The agent of Windows is not reached; files work there.

mod agent;
mod certificate;
mod der;
mod ecdsa_file;
mod file;
mod key;
mod own;
mod private;
mod public;
mod shown;
mod wire;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use chat_proto::text;
use rustls::client::ResolvesClientCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use ssh_key::{Fingerprint, HashAlg, PublicKey};

use agent::Agent;
use file::Contents;
use key::Key;
pub use shown::{NoKey, ShownKey};

/// Where the key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The client's own one.
    Own,
    /// The first one of the ssh-agent that can be used.
    Agent,
    /// A key file of ssh, or the `.pub` file of a key that the agent has.
    File(PathBuf),
}

impl Source {
    /// What a person writes behind `--identity`; `None` is no key at all. A file of the name
    /// `agent` is `./agent`.
    pub fn of_option(text: &OsStr) -> Option<Self> {
        match text.to_str() {
            Some("agent") => Some(Self::Agent),
            Some("none") => None,
            _ => Some(Self::File(text.into())),
        }
    }
}

/// A key that can be shown to servers.
#[derive(Debug, Clone)]
pub struct Identity {
    public: PublicKey,
    certified: Arc<CertifiedKey>,
}

impl Identity {
    /// Finds the key. The client's own one is made if it is not there yet.
    ///
    /// # Errors
    ///
    /// In words for the person: what is wrong with the key, and what to do.
    pub fn load(source: &Source) -> anyhow::Result<Self> {
        let key = match source {
            Source::Own => own::find_or_make(&own::path_of_user()?)?,
            Source::Agent => Agent::of_user()?.first_key()?,
            Source::File(path) => {
                let read = file::read(path)?;
                let show = path.display();
                match read.with_context(|| format!("there is no key {show}"))? {
                    Contents::Private(key) => Key::of_private(&key, path)?,
                    Contents::Public(key) => Agent::of_user()?
                        .key(&key)
                        .with_context(|| format!("{show} is the public part of a key"))?,
                }
            }
        };
        Self::of_key(key)
    }

    fn of_key(key: Key) -> anyhow::Result<Self> {
        let certificate = certificate::of_key(&key)?;
        let certified = CertifiedKey::new(vec![certificate], key.signing);
        match certified.keys_match() {
            Ok(()) => Ok(Self {
                public: key.public,
                certified: Arc::new(certified),
            }),
            Err(error) => bail!("the certificate for the key is wrong: {error}"),
        }
    }

    /// The key as a server is to know it.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// A line of `authorized_keys` for the people of a server: with the name that the person
    /// is to have there or, without one, what the key itself says.
    ///
    /// # Errors
    ///
    /// When the key cannot be written so.
    pub fn line(&self, name: Option<&str>) -> anyhow::Result<String> {
        let mut key = self.public.clone();
        if let Some(name) = name {
            key.set_comment(name);
        }
        // An agent can give a key any words.
        Ok(text::clean(&key.to_openssh()?).replace('\n', " "))
    }

    /// The fingerprint of `ssh-keygen -l`.
    pub fn fingerprint(&self) -> Fingerprint {
        self.public.fingerprint(HashAlg::Sha256)
    }

    /// Shows the key to each server that asks for one. The thread that makes the handshake
    /// waits while an agent signs, for 10 s at most.
    pub fn resolver(&self) -> Arc<dyn ResolvesClientCert> {
        Arc::new(SingleCertAndKey::from(Arc::clone(&self.certified)))
    }
}

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
