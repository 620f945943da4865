//! The certificate that carries a key: X.509 (RFC 5280), signed by that key alone.
//!
//! ```text
//! SEQUENCE {
//!   SEQUENCE { [0] { 2 (v3) }, serial number, algorithm, issuer, validity, subject, key }
//!   algorithm
//!   BIT STRING signature of the first SEQUENCE
//! }
//! ```
//!
//! Servers look at nothing but the key: the names say `chat`, and the time is all time that
//! can be written. Written by hand, for the signature is made by whatever holds the key.

use anyhow::{Context, anyhow};
use rustls::SignatureScheme;
use rustls::pki_types::{AlgorithmIdentifier, CertificateDer, alg_id};

use super::der::{
    CONTEXT_0, GENERALIZED_TIME, SEQUENCE, SET, UTC_TIME, UTF8_STRING, bits, unsigned, value,
};
use super::key::Key;

/// Makes it; a key of the agent is asked for one signature.
///
/// # Errors
///
/// When the key cannot be used, or does not sign.
pub(super) fn of_key(key: &Key) -> anyhow::Result<CertificateDer<'static>> {
    let schemes = SCHEMES.map(|(scheme, _)| scheme);
    let signer = key.signing.choose_scheme(&schemes);
    let signer = signer.context("TLS 1.3 has no signatures of this key's kind")?;
    let algorithm = SCHEMES
        .iter()
        .find(|(scheme, _)| *scheme == signer.scheme());
    let (_, algorithm) = algorithm.context("the key signs in another way than was asked")?;
    let algorithm = value(SEQUENCE, &[algorithm.as_ref()]);
    let public = key.signing.public_key();
    let public = public.context("the key has no public part")?;

    let body = body(&algorithm, public.as_ref());
    let signature = signer.sign(&body).map_err(|error| match error {
        // What the agent says, without the prefix that rustls gives it.
        rustls::Error::General(why) => anyhow!(why),
        other => other.into(),
    });
    let signature = signature.context("the key does not sign")?;
    let certificate = value(SEQUENCE, &[&body, &algorithm, &bits(&signature)]);
    Ok(certificate.into())
}

/// The part that is signed.
fn body(algorithm: &[u8], public: &[u8]) -> Vec<u8> {
    let version = value(CONTEXT_0, &[&unsigned(&[2])]);
    let serial = unsigned(&[1]);
    let name = value(UTF8_STRING, &[b"chat"]);
    let name = value(
        SEQUENCE,
        &[&value(SET, &[&value(SEQUENCE, &[COMMON_NAME, &name])])],
    );
    let begin = value(UTC_TIME, &[b"700101000000Z"]);
    // The end of which RFC 5280 says that there is none.
    let end = value(GENERALIZED_TIME, &[b"99991231235959Z"]);
    let validity = value(SEQUENCE, &[&begin, &end]);
    let parts = [
        &version, &serial, algorithm, &name, &validity, &name, public,
    ];
    value(SEQUENCE, &parts)
}

/// 2.5.4.3, with tag and length.
const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];

/// How TLS 1.3 signs, and what that is called in a certificate.
const SCHEMES: [(SignatureScheme, AlgorithmIdentifier); 4] = [
    (SignatureScheme::ED25519, alg_id::ED25519),
    (SignatureScheme::ECDSA_NISTP256_SHA256, alg_id::ECDSA_SHA256),
    (SignatureScheme::ECDSA_NISTP384_SHA384, alg_id::ECDSA_SHA384),
    (SignatureScheme::RSA_PSS_SHA256, alg_id::RSA_PSS_SHA256),
];
