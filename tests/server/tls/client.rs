//! A client that speaks TLS and takes any server.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use chat_server::access::keys;
use chat_server::net::tls::provider;
use chat_testkit::AnyServer;
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519, PublicKeyData};
use rustls::pki_types::{PrivatePkcs8KeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, StreamOwned, version};
use ssh_key::{Fingerprint, HashAlg, PublicKey};

/// An encrypted connection, and what was heard on it.
pub(crate) struct TlsPeer {
    stream: StreamOwned<ClientConnection, TcpStream>,
    /// What no test has asked for yet.
    unread: String,
}

impl TlsPeer {
    /// Connects, and names the protocol.
    #[track_caller]
    pub(crate) fn connect(addr: SocketAddr) -> Self {
        Self::try_connect(addr, &[b"chat/1"]).expect("a handshake")
    }

    /// Connects, and names these protocols.
    pub(crate) fn try_connect(addr: SocketAddr, protocols: &[&[u8]]) -> io::Result<Self> {
        Self::come(addr, protocols, None)
    }

    /// Shakes hands over a connection.
    pub(crate) fn over(stream: TcpStream, protocols: &[&[u8]]) -> io::Result<Self> {
        Self::shake_hands(stream, connection(protocols, None))
    }

    /// Connects, and shows this key.
    #[track_caller]
    pub(crate) fn with_key(addr: SocketAddr, key: &Key) -> Self {
        Self::come(addr, &[b"chat/1"], Some(key)).expect("a handshake")
    }

    /// Connects and shakes hands. On a busy machine the first words may come so late that
    /// the server has greeted in plain: then it is tried again.
    fn come(addr: SocketAddr, protocols: &[&[u8]], key: Option<&Key>) -> io::Result<Self> {
        let mut tries = 0..TRIES;
        loop {
            let connection = connection(protocols, key);
            let shaken = Self::shake_hands(TcpStream::connect(addr)?, connection);
            match &shaken {
                Err(error) if is_plain(error) && tries.next().is_some() => {}
                _ => return shaken,
            }
        }
    }

    fn shake_hands(mut stream: TcpStream, mut connection: ClientConnection) -> io::Result<Self> {
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.set_nodelay(true)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        Ok(Self {
            stream: StreamOwned::new(connection, stream),
            unread: String::new(),
        })
    }

    /// Sends bytes that are not encrypted.
    #[track_caller]
    pub(crate) fn send_in_plain(&mut self, bytes: &[u8]) {
        self.stream.sock.write_all(bytes).expect("it is taken");
    }

    #[track_caller]
    pub(crate) fn send_str(&mut self, text: &str) {
        let sent = self.stream.write_all(text.as_bytes());
        sent.and_then(|()| self.stream.flush())
            .expect("it is taken");
    }

    /// Waits for this, and gives all up to its end.
    #[track_caller]
    pub(crate) fn expect(&mut self, needle: &str) -> String {
        loop {
            if let Some(at) = self.unread.find(needle) {
                return self.unread.drain(..at + needle.len()).collect();
            }
            let count = self.read().expect("it goes on");
            assert!(count > 0, "the end, and no {needle}: {}", self.unread);
        }
    }

    /// Waits for the end, and gives all up to there. The end has to be said, not only to
    /// happen.
    #[track_caller]
    pub(crate) fn expect_end(&mut self) -> String {
        while self.read().expect("an end in order") > 0 {}
        std::mem::take(&mut self.unread)
    }

    fn read(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 4096];
        let count = self.stream.read(&mut buffer)?;
        self.unread += &String::from_utf8_lossy(&buffer[..count]);
        Ok(count)
    }

    /// That of the server's key.
    pub(crate) fn fingerprint(&self) -> String {
        let chain = self.stream.conn.peer_certificates().expect("a certificate");
        let parsed = ParsedCertificate::try_from(&chain[0]).expect("a right one");
        let digest = HashAlg::Sha256.digest(&parsed.subject_public_key_info());
        Fingerprint::Sha256(digest.try_into().expect("32 bytes")).to_string()
    }
}

/// Whether a handshake has failed because what came was no TLS.
fn is_plain(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    matches!(cause, Some(rustls::Error::InvalidMessage(_)))
}

/// How often a peer comes again that was too late.
const TRIES: usize = 5;

/// The key of a person.
pub(crate) struct Key(KeyPair);

impl Key {
    pub(crate) fn new() -> Self {
        Self(KeyPair::generate_for(&PKCS_ED25519).expect("a key"))
    }

    /// Its certificate, in which only the key counts.
    fn shown(&self) -> SingleCertAndKey {
        let params = CertificateParams::new(["a".to_owned()]).expect("a name");
        let certificate = params.self_signed(&self.0).expect("a certificate");
        let key = PrivatePkcs8KeyDer::from(self.0.serialize_der());
        let key = provider().key_provider.load_private_key(key.into());
        let chain = vec![certificate.der().clone()];
        CertifiedKey::new(chain, key.expect("a key that signs")).into()
    }

    fn public(&self) -> PublicKey {
        keys::of_spki(&self.0.subject_public_key_info()).expect("a key that ssh knows")
    }

    /// As it stands in `authorized_keys`.
    pub(crate) fn line(&self) -> String {
        self.public().to_openssh().expect("a line")
    }

    /// As `ssh-keygen -l` shows it.
    pub(crate) fn fingerprint(&self) -> String {
        keys::fingerprint(&self.public()).to_string()
    }
}

/// The first message of a client.
pub(crate) fn hello() -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = connection(&[b"chat/1"], None).write_tls(&mut bytes);
    written.expect("memory takes it");
    bytes
}

fn connection(protocols: &[&[u8]], key: Option<&Key>) -> ClientConnection {
    let builder = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[&version::TLS13])
        .expect("there is TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer(provider())));
    let mut config = match key {
        Some(key) => builder.with_client_cert_resolver(Arc::new(key.shown())),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = protocols.iter().map(|one| one.to_vec()).collect();
    let name = ServerName::try_from("localhost").expect("a name");
    ClientConnection::new(Arc::new(config), name).expect("a client")
}
