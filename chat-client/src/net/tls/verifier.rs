//! Asks about the key that the server shows.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::provider::fingerprint;
use super::roots::Roots;
use super::words::reason;
use crate::trust::{Distrust, Trust, Trusted};

/// Gives the server's key to a [`Trust`], and keeps what that says. The signatures are
/// checked as ever: any machine can show a certificate, but only the server has its key.
#[derive(Debug)]
pub(super) struct Verifier {
    provider: Arc<CryptoProvider>,
    trust: Trust,
    roots: Roots,
    /// Whether the name can stand in a certificate.
    naming: Naming,
    judged: Mutex<Option<Result<Trusted, Distrust>>>,
}

/// Whether public roots can vouch for the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// They can.
    Possible,
    /// No certificate can have its name.
    Impossible,
}

impl Verifier {
    pub(super) fn new(
        provider: Arc<CryptoProvider>,
        trust: Trust,
        roots: Roots,
        naming: Naming,
    ) -> Self {
        Self {
            provider,
            trust,
            roots,
            naming,
            judged: Mutex::new(None),
        }
    }

    /// The judgement, once the server has shown a key.
    pub(super) fn judged(&self) -> Option<Result<Trusted, Distrust>> {
        let judged = self.judged.lock();
        judged.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn ask_roots(
        &self,
        ask: impl FnOnce(&dyn ServerCertVerifier) -> Result<ServerCertVerified, Error>,
    ) -> Result<(), String> {
        if self.naming == Naming::Impossible {
            return Err("no certificate can have that name".to_owned());
        }
        let Roots(make) = self.roots;
        let roots = make(Arc::clone(&self.provider))
            .ok_or_else(|| "this machine has no public authorities".to_owned())?;
        ask(&*roots).map_err(|error| reason(&error)).map(drop)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = fingerprint(certificate)?;
        let judged = self.trust.judge(shown, || {
            self.ask_roots(|roots| {
                roots.verify_server_cert(certificate, intermediates, name, ocsp, now)
            })
        });
        let refused = judged.is_err();
        *self.judged.lock().unwrap_or_else(PoisonError::into_inner) = Some(judged);
        match refused {
            true => Err(CertificateError::ApplicationVerificationFailure.into()),
            false => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
