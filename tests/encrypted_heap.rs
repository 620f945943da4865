//! What the server's side of an encrypted connection has in memory: while it is idle,
//! and while its peer takes nothing of what it is sent.
//!
//! It is a program of its own, since no other test may allocate meanwhile.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use chat_server::net::tls::{Handshake, Progress, TlsConfig, provider};
use chat_server::net::transport::Transport;
use chat_server::net::wire::Wire;
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ED25519};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use socket2::SockRef;

#[global_allocator]
static COUNTING: dhat::Alloc = dhat::Alloc;

/// Connections that are weighed together.
const CONNECTIONS: usize = 20;

/// How the server and its clients speak TLS.
struct Fixture {
    server: TlsConfig,
    client: Arc<ClientConfig>,
    listener: TcpListener,
}

impl Fixture {
    fn new() -> Self {
        let pair = KeyPair::generate().expect("random bits");
        let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        let certificate = params
            .self_signed(&pair)
            .expect("it can sign")
            .der()
            .clone();
        let key = PrivatePkcs8KeyDer::from(pair.serialize_der());
        let key = provider().key_provider.load_private_key(key.into());
        let key = CertifiedKey::new(vec![certificate.clone()], key.expect("it was just made"));
        Self {
            server: TlsConfig::new(key).expect("the provider does TLS 1.3"),
            client: Arc::new(client_config(certificate)),
            listener: TcpListener::bind("127.0.0.1:0").expect("ports are left"),
        }
    }

    /// Both ends of a connection that nothing was said over.
    fn connect(&self) -> (Wire, TcpStream, ClientConnection) {
        let address = self.listener.local_addr().expect("it is bound");
        let mut socket = TcpStream::connect(address).expect("the server listens");
        let (accepted, _) = self.listener.accept().expect("one has come");
        accepted.set_nonblocking(true).expect("it can be set");
        let small = SockRef::from(&accepted).set_send_buffer_size(64 * 1024);
        small.expect("it can be set");
        let small = SockRef::from(&socket).set_recv_buffer_size(64 * 1024);
        small.expect("it can be set");
        let name = ServerName::try_from("localhost").expect("a name");
        let mut client = ClientConnection::new(Arc::clone(&self.client), name).expect("it fits");
        let accepted = mio::net::TcpStream::from_std(accepted);
        let mut handshake = Handshake::new(accepted, &self.server).expect("it fits");
        client.write_tls(&mut socket).expect("it is taken");
        while client.is_handshaking() {
            wants(&mut handshake);
            client.read_tls(&mut socket).expect("it comes");
            client.process_new_packets().expect("it is TLS");
        }
        while client.wants_write() {
            client.write_tls(&mut socket).expect("it is taken");
        }
        while !wants(&mut handshake) {}
        (Wire::from(handshake.finish()), socket, client)
    }
}

/// Whether it is done.
fn wants(handshake: &mut Handshake) -> bool {
    match handshake.go_on() {
        Progress::Wants => false,
        Progress::Done => true,
        Progress::Failed(why) => panic!("{why}"),
    }
}

fn client_config(certificate: CertificateDer<'static>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("it can be parsed");
    ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider does TLS 1.3")
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(person())))
}

/// The key of a person, in a certificate as small as chat-client makes it.
fn person() -> CertifiedKey {
    let pair = KeyPair::generate_for(&PKCS_ED25519).expect("random bits");
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let certificate = params.self_signed(&pair).expect("it can sign");
    let key = PrivatePkcs8KeyDer::from(pair.serialize_der());
    let key = provider().key_provider.load_private_key(key.into());
    let key = key.expect("it was just made");
    CertifiedKey::new(vec![certificate.der().clone()], key)
}

/// What these have in memory, each.
fn weigh(wires: Vec<Wire>) -> usize {
    let count = wires.len();
    let before = dhat::HeapStats::get().curr_bytes;
    drop(wires);
    (before - dhat::HeapStats::get().curr_bytes) / count
}

/// Says a line to a client and has its answer.
fn talk(wire: &mut Wire, socket: &mut TcpStream, client: &mut ClientConnection) {
    let mut buffer = [0; 100];
    assert_eq!(wire.write(b"welcome\n").expect("it is taken"), 8);
    client.read_tls(socket).expect("it comes");
    client.process_new_packets().expect("it is TLS");
    client
        .reader()
        .read_exact(&mut buffer[..8])
        .expect("it came");
    client.writer().write_all(b"hello\n").expect("it is taken");
    client.write_tls(socket).expect("it is taken");
    loop {
        match wire.read(&mut buffer) {
            Ok(received) => return assert_eq!(received.count, 6),
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
}

#[test]
fn a_connection_costs_little() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let fixture = Fixture::new();
    let connect = || (0..CONNECTIONS).map(|_| fixture.connect());
    let (mut wires, mut clients) = (Vec::new(), Vec::new());
    for (mut wire, mut socket, mut client) in connect() {
        talk(&mut wire, &mut socket, &mut client);
        wires.push(wire);
        clients.push((socket, client));
    }
    let idle = weigh(wires);
    let (mut wires, mut clients) = (Vec::new(), Vec::new());
    let bytes = vec![0; 256 * 1024];
    for (mut wire, socket, client) in connect() {
        while wire.write(&bytes).is_ok() {}
        assert!(wire.holds_back());
        wires.push(wire);
        clients.push((socket, client));
    }
    let stopped = weigh(wires);
    println!("{idle} bytes for an idle connection, {stopped} for one that takes nothing");
    // Its session has some 200 bytes more.
    assert!(idle <= 4 * 1024 - 500, "{idle}");
    assert!(stopped <= 17 * 1024 - 200, "{stopped}");
}
