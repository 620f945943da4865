//! A machine in between that the person takes for the server.

use std::sync::Arc;

use chat_testkit::AnyServer;
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{ServerName, SubjectPublicKeyInfoDer};
use rustls::sign::{CertifiedKey, Signer, SigningKey, SingleCertAndKey};
use rustls::version::TLS13;
use rustls::{
    ClientConfig, ClientConnection, Error, SignatureAlgorithm, SignatureScheme, StreamOwned,
};

use super::*;

/// Signs with what the client has signed for the relay.
#[derive(Debug, Clone)]
struct Copied(Proof);

impl SigningKey for Copied {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let is_offered = offered.contains(&self.0.scheme);
        is_offered.then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(self.0.spki().into())
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

impl Signer for Copied {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.0.signature.clone())
    }

    fn scheme(&self) -> SignatureScheme {
        self.0.scheme
    }
}

/// Comes to a server with this client certificate; what the server does with the first
/// line.
fn present(server: SocketAddr, key: CertifiedKey) -> std::io::Result<String> {
    let resolver: Arc<dyn ResolvesClientCert> = Arc::new(SingleCertAndKey::from(key));
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13])
        .expect("the provider has suites of TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer(default_provider())))
        .with_client_cert_resolver(resolver);
    let name = ServerName::try_from("localhost").expect("a name");
    let session = ClientConnection::new(Arc::new(config), name).expect("a configuration");
    let socket = std::net::TcpStream::connect(server).expect("a server");
    socket.set_read_timeout(Some(chat_testkit::DEADLINE))?;
    let mut stream = std::io::BufReader::new(StreamOwned::new(session, socket));
    let mut greeting = String::new();
    std::io::BufRead::read_line(&mut stream, &mut greeting)?;
    Ok(greeting)
}

/// Whatever the client has shown to the one is of no use with the other.
#[test]
fn what_a_relay_is_shown_is_no_proof_for_the_server() {
    let (relay, listener) = front(&Identity::new());
    let home = Home::new();
    home.visit(&relay, &listener, &["--tls"]);
    let [proof] = <[Proof; 1]>::try_from(relay.proofs()).expect("one client");

    let folder = tempfile::tempdir().expect("a temporary directory");
    let state = folder.path().to_str().expect("a plain path");
    let args = ["--tls", "offer", "--state", state];
    let real =
        chat_testkit::ServerProcess::start(chat_testkit::sibling(client(), "chat-server"), &args);
    let copied = Arc::new(Copied(proof.clone()));
    let key = CertifiedKey::new(vec![proof.certificate], copied);
    let refused = present(real.addr(), key).expect_err("it has not the key");
    assert!(refused.to_string().contains("DecryptError"), "{refused}");
    assert_eq!(real.count("tls_handshakes"), 0);

    // The key itself gets in.
    let output = home.say_secret(real.addr(), &["--tls", "--send"]);
    assert_eq!(output.code(), 0, "{output}");
    assert_eq!(real.count("tls_handshakes"), 1);
}

/// Not even which key it is.
#[test]
fn a_server_that_is_not_the_one_that_is_meant_is_shown_no_key() {
    let (front, listener) = front(&Identity::new());
    let home = Home::new();
    let output = home.say_secret(
        front.addr(),
        &["--fingerprint", Identity::new().fingerprint()],
    );
    assert_eq!(output.code(), 4, "{output}");
    assert_eq!(front.proofs(), []);
    is_unvisited(&listener);
}
