//! A certificate and its key, as clients see them.

use std::path::Path;

use anyhow::Context;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use ssh_key::{Fingerprint, HashAlg};

use crate::net::tls::provider;

/// What the server shows to clients that connect with TLS.
#[derive(Debug)]
pub struct Credentials {
    /// The certificate and its key.
    pub key: CertifiedKey,
    /// By which clients know the server.
    pub fingerprint: Fingerprint,
}

/// Why there is no certificate.
#[derive(Debug)]
pub enum Failure {
    /// There is no key yet, and none can be kept. No client knows the server by one.
    NotKept(anyhow::Error),
    /// There is one, and something is wrong with it.
    Wrong(anyhow::Error),
}

impl Failure {
    /// What is wrong.
    pub fn why(&self) -> &anyhow::Error {
        let (Self::NotKept(why) | Self::Wrong(why)) = self;
        why
    }
}

impl Credentials {
    /// Those of a chain of certificates and a key, both in PEM form.
    pub(super) fn parse(chain: &[u8], key: &[u8]) -> Result<Self, Mistake> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|_| Mistake::NoCertificate)?;
        let first = chain.first().ok_or(Mistake::NoCertificate)?;
        let parsed = ParsedCertificate::try_from(first).map_err(|_| Mistake::NoCertificate)?;
        let public = parsed.subject_public_key_info();
        let digest = HashAlg::Sha256.digest(&public);
        let digest = digest.try_into().map_err(|_| Mistake::NoCertificate)?;
        if is_encrypted(key) {
            return Err(Mistake::EncryptedKey);
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| Mistake::NoKey)?;
        let key = provider().key_provider.load_private_key(key);
        let key = CertifiedKey::new(chain, key.map_err(|_| Mistake::NoKey)?);
        key.keys_match().map_err(|_| Mistake::Apart)?;
        Ok(Self {
            key,
            fingerprint: Fingerprint::Sha256(digest),
        })
    }
}

/// What is wrong with a pair of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mistake {
    NoCertificate,
    NoKey,
    EncryptedKey,
    /// The key is that of another certificate.
    Apart,
}

/// Whether a key needs a password, in one of the two ways in which PEM files say so.
fn is_encrypted(key: &[u8]) -> bool {
    let text = String::from_utf8_lossy(key);
    text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED")
}

/// A file that cannot be a certificate or a key is not read to its end.
pub(super) const MOST: u64 = 1 << 20;

/// Reads a file of the operator's.
pub(super) fn read(path: &Path, what: &str) -> anyhow::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut bytes));
    read.with_context(|| format!("cannot read the {what} {}", path.display()))?;
    Ok(bytes)
}
