//! Handshakes: whole ones, pieces of them, and what is none.

use rustls::{CipherSuite, ProtocolVersion};

use crate::net::tls::testing::*;

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
