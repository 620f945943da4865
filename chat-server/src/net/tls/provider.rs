//! The cryptography of the server, in one place.

use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{self, cipher_suite};

use super::aead;

/// ring's, with AES-128-GCM first: it is the fastest, and as safe as the key exchange.
pub fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![
            aead::aes_128_gcm_sha256(),
            cipher_suite::TLS13_AES_256_GCM_SHA384,
            cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        ],
        ..ring::default_provider()
    }
}
