//! A key that can sign.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use rustls::sign::SigningKey;
use ssh_key::{PrivateKey, PublicKey};

use super::{private, public};
use crate::sys::AgentStream;

/// A key, and what signs with it.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) public: PublicKey,
    pub(super) signing: Arc<dyn SigningKey>,
}

impl Key {
    /// The key of a file.
    ///
    /// # Errors
    ///
    /// In words for the person, with the file.
    pub(super) fn of_private(key: &PrivateKey, path: &Path) -> anyhow::Result<Self> {
        let show = path.display();
        if key.is_encrypted() {
            if AgentStream::AVAILABLE {
                bail!(
                    "the key {show} has a passphrase. Give it to the ssh-agent (ssh-add {show}), \
                     and start with --identity agent"
                );
            }
            bail!(
                "the key {show} has a passphrase. Such keys cannot be used on Windows; one \
                 without a passphrase can: ssh-keygen -t ed25519 -f FILE"
            );
        }
        let public = key.public_key();
        let signing = private::signing_key(key.key_data())
            .with_context(|| format!("the key {show} cannot be used"))?;
        // Servers would be shown the one part and a signature of the other.
        if signing.public_key() != public::spki(public.key_data()) {
            bail!("the key {show} is damaged: its two parts do not belong together");
        }
        Ok(Self {
            public: public.clone(),
            signing,
        })
    }
}
