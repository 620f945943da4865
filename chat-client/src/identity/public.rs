//! The public part of a key as certificates have it.

use rustls::pki_types::{SubjectPublicKeyInfoDer, alg_id};
use rustls::sign::public_key_to_spki;
use ssh_key::EcdsaCurve;
use ssh_key::public::KeyData;

use super::der::{SEQUENCE, unsigned, value};

/// The `SubjectPublicKeyInfo` of a key, in DER; `None` if TLS 1.3 has no signatures of its
/// kind.
pub(super) fn spki(key: &KeyData) -> Option<SubjectPublicKeyInfoDer<'static>> {
    let (algorithm, bytes) = match key {
        KeyData::Ed25519(key) => (alg_id::ED25519, key.0.to_vec()),
        KeyData::Ecdsa(key) => {
            let algorithm = match key.curve() {
                EcdsaCurve::NistP256 => alg_id::ECDSA_P256,
                EcdsaCurve::NistP384 => alg_id::ECDSA_P384,
                EcdsaCurve::NistP521 => return None,
            };
            (algorithm, key.as_sec1_bytes().to_vec())
        }
        KeyData::Rsa(key) => {
            let n = unsigned(key.n.as_positive_bytes()?);
            let e = unsigned(key.e.as_positive_bytes()?);
            (alg_id::RSA_ENCRYPTION, value(SEQUENCE, &[&n, &e]))
        }
        _ => return None,
    };
    Some(public_key_to_spki(&algorithm, bytes))
}
