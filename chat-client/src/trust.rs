//! Whether a server is the one that is meant. Pure.
//!
//! A server is known by its key: by the SHA-256 of the public key in its certificate.
//! [`Trust::judge`] decides in this order, and the first that knows the server decides
//! alone:
//!
//! 1. the [pin](Pin) that the person gave,
//! 2. what is remembered of it ([`Known`]),
//! 3. the public roots, if they vouch for its name,
//! 4. nothing: it is met for the first time, and its key is kept.
//!
//! So dates and names matter only where the public roots decide. Signatures are not
//! seen to here: the handshake proves that the server has the key that it shows.

mod distrust;
mod host_port;
mod pin;

pub use distrust::{Distrust, Plaintext};
pub use host_port::HostPort;
pub use pin::Pin;

use ssh_key::Fingerprint;

/// What is remembered of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Its key.
    Key(Fingerprint),
    /// Public roots vouched for its name. Its key may be another one as long as they do.
    Roots,
}

/// What is known of a server before it shows its key.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The key that the person expects.
    pub pin: Option<Pin>,
    /// What is remembered.
    pub known: Option<Known>,
}

/// A server that is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted {
    /// What it is known by from now on.
    pub known: Known,
    /// What that changes.
    pub news: News,
}

/// What a meeting changes in what is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Nothing.
    Nothing,
    /// The server is remembered from now on. The person knows its key, or public roots
    /// vouch for it.
    New,
    /// The server is remembered from now on, and nothing has vouched for its key.
    FirstUse,
    /// Something else was remembered; the person's pin says otherwise.
    Replaced(Known),
}

impl Trust {
    /// Decides about a server that shows the key `shown`. `roots` asks the public roots
    /// whether they vouch for it, which takes a while, and is called only if nothing
    /// else decides.
    ///
    /// # Errors
    ///
    /// When it is not the server that is meant.
    pub fn judge(
        &self,
        shown: Fingerprint,
        roots: impl FnOnce() -> Result<(), String>,
    ) -> Result<Trusted, Distrust> {
        let key = Known::Key(shown);
        let trusted = |known, news| Ok(Trusted { known, news });
        match (&self.pin, &self.known) {
            (Some(pin), _) if !pin.matches(&shown) => Err(Distrust::Pinned {
                pin: pin.to_string(),
                shown: shown.to_string(),
            }),
            (Some(_), None) => trusted(key, News::New),
            (Some(_), Some(known)) if *known == key => trusted(key, News::Nothing),
            (Some(_), Some(known)) => trusted(key, News::Replaced(known.clone())),
            (None, Some(Known::Key(known))) if *known == shown => trusted(key, News::Nothing),
            (None, Some(Known::Key(known))) => Err(Distrust::Changed {
                known: known.to_string(),
                shown: shown.to_string(),
            }),
            (None, Some(Known::Roots)) => match roots() {
                Ok(()) => trusted(Known::Roots, News::Nothing),
                Err(why) => Err(Distrust::NotVouchedFor { why }),
            },
            (None, None) => match roots() {
                Ok(()) => trusted(Known::Roots, News::New),
                Err(_) => trusted(key, News::FirstUse),
            },
        }
    }

    /// What a plain answer of the server means.
    pub fn plaintext(&self) -> Distrust {
        Distrust::Plain(match self.known {
            Some(_) => Plaintext::Encrypted,
            None => Plaintext::NotKnown,
        })
    }
}

#[cfg(test)]
mod tests;
