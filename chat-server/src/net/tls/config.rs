//! How the server speaks TLS, and with which key.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::crypto::CryptoProvider;
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{Error, ServerConfig};

use super::ALPN;
use super::client_auth::AnyKey;
use super::provider::provider;

/// What each new [`Handshake`](super::Handshake) goes by. The key can be replaced while
/// the server runs.
#[derive(Debug)]
pub struct TlsConfig {
    current: Mutex<Arc<ServerConfig>>,
}

impl TlsConfig {
    /// TLS with this key and certificate.
    ///
    /// # Errors
    ///
    /// When the provider cannot do TLS 1.3.
    pub fn new(key: CertifiedKey) -> Result<Self, Error> {
        Self::with_provider(provider(), key)
    }

    /// The same with other cryptography.
    ///
    /// # Errors
    ///
    /// When the provider cannot do TLS 1.3.
    pub(super) fn with_provider(
        provider: CryptoProvider,
        key: CertifiedKey,
    ) -> Result<Self, Error> {
        let any_key = AnyKey {
            algorithms: provider.signature_verification_algorithms,
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(Arc::new(any_key))
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
        config.alpn_protocols = vec![ALPN.to_vec()];
        // The order of the provider is meant for this server.
        config.ignore_client_order = true;
        // A ticket costs as much as a quarter of a handshake, and most of them are never
        // used: people come once and stay.
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Self {
            current: Mutex::new(Arc::new(config)),
        })
    }

    /// Uses this key from the next handshake on.
    pub fn replace(&self, key: CertifiedKey) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let mut config = ServerConfig::clone(&current);
        config.cert_resolver = Arc::new(SingleCertAndKey::from(key));
        *current = Arc::new(config);
    }

    /// What goes for a handshake that begins now.
    pub fn current(&self) -> Arc<ServerConfig> {
        let current = self.current.lock();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }
}
