//! For tests: a key, and a client on the other end of a socket.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use chat_testkit::AnyServer;
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{PrivatePkcs8KeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, Error, version};
use socket2::SockRef;

use super::{Handshake, Progress, TlsConfig, TlsStream, provider};
use crate::net::transport::{Received, Transport};

/// A new key with a certificate of its own.
pub(crate) fn certified_key() -> CertifiedKey {
    certified_key_of(&KeyPair::generate().unwrap())
}

/// A certificate for this key.
pub(crate) fn certified_key_of(pair: &KeyPair) -> CertifiedKey {
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(pair).unwrap();
    let key = PrivatePkcs8KeyDer::from(pair.serialize_der());
    let key = provider().key_provider.load_private_key(key.into());
    CertifiedKey::new(vec![certificate.der().clone()], key.unwrap())
}

/// What a client goes by that takes any server.
pub(crate) fn client_config(provider: CryptoProvider, key: Option<CertifiedKey>) -> ClientConfig {
    let verifier = AnyServer(provider.clone());
    let builder = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    match key {
        Some(key) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key))),
        None => builder.with_no_client_auth(),
    }
}

/// Both ends of a socket that does not block.
pub(crate) fn sockets() -> (mio::net::TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    for socket in [&client, &server] {
        socket.set_nonblocking(true).unwrap();
        socket.set_nodelay(true).unwrap();
        // As much as the server has them hold.
        let socket = SockRef::from(socket);
        socket.set_send_buffer_size(64 * 1024).unwrap();
        socket.set_recv_buffer_size(64 * 1024).unwrap();
    }
    (mio::net::TcpStream::from_std(server), client)
}

/// Waits until there is something.
#[track_caller]
pub(crate) fn wait<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(result) = attempt() {
            return result;
        }
        assert!(Instant::now() < until, "nothing happened for 20 s");
        thread::yield_now();
    }
}

/// A client.
pub(crate) struct Client {
    pub(crate) socket: TcpStream,
    pub(crate) connection: ClientConnection,
}

impl Client {
    pub(crate) fn new(socket: TcpStream, config: ClientConfig) -> Self {
        let name = ServerName::try_from("localhost").unwrap();
        Self {
            socket,
            connection: ClientConnection::new(Arc::new(config), name).unwrap(),
        }
    }

    /// Sends what waits, and processes what has come. `false` at the end.
    pub(crate) fn go_on(&mut self) -> Result<bool, Error> {
        self.send();
        match self.connection.read_tls(&mut self.socket) {
            Ok(0) => return Ok(false),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
            Err(_) => return Ok(false),
        }
        self.connection.process_new_packets()?;
        self.send();
        Ok(true)
    }

    /// Sends all that is encrypted.
    pub(crate) fn send(&mut self) {
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut self.socket) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::yield_now(),
                Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    /// What is encrypted and not sent yet.
    pub(crate) fn take_sent(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.connection.wants_write() {
            self.connection.write_tls(&mut bytes).unwrap();
        }
        bytes
    }

    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.connection.writer().write_all(bytes).unwrap();
        self.send();
    }

    /// Some of what the server has said.
    pub(crate) fn hear(&mut self) -> Vec<u8> {
        let mut heard = vec![0; 64 * 1024];
        let _ = self.go_on().unwrap();
        let count = self.connection.reader().read(&mut heard).unwrap_or(0);
        heard.truncate(count);
        heard
    }

    /// Waits until the server has said so many bytes.
    #[track_caller]
    pub(crate) fn hear_exactly(&mut self, count: usize) -> Vec<u8> {
        let mut heard = Vec::new();
        wait(|| {
            heard.extend(self.hear());
            (heard.len() >= count).then_some(())
        });
        heard
    }
}

/// Has both go on until the server is done or has failed.
#[track_caller]
pub(crate) fn shake_hands(handshake: &mut Handshake, client: &mut Client) -> Progress {
    wait(|| {
        let _ = client.go_on();
        match handshake.go_on() {
            Progress::Wants => None,
            progress => Some(progress),
        }
    })
}

/// A connection whose handshake is done.
pub(crate) fn connected() -> (TlsStream, Client) {
    connected_with(&TlsConfig::new(certified_key()).unwrap())
}

/// The same with a server that goes by this.
pub(crate) fn connected_with(config: &TlsConfig) -> (TlsStream, Client) {
    let (server, socket) = sockets();
    let mut client = Client::new(socket, client_config(provider(), None));
    let mut handshake = Handshake::new(server, config).unwrap();
    let progress = shake_hands(&mut handshake, &mut client);
    assert!(matches!(progress, Progress::Done), "{progress:?}");
    (handshake.finish(), client)
}

/// Reads as a worker does, until the socket is drained or the input has ended.
pub(crate) fn read_all(stream: &mut TlsStream, buffer: &mut [u8]) -> (Vec<u8>, io::Result<()>) {
    let mut all = Vec::new();
    loop {
        match stream.read(buffer) {
            Ok(Received { count: 0, .. }) => return (all, Ok(())),
            Ok(Received { count, is_drained }) => {
                all.extend_from_slice(&buffer[..count]);
                if is_drained {
                    return (all, Err(ErrorKind::WouldBlock.into()));
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return (all, Err(error)),
        }
    }
}

/// Waits for the end of the input, with what comes before it.
#[track_caller]
pub(crate) fn read_to_end(stream: &mut TlsStream, size: usize) -> (Vec<u8>, io::Result<()>) {
    let (mut buffer, mut all) = (vec![0; size], Vec::new());
    let end = wait(|| {
        let (bytes, end) = read_all(stream, &mut buffer);
        all.extend(bytes);
        match end {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            end => Some(end),
        }
    });
    (all, end)
}

/// Waits until so many bytes have been read.
#[track_caller]
pub(crate) fn read_exactly(stream: &mut TlsStream, count: usize, size: usize) -> Vec<u8> {
    let mut buffer = vec![0; size];
    let mut all = Vec::new();
    wait(|| {
        let (bytes, end) = read_all(stream, &mut buffer);
        all.extend(bytes);
        let kind = end.err().map(|error| error.kind());
        assert_eq!(kind, Some(ErrorKind::WouldBlock), "it has ended");
        (all.len() >= count).then_some(())
    });
    all
}

/// Writes all of it while the client reads.
#[track_caller]
pub(crate) fn write_all(stream: &mut TlsStream, client: &mut Client, bytes: &[u8]) -> Vec<u8> {
    let (mut left, mut heard) = (bytes, Vec::new());
    wait(|| {
        heard.extend(client.hear());
        match stream.write(left) {
            Ok(count) => left = &left[count..],
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
        (left.is_empty() && !stream.holds_back()).then_some(())
    });
    heard
}
