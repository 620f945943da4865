//! Keys and certificates.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, IsCa, Issuer,
    KeyPair, PublicKeyData, date_time_ymd,
};
use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WantsServerCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::TLS13;
use rustls::{ConfigBuilder, ServerConfig, WantsVerifier};
use ssh_key::Fingerprint;

use super::AnyKey;

/// What a server shows, and the key with which it signs.
#[derive(Debug)]
pub struct Identity {
    shown: Vec<CertificateDer<'static>>,
    fingerprint: String,
    signs: KeyPair,
}

/// An authority that vouches for names.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
}

/// The years in which a certificate is valid: from the first to before the second.
pub type Years = (i32, i32);

/// Years that no test outlives.
pub const VALID: Years = (2020, 4000);

impl Identity {
    /// A new key, in a certificate that it has signed itself.
    #[track_caller]
    pub fn new() -> Self {
        let key = new_key();
        let certificate = params(&["a"], VALID).self_signed(&key);
        Self::of(vec![certificate.expect("a certificate").into()], key)
    }

    /// As `openssl req -x509` makes one: that of an authority.
    #[track_caller]
    pub fn of_openssl() -> Self {
        let key = new_key();
        let mut params = params(&["localhost"], VALID);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        Self::of(vec![certificate.into()], key)
    }

    /// One that shows the same certificate, and has not its key.
    #[track_caller]
    pub fn without_key(&self) -> Self {
        Self {
            shown: self.shown.clone(),
            fingerprint: self.fingerprint.clone(),
            signs: new_key(),
        }
    }

    fn of(shown: Vec<CertificateDer<'static>>, key: KeyPair) -> Self {
        let suite = TLS13_AES_128_GCM_SHA256.tls13();
        let suite = suite.expect("a suite of TLS 1.3");
        let digest = suite
            .common
            .hash_provider
            .hash(&key.subject_public_key_info());
        let digest = digest.as_ref().try_into().expect("256 bits");
        Self {
            shown,
            fingerprint: Fingerprint::Sha256(digest).to_string(),
            signs: key,
        }
    }

    /// The fingerprint of the key in the certificate.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The configuration of a server that is this one: TLS 1.3 only.
    #[track_caller]
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config_with(builder().with_no_client_auth())
    }

    /// That of one which asks clients for their key.
    #[track_caller]
    pub fn config_that_asks(&self, keys: Arc<AnyKey>) -> Arc<ServerConfig> {
        self.config_with(builder().with_client_cert_verifier(keys))
    }

    #[track_caller]
    fn config_with(
        &self,
        builder: ConfigBuilder<ServerConfig, WantsServerCert>,
    ) -> Arc<ServerConfig> {
        let provider = builder.crypto_provider();
        let key = PrivateKeyDer::try_from(self.signs.serialize_der()).expect("a key");
        let key = provider.key_provider.load_private_key(key);
        // The key is not compared with the certificate, and need not fit.
        let shown = CertifiedKey::new(self.shown.clone(), key.expect("a key that can sign"));
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(shown)));
        config.alpn_protocols = vec![b"chat/1".to_vec()];
        config.send_tls13_tickets = 0;
        Arc::new(config)
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    #[track_caller]
    pub fn new() -> Self {
        let key = new_key();
        let mut params = params(&[], VALID);
        // No two have the same name.
        let serial = key
            .subject_public_key_info()
            .into_iter()
            .map(|byte| format!("{byte:02x}"));
        params
            .distinguished_name
            .push(DnType::CommonName, serial.collect::<String>());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        Self {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    /// Its own certificate.
    pub fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    /// The same, as a file of trusted authorities has it.
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A server with a new key, for which this authority vouches under these names.
    #[track_caller]
    pub fn vouch(&self, names: &[&str], years: Years) -> Identity {
        let key = new_key();
        let certificate = params(names, years).signed_by(&key, &self.issuer);
        Identity::of(vec![certificate.expect("a certificate").into()], key)
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("random numbers are left")
}

fn params(names: &[&str], (from, to): Years) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).expect("names as they are allowed");
    params.distinguished_name = DistinguishedName::new();
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
    params
}

fn builder() -> ConfigBuilder<ServerConfig, WantsVerifier> {
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13])
        .expect("the provider has suites of TLS 1.3")
}
