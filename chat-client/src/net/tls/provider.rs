//! The cryptography.

use std::sync::Arc;

use rustls::crypto::hash::Hash;
use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use rustls::{Error, SupportedCipherSuite};
use ssh_key::Fingerprint;

/// The cryptography of this program, AES-128-GCM first.
pub(super) fn provider() -> Arc<CryptoProvider> {
    let mut provider = ring::default_provider();
    let suites = &mut provider.cipher_suites;
    suites.sort_by_key(|suite| suite.suite() != TLS13_AES_128_GCM_SHA256.suite());
    Arc::new(provider)
}

/// The fingerprint of the key in a certificate. Nothing else in it counts.
pub(super) fn fingerprint(certificate: &CertificateDer<'_>) -> Result<Fingerprint, Error> {
    let certificate = ParsedCertificate::try_from(certificate)?;
    let digest = sha256().hash(&certificate.subject_public_key_info());
    let digest = digest.as_ref().try_into();
    Ok(Fingerprint::Sha256(digest.expect("SHA-256 has 32 bytes")))
}

fn sha256() -> &'static dyn Hash {
    match TLS13_AES_128_GCM_SHA256 {
        SupportedCipherSuite::Tls13(suite) => suite.common.hash_provider,
    }
}
