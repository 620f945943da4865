//! The certificate of the server and its key: an own pair, which is made at the first
//! start, or one from files that the operator names.
//!
//! Clients know the server by the SHA-256 of its public key, written as ssh does.

mod credentials;
mod files;
mod own;

use std::fmt;
use std::path::PathBuf;

pub use credentials::{Credentials, Failure};

/// Where the certificate and the key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In a folder of the server, which makes them if they are not there.
    Own(PathBuf),
    /// In two files that the operator looks after.
    Files {
        /// The certificate, and those of its issuers.
        cert: PathBuf,
        /// Its key.
        key: PathBuf,
    },
}

/// The certificate and its key, and where they come from.
#[derive(Debug)]
pub struct Secure {
    /// From where they are read again.
    pub source: Source,
    /// As they were read last.
    pub credentials: Credentials,
}

impl Source {
    /// Reads the certificate and its key. `notes` are for the operator.
    ///
    /// # Errors
    ///
    /// When they cannot be read or made, do not fit each other, or others can read the
    /// own key.
    pub fn load(&self, notes: &mut Vec<String>) -> Result<Credentials, Failure> {
        match self {
            Self::Own(folder) => own::load(folder),
            Self::Files { cert, key } => files::load(cert, key, notes).map_err(Failure::Wrong),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(folder) => own::file(folder).display().fmt(f),
            Self::Files { cert, key } => write!(f, "{} and {}", cert.display(), key.display()),
        }
    }
}

#[cfg(test)]
mod tests;
