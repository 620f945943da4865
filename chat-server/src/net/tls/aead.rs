//! AES-128-GCM, of ring, with a key for what comes that is small while little comes.
//!
//! ring keeps a key expanded, in some 500 bytes. What is sent goes to all connections in
//! turn, so the key for that is kept so. Most of them say little: the key for what comes
//! is kept as it is, and expanded for each record, in less than half a microsecond. Once a
//! peer has said more than a few things, it is kept expanded as well.

use std::sync::LazyLock;

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rustls::crypto::cipher::{
    self, AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter,
    MessageEncrypter, Tls13AeadAlgorithm, UnsupportedOperationError, make_tls13_aad,
};
use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::{
    CipherSuiteCommon, ConnectionTrafficSecrets, Error, SupportedCipherSuite, Tls13CipherSuite,
};

/// The suite of rustls, with this algorithm.
pub(super) fn aes_128_gcm_sha256() -> SupportedCipherSuite {
    static SUITE: LazyLock<Tls13CipherSuite> = LazyLock::new(|| {
        let suite = rings();
        Tls13CipherSuite {
            common: CipherSuiteCommon { ..suite.common },
            aead_alg: &Aes128Gcm,
            quic: None,
            ..*suite
        }
    });
    SupportedCipherSuite::Tls13(&SUITE)
}

/// The suite with the algorithm of rustls.
fn rings() -> &'static Tls13CipherSuite {
    let suite = TLS13_AES_128_GCM_SHA256.tls13();
    suite.expect("it is named so")
}

struct Aes128Gcm;

impl Tls13AeadAlgorithm for Aes128Gcm {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        rings().aead_alg.encrypter(key, iv)
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Decrypter {
            key,
            iv,
            expanded: None,
            records: 0,
        })
    }

    fn key_len(&self) -> usize {
        rings().aead_alg.key_len()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        rings().aead_alg.extract_keys(key, iv)
    }
}

/// Decrypts records as RFC 8446 says in 5.2.
struct Decrypter {
    /// Not expanded; rustls overwrites it in the end.
    key: AeadKey,
    iv: Iv,
    /// The same, if much has come.
    expanded: Option<Box<LessSafeKey>>,
    /// How many records have come, up to [`FEW`].
    records: u8,
}

impl Decrypter {
    fn expand(&self) -> Result<LessSafeKey, Error> {
        let key = UnboundKey::new(&AES_128_GCM, self.key.as_ref());
        Ok(LessSafeKey::new(key.map_err(|_| Error::DecryptError)?))
    }
}

impl MessageDecrypter for Decrypter {
    fn decrypt<'a>(
        &mut self,
        mut record: InboundOpaqueMessage<'a>,
        number: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        if self.records == FEW && self.expanded.is_none() {
            self.expanded = Some(Box::new(self.expand()?));
        }
        self.records = self.records.saturating_add(1).min(FEW);
        let once;
        let key = match &self.expanded {
            Some(key) => key,
            None => {
                once = self.expand()?;
                &once
            }
        };
        // Each number comes once with a key.
        let nonce = Nonce::assume_unique_for_key(cipher::Nonce::new(&self.iv, number).0);
        let header = Aad::from(make_tls13_aad(record.payload.len()));
        let plain = key.open_in_place(nonce, header, &mut record.payload);
        let length = plain.map_err(|_| Error::DecryptError)?.len();
        record.payload.truncate(length);
        record.into_tls13_unpadded_message()
    }
}

/// Records after which the key stays expanded: more than a peer sends that only listens.
const FEW: u8 = 8;
