//! Handshakes: whole ones, pieces of them, and what is none.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PublicKeyData};
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, CipherSuite, Error, ProtocolVersion};

use crate::net::tls::testing::*;
use crate::net::tls::{ALPN, Handshake, Progress, TlsConfig, Why, provider};

fn config() -> TlsConfig {
    TlsConfig::new(certified_key()).unwrap()
}

/// A handshake that has not begun, and its client.
fn fresh() -> (Handshake, Client) {
    let (server, socket) = sockets();
    let client = Client::new(socket, client_config(provider(), None));
    (Handshake::new(server, &config()).unwrap(), client)
}

/// A handshake with a peer that is no client.
fn with_stranger() -> (Handshake, TcpStream) {
    let (server, socket) = sockets();
    (Handshake::new(server, &config()).unwrap(), socket)
}

/// Why it fails in the end.
#[track_caller]
fn failure(handshake: &mut Handshake) -> Why {
    wait(|| match handshake.go_on() {
        Progress::Wants => None,
        Progress::Failed(why) => Some(why),
        Progress::Done => panic!("it is done"),
    })
}

/// All that the server sends until it ends.
fn read_to_end(socket: &mut TcpStream) -> Vec<u8> {
    socket.set_nonblocking(false).unwrap();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).unwrap();
    bytes
}

/// A fatal alert as it goes before there are keys.
fn alert(description: AlertDescription) -> Vec<u8> {
    vec![21, 3, 3, 0, 2, 2, description.into()]
}

fn record(content: u8, bytes: &[u8]) -> Vec<u8> {
    let mut record = vec![content, 3, 3];
    record.extend((bytes.len() as u16).to_be_bytes());
    record.extend(bytes);
    record
}

const HANDSHAKE: u8 = 22;
const ALERT: u8 = 21;

#[test]
fn the_keys_are_agreed_and_data_goes_both_ways() {
    let (mut stream, mut client) = connected();
    let version = client.connection.protocol_version();
    assert_eq!(version, Some(ProtocolVersion::TLSv1_3));
    let suite = client.connection.negotiated_cipher_suite().unwrap();
    assert_eq!(suite.suite(), CipherSuite::TLS13_AES_128_GCM_SHA256);
    client.say(b"hello\n");
    assert_eq!(read_exactly(&mut stream, 6, 1000), b"hello\n");
    let mut heard = write_all(&mut stream, &mut client, b"welcome\n");
    heard.extend(client.hear_exactly(8 - heard.len()));
    assert_eq!(heard, b"welcome\n");
    assert_eq!(client.connection.tls13_tickets_received(), 0);
}

/// rustls' clients want AES-256 first.
#[test]
fn the_order_of_the_server_counts() {
    let (server, socket) = sockets();
    let order = rustls::crypto::ring::default_provider();
    let first = order.cipher_suites[0].suite();
    assert_eq!(first, CipherSuite::TLS13_AES_256_GCM_SHA384);
    let mut client = Client::new(socket, client_config(order, None));
    let mut handshake = Handshake::new(server, &config()).unwrap();
    let progress = shake_hands(&mut handshake, &mut client);
    assert!(matches!(progress, Progress::Done), "{progress:?}");
    wait(|| {
        client.go_on().unwrap();
        (!client.connection.is_handshaking()).then_some(())
    });
    let suite = client.connection.negotiated_cipher_suite().unwrap();
    assert_eq!(suite.suite(), CipherSuite::TLS13_AES_128_GCM_SHA256);
}

#[test]
fn a_handshake_may_come_byte_by_byte() {
    let (mut handshake, mut client) = fresh();
    let mut done = false;
    while !done {
        for byte in client.take_sent() {
            client.socket.write_all(&[byte]).unwrap();
            match handshake.go_on() {
                Progress::Wants => {}
                Progress::Done => done = true,
                Progress::Failed(why) => panic!("{why}"),
            }
        }
        if !done {
            wait(|| {
                let read = client.connection.read_tls(&mut client.socket);
                done = matches!(handshake.go_on(), Progress::Done);
                (read.is_ok() || done).then_some(())
            });
            client.connection.process_new_packets().unwrap();
        }
    }
}

#[test]
fn a_hello_may_come_in_records_of_one_byte() {
    let (mut handshake, mut client) = fresh();
    let hello = client.take_sent();
    for byte in &hello[5..] {
        let piece = record(HANDSHAKE, &[*byte]);
        client.socket.write_all(&piece).unwrap();
    }
    let progress = shake_hands(&mut handshake, &mut client);
    assert!(matches!(progress, Progress::Done), "{progress:?}");
}

/// What a client says at once comes in one go with the end of its handshake.
#[test]
fn data_may_come_with_the_end_of_the_handshake() {
    for (records, close) in [(1, false), (3, false), (3, true)] {
        let (mut handshake, mut client) = fresh();
        client.send();
        assert!(matches!(handshake.go_on(), Progress::Wants));
        wait(|| {
            client.connection.read_tls(&mut client.socket).unwrap_or(0);
            client.connection.process_new_packets().unwrap();
            (!client.connection.is_handshaking()).then_some(())
        });
        for number in 0..records {
            let line = format!("line {number}\n");
            client
                .connection
                .writer()
                .write_all(line.as_bytes())
                .unwrap();
        }
        if close {
            client.connection.send_close_notify();
        }
        let sent = client.take_sent();
        client.socket.write_all(&sent).unwrap();
        let progress = wait(|| Some(handshake.go_on()).filter(|it| !matches!(it, Progress::Wants)));
        assert!(matches!(progress, Progress::Done), "{progress:?}");
        let mut stream = handshake.finish();
        // The greeting is sent first.
        let mut heard = write_all(&mut stream, &mut client, b"hi\n");
        heard.extend(client.hear_exactly(3 - heard.len()));
        let (said, end) = read_all(&mut stream, &mut [0; 100]);
        let expected: String = (0..records)
            .map(|number| format!("line {number}\n"))
            .collect();
        assert_eq!(String::from_utf8(said).unwrap(), expected);
        let kind = end.err().map(|error| error.kind());
        assert_eq!(kind, (!close).then_some(ErrorKind::WouldBlock));
    }
}

#[test]
fn what_is_no_tls_is_told_so_once() {
    let (mut handshake, mut stranger) = with_stranger();
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let why = failure(&mut handshake);
    assert!(matches!(why, Why::Tls(Error::InvalidMessage(_))), "{why}");
    drop(handshake);
    let answer = read_to_end(&mut stranger);
    assert_eq!(answer, alert(AlertDescription::DecodeError));
}

#[test]
fn a_close_notify_in_mid_handshake_is_no_loop() {
    for before in [false, true] {
        let (mut handshake, mut client) = fresh();
        if before {
            client.send();
            assert!(matches!(handshake.go_on(), Progress::Wants));
        }
        for _ in 0..10 {
            client.socket.write_all(&record(ALERT, &[1, 0])).unwrap();
        }
        let why = failure(&mut handshake);
        assert!(matches!(why, Why::Tls(_)), "{why}");
    }
}

#[test]
fn an_end_in_mid_handshake_is_one() {
    let (mut handshake, client) = fresh();
    client.socket.shutdown(Shutdown::Write).unwrap();
    let why = failure(&mut handshake);
    assert!(matches!(why, Why::Closed), "{why}");
}

/// A hello that never ends takes no more memory than one record.
#[test]
fn a_hello_has_a_limit() {
    let begun = [1, 0, 0xff, 0];
    for size in [1, 100, 16 * 1024] {
        let (mut handshake, mut stranger) = with_stranger();
        stranger.write_all(&record(HANDSHAKE, &begun)).unwrap();
        let more = record(HANDSHAKE, &vec![0; size]);
        let mut sent = 0;
        let why = wait(|| {
            match stranger.write(&more[sent % more.len()..]) {
                Ok(count) => sent += count,
                Err(error) => assert_ne!(error.kind(), ErrorKind::BrokenPipe),
            }
            match handshake.go_on() {
                Progress::Wants => None,
                progress => Some(progress),
            }
        });
        assert!(matches!(why, Progress::Failed(Why::TooLong)), "{why:?}");
        assert!(sent < 48 * 1024, "{sent}");
    }
}

#[test]
fn only_this_protocol_or_none_is_spoken() {
    for (offered, expected) in [
        (vec![], Ok(None)),
        (vec!["chat/1"], Ok(Some(ALPN))),
        (vec!["h2", "chat/1"], Ok(Some(ALPN))),
        (vec!["h2", "http/1.1"], Err(())),
        (vec!["http/1.1"], Err(())),
    ] {
        let (server, socket) = sockets();
        let mut config = client_config(provider(), None);
        let names = offered.iter().map(|name| name.as_bytes().to_vec());
        config.alpn_protocols = names.collect();
        let mut client = Client::new(socket, config);
        let mut handshake = Handshake::new(server, &self::config()).unwrap();
        let progress = shake_hands(&mut handshake, &mut client);
        if expected.is_err() {
            assert!(
                matches!(
                    progress,
                    Progress::Failed(Why::Tls(Error::NoApplicationProtocol))
                ),
                "{progress:?}"
            );
            let told = wait(|| client.go_on().err());
            let reason = AlertDescription::NoApplicationProtocol;
            assert_eq!(told, Error::AlertReceived(reason));
            continue;
        }
        assert!(matches!(progress, Progress::Done), "{progress:?}");
        assert_eq!(Ok(client.connection.alpn_protocol()), expected);
    }
}

/// The first message of a client that knows nothing newer than TLS 1.2.
fn old_hello() -> Vec<u8> {
    let extensions = [
        &[0, 10, 0, 4, 0, 2, 0, 23][..],  // P-256
        &[0, 11, 0, 2, 1, 0],             // uncompressed points
        &[0, 13, 0, 6, 0, 4, 4, 3, 8, 4], // ECDSA and RSA-PSS with SHA-256
        &[0, 23, 0, 0, 0xff, 1, 0, 1, 0], // extended master secret, renegotiation
    ]
    .concat();
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.push(0);
    body.extend([0, 4, 0xc0, 0x2b, 0xc0, 0x2f]);
    body.extend([1, 0]);
    body.extend((extensions.len() as u16).to_be_bytes());
    body.extend(extensions);
    let mut hello = vec![1, 0];
    hello.extend((body.len() as u16).to_be_bytes());
    hello.extend(body);
    record(HANDSHAKE, &hello)
}

#[test]
fn an_older_version_is_refused_in_words_of_tls() {
    let (mut handshake, mut stranger) = with_stranger();
    stranger.write_all(&old_hello()).unwrap();
    let why = failure(&mut handshake);
    assert!(matches!(why, Why::Tls(Error::PeerIncompatible(_))), "{why}");
    let answer = read_to_end(&mut stranger);
    assert_eq!(answer, alert(AlertDescription::ProtocolVersion));
}

/// The handshake of a client with this certificate, and how it ends.
fn with_certificate(key: Option<CertifiedKey>) -> (Handshake, Progress) {
    let (server, socket) = sockets();
    let mut client = Client::new(socket, client_config(provider(), key));
    let mut handshake = Handshake::new(server, &config()).unwrap();
    assert_eq!(handshake.peer_key(), None);
    let progress = shake_hands(&mut handshake, &mut client);
    (handshake, progress)
}

#[test]
fn a_client_may_show_a_key_and_need_not() {
    let (handshake, progress) = with_certificate(None);
    assert!(matches!(progress, Progress::Done), "{progress:?}");
    assert_eq!(handshake.peer_key(), None);
    for algorithm in [
        &PKCS_ED25519,
        &PKCS_ECDSA_P256_SHA256,
        &PKCS_ECDSA_P384_SHA384,
    ] {
        let pair = KeyPair::generate_for(algorithm).unwrap();
        let (handshake, progress) = with_certificate(Some(certified_key_of(&pair)));
        assert!(matches!(progress, Progress::Done), "{progress:?}");
        let key = handshake.peer_key().unwrap();
        assert_eq!(&key[..], &pair.subject_public_key_info()[..]);
    }
}

/// A certificate is public: only the signature proves anything.
#[test]
fn a_certificate_without_its_key_is_refused() {
    let copied = CertifiedKey::new(certified_key().cert, certified_key().key);
    let (handshake, progress) = with_certificate(Some(copied));
    let bad = |progress: &Progress| {
        matches!(
            progress,
            Progress::Failed(Why::Tls(Error::InvalidCertificate(_)))
        )
    };
    assert!(bad(&progress), "{progress:?}");
    assert_eq!(handshake.peer_key(), None);
    let junk = CertificateDer::from(b"junk".to_vec());
    let (_, progress) = with_certificate(Some(CertifiedKey::new(vec![junk], certified_key().key)));
    assert!(bad(&progress), "{progress:?}");
    // They would stay in memory.
    let mut long = certified_key();
    let other = long.cert[0].clone();
    long.cert.extend(vec![other; 30]);
    let (_, progress) = with_certificate(Some(long));
    assert!(bad(&progress), "{progress:?}");
}

#[test]
fn a_key_can_be_replaced() {
    let config = config();
    let key_of = |config: &TlsConfig| {
        let (_stream, mut client) = connected_with(config);
        wait(|| {
            client.go_on().unwrap();
            client.connection.peer_certificates().map(<[_]>::to_vec)
        })
    };
    let first = key_of(&config);
    assert_eq!(first, key_of(&config));
    let next = certified_key();
    config.replace(CertifiedKey::new(next.cert.clone(), Arc::clone(&next.key)));
    assert_eq!(key_of(&config), next.cert);
    assert_ne!(first, next.cert);
}
