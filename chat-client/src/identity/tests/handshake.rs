//! A whole TLS handshake in memory, with a server that takes any key.

use std::sync::Arc;

use chat_testkit::{AnyKey, AnyServer};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::server::ParsedCertificate;
use rustls::sign::SingleCertAndKey;
use rustls::version::TLS13;
use rustls::{ClientConfig, ClientConnection, Error, ServerConfig, ServerConnection};

use super::super::{Identity, Key, certificate, private};

/// The `SubjectPublicKeyInfo` of the client's certificate, after the handshake is done.
pub(super) fn key_seen_by_server(identity: &Identity) -> Result<Vec<u8>, Error> {
    let provider = Arc::new(ring::default_provider());
    let any_server = AnyServer(ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(Arc::new(AnyKey::new(ring::default_provider())))
        .with_cert_resolver(Arc::new(server_key()));
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(any_server))
        .with_client_cert_resolver(identity.resolver());
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(Arc::new(client), name)?;
    let mut server = ServerConnection::new(Arc::new(server))?;
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        server.read_tls(&mut &bytes[..]).unwrap();
        server.process_new_packets()?;
        bytes.clear();
        server.write_tls(&mut bytes).unwrap();
        client.read_tls(&mut &bytes[..]).unwrap();
        client.process_new_packets()?;
    }
    let certificates = server.peer_certificates().unwrap();
    let certificate = ParsedCertificate::try_from(&certificates[0])?;
    Ok(certificate.subject_public_key_info().to_vec())
}

/// A server's certificate is made in the same way.
fn server_key() -> SingleCertAndKey {
    let signing = ring::sign::any_supported_type(&private::ed25519(&[3; 32])).unwrap();
    let public = ssh_key::public::Ed25519PublicKey([0; 32]);
    let public = ssh_key::public::KeyData::from(public).into();
    let key = Key { public, signing };
    let certificate = certificate::of_key(&key).unwrap();
    rustls::sign::CertifiedKey::new(vec![certificate], key.signing).into()
}
