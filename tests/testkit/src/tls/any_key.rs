//! A server that asks clients for their key, and takes each one.

use std::sync::{Mutex, PoisonError};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

/// Takes any certificate of a client, over TLS 1.3, if the client has its key, and notes
/// what has proved that. A client without a certificate is welcome, too.
#[derive(Debug)]
pub struct AnyKey {
    provider: CryptoProvider,
    proofs: Mutex<Vec<Proof>>,
}

/// All that a server gets of a client's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The certificate.
    pub certificate: CertificateDer<'static>,
    /// How the handshake was signed.
    pub scheme: SignatureScheme,
    /// The signature.
    pub signature: Vec<u8>,
}

impl AnyKey {
    /// Checks signatures with this cryptography.
    pub fn new(provider: CryptoProvider) -> Self {
        Self {
            provider,
            proofs: Mutex::default(),
        }
    }

    /// What clients have shown up to now, in order.
    pub fn proofs(&self) -> Vec<Proof> {
        let proofs = self.proofs.lock();
        proofs.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Proof {
    /// The `SubjectPublicKeyInfo` of the key.
    #[track_caller]
    pub fn spki(&self) -> Vec<u8> {
        let certificate = ParsedCertificate::try_from(&self.certificate);
        let certificate = certificate.expect("it was read before");
        certificate.subject_public_key_info().to_vec()
    }
}

impl ClientCertVerifier for AnyKey {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        ParsedCertificate::try_from(certificate)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("only TLS 1.3".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let valid = verify_tls13_signature(message, certificate, signed, algorithms)?;
        let mut proofs = self.proofs.lock().unwrap_or_else(PoisonError::into_inner);
        proofs.push(Proof {
            certificate: certificate.clone().into_owned(),
            scheme: signed.scheme,
            signature: signed.signature().to_vec(),
        });
        Ok(valid)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
