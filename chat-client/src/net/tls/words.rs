//! What went wrong in a handshake, in words for people. Pure.

use rustls::{AlertDescription, CertificateError, Error};

/// Why public roots do not vouch for a certificate.
pub(super) fn reason(error: &Error) -> String {
    let Error::InvalidCertificate(error) = error else {
        return error.to_string();
    };
    let known = match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate has expired"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is for another name"
        }
        CertificateError::UnknownIssuer => "the certificate is of no public authority",
        CertificateError::Revoked => "the certificate is revoked",
        CertificateError::BadEncoding => "the certificate cannot be read",
        CertificateError::BadSignature => "a signature in the certificate is wrong",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the certificate is not one for servers"
        }
        // What `openssl req -x509` makes.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "the certificate is one of an authority, which no server may use"
        }
        error => return error.to_string(),
    };
    known.to_owned()
}

/// Why a handshake failed, if the server does not encrypt as it must. `None`: it has
/// only broken off.
pub(super) fn fault(error: &Error) -> Option<String> {
    let known = match error {
        Error::AlertReceived(AlertDescription::ProtocolVersion) | Error::PeerIncompatible(_) => {
            "it offers no TLS 1.3 that this program knows"
        }
        Error::AlertReceived(AlertDescription::NoApplicationProtocol)
        | Error::NoApplicationProtocol => "it offers TLS for another protocol than chat/1",
        Error::AlertReceived(
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
        ) => "it offers no TLS that this program knows",
        Error::AlertReceived(
            AlertDescription::CloseNotify
            | AlertDescription::UserCanceled
            | AlertDescription::InternalError,
        ) => return None,
        Error::InvalidCertificate(CertificateError::BadSignature)
        | Error::PeerMisbehaved(
            rustls::PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme
            | rustls::PeerMisbehaved::SignedKxWithWrongAlgorithm,
        ) => "it does not have the key that it shows",
        Error::InvalidCertificate(error) => {
            return Some(reason(&Error::InvalidCertificate(error.clone())));
        }
        error => return Some(format!("the handshake failed ({error})")),
    };
    Some(known.to_owned())
}
