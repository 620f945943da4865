//! The private part of a key in the forms that rustls reads.

use std::sync::Arc;

use anyhow::{Context, bail};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{
    PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer, alg_id,
};
use rustls::sign::SigningKey;
use ssh_key::private::{EcdsaKeypair, KeypairData, RsaKeypair};

use super::der::{CONTEXT_1, OCTET_STRING, SEQUENCE, bits, unsigned, value};

mod remainder;

use remainder::remainder;

/// What signs with this key.
///
/// # Errors
///
/// In words for the person: when the key is of a kind that cannot be used, or damaged.
pub(super) fn signing_key(key: &KeypairData) -> anyhow::Result<Arc<dyn SigningKey>> {
    let der = match key {
        KeypairData::Ed25519(key) => ed25519(key.private.as_ref()),
        KeypairData::Ecdsa(EcdsaKeypair::NistP256 { public, private }) => {
            ecdsa(private.as_slice(), public.as_bytes())
        }
        KeypairData::Ecdsa(EcdsaKeypair::NistP384 { public, private }) => {
            ecdsa(private.as_slice(), public.as_bytes())
        }
        KeypairData::Rsa(key) => rsa(key).context("it is damaged")?,
        KeypairData::SkEd25519(_) | KeypairData::SkEcdsaSha2NistP256(_) => bail!(
            "it is on a FIDO device, which signs only messages of a form that TLS does not have"
        ),
        _ => bail!(
            "TLS 1.3 has no signatures of its kind; Ed25519, ECDSA on P-256 and P-384, and RSA \
             of 2048 to 4096 bits can be used"
        ),
    };
    any_supported_type(&der).context("it is damaged, or is an RSA key not of 2048 to 4096 bits")
}

/// PKCS#8 (RFC 8410) of a key that was just made, or read.
pub(super) fn ed25519(seed: &[u8; 32]) -> PrivateKeyDer<'static> {
    let version = unsigned(&[0]);
    let algorithm = value(SEQUENCE, &[alg_id::ED25519.as_ref()]);
    let key = value(OCTET_STRING, &[&value(OCTET_STRING, &[seed])]);
    let der = value(SEQUENCE, &[&version, &algorithm, &key]);
    PrivatePkcs8KeyDer::from(der).into()
}

/// RFC 5915. The curve shows in the length.
fn ecdsa(private: &[u8], public: &[u8]) -> PrivateKeyDer<'static> {
    let version = unsigned(&[1]);
    let private = value(OCTET_STRING, &[private]);
    let public = value(CONTEXT_1, &[&bits(public)]);
    let der = value(SEQUENCE, &[&version, &private, &public]);
    PrivateSec1KeyDer::from(der).into()
}

/// PKCS#1 (RFC 8017). ssh does not keep the two exponents modulo the primes.
fn rsa(key: &RsaKeypair) -> Option<PrivateKeyDer<'static>> {
    let [n, e, d, p, q, coefficient] = [
        &key.public.n,
        &key.public.e,
        &key.private.d,
        &key.private.p,
        &key.private.q,
        &key.private.iqmp,
    ]
    .map(|number| number.as_positive_bytes());
    let (d, p, q) = (d?, p?, q?);
    // The primes are odd: their last bit is all that there is to take away.
    let less_one = |prime: &[u8]| {
        let (last, digits) = prime.split_last()?;
        (last % 2 == 1).then(|| [digits, &[last - 1]].concat())
    };
    let numbers = [
        unsigned(&[0]),
        unsigned(n?),
        unsigned(e?),
        unsigned(d),
        unsigned(p),
        unsigned(q),
        unsigned(&remainder(d, &less_one(p)?)),
        unsigned(&remainder(d, &less_one(q)?)),
        unsigned(coefficient?),
    ];
    let der = value(SEQUENCE, &numbers.each_ref().map(|number| &number[..]));
    Some(PrivatePkcs1KeyDer::from(der).into())
}
