//! The public roots.

use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls_platform_verifier::Verifier;

/// How to come by the public roots. To read them takes tens of milliseconds, so they are
/// not there before they are asked. `None`: this machine has none.
#[derive(Debug, Clone, Copy)]
pub struct Roots(pub fn(Arc<CryptoProvider>) -> Option<Arc<dyn ServerCertVerifier>>);

impl Roots {
    /// Those of this machine.
    pub fn of_system() -> Self {
        Self(|provider| Some(Arc::new(Verifier::new(provider).ok()?)))
    }
}
